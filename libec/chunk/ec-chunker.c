/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunker.h"

#include "chunk/ec-chunk-private.h"
#include "chunk/ec-chunker-core.h"

/**
 * EcChunker:
 *
 * Cuts a transport stream into canonical chunks.
 *
 * Bytes go in by [method@Chunker.push], in pieces of any size; chunks come out by
 * [method@Chunker.pop]. Two receivers of one broadcast get the same chunks, byte for byte, under the
 * same indices, wherever both are clean. See ECP-0002.
 *
 * A chunker does no input or output and has no clock. It may be used from any thread, by one at a
 * time; signals are emitted during the call that causes them, and what they call may pop, but not
 * push. Chunks may be let go of in any thread at any time.
 *
 * ```python
 * chunker = Ec.Chunker.new(0)
 * chunker.push(data)
 * while chunk := chunker.pop():
 *     print(chunk.get_index(), chunk.get_hash())
 * ```
 */
struct _EcChunker {
  GObject parent_instance;

  guint program_number;
  gboolean hash;
  gboolean keep_data;

  EcChunkerCore *core;
  gboolean finished;
  gboolean busy;         /* in the core, and so in no state to take more */
  GHashTable *open;      /* EcChunkRecord → EcChunk, those that have not settled */
  GQueue settled;        /* Settled: those that can be revoked, oldest first */
  GQueue ready;          /* EcChunk */
  GHashTable *manifests; /* hash → EcManifest */
};

/* Weakly, and not by a notification: that would come in whatever thread lets go of the chunk. */
typedef struct {
  EcChunkRecord *record;
  GWeakRef chunk;
} Settled;

G_DEFINE_FINAL_TYPE (EcChunker, ec_chunker, G_TYPE_OBJECT)

enum { PROP_0, PROP_PROGRAM_NUMBER, PROP_HASH, PROP_KEEP_DATA, N_PROPS };

enum { REVOKED, N_SIGNALS };

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static void
on_opened (gpointer user_data, EcChunkRecord *record)
{
  EcChunker *self = user_data;

  g_hash_table_insert (self->open, ec_chunk_record_ref (record), ec_chunk_new ());
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
  EcChunker *self = user_data;

  if (self->keep_data)
    ec_chunk_add_part (g_hash_table_lookup (self->open, record), bytes);
}

static void
on_closed (gpointer user_data, EcChunkRecord *record)
{
}

static void
on_damaged (gpointer user_data, EcChunkRecord *record)
{
}

static void
free_settled (gpointer data)
{
  Settled *settled = data;

  ec_chunk_record_unref (settled->record);
  g_weak_ref_clear (&settled->chunk);
  g_free (settled);
}

/* The ledger revokes none that is further back than this. */
static void
remember_settled (EcChunker *self, EcChunkRecord *record, EcChunk *chunk)
{
  Settled *settled = g_new0 (Settled, 1);

  settled->record = ec_chunk_record_ref (record);
  g_weak_ref_init (&settled->chunk, chunk);
  g_queue_push_tail (&self->settled, settled);
  if (self->settled.length > EC_CHUNK_LEDGER_MAX)
    free_settled (g_queue_pop_head (&self->settled));
}

static EcChunk *
find_settled (EcChunker *self, const EcChunkRecord *record)
{
  for (GList *l = self->settled.tail; l; l = l->prev) {
    Settled *settled = l->data;

    if (settled->record == record)
      return g_weak_ref_get (&settled->chunk);
  }
  return NULL;
}

static void
on_settled (gpointer user_data, EcChunkRecord *record)
{
  EcChunker *self = user_data;
  g_autoptr (EcChunk) chunk = g_object_ref (g_hash_table_lookup (self->open, record));
  EcManifest *manifest = NULL;

  ec_chunk_settle (chunk, record);
  if (record->canonical && self->hash)
    manifest = g_hash_table_lookup (self->manifests, ec_chunk_get_hash (chunk));
  if (manifest && ec_manifest_get_index (manifest) == record->index)
    ec_chunk_vouch (chunk, manifest);

  if (record->clean)
    remember_settled (self, record, chunk);
  g_hash_table_remove (self->open, record);
  g_queue_push_tail (&self->ready, g_steal_pointer (&chunk));
}

static void
on_revoked (gpointer user_data, EcChunkRecord *record)
{
  EcChunker *self = user_data;
  g_autoptr (EcChunk) chunk = find_settled (self, record);

  if (!chunk)
    return;
  ec_chunk_revoke (chunk, record);
  /* Nobody has heard that it is clean as long as it waits to be popped. */
  if (!g_queue_find (&self->ready, chunk))
    g_signal_emit (self, signals[REVOKED], 0, chunk);
}

