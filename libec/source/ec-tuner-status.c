/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-tuner-status-private.h"

/**
 * EcTunerStatus:
 *
 * What one tuner of a [class@Device] was doing when the device was asked. Never changes.
 */
struct _EcTunerStatus {
  GObject parent_instance;
  EcHdhrTuner info;
};

enum {
  PROP_0,
  PROP_RESOURCE,
  PROP_BUSY,
  PROP_CHANNEL_NUMBER,
  PROP_CHANNEL_NAME,
  PROP_TARGET,
  PROP_FREQUENCY,
  PROP_SIGNAL_STRENGTH,
  PROP_SIGNAL_QUALITY,
  PROP_SYMBOL_QUALITY,
  PROP_NETWORK_RATE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EcTunerStatus, ec_tuner_status, G_TYPE_OBJECT)

static void
ec_tuner_status_finalize (GObject *object)
{
  EcHdhrTuner *info = &EC_TUNER_STATUS (object)->info;

  g_free (info->resource);
  g_free (info->channel_number);
  g_free (info->channel_name);
  g_free (info->target);
  G_OBJECT_CLASS (ec_tuner_status_parent_class)->finalize (object);
}

static void
ec_tuner_status_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcTunerStatus *self = EC_TUNER_STATUS (object);

  switch (id) {
  case PROP_RESOURCE:
    g_value_set_string (value, self->info.resource);
    break;
  case PROP_BUSY:
    g_value_set_boolean (value, ec_tuner_status_get_busy (self));
    break;
  case PROP_CHANNEL_NUMBER:
    g_value_set_string (value, self->info.channel_number);
    break;
  case PROP_CHANNEL_NAME:
    g_value_set_string (value, self->info.channel_name);
    break;
  case PROP_TARGET:
    g_value_set_string (value, self->info.target);
    break;
  case PROP_FREQUENCY:
    g_value_set_uint64 (value, self->info.frequency);
    break;
  case PROP_SIGNAL_STRENGTH:
    g_value_set_int (value, self->info.signal_strength);
    break;
  case PROP_SIGNAL_QUALITY:
    g_value_set_int (value, self->info.signal_quality);
    break;
  case PROP_SYMBOL_QUALITY:
    g_value_set_int (value, self->info.symbol_quality);
    break;
  case PROP_NETWORK_RATE:
    g_value_set_uint64 (value, self->info.network_rate);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
ec_tuner_status_class_init (EcTunerStatusClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_tuner_status_finalize;
  object_class->get_property = ec_tuner_status_get_property;

  /**
   * EcTunerStatus:resource:
   *
   * Its name, "tuner0".
   */
  properties[PROP_RESOURCE] = g_param_spec_string ("resource", NULL, NULL, NULL, READABLE);
  /**
   * EcTunerStatus:busy:
   *
   * Whether someone uses it.
   */
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, READABLE);
  /**
   * EcTunerStatus:channel-number:
   *
   * The channel that it is tuned to, or %NULL.
   */
  properties[PROP_CHANNEL_NUMBER] =
      g_param_spec_string ("channel-number", NULL, NULL, NULL, READABLE);
  /**
   * EcTunerStatus:channel-name:
   *
   * The name of that channel, or %NULL.
   */
  properties[PROP_CHANNEL_NAME] = g_param_spec_string ("channel-name", NULL, NULL, NULL, READABLE);
  /**
   * EcTunerStatus:target:
   *
   * The address that it sends to: who holds it; or %NULL.
   */
  properties[PROP_TARGET] = g_param_spec_string ("target", NULL, NULL, NULL, READABLE);
  /**
   * EcTunerStatus:frequency:
   *
   * In Hz, or 0.
   */
  properties[PROP_FREQUENCY] =
      g_param_spec_uint64 ("frequency", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  /**
   * EcTunerStatus:signal-strength:
   *
   * In percent, or -1.
   */
  properties[PROP_SIGNAL_STRENGTH] =
      g_param_spec_int ("signal-strength", NULL, NULL, -1, 100, -1, READABLE);
  /**
   * EcTunerStatus:signal-quality:
   *
   * In percent, or -1.
   */
  properties[PROP_SIGNAL_QUALITY] =
      g_param_spec_int ("signal-quality", NULL, NULL, -1, 100, -1, READABLE);
  /**
   * EcTunerStatus:symbol-quality:
   *
   * In percent, or -1; below 100 there are errors in the picture.
   */
  properties[PROP_SYMBOL_QUALITY] =
      g_param_spec_int ("symbol-quality", NULL, NULL, -1, 100, -1, READABLE);
  /**
   * EcTunerStatus:network-rate:
   *
   * What it sends, in bit/s, or 0.
   */
  properties[PROP_NETWORK_RATE] =
      g_param_spec_uint64 ("network-rate", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_tuner_status_init (EcTunerStatus *self)
{
}

EcTunerStatus *
ec_tuner_status_new (EcHdhrTuner *info)
{
  EcTunerStatus *self = g_object_new (EC_TYPE_TUNER_STATUS, NULL);

  self->info = *info;
  *info = (EcHdhrTuner){ 0 };
  return self;
}

/**
 * ec_tuner_status_get_busy:
 * @self: a tuner's status
 *
 * Whether someone uses the tuner.
 *
 * Returns: %TRUE if it is tuned to something or sends to someone
 */
gboolean
ec_tuner_status_get_busy (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), FALSE);
  return self->info.channel_number || self->info.target || self->info.frequency;
}

/**
 * ec_tuner_status_get_resource:
 * @self: a tuner's status
 *
 * The tuner's name.
 *
 * Returns: (transfer none): "tuner0" and so on
 */
const char *
ec_tuner_status_get_resource (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), NULL);
  return self->info.resource;
}

