/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunk-pcr.h"

/* Fewer could all be lost without that anyone sees it. */
#define MIN_BARE 8
#define PCR_MODULUS ((G_GUINT64_CONSTANT (1) << 33) * 300)

static void
add_step (EcChunkPcr *self, guint64 step)
{
  self->shortest = self->n_steps ? MIN (self->shortest, step) : step;
  self->longest = self->n_steps ? MAX (self->longest, step) : step;
  self->n_steps++;
}

void
ec_chunk_pcr_mark (EcChunkPcr *self, const EcChunkMark *mark, guint pcr_pid, gboolean inside)
{
  if (inside && mark->is_bare) {
    self->n_bare++;
    if (mark->pid != pcr_pid || !mark->has_pcr)
      self->has_stray = TRUE;
  }
  if (mark->pid != pcr_pid || !mark->has_pcr || self->complete)
    return;

  if (mark->has_previous)
    add_step (self,
              (mark->pcr % PCR_MODULUS + PCR_MODULUS - mark->previous % PCR_MODULUS) % PCR_MODULUS);
  if (!inside)
    self->complete = TRUE;
}

gboolean
ec_chunk_pcr_is_even (const EcChunkPcr *self)
{
  if (self->n_bare == 0)
    return TRUE;
  return self->n_bare >= MIN_BARE && !self->has_stray && self->n_steps >= 2 &&
         self->longest * 2 <= self->shortest * 3;
}
