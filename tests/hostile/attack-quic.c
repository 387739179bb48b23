/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

/* What is done to QUIC: handshakes, packets, frames. RFC 9000 §21. */

#define N_PORTS 256

static void
random_bytes (guint8 *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) g_random_int ();
}

/* Packets that are none, of all shapes, from many ports. */
static void
garbage (Target *target)
{
  int ports[N_PORTS];
  guint8 packet[1400];

  for (guint i = 0; i < N_PORTS; i++)
    ports[i] = target_open_port (target);
  while (!target_is_over (target)) {
    static const guint32 versions[] = { 0, 1, 1, 1, 0x6b3343cf, 0x1a2a3a4a, 0xff00001d };
    guint32 version = g_htonl (versions[g_random_int_range (0, G_N_ELEMENTS (versions))]);
    gsize size = g_random_boolean () ? 1200 : (gsize) g_random_int_range (1, sizeof packet);

    random_bytes (packet, sizeof packet);
    if (g_random_int_range (0, 4) > 0) {
      packet[0] |= 0xc0; /* long */
      if (g_random_boolean ())
        packet[0] &= 0xcf; /* Initial */
      memcpy (packet + 1, &version, 4);
      packet[5] = (guint8) g_random_int_range (0, 22);
      packet[6 + packet[5]] = (guint8) g_random_int_range (0, 22);
      if (g_random_boolean ()) { /* and no token, and a length that fits */
        guint8 *at = packet + 7 + packet[5] + packet[6 + packet[5]];
        gsize left = size > (gsize) (at + 3 - packet) ? size - (gsize) (at + 3 - packet) : 0;

        at[0] = 0;
        at[1] = (guint8) (0x40 | left >> 8);
        at[2] = (guint8) left;
      }
    }
    if (send (ports[g_random_int_range (0, N_PORTS)], packet, size, 0) > 0)
      target_count (target, 1);
  }
  for (guint i = 0; i < N_PORTS; i++)
    close (ports[i]);
}

/* -- Handshakes that begin and never end: what a client says first, from many ports, and nobody hears the answers */

typedef struct {
  Target *target;
  int front;
  int stop; /* atomic */
} OneWay;

static gpointer
pass_one_way (gpointer data)
{
  OneWay *self = data;
  int ports[N_PORTS];
  guint8 packet[2048];

  for (guint i = 0; i < N_PORTS; i++)
    ports[i] = target_open_port (self->target);
  while (!g_atomic_int_get (&self->stop)) {
    struct pollfd fd = { self->front, POLLIN, 0 };
    ssize_t n;

    poll (&fd, 1, 20);
    while ((n = recv (self->front, packet, sizeof packet, MSG_DONTWAIT)) > 0)
      if (send (ports[g_random_int_range (0, N_PORTS)], packet, (gsize) n, 0) > 0)
        target_count (self->target, 1);
  }
  for (guint i = 0; i < N_PORTS; i++)
    close (ports[i]);
  return NULL;
}

static void
half_open (Target *target)
{
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  OneWay way = { .target = target, .front = target_open_port (NULL) };
  g_autoptr (GSocketAddress) front = NULL;
  RawPlan plan = { .n_connections = 400, .again = TRUE, .tuning.handshake_timeout_ms = 200 };
  GThread *thread;

  getsockname (way.front, (struct sockaddr *) &address, &size);
  front = g_socket_address_new_from_native (&address, size);
  plan.through = G_INET_SOCKET_ADDRESS (front);
  thread = g_thread_new ("one-way", pass_one_way, &way);
  raw_run (target, &plan);
  g_atomic_int_set (&way.stop, 1);
  g_thread_join (thread);
  close (way.front);
}

/* -- Whole handshakes, and gone */

static void
leave_at_once (Raw *self)
{
  target_count (self->target, 1);
  ec_transport_close (self->transport, self->serial, "bye");
}

static void
connection_churn (Target *target)
{
  RawPlan plan = { .n_connections = 40, .again = TRUE, .begin = leave_at_once };

  raw_run (target, &plan);
}

/* More sessions than there is room for, which stay and do nothing. */
static void
arrive (Raw *self)
{
  target_count (self->target, 1);
}

static void
sessions (Target *target)
{
  RawPlan plan = { .n_connections = 600, .again = TRUE, .begin = arrive };

  raw_run (target, &plan);
}

/* -- Frames that are within all limits */

#define MAX_FORGES 24

static void
with_forges (Target *target, guint n, void (*each) (Forge *forge, guint number, guint64 round))
{
  Forge *forges[MAX_FORGES] = { NULL };

  for (guint64 round = 0; !target_is_over (target); round++)
    for (guint i = 0; i < n && !target_is_over (target); i++) {
      if (!forges[i])
        forges[i] = forge_new (target, "moqt-18");
      if (!forges[i])
        continue;
      each (forges[i], i, round);
      forge_drain (forges[i]);
    }
  for (guint i = 0; i < n; i++)
    g_clear_pointer (&forges[i], forge_free);
}

#define WINDOW (4 * 1024 * 1024)  /* of a stream */
#define FIRST_WINDOW (128 * 1024) /* of a connection that has done nothing yet */
#define N_STREAMS 1024

/* One byte, as far from the beginning as it may be: who gives out a window must not take memory for it. */
static void
one_far_byte (Forge *forge, guint number, guint64 round)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  guint8 byte = 'x';

  /* One in the window, one that is not. */
  forge_stream_frame (frames, 2, (number % 2 ? WINDOW : FIRST_WINDOW) - 1, &byte, 1, TRUE);
  forge_send (forge, frames->data, frames->len);
  g_usleep (1000);
}

