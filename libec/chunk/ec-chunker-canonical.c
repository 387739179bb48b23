/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunker-core.h"

#include "ts/ec-ts-tag.h"

/* Canonical input: chunks that were cut already (ECP-0002 §8). */

static void
emit_part (EcChunkerCore *self, gboolean last)
{
  EcChunkerCanonical *canonical = &self->canonical;
  g_autoptr (GBytes) bytes = NULL;

  if (ec_chunk_part_size (&canonical->current) == 0)
    return;
  canonical->hint = ec_chunk_part_size (&canonical->current) * 3 / 2;
  bytes = ec_chunk_part_steal (&canonical->current);
  ec_chunk_record_add_part (canonical->record, bytes);
  self->events.part (self->user_data, canonical->record, bytes, last);
}

/* Where the next chunk's first lead PES start was seen, or will not be. */
static void
settle_previous (EcChunkerCore *self)
{
  EcChunkRecord *previous = self->canonical.previous;

  if (!previous)
    return;
  previous->close_elapsed = self->clock.elapsed;
  previous->awaits_next = FALSE;
  ec_chunk_ledger_settle (&self->ledger, self->continuity, self->clock.elapsed);
  g_clear_pointer (&self->canonical.previous, ec_chunk_record_unref);
}

static void
end_chunk (EcChunkerCore *self)
{
  EcChunkerCanonical *canonical = &self->canonical;

  if (!canonical->record)
    return;
  emit_part (self, TRUE);
  ec_chunk_record_close (canonical->record, self->pos, self->clock.elapsed, FALSE);
  canonical->record->awaits_next = canonical->record->has_pts;
  self->events.closed (self->user_data, canonical->record);
  settle_previous (self);
  canonical->previous = g_steal_pointer (&canonical->record);
  ec_chunk_ledger_settle (&self->ledger, self->continuity, self->clock.elapsed);
}

static gboolean
take_program (gpointer user_data, guint program_number, guint pmt_pid)
{
  EcChunkerCore *self = user_data;

  self->canonical.program_number = program_number;
  self->canonical.pmt_pid = pmt_pid;
  return FALSE;
}

/* The first section that names a program. With a bad CRC it names none (§8). */
static void
on_pat (gpointer user_data, guint pid, const EcTsSection *section)
{
  EcChunkerCore *self = user_data;

  if (section->table_id != 0x00 || !ec_ts_section_is_current (section) ||
      self->canonical.pmt_pid != EC_TS_N_PIDS)
    return;
  self->canonical.tsid = section->table_extension;
  ec_ts_pat_foreach (section, take_program, self);
}

/* The first map of the program that the PAT names; what else comes on its PID is in the head, too. */
static void
on_pmt (gpointer user_data, guint pid, const EcTsSection *section)
{
  EcChunkerCore *self = user_data;
  EcChunkerCanonical *canonical = &self->canonical;

  if (canonical->head_done || section->table_extension != canonical->program_number)
    return;
  canonical->program = ec_ts_program_new (pid, section);
  if (!canonical->program)
    return;
  canonical->record->program = ec_ts_program_ref (canonical->program);
  canonical->head_done = TRUE;
}

static void
begin_chunk (EcChunkerCore *self, const guint8 *packet, guint64 index)
{
  EcChunkerCanonical *canonical = &self->canonical;
  EcTsSectionAssembler pat;
  EcChunkRecord *record;

  end_chunk (self);
  canonical->head_done = FALSE;
  canonical->seen_start = FALSE;
  canonical->pmt_pid = EC_TS_N_PIDS;
  canonical->tsid = 0;
  g_clear_pointer (&canonical->program, ec_ts_program_unref);
  ec_ts_section_assembler_init (&canonical->pmt);
  ec_ts_section_assembler_init (&pat);
  ec_ts_section_assembler_push (&pat, packet, on_pat, self);

  record = ec_chunk_record_new (NULL, self->hashing);
  record->canonical = TRUE;
  record->index = (gint64) MIN (index, (guint64) G_MAXINT64);
  record->timeline = self->timeline;
  record->tsid = (guint16) canonical->tsid;
  record->start = self->pos;
  record->open_elapsed = self->clock.elapsed;
  record->clock_pid = EC_TS_N_PIDS;
  canonical->record = record;
  ec_chunk_ledger_add (&self->ledger, record);
  self->events.opened (self->user_data, record);
}

