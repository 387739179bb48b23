/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-track-private.h"

#include "base/ec-error.h"
#include "session/ec-moq-variant.h"

#define MAX_ID ((G_GUINT64_CONSTANT (1) << 62) - 1) /* that every draft can say */
#define MAX_OBJECT_SIZE (16 * 1024 * 1024)          /* what peers take */

/**
 * EcMoqTrack:
 *
 * A track that is made here.
 *
 * It is offered to a peer by [method@MoqSession.add_track], and to as many as one likes; objects are written once for all of
 * them. The newest groups are kept, so that who comes late begins with the group that is open, and others can be fetched: 32 of them, for 60
 * seconds, up to 64 MiB, but always the newest two.
 *
 * Objects are written in order: a group's ascending from 0, which is where readers begin, and groups ascending; either may leave ids
 * out. Each group is one subgroup (draft-ietf-moq-transport-18 §2.2) on a stream of its own. All methods may be called from any thread.
 *
 * It ends by [method@MoqTrack.end], or with its last reference.
 */
struct _EcMoqTrack {
  GObject parent_instance;
  EcMoqFeed *feed;         /* owned */
  EcMoqFeedWriter *writer; /* owned; NULL once it has ended */
  EcMoqtProperties *said;  /* owned, nullable */
  char *space;
  char *name;
  GMutex mutex;
  /* under the mutex */
  gboolean any;
  gboolean open; /* a group is */
  guint64 group; /* the newest */
  guint64 next;  /* object of it */
  guint priority;
};

enum { PROP_0, PROP_NAMESPACE, PROP_NAME, PROP_PROPERTIES, PROP_N_SUBSCRIBERS, N_PROPS };

static GParamSpec *pspecs[N_PROPS];

G_DEFINE_FINAL_TYPE (EcMoqTrack, ec_moq_track, G_TYPE_OBJECT)

EcMoqFeed *
ec_moq_track_get_feed (EcMoqTrack *self)
{
  return self->feed;
}

static void
end (EcMoqTrack *self)
{
  guint64 now_us = (guint64) g_get_monotonic_time ();

  g_mutex_lock (&self->mutex);
  if (self->writer) {
    if (self->open)
      ec_moq_feed_writer_finish (self->writer, now_us, self->group, 0);
    ec_moq_feed_writer_remove (g_steal_pointer (&self->writer), now_us);
    ec_moq_feed_end (self->feed, EC_MOQT_DONE_TRACK_ENDED, "");
    ec_moq_feed_flush (self->feed);
  }
  self->open = FALSE;
  g_mutex_unlock (&self->mutex);
}

static void
ec_moq_track_finalize (GObject *object)
{
  EcMoqTrack *self = EC_MOQ_TRACK (object);

  if (self->feed)
    end (self);
  g_clear_pointer (&self->feed, ec_moq_feed_unref);
  g_clear_pointer (&self->said, ec_moqt_properties_unref);
  g_free (self->space);
  g_free (self->name);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (ec_moq_track_parent_class)->finalize (object);
}

