/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-variables.h"

#include <string.h>

#include "media/ec-tuner-pages.h"
#include "media/ec-tuner-target.h"

static const char help[] = "Supported configuration options:\n"
                           "/lineup/scan\n"
                           "/sys/copyright\n"
                           "/sys/debug\n"
                           "/sys/features\n"
                           "/sys/hwmodel\n"
                           "/sys/model\n"
                           "/sys/restart <resource>\n"
                           "/sys/version\n"
                           "/tuner<n>/channel <modulation>:<freq|ch>\n"
                           "/tuner<n>/channelmap <channelmap>\n"
                           "/tuner<n>/debug\n"
                           "/tuner<n>/filter \"0x<nnnn>-0x<nnnn> [...]\"\n"
                           "/tuner<n>/lockkey\n"
                           "/tuner<n>/program <program number>\n"
                           "/tuner<n>/status\n"
                           "/tuner<n>/streaminfo\n"
                           "/tuner<n>/target <ip>:<port>\n"
                           "/tuner<n>/vchannel <vchannel>\n"
                           "/tuner<n>/vstatus\n";

static const struct {
  const char *name;
  const char *value;
} constants[] = {
  { "help", help },
  { "/sys/copyright", "Simulated by libec" },
  { "/sys/debug", "mem: ddr=128 nbk=1 dmk=300 fet=0\n" },
  { "/sys/features", "channelmap: us-bcast\nmodulation: 8vsb\nauto-modulation: auto\n" },
  { "/sys/hwmodel", EC_TUNER_MODEL },
  { "/sys/model", EC_TUNER_FIRMWARE },
  { "/sys/version", EC_TUNER_FIRMWARE_VERSION },
};

/* The tuner of "/tuner1/channel" and what follows it, "channel". */
static EcTuner *
find_tuner (EcTunerDevice *device, const char *name, const char **item)
{
  char *end;
  guint64 i;

  if (!g_str_has_prefix (name, "/tuner") || !g_ascii_isdigit (name[6]))
    return NULL;
  i = g_ascii_strtoull (name + 6, &end, 10);
  if (*end != '/')
    return NULL;
  *item = end + 1;
  return i < EC_TUNER_MAX ? ec_tuner_device_get_tuner (device, (guint) i) : NULL;
}

static char *
dup_channel (const EcTuner *tuner)
{
  if (!tuner->frequency)
    return g_strdup ("none");
  return g_strdup_printf ("%s:%" G_GUINT64_FORMAT, tuner->modulation ? tuner->modulation : "8vsb",
                          tuner->frequency);
}

static char *
get_status (const EcTuner *tuner)
{
  const EcBroadcast *broadcast = ec_tuner_device_get_broadcast (tuner->device);
  g_autofree char *channel = dup_channel (tuner);
  gboolean lock = ec_tuner_has_lock (tuner);
  guint strength, quality, symbol;
  guint64 rate = (guint64) ec_broadcast_get_station (broadcast)->slots_per_loop * EC_TS_PACKET * 8 /
                 EC_BROADCAST_LOOP_SECONDS;

  ec_tuner_get_signal (tuner, &strength, &quality, &symbol);
  return g_strdup_printf ("ch=%s lock=%s ss=%u snq=%u seq=%u bps=%" G_GUINT64_FORMAT " pps=%u",
                          channel, lock ? "8vsb" : "none", strength, quality, symbol,
                          lock ? rate : 0, tuner->network_rate / (7 * EC_TS_PACKET * 8));
}

static char *
get_streaminfo (const EcTuner *tuner)
{
  const EcBroadcast *broadcast = ec_tuner_device_get_broadcast (tuner->device);
  const EcStation *station = ec_broadcast_get_station (broadcast);
  GString *out;

  if (!ec_tuner_has_lock (tuner))
    return g_strdup ("none");
  out = g_string_new (NULL);
  for (guint i = 0; i < EC_STATION_N_PROGRAMS; i++) {
    const EcStationProgram *program = &station->programs[i];

    g_string_append_printf (out, "%u: %u.%u %s%s\n", program->number, program->major,
                            program->minor, program->short_name,
                            program->is_protected ? " (encrypted)" : "");
  }
  g_string_append_printf (out, "tsid=0x%04X\n", ec_broadcast_get_tsid (broadcast));
  return g_string_free (out, FALSE);
}

