/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seal/ec-token.h"

#include <string.h>

#include "base/ec-error.h"
#include "seal/ec-identity-private.h"

static const guint8 seed[32] = { 1, 2, 3 };

static EcIdentity *
make_identity (void)
{
  return ec_identity_new_from_seed (seed, sizeof seed, NULL);
}

static EcTokenField
field (const char *text)
{
  return (EcTokenField){ (const guint8 *) text, strlen (text) };
}

static GBytes *
make_delegation (EcIdentity *identity)
{
  EcToken token = { .kind = EC_TOKEN_DELEGATION,
                    .expiry_s = 1893456000,
                    .prefix = { field ("ec"), field ("v1") },
                    .n_prefix = 2 };

  memset (token.delegate, 0xd0, sizeof token.delegate);
  return ec_token_write (identity, &token);
}

static GBytes *
make_proof (EcIdentity *identity)
{
  EcToken token = { .kind = EC_TOKEN_PROOF,
                    .expiry_s = 1893456000,
                    .prefix = { field ("live") },
                    .n_prefix = 1,
                    .authority = field ("relay.example.org:443") };

  return ec_token_write (identity, &token);
}

static gboolean
read_token (GBytes *bytes, EcToken *token)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  return ec_token_read (data, size, token);
}

static void
test_round_trip (void)
{
  g_autoptr (EcIdentity) identity = make_identity ();
  g_autoptr (GBytes) delegation = make_delegation (identity);
  g_autoptr (GBytes) proof = make_proof (identity);
  guint8 key[32];
  EcToken token;

  ec_identity_get_public_key (identity, key);
  g_assert_true (read_token (delegation, &token));
  g_assert_cmpint (token.kind, ==, EC_TOKEN_DELEGATION);
  g_assert_cmpmem (token.issuer, 32, key, 32);
  g_assert_cmpint (token.expiry_s, ==, 1893456000);
  g_assert_cmpuint (token.n_prefix, ==, 2);
  g_assert_cmpmem (token.prefix[1].data, token.prefix[1].size, "v1", 2);
  g_assert_cmpuint (token.delegate[31], ==, 0xd0);

  g_assert_true (read_token (proof, &token));
  g_assert_cmpint (token.kind, ==, EC_TOKEN_PROOF);
  g_assert_cmpmem (token.authority.data, token.authority.size, "relay.example.org:443", 21);
}

/* ECP-0006 §1: what a stranger would write. The key and signature are RFC 8032's, deterministic. */
static void
test_golden (void)
{
  static const guint8 head[] = { 'E', 'C', 'T', '1', 1 };
  static const guint8 tail[] = { 0, 0, 0,   0,   0x70, 0xdb, 0xd8, 0x80, 2,
                                 0, 2, 'e', 'c', 0,    2,    'v',  '1' };
  g_autoptr (EcIdentity) identity = make_identity ();
  g_autoptr (GBytes) bytes = make_delegation (identity);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_assert_cmpuint (size, ==, sizeof head + 32 + sizeof tail + 32 + 64);
  g_assert_cmpmem (data, sizeof head, head, sizeof head);
  g_assert_cmpmem (data + sizeof head + 32, sizeof tail, tail, sizeof tail);
}

/* No prefix of a token is one, nor a token with a byte more, nor one with any bit changed. */
static void
test_damage (void)
{
  g_autoptr (EcIdentity) identity = make_identity ();
  g_autoptr (GBytes) delegation = make_delegation (identity);
  g_autoptr (GBytes) proof = make_proof (identity);
  GBytes *all[2] = { delegation, proof };

  for (guint i = 0; i < 2; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (all[i], &size);
    g_autofree guint8 *copy = g_malloc (size + 1);
    EcToken token;

    for (gsize n = 0; n < size; n++) {
      g_autofree guint8 *part = g_memdup2 (data, n);

      g_assert_false (ec_token_read (part, n, &token));
    }
    memcpy (copy, data, size);
    copy[size] = 0;
    g_assert_false (ec_token_read (copy, size + 1, &token));
    for (gsize bit = 0; bit < size * 8; bit++) {
      copy[bit / 8] ^= (guint8) (1 << bit % 8);
      g_assert_false (ec_token_read (copy, size, &token));
      copy[bit / 8] ^= (guint8) (1 << bit % 8);
    }
    g_assert_true (ec_token_read (copy, size, &token));
  }
}

