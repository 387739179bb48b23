/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0002 §3.3 */
#include "make-packets.h"
#include "ts/ec-ts-rap.h"

#include <string.h>

#define YES EC_TS_RAP_YES
#define NO EC_TS_RAP_NO
#define OPEN EC_TS_RAP_UNDECIDED

#define MPEG2 EC_TS_LEAD_MPEG2
#define H264 EC_TS_LEAD_H264
#define HEVC EC_TS_LEAD_HEVC

/* Whole structures of ISO/IEC 13818-2 with the fields that matter; the rest is anything. */
#define SEQ "000001b3 2d01e024 0a001234"
#define SEQ_EXT "000001b5 148200010000"
#define GOP_CLOSED "000001b8 00080040"
#define GOP_OPEN "000001b8 00080000"
#define PICTURE_I "00000100 000f fff8"
#define PICTURE_P "00000100 0057 fff8"
#define PICTURE_B "00000100 009f fff8"
#define PICTURE_D "00000100 0027 fff8"
#define SLICE "00000101 1234"

/* H.264: the SPS with an emulation prevention byte, as x264 writes it. */
#define AUD "00000001 09 f0"
#define SPS "00000001 67 6400 28ac d940 7802 27e5 c044 0000 0300 0400"
#define PPS "000001 68 ebe3 cb22"
#define IDR "000001 65 8884"
#define SLICE_P "000001 41 9a24"   /* first_mb 0, slice_type 5 */
#define SLICE_I "000001 41 8884"   /* 0, 7 */
#define SLICE_I2 "000001 41 b0"    /* 0, 2 */
#define SLICE_SI "000001 41 94"    /* 0, 4 */
#define SLICE_SI9 "000001 41 8a80" /* 0, 9 */
#define SEI_TIMING "000001 06 01 02 0102 80"
#define SEI_RECOVERY "000001 06 06 01 c4 80"

#define HEVC_AUD "00000001 4601 50"
#define HEVC_VPS "00000001 4001 0c01"
#define HEVC_SPS "000001 4201 0101"
#define HEVC_PPS "000001 4401 c172"

