/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <blake3.h>
#include <json-glib/json-glib.h>
#include <string.h>

/* Our own drop-in lets tests choose the code path; a system library does not. */
#if __has_include(<blake3-path.h>)
#include <blake3-path.h>
#define HAVE_PATHS 1
#else
#define HAVE_PATHS 0
#endif

/* The key and context of the official vectors; their input is 0, 1, …, 250, 0, 1, … */
#define KEY "whats the Elvish word for friend"
#define CONTEXT "BLAKE3 2019-12-27 16:29:52 test vectors context"

typedef enum { HASH, KEYED, DERIVE_KEY, N_MODES } Mode;

static const char *const mode_members[N_MODES] = { "hash", "keyed_hash", "derive_key" };

/* A few of the official vectors, so that something is checked without the folder: the first
 * 32 bytes of output. */
static const struct {
  gsize len;
  const char *hex[N_MODES];
} known[] = {
  { 0,
    { "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
      "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
      "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d" } },
  { 1,
    { "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
      "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b",
      "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c" } },
  { 1024,
    { "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
      "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4",
      "7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706" } },
  { 1025,
    { "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
      "357dc55de0c7e382c900fd6e320acc04146be01db6a8ce7210b7189bd664ea69",
      "effaa245f065fbf82ac186839a249707c3bddf6d3fdda22d1b95a3c970379bcb" } },
  { 31744,
    { "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47",
      "efa53b389ab67c593dba624d898d0f7353ab99e4ac9d42302ee64cbf9939a419",
      "39772aef80e0ebe60596361e45b061e8f417429d529171b6764468c22928e28e" } },
  { 102400,
    { "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
      "1c35d1a5811083fd7119f5d5d1ba027b4d01c0c6c49fb6ff2cf75393ea5db4a7",
      "4652cff7a3f385a6103b5c260fc1593e13c778dbe608efb092fe7ee69df6e9c6" } },
};

static const char *
path_name (gsize i)
{
#if HAVE_PATHS
  return blake3_path_name (i);
#else
  return i == 0 ? "system library" : NULL;
#endif
}

static void
path_choose (const char *name)
{
#if HAVE_PATHS
  g_assert_true (blake3_path_choose (name));
#endif
}

static void
init (blake3_hasher *hasher, Mode mode)
{
  switch (mode) {
  case KEYED:
    blake3_hasher_init_keyed (hasher, (const guint8 *) KEY);
    break;
  case DERIVE_KEY:
    blake3_hasher_init_derive_key (hasher, CONTEXT);
    break;
  default:
    blake3_hasher_init (hasher);
    break;
  }
}

static guint8 *
make_input (gsize len)
{
  guint8 *input = g_malloc (MAX (len, 1));

  for (gsize i = 0; i < len; i++)
    input[i] = i % 251;
  return input;
}

static char *
to_hex (const guint8 *bytes, gsize n)
{
  GString *hex = g_string_sized_new (2 * n);

  for (gsize i = 0; i < n; i++)
    g_string_append_printf (hex, "%02x", bytes[i]);
  return g_string_free (hex, FALSE);
}

/* The input is an allocation of its own length, so that a sanitizer sees every read beyond it. */
static void
check (Mode mode, gsize len, const char *want)
{
  g_autofree guint8 *input = make_input (len);
  gsize n = strlen (want) / 2;
  g_autofree guint8 *out = g_malloc (n);
  g_autofree char *whole = NULL, *again = NULL;
  blake3_hasher hasher;

  init (&hasher, mode);
  blake3_hasher_update (&hasher, input, len);
  blake3_hasher_finalize (&hasher, out, n);
  whole = to_hex (out, n);
  g_assert_cmpstr (whole, ==, want);

  /* The output in pieces, and after a reset. */
  blake3_hasher_reset (&hasher);
  blake3_hasher_update (&hasher, input, len);
  memset (out, 0, n);
  for (gsize at = 0; at < n; at += 7)
    blake3_hasher_finalize_seek (&hasher, at, out + at, MIN (7, n - at));
  again = to_hex (out, n);
  g_assert_cmpstr (again, ==, want);
}

