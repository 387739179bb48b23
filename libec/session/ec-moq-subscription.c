/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-object-private.h"
#include "session/ec-moq-reader.h"
#include "session/ec-moq-variant.h"

/**
 * EcMoqSubscription:
 *
 * A track of a peer that is being read: subscribed to, or fetched.
 *
 * [method@MoqSession.subscribe] and [method@MoqSession.fetch] make them. Objects are pulled, by
 * [method@MoqSubscription.read_object], in any thread; how fast, is for the peer to follow: it is given credit as objects are read, and leaves
 * out old groups of a live track if that is too slow. Who reads nothing for two seconds is not waited for any longer, for the session may carry
 * other things: then the oldest groups are dropped here, beyond 32 MiB. A fetch is waited for without end, and nothing of it is
 * dropped; several that nobody reads hold up what else the session carries.
 *
 * Groups come in ascending order, as far as they are there, and the objects of a group in ascending order, each once. A group that is
 * lost on the way, that was dropped, or that the publisher gave up, ends with %EC_MOQ_OBJECT_KIND_GROUP_LOST; one of which nothing came is not
 * told of.
 *
 * It ends when the track does, by [method@MoqSubscription.close], or with the last reference. All methods may be called from any thread;
 * notifications come from the thread that made the change.
 */
struct _EcMoqSubscription {
  GObject parent_instance;
  EcMoqReader *reader; /* owned */
  char *space;
  char *track;
  guint priority; /* these three are atomic */
  gint forward;
  guint delivery_timeout; /* ms; 0: none */
};

