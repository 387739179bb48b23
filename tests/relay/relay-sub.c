/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer-private.h"

/* What a peer reads, checked against the broadcast. */

void
sub_free (gpointer data)
{
  Sub *self = data;

  g_hash_table_unref (self->objects);
  g_clear_pointer (&self->properties, ec_moqt_properties_unref);
  g_free (self);
}

Sub *
sub_new (Peer *self, EcMoqtRequest *request)
{
  Sub *sub = g_new0 (Sub, 1);

  sub->peer = self;
  sub->request = request;
  sub->objects = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  if (request)
    ec_moqt_request_set_data (request, sub);
  else
    sub->refused = TRUE;
  g_ptr_array_add (self->subs, sub);
  return sub;
}

Sub *
sub_get (EcMoqtRequest *request)
{
  if (!request || ec_moqt_request_is_publisher (request))
    return NULL;
  switch (ec_moqt_request_get_kind (request)) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
  case EC_MOQT_REQUEST_FETCH:
  case EC_MOQT_REQUEST_PUBLISH:
  case EC_MOQT_REQUEST_TRACK_STATUS:
    return ec_moqt_request_get_data (request);
  default:
    return NULL;
  }
}

static gint64
make_key (EcMoqtLocation at)
{
  return (gint64) (at.group << 16 | at.object);
}

/* -- Requests */

Sub *
peer_subscribe_with (Peer *self, const char *path, const char *track, const EcMoqtParams *params)
{
  g_autoptr (EcMoqtName) name = make_name (path, track);

  return sub_new (self, ec_moqt_session_subscribe (self->moqt, name, params));
}

Sub *
peer_subscribe (Peer *self, const char *path, const char *track, gboolean join)
{
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT } };
  Sub *sub = peer_subscribe_with (self, path, track, &params);
  Sub *fetch;

  if (join) {
    fetch = sub_new (self, ec_moqt_session_joining_fetch (self->moqt, sub->request, TRUE, 0, NULL));
    fetch->fetch = TRUE;
  }
  return sub;
}

Sub *
peer_fetch_with (Peer *self,
                 const char *path,
                 const char *track,
                 EcMoqtLocation start,
                 EcMoqtLocation end,
                 const EcMoqtParams *params)
{
  g_autoptr (EcMoqtName) name = make_name (path, track);
  Sub *sub = sub_new (self, ec_moqt_session_fetch (self->moqt, name, start, end, params));

  sub->fetch = TRUE;
  return sub;
}

Sub *
peer_fetch (
    Peer *self, const char *path, const char *track, EcMoqtLocation start, EcMoqtLocation end)
{
  return peer_fetch_with (self, path, track, start, end, NULL);
}

Sub *
peer_ask_status (Peer *self, const char *path, const char *track)
{
  g_autoptr (EcMoqtName) name = make_name (path, track);

  return sub_new (self, ec_moqt_session_track_status (self->moqt, name, NULL));
}

void
sub_end (Sub *self)
{
  if (self->request)
    ec_moqt_request_cancel (g_steal_pointer (&self->request));
}

Sub *
peer_watch (Peer *self, gboolean join)
{
  return peer_subscribe (self, PATH, TRACK, join);
}

EcMoqtRequest *
peer_listen (Peer *self, const char *path)
{
  g_autoptr (EcMoqtName) name = make_name (path, NULL);

  return ec_moqt_session_subscribe_namespace (self->moqt, name, NULL);
}

EcMoqtRequest *
peer_listen_tracks (Peer *self, const char *path)
{
  g_autoptr (EcMoqtName) name = make_name (path, NULL);

  self->take_published = TRUE;
  return ec_moqt_session_subscribe_tracks (self->moqt, name, NULL);
}

/* -- Events */

/* A stream's data is the object that it is at, and how far. */
typedef struct {
  guint64 group, object;
  gsize size, offset;
  gboolean in_object;
} Place;

void
peer_on_object (gpointer user_data, EcMoqtStream *stream, const EcMoqtObject *object)
{
  Peer *self = user_data;
  Sub *sub = sub_get (ec_moqt_stream_get_request (stream));
  Place *place = ec_moqt_stream_get_data (stream);
  gint64 key = make_key (object->location);

  if (!sub)
    return;
  if (!place) {
    place = g_new0 (Place, 1);
    sub->n_streams++;
    sub->n_with_properties +=
        !ec_moqt_stream_is_fetch (stream) && ec_moqt_stream_get_has_properties (stream);
    g_hash_table_add (self->places, place);
    ec_moqt_stream_set_data (stream, place);
  }
  *place = (Place){ object->location.group, object->location.object, object->size, 0, TRUE };
  if (!sub->take_wrong)
    g_assert_cmpuint (object->size, ==,
                      broadcast_size (object->location.group, object->location.object));
  if (g_hash_table_contains (sub->objects, &key))
    sub->n_repeated++;
  sub->priority = object->priority;
  sub->max_late_us = MAX (
      sub->max_late_us,
      world_now (self->world) -
          MIN (world_now (self->world),
               (object->location.group * GROUP_OBJECTS + object->location.object) * OBJECT_US));
  if (!sub->first_us)
    sub->first_us = world_now (self->world);
}

