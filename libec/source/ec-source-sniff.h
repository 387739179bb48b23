/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How many bytes without a sign of a transport stream are enough to say that there is none. */
#define EC_SNIFF_LIMIT (64 * 1024)

typedef enum {
  EC_SNIFF_MORE,   /* too few bytes to say */
  EC_SNIFF_TS,     /* three packets in a row: 188 bytes each, or 192 or 204 with their extra ones */
  EC_SNIFF_NOT_TS, /* EC_SNIFF_LIMIT bytes and none */
} EcSniff;

EcSniff ec_sniff_ts (const guint8 *data, gsize size);

/* EC_SOURCE_ERROR_NOT_TS, with a guess at what it is instead. */
void ec_sniff_set_error (const guint8 *data, gsize size, const char *what, GError **error);
