/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-client.h"

#include <string.h>

#include "base/ec-error.h"

char *
ec_hdhr_host_of (const char *base_url)
{
  g_autoptr (GUri) uri = g_uri_parse (base_url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri ? g_uri_get_host (uri) : NULL;
  int port = uri ? g_uri_get_port (uri) : -1;
  gboolean bracket;

  if (host == NULL)
    return g_strdup (base_url);
  bracket = strchr (host, ':') != NULL;
  if (port <= 0 || port == 80)
    return g_strdup_printf (bracket ? "[%s]" : "%s", host);
  return g_strdup_printf (bracket ? "[%s]:%d" : "%s:%d", host, port);
}

char *
ec_hdhr_name (const char *device_id, const char *base_url)
{
  g_autofree char *host = NULL;

  if (device_id)
    return g_strdup_printf ("HDHomeRun %s", device_id);
  host = ec_hdhr_host_of (base_url);
  return g_strdup_printf ("The HDHomeRun at %s", host);
}

char *
ec_hdhr_base_url_for_host (const char *text, gboolean *has_port, GError **error)
{
  g_autoptr (GSocketConnectable) parsed = NULL;
  g_autofree char *host = g_strstrip (g_strdup (text));
  const char *name;
  guint port;

  if (*host == '\0' || strpbrk (host, "/?#@ ") != NULL ||
      (parsed = g_network_address_parse (host, 0, NULL)) == NULL) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
                 "“%s” is not an address or a host name. It ought to look like 192.168.1.5, "
                 "tuner.local or tuner.local:8080.",
                 text);
    return NULL;
  }

  name = g_network_address_get_hostname (G_NETWORK_ADDRESS (parsed));
  port = g_network_address_get_port (G_NETWORK_ADDRESS (parsed));
  if (has_port)
    *has_port = port != 0;
  return g_strdup_printf (strchr (name, ':') ? "http://[%s]:%u" : "http://%s:%u", name,
                          port ? port : 80);
}

static GBytes *
get (EcHttp *http,
     const char *url,
     const char *who,
     guint timeout_ms,
     GCancellable *cancellable,
     GError **error)
{
  guint status = 0;
  g_autoptr (GBytes) bytes = ec_http_request (http, "GET", url, who, EC_HDHR_MAX_REPLY, timeout_ms,
                                              &status, cancellable, error);

  if (bytes == NULL)
    return NULL;
  if (status != SOUP_STATUS_OK) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_REPLY,
                 "%s did not answer as a tuner does (HTTP %u for %s). Is it an HDHomeRun?", who,
                 status, url);
    return NULL;
  }
  return g_steal_pointer (&bytes);
}

typedef gboolean (*ParseFunc) (EcHdhrDetails *details,
                               GBytes *reply,
                               const char *who,
                               GError **error);

static gboolean
get_into (EcHttp *http,
          EcHdhrDetails *details,
          const char *url,
          ParseFunc parse,
          guint timeout_ms,
          GCancellable *cancellable,
          GError **error)
{
  g_autofree char *who = ec_hdhr_name (details->device_id, details->base_url);
  g_autoptr (GBytes) bytes = get (http, url, who, timeout_ms, cancellable, error);

  return bytes && parse (details, bytes, who, error);
}

gboolean
ec_hdhr_fetch_status (EcHttp *http,
                      EcHdhrDetails *details,
                      guint timeout_ms,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autofree char *url = g_strconcat (details->base_url, "/status.json", NULL);

  return get_into (http, details, url, ec_hdhr_details_parse_status, timeout_ms, cancellable,
                   error);
}

EcHdhrDetails *
ec_hdhr_fetch (EcHttp *http,
               const char *base_url,
               EcHdhrFetch what,
               guint timeout_ms,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (EcHdhrDetails) details = ec_hdhr_details_new (base_url);
  g_autofree char *discover_url = g_strconcat (details->base_url, "/discover.json", NULL);
  g_autofree char *scan_url = g_strconcat (details->base_url, "/lineup_status.json", NULL);

  if (!get_into (http, details, discover_url, ec_hdhr_details_parse_discover, timeout_ms,
                 cancellable, error))
    return NULL;

  if (what & EC_HDHR_FETCH_LINEUP) {
    if (!get_into (http, details, details->lineup_url, ec_hdhr_details_parse_lineup, timeout_ms,
                   cancellable, error))
      return NULL;
    if (details->channels->len == 0)
      get_into (http, details, scan_url, ec_hdhr_details_parse_lineup_status, timeout_ms,
                cancellable, NULL);
  }
  if (what & EC_HDHR_FETCH_STATUS)
    ec_hdhr_fetch_status (http, details, timeout_ms, cancellable, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return g_steal_pointer (&details);
}

gboolean
ec_hdhr_post_favorite (EcHttp *http,
                       const char *base_url,
                       const char *number,
                       gboolean favorite,
                       guint timeout_ms,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autofree char *escaped = g_uri_escape_string (number, NULL, FALSE);
  g_autofree char *url =
      g_strdup_printf ("%s/lineup.post?favorite=%c%s", base_url, favorite ? '+' : '-', escaped);
  g_autofree char *who = ec_hdhr_name (NULL, base_url);
  g_autoptr (GBytes) bytes = NULL;
  guint status = 0;

  bytes = ec_http_request (http, "POST", url, who, EC_HDHR_MAX_REPLY, timeout_ms, &status,
                           cancellable, error);
  if (bytes == NULL)
    return FALSE;
  if (status >= 300) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_REPLY,
                 "%s did not change its favourites (HTTP %u).", who, status);
    return FALSE;
  }
  return TRUE;
}
