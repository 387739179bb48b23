/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-worker.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/ec-error.h"
#include "quic/ec-quic-connection.h"

/* Reads of one socket before the others, the timers and the sending have their turn. */
#define READS 4
/* Rounds of waking each other before it is time to send. */
#define WAKES 2
/* Datagrams from other workers that wait at most. */
#define MAX_HANDED_OVER 1024
/* Answers a second to those we know nothing of: resets, refusals, version negotiation. */
#define ANSWERS 200
/* Who stops waits so long for full sockets to take the connections' last packets. */
#define LAST_WORDS_US 200000

typedef enum {
  MESSAGE_DIAL,
  MESSAGE_WAKE,
  MESSAGE_DATAGRAM,
  MESSAGE_STOP,
} MessageKind;

typedef struct {
  MessageKind kind;
  EcQuicDialRequest *dial;
  EcQuicConnection *connection; /* wake: a reference */
  guint socket;
  EcQuicAddress local, remote;
  guint8 ecn;
  guint8 *data;
  gsize size;
  guint64 code;
  char *reason;
} Message;

typedef struct {
  GSource source;
  EcQuicWorker *worker;
} WorkerSource;

guint64
ec_quic_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (guint64) now.tv_sec * NGTCP2_SECONDS + (guint64) now.tv_nsec;
}

/* -- The inbox */

static void
message_free (Message *message)
{
  g_clear_pointer (&message->dial, ec_quic_dial_request_free);
  if (message->connection)
    ec_transport_unref (&message->connection->base);
  g_free (message->data);
  g_free (message->reason);
  g_free (message);
}

/* FALSE: nobody will read it; it is freed. */
static gboolean
post (EcQuicWorker *self, Message *message)
{
  gboolean taken = FALSE;
  gboolean first;

  g_mutex_lock (&self->mutex);
  first = self->inbox.length == 0;
  if (!self->stopped &&
      (message->kind != MESSAGE_DATAGRAM || self->inbox_packets < MAX_HANDED_OVER)) {
    g_queue_push_tail (&self->inbox, message);
    self->inbox_packets += message->kind == MESSAGE_DATAGRAM;
    taken = TRUE;
  }
  g_mutex_unlock (&self->mutex);
  if (!taken)
    message_free (message);
  /* Each wakeup is a system call. Who was first has woken it already, and it looks again before it sleeps. */
  else if (first && !ec_quic_worker_is_current (self))
    g_main_context_wakeup (self->context);
  return taken;
}

void
ec_quic_worker_post_dial (EcQuicWorker *self, EcQuicDialRequest *request)
{
  Message *message = g_new0 (Message, 1);

  message->kind = MESSAGE_DIAL;
  message->dial = request;
  post (self, message);
}

void
ec_quic_worker_post_wake (EcQuicWorker *self, EcQuicConnection *connection)
{
  Message *message = g_new0 (Message, 1);

  message->kind = MESSAGE_WAKE;
  message->connection = connection;
  ec_transport_ref (&connection->base);
  post (self, message);
}

void
ec_quic_worker_post_stop (EcQuicWorker *self, guint64 code, const char *reason)
{
  Message *message = g_new0 (Message, 1);

  message->kind = MESSAGE_STOP;
  message->code = code;
  message->reason = g_strdup (reason);
  post (self, message);
}

void
ec_quic_worker_post_datagram (EcQuicWorker *self, guint socket, const EcQuicDatagram *datagram)
{
  Message *message = g_new0 (Message, 1);

  message->kind = MESSAGE_DATAGRAM;
  message->socket = socket;
  message->local = *datagram->local;
  message->remote = *datagram->remote;
  message->ecn = datagram->ecn;
  message->data = g_memdup2 (datagram->data, datagram->size);
  message->size = datagram->size;
  post (self, message);
}

static void
stop (EcQuicWorker *self, guint64 code, const char *reason)
{
  EcQuicConnection *connection;
  guint64 now = ec_quic_now ();

  self->stopping = TRUE;
  code = MIN (code, EC_QUIC_MAX_VARINT);
  while ((connection = g_queue_peek_head (&self->connections))) {
    ec_transport_close (&connection->base, code, reason);
    if (!connection->closing)
      ec_quic_connection_fail (connection, EC_TRANSPORT_CLOSE_LOCAL, code, reason, FALSE);
    ec_quic_connection_finish (connection, now);
  }
}

