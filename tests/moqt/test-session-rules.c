/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-world.h"

#include "moqt/ec-moqt-session-private.h"

/* What the drafts say that an endpoint must do about a peer that does what it must not. */

/* A subgroup of group 0 with one object without payload, as its `n`th stream. */
static void
send_object (World *world, guint n, guint64 subgroup, guint64 object, guint status, gboolean end)
{
  EcMoqtStreamContext context = { 0 };
  EcMoqtItem item = { .location = { 0, object }, .status = status };

  context.head.kind = EC_MOQT_STREAM_SUBGROUP;
  context.head.track_alias = 7;
  context.head.id_mode = EC_MOQT_SUBGROUP_ID_GIVEN;
  context.head.subgroup = subgroup;
  context.head.has_priority = TRUE;
  context.head.end_of_group = end;
  world->draft->write_stream_head (world->bytes, &context.head);
  world->draft->write_item (world->bytes, &context, &item);
  world_flush (world, world_stream (world, TRUE, n), end);
}

/* Objects of the wrong size for their place are no concern here. */
static void
expect_malformed (World *world)
{
  g_assert_false (world->user.closed);
  g_assert_true (g_str_has_suffix (user_take_log (&world->user), "finished:PUBLISH"));
  g_assert_cmpuint (world->user.done, ==, EC_MOQT_DONE_MALFORMED_TRACK);
  world_clear (world);
}

/* A group whose object has no payload. */
static guint64
empty_group (World *world, guint64 object)
{
  EcMoqtName *name = ec_moqt_request_get_name (world->user.last);
  guint64 group = 0;

  while (user_payload_size (name, (EcMoqtLocation){ group, object }) > 0)
    group++;
  return group;
}

/* Places whose objects have no payload, from object `from` on. */
static guint64
empty_place (World *world, guint64 from)
{
  EcMoqtName *name = ec_moqt_request_get_name (world->user.last);

  while (user_payload_size (name, (EcMoqtLocation){ 0, from }) > 0)
    from++;
  return from;
}

static void
test_ends (gconstpointer draft)
{
  World world;
  guint64 a, b;

  /* Behind the last object of a stream whose head says that it has the group's last */
  world_init (&world, draft, TRUE);
  world_publish (&world);
  a = empty_place (&world, 0);
  b = empty_place (&world, a + 1);
  send_object (&world, 1, 0, a, 0, TRUE);
  send_object (&world, 2, 1, b, 0, FALSE);
  expect_malformed (&world);

  /* … the other way round */
  world_init (&world, draft, TRUE);
  world_publish (&world);
  send_object (&world, 2, 1, b, 0, FALSE);
  send_object (&world, 1, 0, a, 0, TRUE);
  expect_malformed (&world);

  /* … by status, of group or track */
  for (guint status = EC_MOQT_OBJECT_END_OF_GROUP; status <= EC_MOQT_OBJECT_END_OF_TRACK; status++)
    for (guint order = 0; order < 2; order++) {
      world_init (&world, draft, TRUE);
      world_publish (&world);
      for (guint i = 0; i < 2; i++)
        if (i == order)
          send_object (&world, 1 + i, i, a, status, FALSE);
        else
          send_object (&world, 1 + i, i, b, 0, FALSE);
      expect_malformed (&world);
    }

  /* All that is right: two subgroups, both of which say the same. */
  world_init (&world, draft, TRUE);
  world_publish (&world);
  send_object (&world, 1, 0, a, 0, FALSE);
  send_object (&world, 2, 1, b, 0, TRUE);
  send_object (&world, 3, 2, b + 1, EC_MOQT_OBJECT_END_OF_GROUP, FALSE);
  send_object (&world, 4, 3, b + 1, EC_MOQT_OBJECT_END_OF_TRACK, FALSE);
  g_assert_cmpuint (world.user.n_ended, ==, 0);
  g_assert_false (world.user.closed);
  world_clear (&world);
}

