/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* The end of subscriptions (§10.11): PUBLISH_DONE comes before the last streams do. */

EcMoqtDoneCode
ec_moqt_done_code_of_reset (EcMoqtResetCode code)
{
  switch (code) {
  case EC_MOQT_RESET_CANCELLED:
    return EC_MOQT_DONE_SUBSCRIPTION_ENDED;
  case EC_MOQT_RESET_GOING_AWAY:
    return EC_MOQT_DONE_GOING_AWAY;
  case EC_MOQT_RESET_TOO_FAR_BEHIND:
    return EC_MOQT_DONE_TOO_FAR_BEHIND;
  case EC_MOQT_RESET_EXPIRED_AUTH_TOKEN:
    return EC_MOQT_DONE_UNAUTHORIZED;
  case EC_MOQT_RESET_EXCESSIVE_LOAD:
    return EC_MOQT_DONE_EXCESSIVE_LOAD;
  case EC_MOQT_RESET_MALFORMED_TRACK:
    return EC_MOQT_DONE_MALFORMED_TRACK;
  default:
    return EC_MOQT_DONE_INTERNAL_ERROR;
  }
}

/* -- We subscribe */
static void
expired (EcMoqtSession *session, gpointer owner)
{
  EcMoqtRequest *request = owner;

  request->done_expired = TRUE;
  ec_moqt_done_check (request);
}

/* The longer delivery timeout of either side; streams are not expected beyond it. */
static guint64
patience (const EcMoqtRequest *request)
{
  const EcMoqtParams *params = &request->params;
  guint64 ms = 0, number;

  if (params->has & EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT)
    ms = MAX (ms, params->object_delivery_timeout_ms);
  if (params->has & EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT)
    ms = MAX (ms, params->subgroup_delivery_timeout_ms);
  if (ec_moqt_properties_find_number (request->properties, EC_MOQT_PROPERTY_OBJECT_DELIVERY_TIMEOUT,
                                      &number))
    ms = MAX (ms, number);
  if (ec_moqt_properties_find_number (request->properties,
                                      EC_MOQT_PROPERTY_SUBGROUP_DELIVERY_TIMEOUT, &number))
    ms = MAX (ms, number);
  ms = MIN (ms, 60 * 1000);
  return MAX (ms * 1000, EC_MOQT_DONE_TIMEOUT_US);
}

void
ec_moqt_done_check (EcMoqtRequest *request)
{
  g_autofree char *text = NULL;

  if (request->state != EC_MOQT_REQUEST_DRAINING || request->streams)
    return;
  if (!request->done_expired && request->n_streams_ended < request->done_count)
    return;
  text = g_steal_pointer (&request->done_text);
  ec_moqt_request_finished (request, request->done, text);
}

static void
check_deferred (EcMoqtSession *session, gpointer owner, guint code)
{
  ec_moqt_done_check (owner);
}

void
ec_moqt_done_check_later (EcMoqtRequest *request)
{
  if (request->state == EC_MOQT_REQUEST_DRAINING)
    ec_moqt_session_defer (request->session, check_deferred, request, 0);
}

void
ec_moqt_done_received (EcMoqtRequest *request, const EcMoqtMessage *message)
{
  EcMoqtSession *session = request->session;

  if (!ec_moqt_request_is_subscription (request) || ec_moqt_request_is_publisher (request) ||
      request->state == EC_MOQT_REQUEST_DRAINING ||
      (request->ours && request->state != EC_MOQT_REQUEST_GRANTED)) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "PUBLISH_DONE of what is no subscription");
    return;
  }
  if (request->state == EC_MOQT_REQUEST_PENDING) {
    ec_moqt_request_finished (request, message->done, message->text);
    ec_moqt_alias_wake_streams (session);
    return;
  }
  ec_moqt_request_set_state (request, EC_MOQT_REQUEST_DRAINING);
  request->done = message->done;
  request->done_text = g_strdup (message->text);
  request->done_count = message->stream_count;
  ec_moqt_timer_set (session, &request->timer, session->now_us + patience (request), expired,
                     request);
  if (request->channel) {
    EcMoqtChannel *channel = request->channel;

    request->channel = NULL;
    channel->request = NULL;
    ec_moqt_channel_finish (channel);
  }
  ec_moqt_done_check (request);
}

/* -- We publish */
void
ec_moqt_done_send (EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason)
{
  EcMoqtMessage message = { .kind = EC_MOQT_PUBLISH_DONE };
  EcMoqtStream *stream;

  while ((stream = request->streams)) {
    ec_moqt_stream_detach (stream);
    ec_moqt_send_drop (stream, code == EC_MOQT_DONE_TOO_FAR_BEHIND ? EC_MOQT_RESET_TOO_FAR_BEHIND
                                                                   : EC_MOQT_RESET_CANCELLED);
  }
  message.request_id = request->id;
  message.done = code;
  message.stream_count = request->n_streams;
  message.text = (char *) (reason ? reason : "");
  ec_moqt_request_send (request, &message, TRUE);
}

void
ec_moqt_request_finish (EcMoqtRequest *self, EcMoqtDoneCode code, const char *reason)
{
  EcMoqtSession *session = self->session;

  g_return_if_fail (ec_moqt_request_is_subscription (self) && ec_moqt_request_is_publisher (self));

  if (self->state == EC_MOQT_REQUEST_ENDED || ec_moqt_session_is_over (session))
    return;
  if (!self->ours && self->state == EC_MOQT_REQUEST_PENDING) {
    ec_moqt_request_refuse (self, EC_MOQT_ERROR_INTERNAL_ERROR, reason);
    return;
  }
  ec_moqt_session_enter (session);
  if (self->state != EC_MOQT_REQUEST_UNSENT)
    ec_moqt_done_send (self, code, reason);
  ec_moqt_request_end (self, EC_MOQT_RESET_CANCELLED);
  ec_moqt_session_leave (session, FALSE);
}
