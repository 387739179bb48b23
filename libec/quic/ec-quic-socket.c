/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-socket.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "base/ec-error.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* The system may grant less (net.core.rmem_max, wmem_max). */
#define SOCKET_BUFFER (4 * 1024 * 1024)
/* A read may bring as many coalesced datagrams as fit into the largest one. */
#define RECEIVE_SIZE 65536
#define RECEIVE_MESSAGES 8
/* The kernel keeps as many of them as fit into the receive buffer. */
#define RECEIVE_ERRORS 64

static void
set_int (int fd, int level, int option, int value)
{
  if (setsockopt (fd, level, option, &value, sizeof value) < 0)
    g_debug ("socket option %d/%d: %s", level, option, g_strerror (errno));
}

static void
set_options (EcQuicSocket *self)
{
  int family = self->local.any.sa_family;

  set_int (self->fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
  set_int (self->fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
  set_int (self->fd, SOL_UDP, UDP_GRO, 1);
  /* RFC 9000 §14: never fragmented; the path's size is found by probes of QUIC's own. */
  if (family == AF_INET6) {
    set_int (self->fd, SOL_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
    set_int (self->fd, SOL_IPV6, IPV6_RECVTCLASS, 1);
    set_int (self->fd, SOL_IPV6, IPV6_RECVERR, !self->listening);
    if (self->wildcard)
      set_int (self->fd, SOL_IPV6, IPV6_RECVPKTINFO, 1);
  }
  /* Also of a socket of IPv6 that takes IPv4. */
  set_int (self->fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  set_int (self->fd, SOL_IP, IP_RECVTOS, 1);
  set_int (self->fd, SOL_IP, IP_RECVERR, !self->listening);
  if (self->wildcard && family == AF_INET)
    set_int (self->fd, SOL_IP, IP_PKTINFO, 1);
}

static gboolean
is_wildcard (const EcQuicAddress *address)
{
  if (address->any.sa_family == AF_INET)
    return address->v4.sin_addr.s_addr == INADDR_ANY;
  return IN6_IS_ADDR_UNSPECIFIED (&address->v6.sin6_addr);
}

EcQuicSocket *
ec_quic_socket_new (const EcQuicAddress *local,
                    gboolean listening,
                    gboolean share,
                    gboolean v6_only,
                    GError **error)
{
  g_autoptr (EcQuicSocket) self = g_new0 (EcQuicSocket, 1);
  g_autofree char *where = ec_quic_address_to_string (local);
  int family = local->any.sa_family;

  self->local = *local;
  self->listening = listening;
  self->wildcard = is_wildcard (local);
  self->fd = socket (family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->fd < 0) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_FAILED, "Cannot make a UDP socket for %s: %s.",
                 where, g_strerror (errno));
    return NULL;
  }
  if (share)
    set_int (self->fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (family == AF_INET6)
    set_int (self->fd, SOL_IPV6, IPV6_V6ONLY, v6_only);
  set_options (self);
  if (bind (self->fd, &local->any, local->size) < 0) {
    g_set_error (
        error, EC_MOQ_ERROR, EC_MOQ_ERROR_FAILED,
        "Cannot use UDP %s: %s. The address must be this computer's own and the port free.", where,
        g_strerror (errno));
    return NULL;
  }
  self->local.size = sizeof self->local.v6;
  if (getsockname (self->fd, &self->local.any, &self->local.size) < 0) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_FAILED, "Cannot ask for the address of %s: %s.",
                 where, g_strerror (errno));
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
ec_quic_socket_free (EcQuicSocket *self)
{
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

gboolean
ec_quic_socket_steer (EcQuicSocket *self, guint n)
{
  /* RFC 8999: a long header has the connection id's first byte at 6, ours in a short one is at 1. The ids that
   * clients choose for their first packets are random, so these are spread evenly. */
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_B | BPF_ABS, 0), BPF_JUMP (BPF_JMP | BPF_JSET | BPF_K, 0x80, 0, 2),
    BPF_STMT (BPF_LD | BPF_B | BPF_ABS, 6), BPF_JUMP (BPF_JMP | BPF_JA, 1, 0, 0),
    BPF_STMT (BPF_LD | BPF_B | BPF_ABS, 1), BPF_STMT (BPF_ALU | BPF_MOD | BPF_K, n),
    BPF_STMT (BPF_RET | BPF_A, 0),
  };
  struct sock_fprog program = { G_N_ELEMENTS (code), code };

  if (setsockopt (self->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0)
    return TRUE;
  g_debug ("datagrams are not steered: %s", g_strerror (errno));
  return FALSE;
}

struct _EcQuicReceiver {
  struct mmsghdr messages[RECEIVE_MESSAGES];
  struct iovec vectors[RECEIVE_MESSAGES];
  EcQuicAddress remotes[RECEIVE_MESSAGES];
  union {
    struct cmsghdr align;
    guint8 bytes[256];
  } controls[RECEIVE_MESSAGES];
  guint8 buffers[RECEIVE_MESSAGES][RECEIVE_SIZE];
};

EcQuicReceiver *
ec_quic_receiver_new (void)
{
  EcQuicReceiver *self = g_new (EcQuicReceiver, 1);

  memset (self->messages, 0, sizeof self->messages);
  return self;
}

void
ec_quic_receiver_free (EcQuicReceiver *self)
{
  g_free (self);
}

/* What goes beside the bytes: ECN, the local address, the size of coalesced datagrams. */
static void
read_control (struct msghdr *message, EcQuicAddress *local, guint8 *ecn, gsize *segment)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c; c = CMSG_NXTHDR (message, c)) {
    if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS) {
      *ecn = *(const guint8 *) CMSG_DATA (c) & 3;
    } else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_TCLASS) {
      int value;

      memcpy (&value, CMSG_DATA (c), sizeof value);
      *ecn = value & 3;
    } else if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;

      memcpy (&info, CMSG_DATA (c), sizeof info);
      local->v4.sin_addr = info.ipi_addr;
    } else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;

      memcpy (&info, CMSG_DATA (c), sizeof info);
      local->v6.sin6_addr = info.ipi6_addr;
      if (IN6_IS_ADDR_LINKLOCAL (&info.ipi6_addr))
        local->v6.sin6_scope_id = info.ipi6_ifindex;
    } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int value;

      memcpy (&value, CMSG_DATA (c), sizeof value);
      if (value > 0)
        *segment = (gsize) value;
    }
  }
}

