/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-device.h"

#include <string.h>

#include "ts-tables.h"

static void
send_tables (FakeRequest *request, const guint16 *programs, guint n, gboolean vct, guint8 counter)
{
  guint8 packet[188];

  ts_make_pat (packet, programs, n, counter);
  fake_send (request, packet, sizeof packet);
  if (vct) {
    ts_make_vct (packet, counter);
    fake_send (request, packet, sizeof packet);
  }
}

static int
take_tuner (FakeDevice *device)
{
  int tuner = -1;

  g_mutex_lock (&device->mutex);
  for (guint i = 0; i < device->n_tuners && tuner < 0; i++) {
    if (!(device->held & 1u << i) && !(i == 0 && device->foreign_holder))
      tuner = (int) i;
  }
  if (tuner >= 0)
    device->held |= 1u << tuner;
  g_mutex_unlock (&device->mutex);
  return tuner;
}

static void
release_tuner (FakeDevice *device, int tuner)
{
  g_mutex_lock (&device->mutex);
  device->held &= ~(1u << tuner);
  g_mutex_unlock (&device->mutex);
}

guint
fake_device_get_held (FakeDevice *device)
{
  guint held;

  g_mutex_lock (&device->mutex);
  held = device->held;
  g_mutex_unlock (&device->mutex);
  return held;
}

static void
refuse (FakeRequest *request, guint number)
{
  g_autofree char *header = g_strdup_printf ("X-HDHomeRun-Error: %u Some Text\r\n", number);

  fake_reply (request, "503 Service Unavailable", header, "");
}

static void
send_stream (FakeRequest *request, gboolean mux, guint16 program)
{
  FakeDevice *device = request->user_data;
  const guint16 all[] = { 3, 4 };
  gboolean stall = FALSE;

  if (mux && device->stall_once) {
    g_mutex_lock (&device->mutex);
    stall = device->n_mux_streams++ == 0;
    g_mutex_unlock (&device->mutex);
  }

  for (guint8 i = 0;; i++) {
    send_tables (request, mux ? all : &program, mux ? 2 : 1, mux, i);
    if (!fake_send_ts (request, mux ? 0x300 : 0x200, 20, 2000))
      return;
    if (stall && i == 5) {
      fake_hold (request);
      return;
    }
  }
}

static void
stream (FakeRequest *request)
{
  FakeDevice *device = request->user_data;
  gboolean mux = g_str_has_prefix (request->path, "/auto/ch");
  g_autofree char *header = NULL;
  int tuner;

  if (device->error_number) {
    refuse (request, device->error_number);
    return;
  }
  if (mux && device->no_mux) {
    refuse (request, 801);
    return;
  }
  if (g_str_equal (request->path, "/auto/v9.1")) {
    refuse (request, 807);
    return;
  }
  tuner = take_tuner (device);
  if (tuner < 0) {
    refuse (request, 805);
    return;
  }

  header = g_strdup_printf ("Content-Type: video/mpeg\r\nX-HDHomeRun-Resource: tuner%d\r\n", tuner);
  fake_reply_head (request, "200 OK", header);
  if (mux && device->silent_mux)
    fake_hold (request);
  else
    send_stream (request, mux, g_str_equal (request->path, "/auto/v5.2") ? 4 : 3);
  release_tuner (device, tuner);
}

static void
send_discover (FakeRequest *request)
{
  FakeDevice *device = request->user_data;
  guint port = fake_server_get_port (device->server);
  g_autofree char *body = g_strdup_printf (
      "{\"FriendlyName\":\"Fake\",\"ModelNumber\":\"HDHR5-4US\",\"FirmwareVersion\":\"20250101\","
      "\"DeviceID\":\"%s\",\"DeviceAuth\":\"sEcReT\",\"BaseURL\":\"http://127.0.0.1:%u\","
      "\"LineupURL\":\"http://127.0.0.1:%u/lineup.json\",\"TunerCount\":%u,\"New\":{\"a\":[1]}}",
      device->id, port, port, device->n_tuners);

  fake_reply (request, "200 OK", "Content-Type: application/json\r\n",
              device->discover ? device->discover : body);
}

