/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-world.h"

#include "moqt/ec-moqt-session-private.h"

/* A server whose peer breaks the rules, or wants all that there is. */

static void
init (World *world, gconstpointer draft, const EcMoqtLimits *limits)
{
  EcMoqtConfig config = { .server = TRUE };

  if (limits)
    config.limits = *limits;
  world_init_full (world, draft, &config);
}

/* On the `n`th stream of its own, where requests have those. */
static void
subscribe (World *world, guint n, guint64 id, const char *track)
{
  EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE, .request_id = id };

  message.name = user_name ("a/b", track);
  world_put (world, &message);
  ec_moqt_name_unref (message.name);
  world_flush (world, world_is_one (world) ? world_control (world) : world_stream (world, FALSE, n),
               FALSE);
}

static void
put_subgroup (World *world, guint64 alias, EcMoqtStreamContext *context)
{
  *context = (EcMoqtStreamContext){ 0 };
  context->head.kind = EC_MOQT_STREAM_SUBGROUP;
  context->head.track_alias = alias;
  context->head.has_priority = TRUE;
  world->draft->write_stream_head (world->bytes, &context->head);
}

static void
test_ids (gconstpointer draft)
{
  EcMoqtLimits limits = { .max_requests = 8 };
  World world;

  init (&world, draft, NULL);
  subscribe (&world, 0, 1, "t");
  world_expect_close (&world, EC_MOQT_CLOSE_INVALID_REQUEST_ID);

  init (&world, draft, NULL);
  subscribe (&world, 0, 0, "t");
  subscribe (&world, 10, 0, "u");
  world_expect_close (&world, EC_MOQT_CLOSE_INVALID_REQUEST_ID);

  init (&world, draft, &limits);
  for (guint i = 0; i < 40 && !world.user.closed; i++) {
    g_autofree char *track = g_strdup_printf ("t%u", i);

    subscribe (&world, i, i * 2, track);
  }
  g_assert_cmpuint (world.user.n_requested, ==, 8);
  if (world.session->draft->request_credit) {
    world_expect_close (&world, EC_MOQT_CLOSE_TOO_MANY_REQUESTS);
  } else {
    g_assert_cmpuint (world.n_errors, ==, 32);
    g_assert_cmpuint (world.error, ==, EC_MOQT_ERROR_EXCESSIVE_LOAD);
    world_clear (&world);
  }
}

/* Streams of a track that nobody has heard of. */
static void
test_stream_flood (gconstpointer draft)
{
  guint8 junk[2000] = { 0 };
  EcMoqtStreamContext context;
  World world;

  init (&world, draft, NULL);
  for (guint i = 0; i < 5000; i++) {
    put_subgroup (&world, 99, &context);
    for (guint j = 0; j < 20; j++)
      g_byte_array_append (world.bytes, junk, sizeof junk);
    world_flush (&world, i * 4 + 6, FALSE);
    g_assert_cmpuint (world.session->n_waiting, <=, 64);
    g_assert_cmpuint (world.session->waiting_bytes, <=, EC_MOQT_MAX_WAITING_BYTES);
  }
  g_assert_false (world.user.closed);
  g_assert_cmpuint (world.n_stopped, >=, 5000 - 64);
  /* They do not wait for ever. */
  ec_moqt_session_timer (world.session, 20 * G_USEC_PER_SEC);
  g_assert_cmpuint (world.session->n_waiting, ==, 0);
  g_assert_cmpuint (world.session->n_streams, ==, 0);
  world_clear (&world);
}

/* The first byte of a long message, on and on; and each byte by itself. */
static void
test_half_messages (gconstpointer draft)
{
  EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE };
  g_autoptr (GByteArray) whole = g_byte_array_new ();
  g_autofree char *track = g_strnfill (4000, 'x');
  World world;

  init (&world, draft, NULL);
  message.name = user_name ("a/b", track);
  world.draft->write_message (whole, FALSE, &message);
  for (guint i = 0; i < whole->len; i++)
    ec_moqt_session_stream_data (world.session, 1000, world_is_one (&world) ? 0 : 4,
                                 whole->data + i, 1, FALSE);
  g_assert_cmpstr (user_take_log (&world.user), ==, "requested:SUBSCRIBE");
  g_assert_cmpuint (world.session->control_buffered, ==, 0);
  if (!world_is_one (&world)) {
    for (guint i = 0; i < 1000 && !world.user.closed; i++)
      ec_moqt_session_stream_data (world.session, 1000, 8 + i * 4, whole->data, whole->len - 1,
                                   FALSE);
    g_assert_true (world.user.closed);
    g_assert_cmpuint (world.session->control_buffered, ==, 0);
  }
  ec_moqt_name_unref (message.name);
  world_clear (&world);
}

