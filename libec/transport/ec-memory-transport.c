/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "transport/ec-memory-private.h"

#define WINDOW_DEFAULT (16 << 20)
#define STREAM_WINDOW_DEFAULT (4 << 20)
#define IDLE_DEFAULT (30 * G_USEC_PER_SEC)
#define DATAGRAMS_WAITING 16 /* “never more than a few wait” */

static void
stream_free (gpointer data)
{
  EcMemoryStream *stream = data;

  g_byte_array_unref (stream->unsent);
  g_free (stream);
}

void
ec_memory_datagram_free (gpointer data)
{
  g_free (((EcMemoryDatagram *) data)->data);
  g_free (data);
}

/* -- The calls */

/* A stream of the owner's: one that is closed, or never was, must not be named. */
static EcMemoryStream *
named (EcMemoryEnd *self, EcStreamId id)
{
  EcMemoryStream *stream = ec_memory_end_find (self, id);

  g_assert (stream && !stream->closed_told);
  return stream;
}

static EcStreamId
end_open_stream (EcTransport *transport, gboolean uni)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;
  EcMemoryStream *stream;

  uni = uni != FALSE;
  if (self->closed)
    return EC_STREAM_NONE;
  if (!self->established || self->opened[uni] == self->may_open[uni]) {
    self->open_refused[uni] = TRUE;
    return EC_STREAM_NONE;
  }
  stream = ec_memory_stream_new (self, ((EcStreamId) self->opened[uni]++ << 2) | (uni ? 2 : 0) |
                                           (transport->server ? 1 : 0));
  return stream->id;
}

static void
end_set_priority (EcTransport *transport, EcStreamId id, const EcTransportPriority *priority)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  if (!self->closed)
    named (self, id)->priority = *priority;
}

static void
end_write (EcTransport *transport,
           EcStreamId id,
           const guint8 *head,
           gsize head_size,
           EcPayload *payload,
           gsize offset,
           gsize size,
           gboolean fin)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;
  EcMemoryStream *stream;

  if (self->closed)
    return;
  stream = named (self, id);
  g_assert (!EC_STREAM_IS_UNI (id) || ec_memory_end_is_ours (self, id));
  if (stream->reset_sent || stream->send_done)
    return;
  g_assert (!stream->fin_wanted);
  if (head_size > 0)
    g_byte_array_append (stream->unsent, head, (guint) head_size);
  if (size > 0)
    g_byte_array_append (stream->unsent, ec_payload_get_data (payload) + offset, (guint) size);
  stream->fin_wanted = fin;
  if (head_size == 0 && size == 0 && !fin)
    return;
  if (!stream->active)
    g_ptr_array_add (self->active, stream);
  stream->active = TRUE;
  stream->sent_due = TRUE;
  ec_memory_end_schedule_send (self);
}

static void
end_reset (EcTransport *transport, EcStreamId id, guint64 code)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  if (!self->closed)
    ec_memory_stream_reset (self, named (self, id), code);
}

static void
end_stop (EcTransport *transport, EcStreamId id, guint64 code)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;
  EcMemoryStream *stream;

  if (self->closed)
    return;
  stream = named (self, id);
  g_assert (!EC_STREAM_IS_UNI (id) || !ec_memory_end_is_ours (self, id));
  if (stream->stopped || stream->reset_received)
    return;
  stream->stopped = TRUE;
  ec_memory_stream_forgive (self, stream);
  if (!stream->fin_received)
    ec_memory_end_tell_peer (self, EC_MEMORY_STOP, id, code, FALSE);
  ec_memory_stream_maybe_closed (self, stream);
}

static void
end_consume (EcTransport *transport, EcStreamId id, gsize size)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;
  EcMemoryStream *stream;

  if (self->closed)
    return;
  stream = named (self, id);
  /* What was forgiven cannot be consumed again, but may be asked for. */
  if (stream->stopped || stream->reset_received)
    return;
  g_assert (size <= stream->unconsumed);
  stream->unconsumed -= size;
  ec_memory_end_give_credit (self, stream, size);
  ec_memory_stream_maybe_closed (self, stream);
}

