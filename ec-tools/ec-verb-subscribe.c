/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static char *track;
static char *space;
static char *output;
static char *range;
static char *ca_file;
static char **hashes;
static char **protocols;
static char *token;
static double list_time = 2;
static gint64 max_objects;
static gboolean dump;
static gboolean as_json;
static gboolean list;
static gboolean force;

static const GOptionEntry entries[] = {
  { "track", 't', 0, G_OPTION_ARG_STRING, &track, "The track; “catalog” if it is not said",
    "TRACK" },
  { "namespace", 'n', 0, G_OPTION_ARG_STRING, &space,
    "The track's namespace; the URI's path is then the server's", "NAME" },
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output,
    "Write the objects' payloads to FILE; - is standard output", "FILE" },
  { "force", 'f', 0, G_OPTION_ARG_NONE, &force, "Overwrite FILE if it is there", NULL },
  { "dump", 'd', 0, G_OPTION_ARG_NONE, &dump, "Print a line for each object", NULL },
  { "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print a JSON object for each object", NULL },
  { "fetch", 0, 0, G_OPTION_ARG_STRING, &range, "Fetch the groups FROM to TO, and end", "FROM-TO" },
  { "list", 'l', 0, G_OPTION_ARG_NONE, &list, "List the namespaces that begin with NAME", NULL },
  { "list-time", 0, 0, G_OPTION_ARG_DOUBLE, &list_time, "For how long to listen for them (2)",
    "SECONDS" },
  { "objects", 'c', 0, G_OPTION_ARG_INT64, &max_objects, "End after so many objects", "N" },
  { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &ca_file,
    "A PEM file of the authorities that are trusted", "FILE" },
  { "certificate-hash", 0, 0, G_OPTION_ARG_STRING_ARRAY, &hashes,
    "SHA-256 of the server's certificate; may be repeated", "HASH" },
  { "protocol", 0, 0, G_OPTION_ARG_STRING_ARRAY, &protocols,
    "A draft to offer, such as moqt-18; may be repeated", "DRAFT" },
  { "token", 0, 0, G_OPTION_ARG_STRING, &token,
    "Show the server this token, of ec id or its secret; @FILE has it in its first line", "TOKEN" },
  { NULL },
};

static const char description[] =
    "Subscribes to a track of Media over QUIC, and reads it until it ends, --objects have come, "
    "or\n"
    "Ctrl-C. It begins with the first object of the group that is open.\n"
    "\n"
    "The URI's path is the namespace: fields with “/” between them. moqt:// is QUIC, https:// is\n"
    "WebTransport. With --namespace the path is what the server is asked for. “?hash=…”, “ca=”,\n"
    "“track=”, “path=” and “token=” behind it do the same as in the addresses that ec record "
    "takes.\n"
    "\n"
    "Examples:\n"
    "  ec subscribe moqt://relay.example:4443/ec/v1/atsc/2065/3/ts-canonical-1 -t chunks -o -\n"
    "  ec subscribe https://relay.example/moq --namespace live/one --dump\n"
    "  ec subscribe moqt://127.0.0.1:4443/ec --list --certificate-hash 1f…\n"
    "\n"
    "--dump prints group, object, priority, bytes, properties and time of arrival; a group's end\n"
    "says “ended”, or “lost” if something of it did not come; so do groups of --fetch that did not "
    "come\n"
    "at all, “5-8 lost” if they are several. --json prints the same as objects.";

/* Groups from the first to the last; empty where that is before it. */
typedef struct {
  guint64 first, last;
} Groups;

typedef struct {
  int fd; /* -1: none */
  guint64 objects, bytes, lost;
  gint64 start;  /* µs, monotonic */
  Groups wanted; /* of a fetch: those of which nothing was told yet; in order */
} Progress;

static EcToolStatus
usage (const char *message)
{
  g_printerr ("ec subscribe: %s\nTry “ec subscribe --help”.\n", message);
  return EC_TOOL_USAGE;
}

static void
add_hash (const char *value)
{
  guint n = hashes ? g_strv_length (hashes) : 0;

  hashes = g_renew (char *, hashes, n + 2);
  hashes[n] = g_strdup (value);
  hashes[n + 1] = NULL;
}

static void
take_default (char **option, const char *value)
{
  if (!*option)
    *option = g_strdup (value);
}

