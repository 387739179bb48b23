/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-reader.h"

/*
 * EcPublishCompare: what somebody else serves under a name, hashed chunk by chunk; one thread.
 */
typedef struct _EcPublishCompare EcPublishCompare;

typedef enum {
  EC_PUBLISH_COMPARE_WAIT,  /* nothing new */
  EC_PUBLISH_COMPARE_CHUNK, /* the hash of one */
  EC_PUBLISH_COMPARE_END,   /* nothing comes any more */
} EcPublishCompareStep;

/* Of all that comes of the track `chunks`, from the open group on. NULL: nobody serves it. */
EcPublishCompare *ec_publish_compare_new_live (EcMoqCore *core,
                                               EcMoqtName *space,
                                               GCancellable *cancellable) G_GNUC_WARN_UNUSED_RESULT;
/* Of one chunk, that the other side has. */
EcPublishCompare *ec_publish_compare_new_chunk (EcMoqCore *core,
                                                EcMoqtName *space,
                                                gint64 index) G_GNUC_WARN_UNUSED_RESULT;
void ec_publish_compare_free (EcPublishCompare *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcPublishCompare, ec_publish_compare_free)

/* Whether anything was ever published there, as far as is known now. */
gboolean ec_publish_compare_is_served (EcPublishCompare *self);
/* `hash`: BLAKE3_OUT_LEN bytes. */
EcPublishCompareStep ec_publish_compare_step (EcPublishCompare *self, gint64 *index, guint8 *hash);
