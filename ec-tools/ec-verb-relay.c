/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <stdio.h>
#include <string.h>

static const char description[] =
    "Publishers and subscribers connect to one UDP port: MOQT over QUIC (moqt://HOST:PORT) or "
    "over\n"
    "WebTransport (https://HOST:PORT), any drafts mixed. Without --certificate a self-signed one "
    "is\n"
    "made; clients are then told its hash, which is printed in hexadecimal, and in base64 for web\n"
    "pages (serverCertificateHashes).\n"
    "\n"
    "Who may publish: the first key that publishes a name has it while it is connected and for a\n"
    "minute after, and so have keys that it delegates to. --allow says otherwise for a prefix:\n"
    "  --allow ec/v1/atsc=any        anybody; copies are merged, who contradicts is dropped\n"
    "  --allow ec/v1/source=none     nobody\n"
    "  --allow live=NODE-ID          this key, as printed by ec id; repeat it for more\n"
    "  --allow =none                 a prefix of no fields: everything else\n"
    "\n"
    "Limits: --memory holds objects, and what is reckoned for sessions and requests: 256 KiB a\n"
    "session, 2 KiB a request. Where it is full, the publishers that hold the most lose their\n"
    "oldest groups. Without it: a quarter of the machine's memory, at most 1 GiB. Besides it, "
    "what\n"
    "is on its way to us on all connections may come to a quarter as much.\n"
    "\n"
    "Examples:\n"
    "  ec relay                                        on port 4443 of all addresses\n"
    "  ec relay --listen 127.0.0.1:0 --json            for a test\n"
    "  ec relay --certificate chain.pem --key key.pem --listen 443 --memory 4G\n";

typedef struct {
  char **listen, **names, **authorities, **origins, **allow, **allow_subscribe;
  char *certificate, *key, *token_file, *memory;
  int max_sessions, max_sessions_per_address, workers;
  double drain;
  gboolean json;
} Options;

static void
clear_options (Options *options)
{
  g_strfreev (options->listen);
  g_strfreev (options->names);
  g_strfreev (options->authorities);
  g_strfreev (options->origins);
  g_strfreev (options->allow);
  g_strfreev (options->allow_subscribe);
  g_free (options->certificate);
  g_free (options->key);
  g_free (options->token_file);
  g_free (options->memory);
}

static gboolean
parse (Options *options, int *argc, char ***argv, EcToolStatus *status)
{
  const GOptionEntry entries[] = {
    { "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &options->listen,
      "Where to listen, such as [::]:4443, 127.0.0.1:0, or 4443 for all addresses (4443)",
      "ADDRESS" },
    { "certificate", 'c', 0, G_OPTION_ARG_FILENAME, &options->certificate,
      "Certificate and its chain, PEM (self-signed)", "FILE" },
    { "key", 'k', 0, G_OPTION_ARG_FILENAME, &options->key, "Its private key, PEM", "FILE" },
    { "name", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &options->names,
      "Name or address that a self-signed certificate is for", "HOST" },
    { "authority", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->authorities,
      "HOST:PORT that publishers know us by, for proofs of their keys", "AUTHORITY" },
    { "origin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->origins,
      "Origin of web pages that may connect (all)", "ORIGIN" },
    { "allow", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &options->allow,
      "Who may publish under a prefix: any, none, or a node id", "PREFIX=WHO" },
    { "allow-subscribe", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->allow_subscribe,
      "Who may subscribe under a prefix (any)", "PREFIX=WHO" },
    { "token", 0, 0, G_OPTION_ARG_FILENAME, &options->token_file,
      "Who shows the first line of this file may publish all that is not forbidden", "FILE" },
    { "memory", 'm', 0, G_OPTION_ARG_STRING, &options->memory,
      "Memory for sessions and objects, such as 512M or 4G (1G, or a quarter)", "SIZE" },
    { "max-sessions", 0, 0, G_OPTION_ARG_INT, &options->max_sessions, "Sessions in all (4096)",
      "N" },
    { "max-sessions-per-address", 0, 0, G_OPTION_ARG_INT, &options->max_sessions_per_address,
      "Sessions of one IPv4 address or IPv6 /64 (256)", "N" },
    { "workers", 0, 0, G_OPTION_ARG_INT, &options->workers, "Threads (one a core)", "N" },
    { "drain", 0, 0, G_OPTION_ARG_DOUBLE, &options->drain,
      "How long peers have to leave when it is stopped (5)", "SECONDS" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options->json,
      "Print JSON: one object a line, what happens and, every second, what it does", NULL },
    G_OPTION_ENTRY_NULL,
  };

  return ec_tool_parse (argc, argv, entries, "",
                        "Run a relay of Media over QUIC until interrupted.", description, 0, 0,
                        status);
}

