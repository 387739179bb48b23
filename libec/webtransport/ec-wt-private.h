/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "webtransport/ec-wt-fields.h"
#include "webtransport/ec-wt-wire.h"
#include "webtransport/ec-wt.h"

/* Streams that came before their session: of one connection, so many, and so many bytes. */
#define EC_WT_EARLY_STREAMS 64
#define EC_WT_EARLY_BYTES (256 * 1024)
/* Bytes behind a CONNECT that waits for the client's SETTINGS. */
#define EC_WT_HELD_MAX 16384
#define EC_WT_SETTINGS_MAX 4096
/* Requests of one connection that are not answered yet: each may hold a field section. */
#define EC_WT_REQUESTS_MAX 32
/* Without a session for this long, a server closes; before the first one, it waits for longer. */
#define EC_WT_LINGER_US (5 * G_USEC_PER_SEC)
#define EC_WT_FIRST_US (20 * G_USEC_PER_SEC)
/* A client waits this long for the answer, and for the end of a session that it closed. */
#define EC_WT_CONNECT_US (10 * G_USEC_PER_SEC)
#define EC_WT_CLOSE_US (1 * G_USEC_PER_SEC)
#define EC_WT_GONE_KEPT 64

typedef struct _EcWtConnection EcWtConnection;
typedef struct _EcWtSession EcWtSession;

typedef enum {
  EC_WT_KIND_NEW,     /* the peer's, of which we wait to hear what it is */
  EC_WT_KIND_CONTROL, /* the peer's; see EcWtConnection.control for ours */
  EC_WT_KIND_ENCODER,
  EC_WT_KIND_DECODER,
  EC_WT_KIND_REQUEST,
  EC_WT_KIND_SESSION, /* belongs to one */
  EC_WT_KIND_EARLY,   /* … that is not there yet */
  EC_WT_KIND_IGNORED,
} EcWtKind;

typedef struct {
  EcStreamId id;
  EcWtKind kind;
  gboolean fin; /* all was received */
  /* NEW */
  guint8 head[16];
  guint head_size;
  /* SESSION; REQUEST: the session that it carries, or NULL */
  EcWtSession *session;
  gboolean head_due; /* ours: nothing was written yet, and the header comes first */
  gsize unconsumed;  /* handed to the session */
  /* EARLY; REQUEST: what waits for the client's SETTINGS */
  EcStreamId session_id;
  GByteArray *held;
  gboolean was_reset, was_stopped;
  gboolean closed_below; /* EARLY: h3 knows it no more */
  guint64 reset_code, stop_code;
  /* CONTROL, REQUEST */
  EcWtTlv frames, capsules;
  GByteArray *value;   /* of the frame that is collected */
  GByteArray *capsule; /* CLOSE's */
  gboolean waiting;    /* REQUEST: for the client's SETTINGS */
  gboolean got_headers;
} EcWtStream;

struct _EcWtConnection {
  guint refs; /* its own until `closed`, and one a session */
  EcTransport *h3;
  gboolean server;
  gboolean over;   /* closing or closed: nothing is listened to any more */
  gboolean closed; /* `closed` was heard */
  EcStreamId control, peer_control, peer_encoder, peer_decoder;
  gboolean settings_received;
  EcWtSettings settings;
  guint64 goaway;      /* the least id that the peer named */
  guint64 max_push_id; /* the client's, plus one */
  gboolean draining;
  EcWtQpack *qpack;
  GHashTable *streams;
  GPtrArray *sessions; /* not owned */
  GPtrArray *
      leaving; /* references: those that their owners closed, and that were not told `closed` yet */
  guint n_early;
  gsize early_bytes;
  EcStreamId gone[EC_WT_GONE_KEPT]; /* sessions that were */
  guint n_gone;
  guint64 deadline_us;            /* of what is waited for; G_MAXUINT64: nothing */
  const EcWtServerEvents *events; /* server */
  gpointer user_data;
  EcWtSession *client; /* whose CONNECT is still to be sent */
};

typedef enum {
  EC_WT_SESSION_CONNECTING, /* client: no answer yet */
  EC_WT_SESSION_OPEN,
  EC_WT_SESSION_CLOSED,
} EcWtSessionState;