enum {
  PROP_0,
  PROP_NAMESPACE,
  PROP_TRACK,
  PROP_PROPERTIES,
  PROP_PRIORITY,
  PROP_FORWARD,
  PROP_DELIVERY_TIMEOUT,
  PROP_N_DROPPED,
  PROP_QUEUED,
  N_PROPS
};

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
  case PROP_PROPERTIES:
    g_value_take_variant (value, ec_moq_subscription_get_properties (self));
    break;
  case PROP_PRIORITY:
    g_value_set_uint (value, ec_moq_subscription_get_priority (self));
    break;
  case PROP_FORWARD:
    g_value_set_boolean (value, ec_moq_subscription_get_forward (self));
    break;
  case PROP_DELIVERY_TIMEOUT:
    g_value_set_uint (value, ec_moq_subscription_get_delivery_timeout (self));
    break;
  case PROP_N_DROPPED:
    g_value_set_uint64 (value, ec_moq_subscription_get_n_dropped (self));
    break;
  case PROP_QUEUED:
    g_value_set_uint64 (value, ec_moq_subscription_get_queued (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_moq_subscription_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcMoqSubscription *self = EC_MOQ_SUBSCRIPTION (object);

  switch (id) {
  case PROP_PRIORITY:
    ec_moq_subscription_set_priority (self, g_value_get_uint (value));
    break;
  case PROP_FORWARD:
    ec_moq_subscription_set_forward (self, g_value_get_boolean (value));
    break;
  case PROP_DELIVERY_TIMEOUT:
    ec_moq_subscription_set_delivery_timeout (self, g_value_get_uint (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)
#define WRITABLE (G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS)
/* What was said once cannot be taken back (§10.9), and up to draft 16 must not be 0 (draft-ietf-moq-transport-16 §9.2.2.2). */
#define NO_TIMEOUT G_MAXUINT32 /* ms */
#define DEFAULT_PRIORITY 128   /* §10.2.7 */

static void
install_properties (GObjectClass *object_class)
{
  /**
   * EcMoqSubscription:namespace: (getter get_namespace)
   *
   * The track's namespace: its fields, percent-encoded, with “/” between them.
   */
  properties[PROP_NAMESPACE] = g_param_spec_string ("namespace", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSubscription:track: (getter get_track)
   *
   * The track's name in its namespace.
   */
  properties[PROP_TRACK] = g_param_spec_string ("track", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqSubscription:properties: (getter get_properties)
   *
   * What the publisher says of the track; see [method@MoqObject.get_properties] for its shape.
   */
  properties[PROP_PROPERTIES] =
      g_param_spec_variant ("properties", NULL, NULL, G_VARIANT_TYPE ("a(tv)"), NULL, READABLE);
  /**
   * EcMoqSubscription:priority: (getter get_priority) (setter set_priority)
   *
   * The subscriber's priority, 0 to 255, the lower the sooner: among what is read in one session, it goes before the publisher's.
   */
  properties[PROP_PRIORITY] =
      g_param_spec_uint ("priority", NULL, NULL, 0, 255, DEFAULT_PRIORITY, WRITABLE);
  /**
   * EcMoqSubscription:forward: (getter get_forward) (setter set_forward)
   *
   * Whether objects are to be sent.
   */
  properties[PROP_FORWARD] = g_param_spec_boolean ("forward", NULL, NULL, TRUE, WRITABLE);
  /**
   * EcMoqSubscription:delivery-timeout: (getter get_delivery_timeout) (setter set_delivery_timeout)
   *
   * After how many milliseconds an object is no longer worth sending; 0: never.
   */
  properties[PROP_DELIVERY_TIMEOUT] =
      g_param_spec_uint ("delivery-timeout", NULL, NULL, 0, G_MAXUINT, 0, WRITABLE);
  /**
   * EcMoqSubscription:n-dropped: (getter get_n_dropped)
   *
   * How many groups were dropped here because they were not read in time. It is not notified.
   */
  properties[PROP_N_DROPPED] =
      g_param_spec_uint64 ("n-dropped", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  /**
   * EcMoqSubscription:queued: (getter get_queued)
   *
   * Bytes that have come and were not read yet. It is not notified.
   */
  properties[PROP_QUEUED] = g_param_spec_uint64 ("queued", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_moq_subscription_class_init (EcMoqSubscriptionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ec_moq_subscription_dispose;
  object_class->finalize = ec_moq_subscription_finalize;
  object_class->get_property = ec_moq_subscription_get_property;
  object_class->set_property = ec_moq_subscription_set_property;
  install_properties (object_class);
}

static void
ec_moq_subscription_init (EcMoqSubscription *self)
{
  self->priority = DEFAULT_PRIORITY;
  self->forward = TRUE;
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
 * Returns: %FALSE if there was none, or for a fetch; both are 0 then
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
 * ec_moq_subscription_get_properties:
 * @self: a subscription
 *
 * What the publisher says of the track (draft-ietf-moq-transport-18 §2.5, §12), as it told when it granted.
 *
 * Returns: (transfer full): an array of `(tv)`, as of [method@MoqObject.get_properties], which may be empty
 */
GVariant *
ec_moq_subscription_get_properties (EcMoqSubscription *self)
{
  g_autoptr (EcMoqtProperties) said = NULL;

  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), NULL);

  said = ec_moq_reader_dup_properties (self->reader);
  return ec_moq_variant_from_properties (said);
}

/* -- What can be changed: the peer is told, and its answer is not waited for */

/**
 * ec_moq_subscription_get_priority:
 * @self: a subscription
 *
 * The subscriber's priority.
 *
 * Returns: 0 to 255, the lower the sooner; 128 if it was not set
 */
guint
ec_moq_subscription_get_priority (EcMoqSubscription *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), DEFAULT_PRIORITY);
  return __atomic_load_n (&self->priority, __ATOMIC_RELAXED);
}

/**
 * ec_moq_subscription_set_priority:
 * @self: a subscription or fetch
 * @priority: 0 to 255, the lower the sooner
 *
 * Sets the subscriber's priority (draft-ietf-moq-transport-18 §7, §10.2.7): of what is read in one session, the peer sends what has the
 * lower one first.
 *
 * The peer is told, by REQUEST_UPDATE (§10.9); if it refuses, the subscription ends, and reading fails as it says.
 */
void
ec_moq_subscription_set_priority (EcMoqSubscription *self, guint priority)
{
  EcMoqtParams changed = { .has = EC_MOQT_PARAM_SUBSCRIBER_PRIORITY };

  g_return_if_fail (EC_IS_MOQ_SUBSCRIPTION (self));
  g_return_if_fail (priority <= 255);

  if (__atomic_exchange_n (&self->priority, priority, __ATOMIC_RELAXED) == priority)
    return;
  changed.subscriber_priority = (guint8) priority;
  ec_moq_reader_update (self->reader, &changed);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PRIORITY]);
}

/**
 * ec_moq_subscription_get_forward:
 * @self: a subscription
 *
 * Whether objects are to be sent.
 *
 * Returns: %FALSE if it was set so
 */
gboolean
ec_moq_subscription_get_forward (EcMoqSubscription *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), FALSE);
  return __atomic_load_n (&self->forward, __ATOMIC_RELAXED);
}

/**
 * ec_moq_subscription_set_forward:
 * @self: a subscription
 * @forward: whether objects are to be sent
 *
 * Pauses, or goes on (Forward State, draft-ietf-moq-transport-18 §5.1, §10.2.12). What came before can still be read.
 *
 * What is published in a pause is not sent later: [method@MoqSession.fetch] gets it, as long as somebody keeps it. The group that was open ends with
 * %EC_MOQ_OBJECT_KIND_GROUP_LOST, and it goes on with the next object, also in the middle of a group.
 *
 * The peer is told, by REQUEST_UPDATE (§10.9); if it refuses, the subscription ends, and reading fails as it says. Has no effect on a
 * fetch.
 */
void
ec_moq_subscription_set_forward (EcMoqSubscription *self, gboolean forward)
{
  EcMoqtParams changed = { .has = EC_MOQT_PARAM_FORWARD, .forward = !!forward };

  g_return_if_fail (EC_IS_MOQ_SUBSCRIPTION (self));

  if (__atomic_exchange_n (&self->forward, !!forward, __ATOMIC_RELAXED) == !!forward)
    return;
  ec_moq_reader_update (self->reader, &changed);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FORWARD]);
}

