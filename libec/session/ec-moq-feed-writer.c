/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-feed-private.h"

#include <string.h>

EcMoqFeedWriter *
ec_moq_feed_add_writer (EcMoqFeed *feed)
{
  EcMoqFeedWriter *self = g_new0 (EcMoqFeedWriter, 1);

  self->feed = ec_moq_feed_ref (feed);
  self->streams = g_ptr_array_new ();
  g_mutex_lock (&feed->mutex);
  g_ptr_array_add (feed->writers, self);
  g_mutex_unlock (&feed->mutex);
  return self;
}

void
ec_moq_feed_writer_stand_by (EcMoqFeedWriter *self, guint64 now_us, guint64 rank, guint64 until_us)
{
  g_mutex_lock (&self->feed->mutex);
  self->rank = rank;
  self->active_us = now_us;
  self->until_us = until_us;
  g_mutex_unlock (&self->feed->mutex);
}

/* -- A writer's streams */

static EcFeedStream *
find_stream (EcMoqFeedWriter *self, guint64 group, guint64 subgroup)
{
  /* The newest is the likeliest. */
  for (guint i = self->streams->len; i > 0; i--) {
    EcFeedStream *stream = self->streams->pdata[i - 1];

    if (stream->group_id == group && stream->subgroup_id == subgroup)
      return stream;
  }
  return NULL;
}

/* Too old, or gone meanwhile: what comes on it is taken and forgotten. */
/* Whether the other is at work, and has that group still before it, or under its hands: what it left unfinished, or out, anybody may say. */
static gboolean
goes_before (EcMoqFeedWriter *other, guint64 now_us, guint64 group, guint64 subgroup)
{
  guint64 patience_us = CLAMP (2 * other->pace_us, EC_FEED_MIN_STALL_US, EC_FEED_MAX_STALL_US);

  return other->active_us + patience_us > now_us &&
         (group > other->newest || find_stream (other, group, subgroup));
}

static gboolean
leads (EcMoqFeedWriter *self, guint64 now_us, guint64 group, guint64 subgroup)
{
  GPtrArray *writers = self->feed->writers;

  if (now_us < self->until_us)
    return FALSE;
  for (guint i = 0; i < writers->len; i++) {
    EcMoqFeedWriter *other = writers->pdata[i];

    if (other->rank < self->rank && other->rank > 0 && goes_before (other, now_us, group, subgroup))
      return FALSE;
  }
  return TRUE;
}

gboolean
ec_moq_feed_writer_leads (EcMoqFeedWriter *self, guint64 now_us)
{
  gboolean result;

  g_mutex_lock (&self->feed->mutex);
  result = leads (self, now_us, G_MAXUINT64, 0);
  g_mutex_unlock (&self->feed->mutex);
  return result;
}

/* Locked. It says something. Its pace is the longest that it was silent, of which an eighth is forgotten with each silence; what comes in one
 * go, packet by packet, is none. */
static void
work (EcMoqFeedWriter *self, guint64 now_us)
{
  guint64 gap_us = self->active_us > 0 && now_us > self->active_us ? now_us - self->active_us : 0;

  if (gap_us >= EC_FEED_SILENCE_US)
    self->pace_us = MAX (gap_us, self->pace_us - self->pace_us / 8);
  self->active_us = MAX (self->active_us, now_us);
  ec_feed_expire (self->feed, now_us);
}

/* Whether it says something that is new, and not its turn. */
static gboolean
is_ahead (EcMoqFeedWriter *self, const EcFeedStream *stream, guint64 now_us, gboolean known)
{
  return !known && !leads (self, now_us, stream->group_id, stream->subgroup_id);
}

static gboolean
is_ignored (EcFeedStream *self)
{
  return !self->group || self->group->evicted;
}

static void
detach_stream (EcFeedStream *self)
{
  if (self->subgroup)
    g_ptr_array_remove_fast (self->subgroup->streams, self);
  self->subgroup = NULL;
  self->object = NULL;
  g_clear_pointer (&self->group, ec_feed_group_unref);
}

static void
drop_stream (EcMoqFeedWriter *self, EcFeedStream *stream)
{
  detach_stream (stream);
  g_ptr_array_remove (self->streams, stream);
  g_free (stream);
}

