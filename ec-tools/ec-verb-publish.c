/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <string.h>

#define VERB "publish"
#define PROGRESS_TIME 500 /* ms */
#define JSON_TIME 1000

static char **opt_relays;
static char **opt_listen;
static char *opt_name;
static int opt_program;
static char *opt_identity;
static gboolean opt_stable;
static char *opt_ca_file;
static char **opt_hashes;
static char **opt_protocols;
static char *opt_token;
static char *opt_certificate;
static char *opt_key;
static char *opt_times;
static gboolean opt_source_only;
static gboolean opt_no_pace;
static gboolean opt_json;
static double opt_duration;

static const GOptionEntry entries[] = {
  { "relay", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &opt_relays,
    "Publish through the relay at URI; may be repeated", "URI" },
  { "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &opt_listen,
    "Let subscribers connect here; may be repeated", "ADDRESS" },
  { "name", 'n', 0, G_OPTION_ARG_STRING, &opt_name,
    "Name of what carries every chunk (default: made of node id, device and channel)", "NAME" },
  { "source-only", 0, 0, G_OPTION_ARG_NONE, &opt_source_only, "Do not use the broadcast's own name",
    NULL },
  { "program", 'p', 0, G_OPTION_ARG_INT, &opt_program,
    "The program to publish (default: the channel's, or the first of the stream)", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_DOUBLE, &opt_duration, "Stop after so many seconds",
    "SECONDS" },
  { "no-pace", 0, 0, G_OPTION_ARG_NONE, &opt_no_pace,
    "Send a file as fast as it can be read, not at the speed of its clock", NULL },
  { "identity", 0, 0, G_OPTION_ARG_FILENAME, &opt_identity,
    "Sign with the identity in FILE, made if it is not there", "FILE" },
  { "stable", 0, 0, G_OPTION_ARG_NONE, &opt_stable,
    "Sign with the user's stable identity (default: one for this run)", NULL },
  { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &opt_ca_file,
    "A PEM file of the authorities that relays' certificates come from", "FILE" },
  { "certificate-hash", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_hashes,
    "SHA-256 of a relay's certificate; may be repeated", "HASH" },
  { "protocol", 0, 0, G_OPTION_ARG_STRING_ARRAY, &opt_protocols,
    "A draft to offer to relays, such as moqt-18; may be repeated", "DRAFT" },
  { "token", 0, 0, G_OPTION_ARG_STRING, &opt_token,
    "Show relays this token, of ec id or a relay's secret; @FILE has it in its first line",
    "TOKEN" },
  { "certificate", 'c', 0, G_OPTION_ARG_FILENAME, &opt_certificate,
    "Certificate for those who connect to us, PEM (self-signed)", "FILE" },
  { "key", 'k', 0, G_OPTION_ARG_FILENAME, &opt_key, "Its private key, PEM", "FILE" },
  { "times", 0, 0, G_OPTION_ARG_FILENAME, &opt_times,
    "Write when each part came from the source to FILE", "FILE" },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &opt_json, "Print JSON objects: news, and a count a second",
    NULL },
  { NULL },
};

static const char description[] =
    "Cuts a source into canonical chunks and publishes them over Media over QUIC, until it ends "
    "or\n"
    "Ctrl-C. Every chunk goes out under a name of this source; those that are clean go out under\n"
    "the broadcast's own name, too, where nobody serves it with other chunks.\n"
    "\n"
    "Examples:\n"
    "  ec publish hdhomerun://10A12347/5.1 --relay moqt://relay.example:4443\n"
    "  ec publish recording.ts --listen 4443 --name home/recording\n"
    "  ec publish hdhomerun://10A12347/5.1 -r https://relay.example -r moqt://127.0.0.1:4443 \\\n"
    "     --certificate-hash 1f…\n"
    "  ec publish hdhomerun://10A12347/5.1 -r moqt://relay.example:4443 --token @secret.txt\n"
    "\n"
    "With --json, an object a line; type is listening (addresses, certificate_hashes, node_id),\n"
    "certificates (certificate_hashes) when they were renewed, publishing (source, broadcast, "
    "contested), relay (uri, state, claim, protocol, error), stats\n"
    "(a second each) or stopped (n_chunks, n_bytes, seconds, max_subscribers, error).";

