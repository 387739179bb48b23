/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-fields.h"
#include "webtransport/ec-wt-structured.h"
#include "webtransport/ec-wt-wire.h"

static char *
to_hex (const GByteArray *bytes)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < bytes->len; i++)
    g_string_append_printf (text, "%02x", bytes->data[i]);
  return g_string_free (text, FALSE);
}

static void
check_hex (const GByteArray *bytes, const char *expected)
{
  g_autofree char *text = to_hex (bytes);

  g_assert_cmpstr (text, ==, expected);
}

/* RFC 9000 §A.1 */
static void
test_varint (void)
{
  static const struct {
    guint64 value;
    const char *hex;
  } vectors[] = {
    { G_GUINT64_CONSTANT (151288809941952652), "c2197c5eff14e88c" },
    { 494878333, "9d7f3e7d" },
    { 15293, "7bbd" },
    { 37, "25" },
    { 63, "3f" },
    { 64, "4040" },
    { 16383, "7fff" },
    { 16384, "80004000" },
    { EC_WT_VARINT_MAX, "ffffffffffffffff" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    EcReader reader;

    ec_wt_varint_append (bytes, vectors[i].value);
    check_hex (bytes, vectors[i].hex);
    for (guint n = 0; n <= bytes->len; n++) {
      ec_reader_init (&reader, bytes->data, n);
      if (n < bytes->len) {
        (void) ec_wt_varint_read (&reader);
        g_assert_true (reader.failed);
      } else {
        g_assert_cmpuint (ec_wt_varint_read (&reader), ==, vectors[i].value);
        g_assert_false (reader.failed);
      }
    }
  }
}

static void
test_tlv (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  ec_wt_tlv_append (bytes, EC_WT_FRAME_DATA, (const guint8 *) "hello", 5);
  ec_wt_tlv_append (bytes, 0x21, NULL, 0);
  ec_wt_tlv_append (bytes, EC_WT_CAPSULE_CLOSE, (const guint8 *) "\0\0\0\7bye", 7);
  check_hex (bytes, "000568656c6c6f"
                    "2100"
                    "68430700000007627965");

  /* In pieces of every size. */
  for (gsize piece = 1; piece <= bytes->len; piece++) {
    g_autoptr (GString) heard = g_string_new (NULL);
    EcWtTlv tlv = { 0 };

    for (gsize at = 0; at < bytes->len; at += piece) {
      EcWtTlvPiece got;
      EcReader input;

      ec_reader_init (&input, bytes->data + at, MIN (piece, bytes->len - at));
      while (ec_wt_tlv_next (&tlv, &input, &got)) {
        if (got.first)
          g_string_append_printf (heard, "%x:", (guint) got.type);
        for (gsize i = 0; i < got.size; i++)
          g_string_append_printf (heard, "%02x", got.data[i]);
        if (got.last)
          g_string_append_c (heard, ' ');
        g_assert_true (!got.last || ec_wt_tlv_is_between (&tlv));
      }
    }
    g_assert_cmpstr (heard->str, ==, "0:68656c6c6f 21: 2843:00000007627965 ");
    g_assert_true (ec_wt_tlv_is_between (&tlv));
  }
}

static guint64
parse_settings (EcWtSettings *settings, const guint64 *numbers, guint n)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (guint i = 0; i < n; i++)
    ec_wt_varint_append (bytes, numbers[i]);
  return ec_wt_settings_parse (settings, bytes->data, bytes->len);
}

