/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "make-packets.h"

#include <string.h>

GByteArray *
from_hex (const char *text)
{
  GByteArray *bytes = g_byte_array_new ();
  gint high = -1;

  for (; *text; text++) {
    gint digit = g_ascii_xdigit_value (*text);
    guint8 byte;

    if (g_ascii_isspace (*text))
      continue;
    g_assert_cmpint (digit, >=, 0);
    if (high < 0) {
      high = digit;
      continue;
    }
    byte = (guint8) (high << 4 | digit);
    g_byte_array_append (bytes, &byte, 1);
    high = -1;
  }
  g_assert_cmpint (high, ==, -1);
  return bytes;
}

char *
to_hex (const guint8 *data, gsize size)
{
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);
  return g_string_free (text, FALSE);
}

guint32
plain_crc32 (const guint8 *data, gsize size)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < size * 8; i++) {
    guint bit = data[i / 8] >> (7 - i % 8) & 1;

    crc = crc << 1 ^ ((crc >> 31 ^ bit) ? 0x04c11db7 : 0);
  }
  return crc;
}

void
append_crc (GByteArray *section)
{
  guint32 crc = GUINT32_TO_BE (plain_crc32 (section->data, section->len));

  g_byte_array_append (section, (const guint8 *) &crc, sizeof crc);
}

GByteArray *
make_section (guint table_id, guint extension, const char *body)
{
  g_autoptr (GByteArray) bytes = from_hex (body);
  guint length = 5 + bytes->len + 4;
  const guint8 header[] = {
    (guint8) table_id,
    (guint8) (0xb0 | length >> 8),
    (guint8) length,
    (guint8) (extension >> 8),
    (guint8) extension,
    0xc1,
    /* version 0, current */ 0x00,
    0x00,
  };
  GByteArray *section = g_byte_array_new ();

  g_byte_array_append (section, header, sizeof header);
  g_byte_array_append (section, bytes->data, bytes->len);
  append_crc (section);
  return section;
}

EcTsSection
read_section (const GByteArray *section)
{
  EcTsSection read = {
    .data = section->data,
    .size = section->len,
    .table_id = section->data[0],
    .has_syntax = (section->data[1] & 0x80) != 0,
    .crc_ok = plain_crc32 (section->data, section->len) == 0,
  };

  if (read.has_syntax) {
    g_assert_cmpuint (section->len, >=, 12);
    read.table_extension = (guint16) (section->data[3] << 8 | section->data[4]);
    read.version = section->data[5] >> 1 & 31;
    read.current = section->data[5] & 1;
  }
  return read;
}

void
make_packet (guint8 *packet,
             guint pid,
             gboolean unit_start,
             guint counter,
             const guint8 *payload,
             gsize size)
{
  gsize room = EC_TS_PACKET_SIZE - 4;

  g_assert_cmpuint (size, <=, room);
  packet[0] = EC_TS_SYNC_BYTE;
  packet[1] = (guint8) ((unit_start ? 0x40 : 0) | pid >> 8);
  packet[2] = (guint8) pid;
  packet[3] = (guint8) ((size > 0 ? 0x10 : 0) | (size < room ? 0x20 : 0) | (counter & 15));
  if (size < room) {
    memset (packet + 4, 0xff, room - size);
    packet[4] = (guint8) (room - size - 1);
    if (packet[4] > 0)
      packet[5] = 0;
  }
  if (size > 0)
    memcpy (packet + EC_TS_PACKET_SIZE - size, payload, size);
}

void
append_section (GByteArray *stream, guint pid, guint *counter, const GByteArray *section)
{
  gsize done = 0;

  while (done < section->len) {
    guint8 payload[184], packet[EC_TS_PACKET_SIZE];
    gsize begin = done == 0 ? 1 : 0;
    gsize n = MIN (sizeof payload - begin, section->len - done);

    memset (payload, 0xff, sizeof payload);
    if (begin)
      payload[0] = 0; /* pointer_field */
    memcpy (payload + begin, section->data + done, n);
    make_packet (packet, pid, done == 0, (*counter)++, payload, sizeof payload);
    g_byte_array_append (stream, packet, sizeof packet);
    done += n;
  }
}

EcTsProgram *
make_program (guint pmt_pid, guint pcr_pid, const char *streams)
{
  g_autofree char *body = g_strdup_printf ("%04x f000 %s", 0xe000 | pcr_pid, streams);
  g_autoptr (GByteArray) bytes = make_section (0x02, 1, body);
  EcTsSection section = read_section (bytes);
  EcTsProgram *program = ec_ts_program_new (pmt_pid, &section);

  g_assert_nonnull (program);
  return program;
}
