/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostile.h"

#include "session/ec-moq-deaf.h"

#define WRITTEN_MAX                                                                                \
  (256 * 1024) /* unsent, of one stream: an attacker with less memory than its victim */

static void dial (Raw *self);

static void
raw_free (Raw *self)
{
  ec_quic_endpoint_unref (self->endpoint);
  g_array_unref (self->streams);
  g_free (self);
}

static void
set_timer (Raw *self)
{
  guint tick = self->plan->tick_ms ? self->plan->tick_ms : 2;

  ec_transport_set_timer (self->transport, ec_transport_now (self->transport) + tick * 1000);
}

static void
on_established (gpointer user_data)
{
  Raw *self = user_data;

  self->established = TRUE;
  if (!self->plan->no_setup) {
    EcMoqtMessage setup = { .kind = EC_MOQT_SETUP };

    setup.max_auth_token_cache = 4096;
    self->control = raw_open (self, TRUE);
    raw_message (self, self->control, &setup, FALSE);
  }
  if (self->plan->begin)
    self->plan->begin (self);
  if (self->plan->tick)
    set_timer (self);
}

static void
on_timer (gpointer user_data)
{
  Raw *self = user_data;

  if (target_is_over (self->target))
    return;
  self->ticks++;
  set_timer (self);
  self->plan->tick (self);
}

static void
forget (Raw *self, EcStreamId id)
{
  for (guint i = 0; i < self->streams->len; i++)
    if (g_array_index (self->streams, EcStreamId, i) == id) {
      g_array_remove_index (self->streams, i);
      return;
    }
}

static void
on_stream_data (gpointer user_data, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  Raw *self = user_data;

  if (!self->plan->deaf)
    ec_transport_consume (self->transport, id, size);
  if (self->plan->data)
    self->plan->data (self, id, data, size, fin);
  if (fin && !EC_STREAM_IS_UNI (id)) {
    forget (self, id);
    ec_transport_reset (self->transport, id, 0);
  }
}

/* The peer wants no more of it, or sends no more. */
static void
on_stream_code (gpointer user_data, EcStreamId id, guint64 code)
{
  forget (user_data, id);
}

static void
on_stream_closed (gpointer user_data, EcStreamId id)
{
  forget (user_data, id);
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  Raw *self = user_data;

  if (g_getenv ("EC_HOSTILE_DEBUG"))
    g_printerr ("closed: %u %" G_GUINT64_FORMAT " %s\n", close->cause, close->code, close->reason);
  ec_transport_unref (g_steal_pointer (&self->transport));
  if (self->plan->again && !target_is_over (self->target))
    dial (self);
  else
    raw_free (self);
}

static const EcTransportEvents raw_events = {
  .established = on_established,
  .stream_data = on_stream_data,
  .stream_reset = on_stream_code,
  .stream_stopped = on_stream_code,
  .stream_sent = ec_moq_deaf_stream,
  .stream_closed = on_stream_closed,
  .streams_available = ec_moq_deaf_available,
  .datagram = ec_moq_deaf_datagram,
  .timer = on_timer,
  .woken = ec_moq_deaf,
  .closed = on_closed,
};

static void
on_dialled (gpointer user_data, EcTransport *transport)
{
  Raw *self = user_data;

  self->transport = self->plan->wrap ? self->plan->wrap (self, transport) : transport;
  ec_transport_set_events (self->transport, &raw_events, self);
}

static void
dial (Raw *self)
{
  const char *alpns[] = { self->plan->alpn ? self->plan->alpn : "moqt-18", NULL };
  EcQuicDial how = {
    .address = self->plan->through ? self->plan->through : self->target->address,
    .server_name = "localhost",
    .alpns = alpns,
    .verify = self->target->verify,
    .tuning = self->plan->tuning,
  };

  self->established = FALSE;
  self->next_request = 0;
  self->serial++;
  g_array_set_size (self->streams, 0);
  ec_quic_endpoint_dial (self->endpoint, &how, on_dialled, self);
}

void
raw_run (Target *target, const RawPlan *plan)
{
  EcQuicEndpointConfig config = { .listen = NULL };
  EcQuicTuning tuning = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (EcQuicEndpoint) endpoint = ec_quic_endpoint_new (&config, &tuning, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < plan->n_connections; i++) {
    Raw *raw = g_new0 (Raw, 1);

    raw->target = target;
    raw->plan = plan;
    raw->endpoint = ec_quic_endpoint_ref (endpoint);
    raw->number = i;
    raw->streams = g_array_new (FALSE, FALSE, sizeof (EcStreamId));
    dial (raw);
  }
  while (!target_is_over (target))
    g_usleep (10000);
  ec_quic_endpoint_stop (endpoint, 0, "enough");
}

EcStreamId
raw_open (Raw *self, gboolean uni)
{
  return ec_transport_open_stream (self->transport, uni);
}

void
raw_write (Raw *self, EcStreamId id, const guint8 *data, gsize size, gboolean fin)
{
  if (id == EC_STREAM_NONE || ec_transport_get_unsent (self->transport, id) > WRITTEN_MAX)
    return;
  ec_transport_write (self->transport, id, data, size, NULL, 0, 0, fin);
}

void
raw_message (Raw *self, EcStreamId id, EcMoqtMessage *message, gboolean fin)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  ec_moqt_draft_18.write_message (out, FALSE, message);
  raw_write (self, id, out->data, out->len, fin);
  ec_moqt_message_clear (message);
}

EcStreamId
raw_request (Raw *self, EcMoqtMessage *message)
{
  EcStreamId id = raw_open (self, FALSE);

  if (id == EC_STREAM_NONE) {
    ec_moqt_message_clear (message);
    return id;
  }
  message->request_id = self->next_request;
  self->next_request += 2;
  raw_message (self, id, message, FALSE);
  g_array_append_val (self->streams, id);
  target_count (self->target, 1);
  return id;
}

void
raw_drop_oldest (Raw *self, guint keep)
{
  while (self->streams->len > keep) {
    EcStreamId id = g_array_index (self->streams, EcStreamId, 0);

    g_array_remove_index (self->streams, 0);
    if (!EC_STREAM_IS_UNI (id))
      ec_transport_stop (self->transport, id, 0);
    ec_transport_reset (self->transport, id, 0);
  }
}
