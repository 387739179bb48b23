/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* REQUEST_UPDATE (§10.9), both ways. */

void
ec_moqt_update_free_ours (gpointer update)
{
  g_clear_pointer (&((EcMoqtOurUpdate *) update)->prefix, ec_moqt_name_unref);
  g_free (update);
}

void
ec_moqt_update_free_peer (gpointer update)
{
  g_clear_pointer (&((EcMoqtPeerUpdate *) update)->prefix, ec_moqt_name_unref);
  g_free (update);
}

/* -- Ours */
static void watch_answers (EcMoqtRequest *request);

/* The request goes on as if it had been refused; the answer may still come, and is heard then. */
static void
answer_timed_out (EcMoqtSession *session, gpointer owner)
{
  EcMoqtRefusal refusal = { .code = EC_MOQT_ERROR_TIMEOUT,
                            .reason = "The peer did not answer the update" };
  EcMoqtRequest *request = owner;

  for (GList *l = request->updates_ours.head; l; l = l->next) {
    EcMoqtOurUpdate *update = l->data;

    if (update->told)
      continue;
    update->told = TRUE;
    watch_answers (request);
    ec_moqt_emit (session, update_refused, request, &refusal);
    return;
  }
}

static void
watch_answers (EcMoqtRequest *request)
{
  ec_moqt_timer_unset (request->session, &request->update_timer);
  for (GList *l = request->updates_ours.head; l; l = l->next) {
    EcMoqtOurUpdate *update = l->data;

    if (update->told)
      continue;
    ec_moqt_timer_set (request->session, &request->update_timer, update->until_us, answer_timed_out,
                       request);
    return;
  }
}

void
ec_moqt_update_send (EcMoqtRequest *request, guint64 id)
{
  EcMoqtSession *session = request->session;
  EcMoqtMessage message = { .kind = EC_MOQT_REQUEST_UPDATE };
  EcMoqtChannel *channel = request->channel;
  EcMoqtOurUpdate *update = g_new0 (EcMoqtOurUpdate, 1);

  request->update_wanted = FALSE;
  request->wanted.has &= ec_moqt_scope_of_update (request) & ec_moqt_scope_of_new_groups (request);
  message.request_id = id;
  message.existing_request_id = request->id;
  message.params = request->wanted; /* borrowed */
  /* Up to 16 updates go on the control stream, whatever their request is on. */
  if (session->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM) {
    channel = session->control_out;
    g_hash_table_insert (session->updates, g_memdup2 (&id, sizeof id), request);
  }
  if (channel)
    ec_moqt_channel_send (channel, &message, FALSE);
  update->id = id;
  update->until_us = session->now_us + session->limits.answer_timeout_ms * (guint64) 1000;
  if (request->wanted.has & EC_MOQT_PARAM_NAMESPACE_PREFIX)
    update->prefix = ec_moqt_name_ref (request->wanted.namespace_prefix);
  g_queue_push_tail (&request->updates_ours, update);
  watch_answers (request);
  ec_moqt_params_update (&request->params, &request->wanted);
  ec_moqt_params_clear (&request->wanted);
  request->wanted = (EcMoqtParams){ 0 };
}

static GList *
find_update (EcMoqtRequest *request, const EcMoqtMessage *message)
{
  /* Where a stream tells whose it is, answers come in order. */
  if (request->session->draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS)
    return request->updates_ours.head;
  for (GList *l = request->updates_ours.head; l; l = l->next)
    if (((EcMoqtOurUpdate *) l->data)->id == message->request_id)
      return l;
  return NULL;
}

static void
granted (EcMoqtRequest *request, EcMoqtMessage *message, EcMoqtName *prefix, gboolean told)
{
  EcMoqtSession *session = request->session;
  EcMoqtGrant grant = { 0 };

  if (prefix)
    ec_moqt_spaces_move (request, ec_moqt_name_ref (prefix));
  if (told || ec_moqt_session_is_over (session) || request->state == EC_MOQT_REQUEST_ENDED)
    return;
  if (message->params.has & EC_MOQT_PARAM_LARGEST_OBJECT) {
    request->has_largest = TRUE;
    request->largest = message->params.largest;
    request->largest_moved = session->draft->joins_by_filter;
  }
  grant.params = message->params;
  ec_moqt_emit (session, updated, request, &grant);
}

