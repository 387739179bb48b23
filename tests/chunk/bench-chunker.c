/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How fast a transport stream is cut, on one core, as ratios in one run on the same bytes: to memory
 * copy, to `ffmpeg -c copy`, and with hashing to the hash alone.
 *
 * bench-chunker [FILE]: FILE is a transport stream; the default is made by the simulated transmitter,
 * with the null packets and other programs that a multiplex has.
 */
#include <blake3.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chunk/ec-chunker-core.h"
#include "media/ec-broadcast.h"

#define ROUNDS 7
#define STREAM_SIZE (256 * 1024 * 1024)
/* As much as a source hands on at a time. */
#define BLOCK_SIZE (1024 * 1024)

typedef struct {
  const guint8 *data;
  gsize size;
  const char *path;
  guint8 *copy;
  guint64 n_kept;
  guint n_chunks, n_clean;
} Bench;

static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

static void
on_opened (gpointer user_data, EcChunkRecord *record)
{
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
  Bench *bench = user_data;

  bench->n_kept += g_bytes_get_size (bytes);
}

static void
on_settled (gpointer user_data, EcChunkRecord *record)
{
  Bench *bench = user_data;

  bench->n_chunks++;
  bench->n_clean += record->clean;
}

static void
run_chunker (Bench *bench, gboolean hashing)
{
  const EcChunkerEvents events = {
    .opened = on_opened,
    .part = on_part,
    .closed = on_opened,
    .ledger = { on_opened, on_settled, on_opened },
  };
  EcChunkerCore *core = ec_chunker_core_new (&events, bench, 0, hashing);

  bench->n_kept = bench->n_chunks = bench->n_clean = 0;
  for (gsize done = 0; done < bench->size; done += BLOCK_SIZE)
    ec_chunker_core_push (core, bench->data + done, MIN (BLOCK_SIZE, bench->size - done));
  ec_chunker_core_finish (core);
  ec_chunker_core_free (core);
}

static void
run_plain (Bench *bench)
{
  run_chunker (bench, FALSE);
}

static void
run_hashed (Bench *bench)
{
  run_chunker (bench, TRUE);
}

static void
run_memcpy (Bench *bench)
{
  memcpy (bench->copy, bench->data, bench->size);
}

/* As many bytes as the chunks have, as long at a time as a part is. */
static void
run_hash (Bench *bench)
{
  blake3_hasher hasher;
  guint8 hash[BLAKE3_OUT_LEN];
  gsize step = 40 * 1024;

  blake3_hasher_init (&hasher);
  for (guint64 done = 0; done < bench->n_kept; done += step)
    blake3_hasher_update (&hasher, bench->data + done % (bench->size - step), step);
  blake3_hasher_finalize (&hasher, hash, sizeof hash);
}

static void
run_ffmpeg (Bench *bench)
{
  const char *argv[] = {
    "ffmpeg", "-v", "quiet", "-nostdin",      "-threads", "1",      "-i", bench->path, "-map",
    "0:p:1?", "-c", "copy",  "-copy_unknown", "-f",       "mpegts", "-y", "/dev/null", NULL
  };
  g_autoptr (GSubprocess) process = g_subprocess_newv (
      argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);

  if (process)
    g_subprocess_wait (process, NULL, NULL);
}

/* What the process holds, without what it reads from files. */
static long
resident_kib (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    return 0;
  line = strstr (text, "RssAnon:");
  return line ? strtol (line + strlen ("RssAnon:"), NULL, 10) : 0;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

/* GB/s of input, the median of several rounds. */
static double
measure (Bench *bench, const char *name, void (*run) (Bench *), guint rounds)
{
  double times[ROUNDS];

  run (bench);
  for (guint i = 0; i < rounds; i++) {
    double begin = now ();

    run (bench);
    times[i] = now () - begin;
  }
  qsort (times, rounds, sizeof times[0], compare_doubles);
  printf ("%-28s %7.2f GB/s of input   (%.2f–%.2f)\n", name,
          (double) bench->size / times[rounds / 2] / 1e9,
          (double) bench->size / times[rounds - 1] / 1e9, (double) bench->size / times[0] / 1e9);
  fflush (stdout);
  return (double) bench->size / times[rounds / 2] / 1e9;
}

static char *
make_stream (GError **error)
{
  EcBroadcastConfig config = { .profile = EC_BROADCAST_FULL, .seed = 1 };
  g_autoptr (EcBroadcast) broadcast = ec_broadcast_new (&config, NULL, NULL, NULL, error);
  guint n_slots = STREAM_SIZE / EC_TS_PACKET_SIZE;
  g_autofree guint8 *data = NULL;
  g_autofree char *path = NULL;
  int fd;

  if (!broadcast)
    return NULL;
  data = g_malloc ((gsize) n_slots * EC_TS_PACKET_SIZE);
  ec_broadcast_read (
      broadcast, ec_broadcast_slot_at (broadcast, G_GINT64_CONSTANT (1772366400) * G_USEC_PER_SEC),
      n_slots, data);
  fd = g_file_open_tmp ("bench-chunker-XXXXXX.ts", &path, error);
  if (fd < 0)
    return NULL;
  close (fd);
  if (!g_file_set_contents (path, (const char *) data, (gssize) n_slots * EC_TS_PACKET_SIZE, error))
    return NULL;
  return g_steal_pointer (&path);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *made = argc > 1 ? NULL : make_stream (&error);
  Bench bench = { .path = argc > 1 ? argv[1] : made };
  g_autoptr (GMappedFile) file = bench.path ? g_mapped_file_new (bench.path, FALSE, &error) : NULL;
  long resident;
  double plain, hashed, copy, hash, ffmpeg = 0;

  if (!file) {
    fprintf (stderr, "bench-chunker: %s\n", error->message);
    return 1;
  }
  bench.data = (const guint8 *) g_mapped_file_get_contents (file);
  bench.size = g_mapped_file_get_length (file);

  bench.copy = g_malloc (bench.size);
  memset (bench.copy, 1, bench.size);
  copy = measure (&bench, "memcpy", run_memcpy, ROUNDS);
  run_plain (&bench);
  resident = resident_kib ();
  plain = measure (&bench, "chunker", run_plain, ROUNDS);
  hashed = measure (&bench, "chunker with hash", run_hashed, ROUNDS);
  hash = measure (&bench, "hash of as many bytes alone", run_hash, ROUNDS);
  if (g_find_program_in_path ("ffmpeg"))
    ffmpeg = measure (&bench, "ffmpeg -c copy", run_ffmpeg, 3);

  printf ("%u chunks, %u clean; %.0f %% of the input is kept\n", bench.n_chunks, bench.n_clean,
          100.0 * (double) bench.n_kept / (double) bench.size);
  printf ("chunker / memcpy              %.2f\n", plain / copy);
  if (ffmpeg > 0)
    printf ("chunker / ffmpeg -c copy      %.1f\n", plain / ffmpeg);
  printf ("chunker with hash: %.0f %% of what chunker and hash one after the other would take\n",
          100 / hashed / (1 / plain + 1 / hash));
  printf ("resident memory: %ld KiB more after %u times the stream than after one\n",
          resident_kib () - resident, 2 * ROUNDS + 3);
  g_free (bench.copy);
  if (made)
    g_unlink (made);
  return 0;
}
