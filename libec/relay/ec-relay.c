/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "relay/ec-relay.h"

#include <string.h>

#include "base/ec-error.h"
#include "ec-version.h"
#include "relay/ec-relay-certificates.h"
#include "relay/ec-relay-core.h"
#include "seal/ec-identity.h"
#include "session/ec-moq-dial.h"

/* What time brings about in the core. */
#define TICK_US (100 * 1000)
/* How often certificates are looked at, which are renewed after days; the clock may have been set, or the computer asleep. */
#define CERTIFICATES_US (30 * G_USEC_PER_SEC)
/* Events wait for the main context; those beyond are lost, or one that does not run would make memory grow. */
#define MAX_EVENTS 4096
/* Received and not read, of one connection that sends much; all of them share a part of as much as the budget. */
#define CONNECTION_WINDOW (8 * 1024 * 1024)
#define MEMORY_POOL_PART 4

/**
 * EcRelay:
 *
 * A relay of Media over QUIC: passes tracks on from any publisher to any number of subscribers.
 *
 * It listens on one UDP port for MOQT over QUIC and over WebTransport, drafts mixed. What it passes on it keeps for a
 * while, so that who comes late begins at the open group's first object. Several publishers of one track are merged: what came
 * first is kept, a publisher that contradicts it is dropped, and one that stalls is continued from another's copy.
 *
 * Who may publish a name is the first key that does, and keys it delegates to, unless rules say otherwise
 * ([property@Relay:allow-publish]).
 *
 * Properties are set when it is made; it can be started once. Its work is done in threads of its own; [signal@Relay::event] and the
 * notification of [property@Relay:certificate-hashes] come in the main context that was the thread default one when the relay was made. The methods may be called from one thread at a time.
 */
struct _EcRelay {
  GObject parent_instance;

  /* Properties, constant. */
  GStrv listen, names, authorities, origins, allow_publish, allow_subscribe;
  char *certificate_file, *key_file, *token;
  EcIdentity *identity;
  EcRelayLimits limits;
  guint workers;

  GMainContext *context;
  EcRelayCore *core;       /* NULL until started */
  EcMoqListener *listener; /* NULL unless running */
  GThread *ticker;
  GMutex lock;
  GCond changed;
  gboolean started, stopping; /* under lock */
  GQueue events;              /* under lock: what is to be emitted */
  GSource *emitter;           /* under lock: NULL: none is attached */
  GStrv hashes;               /* under lock: of the certificates, as they were told last */
  gboolean renewed;           /* under lock: that is to be told */
};

G_DEFINE_FINAL_TYPE (EcRelay, ec_relay, G_TYPE_OBJECT)

typedef enum {
  PROP_LISTEN = 1,
  PROP_CERTIFICATE_FILE,
  PROP_KEY_FILE,
  PROP_NAMES,
  PROP_AUTHORITIES,
  PROP_ORIGINS,
  PROP_IDENTITY,
  PROP_ALLOW_PUBLISH,
  PROP_ALLOW_SUBSCRIBE,
  PROP_TOKEN,
  PROP_MEMORY,
  PROP_MAX_SESSIONS,
  PROP_MAX_SESSIONS_PER_ADDRESS,
  PROP_WORKERS,
  PROP_RUNNING,
  PROP_CERTIFICATE_HASHES,
  N_PROPS,
} Property;

static GParamSpec *properties[N_PROPS];
static guint event_signal;

/* -- Events: from any thread to the main context */

typedef struct {
  EcRelayEvent event;
  char *peer, *name, *detail;
} Event;

static void
event_free (gpointer data)
{
  Event *self = data;

  g_free (self->peer);
  g_free (self->name);
  g_free (self->detail);
  g_free (self);
}

