/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-session.h"

/*
 * What the files of the session share. Every function that is called from outside, by the transport or by the user, is
 * between ec_moqt_session_enter() and _leave(): memory of what has ended meanwhile is let go of behind the outermost one, so that
 * whoever is in the middle of a loop may still look whether its object is dead.
 */

typedef struct _EcMoqtChannel EcMoqtChannel;
typedef struct _EcMoqtTimer EcMoqtTimer;
typedef struct _EcMoqtEnds EcMoqtEnds;

#define EC_MOQT_DEFAULT_PRIORITY 128 /* §10.2.7, §12.4 */
/* Data in streams that wait for their track's alias or for SETUP, in all. */
#define EC_MOQT_MAX_WAITING_BYTES (1024 * 1024)
/* Aliases of subscriptions that are over, kept so that late streams are known and discarded (§11.1). */
#define EC_MOQT_MAX_RETIRED_ALIASES 256
/* An item's head: its numbers and its properties. */
#define EC_MOQT_MAX_ITEM_HEAD (EC_MOQT_MAX_OBJECT_PROPERTIES + 128)
/* Namespaces that one SUBSCRIBE_NAMESPACE of ours may be told of. */
#define EC_MOQT_MAX_NAMESPACES 65536
/* How long after PUBLISH_DONE streams may come that it counted, if no delivery timeout says so (§10.11). */
#define EC_MOQT_DONE_TIMEOUT_US (5 * G_USEC_PER_SEC)

/* -- Memory that a peer can make us take. Tests make it fail. */
extern gboolean (*ec_moqt_alloc_fails) (void);
gpointer ec_moqt_try_alloc0 (gsize size) G_GNUC_WARN_UNUSED_RESULT;
#define ec_moqt_try_new0(type) ((type *) ec_moqt_try_alloc0 (sizeof (type)))

typedef struct {
  guint8 *data;
  gsize size;
  gsize room;
} EcMoqtBuffer;

gboolean ec_moqt_buffer_append (EcMoqtBuffer *self,
                                const guint8 *data,
                                gsize size) G_GNUC_WARN_UNUSED_RESULT;
void ec_moqt_buffer_skip (EcMoqtBuffer *self, gsize size);
void ec_moqt_buffer_clear (EcMoqtBuffer *self);

/* -- Timers: a heap of those that are set. */
struct _EcMoqtTimer {
  guint64 at_us;
  guint place; /* in the heap, from 1; 0: not set */
  void (*fired) (EcMoqtSession *session, gpointer owner);
  gpointer owner;
};

void ec_moqt_timer_set (EcMoqtSession *session,
                        EcMoqtTimer *self,
                        guint64 at_us,
                        void (*fired) (EcMoqtSession *session, gpointer owner),
                        gpointer owner);
void ec_moqt_timer_unset (EcMoqtSession *session, EcMoqtTimer *self);
guint64 ec_moqt_timers_next (EcMoqtSession *session); /* G_MAXUINT64: none */
void ec_moqt_timers_run (EcMoqtSession *session);

/* -- Request ids (§10.1) */
#define EC_MOQT_ID_WINDOW 4096

typedef struct {
  guint64 base; /* in units of 2: ids below were all seen */
  guint64 next; /* one beyond the largest seen */
  guint8 seen[EC_MOQT_ID_WINDOW / 8];
} EcMoqtIdSet;

/* FALSE: seen before. `n` is the id halved. */
gboolean ec_moqt_id_set_add (EcMoqtIdSet *self, guint64 n);
gboolean ec_moqt_id_set_has (const EcMoqtIdSet *self, guint64 n);

/* -- What has a stream's id */
typedef enum {
  EC_MOQT_ENTRY_CHANNEL,
  EC_MOQT_ENTRY_STREAM,
} EcMoqtEntryKind;

typedef struct {
  gint64 id;
  EcMoqtEntryKind kind;
} EcMoqtEntry;

