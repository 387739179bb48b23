/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer.h"

#include <string.h>

#include "seal/ec-identity-private.h"
#include "seal/ec-token.h"

#define AUTHORITY "relay.example.org:443"
#define NOW_S G_GINT64_CONSTANT (1800000000)

static gint64
fixed_now (void)
{
  return NOW_S;
}

static EcIdentity *
make_identity (guint8 first)
{
  guint8 seed[32] = { first };

  return ec_identity_new_from_seed (seed, sizeof seed, NULL);
}

static EcTokenField
field (const char *text)
{
  return (EcTokenField){ (const guint8 *) text, strlen (text) };
}

static GBytes *
make_proof (EcIdentity *identity, const char *authority, gint64 expiry_s)
{
  EcToken token = { .kind = EC_TOKEN_PROOF,
                    .expiry_s = expiry_s,
                    .prefix = { field ("live") },
                    .n_prefix = 1,
                    .authority = field (authority) };

  return ec_token_write (identity, &token);
}

static GBytes *
make_delegation (EcIdentity *from, EcIdentity *to)
{
  EcToken token = {
    .kind = EC_TOKEN_DELEGATION, .expiry_s = NOW_S + 60, .prefix = { field ("live") }, .n_prefix = 1
  };

  ec_identity_get_public_key (to, token.delegate);
  return ec_token_write (from, &token);
}

static World *
make_world (const char *rule)
{
  static const char *const authorities[] = { AUTHORITY, NULL };
  EcRelayCoreConfig config = { .policy = ec_relay_policy_new (), .now_s = fixed_now };

  ec_relay_policy_set_authorities (config.policy, authorities);
  if (rule)
    g_assert_true (ec_relay_policy_allow_publish (config.policy, rule, NULL));
  return world_new (1, &config);
}

static Peer *
make_peer (World *world, EcIdentity *identity)
{
  guint8 key[32];

  if (!identity)
    return peer_new (world, &ec_moqt_draft_18, NULL);
  ec_identity_get_public_key (identity, key);
  return peer_new (world, &ec_moqt_draft_16, key);
}

/* What became of one PUBLISH_NAMESPACE. */
static gboolean
try (World *world, Peer *peer, const char *path, GBytes *token)
{
  guint granted = peer->n_space_granted, refused = peer->n_space_refused;

  peer_announce (peer, path, token);
  world_run (world, SECOND / 4);
  g_assert_cmpuint (peer->n_space_granted + peer->n_space_refused, ==, granted + refused + 1);
  g_test_message ("%s: %d %d", path, peer->n_space_granted > granted, peer->space_error);
  return peer->n_space_granted > granted;
}

static void
test_first_key (void)
{
  World *world = make_world (NULL);
  g_autoptr (EcIdentity) a = make_identity (1);
  g_autoptr (EcIdentity) b = make_identity (2);
  Peer *first = make_peer (world, a), *same = make_peer (world, a), *other = make_peer (world, b);
  Peer *nobody = make_peer (world, NULL);

  g_assert_true (try (world, first, "live/one", NULL));
  g_assert_true (try (world, same, "live/one", NULL));
  g_assert_false (try (world, other, "live/one", NULL));
  g_assert_cmpint (other->space_error, ==, EC_MOQT_ERROR_UNAUTHORIZED);
  g_assert_false (try (world, nobody, "live/one", NULL));
  /* Exactly this name. */
  g_assert_true (try (world, other, "live/two", NULL));
  g_assert_true (try (world, nobody, "live/three", NULL));
  g_assert_false (try (world, other, "live/three", NULL));

  /* It is kept for a minute after the last session of the key; of no key, not at all. */
  peer_close (first);
  peer_close (same);
  peer_close (nobody);
  world_run (world, 30 * SECOND);
  g_assert_false (try (world, other, "live/one", NULL));
  g_assert_true (try (world, other, "live/three", NULL));
  world_run (world, 31 * SECOND);
  g_assert_false (other->closed);
  g_assert_true (try (world, other, "live/one", NULL));
  world_free (world);
}