/**
 * ec_tuner_status_get_channel_number:
 * @self: a tuner's status
 *
 * The channel that the tuner is tuned to.
 *
 * Returns: (transfer none) (nullable): the number, if the device tells
 */
const char *
ec_tuner_status_get_channel_number (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), NULL);
  return self->info.channel_number;
}

/**
 * ec_tuner_status_get_channel_name:
 * @self: a tuner's status
 *
 * The name of the channel that the tuner is tuned to.
 *
 * Returns: (transfer none) (nullable): the name, if the device tells
 */
const char *
ec_tuner_status_get_channel_name (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), NULL);
  return self->info.channel_name;
}

/**
 * ec_tuner_status_get_target:
 * @self: a tuner's status
 *
 * The address that the tuner sends to.
 *
 * Returns: (transfer none) (nullable): an IP address
 */
const char *
ec_tuner_status_get_target (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), NULL);
  return self->info.target;
}

/**
 * ec_tuner_status_get_frequency:
 * @self: a tuner's status
 *
 * What the tuner is tuned to.
 *
 * Returns: Hz, or 0
 */
guint64
ec_tuner_status_get_frequency (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), 0);
  return self->info.frequency;
}

/**
 * ec_tuner_status_get_signal_strength:
 * @self: a tuner's status
 *
 * How strong the signal is.
 *
 * Returns: percent, or -1
 */
int
ec_tuner_status_get_signal_strength (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), -1);
  return self->info.signal_strength;
}

/**
 * ec_tuner_status_get_signal_quality:
 * @self: a tuner's status
 *
 * How good the signal is.
 *
 * Returns: percent, or -1
 */
int
ec_tuner_status_get_signal_quality (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), -1);
  return self->info.signal_quality;
}

/**
 * ec_tuner_status_get_symbol_quality:
 * @self: a tuner's status
 *
 * How free of errors what is received is.
 *
 * Returns: percent, or -1
 */
int
ec_tuner_status_get_symbol_quality (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), -1);
  return self->info.symbol_quality;
}

/**
 * ec_tuner_status_get_network_rate:
 * @self: a tuner's status
 *
 * What the tuner sends.
 *
 * Returns: bit/s, or 0
 */
guint64
ec_tuner_status_get_network_rate (EcTunerStatus *self)
{
  g_return_val_if_fail (EC_IS_TUNER_STATUS (self), 0);
  return self->info.network_rate;
}
