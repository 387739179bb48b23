/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/* Objects on their way from a peer's streams into the feed. Payload is passed on as it comes, never object by object. */

typedef struct {
  EcRelayUpstream *up; /* its own list holds this */
  guint64 group, subgroup;
  gboolean begun;
} Inflow;

/* Of a stream of a subscription; NULL: of a fetch, or not listened to. A stream may outlive its request, and what is ours with it. */
static Inflow *
get_inflow (EcMoqtStream *stream)
{
  EcMoqtRequest *request =
      ec_moqt_stream_is_fetch (stream) ? NULL : ec_moqt_stream_get_request (stream);
  EcRelayItem *item = request ? ec_moqt_request_get_data (request) : NULL;

  return item && item->kind == EC_RELAY_ITEM_UPSTREAM ? ec_moqt_stream_get_data (stream) : NULL;
}

/* NULL: not of a fetch, or of one that is gone. */
static EcRelayFill *
get_fill (EcMoqtStream *stream)
{
  EcMoqtRequest *request =
      ec_moqt_stream_is_fetch (stream) ? ec_moqt_stream_get_request (stream) : NULL;
  EcRelayItem *item = request ? ec_moqt_request_get_data (request) : NULL;

  return item && item->kind == EC_RELAY_ITEM_FILL ? (EcRelayFill *) item : NULL;
}

static void
forget (EcRelaySession *self, Inflow *inflow)
{
  self->n_streams--;
  g_ptr_array_remove_fast (inflow->up->inflows, inflow);
  g_free (inflow);
}

void
ec_relay_inflow_forget (EcRelaySession *self, EcRelayUpstream *up)
{
  while (up->inflows && up->inflows->len > 0) {
    forget (self, up->inflows->pdata[up->inflows->len - 1]);
  }
}

/* We have no room for it, or it is larger than we take: this stream is given up, the subscription goes on. */
static void
give_up (EcRelaySession *self, Inflow *inflow, EcMoqtStream *stream)
{
  EcRelayUpstream *up = inflow->up;

  ec_moq_feed_writer_abandon (up->writer, ec_relay_session_now (self), inflow->group,
                              inflow->subgroup, EC_MOQT_RESET_EXCESSIVE_LOAD);
  ec_moq_feed_flush (up->track->feed);
  forget (self, inflow);
  ec_moqt_stream_set_data (stream, NULL);
  ec_moqt_stream_stop (stream, EC_MOQT_RESET_EXCESSIVE_LOAD);
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  self->core->stats.n_overload++;
  ec_relay_core_unlock (self->core);
}

/* FALSE: the stream is not to be touched any more. */
static gboolean
judge (EcRelaySession *self, Inflow *inflow, EcMoqtStream *stream, EcMoqFeedPut put)
{
  switch (put) {
  case EC_MOQ_FEED_PUT_OK:
    return TRUE;
  case EC_MOQ_FEED_PUT_CONFLICT:
    ec_relay_upstream_ban (self, inflow->up);
    return FALSE;
  case EC_MOQ_FEED_PUT_TOO_LARGE:
  case EC_MOQ_FEED_PUT_FULL:
  default:
    give_up (self, inflow, stream);
    return FALSE;
  }
}

/* -- Streams of subscriptions */

void
ec_relay_inflow_stream_opened (EcRelaySession *self, EcMoqtStream *stream)
{
  EcMoqtRequest *request = ec_moqt_stream_get_request (stream);
  EcRelayItem *item = request ? ec_moqt_request_get_data (request) : NULL;
  EcRelayUpstream *up = (EcRelayUpstream *) item;
  Inflow *inflow;

  if (ec_moqt_stream_is_fetch (stream))
    return;
  if (!item || item->kind != EC_RELAY_ITEM_UPSTREAM || !up->writer) {
    ec_moqt_stream_stop (stream, EC_MOQT_RESET_CANCELLED);
    return;
  }
  if (self->n_streams >= self->core->config.limits.max_session_streams) {
    ec_moqt_stream_stop (stream, EC_MOQT_RESET_EXCESSIVE_LOAD);
    ec_relay_session_strike (self, "too many streams");
    return;
  }
  inflow = g_new0 (Inflow, 1);
  inflow->up = up;
  inflow->group = ec_moqt_stream_get_group (stream);
  g_ptr_array_add (up->inflows, inflow);
  self->n_streams++;
  ec_moqt_stream_set_data (stream, inflow);
}

