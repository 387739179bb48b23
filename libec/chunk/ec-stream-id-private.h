/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-stream-id.h"
#include "ts/ec-ts-clock.h"
#include "ts/ec-ts-network.h"

/* The broadcast-scoped name, where it may be claimed as far as tables tell (ECP-0003 §2); else NULL. */
char *ec_stream_id_for_broadcast (EcTsClockKind kind,
                                  const EcTsNetwork *network,
                                  guint tsid,
                                  guint program_number);
