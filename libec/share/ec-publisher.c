/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publisher.h"

#include "base/ec-error.h"
#include "share/ec-publish-core.h"
#include "share/ec-publisher-relay-private.h"
#include "source/ec-source-private.h"

/**
 * EcPublisher:
 *
 * Publishes what a source sends, over Media over QUIC.
 *
 * The source is cut into canonical chunks, which leave part by part as they are cut, under up to two names (ECP-0007):
 *
 * - [property@Publisher:source-name] carries every chunk of this source;
 * - [property@Publisher:broadcast-name] is what anyone who receives the same broadcast would call it, and carries those that are clean. It is
 *   used where the broadcast says who it is, and nobody serves it with other chunks.
 *
 * Subscribers dial us, at [property@Publisher:listen], or find it at relays. Set properties, add relays, then
 * [method@Publisher.start_async]; all news comes in the main context that was the thread default when the publisher was made. Letting go
 * of the last reference stops it.
 *
 * Nothing that a device marks as protected is ever published: its source does not open.
 */
struct _EcPublisher {
  GObject parent_instance;
  EcSource *source;
  EcIdentity *identity;
  GListStore *relays;
  EcMoqNews *news;
  EcPublishCore *core; /* NULL: not started */
  GTask *starting;
  GSource *cancelled; /* what stops it then; nullable */
  guint program_number;
  char *name;
  gboolean broadcast_scope, pace;
  char **listen;
  char *certificate_file, *key_file, *times_file;
};

enum {
  PROP_0,
  PROP_SOURCE,
  PROP_IDENTITY,
  PROP_PROGRAM_NUMBER,
  PROP_NAME,
  PROP_BROADCAST_SCOPE,
  PROP_PACE,
  PROP_LISTEN,
  PROP_CERTIFICATE_FILE,
  PROP_KEY_FILE,
  PROP_TIMES_FILE,
  PROP_STATE,
  PROP_ERROR,
  PROP_SOURCE_NAME,
  PROP_BROADCAST_NAME,
  PROP_CONTESTED,
  PROP_NODE_ID,
  PROP_RELAYS,
  PROP_N_CHUNKS,
  PROP_N_CLEAN,
  PROP_N_DAMAGED,
  PROP_N_REVOKED,
  PROP_N_RESET,
  PROP_N_PARTS,
  PROP_N_BYTES,
  PROP_BYTES_OUT,
  PROP_N_SUBSCRIBERS,
  PROP_N_SESSIONS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EcPublisher, ec_publisher, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (EcPublisherState,
                    ec_publisher_state,
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_STATE_IDLE, "idle"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_STATE_STARTING, "starting"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_STATE_PUBLISHING, "publishing"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_STATE_STOPPING, "stopping"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_STATE_STOPPED, "stopped"))

static void
ec_publisher_dispose (GObject *object)
{
  EcPublisher *self = EC_PUBLISHER (object);

  ec_publisher_stop (self);
  if (self->source)
    ec_source_close (self->source);
  G_OBJECT_CLASS (ec_publisher_parent_class)->dispose (object);
}

static void
ec_publisher_finalize (GObject *object)
{
  EcPublisher *self = EC_PUBLISHER (object);

  g_clear_pointer (&self->core, ec_publish_core_unref);
  ec_moq_news_unref (self->news);
  g_clear_object (&self->source);
  g_clear_object (&self->identity);
  g_clear_object (&self->relays);
  g_strfreev (self->listen);
  g_free (self->name);
  g_free (self->certificate_file);
  g_free (self->key_file);
  g_free (self->times_file);
  G_OBJECT_CLASS (ec_publisher_parent_class)->finalize (object);
}

static guint64
get_count (const EcPublishStats *stats, guint id)
{
  switch (id) {
  case PROP_N_CHUNKS:
    return stats->n_chunks;
  case PROP_N_CLEAN:
    return stats->n_clean;
  case PROP_N_DAMAGED:
    return stats->n_damaged;
  case PROP_N_REVOKED:
    return stats->n_revoked;
  case PROP_N_RESET:
    return stats->n_reset;
  case PROP_N_PARTS:
    return stats->n_parts;
  case PROP_N_BYTES:
    return stats->n_bytes;
  case PROP_BYTES_OUT:
    return stats->bytes_out;
  case PROP_N_SUBSCRIBERS:
    return stats->n_subscribers;
  default:
    return stats->n_sessions;
  }
}

