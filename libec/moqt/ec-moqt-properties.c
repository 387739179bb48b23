/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-properties.h"

#include <string.h>

/* One block of memory: the items, then the bytes of the odd ones. */
struct _EcMoqtProperties {
  gatomicrefcount ref_count;
  guint n;
  gsize memory;
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
  if (g_atomic_ref_count_dec (&self->ref_count))
    g_free (self);
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
  for (guint i = 0; self && i < self->n; i++) {
    if (self->items[i].type == type) {
      *number = self->items[i].number;
      return TRUE;
    }
  }
  return FALSE;
}

guint64
ec_moqt_properties_find_mandatory (const EcMoqtProperties *self)
{
  for (guint i = 0; self && i < self->n; i++) {
    if (EC_MOQT_PROPERTY_IS_MANDATORY (self->items[i].type))
      return self->items[i].type;
  }
  return 0;
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