static void
ec_moq_track_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcMoqTrack *self = EC_MOQ_TRACK (object);

  switch (id) {
  case PROP_NAMESPACE:
    g_value_set_string (value, self->space);
    break;
  case PROP_NAME:
    g_value_set_string (value, self->name);
    break;
  case PROP_PROPERTIES:
    g_value_take_variant (value, ec_moq_track_get_properties (self));
    break;
  case PROP_N_SUBSCRIBERS:
    g_value_set_uint (value, ec_moq_track_get_n_subscribers (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
ec_moq_track_class_init (EcMoqTrackClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_moq_track_finalize;
  object_class->get_property = ec_moq_track_get_property;
  /**
   * EcMoqTrack:namespace: (getter get_namespace)
   *
   * The track's namespace: its fields, percent-encoded, with “/” between them.
   */
  pspecs[PROP_NAMESPACE] = g_param_spec_string ("namespace", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqTrack:name: (getter get_name)
   *
   * The track's name in its namespace.
   */
  pspecs[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, READABLE);
  /**
   * EcMoqTrack:properties: (getter get_properties)
   *
   * What is said of the track; see [method@MoqObject.get_properties] for its shape.
   */
  pspecs[PROP_PROPERTIES] =
      g_param_spec_variant ("properties", NULL, NULL, G_VARIANT_TYPE ("a(tv)"), NULL, READABLE);
  /**
   * EcMoqTrack:n-subscribers: (getter get_n_subscribers)
   *
   * How many read the track now. It is not notified.
   */
  pspecs[PROP_N_SUBSCRIBERS] =
      g_param_spec_uint ("n-subscribers", NULL, NULL, 0, G_MAXUINT, 0, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, pspecs);
}

static void
ec_moq_track_init (EcMoqTrack *self)
{
  g_mutex_init (&self->mutex);
}

/* Values for which a peer has to close the whole session (§12; a timeout of 0 up to draft 16). */
static gboolean
check_track_properties (const EcMoqtProperties *said, GError **error)
{
  for (guint i = 0; i < ec_moqt_properties_get_n (said); i++) {
    const EcMoqtProperty *item = ec_moqt_properties_get (said, i);
    gboolean good = TRUE;

    if (item->type == EC_MOQT_PROPERTY_OBJECT_DELIVERY_TIMEOUT ||
        item->type == EC_MOQT_PROPERTY_SUBGROUP_DELIVERY_TIMEOUT)
      good = item->number > 0;
    else if (item->type == EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_PRIORITY)
      good = item->number <= 255;
    else if (item->type == EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_GROUP_ORDER)
      good = item->number == EC_MOQT_GROUP_ORDER_ASCENDING ||
             item->number == EC_MOQT_GROUP_ORDER_DESCENDING;
    else if (item->type == EC_MOQT_PROPERTY_DYNAMIC_GROUPS)
      good = item->number <= 1;
    if (good)
      continue;
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_MALFORMED_TRACK,
                 "The property 0x%" G_GINT64_MODIFIER "x of a track cannot be %" G_GUINT64_FORMAT
                 ".",
                 item->type, item->number);
    return FALSE;
  }
  return TRUE;
}

/**
 * ec_moq_track_new:
 * @space: the namespace: its fields, percent-encoded, with “/” between them
 * @name: the track's name
 * @properties: (nullable): what is said of the track, an array of `(tv)`, as of [method@MoqObject.get_properties]; such as 0x22, its group order
 *   (draft-ietf-moq-transport-18 §12). A floating reference is taken. %NULL: nothing
 * @error: return location for an error
 *
 * Makes a track, in which nothing is published yet.
 *
 * Fails with %EC_MOQ_ERROR_BAD_URI if @space or @name cannot be one, %EC_MOQ_ERROR_MALFORMED_TRACK if a property has a value that its type
 * does not have, or %EC_MOQ_ERROR_LIMIT if they are more than 16 KiB.
 *
 * Returns: (transfer full): a new track
 */
EcMoqTrack *
ec_moq_track_new (const char *space, const char *name, GVariant *properties, GError **error)
{
  g_autoptr (EcMoqtProperties) said = NULL;
  g_autoptr (EcMoqtName) full = NULL;
  EcMoqTrack *self;

  g_return_val_if_fail (space != NULL && name != NULL, NULL);
  g_return_val_if_fail (
      properties == NULL || g_variant_is_of_type (properties, G_VARIANT_TYPE ("a(tv)")), NULL);

  if (!ec_moq_variant_to_properties (properties, &said, error) ||
      !check_track_properties (said, error))
    return NULL;
  full = ec_moqt_name_new_from_path (space, name, error);
  if (!full)
    return NULL;
  self = g_object_new (EC_TYPE_MOQ_TRACK, NULL);
  self->space = g_strdup (space);
  self->name = g_strdup (name);
  self->feed = ec_moq_feed_new (full, said, NULL);
  self->said = g_steal_pointer (&said);
  self->writer = ec_moq_feed_add_writer (self->feed);
  return self;
}

/**
 * ec_moq_track_get_namespace:
 * @self: a track
 *
 * The track's namespace.
 *
 * Returns: (transfer none): fields with “/” between them
 */
const char *
ec_moq_track_get_namespace (EcMoqTrack *self)
{
  g_return_val_if_fail (EC_IS_MOQ_TRACK (self), NULL);
  return self->space;
}

/**
 * ec_moq_track_get_name:
 * @self: a track
 *
 * The track's name.
 *
 * Returns: (transfer none): the name
 */
const char *
ec_moq_track_get_name (EcMoqTrack *self)
{
  g_return_val_if_fail (EC_IS_MOQ_TRACK (self), NULL);
  return self->name;
}

/**
 * ec_moq_track_get_properties:
 * @self: a track
 *
 * What is said of the track (draft-ietf-moq-transport-18 §2.5, §12).
 *
 * Returns: (transfer full): an array of `(tv)`, as of [method@MoqObject.get_properties], which may be empty
 */
GVariant *
ec_moq_track_get_properties (EcMoqTrack *self)
{
  g_return_val_if_fail (EC_IS_MOQ_TRACK (self), NULL);
  return ec_moq_variant_from_properties (self->said);
}

/**
 * ec_moq_track_get_n_subscribers:
 * @self: a track
 *
 * How many read the track now, by subscription or fetch, in all sessions.
 *
 * Returns: a number
 */
guint
ec_moq_track_get_n_subscribers (EcMoqTrack *self)
{
  EcMoqFeedStats stats = { 0 };

  g_return_val_if_fail (EC_IS_MOQ_TRACK (self), 0);

  ec_moq_feed_get_stats (self->feed, &stats);
  return stats.n_readers;
}

/* Under the mutex. */
static gboolean
check_order (EcMoqTrack *self, guint64 group, guint64 object, GError **error)
{
  if (!self->writer) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_CLOSED, "The track %s has ended.", self->name);
    return FALSE;
  }
  if (group > MAX_ID || object > MAX_ID) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_INVALID_RANGE,
                 "Groups and objects of the track %s have ids of 62 bits.", self->name);
    return FALSE;
  }
  if (self->any &&
      (group < self->group || (group == self->group && (!self->open || object < self->next)))) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_INVALID_RANGE,
                 "Object %" G_GUINT64_FORMAT " of group %" G_GUINT64_FORMAT
                 " of the track %s comes "
                 "too late: objects are written in order.",
                 object, group, self->name);
    return FALSE;
  }
  return TRUE;
}