static EcMoqFeedPut
conflict (EcMoqFeed *self)
{
  self->stats.n_conflicts++;
  return EC_MOQ_FEED_PUT_CONFLICT;
}

/* A writer left the subgroup in the middle: others that are in it go on, or come, or it is given up. */
void
ec_feed_subgroup_lose (
    EcMoqFeed *self, EcFeedSubgroup *subgroup, guint64 now_us, EcMoqtResetCode code, guint n_others)
{
  if (subgroup->group->evicted)
    return;
  subgroup->lost_code = code;
  subgroup->given_up = n_others == 0;
  if (n_others == 0)
    subgroup->give_up_us = G_MAXUINT64;
  else {
    subgroup->give_up_us = now_us + MIN (self->limits.linger_us, G_MAXUINT64 - 1 - now_us);
    self->next_give_up_us = MIN (self->next_give_up_us, subgroup->give_up_us);
  }
  ec_feed_touch (self);
}

static void
lose_stream (EcMoqFeedWriter *self,
             EcFeedStream *stream,
             guint64 now_us,
             EcMoqtResetCode code,
             guint n_others)
{
  EcFeedSubgroup *subgroup = stream->subgroup;
  g_autoptr (EcMoqFeed) feed = ec_moq_feed_ref (self->feed);

  if (subgroup) {
    EcFeedGroup *group = ec_feed_group_ref (stream->group);

    if (stream->object && stream->offset < stream->object->head.size)
      feed->stats.n_cut_objects++;

    drop_stream (self, stream);
    ec_feed_subgroup_lose (feed, subgroup, now_us, code, n_others);
    ec_feed_group_unref (group);
  } else
    drop_stream (self, stream);
}

void
ec_moq_feed_writer_remove (EcMoqFeedWriter *self, guint64 now_us)
{
  EcMoqFeed *feed = self->feed;

  g_mutex_lock (&feed->mutex);
  g_ptr_array_remove_fast (feed->writers, self);
  while (self->streams->len > 0)
    lose_stream (self, self->streams->pdata[self->streams->len - 1], now_us,
                 EC_MOQT_RESET_SESSION_CLOSED, feed->writers->len);
  ec_feed_expire (feed, now_us);
  g_mutex_unlock (&feed->mutex);

  ec_moq_feed_flush (feed);
  g_ptr_array_unref (self->streams);
  g_free (self);
  ec_moq_feed_unref (feed);
}

/* -- Merging: what is there stays, what is said of it again must be the same (Malformed Tracks, §2.4.2) */

/* moq-dev's publishers say priority 0 in every fetch, whatever their streams say, and would all be malformed by §2.4.2 (1):
 * a subgroup has the priority of its streams, which must agree, and what is fetched of it has none of its own. */
static gboolean
set_priority (EcFeedSubgroup *subgroup, guint8 priority)
{
  if (!subgroup->priority_known) {
    subgroup->priority_known = TRUE;
    subgroup->priority = priority;
    for (guint i = 0; i < subgroup->objects->len; i++)
      ((EcFeedObject *) subgroup->objects->pdata[i])->head.priority = priority;
  }
  return subgroup->priority == priority;
}

static EcMoqFeedPut
begin_locked (EcMoqFeedWriter *self,
              guint64 now_us,
              EcFeedStream *stream,
              guint8 priority,
              gboolean has_properties)
{
  EcMoqFeed *feed = self->feed;
  EcFeedGroup *group = ec_feed_find_group (feed, stream->group_id);
  EcFeedSubgroup *subgroup = group ? ec_feed_find_subgroup (group, stream->subgroup_id) : NULL;

  if (is_ahead (self, stream, now_us,
                subgroup || (feed->has_floor && stream->group_id <= feed->floor)))
    return EC_MOQ_FEED_PUT_AHEAD;
  group = ec_feed_ensure_group (feed, now_us, stream->group_id, FALSE);
  if (!group)
    return EC_MOQ_FEED_PUT_OK;
  subgroup = ec_feed_ensure_subgroup (feed, group, stream->subgroup_id, priority);
  if (!subgroup)
    return EC_MOQ_FEED_PUT_TOO_LARGE;
  if (!set_priority (subgroup, priority))
    return conflict (feed);

  if (has_properties)
    subgroup->has_properties = TRUE;
  if (stream->end_of_group)
    subgroup->end_of_group = TRUE;
  stream->group = ec_feed_group_ref (group);
  stream->subgroup = subgroup;
  g_ptr_array_add (subgroup->streams, stream);
  return EC_MOQ_FEED_PUT_OK;
}

