/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quic/ec-quic-endpoint.h"
#include "quic/ec-quic-tls.h"

typedef struct _EcQuicWorker EcQuicWorker;
typedef struct _EcQuicConnection EcQuicConnection;
typedef struct _EcQuicTomb EcQuicTomb;

#define EC_QUIC_SECRET_SIZE 32

/* A copy of EcQuicDial, and what is to be called. */
typedef struct {
  GInetSocketAddress *address;
  char *server_name;
  GStrv alpns;
  EcQuicVerify *verify;
  EcQuicCredentials *credentials;
  EcQuicTuning tuning;
  EcQuicDialledFunc dialled;
  gpointer user_data;
} EcQuicDialRequest;

void ec_quic_dial_request_free (EcQuicDialRequest *self);

struct _EcQuicEndpoint {
  gatomicrefcount refs;

  /* Never changed once it runs. */
  GPtrArray *workers;
  GPtrArray *addresses; /* GInetSocketAddress, as got */
  EcQuicCredentials *credentials;
  GStrv alpns;
  EcQuicAcceptFunc accept;
  gpointer user_data;
  guint max_connections;
  guint max_handshakes;
  gboolean require_client_key;
  gboolean always_retry;
  guint64 memory_pool; /* 0: no limit */
  EcQuicTuning tuning; /* of accepted connections; without zeros */
  guint8 reset_secret[EC_QUIC_SECRET_SIZE];
  guint8 retry_secret[EC_QUIC_SECRET_SIZE];
  EcQuicKeyLog *key_log;
  char *qlog_folder;

  /* Of all workers, atomic. */
  guint n_accepted;   /* connections that were accepted and are there, handshakes included */
  guint n_handshakes; /* … and are not done */
  guint64 pool_used;  /* of memory_pool */
  guint next_worker;  /* for the next dial */

  GMutex mutex;       /* guards: */
  GHashTable *tokens; /* stateless reset token (16 bytes) → the worker's index + 1 */
  gboolean stopped;
};

/* One whose threads do not run: for tests, which drive its workers themselves and never let go of it. */
EcQuicEndpoint *ec_quic_endpoint_prepare (const EcQuicEndpointConfig *config,
                                          const EcQuicTuning *tuning,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Zeros become the defaults. */
void ec_quic_tuning_complete (EcQuicTuning *tuning);
