/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-world.h"

#include "moqt/ec-moqt-session-private.h"

/* What draft 16 says otherwise than 18. Sections are its own. */

#define DRAFT (&ec_moqt_draft_16)

static const EcMoqtParams largest_object = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                                             .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT } };
static const EcMoqtParams next_group = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                                         .filter = { .kind = EC_MOQT_FILTER_NEXT_GROUP } };

static EcMoqtGrant
grant_of (guint64 group, guint64 object)
{
  EcMoqtGrant grant = { 0 };

  grant.params.has = EC_MOQT_PARAM_LARGEST_OBJECT;
  grant.params.largest = (EcMoqtLocation){ group, object };
  return grant;
}

/* The peer subscribes with id 0. */
static EcMoqtRequest *
be_subscribed (World *world, const EcMoqtParams *params)
{
  EcMoqtMessage subscribe = { .kind = EC_MOQT_SUBSCRIBE };

  subscribe.name = user_name ("a/b", "t");
  subscribe.params = *params;
  world_init (world, DRAFT, TRUE);
  world_ask (world, 0, &subscribe);
  ec_moqt_name_unref (subscribe.name);
  return world->user.last;
}

/* … and joins it, one group back; the `n`th request. */
static void
be_joined (World *world, guint n)
{
  EcMoqtMessage fetch = { .kind = EC_MOQT_FETCH, .fetch = EC_MOQT_FETCH_RELATIVE_JOINING };

  fetch.joining_start = 1;
  world_ask (world, n, &fetch);
}

static void
expect_range (World *world)
{
  EcMoqtLocation start, end;

  g_assert_false (world->user.closed);
  g_assert_cmpint (ec_moqt_request_get_kind (world->user.last), ==, EC_MOQT_REQUEST_FETCH);
  g_assert_true (ec_moqt_request_get_range (world->user.last, &start, &end));
  g_assert_cmpuint (start.group, ==, 6);
  g_assert_cmpuint (end.group, ==, 7);
  g_assert_cmpuint (end.object, ==, 4);
}

/* §9.16.2: only what has the Largest Object filter can be joined. */
static void
test_joined (void)
{
  static const EcMoqtParams none;
  const EcMoqtParams *const others[] = { &none, &next_group };
  EcMoqtParams silent = largest_object;
  EcMoqtGrant grant = grant_of (7, 3), later = grant_of (9, 1);
  EcMoqtMessage update = { .kind = EC_MOQT_REQUEST_UPDATE, .request_id = 4 };
  EcMoqtRequest *subscription;
  World world;

  for (guint i = 0; i < 4; i++) {
    subscription = be_subscribed (&world, others[i & 1]);
    if (i & 2)
      ec_moqt_request_grant (subscription, &grant);
    be_joined (&world, 1);
    world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
  }

  /* Whether it forwards is nothing to it; and what was the largest when it began stays so (§5.1). */
  silent.has |= EC_MOQT_PARAM_FORWARD;
  subscription = be_subscribed (&world, &silent);
  ec_moqt_request_grant (subscription, &grant);
  be_joined (&world, 1);
  expect_range (&world);
  update.params.has = EC_MOQT_PARAM_FORWARD;
  update.params.forward = TRUE;
  world_put (&world, &update);
  world_flush (&world, 0, FALSE);
  ec_moqt_request_grant_update (subscription, &later);
  be_joined (&world, 3);
  expect_range (&world);
  world_clear (&world);
}

