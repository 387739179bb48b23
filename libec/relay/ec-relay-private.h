/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "relay/ec-relay-core.h"
#include "relay/ec-relay-credentials.h"
#include "session/ec-moq-feed.h"
#include "session/ec-moq-link.h"

/*
 * How a relay is made inside.
 *
 * Every session lives on its transport's thread. What sessions share, the registry, is under one lock, which is held for look-ups
 * and decisions only, never while a session is told anything. What one session wants of another, it writes into an item of the
 * other's, and puts the item into the other's queue, unless it is there already: so the queue is bounded by what the session has.
 * The session wakes, compares what the item says should be with what is, and acts. Objects do not go this way: writers and readers
 * meet in the feed.
 *
 * Locks are taken in this order, and none that stands earlier while one that stands later is held: the core's; a feed's; a feed's of its
 * readers; a transport's own, inside of ec_transport_wake(). It holds because a feed asks what it misses with no lock held, and writes to its
 * readers' streams from functions that no event comes out of (ec-moqt-session.h); no two feeds' locks are ever held at once; and a session is
 * told something, by its items and by ec_transport_wake(), without being entered. Whoever adds a callback to the feed keeps it so.
 *
 * Members are marked: [c] constant, [l] under the core's lock, [t] the session's thread alone.
 */

typedef struct _EcRelaySession EcRelaySession;
typedef struct _EcRelayTrack EcRelayTrack;
typedef struct _EcRelayNode EcRelayNode;

typedef enum {
  EC_RELAY_ITEM_PUBLICATION, /* the peer's PUBLISH_NAMESPACE */
  EC_RELAY_ITEM_UPSTREAM,    /* our SUBSCRIBE to the peer, or its PUBLISH */
  EC_RELAY_ITEM_FILL,        /* our FETCH from the peer */
  EC_RELAY_ITEM_DOWNSTREAM,  /* the peer's SUBSCRIBE, FETCH, TRACK_STATUS, or our PUBLISH to it */
  EC_RELAY_ITEM_INTEREST,    /* the peer's SUBSCRIBE_NAMESPACE or SUBSCRIBE_TRACKS */
  EC_RELAY_N_ITEM_KINDS,
} EcRelayItemKind;

/* Something between a session and the registry; what each kind begins with. */
typedef struct {
  gatomicrefcount refs;
  EcRelayItemKind kind;    /* [c] */
  EcRelaySession *session; /* [c] owned */
  EcMoqtRequest *request;  /* [t] NULL: none yet, or ended */
  gboolean queued;         /* [l] */
  gboolean detached;       /* [l] not in the registry any more */
  gsize reckoned;          /* [c] bytes that it counts for in the budget */
} EcRelayItem;

typedef struct {
  EcRelayItem item;
  EcMoqtName *name;    /* [c] owned */
  EcRelayPrincipal as; /* [c] */
  guint64 rank;        /* [l] of those who publish a name, the first has the lowest */
  EcRelayNode *node;   /* [l] */
} EcRelayPublication;

typedef enum {
  EC_RELAY_UPSTREAM_ASKED,
  EC_RELAY_UPSTREAM_GRANTED,
  EC_RELAY_UPSTREAM_BANNED, /* contradicted what others said: not asked again while these are here */
} EcRelayUpstreamState;

typedef struct {
  EcRelayItem item;
  EcRelayTrack *track;        /* [c] owned */
  gboolean published;         /* [c] by the peer's PUBLISH */
  guint64 rank;               /* [c] of its publication, or its PUBLISH */
  EcRelayPrincipal as;        /* [c] of a PUBLISH: who claimed its namespace */
  EcRelayUpstreamState state; /* [l] */
  guint64 banned_us;          /* [l] when it was */
  gboolean wanted;            /* [l] */
  gboolean want_forward;      /* [l] */
  gboolean want_group;        /* [l] NEW_GROUP_REQUEST is to be told */
  gboolean forwarding;        /* [l] the peer has said that it forwards */
  guint64 renew_us;           /* [l] then it is asked to go on, for it said EXPIRES; 0: never */
  gboolean want_renewal;      /* [l] that is to be told */
  EcMoqFeedWriter *writer;    /* [t] NULL: nothing can be written yet, or any more */
  gboolean forward;           /* [t] what the peer was told */
  GPtrArray *inflows;         /* [t] of ec-relay-inflow.c: its streams */
  gsize held;                 /* [t] bytes of what it said before who serves the track … */
  gboolean holds;             /* [l] … if there are any */
} EcRelayUpstream;

