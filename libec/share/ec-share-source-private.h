/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "share/ec-share-source.h"

/* For the scheme registry: moqt://, and those of https:// that ec_share_uri_is_broadcast(). */
EcSource *ec_share_source_new (const char *uri, GError **error) G_GNUC_WARN_UNUSED_RESULT;
