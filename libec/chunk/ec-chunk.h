/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-manifest.h"

G_BEGIN_DECLS

#define EC_TYPE_CHUNK (ec_chunk_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcChunk, ec_chunk, EC, CHUNK, GObject)

EC_AVAILABLE_IN_1_0
gint64 ec_chunk_get_index (EcChunk *self);
EC_AVAILABLE_IN_1_0
EcManifest *ec_chunk_get_manifest (EcChunk *self);
EC_AVAILABLE_IN_1_0
const char *ec_chunk_get_hash (EcChunk *self);
EC_AVAILABLE_IN_1_0
gboolean ec_chunk_get_clean (EcChunk *self);
EC_AVAILABLE_IN_1_0
gboolean ec_chunk_get_certain_open (EcChunk *self);
EC_AVAILABLE_IN_1_0
gboolean ec_chunk_get_certain_close (EcChunk *self);
EC_AVAILABLE_IN_1_0
const char *ec_chunk_get_stream_id (EcChunk *self);
EC_AVAILABLE_IN_1_0
guint ec_chunk_get_timeline (EcChunk *self);
EC_AVAILABLE_IN_1_0
guint64 ec_chunk_get_n_packets (EcChunk *self);
EC_AVAILABLE_IN_1_0
guint ec_chunk_get_n_parts (EcChunk *self);
EC_AVAILABLE_IN_1_0
GBytes *ec_chunk_get_part (EcChunk *self, guint part);
EC_AVAILABLE_IN_1_0
GBytes *ec_chunk_dup_data (EcChunk *self) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
void ec_chunk_drop_data (EcChunk *self);

G_END_DECLS
