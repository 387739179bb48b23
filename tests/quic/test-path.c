/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "quic-peer.h"
#include "udp-proxy.h"

static PeerConnection *
dial_through (Peer *client, Peer *server, UdpProxy *proxy, const EcQuicTuning *tuning)
{
  g_autoptr (GInetSocketAddress) address = udp_proxy_get_address (proxy);
  g_autoptr (EcQuicVerify) verify = peer_verify (server);
  EcQuicDial dial = { .verify = verify };
  guint n = client->connections->len;

  if (tuning)
    dial.tuning = *tuning;
  peer_dial (client, address, &dial);
  return peer_wait (client, n);
}

/* -- A lossy network delivers each byte once */

typedef struct {
  EcStreamId id;
  guint64 size;
} Much;

static void
job_write_much (PeerConnection *connection, gpointer user_data)
{
  Much *much = user_data;
  const gsize piece = 65536;

  much->id = ec_transport_open_stream (connection->transport, TRUE);
  for (guint64 at = 0; at < much->size; at += piece) {
    EcPayload *payload = peer_payload (at, piece);

    ec_transport_write (connection->transport, much->id, NULL, 0, payload, 0, piece,
                        at + piece == much->size);
    ec_payload_unref (payload);
  }
}

static void
job_see_lost (PeerConnection *connection, gpointer user_data)
{
  guint64 *lost = user_data;
  EcTransportInfo info;

  ec_transport_get_info (connection->transport, &info);
  g_assert_cmpuint (info.rtt_us, >, 0);
  g_assert_cmpuint (info.congestion_window, >, 0);
  *lost = info.packets_lost;
}

static void
lossy (guint32 seed, gboolean bbr)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (GInetSocketAddress) address = NULL;
  g_autoptr (UdpProxy) proxy = NULL;
  UdpProxyConfig config = { .seed = seed, .lose = 10, .late = 30, .repeat = 10 };
  Much much = { .size = 12 * 1024 * 1024 };
  PeerConnection *ours;
  PeerConnection *theirs;
  guint64 lost = 0;

  server->forget = TRUE;
  peer_listen (server, NULL);
  address = peer_address (server, 0);
  proxy = udp_proxy_new (address, &config);
  ours = dial_through (client, server, proxy, &(EcQuicTuning){ .bbr = bbr });
  g_assert_true (ours->established);
  theirs = peer_wait (server, 0);
  g_assert_true (peer_do (ours, job_write_much, &much));
  peer_wait_until (server, peer_stream (theirs, much.id)->closed);
  g_assert_cmpuint (peer_stream (theirs, much.id)->size, ==, much.size);
  g_assert_cmpuint (server->wrong, ==, 0);
  g_assert_true (peer_do (ours, job_see_lost, &lost));
  g_assert_cmpuint (lost, >, 0);
}

static void
test_lossy (void)
{
  lossy (1, FALSE);
}

static void
test_lossy_again (void)
{
  lossy (2, FALSE);
}

/* -- The client's address changes: RFC 9000 §9 */

typedef struct {
  guint16 port;
} Seen;

static void
job_see_port (PeerConnection *connection, gpointer user_data)
{
  Seen *seen = user_data;
  EcTransportInfo info;

  ec_transport_get_info (connection->transport, &info);
  seen->port = (guint16) g_ascii_strtoull (strrchr (info.peer, ':') + 1, NULL, 10);
}

static void
test_rebind (void)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (GInetSocketAddress) address = NULL;
  g_autoptr (UdpProxy) proxy = NULL;
  UdpProxyConfig config = { .seed = 3 };
  PeerServer four = { .config = { .n_workers = 4 } };
  PeerWrite first = { .id = EC_STREAM_NONE, .text = "before", .fin = TRUE };
  PeerConnection *ours;
  PeerConnection *theirs;
  Seen before;
  Seen after;

  server->echo = TRUE;
  peer_listen (server, &four);
  address = peer_address (server, 0);
  proxy = udp_proxy_new (address, &config);
  ours = dial_through (client, server, proxy, NULL);
  g_assert_true (ours->established);
  theirs = peer_wait (server, 0);
  g_assert_true (peer_do (ours, peer_job_write, &first));
  peer_wait_until (client, peer_stream (ours, first.id)->closed);
  g_assert_true (peer_do (theirs, job_see_port, &before));

  for (guint i = 0; i < 3; i++) {
    PeerWrite next = { .id = EC_STREAM_NONE, .text = "after", .fin = TRUE };

    udp_proxy_rebind (proxy);
    g_assert_true (peer_do (ours, peer_job_write, &next));
    peer_wait_until (client, peer_stream (ours, next.id)->closed);
    g_assert_cmpuint (peer_stream (ours, next.id)->size, ==, 5);
    g_assert_true (peer_do (theirs, job_see_port, &after));
    g_assert_cmpuint (after.port, !=, before.port);
    before = after;
  }
  g_assert_false (theirs->moved);
}

/* -- The server has forgotten everything, but the secret: RFC 9000 §10.3 */

static void
stateless_reset (guint n_workers)
{
  static const guint8 secret[32] = { 7, 7, 7 };
  g_autoptr (Peer) first = peer_new ();
  g_autoptr (Peer) second = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (GInetSocketAddress) address = NULL;
  g_autoptr (GInetSocketAddress) other = NULL;
  g_autoptr (UdpProxy) proxy = NULL;
  PeerServer with = { .config = { .n_workers = n_workers, .secret = secret } };
  PeerWrite write = { .id = EC_STREAM_NONE,
                      .uni = TRUE,
                      .text = "are you there, still, after all this?" };
  EcQuicStatistics statistics;
  PeerConnection *ours;

  peer_listen (first, &with);
  peer_listen (second, &with);
  address = peer_address (first, 0);
  other = peer_address (second, 0);
  proxy = udp_proxy_new (address, &(UdpProxyConfig){ 0 });
  ours = dial_through (client, first, proxy, NULL);
  g_assert_true (ours->established);
  udp_proxy_redirect (proxy, other);
  (void) peer_do (ours, peer_job_write, &write);
  peer_wait_until (client, ours->closed);
  g_assert_cmpint (ours->close.cause, ==, EC_TRANSPORT_CLOSE_RESET);
  ec_quic_endpoint_get_statistics (second->endpoint, &statistics);
  g_assert_cmpuint (statistics.resets_sent, >, 0);
}

static void
test_stateless_reset (void)
{
  stateless_reset (1);
}

static void
test_stateless_reset_workers (void)
{
  stateless_reset (4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quic/path/lossy", test_lossy);
  g_test_add_func ("/quic/path/lossy-again", test_lossy_again);
  g_test_add_func ("/quic/path/rebind", test_rebind);
  g_test_add_func ("/quic/path/stateless-reset", test_stateless_reset);
  g_test_add_func ("/quic/path/stateless-reset-workers", test_stateless_reset_workers);
  return g_test_run ();
}
