/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "seal/ec-identity.h"

#define EC_IDENTITY_KEY_SIZE 32
#define EC_IDENTITY_SIGNATURE_SIZE 64

/* The secret seed, 32 bytes (RFC 8032 §5.1.5), in locked memory of the identity's own: for TLS, which signs by itself. */
const guint8 *ec_identity_get_seed (EcIdentity *self);
/* Ed25519 (RFC 8032) over `size` bytes. */
void ec_identity_sign (EcIdentity *self,
                       const guint8 *data,
                       gsize size,
                       guint8 signature[EC_IDENTITY_SIGNATURE_SIZE]);
/* The public key, as bytes. */
void ec_identity_get_public_key (EcIdentity *self, guint8 key[EC_IDENTITY_KEY_SIZE]);
