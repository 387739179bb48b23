/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer.h"

/* Publisher and subscriber of every mix of drafts; whoever comes late starts at the open group's first object. */
static void
test_late_join (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  World *world = world_new (mix, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *subscriber = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Peer *late = peer_new (world, drafts[mix & 1], NULL);
  Pub *pub;
  Sub *sub, *late_sub;
  guint64 group;

  world_run (world, SECOND / 10);
  g_assert_true (publisher->ready && subscriber->ready);
  pub = peer_offer (publisher, FALSE, NULL);
  world_run (world, SECOND / 2);
  g_assert_cmpuint (publisher->n_space_granted, ==, 1);
  sub = peer_watch (subscriber, TRUE);
  world_run (world, 3 * SECOND + SECOND / 2);
  g_assert_true (sub->granted);
  late_sub = peer_watch (late, TRUE);
  group = broadcast_group (world);
  world_run (world, 3 * SECOND);
  g_assert_cmpuint (sub_check_whole (sub, group + 1), ==, 0);
  g_assert_cmpuint (sub_check_whole (late_sub, group + 1), ==, group);
  g_assert_cmpuint (pub->n_subscribed, ==, 1);
  world_free (world);
}

/* §8.4: one subscription upstream for any number downstream; it goes a while after the last one. */
static void
test_collapse (void)
{
  World *world = world_new (1, NULL);
  Peer *publisher = peer_new (world, drafts[0], key_a);
  GPtrArray *subs = g_ptr_array_new ();
  Pub *pub;
  guint64 group;

  pub = peer_offer (publisher, FALSE, NULL);
  world_run (world, SECOND);
  for (guint i = 0; i < 30; i++) {
    Peer *peer = peer_new (world, drafts[i & 1], NULL);

    g_ptr_array_add (subs, peer_watch (peer, TRUE));
    world_run (world, SECOND / 20);
  }
  world_run (world, 3 * SECOND);
  group = broadcast_group (world) - 1;
  for (guint i = 0; i < subs->len; i++)
    sub_check_whole (subs->pdata[i], group);
  g_assert_cmpuint (pub->n_subscribed, ==, 1);
  g_assert_cmpuint (pub->n_fetched, <=, 2);
  g_assert_cmpuint (world_get_stats (world).n_subscriptions, ==, 30);
  g_assert_cmpuint (world_get_stats (world).n_upstreams, ==, 1);

  for (guint i = 0; i < subs->len; i++)
    sub_end (subs->pdata[i]);
  world_run (world, 5 * SECOND);
  g_assert_cmpuint (world_get_stats (world).n_subscriptions, ==, 0);
  g_assert_cmpuint (world_get_stats (world).n_upstreams, ==, 1);
  g_assert_cmpuint (publisher->readers->len, ==, 1);
  world_run (world, 7 * SECOND);
  g_assert_cmpuint (world_get_stats (world).n_upstreams, ==, 0);
  g_assert_cmpuint (publisher->readers->len, ==, 0);
  g_ptr_array_unref (subs);
  world_free (world);
}

/* §6: NAMESPACE for what is there and what comes, NAMESPACE_DONE for what goes. */
static void
test_namespaces (void)
{
  World *world = world_new (2, NULL);
  Peer *a = peer_new (world, drafts[0], key_a);
  Peer *b = peer_new (world, drafts[1], key_b);
  Peer *listeners[2] = { peer_new (world, drafts[0], NULL), peer_new (world, drafts[1], NULL) };
  EcMoqtRequest *request;

  world_run (world, SECOND);
  peer_announce (a, "ec/v1/one", NULL);
  world_run (world, SECOND);
  for (guint i = 0; i < 2; i++)
    peer_listen (listeners[i], i ? "ec" : "");
  peer_listen (a, "ec/v1");
  world_run (world, SECOND);
  request = peer_announce (b, "ec/v1/two/deep", NULL);
  peer_announce (b, "other", NULL);
  world_run (world, SECOND);
  for (guint i = 0; i < 2; i++) {
    g_assert_true (g_hash_table_contains (listeners[i]->found, "ec/v1/one"));
    g_assert_true (g_hash_table_contains (listeners[i]->found, "ec/v1/two/deep"));
    g_assert_cmpuint (g_hash_table_size (listeners[i]->found), ==, i ? 2 : 3);
  }
  /* “including echoing back” */
  g_assert_cmpuint (g_hash_table_size (a->found), ==, 2);
  ec_moqt_request_cancel (request);
  peer_close (a);
  world_run (world, SECOND);
  g_assert_cmpuint (g_hash_table_size (listeners[1]->found), ==, 0);
  g_assert_cmpuint (g_hash_table_size (listeners[0]->found), ==, 1);
  g_assert_cmpuint (listeners[1]->n_lost, ==, 2);
  world_free (world);
}

/* PUBLISH without being asked; those who asked for tracks get it, others subscribe to it; it is forwarded on demand only. */
static void
test_publish (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  World *world = world_new (3, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *viewer = peer_new (world, drafts[mix >> 1 & 1], NULL);
  Peer *fan = peer_new (world, drafts[mix & 1], NULL);
  Pub *pub;
  Sub *sub;
  guint64 group;

  world_run (world, SECOND);
  pub = peer_offer (publisher, TRUE, NULL);
  world_run (world, SECOND);
  g_assert_nonnull (pub->publish);
  /* Nobody wants it yet. */
  g_assert_cmpuint (world_get_stats (world).bytes_in, ==, 0);
  sub = peer_watch (viewer, TRUE);
  world_run (world, SECOND);
  peer_listen_tracks (fan, "ec");
  world_run (world, 3 * SECOND);
  group = broadcast_group (world) - 1;
  sub_check_whole (sub, group);
  g_assert_cmpuint (pub->n_subscribed, ==, 0);
  g_assert_cmpuint (fan->subs->len, ==, 1);
  g_assert_cmpuint (((Sub *) fan->subs->pdata[0])->n_whole, >, GROUP_OBJECTS);
  world_free (world);
}

/* What nobody publishes is refused, or waited for as long as was said (§9.2.10). */
static void
test_rendezvous (void)
{
  World *world = world_new (4, NULL);
  Peer *subscriber = peer_new (world, drafts[1], NULL);
  Peer *publisher = peer_new (world, drafts[1], NULL);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_RENDEZVOUS_TIMEOUT, .rendezvous_timeout_ms = 3000 };
  Sub *none, *early, *wait;

  world_run (world, SECOND);
  none = peer_subscribe (subscriber, PATH, "none", FALSE);
  early = peer_subscribe_with (subscriber, PATH, "early", &params);
  wait = peer_subscribe_with (subscriber, PATH, TRACK, &params);
  world_run (world, SECOND);
  g_assert_true (none->refused);
  g_assert_cmpint (none->error, ==, EC_MOQT_ERROR_DOES_NOT_EXIST);
  g_assert_false (early->refused || wait->refused);
  peer_offer (publisher, FALSE, NULL);
  world_run (world, SECOND);
  g_assert_true (wait->granted);
  g_assert_true (early->refused);
  g_assert_cmpint (early->error, ==, EC_MOQT_ERROR_DOES_NOT_EXIST);

  early = peer_subscribe_with (subscriber, "nobody/here", "early", &params);
  world_run (world, 4 * SECOND);
  g_assert_true (early->refused);
  g_assert_cmpint (early->error, ==, EC_MOQT_ERROR_TIMEOUT);
  world_free (world);
}

/* FETCH of what the relay never saw comes from the publisher, once. */
static void
test_fetch (void)
{
  World *world = world_new (5, NULL);
  Peer *publisher = peer_new (world, drafts[0], key_a);
  Peer *subscriber = peer_new (world, drafts[1], NULL);
  Pub *pub;
  Sub *fetch, *again;

  pub = peer_offer (publisher, FALSE, NULL);
  world_run (world, 6 * SECOND + SECOND / 2);
  fetch = peer_fetch (subscriber, PATH, TRACK, (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 3, 0 });
  world_run (world, SECOND);
  sub_check_fetched (fetch, 3 * GROUP_OBJECTS);
  again = peer_fetch (subscriber, PATH, TRACK, (EcMoqtLocation){ 2, 5 }, (EcMoqtLocation){ 2, 8 });
  world_run (world, SECOND);
  sub_check_fetched (again, 3);
  g_assert_cmpuint (pub->n_fetched, <=, 3);
  g_assert_cmpuint (pub->n_subscribed, ==, 1);
  world_free (world);
}

typedef enum {
  END_CUT,   /* nothing comes any more, and nobody says so before the idle timeout */
  END_STALL, /* its session lives on, and it makes nothing more … */
  END_PAUSE, /* … but for a while */
  END_CLOSE,
} End;

static void
end (Peer *publisher, End how)
{
  if (how == END_CUT)
    peer_cut (publisher);
  else if (how == END_CLOSE)
    peer_close (publisher);
  else
    ((Pub *) publisher->pubs->pdata[0])->stalled = TRUE;
}

/* Two publishers of one track; one ends, anywhere, also in the middle of an object; somebody joins just then. */
static void
run_takeover (guint32 seed, End how)
{
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (seed, &config);
  Peer *publishers[2], *subscriber, *joiner;
  Sub *sub, *late;
  guint64 last, joined;

  world->max_piece = 1500;
  for (guint i = 0; i < 2; i++) {
    Pub *pub;

    publishers[i] = peer_new (world, drafts[(seed >> i) & 1], NULL);
    pub = peer_offer (publishers[i], FALSE, NULL);
    pub->offset_us = i * ec_memory_network_random (world->network, 60000);
  }
  subscriber = peer_new (world, drafts[seed >> 2 & 1], NULL);
  world_run (world, SECOND);
  sub = peer_watch (subscriber, TRUE);
  world_run (world, 2 * SECOND + ec_memory_network_random (world->network, 2000000));
  joiner = peer_new (world, drafts[seed >> 4 & 1], NULL);
  world_run (world, 3 * world->latency_us + ec_memory_network_random (world->network, 60000));
  end (publishers[seed >> 3 & 1], how);
  world_run (world, ec_memory_network_random (world->network, 40000));
  late = peer_watch (joiner, TRUE);
  joined = broadcast_group (world);
  world_run (world, 3 * SECOND);
  if (how == END_PAUSE)
    ((Pub *) publishers[seed >> 3 & 1]->pubs->pdata[0])->stalled = FALSE;
  world_run (world, 3 * SECOND);
  last = broadcast_group (world) - 1;
  world_run (world, SECOND / 4); /* the one that is left may be late */
  sub_check_whole (sub, last);
  g_assert_cmpuint (sub_check_whole (late, last), <=, joined + 1);
  g_assert_cmpuint (sub->n_cut + late->n_cut, ==, 0);
  g_assert_cmpuint (world_get_stats (world).n_conflicts, ==, 0);
  world_free (world);
}

static guint32
get_number (const char *variable, guint32 otherwise)
{
  const char *text = g_getenv (variable);

  return text ? (guint32) g_ascii_strtoull (text, NULL, 10) : otherwise;
}

/* EC_TEST_ROUNDS seeds, from EC_TEST_FIRST on. */
static void
run_seeds (guint32 few, void (*run) (guint32 seed, End how), End how)
{
  guint32 first = get_number ("EC_TEST_FIRST", 0);
  guint32 n = get_number ("EC_TEST_ROUNDS", few);

  for (guint32 seed = first; seed < first + n; seed++) {
    g_test_message ("seed %u", seed);
    run (seed, how);
  }
}

static void
test_takeover (gconstpointer data)
{
  run_seeds (32, run_takeover, GPOINTER_TO_UINT (data));
}

typedef enum {
  FORGE_BEHIND, /* it says what was said, with other bytes */
  FORGE_AHEAD,  /* it says what is to come, before it is known */
  FORGE_BEYOND, /* it says what will never come */
} Forge;

/* Somebody else says something else under the same name: it is dropped, or not heard, and nobody downstream notices. */
static void
test_forger (gconstpointer data)
{
  Forge how = GPOINTER_TO_UINT (data);
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (6, &config);
  Peer *honest = peer_new (world, drafts[0], NULL);
  Peer *forger = peer_new (world, drafts[1], NULL);
  Peer *subscriber = peer_new (world, drafts[1], NULL);
  Peer *joiner = peer_new (world, drafts[0], NULL);
  Pub *pub;
  Sub *sub, *late;

  peer_offer (honest, FALSE, NULL);
  world_run (world, 3 * SECOND);
  sub = peer_watch (subscriber, TRUE);
  world_run (world, SECOND);
  pub = peer_forge (forger);
  if (how != FORGE_BEHIND)
    pub->offset_us -= 3 * SECOND;
  if (how == FORGE_BEYOND) {
    pub->at += 1000 * GROUP_OBJECTS;
    pub->offset_us -= 1000 * GROUP_OBJECTS * OBJECT_US;
  }
  world_run (world, 5 * SECOND);
  late = peer_watch (joiner, TRUE);
  world_run (world, 3 * SECOND);
  sub_check_whole (sub, broadcast_group (world) - 1);
  sub_check_whole (late, broadcast_group (world) - 1);
  g_assert_cmpuint (sub->n_cut + late->n_cut, ==, 0);
  g_assert_cmpuint (pub->n_subscribed, ==, 1);
  g_assert_cmpuint (world_get_stats (world).n_conflicts, ==, how != FORGE_BEYOND);
  g_assert_cmpuint (world_get_stats (world).n_upstreams, ==, how == FORGE_BEYOND ? 2 : 1);
  g_assert_false (forger->closed);
  world_free (world);
}

/* What is held of who is far ahead is bounded, counts as memory, and is given back. */
static void
test_far_ahead (void)
{
  EcRelayCoreConfig config = any_may_publish ();
  World *world;
  Peer *honest, *forger, *subscriber;
  Pub *pub;
  Sub *sub;
  gsize before, most = 0;

  config.limits.memory = 64 << 20;
  world = world_new (9, &config);
  honest = peer_new (world, drafts[0], NULL);
  forger = peer_new (world, drafts[1], NULL);
  subscriber = peer_new (world, drafts[1], NULL);
  peer_offer (honest, FALSE, NULL);
  world_run (world, 50 * SECOND);
  sub = peer_watch (subscriber, TRUE);
  world_run (world, 2 * SECOND);
  before = world_get_stats (world).memory;
  pub = peer_forge (forger);
  pub->at += 1000 * GROUP_OBJECTS;
  pub->offset_us -= 1000 * GROUP_OBJECTS * OBJECT_US;
  for (guint i = 0; i < 100; i++) {
    if (i < 45)
      pub->offset_us -= SECOND;
    world_run (world, SECOND / 10);
    most = MAX (most, world_get_stats (world).memory);
  }
  g_test_message ("%" G_GSIZE_FORMAT " bytes, then %" G_GSIZE_FORMAT, before, most);
  g_assert_cmpuint (most, >, before + (2 << 20));
  g_assert_cmpuint (most, <, config.limits.memory);
  sub_check_whole (sub, broadcast_group (world) - 1);
  peer_close (forger);
  world_run (world, 2 * SECOND);
  g_assert_cmpuint (world_get_stats (world).memory, <, before + (1 << 20));
  sub_check_whole (sub, broadcast_group (world) - 1);
  world_free (world);
}

/* Where anybody may publish, who comes first is believed; who was dropped for saying otherwise is heard when that one has gone. */
static void
test_pardon (void)
{
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (8, &config);
  Peer *honest = peer_new (world, drafts[0], NULL);
  Peer *forger = peer_new (world, drafts[1], NULL);
  Peer *subscriber = peer_new (world, drafts[1], NULL);
  Peer *joiner = peer_new (world, drafts[0], NULL);
  Sub *sub;
  Pub *pub;

  world_run (world, 4 * SECOND);
  peer_forge (forger)->offset_us -= 3 * SECOND;
  world_run (world, SECOND);
  sub = peer_watch (subscriber, FALSE);
  sub->take_wrong = TRUE;
  world_run (world, SECOND);
  pub = peer_offer (honest, FALSE, NULL);
  world_run (world, 2 * SECOND);
  g_assert_cmpuint (world_get_stats (world).n_conflicts, ==, 1);
  peer_close (forger);
  world_run (world, 6 * SECOND);
  g_assert_cmpuint (pub->n_subscribed, ==, 2);
  sub = peer_watch (joiner, TRUE);
  world_run (world, 3 * SECOND);
  sub_check_whole (sub, broadcast_group (world) - 1);
  g_assert_cmpuint (world_get_stats (world).n_conflicts, ==, 1);
  world_free (world);
}

/* A publisher that comes back in time finds its readers as they were. */
static void
test_comes_back (void)
{
  World *world = world_new (7, NULL);
  Peer *first = peer_new (world, drafts[1], key_a);
  Peer *second, *subscriber = peer_new (world, drafts[0], NULL);
  Sub *sub;

  peer_offer (first, FALSE, NULL);
  world_run (world, SECOND);
  sub = peer_watch (subscriber, FALSE);
  world_run (world, 2 * SECOND);
  peer_close (first);
  world_run (world, 4 * SECOND);
  g_assert_false (sub->done);
  second = peer_new (world, drafts[0], key_a);
  peer_offer (second, FALSE, NULL);
  world_run (world, 4 * SECOND);
  g_assert_true (sub_has (sub, broadcast_group (world) - 1, GROUP_OBJECTS - 1));
  g_assert_false (sub->done);
  /* … and one that does not come back ends them. */
  peer_close (second);
  world_run (world, 12 * SECOND);
  g_assert_true (sub->done);
  world_free (world);
}

static void
set_prefix (EcMoqtRequest *request, const char *path)
{
  g_autoptr (EcMoqtName) name = make_name (path, NULL);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_NAMESPACE_PREFIX, .namespace_prefix = name };

  ec_moqt_request_update (request, &params);
}

