/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

#include <string.h>

/* §10.2.2: the tokens that the peer has registered with us, by alias. */

#define TOKEN_OVERHEAD 16 /* §10.3.1.3 */

typedef struct {
  guint64 alias;
  guint64 type;
  GBytes *value;
} Registered;

static void
registered_free (gpointer data)
{
  Registered *self = data;

  g_bytes_unref (self->value);
  g_free (self);
}

void
ec_moqt_tokens_init (EcMoqtSession *self)
{
  self->tokens = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, registered_free);
}

static gsize
cost (const Registered *token)
{
  return TOKEN_OVERHEAD + g_bytes_get_size (token->value);
}

/* From here on it is as if type and value had been said. */
static void
make_value (EcMoqtToken *token, guint64 type, GBytes *value)
{
  token->kind = EC_MOQT_TOKEN_USE_VALUE;
  token->alias = 0;
  token->type = type;
  if (value != token->value) {
    g_clear_pointer (&token->value, g_bytes_unref);
    token->value = g_bytes_ref (value);
  }
}

static EcMoqtTokensResult
add (EcMoqtSession *self, EcMoqtToken *token, gboolean setup, EcMoqtErrorCode *code)
{
  Registered *entry;
  gsize size;

  if (!token->value)
    token->value = g_bytes_new (NULL, 0);
  size = TOKEN_OVERHEAD + g_bytes_get_size (token->value);
  if (g_hash_table_contains (self->tokens, &token->alias)) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_DUPLICATE_AUTH_TOKEN_ALIAS,
                          "A token's alias was registered twice");
    return EC_MOQT_TOKENS_CLOSED;
  }
  if (size > self->limits.max_auth_token_cache - self->tokens_size) {
    /* §10.3.4: the peer could not know how much room there is. Up to 16 a server's SETUP answers ours, which said it. */
    if (setup && (self->config.server || self->draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS)) {
      make_value (token, token->type, token->value);
      return EC_MOQT_TOKENS_OK;
    }
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_AUTH_TOKEN_CACHE_OVERFLOW,
                          "More tokens were registered than there is room for");
    return EC_MOQT_TOKENS_CLOSED;
  }
  entry = ec_moqt_try_new0 (Registered);
  if (!entry) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_INTERNAL_ERROR, "Out of memory");
    return EC_MOQT_TOKENS_CLOSED;
  }
  entry->alias = token->alias;
  entry->type = token->type;
  entry->value = g_bytes_ref (token->value);
  g_hash_table_insert (self->tokens, &entry->alias, entry);
  self->tokens_size += size;
  make_value (token, token->type, token->value);
  return EC_MOQT_TOKENS_OK;
}

static EcMoqtTokensResult
resolve_one (EcMoqtSession *self, EcMoqtToken *token, gboolean setup, EcMoqtErrorCode *code)
{
  Registered *entry;

  switch (token->kind) {
  case EC_MOQT_TOKEN_REGISTER:
    return add (self, token, setup, code);
  case EC_MOQT_TOKEN_USE_VALUE:
    if (!token->value)
      token->value = g_bytes_new (NULL, 0);
    return EC_MOQT_TOKENS_OK;
  case EC_MOQT_TOKEN_DELETE:
  case EC_MOQT_TOKEN_USE_ALIAS:
    break;
  default:
    *code = EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN;
    return EC_MOQT_TOKENS_REFUSE;
  }

  if (setup) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "SETUP refers to a token that cannot be registered yet");
    return EC_MOQT_TOKENS_CLOSED;
  }
  entry = g_hash_table_lookup (self->tokens, &token->alias);
  if (!entry) {
    *code = EC_MOQT_ERROR_UNKNOWN_AUTH_TOKEN_ALIAS;
    return EC_MOQT_TOKENS_REFUSE;
  }
  if (token->kind == EC_MOQT_TOKEN_USE_ALIAS) {
    make_value (token, entry->type, entry->value);
  } else {
    self->tokens_size -= cost (entry);
    g_hash_table_remove (self->tokens, &token->alias);
  }
  return EC_MOQT_TOKENS_OK;
}

static gboolean
is_repeated (const EcMoqtParams *params, guint n, const EcMoqtToken *token)
{
  for (guint i = 0; i < n; i++)
    if (params->tokens[i].type == token->type &&
        g_bytes_equal (params->tokens[i].value, token->value))
      return TRUE;
  return FALSE;
}

EcMoqtTokensResult
ec_moqt_tokens_resolve (EcMoqtSession *self,
                        EcMoqtParams *params,
                        gboolean setup,
                        EcMoqtErrorCode *code)
{
  EcMoqtTokensResult result = EC_MOQT_TOKENS_OK;
  guint n = params->n_tokens, kept = 0;

  /* All of them, even when one is refused: what is registered counts whatever becomes of the message. */
  for (guint i = 0; i < n; i++) {
    EcMoqtToken token = params->tokens[i];
    EcMoqtTokensResult one;
    gboolean deletes = token.kind == EC_MOQT_TOKEN_DELETE;

    memset (&params->tokens[i], 0, sizeof params->tokens[i]);
    one = result == EC_MOQT_TOKENS_CLOSED ? result : resolve_one (self, &token, setup, code);
    if (one == EC_MOQT_TOKENS_OK && !deletes && is_repeated (params, kept, &token)) {
      *code = EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN;
      one = EC_MOQT_TOKENS_REFUSE;
    }
    result = MAX (result, one);
    if (one == EC_MOQT_TOKENS_OK && !deletes)
      params->tokens[kept++] = token;
    else
      g_clear_pointer (&token.value, g_bytes_unref);
  }
  params->n_tokens = kept;
  return result;
}