static gboolean
check_put (EcMoqTrack *self, EcMoqFeedPut put, GError **error)
{
  switch (put) {
  case EC_MOQ_FEED_PUT_OK:
    return TRUE;
  case EC_MOQ_FEED_PUT_CONFLICT:
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_DUPLICATE,
                 "The track %s has another object there.", self->name);
    return FALSE;
  case EC_MOQ_FEED_PUT_TOO_LARGE:
  case EC_MOQ_FEED_PUT_FULL:
  case EC_MOQ_FEED_PUT_AHEAD:
    break;
  }
  g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT,
               "The object is too large for the track %s, or its group has too many.", self->name);
  return FALSE;
}

static gboolean
check_size (EcMoqTrack *self, gsize size, GError **error)
{
  if (size <= MAX_OBJECT_SIZE)
    return TRUE;
  g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT,
               "An object of %" G_GSIZE_FORMAT
               " bytes is too large for the track %s: 16 MiB is the most.",
               size, self->name);
  return FALSE;
}

/* What a receiver has to take for a malformed track (§2.4.2, §2.6.1, §12.8, §12.9). */
static gboolean
check_properties (const EcMoqtObject *head, GError **error)
{
  guint64 group_gap = 0, object_gap = 0;
  const EcMoqtProperties *said = head->properties;

  ec_moqt_properties_find_number (said, EC_MOQT_PROPERTY_PRIOR_GROUP_ID_GAP, &group_gap);
  ec_moqt_properties_find_number (said, EC_MOQT_PROPERTY_PRIOR_OBJECT_ID_GAP, &object_gap);
  if (group_gap <= head->location.group && object_gap <= head->location.object &&
      ec_moqt_properties_count (said, EC_MOQT_PROPERTY_PRIOR_GROUP_ID_GAP) <= 1 &&
      ec_moqt_properties_count (said, EC_MOQT_PROPERTY_PRIOR_OBJECT_ID_GAP) <= 1 &&
      ec_moqt_properties_find_mandatory (said) == 0)
    return TRUE;
  g_set_error_literal (error, EC_MOQ_ERROR, EC_MOQ_ERROR_MALFORMED_TRACK,
                       "A gap before the object is told twice, or larger than its id; or a "
                       "property is one of tracks alone.");
  return FALSE;
}

/* Under the mutex: the group is begun, if it is not open. */
static gboolean
begin_group (EcMoqTrack *self, guint64 now_us, guint64 group, guint priority, GError **error)
{
  EcMoqFeedPut put;

  if (self->open && group == self->group)
    return TRUE;
  if (self->open)
    ec_moq_feed_writer_finish (self->writer, now_us, self->group, 0);
  self->any = self->open = TRUE;
  self->group = group;
  self->priority = priority;
  /* Any of its objects may have properties, and the head is sent before they are there. */
  put = ec_moq_feed_writer_begin (self->writer, now_us, group, 0, (guint8) priority, TRUE, TRUE,
                                  TRUE);
  return check_put (self, put, error);
}

