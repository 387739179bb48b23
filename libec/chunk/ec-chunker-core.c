/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunker-core.h"

#include <string.h>

#include "base/ec-error.h"
#include "ts/ec-ts-tag.h"

/* §4.7 */
#define PROBE_PACKETS 65536
#define PROBE_ELAPSED (3 * EC_TS_CLOCK_RATE)

#define ROLES_SECTIONS                                                                             \
  (EC_CHUNKER_ROLE_PAT | EC_CHUNKER_ROLE_PMT | EC_CHUNKER_ROLE_CLOCK | EC_CHUNKER_ROLE_NAMES)

#define ROLES_KEPT                                                                                 \
  (EC_CHUNKER_ROLE_KEPT | EC_CHUNKER_ROLE_OPEN_KEPT | EC_CHUNKER_ROLE_CANDIDATE_KEPT)

/* What is not plain payload of the program: TRUE when the packet is to be dropped. */
static gboolean
take_irregular (EcChunkerCore *self, guint pid, const guint8 *packet, guint64 pos)
{
  EcTsPidState *state = &self->continuity->pids[pid];
  gboolean in_sequence = state->in_sequence >= EC_TS_SEQUENCE;
  EcTsGap gap;
  EcTsContinuityResult result =
      ec_ts_continuity_irregular (self->continuity, pid, packet, pos, self->counted_pos, &gap);

  if (result & EC_TS_CONTINUITY_GAP)
    ec_chunker_core_gap (self, &gap, (result & EC_TS_CONTINUITY_FIRST) != 0, in_sequence);
  if (result & EC_TS_CONTINUITY_DROP)
    return TRUE;
  /* A PID's first packet came without a gap as far as anyone knows. */
  state->in_sequence = result & EC_TS_CONTINUITY_GAP && !(result & EC_TS_CONTINUITY_FIRST) ? 0 : 1;
  return FALSE;
}

static void
take_counted (EcChunkerCore *self, guint pid, guint roles, const guint8 *packet)
{
  if (G_UNLIKELY (roles & ROLES_SECTIONS))
    ec_chunker_core_section_packet (self, pid, packet);
  if (roles & (EC_CHUNKER_ROLE_LEAD | EC_CHUNKER_ROLE_OPEN_LEAD)) {
    ec_chunker_core_lead_packet (self, roles, packet);
    /* It may have opened a chunk with another map. */
    roles = self->continuity->pids[pid].roles;
  }
  if (G_UNLIKELY ((packet[3] & 0x30) != 0x10) && (roles & ROLES_KEPT))
    ec_chunker_core_mark (self, pid, packet);
  if ((roles & EC_CHUNKER_ROLE_OPEN_KEPT) && !ec_chunk_builder_append (&self->builder, packet))
    ec_chunker_core_abandon (self);
  if (G_UNLIKELY (self->candidate.own_part) && ec_ts_program_keeps (self->candidate.program, pid) &&
      !ec_chunk_part_append_packet (&self->candidate.part, packet, 0))
    ec_chunker_core_reject_candidate (self);
}

/*
 * As many packets from the first on as only have to be copied to the open chunk: no table, no PES
 * start, no adaptation field, no gap, nothing undecided. They are, in one go. Most packets are such.
 */
static gsize
take_plain (EcChunkerCore *self, const guint8 *packets, gsize n)
{
  EcTsContinuity *continuity = self->continuity;
  gsize i;

  for (i = 0; i < n; i++) {
    const guint8 *packet = packets + i * EC_TS_PACKET_SIZE;
    EcTsPidState *state = &continuity->pids[ec_ts_packet_pid (packet)];

    if (!(state->roles & EC_CHUNKER_ROLE_PLAIN) || (packet[1] & 0xc0) != 0 ||
        (packet[3] & 0xf0) != 0x10 || !ec_ts_pid_state_is_regular (state, packet))
      break;
    ec_ts_pid_state_count (state);
    ec_ts_continuity_take (continuity, state, packet, self->pos + i);
  }
  if (i == 0)
    return 0;

  self->pos += i;
  self->counted_pos = self->pos - 1;
  self->n_scrambled = 0;
  if (!ec_chunk_builder_append_run (&self->builder, packets, i))
    ec_chunker_core_abandon (self);
  return i;
}

