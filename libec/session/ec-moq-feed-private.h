/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-feed.h"

/*
 * How a feed is made. All of it is under the feed's mutex, but where a line says otherwise.
 *
 * A group has its objects twice: all in the order of their ids, for fetches, and each subgroup's, for streams. What a writer
 * is at in a subgroup is an EcFeedStream; where a reader is, an EcFeedCursor. An evicted group's objects are gone at once; the group
 * itself goes with the last who points at it.
 */

#define EC_FEED_MAX_SUBGROUPS 256
/* Who is silent for twice as long as it was before has stalled, and those behind it go on; within these. */
#define EC_FEED_SILENCE_US (20 * 1000)
#define EC_FEED_MIN_STALL_US (1 * G_USEC_PER_SEC)
#define EC_FEED_MAX_STALL_US (10 * G_USEC_PER_SEC)
#define EC_FEED_MAX_STREAMS 1024 /* of one writer, at once */
/* What a reader's stream may hold unsent before no more is written to it, in bytes. */
#define EC_FEED_MAX_UNSENT (256 * 1024)
/* … where objects must be delivered in time: what is there already can hardly be called back. */
#define EC_FEED_MAX_UNSENT_TIMED (8 * 1024)
/* The largest id that every draft can say: 62 bits. */
#define EC_FEED_MAX_ID ((G_GUINT64_CONSTANT (1) << 62) - 1)

typedef struct _EcFeedGroup EcFeedGroup;
typedef struct _EcFeedSubgroup EcFeedSubgroup;
typedef struct _EcFeedObject EcFeedObject;

/* What readers have not seen yet: subgroups and datagrams, in the order they came in. */
typedef struct {
  GList link;
  guint64 serial;
  EcFeedGroup *group;
  EcFeedSubgroup *subgroup; /* or */
  EcFeedObject *datagram;
} EcFeedNews;

struct _EcFeedObject {
  EcMoqtObject head;        /* with a reference to its properties */
  EcPayload *payload;       /* NULL: it has none */
  EcFeedSubgroup *subgroup; /* NULL: a datagram */
  gboolean joined;          /* its subgroup has nothing between the object before it and this */
  guint64 prior_gap;        /* so many ids before it do not exist (§12.9) */
  guint64 void_before;      /* … as a fetch told, which only fetches are served by */
  guint64 came_us;          /* when it began to come, the last time … */
  guint64 began_us;         /* … and the first */
  EcFeedNews news;          /* of a datagram */
};

/* One writer's place in one subgroup. */
typedef struct {
  EcFeedGroup *group;       /* a reference; NULL: too old to be kept, all of it is ignored */
  EcFeedSubgroup *subgroup; /* NULL as above */
  guint64 group_id;
  guint64 subgroup_id;
  gboolean first; /* nothing is missing before its first object */
  gboolean end_of_group;
  gboolean any; /* it had an object: `last` */
  guint64 last;
  EcFeedObject *object; /* that its payload goes to now; NULL between objects, and when ignored */
  gsize offset;
} EcFeedStream;

struct _EcFeedSubgroup {
  EcFeedGroup *group;
  guint64 id;
  guint8 priority;
  gboolean
      priority_known; /* a stream's head said it; what a fetch says is taken while there is nothing better */
  gboolean has_properties;
  gboolean end_of_group;
  gboolean first_known; /* the first object here is the subgroup's first */
  gboolean has_final;
  guint64 final;      /* object id */
  guint64 final_us;   /* when that was known */
  GPtrArray *objects; /* of EcFeedObject, by id */
  GPtrArray *streams; /* of EcFeedStream */
  guint64
      give_up_us; /* when what nobody can go on with is given up; G_MAXUINT64: nothing was lost */
  gboolean given_up;
  EcMoqtResetCode lost_code;
  guint64 past; /* evicted: the id behind the last object that there was; 0: none */
  EcFeedNews news;
};

struct _EcFeedGroup {
  guint refs;
  guint64 id;
  guint64 began_us;
  gboolean evicted;
  gboolean restored; /* older than what is kept, put for a fetch that waits for it */
  gboolean has_end;
  guint64 last;         /* object id, if has_end */
  guint64 prior_gap;    /* so many groups before it do not exist (§12.8) */
  guint64 void_before;  /* … as a fetch told */
  guint64 void_behind;  /* … no object from this id on exists; G_MAXUINT64: not known */
  GPtrArray *objects;   /* owned, by id */
  GPtrArray *subgroups; /* owned, by id */
  gsize bytes;          /* of payloads */
  gsize cost;           /* … and of all that goes with them */
};

