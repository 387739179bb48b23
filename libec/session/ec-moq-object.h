/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

/**
 * EcMoqObjectKind:
 * @EC_MOQ_OBJECT_KIND_OBJECT: an object, whole
 * @EC_MOQ_OBJECT_KIND_GROUP_ENDED: no object: the group is over, and all of it came
 * @EC_MOQ_OBJECT_KIND_GROUP_LOST: no object: something of the group did not come, and will not
 *
 * What [method@MoqSubscription.read_object] has read. The track's end is none of these, but %NULL.
 */
typedef enum {
  EC_MOQ_OBJECT_KIND_OBJECT,
  EC_MOQ_OBJECT_KIND_GROUP_ENDED,
  EC_MOQ_OBJECT_KIND_GROUP_LOST,
} EcMoqObjectKind;

#define EC_TYPE_MOQ_OBJECT_KIND (ec_moq_object_kind_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_moq_object_kind_get_type (void) G_GNUC_CONST;

#define EC_TYPE_MOQ_OBJECT (ec_moq_object_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcMoqObject, ec_moq_object, EC, MOQ_OBJECT, GObject)

EC_AVAILABLE_IN_1_0
EcMoqObjectKind ec_moq_object_get_kind (EcMoqObject *self);
EC_AVAILABLE_IN_1_0
guint64 ec_moq_object_get_group (EcMoqObject *self);
EC_AVAILABLE_IN_1_0
guint64 ec_moq_object_get_id (EcMoqObject *self);
EC_AVAILABLE_IN_1_0
guint64 ec_moq_object_get_subgroup (EcMoqObject *self);
EC_AVAILABLE_IN_1_0
guint ec_moq_object_get_priority (EcMoqObject *self);
EC_AVAILABLE_IN_1_0
gboolean ec_moq_object_get_datagram (EcMoqObject *self);
EC_AVAILABLE_IN_1_0
GBytes *ec_moq_object_get_payload (EcMoqObject *self);
EC_AVAILABLE_IN_1_0
GVariant *ec_moq_object_get_properties (EcMoqObject *self);
EC_AVAILABLE_IN_1_0
gint64 ec_moq_object_get_arrival (EcMoqObject *self);

G_END_DECLS