static void
test_end_of_datagrams (gconstpointer draft)
{
  EcMoqtItem last = { .location = { 0, 1 }, .datagram = TRUE, .end_of_group = TRUE };
  EcMoqtItem behind = { .location = { 0, 2 }, .datagram = TRUE };
  World world;

  world_init (&world, draft, TRUE);
  world_publish (&world);
  last.location.group = behind.location.group = empty_group (&world, 1);
  for (guint i = 0; i < 2; i++) {
    world.draft->write_datagram_head (world.bytes, 7, i == 0 ? &last : &behind);
    ec_moqt_session_datagram (world.session, 1000, world.bytes->data, world.bytes->len);
    g_byte_array_set_size (world.bytes, 0);
  }
  expect_malformed (&world);
}

static void
test_mandatory (gconstpointer draft)
{
  gboolean has = ((const EcMoqtDraft *) draft)->mandatory_properties;
  g_autoptr (EcMoqtProperties) properties = world_make_properties (0x4000);
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  EcMoqtMessage published = { .kind = EC_MOQT_PUBLISH, .name = name, .properties = properties };
  EcMoqtMessage subscribed = { .kind = EC_MOQT_SUBSCRIBE_OK, .properties = properties };
  EcMoqtMessage fetched = { .kind = EC_MOQT_FETCH_OK, .end = { 9, 0 }, .properties = properties };
  EcMoqtItem item = { .datagram = TRUE, .properties = properties };
  EcMoqtRequest *request;
  World world;

  world_init (&world, draft, TRUE);
  world_ask (&world, 0, &published);
  g_assert_cmpstr (world.sent->str, ==, has ? "REQUEST_ERROR(UNSUPPORTED_EXTENSION) " : "");
  g_assert_cmpuint (world.user.n_requested, ==, !has);
  world_clear (&world);

  for (guint i = 0; i < 2; i++) {
    world_init (&world, draft, FALSE);
    request = i == 0 ? ec_moqt_session_subscribe (world.session, name, NULL)
                     : ec_moqt_session_fetch (world.session, name, (EcMoqtLocation){ 0 },
                                              (EcMoqtLocation){ 9, 0 }, NULL);
    user_track (&world.user, request);
    world_answer (&world, request, i == 0 ? &subscribed : &fetched);
    g_assert_false (world.user.closed);
    g_assert_cmpuint (world.user.n_ended, ==, has);
    if (has)
      g_assert_cmpuint (world.user.error, ==, EC_MOQT_ERROR_UNSUPPORTED_EXTENSION);
    world_clear (&world);
  }

  world_init (&world, draft, TRUE);
  world_publish (&world);
  item.location.group = empty_group (&world, 0);
  world.draft->write_datagram_head (world.bytes, 7, &item);
  ec_moqt_session_datagram (world.session, 1000, world.bytes->data, world.bytes->len);
  if (has) {
    expect_malformed (&world);
  } else {
    g_assert_cmpuint (world.user.n_ended, ==, 0);
    world_clear (&world);
  }
}

