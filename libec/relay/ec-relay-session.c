/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/*
 * One peer's session, on its transport's thread: hands what it asks to those who know of it, and does what others have written into its
 * items.
 */

/* What a strike counts: refusals for load within a minute. */
#define STRIKES_PER_SECOND(max) MAX ((max) / 60, 1)

static const EcMoqLinkEvents relay_events;

EcRelaySession *
ec_relay_session_ref (EcRelaySession *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_relay_session_unref (EcRelaySession *self)
{
  EcRelayCore *core = self->core;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  ec_relay_credentials_clear (&self->credentials);
  g_clear_pointer (&self->items, g_hash_table_unref);
  g_clear_pointer (&self->readers, g_ptr_array_unref);
  g_clear_pointer (&self->touched, g_ptr_array_unref);
  ec_relay_core_unreckon (core, self->reckoned);
  g_free (self->peer);
  g_free (self->address);
  g_free (self->host);
  g_free (self);
  ec_relay_core_unref (core);
}

/* Readers are woken once for all that came in one go, not for every packet of it. */
void
ec_relay_session_flush_soon (EcRelaySession *self, EcMoqFeed *feed)
{
  if (g_ptr_array_find (self->touched, feed, NULL))
    return;
  g_ptr_array_add (self->touched, ec_moq_feed_ref (feed));
  ec_transport_wake (ec_moq_link_get_transport (self->link));
}

static void
flush_touched (EcRelaySession *self)
{
  for (guint i = 0; i < self->touched->len; i++)
    ec_moq_feed_flush (self->touched->pdata[i]);
  g_ptr_array_set_size (self->touched, 0);
}

guint64
ec_relay_session_now (EcRelaySession *self)
{
  return ec_moq_link_now (self->link);
}

void
ec_relay_session_start (EcRelaySession *self, EcTransport *transport, const EcMoqtDraft *draft)
{
  const EcRelayLimits *limits = &self->core->config.limits;
  guint64 now_us = ec_transport_now (transport);
  EcMoqtConfig config = {
    .server = TRUE,
    .implementation = self->core->config.implementation,
    .limits = {
      .max_requests = limits->max_session_subscriptions + limits->max_session_fetches +
                      limits->max_session_tracks + limits->max_session_namespaces +
                      limits->max_session_interests,
      .max_object_size = limits->max_object_size,
    },
  };

  self->items = g_hash_table_new_full (NULL, NULL, ec_relay_item_unref, NULL);
  self->readers = g_ptr_array_new ();
  self->touched = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_moq_feed_unref);
  ec_relay_bucket_init (&self->requests, limits->request_burst, now_us);
  ec_relay_bucket_init (&self->strikes, limits->max_strikes, now_us);
  /* The link's own; let go of in on_closed(). */
  ec_relay_session_ref (self);
  self->link = ec_moq_link_new (transport, draft, &config, &relay_events, self);
  self->moqt = ec_moq_link_get_session (self->link);
  ec_relay_core_lock (self->core, now_us);
  self->transport = transport;
  ec_relay_core_unlock (self->core);
}

/* -- Limits */

void
ec_relay_session_strike (EcRelaySession *self, const char *what)
{
  const EcRelayLimits *limits = &self->core->config.limits;

  ec_relay_core_lock (self->core, 0);
  self->core->stats.n_overload++;
  ec_relay_core_unlock (self->core);
  if (!ec_relay_bucket_take (&self->strikes, STRIKES_PER_SECOND (limits->max_strikes),
                             limits->max_strikes, ec_relay_session_now (self)))
    self->overload = what;
}

gboolean
ec_relay_session_count (
    EcRelaySession *self, EcMoqtRequest *request, EcRelayCount count, guint max, gsize bytes)
{
  if (self->counts[count] < max &&
      ec_relay_core_reckon (self->core, ec_relay_session_now (self), bytes)) {
    self->counts[count]++;
    return TRUE;
  }
  ec_moqt_request_refuse (request, EC_MOQT_ERROR_EXCESSIVE_LOAD,
                          self->counts[count] >= max ? "too many requests of this kind are open"
                                                     : "the relay has no memory left for it");
  ec_relay_session_strike (self, "too many requests");
  return FALSE;
}

