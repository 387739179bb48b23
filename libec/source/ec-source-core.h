/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-source.h"

/*
 * EcSourceCore: what an EcSource really is, counted atomically, shared by the GObject in front of
 * it and the worker thread behind it. The worker never holds the GObject: news is posted to the
 * main context that was the thread default when the core was made, and is told there.
 *
 * The first half is for backends and is called in the worker only; the second half is for the
 * GObject and may be called from any thread.
 */
typedef struct _EcSourceCore EcSourceCore;

/*
 * One kind of source, for the worker.
 *
 * session: connects and pushes blocks until the end of a finite source (TRUE), or until the connection is lost, refused, stalls or is
 *   cancelled (FALSE and an error in EC_SOURCE_ERROR or G_IO_ERROR_CANCELLED). It is called again
 *   after a live source was lost. Everything it opened is closed when it returns.
 * free: releases `data`, in whichever thread lets the core go last
 */
typedef struct {
  gboolean (*session) (EcSourceCore *core,
                       gpointer data,
                       GCancellable *cancellable,
                       GError **error);
  void (*free) (gpointer data);
} EcSourceBackend;

const char *ec_source_core_get_uri (EcSourceCore *core);

/* What a person reads, and the two stable names; NULL leaves what was there. */
void ec_source_core_set_names (EcSourceCore *core,
                               const char *title,
                               const char *device_name,
                               const char *channel_name);
void ec_source_core_set_live (EcSourceCore *core, gboolean live);
void ec_source_core_set_extent (EcSourceCore *core, EcSourceExtent extent);
void ec_source_core_set_program_number (EcSourceCore *core, guint program_number);

/*
 * The connection stands: OPENING or RECONNECTING becomes STREAMING. The first bytes of a transport
 * stream say so as well; this is for kinds that have to wait for theirs.
 */
void ec_source_core_opened (EcSourceCore *core);

/*
 * Hands `bytes` (taken, may be empty) to the reader. A finite source waits here while the queue is
 * full, a live one drops the oldest. FALSE: cancelled, or what came is no transport stream.
 */
gboolean ec_source_core_push (EcSourceCore *core, GBytes *bytes, GError **error);

/* Bytes were lost after what was pushed so far. */
void ec_source_core_lost (EcSourceCore *core);

/* Milliseconds until ec_source_core_quiet() wants to be called if no byte comes until then; > 0. */
guint ec_source_core_quiet_left (EcSourceCore *core);

/*
 * Nothing has come for that long. After half the stall time-out the state is STALLED; after all of
 * it FALSE is returned with EC_SOURCE_ERROR_STALLED, and the session ought to end.
 */
gboolean ec_source_core_quiet (EcSourceCore *core, GError **error);

/* The clock of ec_source_core_quiet() starts anew: a connection attempt begins to wait for bytes. */
void ec_source_core_quiet_reset (EcSourceCore *core);

/* --- for the GObject --------------------------------------------------------------------- */

typedef enum {
  EC_SOURCE_NEWS_STATE = 1 << 0,
  EC_SOURCE_NEWS_EXTENT = 1 << 1,
  EC_SOURCE_NEWS_LIVE = 1 << 2,
  EC_SOURCE_NEWS_PROGRAM = 1 << 3,
  EC_SOURCE_NEWS_NAMES = 1 << 4,
  EC_SOURCE_NEWS_ERROR = 1 << 5,
} EcSourceNews;

/* Called in the core's main context with what changed. */
typedef void (*EcSourceNewsFunc) (GObject *owner, EcSourceNews news);

EcSourceCore *ec_source_core_new (GObject *owner, EcSourceNewsFunc func, const char *uri);
EcSourceCore *ec_source_core_ref (EcSourceCore *core);
void ec_source_core_unref (EcSourceCore *core);
void ec_source_core_set_backend (EcSourceCore *core, const EcSourceBackend *backend, gpointer data);

EcSourceState ec_source_core_get_state (EcSourceCore *core);
EcSourceExtent ec_source_core_get_extent (EcSourceCore *core);
gboolean ec_source_core_get_live (EcSourceCore *core);
guint ec_source_core_get_program_number (EcSourceCore *core);
char *ec_source_core_dup_title (EcSourceCore *core);
char *ec_source_core_dup_device_name (EcSourceCore *core);
char *ec_source_core_dup_channel_name (EcSourceCore *core);
GError *ec_source_core_dup_error (EcSourceCore *core);
guint ec_source_core_get_stall_timeout (EcSourceCore *core);
void ec_source_core_set_stall_timeout (EcSourceCore *core, guint milliseconds);

/* Starts the worker; FALSE when the source was opened or closed before. */
gboolean ec_source_core_start (EcSourceCore *core, GError **error);
void ec_source_core_close (EcSourceCore *core);

/*
 * Wait, in the calling thread, until the source is open, or there is a block to read (NULL without
 * an error: the end), or it failed, or the cancellable is cancelled.
 */
void ec_source_core_wait_open (EcSourceCore *core, GCancellable *cancellable, GError **error);
GBytes *ec_source_core_wait_read (EcSourceCore *core,
                                  gboolean *discontinuity,
                                  GCancellable *cancellable,
                                  GError **error);

/*
 * Completes `task` (taken) in its own main context: with TRUE once the source is open, or with an
 * EcSourceBlock when there is one to read (NULL at the end), or with an error.
 */
typedef struct {
  GBytes *bytes; /* NULL at the end */
  gboolean discontinuity;
} EcSourceBlock;

void ec_source_block_free (EcSourceBlock *block);
void ec_source_core_complete_open (EcSourceCore *core, GTask *task);
void ec_source_core_complete_read (EcSourceCore *core, GTask *task);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcSourceCore, ec_source_core_unref)
