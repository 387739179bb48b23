/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-feed-private.h"

/* -- Groups */

EcFeedGroup *
ec_feed_group_ref (EcFeedGroup *self)
{
  self->refs++;
  return self;
}

static void
object_free (EcFeedObject *self)
{
  g_clear_pointer (&self->head.properties, ec_moqt_properties_unref);
  g_clear_pointer (&self->payload, ec_payload_unref);
  g_free (self);
}

static void
subgroup_free (EcFeedSubgroup *self)
{
  g_ptr_array_unref (self->objects);
  g_ptr_array_unref (self->streams);
  g_free (self);
}

void
ec_feed_group_unref (EcFeedGroup *self)
{
  if (--self->refs > 0)
    return;
  g_ptr_array_unref (self->objects);
  g_ptr_array_unref (self->subgroups);
  g_free (self);
}

guint
ec_feed_group_index (EcMoqFeed *self, guint64 id)
{
  guint low = 0, high = self->groups->len;

  while (low < high) {
    guint middle = (low + high) / 2;
    EcFeedGroup *group = self->groups->pdata[middle];

    if (group->id < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

EcFeedGroup *
ec_feed_find_group (EcMoqFeed *self, guint64 id)
{
  guint i = ec_feed_group_index (self, id);
  EcFeedGroup *group = i < self->groups->len ? self->groups->pdata[i] : NULL;

  return group && group->id == id ? group : NULL;
}

/* Who is more than max_lag groups behind the newest: counted in groups that there are, since ids may skip. */
static void
set_lag_floor (EcMoqFeed *self)
{
  guint n = self->groups->len;
  guint keep = self->limits.max_lag + 1;

  self->lag_floor = n > keep ? ((EcFeedGroup *) self->groups->pdata[n - keep])->id : 0;
}

/* The memory that goes with an object, besides its payload. */
static gsize
object_overhead (const EcMoqtObject *head)
{
  return sizeof (EcFeedObject) + ec_moqt_properties_get_memory (head->properties);
}

void
ec_feed_evict (EcMoqFeed *self, EcFeedGroup *group)
{
  g_ptr_array_remove_index (self->groups, ec_feed_group_index (self, group->id));
  group->evicted = TRUE;
  if (group->restored)
    self->n_restored--;
  else if (!self->has_floor || group->id > self->floor) {
    self->has_floor = TRUE;
    self->floor = group->id;
  }

  for (guint i = 0; i < group->subgroups->len; i++) {
    EcFeedSubgroup *subgroup = group->subgroups->pdata[i];

    g_queue_unlink (&self->news, &subgroup->news.link);
    if (subgroup->objects->len > 0)
      subgroup->past = ((EcFeedObject *) subgroup->objects->pdata[subgroup->objects->len - 1])
                           ->head.location.object +
                       1;
    g_ptr_array_set_size (subgroup->objects, 0);
    for (guint k = 0; k < subgroup->streams->len; k++)
      ((EcFeedStream *) subgroup->streams->pdata[k])->object = NULL;
  }
  for (guint i = 0; i < group->objects->len; i++) {
    EcFeedObject *object = group->objects->pdata[i];

    if (!object->subgroup)
      g_queue_unlink (&self->news, &object->news.link);
    if (self->limits.budget)
      ec_budget_give_back (self->limits.budget, object_overhead (&object->head));
  }
  self->stats.n_objects -= group->objects->len;
  self->stats.bytes -= group->bytes;
  self->cost -= group->cost;
  g_ptr_array_set_size (group->objects, 0);
  set_lag_floor (self);
  ec_feed_touch (self);
  ec_feed_group_unref (group);
}

static gboolean
is_wanted (EcMoqFeed *self, guint64 group)
{
  for (guint i = 0; i < self->fetches->len; i++)
    if (ec_feed_fetch_wants (self->fetches->pdata[i], group))
      return TRUE;
  return FALSE;
}

EcFeedGroup *
ec_feed_get_evictable (EcMoqFeed *self, guint keep)
{
  for (guint i = 0; i + keep < self->groups->len; i++) {
    EcFeedGroup *group = self->groups->pdata[i];

    if (!group->restored || !is_wanted (self, group->id))
      return group;
  }
  return NULL;
}

void
ec_feed_drop_restored (EcMoqFeed *self)
{
  for (guint i = 0; self->n_restored > 0 && i < self->groups->len;) {
    EcFeedGroup *group = self->groups->pdata[i];

    if (group->restored && !is_wanted (self, group->id))
      ec_feed_evict (self, group);
    else
      i++;
  }
}

/* Tells fetches that wait for the group that some of it found no room. */
static void
overflow (EcMoqFeed *self, guint64 group)
{
  for (guint i = 0; i < self->fetches->len; i++) {
    EcMoqFeedReader *reader = self->fetches->pdata[i];

    if (ec_feed_fetch_wants (reader, group))
      ec_feed_fetch_overflow (reader, group);
  }
}

/* Makes room for one more group of that id; FALSE: it would be the one to go. */
static gboolean
make_room_for_group (EcMoqFeed *self, guint64 id)
{
  while (self->groups->len - self->n_restored >= self->limits.max_groups) {
    EcFeedGroup *oldest =
        ec_feed_get_evictable (self, 1); /* it will be one of the newest two itself */

    if (!oldest || (!oldest->restored && oldest->id > id))
      return FALSE;
    ec_feed_evict (self, oldest);
  }
  return TRUE;
}

EcFeedGroup *
ec_feed_ensure_group (EcMoqFeed *self, guint64 now_us, guint64 id, gboolean isolated)
{
  EcFeedGroup *group = ec_feed_find_group (self, id);
  gboolean restored = FALSE;

  if (group)
    return group;
  if ((self->has_floor && id <= self->floor) || !make_room_for_group (self, id)) {
    if (!isolated || !is_wanted (self, id))
      return NULL;
    ec_feed_drop_restored (self);
    if (self->n_restored >= self->limits.max_groups) {
      overflow (self, id);
      return NULL;
    }
    restored = TRUE;
  }

  group = g_new0 (EcFeedGroup, 1);
  group->refs = 1;
  group->id = id;
  group->began_us = now_us;
  group->restored = restored;
  self->n_restored += restored;
  group->objects = g_ptr_array_new_with_free_func ((GDestroyNotify) object_free);
  group->subgroups = g_ptr_array_new_with_free_func ((GDestroyNotify) subgroup_free);
  g_ptr_array_insert (self->groups, ec_feed_group_index (self, id), group);
  set_lag_floor (self);
  return group;
}

gboolean
ec_feed_group_is_whole (const EcFeedGroup *self)
{
  if (!self->has_end)
    return FALSE;
  for (guint i = 0; i < self->subgroups->len; i++) {
    EcFeedSubgroup *subgroup = self->subgroups->pdata[i];

    for (guint k = 0; k < subgroup->objects->len; k++) {
      EcFeedObject *object = subgroup->objects->pdata[k];

      if (k == 0 ? !subgroup->first_known : !object->joined)
        return FALSE;
      if (k + 1 == subgroup->objects->len &&
          !(subgroup->has_final && object->head.location.object >= subgroup->final))
        return FALSE;
    }
  }
  return TRUE;
}

/* -- Subgroups */

static void
add_news (EcMoqFeed *self, EcFeedNews *news)
{
  news->serial = ++self->serial;
  news->link.data = news;
  g_queue_push_tail_link (&self->news, &news->link);
}

static guint
subgroup_index (EcFeedGroup *group, guint64 id)
{
  guint i = group->subgroups->len;

  while (i > 0 && ((EcFeedSubgroup *) group->subgroups->pdata[i - 1])->id >= id)
    i--;
  return i;
}

EcFeedSubgroup *
ec_feed_find_subgroup (EcFeedGroup *group, guint64 id)
{
  guint i = subgroup_index (group, id);
  EcFeedSubgroup *subgroup = i < group->subgroups->len ? group->subgroups->pdata[i] : NULL;

  return subgroup && subgroup->id == id ? subgroup : NULL;
}

EcFeedSubgroup *
ec_feed_ensure_subgroup (EcMoqFeed *self, EcFeedGroup *group, guint64 id, guint8 priority)
{
  EcFeedSubgroup *subgroup = ec_feed_find_subgroup (group, id);

  if (subgroup)
    return subgroup;
  if (group->subgroups->len >= EC_FEED_MAX_SUBGROUPS)
    return NULL;

  subgroup = g_new0 (EcFeedSubgroup, 1);
  subgroup->group = group;
  subgroup->id = id;
  subgroup->priority = priority;
  subgroup->objects = g_ptr_array_new ();
  subgroup->streams = g_ptr_array_new ();
  subgroup->give_up_us = G_MAXUINT64;
  subgroup->lost_code = EC_MOQT_RESET_CANCELLED;
  g_ptr_array_insert (group->subgroups, subgroup_index (group, id), subgroup);
  subgroup->news.group = group;
  subgroup->news.subgroup = subgroup;
  add_news (self, &subgroup->news);
  return subgroup;
}

/* Whether a writer that is in the subgroup may still put something before the object `id`, or the rest of it if `with`. */
static gboolean
can_fill (EcFeedSubgroup *self, guint64 id, gboolean with, gboolean fresh)
{
  for (guint i = 0; i < self->streams->len; i++) {
    EcFeedStream *stream = self->streams->pdata[i];

    if (!stream->any ? (!fresh || stream->first) : stream->last < id)
      return TRUE;
    if (with && stream->any && stream->last == id && stream->object)
      return TRUE;
  }
  return FALSE;
}

/* Whether nothing that a reader wants who has had all before `next` lies before the object: a writer that stalls there is waited for in vain. */
static gboolean
is_next (EcFeedSubgroup *self, guint index, guint64 next, gboolean fresh)
{
  const EcFeedObject *object = self->objects->pdata[index];

  if (!fresh)
    return object->joined;
  if (index == 0 && self->first_known)
    return TRUE;
  return object->head.location.object == next || (index > 0 && object->joined);
}

EcFeedStep
ec_feed_subgroup_step (EcFeedSubgroup *self, guint index, guint64 next, gboolean fresh)
{
  EcFeedObject *object;

  if (index == self->objects->len) {
    object = index > 0 ? self->objects->pdata[index - 1] : NULL;
    if (self->has_final && object && object->head.location.object >= self->final)
      return EC_FEED_STEP_DONE;
    if (self->streams->len > 0 || !self->given_up)
      return EC_FEED_STEP_WAIT;
    return EC_FEED_STEP_BROKEN;
  }

  object = self->objects->pdata[index];
  if (is_next (self, index, next, fresh))
    return EC_FEED_STEP_OBJECT;
  if (can_fill (self, object->head.location.object, FALSE, fresh))
    return EC_FEED_STEP_WAIT;
  if (fresh)
    return EC_FEED_STEP_OBJECT;
  return self->given_up ? EC_FEED_STEP_BROKEN : EC_FEED_STEP_WAIT;
}

/* -- Objects */

guint
ec_feed_object_index (GPtrArray *objects, guint64 id)
{
  guint low = 0, high = objects->len;

  /* Nearly always it is the end that is sought. */
  if (high == 0 || ((EcFeedObject *) objects->pdata[high - 1])->head.location.object < id)
    return high;
  while (low < high) {
    guint middle = (low + high) / 2;
    EcFeedObject *object = objects->pdata[middle];

    if (object->head.location.object < id)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

EcFeedObject *
ec_feed_find_object (EcFeedGroup *group, guint64 id)
{
  guint i = ec_feed_object_index (group->objects, id);
  EcFeedObject *object = i < group->objects->len ? group->objects->pdata[i] : NULL;

  return object && object->head.location.object == id ? object : NULL;
}

gboolean
ec_feed_object_is_whole (const EcFeedObject *self)
{
  return !self->payload || ec_payload_get_filled (self->payload) == self->head.size;
}

gboolean
ec_feed_object_is_lost (EcFeedObject *self)
{
  EcFeedSubgroup *subgroup = self->subgroup;

  return !ec_feed_object_is_whole (self) && subgroup && subgroup->given_up &&
         !can_fill (subgroup, self->head.location.object, TRUE, FALSE);
}

gboolean
ec_feed_object_is_expired (const EcMoqFeedReader *reader, const EcFeedObject *self)
{
  guint64 max_us = reader->feed->max_cache_us, now_us;

  if (max_us == G_MAXUINT64 || !reader->transport)
    return FALSE;
  now_us = ec_transport_now (reader->transport);
  return now_us > self->came_us && now_us - self->came_us > max_us;
}

/* The payload, and the room for it and for what goes with it; groups that are older go for it. */
static EcMoqFeedPut
make_room_for_object (EcMoqFeed *self,
                      EcFeedGroup *group,
                      const EcMoqtObject *head,
                      EcPayload **payload)
{
  gsize overhead = object_overhead (head);
  EcBudget *budget = self->limits.budget;

  for (;;) {
    EcFeedGroup *oldest;

    if (overhead + head->size <=
            self->limits.max_bytes - MIN (self->cost, self->limits.max_bytes) &&
        (!budget || ec_budget_take (budget, overhead))) {
      if (*payload || head->size == 0)
        return EC_MOQ_FEED_PUT_OK;
      *payload = ec_payload_new (head->size, budget);
      if (*payload)
        return EC_MOQ_FEED_PUT_OK;
      if (budget)
        ec_budget_give_back (budget, overhead);
    }

    oldest = ec_feed_get_evictable (self, 2);
    if (!oldest || group->restored) {
      if (group->restored)
        overflow (self, group->id);
      return EC_MOQ_FEED_PUT_FULL;
    }
    ec_feed_evict (self, oldest);
    if (oldest == group)
      return EC_MOQ_FEED_PUT_OK;
  }
}

static void
add_to_subgroup (EcFeedSubgroup *subgroup, EcFeedObject *object)
{
  guint64 id = object->head.location.object;
  guint i = ec_feed_object_index (subgroup->objects, id);
  EcFeedObject *before = i > 0 ? subgroup->objects->pdata[i - 1] : NULL;
  EcFeedObject *behind = i < subgroup->objects->len ? subgroup->objects->pdata[i] : NULL;

  object->subgroup = subgroup;
  object->joined = before && id - before->head.location.object - 1 <= object->prior_gap;
  if (behind && behind->joined)
    object->joined = TRUE; /* of a gap that a stream told, this is all that there was */
  if (behind && behind->head.location.object - id - 1 <= behind->prior_gap)
    behind->joined = TRUE;
  if (i == 0)
    subgroup->first_known = id <= object->prior_gap;
  if (object->head.properties)
    subgroup->has_properties = TRUE;
  g_ptr_array_insert (subgroup->objects, i, object);
}

EcMoqFeedPut
ec_feed_add_object (EcMoqFeed *self,
                    EcFeedGroup *group,
                    EcFeedSubgroup *subgroup,
                    const EcMoqtObject *head,
                    EcPayload *payload,
                    EcFeedObject **result)
{
  g_autoptr (EcPayload) own = payload && head->size > 0 ? ec_payload_ref (payload) : NULL;
  EcFeedObject *object;
  EcMoqFeedPut put;
  guint64 gap;

  *result = NULL;
  if (head->size > self->limits.max_object_size ||
      group->objects->len >= self->limits.max_objects || head->location.object > EC_FEED_MAX_ID)
    return EC_MOQ_FEED_PUT_TOO_LARGE;
  put = make_room_for_object (self, group, head, &own);
  if (put != EC_MOQ_FEED_PUT_OK || group->evicted)
    return put;

  object = g_new0 (EcFeedObject, 1);
  object->head = *head;
  if (head->properties)
    ec_moqt_properties_ref (head->properties);
  object->payload = g_steal_pointer (&own);
  if (ec_moqt_properties_find_number (head->properties, EC_MOQT_PROPERTY_PRIOR_OBJECT_ID_GAP, &gap))
    object->prior_gap = MIN (gap, head->location.object);
  if (ec_moqt_properties_find_number (head->properties, EC_MOQT_PROPERTY_PRIOR_GROUP_ID_GAP, &gap))
    group->prior_gap = MIN (gap, group->id);

  g_ptr_array_insert (group->objects, ec_feed_object_index (group->objects, head->location.object),
                      object);
  if (subgroup)
    add_to_subgroup (subgroup, object);
  else {
    object->news.group = group;
    object->news.datagram = object;
    add_news (self, &object->news);
  }
  group->bytes += head->size;
  group->cost += head->size + object_overhead (head);
  self->cost += head->size + object_overhead (head);
  self->stats.bytes += head->size;
  self->stats.n_objects++;
  ec_feed_raise_largest (self, head->location);
  ec_feed_touch (self);
  *result = object;
  return EC_MOQ_FEED_PUT_OK;
}
