/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <sodium.h>
#include <string.h>

#include "base/ec-error.h"
#include "seal/ec-token.h"

/* The tokens of ECP-0006 as a user makes them: names and node ids are text. */

G_STATIC_ASSERT (EC_TOKEN_KEY_SIZE == crypto_sign_PUBLICKEYBYTES);

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_FAILED, why);
  return FALSE;
}

/* "ec/v1/a%2Fb": fields between “/”, bytes with “%” as in a URI (RFC 3986 §2.1); `*text` owns them. */
static gboolean
parse_prefix (const char *prefix, EcToken *token, char **text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (prefix, "/", -1);
  guint8 *out = g_malloc (strlen (prefix) + 1);

  *text = (char *) out;
  for (guint i = 0; parts[i]; i++) {
    g_autoptr (GBytes) field =
        g_uri_unescape_bytes (parts[i], (gssize) strlen (parts[i]), NULL, NULL);
    gsize size;
    const guint8 *data;

    if (!field)
      return refuse (error, "The prefix has a “%” without two hexadecimal digits behind it.");
    data = g_bytes_get_data (field, &size);
    if (size == 0)
      return refuse (error, "A part of the prefix between two “/” is empty.");
    if (token->n_prefix == EC_TOKEN_MAX_FIELDS)
      return refuse (error, "The prefix has more than 32 parts.");
    memcpy (out, data, size);
    token->prefix[token->n_prefix++] = (EcTokenField){ out, size };
    out += size;
  }
  return TRUE;
}

/* Signs what was filled in, for the names of `prefix`. */
static GBytes *
make_token (EcIdentity *self, EcToken *token, const char *prefix, gint64 expires, GError **error)
{
  g_autofree char *text = NULL;
  GBytes *bytes;

  token->expiry_s = expires;
  if (expires < 0) {
    refuse (error, "The token would expire before 1970.");
    return NULL;
  }
  if (prefix && *prefix && !parse_prefix (prefix, token, &text, error))
    return NULL;
  bytes = ec_token_write (self, token);
  if (!bytes)
    refuse (error, "The token would be longer than 8,192 bytes.");
  return bytes;
}

/**
 * ec_identity_delegate:
 * @self: an identity
 * @node_id: who may publish, 64 hexadecimal digits
 * @prefix: (nullable): below which names, their parts between “/”, or %NULL for all
 * @expires: until when, in seconds since 1970-01-01 UTC
 * @error: return location for an error
 *
 * Makes a token that lets another node publish in this one's place.
 *
 * The other node shows it to a relay, with a proof of its own key. It is no secret, and cannot be taken back before it expires. The
 * format is that of ECP-0006.
 *
 * Fails with %EC_IDENTITY_ERROR_BAD_KEY if @node_id is no node id, or %EC_IDENTITY_ERROR_FAILED if @prefix is malformed or too long.
 *
 * Returns: (transfer full): the token, as it goes into MOQT's AUTHORIZATION TOKEN
 */
GBytes *
ec_identity_delegate (
    EcIdentity *self, const char *node_id, const char *prefix, gint64 expires, GError **error)
{
  EcToken token = { .kind = EC_TOKEN_DELEGATION };
  size_t size = 0;

  g_return_val_if_fail (EC_IS_IDENTITY (self), NULL);
  g_return_val_if_fail (node_id != NULL, NULL);

  if (strlen (node_id) != EC_TOKEN_KEY_SIZE * 2 ||
      sodium_hex2bin (token.delegate, sizeof token.delegate, node_id, strlen (node_id), NULL, &size,
                      NULL) != 0 ||
      size != sizeof token.delegate) {
    g_set_error (error, EC_IDENTITY_ERROR, EC_IDENTITY_ERROR_BAD_KEY,
                 "“%s” is no node id. A node id has 64 hexadecimal digits.", node_id);
    return NULL;
  }
  return make_token (self, &token, prefix, expires, error);
}

/**
 * ec_identity_prove:
 * @self: an identity
 * @authority: the relay, `host:port` as in the URI that is dialled
 * @prefix: (nullable): below which names, their parts between “/”, or %NULL for all
 * @expires: until when, in seconds since 1970-01-01 UTC
 * @error: return location for an error
 *
 * Makes a token that proves this node's key to one relay.
 *
 * Whoever has it can publish there as this node until it expires: it is a secret, and should not live long. The format is that
 * of ECP-0006.
 *
 * Fails with %EC_IDENTITY_ERROR_FAILED if @authority is empty or longer than 255 bytes, or @prefix is malformed or too long.
 *
 * Returns: (transfer full): the token, as it goes into MOQT's AUTHORIZATION TOKEN
 */
GBytes *
ec_identity_prove (
    EcIdentity *self, const char *authority, const char *prefix, gint64 expires, GError **error)
{
  EcToken token = { .kind = EC_TOKEN_PROOF };
  g_autofree char *lower = NULL;

  g_return_val_if_fail (EC_IS_IDENTITY (self), NULL);
  g_return_val_if_fail (authority != NULL, NULL);

  lower = g_ascii_strdown (authority, -1);
  token.authority = (EcTokenField){ (const guint8 *) lower, strlen (lower) };
  if (token.authority.size == 0 || token.authority.size > EC_TOKEN_MAX_AUTHORITY) {
    refuse (error, "The relay's name is empty or longer than 255 bytes.");
    return NULL;
  }
  return make_token (self, &token, prefix, expires, error);
}
