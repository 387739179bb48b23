/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The chunker as a whole: splits of the input, the public objects, what it refuses. */
#include <ec.h>
#include <string.h>

#include "chunk/ec-chunker-core.h"
#include "media/ec-broadcast.h"
#include "media/ec-impairment.h"

#define BEGIN G_GINT64_CONSTANT (1772366400)
#define N_SPLITS 1000

/* Some seconds of a bad reception of a bad station. */
static GBytes *
make_stream (double seconds, const char *scenario, double loss)
{
  const EcBroadcastConfig config = {
    .profile = EC_BROADCAST_LITE, .seed = 5, .scenario = scenario, .origin = BEGIN * G_USEC_PER_SEC
  };
  const EcImpairment impairment = { .seed = 3, .loss = loss, .bit_errors = loss / 1000 };
  g_autoptr (GError) error = NULL;
  g_autoptr (EcBroadcast) broadcast = ec_broadcast_new (&config, NULL, NULL, NULL, &error);
  GByteArray *stream = g_byte_array_new ();
  guint64 slot, end;

  g_assert_no_error (error);
  slot = ec_broadcast_slot_at (broadcast, BEGIN * G_USEC_PER_SEC);
  end = ec_broadcast_slot_at (broadcast,
                              BEGIN * G_USEC_PER_SEC + (gint64) (seconds * G_USEC_PER_SEC));
  for (; slot < end; slot++) {
    guint8 packet[EC_TS_PACKET_SIZE], lost;

    ec_broadcast_read (broadcast, slot, 1, packet);
    ec_impairment_apply (&impairment, slot, 1, packet, &lost);
    if (!lost)
      g_byte_array_append (stream, packet, sizeof packet);
  }
  return g_byte_array_free_to_bytes (stream);
}

/* All that a run says, hashed: what is opened, every part, damage, what settles, what is revoked. */
typedef struct {
  blake3_hasher hasher;
  guint n_settled;
} Digest;

static void
digest_record (Digest *digest, char kind, const EcChunkRecord *record)
{
  g_autofree char *text =
      g_strdup_printf ("%c %" G_GINT64_FORMAT " %u %d %d %d %u %" G_GUINT64_FORMAT, kind,
                       record->index, record->timeline, record->certain_open, record->certain_close,
                       record->clean, record->damaged, record->start);

  blake3_hasher_update (&digest->hasher, text, strlen (text));
  blake3_hasher_update (&digest->hasher, record->hash, sizeof record->hash);
}

static void
on_opened (gpointer user_data, EcChunkRecord *record)
{
  digest_record (user_data, 'o', record);
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
  Digest *digest = user_data;
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  blake3_hasher_update (&digest->hasher, last ? "l" : "p", 1);
  blake3_hasher_update (&digest->hasher, data, size);
}

static void
on_closed (gpointer user_data, EcChunkRecord *record)
{
  digest_record (user_data, 'c', record);
}

static void
on_damaged (gpointer user_data, EcChunkRecord *record)
{
  digest_record (user_data, 'd', record);
}

static void
on_settled (gpointer user_data, EcChunkRecord *record)
{
  Digest *digest = user_data;

  digest->n_settled++;
  digest_record (digest, 's', record);
}

static void
on_revoked (gpointer user_data, EcChunkRecord *record)
{
  digest_record (user_data, 'r', record);
}

static const EcChunkerEvents events = {
  on_opened, on_part, on_closed, { on_damaged, on_settled, on_revoked }
};

typedef gsize (*SplitFunc) (GRand *random);

static gsize
split_whole (GRand *random)
{
  return G_MAXSIZE;
}

static gsize
split_bytes (GRand *random)
{
  return 1;
}

/* Mostly some packets or a piece of one, now and then much. */
static gsize
split_random (GRand *random)
{
  guint bits = (guint) g_rand_int_range (random, 0, 17);

  return 1 + (gsize) g_rand_int_range (random, 0, 1 << bits);
}

