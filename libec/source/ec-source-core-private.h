/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-waiters.h"
#include "source/ec-source-core.h"
#include "source/ec-source-queue.h"

/* The insides of EcSourceCore, for the three files that make it up: core, worker, waiter. */
struct _EcSourceCore {
  gatomicrefcount ref_count;

  /* Fixed when made. */
  char *uri;
  GMainContext *context; /* where news is told */
  EcSourceNewsFunc func;
  GWeakRef owner;            /* only ever taken in `context` */
  GCancellable *cancellable; /* cancelled by close */

  /* Fixed before the worker starts. */
  const EcSourceBackend *backend;
  gpointer data;

  GMutex mutex;
  GCond cond; /* state, queue or `cancellable` changed */

  /* All below under `mutex`. */
  EcSourceState state;
  EcSourceExtent extent;
  gboolean live;
  gboolean was_open; /* what happens now is no failure to open */
  guint program_number;
  char *title;
  char *device_name;
  char *channel_name;
  GError *error;       /* why FAILED, STALLED or RECONNECTING */
  guint stall_timeout; /* ms */
  EcSourceQueue queue;

  GByteArray *head;     /* the first bytes, until they look like a transport stream; else NULL */
  gboolean recognised;  /* they did */
  gint64 quiet_since;   /* µs, monotonic: the last byte, or the start of waiting for the first */
  gint64 flowing_since; /* µs, monotonic: this connection's first byte, 0 before it */

  EcSourceNews news; /* not told yet */
  gboolean telling;  /* a source in `context` will tell */

  EcWaiters openers; /* who wait for the source to open … */
  EcWaiters readers; /* … to have something to read */
};

/* The one place where the state changes: checks the edge, logs it, posts the news. */
void ec_source_core_change_state (EcSourceCore *core, EcSourceState state);

/* Replaces the error (taken; may be NULL). Under the mutex. */
void ec_source_core_take_error (EcSourceCore *core, GError *error);

extern const EcWaitersKind ec_source_core_openers, ec_source_core_readers;

/* Somebody who waits ought to look again. Under the mutex. */
void ec_source_core_wake (EcSourceCore *core);

/* The end of a finite source: what was held back to look at is let go. Under the mutex. */
gboolean ec_source_core_finish_head (EcSourceCore *core, GError **error);

/* The worker's thread function; takes a reference to the core. */
gpointer ec_source_core_work (gpointer core);