static gsize
end_get_unsent (EcTransport *transport, EcStreamId id)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  return self->closed ? 0 : ec_memory_stream_unsent (named (self, id));
}

static gsize
end_get_max_datagram (EcTransport *transport)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  return self->established && !self->closed ? self->link.max_datagram : 0;
}

static void
end_send_datagram (
    EcTransport *transport, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;
  gsize size = payload ? ec_payload_get_filled (payload) : 0;
  EcMemoryDatagram *datagram, *dropped;

  if (head_size + size > end_get_max_datagram (transport) || self->closed)
    return;
  datagram = g_new0 (EcMemoryDatagram, 1);
  datagram->base.level = level;
  datagram->size = head_size + size;
  datagram->data = g_malloc (datagram->size + 1);
  if (head_size > 0)
    memcpy (datagram->data, head, head_size);
  if (size > 0)
    memcpy (datagram->data + head_size, ec_payload_get_data (payload), size);
  dropped = ec_transport_queue_datagram (&self->datagrams, datagram, DATAGRAMS_WAITING);
  if (dropped)
    ec_memory_datagram_free (dropped);
  ec_memory_end_schedule_send (self);
}

static guint64
end_now (EcTransport *transport)
{
  return ec_memory_end_now ((EcMemoryEnd *) transport);
}

static void
end_set_timer (EcTransport *transport, guint64 at_us)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  self->timer++;
  if (at_us != G_MAXUINT64 && !self->closed)
    ec_memory_network_push (self->network, &(EcMemoryEvent){ .at_us = at_us,
                                                             .end = self,
                                                             .kind = EC_MEMORY_TIMER,
                                                             .value = self->timer });
}

static void
end_wake (EcTransport *transport)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  ec_memory_network_wake (self->network, self);
}

static void
end_close (EcTransport *transport, guint64 code, const char *reason)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  if (self->closed)
    return;
  self->closed = TRUE;
  reason = reason ? reason : "";
  ec_memory_end_close_later (self->peer, ec_memory_end_soonest_arrival (self),
                             EC_TRANSPORT_CLOSE_PEER, code, reason);
  ec_memory_end_close_later (self, 0, EC_TRANSPORT_CLOSE_LOCAL, code, reason);
}

static void
end_get_info (EcTransport *transport, EcTransportInfo *info)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  info->protocol = self->link.protocol;
  info->peer = !transport->server          ? "memory:server"
               : self->link.client_address ? self->link.client_address
                                           : "memory:client";
  info->path = self->link.path;
  info->authority = self->link.authority;
  info->peer_key = transport->server ? self->link.client_key : self->link.server_key;
  info->kind = "memory";
  info->rtt_us = self->established ? 2 * self->link.latency_us + self->link.jitter_us : 0;
  info->bytes_sent = self->bytes_sent;
  info->bytes_received = self->bytes_received;
  info->packets_lost = self->lost;
  info->congestion_window = self->link.connection_window;
}

/* Asserts that the owner waited for `closed`. */
static void
end_free (EcTransport *transport)
{
  EcMemoryEnd *self = (EcMemoryEnd *) transport;

  g_assert (self->closed);
  self->released = TRUE;
}

static const EcTransportClass ec_memory_end_class = {
  .struct_size = sizeof (EcTransportClass),
  .open_stream = end_open_stream,
  .set_priority = end_set_priority,
  .write = end_write,
  .reset = end_reset,
  .stop = end_stop,
  .consume = end_consume,
  .get_unsent = end_get_unsent,
  .get_max_datagram = end_get_max_datagram,
  .send_datagram = end_send_datagram,
  .now = end_now,
  .set_timer = end_set_timer,
  .wake = end_wake,
  .close = end_close,
  .get_info = end_get_info,
  .free = end_free,
};

/* -- Pairs */

