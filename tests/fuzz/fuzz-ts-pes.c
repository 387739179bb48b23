/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The starts of PES packets: any bytes as transport packets. */
#include <string.h>

#include "fuzz.h"
#include "ts/ec-ts-pes.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  for (size_t at = 0; at < size; at += EC_TS_PACKET_SIZE) {
    g_autofree guint8 *packet = g_malloc0 (EC_TS_PACKET_SIZE);
    EcTsPesStart start;

    memcpy (packet, data + at, MIN (size - at, EC_TS_PACKET_SIZE));
    packet[0] = EC_TS_SYNC_BYTE;
    if (!ec_ts_pes_start_parse (&start, packet))
      continue;
    g_assert_cmpuint (ec_ts_packet_payload_offset (packet), <, EC_TS_PACKET_SIZE);
    g_assert_cmpuint (start.es_offset, >, ec_ts_packet_payload_offset (packet));
    if (start.has_ts) {
      g_assert_cmpuint (start.pts, <=, EC_TS_TIMESTAMP_MASK);
      g_assert_cmpuint (start.ts, <=, EC_TS_TIMESTAMP_MASK);
    }
  }
  return 0;
}
