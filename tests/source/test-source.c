/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ec-error.h"
#include "ec-source-uri.h"
#include "fake-server.h"
#include "source/ec-http.h"

static GBytes *
make_ts (guint n)
{
  GByteArray *array = g_byte_array_new ();

  for (guint i = 0; i < n; i++) {
    guint8 packet[188];

    fake_ts_packet (packet, 0x100, i);
    g_byte_array_append (array, packet, sizeof packet);
  }
  return g_byte_array_free_to_bytes (array);
}

static EcSource *
make_source (const char *uri)
{
  g_autoptr (GError) error = NULL;
  EcSource *source = ec_source_new_for_uri (uri, &error);

  g_assert_no_error (error);
  return source;
}

static void
assert_open_fails (const char *uri, EcSourceError code)
{
  g_autoptr (EcSource) source = make_source (uri);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) kept = NULL;
  g_autoptr (GError) read_error = NULL;

  ec_source_set_stall_timeout (source, 300);
  g_assert_false (ec_source_open (source, NULL, &error));
  g_assert_error (error, EC_SOURCE_ERROR, (int) code);
  g_test_message ("%s", error->message);
  g_assert_cmpint (ec_source_get_state (source), ==, EC_SOURCE_STATE_FAILED);
  kept = ec_source_dup_error (source);
  g_assert_error (kept, EC_SOURCE_ERROR, (int) code);
  g_assert_null (ec_source_read (source, NULL, NULL, &read_error));
  g_assert_error (read_error, EC_SOURCE_ERROR, (int) code);
}

/* Reads to the end and compares. */
static void
assert_reads (EcSource *source, GBytes *expected)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  gsize size;
  gconstpointer data = g_bytes_get_data (expected, &size);

  for (;;) {
    gboolean lost = TRUE;
    g_autoptr (GBytes) bytes = ec_source_read (source, &lost, NULL, &error);

    g_assert_no_error (error);
    if (bytes == NULL)
      break;
    g_assert_false (lost);
    g_assert_cmpuint (g_bytes_get_size (bytes), >, 0);
    g_assert_cmpuint (g_bytes_get_size (bytes), <=, 1024 * 1024);
    g_byte_array_append (all, g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));
  }
  g_assert_cmpmem (all->data, all->len, data, size);
  g_assert_cmpint (ec_source_get_state (source), ==, EC_SOURCE_STATE_ENDED);
}

static char *
temp_file (GBytes *bytes, const char *name)
{
  g_autofree char *folder = g_dir_make_tmp ("ec-source-XXXXXX", NULL);
  char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, g_bytes_get_data (bytes, NULL),
                                      (gssize) g_bytes_get_size (bytes), NULL));
  return path;
}

static void
remove_temp (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  g_unlink (path);
  g_rmdir (folder);
}

static void
test_uri (void)
{
  static const char *const bad[] = { "",
                                     "gopher://host/x",
                                     "http://",
                                     "udp://239.1.1.1",
                                     "udp://",
                                     "file://elsewhere/x%00",
                                     "rtp://:x",
                                     "hdhomerun://",
                                     "hdhomerun://10A12347" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (ec_source_new_for_uri (bad[i], &error));
    g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI);
    g_test_message ("%s", error->message);
  }
}

static void
assert_names (const char *uri, const char *device, const char *channel)
{
  g_autoptr (EcSource) source = make_source (uri);
  g_autofree char *title = ec_source_dup_title (source);
  g_autofree char *device_name = ec_source_dup_device_name (source);
  g_autofree char *channel_name = ec_source_dup_channel_name (source);

  g_assert_cmpstr (ec_source_get_uri (source), ==, uri);
  g_assert_cmpstr (device_name, ==, device);
  g_assert_cmpstr (channel_name, ==, channel);
  g_assert_cmpstr (title, !=, "");
}

static void
test_names (void)
{
  g_autoptr (EcSource) secret = make_source ("http://me:secret@host/x");
  g_autofree char *title = ec_source_dup_title (secret);

  assert_names ("/tmp/a b/x.ts", "file", "x.ts");
  assert_names ("with:colon.ts", "file", "with:colon.ts");
  assert_names ("file:///tmp/y%20z.ts", "file", "y z.ts");
  assert_names ("-", "file", "stdin");
  assert_names ("http://host/live/a.ts", "http:host:80", "live/a.ts");
  assert_names ("https://host:8443/", "http:host:8443", "stream");
  assert_names ("udp://@239.1.1.1:1234", "udp:239.1.1.1:1234", "stream");
  assert_names ("udp://@:1234", "udp:any:1234", "stream");
  assert_names ("rtp://[::1]:1234", "udp:::1:1234", "stream");
  g_assert_null (strstr (title, "secret"));
}

