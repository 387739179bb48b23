/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-channel-private.h"

/**
 * EcChannelList:
 *
 * The channels of a [class@Device], a list model of [class@Channel] sorted by number: 5.1, 5.2, 10.1.
 *
 * When the device is loaded again, channels that stay keep their objects.
 */
struct _EcChannelList {
  GObject parent_instance;
  GPtrArray *channels; /* of EcChannel */
};

static void ec_channel_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (EcChannelList,
                               ec_channel_list,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      ec_channel_list_model_init))

static GType
ec_channel_list_get_item_type (GListModel *model)
{
  return EC_TYPE_CHANNEL;
}

static guint
ec_channel_list_get_n_items (GListModel *model)
{
  return EC_CHANNEL_LIST (model)->channels->len;
}

static gpointer
ec_channel_list_get_item (GListModel *model, guint position)
{
  GPtrArray *channels = EC_CHANNEL_LIST (model)->channels;

  return position < channels->len ? g_object_ref (channels->pdata[position]) : NULL;
}

static void
ec_channel_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = ec_channel_list_get_item_type;
  iface->get_n_items = ec_channel_list_get_n_items;
  iface->get_item = ec_channel_list_get_item;
}

static void
ec_channel_list_finalize (GObject *object)
{
  g_ptr_array_unref (EC_CHANNEL_LIST (object)->channels);
  G_OBJECT_CLASS (ec_channel_list_parent_class)->finalize (object);
}

static void
ec_channel_list_class_init (EcChannelListClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ec_channel_list_finalize;
}

static void
ec_channel_list_init (EcChannelList *self)
{
  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
}

EcChannelList *
ec_channel_list_new (void)
{
  return g_object_new (EC_TYPE_CHANNEL_LIST, NULL);
}

/* Both are sorted: one walk along both tells what came, went and stayed. */
void
ec_channel_list_update (EcChannelList *self, GPtrArray *infos, const char *prefix)
{
  guint position = 0;

  for (guint i = 0; i < infos->len; i++) {
    const EcHdhrChannel *info = infos->pdata[i];
    const EcHdhrChannel *previous = i > 0 ? infos->pdata[i - 1] : NULL;
    guint gone = 0;
    int order = 1;

    if (previous && ec_hdhr_compare_numbers (previous->number, info->number) == 0)
      continue;
    while (position + gone < self->channels->len) {
      EcChannel *channel = self->channels->pdata[position + gone];

      order = ec_hdhr_compare_numbers (ec_channel_get_number (channel), info->number);
      if (order >= 0)
        break;
      gone++;
    }
    if (gone > 0) {
      g_ptr_array_remove_range (self->channels, position, gone);
      g_list_model_items_changed (G_LIST_MODEL (self), position, gone, 0);
    }
    if (order == 0 && position < self->channels->len) {
      ec_channel_update (self->channels->pdata[position], info, prefix);
    } else {
      g_ptr_array_insert (self->channels, (int) position, ec_channel_new (info, prefix));
      g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
    }
    position++;
  }

  if (position < self->channels->len) {
    guint gone = self->channels->len - position;

    g_ptr_array_remove_range (self->channels, position, gone);
    g_list_model_items_changed (G_LIST_MODEL (self), position, gone, 0);
  }
}

/**
 * ec_channel_list_find:
 * @self: a channel list
 * @number: a channel number, "5.1"
 *
 * The channel of a number.
 *
 * Returns: (transfer none) (nullable): the channel, or %NULL if there is none
 */
EcChannel *
ec_channel_list_find (EcChannelList *self, const char *number)
{
  g_return_val_if_fail (EC_IS_CHANNEL_LIST (self), NULL);
  g_return_val_if_fail (number != NULL, NULL);

  for (guint i = 0; i < self->channels->len; i++) {
    EcChannel *channel = self->channels->pdata[i];

    if (g_strcmp0 (ec_channel_get_number (channel), number) == 0)
      return channel;
  }
  return NULL;
}
