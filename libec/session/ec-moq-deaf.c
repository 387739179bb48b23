/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-deaf.h"

void
ec_moq_deaf (gpointer user_data)
{
}

void
ec_moq_deaf_stream_data (
    gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
}

void
ec_moq_deaf_stream_code (gpointer user_data, EcStreamId id, guint64 code)
{
}

void
ec_moq_deaf_stream (gpointer user_data, EcStreamId id)
{
}

void
ec_moq_deaf_available (gpointer user_data, gboolean uni)
{
}

void
ec_moq_deaf_datagram (gpointer user_data, const guint8 *data, gsize size)
{
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  ec_transport_unref (user_data);
}

static const EcTransportEvents deaf_events = {
  EC_MOQ_DEAF_EVENTS,   .established = ec_moq_deaf, .stream_data = ec_moq_deaf_stream_data,
  .woken = ec_moq_deaf, .closed = on_closed,
};

void
ec_moq_deaf_close (EcTransport *transport, guint64 code, const char *reason)
{
  ec_transport_set_events (transport, &deaf_events, transport);
  ec_transport_close (transport, code, reason);
}
