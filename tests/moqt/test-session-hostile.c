/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-user.h"

#include "moqt/ec-moqt-session-private.h"

#include <string.h>

/* A server whose peer breaks the rules, or wants all that there is. The peer is this file: it writes by the codec. */

typedef struct {
  const EcMoqtDraft *draft;
  EcMoqtSession *session;
  User user;
  gint64 opened;
  guint n_stopped, n_reset, n_errors;
  guint64 consumed;
  GByteArray *bytes; /* to be sent */
} World;

static gint64
io_open (gpointer data, gboolean uni)
{
  return ((World *) data)->opened++ * 4 + (uni ? 3 : 1);
}

static void
io_priority (gpointer data, gint64 id, guint32 level, guint32 flow, guint64 order)
{
}

static void
io_write (gpointer data,
          gint64 id,
          const guint8 *head,
          gsize head_size,
          EcPayload *payload,
          gsize offset,
          gsize size,
          gboolean fin)
{
  World *world = data;
  EcReader reader;

  ec_reader_init (&reader, head, head_size);
  while (ec_reader_left (&reader) > 0) {
    g_auto (EcMoqtMessage) message = { 0 };
    EcMoqtProblem problem;

    g_assert_cmpint (world->draft->read_message (&reader, TRUE, &message, &problem), ==,
                     EC_MOQT_READ_DONE);
    if (message.kind == EC_MOQT_REQUEST_ERROR) {
      world->n_errors++;
      world->user.error = message.error;
    }
  }
}

static void
io_reset (gpointer data, gint64 id, guint64 code)
{
  ((World *) data)->n_reset++;
}

static void
io_stop (gpointer data, gint64 id, guint64 code)
{
  ((World *) data)->n_stopped++;
}

static void
io_consume (gpointer data, gint64 id, gsize size)
{
  ((World *) data)->consumed += size;
}

static gsize
io_unsent (gpointer data, gint64 id)
{
  return 0;
}

static void
io_timer (gpointer data, guint64 at_us)
{
}

static void
io_datagram (gpointer data, const guint8 *head, gsize head_size, EcPayload *payload)
{
}

static gsize
io_max_datagram (gpointer data)
{
  return 1200;
}

static void
io_close (gpointer data, guint64 code, const char *reason)
{
}

static const EcMoqtIo io = { io_open,   io_priority,     io_write,    io_reset, io_stop, io_consume,
                             io_unsent, io_max_datagram, io_datagram, io_timer, io_close };

static gboolean
is_one (World *world)
{
  return world->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM;
}

static gint64
control (World *world)
{
  return is_one (world) ? 0 : 2;
}

static void
put (World *world, const EcMoqtMessage *message)
{
  world->draft->write_message (world->bytes, FALSE, message);
}

static void
flush (World *world, gint64 id, gboolean fin)
{
  ec_moqt_session_stream_data (world->session, 1000, id, world->bytes->data, world->bytes->len,
                               fin);
  g_byte_array_set_size (world->bytes, 0);
}

static void
world_init (World *world, gconstpointer draft, const EcMoqtLimits *limits)
{
  EcMoqtConfig config = { .server = TRUE };
  EcMoqtMessage setup = { .kind = EC_MOQT_SETUP, .max_request_id = 1000 };

  memset (world, 0, sizeof *world);
  if (limits)
    config.limits = *limits;
  user_init (&world->user);
  world->draft = draft;
  world->bytes = g_byte_array_new ();
  world->session = ec_moqt_session_new (draft, &config, &io, world, &user_events, &world->user, 1);
  world->user.session = world->session;
  ec_moqt_session_start (world->session, 1);
  put (world, &setup);
  flush (world, control (world), FALSE);
  g_assert_cmpstr (user_take_log (&world->user), ==, "ready");
}

static void
world_clear (World *world)
{
  ec_moqt_session_free (world->session);
  user_clear (&world->user);
  g_byte_array_unref (world->bytes);
}

static void
expect_close (World *world, EcMoqtCloseCode code)
{
  g_assert_true (world->user.closed);
  g_assert_cmphex (world->user.close_code, ==, code);
  world_clear (world);
}

static void
subscribe (World *world, guint64 id, const char *track)
{
  EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE, .request_id = id };

  message.name = user_name ("a/b", track);
  put (world, &message);
  ec_moqt_name_unref (message.name);
  flush (world, is_one (world) ? 0 : (gint64) (4 + id / 2 * 4), FALSE);
}

