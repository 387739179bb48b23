/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-payload.h"

/*
 * EcTransport: the one interface that a session sees of what carries it: a QUIC connection (RFC 9000),
 * a WebTransport session over HTTP/3, a pair in memory.
 *
 * A transport lives on one thread, its own: every function below and every event is called there, but
 * for ec_transport_wake(). Nothing blocks. No event comes from inside a function below; whatever
 * may be called from an event may be called from every event. `closed` is the last event; after it, and not before, the owner lets go with
 * ec_transport_unref().
 *
 * Bytes that are written belong to the transport until they are acknowledged: a payload is kept by
 * reference and never copied, so what is queued for a slow peer costs next to nothing beyond the
 * payloads themselves. Whoever writes watches ec_transport_get_unsent() and gives up streams that
 * are too far behind; the transport itself never drops anything.
 */

/* Stream ids are QUIC's (RFC 9000 §2.1), also above WebTransport: bit 0 tells who opened it, bit 1 uni. */
typedef gint64 EcStreamId;

#define EC_STREAM_NONE ((EcStreamId) -1)
#define EC_STREAM_IS_UNI(id) (((id) &2) != 0)
#define EC_STREAM_IS_SERVERS(id) (((id) &1) != 0)

/* What the streams of a transport take turns by. Lower is sooner. */
typedef struct {
  guint32 level;    /* nothing of a higher number is sent while something of a lower one can be */
  guint32 flow;     /* of one level, flows take turns … */
  guint64 order;    /* … and within a flow the lowest goes first; … */
  guint64 suborder; /* … of equal ones, the lowest of this; of equal ones, the oldest stream */
} EcTransportPriority;

typedef enum {
  EC_TRANSPORT_CLOSE_LOCAL,       /* by ec_transport_close() */
  EC_TRANSPORT_CLOSE_PEER,        /* by the peer's application, with a code and a reason */
  EC_TRANSPORT_CLOSE_IDLE,        /* nothing was heard for the idle time */
  EC_TRANSPORT_CLOSE_UNREACHABLE, /* never established: nobody answered in time, or refused */
  EC_TRANSPORT_CLOSE_TLS,         /* never established: certificate, ALPN, … */
  EC_TRANSPORT_CLOSE_REFUSED, /* never established: WebTransport CONNECT answered with an error status */
  EC_TRANSPORT_CLOSE_RESET,    /* stateless reset: the peer lost its state */
  EC_TRANSPORT_CLOSE_PROTOCOL, /* either side broke QUIC's or HTTP/3's rules */
  EC_TRANSPORT_CLOSE_FAILED,   /* out of memory, network down, … */
} EcTransportCloseCause;

typedef struct {
  EcTransportCloseCause cause;
  guint64 code;       /* the application's, where an application closed; else QUIC's or TLS's */
  const char *reason; /* never NULL; UTF-8, for people; the peer's own words where it sent some */
} EcTransportClose;

typedef struct {
  void (*established) (gpointer user_data);
  /* In order, each byte once. `data` is valid during the call. `fin`: these were the last ones (size may be
   * 0). Flow control credit goes back by ec_transport_consume() only. */
  void (*stream_data) (
      gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin);
  void (*stream_reset) (gpointer user_data, EcStreamId id, guint64 code);   /* RESET_STREAM */
  void (*stream_stopped) (gpointer user_data, EcStreamId id, guint64 code); /* STOP_SENDING */
  /* All that was written has been sent once; comes once after each time that something was unsent. */
  void (*stream_sent) (gpointer user_data, EcStreamId id);
  /* Both directions are done; the id is not heard of again and must not be used. */
  void (*stream_closed) (gpointer user_data, EcStreamId id);
  /* After ec_transport_open_stream() had to refuse: it is worth another try. */
  void (*streams_available) (gpointer user_data, gboolean uni);
  void (*datagram) (gpointer user_data, const guint8 *data, gsize size);
  void (*timer) (gpointer user_data);
  void (*woken) (gpointer user_data);
  void (*closed) (gpointer user_data, const EcTransportClose *close);
} EcTransportEvents;

/* What is known of the connection now. Strings belong to the transport. */
typedef struct {
  const char *protocol;   /* of MOQT: ALPN, or WebTransport's sub-protocol; "" when none */
  const char *peer;       /* "203.0.113.7:443", "[2001:db8::1]:443" */
  const char *path;       /* WebTransport: path and query of the CONNECT; else NULL */
  const char *authority;  /* WebTransport: of the CONNECT; else NULL */
  const char *origin;     /* WebTransport, server: the Origin header, or NULL */
  const guint8 *peer_key; /* raw public key, 32 bytes of Ed25519, or NULL */
  const char *kind;       /* "quic", "webtransport", "memory" */
  guint64 rtt_us;         /* smoothed; 0: not measured */
  guint64 bytes_sent;     /* of UDP payload */
  guint64 bytes_received;
  guint64 packets_lost;
  guint64 congestion_window; /* bytes */
} EcTransportInfo;

