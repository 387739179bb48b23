/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-payload.h"
#include "moqt/ec-moqt-draft.h"

/*
 * EcMoqtSession: one end of a MOQT session, of any draft, as a state machine: bytes and time in; bytes, by EcMoqtIo, and
 * events out. Sans-I/O: it reads no clock and owns no socket. One thread.
 *
 * What either side asks is an EcMoqtRequest, which lives until an event says that it has ended: SUBSCRIBE, PUBLISH, FETCH,
 * TRACK_STATUS, PUBLISH_NAMESPACE, SUBSCRIBE_NAMESPACE, SUBSCRIBE_TRACKS. A subscription is the same thing whoever began it: one side is
 * its publisher, the other its subscriber (ec_moqt_request_is_publisher()).
 * What carries objects is an EcMoqtStream: a subgroup of a subscription, or the one of a fetch.
 *
 * No event comes from inside a function that is called, except `closed` from ec_moqt_session_close(); every function may
 * be called from every event. An event that says that something has ended is the last that names it; its memory is gone
 * when the event returns.
 */

typedef struct _EcMoqtSession EcMoqtSession;
typedef struct _EcMoqtRequest EcMoqtRequest;
typedef struct _EcMoqtStream EcMoqtStream;

/* What the session does to its transport; the same as EcTransport's, which a driver maps to these one to one. */
typedef struct {
  gint64 (*open_stream) (gpointer user_data, gboolean uni); /* -1: not now */
  void (*set_priority) (
      gpointer user_data, gint64 id, guint32 level, guint32 flow, guint64 order, guint64 suborder);
  void (*write) (gpointer user_data,
                 gint64 id,
                 const guint8 *head,
                 gsize head_size,
                 EcPayload *payload,
                 gsize offset,
                 gsize size,
                 gboolean fin);
  void (*reset) (gpointer user_data, gint64 id, guint64 code);
  void (*stop) (gpointer user_data, gint64 id, guint64 code);
  void (*consume) (gpointer user_data, gint64 id, gsize size);
  gsize (*get_unsent) (gpointer user_data, gint64 id);
  gsize (*get_max_datagram) (gpointer user_data);
  void (*send_datagram) (
      gpointer user_data, guint32 level, const guint8 *head, gsize head_size, EcPayload *payload);
  void (*set_timer) (gpointer user_data, guint64 at_us); /* G_MAXUINT64: none */
  void (*close) (gpointer user_data, guint64 code, const char *reason);
  /* The time when it is called from outside of an event: timers begin then, however long nothing came. Nullable: that of the last event. */
  guint64 (*now) (gpointer user_data);
} EcMoqtIo;

/* Levels of set_priority(): §7.2 “control, request streams, objects”, then padding. */
#define EC_MOQT_LEVEL_CONTROL 0
#define EC_MOQT_LEVEL_REQUEST 1
/* Objects: this + subscriber priority << 8 + publisher priority. */
#define EC_MOQT_LEVEL_OBJECTS 0x10000

typedef enum {
  EC_MOQT_REQUEST_SUBSCRIBE,
  EC_MOQT_REQUEST_PUBLISH,
  EC_MOQT_REQUEST_FETCH,
  EC_MOQT_REQUEST_TRACK_STATUS,
  EC_MOQT_REQUEST_PUBLISH_NAMESPACE,
  EC_MOQT_REQUEST_SUBSCRIBE_NAMESPACE,
  EC_MOQT_REQUEST_SUBSCRIBE_TRACKS,
} EcMoqtRequestKind;

/* Why something was refused or ended; strings are valid during the event or call. */
typedef struct {
  EcMoqtErrorCode code;
  const char *reason;        /* never NULL */
  gboolean retry;            /* it may be asked again … */
  guint64 retry_interval_ms; /* … after so long */
  const char *redirect_uri;  /* REDIRECT; nullable */
  const EcMoqtName *redirect_name;
} EcMoqtRefusal;

