/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-chunk-part.h"
#include "chunk/ec-chunk-record.h"

/*
 * EcChunkBuilder: the open chunk's bytes, cut into parts (ECP-0002 §6.3).
 *
 * Whether a lead PES start opens the next chunk is known some packets later. Meanwhile the builder
 * holds: what ended there waits, since it may be the chunk's last part, and what follows may belong
 * to the next chunk.
 */

#define EC_CHUNK_MAX_BYTES 134217728u /* ECP-0002 §6.4 */
#define EC_CHUNK_MAX_PARTS 16384
#define EC_CHUNK_AUDIO_PACKETS 16

/* `bytes` is the callee's to keep a reference of. */
typedef void (*EcChunkPartFunc) (gpointer user_data,
                                 EcChunkRecord *record,
                                 GBytes *bytes,
                                 gboolean last);

typedef struct {
  EcChunkPartFunc func;
  gpointer user_data;
  EcChunkRecord *record; /* the open chunk; NULL: none */
  gboolean is_audio;
  EcChunkPart current;
  gboolean holding;
  gboolean split; /* no part ends where the hold began, unless the chunk does */
  GArray *held;   /* EcChunkPart; the first one ended where the hold began */
  gsize hint;     /* a likely size of the next part */
} EcChunkBuilder;

void ec_chunk_builder_init (EcChunkBuilder *self, EcChunkPartFunc func, gpointer user_data);
void ec_chunk_builder_clear (EcChunkBuilder *self);
/*
 * Opens `record` with `first` (taken) as what there is of its first part; FALSE when that gets too large,
 * or memory ran out.
 */
gboolean ec_chunk_builder_open (EcChunkBuilder *self,
                                EcChunkRecord *record,
                                EcChunkPart *first) G_GNUC_WARN_UNUSED_RESULT;
/* A PES start of the chunk's own video lead: a part ends here. */
void ec_chunk_builder_boundary (EcChunkBuilder *self);
/* The next chunk may begin here; `boundary`: a part ends here in any case. */
void ec_chunk_builder_hold (EcChunkBuilder *self, gboolean boundary);
/* It does not. FALSE when the chunk got too large, or memory ran out. */
gboolean ec_chunk_builder_release (EcChunkBuilder *self) G_GNUC_WARN_UNUSED_RESULT;
/*
 * The chunk ends where the hold began, or here if there is none; emits the last part. What came
 * since is moved to `rest`, or dropped where `rest` is NULL. Leaves the record to the caller's closing.
 */
void ec_chunk_builder_end (EcChunkBuilder *self, EcChunkPart *rest);

/*
 * Whether `size` bytes more pass the chunk's limits (ECP-0002 §6.4). While it holds nobody knows whose
 * they are: ec_chunk_builder_release() looks again.
 */
static inline gboolean
ec_chunk_builder_is_full (const EcChunkBuilder *self, gsize size)
{
  return !self->holding &&
         (self->record->n_bytes + ec_chunk_part_size (&self->current) + size > EC_CHUNK_MAX_BYTES ||
          self->record->part_sizes->len >= EC_CHUNK_MAX_PARTS);
}

/* Kept packets of a video chunk, one behind the other; FALSE when it got too large, or memory ran out. */
gboolean ec_chunk_builder_append_run (EcChunkBuilder *self,
                                      const guint8 *packets,
                                      gsize n) G_GNUC_WARN_UNUSED_RESULT;

/* A kept packet; FALSE when the chunk got too large, or memory ran out. */
G_GNUC_WARN_UNUSED_RESULT static inline gboolean
ec_chunk_builder_append (EcChunkBuilder *self, const guint8 *packet)
{
  if (G_UNLIKELY (self->is_audio && self->current.n_kept == EC_CHUNK_AUDIO_PACKETS))
    ec_chunk_builder_boundary (self);
  if (ec_chunk_builder_is_full (self, EC_TS_PACKET_SIZE))
    return FALSE;
  return ec_chunk_part_append_packet (&self->current, packet, self->hint);
}
