/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/ec-error.h"
#include "chunk/ec-chunk.h"
#include "chunk/ec-chunker.h"
#include "media/ec-broadcast.h"
#include "ts-builder.h"
#include "ts/ec-inspector.h"
#include "ts/ec-ts-packet.h"

/* The inspector, on streams of several makers, and on bytes that are none. */

static EcInspector *
inspect (const guint8 *data, gsize size, gsize piece)
{
  EcInspector *inspector = ec_inspector_new (0);

  for (gsize at = 0; at < size; at += piece) {
    gsize n = MIN (piece, size - at);
    g_autofree guint8 *copy = g_memdup2 (data + at, n); /* on the heap, for the address sanitizer */
    g_autoptr (GBytes) bytes = g_bytes_new_static (copy, n);

    ec_inspector_push (inspector, bytes);
  }
  ec_inspector_finish (inspector);
  return inspector;
}

static JsonNode *
report (EcInspector *inspector)
{
  g_autofree char *json = ec_inspector_to_json (inspector);
  g_autofree char *text = ec_inspector_to_text (inspector);
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (json, &error);

  g_assert_no_error (error);
  g_assert_null (strchr (json, '\n'));
  g_assert_true (g_utf8_validate (json, -1, NULL));
  g_assert_true (g_utf8_validate (text, -1, NULL));
  for (const char *p = text; *p; p++)
    g_assert_true (*p == '\n' || !g_ascii_iscntrl (*p));
  return node;
}

static JsonNode *
report_of (const guint8 *data, gsize size)
{
  g_autoptr (EcInspector) inspector = inspect (data, size, 65536);

  return report (inspector);
}

/* A value by its JSONPath, of which there must be one. */
static JsonNode *
at (JsonNode *root, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) found = json_path_query (path, root, &error);
  JsonArray *array;

  g_assert_no_error (error);
  array = json_node_get_array (found);
  if (json_array_get_length (array) != 1)
    g_error ("%s: there are %u", path, json_array_get_length (array));
  return json_array_dup_element (array, 0);
}

static gint64
number_at (JsonNode *root, const char *path)
{
  g_autoptr (JsonNode) node = at (root, path);

  return json_node_get_int (node);
}

static void
assert_string (JsonNode *root, const char *path, const char *expected)
{
  g_autoptr (JsonNode) node = at (root, path);

  g_assert_cmpstr (JSON_NODE_HOLDS_NULL (node) ? NULL : json_node_get_string (node), ==, expected);
}

static gboolean
has_warning (JsonNode *root, const char *part)
{
  g_autoptr (JsonNode) node = at (root, "$.warnings");
  JsonArray *warnings = json_node_get_array (node);

  for (guint i = 0; i < json_array_get_length (warnings); i++) {
    if (strstr (json_array_get_string_element (warnings, i), part))
      return TRUE;
  }
  return FALSE;
}

static guint
count_at (JsonNode *root, const char *path)
{
  g_autoptr (JsonNode) node = at (root, path);

  return json_array_get_length (json_node_get_array (node));
}

static char *
temporary_path (const char *name)
{
  g_autofree char *full = g_strdup_printf ("ec-inspector-%u-%s", (guint) g_random_int (), name);

  return g_build_filename (g_get_tmp_dir (), full, NULL);
}

/* Runs a command that writes `path`; its bytes, or NULL if it failed. */
static GBytes *
run_for_file (char **argv, const char *path)
{
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;
  int status;

  g_assert_true (g_spawn_sync (NULL, argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                               &status, &error));
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, NULL) || !g_file_get_contents (path, &data, &size, NULL))
    return NULL;
  g_unlink (path);
  return g_bytes_new_take (data, size);
}