/* … and so, of others, we fetch what joining them would come to. */
static void
test_joining (void)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  EcMoqtMessage published = { .kind = EC_MOQT_PUBLISH, .name = name, .track_alias = 7 };
  EcMoqtMessage ok = { .kind = EC_MOQT_SUBSCRIBE_OK, .track_alias = 7 };
  EcMoqtMessage updated = { .kind = EC_MOQT_REQUEST_OK };
  EcMoqtParams silent = largest_object, go = { .has = EC_MOQT_PARAM_FORWARD, .forward = TRUE };
  EcMoqtRequest *request;
  World world;

  published.params = grant_of (7, 3).params;
  world_init (&world, DRAFT, FALSE);
  world_ask (&world, 0, &published);
  request = world.user.last;
  ec_moqt_request_grant (request, NULL);
  g_string_truncate (world.sent, 0);
  for (guint relative = 0; relative < 2; relative++)
    user_track (&world.user,
                ec_moqt_session_joining_fetch (world.session, request, relative, 1, NULL));
  g_assert_cmpstr (world.sent->str, ==, "FETCH(1 1/0 7/4) FETCH(1 6/0 7/4) ");
  world_clear (&world);

  world_init (&world, DRAFT, FALSE);
  request = user_track (&world.user, ec_moqt_session_subscribe (world.session, name, &next_group));
  g_assert_null (ec_moqt_session_joining_fetch (world.session, request, TRUE, 1, NULL));
  world_clear (&world);

  /* What is the largest since an update is not what a publisher takes it for. */
  silent.has |= EC_MOQT_PARAM_FORWARD;
  world_init (&world, DRAFT, FALSE);
  request = user_track (&world.user, ec_moqt_session_subscribe (world.session, name, &silent));
  ok.params = grant_of (7, 3).params;
  world_answer (&world, request, &ok);
  g_string_truncate (world.sent, 0);
  user_track (&world.user, ec_moqt_session_joining_fetch (world.session, request, TRUE, 1, NULL));
  g_assert_cmpstr (world.sent->str, ==, "FETCH(2 0/0 0/0) ");
  ec_moqt_request_update (request, &go);
  updated.params = grant_of (9, 1).params;
  updated.request_id = 4;
  world_put (&world, &updated);
  world_flush (&world, 0, FALSE);
  g_string_truncate (world.sent, 0);
  user_track (&world.user, ec_moqt_session_joining_fetch (world.session, request, TRUE, 1, NULL));
  g_assert_cmpstr (world.sent->str, ==, "FETCH(1 8/0 9/2) ");
  world_clear (&world);
}

/* A SUBSCRIBE_NAMESPACE of the peer's, on its `n`th stream. */
static void
ask_namespace (World *world, guint n, const char *prefix, guint interest)
{
  EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE_NAMESPACE, .interest = interest };

  message.name = user_name (prefix, NULL);
  message.request_id = n * 2 - 2;
  world_put (world, &message);
  world_flush (world, world_stream (world, FALSE, n), FALSE);
  ec_moqt_name_unref (message.name);
}

/* §9.25: one prefix may not hold another, whatever is wanted of them. */
static void
test_overlap (void)
{
  static const guint interests[] = { EC_MOQT_INTEREST_NAMESPACES, EC_MOQT_INTEREST_TRACKS };
  World world;

  for (guint i = 0; i < 2; i++) {
    world_init (&world, DRAFT, TRUE);
    ask_namespace (&world, 1, "a/b", interests[i]);
    ask_namespace (&world, 2, "a/c", interests[1 - i]);
    g_assert_cmpuint (world.user.n_requested, ==, 2);
    ask_namespace (&world, 3, "a/b/c", interests[1 - i]);
    g_assert_cmpuint (world.user.n_requested, ==, 2);
    g_assert_cmpstr (world.sent->str, ==, "REQUEST_ERROR(PREFIX_OVERLAP) ");
    world_clear (&world);
  }
}

/* §2.4.1: a namespace without fields ends the session of who says it, though another draft may know it. */
static void
test_empty_namespace (void)
{
  EcMoqtField field = { (const guint8 *) "t", 1 };
  g_autoptr (EcMoqtName) track = ec_moqt_name_new (NULL, 0, &field);
  g_autoptr (EcMoqtName) space = ec_moqt_name_new (NULL, 0, NULL);
  g_autoptr (EcMoqtName) some = user_name ("a", NULL);
  EcMoqtMessage asked = { .kind = EC_MOQT_SUBSCRIBE_NAMESPACE, .name = space };
  EcMoqtLocation end = { 3, 0 };
  World world;

  world_init (&world, DRAFT, TRUE);
  g_assert_null (ec_moqt_session_subscribe (world.session, track, NULL));
  g_assert_null (ec_moqt_session_publish (world.session, track, NULL, NULL));
  g_assert_null (ec_moqt_session_fetch (world.session, track, (EcMoqtLocation){ 0 }, end, NULL));
  g_assert_null (ec_moqt_session_track_status (world.session, track, NULL));
  g_assert_null (ec_moqt_session_publish_namespace (world.session, space, NULL));
  user_track (&world.user, ec_moqt_session_subscribe_namespace (world.session, space, NULL));
  g_string_truncate (world.sent, 0);

  asked.interest = EC_MOQT_INTEREST_NAMESPACES;
  world_put (&world, &asked);
  world_flush (&world, 4, FALSE);
  ec_moqt_request_grant (world.user.last, NULL);
  ec_moqt_request_send_namespace (world.user.last, space);
  ec_moqt_request_send_namespace (world.user.last, some);
  g_assert_cmpstr (world.sent->str, ==, "REQUEST_OK NAMESPACE ");
  world_clear (&world);
}

