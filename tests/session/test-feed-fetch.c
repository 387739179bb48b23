/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "feed-peer.h"
#include "session/ec-moq-feed-private.h"

typedef struct {
  EcMoqFeed *feed;
  EcMoqFeedWriter *writer;
  /* What `missing` was asked, and what it does. */
  guint n_missing;
  EcMoqtLocation from, to;
  gboolean fill;    /* at once, … */
  gboolean nothing; /* … with nothing */
  guint64 fill_from, fill_to;
} Fixture;

static void
set_up (Fixture *self, const EcMoqFeedLimits *limits)
{
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("ec/v1/test", "chunks", NULL);

  *self = (Fixture){ 0 };
  self->feed = ec_moq_feed_new (name, NULL, limits);
  self->writer = ec_moq_feed_add_writer (self->feed);
}

static void
tear_down (Fixture *self)
{
  ec_moq_feed_writer_remove (self->writer, 0);
  ec_moq_feed_unref (self->feed);
}

static EcMoqFeedPut
put_isolated (Fixture *self, guint64 group, guint64 object, gsize size)
{
  g_autoptr (GBytes) data = g_bytes_new_take (feed_peer_bytes (group, object, size), size);
  g_autoptr (EcPayload) payload = ec_payload_new_for_bytes (data);
  EcMoqtObject it = { .location = { group, object }, .priority = 128, .size = size };

  return ec_moq_feed_writer_put_object (self->writer, 0, &it, payload);
}

static void
begin (Fixture *self, guint64 group)
{
  g_assert_cmpint (ec_moq_feed_writer_begin (self->writer, 0, group, 0, 128, FALSE, TRUE, TRUE), ==,
                   EC_MOQ_FEED_PUT_OK);
}

/* Objects of 100 bytes. */
static void
put_group (Fixture *self, guint64 group, guint n)
{
  begin (self, group);
  for (guint i = 0; i < n; i++)
    g_assert_cmpint (put_isolated (self, group, i, 100), ==, EC_MOQ_FEED_PUT_OK);
  g_assert_cmpint (ec_moq_feed_writer_finish (self->writer, 0, group, 0), ==, EC_MOQ_FEED_PUT_OK);
}

static void
on_missing (gpointer user_data,
            EcMoqFeed *feed,
            EcMoqFeedReader *reader,
            EcMoqtLocation from,
            EcMoqtLocation to)
{
  Fixture *self = user_data;

  self->n_missing++;
  self->from = from;
  self->to = to;
  if (!self->fill)
    return;
  for (guint64 group = MAX (from.group, self->fill_from);
       !self->nothing && group <= MIN (to.group, self->fill_to); group++)
    for (guint64 i = group == from.group ? from.object : 0;
         i < 3 && (group < to.group || i <= to.object); i++)
      g_assert_cmpint (put_isolated (self, group, i, 100), !=, EC_MOQ_FEED_PUT_CONFLICT);
  ec_moq_feed_fetch_filled (reader);
}

static FeedPeer *
fetch (Fixture *self, EcMoqtLocation start, EcMoqtLocation end, gboolean descending, gboolean ask)
{
  return feed_peer_fetch (self->feed, start, end, descending, ask ? on_missing : NULL, self);
}

/* Locations as group * 100 + object. */
static void
assert_objects (FeedPeer *peer, const guint *expected, guint n, gboolean ended)
{
  FeedPeerStream *stream = feed_peer_get_stream (peer, 0);

  g_assert_cmpuint (stream->objects->len, ==, n);
  for (guint i = 0; i < n; i++) {
    FeedPeerObject *object = &g_array_index (stream->objects, FeedPeerObject, i);

    g_assert_cmpuint (object->location.group * 100 + object->location.object, ==, expected[i]);
  }
  g_assert_cmpint (stream->ended, ==, ended);
}
#define ASSERT_OBJECTS(peer, ended, ...)                                                           \
  assert_objects (peer, (const guint[]){ __VA_ARGS__ }, G_N_ELEMENTS (((guint[]){ __VA_ARGS__ })), \
                  ended)

