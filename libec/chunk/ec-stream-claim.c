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
  if (!served)
    set_state (self, EC_STREAM_CLAIM_FREE);
  else if (self->state == EC_STREAM_CLAIM_FREE)
    set_state (self, EC_STREAM_CLAIM_COMPARING);
}

static const EcStreamClaimChunk *
find (const EcStreamClaimSide *side, gint64 index)
{
  for (guint i = 0; i < side->n_chunks; i++) {
    if (side->chunks[i].index == index)
      return &side->chunks[i];
  }
  return NULL;
}

static void
remember (EcStreamClaimSide *side, gint64 index, const guint8 *hash)
{
  EcStreamClaimChunk *chunk = &side->chunks[side->next];

  chunk->index = index;
  memcpy (chunk->hash, hash, sizeof chunk->hash);
  side->next = (side->next + 1) % EC_STREAM_CLAIM_REMEMBERED;
  side->n_chunks = MIN (side->n_chunks + 1, EC_STREAM_CLAIM_REMEMBERED);
}

void
ec_stream_claim_take (EcStreamClaim *self, gboolean is_ours, gint64 index, const guint8 *hash)
{
  EcStreamClaimSide *mine = is_ours ? &self->ours : &self->theirs;
  const EcStreamClaimChunk *other = find (is_ours ? &self->theirs : &self->ours, index);
  const EcStreamClaimChunk *before = find (mine, index);

  /* What was there first is what counts (R11). */
  if (!before)
    remember (mine, index, hash);
  if (!is_ours)
    ec_stream_claim_set_served (self, TRUE);
  if (!other || self->state == EC_STREAM_CLAIM_CONTESTED)
    return;
  set_state (self, memcmp (other->hash, before ? before->hash : hash, BLAKE3_OUT_LEN) == 0
                       ? EC_STREAM_CLAIM_AGREED
                       : EC_STREAM_CLAIM_CONTESTED);
}