static EcMoqFeedPut
begin (Inflow *inflow, EcMoqtStream *stream, guint64 now_us)
{
  inflow->subgroup = ec_moqt_stream_get_subgroup (stream);
  inflow->begun = TRUE;
  return ec_moq_feed_writer_begin (
      inflow->up->writer, now_us, inflow->group, inflow->subgroup,
      ec_moqt_stream_get_priority (stream), ec_moqt_stream_get_has_properties (stream),
      ec_moqt_stream_get_end_of_group (stream), ec_moqt_stream_get_first (stream));
}

/* What the tracks that the peer publishes hold; with `trim`, after so much of their old groups has gone. */
static gsize
get_held (EcRelaySession *self, gsize trim)
{
  GHashTableIter iter;
  gpointer key;
  gsize held = 0;

  g_hash_table_iter_init (&iter, self->items);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    EcRelayItem *item = key;
    EcMoqFeedStats stats = { 0 };

    if (item->kind != EC_RELAY_ITEM_UPSTREAM || !((EcRelayUpstream *) item)->writer)
      continue;
    if (trim > 0)
      ec_moq_feed_trim (((EcRelayUpstream *) item)->track->feed, ec_relay_session_now (self), trim);
    ec_moq_feed_get_stats (((EcRelayUpstream *) item)->track->feed, &stats);
    held += stats.bytes;
  }
  return held;
}

/* Whether the peer may fill so much more: where memory becomes scarce, nobody takes the others' part of it, by objects that never come, or
 * by more than anybody reads. */
static gboolean
may_hold (EcRelaySession *self, gsize size)
{
  gsize share = ec_relay_core_get_share (self->core, ec_relay_session_now (self), size);

  if (share == G_MAXSIZE)
    return TRUE;
  if (size > share)
    return FALSE;
  return get_held (self, 0) <= share - size || get_held (self, size) <= share - size;
}

static void
subgroup_object (EcRelaySession *self,
                 Inflow *inflow,
                 EcMoqtStream *stream,
                 const EcMoqtObject *object)
{
  guint64 now_us = ec_relay_session_now (self);
  EcMoqFeed *feed = inflow->up->track->feed;
  EcMoqFeedPut put;

  if (!inflow->begun && !judge (self, inflow, stream, begin (inflow, stream, now_us)))
    return;
  if (!may_hold (self, object->size)) {
    give_up (self, inflow, stream);
    return;
  }
  put = ec_moq_feed_writer_object (inflow->up->writer, now_us, object);
  if (put == EC_MOQ_FEED_PUT_FULL) {
    ec_relay_core_make_room (self->core, now_us, object->size);
    put = ec_moq_feed_writer_object (inflow->up->writer, now_us, object);
  }
  if (judge (self, inflow, stream, put) && object->size == 0)
    ec_moq_feed_flush (feed);
}

/* -- Fetches: whole objects */

static EcPayload *
make_payload (EcRelaySession *self, gsize size)
{
  EcPayload *payload;

  if (!may_hold (self, size))
    return NULL;
  payload = ec_payload_new (size, self->core->budget);
  if (payload)
    return payload;
  ec_relay_core_make_room (self->core, ec_relay_session_now (self), size);
  return ec_payload_new (size, self->core->budget);
}

void
ec_relay_inflow_put (EcRelaySession *self,
                     EcRelayUpstream *up,
                     EcMoqFeedWriter *writer,
                     const EcMoqtObject *object,
                     EcPayload *payload)
{
  guint64 now_us = ec_relay_session_now (self);
  EcMoqFeed *feed = up->track->feed;
  EcMoqFeedPut put = ec_moq_feed_writer_put_object (writer, now_us, object, payload);

  if (put == EC_MOQ_FEED_PUT_FULL) {
    ec_relay_core_make_room (self->core, now_us, object->size);
    put = ec_moq_feed_writer_put_object (writer, now_us, object, payload);
  }
  if (put == EC_MOQ_FEED_PUT_CONFLICT)
    ec_relay_upstream_ban (self, up);
  ec_moq_feed_flush (feed);
}

