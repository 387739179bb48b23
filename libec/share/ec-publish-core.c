/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publish-core.h"

#include <errno.h>
#include <stdio.h>

#include "base/ec-error.h"
#include "session/ec-moq-core.h"
#include "share/ec-publish-chunks.h"

#define DRAIN_TIME (1500 * 1000) /* µs, for subscribers to get what is still to be sent */
#define DRAIN_STEP (20 * 1000)
#define MAX_PACE (2 * G_USEC_PER_SEC) /* of a wait for a finite source's clock */
#define PACE_SIZE (32 * 188)
#define STATS_TIME (200 * 1000)
/* Without anything to chunk in this much of a finite source, there is no use in going on. */
#define GIVE_UP_BYTES (64 * 1024 * 1024)

struct _EcPublishCore {
  gatomicrefcount refs;
  EcSourceCore *source; /* owned */
  EcIdentity *identity; /* owned; let go of in its maker's context */
  GPtrArray *relays;    /* owned */
  EcMoqNews *news;      /* owned */
  guint program_number;
  char *name;
  gboolean broadcast_scope, pace;
  char **listen;
  char *certificate_file, *key_file, *times_file;
  EcMoqOrigin *origin; /* owned: what is offered to those who dial us */
  GCancellable *stopped;

  GMutex mutex;
  /* under the mutex */
  EcPublishState state;
  GError *error;
  EcPublishBroadcast *source_broadcast; /* owned, nullable */
  EcPublishBroadcast *broadcast;        /* owned, nullable */
  guint64 bytes_out;                    /* of those that have ended */
  EcPublishChunksStats chunks_stats;
  gboolean contested;
  char **addresses;
  EcMoqListener *listener; /* NULL: none */
  guint n_sessions;

  /* the thread's */
  EcPublishChunks *chunks;
  FILE *times;
  gint64 captured_us; /* real time, when the bytes came that are being cut */
  gint64 paced_from;  /* monotonic; 0: not yet */
  gint64 paced_elapsed, last_elapsed;
  gint64 told_us;
};

