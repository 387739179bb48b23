/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-device.h"

/* The tool's verbs about sources, as processes of their own, on a device on loopback. */

typedef struct {
  char *out;
  char *err;
  int status;
} Run;

static void
run_clear (Run *run)
{
  g_clear_pointer (&run->out, g_free);
  g_clear_pointer (&run->err, g_free);
}

static GSubprocess *
start (FakeDevice *device, const char *const *arguments)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autofree char *tool = g_test_build_filename (G_TEST_BUILT, "..", "ec-tools", "ec", NULL);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  GSubprocess *process;

  if (device) {
    g_autofree char *host = fake_device_host (device);

    g_subprocess_launcher_setenv (launcher, "EC_DEVICES", host, TRUE);
  }
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C.UTF-8", TRUE);
  g_ptr_array_add (argv, tool);
  for (; *arguments; arguments++)
    g_ptr_array_add (argv, (gpointer) *arguments);
  g_ptr_array_add (argv, NULL);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, &error);
  g_assert_no_error (error);
  return process;
}

static void
finish (GSubprocess *process, Run *run)
{
  g_autoptr (GError) error = NULL;

  g_subprocess_communicate_utf8 (process, NULL, NULL, &run->out, &run->err, &error);
  g_assert_no_error (error);
  run->status = g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : -1;
  g_test_message ("%d: %s", run->status, run->err);
}

#define RUN(run, device, ...)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const char *const arguments_[] = { __VA_ARGS__, NULL };                                        \
    g_autoptr (GSubprocess) process_ = start (device, arguments_);                                 \
                                                                                                   \
    run_clear (run);                                                                               \
    finish (process_, run);                                                                        \
  }                                                                                                \
  G_STMT_END

static char *
temp_path (const char *name)
{
  g_autofree char *folder = g_dir_make_tmp ("ec-verbs-XXXXXX", NULL);

  return g_build_filename (folder, name, NULL);
}

static void
remove_temp (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  g_unlink (path);
  g_rmdir (folder);
}

static gsize
file_size (const char *path)
{
  GStatBuf st;

  return g_stat (path, &st) == 0 ? (gsize) st.st_size : 0;
}

static void
test_usage (void)
{
  Run run = { 0 };

  RUN (&run, NULL, "record");
  g_assert_cmpint (run.status, ==, 2);
  RUN (&run, NULL, "record", "-");
  g_assert_cmpint (run.status, ==, 2);
  RUN (&run, NULL, "record", "gopher://x", "-o", "-");
  g_assert_cmpint (run.status, ==, 2);
  RUN (&run, NULL, "discover", "--timeout", "nan");
  g_assert_cmpint (run.status, ==, 2);
  RUN (&run, NULL, "channels", "a", "b");
  g_assert_cmpint (run.status, ==, 2);
  RUN (&run, NULL, "record", "--help");
  g_assert_cmpint (run.status, ==, 0);
  g_assert_nonnull (strstr (run.out, "Examples:"));
  run_clear (&run);
}

static void
test_discover (void)
{
  FakeDevice *device = fake_device_new ("10A12347");
  Run run = { 0 };

  RUN (&run, device, "discover", "--no-broadcast", "--json");
  g_assert_cmpint (run.status, ==, 0);
  g_assert_nonnull (strstr (run.out, "\"device_id\":\"10A12347\""));
  g_assert_nonnull (strstr (run.out, "\"channels\":5"));
  g_assert_null (strstr (run.out, "sEcReT"));

  RUN (&run, NULL, "discover", "--no-broadcast");
  g_assert_cmpint (run.status, ==, 1);
  g_assert_cmpstr (run.out, ==, "");
  run_clear (&run);
  fake_device_free (device);
}

