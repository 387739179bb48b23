/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-feed.h"

/*
 * A peer that reads a feed, and what it received. Every byte of payload is checked against what the test's track has there:
 * feed_peer_byte(). A repeated byte, a gap within an object, an object out of order fail the test at once.
 */

typedef struct {
  EcMoqtLocation location;
  guint64 subgroup;
  guint64 size;
  guint64 received;
} FeedPeerObject;

typedef struct {
  guint64 group, subgroup;
  guint8 priority;
  gboolean first, end_of_group, has_properties;
  GArray *objects; /* of FeedPeerObject */
  gboolean ended;  /* by FIN, or … */
  gboolean reset;
  EcMoqtResetCode code;
} FeedPeerStream;

typedef struct {
  guint at; /* so many objects came before it */
  EcMoqtLocation to;
  gboolean unknown;
} FeedPeerRange;

typedef struct _FeedPeer FeedPeer;

guint8 feed_peer_byte (guint64 group, guint64 object, gsize offset);
/* `size` bytes of an object. */
guint8 *feed_peer_bytes (guint64 group, guint64 object, gsize size);

FeedPeer *feed_peer_subscribe (EcMoqFeed *feed, const EcMoqtParams *params);
FeedPeer *feed_peer_subscribe_since (EcMoqFeed *feed,
                                     const EcMoqtParams *params,
                                     const EcMoqtLocation *largest);
FeedPeer *feed_peer_fetch (EcMoqFeed *feed,
                           EcMoqtLocation start,
                           EcMoqtLocation end,
                           gboolean descending,
                           EcMoqFeedMissingFunc missing,
                           gpointer user_data);
void feed_peer_free (FeedPeer *self);

/* How many bytes the transport still takes before they stay unsent; G_MAXSIZE: all, at once. */
void feed_peer_allow (FeedPeer *self, gsize bytes);
void feed_peer_allow_streams (FeedPeer *self, guint n);
/* As the link does when it is woken, or told of something; FALSE: the reader is gone. */
gboolean feed_peer_pump (FeedPeer *self);
/* Pumps if it was woken. */
gboolean feed_peer_run (FeedPeer *self);
/* Blocks until it is woken. */
void feed_peer_wait (FeedPeer *self);
guint feed_peer_get_n_wakes (FeedPeer *self);
void feed_peer_update (FeedPeer *self, const EcMoqtParams *params);
void feed_peer_stop (FeedPeer *self, guint stream);
EcMoqFeedReader *feed_peer_get_reader (FeedPeer *self);

gboolean feed_peer_is_granted (FeedPeer *self, EcMoqtLocation *largest);
gboolean feed_peer_is_refused (FeedPeer *self, EcMoqtErrorCode *code);
gboolean feed_peer_is_done (FeedPeer *self, EcMoqtDoneCode *code);
gboolean feed_peer_get_fetch_end (FeedPeer *self, EcMoqtLocation *end);
guint feed_peer_get_n_streams (FeedPeer *self);
FeedPeerStream *feed_peer_get_stream (FeedPeer *self, guint i);
guint feed_peer_get_n_ranges (FeedPeer *self);
FeedPeerRange *feed_peer_get_range (FeedPeer *self, guint i);
guint feed_peer_get_n_datagrams (FeedPeer *self);