static EcMemoryEnd *
end_new (EcMemoryNetwork *network, const EcMemoryLink *link, gboolean server)
{
  EcMemoryEnd *self = g_new0 (EcMemoryEnd, 1);

  ec_transport_init (&self->transport, &ec_memory_end_class, server);
  self->network = network;
  self->link = *link;
  self->streams = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, stream_free);
  self->active = g_ptr_array_new ();
  self->last_flows = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->datagrams);
  self->send_credit = link->connection_window;
  self->may_open[0] = link->max_bidi_streams;
  self->may_open[1] = link->max_uni_streams;
  return self;
}

static void
end_delete (EcMemoryEnd *self)
{
  g_assert (self->released);
  g_hash_table_unref (self->streams);
  g_ptr_array_unref (self->active);
  g_hash_table_unref (self->last_flows);
  g_queue_clear_full (&self->datagrams, ec_memory_datagram_free);
  g_free (self);
}

static const guint8 *
copy_key (const guint8 *key)
{
  return key ? g_memdup2 (key, 32) : NULL;
}

static EcMemoryLink
with_defaults (const EcMemoryLink *given)
{
  EcMemoryLink link = *given;

  link.connection_window = link.connection_window ? link.connection_window : WINDOW_DEFAULT;
  link.stream_window = link.stream_window ? link.stream_window : STREAM_WINDOW_DEFAULT;
  link.max_uni_streams = link.max_uni_streams ? link.max_uni_streams : 1024;
  link.max_bidi_streams = link.max_bidi_streams ? link.max_bidi_streams : 256;
  link.idle_timeout_us = link.idle_timeout_us ? link.idle_timeout_us : IDLE_DEFAULT;
  link.max_datagram = link.max_datagram ? link.max_datagram : 1200;
  if (link.max_datagram == G_MAXUINT)
    link.max_datagram = 0;
  link.protocol = g_strdup (link.protocol ? link.protocol : "");
  link.path = g_strdup (link.path);
  link.authority = g_strdup (link.authority);
  link.client_key = copy_key (link.client_key);
  link.server_key = copy_key (link.server_key);
  return link;
}

void
ec_memory_pair_new (EcMemoryNetwork *network,
                    const EcMemoryLink *given,
                    EcMemoryEnd **client,
                    EcMemoryEnd **server)
{
  EcMemoryLink link = with_defaults (given);
  EcMemoryEnd *ends[2];
  guint64 now = ec_memory_network_get_now (network);
  guint64 way = link.latency_us + link.jitter_us;

  for (guint i = 0; i < 2; i++) {
    ends[i] = end_new (network, &link, i == 1);
    /* Flights of the handshake: the client is sure after two, the server after three. */
    ends[i]->established_us = now + (2 + i) * way;
    ec_memory_network_push (network, &(EcMemoryEvent){ .at_us = ends[i]->established_us,
                                                       .end = ends[i],
                                                       .kind = EC_MEMORY_ESTABLISHED });
  }
  ends[0]->peer = ends[1];
  ends[1]->peer = ends[0];
  if (link.cut_within_us > 0) {
    guint32 most = (guint32) MIN (link.cut_within_us, G_MAXUINT32);
    guint64 at_us = now + ec_memory_network_random (network, most);

    for (guint i = 0; i < 2; i++)
      ec_memory_network_push (
          network, &(EcMemoryEvent){ .at_us = at_us, .end = ends[i], .kind = EC_MEMORY_CUT });
  }
  *client = ends[0];
  *server = ends[1];
}

void
ec_memory_pair_free (EcMemoryEnd *client)
{
  EcMemoryLink link = client->link;

  end_delete (client->peer);
  end_delete (client);
  g_free ((char *) link.protocol);
  g_free ((char *) link.path);
  g_free ((char *) link.authority);
  g_free ((guint8 *) link.client_key);
  g_free ((guint8 *) link.server_key);
}

void
ec_memory_network_cut (EcMemoryNetwork *self, EcTransport *either)
{
  EcMemoryEnd *end = (EcMemoryEnd *) either;

  ec_memory_end_cut (end);
  ec_memory_end_cut (end->peer);
}
