/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <stdio.h>

/* Seconds, so that µs of it are still numbers. */
#define MAX_EPOCH (G_MAXINT64 / G_USEC_PER_SEC)

static const char description[] =
    "It is a device as others see it: apps and the vendor's hdhomerun_config find it, list its\n"
    "channels and watch them. Behind it is one simulated ATSC station: what it sends at a time of\n"
    "UTC follows from the seed alone, so two devices with one seed are two antennas in one town\n"
    "(with a scenario or a speed: give them the same --epoch, too).\n"
    "The first start encodes the pictures, some tens of seconds; later ones read a cache.\n"
    "\n"
    "Channels:\n"
    "  5.1  HD, MPEG-2 1080i and AC-3     5.3  H.264 720p and AAC\n"
    "  5.2  SD, MPEG-2 and AC-3           5.4  protected      9.1  no signal\n"
    "\n"
    "Scenarios, events with a time in seconds after the start (or --epoch), separated by commas:\n"
    "  wrap@60              the 33-bit time base wraps\n"
    "  discontinuity@120:D  time stamps jump by D seconds\n"
    "  pmt@180:KIND         a new PMT version; audio adds a second sound, noted, plain\n"
    "  stt-step@200:+2      the broadcast clock steps;  stt-freeze@210:5  it stands still\n"
    "  stt-glitch@230:-30   one wrong clock;            duplicates@240:10 packets sent twice\n"
    "  drama                something of all this in every minute\n"
    "\n"
    "Examples:\n"
    "  ec tuner                                  one device on 127.0.0.1\n"
    "  ec tuner --address 127.0.0.2 --seed 7     another, with another station\n"
    "  ec tuner --address 0.0.0.0 --http-port 80 for the whole network, as a real one\n"
    "  ec tuner --loss 0.001 --scenario drama    a bad antenna and a bad station\n"
    "  ec tuner --speed 20 --epoch $(date +%s)   twenty minutes of a station in one\n"
    "  hdhomerun_config 127.0.0.1 get /sys/model\n"
    "  mpv http://127.0.0.1:5004/auto/v5.1\n";

typedef struct {
  char *address;
  char *device_id;
  char *seed;
  char *scenario;
  char *faults;
  int http_port, stream_port, control_port;
  int tuners;
  int connection_limit;
  double speed;
  char *epoch;
  double loss, burst_loss, burst_length, bit_errors;
  double scan_duration;
  gint64 impairment_seed;
  gboolean lite;
  gboolean keep_psip;
  gboolean json;
} Options;

static void
clear_options (Options *options)
{
  g_free (options->address);
  g_free (options->device_id);
  g_free (options->seed);
  g_free (options->scenario);
  g_free (options->epoch);
  g_free (options->faults);
}

