/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-manifest-private.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/ec-error.h"
#include "base/ec-json-scan.h"

/**
 * EcManifest:
 *
 * What a chunk is, in values that come from the broadcast alone.
 *
 * Two nodes that saw the same clean chunk have manifests of the same text. A manifest is immutable.
 * Times and durations are in ticks of 90 kHz. See ECP-0004.
 */
struct _EcManifest {
  GObject parent_instance;

  guint program_number;
  gint64 index;
  EcChunkSync sync;
  gboolean has_clock;
  gboolean has_utc;
  gint64 clock;
  gint gps_offset;
  gboolean has_pts;
  gint64 pts;
  gint64 duration;
  GArray *part_sizes; /* guint32 */
  guint64 n_bytes;
  guint damaged;
  gboolean clean;
  char hash[65];
};

G_DEFINE_FINAL_TYPE (EcManifest, ec_manifest, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (EcChunkSync,
                    ec_chunk_sync,
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_SYNC_PTS, "pts"),
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_SYNC_CLOCK, "clock"))

#define FORMAT "ts-canonical-1"
#define TEXT_MAX (1 << 20)
#define MAX_DEPTH 32
#define PART_MAX 33554432
#define CHUNK_MAX (134217728 + PART_MAX)

static void
ec_manifest_finalize (GObject *object)
{
  EcManifest *self = EC_MANIFEST (object);

  g_array_unref (self->part_sizes);
  G_OBJECT_CLASS (ec_manifest_parent_class)->finalize (object);
}

static void
ec_manifest_class_init (EcManifestClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ec_manifest_finalize;
}

static void
ec_manifest_init (EcManifest *self)
{
  self->part_sizes = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->gps_offset = -1;
}

EcManifest *
ec_manifest_new_for_record (const EcChunkRecord *record)
{
  EcManifest *self = g_object_new (EC_TYPE_MANIFEST, NULL);

  g_assert (ec_chunk_record_is_closed (record));

  self->program_number = record->program ? record->program->program_number : 0;
  self->index = record->index;
  self->sync = record->synced ? EC_CHUNK_SYNC_CLOCK : EC_CHUNK_SYNC_PTS;
  self->has_clock = record->has_clock;
  self->has_utc = record->has_clock && record->synced && !record->local_time;
  self->clock = record->clock;
  self->gps_offset = record->gps_offset;
  self->has_pts = record->has_pts;
  self->pts = (gint64) record->pts;
  self->duration = record->close_elapsed - record->open_elapsed;
  g_array_append_vals (self->part_sizes, record->part_sizes->data, record->part_sizes->len);
  self->n_bytes = record->n_bytes;
  self->damaged = record->damaged;
  self->clean = record->clean;
  for (guint i = 0; i < sizeof record->hash; i++)
    g_snprintf (self->hash + 2 * i, 3, "%02x", record->hash[i]);
  return self;
}

/* Rounds down, also below 0. */
static gint64
divide (gint64 dividend, gint64 divisor)
{
  return dividend / divisor - (dividend % divisor < 0 ? 1 : 0);
}

char *
ec_manifest_format_utc (gint64 clock, gint gps_offset)
{
  gint64 milliseconds =
      divide (clock, EC_TS_CLOCK_RATE / 1000) - (gint64) MAX (gps_offset, 0) * 1000;
  gint64 seconds = divide (milliseconds, 1000);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);
  g_autofree char *text = time ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%S") : NULL;

  return text ? g_strdup_printf ("%s.%03dZ", text, (int) (milliseconds - seconds * 1000)) : NULL;
}

