/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-clock.h"

/*
 * EcChunkIndex: which RAP opens which chunk, and whether that is certain (ECP-0002 §5).
 */

#define EC_CHUNK_INDEX_TICKS (2 * EC_TS_CLOCK_RATE)
#define EC_CHUNK_LOOK_BACK (4 * EC_TS_CLOCK_RATE)
#define EC_CHUNK_MAX_LOOK_BACK 1024 /* starts */

typedef struct {
  guint64 pos;
  gint64 clock;
  gboolean known;
  gboolean jumped; /* the clock went ahead by more than a jitter since the start before */
} EcChunkStart;

typedef struct {
  EcChunkStart starts[EC_CHUNK_MAX_LOOK_BACK + 1]; /* a ring of the timeline's last ones */
  guint n_starts;
  guint next;

  gboolean has_rap; /* there is a previous RAP in this timeline */
  gint64 rap_held;
  gboolean rap_complete;
  guint64 gap_first; /* the least first position of the gaps found since the previous RAP */
  guint64 gap_first_since_start; /* … since the latest start */
} EcChunkIndex;

typedef struct {
  gboolean opens;
  gint64 index;
  gboolean certain;
} EcChunkOpening;

void ec_chunk_index_init (EcChunkIndex *self);
/* A lead PES start whose clock has a value. */
void ec_chunk_index_start (EcChunkIndex *self, guint64 pos, const EcTsClockSample *sample);
/* The clock was unknown from `pos` on. */
void ec_chunk_index_unknown_from (EcChunkIndex *self, guint64 pos);
/* A gap on a counted PID or on all. */
void ec_chunk_index_gap (EcChunkIndex *self, guint64 first);
/* The latest start turned out to be a RAP. */
EcChunkOpening ec_chunk_index_rap (EcChunkIndex *self);
