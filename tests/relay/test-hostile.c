/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer.h"

#define N_VIEWERS 10

/* Ten honest viewers of one honest publisher; what they must have got at the end, whatever somebody else does meanwhile. */
typedef struct {
  World *world;
  Peer *publisher;
  Sub *subs[N_VIEWERS];
} Stage;

static void
stage_set_up (Stage *self, const EcRelayLimits *limits)
{
  static const guint8 key[32] = { 7 };
  EcRelayCoreConfig config = { .limits = *limits };

  self->world = world_new (1, &config);
  self->publisher = peer_new (self->world, &ec_moqt_draft_18, key);
  peer_offer (self->publisher, FALSE, NULL);
  world_run (self->world, SECOND / 2);
  for (guint i = 0; i < N_VIEWERS; i++) {
    Peer *peer = peer_new (self->world, i & 1 ? &ec_moqt_draft_16 : &ec_moqt_draft_18, NULL);

    self->subs[i] = peer_watch (peer, TRUE);
  }
  world_run (self->world, SECOND);
}

static void
stage_check (Stage *self)
{
  EcRelayStatsData stats = world_get_stats (self->world);

  for (guint i = 0; i < N_VIEWERS; i++)
    sub_check_whole (self->subs[i], broadcast_group (self->world) - 1);
  g_assert_cmpuint (stats.memory_peak, <=, ec_relay_core_get_limits (self->world->core)->memory);
  world_free (self->world);
}

/* SUBSCRIBEs without end, of what is there and what is not. */
static void
test_subscribe_churn (void)
{
  EcRelayLimits limits = { .memory = 16 << 20 };
  Stage stage;
  Peer *peer;
  guint n = 0;

  stage_set_up (&stage, &limits);
  peer = peer_new (stage.world, &ec_moqt_draft_18, NULL);
  for (guint step = 0; step < 300; step++) {
    for (guint i = 0; i < 20 && !peer->closed; i++) {
      g_autofree char *path = g_strdup_printf ("%s%u", i & 1 ? "none/" : PATH "/", n++);
      Sub *sub = peer_subscribe (peer, path, TRACK, FALSE);

      if (i % 3 == 0)
        sub_end (sub);
    }
    world_run (stage.world, SECOND / 50);
  }
  g_assert_true (peer->closed && peer->remote);
  g_assert_cmpuint (world_get_stats (stage.world).n_overload, >, 0);
  world_run (stage.world, 12 * SECOND);
  g_assert_cmpuint (world_get_stats (stage.world).n_tracks, ==, 1);
  stage_check (&stage);
}

/* An update that is refused ends its subscription (§10.9.1), in the middle of streams; for both drafts. */
static void
test_update_flood (void)
{
  EcRelayLimits limits = { .memory = 16 << 20, .requests_per_second = 1, .request_burst = 8 };
  Stage stage;

  stage_set_up (&stage, &limits);
  for (guint i = 0; i < 2; i++) {
    Peer *peer = peer_new (stage.world, i & 1 ? &ec_moqt_draft_16 : &ec_moqt_draft_18, NULL);
    Sub *sub = peer_watch (peer, TRUE);

    world_run (stage.world, SECOND);
    g_assert_true (sub->granted);
    for (guint n = 0; n < 100 && sub->request && !peer->closed; n++) {
      EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIBER_PRIORITY };

      params.subscriber_priority = (guint8) n;
      ec_moqt_request_update (sub->request, &params);
      world_run (stage.world, SECOND / 50);
    }
    g_assert_true (sub->done && !sub->request && !peer->closed);
    g_assert_cmpint (sub->done_code, ==, EC_MOQT_DONE_UPDATE_FAILED);
  }
  g_assert_cmpuint (world_get_stats (stage.world).n_overload, ==, 2);
  world_run (stage.world, 2 * SECOND);
  g_assert_cmpuint (world_get_stats (stage.world).n_subscriptions, ==, N_VIEWERS);
  stage_check (&stage);
}

/* Sessions that do nothing are not made room for with what others read. */
static void
test_idle_sessions (void)
{
  EcRelayLimits limits = { .memory = 8 << 20 };
  Stage stage;
  guint n_closed = 0;

  stage_set_up (&stage, &limits);
  for (guint i = 0; i < 80; i++) {
    Peer *peer = peer_new (stage.world, &ec_moqt_draft_18, NULL);

    world_run (stage.world, SECOND / 20);
    n_closed += peer->closed;
  }
  g_assert_cmpuint (n_closed, >, 0);
  g_assert_cmpuint (world_get_stats (stage.world).n_skipped_groups, ==, 0);
  stage_check (&stage);
}

