/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * leaver NEW-URI N: a server that reads what its first client publishes, and after N objects sends it elsewhere (GOAWAY), but goes on reading
 * what still comes until there are 2 N, and the client has left. Prints a line for each object, and for what happens.
 */

#include <ec.h>

#include <stdlib.h>

typedef struct {
  const char *uri;
  guint n, after;
  EcMoqSession *session;
  EcMoqAnnouncements *announced;
  EcMoqSubscription *subscription;
  GMainLoop *loop;
} Leaver;

static void read_next (Leaver *self);

static void
on_object (GObject *source, GAsyncResult *result, gpointer data)
{
  Leaver *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqObject) object =
      ec_moq_subscription_read_object_finish (self->subscription, result, &error);

  if (!object) {
    g_print ("{\"over\": true}\n");
    return;
  }
  if (ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_OBJECT) {
    g_print ("{\"group\": %" G_GUINT64_FORMAT ", \"object\": %" G_GUINT64_FORMAT "}\n",
             ec_moq_object_get_group (object), ec_moq_object_get_id (object));
    if (++self->n == self->after) {
      ec_moq_session_go_away (self->session, self->uri, 30000);
      g_print ("{\"goaway\": true}\n");
    }
  }
  if (self->n < 2 * self->after) {
    read_next (self);
    return;
  }
  /* Nobody reads here any more: nothing holds the client. */
  ec_moq_subscription_close (self->subscription);
  g_print ("{\"enough\": true}\n");
}

static void
read_next (Leaver *self)
{
  ec_moq_subscription_read_object_async (self->subscription, NULL, on_object, self);
}

static void
on_subscribed (GObject *source, GAsyncResult *result, gpointer data)
{
  Leaver *self = data;
  g_autoptr (GError) error = NULL;

  self->subscription = ec_moq_session_subscribe_finish (self->session, result, &error);
  if (!self->subscription)
    g_error ("%s", error->message);
  read_next (self);
}

static void
on_announced (GListModel *list, guint at, guint removed, guint added, Leaver *self)
{
  g_autoptr (EcMoqAnnouncement) first = g_list_model_get_item (list, 0);

  if (!first || self->after == 0 || self->subscription || added == 0 || at > 0)
    return;
  ec_moq_session_subscribe_async (self->session, ec_moq_announcement_get_namespace (first),
                                  "chunks", EC_MOQ_START_CURRENT_GROUP, NULL, on_subscribed, self);
}

static void
on_closed (EcMoqSession *session, Leaver *self)
{
  g_autoptr (GError) error = ec_moq_session_dup_error (session);

  g_print ("{\"closed\": \"%s\"}\n", error ? error->message : "");
  g_main_loop_quit (self->loop);
}

static void
on_incoming (EcMoqServer *server, EcMoqSession *session, Leaver *self)
{
  if (self->session)
    return;
  self->session = g_object_ref (session);
  g_signal_connect (session, "closed", G_CALLBACK (on_closed), self);
  self->announced = ec_moq_session_list_announcements (session, NULL, NULL);
  g_signal_connect (self->announced, "items-changed", G_CALLBACK (on_announced), self);
  on_announced (G_LIST_MODEL (self->announced), 0, 0,
                g_list_model_get_n_items (G_LIST_MODEL (self->announced)), self);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqServer) server = ec_moq_server_new ("127.0.0.1:0");
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_auto (GStrv) addresses = NULL, hashes = NULL;
  Leaver self = { .loop = loop };

  g_assert (argc == 3);
  self.uri = argv[1];
  self.after = (guint) atoi (argv[2]);
  g_signal_connect (server, "incoming", G_CALLBACK (on_incoming), &self);
  if (!ec_moq_server_start (server, &error))
    g_error ("%s", error->message);
  addresses = ec_moq_server_dup_addresses (server);
  hashes = ec_moq_server_dup_certificate_hashes (server);
  g_print ("{\"address\": \"%s\", \"hash\": \"%s\"}\n", addresses[0], hashes[0]);
  g_main_loop_run (loop);
  ec_moq_server_stop (server);
  g_clear_object (&self.subscription);
  g_clear_object (&self.announced);
  g_clear_object (&self.session);
  return 0;
}
