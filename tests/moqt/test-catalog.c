/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "moqt/ec-moqt-catalog.h"

#define CANONICAL                                                                                  \
  "{\"version\":\"draft-01\",\"tracks\":["                                                         \
  "{\"name\":\"chunks\",\"packaging\":\"m2ts\",\"isLive\":true,\"targetLatency\":4000,"            \
  "\"role\":\"video\",\"mimeType\":\"video/mp2t\",\"framerate\":29.97,\"bitrate\":19392658,"       \
  "\"m2tsPacketSize\":188,\"m2tsProgramNumber\":3,\"m2tsSiPids\":[17,18],"                         \
  "\"m2tsRandomAccess\":true,\"initData\":\"AAA=\"},"                                              \
  "{\"namespace\":\"a\\\"\\\\\\u0001é\",\"name\":\"manifest\",\"packaging\":\"x-ec\","            \
  "\"isLive\":false}]}"

static EcMoqtCatalog *
make_catalog (void)
{
  EcMoqtCatalog *catalog = ec_moqt_catalog_new ();
  EcMoqtCatalogTrack *track = ec_moqt_catalog_track_new ("manifest", "x-ec");

  track->space = g_strdup ("a\"\\\001é");
  track->is_live = FALSE;
  g_ptr_array_add (catalog->tracks, track);
  track = ec_moqt_catalog_track_new ("chunks", "m2ts");
  track->target_latency = 4000;
  track->role = g_strdup ("video");
  track->mime_type = g_strdup ("video/mp2t");
  track->framerate = 29.97;
  track->bitrate = 19392658;
  track->m2ts_packet_size = 188;
  track->m2ts_program_number = 3;
  track->m2ts_si_pids[0] = 17;
  track->m2ts_si_pids[1] = 18;
  track->n_m2ts_si_pids = 2;
  track->m2ts_random_access = TRUE;
  track->init_data = g_strdup ("AAA=");
  g_ptr_array_add (catalog->tracks, track);
  return catalog;
}

/* The same bytes in whatever order it was put together, and when it was read again. */
static void
test_canonical (void)
{
  g_autoptr (EcMoqtCatalog) catalog = make_catalog ();
  g_autoptr (EcMoqtCatalog) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = ec_moqt_catalog_to_text (catalog);
  g_autofree char *text_again = NULL;

  g_assert_cmpstr (text, ==, CANONICAL);
  again = ec_moqt_catalog_new_from_text (text, strlen (text), &error);
  g_assert_no_error (error);
  text_again = ec_moqt_catalog_to_text (again);
  g_assert_cmpstr (text_again, ==, CANONICAL);
}

static EcMoqtCatalog *
read_text (const char *text)
{
  g_autoptr (GError) error = NULL;
  EcMoqtCatalog *catalog = ec_moqt_catalog_new_from_text (text, strlen (text), &error);

  g_assert_no_error (error);
  return catalog;
}

static void
update (EcMoqtCatalog *catalog, const char *text)
{
  g_autoptr (GError) error = NULL;

  ec_moqt_catalog_update (catalog, text, strlen (text), &error);
  g_assert_no_error (error);
}

/* As others write it: what is not known is passed over, numbers of the wrong kind are as if not said. */
static void
test_foreign (void)
{
  g_autoptr (EcMoqtCatalog) catalog = read_text (
      " { \"version\": 1, \"generatedAt\": 1746104606044, \"publishTracks\": [{}], \"x\": {\"y\": "
      "[null]},"
      " \"tracks\": [ {\"name\": \"v\", \"packaging\": \"loc\", \"isLive\": true, \"renderGroup\": "
      "1, \"depends\": [\"b\"],"
      " \"codec\": \"av01\", \"width\": 1920.0, \"height\": 1080, \"bitrate\": -5, \"samplerate\": "
      "\"48000\","
      " \"m2tsPmtPid\": 8192, \"framerate\": 1e300, \"initRef\": \"i\", \"buffers\": {\"min\": 1}, "
      "\"label\": null },"
      " {\"name\": \"v\", \"namespace\": \"other\", \"packaging\": \"new-thing\"} ],"
      " \"initDataList\": [ {\"id\": \"i\", \"type\": \"inline\", \"data\": \"QUJD\"} ] } ");
  const EcMoqtCatalogTrack *track = ec_moqt_catalog_find (catalog, NULL, "v");

  g_assert_cmpstr (catalog->version, ==, "1");
  g_assert_cmpint (catalog->generated_at, ==, G_GINT64_CONSTANT (1746104606044));
  g_assert_cmpuint (catalog->tracks->len, ==, 2);
  g_assert_cmpint (track->width, ==, 1920);
  g_assert_cmpint (track->height, ==, 1080);
  g_assert_cmpint (track->bitrate, ==, -1);
  g_assert_cmpint (track->samplerate, ==, -1);
  g_assert_cmpint (track->m2ts_pmt_pid, ==, -1);
  g_assert_cmpfloat (track->framerate, ==, -1);
  g_assert_null (track->label);
  g_assert_cmpstr (track->init_data, ==, "QUJD");
  g_assert_cmpstr (ec_moqt_catalog_find (catalog, "other", "v")->packaging, ==, "new-thing");
  g_assert_null (ec_moqt_catalog_find (catalog, "another", "v"));
}

