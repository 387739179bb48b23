/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts-tables.h"

#include <string.h>

#define PID_PAT 0x0000
#define PID_PSIP 0x1ffb

/* ISO/IEC 13818-1 Annex A. */
static guint32
mpeg_crc (const guint8 *data, gsize size)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < size; i++) {
    crc ^= (guint32) data[i] << 24;
    for (guint bit = 0; bit < 8; bit++)
      crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
  }
  return crc;
}

/* A packet with one section whose length and CRC are filled in. */
static void
make_section (guint8 packet[188], guint16 pid, GByteArray *section, guint8 counter)
{
  guint length = section->len + 4 - 3;
  guint32 crc;
  guint8 tail[4];

  section->data[1] = (guint8) ((section->data[1] & 0xf0) | length >> 8);
  section->data[2] = (guint8) length;
  crc = mpeg_crc (section->data, section->len);
  for (guint i = 0; i < 4; i++)
    tail[i] = (guint8) (crc >> (24 - 8 * i));
  g_byte_array_append (section, tail, 4);

  memset (packet, 0xff, 188);
  packet[0] = 0x47;
  packet[1] = (guint8) (0x40 | pid >> 8);
  packet[2] = (guint8) pid;
  packet[3] = (guint8) (0x10 | (counter & 15));
  packet[4] = 0;
  memcpy (packet + 5, section->data, section->len);
}

void
ts_make_pat (guint8 packet[188], const guint16 *programs, guint n, guint8 counter)
{
  static const guint8 head[] = { 0x00, 0xb0, 0, 0x12, 0x34, 0xc1, 0, 0 };
  g_autoptr (GByteArray) section = g_byte_array_new ();

  g_byte_array_append (section, head, sizeof head);
  for (guint i = 0; i < n; i++) {
    guint8 entry[4] = { programs[i] >> 8, (guint8) programs[i], 0xe1, (guint8) programs[i] };

    g_byte_array_append (section, entry, 4);
  }
  make_section (packet, PID_PAT, section, counter);
}

void
ts_make_vct (guint8 packet[188], guint8 counter)
{
  guint8 head[] = { 0xc8, 0xf0, 0, 0x12, 0x34, 0xc1, 0, 0, 0, 2 };
  guint8 none[2] = { 0xfc, 0 };
  g_autoptr (GByteArray) section = g_byte_array_new ();

  g_byte_array_append (section, head, sizeof head);
  for (guint minor = 1; minor <= 2; minor++) {
    guint8 entry[32] = { 0, 'K', 0, 'A', 0, 'B', 0, 'C' };

    entry[14] = 0xf0 | 5 >> 6;
    entry[15] = (guint8) (5 << 2 | minor >> 8);
    entry[16] = (guint8) minor;
    entry[17] = 4;
    entry[22] = 0x12;
    entry[23] = 0x34;
    entry[25] = (guint8) (2 + minor);
    entry[26] = 0x0d;
    entry[27] = 0xc2;
    entry[30] = 0xfc;
    g_byte_array_append (section, entry, sizeof entry);
  }
  g_byte_array_append (section, none, 2);
  make_section (packet, PID_PSIP, section, counter);
}