static const EcChunkerEvents core_events = {
  .opened = on_opened,
  .part = on_part,
  .closed = on_closed,
  .ledger = { on_damaged, on_settled, on_revoked },
};

static void
ec_chunker_constructed (GObject *object)
{
  EcChunker *self = EC_CHUNKER (object);

  G_OBJECT_CLASS (ec_chunker_parent_class)->constructed (object);
  self->core = ec_chunker_core_new (&core_events, self, self->program_number, self->hash);
}

static void
ec_chunker_dispose (GObject *object)
{
  EcChunker *self = EC_CHUNKER (object);

  g_queue_clear_full (&self->settled, free_settled);
  g_queue_clear_full (&self->ready, g_object_unref);
  G_OBJECT_CLASS (ec_chunker_parent_class)->dispose (object);
}

static void
ec_chunker_finalize (GObject *object)
{
  EcChunker *self = EC_CHUNKER (object);

  g_clear_pointer (&self->core, ec_chunker_core_free);
  g_hash_table_unref (self->open);
  g_hash_table_unref (self->manifests);
  G_OBJECT_CLASS (ec_chunker_parent_class)->finalize (object);
}

static void
ec_chunker_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcChunker *self = EC_CHUNKER (object);

  switch (id) {
  case PROP_PROGRAM_NUMBER:
    g_value_set_uint (value, ec_chunker_get_program_number (self));
    break;
  case PROP_HASH:
    g_value_set_boolean (value, self->hash);
    break;
  case PROP_KEEP_DATA:
    g_value_set_boolean (value, self->keep_data);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_chunker_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcChunker *self = EC_CHUNKER (object);

  switch (id) {
  case PROP_PROGRAM_NUMBER:
    self->program_number = g_value_get_uint (value);
    break;
  case PROP_HASH:
    self->hash = g_value_get_boolean (value);
    break;
  case PROP_KEEP_DATA:
    self->keep_data = g_value_get_boolean (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_chunker_class_init (EcChunkerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->constructed = ec_chunker_constructed;
  object_class->dispose = ec_chunker_dispose;
  object_class->finalize = ec_chunker_finalize;
  object_class->get_property = ec_chunker_get_property;
  object_class->set_property = ec_chunker_set_property;

  /**
   * EcChunker:program-number: (getter get_program_number)
   *
   * The program that is chunked; 0 for the first that the stream has, until that is known.
   */
  properties[PROP_PROGRAM_NUMBER] =
      g_param_spec_uint ("program-number", NULL, NULL, 0, 65535, 0, flags);
  /**
   * EcChunker:hash:
   *
   * Whether chunks are hashed.
   */
  properties[PROP_HASH] = g_param_spec_boolean ("hash", NULL, NULL, TRUE, flags);
  /**
   * EcChunker:keep-data:
   *
   * Whether chunks come with their bytes, or only with what there is to know of them.
   */
  properties[PROP_KEEP_DATA] = g_param_spec_boolean ("keep-data", NULL, NULL, TRUE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * EcChunker::revoked:
   * @self: the chunker
   * @chunk: a chunk that was clean when it was popped
   *
   * A loss was found late, and @chunk is not clean after all. Emitted only for chunks that somebody
   * still holds, during the call that found it.
   */
  signals[REVOKED] = g_signal_new ("revoked", EC_TYPE_CHUNKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 1, EC_TYPE_CHUNK);
}

static void
ec_chunker_init (EcChunker *self)
{
  g_queue_init (&self->ready);
  g_queue_init (&self->settled);
  self->open =
      g_hash_table_new_full (NULL, NULL, (GDestroyNotify) ec_chunk_record_unref, g_object_unref);
  self->manifests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

/**
 * ec_chunker_new:
 * @program_number: which program to chunk, or 0 for the first that the stream has
 *
 * Makes a chunker that hashes, and keeps data.
 *
 * Returns: (transfer full): a new chunker
 */
EcChunker *
ec_chunker_new (guint program_number)
{
  g_return_val_if_fail (program_number <= 65535, NULL);

  return g_object_new (EC_TYPE_CHUNKER, "program-number", program_number, NULL);
}

/**
 * ec_chunker_get_program_number: (get-property program-number)
 * @self: a chunker
 *
 * The program that is chunked.
 *
 * Returns: its program_number, or 0 as long as it is not known
 */
guint
ec_chunker_get_program_number (EcChunker *self)
{
  g_return_val_if_fail (EC_IS_CHUNKER (self), 0);

  return self->core ? self->core->program_number : self->program_number;
}

/**
 * ec_chunker_add_manifest:
 * @self: a chunker
 * @manifest: a manifest whose signature the caller has checked
 *
 * Tells what is known of a chunk that will come as canonical input (ECP-0002 §8). If a chunk has the
 * manifest's index and hash, it is synced, certain and clean as the manifest says.
 */
void
ec_chunker_add_manifest (EcChunker *self, EcManifest *manifest)
{
  g_return_if_fail (EC_IS_CHUNKER (self));
  g_return_if_fail (EC_IS_MANIFEST (manifest));

  g_hash_table_insert (self->manifests, g_strdup (ec_manifest_get_hash (manifest)),
                       g_object_ref (manifest));
}

/**
 * ec_chunker_push:
 * @self: a chunker
 * @bytes: what comes next of the transport stream; any number of bytes
 *
 * Takes more of the stream.
 *
 * Chunks that are ready wait for [method@Chunker.pop] with all their bytes, so pop in between.
 */
void
ec_chunker_push (EcChunker *self, GBytes *bytes)
{
  gsize size;
  gconstpointer data;

  g_return_if_fail (bytes != NULL);

  data = g_bytes_get_data (bytes, &size);
  ec_chunker_push_data (self, data, size);
}

/**
 * ec_chunker_push_data: (skip)
 * @self: a chunker
 * @data: what comes next of the transport stream
 * @size: how many bytes
 *
 * Like [method@Chunker.push], for bytes that are not in a #GBytes. They are copied as far as needed.
 */
void
ec_chunker_push_data (EcChunker *self, const guint8 *data, gsize size)
{
  g_return_if_fail (EC_IS_CHUNKER (self));
  g_return_if_fail (data != NULL || size == 0);
  g_return_if_fail (!self->finished && !self->busy);

  self->busy = TRUE;
  if (size > 0)
    ec_chunker_core_push (self->core, data, size);
  self->busy = FALSE;
}

/**
 * ec_chunker_push_discontinuity:
 * @self: a chunker
 *
 * Tells that bytes were lost before what is pushed next.
 */
void
ec_chunker_push_discontinuity (EcChunker *self)
{
  g_return_if_fail (EC_IS_CHUNKER (self));
  g_return_if_fail (!self->finished && !self->busy);

  self->busy = TRUE;
  ec_chunker_core_discontinuity (self->core);
  self->busy = FALSE;
}

/**
 * ec_chunker_finish:
 * @self: a chunker
 *
 * Ends the stream. The open chunk is closed here, uncertainly, and can be popped. Nothing can be
 * pushed afterwards.
 */
void
ec_chunker_finish (EcChunker *self)
{
  g_return_if_fail (EC_IS_CHUNKER (self));
  g_return_if_fail (!self->busy);

  if (self->finished)
    return;
  self->finished = TRUE;
  self->busy = TRUE;
  ec_chunker_core_finish (self->core);
  self->busy = FALSE;
}

/**
 * ec_chunker_pop:
 * @self: a chunker
 *
 * Takes the next chunk, in the order of the broadcast, if one is ready.
 *
 * Returns: (transfer full) (nullable): a chunk, or %NULL if more has to be pushed first
 */
EcChunk *
ec_chunker_pop (EcChunker *self)
{
  g_return_val_if_fail (EC_IS_CHUNKER (self), NULL);

  return g_queue_pop_head (&self->ready);
}

/**
 * ec_chunker_check:
 * @self: a chunker
 * @error: return location for an error
 *
 * Tells why no chunk is open now, in a sentence for people. A stream that just began is not chunked
 * yet for such reasons, which pass; at its end they are the answer.
 *
 * Fails with %EC_CHUNK_ERROR_NOT_TS, %EC_CHUNK_ERROR_NO_PROGRAM, %EC_CHUNK_ERROR_NO_LEAD,
 * %EC_CHUNK_ERROR_SCRAMBLED or %EC_CHUNK_ERROR_FAILED.
 *
 * Returns: %TRUE if a chunk is open or nothing stands in the way of one
 */
gboolean
ec_chunker_check (EcChunker *self, GError **error)
{
  g_return_val_if_fail (EC_IS_CHUNKER (self), FALSE);

  return ec_chunker_core_check (self->core, error);
}
