/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 5)

gboolean
ec_tool_parse (int *argc,
               char ***argv,
               const GOptionEntry *entries,
               const char *usage,
               const char *summary,
               const char *description,
               int min_arguments,
               int max_arguments,
               EcToolStatus *status)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *verb = g_strdup ((*argv)[0]);
  g_autofree char *name = g_strdup_printf ("ec %s", verb);
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  int arguments;

  g_set_prgname (name);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);

  if (!g_option_context_parse (context, argc, argv, &error)) {
    g_printerr ("%s: %s\nTry “%s --help”.\n", name, error->message, name);
    *status = EC_TOOL_USAGE;
    return FALSE;
  }

  arguments = *argc - 1;
  if (arguments < min_arguments || arguments > max_arguments) {
    g_printerr ("%s: %s\nUsage: %s %s\nTry “%s --help”.\n", name,
                arguments < min_arguments ? "something is missing." : "too many arguments.", name,
                usage, name);
    *status = EC_TOOL_USAGE;
    return FALSE;
  }

  return TRUE;
}

EcToolStatus
ec_tool_fail (const char *verb, const GError *error)
{
  ec_tool_progress_clear ();
  g_printerr ("ec %s: %s\n", verb, error->message);
  return g_error_matches (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI) ||
                 g_error_matches (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI)
             ? EC_TOOL_USAGE
             : EC_TOOL_FAILED;
}

void
ec_tool_add_seconds (JsonBuilder *builder, const char *member, double seconds)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_double_value (builder, (double) (gint64) (seconds * 1e6 + 0.5) / 1e6);
}

void
ec_tool_print_json (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, FALSE);

  ec_tool_progress_clear ();
  fputs (text, stdout);
  fputc ('\n', stdout);
  fflush (stdout);
  json_node_unref (node);
}

void
ec_tool_print_builder (JsonBuilder *builder)
{
  ec_tool_print_json (json_builder_get_root (builder));
}

gboolean
ec_tool_check_output (GError **error)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                       "Writing to standard output failed. Has its reader ended, or is the disk "
                       "full?");
  return FALSE;
}

char *
ec_tool_read_secret (const char *path, const char *what, GError **error)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, error)) {
    g_prefix_error (error, "%s cannot be read. ", what);
    return NULL;
  }
  text[strcspn (text, "\r\n")] = '\0';
  if (*text)
    return g_steal_pointer (&text);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "%s “%s” is empty. Put a secret into its first line.", what, path);
  return NULL;
}

gboolean
ec_tool_set_token (EcMoqConnectOptions *options, const char *text, GError **error)
{
  g_autofree char *secret = NULL;

  if (text && *text == '@') {
    secret = ec_tool_read_secret (text + 1, "The token's file", error);
    if (!secret)
      return FALSE;
    text = secret;
  }
  ec_moq_connect_options_set_token_text (options, text);
  return TRUE;
}

int
ec_tool_get_open_flags (const char *path, gboolean force)
{
  struct stat st;
  gboolean special = stat (path, &st) == 0 && !S_ISREG (st.st_mode);

  return O_WRONLY | O_CREAT | O_CLOEXEC | (force || special ? O_TRUNC : O_EXCL);
}

static gpointer
wait_for_signals (gpointer data)
{
  GCancellable *cancellable = data;
  sigset_t set;
  int signum;

  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);

  if (sigwait (&set, &signum) == 0)
    g_cancellable_cancel (cancellable);
  if (sigwait (&set, &signum) == 0)
    _exit (128 + signum);
  return NULL;
}

GCancellable *
ec_tool_get_cancellable (void)
{
  static GCancellable *cancellable;

  if (g_once_init_enter (&cancellable)) {
    GCancellable *made = g_cancellable_new ();
    sigset_t set;

    /* Blocked here, before any other thread starts, so that only the waiter receives them. */
    sigemptyset (&set);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGTERM);
    pthread_sigmask (SIG_BLOCK, &set, NULL);
    g_thread_unref (g_thread_new ("ec-signals", wait_for_signals, made));
    g_once_init_leave (&cancellable, made);
  }

  return cancellable;
}

static gboolean progress_shown;

void
ec_tool_progress (const char *format, ...)
{
  static gint64 last;
  gint64 now = g_get_monotonic_time ();
  g_autofree char *text = NULL;
  va_list args;

  if (!isatty (STDERR_FILENO) || (last != 0 && now - last < PROGRESS_INTERVAL))
    return;
  last = now;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  fprintf (stderr, "\r\033[K%s", text);
  fflush (stderr);
  progress_shown = TRUE;
}

void
ec_tool_progress_clear (void)
{
  if (!progress_shown)
    return;
  fputs ("\r\033[K", stderr);
  fflush (stderr);
  progress_shown = FALSE;
}
