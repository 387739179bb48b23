/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <blake3.h>

#include "chunk/ec-manifest.h"

/*
 * EcShareCheck: chunks that came, and manifests of those that are trusted, which come behind them; what is right, what is forged. One
 * thread, no clock.
 */
typedef struct _EcShareCheck EcShareCheck;

/* Chunks and manifests that wait for each other. */
#define EC_SHARE_CHECK_REMEMBERED 64

typedef enum {
  EC_SHARE_VERIFIED,   /* a manifest says so */
  EC_SHARE_FORGED,     /* a manifest says otherwise */
  EC_SHARE_UNVERIFIED, /* none has come */
} EcShareVerdict;

/* Once for each chunk. `manifest` borrowed; NULL if it is unverified. `arrived_us` as it was told. */
typedef void (*EcShareVerdictFunc) (gpointer user_data,
                                    guint64 index,
                                    EcShareVerdict verdict,
                                    EcManifest *manifest,
                                    gint64 arrived_us);

EcShareCheck *ec_share_check_new (EcShareVerdictFunc verdict,
                                  gpointer user_data) G_GNUC_WARN_UNUSED_RESULT;
/* Those that wait are unverified. */
void ec_share_check_free (EcShareCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcShareCheck, ec_share_check_free)

/* A whole chunk has come; `arrived_us`: when its first part did. */
void ec_share_check_chunk (
    EcShareCheck *self, guint64 index, const guint8 *hash, guint64 n_bytes, gint64 arrived_us);
/* A manifest whose signature is right, of the group that it says it is of. */
void ec_share_check_manifest (EcShareCheck *self, EcManifest *manifest);
/* Nothing is going to be said any more of chunks that came up to `index`. */
void ec_share_check_give_up (EcShareCheck *self, guint64 index);
guint ec_share_check_get_n_waiting (EcShareCheck *self); /* chunks */