static void
handle (EcQuicWorker *self, Message *message)
{
  EcQuicDatagram datagram = { message->data, message->size, &message->local, &message->remote,
                              message->ecn };

  switch (message->kind) {
  case MESSAGE_DIAL:
    ec_quic_connection_dial (self, message->dial);
    break;
  case MESSAGE_WAKE:
    ec_quic_connection_woken (message->connection);
    break;
  case MESSAGE_DATAGRAM:
    if (message->socket < self->sockets->len)
      ec_quic_worker_receive (self, g_ptr_array_index (self->sockets, message->socket), &datagram,
                              TRUE);
    break;
  case MESSAGE_STOP:
  default:
    stop (self, message->code, message->reason);
    break;
  }
}

static void
empty_inbox (EcQuicWorker *self)
{
  GQueue inbox;
  Message *message;

  g_mutex_lock (&self->mutex);
  inbox = self->inbox;
  g_queue_init (&self->inbox);
  self->inbox_packets = 0;
  g_mutex_unlock (&self->mutex);
  while ((message = g_queue_pop_head (&inbox))) {
    handle (self, message);
    message_free (message);
  }
}

/* -- Sockets */

typedef struct {
  EcQuicWorker *worker;
  EcQuicSocket *socket;
} Receipt;

static void
on_datagram (gpointer user_data, const EcQuicDatagram *datagram)
{
  Receipt *receipt = user_data;

  ec_quic_count (receipt->worker, received, 1);
  ec_quic_worker_receive (receipt->worker, receipt->socket, datagram, FALSE);
}

static void
on_refused (gpointer user_data, int code, const EcQuicDatagram *quoted)
{
  ec_quic_worker_receive_error (user_data, code, quoted);
}

static void
become_writable (EcQuicWorker *self, EcQuicSocket *socket)
{
  socket->blocked = FALSE;
  g_source_modify_unix_fd (self->source, socket->tag, G_IO_IN);
  ec_quic_tomb_send_unsent (self, socket);
  for (GList *l = self->connections.head; l; l = l->next) {
    EcQuicConnection *connection = l->data;

    if (connection->pending && connection->pending->socket == socket)
      ec_quic_connection_writable (connection);
  }
}

static void
serve_sockets (EcQuicWorker *self)
{
  for (guint i = 0; i < self->sockets->len; i++) {
    EcQuicSocket *socket = g_ptr_array_index (self->sockets, i);
    Receipt receipt = { self, socket };
    GIOCondition ready = g_source_query_unix_fd (self->source, socket->tag);

    if (ready & G_IO_OUT)
      become_writable (self, socket);
    if (ready & G_IO_ERR)
      ec_quic_receiver_receive_errors (self->receiver, socket, on_refused, self);
    if ((ready & ~G_IO_OUT) == 0)
      continue;
    for (guint n = 0; n < READS; n++) {
      ec_quic_count (self, receive_calls, 1);
      if (!ec_quic_receiver_receive (self->receiver, socket, on_datagram, &receipt))
        break;
    }
  }
}

void
ec_quic_worker_add_socket (EcQuicWorker *self, EcQuicSocket *socket)
{
  socket->index = self->sockets->len;
  g_ptr_array_add (self->sockets, socket);
  socket->tag = g_source_add_unix_fd (self->source, socket->fd, G_IO_IN);
}

int
ec_quic_worker_send (EcQuicWorker *self,
                     EcQuicSocket *socket,
                     const EcQuicAddress *local,
                     const EcQuicAddress *remote,
                     guint8 ecn,
                     const guint8 *data,
                     gsize size,
                     gsize segment,
                     gsize *done)
{
  guint64 calls = socket->send_calls;
  int code = ec_quic_socket_send (socket, local, remote, ecn, data, size, segment, done);

  ec_quic_count (self, send_calls, socket->send_calls - calls);
  ec_quic_count (self, sent, (*done + segment - 1) / segment);
  if (code == EAGAIN && !socket->blocked) {
    socket->blocked = TRUE;
    g_source_modify_unix_fd (self->source, socket->tag, G_IO_IN | G_IO_OUT);
  }
  return code;
}

EcQuicSocket *
ec_quic_worker_find_socket (EcQuicWorker *self, const EcQuicAddress *local)
{
  for (guint i = 0; i < self->sockets->len; i++) {
    EcQuicSocket *socket = g_ptr_array_index (self->sockets, i);

    if (socket->local.any.sa_family == local->any.sa_family &&
        ec_quic_address_get_port (&socket->local) == ec_quic_address_get_port (local) &&
        (socket->wildcard || ec_quic_address_equal (&socket->local, local)))
      return socket;
  }
  return NULL;
}

