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

/* A frame around `payload`; returns its size. */
static gsize
make_frame (struct hdhomerun_pkt_t *packet, guint16 type, const char *payload, gsize size)
{
  hdhomerun_pkt_reset (packet);
  hdhomerun_pkt_write_mem (packet, payload, size);
  hdhomerun_pkt_seal_frame (packet, type);
  return (gsize) (packet->end - packet->start);
}

/* The last tag's length lacks its second byte: it is left out, and the device lives on. */
static void
test_cut_tag (void)
{
  g_autoptr (EcSimulatedTuner) tuner = make (0);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocket) udp = NULL;
  g_autoptr (GError) error = NULL;
  struct hdhomerun_pkt_t *packet;
  char reply[HDHOMERUN_MAX_PACKET_SIZE];
  gsize size;

  if (!tuner)
    return;
  ec_simulated_tuner_start (tuner, &error);
  g_assert_no_error (error);
  packet = hdhomerun_pkt_create ();
  address =
      g_inet_socket_address_new (loopback, (guint16) ec_simulated_tuner_get_control_port (tuner));

  udp = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
  g_assert_no_error (error);
  g_socket_set_timeout (udp, 5);
  size = make_frame (packet, HDHOMERUN_TYPE_DISCOVER_REQ, "\x2d\x80", 2);
  g_socket_send_to (udp, address, (const char *) packet->start, size, NULL, &error);
  g_assert_no_error (error);
  size = make_frame (packet, HDHOMERUN_TYPE_DISCOVER_REQ, "\x01\x04\x00\x00\x00\x01\x2d\x80", 8);
  g_socket_send_to (udp, address, (const char *) packet->start, size, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_socket_receive (udp, reply, sizeof reply, NULL, &error), >, 0);
  g_assert_no_error (error);

  g_socket_client_set_timeout (client, 5);
  connection = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_assert_no_error (error);
  size = make_frame (packet, HDHOMERUN_TYPE_GETSET_REQ, "\x03\x80", 2);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)),
                             packet->start, size, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)),
                                        reply, sizeof reply, NULL, &error),
                   >, 0);
  g_assert_no_error (error);
  hdhomerun_pkt_destroy (packet);
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
  g_test_add_func ("/media/simulated-tuner/cut-tag", test_cut_tag);
  g_test_add_func ("/media/simulated-tuner/bad-settings", test_bad_settings);
  g_test_add_func ("/media/simulated-tuner/channels", test_channels);
  return g_test_run ();
}
