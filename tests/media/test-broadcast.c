/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <dvbpsi/dvbpsi.h>
#include <dvbpsi/demux.h>
#include <dvbpsi/descriptor.h>
#include <dvbpsi/psi.h>
#include <dvbpsi/atsc_mgt.h>
#include <dvbpsi/atsc_stt.h>
#include <dvbpsi/atsc_vct.h>

#include "media/ec-broadcast-cache.h"
#include "media/ec-broadcast-filter.h"
#include "media/ec-broadcast-packet.h"
#include "media/ec-broadcast-scenario.h"
#include "media/ec-broadcast.h"
#include "media/ec-impairment.h"
#include "ts/ec-ts-section.h"

#define ORIGIN G_GINT64_CONSTANT (1790000005000000) /* µs; 11 s before a loop begins */
#define PCR_WRAP (300 * (G_GUINT64_CONSTANT (1) << 33))
#define MS_27M 27000

static EcBroadcast *
make (guint64 seed, const char *scenario)
{
  EcBroadcastConfig config = {
    .profile = EC_BROADCAST_LITE, .seed = seed, .scenario = scenario, .origin = ORIGIN
  };
  g_autoptr (GError) error = NULL;
  EcBroadcast *broadcast = ec_broadcast_new (&config, NULL, NULL, NULL, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED)) {
    g_test_skip (error->message);
    return NULL;
  }
  g_assert_no_error (error);
  return broadcast;
}

static guint
slots_in (EcBroadcast *broadcast, double seconds)
{
  return (guint) (seconds * ec_broadcast_get_station (broadcast)->slots_per_loop /
                  EC_BROADCAST_LOOP_SECONDS);
}

static guint8 *
read_seconds (EcBroadcast *broadcast, double from, double seconds, guint64 *first, guint *n)
{
  guint8 *packets;

  *first = ec_broadcast_slot_at (broadcast, ORIGIN + (gint64) (from * 1e6));
  *n = slots_in (broadcast, seconds);
  packets = g_malloc ((gsize) *n * EC_TS_PACKET);
  ec_broadcast_read (broadcast, *first, *n, packets);
  return packets;
}

static guint
pid_of (const guint8 *packet)
{
  return (guint) (packet[1] & 0x1f) << 8 | packet[2];
}

static gboolean
has_payload (const guint8 *packet)
{
  return (packet[3] & 0x10) != 0;
}

static gboolean
has_pcr (const guint8 *packet)
{
  return packet[3] & 0x20 && packet[4] > 0 && packet[5] & 0x10;
}

static guint64
pcr_of (const guint8 *packet)
{
  const guint8 *p = packet + 6;
  guint64 base = (guint64) p[0] << 25 | (guint64) p[1] << 17 | (guint64) p[2] << 9 |
                 (guint64) p[3] << 1 | p[4] >> 7;

  return base * 300 + ((guint) (p[4] & 1) << 8 | p[5]);
}

static const guint8 *
payload_of (const guint8 *packet)
{
  return packet + 4 + (packet[3] & 0x20 ? 1 + packet[4] : 0);
}

/* The section in a packet that starts one, NULL else; its CRC has been checked if it is whole. */
static const guint8 *
section_of (const guint8 *packet)
{
  const guint8 *section = payload_of (packet) + 1;
  gsize length = ((gsize) (section[1] & 15) << 8 | section[2]) + 3;

  if (!(packet[1] & 0x40))
    return NULL;
  if (section + length <= packet + EC_TS_PACKET)
    g_assert_cmphex (ec_ts_crc32 (section, length), ==, 0);
  return section;
}

static void
test_pure (void)
{
  g_autoptr (EcBroadcast) a = make (3, "drama,wrap@7,duplicates@1:30,discontinuity@11,pmt@12");
  g_autoptr (EcBroadcast) b = make (3, "drama,wrap@7,duplicates@1:30,discontinuity@11,pmt@12");
  g_autofree guint8 *whole = NULL;
  guint64 first;
  guint n;

  if (!a)
    return;
  whole = read_seconds (a, 0, 130, &first, &n);
  for (guint i = 0; i < 300; i++) {
    guint from = (guint) g_test_rand_int_range (0, (gint32) n);
    guint size = (guint) g_test_rand_int_range (1, i % 10 == 0 ? 20000 : 300);
    g_autofree guint8 *some = g_malloc ((gsize) size * EC_TS_PACKET);

    size = MIN (size, n - from);
    ec_broadcast_read (i % 2 ? a : b, first + from, size, some);
    g_assert_cmpmem (some, (gsize) size * EC_TS_PACKET, whole + (gsize) from * EC_TS_PACKET,
                     (gsize) size * EC_TS_PACKET);
  }
}

