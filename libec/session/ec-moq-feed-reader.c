/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-feed-private.h"

/* -- Where a subscription begins and ends (§5.1.2) */

static EcFeedGroup *
get_newest (EcMoqFeed *self)
{
  return self->groups->len > 0 ? self->groups->pdata[self->groups->len - 1] : NULL;
}

static const EcMoqtLocation *
get_largest (EcMoqFeed *feed)
{
  return feed->has_largest ? &feed->largest : NULL;
}

/* `largest` NULL: there is nothing yet. A track that has begun is never joined before the group that is open. */
static EcMoqtLocation
get_start (const EcMoqtLocation *largest, const EcMoqtFilter *filter)
{
  EcMoqtLocation start = { largest ? largest->group : 0, 0 };

  switch (filter->kind) {
  case EC_MOQT_FILTER_NEXT_GROUP:
    if (largest && largest->group < G_MAXUINT64)
      start.group = largest->group + 1;
    break;
  case EC_MOQT_FILTER_LARGEST_OBJECT:
    if (largest && largest->object < G_MAXUINT64)
      start.object = largest->object + 1;
    break;
  case EC_MOQT_FILTER_ABSOLUTE_START:
  case EC_MOQT_FILTER_ABSOLUTE_RANGE:
    if (ec_moqt_location_compare (filter->start, start) > 0)
      start = filter->start;
    break;
  case EC_MOQT_FILTER_NONE:
  default:
    break;
  }
  return start;
}

static void
get_filter (const EcMoqtParams *params, EcMoqtFilter *filter)
{
  *filter = (EcMoqtFilter){ .kind = EC_MOQT_FILTER_NONE };
  if (params->has & EC_MOQT_PARAM_SUBSCRIPTION_FILTER)
    *filter = params->filter;
}

/* Forwarding is what a subscription does unless it says otherwise (§10.2.12). */
static gboolean
get_forward (const EcMoqtParams *params)
{
  return !(params->has & EC_MOQT_PARAM_FORWARD) || params->forward;
}

static void
apply_filter (EcMoqFeedReader *self, const EcMoqtParams *params, const EcMoqtLocation *largest)
{
  EcMoqtFilter filter;

  get_filter (params, &filter);
  self->start = get_start (largest, &filter);
  self->end_group = filter.kind == EC_MOQT_FILTER_ABSOLUTE_RANGE ? filter.end_group : G_MAXUINT64;
}

/* … so that not even the end group has anything to come. */
static gboolean
is_range_past (EcMoqFeed *feed, const EcMoqtParams *params)
{
  EcMoqtFilter filter;
  EcFeedGroup *last;

  get_filter (params, &filter);
  if (filter.kind != EC_MOQT_FILTER_ABSOLUTE_RANGE)
    return FALSE;
  if (filter.end_group < filter.start.group)
    return TRUE;
  if (!feed->has_largest || filter.end_group > feed->largest.group)
    return FALSE;
  if (filter.end_group < feed->largest.group)
    return TRUE;
  last = ec_feed_find_group (feed, filter.end_group);
  return last && last->has_end && feed->largest.object >= last->last;
}

/* -- Cursors */

static void
clear_cursor (gpointer data)
{
  EcFeedCursor *self = data;

  ec_feed_group_unref (self->group);
}

static void
reset_cursor (EcFeedCursor *self, EcMoqtResetCode code)
{
  if (self->stream)
    ec_moqt_stream_reset (self->stream, code);
  self->stream = NULL;
  self->object = NULL;
  self->fresh = TRUE;
}

/* By group, and behind those of the same. */
static void
add_cursor (EcMoqFeedReader *self, EcFeedSubgroup *subgroup)
{
  EcFeedGroup *group = subgroup->group;
  EcFeedCursor cursor = {
    .group = ec_feed_group_ref (group), .subgroup = subgroup, .fresh = TRUE, .since = G_MAXUINT64
  };
  guint i = self->cursors->len;

  if (group->id == self->start.group)
    cursor.next = self->start.object;
  while (i > 0 && g_array_index (self->cursors, EcFeedCursor, i - 1).group->id > group->id)
    i--;
  g_array_insert_val (self->cursors, i, cursor);
}

