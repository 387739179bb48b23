/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-json.h"

#include <math.h>
#include <string.h>

#include "base/ec-error.h"
#include "base/ec-json-scan.h"

#define MAX_DEPTH 32
#define MAX_TEXT 1024

JsonNode *
ec_json_parse (GBytes *bytes, const char *who, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *text = NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  text = g_utf8_make_valid (data ? data : "", (gssize) size);
  size = strlen (text);
  if (!ec_json_scan_is_one (text, size, MAX_DEPTH) ||
      !json_parser_load_from_data (parser, text, (gssize) size, NULL) ||
      json_parser_get_root (parser) == NULL) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_REPLY,
                 "%s sent an answer that cannot be understood. Restarting it may help; is it an "
                 "HDHomeRun?",
                 who);
    return NULL;
  }
  return json_parser_steal_root (parser);
}

static JsonNode *
get_value (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

char *
ec_json_dup_text (JsonObject *object, const char *name)
{
  JsonNode *node = get_value (object, name);
  GType type = node ? json_node_get_value_type (node) : G_TYPE_INVALID;
  GString *text;

  if (type == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));
  if (type == G_TYPE_DOUBLE) {
    char number[G_ASCII_DTOSTR_BUF_SIZE];

    return g_strdup (g_ascii_formatd (number, sizeof number, "%.10g", json_node_get_double (node)));
  }
  if (type != G_TYPE_STRING)
    return NULL;

  text = g_string_new (NULL);
  for (const char *p = json_node_get_string (node); *p && text->len < MAX_TEXT;
       p = g_utf8_next_char (p)) {
    if (!g_unichar_iscntrl (g_utf8_get_char (p)))
      g_string_append_unichar (text, g_utf8_get_char (p));
  }
  return g_string_free (text, FALSE);
}

gint64
ec_json_get_int (JsonObject *object, const char *name, gint64 absent)
{
  JsonNode *node = get_value (object, name);
  GType type = node ? json_node_get_value_type (node) : G_TYPE_INVALID;

  if (type == G_TYPE_INT64)
    return json_node_get_int (node);
  if (type == G_TYPE_BOOLEAN)
    return json_node_get_boolean (node);
  if (type == G_TYPE_DOUBLE && fabs (json_node_get_double (node)) < 9e15)
    return (gint64) json_node_get_double (node);
  if (type == G_TYPE_STRING && g_ascii_isdigit (*json_node_get_string (node)))
    return g_ascii_strtoll (json_node_get_string (node), NULL, 10);
  return absent;
}

gboolean
ec_json_get_flag (JsonObject *object, const char *name)
{
  return ec_json_get_int (object, name, 0) != 0;
}

JsonObject *
ec_json_get_element (JsonArray *array, guint i)
{
  JsonNode *node = json_array_get_element (array, i);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}