/* §10.9.2: who asked for names and tracks asks for others; what is under both is not told again. */
static void
test_prefix_update (void)
{
  EcRelayCoreConfig config = any_may_publish ();
  World *world;
  Peer *publisher, *viewer;
  EcMoqtRequest *names, *tracks, *a;

  g_assert_true (ec_relay_policy_allow_subscribe (config.policy, "ec/v2=none", NULL));
  world = world_new (9, &config);
  publisher = peer_new (world, drafts[1], NULL);
  viewer = peer_new (world, drafts[1], NULL);
  world_run (world, SECOND / 10);
  a = peer_announce (publisher, "ec/v1/a", NULL);
  peer_announce (publisher, "ec/v1/b/1", NULL);
  peer_make (publisher, "ec/v1/a", TRACK, TRUE);
  peer_make (publisher, "ec/v1/b/1", TRACK, TRUE);
  names = peer_listen (viewer, "ec/v1/a");
  tracks = peer_listen_tracks (viewer, "ec/v1/a");
  world_run (world, SECOND);
  g_assert_cmpuint (g_hash_table_size (viewer->found), ==, 1);
  g_assert_true (g_hash_table_contains (viewer->found, "ec/v1/a"));
  g_assert_cmpuint (viewer->subs->len, ==, 1);

  /* Elsewhere: what was there is lost; the track that was taken goes on. */
  set_prefix (names, "ec/v1/b");
  set_prefix (tracks, "ec/v1/b");
  world_run (world, SECOND);
  g_assert_cmpuint (viewer->n_lost, ==, 1);
  g_assert_cmpuint (g_hash_table_size (viewer->found), ==, 1);
  g_assert_true (g_hash_table_contains (viewer->found, "ec/v1/b/1"));
  g_assert_cmpuint (viewer->subs->len, ==, 2);
  for (guint i = 0; i < 2; i++)
    g_assert_nonnull (((Sub *) viewer->subs->pdata[i])->request);

  /* Wider: nothing is lost. Changes are told from both. */
  set_prefix (names, "ec/v1");
  set_prefix (tracks, "ec/v1");
  world_run (world, SECOND);
  g_assert_cmpuint (viewer->n_lost, ==, 1);
  g_assert_cmpuint (g_hash_table_size (viewer->found), ==, 2);
  g_assert_cmpuint (viewer->subs->len, ==, 2);
  ec_moqt_request_cancel (a);
  peer_announce (publisher, "ec/v1/c", NULL);
  peer_make (publisher, "ec/v1/c", TRACK, TRUE);
  world_run (world, SECOND);
  g_assert_false (g_hash_table_contains (viewer->found, "ec/v1/a"));
  g_assert_true (g_hash_table_contains (viewer->found, "ec/v1/c"));
  g_assert_cmpuint (viewer->subs->len, ==, 3);

  /* What others alone may have: the request is over. */
  set_prefix (names, "ec/v2/x");
  world_run (world, SECOND);
  peer_announce (publisher, "ec/v1/d", NULL);
  world_run (world, SECOND);
  g_assert_false (g_hash_table_contains (viewer->found, "ec/v1/d"));
  g_assert_false (viewer->closed || publisher->closed);
  world_free (world);
}