gboolean
ec_moqt_update_answered (EcMoqtRequest *request, EcMoqtMessage *message)
{
  EcMoqtSession *session = request->session;
  GList *link = find_update (request, message);
  g_autoptr (EcMoqtName) prefix = NULL;
  EcMoqtOurUpdate *update;
  gboolean told;

  if (!link || (message->kind != EC_MOQT_REQUEST_OK && message->kind != EC_MOQT_REQUEST_ERROR))
    return FALSE;
  if (!ec_moqt_scope_check (session, message, ec_moqt_scope_of_update_ok ()) ||
      !ec_moqt_scope_check_properties (session, message))
    return TRUE;
  update = link->data;
  told = update->told;
  prefix = g_steal_pointer (&update->prefix);
  g_hash_table_remove (session->updates, &update->id);
  ec_moqt_update_free_ours (update);
  g_queue_delete_link (&request->updates_ours, link);
  watch_answers (request);

  if (message->kind == EC_MOQT_REQUEST_OK) {
    granted (request, message, prefix, told);
  } else if (!told) {
    EcMoqtRefusal refusal;

    ec_moqt_ask_refusal (message, &refusal);
    ec_moqt_emit (session, update_refused, request, &refusal);
  }
  return TRUE;
}

/* -- The peer's */
static void
respond (EcMoqtRequest *request, guint64 id, EcMoqtMessage *message)
{
  EcMoqtSession *session = request->session;
  EcMoqtChannel *channel = request->channel;

  message->request_id = id;
  if (session->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM)
    channel = session->control_out;
  else if (!request->ours && request->state == EC_MOQT_REQUEST_PENDING)
    return; /* it would be taken for the answer to the request */
  if (channel)
    ec_moqt_channel_send (channel, message, FALSE);
}

static void
respond_error (EcMoqtRequest *request, guint64 id, EcMoqtErrorCode code, const char *text)
{
  EcMoqtMessage message = { .kind = EC_MOQT_REQUEST_ERROR };

  message.error = code;
  message.text = (char *) (text ? text : "");
  respond (request, id, &message);
}

static gboolean
may_update (const EcMoqtRequest *request)
{
  if (request->kind == EC_MOQT_REQUEST_TRACK_STATUS || request->state >= EC_MOQT_REQUEST_DRAINING)
    return FALSE;
  return !request->ours || request->kind == EC_MOQT_REQUEST_PUBLISH;
}

static gboolean
has_objection (EcMoqtRequest *request, EcMoqtMessage *message, EcMoqtErrorCode *code)
{
  const EcMoqtParams *params = &message->params;

  if (!(params->has & EC_MOQT_PARAM_NAMESPACE_PREFIX))
    return FALSE;
  *code = EC_MOQT_ERROR_DOES_NOT_EXIST;
  if (ec_moqt_spaces_is_reserved (request->session, params->namespace_prefix))
    return TRUE;
  *code = EC_MOQT_ERROR_PREFIX_OVERLAP;
  return ec_moqt_spaces_overlaps (request->session, request, request->interest,
                                  params->namespace_prefix);
}

/* A prefix holds from the answer on (§10.9.2): what is said before it is still relative to the old one. */
static void
apply (EcMoqtRequest *request, EcMoqtPeerUpdate *update, const EcMoqtParams *params)
{
  ec_moqt_params_update (&request->params, params);
  if (params->has & EC_MOQT_PARAM_NAMESPACE_PREFIX)
    update->prefix = ec_moqt_name_ref (params->namespace_prefix);
  ec_moqt_send_update_params (request);
  if (params->has & (EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIPTION_FILTER))
    ec_moqt_send_narrow (request);
}

/* Where a stream tells whose an answer is, the request's own comes first. */
static gboolean
must_hold (const EcMoqtRequest *request)
{
  return !request->ours && request->state == EC_MOQT_REQUEST_PENDING;
}

/* §10.9.1: an update that fails takes its request with it. Its REQUEST_ERROR must arrive: no reset of its stream. */
static void
say_over (EcMoqtRequest *request, EcMoqtErrorCode code)
{
  EcMoqtChannel *channel = request->channel;

  if (must_hold (request)) {
    EcMoqtMessage message = { .kind = EC_MOQT_REQUEST_ERROR };

    message.request_id = request->id;
    message.error = code;
    message.text = (char *) "An update of it is refused";
    ec_moqt_request_send (request, &message, TRUE);
  } else if (ec_moqt_request_is_subscription (request) && ec_moqt_request_is_publisher (request)) {
    ec_moqt_done_send (request, EC_MOQT_DONE_UPDATE_FAILED, "");
  } else if (channel) {
    request->channel = NULL;
    channel->request = NULL;
    ec_moqt_channel_dismiss (channel, EC_MOQT_RESET_CANCELLED);
  } else {
    ec_moqt_ask_withdraw (request, EC_MOQT_RESET_CANCELLED);
  }
}

/* To the user it is news. */
static void
end_refused (EcMoqtRequest *request, EcMoqtErrorCode code)
{
  say_over (request, code);
  if (request->kind == EC_MOQT_REQUEST_PUBLISH && !request->ours)
    ec_moqt_request_finished (request, EC_MOQT_DONE_UPDATE_FAILED, "An update of it was refused");
  else
    ec_moqt_request_cancelled (request);
}

