/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-info.h"

#include <libhdhomerun/hdhomerun.h>
#include <stdlib.h>
#include <string.h>

#include "base/ec-error.h"
#include "source/ec-json.h"

EcHdhrDetails *
ec_hdhr_details_new (const char *base_url)
{
  EcHdhrDetails *details = g_new0 (EcHdhrDetails, 1);
  gsize length = strlen (base_url);

  while (length > 0 && base_url[length - 1] == '/')
    length--;
  details->base_url = g_strndup (base_url, length);
  details->lineup_url = g_strconcat (details->base_url, "/lineup.json", NULL);
  return details;
}

void
ec_hdhr_details_free (EcHdhrDetails *details)
{
  g_free (details->device_id);
  g_free (details->friendly_name);
  g_free (details->model);
  g_free (details->firmware);
  g_free (details->base_url);
  g_free (details->lineup_url);
  g_clear_pointer (&details->channels, g_ptr_array_unref);
  g_clear_pointer (&details->tuners, g_ptr_array_unref);
  g_free (details);
}

void
ec_hdhr_channel_free (EcHdhrChannel *channel)
{
  g_free (channel->number);
  g_free (channel->name);
  g_free (channel->url);
  g_free (channel->video_codec);
  g_free (channel->audio_codec);
  g_free (channel->tags);
  g_free (channel);
}

EcHdhrChannel *
ec_hdhr_channel_copy (const EcHdhrChannel *channel)
{
  EcHdhrChannel *copy = g_memdup2 (channel, sizeof *channel);

  copy->number = g_strdup (channel->number);
  copy->name = g_strdup (channel->name);
  copy->url = g_strdup (channel->url);
  copy->video_codec = g_strdup (channel->video_codec);
  copy->audio_codec = g_strdup (channel->audio_codec);
  copy->tags = g_strdup (channel->tags);
  return copy;
}

void
ec_hdhr_tuner_free (EcHdhrTuner *tuner)
{
  g_free (tuner->resource);
  g_free (tuner->channel_number);
  g_free (tuner->channel_name);
  g_free (tuner->target);
  g_free (tuner);
}

gboolean
ec_hdhr_is_device_id (const char *text, gboolean *valid)
{
  if (strlen (text) != 8 || strspn (text, "0123456789abcdefABCDEF") != 8)
    return FALSE;
  if (valid)
    *valid = hdhomerun_discover_validate_device_id ((uint32_t) strtoul (text, NULL, 16));
  return TRUE;
}

static gboolean
is_http_url (const char *text)
{
  return text && g_uri_is_valid (text, G_URI_FLAGS_NONE, NULL) &&
         (g_ascii_strncasecmp (text, "http://", 7) == 0 ||
          g_ascii_strncasecmp (text, "https://", 8) == 0);
}

static int
get_percent (JsonObject *object, const char *name)
{
  return (int) CLAMP (ec_json_get_int (object, name, -1), -1, 100);
}

static gboolean
set_bad_reply (GError **error, const char *who, const char *what)
{
  g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_REPLY,
               "%s sent %s that cannot be understood. Is it an HDHomeRun?", who, what);
  return FALSE;
}

gboolean
ec_hdhr_details_parse_discover (EcHdhrDetails *details,
                                GBytes *reply,
                                const char *who,
                                GError **error)
{
  g_autoptr (JsonNode) root = ec_json_parse (reply, who, error);
  g_autofree char *id = NULL;
  g_autofree char *lineup_url = NULL;
  g_autofree char *firmware_name = NULL;
  gboolean valid = FALSE;
  JsonObject *object;

  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return set_bad_reply (error, who, "a description of itself");

  object = json_node_get_object (root);
  id = ec_json_dup_text (object, "DeviceID");
  lineup_url = ec_json_dup_text (object, "LineupURL");
  firmware_name = ec_json_dup_text (object, "FirmwareName");
  if (id == NULL && lineup_url == NULL)
    return set_bad_reply (error, who, "a description of itself");

  if (id && ec_hdhr_is_device_id (id, &valid) && valid)
    details->device_id = g_ascii_strup (id, -1);
  details->friendly_name = ec_json_dup_text (object, "FriendlyName");
  details->model = ec_json_dup_text (object, "ModelNumber");
  details->firmware = ec_json_dup_text (object, "FirmwareVersion");
  if (details->firmware == NULL)
    details->firmware = g_steal_pointer (&firmware_name);
  details->tuner_count =
      (guint) CLAMP (ec_json_get_int (object, "TunerCount", 0), 0, EC_HDHR_MAX_TUNERS);
  if (is_http_url (lineup_url)) {
    g_free (details->lineup_url);
    details->lineup_url = g_steal_pointer (&lineup_url);
  }
  return TRUE;
}

