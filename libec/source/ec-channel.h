/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

#define EC_TYPE_CHANNEL (ec_channel_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcChannel, ec_channel, EC, CHANNEL, GObject)

EC_AVAILABLE_IN_1_0
const char *ec_channel_get_number (EcChannel *self);
EC_AVAILABLE_IN_1_0
const char *ec_channel_get_name (EcChannel *self);
EC_AVAILABLE_IN_1_0
const char *ec_channel_get_uri (EcChannel *self);
EC_AVAILABLE_IN_1_0
const char *ec_channel_get_url (EcChannel *self);
EC_AVAILABLE_IN_1_0
const char *ec_channel_get_video_codec (EcChannel *self);
EC_AVAILABLE_IN_1_0
const char *ec_channel_get_audio_codec (EcChannel *self);
EC_AVAILABLE_IN_1_0
const char *ec_channel_get_tags (EcChannel *self);
EC_AVAILABLE_IN_1_0
gboolean ec_channel_get_hd (EcChannel *self);
EC_AVAILABLE_IN_1_0
gboolean ec_channel_get_drm (EcChannel *self);
EC_AVAILABLE_IN_1_0
gboolean ec_channel_get_favorite (EcChannel *self);
EC_AVAILABLE_IN_1_0
int ec_channel_get_signal_strength (EcChannel *self);
EC_AVAILABLE_IN_1_0
int ec_channel_get_signal_quality (EcChannel *self);
EC_AVAILABLE_IN_1_0
guint64 ec_channel_get_frequency (EcChannel *self);
EC_AVAILABLE_IN_1_0
guint ec_channel_get_program_number (EcChannel *self);

G_END_DECLS
