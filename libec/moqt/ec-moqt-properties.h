/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcMoqtProperties: Key-Value-Pairs (§1.4.3) that go with a track or an object: “properties” since draft 17,
 * “extension headers” before. Immutable, counted by reference, any thread; in ascending order of type.
 * Independent of the draft, so that a relay can carry them from one to another.
 */
typedef struct _EcMoqtProperties EcMoqtProperties;

/* §12; the same numbers in all drafts that we speak. */
enum {
  EC_MOQT_PROPERTY_OBJECT_DELIVERY_TIMEOUT = 0x02,
  EC_MOQT_PROPERTY_MAX_CACHE_DURATION = 0x04,
  EC_MOQT_PROPERTY_SUBGROUP_DELIVERY_TIMEOUT = 0x06,
  EC_MOQT_PROPERTY_IMMUTABLE = 0x0b,
  EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_PRIORITY = 0x0e,
  EC_MOQT_PROPERTY_DEFAULT_PUBLISHER_GROUP_ORDER = 0x22,
  EC_MOQT_PROPERTY_DYNAMIC_GROUPS = 0x30,
  EC_MOQT_PROPERTY_PRIOR_GROUP_ID_GAP = 0x3c,
  EC_MOQT_PROPERTY_PRIOR_OBJECT_ID_GAP = 0x3e,
};
#define EC_MOQT_PROPERTY_IS_MANDATORY(type) ((type) >= 0x4000 && (type) <= 0x7fff) /* §2.6.1 */

typedef struct {
  guint64 type;
  guint64 number;     /* of an even type */
  const guint8 *data; /* of an odd one: up to 65,535 bytes */
  gsize size;
} EcMoqtProperty;

/* Copies; the same type more than once stays in the given order. NULL with n 0, and when there is no memory. */
EcMoqtProperties *ec_moqt_properties_new (const EcMoqtProperty *properties,
                                          guint n) G_GNUC_WARN_UNUSED_RESULT;
EcMoqtProperties *ec_moqt_properties_ref (EcMoqtProperties *self);
void ec_moqt_properties_unref (EcMoqtProperties *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqtProperties, ec_moqt_properties_unref)

/* All take NULL for none. */
guint ec_moqt_properties_get_n (const EcMoqtProperties *self);
const EcMoqtProperty *ec_moqt_properties_get (const EcMoqtProperties *self, guint i);
/* These three look into Immutable Properties too (§12.7), if who made them said what is in there. */
/* The first of `type`, which is even; FALSE if there is none. */
gboolean
ec_moqt_properties_find_number (const EcMoqtProperties *self, guint64 type, guint64 *number);
/* The first of a type that must be understood (§2.6.1), of which we understand none; 0: there is none. */
guint64 ec_moqt_properties_find_mandatory (const EcMoqtProperties *self);
/* How many of `type` there are. */
guint ec_moqt_properties_count (const EcMoqtProperties *self, guint64 type);
/* For who makes them from the wire, before anybody else has them: what the Immutable Properties hold, whose bytes are `self`'s own or
 * static, or that it cannot be made out. */
void ec_moqt_properties_set_inner (EcMoqtProperties *self,
                                   EcMoqtProperty *inner, /* taken */
                                   guint n);
void ec_moqt_properties_set_malformed (EcMoqtProperties *self);
gboolean ec_moqt_properties_is_malformed (const EcMoqtProperties *self);
gboolean ec_moqt_properties_equal (const EcMoqtProperties *a, const EcMoqtProperties *b);
gsize ec_moqt_properties_get_memory (const EcMoqtProperties *self); /* bytes */
