/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Key-Value-Pairs, and the numbers they are written in. */
#include "moqt-text.h"
#include "moqt/ec-moqt-varint.h"

static void
test_properties (void)
{
  static const EcMoqtProperty items[] = {
    { .type = 0x3e, .number = 5 },   { .type = 0x0b, .data = (const guint8 *) "one", .size = 3 },
    { .type = 0x02, .number = 7 },   { .type = 0x0b, .data = (const guint8 *) "two", .size = 3 },
    { .type = 0x4002, .number = 1 },
  };
  g_autoptr (EcMoqtProperties) list = ec_moqt_properties_new (items, G_N_ELEMENTS (items));
  g_autoptr (EcMoqtProperties) same = ec_moqt_properties_new (items, G_N_ELEMENTS (items));
  g_autoptr (EcMoqtProperties) fewer = ec_moqt_properties_new (items, 4);
  guint64 number = 0;

  g_assert_cmpuint (ec_moqt_properties_get_n (list), ==, 5);
  g_assert_cmphex (ec_moqt_properties_get (list, 0)->type, ==, 0x02);
  g_assert_cmpmem (ec_moqt_properties_get (list, 1)->data, 3, "one", 3);
  g_assert_cmpmem (ec_moqt_properties_get (list, 2)->data, 3, "two", 3);
  g_assert_true (ec_moqt_properties_find_number (list, 0x3e, &number));
  g_assert_cmpuint (number, ==, 5);
  g_assert_false (ec_moqt_properties_find_number (list, 0x3c, &number));
  g_assert_cmphex (ec_moqt_properties_find_mandatory (list), ==, 0x4002);
  g_assert_cmphex (ec_moqt_properties_find_mandatory (fewer), ==, 0);
  g_assert_true (ec_moqt_properties_equal (list, same));
  g_assert_false (ec_moqt_properties_equal (list, fewer));
  g_assert_cmpuint (ec_moqt_properties_get_memory (list), >, 5 * sizeof (EcMoqtProperty) + 6);

  g_assert_null (ec_moqt_properties_new (items, 0));
  g_assert_cmpuint (ec_moqt_properties_get_n (NULL), ==, 0);
  g_assert_false (ec_moqt_properties_find_number (NULL, 2, &number));
  g_assert_true (ec_moqt_properties_equal (NULL, NULL));
  g_assert_false (ec_moqt_properties_equal (list, NULL));
  g_assert_cmpuint (ec_moqt_properties_get_memory (NULL), ==, 0);
}

typedef struct {
  const EcMoqtVarint *varint;
  const char *hex;
  guint64 number;
  gboolean longer; /* than it must be */
} Number;

static const Number numbers[] = {
  /* RFC 9000 §A.1 */
  { &ec_moqt_varint_quic, "c2197c5eff14e88c", G_GUINT64_CONSTANT (151288809941952652) },
  { &ec_moqt_varint_quic, "9d7f3e7d", 494878333 },
  { &ec_moqt_varint_quic, "7bbd", 15293 },
  { &ec_moqt_varint_quic, "25", 37 },
  { &ec_moqt_varint_quic, "4025", 37, TRUE },
  { &ec_moqt_varint_quic, "ffffffffffffffff", (G_GUINT64_CONSTANT (1) << 62) - 1 },
  /* draft-ietf-moq-transport-18 §1.4.1, all its examples */
  { &ec_moqt_varint_ones, "25", 37 },
  { &ec_moqt_varint_ones, "8025", 37, TRUE },
  { &ec_moqt_varint_ones, "bbbd", 15293 },
  { &ec_moqt_varint_ones, "ed7f3e7d", 226442877 },
  { &ec_moqt_varint_ones, "faa1a0e403d8", G_GUINT64_CONSTANT (2893212287960) },
  { &ec_moqt_varint_ones, "fc8998abc66bc0", G_GUINT64_CONSTANT (151288809941952) },
  { &ec_moqt_varint_ones, "fefa318fa8e3ca11", G_GUINT64_CONSTANT (70423237261249041) },
  { &ec_moqt_varint_ones, "ffffffffffffffffff", G_MAXUINT64 },
};

static void
test_numbers (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autoptr (GByteArray) bytes = moqt_bytes (numbers[i].hex), out = g_byte_array_new ();
    EcReader reader;

    for (gsize size = 0; size <= bytes->len; size++) {
      guint64 number;

      ec_reader_init (&reader, bytes->data, size);
      number = numbers[i].varint->read (&reader);
      g_assert_cmpint (reader.failed, ==, size < bytes->len);
      g_assert_cmpuint (number, ==, size < bytes->len ? 0 : numbers[i].number);
    }
    numbers[i].varint->write (out, numbers[i].number);
    if (numbers[i].longer)
      g_assert_cmpuint (out->len, <, bytes->len);
    else
      g_assert_cmpmem (out->data, out->len, bytes->data, bytes->len);
  }
}

/* Around each power of two, where lengths change. */
static void
test_number_edges (void)
{
  static const EcMoqtVarint *const both[] = { &ec_moqt_varint_quic, &ec_moqt_varint_ones };

  for (guint i = 0; i < G_N_ELEMENTS (both); i++) {
    for (guint bit = 0; bit < 64; bit++) {
      for (guint64 delta = 0; delta < 3; delta++) {
        guint64 number = (G_GUINT64_CONSTANT (1) << bit) - 1 + delta;
        g_autoptr (GByteArray) out = g_byte_array_new ();
        EcReader reader;

        both[i]->write (out, number);
        ec_reader_init (&reader, out->data, out->len);
        g_assert_cmpuint (both[i]->read (&reader), ==, MIN (number, both[i]->max));
        g_assert_cmpuint (ec_reader_left (&reader), ==, 0);
        g_assert_false (reader.failed);
        g_assert_cmpuint (out->len, <=, 9);
      }
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/moqt/properties", test_properties);
  g_test_add_func ("/moqt/numbers/examples", test_numbers);
  g_test_add_func ("/moqt/numbers/edges", test_number_edges);
  return g_test_run ();
}
