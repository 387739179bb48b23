/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/ec-error.h"
#include "source/ec-rtp.h"
#include "source/ec-source-private.h"
#include "source/ec-source-scheme.h"
#include "source/ec-udp-socket.h"

/*
 * UDP, unicast and multicast: transport stream packets alone, or in RTP. Datagrams are taken from the
 * kernel many at a time; what it dropped for want of room is counted by SO_RXQ_OVFL.
 */

#define BATCH 64
#define DATAGRAM_SIZE 9216 /* a jumbo frame; longer ones are cut and marked */

/* How long overtaken datagrams are waited for when nothing else comes, ms. */
#define REORDER_TIME 100

/* So many datagrams without a transport stream in them, and none with, are enough to say so. */
#define MAX_FOREIGN 100

typedef struct {
  EcUdpAddress address;
  gboolean rtp; /* insisted on */
} UdpData;

typedef struct {
  EcSourceCore *core;
  EcRtp *rtp;        /* NULL until RTP is seen */
  gboolean plain;    /* packets alone were seen */
  guint foreign;     /* datagrams that are neither */
  guint32 dropped;   /* by the kernel, as told so far */
  GByteArray *block; /* what this batch yields */
  GError *error;
} Receiver;

/* Space for one batch of recvmmsg(). */
typedef struct {
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  guint8 control[BATCH][CMSG_SPACE (sizeof (guint32))];
  guint8 data[BATCH][DATAGRAM_SIZE];
} Batch;

static void
udp_data_free (gpointer user_data)
{
  UdpData *data = user_data;

  ec_udp_address_clear (&data->address);
  g_free (data);
}

static gboolean
push_block (Receiver *receiver)
{
  GBytes *bytes;

  if (receiver->block->len == 0)
    return receiver->error == NULL;
  bytes = g_bytes_new (receiver->block->data, receiver->block->len);
  g_byte_array_set_size (receiver->block, 0);
  if (receiver->error) {
    g_bytes_unref (bytes);
    return FALSE;
  }
  return ec_source_core_push (receiver->core, bytes, &receiver->error);
}

static void
mark_lost (Receiver *receiver)
{
  push_block (receiver);
  ec_source_core_lost (receiver->core);
}

static void
on_payload (gpointer user_data, const guint8 *payload, gsize size, gboolean lost)
{
  Receiver *receiver = user_data;

  if (lost)
    mark_lost (receiver);
  g_byte_array_append (receiver->block, payload, (guint) size);
}

static void
take_datagram (Receiver *receiver, const guint8 *datagram, gsize size)
{
  if (receiver->rtp == NULL && !receiver->plain) {
    if (size >= 188 && datagram[0] == 0x47)
      receiver->plain = TRUE;
    else if (ec_rtp_recognise (datagram, size))
      receiver->rtp = ec_rtp_new (on_payload, receiver);
  }

  if (receiver->rtp && ec_rtp_push (receiver->rtp, datagram, size))
    return;
  if (receiver->plain && size > 0) {
    on_payload (receiver, datagram, size, FALSE);
    return;
  }
  receiver->foreign++;
}

/* What the kernel says beside a datagram: how many it dropped since the socket was made. */
static void
check_dropped (Receiver *receiver, struct msghdr *header)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (header); c; c = CMSG_NXTHDR (header, c)) {
    guint32 dropped;

    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
      continue;
    memcpy (&dropped, CMSG_DATA (c), sizeof dropped);
    if (dropped != receiver->dropped) {
      g_debug ("%u datagrams dropped by the system", dropped - receiver->dropped);
      mark_lost (receiver);
    }
    receiver->dropped = dropped;
  }
}