static void
test_seeds (void)
{
  g_autoptr (EcBroadcast) a = make (1, NULL);
  g_autoptr (EcBroadcast) b = make (2, NULL);
  g_autofree guint8 *x = NULL, *y = NULL;
  guint64 first;
  guint n;

  if (!a || !b)
    return;
  g_assert_cmpuint (ec_broadcast_get_tsid (a), !=, ec_broadcast_get_tsid (b));
  g_assert_cmpuint (ec_broadcast_get_tsid (a), >, 1);
  x = read_seconds (a, 0, 1, &first, &n);
  y = read_seconds (b, 0, 1, &first, &n);
  g_assert_cmpint (memcmp (x, y, (gsize) n * EC_TS_PACKET), !=, 0);
}

static void
test_time (void)
{
  g_autoptr (EcBroadcast) broadcast = make (1, NULL);

  if (!broadcast)
    return;
  for (guint i = 0; i < 1000; i++) {
    guint64 slot = (guint64) g_test_rand_int_range (0, G_MAXINT32) * 1000 + i;
    gint64 time = ec_broadcast_slot_time (broadcast, slot);

    g_assert_cmpuint (ec_broadcast_slot_at (broadcast, time + 1), ==, slot);
  }
  g_assert_cmpuint (ec_broadcast_slot_at (broadcast, 0), ==, 0);
}

/* Counters, PCRs and time stamps over three loops' edges and a wrap of the time base. */
static void
check_continuity (EcBroadcast *broadcast, double from, double seconds)
{
  guint64 first;
  guint n;
  g_autofree guint8 *packets = read_seconds (broadcast, from, seconds, &first, &n);
  g_autofree gint *counters = g_new (gint, 0x2000);
  g_autofree guint64 *pcrs = g_new0 (guint64, 0x2000);
  g_autofree guint *pcr_slots = g_new0 (guint, 0x2000);
  g_autofree guint64 *stamps = g_new0 (guint64, 0x2000);
  gboolean wrapped = FALSE;

  for (guint i = 0; i < 0x2000; i++)
    counters[i] = -1;
  for (guint i = 0; i < n; i++) {
    const guint8 *packet = packets + (gsize) i * EC_TS_PACKET;
    guint pid = pid_of (packet);

    g_assert_cmphex (packet[0], ==, 0x47);
    g_assert_cmphex (packet[1] & 0x80, ==, 0);
    if (pid == EC_PID_NULL)
      continue;
    if (counters[pid] >= 0)
      g_assert_cmpint (packet[3] & 15, ==, (counters[pid] + has_payload (packet)) & 15);
    counters[pid] = packet[3] & 15;

    if (has_pcr (packet)) {
      guint64 pcr = pcr_of (packet);

      if (pcr_slots[pid]) {
        guint64 step = (pcr + PCR_WRAP - pcrs[pid]) % PCR_WRAP;
        gint64 expected = (ec_broadcast_slot_time (broadcast, first + i) -
                           ec_broadcast_slot_time (broadcast, first + pcr_slots[pid])) *
                          27;

        g_assert_cmpuint (step, <=, 40 * MS_27M);
        g_assert_cmpint (ABS ((gint64) step - expected), <=, 60);
        wrapped |= pcr < pcrs[pid];
      }
      pcrs[pid] = pcr;
      pcr_slots[pid] = i;
    }
    if (packet[1] & 0x40 && !(packet[3] & 0xc0) && memcmp (payload_of (packet), "\0\0\1", 3) == 0) {
      const guint8 *pes = payload_of (packet);
      guint64 stamp = ec_packet_read_stamp (pes + (pes[7] & 0x40 ? 14 : 9));

      if (stamps[pid]) {
        guint64 step = (stamp - stamps[pid]) & EC_STAMP_MASK;

        g_assert_cmpuint (step, ==, pes[3] == 0xe0 ? 3000 : pes[3] == 0xbd ? 2880 : 5760);
      }
      stamps[pid] = stamp;
    }
  }
  for (guint i = 0; i < EC_STATION_N_PROGRAMS; i++) {
    const EcStationProgram *program = &ec_broadcast_get_station (broadcast)->programs[i];

    g_assert_cmpuint (pcr_slots[program->streams[0].pid], >, 0);
    if (!program->is_protected)
      g_assert_cmpuint (stamps[program->streams[1].pid], >, 0);
  }
  g_assert_true (wrapped);
}