typedef struct {
  EcPublisher *publisher;
  GMainLoop *loop;
  GError *error;
  gboolean wrong_usage; /* … is what that is about */
  char *told_source, *told_broadcast;
  guint64 last_bytes; /* of the progress line before */
  gint64 last_time;
  gboolean told_listening;
  char **told_hashes;      /* of the certificate that those who dial us see */
  gint64 start;            /* µs, monotonic; 0: not begun */
  gboolean reached;        /* somebody: a relay, or who dialled us */
  GError *relay_error;     /* the last that kept us from one; nullable */
  guint64 max_subscribers; /* the most that were seen at a time */
} Run;

/* One that is made for this run proves nothing to anybody. */
static gboolean
shows_identity (void)
{
  return opt_identity || opt_stable;
}

/* -- Printing */

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_strings (JsonBuilder *builder, const char *name, char **values)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (gsize i = 0; values && values[i]; i++)
    json_builder_add_string_value (builder, values[i]);
  json_builder_end_array (builder);
}

static JsonBuilder *
begin_json (const char *type)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  add_string (builder, "type", type);
  return builder;
}

static void
end_json (JsonBuilder *builder)
{
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
  g_object_unref (builder);
}

static void
tell_certificates (char **hashes)
{
  for (gsize i = 0; hashes[i]; i++)
    g_print ("%s%s (SHA-256)\n", i ? "the next       " : "certificate    ", hashes[i]);
}

static void
tell_listening (Run *run)
{
  g_auto (GStrv) addresses = ec_publisher_dup_addresses (run->publisher);
  g_auto (GStrv) hashes = ec_publisher_dup_certificate_hashes (run->publisher);
  JsonBuilder *builder;

  run->told_listening = TRUE;
  run->told_hashes = g_strdupv (hashes);
  if (opt_json) {
    builder = begin_json ("listening");
    add_strings (builder, "addresses", addresses);
    add_strings (builder, "certificate_hashes", hashes);
    add_string (builder, "node_id", ec_publisher_get_node_id (run->publisher));
    end_json (builder);
    return;
  }
  g_print ("signed by      %s\n", ec_publisher_get_node_id (run->publisher));
  for (gsize i = 0; addresses[i]; i++)
    g_print ("listening at   moqt://%s and https://%s\n", addresses[i], addresses[i]);
  tell_certificates (hashes);
}

/* They are renewed: what was told at first is right for some weeks only. */
static void
look_at_certificates (Run *run)
{
  g_auto (GStrv) hashes = ec_publisher_dup_certificate_hashes (run->publisher);
  JsonBuilder *builder;

  if (!run->told_hashes || !*hashes ||
      g_strv_equal ((const char *const *) hashes, (const char *const *) run->told_hashes))
    return;
  if (opt_json) {
    builder = begin_json ("certificates");
    add_strings (builder, "certificate_hashes", hashes);
    end_json (builder);
  } else {
    ec_tool_progress_clear ();
    tell_certificates (hashes);
  }
  g_strfreev (run->told_hashes);
  run->told_hashes = g_steal_pointer (&hashes);
}

static void
on_names (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  EcPublisher *publisher = EC_PUBLISHER (object);
  g_autofree char *source = ec_publisher_dup_source_name (publisher);
  g_autofree char *broadcast = ec_publisher_dup_broadcast_name (publisher);
  gboolean contested = ec_publisher_get_contested (publisher);
  Run *run = user_data;
  JsonBuilder *builder;

  if (!source)
    return;
  if (opt_json) {
    builder = begin_json ("publishing");
    add_string (builder, "source", source);
    add_string (builder, "broadcast", broadcast);
    json_builder_set_member_name (builder, "contested");
    json_builder_add_boolean_value (builder, contested);
    end_json (builder);
    return;
  }
  ec_tool_progress_clear ();
  if (g_strcmp0 (source, run->told_source) != 0)
    g_print ("every chunk    %s\n", source);
  if (broadcast && g_strcmp0 (broadcast, run->told_broadcast) != 0)
    g_print ("clean chunks   %s\n", broadcast);
  if (contested)
    g_print ("clean chunks   are not published under a name of their own any more: somebody serves "
             "it with others\n");
  g_free (run->told_source);
  run->told_source = g_steal_pointer (&source);
  g_free (run->told_broadcast);
  run->told_broadcast = g_steal_pointer (&broadcast);
}

