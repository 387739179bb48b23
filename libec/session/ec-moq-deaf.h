/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/ec-transport.h"

/* Events for who is not interested in what a transport says before, or after, it is used: they do nothing. */
void ec_moq_deaf (gpointer user_data);
void ec_moq_deaf_stream_data (
    gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin);
void ec_moq_deaf_stream_code (gpointer user_data, EcStreamId id, guint64 code);
void ec_moq_deaf_stream (gpointer user_data, EcStreamId id);
void ec_moq_deaf_available (gpointer user_data, gboolean uni);
void ec_moq_deaf_datagram (gpointer user_data, const guint8 *data, gsize size);

/* All but established, stream_data, woken and closed. */
#define EC_MOQ_DEAF_EVENTS                                                                         \
  .stream_reset = ec_moq_deaf_stream_code, .stream_stopped = ec_moq_deaf_stream_code,              \
  .stream_sent = ec_moq_deaf_stream, .stream_closed = ec_moq_deaf_stream,                          \
  .streams_available = ec_moq_deaf_available, .datagram = ec_moq_deaf_datagram,                    \
  .timer = ec_moq_deaf

/* Closes a transport that nobody wants, and lets go of it when it has closed; takes the reference. */
void ec_moq_deaf_close (EcTransport *transport, guint64 code, const char *reason);
