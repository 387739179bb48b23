/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-feed-private.h"

#define DEFAULT_MAX_BYTES (64 * 1024 * 1024)
#define DEFAULT_MAX_GROUPS 32
#define DEFAULT_MAX_AGE_US (60 * G_USEC_PER_SEC)
#define DEFAULT_MAX_OBJECTS 16384
#define DEFAULT_MAX_OBJECT_SIZE (16 * 1024 * 1024)
#define DEFAULT_MAX_LAG 2
#define DEFAULT_LINGER_US (2 * G_USEC_PER_SEC)

static void
set_limits (EcMoqFeedLimits *self, const EcMoqFeedLimits *limits)
{
  if (limits)
    *self = *limits;
  if (self->max_bytes == 0)
    self->max_bytes = DEFAULT_MAX_BYTES;
  if (self->max_groups == 0)
    self->max_groups = DEFAULT_MAX_GROUPS;
  self->max_groups = MAX (self->max_groups, 2);
  if (self->max_age_us == 0)
    self->max_age_us = DEFAULT_MAX_AGE_US;
  if (self->max_objects == 0)
    self->max_objects = DEFAULT_MAX_OBJECTS;
  if (self->max_object_size == 0)
    self->max_object_size = DEFAULT_MAX_OBJECT_SIZE;
  if (self->max_lag == 0)
    self->max_lag = DEFAULT_MAX_LAG;
  if (self->linger_us == 0)
    self->linger_us = DEFAULT_LINGER_US;
  if (self->budget)
    ec_budget_ref (self->budget);
}

