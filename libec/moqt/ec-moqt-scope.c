/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/*
 * What an answer or an update may say (§10.2.1, §10.5), where the message's type alone does not tell: REQUEST_OK and
 * REQUEST_UPDATE are about requests of all kinds. Up to draft 16 what has no place in an answer is passed over (its §9.2.2); in
 * an update it is not (its §9.11).
 */

#define SUBSCRIPTION                                                                               \
  (EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT | EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT |               \
   EC_MOQT_PARAM_FORWARD | EC_MOQT_PARAM_SUBSCRIBER_PRIORITY | EC_MOQT_PARAM_SUBSCRIPTION_FILTER | \
   EC_MOQT_PARAM_NEW_GROUP_REQUEST)

guint
ec_moqt_scope_of_update (const EcMoqtRequest *request)
{
  /* Of the delivery timeouts no section says what an update must be about. */
  guint any = EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT | EC_MOQT_PARAM_SUBGROUP_DELIVERY_TIMEOUT;

  switch (request->kind) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
  case EC_MOQT_REQUEST_PUBLISH:
    return SUBSCRIPTION;
  case EC_MOQT_REQUEST_FETCH:
    return any | EC_MOQT_PARAM_SUBSCRIBER_PRIORITY;
  case EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE: /* 16: of tracks, too */
  case EC_MOQT_REQUEST_SUBSCRIBE_TRACKS:
    if (request->session->draft->moves_prefixes)
      any |= EC_MOQT_PARAM_NAMESPACE_PREFIX;
    return any | EC_MOQT_PARAM_FORWARD;
  default:
    return any;
  }
}

guint
ec_moqt_scope_of_update_ok (void)
{
  return EC_MOQT_PARAM_EXPIRES | EC_MOQT_PARAM_LARGEST_OBJECT;
}

/* Of what the message's own type says, the codec takes care. */
guint
ec_moqt_scope_of_ok (const EcMoqtRequest *request)
{
  switch (request->kind) {
  case EC_MOQT_REQUEST_SUBSCRIBE:
  case EC_MOQT_REQUEST_FETCH:
    return G_MAXUINT;
  case EC_MOQT_REQUEST_PUBLISH:
    return SUBSCRIPTION | EC_MOQT_PARAM_EXPIRES | EC_MOQT_PARAM_GROUP_ORDER;
  case EC_MOQT_REQUEST_TRACK_STATUS:
    return EC_MOQT_PARAM_EXPIRES | EC_MOQT_PARAM_LARGEST_OBJECT;
  default:
    return 0;
  }
}

gboolean
ec_moqt_scope_check (EcMoqtSession *session, EcMoqtMessage *message, guint scope)
{
  if (!(message->params.has & ~scope))
    return TRUE;
  if (!session->draft->strict_params && message->kind != EC_MOQT_REQUEST_UPDATE) {
    message->params.has &= scope;
    return TRUE;
  }
  ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                        "A parameter of what the request is not about");
  return FALSE;
}

/* §10.5: of all that REQUEST_OK answers only a track's status has properties. */
gboolean
ec_moqt_scope_check_properties (EcMoqtSession *session, const EcMoqtMessage *message)
{
  if (!message->properties)
    return TRUE;
  ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                        "REQUEST_OK with properties of a track that it is not about");
  return FALSE;
}

/* §10.2.13: nobody may be asked for a group that does not say that it makes them when asked. */
guint
ec_moqt_scope_of_new_groups (const EcMoqtRequest *request)
{
  guint64 dynamic = 0;

  ec_moqt_properties_find_number (request->properties, EC_MOQT_PROPERTY_DYNAMIC_GROUPS, &dynamic);
  return dynamic == 1 ? G_MAXUINT : ~(guint) EC_MOQT_PARAM_NEW_GROUP_REQUEST;
}
