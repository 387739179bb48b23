/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

/*
 * EcHttp: HTTP for a thread that wants to wait, with a time limit on everything and a cancellable
 * that is heeded at once. Has a main context of its own; used by the thread that made it only.
 *
 * Errors are EC_SOURCE_ERROR sentences about `who`, or G_IO_ERROR_CANCELLED.
 */
typedef struct _EcHttp EcHttp;
typedef struct _EcHttpStream EcHttpStream;

/* direct: by no proxy, as for devices on the local network */
EcHttp *ec_http_new (gboolean direct);
void ec_http_free (EcHttp *http);

/*
 * GET; follows redirects. The answer's status may be anything: the caller looks at it with
 * ec_http_stream_get_message(). NULL on error. Closed with ec_http_stream_close().
 */
EcHttpStream *ec_http_open (EcHttp *http,
                            const char *url,
                            const char *who,
                            guint timeout_ms,
                            GCancellable *cancellable,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

SoupMessage *ec_http_stream_get_message (EcHttpStream *stream);

/*
 * Called when nothing came for a while: TRUE to wait on for `*next_ms`, FALSE (and an error) to give
 * up.
 */
typedef gboolean (*EcHttpTick) (gpointer user_data, guint *next_ms, GError **error);

/* Up to `size` bytes: how many, 0 at the end, -1 on error. */
gssize ec_http_stream_read (EcHttpStream *stream,
                            guint8 *buffer,
                            gsize size,
                            guint first_ms,
                            EcHttpTick tick,
                            gpointer user_data,
                            GCancellable *cancellable,
                            GError **error);

/* Drops the connection without reading what is left of the answer. */
void ec_http_stream_close (EcHttpStream *stream);

/* A whole answer of at most `limit` bytes; `*status` is its HTTP status. */
GBytes *ec_http_request (EcHttp *http,
                         const char *method,
                         const char *url,
                         const char *who,
                         gsize limit,
                         guint timeout_ms,
                         guint *status,
                         GCancellable *cancellable,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcHttp, ec_http_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcHttpStream, ec_http_stream_close)
