/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "recorder.h"

#define LATENCY 10000

/* A network with one pair that is recorded. */
typedef struct {
  EcMemoryNetwork *network;
  Recorder *client, *server;
} Pair;

static void
pair_init (Pair *self, guint32 seed, const EcMemoryLink *link)
{
  EcTransport *client, *server;

  self->network = ec_memory_network_new (seed);
  ec_memory_network_pair (self->network, link, &client, &server);
  g_assert_false (client->server);
  g_assert_true (server->server);
  self->client = recorder_new (client);
  self->server = recorder_new (server);
}

static void
run_on (Pair *self, guint64 us)
{
  ec_memory_network_run (self->network, ec_memory_network_get_now (self->network) + us);
}

/* … and both ends know of each other. */
static void
pair_init_established (Pair *self, guint32 seed, const EcMemoryLink *link)
{
  pair_init (self, seed, link);
  run_on (self, 3 * (link->latency_us + link->jitter_us));
  g_assert_true (self->client->established && self->server->established);
}

static void
pair_clear (Pair *self)
{
  recorder_close (self->client, 0, "");
  recorder_close (self->server, 0, "");
  while (ec_memory_network_step (self->network))
    ;
  recorder_free (self->client);
  recorder_free (self->server);
  ec_memory_network_free (self->network);
}

static void
test_ids (void)
{
  EcMemoryLink link = { .latency_us = LATENCY, .protocol = "moqt-18" };
  EcTransportInfo info;
  Pair pair;

  pair_init (&pair, 1, &link);
  g_assert_cmpint (recorder_open (pair.client, FALSE), ==, EC_STREAM_NONE);
  run_on (&pair, 2 * LATENCY - 1);
  g_assert_false (pair.client->established);
  run_on (&pair, 1);
  g_assert_true (pair.client->established);
  g_assert_cmpuint (pair.client->n_available[0], ==, 1);
  g_assert_false (pair.server->established);
  run_on (&pair, LATENCY);
  g_assert_true (pair.server->established);

  for (gint64 i = 0; i < 3; i++) {
    g_assert_cmpint (recorder_open (pair.client, FALSE), ==, 4 * i);
    g_assert_cmpint (recorder_open (pair.server, FALSE), ==, 4 * i + 1);
    g_assert_cmpint (recorder_open (pair.client, TRUE), ==, 4 * i + 2);
    g_assert_cmpint (recorder_open (pair.server, TRUE), ==, 4 * i + 3);
  }
  ec_transport_get_info (pair.client->transport, &info);
  g_assert_cmpstr (info.protocol, ==, "moqt-18");
  g_assert_cmpstr (info.kind, ==, "memory");
  g_assert_cmpuint (info.rtt_us, ==, 2 * LATENCY);
  pair_clear (&pair);
}

/* Bytes both ways on many streams, in any pieces, reordered as they may be. */
static void
run_echo (guint32 seed, GString *log)
{
  EcMemoryLink link = {
    .latency_us = 5000,
    .jitter_us = seed % 3 ? 8000 : 0,
    .bandwidth = seed % 2 ? 2000000 : 0,
    .max_piece = seed % 5 ? 700 : 0,
    .stream_window = seed % 4 ? 3000 : 0,
    .connection_window = seed % 7 ? 9000 : 0,
  };
  EcStreamId ids[8];
  Pair pair;

  pair_init_established (&pair, seed, &link);
  pair.server->echoes = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    ids[i] = recorder_open (pair.client, i & 1);
    recorder_write_pattern (pair.client, ids[i], 20000 + i * 100, TRUE);
  }
  run_on (&pair, 10 * G_USEC_PER_SEC);

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_assert_true (recorder_has_pattern (pair.server, ids[i], ids[i], 20000 + i * 100));
    g_assert_true (recorder_stream (pair.server, ids[i])->fin);
    g_assert_true (recorder_stream (pair.server, ids[i])->closed);
    g_assert_true (recorder_stream (pair.client, ids[i])->closed);
    g_assert_cmpuint (recorder_stream (pair.client, ids[i])->n_sent, ==, 1);
    if (!(i & 1))
      g_assert_true (recorder_has_pattern (pair.client, ids[i], ids[i], 20000 + i * 100));
  }
  if (log)
    g_string_append (log, pair.server->log->str);
  pair_clear (&pair);
}

static void
test_echo (void)
{
  for (guint32 seed = 0; seed < 100; seed++)
    run_echo (seed, NULL);
}

