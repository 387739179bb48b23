/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "quic/ec-quic-connection.h"

/* -- Streams */

EcQuicStream *
ec_quic_connection_find (EcQuicConnection *self, EcStreamId id)
{
  /* Most of the time it is the same one as before. */
  if (self->found && self->found->id == id)
    return self->found;
  if (self->streams)
    self->found = g_hash_table_lookup (self->streams, &id);
  return self->streams ? self->found : NULL;
}

EcQuicStream *
ec_quic_connection_add_stream (EcQuicConnection *self, EcStreamId id, gboolean remote)
{
  EcQuicStream *stream = ec_quic_stream_new (id);

  stream->remote = remote;
  stream->age = self->age++;
  if (remote && EC_STREAM_IS_UNI (id))
    stream->shut = TRUE;
  if (!remote && EC_STREAM_IS_UNI (id))
    stream->stopped = TRUE;
  g_hash_table_insert (self->streams, &stream->id, stream);
  return stream;
}

void
ec_quic_connection_schedule (EcQuicConnection *self, EcQuicStream *stream)
{
  if (ec_quic_stream_is_ready (stream))
    ec_quic_scheduler_add (&self->scheduler, stream);
  else
    ec_quic_scheduler_remove (&self->scheduler, stream);
}

/* By how much the window of the connection grows when `size` bytes are given back: doubled by each window that is consumed. */
static guint64
grow_window (EcQuicConnection *self, guint64 size)
{
  EcQuicEndpoint *endpoint = self->worker->endpoint;
  guint64 more = MIN (size, self->window_left);

  if (more == 0)
    return 0;
  if (self->base.server) {
    guint64 grown = __atomic_add_fetch (&endpoint->pool_used, more, __ATOMIC_RELAXED);

    if (endpoint->memory_pool > 0 && grown > endpoint->memory_pool) {
      __atomic_fetch_sub (&endpoint->pool_used, more, __ATOMIC_RELAXED);
      return 0;
    }
    self->window_grown += more;
  }
  self->window_left -= more;
  return more;
}

void
ec_quic_connection_give_back (EcQuicConnection *self, EcQuicStream *stream, gsize size)
{
  size = MIN (size, stream->unconsumed);
  if (size == 0)
    return;
  stream->unconsumed -= size;
  ngtcp2_conn_extend_max_offset (self->ngtcp2, size + grow_window (self, size));
  if (!stream->gone && !stream->stopped)
    ngtcp2_conn_extend_max_stream_offset (self->ngtcp2, stream->id, size);
  ec_quic_worker_mark (self->worker, self);
}

void
ec_quic_connection_drop_stream (EcQuicConnection *self, EcQuicStream *stream)
{
  EcStreamId id = stream->id;

  if (!stream->gone || stream->unconsumed > 0)
    return;
  if (stream->remote) {
    if (EC_STREAM_IS_UNI (id))
      ngtcp2_conn_extend_max_streams_uni (self->ngtcp2, 1);
    else
      ngtcp2_conn_extend_max_streams_bidi (self->ngtcp2, 1);
    ec_quic_worker_mark (self->worker, self);
  }
  ec_quic_scheduler_remove (&self->scheduler, stream);
  self->found = NULL;
  g_hash_table_remove (self->streams, &id);
  ec_quic_connection_emit (self, stream_closed, id);
}

/* -- What the owner calls */

static EcStreamId
open_stream (EcTransport *transport, gboolean uni)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);
  EcQuicStream *stream;
  int64_t id;
  int rv;

  if (self->ngtcp2 == NULL || self->closing)
    return EC_STREAM_NONE;
  rv = uni ? ngtcp2_conn_open_uni_stream (self->ngtcp2, &id, NULL)
           : ngtcp2_conn_open_bidi_stream (self->ngtcp2, &id, NULL);
  if (rv != 0) {
    if (uni)
      self->wants_uni = TRUE;
    else
      self->wants_bidi = TRUE;
    return EC_STREAM_NONE;
  }
  stream = ec_quic_connection_add_stream (self, id, FALSE);
  ngtcp2_conn_set_stream_user_data (self->ngtcp2, id, stream);
  return id;
}

