/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunker-core.h"
#include "chunk/ec-stream-id-private.h"

/* The lead: PES starts, candidates, openings (ECP-0002 §3, §5, §6). */

static void
apply_pending (EcChunkerCore *self)
{
  GArray *array = self->candidate.pending;

  for (guint i = 0; i < array->len; i++) {
    const EcChunkerPending *pending = &g_array_index (array, EcChunkerPending, i);

    if (pending->is_gap)
      ec_chunk_ledger_gap (&self->ledger, &pending->gap, pending->event);
    else
      ec_chunk_ledger_mark (&self->ledger, &pending->mark);
  }
  g_array_set_size (array, 0);
}

static void
clear_candidate (EcChunkerCore *self)
{
  EcChunkerCandidate *candidate = &self->candidate;

  candidate->undecided = FALSE;
  candidate->own_part = FALSE;
  ec_chunk_part_clear (&candidate->part);
  g_clear_pointer (&candidate->program, ec_ts_program_unref);
}

void
ec_chunker_core_reject_candidate (EcChunkerCore *self)
{
  gboolean has_roles = self->candidate.own_part && self->candidate.program != self->program;

  clear_candidate (self);
  if (has_roles)
    ec_chunker_core_update_roles (self);
  apply_pending (self);
  if (self->builder.holding && !ec_chunk_builder_release (&self->builder))
    ec_chunker_core_abandon (self);
}

void
ec_chunker_core_close (
    EcChunkerCore *self, guint64 end, gint64 elapsed, gboolean certain, EcChunkPart *rest)
{
  g_autoptr (EcChunkRecord) record = g_steal_pointer (&self->builder.record);

  if (!record)
    return;
  self->builder.record = ec_chunk_record_ref (record);
  ec_chunk_builder_end (&self->builder, rest);
  ec_chunk_record_close (record, end, elapsed, certain);
  self->events.closed (self->user_data, record);
}

void
ec_chunker_core_abandon (EcChunkerCore *self)
{
  EcTsGap gap = { .pid = EC_TS_N_PIDS, .first = self->pos - 1, .last = self->pos - 1 };

  if (self->candidate.undecided) {
    clear_candidate (self);
    apply_pending (self);
  }
  ec_chunk_ledger_gap (&self->ledger, &gap, ++self->event);
  ec_chunker_core_close (self, self->pos, self->clock.elapsed, FALSE, NULL);
  ec_chunker_core_update_roles (self);
}

typedef struct {
  guint64 pos;
  gint64 elapsed;
  guint64 pts;
  guint tsid;
  guint clock_pid;
  EcTsNetwork network;
  gboolean moving; /* the PMT is looked for elsewhere than the one in force came from */
  const EcTsClockSample *sample;
  EcTsProgram *program;
} Opening;

static void
open_chunk (EcChunkerCore *self,
            const EcChunkOpening *decision,
            const Opening *opening,
            EcChunkPart *own_part)
{
  gboolean certain = decision->certain && !opening->moving;
  const EcTsProgram *before = self->builder.record ? self->builder.record->program : NULL;
  g_autoptr (EcTsProgram) kept_before = before ? ec_ts_program_ref ((EcTsProgram *) before) : NULL;
  g_autoptr (EcChunkRecord) record = NULL;
  EcChunkPart first = { 0 };
  gboolean ok;

  ec_chunker_core_close (self, opening->pos, opening->elapsed, certain, own_part ? NULL : &first);
  if (own_part) {
    first = *own_part;
    first.n_kept = 0;
    *own_part = (EcChunkPart){ 0 };
  }

  record = ec_chunk_record_new (opening->program, self->hashing);
  record->index = decision->index;
  record->timeline = self->timeline;
  record->has_clock = TRUE;
  record->synced = opening->sample->synced;
  record->clock = opening->sample->value;
  record->gps_offset = opening->sample->gps_offset;
  record->local_time = self->clock.kind == EC_TS_CLOCK_ISDB;
  record->has_pts = TRUE;
  record->pts = opening->pts;
  record->open_elapsed = opening->elapsed;
  record->start = opening->pos;
  record->tsid = (guint16) opening->tsid;
  record->clock_pid = opening->clock_pid;
  record->certain_open = certain;
  if (record->synced)
    record->stream_id = ec_stream_id_for_broadcast (self->clock.kind, &opening->network,
                                                    record->tsid, record->program->program_number);

  ec_chunk_ledger_add (&self->ledger, record);
  self->events.opened (self->user_data, record);
  ok = ec_chunk_builder_open (&self->builder, record, &first);
  apply_pending (self);
  ec_chunk_ledger_limit (&self->ledger, self->continuity, self->clock.elapsed);
  if (kept_before != record->program)
    ec_chunker_core_update_roles (self);
  if (!ok)
    ec_chunker_core_abandon (self);
}

static void
candidate_is_rap (EcChunkerCore *self)
{
  EcChunkerCandidate *candidate = &self->candidate;
  EcChunkOpening decision = ec_chunk_index_rap (&self->index);
  g_autoptr (EcTsProgram) program = ec_ts_program_ref (candidate->program);
  Opening opening = {
    .pos = candidate->pos,
    .elapsed = candidate->elapsed,
    .pts = candidate->pts,
    .tsid = candidate->tsid,
    .clock_pid = candidate->clock_pid,
    .network = candidate->network,
    .moving = candidate->moving,
    .sample = &candidate->sample,
    .program = program,
  };

  if (!decision.opens) {
    ec_chunker_core_reject_candidate (self);
    return;
  }
  candidate->undecided = FALSE;
  open_chunk (self, &decision, &opening, candidate->own_part ? &candidate->part : NULL);
  clear_candidate (self);
}

