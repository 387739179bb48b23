/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ec.h>
#include <json-glib/json-glib.h>

/* Exit statuses, the same for every verb. */
typedef enum {
  EC_TOOL_DONE = 0,
  EC_TOOL_FAILED = 1,
  EC_TOOL_USAGE = 2,
} EcToolStatus;

/* One verb a file, `ec-verb-NAME.c`; argv[0] is the verb's name. */
EcToolStatus ec_verb_bench (int argc, char **argv);
EcToolStatus ec_verb_channels (int argc, char **argv);
EcToolStatus ec_verb_chunk (int argc, char **argv);
EcToolStatus ec_verb_discover (int argc, char **argv);
EcToolStatus ec_verb_id (int argc, char **argv);
EcToolStatus ec_verb_inspect (int argc, char **argv);
EcToolStatus ec_verb_publish (int argc, char **argv);
EcToolStatus ec_verb_record (int argc, char **argv);
EcToolStatus ec_verb_relay (int argc, char **argv);
EcToolStatus ec_verb_subscribe (int argc, char **argv);
EcToolStatus ec_verb_tuner (int argc, char **argv);

/*
 * Parses a verb's options. On FALSE `*status` says how to leave: wrong usage (told on stderr) or
 * done (`--help` was printed). What is left in argv after options are the verb's arguments, of
 * which there must be between min and max.
 *
 * usage: "SOURCE", what follows the options in the first line of the help
 * summary: what the verb does, one sentence
 * description: examples and more, after the options
 */
gboolean ec_tool_parse (int *argc,
                        char ***argv,
                        const GOptionEntry *entries,
                        const char *usage,
                        const char *summary,
                        const char *description,
                        int min_arguments,
                        int max_arguments,
                        EcToolStatus *status);

/*
 * Prints `error` as a person reads it, "ec VERB: what, why, what to do", and returns FAILED; USAGE if what was written on the command line
 * cannot be understood (BAD_URI): with that, no other try can go better.
 */
EcToolStatus ec_tool_fail (const char *verb, const GError *error);

/* A member with so many seconds, to the microsecond. */
void ec_tool_add_seconds (JsonBuilder *builder, const char *member, double seconds);

/* Prints one JSON value as one line on stdout and flushes; takes `node`. Names of members are ours: nothing in them is escaped. */
void ec_tool_print_json (JsonNode *node);

/* Prints the object that `builder` holds as one line on stdout and flushes. */
void ec_tool_print_builder (JsonBuilder *builder);

/*
 * Whether all that was printed on stdout so far was taken. SIGPIPE is ignored: a verb that prints
 * for as long as a source lives has to ask, or it never ends once its reader has.
 */
gboolean ec_tool_check_output (GError **error);

/* The first line of the file, of which something is `what`; NULL: it cannot be read, or is empty. */
char *ec_tool_read_secret (const char *path, const char *what, GError **error);

/* Takes the value of --token: a token or secret as text, or “@FILE” with one in its first line. `text` nullable. */
gboolean ec_tool_set_token (EcMoqConnectOptions *options, const char *text, GError **error);

/*
 * How to open() what is to be written: what is there is kept unless `force`, but for what is no file, such as /dev/null.
 */
int ec_tool_get_open_flags (const char *path, gboolean force);

/*
 * A cancellable that SIGINT and SIGTERM cancel; the second signal ends the process at once.
 * Works without a running main loop. Owned by the tool.
 */
GCancellable *ec_tool_get_cancellable (void);

/*
 * One line on stderr that is rewritten in place, only where stderr is a terminal, at most five
 * times a second; NULL clears it.
 */
void ec_tool_progress (const char *format, ...) G_GNUC_PRINTF (1, 2);
void ec_tool_progress_clear (void);
