/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ec-tuner-device.h"

/* The variables of the control protocol, "/tuner0/channel" and the like. */

/* The value, which the caller frees; NULL and a message "ERROR: …" in *error where there is none. */
char *ec_tuner_variable_get (EcTunerDevice *device, const char *name, const char **error);

/*
 * Sets one. `key` is the lock key the client sent (0: none), `client` its numeric address. FALSE
 * with a message in *error.
 */
gboolean ec_tuner_variable_set (EcTunerDevice *device,
                                const char *name,
                                const char *value,
                                guint32 key,
                                const char *client,
                                const char **error);
