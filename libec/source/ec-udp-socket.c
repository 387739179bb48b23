/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-udp-socket.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ec-error.h"
#include "source/ec-source-error.h"

/* At 20 Mb/s about three seconds; the system may grant less (net.core.rmem_max). */
#define RECEIVE_BUFFER (8 * 1024 * 1024)

void
ec_udp_address_clear (EcUdpAddress *address)
{
  g_clear_pointer (&address->host, g_free);
  g_clear_pointer (&address->sender, g_free);
  g_clear_pointer (&address->interface, g_free);
}

gboolean
ec_udp_address_parse (EcUdpAddress *address, const char *uri, GError **error)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_PARSE_RELAXED, NULL);
  g_autoptr (GHashTable) query = NULL;

  if (parsed == NULL || g_uri_get_port (parsed) <= 0) {
    g_set_error (
        error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
        "“%s” does not say where to listen. It ought to look like udp://@239.1.1.1:1234, or "
        "udp://@:5000 for any address of this computer.",
        uri);
    return FALSE;
  }

  if (g_uri_get_query (parsed))
    query = g_uri_parse_params (g_uri_get_query (parsed), -1, "&", G_URI_PARAMS_NONE, NULL);
  address->host = g_strdup (g_uri_get_host (parsed) ? g_uri_get_host (parsed) : "");
  address->port = (guint16) g_uri_get_port (parsed);
  if (g_uri_get_userinfo (parsed) && *g_uri_get_userinfo (parsed))
    address->sender = g_strdup (g_uri_get_userinfo (parsed));
  if (query)
    address->interface = g_strdup (g_hash_table_lookup (query, "iface"));
  return TRUE;
}

static GInetAddress *
resolve (const char *host, GCancellable *cancellable, GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GError) cause = NULL;
  GInetAddress *inet = *host ? g_inet_address_new_from_string (host) : NULL;
  GList *found;

  if (*host == '\0')
    return g_inet_address_new_any (G_SOCKET_FAMILY_IPV6);
  if (inet)
    return inet;

  found = g_resolver_lookup_by_name (resolver, host, cancellable, &cause);
  if (found == NULL) {
    ec_source_error_from_io (error, cause, host);
    return NULL;
  }
  inet = g_object_ref (found->data);
  g_resolver_free_addresses (found);
  return inet;
}

static GSocketAddress *
socket_address (const EcUdpAddress *address, GInetAddress *inet)
{
  guint scope = 0;

  if (g_inet_address_get_family (inet) == G_SOCKET_FAMILY_IPV6 && address->interface &&
      (g_inet_address_get_is_link_local (inet) || g_inet_address_get_is_mc_link_local (inet)))
    scope = if_nametoindex (address->interface);
  return g_object_new (G_TYPE_INET_SOCKET_ADDRESS, "address", inet, "port", (guint) address->port,
                       "scope-id", scope, NULL);
}

static void
set_options (GSocket *socket, const EcUdpAddress *address, gboolean multicast)
{
  int fd = g_socket_get_fd (socket);
  int on = 1;

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_option (socket, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER, NULL);
  setsockopt (fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  if (address->interface && !multicast &&
      setsockopt (fd, SOL_SOCKET, SO_BINDTODEVICE, address->interface,
                  (socklen_t) strlen (address->interface)) < 0)
    g_debug ("cannot bind to %s: %s", address->interface, g_strerror (errno));
}

static gboolean
join (GSocket *socket, const EcUdpAddress *address, GInetAddress *group, GError **error)
{
  g_autoptr (GInetAddress) sender = NULL;

  if (address->sender == NULL)
    return g_socket_join_multicast_group (socket, group, FALSE, address->interface, error);

  sender = g_inet_address_new_from_string (address->sender);
  if (sender == NULL) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_BAD_URI,
                 "The sender “%s” is not an IP address.", address->sender);
    return FALSE;
  }
  return g_socket_join_multicast_group_ssm (socket, group, sender, address->interface, error);
}

GSocket *
ec_udp_address_listen (const EcUdpAddress *address, GCancellable *cancellable, GError **error)
{
  g_autoptr (GInetAddress) inet = resolve (address->host, cancellable, error);
  g_autoptr (GSocketAddress) where = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) cause = NULL;
  g_autofree char *who = NULL;
  gboolean multicast;

  if (inet == NULL)
    return NULL;
  if (address->interface && if_nametoindex (address->interface) == 0) {
    g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_FOUND,
                 "There is no network interface “%s”. “ip link” lists what there is.",
                 address->interface);
    return NULL;
  }

  who = g_strdup_printf ("%s:%u", *address->host ? address->host : "any address", address->port);
  multicast = g_inet_address_get_is_multicast (inet);
  where = socket_address (address, inet);
  socket = g_socket_new (g_inet_address_get_family (inet), G_SOCKET_TYPE_DATAGRAM,
                         G_SOCKET_PROTOCOL_UDP, &cause);
  if (socket == NULL && *address->host == '\0') {
    /* No IPv6 here. */
    g_clear_error (&cause);
    g_clear_object (&where);
    g_clear_object (&inet);
    inet = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
    where = socket_address (address, inet);
    socket =
        g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &cause);
  }
  if (socket == NULL) {
    ec_source_error_from_io (error, cause, who);
    return NULL;
  }

  set_options (socket, address, multicast);
  /* Several readers may share a group, but not the datagrams of one address. */
  if (!g_socket_bind (socket, where, multicast, &cause)) {
    if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
      ec_source_error_from_io (error, cause, who);
    else
      g_set_error (
          error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_FOUND,
          "Cannot listen on %s: %s. The address must be this computer's own, or a multicast "
          "group; udp://@:%u listens on all.",
          who, cause->message, address->port);
    return NULL;
  }
  if (multicast && !join (socket, address, inet, &cause)) {
    if (cause->domain == EC_SOURCE_ERROR)
      g_propagate_error (error, g_steal_pointer (&cause));
    else
      g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE,
                   "Cannot join the multicast group %s: %s. Name the interface: ?iface=eth0.", who,
                   cause->message);
    return NULL;
  }
  return g_steal_pointer (&socket);
}
