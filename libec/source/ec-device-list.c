/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-device-list-private.h"

#include "source/ec-device-private.h"
#include "source/ec-hdhr-client.h"

/**
 * EcDeviceList:
 *
 * The tuners on the network, a list model of [class@Device].
 *
 * [method@DeviceList.refresh_async] searches: by broadcast on every local network (IPv4 and IPv6),
 * on this computer, and at every address of [property@DeviceList:addresses] and of the environment
 * variable `EC_DEVICES` (comma separated), for devices that a broadcast does not reach. Each is asked
 * on its own for what it is and which channels it has: devices appear as they answer, are loaded as
 * they tell more, and a slow or dead one delays nobody but the end of the search. A device that is
 * not found in two searches in a row is removed.
 *
 * Belongs to the main context that was the thread default when it was made, and so do its devices.
 */
struct _EcDeviceList {
  GObject parent_instance;
  GPtrArray *devices; /* of Entry, sorted */
  GStrv addresses;
  gboolean broadcast;
  guint timeout; /* ms */
  guint n_refreshing;
  GStrvBuilder *new_problems; /* of the search under way, or NULL */
  GStrv problems;
  EcDeviceSearch *search;
};

typedef struct {
  EcDevice *device; /* owned */
  char *key;        /* sorted by: id, or base URL */
  guint misses;     /* searches in a row that did not find it */
} Entry;

enum {
  PROP_0,
  PROP_ADDRESSES,
  PROP_BROADCAST,
  PROP_TIMEOUT,
  PROP_REFRESHING,
  PROP_PROBLEMS,
  N_PROPS
};

#define MAX_MISSES 2
#define DEFAULT_TIMEOUT 3000 /* ms */

static GParamSpec *properties[N_PROPS];

static void ec_device_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EcDeviceList,
                               ec_device_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, ec_device_list_model_init))

static void
entry_free (Entry *entry)
{
  g_object_unref (entry->device);
  g_free (entry->key);
  g_free (entry);
}

static GType
ec_device_list_get_item_type (GListModel *model)
{
  return EC_TYPE_DEVICE;
}

static guint
ec_device_list_get_n_items (GListModel *model)
{
  return EC_DEVICE_LIST (model)->devices->len;
}

static gpointer
ec_device_list_get_item (GListModel *model, guint position)
{
  GPtrArray *devices = EC_DEVICE_LIST (model)->devices;
  Entry *entry = position < devices->len ? devices->pdata[position] : NULL;

  return entry ? g_object_ref (entry->device) : NULL;
}

static void
ec_device_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = ec_device_list_get_item_type;
  iface->get_n_items = ec_device_list_get_n_items;
  iface->get_item = ec_device_list_get_item;
}

static void
ec_device_list_dispose (GObject *object)
{
  g_clear_pointer (&EC_DEVICE_LIST (object)->search, ec_device_search_free);
  G_OBJECT_CLASS (ec_device_list_parent_class)->dispose (object);
}

static void
ec_device_list_finalize (GObject *object)
{
  EcDeviceList *self = EC_DEVICE_LIST (object);

  g_ptr_array_unref (self->devices);
  g_strfreev (self->addresses);
  g_strfreev (self->problems);
  g_clear_pointer (&self->new_problems, g_strv_builder_unref);
  G_OBJECT_CLASS (ec_device_list_parent_class)->finalize (object);
}

