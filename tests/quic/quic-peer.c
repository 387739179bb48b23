/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic-peer.h"

#include <string.h>

static const char *const alpns[] = { "test", NULL };

typedef struct {
  PeerJob job;
  gpointer user_data;
  gboolean *done;
} Job;

static void
connection_free (PeerConnection *self)
{
  g_hash_table_unref (self->streams);
  g_ptr_array_unref (self->datagrams);
  g_array_unref (self->datagram_at);
  g_array_unref (self->order);
  g_free (self->reason);
  g_free (self->protocol);
  g_free (self->remote);
  g_free (self);
}

static void
stream_free (PeerStream *stream)
{
  g_byte_array_unref (stream->bytes);
  g_free (stream);
}

PeerStream *
peer_stream (PeerConnection *connection, EcStreamId id)
{
  PeerStream *stream = g_hash_table_lookup (connection->streams, &id);

  if (stream == NULL) {
    stream = g_new0 (PeerStream, 1);
    stream->bytes = g_byte_array_new ();
    g_hash_table_insert (connection->streams, g_memdup2 (&id, sizeof id), stream);
  }
  return stream;
}

static Peer *
lock (PeerConnection *self)
{
  g_mutex_lock (&self->peer->mutex);
  if (self->thread == NULL)
    self->thread = g_thread_self ();
  else if (self->thread != g_thread_self ())
    self->moved = TRUE;
  return self->peer;
}

static void
unlock (Peer *peer)
{
  g_cond_broadcast (&peer->cond);
  g_mutex_unlock (&peer->mutex);
}

static void
on_established (gpointer user_data)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);
  EcTransportInfo info;

  ec_transport_get_info (self->transport, &info);
  self->established = TRUE;
  self->protocol = g_strdup (info.protocol);
  self->remote = g_strdup (info.peer);
  if (info.peer_key) {
    memcpy (self->peer_key, info.peer_key, sizeof self->peer_key);
    self->has_key = TRUE;
  }
  unlock (peer);
}

static void
on_stream_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);
  PeerStream *stream = peer_stream (self, id);
  gboolean echo = peer->echo && !EC_STREAM_IS_UNI (id);

  g_assert_false (stream->fin);
  if (stream->size == 0)
    stream->first_us = (guint64) g_get_monotonic_time ();
  stream->last_us = (guint64) g_get_monotonic_time ();
  if (peer->forget) {
    for (gsize i = 0; i < size; i++)
      peer->wrong += data[i] != peer_pattern (stream->size + i);
  } else {
    g_byte_array_append (stream->bytes, data, (guint) size);
  }
  stream->size += size;
  self->bytes += size;
  stream->fin = fin;
  if (fin)
    g_array_append_val (self->order, id);
  if (!peer->hold)
    ec_transport_consume (self->transport, id, size);
  unlock (peer);
  if (echo)
    ec_transport_write (self->transport, id, data, size, NULL, 0, 0, fin);
}

static void
on_stream_reset (gpointer user_data, EcStreamId id, guint64 code)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);
  PeerStream *stream = peer_stream (self, id);

  stream->was_reset = TRUE;
  stream->reset_code = code;
  unlock (peer);
}

static void
on_stream_stopped (gpointer user_data, EcStreamId id, guint64 code)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);
  PeerStream *stream = peer_stream (self, id);

  stream->was_stopped = TRUE;
  stream->stop_code = code;
  unlock (peer);
}

static void
on_stream_sent (gpointer user_data, EcStreamId id)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);

  peer_stream (self, id)->sent = TRUE;
  unlock (peer);
}

static void
on_stream_closed (gpointer user_data, EcStreamId id)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);

  g_assert_false (peer_stream (self, id)->closed);
  peer_stream (self, id)->closed = TRUE;
  unlock (peer);
}

static void
on_streams_available (gpointer user_data, gboolean uni)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);

  self->available++;
  unlock (peer);
}

