/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>
#include <libhdhomerun/hdhomerun.h>

/* The frames of the vendor's discovery and control protocols, through its own library. */

/* A list of device types, which newer clients send in place of a single one. */
#define EC_TUNER_TAG_MULTI_TYPE 0x2d

static inline void
ec_tuner_packet_write_u32 (struct hdhomerun_pkt_t *packet, guint tag, guint32 value)
{
  hdhomerun_pkt_write_u8 (packet, (uint8_t) tag);
  hdhomerun_pkt_write_var_length (packet, 4);
  hdhomerun_pkt_write_u32 (packet, value);
}

/*
 * The next tag of a request: where its value ends, or NULL at the end. The vendor's own
 * hdhomerun_pkt_read_tlv() takes a length that is cut short for a huge one and lets it pass.
 */
static inline uint8_t *
ec_tuner_packet_read_tag (struct hdhomerun_pkt_t *packet, uint8_t *tag, size_t *length)
{
  uint8_t *next = hdhomerun_pkt_read_tlv (packet, tag, length);

  if (next == NULL || *length > (size_t) (packet->end - packet->pos))
    return NULL;
  return next;
}

/* `size` bytes of text; a terminating zero is counted by the caller, as the tag wants it. */
static inline void
ec_tuner_packet_write_text (struct hdhomerun_pkt_t *packet, guint tag, const char *text, gsize size)
{
  hdhomerun_pkt_write_u8 (packet, (uint8_t) tag);
  hdhomerun_pkt_write_var_length (packet, size);
  hdhomerun_pkt_write_mem (packet, text, size);
}