EcMoqFeedPut
ec_moq_feed_writer_begin (EcMoqFeedWriter *self,
                          guint64 now_us,
                          guint64 group,
                          guint64 subgroup,
                          guint8 priority,
                          gboolean has_properties,
                          gboolean end_of_group,
                          gboolean first_object)
{
  EcMoqFeed *feed = self->feed;
  EcFeedStream *stream;
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_OK;

  g_mutex_lock (&feed->mutex);
  work (self, now_us);
  /* A second stream of a subgroup takes the place of the first, which can only have been reset (§11.4.3). */
  stream = find_stream (self, group, subgroup);
  if (stream)
    drop_stream (self, stream);
  if (feed->ended || self->streams->len >= EC_FEED_MAX_STREAMS || group > EC_FEED_MAX_ID) {
    put = feed->ended ? EC_MOQ_FEED_PUT_OK : EC_MOQ_FEED_PUT_TOO_LARGE;
  } else {
    stream = g_new0 (EcFeedStream, 1);
    stream->group_id = group;
    stream->subgroup_id = subgroup;
    stream->first = first_object;
    stream->end_of_group = end_of_group;
    g_ptr_array_add (self->streams, stream);
    put = begin_locked (self, now_us, stream, priority, has_properties);
    if (put != EC_MOQ_FEED_PUT_OK)
      drop_stream (self, stream);
    else
      self->newest = MAX (self->newest, group);
  }
  g_mutex_unlock (&feed->mutex);
  return put;
}

static gboolean
same_head (const EcFeedObject *object, const EcMoqtObject *head)
{
  const EcMoqtObject *own = &object->head;

  return own->datagram == head->datagram && (own->datagram || own->subgroup == head->subgroup) &&
         own->priority == head->priority && own->status == head->status &&
         own->size == head->size && (!own->datagram || own->end_of_group == head->end_of_group) &&
         ec_moqt_properties_equal (own->properties, head->properties);
}

/* Whether the object may be the last of the group, or of the track: nothing that is known says otherwise. */
static gboolean
can_end_group (EcFeedGroup *group, guint64 last)
{
  guint n = group->objects->len;

  if (group->has_end)
    return group->last == last;
  return n == 0 || ((EcFeedObject *) group->objects->pdata[n - 1])->head.location.object <= last;
}

static gboolean
can_end_track (EcMoqFeed *self, EcMoqtLocation last)
{
  if (self->has_track_end)
    return ec_moqt_location_compare (self->track_end, last) == 0;
  for (guint i = self->groups->len; i > 0; i--) {
    EcFeedGroup *group = self->groups->pdata[i - 1];

    if (group->objects->len > 0) {
      EcFeedObject *object = group->objects->pdata[group->objects->len - 1];

      return ec_moqt_location_compare (object->head.location, last) <= 0;
    }
  }
  return TRUE;
}

static gboolean
ends_group (const EcMoqtObject *head)
{
  return head->status == EC_MOQT_OBJECT_END_OF_GROUP || (head->datagram && head->end_of_group);
}

static gboolean
contradicts_end (EcMoqFeed *self,
                 EcFeedGroup *group,
                 EcFeedSubgroup *subgroup,
                 const EcMoqtObject *head)
{
  return (subgroup && subgroup->has_final && head->location.object > subgroup->final) ||
         (group->has_end && head->location.object > group->last) ||
         (self->has_track_end && ec_moqt_location_compare (head->location, self->track_end) > 0) ||
         (ends_group (head) && !can_end_group (group, head->location.object)) ||
         (head->status == EC_MOQT_OBJECT_END_OF_TRACK && !can_end_track (self, head->location));
}

