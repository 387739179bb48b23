/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-device.h"

#include <string.h>

#define PID_PAT 0x0000
#define PID_PSIP 0x1ffb

/* ISO/IEC 13818-1 Annex A. */
static guint32
mpeg_crc (const guint8 *data, gsize size)
{
  guint32 crc = 0xffffffff;

  for (gsize i = 0; i < size; i++) {
    crc ^= (guint32) data[i] << 24;
    for (guint bit = 0; bit < 8; bit++)
      crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
  }
  return crc;
}

/* A packet with one section whose length and CRC are filled in. */
static void
send_section (FakeRequest *request, guint16 pid, GByteArray *section, guint8 counter)
{
  guint8 packet[188];
  guint length = section->len + 4 - 3;
  guint32 crc;
  guint8 tail[4];

  section->data[1] = (guint8) ((section->data[1] & 0xf0) | length >> 8);
  section->data[2] = (guint8) length;
  crc = mpeg_crc (section->data, section->len);
  for (guint i = 0; i < 4; i++)
    tail[i] = (guint8) (crc >> (24 - 8 * i));
  g_byte_array_append (section, tail, 4);

  memset (packet, 0xff, sizeof packet);
  packet[0] = 0x47;
  packet[1] = (guint8) (0x40 | pid >> 8);
  packet[2] = (guint8) pid;
  packet[3] = (guint8) (0x10 | (counter & 15));
  packet[4] = 0;
  memcpy (packet + 5, section->data, section->len);
  fake_send (request, packet, sizeof packet);
}

static void
send_pat (FakeRequest *request, const guint16 *programs, guint n, guint8 counter)
{
  static const guint8 head[] = { 0x00, 0xb0, 0, 0x12, 0x34, 0xc1, 0, 0 };
  g_autoptr (GByteArray) section = g_byte_array_new ();

  g_byte_array_append (section, head, sizeof head);
  for (guint i = 0; i < n; i++) {
    guint8 entry[4] = { programs[i] >> 8, (guint8) programs[i], 0xe1, (guint8) programs[i] };

    g_byte_array_append (section, entry, 4);
  }
  send_section (request, PID_PAT, section, counter);
}

static void
send_vct (FakeRequest *request, guint8 counter)
{
  guint8 head[] = { 0xc8, 0xf0, 0, 0x12, 0x34, 0xc1, 0, 0, 0, 2 };
  guint8 none[2] = { 0xfc, 0 };
  g_autoptr (GByteArray) section = g_byte_array_new ();

  g_byte_array_append (section, head, sizeof head);
  for (guint minor = 1; minor <= 2; minor++) {
    guint8 entry[32] = { 0, 'K', 0, 'A', 0, 'B', 0, 'C' };

    entry[14] = 0xf0 | 5 >> 6;
    entry[15] = (guint8) (5 << 2 | minor >> 8);
    entry[16] = (guint8) minor;
    entry[17] = 4;
    entry[22] = 0x12;
    entry[23] = 0x34;
    entry[25] = (guint8) (2 + minor);
    entry[26] = 0x0d;
    entry[27] = 0xc2;
    entry[30] = 0xfc;
    g_byte_array_append (section, entry, sizeof entry);
  }
  g_byte_array_append (section, none, 2);
  send_section (request, PID_PSIP, section, counter);
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
    if (mux)
      send_pat (request, all, 2, i);
    else
      send_pat (request, &program, 1, i);
    if (mux)
      send_vct (request, i);
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
