/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "fake-device.h"
#include "source/ec-device-private.h"
#include "source/ec-hdhr-cache.h"
#include "source/ec-device-list.h"

static EcDevice *
make_device (FakeDevice *fake)
{
  g_autofree char *host = fake_device_host (fake);
  g_autoptr (GError) error = NULL;
  EcDevice *device = ec_device_new_for_host (host, &error);

  g_assert_no_error (error);
  return device;
}

static void
assert_numbers (EcDevice *device, const char *expected)
{
  GListModel *channels = G_LIST_MODEL (ec_device_get_channels (device));
  g_autoptr (GString) numbers = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (channels); i++) {
    g_autoptr (EcChannel) channel = g_list_model_get_item (channels, i);

    g_string_append_printf (numbers, "%s%s", i ? " " : "", ec_channel_get_number (channel));
  }
  g_assert_cmpstr (numbers->str, ==, expected);
}

static void
test_load (void)
{
  FakeDevice *fake = fake_device_new ("10A12347");
  g_autoptr (EcDevice) device = make_device (fake);
  g_autofree char *uri = fake_device_uri (fake, "5.1");
  g_autoptr (GError) error = NULL;
  g_autoptr (EcTunerStatus) tuner = NULL;
  guint n_props;
  g_autofree GParamSpec **props = NULL;
  EcChannel *channel;

  fake->foreign_holder = TRUE;
  g_assert_true (ec_device_load (device, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (ec_device_get_loaded (device));
  g_assert_cmpstr (ec_device_get_device_id (device), ==, "10A12347");
  g_assert_cmpstr (ec_device_get_title (device), ==, "Fake");
  g_assert_cmpstr (ec_device_get_model (device), ==, "HDHR5-4US");
  g_assert_cmpstr (ec_device_get_firmware (device), ==, "20250101");
  g_assert_cmpuint (ec_device_get_tuner_count (device), ==, 2);
  assert_numbers (device, "5.1 5.2 7.1 9.1 10.1");

  channel = ec_channel_list_find (ec_device_get_channels (device), "5.1");
  g_assert_cmpstr (ec_channel_get_uri (channel), ==, uri);
  g_assert_cmpstr (ec_channel_get_name (channel), ==, "KABC");
  g_assert_cmpstr (ec_channel_get_video_codec (channel), ==, "MPEG2");
  g_assert_cmpstr (ec_channel_get_audio_codec (channel), ==, "AC3");
  g_assert_cmpint (ec_channel_get_signal_strength (channel), ==, 93);
  g_assert_cmpint (ec_channel_get_signal_quality (channel), ==, 80);
  g_assert_true (ec_channel_get_hd (channel));
  g_assert_false (ec_channel_get_drm (channel));
  channel = ec_channel_list_find (ec_device_get_channels (device), "7.1");
  g_assert_true (ec_channel_get_drm (channel));
  g_assert_cmpint (ec_channel_get_signal_strength (channel), ==, -1);
  g_assert_null (ec_channel_list_find (ec_device_get_channels (device), "6.1"));

  g_assert_cmpuint (g_list_model_get_n_items (ec_device_get_tuners (device)), ==, 2);
  tuner = g_list_model_get_item (ec_device_get_tuners (device), 0);
  g_assert_cmpstr (ec_tuner_status_get_resource (tuner), ==, "tuner0");
  g_assert_true (ec_tuner_status_get_busy (tuner));
  g_assert_cmpstr (ec_tuner_status_get_target (tuner), ==, "192.0.2.77");

  /* Nothing that can be asked of a device tells its secret. */
  props = g_object_class_list_properties (G_OBJECT_GET_CLASS (device), &n_props);
  for (guint i = 0; i < n_props; i++) {
    g_auto (GValue) value = G_VALUE_INIT;
    g_autofree char *text = NULL;

    g_object_get_property (G_OBJECT (device), props[i]->name, &value);
    text = g_strdup_value_contents (&value);
    g_assert_null (strstr (text, "sEcReT"));
  }
  fake_device_free (fake);
}

static void
on_items_changed (GListModel *model, guint position, guint removed, guint added, guint *n)
{
  *n += removed + added;
}

static void
test_reload (void)
{
  FakeDevice *fake = fake_device_new ("10A12347");
  g_autoptr (EcDevice) device = make_device (fake);
  guint n_changes = 0;
  EcChannel *kept;

  g_assert_true (ec_device_load (device, NULL, NULL));
  kept = ec_channel_list_find (ec_device_get_channels (device), "5.2");
  g_signal_connect (ec_device_get_channels (device), "items-changed", G_CALLBACK (on_items_changed),
                    &n_changes);
  g_assert_true (ec_device_load (device, NULL, NULL));
  g_assert_cmpuint (n_changes, ==, 0);

  /* 4.1 comes, 5.1, 7.1 and 9.1 go, 5.2 stays and is renamed; twice the same is once. */
  fake->lineup = "[{\"GuideNumber\":\"5.2\",\"GuideName\":\"NEW\"},{\"GuideNumber\":\"4.1\"},"
                 "{\"GuideNumber\":\"10.1\"},{\"GuideNumber\":\"10.1\"},{\"GuideNumber\":\"100\"},"
                 "{\"GuideNumber\":\"AUX\"}]";
  g_assert_true (ec_device_load (device, NULL, NULL));
  assert_numbers (device, "4.1 5.2 10.1 100 AUX");
  g_assert_true (kept == ec_channel_list_find (ec_device_get_channels (device), "5.2"));
  g_assert_cmpstr (ec_channel_get_name (kept), ==, "NEW");

  /* Never scanned. */
  fake->lineup = "[]";
  g_assert_true (ec_device_load (device, NULL, NULL));
  assert_numbers (device, "");
  g_assert_false (ec_device_get_scanning (device));
  fake_device_free (fake);
}

static void
test_many_channels (void)
{
  FakeDevice *fake = fake_device_new ("10A12347");
  g_autoptr (EcDevice) device = make_device (fake);
  g_autoptr (GString) lineup = g_string_new ("[");

  for (guint i = 0; i < 6000; i++)
    g_string_append_printf (lineup, "%s{\"GuideNumber\":\"%u.1\"}", i ? "," : "", i);
  g_string_append_c (lineup, ']');
  fake->lineup = lineup->str;
  g_assert_true (ec_device_load (device, NULL, NULL));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (ec_device_get_channels (device))), ==,
                    5000);
  fake_device_free (fake);
}

