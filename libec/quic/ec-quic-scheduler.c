/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-scheduler.h"

/* Bytes that a flow sends in one turn: a few packets, so that turns cost nothing and nobody waits long. */
#define TURN 8192

typedef struct _EcQuicLevel Level;

struct _EcQuicLevel {
  guint32 number;
  GQueue turns;      /* of EcQuicFlow, by their `link`; the head's turn it is */
  GHashTable *flows; /* by number */
  EcQuicFlow *spare; /* an empty one, in none of the above; nullable */
};

struct _EcQuicFlow {
  Level *level;
  guint32 number;
  gssize left;     /* of this turn */
  GList link;      /* in the level's turns */
  GPtrArray *heap; /* of EcQuicStream, from 0 */
};

static gint
compare_levels (gconstpointer a, gconstpointer b)
{
  guint32 x = GPOINTER_TO_UINT (a);
  guint32 y = GPOINTER_TO_UINT (b);

  return x < y ? -1 : x > y;
}

static void
flow_free (EcQuicFlow *flow)
{
  g_ptr_array_unref (flow->heap);
  g_free (flow);
}

static void
level_free (Level *level)
{
  g_hash_table_unref (level->flows);
  g_clear_pointer (&level->spare, flow_free);
  g_free (level);
}

static Level *
level_new (void)
{
  Level *level = g_new0 (Level, 1);

  g_queue_init (&level->turns);
  level->flows = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) flow_free);
  return level;
}

void
ec_quic_scheduler_clear (EcQuicScheduler *self)
{
  EcQuicStream *stream;

  while ((stream = ec_quic_scheduler_peek (self)))
    ec_quic_scheduler_remove (self, stream);
  g_clear_pointer (&self->levels, g_tree_unref);
  g_clear_pointer (&self->spare, level_free);
}

static gboolean
is_before (const EcQuicStream *a, const EcQuicStream *b)
{
  if (a->priority.order != b->priority.order)
    return a->priority.order < b->priority.order;
  if (a->priority.suborder != b->priority.suborder)
    return a->priority.suborder < b->priority.suborder;
  return a->age < b->age;
}

static EcQuicStream *
get (EcQuicFlow *flow, guint index)
{
  return g_ptr_array_index (flow->heap, index);
}

static void
put (EcQuicFlow *flow, guint index, EcQuicStream *stream)
{
  g_ptr_array_index (flow->heap, index) = stream;
  stream->index = index;
}

static void
settle (EcQuicFlow *flow, EcQuicStream *stream)
{
  guint index = stream->index;
  guint n = flow->heap->len;

  for (; index > 0 && is_before (stream, get (flow, (index - 1) / 2)); index = (index - 1) / 2)
    put (flow, index, get (flow, (index - 1) / 2));

  while (2 * index + 1 < n) {
    guint child = 2 * index + 1;

    if (child + 1 < n && is_before (get (flow, child + 1), get (flow, child)))
      child++;
    if (!is_before (get (flow, child), stream))
      break;
    put (flow, index, get (flow, child));
    index = child;
  }
  put (flow, index, stream);
}

static Level *
get_level (EcQuicScheduler *self, guint32 number)
{
  Level *level;

  if (self->levels == NULL)
    self->levels = g_tree_new ((GCompareFunc) compare_levels);
  level = g_tree_lookup (self->levels, GUINT_TO_POINTER (number));
  if (level == NULL) {
    level = g_steal_pointer (&self->spare);
    if (level == NULL)
      level = level_new ();
    level->number = number;
    g_tree_insert (self->levels, GUINT_TO_POINTER (number), level);
  }
  return level;
}

static EcQuicFlow *
get_flow (Level *level, guint32 number)
{
  EcQuicFlow *flow = g_hash_table_lookup (level->flows, GUINT_TO_POINTER (number));

  if (flow == NULL) {
    flow = g_steal_pointer (&level->spare);
    if (flow == NULL) {
      flow = g_new0 (EcQuicFlow, 1);
      flow->level = level;
      flow->link.data = flow;
      flow->heap = g_ptr_array_new ();
    }
    flow->number = number;
    flow->left = TURN;
    g_queue_push_tail_link (&level->turns, &flow->link);
    g_hash_table_insert (level->flows, GUINT_TO_POINTER (number), flow);
  }
  return flow;
}

void
ec_quic_scheduler_add (EcQuicScheduler *self, EcQuicStream *stream)
{
  EcQuicFlow *flow;

  if (stream->flow)
    return;
  flow = get_flow (get_level (self, stream->priority.level), stream->priority.flow);
  stream->flow = flow;
  g_ptr_array_add (flow->heap, stream);
  stream->index = flow->heap->len - 1;
  settle (flow, stream);
}

void
ec_quic_scheduler_remove (EcQuicScheduler *self, EcQuicStream *stream)
{
  EcQuicFlow *flow = stream->flow;
  Level *level;
  EcQuicStream *last;

  if (flow == NULL)
    return;
  stream->flow = NULL;
  last = get (flow, flow->heap->len - 1);
  g_ptr_array_set_size (flow->heap, (gint) flow->heap->len - 1);
  if (last != stream) {
    put (flow, stream->index, last);
    settle (flow, last);
  }
  if (flow->heap->len > 0)
    return;

  level = flow->level;
  g_queue_unlink (&level->turns, &flow->link);
  /* Most connections send one thing at a time, so that this comes with each: the last one is kept for the next. */
  g_hash_table_steal (level->flows, GUINT_TO_POINTER (flow->number));
  g_clear_pointer (&level->spare, flow_free);
  level->spare = flow;
  if (level->turns.length == 0) {
    g_tree_remove (self->levels, GUINT_TO_POINTER (level->number));
    g_clear_pointer (&self->spare, level_free);
    self->spare = level;
  }
}

EcQuicStream *
ec_quic_scheduler_peek (const EcQuicScheduler *self)
{
  GTreeNode *node = self->levels ? g_tree_node_first (self->levels) : NULL;
  Level *level;

  if (node == NULL)
    return NULL;
  level = g_tree_node_value (node);
  return get (g_queue_peek_head (&level->turns), 0);
}

void
ec_quic_scheduler_account (EcQuicScheduler *self, EcQuicStream *stream, gsize size)
{
  EcQuicFlow *flow = stream->flow;
  GQueue *turns;

  flow->left -= (gssize) size;
  if (flow->left > 0)
    return;
  flow->left = TURN;
  turns = &flow->level->turns;
  if (turns->length > 1) {
    g_queue_unlink (turns, &flow->link);
    g_queue_push_tail_link (turns, &flow->link);
  }
}
