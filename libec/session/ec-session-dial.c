/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-dial.h"

#include <string.h>

#include "base/ec-error.h"
#include "quic/ec-quic-endpoint.h"
#include "seal/ec-identity-private.h"
#include "session/ec-moq-deaf.h"
#include "session/ec-moq-error-map.h"
#include "session/ec-moq-uri.h"
#include "webtransport/ec-wt.h"

/*
 * Dialling: names are looked up and attempts begun on one thread of ours; each attempt lives on its transport's
 * thread. Who is first to be established takes the dial, under the mutex; all others see that, and close.
 */

#define DEFAULT_TIMEOUT 10000 /* ms */
#define ATTEMPT_DELAY 250     /* ms; RFC 8305 §5, the Connection Attempt Delay */
#define MAX_ADDRESSES 16      /* of one name; who has more is served by the first */
#define DIAL_THREAD_NAME "ec-moq-dial"

typedef struct {
  gatomicrefcount refs;
  /* never changed */
  EcMoqUri *uri;
  char **protocols; /* of MOQT */
  char *origin;     /* nullable */
  EcQuicVerify *verify;
  EcQuicCredentials *credentials; /* nullable */
  EcQuicTuning tuning;
  guint timeout_ms;
  GCancellable *cancellable; /* nullable */
  GCancellable *resolving;
  EcMoqDialledFunc dialled;
  gpointer user_data;

  /* the dial thread's */
  GQueue addresses; /* GInetSocketAddress, to be tried in this order */
  GSource *next;    /* begins the next attempt */
  GSource *timeout;
  GSource *cancelled;

  GMutex mutex;
  /* under the mutex */
  gboolean decided;   /* the outcome is found, and told once, by who set this */
  gboolean all_begun; /* no address is left */
  guint n_running;    /* attempts begun that have not failed */
  GPtrArray *live;    /* EcTransport, borrowed: attempts to wake when it is decided */
  GError *error;      /* the most telling of those so far */
} Dial;

typedef struct {
  Dial *dial;             /* owned */
  EcTransport *transport; /* owned, until it is handed over or closed */
  char *peer;             /* “192.0.2.1:443” */
} Attempt;

static Dial *
dial_ref (Dial *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
dial_unref (gpointer data)
{
  Dial *self = data;

  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_assert (!self->next && !self->timeout && !self->cancelled);
  g_clear_pointer (&self->uri, ec_moq_uri_free);
  g_strfreev (self->protocols);
  g_free (self->origin);
  g_clear_pointer (&self->verify, ec_quic_verify_unref);
  g_clear_pointer (&self->credentials, ec_quic_credentials_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->resolving);
  g_queue_clear_full (&self->addresses, g_object_unref);
  g_ptr_array_unref (self->live);
  g_clear_error (&self->error);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* -- The thread, and the endpoint of all that we dial */

static gpointer
run_thread (gpointer data)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (data, FALSE);

  g_main_context_push_thread_default (data);
  g_main_loop_run (loop);
  return NULL;
}

/* Made on first use; it stays for as long as the process. */
static GMainContext *
get_context (void)
{
  static GMainContext *context;

  if (g_once_init_enter (&context)) {
    GMainContext *made = g_main_context_new ();

    g_thread_unref (g_thread_new (DIAL_THREAD_NAME, run_thread, made));
    g_once_init_leave (&context, made);
  }
  return context;
}

static struct {
  GMutex mutex;
  EcQuicEndpoint *endpoint; /* NULL: nothing was dialled yet */
  gboolean ended;
} dialler;

static EcQuicEndpoint *
get_endpoint (GError **error)
{
  EcQuicEndpointConfig config = { .qlog_folder = g_getenv (EC_MOQ_QLOG_VARIABLE) };
  EcQuicTuning tuning = { 0 };
  EcQuicEndpoint *endpoint = NULL;

  g_mutex_lock (&dialler.mutex);
  if (dialler.ended)
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_FAILED,
                 "Nothing can be dialled any more: libec was told that the process ends.");
  else if (!dialler.endpoint)
    dialler.endpoint = ec_quic_endpoint_new (&config, &tuning, error);
  if (!dialler.ended)
    endpoint = dialler.endpoint;
  g_mutex_unlock (&dialler.mutex);
  return endpoint;
}

void
ec_moq_dial_end (void)
{
  EcQuicEndpoint *endpoint;

  g_mutex_lock (&dialler.mutex);
  dialler.ended = TRUE;
  endpoint = dialler.endpoint;
  g_mutex_unlock (&dialler.mutex);
  if (endpoint)
    ec_quic_endpoint_stop (endpoint, 0, "");
}

