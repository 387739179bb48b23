/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/* For so long who answers waits for those who were here before it. */
#define ANSWER_US G_USEC_PER_SEC

/* What we get from a peer: subscriptions to tracks whose namespace it publishes, its PUBLISHes, and fetches of what is missing. */

/* Locked. What the peer says of the track. */
static void
take_properties (EcRelayTrack *track, EcMoqtProperties *properties)
{
  if (!properties || track->properties)
    return;
  track->properties = ec_moqt_properties_ref (properties);
  ec_moq_feed_set_properties (track->feed, properties);
}

static guint64
get_expires (const EcMoqtParams *params)
{
  return params->has & EC_MOQT_PARAM_EXPIRES ? params->expires_ms : 0;
}

/* Locked. Somebody serves the track: what others said as they went is of no more interest. */
static void
note_served (EcRelaySession *self, EcRelayUpstream *up, guint64 expires_ms)
{
  up->track->n_served++;
  up->track->done = EC_MOQT_DONE_SUBSCRIPTION_ENDED;
  ec_relay_track_served (self->core, up->track, up, expires_ms);
}

/* Locked. The open group from its first object on, for those who come late (DESIGN §6). */
static void
join (EcRelaySession *self, EcRelayUpstream *up, EcMoqtLocation largest)
{
  EcMoqtLocation from = { largest.group, 0 };

  ec_relay_track_fill (self->core, up->track, up, TRUE, NULL, from, largest);
}

/* Who answers sooner than one that was here before does not come before it. */
static void
begin_writing (EcRelaySession *self, EcRelayUpstream *up)
{
  guint64 now_us = ec_relay_session_now (self), until_us = 0;

  ec_relay_core_lock (self->core, now_us);
  for (guint i = 0; i < up->track->upstreams->len; i++) {
    const EcRelayUpstream *each = up->track->upstreams->pdata[i];

    if (each->state == EC_RELAY_UPSTREAM_ASKED && each->rank < up->rank)
      until_us = now_us + ANSWER_US;
  }
  ec_relay_core_unlock (self->core);
  up->writer = ec_moq_feed_add_writer (up->track->feed);
  ec_moq_feed_writer_stand_by (up->writer, now_us, up->rank, until_us);
}

/* Of the others it is neither believed how far the track is, nor asked how the open group began. */
static gboolean
leads (EcRelaySession *self, EcRelayUpstream *up)
{
  return up->writer && ec_moq_feed_writer_leads (up->writer, ec_relay_session_now (self));
}

/* -- PUBLISH, of the peer */

/* Locked. */
static EcRelayUpstream *
enter (EcRelaySession *self,
       EcMoqtRequest *request,
       EcRelayTrack *track,
       const EcRelayPrincipal *as)
{
  EcRelayUpstream *up =
      ec_relay_item_new (self, EC_RELAY_ITEM_UPSTREAM, sizeof *up, EC_RELAY_REQUEST_RECKONED);

  up->track = ec_relay_track_ref (track);
  up->published = TRUE;
  up->as = *as;
  up->rank = ++self->core->next_number;
  up->state = EC_RELAY_UPSTREAM_GRANTED;
  up->wanted = TRUE;
  up->item.request = request;
  up->inflows = g_ptr_array_new ();
  ec_moqt_request_set_data (request, up);
  ec_relay_session_keep (self, up);
  take_properties (track, ec_moqt_request_get_properties (request));
  ec_relay_track_add_upstream (self->core, track, up);
  note_served (self, up, get_expires (ec_moqt_request_get_params (request)));
  ec_relay_track_update (self->core, track);
  up->forward = up->want_forward;
  up->forwarding = up->forward;
  if (up->forwarding)
    ec_relay_track_update (self->core, track);
  return up;
}

static void
grant_published (EcRelaySession *self, EcRelayUpstream *up)
{
  EcMoqtGrant grant = { .params = { .has = EC_MOQT_PARAM_FORWARD, .forward = up->forward } };
  EcMoqtLocation largest;
  gboolean has_largest = ec_moqt_request_get_largest (up->item.request, &largest);

  begin_writing (self, up);
  has_largest = has_largest && leads (self, up);
  if (has_largest)
    ec_moq_feed_raise_largest (up->track->feed, largest);
  ec_moqt_request_grant (up->item.request, &grant);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  if (has_largest && up->forward)
    join (self, up, largest);
  ec_relay_registry_offer (self->core, up->track);
  ec_relay_core_unlock (self->core);
  ec_relay_core_event (self->core, self, EC_RELAY_EVENT_TRACK_PUBLISHED, up->track->name, NULL);
}

