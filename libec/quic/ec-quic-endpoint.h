/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "quic/ec-quic-credentials.h"
#include "transport/ec-transport.h"

/*
 * EcQuicEndpoint: UDP sockets, and all QUIC v1 connections on them, dialled and accepted. RFC 9000, 9001, 9002, 9221.
 *
 * The work is done on worker threads, each with a socket of its own on the one port (SO_REUSEPORT, steered
 * by the first byte of the connection id); a connection stays on one worker. The functions below may be
 * called from any thread; callbacks come on a worker's.
 */
typedef struct _EcQuicEndpoint EcQuicEndpoint;

/*
 * A client has connected with `alpn`, TLS is done. TRUE: the transport is the caller's, who has set its
 * events and holds the reference that is given; `established` follows. FALSE: it is closed.
 */
typedef gboolean (*EcQuicAcceptFunc) (gpointer user_data, EcTransport *transport, const char *alpn);

typedef struct {
  /* GInetSocketAddress; port 0: one that is free, the same for all. NULL: an endpoint that only dials. */
  GPtrArray *listen;
  guint n_workers;                /* 0: one a core where it listens, else one */
  EcQuicCredentials *credentials; /* nullable where it only dials */
  const char *const *alpns;       /* NULL-terminated, the server's order of preference */
  EcQuicAcceptFunc accept;
  gpointer user_data;
  guint max_connections; /* accepted ones, handshakes included; 0: 4,096 */
  guint max_handshakes;  /* unfinished ones; 0: 256. Beyond a quarter, Retry (RFC 9000 §8.1.2) */
  gboolean
      require_client_key; /* RFC 7250 raw key of the client, where it offers one: it must be good */
  gboolean always_retry;  /* Retry to each client that shows no token */
  const guint8
      *secret; /* 32 bytes that derive reset and Retry tokens; NULL: random ones. One that is kept
                             * lets a process that was started again reset its former connections */
  /* Bytes that all accepted connections together may take beyond what each has at first: first_window, and 256 KiB of what
   * ngtcp2 needs. A window grows no more, and a connection that needs more fails, when it is used up; 0: no limit. */
  guint64 memory_pool;
  const char *key_log; /* a file that TLS secrets are added to, as of SSLKEYLOGFILE; NULL: none */
  const char *qlog_folder; /* one file of qlog a connection goes there; NULL: none */
} EcQuicEndpointConfig;

/* Limits and habits of one connection; 0 is the default that is named. */
typedef struct {
  guint idle_timeout_ms;      /* 30,000 */
  guint keep_alive_ms;        /* 5,000; G_MAXUINT: none */
  guint handshake_timeout_ms; /* 10,000 */
  guint64 connection_window;  /* bytes the peer may have in flight to us in all; 16 MiB */
  /* … at first: it grows to connection_window as the owner consumes, so that who sends what nobody can read
   * makes us hold no more than this; 0: all of it at once */
  guint64 first_window;
  guint64 stream_window;  /* … on one stream; 4 MiB */
  guint max_uni_streams;  /* open at once by the peer; 1,024 */
  guint max_bidi_streams; /* 256 */
  gboolean bbr;           /* congestion control BBR in place of CUBIC */
} EcQuicTuning;

typedef struct {
  GInetSocketAddress *address;
  const char *server_name;        /* SNI and the name that the certificate must have; nullable */
  const char *const *alpns;       /* offered, NULL-terminated, in order of preference */
  EcQuicVerify *verify;           /* what the server must show; never NULL */
  EcQuicCredentials *credentials; /* ours; nullable */
  EcQuicTuning tuning;
} EcQuicDial;

/* The new connection, on its worker's thread, before its first event: set its events; the reference is the callee's. */
typedef void (*EcQuicDialledFunc) (gpointer user_data, EcTransport *transport);

EcQuicEndpoint *ec_quic_endpoint_new (const EcQuicEndpointConfig *config,
                                      const EcQuicTuning *tuning,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
/*
 * Asks all connections to close with `code`, waits a bounded time for them to have said so, stops the threads.
 * No callback comes after it returns, so none to a later dial. From a worker's thread it returns at once, and
 * stops afterwards. The last reference stops with code 0.
 */
void ec_quic_endpoint_stop (EcQuicEndpoint *self, guint64 code, const char *reason);
EcQuicEndpoint *ec_quic_endpoint_ref (EcQuicEndpoint *self);
void ec_quic_endpoint_unref (EcQuicEndpoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcQuicEndpoint, ec_quic_endpoint_unref)

/* How much there is and was of what; for people and tests. */
typedef struct {
  guint64 connections;   /* open now, handshakes included */
  guint64 handshakes;    /* accepted ones, unfinished now */
  guint64 accepted;      /* handshakes finished, as server */
  guint64 retries;       /* Retry packets sent */
  guint64 refused;       /* clients turned away for want of room */
  guint64 handed_over;   /* datagrams that came to another worker than their connection's */
  guint64 resets_sent;   /* stateless ones */
  guint64 dropped;       /* datagrams that belong to nothing, or are broken */
  guint64 received;      /* datagrams */
  guint64 receive_calls; /* of the system's, those that brought nothing too */
  guint64 sent;          /* datagrams */
  guint64 send_calls;    /* of the system's */
} EcQuicStatistics;

void ec_quic_endpoint_get_statistics (EcQuicEndpoint *self, EcQuicStatistics *statistics);

/* What it was made with; NULL: nothing. Belongs to the endpoint. */
EcQuicCredentials *ec_quic_endpoint_get_credentials (EcQuicEndpoint *self);
/* GInetSocketAddress, in the order of config.listen, with the ports that were got; (transfer container). */
GPtrArray *ec_quic_endpoint_get_addresses (EcQuicEndpoint *self);
/* Copies all of `dial`. What goes wrong comes as `closed` of the transport. In place of no `server_name` the address's
 * text is what the certificate must have. */
void ec_quic_endpoint_dial (EcQuicEndpoint *self,
                            const EcQuicDial *dial,
                            EcQuicDialledFunc dialled,
                            gpointer user_data);
