/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile.h"

#include <string.h>

/* What is done with objects, by who sends them and by who does not take them. */

static void
ask (Raw *self, EcMoqtMessageKind kind, const char *space, const char *track)
{
  EcMoqtMessage message = { .kind = kind };

  message.name = ec_moqt_name_new_from_path (space, track, NULL);
  if (kind == EC_MOQT_FETCH) {
    message.fetch = EC_MOQT_FETCH_STANDALONE;
    message.end = (EcMoqtLocation){ 1 << 20, 0 };
  }
  raw_request (self, &message);
}

/* -- Subscribers that take nothing: windows of a few bytes, and never more */

static const EcQuicTuning no_window = { .connection_window = 600, .stream_window = 128 };

static void
subscribe_begin (Raw *self)
{
  for (guint i = 0; i < 20; i++)
    ask (self, EC_MOQT_SUBSCRIBE, HONEST_SPACE, HONEST_TRACK);
}

static void
never_read (Target *target)
{
  RawPlan plan = {
    .n_connections = 30, .again = TRUE, .deaf = TRUE, .begin = subscribe_begin, .tuning = no_window
  };

  raw_run (target, &plan);
}

static void
fetch_tick (Raw *self)
{
  for (guint i = 0; i < 10; i++)
    ask (self, EC_MOQT_FETCH, HONEST_SPACE, HONEST_TRACK);
  raw_drop_oldest (self, 100);
}

/* All that is in the cache, over and over, not read. */
static void
fetch_flood (Target *target)
{
  RawPlan plan = {
    .n_connections = 10, .again = TRUE, .deaf = TRUE, .tick = fetch_tick, .tuning = no_window
  };

  raw_run (target, &plan);
}

/* … and read. */
static void
fetch_storm (Target *target)
{
  RawPlan plan = { .n_connections = 10, .again = TRUE, .tick = fetch_tick };

  raw_run (target, &plan);
}

/* -- Streams */

static void
stream_tick (Raw *self)
{
  EcStreamId id;

  for (guint uni = 0; uni < 2; uni++)
    for (guint i = 0; i < 100 && (id = raw_open (self, uni)) != EC_STREAM_NONE; i++) {
      guint8 bytes[16];

      for (guint j = 0; j < sizeof bytes; j++)
        bytes[j] = (guint8) g_random_int ();
      bytes[0] = 0x16; /* a subgroup's head, or no request that is known; cut off */
      raw_write (self, id, bytes, 1 + self->ticks % 3, FALSE);
      g_array_append_val (self->streams, id);
      target_count (self->target, 1);
    }
  raw_drop_oldest (self, self->ticks % 16 ? 900 : 0);
}

static void
stream_flood (Target *target)
{
  RawPlan plan = { .n_connections = 10, .again = TRUE, .tick = stream_tick };

  raw_run (target, &plan);
}

static void
write_head (Raw *self, EcStreamId id, guint64 alias, guint64 group, guint64 size)
{
  EcMoqtStreamHead head = { .kind = EC_MOQT_STREAM_SUBGROUP,
                            .track_alias = alias,
                            .group = group,
                            .id_mode = EC_MOQT_SUBGROUP_ID_ZERO,
                            .has_priority = TRUE,
                            .priority = 1 };
  EcMoqtStreamContext context = { .head = head };
  EcMoqtItem item = { .kind = EC_MOQT_ITEM_OBJECT, .location = { group, 0 }, .size = size };
  g_autoptr (GByteArray) out = g_byte_array_new ();

  item.priority = 1;
  item.has_priority = TRUE;
  ec_moqt_draft_18.write_stream_head (out, &head);
  ec_moqt_draft_18.write_item (out, &context, &item);
  raw_write (self, id, out->data, out->len, FALSE);
}

/* Objects of tracks that nobody has heard of. */
static void
alias_tick (Raw *self)
{
  static const guint8 payload[16384];
  EcStreamId id;

  for (guint i = 0; i < 20 && (id = raw_open (self, TRUE)) != EC_STREAM_NONE; i++) {
    write_head (self, id, g_random_int (), 1, 1 << 20);
    raw_write (self, id, payload, sizeof payload, FALSE);
    g_array_append_val (self->streams, id);
    target_count (self->target, 1);
  }
  raw_drop_oldest (self, 500);
}

