/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-share-hold.h"

typedef struct {
  guint64 index;
  GPtrArray *blocks;    /* GBytes */
  gboolean lost;        /* before the first */
  gboolean lost_inside; /* … or anywhere else: then before the second, to be on the safe side */
  gint64 until_us;      /* G_MAXINT64: as long as it grows */
  gboolean known;
} Chunk;

struct _EcShareHold {
  EcShareHoldFunc let_go;
  gpointer user_data;
  GQueue chunks; /* Chunk, oldest first */
  gsize bytes;
};

EcShareHold *
ec_share_hold_new (EcShareHoldFunc let_go, gpointer user_data)
{
  EcShareHold *self = g_new0 (EcShareHold, 1);

  self->let_go = let_go;
  self->user_data = user_data;
  return self;
}

static void
chunk_free (gpointer data)
{
  Chunk *chunk = data;

  g_ptr_array_unref (chunk->blocks);
  g_free (chunk);
}

void
ec_share_hold_free (EcShareHold *self)
{
  g_queue_clear_full (&self->chunks, chunk_free);
  g_free (self);
}

static void
let_go (EcShareHold *self)
{
  Chunk *chunk = g_queue_pop_head (&self->chunks);

  for (guint i = 0; i < chunk->blocks->len; i++) {
    GBytes *bytes = chunk->blocks->pdata[i];

    self->bytes -= g_bytes_get_size (bytes);
    self->let_go (self->user_data, bytes,
                  (i == 0 && chunk->lost) || (i == 1 && chunk->lost_inside));
  }
  chunk_free (chunk);
}

static void
look (EcShareHold *self)
{
  Chunk *head;

  while ((head = g_queue_peek_head (&self->chunks)) &&
         (head->known || self->bytes > EC_SHARE_HOLD_MAX_BYTES))
    let_go (self);
}

void
ec_share_hold_push (EcShareHold *self, guint64 index, GBytes *bytes, gboolean lost)
{
  Chunk *chunk = g_queue_peek_tail (&self->chunks);

  if (!chunk || chunk->index != index) {
    /* The one before may have had no end. */
    if (chunk && chunk->until_us == G_MAXINT64)
      chunk->known = TRUE;
    chunk = g_new0 (Chunk, 1);
    chunk->index = index;
    chunk->blocks = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
    chunk->lost = lost;
    chunk->until_us = G_MAXINT64;
    g_queue_push_tail (&self->chunks, chunk);
  } else
    chunk->lost_inside = chunk->lost_inside || lost;
  self->bytes += g_bytes_get_size (bytes);
  g_ptr_array_add (chunk->blocks, bytes);
  look (self);
}

static Chunk *
find (EcShareHold *self, guint64 index)
{
  for (GList *l = self->chunks.tail; l; l = l->prev)
    if (((Chunk *) l->data)->index == index)
      return l->data;
  return NULL;
}

void
ec_share_hold_end (EcShareHold *self, guint64 index, gint64 until_us)
{
  Chunk *chunk = find (self, index);

  if (chunk)
    chunk->until_us = until_us;
}

void
ec_share_hold_release (EcShareHold *self, guint64 index)
{
  Chunk *chunk = find (self, index);

  if (chunk)
    chunk->known = TRUE;
  look (self);
}

void
ec_share_hold_tick (EcShareHold *self, gint64 now_us)
{
  for (GList *l = self->chunks.head; l; l = l->next)
    if (((Chunk *) l->data)->until_us <= now_us)
      ((Chunk *) l->data)->known = TRUE;
  look (self);
}

void
ec_share_hold_flush (EcShareHold *self)
{
  while (!g_queue_is_empty (&self->chunks))
    let_go (self);
}
