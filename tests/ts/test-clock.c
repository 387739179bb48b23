/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §4, sentence by sentence. */
#include "make-packets.h"
#include "ts/ec-ts-clock.h"

#define SECOND EC_TS_CLOCK_RATE
#define ON_ALL EC_TS_N_PIDS
#define OTHER_PID 0x101
#define GPS_EPOCH G_GINT64_CONSTANT (315964800)
/* 2026-03-01 12:00:00 UTC, in Unix seconds and as system_time. */
#define NOON G_GINT64_CONSTANT (1772366400)
#define NOON_STT ((guint32) (NOON - GPS_EPOCH))
#define GPS_OFFSET 18

/* A clock to which something happens every ten packets. */
typedef struct {
  EcTsClock clock;
  guint64 pos; /* of what happened last */
  guint64 ts;
  EcTsClockSample sample; /* at the last start */
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  ec_ts_clock_init (&self->clock, FALSE);
  self->ts = 12345;
}

static void
fixture_set_up_unsynced (Fixture *self, gconstpointer data)
{
  ec_ts_clock_init (&self->clock, TRUE);
  self->ts = 10 * SECOND;
}

/* A start this many ticks after the last one. */
static void
start (Fixture *self, gint64 ticks)
{
  self->pos += 10;
  self->ts = (self->ts + (guint64) ticks) & EC_TS_TIMESTAMP_MASK;
  self->sample = ec_ts_clock_start (&self->clock, self->pos, self->ts);
}

/* Starts every second. */
static void
run (Fixture *self, guint seconds)
{
  for (guint i = 0; i < seconds; i++)
    start (self, SECOND);
}

static void
take (Fixture *self, guint pid, const GByteArray *bytes)
{
  EcTsSection section = read_section (bytes);

  self->pos += 10;
  ec_ts_clock_section (&self->clock, pid, &section, self->pos);
}

static void
stt (Fixture *self, guint32 system_time)
{
  g_autofree char *body = g_strdup_printf ("00 %08x %02x 60 00", system_time, GPS_OFFSET);
  g_autoptr (GByteArray) bytes = make_section (0xcd, 0, body);

  take (self, EC_TS_PID_PSIP, bytes);
}

static char *
mjd_digits (gint64 unix_seconds)
{
  gint64 day = unix_seconds / 86400, second = unix_seconds % 86400;

  return g_strdup_printf ("%04x %02d%02d%02d", (guint) (day + 40587), (int) (second / 3600),
                          (int) (second / 60 % 60), (int) (second % 60));
}

static void
tdt (Fixture *self, gint64 unix_seconds)
{
  g_autofree char *digits = mjd_digits (unix_seconds);
  g_autofree char *hex = g_strconcat ("70 70 05", digits, NULL);
  g_autoptr (GByteArray) bytes = from_hex (hex);

  take (self, EC_TS_PID_TDT, bytes);
}

static void
tot (Fixture *self, gint64 unix_seconds)
{
  g_autofree char *digits = mjd_digits (unix_seconds);
  g_autofree char *hex = g_strconcat ("73 70 0b", digits, "f000", NULL);
  g_autoptr (GByteArray) bytes = from_hex (hex);

  append_crc (bytes);
  take (self, EC_TS_PID_TDT, bytes);
}

static gboolean
gap (Fixture *self, guint pid, guint64 first)
{
  self->pos += 10;
  return ec_ts_clock_gap (&self->clock, pid, first, self->pos - 1);
}

static void
assert_known (const Fixture *self, gint64 value)
{
  g_assert_true (self->sample.has_value);
  g_assert_true (self->sample.known);
  g_assert_true (self->sample.synced);
  g_assert_cmpint (self->sample.value, ==, value);
}

/* §4.6 */
static void
assert_runs_on (const Fixture *self, gint64 value)
{
  g_assert_true (self->sample.has_value);
  g_assert_false (self->sample.known);
  g_assert_true (self->sample.synced);
  g_assert_cmpint (self->sample.value, ==, value);
}

static void
assert_nothing (const Fixture *self)
{
  g_assert_false (self->sample.has_value);
  g_assert_false (self->sample.known);
}

/* §4.1 */

