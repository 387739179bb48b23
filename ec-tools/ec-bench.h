/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ec-tool.h"

/* The parts of `ec bench`. */

/* -- What cannot be beaten on this machine (ec-bench-ceiling.c) */

typedef struct {
  double
      quic; /* payload bytes a CPU-second: ngtcp2 and GnuTLS, AES-128-GCM, in memory, the sender's side */
  double udp; /* the same of sendmsg() with segmentation offload over loopback, the sender's side */
  double both; /* a byte has to pass the one and the other */
} EcBenchCeiling;

gboolean ec_bench_ceiling_measure (EcBenchCeiling *ceiling, double seconds, GError **error);

/* -- A bare UDP echo over loopback, that the delay of a relay is held against (ec-bench-echo.c) */

typedef struct _EcBenchEcho EcBenchEcho;

/* Sends a datagram of `size` bytes every `interval_us` until stopped, and notes when it is back. */
EcBenchEcho *
ec_bench_echo_start (gsize size, guint interval_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Frees it; guint32, µs there and back, unsorted (transfer full). */
GArray *ec_bench_echo_stop (EcBenchEcho *self);

/* -- Samples */

/* Of guint32; sorts them. NaN when there are none. */
double ec_bench_quantile (GArray *samples, double q);

/* -- Another process, as /proc shows it (ec-bench-process.c) */

/* FALSE: there is no such process. */
gboolean ec_bench_process_look (int pid, double *cpu_seconds, gsize *resident);

/* A process of ours that is told what to do by lines on its standard input and answers on its standard output. */
typedef struct {
  GSubprocess *process;
  GOutputStream *input; /* borrowed */
  GDataInputStream *output;
} EcBenchChild;

EcBenchChild *ec_bench_child_start (const char *const *argv,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean ec_bench_child_tell (EcBenchChild *self, const char *line, GError **error);
/* The next line, an object of JSON; others are passed over. */
JsonObject *ec_bench_child_ask (EcBenchChild *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
int ec_bench_child_get_pid (EcBenchChild *self);
void ec_bench_child_free (EcBenchChild *self); /* ends the process */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcBenchChild, ec_bench_child_free)

/* -- Loads (ec-bench-load.c) */

typedef struct {
  char *uri, *ca_file, **hashes, **protocols;
  char *space, *track;
  int subscribers;
  int object_size; /* bytes */
  double rate;     /* objects a second */
  int group;       /* objects in one */
} EcBenchLoad;

/* Run in the child until standard input ends. */
EcToolStatus ec_bench_publish (const EcBenchLoad *load);
EcToolStatus ec_bench_subscribe (const EcBenchLoad *load);