static void
test_continuity (void)
{
  g_autoptr (EcBroadcast) broadcast = make (5, "wrap@20");

  if (broadcast)
    check_continuity (broadcast, 0, 50);
}

/* Every access unit is there before it is decoded, and not more than a second before. */
static void
test_delivery (void)
{
  g_autoptr (EcBroadcast) broadcast = make (5, NULL);
  g_autofree guint8 *packets = NULL;
  guint64 dts[0x80] = { 0 }, first, clock_start;
  gint64 least = G_MAXINT64, most = 0;
  guint n;

  if (!broadcast)
    return;
  packets = read_seconds (broadcast, 0, 34, &first, &n);
  clock_start = G_MAXUINT64;
  for (guint i = 0; i < n; i++) {
    const guint8 *packet = packets + (gsize) i * EC_TS_PACKET;
    guint pid = pid_of (packet);
    gint64 now = (ec_broadcast_slot_time (broadcast, first + i) -
                  ec_broadcast_slot_time (broadcast, first)) *
                 9 / 100;

    if (clock_start == G_MAXUINT64 && has_pcr (packet))
      clock_start = (pcr_of (packet) / 300 - (guint64) now) & EC_STAMP_MASK;
    if (pid >= 0x80 || packet[3] & 0xc0 || !has_payload (packet))
      continue;
    if (dts[pid] && clock_start != G_MAXUINT64) {
      gint64 early = (gint64) ((dts[pid] - clock_start) & EC_STAMP_MASK) - now;

      /* A packet of this unit, or the first of the next: then the last one was before it. */
      if (!(packet[1] & 0x40)) {
        least = MIN (least, early);
        most = MAX (most, early);
      }
    }
    if (packet[1] & 0x40 && memcmp (payload_of (packet), "\0\0\1", 3) == 0) {
      const guint8 *pes = payload_of (packet);

      dts[pid] = ec_packet_read_stamp (pes + (pes[7] & 0x40 ? 14 : 9));
    }
  }
  g_assert_cmpint (least, >=, 0);
  g_assert_cmpint (most, <=, 90000);
  g_test_message ("access units arrive %d to %d ms early", (int) (least / 90), (int) (most / 90));
}

/* Intervals of tables as A/65 §7 and A/53 ask, and what is in them. */
static void
test_tables (void)
{
  g_autoptr (EcBroadcast) broadcast = make (6, NULL);
  g_autofree guint8 *packets = NULL;
  gint64 last[256][4] = { 0 };
  guint64 first;
  guint n, tsid, count[256] = { 0 };

  if (!broadcast)
    return;
  tsid = ec_broadcast_get_tsid (broadcast);
  packets = read_seconds (broadcast, 10, 40, &first, &n);
  for (guint i = 0; i < n; i++) {
    const guint8 *packet = packets + (gsize) i * EC_TS_PACKET;
    guint pid = pid_of (packet), which = pid >= 0x30 && pid <= 0x60 ? pid / 0x10 - 3 : 0;
    gint64 now = ec_broadcast_slot_time (broadcast, first + i), limit;
    const guint8 *section;

    if (pid != EC_PID_PAT && pid != EC_PID_PSIP && !(pid < 0x70 && pid % 0x10 == 0))
      continue;
    section = section_of (packet);
    if (!section)
      continue;
    count[section[0]]++;
    limit = section[0] <= 2 ? 100 : section[0] == 0xc7 ? 150 : section[0] == 0xc8 ? 400 : 1600;
    if (last[section[0]][which])
      g_assert_cmpint (now - last[section[0]][which], <=, limit * 1000 + 4000);
    last[section[0]][which] = now;

    if (section[0] == 0 || section[0] == 0xc8)
      g_assert_cmphex ((guint) section[3] << 8 | section[4], ==, tsid);
    if (section[0] == 0xc8)
      g_assert_cmpuint (section[9], ==, EC_STATION_N_PROGRAMS);
  }
  g_assert_cmpuint (count[0xcd], >=, 39);
  g_assert_cmpuint (count[0xc7], >, 0);
  g_assert_cmpuint (count[0xc8], >, 0);
}

