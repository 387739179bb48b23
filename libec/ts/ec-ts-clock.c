/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-clock.h"

#include <string.h>

/* A/65:2013 §6.1: system_time counts from 1980-01-06. */
#define GPS_EPOCH G_GINT64_CONSTANT (315964800)
#define MJD_OF_UNIX_EPOCH 40587

#define TABLE_TDT 0x70
#define TABLE_TOT 0x73
#define TABLE_STT 0xcd

#define MAX_STEP EC_TS_CLOCK_RATE
#define STT_TIMEOUT (10 * EC_TS_CLOCK_RATE)
#define MIN_INTERVAL (EC_TS_CLOCK_RATE / 2)
#define DEFAULT_INTERVAL (30 * EC_TS_CLOCK_RATE)

void
ec_ts_clock_init (EcTsClock *self, gboolean unsynced)
{
  memset (self, 0, sizeof *self);
  self->unsynced = unsynced;
  self->last.gps_offset = -1;
}

static gboolean
read_bcd (guint8 byte, guint limit, guint *value)
{
  *value = (guint) (byte >> 4) * 10 + (byte & 0x0f);
  return byte >> 4 <= 9 && (byte & 0x0f) <= 9 && *value < limit;
}

gboolean
ec_ts_parse_mjd_time (const guint8 *data, gint64 *unix_seconds)
{
  guint mjd = (guint) data[0] << 8 | data[1];
  guint hours, minutes, seconds;

  if (!read_bcd (data[2], 24, &hours) || !read_bcd (data[3], 60, &minutes) ||
      !read_bcd (data[4], 60, &seconds))
    return FALSE;
  *unix_seconds =
      ((gint64) mjd - MJD_OF_UNIX_EPOCH) * 86400 + hours * 3600 + minutes * 60 + seconds;
  return TRUE;
}

static gboolean
overlaps (const EcTsSpan *span, guint64 first, guint64 last)
{
  return first <= span->hi && last >= span->lo;
}

/* Whether a gap that was found already reaches to `pos` or beyond. */
static gboolean
gap_reaches (const EcTsClock *self, guint64 pos)
{
  return self->gap_hi > pos;
}

static void
take_stt (EcTsClock *self, const EcTsSection *section)
{
  EcReader reader;
  guint32 system_time;
  guint8 gps_offset;

  if (!ec_ts_section_is_current (section))
    return;
  reader = ec_ts_section_body (section);
  if (ec_reader_u8 (&reader) != 0) /* protocol_version */
    return;
  system_time = ec_reader_u32 (&reader);
  gps_offset = ec_reader_u8 (&reader);
  ec_reader_skip (&reader, 2); /* daylight_savings */
  if (reader.failed)
    return;

  self->kind = EC_TS_CLOCK_ATSC;
  if (!self->stt_seen || system_time > self->system_time)
    self->later_elapsed = self->elapsed;
  self->stt_seen = TRUE;
  self->stt_valid = TRUE;
  self->system_time = system_time;
  self->gps_offset = gps_offset;
}

/* §4.4: a TDT or TOT that says `seconds`, complete at `pos`. */
static void
anchor (EcTsClock *self, gint64 seconds, guint64 pos)
{
  if (!self->has_start)
    return;

  if (self->n_tables > 0 && !self->step_since_anchor) {
    gint64 interval = self->elapsed - self->table_elapsed;

    if (interval >= MIN_INTERVAL && (self->shortest == 0 || interval < self->shortest))
      self->shortest = interval;
  }
  self->n_tables = MIN (self->n_tables + 1, 2);
  self->table_time = seconds * EC_TS_CLOCK_RATE;
  self->table_elapsed = self->elapsed;
  self->anchor = (EcTsSpan){ self->start_pos, pos };
  self->n_steps = 0;
  self->step_since_anchor = FALSE;
  self->table_valid = !gap_reaches (self, self->start_pos);
}

static void
take_tdt_or_tot (EcTsClock *self, const EcTsSection *section, guint64 pos)
{
  gboolean is_tdt = section->table_id == TABLE_TDT;
  gint64 seconds;

  if (is_tdt ? section->size != 3 + 5 : section->size < 3 + 5 + 2 + 4 || !section->crc_ok)
    return;
  if (!ec_ts_parse_mjd_time (section->data + 3, &seconds))
    return;

  if (self->kind == EC_TS_CLOCK_UNDECIDED) {
    if (is_tdt) {
      self->kind = EC_TS_CLOCK_DVB;
    } else if (self->tot_pending) {
      self->kind = EC_TS_CLOCK_ISDB;
    } else {
      self->tot_pending = TRUE;
      return;
    }
  }
  if (self->kind == (is_tdt ? EC_TS_CLOCK_DVB : EC_TS_CLOCK_ISDB))
    anchor (self, seconds, pos);
}

void
ec_ts_clock_section (EcTsClock *self, guint pid, const EcTsSection *section, guint64 pos)
{
  if (pid == EC_TS_PID_PSIP && section->table_id == TABLE_STT &&
      (self->kind == EC_TS_CLOCK_UNDECIDED || self->kind == EC_TS_CLOCK_ATSC))
    take_stt (self, section);
  else if (pid == EC_TS_PID_TDT && self->kind != EC_TS_CLOCK_ATSC &&
           (section->table_id == TABLE_TDT || section->table_id == TABLE_TOT))
    take_tdt_or_tot (self, section, pos);
}

static gint64
interval (const EcTsClock *self)
{
  return self->shortest ? self->shortest : DEFAULT_INTERVAL;
}

