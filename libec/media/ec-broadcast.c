/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast.h"

#include <math.h>
#include <string.h>

#include "media/ec-broadcast-packet.h"
#include "media/ec-broadcast-scenario.h"
#include "media/ec-media-random.h"

#define LOOP_90K (EC_BROADCAST_LOOP_SECONDS * G_GUINT64_CONSTANT (90000))
#define LOOP_27M (LOOP_90K * 300)
#define LOOP_USEC (EC_BROADCAST_LOOP_SECONDS * G_GINT64_CONSTANT (1000000))

/* No PCR is further away than this, so that a discontinuity has reached every program. */
#define PCR_REACH_MILLIS 100

/* A station's clock is off by up to so much, and each STT by up to so much more, seconds. */
#define STT_STATION_ERROR 0.4
#define STT_JITTER 0.15
#define DUPLICATE_ONE_IN 40

#define PURPOSE_TSID 0x74736964ULL
#define PURPOSE_STT_STATION 0x7374742d6fULL
#define PURPOSE_STT_JITTER 0x7374742d6aULL
#define PURPOSE_DUPLICATE 0x647570ULL

struct _EcBroadcast {
  gatomicrefcount refs;
  guint64 seed;
  guint tsid;
  guint slots; /* of a loop */
  EcBroadcastMux *mux;
  EcScenario *scenario;
  double stt_error; /* seconds */
};

/* What holds for a run of slots in one loop and one state of the scenario. */
typedef struct {
  const EcBroadcast *broadcast;
  guint64 loop;
  guint64 first; /* the loop's first slot */
  EcScenarioState state;
  guint64 jump[EC_STATION_N_PROGRAMS]; /* slot of the PCR that starts the new time base */
  guint8 counters[EC_MUX_MAX_PIDS];    /* added to the packets' */
} Run;

static guint
tsid_of_seed (guint64 seed)
{
  return 0x0400 + (guint) (ec_media_hash (PURPOSE_TSID, seed, 0) % 0x7000);
}

static EcBroadcastMux *
prepare (const EcBroadcastConfig *config,
         EcBroadcastProgress progress,
         gpointer user_data,
         GCancellable *cancellable,
         GError **error)
{
  g_autoptr (EcBroadcastLoop) loop =
      ec_broadcast_loop_new (config->profile, progress, user_data, cancellable, error);

  if (!loop)
    return NULL;
  return ec_broadcast_mux_new (ec_station_get (config->profile), loop, tsid_of_seed (config->seed),
                               error);
}

EcBroadcast *
ec_broadcast_new (const EcBroadcastConfig *config,
                  EcBroadcastProgress progress,
                  gpointer user_data,
                  GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (EcBroadcast) self = g_new0 (EcBroadcast, 1);

  g_atomic_ref_count_init (&self->refs);
  self->seed = config->seed;
  self->tsid = tsid_of_seed (config->seed);
  self->stt_error =
      STT_STATION_ERROR * (2 * ec_media_hash_unit (PURPOSE_STT_STATION, config->seed, 0) - 1);
  self->slots = ec_station_get (config->profile)->slots_per_loop;
  /* First what can be wrong at once, then what takes its time. */
  self->scenario =
      ec_scenario_new (config->scenario, config->seed, ec_broadcast_slot_at (self, config->origin),
                       self->slots, error);
  if (!self->scenario)
    return NULL;
  self->mux = prepare (config, progress, user_data, cancellable, error);
  return self->mux ? g_steal_pointer (&self) : NULL;
}

