/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *output;
static double duration;
static gint64 max_bytes;
static gboolean force;
static gboolean as_json;

static const GOptionEntry entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write to FILE; - is standard output",
    "FILE" },
  { "duration", 'd', 0, G_OPTION_ARG_DOUBLE, &duration, "Stop after so many seconds", "SECONDS" },
  { "bytes", 'n', 0, G_OPTION_ARG_INT64, &max_bytes, "Stop after so many bytes", "N" },
  { "force", 'f', 0, G_OPTION_ARG_NONE, &force, "Overwrite FILE if it is there", NULL },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Tell the outcome as a JSON object", NULL },
  { NULL },
};

static const char description[] =
    "Writes the transport stream as it comes, until the source ends, --duration or --bytes is "
    "reached,\n"
    "or Ctrl-C; all of these are a good end, and what was written is safe on the disk then. A "
    "live\n"
    "source that is lost is waited for and goes on in the same file.\n"
    "\n"
    "A tuner's channel is recorded with the whole multiplex around it where the device allows it;\n"
    "?mux=no at the end of the address asks for the one program.\n"
    "\n"
    "Examples:\n"
    "  ec record hdhomerun://10A12347/5.1 -o news.ts --duration 1800\n"
    "  ec record 'hdhomerun://192.168.1.5/5.1?mux=no' -o - | ffplay -\n"
    "  ec record udp://@239.1.1.1:1234 -o group.ts --bytes 100000000\n"
    "  ec record moqt://relay.example:4443/ec/v1/atsc/2065/3/ts-canonical-1 -o live.ts\n"
    "\n"
    "With --json, one object at the end: uri, file, bytes, seconds, discontinuities, extent (mux,\n"
    "program or unknown), program_number and, if it failed or the end is missing, error; of a\n"
    "broadcast (moqt://…) also chunks, verified, unverified, forged, lost, filled and reconnects.";

#define PROGRESS_TIME 250 /* ms */
#define FIFO_TIME 50      /* ms, between looks whether somebody reads a FIFO */

typedef struct {
  EcSource *source;
  GCancellable *stop; /* Ctrl-C, the end of the duration */
  GPollFD stop_fd;    /* of `stop` */
  int fd;
  gboolean regular; /* a file, to be synced */
  gint64 start;     /* µs, monotonic; 0: nothing was recorded yet */
  GMutex mutex;
  guint64 bytes;         /* under the mutex, as the watcher shows it */
  guint discontinuities; /* likewise */
  GError *lost;          /* why nothing came at the end, or NULL; owned */

  /* The watcher's. */
  guint64 seen_bytes;
  gint64 seen_us; /* when they were as many first, monotonic */
  gboolean told_lost;
} Recording;

static EcToolStatus
usage (const char *message)
{
  g_printerr ("ec record: %s\nTry “ec record --help”.\n", message);
  return EC_TOOL_USAGE;
}

/* --- The file ---------------------------------------------------------------------------- */

static gboolean
is_fifo (const char *path)
{
  struct stat st;

  return stat (path, &st) == 0 && S_ISFIFO (st.st_mode);
}

/* Waits for somebody to read the FIFO, but no longer than the duration, nor past Ctrl-C. -1: as by
 * errno, EINTR where it was stopped. */
static int
open_fifo (const char *path, GCancellable *stop)
{
  gint64 end = g_get_monotonic_time () + (gint64) (duration * G_USEC_PER_SEC);
  GPollFD poll;
  int fd;

  if (!g_cancellable_make_pollfd (stop, &poll))
    return open (path, O_WRONLY | O_CLOEXEC);
  while ((fd = open (path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)) < 0 && errno == ENXIO) {
    gint64 left = duration > 0 ? (end - g_get_monotonic_time () + 999) / 1000 : FIFO_TIME;

    ec_tool_progress ("Waiting for a reader of %s…", path);
    if (left <= 0 || g_poll (&poll, 1, (int) MIN (left, FIFO_TIME)) > 0) {
      errno = EINTR;
      break;
    }
  }
  g_cancellable_release_fd (stop);
  return fd;
}

