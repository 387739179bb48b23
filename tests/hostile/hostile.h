/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <netinet/in.h>

#include "moqt/ec-moqt-draft.h"
#include "quic/ec-quic-endpoint.h"

/* What the attacks are made of. An attack runs until target->end_us, and counts what it did. */

#define HONEST_SPACE "live/honest"
#define HONEST_TRACK "chunks"

typedef struct {
  GInetSocketAddress *address;
  struct sockaddr_in native;
  EcQuicVerify *verify;
  gint64 end_us; /* monotonic */
  guint64 n;     /* atomically: how often it did what it does */
} Target;

void target_count (Target *self, guint64 n);
gboolean target_is_over (const Target *self);
/* A socket of its own port. */
int target_open_port (const Target *self);

/* -- raw.c: connections that say what they like, all on one thread */

typedef struct _Raw Raw;

typedef struct {
  const char *alpn; /* NULL: "moqt-18" */
  guint n_connections;
  gboolean again;    /* who is closed comes back */
  gboolean deaf;     /* gives no credit back */
  gboolean no_setup; /* says nothing by itself */
  guint tick_ms;     /* between ticks; 0: 2 */
  EcQuicTuning tuning;
  GInetSocketAddress *through; /* dialled in place of the target; nullable */
  EcTransport *(*wrap) (Raw *raw, EcTransport *transport); /* nullable */
  void (*begin) (Raw *raw);                                /* nullable */
  void (*tick) (Raw *raw);                                 /* nullable */
  void (*data) (
      Raw *raw, EcStreamId id, const guint8 *data, gsize size, gboolean fin); /* nullable */
} RawPlan;

struct _Raw {
  Target *target;
  const RawPlan *plan;
  EcQuicEndpoint *endpoint;
  EcTransport *transport;
  guint number;   /* of those that run at once */
  guint64 serial; /* of all */
  EcStreamId control;
  guint64 next_request;
  guint64 ticks;
  GArray *streams; /* of EcStreamId: for the plan */
  gboolean established;
};

void raw_run (Target *target, const RawPlan *plan);
/* Fails the whole of it unless as many as that became established. */
EcStreamId raw_open (Raw *self, gboolean uni);
/* As many random bytes, or those. */
void raw_write (Raw *self, EcStreamId id, const guint8 *data, gsize size, gboolean fin);
void raw_message (Raw *self, EcStreamId id, EcMoqtMessage *message, gboolean fin);
/* Opens a stream for a request and sends it; EC_STREAM_NONE: there is none. Clears the message. */
EcStreamId raw_request (Raw *self, EcMoqtMessage *message);
/* Lets go of the oldest stream that was kept beyond `keep`. */
void raw_drop_oldest (Raw *self, guint keep);

/* -- forge.c: one connection whose packets we make ourselves, after a handshake that was honest */

typedef struct _Forge Forge;

Forge *forge_new (Target *target, const char *alpn); /* NULL: there was no handshake */
void forge_free (Forge *self);
void forge_send (Forge *self, const guint8 *frames, gsize size);
/* Takes what the peer sends, unread. */
void forge_drain (Forge *self);
void forge_varint (GByteArray *out, guint64 value);
void forge_stream_frame (
    GByteArray *out, guint64 id, guint64 offset, const guint8 *data, gsize size, gboolean fin);
#define FORGE_MAX_FRAMES 1150

/* -- The attacks */

typedef struct {
  const char *name;
  void (*run) (Target *target);
} Attack;

extern const Attack quic_attacks[], request_attacks[], object_attacks[], web_attacks[];
