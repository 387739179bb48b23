/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "relay/ec-relay-credentials.h"

/*
 * EcRelayPolicy: who may publish, and who may subscribe, under which prefix (ECP-0006 §4). Rules are set before it is used; what
 * concerns claims is called with one lock held.
 */
typedef struct _EcRelayPolicy EcRelayPolicy;

EcRelayPolicy *ec_relay_policy_new (void) G_GNUC_WARN_UNUSED_RESULT;
void ec_relay_policy_free (EcRelayPolicy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcRelayPolicy, ec_relay_policy_free)

/* "PREFIX=any", "PREFIX=none", "PREFIX=NODE ID"; more keys for one prefix by more rules; an empty prefix is for all names.
 * Errors: EC_MOQ_ERROR_BAD_URI, with what is wrong. */
gboolean ec_relay_policy_allow_publish (EcRelayPolicy *self, const char *rule, GError **error);
gboolean ec_relay_policy_allow_subscribe (EcRelayPolicy *self, const char *rule, GError **error);
/* Who shows this may publish and subscribe whatever is not forbidden to everybody; nullable. */
void ec_relay_policy_set_token (EcRelayPolicy *self, GBytes *token);
void ec_relay_policy_set_authorities (EcRelayPolicy *self, const char *const *authorities);
/* Fills in what of a check is the relay's. */
void ec_relay_policy_begin_check (EcRelayPolicy *self, EcRelayTokenCheck *check);

/* Lets a session publish `space`, as `*as`; to be given back by ec_relay_policy_release(). FALSE: `*reason` (static) says why not. */
gboolean ec_relay_policy_claim (EcRelayPolicy *self,
                                EcMoqtName *space,
                                const EcRelayPrincipals *who,
                                guint64 now_us,
                                EcRelayPrincipal *as,
                                const char **reason);
/* One use less; a key's claim is kept for `hold_us` after its last. */
void ec_relay_policy_release (EcRelayPolicy *self,
                              EcMoqtName *space,
                              const EcRelayPrincipal *as,
                              guint64 now_us,
                              guint64 hold_us);
/* The number of the session without a key whose `space` is; 0: it is nobody's, or a key's. */
guint64 ec_relay_policy_get_session (EcRelayPolicy *self, EcMoqtName *space);
/* The claim is free; who had it may still release it. */
void ec_relay_policy_disown (EcRelayPolicy *self, EcMoqtName *space);
/* Whether a publisher of a prefix of `space`, let in as `as`, is asked for tracks in it. */
gboolean ec_relay_policy_may_serve (EcRelayPolicy *self,
                                    EcMoqtName *space,
                                    const EcRelayPrincipal *as,
                                    guint64 now_us);
gboolean ec_relay_policy_may_subscribe (EcRelayPolicy *self,
                                        EcMoqtName *space,
                                        const EcRelayPrincipals *who);
void ec_relay_policy_expire (EcRelayPolicy *self, guint64 now_us);
guint ec_relay_policy_get_n_claims (EcRelayPolicy *self);

/* The first `n` fields of a name's namespace. */
EcMoqtName *ec_relay_name_truncate (const EcMoqtName *name, guint n) G_GNUC_WARN_UNUSED_RESULT;