/* MSF's own examples of delta updates. */
static void
test_delta (void)
{
  g_autoptr (EcMoqtCatalog) catalog =
      read_text ("{\"version\":\"draft-01\",\"tracks\":[{\"name\":\"video-1080\",\"namespace\":"
                 "\"example.com/custom\",\"packaging\":\"loc\","
                 "\"isLive\":true,\"codec\":\"av01\",\"bitrate\":1500000},{\"name\":\"video-1080\","
                 "\"packaging\":\"loc\",\"isLive\":true}]}");

  update (catalog, "{\"generatedAt\":7,\"deltaUpdate\":["
                   "{\"op\":\"update\",\"tracks\":[{\"name\":\"video-1080\",\"bitrate\":4000000}]},"
                   "{\"op\":\"add\",\"tracks\":[{\"name\":\"slides\",\"packaging\":\"loc\","
                   "\"isLive\":true,\"framerate\":15}]},"
                   "{\"op\":\"clone\",\"tracks\":[{\"parentName\":\"video-1080\","
                   "\"parentNamespace\":\"example.com/custom\","
                   "\"name\":\"video-720\",\"width\":1280,\"bitrate\":600000}]}]}");
  g_assert_cmpint (catalog->generated_at, ==, 7);
  g_assert_cmpuint (catalog->tracks->len, ==, 4);
  g_assert_cmpint (ec_moqt_catalog_find (catalog, NULL, "video-1080")->bitrate, ==, 4000000);
  g_assert_cmpint (ec_moqt_catalog_find (catalog, "example.com/custom", "video-1080")->bitrate, ==,
                   1500000);
  g_assert_cmpstr (ec_moqt_catalog_find (catalog, "example.com/custom", "video-720")->codec, ==,
                   "av01");
  g_assert_cmpint (ec_moqt_catalog_find (catalog, "example.com/custom", "video-720")->width, ==,
                   1280);

  update (catalog,
          "{\"generatedAt\":8,\"deltaUpdate\":[{\"op\":\"update\",\"tracks\":[{\"parentName\":"
          "\"slides\",\"name\":\"s2\"}]},"
          "{\"op\":\"remove\",\"tracks\":[{\"name\":\"video-1080\"},{\"name\":\"s2\"}]}]}");
  g_assert_cmpuint (catalog->tracks->len, ==, 2);
  g_assert_null (ec_moqt_catalog_find (catalog, NULL, "video-1080"));

  /* An independent one takes its place whole. */
  update (catalog, "{\"version\":\"draft-01\",\"isComplete\":true,\"tracks\":[]}");
  g_assert_cmpuint (catalog->tracks->len, ==, 0);
  g_assert_true (catalog->is_complete);
}

static const char *const bad[] = {
  "",
  "[]",
  "{}",
  "{\"version\":\"draft-01\"}",
  "{\"version\":\"draft-01\",\"tracks\":{}}",
  "{\"version\":\"draft-01\",\"tracks\":[1]}",
  "{\"version\":\"draft-01\",\"tracks\":[{\"name\":\"a\"}]}",
  "{\"version\":\"draft-01\",\"tracks\":[{\"packaging\":\"loc\"}]}",
  "{\"version\":\"draft-01\",\"tracks\":[{\"name\":\"a\",\"packaging\":\"loc\"},{\"name\":\"a\","
  "\"packaging\":\"loc\"}]}",
  "{\"version\":\"draft-01\",\"tracks\":[]",
  "{\"version\":\"draft-01\",\"tracks\":[]} {}",
  "{\"version\":\"draft-01\",\"tracks\":[],\"x\":\"\xff\"}",
  "{\"version\":\"draft-01\",\"tracks\":[],\"x\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}",
  "{\"version\":2,\"tracks\":[]}",
  "{\"version\":\"unheard-of\",\"tracks\":[]}",
  "{\"deltaUpdate\":[]}",
};

