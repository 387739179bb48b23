/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quic-peer.h"

#define MANY 100

static gboolean
all_closed (Peer *peer, EcStreamId id)
{
  for (guint i = 0; i < peer->connections->len; i++)
    if (!peer_stream (g_ptr_array_index (peer->connections, i), id)->closed)
      return FALSE;
  return TRUE;
}

static guint
count_threads (Peer *peer)
{
  g_autoptr (GHashTable) threads = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < peer->connections->len; i++)
    g_hash_table_add (threads,
                      ((PeerConnection *) g_ptr_array_index (peer->connections, i))->thread);
  return g_hash_table_size (threads);
}

/* Each connection lands on one of four workers, and none of its datagrams on another. */
static void
test_steering (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  PeerServer with = { .config = { .n_workers = 4, .max_handshakes = 4 * MANY + 4 } };
  EcQuicStatistics statistics;
  EcStreamId id = 0;

  server->echo = TRUE;
  peer_listen (server, &with);
  verify = peer_verify (server);
  for (guint i = 0; i < MANY; i++) {
    g_autoptr (GInetSocketAddress) address = peer_address (server, i % 2);

    peer_dial (client, address, &(EcQuicDial){ .verify = verify });
  }
  for (guint i = 0; i < MANY; i++) {
    PeerConnection *connection = peer_wait (client, i);
    PeerWrite write = { .id = EC_STREAM_NONE, .text = "hello", .fin = TRUE };

    g_assert_true (connection->established);
    g_assert_true (peer_do (connection, peer_job_write, &write));
    g_assert_cmpint (write.id, ==, id);
  }
  peer_wait_until (client, all_closed (client, id));
  peer_wait_until (server, server->connections->len == MANY && all_closed (server, id));
  g_assert_cmpuint (count_threads (server), ==, 4);
  g_assert_cmpuint (count_threads (client), ==, 1);
  ec_quic_endpoint_get_statistics (server->endpoint, &statistics);
  g_assert_cmpuint (statistics.accepted, ==, MANY);
  g_assert_cmpuint (statistics.connections, ==, MANY);
  g_assert_cmpuint (statistics.handshakes, ==, 0);
  g_test_message ("%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " datagrams were handed over",
                  statistics.handed_over, statistics.received);
  /* All clients share one port, so that only coalesced datagrams of two of them may go astray. */
  g_assert_cmpuint (statistics.handed_over, <=, statistics.received / 10);
}

/* “Any” of IPv6 takes IPv4 as well, and answers from the address that was asked. */
static void
test_wildcard (void)
{
  static const char *const at[] = { "127.0.0.1", "127.0.0.2", "::1" };
  g_autoptr (GPtrArray) listen = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) any = NULL;
  PeerServer with = { .config = { .n_workers = 2, .listen = listen } };

  g_ptr_array_add (listen, g_inet_socket_address_new_from_string ("::", 0));
  server->echo = TRUE;
  peer_listen (server, &with);
  verify = peer_verify (server);
  any = peer_address (server, 0);
  for (guint i = 0; i < G_N_ELEMENTS (at); i++) {
    g_autoptr (GInetSocketAddress) address = G_INET_SOCKET_ADDRESS (
        g_inet_socket_address_new_from_string (at[i], g_inet_socket_address_get_port (any)));
    PeerWrite write = { .id = EC_STREAM_NONE, .text = "hello", .fin = TRUE };
    PeerConnection *ours;

    peer_dial (client, address, &(EcQuicDial){ .verify = verify });
    ours = peer_wait (client, i);
    g_assert_true (ours->established);
    g_assert_true (peer_do (ours, peer_job_write, &write));
    peer_wait_until (client, peer_stream (ours, write.id)->closed);
    g_assert_true (
        g_str_has_prefix (peer_wait (server, i)->remote, i == 2 ? "[::1]:" : "127.0.0."));
  }
}

/* An endpoint that listens dials from the same port. */
static void
test_both_ways (void)
{
  g_autoptr (Peer) a = peer_new ();
  g_autoptr (Peer) b = peer_new ();
  g_autoptr (EcQuicVerify) of_a = NULL;
  g_autoptr (EcQuicVerify) of_b = NULL;
  g_autoptr (GInetSocketAddress) at_a = NULL;
  g_autoptr (GInetSocketAddress) at_b = NULL;
  g_autofree char *text = NULL;
  PeerServer with = { .config = { .n_workers = 3 } };

  peer_listen (a, &with);
  peer_listen (b, &with);
  of_a = peer_verify (a);
  of_b = peer_verify (b);
  at_a = peer_address (a, 0);
  at_b = peer_address (b, 0);
  for (guint i = 0; i < 6; i++) {
    peer_dial (a, at_b, &(EcQuicDial){ .verify = of_b });
    peer_dial (b, at_a, &(EcQuicDial){ .verify = of_a });
  }
  for (guint i = 0; i < 12; i++) {
    g_assert_true (peer_wait (a, i)->established);
    g_assert_true (peer_wait (b, i)->established);
  }
  text = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (at_b));
  for (guint i = 0; i < 12; i++)
    g_assert_cmpstr (peer_wait (a, i)->remote, ==, text);
}

