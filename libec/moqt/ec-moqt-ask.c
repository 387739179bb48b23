/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* What we ask of the peer: it waits in order for an id and a stream, is sent, and is answered. */

static EcMoqtMessageKind
message_kind (const EcMoqtRequest *request)
{
  switch (request->kind) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
    return EC_MOQT_SUBSCRIBE;
  case EC_MOQT_REQUEST_PUBLISH:
    return EC_MOQT_PUBLISH;
  case EC_MOQT_REQUEST_FETCH:
    return EC_MOQT_FETCH;
  case EC_MOQT_REQUEST_TRACK_STATUS:
    return EC_MOQT_TRACK_STATUS;
  case EC_MOQT_REQUEST_PUBLISH_NAMESPACE:
    return EC_MOQT_PUBLISH_NAMESPACE;
  case EC_MOQT_REQUEST_SUBSCRIBE_TRACKS:
    return EC_MOQT_SUBSCRIBE_TRACKS;
  default:
    return EC_MOQT_SUBSCRIBE_NAMESPACE;
  }
}

static void
answer_timed_out (EcMoqtSession *session, gpointer owner)
{
  EcMoqtRequest *request = owner;

  ec_moqt_ask_withdraw (request, EC_MOQT_RESET_CANCELLED);
  ec_moqt_request_refused_locally (request, EC_MOQT_ERROR_TIMEOUT, "The peer did not answer");
}

/* Whether it goes on a stream of its own; FALSE: there is none for it now. */
static gboolean
find_channel (EcMoqtRequest *request)
{
  EcMoqtSession *session = request->session;
  gint64 id;

  if (session->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM &&
      !(session->draft->own_stream & (1u << message_kind (request))))
    return TRUE;
  if (request->channel)
    return TRUE;
  id = session->io.open_stream (session->io_data, FALSE);
  if (id < 0)
    return FALSE;
  request->channel = ec_moqt_channel_new (session, id);
  if (!request->channel) {
    session->io.reset (session->io_data, id,
                       session->draft->reset_code (EC_MOQT_RESET_EXCESSIVE_LOAD));
    session->io.stop (session->io_data, id,
                      session->draft->reset_code (EC_MOQT_RESET_EXCESSIVE_LOAD));
    return FALSE;
  }
  request->channel->request = request;
  request->channel->begun = TRUE;
  return TRUE;
}

static void
send_request (EcMoqtRequest *request, guint64 id)
{
  EcMoqtSession *session = request->session;
  EcMoqtMessage message = { .kind = message_kind (request) };

  if (request->joins) {
    request->joining_id = request->joins->id;
    g_queue_remove (&request->joins->joiners, request);
    request->joins = NULL;
  }
  ec_moqt_request_register (request, id);
  ec_moqt_request_set_state (request, EC_MOQT_REQUEST_PENDING);
  /* Borrowed for the writing. */
  message.request_id = id;
  message.name = request->name;
  message.params = request->params;
  message.properties = request->properties;
  message.track_alias = request->alias;
  message.interest = request->interest;
  message.fetch = request->fetch;
  message.start = request->start;
  message.end = request->end;
  message.joining_request_id = request->joining_id;
  message.joining_start = request->joining_start;
  ec_moqt_request_send (request, &message, FALSE);
  ec_moqt_timer_set (session, &request->timer,
                     session->now_us + session->limits.answer_timeout_ms * (guint64) 1000,
                     answer_timed_out, request);
}

/* In order: what is behind waits until what is in front has gone. */
void
ec_moqt_ask_flush (EcMoqtSession *self)
{
  EcMoqtRequest *request;

  if (self->state != EC_MOQT_STATE_READY)
    return;
  while ((request = g_queue_peek_head (&self->waiting))) {
    gboolean unsent = request->state == EC_MOQT_REQUEST_UNSENT;
    guint64 id;

    if (ec_moqt_blocked_was_told (request))
      continue;
    if (unsent && !find_channel (request)) {
      ec_moqt_blocked_tell (self);
      return;
    }
    if (!ec_moqt_ids_next (self, &id))
      return;
    g_queue_pop_head (&self->waiting);
    request->queued = FALSE;
    if (unsent)
      send_request (request, id);
    else
      ec_moqt_update_send (request, id);
  }
}

