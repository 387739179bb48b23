/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A WebTransport server, and a peer that sends what it likes. Byte 0: bit 0 begins with good SETTINGS and a session,
 * bit 1 takes random pieces, bits 2 to 7 are the network's seed. Then commands: a byte whose low three bits are the
 * stream (of eight; opened when first named, odd ones unidirectional), bits 3 and 4 what happens to it (data, data
 * with a prefix that belongs to the session, FIN, reset), bits 5 to 7 of it or of a byte that follows how much.
 * Whatever comes, the server must not fall, and everything must end with the connection.
 */
#include <string.h>

#include "fuzz.h"
#include "transport/ec-memory-transport.h"
#include "webtransport/ec-wt.h"

#define N_STREAMS 8

/* SETTINGS, and CONNECT for a session, as a good client sends them. */
static const guint8 good_settings[] = {
  0x00, 0x04, 0x07, 0x33, 0x01, 0xab, 0x60, 0x37, 0x42, 0x01
};
static const guint8 good_connect[] = { 0x01, 0x1b, 0x00, 0x00, 0xcf, 0xd7, 0x50, 0x01, 0x61, 0xc1,
                                       0x2f, 0x00, 0xb9, 0x5d, 0x87, 0x49, 0xc8, 0x7a, 0x3f, 0x89,
                                       0xf0, 0x58, 0xd3, 0x60, 0xea, 0x45, 0x67, 0xb1, 0x3f };

typedef struct {
  EcStreamId id;
  gboolean opened, ended;
} Stream;

typedef struct {
  EcTransport *transport; /* the session, or the peer's end */
  gsize received[2];
  gboolean answers;
  Stream *streams; /* the peer's */
} End;

typedef struct {
  GPtrArray *sessions; /* of End */
  gboolean server_gone;
} World;

static void
on_nothing (gpointer user_data)
{
}

static void
on_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  End *self = user_data;

  g_assert_nonnull (self->transport);
  self->received[0] += size;
  for (gsize i = 0; i < size; i++)
    self->received[1] += data[i]; /* reads them all */
  ec_transport_consume (self->transport, id, size);
  if (self->answers && !EC_STREAM_IS_UNI (id) && size > 0)
    ec_transport_write (self->transport, id, data, 1, NULL, 0, 0, FALSE);
}

static void
on_code (gpointer user_data, EcStreamId id, guint64 code)
{
  g_assert_nonnull (((End *) user_data)->transport);
}

static void
on_stream (gpointer user_data, EcStreamId id)
{
  g_assert_nonnull (((End *) user_data)->transport);
}

/* The peer must not name it again; the server's own care is what is tested. */
static void
on_stream_closed (gpointer user_data, EcStreamId id)
{
  End *self = user_data;

  g_assert_nonnull (self->transport);
  for (guint i = 0; self->streams && i < N_STREAMS; i++)
    self->streams[i].ended |= self->streams[i].id == id;
}

static void
on_available (gpointer user_data, gboolean uni)
{
}

static void
on_datagram (gpointer user_data, const guint8 *data, gsize size)
{
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  End *self = user_data;

  g_assert_true (g_utf8_validate (close->reason, -1, NULL));
  g_clear_pointer (&self->transport, ec_transport_unref);
}

static const EcTransportEvents events = {
  .established = on_nothing,
  .stream_data = on_data,
  .stream_reset = on_code,
  .stream_stopped = on_code,
  .stream_sent = on_stream,
  .stream_closed = on_stream_closed,
  .streams_available = on_available,
  .datagram = on_datagram,
  .timer = on_nothing,
  .woken = on_nothing,
  .closed = on_closed,
};

static void
on_request (gpointer user_data, const EcWtRequest *request, EcWtAnswer *answer)
{
  g_assert_true (request->authority && request->path && request->path[0]);
  answer->status = request->path[1] == '!' ? 403 : 200;
  answer->protocol = request->protocols[0];
}

