/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#define VERB "id"

static gboolean opt_json;
static gboolean opt_new;
static char *opt_file;
static char *opt_delegate;
static char *opt_prove;
static char *opt_prefix;
static char *opt_expires;

static const GOptionEntry entries[] = {
  { "file", 'f', 0, G_OPTION_ARG_FILENAME, &opt_file,
    "The identity file (default: the user's stable identity)", "FILE" },
  { "new", 0, 0, G_OPTION_ARG_NONE, &opt_new, "Make an identity if there is none", NULL },
  { "delegate", 0, 0, G_OPTION_ARG_STRING, &opt_delegate,
    "Print a token by which that node may publish in this one's place", "NODE-ID" },
  { "prove", 0, 0, G_OPTION_ARG_STRING, &opt_prove,
    "Print a token that proves this node's key to a relay; keep it secret", "HOST:PORT" },
  { "prefix", 0, 0, G_OPTION_ARG_STRING, &opt_prefix,
    "The token is for names that begin so (default: all names)", "PREFIX" },
  { "expires", 0, 0, G_OPTION_ARG_STRING, &opt_expires,
    "How long the token holds: 90s, 10m, 12h, 30d (default: 30d, of a proof 10m)", "TIME" },
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
    "  ec id --file station.key   print the node id of an identity kept elsewhere\n"
    "  ec id --delegate NODE-ID --prefix ec/v1/atsc/2065 --expires 90d\n"
    "                             let another node publish below a prefix\n";

/* "30d" -> seconds; -1: it is none. */
static gint64
parse_time (const char *text)
{
  static const struct {
    char unit;
    guint seconds;
  } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
  char *end = NULL;
  guint64 n = g_ascii_isdigit (*text) ? g_ascii_strtoull (text, &end, 10) : 0;

  for (guint i = 0; n > 0 && i < G_N_ELEMENTS (units); i++) {
    if (end[0] == units[i].unit && end[1] == '\0' && n <= G_MAXINT32)
      return (gint64) n * units[i].seconds;
  }
  return -1;
}

/* base64url without padding (RFC 4648 §5), which needs no quoting anywhere. */
static char *
to_text (GBytes *bytes)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  char *text = g_base64_encode (data, size);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

/* NULL without error: none was asked for. */
static char *
make_token (EcIdentity *identity, gint64 *expires, GError **error)
{
  g_autoptr (GBytes) token = NULL;

  if (!opt_delegate && !opt_prove)
    return NULL;
  *expires = g_get_real_time () / G_USEC_PER_SEC + parse_time (opt_expires ? opt_expires
                                                               : opt_prove ? "10m"
                                                                           : "30d");
  token = opt_delegate ? ec_identity_delegate (identity, opt_delegate, opt_prefix, *expires, error)
                       : ec_identity_prove (identity, opt_prove, opt_prefix, *expires, error);
  return token ? to_text (token) : NULL;
}

static gboolean
check_usage (void)
{
  const char *wrong = NULL;

  if (opt_delegate && opt_prove)
    wrong = "--delegate and --prove make one token each; ask for one at a time";
  else if ((opt_prefix || opt_expires) && !opt_delegate && !opt_prove)
    wrong = "--prefix and --expires are of a token; say --delegate or --prove too";
  else if (opt_expires && parse_time (opt_expires) < 0)
    wrong = "--expires takes a number and s, m, h or d, such as 30d";
  if (wrong)
    g_printerr ("ec " VERB ": %s.\n", wrong);
  return !wrong;
}

static void
print_json (EcIdentity *identity, const char *path, const char *token, gint64 expires)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "node_id");
  json_builder_add_string_value (builder, ec_identity_get_node_id (identity));
  json_builder_set_member_name (builder, "file");
  json_builder_add_string_value (builder, path);
  if (token) {
    json_builder_set_member_name (builder, "token");
    json_builder_add_string_value (builder, token);
    json_builder_set_member_name (builder, "expires");
    json_builder_add_int_value (builder, expires);
  }
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
}

EcToolStatus
ec_verb_id (int argc, char **argv)
{
  EcToolStatus status = EC_TOOL_DONE;
  g_autoptr (EcIdentity) identity = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *token = NULL;
  gint64 expires = 0;

  if (!ec_tool_parse (&argc, &argv, entries, "", "Print this node's id, or a token of its key.",
                      description, 0, 0, &status))
    return status;
  if (!check_usage ())
    return EC_TOOL_USAGE;

  path = opt_file ? g_strdup (opt_file) : ec_identity_dup_default_path ();
  identity = ec_identity_load (path, opt_new, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_prefix_error (&error, "There is no identity yet; “ec id --new” makes one. ");
  if (!identity)
    return ec_tool_fail (VERB, error);
  token = make_token (identity, &expires, &error);
  if (error)
    return ec_tool_fail (VERB, error);

  if (opt_json)
    print_json (identity, path, token, expires);
  else
    g_print ("%s\n", token ? token : ec_identity_get_node_id (identity));
  return EC_TOOL_DONE;
}
