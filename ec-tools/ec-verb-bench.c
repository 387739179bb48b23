/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SPACE "bench/relay"
#define TRACK "objects"
#define CEILING_SECONDS 1.0
#define ECHO_INTERVAL_US 2000

static const char description[] =
    "What is measured:\n"
    "  relay       a relay, a publisher of one track and many subscribers of it run as processes "
    "of\n"
    "              their own; printed is what a relay's CPU-second and memory are good for\n"
    "  ceiling     only what cannot be beaten here: QUIC in memory, UDP over loopback\n"
    "\n"
    "Columns of relay: delivered rate; payload delivered a second of the relay's CPU time, and "
    "its\n"
    "share of the ceiling, which a byte passes that is encrypted once by ngtcp2 and GnuTLS and "
    "sent\n"
    "once by sendmsg() with segmentation offload; resident memory a subscriber, when all are\n"
    "subscribed and at the end; groups that subscribers lost; delay from publisher to subscriber,\n"
    "and there and back of a bare UDP echo at the same time.\n"
    "\n"
    "Examples:\n"
    "  ec bench relay\n"
    "  ec bench relay --subscribers 100,400 --object-size 16384 --bit-rate 4 --repeat 3\n"
    "  ec bench relay --uri https://localhost:4443 --ca ca.pem --pid 1234      another's relay\n";

typedef struct {
  char *subscribers, *sizes, *uri, *ca_file, *transport, *space;
  char **hashes, **protocols;
  double bit_rate, duration, warm_up, object_rate;
  int pid, group, repeat, workers;
  gboolean json;
} Options;

static void
clear_options (Options *options)
{
  g_free (options->subscribers);
  g_free (options->sizes);
  g_free (options->uri);
  g_free (options->ca_file);
  g_free (options->transport);
  g_free (options->space);
  g_strfreev (options->hashes);
  g_strfreev (options->protocols);
}

static gboolean
parse (Options *options, int *argc, char ***argv, EcToolStatus *status)
{
  const GOptionEntry entries[] = {
    { "subscribers", 'n', 0, G_OPTION_ARG_STRING, &options->subscribers,
      "How many, separated by commas (1,10,100,400)", "LIST" },
    { "object-size", 's', 0, G_OPTION_ARG_STRING, &options->sizes,
      "Bytes of an object, separated by commas (1024,16384,65536)", "LIST" },
    { "bit-rate", 'b', 0, G_OPTION_ARG_DOUBLE, &options->bit_rate,
      "Mb/s that each subscriber gets (2)", "RATE" },
    { "object-rate", 0, 0, G_OPTION_ARG_DOUBLE, &options->object_rate,
      "Objects a second, instead of a bit rate", "RATE" },
    { "group", 'g', 0, G_OPTION_ARG_INT, &options->group, "Objects in a group (30)", "N" },
    { "duration", 'd', 0, G_OPTION_ARG_DOUBLE, &options->duration,
      "Seconds that are measured of each (5)", "SECONDS" },
    { "warm-up", 0, 0, G_OPTION_ARG_DOUBLE, &options->warm_up, "Seconds before that (2)",
      "SECONDS" },
    { "transport", 't', 0, G_OPTION_ARG_STRING, &options->transport, "quic or webtransport (quic)",
      "NAME" },
    { "protocol", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &options->protocols,
      "Draft to speak, such as moqt-18 (what the relay likes)", "DRAFT" },
    { "repeat", 'r', 0, G_OPTION_ARG_INT, &options->repeat,
      "Runs of each; with more than one, medians are printed, too (1)", "N" },
    { "workers", 'w', 0, G_OPTION_ARG_INT, &options->workers, "Threads of the relay (one a core)",
      "N" },
    { "uri", 'u', 0, G_OPTION_ARG_STRING, &options->uri, "Measure a relay that runs here already",
      "URI" },
    { "pid", 0, 0, G_OPTION_ARG_INT, &options->pid, "Its process", "PID" },
    { "namespace", 0, 0, G_OPTION_ARG_STRING, &options->space,
      "Namespace to publish in (bench/relay)", "NAME" },
    { "ca", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
      "Authorities that its certificate is from, PEM", "FILE" },
    { "certificate-hash", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->hashes,
      "SHA-256 of its certificate", "HEX" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &options->json, "Print JSON, one object a run", NULL },
    G_OPTION_ENTRY_NULL,
  };

  return ec_tool_parse (argc, argv, entries, "relay|ceiling", "Measure how fast things are here.",
                        description, 1, 1, status);
}

