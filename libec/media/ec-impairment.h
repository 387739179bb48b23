/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * What bad reception does to packets: single losses, losses in bursts (a Gilbert channel) and bit
 * errors. A function of the seed and the slot, so a receiver's damage repeats.
 *
 * Bit errors are those that the demodulator's Reed-Solomon decoder (A/53 part 2 §5.1) could not
 * correct, so it sets transport_error_indicator; the sync byte is its own and never wrong.
 */
typedef struct {
  guint64 seed;
  double loss;         /* of single packets, 0–1 */
  double burst_loss;   /* packets lost in bursts, 0–1 */
  double burst_length; /* mean, packets, 1–EC_IMPAIRMENT_MAX_BURST / 4 */
  double bit_errors;   /* of bits, 0–1 */
} EcImpairment;

#define EC_IMPAIRMENT_MAX_BURST 256

gboolean ec_impairment_active (const EcImpairment *self);

/*
 * Damages the `n` packets of 188 bytes from `slot` on; lost[i] is set to 1 where packet i is lost
 * and to 0 where not.
 */
void ec_impairment_apply (
    const EcImpairment *self, guint64 slot, guint n, guint8 *packets, guint8 *lost);
