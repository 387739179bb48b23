/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quic/ec-quic-memory.h"
#include "quic/ec-quic-scheduler.h"
#include "quic/ec-quic-worker.h"

/* RFC 9000 §16; ngtcp2 takes no number beyond it for granted. */
#define EC_QUIC_MAX_VARINT ((G_GUINT64_CONSTANT (1) << 62) - 1)
/* How many datagrams (RFC 9221) wait at most. */
#define EC_QUIC_DATAGRAMS 16
/* An application's words in CONNECTION_CLOSE are cut here. */
#define EC_QUIC_MAX_REASON 512

typedef struct {
  EcTransportDatagram base;
  guint8 *head;
  gsize head_size;
  EcPayload *payload; /* nullable */
} EcQuicOutgoing;

/* What was encrypted and the socket did not take. */
typedef struct {
  EcQuicSocket *socket;
  EcQuicAddress local, remote;
  guint8 ecn;
  guint8 *data;
  gsize size, segment;
} EcQuicPending;

/*
 * One QUIC connection: an EcTransport on a worker's thread. Once it is closed only the shell is left, which any
 * thread may free. The worker holds a reference until then.
 */
struct _EcQuicConnection {
  EcTransport base;
  EcQuicWorker *worker;
  EcQuicRoute route;
  GList link;       /* in the worker's connections */
  GList dirty_link; /* … and dirty */
  gboolean dirty;
  gint wake_posted; /* atomic */

  ngtcp2_conn *ngtcp2; /* NULL: closed */
  EcQuicMemory memory; /* server: what that takes */
  EcQuicTls *tls;
  EcQuicSocket *socket;
  EcQuicAddress local, remote; /* of the last packet that was sent */
  GArray *cids;                /* of ngtcp2_cid: ours */
  GPtrArray *tokens;           /* 16 bytes each: the peer's reset tokens that we know it by */
  guint64 window_left;         /* how much the peer's may still grow */
  guint64 window_grown;        /* server: what it has of the endpoint's pool */
  ngtcp2_cid initial;          /* server: the id that the client chose */
  gboolean counted_handshake;
  gboolean established;
  gboolean blocked; /* waits for its socket */
  gboolean was_reset;
  GArray *stops; /* of EcQuicStop, in the packet that is being read */
  guint keep_alive_ms;
  int qlog_fd;
  guint64 datagram_id;

  EcQuicTimer timer; /* the earlier of these: */
  guint64 expiry;    /* ngtcp2's, in ns */
  guint64 app_timer; /* the owner's, in µs */

  GHashTable *streams; /* EcStreamId → EcQuicStream */
  EcQuicStream *found; /* of them, the last that was looked for; nullable */
  EcQuicScheduler scheduler;
  GQueue notify; /* of EcStreamId, as gint64: `stream_sent` is to be told */
  guint64 age;   /* of the next stream */
  gboolean wants_uni, wants_bidi;
  GQueue datagrams; /* of EcQuicOutgoing */
  EcQuicPending *pending;
  gboolean more; /* the last burst was full */

  gboolean closing; /* `close` below is to be told, and nothing else */
  gboolean silent;  /* … without a packet */
  gboolean draining;
  EcTransportClose close;
  char *close_reason;
  EcNgtcp2Error close_error;

  guint64 bytes_sent, bytes_received, packets_lost;
  char *peer_text;
  EcQuicAddress peer_text_of;
};

/* A client's first packet was accepted: the header, and, after a Retry, the id before it. */
EcQuicConnection *ec_quic_connection_accept (EcQuicWorker *worker,
                                             EcQuicSocket *socket,
                                             const EcQuicDatagram *datagram,
                                             const ngtcp2_pkt_hd *header,
                                             const ngtcp2_cid *original_dcid);
void ec_quic_connection_dial (EcQuicWorker *worker, EcQuicDialRequest *request);

