/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include "moqt/ec-moqt-session.h"

/*
 * A session whose peer, whose transport and whose user are all the script. Byte 0: draft, side, limits; the rest are steps: a
 * byte what, a byte which stream, then what it needs. Holds: nothing is told of what has ended, or behind `closed`; no
 * stream is used that does not exist; what is consumed had come.
 */

#define N_STREAMS 64

typedef struct {
  gboolean exists, gone;
  guint64 received, consumed;
} Stream;

typedef struct {
  EcMoqtSession *session;
  EcReader script;
  gboolean server;
  gboolean obliging; /* grants what it is asked; else the script says what is done in events */
  Stream streams[N_STREAMS];
  guint next[2];
  gboolean closed;
  GPtrArray *requests; /* that live */
  GPtrArray *sending;  /* streams that we write */
  GPtrArray *receiving;
  gint64 kept; /* a stream that has ended, with something unconsumed; −1: none */
  guint64 now_us;
  guint depth;
} World;

static void
expect (gboolean holds)
{
  if (!holds)
    g_error ("The session did what it must not");
}

/* -- The transport */
static Stream *
stream_of (World *world, gint64 id)
{
  expect (id >= 0 && id < N_STREAMS);
  expect (world->streams[id].exists && !world->streams[id].gone);
  return &world->streams[id];
}

static gint64
io_open_stream (gpointer data, gboolean uni)
{
  World *world = data;
  gint64 id;

  if (world->next[uni] >= N_STREAMS / 4)
    return -1;
  id = world->next[uni]++ * 4 + (uni ? 2 : 0) + (world->server ? 1 : 0);
  world->streams[id].exists = TRUE;
  return id;
}

static void
io_set_priority (
    gpointer data, gint64 id, guint32 level, guint32 flow, guint64 order, guint64 suborder)
{
  stream_of (data, id);
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
  stream_of (data, id);
}

static void
io_reset (gpointer data, gint64 id, guint64 code)
{
  World *world = data;

  if (id >= 0 && id < N_STREAMS && world->streams[id].exists)
    stream_of (data, id);
}

static void
io_stop (gpointer data, gint64 id, guint64 code)
{
  stream_of (data, id);
}

static void
io_consume (gpointer data, gint64 id, gsize size)
{
  Stream *stream = stream_of (data, id);

  stream->consumed += size;
  expect (stream->consumed <= stream->received);
}

static gsize
io_get_unsent (gpointer data, gint64 id)
{
  stream_of (data, id);
  return 0;
}

static gsize
io_get_max_datagram (gpointer data)
{
  return 1200;
}

static void
io_send_datagram (
    gpointer data, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload)
{
}

static void
io_set_timer (gpointer data, guint64 at_us)
{
}

static void
io_close (gpointer data, guint64 code, const char *reason)
{
}

static const EcMoqtIo io = {
  io_open_stream, io_set_priority,     io_write,         io_reset,     io_stop,  io_consume,
  io_get_unsent,  io_get_max_datagram, io_send_datagram, io_set_timer, io_close,
};

/* -- The user: whatever the next byte says */
static void act (World *world, guint what);
static void answer (World *world, EcMoqtRequest *request, guint how);

static void
told (World *world)
{
  expect (!world->closed);
  if (!world->obliging && world->depth == 0 && ec_reader_left (&world->script) > 0) {
    guint what = ec_reader_u8 (&world->script);

    world->depth++;
    if (what & 0x80)
      act (world, what);
    world->depth--;
  }
}

static void
lives (World *world, EcMoqtRequest *request)
{
  expect (g_ptr_array_find (world->requests, request, NULL));
}

static void
add (World *world, EcMoqtRequest *request)
{
  if (request)
    g_ptr_array_add (world->requests, request);
}

/* What is sent for a request goes with it. */
static void
remove_request (World *world, EcMoqtRequest *request)
{
  expect (g_ptr_array_remove_fast (world->requests, request));
}

static void
forget_streams (World *world, EcMoqtRequest *request)
{
  for (guint i = world->sending->len; i > 0; i--)
    if (ec_moqt_stream_get_request (g_ptr_array_index (world->sending, i - 1)) == request)
      g_ptr_array_remove_index_fast (world->sending, i - 1);
  for (guint i = world->receiving->len; i > 0; i--)
    if (ec_moqt_stream_get_request (g_ptr_array_index (world->receiving, i - 1)) == request)
      g_ptr_array_remove_index_fast (world->receiving, i - 1);
}

