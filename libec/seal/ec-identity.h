/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

#define EC_TYPE_IDENTITY (ec_identity_get_type ())
EC_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (EcIdentity, ec_identity, EC, IDENTITY, GObject)

EC_AVAILABLE_IN_1_0
EcIdentity *ec_identity_new_ephemeral (void) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
EcIdentity *ec_identity_new_from_seed (const guint8 *seed,
                                       gsize size,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
EcIdentity *
ec_identity_load (const char *path, gboolean create, GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
char *ec_identity_dup_default_path (void) G_GNUC_WARN_UNUSED_RESULT;

EC_AVAILABLE_IN_1_0
const char *ec_identity_get_node_id (EcIdentity *self);
EC_AVAILABLE_IN_1_0
char *ec_identity_sign_text (EcIdentity *self,
                             const char *type,
                             const char *text) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
char *ec_identity_verify_text (const char *node_id,
                               const char *type,
                               const char *signed_text,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
GBytes *ec_identity_delegate (EcIdentity *self,
                              const char *node_id,
                              const char *prefix,
                              gint64 expires,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
EC_AVAILABLE_IN_1_0
GBytes *ec_identity_prove (EcIdentity *self,
                           const char *authority,
                           const char *prefix,
                           gint64 expires,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
