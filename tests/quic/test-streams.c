/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "quic-peer.h"

typedef struct {
  Peer *server;
  Peer *client;
  PeerConnection *ours;
  PeerConnection *theirs;
} Pair;

static void
pair_open (Pair *pair, const PeerServer *server, const EcQuicTuning *client)
{
  g_autoptr (EcQuicVerify) verify = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;
  EcQuicDial dial = { 0 };

  if (pair->server == NULL)
    pair->server = peer_new ();
  if (pair->client == NULL)
    pair->client = peer_new ();
  peer_listen (pair->server, server);
  verify = peer_verify (pair->server);
  address = peer_address (pair->server, 0);
  dial.verify = verify;
  if (client)
    dial.tuning = *client;
  peer_dial (pair->client, address, &dial);
  pair->ours = peer_wait (pair->client, 0);
  g_assert_true (pair->ours->established);
  pair->theirs = peer_wait (pair->server, 0);
}

static void
pair_close (Pair *pair)
{
  peer_free (pair->client);
  peer_free (pair->server);
}

/* -- Much, both ways */

#define MUCH (24 * 1024 * 1024)
#define PIECE 65536

static void
job_write_much (PeerConnection *connection, gpointer user_data)
{
  EcStreamId *id = user_data;

  *id = ec_transport_open_stream (connection->transport, TRUE);
  for (guint64 at = 0; at < MUCH; at += PIECE) {
    EcPayload *payload = peer_payload (at, PIECE);

    ec_transport_write (connection->transport, *id, NULL, 0, payload, 0, PIECE, at + PIECE == MUCH);
    ec_payload_unref (payload);
  }
}

static void
test_much (void)
{
  Pair pair = { 0 };
  EcStreamId there;
  EcStreamId back;

  pair.server = peer_new ();
  pair.client = peer_new ();
  pair.server->forget = pair.client->forget = TRUE;
  pair_open (&pair, NULL, NULL);
  g_assert_true (peer_do (pair.ours, job_write_much, &there));
  g_assert_true (peer_do (pair.theirs, job_write_much, &back));
  peer_wait_until (pair.server, peer_stream (pair.theirs, there)->closed);
  peer_wait_until (pair.client, peer_stream (pair.ours, back)->closed);
  g_assert_cmpuint (peer_stream (pair.theirs, there)->size, ==, MUCH);
  g_assert_cmpuint (peer_stream (pair.ours, back)->size, ==, MUCH);
  g_assert_cmpuint (pair.server->wrong + pair.client->wrong, ==, 0);
  pair_close (&pair);
}

/* -- Small pieces keep their order */

static void
job_write_pieces (PeerConnection *connection, gpointer user_data)
{
  EcStreamId *id = user_data;
  EcPayload *payload = peer_payload (0, 1000);

  *id = ec_transport_open_stream (connection->transport, FALSE);
  for (guint at = 0; at < 1000; at += 10) {
    guint8 head[7];

    for (guint i = 0; i < sizeof head; i++)
      head[i] = peer_pattern (at + i);
    ec_transport_write (connection->transport, *id, head, sizeof head, payload, at + 7, 3, FALSE);
  }
  ec_transport_write (connection->transport, *id, NULL, 0, NULL, 0, 0, TRUE);
  ec_payload_unref (payload);
}

static void
test_pieces (void)
{
  Pair pair = { 0 };
  EcStreamId id;

  pair.server = peer_new ();
  pair.server->forget = TRUE;
  pair_open (&pair, NULL, NULL);
  g_assert_true (peer_do (pair.ours, job_write_pieces, &id));
  peer_wait_until (pair.server, peer_stream (pair.theirs, id)->fin);
  g_assert_cmpuint (peer_stream (pair.theirs, id)->size, ==, 1000);
  g_assert_cmpuint (pair.server->wrong, ==, 0);
  pair_close (&pair);
}

/* -- Datagrams */

static void
job_datagram (PeerConnection *connection, gpointer user_data)
{
  EcPayload *payload = peer_payload (0, 500);
  gsize *max = user_data;
  g_autofree guint8 *large = NULL;

  *max = ec_transport_get_max_datagram (connection->transport);
  large = g_malloc0 (*max + 1);
  ec_transport_send_datagram (connection->transport, 0, large, *max + 1, NULL); /* dropped */
  ec_transport_send_datagram (connection->transport, 0, (const guint8 *) "head", 4, payload);
  ec_transport_send_datagram (connection->transport, 0, large, *max, NULL);
  ec_payload_unref (payload);
}

