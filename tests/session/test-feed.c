/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-peer.h"

#define S G_USEC_PER_SEC

typedef struct {
  EcMoqFeed *feed;
  EcMoqFeedWriter *writer;
} Fixture;

static EcMoqFeed *
new_feed (const EcMoqFeedLimits *limits)
{
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("ec/v1/test", "chunks", NULL);

  g_assert_nonnull (name);
  return ec_moq_feed_new (name, NULL, limits);
}

static void
set_up (Fixture *self, const EcMoqFeedLimits *limits)
{
  self->feed = new_feed (limits);
  self->writer = ec_moq_feed_add_writer (self->feed);
}

static void
tear_down (Fixture *self)
{
  if (self->writer)
    ec_moq_feed_writer_remove (self->writer, 0);
  ec_moq_feed_unref (self->feed);
}

/* The same, and one that reads it. */
static FeedPeer *
set_up_reader (Fixture *self)
{
  set_up (self, NULL);
  return feed_peer_subscribe (self->feed, NULL);
}

static void
tear_down_reader (Fixture *self, FeedPeer *peer)
{
  feed_peer_free (peer);
  tear_down (self);
}

/* What was written so far goes to the peer. */
static void
hand_on (Fixture *self, FeedPeer *peer)
{
  ec_moq_feed_flush (self->feed);
  feed_peer_run (peer);
}

static EcMoqFeedPut
begin (EcMoqFeedWriter *writer, guint64 group, gboolean first)
{
  return ec_moq_feed_writer_begin (writer, 0, group, 0, 128, FALSE, TRUE, first);
}

static EcMoqtObject
make_head (guint64 group, guint64 object, guint64 size)
{
  return (EcMoqtObject){ .location = { group, object }, .priority = 128, .size = size };
}

static EcMoqFeedPut
head (EcMoqFeedWriter *writer, guint64 group, guint64 object, guint64 size)
{
  EcMoqtObject it = make_head (group, object, size);

  return ec_moq_feed_writer_object (writer, 0, &it);
}

static EcMoqFeedPut
bytes (EcMoqFeedWriter *writer, guint64 group, guint64 object, gsize from, gsize to)
{
  g_autofree guint8 *data = feed_peer_bytes (group, object, to);

  return ec_moq_feed_writer_put (writer, 0, group, 0, data + from, to - from);
}

/* A whole object in the writer's stream. */
static void
put (EcMoqFeedWriter *writer, guint64 group, guint64 object, gsize size)
{
  g_assert_cmpint (head (writer, group, object, size), ==, EC_MOQ_FEED_PUT_OK);
  g_assert_cmpint (bytes (writer, group, object, 0, size), ==, EC_MOQ_FEED_PUT_OK);
}

static EcMoqFeedPut
put_isolated (EcMoqFeedWriter *writer, guint64 group, guint64 object, gsize size)
{
  g_autoptr (GBytes) data = g_bytes_new_take (feed_peer_bytes (group, object, size), size);
  g_autoptr (EcPayload) payload = ec_payload_new_for_bytes (data);
  EcMoqtObject it = make_head (group, object, size);

  return ec_moq_feed_writer_put_object (writer, 0, &it, payload);
}

static void
finish (EcMoqFeedWriter *writer, guint64 group)
{
  g_assert_cmpint (ec_moq_feed_writer_finish (writer, 0, group, 0), ==, EC_MOQ_FEED_PUT_OK);
}

static void
put_group (EcMoqFeedWriter *writer, guint64 group, guint n, gsize size)
{
  g_assert_cmpint (begin (writer, group, TRUE), ==, EC_MOQ_FEED_PUT_OK);
  for (guint i = 0; i < n; i++)
    put (writer, group, i, size);
  finish (writer, group);
}

/* Group 1, with object 0 and as many bytes of the 100 of object 1. */
static void
begin_cut (EcMoqFeedWriter *writer, gsize size)
{
  begin (writer, 1, TRUE);
  put (writer, 1, 0, 100);
  head (writer, 1, 1, 100);
  bytes (writer, 1, 1, 0, size);
}

