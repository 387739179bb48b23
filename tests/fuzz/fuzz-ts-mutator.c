/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Changes transport streams so that they stay transport streams: packets go, come twice or elsewhere,
 * fields of theirs change; then sync bytes, counters and CRCs are mended, mostly, so that the change
 * gets past the first checks.
 */
#include <string.h>

#include "fuzz.h"
#include "ts/ec-ts-section.h"

#define HEADER 4 /* how to feed the target; see there */

typedef struct {
  FuzzRandom random;
  guint8 *packets;
  gsize n, max; /* packets */
  gboolean keep_sync;
} Stream;

static guint8 *
packet_at (Stream *self, gsize i)
{
  return self->packets + i * EC_TS_PACKET_SIZE;
}

static gsize
any_packet (Stream *self)
{
  return fuzz_random_below (&self->random, (guint32) self->n);
}

static void
remove_run (Stream *self)
{
  gsize from = any_packet (self);
  gsize n = fuzz_random_piece (&self->random, 8, self->n - from);

  if (n == self->n)
    return;
  memmove (packet_at (self, from), packet_at (self, from + n),
           (self->n - from - n) * EC_TS_PACKET_SIZE);
  self->n -= n;
}

/* A packet again, at once, some packets on, or anywhere. */
static void
repeat_packet (Stream *self)
{
  guint8 copy[EC_TS_PACKET_SIZE];
  gsize from = any_packet (self), to;

  if (self->n == self->max)
    return;
  to = fuzz_random_below (&self->random, 3) ? from + 1 + fuzz_random_below (&self->random, 5)
                                            : any_packet (self);
  to = MIN (to, self->n);
  memcpy (copy, packet_at (self, from), sizeof copy);
  memmove (packet_at (self, to + 1), packet_at (self, to), (self->n - to) * EC_TS_PACKET_SIZE);
  memcpy (packet_at (self, to), copy, sizeof copy);
  self->n++;
}

static void
swap_packets (Stream *self)
{
  guint8 copy[EC_TS_PACKET_SIZE];
  gsize a = any_packet (self), b = any_packet (self);

  memcpy (copy, packet_at (self, a), sizeof copy);
  memmove (packet_at (self, a), packet_at (self, b), sizeof copy);
  memcpy (packet_at (self, b), copy, sizeof copy);
}

static void
change_header (Stream *self)
{
  guint8 *packet = packet_at (self, any_packet (self));
  const guint8 *other = packet_at (self, any_packet (self));

  switch (fuzz_random_below (&self->random, 7)) {
  case 0: /* the PID of another packet */
    packet[1] = (guint8) ((packet[1] & 0xe0) | (other[1] & 0x1f));
    packet[2] = other[2];
    break;
  case 1:
    packet[1] ^= 0x40;
    break;
  case 2:
    packet[1] ^= 0x80;
    break;
  case 3:
    packet[3] ^= 0x40 << fuzz_random_below (&self->random, 2);
    break;
  case 4:
    packet[3] ^= 0x10 << fuzz_random_below (&self->random, 2);
    break;
  case 5:
    packet[3] = (guint8) ((packet[3] & 0xf0) | fuzz_random_below (&self->random, 16));
    break;
  default: /* the adaptation field's length and flags */
    packet[4] = (guint8) fuzz_random_below (&self->random, 256);
    packet[5] ^= 1u << fuzz_random_below (&self->random, 8);
    break;
  }
}

static void
change_bytes (Stream *self)
{
  guint8 *packet = packet_at (self, any_packet (self));
  guint from = 4 + fuzz_random_below (&self->random, 48);
  guint size = (guint) fuzz_random_piece (&self->random, 24, EC_TS_PACKET_SIZE - from);
  guint8 copy[EC_TS_PACKET_SIZE];

  memcpy (copy, packet + from, size);
  if (LLVMFuzzerMutate (copy, size, size) > 0)
    memcpy (packet + from, copy, size);
}

static void
break_sync (Stream *self)
{
  packet_at (self, any_packet (self))[0] ^= 1u << fuzz_random_below (&self->random, 8);
  self->keep_sync = TRUE;
}

/* The CRC of the section that begins in a packet, if it ends there. */
static void
mend_section (guint8 *packet)
{
  guint at = ec_ts_packet_payload_offset (packet);
  guint size;
  guint32 crc;

  if (!ec_ts_packet_unit_start (packet) || at >= EC_TS_PACKET_SIZE)
    return;
  at += 1u + packet[at];
  if (at + 12 > EC_TS_PACKET_SIZE || (packet[at] == 0 && packet[at + 1] == 0))
    return; /* the latter is a PES packet */
  size = 3 + ((packet[at + 1] & 0x0fu) << 8 | packet[at + 2]);
  if (size < 8 || at + size > EC_TS_PACKET_SIZE || packet[at] == 0x70)
    return;
  crc = g_htonl (ec_ts_crc32 (packet + at, size - 4));
  memcpy (packet + at + size - 4, &crc, sizeof crc);
}

static void
mend (Stream *self)
{
  gboolean counters = fuzz_random_below (&self->random, 2) == 0;
  guint8 next[EC_TS_N_PIDS] = { 0 };

  for (gsize i = 0; i < self->n; i++) {
    guint8 *packet = packet_at (self, i);

    if (!self->keep_sync)
      packet[0] = EC_TS_SYNC_BYTE;
    mend_section (packet);
    if (counters) {
      guint pid = ec_ts_packet_pid (packet);

      next[pid] = (guint8) (next[pid] + (ec_ts_packet_counts (packet) ? 1 : 0));
      packet[3] = (guint8) ((packet[3] & 0xf0) | (next[pid] & 0x0f));
    }
  }
}

size_t
LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
  static void (*const changes[]) (Stream *) = { remove_run,    repeat_packet, swap_packets,
                                                change_header, change_header, change_bytes,
                                                change_bytes,  break_sync };
  Stream stream = { 0 };
  guint n_changes;

  fuzz_random_init (&stream.random, seed);
  if (size < HEADER + EC_TS_PACKET_SIZE || fuzz_random_below (&stream.random, 16) == 0)
    return LLVMFuzzerMutate (data, size, max_size);

  stream.packets = data + HEADER;
  stream.n = (size - HEADER) / EC_TS_PACKET_SIZE;
  stream.max = (max_size - HEADER) / EC_TS_PACKET_SIZE;
  if (fuzz_random_below (&stream.random, 4) == 0)
    data[fuzz_random_below (&stream.random, HEADER)] =
        (guint8) fuzz_random_below (&stream.random, 256);
  n_changes = 1 + fuzz_random_below (&stream.random, 6);
  for (guint i = 0; i < n_changes; i++)
    changes[fuzz_random_below (&stream.random, G_N_ELEMENTS (changes))](&stream);
  if (fuzz_random_below (&stream.random, 8) != 0)
    mend (&stream);
  return HEADER + stream.n * EC_TS_PACKET_SIZE;
}
