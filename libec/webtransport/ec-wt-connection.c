/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-private.h"

EcWtConnection *
ec_wt_connection_ref (EcWtConnection *self)
{
  self->refs++;
  return self;
}

void
ec_wt_connection_unref (EcWtConnection *self)
{
  if (--self->refs > 0)
    return;
  g_hash_table_unref (self->streams);
  g_ptr_array_unref (self->sessions);
  g_ptr_array_unref (self->leaving);
  g_clear_pointer (&self->qpack, ec_wt_qpack_free);
  ec_transport_unref (self->h3);
  g_free (self);
}

EcWtSession *
ec_wt_connection_find_session (EcWtConnection *self, EcStreamId id)
{
  for (guint i = 0; i < self->sessions->len; i++) {
    EcWtSession *session = self->sessions->pdata[i];

    if (session->id == id)
      return session;
  }
  return NULL;
}

void
ec_wt_connection_set_gone (EcWtConnection *self, EcStreamId id)
{
  GHashTableIter iter;
  gpointer value;

  self->gone[self->n_gone++ % EC_WT_GONE_KEPT] = id;
  /* What waited for it waits in vain. */
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    EcWtStream *stream = value;

    if (stream->kind != EC_WT_KIND_EARLY || stream->session_id != id)
      continue;
    ec_wt_stream_reject (self, stream, EC_WT_SESSION_GONE);
    if (stream->closed_below)
      g_hash_table_iter_remove (&iter);
  }
}

EcWtStream *
ec_wt_connection_find (EcWtConnection *self, EcStreamId id)
{
  return g_hash_table_lookup (self->streams, &id);
}

EcWtStream *
ec_wt_connection_add (EcWtConnection *self, EcStreamId id, EcWtKind kind)
{
  EcWtStream *stream = g_new0 (EcWtStream, 1);

  stream->id = id;
  stream->kind = kind;
  stream->session_id = EC_STREAM_NONE;
  g_hash_table_insert (self->streams, &stream->id, stream);
  return stream;
}

/* The stream that the peer speaks of; a new one if it is the peer's. */
static EcWtStream *
heard_of (EcWtConnection *self, EcStreamId id)
{
  EcWtStream *stream = ec_wt_connection_find (self, id);

  if (!stream && EC_STREAM_IS_SERVERS (id) != self->server)
    stream = ec_wt_connection_add (self, id, EC_WT_KIND_NEW);
  return stream;
}

void
ec_wt_connection_close (EcWtConnection *self, guint64 code, const char *reason)
{
  if (self->over)
    return;
  self->over = TRUE;
  ec_transport_close (self->h3, code, reason);
}

/* Those whose owners closed them hear `closed`, which may not come from inside ec_transport_close(). */
static void
tell_leaving (EcWtConnection *self)
{
  while (self->leaving->len > 0) {
    g_autoptr (EcTransport) session = g_ptr_array_steal_index (self->leaving, 0);

    ec_wt_session_tell_closed ((EcWtSession *) session);
  }
}

/* Everybody who is still there hears `closed`. */
static void
end_sessions (EcWtConnection *self, const EcTransportClose *close)
{
  while (self->sessions->len > 0)
    ec_wt_session_end (self->sessions->pdata[0], close->cause, close->code, close->reason);
}

void
ec_wt_connection_fail (EcWtConnection *self, guint64 code, const char *reason)
{
  EcTransportClose close = { EC_TRANSPORT_CLOSE_PROTOCOL, code, reason };

  if (self->over)
    return;
  ec_wt_connection_ref (self);
  self->over = TRUE;
  end_sessions (self, &close);
  ec_transport_close (self->h3, code, reason);
  ec_wt_connection_unref (self);
}

/* -- Time */

void
ec_wt_connection_update_timer (EcWtConnection *self)
{
  guint64 at_us = self->deadline_us;

  if (self->closed)
    return;
  for (guint i = 0; i < self->sessions->len; i++)
    at_us = MIN (at_us, ((EcWtSession *) self->sessions->pdata[i])->timer_us);
  ec_transport_set_timer (self->h3, at_us);
}

void
ec_wt_connection_set_deadline (EcWtConnection *self, guint64 at_us)
{
  self->deadline_us = at_us;
  ec_wt_connection_update_timer (self);
}