static const char *
nick (GType type, int value)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (type);

  return g_enum_get_value (class, value)->value_nick;
}

static const char *
describe_claim (EcPublisherClaim claim, const GError *error)
{
  switch (claim) {
  case EC_PUBLISHER_CLAIM_COMPARING:
    return "; clean chunks are compared with those that others publish there";
  case EC_PUBLISHER_CLAIM_GRANTED:
    /* What is refused is the source's own name. */
    return error ? "; only clean chunks are published" : "; clean chunks are published, too";
  case EC_PUBLISHER_CLAIM_CONTESTED:
    return "; clean chunks are not: others there differ from them";
  case EC_PUBLISHER_CLAIM_REFUSED:
    return "; clean chunks are not published under the broadcast's name: the relay refuses it";
  case EC_PUBLISHER_CLAIM_NONE:
    break;
  }
  return "";
}

/* What a user of this tool can do about it, besides what the message says. */
static char *
get_advice (Run *run, const GError *error)
{
  if (g_error_matches (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CERTIFICATE))
    return g_strdup (" (--ca-file, --certificate-hash)");
  if (!g_error_matches (error, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED))
    return g_strdup ("");
  if (!shows_identity ())
    return g_strdup (" Show the relay who you are with --identity or --stable, or what you may do "
                     "with --token.");
  return g_strdup_printf (
      " Who runs the relay can allow this key (ec relay --allow PREFIX=%s), or whoever has the "
      "name can delegate it (ec id --delegate; show that with --token).",
      ec_publisher_get_node_id (run->publisher));
}

/* Of one moment: the relay's thread may change either between two calls. */
static EcPublisherClaim
get_claim (EcPublisherRelay *relay, GError **error)
{
  EcPublisherClaim claim;

  do {
    g_clear_error (error);
    claim = ec_publisher_relay_get_claim (relay);
    *error = ec_publisher_relay_dup_error (relay);
  } while (claim != ec_publisher_relay_get_claim (relay));
  return claim;
}

/* NULL: nothing that is new to anybody. */
static char *
describe_relay (Run *run, EcPublisherRelay *relay, EcPublisherClaim claim, const GError *error)
{
  const char *uri = ec_publisher_relay_get_uri (relay);
  g_autofree char *protocol = ec_publisher_relay_dup_protocol (relay);
  g_autofree char *advice = get_advice (run, error);
  g_autofree char *why = error ? g_strconcat ("\n  ", error->message, advice, NULL) : g_strdup ("");

  switch (ec_publisher_relay_get_state (relay)) {
  case EC_PUBLISHER_RELAY_STATE_CONNECTING:
    return error ? NULL : g_strdup_printf ("%s: connecting", uri);
  case EC_PUBLISHER_RELAY_STATE_CONNECTED:
    return g_strdup_printf ("%s: connected, %s%s%s", uri, protocol ? protocol : "",
                            describe_claim (claim, error), why);
  case EC_PUBLISHER_RELAY_STATE_WAITING:
    return g_strdup_printf ("%s: not connected; it is tried again and again%s", uri, why);
  case EC_PUBLISHER_RELAY_STATE_IDLE:
  case EC_PUBLISHER_RELAY_STATE_STOPPED:
    break;
  }
  return NULL;
}

