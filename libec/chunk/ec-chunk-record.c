/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunk-record.h"

EcChunkRecord *
ec_chunk_record_new (EcTsProgram *program, gboolean hashing)
{
  EcChunkRecord *self = g_new0 (EcChunkRecord, 1);

  g_ref_count_init (&self->ref_count);
  self->program = program ? ec_ts_program_ref (program) : NULL;
  self->end = EC_CHUNK_OPEN_END;
  self->gps_offset = -1;
  self->part_sizes = g_array_sized_new (FALSE, FALSE, sizeof (guint32), 128);
  if (hashing)
    self->hasher = ec_hasher_new ();
  return self;
}

EcChunkRecord *
ec_chunk_record_ref (EcChunkRecord *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
ec_chunk_record_unref (EcChunkRecord *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->program, ec_ts_program_unref);
  g_clear_pointer (&self->hasher, ec_hasher_free);
  g_array_unref (self->part_sizes);
  g_free (self->stream_id);
  g_free (self);
}

void
ec_chunk_record_add_part (EcChunkRecord *self, GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  guint32 part_size = (guint32) size;

  g_array_append_val (self->part_sizes, part_size);
  self->n_bytes += size;
  if (self->hasher)
    ec_hasher_update (self->hasher, data, size);
}

void
ec_chunk_record_close (EcChunkRecord *self, guint64 end, gint64 elapsed, gboolean certain)
{
  g_assert (!ec_chunk_record_is_closed (self));

  self->end = end;
  self->close_elapsed = elapsed;
  self->certain_close = certain;
  if (self->hasher)
    ec_hasher_finish (self->hasher, self->hash);
  g_clear_pointer (&self->hasher, ec_hasher_free);
}

static gboolean
counts (const EcChunkRecord *self, guint pid)
{
  if (pid == EC_TS_N_PIDS || pid == EC_TS_PID_PAT || pid == self->program->pmt_pid)
    return TRUE;
  if (pid == EC_TS_PID_PSIP || pid == EC_TS_PID_TDT)
    return self->clock_pid == EC_TS_N_PIDS || self->clock_pid == pid;
  return ec_ts_program_keeps (self->program, pid);
}

gboolean
ec_chunk_record_is_hit (const EcChunkRecord *self, guint pid, guint64 first, guint64 last)
{
  return !self->canonical && first < self->end && last >= self->start && counts (self, pid);
}
