/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile.h"

#include <string.h>

#include "webtransport/ec-wt.h"

/* What is done to HTTP/3 and WebTransport. */

static EcTransport *
wrap (Raw *raw, EcTransport *transport)
{
  static const char *const protocols[] = { "moqt-18", NULL };

  return ec_wt_client_new (transport, "localhost:443", raw->serial % 2 ? "/" : "/nowhere",
                           protocols, NULL);
}

static void
leave_at_once (Raw *self)
{
  target_count (self->target, 1);
  ec_transport_close (self->transport, 0, "bye");
}

static void
session_churn (Target *target)
{
  RawPlan plan = {
    .alpn = EC_WT_ALPN, .n_connections = 30, .again = TRUE, .wrap = wrap, .begin = leave_at_once
  };

  raw_run (target, &plan);
}

/* -- Requests, written by hand: RFC 9114 §7.2, RFC 9204 §4.5.6 */

static void
add_text (GByteArray *out, guint8 first, guint prefix_max, const char *text)
{
  gsize size = strlen (text);
  guint8 byte = (guint8) (first | MIN (size, prefix_max));

  g_byte_array_append (out, &byte, 1);
  if (size >= prefix_max) {
    g_assert (size - prefix_max < 128);
    byte = (guint8) (size - prefix_max);
    g_byte_array_append (out, &byte, 1);
  }
  g_byte_array_append (out, (const guint8 *) text, (guint) size);
}

static void
add_field (GByteArray *out, const char *name, const char *value)
{
  add_text (out, 0x20, 7, name);
  add_text (out, 0, 127, value);
}

static void
settings_begin (Raw *self)
{
  static const guint8 control[] = { 0x00, 0x04, 0x09, 0x08, 0x01, 0x33,
                                    0x01, 0xab, 0x60, 0x37, 0x42, 0x01 };

  self->control = raw_open (self, TRUE);
  raw_write (self, self->control, control, sizeof control, FALSE);
}

/* Connections that say no more by themselves than the settings, and come back when they are closed. */
static void
run_by_hand (Target *target, guint n_connections, void (*tick) (Raw *raw))
{
  RawPlan plan = {
    .alpn = EC_WT_ALPN,
    .n_connections = n_connections,
    .again = TRUE,
    .no_setup = TRUE,
    .begin = settings_begin,
    .tick = tick,
  };

  raw_run (target, &plan);
}

static void
request_tick (Raw *self)
{
  EcStreamId id;

  for (guint i = 0; i < 20 && (id = raw_open (self, FALSE)) != EC_STREAM_NONE; i++) {
    g_autoptr (GByteArray) block = g_byte_array_new ();
    g_autoptr (GByteArray) frame = g_byte_array_new ();
    static const guint8 prefix[2];
    guint8 type = 0x01;

    g_byte_array_append (block, prefix, sizeof prefix);
    add_field (block, ":method", i % 4 == 3 ? "GET" : "CONNECT");
    add_field (block, ":scheme", "https");
    add_field (block, ":authority", "localhost");
    add_field (block, ":path", "/");
    if (i % 4 != 3)
      add_field (block, ":protocol", "webtransport");
    for (guint j = 0; j < i; j++)
      add_field (block, "x-junk", "0123456789012345678901234567890123456789");
    g_byte_array_append (frame, &type, 1);
    forge_varint (frame, block->len);
    g_byte_array_append (frame, block->data, block->len);
    /* Some are never finished. */
    raw_write (self, id, frame->data, i % 5 ? frame->len : frame->len / 2, FALSE);
    g_array_append_val (self->streams, id);
    target_count (self->target, 1);
  }
  raw_drop_oldest (self, self->ticks % 8 ? 200 : 0);
}

static void
connect_flood (Target *target)
{
  run_by_hand (target, 10, request_tick);
}

/* Streams of sessions that are not there (draft-ietf-webtrans-http3 §4.6: they may be kept, in bounds), and capsules without end. */
static void
early_tick (Raw *self)
{
  EcStreamId id;

  for (guint i = 0; i < 20 && (id = raw_open (self, TRUE)) != EC_STREAM_NONE; i++) {
    guint8 bytes[4096] = { 0x40, 0x54, 0x40, (guint8) (4 * (i % 16)) };

    raw_write (self, id, bytes, sizeof bytes, FALSE);
    g_array_append_val (self->streams, id);
    target_count (self->target, 1);
  }
  raw_drop_oldest (self, 600);
}

static void
early_streams (Target *target)
{
  run_by_hand (target, 10, early_tick);
}

/* Many connections, each of which sends as much as its windows take, and none of it can be passed on. */
static void
windows (Target *target)
{
  run_by_hand (target, 100, early_tick);
}

const Attack web_attacks[] = {
  { "wt-churn", session_churn },
  { "wt-connect-flood", connect_flood },
  { "wt-early-streams", early_streams },
  { "windows", windows },
  { NULL, NULL },
};