static gboolean
is_loopback (const EcQuicAddress *address)
{
  if (address->any.sa_family == AF_INET)
    return g_ntohl (address->v4.sin_addr.s_addr) >> 24 == 127;
  return IN6_IS_ADDR_LOOPBACK (&address->v6.sin6_addr);
}

EcQuicSocket *
ec_quic_worker_get_dial_socket (EcQuicWorker *self, const EcQuicAddress *remote, GError **error)
{
  EcQuicAddress any = { 0 };
  EcQuicSocket *socket;

  for (guint i = 0; i < self->sockets->len; i++) {
    socket = g_ptr_array_index (self->sockets, i);
    if (socket->local.any.sa_family == remote->any.sa_family &&
        (socket->wildcard || (is_loopback (&socket->local) && is_loopback (remote))))
      return socket;
  }
  any.any.sa_family = remote->any.sa_family;
  any.size = remote->any.sa_family == AF_INET ? sizeof any.v4 : sizeof any.v6;
  socket = ec_quic_socket_new (&any, FALSE, FALSE, TRUE, error);
  if (socket)
    ec_quic_worker_add_socket (self, socket);
  return socket;
}

gboolean
ec_quic_worker_may_answer (EcQuicWorker *self)
{
  guint64 second = ec_quic_now () / NGTCP2_SECONDS;

  if (second != self->answer_second) {
    self->answer_second = second;
    self->answers = ANSWERS;
  }
  if (self->answers == 0)
    return FALSE;
  self->answers--;
  return TRUE;
}

/* -- Connection ids */

static guint64
cid_number (const guint8 *data)
{
  guint64 number;

  memcpy (&number, data, sizeof number);
  return number;
}

void
ec_quic_worker_choose_cid (EcQuicWorker *self, ngtcp2_cid *cid)
{
  guint n = self->endpoint->workers->len;
  guint number;

  cid->datalen = EC_QUIC_CID_SIZE;
  do {
    if (gnutls_rnd (GNUTLS_RND_NONCE, cid->data, EC_QUIC_CID_SIZE) < 0)
      g_error ("no random numbers");
    number = cid->data[0] / n * n + self->index;
    cid->data[0] = (guint8) (number > 255 ? number - n : number);
  } while (ec_quic_worker_find_cid (self, cid->data));
}

EcQuicRoute *
ec_quic_worker_find_cid (EcQuicWorker *self, const guint8 *data)
{
  guint64 number = cid_number (data);

  return g_hash_table_lookup (self->cids, &number);
}

void
ec_quic_worker_add_cid (EcQuicWorker *self, const ngtcp2_cid *cid, EcQuicRoute *route)
{
  guint64 number = cid_number (cid->data);

  g_hash_table_insert (self->cids, g_memdup2 (&number, sizeof number), route);
}

void
ec_quic_worker_remove_cid (EcQuicWorker *self, const ngtcp2_cid *cid)
{
  guint64 number = cid_number (cid->data);

  g_hash_table_remove (self->cids, &number);
}

/* Clients choose these, so the hash is keyed. */
static guint8 hash_key[crypto_shorthash_KEYBYTES];

static guint
hash_cid (gconstpointer data)
{
  const ngtcp2_cid *cid = data;
  union {
    guint8 bytes[crypto_shorthash_BYTES];
    guint number;
  } hash;

  crypto_shorthash (hash.bytes, cid->data, cid->datalen, hash_key);
  return hash.number;
}

static gboolean
equal_cids (gconstpointer a, gconstpointer b)
{
  return ngtcp2_cid_eq (a, b) != 0;
}

void
ec_quic_worker_add_initial (EcQuicWorker *self, const ngtcp2_cid *cid, EcQuicRoute *route)
{
  g_hash_table_insert (self->initials, g_memdup2 (cid, sizeof *cid), route);
}

void
ec_quic_worker_remove_initial (EcQuicWorker *self, const ngtcp2_cid *cid)
{
  g_hash_table_remove (self->initials, cid);
}

/* -- Reset tokens of peers */

static guint
hash_token (gconstpointer data)
{
  union {
    guint8 bytes[crypto_shorthash_BYTES];
    guint number;
  } hash;

  crypto_shorthash (hash.bytes, data, NGTCP2_STATELESS_RESET_TOKENLEN, hash_key);
  return hash.number;
}

static gboolean
equal_tokens (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, NGTCP2_STATELESS_RESET_TOKENLEN) == 0;
}