static void
test_retry (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  PeerServer with = { .config = { .n_workers = 4, .always_retry = TRUE } };
  EcQuicStatistics statistics;

  peer_listen (server, &with);
  verify = peer_verify (server);
  for (guint i = 0; i < 8; i++) {
    g_autoptr (GInetSocketAddress) address = peer_address (server, i % 2);

    peer_dial (client, address, &(EcQuicDial){ .verify = verify });
    g_assert_true (peer_wait (client, i)->established);
  }
  ec_quic_endpoint_get_statistics (server->endpoint, &statistics);
  g_assert_cmpuint (statistics.retries, >=, 8);
}

static void
test_room (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;
  PeerServer with = { .config = { .max_connections = 2 } };
  PeerConnection *third;

  peer_listen (server, &with);
  verify = peer_verify (server);
  address = peer_address (server, 0);
  for (guint i = 0; i < 2; i++) {
    peer_dial (client, address, &(EcQuicDial){ .verify = verify });
    g_assert_true (peer_wait (client, i)->established);
  }
  peer_dial (client, address, &(EcQuicDial){ .verify = verify });
  third = peer_wait (client, 2);
  g_assert_true (third->closed);
  g_assert_cmpint (third->close.cause, ==, EC_TRANSPORT_CLOSE_UNREACHABLE);
}

/* -- From outside */

