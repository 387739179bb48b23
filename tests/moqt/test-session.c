/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-pipe.h"
#include "session-user.h"

#include <string.h>

/* Each kind of request between two sessions, in every draft. */

#define SECOND ((guint64) G_USEC_PER_SEC)

typedef struct {
  Pipe *pipe;
  User users[2]; /* client, server */
} Pair;

/* EC_TEST_RECORD: a folder for what each end was told, which the fuzzer begins with. What a client asks is put in front. */
static void
start_record (Pair *self, const EcMoqtDraft *draft)
{
  gboolean fetches = strstr (g_test_get_path (), "fetch") != NULL;
  gboolean all = strstr (g_test_get_path (), "refuse") != NULL;
  guint8 flags = draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS ? 1 : 0;

  if (!g_getenv ("EC_TEST_RECORD"))
    return;
  for (guint i = 0; i < 2; i++) {
    guint8 head = (guint8) (flags | (i == 1 ? 2 : 0));

    self->pipe->ends[i].record = g_byte_array_new ();
    g_byte_array_append (self->pipe->ends[i].record, &head, 1);
    for (guint kind = 0; i == 0 && kind < (all ? 7 : 1); kind++) {
      guint8 step[2] = { (guint8) (7 | (fetches ? 2 : kind) << 3), 0 };

      g_byte_array_append (self->pipe->ends[i].record, step, sizeof step);
    }
  }
}

static void
save_record (Pair *self)
{
  for (guint i = 0; i < 2; i++) {
    GByteArray *bytes = self->pipe->ends[i].record;
    g_autofree char *name = g_strdelimit (g_strdup (g_test_get_path () + 1), "/", '-');
    g_autofree char *path = NULL;

    if (!bytes || bytes->len > 8000)
      continue;
    path = g_strdup_printf ("%s/%s-%u", g_getenv ("EC_TEST_RECORD"), name, i);
    g_assert_true (g_file_set_contents (path, (char *) bytes->data, bytes->len, NULL));
  }
}

static void
pair_begin (Pair *self, gconstpointer draft, const EcMoqtLimits *limits)
{
  EcMoqtConfig config = { .path = "/live", .authority = "example.com", .implementation = "test" };
  EcMoqtConfig server = { .implementation = "test" };

  if (limits)
    config.limits = server.limits = *limits;
  for (guint i = 0; i < 2; i++)
    user_init (&self->users[i]);
  self->pipe = pipe_new (draft, &config, &server, &user_events, &self->users[0], &self->users[1],
                         g_test_rand_int ());
  for (guint i = 0; i < 2; i++)
    self->users[i].session = self->pipe->ends[i].session;
  start_record (self, draft);
}

static void
pair_init (Pair *self, gconstpointer draft, const EcMoqtLimits *limits)
{
  pair_begin (self, draft, limits);
  ec_moqt_session_start (self->users[0].session, self->pipe->now_us);
  ec_moqt_session_start (self->users[1].session, self->pipe->now_us);
  pipe_settle (self->pipe);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpstr (user_take_log (&self->users[i]), ==, "ready");
}

static void
pair_clear (Pair *self)
{
  save_record (self);
  pipe_free (self->pipe);
  for (guint i = 0; i < 2; i++)
    user_clear (&self->users[i]);
}

/* Nothing is left over, on either side. */
static void
pair_end (Pair *self, guint control_streams)
{
  pipe_wait (self->pipe, 30 * SECOND);
  for (guint i = 0; i < 2; i++) {
    g_assert_false (self->users[i].closed);
    g_assert_cmpuint (g_hash_table_size (self->users[i].requests), ==, 0);
    g_assert_cmpuint (g_hash_table_size (self->users[i].streams), ==, 0);
  }
  g_assert_cmpuint (pipe_count_open (self->pipe), ==, control_streams);
  for (guint i = 0; i < self->pipe->streams->len; i++) {
    PipeStream *stream = g_ptr_array_index (self->pipe->streams, i);

    for (guint from = 0; from < 2; from++)
      g_assert_cmpuint (stream->way[from].delivered, ==, stream->way[from].consumed);
  }
  pair_clear (self);
}

static guint
controls (gconstpointer draft)
{
  return ((const EcMoqtDraft *) draft)->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM ? 1 : 2;
}

static void
grant_all (User *self, EcMoqtRequest *request)
{
  EcMoqtGrant grant = { 0 };

  grant.params.has = EC_MOQT_PARAM_LARGEST_OBJECT;
  grant.params.largest = (EcMoqtLocation){ 7, 3 };
  if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_FETCH) {
    EcMoqtLocation start;

    g_assert_true (ec_moqt_request_get_range (request, &start, &grant.end));
  }
  ec_moqt_request_grant (request, &grant);
  if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_TRACK_STATUS)
    user_untrack (self, request);
}

