/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moq-pair.h"

void
keep_published (EcMoqSession *session, EcMoqSubscription *subscription, GPtrArray *published)
{
  g_ptr_array_add (published, g_object_ref (subscription));
}

static void
on_incoming (EcMoqServer *server, EcMoqSession *session, Pair *pair)
{
  g_assert_null (pair->theirs);
  pair->theirs = g_object_ref (session);
  if (pair->early)
    g_assert_true (ec_moq_session_add_track (session, pair->early, NULL));
  if (pair->taken) {
    g_signal_connect (session, "published", G_CALLBACK (keep_published), pair->taken);
    g_assert_true (ec_moq_session_take_tracks (session, NULL, NULL));
  }
}

EcMoqConnectOptions *
pair_make_options (Pair *pair, const Way *way)
{
  g_auto (GStrv) hashes = ec_moq_server_dup_certificate_hashes (pair->server);
  const char *protocols[] = { way->draft, NULL };

  return g_object_new (EC_TYPE_MOQ_CONNECT_OPTIONS, "certificate-hashes", hashes, "protocols",
                       protocols, NULL);
}

char *
pair_make_uri (Pair *pair, const Way *way)
{
  g_auto (GStrv) addresses = ec_moq_server_dup_addresses (pair->server);

  return g_strdup_printf ("%s://%s/test?x=1", way->scheme, addresses[0]);
}

/* As publishers do that ask nobody; ours does not. */
static void
publish_unasked (EcMoqCore *core, EcMoqtSession *session, gpointer data)
{
  guint n = GPOINTER_TO_UINT (data);

  for (guint i = 0; session && i < n; i++) {
    g_autofree char *track = g_strdup_printf ("t%u", i);
    g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("unasked", track, NULL);

    g_assert_nonnull (ec_moqt_session_publish (session, name, NULL, NULL));
  }
}

void
pair_start (Pair *pair, const Way *way)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqConnectOptions) options = NULL;
  g_autofree char *uri = NULL;

  pair->server = ec_moq_server_new ("127.0.0.1:0");
  g_signal_connect (pair->server, "incoming", G_CALLBACK (on_incoming), pair);
  ec_moq_server_start (pair->server, &error);
  g_assert_no_error (error);
  options = pair_make_options (pair, way);
  uri = pair_make_uri (pair, way);
  pair->ours = ec_moq_session_new_for_uri (uri, options, NULL, &error);
  g_assert_no_error (error);
  if (pair->unasked)
    ec_moq_core_run (ec_moq_session_get_core (pair->ours), publish_unasked,
                     GUINT_TO_POINTER (pair->unasked), NULL);
  WAIT_UNTIL (pair->theirs);
}

void
pair_stop (Pair *pair)
{
  g_clear_object (&pair->ours);
  g_clear_object (&pair->theirs);
  g_clear_object (&pair->early);
  ec_moq_server_stop (pair->server);
  g_clear_object (&pair->server);
}

GBytes *
make_payload (guint64 group, guint64 object, gsize size)
{
  guint8 *data = g_malloc (MAX (size, 1));

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (group * 31 + object * 7 + i);
  return g_bytes_new_take (data, size);
}

void
write_object (EcMoqTrack *track, guint64 group, guint64 object, gsize size, gboolean end)
{
  g_autoptr (GBytes) payload = make_payload (group, object, size);
  g_autoptr (GError) error = NULL;

  ec_moq_track_write_object (track, group, object, 100, payload, end, NULL, &error);
  g_assert_no_error (error);
}

EcMoqObject *
read_object (EcMoqSubscription *subscription)
{
  g_autoptr (GError) error = NULL;
  EcMoqObject *object = ec_moq_subscription_read_object (subscription, NULL, &error);

  g_assert_no_error (error);
  return object;
}

void
expect_object (EcMoqSubscription *subscription, guint64 group, guint64 id, gsize size)
{
  g_autoptr (EcMoqObject) object = read_object (subscription);
  g_autoptr (GBytes) payload = make_payload (group, id, size);

  g_assert_nonnull (object);
  g_assert_cmpint (ec_moq_object_get_kind (object), ==, EC_MOQ_OBJECT_KIND_OBJECT);
  g_assert_cmpuint (ec_moq_object_get_group (object), ==, group);
  g_assert_cmpuint (ec_moq_object_get_id (object), ==, id);
  g_assert_cmpuint (ec_moq_object_get_priority (object), ==, 100);
  g_assert_true (g_bytes_equal (ec_moq_object_get_payload (object), payload));
}

void
expect_kind (EcMoqSubscription *subscription, EcMoqObjectKind kind, guint64 group)
{
  g_autoptr (EcMoqObject) object = read_object (subscription);

  g_assert_nonnull (object);
  g_assert_cmpint (ec_moq_object_get_kind (object), ==, kind);
  g_assert_cmpuint (ec_moq_object_get_group (object), ==, group);
}

EcMoqTrack *
make_track (const char *space, const char *name)
{
  g_autoptr (GError) error = NULL;
  EcMoqTrack *track = ec_moq_track_new (space, name, NULL, &error);

  g_assert_no_error (error);
  return track;
}

EcMoqSubscription *
subscribe (EcMoqSession *session, const char *space, const char *track, EcMoqStart start)
{
  g_autoptr (GError) error = NULL;
  EcMoqSubscription *subscription =
      ec_moq_session_subscribe (session, space, track, start, NULL, &error);

  g_assert_no_error (error);
  return subscription;
}

void
add_all_ways (const char *name, GTestDataFunc func)
{
  g_autofree char *path = g_strdup_printf ("/session/%s", name);

  add_ways (path, func);
}
