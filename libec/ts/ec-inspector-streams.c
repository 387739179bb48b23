/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

/* Elementary streams: what a PMT says of them, their time stamps, RAPs and headers. */

#define MAX_STEP EC_TS_CLOCK_RATE

static EcTsLeadKind
kind_of (const EcTsStream *stream)
{
  switch (stream->stream_type) {
  case 0x01:
  case 0x02:
    return EC_TS_LEAD_MPEG2;
  case 0x1b:
    return EC_TS_LEAD_H264;
  case 0x24:
    return EC_TS_LEAD_HEVC;
  default:
    return stream->is_audio ? EC_TS_LEAD_AUDIO : EC_TS_LEAD_NONE;
  }
}

static gboolean
is_video (EcTsLeadKind kind)
{
  return kind != EC_TS_LEAD_NONE && kind != EC_TS_LEAD_AUDIO;
}

static void
set_stream (EcInspector *self, EcInspectorPid *pid, const EcTsStream *stream)
{
  EcTsLeadKind kind = kind_of (stream);

  if (!pid->stream) {
    if (kind == EC_TS_LEAD_NONE || self->n_streams == EC_INSPECTOR_MAX_STREAMS)
      return;
    pid->stream = g_new0 (EcInspectorStream, 1);
    self->n_streams++;
  } else if (pid->stream->stream_type == stream->stream_type) {
    return;
  }

  ec_inspector_stream_gap (pid->stream);
  pid->stream->kind = kind;
  pid->stream->stream_type = stream->stream_type;
  pid->stream->has_video = FALSE;
  pid->stream->has_audio = FALSE;
  if (is_video (kind) && !pid->stream->scanner)
    pid->stream->scanner = g_new0 (EcTsRapScanner, 1);
}

void
ec_inspector_take_map (EcInspector *self, EcInspectorProgram *program)
{
  const EcTsProgram *map = program->map;

  for (guint i = 0; i < map->n_streams; i++) {
    const EcTsStream *stream = &map->streams[i];
    EcInspectorPid *pid = ec_inspector_pid (self, stream->pid);
    EcTsLeadKind kind = kind_of (stream);

    if (pid->role == EC_INSPECTOR_ROLE_NULL || pid->role == EC_INSPECTOR_ROLE_TABLE ||
        pid->role == EC_INSPECTOR_ROLE_PMT)
      continue;
    pid->role = is_video (kind)            ? EC_INSPECTOR_ROLE_VIDEO
                : kind == EC_TS_LEAD_AUDIO ? EC_INSPECTOR_ROLE_AUDIO
                                           : EC_INSPECTOR_ROLE_DATA;
    pid->name = ec_ts_stream_type_name (map, stream);
    set_stream (self, pid, stream);
  }

  if (map->pcr_pid != EC_TS_PID_NULL) {
    EcInspectorPid *pid = ec_inspector_pid (self, map->pcr_pid);

    if (pid->role == EC_INSPECTOR_ROLE_NONE)
      pid->role = EC_INSPECTOR_ROLE_PCR;
  }
}

static void
note_rap (EcInspectorStream *stream)
{
  if (stream->n_raps++ > 0)
    ec_ts_spread_add (&stream->rap_interval, stream->window_elapsed - stream->rap_elapsed);
  stream->rap_elapsed = stream->window_elapsed;
}

static gboolean
same_format (const EcTsVideoFormat *a, const EcTsVideoFormat *b)
{
  return a->width == b->width && a->height == b->height && a->rate_num == b->rate_num &&
         a->rate_den == b->rate_den && a->scan == b->scan && a->aspect_num == b->aspect_num &&
         a->aspect_den == b->aspect_den && g_str_equal (a->profile, b->profile);
}

static void
note_video (EcInspectorStream *stream, const guint8 *data, gsize size)
{
  EcTsVideoFormat format;

  if (!ec_ts_video_format_parse (&format, stream->kind, data, size))
    return;
  if (!stream->has_video || !same_format (&format, &stream->video))
    stream->n_formats++;
  stream->video = format;
  stream->has_video = TRUE;
}

static void
scan (EcInspectorStream *stream, const guint8 *packet, guint offset)
{
  EcTsRapVerdict verdict;

  if (offset >= EC_TS_PACKET_SIZE)
    return;
  verdict = ec_ts_rap_scanner_push (stream->scanner, packet + offset, EC_TS_PACKET_SIZE - offset);
  if (verdict == EC_TS_RAP_UNDECIDED)
    return;
  stream->in_window = FALSE;
  if (verdict == EC_TS_RAP_YES) {
    note_rap (stream);
    note_video (stream, stream->scanner->data, stream->scanner->size);
  }
}

static void
note_stamp (EcInspectorStream *stream, const EcTsPesStart *start)
{
  if (stream->n_stamped++ == 0) {
    stream->first_pts = start->pts;
  } else {
    guint64 forward = (start->ts - stream->last_ts) & EC_TS_TIMESTAMP_MASK;

    if (forward > MAX_STEP) {
      stream->n_jumps++;
    } else {
      stream->elapsed += (gint64) forward;
      stream->n_steps += forward > 0;
      stream->n_wraps += start->ts < stream->last_ts;
    }
  }
  stream->last_ts = start->ts;
  stream->last_pts = start->pts;
}

static void
begin_pes (EcInspectorStream *stream, const EcTsPesStart *start, const guint8 *packet)
{
  stream->n_pes++;
  stream->in_window = FALSE;
  if (start->has_ts)
    note_stamp (stream, start);

  if (stream->kind == EC_TS_LEAD_AUDIO) {
    if (!stream->has_audio && start->es_offset < EC_TS_PACKET_SIZE)
      stream->has_audio =
          ec_ts_audio_format_parse (&stream->audio, stream->stream_type, packet + start->es_offset,
                                    EC_TS_PACKET_SIZE - start->es_offset);
    if (start->has_ts) {
      stream->window_elapsed = stream->elapsed;
      note_rap (stream);
    }
  } else if (is_video (stream->kind) && start->has_ts && start->es_offset <= EC_TS_PACKET_SIZE) {
    stream->in_window = TRUE;
    stream->window_elapsed = stream->elapsed;
    ec_ts_rap_scanner_init (stream->scanner, stream->kind);
    scan (stream, packet, start->es_offset);
  }
}

void
ec_inspector_take_es (EcInspector *self, EcInspectorPid *pid, const guint8 *packet)
{
  EcInspectorStream *stream = pid->stream;
  EcTsPesStart start;

  if (ec_ts_packet_scrambled (packet)) {
    stream->in_window = FALSE;
    return;
  }
  if (ec_ts_packet_unit_start (packet) && ec_ts_pes_start_parse (&start, packet))
    begin_pes (stream, &start, packet);
  else if (stream->in_window)
    scan (stream, packet, ec_ts_packet_payload_offset (packet));
}

void
ec_inspector_stream_gap (EcInspectorStream *stream)
{
  stream->in_window = FALSE;
}

double
ec_inspector_stream_rate (const EcInspectorStream *stream)
{
  if (stream->n_steps < 5 || stream->elapsed == 0)
    return 0;
  return (double) stream->n_steps * EC_TS_CLOCK_RATE / (double) stream->elapsed;
}

void
ec_inspector_stream_free (EcInspectorStream *stream)
{
  g_free (stream->scanner);
  g_free (stream);
}