/* NULL, and the test is skipped, where there is no FFmpeg that does this. */
static GBytes *
ffmpeg (const char *arguments)
{
  g_autofree char *program = g_find_program_in_path ("ffmpeg");
  g_autofree char *path = temporary_path ("ffmpeg.ts");
  g_autofree char *line = g_strdup_printf ("ffmpeg -v error -y %s -f mpegts %s", arguments, path);
  g_auto (GStrv) argv = NULL;
  GBytes *bytes;

  if (!program) {
    g_test_skip ("ffmpeg is not installed");
    return NULL;
  }
  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  g_free (argv[0]);
  argv[0] = g_strdup (program);
  bytes = run_for_file (argv, path);
  if (!bytes)
    g_test_skip ("this ffmpeg lacks an encoder");
  return bytes;
}

/* tests/python/tsgen.py; NULL, and the test is skipped, without Python. */
static GBytes *
tsgen (const char *arguments)
{
  g_autofree char *python = g_find_program_in_path ("python3");
  g_autofree char *script = g_test_build_filename (G_TEST_DIST, "python", "tsgen.py", NULL);
  g_autofree char *path = temporary_path ("tsgen.ts");
  g_autofree char *quoted_script = g_shell_quote (script);
  g_autofree char *quoted_path = g_shell_quote (path);
  g_autofree char *line = NULL;
  g_auto (GStrv) argv = NULL;
  GBytes *bytes;

  if (!python) {
    g_test_skip ("python3 is not installed");
    return NULL;
  }
  line = g_strdup_printf ("%s %s %s -o %s", python, quoted_script, arguments, quoted_path);
  g_assert_true (g_shell_parse_argv (line, NULL, &argv, NULL));
  bytes = run_for_file (argv, path);
  g_assert_nonnull (bytes);
  return bytes;
}

