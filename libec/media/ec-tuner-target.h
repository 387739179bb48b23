/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-tuner-device.h"

/*
 * Starts streaming to "udp://IP:PORT" or "rtp://IP:PORT", seven packets a datagram, until the
 * tuner is stopped. FALSE where the target cannot be understood.
 */
gboolean ec_tuner_target_begin (EcTuner *tuner, const char *target);