static void
unknown_aliases (Target *target)
{
  RawPlan plan = { .n_connections = 6, .again = TRUE, .tick = alias_tick };

  raw_run (target, &plan);
}

/* -- A publisher, with subscribers of its own kind: objects that say that they are as large as can be, and have one byte */

#define EVIL_SPACE "live/evil"
#define LARGEST (16 * 1024 * 1024)

static void
large_begin (Raw *self)
{
  g_autofree char *track = g_strdup_printf ("t%u", self->number / 2);

  if (self->number % 2)
    return;
  {
    EcMoqtMessage message = { .kind = EC_MOQT_PUBLISH };

    message.name = ec_moqt_name_new_from_path (EVIL_SPACE, track, NULL);
    message.track_alias = 7;
    message.params.has = EC_MOQT_PARAM_FORWARD;
    message.params.forward = TRUE;
    raw_request (self, &message);
  }
}

static void
large_tick (Raw *self)
{
  g_autofree char *track = g_strdup_printf ("t%u", self->number / 2);
  static const guint8 byte = 'x';
  EcStreamId id;

  if (self->number % 2) {
    if (self->streams->len == 0)
      ask (self, EC_MOQT_SUBSCRIBE, EVIL_SPACE, track);
    return;
  }
  for (guint i = 0; i < 4 && (id = raw_open (self, TRUE)) != EC_STREAM_NONE; i++) {
    write_head (self, id, 7, self->ticks * 4 + i, LARGEST);
    raw_write (self, id, &byte, 1, FALSE);
    target_count (self->target, 1);
  }
}

static void
largest_object (Target *target)
{
  RawPlan plan = {
    .n_connections = 12, .again = TRUE, .begin = large_begin, .tick = large_tick, .tick_ms = 20
  };

  raw_run (target, &plan);
}

/* Whole ones, as fast as they are taken: more than there is memory for. */
static void
bulk_tick (Raw *self)
{
  static const guint8 payload[65536];
  EcStreamId id;

  if (self->number % 2) {
    large_tick (self);
    return;
  }
  for (guint i = 0; i < 4 && (id = raw_open (self, TRUE)) != EC_STREAM_NONE; i++) {
    write_head (self, id, 7, self->ticks * 4 + i, sizeof payload);
    raw_write (self, id, payload, sizeof payload, TRUE);
    target_count (self->target, 1);
  }
}

static void
bulk (Target *target)
{
  RawPlan plan = {
    .n_connections = 8, .again = TRUE, .begin = large_begin, .tick = bulk_tick, .tick_ms = 10
  };

  raw_run (target, &plan);
}

/* -- Datagrams of nobody's */

static void
datagram_tick (Raw *self)
{
  for (guint i = 0; i < 16; i++) {
    guint8 bytes[1100];

    for (guint j = 0; j < 16; j++)
      bytes[j] = (guint8) g_random_int ();
    memset (bytes + 16, 0, sizeof bytes - 16);
    if (i % 8)
      bytes[0] = 0; /* OBJECT_DATAGRAM, alias, group … */
    ec_transport_send_datagram (self->transport, 0, bytes, 17 + i * 60, NULL);
    target_count (self->target, 1);
  }
}

static void
datagram_flood (Target *target)
{
  RawPlan plan = { .n_connections = 8, .again = TRUE, .tick = datagram_tick, .tick_ms = 1 };

  raw_run (target, &plan);
}

const Attack object_attacks[] = {
  { "never-read", never_read },
  { "fetch-flood", fetch_flood },
  { "fetch-storm", fetch_storm },
  { "stream-flood", stream_flood },
  { "unknown-aliases", unknown_aliases },
  { "largest-object", largest_object },
  { "bulk", bulk },
  { "datagram-flood", datagram_flood },
  { NULL, NULL },
};
