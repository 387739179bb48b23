/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-flow.h"

#include <blake3.h>
#include <string.h>

static const guint8 bytes[] = "the bytes of some parts, one behind the other";

static void
hash_of (const guint8 *data, gsize size, guint8 *hash)
{
  g_autoptr (EcHasher) hasher = ec_hasher_new ();

  ec_hasher_update (hasher, data, size);
  ec_hasher_finish (hasher, hash);
}

static void
test_whole (void)
{
  EcShareFlow flow = { 0 };
  guint8 hash[BLAKE3_OUT_LEN], wanted[BLAKE3_OUT_LEN];

  /* In the middle of a chunk nothing begins. */
  g_assert_cmpint (ec_share_flow_look (&flow, 7, 3), ==, EC_SHARE_FLOW_OLD);
  g_assert_cmpint (ec_share_flow_look (&flow, 8, 0), ==, EC_SHARE_FLOW_NEXT);
  g_assert_true (ec_share_flow_take (&flow, 8, 0, bytes, 10));
  g_assert_true (ec_share_flow_take (&flow, 8, 1, bytes + 10, 20));
  g_assert_cmpint (ec_share_flow_look (&flow, 8, 1), ==, EC_SHARE_FLOW_OLD);
  g_assert_false (ec_share_flow_end (&flow, 7, TRUE, hash));
  g_assert_true (ec_share_flow_end (&flow, 8, TRUE, hash));
  hash_of (bytes, 30, wanted);
  g_assert_cmpmem (hash, sizeof hash, wanted, sizeof wanted);
  g_assert_false (ec_share_flow_end (&flow, 8, TRUE, hash));
  g_assert_cmpint (ec_share_flow_look (&flow, 8, 2), ==, EC_SHARE_FLOW_OLD);
  g_assert_cmpint (ec_share_flow_look (&flow, 9, 0), ==, EC_SHARE_FLOW_NEXT);
  g_assert_cmpint (ec_share_flow_look (&flow, 11, 0), ==, EC_SHARE_FLOW_JUMP);
  g_assert_cmpint (ec_share_flow_look (&flow, 9, 1), ==, EC_SHARE_FLOW_HOLE);
  ec_share_flow_clear (&flow);
}

static void
test_holes (void)
{
  EcShareFlow flow = { 0 };
  guint8 hash[BLAKE3_OUT_LEN];

  g_assert_true (ec_share_flow_take (&flow, 1, 0, bytes, 10));
  g_assert_cmpint (ec_share_flow_look (&flow, 1, 2), ==, EC_SHARE_FLOW_HOLE);
  g_assert_cmpint (ec_share_flow_look (&flow, 2, 0), ==, EC_SHARE_FLOW_HOLE);
  g_assert_false (ec_share_flow_take (&flow, 1, 2, bytes, 10));
  g_assert_true (ec_share_flow_take (&flow, 1, 3, bytes, 10));
  /* It has no hash that is any good. */
  g_assert_false (ec_share_flow_end (&flow, 1, TRUE, hash));
  g_assert_true (flow.ended);
  /* Nor has one whose end is missing, or whose beginning is. */
  g_assert_true (ec_share_flow_take (&flow, 2, 0, bytes, 10));
  g_assert_false (ec_share_flow_end (&flow, 2, FALSE, hash));
  g_assert_false (ec_share_flow_take (&flow, 3, 1, bytes, 10));
  g_assert_false (ec_share_flow_end (&flow, 3, TRUE, hash));
  /* The next one is none the worse. */
  g_assert_true (ec_share_flow_take (&flow, 4, 0, bytes, 10));
  g_assert_true (ec_share_flow_end (&flow, 4, TRUE, hash));
  ec_share_flow_clear (&flow);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/flow/whole", test_whole);
  g_test_add_func ("/share/flow/holes", test_holes);
  return g_test_run ();
}
