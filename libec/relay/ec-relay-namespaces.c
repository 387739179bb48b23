/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-private.h"

/* PUBLISH_NAMESPACE, and those who ask for namespaces or tracks (MOQT §6). */

/* Locked; FALSE: not let in, or too many. */
static gboolean
claim (EcRelaySession *self,
       EcMoqtName *name,
       const EcRelayPrincipals *who,
       EcRelayPrincipal *as,
       EcMoqtErrorCode *code,
       const char **reason)
{
  EcRelayCore *core = self->core;

  if (core->n_namespaces >= core->config.limits.max_namespaces) {
    core->stats.n_unauthorized++;
    *code = EC_MOQT_ERROR_EXCESSIVE_LOAD;
    *reason = "the relay has too many namespaces already";
    return FALSE;
  }
  *code = EC_MOQT_ERROR_UNAUTHORIZED;
  return ec_relay_core_claim (core, self, name, who, as, reason);
}

static void
enter_publication (EcRelaySession *self,
                   EcMoqtRequest *request,
                   EcMoqtName *name,
                   const EcRelayPrincipals *who)
{
  EcRelayCore *core = self->core;
  EcRelayPublication *publication;
  EcRelayPrincipal as;
  EcMoqtErrorCode code;
  const char *reason = NULL;
  gboolean claimed;

  ec_relay_core_lock (core, ec_relay_session_now (self));
  claimed = claim (self, name, who, &as, &code, &reason);
  ec_relay_core_unlock (core);
  if (!claimed) {
    self->counts[EC_RELAY_COUNT_NAMESPACES]--;
    ec_relay_core_unreckon (core, EC_RELAY_REQUEST_RECKONED);
    ec_relay_core_event (core, self, EC_RELAY_EVENT_UNAUTHORIZED, name, reason);
    ec_moqt_request_refuse (request, code, reason);
    return;
  }

  publication = ec_relay_item_new (self, EC_RELAY_ITEM_PUBLICATION, sizeof *publication,
                                   EC_RELAY_REQUEST_RECKONED);
  publication->name = ec_moqt_name_ref (name);
  publication->as = as;
  publication->item.request = request;
  ec_moqt_request_set_data (request, publication);
  ec_relay_session_keep (self, publication);
  /* Before anything is asked of it. */
  ec_moqt_request_grant (request, NULL);
  ec_relay_core_lock (core, ec_relay_session_now (self));
  ec_relay_registry_add_publication (core, publication);
  ec_relay_core_unlock (core);
  ec_relay_core_event (core, self, EC_RELAY_EVENT_NAMESPACE_PUBLISHED, name, NULL);
}

void
ec_relay_namespaces_published (EcRelaySession *self, EcMoqtRequest *request)
{
  EcMoqtName *name = ec_moqt_request_get_name (request);
  EcRelayPrincipals who;

  if (ec_moqt_name_get_n_fields (name) == 0) {
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_UNAUTHORIZED,
                            "nobody publishes all names there are");
    return;
  }
  if (!ec_relay_session_identify (self, request, name, &who) ||
      !ec_relay_session_count (self, request, EC_RELAY_COUNT_NAMESPACES,
                               self->core->config.limits.max_session_namespaces,
                               EC_RELAY_REQUEST_RECKONED))
    return;
  enter_publication (self, request, name, &who);
}

/* -- Interests */

static GHashTable *
names_new (void)
{
  return g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                (GDestroyNotify) ec_moqt_name_unref, NULL);
}

static EcRelayInterest *
interest_new (EcRelaySession *self, EcMoqtRequest *request, const EcRelayPrincipals *who)
{
  const EcMoqtParams *params = ec_moqt_request_get_params (request);
  guint interest = ec_moqt_request_get_interest (request);
  EcRelayInterest *new =
      ec_relay_item_new (self, EC_RELAY_ITEM_INTEREST, sizeof *new, EC_RELAY_REQUEST_RECKONED);

  new->prefix = ec_moqt_name_ref (ec_moqt_request_get_name (request));
  new->names = (interest & EC_MOQT_INTEREST_NAMESPACES) != 0;
  new->tracks = (interest & EC_MOQT_INTEREST_TRACKS) != 0;
  new->forward = !(params->has & EC_MOQT_PARAM_FORWARD) || params->forward;
  new->who = *who;
  new->changed = names_new ();
  new->item.request = request;
  return new;
}