static void
ec_device_list_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcDeviceList *self = EC_DEVICE_LIST (object);

  switch (id) {
  case PROP_ADDRESSES:
    g_value_set_boxed (value, self->addresses);
    break;
  case PROP_BROADCAST:
    g_value_set_boolean (value, self->broadcast);
    break;
  case PROP_TIMEOUT:
    g_value_set_uint (value, self->timeout);
    break;
  case PROP_REFRESHING:
    g_value_set_boolean (value, ec_device_list_get_refreshing (self));
    break;
  case PROP_PROBLEMS:
    g_value_set_boxed (value, self->problems);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_device_list_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  EcDeviceList *self = EC_DEVICE_LIST (object);

  switch (id) {
  case PROP_ADDRESSES:
    ec_device_list_set_addresses (self, g_value_get_boxed (value));
    break;
  case PROP_BROADCAST:
    ec_device_list_set_broadcast (self, g_value_get_boolean (value));
    break;
  case PROP_TIMEOUT:
    ec_device_list_set_timeout (self, g_value_get_uint (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)
#define READWRITE (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
ec_device_list_class_init (EcDeviceListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ec_device_list_dispose;
  object_class->finalize = ec_device_list_finalize;
  object_class->get_property = ec_device_list_get_property;
  object_class->set_property = ec_device_list_set_property;

  /**
   * EcDeviceList:addresses:
   *
   * Addresses and host names to ask besides those that answer a broadcast, each with ":PORT" where
   * the device's web server is not at port 80.
   */
  properties[PROP_ADDRESSES] = g_param_spec_boxed ("addresses", NULL, NULL, G_TYPE_STRV, READWRITE);
  /**
   * EcDeviceList:broadcast:
   *
   * Whether to ask everyone on the local networks.
   */
  properties[PROP_BROADCAST] = g_param_spec_boolean ("broadcast", NULL, NULL, TRUE, READWRITE);
  /**
   * EcDeviceList:timeout:
   *
   * For how many milliseconds to wait for answers to a broadcast, and for each answer of a device.
   */
  properties[PROP_TIMEOUT] =
      g_param_spec_uint ("timeout", NULL, NULL, 1, G_MAXINT, DEFAULT_TIMEOUT, READWRITE);
  /**
   * EcDeviceList:refreshing:
   *
   * Whether a search is under way.
   */
  properties[PROP_REFRESHING] = g_param_spec_boolean ("refreshing", NULL, NULL, FALSE, READABLE);
  /**
   * EcDeviceList:problems:
   *
   * Sentences about addresses that led to no device, and devices that could not be asked, in the last
   * search that is over.
   */
  properties[PROP_PROBLEMS] = g_param_spec_boxed ("problems", NULL, NULL, G_TYPE_STRV, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_device_list_init (EcDeviceList *self)
{
  self->devices = g_ptr_array_new_with_free_func ((GDestroyNotify) entry_free);
  self->addresses = g_new0 (char *, 1);
  self->problems = g_new0 (char *, 1);
  self->broadcast = TRUE;
  self->timeout = DEFAULT_TIMEOUT;
}

/* --- The search's side ------------------------------------------------------------------- */

EcDeviceSearch **
ec_device_list_get_search (EcDeviceList *self)
{
  return &self->search;
}

EcHdhrScanOptions
ec_device_list_get_scan_options (EcDeviceList *self, GStrv *hosts)
{
  g_auto (GStrv) from_env = ec_hdhr_scan_env_hosts ();
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_addv (builder, (const char **) self->addresses);
  g_strv_builder_addv (builder, (const char **) from_env);
  *hosts = g_strv_builder_end (builder);
  return (EcHdhrScanOptions){ .hosts = (const char *const *) *hosts,
                              .broadcast = self->broadcast,
                              .details = TRUE,
                              .id = EC_HDHR_ANY_ID,
                              .timeout_ms = self->timeout };
}

void
ec_device_list_begin (EcDeviceList *self)
{
  if (self->n_refreshing++ > 0)
    return;
  self->new_problems = g_strv_builder_new ();
  for (guint i = 0; i < self->devices->len; i++)
    ((Entry *) self->devices->pdata[i])->misses++;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REFRESHING]);
}

void
ec_device_list_end (EcDeviceList *self, gboolean complete)
{
  if (--self->n_refreshing > 0)
    return;

  for (guint i = self->devices->len; i-- > 0;) {
    Entry *entry = self->devices->pdata[i];

    if (!complete) {
      entry->misses = 0;
    } else if (entry->misses >= MAX_MISSES) {
      g_ptr_array_remove_index (self->devices, i);
      g_list_model_items_changed (G_LIST_MODEL (self), i, 1, 0);
    }
  }
  g_strfreev (self->problems);
  self->problems = g_strv_builder_end (self->new_problems);
  g_clear_pointer (&self->new_problems, g_strv_builder_unref);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROBLEMS]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REFRESHING]);
}

static Entry *
find_entry (EcDeviceList *self, const EcHdhrSighting *sighting)
{
  for (guint i = 0; i < self->devices->len; i++) {
    Entry *entry = self->devices->pdata[i];
    const char *id = ec_device_get_device_id (entry->device);

    if (sighting->device_id && id
            ? g_str_equal (id, sighting->device_id)
            : g_strcmp0 (ec_device_get_base_url (entry->device), sighting->base_url) == 0)
      return entry;
  }
  return NULL;
}

static Entry *
add_entry (EcDeviceList *self, const EcHdhrSighting *sighting)
{
  Entry *entry = g_new0 (Entry, 1);
  guint position = 0;

  entry->device = ec_device_new (sighting->device_id, sighting->base_url, sighting->host);
  entry->key = g_strdup (sighting->device_id ? sighting->device_id : sighting->base_url);
  while (position < self->devices->len &&
         g_strcmp0 (((Entry *) self->devices->pdata[position])->key, entry->key) < 0)
    position++;
  g_ptr_array_insert (self->devices, (int) position, entry);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
  return entry;
}

