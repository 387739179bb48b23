/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-pipe.h"
#include "session-user.h"

#include "moqt/ec-moqt-session-private.h"

#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
#define ROUNDS 100
#else
#define ROUNDS 1000
#endif

/*
 * Two sessions that do what comes to mind, from a seed: streams overtake each other, datagrams are lost, streams and requests
 * end early, memory fails, the connection breaks. What must hold is checked by the users and the pipe at every event, and
 * at the end: each request has ended once, nothing is left, all credit is back. EC_TEST_ROUNDS seeds.
 */

typedef struct {
  Pipe *pipe;
  User users[2];
  GRand *random;
  guint fail_percent; /* of allocations */
  gboolean failed;
} Sim;

static Sim *current;

/* Of all rounds, to see that something happens in them. */
static struct {
  guint requests, objects, cut, datagrams, closed;
} total;

static gboolean
alloc_fails (void)
{
  if (current->fail_percent == 0 ||
      (guint) g_rand_int_range (current->random, 0, 1000) >= current->fail_percent)
    return FALSE;
  current->failed = TRUE;
  return TRUE;
}

static guint
below (guint n)
{
  return (guint) g_rand_int_range (current->random, 0, (gint32) n);
}

/* One of those that live, or NULL. */
static gpointer
pick (GHashTable *set)
{
  guint n = g_hash_table_size (set), i;
  GHashTableIter iter;
  gpointer key = NULL;

  if (n == 0)
    return NULL;
  i = below (n);
  g_hash_table_iter_init (&iter, set);
  do
    g_hash_table_iter_next (&iter, &key, NULL);
  while (i-- > 0);
  return key;
}

static EcMoqtName *
some_name (gboolean track)
{
  g_autofree char *path = g_strdup_printf ("a/%u", below (3));
  g_autofree char *last = g_strdup_printf ("t%u", below (3));

  return user_name (path, track ? last : NULL);
}

static void
some_params (EcMoqtParams *params)
{
  *params = (EcMoqtParams){ 0 };
  if (below (4) == 0) {
    params->has |= EC_MOQT_PARAM_FORWARD;
    params->forward = below (2);
  }
  if (below (4) == 0) {
    params->has |= EC_MOQT_PARAM_SUBSCRIBER_PRIORITY;
    params->subscriber_priority = (guint8) below (256);
  }
  if (below (8) == 0) {
    params->has |= EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT;
    params->object_delivery_timeout_ms = 1 + below (200);
  }
  if (below (8) == 0) {
    params->has |= EC_MOQT_PARAM_SUBSCRIPTION_FILTER;
    params->filter.kind = EC_MOQT_FILTER_ABSOLUTE_RANGE;
    params->filter.start.group = below (4);
    params->filter.end_group = params->filter.start.group + below (10);
  }
}

static void
do_ask (User *user)
{
  g_autoptr (EcMoqtName) track = some_name (TRUE);
  g_autoptr (EcMoqtName) space = some_name (FALSE);
  EcMoqtLocation start = { below (5), below (5) }, end = { below (8), below (4) };
  EcMoqtRequest *request = NULL, *other;
  EcMoqtParams params;

  some_params (&params);
  switch (below (8)) {
  case 0:
  case 1:
    request = ec_moqt_session_subscribe (user->session, track, &params);
    break;
  case 2:
    request = ec_moqt_session_publish (user->session, track, &params, NULL);
    break;
  case 3:
    request = ec_moqt_session_fetch (user->session, track, start, end, &params);
    break;
  case 4:
    other = pick (user->requests);
    if (other && !ec_moqt_request_is_publisher (other) &&
        ec_moqt_request_get_kind (other) <= EC_MOQT_REQUEST_PUBLISH)
      request = ec_moqt_session_joining_fetch (user->session, other, below (2), below (9), NULL);
    break;
  case 5:
    request = ec_moqt_session_track_status (user->session, track, &params);
    break;
  case 6:
    request = ec_moqt_session_publish_namespace (user->session, space, NULL);
    break;
  default:
    request = below (2) ? ec_moqt_session_subscribe_namespace (user->session, space, NULL)
                        : ec_moqt_session_subscribe_tracks (user->session, space, NULL);
    break;
  }
  user_track (user, request);
}

