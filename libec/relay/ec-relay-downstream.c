/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/* What a peer gets from us: subscriptions, fetches, the state of a track; and tracks that we offer by PUBLISH. */

static gboolean
get_forward (const EcMoqtParams *params)
{
  return !(params->has & EC_MOQT_PARAM_FORWARD) || params->forward;
}

/* -- Asked */

static gboolean
may_subscribe (EcRelaySession *self, EcMoqtRequest *request, EcMoqtName *space)
{
  EcRelayPrincipals who;

  if (!ec_relay_session_identify (self, request, space, &who))
    return FALSE;
  if (ec_relay_policy_may_subscribe (self->core->config.policy, space, &who))
    return TRUE;
  ec_relay_core_event (self->core, self, EC_RELAY_EVENT_UNAUTHORIZED, space, "subscribe");
  ec_moqt_request_refuse (request, EC_MOQT_ERROR_UNAUTHORIZED,
                          "the relay's configuration lets others subscribe to this");
  return FALSE;
}

static guint64
get_deadline (EcRelaySession *self, EcMoqtRequest *request)
{
  const EcMoqtParams *params = ec_moqt_request_get_params (request);
  guint64 max_ms = self->core->config.limits.max_rendezvous_ms;

  if (!(params->has & EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT) || params->rendezvous_timeout_ms == 0)
    return 0;
  return ec_relay_session_now (self) + MIN (params->rendezvous_timeout_ms, max_ms) * 1000;
}

/* Enters it into the registry: what can be decided at once is decided. FALSE: too many tracks. */
static gboolean
enter (EcRelaySession *self, EcMoqtRequest *request, EcMoqtName *name)
{
  EcRelayCore *core = self->core;
  EcRelayDownstream *down = NULL;
  EcRelayTrack *track;

  ec_relay_core_lock (core, ec_relay_session_now (self));
  track = ec_relay_registry_get_track (core, name, TRUE);
  if (track) {
    down =
        ec_relay_item_new (self, EC_RELAY_ITEM_DOWNSTREAM, sizeof *down, EC_RELAY_REQUEST_RECKONED);
    down->track = ec_relay_track_ref (track);
    down->what = ec_moqt_request_get_kind (request);
    down->item.request = request;
    down->deadline_us = get_deadline (self, request);
    down->forward = get_forward (ec_moqt_request_get_params (request));
    ec_moqt_request_set_data (request, down);
    ec_relay_session_keep (self, down);
    ec_relay_track_add_downstream (core, track, down);
    ec_relay_track_request_group (track, ec_moqt_request_get_params (request));
    ec_relay_track_ask (core, track);
    ec_relay_track_update (core, track);
  }
  ec_relay_core_unlock (core);
  return down != NULL;
}

void
ec_relay_downstream_requested (EcRelaySession *self, EcMoqtRequest *request)
{
  const EcRelayLimits *limits = &self->core->config.limits;
  gboolean subscription = ec_moqt_request_get_kind (request) == EC_MOQT_REQUEST_SUBSCRIBE;
  EcRelayCount count = subscription ? EC_RELAY_COUNT_SUBSCRIPTIONS : EC_RELAY_COUNT_FETCHES;
  guint max = subscription ? limits->max_session_subscriptions : limits->max_session_fetches;
  EcMoqtName *name = ec_moqt_request_get_name (request);
  g_autoptr (EcMoqtName) space = ec_moqt_name_new_namespace (name);

  if (!may_subscribe (self, request, space) ||
      !ec_relay_session_count (self, request, count, max, EC_RELAY_REQUEST_RECKONED))
    return;
  if (enter (self, request, name))
    return;
  self->counts[count]--;
  ec_relay_core_unreckon (self->core, EC_RELAY_REQUEST_RECKONED);
  ec_moqt_request_refuse (request, EC_MOQT_ERROR_EXCESSIVE_LOAD,
                          "the relay has too many tracks already");
  ec_relay_session_strike (self, "too many tracks");
}

/* -- Answered */

