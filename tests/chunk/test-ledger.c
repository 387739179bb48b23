/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §7.5, §7.6 */
#include "../ts/make-packets.h"
#include "chunk/ec-chunk-ledger.h"

#define VIDEO 0x31
#define AUDIO 0x34
#define PMT 0x100
#define OTHER 0x99
#define ON_ALL EC_TS_N_PIDS

/* Chunks are known by their index; what is told of them is written down as d, s, S (clean), r. */
typedef struct {
  EcChunkLedger ledger;
  EcTsContinuity *continuity;
  EcTsProgram *program;
  GString *heard;
  guint64 event;
  GPtrArray *records;
} Fixture;

static void
hear (Fixture *self, char what, const EcChunkRecord *record)
{
  g_string_append_printf (self->heard, "%s%c%d", self->heard->len ? " " : "", what,
                          (int) record->index);
}

static void
on_damaged (gpointer user_data, EcChunkRecord *record)
{
  hear (user_data, 'd', record);
}

static void
on_settled (gpointer user_data, EcChunkRecord *record)
{
  g_assert_true (record->settled);
  hear (user_data, record->clean ? 'S' : 's', record);
}

static void
on_revoked (gpointer user_data, EcChunkRecord *record)
{
  g_assert_false (record->clean);
  hear (user_data, 'r', record);
}

static const EcChunkLedgerEvents events = { on_damaged, on_settled, on_revoked };

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  ec_chunk_ledger_init (&self->ledger, &events, self);
  self->continuity = ec_ts_continuity_new ();
  self->program = make_program (PMT, VIDEO, "02 e031 f000 81 e034 f000");
  self->heard = g_string_new (NULL);
  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_chunk_record_unref);
}

static void
fixture_tear_down (Fixture *self, gconstpointer data)
{
  ec_chunk_ledger_clear (&self->ledger);
  ec_ts_continuity_free (self->continuity);
  ec_ts_program_unref (self->program);
  g_string_free (self->heard, TRUE);
  g_ptr_array_unref (self->records);
}

static void
assert_heard (Fixture *self, const char *want)
{
  g_assert_cmpstr (self->heard->str, ==, want);
  g_string_truncate (self->heard, 0);
}

/* A chunk from a position on, which opens certainly. */
static EcChunkRecord *
add (Fixture *self, guint64 start)
{
  EcChunkRecord *record = ec_chunk_record_new (self->program, FALSE);

  record->index = self->records->len;
  record->start = start;
  record->clock_pid = EC_TS_PID_PSIP;
  record->certain_open = TRUE;
  g_ptr_array_add (self->records, record);
  ec_chunk_ledger_add (&self->ledger, record);
  return record;
}

/* Chunks 0, 1, … of 100 packets each, all closed certainly, at E 0. */
static void
add_closed (Fixture *self, guint n)
{
  for (guint i = 0; i < n; i++)
    ec_chunk_record_close (add (self, 100 * i), 100 * (i + 1), 0, TRUE);
}

static EcChunkRecord *
nth (Fixture *self, guint n)
{
  return g_ptr_array_index (self->records, n);
}

static void
gap_at (Fixture *self, guint pid, guint64 first, guint64 last)
{
  const EcTsGap gap = { .pid = (guint16) pid, .first = first, .last = last };

  ec_chunk_ledger_gap (&self->ledger, &gap, self->event);
}

static void
gap (Fixture *self, guint pid, guint64 first, guint64 last)
{
  self->event++;
  gap_at (self, pid, first, last);
}

static void
packet_at (Fixture *self, guint pid, guint64 pos)
{
  self->continuity->pids[pid].seen = TRUE;
  self->continuity->pids[pid].pos = pos;
}

static void
settle (Fixture *self, gint64 elapsed)
{
  ec_chunk_ledger_settle (&self->ledger, self->continuity, elapsed);
}

static void
finish (Fixture *self, gint64 elapsed)
{
  ec_chunk_ledger_finish (&self->ledger, self->continuity, elapsed);
}

