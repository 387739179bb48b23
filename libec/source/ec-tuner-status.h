/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

#define EC_TYPE_TUNER_STATUS (ec_tuner_status_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcTunerStatus, ec_tuner_status, EC, TUNER_STATUS, GObject)

EC_AVAILABLE_IN_1_0
const char *ec_tuner_status_get_resource (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
gboolean ec_tuner_status_get_busy (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
const char *ec_tuner_status_get_channel_number (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
const char *ec_tuner_status_get_channel_name (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
const char *ec_tuner_status_get_target (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
guint64 ec_tuner_status_get_frequency (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
int ec_tuner_status_get_signal_strength (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
int ec_tuner_status_get_signal_quality (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
int ec_tuner_status_get_symbol_quality (EcTunerStatus *self);
EC_AVAILABLE_IN_1_0
guint64 ec_tuner_status_get_network_rate (EcTunerStatus *self);

G_END_DECLS
