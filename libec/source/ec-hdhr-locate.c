/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-locate.h"

#include <stdlib.h>
#include <string.h>

#include "base/ec-error.h"
#include "source/ec-hdhr-cache.h"
#include "source/ec-hdhr-client.h"
#include "source/ec-hdhr-scan.h"

#define LOCATE_TIMEOUT 1500 /* ms */

static char *
search (const char *device, GCancellable *cancellable, GError **error)
{
  g_auto (GStrv) hosts = ec_hdhr_scan_env_hosts ();
  EcHdhrScanOptions options = { .hosts = (const char *const *) hosts,
                                .broadcast = TRUE,
                                .id = (guint32) strtoul (device, NULL, 16),
                                .timeout_ms = LOCATE_TIMEOUT };
  g_autoptr (EcHdhrScan) scan = ec_hdhr_scan_new (&options, NULL, NULL, NULL);
  g_autofree char *base_url = NULL;
  EcHdhrSighting *sighting;

  while (base_url == NULL && (sighting = ec_hdhr_scan_wait (scan, cancellable))) {
    if (sighting->device_id && g_ascii_strcasecmp (sighting->device_id, device) == 0)
      base_url = g_strdup (sighting->base_url);
    ec_hdhr_sighting_free (sighting);
  }
  ec_hdhr_scan_cancel (scan);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  if (base_url == NULL)
    g_set_error (
        error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_FOUND,
        "HDHomeRun %s was not found on this network. Is it switched on? If it is on another "
        "network, give its address instead of its id: hdhomerun://ADDRESS/CHANNEL, or set "
        "EC_DEVICES=ADDRESS.",
        device);
  return g_steal_pointer (&base_url);
}

/* A device at an address that was given without a port says itself where its HTTP is. */
static char *
ask_host (const char *host, const char *default_base_url, GCancellable *cancellable, GError **error)
{
  const char *hosts[] = { host, NULL };
  EcHdhrScanOptions options = { .hosts = hosts,
                                .id = EC_HDHR_ANY_ID,
                                .timeout_ms = LOCATE_TIMEOUT };
  g_autoptr (EcHdhrScan) scan = ec_hdhr_scan_new (&options, NULL, NULL, NULL);
  g_autofree char *base_url = NULL;
  EcHdhrSighting *sighting;

  while (base_url == NULL && (sighting = ec_hdhr_scan_wait (scan, cancellable))) {
    base_url = g_strdup (sighting->base_url);
    ec_hdhr_sighting_free (sighting);
  }
  ec_hdhr_scan_cancel (scan);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return base_url ? g_steal_pointer (&base_url) : g_strdup (default_base_url);
}

char *
ec_hdhr_locate (const char *device,
                gboolean use_cache,
                gboolean *fresh,
                GCancellable *cancellable,
                GError **error)
{
  gboolean is_id = ec_hdhr_is_device_id (device, NULL);
  gboolean has_port = FALSE;
  g_autofree char *key = g_ascii_strup (device, -1);
  g_autofree char *host_url = NULL;
  g_autofree char *base_url = NULL;

  *fresh = TRUE;
  if (!is_id && !(host_url = ec_hdhr_base_url_for_host (device, &has_port, error)))
    return NULL;
  if (has_port)
    return g_steal_pointer (&host_url);

  if (use_cache && (base_url = ec_hdhr_cache_get_base_url (key))) {
    *fresh = FALSE;
    return g_steal_pointer (&base_url);
  }

  base_url =
      is_id ? search (key, cancellable, error) : ask_host (device, host_url, cancellable, error);
  if (base_url)
    ec_hdhr_cache_set_base_url (key, base_url);
  return g_steal_pointer (&base_url);
}
