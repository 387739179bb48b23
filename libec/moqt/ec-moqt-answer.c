/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* What the peer asks: checked, told to the user, answered. */

gboolean
ec_moqt_answer_is_request (EcMoqtMessageKind kind)
{
  switch (kind) {
  case EC_MOQT_SUBSCRIBE:
  case EC_MOQT_PUBLISH:
  case EC_MOQT_FETCH:
  case EC_MOQT_TRACK_STATUS:
  case EC_MOQT_PUBLISH_NAMESPACE:
  case EC_MOQT_SUBSCRIBE_NAMESPACE:
  case EC_MOQT_SUBSCRIBE_TRACKS:
    return TRUE;
  default:
    return FALSE;
  }
}

static EcMoqtRequestKind
request_kind (const EcMoqtMessage *message)
{
  switch (message->kind) {
  case EC_MOQT_SUBSCRIBE:
    return EC_MOQT_REQUEST_SUBSCRIBE;
  case EC_MOQT_PUBLISH:
    return EC_MOQT_REQUEST_PUBLISH;
  case EC_MOQT_FETCH:
    return EC_MOQT_REQUEST_FETCH;
  case EC_MOQT_TRACK_STATUS:
    return EC_MOQT_REQUEST_TRACK_STATUS;
  case EC_MOQT_PUBLISH_NAMESPACE:
    return EC_MOQT_REQUEST_PUBLISH_NAMESPACE;
  case EC_MOQT_SUBSCRIBE_TRACKS:
    return EC_MOQT_REQUEST_SUBSCRIBE_TRACKS;
  default:
    /* Up to 16 one message may want both: then it is shown as the one that is answered with names. */
    if (message->interest == EC_MOQT_INTEREST_TRACKS)
      return EC_MOQT_REQUEST_SUBSCRIBE_TRACKS;
    return EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE;
  }
}

static guint
interest_of (const EcMoqtMessage *message)
{
  if (message->kind == EC_MOQT_SUBSCRIBE_TRACKS)
    return EC_MOQT_INTEREST_TRACKS;
  if (message->kind == EC_MOQT_SUBSCRIBE_NAMESPACE)
    return message->interest ? message->interest : EC_MOQT_INTEREST_NAMESPACES;
  return 0;
}

/* §10.6, to what may have no request of ours. */
void
ec_moqt_answer_refuse_id (EcMoqtChannel *channel,
                          guint64 id,
                          EcMoqtErrorCode code,
                          const char *text)
{
  EcMoqtMessage message = { .kind = EC_MOQT_REQUEST_ERROR };
  gboolean own = !channel->control && !channel->request;

  message.request_id = id;
  message.error = code;
  message.text = (char *) (text ? text : "");
  ec_moqt_channel_send (channel, &message, own);
  if (own)
    ec_moqt_channel_finish (channel);
}

static gboolean
is_duplicate (EcMoqtSession *session, const EcMoqtMessage *message)
{
  EcMoqtRequest *other;

  if (message->kind == EC_MOQT_SUBSCRIBE)
    return g_hash_table_contains (session->publishing, message->name);
  if (message->kind != EC_MOQT_PUBLISH)
    return FALSE;
  /* A SUBSCRIBE of ours that crossed it gives way when this one is granted (§5.1). */
  other = g_hash_table_lookup (session->subscribing, message->name);
  return other && !(other->ours && other->state == EC_MOQT_REQUEST_PENDING);
}

/* What the session itself says no to. */
static gboolean
find_objection (EcMoqtSession *session,
                const EcMoqtMessage *message,
                EcMoqtErrorCode *code,
                const char **text)
{
  guint interest = interest_of (message);

  *text = NULL;
  if (session->goaway_sent) {
    *code = EC_MOQT_ERROR_GOING_AWAY;
    *text = "Going away";
  } else if (session->n_peer_requests >= session->limits.max_requests) {
    *code = EC_MOQT_ERROR_EXCESSIVE_LOAD;
    *text = "Too many requests";
  } else if (message->name && ec_moqt_spaces_is_reserved (session, message->name)) {
    *code = EC_MOQT_ERROR_DOES_NOT_EXIST;
    *text = "The namespace is reserved";
  } else if (is_duplicate (session, message)) {
    *code = EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION;
    *text = "There is a subscription to the track already";
  } else if (message->kind == EC_MOQT_PUBLISH &&
             ec_moqt_properties_is_malformed (message->properties)) {
    *code = EC_MOQT_ERROR_MALFORMED_TRACK;
    *text = "The track's properties cannot be made out";
  } else if (message->kind == EC_MOQT_PUBLISH && session->draft->mandatory_properties &&
             ec_moqt_properties_find_mandatory (message->properties)) {
    *code = EC_MOQT_ERROR_UNSUPPORTED_EXTENSION;
    *text = "The track has a property that must be understood and is not";
  } else if (interest && ec_moqt_spaces_overlaps (session, NULL, interest, message->name)) {
    *code = EC_MOQT_ERROR_PREFIX_OVERLAP;
    *text = "The prefix overlaps with another";
  } else if (message->kind == EC_MOQT_FETCH && message->fetch == EC_MOQT_FETCH_STANDALONE &&
             !ec_moqt_fetch_range_is_valid (message->start, message->end)) {
    *code = EC_MOQT_ERROR_INVALID_RANGE;
    *text = "The range ends before it begins";
  }
  return *text != NULL;
}

