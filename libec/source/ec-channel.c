/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-channel-private.h"

/**
 * EcChannel:
 *
 * One channel of a [class@Device], as the device describes it.
 *
 * A channel is played by making a source from its [property@Channel:uri]. The device may leave out
 * everything but the number. Belongs to the main context that was the thread default when the
 * device was made.
 */
struct _EcChannel {
  GObject parent_instance;
  EcHdhrChannel *info; /* owned */
  char *uri;
};

enum {
  PROP_0,
  PROP_NUMBER,
  PROP_NAME,
  PROP_URI,
  PROP_URL,
  PROP_VIDEO_CODEC,
  PROP_AUDIO_CODEC,
  PROP_TAGS,
  PROP_HD,
  PROP_DRM,
  PROP_FAVORITE,
  PROP_SIGNAL_STRENGTH,
  PROP_SIGNAL_QUALITY,
  PROP_FREQUENCY,
  PROP_PROGRAM_NUMBER,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EcChannel, ec_channel, G_TYPE_OBJECT)

static void
ec_channel_finalize (GObject *object)
{
  EcChannel *self = EC_CHANNEL (object);

  g_clear_pointer (&self->info, ec_hdhr_channel_free);
  g_free (self->uri);
  G_OBJECT_CLASS (ec_channel_parent_class)->finalize (object);
}

