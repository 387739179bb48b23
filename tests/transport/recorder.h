/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/ec-memory-transport.h"

/* Owns a transport, keeps what it is told, and asserts what the contract of EcTransport promises. */

typedef struct {
  EcStreamId id;
  GByteArray *data;
  gboolean fin, reset, stopped, sent, closed;
  guint64 reset_code, stop_code;
  guint64 fin_at_us;
  guint n_sent;
} RecordedStream;

typedef struct {
  EcTransport *transport; /* NULL after `closed` */
  GHashTable *streams;
  GPtrArray *datagrams; /* of GBytes */
  GString *log;         /* a line an event, with its time */
  gboolean consumes;    /* gives credit back at once */
  gboolean echoes; /* writes what comes on the peer's bidirectional streams back, and datagrams */
  gboolean closes; /* itself, with code 5, at the first data */
  gboolean established, closed;
  guint n_timers, n_woken, n_available[2];
  EcTransportCloseCause cause;
  guint64 code;
  char *reason;
  guint inside; /* calls of ours that are on the way */
} Recorder;

Recorder *recorder_new (EcTransport *transport); /* (transfer full) */
/* Closes what is still open; the network must run after it, before recorder_free(). */
void recorder_close (Recorder *self, guint64 code, const char *reason);
void recorder_free (Recorder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recorder, recorder_free)

/* NULL: not heard of. */
RecordedStream *recorder_stream (Recorder *self, EcStreamId id);
/* Asserts that the stream's bytes are these. */
void recorder_check (Recorder *self, EcStreamId id, const char *text, gboolean fin);
EcStreamId recorder_open (Recorder *self, gboolean uni);
void recorder_write (Recorder *self, EcStreamId id, const char *text, gboolean fin);
/* `size` bytes that depend on their place and on `id`. */
void recorder_write_pattern (Recorder *self, EcStreamId id, gsize size, gboolean fin);
gboolean recorder_has_pattern (Recorder *self, EcStreamId id, EcStreamId as, gsize size);