/* GOAWAY, then the end. */
static void
test_shutdown (void)
{
  World *world = world_new (8, NULL);
  Peer *peers[4];

  for (guint i = 0; i < 4; i++)
    peers[i] = peer_new (world, drafts[i & 1], NULL);
  world_run (world, SECOND);
  ec_relay_core_goaway (world->core, 3000);
  world_run (world, SECOND);
  for (guint i = 0; i < 4; i++)
    g_assert_true (peers[i]->goaway && !peers[i]->closed);
  peer_close (peers[0]);
  world_run (world, SECOND);
  g_assert_cmpuint (ec_relay_core_get_n_sessions (world->core), ==, 3);
  world_run (world, 2 * SECOND);
  g_assert_cmpuint (ec_relay_core_get_n_sessions (world->core), ==, 0);
  g_assert_true (peers[3]->closed && peers[3]->remote);
  world_free (world);
}

/* Joins and leaves from a seed, of all kinds of peers; whoever stays gets everything. */
static void
run_churn (guint32 seed, End how)
{
  EcRelayCoreConfig config = any_may_publish ();
  World *world = world_new (seed, &config);
  Peer *publishers[3], *stayer;
  Sub *sub;
  guint64 last;

  world->max_piece = 900;
  for (guint i = 0; i < 3; i++) {
    publishers[i] = peer_new (world, drafts[(seed >> i) & 1], NULL);
    peer_offer (publishers[i], i == 1, NULL)->offset_us = i * 7000;
  }
  world_run (world, SECOND / 2);
  stayer = peer_new (world, drafts[seed & 1], NULL);
  sub = peer_watch (stayer, TRUE);
  for (guint step = 0; step < 12; step++) {
    Peer *peer = peer_new (world, drafts[ec_memory_network_random (world->network, 2)], NULL);
    Sub *theirs;

    world_run (world, ec_memory_network_random (world->network, 300000));
    theirs = peer_watch (peer, TRUE);
    world_run (world, ec_memory_network_random (world->network, 300000));
    if (ec_memory_network_random (world->network, 3) == 0)
      peer_cut (peer);
    else if (ec_memory_network_random (world->network, 2) == 0)
      sub_end (theirs);
    else
      peer_close (peer);
    if (step == 4)
      peer_close (publishers[ec_memory_network_random (world->network, 3)]);
  }
  world_run (world, 2 * SECOND);
  last = broadcast_group (world) - 1;
  world_run (world, SECOND / 4);
  sub_check_whole (sub, last);
  world_free (world);
}

