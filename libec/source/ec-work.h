/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * Work that waits, for a GTask, in a thread of its own: a pool's few threads could all be held up by
 * devices that do not answer. The thread sees plain data only; the task is completed and everything
 * released in the task's own main context.
 */

/* In the thread. */
typedef void (*EcWorkRun) (gpointer data, GCancellable *cancellable, GError **error);

/* In the task's context: returns the task's result. `error`: of the run, or NULL; taken. */
typedef void (*EcWorkDone) (GTask *task, gpointer data, GError *error);

/* Takes `task` and `data`. */
void
ec_work_start (GTask *task, EcWorkRun run, EcWorkDone done, gpointer data, GDestroyNotify destroy);
