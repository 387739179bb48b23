/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-macros.h"

G_BEGIN_DECLS

EC_AVAILABLE_IN_1_0
const char *ec_get_version (void);

EC_AVAILABLE_IN_1_0
void ec_deinit (void);

G_END_DECLS
