/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "base/ec-reader.h"
#include "quic/ec-quic-connection.h"

/* RFC 9000 §10.3: what could be a packet, and may be answered by a reset that is shorter. */
#define MIN_RESET 22
#define MAX_RESET 43
#define RETRY_TIMEOUT (10 * NGTCP2_SECONDS)

/* What RFC 8999 tells of any version's packet. */
typedef struct {
  gboolean is_long;
  guint32 version;
  ngtcp2_cid dcid;
  ngtcp2_cid scid;
} Header;

static gboolean
read_cid (EcReader *reader, ngtcp2_cid *cid)
{
  gsize size = ec_reader_u8 (reader);
  const guint8 *data = ec_reader_bytes (reader, size);

  if (data == NULL || size > NGTCP2_MAX_CIDLEN)
    return FALSE;
  ngtcp2_cid_init (cid, data, size);
  return TRUE;
}

static gboolean
read_header (const EcQuicDatagram *datagram, Header *header)
{
  EcReader reader;
  const guint8 *id;
  guint8 first;

  if (datagram->size == 0 || datagram->size > EC_QUIC_MAX_DATAGRAM)
    return FALSE;
  ec_reader_init (&reader, datagram->data, datagram->size);
  first = ec_reader_u8 (&reader);
  header->is_long = (first & 0x80) != 0;
  if (!header->is_long) {
    id = ec_reader_bytes (&reader, EC_QUIC_CID_SIZE);
    if (id == NULL)
      return FALSE;
    ngtcp2_cid_init (&header->dcid, id, EC_QUIC_CID_SIZE);
    return TRUE;
  }
  header->version = ec_reader_u32 (&reader);
  return read_cid (&reader, &header->dcid) && read_cid (&reader, &header->scid) && !reader.failed;
}

static void
answer (EcQuicWorker *self,
        EcQuicSocket *socket,
        const EcQuicDatagram *datagram,
        const guint8 *data,
        ngtcp2_ssize size)
{
  gsize done;

  if (size > 0)
    (void) ec_quic_worker_send (self, socket, datagram->local, datagram->remote, 0, data,
                                (gsize) size, (gsize) size, &done);
}

static void
negotiate_version (EcQuicWorker *self,
                   EcQuicSocket *socket,
                   const EcQuicDatagram *datagram,
                   const Header *header)
{
  /* RFC 9000 §6.3: one that nobody has is offered too, so that clients stay able to ignore it. */
  static const uint32_t versions[] = { NGTCP2_PROTO_VER_V1, 0x1a2a3a4a };
  guint8 packet[128];
  guint8 random;

  if (!socket->listening || datagram->size < NGTCP2_MAX_UDP_PAYLOAD_SIZE ||
      !ec_quic_worker_may_answer (self) || gnutls_rnd (GNUTLS_RND_NONCE, &random, 1) < 0)
    return;
  answer (self, socket, datagram, packet,
          ngtcp2_pkt_write_version_negotiation (
              packet, sizeof packet, random, header->scid.data, header->scid.datalen,
              header->dcid.data, header->dcid.datalen, versions, G_N_ELEMENTS (versions)));
}

static void
send_retry (EcQuicWorker *self,
            EcQuicSocket *socket,
            const EcQuicDatagram *datagram,
            const ngtcp2_pkt_hd *hd)
{
  guint8 token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN];
  guint8 packet[256];
  ngtcp2_cid scid;
  ngtcp2_ssize size;

  ec_quic_worker_choose_cid (self, &scid);
  size = ngtcp2_crypto_generate_retry_token (
      token, self->endpoint->retry_secret, EC_QUIC_SECRET_SIZE, hd->version, &datagram->remote->any,
      datagram->remote->size, &scid, &hd->dcid, ec_quic_now ());
  if (size < 0)
    return;
  ec_quic_count (self, retries, 1);
  answer (self, socket, datagram, packet,
          ngtcp2_crypto_write_retry (packet, sizeof packet, hd->version, &hd->scid, &scid,
                                     &hd->dcid, token, (gsize) size));
}

