/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-inbox-private.h"

/*
 * Who waits for something to read: threads, on the condition, and tasks, in their own main contexts. Who fills the
 * inbox only ever attaches a GSource for a task; it is completed and let go of in its context.
 */
typedef struct {
  EcMoqInbox *inbox; /* owned */
  GTask *task;       /* owned */
  GSource *wakeup;   /* attached to the task's context, or NULL; under the mutex */
  GSource *cancelled;
} Waiter;

gboolean
ec_moq_inbox_poll (EcMoqInbox *self, EcMoqInboxItem **item, GError **error)
{
  gboolean done, wake = FALSE;

  g_mutex_lock (&self->mutex);
  done = ec_moq_inbox_poll_locked (self, item, error);
  if (*item)
    wake = ec_moq_inbox_settle (self, *item);
  g_mutex_unlock (&self->mutex);
  if (wake)
    self->wake (self->user_data);
  return done;
}

/* -- Threads */

static void
on_cancelled_wake (GCancellable *cancellable, gpointer data)
{
  EcMoqInbox *self = data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

EcMoqInboxItem *
ec_moq_inbox_read (EcMoqInbox *self, GCancellable *cancellable, GError **error)
{
  return ec_moq_inbox_read_until (self, G_MAXINT64, cancellable, error);
}

EcMoqInboxItem *
ec_moq_inbox_read_until (EcMoqInbox *self,
                         gint64 until_us,
                         GCancellable *cancellable,
                         GError **error)
{
  gulong id = cancellable
                  ? g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled_wake), self, NULL)
                  : 0;
  EcMoqInboxItem *item = NULL;
  gboolean wake = FALSE;

  g_mutex_lock (&self->mutex);
  while (!g_cancellable_set_error_if_cancelled (cancellable, error) &&
         !ec_moq_inbox_poll_locked (self, &item, error)) {
    if (until_us == G_MAXINT64) {
      g_cond_wait (&self->cond, &self->mutex);
    } else if (!g_cond_wait_until (&self->cond, &self->mutex, until_us)) {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "Nothing came in time.");
      break;
    }
  }
  if (item)
    wake = ec_moq_inbox_settle (self, item);
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, id);
  if (wake)
    self->wake (self->user_data);
  return item;
}

/* -- Tasks */

static void
waiter_free (Waiter *waiter)
{
  if (waiter->cancelled) {
    g_source_destroy (waiter->cancelled);
    g_source_unref (waiter->cancelled);
  }
  if (waiter->wakeup) {
    g_source_destroy (waiter->wakeup);
    g_source_unref (waiter->wakeup);
  }
  g_object_unref (waiter->task);
  ec_moq_inbox_unref (waiter->inbox);
  g_free (waiter);
}

/* In the task's context: completes it if there is something to complete it with, and it is its turn. */
static void
look (Waiter *waiter)
{
  EcMoqInbox *self = waiter->inbox;
  g_autoptr (GError) error = NULL;
  EcMoqInboxItem *item = NULL;
  gboolean done = FALSE, wake = FALSE;

  g_mutex_lock (&self->mutex);
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (waiter->task), &error))
    done = TRUE;
  else if (g_queue_peek_head (&self->waiters) == waiter)
    done = ec_moq_inbox_poll_locked (self, &item, &error);
  if (done) {
    g_queue_remove (&self->waiters, waiter);
    ec_moq_inbox_wake_waiters (self);
  }
  if (item)
    wake = ec_moq_inbox_settle (self, item);
  g_mutex_unlock (&self->mutex);

  if (!done)
    return;
  if (wake)
    self->wake (self->user_data);
  if (error)
    g_task_return_error (waiter->task, g_steal_pointer (&error));
  else
    g_task_return_pointer (waiter->task, item, (GDestroyNotify) ec_moq_inbox_item_free);
  waiter_free (waiter);
}

static gboolean
on_wakeup (gpointer data)
{
  Waiter *waiter = data;
  g_autoptr (GSource) wakeup = NULL;

  g_mutex_lock (&waiter->inbox->mutex);
  wakeup = g_steal_pointer (&waiter->wakeup);
  g_mutex_unlock (&waiter->inbox->mutex);
  look (waiter);
  return G_SOURCE_REMOVE;
}

static gboolean
on_task_cancelled (GCancellable *cancellable, gpointer data)
{
  look (data);
  return G_SOURCE_REMOVE;
}

/* The first alone: the others have their turn after it. */
void
ec_moq_inbox_wake_waiters (EcMoqInbox *self)
{
  Waiter *waiter = g_queue_peek_head (&self->waiters);

  if (!waiter || waiter->wakeup)
    return;
  waiter->wakeup = g_idle_source_new ();
  g_source_set_priority (waiter->wakeup, g_task_get_priority (waiter->task));
  g_source_set_static_name (waiter->wakeup, "ec-moq-inbox");
  g_source_set_callback (waiter->wakeup, on_wakeup, waiter, NULL);
  g_source_attach (waiter->wakeup, g_task_get_context (waiter->task));
}

void
ec_moq_inbox_read_async (EcMoqInbox *self, GTask *task)
{
  Waiter *waiter = g_new0 (Waiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  waiter->inbox = ec_moq_inbox_ref (self);
  waiter->task = task;
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->waiters, waiter);
  if (cancellable) {
    waiter->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_task_cancelled), waiter, NULL);
    g_source_attach (waiter->cancelled, g_task_get_context (task));
  }
  ec_moq_inbox_wake_waiters (self);
  g_mutex_unlock (&self->mutex);
}
