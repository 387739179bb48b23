/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/ec-memory-private.h"

#define HANDSHAKE_TIMEOUT (10 * G_USEC_PER_SEC)

/* The peer speaks of `id`; NULL: of one that is closed. */
static EcMemoryStream *
heard_of (EcMemoryEnd *self, EcStreamId id)
{
  EcMemoryStream *stream = ec_memory_end_find (self, id);

  if (!stream && !ec_memory_end_is_ours (self, id))
    stream = ec_memory_stream_new (self, id);
  return stream && !stream->closed ? stream : NULL;
}

/* `closed`, the last event: nothing is kept that the owner could miss. */
static void
tell_closed (EcMemoryEnd *self, EcTransportCloseCause cause, guint64 code, const char *reason)
{
  EcTransportClose close = { .cause = cause, .code = code, .reason = reason };

  g_assert (self->transport.events);
  self->transport.events->closed (self->transport.user_data, &close);
}

/* At `at_us` this end hears why it closed. */
void
ec_memory_end_close_later (
    EcMemoryEnd *self, guint64 at_us, EcTransportCloseCause cause, guint64 code, const char *reason)
{
  ec_memory_network_push (self->network, &(EcMemoryEvent){ .at_us = at_us,
                                                           .end = self,
                                                           .kind = EC_MEMORY_CLOSE,
                                                           .cause = cause,
                                                           .value = code,
                                                           .data = (guint8 *) g_strdup (reason) });
}

static void
on_established (EcMemoryEnd *self)
{
  self->established = TRUE;
  self->transport.events->established (self->transport.user_data);
  for (guint uni = 0; uni < 2; uni++) {
    if (self->open_refused[uni])
      ec_memory_end_soon (self, EC_MEMORY_AVAILABLE, EC_STREAM_NONE, uni);
  }
  ec_memory_end_schedule_send (self);
}

static void
on_data (EcMemoryEnd *self, const EcMemoryEvent *event)
{
  EcMemoryStream *stream = heard_of (self, event->id);

  self->bytes_received += event->size;
  if (!stream || stream->reset_received || stream->stopped) {
    ec_memory_end_give_credit (self, NULL, event->size);
    if (stream && event->flag && !stream->fin_received) {
      stream->fin_received = TRUE;
      ec_memory_stream_maybe_closed (self, stream);
    }
  } else {
    stream->unconsumed += event->size;
    stream->fin_received = event->flag;
    self->transport.events->stream_data (self->transport.user_data, event->id, event->data,
                                         event->size, event->flag);
    if (!self->closed)
      ec_memory_stream_maybe_closed (self, stream);
  }
  if (event->flag)
    ec_memory_end_tell_peer (self, EC_MEMORY_ACKED, event->id, 0, FALSE);
}

static void
on_reset (EcMemoryEnd *self, const EcMemoryEvent *event)
{
  EcMemoryStream *stream = heard_of (self, event->id);

  ec_memory_end_tell_peer (self, EC_MEMORY_ACKED, event->id, 0, FALSE);
  if (!stream || stream->fin_received || stream->reset_received)
    return;
  stream->reset_received = TRUE;
  ec_memory_stream_forgive (self, stream);
  self->transport.events->stream_reset (self->transport.user_data, event->id, event->value);
  if (!self->closed)
    ec_memory_stream_maybe_closed (self, stream);
}

/* RFC 9000 §3.5: who is asked to stop resets, with the same code. */
static void
on_stop (EcMemoryEnd *self, const EcMemoryEvent *event)
{
  EcMemoryStream *stream = heard_of (self, event->id);

  if (!stream || stream->send_done || stream->reset_sent)
    return;
  ec_memory_stream_reset (self, stream, event->value);
  self->transport.events->stream_stopped (self->transport.user_data, event->id, event->value);
}

static void
on_acked (EcMemoryEnd *self, const EcMemoryEvent *event)
{
  EcMemoryStream *stream = heard_of (self, event->id);

  if (!stream || stream->send_done)
    return;
  stream->send_done = TRUE;
  ec_memory_stream_maybe_closed (self, stream);
}

static void
on_stream_credit (EcMemoryEnd *self, const EcMemoryEvent *event)
{
  EcMemoryStream *stream = ec_memory_end_find (self, event->id);
  EcMemoryStream *peers = ec_memory_end_find (self->peer, event->id);

  stream->send_credit += peers->credit_due;
  peers->credit_due = 0;
  ec_memory_end_schedule_send (self);
}

static void
on_credit (EcMemoryEnd *self)
{
  self->send_credit += self->peer->credit_due;
  self->peer->credit_due = 0;
  ec_memory_end_schedule_send (self);
}

static void
on_available (EcMemoryEnd *self, gboolean uni)
{
  if (!self->open_refused[uni] || self->opened[uni] == self->may_open[uni])
    return;
  self->open_refused[uni] = FALSE;
  self->transport.events->streams_available (self->transport.user_data, uni);
}

