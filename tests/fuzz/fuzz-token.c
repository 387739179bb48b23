/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"

#include "seal/ec-token.h"

/* No input is a token unless it is signed; what is read is inside of the input. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  EcToken token;

  if (!ec_token_read (data, size, &token))
    return 0;
  g_assert_cmpuint (token.n_prefix, <=, EC_TOKEN_MAX_FIELDS);
  for (guint i = 0; i < token.n_prefix; i++) {
    g_assert_true (token.prefix[i].data > data);
    g_assert_true (token.prefix[i].data + token.prefix[i].size < data + size);
  }
  return 0;
}
