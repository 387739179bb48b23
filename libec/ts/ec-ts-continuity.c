/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-continuity.h"

#include <string.h>

#define PCR_BEGIN 6
#define PCR_END 12

EcTsContinuity *
ec_ts_continuity_new (void)
{
  EcTsContinuity *self = g_new0 (EcTsContinuity, 1);

  self->block = 1;
  return self;
}

void
ec_ts_continuity_free (EcTsContinuity *self)
{
  for (guint i = 0; i < EC_TS_N_PIDS; i++)
    g_free (self->copies[i]);
  g_free (self);
}

void
ec_ts_continuity_reset (EcTsContinuity *self)
{
  for (guint i = 0; i < EC_TS_N_PIDS; i++)
    self->pids[i] = (EcTsPidState){ .roles = self->pids[i].roles };
  self->n_touched = 0;
  self->block++;
  self->n_gaps = 0;
  self->next_gap = 0;
}

void
ec_ts_continuity_touch (EcTsContinuity *self, guint pid)
{
  self->pids[pid].block = self->block;
  self->touched[self->n_touched++] = (guint16) pid;
}

void
ec_ts_continuity_end_block (EcTsContinuity *self)
{
  for (guint i = 0; i < self->n_touched; i++) {
    guint pid = self->touched[i];
    EcTsPidState *state = &self->pids[pid];

    if (!self->copies[pid])
      self->copies[pid] = g_malloc (EC_TS_PACKET_SIZE);
    if (state->previous != self->copies[pid])
      memcpy (self->copies[pid], state->previous, EC_TS_PACKET_SIZE);
    state->previous = self->copies[pid];
  }
  self->n_touched = 0;
  self->block++;
}

/* §1.6: equal in every byte but the PCR's. `*same_pcr` says whether in those too. */
static gboolean
equals_previous (const EcTsPidState *state, const guint8 *packet, gboolean *same_pcr)
{
  const guint8 *previous = state->previous;

  if (!ec_ts_packet_counts (packet) || !ec_ts_packet_counts (previous) ||
      ec_ts_packet_counter (packet) != state->counter)
    return FALSE;
  *same_pcr = memcmp (packet, previous, EC_TS_PACKET_SIZE) == 0;
  if (*same_pcr)
    return TRUE;
  return ec_ts_packet_has_pcr (packet) && ec_ts_packet_has_pcr (previous) &&
         memcmp (packet, previous, PCR_BEGIN) == 0 &&
         memcmp (packet + PCR_END, previous + PCR_END, EC_TS_PACKET_SIZE - PCR_END) == 0;
}

EcTsContinuityResult
ec_ts_continuity_irregular (EcTsContinuity *self,
                            guint pid,
                            const guint8 *packet,
                            guint64 pos,
                            guint64 counted_pos,
                            EcTsGap *gap)
{
  EcTsPidState *state = &self->pids[pid];
  gboolean same_pcr;

  *gap = (EcTsGap){ .pid = (guint16) pid, .first = state->pos, .last = pos - 1 };

  if (!state->seen) {
    state->seen = TRUE;
    gap->first = 0;
    return pos == 0 ? EC_TS_CONTINUITY_OK : EC_TS_CONTINUITY_GAP | EC_TS_CONTINUITY_FIRST;
  }

  if (state->duplicated_pos != state->pos + 1 && equals_previous (state, packet, &same_pcr)) {
    state->duplicated_pos = state->pos + 1;
    return same_pcr && counted_pos <= state->pos ? EC_TS_CONTINUITY_DROP
                                                 : EC_TS_CONTINUITY_DROP | EC_TS_CONTINUITY_GAP;
  }

  return EC_TS_CONTINUITY_GAP;
}

gboolean
ec_ts_continuity_note_gap (EcTsContinuity *self, const EcTsGap *gap, guint64 *first)
{
  gboolean found = FALSE;

  for (guint back = 1; back <= self->n_gaps; back++) {
    const EcTsGap *other = &self->gaps[(self->next_gap + EC_TS_MAX_GAPS - back) % EC_TS_MAX_GAPS];
    guint64 later;

    /* They were found in order, so their last positions only fall on the way back. */
    if (other->last < gap->first)
      break;
    if (other->pid == gap->pid || other->first > gap->last)
      continue;
    later = MAX (other->first, gap->first);
    *first = found ? MIN (*first, later) : later;
    found = TRUE;
  }

  self->gaps[self->next_gap] = *gap;
  self->next_gap = (self->next_gap + 1) % EC_TS_MAX_GAPS;
  self->n_gaps = MIN (self->n_gaps + 1, EC_TS_MAX_GAPS);
  return found;
}