/* A stream of messages: the control stream, or one of a request. */
struct _EcMoqtChannel {
  EcMoqtEntry entry;
  EcMoqtSession *session;
  EcMoqtRequest *request; /* nullable */
  gboolean control;
  gboolean begun; /* its first message was taken */
  gboolean dead;  /* in the graveyard */
  gboolean ended; /* nobody listens any more, what still comes is thrown away */
  gboolean fin;   /* came while what is in `in` must wait */
  gboolean in_done;
  gboolean out_done;
  gboolean goaway; /* one came */
  EcMoqtBuffer in; /* what is not a whole message yet, or must wait for SETUP */
};

typedef enum {
  EC_MOQT_STATE_NEW,
  EC_MOQT_STATE_SETUP,
  EC_MOQT_STATE_READY,
  EC_MOQT_STATE_CLOSED,
} EcMoqtState;

typedef enum {
  EC_MOQT_REQUEST_UNSENT,
  EC_MOQT_REQUEST_PENDING,
  EC_MOQT_REQUEST_GRANTED,
  EC_MOQT_REQUEST_DRAINING, /* PUBLISH_DONE came, streams may still */
  EC_MOQT_REQUEST_ENDED,
} EcMoqtRequestState;

struct _EcMoqtRequest {
  EcMoqtSession *session;
  EcMoqtRequest *next, *prev; /* all of the session */
  EcMoqtRequestKind kind;
  EcMoqtRequestState state;
  gboolean ours;
  gboolean hidden; /* not told of by `requested` yet */
  guint64 id;
  EcMoqtName *name;
  EcMoqtParams params;
  EcMoqtProperties *properties;
  guint interest;         /* EcMoqtInterest */
  EcMoqtChannel *channel; /* its own stream; NULL: the control stream */
  gpointer data;
  EcMoqtTimer timer; /* the answer's, or the end's */

  /* Sending: in session->waiting */
  gboolean queued;
  gboolean update_wanted;
  EcMoqtParams wanted; /* the update that waits */

  /* Updates without an answer yet, in order. */
  GQueue updates_ours;      /* (element-type EcMoqtOurUpdate) */
  GQueue updates_peer;      /* (element-type EcMoqtPeerUpdate) */
  EcMoqtTimer update_timer; /* the answer's to the first of ours that may still come in time */

  /* Subscriptions */
  guint64 alias;
  gboolean has_alias;
  gboolean has_largest;
  EcMoqtLocation largest; /* also the joining location (§5.1) */
  gboolean
      largest_moved; /* ours, where a joining location stays: an answer to an update has another */
  guint32 flow;
  EcMoqtStream *streams; /* list, by request_next */
  guint64 n_streams;     /* whose head was sent or has come */
  guint64 n_streams_ended;
  EcMoqtEnds *ends; /* of what we receive; nullable */
  /* PUBLISH_DONE, or what a fetch ends with */
  gboolean done_received;
  gboolean done_expired;
  EcMoqtDoneCode done;
  char *done_text;
  guint64 done_count;

  /* Fetches */
  EcMoqtFetchKind fetch;
  EcMoqtLocation start, end;
  gboolean has_told_end;
  EcMoqtLocation told_end; /* FETCH_OK's */
  guint64 joining_id;
  guint64 joining_start;
  gboolean fetch_opened; /* its data stream was, or has come */
  gboolean fetch_over;   /* … and has ended */
  gboolean over_deferred;
  gboolean resolved;    /* a joining one: the user will be told soon */
  EcMoqtRequest *joins; /* ours, while what it joins has no id */
  GQueue joiners;       /* … the other way round */

  /* SUBSCRIBE_NAMESPACE: what was told, in full; (element-type EcMoqtName) */
  GHashTable *namespaces;
};

typedef struct {
  guint64 id;
  guint64 until_us; /* then it is refused, locally; its answer may still come */
  gboolean told;
  EcMoqtName *prefix; /* nullable: the one that is wanted */
} EcMoqtOurUpdate;

