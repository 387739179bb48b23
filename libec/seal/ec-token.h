/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "seal/ec-identity.h"

/*
 * Tokens of ECP-0006: what a node signs so that a relay lets somebody publish. They travel as the value of MOQT's
 * AUTHORIZATION TOKEN, type 0.
 */

#define EC_TOKEN_MAX_SIZE 8192
#define EC_TOKEN_MAX_FIELDS 32 /* MOQT §2.4.1 */
#define EC_TOKEN_MAX_AUTHORITY 255
#define EC_TOKEN_KEY_SIZE 32

typedef enum {
  EC_TOKEN_DELEGATION = 1, /* `delegate` may publish what `issuer` may, below the prefix */
  EC_TOKEN_PROOF = 2,      /* whoever shows this to the relay at `authority` is `issuer` */
} EcTokenKind;

typedef struct {
  const guint8 *data;
  gsize size;
} EcTokenField;

/* All pointers are borrowed: of a token that was read, from its bytes. */
typedef struct {
  EcTokenKind kind;
  guint8 issuer[EC_TOKEN_KEY_SIZE]; /* node id */
  gint64 expiry_s;                  /* seconds since 1970; it does not hold at or after it */
  EcTokenField prefix[EC_TOKEN_MAX_FIELDS]; /* of track namespaces; none: all of them */
  guint n_prefix;
  guint8 delegate[EC_TOKEN_KEY_SIZE]; /* DELEGATION */
  EcTokenField authority;             /* PROOF: "relay.example.org:443" */
} EcToken;

/* Signs with `identity`, which becomes the issuer. NULL: a field is empty or too long, or there are too many. */
GBytes *ec_token_write (EcIdentity *identity, const EcToken *token) G_GNUC_WARN_UNUSED_RESULT;
/* What people have: base64url without padding, as `ec id` prints it; any other text is a relay's secret, and its bytes are the token. */
GBytes *ec_token_from_text (const char *text) G_GNUC_WARN_UNUSED_RESULT;
/* Whether these bytes claim to be a token of ours. */
gboolean ec_token_is_one (const guint8 *data, gsize size);
/* FALSE: malformed, or the signature is not the issuer's. The expiry is the caller's to compare. */
gboolean ec_token_read (const guint8 *data, gsize size, EcToken *token);
