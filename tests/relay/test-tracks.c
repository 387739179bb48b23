/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay-peer.h"

/* What a relay hands on of tracks: their properties, their objects' fields, what is asked of their publishers. */

/* §8.7: “A relay MUST include all Properties associated with a Track”, those that it does not know too. */
static void
test_properties (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  static const EcMoqtProperty items[] = {
    { .type = EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_PRIORITY, .number = 77 },
    { .type = 0x3ffe, .number = 123456 },
    { .type = 0x3fff, .data = (const guint8 *) "opaque", .size = 6 },
  };
  g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (items, G_N_ELEMENTS (items));
  Scene s = scene_new (mix, 1, NULL);
  gboolean publish = mix >> 2;
  Sub *sub, *fetch, *status;

  world_run (s.world, SECOND);
  peer_offer (s.publisher, publish, properties);
  world_run (s.world, SECOND);
  sub = peer_watch (s.viewer, FALSE);
  world_run (s.world, 3 * SECOND);
  fetch = peer_fetch (s.viewer, PATH, TRACK, (EcMoqtLocation){ 2, 0 }, (EcMoqtLocation){ 2, 4 });
  status = peer_ask_status (s.viewer, PATH, TRACK);
  world_run (s.world, SECOND);
  g_assert_true (sub->granted && fetch->granted && status->granted);
  g_assert_true (ec_moqt_properties_equal (sub->properties, properties));
  g_assert_true (ec_moqt_properties_equal (fetch->properties, properties));
  /* Draft 16 answers with REQUEST_OK, which has none. */
  if (mix >> 1 & 1)
    g_assert_true (ec_moqt_properties_equal (status->properties, properties));
  g_assert_true (status->has_largest);
  g_assert_cmpuint (status->largest.group, >=, 4);
  /* The publisher said 128 with each subgroup, and nothing of properties of objects. */
  g_assert_cmpuint (sub->priority, ==, 128);
  g_assert_cmpuint (sub->n_streams, >, 0);
  g_assert_cmpuint (sub->n_with_properties, ==, 0);
  world_free (s.world);
}

/* §2.5.1: a track that must be understood, and is not, goes no further. */
static void
test_mandatory (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  static const EcMoqtProperty item = { .type = 0x4002, .number = 1 };
  g_autoptr (EcMoqtProperties) properties = ec_moqt_properties_new (&item, 1);
  Scene s = scene_new (mix, 1, NULL);
  gboolean publish = mix >> 2;
  Sub *sub;
  Pub *pub;

  world_run (s.world, SECOND);
  pub = peer_offer (s.publisher, publish, properties);
  world_run (s.world, SECOND);
  sub = peer_watch (s.viewer, FALSE);
  world_run (s.world, SECOND);
  if (!(mix & 1)) {
    /* Draft 16 has no such range: the relay passes it on, and who speaks 18 refuses it itself. */
    g_assert_cmpint (sub->refused, ==, mix >> 1 & 1);
    world_free (s.world);
    return;
  }
  g_assert_true (sub->refused);
  if (publish) {
    g_assert_null (pub->publish);
    g_assert_cmpint (s.publisher->space_error, ==,
                     mix & 1 ? EC_MOQT_ERROR_UNSUPPORTED_EXTENSION : EC_MOQT_ERROR_NOT_SUPPORTED);
  } else {
    /* Draft 16 has one code for both. */
    g_assert_cmpint (sub->error, ==,
                     mix >> 1 & 1 ? EC_MOQT_ERROR_UNSUPPORTED_EXTENSION
                                  : EC_MOQT_ERROR_NOT_SUPPORTED);
  }
  g_assert_false (s.publisher->closed || s.viewer->closed);
  world_free (s.world);
}

/*
 * §8 (of draft 16, §9.2.2.2): a slow subscriber that wants objects in time is reset where they are not, and has the next group in time; those
 * beside it lose nothing. Said by the subscriber, or by the track; of objects, or (not in draft 16) of whole subgroups.
 */
