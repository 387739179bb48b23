/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-scheme.h"

static GMutex mutex;
static GHashTable *schemes; /* name → EcSourceMake; under the mutex */

void
ec_source_scheme_register (const char *scheme, EcSourceMake make)
{
  g_mutex_lock (&mutex);
  if (schemes == NULL)
    schemes = g_hash_table_new (g_str_hash, g_str_equal);
  g_assert (!g_hash_table_contains (schemes, scheme));
  g_hash_table_insert (schemes, (gpointer) scheme, (gpointer) make);
  g_mutex_unlock (&mutex);
}

EcSourceMake
ec_source_scheme_lookup (const char *scheme)
{
  g_autofree char *lower = g_ascii_strdown (scheme, -1);
  EcSourceMake make = NULL;

  g_mutex_lock (&mutex);
  if (schemes)
    make = (EcSourceMake) g_hash_table_lookup (schemes, lower);
  g_mutex_unlock (&mutex);
  return make;
}

char *
ec_source_scheme_list (void)
{
  g_autoptr (GList) names = NULL;
  GString *text = g_string_new (NULL);

  g_mutex_lock (&mutex);
  if (schemes)
    names = g_list_sort (g_hash_table_get_keys (schemes), (GCompareFunc) g_strcmp0);
  for (GList *l = names; l; l = l->next) {
    if (l != names)
      g_string_append (text, l->next ? ", " : " and ");
    g_string_append (text, l->data);
  }
  g_mutex_unlock (&mutex);
  return g_string_free (text, FALSE);
}
