/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-device-private.h"

#include "source/ec-channel-private.h"
#include "source/ec-hdhr-cache.h"
#include "source/ec-hdhr-client.h"
#include "source/ec-tuner-status-private.h"

/**
 * EcDevice:
 *
 * A network tuner, an HDHomeRun.
 *
 * Devices come from an [class@DeviceList], or are made for a known address with
 * [ctor@Device.new_for_host]. What a device is and which channels it has is known once it was loaded
 * ([method@Device.load]); a device list loads its devices itself.
 *
 * An empty list of channels of a loaded device means that it was never scanned for channels; that is
 * done in its own web pages, at [property@Device:base-url].
 *
 * A device, its channels and its tuners belong to the main context that was the thread default when
 * it was made: use them there.
 */
struct _EcDevice {
  GObject parent_instance;
  char *host; /* the address as it was given, or NULL */
  char *title;
  char *device_id;
  char *friendly_name;
  char *model;
  char *firmware;
  char *base_url;
  char *lineup_url;
  guint tuner_count;
  gboolean loaded;
  gboolean scanning;
  guint scan_progress;
  GError *error;
  EcChannelList *channels;
  GListStore *tuners; /* of EcTunerStatus */
};

enum {
  PROP_0,
  PROP_DEVICE_ID,
  PROP_TITLE,
  PROP_FRIENDLY_NAME,
  PROP_MODEL,
  PROP_FIRMWARE,
  PROP_BASE_URL,
  PROP_LINEUP_URL,
  PROP_TUNER_COUNT,
  PROP_LOADED,
  PROP_SCANNING,
  PROP_SCAN_PROGRESS,
  PROP_ERROR,
  PROP_CHANNELS,
  PROP_TUNERS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EcDevice, ec_device, G_TYPE_OBJECT)

static void
ec_device_finalize (GObject *object)
{
  EcDevice *self = EC_DEVICE (object);

  g_free (self->host);
  g_free (self->title);
  g_free (self->device_id);
  g_free (self->friendly_name);
  g_free (self->model);
  g_free (self->firmware);
  g_free (self->base_url);
  g_free (self->lineup_url);
  g_clear_error (&self->error);
  g_object_unref (self->channels);
  g_object_unref (self->tuners);
  G_OBJECT_CLASS (ec_device_parent_class)->finalize (object);
}

