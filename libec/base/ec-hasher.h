/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <blake3.h>
#include <glib.h>

/*
 * EcHasher: BLAKE3-256 of bytes that come in pieces of any size.
 *
 * BLAKE3 is as fast as it can be only for runs of whole KiB in powers of two. So what does not fill
 * such a run waits here for what follows.
 */
#define EC_HASHER_RUN 16384

typedef struct _EcHasher EcHasher;

EcHasher *ec_hasher_new (void);
void ec_hasher_free (EcHasher *self);
void ec_hasher_update (EcHasher *self, const guint8 *data, gsize size);
/* Ends it; `out` is BLAKE3_OUT_LEN bytes. */
void ec_hasher_finish (EcHasher *self, guint8 *out);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcHasher, ec_hasher_free)
