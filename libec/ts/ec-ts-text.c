/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-text.h"

/* EN 300 468 table A.3 */
#define SELECT_8859_FIRST 0x01
#define SELECT_8859_LAST 0x0b
#define SELECT_8859_BY_NUMBER 0x10
#define SELECT_UCS2 0x11
#define SELECT_KSX1001 0x12
#define SELECT_GB2312 0x13
#define SELECT_BIG5 0x14
/* 0x15, and whatever is not defined: UTF-8 */
#define FIRST_CHARACTER 0x20

#define REPLACEMENT 0xfffd

/* Valid UTF-8 in, printable UTF-8 out. */
static char *
printable (const char *text)
{
  GString *out = g_string_new (NULL);
  guint n = 0;

  for (const char *p = text; *p && n < EC_TS_TEXT_MAX; p = g_utf8_next_char (p), n++) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_isprint (c))
      g_string_append_unichar (out, c);
    else
      g_string_append_printf (out, "\\u{%x}", (guint) c);
  }
  if (out->len == 0)
    return g_string_free (out, TRUE), NULL;
  return g_string_free (out, FALSE);
}

static char *
convert (const char *charset, const guint8 *data, gsize size)
{
  g_autofree char *text = g_convert_with_fallback ((const char *) data, (gssize) size, "UTF-8",
                                                   charset, "?", NULL, NULL, NULL);
  g_autofree char *valid = NULL;

  /* A character set that this system does not know, or bytes that are not in it. */
  if (!text)
    valid = g_utf8_make_valid ((const char *) data, (gssize) size);
  else
    valid = g_utf8_make_valid (text, -1);
  return printable (g_strstrip (valid));
}

/* UTF-16BE up to its end or first NUL; half a surrogate pair is no reason to lose the rest. */
static char *
convert_utf16 (const guint8 *data, gsize size)
{
  g_autoptr (GString) text = g_string_new (NULL);
  EcReader reader;
  gunichar high = 0;

  ec_reader_init (&reader, data, size);
  while (ec_reader_left (&reader) >= 2) {
    gunichar unit = ec_reader_u16 (&reader);

    if (unit == 0)
      break;
    if (high && (unit & 0xfc00) == 0xdc00) {
      g_string_append_unichar (text, 0x10000 + ((high & 0x3ff) << 10 | (unit & 0x3ff)));
      high = 0;
      continue;
    }
    if (high)
      g_string_append_unichar (text, REPLACEMENT);
    high = (unit & 0xfc00) == 0xd800 ? unit : 0;
    if (!high)
      g_string_append_unichar (text, (unit & 0xfc00) == 0xdc00 ? REPLACEMENT : unit);
  }
  if (high)
    g_string_append_unichar (text, REPLACEMENT);
  return printable (g_strstrip (text->str));
}

/* Annex A.1: 80 to 9F are control codes in the one-byte sets: emphasis, line breaks. */
static char *
convert_one_byte (const char *charset, const guint8 *data, gsize size)
{
  g_autoptr (GByteArray) plain = g_byte_array_new ();

  for (gsize i = 0; i < size; i++) {
    if (data[i] < 0x80 || data[i] > 0x9f)
      g_byte_array_append (plain, data + i, 1);
  }
  return plain->len > 0 ? convert (charset, plain->data, plain->len) : NULL;
}

char *
ec_ts_text_from_dvb (const guint8 *data, gsize size)
{
  char charset[16];
  EcReader reader;
  guint8 first;

  if (size == 0)
    return NULL;
  ec_reader_init (&reader, data, size);
  first = data[0];
  if (first >= FIRST_CHARACTER)
    return convert_one_byte ("ISO6937", data, size);

  ec_reader_skip (&reader, 1);
  if (first >= SELECT_8859_FIRST && first <= SELECT_8859_LAST) {
    g_snprintf (charset, sizeof charset, "ISO-8859-%u", first + 4u);
  } else if (first == SELECT_8859_BY_NUMBER) {
    g_snprintf (charset, sizeof charset, "ISO-8859-%u", ec_reader_u16 (&reader));
  } else {
    const char *wide = first == SELECT_KSX1001  ? "EUC-KR"
                       : first == SELECT_GB2312 ? "GB2312"
                       : first == SELECT_BIG5   ? "BIG5"
                                                : "UTF-8";

    if (first == SELECT_UCS2)
      return convert_utf16 (data + reader.pos, ec_reader_left (&reader));

    return convert (wide, data + reader.pos, ec_reader_left (&reader));
  }
  if (reader.failed)
    return NULL;
  return convert_one_byte (charset, data + reader.pos, ec_reader_left (&reader));
}

char *
ec_ts_text_from_utf16 (const guint8 *data, gsize size)
{
  return convert_utf16 (data, size);
}