static void
add_int (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_optional_int (JsonBuilder *builder, const char *name, gboolean has_value, gint64 value)
{
  json_builder_set_member_name (builder, name);
  if (has_value)
    json_builder_add_int_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

/**
 * ec_manifest_to_text:
 * @self: a manifest
 *
 * The manifest's text, JSON as ECP-0004 §1 has it.
 *
 * Returns: (transfer full): the text
 */
char *
ec_manifest_to_text (EcManifest *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *utc = NULL;

  g_return_val_if_fail (EC_IS_MANIFEST (self), NULL);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "format");
  json_builder_add_string_value (builder, FORMAT);
  add_int (builder, "program", self->program_number);
  add_int (builder, "index", self->index);
  json_builder_set_member_name (builder, "sync");
  json_builder_add_string_value (builder, self->sync == EC_CHUNK_SYNC_CLOCK ? "clock" : "pts");
  add_optional_int (builder, "clock", self->has_clock, self->clock);
  json_builder_set_member_name (builder, "utc");
  utc = ec_manifest_dup_utc (self);
  if (utc)
    json_builder_add_string_value (builder, utc);
  else
    json_builder_add_null_value (builder);
  add_optional_int (builder, "gps_utc_offset", self->gps_offset >= 0, self->gps_offset);
  add_optional_int (builder, "pts", self->has_pts, self->pts);
  add_int (builder, "duration", self->duration);
  json_builder_set_member_name (builder, "parts");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->part_sizes->len; i++)
    json_builder_add_int_value (builder, g_array_index (self->part_sizes, guint32, i));
  json_builder_end_array (builder);
  add_int (builder, "bytes", (gint64) self->n_bytes);
  add_int (builder, "damaged", self->damaged);
  json_builder_set_member_name (builder, "clean");
  json_builder_add_boolean_value (builder, self->clean);
  json_builder_set_member_name (builder, "hash");
  json_builder_add_string_value (builder, self->hash);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static gboolean
read_int (JsonObject *object, const char *name, gint64 min, gint64 max, gint64 *value)
{
  JsonNode *node = json_object_get_member (object, name);

  if (!node || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_int (node);
  return *value >= min && *value <= max;
}

static gboolean
read_optional_int (JsonObject *object,
                   const char *name,
                   gint64 min,
                   gint64 max,
                   gboolean *has_value,
                   gint64 *value)
{
  JsonNode *node = json_object_get_member (object, name);

  *has_value = node && !JSON_NODE_HOLDS_NULL (node);
  return node && (!*has_value || read_int (object, name, min, max, value));
}

static const char *
read_string (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);

  if (!node || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return NULL;
  return json_node_get_string (node);
}

static gboolean
read_boolean (JsonObject *object, const char *name, gboolean *value)
{
  JsonNode *node = json_object_get_member (object, name);

  if (!node || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return FALSE;
  *value = json_node_get_boolean (node);
  return TRUE;
}

static gboolean
read_parts (EcManifest *self, JsonObject *object)
{
  JsonNode *node = json_object_get_member (object, "parts");
  JsonArray *array;
  gint64 total = 0;

  if (!node || !JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *element = json_array_get_element (array, i);
    guint32 size;

    if (!JSON_NODE_HOLDS_VALUE (element) || json_node_get_value_type (element) != G_TYPE_INT64 ||
        json_node_get_int (element) <= 0 || json_node_get_int (element) > PART_MAX)
      return FALSE;
    size = (guint32) json_node_get_int (element);
    total += size;
    g_array_append_val (self->part_sizes, size);
  }
  return total == (gint64) self->n_bytes;
}

static gboolean
read_hash (EcManifest *self, JsonObject *object)
{
  const char *hash = read_string (object, "hash");

  if (!hash || strlen (hash) != 64 || strspn (hash, "0123456789abcdef") != 64)
    return FALSE;
  g_strlcpy (self->hash, hash, sizeof self->hash);
  return TRUE;
}

static gboolean
read_members (EcManifest *self, JsonObject *object)
{
  const char *sync = read_string (object, "sync");
  gint64 program, offset, bytes, damaged;
  gboolean has_offset;

  if (g_strcmp0 (read_string (object, "format"), FORMAT) != 0)
    return FALSE;
  if (!sync || (strcmp (sync, "clock") != 0 && strcmp (sync, "pts") != 0))
    return FALSE;
  self->sync = strcmp (sync, "clock") == 0 ? EC_CHUNK_SYNC_CLOCK : EC_CHUNK_SYNC_PTS;
  if (!read_int (object, "program", 0, 65535, &program) ||
      !read_int (object, "index", 0, G_MAXINT64, &self->index) ||
      !read_optional_int (object, "clock", G_MININT64, G_MAXINT64, &self->has_clock,
                          &self->clock) ||
      !read_optional_int (object, "pts", 0, ((gint64) 1 << 33) - 1, &self->has_pts, &self->pts) ||
      !read_optional_int (object, "gps_utc_offset", 0, 255, &has_offset, &offset) ||
      !read_int (object, "duration", 0, G_MAXINT64, &self->duration) ||
      !read_int (object, "bytes", 0, CHUNK_MAX, &bytes) ||
      !read_int (object, "damaged", 0, G_MAXUINT32, &damaged) ||
      !read_boolean (object, "clean", &self->clean))
    return FALSE;
  if (has_offset)
    self->gps_offset = (gint) offset;
  self->has_utc = read_string (object, "utc") != NULL && self->has_clock;
  self->program_number = (guint) program;
  self->n_bytes = (guint64) bytes;
  self->damaged = (guint) damaged;
  return read_parts (self, object) && read_hash (self, object);
}

/**
 * ec_manifest_new_from_text:
 * @text: JSON in UTF-8
 * @length: the length of @text in bytes, or -1 if it ends with a zero byte
 * @error: return location for an error
 *
 * Reads a manifest (ECP-0004 §1).
 *
 * Whose it is, its signature says; see [method@Identity.sign_text]. Fails with
 * %EC_CHUNK_ERROR_BAD_MANIFEST if a member is missing or of the wrong kind, the format is unknown,
 * sizes do not add up, or @text is longer than 1 MiB.
 *
 * Returns: (transfer full): a new manifest
 */
EcManifest *
ec_manifest_new_from_text (const char *text, gssize length, GError **error)
{
  g_autoptr (EcManifest) self = NULL;
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) json_error = NULL;
  JsonNode *root;

  g_return_val_if_fail (text != NULL, NULL);

  if (length < 0)
    length = (gssize) strlen (text);
  if (length > TEXT_MAX) {
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_BAD_MANIFEST,
                 "The manifest is longer than a manifest can be.");
    return NULL;
  }
  if (!ec_json_scan_is_one (text, (gsize) length, MAX_DEPTH)) {
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_BAD_MANIFEST,
                 "The manifest is not a JSON object.");
    return NULL;
  }
  if (!json_parser_load_from_data (parser, text, length, &json_error)) {
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_BAD_MANIFEST, "The manifest is not JSON: %s",
                 json_error->message);
    return NULL;
  }

  self = g_object_new (EC_TYPE_MANIFEST, NULL);
  root = json_parser_get_root (parser);
  if (!root || !JSON_NODE_HOLDS_OBJECT (root) ||
      !read_members (self, json_node_get_object (root))) {
    g_set_error (error, EC_CHUNK_ERROR, EC_CHUNK_ERROR_BAD_MANIFEST,
                 "The text is not a manifest of format " FORMAT ".");
    return NULL;
  }
  return g_steal_pointer (&self);
}

