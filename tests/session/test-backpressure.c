/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-error.h"
#include "moq-pair.h"

/* What it costs not to read, at both ends, and that nothing is wrong when it is read again. Over real sockets. */

#define MIB (1024 * 1024)
/* What a subscription may hold (32 MiB), and the objects that were coming when it was reached. */
#define MOST_HELD ((gsize) (34 * MIB))
/* What a track keeps: 64 MiB, and an object more. */
#define MOST_KEPT ((gsize) (66 * MIB))

typedef struct {
  gsize held, kept; /* the most that was seen */
} Peak;

static gsize
look (Peak *peak, EcMoqSubscription *subscription, EcMoqTrack *track)
{
  gsize held = ec_moq_subscription_get_queued (subscription);
  EcMoqFeedStats stats;

  ec_moq_feed_get_stats (ec_moq_track_get_feed (track), &stats);
  peak->held = MAX (peak->held, held);
  peak->kept = MAX (peak->kept, stats.bytes);
  return held;
}

static guint64
get_sent (EcMoqTrack *track)
{
  EcMoqFeedStats stats;

  ec_moq_feed_get_stats (ec_moq_track_get_feed (track), &stats);
  return stats.bytes_out;
}

/* Writes groups of a mebibyte each, `from` to `to`, at 100 of them a second at most. */
static void
write_groups (EcMoqTrack *track, guint64 from, guint64 to, EcMoqSubscription *reader, Peak *peak)
{
  for (guint64 group = from; group <= to; group++) {
    for (guint64 object = 0; object < 4; object++)
      write_object (track, group, object, MIB / 4, object == 3);
    g_usleep (10000);
    look (peak, reader, track);
  }
}

/* Reads to the end; groups and objects ascend, each object is what was written. */
static guint64
read_all (EcMoqSubscription *subscription, guint *n_lost)
{
  guint64 group = 0, next = 0;

  for (;;) {
    g_autoptr (EcMoqObject) object = read_object (subscription);
    g_autoptr (GBytes) payload = NULL;

    if (!object)
      return group;
    g_assert_cmpuint (ec_moq_object_get_group (object), >=, group);
    if (ec_moq_object_get_group (object) != group)
      next = 0;
    group = ec_moq_object_get_group (object);
    *n_lost += ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_GROUP_LOST;
    if (ec_moq_object_get_kind (object) != EC_MOQ_OBJECT_KIND_OBJECT)
      continue;
    g_assert_cmpuint (ec_moq_object_get_id (object), >=, next);
    next = ec_moq_object_get_id (object) + 1;
    payload = make_payload (group, ec_moq_object_get_id (object), MIB / 4);
    g_assert_true (g_bytes_equal (ec_moq_object_get_payload (object), payload));
  }
}

/* Nobody reads 200 MiB: neither end holds more than it may, and the newest groups are there afterwards. */
static void
test_never_read (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  Peak peak = { 0 };
  guint n_lost = 0;
  guint64 last;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  write_groups (pair.early, 1, 200, subscription, &peak);
  g_test_message ("200 MiB written, %.1f MiB sent; held at most %.1f MiB, kept %.1f MiB",
                  (double) get_sent (pair.early) / MIB, (double) peak.held / MIB,
                  (double) peak.kept / MIB);
  g_assert_cmpuint (peak.held, <=, MOST_HELD);
  g_assert_cmpuint (peak.kept, <=, MOST_KEPT);
  ec_moq_track_end (pair.early);
  last = read_all (subscription, &n_lost);
  g_assert_cmpuint (last, ==, 200);
  pair_stop (&pair);
}

typedef struct {
  EcMoqSubscription *subscription;
  guint64 n_bytes; /* atomic */
  gint stop;
} Slow;

/* About 25 MiB a second. */
static gpointer
read_slowly (gpointer data)
{
  Slow *slow = data;

  while (!g_atomic_int_get (&slow->stop)) {
    g_autoptr (EcMoqObject) object = read_object (slow->subscription);

    if (!object)
      return NULL;
    __atomic_fetch_add (&slow->n_bytes, g_bytes_get_size (ec_moq_object_get_payload (object)),
                        __ATOMIC_RELAXED);
    g_usleep (10000);
  }
  return NULL;
}

/* A reader that is four times too slow: the sender follows it. What is lost is lost there, and nothing here. */
static void
test_slow (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  Slow slow = { 0 };
  Peak peak = { 0 };
  GThread *thread;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  slow.subscription = subscription;
  thread = g_thread_new ("slow", read_slowly, &slow);
  write_groups (pair.early, 1, 200, subscription, &peak);
  g_test_message ("200 MiB written, %.1f MiB read; held at most %.1f MiB",
                  (double) __atomic_load_n (&slow.n_bytes, __ATOMIC_RELAXED) / MIB,
                  (double) peak.held / MIB);
  g_atomic_int_set (&slow.stop, TRUE);
  ec_moq_track_end (pair.early);
  g_thread_join (thread);
  g_assert_cmpuint (peak.held, <=, MOST_HELD);
  g_assert_cmpuint (ec_moq_subscription_get_n_dropped (subscription), ==, 0);
  pair_stop (&pair);
}

