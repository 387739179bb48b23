/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0004 §2 */
#include <sodium.h>
#include <string.h>

#include "base/ec-error.h"
#include "seal/ec-jws.h"

#define TYPE "ec-manifest+json"

/* Keys of RFC 8032 §7.1; signatures made by OpenSSL. */
static const struct {
  const char *seed, *node_id, *type, *text, *jws;
} known[] = {
  { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", TYPE,
    "Example of Ed25519 signing",
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImVjLW1hbmlmZXN0K2pzb24iLCJraWQiOiJkNzVhOTgwMTgyYjEwYWI3ZDU0YmZl"
    "ZDNjOTY0MDczYTBlZTE3MmYzZGFhNjIzMjVhZjAyMWE2OGY3MDc1MTFhIn0."
    "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "RujMBKDkMU7jFHiStUBSPRegnr-DjDqA5Qe34SC_8KxnvBIzlU4sWpOlz_5cse-DrbLpxtG2edmsrO3YXcPIDA" },
  { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "x", "",
    "eyJhbGciOiJFZERTQSIsInR5cCI6IngiLCJraWQiOiIzZDQwMTdjM2U4NDM4OTVhOTJiNzBhYTc0ZDFiN2ViYzljOTgy"
    "Y2NmMmVjNDk2OGNjMGNkNTVmMTJhZjQ2NjBjIn0.."
    "aGVqDOd_bidBa7PkSAJQ0nEHbz0VPVMg8RKdJxt_x_RxCavvEhtaktPUJIKhyR814Q3sXJLJ2laurFI7OJG2Ag" },
  { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", TYPE,
    "{\"utc\":\"2026-03-01T12:00:00.000Z\",\"n\":\"é中\"}",
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImVjLW1hbmlmZXN0K2pzb24iLCJraWQiOiJmYzUxY2Q4ZTYyMThhMWEzOGRhNDdl"
    "ZDAwMjMwZjA1ODA4MTZlZDEzYmEzMzAzYWM1ZGViOTExNTQ4OTA4MDI1In0."
    "eyJ1dGMiOiIyMDI2LTAzLTAxVDEyOjAwOjAwLjAwMFoiLCJuIjoiw6nkuK0ifQ."
    "W_9XOS02hPd8OVF6bZ3aXeuS2H5CCDm_svhxRlMlat4Viaaf5uLYdpYvVmg5mFFP93HvgghXxWVQH20_lAAzCg" },
};

static void
read_key (const char *seed_hex, guint8 *secret)
{
  guint8 seed[crypto_sign_SEEDBYTES], public_key[crypto_sign_PUBLICKEYBYTES];

  g_assert_cmpint (
      sodium_hex2bin (seed, sizeof seed, seed_hex, strlen (seed_hex), NULL, NULL, NULL), ==, 0);
  crypto_sign_seed_keypair (public_key, secret, seed);
}

static void
assert_refused (const char *node_id, const char *type, const char *jws, EcIdentityError code)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = ec_jws_verify (node_id, type, jws, &error);

  g_assert_null (text);
  g_assert_error (error, EC_IDENTITY_ERROR, (gint) code);
}

#define assert_bad(jws)                                                                            \
  assert_refused (known[0].node_id, known[0].type, jws, EC_IDENTITY_ERROR_BAD_SIGNATURE)

static void
assert_verifies (const char *node_id, const char *type, const char *jws, const char *want)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = ec_jws_verify (node_id, type, jws, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, want);
}

static void
test_known (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (known); i++) {
    guint8 secret[crypto_sign_SECRETKEYBYTES];
    g_autofree char *jws = NULL;

    read_key (known[i].seed, secret);
    jws = ec_jws_sign (secret, known[i].node_id, known[i].type, known[i].text);
    g_assert_cmpstr (jws, ==, known[i].jws);
    assert_verifies (known[i].node_id, known[i].type, known[i].jws, known[i].text);
  }
}

static void
test_other_key (void)
{
  guint8 secret[crypto_sign_SECRETKEYBYTES];
  g_autofree char *jws = NULL;

  assert_refused (known[1].node_id, TYPE, known[0].jws, EC_IDENTITY_ERROR_BAD_SIGNATURE);

  /* Signed by another key that claims to be this one. */
  read_key (known[1].seed, secret);
  jws = ec_jws_sign (secret, known[0].node_id, TYPE, known[0].text);
  assert_bad (jws);
}

static void
test_other_type (void)
{
  assert_refused (known[0].node_id, "x", known[0].jws, EC_IDENTITY_ERROR_BAD_SIGNATURE);
  assert_refused (known[0].node_id, "", known[0].jws, EC_IDENTITY_ERROR_BAD_SIGNATURE);
  assert_refused (known[0].node_id, TYPE "2", known[0].jws, EC_IDENTITY_ERROR_BAD_SIGNATURE);
}

static void
test_not_a_node_id (void)
{
  static const char *const ids[] = {
    "",
    "d75a",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a0",
    "g75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511 ",
    "d7:5a:980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751",
  };

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    assert_refused (ids[i], TYPE, known[0].jws, EC_IDENTITY_ERROR_BAD_KEY);
}