typedef struct {
  GError *error;
  gboolean done;
} Outcome;

static void
on_loaded (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  ec_device_load_finish (EC_DEVICE (object), result, &outcome->error);
  outcome->done = TRUE;
}

static void
on_favorite (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;

  ec_device_set_favorite_finish (EC_DEVICE (object), result, &outcome->error);
  outcome->done = TRUE;
}

static void
wait_for (Outcome *outcome)
{
  while (!outcome->done)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
on_cancel_time (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static void
test_async (void)
{
  FakeDevice *fake = fake_device_new ("10A12347");
  g_autoptr (EcDevice) device = make_device (fake);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Outcome loaded = { 0 }, favorite = { 0 }, cancelled = { 0 };
  EcChannel *channel;

  ec_device_load_async (device, NULL, on_loaded, &loaded);
  wait_for (&loaded);
  g_assert_no_error (loaded.error);

  channel = ec_channel_list_find (ec_device_get_channels (device), "5.1");
  ec_device_set_favorite_async (device, channel, TRUE, NULL, on_favorite, &favorite);
  wait_for (&favorite);
  g_assert_no_error (favorite.error);
  g_assert_true (ec_channel_get_favorite (channel));
  g_assert_cmpstr (fake->favorite, ==, "+5.1");
  g_assert_true (ec_device_set_favorite (device, channel, FALSE, NULL, NULL));
  g_assert_false (ec_channel_get_favorite (channel));
  g_assert_cmpstr (fake->favorite, ==, "-5.1");

  fake->slow = TRUE;
  g_timeout_add (50, on_cancel_time, cancellable);
  ec_device_load_async (device, cancellable, on_loaded, &cancelled);
  wait_for (&cancelled);
  g_assert_error (cancelled.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (ec_device_get_error (device));
  g_assert_true (ec_device_get_loaded (device));
  g_clear_error (&cancelled.error);
  fake_device_free (fake);
}

static void
test_bad_host (void)
{
  static const char *const bad[] = { "", "a b", "http://x/", "10.0.0.1:x" };
  g_autoptr (EcDevice) device = ec_device_new_for_host ("no-such-host.invalid", NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) bad_error = NULL;

    g_assert_null (ec_device_new_for_host (bad[i], &bad_error));
    g_assert_error (bad_error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI);
  }
  g_assert_false (ec_device_load (device, NULL, &error));
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_FOUND);
  g_assert_nonnull (ec_device_get_error (device));
}

/* A computer whose web server, or none, is at port 80 may hold a device that tells where its own is. */
static void
test_elsewhere (void)
{
  FakeDevice *fake = fake_device_new ("10A12347");
  g_autofree char *address = fake_device_host (fake);
  g_autofree char *base_url = g_strdup_printf ("http://%s", address);
  g_autoptr (EcDevice) device = ec_device_new (NULL, "http://127.0.0.1:1", "localhost");
  g_autoptr (GError) error = NULL;

  ec_hdhr_cache_set_base_url ("LOCALHOST", base_url);
  g_assert_true (ec_device_load (device, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (ec_device_get_device_id (device), ==, "10A12347");
  g_assert_cmpstr (ec_device_get_base_url (device), ==, base_url);
  ec_hdhr_cache_set_base_url ("LOCALHOST", NULL);
  fake_device_free (fake);
}

/* --- The list ---------------------------------------------------------------------------- */

typedef struct {
  EcDeviceList *list;
  gint64 first; /* µs after the start when the first device was loaded */
  gint64 start;
  gboolean done;
} Search;

static void
on_device_loaded (EcDevice *device, GParamSpec *pspec, Search *search)
{
  if (search->first == 0)
    search->first = g_get_monotonic_time () - search->start;
}

static void
on_devices (GListModel *model, guint position, guint removed, guint added, Search *search)
{
  for (guint i = 0; i < added; i++) {
    g_autoptr (EcDevice) device = g_list_model_get_item (model, position + i);

    g_signal_connect (device, "notify::loaded", G_CALLBACK (on_device_loaded), search);
  }
}

static void
on_refreshed (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Search *search = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_true (ec_device_list_refresh_finish (EC_DEVICE_LIST (object), result, &error));
  g_assert_no_error (error);
  search->done = TRUE;
}

static void
test_list (void)
{
  FakeDevice *good = fake_device_new ("10A12347");
  FakeDevice *slow = fake_device_new ("10A12347");
  FakeDevice *odd = fake_device_new ("not an id");
  g_autoptr (EcDeviceList) list = ec_device_list_new ();
  g_autofree char *good_host = fake_device_host (good);
  g_autofree char *slow_host = fake_device_host (slow);
  g_autofree char *odd_host = fake_device_host (odd);
  const char *addresses[] = {
    slow_host, good_host, good_host, odd_host, "a b", "127.0.0.1:1", NULL
  };
  Search search = { .list = list, .start = g_get_monotonic_time () };

  slow->slow = TRUE;
  ec_device_list_set_broadcast (list, FALSE);
  ec_device_list_set_timeout (list, 1500);
  ec_device_list_set_addresses (list, addresses);
  g_signal_connect (list, "items-changed", G_CALLBACK (on_devices), &search);
  ec_device_list_refresh_async (list, NULL, on_refreshed, &search);
  g_assert_true (ec_device_list_get_refreshing (list));
  while (!search.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (ec_device_list_get_refreshing (list));

  /* The slow one delayed the end only. */
  g_assert_cmpint (search.first, >, 0);
  g_assert_cmpint (search.first, <, G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - search.start, >, G_USEC_PER_SEC);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, 2);
  g_assert_cmpuint (g_strv_length ((GStrv) ec_device_list_get_problems (list)), ==, 3);
  for (guint i = 0; i < 3; i++)
    g_test_message ("%s", ec_device_list_get_problems (list)[i]);
  g_assert_nonnull (ec_device_list_find (list, "10a12347"));
  g_assert_nonnull (ec_device_list_find (list, "Fake"));
  g_assert_nonnull (ec_device_list_find (list, odd_host));
  g_assert_null (ec_device_list_find (list, slow_host));

  /* What is not found twice in a row goes. */
  ec_device_list_set_addresses (list, NULL);
  g_assert_true (ec_device_list_refresh (list, NULL, NULL));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, 2);
  g_assert_true (ec_device_list_refresh (list, NULL, NULL));
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (list)), ==, 0);

  fake_device_free (good);
  fake_device_free (slow);
  fake_device_free (odd);
}

