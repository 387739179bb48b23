/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-core-private.h"

#include "base/ec-error.h"
#include "session/ec-moq-error-map.h"

/* What a core does on its link's thread: all events of the session come here, and go to whom they concern. */

#define TICK 500000 /* µs */

/* -- Watching requests */

static void
watch_free (EcMoqCoreWatch *watch)
{
  watch->user->unref (watch->data);
  g_free (watch);
}

static EcMoqCoreWatch *
watch_new (const EcMoqCoreUser *user, gpointer data)
{
  EcMoqCoreWatch *watch = g_new0 (EcMoqCoreWatch, 1);

  watch->user = user;
  watch->data = user->ref (data);
  return watch;
}

static EcMoqCoreWatch *
steal_watch (EcMoqCore *self, EcMoqtRequest *request)
{
  EcMoqCoreWatch *watch = NULL;

  g_hash_table_steal_extended (self->watches, request, NULL, (gpointer *) &watch);
  return watch;
}

void
ec_moq_core_watch (EcMoqCore *self,
                   EcMoqtRequest *request,
                   const EcMoqCoreUser *user,
                   gpointer data)
{
  g_hash_table_insert (self->watches, request, watch_new (user, data));
  if (!self->ticking && user->tick) {
    self->ticking = TRUE;
    ec_moq_link_set_timer (self->link, ec_moq_link_now (self->link) + TICK);
  }
}

void
ec_moq_core_cancel (EcMoqCore *self, EcMoqtRequest *request)
{
  EcMoqCoreWatch *watch = steal_watch (self, request);
  GHashTableIter iter;
  gpointer stream, inbox;

  /* They go without an event. */
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, &stream, &inbox)) {
    if (ec_moqt_stream_get_request (stream) != request)
      continue;
    g_hash_table_iter_remove (&iter);
    ec_moq_inbox_stream_ended (inbox, TRUE, FALSE, -1);
  }
  ec_moqt_request_cancel (request);
  if (watch)
    watch_free (watch);
}

void
ec_moq_core_add_listener (EcMoqCore *self, const EcMoqCoreUser *user, gpointer data)
{
  GHashTableIter iter;
  gpointer name;

  g_ptr_array_add (self->listeners, watch_new (user, data));
  g_hash_table_iter_init (&iter, self->heard);
  while (g_hash_table_iter_next (&iter, NULL, &name))
    user->namespace_found (data, name);
}

void
ec_moq_core_remove_listener (EcMoqCore *self, gpointer data)
{
  for (guint i = 0; i < self->listeners->len; i++) {
    EcMoqCoreWatch *watch = self->listeners->pdata[i];

    if (watch->data != data)
      continue;
    g_ptr_array_remove_index_fast (self->listeners, i);
    watch_free (watch);
    return;
  }
}

/* -- The session's life */

static void
look_at_transport (EcMoqCore *self)
{
  EcTransportInfo info;

  ec_transport_get_info (ec_moq_link_get_transport (self->link), &info);
  g_mutex_lock (&self->mutex);
  self->rtt_us = info.rtt_us;
  g_mutex_unlock (&self->mutex);
}

static void
on_ready (gpointer user_data)
{
  EcMoqCore *self = user_data;
  EcMoqtSession *session = ec_moq_link_get_session (self->link);
  g_autoptr (EcMoqReply) connecting = NULL;

  look_at_transport (self);
  ec_moq_core_set_string (self, EC_MOQ_CORE_IMPLEMENTATION,
                          ec_moqt_session_get_peer_implementation (session));
  if (ec_moqt_session_get_peer_path (session))
    ec_moq_core_set_string (self, EC_MOQ_CORE_PATH, ec_moqt_session_get_peer_path (session));
  ec_moq_core_set_state (self, EC_MOQ_SESSION_STATE_OPEN, NULL);

  g_mutex_lock (&self->mutex);
  connecting = g_steal_pointer (&self->connecting);
  g_mutex_unlock (&self->mutex);
  if (connecting)
    ec_moq_reply_finish (connecting, NULL);
  if (self->ready)
    self->ready (self, self->ready_data);
}

static void
end_all (EcMoqCore *self, const GError *error)
{
  g_autoptr (GList) watches = g_hash_table_get_values (self->watches);
  g_autoptr (GList) streams = g_hash_table_get_values (self->streams);

  g_hash_table_remove_all (self->watches);
  g_hash_table_remove_all (self->streams);
  g_hash_table_remove_all (self->heard);
  g_ptr_array_set_size (self->offered, 0);
  for (GList *l = streams; l; l = l->next)
    ec_moq_inbox_stream_ended (l->data, TRUE, FALSE, -1);
  for (guint i = 0; i < self->listeners->len; i++)
    watches = g_list_prepend (watches, self->listeners->pdata[i]);
  g_ptr_array_set_size (self->listeners, 0);
  for (GList *l = watches; l; l = l->next) {
    EcMoqCoreWatch *watch = l->data;

    if (watch->user->closed)
      watch->user->closed (watch->data, error);
    watch_free (watch);
  }
}

