/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

/**
 * EcSimulatedTunerProgress:
 * @fraction: how much is done, 0–1
 * @user_data: data of the caller
 *
 * Called now and then while a broadcast is prepared, in the thread that prepares it.
 */
typedef void (*EcSimulatedTunerProgress) (double fraction, gpointer user_data);

#define EC_TYPE_SIMULATED_TUNER (ec_simulated_tuner_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcSimulatedTuner, ec_simulated_tuner, EC, SIMULATED_TUNER, GObject)

EC_AVAILABLE_IN_1_0
EcSimulatedTuner *ec_simulated_tuner_new (const char *address) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
gboolean ec_simulated_tuner_prepare (EcSimulatedTuner *self,
                                     EcSimulatedTunerProgress progress,
                                     gpointer user_data,
                                     GCancellable *cancellable,
                                     GError **error);
EC_AVAILABLE_IN_1_0
gboolean ec_simulated_tuner_start (EcSimulatedTuner *self, GError **error);
EC_AVAILABLE_IN_1_0
void ec_simulated_tuner_stop (EcSimulatedTuner *self);

EC_AVAILABLE_IN_1_0
gboolean ec_simulated_tuner_get_running (EcSimulatedTuner *self);
EC_AVAILABLE_IN_1_0
guint ec_simulated_tuner_get_device_id (EcSimulatedTuner *self);
EC_AVAILABLE_IN_1_0
guint ec_simulated_tuner_get_http_port (EcSimulatedTuner *self);
EC_AVAILABLE_IN_1_0
guint ec_simulated_tuner_get_stream_port (EcSimulatedTuner *self);
EC_AVAILABLE_IN_1_0
guint ec_simulated_tuner_get_control_port (EcSimulatedTuner *self);
EC_AVAILABLE_IN_1_0
char *ec_simulated_tuner_dup_base_url (EcSimulatedTuner *self);
EC_AVAILABLE_IN_1_0
char **ec_simulated_tuner_dup_channels (EcSimulatedTuner *self);

G_END_DECLS
