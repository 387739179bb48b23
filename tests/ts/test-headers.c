/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-bit-reader.h"
#include "ts/ec-ts-audio.h"
#include "ts/ec-ts-spread.h"
#include "ts/ec-ts-text.h"
#include "ts/ec-ts-video.h"

/* Headers of elementary streams, names, and what is counted of intervals. */

/* From FFmpeg: 1080i, 29.97, 16:9, Main@High: sequence header and extension, then a GOP header. */
static const guint8 mpeg2[] = { 0x00, 0x00, 0x01, 0xb3, 0x78, 0x04, 0x38, 0x34, 0x1d, 0x4c, 0x27,
                                0xa8, 0x00, 0x00, 0x01, 0xb5, 0x14, 0x42, 0x00, 0x01, 0x00, 0x00,
                                0x00, 0x00, 0x01, 0xb8, 0x00, 0x08, 0x00, 0x40, 0x00 };

/* From x264, 1280×720, 50 progressive frames a second, with VUI. */
static const guint8 h264[] = { 0x00, 0x00, 0x00, 0x01, 0x67, 0x64, 0x00, 0x20, 0xac, 0xd9, 0x40,
                               0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
                               0x00, 0x06, 0x40, 0xf1, 0x83, 0x19, 0x60, 0x00, 0x00, 0x01, 0x68 };

static void
test_bits (void)
{
  const guint8 data[] = { 0xa6, 0x42, 0x98, 0xe2, 0x04, 0x8a }; /* 1 010 011 00100 00101 … */
  const guint8 zeros[16] = { 0 };
  EcBitReader reader;

  ec_bit_reader_init (&reader, data, sizeof data);
  for (guint i = 0; i < 9; i++)
    g_assert_cmpuint (ec_bit_reader_ue (&reader), ==, i);
  g_assert_false (reader.failed);

  ec_bit_reader_init (&reader, data, 2);
  ec_bit_reader_skip (&reader, 16);
  g_assert_false (reader.failed);
  g_assert_cmpuint (ec_bit_reader_u (&reader, 1), ==, 0);
  g_assert_true (reader.failed);
  g_assert_cmpuint (ec_bit_reader_u (&reader, 0), ==, 0);

  ec_bit_reader_init (&reader, zeros, sizeof zeros);
  g_assert_cmpuint (ec_bit_reader_ue (&reader), ==, 0);
  g_assert_true (reader.failed);
}

static void
test_mpeg2 (void)
{
  EcTsVideoFormat format;

  g_assert_true (ec_ts_video_format_parse (&format, EC_TS_LEAD_MPEG2, mpeg2, sizeof mpeg2));
  g_assert_cmpuint (format.width, ==, 1920);
  g_assert_cmpuint (format.height, ==, 1080);
  g_assert_cmpuint (format.rate_num, ==, 30000);
  g_assert_cmpuint (format.rate_den, ==, 1001);
  g_assert_cmpuint (format.aspect_num, ==, 16);
  g_assert_cmpuint (format.aspect_den, ==, 9);
  g_assert_cmpint (format.scan, ==, EC_TS_SCAN_INTERLACED);
  g_assert_cmpstr (format.profile, ==, "Main@High");
}

static void
test_h264 (void)
{
  EcTsVideoFormat format;

  g_assert_true (ec_ts_video_format_parse (&format, EC_TS_LEAD_H264, h264, sizeof h264));
  g_assert_cmpuint (format.width, ==, 1280);
  g_assert_cmpuint (format.height, ==, 720);
  g_assert_cmpuint (format.rate_num, ==, 50);
  g_assert_cmpuint (format.rate_den, ==, 1);
  g_assert_cmpint (format.scan, ==, EC_TS_SCAN_PROGRESSIVE);
  g_assert_cmpstr (format.profile, ==, "High 3.2");
}

/* Whatever is missing or wrong: an answer, and no bad access (the bytes are on the heap for that). */
static void
test_video_damaged (void)
{
  static const struct {
    EcTsLeadKind kind;
    const guint8 *data;
    gsize size;
  } all[] = { { EC_TS_LEAD_MPEG2, mpeg2, sizeof mpeg2 },
              { EC_TS_LEAD_H264, h264, sizeof h264 },
              { EC_TS_LEAD_HEVC, h264, sizeof h264 } };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  EcTsVideoFormat format;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    for (gsize n = 0; n <= all[i].size; n++) {
      g_autofree guint8 *copy = g_memdup2 (all[i].data, n);

      ec_ts_video_format_parse (&format, all[i].kind, copy, n);
    }
    for (guint round = 0; round < 20000; round++) {
      g_autofree guint8 *copy = g_memdup2 (all[i].data, all[i].size);

      for (guint flips = 0; flips < 8; flips++)
        copy[g_rand_int_range (rand, 4, (gint32) all[i].size)] = (guint8) g_rand_int (rand);
      if (i == 2)
        copy[4] = 0x42; /* an SPS of HEVC */
      if (ec_ts_video_format_parse (&format, all[i].kind, copy, all[i].size)) {
        g_assert_cmpuint (format.width, <=, 16384);
        g_assert_cmpuint (format.height, <=, 16384);
        g_assert_true (memchr (format.profile, 0, sizeof format.profile) != NULL);
      }
    }
  }
}