static void
get_state_property (EcPublisher *self, guint id, GValue *value, GParamSpec *pspec)
{
  EcPublishStats stats = { 0 };

  switch (id) {
  case PROP_STATE:
    g_value_set_enum (value, ec_publisher_get_state (self));
    break;
  case PROP_ERROR:
    g_value_take_boxed (value, ec_publisher_dup_error (self));
    break;
  case PROP_SOURCE_NAME:
    g_value_take_string (value, ec_publisher_dup_source_name (self));
    break;
  case PROP_BROADCAST_NAME:
    g_value_take_string (value, ec_publisher_dup_broadcast_name (self));
    break;
  case PROP_CONTESTED:
    g_value_set_boolean (value, ec_publisher_get_contested (self));
    break;
  case PROP_NODE_ID:
    g_value_set_string (value, ec_publisher_get_node_id (self));
    break;
  case PROP_RELAYS:
    g_value_set_object (value, self->relays);
    break;
  default:
    if (self->core)
      ec_publish_core_get_stats (self->core, &stats);
    g_value_set_uint64 (value, get_count (&stats, id));
  }
}

static void
ec_publisher_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcPublisher *self = EC_PUBLISHER (object);

  switch (id) {
  case PROP_SOURCE:
    g_value_set_object (value, self->source);
    break;
  case PROP_IDENTITY:
    g_value_set_object (value, self->identity);
    break;
  case PROP_PROGRAM_NUMBER:
    g_value_set_uint (value, self->program_number);
    break;
  case PROP_NAME:
    g_value_set_string (value, self->name);
    break;
  case PROP_BROADCAST_SCOPE:
    g_value_set_boolean (value, self->broadcast_scope);
    break;
  case PROP_PACE:
    g_value_set_boolean (value, self->pace);
    break;
  case PROP_LISTEN:
    g_value_set_boxed (value, self->listen);
    break;
  case PROP_CERTIFICATE_FILE:
    g_value_set_string (value, self->certificate_file);
    break;
  case PROP_KEY_FILE:
    g_value_set_string (value, self->key_file);
    break;
  case PROP_TIMES_FILE:
    g_value_set_string (value, self->times_file);
    break;
  default:
    get_state_property (self, id, value, pspec);
  }
}

static void
take_string (char **string, const GValue *value)
{
  g_free (*string);
  *string = g_value_dup_string (value);
}

