/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "session/ec-moq-deaf.h"
#include "session/ec-moq-dial.h"
#include "session/ec-moq-uri.h"

/* Dialling and listening over real sockets: what both ends then have is a transport that carries bytes. */

#define PATIENCE (20 * G_TIME_SPAN_SECOND)

/* -- URIs */

static void
test_uri (void)
{
  static const struct {
    const char *text, *host, *authority, *path;
    guint16 port;
    gboolean webtransport;
  } good[] = {
    { "moqt://example.com", "example.com", "example.com", "", 443, FALSE },
    { "moqt://example.com:4443/a/b?c=d%20e#f:g", "example.com", "example.com:4443", "/a/b?c=d%20e",
      4443, FALSE },
    { "MOQT://[2001:db8::1]:1/", "2001:db8::1", "[2001:db8::1]:1", "/", 1, FALSE },
    { "https://127.0.0.1:4443/moq", "127.0.0.1", "127.0.0.1:4443", "/moq", 4443, TRUE },
    { "https://[::1]/", "::1", "[::1]", "/", 443, TRUE },
  };
  static const char *const bad[] = {
    "",           "moqt:",          "moqt://",         "http://example.com", "moqt://a:0",
    "moqt://:44", "moqt://a:70000", "moqt://u:p@host", "example.com:4443",   "moqt://[::1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EcMoqUri) uri = ec_moq_uri_parse (good[i].text, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (uri->host, ==, good[i].host);
    g_assert_cmpstr (uri->authority, ==, good[i].authority);
    g_assert_cmpstr (uri->path, ==, good[i].path);
    g_assert_cmpuint (uri->port, ==, good[i].port);
    g_assert_cmpint (uri->webtransport, ==, good[i].webtransport);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (ec_moq_uri_parse (bad[i], &error));
    g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI);
  }
}

/* -- Two ends: the server says back what it hears, the client sends and compares */

typedef struct {
  GMutex mutex;
  GCond cond;
  gboolean done;
  EcTransport *transport;
  GString *heard;
  char *draft, *kind;
  GError *error;
  guint64 close_code;
  char *close_reason;
  gboolean closed;
} Client;

static void
client_clear (Client *client)
{
  g_mutex_clear (&client->mutex);
  g_cond_clear (&client->cond);
  g_string_free (client->heard, TRUE);
  g_free (client->draft);
  g_free (client->kind);
  g_free (client->close_reason);
  g_clear_error (&client->error);
}

static void
client_init (Client *client)
{
  *client = (Client){ .heard = g_string_new (NULL) };
  g_mutex_init (&client->mutex);
  g_cond_init (&client->cond);
}

static void
client_signal (Client *client, gboolean *flag)
{
  g_mutex_lock (&client->mutex);
  *flag = TRUE;
  g_cond_broadcast (&client->cond);
  g_mutex_unlock (&client->mutex);
}

static void
wait_for (Client *client, const gboolean *flag)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;

  g_mutex_lock (&client->mutex);
  while (!*flag)
    g_assert_true (g_cond_wait_until (&client->cond, &client->mutex, end));
  g_mutex_unlock (&client->mutex);
}

static void
client_established (gpointer data)
{
  Client *client = data;
  EcStreamId id = ec_transport_open_stream (client->transport, FALSE);

  g_assert_cmpint (id, !=, EC_STREAM_NONE);
  ec_transport_write (client->transport, id, (const guint8 *) "hello", 5, NULL, 0, 0, TRUE);
}

static void
client_stream_data (gpointer data, EcStreamId id, const guint8 *bytes, gsize size, gboolean fin)
{
  Client *client = data;

  g_string_append_len (client->heard, (const char *) bytes, (gssize) size);
  ec_transport_consume (client->transport, id, size);
  if (fin)
    client_signal (client, &client->done);
}

static void
client_woken (gpointer data)
{
  Client *client = data;

  ec_transport_close (client->transport, 0x42, "bye");
}

