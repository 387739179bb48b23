/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

#define EC_TYPE_INSPECTOR (ec_inspector_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcInspector, ec_inspector, EC, INSPECTOR, GObject)

EC_AVAILABLE_IN_1_0
EcInspector *ec_inspector_new (guint program_number) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
guint ec_inspector_get_program_number (EcInspector *self);

EC_AVAILABLE_IN_1_0
void ec_inspector_push (EcInspector *self, GBytes *bytes);
EC_AVAILABLE_IN_1_0
void ec_inspector_push_data (EcInspector *self, const guint8 *data, gsize size);
EC_AVAILABLE_IN_1_0
void ec_inspector_push_discontinuity (EcInspector *self);
EC_AVAILABLE_IN_1_0
void ec_inspector_finish (EcInspector *self);

EC_AVAILABLE_IN_1_0
gboolean ec_inspector_check (EcInspector *self, GError **error);
EC_AVAILABLE_IN_1_0
guint64 ec_inspector_get_n_packets (EcInspector *self);
EC_AVAILABLE_IN_1_0
guint ec_inspector_get_n_programs (EcInspector *self);
EC_AVAILABLE_IN_1_0
guint64 ec_inspector_get_n_errors (EcInspector *self);
EC_AVAILABLE_IN_1_0
gint64 ec_inspector_get_duration (EcInspector *self);
EC_AVAILABLE_IN_1_0
char *ec_inspector_to_json (EcInspector *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
char *ec_inspector_to_text (EcInspector *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
