/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/ec-memory-transport.h"

typedef struct _EcMemoryEnd EcMemoryEnd;

typedef enum {
  EC_MEMORY_ESTABLISHED,
  EC_MEMORY_SEND,          /* internal: the sender's next turn */
  EC_MEMORY_DATA,          /* id, data, flag: fin */
  EC_MEMORY_RESET,         /* id, value: code */
  EC_MEMORY_STOP,          /* id, value: code */
  EC_MEMORY_ACKED,         /* id: FIN or RESET_STREAM was */
  EC_MEMORY_STREAM_CREDIT, /* id */
  EC_MEMORY_CREDIT,
  EC_MEMORY_MORE_STREAMS, /* flag: uni */
  EC_MEMORY_AVAILABLE,    /* flag: uni */
  EC_MEMORY_SENT,         /* id */
  EC_MEMORY_STREAM_CLOSED,
  EC_MEMORY_DATAGRAM,
  EC_MEMORY_TIMER, /* value: which one */
  EC_MEMORY_WOKEN,
  EC_MEMORY_CLOSE, /* data: an EcTransportClose and its reason */
  EC_MEMORY_CUT,
} EcMemoryEventKind;

/* Something that will happen to `end`. */
typedef struct {
  guint64 at_us;
  guint64 serial; /* of equal times, the older goes first */
  EcMemoryEnd *end;
  EcMemoryEventKind kind;
  EcStreamId id;
  guint64 value;
  gboolean flag;
  EcTransportCloseCause cause;
  guint8 *data; /* owned */
  gsize size;
} EcMemoryEvent;

/* One stream as one end sees it. Kept until the network is gone: late pieces must find it. */
typedef struct {
  EcStreamId id;
  guint64 serial; /* of those that are equal otherwise, the oldest is sent first */
  EcTransportPriority priority;
  /* Sending. */
  GByteArray *unsent;
  gsize unsent_at; /* bytes at the front that were sent */
  gboolean fin_wanted, fin_sent, reset_sent, send_done;
  gboolean active;         /* in the end's list of these */
  gboolean sent_due;       /* `stream_sent` is owed */
  guint64 send_credit;     /* bytes that the peer still takes */
  guint64 last_arrival_us; /* nothing of this stream arrives before */
  /* Receiving. */
  gsize unconsumed; /* handed out, not given back */
  gsize credit_due; /* given back, not told to the peer */
  gboolean fin_received, reset_received, stopped;
  gboolean closed, closed_told;
} EcMemoryStream;

typedef struct {
  EcTransportDatagram base;
  guint8 *data;
  gsize size;
} EcMemoryDatagram;

/* Half of a pair. */
struct _EcMemoryEnd {
  EcTransport transport;
  EcMemoryNetwork *network;
  EcMemoryEnd *peer;
  EcMemoryLink link; /* defaults filled in; the strings are the client's */
  gboolean established, closed, released, cut;
  gboolean woken;         /* the network's */
  guint64 established_us; /* when it is, unless it closes before */
  GHashTable *streams;
  GPtrArray *active; /* with something unsent */
  guint64 n_streams;
  guint opened[2], may_open[2]; /* [uni] */
  gboolean open_refused[2];
  guint64 send_credit; /* of the connection */
  guint64 credit_due;
  GHashTable *last_flows; /* by level: which had its turn last */
  GQueue datagrams;
  gboolean send_scheduled;
  guint64 link_free_us;
  guint64 timer; /* the number of the one that is set */
  guint64 bytes_sent, bytes_received, lost;
};

/* Queues `event`, whose data it takes; the serial number is its own. */
void ec_memory_network_push (EcMemoryNetwork *self, const EcMemoryEvent *event);
/* From any thread. */
void ec_memory_network_wake (EcMemoryNetwork *self, EcMemoryEnd *end);

/* -- ec-memory-transport.c: the calls, pairs */

void ec_memory_pair_new (EcMemoryNetwork *network,
                         const EcMemoryLink *link,
                         EcMemoryEnd **client,
                         EcMemoryEnd **server);
void ec_memory_pair_free (EcMemoryEnd *client);

/* -- ec-memory-stream.c: what will happen, streams, sending */

guint64 ec_memory_end_now (EcMemoryEnd *self);
guint64 ec_memory_end_arrival (EcMemoryEnd *self);
guint64 ec_memory_end_soonest_arrival (EcMemoryEnd *self);
void ec_memory_end_soon (EcMemoryEnd *self, EcMemoryEventKind kind, EcStreamId id, gboolean flag);
void ec_memory_end_tell_peer (
    EcMemoryEnd *self, EcMemoryEventKind kind, EcStreamId id, guint64 value, gboolean flag);
void ec_memory_end_schedule_send (EcMemoryEnd *self);
void ec_memory_end_send (EcMemoryEnd *self);
EcMemoryStream *ec_memory_end_find (EcMemoryEnd *self, EcStreamId id);
gboolean ec_memory_end_is_ours (EcMemoryEnd *self, EcStreamId id);
void ec_memory_end_give_credit (EcMemoryEnd *self, EcMemoryStream *stream, gsize size);
EcMemoryStream *ec_memory_stream_new (EcMemoryEnd *self, EcStreamId id);
void ec_memory_stream_maybe_closed (EcMemoryEnd *self, EcMemoryStream *stream);
void ec_memory_stream_forgive (EcMemoryEnd *self, EcMemoryStream *stream);
gsize ec_memory_stream_unsent (const EcMemoryStream *stream);
void ec_memory_stream_deactivate (EcMemoryEnd *self, EcMemoryStream *stream);
void ec_memory_stream_reset (EcMemoryEnd *self, EcMemoryStream *stream, guint64 code);
void ec_memory_datagram_free (gpointer data);

/* -- ec-memory-end.c: what happens */

/* Lets `event` happen. */
void ec_memory_end_dispatch (EcMemoryEnd *self, EcMemoryEvent *event);
void ec_memory_end_cut (EcMemoryEnd *self);
void ec_memory_end_close_later (EcMemoryEnd *self,
                                guint64 at_us,
                                EcTransportCloseCause cause,
                                guint64 code,
                                const char *reason);
