/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-private.h"

#include "base/ec-error.h"

/**
 * EcSource:
 *
 * Anything that yields one MPEG transport stream.
 *
 * A tuner channel, a file, standard input, an HTTP stream or download, UDP or RTP. Sources are made
 * from a URI with [ctor@Source.new_for_uri]; what can be done with one does not depend on its kind:
 *
 * 1. [method@Source.open] (or [method@Source.open_async]) connects once and fails fast, with a
 *    sentence that says what is wrong and a code of [error@SourceError];
 * 2. [method@Source.read] gives blocks of bytes as they arrived;
 * 3. [method@Source.close], or the last reference going, ends it: the connection is closed within
 *    moments, which is what frees a tuner.
 *
 * A *finite* source ([property@Source:live] is %FALSE) waits for its reader and comes to an end. A
 * *live* one does not wait: up to 8 MiB are kept for a slow reader, then the oldest are dropped. Once
 * open, a live source that stops for [property@Source:stall-timeout], or whose connection breaks, is
 * reconnected, after 0.5, 1, 2, 4, 8 and then every 10 seconds, until it is closed or an error shows
 * that trying is of no use (the channel is unknown, or protected). Whatever was lost, on the way
 * or by a slow reader, is marked as a discontinuity of the block that follows.
 *
 * The synchronous calls may be made in any thread. Properties are notified in the main context that
 * was the thread default when the source was made; their values may be read in any thread.
 */

typedef struct {
  EcSourceCore *core;
  char *uri; /* until `core` is made */
} EcSourcePrivate;

enum {
  PROP_0,
  PROP_URI,
  PROP_STATE,
  PROP_EXTENT,
  PROP_LIVE,
  PROP_PROGRAM_NUMBER,
  PROP_TITLE,
  PROP_DEVICE_NAME,
  PROP_CHANNEL_NAME,
  PROP_ERROR,
  PROP_STALL_TIMEOUT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (EcSource, ec_source, G_TYPE_OBJECT)

#define EC_TYPE_STREAM_SOURCE (ec_stream_source_get_type ())
G_DECLARE_FINAL_TYPE (EcStreamSource, ec_stream_source, EC, STREAM_SOURCE, EcSource)

/* The source that has nothing of its own but its backend. */
struct _EcStreamSource {
  EcSource parent_instance;
};

G_DEFINE_FINAL_TYPE (EcStreamSource, ec_stream_source, EC_TYPE_SOURCE)

static void
ec_stream_source_class_init (EcStreamSourceClass *klass)
{
}

static void
ec_stream_source_init (EcStreamSource *self)
{
}

EcSource *
ec_stream_source_new (const char *uri, const EcSourceBackend *backend, gpointer data)
{
  EcSource *self = g_object_new (EC_TYPE_STREAM_SOURCE, "uri", uri, NULL);

  ec_source_set_backend (self, backend, data);
  return self;
}

EcSourceCore *
ec_source_get_core (EcSource *self)
{
  EcSourcePrivate *priv = ec_source_get_instance_private (self);

  return priv->core;
}

void
ec_source_set_backend (EcSource *self, const EcSourceBackend *backend, gpointer data)
{
  ec_source_core_set_backend (ec_source_get_core (self), backend, data);
}

/* In the source's main context. */
static void
on_news (GObject *object, EcSourceNews news)
{
  g_object_freeze_notify (object);
  if (news & EC_SOURCE_NEWS_ERROR)
    g_object_notify_by_pspec (object, properties[PROP_ERROR]);
  if (news & EC_SOURCE_NEWS_EXTENT)
    g_object_notify_by_pspec (object, properties[PROP_EXTENT]);
  if (news & EC_SOURCE_NEWS_LIVE)
    g_object_notify_by_pspec (object, properties[PROP_LIVE]);
  if (news & EC_SOURCE_NEWS_PROGRAM)
    g_object_notify_by_pspec (object, properties[PROP_PROGRAM_NUMBER]);
  if (news & EC_SOURCE_NEWS_NAMES) {
    g_object_notify_by_pspec (object, properties[PROP_TITLE]);
    g_object_notify_by_pspec (object, properties[PROP_DEVICE_NAME]);
    g_object_notify_by_pspec (object, properties[PROP_CHANNEL_NAME]);
  }
  if (news & EC_SOURCE_NEWS_STATE)
    g_object_notify_by_pspec (object, properties[PROP_STATE]);
  g_object_thaw_notify (object);
}

static void
ec_source_constructed (GObject *object)
{
  EcSourcePrivate *priv = ec_source_get_instance_private (EC_SOURCE (object));

  G_OBJECT_CLASS (ec_source_parent_class)->constructed (object);
  priv->core = ec_source_core_new (object, on_news, priv->uri ? priv->uri : "");
  g_clear_pointer (&priv->uri, g_free);
}

static void
ec_source_dispose (GObject *object)
{
  ec_source_core_close (ec_source_get_core (EC_SOURCE (object)));
  G_OBJECT_CLASS (ec_source_parent_class)->dispose (object);
}

static void
ec_source_finalize (GObject *object)
{
  ec_source_core_unref (ec_source_get_core (EC_SOURCE (object)));
  G_OBJECT_CLASS (ec_source_parent_class)->finalize (object);
}

static void
ec_source_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcSourceCore *core = ec_source_get_core (EC_SOURCE (object));