static void
test_churn (void)
{
  run_seeds (30, run_churn, END_CLOSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_mixes ("/relay/late-join", 4, test_late_join);
  add_mixes ("/relay/publish", 4, test_publish);
  g_test_add_func ("/relay/collapse", test_collapse);
  g_test_add_func ("/relay/namespaces", test_namespaces);
  g_test_add_func ("/relay/rendezvous", test_rendezvous);
  g_test_add_func ("/relay/fetch", test_fetch);
  g_test_add_data_func ("/relay/takeover/cut", GUINT_TO_POINTER (END_CUT), test_takeover);
  g_test_add_data_func ("/relay/takeover/stall", GUINT_TO_POINTER (END_STALL), test_takeover);
  g_test_add_data_func ("/relay/takeover/pause", GUINT_TO_POINTER (END_PAUSE), test_takeover);
  g_test_add_data_func ("/relay/takeover/close", GUINT_TO_POINTER (END_CLOSE), test_takeover);
  g_test_add_data_func ("/relay/forger/behind", GUINT_TO_POINTER (FORGE_BEHIND), test_forger);
  g_test_add_data_func ("/relay/forger/ahead", GUINT_TO_POINTER (FORGE_AHEAD), test_forger);
  g_test_add_data_func ("/relay/forger/beyond", GUINT_TO_POINTER (FORGE_BEYOND), test_forger);
  g_test_add_func ("/relay/forger/far-ahead", test_far_ahead);
  g_test_add_func ("/relay/pardon", test_pardon);
  g_test_add_func ("/relay/comes-back", test_comes_back);
  g_test_add_func ("/relay/prefix-update", test_prefix_update);
  g_test_add_func ("/relay/shutdown", test_shutdown);
  g_test_add_func ("/relay/churn", test_churn);
  return g_test_run ();
}