static const char *const bad_deltas[] = {
  "{\"deltaUpdate\":{}}",
  "{\"deltaUpdate\":[{\"op\":\"nothing\",\"tracks\":[]}]}",
  "{\"deltaUpdate\":[{\"tracks\":[]}]}",
  "{\"deltaUpdate\":[{\"op\":\"add\"}]}",
  "{\"deltaUpdate\":[{\"op\":\"add\",\"tracks\":[{\"name\":\"chunks\",\"packaging\":\"loc\"}]}]}",
  "{\"deltaUpdate\":[{\"op\":\"remove\",\"tracks\":[{\"name\":\"chunks\"},{\"name\":\"other\"}]}]}",
  "{\"deltaUpdate\":[{\"op\":\"clone\",\"tracks\":[{\"parentName\":\"chunks\"}]}]}",
  "{\"deltaUpdate\":[{\"op\":\"clone\",\"tracks\":[{\"parentName\":\"chunks\",\"name\":\"chunks\"}]"
  "}]}",
  "{\"deltaUpdate\":[{\"op\":\"clone\",\"tracks\":[{\"name\":\"b\"}]}]}",
  "{\"deltaUpdate\":[{\"op\":\"update\",\"tracks\":[{\"name\":\"b\"}]}]}",
};

static void
test_bad (void)
{
  g_autoptr (EcMoqtCatalog) held = make_catalog ();

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (ec_moqt_catalog_new_from_text (bad[i], strlen (bad[i]), &error));
    g_assert_true (g_error_matches (error, EC_MOQ_ERROR, EC_MOQ_ERROR_PROTOCOL) ||
                   g_error_matches (error, EC_MOQ_ERROR, EC_MOQ_ERROR_NOT_SUPPORTED));
  }
  for (guint i = 0; i < G_N_ELEMENTS (bad_deltas); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_false (ec_moqt_catalog_update (held, bad_deltas[i], strlen (bad_deltas[i]), &error));
    g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_PROTOCOL);
    text = ec_moqt_catalog_to_text (held);
    g_assert_cmpstr (text, ==, CANONICAL);
  }
}

/* A small text that would make much of itself. */
static void
test_limits (void)
{
  g_autofree char *data = g_strnfill (500000, 'A');
  g_autofree char *much = g_strnfill (EC_MOQT_CATALOG_MAX_TEXT + 1, ' ');
  g_autoptr (GString) text = g_string_new ("{\"version\":\"draft-01\",\"tracks\":[");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 20; i++)
    g_string_append_printf (text, "%s{\"name\":\"%u\",\"packaging\":\"m2ts\",\"initRef\":\"i\"}",
                            i > 0 ? "," : "", i);
  g_string_append_printf (
      text, "],\"initDataList\":[{\"id\":\"i\",\"type\":\"inline\",\"data\":\"%s\"}]}", data);
  g_assert_null (ec_moqt_catalog_new_from_text (text->str, text->len, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_PROTOCOL);
  g_clear_error (&error);

  g_string_assign (text, "{\"version\":\"draft-01\",\"tracks\":[");
  for (guint i = 0; i <= EC_MOQT_CATALOG_MAX_TRACKS; i++)
    g_string_append_printf (text, "%s{\"name\":\"%u\",\"packaging\":\"loc\"}", i > 0 ? "," : "", i);
  g_string_append (text, "]}");
  g_assert_null (ec_moqt_catalog_new_from_text (text->str, text->len, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_PROTOCOL);
  g_clear_error (&error);

  much[0] = '{';
  much[1] = '}';
  g_assert_null (ec_moqt_catalog_new_from_text (much, EC_MOQT_CATALOG_MAX_TEXT + 1, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_PROTOCOL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/moqt/catalog/canonical", test_canonical);
  g_test_add_func ("/moqt/catalog/foreign", test_foreign);
  g_test_add_func ("/moqt/catalog/delta", test_delta);
  g_test_add_func ("/moqt/catalog/bad", test_bad);
  g_test_add_func ("/moqt/catalog/limits", test_limits);
  return g_test_run ();
}