static void
test_file (void)
{
  g_autoptr (GBytes) ts = make_ts (100000); /* more than the queue holds */
  g_autofree char *path = temp_file (ts, "a.ts");
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autoptr (EcSource) source = make_source (uri);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) again = NULL;

  g_assert_true (ec_source_open (source, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (ec_source_get_live (source));
  assert_reads (source, ts);
  g_assert_false (ec_source_open (source, NULL, &again));
  g_assert_error (again, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED);
  remove_temp (path);
}

static void
test_file_bad (void)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("#EXTM3U\nfoo", 11);
  g_autoptr (GBytes) zeros = g_bytes_new_take (g_malloc0 (200000), 200000);
  g_autofree char *text_path = temp_file (text, "a.ts");
  g_autofree char *zero_path = temp_file (zeros, "b.ts");

  assert_open_fails ("/nowhere/at all", EC_SOURCE_ERROR_NOT_FOUND);
  assert_open_fails ("/tmp", EC_SOURCE_ERROR_FAILED);
  assert_open_fails (text_path, EC_SOURCE_ERROR_NOT_TS);
  assert_open_fails (zero_path, EC_SOURCE_ERROR_NOT_TS);
  remove_temp (text_path);
  remove_temp (zero_path);
}

static void
test_file_short (void)
{
  g_autoptr (GBytes) one = make_ts (1);
  g_autoptr (GBytes) none = g_bytes_new_static ("", 0);
  g_autofree char *one_path = temp_file (one, "one.ts");
  g_autofree char *none_path = temp_file (none, "none.ts");
  g_autoptr (EcSource) source = make_source (one_path);
  g_autoptr (EcSource) empty = make_source (none_path);

  g_assert_true (ec_source_open (source, NULL, NULL));
  assert_reads (source, one);
  g_assert_true (ec_source_open (empty, NULL, NULL));
  assert_reads (empty, none);
  remove_temp (one_path);
  remove_temp (none_path);
}

static gpointer
write_pipe (gpointer path)
{
  g_autoptr (GBytes) ts = make_ts (2000);
  int fd = open (path, O_WRONLY);
  gsize size;
  const guint8 *data = g_bytes_get_data (ts, &size);

  g_assert_cmpint (fd, >=, 0);
  while (size > 0) {
    ssize_t n = write (fd, data, MIN (size, 1000));

    g_assert_cmpint (n, >, 0);
    data += n;
    size -= (gsize) n;
  }
  close (fd);
  return NULL;
}

static void
test_pipe (void)
{
  g_autofree char *folder = g_dir_make_tmp ("ec-source-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "pipe", NULL);
  g_autoptr (GBytes) ts = make_ts (2000);
  EcSource *source;
  GThread *writer;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);

  /* Nobody writes: closing is prompt all the same. */
  source = make_source (path);
  g_assert_true (ec_source_open (source, NULL, NULL));
  g_object_unref (source);

  source = make_source (path);
  g_assert_true (ec_source_open (source, NULL, NULL));
  writer = g_thread_new ("writer", write_pipe, path);
  assert_reads (source, ts);
  g_thread_join (writer);
  g_object_unref (source);
  remove_temp (path);
}

/* --- Main contexts ----------------------------------------------------------------------- */

typedef struct {
  GMainContext *context;
  guint n_notified;
} News;

static void
on_news (EcSource *source, GParamSpec *pspec, News *news)
{
  /* Told where the source was made, and nowhere else. */
  g_assert_true (g_main_context_is_owner (news->context));
  news->n_notified++;
}

static void
on_read_to_end (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = ec_source_read_finish (EC_SOURCE (object), result, NULL, &error);

  g_assert_no_error (error);
  if (bytes)
    ec_source_read_async (EC_SOURCE (object), NULL, on_read_to_end, user_data);
  else
    *(gboolean *) user_data = TRUE;
}