/* -- Who is it? */

static gboolean
check_tokens (EcRelaySession *self,
              const EcMoqtToken *tokens,
              guint n,
              EcMoqtErrorCode *code,
              const char **reason)
{
  EcTransportInfo info;
  EcRelayTokenCheck check = { .now_s = ec_relay_core_now_s (self->core) };

  ec_transport_get_info (ec_moq_link_get_transport (self->link), &info);
  check.authority =
      info.authority ? info.authority : ec_moqt_session_get_peer_authority (self->moqt);
  ec_relay_policy_begin_check (self->core->config.policy, &check);
  return ec_relay_credentials_add (&self->credentials, tokens, n, &check, code, reason);
}

gboolean
ec_relay_session_identify (EcRelaySession *self,
                           EcMoqtRequest *request,
                           EcMoqtName *space,
                           EcRelayPrincipals *who)
{
  const EcMoqtParams *params = ec_moqt_request_get_params (request);
  const EcMoqtToken *tokens;
  EcMoqtErrorCode code;
  const char *reason;
  guint n;

  if (!self->setup_checked) {
    self->setup_checked = TRUE;
    tokens = ec_moqt_session_get_peer_tokens (self->moqt, &n);
    if (!check_tokens (self, tokens, n, &code, &reason))
      ec_relay_core_event (self->core, self, EC_RELAY_EVENT_UNAUTHORIZED, NULL, reason);
  }
  if (!check_tokens (self, params->tokens, params->n_tokens, &code, &reason)) {
    ec_relay_core_event (self->core, self, EC_RELAY_EVENT_UNAUTHORIZED, space, reason);
    ec_moqt_request_refuse (request, code, reason);
    return FALSE;
  }
  ec_relay_credentials_resolve (&self->credentials, space, ec_relay_core_now_s (self->core), who);
  return TRUE;
}

/* -- Items */

static void
leave (EcRelaySession *self, EcRelayItem *item)
{
  switch (item->kind) {
  case EC_RELAY_ITEM_UPSTREAM:
    ec_relay_upstream_leave (self, (EcRelayUpstream *) item);
    break;
  case EC_RELAY_ITEM_FILL:
    ec_relay_fill_leave (self, (EcRelayFill *) item);
    break;
  case EC_RELAY_ITEM_DOWNSTREAM:
    ec_relay_downstream_leave (self, (EcRelayDownstream *) item);
    break;
  case EC_RELAY_ITEM_PUBLICATION:
  case EC_RELAY_ITEM_INTEREST:
  case EC_RELAY_N_ITEM_KINDS:
  default:
    break;
  }
}

/* Locked. */
static void
detach (EcRelaySession *self, EcRelayItem *item)
{
  EcRelayCore *core = self->core;

  if (item->detached)
    return;
  item->detached = TRUE;
  switch (item->kind) {
  case EC_RELAY_ITEM_PUBLICATION:
    ec_relay_registry_remove_publication (core, (EcRelayPublication *) item);
    break;
  case EC_RELAY_ITEM_UPSTREAM:
    ec_relay_track_remove_upstream (core, (EcRelayUpstream *) item);
    break;
  case EC_RELAY_ITEM_FILL:
    ec_relay_track_fill_done (core, (EcRelayFill *) item, TRUE);
    break;
  case EC_RELAY_ITEM_DOWNSTREAM:
    ec_relay_track_remove_downstream (core, (EcRelayDownstream *) item);
    break;
  case EC_RELAY_ITEM_INTEREST:
    ec_relay_registry_remove_interest (core, (EcRelayInterest *) item);
    break;
  case EC_RELAY_N_ITEM_KINDS:
  default:
    g_assert_not_reached ();
  }
}

