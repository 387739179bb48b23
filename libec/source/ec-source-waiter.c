/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-core-private.h"

#include "base/ec-error.h"

/* Who waits for a source to open or to have something to read: see EcWaiters. */

void
ec_source_block_free (EcSourceBlock *block)
{
  g_clear_pointer (&block->bytes, g_bytes_unref);
  g_free (block);
}

/* --- Looking once ------------------------------------------------------------------------ */

static gboolean
poll_open (gpointer owner, gpointer *result, GError **error)
{
  EcSourceCore *core = owner;

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

static gpointer
block_new (GBytes *bytes, gboolean discontinuity)
{
  EcSourceBlock *block = g_new (EcSourceBlock, 1);

  *block = (EcSourceBlock){ bytes, discontinuity };
  return block;
}

static gboolean
poll_read (gpointer owner, gpointer *result, GError **error)
{
  EcSourceCore *core = owner;
  gboolean discontinuity = FALSE;
  GBytes *bytes = ec_source_queue_pop (&core->queue, &discontinuity);

  if (bytes) {
    /* A finite source's worker may wait for room. */
    g_cond_broadcast (&core->cond);
    *result = block_new (bytes, discontinuity);
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
    *result = block_new (NULL, FALSE);
    return TRUE;
  case EC_SOURCE_STATE_OPENING:
  case EC_SOURCE_STATE_STREAMING:
  case EC_SOURCE_STATE_STALLED:
  case EC_SOURCE_STATE_RECONNECTING:
    return FALSE;
  }
  g_assert_not_reached ();
}

/* --- Waiting ----------------------------------------------------------------------------- */

static void
complete_open (gpointer owner, GTask *task, gpointer result)
{
  g_task_return_boolean (task, TRUE);
}

static void
complete_read (gpointer owner, GTask *task, gpointer result)
{
  g_task_return_pointer (task, result, (GDestroyNotify) ec_source_block_free);
}

const EcWaitersKind ec_source_core_openers = {
  .name = "ec-source-opener",
  .in_turns = FALSE,
  .poll = poll_open,
  .complete = complete_open,
  .ref = (gpointer (*) (gpointer)) ec_source_core_ref,
  .unref = (GDestroyNotify) ec_source_core_unref,
};

const EcWaitersKind ec_source_core_readers = {
  .name = "ec-source-reader",
  .in_turns = TRUE,
  .poll = poll_read,
  .complete = complete_read,
  .ref = (gpointer (*) (gpointer)) ec_source_core_ref,
  .unref = (GDestroyNotify) ec_source_core_unref,
};

void
ec_source_core_wait_open (EcSourceCore *core, GCancellable *cancellable, GError **error)
{
  ec_waiters_wait (&core->openers, G_MAXINT64, cancellable, error);
  if (error && *error == NULL)
    g_cancellable_set_error_if_cancelled (cancellable, error);
}

GBytes *
ec_source_core_wait_read (EcSourceCore *core,
                          gboolean *discontinuity,
                          GCancellable *cancellable,
                          GError **error)
{
  EcSourceBlock *block = ec_waiters_wait (&core->readers, G_MAXINT64, cancellable, error);
  GBytes *bytes;

  *discontinuity = FALSE;
  if (block == NULL)
    return NULL;

  *discontinuity = block->discontinuity;
  bytes = g_steal_pointer (&block->bytes);
  ec_source_block_free (block);
  return bytes;
}

void
ec_source_core_complete_open (EcSourceCore *core, GTask *task)
{
  ec_waiters_add (&core->openers, task);
}

void
ec_source_core_complete_read (EcSourceCore *core, GTask *task)
{
  ec_waiters_add (&core->readers, task);
}
