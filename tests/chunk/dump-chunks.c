/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * dump-chunks FILE [PROGRAM]: what the chunker's core makes of a file, one JSON object a chunk, in the
 * state that each has once the whole input is read. The suite holds it against the second
 * implementation, tests/python/canonical.py.
 */
#include <stdio.h>
#include <stdlib.h>

#include "chunk/ec-chunker-core.h"
#include "chunk/ec-manifest-private.h"

static GPtrArray *records;

static void
on_opened (gpointer user_data, EcChunkRecord *record)
{
  g_ptr_array_add (records, ec_chunk_record_ref (record));
}

static void
on_part (gpointer user_data, EcChunkRecord *record, GBytes *bytes, gboolean last)
{
}

static void
on_record (gpointer user_data, EcChunkRecord *record)
{
}

static void
print_record (const EcChunkRecord *record)
{
  g_autofree char *utc = record->synced && record->has_clock && !record->local_time
                             ? ec_manifest_format_utc (record->clock, record->gps_offset)
                             : NULL;

  printf ("{\"index\": %" G_GINT64_FORMAT ", \"sync\": \"%s\"", record->index,
          record->synced ? "clock" : "pts");
  if (utc)
    printf (", \"utc\": \"%s\"", utc);
  else
    printf (", \"utc\": null");
  if (record->has_pts)
    printf (", \"pts\": %" G_GUINT64_FORMAT, record->pts);
  else
    printf (", \"pts\": null");
  printf (", \"duration\": %" G_GINT64_FORMAT ", \"parts\": [",
          record->close_elapsed - record->open_elapsed);
  for (guint i = 0; i < record->part_sizes->len; i++)
    printf ("%s%u", i ? ", " : "", g_array_index (record->part_sizes, guint32, i));
  printf ("], \"bytes\": %" G_GUINT64_FORMAT ", \"clean\": %s, \"damaged\": %u", record->n_bytes,
          record->clean ? "true" : "false", record->damaged);
  printf (", \"certain_open\": %s, \"certain_close\": %s", record->certain_open ? "true" : "false",
          record->certain_close ? "true" : "false");
  printf (", \"timeline\": %u, \"start\": %" G_GUINT64_FORMAT ", \"hash\": \"", record->timeline,
          record->start);
  for (guint i = 0; i < sizeof record->hash; i++)
    printf ("%02x", record->hash[i]);
  if (record->stream_id && record->clean)
    printf ("\", \"stream_id\": \"%s\"}\n", record->stream_id);
  else
    printf ("\", \"stream_id\": null}\n");
}

int
main (int argc, char **argv)
{
  const EcChunkerEvents events = {
    .opened = on_opened,
    .part = on_part,
    .closed = on_record,
    .ledger = { on_record, on_record, on_record },
  };
  g_autofree char *data = NULL;
  g_autoptr (GError) error = NULL;
  EcChunkerCore *core;
  gsize size;

  if (argc < 2 || !g_file_get_contents (argv[1], &data, &size, &error)) {
    fprintf (stderr, "%s\n", error ? error->message : "dump-chunks FILE [PROGRAM]");
    return 2;
  }
  records = g_ptr_array_new_with_free_func ((GDestroyNotify) ec_chunk_record_unref);
  core = ec_chunker_core_new (&events, NULL, argc > 2 ? (guint) atoi (argv[2]) : 0, TRUE);
  ec_chunker_core_push (core, (const guint8 *) data, size);
  ec_chunker_core_finish (core);
  for (guint i = 0; i < records->len; i++)
    print_record (g_ptr_array_index (records, i));
  ec_chunker_core_free (core);
  g_ptr_array_unref (records);
  return 0;
}
