/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Sections and the tables in them. Byte 0 even: transport packets follow, whatever they hold. Odd:
 * sections follow, each with a byte of flags and the high bits of its length, and a byte of the low
 * ones; they are packed into packets, must come out as they went in, and have a valid CRC if asked for.
 */
#include <string.h>

#include "fuzz.h"
#include "ts/ec-ts-clock.h"
#include "ts/ec-ts-network.h"
#include "ts/ec-ts-program.h"

static const guint pids[] = { 0x100, EC_TS_PID_PSIP, EC_TS_PID_SDT, EC_TS_PID_TDT };

typedef struct {
  EcTsClock clock;
  EcTsNetwork network;
  guint64 pos;
  const guint8 *expected;
  gsize expected_size;
  guint n_delivered;
} Tables;

static gboolean
on_program (gpointer user_data, guint program_number, guint pmt_pid)
{
  g_assert_cmpuint (program_number, !=, 0);
  g_assert_cmpuint (pmt_pid, <, EC_TS_N_PIDS);
  return TRUE;
}

static void
check_program (const EcTsProgram *program)
{
  for (guint i = 0; i < program->n_kept; i++) {
    g_assert_cmpuint (program->kept[i], >, EC_TS_PID_LAST_RESERVED);
    g_assert_cmpuint (program->kept[i], !=, EC_TS_PID_NULL);
    g_assert_cmpuint (program->kept[i], !=, EC_TS_PID_PSIP);
    g_assert_cmpuint (program->kept[i], !=, program->pmt_pid);
    g_assert_true (ec_ts_program_keeps (program, program->kept[i]));
    for (guint j = 0; j < i; j++)
      g_assert_cmpuint (program->kept[i], !=, program->kept[j]);
  }
  for (guint i = 0; i < program->n_streams; i++) {
    const EcTsStream *stream = &program->streams[i];

    g_assert_cmpuint (stream->descriptors_offset + stream->descriptors_size + 4, <=,
                      program->section_size);
    g_assert_nonnull (ec_ts_stream_type_name (program, stream));
  }
  if (program->lead_pid != EC_TS_N_PIDS)
    g_assert_true (ec_ts_program_keeps (program, program->lead_pid));
}

static void
on_section (gpointer user_data, guint pid, const EcTsSection *section)
{
  Tables *self = user_data;
  g_autoptr (EcTsProgram) program = NULL;

  if (self->expected)
    g_assert_cmpmem (section->data, section->size, self->expected, self->expected_size);
  self->n_delivered++;

  if (ec_ts_section_is_current (section))
    ec_ts_pat_foreach (section, on_program, NULL);
  program = ec_ts_program_new (0x100, section);
  if (program)
    check_program (program);
  ec_ts_network_section (&self->network, pid, section);
  ec_ts_clock_section (&self->clock, pid, section, self->pos);
}

/* One section in packets of its own; it begins behind a pointer_field. */
static void
push_section (
    Tables *self, EcTsSectionAssembler *assembler, guint pid, const guint8 *data, gsize size)
{
  gboolean first = TRUE;

  while (first || size > 0) {
    guint8 packet[EC_TS_PACKET_SIZE];
    guint at = 4;
    gsize n;

    memset (packet, 0xff, sizeof packet);
    packet[0] = EC_TS_SYNC_BYTE;
    packet[1] = (guint8) ((first ? 0x40 : 0) | pid >> 8);
    packet[2] = (guint8) pid;
    packet[3] = 0x10;
    if (first)
      packet[at++] = 0;
    n = MIN (size, sizeof packet - at);
    memcpy (packet + at, data, n);
    data += n;
    size -= n;
    first = FALSE;
    self->pos++;
    ec_ts_section_assembler_push (assembler, packet, on_section, self);
  }
}

static void
run_sections (Tables *self, EcTsSectionAssembler *assemblers, EcReader *reader)
{
  while (ec_reader_left (reader) > 2) {
    guint flags = ec_reader_u8 (reader);
    gsize size = (flags >> 3 & 0x0f) << 8 | ec_reader_u8 (reader);
    g_autofree guint8 *section = NULL;
    guint n_before = self->n_delivered;

    size = MIN (MAX (size, 3), ec_reader_left (reader));
    if (size < 3)
      return;
    section = g_memdup2 (ec_reader_bytes (reader, size), size);
    section[0] = section[0] == 0xff ? 0 : section[0];
    section[1] = (guint8) ((section[1] & 0xf0) | (size - 3) >> 8);
    section[2] = (guint8) (size - 3);
    if (flags & 0x80 && size >= 7) {
      guint32 crc = g_htonl (ec_ts_crc32 (section, size - 4));

      memcpy (section + size - 4, &crc, 4);
    }
    if (flags & 4) /* a lead PES start between tables */
      (void) ec_ts_clock_start (&self->clock, ++self->pos,
                                (section[size - 1] * G_GUINT64_CONSTANT (33554432)) &
                                    EC_TS_TIMESTAMP_MASK);
    self->expected = section;
    self->expected_size = size;
    push_section (self, &assemblers[flags & 3], pids[flags & 3], section, size);
    g_assert_cmpuint (self->n_delivered - n_before, ==, 1);
  }
}

static void
run_packets (Tables *self, EcTsSectionAssembler *assemblers, EcReader *reader)
{
  while (ec_reader_left (reader) >= EC_TS_PACKET_SIZE) {
    g_autofree guint8 *packet =
        g_memdup2 (ec_reader_bytes (reader, EC_TS_PACKET_SIZE), EC_TS_PACKET_SIZE);

    packet[0] = EC_TS_SYNC_BYTE;
    self->pos++;
    ec_ts_section_assembler_push (&assemblers[packet[2] & 3], packet, on_section, self);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree EcTsSectionAssembler *assemblers = g_new0 (EcTsSectionAssembler, G_N_ELEMENTS (pids));
  g_autofree Tables *tables = g_new0 (Tables, 1);
  EcReader reader;
  guint mode;

  ec_ts_clock_init (&tables->clock, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (pids); i++)
    ec_ts_section_assembler_init (&assemblers[i]);
  ec_reader_init (&reader, data, size);
  mode = ec_reader_u8 (&reader);
  (mode & 1 ? run_sections : run_packets) (tables, assemblers, &reader);
  return 0;
}
