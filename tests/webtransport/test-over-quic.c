/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Client and server over real sockets. */
#include <string.h>

#include "quic/ec-quic-endpoint.h"
#include "webtransport/ec-wt.h"

#define SIZE 300000

typedef struct World World;

/* A session; what it notes is read under the world's lock. */
typedef struct {
  World *world;
  EcTransport *transport;
  gboolean established, closed;
  GByteArray *echoed; /* client */
  gboolean fin, datagram;
  EcTransportCloseCause cause;
  guint64 code;
  char *reason, *protocol, *path;
} Session;

struct World {
  GMutex lock;
  GCond cond;
  Session client, server;
  gboolean server_gone;
  guint64 server_code;
};

static void
note (World *self)
{
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->lock);
}

#define wait_until(world, condition)                                                               \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 end_ = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                                   \
    g_mutex_lock (&(world)->lock);                                                                 \
    while (!(condition)) {                                                                         \
      if (!g_cond_wait_until (&(world)->cond, &(world)->lock, end_))                               \
        g_error ("not within 20 s: %s", #condition);                                               \
    }                                                                                              \
    g_mutex_unlock (&(world)->lock);                                                               \
  }                                                                                                \
  G_STMT_END

static guint8
pattern (gsize at)
{
  return (guint8) (at * 31 + (at >> 8) * 7);
}

static void
on_established (gpointer user_data)
{
  Session *self = user_data;
  EcTransportInfo info;

  ec_transport_get_info (self->transport, &info);
  g_mutex_lock (&self->world->lock);
  self->established = TRUE;
  self->protocol = g_strdup (info.protocol);
  self->path = g_strdup (info.path);
  note (self->world);
  if (!self->transport->server) {
    EcStreamId id = ec_transport_open_stream (self->transport, FALSE);
    g_autoptr (EcPayload) payload = ec_payload_new (SIZE, NULL);

    for (gsize i = 0; i < SIZE; i++) {
      guint8 byte = pattern (i);

      ec_payload_append (payload, &byte, 1);
    }
    ec_transport_write (self->transport, id, NULL, 0, payload, 0, SIZE, TRUE);
    ec_transport_send_datagram (self->transport, 0, (const guint8 *) "ping", 4, NULL);
  }
}

static void
on_stream_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  Session *self = user_data;

  if (self->transport->server) {
    ec_transport_write (self->transport, id, data, size, NULL, 0, 0, fin);
  } else {
    g_mutex_lock (&self->world->lock);
    g_byte_array_append (self->echoed, data, (guint) size);
    self->fin = fin;
    note (self->world);
  }
  ec_transport_consume (self->transport, id, size);
}

static void
on_datagram (gpointer user_data, const guint8 *data, gsize size)
{
  Session *self = user_data;

  if (self->transport->server)
    ec_transport_send_datagram (self->transport, 0, data, size, NULL);
  g_mutex_lock (&self->world->lock);
  self->datagram = size == 4 && memcmp (data, "ping", 4) == 0;
  note (self->world);
}

static void
on_code (gpointer user_data, EcStreamId id, guint64 code)
{
}

static void
on_stream (gpointer user_data, EcStreamId id)
{
}

static void
on_available (gpointer user_data, gboolean uni)
{
}

/* Woken: the client is to close. */
static void
on_woken (gpointer user_data)
{
  Session *self = user_data;

  ec_transport_close (self->transport, 77, "enough");
}

static void
on_nothing (gpointer user_data)
{
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  Session *self = user_data;

  g_mutex_lock (&self->world->lock);
  g_clear_pointer (&self->transport, ec_transport_unref);
  self->closed = TRUE;
  self->cause = close->cause;
  self->code = close->code;
  self->reason = g_strdup (close->reason);
  note (self->world);
}

static const EcTransportEvents events = {
  .established = on_established,
  .stream_data = on_stream_data,
  .stream_reset = on_code,
  .stream_stopped = on_code,
  .stream_sent = on_stream,
  .stream_closed = on_stream,
  .streams_available = on_available,
  .datagram = on_datagram,
  .timer = on_nothing,
  .woken = on_woken,
  .closed = on_closed,
};

static void
on_request (gpointer user_data, const EcWtRequest *request, EcWtAnswer *answer)
{
  answer->status = strcmp (request->path, "/no") == 0 ? 404 : 200;
  answer->protocol = request->protocols[0];
}

static void
on_session (gpointer user_data, EcTransport *session)
{
  World *self = user_data;

  self->server.transport = session;
  ec_transport_set_events (session, &events, &self->server);
}

static void
on_gone (gpointer user_data, const EcTransportClose *close)
{
  World *self = user_data;

  g_mutex_lock (&self->lock);
  self->server_gone = TRUE;
  self->server_code = close->code;
  note (self);
}

static const EcWtServerEvents server_events = {
  .request = on_request,
  .session = on_session,
  .closed = on_gone,
};

