/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-broadcast-loop.h"
#include "media/ec-broadcast-tables.h"

/*
 * One loop of the multiplex, scheduled once: every packet in its 188-byte slot, and beside it what
 * has to be rewritten each time round. Time stamps in the packets are those of loop 0 at a time
 * base of 0: the PCR of slot n is its own time, exactly.
 */
#define EC_MUX_MAX_PIDS 32

typedef enum {
  EC_MUX_PAYLOAD = 1 << 0, /* the packet is counted */
  EC_MUX_PCR = 1 << 1,     /* a PCR at byte 6 */
  EC_MUX_PTS = 1 << 2,     /* a PTS at byte `stamp` */
  EC_MUX_DTS = 1 << 3,     /* and a DTS 5 bytes later */
  EC_MUX_PAT = 1 << 4,
  EC_MUX_PMT = 1 << 5,      /* of `program` */
  EC_MUX_STT = 1 << 6,      /* the `stamp`th of the loop */
  EC_MUX_OPTIONAL = 1 << 7, /* on the air only while the scenario says so */
} EcMuxFlags;

typedef struct {
  guint8 pid;   /* index into EcBroadcastMux.pids */
  guint8 flags; /* EcMuxFlags; 0 for a null packet */
  guint8 stamp;
  guint8 program; /* index into EcStation.programs, of streams and PMTs */
} EcMuxSlot;

typedef struct {
  const EcStation *station;
  guint slots;
  guint8 *packets;  /* slots × 188 bytes */
  EcMuxSlot *index; /* one a slot */
  guint n_pids;
  guint16 pids[EC_MUX_MAX_PIDS];
  guint32 counted[EC_MUX_MAX_PIDS]; /* packets with payload in a loop */
  guint stt_per_loop;
  guint slack_millis; /* the least time by which an access unit was early at its decoder */
} EcBroadcastMux;

/* The sections in it carry `tsid`. FAILED where the loop does not fit the channel in time. */
EcBroadcastMux *ec_broadcast_mux_new (const EcStation *station,
                                      const EcBroadcastLoop *loop,
                                      guint tsid,
                                      GError **error);
void ec_broadcast_mux_free (EcBroadcastMux *self);

/* 27 MHz ticks from the loop's start to `slot` of it. */
guint64 ec_broadcast_mux_ticks (const EcBroadcastMux *self, guint slot);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcBroadcastMux, ec_broadcast_mux_free)
