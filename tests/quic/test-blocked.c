/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "quic-peer.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/*
 * A socket that takes no more for now, and an interface that cannot cut segments. Loopback never is either, however small its buffer:
 * what is sent counts as received at once. So the system calls are stood in for.
 */
static int blocked_port; /* of 127.0.0.1; 0: none; atomic */
static int n_blocked;    /* so many calls are refused; atomic */
static int n_refused;    /* so many were; atomic */

static int segmented_port; /* likewise */
static int n_uncut;        /* so many calls with several segments are refused; atomic */
static int n_segmented; /* calls with several segments, after the last that was refused; atomic */
static int n_coalesced; /* buffers that came in with several datagrams, at any socket; atomic */

static gboolean
is_at (int fd, int *of)
{
  struct sockaddr_in local = { 0 };
  socklen_t size = sizeof local;
  int port = g_atomic_int_get (of);

  return port != 0 && getsockname (fd, (struct sockaddr *) &local, &size) == 0 &&
         local.sin_family == AF_INET && g_ntohs (local.sin_port) == port;
}

/* Both are numbers of 16 bits, though the second is given in 32. 0: there is none. */
static guint16
find_control (const struct msghdr *message, int type)
{
  struct msghdr *header = (struct msghdr *) (guintptr) message;

  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c; c = CMSG_NXTHDR (header, c)) {
    guint16 value = 0;
    int wide = 0;

    if (c->cmsg_level != SOL_UDP || c->cmsg_type != type)
      continue;
    if (c->cmsg_len >= CMSG_LEN (sizeof wide)) {
      memcpy (&wide, CMSG_DATA (c), sizeof wide);
      return (guint16) wide;
    }
    memcpy (&value, CMSG_DATA (c), sizeof value);
    return value;
  }
  return 0;
}

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  guint16 segment = find_control (message, UDP_SEGMENT);

  if (is_at (fd, &blocked_port) && g_atomic_int_add (&n_blocked, -1) > 0) {
    g_atomic_int_inc (&n_refused);
    errno = EAGAIN;
    return -1;
  }
  if (segment > 0 && is_at (fd, &segmented_port)) {
    g_assert_cmpuint (message->msg_iov[0].iov_len, >, segment);
    if (g_atomic_int_add (&n_uncut, -1) > 0) {
      g_atomic_int_set (&n_segmented, 0);
      errno = EIO;
      return -1;
    }
    g_atomic_int_inc (&n_segmented);
  }
  return (ssize_t) syscall (SYS_sendmsg, fd, message, flags);
}

