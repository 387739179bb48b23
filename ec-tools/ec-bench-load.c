/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Sessions that are being made at once, so that a relay's handshakes are no flood. */
#define CONNECTING 16
/* Of delays that are kept; more than that are thinned out. */
#define MAX_SAMPLES (4 * 1024 * 1024)

static guint64
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64) now.tv_sec * 1000000000u + (guint64) now.tv_nsec;
}

static EcMoqConnectOptions *
make_options (const EcBenchLoad *load)
{
  EcMoqConnectOptions *options = ec_moq_connect_options_new ();

  g_object_set (options, "ca-file", load->ca_file, "certificate-hashes", load->hashes, "protocols",
                load->protocols, "timeout", 30000u, NULL);
  return options;
}

static void
print_state (const char *state)
{
  g_print ("{\"state\":\"%s\"}\n", state);
}

/* -- Publishing: a thread that writes an object when it is due, each with the time in its first 8 bytes */

typedef struct {
  const EcBenchLoad *load;
  EcMoqTrack *track;
  int stop; /* atomic */
  guint64 n;
} Publisher;

static gpointer
write_objects (gpointer data)
{
  Publisher *self = data;
  const EcBenchLoad *load = self->load;
  guint64 begin = now_ns ();
  gsize size = (gsize) load->object_size;

  while (!g_atomic_int_get (&self->stop)) {
    guint64 due = begin + (guint64) ((double) self->n * 1e9 / load->rate);
    struct timespec at = { (time_t) (due / 1000000000u), (long) (due % 1000000000u) };
    guint64 group = self->n / (guint64) load->group, object = self->n % (guint64) load->group;
    guint8 *bytes = g_malloc (size);
    g_autoptr (GBytes) payload = NULL;
    guint64 stamp;

    while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0)
      ;
    memset (bytes, (int) (self->n & 0xff), size);
    stamp = GUINT64_TO_BE (now_ns ());
    memcpy (bytes, &stamp, sizeof stamp);
    payload = g_bytes_new_take (bytes, size);
    if (!ec_moq_track_write_object (self->track, group, object, 128, payload,
                                    object + 1 == (guint64) load->group, NULL, NULL))
      break;
    self->n++;
  }
  return NULL;
}

EcToolStatus
ec_bench_publish (const EcBenchLoad *load)
{
  g_autoptr (EcMoqConnectOptions) options = make_options (load);
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqSession) session = NULL;
  Publisher publisher = { .load = load };
  GThread *thread = NULL;
  char line[64];

  session = ec_moq_session_new_for_uri (load->uri, options, NULL, &error);
  if (!session)
    return ec_tool_fail ("bench", error);
  publisher.track = ec_moq_track_new (load->space, load->track, NULL, &error);
  if (!publisher.track || !ec_moq_session_add_track (session, publisher.track, &error) ||
      !ec_moq_session_announce (session, load->space, NULL, &error))
    return ec_tool_fail ("bench", error);
  print_state ("ready");
  while (fgets (line, sizeof line, stdin)) {
    if (g_str_has_prefix (line, "begin") && !thread)
      thread = g_thread_new ("publisher", write_objects, &publisher);
  }
  g_atomic_int_set (&publisher.stop, 1);
  if (thread)
    g_thread_join (thread);
  g_object_unref (publisher.track);
  return EC_TOOL_DONE;
}

/* -- Subscribing */

typedef struct {
  const EcBenchLoad *load;
  EcMoqConnectOptions *options;
  GMainLoop *loop;
  guint n_begun, n_ready, n_failed;
  gboolean counting;
  guint64 bytes, objects, lost, ended;
  guint64 n_delays;
  GArray *delays; /* µs */
  gboolean failed;
} Subscribers;

typedef struct {
  Subscribers *all;
  EcMoqSession *session;
  EcMoqSubscription *subscription;
  gboolean has_group;
  guint64 group;
} Subscriber;

static void connect_more (Subscribers *self);

static void
note_delay (Subscribers *self, GBytes *payload)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);
  guint64 stamp, now = now_ns ();
  guint32 delay;

  if (size < sizeof stamp || self->delays->len >= MAX_SAMPLES)
    return;
  memcpy (&stamp, data, sizeof stamp);
  stamp = GUINT64_FROM_BE (stamp);
  if (stamp > now)
    return;
  delay = (guint32) MIN ((now - stamp) / 1000, G_MAXUINT32);
  g_array_append_val (self->delays, delay);
}

