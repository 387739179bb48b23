/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "../session/moq-ways.h"
#include "base/ec-error.h"
#include "relay/ec-relay-certificates.h"
#include "relay/ec-relay.h"
#include "seal/ec-identity.h"
#include "session/ec-moq-session.h"

/* EcRelay as an application has it, over real sockets: publishers and subscribers of all kinds of transport and draft. */

#define SPACE "live/one"
#define TRACK "chunks"
#define GROUP_OBJECTS 5

static EcRelay *
start_relay (const char *rule)
{
  static const char *const listen[] = { "127.0.0.1:0", NULL };
  const char *rules[] = { rule, NULL };
  EcRelay *relay = g_object_new (EC_TYPE_RELAY, "listen", listen, "allow-publish", rules, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  ec_relay_start_async (relay, NULL, keep_result, &result);
  WAIT_UNTIL (result);
  ec_relay_start_finish (relay, result, &error);
  g_assert_no_error (error);
  g_assert_true (ec_relay_get_running (relay));
  return relay;
}

static void
stop_relay (EcRelay *relay, guint timeout_ms)
{
  g_autoptr (GAsyncResult) result = NULL;

  ec_relay_stop_async (relay, timeout_ms, NULL, keep_result, &result);
  WAIT_UNTIL (result);
  g_assert_true (ec_relay_stop_finish (relay, result, NULL));
  g_assert_false (ec_relay_get_running (relay));
  g_object_unref (relay);
}

static EcMoqSession *
dial_as (EcRelay *relay, const Way *way, const char *token, EcIdentity *identity)
{
  g_autoptr (GBytes) bytes = token ? g_bytes_new (token, strlen (token)) : NULL;
  g_auto (GStrv) hashes = ec_relay_dup_certificate_hashes (relay);
  g_auto (GStrv) addresses = ec_relay_dup_addresses (relay);
  const char *protocols[] = { way->draft, NULL };
  g_autofree char *uri = g_strdup_printf ("%s://%s/", way->scheme, addresses[0]);
  g_autoptr (EcMoqConnectOptions) options =
      g_object_new (EC_TYPE_MOQ_CONNECT_OPTIONS, "certificate-hashes", hashes, "protocols",
                    protocols, "token", bytes, "identity", identity, NULL);
  g_autoptr (GError) error = NULL;
  EcMoqSession *session = ec_moq_session_new_for_uri (uri, options, NULL, &error);

  g_assert_no_error (error);
  return session;
}

static EcMoqSession *
dial (EcRelay *relay, const Way *way)
{
  return dial_as (relay, way, NULL, NULL);
}

static gsize
size_of (guint64 group, guint64 object)
{
  return object == 0 ? 200000 : 100 + (group * 31 + object * 7) % 20000;
}

static void
write_object (EcMoqTrack *track, guint64 group, guint64 object)
{
  gsize size = size_of (group, object);
  guint8 *data = g_malloc (size);
  g_autoptr (GBytes) payload = NULL;
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (group * 31 + object * 7 + i);
  payload = g_bytes_new_take (data, size);
  ec_moq_track_write_object (track, group, object, 100, payload, object == GROUP_OBJECTS - 1, NULL,
                             &error);
  g_assert_no_error (error);
}

static void
expect_object (EcMoqSubscription *subscription, guint64 group, guint64 id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqObject) object = NULL;
  const guint8 *data;
  gsize size;

  do {
    g_clear_object (&object);
    object = ec_moq_subscription_read_object (subscription, NULL, &error);
    g_assert_no_error (error);
    g_assert_nonnull (object);
    g_assert_cmpint (ec_moq_object_get_kind (object), !=, EC_MOQ_OBJECT_KIND_GROUP_LOST);
  } while (ec_moq_object_get_kind (object) != EC_MOQ_OBJECT_KIND_OBJECT);

  g_assert_cmpuint (ec_moq_object_get_group (object), ==, group);
  g_assert_cmpuint (ec_moq_object_get_id (object), ==, id);
  data = g_bytes_get_data (ec_moq_object_get_payload (object), &size);
  g_assert_cmpuint (size, ==, size_of (group, id));
  for (gsize i = 0; i < size; i++)
    g_assert_cmpuint (data[i], ==, (guint8) (group * 31 + id * 7 + i));
}