static void
test_deterministic (void)
{
  g_autoptr (GString) one = g_string_new (NULL);
  g_autoptr (GString) two = g_string_new (NULL);
  g_autoptr (GString) other = g_string_new (NULL);

  run_echo (11, one);
  run_echo (11, two);
  run_echo (13, other);
  g_assert_cmpstr (one->str, ==, two->str);
  g_assert_cmpstr (one->str, !=, other->str);
}

/* Streams overtake each other where there is jitter. */
static void
test_reorder (void)
{
  guint n_overtaken = 0;

  for (guint32 seed = 0; seed < 20; seed++) {
    EcMemoryLink link = { .latency_us = LATENCY, .jitter_us = 20000 };
    Pair pair;

    pair_init_established (&pair, seed, &link);
    for (guint i = 0; i < 2; i++)
      recorder_write (pair.client, recorder_open (pair.client, TRUE), "x", TRUE);
    run_on (&pair, G_USEC_PER_SEC);
    if (recorder_stream (pair.server, 2)->fin_at_us > recorder_stream (pair.server, 6)->fin_at_us)
      n_overtaken++;
    pair_clear (&pair);
  }
  g_assert_cmpuint (n_overtaken, >, 2);
  g_assert_cmpuint (n_overtaken, <, 18);
}

static void
test_flow_control (void)
{
  EcMemoryLink link = { .latency_us = LATENCY, .stream_window = 1000, .connection_window = 1500 };
  EcStreamId one, two;
  Pair pair;

  pair_init_established (&pair, 1, &link);
  pair.server->consumes = FALSE;
  one = recorder_open (pair.client, TRUE);
  two = recorder_open (pair.client, TRUE);
  recorder_write_pattern (pair.client, one, 5000, TRUE);
  recorder_write_pattern (pair.client, two, 5000, TRUE);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (recorder_stream (pair.server, one)->data->len, ==, 1000);
  g_assert_cmpuint (recorder_stream (pair.server, two)->data->len, ==, 500);
  g_assert_cmpuint (ec_transport_get_unsent (pair.client->transport, one), ==, 4000);

  ec_transport_consume (pair.server->transport, one, 300);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (recorder_stream (pair.server, one)->data->len +
                        recorder_stream (pair.server, two)->data->len,
                    ==, 1800);
  g_assert_false (recorder_stream (pair.client, one) != NULL);

  /* What a stream that is stopped held of the connection's window comes back. */
  ec_transport_stop (pair.server->transport, two, 7);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_true (recorder_stream (pair.client, two)->stopped);
  g_assert_cmpuint (recorder_stream (pair.client, two)->stop_code, ==, 7);
  g_assert_cmpuint (recorder_stream (pair.server, one)->data->len, ==, 1300);
  pair.server->consumes = TRUE;
  ec_transport_consume (pair.server->transport, one, 1000);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_true (recorder_has_pattern (pair.server, one, one, 5000));
  pair_clear (&pair);
}

static void
test_stream_limits (void)
{
  EcMemoryLink link = { .latency_us = LATENCY, .max_uni_streams = 3, .max_bidi_streams = 1 };
  Pair pair;

  pair_init_established (&pair, 1, &link);
  for (guint i = 0; i < 3; i++)
    recorder_write (pair.server, recorder_open (pair.server, TRUE), "a", FALSE);
  g_assert_cmpint (recorder_open (pair.server, TRUE), ==, EC_STREAM_NONE);
  g_assert_cmpint (recorder_open (pair.server, FALSE), ==, 1);
  g_assert_cmpint (recorder_open (pair.server, FALSE), ==, EC_STREAM_NONE);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.server->n_available[1], ==, 0);

  recorder_write (pair.server, 3, "", TRUE);
  ec_transport_reset (pair.server->transport, 7, 9);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.server->n_available[1], ==, 1);
  recorder_check (pair.client, 3, "a", TRUE);
  g_assert_true (recorder_stream (pair.client, 7)->reset);
  g_assert_cmpuint (recorder_stream (pair.client, 7)->reset_code, ==, 9);
  g_assert_true (recorder_stream (pair.server, 7)->closed);
  g_assert_cmpint (recorder_open (pair.server, TRUE), ==, 15);
  g_assert_cmpint (recorder_open (pair.server, TRUE), ==, 19);
  g_assert_cmpint (recorder_open (pair.server, TRUE), ==, EC_STREAM_NONE);
  pair_clear (&pair);
}