static void
test_settings (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  EcWtSettings settings;

  ec_wt_settings_append (bytes, TRUE, 16);
  /* Control stream; SETTINGS of 27 bytes: QPACK 1 and 7, 0x8, 0x33, 0xffd277, 0x2b603742, 0xc671706a. */
  check_hex (bytes, "00041b"
                    "0100"
                    "0700"
                    "0801"
                    "3301"
                    "80ffd27701"
                    "ab60374201"
                    "c0000000c671706a10");
  g_assert_cmpuint (ec_wt_settings_parse (&settings, bytes->data + 3, bytes->len - 3), ==, 0);
  g_assert_true (settings.connect_protocol && settings.datagram && settings.webtransport);
  /* Cut short anywhere, it is an error or says less. */
  for (guint n = 0; n + 3 < bytes->len; n++) {
    guint64 error = ec_wt_settings_parse (&settings, bytes->data + 3, n);

    g_assert_true (error == 0 || error == EC_H3_FRAME_ERROR);
    g_assert_false (n < 18 && settings.webtransport);
  }

  g_assert_cmpuint (parse_settings (&settings, NULL, 0), ==, 0);
  g_assert_false (settings.connect_protocol || settings.datagram || settings.webtransport);
  g_assert_cmpuint (parse_settings (&settings, (guint64[]){ 8, 2 }, 2), ==, EC_H3_SETTINGS_ERROR);
  g_assert_cmpuint (parse_settings (&settings, (guint64[]){ 0x33, 2 }, 2), ==,
                    EC_H3_SETTINGS_ERROR);
  g_assert_cmpuint (parse_settings (&settings, (guint64[]){ 8, 1, 8, 1 }, 4), ==,
                    EC_H3_SETTINGS_ERROR);
  for (guint64 id = 2; id <= 5; id++)
    g_assert_cmpuint (parse_settings (&settings, (guint64[]){ id, 0 }, 2), ==,
                      EC_H3_SETTINGS_ERROR);
  /* Greasing, and a field section limit. */
  g_assert_cmpuint (
      parse_settings (&settings, (guint64[]){ 0x1f * 99 + 0x21, 77, 6, 1000, 0x14e9cd29, 1 }, 6),
      ==, 0);
  g_assert_cmpuint (settings.max_field_section, ==, 1000);
  g_assert_true (settings.webtransport);
}

/* draft-ietf-webtrans-http3 §4.3 */
static void
test_errors (void)
{
  static const struct {
    guint64 code, h3;
  } vectors[] = {
    { 0, G_GUINT64_CONSTANT (0x52e4a40fa8db) },
    { 1, G_GUINT64_CONSTANT (0x52e4a40fa8dc) },
    { 0x1d, G_GUINT64_CONSTANT (0x52e4a40fa8f8) },
    { 0x1e, G_GUINT64_CONSTANT (0x52e4a40fa8fa) },
    { G_MAXUINT32, G_GUINT64_CONSTANT (0x52e5ac983162) },
  };
  guint32 code;

  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++) {
    g_assert_cmphex (ec_wt_error_to_h3 (vectors[i].code), ==, vectors[i].h3);
    g_assert_true (ec_wt_error_from_h3 (vectors[i].h3, &code));
    g_assert_cmpuint (code, ==, vectors[i].code);
  }
  for (guint32 n = 0; n < 100000; n++) {
    guint64 h3 = ec_wt_error_to_h3 (n * 42949u);

    g_assert_cmpuint ((h3 - 0x21) % 0x1f, !=, 0);
    g_assert_true (ec_wt_error_from_h3 (h3, &code));
    g_assert_cmpuint (code, ==, n * 42949u);
  }
  g_assert_false (ec_wt_error_from_h3 (G_GUINT64_CONSTANT (0x52e4a40fa8f9), &code));
  g_assert_false (ec_wt_error_from_h3 (G_GUINT64_CONSTANT (0x52e4a40fa8da), &code));
  g_assert_false (ec_wt_error_from_h3 (G_GUINT64_CONSTANT (0x52e5ac983163), &code));
  g_assert_false (ec_wt_error_from_h3 (EC_H3_REQUEST_CANCELLED, &code));
  g_assert_cmphex (ec_wt_error_to_h3 (G_MAXUINT64), ==, G_GUINT64_CONSTANT (0x52e5ac983162));
}