/* The peer publishes, with alias 7; granted. */
static void
publish (World *world)
{
  EcMoqtMessage message = { .kind = EC_MOQT_PUBLISH, .track_alias = 7 };

  message.name = user_name ("a/b", "t");
  put (world, &message);
  ec_moqt_name_unref (message.name);
  flush (world, is_one (world) ? 0 : 4, FALSE);
  g_assert_cmpstr (user_take_log (&world->user), ==, "requested:PUBLISH");
  ec_moqt_request_grant (world->user.last, NULL);
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

  world_init (&world, draft, NULL);
  subscribe (&world, 1, "t");
  expect_close (&world, EC_MOQT_CLOSE_INVALID_REQUEST_ID);

  world_init (&world, draft, NULL);
  subscribe (&world, 0, "t");
  {
    EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE };

    message.name = user_name ("a/b", "u");
    put (&world, &message);
    ec_moqt_name_unref (message.name);
    flush (&world, is_one (&world) ? 0 : 40, FALSE);
  }
  expect_close (&world, EC_MOQT_CLOSE_INVALID_REQUEST_ID);

  world_init (&world, draft, &limits);
  for (guint i = 0; i < 40 && !world.user.closed; i++) {
    g_autofree char *track = g_strdup_printf ("t%u", i);

    subscribe (&world, i * 2, track);
  }
  g_assert_cmpuint (world.user.n_requested, ==, 8);
  if (world.session->draft->request_credit) {
    expect_close (&world, EC_MOQT_CLOSE_TOO_MANY_REQUESTS);
  } else {
    g_assert_cmpuint (world.n_errors, ==, 32);
    g_assert_cmpuint (world.user.error, ==, EC_MOQT_ERROR_EXCESSIVE_LOAD);
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

  world_init (&world, draft, NULL);
  for (guint i = 0; i < 5000; i++) {
    put_subgroup (&world, 99, &context);
    for (guint j = 0; j < 20; j++)
      g_byte_array_append (world.bytes, junk, sizeof junk);
    flush (&world, i * 4 + 6, FALSE);
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

  world_init (&world, draft, NULL);
  message.name = user_name ("a/b", track);
  world.draft->write_message (whole, FALSE, &message);
  for (guint i = 0; i < whole->len; i++)
    ec_moqt_session_stream_data (world.session, 1000, is_one (&world) ? 0 : 4, whole->data + i, 1,
                                 FALSE);
  g_assert_cmpstr (user_take_log (&world.user), ==, "requested:SUBSCRIBE");
  g_assert_cmpuint (world.session->control_buffered, ==, 0);
  if (!is_one (&world)) {
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
  world_init (&world, draft, NULL);
  publish (&world);
  put_subgroup (&world, 7, &context);
  item.location.object = 1000;
  do
    item.size = user_payload_size (ec_moqt_request_get_name (world.user.last), item.location);
  while (item.size == 0 && ++item.location.object);
  world.draft->write_item (world.bytes, &context, &item);
  flush (&world, 6, TRUE);
  expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  /* Too large */
  world_init (&world, draft, &limits);
  publish (&world);
  put_subgroup (&world, 7, &context);
  item.size = 1001;
  world.draft->write_item (world.bytes, &context, &item);
  flush (&world, 6, FALSE);
  expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  /* Behind the end of its group: the track is broken, not the session. */
  world_init (&world, draft, NULL);
  publish (&world);
  put_subgroup (&world, 7, &context);
  item = (EcMoqtItem){ .location = { 0, 3 }, .status = EC_MOQT_OBJECT_END_OF_GROUP };
  world.draft->write_item (world.bytes, &context, &item);
  item = (EcMoqtItem){ .location = { 0, 4 }, .status = EC_MOQT_OBJECT_END_OF_GROUP };
  world.draft->write_item (world.bytes, &context, &item);
  flush (&world, 6, FALSE);
  g_assert_cmpstr (user_take_log (&world.user), ==,
                   "opened:PUBLISH object ended reset finished:PUBLISH");
  g_assert_cmpuint (world.user.done, ==, EC_MOQT_DONE_MALFORMED_TRACK);

  /* What still comes for it is thrown away. */
  world.n_stopped = 0;
  put_subgroup (&world, 7, &context);
  flush (&world, 10, FALSE);
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

  world_init (&world, draft, NULL);
  g_byte_array_append (world.bytes, unknown, sizeof unknown);
  flush (&world, 6, FALSE);
  expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  world_init (&world, draft, NULL);
  flush (&world, control (&world), TRUE);
  expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  world_init (&world, draft, NULL);
  put (&world, &setup);
  flush (&world, control (&world), FALSE);
  expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  world_init (&world, draft, NULL);
  put (&world, &goaway);
  put (&world, &goaway);
  flush (&world, control (&world), FALSE);
  expect_close (&world, EC_MOQT_CLOSE_PROTOCOL_VIOLATION);

  /* One alias for two tracks */
  world_init (&world, draft, NULL);
  publish (&world);
  {
    EcMoqtMessage message = { .kind = EC_MOQT_PUBLISH, .track_alias = 7, .request_id = 2 };

    message.name = user_name ("a/b", "another");
    put (&world, &message);
    ec_moqt_name_unref (message.name);
    flush (&world, is_one (&world) ? 0 : 8, FALSE);
  }
  expect_close (&world, EC_MOQT_CLOSE_DUPLICATE_TRACK_ALIAS);
}

/* Reserved namespaces do not exist; up to 16 there are none. */
static void
test_reserved (gconstpointer draft)
{
  EcMoqtMessage message = { .kind = EC_MOQT_SUBSCRIBE };
  World world;

  world_init (&world, draft, NULL);
  message.name = user_name (".session/x", "t");
  put (&world, &message);
  ec_moqt_name_unref (message.name);
  flush (&world, is_one (&world) ? 0 : 4, FALSE);
  g_assert_cmpuint (world.user.n_requested, ==, is_one (&world));
  if (!is_one (&world))
    g_assert_cmpuint (world.user.error, ==, EC_MOQT_ERROR_DOES_NOT_EXIST);
  world_clear (&world);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc func;
  } tests[] = {
    { "ids", test_ids },
    { "stream-flood", test_stream_flood },
    { "half-messages", test_half_messages },
    { "objects", test_objects },
    { "rules", test_rules },
    { "reserved", test_reserved },
  };

  g_test_init (&argc, &argv, NULL);
  for (const EcMoqtDraft *const *draft = ec_moqt_drafts (); *draft; draft++)
    for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree char *path =
          g_strdup_printf ("/moqt/session/%u/hostile/%s", (*draft)->number, tests[i].name);

      g_test_add_data_func (path, *draft, tests[i].func);
    }
  return g_test_run ();
}
