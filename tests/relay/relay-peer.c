/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer.h"

#include <string.h>

#include "session/ec-moq-deaf.h"

/* -- The broadcast */

gsize
broadcast_size (guint64 group, guint64 object)
{
  return object == 0 ? 9000 : 200 + (group * 7919 + object * 104729) % 3000;
}

guint8
broadcast_byte (guint64 group, guint64 object, gsize offset)
{
  return (guint8) (group * 31 + object * 17 + offset * 7 + (offset >> 8));
}

static EcPayload *
make_payload (guint64 group, guint64 object, gsize n, guint8 twist)
{
  gsize size = broadcast_size (group, object);
  EcPayload *payload = ec_payload_new (size, NULL);
  g_autofree guint8 *bytes = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    bytes[i] = broadcast_byte (group, object, i) ^ (i == size / 3 ? twist : 0);
  ec_payload_append (payload, bytes, n);
  return payload;
}

EcMoqtName *
make_name (const char *path, const char *track)
{
  g_autoptr (GError) error = NULL;
  EcMoqtName *name =
      *path ? ec_moqt_name_new_from_path (path, track, &error) : ec_moqt_name_new (NULL, 0, NULL);

  g_assert_no_error (error);
  return name;
}

/* -- The world */

World *
world_new (guint32 seed, const EcRelayCoreConfig *config)
{
  EcRelayCoreConfig none = { .policy = NULL };
  World *self = g_new0 (World, 1);

  self->network = ec_memory_network_new (seed);
  self->core = ec_relay_core_new (config ? config : &none);
  self->peers = g_ptr_array_new ();
  self->latency_us = 5000;
  return self;
}

guint64
world_now (World *self)
{
  return ec_memory_network_get_now (self->network);
}

guint64
broadcast_group (World *world)
{
  return world_now (world) / (GROUP_OBJECTS * OBJECT_US);
}

static void pub_expire (Pub *pub, guint64 now_us);

static void
pub_free (gpointer data)
{
  Pub *self = data;

  if (self->writer)
    ec_moq_feed_writer_remove (self->writer, 0);
  ec_moq_feed_unref (self->feed);
  ec_moqt_name_unref (self->name);
  g_free (self);
}

static void
sub_free (gpointer data)
{
  Sub *self = data;

  g_hash_table_unref (self->objects);
  g_clear_pointer (&self->properties, ec_moqt_properties_unref);
  g_free (self);
}

static void
peer_free (Peer *self)
{
  g_assert_null (self->link);
  g_ptr_array_unref (self->subs);
  g_ptr_array_unref (self->readers);
  g_ptr_array_unref (self->pubs);
  g_hash_table_unref (self->found);
  g_hash_table_unref (self->places);
  g_free (self);
}

void
world_free (World *self)
{
  for (guint i = 0; i < self->peers->len; i++)
    peer_close (self->peers->pdata[i]);
  ec_relay_core_close (self->core);
  ec_memory_network_run (self->network, world_now (self) + 60 * G_USEC_PER_SEC);
  g_assert_cmpuint (ec_relay_core_get_n_sessions (self->core), ==, 0);
  for (guint i = 0; i < self->peers->len; i++)
    peer_free (self->peers->pdata[i]);
  g_ptr_array_unref (self->peers);
  ec_relay_core_unref (self->core);
  ec_memory_network_free (self->network);
  g_free (self);
}

/* -- Publishing */

/* Half of each object's payload comes at its time, the other half 20 ms later: so that a publisher may die in between. */
static void
pub_step (Pub *self, guint64 now_us)
{
  while (self->writer && !self->stalled) {
    guint64 due_us = self->at * OBJECT_US + self->offset_us;
    guint64 group = self->at / GROUP_OBJECTS, object = self->at % GROUP_OBJECTS;
    gsize size = broadcast_size (group, object);
    g_autoptr (EcPayload) payload = make_payload (group, object, size, self->twist);
    const guint8 *data = ec_payload_get_data (payload);
    EcMoqtObject head = { .location = { group, object }, .priority = 128, .size = size };

    if (self->half_us) {
      if (now_us < self->half_us)
        return;
      ec_moq_feed_writer_put (self->writer, group, 0, data + size / 2, size - size / 2);
      if (object == GROUP_OBJECTS - 1)
        ec_moq_feed_writer_finish (self->writer, now_us, group, 0);
      self->half_us = 0;
      self->at++;
    } else {
      if (now_us < due_us)
        return;
      if (object == 0)
        ec_moq_feed_writer_begin (self->writer, now_us, group, 0, 128, FALSE, TRUE, TRUE);
      ec_moq_feed_writer_object (self->writer, now_us, &head);
      ec_moq_feed_writer_put (self->writer, group, 0, data, size / 2);
      self->half_us = due_us + 20000;
    }
    ec_moq_feed_flush (self->feed);
  }
}

