/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-device.h"

#include <math.h>
#include <string.h>

#include "media/ec-media-random.h"

#define BATCH 1024                   /* packets read at a time */
#define MAX_LAG (G_USEC_PER_SEC / 2) /* what a late tick makes up for; more is skipped */
#define RATE_INTERVAL G_USEC_PER_SEC

#define PURPOSE_SIGNAL 0x7369676e616cULL

struct _EcTunerDevice {
  EcTunerConfig config;
  EcBroadcast *broadcast;
  GPtrArray *channels;
  EcTuner tuners[EC_TUNER_MAX];
  guint http_port, stream_port, control_port;
  gint64 scan_start;  /* monotonic µs; 0: not scanning */
  guint scan_found;   /* channels that the last scan left */
  guint8 *packets;    /* BATCH × 188 */
  guint8 *lost;       /* BATCH */
  GHashTable *guests; /* what outlives its tuner -> its GDestroyNotify */
};

static const struct {
  EcTunerError code;
  const char *text;
} error_texts[] = {
  { EC_TUNER_UNKNOWN_CHANNEL, "801 Unknown Channel" },
  { EC_TUNER_UNKNOWN_TRANSCODE, "802 Unknown Transcode Profile" },
  { EC_TUNER_SYSTEM_BUSY, "803 System Busy" },
  { EC_TUNER_IN_USE, "804 Tuner In Use" },
  { EC_TUNER_ALL_IN_USE, "805 All Tuners In Use" },
  { EC_TUNER_TUNE_FAILED, "806 Tune Failed" },
  { EC_TUNER_NO_VIDEO, "807 No Video Data" },
  { EC_TUNER_DVR_FAILURE, "808 DVR Failure" },
  { EC_TUNER_CONNECTION_LIMIT, "809 Playback Connection Limit" },
  { EC_TUNER_PROTECTED, "811 Content Protection Required" },
};

const char *
ec_tuner_error_text (EcTunerError code)
{
  for (guint i = 0; i < G_N_ELEMENTS (error_texts); i++) {
    if (error_texts[i].code == code)
      return error_texts[i].text;
  }
  return "808 DVR Failure";
}

void
ec_tuner_config_clear (EcTunerConfig *self)
{
  g_clear_pointer (&self->address, g_free);
  g_clear_pointer (&self->scenario, g_free);
  g_clear_pointer (&self->faults, g_free);
}

static void
channel_free (gpointer data)
{
  EcTunerChannel *channel = data;

  g_free (channel->number);
  g_free (channel);
}

static void
add_channel (EcTunerDevice *self,
             char *number,
             const char *name,
             guint64 frequency,
             const EcStationProgram *program)
{
  EcTunerChannel *channel = g_new0 (EcTunerChannel, 1);

  channel->number = number;
  channel->name = name;
  channel->frequency = frequency;
  channel->program = program;
  g_ptr_array_add (self->channels, channel);
}

static void
set_faults (EcTunerDevice *self, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text ? text : "", ",", -1);

  for (guint i = 0; words[i]; i++) {
    g_auto (GStrv) pair = g_strsplit (g_strstrip (words[i]), "=", 2);

    for (guint j = 0; pair[0] && pair[1] && j < self->channels->len; j++) {
      EcTunerChannel *channel = self->channels->pdata[j];

      if (strcmp (pair[0], "*") == 0 || strcmp (pair[0], channel->number) == 0)
        channel->fault = (EcTunerError) g_ascii_strtoull (pair[1], NULL, 10);
    }
  }
}

EcTunerDevice *
ec_tuner_device_new (const EcTunerConfig *config, EcBroadcast *broadcast)
{
  EcTunerDevice *self = g_new0 (EcTunerDevice, 1);
  const EcStation *station = ec_broadcast_get_station (broadcast);

  self->config = *config;
  self->config.address = g_strdup (config->address);
  self->config.scenario = g_strdup (config->scenario);
  self->config.faults = g_strdup (config->faults);
  self->config.tuner_count = CLAMP (config->tuner_count, 1, EC_TUNER_MAX);
  self->broadcast = ec_broadcast_ref (broadcast);
  self->packets = g_malloc (BATCH * EC_TS_PACKET);
  self->lost = g_malloc (BATCH);
  self->guests = g_hash_table_new (NULL, NULL);

  self->channels = g_ptr_array_new_with_free_func (channel_free);
  for (guint i = 0; i < EC_STATION_N_PROGRAMS; i++) {
    const EcStationProgram *program = &station->programs[i];

    add_channel (self, g_strdup_printf ("%u.%u", program->major, program->minor),
                 program->short_name, EC_TUNER_FREQUENCY, program);
  }
  add_channel (self, g_strdup ("9.1"), "KNUL", EC_TUNER_SILENT_FREQUENCY, NULL);
  self->scan_found = self->channels->len;
  set_faults (self, config->faults);

  for (guint i = 0; i < self->config.tuner_count; i++) {
    self->tuners[i].device = self;
    self->tuners[i].index = i;
  }
  return self;
}

