/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the head of a chunk says. */
typedef struct {
  guint program_number, pmt_pid, pcr_pid;
  gboolean audio; /* the lead PID is an audio stream */
} EcPublishCatalog;

/*
 * The catalog of a broadcast of chunks (ECP-0007 §4), byte for byte: a function of the chunk's head alone but for
 * `label` (nullable), which only a source-scoped broadcast may have.
 */
char *ec_publish_catalog_text (const EcPublishCatalog *catalog,
                               const char *label) G_GNUC_WARN_UNUSED_RESULT;