/* -- One run */

typedef struct {
  guint subscribers, size;
  double seconds;
  double bytes, objects, lost;
  double cpu;                /* seconds of the relay's */
  double idle_rss, busy_rss; /* bytes a subscriber */
  double p50, p99;           /* µs */
  double echo_p50, echo_p99; /* µs */
  double per_cpu;            /* bytes */
  double ratio;              /* to the ceiling */
} Row;

typedef struct {
  const Options *options;
  EcBenchCeiling ceiling;
  EcBenchChild *relay; /* nullable: another's */
  char *uri;
  char **hashes;
  int pid;
} Bench;

static EcBenchChild *
start_load (const Bench *self, const char *kind, const Row *row, double rate, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  const Options *options = self->options;

#define ADD(...) g_ptr_array_add (argv, g_strdup_printf (__VA_ARGS__))
  ADD ("/proc/self/exe");
  ADD ("bench");
  ADD ("%s", kind);
  ADD ("--uri=%s", self->uri);
  ADD ("--namespace=%s", options->space ? options->space : SPACE);
  ADD ("--subscribers=%u", row->subscribers);
  ADD ("--object-size=%u", row->size);
  ADD ("--object-rate=%.6f", rate);
  ADD ("--group=%d", options->group);
  if (options->ca_file)
    ADD ("--ca=%s", options->ca_file);
  for (gsize i = 0; self->hashes && self->hashes[i]; i++)
    ADD ("--certificate-hash=%s", self->hashes[i]);
  for (gsize i = 0; options->protocols && options->protocols[i]; i++)
    ADD ("--protocol=%s", options->protocols[i]);
#undef ADD
  g_ptr_array_add (argv, NULL);
  return ec_bench_child_start ((const char *const *) argv->pdata, error);
}

static gboolean
look (const Bench *self, double *cpu, gsize *resident, GError **error)
{
  if (ec_bench_process_look (self->pid, cpu, resident))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "The relay's process %d is gone, or cannot be looked at.", self->pid);
  return FALSE;
}

/* FALSE: interrupted. */
static gboolean
pass (double seconds, GError **error)
{
  gint64 until = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC);

  while (g_get_monotonic_time () < until) {
    if (g_cancellable_set_error_if_cancelled (ec_tool_get_cancellable (), error))
      return FALSE;
    g_usleep ((gulong) CLAMP (until - g_get_monotonic_time (), 0, 50000));
  }
  return TRUE;
}

static gboolean
wait_ready (EcBenchChild *child, GError **error)
{
  g_autoptr (JsonObject) news = ec_bench_child_ask (child, error);

  if (!news)
    return FALSE;
  if (json_object_get_int_member_with_default (news, "failed", 0) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               "%d of the subscribers could not subscribe; the first one's reason is above.",
               (int) json_object_get_int_member (news, "failed"));
  return FALSE;
}