static EcRelayCount
get_count (const EcRelayItem *item)
{
  const EcRelayDownstream *down = (const EcRelayDownstream *) item;

  switch (item->kind) {
  case EC_RELAY_ITEM_PUBLICATION:
    return EC_RELAY_COUNT_NAMESPACES;
  case EC_RELAY_ITEM_UPSTREAM:
    return ((const EcRelayUpstream *) item)->published ? EC_RELAY_COUNT_TRACKS
                                                       : EC_RELAY_COUNT_UPSTREAMS;
  case EC_RELAY_ITEM_FILL:
    return EC_RELAY_COUNT_FILLS;
  case EC_RELAY_ITEM_INTEREST:
    return EC_RELAY_COUNT_INTERESTS;
  case EC_RELAY_ITEM_DOWNSTREAM:
  case EC_RELAY_N_ITEM_KINDS:
  default:
    return down->what == EC_MOQT_REQUEST_SUBSCRIBE || down->what == EC_MOQT_REQUEST_PUBLISH
               ? EC_RELAY_COUNT_SUBSCRIPTIONS
               : EC_RELAY_COUNT_FETCHES;
  }
}

void
ec_relay_session_keep (EcRelaySession *self, gpointer item)
{
  g_hash_table_add (self->items, item);
}

void
ec_relay_session_drop (EcRelaySession *self, gpointer item)
{
  EcRelayItem *each = item;

  ec_relay_item_ref (each);
  leave (self, each);
  each->request = NULL;
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  detach (self, each);
  ec_relay_core_unlock (self->core);
  if (g_hash_table_remove (self->items, each))
    self->counts[get_count (each)]--;
  ec_relay_item_unref (each);
}

static void
look (EcRelaySession *self, EcRelayItem *item)
{
  switch (item->kind) {
  case EC_RELAY_ITEM_UPSTREAM:
    ec_relay_upstream_look (self, (EcRelayUpstream *) item);
    break;
  case EC_RELAY_ITEM_FILL:
    ec_relay_fill_look (self, (EcRelayFill *) item);
    break;
  case EC_RELAY_ITEM_DOWNSTREAM:
    ec_relay_downstream_look (self, (EcRelayDownstream *) item);
    break;
  case EC_RELAY_ITEM_INTEREST:
    ec_relay_interest_look (self, (EcRelayInterest *) item);
    break;
  case EC_RELAY_ITEM_PUBLICATION:
  case EC_RELAY_N_ITEM_KINDS:
  default:
    break;
  }
}

/* What was registered on our behalf counts when it is seen first. */
static void
adopt (EcRelaySession *self, EcRelayItem *item)
{
  if (g_hash_table_contains (self->items, item) || item->detached)
    return;
  g_hash_table_add (self->items, ec_relay_item_ref (item));
  self->counts[get_count (item)]++;
}

/* The session may be gone when this returns: it comes last in an event. */
static void
follow_orders (EcRelaySession *self, gboolean goaway, const char *close, guint64 goaway_ms)
{
  if (self->overload) {
    self->closing = TRUE;
    ec_relay_core_event (self->core, self, EC_RELAY_EVENT_OVERLOAD, NULL, self->overload);
    ec_moqt_session_close (self->moqt, EC_MOQT_CLOSE_INTERNAL_ERROR, self->overload);
  } else if (close) {
    self->closing = TRUE;
    ec_moqt_session_close (self->moqt, EC_MOQT_CLOSE_NO_ERROR, close);
  } else if (goaway && !self->told_goaway) {
    self->told_goaway = TRUE;
    ec_moqt_session_goaway (self->moqt, NULL, goaway_ms);
  }
}

void
ec_relay_session_drain (EcRelaySession *self)
{
  const char *close;
  gboolean goaway;
  guint64 goaway_ms;

  while (self->link && !self->closing) {
    EcRelayItem *item;
    gboolean detached = FALSE;

    ec_relay_core_lock (self->core, ec_relay_session_now (self));
    goaway = self->goaway;
    close = !self->close ? NULL : self->close_why ? self->close_why : "the relay is shutting down";
    goaway_ms = self->goaway_ms;
    item = g_queue_pop_head (&self->queue);
    if (item) {
      item->queued = FALSE;
      detached = item->detached;
    }
    ec_relay_core_unlock (self->core);
    if (!item) {
      follow_orders (self, goaway, close, goaway_ms);
      return;
    }
    if (!detached) {
      adopt (self, item);
      look (self, item);
    }
    ec_relay_item_unref (item);
  }
}

