/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-inbox-private.h"

/* How an inbox is read: at once, by threads that wait, and by tasks that do. */

static gboolean
poll_item (gpointer owner, gpointer *result, GError **error)
{
  EcMoqInbox *self = owner;
  EcMoqInboxItem *item;
  gboolean done = ec_moq_inbox_poll_locked (self, &item, error);

  if (item)
    item->wake = ec_moq_inbox_settle (self, item);
  *result = item;
  return done;
}

/* To follow poll_item(), without the mutex. */
static EcMoqInboxItem *
take (EcMoqInbox *self, EcMoqInboxItem *item)
{
  if (item && item->wake)
    self->wake (self->user_data);
  return item;
}

static void
complete (gpointer owner, GTask *task, gpointer result)
{
  g_task_return_pointer (task, take (owner, result), (GDestroyNotify) ec_moq_inbox_item_free);
}

const EcWaitersKind ec_moq_inbox_waiters = {
  .name = "ec-moq-inbox",
  .in_turns = TRUE,
  .poll = poll_item,
  .complete = complete,
  .ref = (gpointer (*) (gpointer)) ec_moq_inbox_ref,
  .unref = (GDestroyNotify) ec_moq_inbox_unref,
};

gboolean
ec_moq_inbox_poll (EcMoqInbox *self, EcMoqInboxItem **item, GError **error)
{
  gpointer result;
  gboolean done;

  g_mutex_lock (&self->mutex);
  done = poll_item (self, &result, error);
  g_mutex_unlock (&self->mutex);
  *item = take (self, result);
  return done;
}

EcMoqInboxItem *
ec_moq_inbox_read (EcMoqInbox *self, GCancellable *cancellable, GError **error)
{
  return ec_moq_inbox_read_until (self, G_MAXINT64, cancellable, error);
}

EcMoqInboxItem *
ec_moq_inbox_read_until (EcMoqInbox *self,
                         gint64 until_us,
                         GCancellable *cancellable,
                         GError **error)
{
  return take (self, ec_waiters_wait (&self->waiters, until_us, cancellable, error));
}

void
ec_moq_inbox_read_async (EcMoqInbox *self, GTask *task)
{
  ec_waiters_add (&self->waiters, task);
}