static gboolean
measure (const Bench *self, Row *row, EcBenchChild *subscribers, GError **error)
{
  g_autoptr (JsonObject) result = NULL;
  g_autoptr (GArray) echoes = NULL;
  EcBenchEcho *echo;
  double before, after;
  gint64 since;
  gsize resident;
  gboolean ok;

  echo = ec_bench_echo_start (row->size, ECHO_INTERVAL_US, error);
  if (!echo)
    return FALSE;
  since = g_get_monotonic_time ();
  ok = ec_bench_child_tell (subscribers, "begin", error) &&
       look (self, &before, &resident, error) && pass (self->options->duration, error) &&
       look (self, &after, &resident, error) && ec_bench_child_tell (subscribers, "end", error);
  row->seconds = (double) (g_get_monotonic_time () - since) / G_USEC_PER_SEC;
  echoes = ec_bench_echo_stop (echo);
  result = ok ? ec_bench_child_ask (subscribers, error) : NULL;
  if (!result)
    return FALSE;
  row->busy_rss = (double) resident;
  row->cpu = after - before;
  row->bytes = (double) json_object_get_int_member (result, "bytes");
  row->objects = (double) json_object_get_int_member (result, "objects");
  row->lost = (double) json_object_get_int_member (result, "lost");
  row->p50 = (double) json_object_get_int_member (result, "p50");
  row->p99 = (double) json_object_get_int_member (result, "p99");
  row->echo_p50 = ec_bench_quantile (echoes, 0.5);
  row->echo_p99 = ec_bench_quantile (echoes, 0.99);
  row->per_cpu = row->cpu > 0 ? row->bytes / row->cpu : 0;
  row->ratio = row->per_cpu / self->ceiling.both;
  return TRUE;
}

static gboolean
run (const Bench *self, Row *row, GError **error)
{
  const Options *options = self->options;
  double rate = options->object_rate > 0 ? options->object_rate
                                         : options->bit_rate * 1e6 / 8 / (double) row->size;
  g_autoptr (EcBenchChild) publisher = start_load (self, "publish", row, rate, error);
  g_autoptr (EcBenchChild) subscribers = NULL;
  gsize empty, idle;
  double cpu;

  if (!publisher || !wait_ready (publisher, error) || !look (self, &cpu, &empty, error))
    return FALSE;
  ec_tool_progress ("%u subscribers, objects of %u bytes, %.1f a second …", row->subscribers,
                    row->size, rate);
  subscribers = start_load (self, "subscribe", row, rate, error);
  if (!subscribers || !wait_ready (subscribers, error) || !pass (0.5, error) ||
      !look (self, &cpu, &idle, error) || !ec_bench_child_tell (publisher, "begin", error) ||
      !pass (options->warm_up, error) || !measure (self, row, subscribers, error))
    return FALSE;
  row->idle_rss = ((double) idle - (double) empty) / row->subscribers;
  row->busy_rss = (row->busy_rss - (double) empty) / row->subscribers;
  ec_tool_progress_clear ();
  return TRUE;
}

/* -- The relay: a fresh one for every run, so that memory is its own */

static gboolean
start_relay (Bench *self, GError **error)
{
  g_autofree char *workers = g_strdup_printf ("--workers=%d", self->options->workers);
  const char *argv[] = {
    "/proc/self/exe", "relay", "--listen=127.0.0.1:0", "--json", workers, NULL
  };
  gboolean webtransport = g_strcmp0 (self->options->transport, "webtransport") == 0;
  g_autoptr (JsonObject) news = NULL;
  JsonArray *addresses, *hashes;

  self->relay = ec_bench_child_start (argv, error);
  news = self->relay ? ec_bench_child_ask (self->relay, error) : NULL;
  if (!news)
    return FALSE;
  addresses = json_object_get_array_member (news, "addresses");
  hashes = json_object_get_array_member (news, "certificate_hashes");
  self->pid = ec_bench_child_get_pid (self->relay);
  self->uri = g_strdup_printf ("%s://%s", webtransport ? "https" : "moqt",
                               json_array_get_string_element (addresses, 0));
  self->hashes = g_new0 (char *, 2);
  self->hashes[0] = g_strdup (json_array_get_string_element (hashes, 0));
  return TRUE;
}

static void
stop_relay (Bench *self)
{
  g_clear_pointer (&self->relay, ec_bench_child_free);
  g_clear_pointer (&self->uri, g_free);
  g_clear_pointer (&self->hashes, g_strfreev);
}

