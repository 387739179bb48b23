/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-peer.h"

/*
 * Several writers of one track, each at its own pace, some of which join in the middle and die in the middle, all from a seed; and readers
 * that come at any time, some of them slow. Whatever happens, no stream of a reader may have a gap or a byte twice; and if one
 * writer lives through it all, nobody may notice that others did not.
 */

#define N_SEEDS 1000
#define N_GROUPS 8
#define MAX_OBJECTS 8
#define MAX_SUBGROUPS 3
#define MAX_WRITERS 3
#define MAX_READERS 3

typedef struct {
  guint n_objects;
  guint n_subgroups;
  guint subgroup[MAX_OBJECTS]; /* of each object; each subgroup has one at least */
  gsize size[MAX_OBJECTS];
} Group;

typedef struct {
  EcMoqFeedWriter *feed;
  guint group;
  gboolean open[MAX_SUBGROUPS], over[MAX_SUBGROUPS];
  gint object[MAX_SUBGROUPS]; /* -1: before the first */
  gsize offset[MAX_SUBGROUPS];
  gboolean joins; /* in the middle of its first group */
  guint weight;
} Writer;

typedef struct {
  GRand *rand;
  guint64 now_us;
  EcMoqFeed *feed;
  Group groups[N_GROUPS];
  Writer writers[MAX_WRITERS];
  guint n_writers;
  FeedPeer *readers[MAX_READERS];
  gboolean slow[MAX_READERS];
  guint joined[MAX_READERS];
  gboolean survivor; /* the first writer has all, and lives */
} World;

static guint
below (World *self, guint n)
{
  return (guint) g_rand_int_range (self->rand, 0, (gint32) n);
}

static void
make_truth (World *self)
{
  for (guint g = 0; g < N_GROUPS; g++) {
    Group *group = &self->groups[g];

    group->n_objects = 1 + below (self, MAX_OBJECTS);
    group->n_subgroups = 1 + below (self, MIN (MAX_SUBGROUPS, group->n_objects));
    for (guint i = 0; i < group->n_objects; i++) {
      group->subgroup[i] = i < group->n_subgroups ? i : below (self, group->n_subgroups);
      group->size[i] = below (self, 4) == 0 ? 0 : below (self, 300);
    }
  }
}

/* The subgroup's next object behind `object`; -1: that was the last. */
static gint
next_object (const Group *group, guint subgroup, gint object)
{
  for (guint i = (guint) (object + 1); i < group->n_objects; i++)
    if (group->subgroup[i] == subgroup)
      return (gint) i;
  return -1;
}

static void
start_group (Writer *writer, guint group)
{
  writer->group = group;
  for (guint s = 0; s < MAX_SUBGROUPS; s++) {
    writer->open[s] = writer->over[s] = FALSE;
    writer->object[s] = -1;
    writer->offset[s] = 0;
  }
}

static void
begin_stream (World *self, Writer *writer, guint s)
{
  const Group *group = &self->groups[writer->group];
  gboolean first = TRUE;

  if (writer->joins && below (self, 2)) {
    gint object = -1, skipped = -1;

    while ((object = next_object (group, s, object)) >= 0 && below (self, 3))
      skipped = object;
    if (object >= 0 && skipped >= 0) {
      writer->object[s] = skipped;
      writer->offset[s] = group->size[skipped];
      first = FALSE;
    }
  }
  writer->open[s] = TRUE;
  g_assert_cmpint (ec_moq_feed_writer_begin (writer->feed, self->now_us, writer->group, s, 100,
                                             FALSE, FALSE, first),
                   ==, EC_MOQ_FEED_PUT_OK);
}

static void
put_some (World *self, Writer *writer, guint s, gsize left)
{
  gint object = writer->object[s];
  gsize size = 1 + below (self, (guint) left);
  g_autofree guint8 *bytes =
      feed_peer_bytes (writer->group, (guint64) object, writer->offset[s] + size);

  g_assert_cmpint (
      ec_moq_feed_writer_put (writer->feed, 0, writer->group, s, bytes + writer->offset[s], size),
      ==, EC_MOQ_FEED_PUT_OK);
  writer->offset[s] += size;
}

