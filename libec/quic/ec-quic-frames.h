/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A STOP_SENDING frame (RFC 9000 §19.5). */
typedef struct {
  gint64 stream;
  guint64 code;
} EcQuicStop;

/*
 * Walks the frames of a packet's plaintext and adds its STOP_SENDING frames to `stops` (of EcQuicStop), 64 at most.
 * ngtcp2 does not tell of them: a stream that has nothing to send would hear of it when it is closed, or never.
 * What is malformed ends the walk; ngtcp2 closes the connection for it.
 */
void ec_quic_frames_find_stops (const guint8 *data, gsize size, GArray *stops);