static void
test_elapsed (Fixture *self, gconstpointer data)
{
  static const struct {
    gint64 change, growth;
  } steps[] = {
    { 3003, 3003 },
    { 0, 0 },
    { SECOND, SECOND },
    { SECOND + 1, 0 },
    { -1, 0 },
    { -3 * SECOND, 0 },
    { ((gint64) 1 << 32) - 1, 0 },
    { (gint64) 1 << 32, 0 },
    { 3000, 3000 },
  };
  gint64 elapsed = 0;

  start (self, 0);
  g_assert_cmpint (self->sample.growth, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    start (self, steps[i].change);
    elapsed += steps[i].growth;
    g_assert_cmpint (self->sample.growth, ==, steps[i].growth);
    g_assert_cmpint (self->clock.elapsed, ==, elapsed);
  }
}

static void
test_elapsed_wraps (Fixture *self, gconstpointer data)
{
  self->ts = EC_TS_TIMESTAMP_MASK - 100;
  start (self, 0);
  start (self, 3003);
  g_assert_cmpuint (self->ts, ==, 2902);
  g_assert_cmpint (self->sample.growth, ==, 3003);
}

/* §4.2 */

static void
test_kind_first (Fixture *self, gconstpointer data)
{
  g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_UNDECIDED);
  g_assert_cmphex (ec_ts_clock_pid (&self->clock), ==, ON_ALL);

  stt (self, NOON_STT);
  g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_ATSC);
  g_assert_cmphex (ec_ts_clock_pid (&self->clock), ==, EC_TS_PID_PSIP);
  g_assert_true (ec_ts_clock_is_synced (&self->clock));

  /* The first decides and stays. */
  tdt (self, NOON + 100);
  tot (self, NOON + 100);
  tot (self, NOON + 100);
  start (self, 0);
  assert_known (self, NOON * SECOND);

  ec_ts_clock_init (&self->clock, FALSE);
  start (self, 0);
  tdt (self, NOON);
  g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_DVB);
  g_assert_cmphex (ec_ts_clock_pid (&self->clock), ==, EC_TS_PID_TDT);
  stt (self, NOON_STT + 100);
  tot (self, NOON + 100);
  tot (self, NOON + 100);
  start (self, 0);
  assert_known (self, NOON * SECOND);
}

static void
test_kind_isdb (Fixture *self, gconstpointer data)
{
  start (self, 0);
  tot (self, NOON);
  g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_UNDECIDED);
  gap (self, OTHER_PID, 0);
  start (self, 0);
  tot (self, NOON + 1);
  g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_ISDB);
  g_assert_cmphex (ec_ts_clock_pid (&self->clock), ==, EC_TS_PID_TDT);
  start (self, 100);
  g_assert_cmpint (self->sample.value, ==, (NOON + 1) * SECOND + 100);
  tdt (self, NOON + 50);
  start (self, 100);
  g_assert_cmpint (self->sample.value, ==, (NOON + 1) * SECOND + 200);
}

/* A TDT may have been lost between two TOTs. */
static void
test_kind_isdb_gap (Fixture *self, gconstpointer data)
{
  static const guint pids[] = { EC_TS_PID_TDT, ON_ALL };

  for (guint i = 0; i < G_N_ELEMENTS (pids); i++) {
    ec_ts_clock_init (&self->clock, FALSE);
    tot (self, NOON);
    gap (self, pids[i], self->pos);
    tot (self, NOON + 1);
    g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_UNDECIDED);
    tot (self, NOON + 2);
    g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_ISDB);

    ec_ts_clock_init (&self->clock, FALSE);
    tot (self, NOON);
    tdt (self, NOON);
    g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_DVB);
  }
}

