/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "moq-pair.h"
#include "moqt/ec-moqt-session-private.h"

/* Sessions between a client and a server, as an application has them, over real sockets. */

/* -- Tests */

static void
test_properties (gconstpointer data)
{
  const Way *way = data;
  Pair pair = { 0 };
  g_autofree char *draft = NULL, *kind = NULL, *peer = NULL, *implementation = NULL, *path = NULL;

  pair_start (&pair, way);
  draft = ec_moq_session_dup_protocol (pair.ours);
  kind = ec_moq_session_dup_transport (pair.ours);
  peer = ec_moq_session_dup_peer (pair.ours);
  implementation = ec_moq_session_dup_peer_implementation (pair.theirs);
  path = ec_moq_session_dup_path (pair.theirs);
  g_assert_cmpstr (draft, ==, way->draft);
  g_assert_cmpstr (kind, ==, g_str_equal (way->scheme, "https") ? "webtransport" : "quic");
  g_assert_true (g_str_has_prefix (peer, "127.0.0.1:"));
  g_assert_true (g_str_has_prefix (implementation, "libec/"));
  g_assert_cmpstr (path, ==, "/test?x=1");
  g_assert_cmpint (ec_moq_session_get_state (pair.ours), ==, EC_MOQ_SESSION_STATE_OPEN);
  pair_stop (&pair);
}

/* Who comes late begins with the open group's first object, and gets every object once and in order. */
static void
test_subscribe (gconstpointer data)
{
  Pair pair = { .early = make_track ("a/b", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  guint64 group, object;

  write_object (pair.early, 4, 0, 10, TRUE);
  write_object (pair.early, 5, 0, 1000, FALSE);
  write_object (pair.early, 5, 1, 70000, FALSE);
  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a/b", "t", EC_MOQ_START_CURRENT_GROUP);
  g_assert_true (ec_moq_subscription_get_largest (subscription, &group, &object));
  g_assert_cmpuint (group, ==, 5);
  g_assert_cmpuint (object, ==, 1);
  write_object (pair.early, 5, 2, 0, TRUE);
  write_object (pair.early, 6, 0, 300000, FALSE);
  expect_object (subscription, 5, 0, 1000);
  expect_object (subscription, 5, 1, 70000);
  expect_object (subscription, 5, 2, 0);
  expect_kind (subscription, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 5);
  expect_object (subscription, 6, 0, 300000);
  /* A group that is given up is told, and so is the track's end. */
  ec_moq_track_abandon_group (pair.early);
  expect_kind (subscription, EC_MOQ_OBJECT_KIND_GROUP_LOST, 6);
  write_object (pair.early, 7, 0, 1, TRUE);
  expect_object (subscription, 7, 0, 1);
  expect_kind (subscription, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 7);
  ec_moq_track_end (pair.early);
  g_assert_null (read_object (subscription));
  pair_stop (&pair);
}

/* A track that ends as soon as it is subscribed to is read whole all the same, from the open group on. */
static void
test_end_at_once (gconstpointer data)
{
  for (guint i = 0; i < 20; i++) {
    Pair pair = { .early = make_track ("a", "t") };
    g_autoptr (EcMoqSubscription) subscription = NULL;

    write_object (pair.early, 5, 0, 1000, FALSE);
    write_object (pair.early, 5, 1, 1000, FALSE);
    pair_start (&pair, data);
    subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_CURRENT_GROUP);
    write_object (pair.early, 5, 2, 1000, TRUE);
    ec_moq_track_end (pair.early);
    for (guint64 object = 0; object < 3; object++)
      expect_object (subscription, 5, object, 1000);
    expect_kind (subscription, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 5);
    g_assert_null (read_object (subscription));
    pair_stop (&pair);
  }
}

/* The client publishes too. */
static void
test_publish_by_client (gconstpointer data)
{
  Pair pair = { 0 };
  g_autoptr (EcMoqTrack) track = make_track ("up", "t");
  g_autoptr (EcMoqSubscription) subscription = NULL;
  g_autoptr (GError) error = NULL;

  pair_start (&pair, data);
  g_assert_true (ec_moq_session_add_track (pair.ours, track, &error));
  g_assert_false (ec_moq_session_add_track (pair.ours, track, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_DUPLICATE);
  subscription = subscribe (pair.theirs, "up", "t", EC_MOQ_START_NEXT_GROUP);
  write_object (track, 1, 0, 100, TRUE);
  expect_object (subscription, 1, 0, 100);
  expect_kind (subscription, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 1);
  ec_moq_session_remove_track (pair.ours, track);
  g_assert_null (read_object (subscription));
  pair_stop (&pair);
}

static void
test_fetch (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) fetch = NULL;
  g_autoptr (GError) error = NULL;

  for (guint64 group = 10; group < 14; group++)
    for (guint64 object = 0; object < 3; object++)
      write_object (pair.early, group, object, 5000, object == 2);
  pair_start (&pair, data);
  fetch = ec_moq_session_fetch (pair.ours, "a", "t", 11, 12, NULL, &error);
  g_assert_no_error (error);
  for (guint64 group = 11; group < 13; group++)
    for (guint64 object = 0; object < 3; object++)
      expect_object (fetch, group, object, 5000);
  g_assert_null (read_object (fetch));
  pair_stop (&pair);
}

static void
test_refused (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (GError) error = NULL;

  pair_start (&pair, data);
  g_assert_null (
      ec_moq_session_subscribe (pair.ours, "a", "other", EC_MOQ_START_CURRENT_GROUP, NULL, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_NOT_FOUND);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "there is no such track here"));
  g_clear_error (&error);
  g_assert_null (ec_moq_session_fetch (pair.ours, "a", "other", 0, 1, NULL, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (
      ec_moq_session_subscribe (pair.ours, "a//b", "t", EC_MOQ_START_NEXT_GROUP, NULL, &error));
  g_assert_nonnull (error);
  pair_stop (&pair);
}

static gboolean
lists (EcMoqAnnouncements *list, const char *space)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++) {
    g_autoptr (EcMoqAnnouncement) item = g_list_model_get_item (G_LIST_MODEL (list), i);

    if (g_str_equal (ec_moq_announcement_get_namespace (item), space))
      return TRUE;
  }
  return FALSE;
}