typedef struct {
  EcBroadcast *broadcast;
  guint vcts, mgts, stts, channels;
} Psip;

static void
on_vct (void *data, dvbpsi_atsc_vct_t *vct)
{
  Psip *psip = data;
  guint tsid = ec_broadcast_get_tsid (psip->broadcast);

  g_assert_cmpuint (vct->i_extension, ==, tsid);
  g_assert_false (vct->b_cable_vct);
  for (dvbpsi_atsc_vct_channel_t *c = vct->p_first_channel; c; c = c->p_next, psip->channels++) {
    const EcStationProgram *program =
        &ec_broadcast_get_station (psip->broadcast)->programs[psip->channels];

    g_assert_cmpuint (c->i_major_number, ==, program->major);
    g_assert_cmpuint (c->i_minor_number, ==, program->minor);
    g_assert_cmpuint (c->i_program_number, ==, program->number);
    g_assert_cmpuint (c->i_source_id, ==, program->source_id);
    g_assert_cmpuint (c->i_channel_tsid, ==, tsid);
    g_assert_cmpuint (c->i_modulation, ==, 4);
    g_assert_cmpuint (c->i_service_type, ==, 2);
    g_assert_cmpint (c->b_access_controlled, ==, program->is_protected);
    g_assert_false (c->b_hidden);
    g_assert_cmpint (c->i_short_name[1], ==, program->short_name[0]);
    g_assert_nonnull (c->p_first_descriptor);
    g_assert_cmphex (c->p_first_descriptor->i_tag, ==, 0xa1);
  }
  psip->vcts++;
  dvbpsi_atsc_DeleteVCT (vct);
}

static void
on_mgt (void *data, dvbpsi_atsc_mgt_t *mgt)
{
  Psip *psip = data;

  g_assert_nonnull (mgt->p_first_table);
  g_assert_cmpuint (mgt->p_first_table->i_table_type, ==, 0);
  g_assert_cmphex (mgt->p_first_table->i_table_type_pid, ==, EC_PID_PSIP);
  g_assert_cmpuint (mgt->p_first_table->i_number_bytes, >, 200);
  psip->mgts++;
  dvbpsi_atsc_DeleteMGT (mgt);
}

static void
on_stt (void *data, dvbpsi_atsc_stt_t *stt)
{
  Psip *psip = data;

  g_assert_cmpuint (stt->i_gps_utc_offset, ==, 18);
  psip->stts++;
  dvbpsi_atsc_DeleteSTT (stt);
}

static void
on_subtable (dvbpsi_t *dvbpsi, uint8_t table_id, uint16_t extension, void *data)
{
  if (table_id == 0xc7)
    g_assert_true (dvbpsi_atsc_AttachMGT (dvbpsi, table_id, extension, on_mgt, data));
  else if (table_id == 0xc8)
    g_assert_true (dvbpsi_atsc_AttachVCT (dvbpsi, table_id, extension, on_vct, data));
  else if (table_id == 0xcd)
    g_assert_true (dvbpsi_atsc_AttachSTT (dvbpsi, table_id, extension, on_stt, data));
  else
    g_assert_not_reached ();
}

