/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-hasher.h"

#include <string.h>

static guint8 *
make_input (gsize size)
{
  guint8 *input = g_malloc (MAX (size, 1));

  for (gsize i = 0; i < size; i++)
    input[i] = (guint8) (i * 7 + i / 251);
  return input;
}

static void
hash_at_once (const guint8 *data, gsize size, guint8 *out)
{
  blake3_hasher hasher;

  blake3_hasher_init (&hasher);
  blake3_hasher_update (&hasher, data, size);
  blake3_hasher_finalize (&hasher, out, BLAKE3_OUT_LEN);
}

/* Each piece in a block of its own, so that a sanitizer sees what is read outside it. */
static void
update (EcHasher *hasher, const guint8 *data, gsize size)
{
  g_autofree guint8 *block = g_memdup2 (data, size);

  ec_hasher_update (hasher, block, size);
}

static void
test_pieces (void)
{
  static const gsize sizes[] = {
    0, 1, 188, EC_HASHER_RUN - 1, EC_HASHER_RUN, EC_HASHER_RUN + 1, 3 * EC_HASHER_RUN, 150001
  };
  static const gsize pieces[] = { 1,
                                  7,
                                  188,
                                  1024,
                                  EC_HASHER_RUN - 1,
                                  EC_HASHER_RUN,
                                  EC_HASHER_RUN + 1,
                                  2 * EC_HASHER_RUN + 5,
                                  G_MAXSIZE };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree guint8 *input = make_input (sizes[i]);
    guint8 want[BLAKE3_OUT_LEN], got[BLAKE3_OUT_LEN];

    hash_at_once (input, sizes[i], want);
    for (guint j = 0; j < G_N_ELEMENTS (pieces); j++) {
      g_autoptr (EcHasher) hasher = ec_hasher_new ();

      for (gsize done = 0; done < sizes[i];) {
        gsize n = MIN (pieces[j], sizes[i] - done);

        update (hasher, input + done, n);
        done += n;
      }
      ec_hasher_finish (hasher, got);
      g_assert_cmpmem (got, sizeof got, want, sizeof want);
    }
  }
}

static void
test_random_splits (void)
{
  gsize size = 5 * EC_HASHER_RUN + 333;
  g_autofree guint8 *input = make_input (size);
  guint8 want[BLAKE3_OUT_LEN], got[BLAKE3_OUT_LEN];

  hash_at_once (input, size, want);
  for (guint round = 0; round < 300; round++) {
    g_autoptr (EcHasher) hasher = ec_hasher_new ();

    for (gsize done = 0; done < size;) {
      gsize n = (gsize) g_test_rand_int_range (0, 1 << g_test_rand_int_range (1, 17));

      n = MIN (n, size - done);
      update (hasher, input + done, n);
      done += n;
    }
    ec_hasher_finish (hasher, got);
    g_assert_cmpmem (got, sizeof got, want, sizeof want);
  }
}

/* The official vector for no input at all, with and without an update of nothing. */
static void
test_nothing (void)
{
  static const guint8 want[] = { 0xaf, 0x13, 0x49, 0xb9, 0xf5, 0xf9, 0xa1, 0xa6, 0xa0, 0x40, 0x4d,
                                 0xea, 0x36, 0xdc, 0xc9, 0x49, 0x9b, 0xcb, 0x25, 0xc9, 0xad, 0xc1,
                                 0x12, 0xb7, 0xcc, 0x9a, 0x93, 0xca, 0xe4, 0x1f, 0x32, 0x62 };

  for (guint n_updates = 0; n_updates < 3; n_updates++) {
    g_autoptr (EcHasher) hasher = ec_hasher_new ();
    guint8 got[BLAKE3_OUT_LEN];

    for (guint i = 0; i < n_updates; i++)
      ec_hasher_update (hasher, NULL, 0);
    ec_hasher_finish (hasher, got);
    g_assert_cmpmem (got, sizeof got, want, sizeof want);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/hasher/pieces", test_pieces);
  g_test_add_func ("/base/hasher/random-splits", test_random_splits);
  g_test_add_func ("/base/hasher/nothing", test_nothing);
  return g_test_run ();
}
