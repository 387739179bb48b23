/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-object-private.h"
#include "session/ec-moq-reader.h"

/**
 * EcMoqSubscription:
 *
 * A track of a peer that is being read: subscribed to, or fetched.
 *
 * [method@MoqSession.subscribe] and [method@MoqSession.fetch] make them. Objects are pulled, by
 * [method@MoqSubscription.read_object], in any thread; how fast, is for the peer to follow: it is given credit as objects are read. What
 * a subscription holds for a slow reader is bounded: beyond 32 MiB the oldest groups are dropped, and told as
 * %EC_MOQ_OBJECT_KIND_GROUP_LOST.
 *
 * Groups come in ascending order, as far as they are there, and the objects of a group in ascending order. One that is lost on
 * the way, or that the publisher gave up, ends with %EC_MOQ_OBJECT_KIND_GROUP_LOST.
 *
 * It ends when the track does, by [method@MoqSubscription.close], or with the last reference.
 */
struct _EcMoqSubscription {
  GObject parent_instance;
  EcMoqReader *reader; /* owned */
  char *space;
  char *track;
};

enum { PROP_0, PROP_NAMESPACE, PROP_TRACK, N_PROPS };

static GParamSpec *properties[N_PROPS];

G_DEFINE_ENUM_TYPE (EcMoqStart,
                    ec_moq_start,
                    G_DEFINE_ENUM_VALUE (EC_MOQ_START_CURRENT_GROUP, "current-group"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_START_NEXT_OBJECT, "next-object"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_START_NEXT_GROUP, "next-group"))

G_DEFINE_FINAL_TYPE (EcMoqSubscription, ec_moq_subscription, G_TYPE_OBJECT)

EcMoqSubscription *
ec_moq_subscription_new (EcMoqReader *reader, const char *space, const char *track)
{
  EcMoqSubscription *self = g_object_new (EC_TYPE_MOQ_SUBSCRIPTION, NULL);

  self->reader = ec_moq_reader_ref (reader);
  self->space = g_strdup (space);
  self->track = g_strdup (track);
  return self;
}

static void
ec_moq_subscription_dispose (GObject *object)
{
  EcMoqSubscription *self = EC_MOQ_SUBSCRIPTION (object);

  if (self->reader)
    ec_moq_reader_close (self->reader);
  G_OBJECT_CLASS (ec_moq_subscription_parent_class)->dispose (object);
}

static void
ec_moq_subscription_finalize (GObject *object)
{
  EcMoqSubscription *self = EC_MOQ_SUBSCRIPTION (object);

  g_clear_pointer (&self->reader, ec_moq_reader_unref);
  g_free (self->space);
  g_free (self->track);
  G_OBJECT_CLASS (ec_moq_subscription_parent_class)->finalize (object);
}

static void
ec_moq_subscription_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcMoqSubscription *self = EC_MOQ_SUBSCRIPTION (object);

  switch (id) {
  case PROP_NAMESPACE:
    g_value_set_string (value, self->space);
    break;
  case PROP_TRACK:
    g_value_set_string (value, self->track);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
ec_moq_subscription_class_init (EcMoqSubscriptionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ec_moq_subscription_dispose;
  object_class->finalize = ec_moq_subscription_finalize;
  object_class->get_property = ec_moq_subscription_get_property;
  /**
   * EcMoqSubscription:namespace:
   *
   * The track's namespace: its fields, percent-encoded, with “/” between them.
   */
  properties[PROP_NAMESPACE] = g_param_spec_string ("namespace", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSubscription:track:
   *
   * The track's name in its namespace.
   */
  properties[PROP_TRACK] = g_param_spec_string ("track", NULL, NULL, NULL, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_moq_subscription_init (EcMoqSubscription *self)
{
}

/**
 * ec_moq_subscription_get_namespace:
 * @self: a subscription
 *
 * The track's namespace.
 *
 * Returns: (transfer none): fields with “/” between them
 */
const char *
ec_moq_subscription_get_namespace (EcMoqSubscription *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), NULL);
  return self->space;
}

/**
 * ec_moq_subscription_get_track:
 * @self: a subscription
 *
 * The track's name.
 *
 * Returns: (transfer none): the name
 */
const char *
ec_moq_subscription_get_track (EcMoqSubscription *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), NULL);
  return self->track;
}