/* -- Delivery timeouts (§8), which count from when it came here */

static void
take_timeouts (EcMoqFeedReader *self)
{
  self->object_timeout_us = ec_moqt_request_get_delivery_timeout (self->request, FALSE);
  self->subgroup_timeout_us = ec_moqt_request_get_delivery_timeout (self->request, TRUE);
}

static gboolean
is_over_time (EcMoqFeedReader *self, guint64 since_us, guint64 timeout_us)
{
  guint64 now_us;

  if (timeout_us == 0 || !self->transport)
    return FALSE;
  now_us = ec_transport_now (self->transport);
  return now_us > since_us && now_us - since_us > timeout_us;
}

/* For datagrams either of both (§8, table 2). */
static gboolean
is_datagram_late (EcMoqFeedReader *self, const EcFeedObject *object)
{
  return is_over_time (self, object->began_us, self->object_timeout_us) ||
         is_over_time (self, object->began_us, self->subgroup_timeout_us);
}

static gboolean
is_subgroup_late (EcMoqFeedReader *self, const EcFeedSubgroup *subgroup)
{
  return subgroup->has_final && is_over_time (self, subgroup->final_us, self->subgroup_timeout_us);
}

static void
send_datagram (EcMoqFeedReader *self, EcFeedObject *object)
{
  if (ec_moqt_location_compare (object->head.location, self->start) < 0 ||
      is_datagram_late (self, object))
    return;
  if (ec_moqt_request_send_datagram (self->request, &object->head, object->payload))
    self->feed->stats.bytes_out += object->head.size;
}

static void
take_news (EcMoqFeedReader *self)
{
  EcMoqFeed *feed = self->feed;
  GList *link = feed->news.tail;

  if (self->seen == feed->serial)
    return;
  while (link && link->prev && ((EcFeedNews *) link->prev->data)->serial > self->seen)
    link = link->prev;
  for (; link; link = link->next) {
    EcFeedNews *news = link->data;

    if (news->serial <= self->seen || news->group->restored ||
        news->group->id < self->start.group || news->group->id > self->end_group)
      continue;
    if (news->subgroup)
      add_cursor (self, news->subgroup);
    else
      send_datagram (self, news->datagram);
  }
  self->seen = feed->serial;
}

/* The index of the next object in the subgroup; the hint is nearly always right. */
static guint
get_index (EcFeedCursor *self)
{
  GPtrArray *objects = self->subgroup->objects;
  guint i = self->index;

  if (i > objects->len ||
      (i > 0 && ((EcFeedObject *) objects->pdata[i - 1])->head.location.object >= self->next) ||
      (i < objects->len && ((EcFeedObject *) objects->pdata[i])->head.location.object < self->next))
    i = ec_feed_object_index (objects, self->next);
  self->index = i;
  return i;
}

/* Whether there is something of its group that the reader has not been sent. */
static gboolean
is_unsent (EcFeedCursor *self)
{
  GPtrArray *objects = self->subgroup->objects;
  guint i;

  if (self->stream && ec_moqt_stream_get_unsent (self->stream) > 0)
    return TRUE;
  if (self->group->evicted)
    return self->object || self->next < self->subgroup->past;
  if (self->object)
    return ec_payload_get_filled (self->object->payload) > self->offset;
  i = get_index (self);
  /* Of an object that nobody will end, nothing is sent. */
  return i + 1 < objects->len || (i < objects->len && !ec_feed_object_is_lost (objects->pdata[i]));
}

/* FALSE: no stream for now. */
static gboolean
open_stream (EcMoqFeedReader *self, EcFeedCursor *cursor, guint index)
{
  EcFeedSubgroup *subgroup = cursor->subgroup;

  cursor->has_properties = subgroup->has_properties;
  cursor->stream = ec_moqt_request_open_subgroup (
      self->request, cursor->group->id, subgroup->id, subgroup->priority, cursor->has_properties,
      subgroup->end_of_group, index == 0 && subgroup->first_known);
  return cursor->stream != NULL;
}

