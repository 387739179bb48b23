/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-stats.h"

#include <stdlib.h>
#include <string.h>

void
ec_share_stats_init (EcShareStats *self)
{
  g_mutex_init (&self->mutex);
}

void
ec_share_stats_clear (EcShareStats *self)
{
  g_mutex_clear (&self->mutex);
}

void
ec_share_stats_add (EcShareStats *self, gsize offset)
{
  g_mutex_lock (&self->mutex);
  G_STRUCT_MEMBER (guint64, &self->counts, offset)++;
  g_mutex_unlock (&self->mutex);
}

void
ec_share_stats_delay (EcShareStats *self, gint64 us)
{
  g_mutex_lock (&self->mutex);
  self->delays[self->next_delay] = us;
  self->next_delay = (self->next_delay + 1) % EC_SHARE_STATS_DELAYS;
  self->n_delays = MIN (self->n_delays + 1, EC_SHARE_STATS_DELAYS);
  g_mutex_unlock (&self->mutex);
}

static int
compare (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* The smallest that at least `percent` of them do not exceed. */
static gint64
percentile (const gint64 *sorted, guint n, guint percent)
{
  return n ? sorted[(n * percent + 99) / 100 - 1] : G_MININT64;
}

void
ec_share_stats_get (EcShareStats *self, EcShareCounts *counts)
{
  gint64 sorted[EC_SHARE_STATS_DELAYS];
  guint n;

  g_mutex_lock (&self->mutex);
  *counts = self->counts;
  n = self->n_delays;
  memcpy (sorted, self->delays, n * sizeof *sorted);
  g_mutex_unlock (&self->mutex);
  qsort (sorted, n, sizeof *sorted, compare);
  counts->delay_p50_us = percentile (sorted, n, 50);
  counts->delay_p99_us = percentile (sorted, n, 99);
}