void
ec_relay_namespaces_asked (EcRelaySession *self, EcMoqtRequest *request)
{
  EcRelayCore *core = self->core;
  EcMoqtName *prefix = ec_moqt_request_get_name (request);
  EcRelayInterest *interest;
  EcRelayPrincipals who;

  if (!ec_relay_session_identify (self, request, prefix, &who))
    return;
  if (!ec_relay_policy_may_subscribe (core->config.policy, prefix, &who)) {
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_UNAUTHORIZED,
                            "the relay's configuration lets others subscribe to this");
    return;
  }
  if (!ec_relay_session_count (self, request, EC_RELAY_COUNT_INTERESTS,
                               core->config.limits.max_session_interests,
                               EC_RELAY_REQUEST_RECKONED))
    return;
  interest = interest_new (self, request, &who);
  ec_moqt_request_set_data (request, interest);
  ec_relay_session_keep (self, interest);
  ec_moqt_request_grant (request, NULL);
  ec_relay_core_lock (core, ec_relay_session_now (self));
  ec_relay_registry_add_interest (core, interest);
  ec_relay_core_unlock (core);
}

/* §10.9.2: another prefix holds from our answer on, and what was told before of what is not under it is forgotten on both sides. */
gboolean
ec_relay_interest_updated (EcRelaySession *self,
                           EcRelayInterest *interest,
                           const EcMoqtParams *changed,
                           EcMoqtErrorCode *code,
                           const char **reason)
{
  EcRelayCore *core = self->core;
  EcMoqtName *prefix =
      changed->has & EC_MOQT_PARAM_NAMESPACE_PREFIX ? changed->namespace_prefix : NULL;
  EcRelayPrincipals who;

  if (prefix) {
    if (!ec_relay_session_identify_again (self, changed, prefix, &who, code, reason))
      return FALSE;
    if (!ec_relay_policy_may_subscribe (core->config.policy, prefix, &who)) {
      *code = EC_MOQT_ERROR_UNAUTHORIZED;
      *reason = "the relay's configuration lets others subscribe to this";
      return FALSE;
    }
  }
  ec_moqt_request_grant_update (interest->item.request, NULL);
  ec_relay_core_lock (core, ec_relay_session_now (self));
  if (changed->has & EC_MOQT_PARAM_FORWARD)
    interest->forward = changed->forward;
  if (prefix)
    ec_relay_registry_move_interest (core, interest, prefix, &who);
  ec_relay_core_unlock (core);
  return TRUE;
}

/* Looked at now and then only: it asks each of the session's streams. */
#define NAMES_AT_ONCE 8
/* So long a session may read nothing while names come and go that it asked for. */
#define BEHIND_MAX_US (10 * G_USEC_PER_SEC)

/* The session reads more slowly than names come and go: the rest waits, unless there is newer word of the same. */
static void
put_back (EcRelaySession *self, EcRelayInterest *interest, GHashTable *changed)
{
  GHashTableIter iter;
  gpointer name, there;

  interest->behind_us = ec_relay_session_now (self);
  ec_relay_core_lock (self->core, interest->behind_us);
  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, &name, &there))
    if (!g_hash_table_contains (interest->changed, name))
      g_hash_table_insert (interest->changed, ec_moqt_name_ref (name), there);
  ec_relay_core_unlock (self->core);
}

static gboolean
reads_slowly (EcRelaySession *self)
{
  return ec_moq_link_get_unsent_control (self->link) >
         self->core->config.limits.max_unsent_control / 4;
}

void
ec_relay_interest_look (EcRelaySession *self, EcRelayInterest *interest)
{
  g_autoptr (GHashTable) changed = NULL;
  GHashTableIter iter;
  gpointer name, there;

  if (interest->behind_us > 0 && reads_slowly (self)) {
    if (ec_relay_session_now (self) >= interest->behind_us + BEHIND_MAX_US)
      self->overload = "it does not read our answers";
    return;
  }
  interest->behind_us = 0;
  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  changed = g_steal_pointer (&interest->changed);
  interest->changed = names_new ();
  ec_relay_core_unlock (self->core);

  g_hash_table_iter_init (&iter, changed);
  for (guint n = 0; g_hash_table_iter_next (&iter, &name, &there); n++) {
    if (n % NAMES_AT_ONCE == 0 && reads_slowly (self)) {
      put_back (self, interest, changed);
      return;
    }
    if (GPOINTER_TO_INT (there))
      ec_moqt_request_send_namespace (interest->item.request, name);
    else
      ec_moqt_request_send_namespace_done (interest->item.request, name);
    g_hash_table_iter_remove (&iter);
  }
}
