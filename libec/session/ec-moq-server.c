/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-server.h"

#include "seal/ec-identity.h"
#include "session/ec-moq-session-private.h"

/**
 * EcMoqServer:
 *
 * Waits for clients, and hands out their sessions.
 *
 * Its properties say how, and are read by [method@MoqServer.start]. It stops with its last reference; methods are for one thread at a time.
 *
 * One port takes MOQT over QUIC and over WebTransport. Without a certificate it makes its own, and renews them while it runs;
 * clients then name one of [method@MoqServer.dup_certificate_hashes].
 *
 * [signal@MoqServer::incoming] comes in the main context that was the thread default when the server was made. What the client asks for is not
 * answered before it has returned, so tracks that are added there are there in time.
 */

/* What the listener's threads know; it never holds the server itself. */
typedef struct {
  gatomicrefcount refs;
  EcMoqNews *news;
  GMutex mutex;
  GQueue arrived; /* EcMoqCore, under the mutex */
} Door;

struct _EcMoqServer {
  GObject parent_instance;
  Door *door;
  EcMoqListener *listener; /* NULL: not started, or stopped */
  char **listen, **names, **protocols, **origins;
  char *certificate_file, *key_file;
  EcIdentity *identity;
};

enum {
  PROP_0,
  PROP_LISTEN,
  PROP_CERTIFICATE_FILE,
  PROP_KEY_FILE,
  PROP_NAMES,
  PROP_IDENTITY,
  PROP_PROTOCOLS,
  PROP_ORIGINS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];
static guint incoming_signal;

G_DEFINE_FINAL_TYPE (EcMoqServer, ec_moq_server, G_TYPE_OBJECT)

static Door *
door_ref (Door *door)
{
  g_atomic_ref_count_inc (&door->refs);
  return door;
}

static void
door_unref (gpointer data)
{
  Door *door = data;

  if (!g_atomic_ref_count_dec (&door->refs))
    return;
  g_queue_clear_full (&door->arrived, (GDestroyNotify) ec_moq_core_unref);
  ec_moq_news_unref (door->news);
  g_mutex_clear (&door->mutex);
  g_free (door);
}

/* -- On the transport's thread */

static void
on_ready (EcMoqCore *core, gpointer user_data)
{
  Door *door = user_data;

  g_mutex_lock (&door->mutex);
  g_queue_push_tail (&door->arrived, ec_moq_core_ref (core));
  g_mutex_unlock (&door->mutex);
  ec_moq_news_tell (door->news, 1);
}

static gboolean
on_accept (gpointer user_data, EcTransport *transport, const EcMoqtDraft *draft)
{
  g_autoptr (EcMoqCore) core = ec_moq_core_new ("");

  ec_moq_core_accept (core, transport, draft, on_ready, door_unref, door_ref (user_data));
  return TRUE;
}

/* -- In the server's context */

static void
on_news (GObject *object, guint what)
{
  EcMoqServer *self = EC_MOQ_SERVER (object);
  Door *door = self->door;

  for (;;) {
    g_autoptr (EcMoqCore) core = NULL;
    g_autoptr (EcMoqSession) session = NULL;

    g_mutex_lock (&door->mutex);
    core = g_queue_pop_head (&door->arrived);
    g_mutex_unlock (&door->mutex);
    if (!core)
      return;
    session = ec_moq_session_new_for_core (core);
    g_signal_emit (self, incoming_signal, 0, session);
    ec_moq_core_release (core);
  }
}

static void
ec_moq_server_dispose (GObject *object)
{
  ec_moq_server_stop (EC_MOQ_SERVER (object));
  G_OBJECT_CLASS (ec_moq_server_parent_class)->dispose (object);
}

static void
ec_moq_server_finalize (GObject *object)
{
  EcMoqServer *self = EC_MOQ_SERVER (object);

  door_unref (self->door);
  g_strfreev (self->listen);
  g_strfreev (self->names);
  g_strfreev (self->protocols);
  g_strfreev (self->origins);
  g_free (self->certificate_file);
  g_free (self->key_file);
  g_clear_object (&self->identity);
  G_OBJECT_CLASS (ec_moq_server_parent_class)->finalize (object);
}