static guint64
fin_at (Pair *pair, EcStreamId id)
{
  return recorder_stream (pair->server, id)->fin_at_us;
}

/* Level first; flows of one level share; of a flow the lowest order, then suborder, then the oldest. */
static void
test_priorities (void)
{
  static const EcTransportPriority priorities[] = {
    { .level = 2 },
    { .level = 1, .flow = 7, .order = 5, .suborder = 2 },
    { .level = 1, .flow = 7, .order = 4, .suborder = 9 },
    { .level = 1, .flow = 7, .order = 5, .suborder = 2 },
    { .level = 1, .flow = 9, .order = 99 },
    { .level = 0, .flow = 1 },
    { .level = 1, .flow = 7, .order = 5, .suborder = 1 },
  };
  EcMemoryLink link = { .latency_us = LATENCY, .bandwidth = 1000000 };
  EcStreamId ids[G_N_ELEMENTS (priorities)];
  Pair pair;

  pair_init_established (&pair, 1, &link);
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    ids[i] = recorder_open (pair.client, TRUE);
    ec_transport_set_priority (pair.client->transport, ids[i], &priorities[i]);
    recorder_write_pattern (pair.client, ids[i], 60000, TRUE);
  }
  run_on (&pair, 200000);
  /* 60,000 bytes at 1 MB/s. */
  g_assert_cmpuint (fin_at (&pair, ids[5]), <, fin_at (&pair, ids[2]));
  g_assert_false (recorder_stream (pair.server, ids[3]));
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (fin_at (&pair, ids[2]), <, fin_at (&pair, ids[6]));
  g_assert_cmpuint (fin_at (&pair, ids[6]), <, fin_at (&pair, ids[1]));
  g_assert_cmpuint (fin_at (&pair, ids[4]), <, fin_at (&pair, ids[1]));
  g_assert_cmpuint (fin_at (&pair, ids[1]), <, fin_at (&pair, ids[3]));
  g_assert_cmpuint (fin_at (&pair, ids[3]), <, fin_at (&pair, ids[0]));
  /* Side by side, so both at the end of twice their time. */
  g_assert_cmpuint (MAX (fin_at (&pair, ids[2]), fin_at (&pair, ids[4])) -
                        MIN (fin_at (&pair, ids[2]), fin_at (&pair, ids[4])),
                    <, 5000);
  g_assert_cmpuint (fin_at (&pair, ids[0]), >=, 3 * LATENCY + 420000);
  pair_clear (&pair);
}

static void
test_reset_and_stop (void)
{
  for (guint32 seed = 0; seed < 50; seed++) {
    EcMemoryLink link = {
      .latency_us = LATENCY, .jitter_us = 15000, .max_piece = 50, .connection_window = 4000
    };
    EcStreamId one, two;
    gboolean stopped;
    Pair pair;

    pair_init_established (&pair, seed, &link);
    one = recorder_open (pair.client, FALSE);
    two = recorder_open (pair.client, TRUE);
    recorder_write_pattern (pair.client, one, 900, FALSE);
    recorder_write_pattern (pair.client, two, 900, FALSE);
    run_on (&pair, 15000);
    ec_transport_reset (pair.client->transport, one, 5);
    recorder_write (pair.client, one, "ignored", FALSE);
    stopped = recorder_stream (pair.server, two) != NULL;
    if (stopped)
      ec_transport_stop (pair.server->transport, two, 6);
    run_on (&pair, G_USEC_PER_SEC);
    g_assert_true (recorder_stream (pair.server, one)->reset);
    g_assert_false (recorder_stream (pair.server, one)->closed);
    if (stopped) {
      g_assert_cmpuint (recorder_stream (pair.client, two)->stop_code, ==, 6);
      g_assert_true (recorder_stream (pair.client, two)->closed);
      g_assert_true (recorder_stream (pair.server, two)->closed);
    }
    recorder_write (pair.server, one, "bye", TRUE);
    run_on (&pair, G_USEC_PER_SEC);
    recorder_check (pair.client, one, "bye", TRUE);
    g_assert_true (recorder_stream (pair.client, one)->closed);
    g_assert_true (recorder_stream (pair.server, one)->closed);

    /* No credit was lost: all of the window is there for another. */
    one = recorder_open (pair.client, TRUE);
    recorder_write_pattern (pair.client, one, 40000, TRUE);
    run_on (&pair, 60 * G_USEC_PER_SEC);
    g_assert_true (recorder_has_pattern (pair.server, one, one, 40000));
    pair_clear (&pair);
  }
}

