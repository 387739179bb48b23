/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-core.h"
#include "session/ec-moq-uri.h"

/* What the files of a core share. */

typedef struct {
  const EcMoqCoreUser *user;
  gpointer data; /* a reference */
} EcMoqCoreWatch;

struct _EcMoqCore {
  gatomicrefcount refs;
  EcMoqOrigin *origin;    /* owned */
  EcMoqUri *uri;          /* owned; of what is dialled */
  GBytes *token, *proof;  /* owned, nullable */
  GCancellable *dialling; /* cancelled by closing */

  GMutex mutex;
  /* under the mutex */
  EcMoqSessionState state;
  GError *error;
  char *strings[EC_MOQ_CORE_N_STRINGS];
  guint64 rtt_us;
  EcMoqNews *news;
  guint untold;           /* news from before there was somebody to tell */
  EcTransport *transport; /* the link's, to be woken; NULL before and after */
  GQueue commands;        /* EcMoqCoreFunc and so on, for the link's thread */
  gboolean over;          /* no link, and there will be none */
  EcMoqReply *connecting; /* nullable */
  GHashTable *announcing; /* EcMoqtName -> GPtrArray of EcMoqReply */
  GHashTable *refusals;   /* EcMoqtName -> GError: what the peer said to announcements */
  GHashTable *accepted;   /* of EcMoqtName: those that it takes */
  gboolean takes;         /* tracks that the peer publishes */
  GQueue taken;           /* EcMoqReader, which nobody was told of yet */

  /* the link's thread's */
  EcMoqLink *link;
  EcMoqOriginLink *origin_link;
  GHashTable *watches;  /* EcMoqtRequest -> EcMoqCoreWatch */
  GHashTable *streams;  /* EcMoqtStream -> EcMoqInboxStream */
  GPtrArray *listeners; /* EcMoqCoreWatch */
  GHashTable *heard;    /* EcMoqtRequest, PUBLISH_NAMESPACE of the peer's -> EcMoqtName */
  gboolean ticking;
  gboolean held;      /* until ec_moq_core_release() */
  GPtrArray *offered; /* EcMoqtRequest, PUBLISH of the peer's, until then */
  gint n_readers;     /* atomic: as of the last ec_moq_core_poll_readers() */
  void (*ready) (EcMoqCore *self, gpointer user_data);
  GDestroyNotify ready_destroy;
  gpointer ready_data;
};

/* On the transport's thread: makes the link. Takes over `transport`. */
void ec_moq_core_start (EcMoqCore *self,
                        EcTransport *transport,
                        const EcMoqtDraft *draft,
                        gboolean hold);
/* Changes the state, and tells of it; takes `error`. */
void ec_moq_core_set_state (EcMoqCore *self, EcMoqSessionState state, GError *error);
void ec_moq_core_tell (EcMoqCore *self, guint news);
void ec_moq_core_set_string (EcMoqCore *self, EcMoqCoreString which, const char *text);
/* There is no session any more; takes `error`. */
void ec_moq_core_finish (EcMoqCore *self, GError *error);
void ec_moq_core_run_commands (EcMoqCore *self, EcMoqtSession *session);
/* The peer's answer: that it takes it (`error` NULL), or not, or not any more (`lost`); takes `error`. */
void ec_moq_core_announced (EcMoqCore *self, EcMoqtName *space, gboolean lost, GError *error);
/* PUBLISH of the peer's: taken, refused, or kept until the session is released. */
void ec_moq_core_published (EcMoqCore *self, EcMoqtRequest *request);
/* TRUE: it was kept. */
gboolean ec_moq_core_published_cancelled (EcMoqCore *self, EcMoqtRequest *request);
void ec_moq_core_release_published (EcMoqCore *self);
