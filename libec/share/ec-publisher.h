/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"
#include "seal/ec-identity.h"
#include "session/ec-moq-connect-options.h"
#include "share/ec-publisher-relay.h"
#include "source/ec-source.h"

G_BEGIN_DECLS

/**
 * EcPublisherState:
 * @EC_PUBLISHER_STATE_IDLE: not started
 * @EC_PUBLISHER_STATE_STARTING: beginning to listen, and opening the source
 * @EC_PUBLISHER_STATE_PUBLISHING: what the source sends is published
 * @EC_PUBLISHER_STATE_STOPPING: subscribers are told that it is over
 * @EC_PUBLISHER_STATE_STOPPED: over, the source is closed; see [property@Publisher:error]
 *
 * Where a publisher is in its life.
 */
typedef enum {
  EC_PUBLISHER_STATE_IDLE,
  EC_PUBLISHER_STATE_STARTING,
  EC_PUBLISHER_STATE_PUBLISHING,
  EC_PUBLISHER_STATE_STOPPING,
  EC_PUBLISHER_STATE_STOPPED,
} EcPublisherState;

#define EC_TYPE_PUBLISHER_STATE (ec_publisher_state_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_publisher_state_get_type (void) G_GNUC_CONST;

#define EC_TYPE_PUBLISHER (ec_publisher_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcPublisher, ec_publisher, EC, PUBLISHER, GObject)

EC_AVAILABLE_IN_1_0
EcPublisher *ec_publisher_new (EcSource *source) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
EcPublisherRelay *ec_publisher_add_relay (EcPublisher *self,
                                          const char *uri,
                                          EcMoqConnectOptions *options,
                                          GError **error);
EC_AVAILABLE_IN_1_0
void ec_publisher_start_async (EcPublisher *self,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
EC_AVAILABLE_IN_1_0
gboolean ec_publisher_start_finish (EcPublisher *self, GAsyncResult *result, GError **error);
EC_AVAILABLE_IN_1_0
void ec_publisher_stop (EcPublisher *self);

EC_AVAILABLE_IN_1_0
EcPublisherState ec_publisher_get_state (EcPublisher *self);
EC_AVAILABLE_IN_1_0
GError *ec_publisher_dup_error (EcPublisher *self);
EC_AVAILABLE_IN_1_0
EcSource *ec_publisher_get_source (EcPublisher *self);
EC_AVAILABLE_IN_1_0
const char *ec_publisher_get_node_id (EcPublisher *self);
EC_AVAILABLE_IN_1_0
char *ec_publisher_dup_source_name (EcPublisher *self);
EC_AVAILABLE_IN_1_0
char *ec_publisher_dup_broadcast_name (EcPublisher *self);
EC_AVAILABLE_IN_1_0
gboolean ec_publisher_get_contested (EcPublisher *self);
EC_AVAILABLE_IN_1_0
GListModel *ec_publisher_get_relays (EcPublisher *self);
EC_AVAILABLE_IN_1_0
char **ec_publisher_dup_addresses (EcPublisher *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
char **ec_publisher_dup_certificate_hashes (EcPublisher *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
