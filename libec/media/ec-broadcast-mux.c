/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-mux.h"

#include <string.h>

#include "media/ec-broadcast-feed.h"
#include "media/ec-broadcast-packet.h"
#include "media/ec-media-random.h"

#define LOOP_90K (EC_BROADCAST_LOOP_SECONDS * 90000)
#define LOOP_27M (EC_BROADCAST_LOOP_SECONDS * G_GUINT64_CONSTANT (27000000))

/* A PCR is wanted every 33.3 ms and waits at most 5 ms for a packet of its PID to ride on. */
#define PCRS_PER_LOOP (EC_BROADCAST_LOOP_SECONDS * 30)
#define PCR_PATIENCE_MILLIS 5

#define MAX_PASSES 6
#define MAX_TABLES 8
#define MAX_FEEDS (EC_STATION_N_PROGRAMS * EC_STATION_MAX_STREAMS)
#define PURPOSE_STT 0x7374742d706f73ULL

/* A table's packets, sent `count` times a loop, all packets of a section in a row. */
typedef struct {
  GByteArray *section;
  guint pid;
  guint count;
  double phase; /* of the first, in intervals */
  guint8 flags;
  guint8 program;
  guint64 sent; /* sections, over all passes */
  guint packet; /* next of the section being sent */
} Table;

typedef struct {
  EcBroadcastMux *mux;
  Table tables[MAX_TABLES];
  guint n_tables;
  EcFeed *feeds[MAX_FEEDS];
  guint n_feeds;
  guint64 pcrs[EC_STATION_N_PROGRAMS]; /* sent, over all passes */
  guint64 slot;                        /* over all passes */
  gint64 slack;                        /* 90 kHz, of the recorded pass */
} Scheduler;

void
ec_broadcast_mux_free (EcBroadcastMux *self)
{
  g_free (self->packets);
  g_free (self->index);
  g_free (self);
}

guint64
ec_broadcast_mux_ticks (const EcBroadcastMux *self, guint slot)
{
  return slot * LOOP_27M / self->slots;
}

static guint8
pid_index (EcBroadcastMux *mux, guint pid)
{
  for (guint i = 0; i < mux->n_pids; i++) {
    if (mux->pids[i] == pid)
      return (guint8) i;
  }
  g_assert (mux->n_pids < EC_MUX_MAX_PIDS);
  mux->pids[mux->n_pids] = (guint16) pid;
  return (guint8) mux->n_pids++;
}

static void
add_table (Scheduler *self,
           GByteArray *section,
           guint pid,
           guint count,
           double phase,
           guint8 flags,
           guint8 program)
{
  Table *table = &self->tables[self->n_tables++];

  g_assert (self->n_tables <= MAX_TABLES);
  table->section = section;
  table->pid = pid;
  table->count = count;
  table->phase = phase;
  table->flags = flags | EC_MUX_PAYLOAD;
  table->program = program;
}

static void
add_tables (Scheduler *self, guint tsid)
{
  const EcStation *station = self->mux->station;
  guint count = EC_BROADCAST_LOOP_SECONDS * 1000 / station->table_millis;

  /* The STT first: its moment matters most. Others by A/65 §7: MGT 150 ms, TVCT 400 ms at most. */
  add_table (self, ec_broadcast_make_stt (0), EC_PID_PSIP, EC_BROADCAST_LOOP_SECONDS, 0, EC_MUX_STT,
             0);
  add_table (self, ec_broadcast_make_pat (station, tsid, 0), EC_PID_PAT, count, 0.05, EC_MUX_PAT,
             0);
  for (guint i = 0; i < EC_STATION_N_PROGRAMS; i++) {
    const EcStationProgram *program = &station->programs[i];

    add_table (self, ec_broadcast_make_pmt (program, 0, EC_PMT_PLAIN), program->pmt_pid, count,
               0.15 + 0.2 * i, EC_MUX_PMT, (guint8) i);
  }
  add_table (self, ec_broadcast_make_mgt (station, tsid), EC_PID_PSIP,
             EC_BROADCAST_LOOP_SECONDS * 8, 0.4, 0, 0);
  add_table (self, ec_broadcast_make_tvct (station, tsid), EC_PID_PSIP,
             EC_BROADCAST_LOOP_SECONDS * 3, 0.7, 0, 0);
  self->mux->stt_per_loop = EC_BROADCAST_LOOP_SECONDS;
}

