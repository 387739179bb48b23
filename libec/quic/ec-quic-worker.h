/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quic/ec-quic-endpoint-private.h"
#include "quic/ec-quic-socket.h"
#include "quic/ec-quic-timer.h"

/* Length of the connection ids that we choose; the first byte modulo the number of workers names the worker. */
#define EC_QUIC_CID_SIZE 8
/* Longer datagrams than this are nobody's: we announce it as max_udp_payload_size (RFC 9000 §18.2). */
#define EC_QUIC_MAX_DATAGRAM 2048
/* UDP takes no more, and the kernel no more segments. */
#define EC_QUIC_MAX_BURST 65000
#define EC_QUIC_MAX_SEGMENTS 64

/* What a connection id leads to: a connection, or what is left of one while it closes (RFC 9000 §10.2). */
typedef struct {
  EcQuicConnection *connection;
  EcQuicTomb *tomb;
} EcQuicRoute;

/* A thread, its sockets, and the connections on it. What is not marked otherwise belongs to the thread. */
struct _EcQuicWorker {
  gatomicrefcount refs;
  guint index;
  EcQuicEndpoint *endpoint; /* while the thread runs */
  GThread *thread;
  GMainContext *context;
  GSource *source;
  gpointer timer_tag;
  int timer_fd;
  guint64 timer_at; /* what timer_fd is set to; 0: nothing */

  GPtrArray
      *sockets; /* of EcQuicSocket: listening ones by their index, then those that only dial */
  guint n_listening;
  EcQuicReceiver *receiver;
  guint8 *burst; /* EC_QUIC_MAX_BURST, what is about to be sent */

  EcQuicTimers timers;
  GHashTable *cids;     /* our ids, as numbers → EcQuicRoute */
  GHashTable *initials; /* ids that clients chose, EcQuicCid → EcQuicRoute */
  GHashTable *tokens;   /* stateless reset tokens of peers → EcQuicConnection */
  GQueue connections;   /* all, by their `link` */
  GQueue dirty;         /* that have something to do, by their `dirty_link` */
  GQueue tombs;         /* oldest first */
  guint n_unsent_tombs; /* whose packet a full socket has kept back */
  gboolean stopping;
  guint answers; /* left of this second's resets and refusals */
  guint64 answer_second;
  EcQuicStatistics counts; /* of this worker, written by it and read by all: atomic */

  GMutex mutex; /* guards: */
  GQueue inbox; /* of Message */
  guint inbox_packets;
  gboolean stopped; /* nothing is taken any more */
};

EcQuicWorker *ec_quic_worker_new (EcQuicEndpoint *endpoint, guint index) G_GNUC_WARN_UNUSED_RESULT;
EcQuicWorker *ec_quic_worker_ref (EcQuicWorker *self);
void ec_quic_worker_unref (EcQuicWorker *self);
void ec_quic_worker_start (EcQuicWorker *self);
gboolean ec_quic_worker_is_current (const EcQuicWorker *self);

/* Any thread. */
void ec_quic_worker_post_dial (EcQuicWorker *self, EcQuicDialRequest *request);
void ec_quic_worker_post_wake (EcQuicWorker *self, EcQuicConnection *connection);
void ec_quic_worker_post_stop (EcQuicWorker *self, guint64 code, const char *reason);
/* Dropped when many wait. */
void
ec_quic_worker_post_datagram (EcQuicWorker *self, guint socket, const EcQuicDatagram *datagram);

/* The worker's thread. */
guint64 ec_quic_now (void);
/* The connection has something to do, soon. */
void ec_quic_worker_mark (EcQuicWorker *self, EcQuicConnection *connection);
void ec_quic_worker_choose_cid (EcQuicWorker *self, ngtcp2_cid *cid);
EcQuicRoute *ec_quic_worker_find_cid (EcQuicWorker *self, const guint8 *data);
void ec_quic_worker_add_cid (EcQuicWorker *self, const ngtcp2_cid *cid, EcQuicRoute *route);
void ec_quic_worker_remove_cid (EcQuicWorker *self, const ngtcp2_cid *cid);
void ec_quic_worker_add_initial (EcQuicWorker *self, const ngtcp2_cid *cid, EcQuicRoute *route);
void ec_quic_worker_remove_initial (EcQuicWorker *self, const ngtcp2_cid *cid);
void
ec_quic_worker_add_token (EcQuicWorker *self, const guint8 *token, EcQuicConnection *connection);
void ec_quic_worker_remove_token (EcQuicWorker *self, const guint8 *token);
/* For a dialled connection: a socket of that family. */
EcQuicSocket *
ec_quic_worker_get_dial_socket (EcQuicWorker *self, const EcQuicAddress *remote, GError **error);
EcQuicSocket *ec_quic_worker_find_socket (EcQuicWorker *self, const EcQuicAddress *local);
/* As ec_quic_socket_send(), counted; waits for the socket on EAGAIN. */
int ec_quic_worker_send (EcQuicWorker *self,
                         EcQuicSocket *socket,
                         const EcQuicAddress *local,
                         const EcQuicAddress *remote,
                         guint8 ecn,
                         const guint8 *data,
                         gsize size,
                         gsize segment,
                         gsize *done);
/* Whether one more answer to somebody unknown may be sent: bounded a second. */
gboolean ec_quic_worker_may_answer (EcQuicWorker *self);

/* Before the thread runs, or on it; takes the socket. */
void ec_quic_worker_add_socket (EcQuicWorker *self, EcQuicSocket *socket);

/* What came in, perhaps by another worker (ec-quic-demux.c). */
void ec_quic_worker_receive (EcQuicWorker *self,
                             EcQuicSocket *socket,
                             const EcQuicDatagram *datagram,
                             gboolean handed_over);

/* An errno for what did not arrive. Anybody could say so: it counts where it quotes a connection id that only the way there has seen, of
 * a connection to which nobody has answered yet (RFC 9000 §14.2.1, §21.1.1.2). */
void ec_quic_worker_receive_error (EcQuicWorker *self, int code, const EcQuicDatagram *quoted);

/* A table with keys of 16 bytes that are freed. */
GHashTable *ec_quic_tokens_new (void) G_GNUC_WARN_UNUSED_RESULT;

#define ec_quic_count(worker, what, n)                                                             \
  __atomic_fetch_add (&(worker)->counts.what, (guint64) (n), __ATOMIC_RELAXED)