/* The streams of a request end with it; the user's table must not keep them. */
static void
forget_streams (User *user, EcMoqtRequest *request)
{
  GHashTableIter iter;
  gpointer stream;

  g_hash_table_iter_init (&iter, user->streams);
  while (g_hash_table_iter_next (&iter, &stream, NULL))
    if (ec_moqt_stream_get_request (stream) == request)
      g_hash_table_iter_remove (&iter);
}

static void
do_answer (User *user, EcMoqtRequest *request)
{
  EcMoqtGrant grant = { 0 };
  EcMoqtLocation start;

  if (ec_moqt_request_is_ours (request) || ec_moqt_request_is_granted (request))
    return;
  if (below (4) == 0) {
    forget_streams (user, request);
    user_untrack (user, request);
    ec_moqt_request_refuse (request, below (19), "no");
    return;
  }
  if (below (4)) {
    grant.params.has = EC_MOQT_PARAM_LARGEST_OBJECT;
    grant.params.largest = (EcMoqtLocation){ below (6), below (6) };
  }
  ec_moqt_request_get_range (request, &start, &grant.end);
  if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_TRACK_STATUS)
    user_untrack (user, request);
  ec_moqt_request_grant (request, &grant);
}

static void
do_end (User *user, EcMoqtRequest *request)
{
  forget_streams (user, request);
  user_untrack (user, request);
  if (below (2) && ec_moqt_request_is_publisher (request) &&
      ec_moqt_request_get_kind (request) <= EC_MOQT_REQUEST_PUBLISH)
    ec_moqt_request_finish (request, below (10), "done");
  else
    ec_moqt_request_cancel (request);
}

static void
do_update (User *user, EcMoqtRequest *request)
{
  EcMoqtRequestKind kind = ec_moqt_request_get_kind (request);
  EcMoqtGrant grant = { .params = { .has = EC_MOQT_PARAM_LARGEST_OBJECT, .largest = { 9, 1 } } };
  EcMoqtParams params;

  if (kind <= EC_MOQT_REQUEST_PUBLISH && !ec_moqt_request_is_publisher (request)) {
    some_params (&params);
    ec_moqt_request_update (request, &params);
  } else if (below (8)) {
    ec_moqt_request_grant_update (request, below (2) ? &grant : NULL);
  }
}

static void
do_namespace (EcMoqtRequest *request)
{
  g_autofree char *path = ec_moqt_name_to_path (ec_moqt_request_get_name (request));
  g_autofree char *longer = g_strdup_printf ("%s/%u", path, below (3));
  g_autoptr (EcMoqtName) name = user_name (longer, NULL);

  if (below (2))
    ec_moqt_request_send_namespace (request, name);
  else
    ec_moqt_request_send_namespace_done (request, name);
}

static void
do_open (User *user, EcMoqtRequest *request)
{
  EcMoqtStream *stream;

  if (!ec_moqt_request_is_publisher (request))
    return;
  if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_FETCH)
    stream = ec_moqt_request_open_fetch (request);
  else
    stream = ec_moqt_request_open_subgroup (request, below (12), below (3), (guint8) below (256),
                                            FALSE, below (2), below (2));
  user_track_stream (user, stream);
}

static void
do_write (User *user, EcMoqtStream *stream)
{
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);
  guint64 place = GPOINTER_TO_SIZE (ec_moqt_stream_get_data (stream));
  EcMoqtLocation location;

  if (!request || !ec_moqt_request_is_publisher (request)) {
    if (below (20) == 0) {
      user_untrack_stream (user, stream);
      ec_moqt_stream_stop (stream, EC_MOQT_RESET_CANCELLED);
    }
    return;
  }
  if (ec_moqt_stream_is_fetch (stream)) {
    EcMoqtLocation start, end;

    if (!ec_moqt_request_get_range (request, &start, &end))
      return;
    location = start;
    location.object += place;
    if (location.group == end.group && end.object != 0 && location.object >= end.object) {
      user_untrack_stream (user, stream);
      ec_moqt_stream_finish (stream);
      return;
    }
  } else {
    location = (EcMoqtLocation){ ec_moqt_stream_get_group (stream), place };
  }
  switch (below (12)) {
  case 0:
    user_untrack_stream (user, stream);
    ec_moqt_stream_finish (stream);
    break;
  case 1:
    user_untrack_stream (user, stream);
    ec_moqt_stream_reset (stream, EC_MOQT_RESET_DELIVERY_TIMEOUT);
    break;
  default:
    ec_moqt_stream_set_data (stream, GSIZE_TO_POINTER (place + 1 + below (3)));
    user_write_object (stream, location);
    break;
  }
}

