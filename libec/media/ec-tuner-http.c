/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-http.h"

#include <libsoup/soup.h>
#include <string.h>

#include "media/ec-tuner-pages.h"
#include "media/ec-tuner-stream.h"

struct _EcTunerHttp {
  EcTunerDevice *device;
  SoupServer *server;
  guint stream_port;
};

static char *
dup_address (GSocketAddress *address)
{
  if (!address || !G_IS_INET_SOCKET_ADDRESS (address))
    return g_strdup ("127.0.0.1");
  return g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

static void
respond (SoupServerMessage *message, guint status, const char *type, char *text)
{
  /* As real devices do; libsoup 3.2 would also keep what the client has closed. */
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection",
                                "close");
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, text, strlen (text));
}

static void
refuse (SoupServerMessage *message, EcTunerError code)
{
  const char *text = ec_tuner_error_text (code);

  soup_message_headers_replace (soup_server_message_get_response_headers (message),
                                "X-HDHomeRun-Error", text);
  respond (message, code == EC_TUNER_UNKNOWN_CHANNEL ? 404 : 503, "text/html",
           g_strdup_printf ("<html><body><h1>%s</h1></body></html>\n", text));
}

/* The query as it stands: '+' means itself, as the favourites' commands have it. */
static GHashTable *
parse_query (SoupServerMessage *message)
{
  const char *query = g_uri_get_query (soup_server_message_get_uri (message));
  GHashTable *table = query ? g_uri_parse_params (query, -1, "&", G_URI_PARAMS_NONE, NULL) : NULL;

  return table ? table : g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
handle_stream (EcTunerHttp *self, SoupServerMessage *message, const char *path, GHashTable *query)
{
  const char *transcode = g_hash_table_lookup (query, "transcode");
  const char *duration = g_hash_table_lookup (query, "duration");
  g_autofree char *remote = dup_address (soup_server_message_get_remote_address (message));
  g_autoptr (GIOStream) connection = NULL;
  g_autoptr (GSocket) socket = NULL;
  EcTunerError code = 0;
  EcTuner *tuner;

  /* This model has no transcoder. */
  if (transcode && strcmp (transcode, "none") != 0) {
    refuse (message, EC_TUNER_UNKNOWN_TRANSCODE);
    return;
  }
  tuner = ec_tuner_device_tune_path (self->device, path, &code);
  if (!tuner) {
    refuse (message, code);
    return;
  }
  if (soup_server_message_get_method (message) == SOUP_METHOD_HEAD) {
    ec_tuner_release (tuner);
    respond (message, 200, "video/mpeg", g_strdup (""));
    return;
  }
  socket = g_object_ref (soup_server_message_get_socket (message));
  connection = soup_server_message_steal_connection (message);
  ec_tuner_stream_begin (tuner, connection, socket, remote,
                         duration ? g_ascii_strtod (duration, NULL) : 0);
}

static void
handle_post (EcTunerHttp *self, SoupServerMessage *message, GHashTable *query)
{
  const char *scan = g_hash_table_lookup (query, "scan");
  const char *favorite = g_hash_table_lookup (query, "favorite");

  if (scan && strcmp (scan, "start") == 0)
    ec_tuner_device_start_scan (self->device);
  else if (scan && strcmp (scan, "abort") == 0)
    ec_tuner_device_abort_scan (self->device);
  if (favorite) {
    EcTunerChannel *channel =
        favorite[0] ? ec_tuner_device_find_channel (self->device, favorite + 1) : NULL;

    if (!channel || !strchr ("+- x", favorite[0])) {
      respond (message, 404, "text/plain", g_strdup ("There is no such channel.\n"));
      return;
    }
    channel->favorite = favorite[0] == '+' || favorite[0] == ' ';
  }
  respond (message, scan || favorite ? 200 : 400, "text/plain", g_strdup (""));
}

static void
on_request (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *unused,
            gpointer user_data)
{
  EcTunerHttp *self = user_data;
  GSocketAddress *local = soup_server_message_get_local_address (message);
  g_autofree char *address = dup_address (local);
  g_autoptr (GHashTable) query = parse_query (message);
  const char *method = soup_server_message_get_method (message);
  const char *type = NULL;
  char *page;

  if (g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local)) == self->stream_port) {
    if (method == SOUP_METHOD_GET || method == SOUP_METHOD_HEAD)
      handle_stream (self, message, path, query);
    else
      respond (message, 405, "text/plain", g_strdup (""));
    return;
  }
  if (strcmp (path, "/lineup.post") == 0 && method == SOUP_METHOD_POST) {
    handle_post (self, message, query);
    return;
  }
  if (method != SOUP_METHOD_GET && method != SOUP_METHOD_HEAD) {
    respond (message, 405, "text/plain", g_strdup (""));
    return;
  }
  page = ec_tuner_page (self->device, path, address, &type);
  if (page)
    respond (message, 200, type, page);
  else
    respond (message, 404, "text/html",
             g_strdup ("<html><body><h1>404 Not Found</h1></body></html>\n"));
}

/* Listens on one more port and says which it is; 0 on failure. */
static guint
listen_on (EcTunerHttp *self, const char *address, guint port, GError **error)
{
  g_autoptr (GSocketAddress) wanted = g_inet_socket_address_new_from_string (address, port);
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketAddress) got = NULL;

  if (!wanted) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "“%s” is not a numeric IP address to listen on.", address);
    return 0;
  }
  socket = g_socket_new (g_socket_address_get_family (wanted), G_SOCKET_TYPE_STREAM,
                         G_SOCKET_PROTOCOL_TCP, error);
  if (!socket || !g_socket_bind (socket, wanted, TRUE, error) || !g_socket_listen (socket, error)) {
    g_prefix_error (error, "The simulated tuner cannot listen on %s port %u: ", address, port);
    return 0;
  }
  got = g_socket_get_local_address (socket, error);
  if (!got || !soup_server_listen_socket (self->server, socket, 0, error))
    return 0;
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (got));
}

EcTunerHttp *
ec_tuner_http_new (EcTunerDevice *device, guint *http_port, guint *stream_port, GError **error)
{
  EcTunerHttp *self = g_new0 (EcTunerHttp, 1);
  const EcTunerConfig *config = ec_tuner_device_get_config (device);

  self->device = device;
  self->server = soup_server_new ("server-header", "HDHomeRun/1.0", NULL);
  soup_server_add_handler (self->server, NULL, on_request, self, NULL);
  *http_port = listen_on (self, config->address, config->http_port, error);
  if (*http_port)
    *stream_port = listen_on (self, config->address, config->stream_port, error);
  if (!*http_port || !*stream_port) {
    ec_tuner_http_free (self);
    return NULL;
  }
  self->stream_port = *stream_port;
  return self;
}

void
ec_tuner_http_free (EcTunerHttp *self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_free (self);
}
