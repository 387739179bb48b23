/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-impairment.h"

#include <math.h>
#include <string.h>

#include "media/ec-media-random.h"

#define TRANSPORT_ERROR 0x80
#define PACKET 188
#define BLOCK EC_IMPAIRMENT_MAX_BURST

#define PURPOSE_LOSS 0x6c6f7373ULL
#define PURPOSE_BURST 0x6275727374ULL
#define PURPOSE_BITS 0x62697473ULL

gboolean
ec_impairment_active (const EcImpairment *self)
{
  return self->loss > 0 || self->burst_loss > 0 || self->bit_errors > 0;
}

/*
 * The bursts of one block of slots: at most one starts in it and it ends at the latest in the
 * next, so that a slot has to look at two blocks only.
 */
static gboolean
block_burst (const EcImpairment *self, guint64 block, guint64 *first, guint64 *end)
{
  double mean = CLAMP (self->burst_length, 1, BLOCK / 4);
  double chance = self->burst_loss * BLOCK / mean;
  double length;

  if (ec_media_hash_unit (PURPOSE_BURST, self->seed, block * 4) >= chance)
    return FALSE;
  *first = block * BLOCK + ec_media_hash (PURPOSE_BURST, self->seed, block * 4 + 1) % BLOCK;
  length = -mean * log (1 - ec_media_hash_unit (PURPOSE_BURST, self->seed, block * 4 + 2));
  *end = *first + (guint64) CLAMP (length + 0.5, 1, BLOCK);
  return TRUE;
}

static void
apply_bursts (const EcImpairment *self, guint64 slot, guint n, guint8 *lost)
{
  guint64 last = (slot + n - 1) / BLOCK;

  for (guint64 block = MAX (slot / BLOCK, 1) - 1; block <= last; block++) {
    guint64 first, end;

    if (!block_burst (self, block, &first, &end))
      continue;
    for (guint64 i = MAX (first, slot); i < MIN (end, slot + n); i++)
      lost[i - slot] = 1;
  }
}

void
ec_impairment_apply (const EcImpairment *self, guint64 slot, guint n, guint8 *packets, guint8 *lost)
{
  double bad_packet = self->bit_errors * PACKET * 8;

  memset (lost, 0, n);
  if (n == 0)
    return;
  if (self->burst_loss > 0)
    apply_bursts (self, slot, n, lost);
  for (guint i = 0; i < n && self->loss > 0; i++)
    lost[i] |= ec_media_hash_unit (PURPOSE_LOSS, self->seed, slot + i) < self->loss;
  for (guint i = 0; i < n && bad_packet > 0; i++) {
    if (ec_media_hash_unit (PURPOSE_BITS, self->seed, slot + i) < bad_packet) {
      guint64 bit = 8 + ec_media_hash (PURPOSE_BITS, ~self->seed, slot + i) % (PACKET * 8 - 8);
      guint8 *packet = packets + (gsize) i * PACKET;

      packet[bit / 8] ^= (guint8) (1 << bit % 8);
      packet[1] |= TRANSPORT_ERROR;
    }
  }
}
