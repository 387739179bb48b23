/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-check.h"

typedef struct {
  guint64 index;
  char hash[2 * BLAKE3_OUT_LEN + 1];
  guint64 n_bytes;
  gint64 arrived_us;
} Chunk;

struct _EcShareCheck {
  EcShareVerdictFunc verdict;
  gpointer user_data;
  GQueue chunks;    /* Chunk, in the order they came */
  GQueue manifests; /* EcManifest, likewise; of several nodes */
};

EcShareCheck *
ec_share_check_new (EcShareVerdictFunc verdict, gpointer user_data)
{
  EcShareCheck *self = g_new0 (EcShareCheck, 1);

  self->verdict = verdict;
  self->user_data = user_data;
  return self;
}

/* Takes `chunk`. */
static void
decide (EcShareCheck *self, Chunk *chunk, EcShareVerdict verdict, EcManifest *manifest)
{
  self->verdict (self->user_data, chunk->index, verdict, manifest, chunk->arrived_us);
  g_free (chunk);
}

void
ec_share_check_free (EcShareCheck *self)
{
  ec_share_check_give_up (self, G_MAXUINT64);
  g_queue_clear_full (&self->manifests, g_object_unref);
  g_free (self);
}

static gboolean
matches (const Chunk *chunk, EcManifest *manifest)
{
  return ec_manifest_get_n_bytes (manifest) == chunk->n_bytes &&
         g_str_equal (ec_manifest_get_hash (manifest), chunk->hash);
}

void
ec_share_check_chunk (
    EcShareCheck *self, guint64 index, const guint8 *hash, guint64 n_bytes, gint64 arrived_us)
{
  Chunk *chunk = g_new0 (Chunk, 1);
  EcManifest *other = NULL;

  chunk->index = index;
  chunk->n_bytes = n_bytes;
  chunk->arrived_us = arrived_us;
  for (gsize i = 0; i < BLAKE3_OUT_LEN; i++)
    g_snprintf (chunk->hash + 2 * i, 3, "%02x", hash[i]);
  for (GList *l = self->manifests.head; l; l = l->next) {
    if ((guint64) ec_manifest_get_index (l->data) != index)
      continue;
    if (matches (chunk, l->data)) {
      decide (self, chunk, EC_SHARE_VERIFIED, l->data);
      return;
    }
    other = l->data;
  }
  if (other) {
    decide (self, chunk, EC_SHARE_FORGED, other);
    return;
  }
  g_queue_push_tail (&self->chunks, chunk);
  if (self->chunks.length > EC_SHARE_CHECK_REMEMBERED)
    decide (self, g_queue_pop_head (&self->chunks), EC_SHARE_UNVERIFIED, NULL);
}

void
ec_share_check_manifest (EcShareCheck *self, EcManifest *manifest)
{
  for (GList *l = self->chunks.head; l; l = l->next) {
    Chunk *chunk = l->data;

    if (chunk->index != (guint64) ec_manifest_get_index (manifest))
      continue;
    g_queue_delete_link (&self->chunks, l);
    decide (self, chunk, matches (chunk, manifest) ? EC_SHARE_VERIFIED : EC_SHARE_FORGED, manifest);
    break;
  }
  /* It may be of a chunk that is still coming, or comes once more from elsewhere. */
  g_queue_push_tail (&self->manifests, g_object_ref (manifest));
  if (self->manifests.length > EC_SHARE_CHECK_REMEMBERED)
    g_object_unref (g_queue_pop_head (&self->manifests));
}

void
ec_share_check_give_up (EcShareCheck *self, guint64 index)
{
  GList *next;

  for (GList *l = self->chunks.head; l; l = next) {
    Chunk *chunk = l->data;

    next = l->next;
    if (chunk->index > index)
      continue;
    g_queue_delete_link (&self->chunks, l);
    decide (self, chunk, EC_SHARE_UNVERIFIED, NULL);
  }
}

guint
ec_share_check_get_n_waiting (EcShareCheck *self)
{
  return self->chunks.length;
}
