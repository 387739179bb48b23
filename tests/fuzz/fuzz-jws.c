/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Signed texts. Byte 0: what to do with the text behind byte 1. Verified as it comes; as the payload
 * of a right header; signed and verified; signed, changed at one place, and then it must be refused.
 */
#include <string.h>

#include "fuzz.h"
#include "seal/ec-identity.h"

#define TYPE "ec-manifest+json"

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

static char *
verify (const char *jws)
{
  return ec_identity_verify_text (ec_identity_get_node_id (get_identity ()), TYPE, jws, NULL);
}

static void
check_changed (char *jws, guint where)
{
  g_autofree char *text = NULL;
  gsize at = where * strlen (jws) / 256;

  jws[at] = jws[at] == 'A' ? 'B' : 'A';
  text = verify (jws);
  g_assert_null (text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *input = NULL;
  g_autofree char *jws = NULL;
  g_autofree char *text = NULL;

  if (size < 2)
    return 0;
  input = g_strndup ((const char *) data + 2, size - 2);
  switch (data[0] & 3) {
  case 0:
    text = verify (input);
    break;
  case 1: {
    g_autofree char *signed_text = ec_identity_sign_text (get_identity (), TYPE, "{}");

    *strchr (signed_text, '.') = '\0';
    jws = g_strconcat (signed_text, ".", input, NULL);
    text = verify (jws);
    g_assert_null (text);
    break;
  }
  case 2:
    jws = ec_identity_sign_text (get_identity (), TYPE, input);
    text = verify (jws);
    g_assert_cmpstr (text, ==, input);
    break;
  default:
    jws = ec_identity_sign_text (get_identity (), TYPE, input);
    check_changed (jws, data[1]);
    break;
  }
  return 0;
}
