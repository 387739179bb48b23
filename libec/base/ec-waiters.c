/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-waiters.h"

typedef struct {
  EcWaiters *waiters; /* alive as long as its owner is */
  GTask *task;        /* owned */
  GSource *wakeup;    /* attached to the task's context, or NULL; under the mutex */
  GSource *cancelled; /* watches the task's cancellable, or NULL */
} Waiter;

void
ec_waiters_init (
    EcWaiters *self, const EcWaitersKind *kind, gpointer owner, GMutex *mutex, GCond *cond)
{
  self->kind = kind;
  self->owner = owner;
  self->mutex = mutex;
  self->cond = cond;
  g_queue_init (&self->tasks);
}

void
ec_waiters_clear (EcWaiters *self)
{
  g_assert (g_queue_is_empty (&self->tasks));
}

/* -- Threads */

static void
on_thread_cancelled (GCancellable *cancellable, gpointer user_data)
{
  EcWaiters *self = user_data;

  g_mutex_lock (self->mutex);
  g_cond_broadcast (self->cond);
  g_mutex_unlock (self->mutex);
}

gpointer
ec_waiters_wait (EcWaiters *self, gint64 until_us, GCancellable *cancellable, GError **error)
{
  gpointer result = NULL;
  gulong id = 0;

  if (cancellable)
    id = g_cancellable_connect (cancellable, G_CALLBACK (on_thread_cancelled), self, NULL);
  g_mutex_lock (self->mutex);
  while (!g_cancellable_set_error_if_cancelled (cancellable, error) &&
         !self->kind->poll (self->owner, &result, error)) {
    if (until_us == G_MAXINT64) {
      g_cond_wait (self->cond, self->mutex);
    } else if (!g_cond_wait_until (self->cond, self->mutex, until_us)) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Nothing came in time.");
      break;
    }
  }
  g_mutex_unlock (self->mutex);
  g_cancellable_disconnect (cancellable, id);
  return result;
}

/* -- Tasks */

static void
clear_source (GSource **source)
{
  if (*source)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

/* With the last reference the waiters go, too. */
static void
waiter_free (Waiter *waiter)
{
  EcWaiters *self = waiter->waiters;

  clear_source (&waiter->cancelled);
  clear_source (&waiter->wakeup);
  g_object_unref (waiter->task);
  g_free (waiter);
  self->kind->unref (self->owner);
}

/* In the task's context: completes it if there is something to complete it with, and it is its turn. */
static void
look (Waiter *waiter)
{
  EcWaiters *self = waiter->waiters;
  g_autoptr (GError) error = NULL;
  gpointer result = NULL;
  gboolean done = FALSE;

  g_mutex_lock (self->mutex);
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (waiter->task), &error))
    done = TRUE;
  else if (!self->kind->in_turns || g_queue_peek_head (&self->tasks) == waiter)
    done = self->kind->poll (self->owner, &result, &error);
  if (done) {
    g_queue_remove (&self->tasks, waiter);
    ec_waiters_wake (self);
  }
  g_mutex_unlock (self->mutex);

  if (!done)
    return;
  if (error)
    g_task_return_error (waiter->task, g_steal_pointer (&error));
  else
    self->kind->complete (self->owner, waiter->task, result);
  waiter_free (waiter);
}

static gboolean
on_wakeup (gpointer user_data)
{
  Waiter *waiter = user_data;
  g_autoptr (GSource) wakeup = NULL;

  g_mutex_lock (waiter->waiters->mutex);
  wakeup = g_steal_pointer (&waiter->wakeup);
  g_mutex_unlock (waiter->waiters->mutex);
  look (waiter);
  return G_SOURCE_REMOVE;
}

static gboolean
on_task_cancelled (GCancellable *cancellable, gpointer user_data)
{
  look (user_data);
  return G_SOURCE_REMOVE;
}

/* Under the mutex. */
static void
wake (Waiter *waiter)
{
  if (waiter->wakeup)
    return;
  waiter->wakeup = g_idle_source_new ();
  g_source_set_priority (waiter->wakeup, g_task_get_priority (waiter->task));
  g_source_set_static_name (waiter->wakeup, waiter->waiters->kind->name);
  g_source_set_callback (waiter->wakeup, on_wakeup, waiter, NULL);
  g_source_attach (waiter->wakeup, g_task_get_context (waiter->task));
}

/* In turns, the first alone: the others have their turn after it. */
void
ec_waiters_wake (EcWaiters *self)
{
  for (GList *l = self->tasks.head; l; l = self->kind->in_turns ? NULL : l->next)
    wake (l->data);
}

/*
 * The thread that asks need not be the one that runs the task's context: it only attaches, under the
 * mutex, and leaves looking to the context.
 */
void
ec_waiters_add (EcWaiters *self, GTask *task)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  self->kind->ref (self->owner);
  waiter->waiters = self;
  waiter->task = task;
  if (cancellable) {
    waiter->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_task_cancelled), waiter, NULL);
  }

  g_mutex_lock (self->mutex);
  g_queue_push_tail (&self->tasks, waiter);
  if (waiter->cancelled)
    g_source_attach (waiter->cancelled, g_task_get_context (task));
  ec_waiters_wake (self);
  g_mutex_unlock (self->mutex);
}
