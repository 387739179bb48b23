/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-chunk-record.h"
#include "ts/ec-ts-continuity.h"

/*
 * EcChunkLedger: the chunks that a gap can still concern, open, closed or settled; who is damaged,
 * who settles, who is revoked (ECP-0002 §7.5, §7.6).
 */

/* Settled clean chunks are remembered for a revocation as long as this many others follow. */
#define EC_CHUNK_LEDGER_MAX 512
/* A closed chunk that is not settled waits for no more than this many others to close (§7.6). */
#define EC_CHUNK_LEDGER_WAITING 16

typedef struct {
  /* The first gap in a chunk that has not settled. */
  void (*damaged) (gpointer user_data, EcChunkRecord *record);
  void (*settled) (gpointer user_data, EcChunkRecord *record);
  /* A chunk that settled clean is not. */
  void (*revoked) (gpointer user_data, EcChunkRecord *record);
} EcChunkLedgerEvents;

typedef struct {
  const EcChunkLedgerEvents *events;
  gpointer user_data;
  GQueue records;   /* EcChunkRecord, oldest first */
  GList *unsettled; /* the oldest record that has not settled; they settle in order */
} EcChunkLedger;

void
ec_chunk_ledger_init (EcChunkLedger *self, const EcChunkLedgerEvents *events, gpointer user_data);
void ec_chunk_ledger_clear (EcChunkLedger *self);
void ec_chunk_ledger_add (EcChunkLedger *self, EcChunkRecord *record);
/* `event`: what showed it, a number that only grows; one event is charged to a chunk once (§7.5). */
void ec_chunk_ledger_gap (EcChunkLedger *self, const EcTsGap *gap, guint64 event);
void ec_chunk_ledger_mark (EcChunkLedger *self, const EcChunkMark *mark);
/* Settles the closed chunks whose time has come; `elapsed` is E. */
void ec_chunk_ledger_settle (EcChunkLedger *self, const EcTsContinuity *continuity, gint64 elapsed);
/* A chunk opened: settles what has waited long enough, as not clean if its time has not come. */
void ec_chunk_ledger_limit (EcChunkLedger *self, const EcTsContinuity *continuity, gint64 elapsed);
/* The input ends: settles all, which must be closed. */
void ec_chunk_ledger_finish (EcChunkLedger *self, const EcTsContinuity *continuity, gint64 elapsed);
