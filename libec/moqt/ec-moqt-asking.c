/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* The calls by which a user asks, and takes back what it asked. */

/* Whether it can be said in this draft: the peer would have to close the session, or may take it for something else. */
static gboolean
can_be_named (const EcMoqtSession *self, EcMoqtRequestKind kind, const EcMoqtName *name)
{
  gboolean prefix =
      kind == EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE || kind == EC_MOQT_REQUEST_SUBSCRIBE_TRACKS;

  if (!prefix && ec_moqt_name_get_n_fields (name) < self->draft->min_fields)
    return FALSE;
  return !ec_moqt_spaces_is_reserved (self, name);
}

static EcMoqtRequest *
begin (EcMoqtSession *self, EcMoqtRequestKind kind, EcMoqtName *name, const EcMoqtParams *params)
{
  EcMoqtRequest *request;

  if (ec_moqt_session_is_over (self) || self->goaway_received)
    return NULL;
  if (name && !can_be_named (self, kind, name))
    return NULL;
  request = ec_moqt_request_new (self, kind, TRUE, name);
  if (request)
    ec_moqt_request_copy_params (&request->params, params);
  return request;
}

static EcMoqtRequest *
commit (EcMoqtSession *self, EcMoqtRequest *request)
{
  if (!request)
    return NULL;
  ec_moqt_session_enter (self);
  ec_moqt_ask_queue (request);
  ec_moqt_session_leave (self, FALSE);
  return request;
}

EcMoqtRequest *
ec_moqt_session_subscribe (EcMoqtSession *self, EcMoqtName *track, const EcMoqtParams *params)
{
  return commit (self, begin (self, EC_MOQT_REQUEST_SUBSCRIBE, track, params));
}

EcMoqtRequest *
ec_moqt_session_publish (EcMoqtSession *self,
                         EcMoqtName *track,
                         const EcMoqtParams *params,
                         EcMoqtProperties *properties)
{
  EcMoqtRequest *request = begin (self, EC_MOQT_REQUEST_PUBLISH, track, params);

  if (!request)
    return NULL;
  request->properties = properties ? ec_moqt_properties_ref (properties) : NULL;
  request->alias = self->next_alias++;
  if (request->params.has & EC_MOQT_PARAM_LARGEST_OBJECT) {
    request->has_largest = TRUE;
    request->largest = request->params.largest;
  }
  return commit (self, request);
}

EcMoqtRequest *
ec_moqt_session_fetch (EcMoqtSession *self,
                       EcMoqtName *track,
                       EcMoqtLocation start,
                       EcMoqtLocation end,
                       const EcMoqtParams *params)
{
  EcMoqtRequest *request = begin (self, EC_MOQT_REQUEST_FETCH, track, params);

  if (!request)
    return NULL;
  request->fetch = EC_MOQT_FETCH_STANDALONE;
  request->start = start;
  request->end = end;
  return commit (self, request);
}

/* Where there is a largest object that a joining fetch may not, or would not, go up to: what it would come to, asked for as it
 * is. §9.16.2 of draft 16: with another filter the publisher must close the session. */
static EcMoqtRequest *
fetch_instead (EcMoqtSession *self,
               EcMoqtRequest *subscription,
               gboolean relative,
               guint64 start,
               const EcMoqtParams *params)
{
  EcMoqtLocation largest = subscription->largest;
  EcMoqtLocation first = { start, 0 }, end = { largest.group, largest.object + 1 };

  if (!subscription->has_largest || largest.object == G_MAXUINT64)
    return NULL;
  if (relative)
    first.group = largest.group - MIN (largest.group, start);
  return ec_moqt_session_fetch (self, subscription->name, first, end, params);
}

EcMoqtRequest *
ec_moqt_session_joining_fetch (EcMoqtSession *self,
                               EcMoqtRequest *subscription,
                               gboolean relative,
                               guint64 start,
                               const EcMoqtParams *params)
{
  EcMoqtRequest *request;

  g_return_val_if_fail (ec_moqt_request_is_subscription (subscription), NULL);

  if (self->draft->joins_by_filter &&
      (subscription->largest_moved || !ec_moqt_fetch_can_join (subscription)))
    return fetch_instead (self, subscription, relative, start, params);
  request = begin (self, EC_MOQT_REQUEST_FETCH, subscription->name, params);
  if (!request)
    return NULL;
  request->fetch = relative ? EC_MOQT_FETCH_RELATIVE_JOINING : EC_MOQT_FETCH_ABSOLUTE_JOINING;
  request->joining_start = start;
  request->joining_id = subscription->id;
  if (subscription->id == G_MAXUINT64) {
    /* It has no id before it is sent; it waits in front of us, in the same queue. */
    g_queue_push_tail (&subscription->joiners, request);
    request->joins = subscription;
  }
  return commit (self, request);
}

