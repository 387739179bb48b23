/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session-user.h"

#include <string.h>

typedef struct {
  gboolean any, open;
  EcMoqtLocation last;
  guint64 size;
  GByteArray *payload;
} Seen;

static void
seen_free (gpointer data)
{
  Seen *self = data;

  g_byte_array_unref (self->payload);
  g_free (self);
}

/* -- Objects made from their place */
EcMoqtName *
user_name (const char *path, const char *track)
{
  EcMoqtName *name = ec_moqt_name_new_from_path (path, track, NULL);

  g_assert_nonnull (name);
  return name;
}

static guint32
mix (const EcMoqtName *track, EcMoqtLocation location)
{
  guint32 x = ec_moqt_name_hash (track) * 2654435761u;

  x ^= (guint32) (location.group * 40503u + location.object * 9176u + 77u);
  x ^= x >> 15;
  x *= 2246822519u;
  return x ^ x >> 13;
}

gsize
user_payload_size (const EcMoqtName *track, EcMoqtLocation location)
{
  guint32 x = mix (track, location);

  return x % 7 == 0 ? 0 : x % 5 == 0 ? x % 30000 : x % 300;
}

EcPayload *
user_make_payload (const EcMoqtName *track, EcMoqtLocation location)
{
  gsize size = user_payload_size (track, location);
  EcPayload *payload = ec_payload_new (size, NULL);
  guint32 x = mix (track, location);

  for (gsize i = 0; i < size; i++) {
    guint8 byte = (guint8) (x >> 24);

    x = x * 1664525u + 1013904223u;
    ec_payload_append (payload, &byte, 1);
  }
  return payload;
}

void
user_write_object (EcMoqtStream *stream, EcMoqtLocation location)
{
  EcMoqtName *track = ec_moqt_request_get_name (ec_moqt_stream_get_request (stream));
  g_autoptr (EcPayload) payload = user_make_payload (track, location);
  EcMoqtObject object = { .location = location };

  object.subgroup = ec_moqt_stream_get_subgroup (stream);
  object.priority = 128;
  object.size = ec_payload_get_size (payload);
  ec_moqt_stream_write_object (stream, &object, payload);
}

/* -- What lives */
void
user_init (User *self)
{
  *self = (User){ 0 };
  self->log = g_string_new (NULL);
  self->requests = g_hash_table_new (NULL, NULL);
  self->streams = g_hash_table_new_full (NULL, NULL, NULL, seen_free);
}

void
user_clear (User *self)
{
  g_string_free (self->log, TRUE);
  g_hash_table_unref (self->requests);
  g_hash_table_unref (self->streams);
}

const char *
user_take_log (User *self)
{
  static char *text;

  g_free (text);
  text = g_strdup (g_strstrip (self->log->str));
  g_string_truncate (self->log, 0);
  return text;
}

EcMoqtRequest *
user_track (User *self, EcMoqtRequest *request)
{
  if (!request)
    return NULL;
  g_assert_true (g_hash_table_add (self->requests, request));
  self->n_begun++;
  return request;
}

void
user_untrack (User *self, EcMoqtRequest *request)
{
  g_assert_true (g_hash_table_remove (self->requests, request));
  self->n_ended++;
}

EcMoqtStream *
user_track_stream (User *self, EcMoqtStream *stream)
{
  Seen *seen;

  if (!stream)
    return NULL;
  g_assert_false (g_hash_table_contains (self->streams, stream));
  seen = g_new0 (Seen, 1);
  seen->payload = g_byte_array_new ();
  g_hash_table_insert (self->streams, stream, seen);
  return stream;
}

void
user_untrack_stream (User *self, EcMoqtStream *stream)
{
  g_assert_true (g_hash_table_remove (self->streams, stream));
}

static void
note (User *self, const char *event, EcMoqtRequest *request)
{
  static const char *const kinds[] = {
    "SUBSCRIBE",           "PUBLISH",         "FETCH", "TRACK_STATUS", "PUBLISH_NAMESPACE",
    "SUBSCRIBE_NAMESPACE", "SUBSCRIBE_TRACKS"
  };

  g_assert_false (self->closed);
  g_string_append (self->log, event);
  if (request) {
    g_assert_true (g_hash_table_contains (self->requests, request));
    g_string_append_printf (self->log, ":%s", kinds[ec_moqt_request_get_kind (request)]);
    self->last = request;
  }
  g_string_append_c (self->log, ' ');
}

static void
after (User *self)
{
  if (self->on_event && !self->closed)
    self->on_event (self);
}