EcPublishCore *
ec_publish_core_ref (EcPublishCore *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static gboolean
do_nothing (gpointer data)
{
  return G_SOURCE_REMOVE;
}

/* Objects are never let go of in threads of ours (DESIGN §8). */
static void
unref_in_context (GMainContext *context, gpointer object)
{
  g_autoptr (GSource) idle = g_idle_source_new ();

  g_source_set_callback (idle, do_nothing, object, g_object_unref);
  g_source_attach (idle, context);
}

void
ec_publish_core_unref (EcPublishCore *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_assert (!self->chunks && !self->listener);
  unref_in_context (ec_moq_news_get_context (self->news), self->identity);
  ec_moq_news_unref (self->news);
  ec_source_core_unref (self->source);
  g_ptr_array_unref (self->relays);
  ec_moq_origin_unref (self->origin);
  g_clear_pointer (&self->source_broadcast, ec_publish_broadcast_unref);
  g_clear_pointer (&self->broadcast, ec_publish_broadcast_unref);
  g_object_unref (self->stopped);
  g_clear_error (&self->error);
  g_strfreev (self->listen);
  g_strfreev (self->addresses);
  g_free (self->name);
  g_free (self->certificate_file);
  g_free (self->key_file);
  g_free (self->times_file);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* -- What is known of it */

/* Takes `error`; the first one stays. */
static void
set_state (EcPublishCore *self, EcPublishState state, GError *error)
{
  g_mutex_lock (&self->mutex);
  g_debug ("publisher %p: %d -> %d", self, self->state, state);
  self->state = state;
  if (error && !self->error)
    self->error = g_steal_pointer (&error);
  g_mutex_unlock (&self->mutex);
  g_clear_error (&error);
  ec_moq_news_tell (self->news, EC_PUBLISH_NEWS_STATE);
}

EcPublishState
ec_publish_core_get_state (EcPublishCore *self)
{
  EcPublishState state;

  g_mutex_lock (&self->mutex);
  state = self->state;
  g_mutex_unlock (&self->mutex);
  return state;
}

GError *
ec_publish_core_dup_error (EcPublishCore *self)
{
  GError *error;

  g_mutex_lock (&self->mutex);
  error = self->error ? g_error_copy (self->error) : NULL;
  g_mutex_unlock (&self->mutex);
  return error;
}

static char *
dup_name (EcPublishCore *self, EcPublishBroadcast *const *broadcast)
{
  char *name;

  g_mutex_lock (&self->mutex);
  name = *broadcast ? g_strdup (ec_publish_broadcast_get_name (*broadcast)) : NULL;
  g_mutex_unlock (&self->mutex);
  return name;
}

char *
ec_publish_core_dup_source_name (EcPublishCore *self)
{
  return dup_name (self, &self->source_broadcast);
}

char *
ec_publish_core_dup_broadcast_name (EcPublishCore *self)
{
  return dup_name (self, &self->broadcast);
}

gboolean
ec_publish_core_is_contested (EcPublishCore *self)
{
  gboolean contested;

  g_mutex_lock (&self->mutex);
  contested = self->contested;
  g_mutex_unlock (&self->mutex);
  return contested;
}

void
ec_publish_core_get_stats (EcPublishCore *self, EcPublishStats *stats)
{
  EcPublishBroadcastStats one;
  EcPublishBroadcast *both[2];

  g_mutex_lock (&self->mutex);
  *stats = (EcPublishStats){ .n_chunks = self->chunks_stats.n_chunks,
                             .n_clean = self->chunks_stats.n_clean,
                             .n_damaged = self->chunks_stats.n_damaged,
                             .n_revoked = self->chunks_stats.n_revoked,
                             .n_parts = self->chunks_stats.n_parts,
                             .n_bytes = self->chunks_stats.n_bytes,
                             .n_reset = self->chunks_stats.n_reset,
                             .bytes_out = self->bytes_out,
                             .n_sessions = self->n_sessions };
  both[0] = self->source_broadcast;
  both[1] = self->broadcast;
  for (guint i = 0; i < G_N_ELEMENTS (both); i++) {
    if (!both[i])
      continue;
    ec_publish_broadcast_get_stats (both[i], &one);
    stats->n_subscribers += one.n_subscribers;
    stats->bytes_out += one.bytes_out;
  }
  g_mutex_unlock (&self->mutex);
}

char **
ec_publish_core_dup_addresses (EcPublishCore *self)
{
  char **addresses;

  g_mutex_lock (&self->mutex);
  addresses = self->addresses ? g_strdupv (self->addresses) : g_new0 (char *, 1);
  g_mutex_unlock (&self->mutex);
  return addresses;
}

GPtrArray *
ec_publish_core_get_certificate_hashes (EcPublishCore *self)
{
  GPtrArray *hashes;

  g_mutex_lock (&self->mutex);
  hashes =
      self->listener ? ec_moq_listener_get_certificate_hashes (self->listener) : g_ptr_array_new ();
  g_mutex_unlock (&self->mutex);
  return hashes;
}

/* -- Those who dial us */

static void
on_ready (EcMoqCore *core, gpointer user_data)
{
  ec_moq_core_release (core);
}

static void
on_session_gone (gpointer user_data)
{
  EcPublishCore *self = user_data;

  g_mutex_lock (&self->mutex);
  self->n_sessions--;
  g_mutex_unlock (&self->mutex);
  ec_moq_news_tell (self->news, EC_PUBLISH_NEWS_STATS);
  ec_publish_core_unref (self);
}

/* Once the link is over the core goes, too: it holds itself until then. */
static gboolean
on_accept (gpointer user_data, EcTransport *transport, const EcMoqtDraft *draft)
{
  EcPublishCore *self = user_data;
  g_autoptr (EcMoqCore) core = ec_moq_core_new_for_origin ("", self->origin);

  g_mutex_lock (&self->mutex);
  self->n_sessions++;
  g_mutex_unlock (&self->mutex);
  ec_moq_core_accept (core, transport, draft, on_ready, on_session_gone,
                      ec_publish_core_ref (self));
  return TRUE;
}

static gboolean
start_listening (EcPublishCore *self, GError **error)
{
  EcMoqListenerConfig config = { .listen = (const char *const *) self->listen,
                                 .certificate_file = self->certificate_file,
                                 .key_file = self->key_file,
                                 .identity = self->identity,
                                 .accept = on_accept,
                                 .user_data = self };
  EcMoqListener *listener;

  if (!self->listen || !self->listen[0])
    return TRUE;
  listener = ec_moq_listener_new (&config, error);
  if (!listener)
    return FALSE;
  g_mutex_lock (&self->mutex);
  self->listener = listener;
  self->addresses = g_strdupv ((char **) ec_moq_listener_get_addresses (listener));
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

/* -- What the chunks say */

/* In the place of `*slot`. */
static void
replace (EcPublishCore *self, EcPublishBroadcast **slot, EcPublishBroadcast *broadcast)
{
  EcPublishBroadcast *old;

  g_mutex_lock (&self->mutex);
  old = *slot;
  *slot = broadcast ? ec_publish_broadcast_ref (broadcast) : NULL;
  if (old) {
    EcPublishBroadcastStats stats;

    ec_publish_broadcast_get_stats (old, &stats);
    self->bytes_out += stats.bytes_out;
  }
  g_mutex_unlock (&self->mutex);
  if (old) {
    ec_publish_broadcast_withdraw (old, self->origin);
    ec_publish_broadcast_unref (old);
  }
  if (broadcast)
    ec_publish_broadcast_offer (broadcast, self->origin);
  ec_moq_news_tell (self->news, EC_PUBLISH_NEWS_NAMES);
}

static void
on_source (gpointer user_data, EcPublishBroadcast *broadcast)
{
  EcPublishCore *self = user_data;

  replace (self, &self->source_broadcast, broadcast);
  for (guint i = 0; i < self->relays->len; i++)
    ec_publish_relay_set_source (self->relays->pdata[i], broadcast);
}

static void
on_broadcast (gpointer user_data, EcPublishBroadcast *broadcast)
{
  EcPublishCore *self = user_data;

  replace (self, &self->broadcast, broadcast);
  for (guint i = 0; i < self->relays->len; i++)
    ec_publish_relay_set_broadcast (self->relays->pdata[i], broadcast);
}

static void
on_hash (gpointer user_data, gint64 index, const guint8 *hash, gboolean clean)
{
  EcPublishCore *self = user_data;

  for (guint i = 0; i < self->relays->len; i++)
    ec_publish_relay_add_hash (self->relays->pdata[i], index, hash, clean);
}

static void
on_part (gpointer user_data, gint64 index, guint64 id, gsize size)
{
  EcPublishCore *self = user_data;

  if (self->times)
    fprintf (self->times,
             "%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GSIZE_FORMAT
             "\n",
             index, id, self->captured_us, size);
}

static void
on_changed (gpointer user_data)
{
  EcPublishCore *self = user_data;

  if (self->times)
    fflush (self->times);
}

static const EcPublishChunksEvents chunks_events = {
  .source = on_source,
  .broadcast = on_broadcast,
  .hash = on_hash,
  .part = on_part,
  .changed = on_changed,
};

/* -- The thread */

static gboolean
start_source (EcPublishCore *self, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (!ec_source_core_start (self->source, error))
    return FALSE;
  ec_source_core_wait_open (self->source, self->stopped, &local);
  if (!local)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static void
start_chunks (EcPublishCore *self)
{
  g_autofree char *device = ec_source_core_dup_device_name (self->source);
  g_autofree char *channel = ec_source_core_dup_channel_name (self->source);
  g_autofree char *title = ec_source_core_dup_title (self->source);
  EcPublishChunksConfig config = {
    .identity = self->identity,
    .program_number = self->program_number ? self->program_number
                                           : ec_source_core_get_program_number (self->source),
    .name = self->name,
    .device = device && *device ? device : "source",
    .channel = channel && *channel ? channel : "stream",
    .label = title && *title ? title : NULL,
    .broadcast_scope = self->broadcast_scope,
  };

  self->chunks = ec_publish_chunks_new (&config, &chunks_events, self);
}

static gboolean
check_name (EcPublishCore *self, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (EcPublishBroadcast) broadcast = NULL;

  if (!self->name)
    return TRUE;
  broadcast =
      ec_publish_broadcast_new (self->name, ec_identity_get_node_id (self->identity), &local);
  if (broadcast && *self->name)
    return TRUE;
  g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
               "“%s” is no name to publish under: %s. Write fields with “/” between them, such as "
               "home/5.1.",
               self->name, local ? local->message : "it is empty");
  return FALSE;
}

static gboolean
open_times (EcPublishCore *self, GError **error)
{
  if (!self->times_file)
    return TRUE;
  self->times = fopen (self->times_file, "we");
  if (!self->times)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "“%s” cannot be written: %s. Check the folder and its permissions.",
                 self->times_file, g_strerror (errno));
  return self->times != NULL;
}

/* A finite source comes as fast as it is read; who watches it wants it as fast as it was sent. */
static void
keep_pace (EcPublishCore *self)
{
  gint64 now = g_get_monotonic_time ();
  gint64 elapsed = ec_publish_chunks_get_elapsed (self->chunks);
  gint64 wait;
  GPollFD fd;

  if (self->paced_from == 0 || elapsed < self->last_elapsed) {
    self->paced_from = now;
    self->paced_elapsed = elapsed;
  }
  self->last_elapsed = elapsed;
  wait = self->paced_from + (elapsed - self->paced_elapsed) * 100 / 9 - now;
  if (wait < 1000)
    return;
  if (g_cancellable_make_pollfd (self->stopped, &fd)) {
    g_poll (&fd, 1, (int) (MIN (wait, MAX_PACE) / 1000));
    g_cancellable_release_fd (self->stopped);
  }
}

static void
push (EcPublishCore *self, const guint8 *data, gsize size, gboolean paced)
{
  while (size > 0) {
    gsize n = paced ? MIN (size, PACE_SIZE) : size;

    ec_publish_chunks_push (self->chunks, data, n);
    data += n;
    size -= n;
    if (!paced)
      continue;
    keep_pace (self);
    if (g_cancellable_is_cancelled (self->stopped))
      break;
    self->captured_us = g_get_real_time ();
  }
}

static void
look_at_relays (EcPublishCore *self)
{
  gboolean contested = FALSE;

  for (guint i = 0; i < self->relays->len; i++)
    contested = contested ||
                ec_publish_relay_get_claim (self->relays->pdata[i]) == EC_PUBLISH_CLAIM_CONTESTED;
  if (!contested || self->contested)
    return;
  g_mutex_lock (&self->mutex);
  self->contested = TRUE;
  g_mutex_unlock (&self->mutex);
  ec_publish_chunks_contest (self->chunks);
  ec_moq_news_tell (self->news, EC_PUBLISH_NEWS_NAMES);
}

static void
tell_stats (EcPublishCore *self)
{
  gint64 now = g_get_monotonic_time ();

  g_mutex_lock (&self->mutex);
  self->chunks_stats = *ec_publish_chunks_get_stats (self->chunks);
  g_mutex_unlock (&self->mutex);
  if (now - self->told_us < STATS_TIME)
    return;
  self->told_us = now;
  ec_moq_news_tell (self->news, EC_PUBLISH_NEWS_STATS);
}

static void
read_source (EcPublishCore *self, GError **error)
{
  guint64 n_bytes = 0;

  for (;;) {
    gboolean discontinuity = FALSE;
    g_autoptr (GBytes) bytes =
        ec_source_core_wait_read (self->source, &discontinuity, self->stopped, error);
    gboolean live = ec_source_core_get_live (self->source);

    if (!bytes)
      break;
    self->captured_us = g_get_real_time ();
    if (discontinuity)
      ec_publish_chunks_discontinuity (self->chunks);
    push (self, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), !live && self->pace);
    n_bytes += g_bytes_get_size (bytes);
    look_at_relays (self);
    tell_stats (self);
    if (!live && n_bytes > GIVE_UP_BYTES && self->chunks_stats.n_parts == 0 &&
        !ec_publish_chunks_check (self->chunks, error))
      break;
  }
  if (error && !*error && self->chunks_stats.n_parts == 0)
    ec_publish_chunks_check (self->chunks, error);
}

/* Who reads has DRAIN_TIME to take what is there, and the news that it is over. */
static void
drain (EcPublishCore *self)
{
  gint64 until = g_get_monotonic_time () + DRAIN_TIME;
  EcPublishStats stats;

  do {
    g_usleep (DRAIN_STEP);
    ec_publish_core_get_stats (self, &stats);
  } while (stats.n_subscribers > 0 && g_get_monotonic_time () < until);
}

static void
stop_all (EcPublishCore *self)
{
  EcMoqListener *listener;

  for (guint i = 0; i < self->relays->len; i++)
    ec_publish_relay_stop (self->relays->pdata[i]);
  for (guint i = 0; i < self->relays->len; i++)
    ec_publish_relay_join (self->relays->pdata[i]);
  replace (self, &self->source_broadcast, NULL);
  replace (self, &self->broadcast, NULL);
  g_mutex_lock (&self->mutex);
  listener = g_steal_pointer (&self->listener);
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&listener, ec_moq_listener_free);
  g_clear_pointer (&self->times, fclose);
}