static gpointer
use_in_thread (gpointer path)
{
  News news = { g_main_context_new (), 0 };
  gboolean ended = FALSE;
  EcSource *source;

  g_main_context_push_thread_default (news.context);
  source = make_source (path);
  g_signal_connect (source, "notify", G_CALLBACK (on_news), &news);
  g_assert_true (ec_source_open (source, NULL, NULL));
  ec_source_read_async (source, NULL, on_read_to_end, &ended);
  while (!ended || ec_source_get_state (source) != EC_SOURCE_STATE_ENDED || news.n_notified == 0)
    g_main_context_iteration (news.context, TRUE);
  g_object_unref (source);
  g_main_context_pop_thread_default (news.context);
  g_main_context_unref (news.context);
  return NULL;
}

static void
test_context (void)
{
  g_autoptr (GBytes) ts = make_ts (50000);
  g_autofree char *path = temp_file (ts, "a.ts");
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("context", use_in_thread, path);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  remove_temp (path);
}

/* --- HTTP -------------------------------------------------------------------------------- */

typedef struct {
  gint connections;          /* atomic */
  GCancellable *cancellable; /* cancelled by /race, or NULL */
  guint delay;               /* µs, of /race */
} Web;

static void
serve_download (FakeRequest *request)
{
  g_autofree char *length = g_strdup_printf ("Content-Length: %u\r\n", 188 * 50000);

  fake_reply_head (request, "200 OK", length);
  fake_send_ts (request, 0x100, 50000, 0);
}

static void
serve_flaky (FakeRequest *request)
{
  Web *web = request->user_data;
  int n = g_atomic_int_add (&web->connections, 1);

  fake_reply_head (request, "200 OK", "Content-Type: video/mp2t\r\n");
  switch (n) {
  case 0: /* stalls */
    fake_send_ts (request, 0x100, 100, 0);
    fake_hold (request);
    break;
  case 1: /* hangs up */
    fake_send_ts (request, 0x101, 100, 0);
    break;
  default:
    fake_send_ts (request, 0x102, 0, 1000);
  }
}

/* Breaks off, has nothing for a moment but says so with a length, and is back. */
static void
serve_pause (FakeRequest *request)
{
  Web *web = request->user_data;

  switch (g_atomic_int_add (&web->connections, 1)) {
  case 0:
    fake_reply_head (request, "200 OK", "Content-Type: video/mp2t\r\n");
    fake_send_ts (request, 0x100, 100, 0);
    break;
  case 1:
    fake_reply (request, "200 OK", "Content-Type: video/mp2t\r\n", "");
    break;
  default:
    fake_reply_head (request, "200 OK", "Content-Type: video/mp2t\r\n");
    fake_send_ts (request, 0x102, 0, 1000);
  }
}

/* The one who asked changes their mind while the answer is on its way. */
static void
serve_race (FakeRequest *request)
{
  Web *web = request->user_data;

  fake_reply_head (request, "200 OK", "Content-Type: video/mp2t\r\n");
  g_usleep (web->delay);
  g_cancellable_cancel (web->cancellable);
  fake_hold (request);
}

static void
serve_web (FakeRequest *request)
{
  if (g_str_equal (request->path, "/a.ts"))
    serve_download (request);
  else if (g_str_equal (request->path, "/moved"))
    fake_reply (request, "302 Found", "Location: /a.ts\r\n", "");
  else if (g_str_equal (request->path, "/loop"))
    fake_reply (request, "302 Found", "Location: /loop\r\n", "");
  else if (g_str_equal (request->path, "/flaky"))
    serve_flaky (request);
  else if (g_str_equal (request->path, "/pause"))
    serve_pause (request);
  else if (g_str_equal (request->path, "/race"))
    serve_race (request);
  else if (g_str_equal (request->path, "/live"))
    fake_reply_head (request, "200 OK", ""), fake_send_ts (request, 0x100, 0, 1000);
  else if (g_str_equal (request->path, "/flood"))
    fake_reply_head (request, "200 OK", ""), fake_send_ts (request, 0x100, 0, 0);
  else if (g_str_equal (request->path, "/page"))
    fake_reply (request, "200 OK", "Content-Type: text/html\r\n", "<html>");
  else if (g_str_equal (request->path, "/playlist"))
    fake_reply (request, "200 OK", "Content-Type: application/vnd.apple.mpegurl\r\n", "#EXTM3U");
  else if (g_str_equal (request->path, "/busy"))
    fake_reply (request, "503 Busy", "", "");
  else if (g_str_equal (request->path, "/broken"))
    fake_reply (request, "500 Oops", "", "");
  else if (g_str_equal (request->path, "/short"))
    fake_reply_head (request, "200 OK", "Content-Length: 1000000\r\n"),
        fake_send_ts (request, 0x100, 100, 0);
  else if (g_str_equal (request->path, "/silent"))
    fake_reply_head (request, "200 OK", ""), fake_hold (request);
  else if (g_str_equal (request->path, "/mute"))
    fake_hold (request);
  else
    fake_reply (request, "404 Not Found", "", "");
}