static void
ec_device_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcDevice *self = EC_DEVICE (object);

  switch (id) {
  case PROP_DEVICE_ID:
    g_value_set_string (value, self->device_id);
    break;
  case PROP_TITLE:
    g_value_set_string (value, self->title);
    break;
  case PROP_FRIENDLY_NAME:
    g_value_set_string (value, self->friendly_name);
    break;
  case PROP_MODEL:
    g_value_set_string (value, self->model);
    break;
  case PROP_FIRMWARE:
    g_value_set_string (value, self->firmware);
    break;
  case PROP_BASE_URL:
    g_value_set_string (value, self->base_url);
    break;
  case PROP_LINEUP_URL:
    g_value_set_string (value, self->lineup_url);
    break;
  case PROP_TUNER_COUNT:
    g_value_set_uint (value, self->tuner_count);
    break;
  case PROP_LOADED:
    g_value_set_boolean (value, self->loaded);
    break;
  case PROP_SCANNING:
    g_value_set_boolean (value, self->scanning);
    break;
  case PROP_SCAN_PROGRESS:
    g_value_set_uint (value, self->scan_progress);
    break;
  case PROP_ERROR:
    g_value_set_boxed (value, self->error);
    break;
  case PROP_CHANNELS:
    g_value_set_object (value, self->channels);
    break;
  case PROP_TUNERS:
    g_value_set_object (value, self->tuners);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_identity (void)
{
  /**
   * EcDevice:device-id:
   *
   * Eight hexadecimal digits in upper case; %NULL until it is known.
   */
  properties[PROP_DEVICE_ID] = g_param_spec_string ("device-id", NULL, NULL, NULL, READABLE);
  /**
   * EcDevice:title:
   *
   * What to call it in a list: its friendly name, its id or its address. Never empty.
   */
  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, READABLE);
  /**
   * EcDevice:friendly-name:
   *
   * What its owner or maker calls it, or %NULL.
   */
  properties[PROP_FRIENDLY_NAME] =
      g_param_spec_string ("friendly-name", NULL, NULL, NULL, READABLE);
  /**
   * EcDevice:model:
   *
   * Its model number, or %NULL.
   */
  properties[PROP_MODEL] = g_param_spec_string ("model", NULL, NULL, NULL, READABLE);
  /**
   * EcDevice:firmware:
   *
   * The version of its firmware, or %NULL.
   */
  properties[PROP_FIRMWARE] = g_param_spec_string ("firmware", NULL, NULL, NULL, READABLE);
  /**
   * EcDevice:base-url:
   *
   * The address of its web pages, without a slash at the end.
   */
  properties[PROP_BASE_URL] = g_param_spec_string ("base-url", NULL, NULL, NULL, READABLE);
  /**
   * EcDevice:lineup-url:
   *
   * Where it lists its channels, or %NULL until it was loaded.
   */
  properties[PROP_LINEUP_URL] = g_param_spec_string ("lineup-url", NULL, NULL, NULL, READABLE);
  /**
   * EcDevice:tuner-count:
   *
   * How many channels it can receive at once; 0 where it is not known.
   */
  properties[PROP_TUNER_COUNT] =
      g_param_spec_uint ("tuner-count", NULL, NULL, 0, G_MAXUINT, 0, READABLE);
}

static void
install_news (void)
{
  /**
   * EcDevice:loaded:
   *
   * Whether it has been asked for its channels, and answered.
   */
  properties[PROP_LOADED] = g_param_spec_boolean ("loaded", NULL, NULL, FALSE, READABLE);
  /**
   * EcDevice:scanning:
   *
   * Whether it was scanning for channels when it was asked; only known while it has no channels.
   */
  properties[PROP_SCANNING] = g_param_spec_boolean ("scanning", NULL, NULL, FALSE, READABLE);
  /**
   * EcDevice:scan-progress:
   *
   * How far that scan was, in percent.
   */
  properties[PROP_SCAN_PROGRESS] =
      g_param_spec_uint ("scan-progress", NULL, NULL, 0, 100, 0, READABLE);
  /**
   * EcDevice:error:
   *
   * Why it could not be asked the last time; %NULL if it could.
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, READABLE);
  /**
   * EcDevice:channels:
   *
   * Its channels; always the same object.
   */
  properties[PROP_CHANNELS] =
      g_param_spec_object ("channels", NULL, NULL, EC_TYPE_CHANNEL_LIST, READABLE);
  /**
   * EcDevice:tuners:
   *
   * What its tuners did when it was asked, a list of [class@TunerStatus]; always the same object.
   */
  properties[PROP_TUNERS] = g_param_spec_object ("tuners", NULL, NULL, G_TYPE_LIST_MODEL, READABLE);
}

