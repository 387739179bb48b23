/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-packet.h"

/* What an audio frame's header says: ATSC A/52 §5.3, ISO/IEC 13818-7 §6.2, 11172-3 §2.4.1.3. */

typedef struct {
  const char *codec;  /* by the frame itself; static */
  guint sample_rate;  /* Hz */
  guint channels;     /* the low-frequency one included; 0: not said */
  const char *layout; /* "5.1", "stereo"; static, NULL: not said */
  guint bit_rate;     /* bit/s; 0: not said */
} EcTsAudioFormat;

/* Looks for a frame at the beginning of `size` bytes of an audio stream of `stream_type`. */
gboolean ec_ts_audio_format_parse (EcTsAudioFormat *format,
                                   guint stream_type,
                                   const guint8 *data,
                                   gsize size);