static void
on_relay (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  EcPublisherRelay *relay = EC_PUBLISHER_RELAY (object);
  const char *state =
      nick (EC_TYPE_PUBLISHER_RELAY_STATE, (int) ec_publisher_relay_get_state (relay));
  g_autofree char *protocol = ec_publisher_relay_dup_protocol (relay);
  g_autoptr (GError) error = NULL;
  EcPublisherClaim value = get_claim (relay, &error);
  const char *claim = nick (EC_TYPE_PUBLISHER_CLAIM, (int) value);
  g_autofree char *now =
      opt_json ? g_strdup_printf ("%s %s %s", state, claim, error ? error->message : "")
               : describe_relay (user_data, relay, value, error);
  JsonBuilder *builder;
  Run *run = user_data;

  run->reached |= ec_publisher_relay_get_state (relay) == EC_PUBLISHER_RELAY_STATE_CONNECTED;
  if (error) {
    g_clear_error (&run->relay_error);
    run->relay_error = g_error_copy (error);
  }
  /* It is notified once for each of its properties. */
  if (!now || g_strcmp0 (g_object_get_data (object, "ec-told"), now) == 0)
    return;
  g_object_set_data_full (object, "ec-told", g_strdup (now), g_free);
  if (opt_json) {
    builder = begin_json ("relay");
    add_string (builder, "uri", ec_publisher_relay_get_uri (relay));
    add_string (builder, "state", state);
    add_string (builder, "claim", claim);
    add_string (builder, "protocol", protocol);
    add_string (builder, "error", error ? error->message : NULL);
    end_json (builder);
    return;
  }
  ec_tool_progress_clear ();
  g_printerr ("%s\n", now);
}

static const char *const counts[] = { "n-chunks",   "n-clean",      "n-damaged", "n-revoked",
                                      "n-reset",    "n-parts",      "n-bytes",   "bytes-out",
                                      "n-sessions", "n-subscribers" };

static guint64
get_count (Run *run, const char *name)
{
  guint64 value;

  g_object_get (run->publisher, name, &value, NULL);
  return value;
}

