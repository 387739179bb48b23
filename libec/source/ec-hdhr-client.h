/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-hdhr-info.h"
#include "source/ec-http.h"

/* Asking an HDHomeRun over HTTP, in a thread that may wait. */

typedef enum {
  EC_HDHR_FETCH_LINEUP = 1 << 0,
  EC_HDHR_FETCH_STATUS = 1 << 1, /* where it fails, nothing is known; that is no error */
} EcHdhrFetch;

/* What the device at `base_url` says of itself. timeout_ms: for each of the requests. */
EcHdhrDetails *ec_hdhr_fetch (EcHttp *http,
                              const char *base_url,
                              EcHdhrFetch what,
                              guint timeout_ms,
                              GCancellable *cancellable,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* status.json alone, into details->tuners. */
gboolean ec_hdhr_fetch_status (EcHttp *http,
                               EcHdhrDetails *details,
                               guint timeout_ms,
                               GCancellable *cancellable,
                               GError **error);

/* Marks or unmarks a favourite through lineup.post. */
gboolean ec_hdhr_post_favorite (EcHttp *http,
                                const char *base_url,
                                const char *number,
                                gboolean favorite,
                                guint timeout_ms,
                                GCancellable *cancellable,
                                GError **error);

/* "HDHomeRun 10A12347", or "The HDHomeRun at 10.0.0.5" where the id is not known. */
char *ec_hdhr_name (const char *device_id, const char *base_url);

/* "10.0.0.5", "10.0.0.5:8080" or "[::1]:8080": without the port where it is 80. */
char *ec_hdhr_host_of (const char *base_url);

/* "http://HOST:PORT" from what a person gives, NULL and BAD_URI where that is no host. */
char *ec_hdhr_base_url_for_host (const char *host, gboolean *has_port, GError **error);