static void
ec_publisher_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcPublisher *self = EC_PUBLISHER (object);

  switch (id) {
  case PROP_SOURCE:
    self->source = g_value_dup_object (value);
    break;
  case PROP_IDENTITY:
    g_set_object (&self->identity, g_value_get_object (value));
    break;
  case PROP_PROGRAM_NUMBER:
    self->program_number = g_value_get_uint (value);
    break;
  case PROP_NAME:
    take_string (&self->name, value);
    break;
  case PROP_BROADCAST_SCOPE:
    self->broadcast_scope = g_value_get_boolean (value);
    break;
  case PROP_PACE:
    self->pace = g_value_get_boolean (value);
    break;
  case PROP_LISTEN:
    g_strfreev (self->listen);
    self->listen = g_value_dup_boxed (value);
    break;
  case PROP_CERTIFICATE_FILE:
    take_string (&self->certificate_file, value);
    break;
  case PROP_KEY_FILE:
    take_string (&self->key_file, value);
    break;
  case PROP_TIMES_FILE:
    take_string (&self->times_file, value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)
#define WRITABLE (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)

static void
install_settings (void)
{
  /**
   * EcPublisher:source: (getter get_source)
   *
   * What is published; not opened yet when the publisher starts.
   */
  properties[PROP_SOURCE] =
      g_param_spec_object ("source", NULL, NULL, EC_TYPE_SOURCE, WRITABLE | G_PARAM_CONSTRUCT_ONLY);
  /**
   * EcPublisher:identity:
   *
   * Who signs the manifests; one for this run if it is not set.
   */
  properties[PROP_IDENTITY] =
      g_param_spec_object ("identity", NULL, NULL, EC_TYPE_IDENTITY, WRITABLE);
  /**
   * EcPublisher:program-number:
   *
   * The program to publish; 0: the source's own, or the first of the stream.
   */
  properties[PROP_PROGRAM_NUMBER] =
      g_param_spec_uint ("program-number", NULL, NULL, 0, 65535, 0, WRITABLE);
  /**
   * EcPublisher:name:
   *
   * The name under which every chunk is published, fields with “/” between them, in place of one that is made of the node id, the device and
   * the channel. If the stream's clock begins anew, what follows is published under this name with one more field.
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, WRITABLE);
  /**
   * EcPublisher:broadcast-scope:
   *
   * Whether clean chunks are published under the broadcast's own name, too, where that may be used.
   */
  properties[PROP_BROADCAST_SCOPE] =
      g_param_spec_boolean ("broadcast-scope", NULL, NULL, TRUE, WRITABLE);
  /**
   * EcPublisher:pace:
   *
   * Whether a source that comes faster than it was sent, such as a file, is published at the speed of its clock.
   */
  properties[PROP_PACE] = g_param_spec_boolean ("pace", NULL, NULL, TRUE, WRITABLE);
  /**
   * EcPublisher:listen:
   *
   * Where subscribers can dial us: “[::]:4443”, “127.0.0.1:0” for any free port, “4443” for all addresses.
   */
  properties[PROP_LISTEN] = g_param_spec_boxed ("listen", NULL, NULL, G_TYPE_STRV, WRITABLE);
  /**
   * EcPublisher:certificate-file:
   *
   * A PEM file of the certificate that those who dial us are shown; %NULL: one is made.
   */
  properties[PROP_CERTIFICATE_FILE] =
      g_param_spec_string ("certificate-file", NULL, NULL, NULL, WRITABLE);
  /**
   * EcPublisher:key-file:
   *
   * A PEM file of its key.
   */
  properties[PROP_KEY_FILE] = g_param_spec_string ("key-file", NULL, NULL, NULL, WRITABLE);
  /**
   * EcPublisher:times-file:
   *
   * A file that is written a line a part: group, object, when its last bytes came from the source in µs since 1970, and its size in bytes. For
   * those who measure delays.
   */
  properties[PROP_TIMES_FILE] = g_param_spec_string ("times-file", NULL, NULL, NULL, WRITABLE);
}

static void
install_state (void)
{
  /**
   * EcPublisher:state: (getter get_state)
   *
   * Where it is in its life.
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, EC_TYPE_PUBLISHER_STATE,
                                              EC_PUBLISHER_STATE_IDLE, READABLE);
  /**
   * EcPublisher:error:
   *
   * Why it stopped by itself; %NULL: it did not, or the source came to its end.
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, READABLE);
  /**
   * EcPublisher:source-name:
   *
   * The name that carries every chunk; %NULL before the first one.
   */
  properties[PROP_SOURCE_NAME] = g_param_spec_string ("source-name", NULL, NULL, NULL, READABLE);
  /**
   * EcPublisher:broadcast-name:
   *
   * The broadcast's own name, which carries the clean ones; %NULL: it is not used.
   */
  properties[PROP_BROADCAST_NAME] =
      g_param_spec_string ("broadcast-name", NULL, NULL, NULL, READABLE);
  /**
   * EcPublisher:contested: (getter get_contested)
   *
   * Whether somebody serves the broadcast's own name with other chunks, so that it is not used in this run.
   */
  properties[PROP_CONTESTED] = g_param_spec_boolean ("contested", NULL, NULL, FALSE, READABLE);
  /**
   * EcPublisher:node-id: (getter get_node_id)
   *
   * The node id of whoever signs.
   */
  properties[PROP_NODE_ID] = g_param_spec_string ("node-id", NULL, NULL, NULL, READABLE);
  /**
   * EcPublisher:relays: (getter get_relays)
   *
   * The relays, as [class@PublisherRelay].
   */
  properties[PROP_RELAYS] = g_param_spec_object ("relays", NULL, NULL, G_TYPE_LIST_MODEL, READABLE);
}

static GParamSpec *
count (const char *name)
{
  return g_param_spec_uint64 (name, NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
}

static void
install_counts (void)
{
  /**
   * EcPublisher:n-chunks:
   *
   * Chunks that were published to their end. Counts are notified a few times a second.
   */
  properties[PROP_N_CHUNKS] = count ("n-chunks");
  /**
   * EcPublisher:n-clean:
   *
   * Those that are clean.
   */
  properties[PROP_N_CLEAN] = count ("n-clean");
  /**
   * EcPublisher:n-damaged:
   *
   * Those that are damaged, or uncertain.
   */
  properties[PROP_N_DAMAGED] = count ("n-damaged");
  /**
   * EcPublisher:n-revoked:
   *
   * Those that were signed as clean, and then a loss was found.
   */
  properties[PROP_N_REVOKED] = count ("n-revoked");
  /**
   * EcPublisher:n-reset:
   *
   * Chunks that were not clean after all when some of their parts were published under the broadcast's own name.
   */
  properties[PROP_N_RESET] = count ("n-reset");
  /**
   * EcPublisher:n-parts:
   *
   * Parts that were published.
   */
  properties[PROP_N_PARTS] = count ("n-parts");
  /**
   * EcPublisher:n-bytes:
   *
   * Their bytes.
   */
  properties[PROP_N_BYTES] = count ("n-bytes");
  /**
   * EcPublisher:bytes-out:
   *
   * Bytes of them that went to subscribers and relays.
   */
  properties[PROP_BYTES_OUT] = count ("bytes-out");
  /**
   * EcPublisher:n-subscribers:
   *
   * Who subscribes to chunks now, relays among them; under both names.
   */
  properties[PROP_N_SUBSCRIBERS] = count ("n-subscribers");
  /**
   * EcPublisher:n-sessions:
   *
   * Who has dialled us and is still there.
   */
  properties[PROP_N_SESSIONS] = count ("n-sessions");
}

static void
ec_publisher_class_init (EcPublisherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ec_publisher_dispose;
  object_class->finalize = ec_publisher_finalize;
  object_class->get_property = ec_publisher_get_property;
  object_class->set_property = ec_publisher_set_property;
  install_settings ();
  install_state ();
  install_counts ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
look_at_start (EcPublisher *self)
{
  g_autoptr (GTask) task = NULL;
  EcPublisherState state = ec_publisher_get_state (self);
  GError *error;

  if (!self->starting || state == EC_PUBLISHER_STATE_STARTING)
    return;
  task = g_steal_pointer (&self->starting);
  if (self->cancelled)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
  error = ec_publisher_dup_error (self);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_news (GObject *object, guint what)
{
  EcPublisher *self = EC_PUBLISHER (object);

  g_object_freeze_notify (object);
  for (guint i = PROP_N_CHUNKS; i < N_PROPS; i++)
    g_object_notify_by_pspec (object, properties[i]);
  if (what & EC_PUBLISH_NEWS_NAMES) {
    g_object_notify_by_pspec (object, properties[PROP_SOURCE_NAME]);
    g_object_notify_by_pspec (object, properties[PROP_BROADCAST_NAME]);
    g_object_notify_by_pspec (object, properties[PROP_CONTESTED]);
  }
  if (what & EC_PUBLISH_NEWS_STATE) {
    g_object_notify_by_pspec (object, properties[PROP_ERROR]);
    g_object_notify_by_pspec (object, properties[PROP_STATE]);
  }
  g_object_thaw_notify (object);
  look_at_start (self);
}

static void
ec_publisher_init (EcPublisher *self)
{
  self->relays = g_list_store_new (EC_TYPE_PUBLISHER_RELAY);
  self->news = ec_moq_news_new (G_OBJECT (self), on_news);
  self->broadcast_scope = TRUE;
  self->pace = TRUE;
}

/**
 * ec_publisher_new:
 * @source: what to publish; not opened yet
 *
 * Makes a publisher, which does nothing yet.
 *
 * Returns: (transfer full): a new publisher
 */
EcPublisher *
ec_publisher_new (EcSource *source)
{
  g_return_val_if_fail (EC_IS_SOURCE (source), NULL);
  return g_object_new (EC_TYPE_PUBLISHER, "source", source, NULL);
}

/**
 * ec_publisher_add_relay:
 * @self: a publisher that was not started
 * @uri: where it is: “moqt://HOST[:PORT][/PATH]” or “https://…”, as of [ctor@MoqSession.new_for_uri]
 * @options: (nullable): how to connect
 * @error: return location for an error
 *
 * Publishes through a relay. Who publishes all the time hears of the relay all the time: one that is silent for 12 seconds, or for
 * [property@MoqConnectOptions:idle-timeout] if that is less, is dialled again.
 *
 * Fails with %EC_MOQ_ERROR_BAD_URI, also where a hash of @options is none, or a draft is unknown.
 *
 * Returns: (transfer none): what is known of it; %NULL on error
 */
EcPublisherRelay *
ec_publisher_add_relay (EcPublisher *self,
                        const char *uri,
                        EcMoqConnectOptions *options,
                        GError **error)
{
  g_autoptr (EcPublisherRelay) relay = NULL;
  EcPublishRelay *core;

  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (self->core == NULL, NULL);

  core = ec_publish_relay_new (uri, options, error);
  if (!core)
    return NULL;
  relay = ec_publisher_relay_new (core);
  g_list_store_append (self->relays, relay);
  return relay;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  ec_publisher_stop (EC_PUBLISHER (user_data));
  return G_SOURCE_REMOVE;
}

static void
watch_cancellable (EcPublisher *self, GCancellable *cancellable)
{
  if (!cancellable)
    return;
  self->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), self, NULL);
  g_source_attach (self->cancelled, ec_moq_news_get_context (self->news));
}

/**
 * ec_publisher_start_async:
 * @self: a publisher that was not started
 * @cancellable: (nullable): stops it, if it has not started yet
 * @callback: (scope async): called in the publisher's context when the source is open
 * @user_data: for @callback
 *
 * Starts: listens, dials the relays, opens the source. It does not wait for relays.
 */
void
ec_publisher_start_async (EcPublisher *self,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GPtrArray) relays =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ec_publish_relay_unref);
  EcPublishConfig config = { 0 };

  g_return_if_fail (EC_IS_PUBLISHER (self));
  g_return_if_fail (self->core == NULL);

  if (!self->identity)
    self->identity = ec_identity_new_ephemeral ();
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->relays)); i++) {
    g_autoptr (EcPublisherRelay) relay = g_list_model_get_item (G_LIST_MODEL (self->relays), i);

    g_ptr_array_add (relays, ec_publish_relay_ref (ec_publisher_relay_get_relay (relay)));
  }
  config.source = ec_source_get_core (self->source);
  config.identity = self->identity;
  config.relays = relays;
  config.program_number = self->program_number;
  config.name = self->name;
  config.broadcast_scope = self->broadcast_scope;
  config.pace = self->pace;
  config.listen = (const char *const *) self->listen;
  config.certificate_file = self->certificate_file;
  config.key_file = self->key_file;
  config.times_file = self->times_file;
  config.news = self->news;
  self->starting = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (self->starting, ec_publisher_start_async);
  self->core = ec_publish_core_new (&config);
  watch_cancellable (self, cancellable);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NODE_ID]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