/* Of the sessions that are there now, those that still are when their turn comes. */
static void
for_each_session (EcWtConnection *self,
                  void (*func) (EcWtSession *session, gpointer data),
                  gpointer data)
{
  g_autoptr (GPtrArray) sessions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ec_transport_unref);

  for (guint i = 0; i < self->sessions->len; i++)
    g_ptr_array_add (sessions, ec_transport_ref (self->sessions->pdata[i]));
  for (guint i = 0; i < sessions->len; i++) {
    EcWtSession *session = sessions->pdata[i];

    if (session->state != EC_WT_SESSION_CLOSED)
      func (session, data);
  }
}

static void
session_timer (EcWtSession *session, gpointer data)
{
  if (session->timer_us > *(guint64 *) data)
    return;
  session->timer_us = G_MAXUINT64;
  session->transport.events->timer (session->transport.user_data);
}

static void
on_deadline (EcWtConnection *self)
{
  self->deadline_us = G_MAXUINT64;
  if (!self->server && self->sessions->len > 0) {
    EcTransportClose close = { EC_TRANSPORT_CLOSE_UNREACHABLE, 0, "no answer to CONNECT in time" };

    end_sessions (self, &close);
  }
  ec_wt_connection_close (self, EC_H3_NO_ERROR, "");
}

static void
on_timer (gpointer user_data)
{
  EcWtConnection *self = ec_wt_connection_ref (user_data);
  guint64 now = ec_transport_now (self->h3);

  for_each_session (self, session_timer, &now);
  if (self->deadline_us <= now && !self->over)
    on_deadline (self);
  ec_wt_connection_update_timer (self);
  ec_wt_connection_unref (self);
}

static void
session_woken (EcWtSession *session, gpointer data)
{
  if (g_atomic_int_compare_and_exchange (&session->woken, 1, 0))
    session->transport.events->woken (session->transport.user_data);
}

static void
on_woken (gpointer user_data)
{
  EcWtConnection *self = ec_wt_connection_ref (user_data);

  tell_leaving (self);
  for_each_session (self, session_woken, NULL);
  ec_wt_connection_unref (self);
}

/* -- Events of h3 */

/* Our control stream and SETTINGS, as soon as the peer lets us. */
static void
open_control (EcWtConnection *self)
{
  g_autoptr (GByteArray) bytes = NULL;

  if (self->control != EC_STREAM_NONE)
    return;
  self->control = ec_transport_open_stream (self->h3, TRUE);
  if (self->control == EC_STREAM_NONE)
    return;
  bytes = g_byte_array_new ();
  ec_wt_settings_append (bytes, self->server, EC_WT_SESSIONS_MAX);
  ec_transport_write (self->h3, self->control, bytes->data, bytes->len, NULL, 0, 0, FALSE);
}

static void
on_established (gpointer user_data)
{
  EcWtConnection *self = user_data;

  open_control (self);
  ec_wt_client_proceed (self);
}

static void
on_stream_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  EcWtConnection *self = user_data;
  EcWtStream *stream;

  if (self->over)
    return;
  ec_wt_connection_ref (self);
  stream = heard_of (self, id);
  if (stream)
    ec_wt_stream_data (self, stream, data, size, fin);
  ec_wt_connection_unref (self);
}

static void
on_stream_reset (gpointer user_data, EcStreamId id, guint64 code)
{
  EcWtConnection *self = user_data;
  EcWtStream *stream;

  if (self->over)
    return;
  ec_wt_connection_ref (self);
  stream = heard_of (self, id);
  if (stream)
    ec_wt_stream_reset (self, stream, code);
  ec_wt_connection_unref (self);
}

static void
on_stream_stopped (gpointer user_data, EcStreamId id, guint64 code)
{
  EcWtConnection *self = user_data;
  EcWtStream *stream;

  if (self->over)
    return;
  ec_wt_connection_ref (self);
  stream = heard_of (self, id);
  if (id == self->control)
    ec_wt_connection_fail (self, EC_H3_CLOSED_CRITICAL_STREAM, "the control stream was stopped");
  else if (stream)
    ec_wt_stream_stopped (self, stream, code);
  ec_wt_connection_unref (self);
}

static void
on_stream_sent (gpointer user_data, EcStreamId id)
{
  EcWtConnection *self = user_data;
  EcWtStream *stream = ec_wt_connection_find (self, id);

  if (stream && stream->kind == EC_WT_KIND_SESSION)
    stream->session->transport.events->stream_sent (stream->session->transport.user_data, id);
}

