/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-http-flow.h"

#include "base/ec-error.h"

#define BLOCK_SIZE (256 * 1024)

static gboolean
on_quiet (gpointer core, guint *next_ms, GError **error)
{
  if (!ec_source_core_quiet (core, error))
    return FALSE;
  *next_ms = ec_source_core_quiet_left (core);
  return TRUE;
}

gssize
ec_source_http_read (EcSourceCore *core,
                     EcHttpStream *stream,
                     guint8 *buffer,
                     gsize size,
                     GCancellable *cancellable,
                     GError **error)
{
  return ec_http_stream_read (stream, buffer, size, ec_source_core_quiet_left (core), on_quiet,
                              core, cancellable, error);
}

gboolean
ec_source_http_flow (EcSourceCore *core,
                     EcHttpStream *stream,
                     gboolean finite,
                     const char *who,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autofree guint8 *block = g_malloc (BLOCK_SIZE);
  goffset total = 0;

  ec_source_core_quiet_reset (core);
  for (;;) {
    gssize n = ec_source_http_read (core, stream, block, BLOCK_SIZE, cancellable, error);

    if (n < 0)
      return FALSE;
    if (n == 0)
      break;
    total += n;
    if (!ec_source_core_push (core, g_bytes_new (block, (gsize) n), error))
      return FALSE;
    /* The reader of a download may take its time: only the server's silence counts. */
    ec_source_core_quiet_reset (core);
  }

  if (finite) {
    goffset length = soup_message_headers_get_content_length (
        soup_message_get_response_headers (ec_http_stream_get_message (stream)));

    if (total >= length)
      return TRUE;
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE,
                 "%s closed the connection after %" G_GOFFSET_FORMAT " of %" G_GOFFSET_FORMAT
                 " bytes.",
                 who, total, length);
    return FALSE;
  }
  g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE, "%s ended the stream.", who);
  return FALSE;
}