EcMoqFeed *
ec_moq_feed_new (EcMoqtName *track, EcMoqtProperties *properties, const EcMoqFeedLimits *limits)
{
  EcMoqFeed *self = g_new0 (EcMoqFeed, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  g_mutex_init (&self->readers_mutex);
  self->name = ec_moqt_name_ref (track);
  self->properties = properties ? ec_moqt_properties_ref (properties) : NULL;
  set_limits (&self->limits, limits);
  self->groups = g_ptr_array_new ();
  self->writers = g_ptr_array_new ();
  self->readers = g_ptr_array_new ();
  self->fetches = g_ptr_array_new ();
  self->next_give_up_us = G_MAXUINT64;
  self->max_cache_us = G_MAXUINT64;
  return self;
}

EcMoqFeed *
ec_moq_feed_ref (EcMoqFeed *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

/* Writers and readers have a reference each, so there are none any more. */
void
ec_moq_feed_unref (EcMoqFeed *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  while (self->groups->len > 0)
    ec_feed_evict (self, self->groups->pdata[self->groups->len - 1]);
  g_ptr_array_unref (self->groups);
  g_ptr_array_unref (self->writers);
  g_ptr_array_unref (self->readers);
  g_ptr_array_unref (self->fetches);
  g_clear_pointer (&self->limits.budget, ec_budget_unref);
  g_clear_pointer (&self->properties, ec_moqt_properties_unref);
  ec_moqt_name_unref (self->name);
  g_free (self->done_reason);
  g_mutex_clear (&self->readers_mutex);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

EcMoqtName *
ec_moq_feed_get_name (EcMoqFeed *self)
{
  return self->name;
}

void
ec_moq_feed_set_properties (EcMoqFeed *self, EcMoqtProperties *properties)
{
  guint64 ms;

  g_mutex_lock (&self->mutex);
  if (!self->properties && properties) {
    self->properties = ec_moqt_properties_ref (properties);
    if (ec_moqt_properties_find_number (properties, EC_MOQT_PROPERTY_MAX_CACHE_DURATION, &ms))
      self->max_cache_us = MIN (ms, G_MAXUINT64 / 2000) * 1000;
  }
  g_mutex_unlock (&self->mutex);
}

gboolean
ec_moq_feed_get_largest (EcMoqFeed *self, EcMoqtLocation *largest)
{
  gboolean has;

  g_mutex_lock (&self->mutex);
  has = self->has_largest;
  if (has && largest)
    *largest = self->largest;
  g_mutex_unlock (&self->mutex);
  return has;
}

void
ec_feed_raise_largest (EcMoqFeed *self, EcMoqtLocation largest)
{
  if (self->has_largest && ec_moqt_location_compare (largest, self->largest) <= 0)
    return;
  self->has_largest = TRUE;
  self->largest = largest;
}

void
ec_moq_feed_raise_largest (EcMoqFeed *self, EcMoqtLocation largest)
{
  g_mutex_lock (&self->mutex);
  ec_feed_raise_largest (self, largest);
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_feed_get_stats (EcMoqFeed *self, EcMoqFeedStats *stats)
{
  g_mutex_lock (&self->mutex);
  *stats = self->stats;
  stats->n_readers = self->readers->len;
  stats->n_writers = self->writers->len;
  stats->n_groups = self->groups->len;
  g_mutex_unlock (&self->mutex);
}

/* -- Time */

/* Looks for what was lost and has waited for long enough, and when to look again. */
static void
expire_group (EcMoqFeed *self, EcFeedGroup *group, guint64 now_us)
{
  for (guint i = 0; i < group->subgroups->len; i++) {
    EcFeedSubgroup *subgroup = group->subgroups->pdata[i];

    if (subgroup->give_up_us <= now_us) {
      subgroup->give_up_us = G_MAXUINT64;
      subgroup->given_up = TRUE;
      ec_feed_touch (self);
    }
    self->next_give_up_us = MIN (self->next_give_up_us, subgroup->give_up_us);
  }
}

void
ec_feed_expire (EcMoqFeed *self, guint64 now_us)
{
  if (now_us < self->next_give_up_us)
    return;
  self->next_give_up_us = G_MAXUINT64;
  for (guint i = 0; i < self->groups->len; i++)
    expire_group (self, self->groups->pdata[i], now_us);
}

/* Those of whose subgroups the time may be over. */
static void
wake_timed (EcMoqFeed *self)
{
  for (guint i = 0; i < self->readers->len; i++) {
    EcMoqFeedReader *reader = self->readers->pdata[i];

    if (reader->subgroup_timeout_us > 0)
      ec_feed_wake (reader);
  }
}

gsize
ec_moq_feed_trim (EcMoqFeed *self, guint64 now_us, gsize bytes)
{
  gsize before, freed;

  g_mutex_lock (&self->mutex);
  before = self->stats.bytes;
  ec_feed_expire (self, now_us);
  ec_feed_drop_restored (self);
  for (;;) {
    EcFeedGroup *oldest = ec_feed_get_evictable (self, 2);

    if (!oldest)
      break;
    if (before - self->stats.bytes >= bytes &&
        now_us - MIN (now_us, oldest->began_us) <= self->limits.max_age_us)
      break;
    ec_feed_evict (self, oldest);
  }
  freed = before - self->stats.bytes;
  wake_timed (self);
  g_mutex_unlock (&self->mutex);

  ec_moq_feed_flush (self);
  return freed;
}

gsize
ec_moq_feed_drop (EcMoqFeed *self, gsize bytes)
{
  gsize before, freed;

  g_mutex_lock (&self->mutex);
  before = self->stats.bytes;
  while (before - self->stats.bytes < bytes) {
    EcFeedGroup *oldest = ec_feed_get_evictable (self, 0);

    if (!oldest)
      break;
    ec_feed_evict (self, oldest);
  }
  freed = before - self->stats.bytes;
  g_mutex_unlock (&self->mutex);

  ec_moq_feed_flush (self);
  return freed;
}

void
ec_moq_feed_forget (EcMoqFeed *self)
{
  g_mutex_lock (&self->mutex);
  while (self->groups->len > 0)
    ec_feed_evict (self, self->groups->pdata[self->groups->len - 1]);
  self->has_floor = FALSE;
  self->has_largest = FALSE;
  self->has_track_end = FALSE;
  g_mutex_unlock (&self->mutex);
  ec_moq_feed_flush (self);
}

void
ec_moq_feed_end (EcMoqFeed *self, EcMoqtDoneCode code, const char *reason)
{
  g_mutex_lock (&self->mutex);
  if (!self->ended) {
    self->ended = TRUE;
    self->done_code = code;
    self->done_reason = g_strdup (reason ? reason : "");
    /* Nobody goes on with anything any more. */
    for (guint i = 0; i < self->groups->len; i++) {
      EcFeedGroup *group = self->groups->pdata[i];

      for (guint k = 0; k < group->subgroups->len; k++) {
        EcFeedSubgroup *subgroup = group->subgroups->pdata[k];

        subgroup->given_up = TRUE;
        subgroup->give_up_us = G_MAXUINT64;
        g_ptr_array_set_size (subgroup->streams, 0);
      }
    }
    ec_feed_touch (self);
  }
  g_mutex_unlock (&self->mutex);
  ec_moq_feed_flush (self);
}

/* -- Readers, and how they hear of something new */

void
ec_feed_touch (EcMoqFeed *self)
{
  __atomic_store_n (&self->dirty, TRUE, __ATOMIC_RELAXED);
}

void
ec_feed_wake (EcMoqFeedReader *reader)
{
  if (reader->transport && !__atomic_exchange_n (&reader->pending, TRUE, __ATOMIC_ACQ_REL))
    ec_transport_wake (reader->transport);
}

void
ec_moq_feed_flush (EcMoqFeed *self)
{
  if (!__atomic_exchange_n (&self->dirty, FALSE, __ATOMIC_ACQ_REL))
    return;
  g_mutex_lock (&self->readers_mutex);
  for (guint i = 0; i < self->readers->len; i++)
    ec_feed_wake (self->readers->pdata[i]);
  g_mutex_unlock (&self->readers_mutex);
}

void
ec_feed_add_reader (EcMoqFeed *self, EcMoqFeedReader *reader)
{
  g_mutex_lock (&self->readers_mutex);
  g_ptr_array_add (self->readers, reader);
  g_mutex_unlock (&self->readers_mutex);
  if (reader->is_fetch)
    g_ptr_array_add (self->fetches, reader);
}

void
ec_feed_remove_reader (EcMoqFeed *self, EcMoqFeedReader *reader)
{
  g_mutex_lock (&self->readers_mutex);
  g_ptr_array_remove_fast (self->readers, reader);
  g_mutex_unlock (&self->readers_mutex);
  if (reader->is_fetch) {
    g_ptr_array_remove_fast (self->fetches, reader);
    ec_feed_drop_restored (self);
  }
}
