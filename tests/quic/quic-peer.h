/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quic/ec-quic-endpoint.h"

/*
 * An owner of connections that writes down what it hears, and does on the transport's thread what a test asks for.
 */
typedef struct _Peer Peer;

typedef struct {
  GByteArray *bytes;
  guint64 size; /* of all that came, kept or not */
  gboolean fin, closed, sent;
  gboolean was_reset, was_stopped;
  guint64 reset_code, stop_code;
  guint64 first_us, last_us; /* when bytes came */
} PeerStream;

typedef struct {
  EcTransport *transport; /* NULL once it was let go of */
  Peer *peer;
  GHashTable *streams; /* EcStreamId → PeerStream */
  GPtrArray *datagrams;
  guint64 bytes;       /* of all streams */
  GArray *datagram_at; /* of guint64: of each datagram, what `bytes` was */
  GArray *order;       /* of EcStreamId: in which they ended */
  gboolean established, closed, timer;
  guint available; /* `streams_available` events */
  EcTransportClose close;
  char *reason;
  char *protocol;
  char *remote;
  guint8 peer_key[32];
  gboolean has_key;
  GThread *thread;
  gboolean moved; /* an event came on another thread than the first */
  GQueue jobs;
} PeerConnection;

typedef void (*PeerJob) (PeerConnection *connection, gpointer user_data);

struct _Peer {
  GMutex mutex;
  GCond cond;
  GPtrArray *connections; /* of PeerConnection */
  gboolean refuse;
  gboolean hold;   /* consumes nothing */
  gboolean forget; /* keeps no bytes, and checks them against the pattern */
  gboolean echo;   /* what comes on bidirectional streams goes back; datagrams too */
  guint64 wrong;   /* bytes that were not the pattern */
  EcQuicEndpoint *endpoint;
};

Peer *peer_new (void);
void peer_free (Peer *self); /* stops its endpoint first */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Peer, peer_free)

/* The n-th connection, when there is one that is established or closed. */
PeerConnection *peer_wait (Peer *self, guint n);
/* Runs on the connection's thread, and returns when it is done. FALSE: closed. */
gboolean peer_do (PeerConnection *connection, PeerJob job, gpointer user_data);

/* Waits until `condition` holds, which may use what is the peer's; fails the test after 20 s. */
#define peer_wait_until(peer, condition)                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 end_ = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;                                   \
    gboolean ok_ = TRUE;                                                                           \
    g_mutex_lock (&(peer)->mutex);                                                                 \
    while (!(condition) && ok_)                                                                    \
      ok_ = g_cond_wait_until (&(peer)->cond, &(peer)->mutex, end_);                               \
    ok_ = (condition);                                                                             \
    g_mutex_unlock (&(peer)->mutex);                                                               \
    if (!ok_)                                                                                      \
      g_error ("%s:%d: not within 20 s: %s", __FILE__, __LINE__, #condition);                      \
  }                                                                                                \
  G_STMT_END

/* With the peer's mutex, or by one of its jobs. */
PeerStream *peer_stream (PeerConnection *connection, EcStreamId id);

/* A server with a self-signed certificate, on 127.0.0.1 and ::1, for the ALPN "test". */
typedef struct {
  EcQuicEndpointConfig config;
  EcQuicTuning tuning;
  gboolean only_v4;
} PeerServer;
EcQuicCredentials *peer_credentials (void);
void peer_listen (Peer *self, const PeerServer *server);
GInetSocketAddress *peer_address (Peer *self, guint n);

/* An endpoint that only dials, unless it listens already. */
void peer_dial (Peer *self, GInetSocketAddress *address, const EcQuicDial *with);
/* What takes the certificate of that server. */
EcQuicVerify *peer_verify (Peer *server);

/* Byte `offset` of any stream in the tests that move much. */
static inline guint8
peer_pattern (guint64 offset)
{
  return (guint8) ((offset * 2654435761u) >> 13);
}
EcPayload *peer_payload (guint64 offset, gsize size);

/* Jobs. */
typedef struct {
  EcStreamId id; /* EC_STREAM_NONE: opened, and filled in */
  gboolean uni;
  const char *text;
  EcPayload *payload;
  gboolean fin;
  const EcTransportPriority *priority;
} PeerWrite;
void peer_job_write (PeerConnection *connection, gpointer write);
