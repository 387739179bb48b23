/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publish-chunks.h"

#include "chunk/ec-chunker-core.h"
#include "chunk/ec-manifest-private.h"
#include "chunk/ec-stream-id.h"
#include "share/ec-publish-catalog.h"

#define MANIFEST_TYPE "ec-manifest+json" /* ECP-0004 §2 */

struct _EcPublishChunks {
  EcPublishChunksEvents events;
  gpointer user_data;
  EcIdentity *identity; /* owned */
  char *name, *device, *channel, *label;
  EcChunkerCore *core;
  EcPublishBroadcast *source;    /* owned; NULL before the first chunk */
  EcPublishBroadcast *broadcast; /* owned; NULL: none, or not now */
  guint timeline;                /* that `source` is of */
  gint64 epoch;                  /* of it, Unix ms */
  gboolean broadcast_scope;      /* may be published */
  gboolean contested;
  gboolean finishing;
  GQueue closed; /* gint64 *: those of `broadcast` that went out whole, the newest last */
  EcPublishChunksStats stats;
};

/* -- Broadcasts */

static void
drop_broadcast (EcPublishChunks *self)
{
  if (!self->broadcast)
    return;
  ec_publish_broadcast_end (self->broadcast);
  self->events.broadcast (self->user_data, NULL);
  g_clear_pointer (&self->broadcast, ec_publish_broadcast_unref);
  g_queue_clear_full (&self->closed, g_free);
}

static char *
source_name (EcPublishChunks *self)
{
  if (!self->name)
    return ec_stream_id_for_source (ec_identity_get_node_id (self->identity), self->device,
                                    self->channel, self->epoch);
  /* A name of the user's own is that of the first run of indices: those of others mean something else. */
  if (!self->source)
    return g_strdup (self->name);
  return g_strdup_printf ("%s/%" G_GINT64_FORMAT, self->name, self->epoch);
}

/* Every timeline is a broadcast of its own (ECP-0003 §3). */
static void
begin_timeline (EcPublishChunks *self, guint timeline)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;
  EcPublishBroadcast *broadcast;

  self->epoch = MAX (self->epoch + 1, g_get_real_time () / 1000);
  self->timeline = timeline;
  name = source_name (self);
  broadcast = ec_publish_broadcast_new (name, ec_identity_get_node_id (self->identity), &error);
  if (self->source) {
    ec_publish_broadcast_end (self->source);
    ec_publish_broadcast_unref (self->source);
  }
  self->source = broadcast;
  if (!broadcast)
    g_warning ("%s", error->message);
  self->events.source (self->user_data, broadcast);
}

/* Whether a chunk that opens may go out broadcast-scoped, by what is known of it now (ECP-0003 §2, ECP-0007 §2). */
static gboolean
is_claimable (EcPublishChunks *self, const EcChunkRecord *record)
{
  return self->broadcast_scope && !self->contested && record->stream_id && record->synced &&
         record->certain_open && !record->canonical && record->damaged == 0;
}

static char *
catalog_of (const EcChunkRecord *record, const char *label)
{
  const EcPublishCatalog catalog = { .program_number = record->program->program_number,
                                     .pmt_pid = record->program->pmt_pid,
                                     .pcr_pid = record->program->pcr_pid,
                                     .audio = record->program->lead_kind == EC_TS_LEAD_AUDIO };

  return ec_publish_catalog_text (&catalog, label);
}

static void
open_broadcast (EcPublishChunks *self, EcChunkRecord *record)
{
  g_autofree char *catalog = NULL;

  if (!is_claimable (self, record))
    return;
  if (self->broadcast &&
      g_strcmp0 (ec_publish_broadcast_get_name (self->broadcast), record->stream_id) != 0)
    drop_broadcast (self);
  if (!self->broadcast) {
    self->broadcast = ec_publish_broadcast_new (record->stream_id,
                                                ec_identity_get_node_id (self->identity), NULL);
    if (!self->broadcast)
      return;
    self->events.broadcast (self->user_data, self->broadcast);
  }
  if (!ec_publish_broadcast_is_above (self->broadcast, record->index))
    return;
  catalog = catalog_of (record, NULL);
  ec_publish_broadcast_open (self->broadcast, record->index, catalog);
}

/* -- What the chunker says */

static void
open_source (EcPublishChunks *self, EcChunkRecord *record)
{
  g_autofree char *catalog = catalog_of (record, self->label);

  if (!self->source || record->timeline != self->timeline)
    begin_timeline (self, record->timeline);
  if (self->source && ec_publish_broadcast_is_above (self->source, record->index))
    ec_publish_broadcast_open (self->source, record->index, catalog);
}

static void
on_opened (gpointer user_data, EcChunkRecord *record)
{
  EcPublishChunks *self = user_data;

  /* Of canonical input the program is known with the first part: its head may come packet by packet (ECP-0002 §8). */
  if (self->finishing || !record->program)
    return;
  open_source (self, record);
  open_broadcast (self, record);
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
  EcPublishChunks *self = user_data;
  guint64 id = record->part_sizes->len - 1;

  /* The end of input cuts a part, too: it is not the chunk's. */
  if (self->finishing)
    return;
  if (id == 0 && record->canonical && record->program)
    open_source (self, record);
  if (self->source && record->timeline == self->timeline)
    ec_publish_broadcast_part (self->source, record->index, bytes);
  if (self->broadcast && record->stream_id)
    ec_publish_broadcast_part (self->broadcast, record->index, bytes);
  self->stats.n_parts++;
  self->stats.n_bytes += g_bytes_get_size (bytes);
  self->events.part (self->user_data, record->index, id, g_bytes_get_size (bytes));
}

