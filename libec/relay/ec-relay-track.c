/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/*
 * A track in the registry: who publishes it, who wants it, and what follows from that. What its sessions should do is written into
 * their items; they do it. All under the core's lock.
 */

/* Publishers that said no are asked again this long after, while readers wait. */
#define ASK_AGAIN_US (2 * G_USEC_PER_SEC)
/* A publisher that has served a track for so long counts as one. */
#define SERVED_US (2 * G_USEC_PER_SEC)
/* What the objects of one fetch may take to come. */
#define FILL_TIMEOUT_US (5 * G_USEC_PER_SEC)
/* As long as a feed keeps groups by default. */
#define KEEP_CACHED_US (60 * G_USEC_PER_SEC)
/* Who was dropped for what it said is asked again so long after, if nobody is left who said otherwise. */
#define PARDON_US (2 * G_USEC_PER_SEC)
/* A fill counts for a request of its own, and the names it holds are shared. */
#define FILL_RECKONED 512

EcRelayTrack *
ec_relay_track_new (EcRelayCore *core, EcMoqtName *name)
{
  EcRelayTrack *self = g_new0 (EcRelayTrack, 1);
  EcMoqFeedLimits limits = {
    .budget = core->budget,
    .max_bytes = MIN (core->config.limits.memory / 4, 64 * 1024 * 1024),
    .max_object_size = core->config.limits.max_object_size,
  };

  g_atomic_ref_count_init (&self->refs);
  self->name = ec_moqt_name_ref (name);
  self->space = ec_moqt_name_new_namespace (name);
  self->feed = ec_moq_feed_new (self->name, NULL, &limits);
  self->upstreams = g_ptr_array_new_with_free_func (ec_relay_item_unref);
  self->downstreams = g_ptr_array_new_with_free_func (ec_relay_item_unref);
  self->fills = g_ptr_array_new_with_free_func (ec_relay_item_unref);
  self->idle_us = core->now_us;
  self->orphan_us = self->was_orphan_us = G_MAXUINT64;
  self->done = EC_MOQT_DONE_SUBSCRIPTION_ENDED;
  return self;
}

