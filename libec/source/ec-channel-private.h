/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-channel-list.h"
#include "source/ec-hdhr-info.h"

/* prefix: what its URI begins with, "hdhomerun://10A12347/" */
EcChannel *ec_channel_new (const EcHdhrChannel *info, const char *prefix);

/* Takes over what is news, and notifies. */
void ec_channel_update (EcChannel *self, const EcHdhrChannel *info, const char *prefix);
void ec_channel_set_favorite (EcChannel *self, gboolean favorite);

EcChannelList *ec_channel_list_new (void);

/* infos: of EcHdhrChannel, sorted; channels that stay keep their objects */
void ec_channel_list_update (EcChannelList *self, GPtrArray *infos, const char *prefix);
