/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gnutls/crypto.h>
#include <string.h>
#include <unistd.h>

#include "quic/ec-quic-connection.h"
#include "quic/ec-quic-frames.h"

/* What ngtcp2 calls. */

static void
on_random (uint8_t *to, size_t size, const ngtcp2_rand_ctx *context)
{
  if (gnutls_rnd (GNUTLS_RND_NONCE, to, size) < 0)
    g_error ("no random numbers");
}

static int
on_new_cid (ngtcp2_conn *conn, ngtcp2_cid *cid, uint8_t *token, size_t size, void *user_data)
{
  EcQuicConnection *self = user_data;

  ec_quic_worker_choose_cid (self->worker, cid);
  if (ngtcp2_crypto_generate_stateless_reset_token (token, self->worker->endpoint->reset_secret,
                                                    EC_QUIC_SECRET_SIZE, cid) != 0)
    return NGTCP2_ERR_CALLBACK_FAILURE;
  ec_quic_worker_add_cid (self->worker, cid, &self->route);
  g_array_append_val (self->cids, *cid);
  return 0;
}

static int
on_remove_cid (ngtcp2_conn *conn, const ngtcp2_cid *cid, void *user_data)
{
  EcQuicConnection *self = user_data;

  for (guint i = 0; i < self->cids->len; i++) {
    if (ngtcp2_cid_eq (&g_array_index (self->cids, ngtcp2_cid, i), cid)) {
      g_array_remove_index_fast (self->cids, i);
      ec_quic_worker_remove_cid (self->worker, cid);
      break;
    }
  }
  return 0;
}

/* The ids that the peer chose: their reset tokens tell when it has lost its state (RFC 9000 §10.3.1). */
static int
on_peer_cid (ngtcp2_conn *conn,
             EcNgtcp2CidStatus type,
             uint64_t sequence,
             const ngtcp2_cid *cid,
             const uint8_t *token,
             void *user_data)
{
  EcQuicConnection *self = user_data;
  guint i = 0;

  if (token == NULL)
    return 0;
  while (i < self->tokens->len &&
         memcmp (g_ptr_array_index (self->tokens, i), token, NGTCP2_STATELESS_RESET_TOKENLEN) != 0)
    i++;
  if (type == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE && i == self->tokens->len) {
    guint8 *copy = g_memdup2 (token, NGTCP2_STATELESS_RESET_TOKENLEN);

    g_ptr_array_add (self->tokens, copy);
    ec_quic_worker_add_token (self->worker, copy, self);
  } else if (type == NGTCP2_CONNECTION_ID_STATUS_TYPE_DEACTIVATE && i < self->tokens->len) {
    ec_quic_worker_remove_token (self->worker, token);
    g_ptr_array_remove_index_fast (self->tokens, i);
  }
  return 0;
}

static gboolean
offer (EcQuicConnection *self)
{
  EcQuicEndpoint *endpoint = self->worker->endpoint;

  __atomic_fetch_sub (&endpoint->n_handshakes, 1, __ATOMIC_RELAXED);
  self->counted_handshake = FALSE;
  ec_quic_count (self->worker, accepted, 1);
  ec_transport_ref (&self->base);
  if (endpoint->accept && endpoint->accept (endpoint->user_data, &self->base, self->tls->alpn))
    return TRUE;
  ec_transport_unref (&self->base);
  return FALSE;
}

static int
on_handshake_completed (ngtcp2_conn *conn, void *user_data)
{
  EcQuicConnection *self = user_data;
  guint keep_alive = self->keep_alive_ms;

  if (!ec_quic_tls_finish (self->tls)) {
    /* RFC 9001 §8.1: no ALPN is the alert no_application_protocol. */
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_TLS,
                             NGTCP2_CRYPTO_ERROR | (self->tls->alpn ? 42 : 120), self->tls->reason,
                             FALSE);
    return 0;
  }
  if (keep_alive != G_MAXUINT)
    ngtcp2_conn_set_keep_alive_timeout (conn, keep_alive * NGTCP2_MILLISECONDS);
  self->established = TRUE;
  if (self->base.server && !offer (self)) {
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_REFUSED, NGTCP2_CONNECTION_REFUSED,
                             "The server does not want this connection.", FALSE);
    return 0;
  }
  ec_quic_connection_emit (self, established);
  return 0;
}

