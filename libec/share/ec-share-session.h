/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-reader.h"
#include "share/ec-share-check.h"
#include "share/ec-share-flow.h"
#include "share/ec-share-hold.h"
#include "share/ec-share-stats.h"
#include "share/ec-share-uri.h"
#include "source/ec-source-core.h"

/*
 * EcShareData: a broadcast as a source's backend: what outlives its sessions. But for what is said to be for any thread, all belongs to the
 * source's worker.
 */
typedef struct {
  EcShareUri *uri;    /* owned */
  EcShareStats stats; /* any thread */

  GMutex mutex;
  /* under the mutex */
  gboolean verify_first;
  GQueue manifests; /* EcManifest, of chunks that were verified, to be popped */

  EcSourceCore *core; /* borrowed, during a session */
  EcShareFlow flow;
  EcShareCheck *check;
  EcShareHold *hold;   /* NULL: parts go as they come */
  gboolean lost;       /* bytes are missing before what is handed on next */
  gint64 arrived_us;   /* when the open chunk's first part did */
  guint n_empty_jumps; /* in a row: indices that skip, and a fetch found nothing there */
  gboolean ever;       /* there was a session */
  GError *error;       /* of handing on */
} EcShareData;

/* Takes `uri`. */
EcShareData *ec_share_data_new (EcShareUri *uri) G_GNUC_WARN_UNUSED_RESULT;
void ec_share_data_free (gpointer data);
/* Any thread. (transfer full), nullable */
EcManifest *ec_share_data_pop_manifest (EcShareData *self);

extern const EcSourceBackend ec_share_backend;

/* -- ec-share-release.c: what becomes of objects, wherever they came from */

/* Before anything is handed on. */
void ec_share_begin (EcShareData *self);
/* Hands an object on, which is not OLD; takes its payload. FALSE: the source is closed, or it is no transport stream; see `error`. */
gboolean ec_share_release (EcShareData *self, EcMoqInboxItem *item);
/* Nothing more comes of the group. */
void ec_share_end_group (EcShareData *self, guint64 group, gboolean whole);
/* A signed manifest that came of `node`. */
void ec_share_take_manifest (
    EcShareData *self, const char *node, guint64 group, const guint8 *data, gsize size);
/* What waits in vain goes. `over`: nothing comes any more. */
void ec_share_tick (EcShareData *self, gboolean over);

/* -- ec-share-fill.c */

/* What is missing before object `object` of `group`, or, with G_MAXUINT64, up to its end, is looked for within a bounded time, and handed on as far as it
 * was found. FALSE: as of ec_share_release(), or cancelled. */
gboolean ec_share_fill (EcShareData *self,
                        EcMoqCore *session,
                        guint64 group,
                        guint64 object,
                        GCancellable *cancellable);