static void
fill_object (EcRelaySession *self, EcRelayFill *fill, const EcMoqtObject *object)
{
  fill->object = *object;
  if (object->properties)
    ec_moqt_properties_ref (object->properties);
  fill->coming = TRUE;
  if (object->size == 0)
    return;
  fill->payload = make_payload (self, object->size);
  if (fill->payload)
    return;
  /* It exists, though we have no room for it: what comes next must not say that it does not. */
  fill->coming = FALSE;
  fill->at = (EcMoqtLocation){ object->location.group, object->location.object + 1 };
}

static void
fill_ended (EcRelaySession *self, EcRelayFill *fill)
{
  if (fill->coming && fill->writer) {
    EcMoqtLocation at = fill->object.location;

    ec_relay_inflow_put (self, fill->upstream, fill->writer, &fill->object, fill->payload);
    ec_moq_feed_settle (fill->track->feed, fill->at, at);
    fill->at = (EcMoqtLocation){ at.group, at.object + 1 };
  }
  g_clear_pointer (&fill->payload, ec_payload_unref);
  g_clear_pointer (&fill->object.properties, ec_moqt_properties_unref);
  fill->coming = FALSE;
}

/* -- Events of either */

void
ec_relay_inflow_object (EcRelaySession *self, EcMoqtStream *stream, const EcMoqtObject *object)
{
  EcRelayFill *fill = get_fill (stream);
  Inflow *inflow = get_inflow (stream);

  if (fill)
    fill_object (self, fill, object);
  else if (inflow)
    subgroup_object (self, inflow, stream, object);
}

void
ec_relay_inflow_payload (EcRelaySession *self, EcMoqtStream *stream, const guint8 *data, gsize size)
{
  EcRelayFill *fill = get_fill (stream);
  Inflow *inflow = get_inflow (stream);
  EcMoqFeedPut put;

  if (fill && fill->coming)
    ec_payload_append (fill->payload, data, size);
  if (inflow) {
    put = ec_moq_feed_writer_put (inflow->up->writer, inflow->group, inflow->subgroup, data, size);
    if (!judge (self, inflow, stream, put))
      return;
    ec_relay_session_flush_soon (self, inflow->up->track->feed);
  }
  ec_moqt_stream_consume (stream, size);
}

void
ec_relay_inflow_object_ended (EcRelaySession *self, EcMoqtStream *stream)
{
  EcRelayFill *fill = get_fill (stream);

  if (fill)
    fill_ended (self, fill);
}

void
ec_relay_inflow_range (EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown)
{
  EcRelayFill *fill = get_fill (stream);

  /* Of what does not exist there is nothing to remember before the next object tells it. */
  if (fill && unknown)
    fill->at = (EcMoqtLocation){ to.group, to.object + 1 };
}

void
ec_relay_inflow_stream_ended (EcRelaySession *self,
                              EcMoqtStream *stream,
                              gboolean reset,
                              EcMoqtResetCode code)
{
  guint64 now_us = ec_relay_session_now (self);
  Inflow *inflow = get_inflow (stream);
  EcRelayUpstream *up;

  if (!inflow)
    return;
  up = inflow->up;
  if (inflow->begun && reset)
    ec_moq_feed_writer_abandon (up->writer, now_us, inflow->group, inflow->subgroup, code);
  else if (inflow->begun &&
           ec_moq_feed_writer_finish (up->writer, now_us, inflow->group, inflow->subgroup) ==
               EC_MOQ_FEED_PUT_CONFLICT) {
    ec_relay_upstream_ban (self, up);
    return;
  }
  ec_moq_feed_flush (up->track->feed);
  forget (self, inflow);
}

void
ec_relay_inflow_datagram (EcRelaySession *self,
                          EcMoqtRequest *request,
                          const EcMoqtObject *object,
                          const guint8 *payload,
                          gsize size)
{
  EcRelayItem *item = ec_moqt_request_get_data (request);
  EcRelayUpstream *up = (EcRelayUpstream *) item;
  g_autoptr (EcPayload) copy = NULL;

  if (!item || item->kind != EC_RELAY_ITEM_UPSTREAM || !up->writer)
    return;
  if (size > 0) {
    copy = make_payload (self, size);
    if (!copy)
      return;
    ec_payload_append (copy, payload, size);
  }
  ec_relay_inflow_put (self, up, up->writer, object, copy);
}
