/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/ec-memory-private.h"

#define PIECE_MAX 16384   /* where nothing limits */
#define PIECE_PACKET 1200 /* … and where bandwidth does: priorities have their say after each */

/* -- What will happen */

guint64
ec_memory_end_now (EcMemoryEnd *self)
{
  return ec_memory_network_get_now (self->network);
}

guint64
ec_memory_end_soonest_arrival (EcMemoryEnd *self)
{
  guint64 jitter = MIN (self->link.jitter_us, G_MAXUINT32 - 1);

  return ec_memory_end_now (self) + self->link.latency_us +
         ec_memory_network_random (self->network, (guint32) jitter + 1);
}

/* The peer hears of nothing but a close before it is established: what overtakes the handshake waits. */
guint64
ec_memory_end_arrival (EcMemoryEnd *self)
{
  guint64 at_us = ec_memory_end_soonest_arrival (self);

  return MAX (at_us, self->peer->established_us);
}

void
ec_memory_end_soon (EcMemoryEnd *self, EcMemoryEventKind kind, EcStreamId id, gboolean flag)
{
  ec_memory_network_push (self->network,
                          &(EcMemoryEvent){ .end = self, .kind = kind, .id = id, .flag = flag });
}

/* Something that the peer hears of, after the way to it. */
void
ec_memory_end_tell_peer (
    EcMemoryEnd *self, EcMemoryEventKind kind, EcStreamId id, guint64 value, gboolean flag)
{
  ec_memory_network_push (self->network, &(EcMemoryEvent){ .at_us = ec_memory_end_arrival (self),
                                                           .end = self->peer,
                                                           .kind = kind,
                                                           .id = id,
                                                           .value = value,
                                                           .flag = flag });
}

void
ec_memory_end_schedule_send (EcMemoryEnd *self)
{
  if (self->send_scheduled || self->closed)
    return;
  self->send_scheduled = TRUE;
  ec_memory_network_push (
      self->network,
      &(EcMemoryEvent){ .at_us = self->link_free_us, .end = self, .kind = EC_MEMORY_SEND });
}

/* -- Streams */

EcMemoryStream *
ec_memory_end_find (EcMemoryEnd *self, EcStreamId id)
{
  return g_hash_table_lookup (self->streams, &id);
}

gboolean
ec_memory_end_is_ours (EcMemoryEnd *self, EcStreamId id)
{
  return EC_STREAM_IS_SERVERS (id) == self->transport.server;
}

EcMemoryStream *
ec_memory_stream_new (EcMemoryEnd *self, EcStreamId id)
{
  EcMemoryStream *stream = g_new0 (EcMemoryStream, 1);

  stream->id = id;
  stream->serial = self->n_streams++;
  stream->unsent = g_byte_array_new ();
  stream->send_credit = self->link.stream_window;
  stream->send_done = EC_STREAM_IS_UNI (id) && !ec_memory_end_is_ours (self, id);
  stream->fin_received = EC_STREAM_IS_UNI (id) && ec_memory_end_is_ours (self, id);
  g_hash_table_insert (self->streams, &stream->id, stream);
  return stream;
}

void
ec_memory_stream_maybe_closed (EcMemoryEnd *self, EcMemoryStream *stream)
{
  gboolean received = stream->reset_received ||
                      (stream->fin_received && (stream->unconsumed == 0 || stream->stopped));

  if (stream->closed || !stream->send_done || !received)
    return;
  stream->closed = TRUE;
  ec_memory_end_soon (self, EC_MEMORY_STREAM_CLOSED, stream->id, FALSE);
}

void
ec_memory_end_give_credit (EcMemoryEnd *self, EcMemoryStream *stream, gsize size)
{
  if (size == 0)
    return;
  if (self->credit_due == 0)
    ec_memory_end_tell_peer (self, EC_MEMORY_CREDIT, EC_STREAM_NONE, 0, FALSE);
  self->credit_due += size;
  if (!stream || stream->fin_received || stream->reset_received || stream->stopped)
    return;
  if (stream->credit_due == 0)
    ec_memory_end_tell_peer (self, EC_MEMORY_STREAM_CREDIT, stream->id, 0, FALSE);
  stream->credit_due += size;
}

/* The owner will not see to them any more. */
void
ec_memory_stream_forgive (EcMemoryEnd *self, EcMemoryStream *stream)
{
  gsize size = stream->unconsumed;

  stream->unconsumed = 0;
  ec_memory_end_give_credit (self, stream, size);
}

gsize
ec_memory_stream_unsent (const EcMemoryStream *stream)
{
  return stream->unsent->len - stream->unsent_at;
}

void
ec_memory_stream_deactivate (EcMemoryEnd *self, EcMemoryStream *stream)
{
  if (stream->active)
    g_ptr_array_remove (self->active, stream);
  stream->active = FALSE;
}

static void
forget_unsent (EcMemoryEnd *self, EcMemoryStream *stream)
{
  g_byte_array_set_size (stream->unsent, 0);
  stream->unsent_at = 0;
  stream->sent_due = FALSE;
  ec_memory_stream_deactivate (self, stream);
}

void
ec_memory_stream_reset (EcMemoryEnd *self, EcMemoryStream *stream, guint64 code)
{
  if (stream->reset_sent || stream->send_done)
    return;
  stream->reset_sent = TRUE;
  forget_unsent (self, stream);
  ec_memory_end_tell_peer (self, EC_MEMORY_RESET, stream->id, code, FALSE);
}

