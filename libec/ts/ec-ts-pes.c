/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-pes.h"

#include "base/ec-reader.h"

#define FIXED_HEADER_SIZE 9
#define FLAGS_PTS 2
#define FLAGS_PTS_DTS 3

static guint64
read_timestamp (EcReader *reader)
{
  guint64 high = ec_reader_u8 (reader) >> 1 & 7;
  guint64 middle = ec_reader_u16 (reader) >> 1;

  return high << 30 | middle << 15 | ec_reader_u16 (reader) >> 1;
}

gboolean
ec_ts_pes_start_parse (EcTsPesStart *start, const guint8 *packet)
{
  guint offset = ec_ts_packet_payload_offset (packet);
  guint size = EC_TS_PACKET_SIZE - offset;
  EcReader reader;
  guint marker, flags, header_size;

  if (!ec_ts_packet_unit_start (packet) || ec_ts_packet_scrambled (packet) || size < 3)
    return FALSE;
  ec_reader_init (&reader, packet + offset, size);
  if (ec_reader_u8 (&reader) != 0 || ec_reader_u8 (&reader) != 0 || ec_reader_u8 (&reader) != 1)
    return FALSE;

  *start = (EcTsPesStart){ .es_offset = EC_TS_PACKET_SIZE };
  start->stream_id = ec_reader_u8 (&reader);
  ec_reader_skip (&reader, 2);
  marker = ec_reader_u8 (&reader);
  flags = ec_reader_u8 (&reader) >> 6;
  header_size = ec_reader_u8 (&reader);
  if (reader.failed || (marker & 0xc0) != 0x80)
    return TRUE;
  start->es_offset = offset + FIXED_HEADER_SIZE + header_size;

  if (flags == FLAGS_PTS && header_size >= 5) {
    start->pts = start->ts = read_timestamp (&reader);
    start->has_ts = !reader.failed;
  } else if (flags == FLAGS_PTS_DTS && header_size >= 10) {
    start->pts = read_timestamp (&reader);
    start->ts = read_timestamp (&reader);
    start->has_ts = !reader.failed;
  }
  return TRUE;
}