static void
refuse (EcQuicWorker *self,
        EcQuicSocket *socket,
        const EcQuicDatagram *datagram,
        const ngtcp2_pkt_hd *hd,
        guint64 code)
{
  guint8 packet[256];

  ec_quic_count (self, refused, 1);
  if (ec_quic_worker_may_answer (self))
    answer (self, socket, datagram, packet,
            ngtcp2_crypto_write_connection_close (packet, sizeof packet, hd->version, &hd->scid,
                                                  &hd->dcid, code, NULL, 0));
}

/* A packet that belongs to no connection: does it begin one? */
static void
accept_initial (EcQuicWorker *self, EcQuicSocket *socket, const EcQuicDatagram *datagram)
{
  EcQuicEndpoint *endpoint = self->endpoint;
  guint handshakes = __atomic_load_n (&endpoint->n_handshakes, __ATOMIC_RELAXED);
  guint accepted = __atomic_load_n (&endpoint->n_accepted, __ATOMIC_RELAXED);
  EcQuicConnection *connection;
  ngtcp2_pkt_hd hd;
  ngtcp2_cid original;
  const guint8 *token;
  gsize token_size;
  gboolean validated = FALSE;

  if (!socket->listening || self->stopping || endpoint->credentials == NULL ||
      datagram->size < NGTCP2_MAX_UDP_PAYLOAD_SIZE ||
      ngtcp2_accept (&hd, datagram->data, datagram->size) != 0 ||
      hd.dcid.datalen < NGTCP2_MIN_INITIAL_DCIDLEN) {
    ec_quic_count (self, dropped, 1);
    return;
  }
  token = ec_ngtcp2_hd_get_token (&hd, &token_size);
  if (token_size > 0 && token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY) {
    if (ngtcp2_crypto_verify_retry_token (&original, token, token_size, endpoint->retry_secret,
                                          EC_QUIC_SECRET_SIZE, hd.version, &datagram->remote->any,
                                          datagram->remote->size, &hd.dcid, RETRY_TIMEOUT,
                                          ec_quic_now ()) != 0) {
      refuse (self, socket, datagram, &hd, NGTCP2_INVALID_TOKEN);
      return;
    }
    validated = TRUE;
  }
  if (!validated && (endpoint->always_retry || handshakes >= (endpoint->max_handshakes + 3) / 4)) {
    send_retry (self, socket, datagram, &hd);
    return;
  }
  if (accepted >= endpoint->max_connections || handshakes >= endpoint->max_handshakes) {
    refuse (self, socket, datagram, &hd, NGTCP2_CONNECTION_REFUSED);
    return;
  }
  connection =
      ec_quic_connection_accept (self, socket, datagram, &hd, validated ? &original : NULL);
  if (connection)
    ec_quic_connection_receive (connection, socket, datagram);
}

/* A short header that nobody knows: a reset of the peer's, or reason for one of ours (RFC 9000 §10.3). */
static void
receive_unknown (EcQuicWorker *self,
                 EcQuicSocket *socket,
                 const EcQuicDatagram *datagram,
                 const Header *header)
{
  EcQuicEndpoint *endpoint = self->endpoint;
  const guint8 *tail = datagram->data + datagram->size - NGTCP2_STATELESS_RESET_TOKENLEN;
  guint8 token[NGTCP2_STATELESS_RESET_TOKENLEN];
  guint8 random[MAX_RESET];
  guint8 packet[MAX_RESET + NGTCP2_STATELESS_RESET_TOKENLEN];
  EcQuicConnection *connection;
  guint owner;
  gsize size;

  ec_quic_count (self, dropped, 1);
  if (datagram->size < MIN_RESET - 1)
    return;
  connection = g_hash_table_lookup (self->tokens, tail);
  if (connection) {
    ec_quic_connection_receive (connection, socket, datagram);
    return;
  }
  g_mutex_lock (&endpoint->mutex);
  owner = GPOINTER_TO_UINT (g_hash_table_lookup (endpoint->tokens, tail));
  g_mutex_unlock (&endpoint->mutex);
  if (owner > 0 && owner - 1 != self->index && socket->listening) {
    ec_quic_worker_post_datagram (g_ptr_array_index (endpoint->workers, owner - 1), socket->index,
                                  datagram);
    return;
  }
  if (!socket->listening || datagram->size < MIN_RESET || !ec_quic_worker_may_answer (self))
    return;
  /* Shorter than what it answers, so that two who know nothing of each other come to an end. */
  size = MIN (datagram->size - 1, MAX_RESET) - NGTCP2_STATELESS_RESET_TOKENLEN;
  if (gnutls_rnd (GNUTLS_RND_NONCE, random, size) < 0 ||
      ngtcp2_crypto_generate_stateless_reset_token (token, endpoint->reset_secret,
                                                    EC_QUIC_SECRET_SIZE, &header->dcid) != 0)
    return;
  ec_quic_count (self, resets_sent, 1);
  answer (self, socket, datagram, packet,
          ngtcp2_pkt_write_stateless_reset (packet, sizeof packet, token, random, size));
}

