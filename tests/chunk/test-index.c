/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §5 */
#include <string.h>

#include "chunk/ec-chunk-index.h"

#define SECOND EC_TS_CLOCK_RATE

/* Starts at every 100th packet. */
typedef struct {
  EcChunkIndex index;
  guint64 pos; /* of the latest start */
  gint64 clock;
} Fixture;

static void
fixture_set_up (Fixture *self, gconstpointer data)
{
  memset (&self->index, 0x77, sizeof self->index);
  ec_chunk_index_init (&self->index);
}

/* A start whose clock is `clock`; E has grown by `growth`. */
static void
start_with (Fixture *self, gint64 clock, gint64 growth, gboolean known, gboolean fresh)
{
  const EcTsClockSample sample = {
    .has_value = TRUE, .known = known, .fresh = fresh, .value = clock, .growth = growth
  };

  self->pos += 100;
  self->clock = clock;
  ec_chunk_index_start (&self->index, self->pos, &sample);
}

static void
start (Fixture *self, gint64 clock)
{
  start_with (self, clock, SECOND / 2, TRUE, FALSE);
}

/* Starts every half second up to `clock`, which is the last one's. */
static void
run_to (Fixture *self, gint64 clock)
{
  while (self->clock + SECOND / 2 < clock)
    start (self, self->clock + SECOND / 2);
  start (self, clock);
}

static void
assert_opens (Fixture *self, gint64 index, gboolean certain)
{
  EcChunkOpening opening = ec_chunk_index_rap (&self->index);

  g_assert_true (opening.opens);
  g_assert_cmpint (opening.index, ==, index);
  g_assert_cmpint (opening.certain, ==, certain);
}

static void
assert_opens_nothing (Fixture *self)
{
  g_assert_false (ec_chunk_index_rap (&self->index).opens);
}

/* Two RAPs that are certain as far as they go: at 100 s and at 101 s. */
static void
steady (Fixture *self)
{
  start (self, 95 * SECOND);
  run_to (self, 100 * SECOND);
  assert_opens (self, 50, FALSE);
  run_to (self, 101 * SECOND);
  assert_opens_nothing (self);
}

/* The first RAP opens, uncertainly; then one a new index. */
static void
test_openings (Fixture *self, gconstpointer data)
{
  steady (self);
  run_to (self, 102 * SECOND - 1);
  assert_opens_nothing (self);
  run_to (self, 102 * SECOND);
  assert_opens (self, 51, TRUE);
  run_to (self, 103 * SECOND);
  assert_opens_nothing (self);
  run_to (self, 111 * SECOND); /* indices may skip */
  assert_opens (self, 55, TRUE);
}

/* The first RAP that comes behind an index's beginning opens it, however late. */
static void
test_late_rap (Fixture *self, gconstpointer data)
{
  steady (self);
  run_to (self, 103 * SECOND);
  assert_opens (self, 51, TRUE);
  run_to (self, 104 * SECOND - 1);
  assert_opens_nothing (self);
  run_to (self, 105 * SECOND);
  assert_opens (self, 52, TRUE);
}

/* An index that was seen at any start is held, so that a clock that falls back does not open it again. */
static void
test_held (Fixture *self, gconstpointer data)
{
  steady (self);
  run_to (self, 102 * SECOND); /* no RAP, but 51 was seen */
  run_to (self, 102 * SECOND + SECOND / 2);
  start (self, 101 * SECOND);
  assert_opens (self, 51, TRUE);
  run_to (self, 102 * SECOND);
  assert_opens_nothing (self);
  run_to (self, 104 * SECOND);
  assert_opens (self, 52, TRUE);
}

/* The first start that is 4 s below ends the way, and is on it. */
static void
test_end_of_look_back (Fixture *self, gconstpointer data)
{
  start (self, 107 * SECOND); /* an index 53 that lies behind the end */
  start (self, 103 * SECOND);
  start (self, 96 * SECOND);
  run_to (self, 100 * SECOND);
  assert_opens (self, 50, FALSE);

  ec_chunk_index_init (&self->index);
  start (self, 103 * SECOND);
  start (self, 96 * SECOND + 1); /* not low enough: 103 s are held */
  run_to (self, 100 * SECOND);
  assert_opens (self, 51, FALSE);
}

/* A look-back that reaches no start 4 s below is not complete: not for this one, not for the next. */
static void
test_incomplete (Fixture *self, gconstpointer data)
{
  start (self, 98 * SECOND);
  run_to (self, 100 * SECOND);
  assert_opens (self, 50, FALSE);
  run_to (self, 102 * SECOND);
  assert_opens (self, 51, FALSE); /* 98 s is there, but the RAP before had none */
  run_to (self, 104 * SECOND);
  assert_opens (self, 52, TRUE);
}

