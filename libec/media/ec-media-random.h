/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Randomness of the simulated broadcast: a mixing function, not a generator, so that what happens
 * at one place never depends on how one came there (splitmix64's finaliser).
 */
static inline guint64
ec_media_mix (guint64 x)
{
  x += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return x ^ x >> 31;
}

/* A value that depends on all three: who asks (a constant), for which seed, at which place. */
static inline guint64
ec_media_hash (guint64 purpose, guint64 seed, guint64 place)
{
  return ec_media_mix (ec_media_mix (ec_media_mix (purpose) ^ seed) ^ place);
}

/* The same as a number in [0, 1). */
static inline double
ec_media_hash_unit (guint64 purpose, guint64 seed, guint64 place)
{
  return (double) (ec_media_hash (purpose, seed, place) >> 11) * 0x1p-53;
}
