/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-session.h"

#include "seal/ec-identity.h"

#define MANIFEST_TYPE "ec-manifest+json" /* ECP-0004 §2 */
#define HOLD_TIME (3 * G_USEC_PER_SEC)   /* for a manifest, behind a chunk's end */
#define MAX_MANIFESTS 256                /* that nobody pops */
#define GIVE_UP_BEHIND 8                 /* chunks; a manifest that is so late is not waited for */

/* What is handed on at last. */
static void
hand_on (gpointer user_data, GBytes *bytes, gboolean lost)
{
  EcShareData *self = user_data;

  if (self->error)
    return;
  if (lost)
    ec_source_core_lost (self->core);
  ec_source_core_push (self->core, g_bytes_ref (bytes), &self->error);
}

/* From a chunk's time to when it came, where its manifest says the time. */
static void
note_delay (EcShareData *self, EcManifest *manifest, gint64 arrived_us)
{
  g_autofree char *utc = ec_manifest_dup_utc (manifest);
  g_autoptr (GDateTime) time = utc ? g_date_time_new_from_iso8601 (utc, NULL) : NULL;

  if (time)
    ec_share_stats_delay (&self->stats, arrived_us - g_date_time_to_unix (time) * G_USEC_PER_SEC -
                                            g_date_time_get_microsecond (time));
}

static void
on_verdict (gpointer user_data,
            guint64 index,
            EcShareVerdict verdict,
            EcManifest *manifest,
            gint64 arrived_us)
{
  EcShareData *self = user_data;

  switch (verdict) {
  case EC_SHARE_VERIFIED:
    EC_SHARE_COUNT (&self->stats, n_verified);
    note_delay (self, manifest, arrived_us);
    g_mutex_lock (&self->mutex);
    g_queue_push_tail (&self->manifests, g_object_ref (manifest));
    if (self->manifests.length > MAX_MANIFESTS)
      g_object_unref (g_queue_pop_head (&self->manifests));
    g_mutex_unlock (&self->mutex);
    break;
  case EC_SHARE_FORGED:
    EC_SHARE_COUNT (&self->stats, n_forged);
    g_message ("Chunk %" G_GUINT64_FORMAT " of %s is not what its manifest says.", index,
               self->uri->name);
    break;
  case EC_SHARE_UNVERIFIED:
    EC_SHARE_COUNT (&self->stats, n_unverified);
    break;
  }
  if (self->hold)
    ec_share_hold_release (self->hold, index);
}

EcShareData *
ec_share_data_new (EcShareUri *uri)
{
  EcShareData *self = g_new0 (EcShareData, 1);

  self->uri = uri;
  g_mutex_init (&self->mutex);
  ec_share_stats_init (&self->stats);
  self->check = ec_share_check_new (on_verdict, self);
  return self;
}

void
ec_share_data_free (gpointer data)
{
  EcShareData *self = data;

  g_clear_pointer (&self->hold, ec_share_hold_free);
  ec_share_check_free (self->check);
  ec_share_flow_clear (&self->flow);
  ec_share_stats_clear (&self->stats);
  g_queue_clear_full (&self->manifests, g_object_unref);
  ec_share_uri_free (self->uri);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

EcManifest *
ec_share_data_pop_manifest (EcShareData *self)
{
  EcManifest *manifest;

  g_mutex_lock (&self->mutex);
  manifest = g_queue_pop_head (&self->manifests);
  g_mutex_unlock (&self->mutex);
  return manifest;
}

void
ec_share_begin (EcShareData *self)
{
  g_mutex_lock (&self->mutex);
  if (self->verify_first && !self->hold)
    self->hold = ec_share_hold_new (hand_on, self);
  g_mutex_unlock (&self->mutex);
}

gboolean
ec_share_release (EcShareData *self, EcMoqInboxItem *item)
{
  guint64 group = item->location.group;
  GBytes *bytes;

  /* The group before had no end that we heard of, and something of it may be missing. */
  if (self->flow.any && group != self->flow.group && !self->flow.ended)
    ec_share_end_group (self, self->flow.group, FALSE);
  if (!self->flow.any || group != self->flow.group)
    self->arrived_us = item->arrival_us;
  if (ec_share_flow_look (&self->flow, group, item->location.object) == EC_SHARE_FLOW_HOLE)
    self->lost = TRUE;
  ec_share_flow_take (&self->flow, group, item->location.object, item->data, item->size);
  EC_SHARE_COUNT (&self->stats, n_parts);

  bytes = g_bytes_new_take (g_steal_pointer (&item->data), item->size);
  if (self->hold) {
    ec_share_hold_push (self->hold, group, bytes, self->lost);
  } else {
    hand_on (self, bytes, self->lost);
    g_bytes_unref (bytes);
  }
  self->lost = FALSE;
  return self->error == NULL;
}

void
ec_share_end_group (EcShareData *self, guint64 group, gboolean whole)
{
  guint8 hash[BLAKE3_OUT_LEN];
  guint64 n_bytes = self->flow.n_bytes;

  if (!self->flow.any || self->flow.group != group || self->flow.ended)
    return;
  if (ec_share_flow_end (&self->flow, group, whole, hash)) {
    EC_SHARE_COUNT (&self->stats, n_chunks);
    if (self->hold)
      ec_share_hold_end (self->hold, group, g_get_monotonic_time () + HOLD_TIME);
    ec_share_check_chunk (self->check, group, hash, n_bytes, self->arrived_us);
    if (group > GIVE_UP_BEHIND)
      ec_share_check_give_up (self->check, group - GIVE_UP_BEHIND);
    return;
  }
  EC_SHARE_COUNT (&self->stats, n_lost);
  if (!whole)
    self->lost = TRUE;
  if (self->hold)
    ec_share_hold_release (self->hold, group);
}

void
ec_share_take_manifest (
    EcShareData *self, const char *node, guint64 group, const guint8 *data, gsize size)
{
  g_autofree char *jws = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = ec_identity_verify_text (node, MANIFEST_TYPE, jws, &error);
  g_autoptr (EcManifest) manifest = text ? ec_manifest_new_from_text (text, -1, &error) : NULL;

  if (!manifest || (guint64) ec_manifest_get_index (manifest) != group) {
    g_message ("A manifest of %s is of no use: %s", self->uri->name,
               error ? error->message : "it is of another chunk");
    return;
  }
  ec_share_check_manifest (self->check, manifest);
}

void
ec_share_tick (EcShareData *self, gboolean over)
{
  if (over)
    ec_share_check_give_up (self->check, G_MAXUINT64);
  if (self->hold && over)
    ec_share_hold_flush (self->hold);
  else if (self->hold)
    ec_share_hold_tick (self->hold, g_get_monotonic_time ());
}