static void
test_setup (gconstpointer draft)
{
  Pair pair;

  pair_init (&pair, draft, NULL);
  g_assert_cmpstr (ec_moqt_session_get_peer_path (pair.users[1].session), ==, "/live");
  g_assert_cmpstr (ec_moqt_session_get_peer_authority (pair.users[1].session), ==, "example.com");
  g_assert_cmpstr (ec_moqt_session_get_peer_implementation (pair.users[0].session), ==, "test");
  g_assert_true (ec_moqt_session_is_ready (pair.users[0].session));
  pair_end (&pair, controls (draft));
}

static void
test_setup_timeout (gconstpointer draft)
{
  Pair pair;

  pair_begin (&pair, draft, NULL);
  ec_moqt_session_start (pair.users[0].session, pair.pipe->now_us);
  pair.pipe->now_us += 11 * SECOND;
  ec_moqt_session_timer (pair.users[0].session, pair.pipe->now_us);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "closed(local,0x11)");
  pair_clear (&pair);
}

/* SUBSCRIBE, a group with objects that are cut anywhere, PUBLISH_DONE. */
static void
test_subscribe (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  Pair pair;
  EcMoqtRequest *published;
  EcMoqtStream *stream;
  EcMoqtLocation largest;

  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "granted:SUBSCRIBE");
  g_assert_cmpstr (user_take_log (&pair.users[1]), ==, "requested:SUBSCRIBE");
  g_assert_true (ec_moqt_request_get_largest (pair.users[0].last, &largest));
  g_assert_cmpuint (largest.group, ==, 7);

  published = pair.users[1].last;
  stream = user_track_stream (
      &pair.users[1], ec_moqt_request_open_subgroup (published, 8, 0, 100, FALSE, TRUE, TRUE));
  for (guint i = 0; i < 20; i++)
    user_write_object (stream, (EcMoqtLocation){ 8, i });
  user_untrack_stream (&pair.users[1], stream);
  ec_moqt_stream_finish (stream);
  user_untrack (&pair.users[1], published);
  ec_moqt_request_finish (published, EC_MOQT_DONE_TRACK_ENDED, "over");
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[0].n_objects, ==, 20);
  g_assert_true (g_str_has_suffix (user_take_log (&pair.users[0]), "fin finished:SUBSCRIBE"));
  g_assert_cmpuint (pair.users[0].done, ==, EC_MOQT_DONE_TRACK_ENDED);
  pair_end (&pair, controls (draft));
}

static void
refuse_all (User *self, EcMoqtRequest *request)
{
  user_untrack (self, request);
  ec_moqt_request_refuse (request, EC_MOQT_ERROR_DOES_NOT_EXIST, "no");
}

/* Every kind, refused; and every kind taken back. */
static void
test_refuse (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  g_autoptr (EcMoqtName) space = user_name ("a/b", NULL);
  g_autoptr (EcMoqtName) other = user_name ("a/c", NULL); /* in 16 one prefix for both overlaps */
  EcMoqtLocation start = { 0, 0 }, end = { 3, 0 };
  Pair pair;

  for (guint round = 0; round < 3; round++) {
    EcMoqtRequest *requests[7];
    EcMoqtSession *session;

    pair_init (&pair, draft, NULL);
    session = pair.users[0].session;
    pair.users[1].on_requested = round == 0 ? refuse_all : round == 1 ? grant_all : NULL;
    requests[0] = ec_moqt_session_subscribe (session, name, NULL);
    requests[1] = ec_moqt_session_publish (session, name, NULL, NULL);
    requests[2] = ec_moqt_session_fetch (session, name, start, end, NULL);
    requests[3] = ec_moqt_session_track_status (session, name, NULL);
    requests[4] = ec_moqt_session_publish_namespace (session, space, NULL);
    requests[5] = ec_moqt_session_subscribe_namespace (session, space, NULL);
    requests[6] = ec_moqt_session_subscribe_tracks (session, other, NULL);
    for (guint i = 0; i < 7; i++)
      user_track (&pair.users[0], requests[i]);
    pipe_settle (pair.pipe);
    g_assert_cmpuint (pair.users[1].n_requested, ==, 7);
    for (guint i = 0; i < 7; i++) {
      if (!g_hash_table_contains (pair.users[0].requests, requests[i]))
        continue; /* refused; or TRACK_STATUS, answered */
      g_assert_cmpuint (round, >, 0);
      user_untrack (&pair.users[0], requests[i]);
      ec_moqt_request_cancel (requests[i]);
    }
    pipe_settle (pair.pipe);
    if (round == 2) /* up to 16 nothing takes TRACK_STATUS back */
      while (g_hash_table_size (pair.users[1].requests) > 0) {
        GHashTableIter iter;
        gpointer request;

        g_hash_table_iter_init (&iter, pair.users[1].requests);
        g_hash_table_iter_next (&iter, &request, NULL);
        refuse_all (&pair.users[1], request);
      }
    pair_end (&pair, controls (draft));
  }
}

