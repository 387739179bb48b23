/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-station.h"

#define MPEG2_VIDEO(p, w, h, rate, i)                                                              \
  {                                                                                                \
    .codec = EC_STATION_MPEG2, .pid = p, .stream_type = 0x02, .bit_rate = rate, .width = w,        \
    .height = h, .interlaced = i                                                                   \
  }
#define H264_VIDEO(p, w, h, rate)                                                                  \
  {                                                                                                \
    .codec = EC_STATION_H264, .pid = p, .stream_type = 0x1b, .bit_rate = rate, .width = w,         \
    .height = h                                                                                    \
  }
#define AC3_AUDIO(p, rate, hz, lang, opt)                                                          \
  {                                                                                                \
    .codec = EC_STATION_AC3, .pid = p, .stream_type = 0x81, .bit_rate = rate, .tone = hz,          \
    .frames_per_pes = 1, .language = lang, .optional = opt                                         \
  }
#define AAC_AUDIO(p, rate, hz, lang)                                                               \
  {                                                                                                \
    .codec = EC_STATION_AAC, .pid = p, .stream_type = 0x0f, .bit_rate = rate, .tone = hz,          \
    .frames_per_pes = 3, .language = lang                                                          \
  }
#define NOISE_VIDEO(p, rate)                                                                       \
  {                                                                                                \
    .codec = EC_STATION_NOISE, .pid = p, .stream_type = 0x02, .bit_rate = rate                     \
  }

/*
 * 206,305 packets in 16 s are 19,392,670 b/s, the nearest to ATSC's 19,392,658 (A/53 part 2).
 * The profiles differ in sizes and rates alone.
 */
static const EcStation stations[] = {
  [EC_BROADCAST_FULL] = {
    .slots_per_loop = 206305,
    .table_millis = 80,
    .programs = {
      { 3, 5, 1, "KEC-HD", "EC NEWS", 0.60, 0x30, 1, FALSE, 3,
        { MPEG2_VIDEO (0x31, 1920, 1080, 9000000, TRUE),
          AC3_AUDIO (0x34, 192000, 440, "eng", FALSE),
          AC3_AUDIO (0x35, 96000, 330, "spa", TRUE) } },
      { 4, 5, 2, "KEC-SD", "EC CLASSIC", 0.06, 0x40, 2, FALSE, 2,
        { MPEG2_VIDEO (0x41, 704, 480, 2500000, FALSE),
          AC3_AUDIO (0x44, 128000, 554, "eng", FALSE) } },
      { 5, 5, 3, "KEC-AVC", "EC NATURE", 0.38, 0x50, 3, FALSE, 2,
        { H264_VIDEO (0x51, 1280, 720, 2500000),
          AAC_AUDIO (0x54, 128000, 660, "eng") } },
      { 6, 5, 4, "KEC-PAY", "EC PREMIERE", 0.85, 0x60, 4, TRUE, 2,
        { NOISE_VIDEO (0x61, 1000000),
          AC3_AUDIO (0x64, 96000, 880, "eng", FALSE) } },
    },
  },
  [EC_BROADCAST_LITE] = {
    .slots_per_loop = 16000,
    .table_millis = 100,
    .programs = {
      { 3, 5, 1, "KEC-HD", "EC NEWS", 0.60, 0x30, 1, FALSE, 3,
        { MPEG2_VIDEO (0x31, 192, 108, 200000, FALSE),
          AC3_AUDIO (0x34, 64000, 440, "eng", FALSE),
          AC3_AUDIO (0x35, 64000, 330, "spa", TRUE) } },
      { 4, 5, 2, "KEC-SD", "EC CLASSIC", 0.06, 0x40, 2, FALSE, 2,
        { MPEG2_VIDEO (0x41, 128, 96, 80000, FALSE),
          AC3_AUDIO (0x44, 64000, 554, "eng", FALSE) } },
      { 5, 5, 3, "KEC-AVC", "EC NATURE", 0.38, 0x50, 3, FALSE, 2,
        { H264_VIDEO (0x51, 160, 96, 80000),
          AAC_AUDIO (0x54, 64000, 660, "eng") } },
      { 6, 5, 4, "KEC-PAY", "EC PREMIERE", 0.85, 0x60, 4, TRUE, 2,
        { NOISE_VIDEO (0x61, 40000),
          AC3_AUDIO (0x64, 64000, 880, "eng", FALSE) } },
    },
  },
};

const EcStation *
ec_station_get (EcBroadcastProfile profile)
{
  g_assert (profile < G_N_ELEMENTS (stations));
  return &stations[profile];
}