static void
send_lineup (FakeRequest *request)
{
  FakeDevice *device = request->user_data;
  g_autofree char *base =
      g_strdup_printf ("http://127.0.0.1:%u", fake_server_get_port (device->server));
  g_autofree char *body = g_strdup_printf (
      "[{\"GuideNumber\":\"10.1\",\"GuideName\":\"TEN\",\"URL\":\"%s/auto/v10.1\"},"
      "{\"GuideNumber\":\"5.2\",\"GuideName\":\"KABC2\",\"URL\":\"%s/auto/v5.2\",\"Favorite\":1},"
      "{\"GuideNumber\":\"5.1\",\"GuideName\":\"KABC\",\"HD\":1,\"VideoCodec\":\"MPEG2\","
      "\"AudioCodec\":\"AC3\",\"SignalStrength\":93,\"SignalQuality\":80,\"URL\":\"%s/auto/v5.1\"},"
      "{\"GuideNumber\":\"7.1\",\"GuideName\":\"PAY\",\"DRM\":1,\"URL\":\"%s/auto/v7.1\"},"
      "{\"GuideNumber\":\"9.1\",\"GuideName\":\"DARK\",\"URL\":\"%s/auto/v9.1\"}]",
      base, base, base, base, base);

  fake_reply (request, "200 OK", "", device->lineup ? device->lineup : body);
}

static void
send_status (FakeRequest *request)
{
  FakeDevice *device = request->user_data;
  g_autoptr (GString) body = g_string_new ("[");

  if (device->no_status) {
    fake_reply (request, "404 Not Found", "", "");
    return;
  }
  for (guint i = 0; i < device->n_tuners; i++) {
    gboolean held = fake_device_get_held (device) & 1u << i;

    g_string_append_printf (body, "%s{\"Resource\":\"tuner%u\"", i ? "," : "", i);
    if (held || (i == 0 && device->foreign_holder))
      g_string_append_printf (
          body,
          ",\"VctNumber\":\"5.1\",\"VctName\":\"KABC\",\"Frequency\":%" G_GUINT64_FORMAT
          ",\"SignalStrengthPercent\":90,\"TargetIP\":\"%s\"",
          FAKE_FREQUENCY, held ? "127.0.0.1" : "192.0.2.77");
    g_string_append_c (body, '}');
  }
  g_string_append_c (body, ']');
  fake_reply (request, "200 OK", "", body->str);
}

static void
serve (FakeRequest *request)
{
  FakeDevice *device = request->user_data;

  if (device->slow)
    fake_hold (request);
  else if (g_str_equal (request->path, "/discover.json"))
    send_discover (request);
  else if (g_str_equal (request->path, "/lineup.json"))
    send_lineup (request);
  else if (g_str_equal (request->path, "/lineup_status.json"))
    fake_reply (request, "200 OK", "", "{\"ScanInProgress\":0,\"ScanPossible\":1}");
  else if (g_str_equal (request->path, "/status.json"))
    send_status (request);
  else if (g_str_has_prefix (request->path, "/auto/"))
    stream (request);
  else if (g_str_has_prefix (request->path, "/lineup.post?favorite=") &&
           g_str_equal (request->method, "POST")) {
    g_mutex_lock (&device->mutex);
    g_free (device->favorite);
    device->favorite = g_strdup (strchr (request->path, '=') + 1);
    g_mutex_unlock (&device->mutex);
    fake_reply (request, "200 OK", "", "");
  } else {
    fake_reply (request, "404 Not Found", "", "");
  }
}

FakeDevice *
fake_device_new (const char *id)
{
  FakeDevice *device = g_new0 (FakeDevice, 1);

  g_mutex_init (&device->mutex);
  device->id = g_strdup (id);
  device->n_tuners = 2;
  device->server = fake_server_new (serve, device);
  return device;
}

void
fake_device_free (FakeDevice *device)
{
  fake_server_free (device->server);
  g_mutex_clear (&device->mutex);
  g_free (device->favorite);
  g_free (device->id);
  g_free (device);
}

char *
fake_device_host (FakeDevice *device)
{
  return g_strdup_printf ("127.0.0.1:%u", fake_server_get_port (device->server));
}

char *
fake_device_uri (FakeDevice *device, const char *channel)
{
  return g_strdup_printf ("hdhomerun://127.0.0.1:%u/%s", fake_server_get_port (device->server),
                          channel);
}