static GSource *
attach (Dial *self, GSource *source, GSourceFunc func)
{
  g_source_set_static_name (source, DIAL_THREAD_NAME);
  g_source_set_callback (source, func, dial_ref (self), dial_unref);
  g_source_attach (source, get_context ());
  return source;
}

static void
clear_source (GSource **source)
{
  if (*source) {
    g_source_destroy (*source);
    g_source_unref (g_steal_pointer (source));
  }
}

/* On the dial thread, once it is decided. */
static gboolean
on_decided (gpointer data)
{
  Dial *self = data;

  g_cancellable_cancel (self->resolving);
  clear_source (&self->next);
  clear_source (&self->timeout);
  clear_source (&self->cancelled);
  return G_SOURCE_REMOVE;
}

/* -- Outcomes */

/* FALSE: somebody else decided before. Wakes all that run, to see it. */
static gboolean
decide (Dial *self)
{
  GSource *source;
  gboolean first;

  g_mutex_lock (&self->mutex);
  first = !self->decided;
  self->decided = TRUE;
  if (first)
    for (guint i = 0; i < self->live->len; i++)
      ec_transport_wake (g_ptr_array_index (self->live, i));
  g_mutex_unlock (&self->mutex);
  if (!first)
    return FALSE;

  source = attach (self, g_idle_source_new (), on_decided);
  g_source_unref (source);
  return TRUE;
}

/* Takes `error`. In a thread of libec's. */
static void
fail (Dial *self, GError *error)
{
  if (decide (self))
    self->dialled (self->user_data, NULL, NULL, error);
  g_error_free (error);
}

/* A server that is there and is the wrong one tells more than one that is not. */
static guint
tells (const GError *error)
{
  switch ((EcMoqError) error->code) {
  case EC_MOQ_ERROR_UNREACHABLE:
    return 0;
  case EC_MOQ_ERROR_TIMEOUT:
  case EC_MOQ_ERROR_FAILED:
    return 1;
  default:
    return 2;
  }
}

static gboolean begin_next (gpointer data);

/* An attempt came to nothing; takes `error`. The next begins at once. */
static void
attempt_failed (Dial *self, GError *error)
{
  GError *last = NULL;

  g_mutex_lock (&self->mutex);
  if (!self->error || tells (error) > tells (self->error)) {
    g_clear_error (&self->error);
    self->error = error;
  } else {
    g_error_free (error);
  }
  self->n_running--;
  if (self->n_running == 0 && self->all_begun)
    last = g_steal_pointer (&self->error);
  g_mutex_unlock (&self->mutex);

  if (last) {
    fail (self, last);
  } else {
    GSource *source = attach (self, g_idle_source_new (), begin_next);

    g_source_unref (source);
  }
}

/* -- One attempt, on its transport's thread */

static gboolean
is_decided (Dial *self)
{
  gboolean decided;

  g_mutex_lock (&self->mutex);
  decided = self->decided;
  g_mutex_unlock (&self->mutex);
  return decided;
}

/* No more to be woken. */
static void
attempt_leave (Attempt *self)
{
  g_mutex_lock (&self->dial->mutex);
  g_ptr_array_remove_fast (self->dial->live, self->transport);
  g_mutex_unlock (&self->dial->mutex);
}

static void
attempt_free (Attempt *self)
{
  if (self->transport)
    ec_transport_unref (self->transport);
  dial_unref (self->dial);
  g_free (self->peer);
  g_free (self);
}

static void
give_up (Attempt *self)
{
  ec_transport_close (self->transport, 0, "");
}

static void
on_established (gpointer user_data)
{
  Attempt *self = user_data;
  Dial *dial = self->dial;
  EcTransport *transport = self->transport;
  const EcMoqtDraft *draft;
  EcTransportInfo info;

  ec_transport_get_info (transport, &info);
  draft = ec_moqt_draft_find (info.protocol);
  if (!draft || !g_strv_contains ((const char *const *) dial->protocols, info.protocol)) {
    fail (dial, g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_VERSION,
                             "%s chose “%s”, which is none of the drafts of MOQT that were "
                             "offered.",
                             self->peer, info.protocol));
    give_up (self);
    return;
  }
  /* The winner is not to be woken with the others. */
  attempt_leave (self);
  if (!decide (dial)) {
    give_up (self);
    return;
  }

  self->transport = NULL;
  dial_ref (dial);
  attempt_free (self);
  dial->dialled (dial->user_data, transport, draft, NULL);
  dial_unref (dial);
  /* What we have heard of is the first event of who has it now. */
  if (transport->events->established)
    transport->events->established (transport->user_data);
}

static void
on_woken (gpointer user_data)
{
  Attempt *self = user_data;

  if (is_decided (self->dial))
    give_up (self);
}

