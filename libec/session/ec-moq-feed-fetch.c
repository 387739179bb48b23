/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-feed-private.h"

/*
 * A fetch walks over locations, groups in the order that was asked for, objects in theirs. What is not serialized and not said to be
 * unknown does not exist (§11.4.4.2), so that only the unknown ranges are written.
 */

/* -- Where it is */

static guint64
get_low (const EcFeedFetch *self, guint64 group)
{
  return group == self->start.group ? self->start.object : 0;
}

static guint64
get_high (const EcFeedFetch *self, guint64 group)
{
  return group == self->last.group ? self->last.object : EC_FEED_MAX_ID;
}

static void
go_to_group (EcFeedFetch *self, guint64 group)
{
  self->at = (EcMoqtLocation){ group, get_low (self, group) };
}

/* Behind the group, in the order of the fetch. */
static void
leave_group (EcFeedFetch *self, guint64 group)
{
  if (group == (self->descending ? self->start.group : self->last.group))
    self->over = TRUE;
  else
    go_to_group (self, self->descending ? group - 1 : group + 1);
}

static void
leave_object (EcFeedFetch *self, EcMoqtLocation object)
{
  if (object.object >= get_high (self, object.group) || object.object >= EC_FEED_MAX_ID)
    leave_group (self, object.group);
  else
    self->at = (EcMoqtLocation){ object.group, object.object + 1 };
}

static gboolean
is_within (EcMoqtLocation at, EcMoqtLocation from, EcMoqtLocation to)
{
  return ec_moqt_location_compare (from, at) <= 0 && ec_moqt_location_compare (at, to) <= 0;
}

gboolean
ec_feed_fetch_wants (EcMoqFeedReader *self, guint64 group)
{
  EcFeedFetch *fetch = &self->fetch;

  return fetch->asked && !fetch->over && fetch->from.group <= group && group <= fetch->to.group &&
         (fetch->descending ? group <= fetch->at.group : group >= fetch->at.group);
}

void
ec_feed_fetch_overflow (EcMoqFeedReader *self, guint64 group)
{
  EcFeedFetch *fetch = &self->fetch;

  if (!fetch->overflow ||
      (fetch->descending ? group > fetch->overflow_group : group < fetch->overflow_group))
    fetch->overflow_group = group;
  fetch->overflow = TRUE;
}

/* Whether what is missing where the fetch is may have been put, and found no room. */
static gboolean
has_overflown (const EcFeedFetch *self)
{
  return self->overflow && (self->descending ? self->at.group <= self->overflow_group
                                             : self->at.group >= self->overflow_group);
}

/* -- What is not here */

typedef enum { FETCH_MORE, FETCH_WAIT, FETCH_ASK } Fetch;

/* From where the fetch is up to `to`, of one group, or of several that are all not here. */
static Fetch
miss (EcMoqFeedReader *self, EcMoqtLocation from, EcMoqtLocation to)
{
  EcFeedFetch *fetch = &self->fetch;
  gboolean asked = fetch->asked && is_within (fetch->at, fetch->from, fetch->to);

  /* Nobody can be asked; or was, and did not have it; or there was no room for so much as one object of it. */
  if (!fetch->missing || (asked && (!has_overflown (fetch) || !fetch->progress))) {
    EcMoqtLocation end = to;

    if (fetch->descending && from.group != to.group)
      end = (EcMoqtLocation){ from.group, get_high (fetch, from.group) };
    else if (asked && !fetch->descending && ec_moqt_location_compare (fetch->to, to) < 0)
      end = fetch->to;
    ec_moqt_stream_write_range (fetch->stream, end, TRUE);
    leave_object (fetch, end);
    return FETCH_MORE;
  }

  fetch->asked = TRUE;
  fetch->waiting = TRUE;
  fetch->progress = FALSE;
  fetch->overflow = FALSE;
  fetch->from = from;
  fetch->to = to;
  return FETCH_ASK;
}

/* The group that the fetch is at is not here, nor maybe others behind it. */
static Fetch
miss_groups (EcMoqFeedReader *self)
{
  EcFeedFetch *fetch = &self->fetch;
  GPtrArray *groups = self->feed->groups;
  guint64 at = fetch->at.group;
  guint i = ec_feed_group_index (self->feed, at);
  EcFeedGroup *above = i < groups->len ? groups->pdata[i] : NULL;
  EcFeedGroup *below = i > 0 ? groups->pdata[i - 1] : NULL;

  /* A later group tells that these do not exist. */
  if (above && above->prior_gap >= above->id - at) {
    if (!fetch->descending && above->id <= fetch->last.group)
      go_to_group (fetch, above->id);
    else
      leave_group (fetch, at);
    return FETCH_MORE;
  }
  if (!fetch->descending) {
    if (!above || above->id > fetch->last.group)
      return miss (self, fetch->at, fetch->last);
    return miss (self, fetch->at, (EcMoqtLocation){ above->id - 1, EC_FEED_MAX_ID });
  }
  if (!below || below->id < fetch->start.group)
    return miss (self, fetch->start, (EcMoqtLocation){ at, get_high (fetch, at) });
  return miss (self, (EcMoqtLocation){ below->id + 1, 0 },
               (EcMoqtLocation){ at, get_high (fetch, at) });
}

