/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-http.h"
#include "source/ec-source-core.h"

/*
 * Pushes the body of `stream` until its end (TRUE if finite, else an error), a stall, or an error.
 */
gboolean ec_source_http_flow (EcSourceCore *core,
                              EcHttpStream *stream,
                              gboolean finite,
                              const char *who,
                              GCancellable *cancellable,
                              GError **error);

/* One read with the stall time-out on it, as of ec_http_stream_read(). */
gssize ec_source_http_read (EcSourceCore *core,
                            EcHttpStream *stream,
                            guint8 *buffer,
                            gsize size,
                            GCancellable *cancellable,
                            GError **error);