static void
assert_stream (
    FeedPeer *peer, guint i, guint64 group, guint64 first_object, guint n, gboolean ended)
{
  FeedPeerStream *stream = feed_peer_get_stream (peer, i);

  g_assert_cmpuint (stream->group, ==, group);
  g_assert_cmpuint (stream->objects->len, ==, n);
  for (guint k = 0; k < n; k++)
    g_assert_cmpuint (g_array_index (stream->objects, FeedPeerObject, k).location.object, ==,
                      first_object + k);
  g_assert_cmpint (stream->ended, ==, ended);
}

static guint64
received (FeedPeer *peer, guint stream, guint object)
{
  return g_array_index (feed_peer_get_stream (peer, stream)->objects, FeedPeerObject, object)
      .received;
}

/* -- Joining */

static void
test_join (void)
{
  Fixture f;
  FeedPeer *peer;
  EcMoqtLocation largest;

  set_up (&f, NULL);
  put_group (f.writer, 5, 3, 100);
  begin (f.writer, 6, TRUE);
  put (f.writer, 6, 0, 100);
  head (f.writer, 6, 1, 100);
  bytes (f.writer, 6, 1, 0, 40);
  ec_moq_feed_flush (f.feed);

  /* No filter: from the open group's first object, and its open object as far as it is there. */
  peer = feed_peer_subscribe (f.feed, NULL);
  g_assert_true (feed_peer_is_granted (peer, &largest));
  g_assert_cmpuint (largest.group, ==, 6);
  g_assert_cmpuint (largest.object, ==, 1);
  g_assert_true (feed_peer_run (peer));
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 1);
  assert_stream (peer, 0, 6, 0, 2, FALSE);
  g_assert_true (feed_peer_get_stream (peer, 0)->first);
  g_assert_true (feed_peer_get_stream (peer, 0)->end_of_group);
  g_assert_cmpuint (received (peer, 0, 1), ==, 40);

  bytes (f.writer, 6, 1, 40, 100);
  finish (f.writer, 6);
  put_group (f.writer, 7, 1, 10);
  ec_moq_feed_flush (f.feed);
  g_assert_true (feed_peer_run (peer));
  assert_stream (peer, 0, 6, 0, 2, TRUE);
  assert_stream (peer, 1, 7, 0, 1, TRUE);

  ec_moq_feed_end (f.feed, EC_MOQT_DONE_TRACK_ENDED, "over");
  g_assert_false (feed_peer_run (peer));
  g_assert_true (feed_peer_is_done (peer, NULL));
  tear_down_reader (&f, peer);
}

