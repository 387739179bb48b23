/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moq-ways.h"

const Way ways[4] = {
  { "moqt", "moqt-18" },
  { "moqt", "moqt-16" },
  { "https", "moqt-18" },
  { "https", "moqt-16" },
};

void
keep_result (GObject *object, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

void
add_ways (const char *path, GTestDataFunc func)
{
  for (gsize i = 0; i < G_N_ELEMENTS (ways); i++) {
    g_autofree char *whole = g_strdup_printf ("%s/%s/%s", path, ways[i].scheme, ways[i].draft);

    g_test_add_data_func (whole, &ways[i], func);
  }
}