/* The tables as a decoder that was written by others reads them. */
static void
test_psip (void)
{
  g_autoptr (EcBroadcast) broadcast = make (6, NULL);
  g_autofree guint8 *packets = NULL;
  Psip psip = { .broadcast = broadcast };
  dvbpsi_t *dvbpsi;
  guint64 first;
  guint n;

  if (!broadcast)
    return;
  packets = read_seconds (broadcast, 0.3, 3, &first, &n);
  dvbpsi = dvbpsi_new (NULL, DVBPSI_MSG_NONE);
  g_assert_true (dvbpsi_AttachDemux (dvbpsi, on_subtable, &psip));
  for (guint i = 0; i < n; i++) {
    if (pid_of (packets + (gsize) i * EC_TS_PACKET) == EC_PID_PSIP)
      dvbpsi_packet_push (dvbpsi, packets + (gsize) i * EC_TS_PACKET);
  }
  dvbpsi_DetachDemux (dvbpsi);
  dvbpsi_delete (dvbpsi);
  g_assert_cmpuint (psip.vcts, ==, 1);
  g_assert_cmpuint (psip.mgts, ==, 1);
  g_assert_cmpuint (psip.stts, >=, 1);
  g_assert_cmpuint (psip.channels, ==, EC_STATION_N_PROGRAMS);
}

/* Unix time that the STT in a packet shows, 0 if there is none. */
static gint64
stt_of (const guint8 *packet)
{
  const guint8 *section;

  if (pid_of (packet) != EC_PID_PSIP || !(section = section_of (packet)) || section[0] != 0xcd)
    return 0;
  return (gint64) ((guint32) section[9] << 24 | (guint32) section[10] << 16 |
                   (guint32) section[11] << 8 | section[12]) +
         315964800 - section[13];
}

static void
test_stt (void)
{
  g_autoptr (EcBroadcast) broadcast = make (7, "stt-step@30:+2,stt-freeze@40:5,stt-glitch@60:-30");
  g_autofree guint8 *packets = NULL;
  gint64 before = 0;
  guint64 first;
  guint n, frozen = 0, glitches = 0;

  if (!broadcast)
    return;
  packets = read_seconds (broadcast, 0, 80, &first, &n);
  for (guint i = 0; i < n; i++) {
    gint64 time = ec_broadcast_slot_time (broadcast, first + i);
    double since = (double) (time - ORIGIN) / 1e6;
    gint64 shown = stt_of (packets + (gsize) i * EC_TS_PACKET);
    double off;

    if (!shown)
      continue;
    off = (double) shown - (double) time / 1e6;
    if (since < 30) {
      g_assert_cmpint (shown, >=, before);
      g_assert_cmpfloat (off, <, 0.6);
      g_assert_cmpfloat (off, >, -1.6);
    } else if (since < 40) {
      g_assert_cmpfloat (off, >, 0.4);
    }
    frozen += since > 41 && since < 45 && shown == before;
    glitches += off < -20;
    before = shown;
  }
  g_assert_cmpuint (frozen, >=, 2);
  g_assert_cmpuint (glitches, >=, 1);
  g_assert_cmpuint (glitches, <=, 2);
}

static void
test_discontinuity (void)
{
  g_autoptr (EcBroadcast) broadcast = make (8, "discontinuity@5:1000");
  g_autofree guint8 *packets = NULL;
  guint64 pcrs[0x2000] = { 0 }, first;
  guint n, flagged = 0;

  if (!broadcast)
    return;
  packets = read_seconds (broadcast, 0, 10, &first, &n);
  for (guint i = 0; i < n; i++) {
    const guint8 *packet = packets + (gsize) i * EC_TS_PACKET;
    guint pid = pid_of (packet);
    guint64 step;

    if (!has_pcr (packet))
      continue;
    step = (pcr_of (packet) + PCR_WRAP - pcrs[pid]) % PCR_WRAP;
    if (packet[5] & 0x80) {
      flagged++;
      g_assert_cmpuint (step, >, 1000 * G_GUINT64_CONSTANT (27000000));
      g_assert_cmpuint (step, <, 1001 * G_GUINT64_CONSTANT (27000000));
    } else if (pcrs[pid]) {
      g_assert_cmpuint (step, <=, 40 * MS_27M);
    }
    pcrs[pid] = pcr_of (packet);
  }
  g_assert_cmpuint (flagged, ==, EC_STATION_N_PROGRAMS);
}

