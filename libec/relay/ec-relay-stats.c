/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay.h"

G_DEFINE_BOXED_TYPE (EcRelayStats, ec_relay_stats, ec_relay_stats_copy, ec_relay_stats_free)

G_DEFINE_ENUM_TYPE (EcRelayEvent,
                    ec_relay_event,
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_SESSION_OPENED, "session-opened"),
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_SESSION_CLOSED, "session-closed"),
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_NAMESPACE_PUBLISHED, "namespace-published"),
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_NAMESPACE_DONE, "namespace-done"),
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_TRACK_PUBLISHED, "track-published"),
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_TRACK_DONE, "track-done"),
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_UNAUTHORIZED, "unauthorized"),
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_CONFLICT, "conflict"),
                    G_DEFINE_ENUM_VALUE (EC_RELAY_EVENT_OVERLOAD, "overload"))

/**
 * ec_relay_stats_copy:
 * @self: stats
 *
 * Copies stats.
 *
 * Returns: (transfer full): a copy
 */
EcRelayStats *
ec_relay_stats_copy (const EcRelayStats *self)
{
  return g_memdup2 (self, sizeof *self);
}

/**
 * ec_relay_stats_free:
 * @self: (transfer full): stats
 *
 * Frees stats.
 */
void
ec_relay_stats_free (EcRelayStats *self)
{
  g_free (self);
}