static EcMoqTrack *
publish (EcMoqSession *session)
{
  g_autoptr (GError) error = NULL;
  EcMoqTrack *track = ec_moq_track_new (SPACE, TRACK, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (ec_moq_session_add_track (session, track, &error));
  g_assert_true (ec_moq_session_announce (session, SPACE, NULL, &error));
  g_assert_no_error (error);
  return track;
}

/* A publisher of one kind, subscribers of all; every object is the same everywhere. */
static void
test_through (gconstpointer data)
{
  EcRelay *relay = start_relay ("live=any");
  g_autoptr (EcMoqSession) publisher = dial (relay, data);
  g_autoptr (EcMoqTrack) track = publish (publisher);
  EcMoqSession *sessions[G_N_ELEMENTS (ways)];
  EcMoqSubscription *subs[G_N_ELEMENTS (ways)];
  g_autoptr (EcRelayStats) stats = NULL;
  g_autoptr (GError) error = NULL;

  write_object (track, 7, 0);
  write_object (track, 7, 1);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    sessions[i] = dial (relay, &ways[i]);
    subs[i] = ec_moq_session_subscribe (sessions[i], SPACE, TRACK, EC_MOQ_START_CURRENT_GROUP, NULL,
                                        &error);
    g_assert_no_error (error);
  }
  for (guint64 object = 2; object < GROUP_OBJECTS; object++)
    write_object (track, 7, object);
  for (guint64 group = 8; group < 12; group++) {
    for (guint64 object = 0; object < GROUP_OBJECTS; object++) {
      write_object (track, group, object);
      for (guint i = 0; group == 8 && object == 0 && i < G_N_ELEMENTS (ways); i++) {
        for (guint64 early = 0; early < GROUP_OBJECTS; early++)
          expect_object (subs[i], 7, early);
      }
      for (guint i = 0; i < G_N_ELEMENTS (ways); i++)
        expect_object (subs[i], group, object);
    }
  }
  stats = ec_relay_get_stats (relay);
  g_assert_cmpuint (stats->sessions, ==, 5);
  g_assert_cmpuint (stats->subscriptions, ==, 4);
  g_assert_cmpuint (stats->upstreams, ==, 1);
  g_assert_cmpuint (ec_moq_track_get_n_subscribers (track), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_clear_object (&subs[i]);
    g_clear_object (&sessions[i]);
  }
  ec_moq_session_close (publisher);
  stop_relay (relay, 2000);
}

