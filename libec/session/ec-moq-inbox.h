/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "moqt/ec-moqt-session.h"
#include "session/ec-moq-object.h"

/*
 * EcMoqInbox: what has come of a track and was not read yet, in the order in which it is read. One thread fills it,
 * any may read.
 *
 * Groups come out in ascending order, as far as they are there; one is held back while an earlier one is still coming, for PATIENCE
 * at most. Within a group, objects are in ascending order. What a joining fetch brings goes before what the subscription brought.
 *
 * It is bounded: credit for payload goes back to the peer when it is read, so that a slow reader slows the peer down. Of streams
 * that have ended it does so only beyond a quarter of `max_bytes`, and never while there is nothing that could be read: what holds
 * the reader up then is the peer. Who reads nothing at all for a while (PATIENCE) must not hold up what else the session carries, which
 * shares its window: the peer goes on, and beyond `max_bytes` in all the oldest groups are dropped (a subscription's), or it
 * ends with EC_MOQ_ERROR_LIMIT (a fetch's).
 */
typedef struct _EcMoqInbox EcMoqInbox;
typedef struct _EcMoqInboxStream EcMoqInboxStream;

#define EC_MOQ_INBOX_PATIENCE (2 * G_USEC_PER_SEC)
/* An object that is larger is credited as it comes once nothing is left to be read before it: it must not wait for room that only
 * its own reading makes. */
#define EC_MOQ_INBOX_LARGE_OBJECT (1024 * 1024)

typedef struct {
  EcMoqObjectKind kind;
  EcMoqtLocation location;
  guint64 subgroup;
  guint8 priority;
  gboolean datagram;
  EcMoqtProperties *properties; /* owned, nullable */
  guint8 *data;                 /* owned, g_malloc() */
  gsize size;
  gint64 arrival_us; /* real time, since 1970 */
  /* the inbox's own */
  EcMoqInboxStream *stream;
  gsize credit;  /* bytes, due when it is read */
  gboolean wake; /* who read it calls `wake` */
} EcMoqInboxItem;

void ec_moq_inbox_item_free (EcMoqInboxItem *item);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqInboxItem, ec_moq_inbox_item_free)

/* `wake`: somebody has read; called in the reader's thread, ec_moq_inbox_collect() shall follow in the filling one's. */
EcMoqInbox *ec_moq_inbox_new (gsize max_bytes,
                              gboolean may_drop,
                              void (*wake) (gpointer user_data),
                              gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
EcMoqInbox *ec_moq_inbox_ref (EcMoqInbox *self);
void ec_moq_inbox_unref (EcMoqInbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqInbox, ec_moq_inbox_unref)

/* -- Filling */

/* A fetch is to come, and nothing may be read before it. */
void ec_moq_inbox_expect_fetch (EcMoqInbox *self);
/* It does not come, or all of it has come. */
void ec_moq_inbox_fetch_done (EcMoqInbox *self);
/* A stream of the subscription or fetch; `stream` is only handed back to collect()'s functions. It keeps the inbox alive until it has ended, or
 * was stopped by collect(). */
EcMoqInboxStream *
ec_moq_inbox_open (EcMoqInbox *self, gpointer stream, gboolean fetch, guint64 group);
void ec_moq_inbox_object (EcMoqInboxStream *stream, const EcMoqtObject *object, gint64 arrival_us);
void ec_moq_inbox_payload (EcMoqInboxStream *stream, const guint8 *data, gsize size);
void ec_moq_inbox_object_ended (EcMoqInboxStream *stream);
void ec_moq_inbox_range (EcMoqInboxStream *stream, EcMoqtLocation to, gboolean unknown);
/* Whether the credit of a stream that ends well should be kept until what came is read. */
gboolean ec_moq_inbox_stream_keeps (EcMoqInboxStream *stream);
/* The last of `stream`; `kept`: what its credit is kept under, for collect(); −1: it is not. */
void ec_moq_inbox_stream_ended (EcMoqInboxStream *stream,
                                gboolean reset,
                                gboolean end_of_group,
                                gint64 kept);
void ec_moq_inbox_datagram (EcMoqInbox *self,
                            const EcMoqtObject *object,
                            const guint8 *data,
                            gsize size,
                            gint64 arrival_us);
/* Nothing comes any more; what is there can still be read. Takes `error`; NULL: the track's good end. Only the first counts. */
void ec_moq_inbox_end (EcMoqInbox *self, GError *error);
/* For every stream: what is due to the peer (`stream` NULL: it has ended, see `kept`; G_MAXSIZE is all that is left), and
 * whether it shall send no more of it. */
void ec_moq_inbox_collect (
    EcMoqInbox *self,
    void (*consume) (gpointer user_data, gpointer stream, gint64 kept, gsize size),
    void (*stop) (gpointer user_data, gpointer stream),
    gpointer user_data);
EcMoqInbox *ec_moq_inbox_stream_get_inbox (EcMoqInboxStream *stream);
/* Whether a group is held back, which ec_moq_inbox_tick() may let go. */
gboolean ec_moq_inbox_is_holding (EcMoqInbox *self);
/* To be called every now and then; ec_moq_inbox_collect() shall follow. */
void ec_moq_inbox_tick (EcMoqInbox *self);

/* -- Reading */

/* FALSE: not yet. TRUE: an item, or the end: NULL without an error, or with one. */
gboolean ec_moq_inbox_poll (EcMoqInbox *self, EcMoqInboxItem **item, GError **error);
/* NULL: the end; or an error, G_IO_ERROR_CANCELLED among them. Blocks. */
EcMoqInboxItem *ec_moq_inbox_read (EcMoqInbox *self,
                                   GCancellable *cancellable,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Likewise, but NULL with G_IO_ERROR_TIMED_OUT at `until_us`, monotonic. */
EcMoqInboxItem *ec_moq_inbox_read_until (EcMoqInbox *self,
                                         gint64 until_us,
                                         GCancellable *cancellable,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Returns EcMoqInboxItem or NULL by the task, which is taken; several are served in turns. */
void ec_moq_inbox_read_async (EcMoqInbox *self, GTask *task);
gsize ec_moq_inbox_get_bytes (EcMoqInbox *self);       /* that are held */
guint64 ec_moq_inbox_get_n_dropped (EcMoqInbox *self); /* groups */
