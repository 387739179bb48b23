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
  g_test_add_data_func ("/relay/tracks/forgotten", GUINT_TO_POINTER (0), test_forgotten);
  g_test_add_data_func ("/relay/tracks/forgotten-beside-forger", GUINT_TO_POINTER (1),
                        test_forgotten);
  return g_test_run ();
}
