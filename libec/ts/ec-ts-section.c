/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-section.h"

#include <string.h>

#define HEADER_SIZE 3
#define SYNTAX_SIZE 12 /* header, table_id_extension … last_section_number, CRC */

void
ec_ts_section_assembler_init (EcTsSectionAssembler *self)
{
  self->size = 0;
  self->wanted = 0;
}

void
ec_ts_section_assembler_gap (EcTsSectionAssembler *self)
{
  ec_ts_section_assembler_init (self);
}

guint32
ec_ts_crc32 (const guint8 *data, gsize size)
{
  static guint32 table[256];
  static gsize made;
  guint32 crc = 0xffffffff;

  if (g_once_init_enter (&made)) {
    for (guint i = 0; i < 256; i++) {
      guint32 value = i << 24;

      for (guint bit = 0; bit < 8; bit++)
        value = value & 0x80000000 ? value << 1 ^ 0x04c11db7 : value << 1;
      table[i] = value;
    }
    g_once_init_leave (&made, 1);
  }

  for (gsize i = 0; i < size; i++)
    crc = crc << 8 ^ table[crc >> 24 ^ data[i]];
  return crc;
}

static void
deliver (EcTsSectionAssembler *self, guint pid, EcTsSectionFunc func, gpointer user_data)
{
  EcTsSection section = {
    .data = self->data,
    .size = self->wanted,
    .table_id = self->data[0],
    .has_syntax = (self->data[1] & 0x80) != 0,
  };

  /* One that is too short for them is never current; a TDT is one whatever the bit says (§4.2). */
  if (section.has_syntax && section.size >= SYNTAX_SIZE) {
    section.table_extension = (guint16) (self->data[3] << 8 | self->data[4]);
    section.version = self->data[5] >> 1 & 0x1f;
    section.current = self->data[5] & 1;
  }
  section.crc_ok = section.size >= HEADER_SIZE + 4 && ec_ts_crc32 (section.data, section.size) == 0;
  func (user_data, pid, &section);
}

/* Collects from `reader` what the section in progress still wants; TRUE when it is complete. */
static gboolean
collect (EcTsSectionAssembler *self, EcReader *reader)
{
  for (;;) {
    guint target = self->wanted ? self->wanted : HEADER_SIZE;
    gsize n = MIN (target - self->size, ec_reader_left (reader));

    if (n > 0)
      memcpy (self->data + self->size, ec_reader_bytes (reader, n), n);
    self->size += n;
    if (self->size < target)
      return FALSE;
    if (self->wanted)
      return TRUE;

    self->wanted = HEADER_SIZE + ((self->data[1] & 0x0fu) << 8 | self->data[2]);
    if (self->wanted > EC_TS_SECTION_MAX) {
      ec_ts_section_assembler_init (self);
      return FALSE;
    }
    if (self->wanted == HEADER_SIZE)
      return TRUE;
  }
}

/* Ends the section in progress with the bytes that there are. */
static void
end_section (EcTsSectionAssembler *self,
             EcReader *reader,
             guint pid,
             EcTsSectionFunc func,
             gpointer user_data)
{
  if (self->size > 0 && collect (self, reader))
    deliver (self, pid, func, user_data);
  ec_ts_section_assembler_init (self);
}

void
ec_ts_section_assembler_push (EcTsSectionAssembler *self,
                              const guint8 *packet,
                              EcTsSectionFunc func,
                              gpointer user_data)
{
  guint pid = ec_ts_packet_pid (packet);
  guint offset = ec_ts_packet_payload_offset (packet);
  EcReader reader, before;
  guint pointer;

  if (offset >= EC_TS_PACKET_SIZE || ec_ts_packet_scrambled (packet))
    return;
  ec_reader_init (&reader, packet + offset, EC_TS_PACKET_SIZE - offset);

  if (!ec_ts_packet_unit_start (packet)) {
    if (self->size > 0 && collect (self, &reader)) {
      deliver (self, pid, func, user_data);
      ec_ts_section_assembler_init (self);
    }
    return;
  }

  pointer = ec_reader_u8 (&reader);
  before = ec_reader_sub (&reader, pointer);
  if (before.failed) {
    ec_ts_section_assembler_init (self);
    return;
  }
  end_section (self, &before, pid, func, user_data);

  while (ec_reader_left (&reader) > 0 && reader.data[reader.pos] != 0xff) {
    gsize left;

    if (!collect (self, &reader)) {
      /* Either the packet ended, or the section was too long to be one. */
      if (self->size == 0)
        return;
      break;
    }
    left = ec_reader_left (&reader);
    deliver (self, pid, func, user_data);
    ec_ts_section_assembler_init (self);
    if (left == 0)
      break;
  }
}
