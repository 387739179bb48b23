/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-packet.h"

/*
 * EcTsContinuity: counters, duplicates and gaps of every PID of the mux (ECP-0002 §1.6, §7).
 *
 * The caller goes over the packets; in the regular case ec_ts_pid_state_is_regular() is all there
 * is, and everything else is decided by ec_ts_continuity_irregular().
 */

/* As many gaps are remembered to find out which of them overlap (§7.4). */
#define EC_TS_MAX_GAPS 1024
/* In sequence before a PID that is not counted takes part in that. */
#define EC_TS_SEQUENCE 8

typedef struct {
  guint64 pos;            /* of the previous packet */
  const guint8 *previous; /* that packet, in the caller's block or in a copy of ours */
  guint32 block;          /* the block in which it was seen */
  guint16 roles;          /* the caller's; 0: not counted */
  guint8 counter;
  guint8 in_sequence; /* packets without a gap, up to EC_TS_SEQUENCE */
  guint8 seen;
  guint64 duplicated_pos; /* 1 + the position of the last packet of which a duplicate was dropped */
} EcTsPidState;

typedef struct {
  guint16 pid;
  guint64 first, last;
} EcTsGap;

typedef struct {
  EcTsPidState pids[EC_TS_N_PIDS];
  guint8 *copies[EC_TS_N_PIDS]; /* 188 bytes each, made on demand */
  guint16 touched[EC_TS_N_PIDS];
  guint n_touched;
  guint32 block;
  EcTsGap gaps[EC_TS_MAX_GAPS]; /* a ring, in the order found */
  guint n_gaps;
  guint next_gap;
} EcTsContinuity;

typedef enum {
  EC_TS_CONTINUITY_OK = 0,
  EC_TS_CONTINUITY_DROP = 1 << 0,  /* a duplicate */
  EC_TS_CONTINUITY_GAP = 1 << 1,   /* `*gap` is filled */
  EC_TS_CONTINUITY_FIRST = 1 << 2, /* the PID's first packet: the gap only damages */
} EcTsContinuityResult;

EcTsContinuity *ec_ts_continuity_new (void);
void ec_ts_continuity_free (EcTsContinuity *self);
/* Forgets everything but the roles. */
void ec_ts_continuity_reset (EcTsContinuity *self);

/*
 * What to make of a packet that is not regular. Unless it is to be dropped the caller takes it
 * afterwards, behind a gap with in_sequence set to 0 before.
 *
 * `counted_pos`: the position of the last packet on a counted PID.
 */
EcTsContinuityResult ec_ts_continuity_irregular (EcTsContinuity *self,
                                                 guint pid,
                                                 const guint8 *packet,
                                                 guint64 pos,
                                                 guint64 counted_pos,
                                                 EcTsGap *gap);
/*
 * Remembers a gap that takes part in §7.4. TRUE when it overlaps others: then there is a gap on all from
 * *first to gap->last.
 */
gboolean ec_ts_continuity_note_gap (EcTsContinuity *self, const EcTsGap *gap, guint64 *first);
/* The caller's block of packets goes away: keeps what is still needed of it. */
void ec_ts_continuity_end_block (EcTsContinuity *self);
void ec_ts_continuity_touch (EcTsContinuity *self, guint pid);

/* The counter is the next one, and there is nothing else to look at. */
static inline gboolean
ec_ts_pid_state_is_regular (const EcTsPidState *state, const guint8 *packet)
{
  guint counts = packet[3] >> 4 & 1;

  return ((packet[3] ^ (state->counter + counts)) & 0x0f) == 0 && state->seen;
}

static inline void
ec_ts_pid_state_count (EcTsPidState *state)
{
  if (state->in_sequence < EC_TS_SEQUENCE)
    state->in_sequence++;
}

static inline void
ec_ts_continuity_take (EcTsContinuity *self, EcTsPidState *state, const guint8 *packet, guint64 pos)
{
  state->counter = packet[3] & 0x0f;
  state->pos = pos;
  state->previous = packet;
  if (G_UNLIKELY (state->block != self->block))
    ec_ts_continuity_touch (self, (guint) (state - self->pids));
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcTsContinuity, ec_ts_continuity_free)
