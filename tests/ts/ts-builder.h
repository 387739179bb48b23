/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Small transport streams by hand: packets with sections in them, counters kept. */
typedef struct {
  GByteArray *out;
  guint8 counters[8192];
} TsBuilder;

TsBuilder *ts_builder_new (void);
void ts_builder_free (TsBuilder *self);
/*
 * A section with the syntax of ISO/IEC 13818-1: table_id, table_id_extension, version 0, current, `body`,
 * CRC; in as many packets as it takes.
 */
void ts_builder_section (
    TsBuilder *self, guint pid, guint table_id, guint extension, const guint8 *body, gsize size);
/* A whole section as it is. */
void ts_builder_raw_section (TsBuilder *self, guint pid, const guint8 *section, gsize size);
/* A packet with nothing but a PCR, in 27 MHz. */
void ts_builder_pcr (TsBuilder *self, guint pid, guint64 pcr, gboolean discontinuity);
/* A packet full of `fill`. */
void ts_builder_payload (TsBuilder *self, guint pid, guint8 fill);
void ts_builder_pat (TsBuilder *self, guint tsid, guint first_program, guint n, guint first_pid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TsBuilder, ts_builder_free)