static void
test_mpeg2 (void)
{
  g_autoptr (GBytes) bytes =
      ffmpeg ("-f lavfi -i testsrc2=s=704x480:r=30000/1001 -f lavfi -i sine=f=440:r=48000 -t 6 "
              "-map 0 -map 1 -c:v mpeg2video -flags +ilme+ildct -aspect 16:9 -g 15 -b:v 2M "
              "-c:a ac3 -ac:a 6 -b:a 384k -metadata:s:a:0 language=fra "
              "-metadata service_name=Ünï -metadata service_provider=Провайдер -muxrate 4M "
              "-mpegts_transport_stream_id 2069 -mpegts_original_network_id 8468");
  g_autoptr (JsonNode) root = NULL;
  gint64 rate;

  if (!bytes)
    return;
  root = report_of (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  rate = number_at (root, "$.bit_rate");
  g_assert_cmpint (rate, >, 3990000);
  g_assert_cmpint (rate, <, 4010000);
  g_assert_cmpint (number_at (root, "$.duration_ms"), >, 5800);
  g_assert_cmpint (number_at (root, "$.duration_ms"), <, 6200);
  g_assert_cmpint (number_at (root, "$.continuity_errors"), ==, 0);
  g_assert_cmpint (number_at (root, "$.tsid"), ==, 2069);
  g_assert_cmpint (number_at (root, "$.network.onid"), ==, 8468);
  assert_string (root, "$.programs[0].name", "Ünï");
  assert_string (root, "$.programs[0].provider", "Провайдер");
  assert_string (root, "$.programs[0].streams[0].codec", "MPEG-2 video");
  g_assert_cmpint (number_at (root, "$.programs[0].streams[0].video.width"), ==, 704);
  g_assert_cmpint (number_at (root, "$.programs[0].streams[0].video.height"), ==, 480);
  assert_string (root, "$.programs[0].streams[0].video.frame_rate", "30000/1001");
  assert_string (root, "$.programs[0].streams[0].video.aspect", "16:9");
  assert_string (root, "$.programs[0].streams[0].video.scan", "interlaced");
  assert_string (root, "$.programs[0].streams[1].language", "fra");
  assert_string (root, "$.programs[0].streams[1].audio.layout", "5.1");
  g_assert_cmpint (number_at (root, "$.programs[0].streams[1].audio.bit_rate"), ==, 384000);
  g_assert_cmpint (number_at (root, "$.programs[0].raps.count"), >=, 12);
  g_assert_cmpint (number_at (root, "$.programs[0].raps.interval_ms.median"), ==, 500);
  assert_string (root, "$.programs[0].stream_id", NULL);
  g_assert_cmpuint (count_at (root, "$.warnings"), ==, 0);
}

static void
test_codecs (void)
{
  g_autoptr (GBytes) h264 =
      ffmpeg ("-f lavfi -i testsrc2=s=1278x716:r=25 -t 3 -c:v libx264 -preset ultrafast "
              "-x264-params interlaced=1:keyint=25");
  g_autoptr (GBytes) hevc =
      ffmpeg ("-f lavfi -i testsrc2=s=638x358:r=50 -f lavfi -i sine=r=44100 -t 2 -c:v libx265 "
              "-preset ultrafast -x265-params log-level=none:keyint=25 -c:a aac -ac 2");
  g_autoptr (JsonNode) one = NULL;
  g_autoptr (JsonNode) two = NULL;

  if (!h264 || !hevc)
    return;
  one = report_of (g_bytes_get_data (h264, NULL), g_bytes_get_size (h264));
  g_assert_cmpint (number_at (one, "$.programs[0].streams[0].video.width"), ==, 1278);
  g_assert_cmpint (number_at (one, "$.programs[0].streams[0].video.height"), ==, 716);
  assert_string (one, "$.programs[0].streams[0].video.scan", "interlaced");
  assert_string (one, "$.programs[0].streams[0].video.frame_rate", "25/1");
  g_assert_cmpint (number_at (one, "$.programs[0].raps.interval_ms.median"), ==, 1000);

  two = report_of (g_bytes_get_data (hevc, NULL), g_bytes_get_size (hevc));
  g_assert_cmpint (number_at (two, "$.programs[0].streams[0].video.width"), ==, 638);
  g_assert_cmpint (number_at (two, "$.programs[0].streams[0].video.height"), ==, 358);
  assert_string (two, "$.programs[0].streams[0].codec", "HEVC");
  g_assert_cmpint (number_at (two, "$.programs[0].raps.count"), ==, 4);
  assert_string (two, "$.programs[0].streams[1].audio.layout", "stereo");
  g_assert_cmpint (number_at (two, "$.programs[0].streams[1].audio.sample_rate"), ==, 44100);
}

static void
test_clocks (void)
{
  static const struct {
    const char *kind, *id;
  } all[] = { { "atsc", "ec/v1/atsc/2069/3/ts-canonical-1" },
              { "dvb", "ec/v1/dvb/8468/2069/3/ts-canonical-1" },
              { "isdb", "ec/v1/isdb/8468/2069/3/ts-canonical-1" } };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    g_autofree char *arguments =
        g_strdup_printf ("--kind %s --video mpeg2 --seconds 12 --seed 3", all[i].kind);
    g_autoptr (GBytes) bytes = tsgen (arguments);
    g_autoptr (JsonNode) root = NULL;

    if (!bytes)
      return;
    root = report_of (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    assert_string (root, "$.clock.kind", all[i].kind);
    assert_string (root, "$.programs[0].stream_id", all[i].id);
    g_assert_cmpint (number_at (root, "$.clock.steps"), ==, 0);
    g_assert_cmpint (number_at (root, "$.clock.jitter_ms.min"), >, -1500);
    g_assert_cmpint (number_at (root, "$.clock.jitter_ms.max"), <, 1500);
  }
}

/* What stations and receivers do wrong, and what is said of it. */
static void
test_anomalies (void)
{
  static const struct {
    const char *name, *warning;
    const char *path; /* a number that is above 0 */
  } all[] = {
    { "loss", "packets were lost on the way", "$.continuity_errors" },
    { "tei", "transport_error_indicator", "$.transport_errors" },
    { "dup", NULL, "$.duplicates" },
    { "scrambled", "scrambled", "$.scrambled_packets" },
    { "garbage", "Sync was lost", "$.sync_losses" },
    { "clock-step", "broadcast clock steps", "$.clock.steps" },
    { "wrap", NULL, "$.programs[0].streams[0].pts.wraps" },
    { "forward", "time stamps jump", "$.programs[0].streams[0].pts.jumps" },
    { "pmt-version", NULL, "$.programs[0].pmt_changes" },
    { "tsid-change", "transport_stream_id changes", NULL },
    { "flips", "wrong checksum", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    g_autofree char *arguments = g_strdup_printf (
        "--kind atsc --video mpeg2 --seconds 20 --seed 5 --rate 20 --anomalies %s", all[i].name);
    g_autoptr (GBytes) bytes = tsgen (arguments);
    g_autoptr (JsonNode) root = NULL;

    if (!bytes)
      return;
    g_test_message ("%s", all[i].name);
    root = report_of (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    if (all[i].warning)
      g_assert_true (has_warning (root, all[i].warning));
    if (all[i].path)
      g_assert_cmpint (number_at (root, all[i].path), >, 0);
  }
}

static void
assert_splits_equal (const guint8 *data, gsize size)
{
  const gsize pieces[] = { 1, 7, 188, 1000 };
  g_autoptr (EcInspector) whole = inspect (data, size, size);
  g_autofree char *expected = ec_inspector_to_json (whole);

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++) {
    g_autoptr (EcInspector) inspector = inspect (data, size, pieces[i]);
    g_autofree char *json = ec_inspector_to_json (inspector);

    g_assert_cmpstr (json, ==, expected);
  }
}

/* All kinds of streams, in any split the same, and damaged in any way without harm. */
static void
test_fuzz (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (2);

  for (guint seed = 0; seed < 8; seed++) {
    g_autofree char *arguments = g_strdup_printf ("--fuzz --seconds 6 --seed %u", seed);
    g_autoptr (GBytes) bytes = tsgen (arguments);
    g_autofree guint8 *copy = NULL;
    gconstpointer data;
    gsize size;

    if (!bytes)
      return;
    data = g_bytes_get_data (bytes, &size);
    assert_splits_equal (data, size);
    for (guint i = 0; i < 20; i++) {
      g_autoptr (JsonNode) root = NULL;
      gsize n = (gsize) g_rand_int_range (rand, 0, (gint32) size);

      g_free (copy);
      copy = g_memdup2 (data, n);
      for (gsize at_byte = 0; at_byte < n; at_byte += (gsize) g_rand_int_range (rand, 1, 1000))
        copy[at_byte] ^= (guint8) (1u << g_rand_int_range (rand, 0, 8));
      root = report_of (copy, n);
    }
  }
}

static void
test_random (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  const gsize size = 512 * 1024;
  g_autofree guint8 *data = g_malloc (size);
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (JsonNode) packets = NULL;
  g_autoptr (EcInspector) inspector = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) g_rand_int (rand);
  inspector = inspect (data, size, 4096);
  g_assert_false (ec_inspector_check (inspector, &error));
  g_assert_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NOT_TS);
  g_assert_cmpstr (error->message, ==, "This is not an MPEG transport stream.");
  root = report (inspector);

  /* With sync bytes where they belong, and every table's PID in reach. */
  for (gsize i = 0; i + 188 <= size; i += 188) {
    static const guint16 pids[] = { 0, 1, 16, 17, 18, 20, 0x1ffb, 0x30, 0x31, 0x1fff };
    guint pid = pids[g_rand_int_range (rand, 0, G_N_ELEMENTS (pids))];

    data[i] = 0x47;
    data[i + 1] = (guint8) ((data[i + 1] & 0x40) | pid >> 8);
    data[i + 2] = (guint8) pid;
  }
  packets = report_of (data, size);
}