/* FALSE: there is no such option. */
static gboolean
take_parameter (const char *name, const char *value, char **path)
{
  if (strcmp (name, "hash") == 0)
    add_hash (value);
  else if (strcmp (name, "ca") == 0)
    take_default (&ca_file, value);
  else if (strcmp (name, "track") == 0)
    take_default (&track, value);
  else if (strcmp (name, "token") == 0)
    take_default (&token, value);
  else if (strcmp (name, "path") == 0) {
    g_free (*path);
    *path = g_strconcat (*value == '/' ? "" : "/", value, NULL);
  } else
    /* What chunks are checked against and filled up from: here they are passed on as they come. */
    return strcmp (name, "publisher") == 0 || strcmp (name, "source") == 0;
  return TRUE;
}

/* What the address of a broadcast says behind “?”, as `ec record` takes it; what options say counts more. */
static gboolean
take_query (const char *query, char **path, GError **error)
{
  GUriParamsIter iter;
  char *name, *value;
  gboolean good = TRUE;

  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_NONE);
  while (good && g_uri_params_iter_next (&iter, &name, &value, error)) {
    good = take_parameter (name, value, path);
    if (!good)
      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                   "The address has an option “%s” that is not known. There are track, path, hash, "
                   "ca, publisher, source and token.",
                   name);
    g_free (name);
    g_free (value);
  }
  return !*error;
}

/* “a/b”, of which a “/” at the end is not meant. */
static gboolean
take_name (const char *text, char **name, GError **error)
{
  g_autofree char *field = g_strdup (text);
  g_autoptr (EcMoqTrack) valid = NULL;
  g_autoptr (GError) local = NULL;

  if (g_str_has_suffix (field, "/"))
    field[strlen (field) - 1] = '\0';
  valid = *field ? ec_moq_track_new (field, "catalog", NULL, &local) : NULL;
  if (local) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI, "“%s” is no namespace: %s.", text,
                 local->message);
    return FALSE;
  }
  *name = g_steal_pointer (&field);
  return TRUE;
}

/* “moqt://host:1/a/b” is “moqt://host:1” and “a/b”, unless the namespace is said apart. */
static gboolean
split_uri (const char *text, char **uri, char **name, GError **error)
{
  g_autoptr (GUri) parsed = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *server_path = g_strdup ("");
  const char *path;

  if (space) {
    *uri = g_strdup (text);
    return take_name (space, name, error);
  }
  parsed = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  if (!parsed || !g_uri_get_host (parsed) || !*g_uri_get_host (parsed)) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                 "“%s” is no address of a track: it ought to look like moqt://HOST:PORT/NAME, or "
                 "moqt://[::1]:PORT/NAME.",
                 text);
    return FALSE;
  }
  if (g_uri_get_query (parsed) && !take_query (g_uri_get_query (parsed), &server_path, &local)) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  path = g_uri_get_path (parsed);
  *uri = g_uri_join (G_URI_FLAGS_ENCODED, g_uri_get_scheme (parsed), g_uri_get_userinfo (parsed),
                     g_uri_get_host (parsed), g_uri_get_port (parsed), server_path, NULL, NULL);
  return take_name (*path == '/' ? path + 1 : path, name, error);
}

/* NULL: the token's file cannot be read. */
static EcMoqConnectOptions *
make_options (GError **error)
{
  g_autoptr (EcMoqConnectOptions) options = ec_moq_connect_options_new ();

  g_object_set (options, "ca-file", ca_file, "certificate-hashes", hashes, NULL);
  if (protocols)
    g_object_set (options, "protocols", protocols, NULL);
  return ec_tool_set_token (options, token, error) ? g_steal_pointer (&options) : NULL;
}

/* -- Objects */

static gboolean
write_all (int fd, const guint8 *data, gsize size, GError **error)
{
  while (size > 0) {
    ssize_t n = write (fd, data, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Writing to %s failed: %s.",
                   strcmp (output, "-") == 0 ? "standard output" : output, g_strerror (errno));
      return FALSE;
    }
    data += n;
    size -= (gsize) n;
  }
  return TRUE;
}

static const char *
kind_name (EcMoqObject *object)
{
  switch (ec_moq_object_get_kind (object)) {
  case EC_MOQ_OBJECT_KIND_OBJECT:
    return "object";
  case EC_MOQ_OBJECT_KIND_GROUP_ENDED:
    return "ended";
  case EC_MOQ_OBJECT_KIND_GROUP_LOST:
    break;
  }
  return "lost";
}

