/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How fast BLAKE3 is, as ratios to memcpy() and to libsodium's BLAKE2b over the same input in
 * the same run. */

#include <blake3.h>
#include <glib.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<blake3-path.h>)
#include <blake3-path.h>
#define HAVE_PATHS 1
#else
#define HAVE_PATHS 0
#endif

#define RUNS 15
#define BYTES_PER_RUN (8 * 1024 * 1024)

typedef void (*Work) (const guint8 *input, gsize len, guint8 *out);

static void
work_blake3 (const guint8 *input, gsize len, guint8 *out)
{
  blake3_hasher hasher;

  blake3_hasher_init (&hasher);
  blake3_hasher_update (&hasher, input, len);
  blake3_hasher_finalize (&hasher, out, BLAKE3_OUT_LEN);
}

static void
work_blake2b (const guint8 *input, gsize len, guint8 *out)
{
  crypto_generichash (out, 32, input, len, NULL, 0);
}

static void
work_memcpy (const guint8 *input, gsize len, guint8 *out)
{
  memcpy (out, input, len);
  __asm__ volatile("" : : "r"(out) : "memory");
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static double
median (double samples[RUNS])
{
  qsort (samples, RUNS, sizeof samples[0], compare);
  return samples[RUNS / 2];
}

/* In GB/s. */
static double
measure (Work work, const guint8 *input, gsize len, guint8 *out)
{
  gsize times = BYTES_PER_RUN / len;
  gint64 start = g_get_monotonic_time (), end;

  for (gsize i = 0; i < times; i++)
    work (input, len, out);
  end = g_get_monotonic_time ();
  return (double) times * (double) len / 1000.0 / (double) MAX (end - start, 1);
}

/* The three take turns, so that a change of the clock or a noisy neighbour meets all of them;
 * the ratios are of the same turn. */
static void
bench (const char *path, gsize len, const guint8 *input, guint8 *out)
{
  double speed[RUNS], to_memcpy[RUNS], to_blake2b[RUNS];

  for (int i = 0; i < RUNS; i++) {
    double blake3 = measure (work_blake3, input, len, out);

    speed[i] = blake3;
    to_memcpy[i] = blake3 / measure (work_memcpy, input, len, out);
    to_blake2b[i] = blake3 / measure (work_blake2b, input, len, out);
  }
  g_print ("%-10s %8" G_GSIZE_FORMAT " bytes: %6.3f x memcpy, %6.2f x BLAKE2b  (%.2f GB/s)\n", path,
           len, median (to_memcpy), median (to_blake2b), median (speed));
}

int
main (void)
{
  static const gsize lens[] = { 64, 1024, 16 * 1024, 64 * 1024, 4 * 1024 * 1024 };
  g_autofree guint8 *input = g_malloc (lens[G_N_ELEMENTS (lens) - 1]);
  g_autofree guint8 *out = g_malloc (lens[G_N_ELEMENTS (lens) - 1]);

  if (sodium_init () < 0)
    return 1;
  memset (input, 0x47, lens[G_N_ELEMENTS (lens) - 1]);
  memset (out, 0, lens[G_N_ELEMENTS (lens) - 1]);

  g_print ("BLAKE3, medians of %d:\n", RUNS);
#if HAVE_PATHS
  for (gsize path = 0; blake3_path_name (path) != NULL; path++) {
    blake3_path_choose (blake3_path_name (path));
    for (gsize i = 0; i < G_N_ELEMENTS (lens); i++)
      bench (blake3_path_name (path), lens[i], input, out);
  }
#else
  for (gsize i = 0; i < G_N_ELEMENTS (lens); i++)
    bench ("system", lens[i], input, out);
#endif
  return 0;
}