static void
digest_stream (GBytes *stream, SplitFunc split, guint32 seed, guint8 *out, guint *n_settled)
{
  Digest digest = { 0 };
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  EcChunkerCore *core = ec_chunker_core_new (&events, &digest, 0, TRUE);
  gsize size;
  const guint8 *data = g_bytes_get_data (stream, &size);

  blake3_hasher_init (&digest.hasher);
  for (gsize done = 0; done < size;) {
    gsize wanted = split (random);
    gsize n = MIN (wanted, size - done);
    /* A block of its own, so that reading outside it shows. */
    g_autofree guint8 *block = g_memdup2 (data + done, n);

    ec_chunker_core_push (core, block, n);
    done += n;
  }
  ec_chunker_core_finish (core);
  ec_chunker_core_free (core);
  blake3_hasher_finalize (&digest.hasher, out, BLAKE3_OUT_LEN);
  *n_settled = digest.n_settled;
}

static GBytes *
with_stride (GBytes *stream, gsize stride, gsize before)
{
  GByteArray *array = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (stream, &size);

  for (gsize done = 0; done < size; done += EC_TS_PACKET_SIZE) {
    guint8 packet[EC_TS_MAX_STRIDE] = { 0 };

    memcpy (packet + before, data + done, EC_TS_PACKET_SIZE);
    g_byte_array_append (array, packet, (guint) stride);
  }
  return g_byte_array_free_to_bytes (array);
}

static void
check_splits (GBytes *stream, guint n_splits)
{
  guint8 whole[BLAKE3_OUT_LEN], other[BLAKE3_OUT_LEN];
  guint n, n_whole;

  digest_stream (stream, split_whole, 0, whole, &n_whole);
  g_assert_cmpuint (n_whole, >=, 3);
  digest_stream (stream, split_bytes, 0, other, &n);
  g_assert_cmpmem (whole, sizeof whole, other, sizeof other);
  for (guint seed = 0; seed < n_splits; seed++) {
    digest_stream (stream, split_random, seed, other, &n);
    g_assert_cmpmem (whole, sizeof whole, other, sizeof other);
  }
}

static void
test_splits (void)
{
  g_autoptr (GBytes) stream =
      make_stream (16, "wrap@8,discontinuity@10:5,pmt@12:audio,duplicates@4:6", 5e-4);

  check_splits (stream, N_SPLITS);
}

static void
test_splits_strides (void)
{
  g_autoptr (GBytes) stream = make_stream (12, NULL, 0);
  g_autoptr (GBytes) m2ts = with_stride (stream, 192, 4);
  g_autoptr (GBytes) parity = with_stride (stream, 204, 0);
  guint8 plain[BLAKE3_OUT_LEN], other[BLAKE3_OUT_LEN];
  guint n;

  digest_stream (stream, split_whole, 0, plain, &n);
  digest_stream (m2ts, split_whole, 0, other, &n);
  g_assert_cmpmem (plain, sizeof plain, other, sizeof other);
  digest_stream (parity, split_whole, 0, other, &n);
  g_assert_cmpmem (plain, sizeof plain, other, sizeof other);
  check_splits (m2ts, 100);
  check_splits (parity, 100);
}

static GPtrArray *
chunk_all (EcChunker *chunker, GBytes *stream)
{
  GPtrArray *chunks = g_ptr_array_new_with_free_func (g_object_unref);
  EcChunk *chunk;

  ec_chunker_push (chunker, stream);
  ec_chunker_finish (chunker);
  while ((chunk = ec_chunker_pop (chunker)))
    g_ptr_array_add (chunks, chunk);
  return chunks;
}

static GBytes *
concatenate (GPtrArray *chunks)
{
  GByteArray *array = g_byte_array_new ();

  for (guint i = 0; i < chunks->len; i++) {
    g_autoptr (GBytes) data = ec_chunk_dup_data (g_ptr_array_index (chunks, i));
    gsize size;
    gconstpointer bytes = g_bytes_get_data (data, &size);

    g_byte_array_append (array, bytes, (guint) size);
  }
  return g_byte_array_free_to_bytes (array);
}

