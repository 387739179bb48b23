/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* Streams to the peer (§11.4), their priorities (§7) and their delivery timeouts (§8). One object is one write. */

guint32
ec_moqt_request_get_level (EcMoqtRequest *self, guint8 publisher)
{
  const EcMoqtParams *params = &self->params;
  guint32 subscriber = params->has & EC_MOQT_PARAM_SUBSCRIBER_PRIORITY ? params->subscriber_priority
                                                                       : EC_MOQT_DEFAULT_PRIORITY;

  return EC_MOQT_LEVEL_OBJECTS + subscriber * 256u + publisher;
}

static void
set_priority (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;
  EcMoqtRequest *request = self->request;
  guint64 group = self->context.head.group;

  /* §7.2: by priorities, then requests take turns, then by group, then by subgroup. A fetch is one stream. */
  session->io.set_priority (session->io_data, self->entry.id,
                            ec_moqt_request_get_level (request, self->priority), request->flow,
                            ec_moqt_request_is_descending (request) ? G_MAXUINT64 - group : group,
                            self->context.head.subgroup);
}

/* §8: the smaller of both sides', of those that are not 0. In microseconds. */
static guint64
timeout_of (const EcMoqtRequest *request, EcMoqtParamFlags flag, guint64 said_ms, guint64 property)
{
  guint64 subscriber = request->params.has & flag ? said_ms : 0;
  guint64 publisher = 0, ms;

  ec_moqt_properties_find_number (request->properties, property, &publisher);
  ms = subscriber == 0 ? publisher : publisher == 0 ? subscriber : MIN (subscriber, publisher);
  return MIN (ms, G_MAXUINT32) * 1000;
}

guint64
ec_moqt_request_get_delivery_timeout (EcMoqtRequest *self, gboolean subgroup)
{
  if (subgroup)
    return timeout_of (self, EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT,
                       self->params.subgroup_delivery_timeout_ms,
                       EC_MOQT_PROPERTY_SUBGROUP_DELIVERY_TIMEOUT);
  return timeout_of (self, EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT,
                     self->params.object_delivery_timeout_ms,
                     EC_MOQT_PROPERTY_OBJECT_DELIVERY_TIMEOUT);
}

static void
set_timeouts (EcMoqtStream *self)
{
  self->object_timeout_us = ec_moqt_request_get_delivery_timeout (self->request, FALSE);
  self->subgroup_timeout_us = ec_moqt_request_get_delivery_timeout (self->request, TRUE);
}

void
ec_moqt_send_update_params (EcMoqtRequest *request)
{
  if (!ec_moqt_request_is_publisher (request))
    return;
  for (EcMoqtStream *stream = request->streams; stream; stream = stream->request_next) {
    set_priority (stream);
    if (!ec_moqt_stream_is_fetch (stream))
      set_timeouts (stream);
  }
}

static EcMoqtStream *
open_stream (EcMoqtRequest *request)
{
  EcMoqtSession *session = request->session;
  EcMoqtStream *self;
  gint64 id = session->io.open_stream (session->io_data, TRUE);

  if (id < 0) {
    session->wants_stream = TRUE;
    return NULL;
  }
  self = ec_moqt_stream_new (session, id, FALSE);
  if (!self) {
    session->io.reset (session->io_data, id,
                       session->draft->reset_code (EC_MOQT_RESET_EXCESSIVE_LOAD));
    return NULL;
  }
  ec_moqt_stream_attach (self, request);
  self->told = TRUE;
  return self;
}

gboolean
ec_moqt_request_can_send (EcMoqtRequest *self)
{
  if (!ec_moqt_request_is_subscription (self) || !ec_moqt_request_is_publisher (self))
    return FALSE;
  if (!ec_moqt_request_get_forward (self))
    return FALSE;
  return self->state == EC_MOQT_REQUEST_GRANTED ||
         (self->ours && self->state == EC_MOQT_REQUEST_PENDING);
}

EcMoqtStream *
ec_moqt_request_open_subgroup (EcMoqtRequest *self,
                               guint64 group,
                               guint64 subgroup,
                               guint8 priority,
                               gboolean has_properties,
                               gboolean end_of_group,
                               gboolean first)
{
  EcMoqtStream *stream;
  EcMoqtStreamHead *head;

  if (ec_moqt_session_is_over (self->session) || !ec_moqt_request_can_send (self))
    return NULL;
  stream = open_stream (self);
  if (!stream)
    return NULL;
  head = &stream->context.head;
  head->kind = EC_MOQT_STREAM_SUBGROUP;
  head->track_alias = self->alias;
  head->group = group;
  head->id_mode = subgroup == 0 ? EC_MOQT_SUBGROUP_ID_ZERO : EC_MOQT_SUBGROUP_ID_GIVEN;
  head->subgroup = subgroup;
  head->has_priority = TRUE;
  head->priority = priority;
  head->has_properties = has_properties;
  head->end_of_group = end_of_group;
  head->first_object = first;
  stream->priority = priority;
  set_timeouts (stream);
  set_priority (stream);
  return stream;
}