static void
ec_device_class_init (EcDeviceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_device_finalize;
  object_class->get_property = ec_device_get_property;
  install_identity ();
  install_news ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_device_init (EcDevice *self)
{
  self->channels = ec_channel_list_new ();
  self->tuners = g_list_store_new (EC_TYPE_TUNER_STATUS);
}

/* --- What changes ------------------------------------------------------------------------ */

static void
set_text (EcDevice *self, char **field, const char *value, guint prop)
{
  if (value == NULL || g_strcmp0 (*field, value) == 0)
    return;
  g_free (*field);
  *field = g_strdup (value);
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

static void
set_value (EcDevice *self, guint *field, guint value, guint prop)
{
  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

static void
set_flag (EcDevice *self, gboolean *field, gboolean value, guint prop)
{
  if (*field == value)
    return;
  *field = value;
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

static void
update_title (EcDevice *self)
{
  g_autofree char *address = ec_hdhr_host_of (self->base_url);
  const char *title = self->friendly_name;

  if (title == NULL || *title == '\0')
    title = self->device_id ? self->device_id : address;
  set_text (self, &self->title, title, PROP_TITLE);
}

EcDevice *
ec_device_new (const char *device_id, const char *base_url, const char *host)
{
  EcDevice *self = g_object_new (EC_TYPE_DEVICE, NULL);

  self->device_id = g_strdup (device_id);
  self->base_url = g_strdup (base_url);
  self->host = g_strdup (host);
  update_title (self);
  if (device_id)
    ec_hdhr_cache_set_base_url (device_id, base_url);
  return self;
}

const char *
ec_device_get_host (EcDevice *self)
{
  return self->host;
}

void
ec_device_set_base_url (EcDevice *self, const char *base_url)
{
  set_text (self, &self->base_url, base_url, PROP_BASE_URL);
  if (self->device_id)
    ec_hdhr_cache_set_base_url (self->device_id, base_url);
  update_title (self);
}

void
ec_device_set_tuner_count (EcDevice *self, guint tuner_count)
{
  if (tuner_count > 0)
    set_value (self, &self->tuner_count, tuner_count, PROP_TUNER_COUNT);
}

void
ec_device_take_error (EcDevice *self, GError *error)
{
  if (self->error == NULL && error == NULL)
    return;
  g_clear_error (&self->error);
  self->error = error;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ERROR]);
}

/* What the URIs of its channels begin with. */
static char *
uri_prefix (EcDevice *self)
{
  g_autofree char *address = NULL;

  if (self->host == NULL && self->device_id)
    return g_strdup_printf ("hdhomerun://%s/", self->device_id);
  address = ec_hdhr_host_of (self->base_url);
  return g_strdup_printf ("hdhomerun://%s/", address);
}

static void
apply_tuners (EcDevice *self, GPtrArray *tuners)
{
  g_autoptr (GPtrArray) objects = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < tuners->len; i++)
    g_ptr_array_add (objects, ec_tuner_status_new (tuners->pdata[i]));
  g_list_store_splice (self->tuners, 0, g_list_model_get_n_items (G_LIST_MODEL (self->tuners)),
                       objects->pdata, objects->len);
}

void
ec_device_apply (EcDevice *self, EcHdhrDetails *details)
{
  g_object_freeze_notify (G_OBJECT (self));
  set_text (self, &self->device_id, details->device_id, PROP_DEVICE_ID);
  set_text (self, &self->friendly_name, details->friendly_name, PROP_FRIENDLY_NAME);
  set_text (self, &self->model, details->model, PROP_MODEL);
  set_text (self, &self->firmware, details->firmware, PROP_FIRMWARE);
  set_text (self, &self->lineup_url, details->lineup_url, PROP_LINEUP_URL);
  ec_device_set_base_url (self, details->base_url);
  ec_device_set_tuner_count (self, details->tuner_count);
  set_flag (self, &self->scanning, details->scanning, PROP_SCANNING);
  set_value (self, &self->scan_progress, details->scan_progress, PROP_SCAN_PROGRESS);
  ec_device_take_error (self, NULL);

  if (details->channels) {
    g_autofree char *prefix = uri_prefix (self);

    ec_channel_list_update (self->channels, details->channels, prefix);
    set_flag (self, &self->loaded, TRUE, PROP_LOADED);
  }
  if (details->tuners)
    apply_tuners (self, details->tuners);
  g_object_thaw_notify (G_OBJECT (self));
}

/**
 * ec_device_new_for_host:
 * @host: an address or a host name; with ":PORT", the web server there is asked and no other
 * @error: return location for an error
 *
 * Makes a device of which the address is known; nothing is asked yet.
 *
 * Errors: %EC_SOURCE_ERROR_BAD_URI when @host is neither an address nor a name.
 *
 * Returns: (transfer full): the device, not loaded
 */
EcDevice *
ec_device_new_for_host (const char *host, GError **error)
{
  g_autofree char *base_url = NULL;

  g_return_val_if_fail (host != NULL, NULL);

  base_url = ec_hdhr_base_url_for_host (host, NULL, error);
  return base_url ? ec_device_new (NULL, base_url, host) : NULL;
}

/**
 * ec_device_get_device_id:
 * @self: a device
 *
 * The device's id.
 *
 * Returns: (transfer none) (nullable): eight hexadecimal digits, once they are known
 */
const char *
ec_device_get_device_id (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->device_id;
}

/**
 * ec_device_get_title:
 * @self: a device
 *
 * What to call the device in a list.
 *
 * Returns: (transfer none): its friendly name, id or address
 */
const char *
ec_device_get_title (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->title;
}

/**
 * ec_device_get_friendly_name:
 * @self: a device
 *
 * What its owner or maker calls the device.
 *
 * Returns: (transfer none) (nullable): the name, if the device tells
 */
const char *
ec_device_get_friendly_name (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->friendly_name;
}

/**
 * ec_device_get_model:
 * @self: a device
 *
 * The device's model number.
 *
 * Returns: (transfer none) (nullable): the model, if the device tells
 */
const char *
ec_device_get_model (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->model;
}

/**
 * ec_device_get_firmware:
 * @self: a device
 *
 * The version of the device's firmware.
 *
 * Returns: (transfer none) (nullable): the version, if the device tells
 */
const char *
ec_device_get_firmware (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->firmware;
}

/**
 * ec_device_get_base_url:
 * @self: a device
 *
 * The address of the device's web pages.
 *
 * Returns: (transfer none): the URL, without a slash at the end
 */
const char *
ec_device_get_base_url (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->base_url;
}

/**
 * ec_device_get_lineup_url:
 * @self: a device
 *
 * Where the device lists its channels.
 *
 * Returns: (transfer none) (nullable): the URL, once the device was loaded
 */
const char *
ec_device_get_lineup_url (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->lineup_url;
}

/**
 * ec_device_get_tuner_count:
 * @self: a device
 *
 * How many channels the device can receive at once.
 *
 * Returns: the number, or 0 where it is not known
 */
guint
ec_device_get_tuner_count (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), 0);
  return self->tuner_count;
}

