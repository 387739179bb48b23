/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gnutls/gnutls.h>

#include "quic/ec-ngtcp2-compat.h"
#include "quic/ec-quic-credentials-private.h"

/* A file for TLS secrets, in the format of SSLKEYLOGFILE; written by all workers. */
typedef struct _EcQuicKeyLog EcQuicKeyLog;
EcQuicKeyLog *ec_quic_key_log_new (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ec_quic_key_log_free (EcQuicKeyLog *self);

/* TLS 1.3 of one connection: what GnuTLS does for it, and what is known of the peer afterwards. */
typedef struct {
  ngtcp2_crypto_conn_ref ref; /* first: GnuTLS' session pointer is this */
  gnutls_session_t session;
  ngtcp2_conn **conn;
  EcQuicCredentialsState *credentials;
  EcQuicVerify *verify; /* client */
  char *name;           /* client: that the certificate must have */
  gboolean require_client_key;
  EcQuicKeyLog *key_log;
  char *reason; /* why the peer's certificate was not taken; NULL */
  char *alpn;   /* NULL: not known yet */
  guint8 peer_key[32];
  gboolean has_peer_key;
} EcQuicTls;

typedef struct {
  gboolean server;
  EcQuicCredentialsState *credentials; /* a reference is taken */
  const char *const *alpns;
  EcQuicVerify *verify;    /* client */
  const char *server_name; /* client: for SNI; NULL: none */
  const char *name;        /* client: that the certificate must have */
  gboolean require_client_key;
  EcQuicKeyLog *key_log;
} EcQuicTlsConfig;

/* `conn` is where the connection will be. NULL with GnuTLS' error in `*code`. */
EcQuicTls *ec_quic_tls_new (const EcQuicTlsConfig *config,
                            ngtcp2_conn **conn,
                            int *code) G_GNUC_WARN_UNUSED_RESULT;
void ec_quic_tls_free (EcQuicTls *self);
/* Once the handshake is done: whether all is as it must be. Fills in what is known of the peer. */
gboolean ec_quic_tls_finish (EcQuicTls *self);
