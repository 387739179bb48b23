/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

#include "source/ec-hdhr-info.h"

/* What a device that refuses to stream means. */

#define EC_HDHR_ERROR_TUNER_IN_USE 804
#define EC_HDHR_ERROR_ALL_TUNERS_IN_USE 805

/* The number of its X-HDHomeRun-Error; 0 where there is none. */
guint ec_hdhr_get_error_number (SoupMessage *message);

/*
 * details: with tuners, where they are known, to name who holds them
 * channel: "5.1 KABC"
 */
void ec_hdhr_set_error (GError **error,
                        SoupMessage *message,
                        const EcHdhrDetails *details,
                        const char *channel);