static void
test_filters (void)
{
  static const struct {
    EcMoqtFilter filter;
    guint64 first_group, first_object;
    guint n_streams;
    gboolean refused;
  } cases[] = {
    { { EC_MOQT_FILTER_NONE }, 5, 0, 3 },
    { { EC_MOQT_FILTER_LARGEST_OBJECT }, 5, 2, 3 },
    { { EC_MOQT_FILTER_NEXT_GROUP }, 6, 0, 2 },
    { { EC_MOQT_FILTER_ABSOLUTE_START, { 0, 0 } }, 5, 0, 3 },
    { { EC_MOQT_FILTER_ABSOLUTE_START, { 6, 1 } }, 6, 1, 2 },
    { { EC_MOQT_FILTER_ABSOLUTE_RANGE, { 2, 0 }, 6 }, 5, 0, 2 },
    { { EC_MOQT_FILTER_ABSOLUTE_RANGE, { 6, 0 }, 6 }, 6, 0, 1 },
    { { EC_MOQT_FILTER_ABSOLUTE_RANGE, { 2, 0 }, 4 }, .refused = TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER, .filter = cases[i].filter };
    EcMoqtErrorCode error;
    EcMoqtDoneCode done;
    FeedPeer *peer;
    Fixture f;

    set_up (&f, NULL);
    put_group (f.writer, 4, 3, 10);
    begin (f.writer, 5, TRUE);
    put (f.writer, 5, 0, 10);
    put (f.writer, 5, 1, 10);
    peer = feed_peer_subscribe (f.feed, &params);
    g_assert_cmpint (feed_peer_is_refused (peer, &error), ==, cases[i].refused);
    if (cases[i].refused)
      g_assert_cmpint (error, ==, EC_MOQT_ERROR_INVALID_RANGE);
    else {
      FeedPeerStream *stream;

      g_assert_true (feed_peer_run (peer));
      put (f.writer, 5, 2, 10);
      finish (f.writer, 5);
      put_group (f.writer, 6, 3, 10);
      put_group (f.writer, 7, 3, 10);
      ec_moq_feed_flush (f.feed);
      g_assert_cmpint (feed_peer_run (peer), ==,
                       cases[i].filter.kind != EC_MOQT_FILTER_ABSOLUTE_RANGE);
      if (cases[i].filter.kind == EC_MOQT_FILTER_ABSOLUTE_RANGE) {
        g_assert_true (feed_peer_is_done (peer, &done));
        g_assert_cmpint (done, ==, EC_MOQT_DONE_SUBSCRIPTION_ENDED);
      }
      g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, cases[i].n_streams);
      stream = feed_peer_get_stream (peer, 0);
      g_assert_cmpuint (stream->group, ==, cases[i].first_group);
      g_assert_cmpuint (g_array_index (stream->objects, FeedPeerObject, 0).location.object, ==,
                        cases[i].first_object);
      g_assert_cmpint (stream->first, ==, cases[i].first_object == 0);
    }
    feed_peer_free (peer);
    tear_down (&f);
  }
}

/* What came between the decision and the answer is not passed over. */
static void
test_since (void)
{
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .filter.kind = EC_MOQT_FILTER_LARGEST_OBJECT };
  const EcMoqtLocation then = { 5, 0 };
  const EcMoqtLocation *cases[] = { &then, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    FeedPeerStream *stream;
    EcMoqtLocation largest = { 0 };
    FeedPeer *peer;
    Fixture f;

    set_up (&f, NULL);
    begin (f.writer, 5, TRUE);
    put (f.writer, 5, 0, 10);
    put (f.writer, 5, 1, 10);
    peer = feed_peer_subscribe_since (f.feed, &params, cases[i]);
    g_assert_true (feed_peer_is_granted (peer, &largest));
    g_assert_cmpuint (largest.group, ==, cases[i] ? 5 : 0);
    g_assert_true (feed_peer_run (peer));
    g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 1);
    stream = feed_peer_get_stream (peer, 0);
    g_assert_cmpuint (stream->objects->len, ==, cases[i] ? 1 : 2);
    feed_peer_free (peer);
    tear_down (&f);
  }
}

static void
test_forward (void)
{
  EcMoqtParams params = { .has = EC_MOQT_PARAM_FORWARD, .forward = FALSE };
  FeedPeer *peer;
  Fixture f;

  set_up (&f, NULL);
  peer = feed_peer_subscribe (f.feed, &params);
  put_group (f.writer, 1, 2, 10);
  begin (f.writer, 2, TRUE);
  put (f.writer, 2, 0, 10);
  hand_on (&f, peer);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 0);

  params.forward = TRUE;
  feed_peer_update (peer, &params);
  feed_peer_run (peer);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 1);
  assert_stream (peer, 0, 2, 0, 1, FALSE);

  params.forward = FALSE;
  feed_peer_update (peer, &params);
  g_assert_true (feed_peer_get_stream (peer, 0)->reset);
  put (f.writer, 2, 1, 10);
  hand_on (&f, peer);
  params.forward = TRUE;
  feed_peer_update (peer, &params);
  put (f.writer, 2, 2, 10);
  finish (f.writer, 2);
  hand_on (&f, peer);
  /* What went before does not come twice. */
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 2);
  assert_stream (peer, 1, 2, 1, 2, TRUE);
  tear_down_reader (&f, peer);
}

