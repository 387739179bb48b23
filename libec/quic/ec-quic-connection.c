/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-connection.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <unistd.h>

#include "quic/ec-quic-frames.h"

/* More would not be told, and a peer could make us keep many. */
#define MAX_PEER_CIDS 4

static void
write_qlog (gpointer user_data, uint32_t flags, const void *data, size_t size)
{
  EcQuicConnection *self = user_data;

  if (self->qlog_fd >= 0 && size > 0 && write (self->qlog_fd, data, size) < 0) {
    close (self->qlog_fd);
    self->qlog_fd = -1;
  }
}

static void
open_qlog (EcQuicConnection *self, ngtcp2_settings *settings, const ngtcp2_cid *original)
{
  const char *folder = self->worker->endpoint->qlog_folder;
  g_autoptr (GString) name = NULL;
  g_autofree char *path = NULL;

  if (folder == NULL)
    return;
  name = g_string_new (NULL);
  for (gsize i = 0; i < original->datalen; i++)
    g_string_append_printf (name, "%02x", original->data[i]);
  g_string_append (name, self->base.server ? "-server.sqlog" : "-client.sqlog");
  path = g_build_filename (folder, name->str, NULL);
  self->qlog_fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (self->qlog_fd >= 0)
    ec_ngtcp2_settings_set_qlog (settings, write_qlog, original);
  else
    g_warning ("Cannot write “%s”; there is no qlog of this connection.", path);
}

static void
set_parameters (EcQuicConnection *self,
                const EcQuicTuning *tuning,
                ngtcp2_settings *settings,
                ngtcp2_transport_params *params)
{
  ngtcp2_settings_default (settings);
  settings->initial_ts = ec_quic_now ();
  settings->cc_algo = tuning->bbr ? EC_NGTCP2_CC_BBR : NGTCP2_CC_ALGO_CUBIC;
  settings->handshake_timeout = tuning->handshake_timeout_ms * NGTCP2_MILLISECONDS;
  /* Windows stay as they are: what is given back is what the owner has consumed. */
  settings->max_window = 0;
  settings->max_stream_window = 0;

  ngtcp2_transport_params_default (params);
  params->initial_max_data = tuning->connection_window;
  if (tuning->first_window > 0)
    params->initial_max_data = MIN (tuning->first_window, tuning->connection_window);
  self->window_left = tuning->connection_window - params->initial_max_data;
  params->initial_max_stream_data_bidi_local = tuning->stream_window;
  params->initial_max_stream_data_bidi_remote = tuning->stream_window;
  params->initial_max_stream_data_uni = tuning->stream_window;
  params->initial_max_streams_bidi = tuning->max_bidi_streams;
  params->initial_max_streams_uni = tuning->max_uni_streams;
  params->max_idle_timeout = tuning->idle_timeout_ms * NGTCP2_MILLISECONDS;
  params->max_udp_payload_size = EC_QUIC_MAX_DATAGRAM;
  params->active_connection_id_limit = MAX_PEER_CIDS;
  params->max_datagram_frame_size = EC_QUIC_MAX_DATAGRAM;
  self->keep_alive_ms = tuning->keep_alive_ms;
}

void
ec_quic_connection_update_timer (EcQuicConnection *self)
{
  guint64 at = self->expiry;

  if (self->app_timer < G_MAXUINT64 / 1000)
    at = MIN (at, self->app_timer * 1000);
  if (at != self->timer.at || self->timer.index == 0)
    ec_quic_timers_set (&self->worker->timers, &self->timer, at);
}

static void
expire (gpointer owner, guint64 now)
{
  EcQuicConnection *self = owner;

  ec_quic_timers_set (&self->worker->timers, &self->timer, G_MAXUINT64);
  ec_quic_worker_mark (self->worker, self);
  if (self->closing)
    return;
  if (self->expiry <= now) {
    int rv = ngtcp2_conn_handle_expiry (self->ngtcp2, now);

    if (rv != 0) {
      ec_quic_connection_fail_ngtcp2 (self, rv);
      return;
    }
  }
  if (self->app_timer < G_MAXUINT64 / 1000 && self->app_timer * 1000 <= now) {
    self->app_timer = G_MAXUINT64;
    ec_quic_connection_emit (self, timer);
  }
}

