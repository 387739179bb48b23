/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-timer.h"

void
ec_quic_timers_init (EcQuicTimers *self)
{
  self->heap = g_ptr_array_new ();
  g_ptr_array_add (self->heap, NULL);
}

void
ec_quic_timers_clear (EcQuicTimers *self)
{
  g_clear_pointer (&self->heap, g_ptr_array_unref);
}

static EcQuicTimer *
get (const EcQuicTimers *self, guint index)
{
  return g_ptr_array_index (self->heap, index);
}

static void
put (EcQuicTimers *self, guint index, EcQuicTimer *timer)
{
  g_ptr_array_index (self->heap, index) = timer;
  timer->index = index;
}

static void
settle (EcQuicTimers *self, EcQuicTimer *timer)
{
  guint index = timer->index;
  guint n = self->heap->len;

  for (; index > 1 && timer->at < get (self, index / 2)->at; index /= 2)
    put (self, index, get (self, index / 2));

  while (2 * index < n) {
    guint child = 2 * index;

    if (child + 1 < n && get (self, child + 1)->at < get (self, child)->at)
      child++;
    if (timer->at <= get (self, child)->at)
      break;
    put (self, index, get (self, child));
    index = child;
  }
  put (self, index, timer);
}

void
ec_quic_timers_set (EcQuicTimers *self, EcQuicTimer *timer, guint64 at)
{
  if (timer->index == 0) {
    if (at == G_MAXUINT64)
      return;
    g_ptr_array_add (self->heap, timer);
    timer->index = self->heap->len - 1;
  } else if (at == G_MAXUINT64) {
    guint index = timer->index;
    EcQuicTimer *last = get (self, self->heap->len - 1);

    g_ptr_array_set_size (self->heap, (gint) self->heap->len - 1);
    timer->index = 0;
    if (last != timer) {
      put (self, index, last);
      settle (self, last);
    }
    return;
  }
  timer->at = at;
  settle (self, timer);
}

EcQuicTimer *
ec_quic_timers_peek (const EcQuicTimers *self)
{
  return self->heap->len > 1 ? get (self, 1) : NULL;
}
