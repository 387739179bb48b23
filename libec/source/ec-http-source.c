/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "source/ec-http.h"
#include "source/ec-source-http-flow.h"
#include "source/ec-source-private.h"
#include "source/ec-source-scheme.h"

/*
 * HTTP: an answer with a length is a download and finite, one without is live.
 */

#define CONNECT_TIMEOUT 10000 /* ms */

typedef struct {
  char *who;   /* "host:port" */
  char *shown; /* the URI without its password */
} HttpData;

static void
http_data_free (gpointer user_data)
{
  HttpData *data = user_data;

  g_free (data->who);
  g_free (data->shown);
  g_free (data);
}

static gboolean
check_status (SoupMessage *message, const char *who, const char *shown, GError **error)
{
  guint status = soup_message_get_status (message);

  if (status == SOUP_STATUS_OK || status == SOUP_STATUS_PARTIAL_CONTENT)
    return TRUE;

  if (status == SOUP_STATUS_NOT_FOUND || status == SOUP_STATUS_GONE)
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_FOUND,
                 "%s has no such page: %s. Check the address.", who, shown);
  else if (status == SOUP_STATUS_SERVICE_UNAVAILABLE || status == 429)
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BUSY,
                 "%s is too busy to send the stream (HTTP %u). Try again later.", who, status);
  else if (status == SOUP_STATUS_UNAUTHORIZED || status == SOUP_STATUS_FORBIDDEN)
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED,
                 "%s does not let us have the stream (HTTP %u). It may want a password: "
                 "http://NAME:PASSWORD@….",
                 who, status);
  else
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE,
                 "%s did not send the stream: it answered “%u %s”.", who, status,
                 soup_message_get_reason_phrase (message));
  return FALSE;
}

/* Types that are surely something else; many servers send a transport stream under a wrong one. */
static gboolean
check_type (SoupMessage *message, const char *shown, GError **error)
{
  const char *type =
      soup_message_headers_get_content_type (soup_message_get_response_headers (message), NULL);

  if (type == NULL)
    return TRUE;
  if (g_ascii_strcasecmp (type, "application/vnd.apple.mpegurl") == 0 ||
      g_ascii_strcasecmp (type, "application/x-mpegurl") == 0 ||
      g_ascii_strcasecmp (type, "audio/mpegurl") == 0) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_TS,
                 "%s is a playlist, not a transport stream. Give the address of one stream in it.",
                 shown);
    return FALSE;
  }
  if (g_ascii_strcasecmp (type, "text/html") == 0 ||
      g_ascii_strcasecmp (type, "application/json") == 0) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_TS,
                 "%s is a web page (%s), not a transport stream. Check the address.", shown, type);
    return FALSE;
  }
  return TRUE;
}

static gboolean
http_session (EcSourceCore *core, gpointer user_data, GCancellable *cancellable, GError **error)
{
  HttpData *data = user_data;
  const char *uri = ec_source_core_get_uri (core);
  g_autoptr (EcHttp) http = ec_http_new (FALSE);
  g_autoptr (EcHttpStream) stream = NULL;
  SoupMessage *message;
  gboolean finite;

  stream = ec_http_open (http, uri, data->who, CONNECT_TIMEOUT, cancellable, error);
  if (stream == NULL)
    return FALSE;
  message = ec_http_stream_get_message (stream);
  if (!check_status (message, data->who, data->shown, error) ||
      !check_type (message, data->shown, error))
    return FALSE;

  /* What was live stays live: a short answer after a lost connection is not its end. */
  finite = !ec_source_core_get_live (core) &&
           soup_message_headers_get_encoding (soup_message_get_response_headers (message)) ==
               SOUP_ENCODING_CONTENT_LENGTH;
  ec_source_core_set_live (core, !finite);
  return ec_source_http_flow (core, stream, finite, data->who, cancellable, error);
}

static const EcSourceBackend http_backend = { http_session, http_data_free };

EcSource *
ec_http_source_new (const char *uri, GError **error)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, SOUP_HTTP_URI_FLAGS, NULL);
  g_autofree char *device = NULL;
  const char *path;
  HttpData *data;
  EcSource *self;
  int port;

  if (parsed == NULL || g_uri_get_host (parsed) == NULL || *g_uri_get_host (parsed) == '\0') {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
                 "“%s” is not an address. It ought to look like http://HOST:PORT/PATH.", uri);
    return NULL;
  }

  port = g_uri_get_port (parsed);
  if (port <= 0)
    port = g_ascii_strcasecmp (g_uri_get_scheme (parsed), "https") == 0 ? 443 : 80;
  device = g_strdup_printf ("http:%s:%d", g_uri_get_host (parsed), port);
  path = g_uri_get_path (parsed);
  path += *path == '/';

  data = g_new0 (HttpData, 1);
  data->who = g_strdup_printf ("%s:%d", g_uri_get_host (parsed), port);
  data->shown = g_uri_to_string_partial (parsed, G_URI_HIDE_PASSWORD);
  self = ec_stream_source_new (uri, &http_backend, data);
  ec_source_core_set_names (ec_source_get_core (self), data->shown, device,
                            *path ? path : "stream");
  return self;
}
