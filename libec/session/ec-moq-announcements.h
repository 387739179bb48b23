/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

#define EC_TYPE_MOQ_ANNOUNCEMENT (ec_moq_announcement_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcMoqAnnouncement, ec_moq_announcement, EC, MOQ_ANNOUNCEMENT, GObject)

EC_AVAILABLE_IN_1_0
const char *ec_moq_announcement_get_namespace (EcMoqAnnouncement *self);

#define EC_TYPE_MOQ_ANNOUNCEMENTS (ec_moq_announcements_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcMoqAnnouncements, ec_moq_announcements, EC, MOQ_ANNOUNCEMENTS, GObject)

EC_AVAILABLE_IN_1_0
const char *ec_moq_announcements_get_prefix (EcMoqAnnouncements *self);
EC_AVAILABLE_IN_1_0
gboolean ec_moq_announcements_get_granted (EcMoqAnnouncements *self);
EC_AVAILABLE_IN_1_0
GError *ec_moq_announcements_dup_error (EcMoqAnnouncements *self);

G_END_DECLS