EcMoqtStream *
ec_moqt_request_open_fetch (EcMoqtRequest *self)
{
  EcMoqtStream *stream;

  if (ec_moqt_session_is_over (self->session) || self->kind != EC_MOQT_REQUEST_FETCH ||
      self->ours || self->fetch_opened || self->state >= EC_MOQT_REQUEST_DRAINING)
    return NULL;
  stream = open_stream (self);
  if (!stream)
    return NULL;
  self->fetch_opened = TRUE;
  stream->context.head.kind = EC_MOQT_STREAM_FETCH;
  stream->context.head.request_id = self->id;
  stream->context.descending = ec_moqt_request_is_descending (self);
  stream->priority = EC_MOQT_DEFAULT_PRIORITY;
  set_priority (stream);
  return stream;
}

/* -- The end */
/* Its request knows nothing of it any more; a fetch ends with it. */
static void
let_go (EcMoqtStream *self, EcMoqtDoneCode done)
{
  EcMoqtRequest *request = self->request;

  ec_moqt_stream_detach (self);
  if (!request || request->kind != EC_MOQT_REQUEST_FETCH)
    return;
  request->fetch_over = TRUE;
  request->done = done;
  ec_moqt_fetch_check_over (request);
}

static void
reset (EcMoqtStream *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;

  session->io.reset (session->io_data, self->entry.id, session->draft->reset_code (code));
}

/* Without its request, silently. */
void
ec_moqt_send_drop (EcMoqtStream *self, EcMoqtResetCode code)
{
  if (self->phase != EC_MOQT_PHASE_LOST)
    reset (self, code);
  ec_moqt_stream_bury (self);
}

static void
tell_lost (EcMoqtSession *session, gpointer owner, guint code)
{
  EcMoqtStream *self = owner;

  self->dead = TRUE;
  ec_moqt_emit (session, stream_stopped, self, (EcMoqtResetCode) code);
  if (ec_moqt_session_is_over (session))
    return;
  let_go (self, ec_moqt_done_code_of_reset ((EcMoqtResetCode) code));
  ec_moqt_stream_bury (self);
}

void
ec_moqt_send_lose (EcMoqtStream *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;

  if (self->phase == EC_MOQT_PHASE_LOST)
    return;
  reset (self, code);
  if (self->phase == EC_MOQT_PHASE_FINISHED) {
    ec_moqt_stream_bury (self); /* the user knows it no more */
    return;
  }
  ec_moqt_timer_unset (session, &self->timer);
  self->phase = EC_MOQT_PHASE_LOST;
  ec_moqt_session_defer (session, tell_lost, self, code);
}

void
ec_moqt_send_was_stopped (EcMoqtStream *self, guint64 code)
{
  EcMoqtSession *session = self->session;
  EcMoqtResetCode why = session->draft->reset_code_read (code);

  if (self->dead || self->phase == EC_MOQT_PHASE_LOST)
    return;
  reset (self, EC_MOQT_RESET_CANCELLED);
  if (self->phase == EC_MOQT_PHASE_FINISHED)
    ec_moqt_stream_bury (self);
  else
    tell_lost (session, self, why);
}

void
ec_moqt_send_closed (EcMoqtStream *self)
{
  if (self->dead)
    return;
  if (self->phase == EC_MOQT_PHASE_FINISHED)
    ec_moqt_stream_bury (self);
  else if (self->phase != EC_MOQT_PHASE_LOST)
    tell_lost (self->session, self, EC_MOQT_RESET_CANCELLED);
}