/**
 * ec_device_get_loaded:
 * @self: a device
 *
 * Whether the device has been asked for its channels, and answered.
 *
 * Returns: %TRUE once that worked
 */
gboolean
ec_device_get_loaded (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), FALSE);
  return self->loaded;
}

/**
 * ec_device_get_scanning:
 * @self: a device
 *
 * Whether the device was scanning for channels when it was asked.
 *
 * Returns: %TRUE if so; only known while it has no channels
 */
gboolean
ec_device_get_scanning (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), FALSE);
  return self->scanning;
}

/**
 * ec_device_get_scan_progress:
 * @self: a device
 *
 * How far that scan was.
 *
 * Returns: percent
 */
guint
ec_device_get_scan_progress (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), 0);
  return self->scan_progress;
}

/**
 * ec_device_get_error:
 * @self: a device
 *
 * Why the device could not be asked the last time.
 *
 * Returns: (transfer none) (nullable): the error, or %NULL if it could
 */
const GError *
ec_device_get_error (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->error;
}

/**
 * ec_device_get_channels:
 * @self: a device
 *
 * The device's channels.
 *
 * Returns: (transfer none): always the same object
 */
EcChannelList *
ec_device_get_channels (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return self->channels;
}

/**
 * ec_device_get_tuners:
 * @self: a device
 *
 * What the device's tuners did when it was asked.
 *
 * Returns: (transfer none): a list of [class@TunerStatus], always the same object
 */
GListModel *
ec_device_get_tuners (EcDevice *self)
{
  g_return_val_if_fail (EC_IS_DEVICE (self), NULL);
  return G_LIST_MODEL (self->tuners);
}
