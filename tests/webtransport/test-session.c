/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Client and server against each other. */
#include <string.h>

#include "wt-pair.h"

#define LATENCY 10000

static const EcMemoryLink plain = { .latency_us = LATENCY };

static void
test_establish (void)
{
  EcTransportInfo info;
  WtPair pair;

  wt_pair_init (&pair, 1, &plain);
  g_assert_cmpint (recorder_open (pair.client, TRUE), ==, EC_STREAM_NONE);
  wt_pair_establish (&pair);
  g_assert_cmpstr (pair.authority, ==, "example.org:443");
  g_assert_cmpstr (pair.path, ==, "/live");
  g_assert_cmpstr (pair.origin, ==, "https://page.example");
  g_assert_cmpstr (pair.offered, ==, "moqt-18|moqt-16");
  g_assert_true (wt_pair_session (&pair, 0)->established);
  g_assert_cmpuint (pair.client->n_available[1], ==, 1);

  ec_transport_get_info (wt_pair_session (&pair, 0)->transport, &info);
  g_assert_cmpstr (info.protocol, ==, "moqt-18");
  g_assert_cmpstr (info.path, ==, "/live");
  g_assert_cmpstr (info.authority, ==, "example.org:443");
  g_assert_cmpstr (info.origin, ==, "https://page.example");
  g_assert_cmpstr (info.kind, ==, "webtransport");
  g_assert_cmpuint (info.rtt_us, >, 0);
  ec_transport_get_info (pair.client->transport, &info);
  g_assert_cmpstr (info.protocol, ==, "moqt-18");
  g_assert_cmpstr (info.kind, ==, "webtransport");
  /* The stream of CONNECT is 0: one byte. */
  g_assert_cmpuint (ec_transport_get_max_datagram (pair.client->transport), ==, 1199);

  /* The client's end is the connection's. */
  recorder_close (pair.client, 7, "done");
  wt_pair_run (&pair, 6 * LATENCY);
  g_assert_true (pair.client->closed);
  g_assert_null (pair.server);
  g_assert_cmpint (pair.cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (pair.code, ==, 0);
  wt_pair_clear (&pair);
}

static void
check_data (Recorder *from, Recorder *to, EcStreamId id, gsize size)
{
  g_assert_true (recorder_has_pattern (to, id, id, size));
  g_assert_true (recorder_stream (to, id)->fin);
  g_assert_true (recorder_stream (to, id)->closed);
  g_assert_true (recorder_stream (from, id)->closed);
}

/* Streams of both ends and both kinds, in any pieces, in any order that streams may come in. */
static void
run_seed (guint32 seed)
{
  EcMemoryLink link = {
    .latency_us = 5000,
    .jitter_us = seed % 4 ? 20000 : 0,
    .max_piece = seed % 3 ? 1 + seed % 40 : 0,
    .bandwidth = seed % 5 ? 0 : 300000,
    .stream_window = seed % 2 ? 700 : 0,
    .connection_window = seed % 2 ? 1500 : 0,
    .max_uni_streams = seed % 7 ? 0 : 6,
    .datagram_loss = 0,
  };
  EcStreamId of_client[4], of_server[4];
  guint64 code = (guint64) seed * 8589934;
  Recorder *server, *closer, *other;
  WtPair pair;

  wt_pair_init (&pair, seed, &link);
  pair.echoes = TRUE;
  /* The server's first streams leave with its 2xx, and may overtake it. */
  while (pair.sessions->len == 0)
    g_assert_true (ec_memory_network_step (pair.network));
  server = wt_pair_session (&pair, 0);
  for (guint i = 0; i < 4; i++) {
    of_server[i] = recorder_open (server, i & 1);
    recorder_write_pattern (server, of_server[i], 500 + seed + i, TRUE);
  }
  while (!pair.client->established)
    g_assert_true (ec_memory_network_step (pair.network));
  for (guint i = 0; i < 4; i++) {
    of_client[i] = recorder_open (pair.client, i & 1);
    recorder_write_pattern (pair.client, of_client[i], 700 + seed + i, TRUE);
  }
  ec_transport_send_datagram (pair.client->transport, 0, (const guint8 *) "ping", 4, NULL);
  pair.client->echoes = FALSE;
  for (guint i = 0; i < 4; i += 2) {
    while (!recorder_stream (pair.client, of_server[i]))
      g_assert_true (ec_memory_network_step (pair.network));
    recorder_write (pair.client, of_server[i], "back", TRUE);
  }
  wt_pair_run (&pair, 20 * G_USEC_PER_SEC);

  for (guint i = 0; i < 4; i++) {
    check_data (server, pair.client, of_server[i], 500 + seed + i);
    check_data (pair.client, server, of_client[i], 700 + seed + i);
    if (!(i & 1)) {
      recorder_check (server, of_server[i], "back", TRUE);
      g_assert_true (
          recorder_has_pattern (pair.client, of_client[i], of_client[i], 700 + seed + i));
    }
  }
  g_assert_cmpuint (server->datagrams->len, ==, 1);
  g_assert_cmpuint (pair.client->datagrams->len, ==, 1);
  g_assert_cmpmem (g_bytes_get_data (pair.client->datagrams->pdata[0], NULL), 4, "ping", 4);

  closer = seed & 1 ? server : pair.client;
  other = seed & 1 ? pair.client : server;
  recorder_close (closer, code, "that is all");
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpint (closer->cause, ==, EC_TRANSPORT_CLOSE_LOCAL);
  g_assert_cmpint (other->cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (other->code, ==, MIN (code, G_MAXUINT32));
  g_assert_cmpstr (other->reason, ==, "that is all");
  wt_pair_clear (&pair);
}

static void
test_seeds (void)
{
  for (guint32 seed = 0; seed < 500; seed++)
    run_seed (seed);
}

/* Cut at any moment: everything ends, at both ends, and nothing is left. */
static void
test_cut (void)
{
  for (guint32 seed = 0; seed < 200; seed++) {
    EcMemoryLink link = {
      .latency_us = 5000, .jitter_us = 5000, .cut_within_us = 200000, .max_piece = 20
    };
    WtPair pair;

    wt_pair_init (&pair, seed, &link);
    pair.echoes = TRUE;
    for (guint i = 0; i < 40; i++) {
      EcStreamId id;

      wt_pair_run (&pair, 5000);
      id = pair.client->established ? recorder_open (pair.client, i & 1) : EC_STREAM_NONE;
      if (id != EC_STREAM_NONE)
        recorder_write_pattern (pair.client, id, 200, i & 2);
    }
    wt_pair_run (&pair, 60 * G_USEC_PER_SEC);
    g_assert_true (pair.client->closed);
    g_assert_null (pair.server);
    if (pair.client->established)
      g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_IDLE);
    else
      g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_UNREACHABLE);
    wt_pair_clear (&pair);
  }
}