/* “0x2=5,0x3=0aff”; “-”: none. */
static char *
describe_properties (EcMoqObject *object)
{
  g_autoptr (GVariant) properties = ec_moq_object_get_properties (object);
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  GVariant *value;
  guint64 type;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "(tv)", &type, &value)) {
    g_string_append_printf (text, "%s0x%" G_GINT64_MODIFIER "x=", text->len ? "," : "", type);
    if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64)) {
      g_string_append_printf (text, "%" G_GUINT64_FORMAT, g_variant_get_uint64 (value));
    } else {
      gsize size;
      const guint8 *data = g_variant_get_fixed_array (value, &size, 1);

      for (gsize i = 0; i < size; i++)
        g_string_append_printf (text, "%02x", data[i]);
    }
  }
  if (text->len == 0)
    g_string_append_c (text, '-');
  return g_string_free (text, FALSE);
}

static void
print_object_line (EcMoqObject *object)
{
  g_autoptr (GDateTime) seconds =
      g_date_time_new_from_unix_utc (ec_moq_object_get_arrival (object) / G_USEC_PER_SEC);
  g_autofree char *time = g_date_time_format (seconds, "%H:%M:%S");
  g_autofree char *properties = describe_properties (object);

  ec_tool_progress_clear ();
  if (ec_moq_object_get_kind (object) != EC_MOQ_OBJECT_KIND_OBJECT)
    g_print ("%" G_GUINT64_FORMAT " %s\n", ec_moq_object_get_group (object), kind_name (object));
  else
    g_print ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " priority %u %" G_GSIZE_FORMAT
             " bytes properties %s at %s.%06u\n",
             ec_moq_object_get_group (object), ec_moq_object_get_id (object),
             ec_moq_object_get_priority (object),
             g_bytes_get_size (ec_moq_object_get_payload (object)), properties, time,
             (guint) (ec_moq_object_get_arrival (object) % G_USEC_PER_SEC));
}

static void
add_int (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

static void
print_object_json (EcMoqObject *object)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *properties = describe_properties (object);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "kind");
  json_builder_add_string_value (builder, kind_name (object));
  add_int (builder, "group", ec_moq_object_get_group (object));
  if (ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_OBJECT) {
    add_int (builder, "object", ec_moq_object_get_id (object));
    add_int (builder, "subgroup", ec_moq_object_get_subgroup (object));
    add_int (builder, "priority", ec_moq_object_get_priority (object));
    add_int (builder, "bytes", g_bytes_get_size (ec_moq_object_get_payload (object)));
    json_builder_set_member_name (builder, "properties");
    json_builder_add_string_value (builder, properties);
  }
  add_int (builder, "arrival_us", (guint64) ec_moq_object_get_arrival (object));
  json_builder_end_object (builder);
  ec_tool_print_builder (builder);
}

static gboolean
print_object (EcMoqObject *object, GError **error)
{
  if (as_json)
    print_object_json (object);
  else if (dump)
    print_object_line (object);
  return (!as_json && !dump) || ec_tool_check_output (error);
}

/* Groups of which nothing came, however many, in one line; a single one as any other that was lost. */
static gboolean
print_missing (const Groups *groups, GError **error)
{
  if (as_json) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();

    json_builder_begin_object (builder);
    json_builder_set_member_name (builder, "kind");
    json_builder_add_string_value (builder, "lost");
    add_int (builder, "group", groups->first);
    if (groups->last > groups->first)
      add_int (builder, "last_group", groups->last);
    add_int (builder, "arrival_us", (guint64) g_get_real_time ());
    json_builder_end_object (builder);
    ec_tool_print_builder (builder);
  } else if (dump) {
    ec_tool_progress_clear ();
    if (groups->last > groups->first)
      g_print ("%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " lost\n", groups->first, groups->last);
    else
      g_print ("%" G_GUINT64_FORMAT " lost\n", groups->first);
  }
  return (!as_json && !dump) || ec_tool_check_output (error);
}

/* Nothing of those that were wanted, up to `group` and without it, came. */
static gboolean
miss_until (Progress *progress, guint64 group, GError **error)
{
  Groups missing = { progress->wanted.first, group - 1 };

  if (progress->wanted.first >= group)
    return TRUE;
  progress->wanted.first = group;
  progress->lost += group - missing.first;
  return print_missing (&missing, error);
}