/* Which PIDs concern a chunk, and where. */
static void
test_is_hit (Fixture *self, gconstpointer data)
{
  static const struct {
    guint pid;
    guint64 first, last;
    gboolean is_hit;
  } cases[] = {
    { VIDEO, 0, 99, FALSE },
    { VIDEO, 0, 100, TRUE },
    { VIDEO, 150, 150, TRUE },
    { VIDEO, 199, 300, TRUE },
    { VIDEO, 200, 300, FALSE },
    { VIDEO, 0, 1000, TRUE },
    { AUDIO, 150, 150, TRUE },
    { EC_TS_PID_PAT, 150, 150, TRUE },
    { PMT, 150, 150, TRUE },
    { EC_TS_PID_PSIP, 150, 150, TRUE },
    { EC_TS_PID_TDT, 150, 150, FALSE }, /* the clock is ATSC's */
    { EC_TS_PID_SDT, 150, 150, FALSE },
    { OTHER, 150, 150, FALSE },
    { ON_ALL, 150, 150, TRUE },
    { ON_ALL, 0, 99, FALSE },
    { ON_ALL, 200, 200, FALSE },
  };
  EcChunkRecord *record = add (self, 100);

  g_assert_true (ec_chunk_record_is_hit (record, VIDEO, 200, 300)); /* while it is open */
  g_assert_true (ec_chunk_record_is_hit (record, VIDEO, 1 << 30, 1 << 30));
  ec_chunk_record_close (record, 200, 0, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (ec_chunk_record_is_hit (record, cases[i].pid, cases[i].first, cases[i].last),
                     ==, cases[i].is_hit);

  record->clock_pid = EC_TS_N_PIDS; /* not decided when it opened */
  g_assert_true (ec_chunk_record_is_hit (record, EC_TS_PID_PSIP, 150, 150));
  g_assert_true (ec_chunk_record_is_hit (record, EC_TS_PID_TDT, 150, 150));
  record->clock_pid = EC_TS_PID_TDT;
  g_assert_false (ec_chunk_record_is_hit (record, EC_TS_PID_PSIP, 150, 150));
  g_assert_true (ec_chunk_record_is_hit (record, EC_TS_PID_TDT, 150, 150));
  record->canonical = TRUE;
  g_assert_false (ec_chunk_record_is_hit (record, ON_ALL, 150, 150));
}

/* A PMT on a PID of other tables counts as the PMT's. */
static void
test_is_hit_pmt_on_a_clock_pid (Fixture *self, gconstpointer data)
{
  g_autoptr (EcTsProgram) program = make_program (EC_TS_PID_TDT, VIDEO, "02 e031 f000");
  g_autoptr (EcChunkRecord) record = ec_chunk_record_new (program, FALSE);

  record->clock_pid = EC_TS_PID_PSIP;
  g_assert_true (ec_chunk_record_is_hit (record, EC_TS_PID_TDT, 5, 5));
}

/* Every chunk in which the gap lies, open or closed, the latest first. */
static void
test_spans (Fixture *self, gconstpointer data)
{
  static const struct {
    guint64 first, last;
    const char *want;
  } cases[] = {
    { 50, 50, "d0" },      { 99, 99, "d0" },          { 99, 100, "d1 d0" }, { 100, 199, "d1" },
    { 199, 201, "d2 d1" }, { 0, 500, "d3 d2 d1 d0" }, { 300, 9999, "d3" },  { 9999, 99999, "d3" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    ec_chunk_ledger_clear (&self->ledger);
    g_ptr_array_set_size (self->records, 0);
    add_closed (self, 3);
    add (self, 300); /* open */
    gap (self, VIDEO, cases[i].first, cases[i].last);
    assert_heard (self, cases[i].want);
  }
}

/* One event is charged once, however many gaps it shows; damage is told once. */
static void
test_one_charge_an_event (Fixture *self, gconstpointer data)
{
  add_closed (self, 2);
  gap (self, VIDEO, 50, 150);
  gap_at (self, ON_ALL, 60, 150);
  gap_at (self, AUDIO, 10, 50); /* the first chunk only, and it has been charged */
  g_assert_cmpuint (nth (self, 0)->damaged, ==, 1);
  g_assert_cmpuint (nth (self, 1)->damaged, ==, 1);
  assert_heard (self, "d1 d0");

  gap (self, VIDEO, 170, 170);
  g_assert_cmpuint (nth (self, 0)->damaged, ==, 1);
  g_assert_cmpuint (nth (self, 1)->damaged, ==, 2);
  assert_heard (self, "");

  /* One event may reach a second chunk by a later gap. */
  gap_at (self, ON_ALL, 80, 170);
  g_assert_cmpuint (nth (self, 0)->damaged, ==, 2);
  g_assert_cmpuint (nth (self, 1)->damaged, ==, 2);
}

/* When every kept PID that has packets in it has had one behind it. */
static void
test_settle_by_packets (Fixture *self, gconstpointer data)
{
  EcChunkRecord *record = add (self, 100);

  packet_at (self, VIDEO, 199);
  packet_at (self, AUDIO, 150);
  settle (self, 0);
  assert_heard (self, ""); /* open */
  ec_chunk_record_close (record, 200, 0, TRUE);
  settle (self, 0);
  packet_at (self, VIDEO, 200);
  settle (self, 0);
  packet_at (self, AUDIO, 199);
  settle (self, 0);
  assert_heard (self, "");
  packet_at (self, AUDIO, 205);
  settle (self, 0);
  assert_heard (self, "S0");
  settle (self, 1000000);
  assert_heard (self, "");
}

/* A kept PID without packets in it is not waited for. */
static void
test_settle_without_packets (Fixture *self, gconstpointer data)
{
  add_closed (self, 2);
  packet_at (self, VIDEO, 200);
  packet_at (self, AUDIO, 50); /* in the first one; or never seen at all */
  settle (self, 0);
  assert_heard (self, "");
  self->continuity->pids[AUDIO].seen = FALSE;
  settle (self, 0);
  assert_heard (self, "S0 S1");
}

/* Or when E has grown by a second. */
static void
test_settle_by_time (Fixture *self, gconstpointer data)
{
  EcChunkRecord *record = add (self, 0);

  packet_at (self, VIDEO, 50);
  ec_chunk_record_close (record, 100, 5000, TRUE);
  settle (self, 94999);
  assert_heard (self, "");
  settle (self, 95000);
  assert_heard (self, "S0");
}

/* In their order: one that is not ready holds up those behind it. */
static void
test_settle_in_order (Fixture *self, gconstpointer data)
{
  add_closed (self, 3);
  nth (self, 0)->close_elapsed = 500000;
  packet_at (self, VIDEO, 50);
  packet_at (self, AUDIO, 500);
  settle (self, 400000);
  assert_heard (self, "");
  packet_at (self, VIDEO, 500);
  settle (self, 400000);
  assert_heard (self, "S0 S1 S2");
}

static void
test_clean (Fixture *self, gconstpointer data)
{
  static const struct {
    gboolean open, close, damaged, uneven;
    const char *want;
  } cases[] = {
    { TRUE, TRUE, FALSE, FALSE, "S0" },  { FALSE, TRUE, FALSE, FALSE, "s0" },
    { TRUE, FALSE, FALSE, FALSE, "s0" }, { TRUE, TRUE, TRUE, FALSE, "s0" },
    { TRUE, TRUE, FALSE, TRUE, "s0" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    EcChunkRecord *record;

    ec_chunk_ledger_clear (&self->ledger);
    g_ptr_array_set_size (self->records, 0);
    record = add (self, 0);
    record->certain_open = cases[i].open;
    ec_chunk_record_close (record, 100, 0, cases[i].close);
    if (cases[i].damaged)
      gap (self, VIDEO, 50, 50);
    if (cases[i].uneven)
      record->pcr = (EcChunkPcr){ .n_bare = 1, .complete = TRUE };
    g_string_truncate (self->heard, 0);
    settle (self, 90000);
    assert_heard (self, cases[i].want);
  }
}

/* §7.7: with packets without payload the PCR behind is waited for, a second at most. */
static void
test_settle_with_bare (Fixture *self, gconstpointer data)
{
  EcChunkPcr *pcr;

  add_closed (self, 1);
  pcr = &nth (self, 0)->pcr;
  *pcr = (EcChunkPcr){ .n_bare = 8, .n_steps = 8, .shortest = 10, .longest = 10 };
  settle (self, 0);
  assert_heard (self, "");
  pcr->complete = TRUE;
  settle (self, 0);
  assert_heard (self, "S0");

  add (self, 100);
  ec_chunk_record_close (nth (self, 1), 200, 0, TRUE);
  nth (self, 1)->pcr = (EcChunkPcr){ .n_bare = 8, .n_steps = 8, .shortest = 10, .longest = 10 };
  settle (self, 89999);
  assert_heard (self, "");
  settle (self, 90000);
  assert_heard (self, "S1");
}

/* A gap that is found after the word was given takes it back, once. */
static void
test_revoked (Fixture *self, gconstpointer data)
{
  add_closed (self, 2);
  settle (self, 90000);
  assert_heard (self, "S0 S1");
  gap (self, AUDIO, 150, 400);
  assert_heard (self, "r1");
  g_assert_cmpuint (nth (self, 1)->damaged, ==, 1);
  gap (self, VIDEO, 160, 400);
  assert_heard (self, "");
  g_assert_cmpuint (nth (self, 1)->damaged, ==, 2);
  g_assert_true (nth (self, 0)->clean);
}

/* What was not called clean is not taken back. */
static void
test_not_revoked (Fixture *self, gconstpointer data)
{
  EcChunkRecord *record = add (self, 0);

  record->certain_open = FALSE;
  ec_chunk_record_close (record, 100, 0, TRUE);
  settle (self, 90000);
  assert_heard (self, "s0");
  gap (self, VIDEO, 50, 200);
  assert_heard (self, "");
  g_assert_cmpuint (record->damaged, ==, 1);
}

/* At the end of input what is not ready is not clean. */
static void
test_finish (Fixture *self, gconstpointer data)
{
  add_closed (self, 3);
  nth (self, 1)->close_elapsed = 50000;
  nth (self, 2)->close_elapsed = 50001;
  packet_at (self, VIDEO, 250);
  packet_at (self, AUDIO, 350);
  finish (self, 140000);
  /* 0 by time and by packets, 1 by both too, 2 by neither. */
  assert_heard (self, "S0 S1 s2");
  g_assert_true (nth (self, 2)->certain_close);
}

/* What waits behind one that still waits has not come to its word either (ECP-0002 §7.6). */
static void
test_finish_in_order (Fixture *self, gconstpointer data)
{
  add_closed (self, 2);
  nth (self, 0)->close_elapsed = 50001;
  packet_at (self, VIDEO, 50);
  packet_at (self, AUDIO, 350);
  finish (self, 140000);
  assert_heard (self, "s0 s1");
}

static void
test_finish_nothing (Fixture *self, gconstpointer data)
{
  finish (self, 0);
  add_closed (self, 1);
  settle (self, 90000);
  assert_heard (self, "S0");
  finish (self, 90000);
  assert_heard (self, "");
}

/* Settled chunks are remembered as long as 511 others follow; those that wait, for ever. */
static void
test_memory (Fixture *self, gconstpointer data)
{
  add_closed (self, EC_CHUNK_LEDGER_MAX);
  settle (self, 90000);
  g_string_truncate (self->heard, 0);
  gap (self, VIDEO, 0, 0);
  assert_heard (self, "r0");
  add (self, 100 * EC_CHUNK_LEDGER_MAX);
  gap (self, VIDEO, 0, 100);
  assert_heard (self, "r1"); /* 0 is forgotten */
  g_assert_cmpuint (nth (self, 0)->damaged, ==, 1);

  ec_chunk_ledger_clear (&self->ledger);
  g_ptr_array_set_size (self->records, 0);
  add_closed (self, 2 * EC_CHUNK_LEDGER_MAX);
  gap (self, VIDEO, 0, 0);
  assert_heard (self, "d0");
  settle (self, 90000);
  g_string_truncate (self->heard, 0);
  gap (self, VIDEO, 100, 100);
  assert_heard (self, "r1");
}

/* PCRs and packets without payload: to the chunk that they are in, and to those before that wait. */
static void
test_marks (Fixture *self, gconstpointer data)
{
  const EcChunkMark mark = {
    .pos = 250, .pid = VIDEO, .is_bare = TRUE, .has_pcr = TRUE, .pcr = 50, .has_previous = TRUE
  };

  add_closed (self, 2);
  settle (self, 90000);
  add (self, 200);
  ec_chunk_record_close (nth (self, 2), 240, 90000, TRUE);
  add (self, 240);
  add (self, 251);
  ec_chunk_ledger_mark (&self->ledger, &mark);
  g_assert_cmpuint (nth (self, 1)->pcr.n_steps, ==, 0); /* settled */
  g_assert_cmpuint (nth (self, 2)->pcr.n_steps, ==, 1); /* it is behind this one */
  g_assert_cmpuint (nth (self, 2)->pcr.n_bare, ==, 0);
  g_assert_true (nth (self, 2)->pcr.complete);
  g_assert_cmpuint (nth (self, 3)->pcr.n_steps, ==, 1); /* in this one */
  g_assert_cmpuint (nth (self, 3)->pcr.n_bare, ==, 1);
  g_assert_false (nth (self, 3)->pcr.complete);
  g_assert_cmpuint (nth (self, 4)->pcr.n_steps, ==, 0); /* before this one */
}

/* §8: ready when the chunk behind it has told how long it was; never clean by itself. */
static void
test_canonical (Fixture *self, gconstpointer data)
{
  EcChunkRecord *record = add (self, 0);

  record->canonical = TRUE;
  record->certain_open = FALSE;
  ec_chunk_record_close (record, 100, 0, FALSE);
  record->awaits_next = TRUE;
  settle (self, 900000);
  assert_heard (self, "");
  gap (self, ON_ALL, 50, 50);
  record->awaits_next = FALSE;
  settle (self, 900000);
  assert_heard (self, "s0");
  g_assert_cmpuint (record->damaged, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func)                                                                            \
  g_test_add ("/chunk/ledger/" name, Fixture, NULL, fixture_set_up, func, fixture_tear_down)
  ADD ("is-hit", test_is_hit);
  ADD ("is-hit-pmt-on-a-clock-pid", test_is_hit_pmt_on_a_clock_pid);
  ADD ("spans", test_spans);
  ADD ("one-charge-an-event", test_one_charge_an_event);
  ADD ("settle-by-packets", test_settle_by_packets);
  ADD ("settle-without-packets", test_settle_without_packets);
  ADD ("settle-by-time", test_settle_by_time);
  ADD ("settle-in-order", test_settle_in_order);
  ADD ("settle-with-bare", test_settle_with_bare);
  ADD ("clean", test_clean);
  ADD ("revoked", test_revoked);
  ADD ("not-revoked", test_not_revoked);
  ADD ("finish", test_finish);
  ADD ("finish-in-order", test_finish_in_order);
  ADD ("finish-nothing", test_finish_nothing);
  ADD ("memory", test_memory);
  ADD ("marks", test_marks);
  ADD ("canonical", test_canonical);
#undef ADD
  return g_test_run ();
}
