/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "quic-peer.h"

static gboolean
has_text (PeerConnection *connection, EcStreamId id, const char *text)
{
  PeerStream *stream = peer_stream (connection, id);

  return stream->bytes->len == strlen (text) &&
         memcmp (stream->bytes->data, text, strlen (text)) == 0;
}

static void
exchange (guint address_index)
{
  g_autoptr (Peer) server = peer_new ();
  g_autoptr (Peer) client = peer_new ();
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;
  PeerConnection *ours;
  PeerConnection *theirs;
  PeerWrite write = { .id = EC_STREAM_NONE, .text = "hello", .fin = TRUE };
  PeerWrite back = { .id = EC_STREAM_NONE, .uni = TRUE, .text = "world", .fin = TRUE };

  server->echo = TRUE;
  peer_listen (server, NULL);
  verify = peer_verify (server);
  address = peer_address (server, address_index);
  peer_dial (client, address, &(EcQuicDial){ .verify = verify });
  ours = peer_wait (client, 0);
  g_assert_true (ours->established);
  g_assert_cmpstr (ours->protocol, ==, "test");
  theirs = peer_wait (server, 0);
  g_assert_cmpstr (theirs->protocol, ==, "test");
  g_assert_true (g_str_has_prefix (theirs->remote, address_index ? "[::1]:" : "127.0.0.1:"));

  g_assert_true (peer_do (ours, peer_job_write, &write));
  g_assert_cmpint (write.id, ==, 0);
  peer_wait_until (client, peer_stream (ours, 0)->closed);
  g_assert_true (has_text (ours, 0, "hello"));
  g_assert_true (peer_stream (ours, 0)->fin);
  g_assert_true (peer_stream (ours, 0)->sent);
  peer_wait_until (server, peer_stream (theirs, 0)->closed);

  g_assert_true (peer_do (theirs, peer_job_write, &back));
  g_assert_cmpint (back.id, ==, 3);
  peer_wait_until (client, peer_stream (ours, 3)->closed);
  g_assert_true (has_text (ours, 3, "world"));
  peer_wait_until (server, peer_stream (theirs, 3)->closed);
}

static void
test_exchange_v4 (void)
{
  exchange (0);
}

static void
test_exchange_v6 (void)
{
  exchange (1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quic/basic/exchange-v4", test_exchange_v4);
  g_test_add_func ("/quic/basic/exchange-v6", test_exchange_v6);
  return g_test_run ();
}
