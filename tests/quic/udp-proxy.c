/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "udp-proxy.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LATE_BY 5

typedef struct {
  guint8 data[2048];
  ssize_t size;
  guint left; /* datagrams that go first */
  gboolean to_server;
} Held;

struct _UdpProxy {
  GMutex mutex;
  GThread *thread;
  UdpProxyConfig config;
  GRand *random;
  int front, back;
  struct sockaddr_in server, client;
  gboolean has_client;
  GQueue held;
  gint stop;
};

static int
open_port (void)
{
  struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int size = 4 * 1024 * 1024;

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &any, sizeof any), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return fd;
}

static void
deliver (UdpProxy *self, const guint8 *data, ssize_t size, gboolean to_server)
{
  const struct sockaddr_in *to = to_server ? &self->server : &self->client;

  if (to_server || self->has_client)
    (void) !sendto (to_server ? self->back : self->front, data, (gsize) size, 0,
                    (const struct sockaddr *) to, sizeof *to);
}

static gboolean
happens (UdpProxy *self, guint of_1000)
{
  return of_1000 > 0 && (guint) g_rand_int_range (self->random, 0, 1000) < of_1000;
}

static void
pass (UdpProxy *self, const guint8 *data, ssize_t size, gboolean to_server)
{
  GList *next;

  if (happens (self, self->config.lose))
    return;
  if (happens (self, self->config.late)) {
    Held *held = g_new0 (Held, 1);

    memcpy (held->data, data, (gsize) size);
    held->size = size;
    held->left = LATE_BY;
    held->to_server = to_server;
    g_queue_push_tail (&self->held, held);
    return;
  }
  deliver (self, data, size, to_server);
  if (happens (self, self->config.repeat))
    deliver (self, data, size, to_server);
  for (GList *l = self->held.head; l; l = next) {
    Held *held = l->data;

    next = l->next;
    if (held->left-- > 0)
      continue;
    deliver (self, held->data, held->size, held->to_server);
    g_free (held);
    g_queue_delete_link (&self->held, l);
  }
}

static void
move (UdpProxy *self, gboolean to_server)
{
  guint8 data[2048];

  for (;;) {
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    ssize_t size = recvfrom (to_server ? self->front : self->back, data, sizeof data, MSG_DONTWAIT,
                             (struct sockaddr *) &from, &from_size);

    if (size <= 0)
      return;
    if (to_server) {
      self->client = from;
      self->has_client = TRUE;
    }
    pass (self, data, size, to_server);
  }
}

static gpointer
run (gpointer user_data)
{
  UdpProxy *self = user_data;

  while (!g_atomic_int_get (&self->stop)) {
    struct pollfd fds[2];

    g_mutex_lock (&self->mutex);
    fds[0] = (struct pollfd){ self->front, POLLIN, 0 };
    fds[1] = (struct pollfd){ self->back, POLLIN, 0 };
    g_mutex_unlock (&self->mutex);
    poll (fds, 2, 10);
    g_mutex_lock (&self->mutex);
    move (self, TRUE);
    move (self, FALSE);
    g_mutex_unlock (&self->mutex);
  }
  return NULL;
}

UdpProxy *
udp_proxy_new (GInetSocketAddress *server, const UdpProxyConfig *config)
{
  UdpProxy *self = g_new0 (UdpProxy, 1);

  g_mutex_init (&self->mutex);
  self->config = *config;
  self->random = g_rand_new_with_seed (config->seed);
  self->front = open_port ();
  self->back = open_port ();
  g_assert_true (g_socket_address_to_native (G_SOCKET_ADDRESS (server), &self->server,
                                             sizeof self->server, NULL));
  self->thread = g_thread_new ("proxy", run, self);
  return self;
}

void
udp_proxy_free (UdpProxy *self)
{
  g_atomic_int_set (&self->stop, 1);
  g_thread_join (self->thread);
  close (self->front);
  close (self->back);
  g_queue_clear_full (&self->held, g_free);
  g_rand_free (self->random);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

GInetSocketAddress *
udp_proxy_get_address (UdpProxy *self)
{
  struct sockaddr_in local;
  socklen_t size = sizeof local;

  g_assert_cmpint (getsockname (self->front, (struct sockaddr *) &local, &size), ==, 0);
  return G_INET_SOCKET_ADDRESS (g_socket_address_new_from_native (&local, size));
}

void
udp_proxy_rebind (UdpProxy *self)
{
  int old;

  g_mutex_lock (&self->mutex);
  old = self->back;
  self->back = open_port ();
  close (old);
  g_mutex_unlock (&self->mutex);
}

void
udp_proxy_redirect (UdpProxy *self, GInetSocketAddress *server)
{
  g_mutex_lock (&self->mutex);
  g_assert_true (g_socket_address_to_native (G_SOCKET_ADDRESS (server), &self->server,
                                             sizeof self->server, NULL));
  g_mutex_unlock (&self->mutex);
}
