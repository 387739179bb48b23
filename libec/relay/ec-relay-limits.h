/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * What a relay lets its peers have. All of it is against hostile ones: a session that asks for more is refused with EXCESSIVE_LOAD,
 * and closed when it does not learn.
 */
typedef struct {
  gsize memory; /* bytes: payloads, and what is reckoned for sessions and requests */
  guint max_sessions;
  guint max_sessions_per_address;  /* of one IPv4 address or IPv6 /64; loopback is not counted */
  guint max_tracks;                /* in all */
  guint max_namespaces;            /* in all */
  guint max_session_subscriptions; /* SUBSCRIBE and PUBLISH to the session */
  guint max_session_fetches;       /* FETCH and TRACK_STATUS, open at once */
  guint max_session_tracks;        /* PUBLISHed by the session */
  guint max_session_namespaces;    /* PUBLISH_NAMESPACE of the session */
  guint max_session_interests;     /* SUBSCRIBE_NAMESPACE and SUBSCRIBE_TRACKS */
  guint max_session_streams;       /* that carry objects to us, open at once */
  guint64 max_object_size;         /* bytes */
  guint requests_per_second;       /* of a session, in the long run … */
  guint request_burst;             /* … and at once */
  guint max_strikes;         /* refusals for load, within a minute, before the session is closed */
  gsize max_unsent_control;  /* bytes of answers that a session does not read */
  guint64 max_rendezvous_ms; /* RENDEZVOUS_TIMEOUT, §9.2.10 */
  guint64 linger_ms;         /* an upstream subscription stays after its last reader */
  guint64 orphan_ms;         /* readers wait for a new publisher after the last one went */
  guint64 claim_ms;          /* a key's claim stays after its last session */
} EcRelayLimits;

/* A quarter of the memory of the machine, and 1 GiB at most. */
gsize ec_relay_limits_default_memory (void);
/* Everything that is 0 becomes its default. */
void ec_relay_limits_fill (EcRelayLimits *self);

/* A token bucket; `level` in millionths of a token. */
typedef struct {
  guint64 level;
  guint64 at_us;
} EcRelayBucket;

void ec_relay_bucket_init (EcRelayBucket *self, guint burst, guint64 now_us);
gboolean ec_relay_bucket_take (EcRelayBucket *self, guint per_second, guint burst, guint64 now_us);