static void
test_not_a_table (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *name, *hex;
    gboolean with_crc;
    guint pid;
  } sections[] = {
    { "protocol_version", "cd f0 11 00 00 c1 00 00 01 56ceecd2 12 60 00", TRUE, 0x1ffb },
    { "stt-next", "cd f0 11 00 00 c0 00 00 00 56ceecd2 12 60 00", TRUE, 0x1ffb },
    { "stt-crc", "cd f0 11 00 00 c1 00 00 00 56ceecd2 12 60 00 12345678", FALSE, 0x1ffb },
    { "stt-short", "cd f0 10 00 00 c1 00 00 00 56ceecd2 12 60", TRUE, 0x1ffb },
    { "stt-pid", "cd f0 11 00 00 c1 00 00 00 56ceecd2 12 60 00", TRUE, 0x14 },
    { "stt-id", "cc f0 11 00 00 c1 00 00 00 56ceecd2 12 60 00", TRUE, 0x1ffb },
    { "tdt-long", "70 70 06 eeac 120000 00", FALSE, 0x14 },
    { "tdt-short", "70 70 04 eeac 1200", FALSE, 0x14 },
    { "tdt-bcd", "70 70 05 eeac 1a0000", FALSE, 0x14 },
    { "tdt-pid", "70 70 05 eeac 120000", FALSE, 0x1ffb },
    { "tdt-id", "71 70 05 eeac 120000", FALSE, 0x14 },
  };

  start (self, 0);
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++) {
    g_autoptr (GByteArray) bytes = from_hex (sections[i].hex);

    g_test_message ("%s", sections[i].name);
    if (sections[i].with_crc)
      append_crc (bytes);
    take (self, sections[i].pid, bytes);
    g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_UNDECIDED);
    g_assert_false (ec_ts_clock_is_synced (&self->clock));
  }
}

static void
test_not_a_tot (Fixture *self, gconstpointer data)
{
  static const struct {
    const char *hex;
    gboolean with_crc;
  } sections[] = {
    { "73 70 0b eeac 120000 f000 00000000", FALSE },
    { "73 70 0a eeac 120000 f0", TRUE },
    { "73 70 0b eeac 126000 f000", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (sections); i++) {
    g_autoptr (GByteArray) bytes = from_hex (sections[i].hex);

    if (sections[i].with_crc)
      append_crc (bytes);
    ec_ts_clock_init (&self->clock, FALSE);
    tot (self, NOON);
    take (self, EC_TS_PID_TDT, bytes);
    g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_UNDECIDED);
  }
}

/* Neither a TDT nor a TOT is asked for its section_syntax_indicator. */
static void
test_syntax_indicator (Fixture *self, gconstpointer data)
{
  g_autoptr (GByteArray) tdt_bytes = from_hex ("70 f0 05 eeac 120000");
  g_autoptr (GByteArray) tot_bytes = from_hex ("73 f0 0b eeac 120000 f000");
  EcTsSection section = {
    .data = tdt_bytes->data, .size = tdt_bytes->len, .table_id = 0x70, .has_syntax = TRUE
  };

  ec_ts_clock_section (&self->clock, EC_TS_PID_TDT, &section, 1);
  g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_DVB);

  ec_ts_clock_init (&self->clock, FALSE);
  append_crc (tot_bytes);
  take (self, EC_TS_PID_TDT, tot_bytes);
  take (self, EC_TS_PID_TDT, tot_bytes);
  g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_ISDB);
}

static const struct {
  const char *hex;
  gboolean is_time;
  gint64 unix_seconds;
} times[] = {
  { "c079 124500", TRUE, 750516300 }, /* EN 300 468 §5.2.5: 93/10/13 12:45:00 */
  { "eeac 120000", TRUE, NOON },
  { "9e8b 000000", TRUE, 0 },
  { "9e8b 235959", TRUE, 86399 },
  { "9e8a 235959", TRUE, -1 },
  { "0000 000000", TRUE, G_GINT64_CONSTANT (-40587) * 86400 },
  { "ffff 000000", TRUE, G_GINT64_CONSTANT (2155507200) },
  { "eeac 195959", TRUE, NOON + 8 * 3600 - 1 },
  { "eeac 240000", FALSE, 0 },
  { "eeac 126000", FALSE, 0 },
  { "eeac 120060", FALSE, 0 },
  { "eeac 0a0000", FALSE, 0 },
  { "eeac a00000", FALSE, 0 },
  { "eeac 120f00", FALSE, 0 },
  { "eeac 12f000", FALSE, 0 },
  { "eeac 12000a", FALSE, 0 },
  { "eeac 1200a0", FALSE, 0 },
  { "eeac ffffff", FALSE, 0 },
};

static void
test_mjd (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
    g_autoptr (GByteArray) bytes = from_hex (times[i].hex);
    gint64 seconds = 0;

    g_test_message ("%s", times[i].hex);
    g_assert_cmpint (ec_ts_parse_mjd_time (bytes->data, &seconds), ==, times[i].is_time);
    if (times[i].is_time)
      g_assert_cmpint (seconds, ==, times[i].unix_seconds);
  }
}