static void
take (Subscriber *self, EcMoqObject *object)
{
  Subscribers *all = self->all;
  guint64 group = ec_moq_object_get_group (object);
  GBytes *payload;

  if (self->has_group && group > self->group + 1 && all->counting)
    all->lost += group - self->group - 1;
  self->has_group = TRUE;
  self->group = MAX (self->group, group);
  if (!all->counting)
    return;
  switch (ec_moq_object_get_kind (object)) {
  case EC_MOQ_OBJECT_KIND_GROUP_LOST:
    all->lost++;
    return;
  case EC_MOQ_OBJECT_KIND_GROUP_ENDED:
    return;
  case EC_MOQ_OBJECT_KIND_OBJECT:
  default:
    break;
  }
  payload = ec_moq_object_get_payload (object);
  all->objects++;
  all->bytes += g_bytes_get_size (payload);
  note_delay (all, payload);
}

static void
on_object (GObject *source, GAsyncResult *result, gpointer data)
{
  Subscriber *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqObject) object =
      ec_moq_subscription_read_object_finish (self->subscription, result, &error);

  if (!object) {
    if (self->all->ended++ == 0)
      g_printerr ("ec bench: a subscription has ended: %s\n",
                  error ? error->message : "the track is over");
    return;
  }
  take (self, object);
  ec_moq_subscription_read_object_async (self->subscription, NULL, on_object, self);
}

static void
settle (Subscribers *self, GError *error)
{
  if (error) {
    if (self->n_failed++ == 0)
      g_printerr ("ec bench: %s\n", error->message);
  } else {
    self->n_ready++;
  }
  if (self->n_ready + self->n_failed == (guint) self->load->subscribers)
    g_print ("{\"state\":\"ready\",\"subscribers\":%u,\"failed\":%u}\n", self->n_ready,
             self->n_failed);
  connect_more (self);
}

static void
on_subscribed (GObject *source, GAsyncResult *result, gpointer data)
{
  Subscriber *self = data;
  g_autoptr (GError) error = NULL;

  self->subscription = ec_moq_session_subscribe_finish (self->session, result, &error);
  if (self->subscription)
    ec_moq_subscription_read_object_async (self->subscription, NULL, on_object, self);
  settle (self->all, error);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Subscriber *self = data;
  g_autoptr (GError) error = NULL;

  self->session = ec_moq_session_new_for_uri_finish (result, &error);
  if (!self->session) {
    settle (self->all, error);
    return;
  }
  ec_moq_session_subscribe_async (self->session, self->all->load->space, self->all->load->track,
                                  EC_MOQ_START_NEXT_OBJECT, NULL, on_subscribed, self);
}

static void
connect_more (Subscribers *self)
{
  while (self->n_begun < (guint) self->load->subscribers &&
         self->n_begun - self->n_ready - self->n_failed < CONNECTING) {
    Subscriber *subscriber = g_new0 (Subscriber, 1);

    subscriber->all = self;
    self->n_begun++;
    ec_moq_session_new_for_uri_async (self->load->uri, self->options, NULL, on_connected,
                                      subscriber);
  }
}

static void
print_results (Subscribers *self)
{
  double p50 = ec_bench_quantile (self->delays, 0.5), p99 = ec_bench_quantile (self->delays, 0.99);

  g_print ("{\"state\":\"result\",\"bytes\":%" G_GUINT64_FORMAT ",\"objects\":%" G_GUINT64_FORMAT
           ",\"lost\":%" G_GUINT64_FORMAT ",\"ended\":%" G_GUINT64_FORMAT
           ",\"p50\":%.0f,\"p99\":%.0f}\n",
           self->bytes, self->objects, self->lost, self->ended, p50 >= 0 ? p50 : -1,
           p99 >= 0 ? p99 : -1);
}

static gboolean
on_line (GIOChannel *channel, GIOCondition condition, gpointer data)
{
  Subscribers *self = data;
  g_autofree char *line = NULL;

  if (g_io_channel_read_line (channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
    g_main_loop_quit (self->loop);
    return G_SOURCE_REMOVE;
  }
  if (g_str_has_prefix (line, "begin")) {
    self->counting = TRUE;
    self->bytes = self->objects = self->lost = 0;
    g_array_set_size (self->delays, 0);
  } else if (g_str_has_prefix (line, "end")) {
    self->counting = FALSE;
    print_results (self);
  }
  return G_SOURCE_CONTINUE;
}

EcToolStatus
ec_bench_subscribe (const EcBenchLoad *load)
{
  Subscribers self = { .load = load };
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (STDIN_FILENO);

  self.options = make_options (load);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.delays = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_line, &self);
  connect_more (&self);
  g_main_loop_run (self.loop);
  /* The rest goes with the process: its sessions are many, and nobody waits for their farewells. */
  return EC_TOOL_DONE;
}