static gboolean
open_output (Recording *recording, GError **error)
{
  struct stat st;

  if (strcmp (output, "-") == 0) {
    recording->fd = STDOUT_FILENO;
    return TRUE;
  }

  recording->fd = is_fifo (output) ? open_fifo (output, ec_tool_get_cancellable ())
                                   : open (output, ec_tool_get_open_flags (output, force), 0666);
  if (recording->fd >= 0) {
    recording->regular = fstat (recording->fd, &st) == 0 && S_ISREG (st.st_mode);
    return TRUE;
  }
  if (errno == EINTR)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                 "nobody read the FIFO “%s”; nothing was written.", output);
  else if (errno == EEXIST)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "“%s” is there already. Choose another name, or overwrite it with --force.",
                 output);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "“%s” cannot be written: %s. Check the folder and its permissions.", output,
                 g_strerror (errno));
  return FALSE;
}

static gboolean
set_write_error (int saved, GError **error)
{
  const char *advice = "";

  if (saved == ENOSPC || saved == EDQUOT)
    advice = " Free some space, or choose another disk; what was written so far is kept.";
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "Writing to %s failed: %s.%s",
               strcmp (output, "-") == 0 ? "standard output" : output, g_strerror (saved), advice);
  return FALSE;
}

/* Until a pipe or terminal takes PIPE_BUF bytes, or it is time to stop: then FALSE. Whoever reads it
 * may have stopped reading. */
static gboolean
wait_writable (Recording *recording, GError **error)
{
  GPollFD fds[] = { recording->stop_fd, { .fd = recording->fd, .events = G_IO_OUT } };

  while (g_poll (fds, G_N_ELEMENTS (fds), -1) < 0 && errno == EINTR)
    ;
  return !g_cancellable_set_error_if_cancelled (recording->stop, error);
}

static gboolean
write_all (Recording *recording, const guint8 *data, gsize size, GError **error)
{
  while (size > 0) {
    ssize_t n;

    if (!recording->regular && !wait_writable (recording, error))
      return FALSE;
    n = write (recording->fd, data, recording->regular ? size : MIN (size, PIPE_BUF));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0)
      return set_write_error (errno, error);
    data += n;
    size -= (gsize) n;
    g_mutex_lock (&recording->mutex);
    recording->bytes += (guint64) n;
    g_mutex_unlock (&recording->mutex);
  }
  return TRUE;
}

/* A failed fsync() or close() means that the data may be gone: it is told, and never tried again. */
static gboolean
close_output (Recording *recording, GError **error)
{
  int fd = recording->fd;

  recording->fd = -1;
  if (fd < 0 || fd == STDOUT_FILENO)
    return TRUE;
  if (recording->regular && fsync (fd) < 0) {
    int saved = errno;

    close (fd);
    return set_write_error (saved, error);
  }
  if (close (fd) < 0 && errno != EINTR)
    return set_write_error (errno, error);
  return TRUE;
}

/* --- Recording --------------------------------------------------------------------------- */

static double
elapsed (const Recording *recording)
{
  if (recording->start == 0)
    return 0;
  return (double) (g_get_monotonic_time () - recording->start) / G_USEC_PER_SEC;
}

static void
show_progress (Recording *recording)
{
  double seconds = elapsed (recording);
  EcSourceState state = ec_source_get_state (recording->source);
  g_autofree char *size = NULL;
  guint discontinuities;
  guint64 bytes;

  g_mutex_lock (&recording->mutex);
  bytes = recording->bytes;
  discontinuities = recording->discontinuities;
  g_mutex_unlock (&recording->mutex);

  size = g_format_size (bytes);
  ec_tool_progress ("%.0f s  %s  %.1f Mb/s  %u discontinuities%s", seconds, size,
                    seconds > 0 ? (double) bytes * 8 / seconds / 1e6 : 0, discontinuities,
                    state == EC_SOURCE_STATE_RECONNECTING ? "  reconnecting…"
                    : state == EC_SOURCE_STATE_STALLED    ? "  stalled…"
                                                          : "");
}

