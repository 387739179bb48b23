/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-sps.h"

#define ASPECT_EXTENDED 255

/* ITU-T H.264 table E-1, the same in H.265. */
static const struct {
  guint num, den;
} sample_aspects[] = {
  { 0, 1 },   { 1, 1 },    { 12, 11 }, { 10, 11 }, { 16, 11 }, { 40, 33 },
  { 24, 11 }, { 20, 11 },  { 32, 11 }, { 80, 33 }, { 18, 11 }, { 15, 11 },
  { 64, 33 }, { 160, 99 }, { 4, 3 },   { 3, 2 },   { 2, 1 },
};

gsize
ec_ts_unescape (guint8 *out, gsize max, const guint8 *data, gsize size)
{
  gsize n = 0;
  guint zeros = 0;

  for (gsize i = 0; i < size && n < max; i++) {
    if (zeros >= 2 && data[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = data[i] == 0 ? zeros + 1 : 0;
    out[n++] = data[i];
  }
  return n;
}

/* H.264 table 7-3 ff.: scaling_list(), passed over */
static void
skip_scaling_list (EcBitReader *reader, guint size)
{
  gint last = 8, next = 8;

  for (guint i = 0; i < size && !reader->failed; i++) {
    if (next != 0)
      next = (last + ec_bit_reader_se (reader) + 256) % 256;
    last = next == 0 ? last : next;
  }
}

static gboolean
h264_profile_has_chroma (guint profile)
{
  static const guint8 with[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };

  for (guint i = 0; i < G_N_ELEMENTS (with); i++) {
    if (with[i] == profile)
      return TRUE;
  }
  return FALSE;
}

static const char *
h264_profile_name (guint profile, guint constraints)
{
  switch (profile) {
  case 66:
    return constraints & 0x40 ? "Constrained Baseline" : "Baseline";
  case 77:
    return "Main";
  case 88:
    return "Extended";
  case 100:
    return "High";
  case 110:
    return "High 10";
  case 122:
    return "High 4:2:2";
  case 244:
    return "High 4:4:4";
  default:
    return NULL;
  }
}

static void
set_aspect (EcTsVideoFormat *format, guint64 sample_num, guint64 sample_den)
{
  guint64 num = sample_num * format->width, den = sample_den * format->height;

  /* 65,535 × 16,384 fits; more is no picture. */
  if (num <= G_MAXUINT32 && den <= G_MAXUINT32) {
    format->aspect_num = (guint) num;
    format->aspect_den = (guint) den;
  }
}

/* H.264 §E.1.1, as far as the timing */
static void
read_h264_vui (EcTsVideoFormat *format, EcBitReader *reader)
{
  guint32 units, scale;

  if (ec_bit_reader_u (reader, 1)) {
    guint idc = ec_bit_reader_u (reader, 8);

    if (idc == ASPECT_EXTENDED) {
      guint num = ec_bit_reader_u (reader, 16);

      set_aspect (format, num, ec_bit_reader_u (reader, 16));
    } else if (idc < G_N_ELEMENTS (sample_aspects)) {
      set_aspect (format, sample_aspects[idc].num, sample_aspects[idc].den);
    }
  }
  if (ec_bit_reader_u (reader, 1)) /* overscan_info_present_flag */
    ec_bit_reader_skip (reader, 1);
  if (ec_bit_reader_u (reader, 1)) { /* video_signal_type_present_flag */
    ec_bit_reader_skip (reader, 4);
    if (ec_bit_reader_u (reader, 1))
      ec_bit_reader_skip (reader, 24);
  }
  if (ec_bit_reader_u (reader, 1)) { /* chroma_loc_info_present_flag */
    ec_bit_reader_ue (reader);
    ec_bit_reader_ue (reader);
  }
  if (!ec_bit_reader_u (reader, 1)) /* timing_info_present_flag */
    return;
  units = ec_bit_reader_u (reader, 32);
  scale = ec_bit_reader_u (reader, 32);
  if (reader->failed || units == 0 || units > G_MAXUINT32 / 2)
    return;
  format->rate_num = scale;
  format->rate_den = units * 2; /* a tick is a field */
}

/* width and height in samples, of which crops are taken on each side; FALSE if nothing is left */
static gboolean
set_size (EcTsVideoFormat *format, guint64 width, guint64 height, guint64 crop_x, guint64 crop_y)
{
  if (crop_x >= width || crop_y >= height || width > 65536 || height > 65536)
    return FALSE;
  format->width = (guint) (width - crop_x);
  format->height = (guint) (height - crop_y);
  return TRUE;
}

static guint
read_h264_chroma (EcBitReader *reader)
{
  guint chroma = ec_bit_reader_ue (reader);

  if (chroma == 3 && ec_bit_reader_u (reader, 1)) /* separate_colour_plane_flag */
    chroma = 0;
  ec_bit_reader_ue (reader); /* bit depths */
  ec_bit_reader_ue (reader);
  ec_bit_reader_skip (reader, 1);
  if (ec_bit_reader_u (reader, 1)) {
    for (guint i = 0; i < (chroma == 3 ? 12 : 8); i++) {
      if (ec_bit_reader_u (reader, 1))
        skip_scaling_list (reader, i < 6 ? 16 : 64);
    }
  }
  return chroma;
}

static void
skip_h264_order (EcBitReader *reader)
{
  guint type;

  ec_bit_reader_ue (reader); /* log2_max_frame_num_minus4 */
  type = ec_bit_reader_ue (reader);
  if (type == 0) {
    ec_bit_reader_ue (reader);
  } else if (type == 1) {
    guint n;

    ec_bit_reader_skip (reader, 1);
    ec_bit_reader_se (reader);
    ec_bit_reader_se (reader);
    n = ec_bit_reader_ue (reader);
    for (guint i = 0; i < MIN (n, 255) && !reader->failed; i++)
      ec_bit_reader_se (reader);
  }
  ec_bit_reader_ue (reader); /* max_num_ref_frames */
  ec_bit_reader_skip (reader, 1);
}

gboolean
ec_ts_h264_sps_parse (EcTsVideoFormat *format, const guint8 *rbsp, gsize size)
{
  guint profile, constraints, level, chroma = 1, frames_only, unit_x, unit_y;
  guint64 width, height, crop_x = 0, crop_y = 0;
  EcBitReader reader;

  ec_bit_reader_init (&reader, rbsp, size);
  profile = ec_bit_reader_u (&reader, 8);
  constraints = ec_bit_reader_u (&reader, 8);
  level = ec_bit_reader_u (&reader, 8);
  ec_bit_reader_ue (&reader); /* seq_parameter_set_id */
  if (h264_profile_has_chroma (profile))
    chroma = read_h264_chroma (&reader);
  skip_h264_order (&reader);
  width = ((guint64) ec_bit_reader_ue (&reader) + 1) * 16;
  height = ((guint64) ec_bit_reader_ue (&reader) + 1) * 16;
  frames_only = ec_bit_reader_u (&reader, 1);
  if (!frames_only) {
    height *= 2;
    ec_bit_reader_skip (&reader, 1); /* mb_adaptive_frame_field_flag */
  }
  ec_bit_reader_skip (&reader, 1); /* direct_8x8_inference_flag */

  unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
  unit_y = (chroma == 1 ? 2 : 1) * (2 - frames_only);
  if (ec_bit_reader_u (&reader, 1)) {
    crop_x = ec_bit_reader_ue (&reader);
    crop_x = (crop_x + ec_bit_reader_ue (&reader)) * unit_x;
    crop_y = ec_bit_reader_ue (&reader);
    crop_y = (crop_y + ec_bit_reader_ue (&reader)) * unit_y;
  }
  if (reader.failed || !set_size (format, width, height, crop_x, crop_y))
    return FALSE;

  format->scan = frames_only ? EC_TS_SCAN_PROGRESSIVE : EC_TS_SCAN_INTERLACED;
  if (h264_profile_name (profile, constraints))
    g_snprintf (format->profile, sizeof format->profile, "%s %u.%u",
                h264_profile_name (profile, constraints), level / 10, level % 10);
  if (ec_bit_reader_u (&reader, 1))
    read_h264_vui (format, &reader);
  return TRUE;
}

gboolean
ec_ts_hevc_sps_parse (EcTsVideoFormat *format, const guint8 *rbsp, gsize size)
{
  guint n_sub_layers, profile, level, progressive, interlaced, chroma, unit_x, unit_y;
  guint64 width, height, crop_x = 0, crop_y = 0;
  guint flags = 0;
  EcBitReader reader;

  ec_bit_reader_init (&reader, rbsp, size);
  ec_bit_reader_skip (&reader, 4);
  n_sub_layers = ec_bit_reader_u (&reader, 3);
  ec_bit_reader_skip (&reader, 1);

  /* profile_tier_level() */
  ec_bit_reader_skip (&reader, 3);
  profile = ec_bit_reader_u (&reader, 5);
  ec_bit_reader_skip (&reader, 32);
  progressive = ec_bit_reader_u (&reader, 1);
  interlaced = ec_bit_reader_u (&reader, 1);
  ec_bit_reader_skip (&reader, 46);
  level = ec_bit_reader_u (&reader, 8);
  for (guint i = 0; i < n_sub_layers; i++)
    flags = flags << 2 | ec_bit_reader_u (&reader, 2);
  if (n_sub_layers > 0)
    ec_bit_reader_skip (&reader, 2 * (8 - n_sub_layers));
  for (guint i = 0; i < n_sub_layers; i++) {
    guint present = flags >> (2 * (n_sub_layers - 1 - i));

    ec_bit_reader_skip (&reader, (present & 2 ? 88 : 0) + (present & 1 ? 8 : 0));
  }

  ec_bit_reader_ue (&reader); /* sps_seq_parameter_set_id */
  chroma = ec_bit_reader_ue (&reader);
  if (chroma == 3)
    ec_bit_reader_skip (&reader, 1);
  width = ec_bit_reader_ue (&reader);
  height = ec_bit_reader_ue (&reader);
  unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
  unit_y = chroma == 1 ? 2 : 1;
  if (ec_bit_reader_u (&reader, 1)) { /* conformance_window_flag */
    crop_x = ec_bit_reader_ue (&reader);
    crop_x = (crop_x + ec_bit_reader_ue (&reader)) * unit_x;
    crop_y = ec_bit_reader_ue (&reader);
    crop_y = (crop_y + ec_bit_reader_ue (&reader)) * unit_y;
  }
  if (reader.failed || !set_size (format, width, height, crop_x, crop_y))
    return FALSE;

  if (progressive != interlaced)
    format->scan = progressive ? EC_TS_SCAN_PROGRESSIVE : EC_TS_SCAN_INTERLACED;
  if (profile == 1 || profile == 2)
    g_snprintf (format->profile, sizeof format->profile, "%s %u.%u",
                profile == 1 ? "Main" : "Main 10", level / 30, level % 30 / 3);
  return TRUE;
}
