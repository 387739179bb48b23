/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "quic/ec-quic-credentials-private.h"
#include "quic/ec-quic-frames.h"
#include "quic/ec-quic-scheduler.h"
#include "quic/ec-quic-timer.h"

/* -- Timers come in order, whatever was set, moved and taken away */

static void
test_timers (void)
{
  EcQuicTimers timers;
  EcQuicTimer many[200] = { 0 };
  guint64 last = 0;
  guint n = 0;
  EcQuicTimer *next;

  ec_quic_timers_init (&timers);
  g_assert_null (ec_quic_timers_peek (&timers));
  for (guint round = 0; round < 5; round++)
    for (guint i = 0; i < G_N_ELEMENTS (many); i++)
      ec_quic_timers_set (&timers, &many[i], (guint64) g_test_rand_int_range (0, 1000));
  for (guint i = 0; i < G_N_ELEMENTS (many); i += 3)
    ec_quic_timers_set (&timers, &many[i], G_MAXUINT64);
  while ((next = ec_quic_timers_peek (&timers))) {
    g_assert_cmpuint (next->at, >=, last);
    g_assert_cmpuint ((guint) (next - many) % 3, !=, 0);
    last = next->at;
    ec_quic_timers_set (&timers, next, G_MAXUINT64);
    g_assert_cmpuint (next->index, ==, 0);
    n++;
  }
  g_assert_cmpuint (n, ==, 133);
  ec_quic_timers_clear (&timers);
}

/* -- The scheduler */

static EcQuicStream *
stream_at (EcStreamId id, guint32 level, guint32 flow, guint64 order, guint64 suborder)
{
  EcQuicStream *stream = ec_quic_stream_new (id);

  stream->priority = (EcTransportPriority){ level, flow, order, suborder };
  stream->age = (guint64) id;
  return stream;
}

static void
test_scheduler (void)
{
  EcQuicScheduler scheduler = { 0 };
  EcQuicStream *streams[] = {
    stream_at (0, 7, 1, 0, 0),
    stream_at (1, 3, 1, 9, 0),
    stream_at (2, 3, 1, 4, 0),
    stream_at (3, 3, 2, 0, 0),
    stream_at (4, 3, 1, 4, 0),
    stream_at (5, G_MAXUINT32, 0, 0, 0),
    /* Of one order: by suborder, then by age; and order comes before both. */
    stream_at (6, 3, 1, 6, 8),
    stream_at (7, 3, 1, 6, G_MAXUINT64),
    stream_at (8, 3, 1, 6, 7),
    stream_at (9, 3, 1, 6, 7),
  };
  const EcStreamId expected[] = { 2, 4, 8, 9, 6, 7, 1, 3, 0, 5 };

  g_assert_null (ec_quic_scheduler_peek (&scheduler));
  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++)
    ec_quic_scheduler_add (&scheduler, streams[i]);

  /* Flows of a level take turns. */
  g_assert_true (ec_quic_scheduler_peek (&scheduler) == streams[2]);
  ec_quic_scheduler_account (&scheduler, streams[2], 1000);
  g_assert_true (ec_quic_scheduler_peek (&scheduler) == streams[2]);
  ec_quic_scheduler_account (&scheduler, streams[2], 100000);
  g_assert_true (ec_quic_scheduler_peek (&scheduler) == streams[3]);
  ec_quic_scheduler_account (&scheduler, streams[3], 100000);

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++) {
    EcQuicStream *next = ec_quic_scheduler_peek (&scheduler);

    g_assert_nonnull (next);
    g_assert_cmpint (next->id, ==, expected[i]);
    ec_quic_scheduler_remove (&scheduler, next);
  }
  g_assert_null (ec_quic_scheduler_peek (&scheduler));
  ec_quic_scheduler_clear (&scheduler);
  for (gsize i = 0; i < G_N_ELEMENTS (streams); i++)
    ec_quic_stream_free (streams[i]);
}

/* -- The queue of a stream */

static void
test_stream (void)
{
  EcQuicStream *stream = ec_quic_stream_new (0);
  EcBudget *budget = ec_budget_new (1000);
  EcPayload *payload = ec_payload_new (100, budget);
  ngtcp2_vec vectors[4];
  gboolean complete;
  guint8 bytes[100];

  memset (bytes, 'p', sizeof bytes);
  ec_payload_append (payload, bytes, 100);
  ec_quic_stream_write (stream, (const guint8 *) "head", 4, payload, 10, 50, FALSE);
  ec_quic_stream_write (stream, NULL, 0, payload, 60, 40, TRUE);
  ec_quic_stream_write (stream, (const guint8 *) "late", 4, NULL, 0, 0, FALSE); /* behind the end */
  ec_payload_unref (payload);
  g_assert_cmpuint (ec_quic_stream_get_unsent (stream), ==, 94);

  g_assert_cmpuint (ec_quic_stream_peek (stream, vectors, 4, 20, &complete), ==, 2);
  g_assert_false (complete);
  g_assert_cmpuint (vectors[0].len, ==, 4);
  g_assert_cmpuint (vectors[1].len, ==, 16);
  ec_quic_stream_advance (stream, 20);
  g_assert_cmpuint (ec_quic_stream_peek (stream, vectors, 4, 1000, &complete), ==, 2);
  g_assert_true (complete);
  g_assert_cmpuint (vectors[0].len, ==, 34);
  ec_quic_stream_acknowledge (stream, 20);
  ec_quic_stream_advance (stream, 40);
  ec_quic_stream_acknowledge (stream, 60);
  g_assert_cmpuint (ec_quic_stream_get_unsent (stream), ==, 34);

  /* What was sent in part may be sent again, so it is kept. */
  ec_quic_stream_shut (stream);
  g_assert_cmpuint (ec_quic_stream_get_unsent (stream), ==, 0);
  g_assert_cmpuint (ec_budget_get_used (budget), ==, 100);
  g_assert_false (ec_quic_stream_is_ready (stream));
  ec_quic_stream_free (stream);
  g_assert_cmpuint (ec_budget_get_used (budget), ==, 0);
  ec_budget_unref (budget);
}

