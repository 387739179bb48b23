/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quic/ec-ngtcp2-compat.h"
#include "transport/ec-transport.h"

typedef struct _EcQuicSlice EcQuicSlice;
typedef struct _EcQuicFlow EcQuicFlow;

/*
 * One stream: what is queued on it until it is acknowledged, how much was delivered and not consumed, and its
 * place in the scheduler. Payloads are kept by reference; ngtcp2 reads them when it encrypts a packet.
 */
typedef struct _EcQuicStream EcQuicStream;
struct _EcQuicStream {
  EcStreamId id;

  /* Sending; offsets count from the stream's first byte. */
  EcQuicSlice *first; /* holds the first byte that is not acknowledged */
  EcQuicSlice *last;
  EcQuicSlice *unsent; /* holds the first byte not sent even once; NULL: none */
  gsize unsent_skip;   /* bytes of it that were */
  guint64 first_at;    /* offset of `first` */
  guint64 written;
  guint64 sent;
  guint fin : 1;      /* nothing follows `written` */
  guint fin_sent : 1; /* … and the peer was told */
  guint shut : 1;     /* reset or stopped: nothing is written any more */
  guint blocked : 1;  /* the peer's window for this stream is used up */

  /* Receiving. */
  guint stopped : 1;    /* by us, or reset by the peer: nothing is delivered any more */
  guint gone : 1;       /* ngtcp2 has let go of it */
  guint remote : 1;     /* the peer opened it */
  guint was_unsent : 1; /* `stream_sent` is owed */
  gsize unconsumed;     /* delivered and not given back by ec_transport_consume() */

  /* The scheduler's. */
  EcTransportPriority priority;
  guint64 age;
  EcQuicFlow *flow; /* NULL: not scheduled */
  guint index;      /* in the flow's heap */
};

EcQuicStream *ec_quic_stream_new (EcStreamId id) G_GNUC_WARN_UNUSED_RESULT;
/* Must not be scheduled. */
void ec_quic_stream_free (EcQuicStream *self);

/* As ec_transport_write(). */
void ec_quic_stream_write (EcQuicStream *self,
                           const guint8 *head,
                           gsize head_size,
                           EcPayload *payload,
                           gsize offset,
                           gsize size,
                           gboolean fin);
/* Up to `limit` bytes that come next, in place; returns how many of `vectors` were filled, and whether nothing follows. */
gsize ec_quic_stream_peek (const EcQuicStream *self,
                           ngtcp2_vec *vectors,
                           gsize n_vectors,
                           gsize limit,
                           gboolean *complete);
void ec_quic_stream_advance (EcQuicStream *self, gsize size);
/* All below `offset` is acknowledged. */
void ec_quic_stream_acknowledge (EcQuicStream *self, guint64 offset);
/* Forgets what was not sent even once. What was stays: ngtcp2 may send it again until it closes the stream. */
void ec_quic_stream_shut (EcQuicStream *self);

static inline gsize
ec_quic_stream_get_unsent (const EcQuicStream *self)
{
  return self->written - self->sent;
}

/* Whether there is anything that could be sent now. */
static inline gboolean
ec_quic_stream_is_ready (const EcQuicStream *self)
{
  return !self->shut && !self->blocked && !self->gone &&
         (self->sent < self->written || (self->fin && !self->fin_sent));
}