static void
add_count (JsonBuilder *builder, const char *property, guint64 value)
{
  g_autofree char *name = g_strdelimit (g_strdup (property), "-", '_');

  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

static void
print_stats (Run *run)
{
  JsonBuilder *builder = begin_json ("stats");

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    add_count (builder, counts[i], get_count (run, counts[i]));
  end_json (builder);
}

static void
on_readers (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  Run *run = user_data;

  run->reached |= get_count (run, "n-sessions") > 0;
  run->max_subscribers = MAX (run->max_subscribers, get_count (run, "n-subscribers"));
}

static gboolean
on_time (gpointer user_data)
{
  Run *run = user_data;
  GListModel *relays = ec_publisher_get_relays (run->publisher);
  gint64 now = g_get_monotonic_time ();
  guint64 bytes = get_count (run, "n-bytes");
  double rate = 0;
  guint connected = 0;

  if (!run->told_listening &&
      ec_publisher_get_state (run->publisher) >= EC_PUBLISHER_STATE_PUBLISHING)
    tell_listening (run);
  look_at_certificates (run);
  if (opt_json) {
    print_stats (run);
    if (!ec_tool_check_output (&run->error))
      ec_publisher_stop (run->publisher);
    return G_SOURCE_CONTINUE;
  }
  for (guint i = 0; i < g_list_model_get_n_items (relays); i++) {
    g_autoptr (EcPublisherRelay) relay = g_list_model_get_item (relays, i);

    connected += ec_publisher_relay_get_state (relay) == EC_PUBLISHER_RELAY_STATE_CONNECTED;
  }
  if (run->last_time)
    rate = (double) (bytes - run->last_bytes) * 8 / (double) (now - run->last_time);
  run->last_time = now;
  run->last_bytes = bytes;
  ec_tool_progress ("%" G_GUINT64_FORMAT " chunks (%" G_GUINT64_FORMAT " clean, %" G_GUINT64_FORMAT
                    " not)  %" G_GUINT64_FORMAT " parts  %.1f Mb/s  %u of %u relays  "
                    "%" G_GUINT64_FORMAT " subscribers",
                    get_count (run, "n-chunks"), get_count (run, "n-clean"),
                    get_count (run, "n-damaged"), get_count (run, "n-parts"), rate, connected,
                    g_list_model_get_n_items (relays), get_count (run, "n-subscribers"));
  return G_SOURCE_CONTINUE;
}

/* -- Running */

static void
on_state (GObject *object, GParamSpec *pspec, gpointer user_data)
{
  Run *run = user_data;

  if (!run->told_listening &&
      ec_publisher_get_state (run->publisher) == EC_PUBLISHER_STATE_PUBLISHING)
    tell_listening (run);
  if (ec_publisher_get_state (run->publisher) == EC_PUBLISHER_STATE_STOPPED)
    g_main_loop_quit (run->loop);
}

static gboolean
on_interrupted (GCancellable *cancellable, gpointer user_data)
{
  Run *run = user_data;

  ec_publisher_stop (run->publisher);
  return G_SOURCE_REMOVE;
}

static gboolean
on_duration (gpointer user_data)
{
  Run *run = user_data;

  ec_publisher_stop (run->publisher);
  return G_SOURCE_REMOVE;
}

static void
on_started (GObject *object, GAsyncResult *result, gpointer user_data)
{
  /* What went wrong is the publisher's error, too. */
  ec_publisher_start_finish (EC_PUBLISHER (object), result, NULL);
}

static gboolean
add_relays (Run *run, EcIdentity *identity)
{
  g_autoptr (EcMoqConnectOptions) options = ec_moq_connect_options_new ();

  g_object_set (options, "ca-file", opt_ca_file, "certificate-hashes", opt_hashes, NULL);
  if (shows_identity ())
    g_object_set (options, "identity", identity, NULL);
  if (opt_protocols)
    g_object_set (options, "protocols", opt_protocols, NULL);
  if (!ec_tool_set_token (options, opt_token, &run->error))
    return FALSE;
  for (gsize i = 0; opt_relays && opt_relays[i]; i++) {
    EcPublisherRelay *relay =
        ec_publisher_add_relay (run->publisher, opt_relays[i], options, &run->error);

    if (!relay) {
      run->wrong_usage = TRUE;
      return FALSE;
    }
    g_signal_connect (relay, "notify::state", G_CALLBACK (on_relay), run);
    g_signal_connect (relay, "notify::claim", G_CALLBACK (on_relay), run);
  }
  return TRUE;
}

static gboolean
prepare (Run *run, const char *uri)
{
  g_autoptr (EcSource) source = ec_source_new_for_uri (uri, &run->error);
  g_autoptr (EcIdentity) identity = NULL;

  if (!source) {
    run->wrong_usage = TRUE;
    return FALSE;
  }
  identity = shows_identity () ? ec_identity_load (opt_identity, TRUE, &run->error)
                               : ec_identity_new_ephemeral ();
  if (!identity)
    return FALSE;
  run->publisher = ec_publisher_new (source);
  g_object_set (run->publisher, "identity", identity, "program-number", (guint) opt_program, "name",
                opt_name, "broadcast-scope", !opt_source_only, "pace", !opt_no_pace, "listen",
                opt_listen, "certificate-file", opt_certificate, "key-file", opt_key, "times-file",
                opt_times, NULL);
  g_signal_connect (run->publisher, "notify::state", G_CALLBACK (on_state), run);
  g_signal_connect (run->publisher, "notify::contested", G_CALLBACK (on_names), run);
  g_signal_connect (run->publisher, "notify::n-sessions", G_CALLBACK (on_readers), run);
  g_signal_connect (run->publisher, "notify::n-subscribers", G_CALLBACK (on_readers), run);
  return add_relays (run, identity);
}

static void
run_publisher (Run *run)
{
  g_autoptr (GSource) interrupted = g_cancellable_source_new (ec_tool_get_cancellable ());
  guint time = g_timeout_add (opt_json ? JSON_TIME : PROGRESS_TIME, on_time, run);
  guint duration =
      opt_duration > 0 ? g_timeout_add ((guint) (opt_duration * 1000), on_duration, run) : 0;

  g_source_set_callback (interrupted, G_SOURCE_FUNC (on_interrupted), run, NULL);
  g_source_attach (interrupted, NULL);
  run->loop = g_main_loop_new (NULL, FALSE);
  run->start = g_get_monotonic_time ();
  ec_publisher_start_async (run->publisher, NULL, on_started, run);
  g_main_loop_run (run->loop);
  g_main_loop_unref (run->loop);
  g_source_destroy (interrupted);
  g_source_remove (time);
  if (duration && opt_duration > 0 && g_main_context_find_source_by_id (NULL, duration))
    g_source_remove (duration);
  ec_tool_progress_clear ();
  if (!run->error)
    run->error = ec_publisher_dup_error (run->publisher);
}

/* That nobody came to hear us is no failure; that we reached no relay all the time is one. */
static void
check_reached (Run *run)
{
  g_autofree char *advice = run->relay_error ? get_advice (run, run->relay_error) : g_strdup ("");

  if (run->error || run->reached || !opt_relays || get_count (run, "bytes-out") > 0)
    return;
  run->error =
      g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_UNREACHABLE,
                   "nothing was published to anybody, as %s was reached.%s%s%s",
                   g_strv_length (opt_relays) > 1 ? "none of the relays" : "the relay never",
                   run->relay_error ? " " : " No answer came in time.",
                   run->relay_error ? run->relay_error->message : "", advice);
}

