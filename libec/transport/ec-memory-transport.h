/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/ec-transport.h"

/*
 * EcMemoryNetwork: pairs of transports in memory, in virtual time; for tests of what lives above them.
 *
 * What happens, and when, follows from the seed and from what is called: the same calls give the same run.
 * Nothing happens but in ec_memory_network_step() and _run(), which hand out the events: none comes from inside a call.
 * `established` is the first, however much jitter there is, but for a `closed` that comes before it.
 *
 * It is strict where a real connection would be lenient: flow control credit comes back by
 * ec_transport_consume() alone, more than was given cannot be consumed, and `stream_closed` waits until all
 * that was received was consumed, or the stream reset or stopped.
 *
 * One thread, but for ec_transport_wake().
 */
typedef struct _EcMemoryNetwork EcMemoryNetwork;

/* One pair's way, the same in both directions; 0 is the default that is named. */
typedef struct {
  guint64 latency_us; /* one way; 0 */
  guint64
      jitter_us; /* 0 to this is added to each piece: streams overtake each other, their bytes do not */
  guint64 bandwidth;         /* bytes a second each way; 0: no limit */
  guint64 connection_window; /* bytes in flight and not consumed, in all; 16 MiB */
  guint64 stream_window;     /* … of one stream; 4 MiB */
  guint max_uni_streams;     /* that the peer may have open at once; 1,024 */
  guint max_bidi_streams;    /* 256 */
  guint max_piece;    /* data come in random pieces of 1 to this; 0: in pieces as large as may be */
  guint max_datagram; /* 1,200; G_MAXUINT: none are taken */
  double datagram_loss;    /* 0 to 1 */
  guint64 idle_timeout_us; /* what a cut is noticed after; 30 s */
  guint64 cut_within_us;   /* the pair is cut at a random moment before this; 0: it is not */
  const char *protocol;    /* of both EcTransportInfo; "" */
  const char *path;        /* … as a WebTransport session has them; nullable */
  const char *authority;
  const char *client_address; /* static; what the server sees as peer; nullable */
  const guint8 *client_key;   /* 32 bytes that the server sees as peer_key; nullable */
  const guint8 *server_key;
} EcMemoryLink;

EcMemoryNetwork *ec_memory_network_new (guint32 seed) G_GNUC_WARN_UNUSED_RESULT;
/* All transports must be let go: asserted, so that a test sees what it leaks. */
void ec_memory_network_free (EcMemoryNetwork *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMemoryNetwork, ec_memory_network_free)

/* Connects: both are given (transfer full), and established one, and one and a half, round trips later. */
void ec_memory_network_pair (EcMemoryNetwork *self,
                             const EcMemoryLink *link,
                             EcTransport **client,
                             EcTransport **server);
/* From now on nothing arrives at either of the pair that `either` is of; both notice after the idle timeout. */
void ec_memory_network_cut (EcMemoryNetwork *self, EcTransport *either);

guint64 ec_memory_network_get_now (EcMemoryNetwork *self);
/* A number from the seed, below `n`; for tests that want theirs from it too. */
guint32 ec_memory_network_random (EcMemoryNetwork *self, guint32 n);
/* Goes on to the next thing that happens; FALSE when nothing is left to happen. */
gboolean ec_memory_network_step (EcMemoryNetwork *self);
/* All that happens up to and at `until_us`, which is the time then. */
void ec_memory_network_run (EcMemoryNetwork *self, guint64 until_us);
