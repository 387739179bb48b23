/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "media/ec-tuner-device.h"

/* What stands after "/auto/" or "/tunerN/": a channel, or a frequency and a program. */
static EcTunerError
parse_channel (EcTunerDevice *self, const char *text, EcTuner *wanted)
{
  GPtrArray *channels = ec_tuner_device_get_channels (self);
  guint progress, found;
  char *end;

  ec_tuner_device_get_scan (self, &progress, &found);
  if (text[0] == 'v') {
    for (guint i = 0; i < MIN (found, channels->len); i++) {
      EcTunerChannel *channel = channels->pdata[i];

      if (strcmp (channel->number, text + 1) != 0)
        continue;
      wanted->channel = channel;
      wanted->frequency = channel->frequency;
      wanted->program = channel->program ? channel->program->number : 0;
      return 0;
    }
    return EC_TUNER_UNKNOWN_CHANNEL;
  }

  if (!g_str_has_prefix (text, "ch") || !g_ascii_isdigit (text[2]))
    return EC_TUNER_UNKNOWN_CHANNEL;
  wanted->frequency = g_ascii_strtoull (text + 2, &end, 10);
  if (wanted->frequency < 54000000 || wanted->frequency > 1002000000)
    return EC_TUNER_UNKNOWN_CHANNEL;
  if (*end == '\0')
    return 0;
  if (*end != '-' || !g_ascii_isdigit (end[1]))
    return EC_TUNER_UNKNOWN_CHANNEL;
  wanted->program = (guint) g_ascii_strtoull (end + 1, &end, 10);
  if (*end != '\0')
    return EC_TUNER_UNKNOWN_CHANNEL;
  for (guint i = 0; i < channels->len; i++) {
    EcTunerChannel *channel = channels->pdata[i];

    if (channel->frequency == wanted->frequency && channel->program &&
        channel->program->number == wanted->program)
      wanted->channel = channel;
  }
  return wanted->channel || wanted->frequency != EC_TUNER_FREQUENCY ? 0 : EC_TUNER_UNKNOWN_CHANNEL;
}

static gboolean
is_free (const EcTuner *tuner)
{
  return !tuner->http && !tuner->sink && tuner->lock_key == 0;
}

static EcTuner *
pick_tuner (EcTunerDevice *self, const char *resource, EcTunerError *code)
{
  guint limit = ec_tuner_device_get_config (self)->connection_limit, streams = 0;
  gboolean automatic = strcmp (resource, "auto") == 0;
  EcTuner *tuner;

  *code = automatic ? EC_TUNER_ALL_IN_USE : EC_TUNER_UNKNOWN_CHANNEL;
  for (guint i = 0; (tuner = ec_tuner_device_get_tuner (self, i)) != NULL; i++)
    streams += tuner->http;
  if (limit && streams >= limit) {
    *code = EC_TUNER_CONNECTION_LIMIT;
    return NULL;
  }

  for (guint i = 0; (tuner = ec_tuner_device_get_tuner (self, i)) != NULL; i++) {
    g_autofree char *name = g_strdup_printf ("tuner%u", i);

    if (!automatic && strcmp (name, resource) != 0)
      continue;
    if (is_free (tuner))
      return tuner;
    if (!automatic)
      *code = EC_TUNER_IN_USE;
  }
  return NULL;
}

/* Why what was asked for cannot be streamed, once a tuner is there; 0 if it can. */
static EcTunerError
check_wanted (const EcTuner *wanted)
{
  if (wanted->channel && wanted->channel->fault)
    return wanted->channel->fault;
  if (wanted->channel && wanted->channel->program && wanted->channel->program->is_protected)
    return EC_TUNER_PROTECTED;
  if (wanted->frequency == EC_TUNER_SILENT_FREQUENCY)
    return EC_TUNER_NO_VIDEO;
  if (wanted->frequency != EC_TUNER_FREQUENCY)
    return EC_TUNER_TUNE_FAILED;
  return 0;
}

EcTuner *
ec_tuner_device_tune_path (EcTunerDevice *self, const char *path, EcTunerError *code)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", 4);
  EcTuner wanted = { 0 };
  EcTuner *tuner;
  guint progress, found;

  *code = EC_TUNER_UNKNOWN_CHANNEL;
  if (g_strv_length (parts) != 3)
    return NULL;
  *code = parse_channel (self, parts[2], &wanted);
  if (*code)
    return NULL;
  if (ec_tuner_device_get_scan (self, &progress, &found)) {
    *code = EC_TUNER_SYSTEM_BUSY;
    return NULL;
  }
  tuner = pick_tuner (self, parts[1], code);
  if (!tuner)
    return NULL;
  *code = check_wanted (&wanted);
  if (*code)
    return NULL;

  ec_tuner_release (tuner);
  tuner->http = TRUE;
  tuner->channel = wanted.channel;
  tuner->frequency = wanted.frequency;
  tuner->program = wanted.program;
  ec_tuner_update_filter (tuner);
  return tuner;
}