/* Who is refused is told whether the name has an owner that could let it in. */
static void
test_reasons (void)
{
  g_autoptr (EcRelayPolicy) policy = ec_relay_policy_new ();
  g_autoptr (EcMoqtName) one = ec_moqt_name_new_from_path ("live/one", NULL, NULL);
  g_autoptr (EcMoqtName) two = ec_moqt_name_new_from_path ("live/two", NULL, NULL);
  g_autoptr (EcMoqtName) home = ec_moqt_name_new_from_path ("home", NULL, NULL);
  EcRelayPrincipals nobody = { .who = { { .kind = EC_RELAY_PRINCIPAL_SESSION, .session = 1 } },
                               .n = 1 };
  EcRelayPrincipals key = { .who = { { .kind = EC_RELAY_PRINCIPAL_KEY, .key = { 1 } } }, .n = 1 };
  EcRelayPrincipals other = { .who = { { .kind = EC_RELAY_PRINCIPAL_KEY, .key = { 2 } } }, .n = 1 };
  EcRelayPrincipal as;
  const char *reason = NULL;

  g_assert_true (ec_relay_policy_allow_publish (policy, "home=none", NULL));
  g_assert_true (ec_relay_policy_claim (policy, one, &nobody, 0, &as, &reason));
  g_assert_true (ec_relay_policy_claim (policy, two, &key, 0, &as, &reason));
  g_assert_false (ec_relay_policy_claim (policy, one, &other, 0, &as, &reason));
  g_assert_true (g_str_has_prefix (reason, "somebody else, who has shown no key,"));
  g_assert_false (ec_relay_policy_claim (policy, two, &other, 0, &as, &reason));
  g_assert_true (g_str_has_prefix (reason, "another key"));
  g_assert_false (ec_relay_policy_claim (policy, home, &other, 0, &as, &reason));
  g_assert_nonnull (strstr (reason, "configuration"));
}

/*
 * A publisher without a key that was killed and comes again has its name back before the idle timeout, from its own address;
 * never while the first is heard.
 */
static void
test_restart (void)
{
  EcMemoryLink home = { .latency_us = 5000, .client_address = "203.0.113.7:4000" };
  EcMemoryLink again = { .latency_us = 5000, .client_address = "203.0.113.7:4001" };
  EcMemoryLink away = { .latency_us = 5000, .client_address = "203.0.113.8:4000" };
  World *world = make_world (NULL);
  Peer *first = peer_new_full (world, &ec_moqt_draft_18, &home, NULL, NULL);
  Peer *second = peer_new_full (world, &ec_moqt_draft_16, &again, NULL, NULL);
  Peer *other = peer_new_full (world, &ec_moqt_draft_18, &away, NULL, NULL);
  Peer *viewer = make_peer (world, NULL);
  Sub *sub;

  g_assert_true (try (world, first, "live/one", NULL));
  peer_make (first, "live/one", "chunks", FALSE);
  world_run (world, SECOND);
  sub = peer_subscribe (viewer, "live/one", "chunks", TRUE);
  world_run (world, 20 * SECOND);
  g_assert_false (try (world, second, "live/one", NULL));
  g_assert_false (try (world, other, "live/one", NULL));

  peer_cut (first);
  world_run (world, 4 * SECOND);
  g_assert_false (try (world, second, "live/one", NULL));
  world_run (world, 6 * SECOND);
  g_assert_false (try (world, other, "live/one", NULL));
  peer_make (second, "live/one", "chunks", FALSE);
  g_assert_true (try (world, second, "live/one", NULL));
  g_assert_false (try (world, other, "live/one", NULL));
  world_run (world, 4 * SECOND);
  g_assert_true (sub_has (sub, broadcast_group (world) - 1, GROUP_OBJECTS - 1));
  g_assert_false (sub->done);
  /* What the first leaves behind takes nothing from the second. */
  world_run (world, 40 * SECOND);
  g_assert_true (first->closed);
  g_assert_false (try (world, other, "live/one", NULL));
  world_free (world);
}

