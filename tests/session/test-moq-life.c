/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ec-error.h"
#include "moq-pair.h"
#include "../quic/udp-proxy.h"

/* What may happen to sessions and what is made of them at the wrong moment: cancelled, disposed of, closed, asked too late. */

/* An address where nobody answers, for as long as the socket is kept. */
static GSocket *
make_silence (char **uri)
{
  g_autoptr (GSocket) socket =
      g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;

  g_assert_true (g_socket_bind (socket, any, FALSE, NULL));
  bound = g_socket_get_local_address (socket, NULL);
  *uri = g_strdup_printf ("moqt://127.0.0.1:%u",
                          g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  return g_steal_pointer (&socket);
}

static void
test_cancel_connecting (void)
{
  g_autofree char *uri = NULL;
  g_autoptr (GSocket) silence = make_silence (&uri);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) first = NULL, second = NULL;
  g_autoptr (GError) error = NULL;

  ec_moq_session_new_for_uri_async (uri, NULL, cancellable, keep_result, &first);
  g_main_context_iteration (NULL, FALSE);
  g_assert_null (first);
  g_cancellable_cancel (cancellable);
  WAIT_UNTIL (first);
  g_assert_null (ec_moq_session_new_for_uri_finish (first, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* One that is cancelled before it begins. */
  ec_moq_session_new_for_uri_async (uri, NULL, cancellable, keep_result, &second);
  WAIT_UNTIL (second);
  g_assert_null (ec_moq_session_new_for_uri_finish (second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (ec_moq_session_new_for_uri (uri, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static gpointer
cancel_soon (gpointer data)
{
  g_usleep (20000);
  g_cancellable_cancel (data);
  return NULL;
}

/* A thread that waits is woken by another. */
static void
test_cancel_blocking (void)
{
  g_autofree char *uri = NULL;
  g_autoptr (GSocket) silence = make_silence (&uri);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);

  g_assert_null (ec_moq_session_new_for_uri (uri, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

static void
test_no_answer (void)
{
  g_autofree char *uri = NULL;
  g_autoptr (GSocket) silence = make_silence (&uri);
  g_autoptr (EcMoqConnectOptions) options =
      g_object_new (EC_TYPE_MOQ_CONNECT_OPTIONS, "timeout", 300, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (ec_moq_session_new_for_uri (uri, options, NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_cmpuint (error->domain, ==, EC_MOQ_ERROR);
  g_assert_true (error->code == EC_MOQ_ERROR_TIMEOUT || error->code == EC_MOQ_ERROR_UNREACHABLE);
}

/* Every request, while the peer has not answered: its application has not seen the session yet. */
static void
test_cancel_requests (gconstpointer data)
{
  GMainContext *ours = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) subscribed = NULL, fetched = NULL, connected = NULL;
  g_autoptr (EcMoqConnectOptions) options = NULL;
  g_autoptr (EcMoqSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *uri = NULL;
  Pair pair = { .early = make_track ("a", "t") };

  pair_start (&pair, data);
  options = pair_make_options (&pair, data);
  uri = pair_make_uri (&pair, data);
  g_main_context_push_thread_default (ours);
  session = ec_moq_session_new_for_uri (uri, options, NULL, &error);
  g_assert_no_error (error);
  ec_moq_session_subscribe_async (session, "a", "t", EC_MOQ_START_CURRENT_GROUP, cancellable,
                                  keep_result, &subscribed);
  ec_moq_session_fetch_async (session, "a", "t", 0, 1, cancellable, keep_result, &fetched);
  g_main_context_iteration (ours, FALSE);
  g_assert_true (!subscribed && !fetched);
  g_cancellable_cancel (cancellable);
  while (!subscribed || !fetched)
    g_main_context_iteration (ours, TRUE);
  g_assert_null (ec_moq_session_subscribe_finish (session, subscribed, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (ec_moq_session_fetch_finish (session, fetched, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (ec_moq_session_announce (session, "x", cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (ec_moq_session_get_state (session), ==, EC_MOQ_SESSION_STATE_OPEN);
  g_main_context_pop_thread_default (ours);
  g_clear_object (&pair.theirs);
  g_clear_object (&session);
  pair_stop (&pair);
  g_main_context_unref (ours);
}

/* What is there when a read is cancelled is not lost: it is read by that or by the next one. */
static void
test_cancel_reading (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (GCancellable) before = g_cancellable_new (), behind = g_cancellable_new ();
  g_autoptr (GAsyncResult) none = NULL, read = NULL;
  g_autoptr (EcMoqSubscription) subscription = NULL;
  g_autoptr (EcMoqObject) object = NULL;
  g_autoptr (GError) error = NULL;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  write_object (pair.early, 1, 0, 100, FALSE);
  write_object (pair.early, 1, 1, 100, FALSE);
  WAIT_UNTIL (ec_moq_subscription_get_queued (subscription) > 200);
  ec_moq_subscription_read_object_async (subscription, before, keep_result, &none);
  g_cancellable_cancel (before);
  WAIT_UNTIL (none);
  g_assert_null (ec_moq_subscription_read_object_finish (subscription, none, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  ec_moq_subscription_read_object_async (subscription, behind, keep_result, &read);
  WAIT_UNTIL (read);
  g_cancellable_cancel (behind);
  object = ec_moq_subscription_read_object_finish (subscription, read, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ec_moq_object_get_id (object), ==, 0);
  g_assert_null (ec_moq_subscription_read_object (subscription, behind, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  expect_object (subscription, 1, 1, 100);
  pair_stop (&pair);
}

/* The session goes first: what was made of it says so, and lets go of itself. */
static void
test_outlive (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqTrack) other = make_track ("a", "u");
  g_autoptr (EcMoqSubscription) subscription = NULL, idle = NULL;
  g_autoptr (EcMoqAnnouncements) list = NULL;
  g_autoptr (GAsyncResult) read = NULL;
  g_autoptr (EcMoqObject) lost = NULL;
  g_autoptr (GError) error = NULL;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  g_assert_true (ec_moq_session_add_track (pair.theirs, other, NULL));
  idle = subscribe (pair.ours, "a", "u", EC_MOQ_START_NEXT_GROUP);
  write_object (other, 1, 0, 100, FALSE);
  list = ec_moq_session_list_announcements (pair.ours, "a", NULL);
  write_object (pair.early, 1, 0, 100, FALSE);
  expect_object (subscription, 1, 0, 100);
  WAIT_UNTIL (ec_moq_subscription_get_queued (idle) > 0);
  ec_moq_subscription_read_object_async (subscription, NULL, keep_result, &read);
  g_clear_object (&pair.ours);
  WAIT_UNTIL (read);
  lost = ec_moq_subscription_read_object_finish (subscription, read, &error);
  g_assert_no_error (error);
  g_assert_cmpint (ec_moq_object_get_kind (lost), ==, EC_MOQ_OBJECT_KIND_GROUP_LOST);
  g_assert_null (ec_moq_subscription_read_object (subscription, NULL, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CLOSED);
  g_clear_error (&error);
  /* What had come can still be read. */
  expect_object (idle, 1, 0, 100);
  ec_moq_subscription_set_priority (idle, 3);
  ec_moq_subscription_set_forward (idle, FALSE);
  ec_moq_subscription_close (idle);
  WAIT_UNTIL ((error = ec_moq_announcements_dup_error (list)));
  pair_stop (&pair);
}

/* Whoever holds the last reference lets go of it in a handler. */
static void
drop_ours (Pair *pair)
{
  g_clear_object (&pair->ours);
}

static void
test_drop_in_handler (gconstpointer data)
{
  for (guint i = 0; i < 2; i++) {
    Pair pair = { 0 };

    pair_start (&pair, data);
    g_signal_connect_swapped (pair.ours, i == 0 ? "closed" : "going-away", G_CALLBACK (drop_ours),
                              &pair);
    if (i == 0)
      ec_moq_session_close (pair.theirs);
    else
      ec_moq_session_go_away (pair.theirs, NULL, 0);
    WAIT_UNTIL (!pair.ours);
    pair_stop (&pair);
  }
}

/* All that can be asked of a session that is over is refused, with why it is. */
static void
test_too_late (gconstpointer data)
{
  Pair pair = { 0 };
  g_autoptr (EcMoqTrack) track = make_track ("b", "t");
  g_autoptr (EcMoqAnnouncements) list = NULL;
  g_autoptr (GError) error = NULL;

  pair_start (&pair, data);
  ec_moq_session_close_with (pair.theirs, 0x1, "out of order");
  WAIT_UNTIL (ec_moq_session_get_state (pair.ours) == EC_MOQ_SESSION_STATE_CLOSED);
  g_assert_null (
      ec_moq_session_subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP, NULL, &error));
  g_assert_nonnull (strstr (error->message, "out of order"));
  g_clear_error (&error);
  g_assert_null (ec_moq_session_fetch (pair.ours, "a", "t", 0, 0, NULL, &error));
  g_assert_nonnull (strstr (error->message, "out of order"));
  g_clear_error (&error);
  g_assert_false (ec_moq_session_announce (pair.ours, "a", NULL, &error));
  g_assert_nonnull (strstr (error->message, "out of order"));
  g_clear_error (&error);
  list = ec_moq_session_list_announcements (pair.ours, "a", NULL);
  WAIT_UNTIL ((error = ec_moq_announcements_dup_error (list)));
  g_assert_nonnull (strstr (error->message, "out of order"));
  g_assert_true (ec_moq_session_take_tracks (pair.ours, "a", NULL));
  g_assert_true (ec_moq_session_add_track (pair.ours, track, NULL));
  ec_moq_session_remove_track (pair.ours, track);
  ec_moq_session_unannounce (pair.ours, "a");
  ec_moq_session_go_away (pair.ours, NULL, 0);
  ec_moq_session_close (pair.ours);
  pair_stop (&pair);
}

/* A track that goes while it is read has ended. */
static void
test_track_goes (gconstpointer data)
{
  Pair pair = { .early = make_track ("a", "t") };
  g_autoptr (EcMoqSubscription) subscription = NULL;
  g_autoptr (GBytes) payload = make_payload (0, 0, 1);
  g_autoptr (GError) error = NULL;
  EcMoqTrack *track = pair.early;

  pair_start (&pair, data);
  subscription = subscribe (pair.ours, "a", "t", EC_MOQ_START_NEXT_GROUP);
  write_object (track, 1, 0, 100, TRUE);
  g_clear_object (&pair.early);
  expect_object (subscription, 1, 0, 100);
  expect_kind (subscription, EC_MOQ_OBJECT_KIND_GROUP_ENDED, 1);
  g_assert_null (read_object (subscription));
  g_assert_null (read_object (subscription));

  track = make_track ("a", "u");
  ec_moq_track_end (track);
  g_assert_false (ec_moq_track_write_object (track, 0, 0, 0, payload, FALSE, NULL, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CLOSED);
  g_object_unref (track);
  pair_stop (&pair);
}

/* A server that goes while clients come and while its sessions are in use. */
static void
test_server_goes (gconstpointer data)
{
  for (guint i = 0; i < 4; i++) {
    Pair pair = { .early = make_track ("a", "t") };
    g_autoptr (GAsyncResult) connected = NULL;
    g_autoptr (EcMoqConnectOptions) options = NULL;
    g_autoptr (EcMoqSession) session = NULL;
    g_autoptr (GError) error = NULL;
    g_autofree char *uri = NULL;

    pair_start (&pair, data);
    options = pair_make_options (&pair, data);
    uri = pair_make_uri (&pair, data);
    g_object_set (options, "timeout", 2000, NULL);
    ec_moq_session_new_for_uri_async (uri, options, NULL, keep_result, &connected);
    for (guint n = 0; n < i; n++)
      g_usleep (1000);
    g_signal_handlers_disconnect_by_data (pair.server, &pair);
    g_clear_object (&pair.server);
    WAIT_UNTIL (connected);
    session = ec_moq_session_new_for_uri_finish (connected, &error);
    g_assert_true ((session != NULL) != (error != NULL));
    WAIT_UNTIL (ec_moq_session_get_state (pair.ours) == EC_MOQ_SESSION_STATE_CLOSED);
    pair.server = ec_moq_server_new (NULL);
    pair_stop (&pair);
  }
}

/* A server that was stopped can be started again; what is done to it meanwhile does nothing. */
static void
test_server_again (void)
{
  g_autoptr (EcMoqServer) server = ec_moq_server_new ("127.0.0.1:0");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++) {
    g_auto (GStrv) running = NULL, stopped = NULL, hashes = NULL;

    g_assert_true (ec_moq_server_start (server, &error));
    g_assert_no_error (error);
    running = ec_moq_server_dup_addresses (server);
    hashes = ec_moq_server_dup_certificate_hashes (server);
    g_assert_cmpuint (g_strv_length (running), ==, 1);
    g_assert_cmpuint (g_strv_length (hashes), >=, 1);
    ec_moq_server_stop (server);
    ec_moq_server_stop (server);
    stopped = ec_moq_server_dup_addresses (server);
    g_assert_cmpuint (g_strv_length (stopped), ==, 0);
  }
  g_object_set (server, "listen", NULL, "certificate-file", "/nonexistent", NULL);
  g_assert_false (ec_moq_server_start (server, &error));
  g_assert_cmpuint (error->domain, ==, EC_MOQ_ERROR);
}

/* Of those who come nothing but a track is wanted. */
static void
offer_track (EcMoqServer *server, EcMoqSession *session, EcMoqTrack *track)
{
  g_assert_true (ec_moq_session_add_track (session, track, NULL));
  g_object_set_data_full (G_OBJECT (server), "session", g_object_ref (session), g_object_unref);
}

/* A server that is cut off without a word: that is what is said, and not that it closed anything. */
static void
test_silence (gconstpointer data)
{
  Pair pair = { .server = ec_moq_server_new ("127.0.0.1:0") };
  const Way *way = data;
  g_autoptr (EcMoqTrack) track = make_track ("a", "t");
  g_autofree char *silent_uri = NULL, *peer = NULL, *uri = NULL;
  g_autoptr (GSocket) silence = make_silence (&silent_uri);
  g_autoptr (GSocketAddress) nowhere = g_socket_get_local_address (silence, NULL);
  g_autoptr (GInetSocketAddress) front = NULL, server = NULL;
  g_autoptr (EcMoqConnectOptions) options = NULL;
  g_autoptr (EcMoqSubscription) subscription = NULL;
  g_autoptr (EcMoqSession) session = NULL;
  g_autoptr (GError) error = NULL, why = NULL;
  g_auto (GStrv) addresses = NULL;
  UdpProxy *proxy;

  g_signal_connect (pair.server, "incoming", G_CALLBACK (offer_track), track);
  g_assert_true (ec_moq_server_start (pair.server, NULL));
  addresses = ec_moq_server_dup_addresses (pair.server);
  server = G_INET_SOCKET_ADDRESS (g_inet_socket_address_new_from_string (
      "127.0.0.1", (guint) g_ascii_strtoull (strchr (addresses[0], ':') + 1, NULL, 10)));
  proxy = udp_proxy_new (server, &(UdpProxyConfig){ 0 });
  front = udp_proxy_get_address (proxy);
  peer = g_strdup_printf ("127.0.0.1:%u", g_inet_socket_address_get_port (front));
  uri = g_strdup_printf ("%s://%s/", way->scheme, peer);
  options = pair_make_options (&pair, way);
  g_object_set (options, "idle-timeout", 1000, NULL);
  session = ec_moq_session_new_for_uri (uri, options, NULL, &error);
  g_assert_no_error (error);
  WAIT_UNTIL (g_object_get_data (G_OBJECT (pair.server), "session"));
  write_object (track, 1, 0, 100, FALSE);
  subscription = subscribe (session, "a", "t", EC_MOQ_START_CURRENT_GROUP);
  udp_proxy_redirect (proxy, G_INET_SOCKET_ADDRESS (nowhere));

  for (EcMoqObject *object;
       (object = ec_moq_subscription_read_object (subscription, NULL, &error));)
    g_object_unref (object);
  g_test_message ("%s", error->message);
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_TIMEOUT);
  g_assert_true (g_str_has_prefix (error->message, peer));
  WAIT_UNTIL (ec_moq_session_get_state (session) == EC_MOQ_SESSION_STATE_CLOSED);
  why = ec_moq_session_dup_error (session);
  g_assert_cmpstr (why->message, ==, error->message);
  g_object_set_data (G_OBJECT (pair.server), "session", NULL);
  pair_stop (&pair);
  udp_proxy_free (proxy);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/cancel-connecting", test_cancel_connecting);
  g_test_add_func ("/session/cancel-blocking", test_cancel_blocking);
  g_test_add_func ("/session/no-answer", test_no_answer);
  g_test_add_func ("/session/server-again", test_server_again);
  add_all_ways ("cancel-requests", test_cancel_requests);
  add_all_ways ("cancel-reading", test_cancel_reading);
  add_all_ways ("outlive", test_outlive);
  add_all_ways ("drop-in-handler", test_drop_in_handler);
  add_all_ways ("too-late", test_too_late);
  add_all_ways ("track-goes", test_track_goes);
  add_all_ways ("server-goes", test_server_goes);
  add_all_ways ("silence", test_silence);
  return g_test_run ();
}
