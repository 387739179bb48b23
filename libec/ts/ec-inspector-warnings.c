/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

/* What is wrong with a stream, in sentences that say what it means. */

static void warn (EcInspector *self, GPtrArray *list, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
warn (EcInspector *self, GPtrArray *list, const char *format, ...)
{
  va_list args;

  if (list->len == EC_INSPECTOR_MAX_WARNINGS)
    g_ptr_array_add (list, g_strdup ("There is more of this kind."));
  if (list->len > EC_INSPECTOR_MAX_WARNINGS)
    return;
  va_start (args, format);
  g_ptr_array_add (list, g_strdup_vprintf (format, args));
  va_end (args);
}

static const char *
plural (guint64 n)
{
  return n == 1 ? "" : "s";
}

static void
warn_of_framing (EcInspector *self, GPtrArray *list)
{
  guint64 skipped = self->framer.n_skipped;
  guint64 losses = self->framer.n_sync_losses;
  g_autofree char *times = ec_inspector_format_times (losses);
  g_autofree char *source_times = ec_inspector_format_times (self->n_reported_losses);

  if (losses > 0)
    warn (self, list,
          "Sync was lost %s: bytes were lost or put in (%" G_GUINT64_FORMAT " skipped).", times,
          skipped);
  else if (skipped > self->stride - EC_TS_PACKET_SIZE)
    warn (self, list,
          "%" G_GUINT64_FORMAT " byte%s at the beginning or the end belong%s to no packet.",
          skipped, plural (skipped), skipped == 1 ? "s" : "");
  if (self->n_reported_losses > 0)
    warn (self, list, "The source lost bytes %" G_GUINT64_FORMAT " time%s.",
          self->n_reported_losses, plural (self->n_reported_losses));
  if (self->n_transport_errors > 0)
    warn (self, list,
          "%" G_GUINT64_FORMAT " packet%s damaged when received (transport_error_indicator): "
          "reception is poor.",
          self->n_transport_errors, self->n_transport_errors == 1 ? " was" : "s were");
}

static void
warn_of_tables (EcInspector *self, GPtrArray *list)
{
  if (!self->has_pat)
    warn (self, list, "No PAT was found: the stream does not say which programs it has.");
  else if (self->programs->len == 0)
    warn (self, list, "The PAT lists no programs.");
  if (self->n_tsid_changes > 0)
    warn (self, list, "The transport_stream_id changes: these are parts of several multiplexes.");
  if (self->programs->len == EC_INSPECTOR_MAX_PROGRAMS)
    warn (self, list, "Only the first %u programs are looked at.", EC_INSPECTOR_MAX_PROGRAMS);
}

/* Whether the report, which may be about one program, is about this PID. */
static gboolean
concerns (EcInspector *self, guint pid)
{
  const EcInspectorPid *state = self->pids[pid];
  guint16 number;

  if (self->program_number == 0 || state->role == EC_INSPECTOR_ROLE_TABLE)
    return TRUE;
  return ec_inspector_programs_of (self, pid, &number, 1) > 0;
}

static void
warn_of_pcr (EcInspector *self, GPtrArray *list, guint pid, const EcInspectorPcr *pcr)
{
  g_autofree char *jumps = ec_inspector_format_times (pcr->n_discontinuities);
  g_autofree char *late = ec_inspector_format_times (pcr->n_late);

  if (pcr->n_discontinuities > 0)
    warn (
        self, list,
        "PID 0x%04x: its PCR jumps %s without being announced: something was cut out, or the clock "
        "is bad.",
        pid, jumps);
  if (pcr->n_late > 0)
    warn (self, list,
          "PID 0x%04x: PCRs are up to %" G_GINT64_FORMAT
          " ms apart; %s more than the 100 ms allowed.",
          pid, pcr->max_interval / EC_INSPECTOR_PCR_MILLISECOND, late);
}

static void
warn_of_pid (EcInspector *self, GPtrArray *list, guint pid)
{
  const EcInspectorPid *state = self->pids[pid];
  const EcInspectorStream *stream = state->stream;
  const char *what = state->name ? state->name : ec_inspector_role_name (state->role);

  if (!concerns (self, pid))
    return;
  if (state->n_gaps > 0)
    warn (self, list,
          "PID 0x%04x (%s): %" G_GUINT64_FORMAT
          " continuity error%s: packets were lost on the way.",
          pid, what, state->n_gaps, plural (state->n_gaps));
  if (state->n_crc_errors > 0)
    warn (self, list, "PID 0x%04x (%s): %" G_GUINT64_FORMAT " section%s with a wrong checksum.",
          pid, what, state->n_crc_errors, plural (state->n_crc_errors));
  if (stream && stream->n_jumps > 0) {
    g_autofree char *times = ec_inspector_format_times (stream->n_jumps);

    warn (self, list, "PID 0x%04x (%s): its time stamps jump %s.", pid, what, times);
  }
  if (stream && stream->n_formats > 1)
    warn (self, list, "PID 0x%04x (%s): its picture format changes.", pid, what);
  if (state->pcr)
    warn_of_pcr (self, list, pid, state->pcr);
}

static gboolean
is_empty (EcInspector *self, guint pid)
{
  return !self->pids[pid] || self->pids[pid]->n_packets == 0;
}

static void
warn_of_streams (EcInspector *self, GPtrArray *list, const EcInspectorProgram *program)
{
  const EcTsProgram *map = program->map;
  const EcInspectorStream *lead = ec_inspector_lead (self, program);
  guint64 n_scrambled = 0, n_packets = 0;

  for (guint i = 0; i < map->n_streams; i++) {
    guint pid = map->streams[i].pid;

    if (is_empty (self, pid))
      continue;
    n_scrambled += self->pids[pid]->n_scrambled;
    n_packets += self->pids[pid]->n_packets;
  }
  for (guint i = 0; i < map->n_streams && n_packets > 0; i++) {
    guint pid = map->streams[i].pid;

    if (is_empty (self, pid) && self->pids[pid]->stream)
      warn (self, list, "Program %u: nothing was sent of its %s (PID 0x%04x).", program->number,
            ec_ts_stream_type_name (map, &map->streams[i]), pid);
  }

  if (n_packets == 0)
    warn (self, list, "Program %u: nothing was sent of it.", program->number);
  else if (ec_inspector_is_scrambled (self, program))
    warn (self, list, "Program %u is scrambled: it can be received, but not watched.",
          program->number);
  else if (n_scrambled > 0)
    warn (self, list,
          "Program %u is partly scrambled: %" G_GUINT64_FORMAT " of its %" G_GUINT64_FORMAT
          " packets.",
          program->number, n_scrambled, n_packets);
  else if (map->lead_kind == EC_TS_LEAD_NONE)
    warn (self, list, "Program %u has neither video nor audio that can be shared.",
          program->number);
  else if (lead && lead->n_pes > 0 && lead->n_raps == 0)
    warn (self, list,
          "Program %u has no point where decoding can start; the recording may be too short.",
          program->number);
}

static void
warn_of_program (EcInspector *self, GPtrArray *list, const EcInspectorProgram *program)
{
  if (!program->map) {
    warn (self, list,
          "Program %u is listed, but nothing says what it is made of (no PMT was found).",
          program->number);
    return;
  }
  warn_of_streams (self, list, program);
  if (program->map->pcr_pid != EC_TS_PID_NULL &&
      (is_empty (self, program->map->pcr_pid) || !self->pids[program->map->pcr_pid]->pcr) &&
      program->map->lead_kind != EC_TS_LEAD_NONE && !is_empty (self, program->map->lead_pid))
    warn (self, list, "Program %u has no PCR on the PID that is to carry it (0x%04x).",
          program->number, program->map->pcr_pid);
}

GPtrArray *
ec_inspector_warnings (EcInspector *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);

  warn_of_framing (self, list);
  warn_of_tables (self, list);
  for (guint i = 0; i < self->programs->len; i++) {
    const EcInspectorProgram *program = &g_array_index (self->programs, EcInspectorProgram, i);

    if (ec_inspector_wants (self, program))
      warn_of_program (self, list, program);
  }
  if (self->clock.n_steps > 0) {
    g_autofree char *times = ec_inspector_format_times (self->clock.n_steps);

    warn (self, list, "The broadcast clock steps %s.", times);
  }
  for (guint pid = 0; pid < EC_TS_N_PIDS; pid++) {
    if (!is_empty (self, pid) && pid != EC_TS_PID_NULL)
      warn_of_pid (self, list, pid);
  }
  return list;
}

