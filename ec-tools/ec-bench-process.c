/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-bench.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int
compare (gconstpointer a, gconstpointer b)
{
  guint32 x = *(const guint32 *) a, y = *(const guint32 *) b;

  return (x > y) - (x < y);
}

double
ec_bench_quantile (GArray *samples, double q)
{
  if (samples->len == 0)
    return NAN;
  g_array_sort (samples, compare);
  return g_array_index (samples, guint32, (guint) (q * (samples->len - 1) + 0.5));
}

gboolean
ec_bench_process_look (int pid, double *cpu_seconds, gsize *resident)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", pid);
  g_autofree char *statm = NULL;
  g_auto (GStrv) pages = NULL;
  struct timespec time;
  clockid_t clock;

  /* To the nanosecond: a relay with one subscriber takes less than the hundredths of a second that proc(5) counts in. */
  if (clock_getcpuclockid (pid, &clock) != 0 || clock_gettime (clock, &time) < 0 ||
      !g_file_get_contents (path, &statm, NULL, NULL))
    return FALSE;
  pages = g_strsplit (statm, " ", -1);
  if (g_strv_length (pages) < 2)
    return FALSE;
  *cpu_seconds = (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
  *resident = g_ascii_strtoull (pages[1], NULL, 10) * (gsize) sysconf (_SC_PAGESIZE);
  return TRUE;
}

EcBenchChild *
ec_bench_child_start (const char *const *argv, GError **error)
{
  EcBenchChild *self;
  GSubprocess *process = g_subprocess_newv (
      argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, error);

  if (!process)
    return NULL;
  self = g_new0 (EcBenchChild, 1);
  self->process = process;
  self->input = g_subprocess_get_stdin_pipe (process);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (process));
  return self;
}

gboolean
ec_bench_child_tell (EcBenchChild *self, const char *line, GError **error)
{
  g_autofree char *text = g_strconcat (line, "\n", NULL);

  return g_output_stream_write_all (self->input, text, strlen (text), NULL, NULL, error);
}

JsonObject *
ec_bench_child_ask (EcBenchChild *self, GError **error)
{
  for (;;) {
    g_autofree char *line = NULL;
    g_autoptr (JsonNode) node = NULL;
    GError *failure = NULL;

    line = g_data_input_stream_read_line (self->output, NULL, ec_tool_get_cancellable (), &failure);
    if (!line) {
      if (failure)
        g_propagate_error (error, failure);
      else
        g_set_error (
            error, G_IO_ERROR, G_IO_ERROR_FAILED,
            "A process of the benchmark has ended too early; what it wrote above says why.");
      return NULL;
    }
    node = json_from_string (line, NULL);
    if (node && JSON_NODE_HOLDS_OBJECT (node))
      return json_node_dup_object (node);
  }
}

int
ec_bench_child_get_pid (EcBenchChild *self)
{
  const char *id = g_subprocess_get_identifier (self->process);

  return id ? (int) g_ascii_strtoll (id, NULL, 10) : 0;
}

void
ec_bench_child_free (EcBenchChild *self)
{
  g_subprocess_send_signal (self->process, SIGKILL);
  g_subprocess_wait (self->process, NULL, NULL);
  g_object_unref (self->output);
  g_object_unref (self->process);
  g_free (self);
}