static void
assert_range (FeedPeer *peer, guint i, guint at, guint64 group, guint64 object)
{
  FeedPeerRange *range;

  g_assert_cmpuint (feed_peer_get_n_ranges (peer), >, i);
  range = feed_peer_get_range (peer, i);
  g_assert_true (range->unknown);
  g_assert_cmpuint (range->at, ==, at);
  g_assert_cmpuint (range->to.group, ==, group);
  g_assert_cmpuint (range->to.object, ==, object);
}

static void
test_orders (void)
{
  EcMoqtLocation end;
  FeedPeer *peer;
  Fixture f;

  set_up (&f, NULL);
  for (guint64 group = 1; group <= 4; group++)
    put_group (&f, group, 2);
  peer = fetch (&f, (EcMoqtLocation){ 1, 1 }, (EcMoqtLocation){ 3, 1 }, FALSE, FALSE);
  g_assert_false (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, TRUE, 101, 200, 201, 300);
  g_assert_true (feed_peer_get_fetch_end (peer, &end));
  g_assert_cmpuint (end.group * 100 + end.object, ==, 301);
  feed_peer_free (peer);

  peer = fetch (&f, (EcMoqtLocation){ 1, 1 }, (EcMoqtLocation){ 3, 1 }, TRUE, FALSE);
  g_assert_false (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, TRUE, 300, 200, 201, 101);
  g_assert_cmpuint (feed_peer_get_n_ranges (peer), ==, 0);
  feed_peer_free (peer);

  /* More than there is: up to the largest. */
  peer = fetch (&f, (EcMoqtLocation){ 3, 0 }, (EcMoqtLocation){ 9, 0 }, FALSE, FALSE);
  g_assert_false (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, TRUE, 300, 301, 400, 401);
  g_assert_true (feed_peer_get_fetch_end (peer, &end));
  g_assert_cmpuint (end.group * 100 + end.object, ==, 402);
  feed_peer_free (peer);
  tear_down (&f);
}

static void
test_refused (void)
{
  EcMoqtErrorCode error;
  FeedPeer *peer;
  Fixture f;

  set_up (&f, NULL);
  for (guint i = 0; i < 3; i++) {
    peer = fetch (&f, (EcMoqtLocation){ i == 2 ? 4 : 5, i }, (EcMoqtLocation){ i == 2 ? 3 : 6, 0 },
                  FALSE, FALSE);
    g_assert_true (feed_peer_is_refused (peer, &error));
    g_assert_cmpint (error, ==, EC_MOQT_ERROR_INVALID_RANGE);
    feed_peer_free (peer);
    if (i == 0)
      put_group (&f, 4, 2);
  }
  tear_down (&f);
}

static void
test_unknown (void)
{
  FeedPeer *peer;
  Fixture f;

  set_up (&f, NULL);
  put_group (&f, 2, 2);
  put_group (&f, 5, 2);
  begin (&f, 7);
  put_isolated (&f, 7, 0, 100);
  put_isolated (&f, 8, 3, 100);
  /* Whole groups end where they end; what lies between groups, and before an object that nobody joined, is not known. */
  peer = fetch (&f, (EcMoqtLocation){ 0, 0 }, (EcMoqtLocation){ 8, 0 }, FALSE, FALSE);
  g_assert_false (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, TRUE, 200, 201, 500, 501, 700, 803);
  assert_range (peer, 0, 0, 1, EC_FEED_MAX_ID);
  assert_range (peer, 1, 2, 4, EC_FEED_MAX_ID);
  assert_range (peer, 2, 4, 6, EC_FEED_MAX_ID);
  assert_range (peer, 3, 5, 7, EC_FEED_MAX_ID);
  assert_range (peer, 4, 5, 8, 2);
  g_assert_cmpuint (feed_peer_get_n_ranges (peer), ==, 5);
  feed_peer_free (peer);

  peer = fetch (&f, (EcMoqtLocation){ 0, 0 }, (EcMoqtLocation){ 6, 0 }, TRUE, FALSE);
  g_assert_false (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, TRUE, 500, 501, 200, 201);
  assert_range (peer, 0, 0, 6, EC_FEED_MAX_ID);
  assert_range (peer, 1, 2, 3, EC_FEED_MAX_ID);
  assert_range (peer, 2, 4, 0, EC_FEED_MAX_ID);
  feed_peer_free (peer);
  tear_down (&f);
}

