/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcRtp: takes transport stream packets out of RTP (RFC 3550, RFC 2250 §2) and puts datagrams that
 * overtook each other back in order. No I/O: the caller brings the datagrams and takes the payload.
 */

/* How many datagrams wait at most for a missing one that may have been overtaken. */
#define EC_RTP_WINDOW 32

typedef struct _EcRtp EcRtp;

/* Called with each payload in order; `lost`: something is missing before it. Not kept. */
typedef void (*EcRtpFunc) (gpointer user_data, const guint8 *payload, gsize size, gboolean lost);

EcRtp *ec_rtp_new (EcRtpFunc func, gpointer user_data);
void ec_rtp_free (EcRtp *rtp);

/* Whether a datagram is RTP that carries a transport stream (payload type 33, or dynamic and in
 * packets). */
gboolean ec_rtp_recognise (const guint8 *datagram, gsize size);

/* FALSE when it is not RTP or malformed; it is then ignored. */
gboolean ec_rtp_push (EcRtp *rtp, const guint8 *datagram, gsize size);

/* Whether datagrams wait for a missing one. */
gboolean ec_rtp_is_waiting (const EcRtp *rtp);

/* The missing one is waited for no longer. */
void ec_rtp_flush (EcRtp *rtp);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcRtp, ec_rtp_free)
