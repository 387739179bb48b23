/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile.h"

#include <glib/gstdio.h>
#include <gnutls/crypto.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "quic/ec-quic-worker.h"
#include "session/ec-moq-deaf.h"

/*
 * An endpoint of ours does the handshake, through a proxy of ours that sees the connection id. Then the endpoint is cut off,
 * and packets are made with the secret that it has logged (RFC 9001 §5): any frames, in any order.
 */

#define SECRET_SIZE 32 /* of SHA-256 */
#define KEY_SIZE 16    /* of AES-128-GCM */
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define FIRST_NUMBER 0x10000 /* beyond what the endpoint has used */
#define HANDSHAKE_PATIENCE (5 * G_TIME_SPAN_SECOND)

struct _Forge {
  Target *target;
  int front, back;
  guint8 cid[EC_QUIC_CID_SIZE];
  gboolean has_cid;
  int established; /* atomic */
  EcTransport *transport;
  gnutls_aead_cipher_hd_t aead;
  gnutls_cipher_hd_t mask;
  guint8 iv[NONCE_SIZE];
  guint32 number;
};

void
forge_varint (GByteArray *out, guint64 value)
{
  guint size = value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x40000000 ? 4 : 8;
  guint8 prefix = (guint8) ((size == 8 ? 3 : size == 4 ? 2 : size - 1) << 6);

  for (guint i = size; i-- > 0;) {
    guint8 byte = (guint8) (value >> (8 * i)) | (i == size - 1 ? prefix : 0);

    g_byte_array_append (out, &byte, 1);
  }
}

/* RFC 9000 §19.8 */
void
forge_stream_frame (
    GByteArray *out, guint64 id, guint64 offset, const guint8 *data, gsize size, gboolean fin)
{
  guint8 type = (guint8) (0x0e | (fin ? 1 : 0));

  g_byte_array_append (out, &type, 1);
  forge_varint (out, id);
  forge_varint (out, offset);
  forge_varint (out, size);
  g_byte_array_append (out, data, (guint) size);
}

/* RFC 8446 §7.1 */
static void
expand (const guint8 *secret, const char *label, guint8 *out, gsize size)
{
  g_autoptr (GByteArray) info = g_byte_array_new ();
  g_autofree char *full = g_strconcat ("tls13 ", label, NULL);
  guint8 head[3] = { 0, (guint8) size, (guint8) strlen (full) }, none = 0;
  gnutls_datum_t key = { (guint8 *) secret, SECRET_SIZE }, text;

  g_byte_array_append (info, head, sizeof head);
  g_byte_array_append (info, (const guint8 *) full, (guint) strlen (full));
  g_byte_array_append (info, &none, 1);
  text = (gnutls_datum_t){ info->data, info->len };
  g_assert_cmpint (gnutls_hkdf_expand (GNUTLS_MAC_SHA256, &key, &text, out, size), ==, 0);
}

static gboolean
read_secret (const char *path, guint8 *secret)
{
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  at = strstr (text, "CLIENT_TRAFFIC_SECRET_0 ");
  at = at ? strchr (at, ' ') : NULL;
  at = at ? strchr (at + 1, ' ') : NULL;
  if (!at)
    return FALSE;
  for (guint i = 0; i < SECRET_SIZE; i++)
    secret[i] =
        (guint8) (g_ascii_xdigit_value (at[1 + 2 * i]) << 4 | g_ascii_xdigit_value (at[2 + 2 * i]));
  return TRUE;
}

static void
make_keys (Forge *self, const guint8 *secret)
{
  static guint8 zero[16];
  guint8 key[KEY_SIZE], mask[KEY_SIZE];
  gnutls_datum_t datum = { key, sizeof key }, iv = { zero, sizeof zero };

  expand (secret, "quic key", key, sizeof key);
  expand (secret, "quic iv", self->iv, sizeof self->iv);
  expand (secret, "quic hp", mask, sizeof mask);
  g_assert_cmpint (gnutls_aead_cipher_init (&self->aead, GNUTLS_CIPHER_AES_128_GCM, &datum), ==, 0);
  datum = (gnutls_datum_t){ mask, sizeof mask };
  /* One block of CBC with an IV of zeros is ECB, which GnuTLS has not. */
  g_assert_cmpint (gnutls_cipher_init (&self->mask, GNUTLS_CIPHER_AES_128_CBC, &datum, &iv), ==, 0);
}

