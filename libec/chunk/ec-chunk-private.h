/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-chunk-record.h"
#include "chunk/ec-chunk.h"

EcChunk *ec_chunk_new (void);
void ec_chunk_add_part (EcChunk *self, GBytes *bytes);
void ec_chunk_settle (EcChunk *self, const EcChunkRecord *record);
/* A manifest of the same index and hash says what canonical input is. */
void ec_chunk_vouch (EcChunk *self, EcManifest *manifest);
void ec_chunk_revoke (EcChunk *self, const EcChunkRecord *record);
