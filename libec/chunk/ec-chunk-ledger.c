/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunk-ledger.h"

#define SETTLE_TIME EC_TS_CLOCK_RATE

void
ec_chunk_ledger_init (EcChunkLedger *self, const EcChunkLedgerEvents *events, gpointer user_data)
{
  self->events = events;
  self->user_data = user_data;
  g_queue_init (&self->records);
  self->unsettled = NULL;
}

void
ec_chunk_ledger_clear (EcChunkLedger *self)
{
  g_queue_clear_full (&self->records, (GDestroyNotify) ec_chunk_record_unref);
  self->unsettled = NULL;
}

void
ec_chunk_ledger_add (EcChunkLedger *self, EcChunkRecord *record)
{
  g_queue_push_tail (&self->records, ec_chunk_record_ref (record));
  if (!self->unsettled)
    self->unsettled = self->records.tail;

  while (self->records.length > EC_CHUNK_LEDGER_MAX) {
    EcChunkRecord *oldest = g_queue_peek_head (&self->records);

    if (!oldest->settled)
      break;
    ec_chunk_record_unref (g_queue_pop_head (&self->records));
  }
}

static void
hit (EcChunkLedger *self, EcChunkRecord *record, guint64 event)
{
  if (record->last_charge == event)
    return;
  record->last_charge = event;
  record->damaged++;
  if (record->damaged > 1)
    return;
  if (!record->settled) {
    self->events->damaged (self->user_data, record);
  } else if (record->clean) {
    record->clean = FALSE;
    self->events->revoked (self->user_data, record);
  }
}

void
ec_chunk_ledger_gap (EcChunkLedger *self, const EcTsGap *gap, guint64 event)
{
  for (GList *l = self->records.tail; l; l = l->prev) {
    EcChunkRecord *record = l->data;

    if (record->end <= gap->first)
      break;
    if (ec_chunk_record_is_hit (record, gap->pid, gap->first, gap->last))
      hit (self, record, event);
  }
}

void
ec_chunk_ledger_mark (EcChunkLedger *self, const EcChunkMark *mark)
{
  for (GList *l = self->records.tail; l; l = l->prev) {
    EcChunkRecord *record = l->data;

    if (record->settled)
      break;
    if (!record->canonical && record->start <= mark->pos &&
        ec_ts_program_keeps (record->program, mark->pid))
      ec_chunk_pcr_mark (&record->pcr, mark, record->program->pcr_pid, mark->pos < record->end);
  }
}

/* Whether every kept PID that has packets in the chunk had one behind it, and a PCR is, if it matters. */
static gboolean
all_shown (const EcChunkRecord *record, const EcTsContinuity *continuity)
{
  if (record->pcr.n_bare > 0 && !record->pcr.complete)
    return FALSE;
  for (guint i = 0; i < record->program->n_kept; i++) {
    const EcTsPidState *state = &continuity->pids[record->program->kept[i]];

    if (state->seen && state->pos >= record->start && state->pos < record->end)
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_ready (const EcChunkRecord *record, const EcTsContinuity *continuity, gint64 elapsed)
{
  if (!ec_chunk_record_is_closed (record))
    return FALSE;
  if (record->canonical)
    return !record->awaits_next;
  return elapsed - record->close_elapsed >= SETTLE_TIME || all_shown (record, continuity);
}

static void
settle (EcChunkLedger *self, EcChunkRecord *record, gboolean ready)
{
  self->unsettled = self->unsettled->next;
  record->settled = TRUE;
  record->clean = ready && record->certain_open && record->certain_close && record->damaged == 0 &&
                  ec_chunk_pcr_is_even (&record->pcr);
  self->events->settled (self->user_data, record);
}

void
ec_chunk_ledger_settle (EcChunkLedger *self, const EcTsContinuity *continuity, gint64 elapsed)
{
  while (self->unsettled && is_ready (self->unsettled->data, continuity, elapsed))
    settle (self, self->unsettled->data, TRUE);
}

void
ec_chunk_ledger_limit (EcChunkLedger *self, const EcTsContinuity *continuity, gint64 elapsed)
{
  const EcChunkRecord *open = g_queue_peek_tail (&self->records);
  guint n_behind = 0;

  g_assert (open && !ec_chunk_record_is_closed (open));

  for (GList *l = self->records.tail; l != self->unsettled; l = l->prev)
    n_behind++;
  for (; n_behind > EC_CHUNK_LEDGER_WAITING; n_behind--)
    settle (self, self->unsettled->data, is_ready (self->unsettled->data, continuity, elapsed));
}

void
ec_chunk_ledger_finish (EcChunkLedger *self, const EcTsContinuity *continuity, gint64 elapsed)
{
  gboolean held_up = FALSE;

  while (self->unsettled) {
    EcChunkRecord *record = self->unsettled->data;
    gboolean ready = !held_up && is_ready (record, continuity, elapsed);

    g_assert (ec_chunk_record_is_closed (record));
    /* The word on this one has not come, so neither has that on those behind it. */
    if (!ready && record->certain_open && record->certain_close && record->damaged == 0)
      held_up = TRUE;
    settle (self, record, ready);
  }
}
