/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-draft.h"

/* Valid messages, names, items from a seed: the same ones at every run. */
typedef struct {
  guint64 state;
  const EcMoqtDraft *draft; /* what its numbers and messages can say */
} MoqtRandom;

void moqt_random_init (MoqtRandom *self, guint64 seed, const EcMoqtDraft *draft);
guint64 moqt_random_u64 (MoqtRandom *self);
guint64 moqt_random_below (MoqtRandom *self, guint64 n); /* 0 to n − 1 */
gboolean moqt_random_chance (MoqtRandom *self, guint in);
/* Of any size that the draft can write. */
guint64 moqt_random_number (MoqtRandom *self);

EcMoqtName *
moqt_random_name (MoqtRandom *self, guint min_fields, gboolean track) G_GNUC_WARN_UNUSED_RESULT;
EcMoqtProperties *moqt_random_properties (MoqtRandom *self) G_GNUC_WARN_UNUSED_RESULT;
/* One that the draft has, and says nothing that it cannot. */
void moqt_random_message (MoqtRandom *self, gboolean from_server, EcMoqtMessage *message);
void moqt_random_head (MoqtRandom *self, EcMoqtStreamHead *head);
/* One that may come next; the caller clears it. */
void moqt_random_item (MoqtRandom *self, const EcMoqtStreamContext *context, EcMoqtItem *item);
void moqt_random_datagram (MoqtRandom *self, EcMoqtItem *item);
