/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Where a datagram comes from or goes to. */
typedef struct {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  };
  socklen_t size;
} EcQuicAddress;

gboolean ec_quic_address_set (EcQuicAddress *self, const struct sockaddr *address, socklen_t size);
gboolean ec_quic_address_set_inet (EcQuicAddress *self, GInetSocketAddress *address);
guint16 ec_quic_address_get_port (const EcQuicAddress *self);
void ec_quic_address_set_port (EcQuicAddress *self, guint16 port);
gboolean ec_quic_address_equal (const EcQuicAddress *a, const EcQuicAddress *b);
/* "203.0.113.7:443", "[2001:db8::1]:443"; addresses of IPv4 as such also where an IPv6 socket shows them. */
char *ec_quic_address_to_string (const EcQuicAddress *self) G_GNUC_WARN_UNUSED_RESULT;
GInetSocketAddress *ec_quic_address_to_inet (const EcQuicAddress *self) G_GNUC_WARN_UNUSED_RESULT;

/*
 * A non-blocking UDP socket with what QUIC wants of it: segmentation on send and coalescing on receipt
 * where the kernel has them, ECN marks and local addresses both ways, and no fragments.
 */
typedef struct {
  int fd;
  guint index;         /* among its worker's */
  gboolean listening;  /* accepts, and shares its port with the other workers' */
  gboolean wildcard;   /* bound to no address: each datagram names its local one */
  gboolean no_gso;     /* the kernel, or the interface, refused */
  gboolean blocked;    /* it took no more; connections wait for it to be writable */
  guint64 send_calls;  /* of the system's, so far */
  EcQuicAddress local; /* as bound */
  gpointer tag;        /* of the worker's GSource */
} EcQuicSocket;

/* `share`: the port with other sockets of ours. */
EcQuicSocket *ec_quic_socket_new (const EcQuicAddress *local,
                                  gboolean listening,
                                  gboolean share,
                                  gboolean v6_only,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ec_quic_socket_free (EcQuicSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcQuicSocket, ec_quic_socket_free)

/*
 * Of `n` sockets on one port that were bound in order, the one whose number is the first byte of the destination
 * connection id modulo `n` gets the datagram. FALSE: the kernel does not do it; it then goes by hash.
 */
gboolean ec_quic_socket_steer (EcQuicSocket *self, guint n);

typedef struct {
  const guint8 *data;
  gsize size;
  const EcQuicAddress *local;
  const EcQuicAddress *remote;
  guint8 ecn; /* RFC 3168 */
} EcQuicDatagram;

typedef void (*EcQuicReceiveFunc) (gpointer user_data, const EcQuicDatagram *datagram);

/* Buffers for receiving, one set a thread. */
typedef struct _EcQuicReceiver EcQuicReceiver;
EcQuicReceiver *ec_quic_receiver_new (void) G_GNUC_WARN_UNUSED_RESULT;
void ec_quic_receiver_free (EcQuicReceiver *self);
/* What has come, up to some number of datagrams; TRUE if more may be there. */
gboolean ec_quic_receiver_receive (EcQuicReceiver *self,
                                   EcQuicSocket *from,
                                   EcQuicReceiveFunc receive,
                                   gpointer user_data);

/* A host or router did not take a datagram of ours and said so (ICMP), which anybody may claim: `code` is the errno for that, `quoted`
 * what was quoted of the datagram, from its first byte. */
typedef void (*EcQuicRefusedFunc) (gpointer user_data, int code, const EcQuicDatagram *quoted);
/* What was said so far; of sockets that do not listen. */
void ec_quic_receiver_receive_errors (EcQuicReceiver *self,
                                      EcQuicSocket *from,
                                      EcQuicRefusedFunc refused,
                                      gpointer user_data);

/*
 * Datagrams of `segment` bytes each, the last may be shorter. 0: gone, or lost as datagrams are. EAGAIN: try again
 * when the socket is writable, from `*done` on. Else an errno that says that the peer cannot be reached.
 */
int ec_quic_socket_send (EcQuicSocket *self,
                         const EcQuicAddress *local,
                         const EcQuicAddress *remote,
                         guint8 ecn,
                         const guint8 *data,
                         gsize size,
                         gsize segment,
                         gsize *done);