EcBroadcast *
ec_broadcast_ref (EcBroadcast *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_broadcast_unref (EcBroadcast *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_clear_pointer (&self->mux, ec_broadcast_mux_free);
  g_clear_pointer (&self->scenario, ec_scenario_free);
  g_free (self);
}

const EcStation *
ec_broadcast_get_station (const EcBroadcast *self)
{
  return self->mux->station;
}

guint
ec_broadcast_get_tsid (const EcBroadcast *self)
{
  return self->tsid;
}

guint64
ec_broadcast_slot_at (const EcBroadcast *self, gint64 unix_usec)
{
  guint64 usec = (guint64) MAX (unix_usec, 0);

  return usec / LOOP_USEC * self->slots + usec % LOOP_USEC * self->slots / LOOP_USEC;
}

gint64
ec_broadcast_slot_time (const EcBroadcast *self, guint64 slot)
{
  guint slots = self->slots;

  return (gint64) (slot / slots) * LOOP_USEC + (gint64) (slot % slots) * LOOP_USEC / slots;
}

/* The first PCR of a program at or after `slot`. */
static guint64
next_pcr (const EcBroadcast *self, guint program, guint64 slot)
{
  const EcBroadcastMux *mux = self->mux;

  for (;; slot++) {
    const EcMuxSlot *entry = &mux->index[slot % mux->slots];

    if (entry->flags & EC_MUX_PCR && entry->program == program)
      return slot;
  }
}

/* Prepares a run at `slot`; returns the slot after its last. */
static guint64
run_init (Run *run, const EcBroadcast *self, guint64 slot)
{
  const EcBroadcastMux *mux = self->mux;
  guint64 reach = (guint64) mux->slots * PCR_REACH_MILLIS / (EC_BROADCAST_LOOP_SECONDS * 1000);
  guint64 change;

  run->broadcast = self;
  run->loop = slot / mux->slots;
  run->first = run->loop * mux->slots;
  ec_scenario_get (self->scenario, slot, &run->state, &change);
  for (guint p = 0; p < EC_STATION_N_PROGRAMS; p++) {
    run->jump[p] = run->state.jumped_at;
    if (run->state.jumped_at && slot < run->state.jumped_at + reach)
      run->jump[p] = next_pcr (self, p, run->state.jumped_at);
  }
  for (guint i = 0; i < mux->n_pids; i++)
    run->counters[i] = (guint8) (run->loop % 16 * mux->counted[i] % 16);
  return MIN (change, run->first + mux->slots);
}

static void
write_null (guint8 *packet)
{
  static const guint8 head[4] = { 0x47, EC_PID_NULL >> 8, EC_PID_NULL & 0xff, 0x10 };

  memcpy (packet, head, 4);
  memset (packet + 4, 0xff, EC_TS_PACKET - 4);
}

static void
stamp_packet (const Run *run, guint64 slot, const EcMuxSlot *entry, guint8 *packet)
{
  const EcBroadcastMux *mux = run->broadcast->mux;
  gboolean jumped = run->state.jumped_at && slot >= run->jump[entry->program];
  guint64 offset = jumped                 ? run->state.offset
                   : run->state.jumped_at ? run->state.old_offset
                                          : run->state.offset;

  if (entry->flags & EC_MUX_PCR) {
    guint64 ticks = ec_broadcast_mux_ticks (mux, (guint) (slot - run->first));

    ec_packet_write_pcr (packet + 6,
                         ticks + ((run->loop * LOOP_90K + offset) & EC_STAMP_MASK) * 300);
    if (jumped && slot == run->jump[entry->program])
      packet[5] |= 0x80; /* discontinuity_indicator */
  }
  if (entry->flags & EC_MUX_PTS)
    ec_packet_shift_stamp (packet + entry->stamp, run->loop * LOOP_90K + offset);
  if (entry->flags & EC_MUX_DTS)
    ec_packet_shift_stamp (packet + entry->stamp + 5, run->loop * LOOP_90K + offset);
}

static void
write_stt (const Run *run, guint64 slot, const EcMuxSlot *entry, guint8 *packet)
{
  const EcBroadcast *self = run->broadcast;
  guint64 n = run->loop * self->mux->stt_per_loop + entry->stamp;
  double jitter = STT_JITTER * (2 * ec_media_hash_unit (PURPOSE_STT_JITTER, self->seed, n) - 1);
  guint64 shown = run->state.stt_frozen ? run->state.stt_frozen : slot;
  double seconds = (double) ec_broadcast_slot_time (self, shown) / 1e6 + self->stt_error +
                   (run->state.stt_frozen ? 0 : jitter);
  gint64 system_time = (gint64) floor (seconds) - EC_GPS_EPOCH + EC_GPS_UTC_OFFSET;
  g_autoptr (GByteArray) section =
      ec_broadcast_make_stt ((guint32) (system_time + run->state.stt_offset));

  ec_broadcast_write_section_packet (packet, EC_PID_PSIP, packet[3], section, 0);
}

static void
write_pmt (const Run *run, const EcMuxSlot *entry, guint8 *packet)
{
  const EcStationProgram *program = &run->broadcast->mux->station->programs[entry->program];
  g_autoptr (GByteArray) section =
      ec_broadcast_make_pmt (program, run->state.pmt_version, run->state.pmt_variant);

  g_assert (ec_broadcast_section_packets (section->len) == 1);
  ec_broadcast_write_section_packet (packet, program->pmt_pid, packet[3], section, 0);
}

/* A null packet gives way to a copy of the packet before it, now and then. */
static void
maybe_duplicate (const Run *run, guint64 slot, guint8 *packet)
{
  const EcBroadcast *self = run->broadcast;
  const EcMuxSlot *before = &self->mux->index[(slot - 1) % self->mux->slots];
  guint8 copy[EC_TS_PACKET];

  if (!(before->flags & EC_MUX_PAYLOAD) || before->flags & (EC_MUX_OPTIONAL | EC_MUX_STT) ||
      ec_media_hash (PURPOSE_DUPLICATE, self->seed, slot) % DUPLICATE_ONE_IN != 0)
    return;
  ec_broadcast_read (self, slot - 1, 1, copy);
  /* ISO/IEC 13818-1 §2.4.3.3: the same bytes but for a PCR, which tells its own time. */
  if (before->flags & EC_MUX_PCR) {
    guint64 ticks = ec_broadcast_mux_ticks (self->mux, (guint) (slot % self->mux->slots));
    guint64 loop = slot / self->mux->slots;

    ec_packet_write_pcr (copy + 6,
                         ticks + ((loop * LOOP_90K + run->state.offset) & EC_STAMP_MASK) * 300);
  }
  memcpy (packet, copy, EC_TS_PACKET);
}

static void
restamp (const Run *run, guint64 slot, guint8 *packet)
{
  const EcMuxSlot *entry = &run->broadcast->mux->index[slot - run->first];

  if (entry->flags == 0) {
    if (G_UNLIKELY (run->state.duplicates))
      maybe_duplicate (run, slot, packet);
    return;
  }
  packet[3] = (guint8) ((packet[3] & 0xf0) | ((packet[3] + run->counters[entry->pid]) & 15));
  if (entry->flags == EC_MUX_PAYLOAD)
    return;
  if (entry->flags & (EC_MUX_PCR | EC_MUX_PTS))
    stamp_packet (run, slot, entry, packet);
  if (entry->flags & EC_MUX_STT)
    write_stt (run, slot, entry, packet);
  if (entry->flags & EC_MUX_PMT && (run->state.pmt_version || run->state.pmt_variant))
    write_pmt (run, entry, packet);
  if (entry->flags & EC_MUX_OPTIONAL && run->state.pmt_variant != EC_PMT_SECOND_AUDIO)
    write_null (packet);
}

void
ec_broadcast_read (const EcBroadcast *self, guint64 slot, guint n_slots, guint8 *out)
{
  guint64 end = slot + n_slots;

  while (slot < end) {
    Run run;
    guint64 change = run_init (&run, self, slot);
    guint64 stop = MIN (change, end);
    gsize size = (gsize) (stop - slot) * EC_TS_PACKET;

    memcpy (out, self->mux->packets + (slot - run.first) * EC_TS_PACKET, size);
    for (; slot < stop; slot++, out += EC_TS_PACKET)
      restamp (&run, slot, out);
  }
}
