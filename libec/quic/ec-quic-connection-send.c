/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "quic/ec-quic-connection.h"

/* Enough for any packet; ngtcp2 takes what fits. */
#define PEEK_BYTES 1536
#define PEEK_VECTORS 16

/* Packets of one size to one place, one behind the other in the worker's buffer. */
typedef struct {
  ngtcp2_path_storage path;
  guint8 ecn;
  guint8 *data;
  gsize size;
  gsize segment;
  guint n;
} Burst;

void
ec_quic_pending_free (EcQuicPending *pending)
{
  g_free (pending->data);
  g_free (pending);
}

void
ec_quic_outgoing_free (EcQuicOutgoing *outgoing)
{
  g_free (outgoing->head);
  g_clear_pointer (&outgoing->payload, ec_payload_unref);
  g_free (outgoing);
}

/* Those that no longer fit, since the path has changed, would be tried for ever. */
static EcQuicOutgoing *
peek_datagram (EcQuicConnection *self)
{
  EcQuicOutgoing *outgoing;
  gsize max;

  if (!self->established || g_queue_is_empty (&self->datagrams))
    return NULL;
  max = ec_transport_get_max_datagram (&self->base);
  while ((outgoing = g_queue_peek_head (&self->datagrams))) {
    gsize size = outgoing->head_size;

    if (outgoing->payload)
      size += ec_payload_get_filled (outgoing->payload);
    if (size <= max)
      return outgoing;
    ec_quic_outgoing_free (g_queue_pop_head (&self->datagrams));
  }
  return NULL;
}

/* TRUE: `*written` is a packet, or 0, or an error. */
static gboolean
write_datagram (EcQuicConnection *self,
                ngtcp2_path *path,
                ngtcp2_pkt_info *info,
                guint8 *to,
                gsize room,
                guint64 now,
                ngtcp2_ssize *written)
{
  EcQuicOutgoing *outgoing = g_queue_peek_head (&self->datagrams);
  ngtcp2_vec vectors[2] = { { outgoing->head, outgoing->head_size } };
  gsize n = outgoing->head_size > 0;
  int accepted = 0;

  if (outgoing->payload) {
    vectors[n].base = (uint8_t *) (uintptr_t) ec_payload_get_data (outgoing->payload);
    vectors[n++].len = ec_payload_get_filled (outgoing->payload);
  }
  *written = ngtcp2_conn_writev_datagram (self->ngtcp2, path, info, to, room, &accepted,
                                          NGTCP2_WRITE_DATAGRAM_FLAG_MORE, self->datagram_id,
                                          vectors, n, now);
  if (accepted || *written == NGTCP2_ERR_INVALID_STATE || *written == NGTCP2_ERR_INVALID_ARGUMENT) {
    self->datagram_id++;
    ec_quic_outgoing_free (g_queue_pop_head (&self->datagrams));
    if (!accepted)
      return FALSE;
  }
  return *written != NGTCP2_ERR_WRITE_MORE;
}