typedef enum {
  EC_RELAY_VERDICT_WAIT,
  EC_RELAY_VERDICT_GRANT,
  EC_RELAY_VERDICT_REFUSE,
} EcRelayVerdict;

typedef struct {
  EcRelayItem item;
  EcRelayTrack *track;     /* [c] owned */
  EcMoqtRequestKind what;  /* [c] PUBLISH: ours, offered for SUBSCRIBE_TRACKS */
  gboolean offer_forward;  /* [c] of PUBLISH */
  EcRelayVerdict verdict;  /* [l] */
  gboolean has_largest;    /* [l] of GRANT: something had come then … */
  EcMoqtLocation largest;  /* [l] … up to this */
  EcMoqtErrorCode error;   /* [l] of REFUSE */
  const char *reason;      /* [l] of REFUSE; static */
  guint64 deadline_us;     /* [l] RENDEZVOUS_TIMEOUT; 0: none */
  gboolean forward;        /* [l] */
  guint64 fill_until_us;   /* [l] of a fetch with FILL_TIMEOUT; 0: nothing has been missing yet */
  gboolean filled;         /* [l] a fetch's missing objects have come */
  gboolean answered;       /* [t] */
  EcMoqFeedReader *reader; /* [t] */
} EcRelayDownstream;

/* Objects that a fetch of somebody's asked for and the feed had not, or the beginning of the open group. */
typedef struct {
  EcRelayItem item;
  EcRelayTrack *track;       /* [c] owned */
  EcRelayUpstream *upstream; /* [c] owned; who is asked */
  gboolean joining; /* [c] by a joining FETCH: the open group up to what the subscription brings */
  EcMoqtLocation from, to; /* [c] inclusive */
  guint64 until_us;        /* [l] then it is given up */
  gboolean done;           /* [l] */
  guint tries;             /* [l] publishers that were asked before */
  GPtrArray *waiting;      /* [l] EcRelayDownstream, owned: who is told */
  EcMoqFeedWriter *writer; /* [t] its own: these objects come in no stream of the subscription's */
  EcMoqtObject object;     /* [t] the one that is coming */
  EcPayload *payload;      /* [t] nullable */
  gboolean coming;         /* [t] */
  EcMoqtLocation at; /* [t] what comes next is here or behind; what is passed over does not exist */
  gboolean has_end;  /* [t] FETCH_OK came … */
  EcMoqtLocation end; /* [t] … and said how far it goes, as on the wire */
} EcRelayFill;

typedef struct {
  EcRelayItem item;
  EcMoqtName *prefix;    /* [l] owned */
  gboolean names;        /* [c] wants NAMESPACE */
  gboolean tracks;       /* [c] wants PUBLISH */
  gboolean forward;      /* [l] of the latter */
  EcRelayPrincipals who; /* [l] */
  EcRelayNode *node;     /* [l] */
  GHashTable *changed;   /* [l] EcMoqtName -> whether it is there */
  guint64
      behind_us; /* [t] since when it is told no more, until the session reads what it was told; 0: is not */
} EcRelayInterest;