static void
test_known (void)
{
  for (gsize path = 0; path_name (path) != NULL; path++) {
    path_choose (path_name (path));
    for (gsize i = 0; i < G_N_ELEMENTS (known); i++) {
      for (Mode mode = HASH; mode < N_MODES; mode++)
        check (mode, known[i].len, known[i].hex[mode]);
    }
  }
  path_choose (NULL);
}

static void
test_vectors (void)
{
  const char *folder = g_getenv ("EC_TEST_VECTORS");
  g_autofree char *file = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *root;
  JsonArray *cases;

  if (folder == NULL || *folder == '\0') {
    g_test_skip ("no folder of test vectors (-Dvectors=)");
    return;
  }
  file = g_build_filename (folder, "blake3", "test_vectors.json", NULL);
  if (!g_file_test (file, G_FILE_TEST_EXISTS)) {
    g_test_skip ("the folder of test vectors has no blake3/test_vectors.json");
    return;
  }

  json_parser_load_from_file (parser, file, &error);
  g_assert_no_error (error);
  root = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpstr (json_object_get_string_member (root, "key"), ==, KEY);
  g_assert_cmpstr (json_object_get_string_member (root, "context_string"), ==, CONTEXT);
  cases = json_object_get_array_member (root, "cases");
  g_assert_cmpuint (json_array_get_length (cases), >, 0);

  for (gsize path = 0; path_name (path) != NULL; path++) {
    path_choose (path_name (path));
    g_test_message ("path: %s", path_name (path));
    for (guint i = 0; i < json_array_get_length (cases); i++) {
      JsonObject *one = json_array_get_object_element (cases, i);
      gsize len = json_object_get_int_member (one, "input_len");

      for (Mode mode = HASH; mode < N_MODES; mode++)
        check (mode, len, json_object_get_string_member (one, mode_members[mode]));
    }
  }
  path_choose (NULL);
}

static void
hash_split (Mode mode, const guint8 *input, gsize len, gsize largest, guint8 out[32])
{
  blake3_hasher hasher;
  gsize at = 0;

  init (&hasher, mode);
  while (at < len) {
    gsize step = g_test_rand_int_range (0, (gint32) largest + 1);

    step = MIN (step, len - at);
    blake3_hasher_update (&hasher, input + at, step);
    at += step;
    /* Looking at the hash in between changes nothing. */
    if (g_test_rand_int_range (0, 16) == 0)
      blake3_hasher_finalize (&hasher, out, 32);
  }
  blake3_hasher_finalize (&hasher, out, 32);
}

/* Any split on any path gives what the portable path gives at once. */
static void
test_splits (void)
{
  static const gsize largest[] = { 1, 63, 64, 200, 1024, 1500, 5000, 40000, 200000 };
  g_autofree guint8 *memory = make_input (300000 + 64);

  for (int round = 0; round < 100; round++) {
    gsize len = g_test_rand_int_range (0, round % 2 == 0 ? 20000 : 300000);
    const guint8 *input = memory + g_test_rand_int_range (0, 64);
    gsize step = largest[round % G_N_ELEMENTS (largest)];
    Mode mode = round % N_MODES;
    guint8 want[32], got[32];
    blake3_hasher hasher;

    path_choose (path_name (0));
    init (&hasher, mode);
    blake3_hasher_update (&hasher, input, len);
    blake3_hasher_finalize (&hasher, want, sizeof want);

    for (gsize path = 0; path_name (path) != NULL; path++) {
      path_choose (path_name (path));
      hash_split (mode, input, len, step, got);
      g_assert_cmpmem (got, sizeof got, want, sizeof want);
    }
  }
  path_choose (NULL);
}

/* Every number of chunks up to twice the widest vectors, with and without a begun one, after
 * every begun chunk; so every rest of a run is met. Content that tells all lanes apart. */
