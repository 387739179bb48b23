/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunk-private.h"

#include <string.h>

#include "chunk/ec-chunk-head.h"
#include "chunk/ec-manifest-private.h"

/**
 * EcChunk:
 *
 * The packets of one program from one random access point up to a later one, behind a head of their
 * own: a transport stream that plays by itself, and behind the chunk before it without a seam.
 *
 * A chunk comes from [class@Chunker] when all is known of it. Afterwards nothing of it changes but
 * [property@Chunk:clean], which a loss that is found late takes back. See ECP-0002.
 */
struct _EcChunk {
  GObject parent_instance;

  GPtrArray *parts; /* GBytes */
  EcManifest *manifest;
  char *stream_id;
  guint timeline;
  gboolean certain_open;
  gboolean certain_close;
};

G_DEFINE_FINAL_TYPE (EcChunk, ec_chunk, G_TYPE_OBJECT)

enum { PROP_0, PROP_CLEAN, N_PROPS };

static GParamSpec *properties[N_PROPS];

static void
ec_chunk_finalize (GObject *object)
{
  EcChunk *self = EC_CHUNK (object);

  g_ptr_array_unref (self->parts);
  g_clear_object (&self->manifest);
  g_free (self->stream_id);
  G_OBJECT_CLASS (ec_chunk_parent_class)->finalize (object);
}

static void
ec_chunk_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcChunk *self = EC_CHUNK (object);

  switch (id) {
  case PROP_CLEAN:
    g_value_set_boolean (value, ec_chunk_get_clean (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_chunk_class_init (EcChunkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_chunk_finalize;
  object_class->get_property = ec_chunk_get_property;

  /**
   * EcChunk:clean: (getter get_clean)
   *
   * Whether the chunk is what every receiver of the broadcast has under its index.
   */
  properties[PROP_CLEAN] =
      g_param_spec_boolean ("clean", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_chunk_init (EcChunk *self)
{
  self->parts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

EcChunk *
ec_chunk_new (void)
{
  return g_object_new (EC_TYPE_CHUNK, NULL);
}

void
ec_chunk_add_part (EcChunk *self, GBytes *bytes)
{
  g_ptr_array_add (self->parts, g_bytes_ref (bytes));
}

void
ec_chunk_settle (EcChunk *self, const EcChunkRecord *record)
{
  g_assert (!self->manifest);

  self->manifest = ec_manifest_new_for_record (record);
  self->stream_id = g_strdup (record->stream_id);
  self->timeline = record->timeline;
  self->certain_open = record->certain_open;
  self->certain_close = record->certain_close;
}

void
ec_chunk_vouch (EcChunk *self, EcManifest *manifest)
{
  g_set_object (&self->manifest, manifest);
  self->certain_open = self->certain_close = ec_manifest_get_clean (manifest);
}

void
ec_chunk_revoke (EcChunk *self, const EcChunkRecord *record)
{
  g_clear_object (&self->manifest);
  self->manifest = ec_manifest_new_for_record (record);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CLEAN]);
}

/**
 * ec_chunk_get_index:
 * @self: a chunk
 *
 * The chunk's index: its place in the broadcast, in steps of two seconds.
 *
 * Returns: the index, not negative
 */
gint64
ec_chunk_get_index (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), 0);

  return ec_manifest_get_index (self->manifest);
}

/**
 * ec_chunk_get_manifest:
 * @self: a chunk
 *
 * What the chunk is.
 *
 * Returns: (transfer none): the manifest
 */
EcManifest *
ec_chunk_get_manifest (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), NULL);

  return self->manifest;
}

/**
 * ec_chunk_get_hash:
 * @self: a chunk
 *
 * BLAKE3-256 of the chunk's bytes.
 *
 * Returns: (transfer none): 64 lower-case hexadecimal digits; all zeros if the chunker was told
 *   not to hash
 */
const char *
ec_chunk_get_hash (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), NULL);

  return ec_manifest_get_hash (self->manifest);
}

/**
 * ec_chunk_get_clean: (get-property clean)
 * @self: a chunk
 *
 * Whether the chunk is what every receiver of the broadcast has under its index.
 *
 * Returns: %TRUE if it is clean
 */
