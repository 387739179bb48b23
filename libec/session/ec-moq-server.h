/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "base/ec-macros.h"
#include "session/ec-moq-session.h"

G_BEGIN_DECLS

#define EC_TYPE_MOQ_SERVER (ec_moq_server_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcMoqServer, ec_moq_server, EC, MOQ_SERVER, GObject)

EC_AVAILABLE_IN_1_0
EcMoqServer *ec_moq_server_new (const char *listen) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
gboolean ec_moq_server_start (EcMoqServer *self, GError **error);
EC_AVAILABLE_IN_1_0
void ec_moq_server_stop (EcMoqServer *self);
EC_AVAILABLE_IN_1_0
char **ec_moq_server_dup_addresses (EcMoqServer *self) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
char **ec_moq_server_dup_certificate_hashes (EcMoqServer *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
