/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-tool.h"

#include <locale.h>
#include <signal.h>
#include <string.h>

typedef struct {
  const char *name;
  const char *summary;
  EcToolStatus (*run) (int argc, char **argv);
} Verb;

static const Verb verbs[] = {
#include "ec-verbs.inc"
};

static EcToolStatus
run_verb (const Verb *verb, int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  EcToolStatus status = verb->run (argc, argv);

  ec_deinit ();
  if (status == EC_TOOL_DONE && !ec_tool_check_output (&error))
    return ec_tool_fail (verb->name, error);
  return status;
}

static void
print_help (void)
{
  g_print ("Usage: ec VERB [OPTION…] [ARGUMENT…]\n\n"
           "Share live broadcast television, and watch what others share.\n\n");
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    g_print ("  %-10s %s\n", verbs[i].name, verbs[i].summary);
  g_print ("\n“ec VERB --help” tells more of each; so does “man ec-VERB”.\n"
           "A SOURCE is a URI or a file: hdhomerun://DEVICE/5.1, http://…, udp://…, recording.ts,\n"
           "or - for standard input.\n");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);

  if (argc < 2) {
    print_help ();
    return EC_TOOL_USAGE;
  }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 ||
      strcmp (argv[1], "help") == 0) {
    print_help ();
    return EC_TOOL_DONE;
  }
  if (strcmp (argv[1], "--version") == 0) {
    g_print ("ec %s\n", ec_get_version ());
    return EC_TOOL_DONE;
  }

  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++) {
    if (strcmp (argv[1], verbs[i].name) == 0)
      return run_verb (&verbs[i], argc - 1, argv + 1);
  }

  g_printerr ("ec: there is no verb “%s”. “ec --help” lists what there is.\n", argv[1]);
  return EC_TOOL_USAGE;
}
