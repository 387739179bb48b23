/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer.h"

/* What a relay hands on of tracks: their properties, their ends, their objects' fields. */

#define SECOND ((guint64) G_USEC_PER_SEC)
#define PATH "ec/v1/atsc/2065/3/ts-canonical-1"

static const EcMoqtDraft *const drafts[] = { &ec_moqt_draft_16, &ec_moqt_draft_18 };
static const guint8 key_a[32] = { 0xaa, 1 };

static EcRelayStatsData
get_stats (World *world)
{
  EcRelayStatsData stats;

  ec_relay_core_get_stats (world->core, &stats);
  return stats;
}

static EcRelayCoreConfig
any_may_publish (void)
{
  EcRelayCoreConfig config = { .policy = ec_relay_policy_new () };

  g_assert_true (ec_relay_policy_allow_publish (config.policy, "ec/v1=any", NULL));
  return config;
}

/* §8.7: “A relay MUST include all Properties associated with a Track”, those that it does not know too. */
static void
test_properties (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  static const EcMoqtProperty items[] = {
    { .type = EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_PRIORITY, .number = 77 },
    { .type = 0x3ffe, .number = 123456 },
    { .type = 0x3fff, .data = (const guint8 *) "opaque", .size = 6 },
  };
  g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (items, G_N_ELEMENTS (items));
  World *world = world_new (1, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  gboolean publish = mix >> 2;
  Sub *sub, *fetch, *status;

  world_run (world, SECOND);
  peer_make_with (publisher, PATH, "chunks", publish, properties);
  if (!publish)
    peer_announce (publisher, PATH, NULL);
  world_run (world, SECOND);
  sub = peer_subscribe (viewer, PATH, "chunks", FALSE);
  world_run (world, 3 * SECOND);
  fetch = peer_fetch (viewer, PATH, "chunks", (EcMoqtLocation){ 2, 0 }, (EcMoqtLocation){ 2, 4 });
  status = peer_ask_status (viewer, PATH, "chunks");
  world_run (world, SECOND);
  g_assert_true (sub->granted && fetch->granted && status->granted);
  g_assert_true (ec_moqt_properties_equal (sub->properties, properties));
  g_assert_true (ec_moqt_properties_equal (fetch->properties, properties));
  /* Draft 16 answers with REQUEST_OK, which has none. */
  if (mix >> 1 & 1)
    g_assert_true (ec_moqt_properties_equal (status->properties, properties));
  g_assert_true (status->has_largest);
  g_assert_cmpuint (status->largest.group, >=, 4);
  /* The publisher said 128 with each subgroup, and nothing of properties of objects. */
  g_assert_cmpuint (sub->priority, ==, 128);
  g_assert_cmpuint (sub->n_streams, >, 0);
  g_assert_cmpuint (sub->n_with_properties, ==, 0);
  world_free (world);
}

/* §2.5.1: a track that must be understood, and is not, goes no further. */
static void
test_mandatory (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  static const EcMoqtProperty item = { .type = 0x4002, .number = 1 };
  g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (&item, 1);
  World *world = world_new (1, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  gboolean publish = mix >> 2;
  Sub *sub;
  Pub *pub;

  world_run (world, SECOND);
  pub = peer_make_with (publisher, PATH, "chunks", publish, properties);
  if (!publish)
    peer_announce (publisher, PATH, NULL);
  world_run (world, SECOND);
  sub = peer_subscribe (viewer, PATH, "chunks", FALSE);
  world_run (world, SECOND);
  if (!(mix & 1)) {
    /* Draft 16 has no such range: the relay passes it on, and who speaks 18 refuses it itself. */
    g_assert_cmpint (sub->refused, ==, mix >> 1 & 1);
    world_free (world);
    return;
  }
  g_assert_true (sub->refused);
  if (publish) {
    g_assert_null (pub->publish);
    g_assert_cmpint (publisher->space_error, ==,
                     mix & 1 ? EC_MOQT_ERROR_UNSUPPORTED_EXTENSION : EC_MOQT_ERROR_NOT_SUPPORTED);
  } else {
    /* Draft 16 has one code for both. */
    g_assert_cmpint (sub->error, ==,
                     mix >> 1 & 1 ? EC_MOQT_ERROR_UNSUPPORTED_EXTENSION
                                  : EC_MOQT_ERROR_NOT_SUPPORTED);
  }
  g_assert_false (publisher->closed || viewer->closed);
  world_free (world);
}

/* §12.3: what was received longer ago is not served any more, but asked for anew. */
static void
test_max_cache_duration (void)
{
  static const EcMoqtProperty item = { .type = EC_MOQT_PROPERTY_MAX_CACHE_DURATION,
                                       .number = 2000 };
  g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (&item, 1);
  World *world = world_new (1, NULL);
  Peer *publisher = peer_new (world, drafts[1], key_a);
  Peer *viewer = peer_new (world, drafts[1], NULL);
  Pub *pub;
  Sub *sub, *fetch;
  guint n;

  peer_announce (publisher, PATH, NULL);
  pub = peer_make_with (publisher, PATH, "chunks", FALSE, properties);
  world_run (world, SECOND / 2);
  sub = peer_subscribe (viewer, PATH, "chunks", TRUE);
  world_run (world, 5 * SECOND);
  n = pub->n_fetched;
  /* Fresh: from the cache. */
  fetch = peer_fetch (viewer, PATH, "chunks", (EcMoqtLocation){ 4, 5 }, (EcMoqtLocation){ 4, 15 });
  world_run (world, SECOND / 10);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_whole, ==, 10);
  g_assert_cmpuint (pub->n_fetched, ==, n);
  /* Too old: once more from the publisher. */
  fetch = peer_fetch (viewer, PATH, "chunks", (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 2, 0 });
  world_run (world, SECOND);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_whole, ==, 2 * GROUP_OBJECTS);
  g_assert_cmpuint (fetch->n_unknown, ==, 0);
  g_assert_cmpuint (pub->n_fetched, >, n);
  sub_check_whole (sub, broadcast_group (world) - 1);

  /* … who is gone: nobody knows. */
  peer_close (publisher);
  world_run (world, 4 * SECOND);
  fetch = peer_fetch (viewer, PATH, "chunks", (EcMoqtLocation){ 3, 0 }, (EcMoqtLocation){ 3, 0 });
  world_run (world, SECOND);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_whole, ==, 0);
  g_assert_cmpuint (fetch->n_unknown, >, 0);
  world_free (world);
}