static void
begin_object (EcMoqFeedReader *self, EcFeedCursor *cursor, EcFeedObject *object)
{
  const EcMoqtObject *head = &object->head;

  /* One write if it is there whole, unless it is larger than what may be unsent. */
  if (ec_feed_object_is_whole (object) && head->size <= EC_FEED_MAX_UNSENT) {
    ec_moqt_stream_write_object (cursor->stream, head, object->payload);
    self->feed->stats.bytes_out += head->size;
  } else {
    ec_moqt_stream_begin_object (cursor->stream, head);
    cursor->object = object;
    cursor->offset = 0;
  }
  cursor->next = head->location.object + 1;
  cursor->index++;
  cursor->fresh = FALSE;
  if (!self->has_sent || ec_moqt_location_compare (head->location, self->sent) > 0) {
    self->has_sent = TRUE;
    self->sent = head->location;
  }
}

typedef enum {
  PUMP_MORE, /* something was done: look again */
  PUMP_WAIT,
  PUMP_GONE,      /* the cursor has nothing to do any more */
  PUMP_NO_STREAM, /* … before the peer allows one */
} Pump;

static Pump
pump_payload (EcMoqFeedReader *self, EcFeedCursor *cursor)
{
  EcFeedObject *object = cursor->object;
  gsize filled = ec_payload_get_filled (object->payload);
  gsize n = MIN (filled - cursor->offset, EC_FEED_MAX_UNSENT);

  if (n > 0) {
    ec_moqt_stream_write (cursor->stream, object->payload, cursor->offset, n);
    cursor->offset += n;
    self->feed->stats.bytes_out += n;
  }
  if (cursor->offset == object->head.size) {
    cursor->object = NULL;
    return PUMP_MORE;
  }
  if (n > 0)
    return PUMP_MORE;
  if (!ec_feed_object_is_lost (object) || ec_moqt_stream_get_unsent (cursor->stream) > 0)
    return PUMP_WAIT;
  /* Cut off: what follows could not be told from a repetition of it, so that this is the subgroup's end here (§11.4.3). */
  reset_cursor (cursor, cursor->subgroup->lost_code);
  return PUMP_GONE;
}

static Pump
pump_next (EcMoqFeedReader *self, EcFeedCursor *cursor)
{
  guint i = get_index (cursor);
  EcFeedObject *object;

  switch (ec_feed_subgroup_step (cursor->subgroup, i, cursor->next, cursor->fresh)) {
  case EC_FEED_STEP_WAIT:
    return PUMP_WAIT;
  case EC_FEED_STEP_DONE:
    /* Not before all has left, for a stream that was finished cannot be given up any more, however slow its reader. */
    if (cursor->stream && ec_moqt_stream_get_unsent (cursor->stream) > 0)
      return PUMP_WAIT;
    if (cursor->stream)
      ec_moqt_stream_finish (cursor->stream);
    cursor->stream = NULL;
    return PUMP_GONE;
  case EC_FEED_STEP_BROKEN:
    if (cursor->stream && ec_moqt_stream_get_unsent (cursor->stream) > 0)
      return PUMP_WAIT; /* what is there is worth having */
    if (!cursor->stream && i == cursor->subgroup->objects->len)
      return PUMP_WAIT;
    reset_cursor (cursor, cursor->subgroup->lost_code);
    return i < cursor->subgroup->objects->len ? PUMP_MORE : PUMP_WAIT;
  case EC_FEED_STEP_OBJECT:
  default:
    break;
  }

  object = cursor->subgroup->objects->pdata[i];
  if (is_over_time (self, object->began_us, self->object_timeout_us)) {
    /* What follows goes on no other stream; where there was none yet, it begins with what is in time. */
    if (cursor->stream) {
      reset_cursor (cursor, EC_MOQT_RESET_DELIVERY_TIMEOUT);
      return PUMP_GONE;
    }
    cursor->next = object->head.location.object + 1;
    return PUMP_MORE;
  }
  if (ec_feed_object_is_lost (object) || ec_feed_object_is_expired (self, object)) {
    /* Nothing of it was sent: the remainder goes on behind it, on a new stream. */
    if (cursor->stream && ec_moqt_stream_get_unsent (cursor->stream) > 0)
      return PUMP_WAIT;
    if (cursor->stream || i + 1 < cursor->subgroup->objects->len) {
      reset_cursor (cursor, cursor->subgroup->lost_code);
      if (i + 1 < cursor->subgroup->objects->len)
        cursor->next = object->head.location.object + 1;
      return PUMP_MORE;
    }
    return PUMP_WAIT;
  }
  if (object->head.properties && cursor->stream && !cursor->has_properties)
    reset_cursor (cursor, EC_MOQT_RESET_CANCELLED); /* its head said that there would be none */
  if (!cursor->stream && !open_stream (self, cursor, i))
    return PUMP_NO_STREAM;
  begin_object (self, cursor, object);
  return PUMP_MORE;
}

