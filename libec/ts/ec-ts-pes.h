/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-packet.h"

/* The start of a PES packet (ISO/IEC 13818-1 §2.4.3.6, ECP-0002 §3.1, §3.2). */
typedef struct {
  gboolean has_ts;
  guint64 pts;     /* 33 bits, 90 kHz */
  guint64 ts;      /* DTS if there is one, else PTS */
  guint es_offset; /* in the TS packet, where the PES header ends; EC_TS_PACKET_SIZE and
                      * above: not in this packet */
  guint8 stream_id;
} EcTsPesStart;

/* Whether `packet` starts a PES packet; then fills `start`. */
gboolean ec_ts_pes_start_parse (EcTsPesStart *start, const guint8 *packet);