/* Chunking chunks gives the same chunks; a manifest says what they are. */
static void
test_canonical_input (void)
{
  g_autoptr (GBytes) stream = make_stream (16, "duplicates@2:12", 0);
  g_autoptr (EcChunker) first = ec_chunker_new (0);
  g_autoptr (EcChunker) second = ec_chunker_new (0);
  g_autoptr (GPtrArray) chunks = chunk_all (first, stream);
  g_autoptr (GBytes) joined = concatenate (chunks);
  g_autoptr (GPtrArray) again = NULL;
  guint n_clean = 0;

  for (guint i = 0; i < chunks->len; i += 2)
    ec_chunker_add_manifest (second, ec_chunk_get_manifest (g_ptr_array_index (chunks, i)));
  again = chunk_all (second, joined);
  g_assert_cmpuint (again->len, ==, chunks->len);

  for (guint i = 0; i < chunks->len; i++) {
    EcChunk *a = g_ptr_array_index (chunks, i);
    EcChunk *b = g_ptr_array_index (again, i);
    EcManifest *manifest_a = ec_chunk_get_manifest (a);
    EcManifest *manifest_b = ec_chunk_get_manifest (b);

    g_assert_cmpint (ec_chunk_get_index (a), ==, ec_chunk_get_index (b));
    g_assert_cmpstr (ec_chunk_get_hash (a), ==, ec_chunk_get_hash (b));
    g_assert_cmpuint (ec_manifest_get_n_parts (manifest_a), ==,
                      ec_manifest_get_n_parts (manifest_b));
    for (guint part = 0; part < ec_manifest_get_n_parts (manifest_a); part++)
      g_assert_cmpuint (ec_manifest_get_part_size (manifest_a, part), ==,
                        ec_manifest_get_part_size (manifest_b, part));
    g_assert_cmpint (ec_manifest_get_pts (manifest_a), ==, ec_manifest_get_pts (manifest_b));
    g_assert_cmpint (ec_manifest_get_duration (manifest_a), ==,
                     ec_manifest_get_duration (manifest_b));
    if (i % 2) {
      g_assert_false (ec_chunk_get_clean (b));
      g_assert_cmpint (ec_manifest_get_sync (manifest_b), ==, EC_CHUNK_SYNC_PTS);
    } else {
      g_assert_true (ec_chunk_get_clean (a) == ec_chunk_get_clean (b));
      g_assert_true (manifest_a == manifest_b);
      n_clean += ec_chunk_get_clean (b);
    }
  }
  g_assert_cmpuint (n_clean, >, 0);
}

/* Where nothing is hashed, no manifest can speak for a chunk, not one without a hash either. */
static void
test_canonical_input_without_hash (void)
{
  g_autoptr (GBytes) stream = make_stream (12, NULL, 0);
  g_autoptr (EcChunker) first = g_object_new (EC_TYPE_CHUNKER, "hash", FALSE, NULL);
  g_autoptr (EcChunker) second = g_object_new (EC_TYPE_CHUNKER, "hash", FALSE, NULL);
  g_autoptr (GPtrArray) chunks = chunk_all (first, stream);
  g_autoptr (GBytes) last = ec_chunk_dup_data (g_ptr_array_index (chunks, chunks->len - 2));
  g_autoptr (GPtrArray) again = NULL;

  g_assert_true (ec_chunk_get_clean (g_ptr_array_index (chunks, chunks->len - 2)));
  ec_chunker_add_manifest (second,
                           ec_chunk_get_manifest (g_ptr_array_index (chunks, chunks->len - 2)));
  again = chunk_all (second, last);
  g_assert_cmpuint (again->len, ==, 1);
  g_assert_false (ec_chunk_get_clean (g_ptr_array_index (again, 0)));
}

/* The second PID of a chunk's PMT. */
static guint
second_pid (GBytes *chunk)
{
  const guint8 *section = (const guint8 *) g_bytes_get_data (chunk, NULL) + EC_TS_PACKET_SIZE + 7;
  const guint8 *stream = section + 12 + ((section[10] & 0x0fu) << 8 | section[11]);

  stream += 5 + ((stream[3] & 0x0fu) << 8 | stream[4]);
  return (stream[1] & 0x1fu) << 8 | stream[2];
}

/* Without the packets of the program's second PID for some seconds: what was lost shows late. */
static GBytes *
make_late_gap (void)
{
  g_autoptr (GBytes) stream = make_stream (24, NULL, 0);
  g_autoptr (EcChunker) chunker = ec_chunker_new (0);
  g_autoptr (GPtrArray) chunks = chunk_all (chunker, stream);
  guint pid = second_pid (ec_chunk_get_part (g_ptr_array_index (chunks, 0), 0));
  GByteArray *array = g_byte_array_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (stream, &size);
  guint counter = 0;

  for (gsize done = 0; done < size; done += EC_TS_PACKET_SIZE) {
    const guint8 *packet = data + done;
    gboolean away = done > size / 2 && done < size * 3 / 4;

    if (ec_ts_packet_pid (packet) == pid) {
      if (away || (done > size / 2 && ec_ts_packet_counter (packet) == ((counter + 1) & 15)))
        continue;
      counter = ec_ts_packet_counter (packet);
      if (done > size / 2)
        pid = EC_TS_N_PIDS;
    }
    g_byte_array_append (array, packet, EC_TS_PACKET_SIZE);
  }
  return g_byte_array_free_to_bytes (array);
}

