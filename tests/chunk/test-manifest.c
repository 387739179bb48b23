/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ECP-0004 §1 */
#include <ec.h>
#include <string.h>

#include "../ts/make-packets.h"
#include "chunk/ec-manifest-private.h"

#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
/* 2026-03-01 12:00:00 UTC */
#define NOON (G_GINT64_CONSTANT (1772366400) * EC_TS_CLOCK_RATE)

/* A clean chunk of an ATSC station, and its text. */
#define ATSC_TEXT                                                                                  \
  "{\"format\":\"ts-canonical-1\",\"program\":3,\"index\":886183209,\"sync\":\"clock\","           \
  "\"clock\":159512977620045,\"utc\":\"2026-03-01T12:00:00.000Z\",\"gps_utc_offset\":18,"          \
  "\"pts\":8589934591,\"duration\":180180,\"parts\":[752,376,188],\"bytes\":1316,\"damaged\":0,"   \
  "\"clean\":true,\"hash\":\"" HASH "\"}"

static EcChunkRecord *
make_record (void)
{
  g_autoptr (EcTsProgram) program = NULL;
  g_autoptr (GByteArray) section = make_section (0x02, 3, "e031 f000 02 e031 f000");
  EcTsSection read = read_section (section);
  static const guint32 sizes[] = { 752, 376, 188 };
  EcChunkRecord *record;

  program = ec_ts_program_new (0x100, &read);
  record = ec_chunk_record_new (program, FALSE);
  record->index = 886183209;
  record->has_clock = TRUE;
  record->synced = TRUE;
  record->clock = NOON + 18 * EC_TS_CLOCK_RATE + 45;
  record->gps_offset = 18;
  record->has_pts = TRUE;
  record->pts = EC_TS_TIMESTAMP_MASK;
  record->open_elapsed = 1000;
  g_array_append_vals (record->part_sizes, sizes, G_N_ELEMENTS (sizes));
  record->n_bytes = 1316;
  record->clean = TRUE;
  ec_chunk_record_close (record, 100, 181180, TRUE);
  for (guint i = 0; i < sizeof record->hash; i++)
    record->hash[i] = (guint8) i;
  return record;
}

static char *
text_of (const EcChunkRecord *record)
{
  g_autoptr (EcManifest) manifest = ec_manifest_new_for_record (record);

  return ec_manifest_to_text (manifest);
}

static EcManifest *
read_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  EcManifest *manifest = ec_manifest_new_from_text (text, -1, &error);

  g_assert_no_error (error);
  return manifest;
}

static void
assert_refused (const char *text, gssize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcManifest) manifest = ec_manifest_new_from_text (text, length, &error);

  g_assert_null (manifest);
  g_assert_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_BAD_MANIFEST);
}

