/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-catalog.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/ec-error.h"
#include "base/ec-json-scan.h"

#define MAX_DEPTH 16
#define MAX_INTEGER (G_GINT64_CONSTANT (1) << 53) /* RFC 8259 §6: what all read alike */
#define MAX_PID 0x1fff
#define MAX_CHANGES 1024

typedef enum {
  STRING,
  INTEGER,
  NUMBER,
  BOOLEAN, /* written if true */
  LIVE,    /* always written */
  PIDS,
} FieldKind;

typedef struct {
  const char *name;
  FieldKind kind;
  gsize offset;
  gint64 max; /* of integers; 0: MAX_INTEGER */
} Field;

#define AT(member) G_STRUCT_OFFSET (EcMoqtCatalogTrack, member)

/* MSF's “Track Object Fields” that we know, in the order in which they are written. */
static const Field fields[] = {
  { "namespace", STRING, AT (space), 0 },
  { "name", STRING, AT (name), 0 },
  { "packaging", STRING, AT (packaging), 0 },
  { "isLive", LIVE, AT (is_live), 0 },
  { "targetLatency", INTEGER, AT (target_latency), 0 },
  { "role", STRING, AT (role), 0 },
  { "label", STRING, AT (label), 0 },
  { "renderGroup", INTEGER, AT (render_group), 0 },
  { "altGroup", INTEGER, AT (alt_group), 0 },
  { "codec", STRING, AT (codec), 0 },
  { "mimeType", STRING, AT (mime_type), 0 },
  { "framerate", NUMBER, AT (framerate), 0 },
  { "bitrate", INTEGER, AT (bitrate), 0 },
  { "width", INTEGER, AT (width), 0 },
  { "height", INTEGER, AT (height), 0 },
  { "samplerate", INTEGER, AT (samplerate), 0 },
  { "channelConfig", STRING, AT (channel_config), 0 },
  { "lang", STRING, AT (lang), 0 },
  { "trackDuration", INTEGER, AT (track_duration), 0 },
  /* MSFTS, table 1 */
  { "m2tsPacketSize", INTEGER, AT (m2ts_packet_size), 0 },
  { "m2tsPacketsPerObject", INTEGER, AT (m2ts_packets_per_object), 0 },
  { "m2tsProgramNumber", INTEGER, AT (m2ts_program_number), 65535 },
  { "m2tsPmtPid", INTEGER, AT (m2ts_pmt_pid), MAX_PID },
  { "m2tsPcrPid", INTEGER, AT (m2ts_pcr_pid), MAX_PID },
  { "m2tsPsiInterval", INTEGER, AT (m2ts_psi_interval), 0 },
  { "m2tsSiPids", PIDS, AT (m2ts_si_pids), 0 },
  { "m2tsMuxRate", INTEGER, AT (m2ts_mux_rate), 0 },
  { "m2tsRandomAccess", BOOLEAN, AT (m2ts_random_access), 0 },
  { "m2tsTimestampMode", STRING, AT (m2ts_timestamp_mode), 0 },
  { "m2tsScte35Pid", INTEGER, AT (m2ts_scte35_pid), MAX_PID },
  { "m2tsMpts", BOOLEAN, AT (m2ts_mpts), 0 },
  { "initData", STRING, AT (init_data), 0 },
};

static gpointer
member (const EcMoqtCatalogTrack *track, const Field *field)
{
  return (guint8 *) track + field->offset;
}

EcMoqtCatalogTrack *
ec_moqt_catalog_track_new (const char *name, const char *packaging)
{
  EcMoqtCatalogTrack *self = g_new0 (EcMoqtCatalogTrack, 1);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (fields[i].kind == INTEGER)
      *(gint64 *) member (self, &fields[i]) = -1;
    else if (fields[i].kind == NUMBER)
      *(double *) member (self, &fields[i]) = -1;
  }
  self->is_live = TRUE;
  self->name = g_strdup (name);
  self->packaging = g_strdup (packaging);
  return self;
}

void
ec_moqt_catalog_track_free (EcMoqtCatalogTrack *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (fields[i].kind == STRING)
      g_free (*(char **) member (self, &fields[i]));
  }
  g_free (self);
}

static EcMoqtCatalogTrack *
copy_track (const EcMoqtCatalogTrack *track)
{
  EcMoqtCatalogTrack *copy = g_memdup2 (track, sizeof *track);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    char **string = member (copy, &fields[i]);

    if (fields[i].kind == STRING)
      *string = g_strdup (*string);
  }
  return copy;
}