/* A transport that broke tells more than the code that the session makes of it. */
static GError *
make_close_error (EcMoqCore *self, gboolean remote, guint64 code, const char *reason)
{
  const EcTransportClose *close = ec_moq_link_get_close (self->link);
  g_autofree char *peer = NULL;

  if (!close || close->cause == EC_TRANSPORT_CLOSE_LOCAL || close->cause == EC_TRANSPORT_CLOSE_PEER)
    return ec_moq_error_new_for_close (remote, code, reason);
  peer = ec_moq_core_dup_string (self, EC_MOQ_CORE_PEER);
  return ec_moq_error_new_for_transport (close, peer);
}

static void
on_closed (gpointer user_data, gboolean remote, guint64 code, const char *reason)
{
  EcMoqCore *self = user_data;
  g_autoptr (GError) error = make_close_error (self, remote, code, reason);

  g_mutex_lock (&self->mutex);
  self->transport = NULL;
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&self->origin_link, ec_moq_origin_link_free);
  self->link = NULL;
  end_all (self, error);
  if (self->ready_destroy)
    self->ready_destroy (self->ready_data);
  self->ready_destroy = NULL;
  ec_moq_core_finish (self, g_steal_pointer (&error));
  ec_moq_core_unref (self);
}

static void
on_goaway (gpointer user_data, const char *uri, guint64 timeout_ms, EcMoqtRequest *request)
{
  EcMoqCore *self = user_data;

  if (request)
    return;
  ec_moq_core_set_string (self, EC_MOQ_CORE_NEW_URI, uri);
  ec_moq_core_set_state (self, EC_MOQ_SESSION_STATE_GOING_AWAY, NULL);
}

static void
on_woken (gpointer user_data)
{
  EcMoqCore *self = ec_moq_core_ref (user_data);

  ec_moq_core_run_commands (self, ec_moq_link_get_session (self->link));
  if (self->link)
    ec_moq_origin_link_woken (self->origin_link);
  if (self->link) {
    g_autoptr (GList) watches = g_hash_table_get_values (self->watches);

    for (GList *l = watches; l; l = l->next) {
      EcMoqCoreWatch *watch = l->data;

      if (watch->user->woken)
        watch->user->woken (watch->data);
    }
  }
  ec_moq_core_unref (self);
}

static void
on_timer (gpointer user_data)
{
  EcMoqCore *self = user_data;
  GHashTableIter iter;
  gpointer value;

  look_at_transport (self);
  self->ticking = FALSE;
  g_hash_table_iter_init (&iter, self->watches);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    EcMoqCoreWatch *watch = value;

    if (!watch->user->tick)
      continue;
    watch->user->tick (watch->data);
    self->ticking = TRUE;
  }
  if (self->ticking)
    ec_moq_link_set_timer (self->link, ec_moq_link_now (self->link) + TICK);
}

/* -- What the peer asks */

static void
on_requested (gpointer user_data, EcMoqtRequest *request)
{
  EcMoqCore *self = user_data;
  EcMoqtName *name;

  if (ec_moq_origin_link_requested (self->origin_link, request))
    return;
  if (ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_PUBLISH) {
    ec_moq_core_published (self, request);
    return;
  }
  name = ec_moqt_request_get_name (request);
  g_hash_table_insert (self->heard, request, ec_moqt_name_ref (name));
  ec_moqt_request_grant (request, NULL);
  for (guint i = 0; i < self->listeners->len; i++) {
    EcMoqCoreWatch *watch = self->listeners->pdata[i];

    watch->user->namespace_found (watch->data, name);
  }
}

static void
on_update_requested (gpointer user_data, EcMoqtRequest *request, const EcMoqtParams *changed)
{
  EcMoqCore *self = user_data;

  if (!ec_moq_origin_link_update_requested (self->origin_link, request))
    ec_moqt_request_grant_update (request, NULL);
}

static void
on_cancelled (gpointer user_data, EcMoqtRequest *request)
{
  EcMoqCore *self = user_data;
  g_autoptr (EcMoqtName) name = NULL;

  if (ec_moq_origin_link_cancelled (self->origin_link, request) ||
      ec_moq_core_published_cancelled (self, request))
    return;
  if (!g_hash_table_steal_extended (self->heard, request, NULL, (gpointer *) &name))
    return;
  for (guint i = 0; i < self->listeners->len; i++) {
    EcMoqCoreWatch *watch = self->listeners->pdata[i];

    watch->user->namespace_lost (watch->data, name);
  }
}