static EcQuicConnection *
connection_new (EcQuicWorker *worker, EcQuicSocket *socket, gboolean server)
{
  EcQuicConnection *self = g_new0 (EcQuicConnection, 1);

  ec_transport_init (&self->base, &ec_quic_connection_class, server);
  self->worker = ec_quic_worker_ref (worker);
  self->route.connection = self;
  self->link.data = self->dirty_link.data = self;
  self->socket = socket;
  self->timer.expire = expire;
  self->timer.owner = self;
  self->qlog_fd = -1;
  self->expiry = self->app_timer = G_MAXUINT64;
  self->cids = g_array_new (FALSE, FALSE, sizeof (ngtcp2_cid));
  self->tokens = g_ptr_array_new_with_free_func (g_free);
  self->stops = g_array_new (FALSE, FALSE, sizeof (EcQuicStop));
  self->streams = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL,
                                         (GDestroyNotify) ec_quic_stream_free);
  g_queue_push_tail_link (&worker->connections, &self->link);
  ec_quic_count (worker, connections, 1);
  return self;
}

static void
set_path (EcQuicConnection *self, ngtcp2_path *path)
{
  *path = (ngtcp2_path){ .local = { &self->local.any, self->local.size },
                         .remote = { &self->remote.any, self->remote.size } };
}

/* -- Accepting */

static gboolean
start_server (EcQuicConnection *self, const ngtcp2_pkt_hd *header, const ngtcp2_cid *original)
{
  EcQuicEndpoint *endpoint = self->worker->endpoint;
  g_autoptr (EcQuicCredentialsState) credentials =
      ec_quic_credentials_get (endpoint->credentials, g_get_real_time () / G_USEC_PER_SEC);
  EcQuicTlsConfig config = { .server = TRUE,
                             .credentials = credentials,
                             .alpns = (const char *const *) endpoint->alpns,
                             .require_client_key = endpoint->require_client_key,
                             .key_log = endpoint->key_log };
  ngtcp2_callbacks callbacks;
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_path path;
  ngtcp2_cid scid;
  const guint8 *token;
  gsize token_size;
  int code;

  if (credentials == NULL)
    return FALSE;
  self->tls = ec_quic_tls_new (&config, &self->ngtcp2, &code);
  if (self->tls == NULL) {
    g_warning ("Cannot set up TLS: %s", gnutls_strerror (code));
    return FALSE;
  }
  set_parameters (self, &endpoint->tuning, &settings, &params);
  ec_quic_memory_init (&self->memory, endpoint->memory_pool, &endpoint->pool_used);
  open_qlog (self, &settings, original ? original : &header->dcid);
  ec_quic_worker_choose_cid (self->worker, &scid);
  ec_ngtcp2_params_set_original_dcid (&params, original ? original : &header->dcid);
  if (original) {
    params.retry_scid = header->dcid;
    params.retry_scid_present = 1;
    token = ec_ngtcp2_hd_get_token (header, &token_size);
    ec_ngtcp2_settings_set_retry_token (&settings, token, token_size);
  }
  params.stateless_reset_token_present = 1;
  if (ngtcp2_crypto_generate_stateless_reset_token (
          params.stateless_reset_token, endpoint->reset_secret, EC_QUIC_SECRET_SIZE, &scid) != 0)
    return FALSE;
  ec_quic_connection_set_callbacks (&callbacks, TRUE);
  set_path (self, &path);
  if (ngtcp2_conn_server_new (&self->ngtcp2, &header->scid, &scid, &path, header->version,
                              &callbacks, &settings, &params, ec_quic_memory_get (&self->memory),
                              self) != 0)
    return FALSE;
  ngtcp2_conn_set_tls_native_handle (self->ngtcp2, self->tls->session);

  ec_quic_worker_add_cid (self->worker, &scid, &self->route);
  g_array_append_val (self->cids, scid);
  self->initial = header->dcid;
  ec_quic_worker_add_initial (self->worker, &self->initial, &self->route);
  return TRUE;
}

