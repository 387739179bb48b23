/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/*
 * PUBLISH_BLOCKED (§6.1, §10.20), ours: tracks that SUBSCRIBE_TRACKS asked for, and that there is no stream for. The peer is
 * told their names and may subscribe; a PUBLISH must not follow, so that those that wait for a stream are refused here.
 */

static EcMoqtRequest *
find_asker (EcMoqtRequest *publish)
{
  EcMoqtRequest *request = publish->session->requests;

  for (; request; request = request->next)
    if (!request->ours && request->kind == EC_MOQT_REQUEST_SUBSCRIBE_TRACKS &&
        request->state == EC_MOQT_REQUEST_GRANTED &&
        ec_moqt_name_has_prefix (publish->name, request->name))
      break;
  return request;
}

static void
refuse (EcMoqtSession *session, gpointer owner, guint code)
{
  ec_moqt_request_refused_locally (owner, EC_MOQT_ERROR_EXCESSIVE_LOAD,
                                   "The peer has no stream for it; it was told so, and may "
                                   "subscribe");
}

static void
take_back (EcMoqtRequest *publish)
{
  EcMoqtSession *session = publish->session;

  g_queue_remove (&session->waiting, publish);
  publish->queued = FALSE;
  ec_moqt_session_defer (session, refuse, publish, 0);
}

static gboolean
can_be_blocked (const EcMoqtRequest *request)
{
  return request->kind == EC_MOQT_REQUEST_PUBLISH && request->state == EC_MOQT_REQUEST_UNSENT &&
         request->session->draft->publish_blocked;
}

gboolean
ec_moqt_blocked_was_told (EcMoqtRequest *publish)
{
  EcMoqtRequest *asker = can_be_blocked (publish) ? find_asker (publish) : NULL;

  if (!asker || !asker->namespaces || !g_hash_table_contains (asker->namespaces, publish->name))
    return FALSE;
  take_back (publish);
  return TRUE;
}

static void
tell (EcMoqtRequest *asker, EcMoqtRequest *publish)
{
  EcMoqtMessage message = { .kind = EC_MOQT_PUBLISH_BLOCKED };

  if (!asker->namespaces)
    asker->namespaces = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                               (GDestroyNotify) ec_moqt_name_unref, NULL);
  if (!g_hash_table_add (asker->namespaces, ec_moqt_name_ref (publish->name)))
    return;
  message.name = ec_moqt_name_new_suffix (publish->name, ec_moqt_name_get_n_fields (asker->name));
  if (message.name)
    ec_moqt_request_send (asker, &message, FALSE);
  ec_moqt_message_clear (&message);
}

void
ec_moqt_blocked_tell (EcMoqtSession *self)
{
  for (GList *l = self->waiting.head, *next; l; l = next) {
    EcMoqtRequest *publish = l->data;
    EcMoqtRequest *asker = can_be_blocked (publish) ? find_asker (publish) : NULL;

    next = l->next;
    if (!asker)
      continue;
    tell (asker, publish);
    take_back (publish);
  }
}
