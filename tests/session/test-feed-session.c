/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-peer.h"
#include "session/ec-moq-link.h"
#include "transport/ec-memory-transport.h"

/* A feed, and who reads it by two real sessions and all that lies between them. */

#define N_GROUPS 12
#define N_OBJECTS 6
#define MS G_GUINT64_CONSTANT (1000)

typedef struct {
  EcMemoryNetwork *network;
  EcMoqFeed *feed;
  EcMoqFeedWriter *writer;
  gsize max_size;
  gsize size[N_GROUPS][N_OBJECTS];
  EcMoqLink *server, *client;
  GPtrArray *readers;                  /* of the server */
  EcMoqtRequest *subscription, *fetch; /* of the client */
  EcMoqtLocation at;                   /* the client's object in each stream is in its data */
  guint seen[N_GROUPS][N_OBJECTS];
  guint n_reset, n_too_far, n_fin;
  gboolean joined, finished, fetched, server_closed, client_closed;
  EcMoqtDoneCode done;
  EcMoqtResetCode too_far; /* as the draft says it */
} World;

typedef struct {
  EcMoqtLocation location;
  guint64 size, received;
  gboolean any;
} Incoming;

/* -- The server: what a relay does for each of its peers */

static void
on_ready (gpointer user_data)
{
}

static void
drop_reader (World *self, EcMoqFeedReader *reader)
{
  g_assert_true (g_ptr_array_remove (self->readers, reader));
}

static void
pump (World *self, EcMoqtRequest *request, EcMoqFeedReader *reader)
{
  if (!ec_moq_feed_reader_pump (reader))
    drop_reader (self, reader);
}

static void
server_pump_all (gpointer user_data)
{
  World *self = user_data;

  for (guint i = self->readers->len; i > 0; i--)
    pump (self, NULL, self->readers->pdata[i - 1]);
}

static void
server_requested (gpointer user_data, EcMoqtRequest *request)
{
  World *self = user_data;
  EcTransport *transport = ec_moq_link_get_transport (self->server);
  EcMoqFeedReader *reader;

  if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_FETCH)
    reader = ec_moq_feed_fetch (self->feed, request, transport, NULL, NULL);
  else
    reader = ec_moq_feed_read (self->feed, request, transport);
  g_assert_nonnull (reader);
  ec_moqt_request_set_data (request, reader);
  g_ptr_array_add (self->readers, reader);
}

static void
server_cancelled (gpointer user_data, EcMoqtRequest *request)
{
  EcMoqFeedReader *reader = ec_moqt_request_get_data (request);

  drop_reader (user_data, reader);
  ec_moq_feed_reader_remove (reader);
}

static void
server_stream_sent (gpointer user_data, EcMoqtStream *stream)
{
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);

  if (request)
    pump (user_data, request, ec_moqt_request_get_data (request));
}

static void
server_stream_stopped (gpointer user_data, EcMoqtStream *stream, EcMoqtResetCode code)
{
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);

  if (request)
    ec_moq_feed_reader_stream_stopped (ec_moqt_request_get_data (request), stream);
}

static void
server_closed (gpointer user_data, gboolean remote, guint64 code, const char *reason)
{
  World *self = user_data;

  self->server_closed = TRUE;
  while (self->readers->len > 0)
    ec_moq_feed_reader_remove (g_ptr_array_steal_index (self->readers, 0));
}

static const EcMoqLinkEvents server_events = {
  .session = { .ready = on_ready,
               .requested = server_requested,
               .cancelled = server_cancelled,
               .stream_sent = server_stream_sent,
               .stream_stopped = server_stream_stopped,
               .streams_available = server_pump_all,
               .closed = server_closed },
  .woken = server_pump_all,
};

/* -- The client */

static void
client_granted (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  World *self = user_data;

  if (request != self->subscription || self->fetch)
    return;
  /* Relative, 0: the rest of the group that is open (§5.1.3). */
  if (grant->params.has & EC_MOQT_PARAM_LARGEST_OBJECT)
    self->fetch = ec_moqt_session_joining_fetch (ec_moq_link_get_session (self->client),
                                                 self->subscription, TRUE, 0, NULL);
}

static void
client_refused (gpointer user_data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  g_error ("refused: %s", refusal->reason);
}

static void
client_finished (gpointer user_data,
                 EcMoqtRequest *request,
                 EcMoqtDoneCode code,
                 const char *reason)
{
  World *self = user_data;

  if (request == self->fetch) {
    self->fetched = TRUE;
    return;
  }
  self->finished = TRUE;
  self->done = code;
}

static void
client_stream_opened (gpointer user_data, EcMoqtStream *stream)
{
  ec_moqt_stream_set_data (stream, g_new0 (Incoming, 1));
}