static void
test_refused (void)
{
  static const guint statuses[] = { 403, 404, 503, 302, 204 };

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++) {
    WtPair pair;

    wt_pair_init (&pair, 1, &plain);
    pair.status = statuses[i];
    wt_pair_run (&pair, G_USEC_PER_SEC);
    g_assert_cmpuint (pair.n_requests, ==, 1);
    g_assert_cmpuint (pair.sessions->len, ==, 0);
    g_assert_false (pair.client->established);
    g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_REFUSED);
    /* 2xx that is not 200 makes no sense of the owner. */
    g_assert_cmpuint (pair.client->code, ==, statuses[i] == 204 ? 500 : statuses[i]);
    g_assert_null (pair.server);
    wt_pair_clear (&pair);
  }
}

/* Codes of streams reach the other application as they were. */
static void
test_stream_codes (void)
{
  static const guint64 codes[] = { 0, 1, 29, 30, 31, 77, 0x12345678, G_MAXUINT32, G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    guint64 expected = MIN (codes[i], G_MAXUINT32);
    EcStreamId one, two;
    Recorder *server;
    WtPair pair;

    wt_pair_init (&pair, i, &plain);
    wt_pair_establish (&pair);
    server = wt_pair_session (&pair, 0);
    one = recorder_open (pair.client, FALSE);
    two = recorder_open (server, TRUE);
    recorder_write (pair.client, one, "x", FALSE);
    recorder_write (server, two, "y", FALSE);
    wt_pair_run (&pair, 5 * LATENCY);
    ec_transport_reset (pair.client->transport, one, codes[i]);
    ec_transport_stop (pair.client->transport, two, codes[i]);
    wt_pair_run (&pair, 5 * LATENCY);
    g_assert_true (recorder_stream (server, one)->reset);
    g_assert_cmpuint (recorder_stream (server, one)->reset_code, ==, expected);
    g_assert_true (recorder_stream (server, two)->stopped);
    g_assert_cmpuint (recorder_stream (server, two)->stop_code, ==, expected);
    g_assert_true (recorder_stream (server, two)->closed);
    wt_pair_clear (&pair);
  }
}

