/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quic/ec-ngtcp2-compat.h"

#include <glib.h>

/*
 * What ngtcp2 takes for one connection that we accepted: so much for each, more out of a pool that all of them share. Flow control
 * does not bound it: one byte behind a hole takes a block of 8 KiB, and a peer may have a thousand streams.
 * Where the pool is empty ngtcp2 gets nothing, and the connection fails. One thread, but for the pool.
 */
typedef struct {
  ngtcp2_mem mem;
  guint64 *pool_used; /* atomic; the endpoint's */
  guint64 pool;       /* bytes; 0: no limit, nothing is counted */
  gsize used;
  gsize drawn; /* from the pool */
} EcQuicMemory;

#define EC_QUIC_MEMORY_ALLOWANCE ((gsize) 256 * 1024)

void ec_quic_memory_init (EcQuicMemory *self, guint64 pool, guint64 *pool_used);
/* What to give ngtcp2. */
const ngtcp2_mem *ec_quic_memory_get (EcQuicMemory *self);
/* When the ngtcp2_conn is gone: all of it has come back. */
void ec_quic_memory_clear (EcQuicMemory *self);