static void
test_rules (void)
{
  g_autoptr (EcIdentity) a = make_identity (1);
  g_autoptr (EcIdentity) b = make_identity (2);
  g_autofree char *rule = g_strdup_printf ("live=%s", ec_identity_get_node_id (a));
  World *world = make_world (rule);
  Peer *peer_a = make_peer (world, a), *peer_b = make_peer (world, b);

  g_assert_true (try (world, peer_a, "live/one", NULL));
  g_assert_false (try (world, peer_b, "live/two", NULL));
  g_assert_true (try (world, peer_b, "other", NULL));
  world_free (world);

  world = make_world ("=none");
  g_assert_false (try (world, make_peer (world, a), "live", NULL));
  world_free (world);
  world = make_world ("live=any");
  g_assert_true (try (world, make_peer (world, a), "live/x", NULL));
  g_assert_true (try (world, make_peer (world, b), "live/x", NULL));
  world_free (world);
}

static void
test_bad_rules (void)
{
  static const char *const bad[] = { "", "live", "live=", "live=some", "live=00", "a//b=any" };
  g_autoptr (EcRelayPolicy) policy = ec_relay_policy_new ();

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (ec_relay_policy_allow_publish (policy, bad[i], &error));
    g_assert_nonnull (error);
  }
}

/* A delegate acts for the owner, whoever comes first; nobody else does with the same token. */
static void
test_delegation (void)
{
  g_autoptr (EcIdentity) a = make_identity (1);
  g_autoptr (EcIdentity) b = make_identity (2);
  g_autoptr (EcIdentity) c = make_identity (3);
  g_autoptr (GBytes) token = make_delegation (a, b);
  World *world = make_world (NULL);
  Peer *owner = make_peer (world, a), *delegate = make_peer (world, b);
  Peer *thief = make_peer (world, c);

  g_assert_true (try (world, delegate, "live/one", token));
  g_assert_true (try (world, owner, "live/one", NULL));
  g_assert_false (try (world, thief, "live/one", token));
  g_assert_true (try (world, owner, "live/two", NULL));
  /* The session has shown it already. */
  g_assert_true (try (world, delegate, "live/two", NULL));
  g_assert_true (try (world, owner, "elsewhere", NULL));
  g_assert_false (try (world, delegate, "elsewhere", token));
  world_free (world);
}

/* A key without TLS's help, in SETUP or with the request. */
static void
test_proof (void)
{
  g_autoptr (EcIdentity) a = make_identity (1);
  g_autoptr (GBytes) good = make_proof (a, AUTHORITY, NOW_S + 60);
  g_autoptr (GBytes) old = make_proof (a, AUTHORITY, NOW_S);
  g_autoptr (GBytes) foreign = make_proof (a, "evil.example.org:443", NOW_S + 60);
  World *world = make_world (NULL);
  EcMemoryLink link = { .latency_us = 1000 };
  Peer *keyed = make_peer (world, a), *plain = make_peer (world, NULL);
  Peer *setup = peer_new_full (world, &ec_moqt_draft_18, &link, good, AUTHORITY);
  gsize size;
  const guint8 *data = g_bytes_get_data (good, &size);
  g_autofree guint8 *copy = g_memdup2 (data, size);
  g_autoptr (GBytes) forged = NULL;

  copy[size - 1] ^= 1;
  forged = g_bytes_new (copy, size);
  g_assert_true (try (world, keyed, "live/one", NULL));
  g_assert_true (try (world, setup, "live/one", NULL));
  g_assert_false (try (world, plain, "live/one", NULL));
  g_assert_false (try (world, plain, "live/one", old));
  g_assert_false (try (world, plain, "live/one", foreign));
  g_assert_cmpint (plain->space_error, ==, EC_MOQT_ERROR_UNAUTHORIZED);
  g_assert_false (try (world, plain, "live/one", forged));
  g_assert_true (try (world, plain, "live/one", good));
  world_free (world);
}