/* What a request is answered with, if it is granted; what a kind has not is left out. */
typedef struct {
  EcMoqtParams params; /* largest, expires; of PUBLISH_OK also priority, order, filter, forward */
  EcMoqtProperties *properties; /* the track's; borrowed, nullable */
  EcMoqtLocation end;           /* fetch: exclusive as on the wire */
  gboolean end_of_track;        /* fetch */
} EcMoqtGrant;

/* An object's head, and what says where it belongs. `properties` is borrowed. */
typedef struct {
  EcMoqtLocation location;
  guint64 subgroup;
  gboolean datagram;
  guint8 priority; /* resolved: own, or the track's default */
  EcMoqtObjectStatus status;
  gboolean end_of_group; /* datagrams only */
  EcMoqtProperties *properties;
  guint64 size;
} EcMoqtObject;

typedef struct {
  /* Both sides' SETUP went through: requests are possible (they may be made before, and wait). */
  void (*ready) (gpointer user_data);

  /* The peer asks. To be answered, now or later, by ec_moqt_request_grant() or _refuse(). */
  void (*requested) (gpointer user_data, EcMoqtRequest *request);
  /* The peer asks for a change: `changed` is what it said, the request's own params are changed already. Answer by
   * ec_moqt_request_grant_update() or _refuse_update(). */
  void (*update_requested) (gpointer user_data,
                            EcMoqtRequest *request,
                            const EcMoqtParams *changed);
  /* The peer has no interest any more (UNSUBSCRIBE, FETCH_CANCEL, STOP_SENDING, PUBLISH_NAMESPACE_DONE, …). Ends the request; its streams
   * were reset. Of a PUBLISH of the peer's, `finished` comes in place of it. */
  void (*cancelled) (gpointer user_data, EcMoqtRequest *request);

  /* The peer's answers to ours. */
  void (*granted) (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant);
  void (*refused) (gpointer user_data,
                   EcMoqtRequest *request,
                   const EcMoqtRefusal *refusal); /* ends it */
  void (*updated) (gpointer user_data, EcMoqtRequest *request, const EcMoqtGrant *grant);
  void (*update_refused) (gpointer user_data, EcMoqtRequest *request, const EcMoqtRefusal *refusal);
  /* Ends a request that was granted: a subscription's PUBLISH_DONE, when all its streams that can still come have come (by the
   * stream count, or after a while); a fetch's last byte or reset (of the peer's fetches too, once granted and its stream ended); a
   * TRACK_STATUS's answer; the peer withdraws its grant of a namespace. */
  void (*finished) (gpointer user_data,
                    EcMoqtRequest *request,
                    EcMoqtDoneCode code,
                    const char *reason);

  /* Of our SUBSCRIBE_NAMESPACE: `name` is whole, not the suffix. All are gone when the request ends. */
  void (*namespace_found) (gpointer user_data, EcMoqtRequest *request, EcMoqtName *name);
  void (*namespace_lost) (gpointer user_data, EcMoqtRequest *request, EcMoqtName *name);
  /* Of our SUBSCRIBE_TRACKS: the peer has it, but cannot PUBLISH it; it can be subscribed to. */
  void (*publish_blocked) (gpointer user_data, EcMoqtRequest *request, EcMoqtName *name);

  /* Objects of subscriptions and fetches where we are the subscriber. Per stream: opened, then for each object `object`, its payload
   * in pieces (none of an empty one), `object_ended`; at last `stream_ended`. An object may be cut off: then `stream_ended` comes without
   * `object_ended`. Payload is credited to the peer by ec_moqt_stream_consume(), heads by the session itself. */
  void (*stream_opened) (gpointer user_data, EcMoqtStream *stream);
  void (*object) (gpointer user_data, EcMoqtStream *stream, const EcMoqtObject *object);
  void (*payload) (gpointer user_data, EcMoqtStream *stream, const guint8 *data, gsize size);
  void (*object_ended) (gpointer user_data, EcMoqtStream *stream);
  /* Fetch: no object from behind the last item up to `to`, included, exists (or, `unknown`, is known of). */
  void (*range) (gpointer user_data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown);
  /* `reset` FALSE: by FIN, all of it came; with end_of_group the last object was the group's last. */
  void (*stream_ended) (gpointer user_data,
                        EcMoqtStream *stream,
                        gboolean reset,
                        EcMoqtResetCode code);
  void (*datagram) (gpointer user_data,
                    EcMoqtRequest *request,
                    const EcMoqtObject *object,
                    const guint8 *payload,
                    gsize size);

  /* Objects that we send. */
  /* The peer wants no more of this stream (STOP_SENDING): it was reset, it is gone; do not open another for the subgroup (§10.3.3). */
  void (*stream_stopped) (gpointer user_data, EcMoqtStream *stream, EcMoqtResetCode code);
  /* All that was written to it has left; to see who is slow. */
  void (*stream_sent) (gpointer user_data, EcMoqtStream *stream);
  /* After ec_moqt_request_open_subgroup() or _open_fetch() had to refuse for lack of streams. */
  void (*streams_available) (gpointer user_data);

  /* `uri` nullable: the same place. `request` nullable: the whole session. */
  void (*goaway) (gpointer user_data, const char *uri, guint64 timeout_ms, EcMoqtRequest *request);
  /* The last event. All requests and streams are gone with it, without further events. `remote`: the peer closed. */
  void (*closed) (gpointer user_data, gboolean remote, guint64 code, const char *reason);
} EcMoqtEvents;