/* Locked. Whether what a fetch said it would wait in all is used up (§10.2.5 FILL_TIMEOUT); 0 is at once. */
static gboolean
waits_no_more (EcRelaySession *self, EcRelayDownstream *down)
{
  const EcMoqtParams *params = ec_moqt_request_get_params (down->item.request);
  guint64 now_us = self->core->now_us;

  if (!(params->has & EC_MOQT_PARAM_FILL_TIMEOUT))
    return FALSE;
  if (down->fill_until_us == 0)
    down->fill_until_us = now_us + MIN (params->fill_timeout_ms, G_MAXINT32) * 1000;
  return now_us >= down->fill_until_us;
}

/* On our own thread, with no lock held: the feed wants to know what it has not. */
static void
on_missing (gpointer user_data,
            EcMoqFeed *feed,
            EcMoqFeedReader *reader,
            EcMoqtLocation from,
            EcMoqtLocation to)
{
  EcRelayDownstream *down = user_data;
  EcRelaySession *self = down->item.session;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  if (waits_no_more (self, down) ||
      !ec_relay_track_fill (self->core, down->track, NULL, FALSE, down, from, to)) {
    down->filled = TRUE;
    ec_relay_item_queue (down);
  }
  ec_relay_core_unlock (self->core);
}

/* A request that the feed refused is gone. */
static void
take_reader (EcRelaySession *self, EcRelayDownstream *down, EcMoqFeedReader *reader)
{
  if (!reader) {
    ec_relay_session_drop (self, down);
    return;
  }
  down->reader = reader;
  g_ptr_array_add (self->readers, down);
  ec_relay_downstream_pump_one (self, down);
}

/* TRACK_STATUS is answered with what a SUBSCRIBE would be (§9.15). */
static void
answer_status (EcRelaySession *self, EcRelayDownstream *down)
{
  EcMoqtGrant grant = { .properties = NULL };
  g_autoptr (EcMoqtProperties) properties = NULL;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  if (down->track->properties)
    properties = ec_moqt_properties_ref (down->track->properties);
  ec_relay_core_unlock (self->core);
  if (ec_moq_feed_get_largest (down->track->feed, &grant.params.largest))
    grant.params.has |= EC_MOQT_PARAM_LARGEST_OBJECT;
  grant.properties = properties;
  ec_moqt_request_set_data (down->item.request, NULL);
  ec_moqt_request_grant (down->item.request, &grant);
  ec_relay_session_drop (self, down);
}

static void
grant (EcRelaySession *self, EcRelayDownstream *down, const EcMoqtLocation *largest)
{
  EcTransport *transport = ec_moq_link_get_transport (self->link);

  down->answered = TRUE;
  switch (down->what) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
    take_reader (
        self, down,
        ec_moq_feed_read_since (down->track->feed, down->item.request, transport, largest));
    break;
  case EC_MOQT_REQUEST_FETCH:
    take_reader (
        self, down,
        ec_moq_feed_fetch (down->track->feed, down->item.request, transport, on_missing, down));
    break;
  default:
    answer_status (self, down);
    break;
  }
}

/* -- PUBLISH, of ours */

static void
offer (EcRelaySession *self, EcRelayDownstream *down)
{
  EcMoqtParams params = { .has = EC_MOQT_PARAM_FORWARD, .forward = down->offer_forward };
  g_autoptr (EcMoqtProperties) properties = NULL;

  down->answered = TRUE;
  if (self->counts[EC_RELAY_COUNT_SUBSCRIPTIONS] >
      self->core->config.limits.max_session_subscriptions) {
    ec_relay_session_drop (self, down);
    return;
  }
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  if (down->track->properties)
    properties = ec_moqt_properties_ref (down->track->properties);
  ec_relay_core_unlock (self->core);
  if (ec_moq_feed_get_largest (down->track->feed, &params.largest))
    params.has |= EC_MOQT_PARAM_LARGEST_OBJECT;
  down->item.request = ec_moqt_session_publish (self->moqt, down->track->name, &params, properties);
  if (down->item.request)
    ec_moqt_request_set_data (down->item.request, down);
  else
    ec_relay_session_drop (self, down);
}

