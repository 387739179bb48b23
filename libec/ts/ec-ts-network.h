/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-section.h"

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
