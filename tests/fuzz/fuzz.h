/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ec-reader.h"

/* What libFuzzer calls, and what it offers to a mutator of ours. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate (uint8_t *data, size_t size, size_t max_size);

/* Numbers from a seed, xorshift32. */
typedef struct {
  guint32 state;
} FuzzRandom;

static inline void
fuzz_random_init (FuzzRandom *self, guint32 seed)
{
  self->state = seed * 2654435761u + 1;
}

/* 0 to n − 1. */
static inline guint32
fuzz_random_below (FuzzRandom *self, guint32 n)
{
  self->state ^= self->state << 13;
  self->state ^= self->state >> 17;
  self->state ^= self->state << 5;
  if (self->state == 0)
    self->state = 1;
  return n ? self->state % n : 0;
}

/* 1 to `max`, but no more than `left`. (MIN would draw twice.) */
static inline gsize
fuzz_random_piece (FuzzRandom *self, guint32 max, gsize left)
{
  gsize piece = 1 + fuzz_random_below (self, max);

  return MIN (piece, left);
}