/* "512M", "4G", "1048576". */
static gboolean
parse_size (const char *text, guint64 *size)
{
  char *end;
  guint shift = 0;

  *size = g_ascii_strtoull (text, &end, 10);
  switch (g_ascii_toupper (*end)) {
  case 'K':
    shift = 10;
    break;
  case 'M':
    shift = 20;
    break;
  case 'G':
    shift = 30;
    break;
  case '\0':
    break;
  default:
    return FALSE;
  }
  if (end == text || *text == '-' || (shift && end[1] != '\0') || *size > G_MAXUINT64 >> shift)
    return FALSE;
  *size <<= shift;
  return TRUE;
}

static EcRelay *
make_relay (const Options *options, EcToolStatus *status)
{
  static const char *const everywhere[] = { "4443", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *token = NULL;
  guint64 memory = 0;

  *status = EC_TOOL_USAGE;
  if (options->memory && (!parse_size (options->memory, &memory) || memory < 16 << 20)) {
    g_printerr ("ec relay: “%s” is no size of memory. Write 512M or 4G; 16M is the least.\n",
                options->memory);
    return NULL;
  }
  if (options->max_sessions < 0 || options->max_sessions_per_address < 0 || options->workers < 0 ||
      options->workers > 256 || !(options->drain >= 0)) {
    g_printerr ("ec relay: numbers of sessions, threads and seconds are not negative, and there "
                "are 256 threads at most.\n");
    return NULL;
  }
  if (options->key && !options->certificate) {
    g_printerr ("ec relay: --key is of a certificate. Give --certificate, too.\n");
    return NULL;
  }
  if (options->token_file)
    token = ec_tool_read_secret (options->token_file, "The token's file", &error);
  if (error) {
    *status = ec_tool_fail ("relay", error);
    return NULL;
  }
  return g_object_new (
      EC_TYPE_RELAY, "listen", options->listen ? (const char *const *) options->listen : everywhere,
      "certificate-file", options->certificate, "key-file", options->key, "names", options->names,
      "authorities", options->authorities, "origins", options->origins, "allow-publish",
      options->allow, "allow-subscribe", options->allow_subscribe, "token", token, "memory", memory,
      "max-sessions", (guint) options->max_sessions, "max-sessions-per-address",
      (guint) options->max_sessions_per_address, "workers", (guint) options->workers, NULL);
}

/* -- Running */

typedef struct {
  EcRelay *relay;
  GMainLoop *loop;
  gboolean json;
  gboolean failed;
  GError *error;
  EcRelayStats *last; /* a second ago */
} Run;

static void
add_strings (JsonBuilder *builder, const char *member, char **strings)
{
  json_builder_set_member_name (builder, member);
  json_builder_begin_array (builder);
  for (guint i = 0; strings[i]; i++)
    json_builder_add_string_value (builder, strings[i]);
  json_builder_end_array (builder);
}

static void
begin_line (JsonBuilder *builder, const char *type)
{
  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "type");
  json_builder_add_string_value (builder, type);
}

static char *
to_base64 (const char *hex)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (; hex[0] && hex[1]; hex += 2) {
    guint8 byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

    g_byte_array_append (bytes, &byte, 1);
  }
  return g_base64_encode (bytes->data, bytes->len);
}

/* As it can be dialled, but for the host where it is any of this computer's. */
static void
tell_address (const char *address)
{
  const char *const any[][2] = { { "[::]:", "IPv6" }, { "0.0.0.0:", "IPv4" } };

  for (gsize i = 0; i < G_N_ELEMENTS (any); i++)
    if (g_str_has_prefix (address, any[i][0])) {
      const char *port = address + strlen (any[i][0]);

      g_print (
          "Listening at moqt://HOST:%s and https://HOST:%s, all %s addresses of this computer\n",
          port, port, any[i][1]);
      return;
    }
  g_print ("Listening at moqt://%s and https://%s\n", address, address);
}

