/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The simulated station: what is in its multiplex, fixed but for the profile.
 *
 * Everything repeats with the loop. Its length is a whole number of video frames (30 a second),
 * of AC-3 frames (32 ms) and of AAC frames (1,024 samples at 48 kHz), so nothing jumps at its end.
 */
#define EC_BROADCAST_LOOP_SECONDS 16
#define EC_BROADCAST_VIDEO_FPS 30
#define EC_BROADCAST_AUDIO_RATE 48000

/*
 * EC_BROADCAST_FULL: what an ATSC station sends: 19.39 Mb/s
 * EC_BROADCAST_LITE: the same programs and tables with tiny pictures, 1.5 Mb/s, for tests
 */
typedef enum { EC_BROADCAST_FULL, EC_BROADCAST_LITE } EcBroadcastProfile;

typedef enum {
  EC_STATION_MPEG2,
  EC_STATION_H264,
  EC_STATION_AC3,
  EC_STATION_AAC,
  EC_STATION_NOISE, /* scrambled: nothing is encoded */
} EcStationCodec;

typedef struct {
  EcStationCodec codec;
  guint pid;
  guint8 stream_type;
  guint bit_rate;      /* bits a second, of the elementary stream */
  guint width, height; /* pixels; 0 for sound */
  gboolean interlaced;
  guint tone;           /* hertz; sound only */
  guint frames_per_pes; /* sound only */
  char language[4];     /* ISO 639-2; sound only */
  gboolean optional;    /* on the air only while the scenario says so */
} EcStationStream;

#define EC_STATION_MAX_STREAMS 3

typedef struct {
  guint number;           /* program_number */
  guint major, minor;     /* virtual channel */
  const char *short_name; /* ASCII, at most 7 characters */
  const char *title;      /* in the picture */
  double hue;
  guint pmt_pid;
  guint source_id;
  gboolean is_protected;
  guint n_streams;
  EcStationStream streams[EC_STATION_MAX_STREAMS]; /* the first carries the PCR */
} EcStationProgram;

#define EC_STATION_N_PROGRAMS 4

typedef struct {
  guint slots_per_loop; /* 188-byte packets in EC_BROADCAST_LOOP_SECONDS */
  guint table_millis;   /* PAT and PMT interval */
  EcStationProgram programs[EC_STATION_N_PROGRAMS];
} EcStation;

const EcStation *ec_station_get (EcBroadcastProfile profile);

static inline gboolean
ec_station_codec_is_video (EcStationCodec codec)
{
  return codec == EC_STATION_MPEG2 || codec == EC_STATION_H264 || codec == EC_STATION_NOISE;
}