/* The slot, over all passes, at which the table's next section is due. */
static guint64
table_due (const Scheduler *self, const Table *table)
{
  guint64 loop = table->sent / table->count;
  guint n = (guint) (table->sent % table->count);
  double phase = table->phase;

  if (table->flags & EC_MUX_STT)
    phase = 0.2 + 0.5 * ec_media_hash_unit (PURPOSE_STT, 0, n);
  return loop * self->mux->slots + (guint64) ((n + phase) * self->mux->slots / table->count);
}

static guint64
pcr_due (const Scheduler *self, guint program)
{
  double phase = (program + 0.5) / EC_STATION_N_PROGRAMS;

  return (guint64) ((self->pcrs[program] + phase) * self->mux->slots / PCRS_PER_LOOP);
}

static void
take_slot (Scheduler *self, guint pid, const EcMuxSlot *fields, guint8 **packet)
{
  EcBroadcastMux *mux = self->mux;
  guint slot = (guint) (self->slot % mux->slots);
  guint8 i = pid_index (mux, pid);

  mux->index[slot] = *fields;
  mux->index[slot].pid = i;
  *packet = mux->packets + (gsize) slot * EC_TS_PACKET;
  (*packet)[0] = 0x47;
  (*packet)[1] = (guint8) (pid >> 8);
  (*packet)[2] = (guint8) pid;
  (*packet)[3] = (guint8) (mux->counted[i] & 15);
  if (fields->flags & EC_MUX_PAYLOAD)
    mux->counted[i]++;
}

static gboolean
send_table (Scheduler *self)
{
  for (guint i = 0; i < self->n_tables; i++) {
    Table *table = &self->tables[i];
    EcMuxSlot fields = { .flags = table->flags, .program = table->program };
    guint8 *packet;

    if (table->packet == 0 && table_due (self, table) > self->slot)
      continue;
    if (table->flags & EC_MUX_STT)
      fields.stamp = (guint8) (table->sent % table->count);
    take_slot (self, table->pid, &fields, &packet);
    ec_broadcast_write_section_packet (packet, table->pid, packet[3], table->section,
                                       table->packet);
    if (++table->packet == ec_broadcast_section_packets (table->section->len)) {
      table->packet = 0;
      table->sent++;
    }
    return TRUE;
  }
  return FALSE;
}

/* A packet that carries nothing but a PCR, where none of the PID came in time. */
static gboolean
send_pcr (Scheduler *self)
{
  guint patience =
      MAX (1, self->mux->slots * PCR_PATIENCE_MILLIS / (EC_BROADCAST_LOOP_SECONDS * 1000));

  for (guint i = 0; i < EC_STATION_N_PROGRAMS; i++) {
    EcMuxSlot fields = { .flags = EC_MUX_PCR, .program = (guint8) i };
    guint8 *packet;

    if (pcr_due (self, i) + patience > self->slot)
      continue;
    take_slot (self, self->mux->station->programs[i].streams[0].pid, &fields, &packet);
    /* The counter of a packet without payload is the last one's. */
    packet[3] = (guint8) (0x20 | ((packet[3] - 1) & 15));
    packet[4] = 183;
    packet[5] = 0x10;
    memset (packet + 6, 0xff, 182);
    ec_packet_write_pcr (
        packet + 6, ec_broadcast_mux_ticks (self->mux, (guint) (self->slot % self->mux->slots)));
    self->pcrs[i]++;
    return TRUE;
  }
  return FALSE;
}