static void
test_channels (void)
{
  FakeDevice *device = fake_device_new ("10A12347");
  g_autofree char *host = fake_device_host (device);
  g_auto (GStrv) lines = NULL;
  Run run = { 0 };

  RUN (&run, NULL, "channels", host, "--json");
  g_assert_cmpint (run.status, ==, 0);
  lines = g_strsplit (run.out, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 6);
  g_assert_true (g_str_has_prefix (lines[0], "{\"device\":\"10A12347\",\"number\":\"5.1\""));

  RUN (&run, NULL, "channels", host, "--favorites");
  g_assert_cmpint (run.status, ==, 0);
  g_assert_nonnull (strstr (run.out, "KABC2"));
  g_assert_null (strstr (run.out, "TEN"));

  device->lineup = "[]";
  RUN (&run, NULL, "channels", host);
  g_assert_nonnull (strstr (run.err, "not scanned"));
  run_clear (&run);
  fake_device_free (device);
}

static void
test_record (void)
{
  FakeDevice *device = fake_device_new ("10A12347");
  g_autofree char *uri = fake_device_uri (device, "5.1");
  g_autofree char *pay = fake_device_uri (device, "7.1");
  g_autofree char *path = temp_path ("a.ts");
  Run run = { 0 };

  RUN (&run, NULL, "record", uri, "-o", path, "--bytes", "30000", "--json");
  g_assert_cmpint (run.status, ==, 0);
  g_assert_cmpuint (file_size (path), ==, 30000);
  g_assert_nonnull (strstr (run.out, "\"extent\":\"mux\""));
  g_assert_nonnull (strstr (run.out, "\"program_number\":3"));

  /* Never overwritten unasked; refused before a file is made. */
  RUN (&run, NULL, "record", uri, "-o", path);
  g_assert_cmpint (run.status, ==, 1);
  g_assert_cmpuint (file_size (path), ==, 30000);
  RUN (&run, NULL, "record", uri, "-o", path, "--force", "--duration", "0.3");
  g_assert_cmpint (run.status, ==, 0);
  g_assert_cmpuint (file_size (path), !=, 30000);
  g_unlink (path);
  RUN (&run, NULL, "record", pay, "-o", path);
  g_assert_cmpint (run.status, ==, 1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  RUN (&run, NULL, "record", pay, "-o", path, "--json");
  g_assert_cmpint (run.status, ==, 1);
  g_assert_nonnull (strstr (run.out, "\"bytes\":0"));
  g_assert_nonnull (strstr (run.out, "\"error\":\""));
  remove_temp (path);

  RUN (&run, NULL, "record", uri, "-o", "/dev/full", "--force");
  g_assert_cmpint (run.status, ==, 1);
  g_assert_nonnull (strstr (run.err, "No space left"));
  run_clear (&run);
  g_assert_true (fake_server_wait_open (device->server, 0));
  g_assert_cmpuint (fake_device_get_held (device), ==, 0);
  fake_device_free (device);
}

/* A reader of the FIFO that never reads; one write fills it. */
static int
open_idle_reader (const char *path)
{
  int fd = g_open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_SETPIPE_SZ, PIPE_BUF), ==, PIPE_BUF);
  return fd;
}

/* Whoever reads a FIFO may not come, or may stop reading: both end in time, and hold no tuner. */
static void
test_fifo (void)
{
  FakeDevice *device = fake_device_new ("10A12347");
  g_autofree char *uri = fake_device_uri (device, "5.1");
  g_autofree char *path = temp_path ("fifo");
  const char *const endless[] = { "record", uri, "-o", path, NULL };
  g_autoptr (GSubprocess) process = NULL;
  Run run = { 0 };
  gint64 until;
  int reader, filled;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  RUN (&run, NULL, "record", uri, "-o", path, "--duration", "0.3", "--json");
  g_assert_cmpint (run.status, ==, 1);
  g_assert_nonnull (strstr (run.out, "nobody read"));

  reader = open_idle_reader (path);
  RUN (&run, NULL, "record", uri, "-o", path, "--duration", "1");
  g_assert_cmpint (run.status, ==, 0);
  g_assert_cmpint (ioctl (reader, FIONREAD, &filled), ==, 0);
  g_assert_cmpint (filled, >, 0);
  close (reader);

  reader = open_idle_reader (path);
  process = start (NULL, endless);
  until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  do
    g_usleep (10000);
  while (ioctl (reader, FIONREAD, &filled) == 0 && filled == 0 && g_get_monotonic_time () < until);
  g_assert_cmpint (filled, >, 0);
  g_subprocess_send_signal (process, SIGINT);
  run_clear (&run);
  finish (process, &run);
  g_assert_cmpint (run.status, ==, 0);
  g_assert_true (fake_server_wait_open (device->server, 0));
  g_assert_cmpuint (fake_device_get_held (device), ==, 0);

  close (reader);
  run_clear (&run);
  remove_temp (path);
  fake_device_free (device);
}