/* RFC 9001 §5.3, §5.4 */
void
forge_send (Forge *self, const guint8 *frames, gsize size)
{
  static guint8 zero[16];
  guint8 packet[1500] = { 0x43 }, nonce[NONCE_SIZE], mask[16];
  gsize head = 1 + EC_QUIC_CID_SIZE + 4, sealed = size + TAG_SIZE;
  guint32 number = g_htonl (self->number++);

  g_assert (head + sealed <= sizeof packet && size >= 4);
  memcpy (packet + 1, self->cid, EC_QUIC_CID_SIZE);
  memcpy (packet + head - 4, &number, 4);
  memcpy (nonce, self->iv, NONCE_SIZE);
  for (guint i = 0; i < 4; i++)
    nonce[NONCE_SIZE - 4 + i] ^= packet[head - 4 + i];
  g_assert_cmpint (gnutls_aead_cipher_encrypt (self->aead, nonce, NONCE_SIZE, packet, head,
                                               TAG_SIZE, frames, size, packet + head, &sealed),
                   ==, 0);
  gnutls_cipher_set_iv (self->mask, zero, sizeof zero);
  g_assert_cmpint (gnutls_cipher_encrypt2 (self->mask, packet + head, 16, mask, sizeof mask), ==,
                   0);
  packet[0] ^= mask[0] & 0x1f;
  for (guint i = 0; i < 4; i++)
    packet[head - 4 + i] ^= mask[1 + i];
  if (send (self->back, packet, head + sealed, 0) > 0)
    target_count (self->target, 1);
}

void
forge_drain (Forge *self)
{
  guint8 packet[2048];

  while (recv (self->back, packet, sizeof packet, MSG_DONTWAIT) > 0)
    ;
}

static void
on_established (gpointer user_data)
{
  Forge *self = user_data;

  g_atomic_int_set (&self->established, 1);
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  Forge *self = user_data;

  ec_transport_unref (self->transport);
}

static void
ignore_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
}

static const EcTransportEvents events = {
  EC_MOQ_DEAF_EVENTS,   .established = on_established, .stream_data = ignore_data,
  .woken = ec_moq_deaf, .closed = on_closed,
};

static void
on_dialled (gpointer user_data, EcTransport *transport)
{
  Forge *self = user_data;

  self->transport = transport;
  ec_transport_set_events (transport, &events, self);
}

/* Both ways until the client has sent something in 1-RTT by itself. */
static gboolean
pass_handshake (Forge *self)
{
  gint64 end = g_get_monotonic_time () + HANDSHAKE_PATIENCE;
  struct sockaddr_in client;
  socklen_t size = sizeof client;
  gboolean known = FALSE;

  while (!(g_atomic_int_get (&self->established) && self->has_cid)) {
    struct pollfd fds[] = { { self->front, POLLIN, 0 }, { self->back, POLLIN, 0 } };
    guint8 packet[2048];
    ssize_t n;

    if (g_get_monotonic_time () > end)
      return FALSE;
    poll (fds, 2, 20);
    while ((n = recvfrom (self->front, packet, sizeof packet, MSG_DONTWAIT,
                          (struct sockaddr *) &client, &size)) > 0) {
      known = TRUE;
      if (!(packet[0] & 0x80) && n > EC_QUIC_CID_SIZE) {
        memcpy (self->cid, packet + 1, EC_QUIC_CID_SIZE);
        self->has_cid = TRUE;
      }
      (void) !send (self->back, packet, (gsize) n, 0);
    }
    while ((n = recv (self->back, packet, sizeof packet, MSG_DONTWAIT)) > 0)
      if (known)
        (void) !sendto (self->front, packet, (gsize) n, 0, (struct sockaddr *) &client, size);
  }
  return TRUE;
}

Forge *
forge_new (Target *target, const char *alpn)
{
  Forge *self = g_new0 (Forge, 1);
  g_autofree char *path = NULL;
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  g_autoptr (GSocketAddress) front = NULL;
  const char *alpns[] = { alpn, NULL };
  EcQuicEndpointConfig config = { .listen = NULL };
  EcQuicTuning tuning = { .handshake_timeout_ms = 5000 };
  EcQuicDial how = { .server_name = "localhost", .alpns = alpns, .verify = target->verify };
  EcQuicEndpoint *endpoint;
  guint8 secret[SECRET_SIZE];
  gboolean good;
  int fd = g_file_open_tmp ("ec-hostile-XXXXXX", &path, NULL);

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  self->target = target;
  self->number = FIRST_NUMBER;
  self->front = target_open_port (NULL);
  self->back = target_open_port (target);
  getsockname (self->front, (struct sockaddr *) &address, &size);
  front = g_socket_address_new_from_native (&address, size);
  how.address = G_INET_SOCKET_ADDRESS (front);
  config.key_log = path;
  endpoint = ec_quic_endpoint_new (&config, &tuning, NULL);
  g_assert_nonnull (endpoint);
  ec_quic_endpoint_dial (endpoint, &how, on_dialled, self);
  good = pass_handshake (self) && read_secret (path, secret);
  ec_quic_endpoint_stop (endpoint, 0, "");
  ec_quic_endpoint_unref (endpoint);
  g_unlink (path);
  close (self->front);
  if (!good) {
    close (self->back);
    g_free (self);
    return NULL;
  }
  make_keys (self, secret);
  return self;
}

void
forge_free (Forge *self)
{
  gnutls_aead_cipher_deinit (self->aead);
  gnutls_cipher_deinit (self->mask);
  close (self->back);
  g_free (self);
}
