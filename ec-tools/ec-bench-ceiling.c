/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-bench.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define PACKET 1350
#define PACKETS 44 /* of one call: 64 KiB */
#define BURST (PACKETS * PACKET)
#define WINDOW (64 * 1024 * 1024)
#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:%DISABLE_TLS13_COMPAT_MODE"

static double
thread_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static ngtcp2_tstamp
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (ngtcp2_tstamp) now.tv_sec * NGTCP2_SECONDS + (ngtcp2_tstamp) now.tv_nsec;
}

/* -- QUIC in memory: a server that sends on one stream without end, a client that reads it */

typedef struct {
  ngtcp2_conn *conn;
  ngtcp2_crypto_conn_ref ref;
  gnutls_session_t tls;
  gboolean server;
  guint64 received;
  struct sockaddr_in local, remote;
} End;

static ngtcp2_conn *
get_conn (ngtcp2_crypto_conn_ref *ref)
{
  return ((End *) ref->user_data)->conn;
}

static void
on_rand (uint8_t *to, size_t size, const ngtcp2_rand_ctx *context)
{
  (void) gnutls_rnd (GNUTLS_RND_NONCE, to, size);
}

static int
on_new_cid (ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t size, void *user_data)
{
  cid->datalen = size;
  (void) gnutls_rnd (GNUTLS_RND_NONCE, cid->data, size);
  (void) gnutls_rnd (GNUTLS_RND_NONCE, token, NGTCP2_STATELESS_RESET_TOKENLEN);
  return 0;
}

static int
on_data (ngtcp2_conn *conn,
         uint32_t flags,
         int64_t stream,
         uint64_t offset,
         const uint8_t *data,
         size_t size,
         void *user_data,
         void *stream_user_data)
{
  End *self = user_data;

  self->received += size;
  ngtcp2_conn_extend_max_stream_offset (conn, stream, size);
  ngtcp2_conn_extend_max_offset (conn, size);
  return 0;
}

static const ngtcp2_callbacks callbacks = {
  .client_initial = ngtcp2_crypto_client_initial_cb,
  .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
  .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
  .encrypt = ngtcp2_crypto_encrypt_cb,
  .decrypt = ngtcp2_crypto_decrypt_cb,
  .hp_mask = ngtcp2_crypto_hp_mask_cb,
  .recv_retry = ngtcp2_crypto_recv_retry_cb,
  .rand = on_rand,
  .get_new_connection_id = on_new_cid,
  .update_key = ngtcp2_crypto_update_key_cb,
  .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
  .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
  .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
  .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
  .recv_stream_data = on_data,
};

static gboolean
make_credentials (gnutls_certificate_credentials_t *credentials)
{
  gnutls_x509_privkey_t key = NULL;
  gnutls_x509_crt_t certificate = NULL;
  guint8 serial = 1;
  gboolean ok;

  ok = gnutls_certificate_allocate_credentials (credentials) == 0 &&
       gnutls_x509_privkey_init (&key) == 0 && gnutls_x509_crt_init (&certificate) == 0 &&
       gnutls_x509_privkey_generate (key, GNUTLS_PK_ECDSA,
                                     GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0) == 0 &&
       gnutls_x509_crt_set_version (certificate, 3) == 0 &&
       gnutls_x509_crt_set_serial (certificate, &serial, 1) == 0 &&
       gnutls_x509_crt_set_activation_time (certificate, time (NULL) - 60) == 0 &&
       gnutls_x509_crt_set_expiration_time (certificate, time (NULL) + 3600) == 0 &&
       gnutls_x509_crt_set_key (certificate, key) == 0 &&
       gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0) == 0 &&
       gnutls_certificate_set_x509_key (*credentials, &certificate, 1, key) == 0;
  gnutls_x509_crt_deinit (certificate);
  gnutls_x509_privkey_deinit (key);
  return ok;
}

static ngtcp2_path
path_of (End *self)
{
  return (ngtcp2_path){ { (struct sockaddr *) &self->local, sizeof self->local },
                        { (struct sockaddr *) &self->remote, sizeof self->remote },
                        NULL };
}