typedef struct {
  guint64 id;
  EcMoqtName *prefix; /* nullable; holds from the answer on */
  gboolean forward_before;
  gboolean answered; /* with what follows, to be sent in its turn */
  gboolean largest_known;
  EcMoqtLocation largest;
  guint64 expires_ms;
} EcMoqtPeerUpdate;

typedef enum {
  EC_MOQT_PHASE_HEAD,    /* incoming: its type and head are not there yet */
  EC_MOQT_PHASE_WAITING, /* … its track is not known yet */
  EC_MOQT_PHASE_ITEM,    /* an object's head is next */
  EC_MOQT_PHASE_PAYLOAD,
  EC_MOQT_PHASE_DISCARD,  /* padding */
  EC_MOQT_PHASE_FINISHED, /* outgoing: FIN was written, not all has arrived */
  EC_MOQT_PHASE_LOST,     /* outgoing: reset by us, to be told by stream_stopped */
} EcMoqtPhase;

struct _EcMoqtStream {
  EcMoqtEntry entry;
  EcMoqtSession *session;
  EcMoqtRequest *request; /* nullable */
  EcMoqtStream *request_next, *request_prev;
  EcMoqtStream *waiting_next, *waiting_prev;
  gboolean incoming;
  gboolean dead;
  gboolean buried;
  gboolean closed;    /* the transport knows it no more */
  gboolean waiting;   /* in session->waiting_streams */
  gboolean head_done; /* outgoing: written */
  gboolean told;      /* stream_opened was emitted, or the user opened it */
  EcMoqtPhase phase;
  EcMoqtStreamContext context;
  guint8 priority;
  guint64 left; /* of the payload */
  gpointer data;
  EcMoqtTimer timer; /* for a head to arrive, or a delivery timeout */
  /* incoming */
  EcMoqtBuffer in;
  gboolean fin;
  gboolean over; /* an item said that nothing follows */
  gsize unconsumed;
  gboolean ending; /* stream_ended is being told, of its FIN */
  /* outgoing: the start of an object, and when it was written (§8) */
  guint64 written;
  gboolean marked;
  guint64 mark;
  guint64 mark_us;
  guint64 object_timeout_us; /* 0: none; the smaller of both sides' */
  guint64 subgroup_timeout_us;
};

/* What the user has still to give back of a stream that has ended. */
typedef struct {
  gint64 id;
  gsize size;
} EcMoqtKept;

typedef struct {
  void (*run) (EcMoqtSession *session, gpointer owner, guint code);
  gpointer owner;
  guint code;
} EcMoqtDeferred;

struct _EcMoqtSession {
  const EcMoqtDraft *draft;
  EcMoqtConfig config;
  EcMoqtLimits limits;
  EcMoqtIo io;
  gpointer io_data;
  EcMoqtEvents events;
  gpointer user_data;
  guint64 now_us;
  EcMoqtState state;
  guint depth;
  GPtrArray *graveyard;
  GQueue deferred; /* (element-type EcMoqtDeferred) */
  GPtrArray *timers;
  guint64 timer_set_us;

  GHashTable *entries; /* stream id → EcMoqtEntry */
  GHashTable *kept; /* … → EcMoqtKept; each has its place among the transport's streams still */
  EcMoqtChannel *control_in, *control_out;
  gboolean setup_received;
  gsize control_buffered;
  EcMoqtTimer timer; /* of SETUP, then of GOAWAY */
  gboolean goaway_sent, goaway_received;
  guint64 goaway_id;

  char *peer_implementation, *peer_path, *peer_authority;
  EcMoqtParams peer_setup; /* its tokens only */

  guint64 next_id;
  guint64 credit;  /* the first id that the peer does not allow */
  guint64 blocked; /* REQUESTS_BLOCKED was sent for this credit, + 1 */
  guint64 credit_given;
  EcMoqtIdSet ids; /* of the peer's */
  GQueue waiting;  /* requests with something unsent */
  EcMoqtRequest *requests;
  guint n_requests, n_peer_requests, n_peer_updates;
  GHashTable *by_id;   /* requests that have an id */
  GHashTable *updates; /* our updates' ids → request (nullable: it is gone), up to 16 */
  GHashTable *publishing, *subscribing; /* tracks → request */