/* Told to those who ask, and unasked. */
static void
test_announce (gconstpointer data)
{
  Pair pair = { 0 };
  g_autoptr (EcMoqAnnouncements) all = NULL, some = NULL;
  g_autoptr (GError) error = NULL;

  pair_start (&pair, data);
  all = ec_moq_session_list_announcements (pair.theirs, NULL, NULL);
  g_assert_true (ec_moq_session_announce (pair.ours, "x/one", NULL, &error));
  g_assert_no_error (error);
  WAIT_UNTIL (lists (all, "x/one"));
  some = ec_moq_session_list_announcements (pair.theirs, "x", NULL);
  WAIT_UNTIL (lists (some, "x/one"));
  g_assert_null (ec_moq_session_list_announcements (pair.theirs, "x//y", &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI);
  g_clear_error (&error);
  WAIT_UNTIL (ec_moq_announcements_get_granted (some));
  g_assert_true (ec_moq_session_announce (pair.ours, "x/two", NULL, &error));
  g_assert_true (ec_moq_session_announce (pair.ours, "y", NULL, &error));
  WAIT_UNTIL (lists (some, "x/two") && lists (all, "y"));
  g_assert_false (lists (some, "y"));
  ec_moq_session_unannounce (pair.ours, "x/one");
  WAIT_UNTIL (!lists (some, "x/one") && !lists (all, "x/one"));
  g_assert_true (lists (some, "x/two"));
  /* Twice, and again at once after the end: each is answered. */
  for (guint i = 0; i < 20; i++) {
    g_assert_true (ec_moq_session_announce (pair.ours, "y", NULL, &error));
    ec_moq_session_unannounce (pair.ours, "y");
    g_assert_true (ec_moq_session_announce (pair.ours, "y", NULL, &error));
  }
  WAIT_UNTIL (lists (all, "y"));
  pair_stop (&pair);
}

/* What is not read is bounded, and a slow reader is told what it lost; the newest is there. */
static void
test_slow_reader (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  gsize most = 0;
  guint64 last = 0;
  guint n_lost = 0;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  for (guint64 group = 1; group <= 120; group++) {
    gint64 enough = g_get_monotonic_time () + 20 * G_TIME_SPAN_MILLISECOND;
    gsize before = ec_moq_subscription_get_queued (subscription);

    write_object (pair.early, group, 0, 500000, FALSE);
    write_object (pair.early, group, 1, 500000, TRUE);
    /* So that the feed loses nothing: it is the inbox that is looked at. */
    while (ec_moq_subscription_get_queued (subscription) < before + 1000000 &&
           g_get_monotonic_time () < enough)
      g_thread_yield ();
    most = MAX (most, ec_moq_subscription_get_queued (subscription));
  }
  ec_moq_track_end (pair.early);
  g_test_message ("held at most %" G_GSIZE_FORMAT
                  " bytes of 120,000,000; dropped %" G_GUINT64_FORMAT " groups",
                  most, ec_moq_subscription_get_n_dropped (subscription));
  g_assert_cmpuint (most, <=, 34 * 1024 * 1024);
  for (;;) {
    g_autoptr (EcMoqObject) object = read_object (subscription);

    if (!object)
      break;
    g_assert_cmpuint (ec_moq_object_get_group (object), >=, last);
    last = ec_moq_object_get_group (object);
    n_lost += ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_GROUP_LOST;
  }
  g_assert_cmpuint (last, ==, 120);
  g_test_message ("%u groups were told to be lost", n_lost);
  pair_stop (&pair);
}

/* A peer's words come through, whoever waits. */
static void
test_closed_by_peer (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  g_autoptr (GError) error = NULL, reading = NULL;
  guint n_closed = 0;

  pair_start (&pair, data);
  g_signal_connect_swapped (pair.ours, "closed", G_CALLBACK (g_atomic_int_inc), &n_closed);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  ec_moq_session_close_with (pair.theirs, 0x2, "not for you");
  WAIT_UNTIL (n_closed > 0);
  error = ec_moq_session_dup_error (pair.ours);
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED);
  g_assert_nonnull (strstr (error->message, "not for you"));
  g_assert_null (ec_moq_subscription_read_object (subscription, NULL, &reading));
  g_assert_error (reading, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED);
  g_clear_error (&reading);
  g_assert_null (
      ec_moq_session_subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP, NULL, &reading));
  g_assert_error (reading, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED);
  g_assert_cmpuint (n_closed, ==, 1);
  pair_stop (&pair);
}

