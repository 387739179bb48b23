/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-link.h"
#include "transport/ec-memory-transport.h"

/*
 * In which order objects arrive (§7.2), through two real sessions and a way that is much narrower than what is written: all of a
 * test's streams wait at once, so whatever comes first was chosen.
 */

#define MS G_GUINT64_CONSTANT (1000)
/* Several packets each, so that those who share would be seen to. */
#define SIZE 4000
#define MAX_TRACKS 3

typedef struct {
  const EcMoqtDraft *draft;
  EcMemoryNetwork *network;
  EcMoqLink *server, *client;
  EcMoqtRequest *asked[MAX_TRACKS],
      *asks[MAX_TRACKS]; /* the client's and the server's end of each */
  guint n_asked, n_asks;
  GString *log; /* what came whole, as TRACK.GROUP.SUBGROUP */
  guint n_closed;
} World;

typedef struct {
  guint track;
  guint64 group, subgroup;
  guint8 priority;
} Piece;

static void
on_ready (gpointer user_data)
{
}

static void
on_closed (gpointer user_data, gboolean remote, guint64 code, const char *reason)
{
  ((World *) user_data)->n_closed++;
}

/* -- The server */

static void
server_requested (gpointer user_data, EcMoqtRequest *request)
{
  World *self = user_data;
  EcMoqtGrant grant = { 0 };

  if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_FETCH)
    grant.end = (EcMoqtLocation){ 1, 0 };
  self->asks[self->n_asks++] = request;
  ec_moqt_request_grant (request, &grant);
}

static void
server_update_requested (gpointer user_data, EcMoqtRequest *request, const EcMoqtParams *changed)
{
  ec_moqt_request_grant_update (request, NULL);
}

static void
server_stream_sent (gpointer user_data, EcMoqtStream *stream)
{
}

static void
server_finished (gpointer user_data,
                 EcMoqtRequest *request,
                 EcMoqtDoneCode code,
                 const char *reason)
{
}

static const EcMoqLinkEvents server_events = {
  .session = { .ready = on_ready,
               .requested = server_requested,
               .update_requested = server_update_requested,
               .stream_sent = server_stream_sent,
               .finished = server_finished,
               .closed = on_closed },
};

/* -- The client */

static guint
find_track (World *self, EcMoqtRequest *request)
{
  for (guint i = 0; i < self->n_asked; i++)
    if (self->asked[i] == request)
      return i;
  g_assert_not_reached ();
}

static void
client_requested (gpointer user_data, EcMoqtRequest *request)
{
  g_string_append (((World *) user_data)->log, "request ");
}

static void
client_granted (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
}

static void
client_updated (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
}

static void
client_finished (gpointer user_data,
                 EcMoqtRequest *request,
                 EcMoqtDoneCode code,
                 const char *reason)
{
}

static void
client_stream_opened (gpointer user_data, EcMoqtStream *stream)
{
}

static void
client_object (gpointer user_data, EcMoqtStream *stream, const EcMoqtObject *object)
{
}

static void
client_payload (gpointer user_data, EcMoqtStream *stream, const guint8 *data, gsize size)
{
  ec_moqt_stream_consume (stream, size);
}

static void
client_object_ended (gpointer user_data, EcMoqtStream *stream)
{
  World *self = user_data;
  guint track = find_track (self, ec_moqt_stream_get_request (stream));

  if (ec_moqt_stream_is_fetch (stream))
    g_string_append_printf (self->log, "%c.fetch ", 'a' + track);
  else
    g_string_append_printf (self->log, "%c.%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT " ",
                            'a' + track, ec_moqt_stream_get_group (stream),
                            ec_moqt_stream_get_subgroup (stream));
}

static void
client_stream_ended (gpointer user_data, EcMoqtStream *stream, gboolean reset, EcMoqtResetCode code)
{
  g_assert_false (reset);
}

