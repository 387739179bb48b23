/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Structured fields (RFC 8941), as far as WebTransport has them: `wt-available-protocols` is a list of strings,
 * `wt-protocol` one. Tokens are taken for strings, as some write them; parameters are skipped.
 */

#define EC_WT_PROTOCOLS_MAX 32

/* NULL-terminated (transfer full), in the field's order; NULL where it is malformed or too long. "" is an empty list. */
char **ec_wt_structured_parse_list (const char *text) G_GNUC_WARN_UNUSED_RESULT;
/* NULL where it is not one string. */
char *ec_wt_structured_parse_string (const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* NULL where a member has what a string cannot have (RFC 8941 §4.1.6). */
char *ec_wt_structured_write_list (const char *const *strings) G_GNUC_WARN_UNUSED_RESULT;