static void
tell_stopped (Run *run)
{
  double seconds = (double) (g_get_monotonic_time () - run->start) / G_USEC_PER_SEC;
  guint64 bytes = get_count (run, "n-bytes");
  g_autofree char *size = g_format_size (bytes);
  JsonBuilder *builder;

  if (!opt_json) {
    if (!run->error)
      g_printerr ("%" G_GUINT64_FORMAT " chunks, %s in %.1f s, at most %" G_GUINT64_FORMAT
                  " subscribers at a time\n",
                  get_count (run, "n-chunks"), size, seconds, run->max_subscribers);
    return;
  }
  print_stats (run);
  builder = begin_json ("stopped");
  add_count (builder, "n-chunks", get_count (run, "n-chunks"));
  add_count (builder, "n-bytes", bytes);
  ec_tool_add_seconds (builder, "seconds", seconds);
  add_count (builder, "max-subscribers", run->max_subscribers);
  add_string (builder, "error", run->error ? run->error->message : NULL);
  end_json (builder);
}

EcToolStatus
ec_verb_publish (int argc, char **argv)
{
  EcToolStatus status = EC_TOOL_DONE;
  Run run = { 0 };

  if (!ec_tool_parse (&argc, &argv, entries, "SOURCE", "Publish a source over Media over QUIC.",
                      description, 1, 1, &status))
    return status;
  if (!opt_relays && !opt_listen) {
    g_printerr (
        "ec publish: nobody could subscribe. Name a --relay, or an address to --listen at.\n");
    return EC_TOOL_USAGE;
  }
  if (opt_program < 0 || opt_program > 65535 || !(opt_duration >= 0 && opt_duration < 1e6)) {
    g_printerr ("ec publish: --program is from 1 to 65535, and --duration not negative and below "
                "1000000.\n");
    return EC_TOOL_USAGE;
  }
  if (!opt_certificate != !opt_key || (opt_certificate && !opt_listen)) {
    g_printerr ("ec publish: --certificate and --key belong together, and to --listen.\n");
    return EC_TOOL_USAGE;
  }
  if (prepare (&run, argv[1])) {
    run_publisher (&run);
    check_reached (&run);
    tell_stopped (&run);
  }
  if (run.error)
    status = ec_tool_fail (VERB, run.error);
  if (run.wrong_usage)
    status = EC_TOOL_USAGE;
  g_strfreev (run.told_hashes);
  g_free (run.told_source);
  g_free (run.told_broadcast);
  g_clear_object (&run.publisher);
  g_clear_error (&run.error);
  g_clear_error (&run.relay_error);
  return status;
}
