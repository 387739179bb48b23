/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer-private.h"

#include "session/ec-moq-deaf.h"

/* The peers' sessions. */

static void
on_ready (gpointer user_data)
{
  ((Peer *) user_data)->ready = TRUE;
}

static void
on_granted (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  Peer *self = user_data;
  Sub *sub = sub_get (request);

  if (sub) {
    sub->granted = TRUE;
    sub->has_largest = ec_moqt_request_get_largest (request, &sub->largest);
    if (ec_moqt_request_get_properties (request))
      sub->properties = ec_moqt_properties_ref (ec_moqt_request_get_properties (request));
  } else if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_PUBLISH) {
    Pub *pub = ec_moqt_request_get_data (request);

    peer_add_reader (self, request,
                     ec_moq_feed_read (pub->feed, request, ec_moq_link_get_transport (self->link)));
  } else {
    self->n_space_granted++;
  }
}

static void
on_refused (gpointer user_data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  Peer *self = user_data;
  Sub *sub = sub_get (request);

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
  Sub *sub = sub_get (request);

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

static void
on_stream_sent (gpointer user_data, EcMoqtStream *stream)
{
  peer_pump (user_data);
}

static void
on_pump (gpointer user_data)
{
  peer_pump (user_data);
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
    .requested = peer_on_requested,
    .update_requested = peer_on_update_requested,
    .cancelled = peer_on_cancelled,
    .granted = on_granted,
    .refused = on_refused,
    .finished = on_finished,
    .namespace_found = on_namespace_found,
    .namespace_lost = on_namespace_lost,
    .object = peer_on_object,
    .range = peer_on_range,
    .datagram = peer_on_datagram,
    .payload = peer_on_payload,
    .object_ended = peer_on_object_ended,
    .stream_ended = peer_on_stream_ended,
    .stream_stopped = peer_on_stream_stopped,
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

Scene
scene_new (guint mix, guint32 seed, const EcRelayCoreConfig *config)
{
  World *world = world_new (seed, config);

  return (Scene){
    .world = world,
    .publisher = peer_new (world, drafts[mix & 1], key_a),
    .viewer = peer_new (world, drafts[mix >> 1 & 1], NULL),
  };
}

void
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
