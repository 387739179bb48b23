/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libhdhomerun/hdhomerun.h>

#include "media/ec-simulated-tuner.h"

/* A lite device on free ports; NULL, and the test skipped, where encoders are missing. */
static EcSimulatedTuner *
make (guint control_port)
{
  g_autoptr (EcSimulatedTuner) tuner =
      g_object_new (EC_TYPE_SIMULATED_TUNER, "address", "127.0.0.1", "lite", TRUE, "http-port", 0,
                    "stream-port", 0, "control-port", control_port, NULL);
  g_autoptr (GError) error = NULL;

  if (!ec_simulated_tuner_prepare (tuner, NULL, NULL, NULL, &error)) {
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
    g_test_skip (error->message);
    return NULL;
  }
  return g_steal_pointer (&tuner);
}

static void
test_life (void)
{
  g_autoptr (EcSimulatedTuner) tuner = make (0);
  g_autoptr (GError) error = NULL;

  if (!tuner)
    return;
  g_assert_true (hdhomerun_discover_validate_device_id (ec_simulated_tuner_get_device_id (tuner)));
  ec_simulated_tuner_stop (tuner);
  for (guint i = 0; i < 3; i++) {
    g_autofree char *url = NULL;

    g_assert_false (ec_simulated_tuner_get_running (tuner));
    ec_simulated_tuner_start (tuner, &error);
    g_assert_no_error (error);
    g_assert_true (ec_simulated_tuner_start (tuner, &error));
    g_assert_true (ec_simulated_tuner_get_running (tuner));
    g_assert_cmpuint (ec_simulated_tuner_get_http_port (tuner), !=, 0);
    g_assert_cmpuint (ec_simulated_tuner_get_stream_port (tuner), !=, 0);
    g_assert_cmpuint (ec_simulated_tuner_get_control_port (tuner), !=, 0);
    url = ec_simulated_tuner_dup_base_url (tuner);
    g_assert_true (g_str_has_prefix (url, "http://127.0.0.1:"));
    ec_simulated_tuner_stop (tuner);
  }
  /* Running when it is finalised. */
  g_assert_true (ec_simulated_tuner_start (tuner, &error));
}

static void
test_taken_port (void)
{
  g_autoptr (EcSimulatedTuner) first = make (0);
  g_autoptr (EcSimulatedTuner) second = NULL;
  g_autoptr (GError) error = NULL;

  if (!first)
    return;
  g_assert_true (ec_simulated_tuner_start (first, &error));
  second = make (ec_simulated_tuner_get_control_port (first));
  g_assert_false (ec_simulated_tuner_start (second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_false (ec_simulated_tuner_get_running (second));

  g_clear_error (&error);
  ec_simulated_tuner_stop (first);
  g_assert_true (ec_simulated_tuner_start (second, &error));
}

static void
test_bad_settings (void)
{
  g_autoptr (EcSimulatedTuner) nowhere = ec_simulated_tuner_new ("localhost");
  g_autoptr (EcSimulatedTuner) nonsense =
      g_object_new (EC_TYPE_SIMULATED_TUNER, "scenario", "bang@5", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (ec_simulated_tuner_start (nowhere, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (ec_simulated_tuner_start (nonsense, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_channels (void)
{
  g_autoptr (EcSimulatedTuner) tuner = ec_simulated_tuner_new ("127.0.0.1");
  g_auto (GStrv) channels = ec_simulated_tuner_dup_channels (tuner);
  const char *const expected[] = { "5.1 KEC-HD",  "5.2 KEC-SD", "5.3 KEC-AVC",
                                   "5.4 KEC-PAY", "9.1 KNUL",   NULL };

  g_assert_cmpstrv (channels, expected);
}

int
main (int argc, char **argv)
{
  g_autofree char *cache = NULL;

  g_test_init (&argc, &argv, NULL);
  cache = g_test_build_filename (G_TEST_BUILT, "cache", NULL);
  g_setenv ("XDG_CACHE_HOME", cache, TRUE);

  g_test_add_func ("/media/simulated-tuner/life", test_life);
  g_test_add_func ("/media/simulated-tuner/taken-port", test_taken_port);
  g_test_add_func ("/media/simulated-tuner/bad-settings", test_bad_settings);
  g_test_add_func ("/media/simulated-tuner/channels", test_channels);
  return g_test_run ();
}
