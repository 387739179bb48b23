/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-pages.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "media/ec-media-random.h"

#define PURPOSE_AUTH 0x61757468ULL

char *
ec_tuner_dup_device_auth (EcTunerDevice *device)
{
  static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  guint32 id = ec_tuner_device_get_config (device)->device_id;
  char auth[25] = { 0 };

  for (guint i = 0; i < 24; i++)
    auth[i] = letters[ec_media_hash (PURPOSE_AUTH, id, i) % (sizeof letters - 1)];
  return g_strdup (auth);
}

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

static void
add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static char *
finish (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);

  return json_to_string (root, FALSE);
}

static char *
page_discover (EcTunerDevice *device, const char *address)
{
  const EcTunerConfig *config = ec_tuner_device_get_config (device);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *base = ec_tuner_device_dup_base_url (device, address);
  g_autofree char *lineup = g_strconcat (base, "/lineup.json", NULL);
  g_autofree char *id = g_strdup_printf ("%08X", config->device_id);
  g_autofree char *auth = ec_tuner_dup_device_auth (device);

  json_builder_begin_object (builder);
  add_string (builder, "FriendlyName", "Simulated HDHomeRun");
  add_string (builder, "ModelNumber", EC_TUNER_MODEL);
  add_string (builder, "FirmwareName", EC_TUNER_FIRMWARE);
  add_string (builder, "FirmwareVersion", EC_TUNER_FIRMWARE_VERSION);
  add_string (builder, "DeviceID", id);
  add_string (builder, "DeviceAuth", auth);
  add_string (builder, "BaseURL", base);
  add_string (builder, "LineupURL", lineup);
  add_int (builder, "TunerCount", config->tuner_count);
  json_builder_end_object (builder);
  return finish (builder);
}

/* What a lineup says of one channel. */
typedef struct {
  const EcTunerChannel *channel;
  const char *video, *audio; /* NULL: not known */
  gboolean hd, drm;
  char *url;
} Line;

static GPtrArray *
lines_of (EcTunerDevice *device, const char *address)
{
  GPtrArray *channels = ec_tuner_device_get_channels (device);
  GPtrArray *lines = g_ptr_array_new ();
  g_autofree char *stream = ec_tuner_device_dup_stream_url (device, address);
  guint progress, found;

  ec_tuner_device_get_scan (device, &progress, &found);
  for (guint i = 0; i < MIN (found, channels->len); i++) {
    Line *line = g_new0 (Line, 1);
    const EcStationProgram *program;

    line->channel = channels->pdata[i];
    line->url = g_strdup_printf ("%s/auto/v%s", stream, line->channel->number);
    program = line->channel->program;
    if (program) {
      line->video = program->streams[0].codec == EC_STATION_H264 ? "H264" : "MPEG2";
      line->audio = program->streams[1].codec == EC_STATION_AAC ? "AAC" : "AC3";
      line->hd = program->minor == 1 || program->streams[0].height >= 720;
      line->drm = program->is_protected;
    }
    g_ptr_array_add (lines, line);
  }
  return lines;
}

static void
free_lines (GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    Line *line = lines->pdata[i];

    g_free (line->url);
    g_free (line);
  }
  g_ptr_array_unref (lines);
}

static char *
page_lineup_json (EcTunerDevice *device, const char *address)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  GPtrArray *lines = lines_of (device, address);

  json_builder_begin_array (builder);
  for (guint i = 0; i < lines->len; i++) {
    const Line *line = lines->pdata[i];

    json_builder_begin_object (builder);
    add_string (builder, "GuideNumber", line->channel->number);
    add_string (builder, "GuideName", line->channel->name);
    if (line->channel->favorite || line->drm)
      add_string (builder, "Tags",
                  line->channel->favorite && line->drm ? "favorite,drm"
                  : line->drm                          ? "drm"
                                                       : "favorite");
    if (line->video)
      add_string (builder, "VideoCodec", line->video);
    if (line->audio)
      add_string (builder, "AudioCodec", line->audio);
    if (line->hd)
      add_int (builder, "HD", 1);
    if (line->drm)
      add_int (builder, "DRM", 1);
    if (line->channel->favorite)
      add_int (builder, "Favorite", 1);
    add_int (builder, "SignalStrength", line->channel->program ? 88 : 38);
    add_int (builder, "SignalQuality", line->channel->program ? 92 : 12);
    add_string (builder, "URL", line->url);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  free_lines (lines);
  return finish (builder);
}