/* A track that somebody asks for or publishes. */
struct _EcRelayTrack {
  gatomicrefcount refs;
  EcMoqtName *name;             /* [c] owned, full */
  EcMoqtName *space;            /* [c] owned */
  EcMoqFeed *feed;              /* [c] owned */
  EcRelayNode *node;            /* [l] NULL: not in the registry any more */
  GPtrArray *upstreams;         /* [l] owned */
  GPtrArray *downstreams;       /* [l] owned */
  GPtrArray *fills;             /* [l] owned */
  EcMoqtProperties *properties; /* [l] owned, nullable */
  gboolean has_group_request;   /* [l] NEW_GROUP_REQUEST was asked for … */
  guint64 group_request;        /* [l] … with this … */
  guint64 group_request_at;     /* [l] … when this was the largest group */
  guint64 idle_us;              /* [l] since when nobody wants it; G_MAXUINT64: somebody does */
  guint64 orphan_us; /* [l] since when it has readers and no upstream; G_MAXUINT64: not so */
  guint64
      was_orphan_us; /* [l] … and since when it was, before somebody came (G_MAXUINT64: it was not) … */
  guint64 served_us;     /* [l] … at this time */
  guint64 asked_us;      /* [l] when publishers were asked last */
  gboolean refused;      /* [l] since then, one said no … */
  EcMoqtErrorCode error; /* [l] … for this reason */
  guint n_served;        /* [l] how many upstreams have said yes, in all */
  EcMoqtDoneCode done;   /* [l] what its readers are told if nobody publishes it any more */
};

/* Where namespaces meet: one node a prefix of anything that is known. */
struct _EcRelayNode {
  EcRelayNode *parent;
  GBytes *field;           /* owned; NULL at the root */
  GHashTable *children;    /* field -> node; NULL: none */
  GPtrArray *publications; /* of exactly this name; borrowed; NULL: none */
  GPtrArray *interests;
  GPtrArray *tracks; /* in exactly this namespace */
};

typedef enum {
  EC_RELAY_COUNT_SUBSCRIPTIONS,
  EC_RELAY_COUNT_FETCHES,
  EC_RELAY_COUNT_TRACKS,
  EC_RELAY_COUNT_NAMESPACES,
  EC_RELAY_COUNT_INTERESTS,
  EC_RELAY_COUNT_UPSTREAMS, /* what we asked */
  EC_RELAY_COUNT_FILLS,
  EC_RELAY_N_COUNTS,
} EcRelayCount;

struct _EcRelaySession {
  gatomicrefcount refs;
  EcRelayCore *core;      /* [c] owned */
  guint64 number;         /* [c] */
  char *peer;             /* [c] */
  char *address;          /* [c] what is counted; NULL: it is not */
  char *host;             /* [c] the peer's IP address; nullable */
  gsize reckoned;         /* [c] */
  EcMoqLink *link;        /* [t] NULL: closed */
  EcMoqtSession *moqt;    /* [t] */
  EcTransport *transport; /* [l] to wake; NULL: closed, nothing is put in its items' way any more */
  GQueue queue;           /* [l] EcRelayItem, owned */
  gboolean goaway;        /* [l] to be told */
  guint64 goaway_ms;      /* [l] */
  gboolean close;         /* [l] to be closed … */
  const char *close_why;  /* [l] … for this reason; static; NULL: the relay is shutting down */
  gboolean watched;       /* [l] it publishes without a key: we note when we hear from it */
  guint64 heard_us;       /* [l] when it was noted last that something had come */
  guint64 watched_us;     /* [l] when that was looked for last */
  guint64 bytes_heard;    /* [t] */
  gboolean listed;        /* [l] in the core's list */

  EcRelayCredentials credentials; /* [t] */
  gboolean setup_checked;         /* [t] the tokens of SETUP were taken in */
  GHashTable *items;              /* [t] set of EcRelayItem, owned */
  GPtrArray *readers;             /* [t] EcRelayDownstream with a reader, borrowed */
  GPtrArray
      *touched; /* EcMoqFeed: something of theirs has come, and their readers were not told yet */
  guint counts[EC_RELAY_N_COUNTS]; /* [t]; TRACKS also [l] by offers */
  guint n_streams;                 /* [t] */
  EcRelayBucket requests;          /* [t] */
  EcRelayBucket strikes;           /* [t] */
  guint n_unchecked;               /* [t] answers since unsent ones were counted */
  const char *overload;            /* [t] why it is to be closed; static; nullable */
  gboolean closing;                /* [t] */
  gboolean told_goaway;            /* [t] */
};