/* What the writer's stream tells of what lies before the object. */
static void
join (EcFeedStream *stream, EcFeedObject *object)
{
  GPtrArray *objects = stream->subgroup->objects;
  guint i = ec_feed_object_index (objects, object->head.location.object);
  guint64 before =
      i > 0 ? ((EcFeedObject *) objects->pdata[i - 1])->head.location.object : G_MAXUINT64;

  if (stream->any ? i > 0 && before <= stream->last : stream->first && i == 0) {
    if (i == 0)
      stream->subgroup->first_known = TRUE;
    else
      object->joined = TRUE;
  }
}

/* The object as it is here, added if it is new. NULL with OK: ignored. */
static EcMoqFeedPut
merge_object (EcMoqFeed *self,
              EcFeedGroup *group,
              EcFeedSubgroup *subgroup,
              const EcMoqtObject *head,
              EcPayload *payload,
              EcFeedObject **result)
{
  EcFeedObject *object = ec_feed_find_object (group, head->location.object);
  EcMoqFeedPut put;

  *result = object;
  if (object)
    return same_head (object, head) ? EC_MOQ_FEED_PUT_OK : conflict (self);
  if (contradicts_end (self, group, subgroup, head))
    return conflict (self);
  if (subgroup && subgroup->priority != head->priority)
    return conflict (self);

  put = ec_feed_add_object (self, group, subgroup, head, payload, result);
  if (put != EC_MOQ_FEED_PUT_OK || !*result)
    return put;
  if (ends_group (head)) {
    group->has_end = TRUE;
    group->last = head->location.object;
  } else if (head->status == EC_MOQT_OBJECT_END_OF_TRACK) {
    self->has_track_end = TRUE;
    self->track_end = head->location;
  }
  return put;
}

/* A new object behind a hole, which nobody may ever fill. */
static void
note_hole (EcMoqFeed *self, EcFeedSubgroup *subgroup, EcFeedObject *object, guint64 now_us)
{
  guint i = ec_feed_object_index (subgroup->objects, object->head.location.object);

  if (i > 0 && !object->joined && subgroup->give_up_us == G_MAXUINT64 && !subgroup->given_up)
    ec_feed_subgroup_lose (self, subgroup, now_us, subgroup->lost_code, self->writers->len - 1);
}

/* The writer's next object in a subgroup whose stream it has. */
static EcMoqFeedPut
stream_object (EcMoqFeedWriter *self,
               EcFeedStream *stream,
               guint64 now_us,
               const EcMoqtObject *head,
               EcPayload *payload)
{
  EcMoqFeed *feed = self->feed;
  EcFeedObject *object;
  EcMoqFeedPut put;

  if (is_ignored (stream))
    return EC_MOQ_FEED_PUT_OK;
  /* Its last one is not whole, or ids go back: that is no subgroup (§2.2). */
  if (stream->object || (stream->any && head->location.object <= stream->last))
    return conflict (feed);
  if (is_ahead (self, stream, now_us,
                ec_feed_find_object (stream->group, head->location.object) != NULL))
    return EC_MOQ_FEED_PUT_AHEAD;

  put = merge_object (feed, stream->group, stream->subgroup, head, payload, &object);
  if (put != EC_MOQ_FEED_PUT_OK)
    return put;
  if (object) {
    object->came_us = now_us;
    if (object->began_us == 0)
      object->began_us = now_us;
    join (stream, object);
    note_hole (feed, stream->subgroup, object, now_us);
  }
  stream->any = TRUE;
  stream->last = head->location.object;
  stream->object = object && object->payload ? object : NULL;
  stream->offset = 0;
  /* It may have stepped over what readers wait for. */
  if (stream->subgroup->streams->len > 1)
    ec_feed_touch (feed);
  return EC_MOQ_FEED_PUT_OK;
}

EcMoqFeedPut
ec_moq_feed_writer_object (EcMoqFeedWriter *self, guint64 now_us, const EcMoqtObject *object)
{
  EcMoqFeed *feed = self->feed;
  EcFeedStream *stream;
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_OK;

  g_mutex_lock (&feed->mutex);
  work (self, now_us);
  stream = find_stream (self, object->location.group, object->subgroup);
  if (stream && !feed->ended)
    put = stream_object (self, stream, now_us, object, NULL);
  g_mutex_unlock (&feed->mutex);
  return put;
}

