/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-simulated-tuner.h"

#include <string.h>

#include "media/ec-tuner-control.h"
#include "media/ec-tuner-discovery.h"
#include "media/ec-tuner-http.h"

#define DAY_USEC (G_GINT64_CONSTANT (86400) * G_USEC_PER_SEC)

#define TICK_MILLIS 10
#define ANY_PORT_ATTEMPTS 20

/**
 * EcSimulatedTuner:
 *
 * A television tuner on the network that needs no antenna.
 *
 * It behaves as an HDHomeRun does: it answers discovery, serves the vendor's HTTP interface and
 * control protocol and streams over HTTP, UDP and RTP. Behind it is one simulated ATSC station,
 * whose multiplex at a time of UTC is a function of [property@SimulatedTuner:seed] and the time
 * alone: two devices with one seed are two antennas in one town.
 *
 * Properties are set when it is made.
 * All its work happens in a thread of its own; the methods may be called from any thread, not from
 * two at a time.
 */
struct _EcSimulatedTuner {
  GObject parent;
  EcTunerConfig config;
  EcBroadcast *broadcast; /* NULL until prepared */

  GThread *thread; /* NULL unless running */
  GMainContext *context;
  GMainLoop *loop;
  GMutex lock;
  GCond changed;
  gboolean settled;    /* under lock: the thread listens or has failed */
  GError *start_error; /* under lock */

  /* The thread's. */
  EcTunerDevice *device;
  EcTunerHttp *http;
  EcTunerDiscovery *discovery;
  EcTunerControl *control;
  guint http_port, stream_port, control_port; /* real ones; written before `settled` */
};

G_DEFINE_FINAL_TYPE (EcSimulatedTuner, ec_simulated_tuner, G_TYPE_OBJECT)

typedef enum {
  PROP_ADDRESS = 1,
  PROP_DEVICE_ID,
  PROP_HTTP_PORT,
  PROP_STREAM_PORT,
  PROP_CONTROL_PORT,
  PROP_TUNER_COUNT,
  PROP_LITE,
  PROP_SEED,
  PROP_SPEED,
  PROP_SCENARIO,
  PROP_EPOCH,
  PROP_EPOCH_AIR,
  PROP_LOSS,
  PROP_BURST_LOSS,
  PROP_BURST_LENGTH,
  PROP_BIT_ERROR_RATE,
  PROP_IMPAIRMENT_SEED,
  PROP_CONNECTION_LIMIT,
  PROP_SCAN_DURATION,
  PROP_KEEP_PSIP,
  PROP_FAULTS,
  N_PROPS,
} Property;

static GParamSpec *properties[N_PROPS];

static gboolean
on_tick (gpointer data)
{
  EcSimulatedTuner *self = data;

  ec_tuner_device_tick (self->device);
  return G_SOURCE_CONTINUE;
}

/* Discovery on UDP and control on TCP, on one port number. */
static gboolean
open_control (EcSimulatedTuner *self, GError **error)
{
  for (guint attempt = 1;; attempt++) {
    g_autoptr (GError) failure = NULL;
    guint port = self->config.control_port;

    self->discovery = ec_tuner_discovery_new (self->device, &port, error);
    if (!self->discovery)
      return FALSE;
    self->control = ec_tuner_control_new (self->device, port, &failure);
    if (self->control) {
      self->control_port = port;
      return TRUE;
    }
    /* Any port that UDP got may be taken in TCP: then another. */
    if (self->config.control_port != 0 || attempt == ANY_PORT_ATTEMPTS) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
    g_clear_pointer (&self->discovery, ec_tuner_discovery_free);
  }
}

static gboolean
open_servers (EcSimulatedTuner *self, GError **error)
{
  self->device = ec_tuner_device_new (&self->config, self->broadcast);
  self->http = ec_tuner_http_new (self->device, &self->http_port, &self->stream_port, error);
  if (!self->http || !open_control (self, error))
    return FALSE;
  ec_tuner_device_set_ports (self->device, self->http_port, self->stream_port, self->control_port);
  return TRUE;
}

