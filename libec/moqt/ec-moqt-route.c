/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* Which request a message is about: up to draft 16 its id tells, since 17 the stream that it came on. */

static void
violation (EcMoqtSession *session, const char *text)
{
  ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, text);
}

static gboolean
is_answer (EcMoqtMessageKind kind)
{
  return kind == EC_MOQT_REQUEST_OK || kind == EC_MOQT_REQUEST_ERROR ||
         kind == EC_MOQT_SUBSCRIBE_OK || kind == EC_MOQT_PUBLISH_OK || kind == EC_MOQT_FETCH_OK;
}

/* §10.6.1: what is about a namespace is not sent elsewhere for a track, and a track's name may be empty. */
static gboolean
check_redirect (const EcMoqtRequest *request, EcMoqtMessage *message)
{
  EcMoqtField none = { 0 };
  EcMoqtName *name = message->redirect;

  if (!name || ec_moqt_name_is_track (name) == ec_moqt_request_is_about_track (request))
    return TRUE;
  if (ec_moqt_name_is_track (name))
    return FALSE;
  message->redirect = ec_moqt_name_new_track (name, &none);
  ec_moqt_name_unref (name);
  return TRUE;
}

/* An answer to a request of ours, or to an update of ours of either side's. */
static void
answer (EcMoqtRequest *request, EcMoqtMessage *message)
{
  if (!check_redirect (request, message)) {
    violation (request->session, "A namespace is redirected to a track");
    return;
  }
  if (request->ours && request->state == EC_MOQT_REQUEST_PENDING)
    ec_moqt_ask_answered (request, message);
  else if (!ec_moqt_update_answered (request, message))
    violation (request->session, "An answer to nothing");
}

/* The peer wants no more: UNSUBSCRIBE and its kin. */
static void
cancel (EcMoqtRequest *request, const EcMoqtMessage *message)
{
  gboolean fits;

  switch (message->kind) {
  case EC_MOQT_UNSUBSCRIBE:
    fits = ec_moqt_request_is_subscription (request) && ec_moqt_request_is_publisher (request);
    break;
  case EC_MOQT_FETCH_CANCEL:
    fits = request->kind == EC_MOQT_REQUEST_FETCH && !request->ours;
    break;
  case EC_MOQT_UNSUBSCRIBE_NAMESPACE:
    fits = (request->kind == EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE ||
            request->kind == EC_MOQT_REQUEST_SUBSCRIBE_TRACKS) &&
           !request->ours;
    break;
  default:
    fits = request->kind == EC_MOQT_REQUEST_PUBLISH_NAMESPACE && !request->ours;
    break;
  }
  if (!fits)
    violation (request->session, "A message does not fit the request that it names");
  else
    ec_moqt_request_cancelled (request);
}

static void
withdrawn (EcMoqtRequest *request, const EcMoqtMessage *message)
{
  if (request->kind != EC_MOQT_REQUEST_PUBLISH_NAMESPACE || !request->ours)
    violation (request->session, "A message does not fit the request that it names");
  else
    ec_moqt_request_finished (request,
                              message->error == EC_MOQT_ERROR_UNAUTHORIZED
                                  ? EC_MOQT_DONE_UNAUTHORIZED
                                  : EC_MOQT_DONE_SUBSCRIPTION_ENDED,
                              message->text);
}

/* An update of what is over, or has not come yet: what it registers counts, and its id is used up (§10.1, §10.2.2). */
static void
refuse_update (EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtSession *session = channel->session;
  EcMoqtErrorCode code;

  if (ec_moqt_tokens_resolve (session, &message->params, FALSE, &code) == EC_MOQT_TOKENS_CLOSED)
    return;
  ec_moqt_answer_refuse_id (channel, message->request_id, EC_MOQT_ERROR_DOES_NOT_EXIST,
                            "There is no such request now");
  ec_moqt_ids_give_credit (session);
}

/* What is asked on a stream of its own may come behind what is said of it on the control stream. */
static gboolean
may_be_late (const EcMoqtSession *session, guint64 id)
{
  return ((id & 1) != 0) != session->config.server && id / 2 < session->ids.next;
}

