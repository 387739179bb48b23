/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* What either side asks: how it lives and how it ends. Each ends once: by an event, or by the call that ended it. */

EcMoqtRequest *
ec_moqt_request_new (EcMoqtSession *session,
                     EcMoqtRequestKind kind,
                     gboolean ours,
                     EcMoqtName *name)
{
  EcMoqtRequest *self = ec_moqt_try_new0 (EcMoqtRequest);

  if (!self)
    return NULL;
  self->session = session;
  self->kind = kind;
  self->ours = ours;
  self->id = G_MAXUINT64;
  self->name = name ? ec_moqt_name_ref (name) : NULL;
  self->flow = ++session->next_flow;
  self->next = session->requests;
  if (self->next)
    self->next->prev = self;
  session->requests = self;
  session->n_requests++;
  if (!ours)
    session->n_peer_requests++;
  return self;
}

static GHashTable *
table_of (EcMoqtRequest *self)
{
  return ec_moqt_request_is_publisher (self) ? self->session->publishing
                                             : self->session->subscribing;
}

/* From now on it is found by its id and, if it is a subscription, by its track. */
void
ec_moqt_request_register (EcMoqtRequest *self, guint64 id)
{
  self->id = id;
  g_hash_table_insert (self->session->by_id, &self->id, self);
  if (ec_moqt_request_is_subscription (self) && self->name &&
      !g_hash_table_contains (table_of (self), self->name))
    g_hash_table_insert (table_of (self), self->name, self);
}

void
ec_moqt_request_set_state (EcMoqtRequest *self, EcMoqtRequestState state)
{
  g_assert (state > self->state);
  self->state = state;
  /* A subscription that is done does not stand in a new one's way. */
  if (state >= EC_MOQT_REQUEST_DRAINING && self->name && ec_moqt_request_is_subscription (self) &&
      g_hash_table_lookup (table_of (self), self->name) == self)
    g_hash_table_remove (table_of (self), self->name);
}

static void
request_free (gpointer data)
{
  EcMoqtRequest *self = data;

  g_clear_pointer (&self->name, ec_moqt_name_unref);
  g_clear_pointer (&self->properties, ec_moqt_properties_unref);
  g_clear_pointer (&self->namespaces, g_hash_table_unref);
  ec_moqt_params_clear (&self->params);
  ec_moqt_params_clear (&self->wanted);
  g_queue_clear_full (&self->updates_ours, ec_moqt_update_free_ours);
  g_queue_clear_full (&self->updates_peer, ec_moqt_update_free_peer);
  g_free (self->ends);
  g_free (self->done_text);
  g_free (self);
}

/* Answers to our updates may still come; there is nobody to tell. Where ids tell what is answered, those of the peer's are owed
 * theirs (§9.11 of draft 16). */
static void
forget_updates (EcMoqtRequest *self)
{
  EcMoqtSession *session = self->session;
  gboolean owed = session->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM &&
                  !ec_moqt_session_is_over (session);

  for (GList *l = self->updates_peer.head; owed && l; l = l->next)
    ec_moqt_answer_refuse_id (session->control_out, ((EcMoqtPeerUpdate *) l->data)->id,
                              EC_MOQT_ERROR_DOES_NOT_EXIST, "The request is over");

  for (GList *l = self->updates_ours.head; l; l = l->next) {
    EcMoqtOurUpdate *update = l->data;

    if (g_hash_table_contains (session->updates, &update->id))
      g_hash_table_insert (session->updates, g_memdup2 (&update->id, sizeof update->id), NULL);
  }
  session->n_peer_updates -= self->updates_peer.length;
}

static void
nothing_to_join (EcMoqtSession *session, gpointer owner, guint code)
{
  ec_moqt_request_refused_locally (owner, EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID,
                                   "The subscription to be joined is over");
}

static void
forget_joiners (EcMoqtRequest *self)
{
  EcMoqtSession *session = self->session;
  EcMoqtRequest *joiner;

  if (self->joins)
    g_queue_remove (&self->joins->joiners, self);
  self->joins = NULL;
  while ((joiner = g_queue_pop_head (&self->joiners))) {
    joiner->joins = NULL;
    if (joiner->queued)
      g_queue_remove (&session->waiting, joiner);
    joiner->queued = FALSE;
    ec_moqt_session_defer (session, nothing_to_join, joiner, 0);
  }
}

