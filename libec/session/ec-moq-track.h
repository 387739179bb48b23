/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

#define EC_TYPE_MOQ_TRACK (ec_moq_track_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcMoqTrack, ec_moq_track, EC, MOQ_TRACK, GObject)

EC_AVAILABLE_IN_1_0
EcMoqTrack *ec_moq_track_new (const char *space,
                              const char *name,
                              GVariant *properties,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
const char *ec_moq_track_get_namespace (EcMoqTrack *self);
EC_AVAILABLE_IN_1_0
const char *ec_moq_track_get_name (EcMoqTrack *self);
EC_AVAILABLE_IN_1_0
GVariant *ec_moq_track_get_properties (EcMoqTrack *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
guint ec_moq_track_get_n_subscribers (EcMoqTrack *self);
EC_AVAILABLE_IN_1_0
gboolean ec_moq_track_write_object (EcMoqTrack *self,
                                    guint64 group,
                                    guint64 object,
                                    guint priority,
                                    GBytes *payload,
                                    gboolean end_of_group,
                                    GVariant *properties,
                                    GError **error);
EC_AVAILABLE_IN_1_0
void ec_moq_track_abandon_group (EcMoqTrack *self);
EC_AVAILABLE_IN_1_0
void ec_moq_track_end (EcMoqTrack *self);

G_END_DECLS
