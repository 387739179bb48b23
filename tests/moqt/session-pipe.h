/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-session.h"

/*
 * Two sessions with a transport between them that lives in virtual time: streams are cut at random and overtake each other,
 * datagrams are lost, streams run out. It checks how it is used: no stream after its end, no credit that was not received.
 */

typedef struct _Pipe Pipe;

typedef struct {
  gint64 id;
  gboolean known[2]; /* by each end: not told of its end yet */
  gboolean opened;
  struct {
    GByteArray *bytes; /* written, not delivered */
    guint64 delivered;
    guint64 consumed;
    gboolean fin;
    gboolean reset; /* said by the writer */
    gboolean stop;  /* … by the reader */
    gboolean stop_told;
    gboolean done;    /* FIN or reset has arrived */
    gboolean drained; /* nothing unsent, which the writer was told */
    guint64 code;
    guint64 stop_code;
    guint32 level;
  } way[2]; /* from the end of that number */
} PipeStream;

typedef struct {
  Pipe *pipe;
  guint me; /* 0: client */
  EcMoqtSession *session;
  guint64 timer_us;
  gint64 next_stream[2];
  guint open_streams[2];
  gboolean refused[2];
  gboolean closing; /* the other end closed, or this one */
  gboolean remote;
  gboolean told;
  guint64 code;
  char *reason;
  GQueue datagrams; /* to it */
  guint64 writes;
  GByteArray *record; /* what it is told, for the fuzzer; nullable */
} PipeEnd;

struct _Pipe {
  GRand *random;
  guint64 now_us;
  PipeEnd ends[2];
  GPtrArray *streams;
  GHashTable *by_id;
  guint max_streams;  /* open at once, each kind and end */
  guint max_piece;    /* bytes */
  guint loss_percent; /* of datagrams */
  gsize window;       /* of a stream */
  gboolean holds;     /* streams stay while not all that came was consumed, as with QUIC */
  gboolean in_order;  /* the oldest stream first: nothing overtakes */
};

Pipe *pipe_new (const EcMoqtDraft *draft,
                const EcMoqtConfig *client,
                const EcMoqtConfig *server,
                const EcMoqtEvents *events,
                gpointer client_data,
                gpointer server_data,
                guint32 seed);
void pipe_free (Pipe *self);
/* One thing happens; FALSE: there is nothing but time. */
gboolean pipe_step (Pipe *self);
/* Until nothing is under way; timers do not run. */
void pipe_settle (Pipe *self);
/* Lets time pass, with what happens in it. */
void pipe_wait (Pipe *self, guint64 us);
/* To both ends: the transport is gone. */
void pipe_cut (Pipe *self);
guint pipe_count_open (Pipe *self);

/* An end alone, for tests that are its peer: what it writes is in the stream's bytes. */
PipeStream *pipe_find (Pipe *self, gint64 id);