void
ec_device_list_apply (EcDeviceList *self, EcHdhrSighting *taken)
{
  g_autoptr (EcHdhrSighting) sighting = taken;
  Entry *entry = sighting->base_url ? find_entry (self, sighting) : NULL;

  if (g_error_matches (sighting->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (sighting->error) {
    g_strv_builder_add (self->new_problems, sighting->error->message);
    /* An address is not a device until something there has answered as one. */
    if (entry)
      ec_device_take_error (entry->device, g_steal_pointer (&sighting->error));
    return;
  }

  if (entry == NULL)
    entry = add_entry (self, sighting);
  entry->misses = 0;
  ec_device_set_base_url (entry->device, sighting->base_url);
  ec_device_set_tuner_count (entry->device, sighting->tuner_count);
  if (sighting->details)
    ec_device_apply (entry->device, sighting->details);
}

/* --- Public ------------------------------------------------------------------------------ */

/**
 * ec_device_list_new:
 *
 * Makes a device list, empty until it is refreshed.
 *
 * Returns: (transfer full): the list
 */
EcDeviceList *
ec_device_list_new (void)
{
  return g_object_new (EC_TYPE_DEVICE_LIST, NULL);
}

/**
 * ec_device_list_get_addresses:
 * @self: a device list
 *
 * The addresses to ask besides those that answer a broadcast.
 *
 * Returns: (transfer none) (array zero-terminated=1): the addresses
 */
const char *const *
ec_device_list_get_addresses (EcDeviceList *self)
{
  g_return_val_if_fail (EC_IS_DEVICE_LIST (self), NULL);
  return (const char *const *) self->addresses;
}

/**
 * ec_device_list_set_addresses:
 * @self: a device list
 * @addresses: (nullable) (array zero-terminated=1): addresses and host names
 *
 * Sets the addresses to ask besides those that answer a broadcast, from the next search on.
 */
void
ec_device_list_set_addresses (EcDeviceList *self, const char *const *addresses)
{
  g_return_if_fail (EC_IS_DEVICE_LIST (self));

  g_strfreev (self->addresses);
  self->addresses = addresses ? g_strdupv ((GStrv) addresses) : g_new0 (char *, 1);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ADDRESSES]);
}

/**
 * ec_device_list_get_broadcast:
 * @self: a device list
 *
 * Whether everyone on the local networks is asked.
 *
 * Returns: %TRUE unless that was switched off
 */
gboolean
ec_device_list_get_broadcast (EcDeviceList *self)
{
  g_return_val_if_fail (EC_IS_DEVICE_LIST (self), FALSE);
  return self->broadcast;
}

/**
 * ec_device_list_set_broadcast:
 * @self: a device list
 * @broadcast: whether to ask everyone on the local networks
 *
 * Sets whether to ask everyone on the local networks, from the next search on.
 */
void
ec_device_list_set_broadcast (EcDeviceList *self, gboolean broadcast)
{
  g_return_if_fail (EC_IS_DEVICE_LIST (self));

  if (self->broadcast == broadcast)
    return;
  self->broadcast = broadcast;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BROADCAST]);
}

/**
 * ec_device_list_get_timeout:
 * @self: a device list
 *
 * For how long an answer is waited for.
 *
 * Returns: milliseconds
 */
guint
ec_device_list_get_timeout (EcDeviceList *self)
{
  g_return_val_if_fail (EC_IS_DEVICE_LIST (self), 0);
  return self->timeout;
}

/**
 * ec_device_list_set_timeout:
 * @self: a device list
 * @milliseconds: the time, at least 1
 *
 * Sets for how long to wait for answers to a broadcast, and for each answer of a device.
 */
void
ec_device_list_set_timeout (EcDeviceList *self, guint milliseconds)
{
  g_return_if_fail (EC_IS_DEVICE_LIST (self));

  if (self->timeout == MAX (milliseconds, 1))
    return;
  self->timeout = MAX (milliseconds, 1);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}

/**
 * ec_device_list_get_refreshing:
 * @self: a device list
 *
 * Whether a search is under way.
 *
 * Returns: %TRUE while one is
 */
gboolean
ec_device_list_get_refreshing (EcDeviceList *self)
{
  g_return_val_if_fail (EC_IS_DEVICE_LIST (self), FALSE);
  return self->n_refreshing > 0;
}

/**
 * ec_device_list_get_problems:
 * @self: a device list
 *
 * What went wrong in the last search that is over.
 *
 * Returns: (transfer none) (array zero-terminated=1): a sentence for each address that led to no
 *   device and each device that could not be asked
 */
const char *const *
ec_device_list_get_problems (EcDeviceList *self)
{
  g_return_val_if_fail (EC_IS_DEVICE_LIST (self), NULL);
  return (const char *const *) self->problems;
}

/**
 * ec_device_list_find:
 * @self: a device list
 * @device: a device id in any case, a friendly name, or an address as in its base URL
 *
 * A device of the list.
 *
 * Returns: (transfer none) (nullable): the device, or %NULL if there is none
 */
EcDevice *
ec_device_list_find (EcDeviceList *self, const char *device)
{
  g_return_val_if_fail (EC_IS_DEVICE_LIST (self), NULL);
  g_return_val_if_fail (device != NULL, NULL);

  for (guint i = 0; i < self->devices->len; i++) {
    EcDevice *candidate = ((Entry *) self->devices->pdata[i])->device;
    const char *id = ec_device_get_device_id (candidate);
    g_autofree char *address = ec_hdhr_host_of (ec_device_get_base_url (candidate));

    if ((id && g_ascii_strcasecmp (id, device) == 0) ||
        g_strcmp0 (ec_device_get_friendly_name (candidate), device) == 0 ||
        g_ascii_strcasecmp (address, device) == 0)
      return candidate;
  }
  return NULL;
}
