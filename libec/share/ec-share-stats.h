/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* EcShareStats: what a subscriber counts; any thread. */

#define EC_SHARE_STATS_DELAYS 1024 /* of which percentiles are told */

typedef struct {
  guint64 n_chunks;     /* that came whole */
  guint64 n_parts;      /* that were handed on */
  guint64 n_verified;   /* a trusted manifest says that they are right */
  guint64 n_unverified; /* none came */
  guint64 n_forged;     /* one says that they are not */
  guint64 n_lost;       /* chunks of which something is missing */
  guint64 n_filled;     /* parts that were fetched to fill holes */
  guint64 n_late;       /* parts that came when they were no use any more */
  guint64 n_reconnects;
  gint64 delay_p50_us; /* from the chunk's UTC to its first part's arrival; G_MININT64: not known */
  gint64 delay_p99_us;
} EcShareCounts;

typedef struct {
  GMutex mutex;
  /* under the mutex */
  EcShareCounts counts;
  gint64 delays[EC_SHARE_STATS_DELAYS]; /* a ring */
  guint n_delays;
  guint next_delay;
} EcShareStats;

void ec_share_stats_init (EcShareStats *self);
void ec_share_stats_clear (EcShareStats *self);
/* `offset`: G_STRUCT_OFFSET of the count in EcShareCounts. */
void ec_share_stats_add (EcShareStats *self, gsize offset);
void ec_share_stats_delay (EcShareStats *self, gint64 us);
void ec_share_stats_get (EcShareStats *self, EcShareCounts *counts);

#define EC_SHARE_COUNT(stats, name)                                                                \
  ec_share_stats_add (stats, G_STRUCT_OFFSET (EcShareCounts, name))
