/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "source/ec-psi-peek.h"
#include "ts-tables.h"

static GByteArray *
make_stream (gboolean vct)
{
  static const guint16 programs[] = { 3, 4 };
  GByteArray *stream = g_byte_array_new ();

  for (guint8 i = 0; i < 2; i++) {
    guint8 packet[188];

    ts_make_pat (packet, programs, 2, i);
    g_byte_array_append (stream, packet, sizeof packet);
    if (vct) {
      ts_make_vct (packet, i);
      g_byte_array_append (stream, packet, sizeof packet);
    }
  }
  return stream;
}

static void
test_vct (void)
{
  static const struct {
    const char *number;
    guint program;
  } cases[] = { { "5.1", 3 }, { "5.2", 4 }, { "5.3", 0 }, { "5", 0 }, { "KABC", 0 }, { "", 0 } };
  g_autoptr (GByteArray) stream = make_stream (TRUE);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (EcPsiPeek) peek = ec_psi_peek_new (cases[i].number);

    g_assert_cmpint (ec_psi_peek_get_n_programs (peek), ==, -1);
    ec_psi_peek_push (peek, stream->data, stream->len);
    g_assert_cmpint (ec_psi_peek_get_n_programs (peek), ==, 2);
    g_assert_true (ec_psi_peek_has_program (peek, 4));
    g_assert_false (ec_psi_peek_has_program (peek, 5));
    g_assert_cmpuint (ec_psi_peek_get_program_number (peek), ==, cases[i].program);
  }
}

static void
test_one_program (void)
{
  static const guint16 program = 7;
  g_autoptr (EcPsiPeek) peek = ec_psi_peek_new ("5.1");
  guint8 packet[188];

  ts_make_pat (packet, &program, 1, 0);
  ec_psi_peek_push (peek, packet, sizeof packet);
  g_assert_cmpuint (ec_psi_peek_get_program_number (peek), ==, 7);
}

static void
test_pieces (void)
{
  g_autoptr (GByteArray) stream = make_stream (TRUE);
  guint8 junk[3] = { 1, 2, 3 };

  /* One byte at a time, from the middle of a packet. */
  for (gsize skip = 0; skip < 188; skip += 11) {
    g_autoptr (EcPsiPeek) peek = ec_psi_peek_new ("5.2");

    ec_psi_peek_push (peek, junk, sizeof junk);
    for (gsize i = 0; i < stream->len; i++)
      ec_psi_peek_push (peek, stream->data + i, 1);
    g_assert_cmpuint (ec_psi_peek_get_program_number (peek), ==, 4);
  }
}

static void
test_damage (void)
{
  g_autoptr (GByteArray) stream = make_stream (TRUE);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);

  for (guint i = 0; i < 5000; i++) {
    g_autoptr (EcPsiPeek) peek = ec_psi_peek_new ("5.1");
    g_autofree guint8 *copy = g_memdup2 (stream->data, stream->len);

    for (guint j = 0; j < 3; j++)
      copy[g_rand_int_range (rand, 0, (gint32) stream->len)] = (guint8) g_rand_int (rand);
    ec_psi_peek_push (peek, copy, stream->len);
    /* The CRC keeps out what was damaged. */
    g_assert_cmpint (ec_psi_peek_get_n_programs (peek), <=, 2);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/psi-peek/vct", test_vct);
  g_test_add_func ("/psi-peek/one-program", test_one_program);
  g_test_add_func ("/psi-peek/pieces", test_pieces);
  g_test_add_func ("/psi-peek/damage", test_damage);
  return g_test_run ();
}