static void
test_delivery_timeout (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  gboolean newest = (mix >> 1 & 1), by_track = mix >> 2 & 1, subgroup = mix >> 3;
  EcMoqtProperty item = { .type = subgroup ? EC_MOQT_PROPERTY_SUBGROUP_DELIVERY_TIMEOUT
                                           : EC_MOQT_PROPERTY_OBJECT_DELIVERY_TIMEOUT,
                          .number = 400 };
  g_autoptr (EcMoqtProperties) properties = by_track ? ec_moqt_properties_new (&item, 1) : NULL;
  EcMoqtParams params = { .has = EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT },
                          .object_delivery_timeout_ms = 400,
                          .subgroup_delivery_timeout_ms = 400 };
  /* Of 40,000 bytes a second that there are. */
  EcMemoryLink narrow = {
    .latency_us = 5000, .bandwidth = 14000, .connection_window = 4000, .stream_window = 4000
  };
  World *world = world_new (14, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  Peer *steady = peer_new (world, drafts[newest], NULL);
  Peer *slow = peer_new_full (world, drafts[newest], &narrow, NULL, NULL);
  Sub *sub, *late;

  if (!by_track)
    params.has |=
        subgroup ? EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT : EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT;
  peer_offer (publisher, FALSE, properties);
  world_run (world, SECOND / 2);
  sub = peer_watch (steady, TRUE);
  late = peer_subscribe_with (slow, PATH, TRACK, &params);
  world_run (world, 12 * SECOND);
  g_test_message ("%u objects, %u of them cut, %u resets, %.3f s late", late->n_whole, late->n_cut,
                  late->n_reset, late->max_late_us / 1e6);
  g_assert_cmpuint (sub->n_reset, ==, 0);
  sub_check_whole (sub, broadcast_group (world) - 1);
  g_assert_cmpuint (late->n_reset, >=, 8);
  g_assert_cmpint (late->reset, ==, EC_MOQT_RESET_DELIVERY_TIMEOUT);
  g_assert_cmpuint (late->n_repeated, ==, 0);
  /* What was on its way when the time was over still comes: 8 KiB at most, and the window. */
  g_assert_cmpuint (late->max_late_us, <, subgroup ? SECOND * 3 / 2 : SECOND);
  g_assert_cmpuint (late->n_whole, >=, 3 * 10);
  world_free (world);
}

/* EXPIRES is for us alone (§10.2): the relay asks its publisher to go on, and its readers hear nothing of it. */
static void
test_expires (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  gboolean keep = mix >> 2;
  Scene s = scene_new (mix, 12, NULL);
  Pub *pub;
  Sub *sub;

  s.publisher->expires_ms = 4000;
  s.publisher->keep_expiry = keep;
  pub = peer_offer (s.publisher, FALSE, NULL);
  world_run (s.world, SECOND / 2);
  sub = peer_watch (s.viewer, TRUE);
  world_run (s.world, 20 * SECOND);
  g_assert_false (sub->done);
  if (keep) { /* over and over again; each time the rest of a group is lost at most */
    g_assert_cmpuint (pub->n_subscribed, >=, 5);
    g_assert_cmpuint (sub->n_whole, >, 13 * GROUP_OBJECTS);
    g_assert_cmpuint (sub->n_repeated, ==, 0);
  } else {
    sub_check_whole (sub, broadcast_group (s.world) - 1);
    g_assert_cmpuint (pub->n_subscribed, ==, 1);
    g_assert_cmpuint (s.publisher->n_updates, >=, 5);
    g_assert_cmpuint (s.publisher->n_updates, <=, 8);
    g_assert_cmpuint (pub->n_fetched, <=, 1);
  }
  /* Nobody reads it any more: no reason to go on. */
  sub_end (s.viewer->subs->pdata[0]);
  world_run (s.world, 60 * SECOND);
  g_assert_cmpuint (pub->n_subscribed, <=, 8);
  g_assert_cmpuint (s.publisher->n_updates, <=, 16);
  world_free (s.world);
}