EcMoqtRequest *
ec_moqt_session_track_status (EcMoqtSession *self, EcMoqtName *track, const EcMoqtParams *params)
{
  return commit (self, begin (self, EC_MOQT_REQUEST_TRACK_STATUS, track, params));
}

EcMoqtRequest *
ec_moqt_session_publish_namespace (EcMoqtSession *self,
                                   EcMoqtName *name,
                                   const EcMoqtParams *params)
{
  return commit (self, begin (self, EC_MOQT_REQUEST_PUBLISH_NAMESPACE, name, params));
}

EcMoqtRequest *
ec_moqt_session_subscribe_namespace (EcMoqtSession *self,
                                     EcMoqtName *prefix,
                                     const EcMoqtParams *params)
{
  EcMoqtRequest *request = begin (self, EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE, prefix, params);

  if (request)
    request->interest = EC_MOQT_INTEREST_NAMESPACES;
  return commit (self, request);
}

EcMoqtRequest *
ec_moqt_session_subscribe_tracks (EcMoqtSession *self,
                                  EcMoqtName *prefix,
                                  const EcMoqtParams *params)
{
  EcMoqtRequest *request = begin (self, EC_MOQT_REQUEST_SUBSCRIBE_TRACKS, prefix, params);

  if (request)
    request->interest = EC_MOQT_INTEREST_TRACKS;
  return commit (self, request);
}

/* -- And to take back */
void
ec_moqt_request_cancel (EcMoqtRequest *self)
{
  EcMoqtSession *session = self->session;

  if (self->state == EC_MOQT_REQUEST_ENDED || ec_moqt_session_is_over (session))
    return;
  if (ec_moqt_request_is_publisher (self) && ec_moqt_request_is_subscription (self) &&
      (self->ours || self->state == EC_MOQT_REQUEST_GRANTED)) {
    ec_moqt_request_finish (self, EC_MOQT_DONE_SUBSCRIPTION_ENDED, "");
    return;
  }
  if (!self->ours && self->state == EC_MOQT_REQUEST_PENDING) {
    ec_moqt_request_refuse (self,
                            self->kind == EC_MOQT_REQUEST_PUBLISH ||
                                    self->kind == EC_MOQT_REQUEST_PUBLISH_NAMESPACE
                                ? EC_MOQT_ERROR_UNINTERESTED
                                : EC_MOQT_ERROR_INTERNAL_ERROR,
                            "");
    return;
  }
  ec_moqt_session_enter (session);
  ec_moqt_ask_withdraw (self, EC_MOQT_RESET_CANCELLED);
  ec_moqt_request_end (self, EC_MOQT_RESET_CANCELLED);
  ec_moqt_session_leave (session, FALSE);
}

void
ec_moqt_request_update (EcMoqtRequest *self, const EcMoqtParams *changed)
{
  EcMoqtSession *session = self->session;

  if (self->state >= EC_MOQT_REQUEST_DRAINING || ec_moqt_session_is_over (session))
    return;
  /* §10.9: whoever asked may, and the subscriber of a PUBLISH; never of a TRACK_STATUS (§10.14). */
  if (self->ours ? self->kind == EC_MOQT_REQUEST_TRACK_STATUS
                 : self->kind != EC_MOQT_REQUEST_PUBLISH)
    return;
  ec_moqt_session_enter (session);
  if (self->state == EC_MOQT_REQUEST_UNSENT) {
    ec_moqt_params_update (&self->params, changed);
  } else {
    /* Those that wait become one. */
    ec_moqt_params_update (&self->wanted, changed);
    self->update_wanted = TRUE;
    ec_moqt_ask_queue (self);
  }
  ec_moqt_session_leave (session, FALSE);
}
