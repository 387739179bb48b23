/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-program.h"

/*
 * EcTsRapScanner: whether decoding can start at a PES start, from the first packets of its
 * payload (ECP-0002 §3.3). Fed packet by packet; the first answer that is not UNDECIDED holds.
 */

#define EC_TS_RAP_WINDOW 32 /* packets */

typedef enum {
  EC_TS_RAP_UNDECIDED,
  EC_TS_RAP_YES,
  EC_TS_RAP_NO,
} EcTsRapVerdict;

typedef struct {
  EcTsLeadKind kind;
  guint n_packets;
  gboolean seen_header; /* a sequence header, an SPS */
  gsize size;
  gsize pos; /* where the search for the next start code goes on */
  guint8 data[EC_TS_RAP_WINDOW * 184];
} EcTsRapScanner;

void ec_ts_rap_scanner_init (EcTsRapScanner *self, EcTsLeadKind kind);
/* The elementary stream's bytes of one more packet, in order. */
EcTsRapVerdict ec_ts_rap_scanner_push (EcTsRapScanner *self, const guint8 *data, gsize size);