/* §4.4 (a), (d) */
static gboolean
gap_spoils_table (const EcTsClock *self, guint64 first, guint64 last)
{
  if (overlaps (&self->anchor, first, last))
    return TRUE;
  for (guint i = 0; i < self->n_steps; i++) {
    if (overlaps (&self->steps[i], first, last))
      return TRUE;
  }
  return self->n_tables == 1 ||
         self->elapsed - self->table_elapsed > interval (self) - EC_TS_CLOCK_RATE;
}

gboolean
ec_ts_clock_gap (EcTsClock *self, guint pid, guint64 first, guint64 last)
{
  gboolean on_all = pid == EC_TS_N_PIDS;
  gboolean spoils_stt = on_all || pid == EC_TS_PID_PSIP;
  gboolean spoils_table = on_all || pid == EC_TS_PID_TDT ||
                          (self->n_tables > 0 && gap_spoils_table (self, first, last));

  self->gap_hi = MAX (self->gap_hi, last + 1);
  if (spoils_stt)
    self->stt_valid = FALSE;
  if (spoils_table)
    self->table_valid = FALSE;
  if (on_all || pid == EC_TS_PID_TDT)
    self->tot_pending = FALSE;

  if (!self->last.synced)
    return FALSE;
  return self->kind == EC_TS_CLOCK_ATSC ? spoils_stt : spoils_table;
}

static void
note_step (EcTsClock *self, guint64 lo, guint64 hi)
{
  self->step_since_anchor = TRUE;
  if (self->n_steps == EC_TS_CLOCK_MAX_STEPS)
    self->steps[self->n_steps - 1].hi = hi;
  else
    self->steps[self->n_steps++] = (EcTsSpan){ lo, hi };
  if (gap_reaches (self, lo))
    self->table_valid = FALSE;
}

/* The clock by time tables, where it is known. */
static gboolean
synced_value (const EcTsClock *self, gint64 *value)
{
  switch (self->kind) {
  case EC_TS_CLOCK_ATSC:
    *value = ((gint64) self->system_time + GPS_EPOCH) * EC_TS_CLOCK_RATE;
    return self->stt_valid && self->elapsed - self->later_elapsed <= STT_TIMEOUT;
  case EC_TS_CLOCK_DVB:
  case EC_TS_CLOCK_ISDB:
    *value = self->table_time + self->elapsed - self->table_elapsed;
    return self->table_valid && self->elapsed - self->table_elapsed <= 2 * interval (self);
  case EC_TS_CLOCK_UNDECIDED:
  default:
    return FALSE;
  }
}

/* §4.7: the unwrapped time stamp, which begins anew when it falls back. */
static void
sample_unsynced (EcTsClock *self, EcTsClockSample *sample, gint64 change, guint64 ts)
{
  sample->has_value = sample->known = TRUE;
  sample->value = self->last.has_value ? self->last.value + change : (gint64) ts;
  if (self->last.has_value && change < -EC_TS_CLOCK_FRESH) {
    sample->value = (gint64) ts;
    sample->fresh = TRUE;
  }
}

EcTsClockSample
ec_ts_clock_start (EcTsClock *self, guint64 pos, guint64 ts)
{
  EcTsClockSample sample = { .gps_offset = -1 };
  gint64 growth = 0, change = 0, value;

  if (self->has_start) {
    guint64 forward = (ts - self->start_ts) & EC_TS_TIMESTAMP_MASK;

    change = forward >> 32 ? (gint64) forward - ((gint64) 1 << 33) : (gint64) forward;
    if (change < 0 || change > MAX_STEP)
      note_step (self, self->start_pos, pos);
    else
      growth = change;
  }
  self->elapsed += growth;
  sample.growth = growth;
  self->has_start = TRUE;
  self->start_pos = pos;
  self->start_ts = ts;

  sample.known = synced_value (self, &value);
  if (self->unsynced && !sample.known) {
    sample_unsynced (self, &sample, change, ts);
  } else {
    sample.synced = TRUE;
    sample.has_value = sample.known || self->last.has_value;
    sample.value = sample.known ? value : self->last.value + growth;
    sample.fresh = self->last.has_value &&
                   (self->unsynced || sample.value < self->last.value - EC_TS_CLOCK_FRESH);
    self->unsynced = FALSE;
    if (self->kind == EC_TS_CLOCK_ATSC)
      sample.gps_offset = self->gps_offset;
  }

  self->last = sample;
  return sample;
}

gboolean
ec_ts_clock_is_synced (const EcTsClock *self)
{
  return self->kind == EC_TS_CLOCK_ATSC ? self->stt_seen : self->n_tables > 0;
}

guint
ec_ts_clock_pid (const EcTsClock *self)
{
  switch (self->kind) {
  case EC_TS_CLOCK_ATSC:
    return EC_TS_PID_PSIP;
  case EC_TS_CLOCK_DVB:
  case EC_TS_CLOCK_ISDB:
    return EC_TS_PID_TDT;
  case EC_TS_CLOCK_UNDECIDED:
  default:
    return EC_TS_N_PIDS;
  }
}

const char *
ec_ts_clock_kind_name (EcTsClockKind kind)
{
  switch (kind) {
  case EC_TS_CLOCK_ATSC:
    return "atsc";
  case EC_TS_CLOCK_DVB:
    return "dvb";
  case EC_TS_CLOCK_ISDB:
    return "isdb";
  case EC_TS_CLOCK_UNDECIDED:
  default:
    return "none";
  }
}
