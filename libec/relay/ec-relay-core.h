/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-draft.h"
#include "relay/ec-relay-limits.h"
#include "relay/ec-relay-policy.h"
#include "relay/ec-relay.h"
#include "transport/ec-transport.h"

/*
 * EcRelayCore: a relay without sockets: it is given transports of connected peers, and told the time. Any thread; counted
 * by reference. MOQT §8 “Relays”.
 */
typedef struct _EcRelayCore EcRelayCore;

/* In a thread of some session's; the strings are valid during the call, `name` is nullable. */
typedef void (*EcRelayEventFunc) (
    gpointer user_data, EcRelayEvent kind, const char *peer, EcMoqtName *name, const char *detail);

typedef struct {
  EcRelayLimits limits;       /* 0: defaults */
  EcRelayPolicy *policy;      /* taken over; NULL: the first key */
  const char *implementation; /* static; nullable */
  gint64 (*now_s) (void);     /* since 1970; NULL: the computer's clock */
  EcRelayEventFunc event;     /* nullable */
  gpointer user_data;
} EcRelayCoreConfig;

typedef struct {
  guint n_sessions, n_tracks, n_namespaces, n_subscriptions, n_upstreams, n_fetches;
  gsize memory;      /* bytes of the budget in use */
  gsize memory_peak; /* the most that was seen */
  guint64 bytes_in, bytes_out, bytes_duplicate;
  guint64 n_conflicts, n_skipped_groups, n_cut_objects;
  guint64 n_sessions_total, n_requests, n_refused, n_unauthorized, n_overload;
} EcRelayStatsData;

/* What a connection may have on its way to us before we have consumed anything of it. */
#define EC_RELAY_FIRST_WINDOW ((gsize) 128 * 1024)

EcRelayCore *ec_relay_core_new (const EcRelayCoreConfig *config) G_GNUC_WARN_UNUSED_RESULT;
EcRelayCore *ec_relay_core_ref (EcRelayCore *self);
void ec_relay_core_unref (EcRelayCore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcRelayCore, ec_relay_core_unref)

/* On the transport's thread, before its first event; TRUE takes the reference over. */
gboolean ec_relay_core_accept (EcRelayCore *self, EcTransport *transport, const EcMoqtDraft *draft);
/* What time alone brings about; a few times a second. `now_us` is the transports' clock. */
void ec_relay_core_tick (EcRelayCore *self, guint64 now_us);
/* No more sessions; those that are here get GOAWAY, and are closed when they are not gone after `timeout_ms`. */
void ec_relay_core_goaway (EcRelayCore *self, guint64 timeout_ms);
/* Closes all sessions. */
void ec_relay_core_close (EcRelayCore *self);
guint ec_relay_core_get_n_sessions (EcRelayCore *self);
void ec_relay_core_get_stats (EcRelayCore *self, EcRelayStatsData *stats);
const EcRelayLimits *ec_relay_core_get_limits (EcRelayCore *self);
/* The budget that all payloads count in. */
EcBudget *ec_relay_core_get_budget (EcRelayCore *self);
