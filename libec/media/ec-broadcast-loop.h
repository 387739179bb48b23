/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-broadcast-encode.h"
#include "media/ec-broadcast-station.h"

/* How far a preparation is, 0–1; called in the thread that prepares. */
typedef void (*EcBroadcastProgress) (double fraction, gpointer user_data);

/* The elementary streams of one loop of a station, by program and stream; NULL where scrambled. */
typedef struct {
  EcElementaryStream *streams[EC_STATION_N_PROGRAMS][EC_STATION_MAX_STREAMS];
} EcBroadcastLoop;

/*
 * The loop from the cache file, or encoded (several streams at a time) and then cached under the
 * user's cache directory. A cache that cannot be read or written is no error.
 * Errors: those of ec_broadcast_encode().
 */
EcBroadcastLoop *ec_broadcast_loop_new (EcBroadcastProfile profile,
                                        EcBroadcastProgress progress,
                                        gpointer user_data,
                                        GCancellable *cancellable,
                                        GError **error);
void ec_broadcast_loop_free (EcBroadcastLoop *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcBroadcastLoop, ec_broadcast_loop_free)