struct _EcMoqFeed {
  gatomicrefcount refs;
  GMutex mutex;
  GMutex
      readers_mutex; /* of `readers` alone, so that waking keeps nobody from pumping; inside of `mutex` */
  EcMoqtName *name;
  EcMoqtProperties *properties;
  EcMoqFeedLimits limits;
  guint64 max_cache_us; /* MAX_CACHE_DURATION of an upstream; G_MAXUINT64: none */
  GPtrArray *groups;    /* by id */
  GPtrArray *writers;   /* borrowed */
  GPtrArray *readers;   /* borrowed */
  GPtrArray *fetches;   /* borrowed: those of the readers that are fetches */
  GQueue news;
  guint64 serial; /* of the last news */
  gboolean has_largest;
  EcMoqtLocation largest;
  gboolean has_track_end;
  EcMoqtLocation track_end; /* the last object */
  gboolean has_floor;
  guint64 floor;     /* groups up to this were evicted */
  guint64 lag_floor; /* who has unsent what is of groups below this is too far behind */
  guint n_restored;
  guint64 next_give_up_us; /* the earliest of the subgroups' */
  gsize cost;
  gboolean dirty; /* atomic: there is something that readers were not woken for */
  gboolean ended;
  EcMoqtDoneCode done_code;
  char *done_reason;
  EcMoqFeedStats stats; /* n_groups, n_writers, n_readers are counted when asked */
};

struct _EcMoqFeedWriter {
  EcMoqFeed *feed;
  GPtrArray *streams; /* of EcFeedStream, owned */
  guint64
      rank; /* it stands by while one below it is at work; 0: it never does, and nobody for it */
  guint64 until_us;  /* … and until then, whoever is */
  guint64 active_us; /* when it was last heard of, or came; 0: never */
  guint64 pace_us;   /* how long it is silent at times */
  guint64 newest;    /* group of which it has begun something */
};

typedef struct {
  EcFeedGroup *group; /* a reference */
  EcFeedSubgroup *subgroup;
  EcMoqtStream *stream; /* NULL: not open */
  guint64 next;         /* the lowest id that may come next */
  guint index;          /* where that was in the subgroup's objects */
  EcFeedObject *object; /* begun and not written whole */
  gsize offset;
  gboolean fresh; /* nothing went before on this stream */
  gboolean has_properties;
  guint64
      since; /* the newest group when something of it began to wait; G_MAXUINT64: all has left */
} EcFeedCursor;

/* What only a fetch has. */
typedef struct {
  EcMoqtLocation start;
  EcMoqtLocation last; /* included */
  gboolean descending;
  EcMoqtLocation at; /* the next that it wants */
  gboolean over;     /* all was written */
  EcMoqtStream *stream;
  EcFeedObject *object; /* begun and not written whole … */
  EcFeedGroup *group;   /* … of which group; a reference */
  gsize offset;
  EcMoqFeedMissingFunc missing;
  gpointer user_data;
  gboolean asked; /* for what is in `from` to `to` */
  gboolean waiting;
  EcMoqtLocation from;
  EcMoqtLocation to;
  gboolean progress;      /* an object was sent since it was asked */
  gboolean overflow;      /* some of what was put for it found no room … */
  guint64 overflow_group; /* … the first that it will come to */
} EcFeedFetch;

struct _EcMoqFeedReader {
  EcMoqFeed *feed;
  EcMoqtRequest *request;
  EcTransport *transport; /* a reference; nullable */
  gboolean pending;       /* atomic: woken, and has not pumped since */
  gboolean is_fetch;
  gboolean in_missing; /* thread of the reader: its callback is running … */
  gboolean removed;    /* … and has removed it */

  /* A subscription */
  gboolean forward;
  EcMoqtLocation start;
  guint64 end_group; /* G_MAXUINT64: none */
  gboolean has_sent;
  EcMoqtLocation sent;       /* the largest object that was begun */
  guint64 seen;              /* serial of the last news that was looked at */
  GArray *cursors;           /* of EcFeedCursor, by group */
  guint64 object_timeout_us; /* §8; 0: none */
  guint64 subgroup_timeout_us;

