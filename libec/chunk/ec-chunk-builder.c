/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunk-builder.h"

static void
clear_part (gpointer data)
{
  ec_chunk_part_clear (data);
}

void
ec_chunk_builder_init (EcChunkBuilder *self, EcChunkPartFunc func, gpointer user_data)
{
  *self = (EcChunkBuilder){ .func = func, .user_data = user_data };
  self->held = g_array_new (FALSE, FALSE, sizeof (EcChunkPart));
  g_array_set_clear_func (self->held, clear_part);
}

static void
reset (EcChunkBuilder *self)
{
  g_clear_pointer (&self->record, ec_chunk_record_unref);
  ec_chunk_part_clear (&self->current);
  g_array_set_size (self->held, 0);
  self->holding = FALSE;
}

void
ec_chunk_builder_clear (EcChunkBuilder *self)
{
  reset (self);
  g_clear_pointer (&self->held, g_array_unref);
}

static void
emit (EcChunkBuilder *self, EcChunkPart *part, gboolean last)
{
  g_autoptr (GBytes) bytes = NULL;

  g_assert (ec_chunk_part_size (part) > 0);

  /* Video frames come in sizes that vary; half as much again avoids most second allocations. */
  self->hint = ec_chunk_part_size (part) * 3 / 2;
  bytes = ec_chunk_part_steal (part);
  ec_chunk_record_add_part (self->record, bytes);
  self->func (self->user_data, self->record, bytes, last);
}

static void
hold_current (EcChunkBuilder *self)
{
  g_array_append_val (self->held, self->current);
  self->current = (EcChunkPart){ 0 };
}

gboolean
ec_chunk_builder_open (EcChunkBuilder *self, EcChunkRecord *record, EcChunkPart *first)
{
  gsize size = ec_chunk_head_size (record->program);
  guint8 *head;

  g_assert (!self->record);

  self->record = ec_chunk_record_ref (record);
  self->is_audio = record->program->lead_kind == EC_TS_LEAD_AUDIO;
  self->current = *first;
  *first = (EcChunkPart){ 0 };
  head = ec_chunk_part_prepend (&self->current, size);
  if (!head)
    return FALSE;
  ec_chunk_head_write (head, record->program, record->tsid, (guint64) record->index);
  return TRUE;
}

gboolean
ec_chunk_builder_append_run (EcChunkBuilder *self, const guint8 *packets, gsize n)
{
  EcChunkPart *part = &self->current;

  g_assert (!self->is_audio && !self->holding);

  if (ec_chunk_builder_is_full (self, n * EC_TS_PACKET_SIZE))
    return FALSE;
  while (n > 0) {
    gsize room = (part->capacity - part->end) / EC_TS_PACKET_SIZE;
    gsize now = MIN (n, room);

    if (now == 0) {
      if (!ec_chunk_part_grow (part, self->hint))
        return FALSE;
      continue;
    }
    memcpy (part->base + part->end, packets, now * EC_TS_PACKET_SIZE);
    part->end += now * EC_TS_PACKET_SIZE;
    part->n_kept += now;
    packets += now * EC_TS_PACKET_SIZE;
    n -= now;
  }
  return TRUE;
}

void
ec_chunk_builder_boundary (EcChunkBuilder *self)
{
  if (self->holding)
    hold_current (self);
  else
    emit (self, &self->current, FALSE);
}

void
ec_chunk_builder_hold (EcChunkBuilder *self, gboolean boundary)
{
  guint n_kept = self->current.n_kept;

  g_assert (!self->holding);

  if (self->is_audio && n_kept == EC_CHUNK_AUDIO_PACKETS)
    boundary = TRUE;
  self->holding = TRUE;
  self->split = !boundary;
  hold_current (self);
  if (self->split)
    self->current.n_kept = n_kept;
}

gboolean
ec_chunk_builder_release (EcChunkBuilder *self)
{
  gboolean ok = TRUE;

  g_assert (self->holding);

  self->holding = FALSE;
  if (self->split) {
    EcChunkPart *before = &g_array_index (self->held, EcChunkPart, 0);
    EcChunkPart *after =
        self->held->len > 1 ? &g_array_index (self->held, EcChunkPart, 1) : &self->current;
    guint n_kept = after->n_kept;

    ok = ec_chunk_part_append_part (before, after);
    before->n_kept = n_kept;
    ec_chunk_part_clear (after);
    *after = *before;
    *before = (EcChunkPart){ 0 };
  }

  for (guint i = self->split ? 1 : 0; i < self->held->len; i++)
    emit (self, &g_array_index (self->held, EcChunkPart, i), FALSE);
  g_array_set_size (self->held, 0);
  return ok && !ec_chunk_builder_is_full (self, 0);
}

void
ec_chunk_builder_end (EcChunkBuilder *self, EcChunkPart *rest)
{
  EcChunkPart *last = self->holding ? &g_array_index (self->held, EcChunkPart, 0) : &self->current;

  if (ec_chunk_part_size (last) > 0)
    emit (self, last, TRUE);
  if (rest && self->holding) {
    g_assert (self->held->len == 1);
    *rest = self->current;
    rest->n_kept = 0;
    self->current = (EcChunkPart){ 0 };
  }
  reset (self);
}