static int
on_stream_open (ngtcp2_conn *conn, int64_t id, void *user_data)
{
  EcQuicConnection *self = user_data;
  EcQuicStream *stream = ec_quic_connection_add_stream (self, id, TRUE);

  ngtcp2_conn_set_stream_user_data (conn, id, stream);
  return 0;
}

/* An end that ngtcp2 does not tell of, of a stream of which nothing more comes. */
static void
end_peers_uni (EcQuicConnection *self, EcQuicStream *stream)
{
  if (EC_NGTCP2_CLOSES_PEERS_UNI || !stream->remote || !EC_STREAM_IS_UNI (stream->id))
    return;
  ngtcp2_conn_set_stream_user_data (self->ngtcp2, stream->id, NULL);
  stream->gone = TRUE;
  ec_quic_connection_drop_stream (self, stream);
}

static int
on_stream_data (ngtcp2_conn *conn,
                uint32_t flags,
                int64_t id,
                uint64_t offset,
                const uint8_t *data,
                size_t size,
                void *user_data,
                void *stream_user_data)
{
  EcQuicConnection *self = user_data;
  EcQuicStream *stream = stream_user_data;

  if (stream == NULL || stream->stopped)
    return 0;
  stream->unconsumed += size;
  ec_quic_connection_emit (self, stream_data, id, data, size,
                           (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0);
  if (flags & NGTCP2_STREAM_DATA_FLAG_FIN)
    end_peers_uni (self, stream);
  return 0;
}

static int
on_stream_reset (ngtcp2_conn *conn,
                 int64_t id,
                 uint64_t final_size,
                 uint64_t code,
                 void *user_data,
                 void *stream_user_data)
{
  EcQuicConnection *self = user_data;
  EcQuicStream *stream = stream_user_data;

  /* NULL: a stream that nobody had heard of. */
  if (stream == NULL)
    return 0;
  /* Before anybody hears of it: asked to stop one that was reset, ngtcp2 1.11 says STREAM_DATA_BLOCKED of a stream that only the peer
   * may say that of. */
  stream->stopped = TRUE;
  ec_quic_connection_emit (self, stream_reset, id, code);
  ec_quic_connection_give_back (self, stream, stream->unconsumed);
  end_peers_uni (self, stream);
  return 0;
}

static int
on_stream_close (ngtcp2_conn *conn,
                 uint32_t flags,
                 int64_t id,
                 uint64_t code,
                 void *user_data,
                 void *stream_user_data)
{
  EcQuicConnection *self = user_data;
  EcQuicStream *stream = stream_user_data;

  if (stream == NULL)
    return 0;
  self->packets_lost += ngtcp2_conn_get_stream_loss_count (conn, id);
  ec_quic_stream_acknowledge (stream, stream->sent);
  ec_quic_stream_shut (stream);
  stream->gone = TRUE;
  ec_quic_connection_schedule (self, stream);
  if (stream->stopped)
    ec_quic_connection_give_back (self, stream, stream->unconsumed);
  ec_quic_connection_drop_stream (self, stream);
  return 0;
}

static int
on_acked (ngtcp2_conn *conn,
          int64_t id,
          uint64_t offset,
          uint64_t size,
          void *user_data,
          void *stream_user_data)
{
  EcQuicStream *stream = stream_user_data;

  if (stream)
    ec_quic_stream_acknowledge (stream, offset + size);
  return 0;
}

static int
on_max_stream_data (
    ngtcp2_conn *conn, int64_t id, uint64_t max, void *user_data, void *stream_user_data)
{
  EcQuicStream *stream = stream_user_data;

  if (stream && stream->blocked) {
    stream->blocked = FALSE;
    ec_quic_connection_schedule (user_data, stream);
  }
  return 0;
}

static int
on_max_uni (ngtcp2_conn *conn, uint64_t max, void *user_data)
{
  EcQuicConnection *self = user_data;

  if (self->wants_uni && self->established) {
    self->wants_uni = FALSE;
    ec_quic_connection_emit (self, streams_available, TRUE);
  }
  return 0;
}

static int
on_max_bidi (ngtcp2_conn *conn, uint64_t max, void *user_data)
{
  EcQuicConnection *self = user_data;

  if (self->wants_bidi && self->established) {
    self->wants_bidi = FALSE;
    ec_quic_connection_emit (self, streams_available, FALSE);
  }
  return 0;
}

static int
on_datagram (ngtcp2_conn *conn, uint32_t flags, const uint8_t *data, size_t size, void *user_data)
{
  EcQuicConnection *self = user_data;

  ec_quic_connection_emit (self, datagram, data, size);
  return 0;
}

static int
on_stateless_reset (ngtcp2_conn *conn, const ngtcp2_pkt_stateless_reset *reset, void *user_data)
{
  EcQuicConnection *self = user_data;

  self->was_reset = TRUE;
  return 0;
}

/* -- What ngtcp2 does not tell */

static __thread GArray *stops; /* of the packet that this thread reads */

static int
on_decrypt (uint8_t *to,
            const ngtcp2_crypto_aead *aead,
            const ngtcp2_crypto_aead_ctx *context,
            const uint8_t *ciphertext,
            size_t size,
            const uint8_t *nonce,
            size_t nonce_size,
            const uint8_t *ad,
            size_t ad_size)
{
  int rv = ngtcp2_crypto_decrypt_cb (to, aead, context, ciphertext, size, nonce, nonce_size, ad,
                                     ad_size);

  if (rv == 0 && stops && size > aead->max_overhead)
    ec_quic_frames_find_stops (to, size - aead->max_overhead, stops);
  return rv;
}

void
ec_quic_connection_begin_stops (EcQuicConnection *self)
{
  stops = self->established ? self->stops : NULL;
}

void
ec_quic_connection_end_stops (EcQuicConnection *self)
{
  stops = NULL;
  for (guint i = 0; i < self->stops->len; i++) {
    EcQuicStop stop = g_array_index (self->stops, EcQuicStop, i);
    EcQuicStream *stream = ec_quic_connection_find (self, stop.stream);

    if (stream == NULL || stream->shut || stream->gone || self->closing)
      continue;
    ec_quic_stream_shut (stream);
    ec_quic_connection_schedule (self, stream);
    ec_quic_connection_emit (self, stream_stopped, stop.stream, stop.code);
  }
  g_array_set_size (self->stops, 0);
}

void
ec_quic_connection_set_callbacks (ngtcp2_callbacks *callbacks, gboolean server)
{
  *callbacks = (ngtcp2_callbacks){
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .handshake_completed = on_handshake_completed,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = on_decrypt,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_stream_data = on_stream_data,
    .acked_stream_data_offset = on_acked,
    .stream_open = on_stream_open,
    .stream_close = on_stream_close,
    .recv_stateless_reset = on_stateless_reset,
    .extend_max_local_streams_bidi = on_max_bidi,
    .extend_max_local_streams_uni = on_max_uni,
    .rand = on_random,
    .get_new_connection_id = on_new_cid,
    .remove_connection_id = on_remove_cid,
    .update_key = ngtcp2_crypto_update_key_cb,
    .stream_reset = on_stream_reset,
    .extend_max_stream_data = on_max_stream_data,
    .dcid_status = on_peer_cid,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .recv_datagram = on_datagram,
    .get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
  };
  if (server) {
    callbacks->recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
  } else {
    callbacks->client_initial = ngtcp2_crypto_client_initial_cb;
    callbacks->recv_retry = ngtcp2_crypto_recv_retry_cb;
  }
}