/* §4.3 */

/* The last STT's time, as it is: no offset taken off, nothing interpolated. */
static void
test_atsc (Fixture *self, gconstpointer data)
{
  start (self, 0);
  assert_nothing (self);
  stt (self, NOON_STT);
  start (self, 3003);
  assert_known (self, NOON * SECOND);
  g_assert_cmpint (self->sample.gps_offset, ==, GPS_OFFSET);
  start (self, 60000);
  assert_known (self, NOON * SECOND);
  stt (self, NOON_STT + 1);
  start (self, 3003);
  assert_known (self, (NOON + 1) * SECOND);
}

static void
test_atsc_timeout (Fixture *self, gconstpointer data)
{
  start (self, 0);
  stt (self, NOON_STT);
  for (guint i = 1; i <= 10; i++) {
    stt (self, NOON_STT); /* not later */
    start (self, SECOND);
    assert_known (self, NOON * SECOND);
  }
  start (self, 1);
  assert_runs_on (self, NOON * SECOND + 1);
  start (self, 100);
  assert_runs_on (self, NOON * SECOND + 101);

  /* The next later one ends it; one that is not does not. */
  stt (self, NOON_STT);
  start (self, 100);
  assert_runs_on (self, NOON * SECOND + 201);
  stt (self, NOON_STT + 9);
  start (self, 100);
  assert_known (self, (NOON + 9) * SECOND);
}

/* Later than the one before it, not than all before. */
static void
test_atsc_later (Fixture *self, gconstpointer data)
{
  start (self, 0);
  stt (self, NOON_STT);
  run (self, 6);
  stt (self, NOON_STT - 2);
  run (self, 4);
  assert_known (self, (NOON - 2) * SECOND);
  stt (self, NOON_STT - 1);
  run (self, 10);
  assert_known (self, (NOON - 1) * SECOND);
  start (self, 1);
  assert_runs_on (self, (NOON - 1) * SECOND + 1);
}

/* A step adds nothing to E, so it does not bring the timeout. */
static void
test_atsc_step (Fixture *self, gconstpointer data)
{
  start (self, 0);
  stt (self, NOON_STT);
  start (self, 20 * SECOND);
  assert_known (self, NOON * SECOND);
  start (self, -20 * SECOND);
  assert_known (self, NOON * SECOND);
}

static void
test_atsc_gap (Fixture *self, gconstpointer data)
{
  static const guint pids[] = { EC_TS_PID_PSIP, ON_ALL };

  start (self, 0);
  stt (self, NOON_STT);
  start (self, 100);
  g_assert_false (gap (self, OTHER_PID, 0));
  g_assert_false (gap (self, EC_TS_PID_TDT, 0));
  start (self, 100);
  assert_known (self, NOON * SECOND);

  for (guint i = 0; i < G_N_ELEMENTS (pids); i++) {
    gint64 value = self->sample.value;

    g_assert_true (gap (self, pids[i], self->pos));
    start (self, 100);
    assert_runs_on (self, value + 100);
    /* Were it not unknown already (§4.5). */
    g_assert_true (gap (self, pids[i], self->pos));
    /* Until the next STT, later or not. */
    stt (self, NOON_STT);
    start (self, 100);
    assert_known (self, NOON * SECOND);
  }
}

/* A gap before the kind is decided. */
static void
test_atsc_gap_before (Fixture *self, gconstpointer data)
{
  start (self, 0);
  gap (self, ON_ALL, 0);
  stt (self, NOON_STT);
  start (self, 100);
  assert_known (self, NOON * SECOND);
}

/* §4.4 */

static void
test_dvb (Fixture *self, gconstpointer data)
{
  tdt (self, NOON - 10); /* there is no start to anchor it at */
  g_assert_cmpint (self->clock.kind, ==, EC_TS_CLOCK_DVB);
  g_assert_false (ec_ts_clock_is_synced (&self->clock));
  start (self, 0);
  assert_nothing (self);

  tdt (self, NOON);
  g_assert_true (ec_ts_clock_is_synced (&self->clock));
  start (self, 3000);
  assert_known (self, NOON * SECOND + 3000);
  g_assert_cmpint (self->sample.gps_offset, ==, -1);
  start (self, 5 * SECOND); /* a step */
  assert_known (self, NOON * SECOND + 3000);
  start (self, 3000);
  assert_known (self, NOON * SECOND + 6000);

  tdt (self, NOON + 5);
  start (self, 3000);
  assert_known (self, (NOON + 5) * SECOND + 3000);
}