static EcMoqtRequest *
make_request (EcMoqtSession *session, EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtRequest *self = ec_moqt_request_new (session, request_kind (message), FALSE, message->name);

  if (!self)
    return NULL;
  self->params = message->params;
  message->params = (EcMoqtParams){ 0 };
  self->properties = g_steal_pointer (&message->properties);
  self->interest = interest_of (message);
  self->fetch = message->fetch;
  self->start = message->start;
  self->end = message->end;
  self->joining_id = message->joining_request_id;
  self->joining_start = message->joining_start;
  if (self->kind == EC_MOQT_REQUEST_PUBLISH && (self->params.has & EC_MOQT_PARAM_LARGEST_OBJECT)) {
    self->has_largest = TRUE;
    self->largest = self->params.largest;
  }
  if (!channel->control) {
    self->channel = channel;
    channel->request = self;
  }
  ec_moqt_request_register (self, message->request_id);
  ec_moqt_request_set_state (self, EC_MOQT_REQUEST_PENDING);
  return self;
}

void
ec_moqt_answer_requested (EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtSession *session = channel->session;
  EcMoqtErrorCode code = EC_MOQT_ERROR_INTERNAL_ERROR;
  const char *text = "The token cannot be used";
  EcMoqtTokensResult tokens;
  EcMoqtRequest *request = NULL;
  gboolean refused;

  if (!ec_moqt_ids_take (session, channel, message->request_id))
    return;
  tokens = ec_moqt_tokens_resolve (session, &message->params, FALSE, &code);
  if (tokens == EC_MOQT_TOKENS_CLOSED)
    return;
  refused = tokens == EC_MOQT_TOKENS_REFUSE || find_objection (session, message, &code, &text);
  if (!refused) {
    request = make_request (session, channel, message);
    code = EC_MOQT_ERROR_EXCESSIVE_LOAD;
    text = "Out of memory";
  }
  if (message->kind == EC_MOQT_PUBLISH) {
    if (request)
      request->alias = message->track_alias;
    if (!ec_moqt_alias_add (session, message->track_alias, message->name, request))
      return;
  }
  if (!request) {
    ec_moqt_answer_refuse_id (channel, message->request_id, code, text);
    ec_moqt_ids_give_credit (session);
    ec_moqt_alias_wake_streams (session);
    return;
  }
  if (request->kind == EC_MOQT_REQUEST_FETCH) {
    ec_moqt_fetch_resolve (request);
    return;
  }
  ec_moqt_emit (session, requested, request);
  if (!ec_moqt_session_is_over (session) && message->kind == EC_MOQT_SUBSCRIBE)
    ec_moqt_fetch_resolve_joining (session, message->request_id);
}

/* -- The user's answers */
static void
refuse_full (EcMoqtRequest *self, const EcMoqtRefusal *refusal)
{
  EcMoqtSession *session = self->session;
  EcMoqtMessage message = { .kind = EC_MOQT_REQUEST_ERROR };

  message.request_id = self->id;
  message.error = refusal->code;
  message.text = (char *) (refusal->reason ? refusal->reason : "");
  message.retry = refusal->retry;
  message.retry_interval_ms = refusal->retry_interval_ms;
  message.uri = (char *) refusal->redirect_uri;
  if (refusal->redirect_name && ec_moqt_request_is_about_track (self))
    message.redirect = ec_moqt_name_ref ((EcMoqtName *) refusal->redirect_name);
  else if (refusal->redirect_name) /* §10.6.1: such a request has no track */
    message.redirect = ec_moqt_name_new_namespace (refusal->redirect_name);
  ec_moqt_request_send (self, &message, TRUE);
  g_clear_pointer (&message.redirect, ec_moqt_name_unref);
  ec_moqt_request_end (self, EC_MOQT_RESET_CANCELLED);
  ec_moqt_alias_wake_streams (session);
}

void
ec_moqt_answer_refuse (EcMoqtRequest *request, EcMoqtErrorCode code, const char *text)
{
  EcMoqtRefusal refusal = { .code = code, .reason = text };

  refuse_full (request, &refusal);
}

void
ec_moqt_request_refuse_full (EcMoqtRequest *self, const EcMoqtRefusal *refusal)
{
  EcMoqtSession *session = self->session;

  if (self->ours || self->state != EC_MOQT_REQUEST_PENDING || ec_moqt_session_is_over (session))
    return;
  ec_moqt_session_enter (session);
  refuse_full (self, refusal);
  ec_moqt_session_leave (session, FALSE);
}