/* -- Events */
static void
on_ready (gpointer data)
{
  note (data, "ready", NULL);
  after (data);
}

static void
on_requested (gpointer data, EcMoqtRequest *request)
{
  User *self = data;

  user_track (self, request);
  self->n_requested++;
  note (self, "requested", request);
  if (self->on_requested)
    self->on_requested (self, request);
  after (self);
}

static void
on_update_requested (gpointer data, EcMoqtRequest *request, const EcMoqtParams *changed)
{
  note (data, "update_requested", request);
  after (data);
}

static void
ended (User *self, EcMoqtRequest *request)
{
  GHashTableIter iter;
  gpointer stream;

  /* What was sent for it went with it. */
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, &stream, NULL))
    if (!ec_moqt_stream_get_request (stream))
      g_hash_table_iter_remove (&iter);
  user_untrack (self, request);
  self->last = NULL;
  after (self);
}

static void
on_cancelled (gpointer data, EcMoqtRequest *request)
{
  note (data, "cancelled", request);
  ended (data, request);
}

static void
on_granted (gpointer data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  note (data, "granted", request);
  after (data);
}

static void
on_refused (gpointer data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  User *self = data;

  g_assert_nonnull (refusal->reason);
  self->error = refusal->code;
  note (self, "refused", request);
  ended (self, request);
}

static void
on_updated (gpointer data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  note (data, "updated", request);
  after (data);
}

static void
on_update_refused (gpointer data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  ((User *) data)->error = refusal->code;
  note (data, "update_refused", request);
  after (data);
}

static void
on_finished (gpointer data, EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason)
{
  g_assert_nonnull (reason);
  ((User *) data)->done = code;
  note (data, "finished", request);
  ended (data, request);
}

static void
on_namespace (User *self, const char *event, EcMoqtRequest *request, EcMoqtName *name)
{
  g_autofree char *path = ec_moqt_name_to_path (name);
  g_autofree char *text = g_strdup_printf ("%s(%s)", event, path);

  note (self, text, request);
  after (self);
}

static void
on_namespace_found (gpointer data, EcMoqtRequest *request, EcMoqtName *name)
{
  on_namespace (data, "found", request, name);
}

static void
on_namespace_lost (gpointer data, EcMoqtRequest *request, EcMoqtName *name)
{
  on_namespace (data, "lost", request, name);
}

static void
on_publish_blocked (gpointer data, EcMoqtRequest *request, EcMoqtName *name)
{
  on_namespace (data, "blocked", request, name);
}

static Seen *
seen_of (User *self, EcMoqtStream *stream)
{
  Seen *seen = g_hash_table_lookup (self->streams, stream);

  g_assert_nonnull (seen);
  self->stream = stream;
  return seen;
}

static void
on_stream_opened (gpointer data, EcMoqtStream *stream)
{
  user_track_stream (data, stream);
  note (data, "opened", ec_moqt_stream_get_request (stream));
  ((User *) data)->stream = stream;
  after (data);
}

static void
on_object (gpointer data, EcMoqtStream *stream, const EcMoqtObject *object)
{
  User *self = data;
  Seen *seen = seen_of (self, stream);
  EcMoqtName *track = ec_moqt_request_get_name (ec_moqt_stream_get_request (stream));

  g_assert_false (seen->open);
  if (!ec_moqt_stream_is_fetch (stream)) {
    g_assert_cmpuint (object->location.group, ==, ec_moqt_stream_get_group (stream));
    g_assert_true (!seen->any || object->location.object > seen->last.object);
  }
  seen->any = TRUE;
  seen->open = TRUE;
  seen->last = object->location;
  seen->size = object->size;
  g_byte_array_set_size (seen->payload, 0);
  if (object->status == EC_MOQT_OBJECT_NORMAL)
    g_assert_cmpuint (object->size, ==, user_payload_size (track, object->location));
  note (self, "object", NULL);
  after (self);
}

static void
on_payload (gpointer data, EcMoqtStream *stream, const guint8 *bytes, gsize size)
{
  User *self = data;
  Seen *seen = seen_of (self, stream);

  g_assert_false (self->closed);
  g_assert_true (seen->open && size > 0);
  g_byte_array_append (seen->payload, bytes, (guint) size);
  if (!self->keeps_credit)
    ec_moqt_stream_consume (stream, size);
  after (self);
}

