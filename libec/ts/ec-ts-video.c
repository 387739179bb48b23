/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-video.h"

#include <string.h>

#include "ts/ec-ts-sps.h"

#define MPEG2_SEQUENCE_HEADER 0xb3
#define MPEG2_EXTENSION 0xb5
#define MPEG2_SEQUENCE_EXTENSION 1

#define H264_NAL_SPS 7
#define HEVC_NAL_SPS 33

/* An SPS with all its scaling lists is not longer than this. */
#define SPS_MAX 2048

/* ISO/IEC 13818-2 table 6-4 */
static const struct {
  guint num, den;
} mpeg2_rates[] = {
  { 0, 1 },  { 24000, 1001 }, { 24, 1 },       { 25, 1 }, { 30000, 1001 },
  { 30, 1 }, { 50, 1 },       { 60000, 1001 }, { 60, 1 },
};

/* Table 6-3 */
static const struct {
  guint num, den;
} mpeg2_aspects[] = { { 0, 1 }, { 0, 1 }, { 4, 3 }, { 16, 9 }, { 221, 100 } };

/* Tables 8-2, 8-3 */
static const char *
mpeg2_profile (guint value)
{
  static const char *const names[] = { NULL, "High", "Spatial", "SNR", "Main", "Simple" };

  return value < G_N_ELEMENTS (names) ? names[value] : NULL;
}

static const char *
mpeg2_level (guint value)
{
  switch (value) {
  case 4:
    return "High";
  case 6:
    return "High 1440";
  case 8:
    return "Main";
  case 10:
    return "Low";
  default:
    return NULL;
  }
}

static void
read_sequence_extension (EcTsVideoFormat *format, const guint8 *data, gsize size)
{
  EcBitReader reader;
  guint profile, level, width, height, num, den;
  gboolean progressive;

  ec_bit_reader_init (&reader, data, size);
  if (ec_bit_reader_u (&reader, 4) != MPEG2_SEQUENCE_EXTENSION)
    return;
  ec_bit_reader_skip (&reader, 1); /* escape */
  profile = ec_bit_reader_u (&reader, 3);
  level = ec_bit_reader_u (&reader, 4);
  progressive = ec_bit_reader_u (&reader, 1);
  ec_bit_reader_skip (&reader, 2); /* chroma_format */
  width = ec_bit_reader_u (&reader, 2);
  height = ec_bit_reader_u (&reader, 2);
  ec_bit_reader_skip (&reader, 12 + 1 + 8 + 1);
  num = ec_bit_reader_u (&reader, 2);
  den = ec_bit_reader_u (&reader, 5);
  if (reader.failed)
    return;

  format->width |= width << 12;
  format->height |= height << 12;
  format->rate_num *= num + 1;
  format->rate_den *= den + 1;
  format->scan = progressive ? EC_TS_SCAN_PROGRESSIVE : EC_TS_SCAN_INTERLACED;
  if (mpeg2_profile (profile) && mpeg2_level (level))
    g_snprintf (format->profile, sizeof format->profile, "%s@%s", mpeg2_profile (profile),
                mpeg2_level (level));
}

static gboolean
read_sequence_header (EcTsVideoFormat *format, const guint8 *data, gsize size)
{
  EcBitReader reader;
  guint aspect, rate;

  ec_bit_reader_init (&reader, data, size);
  format->width = ec_bit_reader_u (&reader, 12);
  format->height = ec_bit_reader_u (&reader, 12);
  aspect = ec_bit_reader_u (&reader, 4);
  rate = ec_bit_reader_u (&reader, 4);
  if (reader.failed)
    return FALSE;

  if (rate < G_N_ELEMENTS (mpeg2_rates)) {
    format->rate_num = mpeg2_rates[rate].num;
    format->rate_den = mpeg2_rates[rate].den;
  }
  if (aspect == 1) {
    format->aspect_num = format->width;
    format->aspect_den = format->height;
  } else if (aspect < G_N_ELEMENTS (mpeg2_aspects)) {
    format->aspect_num = mpeg2_aspects[aspect].num;
    format->aspect_den = mpeg2_aspects[aspect].den;
  }
  format->scan = EC_TS_SCAN_PROGRESSIVE; /* MPEG-1, unless an extension says else */
  return TRUE;
}

static guint
gcd (guint a, guint b)
{
  while (b) {
    guint rest = a % b;

    a = b;
    b = rest;
  }
  return a;
}

static void
reduce (guint *num, guint *den)
{
  guint divisor = gcd (*num, *den);

  if (*num == 0 || *den == 0) {
    *num = *den = 0;
    return;
  }
  *num /= divisor;
  *den /= divisor;
}

static gboolean
is_sensible (EcTsVideoFormat *format)
{
  if (format->width == 0 || format->height == 0 || format->width > 16384 || format->height > 16384)
    return FALSE;
  reduce (&format->rate_num, &format->rate_den);
  if (format->rate_num / MAX (format->rate_den, 1) > 1000)
    format->rate_num = format->rate_den = 0;
  reduce (&format->aspect_num, &format->aspect_den);
  return TRUE;
}

/* Behind the next 00 00 01; NULL when there is none. */
static const guint8 *
next_start_code (const guint8 *data, const guint8 *end)
{
  for (; end - data >= 4; data++) {
    if (data[0] == 0 && data[1] == 0 && data[2] == 1)
      return data + 3;
  }
  return NULL;
}

static gboolean
parse_mpeg2 (EcTsVideoFormat *format, const guint8 *data, const guint8 *end)
{
  gboolean found = FALSE;

  while ((data = next_start_code (data, end))) {
    guint8 code = *data++;

    if (code == MPEG2_SEQUENCE_HEADER && !found)
      found = read_sequence_header (format, data, (gsize) (end - data));
    else if (code == MPEG2_EXTENSION && found) {
      read_sequence_extension (format, data, (gsize) (end - data));
      break;
    } else if (found)
      break;
  }
  return found;
}

static gboolean
parse_sps (EcTsVideoFormat *format, EcTsLeadKind kind, const guint8 *data, const guint8 *end)
{
  while ((data = next_start_code (data, end))) {
    gboolean is_h264 = kind == EC_TS_LEAD_H264;
    guint type = is_h264 ? data[0] & 0x1f : data[0] >> 1 & 0x3f;
    gsize header = is_h264 ? 1 : 2;
    guint8 rbsp[SPS_MAX];
    gsize size;

    if (type != (is_h264 ? H264_NAL_SPS : HEVC_NAL_SPS) || (gsize) (end - data) <= header)
      continue;
    size = ec_ts_unescape (rbsp, sizeof rbsp, data + header, (gsize) (end - data) - header);
    return is_h264 ? ec_ts_h264_sps_parse (format, rbsp, size)
                   : ec_ts_hevc_sps_parse (format, rbsp, size);
  }
  return FALSE;
}

gboolean
ec_ts_video_format_parse (EcTsVideoFormat *format,
                          EcTsLeadKind kind,
                          const guint8 *data,
                          gsize size)
{
  EcTsVideoFormat found = { 0 };
  gboolean ok;

  if (kind == EC_TS_LEAD_MPEG2)
    ok = parse_mpeg2 (&found, data, data + size);
  else if (kind == EC_TS_LEAD_H264 || kind == EC_TS_LEAD_HEVC)
    ok = parse_sps (&found, kind, data, data + size);
  else
    ok = FALSE;

  if (!ok || !is_sensible (&found))
    return FALSE;
  *format = found;
  return TRUE;
}
