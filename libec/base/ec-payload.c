/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-payload.h"

#include <string.h>

struct _EcBudget {
  gatomicrefcount refs;
  gsize limit;
  gsize used; /* atomic */
};

struct _EcPayload {
  gatomicrefcount refs;
  EcBudget *budget; /* nullable */
  GBytes *bytes;    /* nullable: whose bytes these are, if not our own */
  const guint8 *data;
  gsize size;
  gsize filled; /* atomic: written by the writer, behind the bytes themselves */
  guint8 own[];
};

EcBudget *
ec_budget_new (gsize limit)
{
  EcBudget *self = g_new0 (EcBudget, 1);

  g_atomic_ref_count_init (&self->refs);
  self->limit = limit;
  return self;
}

EcBudget *
ec_budget_ref (EcBudget *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_budget_unref (EcBudget *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_assert (self->used == 0);
  g_free (self);
}

gsize
ec_budget_get_limit (const EcBudget *self)
{
  return self->limit;
}

gsize
ec_budget_get_used (EcBudget *self)
{
  return __atomic_load_n (&self->used, __ATOMIC_RELAXED);
}

gboolean
ec_budget_take (EcBudget *self, gsize size)
{
  gsize used = ec_budget_get_used (self);

  do {
    if (size > self->limit - MIN (used, self->limit))
      return FALSE;
  } while (!__atomic_compare_exchange_n (&self->used, &used, used + size, TRUE, __ATOMIC_RELAXED,
                                         __ATOMIC_RELAXED));
  return TRUE;
}

void
ec_budget_give_back (EcBudget *self, gsize size)
{
  gsize before = __atomic_fetch_sub (&self->used, size, __ATOMIC_RELAXED);

  g_assert (before >= size);
}

EcPayload *
ec_payload_new (gsize size, EcBudget *budget)
{
  EcPayload *self;

  if (size > G_MAXSSIZE - sizeof (EcPayload))
    return NULL;
  if (budget && !ec_budget_take (budget, size))
    return NULL;

  self = g_try_malloc (sizeof (EcPayload) + size);
  if (!self) {
    if (budget)
      ec_budget_give_back (budget, size);
    return NULL;
  }

  g_atomic_ref_count_init (&self->refs);
  self->budget = budget ? ec_budget_ref (budget) : NULL;
  self->bytes = NULL;
  self->data = self->own;
  self->size = size;
  self->filled = 0;
  return self;
}

EcPayload *
ec_payload_new_for_bytes (GBytes *bytes)
{
  EcPayload *self = g_malloc0 (sizeof (EcPayload));

  g_atomic_ref_count_init (&self->refs);
  self->bytes = g_bytes_ref (bytes);
  self->data = g_bytes_get_data (bytes, &self->size);
  self->filled = self->size;
  return self;
}

EcPayload *
ec_payload_ref (EcPayload *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_payload_unref (EcPayload *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  if (self->budget) {
    ec_budget_give_back (self->budget, self->size);
    ec_budget_unref (self->budget);
  }
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self);
}

gsize
ec_payload_get_size (const EcPayload *self)
{
  return self->size;
}

gsize
ec_payload_get_filled (const EcPayload *self)
{
  return __atomic_load_n (&self->filled, __ATOMIC_ACQUIRE);
}

const guint8 *
ec_payload_get_data (const EcPayload *self)
{
  return self->data;
}

void
ec_payload_append (EcPayload *self, const guint8 *data, gsize size)
{
  gsize filled = self->filled;

  g_assert (size <= self->size - filled);
  if (size == 0)
    return;
  memcpy (self->own + filled, data, size);
  __atomic_store_n (&self->filled, filled + size, __ATOMIC_RELEASE);
}

GBytes *
ec_payload_to_bytes (EcPayload *self)
{
  g_assert (ec_payload_get_filled (self) == self->size);
  if (self->bytes)
    return g_bytes_ref (self->bytes);
  return g_bytes_new_with_free_func (self->data, self->size, (GDestroyNotify) ec_payload_unref,
                                     ec_payload_ref (self));
}