static void
test_group_gap (void)
{
  EcMoqtProperty property = { .type = EC_MOQT_PROPERTY_PRIOR_GROUP_ID_GAP, .number = 3 };
  g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (&property, 1);
  EcMoqtObject it = { .location = { 6, 0 }, .priority = 128, .properties = properties };
  FeedPeer *peer;
  Fixture f;

  for (guint descending = 0; descending < 2; descending++) {
    set_up (&f, NULL);
    put_group (&f, 2, 1);
    begin (&f, 6);
    g_assert_cmpint (ec_moq_feed_writer_put_object (f.writer, 0, &it, NULL), ==,
                     EC_MOQ_FEED_PUT_OK);
    peer = fetch (&f, (EcMoqtLocation){ 2, 0 }, (EcMoqtLocation){ 6, 1 }, descending != 0, FALSE);
    g_assert_false (feed_peer_run (peer));
    if (descending)
      ASSERT_OBJECTS (peer, TRUE, 600, 200);
    else
      ASSERT_OBJECTS (peer, TRUE, 200, 600);
    g_assert_cmpuint (feed_peer_get_n_ranges (peer), ==, 0);
    feed_peer_free (peer);
    tear_down (&f);
  }
}

static void
test_missing (void)
{
  EcMoqFeedLimits limits = { .max_groups = 3 };
  EcMoqFeedStats stats;
  FeedPeer *peer;
  Fixture f;

  for (guint descending = 0; descending < 2; descending++) {
    set_up (&f, &limits);
    for (guint64 group = 0; group <= 8; group++)
      put_group (&f, group, 3);
    /* 6 to 8 are here; of what was evicted, 4 and 5 can still be had. */
    peer = fetch (&f, (EcMoqtLocation){ 3, 1 }, (EcMoqtLocation){ 7, 1 }, descending != 0, TRUE);
    g_assert_true (feed_peer_run (peer));
    g_assert_cmpuint (f.n_missing, ==, 1);
    g_assert_cmpuint (f.from.group * 100 + f.from.object, ==, 301);
    g_assert_cmpuint (f.to.group, ==, 5);
    g_assert_true (feed_peer_pump (peer));
    for (guint i = 0; i < 3; i++) {
      put_isolated (&f, 4, i, 100);
      put_isolated (&f, 5, i, 100);
    }
    ec_moq_feed_get_stats (f.feed, &stats);
    g_assert_cmpuint (stats.n_groups, ==, 5);
    ec_moq_feed_fetch_filled (feed_peer_get_reader (peer));
    g_assert_false (feed_peer_run (peer));
    g_assert_cmpuint (f.n_missing, ==, 1);
    if (descending) {
      ASSERT_OBJECTS (peer, TRUE, 700, 600, 601, 602, 500, 501, 502, 400, 401, 402);
      /* Nobody told where the groups end. */
      assert_range (peer, 0, 7, 5, EC_FEED_MAX_ID);
      assert_range (peer, 1, 10, 4, EC_FEED_MAX_ID);
      assert_range (peer, 2, 10, 3, EC_FEED_MAX_ID);
    } else {
      ASSERT_OBJECTS (peer, TRUE, 400, 401, 402, 500, 501, 502, 600, 601, 602, 700);
      assert_range (peer, 0, 0, 3, EC_FEED_MAX_ID);
    }
    /* What was put for the fetch goes with it. */
    ec_moq_feed_get_stats (f.feed, &stats);
    g_assert_cmpuint (stats.n_groups, ==, 3);
    feed_peer_free (peer);
    tear_down (&f);
  }
}

