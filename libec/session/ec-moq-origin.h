/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-feed.h"
#include "session/ec-moq-link.h"

/*
 * EcMoqOrigin: tracks that are made here, and the namespaces that they are announced under; what a publisher offers to all of
 * its sessions. Any thread; counted by reference.
 */
typedef struct _EcMoqOrigin EcMoqOrigin;

EcMoqOrigin *ec_moq_origin_new (void) G_GNUC_WARN_UNUSED_RESULT;
EcMoqOrigin *ec_moq_origin_ref (EcMoqOrigin *self);
void ec_moq_origin_unref (EcMoqOrigin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqOrigin, ec_moq_origin_unref)

/* FALSE: there is a track of that name. */
gboolean ec_moq_origin_add_track (EcMoqOrigin *self, EcMoqFeed *feed);
/* Who reads it is told that it has ended. */
void ec_moq_origin_remove_track (EcMoqOrigin *self, EcMoqFeed *feed);
/* Announced in all sessions by PUBLISH_NAMESPACE (§6.2), and to those who ask by SUBSCRIBE_NAMESPACE. Adding again changes nothing. */
void ec_moq_origin_add_namespace (EcMoqOrigin *self, EcMoqtName *space);
void ec_moq_origin_remove_namespace (EcMoqOrigin *self, EcMoqtName *space);

/*
 * One session's part in it; on the link's thread. Who drives the link hands its events on: those that
 * return a boolean say TRUE when the request was the origin's, and then nobody else may touch it.
 */
typedef struct _EcMoqOriginLink EcMoqOriginLink;

typedef struct {
  /* The peer's answer to an announcement; `refusal` NULL: it took it. `lost`: it had, and does not want it any more. Nullable. */
  void (*announced) (gpointer user_data,
                     EcMoqtName *space,
                     const EcMoqtRefusal *refusal,
                     gboolean lost);
} EcMoqOriginEvents;

/* `hold`: requests wait for ec_moq_origin_link_release(), for somebody may still be adding tracks. `events` nullable. */
EcMoqOriginLink *ec_moq_origin_attach (EcMoqOrigin *self,
                                       EcMoqLink *link,
                                       gboolean hold,
                                       const EcMoqOriginEvents *events,
                                       gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void ec_moq_origin_link_release (EcMoqOriginLink *self);
/* Subscriptions and fetches that are being served. */
guint ec_moq_origin_link_get_n_readers (EcMoqOriginLink *self);
/* When the session has closed: its requests are gone. */
void ec_moq_origin_link_free (EcMoqOriginLink *self);

gboolean ec_moq_origin_link_requested (EcMoqOriginLink *self, EcMoqtRequest *request);
gboolean ec_moq_origin_link_update_requested (EcMoqOriginLink *self, EcMoqtRequest *request);
gboolean ec_moq_origin_link_cancelled (EcMoqOriginLink *self, EcMoqtRequest *request);
gboolean ec_moq_origin_link_granted (EcMoqOriginLink *self, EcMoqtRequest *request);
gboolean ec_moq_origin_link_refused (EcMoqOriginLink *self,
                                     EcMoqtRequest *request,
                                     const EcMoqtRefusal *refusal);
gboolean ec_moq_origin_link_finished (EcMoqOriginLink *self, EcMoqtRequest *request);
/* EcMoqLinkEvents.woken, and the streams that we send. */
void ec_moq_origin_link_woken (EcMoqOriginLink *self);
void ec_moq_origin_link_stream_sent (EcMoqOriginLink *self, EcMoqtStream *stream);
void ec_moq_origin_link_stream_stopped (EcMoqOriginLink *self, EcMoqtStream *stream);
void ec_moq_origin_link_streams_available (EcMoqOriginLink *self);
