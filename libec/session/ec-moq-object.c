/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-object-private.h"

#include "session/ec-moq-variant.h"

/**
 * EcMoqObject:
 *
 * An object of a track, as it came; or that a group is over.
 *
 * Immutable; any thread. Objects are what MOQT carries (draft-ietf-moq-transport-18 §2.1): each belongs to a group, has an id in
 * it, and a payload. What [property@MoqObject:kind] says is no object has a group and an arrival, and nothing else.
 */
struct _EcMoqObject {
  GObject parent_instance;
  EcMoqInboxItem *item; /* owned; its data is in `payload` */
  GBytes *payload;
};

enum {
  PROP_0,
  PROP_KIND,
  PROP_GROUP,
  PROP_ID,
  PROP_SUBGROUP,
  PROP_PRIORITY,
  PROP_DATAGRAM,
  PROP_PAYLOAD,
  PROP_PROPERTIES,
  PROP_ARRIVAL,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_ENUM_TYPE (EcMoqObjectKind,
                    ec_moq_object_kind,
                    G_DEFINE_ENUM_VALUE (EC_MOQ_OBJECT_KIND_OBJECT, "object"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_OBJECT_KIND_GROUP_ENDED, "group-ended"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_OBJECT_KIND_GROUP_LOST, "group-lost"))

G_DEFINE_FINAL_TYPE (EcMoqObject, ec_moq_object, G_TYPE_OBJECT)

EcMoqObject *
ec_moq_object_new (EcMoqInboxItem *item)
{
  EcMoqObject *self = g_object_new (EC_TYPE_MOQ_OBJECT, NULL);

  self->item = item;
  self->payload = g_bytes_new_take (g_steal_pointer (&item->data), item->size);
  return self;
}

static void
ec_moq_object_finalize (GObject *object)
{
  EcMoqObject *self = EC_MOQ_OBJECT (object);

  g_clear_pointer (&self->item, ec_moq_inbox_item_free);
  g_clear_pointer (&self->payload, g_bytes_unref);
  G_OBJECT_CLASS (ec_moq_object_parent_class)->finalize (object);
}

static void
ec_moq_object_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcMoqObject *self = EC_MOQ_OBJECT (object);