void
world_run (World *self, guint64 us)
{
  guint64 until_us = world_now (self) + us;

  while (world_now (self) < until_us) {
    guint64 now_us = MIN (world_now (self) + 10000, until_us);

    ec_memory_network_run (self->network, now_us);
    for (guint i = 0; i < self->peers->len; i++) {
      Peer *peer = self->peers->pdata[i];

      for (guint k = 0; !peer->closed && k < peer->pubs->len; k++) {
        pub_step (peer->pubs->pdata[k], now_us);
        pub_expire (peer->pubs->pdata[k], now_us);
      }
    }
    ec_relay_core_tick (self->core, now_us);
  }
}

Pub *
peer_make (Peer *self, const char *path, const char *track, gboolean publish)
{
  return peer_make_with (self, path, track, publish, NULL);
}

Pub *
peer_make_with (
    Peer *self, const char *path, const char *track, gboolean publish, EcMoqtProperties *properties)
{
  Pub *pub = g_new0 (Pub, 1);
  guint64 group_us = GROUP_OBJECTS * OBJECT_US;

  pub->peer = self;
  pub->name = make_name (path, track);
  pub->feed = ec_moq_feed_new (pub->name, properties, &(EcMoqFeedLimits){ .max_lag = 8 });
  pub->writer = ec_moq_feed_add_writer (pub->feed);
  /* From the open group's beginning, as one that has been here for a while. */
  pub->at = world_now (self->world) / group_us * GROUP_OBJECTS;
  g_ptr_array_add (self->pubs, pub);
  pub_step (pub, world_now (self->world));
  if (publish) {
    EcMoqtParams params = { .has = 0 };

    if (ec_moq_feed_get_largest (pub->feed, &params.largest))
      params.has |= EC_MOQT_PARAM_LARGEST_OBJECT;
    pub->publish = ec_moqt_session_publish (self->moqt, pub->name, &params, properties);
    ec_moqt_request_set_data (pub->publish, pub);
  }
  return pub;
}

static Pub *
find_pub (Peer *self, EcMoqtName *name)
{
  for (guint i = 0; i < self->pubs->len; i++) {
    Pub *pub = self->pubs->pdata[i];

    if (ec_moqt_name_equal (pub->name, name))
      return pub;
  }
  return NULL;
}

static void
add_reader (Peer *self, EcMoqtRequest *request, EcMoqFeedReader *reader)
{
  if (!reader)
    return;
  ec_moqt_request_set_data (request, reader);
  g_ptr_array_add (self->readers, reader);
}

static void
pump (Peer *self)
{
  for (guint i = self->readers->len; i > 0; i--) {
    EcMoqFeedReader *reader = self->readers->pdata[i - 1];

    if (!ec_moq_feed_reader_pump (reader))
      g_ptr_array_remove_index_fast (self->readers, i - 1);
  }
}

static void
note_group_request (Peer *self, const EcMoqtParams *params)
{
  if (!(params->has & EC_MOQT_PARAM_NEW_GROUP_REQUEST))
    return;
  self->n_group_requests++;
  self->group_request = params->new_group_request;
}

/* -- Events */

static Sub *
get_sub (EcMoqtRequest *request)
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

static Sub *
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

/* The feed grants what is granted already no more. */
static void
grant_for_a_while (Peer *self, Pub *pub, EcMoqtRequest *request)
{
  EcMoqtGrant grant = { .params = { .has = EC_MOQT_PARAM_EXPIRES,
                                    .expires_ms = self->expires_ms } };

  if (ec_moq_feed_get_largest (pub->feed, &grant.params.largest))
    grant.params.has |= EC_MOQT_PARAM_LARGEST_OBJECT;
  ec_moqt_request_grant (request, &grant);
  pub->expires_us = world_now (self->world) + self->expires_ms * 1000;
  pub->subscription = request;
}

