/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-reply.h"

struct _EcMoqReply {
  gatomicrefcount refs;
  GMutex mutex;
  GCond cond;
  /* under the mutex */
  gboolean finished;
  GError *error;
  GTask *task; /* owned, until it is finished */
  GSource *cancelled;
};

/* What a task is returned with, in its context. */
typedef struct {
  GTask *task;
  GError *error;
  GSource *cancelled;
} Return;

EcMoqReply *
ec_moq_reply_new (void)
{
  EcMoqReply *self = g_new0 (EcMoqReply, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  return self;
}

EcMoqReply *
ec_moq_reply_ref (EcMoqReply *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_moq_reply_unref (EcMoqReply *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_assert (!self->task);
  g_clear_error (&self->error);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  ec_moq_reply_finish (data,
                       g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "It was cancelled."));
  return G_SOURCE_REMOVE;
}

static gboolean
do_return (gpointer data)
{
  Return *work = data;
  GObject *result = g_task_get_task_data (work->task);

  if (work->error)
    g_task_return_error (work->task, g_steal_pointer (&work->error));
  else if (result)
    g_task_return_pointer (work->task, g_object_ref (result), g_object_unref);
  else
    g_task_return_boolean (work->task, TRUE);
  return G_SOURCE_REMOVE;
}

static void
return_free (gpointer data)
{
  Return *work = data;

  if (work->cancelled) {
    g_source_destroy (work->cancelled);
    g_source_unref (work->cancelled);
  }
  g_clear_error (&work->error);
  g_object_unref (work->task);
  g_free (work);
}

/* Takes all. */
static void
return_task (GTask *task, GSource *cancelled, GError *error)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  Return *work = g_new0 (Return, 1);

  work->task = task;
  work->cancelled = cancelled;
  work->error = error;
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_static_name (source, "ec-moq-reply");
  g_source_set_callback (source, do_return, work, return_free);
  g_source_attach (source, g_task_get_context (task));
}

void
ec_moq_reply_finish (EcMoqReply *self, GError *error)
{
  GSource *cancelled = NULL;
  GTask *task;

  g_mutex_lock (&self->mutex);
  if (self->finished) {
    g_mutex_unlock (&self->mutex);
    g_clear_error (&error);
    return;
  }
  self->finished = TRUE;
  task = g_steal_pointer (&self->task);
  if (task) {
    cancelled = g_steal_pointer (&self->cancelled);
  } else {
    self->error = error;
    g_cond_broadcast (&self->cond);
  }
  g_mutex_unlock (&self->mutex);
  if (task)
    return_task (task, cancelled, error);
}

void
ec_moq_reply_set_task (EcMoqReply *self, GTask *task, GObject *result)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;
  gboolean finished;

  if (result)
    g_task_set_task_data (task, result, g_object_unref);
  g_mutex_lock (&self->mutex);
  finished = self->finished;
  if (finished) {
    error = g_steal_pointer (&self->error);
  } else {
    self->task = task;
    if (cancellable) {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), ec_moq_reply_ref (self),
                             (GDestroyNotify) ec_moq_reply_unref);
      g_source_attach (self->cancelled, g_task_get_context (task));
    }
  }
  g_mutex_unlock (&self->mutex);
  if (finished)
    return_task (task, NULL, error);
}

EcMoqReply *
ec_moq_reply_new_for_task (GTask *task, GObject *result)
{
  EcMoqReply *self = ec_moq_reply_new ();

  ec_moq_reply_set_task (self, task, result);
  return self;
}

static void
on_wait_cancelled (GCancellable *cancellable, gpointer data)
{
  EcMoqReply *self = data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

gboolean
ec_moq_reply_wait (EcMoqReply *self, GCancellable *cancellable, GError **error)
{
  gulong id = cancellable
                  ? g_cancellable_connect (cancellable, G_CALLBACK (on_wait_cancelled), self, NULL)
                  : 0;
  gboolean ok = FALSE;

  g_mutex_lock (&self->mutex);
  while (!self->finished && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->cond, &self->mutex);
  /* Also where the answer was quicker: who comes with what is cancelled already is told so each time. */
  if (!self->finished || g_cancellable_is_cancelled (cancellable)) {
    self->finished = TRUE;
    g_clear_error (&self->error);
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "It was cancelled.");
  } else if (self->error) {
    g_propagate_error (error, g_steal_pointer (&self->error));
  } else {
    ok = TRUE;
  }
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, id);
  return ok;
}