/* §9: what belongs on the one stream has no place on the other. */
static void
test_places (void)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  g_autoptr (EcMoqtName) space = user_name ("a/b", NULL);
  EcMoqtMessage goaway = { .kind = EC_MOQT_GOAWAY };
  EcMoqtMessage refused = { .kind = EC_MOQT_REQUEST_ERROR };
  EcMoqtMessage found = { .kind = EC_MOQT_NAMESPACE, .name = space };
  EcMoqtMessage update = { .kind = EC_MOQT_REQUEST_UPDATE, .request_id = 2 };
  EcMoqtRequest *request;
  World world;

  world_init (&world, DRAFT, TRUE);
  ask_namespace (&world, 1, "a/b", EC_MOQT_INTEREST_NAMESPACES);
  world_put (&world, &goaway);
  world_flush (&world, 4, FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  /* Even when there was a request with id 0 */
  world_init (&world, DRAFT, FALSE);
  request = user_track (&world.user, ec_moqt_session_subscribe (world.session, name, NULL));
  world_answer (&world, request, &refused);
  world_put (&world, &found);
  world_flush (&world, 0, FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  world_init (&world, DRAFT, TRUE);
  ask_namespace (&world, 1, "a/b", EC_MOQT_INTEREST_NAMESPACES);
  update.existing_request_id = 2;
  world_put (&world, &update);
  world_flush (&world, 4, FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
}

/* No section says on which stream an update of a SUBSCRIBE_NAMESPACE is answered. */
static void
test_answered_update (void)
{
  g_autoptr (EcMoqtName) space = user_name ("a/b", NULL);
  EcMoqtMessage ok = { .kind = EC_MOQT_REQUEST_OK };
  EcMoqtParams go = { .has = EC_MOQT_PARAM_FORWARD, .forward = TRUE };
  EcMoqtParams move = { .has = EC_MOQT_PARAM_NAMESPACE_PREFIX };
  EcMoqtRequest *request;
  World world;

  for (guint own = 0; own < 2; own++) {
    world_init (&world, DRAFT, FALSE);
    request =
        user_track (&world.user, ec_moqt_session_subscribe_namespace (world.session, space, NULL));
    world_answer (&world, request, &ok);
    user_take_log (&world.user);
    ec_moqt_request_update (request, &go);
    ok.request_id = 2;
    world_put (&world, &ok);
    world_flush (&world, own ? world.last_bidi : 0, FALSE);
    g_assert_cmpstr (user_take_log (&world.user), ==, "updated:SUBSCRIBE_NAMESPACE");

    /* A prefix cannot be moved: it is what the peer knows of. */
    move.namespace_prefix = user_name ("c", NULL);
    ec_moqt_request_update (request, &move);
    ok.request_id = 4;
    world_put (&world, &ok);
    world_flush (&world, 0, FALSE);
    g_assert_true (ec_moqt_name_equal (ec_moqt_request_get_name (request), space));
    g_clear_pointer (&move.namespace_prefix, ec_moqt_name_unref);

    world_put (&world, &ok);
    world_flush (&world, world.last_bidi, FALSE);
    world_expect_close (&world, EC_MOQT_CLOSE_INVALID_REQUEST_ID);
  }
}

/* §9.11: ids tell what is answered; of a request and its update, no section says which is first. */
static void
test_update_answered_first (void)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  EcMoqtMessage first = { .request_id = 2 };
  EcMoqtMessage then = { .kind = EC_MOQT_SUBSCRIBE_OK, .track_alias = 7 };
  EcMoqtParams go = { .has = EC_MOQT_PARAM_FORWARD, .forward = TRUE };
  EcMoqtRequest *request;
  World world;

  for (guint refused = 0; refused < 2; refused++) {
    world_init (&world, DRAFT, FALSE);
    request = user_track (&world.user, ec_moqt_session_subscribe (world.session, name, NULL));
    ec_moqt_request_update (request, &go);
    g_assert_cmpstr (world.sent->str, ==, "SUBSCRIBE REQUEST_UPDATE ");
    first.kind = refused ? EC_MOQT_REQUEST_ERROR : EC_MOQT_REQUEST_OK;
    world_put (&world, &first);
    world_flush (&world, 0, FALSE);
    g_assert_false (world.user.closed);
    world_answer (&world, request, &then);
    g_assert_cmpstr (user_take_log (&world.user), ==,
                     refused ? "update_refused:SUBSCRIBE granted:SUBSCRIBE"
                             : "updated:SUBSCRIBE granted:SUBSCRIBE");
    world_clear (&world);
  }
}

/* §9.2.2.1: what is registered counts, though the request is over; and its id makes room for another (§9.5). */
static void
test_late_update (void)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  g_autoptr (GBytes) value = g_bytes_new_static ("secret", 6);
  EcMoqtConfig config = { .server = TRUE };
  EcMoqtMessage status = { .kind = EC_MOQT_TRACK_STATUS, .name = name };
  EcMoqtMessage update = { .kind = EC_MOQT_REQUEST_UPDATE, .request_id = 2 };
  World world;

  config.limits.max_auth_token_cache = 40;
  config.limits.max_requests = 4;
  world_init_full (&world, DRAFT, &config);
  world_ask (&world, 0, &status);
  user_untrack (&world.user, world.user.last);
  ec_moqt_request_grant (world.user.last, NULL);
  g_string_truncate (world.sent, 0);

  update.params.n_tokens = 1;
  update.params.tokens[0] =
      (EcMoqtToken){ .kind = EC_MOQT_TOKEN_REGISTER, .alias = 1, .value = value };
  world_put (&world, &update);
  world_flush (&world, 0, FALSE);
  g_assert_cmpstr (world.sent->str, ==, "REQUEST_ERROR(DOES_NOT_EXIST) MAX_REQUEST_ID ");

  status.params.n_tokens = 1;
  status.params.tokens[0] = (EcMoqtToken){ .kind = EC_MOQT_TOKEN_USE_ALIAS, .alias = 1 };
  world_ask (&world, 2, &status);
  g_assert_cmpuint (world.user.n_requested, ==, 2);
  world_clear (&world);
}

