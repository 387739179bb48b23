/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "quic/ec-quic-endpoint.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "base/ec-error.h"
#include "quic/ec-quic-worker.h"

#define MAX_WORKERS 64
/* Another port is tried if the one that an address got is taken at the next. */
#define PORT_TRIES 16

void
ec_quic_tuning_complete (EcQuicTuning *tuning)
{
#define DEFAULT(field, value)                                                                      \
  if (tuning->field == 0)                                                                          \
  tuning->field = (value)
  DEFAULT (idle_timeout_ms, 30000);
  DEFAULT (keep_alive_ms, 5000);
  DEFAULT (handshake_timeout_ms, 10000);
  DEFAULT (connection_window, 16 * 1024 * 1024);
  DEFAULT (stream_window, 4 * 1024 * 1024);
  DEFAULT (max_uni_streams, 1024);
  DEFAULT (max_bidi_streams, 256);
#undef DEFAULT
}

void
ec_quic_dial_request_free (EcQuicDialRequest *self)
{
  g_clear_object (&self->address);
  g_free (self->server_name);
  g_strfreev (self->alpns);
  g_clear_pointer (&self->verify, ec_quic_verify_unref);
  g_clear_pointer (&self->credentials, ec_quic_credentials_unref);
  g_free (self);
}

/* -- Sockets */

typedef struct {
  EcQuicAddress address;
  gboolean v6_only;
} Place;

/* All workers' sockets at one address, in the order of the workers. NULL: not all could be had. */
static GPtrArray *
open_group (const Place *place, guint n, guint16 *port, GError **error)
{
  g_autoptr (GPtrArray) group =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ec_quic_socket_free);
  EcQuicAddress address = place->address;

  if (*port != 0)
    ec_quic_address_set_port (&address, *port);
  /* Sockets of a group share their port with any other process of the same user, and its packets too: is it free? */
  if (n > 1 && ec_quic_address_get_port (&address) != 0) {
    EcQuicSocket *probe = ec_quic_socket_new (&address, TRUE, FALSE, place->v6_only, error);

    if (probe == NULL)
      return NULL;
    ec_quic_socket_free (probe);
  }
  for (guint i = 0; i < n; i++) {
    EcQuicSocket *socket = ec_quic_socket_new (&address, TRUE, n > 1, place->v6_only, error);

    if (socket == NULL)
      return NULL;
    g_ptr_array_add (group, socket);
    ec_quic_address_set_port (&address, ec_quic_address_get_port (&socket->local));
  }
  *port = ec_quic_address_get_port (&address);
  if (n > 1)
    (void) ec_quic_socket_steer (g_ptr_array_index (group, 0), n);
  return g_steal_pointer (&group);
}

/* Addresses without a port share one that is free at all of them. */
static GPtrArray *
open_groups (GArray *places, guint n, GError **error)
{
  for (guint try = 0;; try++) {
    g_autoptr (GPtrArray) groups =
        g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
    g_autoptr (GError) cause = NULL;
    guint16 shared = 0;

    for (guint i = 0; i < places->len && cause == NULL; i++) {
      const Place *place = &g_array_index (places, Place, i);
      guint16 own = ec_quic_address_get_port (&place->address);
      GPtrArray *group = open_group (place, n, own ? &own : &shared, &cause);

      if (group)
        g_ptr_array_add (groups, group);
    }
    if (cause == NULL)
      return g_steal_pointer (&groups);
    if (shared == 0 || groups->len == 0 || try == PORT_TRIES) {
      g_propagate_error (error, g_steal_pointer (&cause));
      return NULL;
    }
  }
}

static gboolean
open_sockets (EcQuicEndpoint *self, GPtrArray *listen, GError **error)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_autoptr (GPtrArray) groups = NULL;
  gboolean v4 = FALSE;

  for (guint i = 0; listen && i < listen->len; i++) {
    Place place = { 0 };

    if (!ec_quic_address_set_inet (&place.address, g_ptr_array_index (listen, i))) {
      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI, "There is no such address.");
      return FALSE;
    }
    v4 |= place.address.any.sa_family == AF_INET;
    g_array_append_val (places, place);
  }
  /* “Any” of IPv6 is IPv4's too, where nobody else takes that. */
  for (guint i = 0; i < places->len; i++)
    g_array_index (places, Place, i).v6_only = v4;

  groups = open_groups (places, self->workers->len, error);
  if (groups == NULL)
    return FALSE;
  for (guint i = 0; i < groups->len; i++) {
    GPtrArray *group = g_ptr_array_index (groups, i);
    EcQuicSocket *first = g_ptr_array_index (group, 0);

    g_ptr_array_add (self->addresses, ec_quic_address_to_inet (&first->local));
    g_ptr_array_set_free_func (group, NULL);
    for (guint w = 0; w < self->workers->len; w++)
      ec_quic_worker_add_socket (g_ptr_array_index (self->workers, w),
                                 g_ptr_array_index (group, w));
  }
  return TRUE;
}