static void
close_servers (EcSimulatedTuner *self)
{
  g_clear_pointer (&self->control, ec_tuner_control_free);
  g_clear_pointer (&self->discovery, ec_tuner_discovery_free);
  g_clear_pointer (&self->http, ec_tuner_http_free);
  g_clear_pointer (&self->device, ec_tuner_device_free);
  /* What libsoup left to idle handlers. */
  while (g_main_context_iteration (self->context, FALSE))
    ;
}

static gpointer
device_thread (gpointer data)
{
  EcSimulatedTuner *self = data;
  GError *error = NULL;
  gboolean ok;

  g_main_context_push_thread_default (self->context);
  ok = open_servers (self, &error);
  g_mutex_lock (&self->lock);
  self->start_error = error;
  self->settled = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);

  if (ok) {
    g_autoptr (GSource) tick = g_timeout_source_new (TICK_MILLIS);

    g_source_set_callback (tick, on_tick, self, NULL);
    g_source_attach (tick, self->context);
    g_main_loop_run (self->loop);
    g_source_destroy (tick);
  }
  close_servers (self);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/**
 * ec_simulated_tuner_new:
 * @address: the numeric IP address to listen on, for example "127.0.0.2" or "0.0.0.0"
 *
 * Makes a device that is not running yet.
 *
 * Returns: (transfer full): a new device
 */
EcSimulatedTuner *
ec_simulated_tuner_new (const char *address)
{
  g_return_val_if_fail (address != NULL, NULL);

  return g_object_new (EC_TYPE_SIMULATED_TUNER, "address", address, NULL);
}

/* Settles how the station's time runs; returns its time from which a scenario counts, µs. */
static gint64
choose_epoch (EcSimulatedTuner *self)
{
  EcTunerConfig *config = &self->config;
  gint64 now = g_get_real_time ();

  if (config->epoch != 0) {
    if (config->epoch_air == 0)
      config->epoch_air = config->epoch;
    return config->epoch_air;
  }
  config->epoch = config->epoch_air = now - now % DAY_USEC;
  return ec_tuner_config_air_time (config, now);
}

/**
 * ec_simulated_tuner_prepare:
 * @self: a device that is not running
 * @progress: (scope call) (closure user_data) (nullable): told how far it is
 * @user_data: data for @progress
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Makes ready what the station sends, and blocks while it does.
 *
 * The first time on a machine its pictures and sounds are encoded, which takes some tens of
 * seconds for the full station and about one for the lite one; then they are cached under
 * the user's cache directory. Doing nothing where it is ready, it is called by
 * [method@SimulatedTuner.start] too.
 *
 * Errors: %G_IO_ERROR_NOT_SUPPORTED where an encoder is missing, %G_IO_ERROR_INVALID_ARGUMENT for
 * an address or a scenario that cannot be understood, %G_IO_ERROR_CANCELLED, %G_IO_ERROR_FAILED.
 *
 * Returns: whether it is ready
 */
gboolean
ec_simulated_tuner_prepare (EcSimulatedTuner *self,
                            EcSimulatedTunerProgress progress,
                            gpointer user_data,
                            GCancellable *cancellable,
                            GError **error)
{
  EcBroadcastConfig config;
  gint64 origin;

  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), FALSE);

  if (self->broadcast)
    return TRUE;
  if (!g_hostname_is_ip_address (self->config.address)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "“%s” is not a numeric IP address to listen on.", self->config.address);
    return FALSE;
  }
  origin = choose_epoch (self);
  config = (EcBroadcastConfig){
    .profile = self->config.profile,
    .seed = self->config.seed,
    .scenario = self->config.scenario,
    .origin = origin,
  };
  self->broadcast = ec_broadcast_new (&config, progress, user_data, cancellable, error);
  return self->broadcast != NULL;
}

/**
 * ec_simulated_tuner_start:
 * @self: a device
 * @error: return location for an error
 *
 * Prepares the broadcast if need be, then listens on all ports.
 *
 * When it returns %TRUE every port answers, and the ports' properties say which they are.
 *
 * Errors: those of [method@SimulatedTuner.prepare], and those of binding a socket, for example
 * %G_IO_ERROR_ADDRESS_IN_USE and %G_IO_ERROR_PERMISSION_DENIED.
 *
 * Returns: whether the device runs
 */