int
recvmmsg (int fd, struct mmsghdr *messages, unsigned size, int flags, struct timespec *timeout)
{
  int n = (int) syscall (SYS_recvmmsg, fd, messages, size, flags, timeout);

  for (int i = 0; i < n; i++) {
    guint16 segment = find_control (&messages[i].msg_hdr, UDP_GRO);

    if (segment > 0 && messages[i].msg_len > segment)
      g_atomic_int_inc (&n_coalesced);
  }
  return n;
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

/* -- Several datagrams a call */

static gboolean
has_option (int option)
{
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int value = 1;
  gboolean has = setsockopt (fd, SOL_UDP, option, &value, sizeof value) == 0;

  close (fd);
  return has;
}

/* What one of the two has sent, or received, since the last call. */
static EcQuicStatistics
take_statistics (Peer *peer, EcQuicStatistics *last)
{
  EcQuicStatistics now, since;

  ec_quic_endpoint_get_statistics (peer->endpoint, &now);
  since.sent = now.sent - last->sent;
  since.send_calls = now.send_calls - last->send_calls;
  since.received = now.received - last->received;
  since.receive_calls = now.receive_calls - last->receive_calls;
  since.dropped = now.dropped - last->dropped;
  *last = now;
  return since;
}

static int
find_port (PeerConnection *connection)
{
  const char *colon = strrchr (connection->remote, ':');

  return atoi (colon + 1);
}

static void
write_much (PeerConnection *from, PeerConnection *to, guint64 begin, gsize size)
{
  g_autoptr (EcPayload) payload = peer_payload (begin, size);
  PeerWrite write = { .id = EC_STREAM_NONE, .uni = TRUE, .payload = payload, .fin = TRUE };

  g_assert_true (peer_do (from, peer_job_write, &write));
  peer_wait_until (to->peer, peer_stream (to, write.id)->fin);
  g_assert_cmpuint (peer_stream (to, write.id)->size, ==, size);
}

/* udp(7), UDP_SEGMENT and UDP_GRO: many datagrams go in a call and come in one; where the interface cannot cut them, each goes by itself. */
static void
test_segments (gconstpointer data)
{
  gboolean from_client = GPOINTER_TO_INT (data);
  const gsize size = 2000000;
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  EcQuicStatistics sent_last = { 0 }, received_last = { 0 }, sent, received;
  PeerConnection *ours, *theirs, *from, *to;

  if (!has_option (UDP_SEGMENT)) {
    g_test_skip ("this kernel has no UDP_SEGMENT");
    return;
  }
  server->forget = client->forget = TRUE;
  peer_listen (server, &(PeerServer){ .only_v4 = TRUE });
  ours = connect_to (client, server);
  g_assert_true (ours->established);
  theirs = peer_wait (server, 0);
  from = from_client ? ours : theirs;
  to = from_client ? theirs : ours;
  g_atomic_int_set (&n_uncut, 0);
  g_atomic_int_set (&n_segmented, 0);
  g_atomic_int_set (&n_coalesced, 0);
  g_atomic_int_set (&segmented_port, find_port (to));
  take_statistics (from->peer, &sent_last);
  take_statistics (to->peer, &received_last);

  write_much (from, to, 0, size);
  sent = take_statistics (from->peer, &sent_last);
  received = take_statistics (to->peer, &received_last);
  g_test_message ("%.1f datagrams a send, %.1f a receive",
                  (double) sent.sent / (double) sent.send_calls,
                  (double) received.received / (double) received.receive_calls);
  g_assert_cmpint (g_atomic_int_get (&n_segmented), >, 0);
  g_assert_cmpuint (sent.sent, >=, 2 * sent.send_calls);
  if (has_option (UDP_GRO)) {
    g_assert_cmpint (g_atomic_int_get (&n_coalesced), >, 0);
    g_assert_cmpuint (received.received, >=, 2 * received.receive_calls);
    g_assert_cmpuint (received.dropped, ==, 0);
  } else {
    g_test_skip ("this kernel has no UDP_GRO; the rest is tested");
  }

  /* Who dialled hears errors of other datagrams too (IP_RECVERR), so that one alone says nothing. */
  g_atomic_int_set (&n_uncut, from_client ? 2 : 1);
  write_much (from, to, 0, size);
  sent = take_statistics (from->peer, &sent_last);
  g_assert_cmpint (g_atomic_int_get (&n_uncut), <=, 0);
  g_assert_cmpint (g_atomic_int_get (&n_segmented), ==, 0);
  g_assert_cmpuint (sent.send_calls, >=, sent.sent);
  g_assert_cmpuint (to->peer->wrong, ==, 0);
  g_atomic_int_set (&segmented_port, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quic/blocked/data", test_data);
  g_test_add_data_func ("/quic/blocked/close", GINT_TO_POINTER (FALSE), test_close);
  g_test_add_data_func ("/quic/blocked/stop", GINT_TO_POINTER (TRUE), test_close);
  g_test_add_func ("/quic/blocked/stop-for-good", test_stop_for_good);
  g_test_add_data_func ("/quic/blocked/segments/server", GINT_TO_POINTER (FALSE), test_segments);
  g_test_add_data_func ("/quic/blocked/segments/client", GINT_TO_POINTER (TRUE), test_segments);
  return g_test_run ();
}