static gboolean
end_init (End *self,
          gboolean server,
          const ngtcp2_cid *dcid,
          const ngtcp2_cid *scid,
          const ngtcp2_cid *original,
          gnutls_certificate_credentials_t credentials)
{
  static const gnutls_datum_t alpn = { (unsigned char *) (guintptr) "b", 1 };
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_path path;
  int code;

  self->server = server;
  self->ref = (ngtcp2_crypto_conn_ref){ get_conn, self };
  self->local.sin_family = self->remote.sin_family = AF_INET;
  self->local.sin_port = g_htons (server ? 1 : 2);
  self->remote.sin_port = g_htons (server ? 2 : 1);
  path = path_of (self);
  ngtcp2_settings_default (&settings);
  settings.initial_ts = now_ns ();
  settings.max_tx_udp_payload_size = PACKET;
  settings.no_tx_udp_payload_size_shaping = 1;
  ngtcp2_transport_params_default (&params);
  params.initial_max_data = WINDOW;
  params.initial_max_stream_data_uni = WINDOW;
  params.initial_max_streams_uni = 1;
  if (server) {
    params.original_dcid = *original;
#if NGTCP2_VERSION_NUM >= 0x010000
    params.original_dcid_present = 1;
#endif
    code = ngtcp2_conn_server_new (&self->conn, dcid, scid, &path, NGTCP2_PROTO_VER_V1, &callbacks,
                                   &settings, &params, NULL, self);
  } else {
    code = ngtcp2_conn_client_new (&self->conn, dcid, scid, &path, NGTCP2_PROTO_VER_V1, &callbacks,
                                   &settings, &params, NULL, self);
  }
  if (code != 0 ||
      gnutls_init (&self->tls, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_ENABLE_EARLY_DATA |
                                   GNUTLS_NO_END_OF_EARLY_DATA) != 0 ||
      gnutls_priority_set_direct (self->tls, PRIORITY, NULL) != 0 ||
      gnutls_credentials_set (self->tls, GNUTLS_CRD_CERTIFICATE, credentials) != 0 ||
      gnutls_alpn_set_protocols (self->tls, &alpn, 1, GNUTLS_ALPN_MANDATORY) != 0)
    return FALSE;
  code = server ? ngtcp2_crypto_gnutls_configure_server_session (self->tls)
                : ngtcp2_crypto_gnutls_configure_client_session (self->tls);
  gnutls_session_set_ptr (self->tls, &self->ref);
  ngtcp2_conn_set_tls_native_handle (self->conn, self->tls);
  return code == 0;
}

static void
end_clear (End *self)
{
  if (self->conn)
    ngtcp2_conn_del (self->conn);
  if (self->tls)
    gnutls_deinit (self->tls);
}

/* Packets of `from` into `packets`, sizes into `sizes`; how many. `stream` −1: none. */
static guint
write_packets (End *from, gint64 stream, guint8 *packets, gsize *sizes)
{
  static const guint8 payload[16 * 1024];
  guint n = 0;

  while (n < PACKETS) {
    ngtcp2_vec vector = { (uint8_t *) (guintptr) payload, sizeof payload };
    ngtcp2_path path = path_of (from);
    ngtcp2_path_storage storage;
    ngtcp2_pkt_info info;
    ngtcp2_ssize taken;
    ngtcp2_ssize size;

    ngtcp2_path_storage_init (&storage, path.local.addr, path.local.addrlen, path.remote.addr,
                              path.remote.addrlen, NULL);
    size = ngtcp2_conn_writev_stream (from->conn, &storage.path, &info, packets + n * PACKET,
                                      PACKET, &taken, 0, stream, stream < 0 ? NULL : &vector,
                                      stream >= 0, now_ns ());
    if (size <= 0)
      break;
    sizes[n++] = (gsize) size;
  }
  return n;
}

static gboolean
read_packets (End *to, const guint8 *packets, const gsize *sizes, guint n)
{
  ngtcp2_path path = path_of (to);
  ngtcp2_pkt_info info = { 0 };

  for (guint i = 0; i < n; i++)
    if (ngtcp2_conn_read_pkt (to->conn, &path, &info, packets + i * PACKET, sizes[i], now_ns ()) !=
        0)
      return FALSE;
  return TRUE;
}

static gboolean
shake_hands (End *client, End *server, guint8 *packets, gsize *sizes)
{
  for (guint i = 0; i < 20; i++) {
    if (!read_packets (server, packets, sizes, write_packets (client, -1, packets, sizes)) ||
        !read_packets (client, packets, sizes, write_packets (server, -1, packets, sizes)))
      return FALSE;
    if (ngtcp2_conn_get_handshake_completed (client->conn) &&
        ngtcp2_conn_get_handshake_completed (server->conn) &&
        ngtcp2_conn_get_streams_uni_left (server->conn) > 0)
      return TRUE;
  }
  return FALSE;
}

