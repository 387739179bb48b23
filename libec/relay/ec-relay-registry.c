/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/* The registry: which namespaces are published, who wants to know of them, which tracks there are. All under the core's lock. */

EcRelayTrack *
ec_relay_registry_get_track (EcRelayCore *core, EcMoqtName *name, gboolean create)
{
  EcRelayTrack *track = g_hash_table_lookup (core->tracks, name);

  if (track || !create || g_hash_table_size (core->tracks) >= core->config.limits.max_tracks)
    return track;
  track = ec_relay_track_new (core, name);
  track->node = ec_relay_node_find (core->root, track->space, TRUE);
  ec_relay_node_add (&track->node->tracks, track);
  g_hash_table_insert (core->tracks, track->name, track);
  return track;
}

/* -- NAMESPACE and NAMESPACE_DONE, §9.20 */

static void
tell (EcRelayCore *core, EcRelayInterest *interest, EcMoqtName *name, gboolean there)
{
  if (!ec_relay_policy_may_subscribe (core->config.policy, name, &interest->who))
    return;
  g_hash_table_replace (interest->changed, ec_moqt_name_ref (name), GINT_TO_POINTER (there));
  ec_relay_item_queue (interest);
}

typedef struct {
  EcRelayCore *core;
  EcMoqtName *name;
  gboolean there;
} Announcement;

static void
announce_to_node (EcRelayNode *node, gpointer user_data)
{
  Announcement *announcement = user_data;

  for (guint i = 0; node->interests && i < node->interests->len; i++) {
    EcRelayInterest *interest = node->interests->pdata[i];

    if (interest->names)
      tell (announcement->core, interest, announcement->name, announcement->there);
  }
}

/* Also back to who published it (§6.1 “including echoing back”). */
static void
announce (EcRelayCore *core, EcMoqtName *name, gboolean there)
{
  Announcement announcement = { core, name, there };

  ec_relay_node_each_above (core->root, name, announce_to_node, &announcement);
}

/* Tracks that somebody waits for or reads are asked for from a new publisher, too (§8.5). */
static void
ask_for_tracks_of_node (EcRelayNode *node, gpointer user_data)
{
  EcRelayCore *core = user_data;

  for (guint i = 0; node->tracks && i < node->tracks->len; i++) {
    EcRelayTrack *track = node->tracks->pdata[i];

    if (ec_relay_track_is_wanted (track)) {
      ec_relay_track_ask (core, track);
      ec_relay_track_update (core, track);
    }
  }
}

void
ec_relay_registry_add_publication (EcRelayCore *core, EcRelayPublication *publication)
{
  EcRelayNode *node = ec_relay_node_find (core->root, publication->name, TRUE);
  gboolean first = node->publications == NULL;

  publication->node = node;
  publication->rank = ++core->next_number;
  ec_relay_node_add (&node->publications, publication);
  core->n_namespaces++;
  if (first)
    announce (core, publication->name, TRUE);
  ec_relay_node_each_below (node, ask_for_tracks_of_node, core);
}

void
ec_relay_registry_remove_publication (EcRelayCore *core, EcRelayPublication *publication)
{
  EcRelayNode *node = g_steal_pointer (&publication->node);

  if (!node)
    return;
  core->n_namespaces--;
  ec_relay_policy_release (core->config.policy, publication->name, &publication->as, core->now_us,
                           core->config.limits.claim_ms * 1000);
  ec_relay_node_remove (&node->publications, publication);
  if (!node->publications)
    announce (core, publication->name, FALSE);
  ec_relay_node_prune (node);
}

/* -- SUBSCRIBE_NAMESPACE and SUBSCRIBE_TRACKS */

typedef struct {
  EcRelayCore *core;
  EcRelayInterest *interest;
} Introduction;

static void
introduce_node (EcRelayNode *node, gpointer user_data)
{
  Introduction *introduction = user_data;

  if (node->publications) {
    EcRelayPublication *publication = node->publications->pdata[0];

    tell (introduction->core, introduction->interest, publication->name, TRUE);
  }
}