/* What the subscriber does not want any more (§5.1, §10.9.1). */
void
ec_moqt_send_narrow (EcMoqtRequest *request)
{
  gboolean forward = ec_moqt_request_get_forward (request);
  const EcMoqtFilter *filter = &request->params.filter;
  gboolean filtered = (request->params.has & EC_MOQT_PARAM_SUBSCRIPTION_FILTER) != 0;

  if (!ec_moqt_request_is_subscription (request) || !ec_moqt_request_is_publisher (request))
    return;
  for (EcMoqtStream *stream = request->streams; stream; stream = stream->request_next) {
    guint64 group = stream->context.head.group;
    gboolean wanted = forward;

    if (filtered && filter->kind >= EC_MOQT_FILTER_ABSOLUTE_START && group < filter->start.group)
      wanted = FALSE;
    if (filtered && filter->kind == EC_MOQT_FILTER_ABSOLUTE_RANGE && group > filter->end_group)
      wanted = FALSE;
    if (!wanted)
      ec_moqt_send_lose (stream, EC_MOQT_RESET_CANCELLED);
  }
}

/* -- Delivery timeouts (§8) */
static void
subgroup_timed_out (EcMoqtSession *session, gpointer owner)
{
  ec_moqt_send_lose (owner, EC_MOQT_RESET_DELIVERY_TIMEOUT);
}

/* Whether an object that was begun too long ago has not even begun to leave. */
static gboolean
is_late (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;
  guint64 sent;

  if (!self->marked || self->object_timeout_us == 0) /* an update may have taken it back */
    return FALSE;
  sent = self->written - session->io.get_unsent (session->io_data, self->entry.id);
  if (sent > self->mark) {
    /* What is behind it was begun later; it has as long again. */
    self->marked = sent < self->written;
    self->mark = sent;
    self->mark_us = session->now_us;
    return FALSE;
  }
  return session->now_us - self->mark_us >= self->object_timeout_us;
}

static void
object_timer (EcMoqtSession *session, gpointer owner)
{
  EcMoqtStream *self = owner;

  if (is_late (self))
    ec_moqt_send_lose (self, EC_MOQT_RESET_DELIVERY_TIMEOUT);
  else if (self->marked && self->object_timeout_us > 0)
    ec_moqt_timer_set (session, &self->timer, self->mark_us + self->object_timeout_us, object_timer,
                       self);
}

/* An object begins; only the oldest that has not left is watched. */
static void
watch (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;

  if (self->marked)
    return;
  self->marked = TRUE;
  self->mark = self->written;
  self->mark_us = session->now_us;
  ec_moqt_timer_set (session, &self->timer, self->mark_us + self->object_timeout_us, object_timer,
                     self);
}

void
ec_moqt_send_sent (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;

  if (self->dead || self->phase == EC_MOQT_PHASE_LOST)
    return;
  self->marked = FALSE;
  if (self->phase == EC_MOQT_PHASE_FINISHED) {
    if (self->subgroup_timeout_us == 0)
      ec_moqt_stream_bury (self);
    return;
  }
  ec_moqt_timer_unset (session, &self->timer);
  ec_moqt_emit (session, stream_sent, self);
}

/* -- For the user */
static gboolean
can_write (const EcMoqtStream *self)
{
  return !self->incoming && !self->dead && self->phase <= EC_MOQT_PHASE_PAYLOAD &&
         !ec_moqt_session_is_over (self->session);
}

static GByteArray *
start_head (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;

  g_byte_array_set_size (session->scratch, 0);
  if (!self->head_done) {
    self->head_done = TRUE;
    session->draft->write_stream_head (session->scratch, &self->context.head);
    if (self->request)
      self->request->n_streams++;
  }
  return session->scratch;
}

static void
emit_bytes (EcMoqtStream *self,
            const GByteArray *head,
            EcPayload *payload,
            gsize offset,
            gsize size,
            gboolean fin)
{
  EcMoqtSession *session = self->session;

  self->written += (head ? head->len : 0) + size;
  session->io.write (session->io_data, self->entry.id, head ? head->data : NULL,
                     head ? head->len : 0, size > 0 ? payload : NULL, offset, size, fin);
}

/* FALSE: a relay has it from a peer with larger ids; the stream is lost: the peer would have to close the session (§1.4.1). */
static gboolean
can_say (EcMoqtStream *self, EcMoqtLocation location, guint64 subgroup)
{
  EcMoqtSession *session = self->session;
  guint64 max = session->draft->max_number;

  if (location.group <= max && location.object <= max && subgroup <= max &&
      self->context.head.subgroup <= max)
    return TRUE;
  ec_moqt_session_enter (session);
  ec_moqt_send_lose (self, EC_MOQT_RESET_INTERNAL_ERROR);
  ec_moqt_session_leave (session, FALSE);
  return FALSE;
}