static void
on_datagram (gpointer user_data, const guint8 *data, gsize size)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);
  gboolean echo = peer->echo;

  g_ptr_array_add (self->datagrams, g_bytes_new (data, size));
  g_array_append_val (self->datagram_at, self->bytes);
  unlock (peer);
  if (echo)
    ec_transport_send_datagram (self->transport, 0, data, size, NULL);
}

static void
on_timer (gpointer user_data)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);

  self->timer = TRUE;
  unlock (peer);
}

static void
on_woken (gpointer user_data)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);
  Job *job;

  while ((job = g_queue_pop_head (&self->jobs))) {
    g_mutex_unlock (&peer->mutex);
    job->job (self, job->user_data);
    g_mutex_lock (&peer->mutex);
    *job->done = TRUE;
    g_free (job);
  }
  unlock (peer);
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  PeerConnection *self = user_data;
  Peer *peer = lock (self);
  EcTransport *transport = g_steal_pointer (&self->transport);

  g_assert_false (self->closed);
  g_assert_nonnull (close->reason);
  self->closed = TRUE;
  self->close = *close;
  self->reason = g_strdup (close->reason);
  self->close.reason = self->reason;
  unlock (peer);
  ec_transport_unref (transport);
}

static const EcTransportEvents events = {
  .established = on_established,
  .stream_data = on_stream_data,
  .stream_reset = on_stream_reset,
  .stream_stopped = on_stream_stopped,
  .stream_sent = on_stream_sent,
  .stream_closed = on_stream_closed,
  .streams_available = on_streams_available,
  .datagram = on_datagram,
  .timer = on_timer,
  .woken = on_woken,
  .closed = on_closed,
};

static void
take (Peer *self, EcTransport *transport)
{
  PeerConnection *connection = g_new0 (PeerConnection, 1);

  connection->transport = transport;
  connection->peer = self;
  connection->streams =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) stream_free);
  connection->datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  connection->datagram_at = g_array_new (FALSE, FALSE, sizeof (guint64));
  connection->order = g_array_new (FALSE, FALSE, sizeof (EcStreamId));
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->connections, connection);
  unlock (self);
  ec_transport_set_events (transport, &events, connection);
}

static gboolean
on_accept (gpointer user_data, EcTransport *transport, const char *alpn)
{
  Peer *self = user_data;

  if (self->refuse)
    return FALSE;
  take (self, transport);
  return TRUE;
}

static void
on_dialled (gpointer user_data, EcTransport *transport)
{
  take (user_data, transport);
}

Peer *
peer_new (void)
{
  Peer *self = g_new0 (Peer, 1);

  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->connections = g_ptr_array_new_with_free_func ((GDestroyNotify) connection_free);
  return self;
}