static void
put_next (World *self, Writer *writer, guint s, guint object)
{
  const Group *group = &self->groups[writer->group];
  EcMoqtObject head = { .location = { writer->group, object },
                        .subgroup = s,
                        .priority = 100,
                        .size = group->size[object] };

  writer->object[s] = (gint) object;
  if (below (self, 4) == 0) {
    g_autoptr (GBytes) bytes =
        g_bytes_new_take (feed_peer_bytes (writer->group, object, head.size), head.size);
    g_autoptr (EcPayload) payload = ec_payload_new_for_bytes (bytes);

    g_assert_cmpint (ec_moq_feed_writer_put_object (writer->feed, self->now_us, &head, payload), ==,
                     EC_MOQ_FEED_PUT_OK);
    writer->offset[s] = head.size;
    return;
  }
  g_assert_cmpint (ec_moq_feed_writer_object (writer->feed, self->now_us, &head), ==,
                   EC_MOQ_FEED_PUT_OK);
  writer->offset[s] = 0;
}

/* One thing that the writer does; FALSE: it is through. */
static gboolean
step_writer (World *self, Writer *writer)
{
  const Group *group;
  guint s, n_over = 0;
  gsize left;
  gint object;

  if (writer->group == N_GROUPS)
    return FALSE;
  group = &self->groups[writer->group];
  s = below (self, group->n_subgroups);
  while (writer->over[s] && n_over++ < MAX_SUBGROUPS)
    s = (s + 1) % group->n_subgroups;
  if (writer->over[s]) {
    writer->joins = FALSE;
    start_group (writer, writer->group + 1);
    return TRUE;
  }
  if (!writer->open[s]) {
    begin_stream (self, writer, s);
    return TRUE;
  }
  left = writer->object[s] < 0 ? 0 : group->size[writer->object[s]] - writer->offset[s];
  if (left > 0) {
    put_some (self, writer, s, left);
    return TRUE;
  }
  object = next_object (group, s, writer->object[s]);
  if (object >= 0)
    put_next (self, writer, s, (guint) object);
  else {
    g_assert_cmpint (ec_moq_feed_writer_finish (writer->feed, self->now_us, writer->group, s), ==,
                     EC_MOQ_FEED_PUT_OK);
    writer->over[s] = TRUE;
  }
  return TRUE;
}

static void
add_writer (World *self, guint i, guint group, gboolean joins)
{
  Writer *writer = &self->writers[i];

  writer->feed = ec_moq_feed_add_writer (self->feed);
  writer->weight = 1 + below (self, 5);
  writer->joins = joins;
  start_group (writer, group);
}

static void
remove_writer (World *self, guint i)
{
  ec_moq_feed_writer_remove (self->writers[i].feed, self->now_us);
  self->writers[i].feed = NULL;
}

/* -- What readers may have received */

static void
check_stream (World *self, guint r, FeedPeerStream *stream)
{
  const Group *group = &self->groups[stream->group];
  gint last = -1;

  for (guint i = 0; i < stream->objects->len; i++) {
    FeedPeerObject *object = &g_array_index (stream->objects, FeedPeerObject, i);

    g_assert_cmpuint (object->location.group, ==, stream->group);
    g_assert_cmpuint (object->subgroup, ==, stream->subgroup);
    g_assert_cmpuint (object->size, ==, group->size[object->location.object]);
    if (i > 0)
      g_assert_cmpint ((gint) object->location.object, ==,
                       next_object (group, (guint) stream->subgroup, last));
    if (i == 0 && stream->first)
      g_assert_cmpint ((gint) object->location.object, ==,
                       next_object (group, (guint) stream->subgroup, -1));
    last = (gint) object->location.object;
  }
  if (stream->ended)
    g_assert_cmpint (next_object (group, (guint) stream->subgroup, last), ==, -1);
  if (self->survivor && !self->slow[r])
    g_assert_true (stream->ended);
}

static void
check_reader (World *self, guint r)
{
  FeedPeer *peer = self->readers[r];
  guint seen[N_GROUPS][MAX_OBJECTS] = { { 0 } };

  for (guint i = 0; i < feed_peer_get_n_streams (peer); i++) {
    FeedPeerStream *stream = feed_peer_get_stream (peer, i);

    check_stream (self, r, stream);
    for (guint k = 0; k < stream->objects->len; k++) {
      FeedPeerObject *object = &g_array_index (stream->objects, FeedPeerObject, k);

      g_assert_cmpuint (seen[object->location.group][object->location.object]++, ==, 0);
    }
  }
  if (!self->survivor || self->slow[r])
    return;
  /* Whoever was there before a group began has all of it, but for what one who joined in the middle was the first to write. */
  for (guint g = self->joined[r] + 1; g < N_GROUPS; g++)
    for (guint i = 0; i < self->groups[g].n_objects; i++) {
      gint next = next_object (&self->groups[g], self->groups[g].subgroup[i], (gint) i);

      if (next < 0)
        g_assert_cmpuint (seen[g][i], ==, 1);
    }
}