static int
open_raw (Peer *server)
{
  g_autoptr (GInetSocketAddress) address = peer_address (server, 0);
  struct sockaddr_in to;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct timeval patience = { .tv_sec = 10 };

  g_assert_true (g_socket_address_to_native (G_SOCKET_ADDRESS (address), &to, sizeof to, NULL));
  g_assert_cmpint (connect (fd, (struct sockaddr *) &to, sizeof to), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

/*
 * A handshake that is begun and never goes on: of a client of ours that dials nobody, the first packet goes to the server from a socket that
 * only hears what comes back. Whether it is Retry.
 */
static gboolean
begin_handshake (Peer *server, Peer *client)
{
  g_autoptr (EcQuicVerify) verify = peer_verify (server);
  g_autoptr (GSocketAddress) at = NULL;
  struct sockaddr_in nobody = { .sin_family = AF_INET,
                                .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  socklen_t nobody_size = sizeof nobody;
  struct timeval patience = { .tv_sec = 10 };
  int front = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int back = open_raw (server);
  guint8 packet[2048];
  ssize_t size;

  setsockopt (front, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  g_assert_cmpint (bind (front, (struct sockaddr *) &nobody, sizeof nobody), ==, 0);
  g_assert_cmpint (getsockname (front, (struct sockaddr *) &nobody, &nobody_size), ==, 0);
  at = g_socket_address_new_from_native (&nobody, nobody_size);
  peer_dial (client, G_INET_SOCKET_ADDRESS (at), &(EcQuicDial){ .verify = verify });
  size = recv (front, packet, sizeof packet, 0);
  g_assert_cmpint (size, >=, 1200);
  g_assert_cmpint (send (back, packet, (gsize) size, 0), ==, size);
  size = recv (back, packet, sizeof packet, 0);
  close (front);
  close (back);
  g_assert_cmpint (size, >, 0);
  /* RFC 9000 §17.2: the type of a long header; the bit between may be either (RFC 9287). */
  g_assert_cmpuint (packet[0] & 0x80, ==, 0x80);
  return (packet[0] & 0x30) == 0x30;
}

/* Unfinished handshakes beyond a quarter of the room: who is new must show that packets reach it, and gets in; before, nobody must. */
static void
test_retry_under_load (void)
{
  const guint quarter = 5;
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (Peer) ghosts = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;
  PeerServer with = { .config = { .n_workers = 2, .max_handshakes = 4 * quarter },
                      .tuning = { .handshake_timeout_ms = 120000 } };
  EcQuicStatistics statistics;

  peer_listen (server, &with);
  verify = peer_verify (server);
  address = peer_address (server, 0);
  for (guint i = 0; i <= quarter; i++) {
    peer_dial (client, address, &(EcQuicDial){ .verify = verify });
    g_assert_true (peer_wait (client, i)->established);
    g_assert_true (peer_wait (server, i)->established);
    ec_quic_endpoint_get_statistics (server->endpoint, &statistics);
    g_assert_cmpuint (statistics.handshakes, ==, i);
    g_assert_cmpuint (statistics.retries > 0, ==, i == quarter);
    g_assert_true (begin_handshake (server, ghosts) == (i == quarter));
  }
  ec_quic_endpoint_get_statistics (server->endpoint, &statistics);
  g_assert_cmpuint (statistics.handshakes, ==, quarter);
  g_assert_cmpuint (statistics.retries, >=, 2);
  g_assert_cmpuint (statistics.refused, ==, 0);
}

/* A version that nobody speaks is answered with the one that we do (RFC 9000 §6). */
static void
test_version (void)
{
  g_autoptr (Peer) server = peer_new ();
  guint8 packet[1200] = { 0xc0, 0xba, 0xba, 0xba, 0xba, 8, 1, 2, 3, 4, 5, 6, 7, 8, 4, 9, 9, 9, 9 };
  guint8 answer[1500];
  static const guint8 head[] = { 0, 0, 0, 0, 4, 9, 9, 9, 9, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 1 };
  ssize_t size;
  int fd;

  peer_listen (server, NULL);
  fd = open_raw (server);
  g_assert_cmpint (send (fd, packet, 600, 0), ==, 600); /* too short for an answer */
  g_assert_cmpint (send (fd, packet, sizeof packet, 0), ==, sizeof packet);
  size = recv (fd, answer, sizeof answer, 0);
  g_assert_cmpint (size, >, (ssize_t) sizeof head);
  g_assert_cmpuint (answer[0] & 0x80, ==, 0x80);
  g_assert_cmpmem (answer + 1, sizeof head, head, sizeof head);
  close (fd);
}

/* Noise in the shape of packets does no harm to those who are there. */
static void
test_garbage (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (11);
  PeerServer with = { .config = { .n_workers = 2, .max_handshakes = 40 },
                      .tuning = { .handshake_timeout_ms = 2000 } };
  EcQuicStatistics statistics;
  PeerWrite write = { .id = EC_STREAM_NONE, .text = "hello", .fin = TRUE };
  PeerConnection *ours;
  int fd;

  server->echo = TRUE;
  peer_listen (server, &with);
  verify = peer_verify (server);
  address = peer_address (server, 0);
  peer_dial (client, address, &(EcQuicDial){ .verify = verify });
  ours = peer_wait (client, 0);
  fd = open_raw (server);
  for (guint i = 0; i < 20000; i++) {
    guint8 packet[1400];
    gsize size = (gsize) g_rand_int_range (random, 0, sizeof packet);

    for (gsize n = 0; n < MIN (size, 60); n++)
      packet[n] = (guint8) g_rand_int (random);
    memset (packet + MIN (size, 60), (int) i, size - MIN (size, 60));
    if (i % 3 == 0 && size > 1200) {
      static const guint8 head[] = { 0xc0, 0, 0, 0, 1, 8 };

      memcpy (packet, head, sizeof head);
      packet[14] = (guint8) (i % 21);
    }
    (void) !send (fd, packet, size, MSG_DONTWAIT);
  }
  close (fd);
  g_assert_true (peer_do (ours, peer_job_write, &write));
  peer_wait_until (client, peer_stream (ours, write.id)->closed);
  peer_dial (client, address, &(EcQuicDial){ .verify = verify });
  g_assert_true (peer_wait (client, 1)->established);
  ec_quic_endpoint_get_statistics (server->endpoint, &statistics);
  g_assert_cmpuint (statistics.handshakes, <=, 40);
  g_assert_cmpuint (statistics.dropped, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quic/workers/steering", test_steering);
  g_test_add_func ("/quic/workers/wildcard", test_wildcard);
  g_test_add_func ("/quic/workers/both-ways", test_both_ways);
  g_test_add_func ("/quic/workers/retry", test_retry);
  g_test_add_func ("/quic/workers/retry-under-load", test_retry_under_load);
  g_test_add_func ("/quic/workers/room", test_room);
  g_test_add_func ("/quic/workers/version", test_version);
  g_test_add_func ("/quic/workers/garbage", test_garbage);
  return g_test_run ();
}