static void
client_closed (gpointer data, const EcTransportClose *close)
{
  Client *client = data;

  client->close_code = close->code;
  client->close_reason = g_strdup (close->reason);
  ec_transport_unref (client->transport);
  client_signal (client, &client->closed);
}

static const EcTransportEvents client_events = {
  EC_MOQ_DEAF_EVENTS,    .established = client_established, .stream_data = client_stream_data,
  .woken = client_woken, .closed = client_closed,
};

static void
on_dialled (gpointer data, EcTransport *transport, const EcMoqtDraft *draft, GError *error)
{
  Client *client = data;
  EcTransportInfo info;

  if (error) {
    g_assert_null (transport);
    client->error = g_error_copy (error);
    client_signal (client, &client->done);
    return;
  }
  ec_transport_get_info (transport, &info);
  client->transport = transport;
  client->draft = g_strdup (draft->alpn);
  client->kind = g_strdup (info.kind);
  ec_transport_set_events (transport, &client_events, client);
}

typedef struct {
  EcTransport *transport;
} Echo;

static int n_accepted, n_gone; /* atomic */

static void
echo_data (gpointer data, EcStreamId id, const guint8 *bytes, gsize size, gboolean fin)
{
  Echo *echo = data;

  ec_transport_write (echo->transport, id, bytes, size, NULL, 0, 0, fin);
  ec_transport_consume (echo->transport, id, size);
}

static void
echo_closed (gpointer data, const EcTransportClose *close)
{
  Echo *echo = data;

  ec_transport_unref (echo->transport);
  g_free (echo);
  g_atomic_int_inc (&n_gone);
}

static const EcTransportEvents echo_events = {
  EC_MOQ_DEAF_EVENTS,   .established = ec_moq_deaf, .stream_data = echo_data,
  .woken = ec_moq_deaf, .closed = echo_closed,
};

static gboolean
on_accept (gpointer data, EcTransport *transport, const EcMoqtDraft *draft)
{
  Echo *echo = g_new0 (Echo, 1);

  echo->transport = transport;
  ec_transport_set_events (transport, &echo_events, echo);
  g_atomic_int_inc (&n_accepted);
  return TRUE;
}

static EcMoqListener *
listen_at (const char *address)
{
  const char *addresses[] = { address, NULL };
  EcMoqListenerConfig config = { .listen = addresses, .accept = on_accept, .n_workers = 1 };
  g_autoptr (GError) error = NULL;
  EcMoqListener *listener = ec_moq_listener_new (&config, &error);

  g_assert_no_error (error);
  return listener;
}

static void
dial (Client *client,
      const char *uri,
      EcMoqListener *listener,
      const char *const *protocols,
      GCancellable *cancellable,
      guint timeout_ms)
{
  g_autoptr (GPtrArray) hashes =
      listener ? ec_moq_listener_get_certificate_hashes (listener) : NULL;
  EcMoqDialConfig config = {
    .uri = uri,
    .certificate_hashes = hashes,
    .protocols = protocols,
    .timeout_ms = timeout_ms,
  };

  ec_moq_dial (&config, cancellable, on_dialled, client);
}

static char *
uri_of (EcMoqListener *listener, const char *scheme, const char *host)
{
  const char *address = ec_moq_listener_get_addresses (listener)[0];

  if (!host)
    return g_strdup_printf ("%s://%s/echo", scheme, address);
  return g_strdup_printf ("%s://%s%s/echo", scheme, host, strrchr (address, ':'));
}

typedef struct {
  const char *scheme, *listen, *host, *draft;
} Way;

static const Way ways[] = {
  { "moqt", "127.0.0.1:0", NULL, "moqt-18" },   { "moqt", "127.0.0.1:0", NULL, "moqt-16" },
  { "moqt", "127.0.0.1:0", "localhost", NULL }, { "moqt", "[::1]:0", NULL, NULL },
  { "https", "127.0.0.1:0", NULL, "moqt-18" },  { "https", "127.0.0.1:0", NULL, "moqt-16" },
  { "https", "[::1]:0", "localhost", NULL },
};

