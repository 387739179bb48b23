/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * EcShareHold: chunks that are kept back until it is known whether they are right, in order; one thread, no clock.
 */
typedef struct _EcShareHold EcShareHold;

#define EC_SHARE_HOLD_MAX_BYTES (64 * 1024 * 1024) /* then the oldest go as they are */

/* `lost`: bytes are missing before these. */
typedef void (*EcShareHoldFunc) (gpointer user_data, GBytes *bytes, gboolean lost);

EcShareHold *ec_share_hold_new (EcShareHoldFunc let_go,
                                gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
void ec_share_hold_free (EcShareHold *self); /* what it holds is dropped */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcShareHold, ec_share_hold_free)

/* Takes `bytes`. */
void ec_share_hold_push (EcShareHold *self, guint64 index, GBytes *bytes, gboolean lost);
/* Nothing more comes of it; it goes by itself at `until_us`, when ec_share_hold_tick() says so. */
void ec_share_hold_end (EcShareHold *self, guint64 index, gint64 until_us);
/* What there was to know of it is known. */
void ec_share_hold_release (EcShareHold *self, guint64 index);
void ec_share_hold_tick (EcShareHold *self, gint64 now_us);
/* All that is there goes. */
void ec_share_hold_flush (EcShareHold *self);