static EcQuicRoute *
find (EcQuicWorker *self, const Header *header)
{
  EcQuicRoute *route = NULL;

  if (header->dcid.datalen == EC_QUIC_CID_SIZE)
    route = ec_quic_worker_find_cid (self, header->dcid.data);
  if (route == NULL && header->is_long)
    route = g_hash_table_lookup (self->initials, &header->dcid);
  return route;
}

void
ec_quic_worker_receive (EcQuicWorker *self,
                        EcQuicSocket *socket,
                        const EcQuicDatagram *datagram,
                        gboolean handed_over)
{
  EcQuicEndpoint *endpoint = self->endpoint;
  Header header = { 0 };
  EcQuicRoute *route;

  if (!read_header (datagram, &header)) {
    ec_quic_count (self, dropped, 1);
    return;
  }
  route = find (self, &header);
  /* Where it belongs, if the kernel did not know: the rule is the one it is steered by. */
  if (route == NULL && socket->listening && !handed_over && header.dcid.datalen > 0) {
    guint owner = header.dcid.data[0] % endpoint->workers->len;

    if (owner != self->index) {
      ec_quic_count (self, handed_over, 1);
      ec_quic_worker_post_datagram (g_ptr_array_index (endpoint->workers, owner), socket->index,
                                    datagram);
      return;
    }
  }
  if (route && route->tomb) {
    ec_quic_tomb_receive (route->tomb, datagram);
  } else if (route) {
    ec_quic_connection_receive (route->connection, socket, datagram);
  } else if (!header.is_long) {
    receive_unknown (self, socket, datagram, &header);
  } else if (header.version != 0 && header.version != NGTCP2_PROTO_VER_V1) {
    negotiate_version (self, socket, datagram, &header);
  } else if (header.version != 0) {
    accept_initial (self, socket, datagram);
  } else {
    ec_quic_count (self, dropped, 1);
  }
}

void
ec_quic_worker_receive_error (EcQuicWorker *self, int code, const EcQuicDatagram *quoted)
{
  EcQuicConnection *connection;
  EcQuicRoute *route;
  Header header;

  if (!read_header (quoted, &header) || !header.is_long || header.scid.datalen != EC_QUIC_CID_SIZE)
    return;
  route = ec_quic_worker_find_cid (self, header.scid.data);
  connection = route ? route->connection : NULL;
  if (!connection || connection->base.server || connection->bytes_received > 0)
    return;
  switch (code) {
  case ECONNREFUSED:
    ec_quic_connection_fail (connection, EC_TRANSPORT_CLOSE_UNREACHABLE, 0,
                             "Nothing listens at that port.", TRUE);
    break;
  case EHOSTUNREACH:
  case ENETUNREACH:
  case EACCES:
    ec_quic_connection_fail (connection, EC_TRANSPORT_CLOSE_UNREACHABLE, 0,
                             "The network does not reach that address.", TRUE);
    break;
  default:
    break;
  }
}