static void
test_publish (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  Pair pair;
  EcMoqtRequest *published;
  EcMoqtStream *stream;
  EcMoqtParams stop = { .has = EC_MOQT_PARAM_FORWARD, .forward = FALSE };
  EcMoqtParams go = { .has = EC_MOQT_PARAM_FORWARD, .forward = TRUE };

  pair_init (&pair, draft, NULL);
  published = user_track (&pair.users[0],
                          ec_moqt_session_publish (pair.users[0].session, name, NULL, NULL));
  /* Objects before PUBLISH_OK wait for it. */
  stream = user_track_stream (
      &pair.users[0], ec_moqt_request_open_subgroup (published, 1, 0, 100, FALSE, FALSE, TRUE));
  user_write_object (stream, (EcMoqtLocation){ 1, 0 });
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[1]), ==, "requested:PUBLISH");
  ec_moqt_request_grant (pair.users[1].last, NULL);
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[1]), ==, "opened:PUBLISH object ended");
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "granted:PUBLISH");

  /* Forward 0 ends what is open; nothing can be opened until it is 1 again. */
  ec_moqt_request_update (pair.users[1].last, &stop);
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "update_requested:PUBLISH stopped");
  ec_moqt_request_grant_update (published, NULL);
  g_assert_null (ec_moqt_request_open_subgroup (published, 2, 0, 100, FALSE, FALSE, TRUE));
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[1]), ==, "reset updated:PUBLISH");
  ec_moqt_request_update (pair.users[1].last, &go);
  pipe_settle (pair.pipe);
  ec_moqt_request_grant_update (published, NULL);
  pipe_settle (pair.pipe);
  stream = ec_moqt_request_open_subgroup (published, 2, 0, 100, FALSE, FALSE, TRUE);
  g_assert_nonnull (stream);
  ec_moqt_stream_reset (stream, EC_MOQT_RESET_CANCELLED);

  user_untrack (&pair.users[1], pair.users[1].last);
  ec_moqt_request_cancel (pair.users[1].last);
  pipe_settle (pair.pipe);
  g_assert_true (g_str_has_suffix (user_take_log (&pair.users[0]), "cancelled:PUBLISH"));
  pair_end (&pair, controls (draft));
}

static void
write_fetch (User *self, EcMoqtRequest *request)
{
  EcMoqtLocation start, end;
  EcMoqtStream *stream;

  grant_all (self, request);
  if (ec_moqt_request_get_kind (request) != EC_MOQT_REQUEST_FETCH)
    return;
  g_assert_true (ec_moqt_request_get_range (request, &start, &end));
  stream = ec_moqt_request_open_fetch (request);
  g_assert_nonnull (stream);
  for (guint64 group = start.group; group <= end.group; group++)
    for (guint64 object = 0; object < 3; object++)
      user_write_object (stream, (EcMoqtLocation){ group, object });
  ec_moqt_stream_write_range (stream, (EcMoqtLocation){ end.group, 9 }, TRUE);
  ec_moqt_stream_finish (stream);
}

