/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer.h"

/* How tracks end: what the readers hear of it, and what is left. */

/* The end of the track is told, also while somebody is here who contradicted it before. */
static void
test_track_ended (gconstpointer data)
{
  gboolean forged = GPOINTER_TO_UINT (data);
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (2, &config);
  Peer *honest = peer_new (world, drafts[0], NULL), *forger = peer_new (world, drafts[1], NULL);
  Peer *viewer = peer_new (world, drafts[1], NULL);
  Pub *pub;
  Sub *sub;

  pub = peer_offer (honest, FALSE, NULL);
  world_run (world, SECOND);
  sub = peer_watch (viewer, TRUE);
  world_run (world, SECOND);
  if (forged)
    peer_forge (forger);
  world_run (world, 2 * SECOND);
  g_assert_cmpuint (world_get_stats (world).n_conflicts, ==, forged);
  pub->stalled = TRUE;
  ec_moq_feed_end (pub->feed, EC_MOQT_DONE_TRACK_ENDED, "over");
  world_run (world, SECOND);
  sub_check_done (sub, EC_MOQT_DONE_TRACK_ENDED);
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
    Scene s = scene_new (mix, 2, &config);
    Pub *pub;
    Sub *sub;

    world_run (s.world, SECOND / 10);
    pub = peer_offer (s.publisher, publish, NULL);
    world_run (s.world, SECOND / 2);
    sub = peer_watch (s.viewer, TRUE);
    world_run (s.world, SECOND);
    g_assert_cmpuint (sub->n_whole, >, 0);
    pub->stalled = TRUE;
    s.publisher->refuse_with = EC_MOQT_ERROR_DOES_NOT_EXIST;
    ec_moq_feed_end (pub->feed, cases[i].said, "over");
    world_run (s.world, SECOND / 2);
    g_assert_cmpint (sub->done, ==, cases[i].said == EC_MOQT_DONE_MALFORMED_TRACK);
    world_run (s.world, 12 * SECOND);
    g_assert_true (sub->done);
    /* Draft 16 has no word for too much load. */
    if (cases[i].said != EC_MOQT_DONE_EXCESSIVE_LOAD || mix % 4 == 3)
      g_assert_cmpint (sub->done_code, ==, cases[i].heard);
    world_free (s.world);
  }
}

/* … also if it says yes, and the same again, whenever it is asked. */
static void
test_done_again (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  Scene s = scene_new (mix, 2, NULL);
  Pub *pub;
  Sub *sub;

  pub = peer_offer (s.publisher, FALSE, NULL);
  world_run (s.world, SECOND / 2);
  sub = peer_watch (s.viewer, TRUE);
  world_run (s.world, 3 * SECOND);
  pub->stalled = TRUE;
  ec_moq_feed_end (pub->feed, EC_MOQT_DONE_INTERNAL_ERROR, "over");
  world_run (s.world, 5 * SECOND);
  g_assert_cmpuint (pub->n_subscribed, >=, 2);
  g_assert_false (sub->done);
  world_run (s.world, 8 * SECOND);
  sub_check_done (sub, EC_MOQT_DONE_INTERNAL_ERROR);
  world_free (s.world);
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

  for (guint i = 0; i < 2; i++)
    pubs[i] = peer_offer (peers[i], FALSE, NULL);
  world_run (world, SECOND);
  sub = peer_watch (viewer, TRUE);
  world_run (world, SECOND);
  pubs[0]->stalled = TRUE;
  peers[0]->refuse_with = EC_MOQT_ERROR_DOES_NOT_EXIST;
  ec_moq_feed_end (pubs[0]->feed, code, "over");
  world_run (world, 14 * SECOND);
  g_assert_false (sub->done);
  sub_check_whole (sub, broadcast_group (world) - 1);
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
  Scene s = scene_new (mix, 13, NULL);
  Pub *pub;
  Sub *sub;

  world_run (s.world, SECOND / 10);
  pub = peer_offer (s.publisher, TRUE, NULL);
  pub->stalled = TRUE;
  world_run (s.world, SECOND / 2);
  sub = peer_watch (s.viewer, FALSE);
  sub->take_wrong = TRUE;
  world_run (s.world, SECOND / 2);
  send_by_hand (pub->publish, 100, 1);
  world_run (s.world, SECOND / 2);
  g_assert_true (sub_has (sub, 100, 0));
  g_assert_false (sub->done);
  send_by_hand (pub->publish, 100, 2);
  world_run (s.world, SECOND / 2);
  sub_check_done (sub, EC_MOQT_DONE_MALFORMED_TRACK);
  g_assert_cmpuint (sub->n_repeated, ==, 0);
  g_assert_false (s.publisher->closed || s.viewer->closed);
  world_free (s.world);
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
  before = world_get_stats (world).memory;
  peer_offer (honest, FALSE, NULL);
  world_run (world, SECOND);
  peer_watch (viewer, TRUE);
  world_run (world, SECOND);
  if (forged)
    peer_forge (forger);
  world_run (world, 2 * SECOND);
  g_assert_cmpuint (world_get_stats (world).n_conflicts, ==, forged);
  g_assert_cmpuint (world_get_stats (world).n_tracks, ==, 1);
  sub_end (viewer->subs->pdata[0]);
  peer_close (honest);
  world_run (world, 75 * SECOND);
  g_assert_cmpuint (world_get_stats (world).n_tracks, ==, 0);
  g_assert_cmpuint (world_get_stats (world).memory, <, before);
  world_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/relay/tracks/ended", GUINT_TO_POINTER (0), test_track_ended);
  g_test_add_data_func ("/relay/tracks/ended-beside-forger", GUINT_TO_POINTER (1),
                        test_track_ended);
  add_mixes ("/relay/tracks/done", 8, test_done);
  add_mixes ("/relay/tracks/done-again", 4, test_done_again);
  g_test_add_data_func ("/relay/tracks/done-beside-another/malformed",
                        GINT_TO_POINTER (EC_MOQT_DONE_MALFORMED_TRACK), test_done_beside_another);
  g_test_add_data_func ("/relay/tracks/done-beside-another/error",
                        GINT_TO_POINTER (EC_MOQT_DONE_INTERNAL_ERROR), test_done_beside_another);
  add_mixes ("/relay/tracks/self-contradiction", 4, test_self_contradiction);
  g_test_add_data_func ("/relay/tracks/forgotten", GUINT_TO_POINTER (0), test_forgotten);
  g_test_add_data_func ("/relay/tracks/forgotten-beside-forger", GUINT_TO_POINTER (1),
                        test_forgotten);
  return g_test_run ();
}
