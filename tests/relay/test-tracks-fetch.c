/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer.h"

/* What a relay answers FETCHes with: what it holds, what it asks for, and what is not known. */

/* §12.3: what was received longer ago is not served any more, but asked for anew. */
static void
test_max_cache_duration (void)
{
  static const EcMoqtProperty item = { .type = EC_MOQT_PROPERTY_MAX_CACHE_DURATION,
                                       .number = 2000 };
  g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (&item, 1);
  Scene s = scene_new (3, 1, NULL);
  Pub *pub;
  Sub *sub, *fetch;
  guint n;

  pub = peer_offer (s.publisher, FALSE, properties);
  world_run (s.world, SECOND / 2);
  sub = peer_watch (s.viewer, TRUE);
  world_run (s.world, 5 * SECOND);
  n = pub->n_fetched;
  /* Fresh: from the cache. */
  fetch = peer_fetch (s.viewer, PATH, TRACK, (EcMoqtLocation){ 4, 5 }, (EcMoqtLocation){ 4, 15 });
  world_run (s.world, SECOND / 10);
  sub_check_fetched (fetch, 10);
  g_assert_cmpuint (pub->n_fetched, ==, n);
  /* Too old: once more from the publisher. */
  fetch = peer_fetch (s.viewer, PATH, TRACK, (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 2, 0 });
  world_run (s.world, SECOND);
  sub_check_fetched (fetch, 2 * GROUP_OBJECTS);
  g_assert_cmpuint (fetch->n_unknown, ==, 0);
  g_assert_cmpuint (pub->n_fetched, >, n);
  sub_check_whole (sub, broadcast_group (s.world) - 1);

  /* … who is gone: nobody knows. */
  peer_close (s.publisher);
  world_run (s.world, 4 * SECOND);
  fetch = peer_fetch (s.viewer, PATH, TRACK, (EcMoqtLocation){ 3, 0 }, (EcMoqtLocation){ 3, 0 });
  world_run (s.world, SECOND);
  sub_check_fetched (fetch, 0);
  g_assert_cmpuint (fetch->n_unknown, >, 0);
  world_free (s.world);
}

/* §11.4.4: what a fetch passes over does not exist, and is neither asked for again nor said to be unknown. */
static void
test_fetch_holes (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  Scene s = scene_new (mix, 4, NULL);
  Pub *pub;
  Sub *fetch;
  guint n;

  pub = peer_offer (s.publisher, FALSE, NULL);
  pub->stalled = TRUE;
  /* Groups 10, 11, 14, 20; 11 has the objects 0, 2, 5 alone. */
  for (guint i = 0; i < 4; i++) {
    static const guint64 groups[] = { 10, 11, 14, 20 };

    ec_moq_feed_writer_begin (pub->writer, 1, groups[i], 0, 128, FALSE, TRUE, TRUE);
    for (guint64 k = 0; k < 6; k++) {
      if (groups[i] == 11 && k != 0 && k != 2 && k != 5)
        continue;
      pub_put (pub, 1, groups[i], k);
    }
    ec_moq_feed_writer_finish (pub->writer, 1, groups[i], 0);
  }
  /* The publisher knows it, too. */
  ec_moq_feed_settle (pub->feed, (EcMoqtLocation){ 11, 6 }, (EcMoqtLocation){ 14, 0 });
  ec_moq_feed_settle (pub->feed, (EcMoqtLocation){ 14, 6 }, (EcMoqtLocation){ 20, 0 });
  ec_moq_feed_flush (pub->feed);
  world_run (s.world, SECOND);
  fetch = peer_fetch (s.viewer, PATH, TRACK, (EcMoqtLocation){ 10, 0 }, (EcMoqtLocation){ 15, 0 });
  world_run (s.world, SECOND);
  sub_check_fetched (fetch, 15);
  n = pub->n_fetched;
  g_test_message ("%u fetches, %u unknown", n, fetch->n_unknown);
  fetch = peer_fetch (s.viewer, PATH, TRACK, (EcMoqtLocation){ 10, 3 }, (EcMoqtLocation){ 14, 3 });
  world_run (s.world, SECOND);
  sub_check_fetched (fetch, 9);
  g_assert_cmpuint (fetch->n_unknown, ==, 0);
  g_assert_cmpuint (pub->n_fetched, ==, n);
  world_free (s.world);
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
    pubs[i] = peer_offer (peers[i], FALSE, NULL);
    pubs[i]->offset_us = i * 10000;
    peers[i]->ignore_fetch = TRUE;
  }
  world_run (world, 4 * SECOND);
  peer_watch (viewer, FALSE);
  world_run (world, SECOND);
  pubs[0]->n_fetched = pubs[1]->n_fetched = 0;
  fetch = peer_fetch (viewer, PATH, TRACK, (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 2, 0 });
  world_run (world, SECOND / 10);
  g_assert_cmpuint (pubs[0]->n_fetched + pubs[1]->n_fetched, ==, 1);
  /* Whoever was asked is the forger. It serves the track: what it says is compared once another has taken its place for a while. */
  for (guint i = 0; i < 2; i++) {
    gboolean forger = pubs[i]->n_fetched > 0;

    pubs[i]->twist = pubs[i]->stalled = forger;
    pubs[i]->offset_us = forger ? 30000 : 0;
    peers[i]->ignore_fetch = forger;
  }
  world_run (world, SECOND);
  pubs[0]->stalled = pubs[1]->stalled = FALSE;
  world_run (world, SECOND);
  g_assert_cmpuint (world_get_stats (world).n_conflicts, ==, 1);
  sub_check_fetched (fetch, 2 * GROUP_OBJECTS);
  world_free (world);
}

