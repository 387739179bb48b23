/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "quic-peer.h"

/*
 * A socket that takes no more for now. Loopback never is one, however small its buffer: what is sent counts as received at once. So the
 * system call is stood in for.
 */
static int blocked_port; /* of 127.0.0.1; 0: none; atomic */
static int n_blocked;    /* so many calls are refused; atomic */
static int n_refused;    /* so many were; atomic */

static gboolean
is_blocked (int fd)
{
  struct sockaddr_in local = { 0 };
  socklen_t size = sizeof local;
  int port = g_atomic_int_get (&blocked_port);

  return port != 0 && getsockname (fd, (struct sockaddr *) &local, &size) == 0 &&
         local.sin_family == AF_INET && g_ntohs (local.sin_port) == port;
}

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  if (is_blocked (fd) && g_atomic_int_add (&n_blocked, -1) > 0) {
    g_atomic_int_inc (&n_refused);
    errno = EAGAIN;
    return -1;
  }
  return (ssize_t) syscall (SYS_sendmsg, fd, message, flags);
}

static void
block (Peer *server, int n)
{
  g_autoptr (GInetSocketAddress) address = peer_address (server, 0);

  g_atomic_int_set (&n_refused, 0);
  g_atomic_int_set (&n_blocked, n);
  g_atomic_int_set (&blocked_port, (int) g_inet_socket_address_get_port (address));
}

static PeerConnection *
connect_to (Peer *client, Peer *server)
{
  g_autoptr (GInetSocketAddress) address = peer_address (server, 0);
  g_autoptr (EcQuicVerify) verify = peer_verify (server);

  peer_dial (client, address, &(EcQuicDial){ .verify = verify });
  return peer_wait (client, 0);
}

/* All that is written arrives, once and in order, though the socket is full again and again. */
static void
test_data (void)
{
  const gsize piece = 300000;
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  PeerConnection *ours, *theirs;
  PeerWrite write = { .id = EC_STREAM_NONE, .uni = TRUE };

  client->forget = TRUE;
  peer_listen (server, &(PeerServer){ .only_v4 = TRUE });
  ours = connect_to (client, server);
  g_assert_true (ours->established);
  theirs = peer_wait (server, 0);
  for (guint i = 0; i < 10; i++) {
    g_autoptr (EcPayload) payload = peer_payload (i * piece, piece);

    write.payload = payload;
    write.fin = i == 9;
    block (server, 5);
    g_assert_true (peer_do (theirs, peer_job_write, &write));
    peer_wait_until (client, peer_stream (ours, write.id)->size == (i + 1) * piece);
    g_assert_cmpint (g_atomic_int_get (&n_refused), ==, 5);
  }
  peer_wait_until (client, peer_stream (ours, write.id)->fin);
  g_assert_cmpuint (client->wrong, ==, 0);
}

static void
job_close (PeerConnection *connection, gpointer user_data)
{
  ec_transport_close (connection->transport, 9, "closing time");
}

/* The last word is said when the socket takes it: without it, the client would wait for the idle timeout. */
static void
test_close (gconstpointer data)
{
  gboolean stops = GPOINTER_TO_INT (data);
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  PeerConnection *ours, *theirs;

  peer_listen (server, &(PeerServer){ .only_v4 = TRUE });
  ours = connect_to (client, server);
  g_assert_true (ours->established);
  theirs = peer_wait (server, 0);
  block (server, 3);
  if (stops)
    ec_quic_endpoint_stop (server->endpoint, 9, "closing time");
  else
    (void) peer_do (theirs, job_close, NULL);
  peer_wait_until (client, ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (ours->close.code, ==, 9);
  g_assert_cmpstr (ours->reason, ==, "closing time");
  g_assert_cmpint (g_atomic_int_get (&n_refused), ==, 3);
}

/* A socket that never takes anything again keeps nobody from stopping. */
static void
test_stop_for_good (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  gint64 begin_us;

  peer_listen (server, &(PeerServer){ .only_v4 = TRUE });
  g_assert_true (connect_to (client, server)->established);
  peer_wait (server, 0);
  block (server, G_MAXINT);
  begin_us = g_get_monotonic_time ();
  g_clear_pointer (&server, peer_free);
  g_assert_cmpint (g_get_monotonic_time () - begin_us, <, 10 * G_USEC_PER_SEC);
  g_atomic_int_set (&blocked_port, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quic/blocked/data", test_data);
  g_test_add_data_func ("/quic/blocked/close", GINT_TO_POINTER (FALSE), test_close);
  g_test_add_data_func ("/quic/blocked/stop", GINT_TO_POINTER (TRUE), test_close);
  g_test_add_func ("/quic/blocked/stop-for-good", test_stop_for_good);
  return g_test_run ();
}