/* (c) 2 I, which is 60 s as long as there is none. */
static void
test_dvb_timeout (Fixture *self, gconstpointer data)
{
  start (self, 0);
  tdt (self, NOON);
  run (self, 60);
  assert_known (self, (NOON + 60) * SECOND);
  start (self, 1);
  assert_runs_on (self, (NOON + 60) * SECOND + 1);

  /* 61 s between tables, so I gets larger than without. */
  run (self, 1);
  tdt (self, NOON + 61);
  g_assert_cmpint (self->clock.shortest, ==, 61 * SECOND + 1);
  run (self, 122);
  assert_known (self, (NOON + 61 + 122) * SECOND);
  start (self, 3);
  g_assert_false (self->sample.known);
}

static void
test_dvb_interval (Fixture *self, gconstpointer data)
{
  start (self, 0);
  tdt (self, NOON);
  start (self, 44999); /* below half a second: does not count */
  tdt (self, NOON);
  g_assert_cmpint (self->clock.shortest, ==, 0);
  start (self, 45000);
  tdt (self, NOON + 1);
  g_assert_cmpint (self->clock.shortest, ==, 45000);
  run (self, 2);
  tdt (self, NOON + 3); /* the shortest stays */
  g_assert_cmpint (self->clock.shortest, ==, 45000);
  start (self, 90000);
  assert_known (self, (NOON + 4) * SECOND);
  start (self, 1);
  assert_runs_on (self, (NOON + 4) * SECOND + 1);
}

/* A step that ends between two tables: the growth of E tells nothing of the time between. */
static void
test_dvb_interval_step (Fixture *self, gconstpointer data)
{
  start (self, 0);
  tdt (self, NOON);
  run (self, 2);
  start (self, 20 * SECOND);
  tdt (self, NOON + 22);
  g_assert_cmpint (self->clock.shortest, ==, 0);
  run (self, 20);
  tdt (self, NOON + 42);
  g_assert_cmpint (self->clock.shortest, ==, 20 * SECOND);

  /* One that begins before the table but ends behind it is between the next two. */
  run (self, 10);
  tdt (self, NOON + 52);
  g_assert_cmpint (self->clock.shortest, ==, 10 * SECOND);
  start (self, -SECOND);
  run (self, 5);
  tdt (self, NOON + 57);
  g_assert_cmpint (self->clock.shortest, ==, 10 * SECOND);
}

/* Two tables 10 s apart, the last one anchored at `*anchored`, complete at `*completed`. */
static void
dvb_steady (Fixture *self, guint64 *anchored, guint64 *completed)
{
  start (self, 0);
  tdt (self, NOON);
  run (self, 10);
  *anchored = self->pos;
  tdt (self, NOON + 10);
  *completed = self->pos;
  run (self, 2);
  assert_known (self, (NOON + 12) * SECOND);
}

/* (a) the anchor */
static void
test_dvb_gap_over_anchor (Fixture *self, gconstpointer data)
{
  guint64 anchored, completed;

  dvb_steady (self, &anchored, &completed);
  g_assert_false (gap (self, OTHER_PID, completed + 1));
  start (self, 100);
  assert_known (self, (NOON + 12) * SECOND + 100);
  g_assert_true (gap (self, OTHER_PID, completed));
  start (self, 100);
  assert_runs_on (self, (NOON + 12) * SECOND + 200);
  tdt (self, NOON + 13);
  start (self, 100);
  assert_known (self, (NOON + 13) * SECOND + 100);
}

/* (a) a gap that is found between the start and the table: that table does not end it. */
static void
test_dvb_gap_before_table (Fixture *self, gconstpointer data)
{
  guint64 anchored, completed;

  dvb_steady (self, &anchored, &completed);
  gap (self, OTHER_PID, self->pos);
  start (self, 100);
  assert_known (self, (NOON + 12) * SECOND + 100);

  gap (self, OTHER_PID, self->pos + 5);
  tdt (self, NOON + 14);
  start (self, 100);
  assert_runs_on (self, (NOON + 12) * SECOND + 200);
  tdt (self, NOON + 15);
  start (self, 100);
  assert_known (self, (NOON + 15) * SECOND + 100);
}