/* REQUEST_UPDATE: Forward State, priority, and an end that comes earlier (§10.11). */
static void
test_update (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  Scene s = scene_new (mix, 5, NULL);
  Peer *other = peer_new (s.world, drafts[mix & 1], NULL);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                          .forward = FALSE,
                          .filter = { .kind = EC_MOQT_FILTER_LARGEST_OBJECT } };
  EcMoqtParams change = { .has = EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIBER_PRIORITY,
                          .forward = TRUE,
                          .subscriber_priority = 3 };
  gboolean publish = mix >> 2;
  guint n;
  Sub *sub, *steady;

  world_run (s.world, SECOND / 10);
  peer_offer (s.publisher, publish, NULL);
  world_run (s.world, SECOND / 2);
  sub = peer_subscribe_with (s.viewer, PATH, TRACK, &params);
  world_run (s.world, 2 * SECOND);
  g_assert_true (sub->granted);
  g_assert_cmpuint (sub->n_whole, ==, 0);
  /* Nobody wants objects of a PUBLISH: none come as far as the relay. */
  if (publish)
    g_assert_cmpuint (world_get_stats (s.world).bytes_in, ==, 0);
  steady = peer_watch (other, TRUE);
  world_run (s.world, SECOND);
  g_assert_cmpuint (sub->n_whole, ==, 0);
  ec_moqt_request_update (sub->request, &change);
  world_run (s.world, 3 * SECOND);
  g_assert_cmpuint (sub->n_whole, >, 2 * GROUP_OBJECTS);
  change = (EcMoqtParams){ .has = EC_MOQT_PARAM_FORWARD, .forward = FALSE };
  ec_moqt_request_update (sub->request, &change);
  world_run (s.world, SECOND / 2);
  n = sub->n_whole;
  world_run (s.world, 2 * SECOND);
  g_assert_cmpuint (sub->n_whole, ==, n);
  g_assert_false (sub->done || s.viewer->closed);

  change = (EcMoqtParams){ .has = EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIPTION_FILTER,
                           .forward = TRUE,
                           .filter = { .kind = EC_MOQT_FILTER_ABSOLUTE_RANGE,
                                       .start = { broadcast_group (s.world) + 1, 0 },
                                       .end_group = broadcast_group (s.world) + 1 } };
  n = (guint) broadcast_group (s.world) + 1;
  ec_moqt_request_update (sub->request, &change);
  world_run (s.world, 4 * SECOND);
  g_assert_true (sub->done);
  g_assert_true (sub_has (sub, n, GROUP_OBJECTS - 1));
  g_assert_false (sub_has (sub, n + 1, 0));
  sub_check_whole (steady, broadcast_group (s.world) - 1);
  world_free (s.world);
}

/* NEW_GROUP_REQUEST goes upstream once, where groups are made on demand and the request says something new (§10.2.13). */
static void
test_new_group_request (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  static const EcMoqtProperty item = { .type = EC_MOQT_PROPERTY_DYNAMIC_GROUPS, .number = 1 };
  gboolean dynamic = mix >> 2;
  g_autoptr (EcMoqtProperties) properties = dynamic ? ec_moqt_properties_new (&item, 1) : NULL;
  World *world = world_new (9, NULL);
  Peer *publisher = peer_new (world, drafts[mix & 1], key_a);
  EcMoqtParams params = { .has = EC_MOQT_PARAM_NEW_GROUP_REQUEST, .new_group_request = 0 };
  Sub *subs[4];

  peer_offer (publisher, FALSE, properties);
  world_run (world, SECOND / 2);
  /* With the SUBSCRIBE; then to who is subscribed to already, once a group. */
  for (guint i = 0; i < 4; i++) {
    params.new_group_request = i == 0 ? 0 : 1000;
    subs[i] =
        peer_subscribe_with (peer_new (world, drafts[mix >> 1 & 1], NULL), PATH, TRACK, &params);
    world_run (world, SECOND / 20);
    g_assert_true (subs[i]->granted);
  }
  g_assert_cmpuint (publisher->n_group_requests, ==, dynamic ? 2 : 1);
  g_assert_cmpuint (publisher->group_request, ==, dynamic ? 1000 : 0);
  world_run (world, 2 * SECOND);
  if (dynamic) {
    EcMoqtParams change = { .has = EC_MOQT_PARAM_NEW_GROUP_REQUEST, .new_group_request = 1 };

    ec_moqt_request_update (subs[0]->request, &change);
    world_run (world, SECOND / 10);
    g_assert_cmpuint (publisher->n_group_requests, ==, 2); /* it is past */
    change.new_group_request = 900;
    ec_moqt_request_update (subs[0]->request, &change);
    world_run (world, SECOND / 10);
    g_assert_cmpuint (publisher->n_group_requests, ==, 3);
    g_assert_cmpuint (publisher->group_request, ==, 900);
  }
  world_free (world);
}