/* Properties that are wrong in themselves: of the track, not of the session. */
static void
test_properties (gconstpointer draft)
{
  static const guint8 nested[] = { 0x0b, 0x00 }, cut[] = { 0x02 }, gap[] = { 0x3c, 0x01 };
  const EcMoqtProperty lists[][2] = {
    { { .type = 0x0b, .data = nested, .size = sizeof nested }, { .type = 0x10 } },
    { { .type = 0x0b, .data = cut, .size = sizeof cut }, { .type = 0x10 } },
    { { .type = 0x0b }, { .type = 0x0b } },
    { { .type = 0x3c, .number = 5 }, { .type = 0x40 } },
    { { .type = 0x3e, .number = 4 }, { .type = 0x40 } },
    { { .type = 0x3c, .number = 1 }, { .type = 0x3c, .number = 1 } },
    { { .type = 0x3c, .number = 1 }, { .type = 0x0b, .data = gap, .size = sizeof gap } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (lists[i], 2);
    EcMoqtItem item = { .location = { 4, 3 }, .datagram = TRUE, .properties = properties };
    World world;

    world_init (&world, draft, TRUE);
    world_publish (&world);
    world.draft->write_datagram_head (world.bytes, 7, &item);
    ec_moqt_session_datagram (world.session, 1000, world.bytes->data, world.bytes->len);
    expect_malformed (&world);
  }
}

static void
try_setup (gconstpointer draft,
           const EcMoqtConfig *config,
           const char *path,
           const char *authority,
           EcMoqtCloseCode code)
{
  EcMoqtMessage setup = { .kind = EC_MOQT_SETUP, .max_request_id = 10 };
  World world;

  world_begin (&world, draft, config);
  setup.path = (char *) path;
  setup.authority = (char *) authority;
  /* As a client, who alone can write them. */
  world.draft->write_message (world.bytes, FALSE, &setup);
  if (world_is_one (&world) && !config->server)
    world.bytes->data[0] = 0x21;
  world_flush (&world, world_control (&world), FALSE);
  if (code != EC_MOQT_CLOSE_NO_ERROR) {
    world_expect_close (&world, code);
  } else {
    g_assert_true (ec_moqt_session_is_ready (world.session));
    world_clear (&world);
  }
}

static void
test_paths (gconstpointer draft)
{
  static const char *const bad_paths[] = { "live", "/a b", "/%zz", "/%2", "/a#b", "/\xc3\xa9" };
  static const char *const bad_authorities[] = { "a/b", "a?b", "a b", "%", "a\\b" };
  EcMoqtConfig quic = { .server = TRUE };
  EcMoqtConfig web = { .server = TRUE, .webtransport = TRUE };
  EcMoqtConfig client = { 0 };

  try_setup (draft, &quic, "/a/b%20c;d=1?q=/?x", "user@[::1]:443", EC_MOQT_CLOSE_NO_ERROR);
  try_setup (draft, &quic, "", "", EC_MOQT_CLOSE_NO_ERROR);
  try_setup (draft, &quic, "?q", NULL, EC_MOQT_CLOSE_NO_ERROR);
  try_setup (draft, &web, "/a", NULL, EC_MOQT_CLOSE_INVALID_PATH);
  try_setup (draft, &web, NULL, "a", EC_MOQT_CLOSE_INVALID_AUTHORITY);
  try_setup (draft, &client, "/a", NULL, EC_MOQT_CLOSE_INVALID_PATH);
  try_setup (draft, &client, NULL, "a", EC_MOQT_CLOSE_INVALID_AUTHORITY);
  for (guint i = 0; i < G_N_ELEMENTS (bad_paths); i++)
    try_setup (draft, &quic, bad_paths[i], NULL, EC_MOQT_CLOSE_MALFORMED_PATH);
  for (guint i = 0; i < G_N_ELEMENTS (bad_authorities); i++)
    try_setup (draft, &quic, NULL, bad_authorities[i], EC_MOQT_CLOSE_MALFORMED_AUTHORITY);
}

static void
test_fetch_end (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  EcMoqtMessage early = { .kind = EC_MOQT_FETCH_OK, .end = { 4, 0 } };
  EcMoqtMessage subscribed = { .kind = EC_MOQT_SUBSCRIBE_OK };
  EcMoqtParams largest = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                           .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT } };
  EcMoqtRequest *request;
  World world;

  world_init (&world, draft, FALSE);
  request =
      user_track (&world.user, ec_moqt_session_fetch (world.session, name, (EcMoqtLocation){ 5, 0 },
                                                      (EcMoqtLocation){ 9, 0 }, NULL));
  world_answer (&world, request, &early);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  for (guint relative = 0; relative < 2; relative++) {
    world_init (&world, draft, FALSE);
    request = user_track (&world.user, ec_moqt_session_subscribe (world.session, name, &largest));
    world_answer (&world, request, &subscribed);
    request = user_track (
        &world.user, ec_moqt_session_joining_fetch (world.session, request, relative, 5, NULL));
    world_answer (&world, request, &early);
    g_assert_cmpint (world.user.closed, ==, !relative);
    world_clear (&world);
  }
}