gboolean
ec_simulated_tuner_start (EcSimulatedTuner *self, GError **error)
{
  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), FALSE);

  if (self->thread)
    return TRUE;
  if (!ec_simulated_tuner_prepare (self, NULL, NULL, NULL, error))
    return FALSE;

  self->config.device_id = ec_simulated_tuner_get_device_id (self);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->settled = FALSE;
  self->thread = g_thread_new ("ec-tuner", device_thread, self);
  g_mutex_lock (&self->lock);
  while (!self->settled)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);

  if (self->start_error) {
    GError *failure = g_steal_pointer (&self->start_error);

    ec_simulated_tuner_stop (self);
    g_propagate_error (error, failure);
    return FALSE;
  }
  return TRUE;
}

static gboolean
quit_loop (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

/**
 * ec_simulated_tuner_stop:
 * @self: a device
 *
 * Closes all connections and ports, and waits for the device's thread.
 *
 * It can be started again afterwards. Does nothing on a device that does not run.
 */
void
ec_simulated_tuner_stop (EcSimulatedTuner *self)
{
  g_autoptr (GSource) quit = NULL;

  g_return_if_fail (EC_IS_SIMULATED_TUNER (self));

  if (!self->thread)
    return;
  /* From inside the loop: quitting before it runs would be forgotten. */
  quit = g_idle_source_new ();
  g_source_set_callback (quit, quit_loop, self->loop, NULL);
  g_source_attach (quit, self->context);
  g_thread_join (g_steal_pointer (&self->thread));
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  self->http_port = self->stream_port = self->control_port = 0;
}

/**
 * ec_simulated_tuner_get_running:
 * @self: a device
 *
 * Whether the device listens.
 *
 * Returns: whether it does
 */
gboolean
ec_simulated_tuner_get_running (EcSimulatedTuner *self)
{
  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), FALSE);

  return self->thread != NULL;
}

/**
 * ec_simulated_tuner_get_device_id:
 * @self: a device
 *
 * The device's id, as clients see it.
 *
 * Where none was set it is made from the address, the HTTP port and the seed.
 *
 * Returns: the id; its checksum is valid
 */
guint
ec_simulated_tuner_get_device_id (EcSimulatedTuner *self)
{
  guint64 entropy;

  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), 0);

  if (self->config.device_id)
    return self->config.device_id;
  entropy = g_str_hash (self->config.address) + (guint64) self->config.http_port * 0x100000000ULL;
  return ec_tuner_make_device_id (entropy ^ self->config.seed << 20);
}

/**
 * ec_simulated_tuner_get_http_port: (get-property http-port)
 * @self: a device
 *
 * The port of the HTTP interface: the real one while the device runs.
 *
 * Returns: a TCP port
 */
guint
ec_simulated_tuner_get_http_port (EcSimulatedTuner *self)
{
  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), 0);

  return self->thread ? self->http_port : self->config.http_port;
}

/**
 * ec_simulated_tuner_get_stream_port: (get-property stream-port)
 * @self: a device
 *
 * The port of the HTTP streams: the real one while the device runs.
 *
 * Returns: a TCP port
 */
guint
ec_simulated_tuner_get_stream_port (EcSimulatedTuner *self)
{
  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), 0);

  return self->thread ? self->stream_port : self->config.stream_port;
}

/**
 * ec_simulated_tuner_get_control_port: (get-property control-port)
 * @self: a device
 *
 * The port of discovery and control: the real one while the device runs.
 *
 * Returns: a port, UDP and TCP
 */
guint
ec_simulated_tuner_get_control_port (EcSimulatedTuner *self)
{
  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), 0);

  return self->thread ? self->control_port : self->config.control_port;
}

/**
 * ec_simulated_tuner_dup_base_url:
 * @self: a device
 *
 * The URL of the HTTP interface, without a final slash.
 *
 * A device that listens on any address is named by the loopback one.
 *
 * Returns: (transfer full): a URL
 */
char *
ec_simulated_tuner_dup_base_url (EcSimulatedTuner *self)
{
  g_autoptr (GInetAddress) address = NULL;
  const char *host;

  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), NULL);

  address = g_inet_address_new_from_string (self->config.address);
  host = address && g_inet_address_get_is_any (address) ? "127.0.0.1" : self->config.address;
  return g_strdup_printf (strchr (host, ':') ? "http://[%s]:%u" : "http://%s:%u", host,
                          ec_simulated_tuner_get_http_port (self));
}