void
ec_moqt_request_end (EcMoqtRequest *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;
  EcMoqtStream *stream;
  guint64 id = self->id;

  if (self->state == EC_MOQT_REQUEST_ENDED)
    return;
  ec_moqt_request_set_state (self, EC_MOQT_REQUEST_ENDED);
  ec_moqt_alias_retire (self);
  while ((stream = self->streams)) {
    ec_moqt_stream_detach (stream);
    if (ec_moqt_session_is_over (session))
      continue;
    if (stream->incoming)
      ec_moqt_receive_stop (stream, code);
    else
      ec_moqt_send_drop (stream, code);
  }
  if (id != G_MAXUINT64)
    g_hash_table_remove (session->by_id, &self->id);
  if (self->queued)
    g_queue_remove (&session->waiting, self);
  forget_updates (self);
  forget_joiners (self);
  ec_moqt_timer_unset (session, &self->timer);
  ec_moqt_timer_unset (session, &self->update_timer);
  ec_moqt_session_undefer (session, self);
  if (self->next)
    self->next->prev = self->prev;
  if (self->prev)
    self->prev->next = self->next;
  else
    session->requests = self->next;
  session->n_requests--;
  if (!self->ours)
    session->n_peer_requests--;
  if (self->channel) {
    EcMoqtChannel *channel = self->channel;

    self->channel = NULL;
    channel->request = NULL;
    if (!ec_moqt_session_is_over (session))
      ec_moqt_channel_finish (channel);
  }
  ec_moqt_session_bury (session, self, request_free);
  if (ec_moqt_session_is_over (session))
    return;
  if (ec_moqt_request_is_subscription (self) && ec_moqt_request_is_publisher (self))
    ec_moqt_fetch_resolve_joining (session, id);
  if (!ec_moqt_session_is_over (session)) /* the peer's updates of ours took ids, too */
    ec_moqt_ids_give_credit (session);
}

/* Incoming ones; those that we send go silently when the request does. */
void
ec_moqt_request_end_streams (EcMoqtRequest *self, EcMoqtResetCode code)
{
  EcMoqtSession *session = self->session;
  EcMoqtStream *stream;

  while (!ec_moqt_session_is_over (session) && (stream = self->streams) && stream->incoming)
    ec_moqt_receive_give_up (stream, code);
}

/* -- Ends with an event. The memory stays until the event has returned. */
void
ec_moqt_request_finished (EcMoqtRequest *self, EcMoqtDoneCode code, const char *reason)
{
  EcMoqtSession *session = self->session;
  g_autofree char *text = g_strdup (reason ? reason : "");

  ec_moqt_request_end_streams (self, EC_MOQT_RESET_CANCELLED);
  if (ec_moqt_session_is_over (session) || self->state == EC_MOQT_REQUEST_ENDED)
    return;
  ec_moqt_request_end (self, EC_MOQT_RESET_CANCELLED);
  if (!self->hidden)
    ec_moqt_emit (session, finished, self, code, text);
}

void
ec_moqt_request_cancelled (EcMoqtRequest *self)
{
  EcMoqtSession *session = self->session;

  if (self->state == EC_MOQT_REQUEST_ENDED)
    return;
  if (self->channel) {
    EcMoqtChannel *channel = self->channel;

    self->channel = NULL;
    channel->request = NULL;
    ec_moqt_channel_abort (channel, EC_MOQT_RESET_CANCELLED);
  }
  ec_moqt_request_end (self, EC_MOQT_RESET_CANCELLED);
  if (!self->hidden && !ec_moqt_session_is_over (session))
    ec_moqt_emit (session, cancelled, self);
}

void
ec_moqt_request_refused (EcMoqtRequest *self, const EcMoqtRefusal *refusal)
{
  EcMoqtSession *session = self->session;

  ec_moqt_request_end_streams (self, EC_MOQT_RESET_CANCELLED);
  if (ec_moqt_session_is_over (session) || self->state == EC_MOQT_REQUEST_ENDED)
    return;
  ec_moqt_request_end (self, EC_MOQT_RESET_CANCELLED);
  ec_moqt_emit (session, refused, self, refusal);
}

void
ec_moqt_request_refused_locally (EcMoqtRequest *self, EcMoqtErrorCode code, const char *text)
{
  EcMoqtRefusal refusal = { .code = code, .reason = text };

  ec_moqt_request_refused (self, &refusal);
}

