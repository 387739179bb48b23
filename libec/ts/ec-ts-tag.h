/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The packet that a canonical chunk begins with, and that no broadcaster sends: a PAT packet with a
 * tag and the chunk's index in its adaptation field (ECP-0002 §6.2, §8).
 */

/* The tag and the index: what stands in front of the pointer_field. */
#define EC_TS_TAG_SIZE 18

/* Writes EC_TS_TAG_SIZE bytes. */
void ec_ts_tag_write (guint8 *out, guint64 index);
/* Whether a packet of 188 bytes is the first of a chunk; then its index. */
gboolean ec_ts_tag_parse (const guint8 *packet, guint64 *index);
