/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer-private.h"

/* What a peer publishes, and what others ask of it. */

void
pub_free (gpointer data)
{
  Pub *self = data;

  if (self->writer)
    ec_moq_feed_writer_remove (self->writer, 0);
  ec_moq_feed_unref (self->feed);
  ec_moqt_name_unref (self->name);
  g_free (self);
}

/* Half of each object's payload comes at its time, the other half 20 ms later: so that a publisher may die in between. */
void
pub_step (Pub *self, guint64 now_us)
{
  while (self->writer && !self->stalled) {
    guint64 due_us = self->at * OBJECT_US + self->offset_us;
    guint64 group = self->at / GROUP_OBJECTS, object = self->at % GROUP_OBJECTS;
    gsize size = broadcast_size (group, object);
    g_autoptr (EcPayload) payload = broadcast_payload (group, object, self->twist);
    const guint8 *data = ec_payload_get_data (payload);
    EcMoqtObject head = { .location = { group, object }, .priority = 128, .size = size };

    if (self->half_us) {
      if (now_us < self->half_us)
        return;
      ec_moq_feed_writer_put (self->writer, 0, group, 0, data + size / 2, size - size / 2);
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
      ec_moq_feed_writer_put (self->writer, 0, group, 0, data, size / 2);
      self->half_us = due_us + 20000;
    }
    ec_moq_feed_flush (self->feed);
  }
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

Pub *
peer_make (Peer *self, const char *path, const char *track, gboolean publish)
{
  return peer_make_with (self, path, track, publish, NULL);
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

Pub *
peer_offer (Peer *self, gboolean publish, EcMoqtProperties *properties)
{
  if (!publish)
    peer_announce (self, PATH, NULL);
  return peer_make_with (self, PATH, TRACK, publish, properties);
}

Pub *
peer_forge (Peer *self)
{
  Pub *pub = peer_offer (self, FALSE, NULL);

  pub->twist = 1;
  pub->offset_us = 10000;
  return pub;
}

void
pub_put (Pub *self, guint64 now_us, guint64 group, guint64 object)
{
  EcMoqtObject head = { .location = { group, object },
                        .priority = 128,
                        .size = broadcast_size (group, object) };
  g_autoptr (EcPayload) payload = broadcast_payload (group, object, 0);

  ec_moq_feed_writer_put_object (self->writer, now_us, &head, payload);
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

/* -- Events */

void
peer_add_reader (Peer *self, EcMoqtRequest *request, EcMoqFeedReader *reader)
{
  if (!reader)
    return;
  ec_moqt_request_set_data (request, reader);
  g_ptr_array_add (self->readers, reader);
}

void
peer_pump (Peer *self)
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
void
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

void
peer_on_requested (gpointer user_data, EcMoqtRequest *request)
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
    peer_add_reader (self, request, ec_moq_feed_read (pub->feed, request, transport));
    break;
  case EC_MOQT_REQUEST_FETCH:
    if (!pub) {
      ec_moqt_request_refuse (request, EC_MOQT_ERROR_DOES_NOT_EXIST, "no such track");
      break;
    }
    pub->n_fetched++;
    if (self->ignore_fetch)
      break;
    peer_add_reader (self, request, ec_moq_feed_fetch (pub->feed, request, transport, NULL, NULL));
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

void
peer_on_update_requested (gpointer user_data, EcMoqtRequest *request, const EcMoqtParams *changed)
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

void
peer_on_cancelled (gpointer user_data, EcMoqtRequest *request)
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

void
peer_on_stream_stopped (gpointer user_data, EcMoqtStream *stream, EcMoqtResetCode code)
{
  Peer *self = user_data;
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);

  for (guint i = 0; request && i < self->readers->len; i++) {
    if (self->readers->pdata[i] == ec_moqt_request_get_data (request))
      ec_moq_feed_reader_stream_stopped (self->readers->pdata[i], stream);
  }
}