/* TRUE: `*written` is a packet, or 0, or an error. */
static gboolean
write_stream (EcQuicConnection *self,
              EcQuicStream *stream,
              ngtcp2_path *path,
              ngtcp2_pkt_info *info,
              guint8 *to,
              gsize room,
              guint64 now,
              ngtcp2_ssize *written)
{
  ngtcp2_vec vectors[PEEK_VECTORS];
  gboolean complete;
  gsize n = ec_quic_stream_peek (stream, vectors, PEEK_VECTORS, PEEK_BYTES, &complete);
  uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
  ngtcp2_ssize taken = -1;

  if (complete && stream->fin)
    flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
  *written = ngtcp2_conn_writev_stream (self->ngtcp2, path, info, to, room, &taken, flags,
                                        stream->id, vectors, n, now);
  if (taken >= 0) {
    ec_quic_stream_advance (stream, (gsize) taken);
    if ((flags & NGTCP2_WRITE_STREAM_FLAG_FIN) && stream->sent == stream->written)
      stream->fin_sent = TRUE;
    ec_quic_scheduler_account (&self->scheduler, stream, (gsize) taken);
    if (stream->was_unsent && stream->sent == stream->written) {
      stream->was_unsent = FALSE;
      g_queue_push_tail (&self->notify, g_memdup2 (&stream->id, sizeof stream->id));
    }
    ec_quic_connection_schedule (self, stream);
  }

  switch (*written) {
  case NGTCP2_ERR_WRITE_MORE:
    return FALSE;
  case NGTCP2_ERR_STREAM_DATA_BLOCKED:
    /* The peer tells when it is not, for a stream; for all of them we see it in what is left. */
    if (ngtcp2_conn_get_max_data_left (self->ngtcp2) > 0)
      stream->blocked = TRUE;
    ec_quic_connection_schedule (self, stream);
    return FALSE;
  case NGTCP2_ERR_STREAM_SHUT_WR:
  case NGTCP2_ERR_STREAM_NOT_FOUND:
    ec_quic_stream_shut (stream);
    ec_quic_connection_schedule (self, stream);
    return FALSE;
  default:
    return TRUE;
  }
}

/* The next stream, of those that the peer gives credit for; NULL: none. */
static EcQuicStream *
peek_stream (EcQuicConnection *self)
{
  EcQuicStream *stream = self->established ? ec_quic_scheduler_peek (&self->scheduler) : NULL;

  if (stream && ec_quic_stream_get_unsent (stream) > 0 &&
      ngtcp2_conn_get_max_data_left (self->ngtcp2) == 0)
    return NULL;
  return stream;
}

/* One packet, of as many streams as fit. Bytes, 0 if nothing may or need be sent, or ngtcp2's error. */
static ngtcp2_ssize
write_packet (EcQuicConnection *self,
              ngtcp2_path *path,
              ngtcp2_pkt_info *info,
              guint8 *to,
              gsize room,
              guint64 now)
{
  ngtcp2_ssize written = 0;

  for (;;) {
    EcQuicStream *stream = peek_stream (self);
    EcQuicOutgoing *outgoing = peek_datagram (self);

    if (outgoing && (stream == NULL || outgoing->base.level <= stream->priority.level)) {
      if (write_datagram (self, path, info, to, room, now, &written))
        return written;
      continue;
    }
    if (stream == NULL)
      return ngtcp2_conn_writev_stream (self->ngtcp2, path, info, to, room, NULL,
                                        NGTCP2_WRITE_STREAM_FLAG_NONE, -1, NULL, 0, now);
    if (write_stream (self, stream, path, info, to, room, now, &written))
      return written;
  }
}

static void
keep_pending (EcQuicConnection *self, const Burst *burst, EcQuicSocket *socket, gsize done)
{
  EcQuicPending *pending = g_new0 (EcQuicPending, 1);

  pending->socket = socket;
  pending->local = self->local;
  pending->remote = self->remote;
  pending->ecn = burst->ecn;
  pending->size = burst->size - done;
  pending->segment = burst->segment;
  pending->data = g_memdup2 (burst->data + done, pending->size);
  self->pending = pending;
  self->blocked = TRUE;
}

static void
unreachable (EcQuicConnection *self, int code)
{
  g_autofree char *reason = NULL;

  /* Later ones may pass: routes come and go. */
  if (self->established || self->base.server)
    return;
  reason = g_strdup_printf ("Nothing can be sent there: %s.", g_strerror (code));
  ec_quic_connection_fail (self, EC_TRANSPORT_CLOSE_UNREACHABLE, 0, reason, TRUE);
}

