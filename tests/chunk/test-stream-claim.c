/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-stream-claim.h"

#include <string.h>

static const guint8 hash_a[BLAKE3_OUT_LEN] = { 1 };
static const guint8 hash_b[BLAKE3_OUT_LEN] = { 2 };

static void
test_nobody_else (void)
{
  EcStreamClaim claim;

  ec_stream_claim_init (&claim);
  g_assert_true (ec_stream_claim_is_granted (&claim));
  for (gint64 index = 0; index < 200; index++)
    ec_stream_claim_take (&claim, TRUE, index, hash_a);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_FREE);
}

static void
test_agreement (void)
{
  EcStreamClaim claim;

  ec_stream_claim_init (&claim);
  ec_stream_claim_set_served (&claim, TRUE);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_COMPARING);
  g_assert_false (ec_stream_claim_is_granted (&claim));
  ec_stream_claim_take (&claim, TRUE, 7, hash_a);
  ec_stream_claim_take (&claim, FALSE, 6, hash_b);
  g_assert_false (ec_stream_claim_is_granted (&claim));
  ec_stream_claim_take (&claim, FALSE, 7, hash_a);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_AGREED);
  g_assert_true (ec_stream_claim_is_granted (&claim));
  ec_stream_claim_set_served (&claim, FALSE);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_FREE);
}

/* What may be damaged still can agree; a difference to it counts once it is known to be clean. */
static void
test_unsure (void)
{
  EcStreamClaim claim;

  ec_stream_claim_init (&claim);
  ec_stream_claim_take (&claim, FALSE, 7, hash_a);
  ec_stream_claim_take (&claim, FALSE, 8, hash_a);
  ec_stream_claim_take_unsure (&claim, 7, hash_b);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_COMPARING);
  ec_stream_claim_take_unsure (&claim, 8, hash_a);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_AGREED);
  ec_stream_claim_take_unsure (&claim, 9, hash_b);
  ec_stream_claim_take (&claim, FALSE, 9, hash_a);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_AGREED);
  ec_stream_claim_take (&claim, TRUE, 8, hash_a);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_AGREED);
  ec_stream_claim_take (&claim, TRUE, 9, hash_b);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_CONTESTED);
}

/* A difference is for the rest of the run, whoever comes and goes, and whoever was first. */
static void
test_difference (void)
{
  for (guint order = 0; order < 2; order++) {
    EcStreamClaim claim;

    ec_stream_claim_init (&claim);
    ec_stream_claim_take (&claim, order == 0, 3, hash_a);
    ec_stream_claim_take (&claim, order != 0, 3, hash_a);
    g_assert_true (ec_stream_claim_is_granted (&claim));
    ec_stream_claim_take (&claim, order != 0, 4, hash_a);
    ec_stream_claim_take (&claim, order == 0, 4, hash_b);
    g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_CONTESTED);
    ec_stream_claim_set_served (&claim, FALSE);
    ec_stream_claim_take (&claim, TRUE, 5, hash_a);
    ec_stream_claim_take (&claim, FALSE, 5, hash_a);
    g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_CONTESTED);
  }
}

/* What was published under an index first is never replaced, so a second word changes nothing. */
static void
test_first_counts (void)
{
  EcStreamClaim claim;

  ec_stream_claim_init (&claim);
  ec_stream_claim_take (&claim, FALSE, 3, hash_a);
  ec_stream_claim_take (&claim, FALSE, 3, hash_b);
  ec_stream_claim_take (&claim, TRUE, 3, hash_a);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_AGREED);
}

/* Who is gone can no longer agree, but was first all the same. */
static void
test_gone (void)
{
  for (guint i = 0; i < 3; i++) {
    EcStreamClaim claim;

    ec_stream_claim_init (&claim);
    ec_stream_claim_take (&claim, FALSE, 3, hash_a);
    ec_stream_claim_set_served (&claim, FALSE);
    g_assert_true (ec_stream_claim_is_granted (&claim));
    ec_stream_claim_set_served (&claim, TRUE);
    ec_stream_claim_take (&claim, TRUE, 3, i == 0 ? hash_b : hash_a);
    g_assert_cmpint (claim.state, ==,
                     i == 0 ? EC_STREAM_CLAIM_CONTESTED : EC_STREAM_CLAIM_COMPARING);
    if (i == 0)
      continue;
    ec_stream_claim_take (&claim, FALSE, 3, i == 1 ? hash_b : hash_a);
    g_assert_cmpint (claim.state, ==, i == 1 ? EC_STREAM_CLAIM_CONTESTED : EC_STREAM_CLAIM_AGREED);
  }
}

/* Only so many are remembered: those far apart have nothing in common. */
static void
test_bounds (void)
{
  EcStreamClaim claim;

  ec_stream_claim_init (&claim);
  for (gint64 index = 0; index <= EC_STREAM_CLAIM_REMEMBERED; index++)
    ec_stream_claim_take (&claim, FALSE, index, hash_a);
  ec_stream_claim_take (&claim, TRUE, 0, hash_b);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_COMPARING);
  ec_stream_claim_take (&claim, TRUE, 1, hash_b);
  g_assert_cmpint (claim.state, ==, EC_STREAM_CLAIM_CONTESTED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk/stream-claim/nobody-else", test_nobody_else);
  g_test_add_func ("/chunk/stream-claim/agreement", test_agreement);
  g_test_add_func ("/chunk/stream-claim/unsure", test_unsure);
  g_test_add_func ("/chunk/stream-claim/difference", test_difference);
  g_test_add_func ("/chunk/stream-claim/first-counts", test_first_counts);
  g_test_add_func ("/chunk/stream-claim/gone", test_gone);
  g_test_add_func ("/chunk/stream-claim/bounds", test_bounds);
  return g_test_run ();
}