/* -- Of use to all kinds */
void
ec_moqt_request_send (EcMoqtRequest *self, EcMoqtMessage *message, gboolean fin)
{
  EcMoqtChannel *channel = self->channel ? self->channel : self->session->control_out;

  if (self->session->draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS && !self->channel)
    return; /* its stream is gone */
  if (channel)
    ec_moqt_channel_send (channel, message, fin && self->channel);
}

void
ec_moqt_request_copy_params (EcMoqtParams *to, const EcMoqtParams *from)
{
  if (from)
    ec_moqt_params_update (to, from);
}

gboolean
ec_moqt_request_is_subscription (const EcMoqtRequest *self)
{
  return self->kind == EC_MOQT_REQUEST_SUBSCRIBE || self->kind == EC_MOQT_REQUEST_PUBLISH;
}

gboolean
ec_moqt_request_is_about_track (const EcMoqtRequest *self)
{
  return ec_moqt_request_is_subscription (self) || self->kind == EC_MOQT_REQUEST_FETCH ||
         self->kind == EC_MOQT_REQUEST_TRACK_STATUS;
}

/* §5.1: 1 unless said otherwise. */
gboolean
ec_moqt_request_get_forward (const EcMoqtRequest *self)
{
  return !(self->params.has & EC_MOQT_PARAM_FORWARD) || self->params.forward;
}

guint8
ec_moqt_request_get_default_priority (const EcMoqtRequest *self)
{
  guint64 number;

  if (ec_moqt_properties_find_number (self->properties, EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_PRIORITY,
                                      &number))
    return (guint8) MIN (number, 255);
  return EC_MOQT_DEFAULT_PRIORITY;
}

/* -- For the user */
EcMoqtSession *
ec_moqt_request_get_session (EcMoqtRequest *self)
{
  return self->session;
}

EcMoqtRequestKind
ec_moqt_request_get_kind (EcMoqtRequest *self)
{
  return self->kind;
}

guint64
ec_moqt_request_get_id (EcMoqtRequest *self)
{
  return self->id;
}

gboolean
ec_moqt_request_is_ours (EcMoqtRequest *self)
{
  return self->ours;
}

gboolean
ec_moqt_request_is_publisher (EcMoqtRequest *self)
{
  switch (self->kind) {
  case EC_MOQT_REQUEST_PUBLISH:
    return self->ours;
  case EC_MOQT_REQUEST_SUBSCRIBE:
  case EC_MOQT_REQUEST_FETCH:
    return !self->ours;
  default:
    return FALSE;
  }
}

gboolean
ec_moqt_request_is_granted (EcMoqtRequest *self)
{
  return self->state == EC_MOQT_REQUEST_GRANTED || self->state == EC_MOQT_REQUEST_DRAINING;
}

EcMoqtName *
ec_moqt_request_get_name (EcMoqtRequest *self)
{
  return self->name;
}

guint
ec_moqt_request_get_interest (EcMoqtRequest *self)
{
  return self->interest;
}

const EcMoqtParams *
ec_moqt_request_get_params (EcMoqtRequest *self)
{
  return &self->params;
}

EcMoqtProperties *
ec_moqt_request_get_properties (EcMoqtRequest *self)
{
  return self->properties;
}

gboolean
ec_moqt_request_get_largest (EcMoqtRequest *self, EcMoqtLocation *largest)
{
  if (self->has_largest)
    *largest = self->largest;
  return self->has_largest;
}

gboolean
ec_moqt_request_is_descending (EcMoqtRequest *self)
{
  guint64 order = EC_MOQT_GROUP_ORDER_DEFAULT;

  if (self->params.has & EC_MOQT_PARAM_GROUP_ORDER)
    order = self->params.group_order;
  /* §10.2.9: a fetch is ascending, whatever the track prefers. */
  if (order == EC_MOQT_GROUP_ORDER_DEFAULT && self->kind != EC_MOQT_REQUEST_FETCH)
    ec_moqt_properties_find_number (self->properties,
                                    EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_GROUP_ORDER, &order);
  return order == EC_MOQT_GROUP_ORDER_DESCENDING;
}

gpointer
ec_moqt_request_get_data (EcMoqtRequest *self)
{
  return self->data;
}

void
ec_moqt_request_set_data (EcMoqtRequest *self, gpointer data)
{
  self->data = data;
}