static void
client_object (gpointer user_data, EcMoqtStream *stream, const EcMoqtObject *object)
{
  World *self = user_data;
  Incoming *incoming = ec_moqt_stream_get_data (stream);
  guint64 group = object->location.group, id = object->location.object;

  g_assert_cmpuint (group, <, N_GROUPS);
  g_assert_cmpuint (id, <, N_OBJECTS);
  g_assert_cmpuint (object->size, ==, self->size[group][id]);
  if (incoming->any)
    g_assert_cmpuint (id, ==, incoming->location.object + 1);
  incoming->any = TRUE;
  incoming->location = object->location;
  incoming->size = object->size;
  incoming->received = 0;
}

static void
client_payload (gpointer user_data, EcMoqtStream *stream, const guint8 *data, gsize size)
{
  Incoming *incoming = ec_moqt_stream_get_data (stream);

  for (gsize i = 0; i < size; i++)
    g_assert_cmpuint (data[i], ==,
                      feed_peer_byte (incoming->location.group, incoming->location.object,
                                      incoming->received + i));
  incoming->received += size;
  ec_moqt_stream_consume (stream, size);
}

static void
client_object_ended (gpointer user_data, EcMoqtStream *stream)
{
  World *self = user_data;
  Incoming *incoming = ec_moqt_stream_get_data (stream);

  g_assert_cmpuint (incoming->received, ==, incoming->size);
  self->seen[incoming->location.group][incoming->location.object]++;
}

static void
client_range (gpointer user_data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown)
{
  g_assert_not_reached ();
}

static void
client_stream_ended (gpointer user_data, EcMoqtStream *stream, gboolean reset, EcMoqtResetCode code)
{
  World *self = user_data;

  g_free (ec_moqt_stream_get_data (stream));
  self->n_fin += !reset;
  self->n_reset += reset;
  self->n_too_far += reset && code == self->too_far;
}

static void
client_closed (gpointer user_data, gboolean remote, guint64 code, const char *reason)
{
  ((World *) user_data)->client_closed = TRUE;
}

static const EcMoqLinkEvents client_events = {
  .session = { .ready = on_ready,
               .granted = client_granted,
               .refused = client_refused,
               .finished = client_finished,
               .stream_opened = client_stream_opened,
               .object = client_object,
               .payload = client_payload,
               .object_ended = client_object_ended,
               .range = client_range,
               .stream_ended = client_stream_ended,
               .closed = client_closed },
};

/* -- Both */

static void
set_up (
    World *self, const EcMoqtDraft *draft, const EcMemoryLink *link, guint32 seed, gsize max_size)
{
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("ec/v1/test", "chunks", NULL);
  EcMoqtConfig config = { .path = "/", .authority = "test" };
  EcTransport *client, *server;

  *self = (World){ .max_size = max_size };
  self->too_far = draft->reset_code_read (draft->reset_code (EC_MOQT_RESET_TOO_FAR_BEHIND));
  self->network = ec_memory_network_new (seed);
  self->feed = ec_moq_feed_new (name, NULL, NULL);
  self->writer = ec_moq_feed_add_writer (self->feed);
  self->readers = g_ptr_array_new ();
  for (guint g = 0; g < N_GROUPS; g++)
    for (guint i = 0; i < N_OBJECTS; i++)
      self->size[g][i] = ec_memory_network_random (self->network, (guint32) max_size);
  ec_memory_network_pair (self->network, link, &client, &server);
  self->server = ec_moq_link_new (server, draft, &config, &server_events, self);
  self->client = ec_moq_link_new (client, draft, &config, &client_events, self);
}

static void
run (World *self, guint64 for_us)
{
  ec_memory_network_run (self->network, ec_memory_network_get_now (self->network) + for_us);
}

static void
subscribe (World *self)
{
  g_autoptr (EcMoqtName) name = ec_moq_feed_get_name (self->feed);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .filter.kind = EC_MOQT_FILTER_LARGEST_OBJECT };

  ec_moqt_name_ref (name);
  self->subscription =
      ec_moqt_session_subscribe (ec_moq_link_get_session (self->client), name, &params);
  g_assert_nonnull (self->subscription);
}

/* An object in two pieces, with time between them and behind. */
static void
put (World *self, guint64 group, guint64 object, guint64 gap_us)
{
  gsize size = self->size[group][object], half = size / 2;
  g_autofree guint8 *data = feed_peer_bytes (group, object, size);
  guint64 now_us = ec_memory_network_get_now (self->network);
  EcMoqtObject head = { .location = { group, object }, .priority = 128, .size = size };

  if (object == 0)
    g_assert_cmpint (
        ec_moq_feed_writer_begin (self->writer, now_us, group, 0, 128, FALSE, TRUE, TRUE), ==,
        EC_MOQ_FEED_PUT_OK);
  g_assert_cmpint (ec_moq_feed_writer_object (self->writer, now_us, &head), ==, EC_MOQ_FEED_PUT_OK);
  for (guint i = 0; i < 2; i++) {
    ec_moq_feed_writer_put (self->writer, 0, group, 0, data + (i ? half : 0),
                            i ? size - half : half);
    ec_moq_feed_flush (self->feed);
    run (self, gap_us / 2);
  }
  if (object + 1 == N_OBJECTS)
    g_assert_cmpint (ec_moq_feed_writer_finish (self->writer, now_us, group, 0), ==,
                     EC_MOQ_FEED_PUT_OK);
}

