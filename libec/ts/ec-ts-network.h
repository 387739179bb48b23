/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-clock.h"

/* What the broadcast calls itself: the ids that broadcast-scoped names are made of (ECP-0003 §2). */
typedef struct {
  gboolean has_vct;
  guint16 vct_tsid;
  gboolean has_sdt;
  guint16 sdt_tsid;
  guint16 sdt_onid;
} EcTsNetwork;

/* A section of PID 0x1FFB or 0x11; others are ignored. */
void ec_ts_network_section (EcTsNetwork *self, guint pid, const EcTsSection *section);

/* Whether a broadcast-scoped name may be claimed, as far as tables tell (ECP-0003 §2). */
typedef enum {
  EC_TS_CLAIM_OK,
  EC_TS_CLAIM_NO_CLOCK,        /* no time table */
  EC_TS_CLAIM_NO_TABLE,        /* no VCT, no SDT */
  EC_TS_CLAIM_TSID_DIFFERS,    /* from the PAT's */
  EC_TS_CLAIM_TSID_RESERVED,   /* 0 or 1, which stations use that have none */
  EC_TS_CLAIM_NETWORK_RESERVED /* an original_network_id that is not one network's */
} EcTsClaim;

EcTsClaim ec_ts_network_check (const EcTsNetwork *self, EcTsClockKind kind, guint tsid);
/* The name; NULL where it may not be claimed. */
char *ec_ts_network_dup_stream_id (const EcTsNetwork *self,
                                   EcTsClockKind kind,
                                   guint tsid,
                                   guint program_number);