static const struct {
  const char *name;
  EcTsLeadKind kind;
  EcTsRapVerdict verdict;
  const char *hex;
} cases[] = {
  { "nothing", MPEG2, OPEN, "" },
  { "closed-gop", MPEG2, YES, SEQ SEQ_EXT GOP_CLOSED PICTURE_I SLICE },
  { "open-gop", MPEG2, YES, SEQ SEQ_EXT GOP_OPEN PICTURE_I SLICE },
  { "no-gop", MPEG2, YES, SEQ PICTURE_I },
  { "i-without-sequence", MPEG2, NO, GOP_CLOSED PICTURE_I SLICE SEQ PICTURE_I },
  { "p", MPEG2, NO, PICTURE_P SLICE },
  { "sequence-p", MPEG2, NO, SEQ PICTURE_P },
  { "sequence-b", MPEG2, NO, SEQ PICTURE_B },
  { "sequence-d", MPEG2, NO, SEQ PICTURE_D },
  { "sequence-twice", MPEG2, YES, SEQ SEQ PICTURE_I },
  { "slice-first", MPEG2, NO, SEQ SLICE PICTURE_I },
  { "first-slice-code", MPEG2, NO, SEQ "00000101" },
  { "last-slice-code", MPEG2, NO, SEQ "000001af" },
  { "behind-slice-codes", MPEG2, YES, SEQ "000001b0 000001b2 000001b4 000001ff" PICTURE_I },
  { "picture-incomplete", MPEG2, OPEN, SEQ "00000100 00" },
  { "picture-just-complete", MPEG2, YES, SEQ "00000100 000f" },
  { "code-incomplete", MPEG2, OPEN, SEQ "000001" },
  { "sequence-only", MPEG2, OPEN, SEQ SEQ_EXT GOP_CLOSED },
  { "garbage", MPEG2, OPEN, "0000000000000002030405060100" },
  { "many-zeros", MPEG2, YES, "00000000" SEQ "0000000000" PICTURE_I },

  { "idr", H264, YES, AUD SPS PPS IDR },
  { "idr-without-sps", H264, NO, AUD PPS IDR SPS IDR },
  { "sps-behind", H264, NO, AUD IDR SPS },
  { "sps-p", H264, NO, AUD SPS PPS SLICE_P },
  { "p-alone", H264, NO, AUD SLICE_P },
  { "sps-i-7", H264, YES, AUD SPS PPS SLICE_I },
  { "sps-i-2", H264, YES, AUD SPS PPS SLICE_I2 },
  { "sps-si-4", H264, YES, AUD SPS PPS SLICE_SI },
  { "sps-si-9", H264, YES, AUD SPS PPS SLICE_SI9 },
  { "i-without-sps", H264, NO, AUD SLICE_I },
  { "partition-a-i", H264, YES, SPS "000001 42 8884" },
  { "partition-a-p", H264, NO, SPS "000001 42 9a24" },
  { "partition-b-passed", H264, YES, SPS "000001 43 9a24" IDR },
  { "recovery-point", H264, YES, AUD SPS PPS SEI_RECOVERY SLICE_P },
  { "recovery-point-without-sps", H264, NO, AUD SEI_RECOVERY SPS PPS SLICE_P },
  { "recovery-point-needs-its-end", H264, OPEN, SPS SEI_RECOVERY },
  { "recovery-point-ended", H264, YES, SPS SEI_RECOVERY "000001" },
  { "recovery-point-second", H264, YES, SPS "000001 06 01 02 0102 06 01 c4 80" SLICE_P },
  { "recovery-point-second-sei", H264, YES, SPS SEI_TIMING SEI_RECOVERY SLICE_P },
  { "timing-only", H264, NO, SPS SEI_TIMING SLICE_P },
  { "timing-idr", H264, YES, SPS SEI_TIMING IDR },
  /* 06 as a size or in a payload is no type */
  { "six-in-payload", H264, NO, SPS "000001 06 05 02 0606 80" SLICE_P },
  { "six-as-size", H264, NO, SPS "000001 06 01 06 010203040506 80" SLICE_P },
  /* type 255 + 6, and a payload of 255 + 1 bytes before a recovery point */
  { "type-261", H264, NO, SPS "000001 06 ff06 01 c4 80" SLICE_P },
  { "message-passes-the-end", H264, NO, SPS "000001 06 06 09 c4 80" SLICE_P },
  { "message-of-nothing", H264, YES, SPS "000001 06 06 00" SLICE_P },
  { "size-missing", H264, NO, SPS "000001 06 06" SLICE_P },
  /* the 03 of 00 00 03 is not counted: a payload of 5 bytes, 00 00 01 00 00 */
  { "escaped-payload", H264, YES, SPS "000001 06 05 05 0000 0301 0000 0306 01 c4 80" SLICE_P },
  { "escaped-payload-short", H264, NO, SPS "000001 06 05 06 0000 0301 0000 0306 01 c4 80" SLICE_P },
  /* 22 leading zeros; with the 03 left in, slice_type would be 3 */
  { "escaped-slice", H264, YES, SPS "000001 41 0000 0302 1111 03" },
  { "unescaped-slice", H264, NO, SPS "000001 41 0000 0403 1111 03" },
  { "slice-incomplete", H264, OPEN, SPS "000001 41" },
  { "slice-type-incomplete", H264, OPEN,
    SPS "000001 41 84"
        "" },
  { "slice-header-31-zeros", H264, YES, SPS "000001 41 0000 0300 0111 1111 22c0" },
  { "slice-header-32-zeros", H264, NO, SPS "000001 41 0000 0300 0080" },
  { "slice-header-zeros-open", H264, OPEN, SPS "000001 41 0000 0300" },
  { "nal-ref-idc-ignored", H264, YES, "000001 07 64 000001 05 88" },

  { "hevc-vps-only", HEVC, OPEN, HEVC_AUD HEVC_VPS },
  { "hevc-without-sps", HEVC, NO, HEVC_AUD "000001 2601 af" HEVC_SPS },
  { "hevc-trail", HEVC, NO, HEVC_AUD HEVC_SPS "000001 0201 d0" },
  { "hevc-trail-alone", HEVC, NO, HEVC_AUD "000001 0001 d0" },
  { "hevc-sei-passed", HEVC, YES,
    HEVC_SPS HEVC_PPS "000001 4e01 0605 80"
                      "000001 2601 af" },
  { "hevc-code-incomplete", HEVC, OPEN, HEVC_SPS "000001" },

  { "audio", EC_TS_LEAD_AUDIO, YES, "0b77" },
  { "audio-nothing", EC_TS_LEAD_AUDIO, YES, "" },
  { "no-lead", EC_TS_LEAD_NONE, NO, SEQ PICTURE_I },
};