/**
 * ec_manifest_get_program_number:
 * @self: a manifest
 *
 * The number of the program that was chunked.
 *
 * Returns: program_number
 */
guint
ec_manifest_get_program_number (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), 0);

  return self->program_number;
}

/**
 * ec_manifest_get_index:
 * @self: a manifest
 *
 * The chunk's index.
 *
 * Returns: the index, not negative
 */
gint64
ec_manifest_get_index (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), 0);

  return self->index;
}

/**
 * ec_manifest_get_sync:
 * @self: a manifest
 *
 * What the index counts.
 *
 * Returns: the kind of index
 */
EcChunkSync
ec_manifest_get_sync (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), EC_CHUNK_SYNC_PTS);

  return self->sync;
}

/**
 * ec_manifest_get_clock:
 * @self: a manifest
 *
 * The clock at the chunk's beginning (ECP-0002 §4).
 *
 * Returns: ticks of 90 kHz: Unix time plus GPS_UTC_offset for ATSC, Unix time for DVB, local time
 *   since 1970 for ISDB; 0 if it is not known
 */
gint64
ec_manifest_get_clock (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), 0);

  return self->clock;
}

/**
 * ec_manifest_get_gps_utc_offset:
 * @self: a manifest
 *
 * The GPS_UTC_offset that the broadcast had (A/65 §6.1).
 *
 * Returns: seconds, or -1 if there was none
 */
