/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-broadcast-loop.h"

/*
 * The cache file of a loop: its name and its head hold everything that shapes the bytes, a SHA-256
 * its contents. It is read as something that anybody may have changed.
 */

/* Where the loop of a profile is or would be; the caller frees it. */
char *ec_broadcast_cache_dup_path (EcBroadcastProfile profile);

/* NULL where there is none, or it is damaged or of another version. */
EcBroadcastLoop *ec_broadcast_cache_load (EcBroadcastProfile profile);

/* Writes a temporary file and renames it, and removes older versions; failing is only logged. */
void ec_broadcast_cache_save (EcBroadcastProfile profile, const EcBroadcastLoop *loop);