static gboolean
parse (Options *options, int *argc, char ***argv, EcToolStatus *status)
{
  const GOptionEntry entries[] = {
    { "address", 'a', 0, G_OPTION_ARG_STRING, &options->address,
      "Listen on this address (127.0.0.1)", "IP" },
    { "http-port", 'p', 0, G_OPTION_ARG_INT, &options->http_port,
      "Port of the HTTP interface (8080; 0: any)", "PORT" },
    { "stream-port", 0, 0, G_OPTION_ARG_INT, &options->stream_port,
      "Port of the streams (5004; 0: any)", "PORT" },
    { "control-port", 0, 0, G_OPTION_ARG_INT, &options->control_port,
      "Port of discovery and control (65001; 0: any)", "PORT" },
    { "device-id", 'i', 0, G_OPTION_ARG_STRING, &options->device_id,
      "Eight hexadecimal digits (made up)", "ID" },
    { "tuners", 't', 0, G_OPTION_ARG_INT, &options->tuners, "Number of tuners (4)", "N" },
    { "seed", 's', 0, G_OPTION_ARG_STRING, &options->seed, "Which town's station (1)", "N" },
    { "lite", 0, 0, G_OPTION_ARG_NONE, &options->lite,
      "Tiny pictures, 1.5 Mb/s in all, ready in a second", NULL },
    { "speed", 0, 0, G_OPTION_ARG_DOUBLE, &options->speed,
      "How much faster than real the station runs (1)", "FACTOR" },
    { "epoch", 0, 0, G_OPTION_ARG_STRING, &options->epoch,
      "At Unix time REAL a scenario begins, and the station's clock shows AIR", "REAL[:AIR]" },
    { "scenario", 0, 0, G_OPTION_ARG_STRING, &options->scenario,
      "What goes wrong at the station; see below", "EVENTS" },
    { "loss", 0, 0, G_OPTION_ARG_DOUBLE, &options->loss, "Share of packets lost, 0–1", "P" },
    { "burst-loss", 0, 0, G_OPTION_ARG_DOUBLE, &options->burst_loss,
      "Share of packets lost in bursts", "P" },
    { "burst-length", 0, 0, G_OPTION_ARG_DOUBLE, &options->burst_length,
      "Mean length of a burst, packets (10)", "N" },
    { "bit-error-rate", 0, 0, G_OPTION_ARG_DOUBLE, &options->bit_errors,
      "Share of bits received wrongly", "P" },
    { "impairment-seed", 0, 0, G_OPTION_ARG_INT64, &options->impairment_seed,
      "Which packets suffer (1)", "N" },
    { "connection-limit", 0, 0, G_OPTION_ARG_INT, &options->connection_limit,
      "Streams at a time before error 809", "N" },
    { "scan-duration", 0, 0, G_OPTION_ARG_DOUBLE, &options->scan_duration,
      "Seconds that a channel scan takes (10)", "S" },
    { "keep-psip", 0, 0, G_OPTION_ARG_NONE, &options->keep_psip,
      "Leave broadcast time in streams of one channel", NULL },
    { "faults", 0, 0, G_OPTION_ARG_STRING, &options->faults,
      "Channels that fail, for example 5.2=806,5.3=808", "LIST" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options->json, "Print JSON", NULL },
    G_OPTION_ENTRY_NULL,
  };

  return ec_tool_parse (argc, argv, entries, "",
                        "Run a simulated television tuner until interrupted.", description, 0, 0,
                        status);
}

static gboolean
parse_number (const char *text, guint base, guint64 max, guint64 *value, const char *what)
{
  g_autoptr (GError) error = NULL;

  if (!text || g_ascii_string_to_unsigned (text, base, 0, max, value, &error))
    return TRUE;
  g_printerr ("ec tuner: %s “%s” cannot be understood: %s\n", what, text, error->message);
  return FALSE;
}

/* "REAL" or "REAL:AIR", Unix seconds; 0 where there is none. */
static gboolean
parse_epoch (const char *text, guint64 *real, guint64 *air)
{
  g_auto (GStrv) parts = text ? g_strsplit (text, ":", 2) : NULL;

  if (!parts)
    return TRUE;
  return parse_number (parts[0], 10, MAX_EPOCH, real, "The epoch") &&
         parse_number (parts[1], 10, MAX_EPOCH, air, "The epoch");
}

static EcSimulatedTuner *
make_tuner (const Options *options)
{
  guint64 id = 0, seed = 1, epoch = 0, air = 0;

  if (!parse_number (options->device_id, 16, G_MAXUINT32, &id, "The device id") ||
      !parse_number (options->seed, 10, G_MAXUINT64, &seed, "The seed"))
    return NULL;
  if (options->http_port < 0 || options->http_port > 65535 || options->stream_port < 0 ||
      options->stream_port > 65535 || options->control_port < 0 || options->control_port > 65535) {
    g_printerr ("ec tuner: a port is a number from 0 to 65535.\n");
    return NULL;
  }
  if (options->tuners < 1 || options->tuners > 16) {
    g_printerr ("ec tuner: a device has 1 to 16 tuners.\n");
    return NULL;
  }
  if (!(options->speed >= 0.01 && options->speed <= 1000)) {
    g_printerr ("ec tuner: the speed is a factor from 0.01 to 1000.\n");
    return NULL;
  }
  if (!parse_epoch (options->epoch, &epoch, &air))
    return NULL;
  return g_object_new (
      EC_TYPE_SIMULATED_TUNER, "address", options->address ? options->address : "127.0.0.1",
      "http-port", (guint) options->http_port, "stream-port", (guint) options->stream_port,
      "control-port", (guint) options->control_port, "device-id", (guint) id, "tuner-count",
      (guint) options->tuners, "seed", seed, "lite", options->lite, "speed", options->speed,
      "epoch", (gint64) epoch * G_USEC_PER_SEC, "epoch-air", (gint64) air * G_USEC_PER_SEC,
      "scenario", options->scenario, "loss", CLAMP (options->loss, 0, 1), "burst-loss",
      CLAMP (options->burst_loss, 0, 1), "burst-length", CLAMP (options->burst_length, 1, 64),
      "bit-error-rate", CLAMP (options->bit_errors, 0, 1), "impairment-seed",
      (guint64) options->impairment_seed, "connection-limit",
      (guint) MAX (options->connection_limit, 0), "scan-duration",
      CLAMP (options->scan_duration, 0, 3600), "keep-psip", options->keep_psip, "faults",
      options->faults, NULL);
}