/* -- Frames */

static const guint8 packet[] = {
  0x02, 0x40, 0x7f, 0x00, 0x01, 0x02, 0x03, 0x04,       /* ACK, one range more */
  0x05, 0x04, 0x40, 0x58,                               /* STOP_SENDING 4, 88 */
  0x0e, 0x08, 0x10, 0x03, 'a',  'b',  'c',              /* STREAM with offset and length */
  0x18, 0x01, 0x00, 0x02, 0xaa, 0xbb, 1,    1,    1,    /* NEW_CONNECTION_ID */
  1,    1,    1,    1,    1,    1,    1,    1,    1,    /* … its token */
  1,    1,    1,    1,    0x00, 0x00, 0x01, 0x31, 0x01, /* PADDING, PING, DATAGRAM */
  0xff, 0x05, 0x08, 0x07,                               /* STOP_SENDING 8, 7 */
};

static void
test_frames (void)
{
  g_autoptr (GArray) stops = g_array_new (FALSE, FALSE, sizeof (EcQuicStop));

  ec_quic_frames_find_stops (packet, sizeof packet, stops);
  g_assert_cmpuint (stops->len, ==, 2);
  g_assert_cmpint (g_array_index (stops, EcQuicStop, 0).stream, ==, 4);
  g_assert_cmpuint (g_array_index (stops, EcQuicStop, 0).code, ==, 88);
  g_assert_cmpint (g_array_index (stops, EcQuicStop, 1).stream, ==, 8);
  g_assert_cmpuint (g_array_index (stops, EcQuicStop, 1).code, ==, 7);

  for (gsize size = 0; size < sizeof packet; size++) {
    g_autofree guint8 *copy = g_memdup2 (packet, size);

    g_array_set_size (stops, 0);
    ec_quic_frames_find_stops (copy, size, stops);
    g_assert_cmpuint (stops->len, ==, size >= 12);
  }
}

/* -- Certificates of our own are renewed in time, and the next one is known before */

static gboolean
has (GPtrArray *hashes, GBytes *hash)
{
  for (guint i = 0; i < hashes->len; i++)
    if (g_bytes_equal (g_ptr_array_index (hashes, i), hash))
      return TRUE;
  return FALSE;
}

static GBytes *
current (EcQuicCredentials *credentials, gint64 now_s)
{
  EcQuicCredentialsState *state = ec_quic_credentials_get (credentials, now_s);
  g_autoptr (GPtrArray) hashes = ec_quic_credentials_get_hashes (credentials);

  g_assert_nonnull (state);
  g_assert_cmpuint (hashes->len, ==, 2);
  g_assert_false (g_bytes_equal (g_ptr_array_index (hashes, 0), g_ptr_array_index (hashes, 1)));
  ec_quic_credentials_state_unref (state);
  return g_bytes_ref (g_ptr_array_index (hashes, 0));
}

static void
test_renewal (void)
{
  static const char *const names[] = { "localhost", NULL };
  g_autoptr (EcQuicCredentials) credentials = ec_quic_credentials_new ();
  const gint64 day = 86400;
  gint64 start = 1700000000;
  g_autoptr (GPtrArray) known = NULL;
  g_autoptr (GBytes) last = NULL;
  guint changes = 0;

  g_assert_true (ec_quic_credentials_add_self_signed (credentials, names, start, NULL));
  known = ec_quic_credentials_get_hashes (credentials);
  last = current (credentials, start);
  for (gint64 now = start; now < start + 60 * day; now += 3600) {
    g_autoptr (GBytes) hash = current (credentials, now);

    if (!g_bytes_equal (hash, last)) {
      changes++;
      /* Who had asked before knows it. */
      g_assert_true (has (known, hash));
      g_clear_pointer (&last, g_bytes_unref);
      last = g_bytes_ref (hash);
    }
    g_clear_pointer (&known, g_ptr_array_unref);
    known = ec_quic_credentials_get_hashes (credentials);
  }
  g_assert_cmpuint (changes, >=, 4);
  g_assert_cmpuint (changes, <=, 6);

  /* After a long sleep none of the two is good. */
  g_clear_pointer (&last, g_bytes_unref);
  last = current (credentials, start + 400 * day);
  g_assert_false (has (known, last));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/quic/parts/timers", test_timers);
  g_test_add_func ("/quic/parts/scheduler", test_scheduler);
  g_test_add_func ("/quic/parts/stream", test_stream);
  g_test_add_func ("/quic/parts/frames", test_frames);
  g_test_add_func ("/quic/parts/renewal", test_renewal);
  return g_test_run ();
}