static void
check_list (const char *text, const char *expected)
{
  g_auto (GStrv) list = ec_wt_structured_parse_list (text);
  g_autofree char *joined = list ? g_strjoinv ("|", list) : NULL;

  g_assert_cmpstr (joined, ==, expected);
}

/* RFC 8941 */
static void
test_structured (void)
{
  const char *const protocols[] = { "moqt-18", "a\"b\\c", NULL };
  const char *const wrong[] = { "a\nb", NULL };
  g_autofree char *written = ec_wt_structured_write_list (protocols);
  g_autoptr (GString) many = g_string_new ("\"p\"");
  char *string;

  g_assert_cmpstr (written, ==, "\"moqt-18\", \"a\\\"b\\\\c\"");
  check_list (written, "moqt-18|a\"b\\c");
  g_assert_null (ec_wt_structured_write_list (wrong));
  check_list ("\"moqt-18\",\"moqt-16\"", "moqt-18|moqt-16");
  check_list ("  \"moqt-18\" ,\t\"moqt-16\"  ", "moqt-18|moqt-16");
  check_list ("moqt-18, moq-00", "moqt-18|moq-00");
  check_list ("\"a\";q=1;s=\"x;,\\\"\";b, \"b\";c=:YQ==:;d=?1", "a|b");
  check_list ("", "");
  check_list ("\"\"", "");
  check_list ("\"a\",", NULL);
  check_list (",\"a\"", NULL);
  check_list ("\"a\" \"b\"", NULL);
  check_list ("\"a", NULL);
  check_list ("\"a\\x\"", NULL);
  check_list ("\"a\\", NULL);
  check_list ("\"a\xc3\xa4\"", NULL);
  check_list ("(\"a\" \"b\")", NULL);
  check_list ("1, 2", NULL);
  check_list ("\"a\";", NULL);
  check_list ("\"a\";Q", NULL);
  check_list ("\"a\";q=", NULL);
  for (guint i = 0; i < EC_WT_PROTOCOLS_MAX; i++)
    g_string_append (many, ",\"p\"");
  check_list (many->str, NULL);

  string = ec_wt_structured_parse_string (" \"moqt-18\";a=1 ");
  g_assert_cmpstr (string, ==, "moqt-18");
  g_free (string);
  string = ec_wt_structured_parse_string ("moqt-18");
  g_assert_cmpstr (string, ==, "moqt-18");
  g_free (string);
  g_assert_null (ec_wt_structured_parse_string ("\"a\", \"b\""));
  g_assert_null (ec_wt_structured_parse_string (""));
}

static void
test_qpack (void)
{
  const EcWtField fields[] = {
    { (char *) ":method", (char *) "CONNECT" },
    { (char *) ":path", (char *) "/moq?x=1" },
    { (char *) "wt-available-protocols", (char *) "\"moqt-18\"" },
    { (char *) "x-a", (char *) "1" },
    { (char *) "x-a", (char *) "2" },
  };
  g_autoptr (EcWtQpack) one = ec_wt_qpack_new ();
  g_autoptr (EcWtQpack) two = ec_wt_qpack_new ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GArray) decoded = NULL;
  g_autofree char *joined = NULL;
  guint64 error;

  g_assert_true (ec_wt_qpack_encode (one, bytes, fields, G_N_ELEMENTS (fields)));
  decoded = ec_wt_qpack_decode (two, bytes->data, bytes->len, &error);
  g_assert_nonnull (decoded);
  g_assert_cmpuint (decoded->len, ==, G_N_ELEMENTS (fields));
  for (guint i = 0; i < decoded->len; i++) {
    g_assert_cmpstr (g_array_index (decoded, EcWtField, i).name, ==, fields[i].name);
    g_assert_cmpstr (g_array_index (decoded, EcWtField, i).value, ==, fields[i].value);
  }
  joined = ec_wt_fields_get (decoded, "x-a");
  g_assert_cmpstr (joined, ==, "1, 2");

  for (guint n = 0; n < bytes->len; n++) {
    g_autoptr (EcWtQpack) decoder = ec_wt_qpack_new ();
    g_autoptr (GArray) cut = ec_wt_qpack_decode (decoder, bytes->data, n, &error);

    g_assert_true (cut == NULL ? error == EC_QPACK_DECOMPRESSION_FAILED
                               : cut->len < G_N_ELEMENTS (fields));
  }
}

