/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/*
 * Objects on their way from a peer's streams into the feed. Payload is passed on as it comes, never object by object.
 *
 * Of several publishers of a track, one serves it, and the others stand by (DESIGN §6): what such a one says before the one that serves is
 * held here, and compared when that has said it, or passed on when that has stalled. So nobody but the one that serves can put anything
 * before a reader.
 */

/* What is held of one publisher's track. Who is that far before the others is given up. */
#define MAX_HELD (16 * 1024 * 1024)

typedef enum {
  STEP_OBJECT,
  STEP_DATA,
  STEP_END,
} StepKind;

typedef struct {
  StepKind kind;
  EcMoqtObject object; /* of STEP_OBJECT, with a reference to its properties */
  EcPayload *payload;  /* of STEP_DATA; owned */
  gboolean reset;      /* of STEP_END … */
  EcMoqtResetCode code;
  gsize reckoned; /* what it takes besides the payload */
} Step;

typedef struct {
  EcRelayUpstream *up;  /* its own list holds this */
  EcMoqtStream *stream; /* NULL: it has ended, and its end is held */
  guint64 group, subgroup;
  gboolean begun;
  guint8 priority;
  gboolean has_properties, end_of_group, first;
  GQueue held; /* of Step; nothing passes it */
} Inflow;

static void
step_free (EcRelaySession *self, Step *step)
{
  ec_relay_core_unreckon (self->core, step->reckoned);
  if (step->object.properties)
    ec_moqt_properties_unref (step->object.properties);
  g_clear_pointer (&step->payload, ec_payload_unref);
  g_free (step);
}

static gsize
get_cost (const Step *step)
{
  return step->reckoned + (step->payload ? ec_payload_get_size (step->payload) : 0);
}

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
  Step *step;

  self->n_streams--;
  g_ptr_array_remove_fast (inflow->up->inflows, inflow);
  while ((step = g_queue_pop_head (&inflow->held))) {
    inflow->up->held -= get_cost (step);
    step_free (self, step);
  }
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
give_up (EcRelaySession *self, Inflow *inflow)
{
  EcRelayUpstream *up = inflow->up;
  EcMoqtStream *stream = inflow->stream;

  ec_moq_feed_writer_abandon (up->writer, ec_relay_session_now (self), inflow->group,
                              inflow->subgroup, EC_MOQT_RESET_EXCESSIVE_LOAD);
  ec_moq_feed_flush (up->track->feed);
  forget (self, inflow);
  if (stream) {
    ec_moqt_stream_set_data (stream, NULL);
    ec_moqt_stream_stop (stream, EC_MOQT_RESET_EXCESSIVE_LOAD);
  }
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  self->core->stats.n_overload++;
  ec_relay_core_unlock (self->core);
}