void
ec_moqt_update_received (EcMoqtRequest *request, EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtSession *session = request->session;
  EcMoqtErrorCode code = EC_MOQT_ERROR_INTERNAL_ERROR;
  EcMoqtPeerUpdate *update = NULL;
  EcMoqtTokensResult tokens;
  gboolean refuse;

  if (!may_update (request)) {
    if (request->state >= EC_MOQT_REQUEST_DRAINING)
      return;
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "REQUEST_UPDATE of what cannot be updated");
    return;
  }
  if (!ec_moqt_scope_check (session, message, ec_moqt_scope_of_update (request)))
    return;
  tokens = ec_moqt_tokens_resolve (session, &message->params, FALSE, &code);
  if (tokens == EC_MOQT_TOKENS_CLOSED)
    return;
  refuse = tokens == EC_MOQT_TOKENS_REFUSE || has_objection (request, message, &code);
  if (!refuse) {
    update = request->updates_peer.length < session->limits.max_requests
                 ? ec_moqt_try_new0 (EcMoqtPeerUpdate)
                 : NULL;
    refuse = !update;
    code = EC_MOQT_ERROR_EXCESSIVE_LOAD;
  }
  if (refuse) {
    respond_error (request, message->request_id, code, "The update is refused");
    end_refused (request, code);
    return;
  }
  update->id = message->request_id;
  update->forward_before = ec_moqt_request_get_forward (request);
  g_queue_push_tail (&request->updates_peer, update);
  session->n_peer_updates++;
  apply (request, update, &message->params);
  if (request->hidden) /* a fetch that waits for what it joins */
    ec_moqt_request_grant_update (request, NULL);
  else
    ec_moqt_emit (session, update_requested, request, &message->params);
}

/* Answers go out in the order of the questions. */
void
ec_moqt_update_flush (EcMoqtRequest *request)
{
  EcMoqtPeerUpdate *update;

  if (must_hold (request))
    return;
  while ((update = g_queue_peek_head (&request->updates_peer)) && update->answered) {
    EcMoqtMessage message = { .kind = EC_MOQT_REQUEST_OK };

    message.params.has = update->largest_known ? EC_MOQT_PARAM_LARGEST_OBJECT : 0;
    message.params.largest = update->largest;
    if (update->expires_ms > 0) {
      message.params.has |= EC_MOQT_PARAM_EXPIRES;
      message.params.expires_ms = update->expires_ms;
    }
    respond (request, update->id, &message);
    if (update->prefix)
      ec_moqt_spaces_move (request, g_steal_pointer (&update->prefix));
    ec_moqt_update_free_peer (g_queue_pop_head (&request->updates_peer));
    request->session->n_peer_updates--;
  }
}

static EcMoqtPeerUpdate *
first_unanswered (EcMoqtRequest *request)
{
  for (GList *l = request->updates_peer.head; l; l = l->next)
    if (!((EcMoqtPeerUpdate *) l->data)->answered)
      return l->data;
  return NULL;
}

void
ec_moqt_request_grant_update (EcMoqtRequest *self, const EcMoqtGrant *grant)
{
  EcMoqtSession *session = self->session;
  EcMoqtPeerUpdate *update = first_unanswered (self);

  if (ec_moqt_session_is_over (session) || self->state == EC_MOQT_REQUEST_ENDED || !update)
    return;
  ec_moqt_session_enter (session);
  update->answered = TRUE;
  if (grant && (grant->params.has & EC_MOQT_PARAM_EXPIRES))
    update->expires_ms = grant->params.expires_ms;
  if (grant && (grant->params.has & EC_MOQT_PARAM_LARGEST_OBJECT)) {
    update->largest_known = TRUE;
    update->largest = grant->params.largest;
    /* §5.1: the joining location, if it goes from not forwarding to forwarding. Up to 16 it stays. */
    if (ec_moqt_request_is_publisher (self) && !update->forward_before &&
        ec_moqt_request_get_forward (self) && !session->draft->joins_by_filter) {
      self->has_largest = TRUE;
      self->largest = grant->params.largest;
    }
  }
  ec_moqt_update_flush (self);
  ec_moqt_ids_give_credit (session);
  ec_moqt_fetch_resolve_joining (session, self->id);
  ec_moqt_session_leave (session, FALSE);
}

void
ec_moqt_request_refuse_update (EcMoqtRequest *self, EcMoqtErrorCode code, const char *reason)
{
  EcMoqtSession *session = self->session;
  EcMoqtPeerUpdate *update = first_unanswered (self);

  if (ec_moqt_session_is_over (session) || self->state == EC_MOQT_REQUEST_ENDED || !update)
    return;
  ec_moqt_session_enter (session);
  respond_error (self, update->id, code, reason);
  g_queue_remove (&self->updates_peer, update);
  ec_moqt_update_free_peer (update);
  session->n_peer_updates--;
  say_over (self, code);
  ec_moqt_request_end (self, EC_MOQT_RESET_CANCELLED);
  ec_moqt_session_leave (session, FALSE);
}