static void
on_plain (gpointer data)
{
  told (data);
}

static void
on_requested (gpointer data, EcMoqtRequest *request)
{
  World *world = data;

  add (world, request);
  if (world->obliging)
    answer (world, request, 0);
  told (world);
}

static void
on_update_requested (gpointer data, EcMoqtRequest *request, const EcMoqtParams *changed)
{
  lives (data, request);
  told (data);
}

static void
on_grant (gpointer data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  lives (data, request);
  told (data);
}

static void
ended (World *world, EcMoqtRequest *request)
{
  forget_streams (world, NULL);
  remove_request (world, request);
  told (world);
}

static void
on_cancelled (gpointer data, EcMoqtRequest *request)
{
  ended (data, request);
}

static void
on_refused (gpointer data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  ended (data, request);
}

static void
on_update_refused (gpointer data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  lives (data, request);
  told (data);
}

static void
on_finished (gpointer data, EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason)
{
  ended (data, request);
}

static void
on_name (gpointer data, EcMoqtRequest *request, EcMoqtName *name)
{
  lives (data, request);
  told (data);
}

static void
receives (World *world, EcMoqtStream *stream)
{
  expect (g_ptr_array_find (world->receiving, stream, NULL));
}

static void
on_stream_opened (gpointer data, EcMoqtStream *stream)
{
  World *world = data;

  g_ptr_array_add (world->receiving, stream);
  lives (world, ec_moqt_stream_get_request (stream));
  told (world);
}

static void
on_object (gpointer data, EcMoqtStream *stream, const EcMoqtObject *object)
{
  receives (data, stream);
  told (data);
}

static void
on_payload (gpointer data, EcMoqtStream *stream, const guint8 *bytes, gsize size)
{
  receives (data, stream);
  expect (size > 0);
  if (bytes[size - 1] & 1)
    ec_moqt_stream_consume (stream, size);
  told (data);
}

static void
on_object_ended (gpointer data, EcMoqtStream *stream)
{
  receives (data, stream);
  told (data);
}

static void
on_range (gpointer data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown)
{
  receives (data, stream);
  told (data);
}

/* Of each the rest is kept until the next, and given back in two pieces. */
static void
keep (World *world, EcMoqtStream *stream)
{
  gint64 id = ec_moqt_stream_keep_credit (stream);

  if (world->kept >= 0) {
    ec_moqt_session_consume (world->session, world->kept, 1);
    ec_moqt_session_consume (world->session, world->kept, G_MAXSIZE);
  }
  world->kept = id;
}

static void
on_stream_ended (gpointer data, EcMoqtStream *stream, gboolean reset, EcMoqtResetCode code)
{
  receives (data, stream);
  g_ptr_array_remove_fast (((World *) data)->receiving, stream);
  keep (data, stream);
  told (data);
}

static void
on_datagram (gpointer data,
             EcMoqtRequest *request,
             const EcMoqtObject *object,
             const guint8 *payload,
             gsize size)
{
  lives (data, request);
  told (data);
}

static void
on_stream_stopped (gpointer data, EcMoqtStream *stream, EcMoqtResetCode code)
{
  expect (g_ptr_array_remove_fast (((World *) data)->sending, stream));
  told (data);
}

static void
on_stream_sent (gpointer data, EcMoqtStream *stream)
{
  expect (g_ptr_array_find (((World *) data)->sending, stream, NULL));
  told (data);
}

static void
on_goaway (gpointer data, const char *uri, guint64 timeout_ms, EcMoqtRequest *request)
{
  told (data);
}

static void
on_closed (gpointer data, gboolean remote, guint64 code, const char *reason)
{
  World *world = data;

  expect (!world->closed);
  world->closed = TRUE;
  g_ptr_array_set_size (world->requests, 0);
  g_ptr_array_set_size (world->sending, 0);
  g_ptr_array_set_size (world->receiving, 0);
}

static const EcMoqtEvents events = {
  .ready = on_plain,
  .requested = on_requested,
  .update_requested = on_update_requested,
  .cancelled = on_cancelled,
  .granted = on_grant,
  .refused = on_refused,
  .updated = on_grant,
  .update_refused = on_update_refused,
  .finished = on_finished,
  .namespace_found = on_name,
  .namespace_lost = on_name,
  .publish_blocked = on_name,
  .stream_opened = on_stream_opened,
  .object = on_object,
  .payload = on_payload,
  .object_ended = on_object_ended,
  .range = on_range,
  .stream_ended = on_stream_ended,
  .datagram = on_datagram,
  .stream_stopped = on_stream_stopped,
  .stream_sent = on_stream_sent,
  .streams_available = on_plain,
  .goaway = on_goaway,
  .closed = on_closed,
};

