/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "ec-init.h"

static guint n_threads;

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  g_assert_nonnull (tasks);
  while (g_dir_read_name (tasks))
    n++;
  return n;
}

/* A program that loads the library can still block signals for all threads that it will have, and fork. */
static void
test_no_threads (void)
{
  g_assert_cmpuint (n_threads, ==, 1);
}

int
main (int argc, char **argv)
{
  n_threads = count_threads ();
  g_assert_nonnull (ec_get_version ());
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/init/no-threads", test_no_threads);
  return g_test_run ();
}
