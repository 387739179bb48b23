/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-packet.h"

#include <libhdhomerun/hdhomerun.h>
#include <string.h>

#include "base/ec-reader.h"

#define MAX_URL 256

GBytes *
ec_hdhr_packet_make_request (guint32 id)
{
  struct hdhomerun_pkt_t *packet = hdhomerun_pkt_create ();
  GBytes *bytes;

  hdhomerun_pkt_write_u8 (packet, HDHOMERUN_TAG_DEVICE_TYPE);
  hdhomerun_pkt_write_var_length (packet, 4);
  hdhomerun_pkt_write_u32 (packet, HDHOMERUN_DEVICE_TYPE_TUNER);
  hdhomerun_pkt_write_u8 (packet, HDHOMERUN_TAG_DEVICE_ID);
  hdhomerun_pkt_write_var_length (packet, 4);
  hdhomerun_pkt_write_u32 (packet, id);
  hdhomerun_pkt_seal_frame (packet, HDHOMERUN_TYPE_DISCOVER_REQ);
  bytes = g_bytes_new (packet->start, (gsize) (packet->end - packet->start));
  hdhomerun_pkt_destroy (packet);
  return bytes;
}

void
ec_hdhr_reply_clear (EcHdhrReply *reply)
{
  g_clear_pointer (&reply->base_url, g_free);
  g_clear_pointer (&reply->lineup_url, g_free);
}

/* A URL may come with a NUL at its end, and is not believed to be text. */
static char *
dup_url (const guint8 *value, gsize length)
{
  g_autofree char *url = g_strndup ((const char *) value, MIN (length, MAX_URL));

  if (length > MAX_URL || !g_str_has_prefix (url, "http") ||
      !g_uri_is_valid (url, G_URI_FLAGS_NONE, NULL))
    return NULL;
  return g_steal_pointer (&url);
}

static guint32
get_u32 (const guint8 *value, gsize length)
{
  EcReader reader;

  ec_reader_init (&reader, value, length);
  return ec_reader_u32 (&reader);
}

/* Whether an array of types, or the one type, is or includes "tuner". */
static gboolean
includes_tuner (const guint8 *value, gsize length)
{
  EcReader reader;

  ec_reader_init (&reader, value, length);
  while (ec_reader_left (&reader) >= 4) {
    guint32 type = ec_reader_u32 (&reader);

    if (type == HDHOMERUN_DEVICE_TYPE_TUNER || type == HDHOMERUN_DEVICE_TYPE_WILDCARD)
      return TRUE;
  }
  return FALSE;
}

#define TAG_MULTI_TYPE 0x2d

/*
 * Tags are read with our own reader: hdhomerun_pkt_read_tlv() takes a length that is cut short for a
 * huge one and lets it pass.
 */
static gsize
read_length (EcReader *reader)
{
  gsize length = ec_reader_u8 (reader);

  if (length & 0x80)
    length = (length & 0x7f) | (gsize) ec_reader_u8 (reader) << 7;
  return length;
}

static gboolean
parse_tags (EcReader *reader, EcHdhrReply *reply)
{
  gboolean tuner = FALSE;

  while (ec_reader_left (reader) > 0) {
    guint8 tag = ec_reader_u8 (reader);
    gsize length = read_length (reader);
    const guint8 *value = ec_reader_bytes (reader, length);

    if (value == NULL)
      break;
    switch (tag) {
    case HDHOMERUN_TAG_DEVICE_TYPE:
    case TAG_MULTI_TYPE:
      tuner |= includes_tuner (value, length);
      break;
    case HDHOMERUN_TAG_DEVICE_ID:
      reply->id = get_u32 (value, length);
      break;
    case HDHOMERUN_TAG_TUNER_COUNT:
      reply->tuner_count = length > 0 ? value[0] : 0;
      break;
    case HDHOMERUN_TAG_BASE_URL:
      g_free (reply->base_url);
      reply->base_url = dup_url (value, length);
      break;
    case HDHOMERUN_TAG_LINEUP_URL:
      g_free (reply->lineup_url);
      reply->lineup_url = dup_url (value, length);
      break;
    default:
      break;
    }
  }
  return tuner && reply->id != 0 && hdhomerun_discover_validate_device_id (reply->id);
}

gboolean
ec_hdhr_packet_parse_reply (const guint8 *data, gsize size, EcHdhrReply *reply)
{
  struct hdhomerun_pkt_t *packet;
  uint16_t type;
  gboolean ok = FALSE;

  memset (reply, 0, sizeof *reply);
  if (size < 8 || size > EC_HDHR_MAX_PACKET)
    return FALSE;

  packet = hdhomerun_pkt_create ();
  memcpy (packet->start, data, size);
  packet->end = packet->start + size;
  if (hdhomerun_pkt_open_frame (packet, &type) == 1 && type == HDHOMERUN_TYPE_DISCOVER_RPY) {
    EcReader reader;

    ec_reader_init (&reader, packet->pos, (gsize) (packet->end - packet->pos));
    ok = parse_tags (&reader, reply);
  }
  hdhomerun_pkt_destroy (packet);
  if (!ok)
    ec_hdhr_reply_clear (reply);
  return ok;
}