/* Every bit of every character, and every character for every other: header, text and signature. */
static void
test_changed (void)
{
  g_autofree char *jws = g_strdup (known[0].jws);

  for (gsize at = 0; at < strlen (known[0].jws); at++) {
    for (gint c = 1; c < 256; c++) {
      if ((guchar) known[0].jws[at] == c)
        continue;
      jws[at] = (char) c;
      assert_bad (jws);
    }
    jws[at] = known[0].jws[at];
  }
  assert_verifies (known[0].node_id, TYPE, jws, known[0].text);
}

static void
test_truncated (void)
{
  for (gsize n = 0; n < strlen (known[0].jws); n++) {
    g_autofree char *front = g_strndup (known[0].jws, n);

    assert_bad (front);
    if (n > 0)
      assert_bad (known[0].jws + n);
  }
}

static void
test_longer (void)
{
  static const char *const behind[] = { "A", "=", "==", ".", ".A", " ", "\n", "AAAA" };

  for (guint i = 0; i < G_N_ELEMENTS (behind); i++) {
    g_autofree char *jws = g_strconcat (known[0].jws, behind[i], NULL);
    g_autofree char *front = g_strconcat (behind[i], known[0].jws, NULL);

    assert_bad (jws);
    assert_bad (front);
  }
}

/* Signs a payload as it is, so that it may be what ec_jws_sign() never writes. */
static char *
sign_payload (const char *header, const char *payload)
{
  guint8 secret[crypto_sign_SECRETKEYBYTES], signature[crypto_sign_BYTES];
  char header64[512], signature64[128];
  g_autofree char *input = NULL;

  read_key (known[0].seed, secret);
  sodium_bin2base64 (header64, sizeof header64, (const guint8 *) header, strlen (header),
                     sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  input = g_strdup_printf ("%s.%s", header64, payload);
  crypto_sign_detached (signature, NULL, (const guint8 *) input, strlen (input), secret);
  sodium_bin2base64 (signature64, sizeof signature64, signature, sizeof signature,
                     sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return g_strdup_printf ("%s.%s", input, signature64);
}

#define HEADER(alg)                                                                                \
  "{\"alg\":\"" alg "\",\"typ\":\"" TYPE                                                           \
  "\",\"kid\":\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"}"

/* Rightly signed, and refused all the same. */
static void
test_bad_payload (void)
{
  static const struct {
    const char *payload;
    const char *text; /* NULL: refused */
  } payloads[] = {
    { "QUJD", "ABC" }, { "QUI", "AB" },  { "QQ", "A" },      { "", "" },
    { "QQBD", NULL }, /* A, zero, C */
    { "QUIA", NULL }, /* A, B, zero */
    { "AA", NULL },   /* zero */
    { "QR", NULL },   /* bits behind the last byte */
    { "Q", NULL },     { "QQ==", NULL }, { "QU JD", NULL },  { "QUJ+", NULL },
    { "QUJ/", NULL },  { "QUJ$", NULL }, { "QUJD\n", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (payloads); i++) {
    g_autofree char *jws = sign_payload (HEADER ("EdDSA"), payloads[i].payload);

    g_test_message ("%s", payloads[i].payload);
    if (payloads[i].text)
      assert_verifies (known[0].node_id, TYPE, jws, payloads[i].text);
    else
      assert_bad (jws);
  }
}

/* The header is one text, not any that means the same. */
static void
test_bad_header (void)
{
  static const char *const headers[] = {
    HEADER ("none"),
    HEADER ("HS256"),
    HEADER ("eddsa"),
    "{\"alg\":\"EdDSA\"}",
    "",
    " " HEADER ("EdDSA"),
    "{\"alg\":\"EdDSA\",\"kid\":"
    "\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\","
    "\"typ\":\"" TYPE "\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autofree char *jws = sign_payload (headers[i], "QUJD");

    assert_bad (jws);
  }
}

static char *
sign_length (gsize length)
{
  guint8 secret[crypto_sign_SECRETKEYBYTES];
  g_autofree char *text = g_strnfill (length, 'a');

  read_key (known[0].seed, secret);
  return ec_jws_sign (secret, known[0].node_id, TYPE, text);
}

static void
test_too_long (void)
{
  g_autofree char *longest = sign_length (EC_JWS_TEXT_MAX);
  g_autofree char *longer = sign_length (EC_JWS_TEXT_MAX + 1);
  g_autofree char *much_longer = sign_length (2 * EC_JWS_TEXT_MAX);
  g_autofree char *text = g_strnfill (EC_JWS_TEXT_MAX, 'a');

  assert_verifies (known[0].node_id, TYPE, longest, text);
  assert_bad (longer);
  assert_bad (much_longer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/seal/jws/known", test_known);
  g_test_add_func ("/seal/jws/other-key", test_other_key);
  g_test_add_func ("/seal/jws/other-type", test_other_type);
  g_test_add_func ("/seal/jws/not-a-node-id", test_not_a_node_id);
  g_test_add_func ("/seal/jws/changed", test_changed);
  g_test_add_func ("/seal/jws/truncated", test_truncated);
  g_test_add_func ("/seal/jws/longer", test_longer);
  g_test_add_func ("/seal/jws/bad-payload", test_bad_payload);
  g_test_add_func ("/seal/jws/bad-header", test_bad_header);
  g_test_add_func ("/seal/jws/too-long", test_too_long);
  return g_test_run ();
}
