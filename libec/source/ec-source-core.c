/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-core-private.h"

#include "base/ec-error.h"
#include "source/ec-source-sniff.h"

#define QUEUE_LIMIT (8 * 1024 * 1024)
#define BLOCK_LIMIT (1024 * 1024)
#define STALL_TIMEOUT 5000 /* ms */

static const char *const state_names[] = {
  [EC_SOURCE_STATE_IDLE] = "idle",
  [EC_SOURCE_STATE_OPENING] = "opening",
  [EC_SOURCE_STATE_STREAMING] = "streaming",
  [EC_SOURCE_STATE_STALLED] = "stalled",
  [EC_SOURCE_STATE_RECONNECTING] = "reconnecting",
  [EC_SOURCE_STATE_ENDED] = "ended",
  [EC_SOURCE_STATE_FAILED] = "failed",
  [EC_SOURCE_STATE_CLOSED] = "closed",
};

#define TO(s) (1u << EC_SOURCE_STATE_##s)

/* From each state, the states that may follow. */
static const guint edges[] = {
  [EC_SOURCE_STATE_IDLE] = TO (OPENING) | TO (CLOSED),
  [EC_SOURCE_STATE_OPENING] = TO (STREAMING) | TO (FAILED) | TO (CLOSED),
  [EC_SOURCE_STATE_STREAMING] =
      TO (STALLED) | TO (RECONNECTING) | TO (ENDED) | TO (FAILED) | TO (CLOSED),
  [EC_SOURCE_STATE_STALLED] =
      TO (STREAMING) | TO (RECONNECTING) | TO (ENDED) | TO (FAILED) | TO (CLOSED),
  [EC_SOURCE_STATE_RECONNECTING] = TO (STREAMING) | TO (FAILED) | TO (CLOSED),
  [EC_SOURCE_STATE_ENDED] = TO (CLOSED),
  [EC_SOURCE_STATE_FAILED] = TO (CLOSED),
  [EC_SOURCE_STATE_CLOSED] = 0,
};

EcSourceCore *
ec_source_core_new (GObject *owner, EcSourceNewsFunc func, const char *uri)
{
  EcSourceCore *core = g_new0 (EcSourceCore, 1);

  g_assert (uri != NULL);

  g_atomic_ref_count_init (&core->ref_count);
  core->uri = g_strdup (uri);
  core->context = g_main_context_ref_thread_default ();
  core->func = func;
  g_weak_ref_init (&core->owner, owner);
  core->cancellable = g_cancellable_new ();
  g_mutex_init (&core->mutex);
  g_cond_init (&core->cond);
  core->title = g_strdup (uri);
  core->device_name = g_strdup ("source");
  core->channel_name = g_strdup ("stream");
  core->stall_timeout = STALL_TIMEOUT;
  ec_source_queue_init (&core->queue, QUEUE_LIMIT);
  ec_waiters_init (&core->openers, &ec_source_core_openers, core, &core->mutex, &core->cond);
  ec_waiters_init (&core->readers, &ec_source_core_readers, core, &core->mutex, &core->cond);
  return core;
}

EcSourceCore *
ec_source_core_ref (EcSourceCore *core)
{
  g_atomic_ref_count_inc (&core->ref_count);
  return core;
}

void
ec_source_core_unref (EcSourceCore *core)
{
  if (!g_atomic_ref_count_dec (&core->ref_count))
    return;

  ec_waiters_clear (&core->openers);
  ec_waiters_clear (&core->readers);
  if (core->backend && core->backend->free)
    core->backend->free (core->data);
  ec_source_queue_clear (&core->queue);
  g_clear_pointer (&core->head, g_byte_array_unref);
  g_clear_error (&core->error);
  g_free (core->title);
  g_free (core->device_name);
  g_free (core->channel_name);
  g_cond_clear (&core->cond);
  g_mutex_clear (&core->mutex);
  g_object_unref (core->cancellable);
  g_weak_ref_clear (&core->owner);
  g_main_context_unref (core->context);
  g_free (core->uri);
  g_free (core);
}