EcQuicConnection *
ec_quic_connection_accept (EcQuicWorker *worker,
                           EcQuicSocket *socket,
                           const EcQuicDatagram *datagram,
                           const ngtcp2_pkt_hd *header,
                           const ngtcp2_cid *original_dcid)
{
  EcQuicEndpoint *endpoint = worker->endpoint;
  EcQuicConnection *self = connection_new (worker, socket, TRUE);

  __atomic_fetch_add (&endpoint->n_accepted, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add (&endpoint->n_handshakes, 1, __ATOMIC_RELAXED);
  self->counted_handshake = TRUE;
  self->local = *datagram->local;
  self->remote = *datagram->remote;
  if (start_server (self, header, original_dcid))
    return self;
  ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_FAILED, 0, "No connection could be made.",
                           TRUE);
  ec_quic_connection_finish (self, ec_quic_now ());
  return NULL;
}

/* -- Dialling */

static gboolean
start_client (EcQuicConnection *self, const EcQuicDialRequest *request)
{
  EcQuicEndpoint *endpoint = self->worker->endpoint;
  g_autoptr (EcQuicCredentialsState) credentials = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *address = NULL;
  EcQuicTlsConfig config = { .alpns = (const char *const *) request->alpns,
                             .verify = request->verify,
                             .server_name = request->server_name,
                             .key_log = endpoint->key_log };
  ngtcp2_callbacks callbacks;
  ngtcp2_settings settings;
  ngtcp2_transport_params params;
  ngtcp2_path path;
  ngtcp2_cid dcid;
  ngtcp2_cid scid;
  int code;

  self->socket = ec_quic_worker_get_dial_socket (self->worker, &self->remote, &error);
  if (self->socket == NULL) {
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_UNREACHABLE, 0, error->message, TRUE);
    return FALSE;
  }
  self->local = self->socket->local;
  if (request->credentials)
    credentials =
        ec_quic_credentials_get (request->credentials, g_get_real_time () / G_USEC_PER_SEC);
  if (credentials == NULL)
    credentials = ec_quic_credentials_state_new_empty ();
  address = g_inet_address_to_string (g_inet_socket_address_get_address (request->address));
  config.credentials = credentials;
  config.name = request->server_name ? request->server_name : address;
  self->tls = ec_quic_tls_new (&config, &self->ngtcp2, &code);
  if (self->tls == NULL) {
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_TLS, 0, gnutls_strerror (code), TRUE);
    return FALSE;
  }
  set_parameters (self, &request->tuning, &settings, &params);
  ec_quic_worker_choose_cid (self->worker, &scid);
  ec_quic_worker_choose_cid (self->worker, &dcid);
  /* The server's own workers want it spread, and RFC 9000 §7.2 unpredictable. */
  if (gnutls_rnd (GNUTLS_RND_NONCE, dcid.data, dcid.datalen) < 0)
    return FALSE;
  open_qlog (self, &settings, &dcid);
  ec_quic_connection_set_callbacks (&callbacks, FALSE);
  set_path (self, &path);
  if (ngtcp2_conn_client_new (&self->ngtcp2, &dcid, &scid, &path, NGTCP2_PROTO_VER_V1, &callbacks,
                              &settings, &params, NULL, self) != 0) {
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_FAILED, 0, "No connection could be made.",
                             TRUE);
    return FALSE;
  }
  ngtcp2_conn_set_tls_native_handle (self->ngtcp2, self->tls->session);
  ec_quic_worker_add_cid (self->worker, &scid, &self->route);
  g_array_append_val (self->cids, scid);
  return TRUE;
}

void
ec_quic_connection_dial (EcQuicWorker *worker, EcQuicDialRequest *request)
{
  EcQuicConnection *self = connection_new (worker, NULL, FALSE);

  if (!ec_quic_address_set_inet (&self->remote, request->address))
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_UNREACHABLE, 0, "There is no such address.",
                             TRUE);
  else
    (void) start_client (self, request);
  ec_transport_ref (&self->base);
  request->dialled (request->user_data, &self->base);
  ec_quic_worker_mark (worker, self);
}