/* Bytes of payload a second of the server's own CPU time; 0: it failed. */
static double
run_quic (End *client, End *server, double seconds)
{
  g_autofree guint8 *packets = g_malloc (BURST);
  gsize sizes[PACKETS];
  double until, spent = 0;
  guint64 before = 0;
  gint64 stream;

  if (!shake_hands (client, server, packets, sizes) ||
      ngtcp2_conn_open_uni_stream (server->conn, &stream, NULL) != 0)
    return 0;
  /* The window has to grow before it counts. */
  until = thread_seconds () + seconds * 1.2;
  for (gboolean counts = FALSE; thread_seconds () < until;) {
    double since = thread_seconds ();
    guint n = write_packets (server, stream, packets, sizes);

    spent += thread_seconds () - since;
    if (!read_packets (client, packets, sizes, n))
      return 0;
    n = write_packets (client, -1, packets, sizes);
    since = thread_seconds ();
    if (!read_packets (server, packets, sizes, n))
      return 0;
    spent += thread_seconds () - since;
    if (!counts && thread_seconds () > until - seconds) {
      counts = TRUE;
      before = client->received;
      spent = 0;
    }
  }
  return spent > 0 ? (double) (client->received - before) / spent : 0;
}

static double
measure_quic (double seconds)
{
  gnutls_certificate_credentials_t credentials = NULL;
  ngtcp2_cid original = { .datalen = 16 }, client_cid = { .datalen = 8 },
             server_cid = { .datalen = 8 };
  End client = { 0 }, server = { 0 };
  double result = 0;

  on_rand (original.data, 16, NULL);
  on_rand (client_cid.data, 8, NULL);
  on_rand (server_cid.data, 8, NULL);
  if (make_credentials (&credentials) &&
      end_init (&client, FALSE, &original, &client_cid, NULL, credentials) &&
      end_init (&server, TRUE, &client_cid, &server_cid, &original, credentials))
    result = run_quic (&client, &server, seconds);
  end_clear (&client);
  end_clear (&server);
  if (credentials)
    gnutls_certificate_free_credentials (credentials);
  return result;
}

/* -- UDP over loopback */

typedef struct {
  int fd;
  int stop; /* atomic */
} Drain;

static gpointer
drain (gpointer data)
{
  Drain *self = data;
  g_autofree guint8 *buffer = g_malloc (65536);

  while (!g_atomic_int_get (&self->stop)) {
    struct pollfd poller = { self->fd, POLLIN, 0 };

    if (poll (&poller, 1, 50) > 0)
      while (recv (self->fd, buffer, 65536, MSG_DONTWAIT) > 0)
        ;
  }
  return NULL;
}

static double
run_udp (int to, double seconds)
{
  g_autofree guint8 *burst = g_malloc0 (BURST);
  union {
    struct cmsghdr head;
    guint8 bytes[CMSG_SPACE (sizeof (guint16))];
  } control = { 0 };
  struct iovec vector = { burst, BURST };
  struct msghdr message = {
    .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  const guint16 segment = PACKET;
  double since = thread_seconds ();
  guint64 sent = 0;

  control.head.cmsg_level = SOL_UDP;
  control.head.cmsg_type = UDP_SEGMENT;
  control.head.cmsg_len = CMSG_LEN (sizeof segment);
  memcpy (CMSG_DATA (&control.head), &segment, sizeof segment);
  while (thread_seconds () - since < seconds)
    for (guint i = 0; i < 64; i++) {
      ssize_t n = sendmsg (to, &message, 0);

      if (n < 0)
        return 0;
      sent += (guint64) n;
    }
  return (double) sent / (thread_seconds () - since);
}

static double
measure_udp (double seconds)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;
  int on = 1, buffer = 4 * 1024 * 1024;
  int from = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  Drain sink = { .fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
  GThread *thread;
  double result = 0;

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  setsockopt (sink.fd, SOL_UDP, UDP_GRO, &on, sizeof on);
  setsockopt (sink.fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  if (from >= 0 && bind (sink.fd, (struct sockaddr *) &address, sizeof address) == 0 &&
      getsockname (sink.fd, (struct sockaddr *) &address, &size) == 0 &&
      connect (from, (struct sockaddr *) &address, sizeof address) == 0) {
    thread = g_thread_new ("drain", drain, &sink);
    result = run_udp (from, seconds);
    g_atomic_int_set (&sink.stop, 1);
    g_thread_join (thread);
  }
  if (from >= 0)
    close (from);
  if (sink.fd >= 0)
    close (sink.fd);
  return result;
}

gboolean
ec_bench_ceiling_measure (EcBenchCeiling *ceiling, double seconds, GError **error)
{
  ceiling->quic = measure_quic (seconds);
  ceiling->udp = measure_udp (seconds);
  if (ceiling->quic <= 0 || ceiling->udp <= 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "The ceiling cannot be measured: %s did not run.",
                 ceiling->quic <= 0 ? "QUIC in memory" : "UDP with segmentation offload");
    return FALSE;
  }
  ceiling->both = 1 / (1 / ceiling->quic + 1 / ceiling->udp);
  return TRUE;
}