/* Of those that wait, the oldest of the highest level are dropped; the others come by level, and as they were given. */
static void
test_datagram_levels (void)
{
  EcMemoryLink link = { .latency_us = LATENCY };
  Pair pair;

  pair_init_established (&pair, 1, &link);
  for (guint8 i = 0; i < 40; i++)
    ec_transport_send_datagram (pair.client->transport, i % 4, &i, 1, NULL);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.server->datagrams->len, ==, 16);
  for (guint i = 0; i < 16; i++) {
    GBytes *bytes = g_ptr_array_index (pair.server->datagrams, i);

    /* 0, 4 … 36; then what is left of level 1: 17, 21 … 37. */
    g_assert_cmpuint (((const guint8 *) g_bytes_get_data (bytes, NULL))[0], ==,
                      i < 10 ? i * 4 : 17 + (i - 10) * 4);
  }
  pair_clear (&pair);
}

static void
test_datagrams (void)
{
  EcMemoryLink link = { .latency_us = LATENCY, .datagram_loss = 0.25 };
  EcMemoryLink none = { .latency_us = LATENCY, .max_datagram = G_MAXUINT };
  guint8 data[1201] = { 1, 2, 3 };
  EcTransportInfo info;
  Pair pair;

  pair_init_established (&pair, 1, &link);
  g_assert_cmpuint (ec_transport_get_max_datagram (pair.client->transport), ==, 1200);
  ec_transport_send_datagram (pair.client->transport, 0, data, 1201, NULL);
  run_on (&pair, G_USEC_PER_SEC);
  for (guint i = 0; i < 400; i++) {
    ec_transport_send_datagram (pair.client->transport, 0, data, 1200, NULL);
    run_on (&pair, 1);
  }
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.server->datagrams->len, >, 250);
  g_assert_cmpuint (pair.server->datagrams->len, <, 350);
  ec_transport_get_info (pair.client->transport, &info);
  g_assert_cmpuint (info.packets_lost + pair.server->datagrams->len, ==, 400);

  /* Never more than a few wait. */
  for (guint i = 0; i < 400; i++)
    ec_transport_send_datagram (pair.server->transport, 0, data, 10, NULL);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.client->datagrams->len, <=, 16);
  pair_clear (&pair);
  test_datagram_levels ();

  pair_init_established (&pair, 1, &none);
  g_assert_cmpuint (ec_transport_get_max_datagram (pair.client->transport), ==, 0);
  ec_transport_send_datagram (pair.client->transport, 0, data, 1, NULL);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.server->datagrams->len, ==, 0);
  pair_clear (&pair);
}

static void
test_close (void)
{
  for (guint32 seed = 0; seed < 20; seed++) {
    EcMemoryLink link = { .latency_us = LATENCY };
    Pair pair;

    pair_init_established (&pair, seed, &link);
    recorder_close (pair.client, 42, "enough");
    g_assert_false (pair.client->closed);
    run_on (&pair, G_USEC_PER_SEC);
    g_assert_true (pair.client->closed && pair.server->closed);
    g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_LOCAL);
    g_assert_cmpint (pair.server->cause, ==, EC_TRANSPORT_CLOSE_PEER);
    g_assert_cmpuint (pair.server->code, ==, 42);
    g_assert_cmpstr (pair.server->reason, ==, "enough");
    pair_clear (&pair);
  }
}

/* What the client sends at once may come before the server's last flight of the handshake; it waits. */
static void
test_established_first (void)
{
  guint n_waited = 0;

  for (guint32 seed = 0; seed < 20; seed++) {
    EcMemoryLink link = { .latency_us = LATENCY, .jitter_us = 5 * LATENCY };
    guint64 established_us = 3 * (link.latency_us + link.jitter_us);
    EcStreamId uni;
    Pair pair;

    pair_init (&pair, seed, &link);
    run_on (&pair, 2 * (link.latency_us + link.jitter_us) + 2 * LATENCY);
    g_assert_true (pair.client->established && !pair.server->established);
    uni = recorder_open (pair.client, TRUE);
    recorder_write (pair.client, uni, "early", TRUE);
    while (!pair.server->established)
      g_assert_true (ec_memory_network_step (pair.network));
    g_assert_cmpuint (ec_memory_network_get_now (pair.network), ==, established_us);
    run_on (&pair, link.latency_us + link.jitter_us);
    recorder_check (pair.server, uni, "early", TRUE);
    n_waited += recorder_stream (pair.server, uni)->fin_at_us == established_us;
    pair_clear (&pair);
  }
  g_assert_cmpuint (n_waited, >, 0);
  g_assert_cmpuint (n_waited, <, 20);
}