static gboolean
emit_events (gpointer data)
{
  EcRelay *self = data;
  gboolean renewed;
  GQueue events;

  g_mutex_lock (&self->lock);
  events = self->events;
  renewed = self->renewed;
  self->renewed = FALSE;
  g_queue_init (&self->events);
  g_clear_pointer (&self->emitter, g_source_unref);
  g_mutex_unlock (&self->lock);

  g_object_ref (self);
  for (Event *event; (event = g_queue_pop_head (&events));) {
    g_signal_emit (self, event_signal, 0, event->event, event->peer, event->name, event->detail);
    event_free (event);
  }
  if (renewed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CERTIFICATE_HASHES]);
  g_object_unref (self);
  return G_SOURCE_REMOVE;
}

/* Under the lock. */
static void
emit_soon (EcRelay *self)
{
  if (self->emitter)
    return;
  /* No reference: the source is destroyed before the relay goes. */
  self->emitter = g_idle_source_new ();
  g_source_set_callback (self->emitter, emit_events, self, NULL);
  g_source_attach (self->emitter, self->context);
}

static void
on_event (
    gpointer user_data, EcRelayEvent kind, const char *peer, EcMoqtName *name, const char *detail)
{
  EcRelay *self = user_data;
  Event *event;

  g_mutex_lock (&self->lock);
  if (self->events.length < MAX_EVENTS && !self->stopping) {
    event = g_new0 (Event, 1);
    event->event = kind;
    event->peer = g_utf8_make_valid (peer, -1);
    event->name = name ? ec_moqt_name_to_text (name) : NULL;
    event->detail = g_utf8_make_valid (detail, -1);
    g_queue_push_tail (&self->events, event);
    emit_soon (self);
  }
  g_mutex_unlock (&self->lock);
}

/* -- Certificates */

static GStrv
describe_hashes (EcMoqListener *listener)
{
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();
  g_autoptr (GPtrArray) hashes = ec_moq_listener_get_certificate_hashes (listener);

  for (guint i = 0; i < hashes->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (hashes->pdata[i], &size);
    g_autoptr (GString) text = g_string_new (NULL);

    for (gsize k = 0; k < size; k++)
      g_string_append_printf (text, "%02x", data[k]);
    g_strv_builder_add (texts, text->str);
  }
  return g_strv_builder_end (texts);
}

void
ec_relay_renew_certificates (EcRelay *self, gint64 now_s)
{
  g_auto (GStrv) hashes = NULL;

  ec_moq_listener_renew_certificates (self->listener, now_s);
  hashes = describe_hashes (self->listener);
  g_mutex_lock (&self->lock);
  if (!self->stopping &&
      !g_strv_equal ((const char *const *) hashes, (const char *const *) self->hashes)) {
    g_strfreev (self->hashes);
    self->hashes = g_steal_pointer (&hashes);
    self->renewed = TRUE;
    emit_soon (self);
  }
  g_mutex_unlock (&self->lock);
}

/* -- Starting */

static gboolean
on_accept (gpointer user_data, EcTransport *transport, const EcMoqtDraft *draft)
{
  return ec_relay_core_accept (((EcRelay *) user_data)->core, transport, draft);
}