static void
feed_candidate (EcChunkerCore *self, const guint8 *es, gsize size)
{
  switch (ec_ts_rap_scanner_push (&self->candidate.scanner, es, size)) {
  case EC_TS_RAP_YES:
    candidate_is_rap (self);
    break;
  case EC_TS_RAP_NO:
    ec_chunker_core_reject_candidate (self);
    break;
  case EC_TS_RAP_UNDECIDED:
  default:
    break;
  }
}

/* A video PES start that may be a RAP. `boundary`: a part of the open chunk ends here in any case. */
static void
begin_candidate (EcChunkerCore *self,
                 const guint8 *packet,
                 const EcTsPesStart *start,
                 const EcTsClockSample *sample,
                 gboolean boundary)
{
  EcChunkerCandidate *candidate = &self->candidate;
  const EcChunkRecord *open = self->builder.record;

  candidate->undecided = TRUE;
  candidate->n_gaps = 0;
  candidate->own_part = !open || !ec_ts_program_equal (open->program, self->program);
  candidate->pos = self->pos - 1;
  candidate->pts = start->pts;
  candidate->tsid = self->tsid;
  candidate->clock_pid = ec_ts_clock_pid (&self->clock);
  candidate->network = self->network;
  candidate->moving = self->pmt_pid != self->program->pmt_pid;
  candidate->sample = *sample;
  candidate->elapsed = self->clock.elapsed;
  candidate->program = ec_ts_program_ref (self->program);
  ec_ts_rap_scanner_init (&candidate->scanner, self->program->lead_kind);
  if (open)
    ec_chunk_builder_hold (&self->builder, boundary);
  feed_candidate (self, packet + start->es_offset, EC_TS_PACKET_SIZE - start->es_offset);
}

static void
take_audio_rap (EcChunkerCore *self, const EcTsPesStart *start, const EcTsClockSample *sample)
{
  EcChunkOpening decision = ec_chunk_index_rap (&self->index);
  EcChunkPart none = { 0 };
  g_autoptr (EcTsProgram) program = ec_ts_program_ref (self->program);
  Opening opening = {
    .pos = self->pos - 1,
    .elapsed = self->clock.elapsed,
    .pts = start->pts,
    .tsid = self->tsid,
    .clock_pid = ec_ts_clock_pid (&self->clock),
    .network = self->network,
    .moving = self->pmt_pid != self->program->pmt_pid,
    .sample = sample,
    .program = program,
  };

  if (decision.opens)
    open_chunk (self, &decision, &opening, &none);
}

/* A PES start on the lead PID of the PMT in force. */
static void
take_start (EcChunkerCore *self, const guint8 *packet, const EcTsPesStart *start, gboolean boundary)
{
  EcTsClockSample sample = { 0 };
  gboolean is_audio = self->program->lead_kind == EC_TS_LEAD_AUDIO;
  gboolean may_open;

  if (start->has_ts) {
    sample = ec_ts_clock_start (&self->clock, self->pos - 1, start->ts);
    if (sample.fresh)
      self->timeline++;
    if (sample.has_value)
      ec_chunk_index_start (&self->index, self->pos - 1, &sample);
    ec_chunk_ledger_settle (&self->ledger, self->continuity, self->clock.elapsed);
  }
  may_open = sample.has_value && start->es_offset <= EC_TS_PACKET_SIZE;

  if (may_open && !is_audio) {
    begin_candidate (self, packet, start, &sample, boundary);
    return;
  }
  if (may_open) {
    guint64 opened = self->builder.record ? self->builder.record->start : 0;

    take_audio_rap (self, start, &sample);
    if (self->builder.record && self->builder.record->start != opened)
      return;
  }
  if (boundary)
    ec_chunk_builder_boundary (&self->builder);
}

void
ec_chunker_core_lead_packet (EcChunkerCore *self, guint roles, const guint8 *packet)
{
  gboolean is_lead = (roles & EC_CHUNKER_ROLE_LEAD) != 0;
  EcChunkerCandidate *candidate = &self->candidate;
  EcTsPesStart start;
  gboolean is_start = ec_ts_packet_unit_start (packet) && ec_ts_pes_start_parse (&start, packet);
  guint offset;

  if (is_lead && ec_ts_packet_scrambled (packet))
    self->n_scrambled++;
  else if (is_lead)
    self->n_scrambled = 0;

  if (is_lead && candidate->undecided) {
    offset = ec_ts_packet_payload_offset (packet);
    if (is_start || (offset < EC_TS_PACKET_SIZE && ec_ts_packet_scrambled (packet)))
      ec_chunker_core_reject_candidate (self);
    else if (offset < EC_TS_PACKET_SIZE)
      feed_candidate (self, packet + offset, EC_TS_PACKET_SIZE - offset);
  }

  if (is_start) {
    gboolean boundary =
        (self->continuity->pids[ec_ts_packet_pid (packet)].roles & EC_CHUNKER_ROLE_OPEN_LEAD) != 0;

    if (is_lead)
      take_start (self, packet, &start, boundary);
    else if (boundary)
      ec_chunk_builder_boundary (&self->builder);
  }
}
