/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-cache.h"

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

char *
ec_hdhr_cache_get_base_url (const char *device_id)
{
  char *base_url;

  g_mutex_lock (&mutex);
  ensure_tables ();
  base_url = g_strdup (g_hash_table_lookup (base_urls, device_id));
  g_mutex_unlock (&mutex);
  return base_url;
}

void
ec_hdhr_cache_set_base_url (const char *device_id, const char *base_url)
{
  g_mutex_lock (&mutex);
  ensure_tables ();
  if (base_url)
    g_hash_table_replace (base_urls, g_strdup (device_id), g_strdup (base_url));
  else
    g_hash_table_remove (base_urls, device_id);
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
    g_hash_table_replace (tunings, g_steal_pointer (&key), g_memdup2 (tuning, sizeof *tuning));
  else
    g_hash_table_remove (tunings, key);
  g_mutex_unlock (&mutex);
}
