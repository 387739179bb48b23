/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-channel.h"

G_BEGIN_DECLS

#define EC_TYPE_CHANNEL_LIST (ec_channel_list_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcChannelList, ec_channel_list, EC, CHANNEL_LIST, GObject)

EC_AVAILABLE_IN_1_0
EcChannel *ec_channel_list_find (EcChannelList *self, const char *number);

G_END_DECLS
