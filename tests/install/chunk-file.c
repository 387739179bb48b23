/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A user's program: “INDEX HASH” of each chunk of a file. Built against the installed library. */
#include <ec.h>

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EcSource) source = argc == 2 ? ec_source_new_for_uri (argv[1], &error) : NULL;
  g_autoptr (EcChunker) chunker = ec_chunker_new (0);

  if (!source || !ec_source_open (source, NULL, &error)) {
    g_printerr ("%s\n", error ? error->message : "chunk-file FILE");
    return 1;
  }
  for (;;) {
    g_autoptr (GBytes) bytes = ec_source_read (source, NULL, NULL, &error);

    if (!bytes)
      break;
    ec_chunker_push (chunker, bytes);
  }
  ec_chunker_finish (chunker);
  for (;;) {
    g_autoptr (EcChunk) chunk = ec_chunker_pop (chunker);

    if (!chunk)
      break;
    g_print ("%" G_GINT64_FORMAT " %s\n", ec_chunk_get_index (chunk), ec_chunk_get_hash (chunk));
  }
  return error ? 1 : 0;
}
