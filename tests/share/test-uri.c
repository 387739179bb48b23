/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-uri.h"

#include <string.h>

#include "base/ec-error.h"
#include "ec-source-uri.h"
#include "seal/ec-identity.h"
#include "share/ec-share-source.h"

#define NODE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
test_parse (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcShareUri) uri = ec_share_uri_parse (
      "moqt://relay.example/ec/v1/atsc/2065/3/ts-canonical-1?path=moq&track=chunks&hash=" NODE
      "&publisher=" NODE "&ca=/etc/ca.pem&source=ec/v1/source/" NODE "/d/5.1/1",
      &error);

  g_assert_no_error (error);
  g_assert_cmpstr (uri->server, ==, "moqt://relay.example:443/moq");
  g_assert_cmpstr (uri->name, ==, "ec/v1/atsc/2065/3/ts-canonical-1");
  g_assert_cmpstr (uri->track, ==, "chunks");
  g_assert_cmpstr (uri->ca_file, ==, "/etc/ca.pem");
  g_assert_cmpstr (uri->fallback, ==, "ec/v1/source/" NODE "/d/5.1/1");
  g_assert_cmpuint (uri->hashes->len, ==, 1);
  g_assert_cmpuint (g_bytes_get_size (uri->hashes->pdata[0]), ==, 32);
  g_assert_cmpuint (uri->publishers->len, ==, 1);
}

/* A token as `ec id` prints it, or a secret of anybody's making. */
static void
test_token (void)
{
  g_autoptr (EcIdentity) identity = ec_identity_new_ephemeral ();
  g_autoptr (GBytes) token = ec_identity_prove (identity, "host:1", NULL, 4000000000, NULL);
  g_autofree char *text =
      g_base64_encode (g_bytes_get_data (token, NULL), g_bytes_get_size (token));
  g_autofree char *escaped = NULL, *address = NULL;
  g_autoptr (EcShareUri) proof = NULL;
  g_autoptr (EcShareUri) secret = ec_share_uri_parse ("moqt://host/a?token=let%20me%20in", NULL);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  address = g_strconcat ("moqt://host/a?token=", text, NULL);
  proof = ec_share_uri_parse (address, NULL);
  g_assert_cmpmem (g_bytes_get_data (secret->token, NULL), g_bytes_get_size (secret->token),
                   "let me in", 9);
  g_assert_true (g_bytes_equal (proof->token, token));
}

/* A source-scoped name says who is to be believed. */
static void
test_trust (void)
{
  g_autoptr (EcShareUri) uri =
      ec_share_uri_parse ("https://[::1]:4443/ec/v1/source/" NODE "/dev/5.1/17", NULL);

  g_assert_cmpstr (uri->server, ==, "https://[::1]:4443/");
  g_assert_cmpuint (uri->publishers->len, ==, 1);
  g_assert_cmpstr (uri->publishers->pdata[0], ==, NODE);
}

static void
test_bad (void)
{
  const char *const bad[] = { "moqt://host",
                              "moqt://host/",
                              "moqt:///a",
                              "moqt://host/a//b",
                              "moqt://host/a?x=1",
                              "moqt://host/a?hash=12",
                              "moqt://host/a?publisher=zz",
                              "moqt://host/a?track=",
                              "moqt://host/a?token=",
                              "moqt://host/a?source=b//c",
                              "moqt://host/a?hash",
                              "not an address" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EcShareUri) uri = ec_share_uri_parse (bad[i], &error);

    g_test_message ("%s", bad[i]);
    g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI);
    g_assert_null (uri);
  }
}

/* Pages of the web stay what they were. */
static void
test_https (void)
{
  g_autoptr (EcSource) page = ec_source_new_for_uri ("https://host/stream.ts?soundtrack=1", NULL);
  g_autoptr (EcSource) share = ec_source_new_for_uri ("https://host/ec/v1/atsc/1/2/x", NULL);
  g_autoptr (EcSource) named = ec_source_new_for_uri ("https://host/live?a=1&track=chunks", NULL);
  g_autoptr (EcSource) marked = ec_source_new_for_uri ("https://host/live?track=chunks", NULL);
  g_autoptr (EcSource) quic = ec_source_new_for_uri ("moqt://host/live", NULL);
  g_autofree char *title = NULL;

  g_assert_nonnull (page);
  g_assert_false (EC_IS_SHARE_SOURCE (page));
  g_assert_true (EC_IS_SHARE_SOURCE (share));
  g_assert_null (named); /* what “a” is nobody knows */
  g_assert_true (EC_IS_SHARE_SOURCE (marked));
  g_assert_true (EC_IS_SHARE_SOURCE (quic));
  title = ec_source_dup_title (quic);
  g_assert_cmpstr (title, ==, "live");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/uri/parse", test_parse);
  g_test_add_func ("/share/uri/trust", test_trust);
  g_test_add_func ("/share/uri/token", test_token);
  g_test_add_func ("/share/uri/bad", test_bad);
  g_test_add_func ("/share/uri/https", test_https);
  return g_test_run ();
}
