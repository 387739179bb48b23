/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §7.7 */
#include "chunk/ec-chunk-pcr.h"

#define PCR_PID 0x104
#define MODULUS ((G_GUINT64_CONSTANT (1) << 33) * 300)
#define STEP 1080000 /* 40 ms */

/* The PCRs of a PID of its own, `n` of them in the chunk, with the one before and the one behind. */
typedef struct {
  EcChunkPcr pcr;
  guint64 last;
  gboolean has_last;
} Fixture;

static void
mark (Fixture *self, guint pid, gboolean is_bare, guint64 pcr, gboolean inside)
{
  const EcChunkMark marked = {
    .pid = (guint16) pid,
    .is_bare = is_bare,
    .has_pcr = TRUE,
    .pcr = pcr % MODULUS,
    .has_previous = self->has_last,
    .previous = self->last % MODULUS,
  };

  ec_chunk_pcr_mark (&self->pcr, &marked, PCR_PID, inside);
  self->last = pcr;
  self->has_last = TRUE;
}

/* Packets without payload, evenly spaced, from `begin` on. */
static void
run (Fixture *self, guint64 begin, guint n)
{
  for (guint i = 0; i < n; i++)
    mark (self, PCR_PID, TRUE, begin + i * STEP, TRUE);
}

static void
test_none (Fixture *self, gconstpointer data)
{
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));

  /* Without packets that are bare, how the PCRs come does not matter. */
  mark (self, PCR_PID, FALSE, 0, TRUE);
  mark (self, PCR_PID, FALSE, STEP, TRUE);
  mark (self, PCR_PID, FALSE, 9 * STEP, TRUE);
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
}

static void
test_fewest (Fixture *self, gconstpointer data)
{
  run (self, 0, 7);
  g_assert_false (ec_chunk_pcr_is_even (&self->pcr));
  run (self, 7 * STEP, 1);
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
}

/* A missing one makes one difference twice as long: in the chunk, before it, behind it. */
static void
test_one_missing (Fixture *self, gconstpointer data)
{
  for (guint missing = 1; missing <= 11; missing++) {
    *self = (Fixture){ 0 };
    for (guint i = 0; i <= 12; i++) {
      if (i == 0) {
        self->last = 0; /* before the chunk */
        self->has_last = TRUE;
      } else if (i != missing) {
        mark (self, PCR_PID, i < 12, i * STEP, i < 12);
      }
    }
    g_assert_true (self->pcr.complete);
    g_assert_cmpuint (self->pcr.n_bare, ==, 10);
    g_assert_false (ec_chunk_pcr_is_even (&self->pcr));
  }
}

/* One and a half times the smallest is the most. */
static void
test_ratio (Fixture *self, gconstpointer data)
{
  static const struct {
    guint64 longer;
    gboolean is_even;
  } cases[] = {
    { STEP, TRUE },      { STEP * 3 / 2, TRUE }, { STEP * 3 / 2 + 1, FALSE },
    { STEP * 2, FALSE }, { STEP * 2 / 3, TRUE }, { STEP * 2 / 3 - 1, FALSE },
    { 0, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    *self = (Fixture){ 0 };
    run (self, 0, 8);
    mark (self, PCR_PID, TRUE, 7 * STEP + cases[i].longer, TRUE);
    g_assert_cmpint (ec_chunk_pcr_is_even (&self->pcr), ==, cases[i].is_even);
  }
}

static void
test_wraps (Fixture *self, gconstpointer data)
{
  run (self, MODULUS - 4 * STEP - 5, 12);
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
  g_assert_cmpuint (self->pcr.longest, ==, STEP);
  g_assert_cmpuint (self->pcr.shortest, ==, STEP);
}

/* PCRs on packets with payload are taken too. */
static void
test_with_payload (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 16; i++)
    mark (self, PCR_PID, i % 2 == 0, i * STEP, TRUE);
  g_assert_cmpuint (self->pcr.n_bare, ==, 8);
  g_assert_cmpuint (self->pcr.n_steps, ==, 15);
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
}

static void
test_stray_pid (Fixture *self, gconstpointer data)
{
  run (self, 0, 12);
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
  /* A PCR of another PID is not looked at, where it is not bare. */
  mark (self, PCR_PID + 1, FALSE, 12345, TRUE);
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
  mark (self, PCR_PID + 1, TRUE, 12345, TRUE);
  g_assert_false (ec_chunk_pcr_is_even (&self->pcr));
}

static void
test_stray_without_pcr (Fixture *self, gconstpointer data)
{
  const EcChunkMark bare = { .pid = PCR_PID, .is_bare = TRUE };

  run (self, 0, 12);
  ec_chunk_pcr_mark (&self->pcr, &bare, PCR_PID, FALSE); /* behind the chunk */
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
  ec_chunk_pcr_mark (&self->pcr, &bare, PCR_PID, TRUE);
  g_assert_false (ec_chunk_pcr_is_even (&self->pcr));
}

/* The first one behind the chunk counts, and no other. */
static void
test_behind (Fixture *self, gconstpointer data)
{
  run (self, 0, 10);
  g_assert_false (self->pcr.complete);
  mark (self, PCR_PID + 1, TRUE, 12345, FALSE);
  g_assert_false (self->pcr.complete);
  self->last = 9 * STEP;
  mark (self, PCR_PID, TRUE, 10 * STEP, FALSE);
  g_assert_true (self->pcr.complete);
  g_assert_cmpuint (self->pcr.n_steps, ==, 10);
  mark (self, PCR_PID, TRUE, 100 * STEP, FALSE);
  g_assert_cmpuint (self->pcr.n_steps, ==, 10);
  g_assert_cmpuint (self->pcr.n_bare, ==, 10);
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
}

/* At least two differences, even if there are packets enough. */
static void
test_two_differences (Fixture *self, gconstpointer data)
{
  const EcChunkMark alone = { .pid = PCR_PID, .is_bare = TRUE, .has_pcr = TRUE, .pcr = 5 };

  for (guint i = 0; i < 20; i++)
    ec_chunk_pcr_mark (&self->pcr, &alone, PCR_PID, TRUE);
  g_assert_cmpuint (self->pcr.n_steps, ==, 0);
  g_assert_false (ec_chunk_pcr_is_even (&self->pcr));
  self->last = 0;
  self->has_last = TRUE;
  mark (self, PCR_PID, TRUE, STEP, TRUE);
  g_assert_false (ec_chunk_pcr_is_even (&self->pcr));
  mark (self, PCR_PID, TRUE, 2 * STEP, TRUE);
  g_assert_true (ec_chunk_pcr_is_even (&self->pcr));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/chunk/pcr/" name, Fixture, NULL, NULL, func, NULL)
  ADD ("none", test_none);
  ADD ("fewest", test_fewest);
  ADD ("one-missing", test_one_missing);
  ADD ("ratio", test_ratio);
  ADD ("wraps", test_wraps);
  ADD ("with-payload", test_with_payload);
  ADD ("stray-pid", test_stray_pid);
  ADD ("stray-without-pcr", test_stray_without_pcr);
  ADD ("behind", test_behind);
  ADD ("two-differences", test_two_differences);
#undef ADD
  return g_test_run ();
}
