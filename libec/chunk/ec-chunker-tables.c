/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunker-core.h"

/* What is not payload: tables, roles of PIDs, gaps. */

#define ROLES_COUNTED ((guint16) ~EC_CHUNKER_ROLE_NAMES)

/* The PIDs of which most packets need nothing but to be copied. */
static void
mark_plain (EcTsPidState *pids, const EcTsProgram *open)
{
  const guint kept = EC_CHUNKER_ROLE_KEPT | EC_CHUNKER_ROLE_OPEN_KEPT;
  const guint payload = kept | EC_CHUNKER_ROLE_LEAD | EC_CHUNKER_ROLE_OPEN_LEAD;

  for (guint i = 0; i < open->n_kept && open->lead_kind != EC_TS_LEAD_AUDIO; i++) {
    EcTsPidState *state = &pids[open->kept[i]];

    if ((state->roles & kept) == kept && (state->roles & ~payload) == 0)
      state->roles |= EC_CHUNKER_ROLE_PLAIN;
  }
}

void
ec_chunker_core_update_roles (EcChunkerCore *self)
{
  EcTsPidState *pids = self->continuity->pids;
  const EcTsProgram *open = self->builder.record ? self->builder.record->program : NULL;

  for (guint pid = 0; pid < EC_TS_N_PIDS; pid++)
    pids[pid].roles = 0;

  pids[EC_TS_PID_PAT].roles |= EC_CHUNKER_ROLE_PAT;
  pids[EC_TS_PID_SDT].roles |= EC_CHUNKER_ROLE_NAMES;
  if (self->pmt_pid < EC_TS_N_PIDS)
    pids[self->pmt_pid].roles |= EC_CHUNKER_ROLE_PMT;
  if (ec_ts_clock_pid (&self->clock) != EC_TS_PID_TDT)
    pids[EC_TS_PID_PSIP].roles |= EC_CHUNKER_ROLE_CLOCK;
  if (ec_ts_clock_pid (&self->clock) != EC_TS_PID_PSIP)
    pids[EC_TS_PID_TDT].roles |= EC_CHUNKER_ROLE_CLOCK;

  if (self->program) {
    for (guint i = 0; i < self->program->n_kept; i++)
      pids[self->program->kept[i]].roles |= EC_CHUNKER_ROLE_KEPT;
    if (self->program->lead_kind != EC_TS_LEAD_NONE)
      pids[self->program->lead_pid].roles |= EC_CHUNKER_ROLE_LEAD;
  }
  if (open) {
    for (guint i = 0; i < open->n_kept; i++)
      pids[open->kept[i]].roles |= EC_CHUNKER_ROLE_OPEN_KEPT;
    if (open->lead_kind != EC_TS_LEAD_AUDIO)
      pids[open->lead_pid].roles |= EC_CHUNKER_ROLE_OPEN_LEAD;
    mark_plain (pids, open);
  }
}

typedef struct {
  EcChunkerCore *core;
  gboolean found;
  guint pmt_pid;
} PatSearch;

static gboolean
search_pat (gpointer user_data, guint program_number, guint pmt_pid)
{
  PatSearch *search = user_data;

  if (search->core->program_number == 0)
    search->core->program_number = program_number;
  if (search->core->program_number != program_number)
    return TRUE;
  search->found = TRUE;
  search->pmt_pid = pmt_pid;
  return FALSE;
}

static void
on_pat (gpointer user_data, guint pid, const EcTsSection *section)
{
  EcChunkerCore *self = user_data;
  PatSearch search = { .core = self };

  if (section->table_id != 0x00 || !ec_ts_section_is_current (section))
    return;
  self->tsid = section->table_extension;
  ec_ts_pat_foreach (section, search_pat, &search);
  if (search.found && search.pmt_pid != self->pmt_pid) {
    self->pmt_pid = search.pmt_pid;
    ec_ts_section_assembler_init (&self->pmt_sections);
    ec_chunker_core_update_roles (self);
  }
}

static void
on_pmt (gpointer user_data, guint pid, const EcTsSection *section)
{
  EcChunkerCore *self = user_data;
  g_autoptr (EcTsProgram) program = NULL;

  if (section->table_id != 0x02 || section->table_extension != self->program_number)
    return;
  /* The common case, cheaply: the same again. */
  if (self->program && self->program->pmt_pid == pid &&
      self->program->section_size == section->size &&
      memcmp (self->program->section, section->data, section->size) == 0)
    return;
  program = ec_ts_program_new (pid, section);
  if (!program)
    return;

  if (self->candidate.undecided && (self->candidate.program->lead_pid != program->lead_pid ||
                                    self->candidate.program->lead_type != program->lead_type))
    ec_chunker_core_reject_candidate (self);
  g_clear_pointer (&self->program, ec_ts_program_unref);
  self->program = g_steal_pointer (&program);
  self->n_scrambled = 0;
  ec_chunker_core_update_roles (self);
}

static void
on_clock_section (gpointer user_data, guint pid, const EcTsSection *section)
{
  EcChunkerCore *self = user_data;
  EcTsClockKind kind = self->clock.kind;

  ec_ts_clock_section (&self->clock, pid, section, self->pos - 1);
  ec_ts_network_section (&self->network, pid, section);
  if (self->clock.kind != kind)
    ec_chunker_core_update_roles (self);
}