gboolean
ec_quic_receiver_receive (EcQuicReceiver *self,
                          EcQuicSocket *from,
                          EcQuicReceiveFunc receive,
                          gpointer user_data)
{
  int n;

  for (guint i = 0; i < RECEIVE_MESSAGES; i++) {
    struct msghdr *header = &self->messages[i].msg_hdr;

    self->vectors[i] = (struct iovec){ self->buffers[i], RECEIVE_SIZE };
    header->msg_iov = &self->vectors[i];
    header->msg_iovlen = 1;
    header->msg_name = &self->remotes[i].any;
    header->msg_namelen = sizeof self->remotes[i].v6;
    header->msg_control = self->controls[i].bytes;
    header->msg_controllen = sizeof self->controls[i].bytes;
  }
  do
    n = recvmmsg (from->fd, self->messages, RECEIVE_MESSAGES, 0, NULL);
  while (n < 0 && errno == EINTR);

  for (int i = 0; i < n; i++) {
    struct msghdr *header = &self->messages[i].msg_hdr;
    EcQuicAddress local = from->local;
    gsize left = self->messages[i].msg_len;
    gsize segment = left;
    EcQuicDatagram datagram = { self->buffers[i], 0, &local, &self->remotes[i], 0 };

    self->remotes[i].size = header->msg_namelen;
    read_control (header, &local, &datagram.ecn, &segment);
    for (; left > 0; datagram.data += datagram.size, left -= datagram.size) {
      datagram.size = MIN (segment, left);
      receive (user_data, &datagram);
    }
  }
  return n == RECEIVE_MESSAGES;
}

/* NULL: it says something else. */
static const struct sock_extended_err *
find_error (struct msghdr *message)
{
  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c; c = CMSG_NXTHDR (message, c)) {
    const struct sock_extended_err *error = (gconstpointer) CMSG_DATA (c);

    if (((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
         (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR)) &&
        c->cmsg_len >= CMSG_LEN (sizeof *error))
      return error;
  }
  return NULL;
}

