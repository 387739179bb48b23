/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-source.h"

/*
 * The registry of URI schemes. Filled once by ec_source_new_for_uri(), so that kinds in folders
 * above this one can add themselves; any thread.
 */

/* Makes a source, not opened yet, or sets EC_SOURCE_ERROR_BAD_URI and such. No I/O. */
typedef EcSource *(*EcSourceMake) (const char *uri, GError **error);

/* `scheme`: static, lower case. Registered once. */
void ec_source_scheme_register (const char *scheme, EcSourceMake make);

/* NULL where nobody handles the scheme (any case). */
EcSourceMake ec_source_scheme_lookup (const char *scheme);

/* "file, http and udp", for messages. */
char *ec_source_scheme_list (void);

/* The kinds of this folder. */
EcSource *ec_file_source_new (const char *uri, GError **error);
EcSource *ec_http_source_new (const char *uri, GError **error);
EcSource *ec_udp_source_new (const char *uri, GError **error);
EcSource *ec_hdhr_source_new (const char *uri, GError **error);