void
peer_on_range (gpointer user_data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown)
{
  Sub *sub = sub_get (ec_moqt_stream_get_request (stream));

  if (sub)
    sub->n_unknown += unknown;
}

void
peer_on_datagram (gpointer user_data,
                  EcMoqtRequest *request,
                  const EcMoqtObject *object,
                  const guint8 *payload,
                  gsize size)
{
  Sub *sub = sub_get (request);
  gint64 key = make_key (object->location);

  if (!sub)
    return;
  for (gsize i = 0; i < size; i++)
    g_assert_cmpuint (payload[i], ==,
                      broadcast_byte (object->location.group, object->location.object, i));
  sub->priority = object->priority;
  sub->n_datagrams++;
  sub->n_repeated += !g_hash_table_add (sub->objects, g_memdup2 (&key, sizeof key));
}

void
peer_on_payload (gpointer user_data, EcMoqtStream *stream, const guint8 *data, gsize size)
{
  Peer *self = user_data;
  Sub *sub = sub_get (ec_moqt_stream_get_request (stream));
  Place *place = ec_moqt_stream_get_data (stream);

  for (gsize i = 0; sub && place && i < size; i++) {
    gboolean right = data[i] == broadcast_byte (place->group, place->object, place->offset + i);

    if (!sub->take_wrong)
      g_assert_true (right);
    sub->n_wrong += !right;
  }
  if (place)
    place->offset += size;
  if (!self->never_read)
    ec_moqt_stream_consume (stream, size);
}

void
peer_on_object_ended (gpointer user_data, EcMoqtStream *stream)
{
  Sub *sub = sub_get (ec_moqt_stream_get_request (stream));
  Place *place = ec_moqt_stream_get_data (stream);
  gint64 key;

  if (!sub || !place)
    return;
  g_assert_cmpuint (place->offset, ==, place->size);
  place->in_object = FALSE;
  key = make_key ((EcMoqtLocation){ place->group, place->object });
  g_hash_table_add (sub->objects, g_memdup2 (&key, sizeof key));
  sub->n_whole++;
}

void
peer_on_stream_ended (gpointer user_data,
                      EcMoqtStream *stream,
                      gboolean reset,
                      EcMoqtResetCode code)
{
  Peer *self = user_data;
  Sub *sub = sub_get (ec_moqt_stream_get_request (stream));
  Place *place = ec_moqt_stream_get_data (stream);

  if (sub && place && place->in_object)
    sub->n_cut++;
  if (sub && reset) {
    sub->reset = code;
    sub->n_reset++;
  }
  if (place)
    g_hash_table_remove (self->places, place);
}

/* -- Looking */

gboolean
sub_has (const Sub *self, guint64 group, guint64 object)
{
  gint64 key = make_key ((EcMoqtLocation){ group, object });

  return g_hash_table_contains (self->objects, &key);
}

/* Of a subscription and, behind it, its joining fetch. */
guint64
sub_check_whole (const Sub *self, guint64 to)
{
  const Sub *fetch = NULL;
  guint64 first = G_MAXUINT64;

  for (guint i = 0; i + 1 < self->peer->subs->len; i++) {
    Sub *next = self->peer->subs->pdata[i + 1];

    if (self->peer->subs->pdata[i] == self && next->fetch)
      fetch = next;
  }
  for (guint64 group = 0; group <= to && first == G_MAXUINT64; group++) {
    if (sub_has (self, group, 0) || (fetch && sub_has (fetch, group, 0)))
      first = group;
  }
  g_assert_cmpuint (first, <=, to);
  for (guint64 group = first; group <= to; group++) {
    for (guint object = 0; object < GROUP_OBJECTS; object++) {
      gboolean here = sub_has (self, group, object) || (fetch && sub_has (fetch, group, object));

      if (!here)
        g_error ("%" G_GUINT64_FORMAT "/%u is missing", group, object);
    }
  }
  g_assert_cmpuint (self->n_repeated, ==, 0);
  return first;
}

void
sub_check_fetched (const Sub *self, guint n_whole)
{
  g_assert_true (self->granted && self->done);
  g_assert_cmpuint (self->n_whole, ==, n_whole);
  g_assert_cmpuint (self->n_repeated, ==, 0);
}

void
sub_check_done (const Sub *self, EcMoqtDoneCode code)
{
  g_assert_true (self->done);
  g_assert_cmpint (self->done_code, ==, code);
}