  GHashTable *aliases; /* of the peer's → EcMoqtAlias */
  GQueue retired;      /* of EcMoqtAlias */
  EcMoqtStream *waiting_streams;
  guint n_waiting;
  gsize waiting_bytes;
  guint64 next_alias;
  guint32 next_flow;
  guint n_streams;

  GHashTable *tokens;
  gsize tokens_size;

  GByteArray *scratch;
  gboolean wants_stream; /* the user was refused one */
  gboolean wake_deferred;
};

#define ec_moqt_emit(session, event, ...)                                                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if ((session)->events.event)                                                                   \
      (session)->events.event ((session)->user_data, ##__VA_ARGS__);                               \
  }                                                                                                \
  G_STMT_END

#define EC_MOQT_ID_IS_UNI(id) (((id) &2) != 0)
#define ec_moqt_session_is_ours(session, id) ((((id) &1) != 0) == (session)->config.server)

/* ec-moqt-session.c */
void ec_moqt_session_enter (EcMoqtSession *self);
void ec_moqt_session_leave (EcMoqtSession *self, gboolean events);
void ec_moqt_session_bury (EcMoqtSession *self, gpointer memory, GDestroyNotify let_go);
/* Runs from the next input, or from the end of this one; forgotten with its owner by _undefer(). */
void ec_moqt_session_defer (EcMoqtSession *self,
                            void (*run) (EcMoqtSession *session, gpointer owner, guint code),
                            gpointer owner,
                            guint code);
void ec_moqt_session_undefer (EcMoqtSession *self, gpointer owner);
/* The peer's mistake: closes. */
void ec_moqt_session_fail (EcMoqtSession *self, EcMoqtCloseCode code, const char *text);
static inline gboolean
ec_moqt_session_is_over (const EcMoqtSession *self)
{
  return self->state == EC_MOQT_STATE_CLOSED;
}

/* ec-moqt-setup.c */
void ec_moqt_setup_begin (EcMoqtSession *self);
void ec_moqt_setup_received (EcMoqtSession *self, EcMoqtChannel *channel, EcMoqtMessage *message);
void ec_moqt_setup_goaway_received (EcMoqtSession *self,
                                    EcMoqtChannel *channel,
                                    const EcMoqtMessage *message);
void ec_moqt_setup_became_ready (EcMoqtSession *self);

/* ec-moqt-channel.c: messages over streams */
EcMoqtChannel *ec_moqt_channel_new (EcMoqtSession *session, gint64 id);
void ec_moqt_channel_receive (EcMoqtChannel *self, const guint8 *data, gsize size, gboolean fin);
void ec_moqt_channel_resume (EcMoqtChannel *self);
void ec_moqt_channel_was_reset (EcMoqtChannel *self);
void ec_moqt_channel_was_stopped (EcMoqtChannel *self);
void ec_moqt_channel_send (EcMoqtChannel *self, const EcMoqtMessage *message, gboolean fin);
/* FIN to the peer, if it was not said yet; what still comes is thrown away. */
void ec_moqt_channel_finish (EcMoqtChannel *self);
/* … and STOP_SENDING: what was said arrives, nothing more shall come. */
void ec_moqt_channel_dismiss (EcMoqtChannel *self, EcMoqtResetCode code);
void ec_moqt_channel_abort (EcMoqtChannel *self, EcMoqtResetCode code);
void ec_moqt_channel_bury (EcMoqtChannel *self);

/* ec-moqt-route.c: which request a message is about */
void ec_moqt_route_message (EcMoqtChannel *channel, EcMoqtMessage *message);
/* The peer ended its half (`reset`: abruptly), or wants no more of ours. */
void ec_moqt_route_ended (EcMoqtChannel *channel, gboolean reset);
void ec_moqt_route_stopped (EcMoqtChannel *channel);