/* Bytes at an offset: those that are there must be the same, those beyond are new. */
static EcMoqFeedPut
merge_bytes (EcMoqFeed *self, EcFeedObject *object, gsize offset, const guint8 *data, gsize size)
{
  gsize filled = ec_payload_get_filled (object->payload);
  gsize known = MIN (size, filled - MIN (filled, offset));

  if (size > object->head.size - offset)
    return conflict (self);
  if (known > 0 && memcmp (ec_payload_get_data (object->payload) + offset, data, known) != 0)
    return conflict (self);
  self->stats.bytes_duplicate += known;
  if (size > known) {
    ec_payload_append (object->payload, data + known, size - known);
    self->stats.bytes_in += size - known;
    ec_feed_touch (self);
  }
  return EC_MOQ_FEED_PUT_OK;
}

EcMoqFeedPut
ec_moq_feed_writer_put (EcMoqFeedWriter *self,
                        guint64 now_us,
                        guint64 group,
                        guint64 subgroup,
                        const guint8 *data,
                        gsize size)
{
  EcMoqFeed *feed = self->feed;
  EcFeedStream *stream;
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_OK;

  g_mutex_lock (&feed->mutex);
  work (self, now_us);
  stream = find_stream (self, group, subgroup);
  if (stream && !is_ignored (stream) && !feed->ended && size > 0) {
    if (!stream->object)
      put = conflict (feed);
    else if (is_ahead (self, stream, now_us,
                       stream->offset + size <= ec_payload_get_filled (stream->object->payload)))
      put = EC_MOQ_FEED_PUT_AHEAD;
    else
      put = merge_bytes (feed, stream->object, stream->offset, data, size);
    if (put == EC_MOQ_FEED_PUT_OK) {
      stream->offset += size;
      if (stream->offset == stream->object->head.size)
        stream->object = NULL;
    }
  }
  g_mutex_unlock (&feed->mutex);
  return put;
}

static gboolean
has_object (EcMoqFeed *self, EcMoqtLocation at)
{
  EcFeedGroup *group = ec_feed_find_group (self, at.group);

  return group && ec_feed_find_object (group, at.object);
}

/* A whole object outside of any stream: fetched, or a datagram. */
static EcMoqFeedPut
isolated_object (EcMoqFeed *self,
                 guint64 now_us,
                 const EcMoqtObject *head,
                 EcPayload *payload,
                 EcFeedObject **object)
{
  EcFeedGroup *group;
  EcFeedSubgroup *subgroup = NULL;
  EcMoqtObject own = *head;
  EcMoqFeedPut put;

  *object = NULL;
  if (head->location.group > EC_FEED_MAX_ID)
    return EC_MOQ_FEED_PUT_TOO_LARGE;
  group = ec_feed_ensure_group (self, now_us, head->location.group, TRUE);
  if (!group)
    return EC_MOQ_FEED_PUT_OK;
  if (!head->datagram) {
    subgroup = ec_feed_ensure_subgroup (self, group, head->subgroup, head->priority);
    if (!subgroup)
      return EC_MOQ_FEED_PUT_TOO_LARGE;
    own.priority = subgroup->priority;
  }
  ec_feed_group_ref (group);
  put = merge_object (self, group, subgroup, &own, payload, object);
  if (put == EC_MOQ_FEED_PUT_OK && *object) {
    (*object)->came_us = now_us;
    if ((*object)->began_us == 0)
      (*object)->began_us = now_us;
  }
  if (put == EC_MOQ_FEED_PUT_OK && *object && subgroup)
    note_hole (self, subgroup, *object, now_us);
  /* Nobody is in it; of the open group its stream may follow. */
  if (subgroup && subgroup->streams->len == 0 && subgroup->give_up_us == G_MAXUINT64 &&
      !subgroup->given_up)
    ec_feed_subgroup_lose (self, subgroup, now_us, subgroup->lost_code,
                           group == self->groups->pdata[self->groups->len - 1]);
  ec_feed_group_unref (group);
  return put;
}