static gboolean
has_tag (const char *tags, const char *tag)
{
  g_auto (GStrv) all = tags ? g_strsplit (tags, ",", 64) : NULL;

  for (char **t = all; t && *t; t++) {
    if (g_ascii_strcasecmp (g_strstrip (*t), tag) == 0)
      return TRUE;
  }
  return FALSE;
}

static EcHdhrChannel *
parse_channel (JsonObject *object)
{
  g_autofree char *number = ec_json_dup_text (object, "GuideNumber");
  g_autofree char *url = ec_json_dup_text (object, "URL");
  EcHdhrChannel *channel;

  if (number == NULL || *number == '\0')
    return NULL;

  channel = g_new0 (EcHdhrChannel, 1);
  channel->number = g_steal_pointer (&number);
  channel->url = is_http_url (url) ? g_steal_pointer (&url) : NULL;
  channel->name = ec_json_dup_text (object, "GuideName");
  channel->video_codec = ec_json_dup_text (object, "VideoCodec");
  channel->audio_codec = ec_json_dup_text (object, "AudioCodec");
  channel->tags = ec_json_dup_text (object, "Tags");
  channel->hd = ec_json_get_flag (object, "HD");
  channel->drm = ec_json_get_flag (object, "DRM") || has_tag (channel->tags, "drm");
  channel->favorite =
      ec_json_get_int (object, "Favorite", 0) > 0 || has_tag (channel->tags, "favorite");
  channel->signal_strength = get_percent (object, "SignalStrength");
  channel->signal_quality = get_percent (object, "SignalQuality");
  channel->frequency = (guint64) MAX (ec_json_get_int (object, "Frequency", 0), 0);
  channel->program_number = (guint) CLAMP (ec_json_get_int (object, "ProgramNumber", 0), 0, 0xffff);
  return channel;
}

static int
compare_channels (gconstpointer a, gconstpointer b)
{
  const EcHdhrChannel *const *one = a;
  const EcHdhrChannel *const *other = b;

  return ec_hdhr_compare_numbers ((*one)->number, (*other)->number);
}

gboolean
ec_hdhr_details_parse_lineup (EcHdhrDetails *details,
                              GBytes *reply,
                              const char *who,
                              GError **error)
{
  g_autoptr (JsonNode) root = ec_json_parse (reply, who, error);
  JsonArray *array;
  guint n;

  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (root))
    return set_bad_reply (error, who, "a list of channels");

  array = json_node_get_array (root);
  n = MIN (json_array_get_length (array), EC_HDHR_MAX_CHANNELS);
  g_clear_pointer (&details->channels, g_ptr_array_unref);
  details->channels = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_hdhr_channel_free);
  for (guint i = 0; i < n; i++) {
    JsonObject *object = ec_json_get_element (array, i);
    EcHdhrChannel *channel = object ? parse_channel (object) : NULL;

    if (channel)
      g_ptr_array_add (details->channels, channel);
  }
  g_ptr_array_sort (details->channels, compare_channels);
  return TRUE;
}

gboolean
ec_hdhr_details_parse_lineup_status (EcHdhrDetails *details,
                                     GBytes *reply,
                                     const char *who,
                                     GError **error)
{
  g_autoptr (JsonNode) root = ec_json_parse (reply, who, error);
  JsonObject *object;

  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return set_bad_reply (error, who, "a scan status");

  object = json_node_get_object (root);
  details->scanning = ec_json_get_flag (object, "ScanInProgress");
  details->scan_progress = (guint) CLAMP (ec_json_get_int (object, "Progress", 0), 0, 100);
  return TRUE;
}

