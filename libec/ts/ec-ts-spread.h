/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcTsSpread: least, greatest and median of any number of values, in bounded memory. The median is
 * exact up to EC_TS_SPREAD_SAMPLES values, then that of every 2nd, 4th, … of them.
 */
#define EC_TS_SPREAD_SAMPLES 256

typedef struct {
  guint64 n;
  gint64 min, max;
  guint64 step; /* every how many values one is a sample */
  guint n_samples;
  gint64 samples[EC_TS_SPREAD_SAMPLES];
} EcTsSpread;

void ec_ts_spread_add (EcTsSpread *self, gint64 value);
/* 0 without values. */
gint64 ec_ts_spread_median (const EcTsSpread *self);