/* §9.11: each is answered once, though its request ends before. */
static void
test_unanswered_updates (void)
{
  static const EcMoqtParams none;
  static const char *const sent[] = {
    "REQUEST_ERROR(UNAUTHORIZED) REQUEST_ERROR(DOES_NOT_EXIST) REQUEST_ERROR(DOES_NOT_EXIST) ",
    "PUBLISH_DONE REQUEST_ERROR(DOES_NOT_EXIST) REQUEST_ERROR(DOES_NOT_EXIST) ",
    "REQUEST_ERROR(UNAUTHORIZED) PUBLISH_DONE REQUEST_ERROR(DOES_NOT_EXIST) ",
    "REQUEST_ERROR(DOES_NOT_EXIST) REQUEST_ERROR(DOES_NOT_EXIST) ",
  };
  EcMoqtMessage update = { .kind = EC_MOQT_REQUEST_UPDATE };
  EcMoqtMessage unsubscribe = { .kind = EC_MOQT_UNSUBSCRIBE };
  EcMoqtRequest *request;
  World world;

  for (guint i = 0; i < G_N_ELEMENTS (sent); i++) {
    request = be_subscribed (&world, &none);
    if (i > 0)
      ec_moqt_request_grant (request, NULL);
    for (guint id = 2; id <= 4; id += 2) {
      update.request_id = id;
      world_put (&world, &update);
    }
    world_flush (&world, 0, FALSE);
    g_string_truncate (world.sent, 0);
    if (i < 3)
      user_untrack (&world.user, request);
    if (i == 0)
      ec_moqt_request_refuse (request, EC_MOQT_ERROR_UNAUTHORIZED, "no");
    else if (i == 1)
      ec_moqt_request_finish (request, EC_MOQT_DONE_TRACK_ENDED, "");
    else if (i == 2)
      ec_moqt_request_refuse_update (request, EC_MOQT_ERROR_UNAUTHORIZED, "no");
    else
      world_put (&world, &unsubscribe);
    world_flush (&world, 0, FALSE);
    g_assert_cmpstr (world.sent->str, ==, sent[i]);
    g_assert_cmpuint (world.session->n_peer_updates, ==, 0);
    world_clear (&world);
  }
}

