/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-cache.h"

/* A table with so many entries begins anew: all of it can be learnt again. */
#define MAX_ENTRIES 1024

static GMutex mutex;
static GHashTable *base_urls; /* device id → base URL; under the mutex */
static GHashTable *tunings;   /* "device channel" → EcHdhrTuning; under the mutex */

static void
ensure_tables (void)
{
  if (base_urls)
    return;
  base_urls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  tunings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

/* Takes `key` and `value`. */
static void
add (GHashTable *table, char *key, gpointer value)
{
  if (g_hash_table_size (table) >= MAX_ENTRIES && !g_hash_table_contains (table, key))
    g_hash_table_remove_all (table);
  g_hash_table_replace (table, key, value);
}

guint
ec_hdhr_cache_get_size (void)
{
  guint size;

  g_mutex_lock (&mutex);
  ensure_tables ();
  size = g_hash_table_size (base_urls) + g_hash_table_size (tunings);
  g_mutex_unlock (&mutex);
  return size;
}

char *
ec_hdhr_cache_get_base_url (const char *device)
{
  char *base_url;

  g_mutex_lock (&mutex);
  ensure_tables ();
  base_url = g_strdup (g_hash_table_lookup (base_urls, device));
  g_mutex_unlock (&mutex);
  return base_url;
}

void
ec_hdhr_cache_set_base_url (const char *device, const char *base_url)
{
  g_mutex_lock (&mutex);
  ensure_tables ();
  if (base_url)
    add (base_urls, g_strdup (device), g_strdup (base_url));
  else
    g_hash_table_remove (base_urls, device);
  g_mutex_unlock (&mutex);
}

gboolean
ec_hdhr_cache_get_tuning (const char *device, const char *channel, EcHdhrTuning *tuning)
{
  g_autofree char *key = g_strdup_printf ("%s %s", device, channel);
  const EcHdhrTuning *known;

  g_mutex_lock (&mutex);
  ensure_tables ();
  known = g_hash_table_lookup (tunings, key);
  if (known)
    *tuning = *known;
  g_mutex_unlock (&mutex);
  return known != NULL;
}

void
ec_hdhr_cache_set_tuning (const char *device, const char *channel, const EcHdhrTuning *tuning)
{
  g_autofree char *key = g_strdup_printf ("%s %s", device, channel);

  g_mutex_lock (&mutex);
  ensure_tables ();
  if (tuning)
    add (tunings, g_steal_pointer (&key), g_memdup2 (tuning, sizeof *tuning));
  else
    g_hash_table_remove (tunings, key);
  g_mutex_unlock (&mutex);
}