/* Returns how many packets were used: fewer than `n` where canonical input begins. */
static gsize
take_packets (EcChunkerCore *self, const guint8 *packets, gsize n, gsize stride)
{
  EcTsContinuity *continuity = self->continuity;
  gsize i;

  for (i = 0; i < n; i++) {
    const guint8 *packet = packets + i * stride;
    guint pid = ec_ts_packet_pid (packet);
    guint64 pos = self->pos;
    EcTsPidState *state = &continuity->pids[pid];
    guint64 index;

    if ((state->roles & EC_CHUNKER_ROLE_PLAIN) && stride == EC_TS_PACKET_SIZE &&
        !self->candidate.undecided) {
      gsize n_plain = take_plain (self, packet, n - i);

      if (n_plain > 0) {
        i += n_plain - 1;
        continue;
      }
    }

    self->pos = pos + 1;
    if (G_UNLIKELY (ec_ts_packet_error (packet))) {
      ec_chunker_core_gap_on_all (self, pos, pos);
      continue;
    }
    if (pid == EC_TS_PID_NULL)
      continue;
    if (G_UNLIKELY (pid == EC_TS_PID_PAT) && ec_ts_tag_parse (packet, &index)) {
      self->pos = pos;
      break;
    }

    if (G_LIKELY (ec_ts_pid_state_is_regular (state, packet)))
      ec_ts_pid_state_count (state);
    else if (take_irregular (self, pid, packet, pos))
      continue;
    ec_ts_continuity_take (continuity, state, packet, pos);

    if (state->roles) {
      if (G_LIKELY (state->roles & EC_CHUNKER_ROLES_COUNTED))
        self->counted_pos = pos;
      take_counted (self, pid, state->roles, packet);
    }
  }

  ec_ts_continuity_end_block (continuity);
  return i;
}

static void
end_probe (EcChunkerCore *self)
{
  self->probing = FALSE;
  g_clear_pointer (&self->probed, g_byte_array_unref);
  g_clear_pointer (&self->probed_losses, g_array_unref);
}

static void
take_loss (EcChunkerCore *self)
{
  if (self->pos > 0)
    ec_chunker_core_gap_on_all (self, self->pos - 1, self->pos - 1);
}

/* There is no broadcast clock: the same input once more, by time stamps. */
static void
probe_again (EcChunkerCore *self)
{
  g_autoptr (GByteArray) probed = g_steal_pointer (&self->probed);
  g_autoptr (GArray) losses = g_steal_pointer (&self->probed_losses);
  gsize done = 0, n = probed->len / EC_TS_PACKET_SIZE;

  ec_chunker_core_reset (self, TRUE);
  end_probe (self);

  for (guint i = 0; i <= losses->len; i++) {
    gsize end = i < losses->len ? g_array_index (losses, guint64, i) : n;

    if (i > 0)
      take_loss (self);
    if (end > done)
      take_packets (self, probed->data + done * EC_TS_PACKET_SIZE, end - done, EC_TS_PACKET_SIZE);
    done = end;
  }
}

/* One packet while it is not known whether there is a broadcast clock (§4.7). */
static gsize
probe_packet (EcChunkerCore *self, const guint8 *packet)
{
  gsize used = take_packets (self, packet, 1, EC_TS_PACKET_SIZE);

  if (used == 0)
    return 0;
  g_byte_array_append (self->probed, packet, EC_TS_PACKET_SIZE);
  if (ec_ts_clock_is_synced (&self->clock))
    end_probe (self);
  else if (self->clock.elapsed > PROBE_ELAPSED || self->pos >= PROBE_PACKETS)
    probe_again (self);
  return used;
}

