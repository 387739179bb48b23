/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "relay/ec-relay.h"

/*
 * Renews what is due of a running relay's certificates as of `now_s`, seconds since 1970, and has it told if their hashes are others than
 * before. Its own thread does so every now and then, by the computer's clock.
 */
void ec_relay_renew_certificates (EcRelay *self, gint64 now_s);
