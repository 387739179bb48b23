/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-program.h"

/* The canonical head: PAT and PMT packets in front of a chunk (ECP-0002 §6.2). */

/* One PAT packet and six of the longest PMT section. */
#define EC_CHUNK_HEAD_MAX (7 * EC_TS_PACKET_SIZE)

gsize ec_chunk_head_size (const EcTsProgram *program);
/* Writes ec_chunk_head_size() bytes to `out`. */
void ec_chunk_head_write (guint8 *out, const EcTsProgram *program, guint tsid, guint64 index);
