/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chunk/ec-manifest.h"
#include "source/ec-source.h"

G_BEGIN_DECLS

#define EC_TYPE_SHARE_SOURCE (ec_share_source_get_type ())
/* As G_DECLARE_FINAL_TYPE has it, but for the class: that of EcSource is not public. */
EC_AVAILABLE_IN_1_0
GType ec_share_source_get_type (void) G_GNUC_CONST;
typedef struct _EcShareSource EcShareSource;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcShareSource, g_object_unref)

G_GNUC_UNUSED static inline EcShareSource *
EC_SHARE_SOURCE (gpointer pointer)
{
  return G_TYPE_CHECK_INSTANCE_CAST (pointer, ec_share_source_get_type (), EcShareSource);
}

G_GNUC_UNUSED static inline gboolean
EC_IS_SHARE_SOURCE (gpointer pointer)
{
  return G_TYPE_CHECK_INSTANCE_TYPE (pointer, ec_share_source_get_type ());
}

EC_AVAILABLE_IN_1_0
const char *ec_share_source_get_name (EcShareSource *self);
EC_AVAILABLE_IN_1_0
gboolean ec_share_source_get_verify_first (EcShareSource *self);
EC_AVAILABLE_IN_1_0
void ec_share_source_set_verify_first (EcShareSource *self, gboolean verify_first);
EC_AVAILABLE_IN_1_0
EcManifest *ec_share_source_pop_manifest (EcShareSource *self) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