/* The end of the track is told, also while somebody is here who contradicted it before. */
static void
test_track_ended (gconstpointer data)
{
  gboolean forged = GPOINTER_TO_UINT (data);
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (2, &config);
  Peer *honest = peer_new (world, drafts[0], NULL), *forger = peer_new (world, drafts[1], NULL);
  Peer *viewer = peer_new (world, drafts[1], NULL);
  Pub *pub, *forged_pub;
  Sub *sub;

  peer_announce (honest, PATH, NULL);
  pub = peer_make (honest, PATH, "chunks", FALSE);
  world_run (world, SECOND);
  sub = peer_subscribe (viewer, PATH, "chunks", TRUE);
  world_run (world, SECOND);
  if (forged) {
    forged_pub = peer_make (forger, PATH, "chunks", FALSE);
    forged_pub->twist = 1;
    forged_pub->offset_us = 10000;
    peer_announce (forger, PATH, NULL);
  }
  world_run (world, 2 * SECOND);
  g_assert_cmpuint (get_stats (world).n_conflicts, ==, forged);
  pub->stalled = TRUE;
  ec_moq_feed_end (pub->feed, EC_MOQT_DONE_TRACK_ENDED, "over");
  world_run (world, SECOND);
  g_assert_true (sub->done);
  g_assert_cmpint (sub->done_code, ==, EC_MOQT_DONE_TRACK_ENDED);
  world_free (world);
}

/* What the only publisher says as it goes is what its readers hear, if nobody else comes; that it is malformed, at once. */
static void
test_done (gconstpointer data)
{
  static const struct {
    EcMoqtDoneCode said, heard;
  } cases[] = {
    { EC_MOQT_DONE_MALFORMED_TRACK, EC_MOQT_DONE_MALFORMED_TRACK },
    { EC_MOQT_DONE_INTERNAL_ERROR, EC_MOQT_DONE_INTERNAL_ERROR },
    { EC_MOQT_DONE_UNAUTHORIZED, EC_MOQT_DONE_UNAUTHORIZED },
    { EC_MOQT_DONE_EXCESSIVE_LOAD, EC_MOQT_DONE_EXCESSIVE_LOAD },
    { EC_MOQT_DONE_EXPIRED, EC_MOQT_DONE_EXPIRED },
    /* These are of the one subscription that they were said of. */
    { EC_MOQT_DONE_GOING_AWAY, EC_MOQT_DONE_SUBSCRIPTION_ENDED },
    { EC_MOQT_DONE_TOO_FAR_BEHIND, EC_MOQT_DONE_SUBSCRIPTION_ENDED },
  };
  guint mix = GPOINTER_TO_UINT (data);
  gboolean publish = mix >> 2;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    EcRelayCoreConfig config = any_may_publish ();
    World *world = world_new (2, &config);
    Peer *publisher = peer_new (world, drafts[mix & 1], NULL);
    Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
    Pub *pub;
    Sub *sub;

    world_run (world, SECOND / 10);
    if (!publish)
      peer_announce (publisher, PATH, NULL);
    pub = peer_make (publisher, PATH, "chunks", publish);
    world_run (world, SECOND / 2);
    sub = peer_subscribe (viewer, PATH, "chunks", TRUE);
    world_run (world, SECOND);
    g_assert_cmpuint (sub->n_whole, >, 0);
    pub->stalled = TRUE;
    publisher->refuse_with = EC_MOQT_ERROR_DOES_NOT_EXIST;
    ec_moq_feed_end (pub->feed, cases[i].said, "over");
    world_run (world, SECOND / 2);
    g_assert_cmpint (sub->done, ==, cases[i].said == EC_MOQT_DONE_MALFORMED_TRACK);
    world_run (world, 12 * SECOND);
    g_assert_true (sub->done);
    /* Draft 16 has no word for too much load. */
    if (cases[i].said != EC_MOQT_DONE_EXCESSIVE_LOAD || mix % 4 == 3)
      g_assert_cmpint (sub->done_code, ==, cases[i].heard);
    world_free (world);
  }
}