static void
test_fetch (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  EcMoqtLocation start = { 2, 0 }, end = { 4, 0 };
  EcMoqtParams largest = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                           .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT } };
  Pair pair;
  EcMoqtRequest *subscription;

  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = write_fetch;
  user_track (&pair.users[0],
              ec_moqt_session_fetch (pair.users[0].session, name, start, end, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[0].n_objects, ==, 9);
  g_assert_true (g_str_has_suffix (user_take_log (&pair.users[0]), "unknown fin finished:FETCH") ||
                 pair.users[0].n_ended == 1);
  g_assert_true (g_str_has_suffix (user_take_log (&pair.users[1]), "finished:FETCH"));

  /* Joining, asked for in one breath with its subscription: { 7, 3 } is the largest. */
  subscription = user_track (&pair.users[0],
                             ec_moqt_session_subscribe (pair.users[0].session, name, &largest));
  user_track (&pair.users[0],
              ec_moqt_session_joining_fetch (pair.users[0].session, subscription, TRUE, 1, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[0].n_objects, ==, 9 + 6);

  /* What cannot be: a group behind the largest, a range that ends before it begins. */
  user_track (&pair.users[0],
              ec_moqt_session_joining_fetch (pair.users[0].session, subscription, FALSE, 8, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[0].error, ==, EC_MOQT_ERROR_INVALID_RANGE);
  pair.users[0].error = EC_MOQT_ERROR_INTERNAL_ERROR;
  user_track (&pair.users[0],
              ec_moqt_session_fetch (pair.users[0].session, name, end, start, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[0].error, ==, EC_MOQT_ERROR_INVALID_RANGE);
  user_untrack (&pair.users[0], subscription);
  ec_moqt_request_cancel (subscription);
  pair_end (&pair, controls (draft));
}

static void
test_namespaces (gconstpointer draft)
{
  g_autoptr (EcMoqtName) prefix = user_name ("ec/v1", NULL);
  g_autoptr (EcMoqtName) longer = user_name ("ec/v1/atsc", NULL);
  g_autoptr (EcMoqtName) reserved = user_name (".session", NULL);
  Pair pair;
  EcMoqtRequest *ours;

  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  ours = user_track (&pair.users[0],
                     ec_moqt_session_subscribe_namespace (pair.users[0].session, prefix, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "granted:SUBSCRIBE_NAMESPACE");
  ec_moqt_request_send_namespace (pair.users[1].last, longer);
  ec_moqt_request_send_namespace (pair.users[1].last, longer);
  ec_moqt_request_send_namespace_done (pair.users[1].last, longer);
  ec_moqt_request_send_namespace_done (pair.users[1].last, longer);
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==,
                   "found(ec/v1/atsc):SUBSCRIBE_NAMESPACE lost(ec/v1/atsc):SUBSCRIBE_NAMESPACE");

  user_track (&pair.users[0],
              ec_moqt_session_subscribe_namespace (pair.users[0].session, longer, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[0].error, ==, EC_MOQT_ERROR_PREFIX_OVERLAP);
  if (((const EcMoqtDraft *) draft)->reserved_namespaces)
    g_assert_null (ec_moqt_session_publish_namespace (pair.users[0].session, reserved, NULL));
  user_untrack (&pair.users[0], ours);
  ec_moqt_request_cancel (ours);
  pair_end (&pair, controls (draft));
}

static void
test_duplicate (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  Pair pair;
  EcMoqtRequest *first;

  pair_init (&pair, draft, NULL);
  pair.pipe->in_order = TRUE;
  pair.users[1].on_requested = grant_all;
  first =
      user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[0].error, ==, EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION);
  user_untrack (&pair.users[0], first);
  ec_moqt_request_cancel (first);
  pair_end (&pair, controls (draft));
}

static void
test_goaway (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  Pair pair;

  pair_init (&pair, draft, NULL);
  user_track (&pair.users[1], ec_moqt_session_subscribe (pair.users[1].session, name, NULL));
  pipe_settle (pair.pipe);
  user_take_log (&pair.users[0]);
  ec_moqt_session_goaway (pair.users[1].session, "moqt://other", 2000);
  user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  g_assert_nonnull (strstr (pair.users[0].log->str, "goaway(moqt://other)"));
  /* 16 has no code for it. */
  g_assert_nonnull (strstr (pair.users[0].log->str, "refused:SUBSCRIBE"));
  g_assert_true (pair.users[0].error == EC_MOQT_ERROR_GOING_AWAY ||
                 pair.users[0].error == EC_MOQT_ERROR_INTERNAL_ERROR);
  g_assert_null (ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_wait (pair.pipe, 3 * SECOND);
  g_assert_true (pair.users[1].closed && pair.users[0].closed);
  g_assert_cmpuint (pair.users[0].close_code, ==, EC_MOQT_CLOSE_GOAWAY_TIMEOUT);
  pair_clear (&pair);
}

/* More requests than the peer allows, or there are streams for: they wait, in order. */
static void
test_credit (gconstpointer draft)
{
  EcMoqtLimits limits = { .max_requests = 4, .answer_timeout_ms = 60000 };
  Pair pair;

  pair_init (&pair, draft, &limits);
  pair.pipe->max_streams = 4;
  pair.users[1].on_requested = refuse_all;
  for (guint i = 0; i < 50; i++) {
    g_autofree char *track = g_strdup_printf ("t%u", i);
    g_autoptr (EcMoqtName) name = user_name ("a/b", track);

    user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  }
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[1].n_requested, ==, 50);
  g_assert_cmpuint (pair.users[0].n_ended, ==, 50);
  pair_end (&pair, controls (draft));
}

static void
test_answer_timeout (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  Pair pair;

  pair_init (&pair, draft, NULL);
  user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_wait (pair.pipe, 11 * SECOND);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "refused:SUBSCRIBE");
  g_assert_cmpuint (pair.users[0].error, ==, EC_MOQT_ERROR_TIMEOUT);
  g_assert_cmpstr (user_take_log (&pair.users[1]), ==, "requested:SUBSCRIBE cancelled:SUBSCRIBE");
  pair_end (&pair, controls (draft));
}

/* §8: an object that does not get away in time takes its stream with it. */
static void
test_delivery_timeout (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  EcMoqtParams params = { .has = EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT,
                          .object_delivery_timeout_ms = 500 };
  Pair pair;
  EcMoqtStream *stream;

  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, &params));
  pipe_settle (pair.pipe);
  pair.users[0].keeps_credit = TRUE;
  pair.pipe->window = 100;
  stream = user_track_stream (&pair.users[1], ec_moqt_request_open_subgroup (
                                                  pair.users[1].last, 1, 0, 1, FALSE, FALSE, TRUE));
  for (guint i = 0; i < 100; i++)
    user_write_object (stream, (EcMoqtLocation){ 1, i });
  user_take_log (&pair.users[1]);
  pipe_wait (pair.pipe, 2 * SECOND);
  g_assert_cmpstr (user_take_log (&pair.users[1]), ==, "stopped");
  g_assert_nonnull (strstr (pair.users[0].log->str, "reset"));
  user_untrack (&pair.users[0], pair.users[0].last);
  ec_moqt_request_cancel (pair.users[0].last);
  pair_end (&pair, controls (draft));
}