/* -- Ending */

void
ec_quic_connection_fail (EcQuicConnection *self,
                         EcTransportCloseCause cause,
                         guint64 code,
                         const char *reason,
                         gboolean silent)
{
  gsize size;

  if (self->closing)
    return;
  self->closing = TRUE;
  self->silent = silent;
  self->close_reason = g_utf8_make_valid (reason ? reason : "", -1);
  self->close = (EcTransportClose){ cause, code, self->close_reason };
  size = MIN (strlen (self->close_reason), EC_QUIC_MAX_REASON);
  if (cause == EC_TRANSPORT_CLOSE_LOCAL)
    ec_ngtcp2_error_set_application (&self->close_error, code, (const guint8 *) self->close_reason,
                                     size);
  else
    ec_ngtcp2_error_set_transport (&self->close_error, code, (const guint8 *) self->close_reason,
                                   cause == EC_TRANSPORT_CLOSE_TLS ? 0 : size);
  ec_quic_worker_mark (self->worker, self);
}

static void
fail_tls (EcQuicConnection *self)
{
  guint8 alert = ngtcp2_conn_get_tls_alert (self->ngtcp2);
  const char *name = gnutls_alert_get_name (alert);
  g_autofree char *reason = self->tls->reason ? g_strdup (self->tls->reason)
                                              : g_strdup_printf ("The TLS handshake failed: %s.",
                                                                 name ? name : "unknown");

  ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_TLS, NGTCP2_CRYPTO_ERROR | alert, reason,
                           FALSE);
  ec_ngtcp2_error_set_tls_alert (&self->close_error, alert);
}

/* CONNECTION_CLOSE came (RFC 9000 §19.19). */
static void
peer_closed (EcQuicConnection *self)
{
  EcNgtcp2Error error;
  EcTransportCloseCause cause = EC_TRANSPORT_CLOSE_PROTOCOL;
  g_autofree char *reason = NULL;
  const char *what = NULL;

  self->draining = TRUE;
  if (self->was_reset) {
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_RESET, 0,
                             "The peer knows nothing of this connection any more.", TRUE);
    return;
  }
  ec_ngtcp2_conn_get_error (self->ngtcp2, &error);
  if (error.reasonlen > 0)
    reason = g_utf8_make_valid ((const char *) error.reason, (gssize) error.reasonlen);

  if (EC_NGTCP2_ERROR_IS_APPLICATION (&error) || error.error_code == NGTCP2_NO_ERROR ||
      error.error_code == NGTCP2_APPLICATION_ERROR) {
    cause = EC_TRANSPORT_CLOSE_PEER;
    what = "";
  } else if ((error.error_code & ~(uint64_t) 0xff) == NGTCP2_CRYPTO_ERROR) {
    const char *name = gnutls_alert_get_name (error.error_code & 0xff);

    cause = self->established ? EC_TRANSPORT_CLOSE_PROTOCOL : EC_TRANSPORT_CLOSE_TLS;
    g_free (reason);
    reason = (error.error_code & 0xff) == GNUTLS_A_NO_APPLICATION_PROTOCOL
                 ? g_strdup ("The peer speaks none of the protocols offered (ALPN).")
                 : g_strdup_printf ("The peer refused in the TLS handshake: %s.",
                                    name ? name : "unknown alert");
  } else if (error.error_code == NGTCP2_CONNECTION_REFUSED) {
    cause = EC_TRANSPORT_CLOSE_UNREACHABLE;
    what = "The server refuses connections for now.";
  } else {
    what = "The peer found a violation of QUIC's rules.";
  }
  ec_quic_connection_fail (self, cause, error.error_code, reason ? reason : what, TRUE);
}

