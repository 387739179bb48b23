/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "ec-source-uri.h"
#include "fake-device.h"
#include "source/ec-hdhr-cache.h"

static EcSource *
make_source (FakeDevice *device, const char *channel)
{
  g_autofree char *uri = fake_device_uri (device, channel);
  g_autoptr (GError) error = NULL;
  EcSource *source = ec_source_new_for_uri (uri, &error);

  g_assert_no_error (error);
  return source;
}

static void
open_source (EcSource *source)
{
  g_autoptr (GError) error = NULL;

  ec_source_open (source, NULL, &error);
  g_assert_no_error (error);
}

/* The PIDs of a block's first whole packets: whether one is `pid`. */
static void
read_until_pid (EcSource *source, guint16 pid, guint *n_lost)
{
  for (;;) {
    g_autoptr (GError) error = NULL;
    gboolean lost;
    g_autoptr (GBytes) bytes = ec_source_read (source, &lost, NULL, &error);
    gsize size;
    const guint8 *data;

    g_assert_no_error (error);
    data = g_bytes_get_data (bytes, &size);
    *n_lost += lost;
    for (gsize at = 0; at + 3 < size; at++) {
      if (data[at] == 0x47 && data[at + 1] == pid >> 8 && data[at + 2] == (guint8) pid)
        return;
    }
  }
}