static void
test_late (void)
{
  FeedPeer *peer;
  Fixture f;

  /* Groups before the start are not sent, those out of order behind it are. */
  set_up (&f, NULL);
  put_group (f.writer, 10, 1, 10);
  peer = feed_peer_subscribe (f.feed, NULL);
  put_group (f.writer, 9, 1, 10);
  put_group (f.writer, 12, 1, 10);
  put_group (f.writer, 11, 1, 10);
  hand_on (&f, peer);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 3);
  assert_stream (peer, 0, 10, 0, 1, TRUE);
  assert_stream (peer, 1, 11, 0, 1, TRUE);
  assert_stream (peer, 2, 12, 0, 1, TRUE);
  tear_down_reader (&f, peer);
}

static void
test_datagrams (void)
{
  EcMoqtObject it = make_head (3, 0, 20);
  g_autoptr (GBytes) data = g_bytes_new_take (feed_peer_bytes (3, 0, 20), 20);
  g_autoptr (EcPayload) payload = ec_payload_new_for_bytes (data);
  FeedPeer *peer;
  Fixture f;

  peer = set_up_reader (&f);
  it.datagram = TRUE;
  g_assert_cmpint (ec_moq_feed_writer_put_object (f.writer, 0, &it, payload), ==,
                   EC_MOQ_FEED_PUT_OK);
  hand_on (&f, peer);
  feed_peer_pump (peer);
  g_assert_cmpuint (feed_peer_get_n_datagrams (peer), ==, 1);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 0);
  /* The same as an object of a stream: another forwarding preference. */
  begin (f.writer, 3, TRUE);
  g_assert_cmpint (head (f.writer, 3, 0, 20), ==, EC_MOQ_FEED_PUT_CONFLICT);
  tear_down_reader (&f, peer);
}

static void
test_streams_blocked (void)
{
  FeedPeer *peer;
  Fixture f;

  peer = set_up_reader (&f);
  feed_peer_allow_streams (peer, 1);
  put_group (f.writer, 1, 1, 10);
  put_group (f.writer, 2, 1, 10);
  put_group (f.writer, 3, 1, 10);
  hand_on (&f, peer);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 1);
  feed_peer_allow_streams (peer, 5);
  feed_peer_pump (peer);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 3);
  for (guint i = 0; i < 3; i++)
    assert_stream (peer, i, i + 1, 0, 1, TRUE);
  tear_down_reader (&f, peer);
}

/* -- Slow readers */

static void
test_slow (void)
{
  EcMoqFeedStats stats;
  FeedPeer *peer;
  Fixture f;
  guint64 last = 0;

  peer = set_up_reader (&f);
  feed_peer_allow (peer, 300000);
  for (guint64 group = 1; group <= 4; group++) {
    put_group (f.writer, group, 20, 10000);
    hand_on (&f, peer);
  }
  /* Group 1 was sent; 2 is two behind, which is not too far. */
  assert_stream (peer, 0, 1, 0, 20, TRUE);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.n_skipped_groups, ==, 0);
  g_assert_false (feed_peer_get_stream (peer, 1)->reset);

  put_group (f.writer, 5, 20, 10000);
  hand_on (&f, peer);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.n_skipped_groups, ==, 3);
  for (guint i = 0; i < feed_peer_get_n_streams (peer); i++) {
    FeedPeerStream *stream = feed_peer_get_stream (peer, i);

    g_assert_cmpuint (stream->group, >, last);
    last = stream->group;
    if (stream->group >= 2 && stream->group <= 4) {
      g_assert_true (stream->reset);
      g_assert_cmpint (stream->code, ==, EC_MOQT_RESET_TOO_FAR_BEHIND);
    }
  }
  g_assert_cmpuint (last, ==, 5);

  feed_peer_allow (peer, G_MAXSIZE);
  feed_peer_pump (peer);
  assert_stream (peer, feed_peer_get_n_streams (peer) - 1, 5, 0, 20, TRUE);
  tear_down_reader (&f, peer);
}

