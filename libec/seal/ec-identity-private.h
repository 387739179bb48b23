/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "seal/ec-identity.h"

/* The secret seed, 32 bytes (RFC 8032 §5.1.5), in locked memory of the identity's own: for TLS, which signs by itself. */
const guint8 *ec_identity_get_seed (EcIdentity *self);
