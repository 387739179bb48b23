/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-feed.h"

#include <string.h>

/*
 * What one object costs for each of its readers: put, wake, pump, and the session's framing, down to an io that throws away what is
 * written. Told as a part of what one copy of the object's bytes costs in the same run.
 */

#define OBJECT_SIZE (16 * 1024)
#define N_OBJECTS 30 /* of a group */

typedef struct {
  gint64 id;
  GBytes *data;
  gboolean fin;
} Piece;

typedef struct _End End;
struct _End {
  EcTransport transport;
  EcMoqtSession *session;
  End *peer;
  gboolean server, null, woken;
  gint64 next_bidi, next_uni;
  GQueue pieces; /* to the peer */
  GArray *closed;
  EcMoqFeed *feed; /* server */
  EcMoqFeedReader *reader;
};

static gint64
io_open_stream (gpointer user_data, gboolean uni)
{
  End *self = user_data;
  gint64 *next = uni ? &self->next_uni : &self->next_bidi;

  *next += 4;
  return *next - 4;
}

static void
io_write (gpointer user_data,
          gint64 id,
          const guint8 *head,
          gsize head_size,
          EcPayload *payload,
          gsize offset,
          gsize size,
          gboolean fin)
{
  End *self = user_data;
  Piece *piece;

  if (self->null) {
    if (fin)
      g_array_append_val (self->closed, id);
    return;
  }
  g_assert_cmpuint (size, ==, 0);
  piece = g_new0 (Piece, 1);
  *piece = (Piece){ id, g_bytes_new (head, head_size), fin };
  g_queue_push_tail (&self->pieces, piece);
}

static void
io_set_priority (
    gpointer user_data, gint64 id, guint32 level, guint32 flow, guint64 order, guint64 suborder)
{
}

static void
io_code (gpointer user_data, gint64 id, guint64 code)
{
}

static void
io_consume (gpointer user_data, gint64 id, gsize size)
{
}

static gsize
io_get_unsent (gpointer user_data, gint64 id)
{
  return 0;
}

static gsize
io_get_max_datagram (gpointer user_data)
{
  return 1200;
}

static void
io_set_timer (gpointer user_data, guint64 at_us)
{
}

static void
io_close (gpointer user_data, guint64 code, const char *reason)
{
  if (!((End *) user_data)->null)
    g_error ("closed: %s", reason);
}

static const EcMoqtIo null_io = {
  .open_stream = io_open_stream,
  .set_priority = io_set_priority,
  .write = io_write,
  .reset = io_code,
  .stop = io_code,
  .consume = io_consume,
  .get_unsent = io_get_unsent,
  .get_max_datagram = io_get_max_datagram,
  .set_timer = io_set_timer,
  .close = io_close,
};

static void
on_ready (gpointer user_data)
{
}

static void
on_requested (gpointer user_data, EcMoqtRequest *request)
{
  End *self = user_data;

  self->reader = ec_moq_feed_read (self->feed, request, &self->transport);
}

static void
on_granted (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant)
{
}

static void
on_closed (gpointer user_data, gboolean remote, guint64 code, const char *reason)
{
}

static const EcMoqtEvents events = {
  .ready = on_ready,
  .requested = on_requested,
  .granted = on_granted,
  .closed = on_closed,
};

static void
transport_wake (EcTransport *transport)
{
  ((End *) transport)->woken = TRUE;
}

static void
transport_free (EcTransport *transport)
{
}

static const EcTransportClass transport_class = { .struct_size = sizeof (EcTransportClass),
                                                  .wake = transport_wake,
                                                  .free = transport_free };

static void
init_end (End *self, End *peer, gboolean server, EcMoqFeed *feed)
{
  EcMoqtConfig config = { .server = server, .path = "/", .authority = "bench" };

  ec_transport_init (&self->transport, &transport_class, server);
  self->peer = peer;
  self->server = server;
  self->feed = feed;
  self->next_bidi = server ? 1 : 0;
  self->next_uni = server ? 3 : 2;
  self->closed = g_array_new (FALSE, FALSE, sizeof (gint64));
  self->session =
      ec_moqt_session_new (ec_moqt_drafts ()[0], &config, &null_io, self, &events, self, 0);
}

static gboolean
deliver (End *self)
{
  Piece *piece = g_queue_pop_head (&self->pieces);

  if (!piece)
    return FALSE;
  ec_moqt_session_stream_data (self->peer->session, 0, piece->id,
                               g_bytes_get_data (piece->data, NULL), g_bytes_get_size (piece->data),
                               piece->fin);
  g_bytes_unref (piece->data);
  g_free (piece);
  return TRUE;
}

