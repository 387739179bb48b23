/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-channel-list.h"
#include "source/ec-tuner-status.h"

G_BEGIN_DECLS

#define EC_TYPE_DEVICE (ec_device_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcDevice, ec_device, EC, DEVICE, GObject)

EC_AVAILABLE_IN_1_0
EcDevice *ec_device_new_for_host (const char *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
const char *ec_device_get_device_id (EcDevice *self);
EC_AVAILABLE_IN_1_0
const char *ec_device_get_title (EcDevice *self);
EC_AVAILABLE_IN_1_0
const char *ec_device_get_friendly_name (EcDevice *self);
EC_AVAILABLE_IN_1_0
const char *ec_device_get_model (EcDevice *self);
EC_AVAILABLE_IN_1_0
const char *ec_device_get_firmware (EcDevice *self);
EC_AVAILABLE_IN_1_0
const char *ec_device_get_base_url (EcDevice *self);
EC_AVAILABLE_IN_1_0
const char *ec_device_get_lineup_url (EcDevice *self);
EC_AVAILABLE_IN_1_0
guint ec_device_get_tuner_count (EcDevice *self);
EC_AVAILABLE_IN_1_0
gboolean ec_device_get_loaded (EcDevice *self);
EC_AVAILABLE_IN_1_0
gboolean ec_device_get_scanning (EcDevice *self);
EC_AVAILABLE_IN_1_0
guint ec_device_get_scan_progress (EcDevice *self);
EC_AVAILABLE_IN_1_0
const GError *ec_device_get_error (EcDevice *self);
EC_AVAILABLE_IN_1_0
EcChannelList *ec_device_get_channels (EcDevice *self);
EC_AVAILABLE_IN_1_0
GListModel *ec_device_get_tuners (EcDevice *self);

EC_AVAILABLE_IN_1_0
gboolean ec_device_load (EcDevice *self, GCancellable *cancellable, GError **error);
EC_AVAILABLE_IN_1_0
void ec_device_load_async (EcDevice *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
EC_AVAILABLE_IN_1_0
gboolean ec_device_load_finish (EcDevice *self, GAsyncResult *result, GError **error);

EC_AVAILABLE_IN_1_0
gboolean ec_device_set_favorite (EcDevice *self,
                                 EcChannel *channel,
                                 gboolean favorite,
                                 GCancellable *cancellable,
                                 GError **error);
EC_AVAILABLE_IN_1_0
void ec_device_set_favorite_async (EcDevice *self,
                                   EcChannel *channel,
                                   gboolean favorite,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
EC_AVAILABLE_IN_1_0
gboolean ec_device_set_favorite_finish (EcDevice *self, GAsyncResult *result, GError **error);

G_END_DECLS
