/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gnutls/gnutls.h>

#include "quic/ec-quic-credentials.h"

/* What a TLS session uses: GnuTLS' credentials as they were at some time. They outlive what is made of them. */
typedef struct {
  gatomicrefcount refs;
  gnutls_certificate_credentials_t gnutls;
  gboolean x509;
  gboolean raw_key;
} EcQuicCredentialsState;

EcQuicCredentialsState *ec_quic_credentials_state_ref (EcQuicCredentialsState *self);
void ec_quic_credentials_state_unref (EcQuicCredentialsState *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcQuicCredentialsState, ec_quic_credentials_state_unref)

/* As of now: renews what is due and reads files again that have changed. NULL: nothing can be shown. */
EcQuicCredentialsState *ec_quic_credentials_get (EcQuicCredentials *self,
                                                 gint64 now_s) G_GNUC_WARN_UNUSED_RESULT;
/* For an endpoint that has nothing to show. */
EcQuicCredentialsState *ec_quic_credentials_state_new_empty (void) G_GNUC_WARN_UNUSED_RESULT;

/*
 * Whether the peer of `session` shows what it must. Else FALSE, with a sentence in `reason` (transfer full).
 * `name`: the DNS name or address that the certificate must have.
 */
gboolean ec_quic_verify_check (
    EcQuicVerify *self, gnutls_session_t session, const char *name, gint64 now_s, char **reason);
/* Whether it wants an RFC 7250 key in place of a certificate. */
gboolean ec_quic_verify_wants_raw_key (const EcQuicVerify *self);