GHashTable *
ec_quic_tokens_new (void)
{
  static gsize ready;

  if (g_once_init_enter (&ready)) {
    if (sodium_init () < 0)
      g_error ("libsodium cannot be used");
    crypto_shorthash_keygen (hash_key);
    g_once_init_leave (&ready, 1);
  }
  return g_hash_table_new_full (hash_token, equal_tokens, g_free, NULL);
}

void
ec_quic_worker_add_token (EcQuicWorker *self, const guint8 *token, EcQuicConnection *connection)
{
  EcQuicEndpoint *endpoint = self->endpoint;

  g_hash_table_insert (self->tokens, g_memdup2 (token, NGTCP2_STATELESS_RESET_TOKENLEN),
                       connection);
  g_mutex_lock (&endpoint->mutex);
  g_hash_table_insert (endpoint->tokens, g_memdup2 (token, NGTCP2_STATELESS_RESET_TOKENLEN),
                       GUINT_TO_POINTER (self->index + 1));
  g_mutex_unlock (&endpoint->mutex);
}

void
ec_quic_worker_remove_token (EcQuicWorker *self, const guint8 *token)
{
  EcQuicEndpoint *endpoint = self->endpoint;

  g_hash_table_remove (self->tokens, token);
  g_mutex_lock (&endpoint->mutex);
  g_hash_table_remove (endpoint->tokens, token);
  g_mutex_unlock (&endpoint->mutex);
}

/* -- The loop */

void
ec_quic_worker_mark (EcQuicWorker *self, EcQuicConnection *connection)
{
  if (connection->dirty)
    return;
  connection->dirty = TRUE;
  g_queue_push_tail_link (&self->dirty, &connection->dirty_link);
}

static void
serve_timers (EcQuicWorker *self, guint64 now)
{
  EcQuicTimer *timer;

  while ((timer = ec_quic_timers_peek (&self->timers)) && timer->at <= now)
    timer->expire (timer->owner, now);
}

static void
flush (EcQuicWorker *self)
{
  /* Those that are marked meanwhile have to wait for those that read. */
  for (guint n = self->dirty.length; n > 0 && self->dirty.length > 0; n--) {
    GList *link = g_queue_pop_head_link (&self->dirty);
    EcQuicConnection *connection = link->data;

    connection->dirty = FALSE;
    ec_quic_connection_flush (connection, ec_quic_now ());
  }
}

