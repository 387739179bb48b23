/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tokens (ECP-0006). Byte 0: whether what follows is read as it comes, or signed before. What is read lies inside of the input, and
 * is written again as the same bytes.
 */
#include <string.h>

#include "fuzz.h"
#include "seal/ec-identity-private.h"
#include "seal/ec-token.h"

#define CONTEXT "ec-token-1"
#define ISSUER 5 /* where the issuer's key is */

static EcIdentity *
get_identity (void)
{
  static EcIdentity *identity;
  guint8 seed[32];

  if (!identity) {
    memset (seed, 7, sizeof seed);
    identity = ec_identity_new_from_seed (seed, sizeof seed, NULL);
  }
  return identity;
}

static void
sign (GByteArray *bytes)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();
  guint8 signature[EC_IDENTITY_SIGNATURE_SIZE];

  if (bytes->len >= ISSUER + EC_IDENTITY_KEY_SIZE)
    ec_identity_get_public_key (get_identity (), bytes->data + ISSUER);
  g_byte_array_append (text, (const guint8 *) CONTEXT, sizeof CONTEXT - 1);
  g_byte_array_append (text, bytes->data, bytes->len);
  ec_identity_sign (get_identity (), text->data, text->len, signature);
  g_byte_array_append (bytes, signature, sizeof signature);
}

static void
check_inside (const GByteArray *bytes, const EcTokenField *field)
{
  g_assert_true (field->size > 0);
  g_assert_true (field->data > bytes->data);
  g_assert_true (field->data + field->size <= bytes->data + bytes->len);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GBytes) again = NULL;
  EcToken token;

  if (size < 1)
    return 0;
  g_byte_array_append (bytes, data + 1, (guint) size - 1);
  if (data[0] & 1)
    sign (bytes);
  if (!ec_token_read (bytes->data, bytes->len, &token))
    return 0;
  for (guint i = 0; i < token.n_prefix; i++)
    check_inside (bytes, &token.prefix[i]);
  if (token.kind == EC_TOKEN_PROOF)
    check_inside (bytes, &token.authority);
  if (data[0] & 1) {
    again = ec_token_write (get_identity (), &token);
    g_assert_nonnull (again);
    g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again), bytes->data,
                     bytes->len);
  }
  return 0;
}
