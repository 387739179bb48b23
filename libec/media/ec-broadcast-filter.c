/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-filter.h"

#include <string.h>

static void
add_pid (EcBroadcastFilter *self, guint pid)
{
  self->pids[pid / 64] |= G_GUINT64_CONSTANT (1) << pid % 64;
}

void
ec_broadcast_filter_init_mux (EcBroadcastFilter *self, const EcBroadcast *broadcast)
{
  memset (self, 0, sizeof *self);
  self->broadcast = broadcast;
  memset (self->pids, 0xff, sizeof self->pids);
}

void
ec_broadcast_filter_init_program (EcBroadcastFilter *self,
                                  const EcBroadcast *broadcast,
                                  const EcStationProgram *program,
                                  gboolean keep_psip)
{
  memset (self, 0, sizeof *self);
  self->broadcast = broadcast;
  self->pat = ec_broadcast_make_program_pat (program, ec_broadcast_get_tsid (broadcast));
  add_pid (self, EC_PID_PAT);
  add_pid (self, program->pmt_pid);
  for (guint i = 0; i < program->n_streams; i++)
    add_pid (self, program->streams[i].pid);
  if (keep_psip)
    add_pid (self, EC_PID_PSIP);
}

gboolean
ec_broadcast_filter_init_pids (EcBroadcastFilter *self,
                               const EcBroadcast *broadcast,
                               const char *text)
{
  g_auto (GStrv) ranges = g_strsplit_set (text, " ", -1);

  memset (self, 0, sizeof *self);
  self->broadcast = broadcast;
  for (guint i = 0; ranges[i]; i++) {
    char *end;
    guint64 first, last;

    if (ranges[i][0] == '\0')
      continue;
    first = last = g_ascii_strtoull (ranges[i], &end, 0);
    if (*end == '-')
      last = g_ascii_strtoull (end + 1, &end, 0);
    if (*end != '\0' || last > 0x1fff || first > last)
      return FALSE;
    for (guint64 pid = first; pid <= last; pid++)
      add_pid (self, (guint) pid);
  }
  return TRUE;
}

void
ec_broadcast_filter_clear (EcBroadcastFilter *self)
{
  g_clear_pointer (&self->pat, g_byte_array_unref);
  self->broadcast = NULL;
}

guint
ec_broadcast_filter_apply (EcBroadcastFilter *self, guint8 *packets, guint n, const guint8 *lost)
{
  guint8 *to = packets;

  for (guint i = 0; i < n; i++) {
    guint8 *from = packets + (gsize) i * EC_TS_PACKET;
    guint pid = (guint) (from[1] & 0x1f) << 8 | from[2];

    if ((lost && lost[i]) || !(self->pids[pid / 64] >> pid % 64 & 1))
      continue;
    if (pid == EC_PID_PAT && self->pat && from[0] == 0x47)
      ec_broadcast_write_section_packet (from, pid, from[3], self->pat, 0);
    if (to != from)
      memmove (to, from, EC_TS_PACKET);
    to += EC_TS_PACKET;
  }
  return (guint) ((gsize) (to - packets) / EC_TS_PACKET);
}