static void
arm (EcQuicWorker *self)
{
  EcQuicTimer *timer = ec_quic_timers_peek (&self->timers);
  guint64 at = timer ? MAX (timer->at, 1) : 0;
  struct itimerspec spec = { 0 };

  /* Timers mostly move on: the one that is set then wakes for nothing, which is cheaper than to set it each time. */
  if (at == 0 || (self->timer_at != 0 && self->timer_at <= at))
    return;
  self->timer_at = at;
  spec.it_value.tv_sec = (time_t) (at / NGTCP2_SECONDS);
  spec.it_value.tv_nsec = (long) (at % NGTCP2_SECONDS);
  if (timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
    g_warning ("timerfd_settime: %s", g_strerror (errno));
}

static gboolean
has_news (EcQuicWorker *self)
{
  gboolean news;

  g_mutex_lock (&self->mutex);
  news = self->inbox.length > 0;
  g_mutex_unlock (&self->mutex);
  return news;
}

static gboolean
source_prepare (GSource *source, int *timeout)
{
  EcQuicWorker *self = ((WorkerSource *) source)->worker;

  *timeout = -1;
  if (self->dirty.length > 0 || has_news (self))
    return TRUE;
  /* Something else on this thread may have set a timer. */
  arm (self);
  return FALSE;
}

static gboolean
source_check (GSource *source)
{
  EcQuicWorker *self = ((WorkerSource *) source)->worker;

  if (self->dirty.length > 0 || has_news (self) ||
      g_source_query_unix_fd (source, self->timer_tag) != 0)
    return TRUE;
  for (guint i = 0; i < self->sockets->len; i++)
    if (g_source_query_unix_fd (source,
                                ((EcQuicSocket *) g_ptr_array_index (self->sockets, i))->tag) != 0)
      return TRUE;
  return FALSE;
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  EcQuicWorker *self = ((WorkerSource *) source)->worker;

  if (g_source_query_unix_fd (source, self->timer_tag) != 0) {
    guint64 n;

    if (read (self->timer_fd, &n, sizeof n) < 0 && errno != EAGAIN)
      g_warning ("timerfd: %s", g_strerror (errno));
    self->timer_at = 0;
  }
  empty_inbox (self);
  serve_sockets (self);
  serve_timers (self, ec_quic_now ());
  /* What came has woken others of this thread, and they wake those who send it on: all that is sent together. */
  for (guint n = 0; n < WAKES && has_news (self); n++)
    empty_inbox (self);
  flush (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
};

/* What full sockets have kept back of the connections' last packets; there will be no other time for it. */
static void
say_last_words (EcQuicWorker *self)
{
  gint64 end_us = g_get_monotonic_time () + LAST_WORDS_US;
  gint64 now_us;

  while (self->n_unsent_tombs > 0 && (now_us = g_get_monotonic_time ()) < end_us) {
    guint before = self->n_unsent_tombs;

    for (guint i = 0; i < self->sockets->len; i++) {
      EcQuicSocket *socket = g_ptr_array_index (self->sockets, i);
      struct pollfd fd = { .fd = socket->fd, .events = POLLOUT };

      if (socket->blocked)
        (void) poll (&fd, 1, (int) ((end_us - now_us) / 1000 / self->sockets->len));
      ec_quic_tomb_send_unsent (self, socket);
    }
    /* It said that it was ready, and was not (ENOBUFS). */
    if (self->n_unsent_tombs == before)
      g_usleep (1000);
  }
}

static void
clear (EcQuicWorker *self)
{
  Message *message;
  GQueue inbox;
  EcQuicTomb *tomb;

  g_mutex_lock (&self->mutex);
  self->stopped = TRUE;
  inbox = self->inbox;
  g_queue_init (&self->inbox);
  g_mutex_unlock (&self->mutex);

  /* Who dialled meanwhile hears that it came to nothing. */
  while ((message = g_queue_pop_head (&inbox))) {
    if (message->kind == MESSAGE_DIAL || message->kind == MESSAGE_WAKE)
      handle (self, message);
    message_free (message);
  }
  stop (self, 0, "The endpoint was stopped.");
  say_last_words (self);
  while ((tomb = g_queue_peek_head (&self->tombs)))
    ec_quic_tomb_free (tomb);
  g_source_destroy (self->source);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
}

static gpointer
run (gpointer data)
{
  EcQuicWorker *self = data;

  g_main_context_push_thread_default (self->context);
  while (!self->stopping)
    g_main_context_iteration (self->context, TRUE);
  clear (self);
  g_main_context_pop_thread_default (self->context);
  ec_quic_worker_unref (self);
  return NULL;
}

EcQuicWorker *
ec_quic_worker_new (EcQuicEndpoint *endpoint, guint index)
{
  EcQuicWorker *self = g_new0 (EcQuicWorker, 1);

  g_atomic_ref_count_init (&self->refs);
  self->index = index;
  self->endpoint = endpoint;
  self->context = g_main_context_new ();
  g_mutex_init (&self->mutex);
  ec_quic_timers_init (&self->timers);
  self->tokens = ec_quic_tokens_new ();
  self->cids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  self->initials = g_hash_table_new_full (hash_cid, equal_cids, g_free, NULL);
  self->sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_quic_socket_free);
  self->receiver = ec_quic_receiver_new ();
  self->burst = g_malloc (EC_QUIC_MAX_BURST);
  self->source = g_source_new (&source_funcs, sizeof (WorkerSource));
  ((WorkerSource *) self->source)->worker = self;
  g_source_set_name (self->source, "libec QUIC");
  /* It never does; but otherwise GLib takes its descriptors out of the context and in again around each dispatch, with a
   * wakeup each. */
  g_source_set_can_recurse (self->source, TRUE);
  self->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (self->timer_fd < 0)
    g_error ("timerfd_create: %s", g_strerror (errno));
  self->timer_tag = g_source_add_unix_fd (self->source, self->timer_fd, G_IO_IN);
  g_source_attach (self->source, self->context);
  return self;
}

EcQuicWorker *
ec_quic_worker_ref (EcQuicWorker *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_quic_worker_unref (EcQuicWorker *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_main_context_unref (self->context);
  ec_quic_timers_clear (&self->timers);
  g_hash_table_unref (self->cids);
  g_hash_table_unref (self->initials);
  g_hash_table_unref (self->tokens);
  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  ec_quic_receiver_free (self->receiver);
  g_free (self->burst);
  close (self->timer_fd);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
ec_quic_worker_start (EcQuicWorker *self)
{
  g_autofree char *name = g_strdup_printf ("ec-quic-%u", self->index);

  self->thread = g_thread_new (name, run, ec_quic_worker_ref (self));
}

gboolean
ec_quic_worker_is_current (const EcQuicWorker *self)
{
  return self->thread == g_thread_self ();
}