struct _EcWtSession {
  EcTransport transport;
  EcWtConnection *connection; /* a reference */
  EcTransport *h3;            /* a reference, for wake */
  EcWtSessionState state;
  guint64 close_code; /* while it leaves */
  char *close_reason;
  EcStreamId id; /* of the CONNECT stream */
  gboolean open_refused[2];
  guint64 timer_us;
  int woken; /* atomic */
  char *protocol, *path, *authority, *origin;
  char **offered; /* client */
};

/* -- ec-wt-connection.c */

EcWtConnection *ec_wt_connection_new (EcTransport *h3, gboolean server);
EcWtConnection *ec_wt_connection_ref (EcWtConnection *self);
void ec_wt_connection_unref (EcWtConnection *self);
/* Listens to h3. */
void ec_wt_connection_start (EcWtConnection *self);
/* An error of the connection (RFC 9114 §8): closes it. */
void ec_wt_connection_fail (EcWtConnection *self, guint64 code, const char *reason);
void ec_wt_connection_close (EcWtConnection *self, guint64 code, const char *reason);
void ec_wt_connection_set_deadline (EcWtConnection *self, guint64 at_us);
void ec_wt_connection_update_timer (EcWtConnection *self);
EcWtSession *ec_wt_connection_find_session (EcWtConnection *self, EcStreamId id);
/* The session or request of that id is done with. */
void ec_wt_connection_set_gone (EcWtConnection *self, EcStreamId id);
EcWtStream *ec_wt_connection_find (EcWtConnection *self, EcStreamId id);
EcWtStream *ec_wt_connection_add (EcWtConnection *self, EcStreamId id, EcWtKind kind);

/* -- ec-wt-stream.c: of the peer's streams, which is what */

void ec_wt_stream_free (gpointer data);
void ec_wt_stream_data (
    EcWtConnection *self, EcWtStream *stream, const guint8 *data, gsize size, gboolean fin);
void ec_wt_stream_reset (EcWtConnection *self, EcWtStream *stream, guint64 code);
void ec_wt_stream_stopped (EcWtConnection *self, EcWtStream *stream, guint64 code);
/* Stops and resets it, and forgets what it held. */
void ec_wt_stream_reject (EcWtConnection *self, EcWtStream *stream, guint64 code);
/* Hands out what came before the session was there. */
void ec_wt_stream_adopt_early (EcWtConnection *self, EcWtSession *session);

/* -- ec-wt-control.c */

void ec_wt_control_data (EcWtConnection *self, EcWtStream *stream, EcReader *input);

/* -- ec-wt-request.c: frames of request streams, capsules */

void ec_wt_request_data (
    EcWtConnection *self, EcWtStream *stream, const guint8 *data, gsize size, gboolean fin);
/* The client's SETTINGS are here. */
void ec_wt_request_resume_all (EcWtConnection *self);
void ec_wt_request_write_headers (EcWtConnection *self,
                                  EcStreamId id,
                                  const EcWtField *fields,
                                  guint n,
                                  const char *body,
                                  gboolean fin);
void ec_wt_request_write_capsule (EcWtConnection *self,
                                  EcStreamId id,
                                  guint64 type,
                                  const guint8 *data,
                                  gsize size,
                                  gboolean fin);

/* -- ec-wt-server.c, ec-wt-client.c: whole field sections; FALSE: the stream was rejected, or more */

void ec_wt_server_handle (EcWtConnection *self, EcWtStream *stream, GArray *fields);
void ec_wt_client_handle (EcWtConnection *self, EcWtStream *stream, GArray *fields);
/* The client's next step, if it can be taken. */
void ec_wt_client_proceed (EcWtConnection *self);

/* -- ec-wt-session.c */

EcWtSession *ec_wt_session_new (EcWtConnection *connection, EcWtSessionState state);
/* `established`, and what waited for it. */
void ec_wt_session_open (EcWtSession *self);
/* The end; the last event. The peer is told by who calls. */
void ec_wt_session_end (EcWtSession *self,
                        EcTransportCloseCause cause,
                        guint64 code,
                        const char *reason);
/* `closed`, to one that left by ec_transport_close(). */
void ec_wt_session_tell_closed (EcWtSession *self);