static gpointer
tick_thread (gpointer data)
{
  EcRelay *self = data;
  gint64 looked_us = g_get_monotonic_time ();

  g_mutex_lock (&self->lock);
  while (!self->stopping) {
    gint64 now_us = g_get_monotonic_time ();

    g_mutex_unlock (&self->lock);
    ec_relay_core_tick (self->core, (guint64) now_us);
    if (now_us - looked_us >= CERTIFICATES_US) {
      ec_relay_renew_certificates (self, g_get_real_time () / G_USEC_PER_SEC);
      looked_us = now_us;
    }
    g_mutex_lock (&self->lock);
    if (!self->stopping)
      g_cond_wait_until (&self->changed, &self->lock, now_us + TICK_US);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

static EcRelayPolicy *
make_policy (EcRelay *self, GError **error)
{
  g_autoptr (EcRelayPolicy) policy = ec_relay_policy_new ();
  g_autoptr (GBytes) token = self->token ? g_bytes_new (self->token, strlen (self->token)) : NULL;

  for (guint i = 0; self->allow_publish && self->allow_publish[i]; i++) {
    if (!ec_relay_policy_allow_publish (policy, self->allow_publish[i], error))
      return NULL;
  }
  for (guint i = 0; self->allow_subscribe && self->allow_subscribe[i]; i++) {
    if (!ec_relay_policy_allow_subscribe (policy, self->allow_subscribe[i], error))
      return NULL;
  }
  ec_relay_policy_set_token (policy, token);
  ec_relay_policy_set_authorities (policy, (const char *const *) self->authorities);
  return g_steal_pointer (&policy);
}

static gboolean
start (EcRelay *self, GError **error)
{
  EcRelayCoreConfig config = { .limits = self->limits,
                               .implementation = "libec/" EC_VERSION_S,
                               .event = on_event,
                               .user_data = self };
  EcMoqListenerConfig listener = {
    .listen = (const char *const *) self->listen,
    .certificate_file = self->certificate_file,
    .key_file = self->key_file,
    .names = (const char *const *) self->names,
    .identity = self->identity,
    .origins = (const char *const *) self->origins,
    .n_workers = self->workers,
    .connection_window = CONNECTION_WINDOW,
    .first_window = EC_RELAY_FIRST_WINDOW,
    .accept = on_accept,
    .user_data = self,
  };

  config.policy = make_policy (self, error);
  if (!config.policy)
    return FALSE;
  self->core = ec_relay_core_new (&config);
  listener.memory_pool = ec_relay_core_get_limits (self->core)->memory / MEMORY_POOL_PART;
  listener.max_connections = ec_relay_core_get_limits (self->core)->max_sessions;
  self->listener = ec_moq_listener_new (&listener, error);
  if (!self->listener)
    return FALSE;
  self->hashes = describe_hashes (self->listener);
  self->ticker = g_thread_new ("ec-relay", tick_thread, self);
  return TRUE;
}

/* Not from a thread of the listener's. */
static void
stop (EcRelay *self)
{
  g_mutex_lock (&self->lock);
  self->stopping = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&self->ticker, g_thread_join);
  if (self->core)
    ec_relay_core_close (self->core);
  g_clear_pointer (&self->listener, ec_moq_listener_free);
}

static void
start_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  EcRelay *self = source;
  GError *error = NULL;

  if (start (self, &error) && !g_cancellable_set_error_if_cancelled (cancellable, &error)) {
    g_task_return_boolean (task, TRUE);
  } else {
    stop (self);
    g_task_return_error (task, error);
  }
}

/**
 * ec_relay_start_async:
 * @self: a relay
 * @cancellable: (nullable): cancels it
 * @callback: (scope async): called when it listens, or cannot
 * @user_data: data for @callback
 *
 * Opens the port and begins to serve.
 */
void
ec_relay_start_async (EcRelay *self,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (EC_IS_RELAY (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_relay_start_async);
  /* What is told is whether it listens: of a cancellation that comes too late, nothing. */
  g_task_set_check_cancellable (task, FALSE);
  if (self->started) {
    g_task_return_new_error (task, EC_MOQ_ERROR, EC_MOQ_ERROR_DUPLICATE,
                             "A relay can be started once. Make another one.");
    return;
  }
  self->started = TRUE;
  g_task_run_in_thread (task, start_thread);
}

/**
 * ec_relay_start_finish:
 * @self: a relay
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Relay.start_async].
 *
 * Fails with %EC_MOQ_ERROR_BAD_URI if an address or a rule cannot be understood, %EC_MOQ_ERROR_CERTIFICATE if the certificate or its key
 * cannot be used, %EC_MOQ_ERROR_DUPLICATE if it was started before, or an error of #GIOErrorEnum if the port cannot be opened.
 *
 * Returns: whether the relay listens
 */
gboolean
ec_relay_start_finish (EcRelay *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RUNNING]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CERTIFICATE_HASHES]);
  return TRUE;
}