/* … also if it says yes, and the same again, whenever it is asked. */
static void
test_done_again (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  World *world = world_new (2, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Pub *pub;
  Sub *sub;

  peer_announce (publisher, PATH, NULL);
  pub = peer_make (publisher, PATH, "chunks", FALSE);
  world_run (world, SECOND / 2);
  sub = peer_subscribe (viewer, PATH, "chunks", TRUE);
  world_run (world, 3 * SECOND);
  pub->stalled = TRUE;
  ec_moq_feed_end (pub->feed, EC_MOQT_DONE_INTERNAL_ERROR, "over");
  world_run (world, 5 * SECOND);
  g_assert_cmpuint (pub->n_subscribed, >=, 2);
  g_assert_false (sub->done);
  world_run (world, 8 * SECOND);
  g_assert_true (sub->done);
  g_assert_cmpint (sub->done_code, ==, EC_MOQT_DONE_INTERNAL_ERROR);
  world_free (world);
}

/* … and nothing where another goes on with it. */
static void
test_done_beside_another (gconstpointer data)
{
  EcMoqtDoneCode code = GPOINTER_TO_INT (data);
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (3, &config);
  Peer *peers[2] = { peer_new (world, drafts[0], NULL), peer_new (world, drafts[1], NULL) };
  Peer *viewer = peer_new (world, drafts[1], NULL);
  Pub *pubs[2];
  Sub *sub;

  for (guint i = 0; i < 2; i++) {
    peer_announce (peers[i], PATH, NULL);
    pubs[i] = peer_make (peers[i], PATH, "chunks", FALSE);
  }
  world_run (world, SECOND);
  sub = peer_subscribe (viewer, PATH, "chunks", TRUE);
  world_run (world, SECOND);
  pubs[0]->stalled = TRUE;
  peers[0]->refuse_with = EC_MOQT_ERROR_DOES_NOT_EXIST;
  ec_moq_feed_end (pubs[0]->feed, code, "over");
  world_run (world, 14 * SECOND);
  g_assert_false (sub->done);
  sub_check_whole (sub, broadcast_group (world) - 1);
  world_free (world);
}

/*
 * §8 (of draft 16, §9.2.2.2): a slow subscriber that wants objects in time is reset where they are not, and has the next group in time; those
 * beside it lose nothing. Said by the subscriber, or by the track; of objects, or (not in draft 16) of whole subgroups.
 */
static void
test_delivery_timeout (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  gboolean newest = (mix >> 1 & 1), by_track = mix >> 2 & 1, subgroup = mix >> 3;
  EcMoqtProperty item = { .type = subgroup ? EC_MOQT_PROPERTY_SUBGROUP_DELIVERY_TIMEOUT
                                           : EC_MOQT_PROPERTY_OBJECT_DELIVERY_TIMEOUT,
                          .number = 400 };
  g_autoptr (EcMoqtProperties) properties = by_track ? ec_moqt_properties_new (&item, 1) : NULL;
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT },
                          .object_delivery_timeout_ms = 400,
                          .subgroup_delivery_timeout_ms = 400 };
  /* Of 40,000 bytes a second that there are. */
  EcMemoryLink narrow = {
    .latency_us = 5000, .bandwidth = 14000, .connection_window = 4000, .stream_window = 4000
  };
  World *world = world_new (14, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *steady = peer_new (world, drafts[newest], NULL);
  Peer *slow = peer_new_full (world, drafts[newest], &narrow, NULL, NULL);
  Sub *sub, *late;

  if (!by_track)
    params.has |=
        subgroup ? EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT : EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT;
  peer_announce (publisher, PATH, NULL);
  peer_make_with (publisher, PATH, "chunks", FALSE, properties);
  world_run (world, SECOND / 2);
  sub = peer_subscribe (steady, PATH, "chunks", TRUE);
  late = peer_subscribe_with (slow, PATH, "chunks", &params);
  world_run (world, 12 * SECOND);
  g_test_message ("%u objects, %u of them cut, %u resets, %.3f s late", late->n_whole, late->n_cut,
                  late->n_reset, late->max_late_us / 1e6);
  g_assert_cmpuint (sub->n_reset, ==, 0);
  sub_check_whole (sub, broadcast_group (world) - 1);
  g_assert_cmpuint (late->n_reset, >=, 8);
  g_assert_cmpint (late->reset, ==, EC_MOQT_RESET_DELIVERY_TIMEOUT);
  g_assert_cmpuint (late->n_repeated, ==, 0);
  /* What was on its way when the time was over still comes: 8 KiB at most, and the window. */
  g_assert_cmpuint (late->max_late_us, <, subgroup ? SECOND * 3 / 2 : SECOND);
  g_assert_cmpuint (late->n_whole, >=, 3 * 10);
  world_free (world);
}

