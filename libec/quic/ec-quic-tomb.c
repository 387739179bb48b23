/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "quic/ec-quic-connection.h"

/* So many at most a worker: the oldest go. */
#define MAX_TOMBS 4096

static void
expire (gpointer owner, guint64 now)
{
  ec_quic_tomb_free (owner);
}

EcQuicTomb *
ec_quic_tomb_new (EcQuicConnection *of, const guint8 *packet, gsize size, guint64 until)
{
  EcQuicWorker *worker = of->worker;
  EcQuicTomb *self = g_new0 (EcQuicTomb, 1);

  self->route.tomb = self;
  self->link.data = self;
  self->timer.expire = expire;
  self->timer.owner = self;
  self->worker = worker;
  self->socket = of->socket;
  self->local = of->local;
  self->remote = of->remote;
  self->packet = size > 0 ? g_memdup2 (packet, size) : NULL;
  self->size = size;
  /* Takes over what leads to the connection. */
  self->cids = g_array_ref (of->cids);
  self->initial = of->initial;
  g_array_unref (of->cids);
  of->cids = g_array_new (FALSE, FALSE, sizeof (ngtcp2_cid));
  of->initial.datalen = 0;
  for (guint i = 0; i < self->cids->len; i++)
    ec_quic_worker_add_cid (worker, &g_array_index (self->cids, ngtcp2_cid, i), &self->route);
  if (self->initial.datalen > 0)
    ec_quic_worker_add_initial (worker, &self->initial, &self->route);

  ec_quic_timers_set (&worker->timers, &self->timer, until);
  g_queue_push_tail_link (&worker->tombs, &self->link);
  if (worker->tombs.length > MAX_TOMBS)
    ec_quic_tomb_free (g_queue_peek_head (&worker->tombs));
  return self;
}

void
ec_quic_tomb_send_unsent (EcQuicWorker *worker, EcQuicSocket *socket)
{
  for (GList *l = worker->tombs.head; l && worker->n_unsent_tombs > 0; l = l->next) {
    EcQuicTomb *self = l->data;
    gsize done;

    if (!self->unsent || self->socket != socket)
      continue;
    if (ec_quic_worker_send (worker, socket, &self->local, &self->remote, 0, self->packet,
                             self->size, self->size, &done) == EAGAIN)
      return;
    self->unsent = FALSE;
    worker->n_unsent_tombs--;
  }
}

void
ec_quic_tomb_free (EcQuicTomb *self)
{
  if (self->unsent)
    self->worker->n_unsent_tombs--;
  for (guint i = 0; i < self->cids->len; i++)
    ec_quic_worker_remove_cid (self->worker, &g_array_index (self->cids, ngtcp2_cid, i));
  if (self->initial.datalen > 0)
    ec_quic_worker_remove_initial (self->worker, &self->initial);
  ec_quic_timers_set (&self->worker->timers, &self->timer, G_MAXUINT64);
  g_queue_unlink (&self->worker->tombs, &self->link);
  g_array_unref (self->cids);
  g_free (self->packet);
  g_free (self);
}

void
ec_quic_tomb_receive (EcQuicTomb *self, const EcQuicDatagram *datagram)
{
  gsize done;

  /* RFC 9000 §10.2.1: ever fewer answers, and none to other addresses. */
  self->received++;
  if (self->packet == NULL || (self->received & (self->received - 1)) != 0 ||
      !ec_quic_address_equal (&self->remote, datagram->remote))
    return;
  (void) ec_quic_worker_send (self->worker, self->socket, &self->local, &self->remote, 0,
                              self->packet, self->size, self->size, &done);
}