/**
 * ec_moq_subscription_get_delivery_timeout:
 * @self: a subscription
 *
 * How long an object is worth sending.
 *
 * Returns: milliseconds; 0: for ever
 */
guint
ec_moq_subscription_get_delivery_timeout (EcMoqSubscription *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SUBSCRIPTION (self), 0);
  return __atomic_load_n (&self->delivery_timeout, __ATOMIC_RELAXED);
}

/**
 * ec_moq_subscription_set_delivery_timeout:
 * @self: a subscription
 * @delivery_timeout: milliseconds; 0: for ever
 *
 * Sets after how long the peer no longer begins to send an object (OBJECT_DELIVERY_TIMEOUT, draft-ietf-moq-transport-18 §8,
 * §10.2.4). Its group then ends with %EC_MOQ_OBJECT_KIND_GROUP_LOST. The publisher may have said a shorter one, which holds.
 *
 * The peer is told, by REQUEST_UPDATE (§10.9); if it refuses, the subscription ends, and reading fails as it says. Has no effect on a
 * fetch.
 */
void
ec_moq_subscription_set_delivery_timeout (EcMoqSubscription *self, guint delivery_timeout)
{
  EcMoqtParams changed = { .has = EC_MOQT_PARAM_OBJECT_DELIVERY_TIMEOUT,
                           .object_delivery_timeout_ms =
                               delivery_timeout ? delivery_timeout : NO_TIMEOUT };

  g_return_if_fail (EC_IS_MOQ_SUBSCRIPTION (self));

  if (__atomic_exchange_n (&self->delivery_timeout, delivery_timeout, __ATOMIC_RELAXED) ==
      delivery_timeout)
    return;
  ec_moq_reader_update (self->reader, &changed);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DELIVERY_TIMEOUT]);
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
 * Waits for the next object, or news of a group ([property@MoqObject:kind]); blocks. Cancelling loses none.
 *
 * Fails, when all that came was read, with %EC_MOQ_ERROR_CLOSED if the session or the subscription was closed, %EC_MOQ_ERROR_TIMEOUT
 * if the peer was not heard of for too long, %EC_MOQ_ERROR_LIMIT
 * if more than 32 MiB of what was fetched waited to be read, %EC_MOQ_ERROR_TOO_FAR_BEHIND, %EC_MOQ_ERROR_MALFORMED_TRACK or another code of
 * #EcMoqError as the publisher ended the subscription (PUBLISH_DONE, draft-ietf-moq-transport-18 §10.11); or with %G_IO_ERROR_CANCELLED. It goes on
 * failing so.
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
 * Waits for the next object, as [method@MoqSubscription.read_object] does, without blocking. Several calls are served in turns.
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
  /* What was read already is not thrown away. */
  g_task_set_check_cancellable (task, FALSE);
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