/* A UDP port that nobody sends to. */
static char *
silent_uri (void)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) local = NULL;

  g_assert_true (g_socket_bind (socket, any, FALSE, NULL));
  local = g_socket_get_local_address (socket, NULL);
  return g_strdup_printf ("udp://127.0.0.1:%u",
                          g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (local)));
}

/* A device that goes during a recording: it ends in time, and says that the end is missing. */
static void
test_gone (void)
{
  FakeDevice *device = fake_device_new ("10A12347");
  g_autofree char *uri = fake_device_uri (device, "5.1");
  g_autofree char *path = temp_path ("a.ts");
  g_autofree char *silent = silent_uri ();
  const char *const arguments[] = {
    "record", uri, "-o", path, "--duration", "1.5", "--json", NULL
  };
  g_autoptr (GSubprocess) process = start (NULL, arguments);
  gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  Run run = { 0 };

  while (file_size (path) == 0 && g_get_monotonic_time () < until)
    g_usleep (10000);
  fake_device_free (device);
  finish (process, &run);
  g_assert_cmpint (run.status, ==, 0);
  g_assert_nonnull (strstr (run.err, "the end is missing"));
  g_assert_nonnull (strstr (run.out, "\"error\":"));

  RUN (&run, NULL, "record", silent, "-o", path, "--force", "--duration", "0.2");
  g_assert_cmpint (run.status, ==, 0);
  g_assert_nonnull (strstr (run.err, "Nothing came"));
  run_clear (&run);
  remove_temp (path);
}

static void
test_signals (void)
{
  static const int signals[] = { SIGTERM, SIGINT, SIGKILL };
  FakeDevice *device = fake_device_new ("10A12347");
  g_autofree char *uri = fake_device_uri (device, "5.1");

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++) {
    g_autofree char *path = temp_path ("a.ts");
    const char *const arguments[] = { "record", uri, "-o", path, NULL };
    g_autoptr (GSubprocess) process = start (NULL, arguments);
    gint64 until = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
    Run run = { 0 };

    while (file_size (path) == 0 && g_get_monotonic_time () < until)
      g_usleep (10000);
    g_subprocess_send_signal (process, signals[i]);
    finish (process, &run);
    g_assert_cmpint (run.status, ==, signals[i] == SIGKILL ? -1 : 0);
    g_assert_cmpuint (file_size (path), >, 0);

    /* However it ended, the tuner is free. */
    g_assert_true (fake_server_wait_open (device->server, 0));
    g_assert_cmpuint (fake_device_get_held (device), ==, 0);
    run_clear (&run);
    remove_temp (path);
  }
  fake_device_free (device);
}

int
main (int argc, char **argv)
{
  g_unsetenv ("EC_DEVICES");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/verbs/usage", test_usage);
  g_test_add_func ("/verbs/discover", test_discover);
  g_test_add_func ("/verbs/channels", test_channels);
  g_test_add_func ("/verbs/record", test_record);
  g_test_add_func ("/verbs/fifo", test_fifo);
  g_test_add_func ("/verbs/gone", test_gone);
  g_test_add_func ("/verbs/signals", test_signals);
  return g_test_run ();
}