static void
set_forward (EcRelaySession *self, EcRelayDownstream *down, gboolean granted)
{
  gboolean forward = get_forward (ec_moqt_request_get_params (down->item.request));

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  down->forward = forward;
  if (granted)
    down->verdict = EC_RELAY_VERDICT_GRANT;
  ec_relay_track_update (self->core, down->track);
  ec_relay_core_unlock (self->core);
}

/* The peer took what we offered. */
void
ec_relay_downstream_granted (EcRelaySession *self, EcRelayDownstream *down)
{
  EcTransport *transport = ec_moq_link_get_transport (self->link);

  set_forward (self, down, TRUE);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  ec_relay_track_request_group (down->track, ec_moqt_request_get_params (down->item.request));
  ec_relay_core_unlock (self->core);
  take_reader (self, down, ec_moq_feed_read (down->track->feed, down->item.request, transport));
}

void
ec_relay_downstream_updated (EcRelaySession *self,
                             EcRelayDownstream *down,
                             const EcMoqtParams *changed)
{
  EcMoqtGrant grant_update = { .properties = NULL };

  /* §9.11: the largest location now, from which the peer may join. */
  if (ec_moq_feed_get_largest (down->track->feed, &grant_update.params.largest))
    grant_update.params.has |= EC_MOQT_PARAM_LARGEST_OBJECT;
  ec_moqt_request_grant_update (down->item.request, &grant_update);
  if (down->reader)
    ec_moq_feed_reader_update (down->reader);
  if (down->what != EC_MOQT_REQUEST_SUBSCRIBE && down->what != EC_MOQT_REQUEST_PUBLISH)
    return;
  set_forward (self, down, FALSE);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  ec_relay_track_request_group (down->track, changed);
  ec_relay_core_unlock (self->core);
}

/* -- Looked at */

void
ec_relay_downstream_look (EcRelaySession *self, EcRelayDownstream *down)
{
  EcRelayVerdict verdict;
  EcMoqtErrorCode error;
  const char *reason;
  gboolean filled, has_largest;
  EcMoqtLocation largest;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  verdict = down->verdict;
  has_largest = down->has_largest;
  largest = down->largest;
  error = down->error;
  reason = down->reason;
  filled = down->filled;
  down->filled = FALSE;
  ec_relay_core_unlock (self->core);

  if (filled && down->reader) {
    ec_moq_feed_fetch_filled (down->reader);
    ec_relay_downstream_pump_one (self, down);
    return;
  }
  if (down->answered)
    return;
  if (down->what == EC_MOQT_REQUEST_PUBLISH) {
    offer (self, down);
  } else if (verdict == EC_RELAY_VERDICT_GRANT) {
    grant (self, down, has_largest ? &largest : NULL);
  } else if (verdict == EC_RELAY_VERDICT_REFUSE) {
    down->answered = TRUE;
    ec_moqt_request_refuse (down->item.request, error, reason);
    ec_relay_session_drop (self, down);
  }
}

void
ec_relay_downstream_leave (EcRelaySession *self, EcRelayDownstream *down)
{
  if (!down->reader)
    return;
  g_ptr_array_remove_fast (self->readers, down);
  ec_moq_feed_reader_remove (g_steal_pointer (&down->reader));
}

void
ec_relay_downstream_pump_one (EcRelaySession *self, EcRelayDownstream *down)
{
  if (!down->reader || ec_moq_feed_reader_pump (down->reader))
    return;
  /* It has ended, and the reader with it; of a fetch, `finished` tells when the peer has it all. */
  down->reader = NULL;
  g_ptr_array_remove_fast (self->readers, down);
  if (down->what != EC_MOQT_REQUEST_FETCH)
    ec_relay_session_drop (self, down);
}

void
ec_relay_downstream_pump (EcRelaySession *self)
{
  for (guint i = self->readers->len; i > 0; i--) {
    if (i <= self->readers->len)
      ec_relay_downstream_pump_one (self, self->readers->pdata[i - 1]);
  }
}
