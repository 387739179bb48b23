/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz-quic-server.h"

#include <sys/socket.h>

static void
on_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  EcTransport *transport = user_data;

  ec_transport_consume (transport, id, size);
  if (size > 0 && data[0] == 'r')
    ec_transport_reset (transport, id, data[0]);
  else if (size > 0 && data[0] == 's')
    ec_transport_stop (transport, id, data[0]);
  else if (!EC_STREAM_IS_UNI (id))
    ec_transport_write (transport, id, data, size, NULL, 0, 0, fin);
}

static void
on_datagram (gpointer user_data, const guint8 *data, gsize size)
{
  ec_transport_send_datagram (user_data, 0, data, size, NULL);
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  g_assert_true (g_utf8_validate (close->reason, -1, NULL));
  ec_transport_unref (user_data);
}

static const EcTransportEvents events = {
  .stream_data = on_data,
  .datagram = on_datagram,
  .closed = on_closed,
};

static gboolean
on_accept (gpointer user_data, EcTransport *transport, const char *alpn)
{
  EcStreamId id;

  ec_transport_set_events (transport, &events, transport);
  id = ec_transport_open_stream (transport, TRUE);
  ec_transport_write (transport, id, (const guint8 *) "hello", 5, NULL, 0, 0, FALSE);
  return TRUE;
}

static FuzzServer *
make (void)
{
  static const char *const alpns[] = { "test", NULL };
  static const char *const names[] = { "localhost", NULL };
  FuzzServer *self = g_new0 (FuzzServer, 1);
  g_autoptr (GPtrArray) listen = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) hashes = NULL;
  g_autoptr (EcQuicCredentials) credentials = ec_quic_credentials_new ();
  EcQuicEndpointConfig config = { .listen = listen,
                                  .n_workers = 1,
                                  .credentials = credentials,
                                  .alpns = alpns,
                                  .accept = on_accept };
  struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };

  g_assert_true (ec_quic_credentials_add_self_signed (credentials, names,
                                                      g_get_real_time () / G_USEC_PER_SEC, NULL));
  hashes = ec_quic_credentials_get_hashes (credentials);
  self->verify = ec_quic_verify_new_hashes (hashes);
  g_ptr_array_add (listen, g_inet_socket_address_new_from_string ("127.0.0.1", 0));
  self->endpoint = ec_quic_endpoint_prepare (&config, NULL, NULL);
  g_assert_nonnull (self->endpoint);
  self->worker = g_ptr_array_index (self->endpoint->workers, 0);
  self->socket = g_ptr_array_index (self->worker->sockets, 0);
  self->local = self->socket->local;
  self->fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->fd, (struct sockaddr *) &any, sizeof any), ==, 0);
  self->remote.size = sizeof self->remote.v4;
  g_assert_cmpint (getsockname (self->fd, &self->remote.any, &self->remote.size), ==, 0);
  return self;
}

FuzzServer *
fuzz_server_get (void)
{
  static FuzzServer *server;

  if (server == NULL)
    server = make ();
  return server;
}

void
fuzz_server_receive (FuzzServer *self, const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);
  EcQuicDatagram datagram = { copy, size, &self->local, &self->remote, 0 };

  ec_quic_worker_receive (self->worker, self->socket, &datagram, FALSE);
}

void
fuzz_server_settle (FuzzServer *self)
{
  for (guint i = 0; i < 20 && g_main_context_iteration (self->worker->context, FALSE); i++)
    ;
}

void
fuzz_server_forget (FuzzServer *self)
{
  EcQuicConnection *connection;
  EcQuicTomb *tomb;
  guint8 data[2048];

  while ((connection = g_queue_peek_head (&self->worker->connections))) {
    ec_quic_connection_fail (connection, EC_TRANSPORT_CLOSE_LOCAL, 0, "", TRUE);
    ec_quic_connection_finish (connection, ec_quic_now ());
  }
  while ((tomb = g_queue_peek_head (&self->worker->tombs)))
    ec_quic_tomb_free (tomb);
  g_assert_cmpuint (self->endpoint->n_accepted, ==, 0);
  g_assert_cmpuint (self->endpoint->n_handshakes, ==, 0);
  g_assert_cmpuint (g_hash_table_size (self->worker->cids), ==, 0);
  g_assert_cmpuint (g_hash_table_size (self->worker->initials), ==, 0);
  g_assert_cmpuint (g_hash_table_size (self->worker->tokens), ==, 0);
  g_assert_cmpuint (g_hash_table_size (self->endpoint->tokens), ==, 0);
  while (recv (self->fd, data, sizeof data, 0) >= 0)
    ;
}