/* By the worker. */
void ec_quic_connection_receive (EcQuicConnection *self,
                                 EcQuicSocket *socket,
                                 const EcQuicDatagram *datagram);
void ec_quic_connection_flush (EcQuicConnection *self, guint64 now);
void ec_quic_connection_woken (EcQuicConnection *self);
void ec_quic_connection_writable (EcQuicConnection *self);

/* Between the files of the connection. */
/* Around reading a packet: `stream_stopped` is told at the end. */
void ec_quic_connection_begin_stops (EcQuicConnection *self);
void ec_quic_connection_end_stops (EcQuicConnection *self);
extern const EcTransportClass ec_quic_connection_class;

#define EC_QUIC_CONNECTION(transport) ((EcQuicConnection *) (transport))

/* Nothing more is told but `closed`. Only the first call counts. `reason` is copied. */
void ec_quic_connection_fail (EcQuicConnection *self,
                              EcTransportCloseCause cause,
                              guint64 code,
                              const char *reason,
                              gboolean silent);
/* As an error of ngtcp2's, from reading, writing or a timer. */
void ec_quic_connection_fail_ngtcp2 (EcQuicConnection *self, int code);
/* Tells the owner and lets go: ngtcp2, TLS, streams, and the worker's reference. */
void ec_quic_connection_finish (EcQuicConnection *self, guint64 now);

void ec_quic_connection_set_callbacks (ngtcp2_callbacks *callbacks, gboolean server);
void ec_quic_connection_update_timer (EcQuicConnection *self);
/* Writes what may be sent now. */
void ec_quic_connection_write (EcQuicConnection *self, guint64 now);
/* What is still pending, then on. FALSE: the socket does not take it. */
gboolean ec_quic_connection_write_pending (EcQuicConnection *self);
void ec_quic_pending_free (EcQuicPending *pending);
void ec_quic_outgoing_free (EcQuicOutgoing *outgoing);

EcQuicStream *ec_quic_connection_find (EcQuicConnection *self, EcStreamId id);
EcQuicStream *
ec_quic_connection_add_stream (EcQuicConnection *self, EcStreamId id, gboolean remote);
/* In the scheduler if it is ready, else not. */
void ec_quic_connection_schedule (EcQuicConnection *self, EcQuicStream *stream);
/* `size` bytes that were delivered are the peer's to send again. */
void ec_quic_connection_give_back (EcQuicConnection *self, EcQuicStream *stream, gsize size);
/* Tells `stream_closed` if ngtcp2 has closed the stream and all that was delivered was consumed. */
void ec_quic_connection_drop_stream (EcQuicConnection *self, EcQuicStream *stream);

#define ec_quic_connection_emit(self, event, ...)                                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if ((self)->base.events && (self)->base.events->event && !(self)->closing)                     \
      (self)->base.events->event ((self)->base.user_data, ##__VA_ARGS__);                          \
  }                                                                                                \
  G_STMT_END

/* What stays of a closed connection for three PTO (RFC 9000 §10.2): its ids, and the packet that says so. */
struct _EcQuicTomb {
  EcQuicRoute route;
  EcQuicTimer timer;
  GList link;
  EcQuicWorker *worker; /* no reference: it goes first */
  EcQuicSocket *socket;
  EcQuicAddress local, remote;
  GArray *cids;
  ngtcp2_cid initial;
  guint8 *packet; /* NULL: the peer closed, and we are silent */
  gsize size;
  gboolean unsent; /* the socket was full: not even once */
  guint received;  /* packets since */
};

EcQuicTomb *
ec_quic_tomb_new (EcQuicConnection *of, const guint8 *packet, gsize size, guint64 until);
/* Sends what a full socket has kept back, as far as it takes it now. */
void ec_quic_tomb_send_unsent (EcQuicWorker *worker, EcQuicSocket *socket);
void ec_quic_tomb_free (EcQuicTomb *self);
void ec_quic_tomb_receive (EcQuicTomb *self, const EcQuicDatagram *datagram);
