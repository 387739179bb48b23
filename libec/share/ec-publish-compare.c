/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publish-compare.h"

#include "base/ec-hasher.h"

struct _EcPublishCompare {
  EcMoqReader *reader; /* owned */
  gboolean fetch;      /* of one whole group: there is no word of its end but the fetch's */
  gboolean any;        /* something came */
  gboolean over;
  EcHasher *hasher; /* of a group from its first object on; NULL: none */
  gint64 group;
  guint64 next; /* object id */
};

static EcMoqtName *
chunks_of (EcMoqtName *space)
{
  EcMoqtField field = { (const guint8 *) "chunks", 6 };

  return ec_moqt_name_new_track (space, &field);
}

EcPublishCompare *
ec_publish_compare_new_live (EcMoqCore *core, EcMoqtName *space, GCancellable *cancellable)
{
  g_autoptr (EcMoqtName) track = chunks_of (space);
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();
  g_autoptr (EcPublishCompare) self = g_new0 (EcPublishCompare, 1);

  self->reader = ec_moq_reader_new_subscribe (core, track, EC_MOQ_START_CURRENT_GROUP, reply);
  return ec_moq_reply_wait (reply, cancellable, NULL) ? g_steal_pointer (&self) : NULL;
}

EcPublishCompare *
ec_publish_compare_new_chunk (EcMoqCore *core, EcMoqtName *space, gint64 index)
{
  g_autoptr (EcMoqtName) track = chunks_of (space);
  g_autoptr (EcMoqReply) reply = ec_moq_reply_new ();
  EcPublishCompare *self = g_new0 (EcPublishCompare, 1);

  self->fetch = TRUE;
  self->reader = ec_moq_reader_new_fetch (core, track, (guint64) index, (guint64) index, reply);
  return self;
}

void
ec_publish_compare_free (EcPublishCompare *self)
{
  ec_moq_reader_close (self->reader);
  ec_moq_reader_unref (self->reader);
  g_clear_pointer (&self->hasher, ec_hasher_free);
  g_free (self);
}

gboolean
ec_publish_compare_is_served (EcPublishCompare *self)
{
  EcMoqtLocation largest;

  return self->any || ec_moq_reader_get_largest (self->reader, &largest);
}

static void
take_object (EcPublishCompare *self, EcMoqInboxItem *item)
{
  gint64 group = (gint64) item->location.group;

  if (item->location.object == 0) {
    g_clear_pointer (&self->hasher, ec_hasher_free);
    self->hasher = ec_hasher_new ();
    self->group = group;
    self->next = 0;
  }
  if (!self->hasher || self->group != group)
    return;
  if (item->location.object != self->next) {
    g_clear_pointer (&self->hasher, ec_hasher_free);
    return;
  }
  ec_hasher_update (self->hasher, item->data, item->size);
  self->next++;
}

static gboolean
finish (EcPublishCompare *self, gint64 *index, guint8 *hash)
{
  if (!self->hasher)
    return FALSE;
  *index = self->group;
  ec_hasher_finish (self->hasher, hash);
  g_clear_pointer (&self->hasher, ec_hasher_free);
  return TRUE;
}

EcPublishCompareStep
ec_publish_compare_step (EcPublishCompare *self, gint64 *index, guint8 *hash)
{
  EcMoqInbox *inbox = ec_moq_reader_get_inbox (self->reader);

  while (!self->over) {
    g_autoptr (EcMoqInboxItem) item = NULL;
    g_autoptr (GError) error = NULL;

    if (!ec_moq_inbox_poll (inbox, &item, &error))
      return EC_PUBLISH_COMPARE_WAIT;
    if (!item) {
      self->over = TRUE;
      if (self->fetch && !error && finish (self, index, hash))
        return EC_PUBLISH_COMPARE_CHUNK;
      break;
    }
    self->any = TRUE;
    if (item->kind == EC_MOQ_OBJECT_KIND_OBJECT)
      take_object (self, item);
    else if (item->kind == EC_MOQ_OBJECT_KIND_GROUP_LOST)
      g_clear_pointer (&self->hasher, ec_hasher_free);
    else if ((gint64) item->location.group == self->group && finish (self, index, hash))
      return EC_PUBLISH_COMPARE_CHUNK;
  }
  return EC_PUBLISH_COMPARE_END;
}
