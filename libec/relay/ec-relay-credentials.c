/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-credentials.h"

#include <sodium.h>
#include <string.h>

/* Tokens that one session can show; each costs a signature check and some hundred bytes. */
#define MAX_TOKENS 32

/* AUTHORIZATION TOKEN type 0: “out of band”, MOQT §9.2.2. */
#define TOKEN_TYPE 0

typedef struct {
  GBytes *bytes; /* what `token` points into */
  EcToken token;
} Credential;

static void
credential_free (gpointer data)
{
  Credential *self = data;

  g_bytes_unref (self->bytes);
  g_free (self);
}

gboolean
ec_relay_principal_equal (const EcRelayPrincipal *a, const EcRelayPrincipal *b)
{
  if (a->kind != b->kind)
    return FALSE;
  switch (a->kind) {
  case EC_RELAY_PRINCIPAL_SESSION:
    return a->session == b->session;
  case EC_RELAY_PRINCIPAL_KEY:
    return memcmp (a->key, b->key, sizeof a->key) == 0;
  case EC_RELAY_PRINCIPAL_MASTER:
  default:
    return TRUE;
  }
}

void
ec_relay_credentials_init (EcRelayCredentials *self, guint64 session, const guint8 *peer_key)
{
  memset (self, 0, sizeof *self);
  self->session = session;
  self->has_key = peer_key != NULL;
  if (peer_key)
    memcpy (self->key, peer_key, sizeof self->key);
  self->tokens = g_ptr_array_new_with_free_func (credential_free);
}

void
ec_relay_credentials_clear (EcRelayCredentials *self)
{
  g_clear_pointer (&self->tokens, g_ptr_array_unref);
}

static gboolean
authority_is (const EcTokenField *authority, const char *text)
{
  return text && strlen (text) == authority->size &&
         g_ascii_strncasecmp (text, (const char *) authority->data, authority->size) == 0;
}