static void
test_refused_writes (void)
{
  g_autoptr (EcIdentity) identity = make_identity ();
  EcToken token = { .kind = EC_TOKEN_PROOF, .expiry_s = 1, .authority = field ("") };
  g_autofree char *longest = g_strnfill (300, 'a');

  g_assert_null (ec_token_write (identity, &token));
  token.authority = field (longest);
  g_assert_null (ec_token_write (identity, &token));
  token.authority = field ("a:1");
  token.n_prefix = 33;
  g_assert_null (ec_token_write (identity, &token));
  token.n_prefix = 1;
  g_assert_null (ec_token_write (identity, &token));
}

/* What a user makes from text is what a relay reads. */
static void
test_made (void)
{
  g_autoptr (EcIdentity) identity = make_identity ();
  g_autoptr (EcIdentity) other = ec_identity_new_ephemeral ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) delegation = ec_identity_delegate (identity, ec_identity_get_node_id (other),
                                                        "ec/v1/a%2Fb", 1893456000, &error);
  g_autoptr (GBytes) proof =
      ec_identity_prove (identity, "Relay.example.org:443", NULL, 1893456000, &error);
  guint8 key[32];
  EcToken token;

  g_assert_no_error (error);
  g_assert_true (read_token (delegation, &token));
  ec_identity_get_public_key (other, key);
  g_assert_cmpmem (token.delegate, 32, key, 32);
  ec_identity_get_public_key (identity, key);
  g_assert_cmpmem (token.issuer, 32, key, 32);
  g_assert_cmpint (token.kind, ==, EC_TOKEN_DELEGATION);
  g_assert_cmpint (token.expiry_s, ==, 1893456000);
  g_assert_cmpuint (token.n_prefix, ==, 3);
  g_assert_cmpmem (token.prefix[2].data, token.prefix[2].size, "a/b", 3);

  g_assert_true (read_token (proof, &token));
  g_assert_cmpint (token.kind, ==, EC_TOKEN_PROOF);
  g_assert_cmpuint (token.n_prefix, ==, 0);
  g_assert_cmpmem (token.authority.data, token.authority.size, "relay.example.org:443", 21);
}

static void
test_not_made (void)
{
  g_autoptr (EcIdentity) identity = make_identity ();
  const char *node_id = ec_identity_get_node_id (identity);
  static const char *const prefixes[] = { "/",
                                          "a//b",
                                          "a/",
                                          "a%2",
                                          "a%zz",
                                          "1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/"
                                          "1/2/3/4/5/6/7/8/9/0/1/2/3" };
  g_autofree char *longest = g_strnfill (9000, 'a');
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++) {
    g_assert_null (ec_identity_delegate (identity, node_id, prefixes[i], 1, &error));
    g_assert_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_FAILED);
    g_clear_error (&error);
  }
  g_assert_null (ec_identity_delegate (identity, node_id, longest, 1, &error));
  g_assert_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_null (ec_identity_delegate (identity, "abc", NULL, 1, &error));
  g_assert_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY);
  g_clear_error (&error);
  g_assert_null (ec_identity_prove (identity, "", NULL, 1, &error));
  g_assert_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_null (ec_identity_prove (identity, "a:1", NULL, -1, &error));
  g_assert_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/seal/token/round-trip", test_round_trip);
  g_test_add_func ("/seal/token/golden", test_golden);
  g_test_add_func ("/seal/token/damage", test_damage);
  g_test_add_func ("/seal/token/refused-writes", test_refused_writes);
  g_test_add_func ("/seal/token/made", test_made);
  g_test_add_func ("/seal/token/not-made", test_not_made);
  return g_test_run ();
}
