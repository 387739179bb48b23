/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recorder.h"

#include <string.h>

static void
recorded_stream_free (gpointer data)
{
  RecordedStream *stream = data;

  g_byte_array_unref (stream->data);
  g_free (stream);
}

static RecordedStream *
get (Recorder *self, EcStreamId id)
{
  RecordedStream *stream = g_hash_table_lookup (self->streams, &id);

  if (!stream) {
    stream = g_new0 (RecordedStream, 1);
    stream->id = id;
    stream->data = g_byte_array_new ();
    g_hash_table_insert (self->streams, &stream->id, stream);
  }
  return stream;
}

/* Every event begins here: none after the last one, none from inside a call. */
static void
heard (Recorder *self, const char *what, gint64 number)
{
  g_assert_false (self->closed);
  g_assert_cmpuint (self->inside, ==, 0);
  g_string_append_printf (self->log, "%" G_GUINT64_FORMAT " %s %" G_GINT64_FORMAT "\n",
                          ec_transport_now (self->transport), what, number);
}

static void
on_established (gpointer user_data)
{
  Recorder *self = user_data;

  heard (self, "established", 0);
  g_assert_false (self->established);
  self->established = TRUE;
}

static void
on_stream_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  Recorder *self = user_data;
  RecordedStream *stream = get (self, id);

  heard (self, "data", id);
  g_string_append_printf (self->log, " %" G_GSIZE_FORMAT "\n", size);
  g_assert_true (self->established);
  g_assert_false (stream->fin || stream->reset || stream->closed);
  g_assert_true (size > 0 || fin);
  g_byte_array_append (stream->data, data, (guint) size);
  stream->fin = fin;
  if (fin)
    stream->fin_at_us = ec_transport_now (self->transport);
  if (self->echoes && !EC_STREAM_IS_UNI (id) &&
      EC_STREAM_IS_SERVERS (id) != self->transport->server) {
    self->inside++;
    ec_transport_write (self->transport, id, data, size, NULL, 0, 0, fin);
    self->inside--;
  }
  if (self->consumes) {
    self->inside++;
    ec_transport_consume (self->transport, id, size);
    self->inside--;
  }
  if (self->closes)
    recorder_close (self, 5, "enough");
}

static void
on_stream_reset (gpointer user_data, EcStreamId id, guint64 code)
{
  Recorder *self = user_data;
  RecordedStream *stream = get (self, id);

  heard (self, "reset", id);
  g_assert_false (stream->fin || stream->reset || stream->closed);
  stream->reset = TRUE;
  stream->reset_code = code;
}

static void
on_stream_stopped (gpointer user_data, EcStreamId id, guint64 code)
{
  Recorder *self = user_data;
  RecordedStream *stream = get (self, id);

  heard (self, "stopped", id);
  g_assert_false (stream->closed);
  stream->stopped = TRUE;
  stream->stop_code = code;
}

static void
on_stream_sent (gpointer user_data, EcStreamId id)
{
  Recorder *self = user_data;

  heard (self, "sent", id);
  g_assert_cmpuint (ec_transport_get_unsent (self->transport, id), ==, 0);
  get (self, id)->sent = TRUE;
  get (self, id)->n_sent++;
}

static void
on_stream_closed (gpointer user_data, EcStreamId id)
{
  Recorder *self = user_data;
  RecordedStream *stream = get (self, id);

  heard (self, "stream closed", id);
  g_assert_false (stream->closed);
  stream->closed = TRUE;
}

static void
on_streams_available (gpointer user_data, gboolean uni)
{
  Recorder *self = user_data;

  heard (self, "available", uni);
  self->n_available[uni]++;
}

static void
on_datagram (gpointer user_data, const guint8 *data, gsize size)
{
  Recorder *self = user_data;

  heard (self, "datagram", (gint64) size);
  g_ptr_array_add (self->datagrams, g_bytes_new (data, size));
  if (self->echoes) {
    self->inside++;
    ec_transport_send_datagram (self->transport, 0, data, size, NULL);
    self->inside--;
  }
}

