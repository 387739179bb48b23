/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#define VERB "id"

static gboolean opt_json;
static gboolean opt_new;
static char *opt_file;

static const GOptionEntry entries[] = {
  { "file", 'f', 0, G_OPTION_ARG_FILENAME, &opt_file,
    "The identity file (default: the user's stable identity)", "FILE" },
  { "new", 0, 0, G_OPTION_ARG_NONE, &opt_new, "Make an identity if there is none", NULL },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &opt_json, "Print one JSON object", NULL },
  { NULL },
};

static const char description[] =
    "The node id is the public half of an Ed25519 key. It names this node in what it publishes "
    "and\n"
    "signs. The file holds the secret half; whoever has it is this node.\n"
    "\n"
    "Examples:\n"
    "  ec id --new                make the user's stable identity, and print its node id\n"
    "  ec id --file station.key   print the node id of an identity kept elsewhere\n";

EcToolStatus
ec_verb_id (int argc, char **argv)
{
  EcToolStatus status = EC_TOOL_DONE;
  g_autoptr (EcIdentity) identity = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (!ec_tool_parse (&argc, &argv, entries, "", "Print this node's id.", description, 0, 0,
                      &status))
    return status;

  path = opt_file ? g_strdup (opt_file) : ec_identity_dup_default_path ();
  identity = ec_identity_load (path, opt_new, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_prefix_error (&error, "There is no identity yet; “ec id --new” makes one. ");
  if (!identity)
    return ec_tool_fail (VERB, error);

  if (opt_json) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();

    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "node_id");
    json_builder_add_string_value (builder, ec_identity_get_node_id (identity));
    json_builder_set_member_name (builder, "file");
    json_builder_add_string_value (builder, path);
    json_builder_end_object (builder);
    ec_tool_print_builder (builder);
  } else {
    g_print ("%s\n", ec_identity_get_node_id (identity));
  }
  return EC_TOOL_DONE;
}