static gsize
memory_of (const EcMoqtCatalogTrack *track)
{
  gsize memory = 0;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    const char *string = fields[i].kind == STRING ? *(char **) member (track, &fields[i]) : NULL;

    memory += string ? strlen (string) + 1 : 0;
  }
  return memory;
}

EcMoqtCatalog *
ec_moqt_catalog_new (void)
{
  EcMoqtCatalog *self = g_new0 (EcMoqtCatalog, 1);

  self->generated_at = -1;
  self->tracks = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_moqt_catalog_track_free);
  return self;
}

void
ec_moqt_catalog_free (EcMoqtCatalog *self)
{
  g_free (self->version);
  g_ptr_array_unref (self->tracks);
  g_free (self);
}

static gpointer
copy_track_func (gconstpointer track, gpointer user_data)
{
  return copy_track (track);
}

static gboolean
find_index (const EcMoqtCatalog *self, const char *space, const char *name, guint *index)
{
  for (guint i = 0; i < self->tracks->len; i++) {
    const EcMoqtCatalogTrack *track = g_ptr_array_index (self->tracks, i);

    if (g_strcmp0 (track->name, name) == 0 && g_strcmp0 (track->space, space) == 0) {
      *index = i;
      return TRUE;
    }
  }
  return FALSE;
}

const EcMoqtCatalogTrack *
ec_moqt_catalog_find (const EcMoqtCatalog *self, const char *space, const char *name)
{
  guint i;

  return find_index (self, space, name, &i) ? g_ptr_array_index (self->tracks, i) : NULL;
}

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_PROTOCOL, "The catalog is not right: %s", why);
  return FALSE;
}

/* Reading: the text of one catalog, and how much what was made of it may still need. */
typedef struct {
  EcMoqtCatalog *catalog;
  JsonObject *root;
  gsize memory;
  guint n_changes;
} Reading;

static JsonNode *
get_value (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

/* NULL if there is none. */
static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = get_value (object, name);

  return node && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node)
                                                                  : NULL;
}

static gboolean
get_boolean (JsonObject *object, const char *name, gboolean otherwise)
{
  JsonNode *node = get_value (object, name);

  return node && json_node_get_value_type (node) == G_TYPE_BOOLEAN ? json_node_get_boolean (node)
                                                                   : otherwise;
}

/* −1: no number, or not in its range. */
static double
node_number (JsonNode *node)
{
  GType type = node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_NONE;
  double number = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double (node) : -1;

  return number >= 0 && number <= (double) MAX_INTEGER ? number : -1;
}

static gint64
node_integer (JsonNode *node, gint64 max)
{
  double number = node_number (node);

  return number <= (double) max ? (gint64) number : -1;
}

/* The array of objects of that name; NULL if there is none. */
static JsonArray *
get_objects (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array;

  if (!node || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    if (!JSON_NODE_HOLDS_OBJECT (json_array_get_element (array, i)))
      return NULL;
  }
  return array;
}

static void
read_pids (JsonNode *node, EcMoqtCatalogTrack *track)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;

  track->n_m2ts_si_pids = 0;
  for (guint i = 0; array && i < json_array_get_length (array); i++) {
    gint64 pid = node_integer (json_array_get_element (array, i), MAX_PID);

    if (pid >= 0 && track->n_m2ts_si_pids < EC_MOQT_CATALOG_MAX_PIDS)
      track->m2ts_si_pids[track->n_m2ts_si_pids++] = (guint16) pid;
  }
}

/* MSF's “Initialization Data List”: what a track refers to, if it is there at all. */
static const char *
find_init_data (Reading *reading, JsonObject *object)
{
  const char *ref = get_string (object, "initRef");
  JsonArray *list = ref ? get_objects (reading->root, "initDataList") : NULL;

  for (guint i = 0; list && i < MIN (json_array_get_length (list), EC_MOQT_CATALOG_MAX_TRACKS);
       i++) {
    JsonObject *entry = json_array_get_object_element (list, i);

    if (g_strcmp0 (get_string (entry, "id"), ref) == 0 &&
        g_strcmp0 (get_string (entry, "type"), "inline") == 0)
      return get_string (entry, "data");
  }
  return NULL;
}

static void
set_string (char **string, const char *value)
{
  g_free (*string);
  *string = g_strdup (value);
}