/* FALSE: it comes too late, or cannot be said; the stream is lost. */
static gboolean
begin_object (EcMoqtStream *self, const EcMoqtObject *object, GByteArray **head)
{
  EcMoqtSession *session = self->session;
  EcMoqtItem item = { 0 };

  if (!can_say (self, object->location, object->subgroup))
    return FALSE;
  if (self->object_timeout_us > 0) {
    if (is_late (self)) {
      ec_moqt_session_enter (session);
      ec_moqt_send_lose (self, EC_MOQT_RESET_DELIVERY_TIMEOUT);
      ec_moqt_session_leave (session, FALSE);
      return FALSE;
    }
    ec_moqt_session_enter (session);
    watch (self);
    ec_moqt_session_leave (session, FALSE);
  }
  item.location = object->location;
  item.datagram = object->datagram;
  item.subgroup = object->subgroup;
  item.has_priority = TRUE;
  item.priority = object->priority;
  item.status = object->status;
  item.properties = object->properties;
  item.size = object->size;
  *head = start_head (self);
  session->draft->write_item (*head, &self->context, &item);
  return TRUE;
}

void
ec_moqt_stream_begin_object (EcMoqtStream *self, const EcMoqtObject *object)
{
  GByteArray *head;

  if (!can_write (self))
    return;
  g_return_if_fail (self->left == 0);
  if (!begin_object (self, object, &head))
    return;
  self->left = object->size;
  emit_bytes (self, head, NULL, 0, 0, FALSE);
}

void
ec_moqt_stream_write (EcMoqtStream *self, EcPayload *payload, gsize offset, gsize size)
{
  if (!can_write (self))
    return;
  g_return_if_fail (size <= self->left);
  self->left -= size;
  if (size > 0)
    emit_bytes (self, NULL, payload, offset, size, FALSE);
}

void
ec_moqt_stream_write_object (EcMoqtStream *self, const EcMoqtObject *object, EcPayload *payload)
{
  GByteArray *head;

  if (!can_write (self))
    return;
  g_return_if_fail (self->left == 0);
  g_return_if_fail (object->size == (payload ? ec_payload_get_size (payload) : 0));
  if (begin_object (self, object, &head))
    emit_bytes (self, head, payload, 0, (gsize) object->size, FALSE);
}

void
ec_moqt_stream_write_range (EcMoqtStream *self, EcMoqtLocation to, gboolean unknown)
{
  EcMoqtItem item = { 0 };
  GByteArray *head;

  if (!can_write (self))
    return;
  g_return_if_fail (self->left == 0 && ec_moqt_stream_is_fetch (self));
  if (!can_say (self, to, 0))
    return;
  item.kind = unknown ? EC_MOQT_ITEM_END_OF_UNKNOWN_RANGE : EC_MOQT_ITEM_END_OF_NON_EXISTENT_RANGE;
  item.location = to;
  head = start_head (self);
  self->session->draft->write_item (head, &self->context, &item);
  emit_bytes (self, head, NULL, 0, 0, FALSE);
}

void
ec_moqt_stream_finish (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;

  if (self->incoming || ec_moqt_session_is_over (session))
    return;
  if (!can_write (self) || self->left > 0) {
    ec_moqt_stream_reset (self, EC_MOQT_RESET_INTERNAL_ERROR);
    return;
  }
  ec_moqt_session_enter (session);
  emit_bytes (self, start_head (self), NULL, 0, 0, TRUE);
  self->phase = EC_MOQT_PHASE_FINISHED;
  let_go (self, EC_MOQT_DONE_SUBSCRIPTION_ENDED);
  if (self->subgroup_timeout_us > 0)
    ec_moqt_timer_set (session, &self->timer, session->now_us + self->subgroup_timeout_us,
                       subgroup_timed_out, self);
  else if (!self->marked)
    ec_moqt_stream_bury (self);
  ec_moqt_session_leave (session, FALSE);
}

void
ec_moqt_stream_reset (EcMoqtStream *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;

  if (self->incoming || self->dead || ec_moqt_session_is_over (session) ||
      self->phase == EC_MOQT_PHASE_FINISHED)
    return;
  ec_moqt_session_enter (session);
  if (self->phase != EC_MOQT_PHASE_LOST)
    reset (self, code);
  let_go (self, ec_moqt_done_code_of_reset (code));
  ec_moqt_stream_bury (self);
  ec_moqt_session_leave (session, FALSE);
}

gsize
ec_moqt_stream_get_unsent (EcMoqtStream *self)
{
  if (self->incoming || self->dead || self->phase == EC_MOQT_PHASE_LOST ||
      ec_moqt_session_is_over (self->session))
    return 0;
  return self->session->io.get_unsent (self->session->io_data, self->entry.id);
}