static void
on_sent (EcMemoryEnd *self, const EcMemoryEvent *event)
{
  EcMemoryStream *stream = ec_memory_end_find (self, event->id);

  if (!stream->sent_due || stream->closed || ec_memory_stream_unsent (stream) > 0 ||
      stream->fin_wanted != stream->fin_sent)
    return;
  stream->sent_due = FALSE;
  self->transport.events->stream_sent (self->transport.user_data, event->id);
}

static void
on_stream_closed (EcMemoryEnd *self, const EcMemoryEvent *event)
{
  EcMemoryStream *stream = ec_memory_end_find (self, event->id);

  stream->closed_told = TRUE;
  /* RFC 9000 §4.6: another one may come in its place. */
  if (!ec_memory_end_is_ours (self, event->id))
    ec_memory_end_tell_peer (self, EC_MEMORY_MORE_STREAMS, EC_STREAM_NONE, 0,
                             EC_STREAM_IS_UNI (event->id));
  ec_memory_stream_deactivate (self, stream);
  self->transport.events->stream_closed (self->transport.user_data, event->id);
}

static void
on_close (EcMemoryEnd *self, const EcMemoryEvent *event)
{
  /* Our own close, told later; or somebody else's, if we did not close meanwhile. */
  if (event->cause != EC_TRANSPORT_CLOSE_LOCAL && self->closed)
    return;
  self->closed = TRUE;
  tell_closed (self, event->cause, event->value, (const char *) event->data);
}

void
ec_memory_end_cut (EcMemoryEnd *self)
{
  if (self->cut || self->closed)
    return;
  self->cut = TRUE;
  if (self->established)
    ec_memory_end_close_later (self, ec_memory_end_now (self) + self->link.idle_timeout_us,
                               EC_TRANSPORT_CLOSE_IDLE, 0, "nothing was heard from the peer");
  else
    ec_memory_end_close_later (self, ec_memory_end_now (self) + HANDSHAKE_TIMEOUT,
                               EC_TRANSPORT_CLOSE_UNREACHABLE, 0, "nobody answered in time");
}

/* What a cut holds up: all that comes from the peer. */
static gboolean
is_from_peer (const EcMemoryEvent *event)
{
  switch (event->kind) {
  case EC_MEMORY_ESTABLISHED:
  case EC_MEMORY_DATA:
  case EC_MEMORY_RESET:
  case EC_MEMORY_STOP:
  case EC_MEMORY_ACKED:
  case EC_MEMORY_STREAM_CREDIT:
  case EC_MEMORY_CREDIT:
  case EC_MEMORY_MORE_STREAMS:
  case EC_MEMORY_DATAGRAM:
    return TRUE;
  case EC_MEMORY_CLOSE:
    return event->cause == EC_TRANSPORT_CLOSE_PEER;
  default:
    return FALSE;
  }
}

static void
dispatch_stream (EcMemoryEnd *self, EcMemoryEvent *event)
{
  switch (event->kind) {
  case EC_MEMORY_DATA:
    on_data (self, event);
    break;
  case EC_MEMORY_RESET:
    on_reset (self, event);
    break;
  case EC_MEMORY_STOP:
    on_stop (self, event);
    break;
  case EC_MEMORY_ACKED:
    on_acked (self, event);
    break;
  case EC_MEMORY_STREAM_CREDIT:
    on_stream_credit (self, event);
    break;
  case EC_MEMORY_SENT:
    on_sent (self, event);
    break;
  default:
    on_stream_closed (self, event);
    break;
  }
}

void
ec_memory_end_dispatch (EcMemoryEnd *self, EcMemoryEvent *event)
{
  const EcTransportEvents *events = self->transport.events;
  gpointer user_data = self->transport.user_data;

  if (event->kind == EC_MEMORY_CLOSE && !(self->cut && is_from_peer (event)))
    on_close (self, event);
  if (self->closed || (self->cut && is_from_peer (event)))
    return;
  g_assert (events);

  switch (event->kind) {
  case EC_MEMORY_ESTABLISHED:
    on_established (self);
    break;
  case EC_MEMORY_SEND:
    ec_memory_end_send (self);
    break;
  case EC_MEMORY_CREDIT:
    on_credit (self);
    break;
  case EC_MEMORY_MORE_STREAMS:
    self->may_open[event->flag]++;
    on_available (self, event->flag);
    break;
  case EC_MEMORY_AVAILABLE:
    on_available (self, event->flag);
    break;
  case EC_MEMORY_DATAGRAM:
    self->bytes_received += event->size;
    events->datagram (user_data, event->data, event->size);
    break;
  case EC_MEMORY_TIMER:
    if (event->value == self->timer)
      events->timer (user_data);
    break;
  case EC_MEMORY_WOKEN:
    events->woken (user_data);
    break;
  case EC_MEMORY_CUT:
    ec_memory_end_cut (self);
    break;
  default:
    dispatch_stream (self, event);
    break;
  }
}