static void
ec_channel_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcChannel *self = EC_CHANNEL (object);
  const EcHdhrChannel *info = self->info;

  switch (id) {
  case PROP_NUMBER:
    g_value_set_string (value, info->number);
    break;
  case PROP_NAME:
    g_value_set_string (value, info->name);
    break;
  case PROP_URI:
    g_value_set_string (value, self->uri);
    break;
  case PROP_URL:
    g_value_set_string (value, info->url);
    break;
  case PROP_VIDEO_CODEC:
    g_value_set_string (value, info->video_codec);
    break;
  case PROP_AUDIO_CODEC:
    g_value_set_string (value, info->audio_codec);
    break;
  case PROP_TAGS:
    g_value_set_string (value, info->tags);
    break;
  case PROP_HD:
    g_value_set_boolean (value, info->hd);
    break;
  case PROP_DRM:
    g_value_set_boolean (value, info->drm);
    break;
  case PROP_FAVORITE:
    g_value_set_boolean (value, info->favorite);
    break;
  case PROP_SIGNAL_STRENGTH:
    g_value_set_int (value, info->signal_strength);
    break;
  case PROP_SIGNAL_QUALITY:
    g_value_set_int (value, info->signal_quality);
    break;
  case PROP_FREQUENCY:
    g_value_set_uint64 (value, info->frequency);
    break;
  case PROP_PROGRAM_NUMBER:
    g_value_set_uint (value, info->program_number);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_texts (void)
{
  /**
   * EcChannel:number:
   *
   * What a person tunes to, "5.1". Unique within a device.
   */
  properties[PROP_NUMBER] = g_param_spec_string ("number", NULL, NULL, NULL, READABLE);
  /**
   * EcChannel:name:
   *
   * What the station calls itself, or %NULL.
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, READABLE);
  /**
   * EcChannel:uri:
   *
   * What to make a source from, "hdhomerun://10A12347/5.1".
   *
   * A device that was found by a fixed address is named by it, so that the URI works where
   * discovery does not reach.
   */
  properties[PROP_URI] = g_param_spec_string ("uri", NULL, NULL, NULL, READABLE);
  /**
   * EcChannel:url:
   *
   * The device's own HTTP address for the channel, or %NULL.
   */
  properties[PROP_URL] = g_param_spec_string ("url", NULL, NULL, NULL, READABLE);
  /**
   * EcChannel:video-codec:
   *
   * Such as "MPEG2" or "H264", or %NULL.
   */
  properties[PROP_VIDEO_CODEC] = g_param_spec_string ("video-codec", NULL, NULL, NULL, READABLE);
  /**
   * EcChannel:audio-codec:
   *
   * Such as "AC3" or "AC4", or %NULL.
   */
  properties[PROP_AUDIO_CODEC] = g_param_spec_string ("audio-codec", NULL, NULL, NULL, READABLE);
  /**
   * EcChannel:tags:
   *
   * The device's tags, comma separated, or %NULL.
   */
  properties[PROP_TAGS] = g_param_spec_string ("tags", NULL, NULL, NULL, READABLE);
}

static void
install_values (void)
{
  /**
   * EcChannel:hd:
   *
   * Whether the picture is in high definition.
   */
  properties[PROP_HD] = g_param_spec_boolean ("hd", NULL, NULL, FALSE, READABLE);
  /**
   * EcChannel:drm:
   *
   * Whether the content is protected: such a channel is never tuned to nor shared.
   */
  properties[PROP_DRM] = g_param_spec_boolean ("drm", NULL, NULL, FALSE, READABLE);
  /**
   * EcChannel:favorite:
   *
   * Whether the channel is a favourite; see [method@Device.set_favorite].
   */
  properties[PROP_FAVORITE] = g_param_spec_boolean ("favorite", NULL, NULL, FALSE, READABLE);
  /**
   * EcChannel:signal-strength:
   *
   * In percent, at the last scan; -1 where it is not known.
   */
  properties[PROP_SIGNAL_STRENGTH] =
      g_param_spec_int ("signal-strength", NULL, NULL, -1, 100, -1, READABLE);
  /**
   * EcChannel:signal-quality:
   *
   * In percent, at the last scan; -1 where it is not known.
   */
  properties[PROP_SIGNAL_QUALITY] =
      g_param_spec_int ("signal-quality", NULL, NULL, -1, 100, -1, READABLE);
  /**
   * EcChannel:frequency:
   *
   * In Hz; 0 where it is not known.
   */
  properties[PROP_FREQUENCY] =
      g_param_spec_uint64 ("frequency", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  /**
   * EcChannel:program-number:
   *
   * The program within its multiplex; 0 where it is not known.
   */
  properties[PROP_PROGRAM_NUMBER] =
      g_param_spec_uint ("program-number", NULL, NULL, 0, 0xffff, 0, READABLE);
}

static void
ec_channel_class_init (EcChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_channel_finalize;
  object_class->get_property = ec_channel_get_property;
  install_texts ();
  install_values ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_channel_init (EcChannel *self)
{
  self->info = g_new0 (EcHdhrChannel, 1);
}

static char *
make_uri (const EcHdhrChannel *info, const char *prefix)
{
  g_autofree char *escaped = g_uri_escape_string (info->number, NULL, FALSE);

  return g_strconcat (prefix, escaped, NULL);
}

EcChannel *
ec_channel_new (const EcHdhrChannel *info, const char *prefix)
{
  EcChannel *self = g_object_new (EC_TYPE_CHANNEL, NULL);

  ec_hdhr_channel_free (self->info);
  self->info = ec_hdhr_channel_copy (info);
  self->uri = make_uri (info, prefix);
  return self;
}

void
ec_channel_update (EcChannel *self, const EcHdhrChannel *info, const char *prefix)
{
  EcHdhrChannel *old = self->info;
  g_autofree char *old_uri = self->uri;

  self->info = ec_hdhr_channel_copy (info);
  self->uri = make_uri (info, prefix);

#define NOTIFY_TEXT(field, prop)                                                                   \
  if (g_strcmp0 (old->field, info->field) != 0)                                                    \
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop])
#define NOTIFY_VALUE(field, prop)                                                                  \
  if (old->field != info->field)                                                                   \
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop])

  g_object_freeze_notify (G_OBJECT (self));
  if (g_strcmp0 (old_uri, self->uri) != 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_URI]);
  NOTIFY_TEXT (number, PROP_NUMBER);
  NOTIFY_TEXT (name, PROP_NAME);
  NOTIFY_TEXT (url, PROP_URL);
  NOTIFY_TEXT (video_codec, PROP_VIDEO_CODEC);
  NOTIFY_TEXT (audio_codec, PROP_AUDIO_CODEC);
  NOTIFY_TEXT (tags, PROP_TAGS);
  NOTIFY_VALUE (hd, PROP_HD);
  NOTIFY_VALUE (drm, PROP_DRM);
  NOTIFY_VALUE (favorite, PROP_FAVORITE);
  NOTIFY_VALUE (signal_strength, PROP_SIGNAL_STRENGTH);
  NOTIFY_VALUE (signal_quality, PROP_SIGNAL_QUALITY);
  NOTIFY_VALUE (frequency, PROP_FREQUENCY);
  NOTIFY_VALUE (program_number, PROP_PROGRAM_NUMBER);
  g_object_thaw_notify (G_OBJECT (self));
  ec_hdhr_channel_free (old);
}

