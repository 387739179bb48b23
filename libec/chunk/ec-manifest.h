/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

/**
 * EcChunkSync:
 * @EC_CHUNK_SYNC_PTS: indices count time stamps of the stream; they mean nothing elsewhere
 * @EC_CHUNK_SYNC_CLOCK: indices count the broadcast's own clock, and are the same at every receiver
 *
 * What the index of a chunk counts.
 */
typedef enum {
  EC_CHUNK_SYNC_PTS,
  EC_CHUNK_SYNC_CLOCK,
} EcChunkSync;

#define EC_TYPE_CHUNK_SYNC (ec_chunk_sync_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_chunk_sync_get_type (void) G_GNUC_CONST;

#define EC_TYPE_MANIFEST (ec_manifest_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcManifest, ec_manifest, EC, MANIFEST, GObject)

EC_AVAILABLE_IN_1_0
EcManifest *ec_manifest_new_from_text (const char *text,
                                       gssize length,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
char *ec_manifest_to_text (EcManifest *self) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
guint ec_manifest_get_program_number (EcManifest *self);
EC_AVAILABLE_IN_1_0
gint64 ec_manifest_get_index (EcManifest *self);
EC_AVAILABLE_IN_1_0
EcChunkSync ec_manifest_get_sync (EcManifest *self);
EC_AVAILABLE_IN_1_0
gint64 ec_manifest_get_clock (EcManifest *self);
EC_AVAILABLE_IN_1_0
int ec_manifest_get_gps_utc_offset (EcManifest *self);
EC_AVAILABLE_IN_1_0
char *ec_manifest_dup_utc (EcManifest *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
gint64 ec_manifest_get_pts (EcManifest *self);
EC_AVAILABLE_IN_1_0
gint64 ec_manifest_get_duration (EcManifest *self);
EC_AVAILABLE_IN_1_0
guint ec_manifest_get_n_parts (EcManifest *self);
EC_AVAILABLE_IN_1_0
guint ec_manifest_get_part_size (EcManifest *self, guint part);
EC_AVAILABLE_IN_1_0
guint64 ec_manifest_get_n_bytes (EcManifest *self);
EC_AVAILABLE_IN_1_0
guint ec_manifest_get_damaged (EcManifest *self);
EC_AVAILABLE_IN_1_0
gboolean ec_manifest_get_clean (EcManifest *self);
EC_AVAILABLE_IN_1_0
const char *ec_manifest_get_hash (EcManifest *self);

G_END_DECLS
