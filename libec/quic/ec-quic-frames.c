/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-frames.h"

#include "base/ec-reader.h"

#define MAX_STOPS 64

/* RFC 9000 §16 */
static guint64
read_varint (EcReader *reader)
{
  guint8 first = ec_reader_u8 (reader);
  guint64 value = first & 0x3f;

  for (guint left = (1u << (first >> 6)) - 1; left > 0; left--)
    value = value << 8 | ec_reader_u8 (reader);
  return value;
}

static void
skip_varints (EcReader *reader, guint n)
{
  while (n-- > 0 && !reader->failed)
    (void) read_varint (reader);
}

static void
skip_counted (EcReader *reader)
{
  guint64 size = read_varint (reader);

  if (size > ec_reader_left (reader))
    reader->failed = TRUE;
  else
    ec_reader_skip (reader, (gsize) size);
}

static void
skip_ack (EcReader *reader, gboolean ecn)
{
  guint64 ranges;

  skip_varints (reader, 2);
  ranges = read_varint (reader);
  (void) read_varint (reader);
  for (guint64 i = 0; i < ranges && !reader->failed; i++)
    skip_varints (reader, 2);
  if (ecn)
    skip_varints (reader, 3);
}

static void
skip_stream (EcReader *reader, guint64 type)
{
  (void) read_varint (reader);
  if (type & 4)
    (void) read_varint (reader);
  if (type & 2)
    skip_counted (reader);
  else
    ec_reader_skip (reader, ec_reader_left (reader));
}

static void
skip_connection_id (EcReader *reader)
{
  skip_varints (reader, 2);
  ec_reader_skip (reader, ec_reader_u8 (reader));
  ec_reader_skip (reader, 16);
}

/* RFC 9000 §19, RFC 9221 §4; all but STOP_SENDING. */
static void
skip_frame (EcReader *reader, guint64 type)
{
  switch (type) {
  case 0x00: /* PADDING */
  case 0x01: /* PING */
  case 0x1e: /* HANDSHAKE_DONE */
    break;
  case 0x02:
  case 0x03:
    skip_ack (reader, type == 0x03);
    break;
  case 0x04: /* RESET_STREAM */
    skip_varints (reader, 3);
    break;
  case 0x06: /* CRYPTO */
    (void) read_varint (reader);
    skip_counted (reader);
    break;
  case 0x07: /* NEW_TOKEN */
  case 0x31: /* DATAGRAM with a length */
    skip_counted (reader);
    break;
  case 0x11: /* MAX_STREAM_DATA */
  case 0x15: /* STREAM_DATA_BLOCKED */
    skip_varints (reader, 2);
    break;
  case 0x10: /* MAX_DATA */
  case 0x12: /* MAX_STREAMS */
  case 0x13:
  case 0x14: /* DATA_BLOCKED */
  case 0x16: /* STREAMS_BLOCKED */
  case 0x17:
  case 0x19: /* RETIRE_CONNECTION_ID */
    skip_varints (reader, 1);
    break;
  case 0x18: /* NEW_CONNECTION_ID */
    skip_connection_id (reader);
    break;
  case 0x1a: /* PATH_CHALLENGE, PATH_RESPONSE */
  case 0x1b:
    ec_reader_skip (reader, 8);
    break;
  default:
    if (type >= 0x08 && type <= 0x0f)
      skip_stream (reader, type);
    else
      reader->failed =
          TRUE; /* DATAGRAM to the packet's end, CONNECTION_CLOSE, and what there is not */
    break;
  }
}

void
ec_quic_frames_find_stops (const guint8 *data, gsize size, GArray *stops)
{
  EcReader reader;

  ec_reader_init (&reader, data, size);
  while (ec_reader_left (&reader) > 0 && !reader.failed) {
    guint64 type = read_varint (&reader);

    if (type == 0x05) {
      EcQuicStop stop;

      stop.stream = (gint64) read_varint (&reader);
      stop.code = read_varint (&reader);
      if (!reader.failed && stops->len < MAX_STOPS)
        g_array_append_val (stops, stop);
    } else {
      skip_frame (&reader, type);
    }
  }
}