void
ec_moqt_request_refuse (EcMoqtRequest *self, EcMoqtErrorCode code, const char *reason)
{
  EcMoqtRefusal refusal = { .code = code, .reason = reason };

  ec_moqt_request_refuse_full (self, &refusal);
}

static void
crossing_refused (EcMoqtSession *session, gpointer owner, guint code)
{
  ec_moqt_request_refused_locally (owner, EC_MOQT_ERROR_DUPLICATE_SUBSCRIPTION,
                                   "The peer's PUBLISH of the track was granted");
}

/* §5.1: our own SUBSCRIBE must be over before PUBLISH_OK says that this one holds. */
static void
end_crossing (EcMoqtRequest *self)
{
  EcMoqtSession *session = self->session;
  EcMoqtRequest *other = g_hash_table_lookup (session->subscribing, self->name);

  if (other && other != self && other->ours && other->state == EC_MOQT_REQUEST_PENDING) {
    ec_moqt_ask_withdraw (other, EC_MOQT_RESET_CANCELLED);
    ec_moqt_timer_unset (session, &other->timer);
    g_hash_table_remove (session->by_id, &other->id);
    ec_moqt_session_defer (session, crossing_refused, other, 0);
  }
  g_hash_table_replace (session->subscribing, self->name, self);
}

static void
write_grant (EcMoqtRequest *self, const EcMoqtGrant *grant)
{
  EcMoqtMessage message = { .kind = EC_MOQT_REQUEST_OK };

  message.request_id = self->id;
  message.params = grant->params;
  message.params.n_tokens = 0;
  message.params.has &= ec_moqt_scope_of_ok (self);
  switch (self->kind) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
    message.kind = EC_MOQT_SUBSCRIBE_OK;
    message.track_alias = self->alias;
    message.properties = self->properties;
    break;
  case EC_MOQT_REQUEST_PUBLISH:
    message.kind = EC_MOQT_PUBLISH_OK;
    message.params.has &= ec_moqt_scope_of_new_groups (self);
    break;
  case EC_MOQT_REQUEST_FETCH:
    message.kind = EC_MOQT_FETCH_OK;
    message.properties = self->properties;
    message.end = grant->end;
    message.end_of_track = grant->end_of_track;
    break;
  case EC_MOQT_REQUEST_TRACK_STATUS:
    message.properties = self->properties;
    break;
  default:
    break;
  }
  ec_moqt_request_send (self, &message, self->kind == EC_MOQT_REQUEST_TRACK_STATUS);
}

static void
granted (EcMoqtRequest *self, const EcMoqtGrant *grant)
{
  EcMoqtSession *session = self->session;

  if (self->kind == EC_MOQT_REQUEST_PUBLISH) {
    end_crossing (self);
    self->params.has &= ~(guint) EC_MOQT_PARAM_FORWARD; /* §10.2.12: not said is 1 */
    ec_moqt_params_update (&self->params, &grant->params);
  } else {
    if (grant->properties) {
      g_clear_pointer (&self->properties, ec_moqt_properties_unref);
      self->properties = ec_moqt_properties_ref (grant->properties);
    }
    if (grant->params.has & EC_MOQT_PARAM_LARGEST_OBJECT) {
      self->has_largest = TRUE;
      self->largest = grant->params.largest;
    }
  }
  if (self->kind == EC_MOQT_REQUEST_SUBSCRIBE)
    self->alias = session->next_alias++;
  ec_moqt_request_set_state (self, EC_MOQT_REQUEST_GRANTED);
  write_grant (self, grant);
  ec_moqt_update_flush (self);

  switch (self->kind) {
  case EC_MOQT_REQUEST_TRACK_STATUS:
    ec_moqt_request_end (self, EC_MOQT_RESET_CANCELLED);
    break;
  case EC_MOQT_REQUEST_SUBSCRIBE:
    ec_moqt_fetch_resolve_joining (session, self->id);
    break;
  case EC_MOQT_REQUEST_FETCH:
    ec_moqt_fetch_check_over (self);
    break;
  case EC_MOQT_REQUEST_PUBLISH:
    ec_moqt_alias_wake_streams (session);
    break;
  default:
    break;
  }
}

void
ec_moqt_request_grant (EcMoqtRequest *self, const EcMoqtGrant *grant)
{
  static const EcMoqtGrant nothing = { 0 };
  EcMoqtSession *session = self->session;

  if (self->ours || self->state != EC_MOQT_REQUEST_PENDING || ec_moqt_session_is_over (session))
    return;
  ec_moqt_session_enter (session);
  granted (self, grant ? grant : &nothing);
  ec_moqt_session_leave (session, FALSE);
}