/* Limits, all against a hostile peer; 0 is the default that is named. */
typedef struct {
  guint
      max_requests; /* of the peer's, open at once; 1,024. More are refused: EXCESSIVE_LOAD, or by MAX_REQUEST_ID */
  guint
      max_streams; /* incoming data streams that wait for their track's alias; 64, each up to what came in one piece */
  guint64 max_object_size; /* 16 MiB; a larger one closes the session, as an error of the peer's */
  guint64 max_auth_token_cache; /* bytes; 16,384 */
  guint max_control_buffer;     /* bytes of unfinished control messages in all; 256 KiB */
  guint setup_timeout_ms;       /* 10,000: then CONTROL_MESSAGE_TIMEOUT */
  guint answer_timeout_ms; /* 10,000: our request is refused with TIMEOUT, locally, and cancelled */
  guint goaway_timeout_ms; /* 10,000: after our GOAWAY, GOAWAY_TIMEOUT */
  guint head_timeout_ms;   /* 10,000: for a stream's head to arrive whole; then it is stopped */
} EcMoqtLimits;

typedef struct {
  gboolean server;
  gboolean
      webtransport; /* then PATH and AUTHORITY are not sent, and an error if received (§9.3.1) */
  const char *path; /* client, QUIC: of the URI, with its query; nullable */
  const char *authority;      /* client, QUIC; nullable */
  const char *implementation; /* "libec/0.1.0"; nullable: not told */
  GBytes *token;              /* of USE_VALUE, type 0, in SETUP; nullable */
  GBytes *proof;              /* another one; nullable */
  EcMoqtLimits limits;
} EcMoqtConfig;

