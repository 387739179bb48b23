/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

/*
 * Lenient JSON: devices differ in what they leave out and in whether a number is one. A member that
 * is missing or of a type that makes no sense is as good as absent.
 */

/* NULL and EC_SOURCE_ERROR_BAD_REPLY when `bytes` is no JSON, or nested too deeply. */
JsonNode *ec_json_parse (GBytes *bytes, const char *who, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A string, or a number as text, without control characters, of at most 1 kB; NULL where absent. */
char *ec_json_dup_text (JsonObject *object, const char *name);

/* A number, a boolean, or a string that begins with digits. */
gint64 ec_json_get_int (JsonObject *object, const char *name, gint64 absent);
gboolean ec_json_get_flag (JsonObject *object, const char *name);

/* The i-th element if it is an object, else NULL. */
JsonObject *ec_json_get_element (JsonArray *array, guint i);
