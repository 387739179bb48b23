/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-inbox-private.h"

#include <string.h>

#include "base/ec-error.h"

#define ITEM_OVERHEAD 192 /* bytes that an item costs beside its payload, about */
#define MAX_GROUPS 4096   /* that are there at once; more is a flood of empty ones */
#define KEEP_FROM 4       /* what of max_bytes and MAX_GROUPS is there before credit is kept */
#define FIRST_ROOM 65536  /* bytes got for an object before it has sent any */
#define CREDIT_STEP (128 * 1024) /* bytes that are credited together */

void
ec_moq_inbox_item_free (EcMoqInboxItem *item)
{
  g_clear_pointer (&item->properties, ec_moqt_properties_unref);
  g_free (item->data);
  g_free (item);
}

EcMoqInbox *
ec_moq_inbox_new (gsize max_bytes,
                  gboolean may_drop,
                  void (*wake) (gpointer user_data),
                  gpointer user_data)
{
  EcMoqInbox *self = g_new0 (EcMoqInbox, 1);

  g_atomic_ref_count_init (&self->refs);
  self->max_bytes = max_bytes;
  self->may_drop = may_drop;
  self->wake = wake;
  self->user_data = user_data;
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  ec_waiters_init (&self->waiters, &ec_moq_inbox_waiters, self, &self->mutex, &self->cond);
  return self;
}

