/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "../transport/recorder.h"
#include "webtransport/ec-wt-fields.h"
#include "webtransport/ec-wt-wire.h"
#include "webtransport/ec-wt.h"

/* A server over a pair in memory, and what is at its other end: a client, or a peer that writes bytes by hand. */
typedef struct {
  EcMemoryNetwork *network;
  EcWtServer *server;  /* NULL after `closed` */
  GPtrArray *sessions; /* of Recorder, the server's, in their order */
  gboolean echoes;     /* new sessions do */
  gboolean closes;     /* new sessions do, at the first data */
  guint status;        /* what CONNECT is answered */
  guint n_requests;
  char *authority, *path, *origin, *offered;
  EcTransportCloseCause cause; /* of the connection */
  guint64 code;
  Recorder *client; /* the session of ec_wt_client_new(), or the raw peer */
  EcWtQpack *qpack; /* the raw peer's */
} WtPair;

/* With a client that asks for /live and offers moqt-18 and moqt-16. */
void wt_pair_init (WtPair *self, guint32 seed, const EcMemoryLink *link);
/* With a raw peer. */
void wt_pair_init_raw (WtPair *self, guint32 seed, const EcMemoryLink *link);
void wt_pair_run (WtPair *self, guint64 us);
/* Until the session is established at both ends. */
void wt_pair_establish (WtPair *self);
Recorder *wt_pair_session (WtPair *self, guint i);
void wt_pair_clear (WtPair *self);

/* The raw peer: */
EcStreamId wt_pair_send (WtPair *self, gboolean uni, const GByteArray *bytes, gboolean fin);
EcStreamId wt_pair_send_hex (WtPair *self, gboolean uni, const char *hex, gboolean fin);
EcStreamId wt_pair_send_settings (WtPair *self);
GByteArray *wt_pair_headers (WtPair *self, const EcWtField *fields, guint n);
EcStreamId wt_pair_send_connect (WtPair *self);
GByteArray *wt_from_hex (const char *hex);