static char *
get_tuner_item (const EcTuner *tuner, const char *item)
{
  if (strcmp (item, "channel") == 0)
    return dup_channel (tuner);
  if (strcmp (item, "channelmap") == 0)
    return g_strdup ("us-bcast");
  if (strcmp (item, "status") == 0)
    return get_status (tuner);
  if (strcmp (item, "streaminfo") == 0)
    return get_streaminfo (tuner);
  if (strcmp (item, "filter") == 0)
    return g_strdup (tuner->filter_text ? tuner->filter_text : "0x0000-0x1fff");
  if (strcmp (item, "program") == 0)
    return g_strdup_printf ("%u", tuner->program);
  if (strcmp (item, "target") == 0)
    return g_strdup (tuner->target_text ? tuner->target_text : "none");
  if (strcmp (item, "lockkey") == 0)
    return g_strdup (tuner->lock_key ? tuner->lock_ip : "none");
  if (strcmp (item, "vchannel") == 0)
    return g_strdup (tuner->channel ? tuner->channel->number : "none");
  if (strcmp (item, "vstatus") == 0)
    return g_strdup_printf ("vch=%s name=%s auth=unspecified cci=%s cgms=none",
                            tuner->channel ? tuner->channel->number : "none",
                            tuner->channel ? tuner->channel->name : "none",
                            tuner->channel ? "unrestricted" : "none");
  if (strcmp (item, "debug") == 0) {
    g_autofree char *status = get_status (tuner);

    return g_strdup_printf ("tun: %s\nnet: sent=%" G_GUINT64_FORMAT "\n", status, tuner->sent);
  }
  return NULL;
}

char *
ec_tuner_variable_get (EcTunerDevice *device, const char *name, const char **error)
{
  const char *item;
  const EcTuner *tuner = find_tuner (device, name, &item);
  char *value = NULL;
  guint progress, found;

  for (guint i = 0; i < G_N_ELEMENTS (constants); i++) {
    if (strcmp (constants[i].name, name) == 0)
      return g_strdup (constants[i].value);
  }
  if (strcmp (name, "/lineup/scan") == 0) {
    if (ec_tuner_device_get_scan (device, &progress, &found))
      return g_strdup_printf ("state=running progress=%u%% found=%u", progress, found);
    return g_strdup_printf ("state=complete progress=100%% found=%u", found);
  }
  if (tuner)
    value = get_tuner_item (tuner, item);
  if (!value)
    *error = "ERROR: unknown getset variable";
  return value;
}

/* The centre of a broadcast channel of the United States (47 CFR 73.603), in Hz; 0 if none. */
static guint64
channel_frequency (guint64 channel)
{
  if (channel >= 2 && channel <= 4)
    return (57 + 6 * (channel - 2)) * 1000000;
  if (channel >= 5 && channel <= 6)
    return (79 + 6 * (channel - 5)) * 1000000;
  if (channel >= 7 && channel <= 13)
    return (177 + 6 * (channel - 7)) * 1000000;
  if (channel >= 14 && channel <= 69)
    return (473 + 6 * (channel - 14)) * 1000000;
  return 0;
}

static gboolean
set_channel (EcTuner *tuner, const char *value, const char **error)
{
  g_auto (GStrv) parts = g_strsplit (value, ":", 2);
  guint64 frequency = 0;
  char *end = NULL;

  if (strcmp (value, "none") == 0) {
    ec_tuner_release (tuner);
    return TRUE;
  }
  if (parts[0] && parts[1] &&
      (strcmp (parts[0], "auto") == 0 || strcmp (parts[0], "8vsb") == 0 ||
       strcmp (parts[0], "auto6t") == 0)) {
    frequency = g_ascii_strtoull (parts[1], &end, 10);
    if (end == parts[1] || *end != '\0')
      frequency = 0;
    else if (frequency < 1000)
      frequency = channel_frequency (frequency);
  }
  if (frequency < 54000000 || frequency > 1002000000) {
    *error = "ERROR: invalid channel";
    return FALSE;
  }
  g_free (tuner->modulation);
  tuner->modulation = g_strdup (parts[0]);
  tuner->frequency = frequency;
  tuner->channel = NULL;
  tuner->program = 0;
  g_clear_pointer (&tuner->filter_text, g_free);
  return TRUE;
}