static void
test_stalled (void)
{
  EcMoqFeedStats stats;
  guint open = 0;
  FeedPeer *peer;
  Fixture f;

  /* Nothing leaves at all: what waits is bounded, also when each group is small. */
  peer = set_up_reader (&f);
  feed_peer_allow (peer, 0);
  for (guint64 group = 1; group <= 1000; group++) {
    put_group (f.writer, group, 1, 100);
    hand_on (&f, peer);
  }
  for (guint i = 0; i < feed_peer_get_n_streams (peer); i++) {
    FeedPeerStream *stream = feed_peer_get_stream (peer, i);

    g_assert_false (stream->ended);
    open += !stream->reset;
  }
  g_assert_cmpuint (open, <=, 3);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.n_skipped_groups, >=, 990);
  tear_down_reader (&f, peer);
}

static void
test_bounded (void)
{
  FeedPeer *peer;
  Fixture f;

  peer = set_up_reader (&f);
  feed_peer_allow (peer, 0);
  begin (f.writer, 1, TRUE);
  for (guint i = 0; i < 10; i++)
    put (f.writer, 1, i, 100000);
  put (f.writer, 1, 10, 1000000);
  hand_on (&f, peer);
  g_assert_cmpuint (feed_peer_get_stream (peer, 0)->objects->len, <=, 3);
  for (guint i = 0; i < 40; i++) {
    feed_peer_allow (peer, 50000);
    feed_peer_allow (peer, 0);
    feed_peer_pump (peer);
  }
  finish (f.writer, 1);
  feed_peer_allow (peer, G_MAXSIZE);
  feed_peer_pump (peer);
  assert_stream (peer, 0, 1, 0, 11, TRUE);
  tear_down_reader (&f, peer);
}

/* -- Writers that differ */

static void
test_conflicts (void)
{
  const struct {
    guint64 object, size;
    guint8 flip, priority;
    guint64 subgroup;
    EcMoqtObjectStatus status;
    gboolean head, body;
  } cases[] = {
    { 1, 50, 0, 128, 0, 0, TRUE, TRUE },   { 1, 50, 1, 128, 0, 0, TRUE, FALSE },
    { 1, 51, 0, 128, 0, 0, FALSE, FALSE }, { 1, 50, 0, 127, 0, 0, FALSE, FALSE },
    { 1, 50, 0, 128, 1, 0, FALSE, FALSE }, { 1, 50, 0, 128, 0, 3, FALSE, FALSE },
    { 2, 50, 0, 128, 0, 0, FALSE, FALSE },
  };
  EcMoqFeedStats stats;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    EcMoqtObject it = make_head (1, cases[i].object, cases[i].size);
    g_autofree guint8 *data = feed_peer_bytes (1, cases[i].object, cases[i].size);
    EcMoqFeedWriter *other;
    EcMoqFeedPut result;
    Fixture f;

    set_up (&f, NULL);
    put_group (f.writer, 1, 2, 50);
    other = ec_moq_feed_add_writer (f.feed);
    result = ec_moq_feed_writer_begin (other, 0, 1, cases[i].subgroup, cases[i].priority, FALSE,
                                       TRUE, FALSE);
    it.subgroup = cases[i].subgroup;
    it.priority = cases[i].priority;
    it.status = cases[i].status;
    if (result == EC_MOQ_FEED_PUT_OK)
      result = ec_moq_feed_writer_object (other, 0, &it);
    g_assert_cmpint (result, ==, cases[i].head ? EC_MOQ_FEED_PUT_OK : EC_MOQ_FEED_PUT_CONFLICT);
    if (cases[i].head) {
      data[20] ^= cases[i].flip;
      result = ec_moq_feed_writer_put (other, 0, 1, cases[i].subgroup, data, cases[i].size);
      g_assert_cmpint (result, ==, cases[i].body ? EC_MOQ_FEED_PUT_OK : EC_MOQ_FEED_PUT_CONFLICT);
    }
    ec_moq_feed_get_stats (f.feed, &stats);
    g_assert_cmpuint (stats.n_conflicts, ==, !(cases[i].head && cases[i].body));
    g_assert_cmpuint (stats.n_objects, ==, 2);
    ec_moq_feed_writer_remove (other, 0);
    tear_down (&f);
  }
}