/* -- Making one */

static gboolean
make_secrets (EcQuicEndpoint *self, const guint8 *secret)
{
  static const char label[] = "libec Retry token";

  if (secret)
    memcpy (self->reset_secret, secret, sizeof self->reset_secret);
  else if (gnutls_rnd (GNUTLS_RND_KEY, self->reset_secret, sizeof self->reset_secret) < 0)
    return FALSE;
  return gnutls_hmac_fast (GNUTLS_MAC_SHA256, self->reset_secret, sizeof self->reset_secret, label,
                           sizeof label - 1, self->retry_secret) == 0;
}

static void
endpoint_free (EcQuicEndpoint *self)
{
  g_ptr_array_unref (self->workers);
  g_ptr_array_unref (self->addresses);
  g_hash_table_unref (self->tokens);
  g_strfreev (self->alpns);
  g_clear_pointer (&self->credentials, ec_quic_credentials_unref);
  g_clear_pointer (&self->key_log, ec_quic_key_log_free);
  g_free (self->qlog_folder);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static EcQuicEndpoint *
endpoint_alloc (const EcQuicEndpointConfig *config, const EcQuicTuning *tuning)
{
  EcQuicEndpoint *self = g_new0 (EcQuicEndpoint, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  self->workers = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_quic_worker_unref);
  self->addresses = g_ptr_array_new_with_free_func (g_object_unref);
  self->tokens = ec_quic_tokens_new ();
  self->credentials = config->credentials ? ec_quic_credentials_ref (config->credentials) : NULL;
  self->alpns = g_strdupv ((GStrv) (gpointer) config->alpns);
  self->accept = config->accept;
  self->user_data = config->user_data;
  self->max_connections = config->max_connections ? config->max_connections : 4096;
  self->max_handshakes = config->max_handshakes ? config->max_handshakes : 256;
  self->memory_pool = config->memory_pool;
  self->require_client_key = config->require_client_key;
  self->always_retry = config->always_retry;
  self->qlog_folder = g_strdup (config->qlog_folder);
  if (tuning)
    self->tuning = *tuning;
  ec_quic_tuning_complete (&self->tuning);
  return self;
}

EcQuicEndpoint *
ec_quic_endpoint_prepare (const EcQuicEndpointConfig *config,
                          const EcQuicTuning *tuning,
                          GError **error)
{
  EcQuicEndpoint *self = endpoint_alloc (config, tuning);
  gboolean listens = config->listen && config->listen->len > 0;
  guint n = config->n_workers ? config->n_workers : (listens ? g_get_num_processors () : 1);

  for (guint i = 0; i < MIN (n, MAX_WORKERS); i++)
    g_ptr_array_add (self->workers, ec_quic_worker_new (self, i));
  if (!make_secrets (self, config->secret)) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_FAILED, "There are no random numbers.");
    endpoint_free (self);
    return NULL;
  }
  if (config->key_log)
    self->key_log = ec_quic_key_log_new (config->key_log, error);
  if ((config->key_log && self->key_log == NULL) || !open_sockets (self, config->listen, error)) {
    endpoint_free (self);
    return NULL;
  }
  return self;
}

EcQuicEndpoint *
ec_quic_endpoint_new (const EcQuicEndpointConfig *config,
                      const EcQuicTuning *tuning,
                      GError **error)
{
  EcQuicEndpoint *self = ec_quic_endpoint_prepare (config, tuning, error);

  for (guint i = 0; self && i < self->workers->len; i++)
    ec_quic_worker_start (g_ptr_array_index (self->workers, i));
  return self;
}

/* -- Its end */

typedef struct {
  EcQuicEndpoint *endpoint;
  guint64 code;
  char *reason;
  gboolean last; /* free it then */
} Stop;

