/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-stream-id-private.h"

#define FORMAT "ts-canonical-1"
/* EN 300 468 and TS 101 162: values from here on are not allocated to one network. */
#define ONID_PRIVATE 0xff00

char *
ec_stream_id_for_broadcast (EcTsClockKind kind,
                            const EcTsNetwork *network,
                            guint tsid,
                            guint program_number)
{
  switch (kind) {
  case EC_TS_CLOCK_ATSC:
    if (!network->has_vct || network->vct_tsid != tsid || tsid <= 1)
      return NULL;
    return g_strdup_printf ("ec/v1/atsc/%u/%u/" FORMAT, tsid, program_number);
  case EC_TS_CLOCK_DVB:
  case EC_TS_CLOCK_ISDB:
    if (!network->has_sdt || network->sdt_tsid != tsid || network->sdt_onid == 0 ||
        network->sdt_onid >= ONID_PRIVATE)
      return NULL;
    return g_strdup_printf ("ec/v1/%s/%u/%u/%u/" FORMAT, ec_ts_clock_kind_name (kind),
                            network->sdt_onid, tsid, program_number);
  case EC_TS_CLOCK_UNDECIDED:
  default:
    return NULL;
  }
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
