/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Tables of one packet each, with a valid CRC. */

void ts_make_pat (guint8 packet[188], const guint16 *programs, guint n, guint8 counter);

/* A TVCT in which 5.1 is program 3 and 5.2 is program 4. */
void ts_make_vct (guint8 packet[188], guint8 counter);
