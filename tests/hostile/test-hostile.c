/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

/*
 * A relay over real sockets, one attack a test, each by another process: beside it an honest publisher and ten honest viewers
 * over both transports and both drafts, who keep all of their groups, and one who comes in the middle of it.
 * EC_HOSTILE_SECONDS is how long an attack takes; 1.
 */

static const char *tool, *peer;

static void
attack (gconstpointer data)
{
  const char *name = data, *seconds = g_getenv ("EC_HOSTILE_SECONDS");
  Stage *stage = stage_new (tool);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, peer, name, stage_get_address (stage),
      stage_get_certificate_hash (stage), seconds ? seconds : "1", NULL);
  g_autofree char *out = NULL;

  g_assert_no_error (error);
  stage_add_viewer (stage, "moqt", "moqt-18");
  g_assert_true (g_subprocess_communicate_utf8 (process, NULL, NULL, &out, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_successful (process));
  /* That it took place. */
  g_assert_cmpuint (g_ascii_strtoull (out, NULL, 10), >, 5);
  g_test_message ("%s: %s times", name, g_strstrip (out));
  stage_finish (stage, name);
}

static void
nothing (void)
{
  stage_finish (stage_new (tool), "nothing");
}

/* test-hostile EC HOSTILE-PEER ATTACK… */
int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (argc, >=, 3);
  tool = argv[1];
  peer = argv[2];
  g_test_add_func ("/hostile/nothing", nothing);
  for (int i = 3; i < argc; i++) {
    g_autofree char *path = g_strconcat ("/hostile/", argv[i], NULL);

    g_test_add_data_func (path, argv[i], attack);
  }
  return g_test_run ();
}
