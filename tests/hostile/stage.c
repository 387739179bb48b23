/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stage.h"

#include <errno.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile.h"
#include "session/ec-moq-session.h"

#define N_VIEWERS 10
#define GROUP_OBJECTS 5
#define OBJECT_MS 100 /* two groups a second */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)
#define LAST_GROUPS 3 /* after the attack */

/*
 * What is checked is --memory, the quarter of it that may be on its way in all connections (ec-relay(1), LIMITS), and this: the program
 * itself, its threads, unfinished handshakes, and what malloc() keeps of what was given back.
 */
#define FIXED_MB 32
#define LIMIT_MB (STAGE_MEMORY_MB + STAGE_MEMORY_MB / 4 + FIXED_MB)

/* At rest: CPU time of this share of a second, at most; the honest ones are still there. */
#define IDLE_MS 150

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED TRUE
#else
#define SANITIZED FALSE
#endif

typedef struct {
  Stage *stage;
  GThread *thread;
  const char *scheme, *draft;
  gboolean late;
  /* atomic */
  int joined; /* −1: was not let in */
  guint64 first;
  guint64 whole; /* groups, in order, byte-exact */
} Viewer;

struct _Stage {
  GSubprocess *relay;
  GDataInputStream *out;
  GThread *reader; /* of the relay's standard output */
  GMutex mutex;
  char *stats; /* its last line of them */
  char *address, *hash;
  EcMoqSession *session;
  EcMoqTrack *track;
  GThread *publisher;
  int stop;   /* atomic: no more groups than … */
  guint last; /* … this; G_MAXUINT: not known yet */
  GPtrArray *viewers;
  gint64 started;
};

/* -- What is published: every byte depends on where it is */

static gsize
size_of (guint64 group, guint64 object)
{
  return object == 0 ? 60000 : 100 + (group * 311 + object * 73) % 12000;
}

static GBytes *
make_payload (guint64 group, guint64 object)
{
  gsize size = size_of (group, object);
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (group * 31 + object * 7 + i * 13 + (i >> 8));
  return g_bytes_new_take (data, size);
}

static gpointer
publish (gpointer data)
{
  Stage *self = data;
  gint64 at = g_get_monotonic_time ();

  for (guint group = 1;; group++) {
    if (g_atomic_int_get (&self->stop) > 0) {
      guint last = group - 1 + (g_atomic_int_get (&self->stop) == 1 ? LAST_GROUPS : 0);

      if (__atomic_load_n (&self->last, __ATOMIC_SEQ_CST) == G_MAXUINT)
        __atomic_store_n (&self->last, last, __ATOMIC_SEQ_CST);
    }
    if (group > __atomic_load_n (&self->last, __ATOMIC_SEQ_CST))
      return NULL;
    for (guint64 object = 0; object < GROUP_OBJECTS; object++) {
      g_autoptr (GBytes) payload = make_payload (group, object);
      g_autoptr (GError) error = NULL;

      ec_moq_track_write_object (self->track, group, object, 100, payload,
                                 object == GROUP_OBJECTS - 1, NULL, &error);
      g_assert_no_error (error);
      at += OBJECT_MS * 1000;
      while (g_get_monotonic_time () < at)
        g_usleep (5000);
    }
  }
}

static EcMoqSession *
connect_to (Stage *self, const char *scheme, const char *draft, GError **error)
{
  const char *hashes[] = { self->hash, NULL };
  const char *protocols[] = { draft, NULL };
  g_autofree char *uri = g_strdup_printf ("%s://%s/", scheme, self->address);
  g_autoptr (EcMoqConnectOptions) options = g_object_new (
      EC_TYPE_MOQ_CONNECT_OPTIONS, "certificate-hashes", hashes, "protocols", protocols, NULL);

  return ec_moq_session_new_for_uri (uri, options, NULL, error);
}

/* -- Viewers, each in a thread */

static gboolean
fail (Viewer *self, guint64 group, guint64 object, const char *what)
{
  g_test_message ("viewer %s %s: %s at group %" G_GUINT64_FORMAT " object %" G_GUINT64_FORMAT,
                  self->scheme, self->draft, what, group, object);
  g_test_fail ();
  return FALSE;
}

static gboolean
check (Viewer *self, EcMoqObject *object, guint64 group, guint64 id)
{
  g_autoptr (GBytes) payload = make_payload (group, id);

  if (ec_moq_object_get_group (object) != group || ec_moq_object_get_id (object) != id)
    return fail (self, ec_moq_object_get_group (object), ec_moq_object_get_id (object),
                 "out of order");
  if (!g_bytes_equal (ec_moq_object_get_payload (object), payload))
    return fail (self, group, id, "other bytes");
  return TRUE;
}

