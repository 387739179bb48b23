/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-hdhr-probe.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define ROUNDS 2
#define ROUND_INTERVAL (200 * 1000) /* µs */
#define MAX_SOCKETS 64

/* So many packets are read from one socket before the clock is looked at again. */
#define BURST 64

/* A socket of one interface and where to send from it. */
typedef struct {
  GSocket *socket;
  GSocketAddress *destination;
} Way;

static void
way_free (Way *way)
{
  g_object_unref (way->socket);
  g_object_unref (way->destination);
  g_free (way);
}

static GSocketAddress *
make_address (GInetAddress *inet, guint port, guint scope)
{
  return g_object_new (G_TYPE_INET_SOCKET_ADDRESS, "address", inet, "port", port, "scope-id", scope,
                       NULL);
}

/* Takes `local` and `destination`; where the interface does not let us, there is no way. */
static void
add_way (GPtrArray *ways, GSocketAddress *local, GSocketAddress *destination)
{
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (destination),
                                             G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  Way *way;

  if (socket && ways->len < MAX_SOCKETS &&
      (local == NULL || g_socket_bind (socket, local, FALSE, NULL))) {
    g_socket_set_blocking (socket, FALSE);
    g_socket_set_broadcast (socket, TRUE);
    way = g_new0 (Way, 1);
    way->socket = g_steal_pointer (&socket);
    way->destination = g_object_ref (destination);
    g_ptr_array_add (ways, way);
  }
  g_clear_object (&local);
  g_object_unref (destination);
}

static void
add_interface (GPtrArray *ways, const struct ifaddrs *interface, guint port)
{
  guint scope = if_nametoindex (interface->ifa_name);

  if (interface->ifa_addr == NULL || !(interface->ifa_flags & IFF_UP))
    return;

  if (interface->ifa_addr->sa_family == AF_INET && interface->ifa_flags & IFF_BROADCAST) {
    g_autoptr (GInetAddress) all = g_inet_address_new_from_string ("255.255.255.255");
    GSocketAddress *local =
        g_socket_address_new_from_native (interface->ifa_addr, sizeof (struct sockaddr_in));

    add_way (ways, local, make_address (all, port, 0));
  } else if (interface->ifa_addr->sa_family == AF_INET6 && interface->ifa_flags & IFF_MULTICAST &&
             !(interface->ifa_flags & IFF_LOOPBACK)) {
    g_autoptr (GSocketAddress) local =
        g_socket_address_new_from_native (interface->ifa_addr, sizeof (struct sockaddr_in6));
    GInetAddress *inet = g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (local));
    g_autoptr (GInetAddress) group = g_inet_address_new_from_string ("ff02::176");

    /* Once an interface: from its link-local address. */
    if (g_inet_address_get_is_link_local (inet))
      add_way (ways, g_steal_pointer (&local), make_address (group, port, scope));
  }
}

static GPtrArray *
make_ways (const EcHdhrProbe *probe)
{
  GPtrArray *ways = g_ptr_array_new_with_free_func ((GDestroyNotify) way_free);
  guint port = probe->port ? probe->port : EC_HDHR_DISCOVER_PORT;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  struct ifaddrs *interfaces;

  if (probe->address) {
    add_way (ways, NULL, make_address (probe->address, port, 0));
    return ways;
  }

  if (getifaddrs (&interfaces) == 0) {
    for (struct ifaddrs *i = interfaces; i; i = i->ifa_next)
      add_interface (ways, i, port);
    freeifaddrs (interfaces);
  }
  /* This computer has no broadcast of its own, but may run a device (“ec tuner”). */
  add_way (ways, NULL, make_address (loopback, port, 0));
  return ways;
}

static void
send_round (GPtrArray *ways, GBytes *request)
{
  gsize size;
  const char *data = g_bytes_get_data (request, &size);

  for (guint i = 0; i < ways->len; i++) {
    Way *way = ways->pdata[i];
    g_autoptr (GError) error = NULL;

    if (g_socket_send_to (way->socket, way->destination, data, size, NULL, &error) < 0)
      g_debug ("discovery: %s", error->message);
  }
}

/* Old devices do not say where their web server is: it is at port 80 of where the answer came from. */
static char *
base_url_of (const EcHdhrReply *reply, GSocketAddress *sender)
{
  g_autofree char *text = NULL;

  if (reply->base_url)
    return g_strdup (reply->base_url);
  text =
      g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (sender)));
  return g_strdup_printf (strchr (text, ':') ? "http://[%s]" : "http://%s", text);
}

/* TRUE: that is enough. */
static gboolean
receive (Way *way, const EcHdhrProbe *probe, EcHdhrProbeFunc func, gpointer user_data)
{
  for (guint i = 0; i < BURST; i++) {
    guint8 packet[EC_HDHR_MAX_PACKET + 1];
    g_autoptr (GSocketAddress) sender = NULL;
    gssize n =
        g_socket_receive_from (way->socket, &sender, (char *) packet, sizeof packet, NULL, NULL);
    g_autofree char *base_url = NULL;
    EcHdhrReply reply;
    gboolean more = TRUE;

    if (n < 0)
      return FALSE;
    if (!ec_hdhr_packet_parse_reply (packet, (gsize) n, &reply))
      continue;
    base_url = base_url_of (&reply, sender);
    if (probe->id == EC_HDHR_ANY_ID || probe->id == reply.id)
      more = func (user_data, &reply, base_url);
    ec_hdhr_reply_clear (&reply);
    if (!more)
      return TRUE;
  }
  return FALSE;
}

/* Waits for answers until `until` (µs, monotonic). TRUE: that is enough. */
static gboolean
receive_until (GPtrArray *ways,
               const EcHdhrProbe *probe,
               gint64 until,
               EcHdhrProbeFunc func,
               gpointer user_data,
               GCancellable *cancellable)
{
  GPollFD fds[MAX_SOCKETS + 1];
  guint n = ways->len;
  gboolean watch = g_cancellable_make_pollfd (cancellable, &fds[n]);
  gboolean enough = FALSE;
  gint64 left;

  while (!enough && (left = until - g_get_monotonic_time ()) > 0) {
    for (guint i = 0; i < n; i++) {
      Way *way = ways->pdata[i];

      fds[i] = (GPollFD){ .fd = g_socket_get_fd (way->socket), .events = G_IO_IN };
    }
    if (g_poll (fds, n + (watch ? 1 : 0), (int) ((left + 999) / 1000)) < 0 && errno != EINTR)
      break;
    if (g_cancellable_is_cancelled (cancellable))
      enough = TRUE;
    for (guint i = 0; i < n && !enough; i++) {
      if (fds[i].revents)
        enough = receive (ways->pdata[i], probe, func, user_data);
    }
  }
  if (watch)
    g_cancellable_release_fd (cancellable);
  return enough;
}

void
ec_hdhr_probe (const EcHdhrProbe *probe,
               EcHdhrProbeFunc func,
               gpointer user_data,
               GCancellable *cancellable)
{
  g_autoptr (GPtrArray) ways = make_ways (probe);
  g_autoptr (GBytes) request = ec_hdhr_packet_make_request (probe->id);
  gint64 start = g_get_monotonic_time ();
  gint64 end = start + (gint64) probe->timeout_ms * 1000;

  for (guint round = 0; round < ROUNDS; round++) {
    gint64 until = start + (round + 1) * ROUND_INTERVAL;

    send_round (ways, request);
    if (round + 1 == ROUNDS)
      until = end;
    if (receive_until (ways, probe, MIN (until, end), func, user_data, cancellable))
      return;
  }
}
