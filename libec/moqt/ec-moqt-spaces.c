/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

#include <string.h>

/* Namespaces: those that are reserved (§3.2.1), prefixes that overlap, and what SUBSCRIBE_NAMESPACE is told (§6.1). */

static gboolean
field_is (EcMoqtField field, const char *text)
{
  return field.size == strlen (text) && memcmp (field.data, text, field.size) == 0;
}

/* “.” is nobody's, and “.session” is the session's, of which we have no tracks: both do not exist. Others that begin with a
 * period are the user's; up to draft 16 all are. */
gboolean
ec_moqt_spaces_is_reserved (const EcMoqtSession *self, const EcMoqtName *name)
{
  EcMoqtField first;

  if (!self->draft->reserved_namespaces || ec_moqt_name_get_n_fields (name) == 0)
    return FALSE;
  first = ec_moqt_name_get_field (name, 0);
  return field_is (first, ".") || field_is (first, ".session");
}

static gboolean
share_prefix (const EcMoqtName *a, const EcMoqtName *b)
{
  return ec_moqt_name_has_prefix (a, b) || ec_moqt_name_has_prefix (b, a);
}

gboolean
ec_moqt_spaces_overlaps (EcMoqtSession *self,
                         const EcMoqtRequest *except,
                         guint interest,
                         const EcMoqtName *prefix)
{
  for (EcMoqtRequest *other = self->requests; other; other = other->next) {
    if (other == except || other->ours)
      continue;
    if (self->draft->one_prefix_space ? !other->interest : !(other->interest & interest))
      continue;
    if (share_prefix (prefix, other->name))
      return TRUE;
    /* … and the one that an update will give it */
    if ((other->params.has & EC_MOQT_PARAM_NAMESPACE_PREFIX) &&
        share_prefix (prefix, other->params.namespace_prefix))
      return TRUE;
  }
  return FALSE;
}

static GHashTable *
names_of (EcMoqtRequest *request)
{
  if (!request->namespaces)
    request->namespaces = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                                 (GDestroyNotify) ec_moqt_name_unref, NULL);
  return request->namespaces;
}

/* -- We are told */
static void
found (EcMoqtRequest *request, EcMoqtName *name)
{
  EcMoqtSession *session = request->session;
  GHashTable *names = names_of (request);

  if (g_hash_table_contains (names, name))
    return;
  if (g_hash_table_size (names) >= EC_MOQT_MAX_NAMESPACES) {
    ec_moqt_ask_withdraw (request, EC_MOQT_RESET_EXCESSIVE_LOAD);
    ec_moqt_request_finished (request, EC_MOQT_DONE_EXCESSIVE_LOAD, "Too many namespaces");
    return;
  }
  g_hash_table_add (names, ec_moqt_name_ref (name));
  ec_moqt_emit (session, namespace_found, request, name);
}

void
ec_moqt_spaces_received (EcMoqtRequest *request, EcMoqtMessage *message)
{
  EcMoqtSession *session = request->session;
  guint wanted = message->kind == EC_MOQT_PUBLISH_BLOCKED ? EC_MOQT_INTEREST_TRACKS
                                                          : EC_MOQT_INTEREST_NAMESPACES;
  g_autoptr (EcMoqtName) name = NULL;

  if (!request->ours || !(request->interest & wanted) ||
      request->state != EC_MOQT_REQUEST_GRANTED) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "A namespace that nobody asked for");
    return;
  }
  name = ec_moqt_name_new_joined (request->name, message->name);
  if (!name) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "A namespace is too long");
    return;
  }
  if (message->kind == EC_MOQT_PUBLISH_BLOCKED) {
    ec_moqt_emit (session, publish_blocked, request, name);
  } else if (message->kind == EC_MOQT_NAMESPACE) {
    found (request, name);
  } else if (g_hash_table_remove (names_of (request), name)) {
    ec_moqt_emit (session, namespace_lost, request, name);
  } else {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "NAMESPACE_DONE of a namespace that was not told of");
  }
}

/* -- We tell */
static void
send_name (EcMoqtRequest *self, EcMoqtMessageKind kind, EcMoqtName *name)
{
  EcMoqtSession *session = self->session;
  EcMoqtMessage message = { .kind = kind };

  if (ec_moqt_session_is_over (session) || self->ours ||
      !(self->interest & EC_MOQT_INTEREST_NAMESPACES) || self->state != EC_MOQT_REQUEST_GRANTED ||
      !ec_moqt_name_has_prefix (name, self->name))
    return;
  /* A relay may know names from another draft that this one has no room for. */
  if (ec_moqt_name_get_n_fields (name) < session->draft->min_fields ||
      ec_moqt_spaces_is_reserved (session, name))
    return;
  /* The order of both is kept here, so that a user need not. */
  if (kind == EC_MOQT_NAMESPACE ? g_hash_table_contains (names_of (self), name)
                                : !g_hash_table_contains (names_of (self), name))
    return;
  ec_moqt_session_enter (session);
  message.name = ec_moqt_name_new_suffix (name, ec_moqt_name_get_n_fields (self->name));
  if (message.name) {
    if (kind == EC_MOQT_NAMESPACE)
      g_hash_table_add (names_of (self), ec_moqt_name_ref (name));
    else
      g_hash_table_remove (names_of (self), name);
    ec_moqt_request_send (self, &message, FALSE);
    ec_moqt_name_unref (message.name);
  }
  ec_moqt_session_leave (session, FALSE);
}

void
ec_moqt_request_send_namespace (EcMoqtRequest *self, EcMoqtName *name)
{
  send_name (self, EC_MOQT_NAMESPACE, name);
}

void
ec_moqt_request_send_namespace_done (EcMoqtRequest *self, EcMoqtName *name)
{
  send_name (self, EC_MOQT_NAMESPACE_DONE, name);
}

/* -- The prefix changes (§10.9.2) */
void
ec_moqt_spaces_move (EcMoqtRequest *request, EcMoqtName *prefix)
{
  EcMoqtSession *session = request->session;
  g_autoptr (GPtrArray) lost = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_moqt_name_unref);
  GHashTableIter iter;
  gpointer name;

  g_clear_pointer (&request->name, ec_moqt_name_unref);
  request->name = prefix;
  if (!request->namespaces || !(request->interest & EC_MOQT_INTEREST_NAMESPACES))
    return;
  g_hash_table_iter_init (&iter, request->namespaces);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!ec_moqt_name_has_prefix (name, prefix)) {
      g_ptr_array_add (lost, ec_moqt_name_ref (name));
      g_hash_table_iter_remove (&iter);
    }
  if (!request->ours)
    return;
  for (guint i = 0; i < lost->len && !ec_moqt_session_is_over (session) &&
                    request->state != EC_MOQT_REQUEST_ENDED;
       i++)
    ec_moqt_emit (session, namespace_lost, request, lost->pdata[i]);
}