  EcFeedFetch fetch;
};

/* -- ec-moq-feed.c */
void ec_feed_touch (EcMoqFeed *self);
/* Gives up what has waited for long enough. */
void ec_feed_expire (EcMoqFeed *self, guint64 now_us);
void ec_feed_raise_largest (EcMoqFeed *self, EcMoqtLocation largest);
void ec_feed_add_reader (EcMoqFeed *self, EcMoqFeedReader *reader);
void ec_feed_remove_reader (EcMoqFeed *self, EcMoqFeedReader *reader);
void ec_feed_wake (EcMoqFeedReader *reader);

/* -- ec-moq-feed-store.c */
/* The index of the first that is not below `id`. */
guint ec_feed_group_index (EcMoqFeed *self, guint64 id);
guint ec_feed_object_index (GPtrArray *objects, guint64 id);
EcFeedGroup *ec_feed_find_group (EcMoqFeed *self, guint64 id);
/* NULL: it is too old to be kept. */
EcFeedGroup *ec_feed_ensure_group (EcMoqFeed *self, guint64 now_us, guint64 id, gboolean isolated);
EcFeedSubgroup *ec_feed_find_subgroup (EcFeedGroup *group, guint64 id);
/* NULL: there are too many. */
EcFeedSubgroup *
ec_feed_ensure_subgroup (EcMoqFeed *self, EcFeedGroup *group, guint64 id, guint8 priority);
EcFeedObject *ec_feed_find_object (EcFeedGroup *group, guint64 id);
/* `payload` nullable: one of our own is made. `*object` NULL with OK: its group had to go to make room. */
EcMoqFeedPut ec_feed_add_object (EcMoqFeed *self,
                                 EcFeedGroup *group,
                                 EcFeedSubgroup *subgroup,
                                 const EcMoqtObject *head,
                                 EcPayload *payload,
                                 EcFeedObject **object);
gboolean ec_feed_object_is_whole (const EcFeedObject *self);
/* Whether nothing of the group is missing here, as far as anybody can know. */
gboolean ec_feed_group_is_whole (const EcFeedGroup *self);
EcFeedGroup *ec_feed_group_ref (EcFeedGroup *self);
void ec_feed_group_unref (EcFeedGroup *self);
void ec_feed_evict (EcMoqFeed *self, EcFeedGroup *group);
/* The oldest that may go, but for the newest `keep`; NULL: none. */
EcFeedGroup *ec_feed_get_evictable (EcMoqFeed *self, guint keep);
/* Lets go of what was put for fetches that have gone on. */
void ec_feed_drop_restored (EcMoqFeed *self);

typedef enum {
  EC_FEED_STEP_OBJECT, /* the one at the index is next */
  EC_FEED_STEP_WAIT,
  EC_FEED_STEP_DONE,   /* that was the subgroup's last */
  EC_FEED_STEP_BROKEN, /* what comes next is lost */
} EcFeedStep;
/* What a stream of the subgroup goes on with that would send the object at `index` next, the first that is not below
 * `next`. `fresh`: it has sent none yet. */
EcFeedStep ec_feed_subgroup_step (EcFeedSubgroup *self, guint index, guint64 next, gboolean fresh);
/* Whether nobody will fill up an object that is not whole. */
gboolean ec_feed_object_is_lost (EcFeedObject *self);
/* Whether it came so long ago that it must not be begun any more (§12.3). */
gboolean ec_feed_object_is_expired (const EcMoqFeedReader *reader, const EcFeedObject *self);

/* -- ec-moq-feed-writer.c */
void ec_feed_subgroup_lose (EcMoqFeed *self,
                            EcFeedSubgroup *subgroup,
                            guint64 now_us,
                            EcMoqtResetCode code,
                            guint n_others);

/* -- ec-moq-feed-reader.c */
void ec_feed_reader_free (EcMoqFeedReader *self);

/* -- ec-moq-feed-fetch.c */
gboolean ec_feed_fetch_pump (EcMoqFeedReader *self);
gboolean ec_feed_fetch_wants (EcMoqFeedReader *self, guint64 group);
void ec_feed_fetch_overflow (EcMoqFeedReader *self, guint64 group);
void ec_feed_fetch_clear (EcMoqFeedReader *self);
