/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-clock.h"
#include "ts/ec-ts-network.h"

/* Stream ids (ECP-0003). */

/* The broadcast-scoped name, where it may be claimed as far as tables tell; else NULL. */
char *ec_stream_id_for_broadcast (EcTsClockKind kind,
                                  const EcTsNetwork *network,
                                  guint tsid,
                                  guint program_number);
/* The source-scoped name; NULL when one of the fields is empty. */
char *ec_stream_id_for_source (const char *node_id, const char *device, const char *channel, gint64 epoch);
/* One field, percent-encoded. */
char *ec_stream_id_encode_field (const char *field);