typedef struct {
  GPtrArray *popped;
  guint n_revoked;
} Revocations;

static void
on_chunk_revoked (EcChunker *chunker, EcChunk *chunk, gpointer user_data)
{
  Revocations *self = user_data;

  g_assert_true (g_ptr_array_find (self->popped, chunk, NULL));
  g_assert_false (ec_chunk_get_clean (chunk));
  g_assert_cmpuint (ec_manifest_get_damaged (ec_chunk_get_manifest (chunk)), >, 0);
  self->n_revoked++;
}

/* The chunks of `stream`, pushed in pieces; `hold`: keeps them. Returns how many popped clean. */
static guint
pop_between (GBytes *stream, gsize piece, gboolean hold, guint *n_revoked)
{
  g_autoptr (EcChunker) chunker = ec_chunker_new (0);
  g_autoptr (GPtrArray) popped = g_ptr_array_new_with_free_func (g_object_unref);
  Revocations revocations = { .popped = popped };
  gsize size;
  const guint8 *data = g_bytes_get_data (stream, &size);
  guint n_clean = 0;

  g_signal_connect (chunker, "revoked", G_CALLBACK (on_chunk_revoked), &revocations);
  for (gsize done = 0; done < size; done += MIN (piece, size - done)) {
    EcChunk *chunk;

    ec_chunker_push_data (chunker, data + done, MIN (piece, size - done));
    while ((chunk = ec_chunker_pop (chunker))) {
      n_clean += ec_chunk_get_clean (chunk);
      if (hold)
        g_ptr_array_add (popped, chunk);
      else
        g_object_unref (chunk);
    }
  }
  *n_revoked = revocations.n_revoked;
  return n_clean;
}

/* It is told of chunks that were popped as clean, and of no others. */
static void
test_revoked (void)
{
  g_autoptr (GBytes) stream = make_late_gap ();
  guint n_revoked, n_clean;

  n_clean = pop_between (stream, EC_TS_PACKET_SIZE, TRUE, &n_revoked);
  g_assert_cmpuint (n_revoked, >, 0);
  g_assert_cmpuint (pop_between (stream, G_MAXSIZE, TRUE, &n_revoked), <, n_clean);
  g_assert_cmpuint (n_revoked, ==, 0);
  g_assert_cmpuint (pop_between (stream, EC_TS_PACKET_SIZE, FALSE, &n_revoked), ==, n_clean);
  g_assert_cmpuint (n_revoked, ==, 0);
}

static void
test_manifest_text (void)
{
  g_autoptr (GBytes) stream = make_stream (16, NULL, 0);
  g_autoptr (EcChunker) chunker = ec_chunker_new (0);
  g_autoptr (GPtrArray) chunks = chunk_all (chunker, stream);
  g_autoptr (EcIdentity) identity = ec_identity_new_ephemeral ();

  for (guint i = 0; i < chunks->len; i++) {
    EcManifest *manifest = ec_chunk_get_manifest (g_ptr_array_index (chunks, i));
    g_autoptr (GError) error = NULL;
    g_autofree char *text = ec_manifest_to_text (manifest);
    g_autofree char *jws = ec_identity_sign_text (identity, "ec-manifest+json", text);
    g_autofree char *verified = ec_identity_verify_text (ec_identity_get_node_id (identity),
                                                         "ec-manifest+json", jws, &error);
    g_autoptr (EcManifest) again = NULL;
    g_autofree char *text_again = NULL;

    g_assert_no_error (error);
    g_assert_cmpstr (text, ==, verified);
    again = ec_manifest_new_from_text (verified, -1, &error);
    g_assert_no_error (error);
    text_again = ec_manifest_to_text (again);
    g_assert_cmpstr (text, ==, text_again);

    /* Every prefix is refused, and so is every other byte. */
    for (gsize n = 0; n < strlen (text); n += 7) {
      g_autoptr (EcManifest) part = ec_manifest_new_from_text (text, (gssize) n, NULL);

      g_assert_null (part);
    }
  }
}

