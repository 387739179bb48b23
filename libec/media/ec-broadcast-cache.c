/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-cache.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/ec-reader.h"

/* Raise it whenever a picture, a tone, an encoder setting or this format changes. */
#define CACHE_VERSION 4
#define CACHE_MAGIC 0x45436c6f6f700000ULL /* "ECloop" */
#define MAX_UNITS 4096
#define DIGEST_SIZE 32

static const char *
profile_name (EcBroadcastProfile profile)
{
  return profile == EC_BROADCAST_LITE ? "lite" : "full";
}

char *
ec_broadcast_cache_dup_path (EcBroadcastProfile profile)
{
  g_autofree char *name = g_strdup_printf ("broadcast-%s-%u-%x.loop", profile_name (profile),
                                           CACHE_VERSION, ec_broadcast_encode_version ());

  return g_build_filename (g_get_user_cache_dir (), "ec", name, NULL);
}

/* Other versions' files of the same profile: nobody will read them again. */
static void
remove_others (EcBroadcastProfile profile, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *prefix = g_strdup_printf ("broadcast-%s-", profile_name (profile));
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *other = g_build_filename (folder, name, NULL);

    if (g_str_has_prefix (name, prefix) && g_str_has_suffix (name, ".loop") &&
        strcmp (other, path) != 0)
      g_unlink (other);
  }
}

static void
digest (const guint8 *data, gsize size, guint8 *out)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = DIGEST_SIZE;

  g_checksum_update (sum, data, (gssize) size);
  g_checksum_get_digest (sum, out, &length);
}

static void
append_u32 (GByteArray *out, guint32 value)
{
  guint32 big = GUINT32_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &big, 4);
}

static void
append_u64 (GByteArray *out, guint64 value)
{
  append_u32 (out, (guint32) (value >> 32));
  append_u32 (out, (guint32) value);
}

static EcElementaryStream *
read_stream (EcReader *reader)
{
  g_autoptr (EcElementaryStream) stream = ec_elementary_stream_new ();
  guint n = ec_reader_u32 (reader);
  const guint8 *bytes;
  guint64 total = 0;

  if (n == 0 || n > MAX_UNITS)
    return NULL;
  for (guint i = 0; i < n; i++) {
    EcAccessUnit unit = { 0 };

    unit.size = ec_reader_u32 (reader);
    unit.display = ec_reader_u32 (reader);
    unit.key = ec_reader_u8 (reader);
    if (reader->failed || unit.size == 0 || unit.display >= n)
      return NULL;
    total += unit.size;
    g_array_append_val (stream->units, unit);
  }
  bytes = ec_reader_bytes (reader, total);
  if (!bytes)
    return NULL;
  g_byte_array_append (stream->data, bytes, (guint) total);
  return g_steal_pointer (&stream);
}

EcBroadcastLoop *
ec_broadcast_cache_load (EcBroadcastProfile profile)
{
  const EcStation *station = ec_station_get (profile);
  g_autofree char *path = ec_broadcast_cache_dup_path (profile);
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  g_autoptr (EcBroadcastLoop) loop = NULL;
  guint8 sum[DIGEST_SIZE];
  const guint8 *expected;
  EcReader reader;

  if (!file)
    return NULL;
  ec_reader_init (&reader, (const guint8 *) g_mapped_file_get_contents (file),
                  g_mapped_file_get_length (file));
  if (ec_reader_u64 (&reader) != CACHE_MAGIC + CACHE_VERSION)
    return NULL;
  expected = ec_reader_bytes (&reader, DIGEST_SIZE);
  if (!expected)
    return NULL;
  digest (reader.data + reader.pos, ec_reader_left (&reader), sum);
  if (memcmp (sum, expected, DIGEST_SIZE) != 0)
    return NULL;

  loop = g_new0 (EcBroadcastLoop, 1);
  for (guint p = 0; p < EC_STATION_N_PROGRAMS; p++) {
    for (guint s = 0; s < station->programs[p].n_streams; s++) {
      if (station->programs[p].is_protected)
        continue;
      loop->streams[p][s] = read_stream (&reader);
      if (!loop->streams[p][s])
        return NULL;
    }
  }
  return ec_reader_left (&reader) == 0 ? g_steal_pointer (&loop) : NULL;
}

static void
append_stream (GByteArray *out, const EcElementaryStream *stream)
{
  append_u32 (out, stream->units->len);
  for (guint i = 0; i < stream->units->len; i++) {
    const EcAccessUnit *unit = &g_array_index (stream->units, EcAccessUnit, i);

    append_u32 (out, unit->size);
    append_u32 (out, unit->display);
    g_byte_array_append (out, &unit->key, 1);
  }
  g_byte_array_append (out, stream->data->data, stream->data->len);
}

void
ec_broadcast_cache_save (EcBroadcastProfile profile, const EcBroadcastLoop *loop)
{
  g_autofree char *path = ec_broadcast_cache_dup_path (profile);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  const guint8 blank[DIGEST_SIZE] = { 0 };
  gsize head;

  append_u64 (out, CACHE_MAGIC + CACHE_VERSION);
  g_byte_array_append (out, blank, sizeof blank);
  head = out->len;
  for (guint p = 0; p < EC_STATION_N_PROGRAMS; p++) {
    for (guint s = 0; s < EC_STATION_MAX_STREAMS; s++) {
      if (loop->streams[p][s])
        append_stream (out, loop->streams[p][s]);
    }
  }
  digest (out->data + head, out->len - head, out->data + head - DIGEST_SIZE);

  if (g_mkdir_with_parents (folder, 0700) != 0 ||
      !g_file_set_contents_full (path, (const char *) out->data, out->len,
                                 G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_debug ("The prepared broadcast was not cached in %s: %s", path,
             error ? error->message : g_strerror (errno));
  else
    remove_others (profile, path);
}
