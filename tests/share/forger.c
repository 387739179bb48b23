/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * forger [--ahead] URI HASH NAME [URI HASH]: publishes at a relay (at another one), under a name that somebody else serves there, what that one
 * does, but with other bytes; or, ahead, something for the groups that are to come. Prints a line for the announcement, and for each object.
 */

#include <ec.h>

#include <string.h>

static EcMoqSession *
connect_to (const char *uri, const char *hash)
{
  g_autoptr (EcMoqConnectOptions) options = ec_moq_connect_options_new ();
  g_autoptr (GError) error = NULL;
  const char *hashes[] = { hash, NULL };
  EcMoqSession *session;

  g_object_set (options, "certificate-hashes", hashes, NULL);
  session = ec_moq_session_new_for_uri (uri, options, NULL, &error);
  if (!session)
    g_error ("%s", error->message);
  return session;
}

static GBytes *
forge (GBytes *payload)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);
  guint8 *other = g_memdup2 (data, size);

  for (gsize i = 200; i < size; i += 100)
    other[i] ^= 0x55;
  return g_bytes_new_take (other, size);
}

#define N_AHEAD 3

static void
write_object (EcMoqTrack *track, guint64 group, guint64 id, GBytes *payload)
{
  ec_moq_track_write_object (track, group, id, 128, payload, FALSE, NULL, NULL);
  g_print ("{\"group\": %" G_GUINT64_FORMAT "}\n", group);
}

int
main (int argc, char **argv)
{
  gboolean ahead = argc > 1 && strcmp (argv[1], "--ahead") == 0;
  char **arguments = argv + ahead;
  int n_arguments = argc - ahead;
  guint64 written = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqSession) reads = connect_to (arguments[1], arguments[2]);
  g_autoptr (EcMoqSession) writes =
      connect_to (arguments[n_arguments == 6 ? 4 : 1], arguments[n_arguments == 6 ? 5 : 2]);
  g_autoptr (EcMoqTrack) track = ec_moq_track_new (arguments[3], "chunks", NULL, &error);
  g_autoptr (EcMoqSubscription) subscription = ec_moq_session_subscribe (
      reads, arguments[3], "chunks", EC_MOQ_START_CURRENT_GROUP, NULL, &error);

  g_assert ((n_arguments == 4 || n_arguments == 6) && track && subscription);
  ec_moq_session_add_track (writes, track, NULL);
  if (ec_moq_session_announce (writes, arguments[3], NULL, &error))
    g_print ("{\"announced\": true}\n");
  else
    g_print ("{\"announced\": false}\n");
  g_clear_error (&error);

  for (;;) {
    g_autoptr (EcMoqObject) object = ec_moq_subscription_read_object (subscription, NULL, &error);
    g_autoptr (GBytes) payload = NULL;
    guint64 group;

    if (!object)
      break;
    if (ec_moq_object_get_kind (object) != EC_MOQ_OBJECT_KIND_OBJECT)
      continue;
    payload = forge (ec_moq_object_get_payload (object));
    group = ec_moq_object_get_group (object);
    if (!ahead)
      write_object (track, group, ec_moq_object_get_id (object), payload);
    for (written = MAX (written, group); ahead && written < group + N_AHEAD; written++)
      for (guint64 id = 0; id < N_AHEAD; id++)
        write_object (track, written + 1, id, payload);
  }
  return 0;
}