static void
ec_moq_server_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcMoqServer *self = EC_MOQ_SERVER (object);

  switch (id) {
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
  case PROP_IDENTITY:
    g_value_set_object (value, self->identity);
    break;
  case PROP_PROTOCOLS:
    g_value_set_boxed (value, self->protocols);
    break;
  case PROP_ORIGINS:
    g_value_set_boxed (value, self->origins);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
take_strv (char ***strings, const GValue *value)
{
  g_strfreev (*strings);
  *strings = g_value_dup_boxed (value);
}

static void
ec_moq_server_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcMoqServer *self = EC_MOQ_SERVER (object);

  switch (id) {
  case PROP_LISTEN:
    take_strv (&self->listen, value);
    break;
  case PROP_CERTIFICATE_FILE:
    g_free (self->certificate_file);
    self->certificate_file = g_value_dup_string (value);
    break;
  case PROP_KEY_FILE:
    g_free (self->key_file);
    self->key_file = g_value_dup_string (value);
    break;
  case PROP_NAMES:
    take_strv (&self->names, value);
    break;
  case PROP_IDENTITY:
    g_set_object (&self->identity, g_value_get_object (value));
    break;
  case PROP_PROTOCOLS:
    take_strv (&self->protocols, value);
    break;
  case PROP_ORIGINS:
    take_strv (&self->origins, value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define WRITABLE (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)

static void
install_properties (GObjectClass *object_class)
{
  /**
   * EcMoqServer:listen:
   *
   * Where to listen: “[::]:4443”, “127.0.0.1:0” for any free port, “4443” for all addresses.
   */
  properties[PROP_LISTEN] = g_param_spec_boxed ("listen", NULL, NULL, G_TYPE_STRV, WRITABLE);
  /**
   * EcMoqServer:certificate-file:
   *
   * A PEM file of the certificate that is shown, and what it needs; %NULL: one is made.
   */
  properties[PROP_CERTIFICATE_FILE] =
      g_param_spec_string ("certificate-file", NULL, NULL, NULL, WRITABLE);
  /**
   * EcMoqServer:key-file:
   *
   * A PEM file of its key; %NULL: the same file.
   */
  properties[PROP_KEY_FILE] = g_param_spec_string ("key-file", NULL, NULL, NULL, WRITABLE);
  /**
   * EcMoqServer:names:
   *
   * Names and addresses that a made certificate is for; %NULL: localhost, and the addresses.
   */
  properties[PROP_NAMES] = g_param_spec_boxed ("names", NULL, NULL, G_TYPE_STRV, WRITABLE);
  /**
   * EcMoqServer:identity:
   *
   * What is shown to those who ask for a raw public key; %NULL: they are refused.
   */
  properties[PROP_IDENTITY] =
      g_param_spec_object ("identity", NULL, NULL, EC_TYPE_IDENTITY, WRITABLE);
  /**
   * EcMoqServer:protocols:
   *
   * The drafts of MOQT that are taken, such as “moqt-18”, the best first; %NULL: all that are known here.
   */
  properties[PROP_PROTOCOLS] = g_param_spec_boxed ("protocols", NULL, NULL, G_TYPE_STRV, WRITABLE);
  /**
   * EcMoqServer:origins:
   *
   * Origins of web pages that may connect, such as “https://example.com”; %NULL: all.
   */
  properties[PROP_ORIGINS] = g_param_spec_boxed ("origins", NULL, NULL, G_TYPE_STRV, WRITABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_moq_server_class_init (EcMoqServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ec_moq_server_dispose;
  object_class->finalize = ec_moq_server_finalize;
  object_class->get_property = ec_moq_server_get_property;
  object_class->set_property = ec_moq_server_set_property;
  install_properties (object_class);
  /**
   * EcMoqServer::incoming:
   * @self: the server
   * @session: an open session
   *
   * A client has connected, and is authenticated as far as it can be. Keep a reference of @session, else it is closed.
   */
  incoming_signal = g_signal_new ("incoming", EC_TYPE_MOQ_SERVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, EC_TYPE_MOQ_SESSION);
}

static void
ec_moq_server_init (EcMoqServer *self)
{
  Door *door = g_new0 (Door, 1);

  g_atomic_ref_count_init (&door->refs);
  g_mutex_init (&door->mutex);
  door->news = ec_moq_news_new (G_OBJECT (self), on_news);
  self->door = door;
}

/**
 * ec_moq_server_new:
 * @listen: (nullable): where: “[::]:4443”, “127.0.0.1:0” for any free port, “4443” for all addresses
 *
 * Makes a server, which does not listen yet.
 *
 * Returns: (transfer full): a new server
 */
EcMoqServer *
ec_moq_server_new (const char *listen)
{
  const char *all[] = { listen, NULL };

  return g_object_new (EC_TYPE_MOQ_SERVER, "listen", listen ? all : NULL, NULL);
}

/**
 * ec_moq_server_start:
 * @self: a server
 * @error: return location for an error
 *
 * Begins to listen, as the properties say; changing them later has no effect.
 *
 * Fails with %EC_MOQ_ERROR_BAD_URI if there is no such address or draft, %EC_MOQ_ERROR_CERTIFICATE if the certificate or its key cannot be
 * used, or another code if the address cannot be listened at.
 *
 * Returns: whether it listens
 */
gboolean
ec_moq_server_start (EcMoqServer *self, GError **error)
{
  EcMoqListenerConfig config = { 0 };

  g_return_val_if_fail (EC_IS_MOQ_SERVER (self), FALSE);
  g_return_val_if_fail (self->listener == NULL, FALSE);

  config.listen = (const char *const *) self->listen;
  config.certificate_file = self->certificate_file;
  config.key_file = self->key_file;
  config.names = (const char *const *) self->names;
  config.identity = self->identity;
  config.protocols = (const char *const *) self->protocols;
  config.origins = (const char *const *) self->origins;
  config.accept = on_accept;
  config.user_data = self->door;
  self->listener = ec_moq_listener_new (&config, error);
  return self->listener != NULL;
}

/**
 * ec_moq_server_stop:
 * @self: a server
 *
 * Listens no more, and closes all of its sessions. Waits for what is still to be sent, for a bounded time. It can be started again. Does nothing
 * if it does not listen.
 */
void
ec_moq_server_stop (EcMoqServer *self)
{
  g_return_if_fail (EC_IS_MOQ_SERVER (self));
  g_clear_pointer (&self->listener, ec_moq_listener_free);
}

/**
 * ec_moq_server_dup_addresses:
 * @self: a server
 *
 * Where it listens.
 *
 * Returns: (transfer full) (array zero-terminated=1): addresses and ports, such as “127.0.0.1:41023”; none if it does not
 */
char **
ec_moq_server_dup_addresses (EcMoqServer *self)
{
  g_return_val_if_fail (EC_IS_MOQ_SERVER (self), NULL);

  if (!self->listener)
    return g_new0 (char *, 1);
  return g_strdupv ((char **) ec_moq_listener_get_addresses (self->listener));
}

/**
 * ec_moq_server_dup_certificate_hashes:
 * @self: a server
 *
 * What clients may name in place of an authority, where the certificates are of our own making: the one that is shown, and
 * the one that follows it.
 *
 * Returns: (transfer full) (array zero-terminated=1): SHA-256, 64 hexadecimal digits each
 */
char **
ec_moq_server_dup_certificate_hashes (EcMoqServer *self)
{
  g_autoptr (GPtrArray) hashes = NULL;
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();

  g_return_val_if_fail (EC_IS_MOQ_SERVER (self), NULL);

  if (self->listener)
    hashes = ec_moq_listener_get_certificate_hashes (self->listener);
  for (guint i = 0; hashes && i < hashes->len; i++) {
    gsize size;
    const guint8 *hash = g_bytes_get_data (hashes->pdata[i], &size);
    GString *text = g_string_new (NULL);

    for (gsize j = 0; j < size; j++)
      g_string_append_printf (text, "%02x", hash[j]);
    g_strv_builder_add (texts, text->str);
    g_string_free (text, TRUE);
  }
  return g_strv_builder_end (texts);
}