static char *
web_uri (FakeServer *server, const char *path)
{
  return g_strdup_printf ("http://127.0.0.1:%u%s", fake_server_get_port (server), path);
}

static void
test_http_download (void)
{
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autoptr (GBytes) ts = make_ts (50000);
  static const char *const paths[] = { "/a.ts", "/moved" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *uri = web_uri (server, paths[i]);
    g_autoptr (EcSource) source = make_source (uri);
    g_autoptr (GError) error = NULL;

    g_assert_true (ec_source_open (source, NULL, &error));
    g_assert_no_error (error);
    g_assert_false (ec_source_get_live (source));
    assert_reads (source, ts);
  }
  fake_server_free (server);
}

static void
test_http_errors (void)
{
  static const struct {
    const char *path;
    EcSourceError code;
  } cases[] = {
    { "/nothing", EC_SOURCE_ERROR_NOT_FOUND }, { "/page", EC_SOURCE_ERROR_NOT_TS },
    { "/playlist", EC_SOURCE_ERROR_NOT_TS },   { "/busy", EC_SOURCE_ERROR_BUSY },
    { "/broken", EC_SOURCE_ERROR_GONE },       { "/silent", EC_SOURCE_ERROR_STALLED },
    { "/loop", EC_SOURCE_ERROR_FAILED },
  };
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autofree char *refused = NULL;
  g_autofree char *short_uri = web_uri (server, "/short");
  g_autoptr (EcSource) source = make_source (short_uri);
  g_autoptr (GError) error = NULL;
  GBytes *bytes;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *uri = web_uri (server, cases[i].path);

    assert_open_fails (uri, cases[i].code);
  }

  g_assert_true (ec_source_open (source, NULL, &error));
  while ((bytes = ec_source_read (source, NULL, NULL, &error)))
    g_bytes_unref (bytes);
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE);
  g_test_message ("%s", error->message);

  refused = web_uri (server, "/");
  fake_server_free (server);
  assert_open_fails (refused, EC_SOURCE_ERROR_GONE);
  assert_open_fails ("http://no-such-host.invalid/x", EC_SOURCE_ERROR_NOT_FOUND);
}

typedef struct {
  guint seen; /* a bit a state that was notified */
} StateLog;

static void
on_state (EcSource *source, GParamSpec *pspec, StateLog *log)
{
  log->seen |= 1u << ec_source_get_state (source);
}

/* Reads asynchronously until a packet of `pid` arrives. */
typedef struct {
  guint16 pid;
  gboolean done;
  guint discontinuities;
} Hunt;

static void
on_hunt_read (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Hunt *hunt = user_data;
  g_autoptr (GError) error = NULL;
  gboolean lost;
  g_autoptr (GBytes) bytes = ec_source_read_finish (EC_SOURCE (object), result, &lost, &error);
  const guint8 *data;

  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, NULL);
  hunt->discontinuities += lost;
  if (((data[1] & 0x1f) << 8 | data[2]) == hunt->pid)
    hunt->done = TRUE;
  else
    ec_source_read_async (EC_SOURCE (object), NULL, on_hunt_read, hunt);
}

