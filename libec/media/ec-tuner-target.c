/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-tuner-target.h"

#include <string.h>

#define PACKETS_PER_DATAGRAM 7
#define RTP_HEADER 12
#define RTP_TYPE_MP2T 33

typedef struct {
  EcTunerSink sink; /* first */
  GSocket *socket;
  gboolean rtp;
  guint16 sequence;
  guint32 source; /* SSRC */
  guint filled;   /* bytes of packets in `datagram` */
  guint8 datagram[RTP_HEADER + PACKETS_PER_DATAGRAM * EC_TS_PACKET];
} Target;

/* RFC 3550 §5.1, RFC 2250 §2. */
static void
write_rtp_header (Target *self)
{
  guint32 stamp = (guint32) (g_get_monotonic_time () * 9 / 100);
  guint8 *p = self->datagram;

  p[0] = 0x80;
  p[1] = RTP_TYPE_MP2T;
  p[2] = (guint8) (self->sequence >> 8);
  p[3] = (guint8) self->sequence;
  for (guint i = 0; i < 4; i++) {
    p[4 + i] = (guint8) (stamp >> (24 - 8 * i));
    p[8 + i] = (guint8) (self->source >> (24 - 8 * i));
  }
  self->sequence++;
}

static void
target_send (EcTunerSink *sink, const guint8 *data, gsize size)
{
  Target *self = (Target *) sink;
  const gsize full = PACKETS_PER_DATAGRAM * EC_TS_PACKET;

  while (size > 0) {
    gsize n = MIN (size, full - self->filled);

    memcpy (self->datagram + RTP_HEADER + self->filled, data, n);
    self->filled += (guint) n;
    data += n;
    size -= n;
    if (self->filled < full)
      continue;
    if (self->rtp)
      write_rtp_header (self);
    /* What the network does not take is lost, as with a real device. */
    g_socket_send (self->socket, (const char *) self->datagram + (self->rtp ? 0 : RTP_HEADER),
                   full + (self->rtp ? RTP_HEADER : 0), NULL, NULL);
    self->filled = 0;
  }
}

static void
target_closed (EcTunerSink *sink)
{
  Target *self = (Target *) sink;

  g_object_unref (self->socket);
  g_free (self);
}

gboolean
ec_tuner_target_begin (EcTuner *tuner, const char *target)
{
  g_autoptr (GUri) uri = g_uri_parse (target, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  gboolean rtp;
  Target *self;

  if (!uri || !g_uri_get_host (uri) || g_uri_get_port (uri) <= 0)
    return FALSE;
  rtp = strcmp (g_uri_get_scheme (uri), "rtp") == 0;
  if (!rtp && strcmp (g_uri_get_scheme (uri), "udp") != 0)
    return FALSE;
  address =
      g_inet_socket_address_new_from_string (g_uri_get_host (uri), (guint) g_uri_get_port (uri));
  if (!address)
    return FALSE;
  socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_DATAGRAM,
                         G_SOCKET_PROTOCOL_UDP, NULL);
  if (!socket || !g_socket_connect (socket, address, NULL, NULL))
    return FALSE;
  g_socket_set_blocking (socket, FALSE);

  self = g_new0 (Target, 1);
  self->sink.send = target_send;
  self->sink.closed = target_closed;
  self->socket = g_steal_pointer (&socket);
  self->rtp = rtp;
  self->source = ec_tuner_device_get_config (tuner->device)->device_id + tuner->index;
  if (!tuner->filter.broadcast)
    ec_tuner_update_filter (tuner);
  ec_tuner_start (tuner, &self->sink, g_uri_get_host (uri), 0);
  return TRUE;
}