void
ec_chunker_core_begin_canonical (EcChunkerCore *self)
{
  if (self->candidate.undecided)
    ec_chunker_core_reject_candidate (self);
  ec_chunker_core_close (self, self->pos, self->clock.elapsed, FALSE, NULL);
  ec_chunker_core_reset (self, TRUE);
  self->canonical.active = TRUE;
  self->timeline++;
}

void
ec_chunker_core_end_canonical (EcChunkerCore *self)
{
  end_chunk (self);
  settle_previous (self);
  self->canonical.active = FALSE;
  g_clear_pointer (&self->canonical.program, ec_ts_program_unref);
  ec_chunk_part_clear (&self->canonical.current);
}

/* The lead's time stamps and the ends of parts (§6.3). */
static void
take_lead (EcChunkerCore *self, const guint8 *packet)
{
  EcChunkerCanonical *canonical = &self->canonical;
  EcChunkRecord *record = canonical->record;
  EcTsPesStart start;

  if (!ec_ts_pes_start_parse (&start, packet))
    return;
  if (canonical->seen_start && canonical->program->lead_kind != EC_TS_LEAD_AUDIO)
    emit_part (self, FALSE);
  if (start.has_ts) {
    (void) ec_ts_clock_start (&self->clock, self->pos, start.ts);
    if (!record->has_pts) {
      record->has_pts = TRUE;
      record->pts = start.pts;
      record->open_elapsed = self->clock.elapsed;
      settle_previous (self);
    }
  }
  canonical->seen_start = TRUE;
}

/* More than any chunk may have (§6.4). */
static gboolean
is_full (const EcChunkRecord *record)
{
  return record->n_bytes > EC_CHUNK_MAX_BYTES || record->part_sizes->len >= EC_CHUNK_MAX_PARTS;
}

static void
take_packet (EcChunkerCore *self, const guint8 *packet)
{
  EcChunkerCanonical *canonical = &self->canonical;
  guint pid = ec_ts_packet_pid (packet);
  gboolean in_head = !canonical->head_done;

  if (in_head && pid == canonical->pmt_pid)
    ec_ts_section_assembler_push (&canonical->pmt, packet, on_pmt, self);
  if (canonical->program && pid == canonical->program->lead_pid)
    take_lead (self, packet);
  if (canonical->program && canonical->program->lead_kind == EC_TS_LEAD_AUDIO &&
      canonical->current.n_kept == EC_CHUNK_AUDIO_PACKETS)
    emit_part (self, FALSE);

  if (is_full (canonical->record) ||
      !ec_chunk_part_append_packet (&canonical->current, packet, canonical->hint)) {
    /* Too large to be a part of anything: what follows is for the next tag. */
    end_chunk (self);
    ec_chunk_part_clear (&canonical->current);
  }
  if (in_head)
    canonical->current.n_kept = 0;
}

gsize
ec_chunker_core_take_canonical (EcChunkerCore *self, const guint8 *packets, gsize n, gsize stride)
{
  for (gsize i = 0; i < n; i++) {
    const guint8 *packet = packets + i * stride;
    guint pid = ec_ts_packet_pid (packet);
    guint64 index;

    if (ec_ts_packet_error (packet) || pid == EC_TS_PID_NULL) {
      self->pos++;
      continue;
    }
    if (pid == EC_TS_PID_PAT) {
      if (ec_ts_tag_parse (packet, &index)) {
        begin_chunk (self, packet, index);
      } else {
        ec_chunker_core_end_canonical (self);
        ec_chunker_core_reset (self, FALSE);
        self->timeline++;
        return i;
      }
    }
    if (self->canonical.record)
      take_packet (self, packet);
    self->pos++;
  }
  return n;
}