/* FALSE: it is gone, and its stream is not to be touched any more. */
static gboolean
judge (EcRelaySession *self, Inflow *inflow, EcMoqFeedPut put)
{
  switch (put) {
  case EC_MOQ_FEED_PUT_OK:
  case EC_MOQ_FEED_PUT_AHEAD:
    return TRUE;
  case EC_MOQ_FEED_PUT_CONFLICT:
    ec_relay_upstream_ban (self, inflow->up);
    return FALSE;
  case EC_MOQ_FEED_PUT_TOO_LARGE:
  case EC_MOQ_FEED_PUT_FULL:
  default:
    give_up (self, inflow);
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
  inflow->stream = stream;
  g_queue_init (&inflow->held);
  inflow->group = ec_moqt_stream_get_group (stream);
  g_ptr_array_add (up->inflows, inflow);
  self->n_streams++;
  ec_moqt_stream_set_data (stream, inflow);
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

/* -- One step of a stream after the other */

static EcMoqFeedPut
take_object (EcRelaySession *self, Inflow *inflow, const EcMoqtObject *object)
{
  EcMoqFeedWriter *writer = inflow->up->writer;
  guint64 now_us = ec_relay_session_now (self);
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_OK;

  if (!inflow->begun)
    put =
        ec_moq_feed_writer_begin (writer, now_us, inflow->group, inflow->subgroup, inflow->priority,
                                  inflow->has_properties, inflow->end_of_group, inflow->first);
  if (put != EC_MOQ_FEED_PUT_OK)
    return put;
  inflow->begun = TRUE;
  if (!may_hold (self, object->size))
    return EC_MOQ_FEED_PUT_FULL;
  put = ec_moq_feed_writer_object (writer, now_us, object);
  if (put != EC_MOQ_FEED_PUT_FULL)
    return put;
  ec_relay_core_make_room (self->core, now_us, object->size);
  return ec_moq_feed_writer_object (writer, now_us, object);
}

static EcMoqFeedPut
take_data (EcRelaySession *self, Inflow *inflow, const guint8 *data, gsize size)
{
  return ec_moq_feed_writer_put (inflow->up->writer, ec_relay_session_now (self), inflow->group,
                                 inflow->subgroup, data, size);
}

static EcMoqFeedPut
take_end (EcRelaySession *self, Inflow *inflow, gboolean reset, EcMoqtResetCode code)
{
  guint64 now_us = ec_relay_session_now (self);

  if (!inflow->begun)
    return EC_MOQ_FEED_PUT_OK;
  if (!reset)
    return ec_moq_feed_writer_finish (inflow->up->writer, now_us, inflow->group, inflow->subgroup);
  ec_moq_feed_writer_abandon (inflow->up->writer, now_us, inflow->group, inflow->subgroup, code);
  return EC_MOQ_FEED_PUT_OK;
}

/* -- What is held */

/* As long as it is set, the track's tick lets us look whether that may be said. */
static void
set_holds (EcRelaySession *self, EcRelayUpstream *up, gboolean holds)
{
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  up->holds = holds;
  ec_relay_core_unlock (self->core);
}

/* Takes the step. FALSE: there is no room, and the stream is given up. */
static gboolean
hold (EcRelaySession *self, Inflow *inflow, Step *step)
{
  EcRelayUpstream *up = inflow->up;
  gsize overhead = sizeof *step + ec_moqt_properties_get_memory (step->object.properties);

  if (ec_relay_core_try_reckon (self->core, overhead))
    step->reckoned = overhead;
  g_queue_push_tail (&inflow->held, step);
  up->held += get_cost (step);
  if (up->held > MAX_HELD || step->reckoned == 0 || (step->kind == STEP_DATA && !step->payload)) {
    give_up (self, inflow);
    return FALSE;
  }
  if (!up->holds)
    set_holds (self, up, TRUE);
  return TRUE;
}

/* What of it may be said by now; FALSE: the inflow is gone. */
static gboolean
let_go_on (EcRelaySession *self, Inflow *inflow)
{
  Step *step;

  while ((step = g_queue_peek_head (&inflow->held))) {
    EcMoqFeedPut put = EC_MOQ_FEED_PUT_OK;
    gboolean end = step->kind == STEP_END;

    if (step->kind == STEP_OBJECT)
      put = take_object (self, inflow, &step->object);
    else if (end)
      put = take_end (self, inflow, step->reset, step->code);
    else
      put = take_data (self, inflow, ec_payload_get_data (step->payload),
                       ec_payload_get_size (step->payload));
    if (put == EC_MOQ_FEED_PUT_AHEAD)
      return TRUE;
    ec_relay_session_flush_soon (self, inflow->up->track->feed);
    if (!judge (self, inflow, put))
      return FALSE;
    g_queue_pop_head (&inflow->held);
    inflow->up->held -= get_cost (step);
    step_free (self, step);
    if (end) {
      forget (self, inflow);
      return FALSE;
    }
  }
  return TRUE;
}

void
ec_relay_inflow_go_on (EcRelaySession *self, EcRelayUpstream *up)
{
  g_autoptr (GPtrArray) inflows = NULL;

  if (!up->holds)
    return;
  inflows = g_ptr_array_copy (up->inflows, NULL, NULL);
  /* One may take others with it. */
  for (guint i = 0; i < inflows->len; i++)
    if (g_ptr_array_find (up->inflows, inflows->pdata[i], NULL))
      (void) let_go_on (self, inflows->pdata[i]);
  if (up->held == 0)
    set_holds (self, up, FALSE);
}

static void
subgroup_object (EcRelaySession *self, Inflow *inflow, const EcMoqtObject *object)
{
  EcMoqFeed *feed = inflow->up->track->feed;
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_AHEAD;
  Step *step;

  if (!inflow->begun) {
    inflow->subgroup = ec_moqt_stream_get_subgroup (inflow->stream);
    inflow->priority = ec_moqt_stream_get_priority (inflow->stream);
    inflow->has_properties = ec_moqt_stream_get_has_properties (inflow->stream);
    inflow->end_of_group = ec_moqt_stream_get_end_of_group (inflow->stream);
    inflow->first = ec_moqt_stream_get_first (inflow->stream);
  }
  if (!let_go_on (self, inflow))
    return;
  if (g_queue_is_empty (&inflow->held))
    put = take_object (self, inflow, object);
  if (put != EC_MOQ_FEED_PUT_AHEAD) {
    if (judge (self, inflow, put) && object->size == 0)
      ec_moq_feed_flush (feed);
    return;
  }
  step = g_new0 (Step, 1);
  step->kind = STEP_OBJECT;
  step->object = *object;
  if (object->properties)
    ec_moqt_properties_ref (object->properties);
  (void) hold (self, inflow, step);
}

/* FALSE: the inflow is gone. */
static gboolean
subgroup_data (EcRelaySession *self, Inflow *inflow, const guint8 *data, gsize size)
{
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_AHEAD;
  Step *step;

  if (!let_go_on (self, inflow))
    return FALSE;
  if (g_queue_is_empty (&inflow->held))
    put = take_data (self, inflow, data, size);
  if (put != EC_MOQ_FEED_PUT_AHEAD) {
    if (!judge (self, inflow, put))
      return FALSE;
    ec_relay_session_flush_soon (self, inflow->up->track->feed);
    return TRUE;
  }
  step = g_new0 (Step, 1);
  step->kind = STEP_DATA;
  step->payload = make_payload (self, size);
  if (step->payload)
    ec_payload_append (step->payload, data, size);
  return hold (self, inflow, step);
}

/* -- Fetches: whole objects */

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
    subgroup_object (self, inflow, object);
}

void
ec_relay_inflow_payload (EcRelaySession *self, EcMoqtStream *stream, const guint8 *data, gsize size)
{
  EcRelayFill *fill = get_fill (stream);
  Inflow *inflow = get_inflow (stream);

  if (fill && fill->coming)
    ec_payload_append (fill->payload, data, size);
  if (!inflow || subgroup_data (self, inflow, data, size))
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
  Inflow *inflow = get_inflow (stream);
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_AHEAD;
  Step *step;

  if (!inflow)
    return;
  inflow->stream = NULL;
  if (!let_go_on (self, inflow))
    return;
  if (g_queue_is_empty (&inflow->held))
    put = take_end (self, inflow, reset, code);
  if (put != EC_MOQ_FEED_PUT_AHEAD) {
    ec_moq_feed_flush (inflow->up->track->feed);
    if (put != EC_MOQ_FEED_PUT_CONFLICT || judge (self, inflow, put))
      forget (self, inflow);
    return;
  }
  step = g_new0 (Step, 1);
  step->kind = STEP_END;
  step->reset = reset;
  step->code = code;
  (void) hold (self, inflow, step);
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
