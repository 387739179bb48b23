/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/*
 * Streams from the peer (§11.4): heads are collected until they are whole, payload goes through as it comes. What was
 * received and not given back to flow control yet is `unconsumed`: heads are given back here, payload by the user, and what is
 * left when the stream ends.
 */

EcMoqtStream *
ec_moqt_receive_new (EcMoqtSession *session, gint64 id)
{
  return ec_moqt_stream_new (session, id, TRUE);
}

static gboolean
is_gone (const EcMoqtStream *self)
{
  return self->dead || ec_moqt_session_is_over (self->session);
}

static void
give_back (EcMoqtStream *self, gsize size)
{
  EcMoqtSession *session = self->session;

  size = MIN (size, self->unconsumed);
  if (size == 0)
    return;
  self->unconsumed -= size;
  if (!self->closed)
    session->io.consume (session->io_data, self->entry.id, size);
}

static void
stop (EcMoqtStream *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;

  if (!self->fin && !self->closed)
    session->io.stop (session->io_data, self->entry.id, session->draft->reset_code (code));
}

/* -- The end */
void
ec_moqt_receive_ended (EcMoqtStream *self, gboolean reset, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;
  EcMoqtRequest *request;

  if (self->dead) {
    ec_moqt_stream_detach (self);
    return;
  }
  self->dead = TRUE; /* whatever the user does meanwhile */
  self->ending = !reset;
  if (reset)
    give_back (self, self->unconsumed);
  if (self->told)
    ec_moqt_emit (session, stream_ended, self, reset, code);
  self->ending = FALSE;
  if (!ec_moqt_session_is_over (session))
    give_back (self, self->unconsumed);
  request = self->request;
  ec_moqt_stream_bury (self);
  if (!request || ec_moqt_session_is_over (session))
    return;
  request->n_streams_ended++;
  if (request->kind == EC_MOQT_REQUEST_FETCH) {
    request->fetch_over = TRUE;
    request->done = reset ? ec_moqt_done_code_of_reset (code) : EC_MOQT_DONE_SUBSCRIPTION_ENDED;
    ec_moqt_fetch_check_over (request);
  } else {
    ec_moqt_done_check (request);
  }
}

/* Silently. */
void
ec_moqt_receive_stop (EcMoqtStream *self, EcMoqtResetCode code)
{
  if (self->dead)
    return;
  stop (self, code);
  give_back (self, self->unconsumed);
  ec_moqt_stream_bury (self);
}

void
ec_moqt_receive_reset (EcMoqtStream *self, guint64 code)
{
  ec_moqt_receive_ended (self, TRUE, self->session->draft->reset_code_read (code));
}

/* There is no room for it, or no patience left. */
static void
give_up (EcMoqtStream *self, EcMoqtResetCode code)
{
  stop (self, code);
  ec_moqt_receive_ended (self, TRUE, code);
}

/* Of a request that is over: tells the user of it. */
void
ec_moqt_receive_give_up (EcMoqtStream *self, EcMoqtResetCode code)
{
  if (!self->dead)
    stop (self, code);
  ec_moqt_receive_ended (self, TRUE, code);
}

static void
timed_out (EcMoqtSession *session, gpointer owner)
{
  give_up (owner, EC_MOQT_RESET_CANCELLED);
}

static void
set_timer (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;
  gboolean expects = self->phase == EC_MOQT_PHASE_HEAD || self->phase == EC_MOQT_PHASE_WAITING ||
                     self->in.size > 0;

  if (!expects)
    ec_moqt_timer_unset (session, &self->timer);
  else if (!self->timer.place)
    ec_moqt_timer_set (session, &self->timer,
                       session->now_us + session->limits.head_timeout_ms * (guint64) 1000,
                       timed_out, self);
}

void
ec_moqt_receive_malformed (EcMoqtRequest *request, const char *text)
{
  ec_moqt_ask_withdraw (request, EC_MOQT_RESET_MALFORMED_TRACK);
  ec_moqt_request_end_streams (request, EC_MOQT_RESET_MALFORMED_TRACK);
  if (ec_moqt_session_is_over (request->session) || request->state == EC_MOQT_REQUEST_ENDED)
    return;
  if (request->ours && request->state == EC_MOQT_REQUEST_PENDING)
    ec_moqt_request_refused_locally (request, EC_MOQT_ERROR_MALFORMED_TRACK, text);
  else
    ec_moqt_request_finished (request, EC_MOQT_DONE_MALFORMED_TRACK, text);
}

