/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * Where the device is that a URI names by id or by address, as a base URL. An id is looked for where
 * it was last (*fresh FALSE: perhaps it has moved), then on the local networks and at the addresses
 * of EC_DEVICES (*fresh TRUE).
 */
char *ec_hdhr_locate (const char *device,
                      gboolean use_cache,
                      gboolean *fresh,
                      GCancellable *cancellable,
                      GError **error);
