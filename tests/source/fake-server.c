/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-server.h"

#include <string.h>

struct _FakeServer {
  GSocketListener *listener;
  GThread *acceptor;
  GCancellable *cancellable;
  FakeHandler handler;
  gpointer user_data;
  guint port;
  GMutex mutex;
  GCond cond;
  GPtrArray *threads; /* of the connections, the acceptor's own */
  guint open;         /* under the mutex */
  GPtrArray *paths;   /* under the mutex */
};

typedef struct {
  FakeServer *server;
  GSocketConnection *connection;
} Connection;

static char *
read_head (GInputStream *input, GCancellable *cancellable)
{
  g_autoptr (GString) head = g_string_new (NULL);
  char c;

  while (!g_str_has_suffix (head->str, "\r\n\r\n")) {
    if (g_input_stream_read (input, &c, 1, cancellable, NULL) != 1 || head->len > 65536)
      return NULL;
    g_string_append_c (head, c);
  }
  return g_string_free (g_steal_pointer (&head), FALSE);
}

static gpointer
serve (gpointer user_data)
{
  Connection *connection = user_data;
  FakeServer *server = connection->server;
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection->connection));
  g_autofree char *head = read_head (input, server->cancellable);
  g_auto (GStrv) words = head ? g_strsplit (head, " ", 3) : NULL;

  if (words && g_strv_length (words) == 3) {
    FakeRequest request = { server, connection->connection, words[0], words[1], server->user_data };

    g_mutex_lock (&server->mutex);
    g_ptr_array_add (server->paths, g_strdup (words[1]));
    g_mutex_unlock (&server->mutex);
    server->handler (&request);
  }

  g_io_stream_close (G_IO_STREAM (connection->connection), NULL, NULL);
  g_object_unref (connection->connection);
  g_free (connection);
  g_mutex_lock (&server->mutex);
  server->open--;
  g_cond_broadcast (&server->cond);
  g_mutex_unlock (&server->mutex);
  return NULL;
}

static gpointer
accept_all (gpointer user_data)
{
  FakeServer *server = user_data;

  for (;;) {
    GSocketConnection *accepted =
        g_socket_listener_accept (server->listener, NULL, server->cancellable, NULL);
    Connection *connection;

    if (accepted == NULL)
      return NULL;
    connection = g_new0 (Connection, 1);
    connection->server = server;
    connection->connection = accepted;
    g_mutex_lock (&server->mutex);
    server->open++;
    g_cond_broadcast (&server->cond);
    g_mutex_unlock (&server->mutex);
    g_ptr_array_add (server->threads, g_thread_new ("fake-connection", serve, connection));
  }
}

FakeServer *
fake_server_new (FakeHandler handler, gpointer user_data)
{
  FakeServer *server = g_new0 (FakeServer, 1);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GError) error = NULL;

  server->handler = handler;
  server->user_data = user_data;
  server->cancellable = g_cancellable_new ();
  server->threads = g_ptr_array_new ();
  server->paths = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&server->mutex);
  g_cond_init (&server->cond);
  server->listener = g_socket_listener_new ();
  g_socket_listener_add_address (server->listener, any, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                 NULL, &bound, &error);
  g_assert_no_error (error);
  server->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  server->acceptor = g_thread_new ("fake-server", accept_all, server);
  return server;
}

void
fake_server_free (FakeServer *server)
{
  g_cancellable_cancel (server->cancellable);
  g_thread_join (server->acceptor);
  g_socket_listener_close (server->listener);
  for (guint i = 0; i < server->threads->len; i++)
    g_thread_join (server->threads->pdata[i]);
  g_ptr_array_unref (server->threads);
  g_object_unref (server->listener);
  g_object_unref (server->cancellable);
  g_ptr_array_unref (server->paths);
  g_mutex_clear (&server->mutex);
  g_cond_clear (&server->cond);
  g_free (server);
}

guint
fake_server_get_port (FakeServer *server)
{
  return server->port;
}

guint
fake_server_count (FakeServer *server, const char *prefix)
{
  guint n = 0;

  g_mutex_lock (&server->mutex);
  for (guint i = 0; i < server->paths->len; i++)
    n += g_str_has_prefix (server->paths->pdata[i], prefix);
  g_mutex_unlock (&server->mutex);
  return n;
}

guint
fake_server_get_open (FakeServer *server)
{
  guint n;

  g_mutex_lock (&server->mutex);
  n = server->open;
  g_mutex_unlock (&server->mutex);
  return n;
}

gboolean
fake_server_wait_open (FakeServer *server, guint n)
{
  gint64 until = g_get_monotonic_time () + 5 * G_USEC_PER_SEC;
  gboolean reached;

  g_mutex_lock (&server->mutex);
  while (server->open != n) {
    if (!g_cond_wait_until (&server->cond, &server->mutex, until))
      break;
  }
  reached = server->open == n;
  g_mutex_unlock (&server->mutex);
  return reached;
}

gboolean
fake_send (FakeRequest *request, gconstpointer data, gsize size)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (request->connection));

  return g_output_stream_write_all (output, data, size, NULL, request->server->cancellable, NULL);
}

void
fake_reply_head (FakeRequest *request, const char *status, const char *headers)
{
  g_autofree char *head =
      g_strdup_printf ("HTTP/1.1 %s\r\nConnection: close\r\n%s\r\n", status, headers);

  fake_send (request, head, strlen (head));
}

void
fake_reply (FakeRequest *request, const char *status, const char *headers, const char *body)
{
  g_autofree char *all =
      g_strdup_printf ("%sContent-Length: %" G_GSIZE_FORMAT "\r\n", headers, strlen (body));

  fake_reply_head (request, status, all);
  fake_send (request, body, strlen (body));
}

void
fake_ts_packet (guint8 packet[188], guint16 pid, guint32 index)
{
  memset (packet, 0xff, 188);
  packet[0] = 0x47;
  packet[1] = (guint8) (pid >> 8 & 0x1f);
  packet[2] = (guint8) pid;
  packet[3] = (guint8) (0x10 | (index & 0x0f));
  packet[4] = (guint8) (index >> 24);
  packet[5] = (guint8) (index >> 16);
  packet[6] = (guint8) (index >> 8);
  packet[7] = (guint8) index;
}

/* Waits for the client to hang up, or the time to pass: TRUE when it is gone. */
static gboolean
client_gone (FakeRequest *request, gint64 microseconds)
{
  GSocket *socket = g_socket_connection_get_socket (request->connection);
  char c;

  if (!g_socket_condition_timed_wait (socket, G_IO_IN | G_IO_HUP, microseconds,
                                      request->server->cancellable, NULL))
    return g_cancellable_is_cancelled (request->server->cancellable);
  return g_socket_receive (socket, &c, 1, NULL, NULL) <= 0;
}

gboolean
fake_send_ts (FakeRequest *request, guint16 pid, guint n, guint rate)
{
  for (guint i = 0; n == 0 || i < n; i++) {
    guint8 packet[188];

    fake_ts_packet (packet, pid, i);
    if (!fake_send (request, packet, sizeof packet))
      return FALSE;
    if (rate && i % 10 == 9 && client_gone (request, 10 * G_USEC_PER_SEC / rate))
      return FALSE;
  }
  return TRUE;
}

void
fake_hold (FakeRequest *request)
{
  while (!client_gone (request, G_USEC_PER_SEC))
    ;
}