struct _EcRelayCore {
  gatomicrefcount refs;
  EcRelayCoreConfig config; /* [c] limits filled, policy owned */
  EcBudget *budget;         /* [c] owned */
  EcBudget *overheads;      /* [c] owned; what of it is for no payload, half of it at most */
  GMutex lock;
  guint64 now_us;         /* [l] */
  guint64 next_number;    /* [l] of sessions, and ranks */
  gboolean stopping;      /* [l] */
  GPtrArray *sessions;    /* [l] owned */
  GHashTable *addresses;  /* [l] text -> number of sessions */
  GHashTable *tracks;     /* [l] EcMoqtName -> EcRelayTrack, owned */
  EcRelayNode *root;      /* [l] */
  guint n_namespaces;     /* [l] */
  guint64 trimmed_us;     /* [l] */
  guint n_owners;         /* [l] who filled tracks, as of then */
  guint64 watched_us;     /* [l] when sessions were made to look whether they hear something */
  EcRelayStatsData stats; /* [l] the counters */
};

/* What a session is reckoned to need besides payloads: its first window, a connection's state, its windows' bookkeeping, ours. */
#define EC_RELAY_SESSION_RECKONED (EC_RELAY_FIRST_WINDOW + 128 * 1024)

/* -- ec-relay-core.c */
/* All that follows which says “locked” is between these two. */
void ec_relay_core_lock (EcRelayCore *self, guint64 now_us);
void ec_relay_core_unlock (EcRelayCore *self);
/* Not locked. Takes bytes of the budget, for what is no payload; drops old groups if need be. */
gboolean ec_relay_core_reckon (EcRelayCore *self, guint64 now_us, gsize bytes);
gboolean ec_relay_core_try_reckon (EcRelayCore *self, gsize bytes); /* drops nothing */
void ec_relay_core_unreckon (EcRelayCore *self, gsize bytes);
/* Not locked. How much one publisher's tracks may hold if `bytes` more are wanted: where three quarters of the budget are in use, an
 * equal part of these. The last quarter is for those who have less than their part. G_MAXSIZE: there is room enough for all. */
gsize ec_relay_core_get_share (EcRelayCore *self, guint64 now_us, gsize bytes);
/* Not locked. Drops old groups of any tracks until so many bytes were freed. */
void ec_relay_core_make_room (EcRelayCore *self, guint64 now_us, gsize bytes);
void ec_relay_core_session_closed (EcRelayCore *self, EcRelaySession *session);
/*
 * Locked. Lets a session claim a name. One without a key that has published it takes its name with it when it dies, as far as we know
 * when the idle timeout is over: so one from whom nothing has come for a while gives way to who comes from the same address without a key, as a
 * publisher does that was started again.
 */
gboolean ec_relay_core_claim (EcRelayCore *self,
                              EcRelaySession *session,
                              EcMoqtName *space,
                              const EcRelayPrincipals *who,
                              EcRelayPrincipal *as,
                              const char **reason);
/* Not locked. `name` nullable. */
void ec_relay_core_event (EcRelayCore *self,
                          EcRelaySession *session,
                          EcRelayEvent kind,
                          EcMoqtName *name,
                          const char *detail);
gint64 ec_relay_core_now_s (EcRelayCore *self);

#define EC_RELAY_REQUEST_RECKONED                                                                  \
  2048 /* an item in the registry and here, its request, the names it holds */

