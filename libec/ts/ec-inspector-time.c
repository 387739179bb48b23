/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-inspector-private.h"

/* The stream's own time, by its PCRs, and the rates that follow from it. */

#define PCR_MODULUS ((EC_TS_TIMESTAMP_MASK + 1) * 300)
/* ISO/IEC 13818-1 §2.7.2 */
#define PCR_MAX_INTERVAL (EC_INSPECTOR_PCR_RATE / 10)
/* What is further apart is not late, but another time base. */
#define PCR_JUMP EC_INSPECTOR_PCR_RATE
/* After so many PCRs of another PID without one of the master's, that one takes over. */
#define MASTER_PATIENCE 64
/* The rate is compared over windows of half a second. */
#define WINDOW (EC_INSPECTOR_PCR_RATE / 2)
#define CONSTANT_TOLERANCE 1.005
#define CONSTANT_PACKETS 2
/* With fewer packets in a window nobody can tell. */
#define CONSTANT_MIN_PACKETS 200

static void
break_time (EcInspector *self)
{
  EcInspectorTime *time = &self->time;

  time->epoch++;
  time->rate = 0;
  time->window_packets = 0;
  time->window_time = 0;
  g_hash_table_remove_all (self->section_times);
}

void
ec_inspector_lose_time (EcInspector *self)
{
  self->time.dirty = TRUE;
}

static void
end_window (EcInspectorTime *time)
{
  double rate = (double) time->window_packets / (double) time->window_time;

  time->min_rate = time->n_windows == 0 ? rate : MIN (time->min_rate, rate);
  time->max_rate = MAX (time->max_rate, rate);
  time->n_windows++;
  time->window_packets = 0;
  time->window_time = 0;
}

/* `interval` between two PCRs of the master, `packets` apart. */
static void
measure_rate (EcInspectorTime *time, gint64 interval, guint64 packets)
{
  if (interval == 0 || packets == 0)
    return;
  if (time->dirty) {
    time->window_packets = 0;
    time->window_time = 0;
    return;
  }
  time->rate = (double) interval / (double) packets;
  time->packets += packets;
  time->time += interval;
  time->window_packets += packets;
  time->window_time += interval;
  if (time->window_time >= WINDOW)
    end_window (time);
}

/* Whether PCRs of `pid` are the stream's time, perhaps from now on. */
static gboolean
is_master (EcInspector *self, guint pid, EcInspectorPcr *pcr)
{
  EcInspectorTime *time = &self->time;

  if (time->pid == pid)
    return TRUE;
  if (time->pid == EC_TS_N_PIDS) {
    time->pid = pid;
    return TRUE;
  }

  if (pcr->run_mark != time->n) {
    pcr->run_mark = time->n;
    pcr->run = 0;
  }
  if (++pcr->run < MASTER_PATIENCE)
    return FALSE;
  time->base += self->pids[time->pid]->pcr->elapsed - pcr->elapsed;
  time->pid = pid;
  break_time (self);
  return TRUE;
}

void
ec_inspector_take_pcr (EcInspector *self, guint pid, const guint8 *packet)
{
  EcInspectorPid *state = ec_inspector_pid (self, pid);
  guint64 value = ec_ts_packet_pcr (packet) % PCR_MODULUS;
  gboolean flagged = (packet[5] & 0x80) != 0;
  EcInspectorPcr *pcr;
  gboolean master, broken = FALSE;
  gint64 interval = 0;
  guint64 packets;

  if (!state->pcr)
    state->pcr = g_new0 (EcInspectorPcr, 1);
  pcr = state->pcr;
  master = is_master (self, pid, pcr);

  if (pcr->n > 0) {
    interval = (gint64) ((value + PCR_MODULUS - pcr->last) % PCR_MODULUS);
    broken = flagged || interval > PCR_JUMP;
    if (flagged)
      pcr->n_flagged++;
    else if (broken)
      pcr->n_discontinuities++;
  }
  if (!broken) {
    pcr->elapsed += interval;
    pcr->max_interval = MAX (pcr->max_interval, interval);
    pcr->n_late += interval > PCR_MAX_INTERVAL;
  }
  packets = self->pos - pcr->last_pos;
  pcr->n++;
  pcr->last = value;
  pcr->last_pos = self->pos;

  if (!master)
    return;
  self->time.n++;
  if (broken)
    break_time (self);
  else if (pcr->n > 1)
    measure_rate (&self->time, interval, packets);
  self->time.dirty = FALSE;
}

static gint64
elapsed (EcInspector *self)
{
  const EcInspectorTime *time = &self->time;

  return time->pid == EC_TS_N_PIDS ? 0 : time->base + self->pids[time->pid]->pcr->elapsed;
}

gboolean
ec_inspector_now (EcInspector *self, gint64 *now)
{
  const EcInspectorTime *time = &self->time;
  double since;

  if (time->pid == EC_TS_N_PIDS || time->rate == 0)
    return FALSE;
  since = (double) (self->pos - self->pids[time->pid]->pcr->last_pos) * time->rate;
  *now = elapsed (self) + (gint64) MIN (since, (double) PCR_JUMP);
  return TRUE;
}

gint64
ec_inspector_length (EcInspector *self, gboolean *by_pcr)
{
  gint64 length = elapsed (self);

  *by_pcr = length > 0;
  if (*by_pcr)
    return length;
  for (guint pid = 0; pid < EC_TS_N_PIDS; pid++) {
    if (self->pids[pid] && self->pids[pid]->stream)
      length = MAX (length, self->pids[pid]->stream->elapsed * 300);
  }
  return length;
}

guint64
ec_inspector_bit_rate (EcInspector *self)
{
  const EcInspectorTime *time = &self->time;
  double bits_a_packet = EC_TS_PACKET_SIZE * 8;
  gboolean by_pcr;
  gint64 length = ec_inspector_length (self, &by_pcr);

  if (time->time > 0)
    return (guint64) ((double) time->packets * bits_a_packet * (double) EC_INSPECTOR_PCR_RATE /
                          (double) time->time +
                      0.5);
  if (length < EC_INSPECTOR_PCR_RATE / 10)
    return 0;
  return (guint64) ((double) self->framer.n_packets * bits_a_packet *
                        (double) EC_INSPECTOR_PCR_RATE / (double) length +
                    0.5);
}

guint64
ec_inspector_share_rate (EcInspector *self, guint64 packets)
{
  double rate = (double) ec_inspector_bit_rate (self);

  if (self->framer.n_packets == 0)
    return 0;
  return (guint64) (rate * (double) packets / (double) self->framer.n_packets + 0.5);
}

int
ec_inspector_is_constant (EcInspector *self)
{
  const EcInspectorTime *time = &self->time;

  if (time->n_windows < 2 || time->packets / time->n_windows < CONSTANT_MIN_PACKETS)
    return -1;
  return time->min_rate * CONSTANT_TOLERANCE + (double) CONSTANT_PACKETS / (double) WINDOW >=
         time->max_rate;
}