void
ec_relay_upstream_published (EcRelaySession *self, EcMoqtRequest *request)
{
  EcRelayCore *core = self->core;
  EcMoqtName *name = ec_moqt_request_get_name (request);
  g_autoptr (EcMoqtName) space = ec_moqt_name_new_namespace (name);
  EcMoqtErrorCode code = EC_MOQT_ERROR_UNAUTHORIZED;
  EcRelayUpstream *up = NULL;
  EcRelayPrincipals who;
  EcRelayPrincipal as;
  EcRelayTrack *track;
  const char *reason = "";

  if (!ec_relay_session_identify (self, request, space, &who) ||
      !ec_relay_session_count (self, request, EC_RELAY_COUNT_TRACKS,
                               core->config.limits.max_session_tracks, EC_RELAY_REQUEST_RECKONED))
    return;

  ec_relay_core_lock (core, ec_relay_session_now (self));
  if (ec_relay_core_claim (core, self, space, &who, &as, &reason)) {
    track = ec_relay_registry_get_track (core, name, TRUE);
    if (track) {
      up = enter (self, request, track, &as);
    } else {
      ec_relay_policy_release (core->config.policy, space, &as, core->now_us, 0);
      code = EC_MOQT_ERROR_EXCESSIVE_LOAD;
      reason = "the relay has too many tracks already";
    }
  }
  ec_relay_core_unlock (core);
  if (up) {
    grant_published (self, up);
    return;
  }
  self->counts[EC_RELAY_COUNT_TRACKS]--;
  ec_relay_core_unreckon (core, EC_RELAY_REQUEST_RECKONED);
  if (code == EC_MOQT_ERROR_UNAUTHORIZED)
    ec_relay_core_event (core, self, EC_RELAY_EVENT_UNAUTHORIZED, name, reason);
  ec_moqt_request_refuse (request, code, reason);
}

/* -- SUBSCRIBE, of ours */

/* §8.3, §8.5: the Largest Object filter, and Forward 1 whatever the reader said. */
static void
subscribe (EcRelaySession *self, EcRelayUpstream *up)
{
  EcMoqtParams params = { .has = EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .forward = TRUE,
                          .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT } };

  up->forward = TRUE;
  if (!up->inflows)
    up->inflows = g_ptr_array_new ();
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  if (ec_relay_track_wants_group (up->track)) {
    params.has |= EC_MOQT_PARAM_NEW_GROUP_REQUEST;
    params.new_group_request = up->track->group_request;
  }
  ec_relay_core_unlock (self->core);
  up->item.request = ec_moqt_session_subscribe (self->moqt, up->track->name, &params);
  if (up->item.request)
    ec_moqt_request_set_data (up->item.request, up);
  else
    ec_relay_session_drop (self, up);
}

void
ec_relay_upstream_granted (EcRelaySession *self, EcRelayUpstream *up, const EcMoqtGrant *grant)
{
  EcRelayTrack *track = up->track;
  EcMoqtLocation largest;
  gboolean has_largest = ec_moqt_request_get_largest (up->item.request, &largest);

  begin_writing (self, up);
  has_largest = has_largest && leads (self, up);
  if (has_largest)
    ec_moq_feed_raise_largest (track->feed, largest);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  take_properties (track, ec_moqt_request_get_properties (up->item.request));
  up->state = EC_RELAY_UPSTREAM_GRANTED;
  up->forwarding = TRUE;
  note_served (self, up, get_expires (&grant->params));
  if (has_largest)
    join (self, up, largest);
  ec_relay_track_update (self->core, track);
  ec_relay_core_unlock (self->core);
}

void
ec_relay_upstream_refused (EcRelaySession *self, EcRelayUpstream *up, const EcMoqtRefusal *refusal)
{
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  up->track->refused = TRUE;
  up->track->error = refusal->code;
  ec_relay_core_unlock (self->core);
  ec_relay_session_drop (self, up);
}