/**
 * ec_simulated_tuner_dup_channels:
 * @self: a device
 *
 * The channels of a complete scan, "5.1 NAME" each.
 *
 * Returns: (transfer full) (array zero-terminated=1): the channels
 */
char **
ec_simulated_tuner_dup_channels (EcSimulatedTuner *self)
{
  const EcStation *station;
  g_autoptr (GPtrArray) names = NULL;

  g_return_val_if_fail (EC_IS_SIMULATED_TUNER (self), NULL);

  names = g_ptr_array_new_with_free_func (g_free);
  station = ec_station_get (self->config.profile);
  for (guint i = 0; i < EC_STATION_N_PROGRAMS; i++) {
    const EcStationProgram *program = &station->programs[i];

    g_ptr_array_add (
        names, g_strdup_printf ("%u.%u %s", program->major, program->minor, program->short_name));
  }
  g_ptr_array_add (names, g_strdup ("9.1 KNUL"));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static void
ec_simulated_tuner_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcSimulatedTuner *self = EC_SIMULATED_TUNER (object);
  const EcTunerConfig *config = &self->config;

  switch ((Property) id) {
  case PROP_ADDRESS:
    g_value_set_string (value, config->address);
    break;
  case PROP_DEVICE_ID:
    g_value_set_uint (value, ec_simulated_tuner_get_device_id (self));
    break;
  case PROP_HTTP_PORT:
    g_value_set_uint (value, ec_simulated_tuner_get_http_port (self));
    break;
  case PROP_STREAM_PORT:
    g_value_set_uint (value, ec_simulated_tuner_get_stream_port (self));
    break;
  case PROP_CONTROL_PORT:
    g_value_set_uint (value, ec_simulated_tuner_get_control_port (self));
    break;
  case PROP_TUNER_COUNT:
    g_value_set_uint (value, config->tuner_count);
    break;
  case PROP_LITE:
    g_value_set_boolean (value, config->profile == EC_BROADCAST_LITE);
    break;
  case PROP_SEED:
    g_value_set_uint64 (value, config->seed);
    break;
  case PROP_SPEED:
    g_value_set_double (value, config->speed);
    break;
  case PROP_SCENARIO:
    g_value_set_string (value, config->scenario);
    break;
  case PROP_EPOCH:
    g_value_set_int64 (value, config->epoch);
    break;
  case PROP_EPOCH_AIR:
    g_value_set_int64 (value, config->epoch_air);
    break;
  case PROP_LOSS:
    g_value_set_double (value, config->impairment.loss);
    break;
  case PROP_BURST_LOSS:
    g_value_set_double (value, config->impairment.burst_loss);
    break;
  case PROP_BURST_LENGTH:
    g_value_set_double (value, config->impairment.burst_length);
    break;
  case PROP_BIT_ERROR_RATE:
    g_value_set_double (value, config->impairment.bit_errors);
    break;
  case PROP_IMPAIRMENT_SEED:
    g_value_set_uint64 (value, config->impairment.seed);
    break;
  case PROP_CONNECTION_LIMIT:
    g_value_set_uint (value, config->connection_limit);
    break;
  case PROP_SCAN_DURATION:
    g_value_set_double (value, config->scan_seconds);
    break;
  case PROP_KEEP_PSIP:
    g_value_set_boolean (value, config->keep_psip);
    break;
  case PROP_FAULTS:
    g_value_set_string (value, config->faults);
    break;
  case N_PROPS:
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
set_string (char **member, const GValue *value)
{
  g_free (*member);
  *member = g_value_dup_string (value);
}

static void
ec_simulated_tuner_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcTunerConfig *config = &EC_SIMULATED_TUNER (object)->config;

  switch ((Property) id) {
  case PROP_ADDRESS:
    set_string (&config->address, value);
    break;
  case PROP_DEVICE_ID:
    config->device_id = g_value_get_uint (value);
    break;
  case PROP_HTTP_PORT:
    config->http_port = g_value_get_uint (value);
    break;
  case PROP_STREAM_PORT:
    config->stream_port = g_value_get_uint (value);
    break;
  case PROP_CONTROL_PORT:
    config->control_port = g_value_get_uint (value);
    break;
  case PROP_TUNER_COUNT:
    config->tuner_count = g_value_get_uint (value);
    break;
  case PROP_LITE:
    config->profile = g_value_get_boolean (value) ? EC_BROADCAST_LITE : EC_BROADCAST_FULL;
    break;
  case PROP_SEED:
    config->seed = g_value_get_uint64 (value);
    break;
  case PROP_SPEED:
    config->speed = g_value_get_double (value);
    break;
  case PROP_SCENARIO:
    set_string (&config->scenario, value);
    break;
  case PROP_EPOCH:
    config->epoch = g_value_get_int64 (value);
    break;
  case PROP_EPOCH_AIR:
    config->epoch_air = g_value_get_int64 (value);
    break;
  case PROP_LOSS:
    config->impairment.loss = g_value_get_double (value);
    break;
  case PROP_BURST_LOSS:
    config->impairment.burst_loss = g_value_get_double (value);
    break;
  case PROP_BURST_LENGTH:
    config->impairment.burst_length = g_value_get_double (value);
    break;
  case PROP_BIT_ERROR_RATE:
    config->impairment.bit_errors = g_value_get_double (value);
    break;
  case PROP_IMPAIRMENT_SEED:
    config->impairment.seed = g_value_get_uint64 (value);
    break;
  case PROP_CONNECTION_LIMIT:
    config->connection_limit = g_value_get_uint (value);
    break;
  case PROP_SCAN_DURATION:
    config->scan_seconds = g_value_get_double (value);
    break;
  case PROP_KEEP_PSIP:
    config->keep_psip = g_value_get_boolean (value);
    break;
  case PROP_FAULTS:
    set_string (&config->faults, value);
    break;
  case N_PROPS:
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_simulated_tuner_finalize (GObject *object)
{
  EcSimulatedTuner *self = EC_SIMULATED_TUNER (object);

  ec_simulated_tuner_stop (self);
  g_clear_pointer (&self->broadcast, ec_broadcast_unref);
  ec_tuner_config_clear (&self->config);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (ec_simulated_tuner_parent_class)->finalize (object);
}

#define PROPERTY_FLAGS (G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS)

/* The device and its ports. */
static void
make_device_properties (void)
{
  /**
   * EcSimulatedTuner:address:
   *
   * The numeric IP address to listen on.
   */
  properties[PROP_ADDRESS] =
      g_param_spec_string ("address", NULL, NULL, "127.0.0.1", PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:device-id:
   *
   * The device's id, whose checksum should be valid; 0 makes one up.
   */
  properties[PROP_DEVICE_ID] =
      g_param_spec_uint ("device-id", NULL, NULL, 0, G_MAXUINT32, 0, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:http-port: (getter get_http_port)
   *
   * The TCP port of the HTTP interface, 80 on real devices; 0 takes any.
   */
  properties[PROP_HTTP_PORT] =
      g_param_spec_uint ("http-port", NULL, NULL, 0, 65535, 8080, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:stream-port: (getter get_stream_port)
   *
   * The TCP port of the HTTP streams; 0 takes any.
   */
  properties[PROP_STREAM_PORT] =
      g_param_spec_uint ("stream-port", NULL, NULL, 0, 65535, 5004, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:control-port: (getter get_control_port)
   *
   * The port of discovery (UDP) and control (TCP); 0 takes any.
   */
  properties[PROP_CONTROL_PORT] =
      g_param_spec_uint ("control-port", NULL, NULL, 0, 65535, 65001, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:tuner-count:
   *
   * How many tuners the device has.
   */
  properties[PROP_TUNER_COUNT] =
      g_param_spec_uint ("tuner-count", NULL, NULL, 1, EC_TUNER_MAX, 4, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:connection-limit:
   *
   * How many HTTP streams are served at a time before error 809; 0 for as many as tuners.
   */
  properties[PROP_CONNECTION_LIMIT] =
      g_param_spec_uint ("connection-limit", NULL, NULL, 0, 1000, 0, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:scan-duration:
   *
   * How long a channel scan takes, seconds.
   */
  properties[PROP_SCAN_DURATION] =
      g_param_spec_double ("scan-duration", NULL, NULL, 0, 3600, 10, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:keep-psip:
   *
   * Whether streams of one program carry PSIP, which real devices leave out.
   */
  properties[PROP_KEEP_PSIP] =
      g_param_spec_boolean ("keep-psip", NULL, NULL, FALSE, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:faults:
   *
   * Channels that fail with an error code, for example "5.2=806,5.3=808" or "*=808".
   */
  properties[PROP_FAULTS] = g_param_spec_string ("faults", NULL, NULL, NULL, PROPERTY_FLAGS);
}

/* What is on the air. */
static void
make_station_properties (void)
{
  /**
   * EcSimulatedTuner:lite:
   *
   * Whether the station sends tiny pictures in a multiplex of 1.5 Mb/s, for tests, in place of
   * the full 19.39 Mb/s.
   */
  properties[PROP_LITE] = g_param_spec_boolean ("lite", NULL, NULL, FALSE, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:seed:
   *
   * Which town's station the antenna receives.
   */
  properties[PROP_SEED] =
      g_param_spec_uint64 ("seed", NULL, NULL, 0, G_MAXUINT64, 1, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:speed:
   *
   * How much faster than real the station's time runs, from the start of the UTC day on.
   */
  properties[PROP_SPEED] = g_param_spec_double ("speed", NULL, NULL, 0.01, 1000, 1, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:scenario:
   *
   * What goes wrong at the station and when, for example "wrap@60,discontinuity@120,pmt@180" or
   * "drama"; see the tool's help.
   */
  properties[PROP_SCENARIO] = g_param_spec_string ("scenario", NULL, NULL, NULL, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:epoch:
   *
   * The Unix time in µs at which the station's clock shows [property@SimulatedTuner:epoch-air], and
   * from which a scenario's times count. Devices in one town have the same.
   *
   * 0: the station's clock is right (or, if it runs faster, was at the last midnight UTC), and a
   * scenario begins when the device does.
   */
  properties[PROP_EPOCH] =
      g_param_spec_int64 ("epoch", NULL, NULL, 0, G_MAXINT64, 0, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:epoch-air:
   *
   * What the station's clock shows at [property@SimulatedTuner:epoch], Unix time in µs; 0 for the
   * right time.
   */
  properties[PROP_EPOCH_AIR] =
      g_param_spec_int64 ("epoch-air", NULL, NULL, 0, G_MAXINT64, 0, PROPERTY_FLAGS);
}

/* How badly it is received. */
static void
make_reception_properties (void)
{
  /**
   * EcSimulatedTuner:loss:
   *
   * The share of packets lost one by one, 0–1.
   */
  properties[PROP_LOSS] = g_param_spec_double ("loss", NULL, NULL, 0, 1, 0, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:burst-loss:
   *
   * The share of packets lost in bursts, 0–1.
   */
  properties[PROP_BURST_LOSS] =
      g_param_spec_double ("burst-loss", NULL, NULL, 0, 1, 0, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:burst-length:
   *
   * The mean length of a burst, packets.
   */
  properties[PROP_BURST_LENGTH] = g_param_spec_double (
      "burst-length", NULL, NULL, 1, EC_IMPAIRMENT_MAX_BURST / 4, 10, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:bit-error-rate:
   *
   * The share of bits received wrongly, 0–1.
   */
  properties[PROP_BIT_ERROR_RATE] =
      g_param_spec_double ("bit-error-rate", NULL, NULL, 0, 1, 0, PROPERTY_FLAGS);
  /**
   * EcSimulatedTuner:impairment-seed:
   *
   * Which packets are lost and damaged; each tuner of the device loses others.
   */
  properties[PROP_IMPAIRMENT_SEED] =
      g_param_spec_uint64 ("impairment-seed", NULL, NULL, 0, G_MAXUINT64, 1, PROPERTY_FLAGS);
}

static void
ec_simulated_tuner_class_init (EcSimulatedTunerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ec_simulated_tuner_get_property;
  object_class->set_property = ec_simulated_tuner_set_property;
  object_class->finalize = ec_simulated_tuner_finalize;

  make_device_properties ();
  make_station_properties ();
  make_reception_properties ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_simulated_tuner_init (EcSimulatedTuner *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}
