/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-origin-private.h"

EcMoqOrigin *
ec_moq_origin_new (void)
{
  EcMoqOrigin *self = g_new0 (EcMoqOrigin, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->tracks = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                        (GDestroyNotify) ec_moqt_name_unref,
                                        (GDestroyNotify) ec_moq_feed_unref);
  self->spaces = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                        (GDestroyNotify) ec_moqt_name_unref, NULL);
  self->links = g_ptr_array_new ();
  return self;
}

EcMoqOrigin *
ec_moq_origin_ref (EcMoqOrigin *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_moq_origin_unref (EcMoqOrigin *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_assert (self->links->len == 0);
  g_ptr_array_unref (self->links);
  g_hash_table_unref (self->tracks);
  g_hash_table_unref (self->spaces);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* Under the mutex. Every link looks at what has changed, on its own thread. */
static void
changed (EcMoqOrigin *self)
{
  self->version++;
  for (guint i = 0; i < self->links->len; i++) {
    EcMoqOriginLink *link = g_ptr_array_index (self->links, i);

    ec_transport_wake (link->transport);
  }
}

gboolean
ec_moq_origin_add_track (EcMoqOrigin *self, EcMoqFeed *feed)
{
  EcMoqtName *name = ec_moq_feed_get_name (feed);
  gboolean added;

  g_mutex_lock (&self->mutex);
  added = !g_hash_table_contains (self->tracks, name);
  if (added) {
    g_hash_table_insert (self->tracks, ec_moqt_name_ref (name), ec_moq_feed_ref (feed));
    changed (self);
  }
  g_mutex_unlock (&self->mutex);
  return added;
}

void
ec_moq_origin_remove_track (EcMoqOrigin *self, EcMoqFeed *feed)
{
  EcMoqtName *name = ec_moq_feed_get_name (feed);

  g_mutex_lock (&self->mutex);
  if (g_hash_table_lookup (self->tracks, name) == feed) {
    /* Not the last reference: the caller has one. */
    g_hash_table_remove (self->tracks, name);
    changed (self);
  }
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_origin_add_namespace (EcMoqOrigin *self, EcMoqtName *space)
{
  g_mutex_lock (&self->mutex);
  /* Whoever adds one that is there wants to know again what peers say to it. */
  g_hash_table_replace (self->spaces, ec_moqt_name_ref (space), GUINT_TO_POINTER (++self->n_added));
  changed (self);
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_origin_remove_namespace (EcMoqOrigin *self, EcMoqtName *space)
{
  g_mutex_lock (&self->mutex);
  if (g_hash_table_remove (self->spaces, space))
    changed (self);
  g_mutex_unlock (&self->mutex);
}

EcMoqFeed *
ec_moq_origin_find (EcMoqOrigin *self, EcMoqtName *name)
{
  EcMoqFeed *feed;

  g_mutex_lock (&self->mutex);
  feed = g_hash_table_lookup (self->tracks, name);
  if (feed)
    ec_moq_feed_ref (feed);
  g_mutex_unlock (&self->mutex);
  return feed;
}

GPtrArray *
ec_moq_origin_list_tracks (EcMoqOrigin *self, EcMoqtName *prefix)
{
  GPtrArray *found = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_moq_feed_unref);
  GHashTableIter iter;
  gpointer name, feed;

  g_mutex_lock (&self->mutex);
  g_hash_table_iter_init (&iter, self->tracks);
  while (g_hash_table_iter_next (&iter, &name, &feed))
    if (ec_moqt_name_has_prefix (name, prefix))
      g_ptr_array_add (found, ec_moq_feed_ref (feed));
  g_mutex_unlock (&self->mutex);
  return found;
}

GHashTable *
ec_moq_origin_list_namespaces (EcMoqOrigin *self, EcMoqtName *prefix)
{
  GHashTable *found = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                             (GDestroyNotify) ec_moqt_name_unref, NULL);
  GHashTableIter iter;
  gpointer name, serial;

  g_mutex_lock (&self->mutex);
  g_hash_table_iter_init (&iter, self->spaces);
  while (g_hash_table_iter_next (&iter, &name, &serial))
    if (!prefix || ec_moqt_name_has_prefix (name, prefix))
      g_hash_table_insert (found, ec_moqt_name_ref (name), serial);
  g_mutex_unlock (&self->mutex);
  return found;
}

guint64
ec_moq_origin_get_version (EcMoqOrigin *self)
{
  guint64 version;

  g_mutex_lock (&self->mutex);
  version = self->version;
  g_mutex_unlock (&self->mutex);
  return version;
}

void
ec_moq_origin_enter (EcMoqOrigin *self, EcMoqOriginLink *link)
{
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->links, link);
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_origin_leave (EcMoqOrigin *self, EcMoqOriginLink *link)
{
  g_mutex_lock (&self->mutex);
  g_ptr_array_remove_fast (self->links, link);
  g_mutex_unlock (&self->mutex);
}