EcMoqFeedPut
ec_moq_feed_writer_put_object (EcMoqFeedWriter *self,
                               guint64 now_us,
                               const EcMoqtObject *head,
                               EcPayload *payload)
{
  EcMoqFeed *feed = self->feed;
  EcFeedObject *object = NULL;
  EcFeedStream *stream;
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_OK;
  gsize size = payload ? ec_payload_get_size (payload) : 0;

  g_return_val_if_fail (size == head->size, EC_MOQ_FEED_PUT_TOO_LARGE);
  g_return_val_if_fail (!payload || ec_payload_get_filled (payload) == size,
                        EC_MOQ_FEED_PUT_TOO_LARGE);

  g_mutex_lock (&feed->mutex);
  work (self, now_us);
  if (!feed->ended) {
    stream = head->datagram ? NULL : find_stream (self, head->location.group, head->subgroup);
    if (stream) {
      EcMoqtObject own = *head;

      if (stream->subgroup)
        own.priority = stream->subgroup->priority;
      put = stream_object (self, stream, now_us, &own, payload);
      if (put == EC_MOQ_FEED_PUT_OK)
        object = g_steal_pointer (&stream->object);
    } else if (!has_object (feed, head->location) &&
               !leads (self, now_us, head->location.group, head->subgroup)) {
      put = EC_MOQ_FEED_PUT_AHEAD;
    } else {
      put = isolated_object (feed, now_us, head, payload, &object);
    }
    if (put == EC_MOQ_FEED_PUT_OK && object && size > 0) {
      if (object->payload == payload)
        feed->stats.bytes_in += size;
      else
        put = merge_bytes (feed, object, 0, ec_payload_get_data (payload), size);
    }
  }
  g_mutex_unlock (&feed->mutex);
  return put;
}

/* -- The end of a stream */

static EcMoqFeedPut
finish_stream (EcMoqFeed *self, EcFeedStream *stream, guint64 now_us)
{
  EcFeedSubgroup *subgroup = stream->subgroup;
  guint n = subgroup->objects->len;

  if (stream->object)
    return conflict (self);
  if (!stream->any)
    return EC_MOQ_FEED_PUT_OK; /* an empty one says nothing that could be passed on */
  if (subgroup->has_final
          ? subgroup->final != stream->last
          : ((EcFeedObject *) subgroup->objects->pdata[n - 1])->head.location.object > stream->last)
    return conflict (self);
  if (stream->end_of_group) {
    if (!can_end_group (stream->group, stream->last))
      return conflict (self);
    stream->group->has_end = TRUE;
    stream->group->last = stream->last;
  }
  if (!subgroup->has_final)
    subgroup->final_us = now_us;
  subgroup->has_final = TRUE;
  subgroup->final = stream->last;
  ec_feed_touch (self);
  return EC_MOQ_FEED_PUT_OK;
}

EcMoqFeedPut
ec_moq_feed_writer_finish (EcMoqFeedWriter *self, guint64 now_us, guint64 group, guint64 subgroup)
{
  EcMoqFeed *feed = self->feed;
  EcFeedStream *stream;
  EcMoqFeedPut put = EC_MOQ_FEED_PUT_OK;

  g_mutex_lock (&feed->mutex);
  work (self, now_us);
  stream = find_stream (self, group, subgroup);
  if (stream) {
    if (!is_ignored (stream) && !feed->ended)
      put = is_ahead (self, stream, now_us, stream->subgroup->has_final || !stream->any)
                ? EC_MOQ_FEED_PUT_AHEAD
                : finish_stream (feed, stream, now_us);
    if (put == EC_MOQ_FEED_PUT_AHEAD)
      ; /* it is where it was */
    else if (put != EC_MOQ_FEED_PUT_OK || (stream->subgroup && !stream->subgroup->has_final))
      lose_stream (self, stream, now_us, EC_MOQT_RESET_CANCELLED, feed->writers->len - 1);
    else
      drop_stream (self, stream);
  }
  g_mutex_unlock (&feed->mutex);
  return put;
}

void
ec_moq_feed_writer_abandon (
    EcMoqFeedWriter *self, guint64 now_us, guint64 group, guint64 subgroup, EcMoqtResetCode code)
{
  EcMoqFeed *feed = self->feed;
  EcFeedStream *stream;

  g_mutex_lock (&feed->mutex);
  work (self, now_us);
  stream = find_stream (self, group, subgroup);
  if (stream)
    lose_stream (self, stream, now_us, code, feed->writers->len - 1);
  g_mutex_unlock (&feed->mutex);
}
