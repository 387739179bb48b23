/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-dial.h"
#include "session/ec-moq-inbox.h"
#include "session/ec-moq-link.h"
#include "session/ec-moq-news.h"
#include "session/ec-moq-origin.h"
#include "session/ec-moq-reply.h"
#include "session/ec-moq-session.h"

/*
 * EcMoqCore: what an EcMoqSession stands for: a link, driven on its transport's thread, and what is known of it. Counted by
 * reference, any thread, but where it says “the link's thread”. It never holds a GObject of the session's.
 */
typedef struct _EcMoqCore EcMoqCore;

/* “libec/0.1.0”, what peers are told that we are; in ec-init.c, where the version is known. */
extern const char ec_moq_implementation[];

enum {
  EC_MOQ_CORE_NEWS_STATE = 1 << 0,
  EC_MOQ_CORE_NEWS_GOING_AWAY = 1 << 1,
  EC_MOQ_CORE_NEWS_CLOSED = 1 << 2,
  EC_MOQ_CORE_NEWS_TAKEN = 1 << 3,
};

EcMoqCore *ec_moq_core_new (const char *uri) G_GNUC_WARN_UNUSED_RESULT;
/* With tracks that are offered elsewhere too; `origin` is referenced. */
EcMoqCore *ec_moq_core_new_for_origin (const char *uri,
                                       EcMoqOrigin *origin) G_GNUC_WARN_UNUSED_RESULT;
EcMoqCore *ec_moq_core_ref (EcMoqCore *self);
void ec_moq_core_unref (EcMoqCore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqCore, ec_moq_core_unref)

/* Dials; `reply` comes when the session is ready, or did not come about. */
void ec_moq_core_connect (EcMoqCore *self, const EcMoqDialConfig *config, EcMoqReply *reply);
/* It cannot be dialled, for `error`, which is taken. */
void ec_moq_core_fail (EcMoqCore *self, EcMoqReply *reply, GError *error);
/* Takes over a transport that was accepted; on its thread. `ready` is called there, once, when both sides' SETUP went through: requests
 * wait until ec_moq_core_release(). */
void ec_moq_core_accept (EcMoqCore *self,
                         EcTransport *transport,
                         const EcMoqtDraft *draft,
                         void (*ready) (EcMoqCore *self, gpointer user_data),
                         GDestroyNotify destroy,
                         gpointer user_data);
void ec_moq_core_release (EcMoqCore *self);
/* Where news go from now on; what happened before is told at once. */
void ec_moq_core_set_news (EcMoqCore *self, EcMoqNews *news);
void ec_moq_core_close (EcMoqCore *self, guint64 code, const char *reason);
/* Asks the peer to leave (GOAWAY); it is closed if it has not within `timeout_ms`. */
void ec_moq_core_go_away (EcMoqCore *self, const char *uri, guint timeout_ms);

EcMoqSessionState ec_moq_core_get_state (EcMoqCore *self);
/* What closed it; NULL while it lives. */
GError *ec_moq_core_dup_error (EcMoqCore *self);
typedef enum {
  EC_MOQ_CORE_URI,
  EC_MOQ_CORE_PROTOCOL,
  EC_MOQ_CORE_TRANSPORT,
  EC_MOQ_CORE_PEER,
  EC_MOQ_CORE_IMPLEMENTATION,
  EC_MOQ_CORE_PATH,
  EC_MOQ_CORE_NEW_URI, /* of a GOAWAY */
  EC_MOQ_CORE_N_STRINGS
} EcMoqCoreString;
char *ec_moq_core_dup_string (EcMoqCore *self, EcMoqCoreString which);
guint64 ec_moq_core_get_rtt_us (EcMoqCore *self);
EcMoqOrigin *ec_moq_core_get_origin (EcMoqCore *self);
/* `reply` comes with the peer's answer to the announcement of `space`. */
void ec_moq_core_announce (EcMoqCore *self, EcMoqtName *space, EcMoqReply *reply);
/* The peer's last answer to an announcement. */
typedef enum {
  EC_MOQ_ANSWER_NONE, /* not yet */
  EC_MOQ_ANSWER_TAKEN,
  EC_MOQ_ANSWER_REFUSED, /* or it does not want it any more */
} EcMoqAnswer;
/* … of `space`; a refusal's reason comes in `*refusal` (nullable), which is left alone otherwise. */
EcMoqAnswer ec_moq_core_get_answer (EcMoqCore *self, EcMoqtName *space, GError **refusal);
/* How many subscriptions and fetches of the peer's are served; asks the link's thread, and says what it said the last time: 1 at first. */
guint ec_moq_core_poll_readers (EcMoqCore *self);

