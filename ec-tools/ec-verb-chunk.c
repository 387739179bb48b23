/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define VERB "chunk"
#define MANIFEST_TYPE "ec-manifest+json"
#define NODE_ID_SIZE 64
/* Without anything to chunk in this much of a stream, there is no use in going on. */
#define GIVE_UP_BYTES (32 * 1024 * 1024)
/* How often progress is shown while nothing comes, ms. */
#define PROGRESS_TIME 500
/* Chunks that are remembered to tell when one is revoked. */
#define REMEMBERED 512
/* What is remembered with them. */
#define DATA_SOURCE_ID "ec-source-id"
#define DATA_FILE "ec-file"

static char *opt_out;
static int opt_program;
static int opt_chunks;
static gboolean opt_json;
static char *opt_identity;
static gboolean opt_stable;
static gboolean opt_sign;
static char *opt_manifests;
static char *opt_trust;

static const GOptionEntry entries[] = {
  { "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out, "Write each chunk to DIR/INDEX.ts", "DIR" },
  { "program", 'p', 0, G_OPTION_ARG_INT, &opt_program,
    "The program to chunk (default: the channel's, or the first of the stream)", "N" },
  { "chunks", 'n', 0, G_OPTION_ARG_INT, &opt_chunks, "Stop after N chunks", "N" },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &opt_json, "Print one JSON object a chunk", NULL },
  { "identity", 0, 0, G_OPTION_ARG_FILENAME, &opt_identity,
    "Use the identity in FILE, made if it is not there", "FILE" },
  { "stable", 0, 0, G_OPTION_ARG_NONE, &opt_stable,
    "Use the user's stable identity (default: one for this run)", NULL },
  { "sign", 0, 0, G_OPTION_ARG_NONE, &opt_sign, "Write a signed manifest to DIR/INDEX.jws, too",
    NULL },
  { "manifests", 0, 0, G_OPTION_ARG_FILENAME, &opt_manifests,
    "For chunks as input: believe the manifests in DIR …", "DIR" },
  { "trust", 0, 0, G_OPTION_ARG_STRING, &opt_trust, "… that NODE signed", "NODE" },
  { NULL },
};

static const char description[] =
    "Cuts a transport stream into canonical chunks: at any receiver of the same broadcast, chunks\n"
    "of the same index have the same bytes, wherever both are clean.\n"
    "\n"
    "Examples:\n"
    "  ec chunk recording.ts --out chunks         cut a recording\n"
    "  ec chunk hdhomerun://10A12347/5.1 -n 10    cut twenty seconds of a channel, keep nothing\n"
    "  ec chunk recording.ts --json | jq .hash    for scripts\n"
    "\n"
    "A line a chunk: its index, “clean” or what is wrong with it, its time, length, size and "
    "hash.\n";

typedef struct {
  EcSource *source;
  EcChunker *chunker;
  EcIdentity *identity;
  char *device, *channel;
  gint64 epoch;
  guint timeline;
  GQueue remembered; /* EcChunk without data */
  guint n_chunks, n_clean, n_revoked;
  guint64 n_bytes;
  GError *error;
} Run;

