/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The chunker's core, ECP-0002 as a whole. Four bytes say how to feed it (the seed of the pieces, how
 * often the source reports a loss, the program, nothing), then comes the stream.
 *
 * Held against each other: the stream at once and in pieces; chunks and their manifests; chunks and
 * what becomes of them when they are chunked again.
 */
#include <string.h>

#include "chunk/ec-chunker-core.h"
#include "chunk/ec-manifest-private.h"
#include "fuzz.h"

#define HEADER 4

typedef struct {
  EcChunkRecord *record;
  GArray *sizes; /* guint32 */
  blake3_hasher hasher;
  guint64 n_bytes;
  gboolean seen_last, closed, damaged, settled, revoked;
  gboolean was_clean;
} Seen;

typedef struct {
  GPtrArray *seen; /* Seen, in the order opened */
  Seen *open;
  GByteArray *bytes; /* of all chunks; NULL: not asked for */
} Run;

static Seen *
find (Run *run, EcChunkRecord *record)
{
  for (guint i = run->seen->len; i > 0; i--) {
    Seen *seen = g_ptr_array_index (run->seen, i - 1);

    if (seen->record == record)
      return seen;
  }
  g_assert_not_reached ();
}

static void
seen_free (gpointer data)
{
  Seen *seen = data;

  ec_chunk_record_unref (seen->record);
  g_array_unref (seen->sizes);
  g_free (seen);
}

static void
on_opened (gpointer user_data, EcChunkRecord *record)
{
  Run *run = user_data;
  Seen *seen = g_new0 (Seen, 1);

  g_assert_null (run->open);
  seen->record = ec_chunk_record_ref (record);
  seen->sizes = g_array_new (FALSE, FALSE, sizeof (guint32));
  blake3_hasher_init (&seen->hasher);
  g_ptr_array_add (run->seen, seen);
  run->open = seen;
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
  Run *run = user_data;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint32 size32 = (guint32) size;

  g_assert_nonnull (run->open);
  g_assert_true (run->open->record == record);
  g_assert_false (run->open->seen_last);
  g_assert_cmpuint (size, >, 0);
  g_assert_cmpuint (size % EC_TS_PACKET_SIZE, ==, 0);
  for (gsize at = 0; at < size; at += EC_TS_PACKET_SIZE)
    g_assert_cmpuint (data[at], ==, EC_TS_SYNC_BYTE);
  if (run->open->sizes->len == 0)
    g_assert_cmpmem (data, 10,
                     "\x47\x40\x00\x30\x0d\x82\x0b"
                     "EC1",
                     10);
  run->open->seen_last = last;
  run->open->n_bytes += size;
  g_array_append_val (run->open->sizes, size32);
  blake3_hasher_update (&run->open->hasher, data, size);
  if (run->bytes)
    g_byte_array_append (run->bytes, data, (guint) size);
}

static void
on_closed (gpointer user_data, EcChunkRecord *record)
{
  Run *run = user_data;
  guint8 hash[BLAKE3_OUT_LEN];

  g_assert_nonnull (run->open);
  g_assert_true (run->open->record == record);
  g_assert_true (ec_chunk_record_is_closed (record));
  g_assert_true (run->open->seen_last);
  g_assert_cmpuint (record->n_bytes, ==, run->open->n_bytes);
  g_assert_cmpmem (record->part_sizes->data, record->part_sizes->len * sizeof (guint32),
                   run->open->sizes->data, run->open->sizes->len * sizeof (guint32));
  blake3_hasher_finalize (&run->open->hasher, hash, sizeof hash);
  g_assert_cmpmem (record->hash, sizeof hash, hash, sizeof hash);
  run->open->closed = TRUE;
  run->open = NULL;
}

static void
on_damaged (gpointer user_data, EcChunkRecord *record)
{
  Seen *seen = find (user_data, record);

  g_assert_false (seen->damaged);
  g_assert_false (seen->settled);
  seen->damaged = TRUE;
}

static void
on_settled (gpointer user_data, EcChunkRecord *record)
{
  Seen *seen = find (user_data, record);

  g_assert_true (seen->closed);
  g_assert_false (seen->settled);
  if (record->clean) {
    g_assert_true (record->certain_open && record->certain_close);
    g_assert_cmpuint (record->damaged, ==, 0);
  }
  seen->was_clean = record->clean;
  seen->settled = TRUE;
}

static void
on_revoked (gpointer user_data, EcChunkRecord *record)
{
  Seen *seen = find (user_data, record);

  g_assert_true (seen->settled);
  g_assert_true (seen->was_clean);
  g_assert_false (record->clean);
  g_assert_false (seen->revoked);
  seen->revoked = TRUE;
}

