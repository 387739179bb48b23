/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Whether a text is, by its brackets, one JSON object or array nested at most `max_depth` deep; to be
 * asked before json-glib parses what a peer sent. That recurses as deep as the text says; and it takes
 * several values one behind the other, and leaks all but one of them.
 */
gboolean ec_json_scan_is_one (const char *text, gsize size, guint max_depth);