gboolean
ec_chunk_get_clean (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), FALSE);

  return ec_manifest_get_clean (self->manifest);
}

/**
 * ec_chunk_get_certain_open:
 * @self: a chunk
 *
 * Whether every receiver of the broadcast begins the chunk here (ECP-0002 §5.5).
 *
 * Returns: %TRUE if that is certain
 */
gboolean
ec_chunk_get_certain_open (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), FALSE);

  return self->certain_open;
}

/**
 * ec_chunk_get_certain_close:
 * @self: a chunk
 *
 * Whether every receiver of the broadcast ends the chunk here (ECP-0002 §5.5).
 *
 * Returns: %TRUE if that is certain
 */
gboolean
ec_chunk_get_certain_close (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), FALSE);

  return self->certain_close;
}

/**
 * ec_chunk_get_stream_id:
 * @self: a chunk
 *
 * The broadcast-scoped stream id, where it may be claimed for this chunk (ECP-0003 §2).
 *
 * Returns: (transfer none) (nullable): the name, or %NULL
 */
const char *
ec_chunk_get_stream_id (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), NULL);

  return self->stream_id;
}

/**
 * ec_chunk_get_timeline:
 * @self: a chunk
 *
 * Which timeline of the run the chunk belongs to (ECP-0002 §5.2). Each has a source-scoped name of
 * its own.
 *
 * Returns: the number of the timeline; it only grows
 */
guint
ec_chunk_get_timeline (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), 0);

  return self->timeline;
}

/**
 * ec_chunk_get_n_packets:
 * @self: a chunk
 *
 * How many transport packets the chunk has, the head's included.
 *
 * Returns: the number of packets of 188 bytes
 */
guint64
ec_chunk_get_n_packets (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), 0);

  return ec_manifest_get_n_bytes (self->manifest) / EC_TS_PACKET_SIZE;
}

/**
 * ec_chunk_get_n_parts:
 * @self: a chunk
 *
 * How many parts of the chunk are here: all of them, or none if the chunker was told not to keep
 * data.
 *
 * Returns: the number of parts
 */
guint
ec_chunk_get_n_parts (EcChunk *self)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), 0);

  return self->parts->len;
}

/**
 * ec_chunk_get_part:
 * @self: a chunk
 * @part: which part, from 0
 *
 * The bytes of one part: transport packets, the first part's with the head.
 *
 * Returns: (transfer none) (nullable): the bytes, or %NULL if there is no such part
 */
GBytes *
ec_chunk_get_part (EcChunk *self, guint part)
{
  g_return_val_if_fail (EC_IS_CHUNK (self), NULL);

  return part < self->parts->len ? g_ptr_array_index (self->parts, part) : NULL;
}

/**
 * ec_chunk_dup_data:
 * @self: a chunk
 *
 * All bytes of the chunk in one piece, which copies them. To write or send a chunk, go over its
 * parts instead.
 *
 * Returns: (transfer full) (nullable): the bytes, or %NULL if there is not enough memory
 */
GBytes *
ec_chunk_dup_data (EcChunk *self)
{
  gsize total = 0, done = 0;
  guint8 *data;

  g_return_val_if_fail (EC_IS_CHUNK (self), NULL);

  for (guint i = 0; i < self->parts->len; i++)
    total += g_bytes_get_size (g_ptr_array_index (self->parts, i));
  data = g_try_malloc (MAX (total, 1));
  if (!data)
    return NULL;
  for (guint i = 0; i < self->parts->len; i++) {
    gsize size;
    gconstpointer bytes = g_bytes_get_data (g_ptr_array_index (self->parts, i), &size);

    memcpy (data + done, bytes, size);
    done += size;
  }
  return g_bytes_new_take (data, total);
}

/**
 * ec_chunk_drop_data:
 * @self: a chunk
 *
 * Lets go of the chunk's bytes, for those who keep the chunk to hear of [signal@Chunker::revoked].
 */
void
ec_chunk_drop_data (EcChunk *self)
{
  g_return_if_fail (EC_IS_CHUNK (self));

  g_ptr_array_set_size (self->parts, 0);
}
