/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct _EcBenchEcho {
  int server, client;
  gsize size;
  guint interval_us;
  int stop; /* atomic */
  GThread *answering, *asking;
  GArray *samples;
};

static gboolean
wait_readable (EcBenchEcho *self, int fd, int timeout_ms)
{
  struct pollfd poller = { fd, POLLIN, 0 };

  return poll (&poller, 1, timeout_ms) > 0;
}

static gpointer
answer (gpointer data)
{
  EcBenchEcho *self = data;
  g_autofree guint8 *buffer = g_malloc (65536);

  while (!g_atomic_int_get (&self->stop)) {
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n;

    if (!wait_readable (self, self->server, 100))
      continue;
    n = recvfrom (self->server, buffer, 65536, 0, (struct sockaddr *) &from, &size);
    if (n > 0)
      (void) !sendto (self->server, buffer, (size_t) n, 0, (struct sockaddr *) &from, size);
  }
  return NULL;
}

static gpointer
ask (gpointer data)
{
  EcBenchEcho *self = data;
  g_autofree guint8 *buffer = g_malloc0 (65536);
  guint64 number = 0;

  while (!g_atomic_int_get (&self->stop)) {
    gint64 since = g_get_monotonic_time ();
    guint64 came = 0;

    memcpy (buffer, &number, sizeof number);
    if (send (self->client, buffer, self->size, 0) < 0)
      break;
    /* One that comes too late is not taken for the next. */
    do {
      if (!wait_readable (self, self->client, 1000) || recv (self->client, buffer, 65536, 0) < 8)
        break;
      memcpy (&came, buffer, sizeof came);
    } while (came != number);
    if (came == number) {
      guint32 sample = (guint32) (g_get_monotonic_time () - since);

      g_array_append_val (self->samples, sample);
    }
    number++;
    g_usleep (self->interval_us);
  }
  return NULL;
}

EcBenchEcho *
ec_bench_echo_start (gsize size, guint interval_us, GError **error)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t address_size = sizeof address;
  EcBenchEcho *self = g_new0 (EcBenchEcho, 1);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  self->size = CLAMP (size, 16, 60000);
  self->interval_us = interval_us;
  self->samples = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->server = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  self->client = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (self->server < 0 || self->client < 0 ||
      bind (self->server, (struct sockaddr *) &address, sizeof address) < 0 ||
      getsockname (self->server, (struct sockaddr *) &address, &address_size) < 0 ||
      connect (self->client, (struct sockaddr *) &address, sizeof address) < 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Cannot make a UDP socket: %s.",
                 g_strerror (errno));
    g_array_unref (ec_bench_echo_stop (self));
    return NULL;
  }
  self->answering = g_thread_new ("echo", answer, self);
  self->asking = g_thread_new ("ask", ask, self);
  return self;
}

GArray *
ec_bench_echo_stop (EcBenchEcho *self)
{
  GArray *samples = self->samples;

  g_atomic_int_set (&self->stop, 1);
  if (self->answering)
    g_thread_join (self->answering);
  if (self->asking)
    g_thread_join (self->asking);
  if (self->server >= 0)
    close (self->server);
  if (self->client >= 0)
    close (self->client);
  g_free (self);
  return samples;
}