void
ec_source_core_set_backend (EcSourceCore *core, const EcSourceBackend *backend, gpointer data)
{
  g_assert (core->backend == NULL);
  core->backend = backend;
  core->data = data;
}

/* --- News -------------------------------------------------------------------------------- */

static gboolean
tell (gpointer user_data)
{
  EcSourceCore *core = user_data;
  g_autoptr (GObject) owner = NULL;
  EcSourceNews news;

  g_mutex_lock (&core->mutex);
  news = core->news;
  core->news = 0;
  core->telling = FALSE;
  g_mutex_unlock (&core->mutex);

  owner = g_weak_ref_get (&core->owner);
  if (owner && news)
    core->func (owner, news);
  return G_SOURCE_REMOVE;
}

static void
post_news (EcSourceCore *core, EcSourceNews news)
{
  g_autoptr (GSource) source = NULL;

  core->news |= news;
  if (core->telling)
    return;

  core->telling = TRUE;
  source = g_idle_source_new ();
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "ec-source-news");
  g_source_set_callback (source, tell, ec_source_core_ref (core),
                         (GDestroyNotify) ec_source_core_unref);
  g_source_attach (source, core->context);
}

void
ec_source_core_wake (EcSourceCore *core)
{
  g_cond_broadcast (&core->cond);
  ec_waiters_wake (&core->openers);
  ec_waiters_wake (&core->readers);
}

void
ec_source_core_change_state (EcSourceCore *core, EcSourceState state)
{
  if (core->state == state)
    return;

  g_assert (edges[core->state] & (1u << state));
  g_debug ("%s: %s → %s", core->uri, state_names[core->state], state_names[state]);
  core->state = state;
  post_news (core, EC_SOURCE_NEWS_STATE);
  ec_source_core_wake (core);
}

void
ec_source_core_take_error (EcSourceCore *core, GError *error)
{
  if (core->error == NULL && error == NULL)
    return;
  g_clear_error (&core->error);
  core->error = error;
  post_news (core, EC_SOURCE_NEWS_ERROR);
}

/* --- What backends tell ------------------------------------------------------------------ */

const char *
ec_source_core_get_uri (EcSourceCore *core)
{
  return core->uri;
}

static gboolean
replace_name (char **name, const char *value)
{
  if (value == NULL || g_strcmp0 (*name, value) == 0)
    return FALSE;
  g_free (*name);
  *name = g_utf8_make_valid (*value ? value : "-", -1);
  return TRUE;
}

void
ec_source_core_set_names (EcSourceCore *core,
                          const char *title,
                          const char *device_name,
                          const char *channel_name)
{
  gboolean changed = FALSE;

  g_mutex_lock (&core->mutex);
  changed |= replace_name (&core->title, title);
  changed |= replace_name (&core->device_name, device_name);
  changed |= replace_name (&core->channel_name, channel_name);
  if (changed)
    post_news (core, EC_SOURCE_NEWS_NAMES);
  g_mutex_unlock (&core->mutex);
}

void
ec_source_core_set_live (EcSourceCore *core, gboolean live)
{
  g_mutex_lock (&core->mutex);
  if (core->live != live) {
    core->live = live;
    post_news (core, EC_SOURCE_NEWS_LIVE);
  }
  g_mutex_unlock (&core->mutex);
}

void
ec_source_core_set_extent (EcSourceCore *core, EcSourceExtent extent)
{
  g_mutex_lock (&core->mutex);
  if (core->extent != extent) {
    core->extent = extent;
    post_news (core, EC_SOURCE_NEWS_EXTENT);
  }
  g_mutex_unlock (&core->mutex);
}

void
ec_source_core_set_program_number (EcSourceCore *core, guint program_number)
{
  g_mutex_lock (&core->mutex);
  if (core->program_number != program_number) {
    core->program_number = program_number;
    post_news (core, EC_SOURCE_NEWS_PROGRAM);
  }
  g_mutex_unlock (&core->mutex);
}

/* Under the mutex. */
static void
become_open (EcSourceCore *core)
{
  if (core->state != EC_SOURCE_STATE_OPENING && core->state != EC_SOURCE_STATE_RECONNECTING)
    return;
  core->was_open = TRUE;
  core->quiet_since = g_get_monotonic_time ();
  ec_source_core_take_error (core, NULL);
  ec_source_core_change_state (core, EC_SOURCE_STATE_STREAMING);
}