void
ec_moqt_ask_queue (EcMoqtRequest *request)
{
  if (!request->queued) {
    request->queued = TRUE;
    g_queue_push_tail (&request->session->waiting, request);
  }
  ec_moqt_ask_flush (request->session);
}

/* -- Answers */
void
ec_moqt_ask_refusal (const EcMoqtMessage *message, EcMoqtRefusal *refusal)
{
  refusal->code = message->error;
  refusal->reason = message->text ? message->text : "";
  refusal->retry = message->retry;
  refusal->retry_interval_ms = message->retry_interval_ms;
  refusal->redirect_uri = message->uri;
  refusal->redirect_name = message->redirect;
}

static gboolean
fits (const EcMoqtRequest *request, EcMoqtMessageKind kind)
{
  switch (request->kind) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
    return kind == EC_MOQT_SUBSCRIBE_OK;
  case EC_MOQT_REQUEST_PUBLISH:
    return kind == EC_MOQT_PUBLISH_OK ||
           (kind == EC_MOQT_REQUEST_OK &&
            request->session->draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS);
  case EC_MOQT_REQUEST_FETCH:
    return kind == EC_MOQT_FETCH_OK;
  default:
    return kind == EC_MOQT_REQUEST_OK;
  }
}

/* §2.6.1: a track that asks for what we do not have is not for us. */
static gboolean
is_understood (EcMoqtRequest *request, EcMoqtMessage *message)
{
  gboolean broken = ec_moqt_properties_is_malformed (message->properties);

  if (!broken && !(request->session->draft->mandatory_properties &&
                   ec_moqt_properties_find_mandatory (message->properties)))
    return TRUE;
  if (message->kind == EC_MOQT_SUBSCRIBE_OK &&
      !ec_moqt_alias_add (request->session, message->track_alias, NULL, NULL))
    return FALSE;
  ec_moqt_ask_withdraw (request, EC_MOQT_RESET_CANCELLED);
  if (broken)
    ec_moqt_request_refused_locally (request, EC_MOQT_ERROR_MALFORMED_TRACK,
                                     "The track's properties cannot be made out");
  else
    ec_moqt_request_refused_locally (request, EC_MOQT_ERROR_UNSUPPORTED_EXTENSION,
                                     "The track has a property that must be understood and is not");
  return FALSE;
}

/* §10.13; of a relative joining fetch only the publisher knows where it begins. */
static gboolean
check_fetch_end (EcMoqtRequest *request, const EcMoqtMessage *message)
{
  EcMoqtLocation start = request->start;

  if (request->kind != EC_MOQT_REQUEST_FETCH)
    return TRUE;
  request->has_told_end = TRUE;
  request->told_end = message->end;
  if (request->fetch == EC_MOQT_FETCH_ABSOLUTE_JOINING)
    start = (EcMoqtLocation){ request->joining_start, 0 };
  if (request->fetch == EC_MOQT_FETCH_RELATIVE_JOINING ||
      ec_moqt_fetch_range_is_valid (start, message->end))
    return TRUE;
  ec_moqt_session_fail (request->session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                        "FETCH_OK ends before the range begins");
  return FALSE;
}

/* What the answer says of the track, and what it does not change of what we asked. */
static gboolean
take_answer (EcMoqtRequest *request, EcMoqtMessage *message)
{
  EcMoqtSession *session = request->session;

  if (request->kind == EC_MOQT_REQUEST_SUBSCRIBE) {
    request->alias = message->track_alias;
    if (!ec_moqt_alias_add (session, message->track_alias, request->name, request))
      return FALSE;
  }
  if (!check_fetch_end (request, message))
    return FALSE;
  if (request->kind != EC_MOQT_REQUEST_PUBLISH && message->properties) {
    g_clear_pointer (&request->properties, ec_moqt_properties_unref);
    request->properties = ec_moqt_properties_ref (message->properties);
  }
  if (message->params.has & EC_MOQT_PARAM_LARGEST_OBJECT) {
    request->has_largest = TRUE;
    request->largest = message->params.largest;
  }
  if (request->kind == EC_MOQT_REQUEST_PUBLISH) {
    request->params.has &= ~(guint) EC_MOQT_PARAM_FORWARD; /* §10.2.12: not said is 1 */
    ec_moqt_params_update (&request->params, &message->params);
    ec_moqt_send_narrow (request);
    ec_moqt_send_update_params (request);
  }
  return TRUE;
}