static void
test_datagrams (void)
{
  Pair pair = { 0 };
  gsize max = 0;
  GBytes *first;

  pair.server = peer_new ();
  pair.server->echo = TRUE;
  pair_open (&pair, NULL, NULL);
  g_assert_true (peer_do (pair.ours, job_datagram, &max));
  g_assert_cmpuint (max, >, 1000);
  peer_wait_until (pair.client, pair.ours->datagrams->len == 2);
  g_assert_cmpuint (pair.theirs->datagrams->len, ==, 2);
  first = g_ptr_array_index (pair.ours->datagrams, 0);
  g_assert_cmpuint (g_bytes_get_size (first), ==, 504);
  g_assert_cmpmem (g_bytes_get_data (first, NULL), 4, "head", 4);
  g_assert_cmpuint (((const guint8 *) g_bytes_get_data (first, NULL))[4 + 499], ==,
                    peer_pattern (499));
  g_assert_cmpuint (g_bytes_get_size (g_ptr_array_index (pair.ours->datagrams, 1)), ==, max);
  pair_close (&pair);
}

/* -- Priorities: what is written last, with the lowest number, comes first */

typedef struct {
  EcStreamId late, early, first, second;
} Order;

static void
write_with (PeerConnection *connection, EcStreamId id, guint32 level, guint64 order)
{
  EcTransportPriority priority = { .level = level, .order = order };
  EcPayload *payload = peer_payload (0, 200000);

  ec_transport_set_priority (connection->transport, id, &priority);
  ec_transport_write (connection->transport, id, NULL, 0, payload, 0, 200000, TRUE);
  ec_payload_unref (payload);
}

static void
job_write_order (PeerConnection *connection, gpointer user_data)
{
  Order *order = user_data;

  order->late = ec_transport_open_stream (connection->transport, TRUE);
  order->second = ec_transport_open_stream (connection->transport, TRUE);
  order->first = ec_transport_open_stream (connection->transport, TRUE);
  order->early = ec_transport_open_stream (connection->transport, TRUE);
  write_with (connection, order->late, 9, 0);
  write_with (connection, order->second, 5, 2);
  write_with (connection, order->first, 5, 1);
  write_with (connection, order->early, 1, 7);
}

static void
test_priorities (void)
{
  Pair pair = { 0 };
  Order order;
  PeerServer server = { .tuning = { .connection_window = 60000 } };
  EcStreamId *ended;

  pair_open (&pair, &server, NULL);
  g_assert_true (peer_do (pair.ours, job_write_order, &order));
  peer_wait_until (pair.server, pair.theirs->order->len == 4);
  ended = (EcStreamId *) (gpointer) pair.theirs->order->data;
  g_assert_cmpint (ended[0], ==, order.early);
  g_assert_cmpint (ended[1], ==, order.first);
  g_assert_cmpint (ended[2], ==, order.second);
  g_assert_cmpint (ended[3], ==, order.late);
  pair_close (&pair);
}

static void
job_write_levels (PeerConnection *connection, gpointer user_data)
{
  EcStreamId id = ec_transport_open_stream (connection->transport, TRUE);

  ec_transport_send_datagram (connection->transport, 6, (const guint8 *) "last", 4, NULL);
  write_with (connection, id, 5, 0);
  ec_transport_send_datagram (connection->transport, 5, (const guint8 *) "equal", 5, NULL);
  ec_transport_send_datagram (connection->transport, 4, (const guint8 *) "first", 5, NULL);
}

static const char *
datagram_text (PeerConnection *connection, guint i)
{
  GBytes *bytes = g_ptr_array_index (connection->datagrams, i);

  return g_bytes_get_size (bytes) > 0 ? g_bytes_get_data (bytes, NULL) : "";
}

/* Datagrams wait for streams of a lower level. */
static void
test_datagram_levels (void)
{
  Pair pair = { 0 };
  const guint64 *at;

  pair_open (&pair, NULL, NULL);
  g_assert_true (peer_do (pair.ours, job_write_levels, NULL));
  peer_wait_until (pair.server, pair.theirs->datagrams->len == 3);
  g_assert_cmpint (datagram_text (pair.theirs, 0)[0], ==, 'f');
  g_assert_cmpint (datagram_text (pair.theirs, 1)[0], ==, 'e');
  g_assert_cmpint (datagram_text (pair.theirs, 2)[0], ==, 'l');
  at = (const guint64 *) (gpointer) pair.theirs->datagram_at->data;
  g_assert_cmpuint (at[0], ==, 0);
  g_assert_cmpuint (at[1], ==, 0);
  /* All of it, but for what is sent again. */
  g_assert_cmpuint (at[2], >, 100000);
  pair_close (&pair);
}

