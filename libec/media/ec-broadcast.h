/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-broadcast-loop.h"
#include "media/ec-broadcast-mux.h"

/*
 * The simulated transmitter: what is on the air, as a function of the seed and the time alone. Two
 * instances with one configuration are two antennas in one town.
 *
 * Time is counted in slots of one 188-byte packet; slot 0 began at the Unix epoch. Immutable, so
 * that any number of threads may read it.
 */
typedef struct _EcBroadcast EcBroadcast;

typedef struct {
  EcBroadcastProfile profile;
  guint64 seed;
  const char *scenario; /* ec-broadcast-scenario.h; NULL for none */
  gint64 origin;        /* Unix time, µs, that the scenario's times count from */
} EcBroadcastConfig;

/*
 * Prepares what is not cached yet: some seconds the first time on a machine (see
 * ec_broadcast_loop_new(), whose errors these are, and those of ec_scenario_new()). Holds a loop of
 * the multiplex in memory, 40 MB of the full station.
 */
EcBroadcast *ec_broadcast_new (const EcBroadcastConfig *config,
                               EcBroadcastProgress progress,
                               gpointer user_data,
                               GCancellable *cancellable,
                               GError **error);
EcBroadcast *ec_broadcast_ref (EcBroadcast *self);
void ec_broadcast_unref (EcBroadcast *self);

const EcStation *ec_broadcast_get_station (const EcBroadcast *self);
guint ec_broadcast_get_tsid (const EcBroadcast *self);

/* The slot that is being sent at `unix_usec`, and when `slot` begins, in µs of Unix time. */
guint64 ec_broadcast_slot_at (const EcBroadcast *self, gint64 unix_usec);
gint64 ec_broadcast_slot_time (const EcBroadcast *self, guint64 slot);

/* Writes the `n_slots` packets from `slot` on, 188 bytes each, to `out`. */
void ec_broadcast_read (const EcBroadcast *self, guint64 slot, guint n_slots, guint8 *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcBroadcast, ec_broadcast_unref)
