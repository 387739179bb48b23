/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Catalogs, one a line: the first is read, the others update it. What it is then, is canonical. */
#include <string.h>

#include "fuzz.h"
#include "moqt/ec-moqt-catalog.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  const char *end = text + size;
  g_autoptr (EcMoqtCatalog) catalog = NULL;
  g_autoptr (EcMoqtCatalog) again = NULL;
  g_autofree char *canonical = NULL;
  g_autofree char *canonical_again = NULL;

  while (text < end) {
    const char *line = memchr (text, '\n', (gsize) (end - text));
    gsize length = (gsize) ((line ? line : end) - text);

    if (!catalog)
      catalog = ec_moqt_catalog_new_from_text (text, length, NULL);
    else
      ec_moqt_catalog_update (catalog, text, length, NULL);
    text += length + 1;
  }
  if (!catalog)
    return 0;
  canonical = ec_moqt_catalog_to_text (catalog);
  again = ec_moqt_catalog_new_from_text (canonical, strlen (canonical), NULL);
  g_assert_nonnull (again);
  canonical_again = ec_moqt_catalog_to_text (again);
  g_assert_cmpstr (canonical, ==, canonical_again);
  return 0;
}