/* A proof for another relay is what a dishonest one would show us (ECP-0006 §3). */
static gboolean
is_for_us (const EcTokenField *authority, const EcRelayTokenCheck *check)
{
  if (!check->authorities || !check->authorities[0])
    return authority_is (authority, check->authority);
  for (guint i = 0; check->authorities[i]; i++) {
    if (authority_is (authority, check->authorities[i]))
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_known (const EcRelayCredentials *self, GBytes *bytes)
{
  for (guint i = 0; i < self->tokens->len; i++) {
    const Credential *credential = self->tokens->pdata[i];

    if (g_bytes_equal (credential->bytes, bytes))
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_master (GBytes *value, GBytes *master)
{
  gsize size, master_size;
  const guint8 *data = g_bytes_get_data (value, &size);
  const guint8 *master_data;

  if (!master)
    return FALSE;
  master_data = g_bytes_get_data (master, &master_size);
  return size > 0 && size == master_size && sodium_memcmp (data, master_data, size) == 0;
}

/* One of ours that is new. */
static gboolean
add_token (EcRelayCredentials *self,
           GBytes *value,
           const EcRelayTokenCheck *check,
           EcMoqtErrorCode *code,
           const char **reason)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (value, &size);
  Credential *credential;
  EcToken token;

  *code = EC_MOQT_ERROR_MALFORMED_AUTH_TOKEN;
  *reason = "the token is malformed, or its signature is wrong";
  if (!ec_token_read (data, size, &token))
    return FALSE;
  if (token.expiry_s <= check->now_s) {
    *code = EC_MOQT_ERROR_EXPIRED_AUTH_TOKEN;
    *reason = "the token has expired";
    return FALSE;
  }
  if (token.kind == EC_TOKEN_PROOF && !is_for_us (&token.authority, check)) {
    *code = EC_MOQT_ERROR_UNAUTHORIZED;
    *reason = "the token is for another relay";
    return FALSE;
  }
  if (self->tokens->len >= MAX_TOKENS) {
    *code = EC_MOQT_ERROR_EXCESSIVE_LOAD;
    *reason = "too many tokens";
    return FALSE;
  }
  credential = g_new0 (Credential, 1);
  credential->bytes = g_bytes_ref (value);
  credential->token = token;
  g_ptr_array_add (self->tokens, credential);
  return TRUE;
}

gboolean
ec_relay_credentials_add (EcRelayCredentials *self,
                          const EcMoqtToken *tokens,
                          guint n_tokens,
                          const EcRelayTokenCheck *check,
                          EcMoqtErrorCode *code,
                          const char **reason)
{
  for (guint i = 0; i < n_tokens; i++) {
    GBytes *value = tokens[i].value;

    if (!value || tokens[i].type != TOKEN_TYPE)
      continue;
    if (is_master (value, check->master)) {
      self->master = TRUE;
      continue;
    }
    if (!ec_token_is_one (g_bytes_get_data (value, NULL), g_bytes_get_size (value)) ||
        is_known (self, value))
      continue;
    if (!add_token (self, value, check, code, reason))
      return FALSE;
  }
  return TRUE;
}

static gboolean
covers (const EcToken *token, const EcMoqtName *space, gint64 now_s)
{
  if (token->expiry_s <= now_s || token->n_prefix > ec_moqt_name_get_n_fields (space))
    return FALSE;
  for (guint i = 0; i < token->n_prefix; i++) {
    EcMoqtField field = ec_moqt_name_get_field (space, i);

    if (field.size != token->prefix[i].size ||
        memcmp (field.data, token->prefix[i].data, field.size) != 0)
      return FALSE;
  }
  return TRUE;
}

static void
add_key (EcRelayPrincipals *principals, const guint8 *key)
{
  EcRelayPrincipal who = { .kind = EC_RELAY_PRINCIPAL_KEY };

  memcpy (who.key, key, sizeof who.key);
  for (guint i = 0; i < principals->n; i++) {
    if (ec_relay_principal_equal (&principals->who[i], &who))
      return;
  }
  if (principals->n < EC_RELAY_MAX_PRINCIPALS)
    principals->who[principals->n++] = who;
}

/* The keys that are the session's own in this namespace. */
static void
add_own_keys (const EcRelayCredentials *self,
              const EcMoqtName *space,
              gint64 now_s,
              EcRelayPrincipals *own)
{
  if (self->has_key)
    add_key (own, self->key);
  for (guint i = 0; i < self->tokens->len; i++) {
    const EcToken *token = &((const Credential *) self->tokens->pdata[i])->token;

    if (token->kind == EC_TOKEN_PROOF && covers (token, space, now_s))
      add_key (own, token->issuer);
  }
}

static gboolean
has_key (const EcRelayPrincipals *principals, const guint8 *key)
{
  for (guint i = 0; i < principals->n; i++) {
    if (memcmp (principals->who[i].key, key, EC_TOKEN_KEY_SIZE) == 0)
      return TRUE;
  }
  return FALSE;
}

/* Who was delegated to acts as the issuer first: so both claim one name for the same owner, whoever comes first. */
void
ec_relay_credentials_resolve (const EcRelayCredentials *self,
                              const EcMoqtName *space,
                              gint64 now_s,
                              EcRelayPrincipals *principals)
{
  EcRelayPrincipals own = { .n = 0 };

  principals->n = 0;
  if (self->master)
    principals->who[principals->n++] =
        (EcRelayPrincipal){ .kind = EC_RELAY_PRINCIPAL_MASTER, .session = 0 };
  add_own_keys (self, space, now_s, &own);
  for (guint i = 0; i < self->tokens->len; i++) {
    const EcToken *token = &((const Credential *) self->tokens->pdata[i])->token;

    if (token->kind == EC_TOKEN_DELEGATION && covers (token, space, now_s) &&
        has_key (&own, token->delegate))
      add_key (principals, token->issuer);
  }
  for (guint i = 0; i < own.n; i++)
    add_key (principals, own.who[i].key);
  if (principals->n == 0)
    principals->who[principals->n++] =
        (EcRelayPrincipal){ .kind = EC_RELAY_PRINCIPAL_SESSION, .session = self->session };
}