/* -- Flow control */

typedef struct {
  EcStreamId id;
  gsize unsent;
} Unsent;

static void
job_unsent (PeerConnection *connection, gpointer user_data)
{
  Unsent *unsent = user_data;

  unsent->unsent = ec_transport_get_unsent (connection->transport, unsent->id);
}

static void
job_consume_all (PeerConnection *connection, gpointer user_data)
{
  Peer *peer = connection->peer;
  PeerStream *stream;
  EcStreamId *id = user_data;
  guint64 size;

  g_mutex_lock (&peer->mutex);
  peer->hold = FALSE;
  stream = peer_stream (connection, *id);
  size = stream->size;
  g_mutex_unlock (&peer->mutex);
  ec_transport_consume (connection->transport, *id, size);
}

static void
test_flow_control (void)
{
  Pair pair = { 0 };
  PeerServer server = { .tuning = { .stream_window = 100000 } };
  EcPayload *payload = peer_payload (0, 1000000);
  PeerWrite write = { .id = EC_STREAM_NONE, .uni = TRUE, .payload = payload, .fin = TRUE };
  PeerWrite other = { .id = EC_STREAM_NONE, .uni = TRUE, .text = "past it", .fin = TRUE };
  Unsent unsent;

  pair.server = peer_new ();
  pair.server->hold = TRUE;
  pair.server->forget = TRUE;
  pair_open (&pair, &server, NULL);
  g_assert_true (peer_do (pair.ours, peer_job_write, &write));
  peer_wait_until (pair.server, peer_stream (pair.theirs, write.id)->size == 100000);

  /* Another stream is not held up by the one that is blocked; and nothing more comes of that. */
  g_assert_true (peer_do (pair.ours, peer_job_write, &other));
  peer_wait_until (pair.server, peer_stream (pair.theirs, other.id)->fin);
  unsent.id = write.id;
  g_assert_true (peer_do (pair.ours, job_unsent, &unsent));
  g_assert_cmpuint (unsent.unsent, ==, 900000);
  g_assert_cmpuint (peer_stream (pair.theirs, write.id)->size, ==, 100000);
  g_assert_false (peer_stream (pair.ours, write.id)->sent);
  /* All that came is still the owner's: the end is not told. */
  g_assert_false (peer_stream (pair.theirs, other.id)->closed);

  g_assert_true (peer_do (pair.theirs, job_consume_all, &write.id));
  peer_wait_until (pair.server, peer_stream (pair.theirs, write.id)->closed);
  g_assert_cmpuint (peer_stream (pair.theirs, write.id)->size, ==, 1000000);
  peer_wait_until (pair.client, peer_stream (pair.ours, write.id)->sent);
  g_assert_true (peer_do (pair.theirs, job_consume_all, &other.id));
  peer_wait_until (pair.server, peer_stream (pair.theirs, other.id)->closed);
  ec_payload_unref (payload);
  pair_close (&pair);
}

static void
job_hold (PeerConnection *connection, gpointer user_data)
{
  g_mutex_lock (&connection->peer->mutex);
  connection->peer->hold = TRUE;
  g_mutex_unlock (&connection->peer->mutex);
}

/* A window that is small at first and grows by what is consumed, as far as the pool of all connections goes. */
static void
test_growing_window (void)
{
  Pair pair = { 0 };
  PeerServer server = { .tuning = { .first_window = 50000, .connection_window = 1000000 },
                        .config = { .memory_pool = 120000 } };
  EcPayload *payload = peer_payload (0, 400000);
  PeerWrite writes[2];

  pair.server = peer_new ();
  pair.server->hold = TRUE;
  pair.server->forget = TRUE;
  pair_open (&pair, &server, NULL);
  for (guint i = 0; i < 2; i++) {
    guint64 least = i == 0 ? 50000 : 100000, most = i == 0 ? 50000 : 170000;
    EcStreamId id;

    writes[i] = (PeerWrite){ .id = EC_STREAM_NONE, .uni = TRUE, .payload = payload, .fin = TRUE };
    g_assert_true (peer_do (pair.ours, peer_job_write, &writes[i]));
    id = writes[i].id;
    peer_wait_until (pair.server, peer_stream (pair.theirs, id)->size >= least);
    g_assert_true (peer_do (pair.theirs, job_hold, NULL));
    g_assert_cmpuint (peer_stream (pair.theirs, id)->size, <=, most);
    g_assert_true (peer_do (pair.theirs, job_consume_all, &id));
    peer_wait_until (pair.server, peer_stream (pair.theirs, id)->closed);
    g_assert_cmpuint (peer_stream (pair.theirs, id)->size, ==, 400000);
    g_assert_true (peer_do (pair.theirs, job_hold, NULL));
  }
  ec_payload_unref (payload);
  pair_close (&pair);
}