static void
assert_open_fails (FakeDevice *device,
                   const char *channel,
                   EcSourceError code,
                   const char *mentions)
{
  g_autoptr (EcSource) source = make_source (device, channel);
  g_autoptr (GError) error = NULL;

  ec_source_set_stall_timeout (source, 500);
  g_assert_false (ec_source_open (source, NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, EC_SOURCE_ERROR, (int) code);
  if (mentions)
    g_assert_nonnull (strstr (error->message, mentions));
  g_assert_null (strstr (error->message, "sEcReT"));
}

static void
test_mux (void)
{
  FakeDevice *device = fake_device_new ("10A12347");
  g_autoptr (EcSource) source = make_source (device, "5.2");
  g_autoptr (EcSource) again = NULL;
  g_autofree char *device_name = NULL;
  g_autofree char *title = NULL;
  guint lost = 0;

  open_source (source);
  read_until_pid (source, 0x300, &lost);
  g_assert_cmpuint (lost, ==, 0);
  g_assert_cmpint (ec_source_get_extent (source), ==, EC_SOURCE_EXTENT_MUX);
  g_assert_cmpuint (ec_source_get_program_number (source), ==, 4);
  g_assert_true (ec_source_get_live (source));
  device_name = ec_source_dup_device_name (source);
  title = ec_source_dup_title (source);
  g_assert_cmpstr (device_name, ==, "10A12347");
  g_assert_cmpstr (title, ==, "5.2 KABC2");
  g_assert_cmpuint (fake_server_count (device->server, "/auto/v"), ==, 1);
  g_clear_object (&source);
  g_assert_true (fake_server_wait_open (device->server, 0));
  g_assert_cmpuint (fake_device_get_held (device), ==, 0);

  /* The second time the frequency is known. */
  again = make_source (device, "KABC2");
  open_source (again);
  g_assert_cmpint (ec_source_get_extent (again), ==, EC_SOURCE_EXTENT_MUX);
  g_assert_cmpuint (fake_server_count (device->server, "/auto/v"), ==, 1);
  g_assert_cmpuint (fake_server_count (device->server, "/auto/ch473000000"), ==, 2);
  g_clear_object (&again);
  fake_device_free (device);
}

/* What was found at an address once is asked there again, whatever id it has, and not searched for. */
static void
test_remembered_address (void)
{
  FakeDevice *device = fake_device_new ("10A12347");
  g_autofree char *host = fake_device_host (device);
  g_autofree char *base_url = g_strdup_printf ("http://%s", host);
  g_autoptr (EcSource) source = ec_source_new_for_uri ("hdhomerun://localhost/5.1", NULL);

  ec_hdhr_cache_set_base_url ("LOCALHOST", base_url);
  open_source (source);
  g_assert_cmpuint (fake_server_count (device->server, "/discover.json"), ==, 1);
  ec_hdhr_cache_set_base_url ("LOCALHOST", NULL);
  g_clear_object (&source);
  fake_device_free (device);
}

/* A network that makes up devices does not fill the memory. */
static void
test_cache_bounds (void)
{
  EcHdhrTuning tuning = { .frequency = FAKE_FREQUENCY };

  for (guint i = 0; i < 10000; i++) {
    g_autofree char *id = g_strdup_printf ("%08X", i);
    g_autofree char *base_url = NULL;

    ec_hdhr_cache_set_base_url (id, "http://192.0.2.1");
    ec_hdhr_cache_set_tuning (id, "5.1", &tuning);
    base_url = ec_hdhr_cache_get_base_url (id);
    g_assert_cmpstr (base_url, ==, "http://192.0.2.1");
    g_assert_true (ec_hdhr_cache_get_tuning (id, "5.1", &tuning));
    g_assert_cmpuint (ec_hdhr_cache_get_size (), <=, 2048);
  }
}

static void
test_one_tuner (void)
{
  FakeDevice *device = fake_device_new ("10000006");
  g_autoptr (EcSource) source = NULL;
  g_autofree char *name = NULL;

  /* The tuner is let go before the mux is asked for; a device id with a bad checksum is no name. */
  device->n_tuners = 1;
  source = make_source (device, "5.1");
  open_source (source);
  g_assert_cmpint (ec_source_get_extent (source), ==, EC_SOURCE_EXTENT_MUX);
  g_clear_object (&source);
  fake_device_free (device);
}

static void
test_fallback (void)
{
  static const char *const why[] = { "no-mux", "silent-mux", "no-status" };

  for (gsize i = 0; i < G_N_ELEMENTS (why); i++) {
    FakeDevice *device = fake_device_new ("");
    g_autoptr (EcSource) source = make_source (device, "5.1");
    guint lost = 0;

    device->no_mux = i == 0;
    device->silent_mux = i == 1;
    device->no_status = i == 2;
    ec_source_set_stall_timeout (source, 500);
    open_source (source);
    g_assert_cmpint (ec_source_get_extent (source), ==, EC_SOURCE_EXTENT_PROGRAM);
    g_assert_cmpuint (ec_source_get_program_number (source), ==, 3);
    read_until_pid (source, 0x200, &lost);
    g_clear_object (&source);
    g_assert_true (fake_server_wait_open (device->server, 0));
    fake_device_free (device);
  }
}

static void
test_filtered (void)
{
  FakeDevice *device = fake_device_new ("");
  g_autoptr (EcSource) source = make_source (device, "5.1?mux=no");

  open_source (source);
  g_assert_cmpint (ec_source_get_extent (source), ==, EC_SOURCE_EXTENT_PROGRAM);
  g_assert_cmpuint (fake_server_count (device->server, "/auto/ch"), ==, 0);
  g_clear_object (&source);
  fake_device_free (device);
}

static void
test_busy (void)
{
  FakeDevice *device = fake_device_new ("");

  device->n_tuners = 1;
  device->foreign_holder = TRUE;
  assert_open_fails (device, "5.1", EC_SOURCE_ERROR_BUSY,
                     "tuner0 is watching 5.1 KABC for 192.0.2.77");
  device->no_status = TRUE;
  assert_open_fails (device, "5.1", EC_SOURCE_ERROR_BUSY, NULL);
  fake_device_free (device);
}

static void
test_refusals (void)
{
  static const struct {
    guint number;
    EcSourceError code;
  } cases[] = {
    { 801, EC_SOURCE_ERROR_UNKNOWN_CHANNEL },
    { 802, EC_SOURCE_ERROR_FAILED },
    { 803, EC_SOURCE_ERROR_BUSY },
    { 804, EC_SOURCE_ERROR_BUSY },
    { 805, EC_SOURCE_ERROR_BUSY },
    { 806, EC_SOURCE_ERROR_NO_SIGNAL },
    { 807, EC_SOURCE_ERROR_NO_SIGNAL },
    { 808, EC_SOURCE_ERROR_FAILED },
    { 809, EC_SOURCE_ERROR_BUSY },
    { 811, EC_SOURCE_ERROR_PROTECTED },
    { 899, EC_SOURCE_ERROR_FAILED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    FakeDevice *device = fake_device_new ("");

    device->error_number = cases[i].number;
    assert_open_fails (device, "5.1", cases[i].code, NULL);
    fake_device_free (device);
  }
}

static void
test_channels (void)
{
  FakeDevice *device = fake_device_new ("");

  assert_open_fails (device, "9.1", EC_SOURCE_ERROR_NO_SIGNAL, "9.1 DARK");
  assert_open_fails (device, "99.9", EC_SOURCE_ERROR_UNKNOWN_CHANNEL, "99.9");
  g_assert_cmpuint (fake_server_count (device->server, "/auto/v7"), ==, 0);
  assert_open_fails (device, "7.1", EC_SOURCE_ERROR_PROTECTED, "DRM");
  /* Refused before it was tuned to. */
  g_assert_cmpuint (fake_server_count (device->server, "/auto/v7"), ==, 0);
  fake_device_free (device);
}

static void
test_bad_replies (void)
{
  static const struct {
    const char *lineup;
    EcSourceError code;
  } cases[] = {
    { "[]", EC_SOURCE_ERROR_UNKNOWN_CHANNEL },
    { "{}", EC_SOURCE_ERROR_BAD_REPLY },
    { "", EC_SOURCE_ERROR_BAD_REPLY },
    { "[{\"GuideNumber\":\"5.1\",\"URL\":\"http", EC_SOURCE_ERROR_BAD_REPLY },
    { "[{\"GuideNumber\":\"5.1\"}]", EC_SOURCE_ERROR_BAD_REPLY },
    { "[{\"GuideNumber\":\"5.1\",\"URL\":\"ftp://x/\"}]", EC_SOURCE_ERROR_BAD_REPLY },
    { "[1,null,[],{\"GuideNumber\":{}},{\"GuideNumber\":\"5.1\",\"DRM\":\"1\"}]",
      EC_SOURCE_ERROR_PROTECTED },
    { "[{\"GuideNumber\":5.1,\"Tags\":\"favorite, DRM\",\"HD\":[],\"URL\":7}]",
      EC_SOURCE_ERROR_PROTECTED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    FakeDevice *device = fake_device_new ("");

    device->lineup = cases[i].lineup;
    assert_open_fails (device, "5.1", cases[i].code, NULL);
    fake_device_free (device);
  }
}

static void
test_huge_replies (void)
{
  FakeDevice *device = fake_device_new ("");
  g_autofree char *huge = g_strnfill (5 * 1024 * 1024, ' ');
  g_autofree char *deep = g_strnfill (3 * 1024 * 1024, '[');

  device->lineup = huge;
  assert_open_fails (device, "5.1", EC_SOURCE_ERROR_BAD_REPLY, NULL);
  device->lineup = deep;
  assert_open_fails (device, "5.1", EC_SOURCE_ERROR_BAD_REPLY, NULL);
  device->lineup = NULL;
  device->discover = "<html>";
  assert_open_fails (device, "5.1", EC_SOURCE_ERROR_BAD_REPLY, NULL);
  fake_device_free (device);
}

static void
test_stall (void)
{
  FakeDevice *device = fake_device_new ("");
  g_autoptr (EcSource) source = make_source (device, "5.1");
  guint lost = 0;

  device->stall_once = TRUE;
  ec_source_set_stall_timeout (source, 400);
  open_source (source);
  while (lost == 0)
    read_until_pid (source, 0x300, &lost);
  g_assert_cmpint (ec_source_get_state (source), ==, EC_SOURCE_STATE_STREAMING);
  ec_source_close (source);
  g_assert_true (fake_server_wait_open (device->server, 0));
  g_assert_cmpuint (fake_device_get_held (device), ==, 0);
  fake_device_free (device);
}

static void
test_gone (void)
{
  FakeDevice *device = fake_device_new ("");
  g_autoptr (EcSource) source = make_source (device, "5.1");
  g_autoptr (GError) error = NULL;
  gint64 start;

  open_source (source);
  fake_device_free (device);
  /* Bounded time: the broken connection shows, and closing ends the attempts to mend it. */
  while (ec_source_get_state (source) != EC_SOURCE_STATE_RECONNECTING)
    g_thread_yield ();
  error = ec_source_dup_error (source);
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE);
  start = g_get_monotonic_time ();
  g_clear_object (&source);
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
}

static void
test_slow (void)
{
  FakeDevice *device = fake_device_new ("");
  g_autoptr (EcSource) source = make_source (device, "5.1");
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  device->slow = TRUE;
  g_assert_false (ec_source_open (source, NULL, &error));
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 8 * G_USEC_PER_SEC);
  fake_device_free (device);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hdhr/source/mux", test_mux);
  g_test_add_func ("/hdhr/source/remembered-address", test_remembered_address);
  g_test_add_func ("/hdhr/source/cache-bounds", test_cache_bounds);
  g_test_add_func ("/hdhr/source/one-tuner", test_one_tuner);
  g_test_add_func ("/hdhr/source/fallback", test_fallback);
  g_test_add_func ("/hdhr/source/filtered", test_filtered);
  g_test_add_func ("/hdhr/source/busy", test_busy);
  g_test_add_func ("/hdhr/source/refusals", test_refusals);
  g_test_add_func ("/hdhr/source/channels", test_channels);
  g_test_add_func ("/hdhr/source/bad-replies", test_bad_replies);
  g_test_add_func ("/hdhr/source/huge-replies", test_huge_replies);
  g_test_add_func ("/hdhr/source/stall", test_stall);
  g_test_add_func ("/hdhr/source/gone", test_gone);
  g_test_add_func ("/hdhr/source/slow", test_slow);
  return g_test_run ();
}