/* By id, on the control stream up to draft 16. */
static void
route_by_id (EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtSession *session = channel->session;
  guint64 id = message->request_id;
  gboolean updates = message->kind == EC_MOQT_REQUEST_UPDATE;
  EcMoqtRequest *request;
  gpointer updated;

  if (updates) {
    if (!ec_moqt_ids_take (session, channel, id))
      return;
    id = message->existing_request_id;
  }
  request = g_hash_table_lookup (session->by_id, &id);
  if (is_answer (message->kind) &&
      g_hash_table_lookup_extended (session->updates, &id, NULL, &updated)) {
    /* It may come before that of the request itself. */
    if (!updated)
      g_hash_table_remove (session->updates, &id);
    else if (!ec_moqt_update_answered (updated, message))
      violation (session, "An answer does not fit its request");
    return;
  }
  if (!request || request->state == EC_MOQT_REQUEST_UNSENT ||
      (updates && request->state == EC_MOQT_REQUEST_DRAINING)) {
    /* It ended here while the message was on its way; an id that was never used is another thing. */
    if (!ec_moqt_ids_was_used (session, id) && !(updates && may_be_late (session, id)))
      ec_moqt_session_fail (
          session, updates ? EC_MOQT_CLOSE_PROTOCOL_VIOLATION : EC_MOQT_CLOSE_INVALID_REQUEST_ID,
          "A message names a request that does not exist");
    else if (updates)
      refuse_update (channel, message);
    else if (message->kind == EC_MOQT_SUBSCRIBE_OK)
      ec_moqt_alias_add (session, message->track_alias, NULL, NULL);
    return;
  }

  switch (message->kind) {
  case EC_MOQT_REQUEST_UPDATE:
    ec_moqt_update_received (request, channel, message);
    break;
  case EC_MOQT_UNSUBSCRIBE:
  case EC_MOQT_FETCH_CANCEL:
  case EC_MOQT_PUBLISH_NAMESPACE_DONE:
  case EC_MOQT_UNSUBSCRIBE_NAMESPACE:
    cancel (request, message);
    break;
  case EC_MOQT_PUBLISH_NAMESPACE_CANCEL:
    withdrawn (request, message);
    break;
  case EC_MOQT_PUBLISH_DONE:
    ec_moqt_done_received (request, message);
    break;
  default:
    answer (request, message);
    break;
  }
}

/* Up to 16 an answer tells its question on a stream, too: the request, or an update of it, of which no section says where it is
 * answered. */
static void
answer_on_stream (EcMoqtRequest *request, EcMoqtMessage *message)
{
  EcMoqtSession *session = request->session;

  if (session->draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS || message->request_id == request->id)
    answer (request, message);
  else if (g_hash_table_lookup (session->updates, &message->request_id) != request ||
           !ec_moqt_update_answered (request, message))
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_INVALID_REQUEST_ID,
                          "An answer on another request's stream");
}

/* On a stream that is a request's own. */
static void
route_by_stream (EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtSession *session = channel->session;
  EcMoqtRequest *request = channel->request;

  switch (message->kind) {
  case EC_MOQT_REQUEST_OK:
  case EC_MOQT_REQUEST_ERROR:
  case EC_MOQT_SUBSCRIBE_OK:
  case EC_MOQT_PUBLISH_OK:
  case EC_MOQT_FETCH_OK:
    answer_on_stream (request, message);
    break;
  case EC_MOQT_REQUEST_UPDATE:
    if (session->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM &&
        message->existing_request_id != request->id)
      violation (session, "An update on another request's stream");
    else if (ec_moqt_ids_take (session, channel, message->request_id))
      ec_moqt_update_received (request, channel, message);
    break;
  case EC_MOQT_PUBLISH_DONE:
    ec_moqt_done_received (request, message);
    break;
  case EC_MOQT_NAMESPACE:
  case EC_MOQT_NAMESPACE_DONE:
  case EC_MOQT_PUBLISH_BLOCKED:
    ec_moqt_spaces_received (request, message);
    break;
  case EC_MOQT_GOAWAY:
    ec_moqt_setup_goaway_received (session, channel, message);
    break;
  default:
    violation (session, "A message that has no place on a request's stream");
    break;
  }
}

