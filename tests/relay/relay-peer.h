/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "relay/ec-relay-core.h"
#include "session/ec-moq-feed.h"
#include "session/ec-moq-link.h"
#include "transport/ec-memory-transport.h"

#define SECOND ((guint64) G_USEC_PER_SEC)

/*
 * A relay in virtual time, and peers of it over pairs in memory. Every byte of payload that a peer receives is checked against what the
 * test's broadcast has there.
 */
typedef struct {
  EcMemoryNetwork *network;
  EcRelayCore *core;
  GPtrArray *peers;
  guint64 latency_us;
  guint max_piece;
} World;

typedef struct _Peer Peer;
typedef struct _Sub Sub;

/* One of our requests as a subscriber. */
struct _Sub {
  Peer *peer;
  EcMoqtRequest *request; /* NULL: ended */
  gboolean fetch;
  gboolean granted, refused, done;
  EcMoqtErrorCode error;
  EcMoqtDoneCode done_code;
  gboolean has_largest;
  EcMoqtLocation largest;
  EcMoqtProperties *properties;       /* of the track, with the grant; owned, nullable */
  guint n_streams, n_with_properties; /* subgroups; … that have a properties field */
  guint n_datagrams, n_unknown;       /* … and ranges that are said to be unknown */
  guint8 priority;                    /* of the last object */
  EcMoqtResetCode reset;              /* of the last stream that was cut */
  guint n_reset;                      /* streams that were */
  guint64 max_late_us;                /* how late an object's head came at most */
  GHashTable *objects;                /* group << 16 | object -> bytes that came, + 1 */
  guint n_whole, n_repeated, n_wrong, n_cut;
  guint64 first_us;    /* when the first object came */
  gboolean take_wrong; /* count what differs from the broadcast, and go on */
  guint8 twist;        /* what is expected: see Pub */
};

/* A track that a peer publishes, made by the test's clock. */
typedef struct {
  Peer *peer;
  EcMoqtName *name;
  EcMoqFeed *feed;
  EcMoqFeedWriter *writer;
  EcMoqtRequest *publish; /* by PUBLISH; nullable */
  guint64 at;             /* the next object, counted from the start */
  guint64 half_us;        /* the second half of its payload comes then; 0: no half is out */
  guint64 offset_us;      /* how late this publisher is */
  gboolean stalled;       /* makes nothing more, and says nothing of it */
  guint8 twist;           /* 0: the truth; else what a forger says */
  guint n_subscribed;     /* SUBSCRIBEs that came for it, in all */
  guint n_fetched;
  guint64 expires_us;          /* when the subscription is over; 0: never … */
  EcMoqtRequest *subscription; /* … which it is; borrowed */
} Pub;

struct _Peer {
  World *world;
  EcMoqLink *link; /* NULL: closed */
  EcMoqtSession *moqt;
  gboolean ready, closed, goaway, remote;
  guint64 close_code;
  GPtrArray *subs;             /* Sub, owned */
  GPtrArray *pubs;             /* Pub, owned */
  GPtrArray *readers;          /* of our pubs' feeds */
  GHashTable *places;          /* of streams */
  GHashTable *found;           /* names that were told, as text */
  guint n_lost;                /* NAMESPACE_DONEs */
  gboolean never_read;         /* gives no credit back */
  gboolean take_published;     /* PUBLISHes are granted */
  EcMoqtErrorCode space_error; /* of the last namespace request that was refused */
  guint n_space_granted, n_space_refused;
  guint n_refused; /* requests in all */
  guint64 window;
  guint n_group_requests;      /* NEW_GROUP_REQUESTs to it … */
  guint64 group_request;       /* … the last */
  gboolean ignore_fetch;       /* no answer to a FETCH */
  guint64 expires_ms;          /* what subscriptions of its are good for; 0: it does not say */
  gboolean keep_expiry;        /* … and an update does not change that */
  guint n_updates;             /* REQUEST_UPDATEs to it */
  EcMoqtErrorCode refuse_with; /* a SUBSCRIBE for what it has; 0: it is granted */
};

/* What the broadcast is: groups of 20 objects, an object every 50 ms. */
#define GROUP_OBJECTS 20
#define OBJECT_US 50000