int
ec_manifest_get_gps_utc_offset (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), -1);

  return self->gps_offset;
}

/**
 * ec_manifest_dup_utc:
 * @self: a manifest
 *
 * The broadcast's own time at the chunk's beginning.
 *
 * Returns: (transfer full) (nullable): RFC 3339 in UTC with milliseconds, or %NULL if the broadcast
 *   did not tell the time
 */
char *
ec_manifest_dup_utc (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), NULL);

  if (!self->has_utc)
    return NULL;
  return ec_manifest_format_utc (self->clock, self->gps_offset);
}

/**
 * ec_manifest_get_pts:
 * @self: a manifest
 *
 * The presentation time stamp of the chunk's first picture, or audio frame.
 *
 * Returns: 33 bits, ticks of 90 kHz; -1 if it has none
 */
gint64
ec_manifest_get_pts (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), -1);

  return self->has_pts ? self->pts : -1;
}

/**
 * ec_manifest_get_duration:
 * @self: a manifest
 *
 * How long the chunk is, in decoding time.
 *
 * Returns: ticks of 90 kHz
 */
gint64
ec_manifest_get_duration (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), 0);

  return self->duration;
}

/**
 * ec_manifest_get_n_parts:
 * @self: a manifest
 *
 * How many parts the chunk has.
 *
 * Returns: the number of parts
 */
guint
ec_manifest_get_n_parts (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), 0);

  return self->part_sizes->len;
}

/**
 * ec_manifest_get_part_size:
 * @self: a manifest
 * @part: which part, from 0
 *
 * The size of one part.
 *
 * Returns: bytes; 0 if there is no such part
 */
guint
ec_manifest_get_part_size (EcManifest *self, guint part)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), 0);

  return part < self->part_sizes->len ? g_array_index (self->part_sizes, guint32, part) : 0;
}

/**
 * ec_manifest_get_n_bytes:
 * @self: a manifest
 *
 * The size of the chunk.
 *
 * Returns: bytes
 */
guint64
ec_manifest_get_n_bytes (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), 0);

  return self->n_bytes;
}

/**
 * ec_manifest_get_damaged:
 * @self: a manifest
 *
 * How many gaps in the reception were charged to the chunk.
 *
 * Returns: the number of gaps; 0 does not say that the chunk is clean
 */
guint
ec_manifest_get_damaged (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), 0);

  return self->damaged;
}

/**
 * ec_manifest_get_clean:
 * @self: a manifest
 *
 * Whether the chunk is what every receiver of the broadcast has under its index (ECP-0002 §7.6).
 *
 * Returns: %TRUE if it is clean
 */
gboolean
ec_manifest_get_clean (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), FALSE);

  return self->clean;
}

/**
 * ec_manifest_get_hash:
 * @self: a manifest
 *
 * BLAKE3-256 of the chunk's bytes.
 *
 * Returns: (transfer none): 64 lower-case hexadecimal digits
 */
const char *
ec_manifest_get_hash (EcManifest *self)
{
  g_return_val_if_fail (EC_IS_MANIFEST (self), NULL);

  return self->hash;
}