static void
client_datagram (gpointer user_data,
                 EcMoqtRequest *request,
                 const EcMoqtObject *object,
                 const guint8 *payload,
                 gsize size)
{
  World *self = user_data;

  g_string_append_printf (self->log, "%c.datagram%" G_GUINT64_FORMAT " ",
                          'a' + find_track (self, request), object->location.object);
}

static const EcMoqLinkEvents client_events = {
  .session = { .ready = on_ready,
               .requested = client_requested,
               .granted = client_granted,
               .updated = client_updated,
               .finished = client_finished,
               .stream_opened = client_stream_opened,
               .object = client_object,
               .payload = client_payload,
               .object_ended = client_object_ended,
               .stream_ended = client_stream_ended,
               .datagram = client_datagram,
               .closed = on_closed },
};

/* -- Both */

static void
run (World *self, guint64 for_us)
{
  ec_memory_network_run (self->network, ec_memory_network_get_now (self->network) + for_us);
}

static void
set_up (World *self, gconstpointer draft)
{
  EcMemoryLink way = { .latency_us = 5 * MS, .bandwidth = 100000 };
  EcMoqtConfig config = { .path = "/", .authority = "test" };
  EcTransport *client, *server;

  *self = (World){ .draft = draft };
  way.protocol = self->draft->alpn;
  self->log = g_string_new (NULL);
  self->network = ec_memory_network_new (1);
  ec_memory_network_pair (self->network, &way, &client, &server);
  self->server = ec_moq_link_new (server, draft, &config, &server_events, self);
  self->client = ec_moq_link_new (client, draft, &config, &client_events, self);
  run (self, 1000 * MS);
}

static void
tear_down (World *self)
{
  ec_transport_close (ec_moq_link_get_transport (self->client), 0, "");
  run (self, 1000 * MS);
  g_assert_cmpuint (self->n_closed, ==, 2);
  g_string_free (self->log, TRUE);
  ec_memory_network_free (self->network);
}

static void
expect (World *self, const char *log)
{
  run (self, 60000 * MS);
  g_assert_cmpstr (g_strstrip (self->log->str), ==, log);
}

/* The next track, which is then that of its number. */
static void
ask (World *self, gboolean fetch, guint8 priority, EcMoqtGroupOrder order)
{
  static const char *const names[MAX_TRACKS] = { "a", "b", "c" };
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("x", names[self->n_asked], NULL);
  EcMoqtSession *session = ec_moq_link_get_session (self->client);
  EcMoqtLocation start = { 0, 0 }, end = { 1, 0 };
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIBER_PRIORITY,
                          .subscriber_priority = priority };

  if (order != EC_MOQT_GROUP_ORDER_DEFAULT) {
    params.has |= EC_MOQT_PARAM_GROUP_ORDER;
    params.group_order = order;
  }
  self->asked[self->n_asked] = fetch ? ec_moqt_session_fetch (session, name, start, end, &params)
                                     : ec_moqt_session_subscribe (session, name, &params);
  g_assert_nonnull (self->asked[self->n_asked]);
  self->n_asked++;
  run (self, 1000 * MS);
  g_assert_cmpuint (self->n_asks, ==, self->n_asked);
}

/* One object. */
static void
write_object (EcMoqtStream *stream, const Piece *piece)
{
  g_autoptr (EcPayload) payload = ec_payload_new (SIZE, NULL);
  g_autofree guint8 *bytes = g_malloc0 (SIZE);
  EcMoqtObject object = { .location = { piece->group, 0 },
                          .subgroup = piece->subgroup,
                          .priority = piece->priority,
                          .size = SIZE };

  ec_payload_append (payload, bytes, SIZE);
  ec_moqt_stream_write_object (stream, &object, payload);
}

static EcMoqtStream *
begin (World *self, const Piece *piece)
{
  EcMoqtStream *stream = ec_moqt_request_open_subgroup (
      self->asks[piece->track], piece->group, piece->subgroup, piece->priority, FALSE, FALSE, TRUE);

  g_assert_nonnull (stream);
  write_object (stream, piece);
  return stream;
}

static void
put (World *self, const Piece *piece)
{
  ec_moqt_stream_finish (begin (self, piece));
}