static void
on_packets (gpointer user_data, const guint8 *packets, gsize n, gsize stride)
{
  EcChunkerCore *self = user_data;

  while (n > 0) {
    gsize used;

    if (self->canonical.active) {
      used = ec_chunker_core_take_canonical (self, packets, n, stride);
    } else {
      gsize wanted = self->probing ? 1 : n;

      used = self->probing ? probe_packet (self, packets) : take_packets (self, packets, n, stride);
      if (used < wanted)
        ec_chunker_core_begin_canonical (self);
    }
    packets += used * stride;
    n -= used;
  }
}

static void
on_lost (gpointer user_data)
{
  EcChunkerCore *self = user_data;

  if (self->canonical.active)
    return;
  take_loss (self);
  if (self->probing)
    g_array_append_val (self->probed_losses, self->pos);
}

static const EcTsFramerEvents framer_events = { on_packets, on_lost };

static void
on_damaged (gpointer user_data, EcChunkRecord *record)
{
  EcChunkerCore *self = user_data;

  self->events.ledger.damaged (self->user_data, record);
}

static void
on_settled (gpointer user_data, EcChunkRecord *record)
{
  EcChunkerCore *self = user_data;

  if (record->clean && record->index > self->last_claimed && record->stream_id)
    self->last_claimed = record->index;
  else
    g_clear_pointer (&record->stream_id, g_free);
  self->events.ledger.settled (self->user_data, record);
}

static void
on_revoked (gpointer user_data, EcChunkRecord *record)
{
  EcChunkerCore *self = user_data;

  self->events.ledger.revoked (self->user_data, record);
}

static const EcChunkLedgerEvents ledger_events = { on_damaged, on_settled, on_revoked };

EcChunkerCore *
ec_chunker_core_new (const EcChunkerEvents *events,
                     gpointer user_data,
                     guint program_number,
                     gboolean hashing)
{
  EcChunkerCore *self = g_new0 (EcChunkerCore, 1);

  self->events = *events;
  self->user_data = user_data;
  self->wanted_program = program_number;
  self->hashing = hashing;
  self->last_claimed = -1;
  self->continuity = ec_ts_continuity_new ();
  self->candidate.pending = g_array_new (FALSE, FALSE, sizeof (EcChunkerPending));
  ec_ts_framer_init (&self->framer, &framer_events, self);
  ec_chunk_builder_init (&self->builder, events->part, user_data);
  ec_chunk_ledger_init (&self->ledger, &ledger_events, self);
  ec_chunker_core_reset (self, FALSE);
  return self;
}

void
ec_chunker_core_free (EcChunkerCore *self)
{
  end_probe (self);
  ec_chunk_part_clear (&self->candidate.part);
  g_clear_pointer (&self->candidate.program, ec_ts_program_unref);
  g_array_unref (self->candidate.pending);
  ec_chunk_part_clear (&self->canonical.current);
  g_clear_pointer (&self->canonical.record, ec_chunk_record_unref);
  g_clear_pointer (&self->canonical.previous, ec_chunk_record_unref);
  g_clear_pointer (&self->canonical.program, ec_ts_program_unref);
  ec_chunk_builder_clear (&self->builder);
  ec_chunk_ledger_clear (&self->ledger);
  g_clear_pointer (&self->program, ec_ts_program_unref);
  ec_ts_continuity_free (self->continuity);
  g_free (self);
}

/* As at the beginning of an input. */
void
ec_chunker_core_reset (EcChunkerCore *self, gboolean unsynced)
{
  ec_chunk_ledger_finish (&self->ledger, self->continuity, self->clock.elapsed);
  ec_chunk_ledger_clear (&self->ledger);
  g_assert (!self->builder.record && !self->candidate.undecided);

  ec_ts_continuity_reset (self->continuity);
  self->pos = 0;
  self->counted_pos = 0;
  ec_ts_section_assembler_init (&self->pat_sections);
  ec_ts_section_assembler_init (&self->pmt_sections);
  ec_ts_section_assembler_init (&self->psip_sections);
  ec_ts_section_assembler_init (&self->tdt_sections);
  ec_ts_section_assembler_init (&self->sdt_sections);
  self->has_pat = FALSE;
  self->tsid = 0;
  self->program_number = self->wanted_program;
  self->pmt_pid = EC_TS_N_PIDS;
  g_clear_pointer (&self->program, ec_ts_program_unref);
  self->network = (EcTsNetwork){ 0 };
  memset (self->pcrs, 0, sizeof self->pcrs);
  ec_ts_clock_init (&self->clock, unsynced);
  ec_chunk_index_init (&self->index);
  self->n_scrambled = 0;
  end_probe (self);
  if (!unsynced) {
    self->probing = TRUE;
    self->probed = g_byte_array_new ();
    self->probed_losses = g_array_new (FALSE, FALSE, sizeof (guint64));
  }
  ec_chunker_core_update_roles (self);
}