static void
on_refresh_cancelled (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (ec_device_list_refresh_finish (EC_DEVICE_LIST (object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  *(guint *) user_data += 1;
}

static void
test_list_cancel (void)
{
  FakeDevice *slow = fake_device_new ("10A12347");
  g_autoptr (EcDeviceList) list = ec_device_list_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *host = fake_device_host (slow);
  gint64 start = g_get_monotonic_time ();
  guint done = 0;

  /* The address comes from the environment this time. */
  slow->slow = TRUE;
  g_setenv ("EC_DEVICES", host, TRUE);
  ec_device_list_set_broadcast (list, FALSE);
  g_timeout_add (50, on_cancel_time, cancellable);
  ec_device_list_refresh_async (list, cancellable, on_refresh_cancelled, &done);
  ec_device_list_refresh_async (list, cancellable, on_refresh_cancelled, &done);
  while (done < 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
  g_assert_true (fake_server_wait_open (slow->server, 0));
  g_assert_cmpuint (fake_server_count (slow->server, "/discover.json"), ==, 1);
  g_unsetenv ("EC_DEVICES");
  fake_device_free (slow);
}

static void
on_refreshing (EcDeviceList *list, GParamSpec *pspec, GCancellable *cancellable)
{
  if (ec_device_list_get_refreshing (list))
    return;
  g_cancellable_cancel (cancellable);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Whoever hears that the search is over cancels it, and runs the main loop. */
static void
test_list_cancel_at_end (void)
{
  g_autoptr (EcDeviceList) list = ec_device_list_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint done = 0;

  ec_device_list_set_broadcast (list, FALSE);
  g_signal_connect (list, "notify::refreshing", G_CALLBACK (on_refreshing), cancellable);
  ec_device_list_refresh_async (list, cancellable, on_refresh_cancelled, &done);
  ec_device_list_refresh_async (list, cancellable, on_refresh_cancelled, &done);
  while (done < 2)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (done, ==, 2);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("EC_DEVICES");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/load", test_load);
  g_test_add_func ("/device/reload", test_reload);
  g_test_add_func ("/device/many-channels", test_many_channels);
  g_test_add_func ("/device/async", test_async);
  g_test_add_func ("/device/bad-host", test_bad_host);
  g_test_add_func ("/device/elsewhere", test_elsewhere);
  g_test_add_func ("/device/list", test_list);
  g_test_add_func ("/device/list/cancel", test_list_cancel);
  g_test_add_func ("/device/list/cancel-at-end", test_list_cancel_at_end);
  return g_test_run ();
}