/* -- Sending */

static gboolean
is_sendable (EcMemoryEnd *self, const EcMemoryStream *stream)
{
  return ec_memory_stream_unsent (stream) == 0 ||
         (stream->send_credit > 0 && self->send_credit > 0);
}

static guint32
last_flow (EcMemoryEnd *self, guint32 level)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->last_flows, GUINT_TO_POINTER (level)));
}

/* Whether `a` goes before `b`: level; the flow whose turn is next; order and suborder; age. */
static gboolean
goes_first (EcMemoryEnd *self, const EcMemoryStream *a, const EcMemoryStream *b)
{
  const EcTransportPriority *one = &a->priority, *two = &b->priority;

  if (one->level != two->level)
    return one->level < two->level;
  if (one->flow != two->flow) {
    /* Counted from the flow after the last one, around. */
    guint32 next = last_flow (self, one->level) + 1;

    return one->flow - next < two->flow - next;
  }
  if (one->order != two->order)
    return one->order < two->order;
  if (one->suborder != two->suborder)
    return one->suborder < two->suborder;
  return a->serial < b->serial;
}

static EcMemoryStream *
choose (EcMemoryEnd *self)
{
  EcMemoryStream *best = NULL;

  for (guint i = 0; i < self->active->len; i++) {
    EcMemoryStream *stream = self->active->pdata[i];

    if (is_sendable (self, stream) && (!best || goes_first (self, stream, best)))
      best = stream;
  }
  return best;
}

static void
use_link (EcMemoryEnd *self, gsize size)
{
  self->bytes_sent += size;
  if (self->link.bandwidth > 0)
    self->link_free_us = MAX (self->link_free_us, ec_memory_end_now (self)) +
                         MAX (1, size * G_USEC_PER_SEC / self->link.bandwidth);
}

static void
send_piece (EcMemoryEnd *self, EcMemoryStream *stream)
{
  gsize most = self->link.bandwidth > 0 ? PIECE_PACKET : PIECE_MAX;
  gsize size = MIN (ec_memory_stream_unsent (stream), MIN (stream->send_credit, self->send_credit));
  guint64 at_us = ec_memory_end_arrival (self);
  gboolean fin;

  if (self->link.max_piece > 0)
    most = 1 + ec_memory_network_random (self->network, self->link.max_piece);
  size = MIN (size, most);
  fin = stream->fin_wanted && size == ec_memory_stream_unsent (stream);
  stream->last_arrival_us = MAX (stream->last_arrival_us, at_us);
  ec_memory_network_push (
      self->network,
      &(EcMemoryEvent){
          .at_us = stream->last_arrival_us,
          .end = self->peer,
          .kind = EC_MEMORY_DATA,
          .id = stream->id,
          .flag = fin,
          .data = size > 0 ? g_memdup2 (stream->unsent->data + stream->unsent_at, size) : NULL,
          .size = size });
  stream->unsent_at += size;
  stream->send_credit -= size;
  self->send_credit -= size;
  stream->fin_sent = fin;
  use_link (self, size);
  g_hash_table_insert (self->last_flows, GUINT_TO_POINTER (stream->priority.level),
                       GUINT_TO_POINTER (stream->priority.flow));
  if (ec_memory_stream_unsent (stream) > 0)
    return;

  g_byte_array_set_size (stream->unsent, 0);
  stream->unsent_at = 0;
  ec_memory_stream_deactivate (self, stream);
  ec_memory_end_soon (self, EC_MEMORY_SENT, stream->id, FALSE);
}

/* Whether a datagram goes before `stream`, the best that could be sent; nullable. */
static gboolean
datagram_goes_first (EcMemoryEnd *self, const EcMemoryStream *stream)
{
  const EcMemoryDatagram *datagram = g_queue_peek_head (&self->datagrams);

  return datagram && (!stream || datagram->base.level <= stream->priority.level);
}

static void
send_one_datagram (EcMemoryEnd *self)
{
  EcMemoryDatagram *datagram = g_queue_pop_head (&self->datagrams);
  guint32 chance = ec_memory_network_random (self->network, G_MAXUINT32);

  use_link (self, datagram->size);
  if (chance >= self->link.datagram_loss * G_MAXUINT32)
    ec_memory_network_push (self->network,
                            &(EcMemoryEvent){ .at_us = ec_memory_end_arrival (self),
                                              .end = self->peer,
                                              .kind = EC_MEMORY_DATAGRAM,
                                              .data = g_steal_pointer (&datagram->data),
                                              .size = datagram->size });
  else
    self->lost++;
  ec_memory_datagram_free (datagram);
}

/* As much as the link takes now. */
void
ec_memory_end_send (EcMemoryEnd *self)
{
  self->send_scheduled = FALSE;
  if (!self->established)
    return;
  for (;;) {
    EcMemoryStream *stream;

    if (self->link_free_us > ec_memory_end_now (self)) {
      ec_memory_end_schedule_send (self);
      return;
    }
    stream = choose (self);
    if (datagram_goes_first (self, stream))
      send_one_datagram (self);
    else if (stream)
      send_piece (self, stream);
    else
      return;
  }
}