/* What the object says; the rest stays. */
static void
read_track (Reading *reading, JsonObject *object, EcMoqtCatalogTrack *track)
{
  const char *init_data = find_init_data (reading, object);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    const Field *field = &fields[i];
    JsonNode *node = json_object_get_member (object, field->name);

    if (!node)
      continue;
    switch (field->kind) {
    case STRING:
      if (get_string (object, field->name))
        set_string (member (track, field), get_string (object, field->name));
      break;
    case INTEGER:
      *(gint64 *) member (track, field) =
          node_integer (node, field->max > 0 ? field->max : MAX_INTEGER);
      break;
    case NUMBER:
      *(double *) member (track, field) = node_number (node);
      break;
    case BOOLEAN:
    case LIVE:
      *(gboolean *) member (track, field) =
          get_boolean (object, field->name, *(gboolean *) member (track, field));
      break;
    case PIDS:
      read_pids (node, track);
      break;
    }
  }
  if (init_data && !get_string (object, "initData"))
    set_string (&track->init_data, init_data);
}

static gboolean
add_track (Reading *reading, EcMoqtCatalogTrack *track, GError **error)
{
  g_autoptr (EcMoqtCatalogTrack) owned = track;

  if (!track->name || !track->packaging)
    return refuse (error, "a track without name or packaging");
  if (ec_moqt_catalog_find (reading->catalog, track->space, track->name))
    return refuse (error, "two tracks of one name");
  reading->memory += memory_of (track);
  if (reading->memory > EC_MOQT_CATALOG_MAX_MEMORY ||
      reading->catalog->tracks->len == EC_MOQT_CATALOG_MAX_TRACKS)
    return refuse (error, "it is too large");
  g_ptr_array_add (reading->catalog->tracks, g_steal_pointer (&owned));
  return TRUE;
}

static gboolean
apply_add (Reading *reading, JsonObject *object, GError **error)
{
  EcMoqtCatalogTrack *track = ec_moqt_catalog_track_new (NULL, NULL);

  read_track (reading, object, track);
  return add_track (reading, track, error);
}

static gboolean
apply_remove (Reading *reading, JsonObject *object, GError **error)
{
  guint i;

  if (!find_index (reading->catalog, get_string (object, "namespace"), get_string (object, "name"),
                   &i))
    return refuse (error, "it removes a track that it does not have");
  reading->memory -= memory_of (g_ptr_array_index (reading->catalog->tracks, i));
  g_ptr_array_remove_index (reading->catalog->tracks, i);
  return TRUE;
}

/* The parent. MSF's own example of an update says “name” and means “parentName”. */
static gboolean
find_parent (Reading *reading, JsonObject *object, gboolean update, guint *index)
{
  const char *name = get_string (object, "parentName");

  if (!name && update)
    return find_index (reading->catalog, get_string (object, "namespace"),
                       get_string (object, "name"), index);
  return name && find_index (reading->catalog, get_string (object, "parentNamespace"), name, index);
}

static gboolean
apply_clone (Reading *reading, JsonObject *object, GError **error)
{
  EcMoqtCatalogTrack *track;
  guint i;

  if (!find_parent (reading, object, FALSE, &i))
    return refuse (error, "it clones a track that it does not have");
  if (!get_string (object, "name"))
    return refuse (error, "a clone without a name");
  track = copy_track (g_ptr_array_index (reading->catalog->tracks, i));
  read_track (reading, object, track);
  return add_track (reading, track, error);
}

static gboolean
apply_update (Reading *reading, JsonObject *object, GError **error)
{
  EcMoqtCatalogTrack *track;
  guint i;

  if (!find_parent (reading, object, TRUE, &i))
    return refuse (error, "it updates a track that it does not have");
  /* Out and in again: its new name may be another's. */
  track = g_ptr_array_steal_index (reading->catalog->tracks, i);
  reading->memory -= memory_of (track);
  read_track (reading, object, track);
  return add_track (reading, track, error);
}

typedef gboolean (*Apply) (Reading *reading, JsonObject *object, GError **error);

static gboolean
apply_all (Reading *reading, JsonObject *object, Apply apply, GError **error)
{
  JsonArray *tracks = get_objects (object, "tracks");

  if (!tracks)
    return refuse (error, "there are no tracks where some must be");
  /* Each may copy a track as large as a catalog can be. */
  reading->n_changes += json_array_get_length (tracks);
  if (reading->n_changes > MAX_CHANGES)
    return refuse (error, "it is too large");
  for (guint i = 0; i < json_array_get_length (tracks); i++) {
    if (!apply (reading, json_array_get_object_element (tracks, i), error))
      return FALSE;
  }
  return TRUE;
}

