/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-audio.h"

#include "base/ec-bit-reader.h"

#define AC3_SYNC 0x0b77
#define ADTS_SYNC 0xfff
#define MPEG_SYNC 0x7ff

static void
set_channels (EcTsAudioFormat *format, guint full, gboolean low)
{
  static const char *const layouts[][2] = {
    { NULL, NULL },   { "mono", "1.1" }, { "stereo", "2.1" }, { "3.0", "3.1" },
    { "4.0", "4.1" }, { "5.0", "5.1" },  { "6.0", "6.1" },    { "7.0", "7.1" },
  };

  format->channels = full + (low ? 1 : 0);
  if (full < G_N_ELEMENTS (layouts))
    format->layout = layouts[full][low ? 1 : 0];
}

static const guint ac3_sample_rates[] = { 48000, 44100, 32000 };
static const guint8 ac3_channels[] = { 2, 1, 2, 3, 3, 4, 4, 5 };

static gboolean
parse_ac3 (EcTsAudioFormat *format, EcBitReader *reader)
{
  static const guint rates[] = { 32,  40,  48,  56,  64,  80,  96,  112, 128, 160,
                                 192, 224, 256, 320, 384, 448, 512, 576, 640 };
  guint rate, size, mode;

  ec_bit_reader_skip (reader, 16); /* crc1 */
  rate = ec_bit_reader_u (reader, 2);
  size = ec_bit_reader_u (reader, 6);
  ec_bit_reader_skip (reader, 5 + 3); /* bsid, bsmod */
  mode = ec_bit_reader_u (reader, 3);
  if ((mode & 1) && mode != 1)
    ec_bit_reader_skip (reader, 2);
  if (mode & 4)
    ec_bit_reader_skip (reader, 2);
  if (mode == 2)
    ec_bit_reader_skip (reader, 2);
  if (reader->failed || rate >= G_N_ELEMENTS (ac3_sample_rates) || size / 2 >= G_N_ELEMENTS (rates))
    return FALSE;

  format->codec = "AC-3";
  format->sample_rate = ac3_sample_rates[rate];
  format->bit_rate = rates[size / 2] * 1000;
  set_channels (format, ac3_channels[mode], ec_bit_reader_u (reader, 1));
  return !reader->failed;
}

/* A/52 annex E */
static gboolean
parse_eac3 (EcTsAudioFormat *format, EcBitReader *reader)
{
  static const guint8 block_counts[] = { 1, 2, 3, 6 };
  guint size, rate, blocks = 6, mode;

  ec_bit_reader_skip (reader, 2 + 3); /* strmtyp, substreamid */
  size = (ec_bit_reader_u (reader, 11) + 1) * 2;
  rate = ec_bit_reader_u (reader, 2);
  if (rate == 3) {
    rate = ec_bit_reader_u (reader, 2);
    if (rate == 3)
      return FALSE;
    format->sample_rate = ac3_sample_rates[rate] / 2;
  } else {
    format->sample_rate = ac3_sample_rates[rate];
    blocks = block_counts[ec_bit_reader_u (reader, 2)];
  }
  mode = ec_bit_reader_u (reader, 3);
  set_channels (format, ac3_channels[mode], ec_bit_reader_u (reader, 1));
  format->bit_rate = (guint) ((guint64) size * 8 * format->sample_rate / (blocks * 256));
  format->codec = "E-AC-3";
  return !reader->failed;
}

static gboolean
parse_dolby (EcTsAudioFormat *format, const guint8 *data, gsize size)
{
  EcBitReader reader, look;

  ec_bit_reader_init (&reader, data, size);
  if (ec_bit_reader_u (&reader, 16) != AC3_SYNC)
    return FALSE;
  look = reader;
  ec_bit_reader_skip (&look, 24);
  return ec_bit_reader_u (&look, 5) > 10 ? parse_eac3 (format, &reader)
                                         : parse_ac3 (format, &reader);
}

static gboolean
parse_adts (EcTsAudioFormat *format, const guint8 *data, gsize size)
{
  static const guint rates[] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                 22050, 16000, 12000, 11025, 8000,  7350 };
  EcBitReader reader;
  guint rate, channels;

  ec_bit_reader_init (&reader, data, size);
  if (ec_bit_reader_u (&reader, 12) != ADTS_SYNC)
    return FALSE;
  ec_bit_reader_skip (&reader, 1 + 2 + 1 + 2); /* ID, layer, protection_absent, profile */
  rate = ec_bit_reader_u (&reader, 4);
  ec_bit_reader_skip (&reader, 1);
  channels = ec_bit_reader_u (&reader, 3);
  if (reader.failed || rate >= G_N_ELEMENTS (rates))
    return FALSE;

  format->codec = "AAC";
  format->sample_rate = rates[rate];
  if (channels == 7)
    set_channels (format, 7, TRUE);
  else
    set_channels (format, channels == 6 ? 5 : channels, channels == 6);
  return TRUE;
}

static gboolean
parse_mpeg (EcTsAudioFormat *format, const guint8 *data, gsize size)
{
  static const guint rates[] = { 44100, 48000, 32000 };
  static const guint16 layer2[] = { 0,   32,  48,  56,  64,  80,  96, 112,
                                    128, 160, 192, 224, 256, 320, 384 };
  EcBitReader reader;
  guint version, layer, bit_rate, rate;

  ec_bit_reader_init (&reader, data, size);
  if (ec_bit_reader_u (&reader, 11) != MPEG_SYNC)
    return FALSE;
  version = ec_bit_reader_u (&reader, 2); /* 3: MPEG-1, 2: MPEG-2 */
  layer = 4 - ec_bit_reader_u (&reader, 2);
  ec_bit_reader_skip (&reader, 1);
  bit_rate = ec_bit_reader_u (&reader, 4);
  rate = ec_bit_reader_u (&reader, 2);
  ec_bit_reader_skip (&reader, 2);
  if (reader.failed || version < 2 || layer == 4 || rate >= G_N_ELEMENTS (rates) || bit_rate == 15)
    return FALSE;

  format->codec = layer == 1 ? "MPEG audio layer I" : layer == 2 ? "MP2" : "MP3";
  format->sample_rate = version == 3 ? rates[rate] : rates[rate] / 2;
  if (version == 3 && layer == 2)
    format->bit_rate = layer2[bit_rate] * 1000u;
  set_channels (format, ec_bit_reader_u (&reader, 2) == 3 ? 1 : 2, FALSE);
  return !reader.failed;
}

gboolean
ec_ts_audio_format_parse (EcTsAudioFormat *format,
                          guint stream_type,
                          const guint8 *data,
                          gsize size)
{
  *format = (EcTsAudioFormat){ 0 };
  switch (stream_type) {
  case 0x03:
  case 0x04:
    return parse_mpeg (format, data, size);
  case 0x0f:
    return parse_adts (format, data, size);
  case 0x06:
  case 0x81:
  case 0x87:
    return parse_dolby (format, data, size);
  default:
    return FALSE;
  }
}
