/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunk-index.h"

#include <string.h>

void
ec_chunk_index_init (EcChunkIndex *self)
{
  self->n_starts = 0;
  self->next = 0;
  self->has_rap = FALSE;
  self->gap_first = G_MAXUINT64;
  self->gap_first_since_start = G_MAXUINT64;
}

/* The start `back` places before the latest, which is 0. */
static EcChunkStart *
start_at (EcChunkIndex *self, guint back)
{
  guint n = G_N_ELEMENTS (self->starts);

  return &self->starts[(self->next + n - 1 - back) % n];
}

void
ec_chunk_index_start (EcChunkIndex *self, guint64 pos, const EcTsClockSample *sample)
{
  gboolean jumped;

  g_assert (sample->has_value);

  if (sample->fresh)
    ec_chunk_index_init (self);
  jumped = self->n_starts > 0 &&
           sample->value > start_at (self, 0)->clock + sample->growth + EC_CHUNK_LOOK_BACK;
  self->gap_first_since_start = G_MAXUINT64;
  self->starts[self->next] = (EcChunkStart){ pos, sample->value, sample->known, jumped };
  self->next = (self->next + 1) % G_N_ELEMENTS (self->starts);
  self->n_starts = MIN (self->n_starts + 1, (guint) G_N_ELEMENTS (self->starts));
}

void
ec_chunk_index_unknown_from (EcChunkIndex *self, guint64 pos)
{
  for (guint back = 0; back < self->n_starts; back++) {
    EcChunkStart *start = start_at (self, back);

    if (start->pos < pos)
      break;
    start->known = FALSE;
  }
}

void
ec_chunk_index_gap (EcChunkIndex *self, guint64 first)
{
  self->gap_first = MIN (self->gap_first, first);
  self->gap_first_since_start = MIN (self->gap_first_since_start, first);
}

static gint64
index_of (gint64 clock)
{
  return clock >= 0 ? clock / EC_CHUNK_INDEX_TICKS
                    : -((-clock + EC_CHUNK_INDEX_TICKS - 1) / EC_CHUNK_INDEX_TICKS);
}

static gint64
look_back (EcChunkIndex *self, gboolean *complete)
{
  gint64 end = start_at (self, 0)->clock - EC_CHUNK_LOOK_BACK;
  gint64 held = G_MININT64;
  gboolean known = TRUE;

  *complete = FALSE;
  for (guint back = 0; back < self->n_starts; back++) {
    const EcChunkStart *start = start_at (self, back);

    held = MAX (held, index_of (start->clock));
    known = known && start->known;
    if (start->clock <= end) {
      *complete = known;
      break;
    }
    known = known && !start->jumped;
  }
  return held;
}

EcChunkOpening
ec_chunk_index_rap (EcChunkIndex *self)
{
  EcChunkOpening opening = { 0 };
  guint64 pos = start_at (self, 0)->pos;
  gboolean complete;
  gint64 held = look_back (self, &complete);

  g_assert (self->n_starts > 0);

  opening.index = held;
  opening.opens = held >= 0 && (!self->has_rap || held > self->rap_held);
  opening.certain = self->has_rap && self->rap_complete && complete && self->gap_first >= pos;

  self->has_rap = TRUE;
  self->rap_held = held;
  self->rap_complete = complete;
  self->gap_first = self->gap_first_since_start;
  return opening;
}