static void
on_closed (gpointer user_data, const EcTransportClose *close)
{
  Attempt *self = user_data;

  attempt_leave (self);
  if (!is_decided (self->dial))
    attempt_failed (self->dial, ec_moq_error_new_for_transport (close, self->peer));
  attempt_free (self);
}

/* Before `established` nothing comes but its end. */
static const EcTransportEvents attempt_events = {
  EC_MOQ_DEAF_EVENTS, .established = on_established, .stream_data = ec_moq_deaf_stream_data,
  .woken = on_woken,  .closed = on_closed,
};

static void
on_dialled (gpointer user_data, EcTransport *transport)
{
  Attempt *self = user_data;
  Dial *dial = self->dial;
  gboolean decided;

  if (dial->uri->webtransport)
    transport = ec_wt_client_new (transport, dial->uri->authority, dial->uri->path,
                                  (const char *const *) dial->protocols, dial->origin);
  self->transport = transport;
  ec_transport_set_events (self->transport, &attempt_events, self);

  g_mutex_lock (&dial->mutex);
  decided = dial->decided;
  g_ptr_array_add (dial->live, self->transport);
  g_mutex_unlock (&dial->mutex);
  if (decided)
    give_up (self);
}

/* -- Beginning attempts, on the dial thread */

static char *
describe (Dial *self, GInetSocketAddress *address)
{
  g_autofree char *text = g_inet_address_to_string (g_inet_socket_address_get_address (address));
  gboolean v6 = strchr (text, ':') != NULL;

  if (g_str_equal (text, self->uri->host))
    return g_strdup_printf (v6 ? "[%s]:%u" : "%s:%u", text, self->uri->port);
  return g_strdup_printf ("%s (%s) port %u", self->uri->host, text, self->uri->port);
}

static void
begin_attempt (Dial *self, EcQuicEndpoint *endpoint, GInetSocketAddress *address)
{
  static const char *const h3[] = { EC_WT_ALPN, NULL };
  Attempt *attempt = g_new0 (Attempt, 1);
  EcQuicDial dial = {
    .address = address,
    .server_name = self->uri->host,
    .alpns = self->uri->webtransport ? h3 : (const char *const *) self->protocols,
    .verify = self->verify,
    .credentials = self->credentials,
    .tuning = self->tuning,
  };

  attempt->dial = dial_ref (self);
  attempt->peer = describe (self, address);
  g_mutex_lock (&self->mutex);
  self->n_running++;
  g_mutex_unlock (&self->mutex);
  ec_quic_endpoint_dial (endpoint, &dial, on_dialled, attempt);
}

static gboolean
begin_next (gpointer data)
{
  Dial *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GInetSocketAddress) address = NULL;
  EcQuicEndpoint *endpoint;

  clear_source (&self->next);
  if (is_decided (self) || g_queue_is_empty (&self->addresses))
    return G_SOURCE_REMOVE;
  endpoint = get_endpoint (&error);
  if (!endpoint) {
    fail (self, g_steal_pointer (&error));
    return G_SOURCE_REMOVE;
  }

  address = g_queue_pop_head (&self->addresses);
  if (g_queue_is_empty (&self->addresses)) {
    g_mutex_lock (&self->mutex);
    self->all_begun = TRUE;
    g_mutex_unlock (&self->mutex);
  } else {
    self->next = attach (self, g_timeout_source_new (ATTEMPT_DELAY), begin_next);
  }
  begin_attempt (self, endpoint, address);
  return G_SOURCE_REMOVE;
}

/* In turns of the two families, beginning with the one that the resolver puts first (RFC 8305 §4). */
static void
queue_addresses (Dial *self, GList *addresses)
{
  GList *one = addresses, *other = addresses;
  GSocketFamily first;

  if (!addresses)
    return;
  first = g_inet_address_get_family (addresses->data);
  while ((one || other) && self->addresses.length < MAX_ADDRESSES) {
    while (one && g_inet_address_get_family (one->data) != first)
      one = one->next;
    while (other && g_inet_address_get_family (other->data) == first)
      other = other->next;
    if (one) {
      g_queue_push_tail (&self->addresses, g_inet_socket_address_new (one->data, self->uri->port));
      one = one->next;
    }
    if (other) {
      g_queue_push_tail (&self->addresses,
                         g_inet_socket_address_new (other->data, self->uri->port));
      other = other->next;
    }
  }
}

static void
on_resolved (GObject *resolver, GAsyncResult *result, gpointer data)
{
  Dial *self = data;
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (resolver), result, &error);

  if (addresses) {
    queue_addresses (self, addresses);
    g_resolver_free_addresses (addresses);
    begin_next (self);
  } else {
    fail (self, g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_UNREACHABLE,
                             "There is no host called “%s”: %s. Check its name, and that this "
                             "machine is on the network.",
                             self->uri->host, error->message));
  }
  dial_unref (self);
}

