/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-memory.h"

#include <malloc.h>
#include <stdlib.h>

#define STEP                                                                                       \
  ((gsize) 64 *                                                                                    \
   1024) /* taken and given back at once, so that the pool is not asked for each packet */

/* FALSE: there is no room for so much. */
static gboolean
take (EcQuicMemory *self, gsize size)
{
  gsize beyond = self->used + size;
  gsize more;

  beyond -= MIN (beyond, EC_QUIC_MEMORY_ALLOWANCE);
  if (beyond > self->drawn) {
    more = (beyond - self->drawn + STEP - 1) / STEP * STEP;
    if (__atomic_add_fetch (self->pool_used, more, __ATOMIC_RELAXED) > self->pool) {
      __atomic_fetch_sub (self->pool_used, more, __ATOMIC_RELAXED);
      return FALSE;
    }
    self->drawn += more;
  }
  self->used += size;
  return TRUE;
}

static void
give_back (EcQuicMemory *self, gsize size)
{
  gsize beyond, spare;

  self->used -= size;
  beyond = self->used - MIN (self->used, EC_QUIC_MEMORY_ALLOWANCE);
  spare = self->drawn - MIN (self->drawn, beyond);
  if (spare < 2 * STEP)
    return;
  spare = (spare - STEP) / STEP * STEP;
  __atomic_fetch_sub (self->pool_used, spare, __ATOMIC_RELAXED);
  self->drawn -= spare;
}

static void *
counted (EcQuicMemory *self, void *data)
{
  if (data == NULL || take (self, malloc_usable_size (data)))
    return data;
  free (data);
  return NULL;
}

static void *
memory_malloc (size_t size, void *user_data)
{
  return counted (user_data, malloc (size));
}

static void *
memory_calloc (size_t n, size_t size, void *user_data)
{
  return counted (user_data, calloc (n, size));
}

static void
memory_free (void *data, void *user_data)
{
  if (data == NULL)
    return;
  give_back (user_data, malloc_usable_size (data));
  free (data);
}

static void *
memory_realloc (void *data, size_t size, void *user_data)
{
  EcQuicMemory *self = user_data;
  gsize before = data ? malloc_usable_size (data) : 0;
  void *moved;

  /* Taken before, so that what cannot be had leaves the old block as it is. */
  if (!take (self, size))
    return NULL;
  moved = realloc (data, size);
  give_back (self, size);
  if (moved == NULL)
    return NULL;
  self->used += malloc_usable_size (moved);
  give_back (self, before);
  return moved;
}

void
ec_quic_memory_init (EcQuicMemory *self, guint64 pool, guint64 *pool_used)
{
  *self = (EcQuicMemory){ .pool = pool, .pool_used = pool_used };
  self->mem = (ngtcp2_mem){ self, memory_malloc, memory_free, memory_calloc, memory_realloc };
}

const ngtcp2_mem *
ec_quic_memory_get (EcQuicMemory *self)
{
  return self->pool > 0 ? &self->mem : NULL;
}

void
ec_quic_memory_clear (EcQuicMemory *self)
{
  if (self->drawn > 0)
    __atomic_fetch_sub (self->pool_used, self->drawn, __ATOMIC_RELAXED);
  self->used = self->drawn = 0;
}