static void
test_nothing (void)
{
  g_autoptr (EcInspector) empty = inspect (NULL, 0, 1);
  g_autoptr (EcInspector) text = inspect ((const guint8 *) "Good morning\n", 13, 13);
  g_autoptr (JsonNode) root = report (empty);
  g_autoptr (GError) error = NULL;

  g_assert_false (ec_inspector_check (empty, &error));
  g_assert_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NOT_TS);
  g_assert_cmpstr (error->message, ==, "The stream is empty.");
  g_assert_false (ec_inspector_check (text, NULL));
  g_assert_cmpint (number_at (root, "$.packets"), ==, 0);
}

static void
test_program (void)
{
  g_autoptr (TsBuilder) builder = ts_builder_new ();
  g_autoptr (EcInspector) there = ec_inspector_new (11);
  g_autoptr (EcInspector) missing = ec_inspector_new (7);
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GError) error = NULL;

  ts_builder_pat (builder, 1, 10, 3, 0x100);
  for (guint i = 0; i < 8; i++)
    ts_builder_payload (builder, 0x200, 0);
  ec_inspector_push_data (there, builder->out->data, builder->out->len);
  ec_inspector_push_data (missing, builder->out->data, builder->out->len);

  g_assert_true (ec_inspector_check (there, NULL));
  g_assert_cmpuint (ec_inspector_get_n_programs (there), ==, 3);
  root = report (there);
  g_assert_cmpuint (count_at (root, "$.programs"), ==, 1);
  g_assert_cmpint (number_at (root, "$.programs[0].program"), ==, 11);

  g_assert_false (ec_inspector_check (missing, &error));
  g_assert_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_NO_PROGRAM);
  g_assert_cmpstr (error->message, ==, "The stream has no program 7. It has 10, 11, 12.");
}

