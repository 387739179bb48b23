/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-program.h"

#include <string.h>

#define PMT_MAX_SIZE (3 + 1021)

#define DESCRIPTOR_AC3 0x6a
#define DESCRIPTOR_EAC3 0x7a

static gboolean
has_descriptor (const guint8 *data, gsize size, guint8 wanted)
{
  EcReader reader;

  ec_reader_init (&reader, data, size);
  while (ec_reader_left (&reader) >= 2) {
    guint8 tag = ec_reader_u8 (&reader);
    guint8 length = ec_reader_u8 (&reader);

    if (tag == wanted)
      return TRUE;
    ec_reader_skip (&reader, length);
    if (reader.failed)
      break;
  }
  return FALSE;
}

static EcTsLeadKind
video_kind (guint8 stream_type)
{
  switch (stream_type) {
  case 0x01:
  case 0x02:
    return EC_TS_LEAD_MPEG2;
  case 0x1b:
    return EC_TS_LEAD_H264;
  case 0x24:
    return EC_TS_LEAD_HEVC;
  default:
    return EC_TS_LEAD_NONE;
  }
}

static gboolean
is_audio (guint8 stream_type, const guint8 *descriptors, gsize size)
{
  switch (stream_type) {
  case 0x03:
  case 0x04:
  case 0x0f:
  case 0x11:
  case 0x81:
  case 0x87:
    return TRUE;
  case 0x06:
    return has_descriptor (descriptors, size, DESCRIPTOR_AC3) ||
           has_descriptor (descriptors, size, DESCRIPTOR_EAC3);
  default:
    return FALSE;
  }
}

static void
keep (EcTsProgram *self, guint pid)
{
  if (pid <= EC_TS_PID_LAST_RESERVED || pid == EC_TS_PID_PSIP || pid == EC_TS_PID_NULL ||
      pid == self->pmt_pid || ec_ts_program_keeps (self, pid))
    return;
  self->kept[self->n_kept++] = (guint16) pid;
}

static void
choose_lead (EcTsProgram *self)
{
  const EcTsStream *lead = NULL;

  for (guint i = 0; i < self->n_streams; i++) {
    const EcTsStream *stream = &self->streams[i];

    if (!ec_ts_program_keeps (self, stream->pid))
      continue;
    if (video_kind (stream->stream_type) != EC_TS_LEAD_NONE) {
      lead = stream;
      break;
    }
    if (!lead && stream->is_audio)
      lead = stream;
  }

  self->lead_pid = lead ? lead->pid : EC_TS_N_PIDS;
  self->lead_type = lead ? lead->stream_type : 0;
  self->lead_kind = EC_TS_LEAD_NONE;
  if (lead) {
    EcTsLeadKind kind = video_kind (lead->stream_type);

    self->lead_kind = kind != EC_TS_LEAD_NONE ? kind : EC_TS_LEAD_AUDIO;
  }
}

/* The stream loop; FALSE when it does not fit. */
static gboolean
read_streams (EcTsProgram *self, EcReader *reader)
{
  while (ec_reader_left (reader) > 0) {
    EcTsStream stream = { 0 };
    const guint8 *descriptors;

    stream.stream_type = ec_reader_u8 (reader);
    stream.pid = ec_reader_u16 (reader) & 0x1fff;
    stream.descriptors_size = ec_reader_u16 (reader) & 0x0fff;
    stream.descriptors_offset = (guint16) (8 + reader->pos);
    descriptors = ec_reader_bytes (reader, stream.descriptors_size);
    if (reader->failed || self->n_streams == EC_TS_MAX_STREAMS)
      return FALSE;
    stream.is_audio = is_audio (stream.stream_type, descriptors, stream.descriptors_size);
    self->streams[self->n_streams++] = stream;
  }
  return TRUE;
}

EcTsProgram *
ec_ts_program_new (guint pmt_pid, const EcTsSection *section)
{
  g_autoptr (EcTsProgram) self = NULL;
  EcReader reader;

  if (section->table_id != 0x02 || !ec_ts_section_is_current (section) ||
      section->size > PMT_MAX_SIZE)
    return NULL;

  self = g_new0 (EcTsProgram, 1);
  g_ref_count_init (&self->ref_count);
  self->pmt_pid = (guint16) pmt_pid;
  self->program_number = section->table_extension;
  self->version = section->version;
  self->section = g_memdup2 (section->data, section->size);
  self->section_size = section->size;
  self->streams = g_new0 (EcTsStream, EC_TS_MAX_STREAMS);
  self->kept = g_new0 (guint16, EC_TS_MAX_STREAMS + 1);

  reader = ec_ts_section_body (section);
  self->pcr_pid = ec_reader_u16 (&reader) & 0x1fff;
  ec_reader_skip (&reader, ec_reader_u16 (&reader) & 0x0fff);
  if (reader.failed || !read_streams (self, &reader))
    return NULL;

  for (guint i = 0; i < self->n_streams; i++)
    keep (self, self->streams[i].pid);
  keep (self, self->pcr_pid);
  choose_lead (self);
  return g_steal_pointer (&self);
}

EcTsProgram *
ec_ts_program_ref (EcTsProgram *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
ec_ts_program_unref (EcTsProgram *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_free (self->section);
  g_free (self->streams);
  g_free (self->kept);
  g_free (self);
}

gboolean
ec_ts_program_keeps (const EcTsProgram *self, guint pid)
{
  for (guint i = 0; i < self->n_kept; i++) {
    if (self->kept[i] == pid)
      return TRUE;
  }
  return FALSE;
}

gboolean
ec_ts_program_equal (const EcTsProgram *a, const EcTsProgram *b)
{
  return a == b || (a->pmt_pid == b->pmt_pid && a->section_size == b->section_size &&
                    memcmp (a->section, b->section, a->section_size) == 0);
}

const char *
ec_ts_stream_type_name (const EcTsProgram *self, const EcTsStream *stream)
{
  const guint8 *descriptors = self->section + stream->descriptors_offset;

  switch (stream->stream_type) {
  case 0x01:
    return "MPEG-1 video";
  case 0x02:
    return "MPEG-2 video";
  case 0x03:
  case 0x04:
    return "MPEG audio";
  case 0x05:
    return "private sections";
  case 0x06:
    if (has_descriptor (descriptors, stream->descriptors_size, DESCRIPTOR_EAC3))
      return "E-AC-3";
    if (has_descriptor (descriptors, stream->descriptors_size, DESCRIPTOR_AC3))
      return "AC-3";
    if (has_descriptor (descriptors, stream->descriptors_size, 0x59))
      return "DVB subtitles";
    if (has_descriptor (descriptors, stream->descriptors_size, 0x56))
      return "teletext";
    return "private data";
  case 0x0b:
  case 0x0d:
    return "DSM-CC";
  case 0x0f:
    return "AAC";
  case 0x11:
    return "AAC (LATM)";
  case 0x1b:
    return "H.264";
  case 0x24:
    return "HEVC";
  case 0x81:
    return "AC-3";
  case 0x86:
    return "SCTE 35";
  case 0x87:
    return "E-AC-3";
  default:
    return "unknown";
  }
}

void
ec_ts_pat_foreach (const EcTsSection *section, EcTsPatFunc func, gpointer user_data)
{
  EcReader reader = ec_ts_section_body (section);

  while (ec_reader_left (&reader) >= 4) {
    guint program_number = ec_reader_u16 (&reader);
    guint pid = ec_reader_u16 (&reader) & 0x1fff;

    if (program_number != 0 && !func (user_data, program_number, pid))
      return;
  }
}
