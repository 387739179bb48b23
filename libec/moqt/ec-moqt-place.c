/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* What a stream from the peer is about: a fetch or a subscription of ours, the peer's control stream, or not known yet. */

static void
begin (EcMoqtStream *self, EcMoqtRequest *request)
{
  const EcMoqtStreamHead *head = &self->context.head;

  ec_moqt_stream_attach (self, request);
  self->phase = EC_MOQT_PHASE_ITEM;
  self->priority =
      head->has_priority ? head->priority : ec_moqt_request_get_default_priority (request);
  self->told = TRUE;
  request->n_streams++;
  ec_moqt_emit (self->session, stream_opened, self);
}

static void
find_fetch (EcMoqtStream *self)
{
  EcMoqtSession *session = self->session;
  guint64 id = self->context.head.request_id;
  EcMoqtRequest *request = g_hash_table_lookup (session->by_id, &id);

  if (!request && ((id & 1) != 0) == session->config.server && ec_moqt_ids_was_used (session, id)) {
    ec_moqt_receive_stop (self, EC_MOQT_RESET_CANCELLED); /* it was cancelled, or is over */
    return;
  }
  if (!request || !request->ours || request->kind != EC_MOQT_REQUEST_FETCH) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "A stream of a fetch that does not exist");
    return;
  }
  if (request->fetch_opened) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "A second stream of one fetch");
    return;
  }
  request->fetch_opened = TRUE;
  self->context.descending = ec_moqt_request_is_descending (request);
  begin (self, request);
}

static void
find_subscription (EcMoqtStream *self)
{
  EcMoqtAlias *entry = ec_moqt_alias_find (self->session, self->context.head.track_alias);

  if (entry && !entry->request)
    ec_moqt_receive_stop (self, EC_MOQT_RESET_CANCELLED);
  else if (entry && entry->request->state > EC_MOQT_REQUEST_PENDING)
    begin (self, entry->request);
  else if (!ec_moqt_alias_park_stream (self))
    ec_moqt_receive_stop (self, EC_MOQT_RESET_EXCESSIVE_LOAD);
}

void
ec_moqt_receive_place (EcMoqtStream *self)
{
  if (self->session->state != EC_MOQT_STATE_READY) {
    if (!ec_moqt_alias_park_stream (self))
      ec_moqt_receive_stop (self, EC_MOQT_RESET_EXCESSIVE_LOAD);
  } else if (self->context.head.kind == EC_MOQT_STREAM_FETCH) {
    find_fetch (self);
  } else {
    find_subscription (self);
  }
}

/* Since 17: it is the peer's control stream. */
void
ec_moqt_receive_become_control (EcMoqtStream *self, const guint8 *data, gsize size, gboolean fin)
{
  EcMoqtSession *session = self->session;
  gint64 id = self->entry.id;
  EcMoqtChannel *channel;

  if (session->control_in) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A second control stream");
    return;
  }
  ec_moqt_stream_bury (self);
  channel = ec_moqt_channel_new (session, id);
  if (!channel) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_INTERNAL_ERROR, "Out of memory");
    return;
  }
  channel->control = TRUE;
  session->control_in = channel;
  if (self->in.size > 0)
    ec_moqt_channel_receive (channel, self->in.data, self->in.size, FALSE);
  if (!ec_moqt_session_is_over (session))
    ec_moqt_channel_receive (channel, data, size, fin);
}