/* Names that would speak to the terminal, and lists without end. */
static void
test_hostile (void)
{
  g_autoptr (TsBuilder) builder = ts_builder_new ();
  static const guint8 vct[] = {
    0,    1,    0, 0x1b, 0, '[', 0, '2', 0, 'J', 0x20, 0x2e, 0xd8, 0x00, 0,    7,    0xf0, 0x14,
    0x01, 0x04, 0, 0,    0, 0,   0, 9,   0, 10,  0x0d, 0xc2, 0,    1,    0xfc, 0x00, 0xfc, 0x00,
  };
  static const guint8 sdt[] = { 0x21, 0x14, 0xff, 0,   11, 0xfc, 0x80, 12, 0x48, 10,
                                1,    2,    0x1b, 'c', 5,  'O',  'K',  7,  8,    14 };
  g_autoptr (JsonNode) root = NULL;

  ts_builder_pat (builder, 9, 10, 2, 0x100);
  ts_builder_section (builder, 0x1ffb, 0xc8, 9, vct, sizeof vct);
  ts_builder_section (builder, 0x11, 0x42, 9, sdt, sizeof sdt);
  for (guint i = 0; i < 100; i++)
    ts_builder_pat (builder, i, i * 200, 200, i * 80);
  for (guint i = 0; i < 200; i++) {
    guint8 nothing[4] = { 0 };

    ts_builder_pcr (builder, 0x200, (guint64) i * 270000, FALSE);
    for (guint table = 0x40; table < 0x70; table++)
      ts_builder_section (builder, 0x12, table, i * 256 + table, nothing, sizeof nothing);
  }

  root = report_of (builder->out->data, builder->out->len);
  assert_string (root, "$.programs[0].name", "\\u{1b}[2J\\u{202e}�\\u{7}");
  assert_string (root, "$.programs[0].channel", "5.1");
  assert_string (root, "$.programs[1].name", "OK\\u{7}\\u{8}\\u{e}");
  g_assert_cmpuint (count_at (root, "$.programs"), ==, 256);
  g_assert_true (has_warning (root, "first 256 programs"));
  g_assert_cmpuint (count_at (root, "$.warnings"), <=, 41);
}

