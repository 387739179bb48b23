/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* A binary heap; each timer knows its place, so that it is changed and taken out without a search. */

static EcMoqtTimer *
timer_at (EcMoqtSession *session, guint place)
{
  return g_ptr_array_index (session->timers, place - 1);
}

static void
put (EcMoqtSession *session, EcMoqtTimer *timer, guint place)
{
  g_ptr_array_index (session->timers, place - 1) = timer;
  timer->place = place;
}

static void
settle (EcMoqtSession *session, EcMoqtTimer *timer)
{
  guint place = timer->place;
  guint n = session->timers->len;

  while (place > 1 && timer_at (session, place / 2)->at_us > timer->at_us) {
    put (session, timer_at (session, place / 2), place);
    place /= 2;
  }
  for (;;) {
    guint child = place * 2;

    if (child < n && timer_at (session, child + 1)->at_us < timer_at (session, child)->at_us)
      child++;
    if (child > n || timer_at (session, child)->at_us >= timer->at_us)
      break;
    put (session, timer_at (session, child), place);
    place = child;
  }
  put (session, timer, place);
}

void
ec_moqt_timer_set (EcMoqtSession *session,
                   EcMoqtTimer *self,
                   guint64 at_us,
                   void (*fired) (EcMoqtSession *session, gpointer owner),
                   gpointer owner)
{
  self->at_us = at_us;
  self->fired = fired;
  self->owner = owner;
  if (!self->place) {
    g_ptr_array_add (session->timers, self);
    self->place = session->timers->len;
  }
  settle (session, self);
}

void
ec_moqt_timer_unset (EcMoqtSession *session, EcMoqtTimer *self)
{
  guint place = self->place;
  EcMoqtTimer *last;

  if (!place)
    return;
  self->place = 0;
  last = timer_at (session, session->timers->len);
  g_ptr_array_set_size (session->timers, (int) session->timers->len - 1);
  if (last == self)
    return;
  put (session, last, place);
  settle (session, last);
}

guint64
ec_moqt_timers_next (EcMoqtSession *session)
{
  return session->timers->len > 0 ? timer_at (session, 1)->at_us : G_MAXUINT64;
}

void
ec_moqt_timers_run (EcMoqtSession *session)
{
  while (!ec_moqt_session_is_over (session) && session->timers->len > 0) {
    EcMoqtTimer *first = timer_at (session, 1);

    if (first->at_us > session->now_us)
      break;
    ec_moqt_timer_unset (session, first);
    first->fired (session, first->owner);
  }
}