EcMoqInbox *
ec_moq_inbox_ref (EcMoqInbox *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
stream_unref (EcMoqInboxStream *stream)
{
  if (--stream->refs > 0)
    return;
  if (stream->item)
    ec_moq_inbox_item_free (stream->item);
  g_free (stream);
}

static void
item_drop (EcMoqInboxItem *item)
{
  if (item->stream)
    stream_unref (item->stream);
  ec_moq_inbox_item_free (item);
}

static void
group_free (gpointer data)
{
  EcMoqInboxGroup *group = data;

  g_queue_clear_full (&group->items, (GDestroyNotify) item_drop);
  g_free (group);
}

void
ec_moq_inbox_unref (EcMoqInbox *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  ec_waiters_clear (&self->waiters);
  g_queue_clear_full (&self->groups, group_free);
  g_queue_clear_full (&self->due, (GDestroyNotify) stream_unref);
  g_queue_clear_full (&self->large, (GDestroyNotify) stream_unref);
  g_clear_error (&self->error);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
ec_moq_inbox_changed (EcMoqInbox *self)
{
  g_cond_broadcast (&self->cond);
  ec_waiters_wake (&self->waiters);
}

/* -- Credit */

/* Under the mutex: the object that came is whole, or comes no more. */
static void
forget_partial (EcMoqInboxStream *stream)
{
  if (stream->wanted <= EC_MOQ_INBOX_LARGE_OBJECT || !stream->item)
    return;
  stream->inbox->partial -= MIN (stream->inbox->partial, stream->item->size);
  if (g_queue_remove (&stream->inbox->large, stream))
    stream_unref (stream);
}

static void
owe (EcMoqInbox *self, EcMoqInboxStream *stream, gsize size)
{
  if ((!stream->stream && stream->kept < 0) || (size == 0 && !stream->stop && !stream->all))
    return;
  stream->due += size;
  self->due_bytes += size;
  if (!stream->listed) {
    stream->listed = TRUE;
    stream->refs++;
    g_queue_push_tail (&self->due, stream);
  }
}

/* What an item of the stream had. */
static void
let_go (EcMoqInbox *self, EcMoqInboxStream *stream, gsize credit)
{
  stream->n_items--;
  if (stream->kept >= 0 && stream->n_items == 0)
    stream->all = TRUE;
  owe (self, stream, credit);
  stream_unref (stream);
}

/* Nothing goes before what the fetch may still bring. */
static gboolean
may_read (EcMoqInbox *self, EcMoqInboxItem *item)
{
  return !self->fetching ||
         (self->any_fetched && ec_moqt_location_compare (item->location, self->fetched) <= 0);
}

/* Whether it is for the reader to go on, and not for the peer. */
static gboolean
is_readable (EcMoqInbox *self)
{
  EcMoqInboxGroup *group = g_queue_peek_head (&self->groups);
  EcMoqInboxItem *item = group ? g_queue_peek_head (&group->items) : NULL;

  return item && may_read (self, item);
}

static void
credit_large (EcMoqInbox *self)
{
  for (GList *l = self->large.head; l; l = l->next) {
    EcMoqInboxStream *stream = l->data;

    owe (self, stream, stream->item->credit);
    stream->item->credit = 0;
  }
}

/* Nobody is to wait for what is there to be read. */
static void
credit_all (EcMoqInbox *self)
{
  for (GList *g = self->groups.head; g; g = g->next)
    for (GList *l = ((EcMoqInboxGroup *) g->data)->items.head; l; l = l->next) {
      EcMoqInboxItem *item = l->data;

      if (!item->stream)
        continue;
      item->stream->all = item->stream->kept >= 0;
      owe (self, item->stream, item->credit);
      item->credit = 0;
    }
  credit_large (self);
}

static void
release (EcMoqInbox *self, EcMoqInboxItem *item)
{
  EcMoqInboxStream *stream = g_steal_pointer (&item->stream);

  if (item->kind == EC_MOQ_OBJECT_KIND_OBJECT)
    self->bytes -= MIN (self->bytes, item->size + ITEM_OVERHEAD);
  if (stream)
    let_go (self, stream, item->credit);
  if (!is_readable (self))
    credit_large (self);
}

gboolean
ec_moq_inbox_settle (EcMoqInbox *self, EcMoqInboxItem *item)
{
  self->idle = FALSE;
  self->waits_us = g_get_monotonic_time ();
  release (self, item);
  /* Few large credits, but none kept back when there is nothing more to read. */
  return self->due_bytes >= CREDIT_STEP || (!g_queue_is_empty (&self->due) && !is_readable (self));
}

void
ec_moq_inbox_collect (
    EcMoqInbox *self,
    void (*consume) (gpointer user_data, gpointer stream, gint64 kept, gsize size),
    void (*stop) (gpointer user_data, gpointer stream),
    gpointer user_data)
{
  guint n_stopped = 0;

  g_mutex_lock (&self->mutex);
  while (!g_queue_is_empty (&self->due)) {
    EcMoqInboxStream *stream = g_queue_pop_head (&self->due);

    stream->listed = FALSE;
    self->due_bytes -= stream->due;
    if (stream->due > 0 || stream->all)
      consume (user_data, stream->stream, stream->kept, stream->all ? G_MAXSIZE : stream->due);
    if (stream->all)
      stream->kept = -1;
    stream->due = 0;
    stream->all = FALSE;
    if (stream->stream && stream->stop) {
      /* It ends without an event: the open stream's references go now. */
      stop (user_data, g_steal_pointer (&stream->stream));
      forget_partial (stream);
      stream_unref (stream);
      n_stopped++;
    }
    stream_unref (stream);
  }
  g_mutex_unlock (&self->mutex);
  while (n_stopped-- > 0)
    ec_moq_inbox_unref (self);
}

EcMoqInbox *
ec_moq_inbox_stream_get_inbox (EcMoqInboxStream *stream)
{
  return stream->inbox;
}

/* -- Groups */

static EcMoqInboxGroup *
get_group (EcMoqInbox *self, guint64 id)
{
  EcMoqInboxGroup *group;
  GList *l;

  for (l = self->groups.tail; l; l = l->prev) {
    group = l->data;
    if (group->group == id)
      return group;
    if (group->group < id)
      break;
  }
  group = g_new0 (EcMoqInboxGroup, 1);
  group->group = id;
  group->begun_us = g_get_monotonic_time ();
  if (l)
    g_queue_insert_after (&self->groups, l, group);
  else
    g_queue_push_head (&self->groups, group);
  return group;
}

/* Everything that is there of it goes; what is still to come is stopped. */
static void
drop_items (EcMoqInbox *self, EcMoqInboxGroup *group)
{
  EcMoqInboxItem *item;

  while ((item = g_queue_pop_head (&group->items))) {
    EcMoqInboxStream *stream = item->stream;

    if (stream && !stream->fetch && !stream->dead) {
      stream->dead = TRUE;
      stream->stop = stream->stream != NULL;
      if (stream->stream)
        group->n_open--;
    }
    release (self, item);
    ec_moq_inbox_item_free (item);
  }
  group->lost = TRUE;
  group->ended = FALSE;
}

static void
end (EcMoqInbox *self, GError *error)
{
  if (self->ended) {
    g_clear_error (&error);
    return;
  }
  self->ended = TRUE;
  self->error = error;
  credit_all (self);
}

/* A slow reader loses the oldest groups (DESIGN §6), a fetch comes to its end. */
static void
keep_bounds (EcMoqInbox *self)
{
  gboolean drop = self->bytes > self->max_bytes || self->groups.length > MAX_GROUPS;

  if (!drop)
    return;
  if (!self->may_drop) {
    end (self, g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT,
                            "More than %" G_GSIZE_FORMAT " bytes of objects wait to be read. Read "
                            "faster, or fetch less at once.",
                            self->max_bytes));
    return;
  }
  for (GList *l = self->groups.head; l && self->bytes > self->max_bytes / 2; l = l->next) {
    EcMoqInboxGroup *group = l->data;

    if (g_queue_is_empty (&group->items))
      continue;
    drop_items (self, group);
    self->n_dropped++;
  }
  if (self->groups.length <= MAX_GROUPS)
    return;
  /* Those that are open are as many as the peer may have streams. */
  for (GList *l = self->groups.head, *next; l && self->groups.length > MAX_GROUPS / 2; l = next) {
    EcMoqInboxGroup *group = l->data;

    next = l->next;
    if (group->n_open > 0)
      continue;
    drop_items (self, group);
    g_queue_delete_link (&self->groups, l);
    group_free (group);
    self->n_dropped++;
  }
}

/* By object; the same one again is dropped: FALSE. */
static gboolean
insert (EcMoqInbox *self, EcMoqInboxGroup *group, EcMoqInboxItem *item)
{
  GList *l = group->items.tail;

  while (l && ((EcMoqInboxItem *) l->data)->location.object > item->location.object)
    l = l->prev;
  if (l && ((EcMoqInboxItem *) l->data)->location.object == item->location.object)
    return FALSE;
  if (l)
    g_queue_insert_after (&group->items, l, item);
  else
    g_queue_push_head (&group->items, item);
  if (self->bytes == 0)
    self->waits_us = g_get_monotonic_time ();
  self->bytes += item->size + ITEM_OVERHEAD;
  return TRUE;
}

/* Takes `item`. */
static void
add_item (EcMoqInbox *self, EcMoqInboxItem *item, gboolean fetch)
{
  EcMoqInboxStream *stream = item->stream;

  if (fetch) {
    self->fetched = item->location;
    self->any_fetched = TRUE;
  }
  if ((!fetch && self->any_fetched &&
       ec_moqt_location_compare (item->location, self->fetched) <= 0) ||
      self->ended || (stream && stream->dead) ||
      !insert (self, get_group (self, item->location.group), item)) {
    if (stream)
      let_go (self, stream, item->credit);
    ec_moq_inbox_item_free (item);
    return;
  }
  keep_bounds (self);
}

/* -- Filling */

void
ec_moq_inbox_expect_fetch (EcMoqInbox *self)
{
  g_mutex_lock (&self->mutex);
  self->fetching = TRUE;
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_inbox_fetch_done (EcMoqInbox *self)
{
  g_mutex_lock (&self->mutex);
  self->fetching = FALSE;
  ec_moq_inbox_changed (self);
  g_mutex_unlock (&self->mutex);
}

EcMoqInboxStream *
ec_moq_inbox_open (EcMoqInbox *self, gpointer stream, gboolean fetch, guint64 group)
{
  EcMoqInboxStream *opened = g_new0 (EcMoqInboxStream, 1);

  opened->inbox = ec_moq_inbox_ref (self);
  opened->refs = 1;
  opened->stream = stream;
  opened->kept = -1;
  opened->fetch = fetch;
  opened->group = group;
  g_mutex_lock (&self->mutex);
  if (!fetch) {
    get_group (self, group)->n_open++;
    keep_bounds (self);
  }
  g_mutex_unlock (&self->mutex);
  return opened;
}

static EcMoqInboxItem *
new_item (const EcMoqtObject *object, gint64 arrival_us)
{
  EcMoqInboxItem *item = g_new0 (EcMoqInboxItem, 1);

  item->kind = EC_MOQ_OBJECT_KIND_OBJECT;
  item->location = object->location;
  item->subgroup = object->subgroup;
  item->priority = object->priority;
  item->datagram = object->datagram;
  item->arrival_us = arrival_us;
  if (object->properties)
    item->properties = ec_moqt_properties_ref (object->properties);
  return item;
}

void
ec_moq_inbox_object (EcMoqInboxStream *stream, const EcMoqtObject *object, gint64 arrival_us)
{
  stream->item = new_item (object, arrival_us);
  stream->wanted = object->size;
  stream->room = 0;
  if (stream->wanted > EC_MOQ_INBOX_LARGE_OBJECT) {
    g_mutex_lock (&stream->inbox->mutex);
    stream->refs++;
    g_queue_push_tail (&stream->inbox->large, stream);
    g_mutex_unlock (&stream->inbox->mutex);
  }
  if (object->status == EC_MOQT_OBJECT_NORMAL)
    return;

  /* Not an object, but the news that there are no more (§10.2.1.1). */
  stream->item->kind = EC_MOQ_OBJECT_KIND_GROUP_ENDED;
  if (stream->fetch)
    return;
  g_mutex_lock (&stream->inbox->mutex);
  get_group (stream->inbox, object->location.group)->ended = TRUE;
  g_mutex_unlock (&stream->inbox->mutex);
}

/* No more room is got than what came, or a little, asks for: the size is only the peer's word. */
static gboolean
make_room (EcMoqInboxStream *stream, gsize size)
{
  EcMoqInboxItem *item = stream->item;
  gsize room = stream->room ? stream->room : MIN (stream->wanted, FIRST_ROOM);
  guint8 *data;

  while (room < item->size + size)
    room *= 2;
  room = MIN (room, stream->wanted);
  if (room <= stream->room)
    return TRUE;
  data = g_try_realloc (item->data, room);
  if (!data)
    return FALSE;
  item->data = data;
  stream->room = room;
  return TRUE;
}

void
ec_moq_inbox_payload (EcMoqInboxStream *stream, const guint8 *data, gsize size)
{
  EcMoqInbox *self = stream->inbox;
  EcMoqInboxItem *item = stream->item;
  gboolean large = stream->wanted > EC_MOQ_INBOX_LARGE_OBJECT;

  g_mutex_lock (&self->mutex);
  if (!item || stream->dead || self->ended || size > stream->wanted - item->size) {
    owe (self, stream, size);
  } else if (!make_room (stream, size)) {
    end (self, g_error_new_literal (EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT,
                                    "There is no memory for the objects that come."));
  } else {
    memcpy (item->data + item->size, data, size);
    item->size += size;
    item->credit += size;
    if (self->idle || (large && !is_readable (self))) {
      owe (self, stream, item->credit);
      item->credit = 0;
    }
    if (large) {
      self->partial += size;
      if (self->partial > self->max_bytes)
        end (self, g_error_new_literal (EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT,
                                        "Too many large objects come at once."));
    }
  }
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_inbox_object_ended (EcMoqInboxStream *stream)
{
  EcMoqInbox *self = stream->inbox;
  EcMoqInboxItem *item;

  if (!stream->item)
    return;
  g_mutex_lock (&self->mutex);
  forget_partial (stream);
  item = g_steal_pointer (&stream->item);
  if (item->kind == EC_MOQ_OBJECT_KIND_OBJECT) {
    item->stream = stream;
    stream->refs++;
    stream->n_items++;
    add_item (self, item, stream->fetch);
    ec_moq_inbox_changed (self);
  } else {
    ec_moq_inbox_item_free (item);
  }
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_inbox_range (EcMoqInboxStream *stream, EcMoqtLocation to, gboolean unknown)
{
  EcMoqInbox *self = stream->inbox;

  g_mutex_lock (&self->mutex);
  if (unknown)
    get_group (self, to.group)->lost = TRUE;
  keep_bounds (self);
  self->fetched = to;
  self->any_fetched = TRUE;
  ec_moq_inbox_changed (self);
  g_mutex_unlock (&self->mutex);
}

gboolean
ec_moq_inbox_stream_keeps (EcMoqInboxStream *stream)
{
  EcMoqInbox *self = stream->inbox;
  gboolean keeps;

  g_mutex_lock (&self->mutex);
  keeps =
      !stream->fetch && !stream->dead && stream->n_items > 0 && !self->ended && !self->idle &&
      !self->fetching && is_readable (self) &&
      (self->bytes > self->max_bytes / KEEP_FROM || self->groups.length > MAX_GROUPS / KEEP_FROM);
  g_mutex_unlock (&self->mutex);
  return keeps;
}

void
ec_moq_inbox_stream_ended (EcMoqInboxStream *stream,
                           gboolean reset,
                           gboolean end_of_group,
                           gint64 kept)
{
  EcMoqInbox *self = stream->inbox;

  g_mutex_lock (&self->mutex);
  stream->stream = NULL;
  stream->kept = kept;
  if (kept >= 0 && (stream->n_items == 0 || self->ended || self->idle)) {
    /* It was all read meanwhile. */
    stream->all = TRUE;
    owe (self, stream, 0);
  }
  forget_partial (stream);
  if (stream->fetch) {
    if (reset && self->any_fetched)
      get_group (self, self->fetched.group)->lost = TRUE;
  } else if (!stream->dead) {
    EcMoqInboxGroup *group = get_group (self, stream->group);

    if (group->n_open > 0)
      group->n_open--;
    group->lost = group->lost || reset;
    group->ended = group->ended || (end_of_group && !reset);
  }
  stream_unref (stream);
  ec_moq_inbox_changed (self);
  g_mutex_unlock (&self->mutex);
  ec_moq_inbox_unref (self);
}

void
ec_moq_inbox_datagram (
    EcMoqInbox *self, const EcMoqtObject *object, const guint8 *data, gsize size, gint64 arrival_us)
{
  EcMoqInboxItem *item = new_item (object, arrival_us);

  item->data = g_memdup2 (data, size);
  item->size = size;
  g_mutex_lock (&self->mutex);
  if (object->status == EC_MOQT_OBJECT_NORMAL)
    add_item (self, item, FALSE);
  else
    ec_moq_inbox_item_free (item);
  if (object->end_of_group || object->status != EC_MOQT_OBJECT_NORMAL)
    get_group (self, object->location.group)->ended = TRUE;
  keep_bounds (self);
  ec_moq_inbox_changed (self);
  g_mutex_unlock (&self->mutex);
}

void
ec_moq_inbox_end (EcMoqInbox *self, GError *error)
{
  g_mutex_lock (&self->mutex);
  self->fetching = FALSE;
  end (self, error);
  ec_moq_inbox_changed (self);
  g_mutex_unlock (&self->mutex);
}

/* -- Reading */

/* Nothing more of it can come. */
static gboolean
is_done (EcMoqInbox *self, EcMoqInboxGroup *group, gboolean last)
{
  if (self->fetching && !(self->any_fetched && group->group < self->fetched.group))
    return FALSE;
  if (self->ended)
    return TRUE;
  return group->n_open == 0 && (group->ended || group->lost || !last);
}

/* What is told of a group when it goes; NULL: nothing. Frees it. */
static EcMoqInboxItem *
close_group (EcMoqInbox *self, GList *link)
{
  EcMoqInboxGroup *group = link->data;
  EcMoqInboxItem *item = NULL;

  if (group->ended || group->lost) {
    item = g_new0 (EcMoqInboxItem, 1);
    item->kind = group->lost ? EC_MOQ_OBJECT_KIND_GROUP_LOST : EC_MOQ_OBJECT_KIND_GROUP_ENDED;
    item->location.group = group->group;
    item->arrival_us = g_get_real_time ();
  }
  g_queue_delete_link (&self->groups, link);
  group_free (group);
  return item;
}

gboolean
ec_moq_inbox_poll_locked (EcMoqInbox *self, EcMoqInboxItem **item, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  GList *next;

  *item = NULL;
  for (GList *l = self->groups.head; l; l = next) {
    EcMoqInboxGroup *group = l->data;

    next = l->next;
    if (!g_queue_is_empty (&group->items)) {
      if (!may_read (self, g_queue_peek_head (&group->items)))
        return FALSE;
      *item = g_queue_pop_head (&group->items);
      return TRUE;
    }
    if (is_done (self, group, next == NULL) && (group->n_open == 0 || self->ended)) {
      *item = close_group (self, l);
      if (*item)
        return TRUE;
      continue;
    }
    /* Empty, but it may go on: what is behind it waits, for a while. */
    if ((self->fetching && !(self->any_fetched && group->group < self->fetched.group)) || !next ||
        now - ((EcMoqInboxGroup *) next->data)->begun_us < EC_MOQ_INBOX_PATIENCE)
      return FALSE;
  }
  if (!self->ended)
    return FALSE;
  if (self->error)
    g_propagate_error (error, g_error_copy (self->error));
  return TRUE;
}

gboolean
ec_moq_inbox_is_holding (EcMoqInbox *self)
{
  gboolean holding;

  g_mutex_lock (&self->mutex);
  holding = self->groups.length > 1;
  g_mutex_unlock (&self->mutex);
  return holding;
}

void
ec_moq_inbox_tick (EcMoqInbox *self)
{
  g_mutex_lock (&self->mutex);
  if (self->groups.length > 1)
    ec_moq_inbox_changed (self);
  if (self->may_drop && !self->idle && self->bytes > 0 &&
      g_get_monotonic_time () - self->waits_us > EC_MOQ_INBOX_PATIENCE) {
    self->idle = TRUE;
    credit_all (self);
  }
  g_mutex_unlock (&self->mutex);
}

gsize
ec_moq_inbox_get_bytes (EcMoqInbox *self)
{
  gsize bytes;

  g_mutex_lock (&self->mutex);
  bytes = self->bytes;
  g_mutex_unlock (&self->mutex);
  return bytes;
}

guint64
ec_moq_inbox_get_n_dropped (EcMoqInbox *self)
{
  guint64 n_dropped;

  g_mutex_lock (&self->mutex);
  n_dropped = self->n_dropped;
  g_mutex_unlock (&self->mutex);
  return n_dropped;
}
