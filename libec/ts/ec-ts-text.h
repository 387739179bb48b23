/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-reader.h"

/* Names in tables, as UTF-8 that can be printed anywhere: what cannot be is escaped as \u{…}. */

/* Characters that are kept of a name. */
#define EC_TS_TEXT_MAX 80

/* EN 300 468 annex A; NULL for an empty one. */
char *ec_ts_text_from_dvb (const guint8 *data, gsize size);
/* UTF-16BE up to its first NUL, as in ATSC A/65 §6.3; NULL for an empty one. */
char *ec_ts_text_from_utf16 (const guint8 *data, gsize size);