/* Names without end, each as long as can be. */
static void
test_namespace_flood (void)
{
  EcRelayLimits limits = { .memory = 16 << 20 };
  Stage stage;
  Peer *peer, *listener;

  stage_set_up (&stage, &limits);
  peer = peer_new (stage.world, &ec_moqt_draft_16, NULL);
  listener = peer_new (stage.world, &ec_moqt_draft_18, NULL);
  peer_listen (listener, "");
  world_run (stage.world, SECOND / 10);
  for (guint step = 0; step < 200; step++) {
    for (guint i = 0; i < 10 && !peer->closed; i++) {
      g_autoptr (GString) path = g_string_new ("flood");

      for (guint k = 0; k < 30; k++)
        g_string_append_printf (path, "/%0100u", step * 100 + i);
      peer_announce (peer, path->str, NULL);
    }
    world_run (stage.world, SECOND / 50);
  }
  world_run (stage.world, SECOND);
  g_assert_cmpuint (world_get_stats (stage.world).n_namespaces, <=, 257);
  g_assert_false (listener->closed);
  g_assert_cmpuint (g_hash_table_size (listener->found), ==,
                    world_get_stats (stage.world).n_namespaces);
  peer_close (peer);
  world_run (stage.world, SECOND);
  g_assert_cmpuint (world_get_stats (stage.world).n_namespaces, ==, 1);
  stage_check (&stage);
}

/* Who never reads keeps nobody from anything, and costs no more than some groups. */
static void
test_never_reading (void)
{
  EcRelayLimits limits = { .memory = 16 << 20 };
  EcMemoryLink link = { .latency_us = 1000, .connection_window = 20000, .stream_window = 5000 };
  Stage stage;

  stage_set_up (&stage, &limits);
  for (guint i = 0; i < 8; i++) {
    Peer *peer = peer_new_full (stage.world, i & 1 ? &ec_moqt_draft_16 : &ec_moqt_draft_18, &link,
                                NULL, NULL);

    peer->never_read = TRUE;
    peer_watch (peer, TRUE);
    world_run (stage.world, SECOND / 20);
  }
  world_run (stage.world, 20 * SECOND);
  g_assert_cmpuint (world_get_stats (stage.world).n_skipped_groups, >, 0);
  stage_check (&stage);
}

/* A publisher that fills the memory with its own tracks pays for it itself. */
static void
test_memory_flood (void)
{
  EcRelayLimits limits = { .memory = 8 << 20 };
  Stage stage;
  Peer *peer, *accomplice;

  stage_set_up (&stage, &limits);
  peer = peer_new (stage.world, &ec_moqt_draft_18, NULL);
  accomplice = peer_new (stage.world, &ec_moqt_draft_16, NULL);
  peer_announce (peer, "flood", NULL);
  for (guint i = 0; i < 60; i++) {
    g_autofree char *track = g_strdup_printf ("t%u", i);

    peer_make (peer, "flood", track, FALSE);
    world_run (stage.world, SECOND / 50);
    peer_subscribe (accomplice, "flood", track, FALSE);
  }
  world_run (stage.world, 20 * SECOND);
  /* It did fill it. */
  g_assert_cmpuint (world_get_stats (stage.world).memory_peak, >, limits.memory / 4 * 3);
  stage_check (&stage);
}

static void
test_session_limit (void)
{
  EcRelayLimits limits = { .max_sessions = N_VIEWERS + 3 };
  Stage stage;
  Peer *peers[6];

  stage_set_up (&stage, &limits);
  for (guint i = 0; i < 6; i++)
    peers[i] = peer_new (stage.world, &ec_moqt_draft_18, NULL);
  world_run (stage.world, SECOND);
  g_assert_true (peers[0]->ready && peers[1]->ready);
  for (guint i = 2; i < 6; i++)
    g_assert_true (peers[i]->closed);
  peer_close (peers[0]);
  world_run (stage.world, SECOND);
  g_assert_cmpuint (ec_relay_core_get_n_sessions (stage.world->core), ==, N_VIEWERS + 2);
  stage_check (&stage);
}

