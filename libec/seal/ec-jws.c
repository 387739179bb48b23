/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seal/ec-jws.h"

#include <sodium.h>
#include <string.h>

#include "base/ec-error.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/*
 * The protected header is one fixed text for a key and a type (ECP-0004 §2), so it is compared as
 * bytes and never parsed.
 */
static char *
make_header (const char *node_id, const char *type)
{
  return g_strdup_printf ("{\"alg\":\"EdDSA\",\"typ\":\"%s\",\"kid\":\"%s\"}", type, node_id);
}

static void
append_base64 (GString *string, const void *data, gsize size)
{
  gsize length = sodium_base64_encoded_len (size, VARIANT);
  g_autofree char *text = g_malloc (length);

  g_string_append (string, sodium_bin2base64 (text, length, data, size, VARIANT));
}

char *
ec_jws_sign (const guint8 *secret, const char *node_id, const char *type, const char *text)
{
  g_autofree char *header = make_header (node_id, type);
  GString *jws = g_string_new (NULL);
  guint8 signature[crypto_sign_BYTES];

  append_base64 (jws, header, strlen (header));
  g_string_append_c (jws, '.');
  append_base64 (jws, text, strlen (text));
  crypto_sign_detached (signature, NULL, (const guint8 *) jws->str, jws->len, secret);
  g_string_append_c (jws, '.');
  append_base64 (jws, signature, sizeof signature);
  return g_string_free (jws, FALSE);
}

/* sodium_base642bin() takes some bytes above 0x7f for digits, so they are looked at before. */
static gboolean
decode (const char *begin, const char *end, guint8 *out, gsize max, gsize *size)
{
  size_t n = 0;

  for (const char *p = begin; p < end; p++) {
    if (!g_ascii_isalnum (*p) && *p != '-' && *p != '_')
      return FALSE;
  }
  if (sodium_base642bin (out, max, begin, (gsize) (end - begin), NULL, &n, NULL, VARIANT) != 0)
    return FALSE;
  *size = n;
  return TRUE;
}

static char *
bad_signature (GError **error, const char *why)
{
  g_set_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_SIGNATURE,
               "The signature is not valid: %s.", why);
  return NULL;
}

char *
ec_jws_verify (const char *node_id, const char *type, const char *jws, GError **error)
{
  g_autofree char *header = make_header (node_id, type);
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autofree char *text = NULL;
  guint8 key[crypto_sign_PUBLICKEYBYTES], signature[crypto_sign_BYTES];
  size_t key_size = 0;
  gsize size = 0;
  const char *first, *second;

  if (strlen (node_id) != sizeof key * 2 ||
      sodium_hex2bin (key, sizeof key, node_id, sizeof key * 2, NULL, &key_size, NULL) != 0 ||
      key_size != sizeof key) {
    g_set_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY,
                 "“%s” is not a node id: that is 64 hexadecimal digits.", node_id);
    return NULL;
  }

  if (strlen (jws) > 2 * EC_JWS_TEXT_MAX)
    return bad_signature (error, "the text is too long");
  first = strchr (jws, '.');
  second = first ? strchr (first + 1, '.') : NULL;
  if (!second)
    return bad_signature (error, "this is not a JSON Web Signature");
  append_base64 (expected, header, strlen (header));
  if (expected->len != (gsize) (first - jws) || memcmp (expected->str, jws, expected->len) != 0)
    return bad_signature (error, "it is of another key, or of another kind");
  if (!decode (second + 1, second + strlen (second), signature, sizeof signature, &size) ||
      size != sizeof signature)
    return bad_signature (error, "it is malformed");
  if (crypto_sign_verify_detached (signature, (const guint8 *) jws, (gsize) (second - jws), key) !=
      0)
    return bad_signature (error, "the text was changed, or the key is another");

  text = g_malloc ((gsize) (second - first));
  if (!decode (first + 1, second, (guint8 *) text, (gsize) (second - first) - 1, &size) ||
      size > EC_JWS_TEXT_MAX)
    return bad_signature (error, "the text in it is malformed");
  text[size] = '\0';
  if (memchr (text, 0, size))
    return bad_signature (error, "the text in it is malformed");
  return g_steal_pointer (&text);
}
