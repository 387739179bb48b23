/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The discovery protocol's two packets. Without I/O. */

#define EC_HDHR_DISCOVER_PORT 65001
#define EC_HDHR_ANY_ID 0xffffffffu
#define EC_HDHR_MAX_PACKET 1460

/* What a device answered. */
typedef struct {
  guint32 id;
  char *base_url;   /* NULL in the answers of old devices */
  char *lineup_url; /* or NULL */
  guint tuner_count;
} EcHdhrReply;

GBytes *ec_hdhr_packet_make_request (guint32 id);

/* FALSE for anything but a well-formed answer of a tuner with a valid id. */
gboolean ec_hdhr_packet_parse_reply (const guint8 *data, gsize size, EcHdhrReply *reply);
void ec_hdhr_reply_clear (EcHdhrReply *reply);
