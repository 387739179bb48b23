/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <blake3.h>
#include <glib.h>

/*
 * EcStreamClaim: whether a publisher may use a broadcast-scoped name (ECP-0003 §4): at once where
 * nobody serves it, after a common chunk of the same hash where somebody does, never again after a
 * difference. Both sides' chunks may come in any order.
 */

/* Chunks that are remembered of each side; those that are older can no longer be compared. */
#define EC_STREAM_CLAIM_REMEMBERED 64

typedef enum {
  EC_STREAM_CLAIM_FREE,      /* nobody else serves the name */
  EC_STREAM_CLAIM_COMPARING, /* somebody does, and there was no common index yet */
  EC_STREAM_CLAIM_AGREED,    /* … and what was common was equal */
  EC_STREAM_CLAIM_CONTESTED, /* … and something differed: for the rest of the run */
} EcStreamClaimState;

typedef struct {
  gint64 index;
  guint8 hash[BLAKE3_OUT_LEN];
  gboolean unsure; /* it closed, and may still turn out to be damaged */
  gboolean gone;   /* whoever served it is, so that nobody can agree with it any more */
} EcStreamClaimChunk;

typedef struct {
  EcStreamClaimChunk chunks[EC_STREAM_CLAIM_REMEMBERED]; /* a ring */
  guint n_chunks;
  guint next;
} EcStreamClaimSide;

typedef struct {
  EcStreamClaimState state;
  EcStreamClaimSide ours, theirs;
} EcStreamClaim;

void ec_stream_claim_init (EcStreamClaim *self);
/*
 * Somebody else was found to serve the name, or the last one that did is gone. What that one served
 * is remembered: it was published first, so a difference to it counts, but agreement with it does not.
 */
void ec_stream_claim_set_served (EcStreamClaim *self, gboolean served);
/*
 * A chunk of ours that has closed, whatever becomes of it: where the other's bytes are the same, both are right; that they
 * differ means nothing before it is clean.
 */
void ec_stream_claim_take_unsure (EcStreamClaim *self, gint64 index, const guint8 *hash);
/* A clean chunk of ours, or one that somebody else serves under the name. */
void ec_stream_claim_take (EcStreamClaim *self, gboolean is_ours, gint64 index, const guint8 *hash);

/* Whether chunks may be published under the name. */
static inline gboolean
ec_stream_claim_is_granted (const EcStreamClaim *self)
{
  return self->state == EC_STREAM_CLAIM_FREE || self->state == EC_STREAM_CLAIM_AGREED;
}
