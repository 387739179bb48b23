/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts-builder.h"

#include <string.h>

#include "ts/ec-ts-section.h"

TsBuilder *
ts_builder_new (void)
{
  TsBuilder *self = g_new0 (TsBuilder, 1);

  self->out = g_byte_array_new ();
  return self;
}

void
ts_builder_free (TsBuilder *self)
{
  g_byte_array_unref (self->out);
  g_free (self);
}

static guint8 *
add_packet (TsBuilder *self, guint pid, gboolean start, guint control)
{
  guint8 *packet;

  g_byte_array_set_size (self->out, self->out->len + EC_TS_PACKET_SIZE);
  packet = self->out->data + self->out->len - EC_TS_PACKET_SIZE;
  memset (packet, 0xff, EC_TS_PACKET_SIZE);
  packet[0] = EC_TS_SYNC_BYTE;
  packet[1] = (guint8) ((start ? 0x40 : 0) | pid >> 8);
  packet[2] = (guint8) pid;
  packet[3] = (guint8) (control << 4 | self->counters[pid]);
  if (control & 1)
    self->counters[pid] = (self->counters[pid] + 1) & 15;
  return packet;
}

void
ts_builder_raw_section (TsBuilder *self, guint pid, const guint8 *section, gsize size)
{
  gsize room = EC_TS_PACKET_SIZE - 5;
  guint8 *packet = add_packet (self, pid, TRUE, 1);

  packet[4] = 0; /* pointer_field */
  packet += 5;
  for (;;) {
    gsize n = MIN (room, size);

    memcpy (packet, section, n);
    section += n;
    size -= n;
    if (size == 0)
      return;
    packet = add_packet (self, pid, FALSE, 1) + 4;
    room = EC_TS_PACKET_SIZE - 4;
  }
}

void
ts_builder_section (
    TsBuilder *self, guint pid, guint table_id, guint extension, const guint8 *body, gsize size)
{
  guint8 section[EC_TS_SECTION_MAX] = {
    (guint8) table_id,
    (guint8) (0xb0 | (size + 9) >> 8),
    (guint8) (size + 9),
    (guint8) (extension >> 8),
    (guint8) extension,
    0xc1,
    0,
    0,
  };
  guint32 crc;

  g_assert (size <= sizeof section - 12);
  memcpy (section + 8, body, size);
  crc = GUINT32_TO_BE (ec_ts_crc32 (section, 8 + size));
  memcpy (section + 8 + size, &crc, sizeof crc);
  ts_builder_raw_section (self, pid, section, size + 12);
}

void
ts_builder_pcr (TsBuilder *self, guint pid, guint64 pcr, gboolean discontinuity)
{
  guint8 *packet = add_packet (self, pid, FALSE, 2);
  guint64 base = pcr / 300;
  guint extension = pcr % 300;

  packet[4] = 183;
  packet[5] = discontinuity ? 0x90 : 0x10;
  packet[6] = (guint8) (base >> 25);
  packet[7] = (guint8) (base >> 17);
  packet[8] = (guint8) (base >> 9);
  packet[9] = (guint8) (base >> 1);
  packet[10] = (guint8) ((base & 1) << 7 | 0x7e | extension >> 8);
  packet[11] = (guint8) extension;
}

void
ts_builder_payload (TsBuilder *self, guint pid, guint8 fill)
{
  memset (add_packet (self, pid, FALSE, 1) + 4, fill, EC_TS_PACKET_SIZE - 4);
}

void
ts_builder_pat (TsBuilder *self, guint tsid, guint first_program, guint n, guint first_pid)
{
  g_autoptr (GByteArray) body = g_byte_array_new ();

  for (guint i = 0; i < n; i++) {
    guint program = first_program + i, pid = 0xe000 | (first_pid + i);
    guint8 entry[] = { (guint8) (program >> 8), (guint8) program, (guint8) (pid >> 8),
                       (guint8) pid };

    g_byte_array_append (body, entry, sizeof entry);
  }
  ts_builder_section (self, 0, 0, tsid, body->data, body->len);
}
