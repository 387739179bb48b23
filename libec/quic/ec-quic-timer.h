/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Many timers of one thread: a binary heap, so that setting one costs O(log n) and asking for the next O(1). */
typedef struct {
  guint64 at;  /* nanoseconds of the monotonic clock */
  guint index; /* place in the heap, from 1; 0: not set */
  void (*expire) (gpointer owner, guint64 now);
  gpointer owner;
} EcQuicTimer;

typedef struct {
  GPtrArray *heap; /* [0] is unused */
} EcQuicTimers;

void ec_quic_timers_init (EcQuicTimers *self);
void ec_quic_timers_clear (EcQuicTimers *self);
/* G_MAXUINT64: not at all. */
void ec_quic_timers_set (EcQuicTimers *self, EcQuicTimer *timer, guint64 at);
/* The next; NULL if none is set. */
EcQuicTimer *ec_quic_timers_peek (const EcQuicTimers *self);