/* ec-moqt-ids.c */
/* A new id of the peer's; FALSE: the session was closed. */
gboolean ec_moqt_ids_take (EcMoqtSession *self, EcMoqtChannel *channel, guint64 id);
/* Whether it is one that the peer has used, or we have. */
gboolean ec_moqt_ids_was_used (EcMoqtSession *self, guint64 id);
void ec_moqt_ids_give_credit (EcMoqtSession *self);
void ec_moqt_ids_got_credit (EcMoqtSession *self, guint64 first_not_allowed, gboolean setup);
/* FALSE: no credit; the peer was told. */
gboolean ec_moqt_ids_next (EcMoqtSession *self, guint64 *id);

/* ec-moqt-request.c */
EcMoqtRequest *ec_moqt_request_new (EcMoqtSession *session,
                                    EcMoqtRequestKind kind,
                                    gboolean ours,
                                    EcMoqtName *name);
void ec_moqt_request_register (EcMoqtRequest *self, guint64 id);
void ec_moqt_request_set_state (EcMoqtRequest *self, EcMoqtRequestState state);
/* Out of all tables; its streams are gone, silently; its memory stays till the end of the call. */
void ec_moqt_request_end (EcMoqtRequest *self, EcMoqtResetCode code);
/* Its streams end with events. */
void ec_moqt_request_end_streams (EcMoqtRequest *self, EcMoqtResetCode code);
void ec_moqt_request_send (EcMoqtRequest *self, EcMoqtMessage *message, gboolean fin);
void ec_moqt_request_copy_params (EcMoqtParams *to, const EcMoqtParams *from);
gboolean ec_moqt_request_get_forward (const EcMoqtRequest *self);
guint8 ec_moqt_request_get_default_priority (const EcMoqtRequest *self);
/* Of set_priority(), of what is sent for it with that publisher priority. */
guint32 ec_moqt_request_get_level (EcMoqtRequest *self, guint8 publisher);
gboolean ec_moqt_request_can_send (EcMoqtRequest *self); /* objects, now */
gboolean ec_moqt_request_is_subscription (const EcMoqtRequest *self);
gboolean
ec_moqt_request_is_about_track (const EcMoqtRequest *self); /* else a namespace or prefix */
/* Ends with `finished`, `cancelled` or `refused`. */
void ec_moqt_request_finished (EcMoqtRequest *self, EcMoqtDoneCode code, const char *reason);
void ec_moqt_request_cancelled (EcMoqtRequest *self);
void ec_moqt_request_refused (EcMoqtRequest *self, const EcMoqtRefusal *refusal);
void ec_moqt_request_refused_locally (EcMoqtRequest *self, EcMoqtErrorCode code, const char *text);

/* ec-moqt-ask.c: ours */
void ec_moqt_ask_flush (EcMoqtSession *self);
void ec_moqt_ask_queue (EcMoqtRequest *request);
void ec_moqt_ask_answered (EcMoqtRequest *request, EcMoqtMessage *message);
void ec_moqt_ask_refusal (const EcMoqtMessage *message, EcMoqtRefusal *refusal);
/* Tells the peer, in the way of its kind, that the request is over. */
void ec_moqt_ask_withdraw (EcMoqtRequest *request, EcMoqtResetCode code);

/* ec-moqt-answer.c: the peer's */
gboolean ec_moqt_answer_is_request (EcMoqtMessageKind kind);
void ec_moqt_answer_requested (EcMoqtChannel *channel, EcMoqtMessage *message);
void ec_moqt_answer_refuse (EcMoqtRequest *request, EcMoqtErrorCode code, const char *text);
/* Answers what has no request of ours. */
void ec_moqt_answer_refuse_id (EcMoqtChannel *channel,
                               guint64 id,
                               EcMoqtErrorCode code,
                               const char *text);