static void
test_pcr (void)
{
  g_autoptr (TsBuilder) builder = ts_builder_new ();
  const guint64 modulus = (G_GUINT64_CONSTANT (1) << 33) * 300;
  guint64 pcr = modulus - 10 * 1080000;
  g_autoptr (JsonNode) root = NULL;

  /* 40 ms apart, through the wrap; then a jump, one that is announced, and one that is late. */
  for (guint i = 0; i < 100; i++) {
    ts_builder_pcr (builder, 0x100, pcr % modulus, FALSE);
    for (guint n = 0; n < 39; n++)
      ts_builder_payload (builder, 0x101, 0);
    pcr += 1080000;
  }
  pcr += 270000000;
  ts_builder_pcr (builder, 0x100, pcr % modulus, FALSE);
  ts_builder_pcr (builder, 0x100, 12345, TRUE);
  ts_builder_pcr (builder, 0x100, 12345 + 27000 * 250, FALSE);

  root = report_of (builder->out->data, builder->out->len);
  g_assert_cmpint (number_at (root, "$.duration_ms"), ==, 99 * 40 + 250);
  g_assert_cmpint (number_at (root, "$.pids[0].pcr.count"), ==, 103);
  g_assert_cmpint (number_at (root, "$.pids[0].pcr.discontinuities"), ==, 1);
  g_assert_cmpint (number_at (root, "$.pids[0].pcr.announced"), ==, 1);
  g_assert_cmpint (number_at (root, "$.pids[0].pcr.late"), ==, 1);
  g_assert_cmpint (number_at (root, "$.pids[0].pcr.max_interval_ms"), ==, 250);
  g_assert_true (has_warning (root, "jumps once without being announced"));
}

static EcBroadcast *
make_broadcast (const char *scenario)
{
  EcBroadcastConfig config = { .profile = EC_BROADCAST_LITE,
                               .seed = 1,
                               .scenario = scenario,
                               .origin = G_GINT64_CONSTANT (1790000005000000) };
  g_autoptr (GError) error = NULL;
  EcBroadcast *broadcast = ec_broadcast_new (&config, NULL, NULL, NULL, &error);

  if (!broadcast)
    g_test_skip (error->message);
  return broadcast;
}

static guint8 *
record (EcBroadcast *broadcast, guint seconds, gsize *size)
{
  const EcStation *station = ec_broadcast_get_station (broadcast);
  guint n = station->slots_per_loop / EC_BROADCAST_LOOP_SECONDS * seconds;
  guint8 *data = g_malloc ((gsize) n * EC_TS_PACKET_SIZE);

  ec_broadcast_read (broadcast, ec_broadcast_slot_at (broadcast, 1790000005000000), n, data);
  *size = (gsize) n * EC_TS_PACKET_SIZE;
  return data;
}

static void
test_broadcast (void)
{
  g_autoptr (EcBroadcast) broadcast = make_broadcast (NULL);
  g_autofree guint8 *data = NULL;
  g_autofree char *id = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (JsonNode) constant = NULL;
  gsize size;

  if (!broadcast)
    return;
  data = record (broadcast, 20, &size);
  root = report_of (data, size);
  id = g_strdup_printf ("ec/v1/atsc/%u/3/ts-canonical-1", ec_broadcast_get_tsid (broadcast));

  g_assert_cmpuint (count_at (root, "$.programs"), ==, EC_STATION_N_PROGRAMS);
  g_assert_cmpint (number_at (root, "$.bit_rate"), ==, 1504000);
  constant = at (root, "$.constant_rate");
  g_assert_true (json_node_get_boolean (constant));
  g_assert_cmpint (number_at (root, "$.continuity_errors"), ==, 0);
  assert_string (root, "$.clock.kind", "atsc");
  g_assert_cmpint (number_at (root, "$.clock.gps_utc_offset"), ==, 18);
  g_assert_cmpint (number_at (root, "$.clock.jitter_ms.max"), <, 1000);
  assert_string (root, "$.programs[0].name", "KEC-HD");
  assert_string (root, "$.programs[0].channel", "5.1");
  assert_string (root, "$.programs[0].stream_id", id);
  g_assert_cmpint (number_at (root, "$.programs[0].streams[0].video.width"), ==, 192);
  assert_string (root, "$.programs[2].streams[0].codec", "H.264");
  assert_string (root, "$.programs[2].streams[0].video.frame_rate", "30/1");
  assert_string (root, "$.programs[3].stream_id_reason", "the program is scrambled");
  g_assert_true (has_warning (root, "Program 6 is scrambled"));
  g_assert_cmpuint (count_at (root, "$.warnings"), ==, 1);
}