static void
test_echo (gconstpointer data)
{
  const Way *way = data;
  g_autoptr (EcMoqListener) listener = listen_at (way->listen);
  g_autofree char *uri = uri_of (listener, way->scheme, way->host);
  const char *protocols[] = { way->draft, NULL };
  Client client;

  client_init (&client);
  dial (&client, uri, listener, way->draft ? protocols : NULL, NULL, 0);
  wait_for (&client, &client.done);
  g_assert_no_error (client.error);
  g_assert_cmpstr (client.heard->str, ==, "hello");
  g_assert_cmpstr (client.kind, ==, g_str_equal (way->scheme, "https") ? "webtransport" : "quic");
  g_assert_cmpstr (client.draft, ==, way->draft ? way->draft : ec_moqt_draft_alpns ()[0]);
  ec_transport_wake (client.transport);
  wait_for (&client, &client.closed);
  client_clear (&client);
}

/* Pages of others may not connect in the name of who looks at them; who is no browser may. */
static void
test_origin (void)
{
  static const char *const listen[] = { "127.0.0.1:0", NULL };
  static const char *const origins[] = { "https://good.example", NULL };
  static const char *const from[] = {
    NULL, "https://good.example", "https://evil.example", "https://good.example.evil", "null", ""
  };
  EcMoqListenerConfig config = {
    .listen = listen, .accept = on_accept, .n_workers = 1, .origins = origins
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqListener) listener = ec_moq_listener_new (&config, &error);
  g_autoptr (GPtrArray) hashes = NULL;
  g_autofree char *uri = NULL;

  g_assert_no_error (error);
  hashes = ec_moq_listener_get_certificate_hashes (listener);
  uri = uri_of (listener, "https", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (from); i++) {
    EcMoqDialConfig dialled = { .uri = uri, .certificate_hashes = hashes, .origin = from[i] };
    Client client;

    client_init (&client);
    ec_moq_dial (&dialled, NULL, on_dialled, &client);
    wait_for (&client, &client.done);
    if (i < 2) {
      g_assert_no_error (client.error);
      g_assert_cmpstr (client.heard->str, ==, "hello");
      ec_transport_wake (client.transport);
      wait_for (&client, &client.closed);
    } else {
      g_assert_error (client.error, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED);
    }
    client_clear (&client);
  }
}

static GError *
fail_to_dial (const char *uri,
              EcMoqListener *listener,
              const char *const *protocols,
              guint timeout_ms)
{
  Client client;
  GError *error;

  client_init (&client);
  dial (&client, uri, listener, protocols, NULL, timeout_ms);
  wait_for (&client, &client.done);
  g_assert_nonnull (client.error);
  error = g_steal_pointer (&client.error);
  g_test_message ("%s", error->message);
  client_clear (&client);
  return error;
}

/* A self-signed certificate is nobody's but who knows its hash. */
static void
test_wrong_certificate (gconstpointer data)
{
  g_autoptr (EcMoqListener) listener = listen_at ("127.0.0.1:0");
  g_autoptr (EcMoqListener) other = listen_at ("127.0.0.1:0");
  g_autofree char *uri = uri_of (listener, data, NULL);
  g_autoptr (GError) untrusted = fail_to_dial (uri, NULL, NULL, 0);
  g_autoptr (GError) mistaken = fail_to_dial (uri, other, NULL, 0);
  int before = g_atomic_int_get (&n_accepted);

  g_assert_error (untrusted, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE);
  g_assert_error (mistaken, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE);
  g_assert_cmpint (g_atomic_int_get (&n_accepted), ==, before);
}