void
ec_moqt_ask_answered (EcMoqtRequest *request, EcMoqtMessage *message)
{
  EcMoqtSession *session = request->session;
  EcMoqtGrant grant = { 0 };

  if (message->kind == EC_MOQT_REQUEST_ERROR) {
    EcMoqtRefusal refusal;

    ec_moqt_ask_refusal (message, &refusal);
    ec_moqt_request_refused (request, &refusal);
    return;
  }
  if (!fits (request, message->kind)) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "An answer does not fit its request");
    return;
  }
  if (!ec_moqt_scope_check (session, message, ec_moqt_scope_of_ok (request)))
    return;
  if (message->kind != EC_MOQT_SUBSCRIBE_OK && message->kind != EC_MOQT_FETCH_OK &&
      request->kind != EC_MOQT_REQUEST_TRACK_STATUS &&
      !ec_moqt_scope_check_properties (session, message))
    return;
  ec_moqt_timer_unset (session, &request->timer);
  if (!is_understood (request, message) || !take_answer (request, message))
    return;
  ec_moqt_request_set_state (request, EC_MOQT_REQUEST_GRANTED);

  grant.params = message->params; /* borrowed */
  grant.properties = message->properties;
  grant.end = message->end;
  grant.end_of_track = message->end_of_track;
  ec_moqt_emit (session, granted, request, &grant);
  if (ec_moqt_session_is_over (session) || request->state == EC_MOQT_REQUEST_ENDED)
    return;
  if (request->kind == EC_MOQT_REQUEST_TRACK_STATUS)
    ec_moqt_request_finished (request, EC_MOQT_DONE_SUBSCRIPTION_ENDED, "Answered");
  else if (request->kind == EC_MOQT_REQUEST_FETCH)
    ec_moqt_fetch_check_over (request);
  else if (ec_moqt_request_is_subscription (request))
    ec_moqt_alias_wake_streams (session);
}

/* -- The end from our side */
static gboolean
withdrawal (const EcMoqtRequest *request, EcMoqtMessage *message)
{
  switch (request->kind) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
    message->kind = EC_MOQT_UNSUBSCRIBE;
    return request->ours;
  case EC_MOQT_REQUEST_PUBLISH:
    message->kind = EC_MOQT_UNSUBSCRIBE;
    return !request->ours;
  case EC_MOQT_REQUEST_FETCH:
    message->kind = EC_MOQT_FETCH_CANCEL;
    return request->ours;
  case EC_MOQT_REQUEST_PUBLISH_NAMESPACE:
    message->kind =
        request->ours ? EC_MOQT_PUBLISH_NAMESPACE_DONE : EC_MOQT_PUBLISH_NAMESPACE_CANCEL;
    return TRUE;
  default:
    return FALSE;
  }
}

void
ec_moqt_ask_withdraw (EcMoqtRequest *request, EcMoqtResetCode code)
{
  EcMoqtMessage message = { 0 };

  if (request->state == EC_MOQT_REQUEST_UNSENT || request->state == EC_MOQT_REQUEST_DRAINING)
    return;
  if (request->channel) {
    EcMoqtChannel *channel = request->channel;

    request->channel = NULL;
    channel->request = NULL;
    ec_moqt_channel_abort (channel, code);
    return;
  }
  message.request_id = request->id;
  message.text = (char *) "";
  if (withdrawal (request, &message))
    ec_moqt_request_send (request, &message, FALSE);
}