static void
send_burst (EcQuicConnection *self, Burst *burst)
{
  const ngtcp2_path *path = &burst->path.path;
  EcQuicSocket *socket;
  gsize done;
  int code;

  if (burst->size == 0)
    return;
  ec_quic_address_set (&self->local, path->local.addr, path->local.addrlen);
  ec_quic_address_set (&self->remote, path->remote.addr, path->remote.addrlen);
  socket = ec_quic_worker_find_socket (self->worker, &self->local);
  if (socket == NULL)
    socket = self->socket;
  self->bytes_sent += burst->size;
  code = ec_quic_worker_send (self->worker, socket, &self->local, &self->remote, burst->ecn,
                              burst->data, burst->size, burst->segment, &done);
  if (code == EAGAIN)
    keep_pending (self, burst, socket, done);
  else if (code != 0)
    unreachable (self, code);
  burst->data += burst->size;
  burst->size = 0;
  burst->n = 0;
}

gboolean
ec_quic_connection_write_pending (EcQuicConnection *self)
{
  EcQuicPending *pending = self->pending;
  gsize done;
  int code;

  if (pending == NULL)
    return TRUE;
  code = ec_quic_worker_send (self->worker, pending->socket, &pending->local, &pending->remote,
                              pending->ecn, pending->data, pending->size, pending->segment, &done);
  if (code == EAGAIN) {
    memmove (pending->data, pending->data + done, pending->size - done);
    pending->size -= done;
    return FALSE;
  }
  g_clear_pointer (&self->pending, ec_quic_pending_free);
  self->blocked = FALSE;
  return TRUE;
}

/* Whether the packet of `size` bytes behind the burst goes with it. */
static gboolean
joins (const Burst *burst, const ngtcp2_path *path, guint8 ecn, gsize size)
{
  return burst->n == 0 ||
         (ecn == burst->ecn && size <= burst->segment && burst->size == burst->n * burst->segment &&
          burst->n < EC_QUIC_MAX_SEGMENTS && ngtcp2_path_eq (path, &burst->path.path));
}

void
ec_quic_connection_write (EcQuicConnection *self, guint64 now)
{
  guint8 *end = self->worker->burst + EC_QUIC_MAX_BURST;
  gsize quantum = MIN (ngtcp2_conn_get_send_quantum (self->ngtcp2), EC_QUIC_MAX_BURST);
  gsize total = 0;
  Burst burst = { .data = self->worker->burst };
  guint packets = 0;

  self->more = FALSE;
  ngtcp2_path_storage_zero (&burst.path);
  for (;;) {
    gsize room = ngtcp2_conn_get_max_tx_udp_payload_size (self->ngtcp2);
    guint8 *to = burst.data + burst.size;
    ngtcp2_path_storage path;
    ngtcp2_pkt_info info = { 0 };
    ngtcp2_ssize written;

    if ((packets > 0 && total >= quantum) || packets == EC_QUIC_MAX_SEGMENTS ||
        (gsize) (end - to) < room) {
      self->more = TRUE;
      break;
    }
    ngtcp2_path_storage_zero (&path);
    written = write_packet (self, &path.path, &info, to, room, now);
    if (written == 0)
      break;
    if (written < 0) {
      send_burst (self, &burst);
      ec_quic_connection_fail_ngtcp2 (self, (int) written);
      return;
    }
    if (!joins (&burst, &path.path, (guint8) info.ecn, (gsize) written)) {
      send_burst (self, &burst);
      if (self->blocked || self->closing) {
        /* Lost, as far as ngtcp2 can tell; at most one a blockade. */
        self->more = TRUE;
        break;
      }
    }
    if (burst.n == 0) {
      burst.ecn = (guint8) info.ecn;
      burst.segment = (gsize) written;
      ngtcp2_path_copy (&burst.path.path, &path.path);
    }
    burst.size += (gsize) written;
    burst.n++;
    packets++;
    total += (gsize) written;
  }
  send_burst (self, &burst);
  ngtcp2_conn_update_pkt_tx_time (self->ngtcp2, now);
}