/* A hole in a group that is here. */
static Fetch
miss_objects (EcMoqFeedReader *self, guint64 last)
{
  EcMoqtLocation from = self->fetch.at;

  return miss (self, from, (EcMoqtLocation){ from.group, last });
}

/* -- What is */

static Fetch
pump_payload (EcMoqFeedReader *self)
{
  EcFeedFetch *fetch = &self->fetch;
  EcFeedObject *object = fetch->object;
  gsize n;

  if (fetch->group->evicted) {
    ec_moqt_stream_reset (fetch->stream, EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS);
    fetch->stream = NULL;
    fetch->object = NULL;
    fetch->over = TRUE;
    return FETCH_WAIT;
  }
  n = MIN (ec_payload_get_filled (object->payload) - fetch->offset, EC_FEED_MAX_UNSENT);
  if (n > 0) {
    ec_moqt_stream_write (fetch->stream, object->payload, fetch->offset, n);
    fetch->offset += n;
    self->feed->stats.bytes_out += n;
  }
  if (fetch->offset == object->head.size) {
    fetch->object = NULL;
    g_clear_pointer (&fetch->group, ec_feed_group_unref);
    return FETCH_MORE;
  }
  if (n > 0)
    return FETCH_MORE;
  if (!ec_feed_object_is_lost (object))
    return FETCH_WAIT;
  ec_moqt_stream_reset (fetch->stream, EC_MOQT_RESET_UNKNOWN_OBJECT_STATUS);
  fetch->stream = NULL;
  fetch->object = NULL;
  fetch->over = TRUE;
  return FETCH_WAIT;
}

static void
send_object (EcMoqFeedReader *self, EcFeedGroup *group, EcFeedObject *object)
{
  EcFeedFetch *fetch = &self->fetch;
  const EcMoqtObject *head = &object->head;

  fetch->progress = TRUE;
  leave_object (fetch, head->location);
  /* A fetch carries no status (§11.2.1.1), it would be an empty object: the end of a group shows by what does not follow. */
  if (head->status != EC_MOQT_OBJECT_NORMAL)
    return;
  if (ec_feed_object_is_whole (object) && head->size <= EC_FEED_MAX_UNSENT) {
    ec_moqt_stream_write_object (fetch->stream, head, object->payload);
    self->feed->stats.bytes_out += head->size;
    return;
  }
  ec_moqt_stream_begin_object (fetch->stream, head);
  fetch->object = object;
  fetch->group = ec_feed_group_ref (group);
  fetch->offset = 0;
}

/* Those that are expired are asked for at once: ids, from the object at `i` on, in one row and not above `high`. */
static guint64
find_last_expired (EcMoqFeedReader *self, EcFeedGroup *group, guint i, guint64 high)
{
  const EcFeedObject *object = group->objects->pdata[i];
  guint64 last = object->head.location.object;

  while (++i < group->objects->len) {
    object = group->objects->pdata[i];
    if (object->head.location.object > high || object->head.location.object != last + 1 ||
        !ec_feed_object_is_expired (self, object))
      break;
    last = object->head.location.object;
  }
  return last;
}

static Fetch
pump_next (EcMoqFeedReader *self)
{
  EcFeedFetch *fetch = &self->fetch;
  EcFeedGroup *group = ec_feed_find_group (self->feed, fetch->at.group);
  guint64 at = fetch->at.object, high;
  EcFeedObject *object;
  guint i;

  if (!group)
    return miss_groups (self);
  high = get_high (fetch, group->id);
  i = ec_feed_object_index (group->objects, at);
  object = i < group->objects->len ? group->objects->pdata[i] : NULL;
  if (!object || object->head.location.object > high) {
    if ((group->has_end && at > group->last) || ec_feed_group_is_whole (group)) {
      leave_group (fetch, group->id);
      return FETCH_MORE;
    }
    return miss_objects (self, high);
  }
  if (object->head.location.object > at && object->prior_gap < object->head.location.object - at &&
      !ec_feed_group_is_whole (group))
    return miss_objects (self, object->head.location.object - 1);
  if (ec_feed_object_is_lost (object))
    return miss_objects (self, object->head.location.object);
  if (ec_feed_object_is_expired (self, object))
    return miss_objects (self, find_last_expired (self, group, i, high));
  send_object (self, group, object);
  return FETCH_MORE;
}

/* -- Serving */