static void
test_master_token (void)
{
  g_autoptr (GBytes) token = g_bytes_new_static ("open sesame", 11);
  g_autoptr (GBytes) wrong = g_bytes_new_static ("open sesamf", 11);
  EcRelayCoreConfig config = { .policy = ec_relay_policy_new () };
  g_autoptr (EcIdentity) a = make_identity (1);
  World *world;

  ec_relay_policy_set_token (config.policy, token);
  g_assert_true (ec_relay_policy_allow_publish (config.policy, "shut=none", NULL));
  world = world_new (2, &config);
  g_assert_true (try (world, make_peer (world, a), "live/one", NULL));
  g_assert_false (try (world, make_peer (world, NULL), "live/one", wrong));
  g_assert_true (try (world, make_peer (world, NULL), "live/one", token));
  g_assert_false (try (world, make_peer (world, NULL), "shut/one", token));
  world_free (world);
}

/* Who claims a short prefix is not asked for what others have claimed below it. */
static void
test_short_prefix (void)
{
  World *world = make_world (NULL);
  g_autoptr (EcIdentity) a = make_identity (1);
  g_autoptr (EcIdentity) b = make_identity (2);
  Peer *owner = make_peer (world, a), *greedy = make_peer (world, b);
  Peer *viewer = make_peer (world, NULL);
  Pub *pub, *forged;
  Sub *sub;

  g_assert_true (try (world, greedy, "live", NULL));
  g_assert_true (try (world, owner, "live/one", NULL));
  pub = peer_make (owner, "live/one", "chunks", FALSE);
  forged = peer_make (greedy, "live/one", "chunks", FALSE);
  forged->twist = 1;
  sub = peer_subscribe (viewer, "live/one", "chunks", TRUE);
  world_run (world, 3 * SECOND);
  g_assert_true (sub->granted);
  g_assert_cmpuint (pub->n_subscribed, ==, 1);
  g_assert_cmpuint (forged->n_subscribed, ==, 0);
  sub_check_whole (sub, broadcast_group (world) - 1);
  world_free (world);
}

static void
test_subscribe_rule (void)
{
  EcRelayCoreConfig config = { .policy = ec_relay_policy_new () };
  g_autoptr (EcIdentity) a = make_identity (1);
  g_autofree char *rule = g_strdup_printf ("live=%s", ec_identity_get_node_id (a));
  World *world;
  Peer *friend, *stranger;
  Sub *sub;

  g_assert_true (ec_relay_policy_allow_subscribe (config.policy, rule, NULL));
  world = world_new (3, &config);
  friend = make_peer (world, a);
  stranger = make_peer (world, NULL);
  g_assert_true (try (world, friend, "live/one", NULL));
  peer_make (friend, "live/one", "chunks", FALSE);
  sub = peer_subscribe (stranger, "live/one", "chunks", FALSE);
  peer_listen (stranger, "");
  peer_listen (friend, "");
  world_run (world, SECOND);
  g_assert_true (sub->refused);
  g_assert_cmpint (sub->error, ==, EC_MOQT_ERROR_UNAUTHORIZED);
  g_assert_cmpuint (g_hash_table_size (stranger->found), ==, 0);
  g_assert_cmpuint (g_hash_table_size (friend->found), ==, 1);
  world_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/policy/restart", test_restart);
  g_test_add_func ("/relay/policy/first-key", test_first_key);
  g_test_add_func ("/relay/policy/reasons", test_reasons);
  g_test_add_func ("/relay/policy/rules", test_rules);
  g_test_add_func ("/relay/policy/bad-rules", test_bad_rules);
  g_test_add_func ("/relay/policy/delegation", test_delegation);
  g_test_add_func ("/relay/policy/proof", test_proof);
  g_test_add_func ("/relay/policy/master-token", test_master_token);
  g_test_add_func ("/relay/policy/short-prefix", test_short_prefix);
  g_test_add_func ("/relay/policy/subscribe-rule", test_subscribe_rule);
  return g_test_run ();
}