/* -- What the peer answers */

static void
on_granted (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  EcMoqCore *self = user_data;
  EcMoqCoreWatch *watch = g_hash_table_lookup (self->watches, request);

  if (watch && watch->user->granted)
    watch->user->granted (watch->data, request, grant);
  else if (!watch)
    ec_moq_origin_link_granted (self->origin_link, request);
}

static void
on_refused (gpointer user_data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  EcMoqCore *self = user_data;
  EcMoqCoreWatch *watch = steal_watch (self, request);

  if (!watch) {
    ec_moq_origin_link_refused (self->origin_link, request, refusal);
    return;
  }
  if (watch->user->refused)
    watch->user->refused (watch->data, request, refusal);
  watch_free (watch);
}

static void
on_finished (gpointer user_data, EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason)
{
  EcMoqCore *self = user_data;
  EcMoqCoreWatch *watch = steal_watch (self, request);

  if (!watch) {
    if (!ec_moq_core_published_cancelled (self, request))
      ec_moq_origin_link_finished (self->origin_link, request);
    return;
  }
  if (watch->user->finished)
    watch->user->finished (watch->data, request, code, reason);
  watch_free (watch);
}

static void
on_updated (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
}

static void
on_update_refused (gpointer user_data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
}

static void
on_namespace_found (gpointer user_data, EcMoqtRequest *request, EcMoqtName *name)
{
  EcMoqCore *self = user_data;
  EcMoqCoreWatch *watch = g_hash_table_lookup (self->watches, request);

  if (watch && watch->user->namespace_found)
    watch->user->namespace_found (watch->data, name);
}

static void
on_namespace_lost (gpointer user_data, EcMoqtRequest *request, EcMoqtName *name)
{
  EcMoqCore *self = user_data;
  EcMoqCoreWatch *watch = g_hash_table_lookup (self->watches, request);

  if (watch && watch->user->namespace_lost)
    watch->user->namespace_lost (watch->data, name);
}

static void
on_publish_blocked (gpointer user_data, EcMoqtRequest *request, EcMoqtName *name)
{
}

/* -- Objects that come */

static void
consume (gpointer user_data, gpointer stream, gint64 kept, gsize size)
{
  EcMoqCore *self = user_data;

  if (stream)
    ec_moqt_stream_consume (stream, size);
  else if (kept >= 0)
    ec_moqt_session_consume (ec_moq_link_get_session (self->link), kept, size);
}

static void
stop (gpointer user_data, gpointer stream)
{
  EcMoqCore *self = user_data;

  g_hash_table_remove (self->streams, stream);
  ec_moqt_stream_stop (stream, EC_MOQT_RESET_CANCELLED);
}

void
ec_moq_core_collect (EcMoqCore *self, EcMoqInbox *inbox)
{
  if (self->link)
    ec_moq_inbox_collect (inbox, consume, stop, self);
}

void
ec_moq_core_fill (EcMoqCore *self, EcMoqtStream *stream, EcMoqInbox *inbox)
{
  gboolean fetch = ec_moqt_stream_is_fetch (stream);

  g_hash_table_insert (
      self->streams, stream,
      ec_moq_inbox_open (inbox, stream, fetch, fetch ? 0 : ec_moqt_stream_get_group (stream)));
}

static void
on_stream_opened (gpointer user_data, EcMoqtStream *stream)
{
  EcMoqCore *self = user_data;
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);
  EcMoqCoreWatch *watch = request ? g_hash_table_lookup (self->watches, request) : NULL;

  if (watch && watch->user->stream_opened)
    watch->user->stream_opened (watch->data, request, stream);
  else
    ec_moqt_stream_stop (stream, EC_MOQT_RESET_CANCELLED);
}

static void
on_object (gpointer user_data, EcMoqtStream *stream, const EcMoqtObject *object)
{
  EcMoqCore *self = user_data;
  EcMoqInboxStream *into = g_hash_table_lookup (self->streams, stream);

  if (into)
    ec_moq_inbox_object (into, object, g_get_real_time ());
}

static void
on_payload (gpointer user_data, EcMoqtStream *stream, const guint8 *data, gsize size)
{
  EcMoqCore *self = user_data;
  EcMoqInboxStream *into = g_hash_table_lookup (self->streams, stream);

  if (!into) {
    ec_moqt_stream_consume (stream, size);
    return;
  }
  ec_moq_inbox_payload (into, data, size);
  ec_moq_core_collect (self, ec_moq_inbox_stream_get_inbox (into));
}

