/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-origin.h"

/*
 * EcPublishBroadcast: one broadcast that we publish, its three tracks as ECP-0007 says. One thread writes; it is offered,
 * withdrawn and counted from any; counted by reference.
 */
typedef struct _EcPublishBroadcast EcPublishBroadcast;

typedef struct {
  guint n_subscribers; /* readers of `chunks` */
  guint64 bytes_out;   /* given to transports */
} EcPublishBroadcastStats;

/* `name` as ECP-0003 writes it. EC_MOQ_ERROR_BAD_URI: it is no namespace, or too long. */
EcPublishBroadcast *ec_publish_broadcast_new (const char *name,
                                              const char *node_id,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
EcPublishBroadcast *ec_publish_broadcast_ref (EcPublishBroadcast *self);
void ec_publish_broadcast_unref (EcPublishBroadcast *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcPublishBroadcast, ec_publish_broadcast_unref)

const char *ec_publish_broadcast_get_name (EcPublishBroadcast *self);
EcMoqtName *ec_publish_broadcast_get_space (EcPublishBroadcast *self);
void ec_publish_broadcast_get_stats (EcPublishBroadcast *self, EcPublishBroadcastStats *stats);

/* Its tracks can be had there from now on, and its name is announced; no more. Nothing changes if it is so already. */
void ec_publish_broadcast_offer (EcPublishBroadcast *self, EcMoqOrigin *origin);
void ec_publish_broadcast_withdraw (EcPublishBroadcast *self, EcMoqOrigin *origin);

/* -- Writing. `group` is a chunk's index. */

/* Whether it is above all that were begun. */
gboolean ec_publish_broadcast_is_above (EcPublishBroadcast *self, gint64 group);
/* A chunk opens; `catalog` goes before it (ECP-0007 §4). */
void ec_publish_broadcast_open (EcPublishBroadcast *self, gint64 group, const char *catalog);
/* The next part of the chunk that is open. FALSE: it is not, or that is too large, and was reset. */
gboolean ec_publish_broadcast_part (EcPublishBroadcast *self, gint64 group, GBytes *bytes);
/* Behind the last part: FIN, with END_OF_GROUP. FALSE: it is not open. */
gboolean ec_publish_broadcast_close (EcPublishBroadcast *self, gint64 group);
/* The chunk's stream ends otherwise. FALSE: it is not open. */
gboolean ec_publish_broadcast_reset (EcPublishBroadcast *self, gint64 group);
/* `revocation`: the second one for that chunk (ECP-0004 §3). */
void ec_publish_broadcast_manifest (EcPublishBroadcast *self,
                                    gint64 group,
                                    const char *jws,
                                    gboolean revocation);
/* Resets what is open, and tells subscribers that the tracks have ended; nothing can be written any more. */
void ec_publish_broadcast_end (EcPublishBroadcast *self);
