/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* Where a udp:// or rtp:// URI listens. */
typedef struct {
  char *host; /* address or name to bind or join, "" for any address */
  guint16 port;
  char *sender;    /* a source-specific group's sender, or NULL */
  char *interface; /* or NULL */
} EcUdpAddress;

gboolean ec_udp_address_parse (EcUdpAddress *address, const char *uri, GError **error);
void ec_udp_address_clear (EcUdpAddress *address);

/* A bound socket, in its group where the address is one. Not blocking. */
GSocket *
ec_udp_address_listen (const EcUdpAddress *address, GCancellable *cancellable, GError **error);
