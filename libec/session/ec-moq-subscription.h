/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"
#include "session/ec-moq-object.h"

G_BEGIN_DECLS

/**
 * EcMoqStart:
 * @EC_MOQ_START_CURRENT_GROUP: at the first object of the group that is open now, which is fetched as far as it went by
 *   already; where decoding can start
 * @EC_MOQ_START_NEXT_OBJECT: at the next object
 * @EC_MOQ_START_NEXT_GROUP: at the next group's first object
 *
 * Where a subscription begins (filters, draft-ietf-moq-transport-18 §5.1.2). What was published before is had by [method@MoqSession.fetch].
 */
typedef enum {
  EC_MOQ_START_CURRENT_GROUP,
  EC_MOQ_START_NEXT_OBJECT,
  EC_MOQ_START_NEXT_GROUP,
} EcMoqStart;

#define EC_TYPE_MOQ_START (ec_moq_start_get_type ())
EC_AVAILABLE_IN_1_0
GType ec_moq_start_get_type (void) G_GNUC_CONST;

#define EC_TYPE_MOQ_SUBSCRIPTION (ec_moq_subscription_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcMoqSubscription, ec_moq_subscription, EC, MOQ_SUBSCRIPTION, GObject)

EC_AVAILABLE_IN_1_0
const char *ec_moq_subscription_get_namespace (EcMoqSubscription *self);
EC_AVAILABLE_IN_1_0
const char *ec_moq_subscription_get_track (EcMoqSubscription *self);
EC_AVAILABLE_IN_1_0
gboolean ec_moq_subscription_get_largest (EcMoqSubscription *self, guint64 *group, guint64 *object);
EC_AVAILABLE_IN_1_0
GVariant *ec_moq_subscription_get_properties (EcMoqSubscription *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
guint ec_moq_subscription_get_priority (EcMoqSubscription *self);
EC_AVAILABLE_IN_1_0
void ec_moq_subscription_set_priority (EcMoqSubscription *self, guint priority);
EC_AVAILABLE_IN_1_0
gboolean ec_moq_subscription_get_forward (EcMoqSubscription *self);
EC_AVAILABLE_IN_1_0
void ec_moq_subscription_set_forward (EcMoqSubscription *self, gboolean forward);
EC_AVAILABLE_IN_1_0
guint ec_moq_subscription_get_delivery_timeout (EcMoqSubscription *self);
EC_AVAILABLE_IN_1_0
void ec_moq_subscription_set_delivery_timeout (EcMoqSubscription *self, guint delivery_timeout);
EC_AVAILABLE_IN_1_0
guint64 ec_moq_subscription_get_n_dropped (EcMoqSubscription *self);
EC_AVAILABLE_IN_1_0
gsize ec_moq_subscription_get_queued (EcMoqSubscription *self);

EC_AVAILABLE_IN_1_0
EcMoqObject *ec_moq_subscription_read_object (EcMoqSubscription *self,
                                              GCancellable *cancellable,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_moq_subscription_read_object_async (EcMoqSubscription *self,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
EC_AVAILABLE_IN_1_0
EcMoqObject *ec_moq_subscription_read_object_finish (EcMoqSubscription *self,
                                                     GAsyncResult *result,
                                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_moq_subscription_close (EcMoqSubscription *self);

G_END_DECLS