/* A session whose peer has subscribed, and is not heard of again. */
static End *
new_reader (EcMoqFeed *feed)
{
  End *server = g_new0 (End, 1), *client = g_new0 (End, 1);

  init_end (server, client, TRUE, feed);
  init_end (client, server, FALSE, NULL);
  ec_moqt_session_start (client->session, 0);
  ec_moqt_session_start (server->session, 0);
  g_assert_nonnull (ec_moqt_session_subscribe (client->session, ec_moq_feed_get_name (feed), NULL));
  while (deliver (client) || deliver (server))
    ;
  g_assert_nonnull (server->reader);
  server->null = client->null = TRUE;
  ec_moqt_session_free (client->session);
  g_array_unref (client->closed);
  g_free (client);
  return server;
}

static void
run_reader (End *self)
{
  if (!self->woken)
    return;
  self->woken = FALSE;
  ec_moq_feed_reader_pump (self->reader);
  for (guint i = 0; i < self->closed->len; i++)
    ec_moqt_session_stream_closed (self->session, 0, g_array_index (self->closed, gint64, i));
  g_array_set_size (self->closed, 0);
}

static double
time_copy (void)
{
  g_autofree guint8 *from = g_malloc0 (OBJECT_SIZE * 64), *to = g_malloc0 (OBJECT_SIZE * 64);
  gint64 start = g_get_monotonic_time ();
  guint n = 20000;

  for (guint i = 0; i < n; i++) {
    memcpy (to + i % 64 * OBJECT_SIZE, from + i % 64 * OBJECT_SIZE, OBJECT_SIZE);
    __asm__ volatile("" ::"r"(to) : "memory");
  }
  return (double) (g_get_monotonic_time () - start) / n;
}

static void
bench (guint n_readers, double copy_us)
{
  g_autoptr (EcMoqtName) name = ec_moqt_name_new_from_path ("ec/v1/bench", "chunks", NULL);
  g_autoptr (EcMoqFeed) feed = ec_moq_feed_new (name, NULL, NULL);
  EcMoqFeedWriter *writer = ec_moq_feed_add_writer (feed);
  g_autofree End **readers = g_new0 (End *, n_readers);
  g_autofree guint8 *data = g_malloc0 (OBJECT_SIZE);
  guint n_groups = 1 + 4000 / n_readers;
  EcMoqFeedStats stats;
  gint64 start;
  double us;

  for (guint i = 0; i < n_readers; i++)
    readers[i] = new_reader (feed);
  start = g_get_monotonic_time ();
  for (guint64 g = 0; g < n_groups; g++) {
    ec_moq_feed_writer_begin (writer, 0, g, 0, 128, FALSE, TRUE, TRUE);
    for (guint64 o = 0; o < N_OBJECTS; o++) {
      EcMoqtObject head = { .location = { g, o }, .priority = 128, .size = OBJECT_SIZE };

      ec_moq_feed_writer_object (writer, 0, &head);
      ec_moq_feed_writer_put (writer, 0, g, 0, data, OBJECT_SIZE);
      if (o + 1 == N_OBJECTS)
        ec_moq_feed_writer_finish (writer, 0, g, 0);
      ec_moq_feed_flush (feed);
      for (guint i = 0; i < n_readers; i++)
        run_reader (readers[i]);
    }
  }
  us = (double) (g_get_monotonic_time () - start) / (n_groups * N_OBJECTS) / n_readers;
  ec_moq_feed_get_stats (feed, &stats);
  g_assert_cmpuint (stats.bytes_out, ==, (guint64) n_groups * N_OBJECTS * OBJECT_SIZE * n_readers);
  g_print ("%3u readers: an object of 16 KiB costs each %.2f of a copy of it (%.2f us)\n",
           n_readers, us / copy_us, us);

  for (guint i = 0; i < n_readers; i++) {
    ec_moq_feed_reader_remove (readers[i]->reader);
    ec_moqt_session_free (readers[i]->session);
    g_array_unref (readers[i]->closed);
    g_free (readers[i]);
  }
  ec_moq_feed_writer_remove (writer, 0);
}

int
main (void)
{
  static const guint counts[] = { 1, 10, 100, 400 };
  double copy_us = time_copy ();

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    bench (counts[i], copy_us);
  return 0;
}