/* -- Stopping */

static void
stop_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  EcRelay *self = source;
  guint timeout_ms = GPOINTER_TO_UINT (data);
  gint64 until_us = g_get_monotonic_time () + (gint64) timeout_ms * 1000;

  if (self->core && timeout_ms > 0) {
    ec_relay_core_goaway (self->core, timeout_ms);
    g_mutex_lock (&self->lock);
    while (ec_relay_core_get_n_sessions (self->core) > 0 && g_get_monotonic_time () < until_us &&
           !g_cancellable_is_cancelled (cancellable))
      g_cond_wait_until (&self->changed, &self->lock,
                         MIN (until_us, g_get_monotonic_time () + TICK_US / 2));
    g_mutex_unlock (&self->lock);
  }
  stop (self);
  g_task_return_boolean (task, TRUE);
}

/**
 * ec_relay_stop_async:
 * @self: a relay
 * @timeout_ms: how long peers have to go by themselves, ms; 0: they are closed at once
 * @cancellable: (nullable): ends the waiting for peers; it is stopped nevertheless
 * @callback: (scope async): called when all is closed
 * @user_data: data for @callback
 *
 * Takes no more sessions, tells those that are here to go elsewhere (GOAWAY), and closes what is left.
 */
void
ec_relay_stop_async (EcRelay *self,
                     guint timeout_ms,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (EC_IS_RELAY (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ec_relay_stop_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, GUINT_TO_POINTER (timeout_ms), NULL);
  g_task_run_in_thread (task, stop_thread);
}

/**
 * ec_relay_stop_finish:
 * @self: a relay
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends [method@Relay.stop_async].
 *
 * Returns: %TRUE
 */
gboolean
ec_relay_stop_finish (EcRelay *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RUNNING]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CERTIFICATE_HASHES]);
  return TRUE;
}

/* -- Looking */

/**
 * ec_relay_get_running: (get-property running)
 * @self: a relay
 *
 * Whether the relay listens.
 *
 * Returns: whether it does
 */
gboolean
ec_relay_get_running (EcRelay *self)
{
  g_return_val_if_fail (EC_IS_RELAY (self), FALSE);

  return self->listener != NULL;
}

/**
 * ec_relay_dup_addresses:
 * @self: a relay
 *
 * Where the relay listens, "127.0.0.1:4443" each, with the ports that it got; none unless it runs.
 *
 * Returns: (transfer full) (array zero-terminated=1): addresses
 */
char **
ec_relay_dup_addresses (EcRelay *self)
{
  g_return_val_if_fail (EC_IS_RELAY (self), NULL);

  if (!self->listener)
    return g_new0 (char *, 1);
  return g_strdupv ((char **) ec_moq_listener_get_addresses (self->listener));
}

/**
 * ec_relay_dup_certificate_hashes: (get-property certificate-hashes)
 * @self: a relay
 *
 * SHA-256 of the self-signed certificates, the current one first, then the next: what clients are told to expect, as 64
 * hexadecimal digits each; none unless it runs, and none where a certificate was given. A certificate is shown for ten days and a
 * half, and renewed: see [property@Relay:certificate-hashes].
 *
 * Returns: (transfer full) (array zero-terminated=1): hashes
 */
char **
ec_relay_dup_certificate_hashes (EcRelay *self)
{
  g_return_val_if_fail (EC_IS_RELAY (self), NULL);

  return self->listener ? describe_hashes (self->listener) : g_new0 (char *, 1);
}

/**
 * ec_relay_get_stats:
 * @self: a relay
 *
 * What the relay does and has done until now; all 0 before it was started.
 *
 * Returns: (transfer full): stats
 */