/* RFC 9204 §B.1, the literal with a name reference: without a dynamic table. */
static void
test_qpack_golden (void)
{
  static const guint8 section[] = { 0x00, 0x00, 0x51, 0x0b, '/', 'i', 'n', 'd',
                                    'e',  'x',  '.',  'h',  't', 'm', 'l' };
  /* … and a reference to a table that there is not. */
  static const guint8 dynamic[] = { 0x03, 0x81, 0x10, 0x11 };
  g_autoptr (EcWtQpack) qpack = ec_wt_qpack_new ();
  guint64 error;
  g_autoptr (GArray) fields = ec_wt_qpack_decode (qpack, section, sizeof section, &error);

  g_assert_cmpuint (fields->len, ==, 1);
  g_assert_cmpstr (g_array_index (fields, EcWtField, 0).name, ==, ":path");
  g_assert_cmpstr (g_array_index (fields, EcWtField, 0).value, ==, "/index.html");
  g_assert_null (ec_wt_qpack_decode (qpack, dynamic, sizeof dynamic, &error));
  g_assert_cmphex (error, ==, EC_QPACK_DECOMPRESSION_FAILED);
}

static void
check_refused (const EcWtField *fields, guint n, guint64 expected)
{
  g_autoptr (EcWtQpack) qpack = ec_wt_qpack_new ();
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint64 error;

  g_assert_true (ec_wt_qpack_encode (qpack, bytes, fields, n));
  g_assert_null (ec_wt_qpack_decode (qpack, bytes->data, bytes->len, &error));
  g_assert_cmphex (error, ==, expected);
}

/* RFC 9114 §4.2, §4.3; and our limits. */
static void
test_fields_refused (void)
{
  g_autofree EcWtField *many = g_new0 (EcWtField, 1000);
  g_autofree char *big = g_strnfill (20000, 'x');

  check_refused ((EcWtField[]){ { (char *) "Upper", (char *) "" } }, 1, EC_H3_MESSAGE_ERROR);
  check_refused ((EcWtField[]){ { (char *) "a b", (char *) "" } }, 1, EC_H3_MESSAGE_ERROR);
  check_refused ((EcWtField[]){ { (char *) "a", (char *) "x\r\ny: z" } }, 1, EC_H3_MESSAGE_ERROR);
  check_refused (
      (EcWtField[]){ { (char *) ":path", (char *) "/" }, { (char *) ":path", (char *) "/" } }, 2,
      EC_H3_MESSAGE_ERROR);
  check_refused (
      (EcWtField[]){ { (char *) "a", (char *) "/" }, { (char *) ":path", (char *) "/" } }, 2,
      EC_H3_MESSAGE_ERROR);
  for (guint i = 0; i < 1000; i++)
    many[i] = (EcWtField){ (char *) "a", (char *) "b" };
  check_refused (many, 1000, EC_H3_EXCESSIVE_LOAD);
  check_refused ((EcWtField[]){ { (char *) "a", big } }, 1, EC_H3_EXCESSIVE_LOAD);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/webtransport/wire/varint", test_varint);
  g_test_add_func ("/webtransport/wire/tlv", test_tlv);
  g_test_add_func ("/webtransport/wire/settings", test_settings);
  g_test_add_func ("/webtransport/wire/errors", test_errors);
  g_test_add_func ("/webtransport/wire/structured", test_structured);
  g_test_add_func ("/webtransport/wire/qpack", test_qpack);
  g_test_add_func ("/webtransport/wire/qpack-golden", test_qpack_golden);
  g_test_add_func ("/webtransport/wire/fields-refused", test_fields_refused);
  return g_test_run ();
}