static void
test_audio (void)
{
  const guint8 ac3[] = { 0x0b, 0x77, 0x1e, 0x8b, 0x1c, 0x40, 0xeb, 0xf8 }; /* 5.1, 384 kb/s */
  const guint8 adts[] = { 0xff, 0xf1, 0x4c, 0x80, 0x2e, 0x7f, 0xfc };      /* stereo, 48 kHz */
  const guint8 mp2[] = { 0xff, 0xfd, 0xa4, 0x04 };                         /* stereo, 192 kb/s */
  EcTsAudioFormat format;

  g_assert_true (ec_ts_audio_format_parse (&format, 0x81, ac3, sizeof ac3));
  g_assert_cmpstr (format.codec, ==, "AC-3");
  g_assert_cmpuint (format.sample_rate, ==, 48000);
  g_assert_cmpuint (format.bit_rate, ==, 384000);
  g_assert_cmpuint (format.channels, ==, 6);
  g_assert_cmpstr (format.layout, ==, "5.1");

  g_assert_true (ec_ts_audio_format_parse (&format, 0x0f, adts, sizeof adts));
  g_assert_cmpuint (format.sample_rate, ==, 48000);
  g_assert_cmpstr (format.layout, ==, "stereo");

  g_assert_true (ec_ts_audio_format_parse (&format, 0x03, mp2, sizeof mp2));
  g_assert_cmpstr (format.codec, ==, "MP2");
  g_assert_cmpuint (format.bit_rate, ==, 192000);
  g_assert_cmpuint (format.channels, ==, 2);

  for (gsize n = 0; n < 4; n++) {
    g_assert_false (ec_ts_audio_format_parse (&format, 0x81, ac3, n));
    g_assert_false (ec_ts_audio_format_parse (&format, 0x87, ac3, n));
    g_assert_false (ec_ts_audio_format_parse (&format, 0x0f, adts, MIN (n, 3)));
    g_assert_false (ec_ts_audio_format_parse (&format, 0x03, mp2, MIN (n, 3)));
  }
  g_assert_false (ec_ts_audio_format_parse (&format, 0x81, adts, sizeof adts));
}

static void
assert_dvb (const char *bytes, gsize size, const char *expected)
{
  g_autofree char *text = ec_ts_text_from_dvb ((const guint8 *) bytes, size);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_text (void)
{
  static const guint8 name[] = { 0, 'K', 0, 'Q', 0x20, 0x2e, 0, 0x1b, 0, 0, 0, 'x', 0, 'y' };
  static const guint8 lone[] = { 0xd8, 0x00, 0, 'A' };
  g_autofree char *utf16 = ec_ts_text_from_utf16 (name, sizeof name);
  g_autofree char *surrogate = ec_ts_text_from_utf16 (lone, sizeof lone);
  g_autofree char *nothing = ec_ts_text_from_utf16 (name + 8, 6);
  g_autofree char *many = g_strnfill (4000, 'a');
  g_autofree char *cut = ec_ts_text_from_dvb ((const guint8 *) many, 4000);

  g_assert_cmpstr (utf16, ==, "KQ\\u{202e}\\u{1b}");
  g_assert_nonnull (surrogate);
  g_assert_true (g_utf8_validate (surrogate, -1, NULL));
  g_assert_null (nothing);
  g_assert_cmpuint (strlen (cut), ==, EC_TS_TEXT_MAX);

  assert_dvb ("", 0, NULL);
  assert_dvb ("Das Erste", 9, "Das Erste");
  assert_dvb ("Z\xc8"
              "urich",
              7, "Zürich"); /* ISO 6937: the accent comes first */
  assert_dvb ("\x86"
              "ARD\x87",
              5, "ARD");
  assert_dvb ("\x01\xbf", 2, "П");
  assert_dvb ("\x10\x00\x02\xb1", 4, "ą");
  assert_dvb ("\x11\x04\x1f", 3, "П");
  assert_dvb ("\x15\xd0\x9f\x1b[0m", 7, "П\\u{1b}[0m");
  assert_dvb ("\x15\xff\xfe", 3, "��");
  assert_dvb ("\x10\x00", 2, NULL);
  assert_dvb ("\x01", 1, NULL);
}

static void
test_spread (void)
{
  EcTsSpread spread = { 0 };

  g_assert_cmpint (ec_ts_spread_median (&spread), ==, 0);
  ec_ts_spread_add (&spread, 7);
  g_assert_cmpint (ec_ts_spread_median (&spread), ==, 7);
  ec_ts_spread_add (&spread, -5);
  ec_ts_spread_add (&spread, 9);
  g_assert_cmpint (ec_ts_spread_median (&spread), ==, 7);
  g_assert_cmpint (spread.min, ==, -5);
  g_assert_cmpint (spread.max, ==, 9);

  memset (&spread, 0, sizeof spread);
  for (guint i = 0; i < 100000; i++)
    ec_ts_spread_add (&spread, (i * 7919) % 100000);
  g_assert_cmpint (spread.min, ==, 0);
  g_assert_cmpint (spread.max, ==, 99999);
  g_assert_cmpint (ec_ts_spread_median (&spread), >, 45000);
  g_assert_cmpint (ec_ts_spread_median (&spread), <, 55000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/headers/bits", test_bits);
  g_test_add_func ("/ts/headers/mpeg2", test_mpeg2);
  g_test_add_func ("/ts/headers/h264", test_h264);
  g_test_add_func ("/ts/headers/video-damaged", test_video_damaged);
  g_test_add_func ("/ts/headers/audio", test_audio);
  g_test_add_func ("/ts/headers/text", test_text);
  g_test_add_func ("/ts/headers/spread", test_spread);
  return g_test_run ();
}