/* -- Events */

static void
refuse_for_load (EcRelaySession *self, EcMoqtRequest *request)
{
  EcMoqtRefusal refusal = { .code = EC_MOQT_ERROR_EXCESSIVE_LOAD,
                            .reason = "too many requests a second",
                            .retry = TRUE,
                            .retry_interval_ms = 1000 };

  ec_moqt_request_refuse_full (request, &refusal);
  ec_relay_session_strike (self, "too many requests a second");
}

static void
route (EcRelaySession *self, EcMoqtRequest *request)
{
  switch (ec_moqt_request_get_kind (request)) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
  case EC_MOQT_REQUEST_FETCH:
  case EC_MOQT_REQUEST_TRACK_STATUS:
    ec_relay_downstream_requested (self, request);
    break;
  case EC_MOQT_REQUEST_PUBLISH:
    ec_relay_upstream_published (self, request);
    break;
  case EC_MOQT_REQUEST_PUBLISH_NAMESPACE:
    ec_relay_namespaces_published (self, request);
    break;
  case EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE:
  case EC_MOQT_REQUEST_SUBSCRIBE_TRACKS:
    ec_relay_namespaces_asked (self, request);
    break;
  default:
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_NOT_SUPPORTED, "not known here");
    break;
  }
}

/* Looked at now and then only: it asks each of the session's streams. */
#define CHECK_UNSENT_EVERY 32

/* After an answer: who reads none of them is closed. */
static void
check_unsent (EcRelaySession *self)
{
  if (++self->n_unchecked < CHECK_UNSENT_EVERY)
    return;
  self->n_unchecked = 0;
  if (ec_moq_link_get_unsent_control (self->link) > self->core->config.limits.max_unsent_control)
    self->overload = "it does not read our answers";
}

static void
on_requested (gpointer user_data, EcMoqtRequest *request)
{
  EcRelaySession *self = user_data;
  const EcRelayLimits *limits = &self->core->config.limits;
  gboolean stopping;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  self->core->stats.n_requests++;
  stopping = self->core->stopping;
  ec_relay_core_unlock (self->core);

  if (self->closing)
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_GOING_AWAY, "the session is being closed");
  else if (stopping)
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_GOING_AWAY, "the relay is shutting down");
  else if (!ec_relay_bucket_take (&self->requests, limits->requests_per_second,
                                  limits->request_burst, ec_relay_session_now (self)))
    refuse_for_load (self, request);
  else
    route (self, request);
  check_unsent (self);
  ec_relay_session_drain (self);
}

static void
end_request (EcRelaySession *self, EcMoqtRequest *request)
{
  EcRelayItem *item = ec_moqt_request_get_data (request);

  if (!item)
    return;
  if (item->kind == EC_RELAY_ITEM_PUBLICATION)
    ec_relay_core_event (self->core, self, EC_RELAY_EVENT_NAMESPACE_DONE,
                         ((EcRelayPublication *) item)->name, NULL);
  ec_relay_session_drop (self, item);
}

/* §10.9.1: that is the end of the request, which nobody else tells us of; its streams are gone. */
static void
refuse_update (EcRelaySession *self,
               EcMoqtRequest *request,
               EcMoqtErrorCode code,
               const char *reason)
{
  ec_moqt_request_refuse_update (request, code, reason);
  end_request (self, request);
}

