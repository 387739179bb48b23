/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "relay-peer.h"

/* What the files of relay-peer.h share. */

void peer_free (Peer *self);
/* -- relay-pub.c */
void pub_free (gpointer data);
/* What is due by now. */
void pub_step (Pub *self, guint64 now_us);
void pub_expire (Pub *pub, guint64 now_us);
void peer_add_reader (Peer *self, EcMoqtRequest *request, EcMoqFeedReader *reader);
void peer_pump (Peer *self);
void peer_on_requested (gpointer user_data, EcMoqtRequest *request);
void
peer_on_update_requested (gpointer user_data, EcMoqtRequest *request, const EcMoqtParams *changed);
void peer_on_cancelled (gpointer user_data, EcMoqtRequest *request);
void peer_on_stream_stopped (gpointer user_data, EcMoqtStream *stream, EcMoqtResetCode code);
/* -- relay-sub.c */
void sub_free (gpointer data);
Sub *sub_new (Peer *self, EcMoqtRequest *request);
/* Whose request it is; NULL: none of a Sub's. */
Sub *sub_get (EcMoqtRequest *request);
void peer_on_object (gpointer user_data, EcMoqtStream *stream, const EcMoqtObject *object);
void peer_on_range (gpointer user_data, EcMoqtStream *stream, EcMoqtLocation to, gboolean unknown);
void peer_on_datagram (gpointer user_data,
                       EcMoqtRequest *request,
                       const EcMoqtObject *object,
                       const guint8 *payload,
                       gsize size);
void peer_on_payload (gpointer user_data, EcMoqtStream *stream, const guint8 *data, gsize size);
void peer_on_object_ended (gpointer user_data, EcMoqtStream *stream);
void peer_on_stream_ended (gpointer user_data,
                           EcMoqtStream *stream,
                           gboolean reset,
                           EcMoqtResetCode code);
