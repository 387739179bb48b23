/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-device.h"

G_BEGIN_DECLS

#define EC_TYPE_DEVICE_LIST (ec_device_list_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcDeviceList, ec_device_list, EC, DEVICE_LIST, GObject)

EC_AVAILABLE_IN_1_0
EcDeviceList *ec_device_list_new (void) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
const char *const *ec_device_list_get_addresses (EcDeviceList *self);
EC_AVAILABLE_IN_1_0
void ec_device_list_set_addresses (EcDeviceList *self, const char *const *addresses);
EC_AVAILABLE_IN_1_0
gboolean ec_device_list_get_broadcast (EcDeviceList *self);
EC_AVAILABLE_IN_1_0
void ec_device_list_set_broadcast (EcDeviceList *self, gboolean broadcast);
EC_AVAILABLE_IN_1_0
guint ec_device_list_get_timeout (EcDeviceList *self);
EC_AVAILABLE_IN_1_0
void ec_device_list_set_timeout (EcDeviceList *self, guint milliseconds);
EC_AVAILABLE_IN_1_0
gboolean ec_device_list_get_refreshing (EcDeviceList *self);
EC_AVAILABLE_IN_1_0
const char *const *ec_device_list_get_problems (EcDeviceList *self);

EC_AVAILABLE_IN_1_0
EcDevice *ec_device_list_find (EcDeviceList *self, const char *device);

EC_AVAILABLE_IN_1_0
gboolean ec_device_list_refresh (EcDeviceList *self, GCancellable *cancellable, GError **error);
EC_AVAILABLE_IN_1_0
void ec_device_list_refresh_async (EcDeviceList *self,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
EC_AVAILABLE_IN_1_0
gboolean ec_device_list_refresh_finish (EcDeviceList *self, GAsyncResult *result, GError **error);

G_END_DECLS