void
ec_channel_set_favorite (EcChannel *self, gboolean favorite)
{
  if (self->info->favorite == favorite)
    return;
  self->info->favorite = favorite;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FAVORITE]);
}

/**
 * ec_channel_get_number:
 * @self: a channel
 *
 * What a person tunes to.
 *
 * Returns: (transfer none): the number, "5.1"
 */
const char *
ec_channel_get_number (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), NULL);
  return self->info->number;
}

/**
 * ec_channel_get_name:
 * @self: a channel
 *
 * What the station calls itself.
 *
 * Returns: (transfer none) (nullable): the name, if the device tells
 */
const char *
ec_channel_get_name (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), NULL);
  return self->info->name;
}

/**
 * ec_channel_get_uri:
 * @self: a channel
 *
 * What to make a source from.
 *
 * Returns: (transfer none): the URI
 */
const char *
ec_channel_get_uri (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), NULL);
  return self->uri;
}

/**
 * ec_channel_get_url:
 * @self: a channel
 *
 * The device's own address for the channel.
 *
 * Returns: (transfer none) (nullable): the URL, if the device tells
 */
const char *
ec_channel_get_url (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), NULL);
  return self->info->url;
}

/**
 * ec_channel_get_video_codec:
 * @self: a channel
 *
 * How the picture is coded.
 *
 * Returns: (transfer none) (nullable): "MPEG2", "H264" …, if the device tells
 */
const char *
ec_channel_get_video_codec (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), NULL);
  return self->info->video_codec;
}

/**
 * ec_channel_get_audio_codec:
 * @self: a channel
 *
 * How the sound is coded.
 *
 * Returns: (transfer none) (nullable): "AC3", "AC4" …, if the device tells
 */
const char *
ec_channel_get_audio_codec (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), NULL);
  return self->info->audio_codec;
}

/**
 * ec_channel_get_tags:
 * @self: a channel
 *
 * The device's tags.
 *
 * Returns: (transfer none) (nullable): the tags, comma separated
 */
const char *
ec_channel_get_tags (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), NULL);
  return self->info->tags;
}

/**
 * ec_channel_get_hd:
 * @self: a channel
 *
 * Whether the picture is in high definition.
 *
 * Returns: %TRUE if the device says so
 */
gboolean
ec_channel_get_hd (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), FALSE);
  return self->info->hd;
}

/**
 * ec_channel_get_drm:
 * @self: a channel
 *
 * Whether the content is protected.
 *
 * Returns: %TRUE if the device says so
 */
gboolean
ec_channel_get_drm (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), FALSE);
  return self->info->drm;
}

/**
 * ec_channel_get_favorite:
 * @self: a channel
 *
 * Whether the channel is a favourite.
 *
 * Returns: %TRUE if it is
 */
gboolean
ec_channel_get_favorite (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), FALSE);
  return self->info->favorite;
}

/**
 * ec_channel_get_signal_strength:
 * @self: a channel
 *
 * How strong the signal was at the last scan.
 *
 * Returns: percent, or -1
 */
int
ec_channel_get_signal_strength (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), -1);
  return self->info->signal_strength;
}

/**
 * ec_channel_get_signal_quality:
 * @self: a channel
 *
 * How good the signal was at the last scan.
 *
 * Returns: percent, or -1
 */
int
ec_channel_get_signal_quality (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), -1);
  return self->info->signal_quality;
}

/**
 * ec_channel_get_frequency:
 * @self: a channel
 *
 * Where the channel is broadcast.
 *
 * Returns: Hz, or 0 where it is not known
 */
guint64
ec_channel_get_frequency (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), 0);
  return self->info->frequency;
}

/**
 * ec_channel_get_program_number:
 * @self: a channel
 *
 * The program within its multiplex.
 *
 * Returns: the program number, or 0 where it is not known
 */
guint
ec_channel_get_program_number (EcChannel *self)
{
  g_return_val_if_fail (EC_IS_CHANNEL (self), 0);
  return self->info->program_number;
}
