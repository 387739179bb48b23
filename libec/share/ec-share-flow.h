/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-hasher.h"

/*
 * EcShareFlow: where a subscriber of chunks is: which object comes next, and the hash of what came. Nothing but a place and
 * a hash; one thread.
 */
typedef struct {
  gboolean any; /* it began somewhere */
  guint64 group;
  guint64 object;  /* the next of it */
  gboolean ended;  /* nothing more comes of it */
  gboolean broken; /* something of it is missing */
  EcHasher *hasher;
  guint64 n_bytes;
} EcShareFlow;

typedef enum {
  EC_SHARE_FLOW_NEXT, /* to be taken */
  EC_SHARE_FLOW_OLD,  /* it was there, or is before the beginning */
  EC_SHARE_FLOW_JUMP, /* next, if there are no chunks of the indices between; they may skip (ECP-0002 §5) */
  EC_SHARE_FLOW_HOLE, /* something is missing before it */
} EcShareFlowStep;

void ec_share_flow_clear (EcShareFlow *self);
EcShareFlowStep ec_share_flow_look (const EcShareFlow *self, guint64 group, guint64 object);
/* It is taken, whatever is missing before it. TRUE: as the next; FALSE: something is missing, or may be. */
gboolean ec_share_flow_take (
    EcShareFlow *self, guint64 group, guint64 object, const guint8 *data, gsize size);
/* Nothing more comes of `group`; `whole`: it was all. TRUE: with its hash (BLAKE3_OUT_LEN), if it was taken from its beginning to its end. */
gboolean ec_share_flow_end (EcShareFlow *self, guint64 group, gboolean whole, guint8 *hash);