static void
on_timer (gpointer user_data)
{
  Recorder *self = user_data;

  heard (self, "timer", 0);
  self->n_timers++;
}

static void
on_woken (gpointer user_data)
{
  Recorder *self = user_data;

  heard (self, "woken", 0);
  self->n_woken++;
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  Recorder *self = user_data;

  self->inside = 0; /* the one event that may come from inside a call */
  heard (self, "closed", close->cause);
  self->closed = TRUE;
  self->cause = close->cause;
  self->code = close->code;
  self->reason = g_strdup (close->reason);
  g_assert_nonnull (close->reason);
  g_clear_pointer (&self->transport, ec_transport_unref);
}

static const EcTransportEvents recorder_events = {
  .established = on_established,
  .stream_data = on_stream_data,
  .stream_reset = on_stream_reset,
  .stream_stopped = on_stream_stopped,
  .stream_sent = on_stream_sent,
  .stream_closed = on_stream_closed,
  .streams_available = on_streams_available,
  .datagram = on_datagram,
  .timer = on_timer,
  .woken = on_woken,
  .closed = on_closed,
};

Recorder *
recorder_new (EcTransport *transport)
{
  Recorder *self = g_new0 (Recorder, 1);

  self->transport = transport;
  self->streams = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, recorded_stream_free);
  self->datagrams = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  self->log = g_string_new (NULL);
  self->consumes = TRUE;
  ec_transport_set_events (transport, &recorder_events, self);
  return self;
}

void
recorder_close (Recorder *self, guint64 code, const char *reason)
{
  if (!self->transport)
    return;
  self->inside++;
  ec_transport_close (self->transport, code, reason);
  self->inside--;
}

void
recorder_free (Recorder *self)
{
  g_assert_null (self->transport);
  g_hash_table_unref (self->streams);
  g_ptr_array_unref (self->datagrams);
  g_string_free (self->log, TRUE);
  g_free (self->reason);
  g_free (self);
}

RecordedStream *
recorder_stream (Recorder *self, EcStreamId id)
{
  return g_hash_table_lookup (self->streams, &id);
}

void
recorder_check (Recorder *self, EcStreamId id, const char *text, gboolean fin)
{
  RecordedStream *stream = recorder_stream (self, id);

  g_assert_nonnull (stream);
  g_assert_cmpmem (stream->data->data, stream->data->len, text, strlen (text));
  g_assert_cmpint (stream->fin, ==, fin);
}

EcStreamId
recorder_open (Recorder *self, gboolean uni)
{
  EcStreamId id;

  self->inside++;
  id = ec_transport_open_stream (self->transport, uni);
  self->inside--;
  return id;
}

void
recorder_write (Recorder *self, EcStreamId id, const char *text, gboolean fin)
{
  self->inside++;
  ec_transport_write (self->transport, id, (const guint8 *) text, strlen (text), NULL, 0, 0, fin);
  self->inside--;
}

static guint8
pattern_at (EcStreamId id, gsize at)
{
  return (guint8) (at * 31 + (at >> 8) * 7 + (gsize) id * 101);
}

void
recorder_write_pattern (Recorder *self, EcStreamId id, gsize size, gboolean fin)
{
  g_autoptr (EcPayload) payload = ec_payload_new (size, NULL);
  guint8 head[3];
  gsize n = MIN (size, sizeof head);

  g_assert_nonnull (payload);
  for (gsize i = 0; i < size; i++) {
    guint8 byte = pattern_at (id, i);

    ec_payload_append (payload, &byte, 1);
    if (i < n)
      head[i] = byte;
  }
  self->inside++;
  ec_transport_write (self->transport, id, head, n, payload, n, size - n, fin);
  self->inside--;
}

gboolean
recorder_has_pattern (Recorder *self, EcStreamId id, EcStreamId as, gsize size)
{
  RecordedStream *stream = recorder_stream (self, id);

  if (!stream || stream->data->len != size)
    return FALSE;
  for (gsize i = 0; i < size; i++) {
    if (stream->data->data[i] != pattern_at (as, i))
      return FALSE;
  }
  return TRUE;
}
