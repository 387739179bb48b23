/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "seal/ec-identity.h"
#include "share/ec-publish-broadcast.h"

/*
 * EcPublishChunks: bytes of a source in, objects of its broadcasts out (ECP-0007): which chunk goes where, and what becomes of it. One
 * thread; the events come during the calls.
 */
typedef struct _EcPublishChunks EcPublishChunks;

typedef struct {
  /* A run of indices begins: its broadcast is offered from now on in the place of the one before, which has ended; nullable. */
  void (*source) (gpointer user_data, EcPublishBroadcast *broadcast);
  /* The broadcast-scoped one likewise, where its name may be used; NULL: there is none. */
  void (*broadcast) (gpointer user_data, EcPublishBroadcast *broadcast);
  /* Of a chunk of the broadcast that has closed, and again when it is known to be `clean`. */
  void (*hash) (gpointer user_data, gint64 index, const guint8 *hash, gboolean clean);
  /* A part was sent, or a chunk closed, settled …: the statistics are other ones. */
  void (*part) (gpointer user_data, gint64 index, guint64 id, gsize size);
  void (*changed) (gpointer user_data);
} EcPublishChunksEvents;

typedef struct {
  EcIdentity *identity; /* referenced */
  guint program_number;
  const char *name; /* of the source-scoped broadcast; NULL: of device and channel */
  const char *device;
  const char *channel;
  const char *label; /* nullable */
  gboolean broadcast_scope;
} EcPublishChunksConfig;

typedef struct {
  guint64 n_chunks; /* that closed */
  guint64 n_clean, n_damaged, n_revoked;
  guint64 n_parts;
  guint64 n_bytes;
  guint64 n_reset; /* streams of the broadcast scope */
} EcPublishChunksStats;

EcPublishChunks *ec_publish_chunks_new (const EcPublishChunksConfig *config,
                                        const EcPublishChunksEvents *events,
                                        gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void ec_publish_chunks_free (EcPublishChunks *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcPublishChunks, ec_publish_chunks_free)

void ec_publish_chunks_push (EcPublishChunks *self, const guint8 *data, gsize size);
void ec_publish_chunks_discontinuity (EcPublishChunks *self);
/* End of input: what is open is reset, and the broadcasts end. */
void ec_publish_chunks_finish (EcPublishChunks *self);
/* The broadcast-scoped name is not to be used in this run any more. */
void ec_publish_chunks_contest (EcPublishChunks *self);
const EcPublishChunksStats *ec_publish_chunks_get_stats (const EcPublishChunks *self);
/* How much of the stream has gone by, in ticks of 90 kHz; may jump. */
gint64 ec_publish_chunks_get_elapsed (const EcPublishChunks *self);
/* Why nothing is chunked; FALSE with EC_CHUNK_ERROR. */
gboolean ec_publish_chunks_check (const EcPublishChunks *self, GError **error);
