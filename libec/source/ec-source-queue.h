/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcSourceQueue: blocks of bytes on their way from a worker to a reader, in order, each with the
 * mark "bytes were lost before this one". Not locked: its owner's mutex guards it.
 */
typedef struct {
  GQueue blocks;    /* of Block, owned */
  gsize bytes;      /* sum of the blocks' sizes */
  gsize limit;      /* bytes; a block is taken while `bytes` is below it */
  gboolean lost;    /* the next block pushed follows a loss */
  guint64 overflow; /* bytes dropped because nobody read, in total */
} EcSourceQueue;

void ec_source_queue_init (EcSourceQueue *queue, gsize limit);
void ec_source_queue_clear (EcSourceQueue *queue);

gboolean ec_source_queue_is_full (const EcSourceQueue *queue);
gboolean ec_source_queue_is_empty (const EcSourceQueue *queue);

/* Marks that bytes were lost after what was pushed so far. */
void ec_source_queue_mark_lost (EcSourceQueue *queue);

/* Appends `bytes` (taken), whatever the limit. */
void ec_source_queue_push (EcSourceQueue *queue, GBytes *bytes);

/* Drops the oldest blocks until there is room; what then is the oldest is marked. */
void ec_source_queue_make_room (EcSourceQueue *queue);

/* The oldest block, owned by the caller; NULL when empty. */
GBytes *ec_source_queue_pop (EcSourceQueue *queue, gboolean *lost);