static gboolean
on_timeout (gpointer data)
{
  Dial *self = data;
  GError *error = NULL;

  g_mutex_lock (&self->mutex);
  if (self->error && tells (self->error) > 1)
    error = g_steal_pointer (&self->error);
  g_mutex_unlock (&self->mutex);
  if (!error)
    error = g_error_new (EC_MOQ_ERROR, EC_MOQ_ERROR_UNREACHABLE,
                         "Nobody answered at %s within %.3g s. Check the address, that the server "
                         "runs, and that no firewall holds back UDP.",
                         self->uri->authority, self->timeout_ms / 1000.0);
  clear_source (&self->timeout);
  fail (self, error);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Dial *self = data;

  clear_source (&self->cancelled);
  fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Dialling %s was cancelled.",
                           self->uri->authority));
  return G_SOURCE_REMOVE;
}

static gboolean
begin (gpointer data)
{
  Dial *self = data;
  g_autoptr (GInetSocketAddress) literal = NULL;

  self->timeout = attach (self, g_timeout_source_new (self->timeout_ms), on_timeout);
  if (self->cancellable)
    self->cancelled =
        attach (self, g_cancellable_source_new (self->cancellable), G_SOURCE_FUNC (on_cancelled));

  literal = G_INET_SOCKET_ADDRESS (
      g_inet_socket_address_new_from_string (self->uri->host, self->uri->port));
  if (literal) {
    g_queue_push_tail (&self->addresses, g_steal_pointer (&literal));
    begin_next (self);
  } else {
    g_autoptr (GResolver) resolver = g_resolver_get_default ();

    g_resolver_lookup_by_name_async (resolver, self->uri->host, self->resolving, on_resolved,
                                     dial_ref (self));
  }
  return G_SOURCE_REMOVE;
}

/* -- What was asked for */

static gboolean
take_protocols (Dial *self, const char *const *wanted, GError **error)
{
  if (!wanted)
    wanted = ec_moqt_draft_alpns ();
  for (gsize i = 0; wanted[i]; i++) {
    if (!ec_moqt_draft_find (wanted[i])) {
      g_autofree char *ours = g_strjoinv (", ", (char **) ec_moqt_draft_alpns ());

      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                   "“%s” is no draft of MOQT that is spoken here; choose from %s.", wanted[i],
                   ours);
      return FALSE;
    }
  }
  self->protocols = g_strdupv ((char **) wanted);
  return TRUE;
}

static gboolean
take_trust (Dial *self, const EcMoqDialConfig *config, GError **error)
{
  if (config->certificate_hashes && config->certificate_hashes->len > 0)
    self->verify = ec_quic_verify_new_hashes (config->certificate_hashes);
  else if (config->ca_file)
    self->verify = ec_quic_verify_new_ca_file (config->ca_file, error);
  else
    self->verify = ec_quic_verify_new_system ();
  if (!self->verify)
    return FALSE;

  if (config->identity) {
    self->credentials = ec_quic_credentials_new ();
    return ec_quic_credentials_add_raw_key (self->credentials,
                                            ec_identity_get_seed (config->identity), error);
  }
  return TRUE;
}

static gboolean
begin_failed (gpointer data)
{
  Dial *self = data;

  fail (self, g_steal_pointer (&self->error));
  return G_SOURCE_REMOVE;
}

void
ec_moq_dial (const EcMoqDialConfig *config,
             GCancellable *cancellable,
             EcMoqDialledFunc dialled,
             gpointer user_data)
{
  Dial *self = g_new0 (Dial, 1);
  GSource *source;

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->mutex);
  g_queue_init (&self->addresses);
  self->live = g_ptr_array_new ();
  self->cancellable = cancellable ? g_object_ref (cancellable) : NULL;
  self->resolving = g_cancellable_new ();
  self->dialled = dialled;
  self->user_data = user_data;
  self->timeout_ms = config->timeout_ms ? config->timeout_ms : DEFAULT_TIMEOUT;
  self->tuning.idle_timeout_ms = config->idle_timeout_ms;
  self->tuning.handshake_timeout_ms = self->timeout_ms;
  self->tuning.connection_window = config->connection_window;
  self->origin = g_strdup (config->origin);

  self->uri = ec_moq_uri_parse (config->uri, &self->error);
  if (self->uri && take_protocols (self, config->protocols, &self->error))
    take_trust (self, config, &self->error);
  /* Also what is wrong already is told in our thread, and never before we return. */
  source = attach (self, g_idle_source_new (), self->error ? begin_failed : begin);
  g_source_unref (source);
  dial_unref (self);
}
