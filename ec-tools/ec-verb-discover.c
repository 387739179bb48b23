/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

static char **addresses;
static gboolean as_json;
static gboolean no_broadcast;
static double timeout = 3;

static const GOptionEntry entries[] = {
  { "address", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &addresses,
    "Also ask the device at HOST, an address or name, with :PORT if not 80; may be repeated",
    "HOST" },
  { "no-broadcast", 0, 0, G_OPTION_ARG_NONE, &no_broadcast,
    "Do not ask everyone on the local networks", NULL },
  { "timeout", 't', 0, G_OPTION_ARG_DOUBLE, &timeout, "Wait so long for answers (default 3)",
    "SECONDS" },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print one JSON object a line", NULL },
  { NULL },
};

static const char description[] =
    "Tuners on the local networks answer a broadcast. One that is elsewhere, or that a broadcast "
    "does\n"
    "not reach, is found by its address: with --address, or for every verb with the environment\n"
    "variable EC_DEVICES, a list with commas.\n"
    "\n"
    "Examples:\n"
    "  ec discover\n"
    "  ec discover --address 192.168.1.5 --address tuner.example.org:8080\n"
    "  EC_DEVICES=192.168.1.5,192.168.2.5 ec discover --json\n"
    "\n"
    "With --json: device_id, title, model, firmware, base_url, tuners, tuners_busy, channels and, "
    "if it\n"
    "could not be asked, error. Values that are not known are null.\n"
    "\n"
    "The exit status is 0 if a device was found and 1 if none was.";

static guint
count_busy (EcDevice *device)
{
  GListModel *tuners = ec_device_get_tuners (device);
  guint busy = 0;

  for (guint i = 0; i < g_list_model_get_n_items (tuners); i++) {
    g_autoptr (EcTunerStatus) tuner = g_list_model_get_item (tuners, i);

    busy += ec_tuner_status_get_busy (tuner) ? 1 : 0;
  }
  return busy;
}

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
print_json (EcDevice *device)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  const GError *error = ec_device_get_error (device);

  json_builder_begin_object (builder);
  add_text (builder, "device_id", ec_device_get_device_id (device));
  add_text (builder, "title", ec_device_get_title (device));
  add_text (builder, "model", ec_device_get_model (device));
  add_text (builder, "firmware", ec_device_get_firmware (device));
  add_text (builder, "base_url", ec_device_get_base_url (device));
  json_builder_set_member_name (builder, "tuners");
  json_builder_add_int_value (builder, ec_device_get_tuner_count (device));
  json_builder_set_member_name (builder, "tuners_busy");
  json_builder_add_int_value (builder, count_busy (device));
  json_builder_set_member_name (builder, "channels");
  json_builder_add_int_value (
      builder, g_list_model_get_n_items (G_LIST_MODEL (ec_device_get_channels (device))));
  add_text (builder, "error", error ? error->message : NULL);
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
}

static void
print_text (EcDevice *device)
{
  const char *id = ec_device_get_device_id (device);
  const char *model = ec_device_get_model (device);
  guint channels = g_list_model_get_n_items (G_LIST_MODEL (ec_device_get_channels (device)));

  g_print ("%-8s  %-24s  %s", id ? id : "-", ec_device_get_base_url (device),
           ec_device_get_title (device));
  if (model)
    g_print (" (%s)", model);
  if (!ec_device_get_loaded (device))
    g_print (", does not tell its channels");
  else if (channels == 0 && ec_device_get_scanning (device))
    g_print (", scanning for channels (%u %%)", ec_device_get_scan_progress (device));
  else if (channels == 0)
    g_print (", not scanned for channels yet: open its address in a browser");
  else
    g_print (", %u channels", channels);
  if (ec_device_get_tuner_count (device))
    g_print (", %u of %u tuners in use", count_busy (device), ec_device_get_tuner_count (device));
  g_print ("\n");
}

EcToolStatus
ec_verb_discover (int argc, char **argv)
{
  g_autoptr (EcDeviceList) list = NULL;
  g_autoptr (GError) error = NULL;
  const char *const *problems;
  EcToolStatus status;
  guint n;

  if (!ec_tool_parse (&argc, &argv, entries, "", "Find the tuners on the network.", description, 0,
                      0, &status))
    return status;
  if (!(timeout > 0 && timeout <= 600)) {
    g_printerr ("ec discover: --timeout is in seconds, more than 0 and at most 600.\n");
    return EC_TOOL_USAGE;
  }

  list = ec_device_list_new ();
  ec_device_list_set_addresses (list, (const char *const *) addresses);
  ec_device_list_set_broadcast (list, !no_broadcast);
  ec_device_list_set_timeout (list, (guint) (timeout * 1000));
  ec_tool_progress ("Looking for tuners…");
  if (!ec_device_list_refresh (list, ec_tool_get_cancellable (), &error))
    return ec_tool_fail ("discover", error);
  ec_tool_progress_clear ();

  problems = ec_device_list_get_problems (list);
  for (guint i = 0; problems[i]; i++)
    g_printerr ("ec discover: %s\n", problems[i]);

  n = g_list_model_get_n_items (G_LIST_MODEL (list));
  for (guint i = 0; i < n; i++) {
    g_autoptr (EcDevice) device = g_list_model_get_item (G_LIST_MODEL (list), i);

    if (as_json)
      print_json (device);
    else
      print_text (device);
  }
  if (n == 0) {
    g_printerr (
        "ec discover: no tuner was found. Is one switched on and on this network? If it is on "
        "another, give its address: ec discover --address 192.168.1.5\n");
    return EC_TOOL_FAILED;
  }
  return EC_TOOL_DONE;
}