static void
test_missing_at_once (void)
{
  FeedPeer *peer;
  Fixture f;

  /* The callback fills from inside, with little room: it is asked again for the rest. */
  for (guint nothing = 0; nothing < 2; nothing++) {
    EcMoqFeedLimits limits = { .max_groups = 2 };

    set_up (&f, &limits);
    f.fill = TRUE;
    f.nothing = nothing;
    f.fill_to = 100;
    for (guint64 group = 0; group <= 12; group++)
      put_group (&f, group, 3);
    peer = fetch (&f, (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 12, 0 }, FALSE, TRUE);
    for (guint i = 0; i < 100 && feed_peer_pump (peer); i++)
      ;
    g_assert_null (feed_peer_get_reader (peer));
    if (nothing) {
      g_assert_cmpuint (f.n_missing, ==, 1);
      ASSERT_OBJECTS (peer, TRUE, 1100, 1101, 1102, 1200, 1201, 1202);
      assert_range (peer, 0, 0, 10, EC_FEED_MAX_ID);
    } else {
      g_assert_cmpuint (f.n_missing, >, 1);
      g_assert_cmpuint (feed_peer_get_stream (peer, 0)->objects->len, ==, 36);
    }
    feed_peer_free (peer);
    tear_down (&f);
  }
}

static void
test_joining (void)
{
  g_autofree guint8 *data = feed_peer_bytes (3, 1, 1000);
  EcMoqtObject it = { .location = { 3, 1 }, .priority = 128, .size = 1000 };
  FeedPeer *peer, *live;
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .filter.kind = EC_MOQT_FILTER_LARGEST_OBJECT };
  EcMoqtLocation largest;
  Fixture f;

  /* The last object of a joining fetch comes as it fills; the subscription goes on behind it. */
  set_up (&f, NULL);
  begin (&f, 3);
  put_isolated (&f, 3, 0, 100);
  ec_moq_feed_writer_object (f.writer, 0, &it);
  ec_moq_feed_writer_put (f.writer, 0, 3, 0, data, 300);
  live = feed_peer_subscribe (f.feed, &params);
  g_assert_true (feed_peer_is_granted (live, &largest));
  g_assert_cmpuint (largest.object, ==, 1);
  peer = fetch (&f, (EcMoqtLocation){ 3, 0 }, (EcMoqtLocation){ 3, 2 }, FALSE, FALSE);
  g_assert_true (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, FALSE, 300, 301);
  g_assert_cmpuint (
      g_array_index (feed_peer_get_stream (peer, 0)->objects, FeedPeerObject, 1).received, ==, 300);
  ec_moq_feed_writer_put (f.writer, 0, 3, 0, data + 300, 700);
  put_isolated (&f, 3, 2, 50);
  ec_moq_feed_flush (f.feed);
  g_assert_false (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, TRUE, 300, 301);
  feed_peer_run (live);
  g_assert_cmpuint (feed_peer_get_n_streams (live), ==, 1);
  ASSERT_OBJECTS (live, FALSE, 302);
  feed_peer_free (live);
  feed_peer_free (peer);
  tear_down (&f);
}

static void
test_cut_off (void)
{
  g_autofree guint8 *data = feed_peer_bytes (3, 0, 1000);
  EcMoqtObject it = { .location = { 3, 0 }, .priority = 128, .size = 1000 };
  FeedPeer *peer;
  Fixture f;

  set_up (&f, NULL);
  begin (&f, 3);
  ec_moq_feed_writer_object (f.writer, 0, &it);
  ec_moq_feed_writer_put (f.writer, 0, 3, 0, data, 300);
  peer = fetch (&f, (EcMoqtLocation){ 3, 0 }, (EcMoqtLocation){ 3, 0 }, FALSE, FALSE);
  g_assert_true (feed_peer_run (peer));
  ec_moq_feed_writer_abandon (f.writer, 0, 3, 0, EC_MOQT_RESET_CANCELLED);
  ec_moq_feed_flush (f.feed);
  g_assert_false (feed_peer_run (peer));
  g_assert_true (feed_peer_get_stream (peer, 0)->reset);
  g_assert_cmpint (feed_peer_get_stream (peer, 0)->code, ==, EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS);
  feed_peer_free (peer);
  tear_down (&f);
}

/* A fetch has no status (§11.2.1.1): the marker of a group's end is no object of it. */
static void
test_status (void)
{
  Fixture fixture;
  EcMoqtObject end = { .location = { 1, 3 },
                       .priority = 128,
                       .status = EC_MOQT_OBJECT_END_OF_GROUP };
  FeedPeer *peer;

  set_up (&fixture, NULL);
  begin (&fixture, 1);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (put_isolated (&fixture, 1, i, 100), ==, EC_MOQ_FEED_PUT_OK);
  g_assert_cmpint (ec_moq_feed_writer_put_object (fixture.writer, 0, &end, NULL), ==,
                   EC_MOQ_FEED_PUT_OK);
  put_group (&fixture, 2, 2);
  peer = fetch (&fixture, (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 2, 0 }, FALSE, FALSE);
  g_assert_false (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, TRUE, 100, 101, 102, 200, 201);
  g_assert_cmpuint (feed_peer_get_n_ranges (peer), ==, 0);
  feed_peer_free (peer);
  tear_down (&fixture);
}