/* Updates of what is ours give their ids back, too. */
static void
test_credit_of_updates (void)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  EcMoqtConfig config = { .server = TRUE };
  EcMoqtMessage ok = { .kind = EC_MOQT_PUBLISH_OK };
  EcMoqtMessage update = { .kind = EC_MOQT_REQUEST_UPDATE, .existing_request_id = 1 };
  EcMoqtRequest *request;
  World world;

  config.limits.max_requests = 4;
  world_init_full (&world, DRAFT, &config);
  request = user_track (&world.user, ec_moqt_session_publish (world.session, name, NULL, NULL));
  ok.request_id = 1;
  world_put (&world, &ok);
  world_put (&world, &update);
  world_flush (&world, 0, FALSE);
  g_string_truncate (world.sent, 0);
  user_untrack (&world.user, request);
  ec_moqt_request_refuse_update (request, EC_MOQT_ERROR_NOT_SUPPORTED, "no");
  g_assert_cmpstr (world.sent->str, ==,
                   "REQUEST_ERROR(NOT_SUPPORTED) PUBLISH_DONE MAX_REQUEST_ID ");
  world_clear (&world);
}

/* §9.3.1.5: only a client cannot know how much room there is for its tokens. */
static void
test_setup_tokens (void)
{
  static const guint8 zeros[30];
  g_autoptr (GBytes) value = g_bytes_new_static (zeros, sizeof zeros);
  EcMoqtMessage setup = { .kind = EC_MOQT_SETUP };

  setup.params.n_tokens = 1;
  setup.params.tokens[0] =
      (EcMoqtToken){ .kind = EC_MOQT_TOKEN_REGISTER, .alias = 1, .value = value };
  for (guint server = 0; server < 2; server++) {
    EcMoqtConfig config = { .server = server };
    World world;

    config.limits.max_auth_token_cache = 40;
    world_begin (&world, DRAFT, &config);
    world_put (&world, &setup);
    world_flush (&world, 0, FALSE);
    if (server) {
      g_assert_cmpstr (user_take_log (&world.user), ==, "ready");
      world_clear (&world);
    } else {
      world_expect_close (&world, EC_MOQT_CLOSE_AUTH_TOKEN_CACHE_OVERFLOW);
    }
  }
}

/* §9.1: ids come in order, but for those on streams of their own, which may be late. */
static void
test_late_streams (void)
{
  EcMoqtMessage subscribe = { .kind = EC_MOQT_SUBSCRIBE };
  World world;

  subscribe.name = user_name ("a/b", "t");
  for (guint missing = 200; missing <= 257; missing += 57) {
    world_init (&world, DRAFT, TRUE);
    world_ask (&world, missing, &subscribe);
    g_assert_cmpint (world.user.closed, ==, missing > 256);
    for (guint i = 1; i <= 3 && missing == 200; i++) {
      g_autofree char *prefix = g_strdup_printf ("%u", i);

      ask_namespace (&world, i, prefix, EC_MOQT_INTEREST_TRACKS);
      g_assert_cmpuint (world.user.n_requested, ==, 1 + i);
    }
    world_clear (&world);
  }
  ec_moqt_name_unref (subscribe.name);

  /* §9.11: nor is an update in front of its request one of a request that does not exist. */
  for (guint existing = 0; existing <= 4; existing += 4) {
    EcMoqtMessage update = { .kind = EC_MOQT_REQUEST_UPDATE, .request_id = 2 };

    update.existing_request_id = existing;
    world_init (&world, DRAFT, TRUE);
    world_put (&world, &update);
    world_flush (&world, 0, FALSE);
    if (existing > 0) {
      world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
      continue;
    }
    g_assert_cmpstr (world.sent->str, ==, "REQUEST_ERROR(DOES_NOT_EXIST) ");
    ask_namespace (&world, 1, "a", EC_MOQT_INTEREST_TRACKS);
    g_assert_cmpuint (world.user.n_requested, ==, 1);
    world_clear (&world);
  }
}

