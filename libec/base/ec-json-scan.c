/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-json-scan.h"

static gboolean
is_blank (const char *text, gsize size)
{
  for (gsize i = 0; i < size; i++) {
    if (!g_ascii_isspace (text[i]))
      return FALSE;
  }
  return TRUE;
}

gboolean
ec_json_scan_is_one (const char *text, gsize size, guint max_depth)
{
  gboolean quoted = FALSE;
  guint depth = 0;

  for (gsize i = 0; i < size; i++) {
    char c = text[i];

    if (quoted) {
      if (c == '\\')
        i++;
      else
        quoted = c != '"';
      continue;
    }
    if (depth == 0 && c != '{' && c != '[' && !g_ascii_isspace (c))
      return FALSE;
    quoted = c == '"';
    if ((c == '{' || c == '[') && ++depth > max_depth)
      return FALSE;
    if ((c == '}' || c == ']') && --depth == 0)
      return is_blank (text + i + 1, size - i - 1);
  }
  return FALSE;
}