static EcTsRapVerdict
push (EcTsRapScanner *scanner, const guint8 *data, gsize size)
{
  g_autofree guint8 *block = g_memdup2 (data, size);

  return ec_ts_rap_scanner_push (scanner, block, size);
}

/* Pushes pieces of `sizes` until there is a verdict, as packets do. */
static EcTsRapVerdict
judge (EcTsLeadKind kind, const GByteArray *bytes, const gsize *sizes, guint n_sizes)
{
  g_autofree EcTsRapScanner *scanner = g_new (EcTsRapScanner, 1);
  EcTsRapVerdict verdict = OPEN;
  gsize done = 0;

  ec_ts_rap_scanner_init (scanner, kind);
  for (guint i = 0; i < n_sizes && verdict == OPEN; i++) {
    gsize n = MIN (sizes[i], bytes->len - done);

    verdict = push (scanner, bytes->data + done, n);
    done += n;
  }
  return verdict;
}

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) bytes = from_hex (cases[i].hex);
    const gsize whole = bytes->len;

    g_test_message ("%s", cases[i].name);
    g_assert_cmpint (judge (cases[i].kind, bytes, &whole, 1), ==, cases[i].verdict);
  }
}

/* However the bytes lie in packets: two at every place, three at every two places. */
static void
test_splits (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) bytes = from_hex (cases[i].hex);

    g_test_message ("%s", cases[i].name);
    for (gsize first = 0; first <= bytes->len; first++) {
      for (gsize second = first; second <= bytes->len; second++) {
        const gsize sizes[] = { first, second - first, bytes->len - second };

        g_assert_cmpint (judge (cases[i].kind, bytes, sizes, G_N_ELEMENTS (sizes)), ==,
                         cases[i].verdict);
      }
    }
  }
}

/* A prefix never has another verdict than the whole: it is undecided or the same. */
static void
test_prefixes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) bytes = from_hex (cases[i].hex);

    for (gsize n = 0; n < bytes->len; n++) {
      EcTsRapVerdict verdict = judge (cases[i].kind, bytes, &n, 1);

      if (verdict != OPEN)
        g_assert_cmpint (verdict, ==, cases[i].verdict);
    }
  }
}

/* Every nal_unit_type behind an SPS and without one. */
static void
test_hevc_types (void)
{
  for (guint type = 0; type < 64; type++) {
    for (guint with_sps = 0; with_sps < 2; with_sps++) {
      g_autofree char *hex =
          g_strdup_printf ("%s 000001 %02x01 af", with_sps ? HEVC_SPS : HEVC_AUD, type << 1);
      g_autoptr (GByteArray) bytes = from_hex (hex);
      const gsize whole = bytes->len;
      EcTsRapVerdict want = type >= 32 ? OPEN : NO;

      if (type >= 16 && type <= 21 && with_sps)
        want = YES;
      g_assert_cmpint (judge (HEVC, bytes, &whole, 1), ==, want);
    }
  }
}

/* Every picture_coding_type, every start code behind a sequence header. */
static void
test_mpeg2_codes (void)
{
  for (guint type = 0; type < 8; type++) {
    g_autofree char *hex = g_strdup_printf (SEQ "00000100 00%02x", type << 3 | 7);
    g_autoptr (GByteArray) bytes = from_hex (hex);
    const gsize whole = bytes->len;

    g_assert_cmpint (judge (MPEG2, bytes, &whole, 1), ==, type == 1 ? YES : NO);
  }
  for (guint code = 1; code < 256; code++) {
    g_autofree char *hex = g_strdup_printf (SEQ "000001%02x", code);
    g_autoptr (GByteArray) bytes = from_hex (hex);
    const gsize whole = bytes->len;

    g_assert_cmpint (judge (MPEG2, bytes, &whole, 1), ==, code <= 0xaf ? NO : OPEN);
  }
}

/* Every slice_type: 2, 4, 7 and 9 decode by themselves. */
static void
test_h264_slice_types (void)
{
  for (guint type = 0; type < 12; type++) {
    guint value = type + 1, bits = g_bit_storage (value);
    /* first_mb_in_slice 0, then type as ue(v), then a 1. */
    guint32 code = 1u << 31 | value << (32 - 1 - (2 * bits - 1)) | 1u << (31 - 2 * bits);
    g_autofree char *hex = g_strdup_printf (SPS "000001 41 %08x", code);
    g_autoptr (GByteArray) bytes = from_hex (hex);
    const gsize whole = bytes->len;

    g_assert_cmpint (judge (H264, bytes, &whole, 1), ==, type % 5 == 2 || type % 5 == 4 ? YES : NO);
  }
}

