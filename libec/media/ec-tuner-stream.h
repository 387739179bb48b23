/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-tuner-device.h"

/*
 * An HTTP stream: the connection taken over from the server, its head written, packets following
 * as they are broadcast. What a slow reader does not take in time is dropped, in whole packets.
 *
 * It owns itself: it ends with the connection or when the tuner lets go of it, whichever is first,
 * and releases the tuner.
 */
void ec_tuner_stream_begin (
    EcTuner *tuner, GIOStream *connection, GSocket *socket, const char *remote_ip, double seconds);