static void
on_names_section (gpointer user_data, guint pid, const EcTsSection *section)
{
  EcChunkerCore *self = user_data;

  ec_ts_network_section (&self->network, pid, section);
}

void
ec_chunker_core_section_packet (EcChunkerCore *self, guint pid, const guint8 *packet)
{
  guint roles = self->continuity->pids[pid].roles;

  if (roles & EC_CHUNKER_ROLE_PAT)
    ec_ts_section_assembler_push (&self->pat_sections, packet, on_pat, self);
  if (roles & EC_CHUNKER_ROLE_PMT)
    ec_ts_section_assembler_push (&self->pmt_sections, packet, on_pmt, self);
  if (roles & EC_CHUNKER_ROLE_CLOCK)
    ec_ts_section_assembler_push (pid == EC_TS_PID_PSIP ? &self->psip_sections
                                                        : &self->tdt_sections,
                                  packet, on_clock_section, self);
  if (roles & EC_CHUNKER_ROLE_NAMES)
    ec_ts_section_assembler_push (&self->sdt_sections, packet, on_names_section, self);
}

static void
drop_sections (EcChunkerCore *self, guint pid)
{
  if (pid == EC_TS_PID_PAT)
    ec_ts_section_assembler_gap (&self->pat_sections);
  if (pid == self->pmt_pid)
    ec_ts_section_assembler_gap (&self->pmt_sections);
  if (pid == EC_TS_PID_PSIP)
    ec_ts_section_assembler_gap (&self->psip_sections);
  if (pid == EC_TS_PID_TDT)
    ec_ts_section_assembler_gap (&self->tdt_sections);
  if (pid == EC_TS_PID_SDT)
    ec_ts_section_assembler_gap (&self->sdt_sections);
}

/* Tells the ledger, once it is known which chunk the latest packets belong to. */
static void
damage (EcChunkerCore *self, guint pid, guint64 first, guint64 last)
{
  EcChunkerPending pending = {
    .is_gap = TRUE,
    .gap = { .pid = (guint16) pid, .first = first, .last = last },
    .event = self->event,
  };
  gboolean counted =
      pid == EC_TS_N_PIDS || (self->continuity->pids[pid].roles & ROLES_COUNTED) != 0;

  /* A PID that is not counted now can only concern chunks that are closed. */
  if (self->candidate.undecided && counted)
    g_array_append_val (self->candidate.pending, pending);
  else
    ec_chunk_ledger_gap (&self->ledger, &pending.gap, pending.event);
}

void
ec_chunker_core_mark (EcChunkerCore *self, guint pid, const guint8 *packet)
{
  EcChunkerPending pending = {
    .mark = {
      .pos = self->pos - 1,
      .pid = (guint16) pid,
      .is_bare = !ec_ts_packet_counts (packet),
      .has_pcr = ec_ts_packet_has_pcr (packet),
    },
  };
  EcChunkMark *mark = &pending.mark;

  if (mark->has_pcr) {
    mark->pcr = ec_ts_packet_pcr (packet);
    mark->has_previous = self->pcrs[pid] != 0;
    mark->previous = self->pcrs[pid] - 1;
    self->pcrs[pid] = mark->pcr + 1;
  } else if (!mark->is_bare) {
    return;
  }

  if (self->candidate.undecided)
    g_array_append_val (self->candidate.pending, pending);
  else
    ec_chunk_ledger_mark (&self->ledger, mark);
}

/* A gap on a counted PID, or on all (EC_TS_N_PIDS). */
static void
take_gap (EcChunkerCore *self, guint pid, guint64 first, guint64 last)
{
  if (self->candidate.undecided &&
      (pid == EC_TS_N_PIDS || pid == self->candidate.program->lead_pid ||
       ++self->candidate.n_gaps > EC_CHUNKER_MAX_CANDIDATE_GAPS))
    ec_chunker_core_reject_candidate (self);
  if (ec_ts_clock_gap (&self->clock, pid, first, last))
    ec_chunk_index_unknown_from (&self->index, first);
  ec_chunk_index_gap (&self->index, first);
  damage (self, pid, first, last);
}

void
ec_chunker_core_gap (EcChunkerCore *self, const EcTsGap *gap, gboolean first, gboolean in_sequence)
{
  gboolean counted = (self->continuity->pids[gap->pid].roles & ROLES_COUNTED) != 0;
  guint64 first_on_all;

  self->event++;
  if (first) {
    damage (self, gap->pid, gap->first, gap->last);
    return;
  }

  if ((counted || in_sequence) && ec_ts_continuity_note_gap (self->continuity, gap, &first_on_all))
    take_gap (self, EC_TS_N_PIDS, first_on_all, gap->last);
  if (counted)
    take_gap (self, gap->pid, gap->first, gap->last);
  else
    damage (self, gap->pid, gap->first, gap->last);
  drop_sections (self, gap->pid);
}

void
ec_chunker_core_gap_on_all (EcChunkerCore *self, guint64 first, guint64 last)
{
  self->event++;
  take_gap (self, EC_TS_N_PIDS, first, last);
}