static void
test_datagram (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  Pair pair;
  guint sent = 0;

  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  for (guint i = 0; i < 50; i++) {
    EcMoqtObject object = { .location = { 1, i }, .priority = 9 };
    g_autoptr (EcPayload) payload = user_make_payload (name, object.location);

    if (ec_payload_get_size (payload) == 0)
      continue;
    if (ec_moqt_request_send_datagram (pair.users[1].last, &object, payload))
      sent++;
    else
      g_assert_cmpuint (ec_payload_get_size (payload), >, 1100);
  }
  pipe_settle (pair.pipe);
  g_assert_cmpuint (sent, >, 10);
  g_assert_cmpuint (pair.users[0].n_datagrams, ==, sent);
  user_untrack (&pair.users[0], pair.users[0].last);
  ec_moqt_request_cancel (pair.users[0].last);
  pair_end (&pair, controls (draft));
}

/* Tokens are registered once and used by alias; more than the peer has room for is our mistake. */
static void
test_tokens (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  g_autoptr (GBytes) value = g_bytes_new_static ("secret", 6);
  EcMoqtParams params = { .n_tokens = 1 };
  Pair pair;

  pair_init (&pair, draft, NULL);
  pair.pipe->in_order = TRUE;
  params.tokens[0] =
      (EcMoqtToken){ .kind = EC_MOQT_TOKEN_REGISTER, .alias = 5, .type = 1, .value = value };
  user_track (&pair.users[0], ec_moqt_session_track_status (pair.users[0].session, name, &params));
  pipe_settle (pair.pipe);
  params.tokens[0] = (EcMoqtToken){ .kind = EC_MOQT_TOKEN_USE_ALIAS, .alias = 5 };
  user_track (&pair.users[0], ec_moqt_session_track_status (pair.users[0].session, name, &params));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[1].n_requested, ==, 2);
  g_assert_cmpuint (ec_moqt_request_get_params (pair.users[1].last)->n_tokens, ==, 1);
  g_assert_true (
      g_bytes_equal (ec_moqt_request_get_params (pair.users[1].last)->tokens[0].value, value));
  params.tokens[0] = (EcMoqtToken){ .kind = EC_MOQT_TOKEN_DELETE, .alias = 5 };
  user_track (&pair.users[0], ec_moqt_session_track_status (pair.users[0].session, name, &params));
  params.tokens[0] = (EcMoqtToken){ .kind = EC_MOQT_TOKEN_USE_ALIAS, .alias = 5 };
  user_track (&pair.users[0], ec_moqt_session_track_status (pair.users[0].session, name, &params));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[1].n_requested, ==, 3);
  g_assert_true (pair.users[0].error == EC_MOQT_ERROR_UNKNOWN_AUTH_TOKEN_ALIAS ||
                 pair.users[0].error == EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN);

  params.tokens[0] =
      (EcMoqtToken){ .kind = EC_MOQT_TOKEN_REGISTER, .alias = 6, .type = 1, .value = value };
  user_track (&pair.users[0], ec_moqt_session_track_status (pair.users[0].session, name, &params));
  user_track (&pair.users[0], ec_moqt_session_track_status (pair.users[0].session, name, &params));
  pipe_settle (pair.pipe);
  g_assert_cmpuint (pair.users[0].close_code, ==, EC_MOQT_CLOSE_DUPLICATE_AUTH_TOKEN_ALIAS);
  pair_clear (&pair);
}

/* One object, one subscriber, one write (DESIGN §12). */
static void
test_one_write (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  Pair pair;
  EcMoqtStream *stream;
  guint64 before;

  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  stream = ec_moqt_request_open_subgroup (pair.users[1].last, 1, 0, 1, FALSE, FALSE, TRUE);
  before = pair.pipe->ends[1].writes;
  for (guint i = 0; i < 10; i++)
    user_write_object (stream, (EcMoqtLocation){ 1, i });
  g_assert_cmpuint (pair.pipe->ends[1].writes - before, ==, 10);
  ec_moqt_stream_finish (stream);
  pipe_settle (pair.pipe);
  user_untrack (&pair.users[0], pair.users[0].last);
  ec_moqt_request_cancel (pair.users[0].last);
  pair_end (&pair, controls (draft));
}