static void
test_pmt_change (void)
{
  g_autoptr (EcBroadcast) broadcast = make (8, "pmt@4:audio,pmt@8:noted,pmt@12:plain");
  g_autofree guint8 *packets = NULL;
  guint64 first;
  guint n, seen[4] = { 0 }, sound[4] = { 0 };

  if (!broadcast)
    return;
  packets = read_seconds (broadcast, 0, 16, &first, &n);
  for (guint i = 0; i < n; i++) {
    const guint8 *packet = packets + (gsize) i * EC_TS_PACKET;
    guint phase = i / (n / 4 + 1);

    sound[phase] += pid_of (packet) == 0x35;
    if (pid_of (packet) == 0x30) {
      const guint8 *section = section_of (packet);

      g_assert_nonnull (section);
      seen[section[5] >> 1 & 31]++;
    }
  }
  for (guint i = 0; i < 4; i++)
    g_assert_cmpuint (seen[i], >=, 35);
  g_assert_cmpuint (sound[0], ==, 0);
  g_assert_cmpuint (sound[1], >, 100);
  g_assert_cmpuint (sound[2] + sound[3], <=, 2);
}

static void
test_duplicates (void)
{
  g_autoptr (EcBroadcast) broadcast = make (8, "duplicates@0:60");
  g_autofree guint8 *packets = NULL;
  guint64 first;
  guint n, found = 0;

  if (!broadcast)
    return;
  packets = read_seconds (broadcast, 0.01, 30, &first, &n);
  for (guint i = 1; i < n; i++) {
    guint8 *packet = packets + (gsize) i * EC_TS_PACKET;
    guint8 *before = packet - EC_TS_PACKET;

    if (pid_of (packet) == EC_PID_NULL || memcmp (packet, before, 4) != 0)
      continue;
    found++;
    g_assert_true (has_payload (packet));
    if (has_pcr (packet)) {
      g_assert_cmpuint (pcr_of (packet), >, pcr_of (before));
      memset (packet + 6, 0, 6);
      memset (before + 6, 0, 6);
    }
    g_assert_cmpmem (packet, EC_TS_PACKET, before, EC_TS_PACKET);
  }
  g_assert_cmpuint (found, >, 20);
}

/* An hour of drama: whatever jumps is flagged, whatever changes has a new version. */
static void
test_drama (void)
{
  g_autoptr (EcBroadcast) broadcast = make (12, "drama");
  guint64 pcrs[0x80] = { 0 };
  guint8 pmt[EC_TS_PACKET] = { 0 };
  guint jumps = 0, changes = 0;

  for (guint minute = 0; broadcast && minute < 60; minute++) {
    guint64 first;
    guint n;
    g_autofree guint8 *packets = read_seconds (broadcast, minute * 60, 60, &first, &n);

    for (guint i = 0; i < n; i++) {
      const guint8 *packet = packets + (gsize) i * EC_TS_PACKET;
      guint pid = pid_of (packet);

      if (pid == 0x30) {
        const guint8 *section = section_of (packet);
        gsize length = ((gsize) (section[1] & 15) << 8 | section[2]) + 3;

        if (pmt[0]) {
          g_assert_cmpint (memcmp (pmt, section, length) != 0, ==, pmt[5] != section[5]);
          changes += pmt[5] != section[5];
        }
        memcpy (pmt + 1, section + 1, length - 1);
        pmt[0] = section[0];
      }
      if (has_pcr (packet)) {
        guint64 step = (pcr_of (packet) + PCR_WRAP - pcrs[pid]) % PCR_WRAP;

        jumps += (packet[5] & 0x80) != 0;
        if (pcrs[pid])
          g_assert_cmpint (step > 40 * MS_27M, ==, (packet[5] & 0x80) != 0);
        pcrs[pid] = pcr_of (packet);
      }
    }
  }
  if (!broadcast)
    return;
  g_assert_cmpuint (changes, >=, 3);
  g_assert_cmpuint (jumps, >=, 3 * EC_STATION_N_PROGRAMS);
  g_assert_cmpuint (jumps % EC_STATION_N_PROGRAMS, ==, 0);
}

