/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-variant.h"

#include "base/ec-error.h"
#include "moqt/ec-moqt-draft.h"

/* The largest number that every draft can say: 62 bits. */
#define MAX_NUMBER ((G_GUINT64_CONSTANT (1) << 62) - 1)
#define MAX_HEAD 18 /* bytes of a type and a number, or a length */

GVariant *
ec_moq_variant_from_properties (const EcMoqtProperties *properties)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(tv)"));
  for (guint i = 0; i < ec_moqt_properties_get_n (properties); i++) {
    const EcMoqtProperty *property = ec_moqt_properties_get (properties, i);
    GVariant *value;

    if (property->type % 2 == 0)
      value = g_variant_new_uint64 (property->number);
    else
      value = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, property->data, property->size, 1);
    g_variant_builder_add (&builder, "(tv)", property->type, value);
  }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static gboolean
refuse (GError **error, guint64 type, const char *why)
{
  g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_MALFORMED_TRACK,
               "The property 0x%" G_GINT64_MODIFIER "x %s.", type, why);
  return FALSE;
}

/* The bytes stay `value`'s. */
static gboolean
read_property (EcMoqtProperty *property, guint64 type, GVariant *value, GError **error)
{
  property->type = type;
  if (type > MAX_NUMBER)
    return refuse (error, type, "has a type of more than 62 bits");
  if (type == EC_MOQT_PROPERTY_IMMUTABLE)
    return refuse (error, type, "holds others as some draft writes them, which is not for users");
  if (type % 2 == 0) {
    if (!g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
      return refuse (error, type, "is of an even type, whose value is a number (t)");
    property->number = g_variant_get_uint64 (value);
    return property->number <= MAX_NUMBER || refuse (error, type, "is a number of over 62 bits");
  }
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    return refuse (error, type, "is of an odd type, whose value is bytes (ay)");
  property->data = g_variant_get_fixed_array (value, &property->size, 1);
  return TRUE;
}

gboolean
ec_moq_variant_to_properties (GVariant *variant, EcMoqtProperties **properties, GError **error)
{
  g_autoptr (GVariant) array = variant ? g_variant_ref_sink (variant) : NULL;
  gsize n = array ? g_variant_n_children (array) : 0;
  g_autofree EcMoqtProperty *items = NULL;
  g_autoptr (GPtrArray) values = NULL;
  gsize size = 0;

  *properties = NULL;
  if (n == 0)
    return TRUE;
  if (n > EC_MOQT_MAX_OBJECT_PROPERTIES)
    n = EC_MOQT_MAX_OBJECT_PROPERTIES; /* which is too many below */
  items = g_new0 (EcMoqtProperty, n);
  values = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (gsize i = 0; i < n; i++) {
    GVariant *value;
    guint64 type;

    g_variant_get_child (array, i, "(tv)", &type, &value);
    g_ptr_array_add (values, value);
    if (!read_property (&items[i], type, value, error))
      return FALSE;
    size += MAX_HEAD + items[i].size;
  }
  if (size <= EC_MOQT_MAX_OBJECT_PROPERTIES)
    *properties = ec_moqt_properties_new (items, (guint) n);
  if (!*properties)
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_LIMIT, "Properties of more than %d bytes.",
                 EC_MOQT_MAX_OBJECT_PROPERTIES);
  return *properties != NULL;
}
