/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-private.h"

#define HEAD_MAX 16 /* type and session id */

/* The stream if it may still be used; NULL also when the session is over. */
static EcWtStream *
usable (EcWtSession *self, EcStreamId id)
{
  EcWtStream *stream = ec_wt_connection_find (self->connection, id);

  if (self->state != EC_WT_SESSION_OPEN || !stream || stream->session != self ||
      stream->kind != EC_WT_KIND_SESSION || stream->closed_below)
    return NULL;
  return stream;
}

static EcStreamId
session_open_stream (EcTransport *transport, gboolean uni)
{
  EcWtSession *self = (EcWtSession *) transport;
  EcStreamId id = EC_STREAM_NONE;
  EcWtStream *stream;

  if (self->state == EC_WT_SESSION_OPEN)
    id = ec_transport_open_stream (self->h3, uni);
  if (id == EC_STREAM_NONE) {
    self->open_refused[uni != FALSE] = TRUE;
    return id;
  }
  stream = ec_wt_connection_add (self->connection, id, EC_WT_KIND_SESSION);
  stream->session = self;
  stream->session_id = self->id;
  stream->head_due = TRUE;
  return id;
}

static void
session_set_priority (EcTransport *transport, EcStreamId id, const EcTransportPriority *priority)
{
  EcWtSession *self = (EcWtSession *) transport;

  if (usable (self, id))
    ec_transport_set_priority (self->h3, id, priority);
}

static void
session_write (EcTransport *transport,
               EcStreamId id,
               const guint8 *head,
               gsize head_size,
               EcPayload *payload,
               gsize offset,
               gsize size,
               gboolean fin)
{
  EcWtSession *self = (EcWtSession *) transport;
  EcWtStream *stream = usable (self, id);
  g_autoptr (GByteArray) both = NULL;

  if (!stream)
    return;
  if (!stream->head_due) {
    ec_transport_write (self->h3, id, head, head_size, payload, offset, size, fin);
    return;
  }
  stream->head_due = FALSE;
  both = g_byte_array_sized_new ((guint) (HEAD_MAX + head_size));
  ec_wt_varint_append (both, EC_STREAM_IS_UNI (id) ? EC_WT_STREAM_SESSION_UNI
                                                   : EC_WT_STREAM_SESSION_BIDI);
  ec_wt_varint_append (both, (guint64) self->id);
  if (head_size > 0)
    g_byte_array_append (both, head, (guint) head_size);
  ec_transport_write (self->h3, id, both->data, both->len, payload, offset, size, fin);
}

static void
session_reset (EcTransport *transport, EcStreamId id, guint64 code)
{
  EcWtSession *self = (EcWtSession *) transport;

  if (usable (self, id))
    ec_transport_reset (self->h3, id, ec_wt_error_to_h3 (code));
}

static void
session_stop (EcTransport *transport, EcStreamId id, guint64 code)
{
  EcWtSession *self = (EcWtSession *) transport;
  EcWtStream *stream = usable (self, id);

  if (!stream)
    return;
  /* What was handed out and will not be read is no credit lost. */
  if (stream->unconsumed > 0)
    ec_transport_consume (self->h3, id, stream->unconsumed);
  stream->unconsumed = 0;
  ec_transport_stop (self->h3, id, ec_wt_error_to_h3 (code));
}

static void
session_consume (EcTransport *transport, EcStreamId id, gsize size)
{
  EcWtSession *self = (EcWtSession *) transport;
  EcWtStream *stream = usable (self, id);

  if (!stream)
    return;
  size = MIN (size, stream->unconsumed);
  stream->unconsumed -= size;
  if (size > 0)
    ec_transport_consume (self->h3, id, size);
}

static gsize
session_get_unsent (EcTransport *transport, EcStreamId id)
{
  EcWtSession *self = (EcWtSession *) transport;

  return usable (self, id) ? ec_transport_get_unsent (self->h3, id) : 0;
}

static gsize
session_get_max_datagram (EcTransport *transport)
{
  EcWtSession *self = (EcWtSession *) transport;
  guint head;
  gsize most;

  if (self->state != EC_WT_SESSION_OPEN || !self->connection->settings.datagram)
    return 0;
  head = ec_wt_varint_size ((guint64) self->id / 4);
  most = ec_transport_get_max_datagram (self->h3);
  return most > head ? most - head : 0;
}