/* -- ec-relay-items.c */
gpointer
ec_relay_item_new (EcRelaySession *session, EcRelayItemKind kind, gsize size, gsize reckoned);
gpointer ec_relay_item_ref (gpointer item);
void ec_relay_item_unref (gpointer item);
/* Locked. Its session looks at it soon. */
void ec_relay_item_queue (gpointer item);
/* Locked. Whether it will. What a session has goes from the registry one by one when it is closed: nothing new is asked of it then, for it would
 * not hear it, and nobody would take it away. */
gboolean ec_relay_session_listens (EcRelaySession *self);

/* -- ec-relay-tree.c; locked */
EcRelayNode *ec_relay_node_new_root (void);
void ec_relay_node_free_root (EcRelayNode *root);
EcRelayNode *ec_relay_node_find (EcRelayNode *root, const EcMoqtName *space, gboolean create);
/* Lets go of those that hold nothing, from this one upwards. */
void ec_relay_node_prune (EcRelayNode *self);
void ec_relay_node_add (GPtrArray **list, gpointer what);
void ec_relay_node_remove (GPtrArray **list, gpointer what);
typedef void (*EcRelayNodeFunc) (EcRelayNode *node, gpointer user_data);
/* The nodes that are there on the way from the root to a name, both included. */
void ec_relay_node_each_above (EcRelayNode *root,
                               const EcMoqtName *space,
                               EcRelayNodeFunc func,
                               gpointer user_data);
/* This one and all below it. */
void ec_relay_node_each_below (EcRelayNode *self, EcRelayNodeFunc func, gpointer user_data);

/* -- ec-relay-registry.c; locked */
/* NULL: there is none, or there are too many. */
EcRelayTrack *ec_relay_registry_get_track (EcRelayCore *core, EcMoqtName *name, gboolean create);
void ec_relay_registry_add_publication (EcRelayCore *core, EcRelayPublication *publication);
void ec_relay_registry_remove_publication (EcRelayCore *core, EcRelayPublication *publication);
void ec_relay_registry_add_interest (EcRelayCore *core, EcRelayInterest *interest);
void ec_relay_registry_remove_interest (EcRelayCore *core, EcRelayInterest *interest);
/* … in something else from now on; what it was told of that still belongs to it is not told again. */
void ec_relay_registry_move_interest (EcRelayCore *core,
                                      EcRelayInterest *interest,
                                      EcMoqtName *prefix,
                                      const EcRelayPrincipals *who);
/* A PUBLISH was granted: who asked for tracks is offered it. */
void ec_relay_registry_offer (EcRelayCore *core, EcRelayTrack *track);

/* -- ec-relay-track.c; locked, but for these two */
EcRelayTrack *ec_relay_track_ref (EcRelayTrack *self);
void ec_relay_track_unref (EcRelayTrack *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcRelayTrack, ec_relay_track_unref)
EcRelayTrack *ec_relay_track_new (EcRelayCore *core, EcMoqtName *name);
void ec_relay_track_add_downstream (EcRelayCore *core, EcRelayTrack *self, EcRelayDownstream *down);
void ec_relay_track_remove_downstream (EcRelayCore *core, EcRelayDownstream *down);
void ec_relay_track_add_upstream (EcRelayCore *core, EcRelayTrack *self, EcRelayUpstream *up);
void ec_relay_track_remove_upstream (EcRelayCore *core, EcRelayUpstream *up);
gboolean ec_relay_track_is_published (EcRelayTrack *self);
gboolean ec_relay_track_is_wanted (EcRelayTrack *self);
/* Somebody who serves it or was asked for it; who was banned is nobody. */
gboolean ec_relay_track_has_upstream (EcRelayTrack *self);
/* Asks every publisher that may serve the track and was not asked yet. */
void ec_relay_track_ask (EcRelayCore *core, EcRelayTrack *self);
/* Draws all conclusions from what has changed. */
void ec_relay_track_update (EcRelayCore *core, EcRelayTrack *self);
/* What a reader's parameters say of a new group goes to publishers that make them on demand (§10.2.13). */
void ec_relay_track_request_group (EcRelayTrack *self, const EcMoqtParams *params);
/* Whether such a request is outstanding. */
gboolean ec_relay_track_wants_group (EcRelayTrack *self);
/* Adds what it is and has seen. */
void ec_relay_track_add_stats (EcRelayTrack *self, EcRelayStatsData *stats);
void ec_relay_track_tick (EcRelayCore *core, EcRelayTrack *self);
/* An upstream says yes, and for how long (§10.2.10); 0: it did not say. */
void ec_relay_track_served (EcRelayCore *core,
                            EcRelayTrack *self,
                            EcRelayUpstream *up,
                            guint64 expires_ms);