static void
tell_certificates (char **hashes)
{
  for (guint i = 0; hashes[i]; i++) {
    g_autofree char *base64 = to_base64 (hashes[i]);

    g_print ("Certificate%s: sha256 %s (%s)\n", i ? ", the next" : "", hashes[i], base64);
  }
  fflush (stdout);
}

/* What was printed at first is right for some weeks only. */
static void
on_certificates (EcRelay *relay, GParamSpec *pspec, gpointer data)
{
  Run *run = data;
  g_auto (GStrv) hashes = ec_relay_dup_certificate_hashes (relay);

  if (!*hashes)
    return;
  if (run->json) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();

    begin_line (builder, "certificates");
    add_strings (builder, "certificate_hashes", hashes);
    json_builder_end_object (builder);
    ec_tool_print_builder (builder);
    return;
  }
  ec_tool_progress_clear ();
  tell_certificates (hashes);
}

static void
announce (Run *run)
{
  g_auto (GStrv) addresses = ec_relay_dup_addresses (run->relay);
  g_auto (GStrv) hashes = ec_relay_dup_certificate_hashes (run->relay);

  if (run->json) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();

    begin_line (builder, "listening");
    add_strings (builder, "addresses", addresses);
    add_strings (builder, "certificate_hashes", hashes);
    json_builder_end_object (builder);
    ec_tool_print_builder (builder);
    return;
  }
  for (guint i = 0; addresses[i]; i++)
    tell_address (addresses[i]);
  tell_certificates (hashes);
}

static void
on_event (EcRelay *relay,
          EcRelayEvent event,
          const char *peer,
          const char *name,
          const char *detail,
          gpointer data)
{
  Run *run = data;
  g_autoptr (GEnumClass) klass = g_type_class_ref (EC_TYPE_RELAY_EVENT);
  const GEnumValue *value = g_enum_get_value (klass, (int) event);

  if (run->json) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();

    begin_line (builder, value->value_nick);
    json_builder_set_member_name (builder, "peer");
    json_builder_add_string_value (builder, peer);
    if (name) {
      json_builder_set_member_name (builder, "name");
      json_builder_add_string_value (builder, name);
    }
    json_builder_set_member_name (builder, "detail");
    json_builder_add_string_value (builder, detail);
    json_builder_end_object (builder);
    ec_tool_print_builder (builder);
    return;
  }
  /* Those who come and go are in the status line. */
  if (event == EC_RELAY_EVENT_SESSION_OPENED || event == EC_RELAY_EVENT_SESSION_CLOSED)
    return;
  ec_tool_progress_clear ();
  g_printerr ("ec relay: %s: %s%s%s%s%s\n", peer, value->value_nick, name ? " " : "",
              name ? name : "", *detail ? ": " : "", detail);
}

static void
add_number (JsonBuilder *builder, const char *member, guint64 value)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_int_value (builder, (gint64) value);
}

static void
print_stats (const EcRelayStats *stats)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  begin_line (builder, "stats");
  add_number (builder, "sessions", stats->sessions);
  add_number (builder, "sessions_total", stats->sessions_total);
  add_number (builder, "tracks", stats->tracks);
  add_number (builder, "namespaces", stats->namespaces);
  add_number (builder, "subscriptions", stats->subscriptions);
  add_number (builder, "upstreams", stats->upstreams);
  add_number (builder, "fetches", stats->fetches);
  add_number (builder, "memory", stats->memory);
  add_number (builder, "memory_peak", stats->memory_peak);
  add_number (builder, "bytes_in", stats->bytes_in);
  add_number (builder, "bytes_out", stats->bytes_out);
  add_number (builder, "bytes_duplicate", stats->bytes_duplicate);
  add_number (builder, "conflicts", stats->conflicts);
  add_number (builder, "skipped_groups", stats->skipped_groups);
  add_number (builder, "cut_objects", stats->cut_objects);
  add_number (builder, "requests", stats->requests);
  add_number (builder, "unauthorized", stats->unauthorized);
  add_number (builder, "overloads", stats->overloads);
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
}

