/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-packet.h"

/*
 * EcChunkPcr: whether the PCRs of a chunk are as even as they must be for it to be clean though it
 * holds packets without payload, which can be lost without a trace (ECP-0002 §7.7).
 */

/* What one kept packet tells: that it has no payload, or has a PCR, or both. */
typedef struct {
  guint64 pos;
  guint16 pid;
  gboolean is_bare; /* no payload */
  gboolean has_pcr;
  guint64 pcr; /* 27 MHz */
  gboolean has_previous;
  guint64 previous; /* the PID's PCR before this one */
} EcChunkMark;

typedef struct {
  guint n_bare;       /* packets without payload */
  gboolean has_stray; /* … on another PID than the PCR's, or without PCR */
  gboolean complete;  /* the first PCR behind the chunk was seen */
  guint n_steps;
  guint64 shortest, longest; /* steps from PCR to PCR, 27 MHz */
} EcChunkPcr;

/* `inside`: the packet is in the chunk, and not behind it. */
void ec_chunk_pcr_mark (EcChunkPcr *self, const EcChunkMark *mark, guint pcr_pid, gboolean inside);
gboolean ec_chunk_pcr_is_even (const EcChunkPcr *self);