EcRelayStats *
ec_relay_get_stats (EcRelay *self)
{
  EcRelayStats *stats;
  EcRelayStatsData data = { 0 };

  g_return_val_if_fail (EC_IS_RELAY (self), NULL);

  if (self->core)
    ec_relay_core_get_stats (self->core, &data);
  stats = g_new0 (EcRelayStats, 1);
  *stats = (EcRelayStats){
    .sessions = data.n_sessions,
    .sessions_total = data.n_sessions_total,
    .tracks = data.n_tracks,
    .namespaces = data.n_namespaces,
    .subscriptions = data.n_subscriptions,
    .upstreams = data.n_upstreams,
    .fetches = data.n_fetches,
    .memory = data.memory,
    .memory_peak = data.memory_peak,
    .bytes_in = data.bytes_in,
    .bytes_out = data.bytes_out,
    .bytes_duplicate = data.bytes_duplicate,
    .conflicts = data.n_conflicts,
    .skipped_groups = data.n_skipped_groups,
    .cut_objects = data.n_cut_objects,
    .requests = data.n_requests,
    .unauthorized = data.n_unauthorized,
    .overloads = data.n_overload,
  };
  return stats;
}

/* -- GObject */

static void
ec_relay_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcRelay *self = EC_RELAY (object);

  switch ((Property) id) {
  case PROP_LISTEN:
    g_value_set_boxed (value, self->listen);
    break;
  case PROP_CERTIFICATE_FILE:
    g_value_set_string (value, self->certificate_file);
    break;
  case PROP_KEY_FILE:
    g_value_set_string (value, self->key_file);
    break;
  case PROP_NAMES:
    g_value_set_boxed (value, self->names);
    break;
  case PROP_AUTHORITIES:
    g_value_set_boxed (value, self->authorities);
    break;
  case PROP_ORIGINS:
    g_value_set_boxed (value, self->origins);
    break;
  case PROP_IDENTITY:
    g_value_set_object (value, self->identity);
    break;
  case PROP_ALLOW_PUBLISH:
    g_value_set_boxed (value, self->allow_publish);
    break;
  case PROP_ALLOW_SUBSCRIBE:
    g_value_set_boxed (value, self->allow_subscribe);
    break;
  case PROP_MEMORY:
    g_value_set_uint64 (value, self->limits.memory ? self->limits.memory
                                                   : ec_relay_limits_default_memory ());
    break;
  case PROP_MAX_SESSIONS:
    g_value_set_uint (value, self->limits.max_sessions);
    break;
  case PROP_MAX_SESSIONS_PER_ADDRESS:
    g_value_set_uint (value, self->limits.max_sessions_per_address);
    break;
  case PROP_WORKERS:
    g_value_set_uint (value, self->workers);
    break;
  case PROP_RUNNING:
    g_value_set_boolean (value, ec_relay_get_running (self));
    break;
  case PROP_CERTIFICATE_HASHES:
    g_value_take_boxed (value, ec_relay_dup_certificate_hashes (self));
    break;
  case PROP_TOKEN:
  case N_PROPS:
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_relay_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcRelay *self = EC_RELAY (object);

  switch ((Property) id) {
  case PROP_LISTEN:
    self->listen = g_value_dup_boxed (value);
    break;
  case PROP_CERTIFICATE_FILE:
    self->certificate_file = g_value_dup_string (value);
    break;
  case PROP_KEY_FILE:
    self->key_file = g_value_dup_string (value);
    break;
  case PROP_NAMES:
    self->names = g_value_dup_boxed (value);
    break;
  case PROP_AUTHORITIES:
    self->authorities = g_value_dup_boxed (value);
    break;
  case PROP_ORIGINS:
    self->origins = g_value_dup_boxed (value);
    break;
  case PROP_IDENTITY:
    self->identity = g_value_dup_object (value);
    break;
  case PROP_ALLOW_PUBLISH:
    self->allow_publish = g_value_dup_boxed (value);
    break;
  case PROP_ALLOW_SUBSCRIBE:
    self->allow_subscribe = g_value_dup_boxed (value);
    break;
  case PROP_TOKEN:
    self->token = g_value_dup_string (value);
    break;
  case PROP_MEMORY:
    self->limits.memory = (gsize) MIN (g_value_get_uint64 (value), G_MAXSIZE);
    break;
  case PROP_MAX_SESSIONS:
    self->limits.max_sessions = g_value_get_uint (value);
    break;
  case PROP_MAX_SESSIONS_PER_ADDRESS:
    self->limits.max_sessions_per_address = g_value_get_uint (value);
    break;
  case PROP_WORKERS:
    self->workers = g_value_get_uint (value);
    break;
  case PROP_RUNNING:
  case PROP_CERTIFICATE_HASHES:
  case N_PROPS:
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_relay_finalize (GObject *object)
{
  EcRelay *self = EC_RELAY (object);

  stop (self);
  if (self->emitter)
    g_source_destroy (self->emitter);
  g_clear_pointer (&self->emitter, g_source_unref);
  g_queue_clear_full (&self->events, event_free);
  g_clear_pointer (&self->core, ec_relay_core_unref);
  g_main_context_unref (self->context);
  g_clear_object (&self->identity);
  g_strfreev (self->hashes);
  g_strfreev (self->listen);
  g_strfreev (self->names);
  g_strfreev (self->authorities);
  g_strfreev (self->origins);
  g_strfreev (self->allow_publish);
  g_strfreev (self->allow_subscribe);
  g_free (self->certificate_file);
  g_free (self->key_file);
  g_free (self->token);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (ec_relay_parent_class)->finalize (object);
}

#define PROPERTY_FLAGS (G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS)

/* The port, and who we are on it. */
static void
make_listener_properties (void)
{
  /**
   * EcRelay:listen:
   *
   * Where to listen: "[::]:4443", "127.0.0.1:0", "4443" for all addresses. Port 0: one that is free.
   */
  properties[PROP_LISTEN] = g_param_spec_boxed ("listen", NULL, NULL, G_TYPE_STRV, PROPERTY_FLAGS);
  /**
   * EcRelay:certificate-file:
   *
   * A file with the certificate and its chain (PEM), or %NULL: a self-signed one is made, and renewed.
   */
  properties[PROP_CERTIFICATE_FILE] =
      g_param_spec_string ("certificate-file", NULL, NULL, NULL, PROPERTY_FLAGS);
  /**
   * EcRelay:key-file:
   *
   * The certificate's private key (PEM); %NULL: it is in the certificate's file.
   */
  properties[PROP_KEY_FILE] = g_param_spec_string ("key-file", NULL, NULL, NULL, PROPERTY_FLAGS);
  /**
   * EcRelay:names:
   *
   * The names and addresses that a self-signed certificate is for; %NULL: localhost, and the addresses it listens at.
   */
  properties[PROP_NAMES] = g_param_spec_boxed ("names", NULL, NULL, G_TYPE_STRV, PROPERTY_FLAGS);
  /**
   * EcRelay:authorities:
   *
   * "HOST:PORT" that clients know the relay by: what proofs of a publisher's key must be for. %NULL: what the client dialled.
   */
  properties[PROP_AUTHORITIES] =
      g_param_spec_boxed ("authorities", NULL, NULL, G_TYPE_STRV, PROPERTY_FLAGS);
  /**
   * EcRelay:origins:
   *
   * The origins of web pages that may connect, "https://tv.example.org"; %NULL: all.
   */
  properties[PROP_ORIGINS] =
      g_param_spec_boxed ("origins", NULL, NULL, G_TYPE_STRV, PROPERTY_FLAGS);
  /**
   * EcRelay:identity:
   *
   * Whose key is shown to clients that ask for a raw public key; %NULL: nobody's.
   */
  properties[PROP_IDENTITY] =
      g_param_spec_object ("identity", NULL, NULL, EC_TYPE_IDENTITY, PROPERTY_FLAGS);
  /**
   * EcRelay:workers:
   *
   * How many threads serve sessions; 0: one a core.
   */
  properties[PROP_WORKERS] = g_param_spec_uint ("workers", NULL, NULL, 0, 256, 0, PROPERTY_FLAGS);
  /**
   * EcRelay:running: (getter get_running)
   *
   * Whether it listens.
   */
  properties[PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE,
                                                   G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * EcRelay:certificate-hashes: (getter dup_certificate_hashes)
   *
   * SHA-256 of the self-signed certificates, the current one first, then the next; notified when they were renewed, so that clients can
   * be told in time: the next one is known for as long as the current one is shown.
   */
  properties[PROP_CERTIFICATE_HASHES] = g_param_spec_boxed (
      "certificate-hashes", NULL, NULL, G_TYPE_STRV, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

/* What peers may do. */
static void
make_policy_properties (void)
{
  /**
   * EcRelay:allow-publish:
   *
   * Who may publish under a prefix: "PREFIX=any", "PREFIX=none" or "PREFIX=" and a node id. The longest prefix decides; several
   * keys are several rules. Where there is none, the first key that publishes a name has it.
   */
  properties[PROP_ALLOW_PUBLISH] =
      g_param_spec_boxed ("allow-publish", NULL, NULL, G_TYPE_STRV, PROPERTY_FLAGS);
  /**
   * EcRelay:allow-subscribe:
   *
   * Who may subscribe under a prefix, as [property@Relay:allow-publish]; where there is none, anybody.
   */
  properties[PROP_ALLOW_SUBSCRIBE] =
      g_param_spec_boxed ("allow-subscribe", NULL, NULL, G_TYPE_STRV, PROPERTY_FLAGS);
  /**
   * EcRelay:token:
   *
   * A secret: who shows it as an authorization token may publish whatever is not forbidden to everybody.
   */
  properties[PROP_TOKEN] =
      g_param_spec_string ("token", NULL, NULL, NULL,
                           G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * EcRelay:memory:
   *
   * How many bytes sessions and objects may take; 0: a quarter of the machine's, at most 1 GiB.
   */
  properties[PROP_MEMORY] =
      g_param_spec_uint64 ("memory", NULL, NULL, 0, G_MAXUINT64, 0, PROPERTY_FLAGS);
  /**
   * EcRelay:max-sessions:
   *
   * How many peers may be connected; 0: 4,096.
   */
  properties[PROP_MAX_SESSIONS] =
      g_param_spec_uint ("max-sessions", NULL, NULL, 0, G_MAXUINT, 0, PROPERTY_FLAGS);
  /**
   * EcRelay:max-sessions-per-address:
   *
   * How many of them from one IPv4 address or IPv6 /64; 0: 256. This computer itself is not counted.
   */
  properties[PROP_MAX_SESSIONS_PER_ADDRESS] =
      g_param_spec_uint ("max-sessions-per-address", NULL, NULL, 0, G_MAXUINT, 0, PROPERTY_FLAGS);
}

static void
ec_relay_class_init (EcRelayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ec_relay_get_property;
  object_class->set_property = ec_relay_set_property;
  object_class->finalize = ec_relay_finalize;

  make_listener_properties ();
  make_policy_properties ();
  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * EcRelay::event:
   * @self: a relay
   * @event: what happened
   * @peer: the address of whom it is about
   * @name: (nullable): the namespace or track
   * @detail: more of it, in words; may be empty
   *
   * Something happened that an operator may want to know.
   */
  event_signal =
      g_signal_new ("event", EC_TYPE_RELAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4,
                    EC_TYPE_RELAY_EVENT, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
}

static void
ec_relay_init (EcRelay *self)
{
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->events);
}

/**
 * ec_relay_new:
 * @listen: (array zero-terminated=1): where to listen, see [property@Relay:listen]
 *
 * Makes a relay with all defaults.
 *
 * Returns: (transfer full): a new relay
 */
EcRelay *
ec_relay_new (const char *const *listen)
{
  return g_object_new (EC_TYPE_RELAY, "listen", listen, NULL);
}
