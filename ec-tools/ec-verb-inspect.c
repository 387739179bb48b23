/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <stdio.h>

#define VERB "inspect"
/* Of a live source, unless told else. */
#define LIVE_SECONDS 10
/* A live source whose clocks tell nothing is left after this many times what was asked for. */
#define PATIENCE 2
#define PATIENCE_MIN (5 * G_USEC_PER_SEC)

static double opt_duration;
static gint64 opt_bytes;
static int opt_program;
static gboolean opt_json;

static const GOptionEntry entries[] = {
  { "duration", 'd', 0, G_OPTION_ARG_DOUBLE, &opt_duration,
    "Look at SECONDS of the stream (default: 10 of a live source, else all)", "SECONDS" },
  { "bytes", 'b', 0, G_OPTION_ARG_INT64, &opt_bytes, "Look at N bytes at most", "N" },
  { "program", 'p', 0, G_OPTION_ARG_INT, &opt_program, "Report on program N only", "N" },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &opt_json, "Print the report as one JSON object", NULL },
  { NULL },
};

static const char description[] =
    "Tells what is in a transport stream: its programs and what they are made of, its rate, its\n"
    "clocks and tables, where decoding can start, what was lost on the way, and under which name\n"
    "a program can be shared.\n"
    "\n"
    "Examples:\n"
    "  ec inspect recording.ts                       a recording, all of it\n"
    "  ec inspect hdhomerun://10A12347/5.1 -d 30     half a minute of a channel\n"
    "  ec inspect chunks/886183200.ts                a chunk\n"
    "  ec inspect recording.ts --json | jq '.programs[].name'\n"
    "\n"
    "The exit status says whether there was a transport stream to report on, not whether it is\n"
    "without errors.\n";

typedef struct {
  EcSource *source;
  EcInspector *inspector;
  guint64 n_bytes;
  gint64 started; /* monotonic time of the first byte */
  double seconds; /* to look at; 0: all */
  GError *error;
} Run;

static void
show_progress (Run *run)
{
  g_autofree char *size = g_format_size (run->n_bytes);
  double seconds = (double) ec_inspector_get_duration (run->inspector) / G_USEC_PER_SEC;

  if (run->seconds > 0)
    ec_tool_progress ("%.1f of %g s, %s", seconds, run->seconds, size);
  else
    ec_tool_progress ("%.1f s, %s", seconds, size);
}

static gboolean
is_enough (Run *run)
{
  gint64 wanted = (gint64) (run->seconds * G_USEC_PER_SEC);

  if (opt_bytes > 0 && run->n_bytes >= (guint64) opt_bytes)
    return TRUE;
  if (wanted == 0)
    return FALSE;
  if (ec_inspector_get_duration (run->inspector) >= wanted)
    return TRUE;
  return run->started != 0 && ec_source_get_live (run->source) &&
         g_get_monotonic_time () - run->started >= wanted * PATIENCE + PATIENCE_MIN;
}

static void
push (Run *run, GBytes *bytes, gboolean discontinuity)
{
  g_autoptr (GBytes) some = NULL;
  gsize size = g_bytes_get_size (bytes);

  if (run->started == 0)
    run->started = g_get_monotonic_time ();
  if (opt_bytes > 0)
    size = (gsize) MIN ((guint64) size, (guint64) opt_bytes - run->n_bytes);
  if (discontinuity)
    ec_inspector_push_discontinuity (run->inspector);
  some = g_bytes_new_from_bytes (bytes, 0, size);
  ec_inspector_push (run->inspector, some);
  run->n_bytes += size;
}

/* Reads until there is enough, the source ends or fails, or the user has seen enough. */
static void
read_source (Run *run)
{
  GCancellable *cancellable = ec_tool_get_cancellable ();

  while (!is_enough (run)) {
    gboolean discontinuity = FALSE;
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) bytes = ec_source_read (run->source, &discontinuity, cancellable, &error);

    if (error && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      run->error = g_steal_pointer (&error);
    if (!bytes)
      break;
    push (run, bytes, discontinuity);
    show_progress (run);
  }
  ec_inspector_finish (run->inspector);
}

static gboolean
prepare (Run *run, const char *uri)
{
  guint program;

  run->source = ec_source_new_for_uri (uri, &run->error);
  if (!run->source || !ec_source_open (run->source, ec_tool_get_cancellable (), &run->error))
    return FALSE;

  program = opt_program ? (guint) opt_program : ec_source_get_program_number (run->source);
  run->inspector = ec_inspector_new (program);
  run->seconds = opt_duration;
  if (ec_source_get_live (run->source) && opt_duration == 0 && opt_bytes == 0)
    run->seconds = LIVE_SECONDS;
  return TRUE;
}

static void
print_report (Run *run)
{
  g_autofree char *title = ec_source_dup_title (run->source);
  g_autofree char *text =
      opt_json ? ec_inspector_to_json (run->inspector) : ec_inspector_to_text (run->inspector);

  ec_tool_progress_clear ();
  if (opt_json)
    g_print ("%s\n", text);
  else
    g_print ("%s\n%s", title, text);
  fflush (stdout);
}

EcToolStatus
ec_verb_inspect (int argc, char **argv)
{
  EcToolStatus status = EC_TOOL_DONE;
  Run run = { 0 };

  if (!ec_tool_parse (&argc, &argv, entries, "SOURCE", "Explain a transport stream.", description,
                      1, 1, &status))
    return status;
  if (opt_program < 0 || opt_program > 65535 || opt_bytes < 0 || !(opt_duration >= 0) ||
      opt_duration > 1e9) {
    g_printerr ("ec inspect: a number is out of range.\n");
    return EC_TOOL_USAGE;
  }

  if (prepare (&run, argv[1]))
    read_source (&run);
  ec_tool_progress_clear ();

  /* What was read before a source failed is worth a report, too. */
  if (run.inspector && ec_inspector_get_n_packets (run.inspector) > 0 &&
      ec_inspector_check (run.inspector, run.error ? NULL : &run.error))
    print_report (&run);
  else if (run.inspector && !run.error)
    (void) ec_inspector_check (run.inspector, &run.error);
  if (run.error)
    status = ec_tool_fail (VERB, run.error);

  if (run.source)
    ec_source_close (run.source);
  g_clear_object (&run.inspector);
  g_clear_object (&run.source);
  g_clear_error (&run.error);
  return status;
}
