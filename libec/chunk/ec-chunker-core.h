/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-chunk-builder.h"
#include "chunk/ec-chunk-index.h"
#include "chunk/ec-chunk-ledger.h"
#include "ts/ec-ts-framer.h"
#include "ts/ec-ts-network.h"
#include "ts/ec-ts-pes.h"
#include "ts/ec-ts-rap.h"

/* A candidate in whose window more gaps than this are found is no RAP. */
#define EC_CHUNKER_MAX_CANDIDATE_GAPS 256

/*
 * EcChunkerCore: bytes in, chunks out; ECP-0002 put together. Sans-I/O, one thread.
 *
 * For each chunk: opened, part …, then damaged (at most once, at any time up to settled), closed
 * behind the last part, settled, and perhaps, later, revoked.
 */

typedef struct {
  void (*opened) (gpointer user_data, EcChunkRecord *record);
  EcChunkPartFunc part;
  void (*closed) (gpointer user_data, EcChunkRecord *record);
  EcChunkLedgerEvents ledger;
} EcChunkerEvents;

typedef enum {
  EC_CHUNKER_ROLE_PAT = 1 << 0,
  EC_CHUNKER_ROLE_PMT = 1 << 1,
  EC_CHUNKER_ROLE_CLOCK = 1 << 2,
  EC_CHUNKER_ROLE_LEAD = 1 << 3,      /* of the PMT in force */
  EC_CHUNKER_ROLE_KEPT = 1 << 4,      /* by the PMT in force */
  EC_CHUNKER_ROLE_OPEN_LEAD = 1 << 5, /* of the open chunk's PMT */
  EC_CHUNKER_ROLE_OPEN_KEPT = 1 << 6,
  EC_CHUNKER_ROLE_NAMES = 1 << 7, /* looked at, but not counted */
  /* kept by a candidate's map, which the PMT in force may have replaced since; not counted by itself */
  EC_CHUNKER_ROLE_CANDIDATE_KEPT = 1 << 8,
  EC_CHUNKER_ROLE_PLAIN = 1 << 9, /* payload of the open chunk and of the PMT in force, no more */
} EcChunkerRole;

/* §7.1 */
#define EC_CHUNKER_ROLES_COUNTED                                                                   \
  ((guint16) ~(EC_CHUNKER_ROLE_NAMES | EC_CHUNKER_ROLE_CANDIDATE_KEPT | EC_CHUNKER_ROLE_PLAIN))

/* Something about a chunk that is not known yet: a gap (pid EC_TS_N_PIDS: on all) or a mark. */
typedef struct {
  gboolean is_gap;
  EcTsGap gap;
  guint64 event;
  EcChunkMark mark;
} EcChunkerPending;

/* A lead PES start that may be a RAP. */
typedef struct {
  gboolean undecided;
  gboolean own_part; /* its bytes are in `part`, not with the open chunk's */
  guint64 pos;
  guint64 pts;
  guint tsid;
  guint clock_pid;
  EcTsNetwork network;
  gboolean moving; /* the PMT is looked for elsewhere than the one in force came from */
  EcTsClockSample sample;
  gint64 elapsed;
  EcTsProgram *program;
  EcChunkPart part;
  guint n_gaps;
  GArray *pending; /* EcChunkerPending since it began, for the chunk that turns out to be the one */
  EcTsRapScanner scanner;
} EcChunkerCandidate;

/* Canonical input (ECP-0002 §8). */
typedef struct {
  gboolean active;
  gboolean head_done;
  guint program_number;
  guint pmt_pid;
  guint tsid;
  guint timeline;
  EcTsSectionAssembler pmt;
  EcChunkRecord *record;
  EcTsProgram *program;
  EcChunkPart current;
  gboolean seen_start;
  EcChunkRecord *previous; /* the chunk before, until its duration is known */
  gsize hint;
} EcChunkerCanonical;

typedef struct {
  EcChunkerEvents events;
  gpointer user_data;
  gboolean hashing;
  guint wanted_program; /* 0: the first of the PAT */

  EcTsFramer framer;
  EcTsContinuity *continuity;
  guint64 pos;         /* of the next packet */
  guint64 counted_pos; /* of the last packet on a counted PID */

  EcTsSectionAssembler pat_sections, pmt_sections, psip_sections, tdt_sections, sdt_sections;
  gboolean has_pat;
  guint tsid;
  guint program_number; /* 0: not known yet */
  guint pmt_pid;        /* EC_TS_N_PIDS: not known yet */
  EcTsProgram *program; /* the PMT in force */
  EcTsNetwork network;
  EcTsClock clock;
  EcChunkIndex index;

  EcChunkerCandidate candidate;
  EcChunkBuilder builder;
  EcChunkLedger ledger;
  guint timeline;
  gint64 last_claimed;
  guint64 event;              /* what showed a gap, counted */
  guint64 pcrs[EC_TS_N_PIDS]; /* 1 + the last PCR of each kept PID; 0: none */

  EcChunkerCanonical canonical;

  /* until it is known whether there is a broadcast clock (§4.7) */
  gboolean probing;
  GByteArray *probed;    /* packets read so far */
  GArray *probed_losses; /* guint64, positions before which bytes were lost */

  /* what was seen, for the reason */
  guint n_scrambled; /* lead packets in a row */
} EcChunkerCore;

EcChunkerCore *ec_chunker_core_new (const EcChunkerEvents *events,
                                    gpointer user_data,
                                    guint program_number,
                                    gboolean hashing);
void ec_chunker_core_free (EcChunkerCore *self);
void ec_chunker_core_push (EcChunkerCore *self, const guint8 *data, gsize size);
/* The source lost bytes before what is pushed next. */
void ec_chunker_core_discontinuity (EcChunkerCore *self);
/* End of input: closes and settles what there is. */
void ec_chunker_core_finish (EcChunkerCore *self);
/* FALSE: no chunk is open now, and none can be; why, in a sentence for people (EC_CHUNK_ERROR). */
gboolean ec_chunker_core_check (const EcChunkerCore *self, GError **error);

/* Private to the core's files. */

void ec_chunker_core_reset (EcChunkerCore *self, gboolean unsynced);
void ec_chunker_core_begin_canonical (EcChunkerCore *self);
gsize
ec_chunker_core_take_canonical (EcChunkerCore *self, const guint8 *packets, gsize n, gsize stride);
void ec_chunker_core_end_canonical (EcChunkerCore *self);
void
ec_chunker_core_gap (EcChunkerCore *self, const EcTsGap *gap, gboolean first, gboolean in_sequence);
void ec_chunker_core_gap_on_all (EcChunkerCore *self, guint64 first, guint64 last);
void ec_chunker_core_update_roles (EcChunkerCore *self);
void ec_chunker_core_section_packet (EcChunkerCore *self, guint pid, const guint8 *packet);
void ec_chunker_core_lead_packet (EcChunkerCore *self, guint roles, const guint8 *packet);
void ec_chunker_core_mark (EcChunkerCore *self, guint pid, const guint8 *packet);
void ec_chunker_core_reject_candidate (EcChunkerCore *self);
/* The open chunk got too large, or memory ran out: it ends here. */
void ec_chunker_core_abandon (EcChunkerCore *self);
/* Closes the open chunk, if there is one; see ec_chunk_builder_end() for `rest`. */
void ec_chunker_core_close (
    EcChunkerCore *self, guint64 end, gint64 elapsed, gboolean certain, EcChunkPart *rest);