static guint
write_groups (Pair *self, EcMoqtRequest *published, guint *next)
{
  EcMoqtStream *stream;
  guint n = 0;

  while (*next < 200 &&
         (stream = ec_moqt_request_open_subgroup (published, *next, 0, 1, FALSE, TRUE, TRUE))) {
    user_write_object (stream, (EcMoqtLocation){ *next, 0 });
    user_write_object (stream, (EcMoqtLocation){ *next, 1 });
    ec_moqt_stream_finish (stream);
    (*next)++;
    n++;
  }
  pipe_settle (self->pipe);
  return n;
}

/* Groups that are over and were not read keep their streams: the peer has no more of them than may be open. */
static void
test_kept_credit (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  g_autoptr (GArray) kept = g_array_new (FALSE, FALSE, sizeof (gint64));
  Pair pair;
  EcMoqtRequest *ours, *published;
  guint next = 0;

  pair_init (&pair, draft, NULL);
  pair.pipe->holds = TRUE;
  pair.pipe->max_streams = 10;
  pair.users[1].on_requested = grant_all;
  pair.users[0].keeps_credit = TRUE;
  pair.users[0].kept = kept;
  ours = user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  published = pair.users[1].last;
  while (write_groups (&pair, published, &next) > 0)
    g_assert_cmpuint (kept->len, <=, 10);
  g_assert_cmpuint (next, <, 100); /* objects without payload have nothing to be kept for */
  g_assert_cmpuint (kept->len, >=, 9);

  /* It goes on as they are read. */
  while (next < 200) {
    g_assert_cmpuint (kept->len, >, 0);
    ec_moqt_session_consume (pair.users[0].session, g_array_index (kept, gint64, 0), 1);
    ec_moqt_session_consume (pair.users[0].session, g_array_index (kept, gint64, 0), G_MAXSIZE);
    ec_moqt_session_consume (pair.users[0].session, g_array_index (kept, gint64, 0), 7);
    g_array_remove_index (kept, 0);
    pipe_settle (pair.pipe);
    write_groups (&pair, published, &next);
    g_assert_cmpuint (kept->len, <=, 10);
  }
  g_assert_cmpuint (pair.users[0].n_objects, ==, 400);
  while (kept->len > 0) {
    ec_moqt_session_consume (pair.users[0].session, g_array_index (kept, gint64, 0), G_MAXSIZE);
    g_array_remove_index (kept, 0);
  }
  pair.users[0].kept = NULL;
  user_untrack (&pair.users[0], ours);
  ec_moqt_request_cancel (ours);
  pair_end (&pair, controls (draft));
}

/* A session in which nothing happens for long: what is asked then has all the time for its answer. */
static void
test_idle (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  Pair pair;
  EcMoqtRequest *ours;

  pair_init (&pair, draft, NULL);
  pipe_wait (pair.pipe, 60 * SECOND);
  ours = user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_wait (pair.pipe, 9 * SECOND);
  ec_moqt_request_grant (pair.users[1].last, NULL);
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "granted:SUBSCRIBE");
  user_untrack (&pair.users[0], ours);
  ec_moqt_request_cancel (ours);
  pair_end (&pair, controls (draft));
}

/* An update that nobody answers is refused here; its answer is heard, and means nothing any more. */
static void
test_update_timeout (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  EcMoqtParams changed = { .has = EC_MOQT_PARAM_SUBSCRIBER_PRIORITY, .subscriber_priority = 3 };
  Pair pair;
  EcMoqtRequest *ours;

  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  ours = user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  user_take_log (&pair.users[0]);
  ec_moqt_request_update (ours, &changed);
  pipe_wait (pair.pipe, 5 * SECOND);
  ec_moqt_request_update (ours, &changed);
  pipe_wait (pair.pipe, 6 * SECOND);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "update_refused:SUBSCRIBE");
  g_assert_cmpuint (pair.users[0].error, ==, EC_MOQT_ERROR_TIMEOUT);
  for (guint i = 0; i < 2; i++)
    ec_moqt_request_grant_update (pair.users[1].last, NULL);
  pipe_wait (pair.pipe, 20 * SECOND);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "updated:SUBSCRIBE");
  user_untrack (&pair.users[0], ours);
  ec_moqt_request_cancel (ours);
  pair_end (&pair, controls (draft));
}