/* -- The number of streams */

typedef struct {
  EcStreamId ids[8];
  guint n;
} Opened;

static void
job_open_all (PeerConnection *connection, gpointer user_data)
{
  Opened *opened = user_data;

  for (opened->n = 0; opened->n < G_N_ELEMENTS (opened->ids); opened->n++) {
    EcStreamId id = ec_transport_open_stream (connection->transport, TRUE);

    if (id == EC_STREAM_NONE)
      return;
    opened->ids[opened->n] = id;
  }
}

static void
job_end_first (PeerConnection *connection, gpointer user_data)
{
  Opened *opened = user_data;

  ec_transport_write (connection->transport, opened->ids[0], (const guint8 *) "x", 1, NULL, 0, 0,
                      TRUE);
}

static void
test_stream_limit (void)
{
  Pair pair = { 0 };
  PeerServer server = { .tuning = { .max_uni_streams = 3 } };
  Opened opened;

  pair_open (&pair, &server, NULL);
  g_assert_true (peer_do (pair.ours, job_open_all, &opened));
  g_assert_cmpuint (opened.n, ==, 3);
  g_assert_true (peer_do (pair.ours, job_end_first, &opened));
  peer_wait_until (pair.client, pair.ours->available > 0);
  g_assert_true (peer_do (pair.ours, job_open_all, &opened));
  g_assert_cmpuint (opened.n, ==, 1);
  pair_close (&pair);
}

/* -- Many streams, one after the other: each makes room for another */

#define CHURN 20000

typedef struct {
  guint opened;
} Churn;

static void
job_churn (PeerConnection *connection, gpointer user_data)
{
  Churn *churn = user_data;

  while (churn->opened < CHURN) {
    EcStreamId id = ec_transport_open_stream (connection->transport, TRUE);

    if (id == EC_STREAM_NONE)
      return;
    ec_transport_write (connection->transport, id, (const guint8 *) "x", 1, NULL, 0, 0, TRUE);
    churn->opened++;
  }
}