static void
route_control (EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtSession *session = channel->session;
  gboolean one = session->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM;

  if (!session->setup_received && message->kind != EC_MOQT_SETUP) {
    violation (session, "The first message is not SETUP");
    return;
  }
  switch (message->kind) {
  case EC_MOQT_SETUP:
    ec_moqt_setup_received (session, channel, message);
    return;
  case EC_MOQT_GOAWAY:
    ec_moqt_setup_goaway_received (session, channel, message);
    return;
  case EC_MOQT_MAX_REQUEST_ID:
    ec_moqt_ids_got_credit (session, message->max_request_id, FALSE);
    if (!ec_moqt_session_is_over (session))
      ec_moqt_ask_flush (session);
    return;
  case EC_MOQT_REQUESTS_BLOCKED:
    return; /* credit comes when requests end, not when it is asked for */
  default:
    break;
  }
  if (!one || message->kind == EC_MOQT_NAMESPACE || message->kind == EC_MOQT_NAMESPACE_DONE)
    violation (session, "A message that has no place on the control stream");
  else if (!ec_moqt_answer_is_request (message->kind))
    route_by_id (channel, message);
  else if (session->draft->own_stream & (1u << message->kind))
    violation (session, "A request that belongs on a stream of its own");
  else
    ec_moqt_answer_requested (channel, message);
}

void
ec_moqt_route_message (EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtSession *session = channel->session;

  if (channel->control) {
    route_control (channel, message);
  } else if (channel->request) {
    route_by_stream (channel, message);
  } else if (!ec_moqt_answer_is_request (message->kind) ||
             (session->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM &&
              !(session->draft->own_stream & (1u << message->kind)))) {
    violation (session, "A stream begins with what is no request");
  } else {
    ec_moqt_answer_requested (channel, message);
  }
}

/* -- The peer ended its half of a request's stream, or wants no more of ours (§3.3.2) */
static void
lost (EcMoqtRequest *request, const char *text)
{
  if (request->state == EC_MOQT_REQUEST_PENDING && request->ours)
    ec_moqt_request_refused_locally (request, EC_MOQT_ERROR_INTERNAL_ERROR, text);
  else
    ec_moqt_request_finished (request, EC_MOQT_DONE_INTERNAL_ERROR, text);
}

void
ec_moqt_route_ended (EcMoqtChannel *channel, gboolean reset)
{
  EcMoqtRequest *request = channel->request;

  if (!request || request->state == EC_MOQT_REQUEST_DRAINING)
    return;
  if (!request->ours) {
    switch (request->kind) {
    case EC_MOQT_REQUEST_PUBLISH:
      ec_moqt_request_finished (request, EC_MOQT_DONE_INTERNAL_ERROR,
                                "The publisher closed the request's stream");
      break;
    case EC_MOQT_REQUEST_SUBSCRIBE:
    case EC_MOQT_REQUEST_FETCH:
    case EC_MOQT_REQUEST_TRACK_STATUS:
      if (reset) /* FIN: it only says that no update will come */
        ec_moqt_request_cancelled (request);
      break;
    default:
      ec_moqt_request_cancelled (request);
      break;
    }
    return;
  }
  if (request->kind == EC_MOQT_REQUEST_PUBLISH && request->state == EC_MOQT_REQUEST_GRANTED) {
    /* FIN behind PUBLISH_OK: it has no update to send. */
    if (reset)
      ec_moqt_request_cancelled (request);
  } else if (request->kind == EC_MOQT_REQUEST_FETCH && !reset &&
             request->state == EC_MOQT_REQUEST_GRANTED) {
    return; /* the data stream tells when it is over */
  } else {
    lost (request, "The peer closed the request's stream");
  }
}

void
ec_moqt_route_stopped (EcMoqtChannel *channel)
{
  EcMoqtRequest *request = channel->request;

  if (!request || request->state == EC_MOQT_REQUEST_DRAINING)
    return;
  /* Of ours, the other half tells what has become of it; only a publisher is told this way that nobody wants it. */
  if (request->ours && request->kind != EC_MOQT_REQUEST_PUBLISH)
    return;
  if (request->ours || request->kind != EC_MOQT_REQUEST_PUBLISH)
    ec_moqt_request_cancelled (request);
}
