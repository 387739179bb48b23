/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-program.h"

/* What a video stream says of itself: ISO/IEC 13818-2 §6.2.2, ITU-T H.264 §7.3.2.1, H.265 §7.3.2.2. */

typedef enum {
  EC_TS_SCAN_UNKNOWN,
  EC_TS_SCAN_PROGRESSIVE,
  EC_TS_SCAN_INTERLACED, /* or could be, picture by picture */
} EcTsScan;

typedef struct {
  guint width, height; /* as shown: cropped */
  guint rate_num;      /* frames a second; 0: not said */
  guint rate_den;
  guint aspect_num; /* of the whole picture; 0: not said */
  guint aspect_den;
  EcTsScan scan;
  char profile[40]; /* "Main@High", "High 4.0"; may be empty */
} EcTsVideoFormat;

/*
 * Looks for a sequence header or an SPS in `size` bytes of an elementary stream, and reads it. FALSE
 * when there is none that makes sense.
 */
gboolean ec_ts_video_format_parse (EcTsVideoFormat *format,
                                   EcTsLeadKind kind,
                                   const guint8 *data,
                                   gsize size);