static void
test_long_sei (void)
{
  GString *hex = g_string_new (SPS "000001 06 05 ff 01");
  g_autoptr (GByteArray) bytes = NULL;
  gsize whole;

  for (guint i = 0; i < 256; i++)
    g_string_append (hex, "06");
  g_string_append (hex, "06 01 c4 80" SLICE_P);
  bytes = from_hex (hex->str);
  whole = bytes->len;
  g_assert_cmpint (judge (H264, bytes, &whole, 1), ==, YES);

  /* One byte more in the first message, and the second begins one byte later. */
  bytes->data[bytes->len - 6 - 4 - 256 - 1] = 2;
  g_assert_cmpint (judge (H264, bytes, &whole, 1), ==, NO);
  g_string_free (hex, TRUE);
}

/* The 32nd packet is the last that can decide. */
static void
test_window (void)
{
  static const struct {
    EcTsLeadKind kind;
    const char *header, *decides;
  } windows[] = { { MPEG2, SEQ, PICTURE_I },
                  { H264, SPS, IDR },
                  { HEVC, HEVC_SPS, "000001 2601 af" } };

  for (guint i = 0; i < G_N_ELEMENTS (windows); i++) {
    g_autoptr (GByteArray) header = from_hex (windows[i].header);
    g_autoptr (GByteArray) decides = from_hex (windows[i].decides);
    guint8 filler[184];

    memset (filler, 0x5a, sizeof filler);
    for (guint nth = 2; nth <= 34; nth++) {
      EcTsRapScanner scanner;
      EcTsRapVerdict verdict;

      ec_ts_rap_scanner_init (&scanner, windows[i].kind);
      verdict = push (&scanner, header->data, header->len);
      for (guint packet = 2; packet < nth && verdict == OPEN; packet++)
        verdict = push (&scanner, filler, sizeof filler);
      if (nth > 32) {
        g_assert_cmpint (verdict, ==, NO);
        continue;
      }
      g_assert_cmpint (verdict, ==, OPEN);
      g_assert_cmpint (push (&scanner, decides->data, decides->len), ==, YES);
    }
  }
}

/* A first packet that holds nothing but the PES header is one of the 32. */
static void
test_window_of_nothing (void)
{
  EcTsRapScanner scanner;

  ec_ts_rap_scanner_init (&scanner, MPEG2);
  for (guint packet = 1; packet <= 31; packet++)
    g_assert_cmpint (ec_ts_rap_scanner_push (&scanner, (const guint8 *) "", 0), ==, OPEN);
  g_assert_cmpint (ec_ts_rap_scanner_push (&scanner, (const guint8 *) "", 0), ==, NO);
}

/* A window full of one start code behind another takes its time once, not at every packet. */
static void
test_full_window (void)
{
  static const char *const patterns[] = { "000001b2", "00000100", "000001", "0000000000000001b3" };
  static const EcTsLeadKind kinds[] = { MPEG2, H264, HEVC };

  for (guint i = 0; i < G_N_ELEMENTS (patterns); i++) {
    g_autoptr (GByteArray) pattern = from_hex (patterns[i]);

    for (guint j = 0; j < G_N_ELEMENTS (kinds); j++) {
      g_autoptr (GByteArray) whole = g_byte_array_new ();
      EcTsRapScanner scanner;
      EcTsRapVerdict verdict = OPEN;
      guint n = 0;

      while (whole->len < 32 * 184)
        g_byte_array_append (whole, pattern->data, pattern->len);
      ec_ts_rap_scanner_init (&scanner, kinds[j]);
      for (; n < 32 && verdict == OPEN; n++)
        verdict = push (&scanner, whole->data + n * 184, 184);
      g_assert_cmpint (verdict, ==, NO);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/rap/cases", test_cases);
  g_test_add_func ("/ts/rap/splits", test_splits);
  g_test_add_func ("/ts/rap/prefixes", test_prefixes);
  g_test_add_func ("/ts/rap/hevc-types", test_hevc_types);
  g_test_add_func ("/ts/rap/mpeg2-codes", test_mpeg2_codes);
  g_test_add_func ("/ts/rap/h264-slice-types", test_h264_slice_types);
  g_test_add_func ("/ts/rap/long-sei", test_long_sei);
  g_test_add_func ("/ts/rap/window", test_window);
  g_test_add_func ("/ts/rap/window-of-nothing", test_window_of_nothing);
  g_test_add_func ("/ts/rap/full-window", test_full_window);
  return g_test_run ();
}