/* Runs until there is nothing to do for now; FETCH_ASK: the callback is to be called. */
static Fetch
pump_locked (EcMoqFeedReader *self)
{
  EcFeedFetch *fetch = &self->fetch;
  Fetch result = FETCH_MORE;

  if (!fetch->stream && !fetch->over)
    fetch->stream = ec_moqt_request_open_fetch (self->request);
  if (!fetch->stream)
    return FETCH_WAIT;
  while (result == FETCH_MORE) {
    if (ec_moqt_stream_get_unsent (fetch->stream) >= EC_FEED_MAX_UNSENT)
      return FETCH_WAIT;
    if (fetch->object)
      result = pump_payload (self);
    else if (fetch->over)
      break;
    else
      result = fetch->waiting ? FETCH_WAIT : pump_next (self);
  }
  return result;
}

gboolean
ec_feed_fetch_pump (EcMoqFeedReader *self)
{
  EcMoqFeed *feed = self->feed;
  EcFeedFetch *fetch = &self->fetch;
  Fetch result;

  if (self->in_missing)
    return TRUE; /* from inside the callback: we go on when it returns */
  for (;;) {
    EcMoqtStream *finished = NULL;

    g_mutex_lock (&feed->mutex);
    result = pump_locked (self);
    if (fetch->over && !fetch->object) {
      finished = fetch->stream;
      ec_feed_fetch_clear (self);
      ec_feed_remove_reader (feed, self);
    }
    g_mutex_unlock (&feed->mutex);

    if (finished)
      ec_moqt_stream_finish (finished);
    if (fetch->over && !fetch->object) {
      ec_feed_reader_free (self);
      return FALSE;
    }
    if (result != FETCH_ASK)
      return TRUE;

    self->in_missing = TRUE;
    fetch->missing (fetch->user_data, feed, self, fetch->from, fetch->to);
    self->in_missing = FALSE;
    if (self->removed) {
      ec_moq_feed_reader_remove (self);
      return FALSE;
    }
  }
}

void
ec_feed_fetch_clear (EcMoqFeedReader *self)
{
  g_clear_pointer (&self->fetch.group, ec_feed_group_unref);
  self->fetch.stream = NULL;
  self->fetch.object = NULL;
  self->fetch.over = TRUE;
}

/* The range that can be served, and what FETCH_OK says of it (§10.13); FALSE: there is nothing of it. */
static gboolean
set_range (EcMoqFeed *feed, EcMoqtRequest *request, EcFeedFetch *fetch, EcMoqtGrant *grant)
{
  EcMoqtLocation end;

  if (!ec_moqt_request_get_range (request, &fetch->start, &end) || !feed->has_largest)
    return FALSE;
  if (end.object > 0)
    fetch->last = (EcMoqtLocation){ end.group, end.object - 1 };
  else
    fetch->last = (EcMoqtLocation){ end.group, EC_FEED_MAX_ID };
  grant->end = end;
  if (ec_moqt_location_compare (fetch->last, feed->largest) >= 0) {
    fetch->last = feed->largest;
    grant->end = (EcMoqtLocation){ feed->largest.group, feed->largest.object + 1 };
    grant->end_of_track =
        feed->has_track_end && ec_moqt_location_compare (feed->largest, feed->track_end) == 0;
  }
  grant->properties = feed->properties;
  return fetch->start.group <= EC_FEED_MAX_ID && fetch->last.group <= EC_FEED_MAX_ID &&
         ec_moqt_location_compare (fetch->start, fetch->last) <= 0;
}

EcMoqFeedReader *
ec_moq_feed_fetch (EcMoqFeed *feed,
                   EcMoqtRequest *request,
                   EcTransport *transport,
                   EcMoqFeedMissingFunc missing,
                   gpointer user_data)
{
  EcMoqFeedReader *self = g_new0 (EcMoqFeedReader, 1);
  EcFeedFetch *fetch = &self->fetch;
  EcMoqtGrant grant = { 0 };

  g_mutex_lock (&feed->mutex);
  if (!set_range (feed, request, fetch, &grant)) {
    g_mutex_unlock (&feed->mutex);
    g_free (self);
    ec_moqt_request_refuse (request, EC_MOQT_ERROR_INVALID_RANGE, "nothing of the range is there");
    return NULL;
  }
  self->feed = ec_moq_feed_ref (feed);
  self->request = request;
  self->transport = transport ? ec_transport_ref (transport) : NULL;
  self->is_fetch = TRUE;
  fetch->descending = ec_moqt_request_is_descending (request);
  fetch->missing = missing;
  fetch->user_data = user_data;
  go_to_group (fetch, fetch->descending ? fetch->last.group : fetch->start.group);
  ec_moqt_request_grant (request, &grant);
  ec_feed_add_reader (feed, self);
  g_mutex_unlock (&feed->mutex);

  ec_feed_wake (self);
  return self;
}

void
ec_moq_feed_fetch_filled (EcMoqFeedReader *self)
{
  g_mutex_lock (&self->feed->mutex);
  self->fetch.waiting = FALSE;
  g_mutex_unlock (&self->feed->mutex);
  ec_feed_wake (self);
}