static void
send_by_hand (EcMoqtRequest *request, guint64 group, guint8 byte)
{
  EcMoqtObject head = { .location = { group, 0 }, .priority = 128, .size = 100 };
  g_autoptr (EcPayload) payload = ec_payload_new (head.size, NULL);
  EcMoqtStream *stream = ec_moqt_request_open_subgroup (request, group, 0, 128, FALSE, FALSE, TRUE);

  for (guint i = 0; i < head.size; i++)
    ec_payload_append (payload, &byte, 1);
  ec_moqt_stream_write_object (stream, &head, payload);
  ec_moqt_stream_finish (stream);
}

/* §2.4.2: one publisher that contradicts itself has no track, and that is told at once. */
static void
test_self_contradiction (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  World *world = world_new (13, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Pub *pub;
  Sub *sub;

  world_run (world, SECOND / 10);
  pub = peer_make (publisher, PATH, "chunks", TRUE);
  pub->stalled = TRUE;
  world_run (world, SECOND / 2);
  sub = peer_subscribe (viewer, PATH, "chunks", FALSE);
  sub->take_wrong = TRUE;
  world_run (world, SECOND / 2);
  send_by_hand (pub->publish, 100, 1);
  world_run (world, SECOND / 2);
  g_assert_true (sub_has (sub, 100, 0));
  g_assert_false (sub->done);
  send_by_hand (pub->publish, 100, 2);
  world_run (world, SECOND / 2);
  g_assert_true (sub->done);
  g_assert_cmpint (sub->done_code, ==, EC_MOQT_DONE_MALFORMED_TRACK);
  g_assert_cmpuint (sub->n_repeated, ==, 0);
  g_assert_false (publisher->closed || viewer->closed);
  world_free (world);
}

/* EXPIRES is for us alone (§10.2): the relay asks its publisher to go on, and its readers hear nothing of it. */
static void
test_expires (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  gboolean keep = mix >> 2;
  World *world = world_new (12, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Pub *pub;
  Sub *sub;

  publisher->expires_ms = 4000;
  publisher->keep_expiry = keep;
  peer_announce (publisher, PATH, NULL);
  pub = peer_make (publisher, PATH, "chunks", FALSE);
  world_run (world, SECOND / 2);
  sub = peer_subscribe (viewer, PATH, "chunks", TRUE);
  world_run (world, 20 * SECOND);
  g_assert_false (sub->done);
  if (keep) { /* over and over again; each time the rest of a group is lost at most */
    g_assert_cmpuint (pub->n_subscribed, >=, 5);
    g_assert_cmpuint (sub->n_whole, >, 13 * GROUP_OBJECTS);
    g_assert_cmpuint (sub->n_repeated, ==, 0);
  } else {
    sub_check_whole (sub, broadcast_group (world) - 1);
    g_assert_cmpuint (pub->n_subscribed, ==, 1);
    g_assert_cmpuint (publisher->n_updates, >=, 5);
    g_assert_cmpuint (publisher->n_updates, <=, 8);
    g_assert_cmpuint (pub->n_fetched, <=, 1);
  }
  /* Nobody reads it any more: no reason to go on. */
  sub_end (viewer->subs->pdata[0]);
  world_run (world, 60 * SECOND);
  g_assert_cmpuint (pub->n_subscribed, <=, 8);
  g_assert_cmpuint (publisher->n_updates, <=, 16);
  world_free (world);
}

/* A track that nobody publishes and nobody reads does not stay, nor what it held; nor if only a forger is left. */
static void
test_forgotten (gconstpointer data)
{
  gboolean forged = GPOINTER_TO_UINT (data);
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (2, &config);
  Peer *honest = peer_new (world, drafts[0], NULL), *forger = peer_new (world, drafts[1], NULL);
  Peer *viewer = peer_new (world, drafts[1], NULL);
  gsize before;

  world_run (world, SECOND);
  before = get_stats (world).memory;
  peer_announce (honest, PATH, NULL);
  peer_make (honest, PATH, "chunks", FALSE);
  world_run (world, SECOND);
  peer_subscribe (viewer, PATH, "chunks", TRUE);
  world_run (world, SECOND);
  if (forged) {
    peer_make (forger, PATH, "chunks", FALSE)->twist = 1;
    ((Pub *) forger->pubs->pdata[0])->offset_us = 10000;
    peer_announce (forger, PATH, NULL);
  }
  world_run (world, 2 * SECOND);
  g_assert_cmpuint (get_stats (world).n_conflicts, ==, forged);
  g_assert_cmpuint (get_stats (world).n_tracks, ==, 1);
  sub_end (viewer->subs->pdata[0]);
  peer_close (honest);
  world_run (world, 75 * SECOND);
  g_assert_cmpuint (get_stats (world).n_tracks, ==, 0);
  g_assert_cmpuint (get_stats (world).memory, <, before);
  world_free (world);
}

static void
put (Pub *pub, guint64 now_us, guint64 group, guint64 object)
{
  EcMoqtObject head = { .location = { group, object },
                        .priority = 128,
                        .size = broadcast_size (group, object) };
  g_autoptr (EcPayload) payload = ec_payload_new (head.size, NULL);

  for (gsize i = 0; i < head.size; i++) {
    guint8 byte = broadcast_byte (group, object, i);

    ec_payload_append (payload, &byte, 1);
  }
  ec_moq_feed_writer_put_object (pub->writer, now_us, &head, payload);
}

/* REQUEST_UPDATE: Forward State, priority, and an end that comes earlier (§10.11). */
static void
test_update (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  World *world = world_new (5, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Peer *other = peer_new (world, drafts[mix & 1], NULL);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .forward = FALSE,
                          .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT } };
  EcMoqtParams change = { .has = EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIBER_PRIORITY,
                          .forward = TRUE,
                          .subscriber_priority = 3 };
  gboolean publish = mix >> 2;
  guint n;
  Sub *sub, *steady;

  world_run (world, SECOND / 10);
  peer_make (publisher, PATH, "chunks", publish);
  if (!publish)
    peer_announce (publisher, PATH, NULL);
  world_run (world, SECOND / 2);
  sub = peer_subscribe_with (viewer, PATH, "chunks", &params);
  world_run (world, 2 * SECOND);
  g_assert_true (sub->granted);
  g_assert_cmpuint (sub->n_whole, ==, 0);
  /* Nobody wants objects of a PUBLISH: none come as far as the relay. */
  if (publish)
    g_assert_cmpuint (get_stats (world).bytes_in, ==, 0);
  steady = peer_subscribe (other, PATH, "chunks", TRUE);
  world_run (world, SECOND);
  g_assert_cmpuint (sub->n_whole, ==, 0);
  ec_moqt_request_update (sub->request, &change);
  world_run (world, 3 * SECOND);
  g_assert_cmpuint (sub->n_whole, >, 2 * GROUP_OBJECTS);
  change = (EcMoqtParams){ .has = EC_MOQT_PARAM_FORWARD, .forward = FALSE };
  ec_moqt_request_update (sub->request, &change);
  world_run (world, SECOND / 2);
  n = sub->n_whole;
  world_run (world, 2 * SECOND);
  g_assert_cmpuint (sub->n_whole, ==, n);
  g_assert_false (sub->done || viewer->closed);

  change = (EcMoqtParams){ .has = EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                           .forward = TRUE,
                           .filter = { .kind = EC_MOQT_FILTER_ABSOLUTE_RANGE,
                                       .start = { broadcast_group (world) + 1, 0 },
                                       .end_group = broadcast_group (world) + 1 } };
  n = (guint) broadcast_group (world) + 1;
  ec_moqt_request_update (sub->request, &change);
  world_run (world, 4 * SECOND);
  g_assert_true (sub->done);
  g_assert_true (sub_has (sub, n, GROUP_OBJECTS - 1));
  g_assert_false (sub_has (sub, n + 1, 0));
  sub_check_whole (steady, broadcast_group (world) - 1);
  world_free (world);
}

/* NEW_GROUP_REQUEST goes upstream once, where groups are made on demand and the request says something new (§10.2.13). */
static void
test_new_group_request (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  static const EcMoqtProperty item = { .type = EC_MOQT_PROPERTY_DYNAMIC_GROUPS, .number = 1 };
  gboolean dynamic = mix >> 2;
  g_autoptr (EcMoqtProperties) properties = dynamic ? ec_moqt_properties_new (&item, 1) : NULL;
  World *world = world_new (9, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_NEW_GROUP_REQUEST, .new_group_request = 0 };
  Sub *subs[4];

  peer_announce (publisher, PATH, NULL);
  peer_make_with (publisher, PATH, "chunks", FALSE, properties);
  world_run (world, SECOND / 2);
  /* With the SUBSCRIBE; then to who is subscribed to already, once a group. */
  for (guint i = 0; i < 4; i++) {
    params.new_group_request = i == 0 ? 0 : 1000;
    subs[i] =
        peer_subscribe_with (peer_new (world, drafts[mix >> 1 & 1], NULL), PATH, "chunks", &params);
    world_run (world, SECOND / 20);
    g_assert_true (subs[i]->granted);
  }
  g_assert_cmpuint (publisher->n_group_requests, ==, dynamic ? 2 : 1);
  g_assert_cmpuint (publisher->group_request, ==, dynamic ? 1000 : 0);
  world_run (world, 2 * SECOND);
  if (dynamic) {
    EcMoqtParams change = { .has = EC_MOQT_PARAM_NEW_GROUP_REQUEST, .new_group_request = 1 };

    ec_moqt_request_update (subs[0]->request, &change);
    world_run (world, SECOND / 10);
    g_assert_cmpuint (publisher->n_group_requests, ==, 2); /* it is past */
    change.new_group_request = 900;
    ec_moqt_request_update (subs[0]->request, &change);
    world_run (world, SECOND / 10);
    g_assert_cmpuint (publisher->n_group_requests, ==, 3);
    g_assert_cmpuint (publisher->group_request, ==, 900);
  }
  world_free (world);
}

static void
test_datagrams (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  World *world = world_new (6, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Pub *pub;
  Sub *sub;
  guint n = 0;

  peer_announce (publisher, PATH, NULL);
  pub = peer_make (publisher, PATH, "chunks", FALSE);
  pub->stalled = TRUE;
  world_run (world, SECOND / 2);
  sub = peer_subscribe (viewer, PATH, "chunks", FALSE);
  world_run (world, SECOND / 2);
  for (guint64 group = 50; group < 60; group++) {
    for (guint64 k = 1; k < 4; k++) {
      EcMoqtObject head = {
        .location = { group, k }, .datagram = TRUE, .priority = 9, .size = 100 + k
      };
      g_autoptr (EcPayload) payload = ec_payload_new (head.size, NULL);

      for (gsize i = 0; i < head.size; i++) {
        guint8 byte = broadcast_byte (group, k, i);

        ec_payload_append (payload, &byte, 1);
      }
      ec_moq_feed_writer_put_object (pub->writer, world_now (world), &head, payload);
      n++;
    }
    ec_moq_feed_flush (pub->feed);
    world_run (world, SECOND / 10);
  }
  g_assert_cmpuint (sub->n_datagrams, ==, n);
  g_assert_cmpuint (sub->n_repeated, ==, 0);
  g_assert_cmpuint (sub->priority, ==, 9);
  g_assert_true (sub_has (sub, 59, 3));
  world_free (world);
}

/* A publisher's refusal is its subscriber's. */
static void
test_refusal (void)
{
  static const EcMoqtErrorCode codes[] = { EC_MOQT_ERROR_UNAUTHORIZED, EC_MOQT_ERROR_TIMEOUT,
                                           EC_MOQT_ERROR_DOES_NOT_EXIST,
                                           EC_MOQT_ERROR_NOT_SUPPORTED };
  World *world = world_new (7, NULL);
  Peer *publisher = peer_new (world, drafts[0], key_a), *viewer = peer_new (world, drafts[1], NULL);

  peer_announce (publisher, PATH, NULL);
  peer_make (publisher, PATH, "chunks", FALSE);
  world_run (world, SECOND / 2);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    Sub *sub, *status;

    publisher->refuse_with = codes[i];
    sub = peer_subscribe (viewer, PATH, "chunks", FALSE);
    status = peer_ask_status (viewer, PATH, "chunks");
    world_run (world, SECOND / 2);
    g_assert_true (sub->refused && status->refused);
    g_assert_cmpint (sub->error, ==, codes[i]);
    g_assert_cmpint (status->error, ==, codes[i]);
  }
  world_free (world);
}

/* §5.1: “An endpoint MAY SUBSCRIBE to a Track it is publishing”. */
static void
test_own_track (gconstpointer data)
{
  gboolean publish = GPOINTER_TO_UINT (data);
  World *world = world_new (8, NULL);
  Peer *publisher = peer_new (world, drafts[1], key_a);
  Sub *sub;

  world_run (world, SECOND / 10);
  if (!publish)
    peer_announce (publisher, PATH, NULL);
  peer_make (publisher, PATH, "chunks", publish);
  world_run (world, SECOND / 2);
  sub = peer_subscribe (publisher, PATH, "chunks", TRUE);
  world_run (world, 3 * SECOND);
  sub_check_whole (sub, broadcast_group (world) - 1);
  world_free (world);
}

/* §11.4.4: what a fetch passes over does not exist, and is neither asked for again nor said to be unknown. */
static void
test_fetch_holes (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  World *world = world_new (4, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Pub *pub;
  Sub *fetch;
  guint n;

  peer_announce (publisher, PATH, NULL);
  pub = peer_make (publisher, PATH, "chunks", FALSE);
  pub->stalled = TRUE;
  /* Groups 10, 11, 14, 20; 11 has the objects 0, 2, 5 alone. */
  for (guint i = 0; i < 4; i++) {
    static const guint64 groups[] = { 10, 11, 14, 20 };

    ec_moq_feed_writer_begin (pub->writer, 1, groups[i], 0, 128, FALSE, TRUE, TRUE);
    for (guint64 k = 0; k < 6; k++) {
      if (groups[i] == 11 && k != 0 && k != 2 && k != 5)
        continue;
      put (pub, 1, groups[i], k);
    }
    ec_moq_feed_writer_finish (pub->writer, 1, groups[i], 0);
  }
  /* The publisher knows it, too. */
  ec_moq_feed_settle (pub->feed, (EcMoqtLocation){ 11, 6 }, (EcMoqtLocation){ 14, 0 });
  ec_moq_feed_settle (pub->feed, (EcMoqtLocation){ 14, 6 }, (EcMoqtLocation){ 20, 0 });
  ec_moq_feed_flush (pub->feed);
  world_run (world, SECOND);
  fetch = peer_fetch (viewer, PATH, "chunks", (EcMoqtLocation){ 10, 0 }, (EcMoqtLocation){ 15, 0 });
  world_run (world, SECOND);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_whole, ==, 15);
  n = pub->n_fetched;
  g_test_message ("%u fetches, %u unknown", n, fetch->n_unknown);
  fetch = peer_fetch (viewer, PATH, "chunks", (EcMoqtLocation){ 10, 3 }, (EcMoqtLocation){ 14, 3 });
  world_run (world, SECOND);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_whole, ==, 9);
  g_assert_cmpuint (fetch->n_unknown, ==, 0);
  g_assert_cmpuint (pub->n_fetched, ==, n);
  world_free (world);
}