static gboolean
set_vchannel (EcTuner *tuner, const char *value, const char **error)
{
  const EcTunerChannel *channel = ec_tuner_device_find_channel (tuner->device, value);

  if (strcmp (value, "none") == 0) {
    ec_tuner_release (tuner);
    return TRUE;
  }
  if (!channel) {
    *error = "ERROR: invalid virtual channel";
    return FALSE;
  }
  g_clear_pointer (&tuner->modulation, g_free);
  g_clear_pointer (&tuner->filter_text, g_free);
  tuner->channel = channel;
  tuner->frequency = channel->frequency;
  tuner->program = channel->program ? channel->program->number : 0;
  return TRUE;
}

static gboolean
set_filter (EcTuner *tuner, const char *value, const char **error)
{
  EcBroadcastFilter scratch;

  if (!ec_broadcast_filter_init_pids (&scratch, ec_tuner_device_get_broadcast (tuner->device),
                                      value)) {
    *error = "ERROR: invalid pid filter";
    return FALSE;
  }
  g_free (tuner->filter_text);
  tuner->filter_text = g_strdup (value);
  tuner->program = 0;
  return TRUE;
}

static gboolean
set_program (EcTuner *tuner, const char *value, const char **error)
{
  char *end;
  guint64 program = g_ascii_strtoull (value, &end, 10);

  if (strcmp (value, "none") == 0)
    program = 0;
  else if (end == value || *end != '\0' || program > 0xffff) {
    *error = "ERROR: invalid program";
    return FALSE;
  }
  g_clear_pointer (&tuner->filter_text, g_free);
  tuner->program = (guint) program;
  return TRUE;
}

static gboolean
set_target (EcTuner *tuner, const char *value, const char **error)
{
  g_auto (GStrv) words = g_strsplit (value, " ", 2);

  ec_tuner_stop (tuner);
  g_clear_pointer (&tuner->target_text, g_free);
  if (strcmp (value, "none") == 0)
    return TRUE;
  if (!words[0] || !ec_tuner_target_begin (tuner, words[0])) {
    *error = "ERROR: invalid target";
    return FALSE;
  }
  tuner->target_text = g_strdup (words[0]);
  return TRUE;
}

static gboolean
set_lock_key (EcTuner *tuner, const char *value, const char *client)
{
  tuner->lock_key = 0;
  g_clear_pointer (&tuner->lock_ip, g_free);
  if (strcmp (value, "none") == 0)
    return TRUE;
  if (strcmp (value, "force") == 0) {
    ec_tuner_stop (tuner);
    return TRUE;
  }
  tuner->lock_key = (guint32) g_ascii_strtoull (value, NULL, 10);
  tuner->lock_ip = g_strdup (client);
  return TRUE;
}

static gboolean
set_tuner_item (EcTuner *tuner, const char *item, const char *value, const char **error)
{
  gboolean ok;

  if (strcmp (item, "target") == 0)
    return set_target (tuner, value, error);
  if (strcmp (item, "channelmap") == 0) {
    ok = strcmp (value, "us-bcast") == 0;
    if (!ok)
      *error = "ERROR: invalid channel map";
    return ok;
  }
  if (strcmp (item, "channel") == 0)
    ok = set_channel (tuner, value, error);
  else if (strcmp (item, "vchannel") == 0)
    ok = set_vchannel (tuner, value, error);
  else if (strcmp (item, "filter") == 0)
    ok = set_filter (tuner, value, error);
  else if (strcmp (item, "program") == 0)
    ok = set_program (tuner, value, error);
  else {
    *error = "ERROR: unknown getset variable";
    return FALSE;
  }
  ec_tuner_update_filter (tuner);
  return ok;
}

gboolean
ec_tuner_variable_set (EcTunerDevice *device,
                       const char *name,
                       const char *value,
                       guint32 key,
                       const char *client,
                       const char **error)
{
  const char *item;
  EcTuner *tuner = find_tuner (device, name, &item);
  gboolean force;

  if (strcmp (name, "/lineup/scan") == 0) {
    if (strcmp (value, "start") == 0)
      ec_tuner_device_start_scan (device);
    else
      ec_tuner_device_abort_scan (device);
    return TRUE;
  }
  if (!tuner) {
    *error = "ERROR: unknown getset variable";
    return FALSE;
  }
  force = strcmp (item, "lockkey") == 0 && strcmp (value, "force") == 0;
  if (!force && (tuner->http || (tuner->lock_key && tuner->lock_key != key))) {
    *error = "ERROR: resource locked";
    return FALSE;
  }
  if (strcmp (item, "lockkey") == 0)
    return set_lock_key (tuner, value, client);
  return set_tuner_item (tuner, item, value, error);
}