static void
on_opened (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (ec_source_open_finish (EC_SOURCE (object), result, &error));
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
test_http_stall (void)
{
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autofree char *uri = web_uri (server, "/flaky");
  g_autoptr (EcSource) source = make_source (uri);
  g_autoptr (GError) error = NULL;
  StateLog log = { 0 };
  Hunt hunt = { .pid = 0x102 };
  gboolean opened = FALSE;

  ec_source_set_stall_timeout (source, 400);
  g_signal_connect (source, "notify::state", G_CALLBACK (on_state), &log);
  ec_source_open_async (source, NULL, on_opened, &opened);
  while (!opened)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (ec_source_get_live (source));

  ec_source_read_async (source, NULL, on_hunt_read, &hunt);
  while (!hunt.done)
    g_main_context_iteration (NULL, TRUE);

  g_assert_cmpuint (hunt.discontinuities, ==, 2);
  g_assert_cmpint (ec_source_get_state (source), ==, EC_SOURCE_STATE_STREAMING);
  error = ec_source_dup_error (source);
  g_assert_no_error (error);
  g_assert_true (log.seen & 1u << EC_SOURCE_STATE_STALLED);
  g_assert_true (log.seen & 1u << EC_SOURCE_STATE_RECONNECTING);

  /* The connection goes with the source, within moments. */
  g_assert_cmpuint (fake_server_get_open (server), ==, 1);
  g_clear_object (&source);
  g_assert_true (fake_server_wait_open (server, 0));
  fake_server_free (server);
}

/* A live stream does not become a download that ended. */
static void
test_http_pause (void)
{
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autofree char *uri = web_uri (server, "/pause");
  g_autoptr (EcSource) source = make_source (uri);
  g_autoptr (GError) error = NULL;
  Hunt hunt = { .pid = 0x102 };

  g_assert_true (ec_source_open (source, NULL, &error));
  g_assert_no_error (error);
  ec_source_read_async (source, NULL, on_hunt_read, &hunt);
  while (!hunt.done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (ec_source_get_live (source));
  g_assert_cmpuint (fake_server_count (server, "/pause"), ==, 3);
  g_clear_object (&source);
  fake_server_free (server);
}

static void
test_http_overflow (void)
{
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autofree char *uri = web_uri (server, "/flood");
  g_autoptr (EcSource) source = make_source (uri);
  gboolean lost = FALSE;
  gsize total = 0;

  g_assert_true (ec_source_open (source, NULL, NULL));
  /* What was lost to a reader that did not read is told to it when it does. */
  while (!lost) {
    g_autoptr (GBytes) bytes = NULL;

    g_usleep (20000);
    bytes = ec_source_read (source, &lost, NULL, NULL);
    g_assert_nonnull (bytes);
    total += g_bytes_get_size (bytes);
  }
  g_assert_cmpuint (total, >, 0);
  fake_server_free (server);
}

/* --- Cancelling -------------------------------------------------------------------------- */

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (50000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static gpointer
close_soon (gpointer source)
{
  g_usleep (50000);
  ec_source_close (source);
  return NULL;
}

static void
test_cancel_open (void)
{
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autofree char *uri = web_uri (server, "/mute");
  g_autoptr (EcSource) source = make_source (uri);
  g_autoptr (EcSource) closed = make_source (uri);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  g_assert_false (ec_source_open (source, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (ec_source_get_state (source), ==, EC_SOURCE_STATE_CLOSED);
  g_thread_join (thread);
  g_clear_error (&error);

  thread = g_thread_new ("close", close_soon, closed);
  g_assert_false (ec_source_open (closed, NULL, &error));
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_CLOSED);
  g_thread_join (thread);

  g_assert_true (fake_server_wait_open (server, 0));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 2 * G_USEC_PER_SEC);
  fake_server_free (server);
}

static void
test_cancel_read (void)
{
  g_autofree char *folder = g_dir_make_tmp ("ec-source-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "pipe", NULL);
  g_autoptr (EcSource) source = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GThread) unused = NULL;
  GThread *thread;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  source = make_source (path);
  g_assert_null (ec_source_read (source, NULL, NULL, &error));
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_FAILED);
  g_clear_error (&error);

  g_assert_true (ec_source_open (source, NULL, NULL));
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_null (ec_source_read (source, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  g_clear_error (&error);

  /* The source lives on, until it is closed under a reader. */
  g_assert_cmpint (ec_source_get_state (source), ==, EC_SOURCE_STATE_STREAMING);
  thread = g_thread_new ("close", close_soon, source);
  g_assert_null (ec_source_read (source, NULL, NULL, &error));
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_CLOSED);
  g_thread_join (thread);
  remove_temp (path);
}

static void
on_cancelled_read (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ec_source_read_finish (EC_SOURCE (object), result, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  *(guint *) user_data += 1;
}

static void
test_cancel_read_async (void)
{
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autofree char *uri = web_uri (server, "/flaky");
  g_autoptr (EcSource) source = make_source (uri);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  guint done = 0;
  GBytes *first;

  g_assert_true (ec_source_open (source, NULL, NULL));
  first = ec_source_read (source, NULL, NULL, NULL);
  g_assert_nonnull (first);
  g_bytes_unref (first);
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < 3; i++)
    ec_source_read_async (source, cancellable, on_cancelled_read, &done);
  while (done < 3)
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&source);
  fake_server_free (server);
}

typedef struct {
  EcSource *source;
  gint pending;  /* atomic */
  gint finished; /* atomic */
} Foreign;

static void
on_foreign_read (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Foreign *foreign = user_data;
  g_autoptr (GBytes) bytes = ec_source_read_finish (EC_SOURCE (object), result, NULL, NULL);

  g_atomic_int_add (&foreign->pending, -1);
}

static gpointer
read_foreign (gpointer user_data)
{
  Foreign *foreign = user_data;

  for (guint i = 0; i < 10000; i++) {
    while (g_atomic_int_get (&foreign->pending) >= 8)
      g_thread_yield ();
    g_atomic_int_inc (&foreign->pending);
    ec_source_read_async (foreign->source, NULL, on_foreign_read, foreign);
  }
  g_atomic_int_set (&foreign->finished, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* Reads asked for in a thread without a context of its own are answered in the main one. */
static void
test_foreign_thread (void)
{
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autofree char *uri = web_uri (server, "/flood");
  g_autoptr (EcSource) source = make_source (uri);
  Foreign foreign = { .source = source };
  GThread *thread;

  g_assert_true (ec_source_open (source, NULL, NULL));
  thread = g_thread_new ("foreign", read_foreign, &foreign);
  while (!g_atomic_int_get (&foreign.finished) || g_atomic_int_get (&foreign.pending) > 0)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  g_clear_object (&source);
  fake_server_free (server);
}

static void
test_cancel_race (void)
{
  for (guint i = 0; i < 200; i++) {
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    Web web = { .cancellable = cancellable, .delay = i % 40 * 5 };
    FakeServer *server = fake_server_new (serve_web, &web);
    g_autofree char *uri = web_uri (server, "/race");
    g_autoptr (EcHttp) http = ec_http_new (TRUE);
    g_autoptr (GError) error = NULL;
    g_autoptr (EcHttpStream) stream = ec_http_open (http, uri, "It", 5000, cancellable, &error);

    if (stream == NULL)
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_clear_pointer (&stream, ec_http_stream_close);
    g_assert_true (fake_server_wait_open (server, 0));
    fake_server_free (server);
  }
}

static void
test_close_while_reconnecting (void)
{
  Web web = { 0 };
  FakeServer *server = fake_server_new (serve_web, &web);
  g_autofree char *uri = web_uri (server, "/flaky");
  g_autoptr (EcSource) source = make_source (uri);
  g_autoptr (GError) error = NULL;

  ec_source_set_stall_timeout (source, 100);
  g_assert_true (ec_source_open (source, NULL, NULL));
  while (ec_source_get_state (source) != EC_SOURCE_STATE_RECONNECTING)
    g_main_context_iteration (NULL, TRUE);
  ec_source_close (source);
  g_assert_cmpint (ec_source_get_state (source), ==, EC_SOURCE_STATE_CLOSED);
  g_assert_null (ec_source_read (source, NULL, NULL, &error));
  g_assert_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_CLOSED);
  g_assert_true (fake_server_wait_open (server, 0));
  fake_server_free (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/source/uri", test_uri);
  g_test_add_func ("/source/names", test_names);
  g_test_add_func ("/source/file", test_file);
  g_test_add_func ("/source/file/bad", test_file_bad);
  g_test_add_func ("/source/file/short", test_file_short);
  g_test_add_func ("/source/pipe", test_pipe);
  g_test_add_func ("/source/context", test_context);
  g_test_add_func ("/source/http/download", test_http_download);
  g_test_add_func ("/source/http/errors", test_http_errors);
  g_test_add_func ("/source/http/stall", test_http_stall);
  g_test_add_func ("/source/http/pause", test_http_pause);
  g_test_add_func ("/source/http/overflow", test_http_overflow);
  g_test_add_func ("/source/cancel/open", test_cancel_open);
  g_test_add_func ("/source/foreign-thread", test_foreign_thread);
  g_test_add_func ("/source/cancel/race", test_cancel_race);
  g_test_add_func ("/source/cancel/read", test_cancel_read);
  g_test_add_func ("/source/cancel/read-async", test_cancel_read_async);
  g_test_add_func ("/source/cancel/reconnecting", test_close_while_reconnecting);
  return g_test_run ();
}
