/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-source.h"

G_BEGIN_DECLS

EC_AVAILABLE_IN_1_0
EcSource *ec_source_new_for_uri (const char *uri, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