static void
step_reader (World *self, guint r)
{
  FeedPeer *peer = self->readers[r];

  if (!peer) {
    EcMoqtLocation largest = { 0 };

    if (below (self, 10))
      return;
    self->slow[r] = r == MAX_READERS - 1;
    ec_moq_feed_get_largest (self->feed, &largest);
    self->joined[r] = (guint) largest.group;
    self->readers[r] = peer = feed_peer_subscribe (self->feed, NULL);
    if (self->slow[r])
      feed_peer_allow (peer, 100);
  }
  if (self->slow[r] && below (self, 3) == 0) {
    feed_peer_allow (peer, below (self, 200));
    feed_peer_pump (peer);
  }
  feed_peer_run (peer);
}

static void
step_deaths (World *self)
{
  for (guint i = self->survivor ? 1 : 0; i < self->n_writers; i++) {
    Writer *writer = &self->writers[i];

    if (writer->feed && below (self, 60) == 0)
      remove_writer (self, i);
    else if (!writer->feed && below (self, 20) == 0 && writer->group < N_GROUPS)
      add_writer (self, i, MIN (writer->group + below (self, 2), N_GROUPS - 1), TRUE);
  }
}

static void
run_world (guint32 seed)
{
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("ec/v1/test", "chunks", NULL);
  EcMoqFeedLimits limits = { .linger_us = 1000 };
  World self = { .rand = g_rand_new_with_seed (seed) };
  gboolean through = FALSE;

  self.survivor = seed % 2 == 0;
  if (!self.survivor && below (&self, 2))
    limits.max_groups = 2 + below (&self, 3);
  self.feed = ec_moq_feed_new (name, NULL, &limits);
  make_truth (&self);
  self.n_writers = 2 + below (&self, 2);
  for (guint i = 0; i < self.n_writers; i++)
    add_writer (&self, i, 0, i > 0 && below (&self, 2));

  for (guint n = 0; n < 20000 && !through; n++) {
    through = TRUE;
    for (guint i = 0; i < self.n_writers; i++) {
      Writer *writer = &self.writers[i];

      if (writer->feed && below (&self, writer->weight) == 0)
        step_writer (&self, writer);
      through = through && (writer->group == N_GROUPS || (self.survivor && i > 0));
    }
    if (!self.survivor)
      self.now_us += below (&self, 100);
    step_deaths (&self);
    if (below (&self, 2))
      ec_moq_feed_flush (self.feed);
    for (guint r = 0; r < MAX_READERS; r++)
      step_reader (&self, r);
  }
  g_assert_true (through);

  ec_moq_feed_trim (self.feed, self.now_us, 0);
  ec_moq_feed_flush (self.feed);
  for (guint r = 0; r < MAX_READERS; r++)
    if (self.readers[r]) {
      feed_peer_allow (self.readers[r], G_MAXSIZE);
      feed_peer_pump (self.readers[r]);
      check_reader (&self, r);
      feed_peer_free (self.readers[r]);
    }
  for (guint i = 0; i < self.n_writers; i++)
    if (self.writers[i].feed)
      remove_writer (&self, i);
  {
    EcMoqFeedStats stats;

    ec_moq_feed_get_stats (self.feed, &stats);
    g_assert_cmpuint (stats.n_conflicts, ==, 0);
    g_assert_cmpuint (stats.n_readers + stats.n_writers, ==, 0);
  }
  ec_moq_feed_unref (self.feed);
  g_rand_free (self.rand);
}

static void
test_seeds (void)
{
  for (guint32 seed = 0; seed < N_SEEDS; seed++) {
    if (g_test_verbose ())
      g_test_message ("seed %u", seed);
    run_world (seed);
  }
}

static void
test_one (gconstpointer data)
{
  run_world ((guint32) g_ascii_strtoull (data, NULL, 10));
}

int
main (int argc, char **argv)
{
  const char *seed = g_getenv ("EC_TEST_SEED");

  g_test_init (&argc, &argv, NULL);
  if (seed)
    g_test_add_data_func ("/feed/merge/seed", seed, test_one);
  else
    g_test_add_func ("/feed/merge/seeds", test_seeds);
  return g_test_run ();
}