static void
session_send_datagram (
    EcTransport *transport, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload)
{
  EcWtSession *self = (EcWtSession *) transport;
  gsize size = head_size + (payload ? ec_payload_get_filled (payload) : 0);
  g_autoptr (GByteArray) both = NULL;

  if (size > session_get_max_datagram (transport) || self->state != EC_WT_SESSION_OPEN)
    return;
  both = g_byte_array_sized_new ((guint) (8 + head_size));
  ec_wt_varint_append (both, (guint64) self->id / 4);
  if (head_size > 0)
    g_byte_array_append (both, head, (guint) head_size);
  ec_transport_send_datagram (self->h3, level, both->data, both->len, payload);
}

static guint64
session_now (EcTransport *transport)
{
  return ec_transport_now (((EcWtSession *) transport)->h3);
}

static void
session_set_timer (EcTransport *transport, guint64 at_us)
{
  EcWtSession *self = (EcWtSession *) transport;

  if (self->state == EC_WT_SESSION_CLOSED)
    return;
  self->timer_us = at_us;
  ec_wt_connection_update_timer (self->connection);
}

static void
session_wake (EcTransport *transport)
{
  EcWtSession *self = (EcWtSession *) transport;

  g_atomic_int_set (&self->woken, 1);
  ec_transport_wake (self->h3);
}

/* At most `size` bytes of text, which end with a whole character. */
static gsize
utf8_prefix (const char *text, gsize size)
{
  gsize n = strlen (text);

  if (n <= size)
    return n;
  while (size > 0 && ((guint8) text[size] & 0xc0) == 0x80)
    size--;
  return size;
}

static void
end_streams (EcWtSession *self)
{
  EcWtConnection *connection = self->connection;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, connection->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    EcWtStream *stream = value;

    if (stream->kind == EC_WT_KIND_REQUEST && stream->session == self)
      stream->session = NULL;
    if (stream->kind == EC_WT_KIND_SESSION && stream->session == self) {
      ec_wt_stream_reject (connection, stream, EC_WT_SESSION_GONE);
      if (stream->closed_below)
        g_hash_table_iter_remove (&iter);
    }
  }
}

/* Out of everything: all that is left is `closed`. Its streams end with it (draft-ietf-webtrans-http3 §6). */
static void
leave (EcWtSession *self)
{
  EcWtConnection *connection = self->connection;

  g_assert (self->state != EC_WT_SESSION_CLOSED);
  self->state = EC_WT_SESSION_CLOSED;
  self->timer_us = G_MAXUINT64;
  if (connection->client == self)
    connection->client = NULL;
  g_ptr_array_remove (connection->sessions, self);
  end_streams (self);
  if (self->id != EC_STREAM_NONE)
    ec_wt_connection_set_gone (connection, self->id);
  if (connection->sessions->len == 0 && !connection->over)
    ec_wt_connection_set_deadline (connection,
                                   ec_transport_now (connection->h3) +
                                       (connection->server ? EC_WT_LINGER_US : EC_WT_CLOSE_US));
}

/* As ec_wt_session_end(), but the owner asked for it, and hears `closed` when h3 wakes: no event comes from inside a
 * function. If h3 closes before that, it does so then. */
static void
end_later (EcWtSession *self, guint64 code, const char *reason)
{
  self->close_code = code;
  self->close_reason = g_strdup (reason);
  g_ptr_array_add (self->connection->leaving, ec_transport_ref (&self->transport));
  leave (self);
  ec_transport_wake (self->h3);
}