static gboolean
run_once (Bench *self, Row *row, GError **error)
{
  gboolean ok;

  if (self->options->uri) {
    self->uri = g_strdup (self->options->uri);
    self->hashes = g_strdupv (self->options->hashes);
    self->pid = self->options->pid;
    ok = run (self, row, error);
  } else {
    ok = start_relay (self, error) && run (self, row, error);
  }
  stop_relay (self);
  return ok;
}

/* -- What is printed */

static void
add (JsonBuilder *builder, const char *name, double value)
{
  json_builder_set_member_name (builder, name);
  if (isfinite (value))
    json_builder_add_double_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
print_row (const Bench *self, const Row *row, const char *kind)
{
  if (self->options->json) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();

    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "type");
    json_builder_add_string_value (builder, kind);
    add (builder, "subscribers", row->subscribers);
    add (builder, "object_size", row->size);
    add (builder, "seconds", row->seconds);
    add (builder, "bytes", row->bytes);
    add (builder, "objects", row->objects);
    add (builder, "relay_cpu_seconds", row->cpu);
    add (builder, "bytes_per_cpu_second", row->per_cpu);
    add (builder, "ratio_to_ceiling", row->ratio);
    add (builder, "idle_rss_per_subscriber", row->idle_rss);
    add (builder, "busy_rss_per_subscriber", row->busy_rss);
    add (builder, "lost_groups", row->lost);
    add (builder, "delay_p50_us", row->p50);
    add (builder, "delay_p99_us", row->p99);
    add (builder, "echo_p50_us", row->echo_p50);
    add (builder, "echo_p99_us", row->echo_p99);
    add (builder, "delay_p99_to_echo_p99", row->p99 / row->echo_p99);
    json_builder_end_object (builder);
    ec_tool_print_builder (builder);
    return;
  }
  g_print ("%-6s %5u %6u %9.1f %8.2f %6.3f %8.0f %8.0f %6.0f %8.0f %8.0f %7.0f %7.0f %6.2f\n", kind,
           row->subscribers, row->size, row->bytes * 8e-6 / row->seconds, row->per_cpu * 8e-9,
           row->ratio, row->idle_rss / 1024, row->busy_rss / 1024, row->lost, row->p50, row->p99,
           row->echo_p50, row->echo_p99, row->p99 / row->echo_p99);
  fflush (stdout);
}

static void
print_ceiling (const Bench *self)
{
  const EcBenchCeiling *ceiling = &self->ceiling;

  if (self->options->json) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();

    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "type");
    json_builder_add_string_value (builder, "ceiling");
    add (builder, "quic_bytes_per_cpu_second", ceiling->quic);
    add (builder, "udp_bytes_per_cpu_second", ceiling->udp);
    add (builder, "bytes_per_cpu_second", ceiling->both);
    json_builder_end_object (builder);
    ec_tool_print_builder (builder);
    return;
  }
  g_print (
      "Ceiling: QUIC in memory %.2f Gbit, UDP with GSO %.2f Gbit, both %.2f Gbit a CPU-second\n",
      ceiling->quic * 8e-9, ceiling->udp * 8e-9, ceiling->both * 8e-9);
  fflush (stdout);
}

static void
print_head (const Bench *self)
{
  if (self->options->json)
    return;
  g_print ("%-6s %5s %6s %9s %8s %6s %8s %8s %6s %8s %8s %7s %7s %6s\n", "", "subs", "size",
           "Mbit/s", "Gb/CPUs", "ratio", "KiB idle", "KiB busy", "lost", "p50 us", "p99 us",
           "echo50", "echo99", "p99/e");
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  double x = ((const Row *) a)->per_cpu, y = ((const Row *) b)->per_cpu;

  return (x > y) - (x < y);
}

/* -- All of it */

static GArray *
parse_list (const char *text, guint64 min, guint64 max)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  g_autoptr (GArray) list = g_array_new (FALSE, FALSE, sizeof (guint));

  for (gsize i = 0; parts[i]; i++) {
    guint64 value;
    guint number;

    if (!g_ascii_string_to_unsigned (parts[i], 10, min, max, &value, NULL))
      return NULL;
    number = (guint) value;
    g_array_append_val (list, number);
  }
  return list->len > 0 ? g_steal_pointer (&list) : NULL;
}