static const char *
why_no_claim (EcInspector *self, EcTsClaim claim)
{
  gboolean is_atsc = self->clock.clock.kind == EC_TS_CLOCK_ATSC;

  switch (claim) {
  case EC_TS_CLAIM_NO_CLOCK:
    return "the stream has no broadcast clock (STT, TDT or TOT)";
  case EC_TS_CLAIM_NO_TABLE:
    return is_atsc ? "the stream has no VCT that names its multiplex"
                   : "the stream has no SDT that names its network";
  case EC_TS_CLAIM_TSID_DIFFERS:
    return is_atsc ? "PAT and VCT differ in their transport_stream_id"
                   : "PAT and SDT differ in their transport_stream_id";
  case EC_TS_CLAIM_TSID_RESERVED:
    return "the station has no transport_stream_id of its own";
  case EC_TS_CLAIM_NETWORK_RESERVED:
    return "the original_network_id is not that of one network";
  case EC_TS_CLAIM_OK:
  default:
    return NULL;
  }
}

char *
ec_inspector_why_no_stream_id (EcInspector *self, const EcInspectorProgram *program)
{
  const EcTsProgram *map = program->map;

  if (self->canonical.n > 0)
    return g_strdup ("chunks do not say it; their manifests do");
  if (!map)
    return g_strdup ("the program has no PMT");
  if (map->lead_kind == EC_TS_LEAD_NONE)
    return g_strdup ("the program has neither video nor audio that can be shared");
  if (ec_inspector_is_scrambled (self, program))
    return g_strdup ("the program is scrambled");
  return g_strdup (why_no_claim (
      self, ec_ts_network_check (&self->network, self->clock.clock.kind, self->tsid)));
}