static void
test_cut (void)
{
  EcMemoryLink link = { .latency_us = LATENCY, .idle_timeout_us = 2 * G_USEC_PER_SEC };
  Pair pair;

  pair_init_established (&pair, 1, &link);
  recorder_write (pair.client, recorder_open (pair.client, TRUE), "x", TRUE);
  ec_memory_network_cut (pair.network, pair.server->transport);
  run_on (&pair, 2 * G_USEC_PER_SEC - 1);
  g_assert_false (pair.client->closed || pair.server->closed);
  run_on (&pair, 1);
  g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_IDLE);
  g_assert_cmpint (pair.server->cause, ==, EC_TRANSPORT_CLOSE_IDLE);
  g_assert_null (recorder_stream (pair.server, 2));
  pair_clear (&pair);

  pair_init (&pair, 1, &link);
  ec_memory_network_cut (pair.network, pair.client->transport);
  run_on (&pair, 20 * G_USEC_PER_SEC);
  g_assert_false (pair.client->established || pair.server->established);
  g_assert_cmpint (pair.client->cause, ==, EC_TRANSPORT_CLOSE_UNREACHABLE);
  pair_clear (&pair);

  link.cut_within_us = G_USEC_PER_SEC;
  pair_init (&pair, 1, &link);
  run_on (&pair, 20 * G_USEC_PER_SEC);
  g_assert_true (pair.client->closed && pair.server->closed);
  pair_clear (&pair);
}

static gpointer
wake_it (gpointer transport)
{
  for (guint i = 0; i < 100; i++)
    ec_transport_wake (transport);
  return NULL;
}

static void
test_timer_and_wake (void)
{
  EcMemoryLink link = { .latency_us = LATENCY };
  guint64 now;
  Pair pair;

  pair_init_established (&pair, 1, &link);
  now = ec_transport_now (pair.client->transport);
  g_assert_cmpuint (now, ==, ec_memory_network_get_now (pair.network));
  ec_transport_set_timer (pair.client->transport, now + 500);
  ec_transport_set_timer (pair.client->transport, now + 700);
  run_on (&pair, 699);
  g_assert_cmpuint (pair.client->n_timers, ==, 0);
  run_on (&pair, 1);
  g_assert_cmpuint (pair.client->n_timers, ==, 1);
  ec_transport_set_timer (pair.client->transport, now + 900);
  ec_transport_set_timer (pair.client->transport, G_MAXUINT64);
  ec_transport_set_timer (pair.server->transport, 0);
  run_on (&pair, G_USEC_PER_SEC);
  g_assert_cmpuint (pair.client->n_timers, ==, 1);
  g_assert_cmpuint (pair.server->n_timers, ==, 1);

  g_thread_join (g_thread_new ("waker", wake_it, pair.client->transport));
  g_assert_cmpuint (pair.client->n_woken, ==, 0);
  run_on (&pair, 0);
  g_assert_cmpuint (pair.client->n_woken, ==, 1);
  pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/memory/ids", test_ids);
  g_test_add_func ("/transport/memory/echo", test_echo);
  g_test_add_func ("/transport/memory/deterministic", test_deterministic);
  g_test_add_func ("/transport/memory/reorder", test_reorder);
  g_test_add_func ("/transport/memory/flow-control", test_flow_control);
  g_test_add_func ("/transport/memory/stream-limits", test_stream_limits);
  g_test_add_func ("/transport/memory/priorities", test_priorities);
  g_test_add_func ("/transport/memory/reset-and-stop", test_reset_and_stop);
  g_test_add_func ("/transport/memory/datagrams", test_datagrams);
  g_test_add_func ("/transport/memory/close", test_close);
  g_test_add_func ("/transport/memory/established-first", test_established_first);
  g_test_add_func ("/transport/memory/cut", test_cut);
  g_test_add_func ("/transport/memory/timer-and-wake", test_timer_and_wake);
  return g_test_run ();
}