EcRelayTrack *
ec_relay_track_ref (EcRelayTrack *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_relay_track_unref (EcRelayTrack *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_ptr_array_unref (self->upstreams);
  g_ptr_array_unref (self->downstreams);
  g_ptr_array_unref (self->fills);
  g_clear_pointer (&self->properties, ec_moqt_properties_unref);
  ec_moq_feed_unref (self->feed);
  ec_moqt_name_unref (self->space);
  ec_moqt_name_unref (self->name);
  g_free (self);
}

/* -- What is */

typedef struct {
  guint n_granted, n_asked;
  guint n_forwarding; /* of those that were granted */
  gboolean wanted;    /* somebody reads or waits */
  gboolean reading;   /* a subscription was granted */
  gboolean forward;   /* and wants objects */
} Situation;

static gboolean
is_subscription (const EcRelayDownstream *down)
{
  return down->what == EC_MOQT_REQUEST_SUBSCRIBE || down->what == EC_MOQT_REQUEST_PUBLISH;
}

static void
look (EcRelayTrack *self, Situation *situation)
{
  *situation = (Situation){ .n_granted = 0 };
  for (guint i = 0; i < self->upstreams->len; i++) {
    const EcRelayUpstream *up = self->upstreams->pdata[i];

    situation->n_granted += up->state == EC_RELAY_UPSTREAM_GRANTED;
    situation->n_asked += up->state == EC_RELAY_UPSTREAM_ASKED;
    situation->n_forwarding += up->state == EC_RELAY_UPSTREAM_GRANTED && up->forwarding;
  }
  for (guint i = 0; i < self->downstreams->len; i++) {
    const EcRelayDownstream *down = self->downstreams->pdata[i];
    gboolean granted = down->verdict == EC_RELAY_VERDICT_GRANT;

    /* What we offered is wanted when it was taken. */
    if (down->verdict == EC_RELAY_VERDICT_REFUSE ||
        (down->what == EC_MOQT_REQUEST_PUBLISH && !granted))
      continue;
    situation->wanted = TRUE;
    situation->reading |= granted && is_subscription (down);
    situation->forward |= down->forward && is_subscription (down);
  }
}

gboolean
ec_relay_track_is_published (EcRelayTrack *self)
{
  for (guint i = 0; i < self->upstreams->len; i++) {
    const EcRelayUpstream *up = self->upstreams->pdata[i];

    if (up->published && up->state == EC_RELAY_UPSTREAM_GRANTED)
      return TRUE;
  }
  return FALSE;
}

gboolean
ec_relay_track_is_wanted (EcRelayTrack *self)
{
  Situation situation;

  look (self, &situation);
  return situation.wanted;
}

gboolean
ec_relay_track_has_upstream (EcRelayTrack *self)
{
  Situation situation;

  look (self, &situation);
  return situation.n_granted + situation.n_asked > 0;
}

void
ec_relay_track_add_stats (EcRelayTrack *self, EcRelayStatsData *stats)
{
  EcMoqFeedStats feed = { 0 };

  ec_moq_feed_get_stats (self->feed, &feed);
  stats->bytes_in += feed.bytes_in;
  stats->bytes_out += feed.bytes_out;
  stats->bytes_duplicate += feed.bytes_duplicate;
  stats->n_skipped_groups += feed.n_skipped_groups;
  stats->n_cut_objects += feed.n_cut_objects;
  for (guint i = 0; i < self->downstreams->len; i++) {
    const EcRelayDownstream *down = self->downstreams->pdata[i];

    if (is_subscription (down))
      stats->n_subscriptions++;
    else
      stats->n_fetches++;
  }
  for (guint i = 0; i < self->upstreams->len; i++) {
    const EcRelayUpstream *up = self->upstreams->pdata[i];

    stats->n_upstreams += up->state == EC_RELAY_UPSTREAM_GRANTED;
  }
}

/* -- Asking publishers */

static gboolean
was_asked (EcRelayTrack *self, EcRelaySession *session)
{
  for (guint i = 0; i < self->upstreams->len; i++) {
    const EcRelayUpstream *up = self->upstreams->pdata[i];

    if (up->item.session == session)
      return TRUE;
  }
  return FALSE;
}

typedef struct {
  EcRelayCore *core;
  EcRelayTrack *track;
} Asking;

static void
ask_node (EcRelayNode *node, gpointer user_data)
{
  Asking *asking = user_data;
  EcRelayTrack *track = asking->track;

  for (guint i = 0; node->publications && i < node->publications->len; i++) {
    EcRelayPublication *publication = node->publications->pdata[i];
    EcRelaySession *session = publication->item.session;
    EcRelayUpstream *up;

    if (!ec_relay_session_listens (session) || was_asked (track, session) ||
        !ec_relay_policy_may_serve (asking->core->config.policy, track->space, &publication->as,
                                    asking->core->now_us))
      continue;
    up = ec_relay_item_new (session, EC_RELAY_ITEM_UPSTREAM, sizeof *up, 0);
    up->track = ec_relay_track_ref (track);
    up->rank = publication->rank;
    up->wanted = TRUE;
    up->want_forward = TRUE;
    ec_relay_track_add_upstream (asking->core, track, up);
    ec_relay_item_queue (up);
    ec_relay_item_unref (up);
  }
}

/* §8.5: “Relays MUST send SUBSCRIBE messages to all matching publishers.” */
void
ec_relay_track_ask (EcRelayCore *core, EcRelayTrack *self)
{
  Asking asking = { core, self };

  if (!self->node)
    return;
  self->asked_us = core->now_us;
  self->refused = FALSE;
  ec_relay_node_each_above (core->root, self->space, ask_node, &asking);
}

/* Outstanding “until the Largest Group increases”. */
gboolean
ec_relay_track_wants_group (EcRelayTrack *self)
{
  EcMoqtLocation largest = { 0, 0 };

  ec_moq_feed_get_largest (self->feed, &largest);
  return self->has_group_request && self->group_request_at == largest.group;
}

void
ec_relay_track_request_group (EcRelayTrack *self, const EcMoqtParams *params)
{
  guint64 wanted = params->new_group_request, dynamic = 0;
  EcMoqtLocation largest = { 0, 0 };
  Situation situation;

  if (!(params->has & EC_MOQT_PARAM_NEW_GROUP_REQUEST))
    return;
  ec_moq_feed_get_largest (self->feed, &largest);
  look (self, &situation);
  if (situation.n_granted > 0 &&
      (!ec_moqt_properties_find_number (self->properties, EC_MOQT_PROPERTY_DYNAMIC_GROUPS,
                                        &dynamic) ||
       dynamic != 1 || (wanted != 0 && wanted <= largest.group)))
    return;
  if (ec_relay_track_wants_group (self) && self->group_request >= wanted)
    return;
  self->has_group_request = TRUE;
  self->group_request = wanted;
  self->group_request_at = largest.group;
  for (guint i = 0; i < self->upstreams->len; i++) {
    EcRelayUpstream *up = self->upstreams->pdata[i];

    /* Who is still to be asked is told with the SUBSCRIBE. */
    if (up->state == EC_RELAY_UPSTREAM_GRANTED) {
      up->want_group = TRUE;
      ec_relay_item_queue (up);
    }
  }
}

void
ec_relay_track_add_upstream (EcRelayCore *core, EcRelayTrack *self, EcRelayUpstream *up)
{
  g_ptr_array_add (self->upstreams, ec_relay_item_ref (up));
}

void
ec_relay_track_remove_upstream (EcRelayCore *core, EcRelayUpstream *up)
{
  EcRelayTrack *self = up->track;

  if (up->published)
    ec_relay_policy_release (core->config.policy, self->space, &up->as, core->now_us,
                             core->config.limits.claim_ms * 1000);
  if (g_ptr_array_remove (self->upstreams, up))
    ec_relay_track_update (core, self);
}

void
ec_relay_track_add_downstream (EcRelayCore *core, EcRelayTrack *self, EcRelayDownstream *down)
{
  g_ptr_array_add (self->downstreams, ec_relay_item_ref (down));
}

void
ec_relay_track_remove_downstream (EcRelayCore *core, EcRelayDownstream *down)
{
  EcRelayTrack *self = down->track;

  for (guint i = 0; i < self->fills->len; i++) {
    EcRelayFill *fill = self->fills->pdata[i];

    g_ptr_array_remove_fast (fill->waiting, down);
  }
  if (g_ptr_array_remove_fast (self->downstreams, down))
    ec_relay_track_update (core, self);
}

/* -- What follows */

static void
refuse (EcRelayDownstream *down, EcMoqtErrorCode error, const char *reason)
{
  down->verdict = EC_RELAY_VERDICT_REFUSE;
  down->error = error;
  down->reason = reason;
  ec_relay_item_queue (down);
}

/* Nobody who was asked said yes, and nobody is left to say it. */
static void
decide_without_publisher (EcRelayCore *core, EcRelayTrack *self, EcRelayDownstream *down)
{
  if (self->refused)
    refuse (down, self->error, "the publisher refused it");
  else if (down->deadline_us > core->now_us && self->node)
    return; /* RENDEZVOUS_TIMEOUT, §9.2.10 */
  else if (down->deadline_us > 0)
    refuse (down, EC_MOQT_ERROR_TIMEOUT, "nobody published it in time");
  else
    refuse (down, EC_MOQT_ERROR_DOES_NOT_EXIST, "nobody publishes it");
}

/* What is in the feed can be fetched also when its publisher is gone. */
static gboolean
can_fetch_without_publisher (EcRelayTrack *self, const EcRelayDownstream *down)
{
  EcMoqFeedStats stats = { 0 };

  if (down->what != EC_MOQT_REQUEST_FETCH)
    return FALSE;
  ec_moq_feed_get_stats (self->feed, &stats);
  return stats.n_objects > 0;
}

/*
 * A subscription is granted when its objects come: the largest location that is told with it, where a fetch joins, would
 * not be the newest otherwise (§9.14.2 “buffer … until the upstream subscription returns REQUEST_UPDATE_OK”).
 */
static gboolean
can_grant (EcRelayTrack *self, const EcRelayDownstream *down, const Situation *situation)
{
  if (down->what == EC_MOQT_REQUEST_SUBSCRIBE && down->forward)
    return situation->n_forwarding > 0;
  return situation->n_granted > 0 || can_fetch_without_publisher (self, down);
}

static void
decide (EcRelayCore *core, EcRelayTrack *self, const Situation *situation)
{
  for (guint i = 0; i < self->downstreams->len; i++) {
    EcRelayDownstream *down = self->downstreams->pdata[i];

    if (down->verdict != EC_RELAY_VERDICT_WAIT || down->what == EC_MOQT_REQUEST_PUBLISH)
      continue;
    if (can_grant (self, down, situation)) {
      /* What comes before the session hears of it is part of what it subscribed to. */
      down->has_largest = ec_moq_feed_get_largest (self->feed, &down->largest);
      down->verdict = EC_RELAY_VERDICT_GRANT;
      ec_relay_item_queue (down);
    } else if (situation->n_asked + situation->n_granted == 0) {
      decide_without_publisher (core, self, down);
    }
  }
}

/* A subscription of ours ends, and a PUBLISH is not forwarded any more, when nobody has wanted it for a while. */
static void
direct_upstreams (EcRelayCore *core, EcRelayTrack *self, const Situation *situation)
{
  gboolean linger = self->idle_us != G_MAXUINT64 &&
                    core->now_us < self->idle_us + core->config.limits.linger_ms * 1000;

  for (guint i = 0; i < self->upstreams->len; i++) {
    EcRelayUpstream *up = self->upstreams->pdata[i];
    gboolean wanted = up->published || situation->wanted || linger;
    gboolean forward = up->published ? situation->forward || (up->want_forward && linger) : TRUE;

    if (up->state == EC_RELAY_UPSTREAM_BANNED)
      continue;
    if (up->holds)
      ec_relay_item_queue (up);
    if (wanted != up->wanted || forward != up->want_forward) {
      up->wanted = wanted;
      up->want_forward = forward;
      ec_relay_item_queue (up);
    }
  }
}

/* Who says yes and is gone again at once, each time it is asked, has not served anybody. */
static void
note_orphan (EcRelayCore *core, EcRelayTrack *self, const Situation *situation)
{
  if (!situation->reading) {
    self->orphan_us = self->was_orphan_us = G_MAXUINT64;
  } else if (situation->n_granted > 0) {
    if (self->orphan_us != G_MAXUINT64) {
      self->was_orphan_us = self->orphan_us;
      self->served_us = core->now_us;
    }
    self->orphan_us = G_MAXUINT64;
  } else if (self->orphan_us == G_MAXUINT64) {
    self->orphan_us = core->now_us;
    if (self->was_orphan_us != G_MAXUINT64 && core->now_us < self->served_us + SERVED_US)
      self->orphan_us = self->was_orphan_us;
  }
}

void
ec_relay_track_update (EcRelayCore *core, EcRelayTrack *self)
{
  Situation situation;

  look (self, &situation);
  decide (core, self, &situation);
  look (self, &situation);

  if (situation.wanted)
    self->idle_us = G_MAXUINT64;
  else if (self->idle_us == G_MAXUINT64)
    self->idle_us = core->now_us;
  note_orphan (core, self, &situation);
  direct_upstreams (core, self, &situation);
}

/* What a track that goes has counted stays counted. */
static void
keep_counters (EcRelayCore *core, EcRelayTrack *self)
{
  EcRelayStatsData stats = { 0 };

  ec_relay_track_add_stats (self, &stats);
  core->stats.bytes_in += stats.bytes_in;
  core->stats.bytes_out += stats.bytes_out;
  core->stats.bytes_duplicate += stats.bytes_duplicate;
  core->stats.n_skipped_groups += stats.n_skipped_groups;
  core->stats.n_cut_objects += stats.n_cut_objects;
}

/* With the track goes the memory of who contradicted others in it. */
static void
let_upstreams_go (EcRelayTrack *self)
{
  for (guint i = 0; i < self->upstreams->len; i++) {
    EcRelayUpstream *up = self->upstreams->pdata[i];

    up->wanted = FALSE;
    ec_relay_item_queue (up);
  }
}

/* The last reference may go. */
static void
leave_registry (EcRelayCore *core, EcRelayTrack *self)
{
  EcRelayNode *node = g_steal_pointer (&self->node);

  if (!node)
    return;
  keep_counters (core, self);
  ec_relay_node_remove (&node->tracks, self);
  ec_relay_node_prune (node);
  g_hash_table_remove (core->tracks, self->name);
}

void
ec_relay_track_end (EcRelayCore *core, EcRelayTrack *self, EcMoqtDoneCode code, const char *reason)
{
  if (!self->node)
    return;
  ec_relay_track_ref (self);
  ec_moq_feed_end (self->feed, code, reason);
  leave_registry (core, self);
  let_upstreams_go (self);
  for (guint i = 0; i < self->downstreams->len; i++) {
    EcRelayDownstream *down = self->downstreams->pdata[i];

    if (down->verdict == EC_RELAY_VERDICT_WAIT)
      refuse (down, EC_MOQT_ERROR_DOES_NOT_EXIST, "the track has ended");
    else
      ec_relay_item_queue (down);
  }
  ec_relay_track_unref (self);
}

/* -- What upstreams say of their subscriptions, which is for us alone (§10.2 “not forwarded by Relays”) */

/* Asked to go on when so much of its time is over, and no more often than that. */
#define RENEW_AFTER(ms) ((ms) *750)
#define RENEW_EVERY_US G_USEC_PER_SEC

void
ec_relay_track_served (EcRelayCore *core,
                       EcRelayTrack *self,
                       EcRelayUpstream *up,
                       guint64 expires_ms)
{
  up->renew_us = 0;
  if (expires_ms > 0)
    up->renew_us = core->now_us + MAX (RENEW_AFTER (MIN (expires_ms, G_MAXUINT32)), RENEW_EVERY_US);
}

static void
renew (EcRelayCore *core, EcRelayTrack *self)
{
  for (guint i = 0; i < self->upstreams->len; i++) {
    EcRelayUpstream *up = self->upstreams->pdata[i];

    if (up->renew_us == 0 || core->now_us < up->renew_us || up->state != EC_RELAY_UPSTREAM_GRANTED)
      continue;
    up->renew_us = 0;
    up->want_renewal = TRUE;
    ec_relay_item_queue (up);
  }
}

/* What is about the track, and not about our subscription to it. */
static gboolean
is_of_track (EcMoqtDoneCode code)
{
  switch (code) {
  case EC_MOQT_DONE_INTERNAL_ERROR:
  case EC_MOQT_DONE_UNAUTHORIZED:
  case EC_MOQT_DONE_EXPIRED:
  case EC_MOQT_DONE_EXCESSIVE_LOAD:
  case EC_MOQT_DONE_MALFORMED_TRACK:
    return TRUE;
  default:
    return FALSE;
  }
}

/*
 * That it has ended is told at once, and that it is malformed (§2.4.2 “immediately”). Of all other reasons none keeps another publisher from
 * going on with it, or the same one: the readers wait for that, and are told the reason when it was in vain.
 */
void
ec_relay_track_deserted (EcRelayCore *core, EcRelayTrack *self, EcMoqtDoneCode code)
{
  if (ec_relay_track_has_upstream (self))
    return;
  if (is_of_track (code))
    self->done = code;
  if (code == EC_MOQT_DONE_TRACK_ENDED)
    ec_relay_track_end (core, self, code, "the track has ended");
  else if (code == EC_MOQT_DONE_MALFORMED_TRACK)
    ec_relay_track_end (core, self, code, "the track is malformed");
}

/* -- Time */

static void
stop_waiting (EcRelayCore *core, EcRelayFill *fill)
{
  for (guint i = fill->waiting->len; i > 0; i--) {
    EcRelayDownstream *down = fill->waiting->pdata[i - 1];

    if (down->fill_until_us == 0 || core->now_us < down->fill_until_us)
      continue;
    down->filled = TRUE;
    ec_relay_item_queue (down);
    g_ptr_array_remove_index_fast (fill->waiting, i - 1);
  }
}

static void
give_up_fills (EcRelayCore *core, EcRelayTrack *self)
{
  for (guint i = 0; i < self->fills->len; i++) {
    EcRelayFill *fill = self->fills->pdata[i];

    stop_waiting (core, fill);
    if (core->now_us >= fill->until_us)
      ec_relay_item_queue (fill);
  }
}

/* Nothing to do here any more; what is cached of a track that nobody publishes and nobody reads is kept for a while. */
static gboolean
is_over (EcRelayCore *core, EcRelayTrack *self)
{
  EcMoqFeedStats stats = { 0 };

  if (ec_relay_track_has_upstream (self) || self->downstreams->len > 0 || self->fills->len > 0)
    return FALSE;
  ec_moq_feed_get_stats (self->feed, &stats);
  return (stats.n_objects == 0 && stats.n_groups == 0) ||
         (self->idle_us != G_MAXUINT64 && core->now_us >= self->idle_us + KEEP_CACHED_US);
}

/* Those who contradicted somebody who is gone by now may have been right: they begin anew. */
static void
pardon (EcRelayCore *core, EcRelayTrack *self)
{
  gboolean any = FALSE;

  for (guint i = 0; i < self->upstreams->len; i++)
    if (((EcRelayUpstream *) self->upstreams->pdata[i])->state != EC_RELAY_UPSTREAM_BANNED)
      return;
  for (guint i = 0; i < self->upstreams->len; i++) {
    EcRelayUpstream *up = self->upstreams->pdata[i];

    if (up->published || core->now_us < up->banned_us + PARDON_US)
      continue;
    up->state = EC_RELAY_UPSTREAM_ASKED;
    ec_relay_item_queue (up);
    any = TRUE;
  }
  if (any)
    ec_moq_feed_forget (self->feed);
}

void
ec_relay_track_tick (EcRelayCore *core, EcRelayTrack *self)
{
  ec_moq_feed_trim (self->feed, core->now_us, 0);
  pardon (core, self);
  give_up_fills (core, self);
  renew (core, self);
  if (self->orphan_us != G_MAXUINT64 && core->now_us >= self->asked_us + ASK_AGAIN_US)
    ec_relay_track_ask (core, self);
  ec_relay_track_update (core, self);
  if (self->orphan_us != G_MAXUINT64 &&
      core->now_us >= self->orphan_us + core->config.limits.orphan_ms * 1000)
    ec_relay_track_end (core, self, self->done, "its last publisher is gone");
  else if (is_over (core, self)) {
    let_upstreams_go (self);
    leave_registry (core, self);
  }
}

/* -- Fetching what the feed has not */

/* How many publishers are tried for one range. */
#define MAX_TRIES 3

/* Who is asked: a publisher that has said yes, not the one that has just failed. */
static EcRelayUpstream *
choose_upstream (EcRelayTrack *self, const EcRelayFill *failed)
{
  for (guint i = 0; i < self->upstreams->len; i++) {
    EcRelayUpstream *up = self->upstreams->pdata[i];

    if (up->state == EC_RELAY_UPSTREAM_GRANTED && ec_relay_session_listens (up->item.session) &&
        (!failed || failed->upstream != up))
      return up;
  }
  return NULL;
}

static EcRelayFill *
fill_new (EcRelayCore *core,
          EcRelayTrack *self,
          EcRelayUpstream *up,
          EcMoqtLocation from,
          EcMoqtLocation to)
{
  EcRelayFill *fill;

  if (!ec_relay_core_try_reckon (core, FILL_RECKONED))
    return NULL;
  fill = ec_relay_item_new (up->item.session, EC_RELAY_ITEM_FILL, sizeof *fill, FILL_RECKONED);
  fill->track = ec_relay_track_ref (self);
  fill->upstream = ec_relay_item_ref (up);
  fill->from = from;
  fill->to = to;
  fill->until_us = core->now_us + FILL_TIMEOUT_US;
  fill->waiting = g_ptr_array_new_with_free_func (ec_relay_item_unref);
  g_ptr_array_add (self->fills, fill);
  ec_relay_item_queue (fill);
  return fill;
}

gboolean
ec_relay_track_fill (EcRelayCore *core,
                     EcRelayTrack *self,
                     EcRelayUpstream *up,
                     gboolean joining,
                     EcRelayDownstream *down,
                     EcMoqtLocation from,
                     EcMoqtLocation to)
{
  EcRelayFill *fill = NULL;

  for (guint i = 0; !fill && i < self->fills->len; i++) {
    EcRelayFill *each = self->fills->pdata[i];

    if (ec_moqt_location_compare (each->from, from) <= 0 &&
        ec_moqt_location_compare (to, each->to) <= 0)
      fill = each;
  }
  if (!fill) {
    up = up ? up : choose_upstream (self, NULL);
    fill = up ? fill_new (core, self, up, from, to) : NULL;
    if (fill)
      fill->joining = joining;
  }
  if (fill && down)
    g_ptr_array_add (fill->waiting, ec_relay_item_ref (down));
  return fill != NULL;
}

void
ec_relay_track_give_up_fills (EcRelayTrack *self, EcRelayUpstream *up)
{
  for (guint i = 0; i < self->fills->len; i++) {
    EcRelayFill *fill = self->fills->pdata[i];

    if (fill->upstream != up)
      continue;
    fill->until_us = 0;
    ec_relay_item_queue (fill);
  }
}

void
ec_relay_track_fill_done (EcRelayCore *core, EcRelayFill *fill, gboolean failed)
{
  EcRelayTrack *self = fill->track;
  EcRelayUpstream *up = NULL;
  EcRelayFill *next = NULL;

  if (fill->done)
    return;
  fill->done = TRUE;
  if (failed && fill->waiting->len > 0 && fill->tries + 1 < MAX_TRIES)
    up = choose_upstream (self, fill);
  if (up)
    next = fill_new (core, self, up, fill->from, fill->to);
  if (next)
    next->tries = fill->tries + 1;
  for (guint i = 0; i < fill->waiting->len; i++) {
    EcRelayDownstream *down = fill->waiting->pdata[i];

    if (next) {
      g_ptr_array_add (next->waiting, ec_relay_item_ref (down));
    } else {
      down->filled = TRUE;
      ec_relay_item_queue (down);
    }
  }
  g_ptr_array_set_size (fill->waiting, 0);
  g_ptr_array_remove (self->fills, fill);
}