static void
ask (World *world, guint kind)
{
  g_autoptr (EcMoqtName) track = ec_moqt_name_new_from_path ("a/b", "t", NULL);
  g_autoptr (EcMoqtName) space = ec_moqt_name_new_from_path ("a/b", NULL, NULL);
  EcMoqtSession *session = world->session;
  EcMoqtRequest *first = world->requests->len ? g_ptr_array_index (world->requests, 0) : NULL;

  switch (kind) {
  case 0:
    add (world, ec_moqt_session_subscribe (session, track, NULL));
    break;
  case 1:
    add (world, ec_moqt_session_publish (session, track, NULL, NULL));
    break;
  case 2:
    add (world, ec_moqt_session_fetch (session, track, (EcMoqtLocation){ 0, 0 },
                                       (EcMoqtLocation){ 9, 0 }, NULL));
    break;
  case 3:
    add (world, ec_moqt_session_track_status (session, track, NULL));
    break;
  case 4:
    add (world, ec_moqt_session_publish_namespace (session, space, NULL));
    break;
  case 5:
    add (world, ec_moqt_session_subscribe_namespace (session, space, NULL));
    break;
  case 6:
    add (world, ec_moqt_session_subscribe_tracks (session, space, NULL));
    break;
  default:
    if (first && !ec_moqt_request_is_publisher (first) &&
        ec_moqt_request_get_kind (first) <= EC_MOQT_REQUEST_PUBLISH)
      add (world, ec_moqt_session_joining_fetch (session, first, TRUE, 1, NULL));
    break;
  }
}

static void
answer (World *world, EcMoqtRequest *request, guint how)
{
  EcMoqtGrant grant = { .params = { .has = EC_MOQT_PARAM_LARGEST_OBJECT, .largest = { 3, 4 } },
                        .end = { 9, 0 } };
  EcMoqtParams changed = { .has = EC_MOQT_PARAM_FORWARD, .forward = how & 1 };

  switch (how) {
  case 0:
    if (!ec_moqt_request_is_ours (request) && !ec_moqt_request_is_granted (request)) {
      if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_TRACK_STATUS)
        remove_request (world, request);
      ec_moqt_request_grant (request, &grant);
    }
    break;
  case 1:
    if (!ec_moqt_request_is_ours (request) && !ec_moqt_request_is_granted (request)) {
      forget_streams (world, request);
      remove_request (world, request);
      ec_moqt_request_refuse (request, EC_MOQT_ERROR_UNINTERESTED, "no");
    }
    break;
  case 2:
    forget_streams (world, request);
    remove_request (world, request);
    ec_moqt_request_cancel (request);
    break;
  case 3:
    ec_moqt_request_grant_update (request, &grant);
    break;
  case 4:
  case 5:
    ec_moqt_request_update (request, &changed);
    break;
  default: {
    EcMoqtStream *stream =
        how == 6 ? ec_moqt_request_open_fetch (request)
                 : ec_moqt_request_open_subgroup (request, how, 1, 2, FALSE, TRUE, TRUE);

    if (stream)
      g_ptr_array_add (world->sending, stream);
    break;
  }
  }
}

static void
use_stream (World *world, guint how)
{
  GPtrArray *set = how & 1 ? world->sending : world->receiving;
  EcMoqtStream *stream = set->len ? g_ptr_array_index (set, set->len - 1) : NULL;
  g_autoptr (EcPayload) payload = NULL;
  EcMoqtObject object = { 0 };

  if (!stream)
    return;
  if (!(how & 1) || how & 2) {
    g_ptr_array_remove_fast (set, stream);
    if (!(how & 1))
      ec_moqt_stream_stop (stream, EC_MOQT_RESET_CANCELLED);
    else if (how & 4)
      ec_moqt_stream_finish (stream);
    else
      ec_moqt_stream_reset (stream, EC_MOQT_RESET_TOO_FAR_BEHIND);
    return;
  }
  payload = ec_payload_new (5, NULL);
  ec_payload_append (payload, (const guint8 *) "hello", 5);
  object.location.group = ec_moqt_stream_get_group (stream);
  object.location.object = GPOINTER_TO_SIZE (ec_moqt_stream_get_data (stream));
  object.size = 5;
  ec_moqt_stream_set_data (stream, GSIZE_TO_POINTER (object.location.object + 1));
  ec_moqt_stream_write_object (stream, &object, payload);
}

