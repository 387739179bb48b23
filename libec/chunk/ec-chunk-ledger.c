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
hit (EcChunkLedger *self, EcChunkRecord *record)
{
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
ec_chunk_ledger_gap (EcChunkLedger *self, guint pid, guint64 first, guint64 last)
{
  for (GList *l = self->records.tail; l; l = l->prev) {
    EcChunkRecord *record = l->data;

    if (record->end <= first)
      break;
    if (ec_chunk_record_is_hit (record, pid, first, last))
      hit (self, record);
  }
}

/* Whether every kept PID that has packets in the chunk had one behind it. */
static gboolean
all_shown (const EcChunkRecord *record, const EcTsContinuity *continuity)
{
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
  return !continuity || record->canonical || elapsed - record->close_elapsed > SETTLE_TIME ||
         all_shown (record, continuity);
}

void
ec_chunk_ledger_settle (EcChunkLedger *self, const EcTsContinuity *continuity, gint64 elapsed)
{
  while (self->unsettled && is_ready (self->unsettled->data, continuity, elapsed)) {
    EcChunkRecord *record = self->unsettled->data;

    self->unsettled = self->unsettled->next;
    record->settled = TRUE;
    record->clean = record->certain_open && record->certain_close && record->damaged == 0;
    self->events->settled (self->user_data, record);
  }
}
