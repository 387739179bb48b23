/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Several antennas in one town, which never talk to each other: wherever two of them have a clean
 * chunk of one index, it is the same chunk. The antennas join at different times, filter, lose
 * packets and receive bits wrongly, each in its own way, while at the station time stamps wrap and
 * jump, the PMT changes, the clock steps and a day ends.
 *
 * EC_TEST_ROUNDS says how many towns to try (default 10); the counts are printed.
 */
#include <stdlib.h>

#include "chunk/ec-chunker-core.h"
#include "media/ec-broadcast-filter.h"
#include "media/ec-impairment.h"

/* 2026-03-01 23:57 UTC: midnight comes in the middle. */
#define BEGIN G_GINT64_CONSTANT (1772409420)
#define SECONDS 360
#define N_ANTENNAS 5
#define BLOCK 512

typedef struct {
  const char *name;
  EcImpairment impairment;
  gboolean filtered; /* no null packets, no other programs, no tables but those needed */
  GHashTable *clean; /* index → hash */
  guint n_chunks, n_revoked;
} Antenna;

typedef struct {
  guint64 n_common, n_differing, n_chunks, n_unclean, n_revoked;
} Count;

static void
on_nothing (gpointer user_data, EcChunkRecord *record)
{
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
}

static void
on_settled (gpointer user_data, EcChunkRecord *record)
{
  Antenna *antenna = user_data;
  gint64 *index = g_memdup2 (&record->index, sizeof record->index);

  antenna->n_chunks++;
  /* What was published under an index first is never replaced. */
  if (record->clean && record->synced && !g_hash_table_contains (antenna->clean, index))
    g_hash_table_insert (antenna->clean, index, g_memdup2 (record->hash, sizeof record->hash));
  else
    g_free (index);
}

static void
on_revoked (gpointer user_data, EcChunkRecord *record)
{
  Antenna *antenna = user_data;
  const guint8 *hash = g_hash_table_lookup (antenna->clean, &record->index);

  antenna->n_revoked++;
  if (hash && memcmp (hash, record->hash, sizeof record->hash) == 0)
    g_hash_table_remove (antenna->clean, &record->index);
}

static const EcChunkerEvents events = {
  .opened = on_nothing,
  .part = on_part,
  .closed = on_nothing,
  .ledger = { on_nothing, on_settled, on_revoked },
};

static void
init_filter (EcBroadcastFilter *filter,
             const EcBroadcast *broadcast,
             const Antenna *antenna,
             guint program)
{
  const EcStation *station = ec_broadcast_get_station (broadcast);

  if (!antenna->filtered) {
    ec_broadcast_filter_init_mux (filter, broadcast);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (station->programs); i++) {
    if (station->programs[i].number == program) {
      ec_broadcast_filter_init_program (filter, broadcast, &station->programs[i], TRUE);
      return;
    }
  }
  g_assert_not_reached ();
}

static void
receive (Antenna *antenna, const EcBroadcast *broadcast, guint program, guint64 from, guint64 to)
{
  EcChunkerCore *core = ec_chunker_core_new (&events, antenna, program, TRUE);
  EcBroadcastFilter filter;
  g_autofree guint8 *packets = g_malloc (BLOCK * EC_TS_PACKET_SIZE);
  g_autofree guint8 *lost = g_malloc (BLOCK);

  init_filter (&filter, broadcast, antenna, program);
  antenna->clean = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  for (guint64 slot = from; slot < to; slot += BLOCK) {
    guint n = BLOCK;

    ec_broadcast_read (broadcast, slot, n, packets);
    ec_impairment_apply (&antenna->impairment, slot, n, packets, lost);
    n = ec_broadcast_filter_apply (&filter, packets, n, lost);
    ec_chunker_core_push (core, packets, n * EC_TS_PACKET_SIZE);
  }
  ec_chunker_core_finish (core);
  ec_chunker_core_free (core);
  ec_broadcast_filter_clear (&filter);
}

static void
compare (const Antenna *a, const Antenna *b, Count *count)
{
  GHashTableIter iter;
  gpointer index, hash;

  g_hash_table_iter_init (&iter, a->clean);
  while (g_hash_table_iter_next (&iter, &index, &hash)) {
    const guint8 *other = g_hash_table_lookup (b->clean, index);

    if (!other)
      continue;
    count->n_common++;
    if (memcmp (hash, other, BLAKE3_OUT_LEN) != 0) {
      count->n_differing++;
      g_test_message ("index %" G_GINT64_FORMAT " differs between %s and %s", *(gint64 *) index,
                      a->name, b->name);
    }
  }
}

static void
try_town (guint64 seed, Count *count)
{
  static const guint programs[] = { 3, 4, 5 };
  const EcBroadcastConfig config = {
    .profile = EC_BROADCAST_LITE,
    .seed = seed,
    .scenario = "wrap@35,drama",
    .origin = BEGIN * G_USEC_PER_SEC,
  };
  Antenna antennas[N_ANTENNAS] = {
    { .name = "good" },
    { .name = "filtered", .filtered = TRUE },
    { .name = "lossy", .impairment = { .loss = 2e-4 } },
    { .name = "bursty", .impairment = { .burst_loss = 1e-3, .burst_length = 12 } },
    { .name = "noisy", .filtered = TRUE, .impairment = { .bit_errors = 2e-7, .loss = 1e-5 } },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (EcBroadcast) broadcast = ec_broadcast_new (&config, NULL, NULL, NULL, &error);
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) seed);
  guint program = programs[seed % G_N_ELEMENTS (programs)];
  guint64 begin, end;

  g_assert_no_error (error);
  begin = ec_broadcast_slot_at (broadcast, BEGIN * G_USEC_PER_SEC);
  end = ec_broadcast_slot_at (broadcast, (BEGIN + SECONDS) * G_USEC_PER_SEC);

  for (guint i = 0; i < N_ANTENNAS; i++) {
    Antenna *antenna = &antennas[i];
    guint64 join =
        begin + (i ? (guint64) g_rand_int_range (random, 0, (gint32) ((end - begin) / 4)) : 0);

    antenna->impairment.seed = seed * 100 + i;
    receive (antenna, broadcast, program, join, end);
    count->n_chunks += antenna->n_chunks;
    count->n_revoked += antenna->n_revoked;
    count->n_unclean += antenna->n_chunks - g_hash_table_size (antenna->clean);
    for (guint j = 0; j < i; j++)
      compare (antenna, &antennas[j], count);
  }
  for (guint i = 0; i < N_ANTENNAS; i++)
    g_hash_table_unref (antennas[i].clean);
}

static void
test_antennas (void)
{
  const char *text = g_getenv ("EC_TEST_ROUNDS");
  guint rounds = text ? (guint) atoi (text) : 10;
  Count count = { 0 };

  for (guint seed = 1; seed <= rounds; seed++)
    try_town (seed, &count);

  g_test_message (
      "%u towns, %u antennas each: %" G_GUINT64_FORMAT " chunks, of which %" G_GUINT64_FORMAT
      " were given up as not clean (%" G_GUINT64_FORMAT " of them revoked); %" G_GUINT64_FORMAT
      " comparisons of clean chunks of one index, %" G_GUINT64_FORMAT " of them differ",
      rounds, (guint) N_ANTENNAS, count.n_chunks, count.n_unclean, count.n_revoked, count.n_common,
      count.n_differing);
  g_assert_cmpuint (count.n_differing, ==, 0);
  g_assert_cmpuint (count.n_common, >, rounds * 400);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk/antennas", test_antennas);
  return g_test_run ();
}
