/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-section.h"

/*
 * EcTsClock: the broadcast's own clock at each lead PES start (ECP-0002 §4).
 *
 * All times are in ticks of 90 kHz; positions are packet numbers.
 */

#define EC_TS_CLOCK_MAX_STEPS 32

/* A whole timeline behind what a station can mean by a jitter of its clock. */
#define EC_TS_CLOCK_FRESH (4 * EC_TS_CLOCK_RATE)

typedef enum {
  EC_TS_CLOCK_UNDECIDED,
  EC_TS_CLOCK_ATSC,
  EC_TS_CLOCK_DVB,
  EC_TS_CLOCK_ISDB,
} EcTsClockKind;

/* What the clock says at one lead PES start. */
typedef struct {
  gboolean has_value;
  gboolean known;  /* else it runs on (§4.6) */
  gboolean synced; /* by time tables, not by time stamps */
  gboolean fresh;  /* a new timeline begins here (§5.2) */
  gint64 value;
  gint64 growth;   /* of E since the start before */
  gint gps_offset; /* of the STT in force; -1 without one */
} EcTsClockSample;

typedef struct {
  guint64 lo, hi;
} EcTsSpan;

typedef struct {
  EcTsClockKind kind;
  gboolean unsynced; /* by time stamps, until a time table comes */

  /* lead PES starts */
  gboolean has_start;
  guint64 start_pos;
  guint64 start_ts;
  gint64 elapsed; /* E */
  EcTsClockSample last;

  /* STT */
  gboolean stt_valid;
  gboolean stt_seen;
  guint32 system_time;
  guint8 gps_offset;
  gint64 later_elapsed;

  /* TDT, TOT */
  gboolean table_valid;
  guint n_tables; /* anchored */
  gint64 table_time;
  gint64 table_elapsed; /* E0 */
  gint64 shortest;      /* I; 0 while there is none */
  EcTsSpan anchor;
  EcTsSpan steps[EC_TS_CLOCK_MAX_STEPS]; /* behind the last table */
  guint n_steps;
  gboolean step_since_anchor;
  gboolean tot_pending; /* one TOT, and no gap since */
  guint64 gap_hi;       /* largest last position + 1 of the gaps so far */
} EcTsClock;

void ec_ts_clock_init (EcTsClock *self, gboolean unsynced);
/* A section of one of the time tables' PIDs that completed at `pos`; others are ignored. */
void ec_ts_clock_section (EcTsClock *self, guint pid, const EcTsSection *section, guint64 pos);
/*
 * A gap on a counted PID, or on all (`pid` EC_TS_N_PIDS). TRUE when it makes the clock unknown, at the
 * starts from `first` on too (§4.5).
 */
gboolean ec_ts_clock_gap (EcTsClock *self, guint pid, guint64 first, guint64 last);
/* A lead PES start with a time stamp. */
EcTsClockSample ec_ts_clock_start (EcTsClock *self, guint64 pos, guint64 ts);
/* Whether a time table has been accepted. */
gboolean ec_ts_clock_is_synced (const EcTsClock *self);
/* The PID of the time tables, or EC_TS_N_PIDS while both may be. */
guint ec_ts_clock_pid (const EcTsClock *self);
const char *ec_ts_clock_kind_name (EcTsClockKind kind);

/* MJD and six BCD digits as EN 300 468 annex C has them, to Unix seconds. */
gboolean ec_ts_parse_mjd_time (const guint8 *data, gint64 *unix_seconds);