static gboolean
send_stream (Scheduler *self)
{
  guint64 now = self->slot * LOOP_90K / self->mux->slots;
  EcFeed *best = NULL;
  EcMuxSlot fields = { .flags = EC_MUX_PAYLOAD };
  EcFeedPacket sent;
  guint8 *packet;
  guint slot;

  for (guint i = 0; i < self->n_feeds; i++) {
    EcFeed *feed = self->feeds[i];

    if (ec_feed_ready (feed, now, self->slot) &&
        (!best || ec_feed_deadline (feed) < ec_feed_deadline (best)))
      best = feed;
  }
  if (!best)
    return FALSE;

  slot = (guint) (self->slot % self->mux->slots);
  fields.program = (guint8) ec_feed_program (best);
  take_slot (self, ec_feed_stream (best)->pid, &fields, &packet);
  memset (&sent, 0, sizeof sent);
  sent.with_pcr = ec_feed_leads (best) && pcr_due (self, fields.program) <= self->slot;
  sent.pcr = ec_broadcast_mux_ticks (self->mux, slot);
  ec_feed_write_packet (best, packet, self->slot, &sent);
  if (sent.with_pcr) {
    self->pcrs[fields.program]++;
    self->mux->index[slot].flags |= EC_MUX_PCR;
  }
  if (sent.pts_at)
    self->mux->index[slot].flags |= EC_MUX_PTS;
  if (sent.has_dts)
    self->mux->index[slot].flags |= EC_MUX_DTS;
  if (ec_feed_stream (best)->optional)
    self->mux->index[slot].flags |= EC_MUX_OPTIONAL;
  self->mux->index[slot].stamp = (guint8) sent.pts_at;
  if (sent.finished)
    self->slack = MIN (self->slack, (gint64) sent.deadline - (gint64) now);
  return TRUE;
}

static void
send_null (Scheduler *self)
{
  guint slot = (guint) (self->slot % self->mux->slots);
  guint8 *packet = self->mux->packets + (gsize) slot * EC_TS_PACKET;

  self->mux->index[slot] = (EcMuxSlot){ .pid = pid_index (self->mux, EC_PID_NULL) };
  memset (packet, 0xff, EC_TS_PACKET);
  packet[0] = 0x47;
  packet[1] = EC_PID_NULL >> 8;
  packet[2] = EC_PID_NULL & 0xff;
  packet[3] = 0x10;
}

/* Where the schedule stands relative to the pass: equal at two ends means it has become a loop. */
static guint64
scheduler_state (const Scheduler *self, guint pass)
{
  guint64 state = 0;

  for (guint i = 0; i < self->n_feeds; i++)
    state = ec_media_mix (state ^ ec_feed_state (self->feeds[i], pass, self->slot));
  for (guint i = 0; i < self->n_tables; i++)
    state = ec_media_mix (state ^ (self->tables[i].sent - (guint64) pass * self->tables[i].count) ^
                          (guint64) self->tables[i].packet << 32);
  for (guint i = 0; i < EC_STATION_N_PROGRAMS; i++)
    state = ec_media_mix (state ^ (self->pcrs[i] - (guint64) pass * PCRS_PER_LOOP));
  return state;
}

static gboolean
schedule (Scheduler *self, GError **error)
{
  guint64 before = 0;

  for (guint pass = 1; pass <= MAX_PASSES; pass++) {
    guint64 after;

    memset (self->mux->counted, 0, sizeof self->mux->counted);
    self->slack = G_MAXINT64;
    for (guint i = 0; i < self->mux->slots; i++, self->slot++) {
      if (!send_table (self) && !send_pcr (self) && !send_stream (self))
        send_null (self);
    }
    after = scheduler_state (self, pass);
    if (pass > 1 && after == before) {
      if (self->slack < 0)
        break;
      self->mux->slack_millis = (guint) (self->slack / 90);
      return TRUE;
    }
    before = after;
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               "The simulated programs do not fit their channel: an access unit came %d ms late.",
               (int) (-self->slack / 90));
  return FALSE;
}

EcBroadcastMux *
ec_broadcast_mux_new (const EcStation *station,
                      const EcBroadcastLoop *loop,
                      guint tsid,
                      GError **error)
{
  g_autoptr (EcBroadcastMux) mux = g_new0 (EcBroadcastMux, 1);
  Scheduler self = { .mux = mux };
  gboolean ok;

  mux->station = station;
  mux->slots = station->slots_per_loop;
  mux->packets = g_malloc ((gsize) mux->slots * EC_TS_PACKET);
  mux->index = g_new0 (EcMuxSlot, mux->slots);
  add_tables (&self, tsid);
  for (guint p = 0; p < EC_STATION_N_PROGRAMS; p++) {
    for (guint s = 0; s < station->programs[p].n_streams; s++)
      self.feeds[self.n_feeds++] = ec_feed_new (station, p, s, loop->streams[p][s]);
  }

  ok = schedule (&self, error);
  for (guint i = 0; i < self.n_feeds; i++)
    ec_feed_free (self.feeds[i]);
  for (guint i = 0; i < self.n_tables; i++)
    g_byte_array_unref (self.tables[i].section);
  return ok ? g_steal_pointer (&mux) : NULL;
}