static char *
page_lineup_xml (EcTunerDevice *device, const char *address)
{
  GPtrArray *lines = lines_of (device, address);
  GString *out = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Lineup>\n");

  for (guint i = 0; i < lines->len; i++) {
    const Line *line = lines->pdata[i];
    g_autofree char *name = g_markup_escape_text (line->channel->name, -1);
    g_autofree char *url = g_markup_escape_text (line->url, -1);

    g_string_append_printf (out, "<Program><GuideNumber>%s</GuideNumber><GuideName>%s</GuideName>",
                            line->channel->number, name);
    if (line->video)
      g_string_append_printf (out, "<VideoCodec>%s</VideoCodec><AudioCodec>%s</AudioCodec>",
                              line->video, line->audio);
    g_string_append_printf (out, "%s%s%s<URL>%s</URL></Program>\n", line->hd ? "<HD>1</HD>" : "",
                            line->drm ? "<DRM>1</DRM>" : "",
                            line->channel->favorite ? "<Favorite>1</Favorite>" : "", url);
  }
  g_string_append (out, "</Lineup>\n");
  free_lines (lines);
  return g_string_free (out, FALSE);
}

static char *
page_lineup_m3u (EcTunerDevice *device, const char *address)
{
  GPtrArray *lines = lines_of (device, address);
  GString *out = g_string_new ("#EXTM3U\n");

  for (guint i = 0; i < lines->len; i++) {
    const Line *line = lines->pdata[i];

    g_string_append_printf (out,
                            "#EXTINF:-1 channel-id=\"%s\" channel-number=\"%s\" tvg-name=\"%s\"%s,"
                            "%s %s\n%s\n",
                            line->channel->number, line->channel->number, line->channel->name,
                            line->channel->favorite ? " group-title=\"Favorites\"" : "",
                            line->channel->number, line->channel->name, line->url);
  }
  free_lines (lines);
  return g_string_free (out, FALSE);
}

static char *
page_lineup_status (EcTunerDevice *device)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  guint progress, found;
  gboolean scanning = ec_tuner_device_get_scan (device, &progress, &found);

  json_builder_begin_object (builder);
  add_int (builder, "ScanInProgress", scanning);
  if (scanning) {
    add_int (builder, "Progress", progress);
    add_int (builder, "Found", found);
  } else {
    add_int (builder, "ScanPossible", 1);
    add_string (builder, "Source", "Antenna");
    json_builder_set_member_name (builder, "SourceList");
    json_builder_begin_array (builder);
    json_builder_add_string_value (builder, "Antenna");
    json_builder_end_array (builder);
  }
  json_builder_end_object (builder);
  return finish (builder);
}

static void
add_tuner_status (JsonBuilder *builder, const EcTuner *tuner)
{
  guint strength, quality, symbol;

  if (tuner->channel) {
    add_string (builder, "VctNumber", tuner->channel->number);
    add_string (builder, "VctName", tuner->channel->name);
  }
  ec_tuner_get_signal (tuner, &strength, &quality, &symbol);
  add_int (builder, "Frequency", (gint64) tuner->frequency);
  add_int (builder, "SignalStrengthPercent", strength);
  add_int (builder, "SignalQualityPercent", quality);
  add_int (builder, "SymbolQualityPercent", symbol);
  if (tuner->target_ip) {
    add_string (builder, "TargetIP", tuner->target_ip);
    add_int (builder, "NetworkRate", tuner->network_rate);
  }
}

static char *
page_status (EcTunerDevice *device)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  const EcTuner *tuner;

  json_builder_begin_array (builder);
  for (guint i = 0; (tuner = ec_tuner_device_get_tuner (device, i)) != NULL; i++) {
    g_autofree char *resource = g_strdup_printf ("tuner%u", i);

    json_builder_begin_object (builder);
    add_string (builder, "Resource", resource);
    if (tuner->frequency)
      add_tuner_status (builder, tuner);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  return finish (builder);
}

static char *
page_home (EcTunerDevice *device)
{
  return g_strdup_printf ("<html><head><title>Simulated HDHomeRun</title></head><body>"
                          "<h1>Simulated HDHomeRun %08X</h1><p>"
                          "<a href=\"discover.json\">discover.json</a> "
                          "<a href=\"lineup.json\">lineup.json</a> "
                          "<a href=\"lineup_status.json\">lineup_status.json</a> "
                          "<a href=\"status.json\">status.json</a></p></body></html>\n",
                          ec_tuner_device_get_config (device)->device_id);
}

char *
ec_tuner_page (EcTunerDevice *device, const char *path, const char *address, const char **type)
{
  *type = "application/json";
  if (strcmp (path, "/discover.json") == 0)
    return page_discover (device, address);
  if (strcmp (path, "/lineup.json") == 0)
    return page_lineup_json (device, address);
  if (strcmp (path, "/lineup_status.json") == 0)
    return page_lineup_status (device);
  if (strcmp (path, "/status.json") == 0)
    return page_status (device);

  *type = "application/xml";
  if (strcmp (path, "/lineup.xml") == 0)
    return page_lineup_xml (device, address);

  *type = "application/x-mpegurl";
  if (strcmp (path, "/lineup.m3u") == 0)
    return page_lineup_m3u (device, address);

  *type = "text/html";
  return strcmp (path, "/") == 0 ? page_home (device) : NULL;
}