static void
follow (Viewer *self, EcMoqSubscription *subscription)
{
  guint64 group = 0, id = 0;

  for (;;) {
    g_autoptr (GError) error = NULL;
    g_autoptr (EcMoqObject) object = ec_moq_subscription_read_object (subscription, NULL, &error);

    if (!object) {
      g_test_message ("viewer %s %s: %s", self->scheme, self->draft,
                      error ? error->message : "end");
      fail (self, group, id, "no more came");
      return;
    }
    if (ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_GROUP_ENDED)
      continue;
    if (ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_GROUP_LOST) {
      fail (self, ec_moq_object_get_group (object), id, "a group was lost");
      return;
    }
    if (self->first == 0) {
      group = ec_moq_object_get_group (object);
      __atomic_store_n (&self->first, group, __ATOMIC_SEQ_CST);
    }
    if (!check (self, object, group, id))
      return;
    if (++id == GROUP_OBJECTS) {
      __atomic_add_fetch (&self->whole, 1, __ATOMIC_SEQ_CST);
      if (group == __atomic_load_n (&self->stage->last, __ATOMIC_SEQ_CST))
        return;
      group++;
      id = 0;
    }
  }
}

static gpointer
view (gpointer data)
{
  Viewer *self = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqSession) session = NULL;
  g_autoptr (EcMoqSubscription) subscription = NULL;

  g_main_context_push_thread_default (context);
  session = connect_to (self->stage, self->scheme, self->draft, &error);
  if (session)
    subscription = ec_moq_session_subscribe (session, HONEST_SPACE, HONEST_TRACK,
                                             EC_MOQ_START_CURRENT_GROUP, NULL, &error);
  if (!subscription) {
    g_test_message ("viewer %s %s: %s", self->scheme, self->draft, error->message);
    g_atomic_int_set (&self->joined, -1);
  } else {
    g_atomic_int_set (&self->joined, 1);
    follow (self, subscription);
  }
  g_clear_object (&subscription);
  g_clear_object (&session);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
add_viewer (Stage *self, const char *scheme, const char *draft, gboolean late)
{
  Viewer *viewer = g_new0 (Viewer, 1);

  viewer->stage = self;
  viewer->scheme = scheme;
  viewer->draft = draft;
  viewer->late = late;
  g_ptr_array_add (self->viewers, viewer);
  viewer->thread = g_thread_new ("viewer", view, viewer);
}

void
stage_add_viewer (Stage *self, const char *scheme, const char *draft)
{
  add_viewer (self, scheme, draft, TRUE);
}

/* -- The relay's process */

static gpointer
read_lines (gpointer data)
{
  Stage *self = data;
  char *line;

  while ((line = g_data_input_stream_read_line (self->out, NULL, NULL, NULL))) {
    if (!strstr (line, "\"stats\"")) {
      g_free (line);
      continue;
    }
    g_mutex_lock (&self->mutex);
    g_free (self->stats);
    self->stats = line;
    g_mutex_unlock (&self->mutex);
  }
  return NULL;
}

static gint64
get_stat (Stage *self, const char *member)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  gint64 value = -1;

  g_mutex_lock (&self->mutex);
  if (self->stats && json_parser_load_from_data (parser, self->stats, -1, NULL))
    value =
        json_object_get_int_member (json_node_get_object (json_parser_get_root (parser)), member);
  g_mutex_unlock (&self->mutex);
  return value;
}

static void
start_relay (Stage *self, const char *ec)
{
  g_autofree char *memory = g_strdup_printf ("%dM", STAGE_MEMORY_MB);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *line = NULL;
  JsonObject *object;

  self->relay =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, ec, "relay", "--listen",
                        "127.0.0.1:0", "--json", "--memory", memory, "--drain", "1", NULL);
  g_assert_no_error (error);
  self->out = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->relay));
  line = g_data_input_stream_read_line (self->out, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (line);
  g_assert_true (json_parser_load_from_data (parser, line, -1, NULL));
  object = json_node_get_object (json_parser_get_root (parser));
  g_assert_cmpstr (json_object_get_string_member (object, "type"), ==, "listening");
  self->address = g_strdup (
      json_array_get_string_element (json_object_get_array_member (object, "addresses"), 0));
  self->hash = g_strdup (json_array_get_string_element (
      json_object_get_array_member (object, "certificate_hashes"), 0));
  self->reader = g_thread_new ("relay-output", read_lines, self);
}

/* MiB, of /proc/PID/status: what it has and had at most. */
static guint
get_memory (Stage *self, const char *member)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/status", g_subprocess_get_identifier (self->relay));
  g_autofree char *text = NULL;
  char *at;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  at = strstr (text, member);
  g_assert_nonnull (at);
  return (guint) (g_ascii_strtoull (at + strlen (member) + 1, NULL, 10) >> 10);
}

/* CPU time so far, in ms. */
static guint64
get_cpu_ms (Stage *self)
{
  g_autofree char *path =
      g_strdup_printf ("/proc/%s/stat", g_subprocess_get_identifier (self->relay));
  g_autofree char *text = NULL;
  guint64 user, system;
  char *at;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  at = strrchr (text, ')');
  g_assert_nonnull (at);
  /* proc(5): utime and stime are fields 14 and 15, the name is field 2. */
  g_assert_cmpint (sscanf (at + 1,
                           " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" G_GUINT64_FORMAT
                           " %" G_GUINT64_FORMAT,
                           &user, &system),
                   ==, 2);
  return (user + system) * 1000 / (guint64) sysconf (_SC_CLK_TCK);
}

