/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-chunk.h"

G_BEGIN_DECLS

#define EC_TYPE_CHUNKER (ec_chunker_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcChunker, ec_chunker, EC, CHUNKER, GObject)

EC_AVAILABLE_IN_1_0
EcChunker *ec_chunker_new (guint program_number) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
guint ec_chunker_get_program_number (EcChunker *self);
EC_AVAILABLE_IN_1_0
void ec_chunker_add_manifest (EcChunker *self, EcManifest *manifest);
EC_AVAILABLE_IN_1_0
void ec_chunker_push (EcChunker *self, GBytes *bytes);
EC_AVAILABLE_IN_1_0
void ec_chunker_push_data (EcChunker *self, const guint8 *data, gsize size);
EC_AVAILABLE_IN_1_0
void ec_chunker_push_discontinuity (EcChunker *self);
EC_AVAILABLE_IN_1_0
void ec_chunker_finish (EcChunker *self);
EC_AVAILABLE_IN_1_0
EcChunk *ec_chunker_pop (EcChunker *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
gboolean ec_chunker_check (EcChunker *self, GError **error);

G_END_DECLS
