/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publish-broadcast.h"

#include <string.h>

#include "base/ec-error.h"
#include "base/ec-payload.h"

#define PRIORITY_CATALOG 64 /* ECP-0007 §1 */
#define PRIORITY_CHUNKS 128
#define PRIORITY_MANIFESTS 128

typedef struct {
  EcMoqFeed *feed;         /* owned */
  EcMoqFeedWriter *writer; /* owned; NULL once it has ended */
} Track;

enum { CATALOG, CHUNKS, MANIFESTS, N_TRACKS };

struct _EcPublishBroadcast {
  gatomicrefcount refs;
  char *name;
  EcMoqtName *space; /* owned */
  Track tracks[N_TRACKS];

  /* the writing thread's */
  gint64 newest;   /* group that was begun; -1: none */
  gint64 open;     /* group whose stream is open; -1: none */
  guint64 n_parts; /* of it */
};

static guint64
now_us (void)
{
  return (guint64) g_get_monotonic_time ();
}

static gboolean
track_init (Track *track, EcMoqtName *space, const char *name)
{
  EcMoqtField field = { (const guint8 *) name, strlen (name) };
  g_autoptr (EcMoqtName) full = ec_moqt_name_new_track (space, &field);

  if (!full)
    return FALSE;
  track->feed = ec_moq_feed_new (full, NULL, NULL);
  track->writer = ec_moq_feed_add_writer (track->feed);
  return TRUE;
}

static void
track_end (Track *track)
{
  if (!track->writer)
    return;
  ec_moq_feed_writer_remove (g_steal_pointer (&track->writer), now_us ());
  ec_moq_feed_end (track->feed, EC_MOQT_DONE_TRACK_ENDED, "");
  ec_moq_feed_flush (track->feed);
}

EcPublishBroadcast *
ec_publish_broadcast_new (const char *name, const char *node_id, GError **error)
{
  g_autofree char *manifests = g_strconcat ("manifest/", node_id, NULL);
  g_autoptr (EcMoqtName) space = ec_moqt_name_new_from_path (name, NULL, error);
  g_autoptr (EcPublishBroadcast) self = NULL;

  if (!space)
    return NULL;
  self = g_new0 (EcPublishBroadcast, 1);
  g_atomic_ref_count_init (&self->refs);
  self->name = g_strdup (name);
  self->space = g_steal_pointer (&space);
  self->newest = self->open = -1;
  if (!track_init (&self->tracks[CATALOG], self->space, "catalog") ||
      !track_init (&self->tracks[CHUNKS], self->space, "chunks") ||
      !track_init (&self->tracks[MANIFESTS], self->space, manifests)) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                 "“%s” is too long for the name of a broadcast.", name);
    return NULL;
  }
  return g_steal_pointer (&self);
}