gboolean
ec_hdhr_details_parse_status (EcHdhrDetails *details,
                              GBytes *reply,
                              const char *who,
                              GError **error)
{
  g_autoptr (JsonNode) root = ec_json_parse (reply, who, error);
  JsonArray *array;
  guint n;

  if (root == NULL)
    return FALSE;
  if (!JSON_NODE_HOLDS_ARRAY (root))
    return set_bad_reply (error, who, "a list of tuners");

  array = json_node_get_array (root);
  n = MIN (json_array_get_length (array), EC_HDHR_MAX_TUNERS);
  g_clear_pointer (&details->tuners, g_ptr_array_unref);
  details->tuners = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_hdhr_tuner_free);
  for (guint i = 0; i < n; i++) {
    JsonObject *object = ec_json_get_element (array, i);
    g_autofree char *resource = object ? ec_json_dup_text (object, "Resource") : NULL;
    EcHdhrTuner *tuner;

    /* Recordings of a device with a disk are listed among the tuners. */
    if (resource == NULL || !g_str_has_prefix (resource, "tuner"))
      continue;
    tuner = g_new0 (EcHdhrTuner, 1);
    tuner->resource = g_steal_pointer (&resource);
    tuner->channel_number = ec_json_dup_text (object, "VctNumber");
    tuner->channel_name = ec_json_dup_text (object, "VctName");
    tuner->target = ec_json_dup_text (object, "TargetIP");
    tuner->frequency = (guint64) MAX (ec_json_get_int (object, "Frequency", 0), 0);
    tuner->signal_strength = get_percent (object, "SignalStrengthPercent");
    tuner->signal_quality = get_percent (object, "SignalQualityPercent");
    tuner->symbol_quality = get_percent (object, "SymbolQualityPercent");
    tuner->network_rate = (guint64) MAX (ec_json_get_int (object, "NetworkRate", 0), 0);
    g_ptr_array_add (details->tuners, tuner);
  }
  return TRUE;
}

const EcHdhrChannel *
ec_hdhr_details_find_channel (const EcHdhrDetails *details, const char *name)
{
  for (guint i = 0; details->channels && i < details->channels->len; i++) {
    const EcHdhrChannel *channel = details->channels->pdata[i];

    if (strcmp (channel->number, name) == 0)
      return channel;
  }
  for (guint i = 0; details->channels && i < details->channels->len; i++) {
    const EcHdhrChannel *channel = details->channels->pdata[i];

    if (channel->name && g_ascii_strcasecmp (channel->name, name) == 0)
      return channel;
  }
  return NULL;
}

const EcHdhrTuner *
ec_hdhr_details_find_tuner (const EcHdhrDetails *details, const char *resource)
{
  for (guint i = 0; details->tuners && i < details->tuners->len; i++) {
    const EcHdhrTuner *tuner = details->tuners->pdata[i];

    if (strcmp (tuner->resource, resource) == 0)
      return tuner;
  }
  return NULL;
}

int
ec_hdhr_compare_numbers (const char *a, const char *b)
{
  const char *one = a;
  const char *other = b;

  if (g_ascii_isdigit (*a) != g_ascii_isdigit (*b))
    return g_ascii_isdigit (*a) ? -1 : 1;

  while (*one && *other) {
    if (g_ascii_isdigit (*one) && g_ascii_isdigit (*other)) {
      char *one_end, *other_end;
      guint64 x = g_ascii_strtoull (one, &one_end, 10);
      guint64 y = g_ascii_strtoull (other, &other_end, 10);

      if (x != y)
        return x < y ? -1 : 1;
      one = one_end;
      other = other_end;
    } else if (*one != *other) {
      return *one < *other ? -1 : 1;
    } else {
      one++;
      other++;
    }
  }
  return (*one != '\0') - (*other != '\0');
}