/* One address, or one IPv6 network of a customer's, has no more sessions than its part; the relay's own computer is not counted. */
static void
test_address_limit (void)
{
  static const struct {
    const char *address;
    gboolean taken;
  } peers[] = {
    { "203.0.113.7:1000", TRUE },     { "203.0.113.7:1001", TRUE },
    { "203.0.113.7:1002", FALSE },    { "203.0.113.8:1000", TRUE },
    { "[2001:db8:0:1::1]:1", TRUE },  { "[2001:db8:0:1::2]:1", TRUE },
    { "[2001:db8:0:1::3]:1", FALSE }, { "[2001:db8:0:2::1]:1", TRUE },
    { "127.0.0.1:1", TRUE },          { "127.0.0.1:2", TRUE },
    { "127.0.0.1:3", TRUE },          { "[::1]:1", TRUE },
  };
  EcRelayLimits limits = { .max_sessions_per_address = 2 };
  EcMemoryLink link = { .latency_us = 1000, .client_address = "203.0.113.7:1003" };
  Peer *made[G_N_ELEMENTS (peers)], *next;
  Stage stage;

  stage_set_up (&stage, &limits);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++) {
    EcMemoryLink each = { .latency_us = 1000, .client_address = peers[i].address };

    made[i] = peer_new_full (stage.world, &ec_moqt_draft_18, &each, NULL, NULL);
  }
  world_run (stage.world, SECOND);
  for (guint i = 0; i < G_N_ELEMENTS (peers); i++)
    g_assert_cmpint (made[i]->ready && !made[i]->closed, ==, peers[i].taken);
  /* One that goes makes room for one. */
  peer_close (made[0]);
  world_run (stage.world, SECOND);
  next = peer_new_full (stage.world, &ec_moqt_draft_18, &link, NULL, NULL);
  world_run (stage.world, SECOND);
  g_assert_true (next->ready && !next->closed);
  stage_check (&stage);
}

/* Subgroups without end, none of them finished. */
static void
test_stream_flood (void)
{
  EcRelayLimits limits = { .max_session_streams = 4, .max_strikes = 8 };
  Stage stage;
  Peer *peer, *accomplice;
  Pub *pub;

  stage_set_up (&stage, &limits);
  peer = peer_new (stage.world, &ec_moqt_draft_18, NULL);
  accomplice = peer_new (stage.world, &ec_moqt_draft_16, NULL);
  peer_announce (peer, "flood", NULL);
  pub = peer_make (peer, "flood", "t", FALSE);
  pub->stalled = TRUE;
  world_run (stage.world, SECOND / 10);
  peer_subscribe (accomplice, "flood", "t", FALSE)->take_wrong = TRUE;
  world_run (stage.world, SECOND / 10);
  for (guint i = 0; i < 10; i++) {
    EcMoqtObject object = { .location = { 900, i }, .subgroup = i, .priority = 1, .size = 100 };

    ec_moq_feed_writer_begin (pub->writer, world_now (stage.world), 900, i, 1, FALSE, FALSE, TRUE);
    ec_moq_feed_writer_object (pub->writer, world_now (stage.world), &object);
    ec_moq_feed_writer_put (pub->writer, 0, 900, i, (const guint8 *) "x", 1);
    ec_moq_feed_flush (pub->feed);
  }
  world_run (stage.world, SECOND);
  g_assert_false (peer->closed);
  g_assert_cmpuint (world_get_stats (stage.world).n_overload, >=, 6);
  for (guint i = 10; i < 30; i++) {
    EcMoqtObject object = { .location = { 900, i }, .subgroup = i, .priority = 1, .size = 100 };

    ec_moq_feed_writer_begin (pub->writer, world_now (stage.world), 900, i, 1, FALSE, FALSE, TRUE);
    ec_moq_feed_writer_object (pub->writer, world_now (stage.world), &object);
    ec_moq_feed_flush (pub->feed);
  }
  world_run (stage.world, SECOND);
  g_assert_true (peer->closed && peer->remote);
  stage_check (&stage);
}