void
ec_tuner_device_add_guest (EcTunerDevice *self, gpointer guest, GDestroyNotify destroy)
{
  g_hash_table_insert (self->guests, guest, (gpointer) destroy);
}

void
ec_tuner_device_remove_guest (EcTunerDevice *self, gpointer guest)
{
  g_hash_table_remove (self->guests, guest);
}

static void
dismiss_guests (EcTunerDevice *self)
{
  GHashTableIter iter;
  gpointer guest, destroy;

  while (g_hash_table_size (self->guests) > 0) {
    g_hash_table_iter_init (&iter, self->guests);
    g_hash_table_iter_next (&iter, &guest, &destroy);
    g_hash_table_iter_remove (&iter);
    ((GDestroyNotify) destroy) (guest);
  }
  g_hash_table_unref (self->guests);
}

void
ec_tuner_device_free (EcTunerDevice *self)
{
  for (guint i = 0; i < self->config.tuner_count; i++) {
    ec_tuner_release (&self->tuners[i]);
    g_free (self->tuners[i].lock_ip);
  }
  dismiss_guests (self);
  g_ptr_array_unref (self->channels);
  ec_broadcast_unref (self->broadcast);
  ec_tuner_config_clear (&self->config);
  g_free (self->packets);
  g_free (self->lost);
  g_free (self);
}

const EcTunerConfig *
ec_tuner_device_get_config (EcTunerDevice *self)
{
  return &self->config;
}

const EcBroadcast *
ec_tuner_device_get_broadcast (EcTunerDevice *self)
{
  return self->broadcast;
}

EcTuner *
ec_tuner_device_get_tuner (EcTunerDevice *self, guint i)
{
  return i < self->config.tuner_count ? &self->tuners[i] : NULL;
}

GPtrArray *
ec_tuner_device_get_channels (EcTunerDevice *self)
{
  return self->channels;
}

EcTunerChannel *
ec_tuner_device_find_channel (EcTunerDevice *self, const char *number)
{
  for (guint i = 0; i < self->channels->len; i++) {
    EcTunerChannel *channel = self->channels->pdata[i];

    if (strcmp (channel->number, number) == 0)
      return channel;
  }
  return NULL;
}

void
ec_tuner_device_set_ports (EcTunerDevice *self, guint http, guint stream, guint control)
{
  self->http_port = http;
  self->stream_port = stream;
  self->control_port = control;
}

static char *
dup_url (const char *address, guint port)
{
  const char *open = strchr (address, ':') ? "[" : "", *close = *open ? "]" : "";

  if (port == 80)
    return g_strdup_printf ("http://%s%s%s", open, address, close);
  return g_strdup_printf ("http://%s%s%s:%u", open, address, close, port);
}

char *
ec_tuner_device_dup_base_url (EcTunerDevice *self, const char *local_address)
{
  return dup_url (local_address, self->http_port);
}

char *
ec_tuner_device_dup_stream_url (EcTunerDevice *self, const char *local_address)
{
  return dup_url (local_address, self->stream_port);
}

void
ec_tuner_device_start_scan (EcTunerDevice *self)
{
  if (self->scan_start == 0)
    self->scan_start = g_get_monotonic_time ();
}

void
ec_tuner_device_abort_scan (EcTunerDevice *self)
{
  guint progress;

  if (ec_tuner_device_get_scan (self, &progress, &self->scan_found))
    self->scan_start = 0;
}

gboolean
ec_tuner_device_get_scan (EcTunerDevice *self, guint *progress, guint *found)
{
  double seconds;

  *progress = 100;
  *found = self->scan_found;
  if (self->scan_start == 0)
    return FALSE;
  seconds = (double) (g_get_monotonic_time () - self->scan_start) / G_USEC_PER_SEC;
  if (seconds >= self->config.scan_seconds) {
    self->scan_start = 0;
    *found = self->scan_found = self->channels->len;
    return FALSE;
  }
  *progress = (guint) (seconds / self->config.scan_seconds * 100);
  *found = self->channels->len * *progress / 100;
  return TRUE;
}

gboolean
ec_tuner_has_lock (const EcTuner *self)
{
  return self->frequency == EC_TUNER_FREQUENCY;
}

void
ec_tuner_get_signal (const EcTuner *self, guint *strength, guint *quality, guint *symbol_quality)
{
  double phase = ec_media_hash_unit (PURPOSE_SIGNAL, self->device->config.seed, self->index);
  double t = (double) g_get_real_time () / 1e6;
  double wander = sin (2 * G_PI * (t / 47 + phase));

  *strength = *quality = *symbol_quality = 0;
  if (ec_tuner_has_lock (self)) {
    *strength = (guint) (86 + 5 * wander);
    *quality = (guint) (91 + 6 * wander);
    *symbol_quality = self->device->config.impairment.loss > 0 ? 75 : 100;
  } else if (self->frequency == EC_TUNER_SILENT_FREQUENCY) {
    *strength = (guint) (38 + 3 * wander);
    *quality = (guint) (12 + 5 * wander);
  }
}

