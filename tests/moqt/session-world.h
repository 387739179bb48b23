/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session-user.h"

/* One session, whose peer is the test: it writes by the codec, and sees what the session sent. */
typedef struct _World World;

struct _World {
  const EcMoqtDraft *draft;
  EcMoqtSession *session;
  User user;
  gboolean server;       /* what is tested */
  gint64 opened[2];      /* streams of the session's */
  gint64 last_bidi;      /* … the latest */
  GString *sent;         /* kinds of messages that it sent */
  guint n_errors;        /* REQUEST_ERRORs among them … */
  EcMoqtErrorCode error; /* … the last one's */
  guint n_stopped;       /* streams of the peer's that it stopped */
  guint64 n_data;        /* bytes in streams of objects, and of datagrams */
  guint64 consumed;
  GByteArray *bytes; /* to be said */
};

/* A session before SETUP; and one that is ready. */
void world_begin (World *world, gconstpointer draft, const EcMoqtConfig *config);
void world_init_full (World *world, gconstpointer draft, const EcMoqtConfig *config);
/* With room for 40 bytes of tokens. */
void world_init (World *world, gconstpointer draft, gboolean server);
void world_clear (World *world);
/* Whether there is one control stream. */
gboolean world_is_one (const World *world);
/* The `n`th stream of the peer's. */
gint64 world_stream (const World *world, gboolean uni, guint n);
gint64 world_control (const World *world);
/* What is to be said; and says all of it. */
void world_put (World *world, const EcMoqtMessage *message);
void world_flush (World *world, gint64 id, gboolean fin);
/* A request of the peer's, the `n`th. */
void world_ask (World *world, guint n, EcMoqtMessage *message);
/* An answer to the session's latest request, on its stream. */
void world_answer (World *world, EcMoqtRequest *request, EcMoqtMessage *message);
/* The peer publishes, with alias 7; granted. */
void world_publish (World *world);
/* The session has closed with it. Clears. */
void world_expect_close (World *world, EcMoqtCloseCode code);
/* One of them, with number 1. */
EcMoqtProperties *world_make_properties (guint64 type);
