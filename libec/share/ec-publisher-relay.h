/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

/**
 * EcPublisherRelayState:
 * @EC_PUBLISHER_RELAY_STATE_IDLE: not started
 * @EC_PUBLISHER_RELAY_STATE_CONNECTING: being dialled
 * @EC_PUBLISHER_RELAY_STATE_CONNECTED: there is a session
 * @EC_PUBLISHER_RELAY_STATE_WAITING: lost, or not reached; dialled again in a while
 * @EC_PUBLISHER_RELAY_STATE_STOPPED: over
 *
 * How a publisher is connected to a relay.
 */
typedef enum {
  EC_PUBLISHER_RELAY_STATE_IDLE,
  EC_PUBLISHER_RELAY_STATE_CONNECTING,
  EC_PUBLISHER_RELAY_STATE_CONNECTED,
  EC_PUBLISHER_RELAY_STATE_WAITING,
  EC_PUBLISHER_RELAY_STATE_STOPPED,
} EcPublisherRelayState;

#define EC_TYPE_PUBLISHER_RELAY_STATE (ec_publisher_relay_state_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_publisher_relay_state_get_type (void) G_GNUC_CONST;

/**
 * EcPublisherClaim:
 * @EC_PUBLISHER_CLAIM_NONE: there is no such name, nobody has looked yet, or the relay has not answered
 * @EC_PUBLISHER_CLAIM_COMPARING: somebody serves it already; chunks are being compared
 * @EC_PUBLISHER_CLAIM_GRANTED: it is used, and the relay takes it
 * @EC_PUBLISHER_CLAIM_CONTESTED: somebody serves it with other chunks; it is not used in this run
 * @EC_PUBLISHER_CLAIM_REFUSED: the relay does not let us use it; it is asked again now and then
 *
 * Whether the name of the broadcast itself, which others may publish as well, is used at a relay.
 */
typedef enum {
  EC_PUBLISHER_CLAIM_NONE,
  EC_PUBLISHER_CLAIM_COMPARING,
  EC_PUBLISHER_CLAIM_GRANTED,
  EC_PUBLISHER_CLAIM_CONTESTED,
  EC_PUBLISHER_CLAIM_REFUSED,
} EcPublisherClaim;

#define EC_TYPE_PUBLISHER_CLAIM (ec_publisher_claim_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_publisher_claim_get_type (void) G_GNUC_CONST;

#define EC_TYPE_PUBLISHER_RELAY (ec_publisher_relay_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcPublisherRelay, ec_publisher_relay, EC, PUBLISHER_RELAY, GObject)

EC_AVAILABLE_IN_1_0
const char *ec_publisher_relay_get_uri (EcPublisherRelay *self);
EC_AVAILABLE_IN_1_0
EcPublisherRelayState ec_publisher_relay_get_state (EcPublisherRelay *self);
EC_AVAILABLE_IN_1_0
EcPublisherClaim ec_publisher_relay_get_claim (EcPublisherRelay *self);
EC_AVAILABLE_IN_1_0
char *ec_publisher_relay_dup_protocol (EcPublisherRelay *self);
EC_AVAILABLE_IN_1_0
guint64 ec_publisher_relay_get_rtt (EcPublisherRelay *self);
EC_AVAILABLE_IN_1_0
GError *ec_publisher_relay_dup_error (EcPublisherRelay *self);

G_END_DECLS
