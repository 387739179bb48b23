/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* ISO/IEC 13818-1 §2.4.3: the fields of a transport packet, read from its 188 bytes in place. */

#define EC_TS_PACKET_SIZE 188
#define EC_TS_SYNC_BYTE 0x47
#define EC_TS_N_PIDS 8192

#define EC_TS_PID_PAT 0x0000
#define EC_TS_PID_SDT 0x0011
#define EC_TS_PID_TDT 0x0014
#define EC_TS_PID_LAST_RESERVED 0x001f
#define EC_TS_PID_PSIP 0x1ffb
#define EC_TS_PID_NULL 0x1fff

/* 33-bit time stamps, in ticks of 90 kHz. */
#define EC_TS_CLOCK_RATE 90000
#define EC_TS_TIMESTAMP_MASK ((G_GUINT64_CONSTANT (1) << 33) - 1)

static inline guint
ec_ts_packet_pid (const guint8 *packet)
{
  return (guint) (packet[1] & 0x1f) << 8 | packet[2];
}

static inline gboolean
ec_ts_packet_error (const guint8 *packet)
{
  return (packet[1] & 0x80) != 0;
}

static inline gboolean
ec_ts_packet_unit_start (const guint8 *packet)
{
  return (packet[1] & 0x40) != 0;
}

static inline gboolean
ec_ts_packet_scrambled (const guint8 *packet)
{
  return (packet[3] & 0xc0) != 0;
}

static inline guint
ec_ts_packet_counter (const guint8 *packet)
{
  return packet[3] & 0x0f;
}

/* adaptation_field_control 01 or 11: the counter counts this packet. */
static inline gboolean
ec_ts_packet_counts (const guint8 *packet)
{
  return (packet[3] & 0x10) != 0;
}

static inline gboolean
ec_ts_packet_has_adaptation (const guint8 *packet)
{
  return (packet[3] & 0x20) != 0;
}

/* Where the payload begins, 4 to 187; EC_TS_PACKET_SIZE when there is none. */
static inline guint
ec_ts_packet_payload_offset (const guint8 *packet)
{
  guint offset = 4;

  if (!ec_ts_packet_counts (packet))
    return EC_TS_PACKET_SIZE;
  if (ec_ts_packet_has_adaptation (packet))
    offset += 1u + packet[4];
  return MIN (offset, EC_TS_PACKET_SIZE);
}

/* Whether the packet carries a PCR in bytes 6 to 11. */
static inline gboolean
ec_ts_packet_has_pcr (const guint8 *packet)
{
  return ec_ts_packet_has_adaptation (packet) && packet[4] >= 7 && (packet[5] & 0x10) != 0;
}

/* The PCR in ticks of 27 MHz; only where ec_ts_packet_has_pcr(). */
static inline guint64
ec_ts_packet_pcr (const guint8 *packet)
{
  guint64 base = (guint64) packet[6] << 25 | (guint64) packet[7] << 17 | (guint64) packet[8] << 9 |
                 (guint64) packet[9] << 1 | packet[10] >> 7;
  guint extension = (guint) (packet[10] & 1) << 8 | packet[11];

  return base * 300 + extension;
}