static void
on_update_requested (gpointer user_data, EcMoqtRequest *request, const EcMoqtParams *changed)
{
  EcRelaySession *self = user_data;
  const EcRelayLimits *limits = &self->core->config.limits;
  EcRelayItem *item = ec_moqt_request_get_data (request);

  if (!ec_relay_bucket_take (&self->requests, limits->requests_per_second, limits->request_burst,
                             ec_relay_session_now (self))) {
    refuse_update (self, request, EC_MOQT_ERROR_EXCESSIVE_LOAD, "too many requests a second");
    ec_relay_session_strike (self, "too many requests a second");
  } else if (changed->has & EC_MOQT_PARAM_NAMESPACE_PREFIX) {
    refuse_update (self, request, EC_MOQT_ERROR_NOT_SUPPORTED,
                   "a prefix cannot be changed here: ask anew");
  } else if (item && item->kind == EC_RELAY_ITEM_DOWNSTREAM) {
    ec_relay_downstream_updated (self, (EcRelayDownstream *) item, changed);
  } else {
    ec_moqt_request_grant_update (request, NULL);
  }
  ec_relay_session_drain (self);
}

static void
on_cancelled (gpointer user_data, EcMoqtRequest *request)
{
  end_request (user_data, request);
  ec_relay_session_drain (user_data);
}

static void
on_granted (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  EcRelayItem *item = ec_moqt_request_get_data (request);

  if (item && item->kind == EC_RELAY_ITEM_UPSTREAM)
    ec_relay_upstream_granted (user_data, (EcRelayUpstream *) item, grant);
  else if (item && item->kind == EC_RELAY_ITEM_DOWNSTREAM)
    ec_relay_downstream_granted (user_data, (EcRelayDownstream *) item);
  else if (item && item->kind == EC_RELAY_ITEM_FILL)
    ec_relay_fill_granted ((EcRelayFill *) item, grant);
  ec_relay_session_drain (user_data);
}

static void
on_refused (gpointer user_data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  EcRelayItem *item = ec_moqt_request_get_data (request);

  if (item && item->kind == EC_RELAY_ITEM_UPSTREAM)
    ec_relay_upstream_refused (user_data, (EcRelayUpstream *) item, refusal);
  else
    end_request (user_data, request);
  ec_relay_session_drain (user_data);
}

static void
on_updated (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
  EcRelayItem *item = ec_moqt_request_get_data (request);

  if (item && item->kind == EC_RELAY_ITEM_UPSTREAM)
    ec_relay_upstream_updated (user_data, (EcRelayUpstream *) item, grant);
  ec_relay_session_drain (user_data);
}

static void
on_update_refused (gpointer user_data, EcMoqtRequest *request, const EcMoqtRefusal *refusal)
{
  on_updated (user_data, request, NULL);
}

static void
on_finished (gpointer user_data, EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason)
{
  EcRelayItem *item = ec_moqt_request_get_data (request);

  if (item && item->kind == EC_RELAY_ITEM_UPSTREAM)
    ec_relay_upstream_finished (user_data, (EcRelayUpstream *) item, code);
  else if (item && item->kind == EC_RELAY_ITEM_FILL)
    ec_relay_fill_finished (user_data, (EcRelayFill *) item, code);
  else
    end_request (user_data, request);
  ec_relay_session_drain (user_data);
}

static void
on_stream_stopped (gpointer user_data, EcMoqtStream *stream, EcMoqtResetCode code)
{
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);
  EcRelayItem *item = request ? ec_moqt_request_get_data (request) : NULL;

  if (item && item->kind == EC_RELAY_ITEM_DOWNSTREAM && ((EcRelayDownstream *) item)->reader)
    ec_moq_feed_reader_stream_stopped (((EcRelayDownstream *) item)->reader, stream);
}

static void
on_stream_sent (gpointer user_data, EcMoqtStream *stream)
{
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);
  EcRelayItem *item = request ? ec_moqt_request_get_data (request) : NULL;

  if (item && item->kind == EC_RELAY_ITEM_DOWNSTREAM)
    ec_relay_downstream_pump_one (user_data, (EcRelayDownstream *) item);
}

static void
on_streams_available (gpointer user_data)
{
  ec_relay_downstream_pump (user_data);
}