static void
reset_broadcast (EcPublishChunks *self, EcChunkRecord *record)
{
  if (!self->broadcast || !ec_publish_broadcast_reset (self->broadcast, record->index))
    return;
  self->stats.n_reset++;
}

static void
on_damaged (gpointer user_data, EcChunkRecord *record)
{
  EcPublishChunks *self = user_data;

  /* The source-scoped one carries it as it is (§5 R10). */
  reset_broadcast (self, record);
}

static void
on_closed (gpointer user_data, EcChunkRecord *record)
{
  EcPublishChunks *self = user_data;

  if (self->finishing)
    return;
  self->stats.n_chunks++;
  if (self->source && record->timeline == self->timeline)
    ec_publish_broadcast_close (self->source, record->index);
  if (record->certain_close && record->damaged == 0) {
    if (self->broadcast && record->stream_id &&
        ec_publish_broadcast_close (self->broadcast, record->index)) {
      g_queue_push_tail (&self->closed, g_memdup2 (&record->index, sizeof record->index));
      if (self->closed.length > EC_CHUNK_LEDGER_MAX)
        g_free (g_queue_pop_head (&self->closed));
    }
  } else
    reset_broadcast (self, record);
  if (self->broadcast && record->stream_id)
    self->events.hash (self->user_data, record->index, record->hash, FALSE);
  self->events.changed (self->user_data);
}

static gboolean
went_out (EcPublishChunks *self, gint64 index)
{
  for (GList *l = self->closed.tail; l; l = l->prev)
    if (*(gint64 *) l->data == index)
      return TRUE;
  return FALSE;
}

static void
publish_manifest (EcPublishChunks *self, EcChunkRecord *record, gboolean revocation)
{
  g_autoptr (EcManifest) manifest = ec_manifest_new_for_record (record);
  g_autofree char *text = ec_manifest_to_text (manifest);
  g_autofree char *jws = ec_identity_sign_text (self->identity, MANIFEST_TYPE, text);

  if (self->source && record->timeline == self->timeline)
    ec_publish_broadcast_manifest (self->source, record->index, jws, revocation);
  if (self->broadcast && (record->clean || revocation) && went_out (self, record->index))
    ec_publish_broadcast_manifest (self->broadcast, record->index, jws, revocation);
}

static void
on_settled (gpointer user_data, EcChunkRecord *record)
{
  EcPublishChunks *self = user_data;

  /* The one that the end of input cut off was not published to its end. */
  if (self->finishing && !record->certain_close)
    return;
  if (record->clean)
    self->stats.n_clean++;
  else
    self->stats.n_damaged++;
  publish_manifest (self, record, FALSE);
  if (record->clean && self->broadcast && record->stream_id)
    self->events.hash (self->user_data, record->index, record->hash, TRUE);
  self->events.changed (self->user_data);
}

static void
on_revoked (gpointer user_data, EcChunkRecord *record)
{
  EcPublishChunks *self = user_data;

  self->stats.n_revoked++;
  publish_manifest (self, record, TRUE);
  self->events.changed (self->user_data);
}

static const EcChunkerEvents core_events = {
  .opened = on_opened,
  .part = on_part,
  .closed = on_closed,
  .ledger = { on_damaged, on_settled, on_revoked },
};

EcPublishChunks *
ec_publish_chunks_new (const EcPublishChunksConfig *config,
                       const EcPublishChunksEvents *events,
                       gpointer user_data)
{
  EcPublishChunks *self = g_new0 (EcPublishChunks, 1);

  self->events = *events;
  self->user_data = user_data;
  self->identity = g_object_ref (config->identity);
  self->name = g_strdup (config->name);
  self->device = g_strdup (config->device);
  self->channel = g_strdup (config->channel);
  self->label = g_strdup (config->label);
  self->broadcast_scope = config->broadcast_scope;
  g_queue_init (&self->closed);
  self->core = ec_chunker_core_new (&core_events, self, config->program_number, TRUE);
  return self;
}

void
ec_publish_chunks_free (EcPublishChunks *self)
{
  ec_publish_chunks_finish (self);
  ec_chunker_core_free (self->core);
  g_queue_clear_full (&self->closed, g_free);
  g_object_unref (self->identity);
  g_free (self->name);
  g_free (self->device);
  g_free (self->channel);
  g_free (self->label);
  g_free (self);
}

void
ec_publish_chunks_push (EcPublishChunks *self, const guint8 *data, gsize size)
{
  g_assert (!self->finishing);
  ec_chunker_core_push (self->core, data, size);
}

void
ec_publish_chunks_discontinuity (EcPublishChunks *self)
{
  g_assert (!self->finishing);
  ec_chunker_core_discontinuity (self->core);
}

void
ec_publish_chunks_finish (EcPublishChunks *self)
{
  if (self->finishing)
    return;
  self->finishing = TRUE;
  ec_chunker_core_finish (self->core);
  if (self->source)
    ec_publish_broadcast_end (self->source);
  if (self->broadcast)
    ec_publish_broadcast_end (self->broadcast);
  g_clear_pointer (&self->source, ec_publish_broadcast_unref);
  g_clear_pointer (&self->broadcast, ec_publish_broadcast_unref);
}

void
ec_publish_chunks_contest (EcPublishChunks *self)
{
  self->contested = TRUE;
  drop_broadcast (self);
}

const EcPublishChunksStats *
ec_publish_chunks_get_stats (const EcPublishChunks *self)
{
  return &self->stats;
}

gint64
ec_publish_chunks_get_elapsed (const EcPublishChunks *self)
{
  return self->core->clock.elapsed;
}

gboolean
ec_publish_chunks_check (const EcPublishChunks *self, GError **error)
{
  return ec_chunker_core_check (self->core, error);
}
