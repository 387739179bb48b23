/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/* Fetches (§10.12): what range a joining one comes to, and when a fetch is over. */

/* `end` is exclusive of objects; object 0 is the whole group. */
gboolean
ec_moqt_fetch_range_is_valid (EcMoqtLocation start, EcMoqtLocation end)
{
  if (end.group != start.group)
    return end.group > start.group;
  return end.object == 0 || end.object > start.object;
}

static gboolean
is_before (EcMoqtLocation location, EcMoqtLocation end)
{
  if (location.group != end.group)
    return location.group < end.group;
  return end.object == 0 || location.object < end.object;
}

gboolean
ec_moqt_fetch_has (const EcMoqtRequest *request, EcMoqtLocation location)
{
  if (request->has_told_end && !is_before (location, request->told_end))
    return FALSE;
  if (request->fetch != EC_MOQT_FETCH_STANDALONE)
    return TRUE; /* the publisher knows its range better than we */
  if (ec_moqt_location_compare (location, request->start) < 0)
    return FALSE;
  return is_before (location, request->end);
}

static void
tell (EcMoqtRequest *request)
{
  request->hidden = FALSE;
  ec_moqt_timer_unset (request->session, &request->timer);
  ec_moqt_emit (request->session, requested, request);
}

static void
tell_later (EcMoqtSession *session, gpointer owner, guint code)
{
  tell (owner);
}

static void
gave_up (EcMoqtSession *session, gpointer owner)
{
  ec_moqt_answer_refuse (owner, EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID,
                         "The subscription to be joined did not come about");
}

gboolean
ec_moqt_fetch_can_join (const EcMoqtRequest *subscription)
{
  const EcMoqtParams *params = &subscription->params;

  if (!subscription->session->draft->joins_by_filter)
    return ec_moqt_request_get_forward (subscription);
  return (params->has & EC_MOQT_PARAM_SUBSCRIPTION_FILTER) &&
         params->filter.kind == EC_MOQT_FILTER_LARGEST_OBJECT;
}

/* §10.12.2.1 */
static gboolean
compute_range (EcMoqtRequest *self, const EcMoqtRequest *subscription)
{
  EcMoqtLocation joining = subscription->largest;

  if (!ec_moqt_fetch_can_join (subscription) || !subscription->has_largest)
    return FALSE;
  if (joining.object == G_MAXUINT64)
    return FALSE;
  self->end = joining;
  self->end.object++;
  self->start = (EcMoqtLocation){ self->joining_start, 0 };
  if (self->fetch == EC_MOQT_FETCH_RELATIVE_JOINING)
    self->start.group = joining.group - MIN (joining.group, self->joining_start);
  return self->start.group <= joining.group;
}

/* TRUE: it is the peer's business with a track of ours, or may become so. */
static gboolean
can_be_joined (const EcMoqtRequest *subscription)
{
  return ec_moqt_request_is_subscription (subscription) &&
         ec_moqt_request_is_publisher ((EcMoqtRequest *) subscription) &&
         subscription->state <= EC_MOQT_REQUEST_GRANTED;
}

static void
wait_for_subscription (EcMoqtRequest *self)
{
  EcMoqtSession *session = self->session;

  self->hidden = TRUE;
  if (!self->timer.place)
    ec_moqt_timer_set (session, &self->timer,
                       session->now_us + session->limits.answer_timeout_ms * (guint64) 1000,
                       gave_up, self);
}

static void
resolve (EcMoqtRequest *self, gboolean in_event)
{
  EcMoqtSession *session = self->session;
  EcMoqtRequest *subscription;

  if (self->fetch == EC_MOQT_FETCH_STANDALONE) {
    tell (self);
    return;
  }
  subscription = g_hash_table_lookup (session->by_id, &self->joining_id);
  if (!subscription && !ec_moqt_ids_was_used (session, self->joining_id)) {
    /* On a stream of its own the SUBSCRIBE may come behind the FETCH that joins it. */
    if (session->draft->shape == EC_MOQT_SHAPE_REQUEST_STREAMS &&
        ((self->joining_id & 1) != 0) != session->config.server) {
      wait_for_subscription (self);
      return;
    }
  }
  if (!subscription || !can_be_joined (subscription)) {
    ec_moqt_answer_refuse (self, EC_MOQT_ERROR_INVALID_JOINING_REQUEST_ID,
                           "There is no such subscription");
    return;
  }
  /* What filter a PUBLISH has is not known before its PUBLISH_OK. */
  if (session->draft->joins_by_filter && !ec_moqt_fetch_can_join (subscription) &&
      !(subscription->ours && subscription->state != EC_MOQT_REQUEST_GRANTED)) {
    ec_moqt_session_fail (session, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                          "A FETCH joins what does not begin at the largest object");
    return;
  }
  /* A PUBLISH whose PUBLISH_OK is still on its way may be joined already. Updates come first (§10.12.2). */
  if (subscription->state != EC_MOQT_REQUEST_GRANTED || subscription->updates_peer.length > 0) {
    wait_for_subscription (self);
    return;
  }
  if (!compute_range (self, subscription)) {
    ec_moqt_answer_refuse (self, EC_MOQT_ERROR_INVALID_RANGE,
                           "The subscription has nothing to be joined");
    return;
  }
  if (!self->name)
    self->name = ec_moqt_name_ref (subscription->name);
  if (!self->properties && subscription->properties)
    self->properties = ec_moqt_properties_ref (subscription->properties);
  if (in_event) {
    tell (self);
  } else {
    ec_moqt_timer_unset (session, &self->timer);
    self->resolved = TRUE;
    ec_moqt_session_defer (session, tell_later, self, 0);
  }
}

void
ec_moqt_fetch_resolve (EcMoqtRequest *request)
{
  resolve (request, TRUE);
}

/* May be called from a call of the user's: it hears of them later. */
void
ec_moqt_fetch_resolve_joining (EcMoqtSession *session, guint64 subscription_id)
{
  EcMoqtRequest *request, *next;

  for (request = session->requests; request; request = next) {
    next = request->next;
    if (request->hidden && !request->resolved && request->kind == EC_MOQT_REQUEST_FETCH &&
        request->joining_id == subscription_id)
      resolve (request, FALSE);
  }
}

gboolean
ec_moqt_request_get_range (EcMoqtRequest *self, EcMoqtLocation *start, EcMoqtLocation *end)
{
  if (self->kind != EC_MOQT_REQUEST_FETCH || self->hidden)
    return FALSE;
  *start = self->start;
  *end = self->end;
  return self->ours ? self->fetch == EC_MOQT_FETCH_STANDALONE : TRUE;
}

/* -- The end */
static void
over (EcMoqtSession *session, gpointer owner, guint code)
{
  EcMoqtRequest *self = owner;

  ec_moqt_request_finished (self, self->done, "");
}

/* Over when it was granted and its stream has ended, in whatever order. */
void
ec_moqt_fetch_check_over (EcMoqtRequest *request)
{
  if (request->fetch_over && request->state == EC_MOQT_REQUEST_GRANTED && !request->over_deferred) {
    request->over_deferred = TRUE;
    ec_moqt_session_defer (request->session, over, request, 0);
  }
}