static Pump
pump_cursor (EcMoqFeedReader *self, EcFeedCursor *cursor)
{
  Pump pump = PUMP_MORE;

  if (is_subgroup_late (self, cursor->subgroup)) {
    reset_cursor (cursor, EC_MOQT_RESET_DELIVERY_TIMEOUT);
    return PUMP_GONE;
  }
  while (pump == PUMP_MORE) {
    gsize max = self->object_timeout_us > 0 && !cursor->object ? EC_FEED_MAX_UNSENT_TIMED
                                                               : EC_FEED_MAX_UNSENT;

    if (cursor->stream && ec_moqt_stream_get_unsent (cursor->stream) >= max)
      return PUMP_WAIT;
    pump = cursor->object ? pump_payload (self, cursor) : pump_next (self, cursor);
  }
  return pump;
}

static void
remove_cursor (EcMoqFeedReader *self, guint i)
{
  g_array_remove_index (self->cursors, i);
}

/* -- Those who are slow lose old groups (DESIGN §6). Slow is whose transport has not once been empty while groups came: what comes late
 * in an old group, from a writer that lags, is nobody's fault here. */

static void
note_waiting (EcMoqFeedReader *self, EcFeedCursor *cursor)
{
  gboolean waits =
      cursor->stream ? ec_moqt_stream_get_unsent (cursor->stream) > 0 : is_unsent (cursor);

  if (!waits)
    cursor->since = G_MAXUINT64;
  else if (cursor->since == G_MAXUINT64)
    cursor->since = get_newest (self->feed)->id;
}

/* Gives one up; counts its group if something of that was unsent. */
static void
skip_cursor (EcMoqFeedReader *self, guint i, EcFeedGroup **counted)
{
  EcFeedCursor *cursor = &g_array_index (self->cursors, EcFeedCursor, i);

  if (cursor->group != *counted && is_unsent (cursor)) {
    *counted = cursor->group;
    self->feed->stats.n_skipped_groups++;
  }
  reset_cursor (cursor, EC_MOQT_RESET_TOO_FAR_BEHIND);
  remove_cursor (self, i);
}

static void
check_lag (EcMoqFeedReader *self)
{
  EcMoqFeed *feed = self->feed;
  gboolean descending = ec_moqt_request_is_descending (self->request);
  EcFeedGroup *counted = NULL;
  gboolean behind = FALSE;
  guint64 floor = feed->lag_floor;

  for (guint i = 0; i < self->cursors->len;) {
    EcFeedCursor *cursor = &g_array_index (self->cursors, EcFeedCursor, i);

    if (cursor->stream && ec_moqt_stream_get_unsent (cursor->stream) == 0)
      cursor->since = G_MAXUINT64;
    behind = behind || cursor->since < floor;
    if (cursor->group->evicted || (descending && cursor->since < floor))
      skip_cursor (self, i, &counted);
    else
      i++;
  }
  if (!behind || descending)
    return;

  floor = get_newest (feed)->id;
  while (self->cursors->len > 0 && g_array_index (self->cursors, EcFeedCursor, 0).group->id < floor)
    skip_cursor (self, 0, &counted);
  if (self->start.group < floor)
    self->start = (EcMoqtLocation){ floor, 0 };
}

/* -- Serving */

