/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "quic/ec-quic-socket.h"

gboolean
ec_quic_address_set (EcQuicAddress *self, const struct sockaddr *address, socklen_t size)
{
  memset (self, 0, sizeof *self);
  if (size > sizeof self->v6)
    return FALSE;
  memcpy (&self->v6, address, size);
  self->size = size;
  return TRUE;
}

gboolean
ec_quic_address_set_inet (EcQuicAddress *self, GInetSocketAddress *address)
{
  gssize size = g_socket_address_get_native_size (G_SOCKET_ADDRESS (address));

  memset (self, 0, sizeof *self);
  if (size <= 0 || (gsize) size > sizeof self->v6 ||
      !g_socket_address_to_native (G_SOCKET_ADDRESS (address), &self->v6, sizeof self->v6, NULL))
    return FALSE;
  self->size = (socklen_t) size;
  return TRUE;
}

guint16
ec_quic_address_get_port (const EcQuicAddress *self)
{
  return g_ntohs (self->any.sa_family == AF_INET ? self->v4.sin_port : self->v6.sin6_port);
}

void
ec_quic_address_set_port (EcQuicAddress *self, guint16 port)
{
  if (self->any.sa_family == AF_INET)
    self->v4.sin_port = g_htons (port);
  else
    self->v6.sin6_port = g_htons (port);
}

gboolean
ec_quic_address_equal (const EcQuicAddress *a, const EcQuicAddress *b)
{
  if (a->any.sa_family != b->any.sa_family)
    return FALSE;
  if (a->any.sa_family == AF_INET)
    return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
  return a->v6.sin6_port == b->v6.sin6_port &&
         memcmp (&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0;
}

char *
ec_quic_address_to_string (const EcQuicAddress *self)
{
  char text[INET6_ADDRSTRLEN] = "?";
  guint16 port = ec_quic_address_get_port (self);

  if (self->any.sa_family == AF_INET) {
    inet_ntop (AF_INET, &self->v4.sin_addr, text, sizeof text);
  } else if (IN6_IS_ADDR_V4MAPPED (&self->v6.sin6_addr)) {
    inet_ntop (AF_INET, &self->v6.sin6_addr.s6_addr[12], text, sizeof text);
  } else {
    inet_ntop (AF_INET6, &self->v6.sin6_addr, text, sizeof text);
    return g_strdup_printf ("[%s]:%u", text, port);
  }
  return g_strdup_printf ("%s:%u", text, port);
}

GInetSocketAddress *
ec_quic_address_to_inet (const EcQuicAddress *self)
{
  return G_INET_SOCKET_ADDRESS (
      g_socket_address_new_from_native ((gpointer) (guintptr) &self->any, self->size));
}
