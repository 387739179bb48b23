/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-core-private.h"

#include "base/ec-error.h"

/*
 * Who waits for a source to open or to have something to read: threads, on the condition, and
 * tasks, in their own main contexts. The worker only ever attaches a GSource for a task; the task
 * is completed and released in its own context.
 */
typedef struct {
  EcSourceCore *core; /* owned */
  GTask *task;        /* owned */
  gboolean reads;     /* else it waits for the source to open */
  GSource *wakeup;    /* attached to the task's context, or NULL; under the mutex */
  GSource *cancelled; /* watches the task's cancellable, or NULL */
} EcSourceWaiter;

void
ec_source_block_free (EcSourceBlock *block)
{
  g_clear_pointer (&block->bytes, g_bytes_unref);
  g_free (block);
}

/* --- Looking once ------------------------------------------------------------------------ */

gboolean
ec_source_core_poll_open_locked (EcSourceCore *core, GError **error)
{
  switch (core->state) {
  case EC_SOURCE_STATE_IDLE:
  case EC_SOURCE_STATE_OPENING:
    return FALSE;
  case EC_SOURCE_STATE_FAILED:
    /* One that broke right after it was open is told by reading. */
    if (!core->was_open)
      g_propagate_error (error, g_error_copy (core->error));
    return TRUE;
  case EC_SOURCE_STATE_CLOSED:
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_CLOSED, "%s was closed.", core->title);
    return TRUE;
  case EC_SOURCE_STATE_STREAMING:
  case EC_SOURCE_STATE_STALLED:
  case EC_SOURCE_STATE_RECONNECTING:
  case EC_SOURCE_STATE_ENDED:
    return TRUE;
  }
  g_assert_not_reached ();
}

gboolean
ec_source_core_poll_read_locked (EcSourceCore *core,
                                 GBytes **bytes,
                                 gboolean *discontinuity,
                                 GError **error)
{
  *discontinuity = FALSE;
  *bytes = ec_source_queue_pop (&core->queue, discontinuity);
  if (*bytes) {
    /* A finite source's worker may wait for room. */
    g_cond_broadcast (&core->cond);
    return TRUE;
  }

  switch (core->state) {
  case EC_SOURCE_STATE_IDLE:
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED,
                 "%s is not open: open a source before reading from it.", core->title);
    return TRUE;
  case EC_SOURCE_STATE_FAILED:
    g_propagate_error (error, g_error_copy (core->error));
    return TRUE;
  case EC_SOURCE_STATE_CLOSED:
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_CLOSED, "%s was closed.", core->title);
    return TRUE;
  case EC_SOURCE_STATE_ENDED:
    return TRUE;
  case EC_SOURCE_STATE_OPENING:
  case EC_SOURCE_STATE_STREAMING:
  case EC_SOURCE_STATE_STALLED:
  case EC_SOURCE_STATE_RECONNECTING:
    return FALSE;
  }
  g_assert_not_reached ();
}

/* --- Threads that wait ------------------------------------------------------------------- */

static void
on_cancelled_wake (GCancellable *cancellable, gpointer user_data)
{
  EcSourceCore *core = user_data;

  g_mutex_lock (&core->mutex);
  g_cond_broadcast (&core->cond);
  g_mutex_unlock (&core->mutex);
}

static gulong
connect_cancellable (EcSourceCore *core, GCancellable *cancellable)
{
  if (cancellable == NULL)
    return 0;
  return g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled_wake), core, NULL);
}

void
ec_source_core_wait_open (EcSourceCore *core, GCancellable *cancellable, GError **error)
{
  gulong id = connect_cancellable (core, cancellable);

  g_mutex_lock (&core->mutex);
  while (!g_cancellable_is_cancelled (cancellable) &&
         !ec_source_core_poll_open_locked (core, error))
    g_cond_wait (&core->cond, &core->mutex);
  g_mutex_unlock (&core->mutex);

  g_cancellable_disconnect (cancellable, id);
  if (error && *error == NULL)
    g_cancellable_set_error_if_cancelled (cancellable, error);
}