/* A line when the source is lost, and one when something comes of it again: who reads a log sees why there is a hole. */
static void
tell_losses (Recording *recording)
{
  gint64 now = g_get_monotonic_time ();
  gboolean lost = ec_source_get_state (recording->source) == EC_SOURCE_STATE_RECONNECTING;
  g_autoptr (GError) why = NULL;
  guint64 bytes;

  g_mutex_lock (&recording->mutex);
  bytes = recording->bytes;
  g_mutex_unlock (&recording->mutex);

  if (recording->told_lost && !lost && bytes > recording->seen_bytes) {
    ec_tool_progress_clear ();
    g_printerr ("ec record: it goes on, after %.0f s.\n",
                (double) (now - recording->seen_us) / G_USEC_PER_SEC);
    recording->told_lost = FALSE;
  }
  if (bytes != recording->seen_bytes) {
    recording->seen_bytes = bytes;
    recording->seen_us = now;
  }
  why = lost && !recording->told_lost ? ec_source_dup_error (recording->source) : NULL;
  if (!why)
    return;
  ec_tool_progress_clear ();
  g_printerr ("ec record: %s It is tried again and again.\n", why->message);
  recording->told_lost = TRUE;
}

/* Cancels when the time is over or Ctrl-C was pressed, so that a silent source holds nobody up, and
 * shows how it goes. */
static gpointer
watch_time (gpointer user_data)
{
  Recording *recording = user_data;
  GCancellable *interrupted = ec_tool_get_cancellable ();
  gint64 end = recording->start + (gint64) (duration * G_USEC_PER_SEC);
  GPollFD fds[2];

  if (!g_cancellable_make_pollfd (interrupted, &fds[0]) ||
      !g_cancellable_make_pollfd (recording->stop, &fds[1]))
    return NULL;
  while (!g_cancellable_is_cancelled (interrupted) &&
         !g_cancellable_is_cancelled (recording->stop)) {
    gint64 left = duration > 0 ? (end - g_get_monotonic_time () + 999) / 1000 : -1;

    if (duration > 0 && left <= 0)
      break;
    fds[0].revents = fds[1].revents = 0;
    g_poll (fds, 2, left < 0 ? PROGRESS_TIME : (int) MIN (left, PROGRESS_TIME));
    tell_losses (recording);
    show_progress (recording);
  }
  g_cancellable_cancel (recording->stop);
  g_cancellable_release_fd (interrupted);
  g_cancellable_release_fd (recording->stop);
  return NULL;
}

/* One block: FALSE at the end, good or bad. */
static gboolean
record_block (Recording *recording, GError **error)
{
  gboolean lost = FALSE;
  g_autoptr (GBytes) bytes = ec_source_read (recording->source, &lost, recording->stop, error);
  gsize size;
  const guint8 *data;

  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  g_mutex_lock (&recording->mutex);
  recording->discontinuities += lost ? 1 : 0;
  g_mutex_unlock (&recording->mutex);
  if (max_bytes > 0)
    size = (gsize) MIN ((guint64) size, (guint64) max_bytes - recording->bytes);
  if (!write_all (recording, data, size, error))
    return FALSE;
  return max_bytes <= 0 || recording->bytes < (guint64) max_bytes;
}

static gboolean
record (Recording *recording, GError **error)
{
  g_autoptr (GError) local = NULL;
  GThread *watcher;

  if (!g_cancellable_make_pollfd (recording->stop, &recording->stop_fd))
    recording->stop_fd.fd = -1;
  recording->start = recording->seen_us = g_get_monotonic_time ();
  watcher = g_thread_new ("ec-record-time", watch_time, recording);
  while (record_block (recording, &local))
    ;
  /* That it was stopped is no failure. */
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_clear_error (&local);
  g_cancellable_cancel (recording->stop);
  g_thread_join (watcher);
  if (recording->stop_fd.fd >= 0)
    g_cancellable_release_fd (recording->stop);
  recording->lost = ec_source_dup_error (recording->source);
  if (recording->lost == NULL && recording->bytes == 0 && ec_source_get_live (recording->source))
    recording->lost = g_error_new (EC_SOURCE_ERROR, EC_SOURCE_ERROR_STALLED,
                                   "Nothing came from %s.", ec_source_get_uri (recording->source));
  ec_source_close (recording->source);
  ec_tool_progress_clear ();

