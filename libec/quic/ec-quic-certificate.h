/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/* One certificate that was made here, and its key. */
typedef struct {
  gnutls_x509_crt_t certificate;
  gnutls_x509_privkey_t key;
  gint64 from_s, until_s; /* seconds since 1970 */
  GBytes *hash;           /* SHA-256 of the DER */
} EcQuicCertificate;

/* Self-signed, ECDSA P-256, valid for these names and addresses. */
EcQuicCertificate *ec_quic_certificate_new (const char *const *names,
                                            gint64 from_s,
                                            gint64 until_s,
                                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ec_quic_certificate_free (EcQuicCertificate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcQuicCertificate, ec_quic_certificate_free)

/* What GnuTLS says of its error, but for the full stop that most of it ends in. */
char *ec_quic_describe_gnutls (int code);

/* RFC 8410: an Ed25519 SubjectPublicKeyInfo is these bytes and the key's 32. */
#define EC_QUIC_ED25519_SPKI_PREFIX                                                                \
  {                                                                                                \
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00                         \
  }
#define EC_QUIC_ED25519_SPKI_SIZE (12 + 32)

/* The 32 bytes of an Ed25519 SubjectPublicKeyInfo, in place; NULL if it is none. */
const guint8 *ec_quic_spki_get_ed25519 (const guint8 *data, gsize size);
/* Puts the pair of a 32-byte seed into `credentials`, for RFC 7250. GnuTLS' error, or 0. */
int ec_quic_set_raw_key (gnutls_certificate_credentials_t credentials, const guint8 *seed);
