/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

EC_AVAILABLE_IN_1_0
char *ec_stream_id_for_source (const char *node_id,
                               const char *device,
                               const char *channel,
                               gint64 epoch) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
