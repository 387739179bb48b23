/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-stream-claim.h"

#include <string.h>

static const char *const state_names[] = { "free", "comparing", "agreed", "contested" };

/* The one place where the state changes. */
static void
set_state (EcStreamClaim *self, EcStreamClaimState state)
{
  if (self->state == state)
    return;
  /* A difference is never forgotten. */
  g_assert (self->state != EC_STREAM_CLAIM_CONTESTED);
  g_debug ("claim: %s → %s", state_names[self->state], state_names[state]);
  self->state = state;
}

void
ec_stream_claim_init (EcStreamClaim *self)
{
  *self = (EcStreamClaim){ .state = EC_STREAM_CLAIM_FREE };
}

void
ec_stream_claim_set_served (EcStreamClaim *self, gboolean served)
{
  if (self->state == EC_STREAM_CLAIM_CONTESTED)
    return;
  for (guint i = 0; !served && i < self->theirs.n_chunks; i++)
    self->theirs.chunks[i].gone = TRUE;
  if (!served)
    set_state (self, EC_STREAM_CLAIM_FREE);
  else if (self->state == EC_STREAM_CLAIM_FREE)
    set_state (self, EC_STREAM_CLAIM_COMPARING);
}

/* The one that is not gone, else one of the same hash. */
static EcStreamClaimChunk *
find (EcStreamClaimSide *side, gint64 index, const guint8 *hash)
{
  EcStreamClaimChunk *same = NULL;

  for (guint i = 0; i < side->n_chunks; i++) {
    EcStreamClaimChunk *chunk = &side->chunks[i];

    if (chunk->index == index && !chunk->gone)
      return chunk;
    if (chunk->index == index && memcmp (chunk->hash, hash, sizeof chunk->hash) == 0)
      same = chunk;
  }
  return same;
}

static EcStreamClaimChunk *
remember (EcStreamClaimSide *side, gint64 index, const guint8 *hash)
{
  EcStreamClaimChunk *chunk = &side->chunks[side->next];

  chunk->index = index;
  chunk->gone = FALSE;
  chunk->unsure = FALSE;
  memcpy (chunk->hash, hash, sizeof chunk->hash);
  side->next = (side->next + 1) % EC_STREAM_CLAIM_REMEMBERED;
  side->n_chunks = MIN (side->n_chunks + 1, EC_STREAM_CLAIM_REMEMBERED);
  return chunk;
}

/* With all that the other side said of this index. */
static void
compare (EcStreamClaim *self, const EcStreamClaimSide *other, const EcStreamClaimChunk *chunk)
{
  for (guint i = 0; i < other->n_chunks && self->state != EC_STREAM_CLAIM_CONTESTED; i++) {
    const EcStreamClaimChunk *theirs = &other->chunks[i];

    if (theirs->index != chunk->index)
      continue;
    if (memcmp (theirs->hash, chunk->hash, sizeof chunk->hash) != 0) {
      if (!theirs->unsure && !chunk->unsure)
        set_state (self, EC_STREAM_CLAIM_CONTESTED);
    } else if (!theirs->gone)
      set_state (self, EC_STREAM_CLAIM_AGREED);
  }
}

void
ec_stream_claim_take (EcStreamClaim *self, gboolean is_ours, gint64 index, const guint8 *hash)
{
  EcStreamClaimSide *mine = is_ours ? &self->ours : &self->theirs;
  EcStreamClaimChunk *chunk = find (mine, index, hash);

  /* What was there first is what counts (R11). */
  if (!chunk)
    chunk = remember (mine, index, hash);
  chunk->gone = FALSE;
  chunk->unsure = FALSE;
  if (!is_ours)
    ec_stream_claim_set_served (self, TRUE);
  compare (self, is_ours ? &self->theirs : &self->ours, chunk);
}

void
ec_stream_claim_take_unsure (EcStreamClaim *self, gint64 index, const guint8 *hash)
{
  EcStreamClaimChunk *chunk;

  if (find (&self->ours, index, hash))
    return;
  chunk = remember (&self->ours, index, hash);
  chunk->unsure = TRUE;
  compare (self, &self->theirs, chunk);
}
