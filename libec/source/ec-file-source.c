/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ec-error.h"
#include "source/ec-source-private.h"
#include "source/ec-source-scheme.h"

/*
 * Files, pipes and standard input. Pipes are polled together with the cancellable, so that closing
 * never waits for their writer.
 */

#define BLOCK_SIZE (256 * 1024)

typedef struct {
  char *path; /* NULL: standard input */
} FileData;

static void
file_data_free (gpointer user_data)
{
  FileData *data = user_data;

  g_free (data->path);
  g_free (data);
}

static void
set_errno (GError **error, int saved, const char *what)
{
  switch (saved) {
  case ENOENT:
  case ENOTDIR:
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_FOUND,
                 "There is no file “%s”. Check its name.", what);
    break;
  case EACCES:
  case EPERM:
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED,
                 "“%s” may not be read. Check its permissions.", what);
    break;
  case EISDIR:
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED,
                 "“%s” is a folder. Give one file in it.", what);
    break;
  default:
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED, "“%s” cannot be read: %s.", what,
                 g_strerror (saved));
  }
}

/* An open descriptor, or -1. A pipe without a writer does not hold us up, hence O_NONBLOCK. */
static int
open_path (const char *path, GError **error)
{
  struct stat st;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (fd < 0) {
    set_errno (error, errno, path);
    return -1;
  }
  if (fstat (fd, &st) == 0 && S_ISDIR (st.st_mode)) {
    set_errno (error, EISDIR, path);
    close (fd);
    return -1;
  }
  return fd;
}

static gboolean
is_pipe (int fd)
{
  struct stat st;

  return fstat (fd, &st) == 0 && !S_ISREG (st.st_mode) && !S_ISBLK (st.st_mode);
}

/* Waits until `fd` has something, its end included. */
static gboolean
wait_readable (int fd, GCancellable *cancellable, GError **error)
{
  GPollFD fds[2] = { { .fd = fd, .events = G_IO_IN | G_IO_HUP | G_IO_ERR } };
  gboolean watch = g_cancellable_make_pollfd (cancellable, &fds[1]);
  int n;

  do
    n = g_poll (fds, watch ? 2 : 1, -1);
  while (n < 0 && errno == EINTR);
  if (watch)
    g_cancellable_release_fd (cancellable);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
read_all (EcSourceCore *core, int fd, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *block = g_malloc (BLOCK_SIZE);
  gboolean pipe = is_pipe (fd);

  /* The writer of a pipe may take its time: that it is there is enough. */
  if (pipe)
    ec_source_core_opened (core);

  for (;;) {
    ssize_t n;

    if (pipe && !wait_readable (fd, cancellable, error))
      return FALSE;
    n = read (fd, block, BLOCK_SIZE);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      continue;
    if (n < 0) {
      set_errno (error, errno, ec_source_core_get_uri (core));
      return FALSE;
    }
    if (n == 0)
      return TRUE;
    if (!ec_source_core_push (core, g_bytes_new (block, (gsize) n), error))
      return FALSE;
  }
}

static gboolean
file_session (EcSourceCore *core, gpointer user_data, GCancellable *cancellable, GError **error)
{
  FileData *data = user_data;
  int fd = data->path ? open_path (data->path, error) : STDIN_FILENO;
  gboolean ok;

  if (fd < 0)
    return FALSE;
  ok = read_all (core, fd, cancellable, error);
  if (data->path)
    close (fd);
  return ok;
}

static const EcSourceBackend file_backend = { file_session, file_data_free };

EcSource *
ec_file_source_new (const char *uri, GError **error)
{
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;
  FileData *data;
  EcSource *self;

  if (g_ascii_strncasecmp (uri, "file:", 5) == 0) {
    g_autoptr (GError) local = NULL;

    path = g_filename_from_uri (uri, NULL, &local);
    if (path == NULL) {
      g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
                   "“%s” does not name a local file: %s.", uri, local->message);
      return NULL;
    }
  } else if (strcmp (uri, "-") != 0) {
    path = g_strdup (uri);
  }

  name = path ? g_path_get_basename (path) : g_strdup ("stdin");
  data = g_new0 (FileData, 1);
  data->path = g_steal_pointer (&path);
  self = ec_stream_source_new (uri, &file_backend, data);
  ec_source_core_set_names (ec_source_get_core (self), data->path ? name : "standard input", "file",
                            name);
  return self;
}