/* An upstream that served it is gone, for that reason. */
void ec_relay_track_deserted (EcRelayCore *core, EcRelayTrack *self, EcMoqtDoneCode code);
/* All subscriptions end, and the track leaves the registry. */
void
ec_relay_track_end (EcRelayCore *core, EcRelayTrack *self, EcMoqtDoneCode code, const char *reason);
/* Asks `up` (nullable: any) for objects that `down` (nullable) waits for, unless that is under way. FALSE: nobody can be asked. */
gboolean ec_relay_track_fill (EcRelayCore *core,
                              EcRelayTrack *self,
                              EcRelayUpstream *up,
                              gboolean joining,
                              EcRelayDownstream *down,
                              EcMoqtLocation from,
                              EcMoqtLocation to);
/* What was asked of `up` is given up: others are asked instead. */
void ec_relay_track_give_up_fills (EcRelayTrack *self, EcRelayUpstream *up);
/* `failed`: another publisher may have more luck. */
void ec_relay_track_fill_done (EcRelayCore *core, EcRelayFill *fill, gboolean failed);

/* -- ec-relay-session.c; the session's thread */
/* The feed's readers hear of what was put when all that has come was put. */
void ec_relay_session_flush_soon (EcRelaySession *self, EcMoqFeed *feed);
EcRelaySession *ec_relay_session_ref (EcRelaySession *self);
void ec_relay_session_unref (EcRelaySession *self);
void
ec_relay_session_start (EcRelaySession *self, EcTransport *transport, const EcMoqtDraft *draft);
guint64 ec_relay_session_now (EcRelaySession *self);
/* What the items that others have queued say. Comes last in an event: the session may be gone when it returns. */
void ec_relay_session_drain (EcRelaySession *self);
/* Keeps an item that was counted (transfer full). */
void ec_relay_session_keep (EcRelaySession *self, gpointer item);
/* The item's request has ended: it leaves the registry and the session. */
void ec_relay_session_drop (EcRelaySession *self, gpointer item);
/* The peer asks for too much; closes the session when that goes on. */
void ec_relay_session_strike (EcRelaySession *self, const char *what);
/* One more of what is counted; refuses the request where there are too many. */
gboolean ec_relay_session_count (
    EcRelaySession *self, EcMoqtRequest *request, EcRelayCount count, guint max, gsize bytes);
/* Who the peer is in a namespace; refuses the request if its tokens are wrong. */
gboolean ec_relay_session_identify (EcRelaySession *self,
                                    EcMoqtRequest *request,
                                    EcMoqtName *space,
                                    EcRelayPrincipals *who);

/* … and what an update says of that (transfer none); FALSE: its tokens are wrong. */
gboolean ec_relay_session_identify_again (EcRelaySession *self,
                                          const EcMoqtParams *changed,
                                          EcMoqtName *space,
                                          EcRelayPrincipals *who,
                                          EcMoqtErrorCode *code,
                                          const char **reason);

/* -- ec-relay-downstream.c: what the peer asks for, [t] */
void ec_relay_downstream_requested (EcRelaySession *self, EcMoqtRequest *request);
void ec_relay_downstream_look (EcRelaySession *self, EcRelayDownstream *down);
void ec_relay_downstream_granted (EcRelaySession *self, EcRelayDownstream *down);
void ec_relay_downstream_updated (EcRelaySession *self,
                                  EcRelayDownstream *down,
                                  const EcMoqtParams *changed);