static void
on_object_ended (gpointer data, EcMoqtStream *stream)
{
  User *self = data;
  Seen *seen = seen_of (self, stream);
  EcMoqtName *track = ec_moqt_request_get_name (ec_moqt_stream_get_request (stream));

  g_assert_true (seen->open);
  seen->open = FALSE;
  g_assert_cmpuint (seen->payload->len, ==, seen->size);
  if (seen->size > 0) {
    g_autoptr (EcPayload) expected = user_make_payload (track, seen->last);

    g_assert_cmpmem (seen->payload->data, seen->payload->len, ec_payload_get_data (expected),
                     ec_payload_get_size (expected));
  }
  self->n_objects++;
  note (self, "ended", NULL);
  after (self);
}

static void
on_range (gpointer data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown)
{
  seen_of (data, stream);
  note (data, unknown ? "unknown" : "gap", NULL);
  after (data);
}

static void
on_stream_ended (gpointer data, EcMoqtStream *stream, gboolean reset, EcMoqtResetCode code)
{
  User *self = data;
  Seen *seen = seen_of (self, stream);

  g_assert_true (reset || !seen->open);
  if (seen->open)
    self->n_cut++;
  if (self->kept) {
    gint64 id = ec_moqt_stream_keep_credit (stream);

    if (id >= 0)
      g_array_append_val (self->kept, id);
  }
  user_untrack_stream (self, stream);
  self->stream = NULL;
  note (self, reset ? "reset" : "fin", NULL);
  after (self);
}

static void
on_datagram (gpointer data,
             EcMoqtRequest *request,
             const EcMoqtObject *object,
             const guint8 *payload,
             gsize size)
{
  User *self = data;
  g_autoptr (EcPayload) expected =
      user_make_payload (ec_moqt_request_get_name (request), object->location);

  g_assert_cmpmem (payload, size, ec_payload_get_data (expected), ec_payload_get_size (expected));
  self->n_datagrams++;
  note (self, "datagram", request);
  after (self);
}

static void
on_stream_stopped (gpointer data, EcMoqtStream *stream, EcMoqtResetCode code)
{
  user_untrack_stream (data, stream);
  note (data, "stopped", NULL);
  after (data);
}

static void
on_stream_sent (gpointer data, EcMoqtStream *stream)
{
  User *self = data;

  g_assert_true (g_hash_table_contains (self->streams, stream));
  g_assert_false (self->closed);
  after (self);
}

static void
on_streams_available (gpointer data)
{
  note (data, "streams", NULL);
  after (data);
}

static void
on_goaway (gpointer data, const char *uri, guint64 timeout_ms, EcMoqtRequest *request)
{
  g_autofree char *text = g_strdup_printf ("goaway(%s)", uri ? uri : "");

  note (data, text, request);
  after (data);
}

static void
on_closed (gpointer data, gboolean remote, guint64 code, const char *reason)
{
  User *self = data;
  g_autofree char *text =
      g_strdup_printf ("closed(%s,%#x)", remote ? "remote" : "local", (guint) code);

  note (self, text, NULL);
  self->closed = TRUE;
  self->close_code = code;
  self->n_ended += g_hash_table_size (self->requests);
  g_hash_table_remove_all (self->requests);
  g_hash_table_remove_all (self->streams);
  self->last = NULL;
}

const EcMoqtEvents user_events = {
  .ready = on_ready,
  .requested = on_requested,
  .update_requested = on_update_requested,
  .cancelled = on_cancelled,
  .granted = on_granted,
  .refused = on_refused,
  .updated = on_updated,
  .update_refused = on_update_refused,
  .finished = on_finished,
  .namespace_found = on_namespace_found,
  .namespace_lost = on_namespace_lost,
  .publish_blocked = on_publish_blocked,
  .stream_opened = on_stream_opened,
  .object = on_object,
  .payload = on_payload,
  .object_ended = on_object_ended,
  .range = on_range,
  .stream_ended = on_stream_ended,
  .datagram = on_datagram,
  .stream_stopped = on_stream_stopped,
  .stream_sent = on_stream_sent,
  .streams_available = on_streams_available,
  .goaway = on_goaway,
  .closed = on_closed,
};

void
user_add_tests (const char *group, const UserTest *tests, gsize n_tests)
{
  for (const EcMoqtDraft *const *draft = ec_moqt_drafts (); *draft; draft++)
    for (gsize i = 0; i < n_tests; i++) {
      g_autofree char *path =
          g_strdup_printf ("/moqt/session/%u/%s%s", (*draft)->number, group, tests[i].name);

      g_test_add_data_func (path, *draft, tests[i].func);
    }
}
