/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/ec-memory-private.h"

struct _EcMemoryNetwork {
  guint64 now_us;
  guint64 serial;
  GRand *rand;
  GSequence *events; /* of EcMemoryEvent, by time */
  GPtrArray *pairs;  /* the clients' ends */
  GMutex lock;       /* what follows is for any thread */
  GPtrArray *woken;  /* ends, each once */
};

static void
event_free (gpointer data)
{
  EcMemoryEvent *event = data;

  g_free (event->data);
  g_free (event);
}

static int
compare_events (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const EcMemoryEvent *one = a, *two = b;

  if (one->at_us != two->at_us)
    return one->at_us < two->at_us ? -1 : 1;
  return one->serial < two->serial ? -1 : one->serial > two->serial;
}

EcMemoryNetwork *
ec_memory_network_new (guint32 seed)
{
  EcMemoryNetwork *self = g_new0 (EcMemoryNetwork, 1);

  self->rand = g_rand_new_with_seed (seed);
  self->events = g_sequence_new (event_free);
  self->pairs = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_memory_pair_free);
  self->woken = g_ptr_array_new ();
  g_mutex_init (&self->lock);
  return self;
}

void
ec_memory_network_free (EcMemoryNetwork *self)
{
  g_ptr_array_unref (self->pairs);
  g_ptr_array_unref (self->woken);
  g_sequence_free (self->events);
  g_rand_free (self->rand);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
ec_memory_network_pair (EcMemoryNetwork *self,
                        const EcMemoryLink *link,
                        EcTransport **client,
                        EcTransport **server)
{
  EcMemoryEnd *ends[2];

  ec_memory_pair_new (self, link, &ends[0], &ends[1]);
  g_ptr_array_add (self->pairs, ends[0]);
  *client = (EcTransport *) ends[0];
  *server = (EcTransport *) ends[1];
}

guint64
ec_memory_network_get_now (EcMemoryNetwork *self)
{
  return self->now_us;
}

guint32
ec_memory_network_random (EcMemoryNetwork *self, guint32 n)
{
  return n > 1 ? (guint32) (((guint64) g_rand_int (self->rand) * n) >> 32) : 0;
}

void
ec_memory_network_push (EcMemoryNetwork *self, const EcMemoryEvent *event)
{
  EcMemoryEvent *own = g_memdup2 (event, sizeof *event);

  own->at_us = MAX (own->at_us, self->now_us);
  own->serial = self->serial++;
  g_sequence_insert_sorted (self->events, own, compare_events, NULL);
}

void
ec_memory_network_wake (EcMemoryNetwork *self, EcMemoryEnd *end)
{
  g_mutex_lock (&self->lock);
  if (!end->woken)
    g_ptr_array_add (self->woken, end);
  end->woken = TRUE;
  g_mutex_unlock (&self->lock);
}

/* What other threads asked for happens now. */
static void
take_woken (EcMemoryNetwork *self)
{
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->woken->len; i++) {
    EcMemoryEnd *end = self->woken->pdata[i];

    end->woken = FALSE;
    ec_memory_network_push (
        self, &(EcMemoryEvent){ .at_us = self->now_us, .end = end, .kind = EC_MEMORY_WOKEN });
  }
  g_ptr_array_set_size (self->woken, 0);
  g_mutex_unlock (&self->lock);
}

/* The next event if it happens at `until_us` or before. */
static gboolean
step_until (EcMemoryNetwork *self, guint64 until_us)
{
  GSequenceIter *first;
  EcMemoryEvent *next, event;

  take_woken (self);
  first = g_sequence_get_begin_iter (self->events);
  if (g_sequence_iter_is_end (first))
    return FALSE;
  next = g_sequence_get (first);
  if (next->at_us > until_us)
    return FALSE;

  event = *next;
  next->data = NULL;
  g_sequence_remove (first);
  self->now_us = event.at_us;
  ec_memory_end_dispatch (event.end, &event);
  g_free (event.data);
  return TRUE;
}

gboolean
ec_memory_network_step (EcMemoryNetwork *self)
{
  return step_until (self, G_MAXUINT64);
}

void
ec_memory_network_run (EcMemoryNetwork *self, guint64 until_us)
{
  while (step_until (self, until_us))
    ;
  self->now_us = MAX (self->now_us, until_us);
}