/* What a fetch says of groups that nobody has differs from server to server, and is seldom all: it is told by what came. TRUE: go on. */
static gboolean
tell_object (EcMoqObject *object, Progress *progress, GError **error)
{
  gboolean lost = ec_moq_object_get_kind (object) == EC_MOQ_OBJECT_KIND_GROUP_LOST;
  guint64 group = ec_moq_object_get_group (object);

  if (range && group >= progress->wanted.first && group <= progress->wanted.last) {
    /* With the others around it, once it is known how many these are. */
    if (lost)
      return TRUE;
    if (!miss_until (progress, group, error))
      return FALSE;
    progress->wanted.first = group + 1;
  }
  progress->lost += lost;
  return print_object (object, error);
}

/* FALSE at the end, good or bad. */
static gboolean
take_object (EcMoqSubscription *subscription, Progress *progress, GError **error)
{
  g_autoptr (EcMoqObject) object =
      ec_moq_subscription_read_object (subscription, ec_tool_get_cancellable (), error);
  GBytes *payload;
  double seconds;

  if (!object) {
    /* A fetch that came to its end. */
    if (range && !*error && miss_until (progress, progress->wanted.last + 1, error) &&
        progress->objects == 0)
      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_NOT_FOUND,
                   "Nothing of the groups %s came: who was asked has none of them, or no more.",
                   range);
    return FALSE;
  }
  if (!tell_object (object, progress, error))
    return FALSE;
  if (ec_moq_object_get_kind (object) != EC_MOQ_OBJECT_KIND_OBJECT)
    return TRUE;
  payload = ec_moq_object_get_payload (object);
  progress->objects++;
  progress->bytes += g_bytes_get_size (payload);
  if (progress->fd >= 0 && !write_all (progress->fd, g_bytes_get_data (payload, NULL),
                                       g_bytes_get_size (payload), error))
    return FALSE;
  seconds = (double) (g_get_monotonic_time () - progress->start) / G_USEC_PER_SEC;
  ec_tool_progress ("group %" G_GUINT64_FORMAT "  %" G_GUINT64_FORMAT " objects  %.1f Mb/s  "
                    "%" G_GUINT64_FORMAT " groups with losses",
                    ec_moq_object_get_group (object), progress->objects,
                    (double) progress->bytes * 8 / MAX (seconds, 0.001) / 1e6, progress->lost);
  return max_objects <= 0 || progress->objects < (guint64) max_objects;
}

static gboolean
open_output (Progress *progress, GError **error)
{
  progress->fd = -1;
  if (!output)
    return TRUE;
  if (strcmp (output, "-") == 0)
    progress->fd = STDOUT_FILENO;
  else
    progress->fd = open (output, ec_tool_get_open_flags (output, force), 0666);
  if (progress->fd >= 0)
    return TRUE;
  if (errno == EEXIST)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "“%s” is there already. Choose another name, or overwrite it with --force.",
                 output);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "“%s” cannot be written: %s. Check the folder and its permissions.", output,
                 g_strerror (errno));
  return FALSE;
}

