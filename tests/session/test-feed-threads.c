/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-peer.h"

/* Two writers and four threads of readers at once; what it is worth shows under the sanitizers. */

#define N_GROUPS 300
#define N_OBJECTS 20
#define OBJECT_SIZE 400
#define N_READERS 4
#define PER_READER 3

typedef struct {
  EcMoqFeed *feed;
  guint seed;
  guint n_received;
} Task;

static gpointer
write_all (gpointer data)
{
  Task *task = data;
  EcMoqFeedWriter *writer = ec_moq_feed_add_writer (task->feed);
  GRand *rand = g_rand_new_with_seed (task->seed);

  for (guint64 g = 0; g < N_GROUPS; g++) {
    g_assert_cmpint (ec_moq_feed_writer_begin (writer, g, g, 0, 128, FALSE, TRUE, TRUE), ==,
                     EC_MOQ_FEED_PUT_OK);
    for (guint64 i = 0; i < N_OBJECTS; i++) {
      EcMoqtObject head = { .location = { g, i }, .priority = 128, .size = OBJECT_SIZE };
      g_autofree guint8 *bytes = feed_peer_bytes (g, i, OBJECT_SIZE);
      gsize offset = 0;

      g_assert_cmpint (ec_moq_feed_writer_object (writer, g, &head), ==, EC_MOQ_FEED_PUT_OK);
      while (offset < OBJECT_SIZE) {
        gsize size = (gsize) g_rand_int_range (rand, 1, 300);

        size = MIN (size, OBJECT_SIZE - offset);
        g_assert_cmpint (ec_moq_feed_writer_put (writer, 0, g, 0, bytes + offset, size), ==,
                         EC_MOQ_FEED_PUT_OK);
        offset += size;
        ec_moq_feed_flush (task->feed);
      }
    }
    g_assert_cmpint (ec_moq_feed_writer_finish (writer, g, g, 0), ==, EC_MOQ_FEED_PUT_OK);
    ec_moq_feed_flush (task->feed);
    if (g % 50 == 49)
      ec_moq_feed_trim (task->feed, g, 0);
  }
  ec_moq_feed_writer_remove (writer, N_GROUPS);
  g_rand_free (rand);
  return NULL;
}

static guint
check (FeedPeer *peer)
{
  guint n = 0;

  for (guint i = 0; i < feed_peer_get_n_streams (peer); i++) {
    FeedPeerStream *stream = feed_peer_get_stream (peer, i);

    g_assert_true (stream->ended || stream->reset);
    for (guint k = 0; k < stream->objects->len; k++)
      g_assert_cmpuint (g_array_index (stream->objects, FeedPeerObject, k).location.object, ==, k);
    if (stream->ended)
      g_assert_cmpuint (stream->objects->len, ==, N_OBJECTS);
    n += stream->objects->len;
  }
  return n;
}

static gpointer
read_all (gpointer data)
{
  Task *task = data;

  /* Some that go again soon, and one that stays to the end. */
  for (guint i = 0; i < PER_READER; i++) {
    FeedPeer *peer = feed_peer_subscribe (task->feed, NULL);

    for (guint n = 0; i + 1 == PER_READER || n < 50; n++) {
      feed_peer_wait (peer);
      if (!feed_peer_pump (peer)) {
        task->n_received += check (peer);
        break;
      }
    }
    feed_peer_free (peer);
  }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("ec/v1/test", "chunks", NULL);
  EcMoqFeedLimits limits = { .max_groups = 6 };
  EcMoqFeed *feed = ec_moq_feed_new (name, NULL, &limits);
  EcMoqFeedWriter *keep = ec_moq_feed_add_writer (feed); /* so that nobody is the only one */
  Task tasks[2 + N_READERS];
  GThread *threads[2 + N_READERS];
  EcMoqFeedStats stats;

  for (guint i = 0; i < G_N_ELEMENTS (tasks); i++) {
    tasks[i] = (Task){ .feed = feed, .seed = i };
    threads[i] = g_thread_new ("feed", i < 2 ? write_all : read_all, &tasks[i]);
  }
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  ec_moq_feed_end (feed, EC_MOQT_DONE_TRACK_ENDED, "over");
  for (guint i = 0; i < N_READERS; i++) {
    g_thread_join (threads[2 + i]);
    g_assert_cmpuint (tasks[2 + i].n_received, >, 0);
  }

  ec_moq_feed_get_stats (feed, &stats);
  g_assert_cmpuint (stats.n_conflicts, ==, 0);
  g_assert_cmpuint (stats.bytes_in, >=, N_GROUPS * N_OBJECTS * OBJECT_SIZE);
  g_assert_cmpuint (stats.n_readers, ==, 0);
  ec_moq_feed_writer_remove (keep, 0);
  ec_moq_feed_unref (feed);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/feed/threads", test_threads);
  return g_test_run ();
}