/* §2.4.2: from who contradicts others not even what was asked before is waited for: they are asked. */
static void
test_fetch_from_forger (void)
{
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (16, &config);
  Peer *peers[2] = { peer_new (world, drafts[0], NULL), peer_new (world, drafts[1], NULL) };
  Peer *viewer = peer_new (world, drafts[1], NULL);
  Pub *pubs[2];
  Sub *fetch;

  for (guint i = 0; i < 2; i++) {
    pubs[i] = peer_make (peers[i], PATH, "chunks", FALSE);
    pubs[i]->offset_us = i * 10000;
    peer_announce (peers[i], PATH, NULL);
    peers[i]->ignore_fetch = TRUE;
  }
  world_run (world, 4 * SECOND);
  peer_subscribe (viewer, PATH, "chunks", FALSE);
  world_run (world, SECOND);
  pubs[0]->n_fetched = pubs[1]->n_fetched = 0;
  fetch = peer_fetch (viewer, PATH, "chunks", (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 2, 0 });
  world_run (world, SECOND / 10);
  g_assert_cmpuint (pubs[0]->n_fetched + pubs[1]->n_fetched, ==, 1);
  /* Whoever was asked is the forger. */
  for (guint i = 0; i < 2; i++) {
    gboolean forger = pubs[i]->n_fetched > 0;

    pubs[i]->twist = forger;
    pubs[i]->offset_us = forger ? 30000 : 0;
    peers[i]->ignore_fetch = forger;
  }
  world_run (world, SECOND);
  g_assert_cmpuint (get_stats (world).n_conflicts, ==, 1);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_whole, ==, 2 * GROUP_OBJECTS);
  world_free (world);
}

