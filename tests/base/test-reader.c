/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-reader.h"

static const guint8 bytes[] = { 0x81, 0x02, 0x83, 0x04, 0x85, 0x06, 0x87, 0x08 };

static void
test_numbers (void)
{
  EcReader reader;

  ec_reader_init (&reader, bytes, sizeof bytes);
  g_assert_cmphex (ec_reader_u8 (&reader), ==, 0x81);
  g_assert_cmphex (ec_reader_u16 (&reader), ==, 0x0283);
  g_assert_cmphex (ec_reader_u32 (&reader), ==, 0x04850687);
  g_assert_cmpuint (ec_reader_left (&reader), ==, 1);
  g_assert_false (reader.failed);

  ec_reader_init (&reader, bytes, sizeof bytes);
  g_assert_cmphex (ec_reader_u64 (&reader), ==, G_GUINT64_CONSTANT (0x8102830485068708));
  g_assert_cmpuint (ec_reader_left (&reader), ==, 0);
  g_assert_false (reader.failed);
}

static guint64
read_number (EcReader *reader, guint size)
{
  switch (size) {
  case 1:
    return ec_reader_u8 (reader);
  case 2:
    return ec_reader_u16 (reader);
  case 4:
    return ec_reader_u32 (reader);
  default:
    return ec_reader_u64 (reader);
  }
}

/* A number is there wholly or not at all. */
static void
test_bounds (void)
{
  static const guint sizes[] = { 1, 2, 4, 8 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    for (gsize have = 0; have <= sizeof bytes; have++) {
      g_autofree guint8 *copy = g_memdup2 (bytes, have);
      EcReader reader;
      guint64 value;

      ec_reader_init (&reader, copy, have);
      value = read_number (&reader, sizes[i]);
      g_assert_cmpint (reader.failed, ==, have < sizes[i]);
      if (have < sizes[i]) {
        g_assert_cmphex (value, ==, 0);
        g_assert_cmpuint (ec_reader_left (&reader), ==, have);
      } else {
        g_assert_cmphex (value, !=, 0);
        g_assert_cmpuint (ec_reader_left (&reader), ==, have - sizes[i]);
      }
    }
  }
}

static void
test_failure_sticks (void)
{
  EcReader reader;

  ec_reader_init (&reader, bytes, 3);
  g_assert_cmphex (ec_reader_u32 (&reader), ==, 0);
  g_assert_true (reader.failed);

  /* What would be there is not given out any more. */
  g_assert_cmphex (ec_reader_u8 (&reader), ==, 0);
  g_assert_cmphex (ec_reader_u16 (&reader), ==, 0);
  g_assert_null (ec_reader_bytes (&reader, 1));
  g_assert_null (ec_reader_bytes (&reader, 0));
  ec_reader_skip (&reader, 1);
  g_assert_cmpuint (ec_reader_left (&reader), ==, 3);
  g_assert_true (reader.failed);
}

static void
test_bytes (void)
{
  EcReader reader;

  ec_reader_init (&reader, bytes, sizeof bytes);
  ec_reader_skip (&reader, 2);
  g_assert_true (ec_reader_bytes (&reader, 3) == bytes + 2);
  g_assert_true (ec_reader_bytes (&reader, 0) == bytes + 5);
  g_assert_null (ec_reader_bytes (&reader, 4));
  g_assert_true (reader.failed);

  /* A size that overflows when it is added to a position. */
  ec_reader_init (&reader, bytes, sizeof bytes);
  ec_reader_skip (&reader, 2);
  g_assert_null (ec_reader_bytes (&reader, G_MAXSIZE));
  g_assert_true (reader.failed);
}

static void
test_sub_reader (void)
{
  EcReader reader, sub;

  ec_reader_init (&reader, bytes, sizeof bytes);
  ec_reader_skip (&reader, 1);
  sub = ec_reader_sub (&reader, 3);
  g_assert_cmpuint (ec_reader_left (&sub), ==, 3);
  g_assert_cmpuint (ec_reader_left (&reader), ==, 4);

  /* What fails in it fails there only, at its own end. */
  g_assert_cmphex (ec_reader_u16 (&sub), ==, 0x0283);
  g_assert_cmphex (ec_reader_u16 (&sub), ==, 0);
  g_assert_true (sub.failed);
  g_assert_false (reader.failed);
  g_assert_cmphex (ec_reader_u8 (&reader), ==, 0x85);

  /* One that is not there fails both. */
  sub = ec_reader_sub (&reader, 4);
  g_assert_true (sub.failed);
  g_assert_true (reader.failed);
  g_assert_cmpuint (ec_reader_left (&sub), ==, 0);
  g_assert_null (ec_reader_bytes (&sub, 1));
}

static void
test_empty (void)
{
  EcReader reader, sub;

  ec_reader_init (&reader, NULL, 0);
  sub = ec_reader_sub (&reader, 0);
  g_assert_false (reader.failed);
  g_assert_false (sub.failed);
  g_assert_cmpuint (ec_reader_left (&sub), ==, 0);
  g_assert_cmphex (ec_reader_u8 (&sub), ==, 0);
  g_assert_true (sub.failed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/reader/numbers", test_numbers);
  g_test_add_func ("/base/reader/bounds", test_bounds);
  g_test_add_func ("/base/reader/failure-sticks", test_failure_sticks);
  g_test_add_func ("/base/reader/bytes", test_bytes);
  g_test_add_func ("/base/reader/sub-reader", test_sub_reader);
  g_test_add_func ("/base/reader/empty", test_empty);
  return g_test_run ();
}