static void
largest_offset (Target *target)
{
  with_forges (target, 4, one_far_byte);
}

/* Every second byte of the window: a receiver that keeps a list of holes has a long one. */
static void
every_other_byte (Forge *forge, guint number, guint64 round)
{
  guint64 offset = 1 + round * 400;

  for (guint i = 0; i < 4; i++) {
    g_autoptr (GByteArray) frames = g_byte_array_new ();
    guint8 byte = 'x';

    for (; frames->len < FORGE_MAX_FRAMES - 16; offset += 2)
      forge_stream_frame (frames, 2, offset % FIRST_WINDOW, &byte, 1, FALSE);
    forge_send (forge, frames->data, frames->len);
  }
}

static void
gaps (Target *target)
{
  with_forges (target, 4, every_other_byte);
}

/* The same, a page apart, on as many streams: each byte keeps a block. */
static void
a_byte_a_page (Forge *forge, guint number, guint64 round)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  guint8 byte = 'x';

  for (guint64 i = 0; i < 64; i++) {
    guint64 at = (round * 64 + i) * (number % 2 ? 128 : 1024) % FIRST_WINDOW;

    /* The window counts to the last byte of each stream. */
    if (number % 2)
      forge_stream_frame (frames, 2 + 4 * ((round * 64 + i) % N_STREAMS), 64, &byte, 1, FALSE);
    else
      forge_stream_frame (frames, 2, at + 1, &byte, 1, FALSE);
  }
  forge_send (forge, frames->data, frames->len);
  g_usleep (500);
}

static void
pages (Target *target)
{
  with_forges (target, MAX_FORGES, a_byte_a_page);
}

/* All of the window but the first byte: none of it can be passed on, so all of it is kept. Of many connections. */
static void
all_but_the_first (Forge *forge, guint number, guint64 round)
{
  static const guint8 data[1024];

  for (guint i = 0; i < 16; i++) {
    g_autoptr (GByteArray) frame = g_byte_array_new ();
    guint64 window = number % 2 ? WINDOW : FIRST_WINDOW;
    guint64 at = (round * 16 + i) * sizeof data % window;

    forge_stream_frame (frame, 2, MIN (at + 1, window - sizeof data), data, sizeof data, FALSE);
    forge_send (forge, frame->data, frame->len);
  }
}

static void
holes (Target *target)
{
  with_forges (target, MAX_FORGES, all_but_the_first);
}

/* Frames that ask for an answer, or that are kept; RFC 9000 §19. */
static void
odd_frames (Forge *forge, guint number, guint64 round)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();
  static guint64 sequence = 1;

  while (frames->len < FORGE_MAX_FRAMES - 64) {
    static const guint8 types[] = { 0x01, 0x1a, 0x18, 0x14, 0x15, 0x16, 0x12, 0x06, 0x04, 0x05 };
    guint8 type = types[round % G_N_ELEMENTS (types)], bytes[32];

    random_bytes (bytes, sizeof bytes);
    g_byte_array_append (frames, &type, 1);
    switch (type) {
    case 0x1a: /* PATH_CHALLENGE */
      g_byte_array_append (frames, bytes, 8);
      break;
    case 0x18: /* NEW_CONNECTION_ID, each retires those before */
      forge_varint (frames, sequence);
      forge_varint (frames, sequence);
      bytes[0] = 8;
      g_byte_array_append (frames, bytes, 1 + 8 + 16);
      sequence++;
      break;
    case 0x06: /* CRYPTO, far away */
      forge_varint (frames, 30000 + g_random_int_range (0, 30000));
      forge_varint (frames, 8);
      g_byte_array_append (frames, bytes, 8);
      break;
    case 0x04: /* RESET_STREAM of one that was never there */
      forge_varint (frames, 4 * (guint64) g_random_int_range (0, 256));
      forge_varint (frames, 0);
      forge_varint (frames, 0);
      break;
    case 0x05: /* STOP_SENDING */
      forge_varint (frames, 4 * (guint64) g_random_int_range (0, 256));
      forge_varint (frames, 0);
      break;
    case 0x14: /* DATA_BLOCKED */
    case 0x16: /* STREAMS_BLOCKED */
    case 0x12: /* MAX_STREAMS */
      forge_varint (frames, 1 << 20);
      break;
    case 0x15: /* STREAM_DATA_BLOCKED */
      forge_varint (frames, 2 + 4 * (guint64) g_random_int_range (0, N_STREAMS));
      forge_varint (frames, WINDOW);
      break;
    default:
      break;
    }
  }
  forge_send (forge, frames->data, frames->len);
}

/* A connection that broke a rule is over: the next comes. */
static void
frames (Target *target)
{
  while (!target_is_over (target)) {
    Forge *forge = forge_new (target, "moqt-18");
    guint64 kind = (guint64) g_random_int_range (0, 10);

    if (!forge)
      continue;
    for (guint i = 0; i < 200 && !target_is_over (target); i++) {
      odd_frames (forge, 0, kind);
      forge_drain (forge);
    }
    forge_free (forge);
  }
}

const Attack quic_attacks[] = {
  { "garbage", garbage },
  { "half-open", half_open },
  { "connection-churn", connection_churn },
  { "sessions", sessions },
  { "largest-offset", largest_offset },
  { "gaps", gaps },
  { "pages", pages },
  { "holes", holes },
  { "frames", frames },
  { NULL, NULL },
};