static void
test_final (void)
{
  EcMoqFeedWriter *other;
  Fixture f;

  /* A subgroup that ends twice, at different objects. */
  set_up (&f, NULL);
  put_group (f.writer, 1, 3, 10);
  other = ec_moq_feed_add_writer (f.feed);
  begin (other, 1, TRUE);
  put (other, 1, 0, 10);
  put (other, 1, 1, 10);
  g_assert_cmpint (ec_moq_feed_writer_finish (other, 0, 1, 0), ==, EC_MOQ_FEED_PUT_CONFLICT);
  /* Another subgroup, beyond the group's last object. */
  g_assert_cmpint (ec_moq_feed_writer_begin (other, 0, 1, 7, 128, FALSE, FALSE, TRUE), ==,
                   EC_MOQ_FEED_PUT_OK);
  {
    EcMoqtObject it = make_head (1, 3, 0);

    it.subgroup = 7;
    g_assert_cmpint (ec_moq_feed_writer_object (other, 0, &it), ==, EC_MOQ_FEED_PUT_CONFLICT);
  }
  ec_moq_feed_writer_remove (other, 0);
  tear_down (&f);
}

/* -- Writers that die */

static void
test_takeover (void)
{
  EcMoqFeedWriter *other;
  EcMoqFeedStats stats;
  FeedPeer *peer;
  Fixture f;

  peer = set_up_reader (&f);
  other = ec_moq_feed_add_writer (f.feed);
  begin_cut (f.writer, 60);
  begin_cut (other, 30);
  hand_on (&f, peer);
  g_assert_cmpuint (received (peer, 0, 1), ==, 60);

  ec_moq_feed_writer_remove (f.writer, 0);
  f.writer = other;
  feed_peer_run (peer);
  bytes (other, 1, 1, 30, 100);
  finish (other, 1);
  hand_on (&f, peer);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 1);
  assert_stream (peer, 0, 1, 0, 2, TRUE);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.bytes_in, ==, 200);
  g_assert_cmpuint (stats.bytes_duplicate, ==, 160);
  g_assert_cmpuint (stats.bytes_out, ==, 200);
  tear_down_reader (&f, peer);
}

static void
test_linger (void)
{
  EcMoqFeedWriter *other;
  FeedPeer *peer;
  Fixture f;

  peer = set_up_reader (&f);
  other = ec_moq_feed_add_writer (f.feed);
  begin_cut (f.writer, 60);
  ec_moq_feed_writer_abandon (f.writer, 10 * S, 1, 0, EC_MOQT_RESET_GOING_AWAY);
  hand_on (&f, peer);
  ec_moq_feed_trim (f.feed, 11 * S, 0);
  feed_peer_run (peer);
  g_assert_false (feed_peer_get_stream (peer, 0)->reset);
  ec_moq_feed_trim (f.feed, 12 * S, 0);
  feed_peer_run (peer);
  g_assert_true (feed_peer_get_stream (peer, 0)->reset);
  g_assert_cmpint (feed_peer_get_stream (peer, 0)->code, ==, EC_MOQT_RESET_GOING_AWAY);
  ec_moq_feed_writer_remove (other, 0);
  tear_down_reader (&f, peer);
}