/* What the peer publishes is taken from now on, and told as EC_MOQ_CORE_NEWS_TAKEN; with `prefix` (nullable) it is asked to publish all under it. */
void ec_moq_core_take (EcMoqCore *self, EcMoqtName *prefix);
/* (transfer full); NULL: no other. */
struct _EcMoqReader *ec_moq_core_pop_taken (EcMoqCore *self);
/* There is nobody any more to tell: what waits is given back. */
void ec_moq_core_take_no_more (EcMoqCore *self);

/* -- For what asks something of the peer: the readers of tracks, the lists of namespaces. */

/* Runs on the link's thread, with the session; `session` NULL: there is none, or none any more. */
typedef void (*EcMoqCoreFunc) (EcMoqCore *self, EcMoqtSession *session, gpointer data);
void ec_moq_core_run (EcMoqCore *self, EcMoqCoreFunc func, gpointer data, GDestroyNotify destroy);
void ec_moq_core_wake (EcMoqCore *self);

/* What happens to a request of ours; all on the link's thread; what is not of interest is NULL. `refused`, `finished` and `closed` are the
 * last. */
typedef struct {
  void (*granted) (gpointer data, EcMoqtRequest *request, const EcMoqtGrant *grant);
  void (*refused) (gpointer data, EcMoqtRequest *request, const EcMoqtRefusal *refusal);
  void (*finished) (gpointer data, EcMoqtRequest *request, EcMoqtDoneCode code, const char *reason);
  void (*namespace_found) (gpointer data, EcMoqtName *name);
  void (*namespace_lost) (gpointer data, EcMoqtName *name);
  void (*stream_opened) (gpointer data, EcMoqtRequest *request, EcMoqtStream *stream);
  void (*datagram) (gpointer data, const EcMoqtObject *object, const guint8 *payload, gsize size);
  void (*woken) (gpointer data);
  void (*tick) (gpointer data);                        /* twice a second */
  void (*closed) (gpointer data, const GError *error); /* with the session */
  gpointer (*ref) (gpointer data);
  void (*unref) (gpointer data);
} EcMoqCoreUser;

/* On the link's thread: `user` hears of `request` until it has ended, or is cancelled; a reference of `data` is taken. */
void ec_moq_core_watch (EcMoqCore *self,
                        EcMoqtRequest *request,
                        const EcMoqCoreUser *user,
                        gpointer data);
/* On the link's thread: ends the request, and with it its streams. */
void ec_moq_core_cancel (EcMoqCore *self, EcMoqtRequest *request);
/* On the link's thread: objects of the stream go into `inbox`. */
void ec_moq_core_fill (EcMoqCore *self, EcMoqtStream *stream, EcMoqInbox *inbox);
/* On the link's thread: gives the peer credit for what was read. */
void ec_moq_core_collect (EcMoqCore *self, EcMoqInbox *inbox);
/* Every namespace that the peer announces unasked (PUBLISH_NAMESPACE): namespace_found and _lost, for those that are there too; until
 * it is removed. On the link's thread; a reference of `data` is taken. */
void ec_moq_core_add_listener (EcMoqCore *self, const EcMoqCoreUser *user, gpointer data);
void ec_moq_core_remove_listener (EcMoqCore *self, gpointer data);
