/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-spread.h"

#include <stdlib.h>
#include <string.h>

void
ec_ts_spread_add (EcTsSpread *self, gint64 value)
{
  if (self->n == 0) {
    self->min = self->max = value;
    self->step = 1;
  }
  self->min = MIN (self->min, value);
  self->max = MAX (self->max, value);

  if (self->n % self->step == 0) {
    if (self->n_samples == EC_TS_SPREAD_SAMPLES) {
      for (guint i = 0; i < EC_TS_SPREAD_SAMPLES / 2; i++)
        self->samples[i] = self->samples[2 * i];
      self->n_samples = EC_TS_SPREAD_SAMPLES / 2;
      self->step *= 2;
    }
    self->samples[self->n_samples++] = value;
  }
  self->n++;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

gint64
ec_ts_spread_median (const EcTsSpread *self)
{
  gint64 sorted[EC_TS_SPREAD_SAMPLES];

  if (self->n_samples == 0)
    return 0;
  memcpy (sorted, self->samples, self->n_samples * sizeof *sorted);
  qsort (sorted, self->n_samples, sizeof *sorted, compare);
  return sorted[self->n_samples / 2];
}
