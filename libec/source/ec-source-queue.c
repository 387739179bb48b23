/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-queue.h"

typedef struct {
  GBytes *bytes;
  gboolean lost; /* before these */
} Block;

static void
block_free (Block *block)
{
  g_bytes_unref (block->bytes);
  g_free (block);
}

void
ec_source_queue_init (EcSourceQueue *queue, gsize limit)
{
  *queue = (EcSourceQueue){ .blocks = G_QUEUE_INIT, .limit = limit };
}

void
ec_source_queue_clear (EcSourceQueue *queue)
{
  g_queue_clear_full (&queue->blocks, (GDestroyNotify) block_free);
  queue->bytes = 0;
  queue->lost = FALSE;
}

gboolean
ec_source_queue_is_full (const EcSourceQueue *queue)
{
  return queue->bytes >= queue->limit;
}

gboolean
ec_source_queue_is_empty (const EcSourceQueue *queue)
{
  return queue->blocks.length == 0;
}

void
ec_source_queue_mark_lost (EcSourceQueue *queue)
{
  queue->lost = TRUE;
}

void
ec_source_queue_push (EcSourceQueue *queue, GBytes *bytes)
{
  Block *block = g_new0 (Block, 1);

  g_assert (g_bytes_get_size (bytes) > 0);

  block->bytes = bytes;
  block->lost = queue->lost;
  queue->lost = FALSE;
  queue->bytes += g_bytes_get_size (bytes);
  g_queue_push_tail (&queue->blocks, block);
}

void
ec_source_queue_make_room (EcSourceQueue *queue)
{
  while (ec_source_queue_is_full (queue)) {
    Block *block = g_queue_pop_head (&queue->blocks);
    Block *next = g_queue_peek_head (&queue->blocks);
    gsize size = g_bytes_get_size (block->bytes);

    queue->bytes -= size;
    queue->overflow += size;
    if (next)
      next->lost = TRUE;
    else
      queue->lost = TRUE;
    block_free (block);
  }
}

GBytes *
ec_source_queue_pop (EcSourceQueue *queue, gboolean *lost)
{
  Block *block = g_queue_pop_head (&queue->blocks);
  GBytes *bytes;

  if (block == NULL)
    return NULL;

  bytes = g_steal_pointer (&block->bytes);
  queue->bytes -= g_bytes_get_size (bytes);
  *lost = block->lost;
  g_free (block);
  return bytes;
}
