/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* SETUP (§3.3, §10.3) and GOAWAY (§10.4): how a session begins, and how either side says that it will end. */

static void
timed_out (EcMoqtSession *self, gpointer owner)
{
  ec_moqt_session_fail (self, EC_MOQT_CLOSE_CONTROL_MESSAGE_TIMEOUT, "No SETUP came");
}

static void
add_token (EcMoqtParams *params, GBytes *value)
{
  EcMoqtToken *token;

  if (!value)
    return;
  token = &params->tokens[params->n_tokens++];
  token->kind = EC_MOQT_TOKEN_USE_VALUE;
  token->value = g_bytes_ref (value);
}

static void
send_setup (EcMoqtSession *self)
{
  EcMoqtMessage message = { .kind = EC_MOQT_SETUP };
  gboolean tells_uri = !self->config.server && !self->config.webtransport;

  message.path = tells_uri ? g_strdup (self->config.path) : NULL;
  message.authority = tells_uri ? g_strdup (self->config.authority) : NULL;
  message.implementation = g_strdup (self->config.implementation);
  message.max_auth_token_cache = self->limits.max_auth_token_cache;
  self->credit_given = (guint64) self->limits.max_requests * 2;
  message.max_request_id = self->credit_given;
  add_token (&message.params, self->config.token);
  add_token (&message.params, self->config.proof);
  ec_moqt_channel_send (self->control_out, &message, FALSE);
  ec_moqt_message_clear (&message);
}

/* Again when there is a stream for it. */
void
ec_moqt_setup_begin (EcMoqtSession *self)
{
  gboolean one = self->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM;
  gint64 id;

  if (!self->timer.place)
    ec_moqt_timer_set (self, &self->timer,
                       self->now_us + self->limits.setup_timeout_ms * (guint64) 1000, timed_out,
                       NULL);
  if (one && self->config.server)
    return; /* it answers on the client's */

  id = self->io.open_stream (self->io_data, !one);
  if (id < 0)
    return;
  self->control_out = ec_moqt_channel_new (self, id);
  if (!self->control_out) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_INTERNAL_ERROR, "Out of memory");
    return;
  }
  self->control_out->control = TRUE;
  if (one)
    self->control_in = self->control_out;
  else
    self->control_out->in_done = TRUE;
  self->io.set_priority (self->io_data, id, EC_MOQT_LEVEL_CONTROL, 0, 0, 0);
  send_setup (self);
}

/* §10.3.1, §10.3.2: only a client says where it wants to go, and only where nothing else does. */
static gboolean
check (EcMoqtSession *self, const EcMoqtMessage *message)
{
  gboolean allowed = self->config.server && !self->config.webtransport;

  if (message->path && !allowed) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_INVALID_PATH, "PATH has no place here");
    return FALSE;
  }
  if (message->authority && !allowed) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_INVALID_AUTHORITY, "AUTHORITY has no place here");
    return FALSE;
  }
  return TRUE;
}

void
ec_moqt_setup_became_ready (EcMoqtSession *self)
{
  GHashTableIter iter;
  gpointer value;
  g_autoptr (GPtrArray) channels = NULL;

  if (!self->setup_received || !self->control_out || self->state != EC_MOQT_STATE_SETUP)
    return;
  self->state = EC_MOQT_STATE_READY;
  ec_moqt_timer_unset (self, &self->timer);
  ec_moqt_emit (self, ready);

  /* What came too early. New entries may come while it is taken. */
  channels = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((EcMoqtEntry *) value)->kind == EC_MOQT_ENTRY_CHANNEL)
      g_ptr_array_add (channels, value);
  for (guint i = 0; i < channels->len && !ec_moqt_session_is_over (self); i++) {
    EcMoqtChannel *channel = g_ptr_array_index (channels, i);

    if (!channel->dead && !channel->control)
      ec_moqt_channel_resume (channel);
  }
  if (!ec_moqt_session_is_over (self))
    ec_moqt_ask_flush (self);
  if (!ec_moqt_session_is_over (self))
    ec_moqt_alias_wake_streams (self);
}