/**
 * ec_moq_subscription_get_largest:
 * @self: a subscription
 * @group: (out) (optional): the group
 * @object: (out) (optional): the object in it
 *
 * The last object that had been published when the subscription was granted.
 *
 * Returns: %FALSE if there was none, or for a fetch
 */
gboolean
ec_moq_subscription_get_largest (EcMoqSubscription *self, guint64 *group, guint64 *object)
{
  EcMoqtLocation largest = { 0 };
  gboolean has;

  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), FALSE);

  has = ec_moq_reader_get_largest (self->reader, &largest);
  if (group)
    *group = largest.group;
  if (object)
    *object = largest.object;
  return has;
}

/**
 * ec_moq_subscription_get_n_dropped:
 * @self: a subscription
 *
 * How many groups were dropped here because they were not read in time.
 *
 * Returns: a number of groups
 */
guint64
ec_moq_subscription_get_n_dropped (EcMoqSubscription *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), 0);
  return ec_moq_inbox_get_n_dropped (ec_moq_reader_get_inbox (self->reader));
}

/**
 * ec_moq_subscription_get_queued:
 * @self: a subscription
 *
 * How much has come and was not read yet.
 *
 * Returns: bytes, payloads and what they cost to hold
 */
gsize
ec_moq_subscription_get_queued (EcMoqSubscription *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), 0);
  return ec_moq_inbox_get_bytes (ec_moq_reader_get_inbox (self->reader));
}

/**
 * ec_moq_subscription_read_object:
 * @self: a subscription
 * @cancellable: (nullable): ends the wait
 * @error: return location for an error
 *
 * Waits for the next object.
 *
 * Fails with %EC_MOQ_ERROR_CLOSED if the session or the subscription was closed, %EC_MOQ_ERROR_LIMIT if a fetch was
 * read too slowly, another code of #EcMoqError as the publisher ended the track, or %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable): an object, or %NULL without an error at the track's end
 */
EcMoqObject *
ec_moq_subscription_read_object (EcMoqSubscription *self, GCancellable *cancellable, GError **error)
{
  EcMoqInboxItem *item;

  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), NULL);

  item = ec_moq_inbox_read (ec_moq_reader_get_inbox (self->reader), cancellable, error);
  return item ? ec_moq_object_new (item) : NULL;
}

/**
 * ec_moq_subscription_read_object_async:
 * @self: a subscription
 * @cancellable: (nullable): ends the wait
 * @callback: (scope async): called when there is an object, or the end
 * @user_data: for @callback
 *
 * Waits for the next object. Several calls are served in turns.
 */
void
ec_moq_subscription_read_object_async (EcMoqSubscription *self,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  GTask *task;

  g_return_if_fail (EC_IS_MOQ_SUBSCRIPTION (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_moq_subscription_read_object_async);
  ec_moq_inbox_read_async (ec_moq_reader_get_inbox (self->reader), task);
}

/**
 * ec_moq_subscription_read_object_finish:
 * @self: a subscription
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@MoqSubscription.read_object_async], and fails as [method@MoqSubscription.read_object] does.
 *
 * Returns: (transfer full) (nullable): an object, or %NULL without an error at the track's end
 */
EcMoqObject *
ec_moq_subscription_read_object_finish (EcMoqSubscription *self,
                                        GAsyncResult *result,
                                        GError **error)
{
  EcMoqInboxItem *item;

  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  item = g_task_propagate_pointer (G_TASK (result), error);
  return item ? ec_moq_object_new (item) : NULL;
}

/**
 * ec_moq_subscription_close:
 * @self: a subscription
 *
 * Tells the peer that no more is wanted. What came can still be read; then reading fails with %EC_MOQ_ERROR_CLOSED.
 */
void
ec_moq_subscription_close (EcMoqSubscription *self)
{
  g_return_if_fail (EC_IS_MOQ_SUBSCRIPTION (self));
  ec_moq_reader_close (self->reader);
}