GBytes *
ec_source_core_wait_read (EcSourceCore *core,
                          gboolean *discontinuity,
                          GCancellable *cancellable,
                          GError **error)
{
  gulong id = connect_cancellable (core, cancellable);
  GBytes *bytes = NULL;

  g_mutex_lock (&core->mutex);
  for (;;) {
    if (g_cancellable_set_error_if_cancelled (cancellable, error))
      break;
    if (ec_source_core_poll_read_locked (core, &bytes, discontinuity, error))
      break;
    g_cond_wait (&core->cond, &core->mutex);
  }
  g_mutex_unlock (&core->mutex);

  g_cancellable_disconnect (cancellable, id);
  return bytes;
}

/* --- Tasks that wait --------------------------------------------------------------------- */

static void
waiter_free (EcSourceWaiter *waiter)
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
  ec_source_core_unref (waiter->core);
  g_free (waiter);
}

/* Under the mutex: is this the reader whose turn it is? */
static gboolean
has_turn (EcSourceWaiter *waiter)
{
  for (GList *l = waiter->core->waiters.head; l; l = l->next) {
    EcSourceWaiter *other = l->data;

    if (other->reads == waiter->reads)
      return other == waiter;
  }
  return FALSE;
}

/* In the task's context: completes the task if there is something to complete it with. */
static void
look (EcSourceWaiter *waiter)
{
  EcSourceCore *core = waiter->core;
  g_autoptr (GError) error = NULL;
  EcSourceBlock block = { 0 };
  gboolean done = FALSE;

  g_mutex_lock (&core->mutex);
  if (g_cancellable_set_error_if_cancelled (g_task_get_cancellable (waiter->task), &error))
    done = TRUE;
  else if (waiter->reads)
    done = has_turn (waiter) &&
           ec_source_core_poll_read_locked (core, &block.bytes, &block.discontinuity, &error);
  else
    done = ec_source_core_poll_open_locked (core, &error);
  if (done) {
    g_queue_remove (&core->waiters, waiter);
    ec_source_core_wake_waiters (core);
  }
  g_mutex_unlock (&core->mutex);

  if (!done)
    return;

  if (error)
    g_task_return_error (waiter->task, g_steal_pointer (&error));
  else if (waiter->reads)
    g_task_return_pointer (waiter->task, g_memdup2 (&block, sizeof block),
                           (GDestroyNotify) ec_source_block_free);
  else
    g_task_return_boolean (waiter->task, TRUE);
  waiter_free (waiter);
}

static gboolean
on_wakeup (gpointer user_data)
{
  EcSourceWaiter *waiter = user_data;
  g_autoptr (GSource) wakeup = NULL;

  g_mutex_lock (&waiter->core->mutex);
  wakeup = g_steal_pointer (&waiter->wakeup);
  g_mutex_unlock (&waiter->core->mutex);

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
wake_waiter (EcSourceWaiter *waiter)
{
  if (waiter->wakeup)
    return;
  waiter->wakeup = g_idle_source_new ();
  g_source_set_priority (waiter->wakeup, g_task_get_priority (waiter->task));
  g_source_set_static_name (waiter->wakeup, "ec-source-waiter");
  g_source_set_callback (waiter->wakeup, on_wakeup, waiter, NULL);
  g_source_attach (waiter->wakeup, g_task_get_context (waiter->task));
}

void
ec_source_core_wake_waiters (EcSourceCore *core)
{
  for (GList *l = core->waiters.head; l; l = l->next)
    wake_waiter (l->data);
}

/*
 * The thread that asks need not be the one that runs the task's context: it only attaches, under the
 * mutex, and leaves looking to the context.
 */
static void
add_waiter (EcSourceCore *core, GTask *task, gboolean reads)
{
  EcSourceWaiter *waiter = g_new0 (EcSourceWaiter, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);

  waiter->core = ec_source_core_ref (core);
  waiter->task = task;
  waiter->reads = reads;
  if (cancellable) {
    waiter->cancelled = g_cancellable_source_new (cancellable);
    g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (on_task_cancelled), waiter, NULL);
  }

  g_mutex_lock (&core->mutex);
  g_queue_push_tail (&core->waiters, waiter);
  if (waiter->cancelled)
    g_source_attach (waiter->cancelled, g_task_get_context (task));
  wake_waiter (waiter);
  g_mutex_unlock (&core->mutex);
}

void
ec_source_core_complete_open (EcSourceCore *core, GTask *task)
{
  add_waiter (core, task, FALSE);
}

void
ec_source_core_complete_read (EcSourceCore *core, GTask *task)
{
  add_waiter (core, task, TRUE);
}