static gboolean
has_downstream (EcRelayTrack *track, EcRelaySession *session)
{
  for (guint i = 0; i < track->downstreams->len; i++) {
    const EcRelayDownstream *down = track->downstreams->pdata[i];

    if (down->item.session == session &&
        (down->what == EC_MOQT_REQUEST_SUBSCRIBE || down->what == EC_MOQT_REQUEST_PUBLISH))
      return TRUE;
  }
  return FALSE;
}

static gboolean
has_upstream (EcRelayTrack *track, EcRelaySession *session)
{
  for (guint i = 0; i < track->upstreams->len; i++) {
    const EcRelayUpstream *up = track->upstreams->pdata[i];

    if (up->item.session == session)
      return TRUE;
  }
  return FALSE;
}

/*
 * PUBLISH to a peer that asked for tracks; not to one that waits for it by a SUBSCRIBE (§8.5), nor to who publishes it
 * (§6.1). The session refuses itself what is above its limits.
 */
static void
offer_to (EcRelayCore *core, EcRelayInterest *interest, EcRelayTrack *track)
{
  EcRelaySession *session = interest->item.session;
  EcRelayDownstream *down;

  if (!interest->tracks || !ec_relay_session_listens (session) || has_downstream (track, session) ||
      has_upstream (track, session) ||
      !ec_relay_policy_may_subscribe (core->config.policy, track->space, &interest->who))
    return;
  down = ec_relay_item_new (session, EC_RELAY_ITEM_DOWNSTREAM, sizeof *down, 0);
  down->track = ec_relay_track_ref (track);
  down->what = EC_MOQT_REQUEST_PUBLISH;
  down->offer_forward = interest->forward;
  ec_relay_track_add_downstream (core, track, down);
  ec_relay_item_queue (down);
  ec_relay_item_unref (down);
}

static void
offer_node (EcRelayNode *node, gpointer user_data)
{
  Introduction *introduction = user_data;

  for (guint i = 0; node->tracks && i < node->tracks->len; i++) {
    EcRelayTrack *track = node->tracks->pdata[i];

    if (ec_relay_track_is_published (track))
      offer_to (introduction->core, introduction->interest, track);
  }
}

void
ec_relay_registry_add_interest (EcRelayCore *core, EcRelayInterest *interest)
{
  Introduction introduction = { core, interest };

  interest->node = ec_relay_node_find (core->root, interest->prefix, TRUE);
  ec_relay_node_add (&interest->node->interests, interest);
  if (interest->names)
    ec_relay_node_each_below (interest->node, introduce_node, &introduction);
  if (interest->tracks)
    ec_relay_node_each_below (interest->node, offer_node, &introduction);
}

void
ec_relay_registry_remove_interest (EcRelayCore *core, EcRelayInterest *interest)
{
  EcRelayNode *node = g_steal_pointer (&interest->node);

  if (!node)
    return;
  ec_relay_node_remove (&node->interests, interest);
  ec_relay_node_prune (node);
}

void
ec_relay_registry_move_interest (EcRelayCore *core,
                                 EcRelayInterest *interest,
                                 EcMoqtName *prefix,
                                 const EcRelayPrincipals *who)
{
  g_autoptr (EcMoqtName) before = g_steal_pointer (&interest->prefix);

  ec_relay_registry_remove_interest (core, interest);
  interest->prefix = ec_moqt_name_ref (prefix);
  interest->who = *who;
  ec_relay_registry_add_interest (core, interest);
}

typedef struct {
  EcRelayCore *core;
  EcRelayTrack *track;
} Offer;

static void
offer_to_node (EcRelayNode *node, gpointer user_data)
{
  Offer *offer = user_data;

  for (guint i = 0; node->interests && i < node->interests->len; i++)
    offer_to (offer->core, node->interests->pdata[i], offer->track);
}

void
ec_relay_registry_offer (EcRelayCore *core, EcRelayTrack *track)
{
  Offer offer = { core, track };

  ec_relay_node_each_above (core->root, track->space, offer_to_node, &offer);
}