static gpointer
work (gpointer data)
{
  g_autoptr (EcPublishCore) self = data;
  GError *error = NULL;

  if (check_name (self, &error) && open_times (self, &error) && start_listening (self, &error)) {
    for (guint i = 0; i < self->relays->len; i++)
      ec_publish_relay_start (self->relays->pdata[i]);
    if (start_source (self, &error)) {
      start_chunks (self);
      set_state (self, EC_PUBLISH_RUNNING, NULL);
      read_source (self, &error);
    }
  }
  ec_source_core_close (self->source);
  if (g_cancellable_is_cancelled (self->stopped))
    g_clear_error (&error);
  set_state (self, EC_PUBLISH_STOPPING, error);
  if (self->chunks) {
    ec_publish_chunks_finish (self->chunks);
    tell_stats (self);
    drain (self);
    g_clear_pointer (&self->chunks, ec_publish_chunks_free);
  }
  stop_all (self);
  set_state (self, EC_PUBLISH_STOPPED, NULL);
  return NULL;
}

EcPublishCore *
ec_publish_core_new (const EcPublishConfig *config)
{
  EcPublishCore *self = g_new0 (EcPublishCore, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->source = ec_source_core_ref (config->source);
  self->identity = g_object_ref (config->identity);
  self->relays = g_ptr_array_ref (config->relays);
  self->news = ec_moq_news_ref (config->news);
  self->program_number = config->program_number;
  self->name = g_strdup (config->name);
  self->broadcast_scope = config->broadcast_scope;
  self->pace = config->pace;
  self->listen = g_strdupv ((char **) config->listen);
  self->certificate_file = g_strdup (config->certificate_file);
  self->key_file = g_strdup (config->key_file);
  self->times_file = g_strdup (config->times_file);
  self->origin = ec_moq_origin_new ();
  self->stopped = g_cancellable_new ();
  self->state = EC_PUBLISH_STARTING;
  g_thread_unref (g_thread_new ("ec-publish", work, ec_publish_core_ref (self)));
  return self;
}

void
ec_publish_core_stop (EcPublishCore *self)
{
  g_cancellable_cancel (self->stopped);
}