static void
on_object_ended (gpointer user_data, EcMoqtStream *stream)
{
  EcMoqCore *self = user_data;
  EcMoqInboxStream *into = g_hash_table_lookup (self->streams, stream);

  if (!into)
    return;
  ec_moq_inbox_object_ended (into);
  ec_moq_core_collect (self, ec_moq_inbox_stream_get_inbox (into));
}

static void
on_range (gpointer user_data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown)
{
  EcMoqCore *self = user_data;
  EcMoqInboxStream *into = g_hash_table_lookup (self->streams, stream);

  if (into)
    ec_moq_inbox_range (into, to, unknown);
}

static void
on_stream_ended (gpointer user_data, EcMoqtStream *stream, gboolean reset, EcMoqtResetCode code)
{
  EcMoqCore *self = user_data;
  EcMoqInboxStream *into = NULL;
  g_autoptr (EcMoqInbox) inbox = NULL;
  gint64 kept = -1;

  if (!g_hash_table_steal_extended (self->streams, stream, NULL, (gpointer *) &into))
    return;
  inbox = ec_moq_inbox_ref (ec_moq_inbox_stream_get_inbox (into));
  if (!reset && ec_moq_inbox_stream_keeps (into))
    kept = ec_moqt_stream_keep_credit (stream);
  ec_moq_inbox_stream_ended (
      into, reset, !ec_moqt_stream_is_fetch (stream) && ec_moqt_stream_get_end_of_group (stream),
      kept);
  ec_moq_core_collect (self, inbox);
}

static void
on_datagram (gpointer user_data,
             EcMoqtRequest *request,
             const EcMoqtObject *object,
             const guint8 *payload,
             gsize size)
{
  EcMoqCore *self = user_data;
  EcMoqCoreWatch *watch = g_hash_table_lookup (self->watches, request);

  if (watch && watch->user->datagram)
    watch->user->datagram (watch->data, object, payload, size);
}

/* -- Objects that go */

static void
on_stream_stopped (gpointer user_data, EcMoqtStream *stream, EcMoqtResetCode code)
{
  EcMoqCore *self = user_data;

  ec_moq_origin_link_stream_stopped (self->origin_link, stream);
}

static void
on_stream_sent (gpointer user_data, EcMoqtStream *stream)
{
  EcMoqCore *self = user_data;

  ec_moq_origin_link_stream_sent (self->origin_link, stream);
}

static void
on_streams_available (gpointer user_data)
{
  EcMoqCore *self = user_data;

  ec_moq_origin_link_streams_available (self->origin_link);
}

static const EcMoqLinkEvents link_events = {
  .session = {
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
  },
  .woken = on_woken,
  .timer = on_timer,
};

static void
on_announced (gpointer user_data, EcMoqtName *space, const EcMoqtRefusal *refusal, gboolean lost)
{
  g_autofree char *path = ec_moqt_name_to_path (space);
  g_autofree char *what = g_strdup_printf ("The announcement of %s", path);
  GError *error = NULL;

  if (refusal)
    error = ec_moq_error_new_for_refusal (refusal, what);
  else if (lost)
    error = g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_REJECTED, "%s is not wanted any more.", what);
  ec_moq_core_announced (user_data, space, lost, error);
}

static const EcMoqOriginEvents origin_events = { .announced = on_announced };

void
ec_moq_core_start (EcMoqCore *self, EcTransport *transport, const EcMoqtDraft *draft, gboolean hold)
{
  EcTransportInfo info;
  EcMoqtConfig config = { .implementation = ec_moq_implementation,
                          .token = self->token,
                          .proof = self->proof };

  if (self->uri && !self->uri->webtransport) {
    config.path = self->uri->path;
    config.authority = self->uri->authority;
  }
  self->held = hold;
  ec_transport_get_info (transport, &info);
  ec_moq_core_set_string (self, EC_MOQ_CORE_PROTOCOL, draft->alpn);
  ec_moq_core_set_string (self, EC_MOQ_CORE_TRANSPORT, info.kind);
  ec_moq_core_set_string (self, EC_MOQ_CORE_PEER, info.peer);
  ec_moq_core_set_string (self, EC_MOQ_CORE_PATH, info.path);

  self->link = ec_moq_link_new (transport, draft, &config, &link_events, ec_moq_core_ref (self));
  self->origin_link = ec_moq_origin_attach (self->origin, self->link, hold, &origin_events, self);
  g_mutex_lock (&self->mutex);
  self->transport = transport;
  ec_transport_wake (transport);
  g_mutex_unlock (&self->mutex);
}