/* One that nobody reads does not stop another of the same session, nor what is asked in it. */
static void
test_beside (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "unread") };
  g_autoptr (EcMoqSubscription) unread = NULL, read = NULL;
  g_autoptr (EcMoqTrack) other = make_track ("a", "read");
  g_autoptr (GError) error = NULL;
  Peak peak = { 0 };

  pair_start (&pair, data);
  g_assert_true (ec_moq_session_add_track (pair.theirs, other, NULL));
  unread = subscribe (pair.ours, "a", "unread", EC_MOQ_START_NEXT_GROUP);
  read = subscribe (pair.ours, "a", "read", EC_MOQ_START_NEXT_GROUP);
  for (guint64 group = 1; group <= 20; group++) {
    write_groups (pair.early, group * 10, group * 10 + 9, unread, &peak);
    write_object (other, group, 0, 1000, TRUE);
    expect_object (read, group, 0, 1000);
    expect_kind (read, EC_MOQ_OBJECT_KIND_GROUP_ENDED, group);
    g_assert_true (ec_moq_session_announce (pair.ours, "x", NULL, &error));
    g_assert_no_error (error);
    ec_moq_session_unannounce (pair.ours, "x");
  }
  g_assert_cmpuint (peak.held, <=, MOST_HELD);
  pair_stop (&pair);
}

/* Groups of next to nothing: it is the streams that are bounded then, at both ends. */
static void
test_tiny (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "unread") };
  g_autoptr (EcMoqSubscription) unread = NULL, read = NULL;
  g_autoptr (EcMoqTrack) other = make_track ("a", "read");
  guint64 last = 0;

  pair_start (&pair, data);
  g_assert_true (ec_moq_session_add_track (pair.theirs, other, NULL));
  unread = subscribe (pair.ours, "a", "unread", EC_MOQ_START_NEXT_GROUP);
  read = subscribe (pair.ours, "a", "read", EC_MOQ_START_NEXT_GROUP);
  for (guint64 group = 1; group <= 10000; group++) {
    write_object (pair.early, group, 0, 10, TRUE);
    if (group % 1000 > 0)
      continue;
    write_object (other, group, 0, 1000, TRUE);
    expect_object (read, group, 0, 1000);
    expect_kind (read, EC_MOQ_OBJECT_KIND_GROUP_ENDED, group);
    g_assert_cmpuint (ec_moq_subscription_get_queued (unread), <=, MIB);
  }
  ec_moq_track_end (pair.early);
  for (;;) {
    g_autoptr (EcMoqObject) object = read_object (unread);

    if (!object)
      break;
    g_assert_cmpuint (ec_moq_object_get_group (object), >=, last);
    last = ec_moq_object_get_group (object);
  }
  g_assert_cmpuint (last, ==, 10000);
  pair_stop (&pair);
}

#define LARGE_SIZE ((gsize) (3 * MIB / 2))

/* What is fetched waits at the sender until it is read, large objects too: all of it comes. */
static void
test_fetch (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) fetch = NULL;
  g_autoptr (GError) error = NULL;
  gsize size = 0, before = 1;

  for (guint64 group = 1; group <= 28; group++)
    write_object (pair.early, group, 0, LARGE_SIZE, TRUE);
  pair_start (&pair, data);
  fetch = ec_moq_session_fetch (pair.ours, "a", "t", 1, 28, NULL, &error);
  g_assert_no_error (error);
  /* Until nothing more comes: what has no event but that the time in which it would have come has passed. */
  while (size != before || size == 0) {
    before = size;
    g_usleep (300000);
    size = ec_moq_subscription_get_queued (fetch);
  }
  g_test_message ("%.1f of 42 MiB came before any was read", (double) size / MIB);
  g_assert_cmpuint (size, <=, 8 * MIB);
  for (guint64 group = 1; group <= 28; group++)
    expect_object (fetch, group, 0, LARGE_SIZE);
  g_assert_null (read_object (fetch));
  pair_stop (&pair);
}

/* Either draft, either transport; all four of them would take a minute. */
static void
add (const char *name, GTestDataFunc func)
{
  const Way *some[] = { &ways[0], &ways[3] };

  for (gsize i = 0; i < G_N_ELEMENTS (some); i++) {
    g_autofree char *path =
        g_strdup_printf ("/backpressure/%s/%s/%s", name, some[i]->scheme, some[i]->draft);

    g_test_add_data_func (path, some[i], func);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("never-read", test_never_read);
  add ("slow", test_slow);
  add ("beside", test_beside);
  add ("tiny", test_tiny);
  add ("fetch", test_fetch);
  return g_test_run ();
}
