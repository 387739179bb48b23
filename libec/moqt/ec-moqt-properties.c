/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-properties.h"

#include <string.h>

/* One block of memory: the items, then the bytes of the odd ones. */
struct _EcMoqtProperties {
  gatomicrefcount ref_count;
  guint n;
  gsize memory;
  EcMoqtProperty *inner; /* of the Immutable Properties; their bytes are in `items` */
  guint n_inner;
  gboolean malformed;
  EcMoqtProperty items[];
};

static int
compare_types (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const EcMoqtProperty *one = a, *other = b;

  return one->type == other->type ? 0 : one->type < other->type ? -1 : 1;
}

EcMoqtProperties *
ec_moqt_properties_new (const EcMoqtProperty *properties, guint n)
{
  EcMoqtProperties *self;
  gsize memory = sizeof *self + n * sizeof *properties;
  gsize items_end = memory;
  guint8 *at;

  if (n == 0)
    return NULL;
  for (guint i = 0; i < n; i++)
    memory += properties[i].type & 1 ? properties[i].size : 0;
  self = g_try_malloc (memory);
  if (!self)
    return NULL;

  g_atomic_ref_count_init (&self->ref_count);
  self->n = n;
  self->memory = memory;
  self->inner = NULL;
  self->n_inner = 0;
  self->malformed = FALSE;
  memcpy (self->items, properties, n * sizeof *properties);
  /* GLib promises that it is stable. */
  g_qsort_with_data (self->items, (int) n, sizeof *self->items, compare_types, NULL);

  at = (guint8 *) self + items_end;
  for (guint i = 0; i < n; i++) {
    EcMoqtProperty *item = &self->items[i];

    if (item->type & 1) {
      if (item->size > 0)
        memcpy (at, item->data, item->size);
      item->data = at;
      item->number = 0;
      at += item->size;
    } else {
      item->data = NULL;
      item->size = 0;
    }
  }
  return self;
}

EcMoqtProperties *
ec_moqt_properties_ref (EcMoqtProperties *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ec_moqt_properties_unref (EcMoqtProperties *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->inner);
  g_free (self);
}

void
ec_moqt_properties_set_inner (EcMoqtProperties *self, EcMoqtProperty *inner, guint n)
{
  g_assert (!self->inner);
  self->inner = inner;
  self->n_inner = n;
  self->memory += n * sizeof *inner;
}

void
ec_moqt_properties_set_malformed (EcMoqtProperties *self)
{
  self->malformed = TRUE;
}

gboolean
ec_moqt_properties_is_malformed (const EcMoqtProperties *self)
{
  return self && self->malformed;
}

/* The `i`th of all, those in the Immutable Properties behind the others; NULL: there are no more. */
static const EcMoqtProperty *
get_any (const EcMoqtProperties *self, guint i)
{
  if (!self)
    return NULL;
  if (i < self->n)
    return &self->items[i];
  return i - self->n < self->n_inner ? &self->inner[i - self->n] : NULL;
}

guint
ec_moqt_properties_get_n (const EcMoqtProperties *self)
{
  return self ? self->n : 0;
}

const EcMoqtProperty *
ec_moqt_properties_get (const EcMoqtProperties *self, guint i)
{
  g_assert (self && i < self->n);
  return &self->items[i];
}

gboolean
ec_moqt_properties_find_number (const EcMoqtProperties *self, guint64 type, guint64 *number)
{
  const EcMoqtProperty *item;

  for (guint i = 0; (item = get_any (self, i)); i++) {
    if (item->type == type) {
      *number = item->number;
      return TRUE;
    }
  }
  return FALSE;
}

guint64
ec_moqt_properties_find_mandatory (const EcMoqtProperties *self)
{
  const EcMoqtProperty *item;

  for (guint i = 0; (item = get_any (self, i)); i++) {
    if (EC_MOQT_PROPERTY_IS_MANDATORY (item->type))
      return item->type;
  }
  return 0;
}

guint
ec_moqt_properties_count (const EcMoqtProperties *self, guint64 type)
{
  const EcMoqtProperty *item;
  guint n = 0;

  for (guint i = 0; (item = get_any (self, i)); i++)
    n += item->type == type;
  return n;
}

gboolean
ec_moqt_properties_equal (const EcMoqtProperties *a, const EcMoqtProperties *b)
{
  if (a == b)
    return TRUE;
  if (!a || !b || a->n != b->n)
    return FALSE;
  for (guint i = 0; i < a->n; i++) {
    const EcMoqtProperty *one = &a->items[i], *other = &b->items[i];

    if (one->type != other->type || one->number != other->number || one->size != other->size ||
        (one->size > 0 && memcmp (one->data, other->data, one->size) != 0))
      return FALSE;
  }
  return TRUE;
}

gsize
ec_moqt_properties_get_memory (const EcMoqtProperties *self)
{
  return self ? self->memory : 0;
}