static void
test_datagrams (gconstpointer data)
{
  guint mix = GPOINTER_TO_UINT (data);
  Scene s = scene_new (mix, 6, NULL);
  Pub *pub;
  Sub *sub;
  guint n = 0;

  pub = peer_offer (s.publisher, FALSE, NULL);
  pub->stalled = TRUE;
  world_run (s.world, SECOND / 2);
  sub = peer_watch (s.viewer, FALSE);
  world_run (s.world, SECOND / 2);
  for (guint64 group = 50; group < 60; group++) {
    for (guint64 k = 1; k < 4; k++) {
      EcMoqtObject head = {
        .location = { group, k }, .datagram = TRUE, .priority = 9, .size = 100 + k
      };
      g_autoptr (EcPayload) payload = ec_payload_new (head.size, NULL);

      for (gsize i = 0; i < head.size; i++) {
        guint8 byte = broadcast_byte (group, k, i);

        ec_payload_append (payload, &byte, 1);
      }
      ec_moq_feed_writer_put_object (pub->writer, world_now (s.world), &head, payload);
      n++;
    }
    ec_moq_feed_flush (pub->feed);
    world_run (s.world, SECOND / 10);
  }
  g_assert_cmpuint (sub->n_datagrams, ==, n);
  g_assert_cmpuint (sub->n_repeated, ==, 0);
  g_assert_cmpuint (sub->priority, ==, 9);
  g_assert_true (sub_has (sub, 59, 3));
  world_free (s.world);
}

/* A publisher's refusal is its subscriber's. */
static void
test_refusal (void)
{
  static const EcMoqtErrorCode codes[] = { EC_MOQT_ERROR_UNAUTHORIZED, EC_MOQT_ERROR_TIMEOUT,
                                           EC_MOQT_ERROR_DOES_NOT_EXIST,
                                           EC_MOQT_ERROR_NOT_SUPPORTED };
  Scene s = scene_new (2, 7, NULL);

  peer_offer (s.publisher, FALSE, NULL);
  world_run (s.world, SECOND / 2);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++) {
    Sub *sub, *status;

    s.publisher->refuse_with = codes[i];
    sub = peer_watch (s.viewer, FALSE);
    status = peer_ask_status (s.viewer, PATH, TRACK);
    world_run (s.world, SECOND / 2);
    g_assert_true (sub->refused && status->refused);
    g_assert_cmpint (sub->error, ==, codes[i]);
    g_assert_cmpint (status->error, ==, codes[i]);
  }
  world_free (s.world);
}

/* §5.1: “An endpoint MAY SUBSCRIBE to a Track it is publishing”. */
static void
test_own_track (gconstpointer data)
{
  gboolean publish = GPOINTER_TO_UINT (data);
  World *world = world_new (8, NULL);
  Peer *publisher = peer_new (world, drafts[1], key_a);
  Sub *sub;

  world_run (world, SECOND / 10);
  peer_offer (publisher, publish, NULL);
  world_run (world, SECOND / 2);
  sub = peer_watch (publisher, TRUE);
  world_run (world, 3 * SECOND);
  sub_check_whole (sub, broadcast_group (world) - 1);
  world_free (world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_mixes ("/relay/tracks/properties", 8, test_properties);
  add_mixes ("/relay/tracks/mandatory", 8, test_mandatory);
  add_mixes ("/relay/tracks/expires", 8, test_expires);
  add_mixes ("/relay/tracks/update", 8, test_update);
  add_mixes ("/relay/tracks/new-group-request", 8, test_new_group_request);
  add_mixes ("/relay/tracks/datagrams", 4, test_datagrams);
  for (guint mix = 0; mix < 16; mix++) {
    g_autofree char *timeout = g_strdup_printf ("/relay/tracks/delivery-timeout/%u", mix);

    /* Draft 16 has no timeouts of subgroups, neither has what it would have to pass on. */
    if (mix < 8 || (mix & 3) == 3)
      g_test_add_data_func (timeout, GUINT_TO_POINTER (mix), test_delivery_timeout);
  }
  g_test_add_func ("/relay/tracks/refusal", test_refusal);
  g_test_add_data_func ("/relay/tracks/own/announced", GUINT_TO_POINTER (0), test_own_track);
  g_test_add_data_func ("/relay/tracks/own/published", GUINT_TO_POINTER (1), test_own_track);
  return g_test_run ();
}