static char *
source_id (Run *run, EcChunk *chunk)
{
  if (ec_chunk_get_timeline (chunk) != run->timeline) {
    run->timeline = ec_chunk_get_timeline (chunk);
    run->epoch = MAX (run->epoch + 1, g_get_real_time () / 1000);
  }
  return ec_stream_id_for_source (ec_identity_get_node_id (run->identity), run->device,
                                  run->channel, run->epoch);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_boolean (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
print_json (EcChunk *chunk, const char *file, const char *source, gboolean revoked)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  EcManifest *manifest = ec_chunk_get_manifest (chunk);
  const char *stream = ec_chunk_get_stream_id (chunk);
  g_autofree char *utc = ec_manifest_dup_utc (manifest);
  gboolean clean = ec_chunk_get_clean (chunk);

  json_builder_begin_object (builder);
  add_int (builder, "index", ec_chunk_get_index (chunk));
  add_string (builder, "file", file);
  add_string (builder, "sync",
              ec_manifest_get_sync (manifest) == EC_CHUNK_SYNC_CLOCK ? "clock" : "pts");
  add_string (builder, "utc", utc);
  add_int (builder, "pts", ec_manifest_get_pts (manifest));
  add_int (builder, "duration_ms", ec_manifest_get_duration (manifest) / 90);
  json_builder_set_member_name (builder, "parts");
  json_builder_begin_array (builder);
  for (guint i = 0; i < ec_manifest_get_n_parts (manifest); i++)
    json_builder_add_int_value (builder, ec_manifest_get_part_size (manifest, i));
  json_builder_end_array (builder);
  add_int (builder, "bytes", (gint64) ec_manifest_get_n_bytes (manifest));
  add_int (builder, "packets", (gint64) ec_chunk_get_n_packets (chunk));
  add_boolean (builder, "clean", clean);
  add_int (builder, "damaged", ec_manifest_get_damaged (manifest));
  add_boolean (builder, "certain_open", ec_chunk_get_certain_open (chunk));
  add_boolean (builder, "certain_close", ec_chunk_get_certain_close (chunk));
  add_string (builder, "hash", ec_chunk_get_hash (chunk));
  add_string (builder, "stream_id", stream && clean ? stream : source);
  add_string (builder, "source_id", source);
  if (revoked)
    add_boolean (builder, "revoked", TRUE);
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
}

static const char *
describe_state (EcChunk *chunk)
{
  if (ec_chunk_get_clean (chunk))
    return "clean";
  if (ec_manifest_get_damaged (ec_chunk_get_manifest (chunk)) > 0)
    return "damaged";
  return "uncertain";
}

static void
print_text (EcChunk *chunk, const char *file)
{
  EcManifest *manifest = ec_chunk_get_manifest (chunk);
  g_autofree char *utc = ec_manifest_dup_utc (manifest);
  g_autofree char *size = g_format_size (ec_manifest_get_n_bytes (manifest));
  double seconds = (double) ec_manifest_get_duration (manifest) / 90000;

  ec_tool_progress_clear ();
  g_print ("%-12" G_GINT64_FORMAT " %-9s %-24s %6.3f s %4u parts %9s  %.16s…%s%s\n",
           ec_chunk_get_index (chunk), describe_state (chunk), utc ? utc : "by time stamps",
           seconds, ec_manifest_get_n_parts (manifest), size, ec_chunk_get_hash (chunk),
           file ? "  " : "", file ? file : "");
}

static gboolean
same_as_file (EcChunk *chunk, const char *path)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);

  if (!file ||
      g_mapped_file_get_length (file) != ec_manifest_get_n_bytes (ec_chunk_get_manifest (chunk)))
    return FALSE;
  data = ec_chunk_dup_data (chunk);
  return data && memcmp (g_bytes_get_data (data, NULL), g_mapped_file_get_contents (file),
                         g_bytes_get_size (data)) == 0;
}

