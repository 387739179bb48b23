/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client says once the handshake is done: the plaintexts of 1-RTT packets, each behind its length in two
 * bytes. A real client does the handshake; its packets are then filled with the input before they are encrypted. */
#include <gnutls/crypto.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz-quic-server.h"
#include "fuzz.h"
#include "quic/ec-quic-frames.h"

#define MAX_PLAINTEXT 1100

static struct {
  ngtcp2_conn *conn;
  EcQuicTls *tls;
  gboolean confirmed;
  const guint8 *inject; /* NULL: as ngtcp2 has it */
  gsize inject_size;
} client;

static void
on_random (uint8_t *to, size_t size, const ngtcp2_rand_ctx *context)
{
  memset (to, 7, size);
}

static int
on_new_cid (ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t size, void *user_data)
{
  cid->datalen = size;
  gnutls_rnd (GNUTLS_RND_NONCE, cid->data, size);
  gnutls_rnd (GNUTLS_RND_NONCE, token, NGTCP2_STATELESS_RESET_TOKENLEN);
  return 0;
}

static int
on_confirmed (ngtcp2_conn *conn, void *user_data)
{
  client.confirmed = TRUE;
  return 0;
}

static int
on_encrypt (uint8_t *to,
            const ngtcp2_crypto_aead *aead,
            const ngtcp2_crypto_aead_ctx *context,
            const uint8_t *plaintext,
            size_t size,
            const uint8_t *nonce,
            size_t nonce_size,
            const uint8_t *ad,
            size_t ad_size)
{
  guint8 frames[2048] = { 0 }; /* PADDING */

  if (client.inject == NULL || size < client.inject_size || size > sizeof frames)
    return ngtcp2_crypto_encrypt_cb (to, aead, context, plaintext, size, nonce, nonce_size, ad,
                                     ad_size);
  memcpy (frames, client.inject, client.inject_size);
  client.inject = NULL;
  return ngtcp2_crypto_encrypt_cb (to, aead, context, frames, size, nonce, nonce_size, ad, ad_size);
}

static void
start (FuzzServer *server)
{
  static const char *const alpns[] = { "test", NULL };
  EcQuicCredentialsState *nothing = ec_quic_credentials_state_new_empty ();
  EcQuicTlsConfig tls = { .credentials = nothing, .alpns = alpns, .verify = server->verify };
  ngtcp2_callbacks callbacks = {
    .client_initial = ngtcp2_crypto_client_initial_cb,
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .encrypt = on_encrypt,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_retry = ngtcp2_crypto_recv_retry_cb,
    .rand = on_random,
    .get_new_connection_id = on_new_cid,
    .update_key = ngtcp2_crypto_update_key_cb,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
    .handshake_confirmed = on_confirmed,
  };
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_cid dcid = { .datalen = 8 };
  ngtcp2_cid scid = { .datalen = 8 };
  ngtcp2_path path = { .local = { &server->remote.any, server->remote.size },
                       .remote = { &server->local.any, server->local.size } };
  int code;

  ngtcp2_settings_default (&settings);
  settings.initial_ts = ec_quic_now ();
  settings.no_pmtud = 1;
  ngtcp2_transport_params_default (&params);
  params.initial_max_data = params.initial_max_stream_data_bidi_local = 1 << 20;
  params.initial_max_stream_data_uni = params.initial_max_stream_data_bidi_remote = 1 << 20;
  params.initial_max_streams_uni = params.initial_max_streams_bidi = 100;
  params.max_datagram_frame_size = 1500;
  gnutls_rnd (GNUTLS_RND_NONCE, dcid.data, 8);
  gnutls_rnd (GNUTLS_RND_NONCE, scid.data, 8);
  client.tls = ec_quic_tls_new (&tls, &client.conn, &code);
  g_assert_nonnull (client.tls);
  g_assert_cmpint (ngtcp2_conn_client_new (&client.conn, &dcid, &scid, &path, NGTCP2_PROTO_VER_V1,
                                           &callbacks, &settings, &params, NULL, NULL),
                   ==, 0);
  ngtcp2_conn_set_tls_native_handle (client.conn, client.tls->session);
  ec_quic_credentials_state_unref (nothing);
}

/* What the server has sent. FALSE: the connection is over. */
static gboolean
hear (FuzzServer *server)
{
  ngtcp2_path path = { .local = { &server->remote.any, server->remote.size },
                       .remote = { &server->local.any, server->local.size } };
  ngtcp2_pkt_info info = { 0 };
  guint8 packet[2048];
  ssize_t size;

  while ((size = recv (server->fd, packet, sizeof packet, 0)) > 0)
    if (ngtcp2_conn_read_pkt (client.conn, &path, &info, packet, (gsize) size, ec_quic_now ()) != 0)
      return FALSE;
  return TRUE;
}

static gboolean
say (FuzzServer *server, EcStreamId id, gsize size)
{
  static const guint8 zeros[MAX_PLAINTEXT];
  ngtcp2_vec vector = { (uint8_t *) (uintptr_t) zeros, size };

  for (guint i = 0; i < 8; i++) {
    guint8 packet[1500];
    ngtcp2_path_storage path;
    ngtcp2_pkt_info info = { 0 };
    ngtcp2_ssize taken = -1;
    ngtcp2_ssize n;

    ngtcp2_path_storage_zero (&path);
    n = ngtcp2_conn_writev_stream (client.conn, &path.path, &info, packet, sizeof packet, &taken,
                                   NGTCP2_WRITE_STREAM_FLAG_NONE, id, &vector, id >= 0,
                                   ec_quic_now ());
    if (n < 0)
      return FALSE;
    if (taken >= 0)
      id = -1;
    if (n == 0)
      return TRUE;
    fuzz_server_receive (server, packet, (gsize) n);
  }
  return TRUE;
}

static gboolean
shake_hands (FuzzServer *server)
{
  for (guint i = 0; i < 1000 && !client.confirmed; i++) {
    struct pollfd fd = { server->fd, POLLIN, 0 };

    if (ngtcp2_conn_get_expiry (client.conn) <= ec_quic_now () &&
        ngtcp2_conn_handle_expiry (client.conn, ec_quic_now ()) != 0)
      return FALSE;
    if (!say (server, -1, 0))
      return FALSE;
    fuzz_server_settle (server);
    /* Pacing is by the clock. */
    (void) poll (&fd, 1, i < 4 ? 0 : 1);
    if (!hear (server))
      return FALSE;
  }
  return client.confirmed;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzServer *server = fuzz_server_get ();
  g_autoptr (GArray) stops = g_array_new (FALSE, FALSE, sizeof (EcQuicStop));
  EcReader reader;
  int64_t id = -1;

  ec_quic_frames_find_stops (data, size, stops);
  client.confirmed = FALSE;
  client.inject = NULL;
  start (server);
  g_assert_true (shake_hands (server));
  g_assert_cmpint (ngtcp2_conn_open_bidi_stream (client.conn, &id, NULL), ==, 0);

  ec_reader_init (&reader, data, size);
  while (ec_reader_left (&reader) > 2) {
    gsize wanted = ec_reader_u16 (&reader);
    gsize n = MIN (MIN (wanted, MAX_PLAINTEXT), ec_reader_left (&reader));

    client.inject = ec_reader_bytes (&reader, n);
    client.inject_size = n;
    if (!say (server, id, MAX (n, 16)))
      break;
    fuzz_server_settle (server);
    if (!hear (server))
      break;
  }
  fuzz_server_forget (server);
  g_clear_pointer (&client.conn, ngtcp2_conn_del);
  g_clear_pointer (&client.tls, ec_quic_tls_free);
  return 0;
}
