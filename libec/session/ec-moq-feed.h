/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-session.h"
#include "transport/ec-transport.h"

/*
 * EcMoqFeed: one track as it is known here: its recent groups, those who write it, and those who read it. A publisher has one for each
 * track that it makes, a relay one for each that it passes on. Any thread; counted by reference.
 *
 * Several may write one track, each from its own upstream: what came first stays, the rest is compared with it, byte by byte; who
 * differs is told so, and nobody who reads ever notices. If one stalls, another carries the track on, also in the middle of an object.
 * Those who stand by say only what is there already for as long as one who came before them is at work: what they have beyond that waits.
 *
 * A reader is a subscription or a fetch of a peer, served from the feed on the peer's own thread. One that is too slow
 * loses old groups, and delays nobody.
 */
typedef struct _EcMoqFeed EcMoqFeed;
typedef struct _EcMoqFeedWriter EcMoqFeedWriter;
typedef struct _EcMoqFeedReader EcMoqFeedReader;

typedef struct {
  EcBudget *budget;        /* what payloads count in; nullable */
  gsize max_bytes;         /* of one track's payloads; 0: 64 MiB */
  guint max_groups;        /* that are kept; 0: 32. Never fewer than the newest two */
  guint64 max_age_us;      /* since a group began; 0: 60 s */
  guint max_objects;       /* in one group; 0: 16,384 */
  guint64 max_object_size; /* 0: 16 MiB */
  guint max_lag; /* groups that a reader may be behind the newest; 0: 2 (L of DESIGN §6) */
  guint64
      linger_us; /* how long a group that lost its last writer in the middle waits for another; 0: 2 s */
} EcMoqFeedLimits;

EcMoqFeed *ec_moq_feed_new (EcMoqtName *track,
                            EcMoqtProperties *properties,
                            const EcMoqFeedLimits *limits) G_GNUC_WARN_UNUSED_RESULT;
EcMoqFeed *ec_moq_feed_ref (EcMoqFeed *self);
void ec_moq_feed_unref (EcMoqFeed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqFeed, ec_moq_feed_unref)

EcMoqtName *ec_moq_feed_get_name (EcMoqFeed *self);
/* The track's properties as an upstream told them; the first who tells, decides. From then on no object is begun that came longer ago
 * than MAX_CACHE_DURATION says (§12.3): a fetch asks for it anew. What the track's own publisher made never expires. */
void ec_moq_feed_set_properties (EcMoqFeed *self, EcMoqtProperties *properties);
/* FALSE: nothing is known to have been published. What an upstream says of it counts too. */
gboolean ec_moq_feed_get_largest (EcMoqFeed *self, EcMoqtLocation *largest);
void ec_moq_feed_raise_largest (EcMoqFeed *self, EcMoqtLocation largest);

typedef struct {
  guint n_readers, n_writers, n_groups, n_objects;
  gsize bytes;             /* of payloads held */
  guint64 bytes_in;        /* written first, without what came twice */
  guint64 bytes_duplicate; /* written again, and the same */
  guint64 bytes_out;       /* given to readers' transports */
  guint64 n_conflicts;
  guint64 n_cut_objects;    /* that a writer left in their middle */
  guint64 n_skipped_groups; /* groups that readers lost by being slow */
} EcMoqFeedStats;
void ec_moq_feed_get_stats (EcMoqFeed *self, EcMoqFeedStats *stats);

/* Drops what is too old, and, while `bytes` are not freed, the oldest groups down to the newest two; returns what it freed. */
gsize ec_moq_feed_trim (EcMoqFeed *self, guint64 now_us, gsize bytes);
/* Drops the oldest groups, the newest too, while `bytes` are not freed; returns what it freed. Subscriptions go on with what comes then. */
gsize ec_moq_feed_drop (EcMoqFeed *self, gsize bytes);
/* Drops all that is there, as if it had never been: who said it is not believed any more. Subscriptions go on with what comes then. */
void ec_moq_feed_forget (EcMoqFeed *self);
/* Ends all subscriptions by PUBLISH_DONE when they have been served what there is; nothing can be written any more. */
void ec_moq_feed_end (EcMoqFeed *self, EcMoqtDoneCode code, const char *reason);

/* -- Writing */

typedef enum {
  EC_MOQ_FEED_PUT_OK, /* new, or the same as is there, or too old to be kept */
  EC_MOQ_FEED_PUT_CONFLICT, /* contradicts what is there: drop the writer (Malformed Tracks, MOQT §2.4.2) */
  EC_MOQ_FEED_PUT_TOO_LARGE, /* a limit of one object or group */
  EC_MOQ_FEED_PUT_FULL, /* no room in the budget, and nothing of this track can be dropped for it: trim others, try again */
  EC_MOQ_FEED_PUT_AHEAD, /* of one who stands by: nobody who goes before has said it. Nothing has happened; try again later */
} EcMoqFeedPut;

/* Who writes; a publisher's own, or one upstream subscription. */
EcMoqFeedWriter *ec_moq_feed_add_writer (EcMoqFeed *self) G_GNUC_WARN_UNUSED_RESULT;
/* One of several that need not be honest: from now on it stands by while one of a lower rank (from 1 on) is at work: until that one is silent
 * for longer than it uses to be, and for a second at least. It is at work from now on itself, and stands by until `until_us` in any case. */