/* What the relay has no room for is unknown to it; that it does not exist must not follow from what comes behind it. */
static void
test_fetch_too_large (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  EcRelayCoreConfig config = { .limits = { .memory = 4 << 20 } };
  Scene s = scene_new (mix, 15, &config);
  Pub *pub;
  Sub *fetch;

  pub = peer_offer (s.publisher, FALSE, NULL);
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
  pub_put (pub, 1, 20, 0);
  ec_moq_feed_flush (pub->feed);
  world_run (s.world, SECOND);
  for (guint i = 0; i < 2; i++) {
    fetch =
        peer_fetch (s.viewer, PATH, TRACK, (EcMoqtLocation){ 10, 0 }, (EcMoqtLocation){ 10, 5 });
    fetch->take_wrong = TRUE;
    world_run (s.world, 2 * SECOND);
    sub_check_fetched (fetch, 4);
    g_assert_cmpuint (fetch->n_unknown, ==, 1);
  }
  world_free (s.world);
}

/* §10.2.5: what is not here at once, or soon enough, is unknown. */
static void
test_fill_timeout (void)
{
  Scene s = scene_new (3, 10, NULL);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_FILL_TIMEOUT, .fill_timeout_ms = 0 };
  Pub *pub;
  Sub *fetch;
  guint n;

  pub = peer_offer (s.publisher, FALSE, NULL);
  world_run (s.world, 4 * SECOND + SECOND / 2);
  peer_watch (s.viewer, FALSE);
  world_run (s.world, SECOND);
  n = pub->n_fetched;
  fetch = peer_fetch_with (s.viewer, PATH, TRACK, (EcMoqtLocation){ 1, 0 },
                           (EcMoqtLocation){ 1, 5 }, &params);
  world_run (s.world, SECOND / 5);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_unknown, >, 0);
  g_assert_cmpuint (pub->n_fetched, ==, n);

  s.publisher->ignore_fetch = TRUE;
  params.fill_timeout_ms = 1000;
  fetch = peer_fetch_with (s.viewer, PATH, TRACK, (EcMoqtLocation){ 1, 0 },
                           (EcMoqtLocation){ 1, 5 }, &params);
  world_run (s.world, SECOND * 9 / 10);
  g_assert_cmpuint (pub->n_fetched, ==, n + 1);
  g_assert_false (fetch->done);
  world_run (s.world, SECOND / 5);
  g_assert_true (fetch->done);
  g_assert_cmpuint (fetch->n_unknown, >, 0);
  world_free (s.world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/tracks/max-cache-duration", test_max_cache_duration);
  add_mixes ("/relay/tracks/fetch-holes", 4, test_fetch_holes);
  add_mixes ("/relay/tracks/fetch-too-large", 4, test_fetch_too_large);
  g_test_add_func ("/relay/tracks/fetch-from-forger", test_fetch_from_forger);
  g_test_add_func ("/relay/tracks/fill-timeout", test_fill_timeout);
  return g_test_run ();
}
