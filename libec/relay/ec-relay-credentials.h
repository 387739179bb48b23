/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-message.h"
#include "seal/ec-token.h"

/*
 * What one session has shown of who it is: the key of its TLS handshake, and tokens (ECP-0006 §3). One thread.
 */

typedef enum {
  EC_RELAY_PRINCIPAL_SESSION, /* no key: this session and no other */
  EC_RELAY_PRINCIPAL_KEY,
  EC_RELAY_PRINCIPAL_MASTER, /* showed the relay's own token */
} EcRelayPrincipalKind;

typedef struct {
  EcRelayPrincipalKind kind;
  guint64 session;               /* of SESSION: its number */
  guint8 key[EC_TOKEN_KEY_SIZE]; /* of KEY */
} EcRelayPrincipal;

gboolean ec_relay_principal_equal (const EcRelayPrincipal *a, const EcRelayPrincipal *b);

#define EC_RELAY_MAX_PRINCIPALS 16

/* Whom a session may act as in one namespace, whom it should first. */
typedef struct {
  EcRelayPrincipal who[EC_RELAY_MAX_PRINCIPALS];
  guint n;
} EcRelayPrincipals;

typedef struct {
  guint64 session;
  gboolean has_key;
  gboolean master;
  guint8 key[EC_TOKEN_KEY_SIZE];
  GPtrArray *tokens; /* verified ones */
} EcRelayCredentials;

/* What tokens are held against; borrowed. */
typedef struct {
  GBytes *master;                 /* the relay's own token; nullable */
  const char *const *authorities; /* names that the relay is known by, "host:port"; nullable */
  const char *authority;          /* what the session dialled; nullable */
  gint64 now_s;                   /* since 1970 */
} EcRelayTokenCheck;

void ec_relay_credentials_init (EcRelayCredentials *self, guint64 session, const guint8 *peer_key);
void ec_relay_credentials_clear (EcRelayCredentials *self);
/*
 * Takes in the tokens of a message. FALSE: one of them is wrong, `*code` says how and `*reason` (static) in words; those that are
 * not ours are passed over.
 */
gboolean ec_relay_credentials_add (EcRelayCredentials *self,
                                   const EcMoqtToken *tokens,
                                   guint n_tokens,
                                   const EcRelayTokenCheck *check,
                                   EcMoqtErrorCode *code,
                                   const char **reason);
void ec_relay_credentials_resolve (const EcRelayCredentials *self,
                                   const EcMoqtName *space,
                                   gint64 now_s,
                                   EcRelayPrincipals *principals);