void
ec_moqt_setup_received (EcMoqtSession *self, EcMoqtChannel *channel, EcMoqtMessage *message)
{
  EcMoqtErrorCode code;

  if (self->setup_received) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A second SETUP");
    return;
  }
  if (!check (self, message))
    return;

  self->peer_setup = message->params;
  message->params = (EcMoqtParams){ 0 };
  switch (ec_moqt_tokens_resolve (self, &self->peer_setup, TRUE, &code)) {
  case EC_MOQT_TOKENS_OK:
    break;
  case EC_MOQT_TOKENS_REFUSE:
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_MALFORMED_AUTH_TOKEN,
                          "A token in SETUP is not valid");
    return;
  case EC_MOQT_TOKENS_CLOSED:
    return;
  }
  self->setup_received = TRUE;
  self->peer_path = g_steal_pointer (&message->path);
  self->peer_authority = g_steal_pointer (&message->authority);
  self->peer_implementation = g_steal_pointer (&message->implementation);
  ec_moqt_ids_got_credit (self, message->max_request_id, TRUE);

  if (!self->control_out && self->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM) {
    self->control_out = channel;
    self->io.set_priority (self->io_data, channel->entry.id, EC_MOQT_LEVEL_CONTROL, 0, 0, 0);
    send_setup (self);
  }
  ec_moqt_setup_became_ready (self);
}

/* -- GOAWAY */
static void
goaway_timed_out (EcMoqtSession *self, gpointer owner)
{
  if (self->n_requests > 0)
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_GOAWAY_TIMEOUT,
                          "Requests are still open after GOAWAY");
  else
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_NO_ERROR, "Gone away");
}

void
ec_moqt_session_goaway (EcMoqtSession *self, const char *uri, guint64 timeout_ms)
{
  EcMoqtMessage message = { .kind = EC_MOQT_GOAWAY };

  if (self->state != EC_MOQT_STATE_READY || self->goaway_sent)
    return;
  ec_moqt_session_enter (self);
  self->goaway_sent = TRUE;
  self->goaway_id = self->ids.next * 2 + (self->config.server ? 0 : 1);
  /* Clients cannot send a server elsewhere. */
  message.uri = self->config.server ? g_strdup (uri) : NULL;
  message.timeout_ms = timeout_ms;
  message.request_id = self->goaway_id;
  ec_moqt_channel_send (self->control_out, &message, FALSE);
  ec_moqt_message_clear (&message);
  if (timeout_ms == 0 || timeout_ms > G_MAXUINT32)
    timeout_ms = self->limits.goaway_timeout_ms;
  ec_moqt_timer_set (self, &self->timer, self->now_us + timeout_ms * 1000, goaway_timed_out, NULL);
  ec_moqt_session_leave (self, FALSE);
}

/* What was never sent never will be. */
static void
refuse_unsent (EcMoqtSession *self)
{
  EcMoqtRequest *request, *next;

  for (request = self->requests; request && !ec_moqt_session_is_over (self); request = next) {
    next = request->next;
    if (request->ours && request->state == EC_MOQT_REQUEST_UNSENT) {
      ec_moqt_request_refused_locally (request, EC_MOQT_ERROR_GOING_AWAY, "The peer is going away");
      next = self->requests; /* the user may have ended others */
    }
  }
}

void
ec_moqt_setup_goaway_received (EcMoqtSession *self,
                               EcMoqtChannel *channel,
                               const EcMoqtMessage *message)
{
  const char *uri = message->uri && *message->uri ? message->uri : NULL;

  if (self->draft->shape == EC_MOQT_SHAPE_ONE_CONTROL_STREAM && !channel->control) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "GOAWAY has no place on a request's stream");
    return;
  }
  if (channel->goaway) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A second GOAWAY");
    return;
  }
  if (self->config.server && uri) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "A client cannot tell a server where to go");
    return;
  }
  /* §10.4: the first request that was not handled is told on the control stream, and only there. */
  if (self->draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS &&
      channel->control != (message->request_id != G_MAXUINT64)) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "GOAWAY tells of requests in the wrong place");
    return;
  }
  channel->goaway = TRUE;
  if (!channel->control) {
    if (channel->request)
      ec_moqt_emit (self, goaway, uri, message->timeout_ms, channel->request);
    return;
  }
  if (self->draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS &&
      ((message->request_id & 1) != 0) != self->config.server) {
    ec_moqt_session_fail (self, EC_MOQT_CLOSE_INVALID_REQUEST_ID,
                          "GOAWAY tells of a request id of its own side");
    return;
  }
  self->goaway_received = TRUE;
  ec_moqt_emit (self, goaway, uri, message->timeout_ms, NULL);
  if (!ec_moqt_session_is_over (self))
    refuse_unsent (self);
}