/* MSF, “Delta update” */
static gboolean
read_delta (Reading *reading, GError **error)
{
  static const struct {
    const char *op;
    Apply apply;
  } operations[] = {
    { "add", apply_add },
    { "remove", apply_remove },
    { "clone", apply_clone },
    { "update", apply_update },
  };
  JsonArray *list = get_objects (reading->root, "deltaUpdate");

  if (!list || json_array_get_length (list) > EC_MOQT_CATALOG_MAX_TRACKS)
    return refuse (error, "a delta update without operations, or with too many");
  for (guint i = 0; i < json_array_get_length (list); i++) {
    JsonObject *object = json_array_get_object_element (list, i);
    const char *op = get_string (object, "op");
    guint which = 0;

    while (which < G_N_ELEMENTS (operations) && g_strcmp0 (op, operations[which].op) != 0)
      which++;
    if (which == G_N_ELEMENTS (operations))
      return refuse (error, "an unknown operation");
    if (!apply_all (reading, object, operations[which].apply, error))
      return FALSE;
  }
  return TRUE;
}

/* MSF, “MSF version”: “draft-XX”; the number 1 is what MSFTS' examples say. */
static gboolean
read_version (Reading *reading, GError **error)
{
  JsonNode *node = get_value (reading->root, "version");
  const char *version = get_string (reading->root, "version");

  if (node && !version && node_integer (node, MAX_INTEGER) == 1)
    version = "1";
  if (!version || (!g_str_has_prefix (version, "draft-") && !g_str_equal (version, "1"))) {
    g_set_error_literal (error, EC_MOQ_ERROR, EC_MOQ_ERROR_NOT_SUPPORTED,
                         "The catalog is of a version that is not known");
    return FALSE;
  }
  set_string (&reading->catalog->version, version);
  return TRUE;
}

/* Into `catalog`, which is a copy that is thrown away when it fails. */
static gboolean
read_root (EcMoqtCatalog *catalog, JsonObject *root, gboolean delta, GError **error)
{
  Reading reading = { .catalog = catalog, .root = root };
  JsonNode *generated_at = json_object_get_member (root, "generatedAt");

  for (guint i = 0; i < catalog->tracks->len; i++)
    reading.memory += memory_of (g_ptr_array_index (catalog->tracks, i));
  if (generated_at)
    catalog->generated_at = node_integer (generated_at, MAX_INTEGER);
  if (delta)
    return read_delta (&reading, error);
  if (!read_version (&reading, error))
    return FALSE;
  catalog->is_complete = get_boolean (root, "isComplete", FALSE);
  return apply_all (&reading, root, apply_add, error);
}

static JsonObject *
parse (JsonParser *parser, const char *text, gsize size, GError **error)
{
  JsonNode *root;

  if (size > EC_MOQT_CATALOG_MAX_TEXT) {
    refuse (error, "it is longer than 1 MiB");
    return NULL;
  }
  if (!g_utf8_validate (text, (gssize) size, NULL) ||
      !ec_json_scan_is_one (text, size, MAX_DEPTH) ||
      !json_parser_load_from_data (parser, text, (gssize) size, NULL)) {
    refuse (error, "it is no JSON");
    return NULL;
  }
  root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    refuse (error, "it is no JSON object");
    return NULL;
  }
  return json_node_get_object (root);
}

EcMoqtCatalog *
ec_moqt_catalog_new_from_text (const char *text, gsize size, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonObject *root = parse (parser, text, size, error);
  g_autoptr (EcMoqtCatalog) catalog = ec_moqt_catalog_new ();

  if (!root)
    return NULL;
  if (json_object_has_member (root, "deltaUpdate")) {
    refuse (error, "a delta update of nothing");
    return NULL;
  }
  return read_root (catalog, root, FALSE, error) ? g_steal_pointer (&catalog) : NULL;
}