/* The golden text with `from` replaced, which must be in it. */
static char *
replace (const char *from, const char *to)
{
  g_autoptr (GString) text = g_string_new (ATSC_TEXT);

  g_assert_cmpuint (g_string_replace (text, from, to, 1), ==, 1);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
test_golden (void)
{
  g_autoptr (EcChunkRecord) record = make_record ();
  g_autofree char *text = text_of (record);

  g_assert_cmpstr (text, ==, ATSC_TEXT);
}

/* What the clock's kind and the input leave out. */
static void
test_variants (void)
{
  g_autoptr (EcChunkRecord) record = make_record ();
  g_autofree char *dvb = NULL, *isdb = NULL, *unsynced = NULL, *canonical = NULL;

  record->gps_offset = -1;
  dvb = text_of (record);
  g_assert_nonnull (strstr (dvb, "\"sync\":\"clock\",\"clock\":159512977620045,"
                                 "\"utc\":\"2026-03-01T12:00:18.000Z\",\"gps_utc_offset\":null,"));

  record->local_time = TRUE;
  isdb = text_of (record);
  g_assert_nonnull (strstr (isdb, "\"sync\":\"clock\",\"clock\":159512977620045,"
                                  "\"utc\":null,\"gps_utc_offset\":null,"));

  record->local_time = FALSE;
  record->synced = FALSE;
  unsynced = text_of (record);
  g_assert_nonnull (strstr (unsynced, "\"sync\":\"pts\",\"clock\":159512977620045,"
                                      "\"utc\":null,\"gps_utc_offset\":null,"));

  record->has_clock = FALSE;
  record->has_pts = FALSE;
  record->clean = FALSE;
  record->damaged = 4294967295u;
  canonical = text_of (record);
  g_assert_nonnull (strstr (canonical, "\"sync\":\"pts\",\"clock\":null,\"utc\":null,"
                                       "\"gps_utc_offset\":null,\"pts\":null,"));
  g_assert_nonnull (strstr (canonical, "\"damaged\":4294967295,\"clean\":false,"));
}

static void
test_utc (void)
{
  static const struct {
    gint64 clock;
    gint gps_offset;
    const char *want;
  } times[] = {
    { 0, -1, "1970-01-01T00:00:00.000Z" },
    { 89, -1, "1970-01-01T00:00:00.000Z" }, /* milliseconds are rounded down */
    { 90, -1, "1970-01-01T00:00:00.001Z" },
    { 89999, -1, "1970-01-01T00:00:00.999Z" },
    { NOON, -1, "2026-03-01T12:00:00.000Z" },
    { NOON, 0, "2026-03-01T12:00:00.000Z" },
    { NOON, 18, "2026-03-01T11:59:42.000Z" },
    { NOON + 1234 * 90, 255, "2026-03-01T11:55:46.234Z" },
    { -1, -1, "1969-12-31T23:59:59.999Z" },
    { -90000, -1, "1969-12-31T23:59:59.000Z" },
    { 0, 18, "1969-12-31T23:59:42.000Z" },
    { G_GINT64_CONSTANT (-40587) * 86400 * 90000, -1, "1858-11-17T00:00:00.000Z" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++) {
    g_autofree char *text = ec_manifest_format_utc (times[i].clock, times[i].gps_offset);

    g_assert_cmpstr (text, ==, times[i].want);
  }
}

static void
test_read (void)
{
  g_autoptr (EcManifest) manifest = read_text (ATSC_TEXT);
  g_autofree char *utc = ec_manifest_dup_utc (manifest);
  g_autofree char *again = ec_manifest_to_text (manifest);

  g_assert_cmpuint (ec_manifest_get_program_number (manifest), ==, 3);
  g_assert_cmpint (ec_manifest_get_index (manifest), ==, 886183209);
  g_assert_cmpint (ec_manifest_get_sync (manifest), ==, EC_CHUNK_SYNC_CLOCK);
  g_assert_cmpint (ec_manifest_get_clock (manifest), ==, G_GINT64_CONSTANT (159512977620045));
  g_assert_cmpint (ec_manifest_get_gps_utc_offset (manifest), ==, 18);
  g_assert_cmpstr (utc, ==, "2026-03-01T12:00:00.000Z");
  g_assert_cmpint (ec_manifest_get_pts (manifest), ==, G_GINT64_CONSTANT (8589934591));
  g_assert_cmpint (ec_manifest_get_duration (manifest), ==, 180180);
  g_assert_cmpuint (ec_manifest_get_n_parts (manifest), ==, 3);
  g_assert_cmpuint (ec_manifest_get_part_size (manifest, 0), ==, 752);
  g_assert_cmpuint (ec_manifest_get_part_size (manifest, 2), ==, 188);
  g_assert_cmpuint (ec_manifest_get_part_size (manifest, 3), ==, 0);
  g_assert_cmpuint (ec_manifest_get_n_bytes (manifest), ==, 1316);
  g_assert_cmpuint (ec_manifest_get_damaged (manifest), ==, 0);
  g_assert_true (ec_manifest_get_clean (manifest));
  g_assert_cmpstr (ec_manifest_get_hash (manifest), ==, HASH);
  g_assert_cmpstr (again, ==, ATSC_TEXT);
}

/* A text that is read and written again is the same. */
static void
test_round_trip (void)
{
  static const struct {
    const char *from, *to;
  } changes[] = {
    { "\"gps_utc_offset\":18", "\"gps_utc_offset\":0" },
    { "\"pts\":8589934591", "\"pts\":null" },
    { "\"pts\":8589934591", "\"pts\":0" },
    { "\"duration\":180180", "\"duration\":0" },
    { "\"damaged\":0,\"clean\":true", "\"damaged\":7,\"clean\":false" },
    { "[752,376,188],\"bytes\":1316", "[],\"bytes\":0" },
    { "[752,376,188],\"bytes\":1316", "[33554432],\"bytes\":33554432" },
    { "\"index\":886183209", "\"index\":0" },
    { "\"index\":886183209", "\"index\":9223372036854775807" },
    { "\"program\":3", "\"program\":65535" },
    { "\"utc\":\"2026-03-01T12:00:00.000Z\",\"gps_utc_offset\":18",
      "\"utc\":null,\"gps_utc_offset\":null" },
    { "\"sync\":\"clock\",\"clock\":159512977620045,\"utc\":\"2026-03-01T12:00:00.000Z\","
      "\"gps_utc_offset\":18",
      "\"sync\":\"pts\",\"clock\":null,\"utc\":null,\"gps_utc_offset\":null" },
    /* an unwrapped time stamp that went below 0 behind the start that opened index 0 */
    { "\"sync\":\"clock\",\"clock\":159512977620045,\"utc\":\"2026-03-01T12:00:00.000Z\","
      "\"gps_utc_offset\":18",
      "\"sync\":\"pts\",\"clock\":-900,\"utc\":null,\"gps_utc_offset\":null" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree char *text = replace (changes[i].from, changes[i].to);
    g_autoptr (EcManifest) manifest = NULL;
    g_autofree char *again = NULL;

    g_test_message ("%s", changes[i].to);
    manifest = read_text (text);
    again = ec_manifest_to_text (manifest);
    if (strcmp (changes[i].to, "\"gps_utc_offset\":0") != 0) /* which changes utc too */
      g_assert_cmpstr (again, ==, text);
  }
}

static void
test_refused (void)
{
  static const struct {
    const char *from, *to;
  } changes[] = {
    { "ts-canonical-1", "ts-canonical-2" },
    { "\"format\":\"ts-canonical-1\",", "" },
    { "\"format\":\"ts-canonical-1\"", "\"format\":1" },
    { "\"program\":3", "\"program\":-1" },
    { "\"program\":3", "\"program\":65536" },
    { "\"program\":3", "\"program\":\"3\"" },
    { "\"program\":3", "\"program\":3.0" },
    { "\"program\":3", "\"program\":true" },
    { "\"program\":3", "\"program\":null" },
    { "\"program\":3,", "" },
    { "\"index\":886183209", "\"index\":-1" },
    { "\"index\":886183209", "\"index\":null" },
    { "\"index\":886183209,", "" },
    { "\"sync\":\"clock\"", "\"sync\":\"\"" },
    { "\"sync\":\"clock\"", "\"sync\":null" },
    { "\"sync\":\"clock\",", "" },
    { "\"clock\":159512977620045", "\"clock\":\"159512977620045\"" },
    { "\"clock\":159512977620045,", "" },
    { "\"gps_utc_offset\":18", "\"gps_utc_offset\":256" },
    { "\"gps_utc_offset\":18", "\"gps_utc_offset\":-1" },
    { "\"gps_utc_offset\":18,", "" },
    { "\"pts\":8589934591", "\"pts\":8589934592" },
    { "\"pts\":8589934591", "\"pts\":-1" },
    { "\"pts\":8589934591,", "" },
    { "\"duration\":180180", "\"duration\":-1" },
    { "\"duration\":180180,", "" },
    /* sizes that do not add up, or are none */
    { "\"bytes\":1316", "\"bytes\":1315" },
    { "\"bytes\":1316", "\"bytes\":1317" },
    { "\"bytes\":1316,", "" },
    { "[752,376,188]", "[752,376]" },
    { "[752,376,188]", "[752,376,188,0]" },
    { "[752,376,188]", "[752,377,187,0]" },
    { "[752,376,188]", "[1504,-188]" },
    { "[752,376,188]", "[752,376,\"188\"]" },
    { "[752,376,188]", "[752,376,[188]]" },
    { "[752,376,188]", "[752,376,null,188]" },
    { "[752,376,188]", "{}" },
    { "[752,376,188]", "1316" },
    { "\"parts\":[752,376,188],", "" },
    { "[752,376,188],\"bytes\":1316", "[33554433],\"bytes\":33554433" },
    { "[752,376,188],\"bytes\":1316", "[4294967296,1316],\"bytes\":1316" },
    { "\"damaged\":0", "\"damaged\":-1" },
    { "\"damaged\":0", "\"damaged\":4294967296" },
    { "\"damaged\":0,", "" },
    { "\"clean\":true", "\"clean\":1" },
    { "\"clean\":true", "\"clean\":\"true\"" },
    { "\"clean\":true", "\"clean\":null" },
    { "\"clean\":true,", "" },
    { "1d1e1f\"", "1d1e\"" },
    { "1d1e1f\"", "1d1e1f20\"" },
    { "1d1e1f\"", "1D1E1F\"" },
    { "1d1e1f\"", "1d1e1g\"" },
    { "\"hash\":\"" HASH "\"", "\"hash\":null" },
    { ",\"hash\":\"" HASH "\"", "" },
  };
  static const char *const texts[] = { "",           "{}", "[]", "null",
                                       "1",          "\"", "{",  "[" ATSC_TEXT "]",
                                       ATSC_TEXT "}" };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    g_autofree char *text = replace (changes[i].from, changes[i].to);

    g_test_message ("%s", changes[i].to);
    assert_refused (text, -1);
  }
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_refused (texts[i], -1);
}

static void
test_truncated (void)
{
  for (gsize n = 0; n < strlen (ATSC_TEXT); n++) {
    g_autofree char *front = g_strndup (ATSC_TEXT, n);

    assert_refused (front, -1);
    assert_refused (ATSC_TEXT, (gssize) n);
  }
}

/* Members that are not known are passed over. */
static void
test_unknown_members (void)
{
  g_autofree char *text = replace ("{\"format\"", "{\"more\":{\"a\":[1,2]},\"format\"");
  g_autoptr (EcManifest) manifest = read_text (text);
  g_autofree char *again = ec_manifest_to_text (manifest);

  g_assert_cmpstr (again, ==, ATSC_TEXT);
}

static void
test_too_long (void)
{
  g_autofree char *blanks = g_strnfill ((1 << 20) - strlen (ATSC_TEXT), ' ');
  g_autofree char *longest = g_strconcat (ATSC_TEXT, blanks, NULL);
  g_autofree char *longer = g_strconcat (longest, " ", NULL);
  g_autoptr (EcManifest) manifest = read_text (longest);

  assert_refused (longer, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/chunk/manifest/golden", test_golden);
  g_test_add_func ("/chunk/manifest/variants", test_variants);
  g_test_add_func ("/chunk/manifest/utc", test_utc);
  g_test_add_func ("/chunk/manifest/read", test_read);
  g_test_add_func ("/chunk/manifest/round-trip", test_round_trip);
  g_test_add_func ("/chunk/manifest/refused", test_refused);
  g_test_add_func ("/chunk/manifest/truncated", test_truncated);
  g_test_add_func ("/chunk/manifest/unknown-members", test_unknown_members);
  g_test_add_func ("/chunk/manifest/too-long", test_too_long);
  return g_test_run ();
}