void
ec_source_core_opened (EcSourceCore *core)
{
  g_mutex_lock (&core->mutex);
  become_open (core);
  g_mutex_unlock (&core->mutex);
}

/* Holds the first bytes back until they are known for what they are. Takes `bytes`. */
static gboolean
recognise (EcSourceCore *core, GBytes **bytes, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (*bytes, &size);
  EcSniff sniff;

  if (core->head == NULL && ec_sniff_ts (data, size) == EC_SNIFF_TS) {
    core->recognised = TRUE;
    return TRUE;
  }

  if (core->head == NULL)
    core->head = g_byte_array_new ();
  g_byte_array_append (core->head, data, size);
  g_clear_pointer (bytes, g_bytes_unref);

  sniff = ec_sniff_ts (core->head->data, core->head->len);
  if (sniff == EC_SNIFF_MORE)
    return TRUE;
  if (sniff == EC_SNIFF_NOT_TS) {
    ec_sniff_set_error (core->head->data, core->head->len, core->title, error);
    return FALSE;
  }

  core->recognised = TRUE;
  *bytes = g_byte_array_free_to_bytes (g_steal_pointer (&core->head));
  return TRUE;
}

gboolean
ec_source_core_finish_head (EcSourceCore *core, GError **error)
{
  g_autoptr (GByteArray) head = g_steal_pointer (&core->head);

  if (head == NULL)
    return TRUE;
  if (head->data[0] != 0x47) {
    ec_sniff_set_error (head->data, head->len, core->title, error);
    return FALSE;
  }

  ec_source_queue_push (&core->queue, g_byte_array_free_to_bytes (g_steal_pointer (&head)));
  return TRUE;
}

static void
note_arrival (EcSourceCore *core)
{
  core->quiet_since = g_get_monotonic_time ();
  if (core->flowing_since == 0)
    core->flowing_since = core->quiet_since;
  if (core->state == EC_SOURCE_STATE_STALLED) {
    ec_source_core_take_error (core, NULL);
    ec_source_core_change_state (core, EC_SOURCE_STATE_STREAMING);
  }
}

/* Readers are promised blocks of a bounded size. */
static void
queue_in_blocks (EcSourceCore *core, GBytes *bytes)
{
  gsize size = g_bytes_get_size (bytes);

  for (gsize at = 0; at < size; at += BLOCK_LIMIT)
    ec_source_queue_push (&core->queue,
                          g_bytes_new_from_bytes (bytes, at, MIN (size - at, BLOCK_LIMIT)));
}

gboolean
ec_source_core_push (EcSourceCore *core, GBytes *taken, GError **error)
{
  g_autoptr (GBytes) bytes = taken;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->mutex);

  if (g_bytes_get_size (bytes) == 0)
    return !g_cancellable_set_error_if_cancelled (core->cancellable, error);

  note_arrival (core);
  if (!core->recognised && !recognise (core, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return TRUE;

  become_open (core);
  if (core->live)
    ec_source_queue_make_room (&core->queue);
  while (ec_source_queue_is_full (&core->queue) && core->state != EC_SOURCE_STATE_CLOSED)
    g_cond_wait (&core->cond, &core->mutex);
  if (core->state == EC_SOURCE_STATE_CLOSED) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The source was closed.");
    return FALSE;
  }

  queue_in_blocks (core, bytes);
  ec_source_core_wake (core);
  return TRUE;
}

void
ec_source_core_lost (EcSourceCore *core)
{
  g_mutex_lock (&core->mutex);
  ec_source_queue_mark_lost (&core->queue);
  g_mutex_unlock (&core->mutex);
}

guint
ec_source_core_quiet_left (EcSourceCore *core)
{
  gint64 elapsed, left;
  gint64 half;

  g_mutex_lock (&core->mutex);
  elapsed = (g_get_monotonic_time () - core->quiet_since) / 1000;
  half = core->stall_timeout / 2;
  left = elapsed < half ? half - elapsed : (gint64) core->stall_timeout - elapsed;
  g_mutex_unlock (&core->mutex);
  return (guint) MAX (left, 1);
}

