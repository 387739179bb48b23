/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-tuner-device.h"

/* The vendor's control protocol, get and set on TCP; in the device's thread. */
typedef struct _EcTunerControl EcTunerControl;

EcTunerControl *ec_tuner_control_new (EcTunerDevice *device, guint port, GError **error);
void ec_tuner_control_free (EcTunerControl *self);