/* A reason is cut to 1,024 bytes, between characters. */
static void
test_long_reason (void)
{
  g_autoptr (GString) reason = g_string_new ("x");
  WtPair pair;

  for (guint i = 0; i < 1000; i++)
    g_string_append (reason, "ä");
  wt_pair_init (&pair, 1, &plain);
  wt_pair_establish (&pair);
  recorder_close (wt_pair_session (&pair, 0), 9, reason->str);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (strlen (pair.client->reason), ==, 1023);
  g_assert_true (g_utf8_validate (pair.client->reason, -1, NULL));
  g_assert_true (g_str_has_prefix (reason->str, pair.client->reason));
  wt_pair_clear (&pair);
}

/* A session that ends takes its streams with it, whatever is under way, and gives the credit back. */
static void
test_close_in_the_middle (void)
{
  for (guint32 seed = 0; seed < 100; seed++) {
    EcMemoryLink link = {
      .latency_us = 5000, .jitter_us = 9000, .max_piece = 100, .connection_window = 3000
    };
    Recorder *server;
    WtPair pair;

    wt_pair_init (&pair, seed, &link);
    wt_pair_establish (&pair);
    server = wt_pair_session (&pair, 0);
    server->consumes = FALSE;
    for (guint i = 0; i < 6; i++)
      recorder_write_pattern (pair.client, recorder_open (pair.client, i & 1), 2000, i & 2);
    wt_pair_run (&pair, 12000);
    recorder_close (seed & 1 ? server : pair.client, seed, "");
    wt_pair_run (&pair, 10 * G_USEC_PER_SEC);
    g_assert_true (pair.client->closed && server->closed);
    g_assert_null (pair.server);
    wt_pair_clear (&pair);
  }
}

/* `closed` is the one event that still comes, and not from inside ec_transport_close(). */
static void
test_closed_comes_later (void)
{
  for (guint i = 0; i < 4; i++) {
    gboolean early = i >= 2; /* the client, before the session is there */
    Recorder *closing;
    WtPair pair;

    wt_pair_init (&pair, i, &plain);
    if (!early)
      wt_pair_establish (&pair);
    closing = i == 0 ? wt_pair_session (&pair, 0) : pair.client;
    if (i == 3)
      wt_pair_run (&pair, 3 * LATENCY);
    ec_transport_set_timer (closing->transport, ec_transport_now (closing->transport));
    ec_transport_wake (closing->transport);
    recorder_close (closing, 7, "later");
    g_assert_false (closing->closed);
    /* Closing again is nothing new. */
    recorder_close (closing, 8, "");
    wt_pair_run (&pair, 0);
    g_assert_true (closing->closed);
    g_assert_cmpint (closing->cause, ==, EC_TRANSPORT_CLOSE_LOCAL);
    g_assert_cmpuint (closing->code, ==, 7);
    g_assert_cmpstr (closing->reason, ==, "later");
    g_assert_cmpuint (closing->n_timers + closing->n_woken, ==, 0);
    wt_pair_clear (&pair);
  }
}

