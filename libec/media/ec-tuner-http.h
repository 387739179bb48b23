/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-tuner-device.h"

/* The device's two HTTP ports: the API and the streams, one server in the device's thread. */
typedef struct _EcTunerHttp EcTunerHttp;

/* Listens; the ports it got are in *http_port and *stream_port. Errors: those of binding. */
EcTunerHttp *
ec_tuner_http_new (EcTunerDevice *device, guint *http_port, guint *stream_port, GError **error);
void ec_tuner_http_free (EcTunerHttp *self);