/* As a publisher that keeps to what it said. */
static void
pub_expire (Pub *pub, guint64 now_us)
{
  EcMoqFeedReader *reader;

  if (pub->expires_us == 0 || now_us < pub->expires_us)
    return;
  pub->expires_us = 0;
  reader = ec_moqt_request_get_data (pub->subscription);
  g_assert_true (g_ptr_array_remove_fast (pub->peer->readers, reader));
  ec_moq_feed_reader_remove (reader);
  ec_moqt_request_finish (pub->subscription, EC_MOQT_DONE_EXPIRED, "its time is over");
}

static void
on_ready (gpointer user_data)
{
  ((Peer *) user_data)->ready = TRUE;
}

static void
on_requested (gpointer user_data, EcMoqtRequest *request)
{
  Peer *self = user_data;
  Pub *pub = find_pub (self, ec_moqt_request_get_name (request));
  EcTransport *transport = ec_moq_link_get_transport (self->link);

  switch (ec_moqt_request_get_kind (request)) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
    if (!pub) {
      ec_moqt_request_refuse (request, EC_MOQT_ERROR_DOES_NOT_EXIST, "no such track");
      break;
    }
    pub->n_subscribed++;
    note_group_request (self, ec_moqt_request_get_params (request));
    if (self->refuse_with) {
      ec_moqt_request_refuse (request, self->refuse_with, "not to you");
      break;
    }
    if (self->expires_ms)
      grant_for_a_while (self, pub, request);
    add_reader (self, request, ec_moq_feed_read (pub->feed, request, transport));
    break;
  case EC_MOQT_REQUEST_FETCH:
    if (!pub) {
      ec_moqt_request_refuse (request, EC_MOQT_ERROR_DOES_NOT_EXIST, "no such track");
      break;
    }
    pub->n_fetched++;
    if (self->ignore_fetch)
      break;
    add_reader (self, request, ec_moq_feed_fetch (pub->feed, request, transport, NULL, NULL));
    break;
  case EC_MOQT_REQUEST_PUBLISH:
    if (!self->take_published) {
      ec_moqt_request_refuse (request, EC_MOQT_ERROR_UNINTERESTED, "no");
      break;
    }
    sub_new (self, request)->granted = TRUE;
    ec_moqt_request_grant (request, NULL);
    break;
  default:
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_NOT_SUPPORTED, "no");
    break;
  }
}

static void
on_update_requested (gpointer user_data, EcMoqtRequest *request, const EcMoqtParams *changed)
{
  Peer *self = user_data;
  EcMoqtGrant grant = { .properties = NULL };
  Pub *pub = find_pub (self, ec_moqt_request_get_name (request));

  note_group_request (self, changed);
  self->n_updates++;
  if (pub && pub->expires_us && !self->keep_expiry) {
    pub->expires_us = world_now (self->world) + self->expires_ms * 1000;
    grant.params.has |= EC_MOQT_PARAM_EXPIRES;
    grant.params.expires_ms = self->expires_ms;
  }
  if (pub && ec_moq_feed_get_largest (pub->feed, &grant.params.largest))
    grant.params.has |= EC_MOQT_PARAM_LARGEST_OBJECT;
  ec_moqt_request_grant_update (request, &grant);
  for (guint i = 0; i < self->readers->len; i++) {
    if (self->readers->pdata[i] == ec_moqt_request_get_data (request))
      ec_moq_feed_reader_update (self->readers->pdata[i]);
  }
}

static void
on_cancelled (gpointer user_data, EcMoqtRequest *request)
{
  Peer *self = user_data;
  gpointer reader = ec_moqt_request_get_data (request);

  for (guint i = 0; i < self->pubs->len; i++) {
    Pub *pub = self->pubs->pdata[i];

    if (pub->subscription == request)
      pub->expires_us = 0;
  }
  if (reader && g_ptr_array_remove_fast (self->readers, reader))
    ec_moq_feed_reader_remove (reader);
}

static void
on_granted (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  Peer *self = user_data;
  Sub *sub = get_sub (request);

  if (sub) {
    sub->granted = TRUE;
    sub->has_largest = ec_moqt_request_get_largest (request, &sub->largest);
    if (ec_moqt_request_get_properties (request))
      sub->properties = ec_moqt_properties_ref (ec_moqt_request_get_properties (request));
  } else if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_PUBLISH) {
    Pub *pub = ec_moqt_request_get_data (request);

    add_reader (self, request,
                ec_moq_feed_read (pub->feed, request, ec_moq_link_get_transport (self->link)));
  } else {
    self->n_space_granted++;
  }
}