static gsize
resident (void)
{
  g_autofree char *text = NULL;
  gsize size = 0;

  if (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    size = (gsize) g_ascii_strtoull (strchr (text, ' ') + 1, NULL, 10) * 4096;
  return size;
}

static void
test_churn (void)
{
  Pair pair = { 0 };
  Churn churn = { 0 };
  gsize before;
  guint seen = 0;

  pair_open (&pair, NULL, NULL);
  before = resident ();
  while (churn.opened < CHURN) {
    g_assert_true (peer_do (pair.ours, job_churn, &churn));
    if (churn.opened < CHURN) {
      peer_wait_until (pair.client, pair.ours->available > seen);
      seen = pair.ours->available;
    }
  }
  peer_wait_until (pair.server, pair.theirs->order->len == CHURN);
  g_test_message ("%.0f bytes a stream stay, those of the test included",
                  (double) (resident () - before) / CHURN);
  pair_close (&pair);
}

/* -- Reset and stop */

static void
job_reset (PeerConnection *connection, gpointer user_data)
{
  ec_transport_reset (connection->transport, *(EcStreamId *) user_data, 77);
  g_assert_cmpuint (ec_transport_get_unsent (connection->transport, *(EcStreamId *) user_data), ==,
                    0);
}

static void
job_stop (PeerConnection *connection, gpointer user_data)
{
  ec_transport_stop (connection->transport, *(EcStreamId *) user_data, 88);
}

static void
test_reset (void)
{
  Pair pair = { 0 };
  PeerServer server = { .tuning = { .stream_window = 50000 } };
  EcBudget *budget = ec_budget_new (10000000);
  EcPayload *payload = ec_payload_new (1000000, budget);
  PeerWrite write = { .id = EC_STREAM_NONE, .uni = TRUE, .payload = payload };
  g_autofree guint8 *zeros = g_malloc0 (1000000);

  pair.server = peer_new ();
  pair.server->hold = TRUE;
  pair_open (&pair, &server, NULL);
  ec_payload_append (payload, zeros, 1000000);
  g_assert_true (peer_do (pair.ours, peer_job_write, &write));
  ec_payload_unref (payload);
  peer_wait_until (pair.server, peer_stream (pair.theirs, write.id)->size == 50000);
  g_assert_cmpuint (ec_budget_get_used (budget), ==, 1000000);
  g_assert_true (peer_do (pair.ours, job_reset, &write.id));
  peer_wait_until (pair.server, peer_stream (pair.theirs, write.id)->was_reset);
  g_assert_cmpuint (peer_stream (pair.theirs, write.id)->reset_code, ==, 77);
  peer_wait_until (pair.server, peer_stream (pair.theirs, write.id)->closed);
  peer_wait_until (pair.client, peer_stream (pair.ours, write.id)->closed);
  g_assert_cmpuint (ec_budget_get_used (budget), ==, 0);
  ec_budget_unref (budget);
  pair_close (&pair);
}

static void
test_stop (void)
{
  Pair pair = { 0 };
  PeerWrite write = { .id = EC_STREAM_NONE, .text = "some" };
  PeerWrite uni = { .id = EC_STREAM_NONE, .uni = TRUE, .text = "some" };
  PeerWrite back = { .text = "and back" };

  pair_open (&pair, NULL, NULL);
  /* Of a stream that has nothing to send, and whose other direction goes on. */
  g_assert_true (peer_do (pair.ours, peer_job_write, &write));
  peer_wait_until (pair.server, peer_stream (pair.theirs, write.id)->size == 4);
  g_assert_true (peer_do (pair.theirs, job_stop, &write.id));
  peer_wait_until (pair.client, peer_stream (pair.ours, write.id)->was_stopped);
  g_assert_cmpuint (peer_stream (pair.ours, write.id)->stop_code, ==, 88);
  back.id = write.id;
  g_assert_true (peer_do (pair.theirs, peer_job_write, &back));
  peer_wait_until (pair.client, peer_stream (pair.ours, write.id)->size == 8);
  g_assert_false (peer_stream (pair.ours, write.id)->closed);

  g_assert_true (peer_do (pair.ours, peer_job_write, &uni));
  peer_wait_until (pair.server, peer_stream (pair.theirs, uni.id)->size == 4);
  g_assert_true (peer_do (pair.theirs, job_stop, &uni.id));
  peer_wait_until (pair.client, peer_stream (pair.ours, uni.id)->was_stopped);
  peer_wait_until (pair.client, peer_stream (pair.ours, uni.id)->closed);
  peer_wait_until (pair.server, peer_stream (pair.theirs, uni.id)->closed);
  pair_close (&pair);
}

/* -- The timer */

static void
job_timer (PeerConnection *connection, gpointer user_data)
{
  EcTransport *transport = connection->transport;

  ec_transport_set_timer (transport, ec_transport_now (transport) + 60 * G_USEC_PER_SEC);
  ec_transport_set_timer (transport, ec_transport_now (transport) + 20000);
}

static void
test_timer (void)
{
  Pair pair = { 0 };
  gint64 start = g_get_monotonic_time ();

  pair_open (&pair, NULL, NULL);
  g_assert_true (peer_do (pair.ours, job_timer, NULL));
  peer_wait_until (pair.client, pair.ours->timer);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 20000);
  pair_close (&pair);
}

static void
test_bbr (void)
{
  Pair pair = { 0 };
  EcStreamId there;
  EcQuicTuning tuning = { .bbr = TRUE };

  pair.server = peer_new ();
  pair.server->forget = TRUE;
  pair_open (&pair, NULL, &tuning);
  g_assert_true (peer_do (pair.ours, job_write_much, &there));
  peer_wait_until (pair.server, peer_stream (pair.theirs, there)->closed);
  g_assert_cmpuint (peer_stream (pair.theirs, there)->size, ==, MUCH);
  g_assert_cmpuint (pair.server->wrong, ==, 0);
  pair_close (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quic/streams/much", test_much);
  g_test_add_func ("/quic/streams/pieces", test_pieces);
  g_test_add_func ("/quic/streams/datagrams", test_datagrams);
  g_test_add_func ("/quic/streams/priorities", test_priorities);
  g_test_add_func ("/quic/streams/datagram-levels", test_datagram_levels);
  g_test_add_func ("/quic/streams/flow-control", test_flow_control);
  g_test_add_func ("/quic/streams/growing-window", test_growing_window);
  g_test_add_func ("/quic/streams/limit", test_stream_limit);
  g_test_add_func ("/quic/streams/churn", test_churn);
  g_test_add_func ("/quic/streams/reset", test_reset);
  g_test_add_func ("/quic/streams/stop", test_stop);
  g_test_add_func ("/quic/streams/timer", test_timer);
  g_test_add_func ("/quic/streams/bbr", test_bbr);
  return g_test_run ();
}