/* What the relay has no room for is unknown to it; that it does not exist must not follow from what comes behind it. */
static void
test_fetch_too_large (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  EcRelayCoreConfig config = { .limits = { .memory = 4 << 20 } };
  World *world = world_new (15, &config);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Pub *pub;
  Sub *fetch;

  peer_announce (publisher, PATH, NULL);
  pub = peer_make (publisher, PATH, "chunks", FALSE);
  pub->stalled = TRUE;
  ec_moq_feed_writer_begin (pub->writer, 1, 10, 0, 128, FALSE, TRUE, TRUE);
  for (guint64 k = 0; k < 5; k++) {
    EcMoqtObject head = { .location = { 10, k }, .priority = 128, .size = k == 2 ? 3400000 : 100 };
    g_autofree guint8 *bytes = g_malloc0 (head.size);
    g_autoptr (EcPayload) payload = ec_payload_new (head.size, NULL);

    ec_payload_append (payload, bytes, head.size);
    ec_moq_feed_writer_put_object (pub->writer, 1, &head, payload);
  }
  ec_moq_feed_writer_finish (pub->writer, 1, 10, 0);
  put (pub, 1, 20, 0);
  ec_moq_feed_flush (pub->feed);
  world_run (world, SECOND);
  for (guint i = 0; i < 2; i++) {
    fetch =
        peer_fetch (viewer, PATH, "chunks", (EcMoqtLocation){ 10, 0 }, (EcMoqtLocation){ 10, 5 });
    fetch->take_wrong = TRUE;
    world_run (world, 2 * SECOND);
    g_assert_true (fetch->done);
    g_assert_cmpuint (fetch->n_whole, ==, 4);
    g_assert_cmpuint (fetch->n_unknown, ==, 1);
  }
  world_free (world);
}

