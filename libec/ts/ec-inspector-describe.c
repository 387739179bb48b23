/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

#include <string.h>

/* 16:9, but not 137:77 */
#define MAX_PLAIN_ASPECT 64

/* What both reports, the one for people and the one for programs, say in the same words. */

const char *
ec_inspector_role_name (EcInspectorRole role)
{
  switch (role) {
  case EC_INSPECTOR_ROLE_TABLE:
    return "table";
  case EC_INSPECTOR_ROLE_PMT:
    return "PMT";
  case EC_INSPECTOR_ROLE_VIDEO:
    return "video";
  case EC_INSPECTOR_ROLE_AUDIO:
    return "audio";
  case EC_INSPECTOR_ROLE_DATA:
    return "data";
  case EC_INSPECTOR_ROLE_PCR:
    return "PCR";
  case EC_INSPECTOR_ROLE_NULL:
    return "null";
  case EC_INSPECTOR_ROLE_NONE:
  default:
    return "unreferenced";
  }
}

gboolean
ec_inspector_language (const EcTsProgram *map, const EcTsStream *stream, char language[4])
{
  EcReader loop, body;

  ec_reader_init (&loop, map->section + stream->descriptors_offset, stream->descriptors_size);
  if (!ec_ts_descriptor_find (loop, EC_TS_DESCRIPTOR_LANGUAGE, &body))
    return FALSE;
  for (guint i = 0; i < 3; i++) {
    language[i] = (char) ec_reader_u8 (&body);
    if (!g_ascii_isalnum (language[i]))
      return FALSE;
  }
  language[3] = '\0';
  return TRUE;
}

static gboolean
is_part (const EcInspectorProgram *program, guint pid)
{
  if (program->pmt_pid == pid)
    return TRUE;
  if (!program->map)
    return FALSE;
  if (program->map->pcr_pid == pid)
    return TRUE;
  for (guint i = 0; i < program->map->n_streams; i++) {
    if (program->map->streams[i].pid == pid)
      return TRUE;
  }
  return FALSE;
}

guint
ec_inspector_programs_of (EcInspector *self, guint pid, guint16 *numbers, guint max)
{
  guint n = 0;

  for (guint i = 0; i < self->programs->len && n < max; i++) {
    const EcInspectorProgram *program = &g_array_index (self->programs, EcInspectorProgram, i);

    if (ec_inspector_wants (self, program) && is_part (program, pid))
      numbers[n++] = program->number;
  }
  return n;
}

char *
ec_inspector_format_rate (guint64 bits_a_second)
{
  double rate = (double) bits_a_second;

  if (rate >= 999.5e3)
    return g_strdup_printf (rate >= 99.95e6 ? "%.0f Mb/s" : "%.2f Mb/s", rate / 1e6);
  return g_strdup_printf (rate >= 9950 ? "%.0f kb/s" : "%.1f kb/s", rate / 1e3);
}

/* "29.97", "25" */
static void
append_number (GString *out, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (text, sizeof text, "%.2f", value);
  if (g_str_has_suffix (text, ".00"))
    text[strlen (text) - 3] = '\0';
  g_string_append (out, text);
}

static void
append_video (GString *out, const EcInspectorStream *stream)
{
  const EcTsVideoFormat *video = &stream->video;
  double rate = video->rate_num ? (double) video->rate_num / video->rate_den
                                : ec_inspector_stream_rate (stream);

  g_string_append_printf (out, "%u×%u", video->width, video->height);
  if (video->scan != EC_TS_SCAN_UNKNOWN)
    g_string_append_c (out, video->scan == EC_TS_SCAN_INTERLACED ? 'i' : 'p');
  if (rate > 0) {
    g_string_append (out, video->rate_num ? ", " : ", about ");
    append_number (out, rate);
    g_string_append (out, " frames/s");
  }
  if (video->aspect_num > 0 && video->aspect_num <= MAX_PLAIN_ASPECT)
    g_string_append_printf (out, ", %u:%u", video->aspect_num, video->aspect_den);
  else if (video->aspect_num > 0)
    g_string_append_printf (out, ", %.2f:1", (double) video->aspect_num / video->aspect_den);
  if (video->profile[0])
    g_string_append_printf (out, ", %s", video->profile);
}

static void
append_audio (GString *out, const EcTsAudioFormat *audio)
{
  if (audio->layout)
    g_string_append_printf (out, "%s, ", audio->layout);
  append_number (out, audio->sample_rate / 1000.0);
  g_string_append (out, " kHz");
}

char *
ec_inspector_format_stream (const EcInspectorStream *stream)
{
  GString *out;

  if (!stream || (!stream->has_video && !stream->has_audio))
    return NULL;
  out = g_string_new (NULL);
  if (stream->has_video)
    append_video (out, stream);
  else
    append_audio (out, &stream->audio);
  return g_string_free (out, FALSE);
}

char *
ec_inspector_format_utc (gint64 unix_seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (unix_seconds);

  return time ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

char *
ec_inspector_format_times (guint64 n)
{
  return n == 1 ? g_strdup ("once") : g_strdup_printf ("%" G_GUINT64_FORMAT " times", n);
}

gboolean
ec_inspector_is_scrambled (EcInspector *self, const EcInspectorProgram *program)
{
  const EcInspectorPid *lead;

  if (!program->map || program->map->lead_kind == EC_TS_LEAD_NONE)
    return FALSE;
  lead = self->pids[program->map->lead_pid];
  return lead && lead->n_scrambled * 2 > lead->n_packets;
}