static void
test_only_writer_dies (void)
{
  EcMoqFeedWriter *other;
  FeedPeer *peer, *fetch;
  Fixture f;

  peer = set_up_reader (&f);
  begin (f.writer, 1, TRUE);
  put (f.writer, 1, 0, 100);
  ec_moq_feed_writer_remove (f.writer, 0);
  feed_peer_run (peer);
  /* At once; and as that was between two objects, the remainder goes on later on a stream of its own. */
  g_assert_true (feed_peer_get_stream (peer, 0)->reset);
  f.writer = other = ec_moq_feed_add_writer (f.feed);
  begin (other, 1, TRUE);
  put (other, 1, 0, 100);
  put (other, 1, 1, 100);
  finish (other, 1);
  hand_on (&f, peer);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 2);
  assert_stream (peer, 1, 1, 1, 1, TRUE);
  g_assert_false (feed_peer_get_stream (peer, 1)->first);
  /* The cache is whole again. */
  fetch = feed_peer_fetch (f.feed, (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 1, 0 }, FALSE, NULL,
                           NULL);
  g_assert_false (feed_peer_run (fetch));
  assert_stream (fetch, 0, 0, 0, 2, TRUE);
  g_assert_cmpuint (feed_peer_get_n_ranges (fetch), ==, 0);
  feed_peer_free (fetch);
  tear_down_reader (&f, peer);
}

static void
test_hole (void)
{
  EcMoqFeedWriter *other;
  FeedPeer *peer;
  Fixture f;

  /* One who joined in the middle is ahead; the other fills up to there. */
  peer = set_up_reader (&f);
  other = ec_moq_feed_add_writer (f.feed);
  begin (f.writer, 1, TRUE);
  put (f.writer, 1, 0, 10);
  begin (other, 1, FALSE);
  put (other, 1, 3, 10);
  hand_on (&f, peer);
  assert_stream (peer, 0, 1, 0, 1, FALSE);
  put (f.writer, 1, 1, 10);
  put (f.writer, 1, 2, 10);
  hand_on (&f, peer);
  assert_stream (peer, 0, 1, 0, 4, FALSE);

  /* And a hole that nobody fills any more. */
  put (other, 1, 4, 10);
  ec_moq_feed_writer_abandon (f.writer, 0, 1, 0, EC_MOQT_RESET_CANCELLED);
  ec_moq_feed_writer_abandon (other, 0, 1, 0, EC_MOQT_RESET_CANCELLED);
  begin (other, 1, FALSE);
  put (other, 1, 7, 10);
  finish (other, 1);
  hand_on (&f, peer);
  assert_stream (peer, 0, 1, 0, 5, FALSE);
  g_assert_false (feed_peer_get_stream (peer, 0)->reset);
  ec_moq_feed_trim (f.feed, 3 * S, 0);
  feed_peer_run (peer);
  g_assert_true (feed_peer_get_stream (peer, 0)->reset);
  assert_stream (peer, 1, 1, 7, 1, TRUE);
  ec_moq_feed_writer_remove (other, 0);
  tear_down_reader (&f, peer);
}

/* -- Limits */

static void
test_limits (void)
{
  g_autoptr (EcBudget) budget = ec_budget_new (100000);
  EcMoqFeedLimits limits = {
    .budget = budget, .max_groups = 4, .max_objects = 10, .max_object_size = 20000
  };
  EcMoqFeedStats stats;
  Fixture f;

  set_up (&f, &limits);
  for (guint64 group = 0; group < 10; group++)
    put_group (f.writer, group, 2, 1000);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.n_groups, ==, 4);
  g_assert_cmpuint (stats.n_objects, ==, 8);
  g_assert_cmpuint (stats.bytes, ==, 8000);
  /* Too old: taken, and forgotten. */
  put_group (f.writer, 3, 2, 1000);
  g_assert_cmpint (put_isolated (f.writer, 2, 0, 10), ==, EC_MOQ_FEED_PUT_OK);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.n_objects, ==, 8);

  begin (f.writer, 10, TRUE);
  g_assert_cmpint (head (f.writer, 10, 0, 20001), ==, EC_MOQ_FEED_PUT_TOO_LARGE);
  g_assert_cmpint (head (f.writer, 10, G_MAXUINT64, 1), ==, EC_MOQ_FEED_PUT_TOO_LARGE);
  g_assert_cmpint (begin (f.writer, G_MAXUINT64, TRUE), ==, EC_MOQ_FEED_PUT_TOO_LARGE);
  /* The budget: old groups go for new ones, down to two. */
  for (guint i = 0; i < 4; i++)
    put (f.writer, 10, i, 20000);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.n_groups, >=, 2);
  g_assert_cmpint (head (f.writer, 10, 4, 20000), ==, EC_MOQ_FEED_PUT_FULL);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.n_groups, ==, 2);
  for (guint i = 4; i < 10; i++)
    put (f.writer, 10, i, 10);
  g_assert_cmpint (head (f.writer, 10, 10, 10), ==, EC_MOQ_FEED_PUT_TOO_LARGE);
  for (guint i = 0; i < 255; i++)
    g_assert_cmpint (ec_moq_feed_writer_begin (f.writer, 0, 10, 1 + i, 1, FALSE, FALSE, TRUE), ==,
                     EC_MOQ_FEED_PUT_OK);
  g_assert_cmpint (ec_moq_feed_writer_begin (f.writer, 0, 10, 1000, 1, FALSE, FALSE, TRUE), ==,
                   EC_MOQ_FEED_PUT_TOO_LARGE);
  tear_down (&f);
  g_assert_cmpuint (ec_budget_get_used (budget), ==, 0);
}