static void
test_one_start (Fixture *self, gconstpointer data)
{
  start (self, 100 * SECOND);
  assert_opens (self, 50, FALSE);
}

/* The clock must be known at r, on the way back from it, and at the way's end; and so for the RAP before. */
static void
test_unknown (Fixture *self, gconstpointer data)
{
  static const struct {
    gint64 at; /* where the clock was unknown */
    gboolean certain[3];
  } cases[] = {
    { 95 * SECOND, { TRUE, TRUE, TRUE } },   /* beyond both ways of the first */
    { 96 * SECOND, { FALSE, TRUE, TRUE } },  /* the end of the way of the RAP before */
    { 98 * SECOND, { FALSE, FALSE, TRUE } }, /* the end of its own */
    { 100 * SECOND, { FALSE, FALSE, FALSE } },
    { 102 * SECOND, { FALSE, FALSE, FALSE } }, /* itself */
    { 104 * SECOND, { TRUE, FALSE, FALSE } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    ec_chunk_index_init (&self->index);
    start (self, 90 * SECOND);
    while (self->clock < 106 * SECOND) {
      gint64 clock = self->clock + SECOND / 2;

      start_with (self, clock, SECOND / 2, clock != cases[i].at, FALSE);
      if (clock == 100 * SECOND)
        assert_opens (self, 50, FALSE);
      if (clock > 100 * SECOND && clock % (2 * SECOND) == 0)
        assert_opens (self, clock / (2 * SECOND), cases[i].certain[clock / (2 * SECOND) - 51]);
    }
  }
}

/* §4.5: what a gap makes unknown afterwards. */
static void
test_unknown_from (Fixture *self, gconstpointer data)
{
  for (guint back = 0; back < 3; back++) {
    ec_chunk_index_init (&self->index);
    self->clock = 0;
    steady (self);
    run_to (self, 101 * SECOND + SECOND / 2);
    ec_chunk_index_unknown_from (&self->index, self->pos + 1 - 100 * back);
    run_to (self, 102 * SECOND);
    /* From behind the latest start on: nothing; from it on, or from the one before: not certain. */
    assert_opens (self, 51, back == 0);
  }
}

/* A jump ahead: by more than 4 s above what E has grown. */
static void
test_jump (Fixture *self, gconstpointer data)
{
  static const struct {
    gint64 ahead;
    gboolean certain;
  } cases[] = { { 0, TRUE }, { 4 * SECOND, TRUE }, { 4 * SECOND + 1, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    EcChunkOpening opening;

    ec_chunk_index_init (&self->index);
    self->clock = 0;
    steady (self);
    start (self, self->clock + SECOND / 2 + cases[i].ahead);
    run_to (self, self->clock + 3 * SECOND);
    opening = ec_chunk_index_rap (&self->index);
    g_assert_true (opening.opens);
    g_assert_cmpint (opening.certain, ==, cases[i].certain);
  }
}

/* What E grows is no jump: a start may come late. */
static void
test_no_jump (Fixture *self, gconstpointer data)
{
  steady (self);
  start_with (self, self->clock + SECOND, SECOND, TRUE, FALSE);
  assert_opens (self, 51, TRUE);
}

/* A jump at the very end of the way lies behind it. */
static void
test_jump_behind_the_end (Fixture *self, gconstpointer data)
{
  start (self, 50 * SECOND);
  start (self, 96 * SECOND); /* jumped to */
  run_to (self, 100 * SECOND);
  assert_opens (self, 50, FALSE);
  run_to (self, 102 * SECOND);
  assert_opens (self, 51, TRUE);
}

/* §5.2: earlier starts and the previous RAP are forgotten, and gaps with them. */
static void
test_fresh (Fixture *self, gconstpointer data)
{
  steady (self);
  start_with (self, 50 * SECOND, 0, TRUE, TRUE);
  assert_opens (self, 25, FALSE);
  run_to (self, 52 * SECOND);
  assert_opens (self, 26, FALSE);
  run_to (self, 54 * SECOND);
  assert_opens (self, 27, FALSE);
  run_to (self, 56 * SECOND);
  assert_opens (self, 28, TRUE);
}

/* §5.5: gaps found between two RAPs, by where they begin. */
static void
test_gaps (Fixture *self, gconstpointer data)
{
  guint64 rap;

  steady (self);
  rap = self->pos;
  ec_chunk_index_gap (&self->index, rap - 1000); /* found behind the RAP, begins before it */
  run_to (self, 102 * SECOND);
  assert_opens (self, 51, FALSE);

  run_to (self, 103 * SECOND);
  ec_chunk_index_gap (&self->index, self->pos + 50);
  run_to (self, 104 * SECOND);
  assert_opens (self, 52, FALSE);

  /* Found between the RAP and what decides it: it is between this one and the next too. */
  run_to (self, 106 * SECOND);
  ec_chunk_index_gap (&self->index, self->pos);
  assert_opens (self, 53, TRUE);
  run_to (self, 108 * SECOND);
  assert_opens (self, 54, FALSE);

  /* … unless it begins there at the earliest. */
  run_to (self, 110 * SECOND);
  assert_opens (self, 55, TRUE);
  run_to (self, 112 * SECOND);
  ec_chunk_index_gap (&self->index, self->pos - 1);
  assert_opens (self, 56, FALSE);
  run_to (self, 114 * SECOND);
  assert_opens (self, 57, FALSE);
  run_to (self, 116 * SECOND);
  assert_opens (self, 58, TRUE);
}

/* RAPs that open nothing count all the same for what lies between. */
static void
test_gap_before_a_rap_between (Fixture *self, gconstpointer data)
{
  steady (self);
  ec_chunk_index_gap (&self->index, self->pos);
  run_to (self, 101 * SECOND + SECOND / 2);
  assert_opens_nothing (self);
  run_to (self, 102 * SECOND);
  assert_opens (self, 51, TRUE);
}

/* Exactly 1,024 starts are gone back. */
static void
test_limit (Fixture *self, gconstpointer data)
{
  for (guint n = 1023; n <= 1026; n++) {
    EcChunkOpening opening;

    ec_chunk_index_init (&self->index);
    start (self, 90 * SECOND);
    /* `n` starts from the one that ends the way to the RAP, all but the ends within 4 s. */
    start (self, 96 * SECOND);
    for (guint i = 1; i < n; i++)
      start_with (self, 96 * SECOND + i, 1, TRUE, FALSE);
    start_with (self, 100 * SECOND, 1, TRUE, FALSE);
    (void) ec_chunk_index_rap (&self->index);
    g_assert_cmpint (self->index.rap_complete, ==, n <= 1024);

    /* An index that was seen only there is not held any more. */
    ec_chunk_index_init (&self->index);
    start (self, 103 * SECOND);
    for (guint i = 1; i < n; i++)
      start_with (self, 99 * SECOND + i, 1, TRUE, FALSE);
    start_with (self, 100 * SECOND, 1, TRUE, FALSE);
    opening = ec_chunk_index_rap (&self->index);
    g_assert_cmpint (opening.index, ==, n <= 1024 ? 51 : 50);
  }
}

/* Below 0 nothing opens, but it is held. */
static void
test_negative (Fixture *self, gconstpointer data)
{
  start (self, -7 * SECOND);
  run_to (self, -3 * SECOND);
  assert_opens_nothing (self);
  g_assert_cmpint (self->index.rap_held, ==, -2);
  run_to (self, -2 * SECOND - 1);
  assert_opens_nothing (self);
  g_assert_cmpint (self->index.rap_held, ==, -2);
  run_to (self, -2 * SECOND);
  assert_opens_nothing (self);
  g_assert_cmpint (self->index.rap_held, ==, -1);
  run_to (self, -1);
  assert_opens_nothing (self);
  g_assert_cmpint (self->index.rap_held, ==, -1);
  run_to (self, 0);
  assert_opens (self, 0, TRUE);
  run_to (self, 2 * SECOND);
  assert_opens (self, 1, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/chunk/index/" name, Fixture, NULL, fixture_set_up, func, NULL)
  ADD ("openings", test_openings);
  ADD ("late-rap", test_late_rap);
  ADD ("held", test_held);
  ADD ("end-of-look-back", test_end_of_look_back);
  ADD ("incomplete", test_incomplete);
  ADD ("one-start", test_one_start);
  ADD ("unknown", test_unknown);
  ADD ("unknown-from", test_unknown_from);
  ADD ("jump", test_jump);
  ADD ("no-jump", test_no_jump);
  ADD ("jump-behind-the-end", test_jump_behind_the_end);
  ADD ("fresh", test_fresh);
  ADD ("gaps", test_gaps);
  ADD ("gap-before-a-rap-between", test_gap_before_a_rap_between);
  ADD ("limit", test_limit);
  ADD ("negative", test_negative);
#undef ADD
  return g_test_run ();
}