static void
tear_down (World *self)
{
  ec_transport_close (ec_moq_link_get_transport (self->client), 0, "");
  run (self, 60000 * MS);
  g_assert_true (self->client_closed && self->server_closed);
  g_assert_cmpuint (self->readers->len, ==, 0);
  g_ptr_array_unref (self->readers);
  ec_moq_feed_writer_remove (self->writer, 0);
  ec_moq_feed_unref (self->feed);
  ec_memory_network_free (self->network);
}

/* Joins in the middle of an object of group 2, by a subscription and a fetch. */
static void
run_live (const EcMoqtDraft *draft, guint32 seed)
{
  EcMemoryLink link = { .latency_us = 5 * MS,
                        .max_piece = seed % 2 ? 700 : 0,
                        .max_uni_streams = seed % 5 == 0 ? 2 : 0,
                        .protocol = draft->alpn };
  World self;

  set_up (&self, draft, &link, seed, 20000);
  run (&self, 100 * MS);
  for (guint64 g = 0; g < N_GROUPS; g++)
    for (guint64 i = 0; i < N_OBJECTS; i++) {
      if (g == 2 && i == 3)
        subscribe (&self);
      put (&self, g, i, 30 * MS);
    }
  ec_moq_feed_end (self.feed, EC_MOQT_DONE_TRACK_ENDED, "over");
  run (&self, 30000 * MS);
  g_assert_true (self.fetched);
  g_assert_true (self.finished);
  g_assert_cmpint (self.done, ==, EC_MOQT_DONE_TRACK_ENDED);
  g_assert_cmpuint (self.n_reset, ==, 0);
  for (guint g = 0; g < N_GROUPS; g++)
    for (guint i = 0; i < N_OBJECTS; i++)
      g_assert_cmpuint (self.seen[g][i], ==, g >= 2);
  tear_down (&self);
}

static void
test_live (gconstpointer draft)
{
  for (guint32 seed = 0; seed < 30; seed++)
    run_live (draft, seed);
}

/* The way carries a fifth of what is written. */
static void
test_slow (gconstpointer data)
{
  const EcMoqtDraft *draft = data;
  EcMemoryLink link = { .latency_us = 5 * MS, .bandwidth = 200000, .protocol = draft->alpn };
  EcMoqFeedStats stats;
  guint whole = 0, parts = 0;
  World self;

  set_up (&self, draft, &link, 7, 100000);
  run (&self, 100 * MS);
  subscribe (&self);
  run (&self, 100 * MS);
  for (guint64 g = 0; g < N_GROUPS; g++)
    for (guint64 i = 0; i < N_OBJECTS; i++)
      put (&self, g, i, 50 * MS);
  ec_moq_feed_end (self.feed, EC_MOQT_DONE_TRACK_ENDED, "over");
  run (&self, 60000 * MS);
  ec_moq_feed_get_stats (self.feed, &stats);
  g_assert_true (self.finished);
  g_assert_cmpuint (stats.n_skipped_groups, >, 0);
  g_assert_cmpuint (self.n_too_far, >, 0);
  for (guint g = 0; g < N_GROUPS; g++) {
    guint n = 0;

    for (guint i = 0; i < N_OBJECTS; i++) {
      g_assert_cmpuint (self.seen[g][i], <=, 1);
      n += self.seen[g][i];
    }
    whole += n == N_OBJECTS;
    parts += n < N_OBJECTS;
  }
  g_assert_cmpuint (whole, >=, 2);
  g_assert_cmpuint (parts, <=, stats.n_skipped_groups);
  for (guint i = 0; i < N_OBJECTS; i++)
    g_assert_cmpuint (self.seen[N_GROUPS - 1][i], ==, 1);
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const EcMoqtDraft *const *draft = ec_moqt_drafts (); *draft; draft++) {
    g_autofree char *live = g_strdup_printf ("/feed/session/%s/live", (*draft)->alpn);
    g_autofree char *slow = g_strdup_printf ("/feed/session/%s/slow", (*draft)->alpn);

    g_test_add_data_func (live, *draft, test_live);
    g_test_add_data_func (slow, *draft, test_slow);
  }
  return g_test_run ();
}