static gboolean
read_all (EcMoqSubscription *subscription, const Groups *wanted, GError **error)
{
  Progress progress = { .start = g_get_monotonic_time (), .wanted = *wanted };
  g_autoptr (GError) local = NULL;

  if (!open_output (&progress, error))
    return FALSE;
  while (take_object (subscription, &progress, &local))
    ;
  ec_tool_progress_clear ();
  if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_clear_error (&local);
  if (progress.fd > STDERR_FILENO && close (progress.fd) < 0 && !local)
    g_set_error (&local, G_IO_ERROR, g_io_error_from_errno (errno), "Writing to %s failed: %s.",
                 output, g_strerror (errno));
  if (local) {
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  if (!as_json)
    g_printerr ("%" G_GUINT64_FORMAT " objects, %" G_GUINT64_FORMAT " bytes, %" G_GUINT64_FORMAT
                " groups with losses\n",
                progress.objects, progress.bytes, progress.lost);
  return TRUE;
}

/* -- Namespaces */

static gboolean
on_list_time (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
list_namespaces (EcMoqSession *session, const char *prefix, GError **error)
{
  g_autoptr (EcMoqAnnouncements) found =
      ec_moq_session_list_announcements (session, *prefix ? prefix : NULL, error);
  g_autoptr (GError) refused = NULL;
  gboolean over = FALSE;
  guint timer;

  if (!found)
    return FALSE;
  timer = g_timeout_add ((guint) (list_time * 1000), on_list_time, &over);
  /* What the peer has comes when it likes; it does not say when that was all. */
  while (!over && !g_cancellable_is_cancelled (ec_tool_get_cancellable ()))
    g_main_context_iteration (NULL, TRUE);
  if (!over)
    g_source_remove (timer);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (found)); i++) {
    g_autoptr (EcMoqAnnouncement) item = g_list_model_get_item (G_LIST_MODEL (found), i);

    if (as_json) {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      json_builder_begin_object (builder);
      json_builder_set_member_name (builder, "namespace");
      json_builder_add_string_value (builder, ec_moq_announcement_get_namespace (item));
      json_builder_end_object (builder);
      ec_tool_print_builder (builder);
    } else {
      g_print ("%s\n", ec_moq_announcement_get_namespace (item));
    }
  }
  if (g_list_model_get_n_items (G_LIST_MODEL (found)) == 0 && !as_json)
    g_printerr (
        "ec subscribe: nothing was announced within %g s.%s\n", list_time,
        *prefix ? ""
                : " Not every server tells all of it unasked: name a beginning, such as “/ec”.");
  refused = ec_moq_announcements_dup_error (found);
  if (!refused || g_list_model_get_n_items (G_LIST_MODEL (found)) > 0)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&refused));
  return FALSE;
}

static gboolean
parse_range (Groups *groups)
{
  g_auto (GStrv) parts = g_strsplit (range, "-", 3);

  return g_strv_length (parts) == 2 &&
         g_ascii_string_to_unsigned (parts[0], 10, 0, G_MAXINT64, &groups->first, NULL) &&
         g_ascii_string_to_unsigned (parts[1], 10, groups->first, G_MAXINT64, &groups->last, NULL);
}

static gboolean
run (EcMoqSession *session, const char *name, const Groups *wanted, GError **error)
{
  g_autoptr (EcMoqSubscription) subscription = NULL;
  const char *which = track ? track : "catalog";

  if (list)
    return list_namespaces (session, name, error);
  if (range)
    subscription = ec_moq_session_fetch (session, name, which, wanted->first, wanted->last,
                                         ec_tool_get_cancellable (), error);
  else
    subscription = ec_moq_session_subscribe (session, name, which, EC_MOQ_START_CURRENT_GROUP,
                                             ec_tool_get_cancellable (), error);
  return subscription && read_all (subscription, wanted, error);
}

EcToolStatus
ec_verb_subscribe (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcMoqConnectOptions) options = NULL;
  g_autoptr (EcMoqSession) session = NULL;
  g_autofree char *uri = NULL, *name = NULL;
  Groups wanted = { 0, 0 };
  EcToolStatus status;

  if (!ec_tool_parse (&argc, &argv, entries, "URI", "Read a track of Media over QUIC.", description,
                      1, 1, &status))
    return status;
  if (range && !parse_range (&wanted))
    return usage ("--fetch takes two groups, the first not above the second: 5-8.");
  if (output && strcmp (output, "-") == 0 && (dump || as_json))
    return usage ("--dump and --json, and -o -, would both write to standard output.");
  if (list_time < 0 || list_time > 1e6 || max_objects < 0)
    return usage ("--list-time and --objects must not be negative.");
  if (!split_uri (argv[1], &uri, &name, &error)) {
    ec_tool_fail ("subscribe", error);
    return EC_TOOL_USAGE;
  }
  if (!list && !*name)
    return usage ("which namespace? Write it behind the address, or say --namespace.");

  /* Before any thread starts: the signals must be blocked in all of them. */
  ec_tool_get_cancellable ();
  options = make_options (&error);
  if (!options)
    return ec_tool_fail ("subscribe", error);
  ec_tool_progress ("Connecting to %s…", uri);
  session = ec_moq_session_new_for_uri (uri, options, ec_tool_get_cancellable (), &error);
  status = session && run (session, name, &wanted, &error) ? EC_TOOL_DONE : EC_TOOL_FAILED;
  if (session)
    ec_moq_session_close (session);
  return error ? ec_tool_fail ("subscribe", error) : status;
}