gboolean
ec_source_core_quiet (EcSourceCore *core, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->mutex);
  gint64 elapsed = (g_get_monotonic_time () - core->quiet_since) / 1000;

  if (elapsed >= core->stall_timeout) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_STALLED,
                 "No data came from %s for %.1f seconds. The channel may be off the air, or the "
                 "network is down.",
                 core->title, core->stall_timeout / 1000.0);
    return FALSE;
  }
  if (elapsed >= core->stall_timeout / 2 && core->state == EC_SOURCE_STATE_STREAMING)
    ec_source_core_change_state (core, EC_SOURCE_STATE_STALLED);
  return TRUE;
}

void
ec_source_core_quiet_reset (EcSourceCore *core)
{
  g_mutex_lock (&core->mutex);
  core->quiet_since = g_get_monotonic_time ();
  g_mutex_unlock (&core->mutex);
}

/* --- What the GObject asks --------------------------------------------------------------- */

#define GETTER(type, field)                                                                        \
  type ec_source_core_get_##field (EcSourceCore *core)                                             \
  {                                                                                                \
    type value;                                                                                    \
                                                                                                   \
    g_mutex_lock (&core->mutex);                                                                   \
    value = core->field;                                                                           \
    g_mutex_unlock (&core->mutex);                                                                 \
    return value;                                                                                  \
  }

#define DUPLICATOR(field)                                                                          \
  char *ec_source_core_dup_##field (EcSourceCore *core)                                            \
  {                                                                                                \
    char *value;                                                                                   \
                                                                                                   \
    g_mutex_lock (&core->mutex);                                                                   \
    value = g_strdup (core->field);                                                                \
    g_mutex_unlock (&core->mutex);                                                                 \
    return value;                                                                                  \
  }

GETTER (EcSourceState, state)
GETTER (EcSourceExtent, extent)
GETTER (gboolean, live)
GETTER (guint, program_number)
GETTER (guint, stall_timeout)
DUPLICATOR (title)
DUPLICATOR (device_name)
DUPLICATOR (channel_name)

GError *
ec_source_core_dup_error (EcSourceCore *core)
{
  GError *error;

  g_mutex_lock (&core->mutex);
  error = core->error ? g_error_copy (core->error) : NULL;
  g_mutex_unlock (&core->mutex);
  return error;
}

void
ec_source_core_set_stall_timeout (EcSourceCore *core, guint milliseconds)
{
  g_mutex_lock (&core->mutex);
  core->stall_timeout = MAX (milliseconds, 2);
  g_mutex_unlock (&core->mutex);
}

gboolean
ec_source_core_start (EcSourceCore *core, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&core->mutex);
  g_autoptr (GThread) thread = NULL;

  g_assert (core->backend != NULL);

  if (core->state == EC_SOURCE_STATE_CLOSED) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_CLOSED, "%s was closed.", core->title);
    return FALSE;
  }
  if (core->state != EC_SOURCE_STATE_IDLE) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED,
                 "%s was opened before. A source opens once; make another one.", core->title);
    return FALSE;
  }

  thread = g_thread_try_new ("ec-source", ec_source_core_work, core, error);
  if (thread == NULL)
    return FALSE;
  ec_source_core_ref (core);
  ec_source_core_change_state (core, EC_SOURCE_STATE_OPENING);
  return TRUE;
}

void
ec_source_core_close (EcSourceCore *core)
{
  g_mutex_lock (&core->mutex);
  if (core->state != EC_SOURCE_STATE_CLOSED)
    ec_source_core_change_state (core, EC_SOURCE_STATE_CLOSED);
  ec_source_queue_clear (&core->queue);
  g_mutex_unlock (&core->mutex);

  /* Not under the mutex: what is connected to it takes locks of its own. */
  g_cancellable_cancel (core->cancellable);

  g_mutex_lock (&core->mutex);
  ec_source_core_wake (core);
  g_mutex_unlock (&core->mutex);
}