/* (a) … unless it ends before the start at which the table is anchored. */
static void
test_dvb_gap_before_anchor (Fixture *self, gconstpointer data)
{
  guint64 anchored, completed;

  dvb_steady (self, &anchored, &completed);
  self->pos += 10;
  ec_ts_clock_gap (&self->clock, OTHER_PID, self->pos - 5, self->pos + 9);
  start (self, 100); /* at pos + 10 */
  tdt (self, NOON + 14);
  start (self, 100);
  assert_known (self, (NOON + 14) * SECOND + 100);
}

/* (a) a step behind the table: how long it was in truth nobody can tell, if packets are missing. */
static void
test_dvb_gap_over_step (Fixture *self, gconstpointer data)
{
  guint64 anchored, completed, stepped;

  dvb_steady (self, &anchored, &completed);
  start (self, 30 * SECOND);
  stepped = self->pos;
  assert_known (self, (NOON + 12) * SECOND);
  start (self, 100);
  g_assert_false (gap (self, OTHER_PID, stepped + 1));
  start (self, 100);
  assert_known (self, (NOON + 12) * SECOND + 200);
  g_assert_true (gap (self, OTHER_PID, stepped));
  start (self, 100);
  assert_runs_on (self, (NOON + 12) * SECOND + 300);
}

/* (a) the gap comes first, the step that it overlaps later. */
static void
test_dvb_step_over_gap (Fixture *self, gconstpointer data)
{
  guint64 anchored, completed;

  dvb_steady (self, &anchored, &completed);
  g_assert_false (gap (self, OTHER_PID, self->pos + 1));
  start (self, 30 * SECOND);
  assert_runs_on (self, (NOON + 12) * SECOND);

  /* Not so where it ended before the step began. */
  tdt (self, NOON + 15);
  start (self, 100);
  assert_known (self, (NOON + 15) * SECOND + 100);
  self->pos += 10;
  g_assert_false (ec_ts_clock_gap (&self->clock, OTHER_PID, self->pos - 5, self->pos + 9));
  start (self, 100);
  start (self, 30 * SECOND);
  assert_known (self, (NOON + 15) * SECOND + 200);
}

/* A step that ended before the last table does not matter any more. */
static void
test_dvb_old_step (Fixture *self, gconstpointer data)
{
  guint64 anchored, completed;

  dvb_steady (self, &anchored, &completed);
  start (self, 30 * SECOND);
  start (self, 100);
  tdt (self, NOON + 50);
  completed = self->pos;
  start (self, 100);
  g_assert_false (gap (self, OTHER_PID, completed + 1));
  start (self, 100);
  assert_known (self, (NOON + 50) * SECOND + 200);
}

/* Many steps behind one table. */
static void
test_dvb_many_steps (Fixture *self, gconstpointer data)
{
  guint64 anchored, completed;

  dvb_steady (self, &anchored, &completed);
  for (guint i = 0; i < 3 * EC_TS_CLOCK_MAX_STEPS; i++)
    start (self, 2 * SECOND);
  assert_known (self, (NOON + 12) * SECOND);
  start (self, 100);
  g_assert_false (gap (self, OTHER_PID, self->pos - 9));
  g_assert_true (gap (self, OTHER_PID, self->pos - 30));
}

/* (b) */
static void
test_dvb_gap_on_clock_pid (Fixture *self, gconstpointer data)
{
  static const guint pids[] = { EC_TS_PID_TDT, ON_ALL };
  guint64 anchored, completed;

  dvb_steady (self, &anchored, &completed);
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++) {
    g_assert_true (gap (self, pids[i], self->pos + 5));
    start (self, 100);
    g_assert_false (self->sample.known);
    tdt (self, NOON + 20 + i);
    start (self, 100);
    assert_known (self, (NOON + 20 + i) * SECOND + 100);
  }
}

/* (d) late in the interval a lost table would be missed */
static void
test_dvb_gap_late (Fixture *self, gconstpointer data)
{
  guint64 anchored, completed;

  dvb_steady (self, &anchored, &completed);
  run (self, 7); /* E − E0 = 9 s = I − 1 s */
  g_assert_false (gap (self, OTHER_PID, self->pos + 5));
  start (self, 1);
  assert_known (self, (NOON + 19) * SECOND + 1);
  g_assert_true (gap (self, OTHER_PID, self->pos + 5));
  start (self, 1);
  assert_runs_on (self, (NOON + 19) * SECOND + 2);
}