/* §10.9.1: an update that is refused ends its request, on both sides. */
static void
test_update_refused (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  g_autoptr (EcMoqtName) space = user_name ("a/b", NULL);
  EcMoqtLocation start = { 0, 0 }, end = { 3, 0 };
  EcMoqtParams changed = { 0 };

  for (guint kind = 0; kind < 5; kind++) {
    Pair pair;
    EcMoqtSession *session;
    EcMoqtRequest *ours;

    pair_init (&pair, draft, NULL);
    session = pair.users[0].session;
    pair.pipe->in_order = TRUE;
    pair.users[1].on_requested = grant_all;
    ours = kind == 0   ? ec_moqt_session_subscribe (session, name, NULL)
           : kind == 1 ? ec_moqt_session_publish (session, name, NULL, NULL)
           : kind == 2 ? ec_moqt_session_fetch (session, name, start, end, NULL)
           : kind == 3 ? ec_moqt_session_publish_namespace (session, space, NULL)
                       : ec_moqt_session_subscribe_namespace (session, space, NULL);
    user_track (&pair.users[0], ours);
    pipe_settle (pair.pipe);
    if (kind == 2)
      g_assert_nonnull (ec_moqt_request_open_fetch (pair.users[1].last));
    user_take_log (&pair.users[0]);
    ec_moqt_request_update (ours, &changed);
    pipe_settle (pair.pipe);
    g_assert_nonnull (strstr (user_take_log (&pair.users[1]), "update_requested"));
    user_untrack (&pair.users[1], pair.users[1].last);
    ec_moqt_request_refuse_update (pair.users[1].last, EC_MOQT_ERROR_UNAUTHORIZED, "no");
    pipe_settle (pair.pipe);
    if (kind == 1) { /* STOP_SENDING may overtake the REQUEST_ERROR */
      g_assert_true (g_str_has_suffix (user_take_log (&pair.users[0]), "cancelled:PUBLISH"));
    } else {
      g_assert_true (g_str_has_prefix (user_take_log (&pair.users[0]), "update_refused"));
      g_assert_cmpuint (pair.users[0].error, ==, EC_MOQT_ERROR_UNAUTHORIZED);
    }
    if (kind == 0)
      g_assert_cmpuint (pair.users[0].done, ==, EC_MOQT_DONE_UPDATE_FAILED);
    if (kind == 2 && pair.users[0].n_ended == 0) { /* 16 does not say more than that */
      user_untrack (&pair.users[0], ours);
      ec_moqt_request_cancel (ours);
    }
    pair_end (&pair, controls (draft));
  }
}

/* §10.9.2: names are relative to the old prefix up to the answer, to the new one behind it. */
static void
test_prefix (gconstpointer draft)
{
  g_autoptr (EcMoqtName) old = user_name ("ec/v1", NULL);
  g_autoptr (EcMoqtName) of_old = user_name ("ec/v1/atsc", NULL);
  g_autoptr (EcMoqtName) new = user_name ("ec/v2", NULL);
  g_autoptr (EcMoqtName) of_new = user_name ("ec/v2/dvb", NULL);
  g_autoptr (EcMoqtName) both = user_name ("ec", NULL);
  g_autoptr (EcMoqtName) other = user_name ("x", NULL);
  EcMoqtParams changed = { .has = EC_MOQT_PARAM_NAMESPACE_PREFIX };
  Pair pair;
  EcMoqtRequest *ours, *theirs, *second;

  if (((const EcMoqtDraft *) draft)->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM)
    return; /* prefixes cannot be changed */
  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  ours = user_track (&pair.users[0],
                     ec_moqt_session_subscribe_namespace (pair.users[0].session, old, NULL));
  pipe_settle (pair.pipe);
  theirs = pair.users[1].last;
  changed.namespace_prefix = new;
  ec_moqt_request_update (ours, &changed);
  pipe_settle (pair.pipe);
  user_take_log (&pair.users[0]);
  ec_moqt_request_send_namespace (theirs, of_old);
  ec_moqt_request_send_namespace (theirs, of_new); /* it cannot be said yet */
  ec_moqt_request_grant_update (theirs, NULL);
  ec_moqt_request_send_namespace (theirs, of_new);
  ec_moqt_request_send_namespace_done (theirs, of_old); /* … nor this any more */
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==,
                   "found(ec/v1/atsc):SUBSCRIBE_NAMESPACE lost(ec/v1/atsc):SUBSCRIBE_NAMESPACE "
                   "updated:SUBSCRIBE_NAMESPACE found(ec/v2/dvb):SUBSCRIBE_NAMESPACE");

  /* Another's must not be shared. */
  second = user_track (&pair.users[0],
                       ec_moqt_session_subscribe_namespace (pair.users[0].session, other, NULL));
  pipe_settle (pair.pipe);
  user_take_log (&pair.users[0]);
  changed.namespace_prefix = both;
  ec_moqt_request_update (second, &changed);
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==,
                   "update_refused:SUBSCRIBE_NAMESPACE finished:SUBSCRIBE_NAMESPACE");
  g_assert_cmpuint (pair.users[0].error, ==, EC_MOQT_ERROR_PREFIX_OVERLAP);
  user_untrack (&pair.users[0], ours);
  ec_moqt_request_cancel (ours);
  pair_end (&pair, controls (draft));
}

