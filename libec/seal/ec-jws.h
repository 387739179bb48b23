/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* JSON Web Signatures, compact, EdDSA over Ed25519 (RFC 7515 §7.1, RFC 8037 §3.1; ECP-0004 §2). */

/* The longest text that is signed or accepted. */
#define EC_JWS_TEXT_MAX (1 << 20)

/* `secret`: crypto_sign_SECRETKEYBYTES. */
char *ec_jws_sign (const guint8 *secret, const char *node_id, const char *type, const char *text);
char *ec_jws_verify (const char *node_id, const char *type, const char *jws, GError **error);