static void
test_objects (gconstpointer draft)
{
  EcMoqtLimits limits = { .max_object_size = 1000 };
  EcMoqtItem item = { .size = 5 };
  EcMoqtStreamContext context;
  World world;

  /* FIN within an object */
  init (&world, draft, NULL);
  world_publish (&world);
  put_subgroup (&world, 7, &context);
  item.location.object = 1000;
  do
    item.size = user_payload_size (ec_moqt_request_get_name (world.user.last), item.location);
  while (item.size == 0 && ++item.location.object);
  world.draft->write_item (world.bytes, &context, &item);
  world_flush (&world, 6, TRUE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  /* Too large */
  init (&world, draft, &limits);
  world_publish (&world);
  put_subgroup (&world, 7, &context);
  item.size = 1001;
  world.draft->write_item (world.bytes, &context, &item);
  world_flush (&world, 6, FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  /* Behind the end of its group: the track is broken, not the session. */
  init (&world, draft, NULL);
  world_publish (&world);
  put_subgroup (&world, 7, &context);
  item = (EcMoqtItem){ .location = { 0, 3 }, .status = EC_MOQT_OBJECT_END_OF_GROUP };
  world.draft->write_item (world.bytes, &context, &item);
  item = (EcMoqtItem){ .location = { 0, 4 }, .status = EC_MOQT_OBJECT_END_OF_GROUP };
  world.draft->write_item (world.bytes, &context, &item);
  world_flush (&world, 6, FALSE);
  g_assert_cmpstr (user_take_log (&world.user), ==,
                   "opened:PUBLISH object ended reset finished:PUBLISH");
  g_assert_cmpuint (world.user.done, ==, EC_MOQT_DONE_MALFORMED_TRACK);

  /* What still comes for it is thrown away. */
  world.n_stopped = 0;
  put_subgroup (&world, 7, &context);
  world_flush (&world, 10, FALSE);
  g_assert_cmpuint (world.n_stopped, ==, 1);
  world_clear (&world);
}

static void
test_rules (gconstpointer draft)
{
  static const guint8 unknown[] = { 0x3f, 0x00, 0x00 };
  EcMoqtMessage goaway = { .kind = EC_MOQT_GOAWAY, .request_id = 1 };
  EcMoqtMessage setup = { .kind = EC_MOQT_SETUP };
  World world;

  init (&world, draft, NULL);
  g_byte_array_append (world.bytes, unknown, sizeof unknown);
  world_flush (&world, 6, FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  init (&world, draft, NULL);
  world_flush (&world, world_control (&world), TRUE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  init (&world, draft, NULL);
  world_put (&world, &setup);
  world_flush (&world, world_control (&world), FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  init (&world, draft, NULL);
  world_put (&world, &goaway);
  world_put (&world, &goaway);
  world_flush (&world, world_control (&world), FALSE);
  world_expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  /* One alias for two tracks */
  init (&world, draft, NULL);
  world_publish (&world);
  {
    EcMoqtMessage message = { .kind = EC_MOQT_PUBLISH, .track_alias = 7 };

    message.name = user_name ("a/b", "another");
    world_ask (&world, 1, &message);
    ec_moqt_name_unref (message.name);
  }
  world_expect_close (&world, EC_MOQT_CLOSE_DUPLICATE_TRACK_ALIAS);
}

/* Reserved namespaces do not exist; up to 16 there are none. */
static void
test_reserved (gconstpointer draft)
{
  EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE };
  World world;

  init (&world, draft, NULL);
  message.name = user_name (".session/x", "t");
  world_ask (&world, 0, &message);
  ec_moqt_name_unref (message.name);
  g_assert_cmpuint (world.user.n_requested, ==, world_is_one (&world));
  if (!world_is_one (&world))
    g_assert_cmpuint (world.error, ==, EC_MOQT_ERROR_DOES_NOT_EXIST);
  world_clear (&world);
}

int
main (int argc, char **argv)
{
  static const UserTest tests[] = {
    { "ids", test_ids },
    { "stream-flood", test_stream_flood },
    { "half-messages", test_half_messages },
    { "objects", test_objects },
    { "rules", test_rules },
    { "reserved", test_reserved },
  };

  g_test_init (&argc, &argv, NULL);
  user_add_tests ("hostile/", tests, G_N_ELEMENTS (tests));
  return g_test_run ();
}
