/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-chunk-record.h"
#include "chunk/ec-manifest.h"

EcManifest *ec_manifest_new_for_record (const EcChunkRecord *record);
/* RFC 3339 with milliseconds of a clock in ticks of 90 kHz; `gps_offset` seconds, -1 for none. */
char *ec_manifest_format_utc (gint64 clock, gint gps_offset);