static void
test_nobody (void)
{
  EcMoqListener *listener = listen_at ("127.0.0.1:0");
  g_autofree char *uri = uri_of (listener, "moqt", NULL);
  g_autoptr (GError) error = NULL;

  ec_moq_listener_free (listener);
  error = fail_to_dial (uri, NULL, NULL, 500);
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_UNREACHABLE);
}

static void
test_bad (void)
{
  static const char *const unknown[] = { "moqt-99", NULL };
  g_autoptr (GError) uri = fail_to_dial ("gopher://x", NULL, NULL, 0);
  g_autoptr (GError) draft = fail_to_dial ("moqt://127.0.0.1", NULL, unknown, 0);

  g_assert_error (uri, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI);
  g_assert_error (draft, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI);
}

static void
test_version (gconstpointer data)
{
  const char *addresses[] = { "127.0.0.1:0", NULL };
  const char *only16[] = { "moqt-16", NULL }, *only18[] = { "moqt-18", NULL };
  EcMoqListenerConfig config = {
    .listen = addresses, .accept = on_accept, .n_workers = 1, .protocols = only16
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqListener) listener = ec_moq_listener_new (&config, &error);
  g_autofree char *uri = uri_of (listener, data, NULL);
  g_autoptr (GError) refused = fail_to_dial (uri, listener, only18, 0);

  /* WebTransport says it by an HTTP status. */
  if (g_str_equal (data, "https"))
    g_assert_error (refused, EC_MOQ_ERROR, EC_MOQ_ERROR_REJECTED);
  else
    g_assert_error (refused, EC_MOQ_ERROR, EC_MOQ_ERROR_VERSION);
}

/* A socket that takes packets and never answers: dialling it goes on until somebody has enough. */
static void
test_cancelled (void)
{
  g_autoptr (GSocket) deaf =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *uri = NULL;
  Client client;

  g_assert_true (g_socket_bind (deaf, any, FALSE, NULL));
  bound = g_socket_get_local_address (deaf, NULL);
  uri = g_strdup_printf ("moqt://127.0.0.1:%u",
                         g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  client_init (&client);
  dial (&client, uri, NULL, NULL, cancellable, 0);
  /* It is under way when the first packet is there. */
  g_assert_true (g_socket_condition_timed_wait (deaf, G_IO_IN, PATIENCE, NULL, NULL));
  g_cancellable_cancel (cancellable);
  wait_for (&client, &client.done);
  g_assert_error (client.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  client_clear (&client);
}

/* What the names and addresses of a listener may be. */
static void
test_listen (void)
{
  static const char *const bad[] = { "x", "127.0.0.1", "localhost:1", "[::1]:99999", ":", "[::1]" };
  EcMoqListenerConfig config = { .accept = on_accept, .n_workers = 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    const char *addresses[] = { bad[i], NULL };
    g_autoptr (GError) error = NULL;

    config.listen = addresses;
    g_assert_null (ec_moq_listener_new (&config, &error));
    g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/dial/origin", test_origin);
  g_test_add_func ("/session/dial/uri", test_uri);
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *name = g_strdup_printf ("/session/dial/echo/%s/%s/%s", ways[i].scheme,
                                             ways[i].host ? ways[i].host : ways[i].listen,
                                             ways[i].draft ? ways[i].draft : "any");

    g_test_add_data_func (name, &ways[i], test_echo);
  }
  g_test_add_data_func ("/session/dial/wrong-certificate/quic", "moqt", test_wrong_certificate);
  g_test_add_data_func ("/session/dial/wrong-certificate/webtransport", "https",
                        test_wrong_certificate);
  g_test_add_func ("/session/dial/nobody", test_nobody);
  g_test_add_func ("/session/dial/bad", test_bad);
  g_test_add_data_func ("/session/dial/version/quic", "moqt", test_version);
  g_test_add_data_func ("/session/dial/version/webtransport", "https", test_version);
  g_test_add_func ("/session/dial/cancelled", test_cancelled);
  g_test_add_func ("/session/dial/listen", test_listen);
  return g_test_run ();
}
