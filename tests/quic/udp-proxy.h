/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A bad network between one client and one server on loopback: loses, delays and repeats by a seed. */
typedef struct _UdpProxy UdpProxy;

typedef struct {
  guint32 seed;
  guint lose;   /* of 1,000 */
  guint late;   /* of 1,000, that go behind some that come after them */
  guint repeat; /* of 1,000 */
} UdpProxyConfig;

UdpProxy *udp_proxy_new (GInetSocketAddress *server, const UdpProxyConfig *config);
void udp_proxy_free (UdpProxy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UdpProxy, udp_proxy_free)
/* Where clients dial. */
GInetSocketAddress *udp_proxy_get_address (UdpProxy *self);
/* From now on the server sees another port of the client. */
void udp_proxy_rebind (UdpProxy *self);
/* From now on it leads to another server. */
void udp_proxy_redirect (UdpProxy *self, GInetSocketAddress *server);
