/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunk-part.h"

#define MIN_CAPACITY (64 * EC_TS_PACKET_SIZE)

static gboolean
reserve (EcChunkPart *self, gsize capacity)
{
  guint8 *base = g_try_realloc (self->base, capacity);

  if (!base)
    return FALSE;
  if (!self->base)
    self->begin = self->end = EC_CHUNK_HEAD_MAX;
  self->base = base;
  self->capacity = capacity;
  return TRUE;
}

/* The capacity never leaves room for more than EC_CHUNK_PART_MAX, so that it is all one has to look at. */
gboolean
ec_chunk_part_grow (EcChunkPart *self, gsize hint)
{
  gsize begin = self->base ? self->begin : EC_CHUNK_HEAD_MAX;
  gsize capacity = self->base ? self->capacity * 2 : EC_CHUNK_HEAD_MAX + MAX (hint, MIN_CAPACITY);

  if (ec_chunk_part_size (self) + EC_TS_PACKET_SIZE > EC_CHUNK_PART_MAX)
    return FALSE;
  return reserve (self, MIN (capacity, begin + EC_CHUNK_PART_MAX));
}

gboolean
ec_chunk_part_append_part (EcChunkPart *self, const EcChunkPart *other)
{
  gsize size = ec_chunk_part_size (other);

  if (size == 0)
    return TRUE;
  if (ec_chunk_part_size (self) + size > EC_CHUNK_PART_MAX)
    return FALSE;
  if (self->capacity - self->end < size &&
      !reserve (self, MAX (self->end, EC_CHUNK_HEAD_MAX) + size))
    return FALSE;
  memcpy (self->base + self->end, other->base + other->begin, size);
  self->end += size;
  self->n_kept = other->n_kept;
  return TRUE;
}

guint8 *
ec_chunk_part_prepend (EcChunkPart *self, gsize size)
{
  g_assert (size <= EC_CHUNK_HEAD_MAX);

  if (ec_chunk_part_size (self) + size > EC_CHUNK_PART_MAX)
    return NULL;
  if (!self->base && !reserve (self, EC_CHUNK_HEAD_MAX + MIN_CAPACITY))
    return NULL;
  g_assert (self->begin >= size);
  self->begin -= size;
  self->capacity = MIN (self->capacity, self->begin + EC_CHUNK_PART_MAX);
  return self->base + self->begin;
}

void
ec_chunk_part_clear (EcChunkPart *self)
{
  g_free (self->base);
  *self = (EcChunkPart){ 0 };
}

GBytes *
ec_chunk_part_steal (EcChunkPart *self)
{
  GBytes *bytes = g_bytes_new_with_free_func (self->base + self->begin, ec_chunk_part_size (self),
                                              g_free, self->base);

  *self = (EcChunkPart){ 0 };
  return bytes;
}
