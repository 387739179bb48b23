/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-link.h"

struct _EcMoqLink {
  EcTransport *transport; /* owned */
  EcMoqtSession *session; /* owned */
  const EcMoqLinkEvents *events;
  gpointer user_data;
  guint64 session_timer_us;
  guint64 user_timer_us;
  GHashTable *control; /* ids of streams that carry no objects */
  const EcTransportClose *close;
};

guint64
ec_moq_link_now (EcMoqLink *self)
{
  return ec_transport_now (self->transport);
}

/* -- What the session does to the transport */

static gint64
io_open_stream (gpointer user_data, gboolean uni)
{
  EcMoqLink *self = user_data;

  return ec_transport_open_stream (self->transport, uni);
}

static void
io_set_priority (
    gpointer user_data, gint64 id, guint32 level, guint32 flow, guint64 order, guint64 suborder)
{
  EcMoqLink *self = user_data;
  EcTransportPriority priority = {
    .level = level, .flow = flow, .order = order, .suborder = suborder
  };

  if (level < EC_MOQT_LEVEL_OBJECTS)
    g_hash_table_add (self->control, g_memdup2 (&id, sizeof id));
  ec_transport_set_priority (self->transport, id, &priority);
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
  EcMoqLink *self = user_data;

  ec_transport_write (self->transport, id, head, head_size, payload, offset, size, fin);
}

static void
io_reset (gpointer user_data, gint64 id, guint64 code)
{
  EcMoqLink *self = user_data;

  ec_transport_reset (self->transport, id, code);
}

static void
io_stop (gpointer user_data, gint64 id, guint64 code)
{
  EcMoqLink *self = user_data;

  ec_transport_stop (self->transport, id, code);
}

static void
io_consume (gpointer user_data, gint64 id, gsize size)
{
  EcMoqLink *self = user_data;

  ec_transport_consume (self->transport, id, size);
}

static gsize
io_get_unsent (gpointer user_data, gint64 id)
{
  EcMoqLink *self = user_data;

  return ec_transport_get_unsent (self->transport, id);
}

static gsize
io_get_max_datagram (gpointer user_data)
{
  EcMoqLink *self = user_data;

  return ec_transport_get_max_datagram (self->transport);
}

static void
io_send_datagram (
    gpointer user_data, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload)
{
  EcMoqLink *self = user_data;

  ec_transport_send_datagram (self->transport, level, head, head_size, payload);
}

static void
set_timer (EcMoqLink *self)
{
  ec_transport_set_timer (self->transport, MIN (self->session_timer_us, self->user_timer_us));
}

static void
io_set_timer (gpointer user_data, guint64 at_us)
{
  EcMoqLink *self = user_data;

  self->session_timer_us = at_us;
  set_timer (self);
}

static void
io_close (gpointer user_data, guint64 code, const char *reason)
{
  EcMoqLink *self = user_data;

  /* `closed`, which frees the session, does not come from inside. */
  ec_transport_close (self->transport, code, reason);
}

static guint64
io_now (gpointer user_data)
{
  return ec_moq_link_now (user_data);
}

static const EcMoqtIo link_io = {
  .open_stream = io_open_stream,
  .set_priority = io_set_priority,
  .write = io_write,
  .reset = io_reset,
  .stop = io_stop,
  .consume = io_consume,
  .get_unsent = io_get_unsent,
  .get_max_datagram = io_get_max_datagram,
  .send_datagram = io_send_datagram,
  .set_timer = io_set_timer,
  .close = io_close,
  .now = io_now,
};

/* -- What the transport tells the session */

static void
on_established (gpointer user_data)
{
  EcMoqLink *self = user_data;

  ec_moqt_session_start (self->session, ec_moq_link_now (self));
}

static void
on_stream_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  EcMoqLink *self = user_data;

  ec_moqt_session_stream_data (self->session, ec_moq_link_now (self), id, data, size, fin);
}

static void
on_stream_reset (gpointer user_data, EcStreamId id, guint64 code)
{
  EcMoqLink *self = user_data;

  ec_moqt_session_stream_reset (self->session, ec_moq_link_now (self), id, code);
}

static void
on_stream_stopped (gpointer user_data, EcStreamId id, guint64 code)
{
  EcMoqLink *self = user_data;

  ec_moqt_session_stream_stopped (self->session, ec_moq_link_now (self), id, code);
}

