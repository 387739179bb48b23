/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-waiters.h"
#include "session/ec-moq-inbox.h"

/* What the files of an inbox share. */

typedef struct {
  guint64 group;
  GQueue items;    /* EcMoqInboxItem, by object */
  guint n_open;    /* streams */
  gint64 begun_us; /* monotonic */
  gboolean ended;  /* its last object is known to have come */
  gboolean lost;   /* something of it will not come */
} EcMoqInboxGroup;

struct _EcMoqInboxStream {
  EcMoqInbox *inbox; /* whose mutex guards it; owned while the stream is open */
  guint refs;        /* the open stream's, of each item, and of `due` and `large` */
  gpointer stream;   /* NULL once it has ended */
  gint64 kept;       /* what its credit is kept under since then; −1: it is not */
  guint n_items;     /* that wait to be read */
  gboolean fetch;
  guint64 group;
  gboolean dead;   /* dropped: nothing of it is kept */
  gboolean stop;   /* to be stopped */
  gsize due;       /* bytes of credit */
  gboolean all;    /* … and what else is kept */
  gboolean listed; /* in `due` of the inbox */
  /* the object that is coming; kept apart until it is whole */
  EcMoqInboxItem *item;
  gsize wanted, room;
};

struct _EcMoqInbox {
  gatomicrefcount refs;
  gsize max_bytes;
  gboolean may_drop;
  void (*wake) (gpointer user_data);
  gpointer user_data;

  GMutex mutex;
  GCond cond;
  /* under the mutex */
  GQueue groups; /* EcMoqInboxGroup, ascending */
  gsize bytes;
  gsize partial; /* bytes of large objects that are not whole yet */
  gsize due_bytes;
  GQueue due;        /* EcMoqInboxStream, with a reference */
  GQueue large;      /* EcMoqInboxStream where a large object is coming, with a reference */
  gint64 waits_us;   /* monotonic: since when nothing was read of what is there */
  gboolean idle;     /* nobody reads: nobody is to wait for it */
  gboolean fetching; /* nothing behind `fetched` may be read */
  gboolean any_fetched;
  EcMoqtLocation fetched; /* the last that the fetch brought */
  gboolean ended;
  GError *error;
  guint64 n_dropped;
  EcWaiters waiters;
};

extern const EcWaitersKind ec_moq_inbox_waiters;

/* Under the mutex. */
void ec_moq_inbox_changed (EcMoqInbox *self);
gboolean ec_moq_inbox_poll_locked (EcMoqInbox *self, EcMoqInboxItem **item, GError **error);
/* Under the mutex; whether `wake` is to be called without it. */
gboolean ec_moq_inbox_settle (EcMoqInbox *self, EcMoqInboxItem *item);
