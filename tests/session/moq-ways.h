/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The ways on which a session goes over real sockets, and how tests wait for what happens there. */

#define PATIENCE (20 * G_TIME_SPAN_SECOND)

typedef struct {
  const char *scheme, *draft;
} Way;

extern const Way ways[4]; /* each draft, over QUIC and over WebTransport */

/* Runs the main context until `condition`, or asserts. */
#define WAIT_UNTIL(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 end_ = g_get_monotonic_time () + PATIENCE;                                              \
    while (!(condition)) {                                                                         \
      g_assert_cmpint (g_get_monotonic_time (), <, end_);                                          \
      if (!g_main_context_iteration (NULL, FALSE))                                                 \
        g_thread_yield ();                                                                         \
    }                                                                                              \
  }                                                                                                \
  G_STMT_END

/* A callback that keeps what it got at `data`, a GAsyncResult **. */
void keep_result (GObject *object, GAsyncResult *result, gpointer data);
/* Adds PATH/SCHEME/DRAFT for each of the ways, whose data it is. */
void add_ways (const char *path, GTestDataFunc func);
