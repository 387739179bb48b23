/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "seal/ec-identity.h"
#include "session/ec-moq-dial.h"
#include "session/ec-moq-news.h"
#include "share/ec-publish-broadcast.h"
#include "share/ec-publish-relay.h"
#include "source/ec-source-core.h"

/*
 * EcPublishCore: what an EcPublisher stands for. Its own thread reads the source, cuts it and writes the broadcasts; each relay has
 * one that keeps up the session. Counted by reference, any thread.
 */
typedef struct _EcPublishCore EcPublishCore;

typedef enum {
  EC_PUBLISH_IDLE,
  EC_PUBLISH_STARTING, /* listening, opening the source */
  EC_PUBLISH_RUNNING,
  EC_PUBLISH_STOPPING, /* what was sent is being taken leave of */
  EC_PUBLISH_STOPPED,  /* by its owner, by the end of the source, or by an error */
} EcPublishState;

enum {
  EC_PUBLISH_NEWS_STATE = 1 << 0,
  EC_PUBLISH_NEWS_NAMES = 1 << 1,
  EC_PUBLISH_NEWS_STATS = 1 << 2,
};

typedef struct {
  EcSourceCore *source; /* referenced */
  EcIdentity *identity; /* referenced */
  GPtrArray *relays;    /* EcPublishRelay; referenced */
  guint program_number; /* 0: the source's, or the first */
  const char *name;     /* of the source-scoped broadcast; NULL: as ECP-0003 §3 */
  gboolean broadcast_scope;
  gboolean pace; /* a finite source goes at the speed of its clock */
  const char *const *listen;
  const char *certificate_file;
  const char *key_file;
  const char *times_file; /* see EcPublisher:times-file; nullable */
  EcMoqNews *news;        /* referenced */
} EcPublishConfig;

typedef struct {
  guint64 n_chunks; /* that closed */
  guint64 n_clean;
  guint64 n_damaged; /* not clean: damaged, or uncertain */
  guint64 n_revoked;
  guint64 n_parts;
  guint64 n_bytes;
  guint64 n_reset; /* streams of the broadcast scope that were reset */
  guint64 bytes_out;
  guint n_subscribers;
  guint n_sessions; /* of those who dialled us */
} EcPublishStats;

/* Starts at once. */
EcPublishCore *ec_publish_core_new (const EcPublishConfig *config) G_GNUC_WARN_UNUSED_RESULT;
EcPublishCore *ec_publish_core_ref (EcPublishCore *self);
void ec_publish_core_unref (EcPublishCore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcPublishCore, ec_publish_core_unref)

/* Begins to stop; STOPPED follows within a bounded time. */
void ec_publish_core_stop (EcPublishCore *self);

EcPublishState ec_publish_core_get_state (EcPublishCore *self);
/* Why it stopped by itself; NULL: it did not, or at the source's end. */
GError *ec_publish_core_dup_error (EcPublishCore *self);
/* NULL: not published now. */
char *ec_publish_core_dup_source_name (EcPublishCore *self);
char *ec_publish_core_dup_broadcast_name (EcPublishCore *self);
/* Somebody else serves the broadcast-scoped name, with other chunks. */
gboolean ec_publish_core_is_contested (EcPublishCore *self);
void ec_publish_core_get_stats (EcPublishCore *self, EcPublishStats *stats);
char **ec_publish_core_dup_addresses (EcPublishCore *self);
GPtrArray *ec_publish_core_get_certificate_hashes (EcPublishCore *self); /* of GBytes */
