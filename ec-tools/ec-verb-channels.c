/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <string.h>

static gboolean as_json;
static gboolean favorites_only;
static gboolean hd_only;
static double timeout = 3;

static const GOptionEntry entries[] = {
  { "favorites", 'f', 0, G_OPTION_ARG_NONE, &favorites_only, "Favourites only", NULL },
  { "hd", 0, 0, G_OPTION_ARG_NONE, &hd_only, "Channels in high definition only", NULL },
  { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &timeout, "Wait so long for answers (default 3)",
    "SECONDS" },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object a line", NULL },
  { NULL },
};

static const char description[] =
    "Without DEVICE, the channels of every tuner that “ec discover” finds. DEVICE is a device's id "
    "or\n"
    "its address. The last column is what the other verbs take as SOURCE.\n"
    "\n"
    "Examples:\n"
    "  ec channels\n"
    "  ec channels 10A12347 --favorites\n"
    "  ec channels 192.168.1.5 --json\n"
    "\n"
    "Marks: * favourite, HD high definition, DRM protected: cannot be watched.\n"
    "\n"
    "With --json: device, number, name, uri, video_codec, audio_codec, hd, drm, favorite,\n"
    "signal_strength and signal_quality in percent. Values that are not known are null.";

static void
add_text (JsonBuilder *builder, const char *name, const char *value)
{
  json_builder_set_member_name (builder, name);
  if (value)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_percent (JsonBuilder *builder, const char *name, int value)
{
  json_builder_set_member_name (builder, name);
  if (value >= 0)
    json_builder_add_int_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_flag (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
print_json (EcDevice *device, EcChannel *channel)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  add_text (builder, "device", ec_device_get_device_id (device));
  add_text (builder, "number", ec_channel_get_number (channel));
  add_text (builder, "name", ec_channel_get_name (channel));
  add_text (builder, "uri", ec_channel_get_uri (channel));
  add_text (builder, "video_codec", ec_channel_get_video_codec (channel));
  add_text (builder, "audio_codec", ec_channel_get_audio_codec (channel));
  add_flag (builder, "hd", ec_channel_get_hd (channel));
  add_flag (builder, "drm", ec_channel_get_drm (channel));
  add_flag (builder, "favorite", ec_channel_get_favorite (channel));
  add_percent (builder, "signal_strength", ec_channel_get_signal_strength (channel));
  add_percent (builder, "signal_quality", ec_channel_get_signal_quality (channel));
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
}

static const char *
or_dash (const char *text)
{
  return text && *text ? text : "-";
}

/* Pads by what is seen, not by bytes. */
static void
print_padded (const char *text, guint width)
{
  glong length = g_utf8_strlen (text, -1);

  g_print ("%s%*s  ", text, (int) MAX ((glong) width - length, 0), "");
}

static void
print_row (EcChannel *channel, guint name_width)
{
  int quality = ec_channel_get_signal_quality (channel);
  g_autofree char *percent = quality >= 0 ? g_strdup_printf ("%d %%", quality) : g_strdup ("-");

  g_print ("%s", ec_channel_get_favorite (channel) ? "* " : "  ");
  print_padded (ec_channel_get_number (channel), 7);
  print_padded (or_dash (ec_channel_get_name (channel)), name_width);
  print_padded (ec_channel_get_drm (channel) ? "DRM" : ec_channel_get_hd (channel) ? "HD" : "", 3);
  print_padded (or_dash (ec_channel_get_video_codec (channel)), 5);
  print_padded (or_dash (ec_channel_get_audio_codec (channel)), 5);
  print_padded (percent, 5);
  g_print ("%s\n", ec_channel_get_uri (channel));
}

static GPtrArray *
select_channels (EcDevice *device)
{
  GListModel *model = G_LIST_MODEL (ec_device_get_channels (device));
  GPtrArray *selected = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < g_list_model_get_n_items (model); i++) {
    g_autoptr (EcChannel) channel = g_list_model_get_item (model, i);

    if ((!favorites_only || ec_channel_get_favorite (channel)) &&
        (!hd_only || ec_channel_get_hd (channel)))
      g_ptr_array_add (selected, g_steal_pointer (&channel));
  }
  return selected;
}

static void
print_device (EcDevice *device)
{
  g_autoptr (GPtrArray) channels = select_channels (device);
  guint width = 4;

  if (ec_device_get_loaded (device) &&
      g_list_model_get_n_items (G_LIST_MODEL (ec_device_get_channels (device))) == 0)
    g_printerr (
        ec_device_get_scanning (device)
            ? "ec channels: %s is scanning for channels. Ask again when it is done.\n"
            : "ec channels: %s was not scanned for channels yet. Open %s in a browser and start "
              "a channel scan.\n",
        ec_device_get_title (device), ec_device_get_base_url (device));

  if (!as_json)
    g_print ("%s at %s\n", ec_device_get_title (device), ec_device_get_base_url (device));
  for (guint i = 0; i < channels->len; i++) {
    const char *name = ec_channel_get_name (channels->pdata[i]);

    width = MAX (width, (guint) MIN (g_utf8_strlen (or_dash (name), -1), 24));
  }
  for (guint i = 0; i < channels->len; i++) {
    if (as_json)
      print_json (device, channels->pdata[i]);
    else
      print_row (channels->pdata[i], width);
  }
}

/* 8 hexadecimal digits are an id, to be looked for; anything else is an address. */
static gboolean
is_id (const char *text)
{
  return strlen (text) == 8 && strspn (text, "0123456789abcdefABCDEF") == 8;
}

static EcToolStatus
print_all (const char *id)
{
  g_autoptr (EcDeviceList) list = ec_device_list_new ();
  g_autoptr (GError) error = NULL;
  const char *const *problems;
  guint n_printed = 0;

  ec_device_list_set_timeout (list, (guint) (timeout * 1000));
  ec_tool_progress ("Looking for tuners…");
  if (!ec_device_list_refresh (list, ec_tool_get_cancellable (), &error))
    return ec_tool_fail ("channels", error);
  ec_tool_progress_clear ();

  problems = ec_device_list_get_problems (list);
  for (guint i = 0; problems[i]; i++)
    g_printerr ("ec channels: %s\n", problems[i]);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++) {
    g_autoptr (EcDevice) device = g_list_model_get_item (G_LIST_MODEL (list), i);

    if (id && ec_device_list_find (list, id) != device)
      continue;
    print_device (device);
    n_printed += ec_device_get_loaded (device) ? 1 : 0;
  }
  if (n_printed > 0)
    return EC_TOOL_DONE;
  g_printerr (
      "ec channels: %s%s was found on this network. If it is on another, give its address: ec "
      "channels 192.168.1.5\n",
      id ? "no tuner with the id " : "no tuner that tells its channels", id ? id : "");
  return EC_TOOL_FAILED;
}

EcToolStatus
ec_verb_channels (int argc, char **argv)
{
  g_autoptr (EcDevice) device = NULL;
  g_autoptr (GError) error = NULL;
  EcToolStatus status;

  if (!ec_tool_parse (&argc, &argv, entries, "[DEVICE]", "List the channels that tuners receive.",
                      description, 0, 1, &status))
    return status;
  if (!(timeout > 0 && timeout <= 600)) {
    g_printerr ("ec channels: --timeout is in seconds, more than 0 and at most 600.\n");
    return EC_TOOL_USAGE;
  }

  if (argc < 2 || is_id (argv[1]))
    return print_all (argc < 2 ? NULL : argv[1]);

  device = ec_device_new_for_host (argv[1], &error);
  if (device == NULL || !ec_device_load (device, ec_tool_get_cancellable (), &error))
    return ec_tool_fail ("channels", error);
  print_device (device);
  return EC_TOOL_DONE;
}