static void
test_trim (void)
{
  EcMoqFeedStats stats;
  Fixture f;

  set_up (&f, NULL);
  for (guint64 group = 0; group < 10; group++) {
    ec_moq_feed_writer_begin (f.writer, group * S, group, 0, 128, FALSE, TRUE, TRUE);
    put (f.writer, group, 0, 1000);
    finish (f.writer, group);
  }
  g_assert_cmpuint (ec_moq_feed_trim (f.feed, 63 * S, 0), ==, 3000);
  g_assert_cmpuint (ec_moq_feed_trim (f.feed, 63 * S, 1500), ==, 2000);
  g_assert_cmpuint (ec_moq_feed_trim (f.feed, 63 * S, G_MAXSIZE), ==, 3000);
  ec_moq_feed_get_stats (f.feed, &stats);
  g_assert_cmpuint (stats.n_groups, ==, 2);
  tear_down (&f);
}

static void
test_wakes (void)
{
  FeedPeer *peer;
  EcMoqFeedWriter *other;
  Fixture f;
  guint n;

  peer = set_up_reader (&f);
  other = ec_moq_feed_add_writer (f.feed);
  feed_peer_run (peer);
  n = feed_peer_get_n_wakes (peer);
  put_group (f.writer, 1, 5, 100);
  g_assert_cmpuint (feed_peer_get_n_wakes (peer), ==, n);
  ec_moq_feed_flush (f.feed);
  put_group (f.writer, 2, 5, 100);
  ec_moq_feed_flush (f.feed);
  g_assert_cmpuint (feed_peer_get_n_wakes (peer), ==, n + 1);
  feed_peer_run (peer);
  g_assert_cmpuint (feed_peer_get_n_streams (peer), ==, 2);
  ec_moq_feed_writer_remove (other, 0);
  tear_down_reader (&f, peer);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/feed/join", test_join);
  g_test_add_func ("/feed/filters", test_filters);
  g_test_add_func ("/feed/since", test_since);
  g_test_add_func ("/feed/forward", test_forward);
  g_test_add_func ("/feed/late", test_late);
  g_test_add_func ("/feed/datagrams", test_datagrams);
  g_test_add_func ("/feed/streams-blocked", test_streams_blocked);
  g_test_add_func ("/feed/slow", test_slow);
  g_test_add_func ("/feed/stalled", test_stalled);
  g_test_add_func ("/feed/bounded", test_bounded);
  g_test_add_func ("/feed/conflicts", test_conflicts);
  g_test_add_func ("/feed/final", test_final);
  g_test_add_func ("/feed/takeover", test_takeover);
  g_test_add_func ("/feed/linger", test_linger);
  g_test_add_func ("/feed/only-writer-dies", test_only_writer_dies);
  g_test_add_func ("/feed/hole", test_hole);
  g_test_add_func ("/feed/limits", test_limits);
  g_test_add_func ("/feed/trim", test_trim);
  g_test_add_func ("/feed/wakes", test_wakes);
  return g_test_run ();
}