/* The track of most tests. */
#define PATH "ec/v1/atsc/2065/3/ts-canonical-1"
#define TRACK "chunks"

extern const EcMoqtDraft *const drafts[2]; /* 16 and 18 */
extern const guint8 key_a[32], key_b[32];

World *world_new (guint32 seed, const EcRelayCoreConfig *config);
void world_free (World *self);
guint64 world_now (World *self);
/* Lets time pass; publishers publish, the relay ticks. */
void world_run (World *self, guint64 us);
EcRelayStatsData world_get_stats (World *self);
/* Of a relay that takes everybody's tracks below ec/v1; for one world_new(). */
EcRelayCoreConfig any_may_publish (void);
/* Adds PATH/0 … for as many mixes, which are the test's data; of them, bit 0 is for the publisher's draft, bit 1 for the viewer's. */
void add_mixes (const char *path, guint n_mixes, GTestDataFunc func);

Peer *peer_new (World *world, const EcMoqtDraft *draft, const guint8 *key);
/* With limits of the pair; `link` as for ec_memory_network_pair(). */
Peer *peer_new_full (World *world,
                     const EcMoqtDraft *draft,
                     const EcMemoryLink *link,
                     GBytes *token,
                     const char *authority);
/* A world with one publisher, that has key_a, and one viewer. */
typedef struct {
  World *world; /* to be freed */
  Peer *publisher, *viewer;
} Scene;

Scene scene_new (guint mix, guint32 seed, const EcRelayCoreConfig *config);
void peer_close (Peer *self);
/* As SIGKILL does: nothing more comes, and nothing says so. */
void peer_cut (Peer *self);
Sub *peer_subscribe (Peer *self, const char *path, const char *track, gboolean join);
Sub *
peer_subscribe_with (Peer *self, const char *path, const char *track, const EcMoqtParams *params);
Sub *peer_fetch (
    Peer *self, const char *path, const char *track, EcMoqtLocation start, EcMoqtLocation end);
Sub *peer_fetch_with (Peer *self,
                      const char *path,
                      const char *track,
                      EcMoqtLocation start,
                      EcMoqtLocation end,
                      const EcMoqtParams *params);
EcMoqtRequest *peer_announce (Peer *self, const char *path, GBytes *token);
EcMoqtRequest *peer_listen (Peer *self, const char *path);
EcMoqtRequest *peer_listen_tracks (Peer *self, const char *path);
/* Publishes a track that is made from now on, at the world's clock; to be announced apart, or `publish`ed. */
Pub *peer_make (Peer *self, const char *path, const char *track, gboolean publish);
/* … with properties of the track's (nullable). */
Pub *peer_make_with (Peer *self,
                     const char *path,
                     const char *track,
                     gboolean publish,
                     EcMoqtProperties *properties);
/* PATH's TRACK: announced and made, or by PUBLISH. */
Pub *peer_offer (Peer *self, gboolean publish, EcMoqtProperties *properties);
/* … as a forger has it: something else, and a little later. */
Pub *peer_forge (Peer *self);
/* … subscribed to. */
Sub *peer_watch (Peer *self, gboolean join);
/* TRACK_STATUS. */
Sub *peer_ask_status (Peer *self, const char *path, const char *track);
void sub_end (Sub *self);
/* A whole object that is not made by the clock. */
void pub_put (Pub *self, guint64 now_us, guint64 group, guint64 object);

gsize broadcast_size (guint64 group, guint64 object);
guint8 broadcast_byte (guint64 group, guint64 object, gsize offset);
/* Of an object: whole, and true unless there is a twist. */
EcPayload *broadcast_payload (guint64 group, guint64 object, guint8 twist);
gboolean sub_has (const Sub *self, guint64 group, guint64 object);
/* Asserts that all objects are there from the first of a group that has object 0 up to the end of group `to`. Returns that group. */
guint64 sub_check_whole (const Sub *self, guint64 to);
/* Of a fetch: that it came to its end, with so many objects, and none of them twice. */
void sub_check_fetched (const Sub *self, guint n_whole);
void sub_check_done (const Sub *self, EcMoqtDoneCode code);
guint64 broadcast_group (World *world);
EcMoqtName *make_name (const char *path, const char *track);