typedef struct _EcTransport EcTransport;

typedef struct {
  gsize struct_size; /* reserved for checks; sizeof (EcTransportClass) */
  EcStreamId (*open_stream) (EcTransport *self, gboolean uni);
  void (*set_priority) (EcTransport *self, EcStreamId id, const EcTransportPriority *priority);
  void (*write) (EcTransport *self,
                 EcStreamId id,
                 const guint8 *head,
                 gsize head_size,
                 EcPayload *payload,
                 gsize offset,
                 gsize size,
                 gboolean fin);
  void (*reset) (EcTransport *self, EcStreamId id, guint64 code);
  void (*stop) (EcTransport *self, EcStreamId id, guint64 code);
  void (*consume) (EcTransport *self, EcStreamId id, gsize size);
  gsize (*get_unsent) (EcTransport *self, EcStreamId id);
  gsize (*get_max_datagram) (EcTransport *self);
  void (*send_datagram) (
      EcTransport *self, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload);
  guint64 (*now) (EcTransport *self);
  void (*set_timer) (EcTransport *self, guint64 at_us);
  void (*wake) (EcTransport *self);
  void (*close) (EcTransport *self, guint64 code, const char *reason);
  void (*get_info) (EcTransport *self, EcTransportInfo *info);
  void (*free) (EcTransport *self);
} EcTransportClass;

/* What each kind begins with. */
struct _EcTransport {
  const EcTransportClass *klass;
  const EcTransportEvents *events; /* nobody's until ec_transport_set_events() */
  gpointer user_data;
  gatomicrefcount refs;
  gboolean server; /* we accepted it */
};

/* What a datagram that waits begins with, in each kind. */
typedef struct {
  guint32 level;
} EcTransportDatagram;

/* For the kinds: puts `datagram` where it belongs in the queue of those that wait; gives back the one of them to be dropped, since they are
 * more than `max`, or NULL. */
gpointer
ec_transport_queue_datagram (GQueue *queue, gpointer datagram, guint max) G_GNUC_WARN_UNUSED_RESULT;

void ec_transport_init (EcTransport *self, const EcTransportClass *klass, gboolean server);

/* From any thread; the last one frees, on the transport's thread only. */
EcTransport *ec_transport_ref (EcTransport *self);
void ec_transport_unref (EcTransport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcTransport, ec_transport_unref)

/* Who hears. Before the first event, and to hand a transport on (as from HTTP/3's handshake to the session). */
void
ec_transport_set_events (EcTransport *self, const EcTransportEvents *events, gpointer user_data);

/* EC_STREAM_NONE: the peer allows no more for now; `streams_available` tells when it does. */
EcStreamId ec_transport_open_stream (EcTransport *self, gboolean uni);
/* At any time; without it a stream has level, flow, order and suborder 0. */
void
ec_transport_set_priority (EcTransport *self, EcStreamId id, const EcTransportPriority *priority);
/*
 * Queues `head_size` bytes, which are copied, then `size` bytes of `payload` from `offset`, which are not
 * and must be filled already; both may be empty. `fin`: nothing follows. Ignored on streams that were reset
 * or stopped.
 */
void ec_transport_write (EcTransport *self,
                         EcStreamId id,
                         const guint8 *head,
                         gsize head_size,
                         EcPayload *payload,
                         gsize offset,
                         gsize size,
                         gboolean fin);
/* RESET_STREAM: forgets what is queued. */
void ec_transport_reset (EcTransport *self, EcStreamId id, guint64 code);
/* STOP_SENDING: `stream_data` does not come again, `stream_reset` may. */
void ec_transport_stop (EcTransport *self, EcStreamId id, guint64 code);
/* `size` bytes of what came by `stream_data` are done with: the peer may send as many more. */
void ec_transport_consume (EcTransport *self, EcStreamId id, gsize size);
/* Bytes written that were not sent even once. */
gsize ec_transport_get_unsent (EcTransport *self, EcStreamId id);
/* 0: the peer takes no datagrams. */
gsize ec_transport_get_max_datagram (EcTransport *self);
/*
 * `level` as of streams; of one level datagrams go before streams, and as they came. Never more than a few wait: of the
 * highest level the oldest are dropped. Dropped too if larger than the peer takes. `payload` nullable.
 */
void ec_transport_send_datagram (
    EcTransport *self, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload);
/* Monotonic microseconds; virtual in memory. */
guint64 ec_transport_now (EcTransport *self);
/* One timer, `timer` comes once at or after `at_us`; G_MAXUINT64 for none. Setting it again replaces it. */
void ec_transport_set_timer (EcTransport *self, guint64 at_us);
/* From any thread that holds a reference: `woken` comes soon; many calls may be answered by one. */
void ec_transport_wake (EcTransport *self);
/* Sends the code and reason to the peer, as far as that is possible; `closed` follows soon, and no other event before it. */
void ec_transport_close (EcTransport *self, guint64 code, const char *reason);
void ec_transport_get_info (EcTransport *self, EcTransportInfo *info);