static void
act (World *world, guint what)
{
  guint n = world->requests->len;

  if (world->closed)
    return;
  if ((what & 0x18) == 0)
    ask (world, what & 7);
  else if ((what & 0x18) == 8 && n > 0)
    answer (world, g_ptr_array_index (world->requests, (what >> 5) % n), what & 7);
  else if ((what & 0x18) == 0x10)
    use_stream (world, what & 7);
  else if (what == 0x1f)
    ec_moqt_session_goaway (world->session, "moqt://x", 5);
}

/* -- The peer */
static void
step (World *world)
{
  guint what = ec_reader_u8 (&world->script);
  gint64 id = ec_reader_u8 (&world->script) % N_STREAMS;
  Stream *stream = &world->streams[id];
  gboolean ours = ((id & 1) != 0) == world->server;
  gboolean uni = (id & 2) != 0;
  gsize size;
  const guint8 *bytes;

  switch (what & 7) {
  case 0:
  case 1:
  case 2:
  case 3:
    size = ec_reader_u8 (&world->script);
    size = MIN (size, ec_reader_left (&world->script));
    bytes = ec_reader_bytes (&world->script, size);
    if ((ours && (uni || !stream->exists)) || stream->gone)
      return;
    stream->exists = TRUE;
    stream->received += size;
    ec_moqt_session_stream_data (world->session, world->now_us, id, bytes, size, (what & 7) == 3);
    break;
  case 4:
    if ((what & 8) && stream->exists && !stream->gone) {
      ec_moqt_session_stream_closed (world->session, world->now_us, id);
      stream->gone = TRUE;
    } else if (stream->exists && !stream->gone && what & 16) {
      ec_moqt_session_stream_sent (world->session, world->now_us, id);
    } else if (stream->exists && !stream->gone && !(uni && ours)) {
      ec_moqt_session_stream_reset (world->session, world->now_us, id, what >> 3);
    }
    break;
  case 5:
    if (stream->exists && !stream->gone && !(uni && !ours))
      ec_moqt_session_stream_stopped (world->session, world->now_us, id, what >> 3);
    break;
  case 6:
    if (what & 8) {
      size = ec_reader_u8 (&world->script);
      size = MIN (size, ec_reader_left (&world->script));
      bytes = ec_reader_bytes (&world->script, size);
      ec_moqt_session_datagram (world->session, world->now_us, bytes, size);
    } else {
      world->now_us += (guint64) (what >> 4) * 500000;
      ec_moqt_session_timer (world->session, world->now_us);
      ec_moqt_session_streams_available (world->session, world->now_us, uni);
    }
    break;
  default:
    act (world, what >> 3 | (guint) id << 5);
    break;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  World world = { 0 };
  EcMoqtConfig config = { .implementation = "fuzz" };
  const EcMoqtDraft *draft;
  guint flags;

  ec_reader_init (&world.script, data, size);
  flags = ec_reader_u8 (&world.script);
  draft = flags & 1 ? &ec_moqt_draft_18 : &ec_moqt_draft_16;
  world.server = config.server = (flags & 2) != 0;
  if (flags & 4)
    config.limits = (EcMoqtLimits){ .max_requests = 2,
                                    .max_streams = 2,
                                    .max_object_size = 100,
                                    .max_auth_token_cache = 40,
                                    .max_control_buffer = 300 };
  world.obliging = (flags & 8) == 0;
  world.now_us = 1000;
  world.kept = -1;
  world.requests = g_ptr_array_new ();
  world.sending = g_ptr_array_new ();
  world.receiving = g_ptr_array_new ();
  world.session = ec_moqt_session_new (draft, &config, &io, &world, &events, &world, world.now_us);
  ec_moqt_session_start (world.session, world.now_us);
  while (ec_reader_left (&world.script) > 1)
    step (&world);
  ec_moqt_session_free (world.session);
  g_ptr_array_unref (world.requests);
  g_ptr_array_unref (world.sending);
  g_ptr_array_unref (world.receiving);
  return 0;
}
