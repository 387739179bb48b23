/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * wt-echo [PORT]: a WebTransport server on the loopback addresses that sends back what it gets, for browsers and foreign
 * clients to be tried against; wt-echo.html is a page for it. On stdout, a line of JSON an event; the first
 * tells the port and the SHA-256 of the certificate. Ends with its standard input.
 *
 * The peer's bidirectional streams and datagrams come back as they are; unidirectional ones on one of ours. In each
 * session the server opens a stream of each kind, “from the server”. A datagram “close” closes the session with code
 * 4711 and “as you wish”; one “reset” resets and stops with 42 the bidirectional stream that the peer opened last.
 */
#include <stdio.h>
#include <string.h>

#include "quic/ec-quic-credentials.h"
#include "quic/ec-quic-endpoint.h"
#include "webtransport/ec-wt.h"

typedef struct {
  EcTransport *transport;
  GHashTable *answers; /* the peer's unidirectional stream -> ours */
  EcStreamId last_bidi;
} Session;

static GMutex out_lock;

static void G_GNUC_PRINTF (1, 2) say (const char *format, ...)
{
  va_list args;

  g_mutex_lock (&out_lock);
  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  printf ("\n");
  fflush (stdout);
  g_mutex_unlock (&out_lock);
}

static void
send_text (Session *self, EcStreamId id, const char *text, gboolean fin)
{
  ec_transport_write (self->transport, id, (const guint8 *) text, strlen (text), NULL, 0, 0, fin);
}

static void
on_established (gpointer user_data)
{
  Session *self = user_data;

  for (guint uni = 0; uni < 2; uni++) {
    EcStreamId id = ec_transport_open_stream (self->transport, uni != 0);

    if (id != EC_STREAM_NONE)
      send_text (self, id, "from the server", TRUE);
  }
}

/* Where what comes on `id` goes back; EC_STREAM_NONE: nowhere. */
static EcStreamId
answer_of (Session *self, EcStreamId id)
{
  EcStreamId *answer;

  if (!EC_STREAM_IS_UNI (id)) {
    if (!EC_STREAM_IS_SERVERS (id))
      self->last_bidi = id;
    return EC_STREAM_IS_SERVERS (id) ? EC_STREAM_NONE : id;
  }
  answer = g_hash_table_lookup (self->answers, &id);
  if (!answer) {
    answer = g_new (EcStreamId, 1);
    *answer = ec_transport_open_stream (self->transport, TRUE);
    g_hash_table_insert (self->answers, g_memdup2 (&id, sizeof id), answer);
  }
  return *answer;
}

static void
on_stream_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  Session *self = user_data;
  EcStreamId answer = answer_of (self, id);

  if (EC_STREAM_IS_SERVERS (id) && !EC_STREAM_IS_UNI (id))
    say ("{\"event\":\"answer\",\"size\":%zu,\"fin\":%s}", size, fin ? "true" : "false");
  if (answer != EC_STREAM_NONE)
    ec_transport_write (self->transport, answer, data, size, NULL, 0, 0, fin);
  ec_transport_consume (self->transport, id, size);
}

static void
on_stream_reset (gpointer user_data, EcStreamId id, guint64 code)
{
  say ("{\"event\":\"reset\",\"code\":%" G_GUINT64_FORMAT "}", code);
}

static void
on_stream_stopped (gpointer user_data, EcStreamId id, guint64 code)
{
  say ("{\"event\":\"stopped\",\"code\":%" G_GUINT64_FORMAT "}", code);
}

static void
on_stream_sent (gpointer user_data, EcStreamId id)
{
}

static void
on_stream_closed (gpointer user_data, EcStreamId id)
{
  Session *self = user_data;

  g_hash_table_remove (self->answers, &id);
  if (self->last_bidi == id)
    self->last_bidi = EC_STREAM_NONE;
}

static void
on_streams_available (gpointer user_data, gboolean uni)
{
}

static void
on_datagram (gpointer user_data, const guint8 *data, gsize size)
{
  Session *self = user_data;

  if (size == 5 && memcmp (data, "close", 5) == 0) {
    ec_transport_close (self->transport, 4711, "as you wish");
  } else if (size == 5 && memcmp (data, "reset", 5) == 0) {
    if (self->last_bidi == EC_STREAM_NONE)
      return;
    ec_transport_reset (self->transport, self->last_bidi, 42);
    ec_transport_stop (self->transport, self->last_bidi, 42);
  } else {
    ec_transport_send_datagram (self->transport, 0, data, size, NULL);
  }
}

