/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moq-ways.h"
#include "session/ec-moq-server.h"
#include "session/ec-moq-session-private.h"
#include "session/ec-moq-track-private.h"

/* A client and a server of this process, as applications have them, over real sockets; and what tests do with them. */

typedef struct {
  EcMoqServer *server;
  EcMoqSession *theirs; /* the server's end */
  EcMoqSession *ours;
  EcMoqTrack *early; /* offered as soon as a client comes; owned */
  guint unasked; /* tracks that the client publishes before the server's application has looked */
  GPtrArray *taken; /* the server takes them; nullable */
} Pair;

void pair_start (Pair *pair, const Way *way);
void pair_stop (Pair *pair);
EcMoqConnectOptions *pair_make_options (Pair *pair, const Way *way);
char *pair_make_uri (Pair *pair, const Way *way);
/* A handler of EcMoqSession::published. */
void keep_published (EcMoqSession *session, EcMoqSubscription *subscription, GPtrArray *published);

EcMoqTrack *make_track (const char *space, const char *name);
EcMoqSubscription *
subscribe (EcMoqSession *session, const char *space, const char *track, EcMoqStart start);
/* The payload of an object: a function of where it is. */
GBytes *make_payload (guint64 group, guint64 object, gsize size);
/* With priority 100. */
void write_object (EcMoqTrack *track, guint64 group, guint64 object, gsize size, gboolean end);
/* Blocks; asserts that there is no error. NULL: the track's end. */
EcMoqObject *read_object (EcMoqSubscription *subscription);
/* That the next one is as write_object() made it. */
void expect_object (EcMoqSubscription *subscription, guint64 group, guint64 id, gsize size);
void expect_kind (EcMoqSubscription *subscription, EcMoqObjectKind kind, guint64 group);
/* Adds /session/NAME/SCHEME/DRAFT for each of the ways, whose data it is. */
void add_all_ways (const char *name, GTestDataFunc func);