void
ec_quic_connection_fail_ngtcp2 (EcQuicConnection *self, int code)
{
  if (self->closing)
    return;
  switch (code) {
  case NGTCP2_ERR_DRAINING:
    peer_closed (self);
    break;
  case NGTCP2_ERR_IDLE_CLOSE:
  case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
    if (self->established)
      ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_IDLE, 0,
                               "Nothing was heard of the peer for too long.", TRUE);
    else
      ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_UNREACHABLE, 0, "Nobody answered in time.",
                               TRUE);
    break;
  case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_PROTOCOL, 0,
                             "The server does not speak version 1 of QUIC.", TRUE);
    break;
  case NGTCP2_ERR_DROP_CONN:
  case NGTCP2_ERR_RETRY:
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_FAILED, 0, "The handshake was not begun.",
                             TRUE);
    break;
  case NGTCP2_ERR_CRYPTO:
    fail_tls (self);
    break;
  case NGTCP2_ERR_NOMEM:
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_FAILED, NGTCP2_INTERNAL_ERROR,
                             "There is not enough memory.", FALSE);
    break;
  default:
    ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_PROTOCOL,
                             ngtcp2_err_infer_quic_transport_error_code (code),
                             ngtcp2_strerror (code), FALSE);
    ec_ngtcp2_error_set_library (&self->close_error, code);
    break;
  }
}

/* Sends CONNECTION_CLOSE, and leaves behind what must stay (RFC 9000 §10.2). */
static void
say_goodbye (EcQuicConnection *self, guint64 now)
{
  guint8 packet[NGTCP2_MAX_UDP_PAYLOAD_SIZE];
  ngtcp2_path_storage path;
  ngtcp2_pkt_info info = { 0 };
  ngtcp2_ssize size = 0;
  int code = 0;
  gsize done;

  if (!self->silent) {
    ngtcp2_path_storage_zero (&path);
    size = ngtcp2_conn_write_connection_close (self->ngtcp2, &path.path, &info, packet,
                                               sizeof packet, &self->close_error, now);
  }
  if (size > 0) {
    EcQuicSocket *socket;

    ec_quic_address_set (&self->local, path.path.local.addr, path.path.local.addrlen);
    ec_quic_address_set (&self->remote, path.path.remote.addr, path.path.remote.addrlen);
    socket = ec_quic_worker_find_socket (self->worker, &self->local);
    if (socket)
      self->socket = socket;
    code = ec_quic_worker_send (self->worker, self->socket, &self->local, &self->remote,
                                (guint8) info.ecn, packet, (gsize) size, (gsize) size, &done);
  }
  if (size > 0 || (self->draining && self->established)) {
    EcQuicTomb *tomb = ec_quic_tomb_new (self, packet, size > 0 ? (gsize) size : 0,
                                         now + 3 * ngtcp2_conn_get_pto (self->ngtcp2));

    tomb->unsent = code == EAGAIN;
    self->worker->n_unsent_tombs += tomb->unsent;
  }
}

static void
forget (EcQuicConnection *self)
{
  for (guint i = 0; i < self->cids->len; i++)
    ec_quic_worker_remove_cid (self->worker, &g_array_index (self->cids, ngtcp2_cid, i));
  for (guint i = 0; i < self->tokens->len; i++)
    ec_quic_worker_remove_token (self->worker, g_ptr_array_index (self->tokens, i));
  if (self->initial.datalen > 0)
    ec_quic_worker_remove_initial (self->worker, &self->initial);
  g_clear_pointer (&self->cids, g_array_unref);
  g_clear_pointer (&self->tokens, g_ptr_array_unref);
  g_clear_pointer (&self->stops, g_array_unref);
}

static void
release (EcQuicConnection *self)
{
  GHashTable *streams = g_steal_pointer (&self->streams);
  EcQuicOutgoing *outgoing;

  self->found = NULL;
  ec_quic_timers_set (&self->worker->timers, &self->timer, G_MAXUINT64);
  ec_quic_scheduler_clear (&self->scheduler);
  g_queue_clear_full (&self->notify, g_free);
  while ((outgoing = g_queue_pop_head (&self->datagrams)))
    ec_quic_outgoing_free (outgoing);
  g_clear_pointer (&self->pending, ec_quic_pending_free);
  g_clear_pointer (&self->ngtcp2, ngtcp2_conn_del);
  ec_quic_memory_clear (&self->memory);
  g_hash_table_unref (streams);
  if (self->tls && self->tls->session) {
    gnutls_deinit (self->tls->session);
    self->tls->session = NULL;
  }
  if (self->qlog_fd >= 0)
    close (self->qlog_fd);
  self->qlog_fd = -1;
}