static void
test_scenario_text (void)
{
  static const char *const bad[] = { "bang@3",  "wrap",       "wrap@",
                                     "wrap@x",  "pmt@3:loud", "stt-step@3:two",
                                     "wrap@-1", "@",          "discontinuity@5:" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EcScenario) scenario = ec_scenario_new (bad[i], 1, 0, 16000, &error);

    g_assert_null (scenario);
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  }
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EcScenario) scenario =
        ec_scenario_new (i ? " pmt@3 , wrap@2,drama, " : NULL, 1, 0, 16000, &error);

    g_assert_no_error (error);
    g_assert_nonnull (scenario);
  }
}

static void
test_filter (void)
{
  g_autoptr (EcBroadcast) broadcast = make (9, NULL);
  EcBroadcastFilter filter;
  g_autofree guint8 *packets = NULL;
  guint64 first;
  guint n, kept, tables = 0;

  if (!broadcast)
    return;
  packets = read_seconds (broadcast, 0, 2, &first, &n);
  ec_broadcast_filter_init_program (&filter, broadcast,
                                    &ec_broadcast_get_station (broadcast)->programs[1], FALSE);
  kept = ec_broadcast_filter_apply (&filter, packets, n, NULL);
  ec_broadcast_filter_clear (&filter);
  g_assert_cmpuint (kept, >, 100);
  g_assert_cmpuint (kept, <, n / 2);
  for (guint i = 0; i < kept; i++) {
    const guint8 *packet = packets + (gsize) i * EC_TS_PACKET;
    guint pid = pid_of (packet);

    g_assert_true (pid == 0 || pid == 0x40 || pid == 0x41 || pid == 0x44);
    if (pid == 0) {
      const guint8 *section = section_of (packet);

      g_assert_cmpuint ((guint) section[2], ==, 13);
      g_assert_cmpuint ((guint) section[9], ==, 4);
      tables++;
    }
  }
  g_assert_cmpuint (tables, >=, 19);

  g_assert_true (ec_broadcast_filter_init_pids (&filter, broadcast, "0x0000-0x0010 0x1ffb"));
  g_assert_false (ec_broadcast_filter_init_pids (&filter, broadcast, "0x2000"));
  g_assert_false (ec_broadcast_filter_init_pids (&filter, broadcast, "0x20-0x10"));
  g_assert_false (ec_broadcast_filter_init_pids (&filter, broadcast, "none"));
}

static void
test_impairment (void)
{
  const EcImpairment impairment = {
    .seed = 4, .loss = 0.01, .burst_loss = 0.02, .burst_length = 12, .bit_errors = 1e-5
  };
  const guint n = 200000;
  g_autofree guint8 *packets = g_malloc0 ((gsize) n * EC_TS_PACKET);
  g_autofree guint8 *lost = g_malloc (n);
  g_autofree guint8 *some = g_malloc (1000 * EC_TS_PACKET);
  guint8 some_lost[1000];
  guint losses = 0, damaged = 0;

  g_assert_true (ec_impairment_active (&impairment));
  ec_impairment_apply (&impairment, 5000, n, packets, lost);
  for (guint i = 0; i < n; i++) {
    losses += lost[i];
    damaged += packets[(gsize) i * EC_TS_PACKET + 1] >> 7; /* transport_error_indicator */
    g_assert_cmphex (packets[(gsize) i * EC_TS_PACKET], ==, 0);
  }
  g_assert_cmpfloat_with_epsilon ((double) losses / n, 0.03, 0.006);
  g_assert_cmpfloat_with_epsilon ((double) damaged / n, 1504e-5, 0.003);

  for (guint i = 0; i < 100; i++) {
    guint from = (guint) g_test_rand_int_range (0, (gint32) n - 1000);
    guint size = (guint) g_test_rand_int_range (0, 1000);

    memset (some, 0, 1000 * EC_TS_PACKET);
    ec_impairment_apply (&impairment, 5000 + from, size, some, some_lost);
    g_assert_cmpmem (some_lost, size, lost + from, size);
    g_assert_cmpmem (some, (gsize) size * EC_TS_PACKET, packets + (gsize) from * EC_TS_PACKET,
                     (gsize) size * EC_TS_PACKET);
  }
}