/* ec-moqt-scope.c: what params an answer or update may have, by what it is about; flags */
guint ec_moqt_scope_of_update (const EcMoqtRequest *request);
guint ec_moqt_scope_of_update_ok (void);
guint ec_moqt_scope_of_ok (const EcMoqtRequest *request);
guint ec_moqt_scope_of_new_groups (const EcMoqtRequest *request);
/* FALSE: the session was closed. */
gboolean ec_moqt_scope_check (EcMoqtSession *session, EcMoqtMessage *message, guint scope);
gboolean ec_moqt_scope_check_properties (EcMoqtSession *session, const EcMoqtMessage *message);

/* ec-moqt-blocked.c */
/* No stream is left: of what waits for one, tracks that were asked for are refused, and the peer is told. */
void ec_moqt_blocked_tell (EcMoqtSession *self);
/* TRUE: it was blocked before, and must not be sent; it is refused. */
gboolean ec_moqt_blocked_was_told (EcMoqtRequest *publish);

/* ec-moqt-ends.c: NULL, or what is wrong with the track */
const char *
ec_moqt_ends_object (EcMoqtRequest *request, EcMoqtLocation location, EcMoqtObjectStatus status);
/* The group has nothing from object `end` on. */
const char *ec_moqt_ends_group (EcMoqtRequest *request, guint64 id, guint64 end);

/* ec-moqt-update.c */
void ec_moqt_update_free_ours (gpointer update);
void ec_moqt_update_free_peer (gpointer update);
void ec_moqt_update_send (EcMoqtRequest *request, guint64 id);
void
ec_moqt_update_received (EcMoqtRequest *request, EcMoqtChannel *channel, EcMoqtMessage *message);
void ec_moqt_update_flush (EcMoqtRequest *request);
/* FALSE: it answers no update of ours. */
gboolean ec_moqt_update_answered (EcMoqtRequest *request, EcMoqtMessage *message);

/* ec-moqt-fetch.c */
/* Of the peer's: finds its range, and tells the user of it, refuses it, or leaves it for later. */
void ec_moqt_fetch_resolve (EcMoqtRequest *request);
/* `subscription` was granted, or is gone: those that join it. */
void ec_moqt_fetch_resolve_joining (EcMoqtSession *session, guint64 subscription_id);
void ec_moqt_fetch_check_over (EcMoqtRequest *request);
gboolean ec_moqt_fetch_range_is_valid (EcMoqtLocation start, EcMoqtLocation end);
/* What its parameters say of it, not its state. */
gboolean ec_moqt_fetch_can_join (const EcMoqtRequest *subscription);
gboolean ec_moqt_fetch_has (const EcMoqtRequest *request, EcMoqtLocation location);

/* ec-moqt-done.c: the end of subscriptions */
void ec_moqt_done_received (EcMoqtRequest *request, const EcMoqtMessage *message);
void ec_moqt_done_check (EcMoqtRequest *request);
/* … from a call of the user's */
void ec_moqt_done_check_later (EcMoqtRequest *request);
/* PUBLISH_DONE, behind all streams. */
void ec_moqt_done_send (EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason);
EcMoqtDoneCode ec_moqt_done_code_of_reset (EcMoqtResetCode code);

/* ec-moqt-spaces.c: namespaces */
gboolean ec_moqt_spaces_is_reserved (const EcMoqtSession *self, const EcMoqtName *name);
gboolean ec_moqt_spaces_overlaps (EcMoqtSession *self,
                                  const EcMoqtRequest *except,
                                  guint interest,
                                  const EcMoqtName *prefix);
void ec_moqt_spaces_received (EcMoqtRequest *request, EcMoqtMessage *message);
/* It is about another prefix from now on; takes `prefix`. What is not under it cannot be spoken of any more: lost. */
void ec_moqt_spaces_move (EcMoqtRequest *request, EcMoqtName *prefix);

/* ec-moqt-alias.c */
typedef struct {
  guint64 alias;
  EcMoqtRequest *request; /* NULL: retired */
  EcMoqtName *track;
} EcMoqtAlias;

