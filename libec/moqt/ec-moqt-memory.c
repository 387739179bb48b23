/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

#include <string.h>

gboolean (*ec_moqt_alloc_fails) (void);

gpointer
ec_moqt_try_alloc0 (gsize size)
{
  if (G_UNLIKELY (ec_moqt_alloc_fails && ec_moqt_alloc_fails ()))
    return NULL;
  return g_try_malloc0 (size);
}

gboolean
ec_moqt_buffer_append (EcMoqtBuffer *self, const guint8 *data, gsize size)
{
  if (size == 0)
    return TRUE;
  if (size > self->room - self->size) {
    gsize room = MAX (self->room, 64);
    guint8 *grown;

    if (size > G_MAXSSIZE / 4 || self->size > G_MAXSSIZE / 4)
      return FALSE;
    while (room < self->size + size)
      room *= 2;
    if (ec_moqt_alloc_fails && ec_moqt_alloc_fails ())
      return FALSE;
    grown = g_try_realloc (self->data, room);
    if (!grown)
      return FALSE;
    self->data = grown;
    self->room = room;
  }
  memcpy (self->data + self->size, data, size);
  self->size += size;
  return TRUE;
}

void
ec_moqt_buffer_skip (EcMoqtBuffer *self, gsize size)
{
  g_assert (size <= self->size);
  if (size == 0)
    return;
  self->size -= size;
  if (self->size > 0)
    memmove (self->data, self->data + size, self->size);
}

void
ec_moqt_buffer_clear (EcMoqtBuffer *self)
{
  g_clear_pointer (&self->data, g_free);
  self->size = 0;
  self->room = 0;
}