static void
on_stream_sent (gpointer user_data, EcStreamId id)
{
  EcMoqLink *self = user_data;

  if (!g_hash_table_contains (self->control, &id))
    ec_moqt_session_stream_sent (self->session, ec_moq_link_now (self), id);
  else if (self->events->control_sent && !ec_moqt_session_is_closed (self->session))
    self->events->control_sent (self->user_data);
}

static void
on_stream_closed (gpointer user_data, EcStreamId id)
{
  EcMoqLink *self = user_data;

  g_hash_table_remove (self->control, &id);
  ec_moqt_session_stream_closed (self->session, ec_moq_link_now (self), id);
}

static void
on_streams_available (gpointer user_data, gboolean uni)
{
  EcMoqLink *self = user_data;

  ec_moqt_session_streams_available (self->session, ec_moq_link_now (self), uni);
}

static void
on_datagram (gpointer user_data, const guint8 *data, gsize size)
{
  EcMoqLink *self = user_data;

  ec_moqt_session_datagram (self->session, ec_moq_link_now (self), data, size);
}

static void
on_timer (gpointer user_data)
{
  EcMoqLink *self = user_data;
  guint64 now_us = ec_moq_link_now (self);
  gboolean session = self->session_timer_us <= now_us;
  gboolean user = self->user_timer_us <= now_us;

  if (session)
    self->session_timer_us = G_MAXUINT64;
  if (user)
    self->user_timer_us = G_MAXUINT64;
  set_timer (self);

  if (session)
    ec_moqt_session_timer (self->session, now_us);
  if (user && self->events->timer && !ec_moqt_session_is_closed (self->session))
    self->events->timer (self->user_data);
}

static void
on_woken (gpointer user_data)
{
  EcMoqLink *self = user_data;

  if (self->events->woken && !ec_moqt_session_is_closed (self->session))
    self->events->woken (self->user_data);
}

/* The transport is done with us: so is the session, and then nobody needs the link. */
static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  EcMoqLink *self = user_data;
  gboolean broken =
      close->cause == EC_TRANSPORT_CLOSE_PROTOCOL || close->cause == EC_TRANSPORT_CLOSE_FAILED;

  self->close = close;
  /* QUIC's own codes mean something else than MOQT's. */
  if (!ec_moqt_session_is_closed (self->session))
    ec_moqt_session_transport_closed (
        self->session, ec_moq_link_now (self), close->cause != EC_TRANSPORT_CLOSE_LOCAL,
        broken ? EC_MOQT_CLOSE_INTERNAL_ERROR : close->code, close->reason);
  ec_moqt_session_free (self->session);
  ec_transport_unref (self->transport);
  g_hash_table_unref (self->control);
  g_free (self);
}

static const EcTransportEvents link_events = {
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

EcMoqLink *
ec_moq_link_new (EcTransport *transport,
                 const EcMoqtDraft *draft,
                 const EcMoqtConfig *config,
                 const EcMoqLinkEvents *events,
                 gpointer user_data)
{
  EcMoqLink *self = g_new0 (EcMoqLink, 1);
  EcMoqtConfig own = *config;
  EcTransportInfo info;

  ec_transport_get_info (transport, &info);
  own.server = transport->server;
  own.webtransport = g_str_equal (info.kind, "webtransport");

  self->transport = transport;
  self->events = events;
  self->user_data = user_data;
  self->session_timer_us = G_MAXUINT64;
  self->user_timer_us = G_MAXUINT64;
  self->control = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->session = ec_moqt_session_new (draft, &own, &link_io, self, &events->session, user_data,
                                       ec_moq_link_now (self));
  ec_transport_set_events (transport, &link_events, self);
  return self;
}

EcMoqtSession *
ec_moq_link_get_session (EcMoqLink *self)
{
  return self->session;
}

EcTransport *
ec_moq_link_get_transport (EcMoqLink *self)
{
  return self->transport;
}

const EcTransportClose *
ec_moq_link_get_close (EcMoqLink *self)
{
  return self->close;
}

gsize
ec_moq_link_get_unsent_control (EcMoqLink *self)
{
  GHashTableIter iter;
  gpointer id;
  gsize unsent = 0;

  g_hash_table_iter_init (&iter, self->control);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    unsent += ec_transport_get_unsent (self->transport, *(const gint64 *) id);
  return unsent;
}

void
ec_moq_link_set_timer (EcMoqLink *self, guint64 at_us)
{
  self->user_timer_us = at_us;
  set_timer (self);
}
