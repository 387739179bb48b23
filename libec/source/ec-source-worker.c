/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-core-private.h"

#include "base/ec-error.h"

/* A connection that carried bytes for so long counts as good: the back-off starts anew. */
#define GOOD_TIME (10 * G_USEC_PER_SEC)

/* Waits before each further attempt to reconnect, ms; the last one repeats. */
static const guint back_off[] = { 500, 1000, 2000, 4000, 8000, 10000 };

/* Errors that another attempt cannot mend. */
static gboolean
is_permanent (const GError *error)
{
  return g_error_matches (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI) ||
         g_error_matches (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_UNKNOWN_CHANNEL) ||
         g_error_matches (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_PROTECTED) ||
         g_error_matches (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_TS);
}

/* Under the mutex; FALSE when the source was closed meanwhile. */
static gboolean
wait_to_retry (EcSourceCore *core, guint milliseconds)
{
  gint64 until = g_get_monotonic_time () + (gint64) milliseconds * 1000;

  while (core->state != EC_SOURCE_STATE_CLOSED) {
    if (!g_cond_wait_until (&core->cond, &core->mutex, until))
      break;
  }
  return core->state != EC_SOURCE_STATE_CLOSED;
}

/* Under the mutex: takes `error`; TRUE: try again. */
static gboolean
on_lost (EcSourceCore *core, GError *error, guint *attempt)
{
  guint wait;

  g_debug ("%s: %s", core->uri, error->message);
  if (core->state == EC_SOURCE_STATE_OPENING || !core->live || is_permanent (error)) {
    ec_source_core_take_error (core, error);
    ec_source_core_change_state (core, EC_SOURCE_STATE_FAILED);
    return FALSE;
  }

  if (core->flowing_since && g_get_monotonic_time () - core->flowing_since >= GOOD_TIME)
    *attempt = 0;
  wait = back_off[MIN (*attempt, G_N_ELEMENTS (back_off) - 1)];
  *attempt += 1;

  if (core->state == EC_SOURCE_STATE_STREAMING &&
      g_error_matches (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_STALLED))
    ec_source_core_change_state (core, EC_SOURCE_STATE_STALLED);
  ec_source_core_take_error (core, error);
  ec_source_core_change_state (core, EC_SOURCE_STATE_RECONNECTING);
  ec_source_queue_mark_lost (&core->queue);
  g_clear_pointer (&core->head, g_byte_array_unref);
  return wait_to_retry (core, wait);
}

/* Under the mutex: the session returned; TRUE: start another. Takes `error`. */
static gboolean
on_session_over (EcSourceCore *core, gboolean finished, GError *error, guint *attempt)
{
  if (core->state == EC_SOURCE_STATE_CLOSED) {
    g_clear_error (&error);
    return FALSE;
  }

  if (finished && !ec_source_core_finish_head (core, &error))
    finished = FALSE;
  if (!finished)
    return on_lost (core, error, attempt);

  core->was_open = TRUE;
  /* Nothing may have come before the end. */
  if (core->state == EC_SOURCE_STATE_OPENING || core->state == EC_SOURCE_STATE_RECONNECTING)
    ec_source_core_change_state (core, EC_SOURCE_STATE_STREAMING);
  ec_source_core_change_state (core, EC_SOURCE_STATE_ENDED);
  return FALSE;
}

gpointer
ec_source_core_work (gpointer user_data)
{
  g_autoptr (EcSourceCore) core = user_data;
  guint attempt = 0;
  gboolean again;

  do {
    GError *error = NULL;
    gboolean finished;

    g_mutex_lock (&core->mutex);
    core->quiet_since = g_get_monotonic_time ();
    core->flowing_since = 0;
    g_mutex_unlock (&core->mutex);

    finished = core->backend->session (core, core->data, core->cancellable, &error);
    g_assert (finished || error != NULL);

    g_mutex_lock (&core->mutex);
    again = on_session_over (core, finished, error, &attempt);
    g_mutex_unlock (&core->mutex);
  } while (again);

  return NULL;
}