/**
 * ec_publisher_start_finish:
 * @self: a publisher
 * @result: what the callback was given
 * @error: return location for an error
 *
 * The outcome of [method@Publisher.start_async].
 *
 * Fails as [method@Source.open] does, with %EC_SOURCE_ERROR_PROTECTED where the channel is protected; as [method@MoqServer.start] does; or
 * with %EC_CHUNK_ERROR_NO_PROGRAM and such where there is nothing to chunk.
 *
 * Returns: whether it publishes
 */
gboolean
ec_publisher_start_finish (EcPublisher *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ec_publisher_stop:
 * @self: a publisher
 *
 * Begins to stop: what is open is cut off, subscribers are told that the tracks have ended, sessions and the source are closed.
 * %EC_PUBLISHER_STATE_STOPPED follows within two seconds or so.
 */
void
ec_publisher_stop (EcPublisher *self)
{
  g_return_if_fail (EC_IS_PUBLISHER (self));
  if (self->core)
    ec_publish_core_stop (self->core);
}

/**
 * ec_publisher_get_state: (get-property state)
 * @self: a publisher
 *
 * Where it is in its life.
 *
 * Returns: the state
 */
EcPublisherState
ec_publisher_get_state (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), EC_PUBLISHER_STATE_IDLE);
  return self->core ? (EcPublisherState) ec_publish_core_get_state (self->core)
                    : EC_PUBLISHER_STATE_IDLE;
}

