/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "transport/ec-transport.h"

/*
 * WebTransport over HTTP/3 (draft-ietf-webtrans-http3), as browsers speak it, over any EcTransport that negotiated
 * the ALPN "h3". A session is an EcTransport itself, of the kind "webtransport"; it lives on the thread of what
 * carries it. Stream ids are those of the connection below; codes of streams are 32 bits, larger ones become
 * G_MAXUINT32, and what HTTP/3 itself reset or stopped has code 0.
 */

#define EC_WT_ALPN "h3"

/* A client asks for a session; valid during the call. */
typedef struct {
  const char *authority;
  const char *path;             /* and query */
  const char *origin;           /* NULL: not a browser */
  const char *const *protocols; /* what it offers, in its order; NULL-terminated, may be empty */
  EcTransport *h3;              /* what carries it, to ask for its info */
} EcWtRequest;

typedef struct {
  guint status;         /* 200: yes; 403, 404, … */
  const char *protocol; /* one of those offered, or NULL; used before the next call */
} EcWtAnswer;

/* One accepted connection that speaks HTTP/3; it lives until `closed`. */
typedef struct _EcWtConnection EcWtServer;

typedef struct {
  /* `answer` is 404 unless it is filled in. */
  void (*request) (gpointer user_data, const EcWtRequest *request, EcWtAnswer *answer);
  /* The session that was asked for (transfer full); its events are to be set before this returns. */
  void (*session) (gpointer user_data, EcTransport *session);
  /* The connection is gone, and so is the server: after the `closed` of its sessions. */
  void (*closed) (gpointer user_data, const EcTransportClose *close);
} EcWtServerEvents;

/* Sessions of one connection at a time. */
#define EC_WT_SESSIONS_MAX 16

/*
 * Takes `h3` (transfer full), whose first event is yet to come, or which is established. Without a session for some
 * seconds it closes the connection.
 */
EcWtServer *ec_wt_server_new (EcTransport *h3, const EcWtServerEvents *events, gpointer user_data);
/* Tells the client that no more sessions are taken (GOAWAY, and DRAIN in each): it ends them when it likes. */
void ec_wt_server_drain (EcWtServer *self);
/* Closes all sessions with `code`, and the connection soon. */
void ec_wt_server_close (EcWtServer *self, guint64 code, const char *reason);

/*
 * A session over `h3` (transfer full), whose first event is yet to come, or which is established.
 * `established` comes with the server's 2xx; another answer is EC_TRANSPORT_CLOSE_REFUSED and its code
 * the HTTP status. Its end closes `h3`. `protocols` (nullable) are offered in this order, `origin` (nullable)
 * is sent as it is.
 */
EcTransport *ec_wt_client_new (EcTransport *h3,
                               const char *authority,
                               const char *path,
                               const char *const *protocols,
                               const char *origin) G_GNUC_WARN_UNUSED_RESULT;
