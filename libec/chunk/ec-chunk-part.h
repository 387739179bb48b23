/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "chunk/ec-chunk-head.h"

/*
 * EcChunkPart: the bytes of a part while it grows. There is room in front of them, so that a part
 * that turns out to be a chunk's first gets its head without being moved.
 */

#define EC_CHUNK_PART_MAX 33554432u /* ECP-0002 §6.4 */

typedef struct {
  guint8 *base; /* NULL: nothing allocated yet */
  gsize begin;  /* where the bytes begin in `base` */
  gsize end;
  gsize capacity; /* of `base`, as far as a part may grow */
  guint n_kept;   /* kept packets, for the parts of an audio lead */
} EcChunkPart;

/* FALSE when there is no memory, or the part would pass EC_CHUNK_PART_MAX. `hint`: a likely size. */
gboolean ec_chunk_part_grow (EcChunkPart *self, gsize hint) G_GNUC_WARN_UNUSED_RESULT;
gboolean ec_chunk_part_append_part (EcChunkPart *self,
                                    const EcChunkPart *other) G_GNUC_WARN_UNUSED_RESULT;
/*
 * Room of `size` bytes in front, at most EC_CHUNK_HEAD_MAX and once a part; NULL without memory, or when
 * the part would pass EC_CHUNK_PART_MAX.
 */
guint8 *ec_chunk_part_prepend (EcChunkPart *self, gsize size) G_GNUC_WARN_UNUSED_RESULT;
void ec_chunk_part_clear (EcChunkPart *self);
/* The bytes, without copying; `self` is empty afterwards. */
GBytes *ec_chunk_part_steal (EcChunkPart *self) G_GNUC_WARN_UNUSED_RESULT;

static inline gsize
ec_chunk_part_size (const EcChunkPart *self)
{
  return self->end - self->begin;
}

static inline gboolean
ec_chunk_part_append_packet (EcChunkPart *self, const guint8 *packet, gsize hint)
{
  if (G_UNLIKELY (self->capacity - self->end < EC_TS_PACKET_SIZE) &&
      !ec_chunk_part_grow (self, hint))
    return FALSE;
  memcpy (self->base + self->end, packet, EC_TS_PACKET_SIZE);
  self->end += EC_TS_PACKET_SIZE;
  self->n_kept++;
  return TRUE;
}