/* (d) while only one table has been anchored */
static void
test_dvb_gap_behind_first_table (Fixture *self, gconstpointer data)
{
  start (self, 0);
  assert_nothing (self);
  g_assert_false (gap (self, OTHER_PID, self->pos)); /* nothing is anchored */
  start (self, 100);
  tdt (self, NOON);
  start (self, 100);
  assert_known (self, NOON * SECOND + 100);
  g_assert_true (gap (self, OTHER_PID, self->pos + 5));
  start (self, 100);
  assert_runs_on (self, NOON * SECOND + 200);
}

static void
test_isdb (Fixture *self, gconstpointer data)
{
  start (self, 0);
  tot (self, NOON);
  start (self, SECOND);
  assert_nothing (self);
  tot (self, NOON + 1);
  start (self, 300);
  assert_known (self, (NOON + 1) * SECOND + 300);
  g_assert_cmpint (self->sample.gps_offset, ==, -1);
  g_assert_cmpstr (ec_ts_clock_kind_name (self->clock.kind), ==, "isdb");
}

/* §4.6: what was never known has no value. */
static void
test_never_known (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 100; i++) {
    start (self, 3003);
    assert_nothing (self);
    g_assert_false (self->sample.fresh);
  }
}

/* §4.7 */

static void
test_unsynced (Fixture *self, gconstpointer data)
{
  static const struct {
    gint64 change, value;
    gboolean fresh;
  } steps[] = {
    { 0, 10 * SECOND, FALSE },
    { 3003, 10 * SECOND + 3003, FALSE },
    { -3, 10 * SECOND + 3000, FALSE },
    { 5 * SECOND, 15 * SECOND + 3000, FALSE },
    { -4 * SECOND, 11 * SECOND + 3000, FALSE }, /* just not enough */
    { -4 * SECOND - 1, 7 * SECOND + 2999, TRUE },
    { ((gint64) 1 << 32) - 1, ((gint64) 1 << 32) - 1 + 7 * SECOND + 2999, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    start (self, steps[i].change);
    g_assert_true (self->sample.known);
    g_assert_false (self->sample.synced);
    g_assert_cmpint (self->sample.value, ==, steps[i].value);
    g_assert_cmpint (self->sample.fresh, ==, steps[i].fresh);
    g_assert_cmpint (self->sample.gps_offset, ==, -1);
  }
  g_assert_false (ec_ts_clock_is_synced (&self->clock));
}

/* Past 2^33 it goes on above, and back again below. */
static void
test_unsynced_wraps (Fixture *self, gconstpointer data)
{
  self->ts = EC_TS_TIMESTAMP_MASK - 99;
  start (self, 0);
  start (self, 150);
  g_assert_cmpuint (self->ts, ==, 50);
  g_assert_cmpint (self->sample.value, ==, ((gint64) 1 << 33) + 50);
  start (self, -100);
  g_assert_cmpint (self->sample.value, ==, ((gint64) 1 << 33) - 50);
  g_assert_false (self->sample.fresh);

  /* Half the circle is backward: ts itself again. */
  start (self, (gint64) 1 << 32);
  g_assert_true (self->sample.fresh);
  g_assert_cmpint (self->sample.value, ==, (gint64) self->ts);

  /* Back across 0: below it. */
  self->ts = 50;
  ec_ts_clock_init (&self->clock, TRUE);
  start (self, 0);
  start (self, -150);
  g_assert_cmpint (self->sample.value, ==, -100);
}

/* It is always known. */
static void
test_unsynced_gap (Fixture *self, gconstpointer data)
{
  start (self, 0);
  g_assert_false (gap (self, ON_ALL, 0));
  start (self, 100);
  g_assert_true (self->sample.known);
}

/* The first start at which the clock by tables is known is a fresh one; it never goes back. */
static void
test_unsynced_then_synced (Fixture *self, gconstpointer data)
{
  start (self, 0);
  stt (self, NOON_STT);
  gap (self, EC_TS_PID_PSIP, self->pos);
  start (self, 100);
  g_assert_false (self->sample.synced);
  g_assert_false (self->sample.fresh);

  stt (self, NOON_STT);
  start (self, 100);
  assert_known (self, NOON * SECOND);
  g_assert_true (self->sample.fresh);
  start (self, 100);
  assert_known (self, NOON * SECOND);
  g_assert_false (self->sample.fresh);

  gap (self, ON_ALL, self->pos);
  start (self, 100);
  assert_runs_on (self, NOON * SECOND + 100);
  g_assert_false (self->sample.fresh);
  run (self, 100);
  assert_runs_on (self, (NOON + 100) * SECOND + 100);
}

/* §5.2 */
static void
test_fresh (Fixture *self, gconstpointer data)
{
  start (self, 0);
  g_assert_false (self->sample.fresh);
  stt (self, NOON_STT);
  start (self, 100);
  g_assert_false (self->sample.fresh); /* the first one has nothing before it */
  stt (self, NOON_STT - 4);
  start (self, 100);
  g_assert_false (self->sample.fresh);
  stt (self, NOON_STT - 9);
  start (self, 100);
  assert_known (self, (NOON - 9) * SECOND);
  g_assert_true (self->sample.fresh);
  stt (self, NOON_STT + 1000); /* ahead is a jump, and no fresh start */
  start (self, 100);
  g_assert_false (self->sample.fresh);
}

static void
test_names (void)
{
  g_assert_cmpstr (ec_ts_clock_kind_name (EC_TS_CLOCK_ATSC), ==, "atsc");
  g_assert_cmpstr (ec_ts_clock_kind_name (EC_TS_CLOCK_DVB), ==, "dvb");
  g_assert_cmpstr (ec_ts_clock_kind_name (EC_TS_CLOCK_ISDB), ==, "isdb");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/clock/mjd", test_mjd);
  g_test_add_func ("/ts/clock/names", test_names);
#define ADD(name, func) g_test_add ("/ts/clock/" name, Fixture, NULL, fixture_set_up, func, NULL)
  ADD ("elapsed", test_elapsed);
  ADD ("elapsed-wraps", test_elapsed_wraps);
  ADD ("kind-first", test_kind_first);
  ADD ("kind-isdb", test_kind_isdb);
  ADD ("kind-isdb-gap", test_kind_isdb_gap);
  ADD ("not-a-table", test_not_a_table);
  ADD ("not-a-tot", test_not_a_tot);
  ADD ("syntax-indicator", test_syntax_indicator);
  ADD ("atsc", test_atsc);
  ADD ("atsc-timeout", test_atsc_timeout);
  ADD ("atsc-later", test_atsc_later);
  ADD ("atsc-step", test_atsc_step);
  ADD ("atsc-gap", test_atsc_gap);
  ADD ("atsc-gap-before", test_atsc_gap_before);
  ADD ("dvb", test_dvb);
  ADD ("dvb-timeout", test_dvb_timeout);
  ADD ("dvb-interval", test_dvb_interval);
  ADD ("dvb-interval-step", test_dvb_interval_step);
  ADD ("dvb-gap-over-anchor", test_dvb_gap_over_anchor);
  ADD ("dvb-gap-before-table", test_dvb_gap_before_table);
  ADD ("dvb-gap-before-anchor", test_dvb_gap_before_anchor);
  ADD ("dvb-gap-over-step", test_dvb_gap_over_step);
  ADD ("dvb-step-over-gap", test_dvb_step_over_gap);
  ADD ("dvb-old-step", test_dvb_old_step);
  ADD ("dvb-many-steps", test_dvb_many_steps);
  ADD ("dvb-gap-on-clock-pid", test_dvb_gap_on_clock_pid);
  ADD ("dvb-gap-late", test_dvb_gap_late);
  ADD ("dvb-gap-behind-first-table", test_dvb_gap_behind_first_table);
  ADD ("isdb", test_isdb);
  ADD ("never-known", test_never_known);
  ADD ("fresh", test_fresh);
#undef ADD
#define ADD(name, func)                                                                            \
  g_test_add ("/ts/clock/" name, Fixture, NULL, fixture_set_up_unsynced, func, NULL)
  ADD ("unsynced", test_unsynced);
  ADD ("unsynced-wraps", test_unsynced_wraps);
  ADD ("unsynced-gap", test_unsynced_gap);
  ADD ("unsynced-then-synced", test_unsynced_then_synced);
#undef ADD
  return g_test_run ();
}
