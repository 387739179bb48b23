/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "source/ec-hdhr-cache.h"
#include "source/ec-hdhr-client.h"
#include "source/ec-hdhr-locate.h"
#include "source/ec-hdhr-tune.h"
#include "source/ec-source-http-flow.h"
#include "source/ec-source-private.h"
#include "source/ec-source-scheme.h"

/* hdhomerun://DEVICE/CHANNEL: find the device, ask for its lineup, tune, stream. */

#define REQUEST_TIMEOUT 4000 /* ms */

typedef struct {
  char *device;  /* id, or host[:port] */
  char *channel; /* number or name */
  gboolean want_mux;
} HdhrData;

static void
hdhr_data_free (gpointer user_data)
{
  HdhrData *data = user_data;

  g_free (data->device);
  g_free (data->channel);
  g_free (data);
}

/* The device and its lineup. */
static EcHdhrDetails *
find_device (const HdhrData *data, GCancellable *cancellable, GError **error)
{
  g_autoptr (EcHttp) http = ec_http_new (TRUE);
  g_autoptr (GError) cause = NULL;
  gboolean fresh = FALSE;

  for (gboolean use_cache = TRUE;; use_cache = FALSE) {
    g_autofree char *base_url =
        ec_hdhr_locate (data->device, use_cache, &fresh, cancellable, error);
    g_autoptr (EcHdhrDetails) details = NULL;

    if (base_url == NULL)
      return NULL;
    g_clear_error (&cause);
    details =
        ec_hdhr_fetch (http, base_url, EC_HDHR_FETCH_LINEUP, REQUEST_TIMEOUT, cancellable, &cause);
    /* At an address remembered there may be another device by now, unless it is the address that
     * names it. */
    if (details && (fresh || !ec_hdhr_is_device_id (data->device, NULL) ||
                    g_strcmp0 (details->device_id, data->device) == 0))
      return g_steal_pointer (&details);
    if (fresh || g_cancellable_is_cancelled (cancellable))
      break;
  }
  if (!g_cancellable_set_error_if_cancelled (cancellable, error))
    g_propagate_error (error, g_steal_pointer (&cause));
  return NULL;
}

static const EcHdhrChannel *
find_channel (const HdhrData *data, const EcHdhrDetails *details, GError **error)
{
  const EcHdhrChannel *channel = ec_hdhr_details_find_channel (details, data->channel);
  g_autofree char *who = ec_hdhr_name (details->device_id, details->base_url);

  if (channel == NULL && details->scanning) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BUSY,
                 "%s is scanning for channels (%u %% done). Try again when it is done.", who,
                 details->scan_progress);
  } else if (channel == NULL && details->channels->len == 0) {
    g_set_error (
        error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_UNKNOWN_CHANNEL,
        "%s has no channels yet: it was not scanned. Open %s in a browser and start a channel "
        "scan.",
        who, details->base_url);
  } else if (channel == NULL) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_UNKNOWN_CHANNEL,
                 "%s does not know the channel %s. “ec channels” lists the %u that it knows.", who,
                 data->channel, details->channels->len);
  } else if (channel->drm) {
    g_set_error (
        error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_PROTECTED,
        "%s marks the channel %s%s%s as protected (DRM). Protected channels cannot be watched "
        "with this program; it was not tuned to.",
        who, channel->number, channel->name ? " " : "", channel->name ? channel->name : "");
    channel = NULL;
  } else if (channel->url == NULL) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_REPLY,
                 "%s does not say where the channel %s can be had.", who, channel->number);
    channel = NULL;
  }
  return channel;
}

static void
tell_names (EcSourceCore *core, const EcHdhrDetails *details, const EcHdhrChannel *channel)
{
  g_autofree char *title = g_strdup_printf ("%s%s%s", channel->number, channel->name ? " " : "",
                                            channel->name ? channel->name : "");

  ec_source_core_set_names (core, title, details->device_id, channel->number);
}

static gboolean
hdhr_session (EcSourceCore *core, gpointer user_data, GCancellable *cancellable, GError **error)
{
  const HdhrData *data = user_data;
  g_autoptr (EcHdhrDetails) details = find_device (data, cancellable, error);
  g_autoptr (EcHttp) http = NULL;
  g_autofree char *who = NULL;
  const EcHdhrChannel *channel;
  EcHdhrTuned tuned;
  gboolean ok;

  if (details == NULL || (channel = find_channel (data, details, error)) == NULL)
    return FALSE;

  tell_names (core, details, channel);
  http = ec_http_new (TRUE);
  if (!ec_hdhr_tune (&tuned, core, http, details, channel, data->want_mux, cancellable, error))
    return FALSE;

  who = ec_hdhr_name (details->device_id, details->base_url);
  ec_source_core_set_extent (core, tuned.extent);
  ec_source_core_set_program_number (core, tuned.program_number);
  ok =
      ec_source_core_push (core, g_byte_array_free_to_bytes (g_steal_pointer (&tuned.head)), error);
  ok = ok && ec_source_http_flow (core, tuned.stream, FALSE, who, cancellable, error);
  ec_hdhr_tuned_clear (&tuned);
  return ok;
}

static const EcSourceBackend hdhr_backend = { hdhr_session, hdhr_data_free };

static gboolean
parse_uri (HdhrData *data, const char *uri, GError **error)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  g_autoptr (GHashTable) query = NULL;
  const char *host = parsed ? g_uri_get_host (parsed) : NULL;
  const char *path = parsed ? g_uri_get_path (parsed) : "";
  const char *mux;
  gboolean valid = TRUE;

  path += *path == '/';
  if (host == NULL || *host == '\0' || *path == '\0' || strchr (path, '/')) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
                 "“%s” does not name a device and a channel. It ought to look like "
                 "hdhomerun://10A12347/5.1 or hdhomerun://192.168.1.5/5.1.",
                 uri);
    return FALSE;
  }
  if (ec_hdhr_is_device_id (host, &valid) && !valid) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
                 "There is no HDHomeRun with the id %s: a digit is wrong. “ec discover” lists the "
                 "devices on this network.",
                 host);
    return FALSE;
  }

  if (g_uri_get_port (parsed) > 0)
    data->device =
        g_strdup_printf (strchr (host, ':') ? "[%s]:%d" : "%s:%d", host, g_uri_get_port (parsed));
  else if (ec_hdhr_is_device_id (host, NULL))
    data->device = g_ascii_strup (host, -1);
  else
    data->device = g_strdup_printf (strchr (host, ':') ? "[%s]" : "%s", host);
  data->channel = g_strdup (path);

  if (g_uri_get_query (parsed))
    query = g_uri_parse_params (g_uri_get_query (parsed), -1, "&", G_URI_PARAMS_NONE, NULL);
  mux = query ? g_hash_table_lookup (query, "mux") : NULL;
  data->want_mux = mux == NULL || g_ascii_strcasecmp (mux, "no") != 0;
  return TRUE;
}

EcSource *
ec_hdhr_source_new (const char *uri, GError **error)
{
  HdhrData *data = g_new0 (HdhrData, 1);
  EcSource *self;

  if (!parse_uri (data, uri, error)) {
    hdhr_data_free (data);
    return NULL;
  }

  self = ec_stream_source_new (uri, &hdhr_backend, data);
  ec_source_core_set_live (ec_source_get_core (self), TRUE);
  ec_source_core_set_names (ec_source_get_core (self), data->channel, data->device, data->channel);
  return self;
}
