/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-origin.h"

/* What the two files of an origin share: the set, and its part in one session. */

struct _EcMoqOrigin {
  gatomicrefcount refs;
  GMutex mutex;
  /* under the mutex */
  GHashTable *tracks; /* EcMoqtName -> EcMoqFeed */
  GHashTable *spaces; /* EcMoqtName -> the number of the call that added it last */
  guint n_added;      /* calls that added namespaces */
  GPtrArray *links;   /* EcMoqOriginLink; each leaves before its transport goes */
  guint64 version;    /* of both tables */
};

/* A namespace that the peer was told of. */
typedef struct {
  EcMoqtRequest *request; /* NULL: it was refused, or has ended */
  gboolean granted;
  guint serial; /* of the call that it answers, as in `spaces` */
} EcMoqAnnounced;

struct _EcMoqOriginLink {
  EcMoqOrigin *origin;    /* owned */
  EcTransport *transport; /* the link's */
  EcMoqtSession *session; /* the link's */
  const EcMoqOriginEvents *events;
  gpointer user_data;
  guint64 version;       /* of the origin, that this session knows */
  gboolean held;         /* requests wait in … */
  GPtrArray *waiting;    /* EcMoqtRequest */
  GHashTable *parts;     /* EcMoqtRequest -> what we do with it */
  GHashTable *announced; /* EcMoqtName -> EcMoqAnnounced */
};

EcMoqFeed *ec_moq_origin_find (EcMoqOrigin *self, EcMoqtName *name) G_GNUC_WARN_UNUSED_RESULT;
/* EcMoqFeed (transfer full) */
GPtrArray *ec_moq_origin_list_tracks (EcMoqOrigin *self,
                                      EcMoqtName *prefix) G_GNUC_WARN_UNUSED_RESULT;
/* EcMoqtName -> number, as in `spaces` (transfer full); `prefix` NULL: all. */
GHashTable *ec_moq_origin_list_namespaces (EcMoqOrigin *self,
                                           EcMoqtName *prefix) G_GNUC_WARN_UNUSED_RESULT;
guint64 ec_moq_origin_get_version (EcMoqOrigin *self);
void ec_moq_origin_enter (EcMoqOrigin *self, EcMoqOriginLink *link);
void ec_moq_origin_leave (EcMoqOrigin *self, EcMoqOriginLink *link);
