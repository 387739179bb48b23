/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-bit-reader.h"
#include "ts/ec-ts-video.h"

/* Sequence parameter sets, read as far as their pictures' shape goes. */

/* Both take what follows the NAL unit header, emulation prevention bytes removed; FALSE past its end. */
gboolean ec_ts_h264_sps_parse (EcTsVideoFormat *format, const guint8 *rbsp, gsize size);
gboolean ec_ts_hevc_sps_parse (EcTsVideoFormat *format, const guint8 *rbsp, gsize size);

/* Removes emulation prevention bytes (ITU-T H.264 §7.4.1.1); returns how many bytes are left, `max` at most. */
gsize ec_ts_unescape (guint8 *out, gsize max, const guint8 *data, gsize size);