/**
 * ec_publisher_dup_error:
 * @self: a publisher
 *
 * Why it stopped by itself.
 *
 * Returns: (transfer full) (nullable): a copy; %NULL: it did not, or the source came to its end
 */
GError *
ec_publisher_dup_error (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);
  return self->core ? ec_publish_core_dup_error (self->core) : NULL;
}

/**
 * ec_publisher_get_source: (get-property source)
 * @self: a publisher
 *
 * What is published.
 *
 * Returns: (transfer none): the source
 */
EcSource *
ec_publisher_get_source (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);
  return self->source;
}

/**
 * ec_publisher_get_node_id: (get-property node-id)
 * @self: a publisher
 *
 * Who signs the manifests.
 *
 * Returns: (nullable): 64 hexadecimal digits; %NULL before there is an identity
 */
const char *
ec_publisher_get_node_id (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);
  return self->identity ? ec_identity_get_node_id (self->identity) : NULL;
}

/**
 * ec_publisher_dup_source_name:
 * @self: a publisher
 *
 * The name that carries every chunk.
 *
 * Returns: (transfer full) (nullable): the name; %NULL before the first chunk
 */
char *
ec_publisher_dup_source_name (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);
  return self->core ? ec_publish_core_dup_source_name (self->core) : NULL;
}

