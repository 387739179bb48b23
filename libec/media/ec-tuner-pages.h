/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-tuner-device.h"

/* What identifies the simulated model. */
#define EC_TUNER_MODEL "HDHR5-4US"
#define EC_TUNER_FIRMWARE "hdhomerun5_atsc"
#define EC_TUNER_FIRMWARE_VERSION "20240425"

/* A stand-in for the secret that real devices have; from the device id alone. Caller frees. */
char *ec_tuner_dup_device_auth (EcTunerDevice *device);

/*
 * The API's page at `path` as text that the caller frees, its media type in *type; NULL where
 * there is none. `address` is where the client reached the device.
 */
char *
ec_tuner_page (EcTunerDevice *device, const char *path, const char *address, const char **type);