gint64
ec_tuner_config_air_time (const EcTunerConfig *config, gint64 now)
{
  gint64 passed = now - config->epoch;

  /* Exactly, where it runs as fast as time does. */
  if (config->speed != 1)
    passed = (gint64) ((double) passed * config->speed);
  return config->epoch_air + passed;
}

static guint64
slot_now (EcTunerDevice *self)
{
  return ec_broadcast_slot_at (self->broadcast,
                               ec_tuner_config_air_time (&self->config, g_get_real_time ()));
}

/* Slots that pass in `usec` of real time. */
static guint64
slots_in (EcTunerDevice *self, double usec)
{
  const EcStation *station = ec_broadcast_get_station (self->broadcast);

  return (guint64) (usec * self->config.speed * station->slots_per_loop /
                    (EC_BROADCAST_LOOP_SECONDS * 1e6));
}

void
ec_tuner_update_filter (EcTuner *self)
{
  EcTunerDevice *device = self->device;
  const EcStation *station = ec_broadcast_get_station (device->broadcast);

  ec_broadcast_filter_clear (&self->filter);
  if (self->filter_text) {
    ec_broadcast_filter_init_pids (&self->filter, device->broadcast, self->filter_text);
    return;
  }
  for (guint i = 0; i < EC_STATION_N_PROGRAMS && self->program; i++) {
    if (station->programs[i].number == self->program) {
      ec_broadcast_filter_init_program (&self->filter, device->broadcast, &station->programs[i],
                                        device->config.keep_psip);
      return;
    }
  }
  ec_broadcast_filter_init_mux (&self->filter, device->broadcast);
}

void
ec_tuner_start (EcTuner *self, EcTunerSink *sink, const char *target_ip, double seconds)
{
  ec_tuner_stop (self);
  self->sink = sink;
  self->target_ip = g_strdup (target_ip);
  self->next_slot = slot_now (self->device);
  self->end_slot = G_MAXUINT64;
  if (seconds > 0)
    self->end_slot = self->next_slot + slots_in (self->device, MIN (seconds, 1e9) * 1e6);
  self->sent = self->rate_sent = 0;
  self->rate_time = g_get_monotonic_time ();
  self->network_rate = 0;
}

void
ec_tuner_stop (EcTuner *self)
{
  EcTunerSink *sink = g_steal_pointer (&self->sink);

  g_clear_pointer (&self->target_ip, g_free);
  self->network_rate = 0;
  if (sink)
    sink->closed (sink);
}

void
ec_tuner_release (EcTuner *self)
{
  ec_tuner_stop (self);
  ec_broadcast_filter_clear (&self->filter);
  g_clear_pointer (&self->modulation, g_free);
  g_clear_pointer (&self->filter_text, g_free);
  g_clear_pointer (&self->target_text, g_free);
  self->http = FALSE;
  self->channel = NULL;
  self->frequency = 0;
  self->program = 0;
}

static void
send_batch (EcTuner *self, guint n)
{
  EcTunerDevice *device = self->device;
  EcImpairment impairment = device->config.impairment;
  gboolean impaired = ec_impairment_active (&impairment);

  ec_broadcast_read (device->broadcast, self->next_slot, n, device->packets);
  if (impaired) {
    impairment.seed = ec_media_mix (impairment.seed ^ self->index);
    ec_impairment_apply (&impairment, self->next_slot, n, device->packets, device->lost);
  }
  self->next_slot += n;
  n = ec_broadcast_filter_apply (&self->filter, device->packets, n, impaired ? device->lost : NULL);
  self->sent += (guint64) n * EC_TS_PACKET;
  if (n > 0)
    self->sink->send (self->sink, device->packets, (gsize) n * EC_TS_PACKET);
}

static void
tick_tuner (EcTuner *self, guint64 now)
{
  gint64 clock = g_get_monotonic_time ();
  guint64 lag = slots_in (self->device, MAX_LAG);

  if (now > self->next_slot + lag)
    self->next_slot = now - lag;
  now = MIN (now, self->end_slot);
  while (self->sink && self->next_slot < now && ec_tuner_has_lock (self))
    send_batch (self, (guint) MIN (now - self->next_slot, BATCH));

  if (clock - self->rate_time >= RATE_INTERVAL) {
    self->network_rate = (guint) ((self->sent - self->rate_sent) * 8 * G_USEC_PER_SEC /
                                  (guint64) (clock - self->rate_time));
    self->rate_sent = self->sent;
    self->rate_time = clock;
  }
  if (self->next_slot >= self->end_slot)
    ec_tuner_stop (self);
}

void
ec_tuner_device_tick (EcTunerDevice *self)
{
  guint64 now = slot_now (self);

  for (guint i = 0; i < self->config.tuner_count; i++) {
    if (self->tuners[i].sink)
      tick_tuner (&self->tuners[i], now);
  }
}
