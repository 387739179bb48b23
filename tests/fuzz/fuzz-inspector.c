/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The inspector: four bytes that say how to feed it, as for the chunker, then a stream. Its report must
 * be JSON in UTF-8, and the same however the bytes came in.
 */
#include <json-glib/json-glib.h>

#include "fuzz.h"
#include "ts/ec-inspector.h"

#define HEADER 4

static char *
inspect (const guint8 *data, gsize size, guint program, guint seed, guint losses)
{
  g_autoptr (EcInspector) inspector = ec_inspector_new (program);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autofree char *text = NULL;
  FuzzRandom random;
  char *json;

  fuzz_random_init (&random, seed);
  while (size > 0) {
    gsize piece = seed ? fuzz_random_piece (&random, 3000, size) : size;
    g_autofree guint8 *copy = g_memdup2 (data, piece);

    if (losses && fuzz_random_below (&random, 1024) < losses)
      ec_inspector_push_discontinuity (inspector);
    ec_inspector_push_data (inspector, copy, piece);
    data += piece;
    size -= piece;
  }
  ec_inspector_finish (inspector);
  (void) ec_inspector_check (inspector, NULL);

  json = ec_inspector_to_json (inspector);
  g_assert_true (g_utf8_validate (json, -1, NULL));
  g_assert_true (json_parser_load_from_data (parser, json, -1, NULL));
  text = ec_inspector_to_text (inspector);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  return json;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *pieces = NULL;
  guint program, losses;

  if (size < HEADER)
    return 0;
  losses = data[1] & 0x80 ? data[1] & 0x7f : 0;
  program = data[2] & 7;
  pieces = inspect (data + HEADER, size - HEADER, program, 1 + data[0], losses);
  if (losses == 0) {
    g_autofree char *whole = inspect (data + HEADER, size - HEADER, program, 0, 0);

    g_assert_cmpstr (pieces, ==, whole);
  }
  return 0;
}