  if (local) {
    close_output (recording, NULL);
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  return close_output (recording, error);
}

static const char *
extent_name (EcSource *source)
{
  switch (ec_source_get_extent (source)) {
  case EC_SOURCE_EXTENT_MUX:
    return "mux";
  case EC_SOURCE_EXTENT_PROGRAM:
    return "program";
  case EC_SOURCE_EXTENT_UNKNOWN:
    break;
  }
  return "unknown";
}

/* What came of a broadcast, and whether it was right. */
static void
add_share_counts (JsonBuilder *builder, EcSource *source)
{
  const char *const names[] = { "n-chunks", "n-verified", "n-unverified", "n-forged",
                                "n-lost",   "n-filled",   "n-reconnects" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *member = g_strdelimit (g_strdup (names[i] + 2), "-", '_');
    guint64 value;

    g_object_get (source, names[i], &value, NULL);
    json_builder_set_member_name (builder, member);
    json_builder_add_int_value (builder, (gint64) value);
  }
}

static void
tell_json (const Recording *recording, double seconds, const GError *error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *file = g_filename_display_name (output);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "uri");
  json_builder_add_string_value (builder, ec_source_get_uri (recording->source));
  json_builder_set_member_name (builder, "file");
  json_builder_add_string_value (builder, file);
  json_builder_set_member_name (builder, "bytes");
  json_builder_add_int_value (builder, (gint64) recording->bytes);
  ec_tool_add_seconds (builder, "seconds", seconds);
  json_builder_set_member_name (builder, "discontinuities");
  json_builder_add_int_value (builder, recording->discontinuities);
  json_builder_set_member_name (builder, "extent");
  json_builder_add_string_value (builder, extent_name (recording->source));
  json_builder_set_member_name (builder, "program_number");
  json_builder_add_int_value (builder, ec_source_get_program_number (recording->source));
  if (EC_IS_SHARE_SOURCE (recording->source))
    add_share_counts (builder, recording->source);
  if (error) {
    json_builder_set_member_name (builder, "error");
    json_builder_add_string_value (builder, error->message);
  }
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
}

static void
tell (const Recording *recording, double seconds, const GError *error)
{
  g_autofree char *size = g_format_size (recording->bytes);

  if (error == NULL && recording->lost)
    g_printerr ("ec record: the end is missing. %s\n", recording->lost->message);
  if (as_json)
    tell_json (recording, seconds, error ? error : recording->lost);
  else if (error == NULL)
    g_printerr ("%s in %.1f s, %u discontinuities\n", size, seconds, recording->discontinuities);
}

/* A FIFO first: until somebody reads it no tuner is held. A file last: it is not made for nothing. */
static gboolean
open_both (Recording *recording, GError **error)
{
  gboolean fifo = is_fifo (output);

  if (fifo && !open_output (recording, error))
    return FALSE;
  ec_tool_progress ("Opening %s…", ec_source_get_uri (recording->source));
  if (!ec_source_open (recording->source, ec_tool_get_cancellable (), error)) {
    if (error && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      g_clear_error (error);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                           "stopped before the stream began; nothing was written.");
    }
    return FALSE;
  }
  return fifo || open_output (recording, error);
}

EcToolStatus
ec_verb_record (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcSource) source = NULL;
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  Recording recording = { .stop = stop, .fd = -1 };
  EcToolStatus status;
  gboolean ok;

  if (!ec_tool_parse (&argc, &argv, entries, "SOURCE", "Write what a source sends to a file.",
                      description, 1, 1, &status))
    return status;
  if (output == NULL)
    return usage ("where to? Say -o FILE, or -o - for standard output.");
  if (duration < 0 || duration > 1e9 || max_bytes < 0)
    return usage ("--duration and --bytes must not be negative.");
  if (as_json && strcmp (output, "-") == 0)
    return usage ("--json and -o - would both write to standard output.");

  /* Before any thread starts: the signals must be blocked in all of them. */
  ec_tool_get_cancellable ();
  source = ec_source_new_for_uri (argv[1], &error);
  if (source == NULL) {
    ec_tool_fail ("record", error);
    return EC_TOOL_USAGE;
  }
  recording.source = source;

  ok = open_both (&recording, &error) && record (&recording, &error);
  tell (&recording, elapsed (&recording), error);
  g_clear_error (&recording.lost);
  return ok ? EC_TOOL_DONE : ec_tool_fail ("record", error);
}