void
ec_chunker_core_push (EcChunkerCore *self, const guint8 *data, gsize size)
{
  ec_ts_framer_push (&self->framer, data, size);
}

void
ec_chunker_core_discontinuity (EcChunkerCore *self)
{
  ec_ts_framer_discontinuity (&self->framer);
}

void
ec_chunker_core_finish (EcChunkerCore *self)
{
  ec_ts_framer_finish (&self->framer);
  if (self->canonical.active)
    ec_chunker_core_end_canonical (self);
  if (self->probing)
    probe_again (self);
  if (self->candidate.undecided)
    ec_chunker_core_reject_candidate (self);
  ec_chunker_core_close (self, self->pos, self->clock.elapsed, FALSE, NULL);
  ec_chunk_ledger_finish (&self->ledger, self->continuity, self->clock.elapsed);
}

/* Why nothing is being chunked. */
typedef enum {
  OK,
  NO_PACKETS,
  NO_PROGRAM,
  NO_MAP,
  NO_LEAD,
  SCRAMBLED,
  NO_START, /* no lead PES began */
  NO_CLOCK,
  NO_RAP,
} Reason;

static Reason
get_reason (const EcChunkerCore *self)
{
  if (self->canonical.active || self->builder.record)
    return OK;
  if (self->framer.n_packets == 0)
    return NO_PACKETS;
  if (self->pmt_pid == EC_TS_N_PIDS)
    return NO_PROGRAM;
  if (!self->program)
    return NO_MAP;
  if (self->program->lead_kind == EC_TS_LEAD_NONE)
    return NO_LEAD;
  if (self->n_scrambled > 0)
    return SCRAMBLED;
  if (!self->clock.has_start)
    return NO_START;
  if (!self->clock.last.has_value)
    return NO_CLOCK;
  return self->index.has_rap ? OK : NO_RAP;
}

gboolean
ec_chunker_core_check (const EcChunkerCore *self, GError **error)
{
  guint program = self->program_number;

  switch (get_reason (self)) {
  case NO_PACKETS:
    g_set_error_literal (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NOT_TS,
                         self->framer.n_skipped || self->framer.buffered
                             ? "This is not an MPEG transport stream."
                             : "The stream is empty.");
    return FALSE;
  case NO_PROGRAM:
    if (self->wanted_program)
      g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NO_PROGRAM,
                   "The stream has no program %u. “ec inspect” lists what it has.",
                   self->wanted_program);
    else
      g_set_error_literal (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NO_PROGRAM,
                           "The stream lists no program (no PAT was found).");
    return FALSE;
  case NO_MAP:
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NO_PROGRAM,
                 "The stream lists program %u, but never says what it is made of (no PMT was "
                 "found).",
                 program);
    return FALSE;
  case NO_LEAD:
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NO_LEAD,
                 "Program %u has neither video nor audio of a kind that can be chunked.", program);
    return FALSE;
  case SCRAMBLED:
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_SCRAMBLED,
                 "Program %u is scrambled; it cannot be chunked.", program);
    return FALSE;
  case NO_START:
  case NO_RAP:
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_FAILED,
                 "Program %u has no point where decoding can start; the recording may be too "
                 "short.",
                 program);
    return FALSE;
  case NO_CLOCK:
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_FAILED,
                 "Program %u began, but its clock is not known yet.", program);
    return FALSE;
  case OK:
  default:
    return TRUE;
  }
}
