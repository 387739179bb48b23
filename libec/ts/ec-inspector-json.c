/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

/* The report for programs. */

static void
build_network (EcInspector *self, JsonBuilder *builder)
{
  const EcTsNetwork *network = &self->network;

  json_builder_set_member_name (builder, "network");
  json_builder_begin_object (builder);
  if (network->has_vct)
    ec_inspector_build_int (builder, "vct_tsid", network->vct_tsid);
  if (network->has_sdt) {
    ec_inspector_build_int (builder, "sdt_tsid", network->sdt_tsid);
    ec_inspector_build_int (builder, "onid", network->sdt_onid);
  }
  if (self->has_network) {
    ec_inspector_build_int (builder, "network_id", self->network_id);
    ec_inspector_build_string (builder, "name", self->network_name);
  }
  json_builder_set_member_name (builder, "ca_systems");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->n_ca_systems; i++)
    json_builder_add_int_value (builder, self->ca_systems[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static void
build_clock (EcInspector *self, JsonBuilder *builder)
{
  const EcInspectorClock *clock = &self->clock;
  g_autofree char *first = ec_inspector_format_utc (clock->first_utc);
  g_autofree char *last = ec_inspector_format_utc (clock->last_utc);

  json_builder_set_member_name (builder, "clock");
  if (clock->n == 0) {
    json_builder_add_null_value (builder);
    return;
  }
  json_builder_begin_object (builder);
  ec_inspector_build_string (builder, "kind", ec_ts_clock_kind_name (clock->clock.kind));
  ec_inspector_build_int (builder, "tables", clock->n);
  ec_inspector_build_string (builder, "first_utc", first);
  ec_inspector_build_string (builder, "last_utc", last);
  if (clock->clock.kind == EC_TS_CLOCK_ATSC)
    ec_inspector_build_int (builder, "gps_utc_offset", clock->clock.gps_offset);
  if (clock->n_measured > 1) {
    json_builder_set_member_name (builder, "jitter_ms");
    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "min");
    json_builder_add_int_value (builder, clock->min_jitter / EC_INSPECTOR_PCR_MILLISECOND);
    json_builder_set_member_name (builder, "max");
    json_builder_add_int_value (builder, clock->max_jitter / EC_INSPECTOR_PCR_MILLISECOND);
    json_builder_end_object (builder);
  }
  ec_inspector_build_int (builder, "steps", clock->n_steps);
  json_builder_end_object (builder);
}

static void
build_canonical (EcInspector *self, JsonBuilder *builder)
{
  const EcInspectorCanonical *canonical = &self->canonical;

  json_builder_set_member_name (builder, "canonical");
  if (canonical->n == 0) {
    json_builder_add_null_value (builder);
    return;
  }
  json_builder_begin_object (builder);
  ec_inspector_build_int (builder, "chunks", canonical->n);
  ec_inspector_build_int (builder, "first_index", canonical->first);
  ec_inspector_build_int (builder, "last_index", canonical->last);
  ec_inspector_build_int (builder, "missing", canonical->n_skipped);
  ec_inspector_build_int (builder, "packets_before", canonical->first_pos);
  json_builder_end_object (builder);
}

static void
build_totals (EcInspector *self, JsonBuilder *builder)
{
  guint64 gaps = 0, duplicates = 0, scrambled = 0;

  for (guint pid = 0; pid < EC_TS_N_PIDS; pid++) {
    if (!self->pids[pid])
      continue;
    gaps += self->pids[pid]->n_gaps;
    duplicates += self->pids[pid]->n_duplicates;
    scrambled += self->pids[pid]->n_scrambled;
  }
  ec_inspector_build_int (builder, "continuity_errors", gaps);
  ec_inspector_build_int (builder, "transport_errors", self->n_transport_errors);
  ec_inspector_build_int (builder, "duplicates", duplicates);
  ec_inspector_build_int (builder, "scrambled_packets", scrambled);
  ec_inspector_build_int (builder, "sync_losses", self->framer.n_sync_losses);
  ec_inspector_build_int (builder, "skipped_bytes", self->framer.n_skipped);
  ec_inspector_build_int (builder, "source_losses", self->n_reported_losses);
}

static void
build_stream (EcInspector *self, JsonBuilder *builder)
{
  gboolean by_pcr;
  gint64 length = ec_inspector_length (self, &by_pcr);
  int constant = ec_inspector_is_constant (self);

  ec_inspector_build_int (builder, "stride", self->stride);
  ec_inspector_build_int (builder, "bytes", self->n_bytes);
  ec_inspector_build_int (builder, "packets", self->framer.n_packets);
  ec_inspector_build_int (builder, "null_packets", self->pids[EC_TS_PID_NULL]->n_packets);
  json_builder_set_member_name (builder, "duration_ms");
  if (length > 0)
    json_builder_add_int_value (builder, length / EC_INSPECTOR_PCR_MILLISECOND);
  else
    json_builder_add_null_value (builder);
  ec_inspector_build_string (builder, "duration_by", length == 0 ? NULL : by_pcr ? "pcr" : "pts");
  json_builder_set_member_name (builder, "bit_rate");
  if (ec_inspector_bit_rate (self) > 0)
    json_builder_add_int_value (builder, (gint64) ec_inspector_bit_rate (self));
  else
    json_builder_add_null_value (builder);
  json_builder_set_member_name (builder, "constant_rate");
  if (constant >= 0)
    json_builder_add_boolean_value (builder, constant);
  else
    json_builder_add_null_value (builder);
}

/**
 * ec_inspector_to_json:
 * @self: an inspector
 *
 * The report as one JSON object, without line breaks. Members are only ever added. Rates are in bit/s,
 * times in milliseconds unless their name says else, time stamps in ticks of 90 kHz; what is not known is
 * null.
 *
 * - stride, bytes, packets, null_packets, duration_ms, duration_by ("pcr", "pts"), bit_rate,
 *   constant_rate: of the whole stream
 * - continuity_errors, transport_errors, duplicates (legal ones), scrambled_packets, sync_losses,
 *   skipped_bytes, source_losses
 * - tsid: of the PAT; network: { vct_tsid, sdt_tsid, onid, network_id, name, ca_systems }
 * - clock: null, or { kind ("atsc", "dvb", "isdb"), tables, first_utc, last_utc, gps_utc_offset, jitter_ms:
 *   { min, max } against the PCR, steps }. An ISDB clock shows the local time of the broadcaster.
 * - canonical: null, or { chunks, first_index, last_index, missing, packets_before } of canonical chunks
 * - programs: [ { program, name, provider, channel ("5.1"), pmt_pid, pmt_version, pmt_changes, pcr_pid,
 *   scrambled, lead_pid, streams, raps, stream_id, stream_id_reason } ]; stream_id is the
 *   broadcast-scoped name that the tables allow, else stream_id_reason says why there is none
 * - a program's streams: [ { pid, type, codec, language, bit_rate, video, audio, pts } ] with video:
 *   { width, height, scan, frame_rate ("30000/1001"), aspect ("16:9"), profile }, audio: { codec,
 *   sample_rate, channels, layout, bit_rate }, pts: { first, last, wraps, jumps }
 * - a program's raps, of its lead: { count, interval_ms: { count, min, median, max } }
 * - pids: [ { pid, role ("table", "PMT", "video", "audio", "data", "PCR", "null", "unreferenced"), name,
 *   programs, packets, bit_rate, continuity_errors, announced_discontinuities, duplicates,
 *   transport_errors, scrambled, checksum_errors, pcr } ] with pcr: { count, max_interval_ms, late,
 *   discontinuities, announced }
 * - tables: [ { pid, table_id, name, sections, interval_ms } ], the interval being that of one section's
 *   repetitions
 * - warnings: sentences for people
 *
 * Returns: (transfer full): the JSON text
 */
char *
ec_inspector_to_json (EcInspector *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GPtrArray) warnings = NULL;

  g_return_val_if_fail (EC_IS_INSPECTOR (self), NULL);

  warnings = ec_inspector_warnings (self);
  json_builder_begin_object (builder);
  build_stream (self, builder);
  build_totals (self, builder);
  json_builder_set_member_name (builder, "tsid");
  if (self->has_pat)
    json_builder_add_int_value (builder, self->tsid);
  else
    json_builder_add_null_value (builder);
  build_network (self, builder);
  build_clock (self, builder);
  build_canonical (self, builder);
  ec_inspector_build_programs (self, builder);
  ec_inspector_build_pids (self, builder);
  ec_inspector_build_tables (self, builder);
  json_builder_set_member_name (builder, "warnings");
  json_builder_begin_array (builder);
  for (guint i = 0; i < warnings->len; i++)
    json_builder_add_string_value (builder, g_ptr_array_index (warnings, i));
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}