static void
test_refusals (void)
{
  static const struct {
    const char *text;
    EcChunkError code;
  } inputs[] = { { "", EC_CHUNK_ERROR_NOT_TS },
                 { "this is no transport stream", EC_CHUNK_ERROR_NOT_TS } };

  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    g_autoptr (EcChunker) chunker = ec_chunker_new (0);
    g_autoptr (GError) error = NULL;

    ec_chunker_push_data (chunker, (const guint8 *) inputs[i].text, strlen (inputs[i].text));
    ec_chunker_finish (chunker);
    g_assert_null (ec_chunker_pop (chunker));
    g_assert_false (ec_chunker_check (chunker, &error));
    g_assert_error (error, EC_CHUNK_ERROR, (gint) inputs[i].code);
  }
}

/* A program that is not there, and one whose packets are scrambled. */
static void
test_refused_programs (void)
{
  static const struct {
    guint program;
    EcChunkError code;
  } programs[] = { { 77, EC_CHUNK_ERROR_NO_PROGRAM }, { 6, EC_CHUNK_ERROR_SCRAMBLED } };
  g_autoptr (GBytes) stream = make_stream (6, NULL, 0);

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++) {
    g_autoptr (EcChunker) chunker = ec_chunker_new (programs[i].program);
    g_autoptr (GError) error = NULL;

    ec_chunker_push (chunker, stream);
    ec_chunker_finish (chunker);
    g_assert_null (ec_chunker_pop (chunker));
    g_assert_false (ec_chunker_check (chunker, &error));
    g_assert_error (error, EC_CHUNK_ERROR, (gint) programs[i].code);
  }
}

/* Bits flipped, bytes cut out, packets out of order, noise: nothing crashes, and little is kept. */
static void
test_mangled (void)
{
  g_autoptr (GBytes) stream = make_stream (8, "drama", 0);
  gsize size;
  const guint8 *data = g_bytes_get_data (stream, &size);

  for (guint32 seed = 0; seed < 60; seed++) {
    g_autoptr (GRand) random = g_rand_new_with_seed (seed);
    g_autofree guint8 *copy = g_memdup2 (data, size);
    g_autoptr (EcChunker) chunker = ec_chunker_new (0);
    g_autoptr (GBytes) mangled = NULL;
    g_autoptr (GPtrArray) chunks = NULL;
    guint n = 1u << (seed % 15);

    for (guint i = 0; i < n; i++) {
      gsize at = (gsize) (g_rand_double (random) * (double) (size - 2 * EC_TS_PACKET_SIZE));

      switch (seed % 4) {
      case 0:
        copy[at] ^= (guint8) (1 << (i & 7));
        break;
      case 1:
        copy[at] = (guint8) g_rand_int (random);
        break;
      case 2:
        memmove (copy + at, copy + at + EC_TS_PACKET_SIZE, EC_TS_PACKET_SIZE);
        break;
      default:
        at -= at % EC_TS_PACKET_SIZE;
        memmove (copy + at, copy + at + EC_TS_PACKET_SIZE + (i % 3), EC_TS_PACKET_SIZE);
      }
    }
    mangled = g_bytes_new_take (g_steal_pointer (&copy), size - seed);
    chunks = chunk_all (chunker, mangled);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk/chunker/splits", test_splits);
  g_test_add_func ("/chunk/chunker/splits-strides", test_splits_strides);
  g_test_add_func ("/chunk/chunker/canonical-input", test_canonical_input);
  g_test_add_func ("/chunk/chunker/canonical-input-without-hash",
                   test_canonical_input_without_hash);
  g_test_add_func ("/chunk/chunker/revoked", test_revoked);
  g_test_add_func ("/chunk/chunker/manifest-text", test_manifest_text);
  g_test_add_func ("/chunk/chunker/refusals", test_refusals);
  g_test_add_func ("/chunk/chunker/refused-programs", test_refused_programs);
  g_test_add_func ("/chunk/chunker/mangled", test_mangled);
  return g_test_run ();
}