static void
run_init (Run *run, const guint8 *data, gsize size, guint program, guint seed, guint losses)
{
  static const EcChunkerEvents events = {
    .opened = on_opened,
    .part = on_part,
    .closed = on_closed,
    .ledger = { on_damaged, on_settled, on_revoked },
  };
  EcChunkerCore *core = ec_chunker_core_new (&events, run, program, TRUE);
  FuzzRandom random;

  run->seen = g_ptr_array_new_with_free_func (seen_free);
  fuzz_random_init (&random, seed);
  while (size > 0) {
    gsize piece = seed ? fuzz_random_piece (&random, 3000, size) : size;
    g_autofree guint8 *copy = g_memdup2 (data, piece);

    if (losses && fuzz_random_below (&random, 1024) < losses)
      ec_chunker_core_discontinuity (core);
    ec_chunker_core_push (core, copy, piece);
    data += piece;
    size -= piece;
  }
  ec_chunker_core_finish (core);
  (void) ec_chunker_core_check (core, NULL);
  ec_chunker_core_free (core);
}

static void
run_clear (Run *run)
{
  g_ptr_array_unref (run->seen);
  if (run->bytes)
    g_byte_array_unref (run->bytes);
}

static void
check_manifest (const EcChunkRecord *record)
{
  g_autoptr (EcManifest) manifest = ec_manifest_new_for_record (record);
  g_autofree char *text = ec_manifest_to_text (manifest);
  g_autoptr (GError) error = NULL;
  g_autoptr (EcManifest) read = ec_manifest_new_from_text (text, -1, &error);
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  again = ec_manifest_to_text (read);
  g_assert_cmpstr (text, ==, again);
}

/* TRUE when none of the chunks was taken from canonical input. */
static gboolean
check (Run *run)
{
  gint64 claimed = -1;
  gboolean plain = TRUE;

  g_assert_null (run->open);
  for (guint i = 0; i < run->seen->len; i++) {
    Seen *seen = g_ptr_array_index (run->seen, i);
    EcChunkRecord *record = seen->record;
    Seen *before = i > 0 ? g_ptr_array_index (run->seen, i - 1) : NULL;

    g_assert_true (seen->closed && seen->settled);
    plain = plain && !record->canonical;
    /* Not that indices grow: a clock that falls back again and again opens one twice (§5.4). */
    if (!record->canonical)
      g_assert_cmpint (record->index, >=, 0);
    /* Positions begin anew where canonical input begins or ends, and so do timelines. */
    if (before && before->record->timeline == record->timeline)
      g_assert_cmpuint (record->start, >=, before->record->end);
    if (before && before->record->canonical != record->canonical)
      g_assert_cmpuint (record->timeline, >, before->record->timeline);
    if (seen->was_clean && record->stream_id) {
      g_assert_true (record->synced);
      g_assert_cmpint (record->index, >, claimed);
      claimed = record->index;
    }
    check_manifest (record);
  }
  return plain;
}

static void
compare (Run *one, Run *two, gboolean state)
{
  g_assert_cmpuint (one->seen->len, ==, two->seen->len);
  for (guint i = 0; i < one->seen->len; i++) {
    const EcChunkRecord *a = ((Seen *) g_ptr_array_index (one->seen, i))->record;
    const EcChunkRecord *b = ((Seen *) g_ptr_array_index (two->seen, i))->record;

    g_assert_cmpint (a->index, ==, b->index);
    g_assert_cmpmem (a->hash, sizeof a->hash, b->hash, sizeof b->hash);
    g_assert_cmpmem (a->part_sizes->data, a->part_sizes->len * sizeof (guint32),
                     b->part_sizes->data, b->part_sizes->len * sizeof (guint32));
    if (!state)
      continue;
    g_assert_cmpuint (a->damaged, ==, b->damaged);
    g_assert_cmpint (a->clean, ==, b->clean);
    g_assert_cmpint (a->clock, ==, b->clock);
    g_assert_cmpstr (a->stream_id, ==, b->stream_id);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  guint program, losses;
  Run pieces = { 0 };

  if (size < HEADER)
    return 0;
  losses = data[1] & 0x80 ? data[1] & 0x7f : 0;
  program = data[2] & 7;
  pieces.bytes = g_byte_array_new ();
  run_init (&pieces, data + HEADER, size - HEADER, program, 1 + data[0], losses);

  if (check (&pieces)) {
    Run again = { 0 };

    run_init (&again, pieces.bytes->data, pieces.bytes->len, 0, 0, 0);
    (void) check (&again);
    compare (&pieces, &again, FALSE);
    run_clear (&again);
  }
  if (losses == 0) {
    Run whole = { 0 };

    run_init (&whole, data + HEADER, size - HEADER, program, 0, 0);
    compare (&pieces, &whole, TRUE);
    run_clear (&whole);
  }
  run_clear (&pieces);
  return 0;
}
