/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay-limits.h"

#include <unistd.h>

#define GIB ((gsize) 1 << 30)
#define MILLION G_GUINT64_CONSTANT (1000000)

gsize
ec_relay_limits_default_memory (void)
{
  long pages = sysconf (_SC_PHYS_PAGES), page = sysconf (_SC_PAGESIZE);
  guint64 quarter = pages > 0 && page > 0 ? (guint64) pages * (guint64) page / 4 : GIB;

  return (gsize) MIN (quarter, GIB);
}

#define DEFAULT(member, value)                                                                     \
  if (self->member == 0)                                                                           \
  self->member = (value)

void
ec_relay_limits_fill (EcRelayLimits *self)
{
  DEFAULT (memory, ec_relay_limits_default_memory ());
  DEFAULT (max_sessions, 4096);
  DEFAULT (max_sessions_per_address, 256);
  DEFAULT (max_tracks, 16384);
  DEFAULT (max_namespaces, 16384);
  DEFAULT (max_session_subscriptions, 512);
  DEFAULT (max_session_fetches, 128);
  DEFAULT (max_session_tracks, 256);
  DEFAULT (max_session_namespaces, 256);
  DEFAULT (max_session_interests, 32);
  DEFAULT (max_session_streams, 512);
  DEFAULT (max_object_size, 16 * 1024 * 1024);
  DEFAULT (requests_per_second, 50);
  DEFAULT (request_burst, 500);
  DEFAULT (max_strikes, 200);
  DEFAULT (max_unsent_control, 256 * 1024);
  DEFAULT (max_rendezvous_ms, 30 * 1000);
  DEFAULT (linger_ms, 10 * 1000);
  DEFAULT (orphan_ms, 10 * 1000);
  DEFAULT (claim_ms, 60 * 1000);
}

void
ec_relay_bucket_init (EcRelayBucket *self, guint burst, guint64 now_us)
{
  self->level = burst * MILLION;
  self->at_us = now_us;
}

gboolean
ec_relay_bucket_take (EcRelayBucket *self, guint per_second, guint burst, guint64 now_us)
{
  /* A bucket is full after so long, whatever it held: keeps the product small. */
  guint64 full_us = burst * MILLION / MAX (per_second, 1) + 1;
  guint64 passed_us = now_us > self->at_us ? MIN (now_us - self->at_us, full_us) : 0;

  self->level = MIN (self->level + passed_us * per_second, burst * MILLION);
  self->at_us = MAX (self->at_us, now_us);
  if (self->level < MILLION)
    return FALSE;
  self->level -= MILLION;
  return TRUE;
}