/* §1.3: what a relay has from a peer of a later draft, and this one has no numbers for: written as another number it would be
 * another object, or end the session. */
static void
test_large_ids (void)
{
  static const guint64 large = G_GUINT64_CONSTANT (1) << 62;
  const EcMoqtObject objects[] = {
    { .location = { large, 0 } },
    { .location = { 0, large } },
    { .location = { 0, 0 }, .subgroup = large },
    { .location = { large - 1, large - 1 }, .subgroup = large - 1 },
  };
  EcMoqtMessage fetch = { .kind = EC_MOQT_FETCH, .fetch = EC_MOQT_FETCH_STANDALONE };
  EcMoqtRequest *request;
  EcMoqtStream *stream;
  World world;

  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    gboolean can = i == 3;

    request = be_subscribed (&world, &next_group);
    ec_moqt_request_grant (request, NULL);
    g_assert_cmpint (i == 2 || ec_moqt_request_send_datagram (request, &objects[i], NULL), ==,
                     i == 2 || can);
    world.n_data = 0;
    user_take_log (&world.user);
    stream = user_track_stream (
        &world.user, ec_moqt_request_open_subgroup (request, objects[i].location.group,
                                                    objects[i].subgroup, 1, FALSE, FALSE, TRUE));
    ec_moqt_stream_write_object (stream, &objects[i], NULL);
    ec_moqt_session_timer (world.session, 1000);
    g_assert_cmpstr (user_take_log (&world.user), ==, can ? "" : "stopped");
    g_assert_cmpint (world.n_data > 0, ==, can);
    world_clear (&world);
  }

  fetch.name = user_name ("a/b", "t");
  fetch.end.group = large - 1;
  world_init (&world, DRAFT, TRUE);
  world_ask (&world, 0, &fetch);
  ec_moqt_name_unref (fetch.name);
  ec_moqt_request_grant (world.user.last, NULL);
  stream = user_track_stream (&world.user, ec_moqt_request_open_fetch (world.user.last));
  ec_moqt_stream_write_range (stream, objects[1].location, TRUE);
  g_assert_cmpuint (world.n_data, ==, 0);
  world_clear (&world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/moqt/session/draft-16/joined", test_joined);
  g_test_add_func ("/moqt/session/draft-16/joining", test_joining);
  g_test_add_func ("/moqt/session/draft-16/overlap", test_overlap);
  g_test_add_func ("/moqt/session/draft-16/empty-namespace", test_empty_namespace);
  g_test_add_func ("/moqt/session/draft-16/places", test_places);
  g_test_add_func ("/moqt/session/draft-16/answered-update", test_answered_update);
  g_test_add_func ("/moqt/session/draft-16/update-answered-first", test_update_answered_first);
  g_test_add_func ("/moqt/session/draft-16/late-update", test_late_update);
  g_test_add_func ("/moqt/session/draft-16/unanswered-updates", test_unanswered_updates);
  g_test_add_func ("/moqt/session/draft-16/credit-of-updates", test_credit_of_updates);
  g_test_add_func ("/moqt/session/draft-16/setup-tokens", test_setup_tokens);
  g_test_add_func ("/moqt/session/draft-16/late-streams", test_late_streams);
  g_test_add_func ("/moqt/session/draft-16/large-ids", test_large_ids);
  return g_test_run ();
}
