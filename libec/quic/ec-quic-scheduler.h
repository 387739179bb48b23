/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quic/ec-quic-stream.h"

/*
 * Which stream sends next, by EcTransportPriority: the lowest level, whose flows take turns; in the flow the
 * lowest order, then the lowest suborder, then the oldest stream. Holds only streams that have something to send. O(log n).
 */
typedef struct {
  GTree *levels;              /* NULL until it is needed */
  struct _EcQuicLevel *spare; /* an empty one; nullable */
} EcQuicScheduler;

void ec_quic_scheduler_clear (EcQuicScheduler *self);
/* The stream is no longer, or not yet, scheduled. */
void ec_quic_scheduler_remove (EcQuicScheduler *self, EcQuicStream *stream);
void ec_quic_scheduler_add (EcQuicScheduler *self, EcQuicStream *stream);
/* NULL: nobody. */
EcQuicStream *ec_quic_scheduler_peek (const EcQuicScheduler *self);
/* `stream`, which is scheduled, has sent `size` bytes of its flow's turn. */
void ec_quic_scheduler_account (EcQuicScheduler *self, EcQuicStream *stream, gsize size);
