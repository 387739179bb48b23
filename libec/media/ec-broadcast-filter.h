/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-broadcast.h"

/* What a tuner lets through: the whole multiplex, one program, or a list of PIDs. */
typedef struct {
  const EcBroadcast *broadcast;
  guint64 pids[0x2000 / 64]; /* a bit a PID */
  GByteArray *pat;           /* sent in place of the broadcast's; NULL keeps it */
} EcBroadcastFilter;

/* `broadcast` must outlive the filter. */
void ec_broadcast_filter_init_mux (EcBroadcastFilter *self, const EcBroadcast *broadcast);

/*
 * One program as a device filters it: the PAT rewritten to name it alone, its PMT untouched, and
 * PSIP only if asked for.
 */
void ec_broadcast_filter_init_program (EcBroadcastFilter *self,
                                       const EcBroadcast *broadcast,
                                       const EcStationProgram *program,
                                       gboolean keep_psip);

/* PIDs as the control protocol writes them, "0x0000-0x1fff 0x1ffb"; FALSE if malformed. */
gboolean ec_broadcast_filter_init_pids (EcBroadcastFilter *self,
                                        const EcBroadcast *broadcast,
                                        const char *text);
void ec_broadcast_filter_clear (EcBroadcastFilter *self);

/*
 * Filters `n` packets in place. `lost`: a byte a packet, not 0 where it was lost on the air; may
 * be NULL. Returns how many packets are left.
 */
guint
ec_broadcast_filter_apply (EcBroadcastFilter *self, guint8 *packets, guint n, const guint8 *lost);