static void
put_datagram (World *self, guint track, guint64 id, guint8 priority)
{
  g_autoptr (EcPayload) payload = ec_payload_new (1000, NULL);
  guint8 bytes[1000] = { 0 };
  EcMoqtObject object = { .location = { 0, id }, .priority = priority, .size = sizeof bytes };

  ec_payload_append (payload, bytes, sizeof bytes);
  g_assert_true (ec_moqt_request_send_datagram (self->asks[track], &object, payload));
}

/* -- Tests */

/* Of one request: the publisher's priority, the group, the subgroup; whatever was written first. */
static const Piece pieces[] = {
  { 0, 7, 3, 128 }, { 0, 5, 9, 128 },  { 0, 7, 0, 128 },  { 0, 5, 4, 128 }, { 0, 6, 1, 200 },
  { 0, 6, 0, 200 }, { 0, 7, 17, 100 }, { 0, 5, 17, 100 }, { 0, 7, 1, 128 }, { 0, 5, 0, 128 },
};

static void
test_ascending (gconstpointer draft)
{
  World self;

  set_up (&self, draft);
  ask (&self, FALSE, 50, EC_MOQT_GROUP_ORDER_ASCENDING);
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    put (&self, &pieces[i]);
  expect (&self, "a.5.17 a.7.17 a.5.0 a.5.4 a.5.9 a.7.0 a.7.1 a.7.3 a.6.0 a.6.1");
  tear_down (&self);
}

/* The groups the other way round, the subgroups of each not. */
static void
test_descending (gconstpointer draft)
{
  World self;

  set_up (&self, draft);
  ask (&self, FALSE, 50, EC_MOQT_GROUP_ORDER_DESCENDING);
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    put (&self, &pieces[i]);
  expect (&self, "a.7.17 a.5.17 a.7.0 a.7.1 a.7.3 a.5.0 a.5.4 a.5.9 a.6.0 a.6.1");
  tear_down (&self);
}