void ec_moqt_alias_free (gpointer alias);
/* FALSE: the session was closed. `request` NULL: known to be over. */
gboolean
ec_moqt_alias_add (EcMoqtSession *self, guint64 alias, EcMoqtName *track, EcMoqtRequest *request);
void ec_moqt_alias_retire (EcMoqtRequest *request);
EcMoqtAlias *ec_moqt_alias_find (EcMoqtSession *self, guint64 alias);
/* Streams that wait go on, if what they wait for is there. */
void ec_moqt_alias_wake_streams (EcMoqtSession *self);
/* FALSE: there is no room for it. */
gboolean ec_moqt_alias_park_stream (EcMoqtStream *stream) G_GNUC_WARN_UNUSED_RESULT;
void ec_moqt_alias_unpark_stream (EcMoqtStream *stream);

/* ec-moqt-tokens.c */
typedef enum {
  EC_MOQT_TOKENS_OK,
  EC_MOQT_TOKENS_REFUSE, /* the message, with *code */
  EC_MOQT_TOKENS_CLOSED, /* the session */
} EcMoqtTokensResult;

void ec_moqt_tokens_init (EcMoqtSession *self);
EcMoqtTokensResult ec_moqt_tokens_resolve (EcMoqtSession *self,
                                           EcMoqtParams *params,
                                           gboolean setup,
                                           EcMoqtErrorCode *code);

/* ec-moqt-receive.c: streams from the peer */
EcMoqtStream *ec_moqt_receive_new (EcMoqtSession *session, gint64 id);
void ec_moqt_receive_data (EcMoqtStream *self, const guint8 *data, gsize size, gboolean fin);
void ec_moqt_receive_reset (EcMoqtStream *self, guint64 code);
/* ec-moqt-place.c: its head is known */
void ec_moqt_receive_place (EcMoqtStream *self);
void
ec_moqt_receive_become_control (EcMoqtStream *self, const guint8 *data, gsize size, gboolean fin);
/* What it waited for may be there. */
void ec_moqt_receive_resume (EcMoqtStream *self);
void ec_moqt_receive_stop (EcMoqtStream *self, EcMoqtResetCode code);
void ec_moqt_receive_ended (EcMoqtStream *self, gboolean reset, EcMoqtResetCode code);
void ec_moqt_receive_give_up (EcMoqtStream *self, EcMoqtResetCode code);
void ec_moqt_receive_datagram (EcMoqtSession *self, const guint8 *data, gsize size);
/* What is wrong with an object's properties; NULL: nothing. */
const char *ec_moqt_receive_find_bad_property (EcMoqtSession *session, const EcMoqtItem *item);
/* The track is broken (§2.4.2): cancels, tells. */
void ec_moqt_receive_malformed (EcMoqtRequest *request, const char *text);

/* ec-moqt-stream.c */
EcMoqtStream *ec_moqt_stream_new (EcMoqtSession *session, gint64 id, gboolean incoming);
void ec_moqt_stream_attach (EcMoqtStream *self, EcMoqtRequest *request);
void ec_moqt_stream_detach (EcMoqtStream *self);
void ec_moqt_stream_bury (EcMoqtStream *self);

/* ec-moqt-send.c: streams to the peer */
void ec_moqt_send_was_stopped (EcMoqtStream *self, guint64 code);
void ec_moqt_send_sent (EcMoqtStream *self);
void ec_moqt_send_closed (EcMoqtStream *self);
/* Reset by us behind the user's back; stream_stopped tells later. */
void ec_moqt_send_lose (EcMoqtStream *self, EcMoqtResetCode code);
void ec_moqt_send_drop (EcMoqtStream *self, EcMoqtResetCode code);
/* Its params have changed: priorities, timeouts. */
void ec_moqt_send_update_params (EcMoqtRequest *request);
void ec_moqt_send_narrow (EcMoqtRequest *request);