static void
test_rests (void)
{
  gsize max = 70 * BLAKE3_CHUNK_LEN;
  g_autofree guint8 *input = g_malloc (max);

  for (gsize i = 0; i < max; i++)
    input[i] = g_test_rand_int ();

  for (gsize chunks = 0; chunks < 69; chunks++) {
    for (gsize extra = 0; extra <= 1; extra++) {
      gsize len = chunks * BLAKE3_CHUNK_LEN + extra;
      gsize first = MIN (len, chunks / 3 * BLAKE3_CHUNK_LEN + chunks % 2);
      guint8 want[32], got[32];
      blake3_hasher hasher;

      path_choose (path_name (0));
      blake3_hasher_init (&hasher);
      for (gsize at = 0; at < len; at += 50)
        blake3_hasher_update (&hasher, input + at, MIN (50, len - at));
      blake3_hasher_finalize (&hasher, want, sizeof want);

      for (gsize path = 0; path_name (path) != NULL; path++) {
        path_choose (path_name (path));
        blake3_hasher_init (&hasher);
        blake3_hasher_update (&hasher, input, len);
        blake3_hasher_finalize (&hasher, got, sizeof got);
        g_assert_cmpmem (got, sizeof got, want, sizeof want);

        blake3_hasher_reset (&hasher);
        blake3_hasher_update (&hasher, input, first);
        blake3_hasher_update (&hasher, input + first, len - first);
        blake3_hasher_finalize (&hasher, got, sizeof got);
        g_assert_cmpmem (got, sizeof got, want, sizeof want);
      }
    }
  }
  path_choose (NULL);
}

/* A hasher whose chunk counter is about to pass 32 bits: all lanes must carry. */
static void
test_large_counter (void)
{
#if HAVE_PATHS
  gsize len = 64 * BLAKE3_CHUNK_LEN + 5;
  g_autofree guint8 *input = make_input (len);
  guint8 want[32], got[32];

  for (guint64 before = 0; before <= 64; before++) {
    guint64 counter = (G_GUINT64_CONSTANT (1) << 32) - before;

    for (gsize path = 0; path_name (path) != NULL; path++) {
      blake3_hasher hasher;

      path_choose (path_name (path));
      blake3_hasher_init (&hasher);
      /* As many subtrees on the stack as the counter has bits set. */
      hasher.chunk.chunk_counter = counter;
      for (guint64 bits = counter; bits != 0; bits &= bits - 1)
        hasher.cv_stack_len++;
      for (gsize i = 0; i < 32 * (gsize) hasher.cv_stack_len; i++)
        hasher.cv_stack[i] = (guint8) i;
      if (path == 0) {
        for (gsize at = 0; at < len; at += 100)
          blake3_hasher_update (&hasher, input + at, MIN (100, len - at));
        blake3_hasher_finalize (&hasher, want, sizeof want);
      } else {
        blake3_hasher_update (&hasher, input, len);
        blake3_hasher_finalize (&hasher, got, sizeof got);
        g_assert_cmpmem (got, sizeof got, want, sizeof want);
      }
    }
  }
  path_choose (NULL);
#else
  g_test_skip ("the system library hides its fields");
#endif
}

static void
test_interface (void)
{
  guint8 a[32], b[32], none = 0x5a;
  blake3_hasher hasher, copy;

  g_assert_cmpstr (blake3_version (), ==, BLAKE3_VERSION_STRING);

  blake3_hasher_init_derive_key (&hasher, "a context");
  blake3_hasher_update (&hasher, NULL, 0);
  blake3_hasher_update (&hasher, "abc", 3);
  copy = hasher;
  blake3_hasher_finalize (&hasher, a, sizeof a);
  blake3_hasher_init_derive_key_raw (&hasher, "a context, cut", 9);
  blake3_hasher_update (&hasher, "abc", 3);
  blake3_hasher_finalize (&hasher, b, sizeof b);
  g_assert_cmpmem (a, sizeof a, b, sizeof b);
  blake3_hasher_finalize (&copy, b, sizeof b);
  g_assert_cmpmem (a, sizeof a, b, sizeof b);
  blake3_hasher_finalize (&copy, &none, 0);
  g_assert_cmpuint (none, ==, 0x5a);

#if HAVE_PATHS
  g_assert_cmpstr (blake3_path_name (0), ==, "portable");
  g_assert_false (blake3_path_choose ("no such path"));
#endif
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/blake3/known", test_known);
  g_test_add_func ("/blake3/vectors", test_vectors);
  g_test_add_func ("/blake3/splits", test_splits);
  g_test_add_func ("/blake3/rests", test_rests);
  g_test_add_func ("/blake3/large-counter", test_large_counter);
  g_test_add_func ("/blake3/interface", test_interface);
  return g_test_run ();
}