/**
 * ec_moq_track_write_object:
 * @self: a track
 * @group: the group, up to 2⁶² − 1; beginning one ends those before it
 * @object: the object's id in it, up to 2⁶² − 1
 * @priority: the publisher's, 0 to 255, the lower the sooner; a group has that of its first object
 *   (draft-ietf-moq-transport-18 §7)
 * @payload: its bytes, up to 16 MiB, which are not copied; it may be empty
 * @end_of_group: whether it is the group's last
 * @properties: (nullable): what is said of the object, an array of `(tv)`, as of [method@MoqObject.get_properties]. A floating
 *   reference is taken. %NULL: nothing
 * @error: return location for an error
 *
 * Publishes an object.
 *
 * It does not wait for those who read, however slow: they lose old groups.
 *
 * Fails with %EC_MOQ_ERROR_INVALID_RANGE if it is not behind all that was written before, %EC_MOQ_ERROR_LIMIT if it is larger than
 * 16 MiB, its properties are more than 16 KiB or the group has more than 16,384, %EC_MOQ_ERROR_MALFORMED_TRACK if a property has a value that its
 * type does not have, or %EC_MOQ_ERROR_CLOSED if the track has ended. Then nothing was published.
 *
 * Returns: whether it was taken
 */
gboolean
ec_moq_track_write_object (EcMoqTrack *self,
                           guint64 group,
                           guint64 object,
                           guint priority,
                           GBytes *payload,
                           gboolean end_of_group,
                           GVariant *properties,
                           GError **error)
{
  guint64 now_us = (guint64) g_get_monotonic_time ();
  g_autoptr (EcMoqtProperties) said = NULL;
  g_autoptr (EcPayload) bytes = NULL;
  EcMoqtObject head = { .location = { group, object } };
  gboolean ok;

  g_return_val_if_fail (EC_IS_MOQ_TRACK (self), FALSE);
  g_return_val_if_fail (priority <= 255 && payload != NULL, FALSE);
  g_return_val_if_fail (
      properties == NULL || g_variant_is_of_type (properties, G_VARIANT_TYPE ("a(tv)")), FALSE);

  if (!ec_moq_variant_to_properties (properties, &said, error))
    return FALSE;
  head.properties = said;
  head.size = g_bytes_get_size (payload);
  if (!check_size (self, head.size, error) || !check_properties (&head, error))
    return FALSE;
  bytes = ec_payload_new_for_bytes (payload);
  g_mutex_lock (&self->mutex);
  ok = check_order (self, group, object, error) &&
       begin_group (self, now_us, group, priority, error);
  if (ok) {
    head.priority = (guint8) self->priority;
    ok =
        check_put (self, ec_moq_feed_writer_put_object (self->writer, now_us, &head, bytes), error);
  }
  if (ok)
    self->next = object + 1;
  if (ok && end_of_group) {
    ec_moq_feed_writer_finish (self->writer, now_us, group, 0);
    self->open = FALSE;
  }
  ec_moq_feed_flush (self->feed);
  g_mutex_unlock (&self->mutex);
  return ok;
}

/**
 * ec_moq_track_abandon_group:
 * @self: a track
 *
 * Gives up the group that is open: its streams are reset (draft-ietf-moq-transport-18 §11.4.3), and who reads it is told that the rest will not
 * come. Nothing more can be written to it. Without an open group it does nothing.
 */
void
ec_moq_track_abandon_group (EcMoqTrack *self)
{
  g_return_if_fail (EC_IS_MOQ_TRACK (self));

  g_mutex_lock (&self->mutex);
  if (self->writer && self->open) {
    ec_moq_feed_writer_abandon (self->writer, (guint64) g_get_monotonic_time (), self->group, 0,
                                EC_MOQT_RESET_INTERNAL_ERROR);
    ec_moq_feed_flush (self->feed);
  }
  self->open = FALSE;
  g_mutex_unlock (&self->mutex);
}

/**
 * ec_moq_track_end:
 * @self: a track
 *
 * Ends the track (TRACK_ENDED, draft-ietf-moq-transport-18 §10.11): the open group has ended, and who reads is told when all that was written has
 * been sent. Does not wait for that. Nothing can be written any more. Only the first call counts.
 */
void
ec_moq_track_end (EcMoqTrack *self)
{
  g_return_if_fail (EC_IS_MOQ_TRACK (self));
  end (self);
}