EcMoqtSession *ec_moqt_session_new (const EcMoqtDraft *draft,
                                    const EcMoqtConfig *config,
                                    const EcMoqtIo *io,
                                    gpointer io_data,
                                    const EcMoqtEvents *events,
                                    gpointer user_data,
                                    guint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
/* Silently, without an event; the transport must be closed, or forget this io. Not from inside an event. */
void ec_moqt_session_free (EcMoqtSession *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqtSession, ec_moqt_session_free)

/* -- What the transport says. Times are monotonic, in microseconds, and never go back. */
/* The transport is established: SETUP goes out. */
void ec_moqt_session_start (EcMoqtSession *self, guint64 now_us);
void ec_moqt_session_stream_data (
    EcMoqtSession *self, guint64 now_us, gint64 id, const guint8 *data, gsize size, gboolean fin);
void ec_moqt_session_stream_reset (EcMoqtSession *self, guint64 now_us, gint64 id, guint64 code);
void ec_moqt_session_stream_stopped (EcMoqtSession *self, guint64 now_us, gint64 id, guint64 code);
void ec_moqt_session_stream_sent (EcMoqtSession *self, guint64 now_us, gint64 id);
void ec_moqt_session_stream_closed (EcMoqtSession *self, guint64 now_us, gint64 id);
void ec_moqt_session_streams_available (EcMoqtSession *self, guint64 now_us, gboolean uni);
void ec_moqt_session_datagram (EcMoqtSession *self, guint64 now_us, const guint8 *data, gsize size);
void ec_moqt_session_timer (EcMoqtSession *self, guint64 now_us);
/* The transport has closed: `closed` follows from inside. */
void ec_moqt_session_transport_closed (
    EcMoqtSession *self, guint64 now_us, gboolean remote, guint64 code, const char *reason);

/* -- The session */
const EcMoqtDraft *ec_moqt_session_get_draft (EcMoqtSession *self);
gboolean ec_moqt_session_is_ready (EcMoqtSession *self);
gboolean ec_moqt_session_is_closed (EcMoqtSession *self);
/* From the peer's SETUP; NULL: not told. */
const char *ec_moqt_session_get_peer_implementation (EcMoqtSession *self);
const char *ec_moqt_session_get_peer_path (EcMoqtSession *self);
const char *ec_moqt_session_get_peer_authority (EcMoqtSession *self);
/* The tokens of the peer's SETUP, resolved; (element-type EcMoqtToken), borrowed. */
const EcMoqtToken *ec_moqt_session_get_peer_tokens (EcMoqtSession *self, guint *n);
void ec_moqt_session_goaway (EcMoqtSession *self, const char *uri, guint64 timeout_ms);
void ec_moqt_session_close (EcMoqtSession *self, EcMoqtCloseCode code, const char *reason);

/* -- Asking. `params` are copied, nullable; NULL comes back once the session is closed, or went away (§3.6), and
 * for a name that the draft has not: a reserved one (§3.2.1), or up to 16 one without a namespace.
 * A request waits unsent while the peer gives no credit or stream for it. */
EcMoqtRequest *
ec_moqt_session_subscribe (EcMoqtSession *self, EcMoqtName *track, const EcMoqtParams *params);
/* `properties` nullable. Objects may be sent at once (§5.1), unless params say forward 0. */
EcMoqtRequest *ec_moqt_session_publish (EcMoqtSession *self,
                                        EcMoqtName *track,
                                        const EcMoqtParams *params,
                                        EcMoqtProperties *properties);
EcMoqtRequest *ec_moqt_session_fetch (EcMoqtSession *self,
                                      EcMoqtName *track,
                                      EcMoqtLocation start,
                                      EcMoqtLocation end,
                                      const EcMoqtParams *params);
/* Joins `subscription`, of which we are the subscriber: `relative`: so many groups before its largest; else from that group on.
 * In draft 16 only one with the Largest Object filter can be joined; of others the same is fetched if the largest is known, else
 * NULL comes back. */
EcMoqtRequest *ec_moqt_session_joining_fetch (EcMoqtSession *self,
                                              EcMoqtRequest *subscription,
                                              gboolean relative,
                                              guint64 start,
                                              const EcMoqtParams *params);
EcMoqtRequest *
ec_moqt_session_track_status (EcMoqtSession *self, EcMoqtName *track, const EcMoqtParams *params);
EcMoqtRequest *ec_moqt_session_publish_namespace (EcMoqtSession *self,
                                                  EcMoqtName *name,
                                                  const EcMoqtParams *params);
EcMoqtRequest *ec_moqt_session_subscribe_namespace (EcMoqtSession *self,
                                                    EcMoqtName *prefix,
                                                    const EcMoqtParams *params);
/* To be sent PUBLISH for all tracks under the prefix. In draft 16 a SUBSCRIBE_NAMESPACE that wants tracks. */
EcMoqtRequest *ec_moqt_session_subscribe_tracks (EcMoqtSession *self,
                                                 EcMoqtName *prefix,
                                                 const EcMoqtParams *params);

/* -- Requests, ours and the peer's */
EcMoqtSession *ec_moqt_request_get_session (EcMoqtRequest *self);
EcMoqtRequestKind ec_moqt_request_get_kind (EcMoqtRequest *self);
guint64 ec_moqt_request_get_id (EcMoqtRequest *self); /* G_MAXUINT64 while unsent */
gboolean ec_moqt_request_is_ours (EcMoqtRequest *self);
/* Whether we send its objects. */
gboolean ec_moqt_request_is_publisher (EcMoqtRequest *self);
gboolean ec_moqt_request_is_granted (EcMoqtRequest *self);
EcMoqtName *ec_moqt_request_get_name (
    EcMoqtRequest *self); /* borrowed; of a joining fetch, its subscription's */
/* What a namespace or tracks subscription asks for; up to draft 16 one may ask for both, and is then a SUBSCRIBE_NAMESPACE. */
guint ec_moqt_request_get_interest (EcMoqtRequest *self); /* EcMoqtInterest */
/* What holds now, updates included; tokens resolved. */
const EcMoqtParams *ec_moqt_request_get_params (EcMoqtRequest *self);
EcMoqtProperties *
ec_moqt_request_get_properties (EcMoqtRequest *self); /* the track's; borrowed, nullable */
/* Of a PUBLISH, and of a granted subscription: what the publisher told; FALSE: nothing published yet. */
gboolean ec_moqt_request_get_largest (EcMoqtRequest *self, EcMoqtLocation *largest);
/* Of a fetch of the peer's: what it comes to, joining ones resolved by the subscription's joining location (§9.14.2.1). FALSE: a
 * joining one whose subscription is not granted yet, or had no object; it is answered by the session itself then. */
gboolean
ec_moqt_request_get_range (EcMoqtRequest *self, EcMoqtLocation *start, EcMoqtLocation *end);
gboolean ec_moqt_request_is_descending (EcMoqtRequest *self);
/* §8: what objects, or what `subgroup`s that are whole, have to be delivered in, in microseconds; 0: any time. Up to draft 16 there is the
 * former alone. */
guint64 ec_moqt_request_get_delivery_timeout (EcMoqtRequest *self, gboolean subgroup);
gpointer ec_moqt_request_get_data (EcMoqtRequest *self);
void ec_moqt_request_set_data (EcMoqtRequest *self, gpointer data);

/* The peer's. NULL grants without anything to say. Ends a TRACK_STATUS, which asks for no more. */
void ec_moqt_request_grant (EcMoqtRequest *self, const EcMoqtGrant *grant);
void ec_moqt_request_refuse (EcMoqtRequest *self,
                             EcMoqtErrorCode code,
                             const char *reason); /* ends it */
void ec_moqt_request_refuse_full (EcMoqtRequest *self, const EcMoqtRefusal *refusal);
void ec_moqt_request_grant_update (EcMoqtRequest *self, const EcMoqtGrant *grant);
/* Ends the request, too (§10.9.1), without an event. */
void ec_moqt_request_refuse_update (EcMoqtRequest *self, EcMoqtErrorCode code, const char *reason);
/* Of SUBSCRIBE_NAMESPACE: `name` begins with the prefix. */
void ec_moqt_request_send_namespace (EcMoqtRequest *self, EcMoqtName *name);
void ec_moqt_request_send_namespace_done (EcMoqtRequest *self, EcMoqtName *name);

/* Ours: asks for a change of what `changed` says (REQUEST_UPDATE). */
void ec_moqt_request_update (EcMoqtRequest *self, const EcMoqtParams *changed);
/* Ends it without an event, as suits its kind and side: UNSUBSCRIBE, FETCH_CANCEL, PUBLISH_NAMESPACE_DONE or _CANCEL, STOP_SENDING and reset.
 * A subscription that we publish ends by ec_moqt_request_finish(). */
void ec_moqt_request_cancel (EcMoqtRequest *self);
/* A subscription that we publish: PUBLISH_DONE, behind all its streams: those still open are reset. Ends it, without an event. */
void ec_moqt_request_finish (EcMoqtRequest *self, EcMoqtDoneCode code, const char *reason);

/* -- Objects that we send, on a subscription that we publish. NULL: no stream for now, see `streams_available`.
 * `first`: it begins with the subgroup's first object (§10.3.2 FIRST_OBJECT). `priority` is the publisher's. */
EcMoqtStream *ec_moqt_request_open_subgroup (EcMoqtRequest *self,
                                             guint64 group,
                                             guint64 subgroup,
                                             guint8 priority,
                                             gboolean has_properties,
                                             gboolean end_of_group,
                                             gboolean first);
/* The one stream of a fetch of the peer's that was, or will be, granted. */
EcMoqtStream *ec_moqt_request_open_fetch (EcMoqtRequest *self);
/* The next object's head; `size` bytes of payload must follow by ec_moqt_stream_write() before the next. */
void ec_moqt_stream_begin_object (EcMoqtStream *self, const EcMoqtObject *object);
void ec_moqt_stream_write (EcMoqtStream *self, EcPayload *payload, gsize offset, gsize size);
/* Both at once, for an object that is there whole: one write to the transport. */
void
ec_moqt_stream_write_object (EcMoqtStream *self, const EcMoqtObject *object, EcPayload *payload);
void ec_moqt_stream_write_range (EcMoqtStream *self, EcMoqtLocation to, gboolean unknown);
/* Both end it: FIN, all of the subgroup was written; or not. It is gone when they return. */
void ec_moqt_stream_finish (EcMoqtStream *self);
void ec_moqt_stream_reset (EcMoqtStream *self, EcMoqtResetCode code);
gsize ec_moqt_stream_get_unsent (EcMoqtStream *self); /* bytes */
/* FALSE: larger than the peer takes, or with an id that the draft has no number for; dropped. */
gboolean
ec_moqt_request_send_datagram (EcMoqtRequest *self, const EcMoqtObject *object, EcPayload *payload);

/* -- Streams, of either direction */
EcMoqtRequest *ec_moqt_stream_get_request (EcMoqtStream *self); /* NULL once its request is gone */
gboolean ec_moqt_stream_is_fetch (EcMoqtStream *self);
guint64 ec_moqt_stream_get_group (EcMoqtStream *self); /* of a subgroup */
/* Of an incoming one known with its first object, if its id is that object's. */
guint64 ec_moqt_stream_get_subgroup (EcMoqtStream *self);
guint8 ec_moqt_stream_get_priority (EcMoqtStream *self);
gboolean ec_moqt_stream_get_end_of_group (EcMoqtStream *self);
gboolean ec_moqt_stream_get_first (EcMoqtStream *self);
/* Whether each object of the subgroup has a properties field (§11.4.2); it may be empty. */
gboolean ec_moqt_stream_get_has_properties (EcMoqtStream *self);
gpointer ec_moqt_stream_get_data (EcMoqtStream *self);
void ec_moqt_stream_set_data (EcMoqtStream *self, gpointer data);
/* Incoming: gives the peer credit for `size` more bytes. */
void ec_moqt_stream_consume (EcMoqtStream *self, gsize size);
/* From `stream_ended` of a stream that ended by FIN: what was not consumed of it is not given back now, but by
 * ec_moqt_session_consume() under the id that comes back; until then it keeps its place among the streams that the peer may
 * have open, so that a slow reader slows the peer down and not only its last stream. −1: nothing is left to be given back. */
gint64 ec_moqt_stream_keep_credit (EcMoqtStream *self);
/* Of such a stream; more than is left is all that is left, and an id that is over is ignored. */
void ec_moqt_session_consume (EcMoqtSession *self, gint64 id, gsize size);
/* Incoming: STOP_SENDING; ends it, without an event. */
void ec_moqt_stream_stop (EcMoqtStream *self, EcMoqtResetCode code);