static gboolean
on_accept (gpointer user_data, EcTransport *transport, const char *alpn)
{
  g_assert_cmpstr (alpn, ==, "h3");
  (void) ec_wt_server_new (transport, &server_events, user_data);
  return TRUE;
}

typedef struct {
  World *world;
  const char *path;
} Dial;

static void
on_dialled (gpointer user_data, EcTransport *h3)
{
  static const char *const protocols[] = { "moqt-18", "moqt-16", NULL };
  Dial *self = user_data;
  Session *client = &self->world->client;
  EcTransport *session = ec_wt_client_new (h3, "localhost", self->path, protocols, NULL);

  g_mutex_lock (&self->world->lock);
  client->transport = session;
  note (self->world);
  ec_transport_set_events (session, &events, client);
}

static EcQuicEndpoint *
listen_on_loopback (EcQuicCredentials *credentials, World *world)
{
  static const char *const alpns[] = { EC_WT_ALPN, NULL };
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  EcQuicEndpointConfig config = { .listen = addresses,
                                  .n_workers = 1,
                                  .credentials = credentials,
                                  .alpns = alpns,
                                  .accept = on_accept,
                                  .user_data = world };
  EcQuicEndpoint *endpoint;

  g_ptr_array_add (addresses, g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  endpoint = ec_quic_endpoint_new (&config, NULL, &error);
  g_assert_no_error (error);
  return endpoint;
}

static void
session_clear (Session *self)
{
  g_clear_pointer (&self->echoed, g_byte_array_unref);
  g_free (self->reason);
  g_free (self->protocol);
  g_free (self->path);
}

static void
check_echo (World *world)
{
  wait_until (world, world->client.fin && world->client.datagram);
  g_assert_cmpuint (world->client.echoed->len, ==, SIZE);
  for (gsize i = 0; i < SIZE; i++)
    g_assert_cmpuint (world->client.echoed->data[i], ==, pattern (i));
  g_assert_cmpstr (world->client.protocol, ==, "moqt-18");
  g_assert_cmpstr (world->server.protocol, ==, "moqt-18");
  g_assert_cmpstr (world->server.path, ==, "/live");
  /* The lock keeps it: it is let go of under it. */
  g_mutex_lock (&world->lock);
  ec_transport_wake (world->client.transport);
  g_mutex_unlock (&world->lock);
  wait_until (world, world->client.closed && world->server.closed && world->server_gone);
  g_assert_cmpint (world->client.cause, ==, EC_TRANSPORT_CLOSE_LOCAL);
  g_assert_cmpint (world->server.cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (world->server.code, ==, 77);
  g_assert_cmpstr (world->server.reason, ==, "enough");
  g_assert_cmpuint (world->server_code, ==, 0);
}

static void
run (gconstpointer path)
{
  static const char *const names[] = { "localhost", "127.0.0.1", NULL };
  static const char *const alpns[] = { EC_WT_ALPN, NULL };
  g_autoptr (EcQuicCredentials) credentials = ec_quic_credentials_new ();
  g_autoptr (EcQuicEndpoint) server = NULL;
  g_autoptr (EcQuicEndpoint) client = NULL;
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GPtrArray) hashes = NULL;
  g_autoptr (GPtrArray) addresses = NULL;
  g_autoptr (GError) error = NULL;
  World world = { 0 };
  Dial dial = { &world, path };

  world.client.world = world.server.world = &world;
  world.client.echoed = g_byte_array_new ();
  ec_quic_credentials_add_self_signed (credentials, names, g_get_real_time () / G_USEC_PER_SEC,
                                       &error);
  g_assert_no_error (error);
  server = listen_on_loopback (credentials, &world);
  client = ec_quic_endpoint_new (&(EcQuicEndpointConfig){ .n_workers = 1 }, NULL, &error);
  g_assert_no_error (error);
  hashes = ec_quic_credentials_get_hashes (credentials);
  verify = ec_quic_verify_new_hashes (hashes);
  addresses = ec_quic_endpoint_get_addresses (server);
  ec_quic_endpoint_dial (client,
                         &(EcQuicDial){ .address = addresses->pdata[0],
                                        .server_name = "localhost",
                                        .alpns = alpns,
                                        .verify = verify },
                         on_dialled, &dial);
  if (strcmp (path, "/no") != 0) {
    check_echo (&world);
  } else {
    wait_until (&world, world.client.closed);
    g_assert_cmpint (world.client.cause, ==, EC_TRANSPORT_CLOSE_REFUSED);
    g_assert_cmpuint (world.client.code, ==, 404);
    wait_until (&world, world.server_gone);
    g_assert_false (world.client.established || world.server.established);
  }
  ec_quic_endpoint_stop (client, 0, "");
  ec_quic_endpoint_stop (server, 0, "");
  session_clear (&world.client);
  session_clear (&world.server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/webtransport/over-quic/echo", "/live", run);
  g_test_add_data_func ("/webtransport/over-quic/refused", "/no", run);
  return g_test_run ();
}
