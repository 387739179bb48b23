/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-stream-id-private.h"

char *
ec_stream_id_for_broadcast (EcTsClockKind kind,
                            const EcTsNetwork *network,
                            guint tsid,
                            guint program_number)
{
  return ec_ts_network_dup_stream_id (network, kind, tsid, program_number);
}

/* One field, percent-encoded (RFC 3986 §2.3). */
static char *
encode_field (const char *field)
{
  GString *encoded = g_string_new (NULL);

  for (const guchar *p = (const guchar *) field; *p; p++) {
    if (g_ascii_isalnum (*p) || *p == '-' || *p == '.' || *p == '_' || *p == '~')
      g_string_append_c (encoded, (char) *p);
    else
      g_string_append_printf (encoded, "%%%02X", *p);
  }
  return g_string_free (encoded, FALSE);
}

/**
 * ec_stream_id_for_source:
 * @node_id: the node's id
 * @device: what the source calls the device, see [method@Source.dup_device_name]
 * @channel: what the source calls the channel, see [method@Source.dup_channel_name]
 * @epoch: the start of the run in Unix milliseconds
 *
 * The source-scoped stream id (ECP-0003 §3).
 *
 * Returns: (transfer full) (nullable): the name, or %NULL if one of the fields is empty
 */
char *
ec_stream_id_for_source (const char *node_id, const char *device, const char *channel, gint64 epoch)
{
  g_autofree char *encoded_device = encode_field (device);
  g_autofree char *encoded_channel = encode_field (channel);

  if (!*node_id || !*encoded_device || !*encoded_channel)
    return NULL;
  return g_strdup_printf ("ec/v1/source/%s/%s/%s/%" G_GINT64_FORMAT, node_id, encoded_device,
                          encoded_channel, epoch);
}