static void
set_priority (EcTransport *transport, EcStreamId id, const EcTransportPriority *priority)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);
  EcQuicStream *stream = ec_quic_connection_find (self, id);

  if (stream == NULL)
    return;
  ec_quic_scheduler_remove (&self->scheduler, stream);
  stream->priority = *priority;
  ec_quic_connection_schedule (self, stream);
}

static void
write_stream (EcTransport *transport,
              EcStreamId id,
              const guint8 *head,
              gsize head_size,
              EcPayload *payload,
              gsize offset,
              gsize size,
              gboolean fin)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);
  EcQuicStream *stream = ec_quic_connection_find (self, id);

  if (stream == NULL || (head_size == 0 && size == 0 && !fin))
    return;
  ec_quic_stream_write (stream, head, head_size, payload, offset, size, fin);
  ec_quic_connection_schedule (self, stream);
  ec_quic_worker_mark (self->worker, self);
}

static void
reset (EcTransport *transport, EcStreamId id, guint64 code)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);
  EcQuicStream *stream = ec_quic_connection_find (self, id);

  if (stream == NULL || stream->gone || stream->shut)
    return;
  ec_quic_stream_shut (stream);
  ec_quic_connection_schedule (self, stream);
  ec_ngtcp2_conn_reset_stream (self->ngtcp2, id, MIN (code, EC_QUIC_MAX_VARINT));
  ec_quic_worker_mark (self->worker, self);
}

static void
stop (EcTransport *transport, EcStreamId id, guint64 code)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);
  EcQuicStream *stream = ec_quic_connection_find (self, id);

  if (stream == NULL || stream->stopped)
    return;
  /* The connection's credit at once; the stream needs none any more. */
  stream->stopped = TRUE;
  ec_quic_connection_give_back (self, stream, stream->unconsumed);
  if (!stream->gone)
    ec_ngtcp2_conn_stop_stream (self->ngtcp2, id, MIN (code, EC_QUIC_MAX_VARINT));
  if (!stream->gone && !EC_NGTCP2_CLOSES_PEERS_UNI && stream->remote && EC_STREAM_IS_UNI (id)) {
    /* Its end may not be told, so this is it. */
    ngtcp2_conn_set_stream_user_data (self->ngtcp2, id, NULL);
    stream->gone = TRUE;
  }
  ec_quic_worker_mark (self->worker, self);
  if (stream->gone)
    g_queue_push_tail (&self->notify, g_memdup2 (&id, sizeof id));
}

static void
consume (EcTransport *transport, EcStreamId id, gsize size)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);
  EcQuicStream *stream = ec_quic_connection_find (self, id);

  if (stream == NULL)
    return;
  ec_quic_connection_give_back (self, stream, size);
  /* No event from here: `stream_closed` is told from the next flush. */
  if (stream->gone && stream->unconsumed == 0)
    g_queue_push_tail (&self->notify, g_memdup2 (&id, sizeof id));
}

static gsize
get_unsent (EcTransport *transport, EcStreamId id)
{
  EcQuicStream *stream = ec_quic_connection_find (EC_QUIC_CONNECTION (transport), id);

  return stream ? ec_quic_stream_get_unsent (stream) : 0;
}

static gsize
get_max_datagram (EcTransport *transport)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);
  const ngtcp2_transport_params *params;
  gsize room;
  gsize overhead;

  if (self->ngtcp2 == NULL || !self->established)
    return 0;
  params = ngtcp2_conn_get_remote_transport_params (self->ngtcp2);
  if (params == NULL || params->max_datagram_frame_size == 0)
    return 0;
  /* The frame's type and length; and of a 1-RTT packet the first byte, id, number and tag (RFC 9000 §17.3). */
  overhead = 3 + 1 + ngtcp2_conn_get_dcid (self->ngtcp2)->datalen + 4 + 16;
  room = ngtcp2_conn_get_path_max_tx_udp_payload_size (self->ngtcp2);
  room = room > overhead ? room - overhead : 0;
  return MIN (room, params->max_datagram_frame_size > 3 ? params->max_datagram_frame_size - 3 : 0);
}