static void
on_refused (gpointer user_data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  Peer *self = user_data;
  Sub *sub = get_sub (request);

  self->n_refused++;
  if (sub) {
    sub->refused = TRUE;
    sub->error = refusal->code;
    sub->request = NULL;
  } else if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_PUBLISH) {
    ((Pub *) ec_moqt_request_get_data (request))->publish = NULL;
    self->space_error = refusal->code;
  } else {
    self->n_space_refused++;
    self->space_error = refusal->code;
  }
}

static void
on_finished (gpointer user_data, EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason)
{
  Sub *sub = get_sub (request);

  if (sub) {
    sub->done = TRUE;
    sub->done_code = code;
    sub->request = NULL;
  }
}

static void
on_namespace_found (gpointer user_data, EcMoqtRequest *request, EcMoqtName *name)
{
  Peer *self = user_data;

  g_hash_table_add (self->found, ec_moqt_name_to_path (name));
}

static void
on_namespace_lost (gpointer user_data, EcMoqtRequest *request, EcMoqtName *name)
{
  Peer *self = user_data;
  g_autofree char *path = ec_moqt_name_to_path (name);

  self->n_lost++;
  g_assert_true (g_hash_table_remove (self->found, path));
}

/* A stream's data is the object that it is at, and how far. */
typedef struct {
  guint64 group, object;
  gsize size, offset;
  gboolean in_object;
} Place;

