/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-structured.h"

#include <string.h>

static void
skip (const char **at, const char *set)
{
  *at += strspn (*at, set);
}

/* RFC 8941 §4.2.5, from the quotation mark on. */
static char *
parse_quoted (const char **at)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for ((*at)++; **at != '"'; (*at)++) {
    if (**at == '\\') {
      (*at)++;
      if (**at != '"' && **at != '\\')
        return NULL;
    } else if (**at < 0x20 || **at > 0x7e) {
      return NULL; /* the end too */
    }
    g_string_append_c (text, **at);
  }
  (*at)++;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
is_token_char (char c)
{
  return g_ascii_isalnum (c) || (c && strchr ("!#$%&'*+-.^_`|~:/", c));
}

/* §4.2.6 */
static char *
parse_token (const char **at)
{
  const char *begin = *at;

  if (!g_ascii_isalpha (*begin) && *begin != '*')
    return NULL;
  while (is_token_char (**at))
    (*at)++;
  return g_strndup (begin, *at - begin);
}

static char *
parse_text (const char **at)
{
  return **at == '"' ? parse_quoted (at) : parse_token (at);
}

/* §4.2.3.2: what is behind semicolons, which has no meaning here. */
static gboolean
skip_parameters (const char **at)
{
  while (**at == ';') {
    (*at)++;
    skip (at, " ");
    if (!g_ascii_islower (**at) && **at != '*')
      return FALSE;
    while (g_ascii_islower (**at) || g_ascii_isdigit (**at) || (**at && strchr ("_-.*", **at)))
      (*at)++;
    if (**at != '=')
      continue;
    (*at)++;
    if (**at == '"') {
      g_autofree char *value = parse_quoted (at);

      if (!value)
        return FALSE;
    } else {
      /* Numbers, tokens, byte sequences, booleans. */
      const char *begin = *at;

      while (is_token_char (**at) || **at == '?' || **at == '=')
        (*at)++;
      if (*at == begin)
        return FALSE;
    }
  }
  return TRUE;
}

char **
ec_wt_structured_parse_list (const char *text)
{
  g_autoptr (GPtrArray) strings = g_ptr_array_new_with_free_func (g_free);
  const char *at = text;

  skip (&at, " ");
  while (*at) {
    char *member = parse_text (&at);

    if (!member)
      return NULL;
    g_ptr_array_add (strings, member);
    if (!skip_parameters (&at) || strings->len > EC_WT_PROTOCOLS_MAX)
      return NULL;
    skip (&at, " \t");
    if (!*at)
      break;
    if (*at != ',')
      return NULL;
    at++;
    skip (&at, " \t");
    if (!*at) /* §4.2.1: nothing behind a comma */
      return NULL;
  }
  g_ptr_array_set_free_func (strings, NULL);
  g_ptr_array_add (strings, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&strings), FALSE);
}

char *
ec_wt_structured_parse_string (const char *text)
{
  g_autofree char *string = NULL;
  const char *at = text;

  skip (&at, " ");
  string = parse_text (&at);
  if (!string || !skip_parameters (&at))
    return NULL;
  skip (&at, " ");
  return *at ? NULL : g_steal_pointer (&string);
}

char *
ec_wt_structured_write_list (const char *const *strings)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; strings && strings[i]; i++) {
    if (i > 0)
      g_string_append (text, ", ");
    g_string_append_c (text, '"');
    for (const char *c = strings[i]; *c; c++) {
      if (*c < 0x20 || *c > 0x7e)
        return NULL;
      if (*c == '"' || *c == '\\')
        g_string_append_c (text, '\\');
      g_string_append_c (text, *c);
    }
    g_string_append_c (text, '"');
  }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