  switch (id) {
  case PROP_KIND:
    g_value_set_enum (value, ec_moq_object_get_kind (self));
    break;
  case PROP_GROUP:
    g_value_set_uint64 (value, ec_moq_object_get_group (self));
    break;
  case PROP_ID:
    g_value_set_uint64 (value, ec_moq_object_get_id (self));
    break;
  case PROP_SUBGROUP:
    g_value_set_uint64 (value, ec_moq_object_get_subgroup (self));
    break;
  case PROP_PRIORITY:
    g_value_set_uint (value, ec_moq_object_get_priority (self));
    break;
  case PROP_DATAGRAM:
    g_value_set_boolean (value, ec_moq_object_get_datagram (self));
    break;
  case PROP_PAYLOAD:
    g_value_set_boxed (value, ec_moq_object_get_payload (self));
    break;
  case PROP_PROPERTIES:
    g_value_take_variant (value, ec_moq_object_get_properties (self));
    break;
  case PROP_ARRIVAL:
    g_value_set_int64 (value, ec_moq_object_get_arrival (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
ec_moq_object_class_init (EcMoqObjectClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_moq_object_finalize;
  object_class->get_property = ec_moq_object_get_property;

  /**
   * EcMoqObject:kind: (getter get_kind)
   *
   * Whether it is an object, or what else happened.
   */
  properties[PROP_KIND] = g_param_spec_enum ("kind", NULL, NULL, EC_TYPE_MOQ_OBJECT_KIND,
                                             EC_MOQ_OBJECT_KIND_OBJECT, READABLE);
  /**
   * EcMoqObject:group: (getter get_group)
   *
   * The group that it belongs to (§2.3).
   */
  properties[PROP_GROUP] = g_param_spec_uint64 ("group", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  /**
   * EcMoqObject:id: (getter get_id)
   *
   * Its number in the group.
   */
  properties[PROP_ID] = g_param_spec_uint64 ("id", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  /**
   * EcMoqObject:subgroup: (getter get_subgroup)
   *
   * The subgroup that it came in (§2.2); 0 of a datagram.
   */
  properties[PROP_SUBGROUP] =
      g_param_spec_uint64 ("subgroup", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  /**
   * EcMoqObject:priority: (getter get_priority)
   *
   * The publisher's priority (§7): the lower, the sooner.
   */
  properties[PROP_PRIORITY] = g_param_spec_uint ("priority", NULL, NULL, 0, 255, 0, READABLE);
  /**
   * EcMoqObject:datagram: (getter get_datagram)
   *
   * Whether it came as a datagram, which may be lost, and not in a stream.
   */
  properties[PROP_DATAGRAM] = g_param_spec_boolean ("datagram", NULL, NULL, FALSE, READABLE);
  /**
   * EcMoqObject:payload: (getter get_payload)
   *
   * Its bytes; empty of what is no object.
   */
  properties[PROP_PAYLOAD] = g_param_spec_boxed ("payload", NULL, NULL, G_TYPE_BYTES, READABLE);
  /**
   * EcMoqObject:properties: (getter get_properties)
   *
   * What the publisher says of it; see [method@MoqObject.get_properties].
   */
  properties[PROP_PROPERTIES] =
      g_param_spec_variant ("properties", NULL, NULL, G_VARIANT_TYPE ("a(tv)"), NULL, READABLE);
  /**
   * EcMoqObject:arrival: (getter get_arrival)
   *
   * When its first byte came, in microseconds since 1970.
   */
  properties[PROP_ARRIVAL] = g_param_spec_int64 ("arrival", NULL, NULL, 0, G_MAXINT64, 0, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_moq_object_init (EcMoqObject *self)
{
}

/**
 * ec_moq_object_get_kind:
 * @self: an object
 *
 * Tells whether it is an object.
 *
 * Returns: the kind
 */
EcMoqObjectKind
ec_moq_object_get_kind (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), EC_MOQ_OBJECT_KIND_OBJECT);
  return self->item->kind;
}

/**
 * ec_moq_object_get_group:
 * @self: an object
 *
 * The group that it belongs to.
 *
 * Returns: the group's id
 */
guint64
ec_moq_object_get_group (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), 0);
  return self->item->location.group;
}

/**
 * ec_moq_object_get_id:
 * @self: an object
 *
 * Its number in the group.
 *
 * Returns: the object's id
 */
guint64
ec_moq_object_get_id (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), 0);
  return self->item->location.object;
}

/**
 * ec_moq_object_get_subgroup:
 * @self: an object
 *
 * The subgroup that it came in.
 *
 * Returns: the subgroup's id
 */
guint64
ec_moq_object_get_subgroup (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), 0);
  return self->item->subgroup;
}

/**
 * ec_moq_object_get_priority:
 * @self: an object
 *
 * The publisher's priority.
 *
 * Returns: 0 to 255, the lower the sooner
 */
guint
ec_moq_object_get_priority (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), 0);
  return self->item->priority;
}

/**
 * ec_moq_object_get_datagram:
 * @self: an object
 *
 * Whether it came as a datagram.
 *
 * Returns: %TRUE if so
 */
gboolean
ec_moq_object_get_datagram (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), FALSE);
  return self->item->datagram;
}

/**
 * ec_moq_object_get_payload:
 * @self: an object
 *
 * Its bytes.
 *
 * Returns: (transfer none): the payload, which may be empty
 */
GBytes *
ec_moq_object_get_payload (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), NULL);
  return self->payload;
}

/**
 * ec_moq_object_get_properties:
 * @self: an object
 *
 * What the publisher says of the object (draft-ietf-moq-transport-18 §2.5, §12): pairs of a type and a value, which is a number
 * (`t`) where the type is even, and bytes (`ay`) where it is odd; in ascending order of type, which may be there more than once.
 *
 * Returns: (transfer full): an array of `(tv)`, which may be empty
 */
GVariant *
ec_moq_object_get_properties (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), NULL);
  return ec_moq_variant_from_properties (self->item->properties);
}

/**
 * ec_moq_object_get_arrival:
 * @self: an object
 *
 * When its first byte came.
 *
 * Returns: microseconds since 1970
 */
gint64
ec_moq_object_get_arrival (EcMoqObject *self)
{
  g_return_val_if_fail (EC_IS_MOQ_OBJECT (self), 0);
  return self->item->arrival_us;
}
