/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-hasher.h"
#include "chunk/ec-chunk-pcr.h"
#include "ts/ec-ts-clock.h"
#include "ts/ec-ts-program.h"

/* EcChunkRecord: all that is known of one chunk but its bytes. Owned by one thread. */

#define EC_CHUNK_OPEN_END G_MAXUINT64

typedef struct {
  grefcount ref_count;
  gint64 index;
  guint timeline;
  gboolean canonical; /* taken as it is from canonical input (ECP-0002 §8) */
  gboolean has_clock;
  gboolean synced;
  gboolean local_time; /* the clock is not UTC and nobody says how far off (ISDB) */
  gint64 clock;        /* at the opening, 90 kHz */
  gint gps_offset;     /* seconds; -1 without one */
  gboolean has_pts;
  guint64 pts;
  gint64 open_elapsed;  /* E at the opening … */
  gint64 close_elapsed; /* … and where it closed */
  guint64 start;        /* positions of the first packet and behind the last */
  guint64 end;          /* EC_CHUNK_OPEN_END while it is open */
  gboolean awaits_next; /* canonical: its end is known when the next chunk begins */
  EcTsProgram *program;
  guint16 tsid;
  guint clock_pid; /* EC_TS_N_PIDS: either of them */

  gboolean certain_open;
  gboolean certain_close;
  guint64 last_charge; /* the last event that was charged */
  guint damaged;       /* gaps charged to it */
  gboolean settled;    /* its end and its damage are told; only a revocation can follow */
  gboolean clean;      /* said so when it settled */
  char *stream_id;     /* broadcast-scoped, where it may be claimed; else NULL */

  GArray *part_sizes; /* guint32 */
  guint64 n_bytes;
  EcHasher *hasher;            /* while it is open; NULL where no hash is asked for */
  guint8 hash[BLAKE3_OUT_LEN]; /* once it is closed, all zeros when not asked for */
  EcChunkPcr pcr;
} EcChunkRecord;

EcChunkRecord *ec_chunk_record_new (EcTsProgram *program, gboolean hashing);
EcChunkRecord *ec_chunk_record_ref (EcChunkRecord *self);
void ec_chunk_record_unref (EcChunkRecord *self);
void ec_chunk_record_add_part (EcChunkRecord *self, GBytes *bytes);
/* `end`: the position behind its last packet; `elapsed`: E there. */
void ec_chunk_record_close (EcChunkRecord *self, guint64 end, gint64 elapsed, gboolean certain);
/* Whether a gap on `pid` (EC_TS_N_PIDS: on all) within these positions damages it (§7.5). */
gboolean ec_chunk_record_is_hit (const EcChunkRecord *self, guint pid, guint64 first, guint64 last);

static inline gboolean
ec_chunk_record_is_closed (const EcChunkRecord *self)
{
  return self->end != EC_CHUNK_OPEN_END;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcChunkRecord, ec_chunk_record_unref)
