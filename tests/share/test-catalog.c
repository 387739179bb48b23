/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "ec-source-uri.h"
#include "session/ec-moq-server.h"
#include "session/ec-moq-track.h"

/* A source reads the catalog of somebody else's broadcast, and the updates behind it, for the track that it wants. */

#define NAME "home/5.1"
#define PATIENCE 20 /* s, for anything */
#define WITHOUT                                                                                    \
  "{\"version\":\"draft-01\",\"tracks\":[{\"name\":\"sound\",\"packaging\":\"loc\",\"isLive\":"    \
  "true}]}"
#define OTHER                                                                                      \
  "{\"deltaUpdate\":[{\"op\":\"add\",\"tracks\":[{\"name\":\"words\",\"packaging\":\"loc\","       \
  "\"isLive\":true}]}]}"
#define ADDS                                                                                       \
  "{\"deltaUpdate\":[{\"op\":\"add\",\"tracks\":[{\"name\":\"ts\",\"packaging\":\"m2ts\","         \
  "\"isLive\":true,\"m2tsProgramNumber\":3}]}]}"
#define BAD "{\"deltaUpdate\":[{\"op\":\"clone\",\"tracks\":[{\"name\":\"b\"}]}]}"

typedef struct {
  EcMoqServer *server;
  EcMoqSession *session;
  EcMoqTrack *catalog, *ts, *chunks;
  EcSource *source;
  gboolean opened;
} World;

static void
write_object (EcMoqTrack *track, guint64 group, guint64 object, const char *text)
{
  g_autoptr (GBytes) payload = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  ec_moq_track_write_object (track, group, object, 128, payload, FALSE, NULL, &error);
  g_assert_no_error (error);
}

static void
on_incoming (EcMoqServer *server, EcMoqSession *session, World *world)
{
  EcMoqTrack *tracks[] = { world->catalog, world->ts, world->chunks };

  g_assert_null (world->session);
  world->session = g_object_ref (session);
  for (guint i = 0; i < G_N_ELEMENTS (tracks); i++)
    g_assert_true (ec_moq_session_add_track (session, tracks[i], NULL));
}

static EcMoqTrack *
make_track (const char *name)
{
  g_autoptr (GError) error = NULL;
  EcMoqTrack *track = ec_moq_track_new (NAME, name, NULL, &error);

  g_assert_no_error (error);
  return track;
}

static void
world_start (World *world)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) addresses = NULL, hashes = NULL;
  g_autofree char *uri = NULL;

  world->server = ec_moq_server_new ("127.0.0.1:0");
  world->catalog = make_track ("catalog");
  world->ts = make_track ("ts");
  world->chunks = make_track ("chunks");
  g_signal_connect (world->server, "incoming", G_CALLBACK (on_incoming), world);
  ec_moq_server_start (world->server, &error);
  g_assert_no_error (error);
  addresses = ec_moq_server_dup_addresses (world->server);
  hashes = ec_moq_server_dup_certificate_hashes (world->server);
  uri = g_strdup_printf ("moqt://%s/%s?hash=%s", addresses[0], NAME, hashes[0]);
  world->source = ec_source_new_for_uri (uri, &error);
  g_assert_no_error (error);
}

static void
on_opened (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  ec_source_open_finish (EC_SOURCE (object), result, &error);
  g_assert_no_error (error);
  ((World *) user_data)->opened = TRUE;
}

static gboolean
keep_looking (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Which of the tracks is read; `late`, nullable: an object of the catalog for when it is. */
static EcMoqTrack *
world_open (World *world, const char *late)
{
  gint64 until = g_get_monotonic_time () + PATIENCE * G_USEC_PER_SEC;
  guint wake = g_timeout_add (20, keep_looking, NULL);

  ec_source_open_async (world->source, NULL, on_opened, world);
  while (!world->opened || ec_moq_track_get_n_subscribers (world->ts) +
                                   ec_moq_track_get_n_subscribers (world->chunks) ==
                               0) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_main_context_iteration (NULL, TRUE);
    if (late && ec_moq_track_get_n_subscribers (world->catalog) > 0)
      write_object (world->catalog, 7, 100, g_steal_pointer (&late));
  }
  g_source_remove (wake);
  return ec_moq_track_get_n_subscribers (world->ts) > 0 ? world->ts : world->chunks;
}

static void
world_stop (World *world)
{
  ec_source_close (world->source);
  g_clear_object (&world->source);
  g_clear_object (&world->session);
  ec_moq_server_stop (world->server);
  g_clear_object (&world->server);
  g_clear_object (&world->catalog);
  g_clear_object (&world->ts);
  g_clear_object (&world->chunks);
}

static void
test_delta (void)
{
  World world = { 0 };

  world_start (&world);
  write_object (world.catalog, 7, 0, WITHOUT);
  write_object (world.catalog, 7, 1, OTHER);
  write_object (world.catalog, 7, 2, BAD);
  write_object (world.catalog, 7, 3, ADDS);
  g_assert_true (world_open (&world, NULL) == world.ts);
  g_assert_cmpuint (ec_source_get_program_number (world.source), ==, 3);
  world_stop (&world);
}

/* It comes while it is waited for. */
static void
test_late (void)
{
  World world = { 0 };

  world_start (&world);
  write_object (world.catalog, 7, 0, WITHOUT);
  g_assert_true (world_open (&world, ADDS) == world.ts);
  g_assert_cmpuint (ec_source_get_program_number (world.source), ==, 3);
  world_stop (&world);
}

/* What does not come is not waited for for ever … */
static void
test_never (void)
{
  World world = { 0 };

  world_start (&world);
  write_object (world.catalog, 7, 0, WITHOUT);
  g_assert_true (world_open (&world, OTHER) == world.chunks);
  world_stop (&world);
}

/* … nor behind any number of updates. */
static void
test_many (void)
{
  World world = { 0 };

  world_start (&world);
  for (guint i = 0; i < 100; i++)
    write_object (world.catalog, 7, i, WITHOUT);
  write_object (world.catalog, 7, 100, ADDS);
  g_assert_true (world_open (&world, NULL) == world.chunks);
  world_stop (&world);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/catalog/delta", test_delta);
  g_test_add_func ("/share/catalog/late", test_late);
  g_test_add_func ("/share/catalog/never", test_never);
  g_test_add_func ("/share/catalog/many", test_many);
  return g_test_run ();
}
