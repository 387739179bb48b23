/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-packet.h"

/*
 * EcTsFramer: bytes in, in any split, aligned packets out (ECP-0002 §1.1).
 *
 * Packets are handed on in runs: `n` packets that begin `stride` bytes apart, in place in the
 * caller's input wherever they lie whole in it.
 */

/* 188-byte packets, with the 4-byte time stamp of Blu-ray and cameras, with Reed-Solomon parity. */
#define EC_TS_MAX_STRIDE 204
/* As many sync bytes, a stride apart, as make a lock. */
#define EC_TS_FRAMER_SYNCS 5
#define EC_TS_FRAMER_KEEP (EC_TS_MAX_STRIDE * EC_TS_FRAMER_SYNCS)

typedef struct {
  /* `n` packets, `stride` bytes apart; valid during the call only. */
  void (*packets) (gpointer user_data, const guint8 *packets, gsize n, gsize stride);
  /* Bytes were lost before the next packet. */
  void (*lost) (gpointer user_data);
} EcTsFramerEvents;

typedef struct {
  const EcTsFramerEvents *events;
  gpointer user_data;
  gsize stride; /* 0: unlocked */
  gsize skip;   /* bytes of the stride behind the last packet that are still to come */
  guint8 buffer[EC_TS_FRAMER_KEEP * 2];
  gsize buffered;    /* of the packet in progress, or, unlocked, of what is searched */
  guint64 n_skipped; /* bytes that belonged to no packet, in all */
  guint64 n_packets; /* in all */
  guint64 n_sync_losses;
} EcTsFramer;

void ec_ts_framer_init (EcTsFramer *self, const EcTsFramerEvents *events, gpointer user_data);
void ec_ts_framer_push (EcTsFramer *self, const guint8 *data, gsize size);
/* The source lost bytes before what is pushed next: drops the packet in progress, tells `lost`. */
void ec_ts_framer_discontinuity (EcTsFramer *self);
/* End of input: what is short but looks like packets is accepted. */
void ec_ts_framer_finish (EcTsFramer *self);