static void
pump_cursors (EcMoqFeedReader *self)
{
  gboolean descending = ec_moqt_request_is_descending (self->request);
  gboolean blocked = FALSE;
  guint n = self->cursors->len;

  for (guint k = 0, gone = 0; k < n; k++) {
    guint i = descending ? n - 1 - k : k - gone;
    EcFeedCursor *cursor = &g_array_index (self->cursors, EcFeedCursor, i);
    /* Streams are opened in order: who is behind one that could not be waits too. */
    Pump pump = blocked && !cursor->stream ? PUMP_NO_STREAM : pump_cursor (self, cursor);

    if (pump == PUMP_GONE) {
      remove_cursor (self, i);
      gone++;
      continue;
    }
    blocked = blocked || pump == PUMP_NO_STREAM;
    note_waiting (self, cursor);
  }
}

/* Whether nothing more can come that the subscription asked for. */
static gboolean
is_over (EcMoqFeedReader *self, EcMoqtDoneCode *code, const char **reason)
{
  EcMoqFeed *feed = self->feed;
  EcFeedGroup *newest = get_newest (feed);

  if (!feed->ended) {
    EcFeedGroup *last;

    if (self->end_group == G_MAXUINT64)
      return FALSE;
    last = ec_feed_find_group (feed, self->end_group);
    if (!(newest && newest->id > self->end_group) && !(last && ec_feed_group_is_whole (last)))
      return FALSE;
  }
  for (guint i = 0; self->forward && i < self->cursors->len; i++) {
    EcFeedCursor *cursor = &g_array_index (self->cursors, EcFeedCursor, i);

    if (cursor->stream || is_unsent (cursor))
      return FALSE;
  }
  *code = feed->ended ? feed->done_code : EC_MOQT_DONE_SUBSCRIPTION_ENDED;
  *reason = feed->ended ? feed->done_reason : "all of the range was sent";
  return TRUE;
}

static gboolean
pump_subscription (EcMoqFeedReader *self)
{
  EcMoqFeed *feed = self->feed;
  EcMoqtDoneCode code;
  const char *reason;

  g_mutex_lock (&feed->mutex);
  if (self->forward) {
    take_news (self);
    check_lag (self);
    pump_cursors (self);
  }
  if (!is_over (self, &code, &reason)) {
    g_mutex_unlock (&feed->mutex);
    return TRUE;
  }
  g_array_set_size (self->cursors, 0);
  ec_feed_remove_reader (feed, self);
  g_mutex_unlock (&feed->mutex);

  ec_moqt_request_finish (self->request, code, reason);
  ec_feed_reader_free (self);
  return FALSE;
}

gboolean
ec_moq_feed_reader_pump (EcMoqFeedReader *self)
{
  /* Before it looks: what comes from now on wakes it again. */
  __atomic_store_n (&self->pending, FALSE, __ATOMIC_SEQ_CST);
  return self->is_fetch ? ec_feed_fetch_pump (self) : pump_subscription (self);
}

/* Locked. */
static EcMoqFeedReader *
read_since (EcMoqFeed *feed,
            EcMoqtRequest *subscription,
            EcTransport *transport,
            const EcMoqtLocation *largest)
{
  EcMoqFeedReader *self;
  const EcMoqtParams *params = ec_moqt_request_get_params (subscription);
  EcMoqtGrant grant = { 0 };

  if (!ec_moqt_request_is_ours (subscription) && is_range_past (feed, params)) {
    ec_moqt_request_refuse (subscription, EC_MOQT_ERROR_INVALID_RANGE,
                            "all of the range is in the past");
    return NULL;
  }

  self = g_new0 (EcMoqFeedReader, 1);
  self->feed = ec_moq_feed_ref (feed);
  self->request = subscription;
  self->transport = transport ? ec_transport_ref (transport) : NULL;
  self->cursors = g_array_new (FALSE, FALSE, sizeof (EcFeedCursor));
  g_array_set_clear_func (self->cursors, clear_cursor);
  self->forward = get_forward (params);
  apply_filter (self, params, largest);
  if (!ec_moqt_request_is_ours (subscription)) {
    if (largest) {
      grant.params.has = EC_MOQT_PARAM_LARGEST_OBJECT;
      grant.params.largest = *largest;
    }
    grant.properties = feed->properties;
    ec_moqt_request_grant (subscription, &grant);
  }
  take_timeouts (self);
  ec_feed_add_reader (feed, self);
  return self;
}

