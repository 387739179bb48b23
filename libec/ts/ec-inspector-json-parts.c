/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

/* The members of the JSON object that are lists; described at ec_inspector_to_json(). */

#define MAX_PROGRAMS_OF_A_PID 32

void
ec_inspector_build_int (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

void
ec_inspector_build_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
build_rate (EcInspector *self, JsonBuilder *builder, guint64 packets)
{
  json_builder_set_member_name (builder, "bit_rate");
  if (ec_inspector_bit_rate (self) > 0)
    json_builder_add_int_value (builder, (gint64) ec_inspector_share_rate (self, packets));
  else
    json_builder_add_null_value (builder);
}

static void
build_spread (JsonBuilder *builder, const char *name, const EcTsSpread *spread, gint64 millisecond)
{
  json_builder_set_member_name (builder, name);
  if (spread->n == 0) {
    json_builder_add_null_value (builder);
    return;
  }
  json_builder_begin_object (builder);
  ec_inspector_build_int (builder, "count", spread->n);
  ec_inspector_build_int (builder, "min", (guint64) (spread->min / millisecond));
  ec_inspector_build_int (builder, "median",
                          (guint64) (ec_ts_spread_median (spread) / millisecond));
  ec_inspector_build_int (builder, "max", (guint64) (spread->max / millisecond));
  json_builder_end_object (builder);
}

static void
build_ratio (JsonBuilder *builder, const char *name, guint num, guint den, char between)
{
  g_autofree char *text = num ? g_strdup_printf ("%u%c%u", num, between, den) : NULL;

  ec_inspector_build_string (builder, name, text);
}

static void
build_video (JsonBuilder *builder, const EcTsVideoFormat *video)
{
  json_builder_set_member_name (builder, "video");
  json_builder_begin_object (builder);
  ec_inspector_build_int (builder, "width", video->width);
  ec_inspector_build_int (builder, "height", video->height);
  ec_inspector_build_string (builder, "scan",
                             video->scan == EC_TS_SCAN_INTERLACED    ? "interlaced"
                             : video->scan == EC_TS_SCAN_PROGRESSIVE ? "progressive"
                                                                     : NULL);
  build_ratio (builder, "frame_rate", video->rate_num, video->rate_den, '/');
  build_ratio (builder, "aspect", video->aspect_num, video->aspect_den, ':');
  ec_inspector_build_string (builder, "profile", video->profile[0] ? video->profile : NULL);
  json_builder_end_object (builder);
}

static void
build_audio (JsonBuilder *builder, const EcTsAudioFormat *audio)
{
  json_builder_set_member_name (builder, "audio");
  json_builder_begin_object (builder);
  ec_inspector_build_string (builder, "codec", audio->codec);
  ec_inspector_build_int (builder, "sample_rate", audio->sample_rate);
  ec_inspector_build_int (builder, "channels", audio->channels);
  ec_inspector_build_string (builder, "layout", audio->layout);
  ec_inspector_build_int (builder, "bit_rate", audio->bit_rate);
  json_builder_end_object (builder);
}

static void
build_stamps (JsonBuilder *builder, const EcInspectorStream *stream)
{
  json_builder_set_member_name (builder, "pts");
  json_builder_begin_object (builder);
  ec_inspector_build_int (builder, "first", stream->first_pts);
  ec_inspector_build_int (builder, "last", stream->last_pts);
  ec_inspector_build_int (builder, "wraps", stream->n_wraps);
  ec_inspector_build_int (builder, "jumps", stream->n_jumps);
  json_builder_end_object (builder);
}

static void
build_stream (EcInspector *self,
              JsonBuilder *builder,
              const EcTsProgram *map,
              const EcTsStream *stream)
{
  const EcInspectorPid *pid = self->pids[stream->pid];
  const EcInspectorStream *seen = pid ? pid->stream : NULL;
  char language[4];

  json_builder_begin_object (builder);
  ec_inspector_build_int (builder, "pid", stream->pid);
  ec_inspector_build_int (builder, "type", stream->stream_type);
  ec_inspector_build_string (builder, "codec", ec_ts_stream_type_name (map, stream));
  ec_inspector_build_string (builder, "language",
                             ec_inspector_language (map, stream, language) ? language : NULL);
  build_rate (self, builder, pid ? pid->n_packets : 0);
  if (seen && seen->has_video)
    build_video (builder, &seen->video);
  if (seen && seen->has_audio)
    build_audio (builder, &seen->audio);
  if (seen && seen->n_stamped > 0)
    build_stamps (builder, seen);
  json_builder_end_object (builder);
}

static void
build_names (EcInspector *self, JsonBuilder *builder, guint number)
{
  const EcInspectorName *name = g_hash_table_lookup (self->names, GUINT_TO_POINTER (number));
  g_autofree char *channel = NULL;

  if (name && name->minor)
    channel = g_strdup_printf ("%u.%u", name->major, name->minor);
  else if (name && name->major)
    channel = g_strdup_printf ("%u", name->major);
  ec_inspector_build_string (builder, "name", name ? name->name : NULL);
  ec_inspector_build_string (builder, "provider", name ? name->provider : NULL);
  ec_inspector_build_string (builder, "channel", channel);
}

static void
build_map (EcInspector *self, JsonBuilder *builder, const EcInspectorProgram *program)
{
  const EcTsProgram *map = program->map;
  const EcInspectorStream *lead = ec_inspector_lead (self, program);
  gboolean scrambled = FALSE;

  for (guint i = 0; i < map->n_streams; i++) {
    const EcInspectorPid *pid = self->pids[map->streams[i].pid];

    scrambled = scrambled || (pid && pid->n_scrambled > 0);
  }
  ec_inspector_build_int (builder, "pmt_version", map->version);
  ec_inspector_build_int (builder, "pcr_pid", map->pcr_pid);
  json_builder_set_member_name (builder, "scrambled");
  json_builder_add_boolean_value (builder, scrambled);
  json_builder_set_member_name (builder, "lead_pid");
  if (map->lead_kind != EC_TS_LEAD_NONE)
    json_builder_add_int_value (builder, map->lead_pid);
  else
    json_builder_add_null_value (builder);

  json_builder_set_member_name (builder, "streams");
  json_builder_begin_array (builder);
  for (guint i = 0; i < map->n_streams; i++)
    build_stream (self, builder, map, &map->streams[i]);
  json_builder_end_array (builder);

  json_builder_set_member_name (builder, "raps");
  if (lead) {
    json_builder_begin_object (builder);
    ec_inspector_build_int (builder, "count", lead->n_raps);
    build_spread (builder, "interval_ms", &lead->rap_interval, EC_TS_CLOCK_RATE / 1000);
    json_builder_end_object (builder);
  } else {
    json_builder_add_null_value (builder);
  }
}

void
ec_inspector_build_programs (EcInspector *self, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "programs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->programs->len; i++) {
    const EcInspectorProgram *program = &g_array_index (self->programs, EcInspectorProgram, i);
    g_autofree char *reason = ec_inspector_why_no_stream_id (self, program);
    g_autofree char *id = NULL;

    if (!ec_inspector_wants (self, program))
      continue;
    if (!reason)
      id = ec_ts_network_dup_stream_id (&self->network, self->clock.clock.kind, self->tsid,
                                        program->number);
    json_builder_begin_object (builder);
    ec_inspector_build_int (builder, "program", program->number);
    build_names (self, builder, program->number);
    ec_inspector_build_int (builder, "pmt_pid", program->pmt_pid);
    ec_inspector_build_int (builder, "pmt_changes", program->n_changes);
    if (program->map)
      build_map (self, builder, program);
    ec_inspector_build_string (builder, "stream_id", id);
    ec_inspector_build_string (builder, "stream_id_reason", reason);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}

static void
build_pcr (JsonBuilder *builder, const EcInspectorPcr *pcr)
{
  json_builder_set_member_name (builder, "pcr");
  json_builder_begin_object (builder);
  ec_inspector_build_int (builder, "count", pcr->n);
  ec_inspector_build_int (builder, "max_interval_ms",
                          (guint64) (pcr->max_interval / EC_INSPECTOR_PCR_MILLISECOND));
  ec_inspector_build_int (builder, "late", pcr->n_late);
  ec_inspector_build_int (builder, "discontinuities", pcr->n_discontinuities);
  ec_inspector_build_int (builder, "announced", pcr->n_flagged);
  json_builder_end_object (builder);
}

static void
build_pid (EcInspector *self,
           JsonBuilder *builder,
           guint number,
           const guint16 *programs,
           guint n_programs)
{
  const EcInspectorPid *pid = self->pids[number];

  json_builder_begin_object (builder);
  ec_inspector_build_int (builder, "pid", number);
  ec_inspector_build_string (builder, "role", ec_inspector_role_name (pid->role));
  ec_inspector_build_string (builder, "name", pid->name);
  json_builder_set_member_name (builder, "programs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < n_programs; i++)
    json_builder_add_int_value (builder, programs[i]);
  json_builder_end_array (builder);
  ec_inspector_build_int (builder, "packets", pid->n_packets);
  build_rate (self, builder, pid->n_packets);
  ec_inspector_build_int (builder, "continuity_errors", pid->n_gaps);
  ec_inspector_build_int (builder, "announced_discontinuities", pid->n_flagged);
  ec_inspector_build_int (builder, "duplicates", pid->n_duplicates);
  ec_inspector_build_int (builder, "transport_errors", pid->n_errors);
  ec_inspector_build_int (builder, "scrambled", pid->n_scrambled);
  ec_inspector_build_int (builder, "checksum_errors", pid->n_crc_errors);
  if (pid->pcr)
    build_pcr (builder, pid->pcr);
  json_builder_end_object (builder);
}

void
ec_inspector_build_pids (EcInspector *self, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "pids");
  json_builder_begin_array (builder);
  for (guint number = 0; number < EC_TS_N_PIDS; number++) {
    const EcInspectorPid *pid = self->pids[number];
    guint16 programs[MAX_PROGRAMS_OF_A_PID];
    guint n;

    if (!pid || pid->n_packets == 0)
      continue;
    n = ec_inspector_programs_of (self, number, programs, G_N_ELEMENTS (programs));
    if (self->program_number != 0 && n == 0)
      continue;
    build_pid (self, builder, number, programs, n);
  }
  json_builder_end_array (builder);
}

void
ec_inspector_build_tables (EcInspector *self, JsonBuilder *builder)
{
  g_autoptr (GPtrArray) tables = ec_inspector_sorted_tables (self);

  json_builder_set_member_name (builder, "tables");
  json_builder_begin_array (builder);
  for (guint i = 0; i < tables->len; i++) {
    const EcInspectorTable *table = g_ptr_array_index (tables, i);

    json_builder_begin_object (builder);
    ec_inspector_build_int (builder, "pid", table->pid);
    ec_inspector_build_int (builder, "table_id", table->table_id);
    ec_inspector_build_string (builder, "name",
                               ec_inspector_table_name (table->pid, table->table_id));
    ec_inspector_build_int (builder, "sections", table->n_sections);
    build_spread (builder, "interval_ms", table->interval, EC_INSPECTOR_PCR_MILLISECOND);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
}