/* What a fetch says of the priority is no contradiction of what the streams say, before them or after (moq-dev says 0 in fetches);
 * what two streams of a subgroup say is. */
static void
test_priority (void)
{
  g_autofree guint8 *data = feed_peer_bytes (1, 0, 100);
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, 100);
  g_autoptr (EcPayload) payload = ec_payload_new_for_bytes (bytes);
  EcMoqtObject first = { .location = { 1, 0 }, .priority = 0, .size = 100 };
  EcMoqFeedWriter *other;
  FeedPeer *peer;
  Fixture f;

  set_up (&f, NULL);
  other = ec_moq_feed_add_writer (f.feed);
  g_assert_cmpint (ec_moq_feed_writer_put_object (other, 0, &first, payload), ==,
                   EC_MOQ_FEED_PUT_OK);
  begin (&f, 1);
  g_assert_cmpint (put_isolated (&f, 1, 0, 100), ==, EC_MOQ_FEED_PUT_OK);
  g_assert_cmpint (put_isolated (&f, 1, 1, 100), ==, EC_MOQ_FEED_PUT_OK);
  g_assert_cmpint (ec_moq_feed_writer_put_object (other, 0, &first, payload), ==,
                   EC_MOQ_FEED_PUT_OK);
  peer = fetch (&f, (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 1, 2 }, FALSE, FALSE);
  g_assert_false (feed_peer_run (peer));
  ASSERT_OBJECTS (peer, TRUE, 100, 101);
  feed_peer_free (peer);
  g_assert_cmpint (ec_moq_feed_writer_begin (other, 0, 1, 0, 0, FALSE, TRUE, TRUE), ==,
                   EC_MOQ_FEED_PUT_CONFLICT);
  ec_moq_feed_writer_remove (other, 0);
  tear_down (&f);
}

static void
test_bounded (void)
{
  guint n;
  FeedPeer *peer;
  Fixture f;

  set_up (&f, NULL);
  begin (&f, 1);
  for (guint i = 0; i < 20; i++)
    put_isolated (&f, 1, i, 100000);
  peer = fetch (&f, (EcMoqtLocation){ 1, 0 }, (EcMoqtLocation){ 1, 0 }, FALSE, FALSE);
  feed_peer_allow (peer, 0);
  g_assert_true (feed_peer_run (peer));
  n = feed_peer_get_stream (peer, 0)->objects->len;
  g_assert_cmpuint (n, <=, 3);
  feed_peer_allow (peer, 150000);
  g_assert_true (feed_peer_pump (peer));
  g_assert_cmpuint (feed_peer_get_stream (peer, 0)->objects->len, >, n);
  feed_peer_allow (peer, G_MAXSIZE);
  g_assert_false (feed_peer_pump (peer));
  g_assert_cmpuint (feed_peer_get_stream (peer, 0)->objects->len, ==, 20);
  feed_peer_free (peer);
  tear_down (&f);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/feed/fetch/orders", test_orders);
  g_test_add_func ("/feed/fetch/refused", test_refused);
  g_test_add_func ("/feed/fetch/unknown", test_unknown);
  g_test_add_func ("/feed/fetch/group-gap", test_group_gap);
  g_test_add_func ("/feed/fetch/missing", test_missing);
  g_test_add_func ("/feed/fetch/missing-at-once", test_missing_at_once);
  g_test_add_func ("/feed/fetch/joining", test_joining);
  g_test_add_func ("/feed/fetch/cut-off", test_cut_off);
  g_test_add_func ("/feed/fetch/status", test_status);
  g_test_add_func ("/feed/fetch/priority", test_priority);
  g_test_add_func ("/feed/fetch/bounded", test_bounded);
  return g_test_run ();
}