/* Writes to a file of another name first, so that a file that is there is whole. */
static gboolean
write_chunk (EcChunk *chunk, const char *path, GError **error)
{
  g_autofree char *temporary = g_strconcat (path, ".part", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (temporary);
  g_autoptr (GFile) target = g_file_new_for_path (path);
  g_autoptr (GFileOutputStream) stream =
      g_file_replace (file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, error);

  if (!stream)
    return FALSE;
  for (guint i = 0; i < ec_chunk_get_n_parts (chunk); i++) {
    gsize size;
    gconstpointer data = g_bytes_get_data (ec_chunk_get_part (chunk, i), &size);

    if (!g_output_stream_write_all (G_OUTPUT_STREAM (stream), data, size, NULL, NULL, error)) {
      g_unlink (temporary);
      return FALSE;
    }
  }
  if (!g_output_stream_close (G_OUTPUT_STREAM (stream), NULL, error) ||
      !g_file_move (file, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error)) {
    g_unlink (temporary);
    return FALSE;
  }
  return TRUE;
}

/*
 * INDEX.ts. What was published under an index first is never replaced: another chunk of the same
 * index, from another run or timeline, gets the run's epoch in its name.
 */
static char *
store (Run *run, EcChunk *chunk)
{
  g_autofree char *name = g_strdup_printf ("%" G_GINT64_FORMAT ".ts", ec_chunk_get_index (chunk));
  g_autofree char *path = g_build_filename (opt_out, name, NULL);

  if (g_file_test (path, G_FILE_TEST_EXISTS)) {
    if (same_as_file (chunk, path))
      return g_steal_pointer (&path);
    g_free (name);
    g_free (path);
    name = g_strdup_printf ("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT ".ts",
                            ec_chunk_get_index (chunk), run->epoch);
    path = g_build_filename (opt_out, name, NULL);
  }
  return write_chunk (chunk, path, &run->error) ? g_steal_pointer (&path) : NULL;
}

/* The node that a manifest says it is of: it is in the first field, in base64url (ECP-0004 §2). */
static char *
node_of (const char *jws)
{
  g_auto (GStrv) fields = g_strsplit (jws, ".", 2);
  g_autofree char *padded = g_strconcat (fields[0] ? fields[0] : "", "===", NULL);
  g_autofree guchar *header = NULL;
  g_autofree char *text = NULL;
  const char *kid;
  gsize size;

  g_strdelimit (padded, "-", '+');
  g_strdelimit (padded, "_", '/');
  header = g_base64_decode (padded, &size);
  text = g_strndup ((const char *) header, size);
  kid = strstr (text, "\"kid\":\"");
  return kid ? g_strndup (kid + strlen ("\"kid\":\""), NODE_ID_SIZE) : NULL;
}

/* Whether a manifest of somebody is there already that calls this very chunk clean. */
static gboolean
is_vouched_for (EcChunk *chunk, const char *path)
{
  g_autofree char *jws = NULL;
  g_autofree char *node = NULL;
  g_autofree char *text = NULL;
  g_autoptr (EcManifest) manifest = NULL;

  if (!g_file_get_contents (path, &jws, NULL, NULL))
    return FALSE;
  node = node_of (g_strchomp (jws));
  text = node ? ec_identity_verify_text (node, MANIFEST_TYPE, jws, NULL) : NULL;
  manifest = text ? ec_manifest_new_from_text (text, -1, NULL) : NULL;
  return manifest && ec_manifest_get_clean (manifest) &&
         ec_manifest_get_index (manifest) == ec_chunk_get_index (chunk) &&
         g_str_equal (ec_manifest_get_hash (manifest), ec_chunk_get_hash (chunk));
}

/*
 * Who did not see all of a chunk says nothing against the manifest of one who did. A revocation does:
 * it is said by the one who signed.
 */
static gboolean
store_manifest (Run *run, EcChunk *chunk, const char *chunk_path, gboolean revoked)
{
  g_autofree char *base = g_strndup (chunk_path, strlen (chunk_path) - strlen (".ts"));
  g_autofree char *path = g_strconcat (base, ".jws", NULL);
  g_autofree char *text = NULL;
  g_autofree char *jws = NULL;

  if (!revoked && !ec_chunk_get_clean (chunk) && is_vouched_for (chunk, path))
    return TRUE;
  text = ec_manifest_to_text (ec_chunk_get_manifest (chunk));
  jws = ec_identity_sign_text (run->identity, MANIFEST_TYPE, text);
  return g_file_set_contents (path, jws, -1, &run->error);
}

static void
remember (Run *run, EcChunk *chunk, const char *source, const char *file)
{
  if (!ec_chunk_get_clean (chunk))
    return;
  ec_chunk_drop_data (chunk);
  g_object_set_data_full (G_OBJECT (chunk), DATA_SOURCE_ID, g_strdup (source), g_free);
  g_object_set_data_full (G_OBJECT (chunk), DATA_FILE, g_strdup (file), g_free);
  g_queue_push_tail (&run->remembered, g_object_ref (chunk));
  if (run->remembered.length > REMEMBERED)
    g_object_unref (g_queue_pop_head (&run->remembered));
}

static gboolean
take_chunk (Run *run, EcChunk *chunk)
{
  g_autofree char *source = source_id (run, chunk);
  g_autofree char *file = NULL;

  if (opt_out) {
    file = store (run, chunk);
    if (!file || (opt_sign && !store_manifest (run, chunk, file, FALSE)))
      return FALSE;
  }
  run->n_chunks++;
  run->n_clean += ec_chunk_get_clean (chunk);
  if (opt_json)
    print_json (chunk, file, source, FALSE);
  else
    print_text (chunk, file);
  remember (run, chunk, source, file);
  return ec_tool_check_output (&run->error);
}

static void
on_revoked (EcChunker *chunker, EcChunk *chunk, gpointer user_data)
{
  Run *run = user_data;
  const char *source = g_object_get_data (G_OBJECT (chunk), DATA_SOURCE_ID);
  const char *file = g_object_get_data (G_OBJECT (chunk), DATA_FILE);

  run->n_revoked++;
  run->n_clean--;
  /* What was signed is signed again, not clean (ECP-0004 §3). */
  if (opt_sign && !run->error)
    (void) store_manifest (run, chunk, file, TRUE);
  if (!opt_json) {
    ec_tool_progress_clear ();
    g_print ("%-12" G_GINT64_FORMAT " revoked: a loss was found late\n",
             ec_chunk_get_index (chunk));
    return;
  }
  print_json (chunk, NULL, source, TRUE);
}

/* FALSE when it is time to stop. */
static gboolean
take_chunks (Run *run)
{
  for (;;) {
    g_autoptr (EcChunk) chunk = ec_chunker_pop (run->chunker);

    if (!chunk)
      return TRUE;
    if (!take_chunk (run, chunk))
      return FALSE;
    if (opt_chunks > 0 && run->n_chunks >= (guint) opt_chunks)
      return FALSE;
  }
}

static const char *
describe_source (EcSource *source)
{
  switch (ec_source_get_state (source)) {
  case EC_SOURCE_STATE_OPENING:
    return "; waiting for the stream…";
  case EC_SOURCE_STATE_STALLED:
    return "; nothing comes any more…";
  case EC_SOURCE_STATE_RECONNECTING:
    return "; the stream was lost, connecting again…";
  default:
    return "";
  }
}

static void
show_progress (Run *run)
{
  g_autofree char *size = g_format_size (run->n_bytes);

  ec_tool_progress ("%s read, %u chunks, %u clean%s%s", size, run->n_chunks, run->n_clean,
                    run->n_revoked ? ", some revoked" : "", describe_source (run->source));
}

static gboolean
on_progress_time (gpointer user_data)
{
  show_progress (user_data);
  return G_SOURCE_CONTINUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **out = user_data;

  *out = g_object_ref (result);
}

/* Waits with the main context running, so that progress shows also while nothing comes. */
static GBytes *
read_block (Run *run, gboolean *discontinuity, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ec_source_read_async (run->source, ec_tool_get_cancellable (), on_read, &result);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  return ec_source_read_finish (run->source, result, discontinuity, error);
}

/* Nothing opens, and what is wrong does not look as if it would pass. */
static gboolean
is_hopeless (Run *run)
{
  return run->n_chunks == 0 && run->n_bytes > GIVE_UP_BYTES &&
         !ec_chunker_check (run->chunker, &run->error);
}

/* A share's chunks are cut already; its publisher's manifests say what they are. */
static void
take_manifests (Run *run)
{
  EcManifest *manifest;

  if (!EC_IS_SHARE_SOURCE (run->source))
    return;
  while ((manifest = ec_share_source_pop_manifest (EC_SHARE_SOURCE (run->source)))) {
    ec_chunker_add_manifest (run->chunker, manifest);
    g_object_unref (manifest);
  }
}

static void
read_source (Run *run)
{
  for (;;) {
    gboolean discontinuity = FALSE;
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) bytes = read_block (run, &discontinuity, &error);

    if (error && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      run->error = g_steal_pointer (&error);
    if (!bytes)
      break;
    if (discontinuity)
      ec_chunker_push_discontinuity (run->chunker);
    run->n_bytes += g_bytes_get_size (bytes);
    take_manifests (run);
    ec_chunker_push (run->chunker, bytes);
    if (run->error || !take_chunks (run) || is_hopeless (run))
      return;
    show_progress (run);
  }

  ec_chunker_finish (run->chunker);
  if (take_chunks (run) && run->n_chunks == 0 && !run->error)
    (void) ec_chunker_check (run->chunker, &run->error);
}

static gboolean
load_manifests (Run *run)
{
  const char *node = opt_trust ? opt_trust : ec_identity_get_node_id (run->identity);
  g_autoptr (GDir) dir = g_dir_open (opt_manifests, 0, &run->error);
  const char *name;

  if (!dir)
    return FALSE;
  while ((name = g_dir_read_name (dir))) {
    g_autofree char *path = g_build_filename (opt_manifests, name, NULL);
    g_autofree char *jws = NULL;
    g_autofree char *text = NULL;
    g_autoptr (EcManifest) manifest = NULL;

    if (!g_str_has_suffix (name, ".jws"))
      continue;
    if (!g_file_get_contents (path, &jws, NULL, &run->error))
      return FALSE;
    text = ec_identity_verify_text (node, MANIFEST_TYPE, g_strchomp (jws), &run->error);
    manifest = text ? ec_manifest_new_from_text (text, -1, &run->error) : NULL;
    if (!manifest) {
      g_prefix_error (&run->error, "%s: ", path);
      return FALSE;
    }
    ec_chunker_add_manifest (run->chunker, manifest);
  }
  return TRUE;
}

static gboolean
prepare (Run *run, const char *uri)
{
  run->identity = opt_identity || opt_stable ? ec_identity_load (opt_identity, TRUE, &run->error)
                                             : ec_identity_new_ephemeral ();
  if (!run->identity)
    return FALSE;
  if (opt_out && g_mkdir_with_parents (opt_out, 0777) < 0) {
    g_set_error (&run->error, G_FILE_ERROR, g_file_error_from_errno (errno),
                 "Cannot make the folder “%s”: %s", opt_out, g_strerror (errno));
    return FALSE;
  }

  run->source = ec_source_new_for_uri (uri, &run->error);
  if (run->source && EC_IS_SHARE_SOURCE (run->source))
    ec_share_source_set_verify_first (EC_SHARE_SOURCE (run->source), TRUE);
  if (!run->source || !ec_source_open (run->source, ec_tool_get_cancellable (), &run->error))
    return FALSE;
  run->device = ec_source_dup_device_name (run->source);
  run->channel = ec_source_dup_channel_name (run->source);
  run->epoch = g_get_real_time () / 1000;
  run->chunker = ec_chunker_new (opt_program ? (guint) opt_program
                                             : ec_source_get_program_number (run->source));
  g_signal_connect (run->chunker, "revoked", G_CALLBACK (on_revoked), run);
  return !opt_manifests || load_manifests (run);
}

EcToolStatus
ec_verb_chunk (int argc, char **argv)
{
  EcToolStatus status = EC_TOOL_DONE;
  Run run = { .remembered = G_QUEUE_INIT };
  guint progress;

  if (!ec_tool_parse (&argc, &argv, entries, "SOURCE",
                      "Cut a transport stream into canonical chunks.", description, 1, 1, &status))
    return status;
  if (opt_program < 0 || opt_program > 65535 || opt_chunks < 0 || (opt_sign && !opt_out) ||
      (opt_trust && !opt_manifests)) {
    g_printerr ("ec chunk: %s\n", opt_sign && !opt_out          ? "--sign needs --out."
                                  : opt_trust && !opt_manifests ? "--trust needs --manifests."
                                                                : "a number is out of range.");
    return EC_TOOL_USAGE;
  }

  progress = g_timeout_add (PROGRESS_TIME, on_progress_time, &run);
  if (prepare (&run, argv[1]))
    read_source (&run);
  g_source_remove (progress);
  ec_tool_progress_clear ();
  if (run.error)
    status = ec_tool_fail (VERB, run.error);

  if (run.source)
    ec_source_close (run.source);
  g_queue_clear_full (&run.remembered, g_object_unref);
  g_clear_object (&run.chunker);
  g_clear_object (&run.source);
  g_clear_object (&run.identity);
  g_clear_error (&run.error);
  g_free (run.device);
  g_free (run.channel);
  return status;
}