static void
on_object (gpointer user_data, EcMoqtStream *stream, const EcMoqtObject *object)
{
  Peer *self = user_data;
  Sub *sub = get_sub (ec_moqt_stream_get_request (stream));
  Place *place = ec_moqt_stream_get_data (stream);
  gint64 key = (gint64) (object->location.group << 16 | object->location.object);

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

static void
on_range (gpointer user_data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown)
{
  Sub *sub = get_sub (ec_moqt_stream_get_request (stream));

  if (sub)
    sub->n_unknown += unknown;
}

static void
on_datagram (gpointer user_data,
             EcMoqtRequest *request,
             const EcMoqtObject *object,
             const guint8 *payload,
             gsize size)
{
  Sub *sub = get_sub (request);
  gint64 key = (gint64) (object->location.group << 16 | object->location.object);

  if (!sub)
    return;
  for (gsize i = 0; i < size; i++)
    g_assert_cmpuint (payload[i], ==,
                      broadcast_byte (object->location.group, object->location.object, i));
  sub->priority = object->priority;
  sub->n_datagrams++;
  sub->n_repeated += !g_hash_table_add (sub->objects, g_memdup2 (&key, sizeof key));
}

static void
on_payload (gpointer user_data, EcMoqtStream *stream, const guint8 *data, gsize size)
{
  Peer *self = user_data;
  Sub *sub = get_sub (ec_moqt_stream_get_request (stream));
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

static void
on_object_ended (gpointer user_data, EcMoqtStream *stream)
{
  Sub *sub = get_sub (ec_moqt_stream_get_request (stream));
  Place *place = ec_moqt_stream_get_data (stream);
  gint64 key;

  if (!sub || !place)
    return;
  g_assert_cmpuint (place->offset, ==, place->size);
  place->in_object = FALSE;
  key = (gint64) (place->group << 16 | place->object);
  g_hash_table_add (sub->objects, g_memdup2 (&key, sizeof key));
  sub->n_whole++;
}

static void
on_stream_ended (gpointer user_data, EcMoqtStream *stream, gboolean reset, EcMoqtResetCode code)
{
  Peer *self = user_data;
  Sub *sub = get_sub (ec_moqt_stream_get_request (stream));
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

static void
on_stream_stopped (gpointer user_data, EcMoqtStream *stream, EcMoqtResetCode code)
{
  Peer *self = user_data;
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);

  for (guint i = 0; request && i < self->readers->len; i++) {
    if (self->readers->pdata[i] == ec_moqt_request_get_data (request))
      ec_moq_feed_reader_stream_stopped (self->readers->pdata[i], stream);
  }
}

static void
on_stream_sent (gpointer user_data, EcMoqtStream *stream)
{
  pump (user_data);
}

static void
on_pump (gpointer user_data)
{
  pump (user_data);
}

static void
on_goaway (gpointer user_data, const char *uri, guint64 timeout_ms, EcMoqtRequest *request)
{
  ((Peer *) user_data)->goaway = TRUE;
}

static void
on_closed (gpointer user_data, gboolean remote, guint64 code, const char *reason)
{
  Peer *self = user_data;

  for (guint i = 0; i < self->readers->len; i++)
    ec_moq_feed_reader_remove (self->readers->pdata[i]);
  g_ptr_array_set_size (self->readers, 0);
  for (guint i = 0; i < self->subs->len; i++)
    ((Sub *) self->subs->pdata[i])->request = NULL;
  self->closed = TRUE;
  self->remote = remote;
  self->close_code = code;
  self->link = NULL;
  self->moqt = NULL;
}

static const EcMoqLinkEvents peer_events = {
  .session = {
    .ready = on_ready,
    .requested = on_requested,
    .update_requested = on_update_requested,
    .cancelled = on_cancelled,
    .granted = on_granted,
    .refused = on_refused,
    .finished = on_finished,
    .namespace_found = on_namespace_found,
    .namespace_lost = on_namespace_lost,
    .object = on_object,
    .range = on_range,
    .datagram = on_datagram,
    .payload = on_payload,
    .object_ended = on_object_ended,
    .stream_ended = on_stream_ended,
    .stream_stopped = on_stream_stopped,
    .stream_sent = on_stream_sent,
    .streams_available = on_pump,
    .goaway = on_goaway,
    .closed = on_closed,
  },
  .woken = on_pump,
};

/* -- Peers */

Peer *
peer_new_full (World *world,
               const EcMoqtDraft *draft,
               const EcMemoryLink *link,
               GBytes *token,
               const char *authority)
{
  Peer *self = g_new0 (Peer, 1);
  EcTransport *client, *server;
  EcMoqtConfig config = { .token = token, .authority = authority, .path = "/" };

  self->world = world;
  self->subs = g_ptr_array_new_with_free_func (sub_free);
  self->pubs = g_ptr_array_new_with_free_func (pub_free);
  self->readers = g_ptr_array_new ();
  self->places = g_hash_table_new_full (NULL, NULL, g_free, NULL);
  self->found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (world->peers, self);
  ec_memory_network_pair (world->network, link, &client, &server);
  if (!ec_relay_core_accept (world->core, server, draft))
    ec_moq_deaf_close (server, EC_MOQT_CLOSE_INTERNAL_ERROR, "not taken");
  self->link = ec_moq_link_new (client, draft, &config, &peer_events, self);
  self->moqt = ec_moq_link_get_session (self->link);
  return self;
}

Peer *
peer_new (World *world, const EcMoqtDraft *draft, const guint8 *key)
{
  EcMemoryLink link = { .latency_us = world->latency_us,
                        .max_piece = world->max_piece,
                        .client_key = key };

  return peer_new_full (world, draft, &link, NULL, NULL);
}

void
peer_close (Peer *self)
{
  if (self->moqt)
    ec_moqt_session_close (self->moqt, EC_MOQT_CLOSE_NO_ERROR, "bye");
}

void
peer_cut (Peer *self)
{
  for (guint i = 0; i < self->pubs->len; i++) {
    Pub *pub = self->pubs->pdata[i];

    if (pub->writer)
      ec_moq_feed_writer_remove (g_steal_pointer (&pub->writer), world_now (self->world));
  }
  ec_memory_network_cut (self->world->network, ec_moq_link_get_transport (self->link));
}

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
peer_fetch (
    Peer *self, const char *path, const char *track, EcMoqtLocation start, EcMoqtLocation end)
{
  return peer_fetch_with (self, path, track, start, end, NULL);
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

EcMoqtRequest *
peer_announce (Peer *self, const char *path, GBytes *token)
{
  g_autoptr (EcMoqtName) name = make_name (path, NULL);
  EcMoqtParams params = { .n_tokens = token ? 1 : 0 };

  if (token)
    params.tokens[0] = (EcMoqtToken){ .kind = EC_MOQT_TOKEN_USE_VALUE, .value = token };
  return ec_moqt_session_publish_namespace (self->moqt, name, &params);
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

/* -- Looking */

gboolean
sub_has (const Sub *self, guint64 group, guint64 object)
{
  gint64 key = (gint64) (group << 16 | object);

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
