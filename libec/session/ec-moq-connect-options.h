/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

#define EC_TYPE_MOQ_CONNECT_OPTIONS (ec_moq_connect_options_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcMoqConnectOptions, ec_moq_connect_options, EC, MOQ_CONNECT_OPTIONS, GObject)

EC_AVAILABLE_IN_1_0
EcMoqConnectOptions *ec_moq_connect_options_new (void) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
void ec_moq_connect_options_set_token_text (EcMoqConnectOptions *self, const char *text);

G_END_DECLS