static void
do_datagram (EcMoqtRequest *request)
{
  EcMoqtObject object = { .location = { below (9), below (9) }, .priority = 3 };
  g_autoptr (EcPayload) payload = NULL;

  if (!ec_moqt_request_is_publisher (request))
    return;
  payload = user_make_payload (ec_moqt_request_get_name (request), object.location);
  if (ec_payload_get_size (payload) > 0)
    (void) !ec_moqt_request_send_datagram (request, &object, payload);
}

static void
act (User *user)
{
  EcMoqtRequest *request;
  EcMoqtStream *stream;

  if (user->closed || ec_moqt_session_is_closed (user->session))
    return;
  request = pick (user->requests);
  stream = pick (user->streams);
  switch (below (16)) {
  case 0:
    do_ask (user);
    break;
  case 1:
    if (request && below (3) == 0)
      do_end (user, request);
    break;
  case 2:
    if (request)
      do_update (user, request);
    break;
  case 3:
    if (request && ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE)
      do_namespace (request);
    break;
  case 4:
    if (request)
      do_datagram (request);
    break;
  case 5:
  case 6:
  case 7:
    if (request)
      do_open (user, request);
    break;
  case 8:
  case 9:
  case 10:
    if (request)
      do_answer (user, request);
    break;
  default:
    if (stream)
      do_write (user, stream);
    break;
  }
}

/* From within events too. */
static void
on_event (User *user)
{
  if (below (16) == 0)
    act (user);
}

static void
check_session (EcMoqtSession *session, gboolean idle)
{
  g_assert_cmpuint (session->depth, ==, 0);
  g_assert_cmpuint (session->graveyard->len, ==, 0);
  g_assert_cmpuint (session->n_waiting, <=, session->limits.max_streams);
  g_assert_cmpuint (session->waiting_bytes, <=, EC_MOQT_MAX_WAITING_BYTES);
  g_assert_cmpuint (session->control_buffered, <=, session->limits.max_control_buffer);
  g_assert_cmpuint (session->n_peer_requests, <=, session->limits.max_requests);
  if (!idle)
    return;
  g_assert_cmpuint (session->n_requests, ==, 0);
  g_assert_cmpuint (session->n_peer_requests, ==, 0);
  g_assert_cmpuint (session->n_peer_updates, ==, 0);
  g_assert_cmpuint (session->n_streams, ==, 0);
  g_assert_cmpuint (session->n_waiting, ==, 0);
  g_assert_cmpuint (session->waiting_bytes, ==, 0);
  g_assert_cmpuint (session->control_buffered, ==, 0);
  g_assert_cmpuint (session->deferred.length, ==, 0);
  g_assert_cmpuint (g_hash_table_size (session->by_id), ==, 0);
  g_assert_cmpuint (g_hash_table_size (session->publishing), ==, 0);
  g_assert_cmpuint (g_hash_table_size (session->subscribing), ==, 0);
}

/* All is taken back; then nothing may be left, and all credit must have come home. */
static void
wind_down (Sim *sim)
{
  for (guint i = 0; i < 2; i++)
    sim->users[i].on_event = NULL;
  sim->fail_percent = 0;
  for (guint round = 0; round < 8; round++) {
    for (guint i = 0; i < 2; i++)
      while (!sim->users[i].closed && g_hash_table_size (sim->users[i].requests) > 0)
        do_end (&sim->users[i], pick (sim->users[i].requests));
    pipe_wait (sim->pipe, 20 * G_USEC_PER_SEC);
  }
  if (sim->users[0].closed || sim->users[1].closed) {
    pipe_cut (sim->pipe);
    return;
  }
  for (guint i = 0; i < 2; i++)
    check_session (sim->users[i].session, TRUE);
  for (guint i = 0; i < sim->pipe->streams->len; i++) {
    PipeStream *stream = g_ptr_array_index (sim->pipe->streams, i);

    for (guint from = 0; from < 2; from++)
      g_assert_cmpuint (stream->way[from].delivered, ==, stream->way[from].consumed);
  }
}

