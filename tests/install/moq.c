/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A user's program: a track, a server that has it, and a client that reads it. Built against the installed library. */
#include <ec.h>

static EcMoqTrack *track;

static void
on_incoming (EcMoqServer *server, EcMoqSession *session)
{
  ec_moq_session_add_track (session, track, NULL);
  g_object_set_data_full (G_OBJECT (server), "session", g_object_ref (session), g_object_unref);
}

static void
on_object (GObject *source, GAsyncResult *result, gpointer loop)
{
  EcMoqSubscription *subscription = EC_MOQ_SUBSCRIPTION (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqObject) object =
      ec_moq_subscription_read_object_finish (subscription, result, &error);

  if (!object) {
    g_print ("%s\n", error ? error->message : "end");
    g_main_loop_quit (loop);
    return;
  }
  if (ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_OBJECT) {
    g_autoptr (GVariant) properties = ec_moq_object_get_properties (object);
    g_autofree char *said = g_variant_print (properties, FALSE);
    gsize size;
    const char *data = g_bytes_get_data (ec_moq_object_get_payload (object), &size);

    g_print ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %.*s %s\n",
             ec_moq_object_get_group (object), ec_moq_object_get_id (object), (int) size, data,
             said);
    if (ec_moq_object_get_id (object) == 1)
      ec_moq_track_end (track);
  }
  ec_moq_subscription_read_object_async (subscription, NULL, on_object, loop);
}

static void
on_subscribed (GObject *source, GAsyncResult *result, gpointer loop)
{
  g_autoptr (GError) error = NULL;
  EcMoqSubscription *subscription =
      ec_moq_session_subscribe_finish (EC_MOQ_SESSION (source), result, &error);

  if (!subscription) {
    g_print ("%s\n", error->message);
    g_main_loop_quit (loop);
    return;
  }
  g_object_set_data_full (source, "subscription", subscription, g_object_unref);
  ec_moq_subscription_read_object_async (subscription, NULL, on_object, loop);
}

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (EcMoqServer) server = ec_moq_server_new ("127.0.0.1:0");
  g_autoptr (EcMoqConnectOptions) options = NULL;
  g_autoptr (EcMoqSession) session = NULL;
  g_autoptr (GBytes) payload = g_bytes_new_static ("hello", 5);
  g_auto (GStrv) addresses = NULL, hashes = NULL;
  g_autofree char *uri = NULL;

  track = ec_moq_track_new ("demo", "greetings", NULL, &error);
  g_signal_connect (server, "incoming", G_CALLBACK (on_incoming), NULL);
  if (!track || !ec_moq_server_start (server, &error) ||
      !ec_moq_track_write_object (track, 1, 0, 128, payload, FALSE, NULL, &error) ||
      !ec_moq_track_write_object (track, 1, 1, 128, payload, TRUE,
                                  g_variant_new_parsed ("[(uint64 0x3800, <uint64 7>)]"), &error)) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  addresses = ec_moq_server_dup_addresses (server);
  hashes = ec_moq_server_dup_certificate_hashes (server);
  uri = g_strdup_printf ("moqt://%s", addresses[0]);
  options = g_object_new (EC_TYPE_MOQ_CONNECT_OPTIONS, "certificate-hashes", hashes, NULL);
  session = ec_moq_session_new_for_uri (uri, options, NULL, &error);
  if (!session) {
    g_printerr ("%s\n", error->message);
    return 1;
  }
  ec_moq_session_subscribe_async (session, "demo", "greetings", EC_MOQ_START_CURRENT_GROUP, NULL,
                                  on_subscribed, loop);
  g_main_loop_run (loop);
  g_object_unref (track);
  return 0;
}
