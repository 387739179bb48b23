/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/ec-transport.h"

void
ec_transport_init (EcTransport *self, const EcTransportClass *klass, gboolean server)
{
  g_assert (klass->struct_size == sizeof (EcTransportClass));
  self->klass = klass;
  self->events = NULL;
  self->user_data = NULL;
  g_atomic_ref_count_init (&self->refs);
  self->server = server;
}

EcTransport *
ec_transport_ref (EcTransport *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_transport_unref (EcTransport *self)
{
  if (g_atomic_ref_count_dec (&self->refs))
    self->klass->free (self);
}

void
ec_transport_set_events (EcTransport *self, const EcTransportEvents *events, gpointer user_data)
{
  self->events = events;
  self->user_data = user_data;
}

EcStreamId
ec_transport_open_stream (EcTransport *self, gboolean uni)
{
  return self->klass->open_stream (self, uni);
}

void
ec_transport_set_priority (EcTransport *self, EcStreamId id, const EcTransportPriority *priority)
{
  self->klass->set_priority (self, id, priority);
}

void
ec_transport_write (EcTransport *self,
                    EcStreamId id,
                    const guint8 *head,
                    gsize head_size,
                    EcPayload *payload,
                    gsize offset,
                    gsize size,
                    gboolean fin)
{
  g_assert (size == 0 || (offset <= ec_payload_get_filled (payload) &&
                          size <= ec_payload_get_filled (payload) - offset));
  self->klass->write (self, id, head, head_size, payload, offset, size, fin);
}

void
ec_transport_reset (EcTransport *self, EcStreamId id, guint64 code)
{
  self->klass->reset (self, id, code);
}

void
ec_transport_stop (EcTransport *self, EcStreamId id, guint64 code)
{
  self->klass->stop (self, id, code);
}

void
ec_transport_consume (EcTransport *self, EcStreamId id, gsize size)
{
  self->klass->consume (self, id, size);
}

gsize
ec_transport_get_unsent (EcTransport *self, EcStreamId id)
{
  return self->klass->get_unsent (self, id);
}

gsize
ec_transport_get_max_datagram (EcTransport *self)
{
  return self->klass->get_max_datagram (self);
}

/* Behind those of its own level. */
static gint
compare_datagrams (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return ((const EcTransportDatagram *) a)->level <= ((const EcTransportDatagram *) b)->level ? -1
                                                                                              : 1;
}

gpointer
ec_transport_queue_datagram (GQueue *queue, gpointer datagram, guint max)
{
  const EcTransportDatagram *last;
  GList *link;
  gpointer dropped;

  g_queue_insert_sorted (queue, datagram, compare_datagrams, NULL);
  if (queue->length <= max)
    return NULL;
  last = g_queue_peek_tail (queue);
  for (link = queue->head; ((EcTransportDatagram *) link->data)->level < last->level;)
    link = link->next;
  dropped = link->data;
  g_queue_delete_link (queue, link);
  return dropped;
}

void
ec_transport_send_datagram (
    EcTransport *self, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload)
{
  self->klass->send_datagram (self, level, head, head_size, payload);
}

guint64
ec_transport_now (EcTransport *self)
{
  return self->klass->now (self);
}

void
ec_transport_set_timer (EcTransport *self, guint64 at_us)
{
  self->klass->set_timer (self, at_us);
}

void
ec_transport_wake (EcTransport *self)
{
  self->klass->wake (self);
}

void
ec_transport_close (EcTransport *self, guint64 code, const char *reason)
{
  self->klass->close (self, code, reason);
}

void
ec_transport_get_info (EcTransport *self, EcTransportInfo *info)
{
  *info = (EcTransportInfo){ .protocol = "", .peer = "", .kind = "" };
  self->klass->get_info (self, info);
}