static void
test_cache (void)
{
  g_autoptr (EcBroadcast) broadcast = make (1, NULL);
  g_autoptr (EcBroadcastLoop) loop = NULL;
  g_autofree char *path = ec_broadcast_cache_dup_path (EC_BROADCAST_LITE);
  g_autofree char *data = NULL;
  gsize size;

  if (!broadcast)
    return;
  loop = ec_broadcast_cache_load (EC_BROADCAST_LITE);
  g_assert_nonnull (loop);
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));

  for (guint i = 0; i < 3; i++) {
    g_autoptr (EcBroadcastLoop) damaged = NULL;
    g_autofree char *copy = g_memdup2 (data, size);

    if (i < 2)
      copy[i ? size / 2 : 3] ^= 1;
    g_assert_true (g_file_set_contents (path, copy, (gssize) (i == 2 ? size - 1 : size), NULL));
    damaged = ec_broadcast_cache_load (EC_BROADCAST_LITE);
    g_assert_null (damaged);
  }
  ec_broadcast_cache_save (EC_BROADCAST_LITE, loop);
  g_clear_pointer (&data, g_free);
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
}

/* A decoder that was written by others finds nothing to complain about. */
static void
test_decode (void)
{
  g_autoptr (EcBroadcast) broadcast = make (11, "wrap@23");
  g_autofree char *ffmpeg = g_find_program_in_path ("ffmpeg");
  g_autofree char *path = NULL;
  g_autofree guint8 *packets = NULL;
  guint64 first;
  guint n;

  if (!broadcast)
    return;
  if (!ffmpeg) {
    g_test_skip ("ffmpeg is not installed");
    return;
  }
  path = g_build_filename (g_get_user_cache_dir (), "test-broadcast.ts", NULL);
  for (guint p = 0; p < 3; p++) {
    EcBroadcastFilter filter;
    g_autoptr (GError) error = NULL;
    g_autofree char *complaints = NULL;
    const char *argv[] = { ffmpeg, "-nostdin", "-v",   "error", "-xerror", "-i",
                           path,   "-map",     "0:v",  "-map",  "0:a",     "-t",
                           "20",   "-f",       "null", "-",     NULL };
    int status;

    g_clear_pointer (&packets, g_free);
    packets = read_seconds (broadcast, 11, 24, &first, &n);
    ec_broadcast_filter_init_program (&filter, broadcast,
                                      &ec_broadcast_get_station (broadcast)->programs[p], FALSE);
    n = ec_broadcast_filter_apply (&filter, packets, n, NULL);
    ec_broadcast_filter_clear (&filter);
    g_assert_true (g_file_set_contents (path, (char *) packets, (gssize) n * EC_TS_PACKET, NULL));
    g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                  &complaints, &status, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (complaints, ==, "");
    g_assert_true (g_spawn_check_wait_status (status, NULL));
  }
  g_unlink (path);
}

int
main (int argc, char **argv)
{
  g_autofree char *cache = NULL;

  g_test_init (&argc, &argv, NULL);
  cache = g_test_build_filename (G_TEST_BUILT, "cache", NULL);
  g_setenv ("XDG_CACHE_HOME", cache, TRUE);

  g_test_add_func ("/media/broadcast/pure", test_pure);
  g_test_add_func ("/media/broadcast/seeds", test_seeds);
  g_test_add_func ("/media/broadcast/time", test_time);
  g_test_add_func ("/media/broadcast/continuity", test_continuity);
  g_test_add_func ("/media/broadcast/delivery", test_delivery);
  g_test_add_func ("/media/broadcast/tables", test_tables);
  g_test_add_func ("/media/broadcast/psip", test_psip);
  g_test_add_func ("/media/broadcast/stt", test_stt);
  g_test_add_func ("/media/broadcast/discontinuity", test_discontinuity);
  g_test_add_func ("/media/broadcast/pmt-change", test_pmt_change);
  g_test_add_func ("/media/broadcast/duplicates", test_duplicates);
  g_test_add_func ("/media/broadcast/drama", test_drama);
  g_test_add_func ("/media/broadcast/scenario-text", test_scenario_text);
  g_test_add_func ("/media/broadcast/filter", test_filter);
  g_test_add_func ("/media/broadcast/impairment", test_impairment);
  g_test_add_func ("/media/broadcast/cache", test_cache);
  g_test_add_func ("/media/broadcast/decode", test_decode);
  return g_test_run ();
}