void ec_relay_downstream_leave (EcRelaySession *self, EcRelayDownstream *down);
void ec_relay_downstream_pump (EcRelaySession *self);
void ec_relay_downstream_pump_one (EcRelaySession *self, EcRelayDownstream *down);

/* -- ec-relay-upstream.c: what we ask the peer for, [t] */
void ec_relay_upstream_published (EcRelaySession *self, EcMoqtRequest *request);
void ec_relay_upstream_look (EcRelaySession *self, EcRelayUpstream *up);
void
ec_relay_upstream_granted (EcRelaySession *self, EcRelayUpstream *up, const EcMoqtGrant *grant);
/* `grant` NULL: it was refused. */
void
ec_relay_upstream_updated (EcRelaySession *self, EcRelayUpstream *up, const EcMoqtGrant *grant);
void
ec_relay_upstream_refused (EcRelaySession *self, EcRelayUpstream *up, const EcMoqtRefusal *refusal);
void ec_relay_upstream_finished (EcRelaySession *self, EcRelayUpstream *up, EcMoqtDoneCode code);
/* It contradicts what others said first (Malformed Tracks, §2.4.2): it is not listened to any more, and nobody else notices. */
void ec_relay_upstream_ban (EcRelaySession *self, EcRelayUpstream *up);
void ec_relay_upstream_leave (EcRelaySession *self, EcRelayUpstream *up);
void ec_relay_fill_look (EcRelaySession *self, EcRelayFill *fill);
void ec_relay_fill_granted (EcRelayFill *fill, const EcMoqtGrant *grant);
void ec_relay_fill_finished (EcRelaySession *self, EcRelayFill *fill, EcMoqtDoneCode code);
void ec_relay_fill_leave (EcRelaySession *self, EcRelayFill *fill);

/* -- ec-relay-inflow.c: objects that come, [t] */
void ec_relay_inflow_stream_opened (EcRelaySession *self, EcMoqtStream *stream);
void
ec_relay_inflow_object (EcRelaySession *self, EcMoqtStream *stream, const EcMoqtObject *object);
void ec_relay_inflow_payload (EcRelaySession *self,
                              EcMoqtStream *stream,
                              const guint8 *data,
                              gsize size);
void ec_relay_inflow_range (EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown);
void ec_relay_inflow_object_ended (EcRelaySession *self, EcMoqtStream *stream);
void ec_relay_inflow_stream_ended (EcRelaySession *self,
                                   EcMoqtStream *stream,
                                   gboolean reset,
                                   EcMoqtResetCode code);
void ec_relay_inflow_datagram (EcRelaySession *self,
                               EcMoqtRequest *request,
                               const EcMoqtObject *object,
                               const guint8 *payload,
                               gsize size);
/* An object of a fill is there whole, or one came as a datagram. */
void ec_relay_inflow_put (EcRelaySession *self,
                          EcRelayUpstream *up,
                          EcMoqFeedWriter *writer,
                          const EcMoqtObject *object,
                          EcPayload *payload);
/* The request of its streams is gone, and so are they. */
void ec_relay_inflow_forget (EcRelaySession *self, EcRelayUpstream *up);
/* Of what is held, that which may be said by now. */
void ec_relay_inflow_go_on (EcRelaySession *self, EcRelayUpstream *up);

/* -- ec-relay-namespaces.c: who publishes and who wants to know, [t] */
void ec_relay_namespaces_published (EcRelaySession *self, EcMoqtRequest *request);
void ec_relay_namespaces_asked (EcRelaySession *self, EcMoqtRequest *request);
/* FALSE: the update is to be refused. */
gboolean ec_relay_interest_updated (EcRelaySession *self,
                                    EcRelayInterest *interest,
                                    const EcMoqtParams *changed,
                                    EcMoqtErrorCode *code,
                                    const char **reason);
void ec_relay_interest_look (EcRelaySession *self, EcRelayInterest *interest);
