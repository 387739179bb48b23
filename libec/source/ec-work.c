/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-work.h"

typedef struct {
  GTask *task;
  GMainContext *context;
  GCancellable *cancellable; /* the task's */
  EcWorkRun run;
  EcWorkDone done;
  gpointer data;
  GDestroyNotify destroy;
  GError *error;
} Work;

static gboolean
finish (gpointer user_data)
{
  Work *work = user_data;

  work->done (work->task, work->data, g_steal_pointer (&work->error));
  work->destroy (work->data);
  g_object_unref (work->task);
  g_main_context_unref (work->context);
  g_free (work);
  return G_SOURCE_REMOVE;
}

static gpointer
run_work (gpointer user_data)
{
  Work *work = user_data;
  g_autoptr (GMainContext) context = g_main_context_ref (work->context);
  g_autoptr (GSource) source = g_idle_source_new ();

  work->run (work->data, work->cancellable, &work->error);

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "ec-work");
  g_source_set_callback (source, finish, work, NULL);
  g_source_attach (source, context);
  return NULL;
}

void
ec_work_start (GTask *task, EcWorkRun run, EcWorkDone done, gpointer data, GDestroyNotify destroy)
{
  Work *work = g_new0 (Work, 1);
  g_autoptr (GThread) thread = NULL;

  work->task = task;
  work->context = g_main_context_ref (g_task_get_context (task));
  work->cancellable = g_task_get_cancellable (task);
  work->run = run;
  work->done = done;
  work->data = data;
  work->destroy = destroy;

  thread = g_thread_try_new ("ec-work", run_work, work, &work->error);
  if (thread == NULL)
    finish (work);
}