/* Where Forward went from 0 to 1, what came before in the open group is not sent by itself (§9.11). */
void
ec_relay_upstream_updated (EcRelaySession *self, EcRelayUpstream *up, const EcMoqtGrant *grant)
{
  gboolean has_largest = grant && (grant->params.has & EC_MOQT_PARAM_LARGEST_OBJECT);
  EcMoqtLocation known;
  gboolean missed;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  if (grant && (grant->params.has & EC_MOQT_PARAM_EXPIRES))
    ec_relay_track_served (self->core, up->track, up, get_expires (&grant->params));
  ec_relay_core_unlock (self->core);
  if (!up->forward)
    return;
  has_largest = has_largest && leads (self, up);
  missed = has_largest && (!ec_moq_feed_get_largest (up->track->feed, &known) ||
                           ec_moqt_location_compare (known, grant->params.largest) < 0);
  if (missed)
    ec_moq_feed_raise_largest (up->track->feed, grant->params.largest);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  if (has_largest && (missed || !up->forwarding))
    join (self, up, grant->params.largest);
  up->forwarding = TRUE;
  ec_relay_track_update (self->core, up->track);
  ec_relay_core_unlock (self->core);
}

void
ec_relay_upstream_finished (EcRelaySession *self, EcRelayUpstream *up, EcMoqtDoneCode code)
{
  g_autoptr (EcRelayTrack) track = ec_relay_track_ref (up->track);

  if (up->published)
    ec_relay_core_event (self->core, self, EC_RELAY_EVENT_TRACK_DONE, track->name,
                         ec_moqt_done_code_to_string (code));
  ec_relay_session_drop (self, up);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  ec_relay_track_deserted (self->core, track, code);
  ec_relay_core_unlock (self->core);
}

static void
stop_listening (EcRelaySession *self, EcRelayUpstream *up)
{
  ec_relay_inflow_forget (self, up);
  if (up->writer)
    ec_moq_feed_writer_remove (g_steal_pointer (&up->writer), ec_relay_session_now (self));
}

/* Without an event; its streams go with it. */
static void
let_go (EcRelaySession *self, EcRelayUpstream *up)
{
  EcMoqtRequest *request = g_steal_pointer (&up->item.request);

  stop_listening (self, up);
  ec_moqt_request_set_data (request, NULL);
  ec_moqt_request_cancel (request);
}

void
ec_relay_upstream_ban (EcRelaySession *self, EcRelayUpstream *up)
{
  if (!up->item.request)
    return;
  let_go (self, up);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  up->state = EC_RELAY_UPSTREAM_BANNED;
  up->banned_us = self->core->now_us;
  self->core->stats.n_conflicts++;
  ec_relay_track_give_up_fills (up->track, up);
  /* If it contradicts nobody but itself, that is the track's end (§2.4.2); else the truth may come back. */
  if (up->track->n_served == 1)
    ec_relay_track_deserted (self->core, up->track, EC_MOQT_DONE_MALFORMED_TRACK);
  ec_relay_track_update (self->core, up->track);
  ec_relay_core_unlock (self->core);
  ec_relay_core_event (self->core, self, EC_RELAY_EVENT_CONFLICT, up->track->name,
                       "its objects differ from those that came first");
}

void
ec_relay_upstream_leave (EcRelaySession *self, EcRelayUpstream *up)
{
  stop_listening (self, up);
}