  switch (id) {
  case PROP_URI:
    g_value_set_string (value, ec_source_core_get_uri (core));
    break;
  case PROP_STATE:
    g_value_set_enum (value, ec_source_core_get_state (core));
    break;
  case PROP_EXTENT:
    g_value_set_enum (value, ec_source_core_get_extent (core));
    break;
  case PROP_LIVE:
    g_value_set_boolean (value, ec_source_core_get_live (core));
    break;
  case PROP_PROGRAM_NUMBER:
    g_value_set_uint (value, ec_source_core_get_program_number (core));
    break;
  case PROP_TITLE:
    g_value_take_string (value, ec_source_core_dup_title (core));
    break;
  case PROP_DEVICE_NAME:
    g_value_take_string (value, ec_source_core_dup_device_name (core));
    break;
  case PROP_CHANNEL_NAME:
    g_value_take_string (value, ec_source_core_dup_channel_name (core));
    break;
  case PROP_ERROR:
    g_value_take_boxed (value, ec_source_core_dup_error (core));
    break;
  case PROP_STALL_TIMEOUT:
    g_value_set_uint (value, ec_source_core_get_stall_timeout (core));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_source_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcSourcePrivate *priv = ec_source_get_instance_private (EC_SOURCE (object));

  switch (id) {
  case PROP_URI:
    priv->uri = g_value_dup_string (value);
    break;
  case PROP_STALL_TIMEOUT:
    ec_source_set_stall_timeout (EC_SOURCE (object), g_value_get_uint (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
install_properties (GObjectClass *object_class)
{
  /**
   * EcSource:uri:
   *
   * Where the stream comes from, as it was given.
   */
  properties[PROP_URI] = g_param_spec_string (
      "uri", NULL, NULL, NULL, G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  /**
   * EcSource:state:
   *
   * Where the source is in its life.
   */
  properties[PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, EC_TYPE_SOURCE_STATE, EC_SOURCE_STATE_IDLE, READABLE);
  /**
   * EcSource:extent:
   *
   * How much of the broadcast the stream carries, once that is known.
   */
  properties[PROP_EXTENT] = g_param_spec_enum ("extent", NULL, NULL, EC_TYPE_SOURCE_EXTENT,
                                               EC_SOURCE_EXTENT_UNKNOWN, READABLE);
  /**
   * EcSource:live:
   *
   * Whether the stream has no end and does not wait for its reader; known once the source is open.
   */
  properties[PROP_LIVE] = g_param_spec_boolean ("live", NULL, NULL, FALSE, READABLE);
  /**
   * EcSource:program-number:
   *
   * The program that was asked for, where the source knows it; else 0.
   */
  properties[PROP_PROGRAM_NUMBER] =
      g_param_spec_uint ("program-number", NULL, NULL, 0, 0xffff, 0, READABLE);
  /**
   * EcSource:title:
   *
   * What a person calls it, such as "5.1 KABC". Never empty.
   */
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, READABLE);
  /**
   * EcSource:device-name:
   *
   * A stable name of what receives the stream. Never empty.
   *
   * The eight hexadecimal digits of an HDHomeRun's id, "file", or "udp:HOST:PORT" and the like.
   */
  properties[PROP_DEVICE_NAME] = g_param_spec_string ("device-name", NULL, NULL, NULL, READABLE);
  /**
   * EcSource:channel-name:
   *
   * A stable name of the stream within its device. Never empty.
   *
   * A channel number such as "5.1", the last part of a file's name, or the path of a URI.
   */
  properties[PROP_CHANNEL_NAME] = g_param_spec_string ("channel-name", NULL, NULL, NULL, READABLE);
  /**
   * EcSource:error:
   *
   * Why the source failed, stalled or is reconnecting; %NULL while all is well.
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, READABLE);
  /**
   * EcSource:stall-timeout:
   *
   * For how many milliseconds no byte may come before a connection is given up.
   */
  properties[PROP_STALL_TIMEOUT] = g_param_spec_uint (
      "stall-timeout", NULL, NULL, 2, G_MAXINT, 5000, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_source_class_init (EcSourceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = ec_source_constructed;
  object_class->dispose = ec_source_dispose;
  object_class->finalize = ec_source_finalize;
  object_class->get_property = ec_source_get_property;
  object_class->set_property = ec_source_set_property;
  install_properties (object_class);
}

static void
ec_source_init (EcSource *self)
{
}

/**
 * ec_source_get_uri:
 * @self: a source
 *
 * Where the stream comes from, as it was given.
 *
 * Returns: (transfer none): the URI, or a file name
 */
const char *
ec_source_get_uri (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), NULL);
  return ec_source_core_get_uri (ec_source_get_core (self));
}

/**
 * ec_source_get_state:
 * @self: a source
 *
 * Where the source is in its life.
 *
 * Returns: the state at this moment
 */
EcSourceState
ec_source_get_state (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), EC_SOURCE_STATE_CLOSED);
  return ec_source_core_get_state (ec_source_get_core (self));
}

/**
 * ec_source_get_extent:
 * @self: a source
 *
 * How much of the broadcast the stream carries.
 *
 * Returns: the extent, known once the source is open
 */
EcSourceExtent
ec_source_get_extent (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), EC_SOURCE_EXTENT_UNKNOWN);
  return ec_source_core_get_extent (ec_source_get_core (self));
}

/**
 * ec_source_get_live:
 * @self: a source
 *
 * Whether the stream has no end and does not wait for its reader.
 *
 * Returns: %TRUE for a live source; known once it is open
 */
gboolean
ec_source_get_live (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), FALSE);
  return ec_source_core_get_live (ec_source_get_core (self));
}