/* §8: a subgroup that was written whole, and is not delivered in time. */
static void
test_subgroup_timeout (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "chunks");
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT,
                          .subgroup_delivery_timeout_ms = 500 };
  Pair pair;
  EcMoqtStream *stream;
  EcMoqtRequest *ours;

  if (((const EcMoqtDraft *) draft)->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM)
    return; /* it has no such parameter */
  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  ours = user_track (&pair.users[0], ec_moqt_session_subscribe (pair.users[0].session, name, NULL));
  pipe_settle (pair.pipe);
  stream = ec_moqt_request_open_subgroup (pair.users[1].last, 1, 0, 1, FALSE, FALSE, TRUE);
  /* Said by an update, while it is open. */
  ec_moqt_request_update (ours, &params);
  pipe_settle (pair.pipe);
  ec_moqt_request_grant_update (pair.users[1].last, NULL);
  pair.users[0].keeps_credit = TRUE;
  pair.pipe->window = 100;
  for (guint i = 0; i < 100; i++)
    user_write_object (stream, (EcMoqtLocation){ 1, i });
  pipe_wait (pair.pipe, 2 * SECOND); /* while it may still be added to there is time */
  g_assert_null (strstr (user_take_log (&pair.users[0]), "reset"));
  ec_moqt_stream_finish (stream);
  pipe_wait (pair.pipe, 2 * SECOND);
  g_assert_true (g_str_has_suffix (user_take_log (&pair.users[0]), "reset"));
  user_untrack (&pair.users[0], ours);
  ec_moqt_request_cancel (ours);
  pair_end (&pair, controls (draft));
}

/* §6.1: tracks that were asked for, and no stream to offer them on. */
static void
test_publish_blocked (gconstpointer draft)
{
  gboolean has = ((const EcMoqtDraft *) draft)->publish_blocked;
  g_autoptr (EcMoqtName) space = user_name ("a/b", NULL);
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  g_autoptr (EcMoqtName) later = user_name ("a/b", "u");
  EcMoqtRequest *ours;
  Pair pair;

  if (!has)
    return;
  pair_init (&pair, draft, NULL);
  pair.users[1].on_requested = grant_all;
  ours = user_track (&pair.users[0],
                     ec_moqt_session_subscribe_tracks (pair.users[0].session, space, NULL));
  pipe_settle (pair.pipe);
  for (guint i = 0; i < 2; i++)
    user_take_log (&pair.users[i]);
  pair.pipe->max_streams = 0;
  user_track (&pair.users[1], ec_moqt_session_publish (pair.users[1].session, name, NULL, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[1]), ==, "refused:PUBLISH");
  g_assert_cmpuint (pair.users[1].error, ==, EC_MOQT_ERROR_EXCESSIVE_LOAD);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "blocked(a/b):SUBSCRIBE_TRACKS");

  /* It must not follow, and is not told twice; others may. */
  pair.pipe->max_streams = 100;
  user_track (&pair.users[1], ec_moqt_session_publish (pair.users[1].session, name, NULL, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[1]), ==, "refused:PUBLISH");
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "");
  user_track (&pair.users[1], ec_moqt_session_publish (pair.users[1].session, later, NULL, NULL));
  pipe_settle (pair.pipe);
  g_assert_cmpstr (user_take_log (&pair.users[0]), ==, "requested:PUBLISH");
  refuse_all (&pair.users[0], pair.users[0].last);
  user_untrack (&pair.users[0], ours);
  ec_moqt_request_cancel (ours);
  pair_end (&pair, controls (draft));
}

int
main (int argc, char **argv)
{
  static const UserTest tests[] = {
    { "setup", test_setup },
    { "setup-timeout", test_setup_timeout },
    { "subscribe", test_subscribe },
    { "refuse", test_refuse },
    { "publish", test_publish },
    { "fetch", test_fetch },
    { "namespaces", test_namespaces },
    { "duplicate", test_duplicate },
    { "goaway", test_goaway },
    { "credit", test_credit },
    { "answer-timeout", test_answer_timeout },
    { "delivery-timeout", test_delivery_timeout },
    { "datagram", test_datagram },
    { "tokens", test_tokens },
    { "one-write", test_one_write },
    { "kept-credit", test_kept_credit },
    { "idle", test_idle },
    { "update-timeout", test_update_timeout },
    { "update-refused", test_update_refused },
    { "prefix", test_prefix },
    { "subgroup-timeout", test_subgroup_timeout },
    { "publish-blocked", test_publish_blocked },
  };

  g_test_init (&argc, &argv, NULL);
  user_add_tests ("", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