/* -- What it says */
typedef EcMoqtRead (*Parse) (EcMoqtStream *self, EcReader *reader);

/*
 * One head out of what is kept and what is new. MORE: all that is new was kept. BAD: the stream or the session is over.
 */
static EcMoqtRead
take (EcMoqtStream *self, const guint8 **data, gsize *size, gsize cap, Parse parse)
{
  EcReader reader;
  EcMoqtRead result;
  gsize kept = self->in.size, n = *size;

  if (kept == 0) {
    ec_reader_init (&reader, *data, *size);
    result = parse (self, &reader);
    if (is_gone (self))
      return EC_MOQT_READ_BAD;
    if (result == EC_MOQT_READ_DONE) {
      *data += reader.pos;
      *size -= reader.pos;
      give_back (self, reader.pos);
      return result;
    }
  }
  n = MIN (n, cap - MIN (cap, kept));
  if (n < *size && kept == 0) {
    ec_moqt_session_fail (self->session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A head without an end");
    return EC_MOQT_READ_BAD;
  }
  if (!ec_moqt_buffer_append (&self->in, *data, n)) {
    give_up (self, EC_MOQT_RESET_EXCESSIVE_LOAD);
    return EC_MOQT_READ_BAD;
  }
  if (kept == 0) {
    *size = 0;
    return EC_MOQT_READ_MORE;
  }

  ec_reader_init (&reader, self->in.data, self->in.size);
  result = parse (self, &reader);
  if (is_gone (self))
    return EC_MOQT_READ_BAD;
  if (result == EC_MOQT_READ_DONE) {
    gsize used = reader.pos > kept ? reader.pos - kept : 0;

    if (reader.pos == 0) { /* nothing is taken of a control stream */
      *data += n;
      *size -= n;
      return result;
    }
    give_back (self, reader.pos);
    self->in.size = 0;
    *data += used;
    *size -= used;
    return result;
  }
  if (self->in.size >= cap) {
    ec_moqt_session_fail (self->session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A head without an end");
    return EC_MOQT_READ_BAD;
  }
  *size = 0;
  return result;
}

static EcMoqtRead
parse_head (EcMoqtStream *self, EcReader *reader)
{
  EcMoqtProblem problem = { EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A malformed stream" };
  EcMoqtRead result =
      self->session->draft->read_stream_head (reader, &self->context.head, &problem);

  if (result == EC_MOQT_READ_BAD)
    ec_moqt_session_fail (self->session, problem.code, problem.text);
  else if (result == EC_MOQT_READ_DONE)
    self->phase = EC_MOQT_PHASE_WAITING;
  return result;
}

/* §2.6.1, §12: NULL: nothing wrong. */
const char *
ec_moqt_receive_find_bad_property (EcMoqtSession *session, const EcMoqtItem *item)
{
  guint64 gap;

  if (!item->properties)
    return NULL;
  if (ec_moqt_properties_is_malformed (item->properties))
    return "Properties that cannot be made out";
  if (ec_moqt_properties_find_number (item->properties, EC_MOQT_PROPERTY_PRIOR_GROUP_ID_GAP,
                                      &gap) &&
      gap > item->location.group)
    return "A gap that is larger than the group's id";
  if (ec_moqt_properties_find_number (item->properties, EC_MOQT_PROPERTY_PRIOR_OBJECT_ID_GAP,
                                      &gap) &&
      gap > item->location.object)
    return "A gap that is larger than the object's id";
  if (ec_moqt_properties_count (item->properties, EC_MOQT_PROPERTY_PRIOR_GROUP_ID_GAP) > 1 ||
      ec_moqt_properties_count (item->properties, EC_MOQT_PROPERTY_PRIOR_OBJECT_ID_GAP) > 1)
    return "A gap that is told twice";
  if (session->draft->mandatory_properties && ec_moqt_properties_find_mandatory (item->properties))
    return "A property of tracks on an object";
  return NULL;
}

/* §2.4.2. NULL: nothing wrong. */
static const char *
find_fault (EcMoqtStream *self, const EcMoqtItem *item, gboolean any, EcMoqtLocation last)
{
  EcMoqtRequest *request = self->request;
  gboolean fetch = ec_moqt_stream_is_fetch (self);
  const char *fault;

  if (self->over)
    return "An object behind the last of its group or track";
  if (fetch && any) {
    gboolean forward = item->location.group == last.group ? item->location.object > last.object
                       : self->context.descending         ? item->location.group < last.group
                                                          : item->location.group > last.group;

    if (!forward)
      return "Objects of a fetch in the wrong order";
  }
  if (fetch && item->kind == EC_MOQT_ITEM_OBJECT && !ec_moqt_fetch_has (request, item->location))
    return "An object that was not asked for";
  fault = ec_moqt_receive_find_bad_property (self->session, item);
  if (!fault && !fetch)
    fault = ec_moqt_ends_object (request, item->location, item->status);
  return fault;
}

static void
take_object (EcMoqtStream *self, const EcMoqtItem *item)
{
  EcMoqtSession *session = self->session;
  EcMoqtObject object = { 0 };

  object.location = item->location;
  object.subgroup = item->subgroup;
  object.datagram = item->datagram;
  object.priority = item->has_priority ? item->priority : self->priority;
  object.status = item->status;
  object.properties = item->properties;
  object.size = item->size;
  if (item->status != EC_MOQT_OBJECT_NORMAL)
    self->over = TRUE;
  if (item->size > 0) {
    self->phase = EC_MOQT_PHASE_PAYLOAD;
    self->left = item->size;
  }
  ec_moqt_emit (session, object, self, &object);
  if (item->size == 0 && !is_gone (self))
    ec_moqt_emit (session, object_ended, self);
}

static EcMoqtRead
parse_item (EcMoqtStream *self, EcReader *reader)
{
  EcMoqtSession *session = self->session;
  EcMoqtProblem problem = { EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A malformed object" };
  EcMoqtItem item = { 0 };
  gboolean any = self->context.any;
  EcMoqtLocation last = self->context.last;
  EcMoqtRead result = session->draft->read_item (reader, &self->context, &item, &problem);
  const char *fault;

  if (result == EC_MOQT_READ_BAD)
    ec_moqt_session_fail (session, problem.code, problem.text);
  if (result != EC_MOQT_READ_DONE)
    return result;

  fault = find_fault (self, &item, any, last);
  if (fault)
    ec_moqt_receive_malformed (self->request, fault);
  else if (item.kind != EC_MOQT_ITEM_OBJECT)
    ec_moqt_emit (session, range, self, item.location,
                  item.kind == EC_MOQT_ITEM_END_OF_UNKNOWN_RANGE);
  else if (item.size > session->limits.max_object_size)
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "An object is too large");
  else
    take_object (self, &item);
  ec_moqt_item_clear (&item);
  return EC_MOQT_READ_DONE;
}

static void
take_payload (EcMoqtStream *self, const guint8 **data, gsize *size)
{
  gsize n = (gsize) MIN (self->left, *size);
  const guint8 *piece = *data;

  *data += n;
  *size -= n;
  self->left -= n;
  if (self->left == 0)
    self->phase = EC_MOQT_PHASE_ITEM;
  ec_moqt_emit (self->session, payload, self, piece, n);
  if (self->left == 0 && !is_gone (self))
    ec_moqt_emit (self->session, object_ended, self);
}

/* It cannot go on now: keeps what came. */
static void
keep (EcMoqtStream *self, const guint8 *data, gsize size)
{
  EcMoqtSession *session = self->session;

  if (size > EC_MOQT_MAX_WAITING_BYTES - MIN (session->waiting_bytes, EC_MOQT_MAX_WAITING_BYTES) ||
      !ec_moqt_buffer_append (&self->in, data, size))
    ec_moqt_receive_stop (self, EC_MOQT_RESET_EXCESSIVE_LOAD);
  else
    session->waiting_bytes += size;
}

/* §11.4.2: what is behind the last object of this stream, if its head says that the group ends here. */
static const char *
end_group (EcMoqtStream *self)
{
  const EcMoqtStreamContext *context = &self->context;

  if (context->head.kind != EC_MOQT_STREAM_SUBGROUP || !context->head.end_of_group || self->over ||
      !context->any || context->last.object == G_MAXUINT64 || !self->request)
    return NULL;
  return ec_moqt_ends_group (self->request, context->head.group, context->last.object + 1);
}

static void
take_end (EcMoqtStream *self)
{
  const char *fault;

  if (self->phase == EC_MOQT_PHASE_WAITING)
    return;
  if (self->phase == EC_MOQT_PHASE_PAYLOAD || self->in.size > 0) {
    ec_moqt_session_fail (self->session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "A stream ended within an object");
    return;
  }
  fault = end_group (self);
  if (fault)
    ec_moqt_receive_malformed (self->request, fault);
  else
    ec_moqt_receive_ended (self, FALSE, EC_MOQT_RESET_CANCELLED);
}

static void
advance (EcMoqtStream *self, const guint8 *data, gsize size)
{
  while (!is_gone (self) && size > 0) {
    switch (self->phase) {
    case EC_MOQT_PHASE_HEAD:
      if (take (self, &data, &size, EC_MOQT_MAX_STREAM_HEAD, parse_head) != EC_MOQT_READ_DONE)
        break;
      if (self->context.head.kind == EC_MOQT_STREAM_CONTROL) {
        ec_moqt_receive_become_control (self, data, size, self->fin);
        return;
      }
      if (self->context.head.kind == EC_MOQT_STREAM_PADDING)
        self->phase = EC_MOQT_PHASE_DISCARD;
      else
        ec_moqt_receive_place (self);
      break;
    case EC_MOQT_PHASE_WAITING:
      keep (self, data, size);
      return;
    case EC_MOQT_PHASE_ITEM:
      take (self, &data, &size, EC_MOQT_MAX_ITEM_HEAD, parse_item);
      break;
    case EC_MOQT_PHASE_PAYLOAD:
      take_payload (self, &data, &size);
      break;
    default: /* padding */
      give_back (self, size);
      size = 0;
      break;
    }
  }
}

static void
settle (EcMoqtStream *self)
{
  if (!is_gone (self) && self->fin)
    take_end (self);
  if (!is_gone (self))
    set_timer (self);
}

void
ec_moqt_receive_data (EcMoqtStream *self, const guint8 *data, gsize size, gboolean fin)
{
  self->unconsumed += size;
  self->fin |= fin;
  advance (self, data, size);
  settle (self);
}

void
ec_moqt_receive_resume (EcMoqtStream *self)
{
  EcMoqtBuffer in;

  ec_moqt_alias_unpark_stream (self);
  in = self->in;
  self->in = (EcMoqtBuffer){ 0 };
  ec_moqt_receive_place (self);
  if (!is_gone (self) && self->phase == EC_MOQT_PHASE_WAITING) {
    /* It waits for the next thing. */
    self->in = in;
    self->session->waiting_bytes += in.size;
    return;
  }
  if (!is_gone (self))
    ec_moqt_timer_unset (self->session, &self->timer);
  advance (self, in.data, in.size);
  ec_moqt_buffer_clear (&in);
  settle (self);
}

/* -- For the user */
void
ec_moqt_stream_consume (EcMoqtStream *self, gsize size)
{
  if (self->incoming && !is_gone (self))
    give_back (self, size);
}

gint64
ec_moqt_stream_keep_credit (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;
  EcMoqtKept *kept;

  if (!self->ending || self->closed || self->unconsumed == 0 || ec_moqt_session_is_over (session))
    return -1;
  kept = ec_moqt_try_new0 (EcMoqtKept);
  if (!kept)
    return -1;
  kept->id = self->entry.id;
  kept->size = self->unconsumed;
  self->unconsumed = 0;
  g_hash_table_replace (session->kept, &kept->id, kept);
  return kept->id;
}

void
ec_moqt_session_consume (EcMoqtSession *self, gint64 id, gsize size)
{
  EcMoqtKept *kept = g_hash_table_lookup (self->kept, &id);

  if (!kept)
    return;
  size = MIN (size, kept->size);
  kept->size -= size;
  if (kept->size == 0)
    g_hash_table_remove (self->kept, &id);
  if (size > 0)
    self->io.consume (self->io_data, id, size);
}

static void
fetch_was_stopped (EcMoqtSession *session, gpointer owner, guint code)
{
  ec_moqt_fetch_check_over (owner);
}

void
ec_moqt_stream_stop (EcMoqtStream *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;
  EcMoqtRequest *request = self->request;

  if (!self->incoming || is_gone (self))
    return;
  ec_moqt_session_enter (session);
  ec_moqt_receive_stop (self, code);
  if (request) {
    request->n_streams_ended++;
    if (request->kind == EC_MOQT_REQUEST_FETCH) {
      request->fetch_over = TRUE;
      request->done = EC_MOQT_DONE_SUBSCRIPTION_ENDED;
      ec_moqt_session_defer (session, fetch_was_stopped, request, 0);
    } else {
      ec_moqt_done_check_later (request);
    }
  }
  ec_moqt_session_leave (session, FALSE);
}