EcMoqFeedReader *
ec_moq_feed_read_since (EcMoqFeed *feed,
                        EcMoqtRequest *subscription,
                        EcTransport *transport,
                        const EcMoqtLocation *largest)
{
  EcMoqFeedReader *self;

  g_mutex_lock (&feed->mutex);
  self = read_since (feed, subscription, transport, largest);
  g_mutex_unlock (&feed->mutex);
  if (self)
    ec_feed_wake (self);
  return self;
}

EcMoqFeedReader *
ec_moq_feed_read (EcMoqFeed *feed, EcMoqtRequest *subscription, EcTransport *transport)
{
  EcMoqFeedReader *self;

  g_mutex_lock (&feed->mutex);
  self = read_since (feed, subscription, transport, get_largest (feed));
  g_mutex_unlock (&feed->mutex);
  if (self)
    ec_feed_wake (self);
  return self;
}

void
ec_feed_reader_free (EcMoqFeedReader *self)
{
  if (self->cursors)
    g_array_unref (self->cursors);
  g_clear_pointer (&self->transport, ec_transport_unref);
  ec_moq_feed_unref (self->feed);
  g_free (self);
}

void
ec_moq_feed_reader_remove (EcMoqFeedReader *self)
{
  EcMoqFeed *feed = self->feed;

  if (self->in_missing) {
    self->removed = TRUE;
    return;
  }
  g_mutex_lock (&feed->mutex);
  if (self->is_fetch)
    ec_feed_fetch_clear (self);
  else
    g_array_set_size (self->cursors, 0);
  ec_feed_remove_reader (feed, self);
  g_mutex_unlock (&feed->mutex);
  ec_feed_reader_free (self);
}

void
ec_moq_feed_reader_update (EcMoqFeedReader *self)
{
  EcMoqFeed *feed = self->feed;
  const EcMoqtParams *params = ec_moqt_request_get_params (self->request);
  EcMoqtLocation start = self->start;
  gboolean forward = get_forward (params);

  if (self->is_fetch)
    return;
  g_mutex_lock (&feed->mutex);
  take_timeouts (self);
  apply_filter (self, params, get_largest (feed));
  /* Where it is already, it stays: only what says so by number moves the start of a subscription that runs (§10.9). */
  if (self->forward && ec_moqt_location_compare (self->start, start) != 0 &&
      !((params->has & EC_MOQT_PARAM_SUBSCRIPTION_FILTER) &&
        params->filter.kind >= EC_MOQT_FILTER_ABSOLUTE_START &&
        ec_moqt_location_compare (params->filter.start, start) > 0))
    self->start = start;

  for (guint i = self->cursors->len; i > 0; i--) {
    EcFeedCursor *cursor = &g_array_index (self->cursors, EcFeedCursor, i - 1);

    if (!forward || cursor->group->id < self->start.group || cursor->group->id > self->end_group) {
      reset_cursor (cursor, EC_MOQT_RESET_CANCELLED);
      remove_cursor (self, i - 1);
    } else if (cursor->fresh && cursor->group->id == self->start.group)
      cursor->next = MAX (cursor->next, self->start.object);
  }
  if (forward && !self->forward) {
    /* All that is there is news again, but for what was sent before. */
    self->seen = 0;
    if (self->has_sent && ec_moqt_location_compare (self->start, self->sent) <= 0)
      self->start = (EcMoqtLocation){ self->sent.group, self->sent.object + 1 };
  }
  self->forward = forward;
  g_mutex_unlock (&feed->mutex);
  ec_feed_wake (self);
}

void
ec_moq_feed_reader_stream_stopped (EcMoqFeedReader *self, EcMoqtStream *stream)
{
  EcMoqFeed *feed = self->feed;

  g_mutex_lock (&feed->mutex);
  if (self->is_fetch && self->fetch.stream == stream) {
    self->fetch.stream = NULL;
    ec_feed_fetch_clear (self);
  }
  for (guint i = 0; !self->is_fetch && i < self->cursors->len; i++)
    if (g_array_index (self->cursors, EcFeedCursor, i).stream == stream) {
      remove_cursor (self, i);
      break;
    }
  g_mutex_unlock (&feed->mutex);
}