static void
stop_now (EcQuicEndpoint *self, guint64 code, const char *reason)
{
  gboolean stopped;

  g_mutex_lock (&self->mutex);
  stopped = self->stopped;
  self->stopped = TRUE;
  g_mutex_unlock (&self->mutex);
  if (stopped)
    return;
  for (guint i = 0; i < self->workers->len; i++)
    ec_quic_worker_post_stop (g_ptr_array_index (self->workers, i), code, reason);
  for (guint i = 0; i < self->workers->len; i++)
    g_thread_join (((EcQuicWorker *) g_ptr_array_index (self->workers, i))->thread);
}

static gpointer
stop_elsewhere (gpointer data)
{
  Stop *stop = data;

  stop_now (stop->endpoint, stop->code, stop->reason);
  if (stop->last)
    endpoint_free (stop->endpoint);
  else
    ec_quic_endpoint_unref (stop->endpoint);
  g_free (stop->reason);
  g_free (stop);
  return NULL;
}

static void
stop_endpoint (EcQuicEndpoint *self, guint64 code, const char *reason, gboolean last)
{
  gboolean own = FALSE;

  for (guint i = 0; i < self->workers->len; i++)
    own |= ec_quic_worker_is_current (g_ptr_array_index (self->workers, i));
  if (own) {
    /* A thread cannot wait for its own end. */
    Stop *stop = g_new0 (Stop, 1);

    stop->endpoint = last ? self : ec_quic_endpoint_ref (self);
    stop->code = code;
    stop->reason = g_strdup (reason);
    stop->last = last;
    g_thread_unref (g_thread_new ("ec-quic-stop", stop_elsewhere, stop));
    return;
  }
  stop_now (self, code, reason);
  if (last)
    endpoint_free (self);
}

void
ec_quic_endpoint_stop (EcQuicEndpoint *self, guint64 code, const char *reason)
{
  stop_endpoint (self, code, reason, FALSE);
}

EcQuicEndpoint *
ec_quic_endpoint_ref (EcQuicEndpoint *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
ec_quic_endpoint_unref (EcQuicEndpoint *self)
{
  if (g_atomic_ref_count_dec (&self->refs))
    stop_endpoint (self, 0, "", TRUE);
}

/* -- What is asked of it */

EcQuicCredentials *
ec_quic_endpoint_get_credentials (EcQuicEndpoint *self)
{
  return self->credentials;
}

GPtrArray *
ec_quic_endpoint_get_addresses (EcQuicEndpoint *self)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < self->addresses->len; i++)
    g_ptr_array_add (copy, g_object_ref (g_ptr_array_index (self->addresses, i)));
  return copy;
}

void
ec_quic_endpoint_get_statistics (EcQuicEndpoint *self, EcQuicStatistics *statistics)
{
  *statistics = (EcQuicStatistics){ 0 };
  for (guint i = 0; i < self->workers->len; i++) {
    EcQuicWorker *worker = g_ptr_array_index (self->workers, i);

#define ADD(field) statistics->field += __atomic_load_n (&worker->counts.field, __ATOMIC_RELAXED)
    ADD (connections);
    ADD (accepted);
    ADD (retries);
    ADD (refused);
    ADD (handed_over);
    ADD (resets_sent);
    ADD (dropped);
    ADD (received);
    ADD (receive_calls);
    ADD (sent);
    ADD (send_calls);
#undef ADD
  }
  statistics->handshakes = __atomic_load_n (&self->n_handshakes, __ATOMIC_RELAXED);
}

void
ec_quic_endpoint_dial (EcQuicEndpoint *self,
                       const EcQuicDial *dial,
                       EcQuicDialledFunc dialled,
                       gpointer user_data)
{
  EcQuicDialRequest *request = g_new0 (EcQuicDialRequest, 1);
  guint worker = __atomic_fetch_add (&self->next_worker, 1, __ATOMIC_RELAXED) % self->workers->len;

  g_return_if_fail (dial->verify != NULL);

  request->address = g_object_ref (dial->address);
  request->server_name = g_strdup (dial->server_name);
  request->alpns = g_strdupv ((GStrv) (gpointer) dial->alpns);
  request->verify = ec_quic_verify_ref (dial->verify);
  request->credentials = dial->credentials ? ec_quic_credentials_ref (dial->credentials) : NULL;
  request->tuning = dial->tuning;
  ec_quic_tuning_complete (&request->tuning);
  request->dialled = dialled;
  request->user_data = user_data;
  ec_quic_worker_post_dial (g_ptr_array_index (self->workers, worker), request);
}