/**
 * ec_source_get_program_number:
 * @self: a source
 *
 * The program that was asked for.
 *
 * Returns: the program number, or 0 where the source does not know
 */
guint
ec_source_get_program_number (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), 0);
  return ec_source_core_get_program_number (ec_source_get_core (self));
}

/**
 * ec_source_dup_title:
 * @self: a source
 *
 * What a person calls the source.
 *
 * Returns: (transfer full): the title, never empty
 */
char *
ec_source_dup_title (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), NULL);
  return ec_source_core_dup_title (ec_source_get_core (self));
}

/**
 * ec_source_dup_device_name:
 * @self: a source
 *
 * A stable name of what receives the stream; see [property@Source:device-name].
 *
 * Returns: (transfer full): the name, never empty
 */
char *
ec_source_dup_device_name (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), NULL);
  return ec_source_core_dup_device_name (ec_source_get_core (self));
}

/**
 * ec_source_dup_channel_name:
 * @self: a source
 *
 * A stable name of the stream within its device; see [property@Source:channel-name].
 *
 * Returns: (transfer full): the name, never empty
 */
char *
ec_source_dup_channel_name (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), NULL);
  return ec_source_core_dup_channel_name (ec_source_get_core (self));
}

/**
 * ec_source_dup_error:
 * @self: a source
 *
 * Why the source failed, stalled or is reconnecting.
 *
 * Returns: (transfer full) (nullable): the error, or %NULL while all is well
 */
GError *
ec_source_dup_error (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), NULL);
  return ec_source_core_dup_error (ec_source_get_core (self));
}

/**
 * ec_source_get_stall_timeout:
 * @self: a source
 *
 * For how long no byte may come before a connection is given up.
 *
 * Returns: the time in milliseconds, 5000 unless it was set
 */
guint
ec_source_get_stall_timeout (EcSource *self)
{
  g_return_val_if_fail (EC_IS_SOURCE (self), 0);
  return ec_source_core_get_stall_timeout (ec_source_get_core (self));
}

/**
 * ec_source_set_stall_timeout:
 * @self: a source
 * @milliseconds: the time, at least 2
 *
 * Sets for how long no byte may come before a connection is given up and made anew.
 *
 * After half that time the source is already shown as %EC_SOURCE_STATE_STALLED.
 */
void
ec_source_set_stall_timeout (EcSource *self, guint milliseconds)
{
  g_return_if_fail (EC_IS_SOURCE (self));

  if (ec_source_get_stall_timeout (self) == milliseconds)
    return;
  ec_source_core_set_stall_timeout (ec_source_get_core (self), milliseconds);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STALL_TIMEOUT]);
}
