/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

/**
 * EcRelayEvent:
 * @EC_RELAY_EVENT_SESSION_OPENED: a peer has connected; the detail is its transport
 * @EC_RELAY_EVENT_SESSION_CLOSED: its session is over; the detail is why
 * @EC_RELAY_EVENT_NAMESPACE_PUBLISHED: it publishes a namespace
 * @EC_RELAY_EVENT_NAMESPACE_DONE: it does so no longer
 * @EC_RELAY_EVENT_TRACK_PUBLISHED: it publishes a track, unasked
 * @EC_RELAY_EVENT_TRACK_DONE: it does so no longer
 * @EC_RELAY_EVENT_UNAUTHORIZED: it was refused something; the detail is why
 * @EC_RELAY_EVENT_CONFLICT: it contradicted what another publisher of the track had said before, and was dropped
 * @EC_RELAY_EVENT_OVERLOAD: it asked for too much for too long, and its session is closed
 *
 * What happens at an [class@Relay].
 */
typedef enum {
  EC_RELAY_EVENT_SESSION_OPENED,
  EC_RELAY_EVENT_SESSION_CLOSED,
  EC_RELAY_EVENT_NAMESPACE_PUBLISHED,
  EC_RELAY_EVENT_NAMESPACE_DONE,
  EC_RELAY_EVENT_TRACK_PUBLISHED,
  EC_RELAY_EVENT_TRACK_DONE,
  EC_RELAY_EVENT_UNAUTHORIZED,
  EC_RELAY_EVENT_CONFLICT,
  EC_RELAY_EVENT_OVERLOAD,
} EcRelayEvent;

#define EC_TYPE_RELAY_EVENT (ec_relay_event_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_relay_event_get_type (void) G_GNUC_CONST;

/**
 * EcRelayStats:
 * @sessions: peers that are connected
 * @sessions_total: … since the start
 * @tracks: tracks that somebody publishes, reads, or that are still in the cache
 * @namespaces: namespaces that are published
 * @subscriptions: of peers
 * @upstreams: subscriptions to publishers
 * @fetches: that are being answered
 * @memory: bytes in use, of [property@Relay:memory]
 * @memory_peak: the most that was seen
 * @bytes_in: bytes of objects that publishers sent first
 * @bytes_out: bytes of objects given to peers
 * @bytes_duplicate: bytes of objects that came again, the same
 * @conflicts: publishers that were dropped because they contradicted others
 * @skipped_groups: groups that subscribers lost by being slow
 * @cut_objects: objects that a publisher left in their middle
 * @requests: of peers, since the start
 * @unauthorized: … that were refused by policy
 * @overloads: … and more that was refused because it was too much
 *
 * What an [class@Relay] does and has done.
 */
typedef struct {
  guint sessions;
  guint64 sessions_total;
  guint tracks;
  guint namespaces;
  guint subscriptions;
  guint upstreams;
  guint fetches;
  guint64 memory;
  guint64 memory_peak;
  guint64 bytes_in;
  guint64 bytes_out;
  guint64 bytes_duplicate;
  guint64 conflicts;
  guint64 skipped_groups;
  guint64 cut_objects;
  guint64 requests;
  guint64 unauthorized;
  guint64 overloads;
} EcRelayStats;

#define EC_TYPE_RELAY_STATS (ec_relay_stats_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_relay_stats_get_type (void) G_GNUC_CONST;
EC_AVAILABLE_IN_1_0
EcRelayStats *ec_relay_stats_copy (const EcRelayStats *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_relay_stats_free (EcRelayStats *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcRelayStats, ec_relay_stats_free)

#define EC_TYPE_RELAY (ec_relay_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcRelay, ec_relay, EC, RELAY, GObject)

EC_AVAILABLE_IN_1_0
EcRelay *ec_relay_new (const char *const *listen) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
void ec_relay_start_async (EcRelay *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
EC_AVAILABLE_IN_1_0
gboolean ec_relay_start_finish (EcRelay *self, GAsyncResult *result, GError **error);
EC_AVAILABLE_IN_1_0
void ec_relay_stop_async (EcRelay *self,
                          guint timeout_ms,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
EC_AVAILABLE_IN_1_0
gboolean ec_relay_stop_finish (EcRelay *self, GAsyncResult *result, GError **error);

EC_AVAILABLE_IN_1_0
gboolean ec_relay_get_running (EcRelay *self);
EC_AVAILABLE_IN_1_0
char **ec_relay_dup_addresses (EcRelay *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
char **ec_relay_dup_certificate_hashes (EcRelay *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
EcRelayStats *ec_relay_get_stats (EcRelay *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
