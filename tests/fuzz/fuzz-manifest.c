/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The text of manifests: what is accepted is written again, and is then the same for ever. */
#include "chunk/ec-manifest.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *copy = g_memdup2 (data, size);
  g_autoptr (EcManifest) manifest =
      ec_manifest_new_from_text (copy ? copy : "", (gssize) size, NULL);
  g_autoptr (EcManifest) again = NULL;
  g_autofree char *text = NULL;
  g_autofree char *text_again = NULL;
  g_autofree char *utc = NULL;
  guint64 bytes = 0;

  if (!manifest)
    return 0;
  for (guint i = 0; i < ec_manifest_get_n_parts (manifest); i++)
    bytes += ec_manifest_get_part_size (manifest, i);
  g_assert_cmpuint (bytes, ==, ec_manifest_get_n_bytes (manifest));
  utc = ec_manifest_dup_utc (manifest);

  text = ec_manifest_to_text (manifest);
  again = ec_manifest_new_from_text (text, -1, NULL);
  g_assert_nonnull (again);
  text_again = ec_manifest_to_text (again);
  g_assert_cmpstr (text, ==, text_again);
  return 0;
}