/* §10.2.5: what is not here at once, or soon enough, is unknown. */
static void
test_fill_timeout (void)
{
  World *world = world_new (10, NULL);
  Peer *publisher = peer_new (world, drafts[1], key_a);
  Peer *viewer = peer_new (world, drafts[1], NULL);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_FILL_TIMEOUT, .fill_timeout_ms = 0 };
  Pub *pub;
  Sub *fetch;
  guint n;

  peer_announce (publisher, PATH, NULL);
  pub = peer_make (publisher, PATH, "chunks", FALSE);
  world_run (world, 4 * SECOND + SECOND / 2);
  peer_subscribe (viewer, PATH, "chunks", FALSE);
  world_run (world, SECOND);
  n = pub->n_fetched;
  fetch = peer_fetch_with (viewer, PATH, "chunks", (EcMoqtLocation){ 1, 0 },
                           (EcMoqtLocation){ 1, 5 }, &params);
  world_run (world, SECOND / 5);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_unknown, >, 0);
  g_assert_cmpuint (pub->n_fetched, ==, n);

  publisher->ignore_fetch = TRUE;
  params.fill_timeout_ms = 1000;
  fetch = peer_fetch_with (viewer, PATH, "chunks", (EcMoqtLocation){ 1, 0 },
                           (EcMoqtLocation){ 1, 5 }, &params);
  world_run (world, SECOND * 9 / 10);
  g_assert_cmpuint (pub->n_fetched, ==, n + 1);
  g_assert_false (fetch->done);
  world_run (world, SECOND / 5);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_unknown, >, 0);
  world_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint mix = 0; mix < 8; mix++) {
    g_autofree char *properties = g_strdup_printf ("/relay/tracks/properties/%u", mix);
    g_autofree char *mandatory = g_strdup_printf ("/relay/tracks/mandatory/%u", mix);

    g_test_add_data_func (properties, GUINT_TO_POINTER (mix), test_properties);
    g_test_add_data_func (mandatory, GUINT_TO_POINTER (mix), test_mandatory);
  }
  g_test_add_func ("/relay/tracks/max-cache-duration", test_max_cache_duration);
  g_test_add_data_func ("/relay/tracks/ended", GUINT_TO_POINTER (0), test_track_ended);
  g_test_add_data_func ("/relay/tracks/ended-beside-forger", GUINT_TO_POINTER (1),
                        test_track_ended);
  for (guint mix = 0; mix < 8; mix++) {
    g_autofree char *done = g_strdup_printf ("/relay/tracks/done/%u", mix);
    g_autofree char *expires = g_strdup_printf ("/relay/tracks/expires/%u", mix);

    g_test_add_data_func (done, GUINT_TO_POINTER (mix), test_done);
    g_test_add_data_func (expires, GUINT_TO_POINTER (mix), test_expires);
  }
  g_test_add_data_func ("/relay/tracks/done-beside-another/malformed",
                        GINT_TO_POINTER (EC_MOQT_DONE_MALFORMED_TRACK), test_done_beside_another);
  g_test_add_data_func ("/relay/tracks/done-beside-another/error",
                        GINT_TO_POINTER (EC_MOQT_DONE_INTERNAL_ERROR), test_done_beside_another);
  g_test_add_data_func ("/relay/tracks/forgotten", GUINT_TO_POINTER (0), test_forgotten);
  g_test_add_data_func ("/relay/tracks/forgotten-beside-forger", GUINT_TO_POINTER (1),
                        test_forgotten);
  for (guint mix = 0; mix < 4; mix++) {
    g_autofree char *self = g_strdup_printf ("/relay/tracks/self-contradiction/%u", mix);
    g_autofree char *again = g_strdup_printf ("/relay/tracks/done-again/%u", mix);

    g_test_add_data_func (again, GUINT_TO_POINTER (mix), test_done_again);
    g_test_add_data_func (self, GUINT_TO_POINTER (mix), test_self_contradiction);
  }
  for (guint mix = 0; mix < 4; mix++) {
    g_autofree char *holes = g_strdup_printf ("/relay/tracks/fetch-holes/%u", mix);

    g_autofree char *large = g_strdup_printf ("/relay/tracks/fetch-too-large/%u", mix);

    g_test_add_data_func (holes, GUINT_TO_POINTER (mix), test_fetch_holes);
    g_test_add_data_func (large, GUINT_TO_POINTER (mix), test_fetch_too_large);
  }
  for (guint mix = 0; mix < 8; mix++) {
    g_autofree char *group = g_strdup_printf ("/relay/tracks/new-group-request/%u", mix);
    g_autofree char *update = g_strdup_printf ("/relay/tracks/update/%u", mix);

    g_test_add_data_func (update, GUINT_TO_POINTER (mix), test_update);
    g_test_add_data_func (group, GUINT_TO_POINTER (mix), test_new_group_request);
  }
  for (guint mix = 0; mix < 4; mix++) {
    g_autofree char *datagrams = g_strdup_printf ("/relay/tracks/datagrams/%u", mix);

    g_test_add_data_func (datagrams, GUINT_TO_POINTER (mix), test_datagrams);
  }
  for (guint mix = 0; mix < 16; mix++) {
    g_autofree char *timeout = g_strdup_printf ("/relay/tracks/delivery-timeout/%u", mix);

    /* Draft 16 has no timeouts of subgroups, neither has what it would have to pass on. */
    if (mix < 8 || (mix & 3) == 3)
      g_test_add_data_func (timeout, GUINT_TO_POINTER (mix), test_delivery_timeout);
  }
  g_test_add_func ("/relay/tracks/fetch-from-forger", test_fetch_from_forger);
  g_test_add_func ("/relay/tracks/fill-timeout", test_fill_timeout);
  g_test_add_func ("/relay/tracks/refusal", test_refusal);
  g_test_add_data_func ("/relay/tracks/own/announced", GUINT_TO_POINTER (0), test_own_track);
  g_test_add_data_func ("/relay/tracks/own/published", GUINT_TO_POINTER (1), test_own_track);
  return g_test_run ();
}
