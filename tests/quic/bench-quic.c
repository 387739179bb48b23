/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How much a connection moves over loopback for a second of processor time, both ends together, as ratios to
 * what bare UDP with segmentation offload moves, and to the cipher alone over packets of the same size (sealed
 * and opened), in the same run. And how many handshakes, both ends, that second pays for.
 */
#include <gnutls/crypto.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "quic-peer.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define PACKET 1440
#define BATCH 44
#define MEASURE_BYTES (G_GUINT64_CONSTANT (1) << 30)
#define PIECE 65536
#define AHEAD (8 * 1024 * 1024)
#define HANDSHAKES 400

static double
cpu_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static double
wall_seconds (void)
{
  return (double) g_get_monotonic_time () / 1e6;
}

/* Bytes per CPU second. */
static double
bench_udp (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  int to = socket (AF_INET, SOCK_DGRAM, 0);
  int from = socket (AF_INET, SOCK_DGRAM, 0);
  int segment = PACKET;
  int on = 1;
  g_autofree guint8 *data = g_malloc0 (65536);
  guint64 moved = 0;
  double start;

  g_assert_cmpint (bind (to, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (getsockname (to, (struct sockaddr *) &address, &size), ==, 0);
  g_assert_cmpint (connect (from, (struct sockaddr *) &address, size), ==, 0);
  setsockopt (from, SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
  setsockopt (to, SOL_UDP, UDP_GRO, &on, sizeof on);
  start = cpu_seconds ();
  while (moved < MEASURE_BYTES) {
    ssize_t n;

    g_assert_cmpint (send (from, data, PACKET * BATCH, 0), ==, PACKET * BATCH);
    for (ssize_t left = PACKET * BATCH; left > 0; left -= n) {
      n = recv (to, data, 65536, 0);
      g_assert_cmpint (n, >, 0);
    }
    moved += PACKET * BATCH;
  }
  close (to);
  close (from);
  return (double) moved / (cpu_seconds () - start);
}

static double
bench_cipher (void)
{
  guint8 key[16] = { 1 };
  guint8 nonce[12] = { 2 };
  guint8 ad[13] = { 3 };
  guint8 plain[PACKET] = { 4 };
  guint8 sealed[PACKET + 16];
  gnutls_datum_t datum = { key, sizeof key };
  gnutls_aead_cipher_hd_t cipher;
  guint64 moved = 0;
  double start;

  g_assert_cmpint (gnutls_aead_cipher_init (&cipher, GNUTLS_CIPHER_AES_128_GCM, &datum), ==, 0);
  start = cpu_seconds ();
  while (moved < MEASURE_BYTES) {
    size_t sealed_size = sizeof sealed;
    size_t plain_size = sizeof plain;

    g_assert_cmpint (gnutls_aead_cipher_encrypt (cipher, nonce, sizeof nonce, ad, sizeof ad, 16,
                                                 plain, PACKET, sealed, &sealed_size),
                     ==, 0);
    g_assert_cmpint (gnutls_aead_cipher_decrypt (cipher, nonce, sizeof nonce, ad, sizeof ad, 16,
                                                 sealed, sealed_size, plain, &plain_size),
                     ==, 0);
    moved += PACKET;
  }
  gnutls_aead_cipher_deinit (cipher);
  return (double) moved / (cpu_seconds () - start);
}

/* -- A connection */

typedef struct {
  GMutex mutex;
  GCond cond;
  EcTransport *transport;
  EcPayload *payload;
  EcStreamId id;
  guint64 written, received;
  gboolean done, closed;
} Bench;

static void
feed (Bench *self)
{
  while (self->written < MEASURE_BYTES &&
         ec_transport_get_unsent (self->transport, self->id) < AHEAD) {
    self->written += PIECE;
    ec_transport_write (self->transport, self->id, NULL, 0, self->payload, 0, PIECE,
                        self->written >= MEASURE_BYTES);
  }
}

static void
on_established (gpointer user_data)
{
  Bench *self = user_data;

  self->id = ec_transport_open_stream (self->transport, TRUE);
  feed (self);
  ec_transport_set_timer (self->transport, ec_transport_now (self->transport) + 1000);
}

static void
on_timer (gpointer user_data)
{
  Bench *self = user_data;

  feed (self);
  if (self->written < MEASURE_BYTES)
    ec_transport_set_timer (self->transport, ec_transport_now (self->transport) + 1000);
}

static void
on_sent (gpointer user_data, EcStreamId id)
{
  feed (user_data);
}

static void
on_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  Bench *self = user_data;

  self->received += size;
  ec_transport_consume (self->transport, id, size);
  if (!fin)
    return;
  g_mutex_lock (&self->mutex);
  self->done = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  Bench *self = user_data;

  ec_transport_unref (self->transport);
  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static const EcTransportEvents sender = {
  .established = on_established,
  .stream_sent = on_sent,
  .timer = on_timer,
  .closed = on_closed,
};
static const EcTransportEvents receiver = { .stream_data = on_data, .closed = on_closed };

static gboolean
on_accept (gpointer user_data, EcTransport *transport, const char *alpn)
{
  Bench *self = user_data;

  self->transport = transport;
  ec_transport_set_events (transport, &receiver, self);
  return TRUE;
}

static void
on_dialled (gpointer user_data, EcTransport *transport)
{
  Bench *self = user_data;

  self->transport = transport;
  ec_transport_set_events (transport, &sender, self);
}

static double
bench_quic (gboolean bbr, double *wall)
{
  static const char *const alpns[] = { "test", NULL };
  static const guint8 zeros[PIECE];
  g_autoptr (EcQuicCredentials) credentials = peer_credentials ();
  g_autoptr (GPtrArray) hashes = ec_quic_credentials_get_hashes (credentials);
  g_autoptr (EcQuicVerify) verify = ec_quic_verify_new_hashes (hashes);
  g_autoptr (GPtrArray) listen = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (EcQuicEndpoint) server = NULL;
  g_autoptr (EcQuicEndpoint) client = NULL;
  Bench from = { 0 };
  Bench to = { 0 };
  EcQuicEndpointConfig config = { .listen = listen,
                                  .n_workers = 1,
                                  .credentials = credentials,
                                  .alpns = alpns,
                                  .accept = on_accept,
                                  .user_data = &to };
  EcQuicDial dial = { .alpns = alpns, .verify = verify, .tuning = { .bbr = bbr } };
  EcQuicStatistics statistics;
  double cpu;

  from.payload = ec_payload_new (PIECE, NULL);
  ec_payload_append (from.payload, zeros, PIECE);
  g_ptr_array_add (listen, g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  server = ec_quic_endpoint_new (&config, NULL, NULL);
  client = ec_quic_endpoint_new (&(EcQuicEndpointConfig){ .n_workers = 1 }, NULL, NULL);
  g_assert_true (server && client);
  addresses = ec_quic_endpoint_get_addresses (server);
  dial.address = g_ptr_array_index (addresses, 0);
  cpu = cpu_seconds ();
  *wall = wall_seconds ();
  ec_quic_endpoint_dial (client, &dial, on_dialled, &from);
  g_mutex_lock (&to.mutex);
  while (!to.done)
    g_cond_wait (&to.cond, &to.mutex);
  g_mutex_unlock (&to.mutex);
  *wall = (double) to.received / (wall_seconds () - *wall);
  cpu = (double) to.received / (cpu_seconds () - cpu);
  ec_quic_endpoint_get_statistics (client, &statistics);
  g_print ("  %.1f packets a send, ", (double) statistics.sent / (double) statistics.send_calls);
  ec_quic_endpoint_get_statistics (server, &statistics);
  g_print ("%.1f a receive\n", (double) statistics.received / (double) statistics.receive_calls);
  ec_quic_endpoint_stop (client, 0, "");
  ec_quic_endpoint_stop (server, 0, "");
  ec_payload_unref (from.payload);
  return cpu;
}

static double
bench_handshakes (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;
  PeerServer with = { .config = { .n_workers = 1 } };
  double cpu;

  peer_listen (server, &with);
  verify = peer_verify (server);
  address = peer_address (server, 0);
  cpu = cpu_seconds ();
  for (guint i = 0; i < HANDSHAKES; i++) {
    peer_dial (client, address, &(EcQuicDial){ .verify = verify });
    g_assert_true (peer_wait (client, i)->established);
  }
  return HANDSHAKES / (cpu_seconds () - cpu);
}

int
main (void)
{
  double udp = bench_udp ();
  double cipher = bench_cipher ();
  double limit = 1 / (1 / udp + 1 / cipher);
  double wall;

  g_print ("bytes per CPU second, both ends: UDP %.2f GB, cipher %.2f GB, both together %.2f GB\n",
           udp / 1e9, cipher / 1e9, limit / 1e9);
  for (gboolean bbr = FALSE; bbr <= TRUE; bbr++) {
    double quic = bench_quic (bbr, &wall);

    g_print (
        "%s: %.3f GB per CPU second, %.2f Gbit/s: %.3f of UDP, %.2f of the cipher, %.2f of both\n",
        bbr ? "BBR" : "CUBIC", quic / 1e9, wall * 8 / 1e9, quic / udp, quic / cipher, quic / limit);
  }
  g_print ("handshakes per CPU second, both ends: %.0f\n", bench_handshakes ());
  return 0;
}