/* A server that closes tells its sessions later, too, and is the last to go. */
static void
test_server_closed_comes_later (void)
{
  WtPair pair;

  wt_pair_init (&pair, 1, &plain);
  wt_pair_establish (&pair);
  ec_wt_server_close (pair.server, 3, "restart");
  g_assert_false (wt_pair_session (&pair, 0)->closed);
  g_assert_nonnull (pair.server);
  wt_pair_run (&pair, 0);
  g_assert_true (wt_pair_session (&pair, 0)->closed);
  g_assert_nonnull (pair.server);
  wt_pair_run (&pair, 10 * G_USEC_PER_SEC);
  g_assert_null (pair.server);
  wt_pair_clear (&pair);
}

static void
test_timer_and_wake (void)
{
  Recorder *server;
  guint64 now;
  WtPair pair;

  wt_pair_init (&pair, 1, &plain);
  wt_pair_establish (&pair);
  server = wt_pair_session (&pair, 0);
  now = ec_transport_now (server->transport);
  ec_transport_set_timer (server->transport, now + 1000);
  ec_transport_wake (server->transport);
  wt_pair_run (&pair, 999);
  g_assert_cmpuint (server->n_woken, ==, 1);
  g_assert_cmpuint (server->n_timers, ==, 0);
  wt_pair_run (&pair, 1);
  g_assert_cmpuint (server->n_timers, ==, 1);
  /* An idle session is no reason to close. */
  wt_pair_run (&pair, 100 * G_USEC_PER_SEC);
  g_assert_cmpuint (server->n_timers, ==, 1);
  g_assert_false (server->closed);
  ec_transport_wake (pair.client->transport);
  wt_pair_run (&pair, 0);
  g_assert_cmpuint (pair.client->n_woken, ==, 1);
  wt_pair_clear (&pair);
}

/* draft-ietf-webtrans-http3 §4.7; RFC 9114 §5.2 */
static void
test_drain (void)
{
  WtPair pair;

  wt_pair_init (&pair, 1, &plain);
  wt_pair_establish (&pair);
  ec_wt_server_drain (pair.server);
  wt_pair_run (&pair, G_USEC_PER_SEC);
  g_assert_false (pair.client->closed);
  ec_wt_server_close (pair.server, 3, "restart");
  wt_pair_run (&pair, 5 * LATENCY);
  g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_PEER);
  g_assert_cmpuint (pair.client->code, ==, 3);
  g_assert_cmpstr (pair.client->reason, ==, "restart");
  wt_pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/webtransport/session/establish", test_establish);
  g_test_add_func ("/webtransport/session/seeds", test_seeds);
  g_test_add_func ("/webtransport/session/cut", test_cut);
  g_test_add_func ("/webtransport/session/refused", test_refused);
  g_test_add_func ("/webtransport/session/stream-codes", test_stream_codes);
  g_test_add_func ("/webtransport/session/long-reason", test_long_reason);
  g_test_add_func ("/webtransport/session/close-in-the-middle", test_close_in_the_middle);
  g_test_add_func ("/webtransport/session/closed-comes-later", test_closed_comes_later);
  g_test_add_func ("/webtransport/session/server-closed-comes-later",
                   test_server_closed_comes_later);
  g_test_add_func ("/webtransport/session/timer-and-wake", test_timer_and_wake);
  g_test_add_func ("/webtransport/session/drain", test_drain);
  return g_test_run ();
}