/* Whether anything has come since the last look, acknowledgements of our keep-alive included. */
static void
listen (EcRelaySession *self)
{
  EcTransportInfo info;
  gboolean heard;

  if (!self->watched)
    return;
  ec_transport_get_info (ec_moq_link_get_transport (self->link), &info);
  heard = info.bytes_received != self->bytes_heard;
  self->bytes_heard = info.bytes_received;
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  self->watched_us = ec_relay_session_now (self);
  if (heard || info.bytes_received == 0) /* not counted */
    self->heard_us = self->watched_us;
  ec_relay_core_unlock (self->core);
}

static void
on_woken (gpointer user_data)
{
  listen (user_data);
  flush_touched (user_data);
  ec_relay_downstream_pump (user_data);
  ec_relay_session_drain (user_data);
}

/* Those whose names had to wait are told the next ones. */
static void
on_control_sent (gpointer user_data)
{
  EcRelaySession *self = user_data;
  GHashTableIter iter;
  gpointer key;

  if (self->counts[EC_RELAY_COUNT_INTERESTS] == 0)
    return;
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  g_hash_table_iter_init (&iter, self->items);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    EcRelayItem *item = key;

    if (item->kind == EC_RELAY_ITEM_INTEREST && ((EcRelayInterest *) item)->behind_us > 0)
      ec_relay_item_queue (item);
  }
  ec_relay_core_unlock (self->core);
}

/* All requests and streams are gone already; what they left in the registry and in the feeds goes now. */
static void
on_closed (gpointer user_data, gboolean remote, guint64 code, const char *reason)
{
  EcRelaySession *self = user_data;
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (ec_relay_item_unref);
  GHashTableIter iter;
  gpointer item;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  self->transport = NULL;
  while ((item = g_queue_pop_head (&self->queue)))
    g_ptr_array_add (items, item);
  ec_relay_core_unlock (self->core);

  g_hash_table_iter_init (&iter, self->items);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    g_ptr_array_add (items, ec_relay_item_ref (item));
  for (guint i = 0; i < items->len; i++) {
    ((EcRelayItem *) items->pdata[i])->queued = FALSE;
    ec_relay_session_drop (self, items->pdata[i]);
  }
  flush_touched (self);
  ec_relay_core_event (self->core, self, EC_RELAY_EVENT_SESSION_CLOSED, NULL, reason);
  ec_relay_core_session_closed (self->core, self);
  self->closing = TRUE;
  self->link = NULL;
  self->moqt = NULL;
  ec_relay_session_unref (self);
}

static void
on_stream_opened (gpointer user_data, EcMoqtStream *stream)
{
  ec_relay_inflow_stream_opened (user_data, stream);
  if (((EcRelaySession *) user_data)->overload)
    ec_relay_session_drain (user_data);
}

static void
on_object (gpointer user_data, EcMoqtStream *stream, const EcMoqtObject *object)
{
  ec_relay_inflow_object (user_data, stream, object);
}

static void
on_payload (gpointer user_data, EcMoqtStream *stream, const guint8 *data, gsize size)
{
  ec_relay_inflow_payload (user_data, stream, data, size);
}

static void
on_object_ended (gpointer user_data, EcMoqtStream *stream)
{
  ec_relay_inflow_object_ended (user_data, stream);
}

static void
on_range (gpointer user_data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown)
{
  ec_relay_inflow_range (stream, to, unknown);
}

static void
on_stream_ended (gpointer user_data, EcMoqtStream *stream, gboolean reset, EcMoqtResetCode code)
{
  ec_relay_inflow_stream_ended (user_data, stream, reset, code);
}

static void
on_datagram (gpointer user_data,
             EcMoqtRequest *request,
             const EcMoqtObject *object,
             const guint8 *payload,
             gsize size)
{
  ec_relay_inflow_datagram (user_data, request, object, payload, size);
}

static const EcMoqLinkEvents relay_events = {
  .session = {
    .requested = on_requested,
    .update_requested = on_update_requested,
    .cancelled = on_cancelled,
    .granted = on_granted,
    .refused = on_refused,
    .updated = on_updated,
    .update_refused = on_update_refused,
    .finished = on_finished,
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
    .closed = on_closed,
  },
  .woken = on_woken,
  .control_sent = on_control_sent,
};
