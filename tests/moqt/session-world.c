/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-world.h"

#include "moqt/ec-moqt-session-private.h"

#include <string.h>

static gint64
io_open (gpointer data, gboolean uni)
{
  World *world = data;
  gint64 id = world->opened[uni]++ * 4 + (uni ? 2 : 0) + (world->server ? 1 : 0);

  if (!uni)
    world->last_bidi = id;
  return id;
}

static void
io_priority (gpointer data, gint64 id, guint32 level, guint32 flow, guint64 order, guint64 suborder)
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

  if (EC_MOQT_ID_IS_UNI (id) && (world_is_one (world) || id > 3)) {
    world->n_data += head_size + size;
    return;
  }
  ec_reader_init (&reader, head, head_size);
  while (ec_reader_left (&reader) > 0) {
    g_auto (EcMoqtMessage) message = { 0 };
    EcMoqtProblem problem;

    g_assert_cmpint (world->draft->read_message (&reader, world->server, &message, &problem), ==,
                     EC_MOQT_READ_DONE);
    g_string_append_printf (world->sent, "%s", ec_moqt_message_kind_to_string (message.kind));
    if (message.kind == EC_MOQT_REQUEST_ERROR) {
      g_string_append_printf (world->sent, "(%s)", ec_moqt_error_code_to_string (message.error));
      world->n_errors++;
      world->error = message.error;
    }
    if (message.kind == EC_MOQT_FETCH)
      g_string_append_printf (world->sent,
                              "(%u %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                              "/%" G_GUINT64_FORMAT ")",
                              message.fetch, message.start.group, message.start.object,
                              message.end.group, message.end.object);
    g_string_append_c (world->sent, ' ');
  }
}

static void
io_reset (gpointer data, gint64 id, guint64 code)
{
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

static gsize
io_max_datagram (gpointer data)
{
  return 1200;
}

static void
io_datagram (gpointer data, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload)
{
  ((World *) data)->n_data += head_size;
}

static void
io_timer (gpointer data, guint64 at_us)
{
}

static void
io_close (gpointer data, guint64 code, const char *reason)
{
}

static const EcMoqtIo io = { io_open,   io_priority,     io_write,    io_reset, io_stop, io_consume,
                             io_unsent, io_max_datagram, io_datagram, io_timer, io_close };

gboolean
world_is_one (const World *world)
{
  return world->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM;
}

/* The `n`th stream of the peer's. */
gint64
world_stream (const World *world, gboolean uni, guint n)
{
  return n * 4 + (uni ? 2 : 0) + (world->server ? 0 : 1);
}

gint64
world_control (const World *world)
{
  return world_is_one (world) ? 0 : world_stream (world, TRUE, 0);
}

void
world_put (World *world, const EcMoqtMessage *message)
{
  world->draft->write_message (world->bytes, !world->server, message);
}

void
world_flush (World *world, gint64 id, gboolean fin)
{
  ec_moqt_session_stream_data (world->session, 1000, id, world->bytes->data, world->bytes->len,
                               fin);
  g_byte_array_set_size (world->bytes, 0);
}

void
world_begin (World *world, gconstpointer draft, const EcMoqtConfig *config)
{
  memset (world, 0, sizeof *world);
  user_init (&world->user);
  world->draft = draft;
  world->server = config->server;
  world->bytes = g_byte_array_new ();
  world->sent = g_string_new (NULL);
  world->session = ec_moqt_session_new (draft, config, &io, world, &user_events, &world->user, 1);
  world->user.session = world->session;
  ec_moqt_session_start (world->session, 1);
}

void
world_init (World *world, gconstpointer draft, gboolean server)
{
  EcMoqtConfig config = { .server = server };

  config.limits.max_auth_token_cache = 40;
  world_init_full (world, draft, &config);
}

void
world_init_full (World *world, gconstpointer draft, const EcMoqtConfig *config)
{
  EcMoqtMessage setup = { .kind = EC_MOQT_SETUP, .max_request_id = 1000 };

  world_begin (world, draft, config);
  world_put (world, &setup);
  world_flush (world, world_control (world), FALSE);
  g_assert_cmpstr (user_take_log (&world->user), ==, "ready");
  g_string_truncate (world->sent, 0);
}

void
world_clear (World *world)
{
  ec_moqt_session_free (world->session);
  user_clear (&world->user);
  g_byte_array_unref (world->bytes);
  g_string_free (world->sent, TRUE);
}

void
world_expect_close (World *world, EcMoqtCloseCode code)
{
  g_assert_true (world->user.closed);
  g_assert_cmphex (world->user.close_code, ==, code);
  world_clear (world);
}

/* A request of the peer's, the `n`th. */
void
world_ask (World *world, guint n, EcMoqtMessage *message)
{
  message->request_id = n * 2 + (world->server ? 0 : 1);
  world_put (world, message);
  world_flush (world, world_is_one (world) ? world_control (world) : world_stream (world, FALSE, n),
               FALSE);
}

/* An answer to the session's latest request, on its stream. */
void
world_answer (World *world, EcMoqtRequest *request, EcMoqtMessage *message)
{
  gboolean own = !world_is_one (world) || world->last_bidi > 0;

  message->request_id = ec_moqt_request_get_id (request);
  world_put (world, message);
  world_flush (world, own ? world->last_bidi : world_control (world), FALSE);
}

EcMoqtProperties *
world_make_properties (guint64 type)
{
  EcMoqtProperty property = { .type = type, .number = 1 };

  return ec_moqt_properties_new (&property, 1);
}

/* The peer publishes, with alias 7; granted. */
void
world_publish (World *world)
{
  EcMoqtMessage message = { .kind = EC_MOQT_PUBLISH, .track_alias = 7 };

  message.name = user_name ("a/b", "t");
  world_ask (world, 0, &message);
  ec_moqt_name_unref (message.name);
  g_assert_cmpstr (user_take_log (&world->user), ==, "requested:PUBLISH");
  ec_moqt_request_grant (world->user.last, NULL);
  g_assert_cmpstr (user_take_log (&world->user), ==, "");
}
