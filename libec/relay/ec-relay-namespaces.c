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
  new->changed = g_hash_table_new_full (ec_moqt_name_hash, ec_moqt_name_equal,
                                        (GDestroyNotify) ec_moqt_name_unref, NULL);
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

void
ec_relay_interest_look (EcRelaySession *self, EcRelayInterest *interest)
{
  g_autoptr (GHashTable) changed = g_hash_table_new_full (
      ec_moqt_name_hash, ec_moqt_name_equal, (GDestroyNotify) ec_moqt_name_unref, NULL);
  GHashTableIter iter;
  gpointer name, there;

  ec_relay_core_lock (self->core, ec_relay_session_now (self));
  {
    GHashTable *empty = changed;

    changed = interest->changed;
    interest->changed = empty;
  }
  ec_relay_core_unlock (self->core);

  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, &name, &there)) {
    /* What has gone and come again in between is told so: it may be another's. */
    if (GPOINTER_TO_INT (there))
      ec_moqt_request_send_namespace (interest->item.request, name);
    else
      ec_moqt_request_send_namespace_done (interest->item.request, name);
    ec_relay_session_check_unsent (self);
  }
}
