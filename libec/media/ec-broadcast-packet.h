/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The fields of ISO/IEC 13818-1 that the simulated broadcast writes, in place. */

#define EC_STAMP_MASK ((G_GUINT64_CONSTANT (1) << 33) - 1)

/* §2.4.3.7: a PTS or DTS; `prefix` is 2 (PTS alone), 3 (PTS before DTS) or 1 (DTS). */
static inline void
ec_packet_write_stamp (guint8 *p, guint prefix, guint64 stamp)
{
  p[0] = (guint8) (prefix << 4 | (stamp >> 29 & 0x0e) | 1);
  p[1] = (guint8) (stamp >> 22);
  p[2] = (guint8) (stamp >> 14 | 1);
  p[3] = (guint8) (stamp >> 7);
  p[4] = (guint8) (stamp << 1 | 1);
}

static inline guint64
ec_packet_read_stamp (const guint8 *p)
{
  return (guint64) (p[0] >> 1 & 7) << 30 | (guint64) p[1] << 22 | (guint64) (p[2] >> 1) << 15 |
         (guint64) p[3] << 7 | p[4] >> 1;
}

/* Moves a time stamp by `delta` 90 kHz ticks, modulo 2^33. */
static inline void
ec_packet_shift_stamp (guint8 *p, guint64 delta)
{
  ec_packet_write_stamp (p, p[0] >> 4, (ec_packet_read_stamp (p) + delta) & EC_STAMP_MASK);
}

/* §2.4.3.5: `ticks` of 27 MHz; the base wraps at 2^33. */
static inline void
ec_packet_write_pcr (guint8 *p, guint64 ticks)
{
  guint64 base = ticks / 300 & EC_STAMP_MASK;
  guint extension = (guint) (ticks % 300);

  p[0] = (guint8) (base >> 25);
  p[1] = (guint8) (base >> 17);
  p[2] = (guint8) (base >> 9);
  p[3] = (guint8) (base >> 1);
  p[4] = (guint8) (base << 7 | 0x7e | extension >> 8);
  p[5] = (guint8) extension;
}