static void
test_scenario (void)
{
  g_autoptr (EcBroadcast) broadcast = make_broadcast ("discontinuity@5:100,stt-step@10:7,pmt@12");
  g_autofree guint8 *data = NULL;
  g_autoptr (JsonNode) root = NULL;
  gsize size;

  if (!broadcast)
    return;
  data = record (broadcast, 20, &size);
  root = report_of (data, size);
  g_assert_cmpint (number_at (root, "$.clock.steps"), ==, 1);
  g_assert_cmpint (number_at (root, "$.programs[0].streams[0].pts.jumps"), ==, 1);
  g_assert_cmpint (number_at (root, "$.programs[0].pmt_changes"), ==, 1);
  g_assert_cmpint (number_at (root, "$.duration_ms"), >, 19500);
  g_assert_cmpint (number_at (root, "$.duration_ms"), <, 20000);
}

static void
test_chunks (void)
{
  g_autoptr (EcBroadcast) broadcast = make_broadcast (NULL);
  g_autoptr (EcChunker) chunker = ec_chunker_new (3);
  g_autoptr (GByteArray) chunks = g_byte_array_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree guint8 *data = NULL;
  gint64 first = -1, last = -1;
  EcChunk *chunk;
  gsize size;
  guint n = 0;

  if (!broadcast)
    return;
  data = record (broadcast, 20, &size);
  ec_chunker_push_data (chunker, data, size);
  ec_chunker_finish (chunker);
  while ((chunk = ec_chunker_pop (chunker))) {
    g_autoptr (GBytes) bytes = ec_chunk_dup_data (chunk);

    last = ec_chunk_get_index (chunk);
    if (n++ == 0) {
      g_autoptr (JsonNode) one =
          report_of (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

      first = last;
      g_assert_cmpint (number_at (one, "$.canonical.chunks"), ==, 1);
      g_assert_cmpint (number_at (one, "$.canonical.first_index"), ==, first);
      g_assert_cmpuint (count_at (one, "$.programs"), ==, 1);
    }
    g_byte_array_append (chunks, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
    g_object_unref (chunk);
  }

  g_assert_cmpuint (n, >, 5);
  root = report_of (chunks->data, chunks->len);
  g_assert_cmpint (number_at (root, "$.canonical.chunks"), ==, n);
  g_assert_cmpint (number_at (root, "$.canonical.first_index"), ==, first);
  g_assert_cmpint (number_at (root, "$.canonical.last_index"), ==, last);
  g_assert_cmpint (number_at (root, "$.canonical.missing"), ==, last - first + 1 - n);
  g_assert_cmpint (number_at (root, "$.continuity_errors"), ==, 0);
  g_assert_cmpint (number_at (root, "$.duplicates"), ==, 0);
  g_assert_cmpuint (count_at (root, "$.warnings"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ts/inspector/mpeg2", test_mpeg2);
  g_test_add_func ("/ts/inspector/codecs", test_codecs);
  g_test_add_func ("/ts/inspector/clocks", test_clocks);
  g_test_add_func ("/ts/inspector/anomalies", test_anomalies);
  g_test_add_func ("/ts/inspector/fuzz", test_fuzz);
  g_test_add_func ("/ts/inspector/random", test_random);
  g_test_add_func ("/ts/inspector/nothing", test_nothing);
  g_test_add_func ("/ts/inspector/program", test_program);
  g_test_add_func ("/ts/inspector/hostile", test_hostile);
  g_test_add_func ("/ts/inspector/pcr", test_pcr);
  g_test_add_func ("/ts/inspector/broadcast", test_broadcast);
  g_test_add_func ("/ts/inspector/scenario", test_scenario);
  g_test_add_func ("/ts/inspector/chunks", test_chunks);
  return g_test_run ();
}