static void
announce_json (EcSimulatedTuner *tuner, const char *id, const char *url, char **channels)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "device_id");
  json_builder_add_string_value (builder, id);
  json_builder_set_member_name (builder, "base_url");
  json_builder_add_string_value (builder, url);
  json_builder_set_member_name (builder, "stream_port");
  json_builder_add_int_value (builder, ec_simulated_tuner_get_stream_port (tuner));
  json_builder_set_member_name (builder, "control_port");
  json_builder_add_int_value (builder, ec_simulated_tuner_get_control_port (tuner));
  json_builder_set_member_name (builder, "channels");
  json_builder_begin_array (builder);
  for (guint i = 0; channels[i]; i++)
    json_builder_add_string_value (builder, channels[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
}

static void
announce (EcSimulatedTuner *tuner, gboolean json)
{
  g_autofree char *id = g_strdup_printf ("%08X", ec_simulated_tuner_get_device_id (tuner));
  g_autofree char *url = ec_simulated_tuner_dup_base_url (tuner);
  g_auto (GStrv) channels = ec_simulated_tuner_dup_channels (tuner);
  g_autofree char *list = g_strjoinv (", ", channels);

  ec_tool_progress_clear ();
  if (json) {
    announce_json (tuner, id, url, channels);
    return;
  }
  g_print ("Tuner %s at %s, streams on port %u: %s\n", id, url,
           ec_simulated_tuner_get_stream_port (tuner), list);
  fflush (stdout);
}

static void
on_progress (double fraction, gpointer user_data)
{
  ec_tool_progress ("Preparing the broadcast, once: %3.0f %%", fraction * 100);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

static void
wait_until_cancelled (GCancellable *cancellable)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GSource) source = g_cancellable_source_new (cancellable);

  g_source_set_callback (source, G_SOURCE_FUNC (on_cancelled), loop, NULL);
  g_source_attach (source, NULL);
  g_main_loop_run (loop);
  g_source_destroy (source);
}

EcToolStatus
ec_verb_tuner (int argc, char **argv)
{
  Options options = { .http_port = 8080,
                      .stream_port = 5004,
                      .control_port = 65001,
                      .tuners = 4,
                      .speed = 1,
                      .burst_length = 10,
                      .scan_duration = 10,
                      .impairment_seed = 1 };
  g_autoptr (EcSimulatedTuner) tuner = NULL;
  g_autoptr (GError) error = NULL;
  GCancellable *cancellable;
  EcToolStatus status;

  if (!parse (&options, &argc, &argv, &status)) {
    clear_options (&options);
    return status;
  }
  tuner = make_tuner (&options);
  clear_options (&options);
  if (!tuner)
    return EC_TOOL_USAGE;

  cancellable = ec_tool_get_cancellable ();
  if (!ec_simulated_tuner_prepare (tuner, on_progress, NULL, cancellable, &error) ||
      !ec_simulated_tuner_start (tuner, &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      return EC_TOOL_DONE;
    return ec_tool_fail ("tuner", error);
  }
  announce (tuner, options.json);
  wait_until_cancelled (cancellable);
  ec_simulated_tuner_stop (tuner);
  return EC_TOOL_DONE;
}