void
ec_quic_connection_finish (EcQuicConnection *self, guint64 now)
{
  EcQuicWorker *worker = self->worker;

  if (self->ngtcp2 && self->socket)
    say_goodbye (self, now);
  forget (self);
  release (self);
  if (self->dirty) {
    self->dirty = FALSE;
    g_queue_unlink (&worker->dirty, &self->dirty_link);
  }
  g_queue_unlink (&worker->connections, &self->link);
  ec_quic_count (worker, connections, -1);
  if (self->base.server) {
    __atomic_fetch_sub (&worker->endpoint->n_accepted, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub (&worker->endpoint->pool_used, self->window_grown, __ATOMIC_RELAXED);
  }
  if (self->counted_handshake)
    __atomic_fetch_sub (&worker->endpoint->n_handshakes, 1, __ATOMIC_RELAXED);
  if (self->base.events && self->base.events->closed)
    self->base.events->closed (self->base.user_data, &self->close);
  ec_transport_unref (&self->base);
}

/* -- By the worker */

void
ec_quic_connection_receive (EcQuicConnection *self,
                            EcQuicSocket *socket,
                            const EcQuicDatagram *datagram)
{
  ngtcp2_pkt_info info = { .ecn = datagram->ecn };
  ngtcp2_path path;
  EcQuicAddress local = self->base.server ? *datagram->local : self->socket->local;
  EcQuicAddress remote = *datagram->remote;
  int rv;

  if (self->closing || self->ngtcp2 == NULL)
    return;
  path =
      (ngtcp2_path){ .local = { &local.any, local.size }, .remote = { &remote.any, remote.size } };
  self->bytes_received += datagram->size;
  ec_quic_connection_begin_stops (self);
  rv = ngtcp2_conn_read_pkt (self->ngtcp2, &path, &info, datagram->data, datagram->size,
                             ec_quic_now ());
  ec_quic_connection_end_stops (self);
  if (rv != 0)
    ec_quic_connection_fail_ngtcp2 (self, rv);
  ec_quic_worker_mark (self->worker, self);
}

void
ec_quic_connection_woken (EcQuicConnection *self)
{
  g_atomic_int_set (&self->wake_posted, 0);
  if (self->ngtcp2)
    ec_quic_connection_emit (self, woken);
}

void
ec_quic_connection_writable (EcQuicConnection *self)
{
  if (!self->blocked)
    return;
  if (ec_quic_connection_write_pending (self))
    ec_quic_worker_mark (self->worker, self);
}

static void
tell_streams (EcQuicConnection *self)
{
  EcStreamId *id;

  while (!self->closing && (id = g_queue_pop_head (&self->notify))) {
    EcQuicStream *stream = ec_quic_connection_find (self, *id);

    if (stream && stream->gone)
      ec_quic_connection_drop_stream (self, stream);
    else if (stream && !stream->shut && ec_quic_stream_get_unsent (stream) == 0)
      ec_quic_connection_emit (self, stream_sent, *id);
    g_free (id);
  }
}

void
ec_quic_connection_flush (EcQuicConnection *self, guint64 now)
{
  if (!self->closing && !self->blocked)
    ec_quic_connection_write (self, now);
  tell_streams (self);
  if (self->closing) {
    ec_quic_connection_finish (self, now);
    return;
  }
  self->expiry = ngtcp2_conn_get_expiry (self->ngtcp2);
  /* ngtcp2 lets packets go a little before their time. */
  if (self->more && !self->blocked && self->expiry <= now + NGTCP2_MILLISECONDS)
    ec_quic_worker_mark (self->worker, self);
  ec_quic_connection_update_timer (self);
}