gboolean
ec_moqt_catalog_update (EcMoqtCatalog *self, const char *text, gsize size, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonObject *root = parse (parser, text, size, error);
  g_autoptr (EcMoqtCatalog) catalog = ec_moqt_catalog_new ();
  gboolean delta = root && json_object_has_member (root, "deltaUpdate");
  EcMoqtCatalog old;

  if (!root)
    return FALSE;
  if (delta) {
    set_string (&catalog->version, self->version);
    catalog->generated_at = self->generated_at;
    catalog->is_complete = self->is_complete;
    g_ptr_array_unref (catalog->tracks);
    catalog->tracks = g_ptr_array_copy (self->tracks, copy_track_func, NULL);
    g_ptr_array_set_free_func (catalog->tracks, (GDestroyNotify) ec_moqt_catalog_track_free);
  }
  if (!read_root (catalog, root, delta, error))
    return FALSE;
  old = *self;
  *self = *catalog;
  *catalog = old;
  return TRUE;
}

/* RFC 8259 §7, the shortest form. */
static void
write_string (GString *out, const char *string)
{
  g_autofree char *valid = g_utf8_make_valid (string, -1);

  g_string_append_c (out, '"');
  for (const char *c = valid; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_printf (out, "\\%c", *c);
    else if ((guint8) *c < 0x20)
      g_string_append_printf (out, "\\u%04x", *c);
    else
      g_string_append_c (out, *c);
  }
  g_string_append_c (out, '"');
}

static void
write_key (GString *out, const char *key)
{
  if (out->str[out->len - 1] != '{')
    g_string_append_c (out, ',');
  g_string_append_printf (out, "\"%s\":", key);
}

static void
write_pids (GString *out, const EcMoqtCatalogTrack *track)
{
  g_string_append_c (out, '[');
  for (guint i = 0; i < track->n_m2ts_si_pids; i++)
    g_string_append_printf (out, i > 0 ? ",%u" : "%u", track->m2ts_si_pids[i]);
  g_string_append_c (out, ']');
}

static gboolean
is_said (const EcMoqtCatalogTrack *track, const Field *field)
{
  switch (field->kind) {
  case STRING:
    return *(char **) member (track, field) != NULL;
  case INTEGER:
    return *(gint64 *) member (track, field) >= 0;
  case NUMBER:
    return *(double *) member (track, field) >= 0;
  case BOOLEAN:
    return *(gboolean *) member (track, field);
  case LIVE:
    return TRUE;
  case PIDS:
  default:
    return track->n_m2ts_si_pids > 0;
  }
}

static void
write_track (GString *out, const EcMoqtCatalogTrack *track)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c (out, '{');
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    const Field *field = &fields[i];

    if (!is_said (track, field))
      continue;
    write_key (out, field->name);
    switch (field->kind) {
    case STRING:
      write_string (out, *(char **) member (track, field));
      break;
    case INTEGER:
      g_string_append_printf (out, "%" G_GINT64_FORMAT, *(gint64 *) member (track, field));
      break;
    case NUMBER:
      g_string_append (
          out, g_ascii_formatd (number, sizeof number, "%.10g", *(double *) member (track, field)));
      break;
    case BOOLEAN:
    case LIVE:
      g_string_append (out, *(gboolean *) member (track, field) ? "true" : "false");
      break;
    case PIDS:
      write_pids (out, track);
      break;
    }
  }
  g_string_append_c (out, '}');
}

static int
compare_tracks (gconstpointer a, gconstpointer b)
{
  const EcMoqtCatalogTrack *one = *(EcMoqtCatalogTrack *const *) a;
  const EcMoqtCatalogTrack *other = *(EcMoqtCatalogTrack *const *) b;
  int order = g_strcmp0 (one->space, other->space);

  return order != 0 ? order : g_strcmp0 (one->name, other->name);
}

char *
ec_moqt_catalog_to_text (const EcMoqtCatalog *self)
{
  g_autoptr (GPtrArray) tracks = g_ptr_array_copy (self->tracks, NULL, NULL);
  GString *out = g_string_new ("{");

  g_ptr_array_set_free_func (tracks, NULL);
  g_ptr_array_sort (tracks, compare_tracks);
  write_key (out, "version");
  write_string (out, self->version ? self->version : EC_MOQT_CATALOG_VERSION);
  if (self->is_complete) {
    write_key (out, "isComplete");
    g_string_append (out, "true");
  }
  write_key (out, "tracks");
  g_string_append_c (out, '[');
  for (guint i = 0; i < tracks->len; i++) {
    if (i > 0)
      g_string_append_c (out, ',');
    write_track (out, g_ptr_array_index (tracks, i));
  }
  g_string_append (out, "]}");
  return g_string_free (out, FALSE);
}