EcPublishBroadcast *
ec_publish_broadcast_ref (EcPublishBroadcast *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_publish_broadcast_unref (EcPublishBroadcast *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  for (guint i = 0; i < N_TRACKS; i++) {
    if (!self->tracks[i].feed)
      continue;
    track_end (&self->tracks[i]);
    ec_moq_feed_unref (self->tracks[i].feed);
  }
  ec_moqt_name_unref (self->space);
  g_free (self->name);
  g_free (self);
}

const char *
ec_publish_broadcast_get_name (EcPublishBroadcast *self)
{
  return self->name;
}

EcMoqtName *
ec_publish_broadcast_get_space (EcPublishBroadcast *self)
{
  return self->space;
}

void
ec_publish_broadcast_get_stats (EcPublishBroadcast *self, EcPublishBroadcastStats *stats)
{
  EcMoqFeedStats feed;

  ec_moq_feed_get_stats (self->tracks[CHUNKS].feed, &feed);
  stats->n_subscribers = feed.n_readers;
  stats->bytes_out = feed.bytes_out;
}

/* -- Offering */

void
ec_publish_broadcast_offer (EcPublishBroadcast *self, EcMoqOrigin *origin)
{
  for (guint i = 0; i < N_TRACKS; i++)
    ec_moq_origin_add_track (origin, self->tracks[i].feed);
  ec_moq_origin_add_namespace (origin, self->space);
}

void
ec_publish_broadcast_withdraw (EcPublishBroadcast *self, EcMoqOrigin *origin)
{
  ec_moq_origin_remove_namespace (origin, self->space);
  for (guint i = 0; i < N_TRACKS; i++)
    ec_moq_origin_remove_track (origin, self->tracks[i].feed);
}

/* -- Writing */

/* An object that has a subgroup to itself. Nobody but us writes here, so nothing can contradict it. */
static void
put_text (Track *track,
          gint64 group,
          guint64 id,
          guint8 priority,
          gboolean end_of_group,
          const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (EcPayload) payload = ec_payload_new_for_bytes (bytes);
  EcMoqtObject object = { .location = { (guint64) group, id },
                          .subgroup = id,
                          .priority = priority,
                          .size = g_bytes_get_size (bytes) };
  guint64 now = now_us ();

  if (!track->writer || ec_moq_feed_writer_begin (track->writer, now, (guint64) group, id, priority,
                                                  FALSE, end_of_group, TRUE) != EC_MOQ_FEED_PUT_OK)
    return;
  ec_moq_feed_writer_put_object (track->writer, now, &object, payload);
  ec_moq_feed_writer_finish (track->writer, now, (guint64) group, id);
  ec_moq_feed_flush (track->feed);
}

gboolean
ec_publish_broadcast_is_above (EcPublishBroadcast *self, gint64 group)
{
  return group > self->newest;
}

void
ec_publish_broadcast_open (EcPublishBroadcast *self, gint64 group, const char *catalog)
{
  Track *chunks = &self->tracks[CHUNKS];
  guint64 now = now_us ();

  g_assert (ec_publish_broadcast_is_above (self, group));
  ec_publish_broadcast_reset (self, self->open);
  if (!chunks->writer)
    return;
  put_text (&self->tracks[CATALOG], group, 0, PRIORITY_CATALOG, TRUE, catalog);
  self->newest = self->open = group;
  self->n_parts = 0;
  ec_moq_feed_trim (chunks->feed, now, 0);
  ec_moq_feed_writer_begin (chunks->writer, now, (guint64) group, 0, PRIORITY_CHUNKS, FALSE, TRUE,
                            TRUE);
}

gboolean
ec_publish_broadcast_part (EcPublishBroadcast *self, gint64 group, GBytes *bytes)
{
  Track *chunks = &self->tracks[CHUNKS];
  g_autoptr (EcPayload) payload = ec_payload_new_for_bytes (bytes);
  EcMoqtObject object = { .location = { (guint64) group, self->n_parts },
                          .priority = PRIORITY_CHUNKS,
                          .size = g_bytes_get_size (bytes) };

  if (self->open < 0 || self->open != group)
    return FALSE;
  if (ec_moq_feed_writer_put_object (chunks->writer, now_us (), &object, payload) !=
      EC_MOQ_FEED_PUT_OK) {
    ec_publish_broadcast_reset (self, group);
    return FALSE;
  }
  self->n_parts++;
  ec_moq_feed_flush (chunks->feed);
  return TRUE;
}

gboolean
ec_publish_broadcast_close (EcPublishBroadcast *self, gint64 group)
{
  Track *chunks = &self->tracks[CHUNKS];

  if (self->open < 0 || self->open != group)
    return FALSE;
  ec_moq_feed_writer_finish (chunks->writer, now_us (), (guint64) group, 0);
  ec_moq_feed_flush (chunks->feed);
  self->open = -1;
  return TRUE;
}

gboolean
ec_publish_broadcast_reset (EcPublishBroadcast *self, gint64 group)
{
  Track *chunks = &self->tracks[CHUNKS];

  if (self->open < 0 || self->open != group)
    return FALSE;
  ec_moq_feed_writer_abandon (chunks->writer, now_us (), (guint64) group, 0,
                              EC_MOQT_RESET_CANCELLED);
  ec_moq_feed_flush (chunks->feed);
  self->open = -1;
  return TRUE;
}

void
ec_publish_broadcast_manifest (EcPublishBroadcast *self,
                               gint64 group,
                               const char *jws,
                               gboolean revocation)
{
  put_text (&self->tracks[MANIFESTS], group, revocation ? 1 : 0, PRIORITY_MANIFESTS, FALSE, jws);
}

void
ec_publish_broadcast_end (EcPublishBroadcast *self)
{
  ec_publish_broadcast_reset (self, self->open);
  for (guint i = 0; i < N_TRACKS; i++)
    track_end (&self->tracks[i]);
}