static void
on_session (gpointer user_data, EcTransport *session)
{
  World *self = user_data;
  End *end = g_new0 (End, 1);
  EcStreamId id;

  end->transport = session;
  end->answers = TRUE;
  g_ptr_array_add (self->sessions, end);
  ec_transport_set_events (session, &events, end);
  id = ec_transport_open_stream (session, TRUE);
  if (id != EC_STREAM_NONE)
    ec_transport_write (session, id, (const guint8 *) "hello", 5, NULL, 0, 0, TRUE);
}

static void
on_gone (gpointer user_data, const EcTransportClose *close)
{
  ((World *) user_data)->server_gone = TRUE;
}

static const EcWtServerEvents server_events = {
  .request = on_request,
  .session = on_session,
  .closed = on_gone,
};

static void
send_bytes (End *peer, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  if (id != EC_STREAM_NONE && peer->transport)
    ec_transport_write (peer->transport, id, data, size, NULL, 0, 0, fin);
}

static void
run_command (End *peer, Stream *streams, EcReader *reader)
{
  guint command = ec_reader_u8 (reader);
  guint what = command >> 3 & 3;
  gsize size = command >> 5;
  Stream *stream = &streams[command % N_STREAMS];
  const guint8 *data;

  size = size == 7 ? ec_reader_u8 (reader) : size;
  size = MIN (size, ec_reader_left (reader));
  data = ec_reader_bytes (reader, size);
  if (!stream->opened)
    stream->id = ec_transport_open_stream (peer->transport, command & 1);
  stream->opened = TRUE;
  if (stream->id == EC_STREAM_NONE || stream->ended)
    return;
  if (what == 1)
    send_bytes (peer, stream->id, (const guint8 *) (command & 1 ? "\x40\x54\0" : "\x40\x41\0"), 3,
                FALSE);
  stream->ended = what >= 2;
  if (what == 3)
    ec_transport_reset (peer->transport, stream->id, size);
  else
    send_bytes (peer, stream->id, data, size, what == 2);
  if (command == 0xff)
    ec_transport_send_datagram (peer->transport, 0, data, size, NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  World world = { .sessions = g_ptr_array_new_with_free_func (g_free) };
  Stream streams[N_STREAMS] = { 0 };
  EcMemoryLink link = { .latency_us = 1000 };
  EcMemoryNetwork *network;
  EcTransport *client, *server;
  End peer = { .streams = streams };
  EcReader reader;
  guint mode;

  ec_reader_init (&reader, data, size);
  mode = ec_reader_u8 (&reader);
  link.max_piece = mode & 2 ? 9 : 0;
  network = ec_memory_network_new (mode >> 2);
  ec_memory_network_pair (network, &link, &client, &server);
  peer.transport = client;
  ec_transport_set_events (client, &events, &peer);
  (void) ec_wt_server_new (server, &server_events, &world);
  ec_memory_network_run (network, 3000);
  if (mode & 1) {
    send_bytes (&peer, ec_transport_open_stream (client, TRUE), good_settings, sizeof good_settings,
                FALSE);
    streams[0].opened = TRUE;
    streams[0].id = ec_transport_open_stream (client, FALSE);
    send_bytes (&peer, streams[0].id, good_connect, sizeof good_connect, FALSE);
    ec_memory_network_run (network, 10000);
    g_assert_cmpuint (world.sessions->len, ==, 1);
  }
  while (ec_reader_left (&reader) > 0 && peer.transport) {
    run_command (&peer, streams, &reader);
    ec_memory_network_run (network, ec_memory_network_get_now (network) + 100);
  }
  /* Without a word of the peer it goes on no longer than a session does. */
  ec_memory_network_run (network, ec_memory_network_get_now (network) + 60 * G_USEC_PER_SEC);
  if (peer.transport)
    ec_transport_close (peer.transport, 0, "");
  while (ec_memory_network_step (network))
    ;
  g_assert_true (world.server_gone);
  for (guint i = 0; i < world.sessions->len; i++)
    g_assert_null (((End *) world.sessions->pdata[i])->transport);
  g_ptr_array_unref (world.sessions);
  ec_memory_network_free (network);
  return 0;
}