static void
on_nothing (gpointer user_data)
{
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  Session *self = user_data;
  g_autofree char *reason = g_strescape (close->reason, NULL);

  say ("{\"event\":\"closed\",\"cause\":%d,\"code\":%" G_GUINT64_FORMAT ",\"reason\":\"%s\"}",
       close->cause, close->code, reason);
  ec_transport_unref (self->transport);
  g_hash_table_unref (self->answers);
  g_free (self);
}

static const EcTransportEvents session_events = {
  .established = on_established,
  .stream_data = on_stream_data,
  .stream_reset = on_stream_reset,
  .stream_stopped = on_stream_stopped,
  .stream_sent = on_stream_sent,
  .stream_closed = on_stream_closed,
  .streams_available = on_streams_available,
  .datagram = on_datagram,
  .timer = on_nothing,
  .woken = on_nothing,
  .closed = on_closed,
};

static void
on_request (gpointer user_data, const EcWtRequest *request, EcWtAnswer *answer)
{
  g_autofree char *protocols = g_strjoinv (" ", (char **) request->protocols);
  g_autofree char *text = g_strescape (protocols, NULL);
  g_autofree char *path = g_strescape (request->path, NULL);
  g_autofree char *origin = g_strescape (request->origin ? request->origin : "", NULL);

  say ("{\"event\":\"request\",\"path\":\"%s\",\"origin\":\"%s\",\"protocols\":\"%s\"}", path,
       origin, text);
  answer->status = g_str_has_prefix (request->path, "/forbidden") ? 403 : 200;
  if (g_strv_contains (request->protocols, "moqt-18"))
    answer->protocol = "moqt-18";
}

static void
on_session (gpointer user_data, EcTransport *transport)
{
  Session *self = g_new0 (Session, 1);

  self->transport = transport;
  self->answers = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  self->last_bidi = EC_STREAM_NONE;
  ec_transport_set_events (transport, &session_events, self);
}

static void
on_gone (gpointer user_data, const EcTransportClose *close)
{
  g_autofree char *reason = g_strescape (close->reason, NULL);

  say ("{\"event\":\"gone\",\"cause\":%d,\"code\":%" G_GUINT64_FORMAT ",\"reason\":\"%s\"}",
       close->cause, close->code, reason);
}

static const EcWtServerEvents server_events = {
  .request = on_request,
  .session = on_session,
  .closed = on_gone,
};

static gboolean
on_accept (gpointer user_data, EcTransport *transport, const char *alpn)
{
  (void) ec_wt_server_new (transport, &server_events, NULL);
  return TRUE;
}

static EcQuicEndpoint *
listen_on (guint16 port, gboolean v6, EcQuicCredentials *credentials, GError **error)
{
  static const char *const alpns[] = { EC_WT_ALPN, NULL };
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  EcQuicEndpointConfig config = { .listen = addresses,
                                  .n_workers = 1,
                                  .credentials = credentials,
                                  .alpns = alpns,
                                  .accept = on_accept };

  g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("127.0.0.1", port));
  if (v6)
    g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("::1", port));
  return ec_quic_endpoint_new (&config, NULL, error);
}

int
main (int argc, char **argv)
{
  static const char *const names[] = { "localhost", "127.0.0.1", NULL };
  g_autoptr (EcQuicCredentials) credentials = ec_quic_credentials_new ();
  g_autoptr (EcQuicEndpoint) endpoint = NULL;
  g_autoptr (GPtrArray) hashes = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) hash = g_string_new (NULL);
  const guint8 *bytes;
  gsize size;

  if (!ec_quic_credentials_add_self_signed (credentials, names, g_get_real_time () / G_USEC_PER_SEC,
                                            &error))
    g_error ("%s", error->message);
  /* Browsers try “localhost” by IPv6 first, where the machine has it. */
  endpoint = listen_on (argc > 1 ? (guint16) atoi (argv[1]) : 0, TRUE, credentials, NULL);
  if (!endpoint)
    endpoint = listen_on (argc > 1 ? (guint16) atoi (argv[1]) : 0, FALSE, credentials, &error);
  if (!endpoint)
    g_error ("%s", error->message);
  hashes = ec_quic_credentials_get_hashes (credentials);
  bytes = g_bytes_get_data (hashes->pdata[0], &size);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (hash, "%02x", bytes[i]);
  addresses = ec_quic_endpoint_get_addresses (endpoint);
  say ("{\"event\":\"listening\",\"port\":%u,\"hash\":\"%s\"}",
       g_inet_socket_address_get_port (addresses->pdata[0]), hash->str);
  while (getchar () != EOF)
    ;
  ec_quic_endpoint_stop (endpoint, 0, "");
  return 0;
}
