/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-device.h"
#include "source/ec-hdhr-info.h"

/* host: the address as it was given, or NULL for a device found by broadcast */
EcDevice *ec_device_new (const char *device_id, const char *base_url, const char *host);

/* Takes over what the device said of itself; empties `details` of its tuners. */
void ec_device_apply (EcDevice *self, EcHdhrDetails *details);

/* Found again, perhaps elsewhere; tuner_count 0: not known. */
/* What it was asked for by, or NULL. */
const char *ec_device_get_host (EcDevice *self);
void ec_device_set_base_url (EcDevice *self, const char *base_url);
void ec_device_set_tuner_count (EcDevice *self, guint tuner_count);

/* Takes `error`; NULL clears it. */
void ec_device_take_error (EcDevice *self, GError *error);