static void
on_stream_closed (gpointer user_data, EcStreamId id)
{
  EcWtConnection *self = user_data;
  EcWtStream *stream = ec_wt_connection_find (self, id);
  EcWtSession *session = NULL;
  gboolean last;

  if (!stream)
    return;
  if (stream->kind == EC_WT_KIND_EARLY) {
    stream->closed_below = TRUE;
    return;
  }
  ec_wt_connection_ref (self);
  if (stream->kind == EC_WT_KIND_SESSION)
    session = stream->session;
  last = !self->server && stream->kind == EC_WT_KIND_REQUEST;
  g_hash_table_remove (self->streams, &id);
  if (session)
    session->transport.events->stream_closed (session->transport.user_data, id);
  if (last && self->sessions->len == 0)
    ec_wt_connection_close (self, EC_H3_NO_ERROR, "");
  ec_wt_connection_unref (self);
}

static void
session_streams_available (EcWtSession *session, gpointer data)
{
  gboolean uni = *(gboolean *) data;

  if (!session->open_refused[uni])
    return;
  session->open_refused[uni] = FALSE;
  session->transport.events->streams_available (session->transport.user_data, uni);
}

static void
on_streams_available (gpointer user_data, gboolean uni)
{
  EcWtConnection *self = ec_wt_connection_ref (user_data);

  uni = uni != FALSE;
  if (!self->over) {
    open_control (self);
    ec_wt_client_proceed (self);
    for_each_session (self, session_streams_available, &uni);
  }
  ec_wt_connection_unref (self);
}

/* RFC 9297 §2.1 */
static void
on_datagram (gpointer user_data, const guint8 *data, gsize size)
{
  EcWtConnection *self = user_data;
  EcWtSession *session;
  EcReader reader;
  guint64 quarter;
  gsize left;

  if (self->over)
    return;
  ec_wt_connection_ref (self);
  ec_reader_init (&reader, data, size);
  quarter = ec_wt_varint_read (&reader);
  if (reader.failed || quarter > EC_WT_VARINT_MAX / 4) {
    ec_wt_connection_fail (self, EC_H3_DATAGRAM_ERROR, "a datagram names no stream");
  } else {
    session = ec_wt_connection_find_session (self, (EcStreamId) (quarter * 4));
    left = ec_reader_left (&reader);
    /* Before the session, or after it: datagrams get lost. */
    if (session && session->state == EC_WT_SESSION_OPEN)
      session->transport.events->datagram (session->transport.user_data,
                                           ec_reader_bytes (&reader, left), left);
  }
  ec_wt_connection_unref (self);
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  EcWtConnection *self = user_data;
  EcTransportClose own = *close;

  /* HTTP/3's own codes are none of an application's (RFC 9114 §8.1). */
  if (close->cause == EC_TRANSPORT_CLOSE_PEER && close->code == EC_H3_NO_ERROR)
    own.code = 0;
  else if (close->cause == EC_TRANSPORT_CLOSE_PEER)
    own.cause = EC_TRANSPORT_CLOSE_PROTOCOL;
  self->over = TRUE;
  self->closed = TRUE;
  end_sessions (self, &own);
  tell_leaving (self);
  if (self->events)
    self->events->closed (self->user_data, &own);
  self->events = NULL;
  ec_wt_connection_unref (self);
}

static const EcTransportEvents h3_events = {
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

EcWtConnection *
ec_wt_connection_new (EcTransport *h3, gboolean server)
{
  EcWtConnection *self = g_new0 (EcWtConnection, 1);

  self->refs = 1;
  self->h3 = h3;
  self->server = server;
  self->control = EC_STREAM_NONE;
  self->peer_control = self->peer_encoder = self->peer_decoder = EC_STREAM_NONE;
  self->goaway = G_MAXUINT64;
  self->qpack = ec_wt_qpack_new ();
  if (!self->qpack)
    g_error ("there is no memory for QPACK");
  self->streams = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, ec_wt_stream_free);
  self->sessions = g_ptr_array_new ();
  self->leaving = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_transport_unref);
  self->deadline_us = G_MAXUINT64;
  for (guint i = 0; i < EC_WT_GONE_KEPT; i++)
    self->gone[i] = EC_STREAM_NONE;
  return self;
}

void
ec_wt_connection_start (EcWtConnection *self)
{
  ec_transport_set_events (self->h3, &h3_events, self);
  ec_wt_connection_set_deadline (self, ec_transport_now (self->h3) +
                                           (self->server ? EC_WT_FIRST_US : EC_WT_CONNECT_US));
  open_control (self);
}