void
ec_moq_feed_writer_stand_by (EcMoqFeedWriter *self, guint64 now_us, guint64 rank, guint64 until_us);
/* Whether it may say what nobody has said. */
gboolean ec_moq_feed_writer_leads (EcMoqFeedWriter *self, guint64 now_us);
/* Frees it. What it left unfinished goes on with another's copy, or is reset after a while, at once if it was the only one. */
void ec_moq_feed_writer_remove (EcMoqFeedWriter *self, guint64 now_us);

/* A subgroup's stream began at this writer. `first_object`: nothing is missing before its first object. */
EcMoqFeedPut ec_moq_feed_writer_begin (EcMoqFeedWriter *self,
                                       guint64 now_us,
                                       guint64 group,
                                       guint64 subgroup,
                                       guint8 priority,
                                       gboolean has_properties,
                                       gboolean end_of_group,
                                       gboolean first_object);
/* The head of this writer's next object in the subgroup; its payload follows by put(). What has no stream (a datagram, a fetched
 * object) is put whole by put_object(). */
EcMoqFeedPut
ec_moq_feed_writer_object (EcMoqFeedWriter *self, guint64 now_us, const EcMoqtObject *object);
/* No object from `from` on and before `to` exists, as the answer to a fetch told (§11.4.4); what is put there nevertheless is no conflict. */
void ec_moq_feed_settle (EcMoqFeed *self, EcMoqtLocation from, EcMoqtLocation to);
/* The next bytes of the payload of the object that this writer is at, in that group and subgroup. */
EcMoqFeedPut ec_moq_feed_writer_put (EcMoqFeedWriter *self,
                                     guint64 now_us,
                                     guint64 group,
                                     guint64 subgroup,
                                     const guint8 *data,
                                     gsize size);
/* A whole object, kept by reference: the way of a publisher, without a copy. */
EcMoqFeedPut ec_moq_feed_writer_put_object (EcMoqFeedWriter *self,
                                            guint64 now_us,
                                            const EcMoqtObject *object,
                                            EcPayload *payload);
/* FIN: with end_of_group, the group is whole. */
EcMoqFeedPut
ec_moq_feed_writer_finish (EcMoqFeedWriter *self, guint64 now_us, guint64 group, guint64 subgroup);
/* RESET: this writer gives no more of it. */
void ec_moq_feed_writer_abandon (
    EcMoqFeedWriter *self, guint64 now_us, guint64 group, guint64 subgroup, EcMoqtResetCode code);
/* Tells the readers that there is something new; once after a batch of the above. */
void ec_moq_feed_flush (EcMoqFeed *self);

/* -- Reading. All on the thread of the request's session; `transport` is woken when there is something to pump. */

/* Grants a SUBSCRIBE (or takes up our own PUBLISH that was granted) and serves it by its filter, forward state and group order. A
 * subscription without a filter, or with one that begins before the open group, begins at the open group's first object. */
EcMoqFeedReader *ec_moq_feed_read (EcMoqFeed *self,
                                   EcMoqtRequest *subscription,
                                   EcTransport *transport) G_GNUC_WARN_UNUSED_RESULT;
/* … which was decided on when `largest` (NULL: nothing) was the largest object: what has come since is not passed over. */
EcMoqFeedReader *ec_moq_feed_read_since (EcMoqFeed *self,
                                         EcMoqtRequest *subscription,
                                         EcTransport *transport,
                                         const EcMoqtLocation *largest) G_GNUC_WARN_UNUSED_RESULT;

/* What a fetch asks for and the feed does not have (inclusive); answered by ec_moq_feed_fetch_filled(). Called on the thread that pumps,
 * with no lock held. */
typedef void (*EcMoqFeedMissingFunc) (gpointer user_data,
                                      EcMoqFeed *feed,
                                      EcMoqFeedReader *reader,
                                      EcMoqtLocation from,
                                      EcMoqtLocation to);
/* Grants a FETCH and serves it, or refuses it: INVALID_RANGE. `missing` NULL: what is not there is unknown (or, of a group that is whole,
 * does not exist). */
EcMoqFeedReader *ec_moq_feed_fetch (EcMoqFeed *self,
                                    EcMoqtRequest *fetch,
                                    EcTransport *transport,
                                    EcMoqFeedMissingFunc missing,
                                    gpointer user_data);
/* What was missing has been put as far as anybody had it. */
void ec_moq_feed_fetch_filled (EcMoqFeedReader *self);

/* Sends what there is; from `woken`, `stream_sent` and `streams_available` of the link, for each of its readers. FALSE: it has ended and is
 * gone (a fetch is done; the feed ended). */
gboolean ec_moq_feed_reader_pump (EcMoqFeedReader *self);
/* REQUEST_UPDATE was granted: filter, forward state, priority are the request's now. */
void ec_moq_feed_reader_update (EcMoqFeedReader *self);
/* `stream_stopped`: the peer does not want it. */
void ec_moq_feed_reader_stream_stopped (EcMoqFeedReader *self, EcMoqtStream *stream);
/* The request has ended, or the session has closed (its streams are gone). Frees it. */
void ec_moq_feed_reader_remove (EcMoqFeedReader *self);