static void
simulate (const EcMoqtDraft *draft, guint32 seed)
{
  Sim sim = { 0 };
  EcMoqtConfig config = { 0 };
  guint steps;
  gboolean cuts;

  current = &sim;
  sim.random = g_rand_new_with_seed (seed);
  sim.fail_percent = below (3) == 0 ? below (40) : 0; /* of 1,000 */
  if (below (2))
    config.limits = (EcMoqtLimits){ .max_requests = 1 + below (12), .max_streams = 1 + below (4) };
  for (guint i = 0; i < 2; i++) {
    user_init (&sim.users[i]);
    sim.users[i].on_event = on_event;
  }
  sim.pipe = pipe_new (draft, &config, &config, &user_events, &sim.users[0], &sim.users[1], seed);
  sim.pipe->max_streams = 2 + below (30);
  sim.pipe->max_piece = below (2) ? 1 + below (20) : 1 + below (20000);
  sim.pipe->window = 64 + below (60000);
  sim.pipe->loss_percent = below (50);
  for (guint i = 0; i < 2; i++)
    sim.users[i].session = sim.pipe->ends[i].session;
  ec_moqt_alloc_fails = alloc_fails;
  for (guint i = 0; i < 2; i++)
    ec_moqt_session_start (sim.users[i].session, sim.pipe->now_us);

  steps = 200 + below (1500);
  cuts = below (8) == 0;
  for (guint i = 0; i < steps; i++) {
    act (&sim.users[below (2)]);
    if (below (4))
      pipe_step (sim.pipe);
    if (below (100) == 0)
      pipe_wait (sim.pipe, below (50000));
    g_string_truncate (sim.users[0].log, 0);
    g_string_truncate (sim.users[1].log, 0);
    check_session (sim.users[0].session, FALSE);
  }
  /* Neither breaks the rules: what closes a session here is a lack of memory alone. */
  if (!sim.failed)
    for (guint i = 0; i < 2; i++)
      g_assert_false (sim.users[i].closed);
  if (cuts)
    pipe_cut (sim.pipe);
  else
    wind_down (&sim);
  if (!sim.failed && !cuts)
    g_assert_false (sim.users[0].closed);
  pipe_free (sim.pipe);
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpuint (sim.users[i].n_begun, ==, sim.users[i].n_ended);
    total.requests += sim.users[i].n_begun;
    total.objects += sim.users[i].n_objects;
    total.cut += sim.users[i].n_cut;
    total.datagrams += sim.users[i].n_datagrams;
    total.closed += sim.users[i].closed;
    user_clear (&sim.users[i]);
  }
  ec_moqt_alloc_fails = NULL;
  g_rand_free (sim.random);
}

static void
test_simulation (gconstpointer draft)
{
  const char *rounds = g_getenv ("EC_TEST_ROUNDS");
  const char *first = g_getenv ("EC_TEST_FIRST");
  guint n = rounds ? (guint) atoi (rounds) : ROUNDS;
  guint begin = first ? (guint) atoi (first) : 0;

  for (guint seed = begin; seed < begin + n; seed++) {
    if (g_test_verbose ())
      g_test_message ("seed %u", seed);
    simulate (draft, seed);
  }
  g_test_message ("%u requests, %u objects, %u cut, %u datagrams, %u closed", total.requests,
                  total.objects, total.cut, total.datagrams, total.closed);
  g_assert_cmpuint (total.objects, >, n);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (const EcMoqtDraft *const *draft = ec_moqt_drafts (); *draft; draft++) {
    g_autofree char *path = g_strdup_printf ("/moqt/session/%u/simulation", (*draft)->number);

    g_test_add_data_func (path, *draft, test_simulation);
  }
  return g_test_run ();
}