/* REQUEST_OK says only what its request is about. */
static void
test_answers (gconstpointer draft)
{
  gboolean strict = ((const EcMoqtDraft *) draft)->strict_params;
  g_autoptr (EcMoqtName) space = user_name ("a/b", NULL);
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  g_autoptr (EcMoqtProperties) properties = world_make_properties (0x40);
  EcMoqtMessage largest = { .kind = EC_MOQT_REQUEST_OK };
  EcMoqtMessage of_track = { .kind = EC_MOQT_REQUEST_OK, .properties = properties };
  EcMoqtRequest *request;
  World world;

  largest.params.has = EC_MOQT_PARAM_LARGEST_OBJECT;
  world_init (&world, draft, FALSE);
  request =
      user_track (&world.user, ec_moqt_session_publish_namespace (world.session, space, NULL));
  world_answer (&world, request, &largest);
  g_assert_cmpint (world.user.closed, ==, strict);
  world_clear (&world);

  for (guint i = 0; i < 3; i++) {
    world_init (&world, draft, FALSE);
    if (i == 0)
      request = ec_moqt_session_track_status (world.session, name, NULL);
    else if (i == 1)
      request = ec_moqt_session_publish_namespace (world.session, space, NULL);
    else
      request = ec_moqt_session_subscribe_namespace (world.session, space, NULL);
    user_track (&world.user, request);
    world_answer (&world, request, &of_track); /* 16 has no room for them */
    g_assert_cmpint (world.user.closed, ==, strict && i > 0);
    if (world.user.closed)
      g_assert_cmphex (world.user.close_code, ==, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
    world_clear (&world);
  }
}

/* REQUEST_UPDATE likewise; and none of a track's status. */
static void
test_updates (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  EcMoqtMessage fetch = { .kind = EC_MOQT_FETCH, .fetch = EC_MOQT_FETCH_STANDALONE, .name = name };
  EcMoqtMessage status = { .kind = EC_MOQT_TRACK_STATUS, .name = name };
  EcMoqtMessage update = { .kind = EC_MOQT_REQUEST_UPDATE, .request_id = 2 };
  World world;

  fetch.end.group = 3;
  update.params.has = EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIBER_PRIORITY;
  world_init (&world, draft, TRUE);
  world_ask (&world, 0, &fetch);
  world_put (&world, &update);
  world_flush (&world, 0, FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  world_init (&world, draft, TRUE);
  world_ask (&world, 0, &status);
  update.params.has = 0;
  world_put (&world, &update);
  world_flush (&world, 0, FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
}

static void
test_namespaces (gconstpointer draft)
{
  g_autoptr (EcMoqtName) space = user_name ("a/b", NULL);
  g_autoptr (EcMoqtName) suffix = user_name ("c", NULL);
  EcMoqtMessage ok = { .kind = EC_MOQT_REQUEST_OK };
  EcMoqtMessage found = { .kind = EC_MOQT_NAMESPACE, .name = suffix };
  EcMoqtMessage done = { .kind = EC_MOQT_NAMESPACE_DONE, .name = suffix };
  EcMoqtRequest *request;
  World world;

  /* In front of the answer; done without having been */
  for (guint i = 0; i < 2; i++) {
    world_init (&world, draft, FALSE);
    request =
        user_track (&world.user, ec_moqt_session_subscribe_namespace (world.session, space, NULL));
    if (i == 1)
      world_answer (&world, request, &ok);
    world_answer (&world, request, i == 0 ? &found : &done);
    world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
  }

  world_init (&world, draft, FALSE);
  request =
      user_track (&world.user, ec_moqt_session_subscribe_namespace (world.session, space, NULL));
  world_answer (&world, request, &ok);
  world_answer (&world, request, &found);
  world_answer (&world, request, &done);
  world_answer (&world, request, &done);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
}

static void
test_redirects (gconstpointer draft)
{
  g_autoptr (EcMoqtName) space = user_name ("a/b", NULL);
  g_autoptr (EcMoqtName) track = user_name ("c", "t");
  EcMoqtMessage elsewhere = { .kind = EC_MOQT_REQUEST_ERROR, .error = EC_MOQT_ERROR_REDIRECT };
  World world;

  if (((const EcMoqtDraft *) draft)->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM)
    return; /* it has none */
  for (guint i = 0; i < 3; i++) {
    EcMoqtRequest *request;

    elsewhere.redirect = i == 1 ? space : track;
    elsewhere.uri = (char *) "moqt://other";
    world_init (&world, draft, FALSE);
    request = i < 2 ? ec_moqt_session_publish_namespace (world.session, space, NULL)
                    : ec_moqt_session_subscribe (world.session, track, NULL);
    user_track (&world.user, request);
    world_answer (&world, request, &elsewhere);
    g_assert_cmpint (world.user.closed, ==, i == 0);
    g_assert_cmpuint (world.user.n_ended, ==, 1);
    world_clear (&world);
  }

  /* A client cannot send a server elsewhere. */
  world_init (&world, draft, TRUE);
  user_track (&world.user, ec_moqt_session_subscribe (world.session, track, NULL));
  world.draft->write_message (world.bytes, TRUE, &elsewhere);
  world_flush (&world, world.last_bidi, FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
}

static void
test_goaway (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  EcMoqtMessage subscribe = { .kind = EC_MOQT_SUBSCRIBE, .name = name };
  EcMoqtMessage goaway = { .kind = EC_MOQT_GOAWAY, .request_id = G_MAXUINT64 };
  World world;

  if (((const EcMoqtDraft *) draft)->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM)
    return; /* it tells no id */
  for (guint server = 0; server < 2; server++) {
    world_init (&world, draft, server);
    world_put (&world, &goaway);
    world_flush (&world, world_control (&world), FALSE);
    world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
  }
  /* On a request's stream it tells none; twice is wrong there too. */
  for (guint i = 0; i < 2; i++) {
    world_init (&world, draft, TRUE);
    world_ask (&world, 0, &subscribe);
    goaway.request_id = i == 0 ? 1 : G_MAXUINT64;
    world_put (&world, &goaway);
    world_flush (&world, 0, FALSE);
    g_assert_cmpint (world.user.closed, ==, i == 0);
    if (i == 1) {
      world_put (&world, &goaway);
      world_flush (&world, 0, FALSE);
    }
    world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
  }
}

static void
test_token_cache (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  g_autoptr (GBytes) value = g_bytes_new_static ("secret", 6);
  EcMoqtMessage status = { .kind = EC_MOQT_TRACK_STATUS, .name = name };
  World world;

  /* 40 bytes: one of 16 + 6, not two */
  status.params.n_tokens = 1;
  status.params.tokens[0] =
      (EcMoqtToken){ .kind = EC_MOQT_TOKEN_REGISTER, .alias = 1, .value = value };
  world_init (&world, draft, TRUE);
  world_ask (&world, 0, &status);
  g_assert_cmpuint (world.user.n_requested, ==, 1);
  status.params.tokens[0].alias = 2;
  world_ask (&world, 1, &status);
  world_expect_close (&world, EC_MOQT_CLOSE_AUTH_TOKEN_CACHE_OVERFLOW);

  /* What was deleted makes room. */
  world_init (&world, draft, TRUE);
  status.params.tokens[0].alias = 1;
  world_ask (&world, 0, &status);
  status.params.tokens[0] = (EcMoqtToken){ .kind = EC_MOQT_TOKEN_DELETE, .alias = 1 };
  world_ask (&world, 1, &status);
  status.params.tokens[0] =
      (EcMoqtToken){ .kind = EC_MOQT_TOKEN_REGISTER, .alias = 2, .value = value };
  world_ask (&world, 2, &status);
  g_assert_cmpuint (world.user.n_requested, ==, 3);
  world_clear (&world);
}

/* §11.5: nothing of it is heard of, and all of it is given back. */
static void
test_padding (gconstpointer draft)
{
  static const guint8 head[] = { 0xf0, 0x13, 0x2b, 0x3e, 0x28 };
  static const guint8 head_16[] = { 0x93, 0x2b, 0x3e, 0x28 };
  static const guint8 datagram[] = { 0xf0, 0x13, 0x2b, 0x3e, 0x29, 0, 0, 0 };
  static const guint8 zeros[1000] = { 0 };
  guint64 before;
  World world;

  world_init (&world, draft, TRUE);
  before = world.consumed;
  if (world_is_one (&world)) { /* a stream that it does not know */
    g_byte_array_append (world.bytes, head_16, sizeof head_16);
    world_flush (&world, 6, FALSE);
    world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);
    return;
  }
  g_byte_array_append (world.bytes, head, sizeof head);
  for (guint i = 0; i < 100; i++) {
    g_byte_array_append (world.bytes, zeros, sizeof zeros);
    world_flush (&world, 6, i == 99);
  }
  g_assert_cmpuint (world.consumed - before, ==, sizeof head + 100 * sizeof zeros);
  ec_moqt_session_datagram (world.session, 1000, datagram, sizeof datagram);
  g_assert_cmpuint (world.session->n_streams, ==, 0);
  g_assert_cmpstr (user_take_log (&world.user), ==, "");
  world_clear (&world);
}

/* §10.2.12: FORWARD is 1 if PUBLISH_OK does not say it, whatever PUBLISH said. */
static void
test_forward (gconstpointer draft)
{
  g_autoptr (EcMoqtName) name = user_name ("a/b", "t");
  EcMoqtParams silent = { .has = EC_MOQT_PARAM_FORWARD };
  EcMoqtMessage ok = { .kind = EC_MOQT_PUBLISH_OK };
  EcMoqtMessage published = { .kind = EC_MOQT_PUBLISH, .name = name, .track_alias = 7 };
  EcMoqtRequest *request;
  World world;

  for (guint said = 0; said < 2; said++) {
    ok.params = said ? silent : (EcMoqtParams){ 0 };
    world_init (&world, draft, FALSE);
    request =
        user_track (&world.user, ec_moqt_session_publish (world.session, name, &silent, NULL));
    g_assert_false (ec_moqt_request_can_send (request));
    world_answer (&world, request, &ok);
    g_assert_cmpint (ec_moqt_request_can_send (request), ==, !said);
    world_clear (&world);
  }

  published.params = silent;
  world_init (&world, draft, TRUE);
  world_ask (&world, 0, &published);
  ec_moqt_request_grant (world.user.last, NULL);
  g_assert_true (ec_moqt_request_get_forward (world.user.last));
  world_clear (&world);
}

/* §11.1: an alias whose subscription is done is free, though streams of it may still come. */
static void
test_alias_again (gconstpointer draft)
{
  g_autoptr (EcMoqtName) other = user_name ("a/b", "other");
  EcMoqtMessage done = { .kind = EC_MOQT_PUBLISH_DONE, .stream_count = 1 };
  EcMoqtMessage published = { .kind = EC_MOQT_PUBLISH, .name = other, .track_alias = 7 };
  EcMoqtRequest *first;
  World world;

  world_init (&world, draft, TRUE);
  world_publish (&world);
  first = world.user.last;
  world_put (&world, &done);
  world_flush (&world, 0, FALSE);
  g_assert_cmpint (first->state, ==, EC_MOQT_REQUEST_DRAINING);
  world_ask (&world, 1, &published);
  g_assert_false (world.user.closed);
  ec_moqt_request_grant (world.user.last, NULL);
  user_take_log (&world.user);
  send_object (&world, 2, 0, empty_place (&world, 0), 0, TRUE);
  g_assert_true (world.user.last != first && world.user.last->n_streams == 1);
  world_clear (&world);
}

int
main (int argc, char **argv)
{
  static const UserTest tests[] = {
    { "ends", test_ends },
    { "end-of-datagrams", test_end_of_datagrams },
    { "mandatory", test_mandatory },
    { "properties", test_properties },
    { "paths", test_paths },
    { "fetch-end", test_fetch_end },
    { "answers", test_answers },
    { "updates", test_updates },
    { "namespaces", test_namespaces },
    { "redirects", test_redirects },
    { "goaway", test_goaway },
    { "token-cache", test_token_cache },
    { "padding", test_padding },
    { "forward", test_forward },
    { "alias-again", test_alias_again },
  };

  g_test_init (&argc, &argv, NULL);
  user_add_tests ("rules/", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