/* An object that is larger than is taken ends its publisher's session, and nobody else's. */
static void
test_object_size (void)
{
  EcRelayLimits limits = { .max_object_size = 10000 };
  Stage stage;
  Peer *peer, *accomplice;
  Pub *pub;
  EcMoqtObject object = { .location = { 900, 0 }, .priority = 1, .size = 10001 };

  stage_set_up (&stage, &limits);
  peer = peer_new (stage.world, &ec_moqt_draft_18, NULL);
  accomplice = peer_new (stage.world, &ec_moqt_draft_16, NULL);
  peer_announce (peer, "flood", NULL);
  pub = peer_make (peer, "flood", "t", FALSE);
  pub->stalled = TRUE;
  world_run (stage.world, SECOND / 10);
  peer_subscribe (accomplice, "flood", "t", FALSE);
  world_run (stage.world, SECOND / 10);
  ec_moq_feed_writer_begin (pub->writer, world_now (stage.world), 900, 0, 1, FALSE, FALSE, TRUE);
  ec_moq_feed_writer_object (pub->writer, world_now (stage.world), &object);
  ec_moq_feed_flush (pub->feed);
  world_run (stage.world, SECOND);
  g_assert_true (peer->closed && peer->remote);
  g_assert_false (accomplice->closed);
  stage_check (&stage);
}

/* Who asks to be told and does not read the answers is not kept answers for. */
static void
test_unread_answers (void)
{
  EcRelayLimits limits = { .memory = 16 << 20,
                           .max_unsent_control = 32 * 1024,
                           .request_burst = 5000,
                           .requests_per_second = 5000 };
  EcMemoryLink link = { .latency_us = 1000, .connection_window = 10000, .stream_window = 10000 };
  Stage stage;
  Peer *peer, *deaf;
  guint before;

  stage_set_up (&stage, &limits);
  peer = peer_new (stage.world, &ec_moqt_draft_16, NULL);
  deaf = peer_new_full (stage.world, &ec_moqt_draft_18, &link, NULL, NULL);
  world_run (stage.world, SECOND / 10);
  peer_listen (deaf, "");
  world_run (stage.world, SECOND / 10);
  peer_cut (deaf);
  before = ec_relay_core_get_n_sessions (stage.world->core);
  for (guint i = 0; i < 100; i++) {
    g_autoptr (GString) path = g_string_new ("flood");

    for (guint k = 0; k < 20; k++)
      g_string_append_printf (path, "/%0100u", i);
    peer_announce (peer, path->str, NULL);
    world_run (stage.world, SECOND / 8);
  }
  world_run (stage.world, SECOND);
  g_assert_cmpuint (ec_relay_core_get_n_sessions (stage.world->core), ==, before - 1);
  g_assert_false (peer->closed);
  stage_check (&stage);
}

static void
test_bucket (void)
{
  EcRelayBucket bucket;
  guint n = 0;

  ec_relay_bucket_init (&bucket, 5, 0);
  while (ec_relay_bucket_take (&bucket, 2, 5, 0))
    n++;
  g_assert_cmpuint (n, ==, 5);
  g_assert_false (ec_relay_bucket_take (&bucket, 2, 5, 400000));
  g_assert_true (ec_relay_bucket_take (&bucket, 2, 5, 500000));
  g_assert_false (ec_relay_bucket_take (&bucket, 2, 5, 500000));
  for (n = 0; ec_relay_bucket_take (&bucket, 2, 5, G_MAXUINT64 / 2); n++)
    ;
  g_assert_cmpuint (n, ==, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/hostile/subscribe-churn", test_subscribe_churn);
  g_test_add_func ("/relay/hostile/update-flood", test_update_flood);
  g_test_add_func ("/relay/hostile/idle-sessions", test_idle_sessions);
  g_test_add_func ("/relay/hostile/namespace-flood", test_namespace_flood);
  g_test_add_func ("/relay/hostile/never-reading", test_never_reading);
  g_test_add_func ("/relay/hostile/memory-flood", test_memory_flood);
  g_test_add_func ("/relay/hostile/session-limit", test_session_limit);
  g_test_add_func ("/relay/hostile/address-limit", test_address_limit);
  g_test_add_func ("/relay/hostile/stream-flood", test_stream_flood);
  g_test_add_func ("/relay/hostile/object-size", test_object_size);
  g_test_add_func ("/relay/hostile/unread-answers", test_unread_answers);
  g_test_add_func ("/relay/hostile/bucket", test_bucket);
  return g_test_run ();
}