/* A second anonymous publisher of a name is refused unless a rule lets it. */
static void
test_claimed (void)
{
  EcRelay *relay = start_relay (NULL);
  g_autoptr (EcMoqSession) first = dial (relay, &ways[0]);
  g_autoptr (EcMoqSession) second = dial (relay, &ways[2]);
  g_autoptr (GError) error = NULL;

  g_assert_true (ec_moq_session_announce (first, SPACE, NULL, &error));
  g_assert_false (ec_moq_session_announce (second, SPACE, NULL, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED);
  ec_moq_session_close (first);
  ec_moq_session_close (second);
  stop_relay (relay, 2000);
}

/* A name that is another's is free to who shows the relay's token, on every transport. */
static void
test_token (gconstpointer data)
{
  static const char *const listen[] = { "127.0.0.1:0", NULL };
  static const char *const secrets[] = { NULL, "open sesamf", "open sesame" };
  EcRelay *relay = g_object_new (EC_TYPE_RELAY, "listen", listen, "token", "open sesame", NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (EcMoqSession) first = NULL;

  ec_relay_start_async (relay, NULL, keep_result, &result);
  WAIT_UNTIL (result);
  g_assert_true (ec_relay_start_finish (relay, result, NULL));
  first = dial (relay, data);
  g_assert_true (ec_moq_session_announce (first, SPACE, NULL, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++) {
    g_autoptr (EcMoqSession) session = dial_as (relay, data, secrets[i], NULL);
    g_autoptr (GError) error = NULL;

    g_assert_cmpint (ec_moq_session_announce (session, SPACE, NULL, &error), ==, i == 2);
    if (i < 2)
      g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED);
    ec_moq_session_close (session);
  }
  ec_moq_session_close (first);
  stop_relay (relay, 2000);
}

/* The raw public key of the handshake (RFC 7250) is who publishes. */
static void
test_identity (gconstpointer data)
{
  static const guint8 seeds[2][32] = { { 1 }, { 2 } };
  g_autoptr (EcIdentity) owner = ec_identity_new_from_seed (seeds[0], 32, NULL);
  g_autoptr (EcIdentity) other = ec_identity_new_from_seed (seeds[1], 32, NULL);
  g_autofree char *rule = g_strdup_printf ("live=%s", ec_identity_get_node_id (owner));
  EcIdentity *who[] = { NULL, other, owner };
  EcRelay *relay = start_relay (rule);

  for (guint i = 0; i < G_N_ELEMENTS (who); i++) {
    g_autoptr (EcMoqSession) session = dial_as (relay, data, NULL, who[i]);
    g_autoptr (GError) error = NULL;

    g_assert_cmpint (ec_moq_session_announce (session, SPACE, NULL, &error), ==, who[i] == owner);
    if (who[i] != owner)
      g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED);
    ec_moq_session_close (session);
  }
  stop_relay (relay, 2000);
}

/* What is still connected is told to go, and then closed. */
static void
test_stop (void)
{
  EcRelay *relay = start_relay ("live=any");
  g_autoptr (EcMoqSession) stays = dial (relay, &ways[0]);
  g_autoptr (EcMoqSession) other = dial (relay, &ways[3]);
  g_autoptr (GAsyncResult) result = NULL;

  ec_relay_stop_async (relay, 500, NULL, keep_result, &result);
  WAIT_UNTIL (ec_moq_session_get_state (stays) >= EC_MOQ_SESSION_STATE_GOING_AWAY);
  WAIT_UNTIL (ec_moq_session_get_state (other) >= EC_MOQ_SESSION_STATE_GOING_AWAY);
  WAIT_UNTIL (result);
  g_assert_true (ec_relay_stop_finish (relay, result, NULL));
  WAIT_UNTIL (ec_moq_session_get_state (stays) == EC_MOQ_SESSION_STATE_CLOSED);
  WAIT_UNTIL (ec_moq_session_get_state (other) == EC_MOQ_SESSION_STATE_CLOSED);
  g_object_unref (relay);
}

static void
on_hashes (EcRelay *relay, GParamSpec *pspec, GPtrArray *told)
{
  g_ptr_array_add (told, ec_relay_dup_certificate_hashes (relay));
}

/* Though nobody dials: new hashes are told in time, and each of them is next before it is current. */
static void
test_renewal (void)
{
  EcRelay *relay = start_relay ("live=any");
  g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  const gint64 day = 86400, start = g_get_real_time () / G_USEC_PER_SEC;
  guint n = 1;

  on_hashes (relay, NULL, told);
  g_signal_connect (relay, "notify::certificate-hashes", G_CALLBACK (on_hashes), told);
  for (gint64 now = start; now < start + 40 * day; now += day / 4) {
    ec_relay_renew_certificates (relay, now);
    while (g_main_context_iteration (NULL, FALSE))
      ;
    if (told->len == n)
      continue;
    g_assert_cmpuint (told->len, ==, n + 1);
    g_assert_cmpuint (g_strv_length (told->pdata[n]), ==, 2);
    g_assert_cmpstr (((char **) told->pdata[n])[0], ==, ((char **) told->pdata[n - 1])[1]);
    g_assert_cmpstr (((char **) told->pdata[n])[1], !=, ((char **) told->pdata[n - 1])[1]);
    n++;
  }
  g_assert_cmpuint (n, >=, 4);
  g_assert_cmpuint (n, <=, 5);
  g_signal_handlers_disconnect_by_data (relay, told);
  stop_relay (relay, 0);
}

static void
test_errors (void)
{
  static const char *const nowhere[] = { "127.0.0.1:0:0", NULL };
  g_autoptr (EcRelay) relay = ec_relay_new (nowhere);
  g_autoptr (GAsyncResult) result = NULL, again = NULL;
  g_autoptr (GError) error = NULL;

  ec_relay_start_async (relay, NULL, keep_result, &result);
  WAIT_UNTIL (result);
  g_assert_false (ec_relay_start_finish (relay, result, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI);
  g_clear_error (&error);
  ec_relay_start_async (relay, NULL, keep_result, &again);
  WAIT_UNTIL (again);
  g_assert_false (ec_relay_start_finish (relay, again, &error));
  g_assert_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_DUPLICATE);
}

/* Whenever it is cancelled: what is told is what is so. */
static void
test_cancel_start (void)
{
  static const char *const listen[] = { "127.0.0.1:0", NULL };
  guint n_started = 0;

  for (guint i = 0; i < 20; i++) {
    g_autoptr (EcRelay) relay = ec_relay_new (listen);
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    g_autoptr (GAsyncResult) result = NULL;
    g_autoptr (GError) error = NULL;
    gboolean started;

    if (i == 0)
      g_cancellable_cancel (cancellable);
    ec_relay_start_async (relay, cancellable, keep_result, &result);
    for (guint n = 0; n < i * 200; n++)
      g_thread_yield ();
    g_cancellable_cancel (cancellable);
    WAIT_UNTIL (result);
    started = ec_relay_start_finish (relay, result, &error);
    g_assert_true (started == ec_relay_get_running (relay));
    if (!started)
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_assert_false (i == 0 && started);
    n_started += started;
  }
  g_test_message ("%u of 20 had started", n_started);
}

/*
 * Sessions that come, subscribe, publish names, hear of the others' and go, in several threads, while the relay serves one that stays.
 * What it is worth shows under the sanitizers (tests/tsan/glib.c).
 */
typedef struct {
  EcRelay *relay;
  guint seed;
} Churner;

static gpointer
churn_thread (gpointer data)
{
  Churner *self = data;

  for (guint i = 0; i < 8; i++) {
    g_autoptr (EcMoqSession) session =
        dial (self->relay, &ways[(self->seed + i) % G_N_ELEMENTS (ways)]);
    g_autoptr (EcMoqSubscription) sub =
        ec_moq_session_subscribe (session, SPACE, TRACK, EC_MOQ_START_CURRENT_GROUP, NULL, NULL);
    g_autoptr (EcMoqAnnouncements) found =
        ec_moq_session_list_announcements (session, "live", NULL);
    g_autoptr (EcMoqObject) object = NULL;

    g_assert_nonnull (sub);
    for (guint k = 0; k < 10; k++) {
      g_autofree char *name = g_strdup_printf ("live/%u-%u-%u", self->seed, i, k);

      g_assert_true (ec_moq_session_announce (session, name, NULL, NULL));
      if (k % 2 == 0)
        ec_moq_session_unannounce (session, name);
    }
    if (i % 2 == 0) {
      object = ec_moq_subscription_read_object (sub, NULL, NULL);
      g_assert_nonnull (object);
    }
    ec_moq_session_close (session);
  }
  return NULL;
}

static void
test_threads (void)
{
  EcRelay *relay = start_relay ("live=any");
  g_autoptr (EcMoqSession) publisher = dial (relay, &ways[0]);
  g_autoptr (EcMoqSession) viewer = dial (relay, &ways[1]);
  g_autoptr (EcMoqTrack) track = publish (publisher);
  g_autoptr (EcMoqSubscription) sub = NULL;
  g_autoptr (GError) error = NULL;
  GThread *threads[4];
  Churner churners[4];

  write_object (track, 1, 0);
  sub = ec_moq_session_subscribe (viewer, SPACE, TRACK, EC_MOQ_START_CURRENT_GROUP, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 4; i++) {
    churners[i] = (Churner){ relay, i };
    threads[i] = g_thread_new ("churn", churn_thread, &churners[i]);
  }
  expect_object (sub, 1, 0);
  for (guint64 object = 1; object < GROUP_OBJECTS; object++) {
    write_object (track, 1, object);
    expect_object (sub, 1, object);
  }
  for (guint64 group = 2; group < 40; group++) {
    for (guint64 object = 0; object < GROUP_OBJECTS; object++) {
      write_object (track, group, object);
      expect_object (sub, group, object);
    }
  }
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  ec_moq_session_close (publisher);
  ec_moq_session_close (viewer);
  stop_relay (relay, 2000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_ways ("/relay/sockets/through", test_through);
  add_ways ("/relay/sockets/token", test_token);
  add_ways ("/relay/sockets/identity", test_identity);
  g_test_add_func ("/relay/sockets/renewal", test_renewal);
  g_test_add_func ("/relay/sockets/claimed", test_claimed);
  g_test_add_func ("/relay/sockets/stop", test_stop);
  g_test_add_func ("/relay/sockets/errors", test_errors);
  g_test_add_func ("/relay/sockets/cancel-start", test_cancel_start);
  g_test_add_func ("/relay/sockets/threads", test_threads);
  return g_test_run ();
}