void
peer_free (Peer *self)
{
  if (self->endpoint) {
    ec_quic_endpoint_stop (self->endpoint, 0, "end of test");
    ec_quic_endpoint_unref (self->endpoint);
  }
  for (guint i = 0; i < self->connections->len; i++) {
    PeerConnection *connection = g_ptr_array_index (self->connections, i);

    g_assert_true (connection->closed);
    g_assert_false (connection->moved);
    g_assert_null (connection->transport);
  }
  g_ptr_array_unref (self->connections);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
is_there (Peer *self, guint n)
{
  PeerConnection *connection =
      n < self->connections->len ? g_ptr_array_index (self->connections, n) : NULL;

  return connection && (connection->established || connection->closed);
}

PeerConnection *
peer_wait (Peer *self, guint n)
{
  peer_wait_until (self, is_there (self, n));
  return g_ptr_array_index (self->connections, n);
}

gboolean
peer_do (PeerConnection *connection, PeerJob what, gpointer user_data)
{
  Peer *peer = connection->peer;
  gboolean done = FALSE;
  Job *job = g_new0 (Job, 1);
  EcTransport *transport = NULL;

  *job = (Job){ what, user_data, &done };
  g_mutex_lock (&peer->mutex);
  if (connection->closed) {
    g_mutex_unlock (&peer->mutex);
    g_free (job);
    return FALSE;
  }
  transport = ec_transport_ref (connection->transport);
  g_queue_push_tail (&connection->jobs, job);
  g_mutex_unlock (&peer->mutex);
  ec_transport_wake (transport);
  peer_wait_until (peer, done || connection->closed);
  ec_transport_unref (transport);
  return done;
}

EcQuicCredentials *
peer_credentials (void)
{
  static const char *const names[] = { "localhost", "127.0.0.1", "::1", NULL };
  EcQuicCredentials *credentials = ec_quic_credentials_new ();
  GError *error = NULL;

  ec_quic_credentials_add_self_signed (credentials, names, g_get_real_time () / G_USEC_PER_SEC,
                                       &error);
  g_assert_no_error (error);
  return credentials;
}

void
peer_listen (Peer *self, const PeerServer *server)
{
  g_autoptr (EcQuicCredentials) credentials = NULL;
  g_autoptr (GPtrArray) listen = g_ptr_array_new_with_free_func (g_object_unref);
  EcQuicEndpointConfig config = server ? server->config : (EcQuicEndpointConfig){ 0 };
  GError *error = NULL;

  g_ptr_array_add (listen, g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  if (server == NULL || !server->only_v4)
    g_ptr_array_add (listen, g_inet_socket_address_new_from_string ("::1", 0));
  if (config.listen == NULL)
    config.listen = listen;
  if (config.credentials == NULL)
    config.credentials = credentials = peer_credentials ();
  if (config.alpns == NULL)
    config.alpns = alpns;
  config.accept = on_accept;
  config.user_data = self;
  self->endpoint = ec_quic_endpoint_new (&config, server ? &server->tuning : NULL, &error);
  g_assert_no_error (error);
}

GInetSocketAddress *
peer_address (Peer *self, guint n)
{
  g_autoptr (GPtrArray) addresses = ec_quic_endpoint_get_addresses (self->endpoint);

  return g_object_ref (g_ptr_array_index (addresses, n));
}

EcQuicVerify *
peer_verify (Peer *server)
{
  /* The endpoint's own are not told; a test that pins another gives its own. */
  g_autoptr (GPtrArray) hashes = NULL;

  hashes = ec_quic_credentials_get_hashes (ec_quic_endpoint_get_credentials (server->endpoint));
  return ec_quic_verify_new_hashes (hashes);
}

void
peer_dial (Peer *self, GInetSocketAddress *address, const EcQuicDial *with)
{
  EcQuicDial dial = *with;
  GError *error = NULL;

  if (self->endpoint == NULL) {
    EcQuicEndpointConfig config = { .n_workers = 1 };

    self->endpoint = ec_quic_endpoint_new (&config, NULL, &error);
    g_assert_no_error (error);
  }
  dial.address = address;
  if (dial.alpns == NULL)
    dial.alpns = alpns;
  ec_quic_endpoint_dial (self->endpoint, &dial, on_dialled, self);
}

EcPayload *
peer_payload (guint64 offset, gsize size)
{
  EcPayload *payload = ec_payload_new (size, NULL);
  g_autofree guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = peer_pattern (offset + i);
  ec_payload_append (payload, bytes, size);
  return payload;
}

void
peer_job_write (PeerConnection *connection, gpointer user_data)
{
  PeerWrite *write = user_data;

  if (write->id == EC_STREAM_NONE)
    write->id = ec_transport_open_stream (connection->transport, write->uni);
  if (write->id == EC_STREAM_NONE)
    return;
  if (write->priority)
    ec_transport_set_priority (connection->transport, write->id, write->priority);
  ec_transport_write (connection->transport, write->id, (const guint8 *) write->text,
                      write->text ? strlen (write->text) : 0, write->payload, 0,
                      write->payload ? ec_payload_get_size (write->payload) : 0, write->fin);
}