static void
send_datagram (
    EcTransport *transport, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);
  gsize size = head_size + (payload ? ec_payload_get_filled (payload) : 0);
  EcQuicOutgoing *outgoing, *dropped;

  if (self->ngtcp2 == NULL || self->closing || size > get_max_datagram (transport))
    return;
  outgoing = g_new0 (EcQuicOutgoing, 1);
  outgoing->base.level = level;
  outgoing->head = g_memdup2 (head, head_size);
  outgoing->head_size = head_size;
  outgoing->payload = payload ? ec_payload_ref (payload) : NULL;
  dropped = ec_transport_queue_datagram (&self->datagrams, outgoing, EC_QUIC_DATAGRAMS);
  if (dropped)
    ec_quic_outgoing_free (dropped);
  ec_quic_worker_mark (self->worker, self);
}

static guint64
now (EcTransport *transport)
{
  return ec_quic_now () / 1000;
}

static void
set_timer (EcTransport *transport, guint64 at_us)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);

  if (self->ngtcp2 == NULL)
    return;
  self->app_timer = at_us;
  ec_quic_connection_update_timer (self);
}

static void
wake (EcTransport *transport)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);

  /* One in the worker's inbox answers all that came before it is taken out. */
  if (g_atomic_int_compare_and_exchange (&self->wake_posted, 0, 1))
    ec_quic_worker_post_wake (self->worker, self);
}

static void
close_connection (EcTransport *transport, guint64 code, const char *reason)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);

  if (self->ngtcp2 == NULL || self->closing)
    return;
  ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_LOCAL, MIN (code, EC_QUIC_MAX_VARINT), reason,
                           FALSE);
}

static void
get_info (EcTransport *transport, EcTransportInfo *info)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);

  EcQuicAddress remote = self->remote;

  /* The last packet may have gone to a path that is being validated. */
  if (self->ngtcp2) {
    const ngtcp2_path *path = ngtcp2_conn_get_path (self->ngtcp2);

    ec_quic_address_set (&remote, path->remote.addr, path->remote.addrlen);
  }
  if (self->peer_text == NULL || !ec_quic_address_equal (&remote, &self->peer_text_of)) {
    g_free (self->peer_text);
    self->peer_text = ec_quic_address_to_string (&remote);
    self->peer_text_of = remote;
  }
  info->peer = self->peer_text;
  info->kind = "quic";
  info->bytes_sent = self->bytes_sent;
  info->bytes_received = self->bytes_received;
  info->packets_lost = self->packets_lost;
  if (self->tls) {
    info->protocol = self->tls->alpn ? self->tls->alpn : "";
    info->peer_key = self->tls->has_peer_key ? self->tls->peer_key : NULL;
  }
  if (self->ngtcp2 && self->established) {
    GHashTableIter iter;
    gpointer stream;
    uint64_t window = 0;

    info->rtt_us = ec_ngtcp2_conn_get_rtt (self->ngtcp2, &window) / 1000;
    info->congestion_window = window;
    g_hash_table_iter_init (&iter, self->streams);
    while (g_hash_table_iter_next (&iter, NULL, &stream))
      info->packets_lost +=
          ngtcp2_conn_get_stream_loss_count (self->ngtcp2, ((EcQuicStream *) stream)->id);
  }
}

static void
free_connection (EcTransport *transport)
{
  EcQuicConnection *self = EC_QUIC_CONNECTION (transport);

  /* The worker's reference went with what is heavy, on its thread. */
  g_assert (self->ngtcp2 == NULL);
  g_clear_pointer (&self->tls, ec_quic_tls_free);
  g_free (self->peer_text);
  g_free (self->close_reason);
  ec_quic_worker_unref (self->worker);
  g_free (self);
}

const EcTransportClass ec_quic_connection_class = {
  .struct_size = sizeof (EcTransportClass),
  .open_stream = open_stream,
  .set_priority = set_priority,
  .write = write_stream,
  .reset = reset,
  .stop = stop,
  .consume = consume,
  .get_unsent = get_unsent,
  .get_max_datagram = get_max_datagram,
  .send_datagram = send_datagram,
  .now = now,
  .set_timer = set_timer,
  .wake = wake,
  .close = close_connection,
  .get_info = get_info,
  .free = free_connection,
};