/* -- All of it */

static gboolean
all_joined (Stage *self)
{
  for (guint i = 0; i < self->viewers->len; i++) {
    Viewer *viewer = g_ptr_array_index (self->viewers, i);

    g_assert_cmpint (g_atomic_int_get (&viewer->joined), >=, 0);
    if (__atomic_load_n (&viewer->whole, __ATOMIC_SEQ_CST) == 0)
      return FALSE;
  }
  return TRUE;
}

Stage *
stage_new (const char *ec)
{
  static const char *const ways[][2] = {
    { "moqt", "moqt-18" }, { "https", "moqt-18" }, { "moqt", "moqt-16" }, { "https", "moqt-16" }
  };
  Stage *self = g_new0 (Stage, 1);
  g_autoptr (GError) error = NULL;
  gint64 end = g_get_monotonic_time () + PATIENCE;

  g_mutex_init (&self->mutex);
  self->viewers = g_ptr_array_new_with_free_func (g_free);
  self->last = G_MAXUINT;
  self->started = g_get_monotonic_time ();
  start_relay (self, ec);
  self->session = connect_to (self, "moqt", "moqt-18", &error);
  g_assert_no_error (error);
  self->track = ec_moq_track_new (HONEST_SPACE, HONEST_TRACK, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ec_moq_session_add_track (self->session, self->track, &error));
  g_assert_true (ec_moq_session_announce (self->session, HONEST_SPACE, NULL, &error));
  g_assert_no_error (error);
  self->publisher = g_thread_new ("publisher", publish, self);
  for (guint i = 0; i < N_VIEWERS; i++)
    add_viewer (self, ways[i % G_N_ELEMENTS (ways)][0], ways[i % G_N_ELEMENTS (ways)][1], FALSE);
  while (!all_joined (self)) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (10000);
  }
  return self;
}

const char *
stage_get_address (Stage *self)
{
  return self->address;
}

const char *
stage_get_certificate_hash (Stage *self)
{
  return self->hash;
}

static void
check_viewers (Stage *self)
{
  guint64 last;

  g_atomic_int_set (&self->stop, 1);
  g_thread_join (self->publisher);
  last = self->last;
  for (guint i = 0; i < self->viewers->len; i++) {
    Viewer *viewer = g_ptr_array_index (self->viewers, i);

    g_thread_join (viewer->thread);
    if (viewer->joined < 0 && viewer->late)
      continue;
    g_assert_cmpint (viewer->joined, ==, 1);
    g_assert_cmpuint (viewer->whole, ==, last - viewer->first + 1);
  }
}

/* Waits until a second, or thereabouts, takes next to nothing. */
static void
check_rest (Stage *self)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;
  guint64 before = get_cpu_ms (self), spent;

  do {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (G_USEC_PER_SEC / 2);
    spent = get_cpu_ms (self) - before;
    before += spent;
  } while (spent > IDLE_MS / 2);
}

void
stage_finish (Stage *self, const char *what)
{
  g_autoptr (GError) error = NULL;
  gint64 end = g_get_monotonic_time () + PATIENCE;
  guint peak;

  check_viewers (self);
  check_rest (self);
  /* Nobody but the publisher is there any more; idle ones are noticed within 30 s. */
  while (get_stat (self, "sessions") != 1) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    g_usleep (50000);
  }
  peak = get_memory (self, "VmHWM");
  g_test_message (
      "%s: peak %u MiB, then %u; reckoned peak %" G_GINT64_FORMAT " MiB, then %" G_GINT64_FORMAT
      " KiB; CPU %" G_GUINT64_FORMAT " ms of %" G_GINT64_FORMAT "; %" G_GINT64_FORMAT
      " sessions, %" G_GINT64_FORMAT " requests, %" G_GINT64_FORMAT " overloads",
      what, peak, get_memory (self, "VmRSS"), get_stat (self, "memory_peak") >> 20,
      get_stat (self, "memory") >> 10, get_cpu_ms (self),
      (g_get_monotonic_time () - self->started) / 1000, get_stat (self, "sessions_total"),
      get_stat (self, "requests"), get_stat (self, "overloads"));
  g_assert_cmpint (get_stat (self, "memory_peak"), <=, STAGE_MEMORY_MB << 20);
  if (!SANITIZED)
    g_assert_cmpuint (peak, <=, LIMIT_MB);

  ec_moq_session_close (self->session);
  g_clear_object (&self->session);
  g_clear_object (&self->track);
  g_subprocess_send_signal (self->relay, SIGTERM);
  g_assert_true (g_subprocess_wait_check (self->relay, NULL, &error));
  g_assert_no_error (error);
  g_thread_join (self->reader);
  g_object_unref (self->out);
  g_object_unref (self->relay);
  g_ptr_array_unref (self->viewers);
  g_mutex_clear (&self->mutex);
  g_free (self->stats);
  g_free (self->address);
  g_free (self->hash);
  g_free (self);
}
