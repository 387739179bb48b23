/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a device answers, to a broadcast and over HTTP. Byte 0 says which of its answers follows. */
#include <string.h>

#include "fuzz.h"
#include "source/ec-hdhr-info.h"
#include "source/ec-hdhr-packet.h"

static void
parse_packet (const guint8 *data, gsize size)
{
  EcHdhrReply reply = { 0 };

  if (ec_hdhr_packet_parse_reply (data, size, &reply))
    ec_hdhr_reply_clear (&reply);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static gboolean (*const parsers[]) (EcHdhrDetails *, GBytes *, const char *, GError **) = {
    ec_hdhr_details_parse_discover,
    ec_hdhr_details_parse_lineup,
    ec_hdhr_details_parse_lineup_status,
    ec_hdhr_details_parse_status,
  };
  g_autoptr (EcHdhrDetails) details = NULL;
  g_autoptr (GBytes) reply = NULL;
  g_autoptr (GError) error = NULL;
  guint which;
  gboolean good;

  if (size == 0)
    return 0;
  which = data[0] % (G_N_ELEMENTS (parsers) + 1);
  if (which == 0) {
    g_autofree guint8 *packet = g_memdup2 (data + 1, size - 1);

    parse_packet (packet, size - 1);
    return 0;
  }

  details = ec_hdhr_details_new ("http://192.168.1.5");
  reply = g_bytes_new (data + 1, size - 1);
  good = parsers[which - 1](details, reply, "the device", &error);
  g_assert_true (good == (error == NULL));
  if (good && details->channels) {
    g_assert_cmpuint (details->channels->len, <=, EC_HDHR_MAX_CHANNELS);
    for (guint i = 0; i < details->channels->len; i++) {
      EcHdhrChannel *channel = g_ptr_array_index (details->channels, i);

      g_assert_nonnull (channel->number);
      g_assert_nonnull (ec_hdhr_details_find_channel (details, channel->number));
      ec_hdhr_channel_free (ec_hdhr_channel_copy (channel));
    }
  }
  if (good && details->tuners)
    g_assert_cmpuint (details->tuners->len, <=, EC_HDHR_MAX_TUNERS);
  return 0;
}