static gboolean
run_all (Bench *self, GArray *subscribers, GArray *sizes, GError **error)
{
  print_head (self);
  for (guint s = 0; s < sizes->len; s++)
    for (guint n = 0; n < subscribers->len; n++) {
      g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (Row));

      for (int i = 0; i < self->options->repeat; i++) {
        Row row = { .subscribers = g_array_index (subscribers, guint, n),
                    .size = g_array_index (sizes, guint, s) };

        if (!run_once (self, &row, error))
          return FALSE;
        print_row (self, &row, "run");
        g_array_append_val (rows, row);
      }
      /* Of the runs, that with the median of bytes a CPU-second. */
      g_array_sort (rows, compare_rows);
      if (rows->len > 1)
        print_row (self, &g_array_index (rows, Row, rows->len / 2), "median");
    }
  return TRUE;
}

static EcToolStatus
bench (const Options *options, gboolean only_ceiling)
{
  Bench self = { .options = options };
  g_autoptr (GArray) subscribers =
      parse_list (options->subscribers ? options->subscribers : "1,10,100,400", 1, 100000);
  g_autoptr (GArray) sizes =
      parse_list (options->sizes ? options->sizes : "1024,16384,65536", 16, 16 << 20);
  g_autoptr (GError) error = NULL;

  if (!subscribers || !sizes || !(options->duration > 0) || !(options->warm_up >= 0) ||
      options->repeat < 1 || (options->uri && options->pid <= 0)) {
    g_printerr (
        "ec bench: lists are of numbers with commas between them, seconds are positive, and "
        "--uri needs --pid.\n");
    return EC_TOOL_USAGE;
  }
  if (!ec_bench_ceiling_measure (&self.ceiling, CEILING_SECONDS, &error))
    return ec_tool_fail ("bench", error);
  print_ceiling (&self);
  if (!only_ceiling && !run_all (&self, subscribers, sizes, &error))
    return ec_tool_fail ("bench", error);
  return EC_TOOL_DONE;
}

EcToolStatus
ec_verb_bench (int argc, char **argv)
{
  Options options = { .bit_rate = 2, .duration = 5, .warm_up = 2, .group = 30, .repeat = 1 };
  EcToolStatus status = EC_TOOL_USAGE;
  EcBenchLoad load;

  if (!parse (&options, &argc, &argv, &status)) {
    clear_options (&options);
    return status;
  }
  load = (EcBenchLoad){
    .uri = options.uri,
    .ca_file = options.ca_file,
    .hashes = options.hashes,
    .protocols = options.protocols,
    .space = options.space ? options.space : (char *) SPACE,
    .track = (char *) TRACK,
    .subscribers = options.subscribers ? (int) g_ascii_strtoll (options.subscribers, NULL, 10) : 1,
    .object_size = options.sizes ? (int) g_ascii_strtoll (options.sizes, NULL, 10) : 1024,
    .rate = options.object_rate,
    .group = MAX (options.group, 1),
  };
  if (options.group < 1 || !(options.bit_rate > 0) || !(options.object_rate >= 0))
    g_printerr ("ec bench: a group has an object or more, and rates are positive.\n");
  else if (g_str_equal (argv[1], "relay") || g_str_equal (argv[1], "ceiling"))
    status = bench (&options, g_str_equal (argv[1], "ceiling"));
  else if (g_str_equal (argv[1], "publish") && load.uri && load.rate > 0 && load.object_size >= 16)
    status = ec_bench_publish (&load);
  else if (g_str_equal (argv[1], "subscribe") && load.uri && load.subscribers > 0)
    status = ec_bench_subscribe (&load);
  else
    g_printerr ("ec bench: “%s” cannot be measured. Try “relay” or “ceiling”.\n", argv[1]);
  clear_options (&options);
  return status;
}