/* The largest numbers that any draft has (RFC 9000 §16) are in order, too. */
static void
test_large (gconstpointer draft)
{
  const guint64 max = (G_GUINT64_CONSTANT (1) << 62) - 1;

  for (guint descending = 0; descending < 2; descending++) {
    g_autofree char *large = g_strdup_printf (
        "a.%" G_GUINT64_FORMAT ".2 a.%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, max, max, max);
    g_autofree char *log = NULL;
    World self;

    set_up (&self, draft);
    ask (&self, FALSE, 50,
         descending ? EC_MOQT_GROUP_ORDER_DESCENDING : EC_MOQT_GROUP_ORDER_ASCENDING);
    put (&self, &(Piece){ 0, max, max, 128 });
    put (&self, &(Piece){ 0, 1, max, 128 });
    put (&self, &(Piece){ 0, max, 2, 128 });
    put (&self, &(Piece){ 0, 0, 5, 128 });
    log = descending ? g_strdup_printf ("%s a.1.%" G_GUINT64_FORMAT " a.0.5", large, max)
                     : g_strdup_printf ("a.0.5 a.1.%" G_GUINT64_FORMAT " %s", max, large);
    expect (&self, log);
    tear_down (&self);
  }
}

/* The subscriber's priority comes before the publisher's; and a request of ours before all objects. */
static void
test_subscribers (gconstpointer draft)
{
  g_autoptr (EcMoqtName) space = ec_moqt_name_new_from_path ("y", NULL, NULL);
  EcMoqtStream *fetch;
  World self;

  set_up (&self, draft);
  ask (&self, FALSE, 20, EC_MOQT_GROUP_ORDER_DEFAULT);
  ask (&self, FALSE, 10, EC_MOQT_GROUP_ORDER_DEFAULT);
  ask (&self, TRUE, 15, EC_MOQT_GROUP_ORDER_DEFAULT);
  put (&self, &(Piece){ 0, 0, 0, 30 });
  put (&self, &(Piece){ 0, 1, 0, 5 });
  put (&self, &(Piece){ 1, 8, 0, 250 });
  put (&self, &(Piece){ 1, 9, 0, 240 });
  fetch = ec_moqt_request_open_fetch (self.asks[2]);
  g_assert_nonnull (fetch);
  write_object (fetch, &(Piece){ 2, 0, 0, 7 });
  ec_moqt_stream_finish (fetch);
  g_assert_nonnull (
      ec_moqt_session_publish_namespace (ec_moq_link_get_session (self.server), space, NULL));
  expect (&self, "request b.9.0 b.8.0 c.fetch a.1.0 a.0.0");
  tear_down (&self);
}

/* An update of the subscriber's priority counts for what waits already of streams that are open. */
static void
test_update (gconstpointer draft)
{
  EcMoqtParams changed = { .has = EC_MOQT_PARAM_SUBSCRIBER_PRIORITY, .subscriber_priority = 5 };
  World self;

  set_up (&self, draft);
  ask (&self, FALSE, 10, EC_MOQT_GROUP_ORDER_DEFAULT);
  ask (&self, FALSE, 20, EC_MOQT_GROUP_ORDER_DEFAULT);
  for (guint i = 0; i < 4; i++) {
    begin (&self, &(Piece){ 0, i, 0, 128 });
    begin (&self, &(Piece){ 1, i, 0, 128 });
  }
  ec_moqt_request_update (self.asked[1], &changed);
  /* 5 ms later the first of the first is in the middle. */
  expect (&self, "b.0.0 b.1.0 b.2.0 b.3.0 a.0.0 a.1.0 a.2.0 a.3.0");
  tear_down (&self);
}

/* Of one level, subscriptions take turns: none waits for the end of the other. */
static void
test_turns (gconstpointer draft)
{
  World self;

  set_up (&self, draft);
  ask (&self, FALSE, 10, EC_MOQT_GROUP_ORDER_DEFAULT);
  ask (&self, FALSE, 10, EC_MOQT_GROUP_ORDER_DEFAULT);
  for (guint i = 0; i < 3; i++)
    put (&self, &(Piece){ 0, i, 0, 128 });
  for (guint i = 0; i < 3; i++)
    put (&self, &(Piece){ 1, 50 + i, 0, 128 });
  expect (&self, "a.0.0 b.50.0 a.1.0 b.51.0 a.2.0 b.52.0");
  tear_down (&self);
}

/* Datagrams wait for what is before them by priority, and nothing else. */
static void
test_datagrams (gconstpointer draft)
{
  World self;

  set_up (&self, draft);
  ask (&self, FALSE, 20, EC_MOQT_GROUP_ORDER_DEFAULT);
  ask (&self, FALSE, 10, EC_MOQT_GROUP_ORDER_DEFAULT);
  put (&self, &(Piece){ 0, 0, 0, 50 });
  put (&self, &(Piece){ 0, 1, 0, 60 });
  put (&self, &(Piece){ 1, 0, 0, 128 });
  put_datagram (&self, 0, 1, 60);
  put_datagram (&self, 0, 2, 60);
  put_datagram (&self, 0, 3, 55);
  put_datagram (&self, 1, 4, 200);
  put_datagram (&self, 1, 5, 100);
  expect (&self, "b.datagram5 b.0.0 b.datagram4 a.0.0 a.datagram3 a.datagram1 a.datagram2 a.1.0");
  tear_down (&self);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc func;
  } tests[] = {
    { "ascending", test_ascending },     { "descending", test_descending }, { "large", test_large },
    { "subscribers", test_subscribers }, { "update", test_update },         { "turns", test_turns },
    { "datagrams", test_datagrams },
  };

  g_test_init (&argc, &argv, NULL);
  for (const EcMoqtDraft *const *draft = ec_moqt_drafts (); *draft; draft++)
    for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree char *path =
          g_strdup_printf ("/session/order/%s/%s", (*draft)->alpn, tests[i].name);

      g_test_add_data_func (path, *draft, tests[i].func);
    }
  return g_test_run ();
}