void
ec_quic_receiver_receive_errors (EcQuicReceiver *self,
                                 EcQuicSocket *from,
                                 EcQuicRefusedFunc refused,
                                 gpointer user_data)
{
  for (guint i = 0; i < RECEIVE_ERRORS; i++) {
    struct iovec vector = { self->buffers[0], RECEIVE_SIZE };
    struct msghdr header = {
      .msg_name = &self->remotes[0].any,
      .msg_namelen = sizeof self->remotes[0].v6,
      .msg_iov = &vector,
      .msg_iovlen = 1,
      .msg_control = self->controls[0].bytes,
      .msg_controllen = sizeof self->controls[0].bytes,
    };
    const struct sock_extended_err *error;
    ssize_t size;

    do
      size = recvmsg (from->fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size < 0)
      return;

    self->remotes[0].size = header.msg_namelen;
    error = find_error (&header);
    if (error && error->ee_origin != SO_EE_ORIGIN_LOCAL) {
      EcQuicDatagram quoted = { self->buffers[0], (gsize) size, &from->local, &self->remotes[0],
                                0 };

      refused (user_data, (int) error->ee_errno, &quoted);
    }
  }
}

typedef union {
  struct cmsghdr align;
  guint8 bytes[128];
} Control;

static void
add_control (struct msghdr *message, int level, int type, gconstpointer data, gsize size)
{
  struct cmsghdr *c = (gpointer) ((guint8 *) message->msg_control + message->msg_controllen);

  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN (size);
  memcpy (CMSG_DATA (c), data, size);
  message->msg_controllen += CMSG_SPACE (size);
}

static void
add_source (struct msghdr *message, const EcQuicAddress *local)
{
  if (is_wildcard (local))
    return;
  if (local->any.sa_family == AF_INET) {
    struct in_pktinfo info = { .ipi_spec_dst = local->v4.sin_addr };

    add_control (message, SOL_IP, IP_PKTINFO, &info, sizeof info);
  } else {
    struct in6_pktinfo info = { .ipi6_addr = local->v6.sin6_addr,
                                .ipi6_ifindex = local->v6.sin6_scope_id };

    add_control (message, SOL_IPV6, IPV6_PKTINFO, &info, sizeof info);
  }
}

/* 0 or an errno. */
static int
send_once (EcQuicSocket *self,
           const EcQuicAddress *local,
           const EcQuicAddress *remote,
           guint8 ecn,
           const guint8 *data,
           gsize size,
           gsize segment)
{
  Control control;
  struct iovec vector = { (void *) (guintptr) data, size };
  struct msghdr message = { 0 };
  ssize_t sent;

  memset (&control, 0, sizeof control);
  message.msg_name = (void *) (guintptr) &remote->any;
  message.msg_namelen = remote->size;
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  if (self->wildcard)
    add_source (&message, local);
  if (ecn) {
    int value = ecn;

    if (remote->any.sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED (&remote->v6.sin6_addr))
      add_control (&message, SOL_IP, IP_TOS, &value, sizeof value);
    else
      add_control (&message, SOL_IPV6, IPV6_TCLASS, &value, sizeof value);
  }
  if (size > segment) {
    guint16 value = (guint16) segment;

    add_control (&message, SOL_UDP, UDP_SEGMENT, &value, sizeof value);
  }
  if (message.msg_controllen == 0)
    message.msg_control = NULL;
  do
    sent = sendmsg (self->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

int
ec_quic_socket_send (EcQuicSocket *self,
                     const EcQuicAddress *local,
                     const EcQuicAddress *remote,
                     guint8 ecn,
                     const guint8 *data,
                     gsize size,
                     gsize segment,
                     gsize *done)
{
  gboolean again = FALSE;

  *done = 0;
  while (*done < size) {
    gsize n = self->no_gso ? MIN (segment, size - *done) : size - *done;
    int code;

    self->send_calls++;
    code = send_once (self, local, remote, ecn, data + *done, n, segment);
    /* With IP_RECVERR, what failed may be another datagram, long ago; it is told once. */
    if (code != 0 && code != EAGAIN && !self->listening && !again) {
      again = TRUE;
      continue;
    }
    again = FALSE;
    switch (code) {
    case 0:
    case EMSGSIZE: /* a probe that was too large */
    case ECONNREFUSED:
    case EPERM:
      *done += n;
      break;
    case EAGAIN:
    case ENOBUFS:
      return EAGAIN;
    case EIO: /* no checksums in the interface */
    case EINVAL:
    case EOPNOTSUPP:
      if (n > segment) {
        g_debug ("no segmentation on send: %s", g_strerror (code));
        self->no_gso = TRUE;
        break;
      }
      return code;
    default:
      return code;
    }
  }
  return 0;
}
