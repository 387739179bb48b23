/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * EcWaiters: who waits for what another thread brings: threads, on a condition, and tasks, in their own main contexts.
 *
 * It is a part of its owner, an object with a mutex, a condition and counted references. Who brings something says so
 * under the mutex, by g_cond_broadcast() and ec_waiters_wake(), and has no more to do with it than that: for a task it
 * only ever attaches a GSource. A task is completed, and let go of, in its own context and without the mutex.
 */
typedef struct {
  const char *name;  /* of the GSources */
  gboolean in_turns; /* what is there is for one task, the first; else it is for all */
  /* Under the mutex. FALSE: not yet. TRUE: `result`, which who waits owns from now on, or NULL, or an error. */
  gboolean (*poll) (gpointer owner, gpointer *result, GError **error);
  /* Returns `result` (taken) by the task, in the task's context, without the mutex. Errors are returned before it comes to that. */
  void (*complete) (gpointer owner, GTask *task, gpointer result);
  gpointer (*ref) (gpointer owner);
  void (*unref) (gpointer owner);
} EcWaitersKind;

typedef struct {
  const EcWaitersKind *kind;
  gpointer owner; /* each task has a reference to it */
  GMutex *mutex;  /* the owner's */
  GCond *cond;    /* the owner's */
  GQueue tasks;   /* under the mutex: those that wait, in the order in which they came */
} EcWaiters;

void ec_waiters_init (
    EcWaiters *self, const EcWaitersKind *kind, gpointer owner, GMutex *mutex, GCond *cond);
/* Nobody waits any more. */
void ec_waiters_clear (EcWaiters *self);

/* Blocks until there is a result, or NULL, or an error: poll()'s, G_IO_ERROR_CANCELLED, or G_IO_ERROR_TIMED_OUT at `until_us`,
 * monotonic; G_MAXINT64: never. Not under the mutex. */
gpointer
ec_waiters_wait (EcWaiters *self, gint64 until_us, GCancellable *cancellable, GError **error);
/* Completes `task` (taken) as soon as it has its turn and there is something for it, or it is cancelled. Not under the mutex; from any
 * thread. */
void ec_waiters_add (EcWaiters *self, GTask *task);
/* The tasks ought to look again. Under the mutex. */
void ec_waiters_wake (EcWaiters *self);
