/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcQuicCredentials: what we show. Any number of: an X.509 certificate with its key, or self-signed ones
 * that are made and renewed here (ECDSA P-256, valid 13 days, the next one ready before it is needed:
 * W3C WebTransport's serverCertificateHashes allow at most 14); an Ed25519 raw public key (RFC 7250). Any thread.
 */
typedef struct _EcQuicCredentials EcQuicCredentials;

EcQuicCredentials *ec_quic_credentials_new (void) G_GNUC_WARN_UNUSED_RESULT;
EcQuicCredentials *ec_quic_credentials_ref (EcQuicCredentials *self);
void ec_quic_credentials_unref (EcQuicCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcQuicCredentials, ec_quic_credentials_unref)

/* PEM files; read again when they change. Errors: EC_MOQ_ERROR_CERTIFICATE, with the file's name. */
gboolean ec_quic_credentials_add_files (EcQuicCredentials *self,
                                        const char *certificate_path,
                                        const char *key_path,
                                        GError **error);
/* For these DNS names and addresses ("localhost", "127.0.0.1", …). `now_s`: seconds since 1970. */
gboolean ec_quic_credentials_add_self_signed (EcQuicCredentials *self,
                                              const char *const *names,
                                              gint64 now_s,
                                              GError **error);
/* A 32-byte Ed25519 seed (RFC 8032), copied. */
gboolean
ec_quic_credentials_add_raw_key (EcQuicCredentials *self, const guint8 *seed, GError **error);
/* As of now, in seconds since 1970. Who connects does it, too; this is for times when nobody does. */
void ec_quic_credentials_renew (EcQuicCredentials *self, gint64 now_s);
/* Of the self-signed certificates: SHA-256 of the DER, current first, then the next; GBytes of 32 (transfer container). */
GPtrArray *ec_quic_credentials_get_hashes (EcQuicCredentials *self);

/*
 * EcQuicVerify: what the peer must show; made once, never changed. There is no kind that accepts anything.
 */
typedef struct _EcQuicVerify EcQuicVerify;

/* The system's trust store, and the name. */
EcQuicVerify *ec_quic_verify_new_system (void) G_GNUC_WARN_UNUSED_RESULT;
/* A PEM file of certificates, and the name. */
EcQuicVerify *ec_quic_verify_new_ca_file (const char *path,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One of these SHA-256 hashes of the certificate's DER, GBytes of 32; not expired; neither chain nor name. */
EcQuicVerify *ec_quic_verify_new_hashes (GPtrArray *hashes) G_GNUC_WARN_UNUSED_RESULT;
/* This raw public key, 32 bytes of Ed25519 (RFC 7250). */
EcQuicVerify *ec_quic_verify_new_raw_key (const guint8 *key) G_GNUC_WARN_UNUSED_RESULT;
EcQuicVerify *ec_quic_verify_ref (EcQuicVerify *self);
void ec_quic_verify_unref (EcQuicVerify *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcQuicVerify, ec_quic_verify_unref)
