/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

/* The broadcast's clock as its tables have it, and how it goes against the stream's own time. */

/* A/65:2013 §6.1: system_time counts from 1980-01-06. */
#define GPS_EPOCH G_GINT64_CONSTANT (315964800)
#define TABLE_TDT 0x70
#define TABLE_TOT 0x73
/* Tables count whole seconds, and stations send them when they can: less than this is jitter. */
#define STEP (EC_INSPECTOR_PCR_RATE * 3 / 2)

/* Whether the section is a time table of the stream's kind; then what it says, in Unix seconds. */
static gboolean
read_time (EcInspector *self, guint pid, const EcTsSection *section, gint64 *seconds)
{
  EcTsClock *clock = &self->clock.clock;
  guint wanted;

  clock->stt_valid = FALSE;
  ec_ts_clock_section (clock, pid, section, self->pos);
  if (clock->kind == EC_TS_CLOCK_ATSC) {
    *seconds = (gint64) clock->system_time + GPS_EPOCH - clock->gps_offset;
    return clock->stt_valid;
  }

  wanted = clock->kind == EC_TS_CLOCK_DVB ? TABLE_TDT : TABLE_TOT;
  return clock->kind != EC_TS_CLOCK_UNDECIDED && pid == EC_TS_PID_TDT &&
         section->table_id == wanted && section->size >= 3 + 5 &&
         (wanted == TABLE_TDT || section->crc_ok) &&
         ec_ts_parse_mjd_time (section->data + 3, seconds);
}

static void
measure (EcInspector *self, gint64 seconds)
{
  EcInspectorClock *clock = &self->clock;
  gint64 now, offset;

  if (!ec_inspector_now (self, &now))
    return;
  offset = seconds * EC_INSPECTOR_PCR_RATE - now;

  if (clock->has_reference && clock->epoch == self->time.epoch &&
      ABS (offset - clock->last_offset) > STEP) {
    clock->n_steps++;
    clock->has_reference = FALSE;
  }
  if (!clock->has_reference || clock->epoch != self->time.epoch) {
    clock->has_reference = TRUE;
    clock->epoch = self->time.epoch;
    clock->reference = offset;
  }
  clock->last_offset = offset;
  clock->n_measured++;
  clock->min_jitter = MIN (clock->min_jitter, offset - clock->reference);
  clock->max_jitter = MAX (clock->max_jitter, offset - clock->reference);
}

void
ec_inspector_take_clock (EcInspector *self, guint pid, const EcTsSection *section)
{
  EcInspectorClock *clock = &self->clock;
  gint64 seconds;

  if (!read_time (self, pid, section, &seconds))
    return;
  if (clock->n++ == 0)
    clock->first_utc = seconds;
  clock->last_utc = seconds;
  measure (self, seconds);
}