/* Takes what is there without waiting. FALSE: receiver->error. */
static gboolean
receive_batch (Receiver *receiver, Batch *batch, int fd)
{
  int n;

  for (guint i = 0; i < BATCH; i++) {
    batch->vectors[i] = (struct iovec){ batch->data[i], DATAGRAM_SIZE };
    batch->messages[i].msg_hdr = (struct msghdr){ .msg_iov = &batch->vectors[i],
                                                  .msg_iovlen = 1,
                                                  .msg_control = batch->control[i],
                                                  .msg_controllen = sizeof batch->control[i] };
  }

  n = recvmmsg (fd, batch->messages, BATCH, MSG_DONTWAIT, NULL);
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED)
      return TRUE;
    g_set_error (&receiver->error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_GONE,
                 "The network stopped delivering: %s.", g_strerror (errno));
    return FALSE;
  }

  for (int i = 0; i < n; i++) {
    struct mmsghdr *message = &batch->messages[i];

    check_dropped (receiver, &message->msg_hdr);
    take_datagram (receiver, batch->data[i], message->msg_len);
    if (message->msg_hdr.msg_flags & MSG_TRUNC)
      mark_lost (receiver);
  }
  return push_block (receiver);
}

static gboolean
check_foreign (Receiver *receiver, const UdpData *data)
{
  if (receiver->rtp || receiver->plain || receiver->foreign < MAX_FOREIGN)
    return TRUE;
  g_set_error (&receiver->error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_TS,
               "What arrives at port %u is %s. Check the address of the sender.",
               data->address.port,
               data->rtp ? "not RTP with a transport stream in it" : "not a transport stream");
  return FALSE;
}

/* Waits for datagrams, or until the next thing to do about their absence. */
static gboolean
wait_for_datagrams (Receiver *receiver, GSocket *socket, GCancellable *cancellable)
{
  g_autoptr (GError) cause = NULL;
  gboolean reordering = receiver->rtp && ec_rtp_is_waiting (receiver->rtp);
  gint64 left = reordering ? REORDER_TIME : ec_source_core_quiet_left (receiver->core);

  if (g_socket_condition_timed_wait (socket, G_IO_IN, left * 1000, cancellable, &cause))
    return TRUE;
  if (!g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)) {
    receiver->error = g_steal_pointer (&cause);
    return FALSE;
  }
  if (reordering) {
    ec_rtp_flush (receiver->rtp);
    return push_block (receiver);
  }
  return ec_source_core_quiet (receiver->core, &receiver->error);
}

static gboolean
udp_session (EcSourceCore *core, gpointer user_data, GCancellable *cancellable, GError **error)
{
  const UdpData *data = user_data;
  g_autoptr (GSocket) socket = ec_udp_address_listen (&data->address, cancellable, error);
  g_autofree Batch *batch = NULL;
  Receiver receiver = { .core = core };

  if (socket == NULL)
    return FALSE;

  batch = g_new0 (Batch, 1);
  receiver.block = g_byte_array_new ();
  if (data->rtp)
    receiver.rtp = ec_rtp_new (on_payload, &receiver);
  ec_source_core_quiet_reset (core);
  ec_source_core_opened (core);

  while (wait_for_datagrams (&receiver, socket, cancellable) &&
         receive_batch (&receiver, batch, g_socket_get_fd (socket)) &&
         check_foreign (&receiver, data))
    ;

  g_clear_pointer (&receiver.rtp, ec_rtp_free);
  g_byte_array_unref (receiver.block);
  g_propagate_error (error, receiver.error);
  return FALSE;
}

static const EcSourceBackend udp_backend = { udp_session, udp_data_free };

EcSource *
ec_udp_source_new (const char *uri, GError **error)
{
  g_autofree char *scheme = g_uri_parse_scheme (uri);
  g_autofree char *device = NULL;
  UdpData *data = g_new0 (UdpData, 1);
  EcSource *self;

  if (!ec_udp_address_parse (&data->address, uri, error)) {
    udp_data_free (data);
    return NULL;
  }
  data->rtp = g_ascii_strcasecmp (scheme, "rtp") == 0;
  device = g_strdup_printf ("udp:%s:%u", *data->address.host ? data->address.host : "any",
                            data->address.port);

  self = ec_stream_source_new (uri, &udp_backend, data);
  ec_source_core_set_live (ec_source_get_core (self), TRUE);
  ec_source_core_set_names (ec_source_get_core (self), uri, device, "stream");
  return self;
}