void
ec_relay_upstream_look (EcRelaySession *self, EcRelayUpstream *up)
{
  EcMoqtParams group = { .has = EC_MOQT_PARAM_NEW_GROUP_REQUEST };
  EcRelayUpstreamState state;
  gboolean wanted, want_forward, want_group, want_renewal;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  state = up->state;
  wanted = up->wanted;
  want_forward = up->want_forward;
  want_group = up->want_group && state == EC_RELAY_UPSTREAM_GRANTED;
  up->want_group = FALSE;
  want_renewal = up->want_renewal && state == EC_RELAY_UPSTREAM_GRANTED;
  up->want_renewal = FALSE;
  group.new_group_request = up->track->group_request;
  ec_relay_core_unlock (self->core);
  if (wanted && want_group && up->item.request)
    ec_moqt_request_update (up->item.request, &group);
  else if (wanted && want_renewal && up->item.request)
    ec_moqt_request_update (up->item.request, &(EcMoqtParams){ 0 });

  if (!wanted) {
    if (up->item.request)
      let_go (self, up);
    ec_relay_session_drop (self, up);
  } else if (state == EC_RELAY_UPSTREAM_ASKED && !up->item.request) {
    subscribe (self, up);
  } else if (state == EC_RELAY_UPSTREAM_GRANTED && up->forward != want_forward) {
    EcMoqtParams params = { .has = EC_MOQT_PARAM_FORWARD, .forward = want_forward };

    up->forward = want_forward;
    ec_relay_core_lock (self->core, ec_relay_session_now (self));
    up->forwarding = FALSE;
    ec_relay_core_unlock (self->core);
    ec_moqt_request_update (up->item.request, &params);
  }
  if (wanted && up->writer)
    ec_relay_inflow_go_on (self, up);
}

/* -- FETCH, of ours */

static void
fetch (EcRelaySession *self, EcRelayFill *fill)
{
  EcMoqtRequest *subscription = fill->upstream->item.request;
  EcMoqtLocation end = { fill->to.group, fill->to.object + 1 };

  if (fill->joining && subscription)
    fill->item.request = ec_moqt_session_joining_fetch (self->moqt, subscription, TRUE, 0, NULL);
  else if (!fill->joining && subscription)
    fill->item.request =
        ec_moqt_session_fetch (self->moqt, fill->track->name, fill->from, end, NULL);
  if (!fill->item.request) {
    ec_relay_session_drop (self, fill);
    return;
  }
  ec_moqt_request_set_data (fill->item.request, fill);
  fill->at = fill->from;
  fill->writer = ec_moq_feed_add_writer (fill->track->feed);
}

void
ec_relay_fill_look (EcRelaySession *self, EcRelayFill *fill)
{
  gboolean over;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  over = fill->done || self->core->now_us >= fill->until_us;
  ec_relay_core_unlock (self->core);
  if (over) {
    if (fill->item.request)
      ec_moqt_request_cancel (fill->item.request);
    ec_relay_session_drop (self, fill);
  } else if (!fill->item.request) {
    fetch (self, fill);
  }
}

void
ec_relay_fill_granted (EcRelayFill *fill, const EcMoqtGrant *grant)
{
  fill->has_end = TRUE;
  fill->end = grant->end;
}

/* Ids are of 62 bits in some drafts: this is the largest of all. */
#define MAX_ID (G_MAXUINT64 >> 2)

/* Behind the last object, up to where the fetch goes, nothing exists (§10.13). */
static void
settle_end (EcRelayFill *fill)
{
  EcMoqtLocation end = fill->to.object >= MAX_ID
                           ? (EcMoqtLocation){ fill->to.group + 1, 0 }
                           : (EcMoqtLocation){ fill->to.group, fill->to.object + 1 };
  EcMoqtLocation granted =
      fill->end.object == 0 ? (EcMoqtLocation){ fill->end.group + 1, 0 } : fill->end;

  if (ec_moqt_location_compare (granted, end) < 0)
    end = granted;
  if (fill->has_end && ec_moqt_location_compare (fill->at, end) < 0)
    ec_moq_feed_settle (fill->track->feed, fill->at, end);
}

void
ec_relay_fill_finished (EcRelaySession *self, EcRelayFill *fill, EcMoqtDoneCode code)
{
  gboolean whole = code == EC_MOQT_DONE_SUBSCRIPTION_ENDED || code == EC_MOQT_DONE_TRACK_ENDED;

  if (whole)
    settle_end (fill);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  ec_relay_track_fill_done (self->core, fill, !whole);
  ec_relay_core_unlock (self->core);
  ec_relay_session_drop (self, fill);
}

void
ec_relay_fill_leave (EcRelaySession *self, EcRelayFill *fill)
{
  if (fill->writer)
    ec_moq_feed_writer_remove (g_steal_pointer (&fill->writer), ec_relay_session_now (self));
  g_clear_pointer (&fill->payload, ec_payload_unref);
  g_clear_pointer (&fill->object.properties, ec_moqt_properties_unref);
  fill->coming = FALSE;
}