static void
session_close (EcTransport *transport, guint64 code, const char *reason)
{
  EcWtSession *self = (EcWtSession *) transport;
  EcWtConnection *connection = self->connection;
  g_autoptr (GByteArray) capsule = NULL;
  guint32 wire = (guint32) MIN (code, G_MAXUINT32);

  if (self->state == EC_WT_SESSION_CLOSED)
    return;
  reason = reason ? reason : "";
  ec_wt_connection_ref (connection);
  if (self->state == EC_WT_SESSION_OPEN && !connection->over) {
    capsule = g_byte_array_new ();
    g_byte_array_append (capsule,
                         (const guint8[]){ (guint8) (wire >> 24), (guint8) (wire >> 16),
                                           (guint8) (wire >> 8), (guint8) wire },
                         4);
    g_byte_array_append (capsule, (const guint8 *) reason,
                         (guint) utf8_prefix (reason, EC_WT_CLOSE_REASON_MAX));
    ec_wt_request_write_capsule (connection, self->id, EC_WT_CAPSULE_CLOSE, capsule->data,
                                 capsule->len, TRUE);
    end_later (self, code, reason);
  } else {
    end_later (self, code, reason);
    /* The connection has no other use; its turn comes with the timer, as no event may come from here. */
    if (!connection->over)
      ec_wt_connection_set_deadline (connection, ec_transport_now (self->h3));
  }
  ec_wt_connection_unref (connection);
}

static void
session_get_info (EcTransport *transport, EcTransportInfo *info)
{
  EcWtSession *self = (EcWtSession *) transport;

  ec_transport_get_info (self->h3, info);
  info->protocol = self->protocol ? self->protocol : "";
  info->path = self->path;
  info->authority = self->authority;
  info->origin = self->origin;
  info->kind = "webtransport";
}

static void
session_free (EcTransport *transport)
{
  EcWtSession *self = (EcWtSession *) transport;

  g_assert (self->state == EC_WT_SESSION_CLOSED);
  ec_transport_unref (self->h3);
  ec_wt_connection_unref (self->connection);
  g_free (self->protocol);
  g_free (self->path);
  g_free (self->authority);
  g_free (self->origin);
  g_strfreev (self->offered);
  g_free (self->close_reason);
  g_free (self);
}

static const EcTransportClass session_class = {
  .struct_size = sizeof (EcTransportClass),
  .open_stream = session_open_stream,
  .set_priority = session_set_priority,
  .write = session_write,
  .reset = session_reset,
  .stop = session_stop,
  .consume = session_consume,
  .get_unsent = session_get_unsent,
  .get_max_datagram = session_get_max_datagram,
  .send_datagram = session_send_datagram,
  .now = session_now,
  .set_timer = session_set_timer,
  .wake = session_wake,
  .close = session_close,
  .get_info = session_get_info,
  .free = session_free,
};

EcWtSession *
ec_wt_session_new (EcWtConnection *connection, EcWtSessionState state)
{
  EcWtSession *self = g_new0 (EcWtSession, 1);

  ec_transport_init (&self->transport, &session_class, connection->server);
  self->connection = ec_wt_connection_ref (connection);
  self->h3 = ec_transport_ref (connection->h3);
  self->state = state;
  self->id = EC_STREAM_NONE;
  self->timer_us = G_MAXUINT64;
  g_ptr_array_add (connection->sessions, self);
  return self;
}

void
ec_wt_session_open (EcWtSession *self)
{
  ec_transport_ref (&self->transport);
  if (self->state == EC_WT_SESSION_OPEN)
    self->transport.events->established (self->transport.user_data);
  for (guint uni = 0; uni < 2 && self->state == EC_WT_SESSION_OPEN; uni++) {
    if (self->open_refused[uni]) {
      self->open_refused[uni] = FALSE;
      self->transport.events->streams_available (self->transport.user_data, uni != 0);
    }
  }
  if (self->state == EC_WT_SESSION_OPEN)
    ec_wt_stream_adopt_early (self->connection, self);
  ec_transport_unref (&self->transport);
}

void
ec_wt_session_end (EcWtSession *self, EcTransportCloseCause cause, guint64 code, const char *reason)
{
  EcWtConnection *connection = ec_wt_connection_ref (self->connection);
  EcTransportClose close = { cause, code, reason };

  ec_transport_ref (&self->transport);
  leave (self);
  self->transport.events->closed (self->transport.user_data, &close);
  ec_transport_unref (&self->transport);
  ec_wt_connection_unref (connection);
}

void
ec_wt_session_tell_closed (EcWtSession *self)
{
  EcTransportClose close = { EC_TRANSPORT_CLOSE_LOCAL, self->close_code, self->close_reason };

  g_assert (self->state == EC_WT_SESSION_CLOSED);
  self->transport.events->closed (self->transport.user_data, &close);
}