/**
 * ec_publisher_dup_broadcast_name:
 * @self: a publisher
 *
 * The broadcast's own name, which carries the clean chunks.
 *
 * Returns: (transfer full) (nullable): the name; %NULL: it is not used
 */
char *
ec_publisher_dup_broadcast_name (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);
  return self->core ? ec_publish_core_dup_broadcast_name (self->core) : NULL;
}

/**
 * ec_publisher_get_contested: (get-property contested)
 * @self: a publisher
 *
 * Whether somebody serves the broadcast's own name with other chunks.
 *
 * Returns: %TRUE if it is not used for that
 */
gboolean
ec_publisher_get_contested (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), FALSE);
  return self->core && ec_publish_core_is_contested (self->core);
}

/**
 * ec_publisher_get_relays: (get-property relays)
 * @self: a publisher
 *
 * The relays that were added.
 *
 * Returns: (transfer none): a list of [class@PublisherRelay]
 */
GListModel *
ec_publisher_get_relays (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);
  return G_LIST_MODEL (self->relays);
}

/**
 * ec_publisher_dup_addresses:
 * @self: a publisher
 *
 * Where it listens.
 *
 * Returns: (transfer full) (array zero-terminated=1): such as “127.0.0.1:41023”; none if it does not
 */
char **
ec_publisher_dup_addresses (EcPublisher *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);
  return self->core ? ec_publish_core_dup_addresses (self->core) : g_new0 (char *, 1);
}

static char *
to_hex (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", data[i]);
  return g_string_free (text, FALSE);
}

/**
 * ec_publisher_dup_certificate_hashes:
 * @self: a publisher
 *
 * What those who dial us may name in place of an authority, where the certificate is of our own making.
 *
 * Returns: (transfer full) (array zero-terminated=1): SHA-256, 64 hexadecimal digits each
 */
char **
ec_publisher_dup_certificate_hashes (EcPublisher *self)
{
  g_autoptr (GPtrArray) hashes = NULL;
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();

  g_return_val_if_fail (EC_IS_PUBLISHER (self), NULL);

  if (self->core)
    hashes = ec_publish_core_get_certificate_hashes (self->core);
  for (guint i = 0; hashes && i < hashes->len; i++) {
    g_autofree char *text = to_hex (hashes->pdata[i]);

    g_strv_builder_add (texts, text);
  }
  return g_strv_builder_end (texts);
}
