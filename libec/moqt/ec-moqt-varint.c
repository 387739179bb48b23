/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-varint.h"

/* The first byte, less its length bits, and `more` bytes behind it. */
static guint64
read_rest (EcReader *reader, guint64 value, guint more)
{
  const guint8 *bytes = ec_reader_bytes (reader, more);

  for (guint i = 0; bytes && i < more; i++)
    value = value << 8 | bytes[i];
  return reader->failed ? 0 : value;
}

/* The last `size` bytes of `value`, the first of them with `mark`. */
static void
write_bytes (GByteArray *out, guint64 value, guint size, guint8 mark)
{
  guint8 bytes[8];

  for (guint i = 0; i < size; i++)
    bytes[i] = (guint8) (value >> 8 * (size - 1 - i));
  bytes[0] |= mark;
  g_byte_array_append (out, bytes, size);
}

static guint64
read_quic (EcReader *reader)
{
  guint8 first = ec_reader_u8 (reader);

  return read_rest (reader, first & 0x3f, (1u << (first >> 6)) - 1);
}

static void
write_quic (GByteArray *out, guint64 value)
{
  value = MIN (value, EC_MOQT_VARINT_QUIC_MAX);
  if (value < 1u << 6)
    write_bytes (out, value, 1, 0);
  else if (value < 1u << 14)
    write_bytes (out, value, 2, 0x40);
  else if (value < 1u << 30)
    write_bytes (out, value, 4, 0x80);
  else
    write_bytes (out, value, 8, 0xc0);
}

static guint64
read_ones (EcReader *reader)
{
  guint8 first = ec_reader_u8 (reader);
  guint more = 0;

  while (more < 8 && first & 0x80u >> more)
    more++;
  return read_rest (reader, more < 7 ? first & 0x7fu >> more : 0, more);
}

static void
write_ones (GByteArray *out, guint64 value)
{
  guint more = 0;

  while (more < 8 && value >> 7 * (more + 1))
    more++;
  if (more == 8) {
    guint8 mark = 0xff;

    g_byte_array_append (out, &mark, 1);
    write_bytes (out, value, 8, 0);
  } else {
    write_bytes (out, value, more + 1, (guint8) ~(0xffu >> more));
  }
}

const EcMoqtVarint ec_moqt_varint_quic = { read_quic, write_quic, EC_MOQT_VARINT_QUIC_MAX };
const EcMoqtVarint ec_moqt_varint_ones = { read_ones, write_ones, G_MAXUINT64 };