static void
test_async (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqConnectOptions) options = NULL;
  g_autoptr (EcMoqSubscription) subscription = NULL;
  g_autoptr (EcMoqSession) second = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) connected = NULL, subscribed = NULL, read = NULL, cancelled = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqObject) object = NULL;
  g_autofree char *uri = NULL;

  pair_start (&pair, data);
  g_clear_object (&pair.theirs);
  options = pair_make_options (&pair, data);
  uri = pair_make_uri (&pair, data);
  ec_moq_session_new_for_uri_async (uri, options, NULL, keep_result, &connected);
  WAIT_UNTIL (connected);
  second = ec_moq_session_new_for_uri_finish (connected, &error);
  g_assert_no_error (error);
  WAIT_UNTIL (pair.theirs);
  ec_moq_session_subscribe_async (second, "a", "t", EC_MOQ_START_NEXT_OBJECT, NULL, keep_result,
                                  &subscribed);
  WAIT_UNTIL (subscribed);
  subscription = ec_moq_session_subscribe_finish (second, subscribed, &error);
  g_assert_no_error (error);

  ec_moq_subscription_read_object_async (subscription, cancellable, keep_result, &cancelled);
  ec_moq_subscription_read_object_async (subscription, NULL, keep_result, &read);
  g_cancellable_cancel (cancellable);
  WAIT_UNTIL (cancelled);
  g_assert_null (ec_moq_subscription_read_object_finish (subscription, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (read);
  write_object (pair.early, 0, 0, 3, FALSE);
  WAIT_UNTIL (read);
  object = ec_moq_subscription_read_object_finish (subscription, read, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (ec_moq_object_get_payload (object)), ==, 3);
  pair_stop (&pair);
}

/* Closed while something is asked for, in every order: nothing hangs, nothing is left. */
static void
test_early_close (gconstpointer data)
{
  for (guint i = 0; i < 4; i++) {
    Pair pair = { .early = make_track ("a", "t") };
    g_autoptr (GAsyncResult) subscribed = NULL;
    g_autoptr (GError) error = NULL;
    g_autoptr (EcMoqSubscription) subscription = NULL;

    pair_start (&pair, data);
    ec_moq_session_subscribe_async (pair.ours, "a", "t", EC_MOQ_START_CURRENT_GROUP, NULL,
                                    keep_result, &subscribed);
    if (i == 0)
      ec_moq_session_close (pair.ours);
    else if (i == 1)
      ec_moq_session_close (pair.theirs);
    else if (i == 2)
      ec_moq_server_stop (pair.server);
    WAIT_UNTIL (subscribed);
    subscription = ec_moq_session_subscribe_finish (pair.ours, subscribed, &error);
    g_assert_true ((subscription != NULL) != (error != NULL));
    pair_stop (&pair);
  }
}

static gboolean
is_published (GPtrArray *published, guint i, const char *space, const char *track)
{
  return published->len > i &&
         g_str_equal (ec_moq_subscription_get_namespace (published->pdata[i]), space) &&
         g_str_equal (ec_moq_subscription_get_track (published->pdata[i]), track);
}

/* What the peer publishes by itself is taken as if it had been subscribed to: what is there already, and what comes. */
static void
test_take (gconstpointer data)
{
  Pair pair = { 0 };
  g_autoptr (GPtrArray) published = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (EcMoqTrack) one = make_track ("up/a", "one"), two = make_track ("up/b", "two"),
                         other = make_track ("down", "x");
  g_autoptr (GError) error = NULL;

  pair_start (&pair, data);
  write_object (one, 3, 0, 70000, FALSE);
  write_object (one, 3, 1, 100, FALSE);
  g_assert_true (ec_moq_session_add_track (pair.ours, one, NULL));
  g_assert_true (ec_moq_session_add_track (pair.ours, other, NULL));
  g_signal_connect (pair.theirs, "published", G_CALLBACK (keep_published), published);
  g_assert_false (ec_moq_session_take_tracks (pair.theirs, "up//", &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_true (ec_moq_session_take_tracks (pair.theirs, "up", &error));
  WAIT_UNTIL (published->len == 1);
  g_assert_true (is_published (published, 0, "up/a", "one"));
  expect_object (published->pdata[0], 3, 0, 70000);
  expect_object (published->pdata[0], 3, 1, 100);
  g_assert_true (ec_moq_session_add_track (pair.ours, two, NULL));
  WAIT_UNTIL (published->len == 2);
  g_assert_true (is_published (published, 1, "up/b", "two"));
  write_object (two, 0, 0, 5, TRUE);
  expect_object (published->pdata[1], 0, 0, 5);
  write_object (one, 3, 2, 1, TRUE);
  expect_object (published->pdata[0], 3, 2, 1);
  expect_kind (published->pdata[0], EC_MOQ_OBJECT_KIND_GROUP_ENDED, 3);
  ec_moq_track_end (one);
  g_assert_null (read_object (published->pdata[0]));
  /* Nobody keeps it: it is given back, and the session goes on. */
  g_ptr_array_set_size (published, 0);
  g_assert_cmpint (ec_moq_session_get_state (pair.theirs), ==, EC_MOQ_SESSION_STATE_OPEN);
  pair_stop (&pair);
}

/* What a client publishes at once waits for the server's application; it takes them, or they are refused. */
static void
test_unasked (gconstpointer data)
{
  for (guint takes = 0; takes < 2; takes++) {
    g_autoptr (GPtrArray) taken = g_ptr_array_new_with_free_func (g_object_unref);
    g_autoptr (GError) error = NULL;
    Pair pair = { .unasked = 50, .taken = takes ? taken : NULL };

    pair_start (&pair, data);
    if (takes) {
      WAIT_UNTIL (taken->len == 50);
      g_assert_true (is_published (taken, 49, "unasked", "t49"));
    }
    /* An answer to what was asked behind them says that all of them were seen. */
    g_assert_true (ec_moq_session_announce (pair.ours, "x", NULL, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (taken->len, ==, takes ? 50 : 0);
    g_ptr_array_set_size (taken, 0);
    pair_stop (&pair);
  }
}

/* The session may go while tracks come. */
static void
test_take_and_go (gconstpointer data)
{
  for (guint i = 0; i < 3; i++) {
    Pair pair = { 0 };

    pair_start (&pair, data);
    for (guint n = 0; n < 10; n++) {
      g_autofree char *name = g_strdup_printf ("t%u", n);
      g_autoptr (EcMoqTrack) track = make_track ("up", name);

      g_assert_true (ec_moq_session_add_track (pair.ours, track, NULL));
    }
    g_assert_true (ec_moq_session_take_tracks (pair.theirs, "up", NULL));
    if (i == 1)
      g_usleep (1000);
    else if (i == 2)
      ec_moq_session_close (pair.ours);
    pair_stop (&pair);
  }
}

/* Who is asked to leave may stay until it has read what it wants, but not for ever. */
static void
test_go_away (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  g_autoptr (GError) error = NULL;
  guint n_going = 0, n_closed = 0;

  pair_start (&pair, data);
  g_signal_connect_swapped (pair.ours, "going-away", G_CALLBACK (g_atomic_int_inc), &n_going);
  g_signal_connect_swapped (pair.ours, "closed", G_CALLBACK (g_atomic_int_inc), &n_closed);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  ec_moq_session_go_away (pair.theirs, "moqt://elsewhere.example", 1500);
  WAIT_UNTIL (n_going == 1);
  g_assert_cmpint (ec_moq_session_get_state (pair.ours), ==, EC_MOQ_SESSION_STATE_GOING_AWAY);
  write_object (pair.early, 0, 0, 100, TRUE);
  expect_object (subscription, 0, 0, 100);
  WAIT_UNTIL (n_closed == 1);
  error = ec_moq_session_dup_error (pair.ours);
  g_test_message ("%s", error->message);
  g_assert_nonnull (error);
  pair_stop (&pair);
}

/* -- What is said of tracks and objects */

static void
expect_properties (GVariant *got, const char *text)
{
  g_autoptr (GVariant) own = got;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) wanted =
      g_variant_parse (G_VARIANT_TYPE ("a(tv)"), text, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (g_variant_equal (own, wanted));
}

static gboolean
write_with (EcMoqTrack *track, guint64 object, const char *text, GError **error)
{
  g_autoptr (GBytes) payload = make_payload (1, object, 10);
  g_autoptr (GVariant) said =
      text ? g_variant_parse (G_VARIANT_TYPE ("a(tv)"), text, NULL, NULL, NULL) : NULL;

  g_assert_true (!text || said);
  return ec_moq_track_write_object (track, 1, object, 100, payload, FALSE, said, error);
}

#define TRACK_SAYS "[(0x3800, <uint64 4611686018427387903>), (0x3801, <b'tracks'>)]"
#define OBJECT_SAYS                                                                                \
  "[(0x3802, <uint64 7>), (0x3802, <uint64 5>), (0x3803, <@ay []>), (0x3805, <b'x'>)]"

/* … comes with them, by subscription and by fetch; what no peer could take is refused here. */
static void
test_said (gconstpointer data)
{
  static const char *const bad[] = {
    "[(0x3803, <uint64 7>)]",                   /* odd: bytes */
    "[(0x3802, <b'x'>)]",                       /* even: a number */
    "[(0x3802, <uint64 4611686018427387904>)]", /* 63 bits */
    "[(0xb, <b'x'>)]",                          /* Immutable Properties, §12.7 */
    "[(0x3c, <uint64 2>)]",                     /* a gap before group 1, §12.8 */
    "[(0x3e, <uint64 1>), (0x3e, <uint64 1>)]", /* twice, §12.9 */
    "[(0x4000, <uint64 1>)]",                   /* of tracks alone, §2.5.1 */
  };
  g_autoptr (GVariant) says =
      g_variant_parse (G_VARIANT_TYPE ("a(tv)"), TRACK_SAYS, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqSubscription) subscription = NULL, fetch = NULL;
  Pair pair = { .early = ec_moq_track_new ("a", "t", says, &error) };
  EcMoqSubscription *both[2];

  g_assert_no_error (error);
  expect_properties (ec_moq_track_get_properties (pair.early), TRACK_SAYS);
  pair_start (&pair, data);
  g_assert_true (write_with (pair.early, 0, OBJECT_SAYS, &error));
  g_assert_true (write_with (pair.early, 1, NULL, &error));
  both[0] = subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_CURRENT_GROUP);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_false (write_with (pair.early, 2, bad[i], &error));
    g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_MALFORMED_TRACK);
    g_clear_error (&error);
  }
  g_assert_true (write_with (pair.early, 2, OBJECT_SAYS, &error));
  both[1] = fetch = ec_moq_session_fetch (pair.ours, "a", "t", 1, 1, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 2; i++) {
    expect_properties (ec_moq_subscription_get_properties (both[i]), TRACK_SAYS);
    for (guint64 id = 0; id < 3; id++) {
      g_autoptr (EcMoqObject) object = read_object (both[i]);

      g_assert_cmpuint (ec_moq_object_get_id (object), ==, id);
      expect_properties (ec_moq_object_get_properties (object), id == 1 ? "[]" : OBJECT_SAYS);
    }
  }
  pair_stop (&pair);
}

/* What would make peers close their sessions is refused where it is said. */
static void
test_said_of_track (void)
{
  static const struct {
    const char *text;
    gboolean good;
  } cases[] = {
    { "[(0x2, <uint64 500>), (0xe, <uint64 255>), (0x22, <uint64 2>)]", TRUE },
    { "[(0x2, <uint64 0>)]", FALSE },
    { "[(0x6, <uint64 0>)]", FALSE },
    { "[(0xe, <uint64 256>)]", FALSE },
    { "[(0x22, <uint64 0>)]", FALSE },
    { "[(0x22, <uint64 3>)]", FALSE },
    { "[(0x30, <uint64 2>)]", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GVariant) says =
        g_variant_parse (G_VARIANT_TYPE ("a(tv)"), cases[i].text, NULL, NULL, NULL);
    g_autoptr (GError) error = NULL;
    g_autoptr (EcMoqTrack) track = ec_moq_track_new ("a", "t", says, &error);

    if (cases[i].good)
      g_assert_no_error (error);
    else
      g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_MALFORMED_TRACK);
    g_assert_true ((track != NULL) == cases[i].good);
  }
}

/* What is too large is refused, and nothing of it is published. */
static void
test_too_large (void)
{
  g_autoptr (EcMoqTrack) track = make_track ("a", "t");
  g_autoptr (GBytes) large = make_payload (0, 0, 16 * 1024 * 1024 + 1),
                     small = make_payload (1, 0, 1);
  g_autofree guint8 *bytes = g_malloc0 (17000);
  g_autoptr (GError) error = NULL;
  GVariant *said = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, 17000, 1);

  write_object (track, 0, 0, 1, FALSE);
  g_assert_false (ec_moq_track_write_object (track, 1, 0, 0, large, FALSE, NULL, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_false (ec_moq_track_write_object (
      track, 1, 0, 0, small, FALSE, g_variant_new_parsed ("[(uint64 1, %v)]", said), &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_false (ec_moq_track_write_object (track, G_MAXUINT64, 0, 0, small, FALSE, NULL, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_INVALID_RANGE);
  g_clear_error (&error);
  g_assert_false (ec_moq_track_write_object (track, 0, 0, 0, small, FALSE, NULL, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_INVALID_RANGE);
  write_object (track, 0, 1, 1, FALSE);
}

/* -- What a subscriber changes while it reads */

static guint64
get_sent (EcMoqTrack *track)
{
  EcMoqFeedStats stats;

  ec_moq_feed_get_stats (ec_moq_track_get_feed (track), &stats);
  return stats.bytes_out;
}

/* A group, and whether it was sent, so far as can be told in a while. */
static gboolean
write_group_and_see (EcMoqTrack *track, guint64 group)
{
  guint64 before = get_sent (track);
  gint64 end = g_get_monotonic_time () + 100 * G_TIME_SPAN_MILLISECOND;

  write_object (track, group, 0, 1000, TRUE);
  while (get_sent (track) == before && g_get_monotonic_time () < end)
    g_thread_yield ();
  return get_sent (track) > before;
}

/* Nothing of a pause comes, and all that is published behind it. */
static void
test_forward (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  guint64 group = 1, from, to;
  guint n_notified = 0;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  g_signal_connect_swapped (subscription, "notify::forward", G_CALLBACK (g_atomic_int_inc),
                            &n_notified);
  g_assert_true (ec_moq_subscription_get_forward (subscription));
  WAIT_UNTIL (write_group_and_see (pair.early, group++));
  g_object_set (subscription, "forward", FALSE, "priority", 7, NULL);
  ec_moq_subscription_set_forward (subscription, FALSE);
  g_assert_cmpuint (n_notified, ==, 1);
  g_assert_false (ec_moq_subscription_get_forward (subscription));
  g_assert_cmpuint (ec_moq_subscription_get_priority (subscription), ==, 7);
  WAIT_UNTIL (!write_group_and_see (pair.early, group++));
  from = group;
  for (guint i = 0; i < 3; i++)
    g_assert_false (write_group_and_see (pair.early, group++));
  to = group;
  ec_moq_subscription_set_forward (subscription, TRUE);
  WAIT_UNTIL (write_group_and_see (pair.early, group++));
  ec_moq_track_end (pair.early);
  for (guint64 last = 0;;) {
    g_autoptr (EcMoqObject) object = read_object (subscription);

    if (!object) {
      g_assert_cmpuint (last, ==, group - 1);
      break;
    }
    last = ec_moq_object_get_group (object);
    g_assert_true (last < from || last >= to - 1);
  }
  pair_stop (&pair);
}

typedef struct {
  gint looked; /* atomic */
  gboolean found, forward;
  guint8 priority;
  guint64 timeout_ms;
} Seen;

/* At the publisher's end: what the subscriber has asked for. */
static void
look_at_params (EcMoqCore *core, EcMoqtSession *session, gpointer data)
{
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("a", "t", NULL);
  EcMoqtRequest *request = session ? g_hash_table_lookup (session->publishing, name) : NULL;
  Seen *seen = data;

  seen->found = request != NULL;
  if (request) {
    const EcMoqtParams *params = ec_moqt_request_get_params (request);

    seen->forward = params->forward || !(params->has & EC_MOQT_PARAM_FORWARD);
    seen->priority = params->subscriber_priority;
    seen->timeout_ms = params->object_delivery_timeout_ms;
  }
  g_atomic_int_set (&seen->looked, TRUE);
}

static Seen
see (EcMoqSession *session)
{
  Seen seen = { 0 };

  ec_moq_core_run (ec_moq_session_get_core (session), look_at_params, &seen, NULL);
  WAIT_UNTIL (g_atomic_int_get (&seen.looked));
  return seen;
}

/* What is changed is what the publisher knows, one by one and several at once. */
static void
test_change (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  Seen seen;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  g_assert_true (see (pair.theirs).found);
  ec_moq_subscription_set_priority (subscription, 7);
  WAIT_UNTIL (see (pair.theirs).priority == 7);
  g_assert_true (see (pair.theirs).forward);
  ec_moq_subscription_set_forward (subscription, FALSE);
  ec_moq_subscription_set_delivery_timeout (subscription, 900);
  ec_moq_subscription_set_priority (subscription, 0);
  WAIT_UNTIL (see (pair.theirs).timeout_ms == 900 && see (pair.theirs).priority == 0);
  seen = see (pair.theirs);
  g_assert_false (seen.forward);
  ec_moq_subscription_set_delivery_timeout (subscription, 0);
  ec_moq_subscription_set_forward (subscription, TRUE);
  WAIT_UNTIL (see (pair.theirs).forward && see (pair.theirs).timeout_ms > 900);
  write_object (pair.early, 1, 0, 10, TRUE);
  expect_object (subscription, 1, 0, 10);
  pair_stop (&pair);
}

/* What waits for longer than it is worth is given up: here, for a reader that does not read. */
static void
test_delivery_timeout (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  gsize n = 0;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  ec_moq_subscription_set_delivery_timeout (subscription, 200);
  g_assert_cmpuint (ec_moq_subscription_get_delivery_timeout (subscription), ==, 200);
  WAIT_UNTIL (see (pair.theirs).timeout_ms == 200);
  for (guint64 id = 0; id < 40; id++)
    write_object (pair.early, 1, id, 500000, id == 39);
  /* Time alone makes them too old, and what goes by the sender's clock is seen by nobody until there is room again. */
  g_usleep (250000);
  for (;; n++) {
    g_autoptr (EcMoqObject) object = read_object (subscription);

    if (ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_OBJECT)
      continue;
    g_assert_cmpint (ec_moq_object_get_kind (object), ==, EC_MOQ_OBJECT_KIND_GROUP_LOST);
    break;
  }
  g_test_message ("%" G_GSIZE_FORMAT " of 40 objects came", n);
  g_assert_cmpuint (n, <, 40);
  pair_stop (&pair);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_all_ways ("properties", test_properties);
  add_all_ways ("subscribe", test_subscribe);
  add_all_ways ("end-at-once", test_end_at_once);
  add_all_ways ("publish-by-client", test_publish_by_client);
  add_all_ways ("fetch", test_fetch);
  add_all_ways ("refused", test_refused);
  add_all_ways ("announce", test_announce);
  add_all_ways ("slow-reader", test_slow_reader);
  add_all_ways ("closed-by-peer", test_closed_by_peer);
  add_all_ways ("async", test_async);
  add_all_ways ("early-close", test_early_close);
  add_all_ways ("take", test_take);
  add_all_ways ("take-and-go", test_take_and_go);
  add_all_ways ("unasked", test_unasked);
  add_all_ways ("go-away", test_go_away);
  add_all_ways ("said", test_said);
  g_test_add_func ("/session/said-of-track", test_said_of_track);
  g_test_add_func ("/session/too-large", test_too_large);
  add_all_ways ("forward", test_forward);
  add_all_ways ("change", test_change);
  add_all_ways ("delivery-timeout", test_delivery_timeout);
  return g_test_run ();
}
