/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-tuner-device.h"

/* The device's answers to discovery, on UDP; in the device's thread. */
typedef struct _EcTunerDiscovery EcTunerDiscovery;

/* Binds to the config's address and `port` (0: any; the one it got is in *port). */
EcTunerDiscovery *ec_tuner_discovery_new (EcTunerDevice *device, guint *port, GError **error);
void ec_tuner_discovery_free (EcTunerDiscovery *self);

/* A device id with a valid checksum whose upper digits are made from `entropy`. */
guint32 ec_tuner_make_device_id (guint64 entropy);