static gboolean
on_second (gpointer data)
{
  Run *run = data;
  EcRelayStats *stats = ec_relay_get_stats (run->relay);
  guint64 in = run->last ? stats->bytes_in - run->last->bytes_in : 0;
  guint64 out = run->last ? stats->bytes_out - run->last->bytes_out : 0;

  if (run->json)
    print_stats (stats);
  else
    ec_tool_progress ("%u sessions, %u subscriptions to %u tracks, in %.1f Mb/s, out %.1f Mb/s, "
                      "%.0f MiB in use",
                      stats->sessions, stats->subscriptions, stats->tracks, (double) in * 8e-6,
                      (double) out * 8e-6, (double) stats->memory / (1 << 20));
  g_clear_pointer (&run->last, ec_relay_stats_free);
  run->last = stats;
  if (run->json && !ec_tool_check_output (&run->error)) {
    run->failed = TRUE;
    g_main_loop_quit (run->loop);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static void
on_started (GObject *object, GAsyncResult *result, gpointer data)
{
  Run *run = data;

  if (!ec_relay_start_finish (run->relay, result, &run->error)) {
    run->failed = TRUE;
    g_main_loop_quit (run->loop);
    return;
  }
  announce (run);
  g_signal_connect (run->relay, "notify::certificate-hashes", G_CALLBACK (on_certificates), run);
}

static void
on_stopped (GObject *object, GAsyncResult *result, gpointer data)
{
  Run *run = data;

  ec_relay_stop_finish (run->relay, result, NULL);
  g_main_loop_quit (run->loop);
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static guint
count_sessions (EcRelay *relay)
{
  EcRelayStats *stats = ec_relay_get_stats (relay);
  guint n = stats->sessions;

  ec_relay_stats_free (stats);
  return n;
}

static void
run_relay (Run *run, guint drain_ms)
{
  GCancellable *cancellable = ec_tool_get_cancellable ();
  g_autoptr (GSource) cancelled = g_cancellable_source_new (cancellable);
  guint second;

  g_signal_connect (run->relay, "event", G_CALLBACK (on_event), run);
  ec_relay_start_async (run->relay, NULL, on_started, run);
  g_source_set_callback (cancelled, G_SOURCE_FUNC (on_cancelled), run->loop, NULL);
  g_source_attach (cancelled, NULL);
  second = g_timeout_add_seconds (1, on_second, run);
  g_main_loop_run (run->loop);
  g_source_destroy (cancelled);
  if (run->failed && !ec_relay_get_running (run->relay)) {
    g_source_remove (second);
    return;
  }
  if (!run->failed) {
    g_source_remove (second);
    ec_tool_progress_clear ();
  }
  if (!run->failed && !run->json && drain_ms > 0 && count_sessions (run->relay) > 0)
    g_printerr ("ec relay: asked %u peers to leave; they have %.0f s. Ctrl-C again ends at once.\n",
                count_sessions (run->relay), drain_ms / 1000.0);
  /* A second signal ends the process at once. */
  ec_relay_stop_async (run->relay, drain_ms, NULL, on_stopped, run);
  g_main_loop_run (run->loop);
}

EcToolStatus
ec_verb_relay (int argc, char **argv)
{
  Options options = { .drain = 5 };
  g_autoptr (EcRelay) relay = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  EcToolStatus status;
  Run run = { .json = FALSE };

  if (!parse (&options, &argc, &argv, &status)) {
    clear_options (&options);
    return status;
  }
  relay = make_relay (&options, &status);
  if (relay) {
    loop = g_main_loop_new (NULL, FALSE);
    run = (Run){ .relay = relay, .loop = loop, .json = options.json };
    run_relay (&run, (guint) (MIN (options.drain, 3600) * 1000));
    status = run.failed ? ec_tool_fail ("relay", run.error) : EC_TOOL_DONE;
    g_signal_handlers_disconnect_by_data (relay, &run);
  }
  g_clear_error (&run.error);
  g_clear_pointer (&run.last, ec_relay_stats_free);
  clear_options (&options);
  return status;
}
