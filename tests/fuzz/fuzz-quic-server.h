/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "quic/ec-quic-connection.h"

/* A server whose only thread is the caller's: datagrams are put in by hand, and come out at a socket of loopback. */
typedef struct {
  EcQuicEndpoint *endpoint;
  EcQuicWorker *worker;
  EcQuicSocket *socket;
  EcQuicVerify *verify; /* takes its certificate */
  int fd;               /* what it sends comes here */
  EcQuicAddress local;  /* its own */
  EcQuicAddress remote; /* of `fd` */
} FuzzServer;

FuzzServer *fuzz_server_get (void);
/* `data` is copied, so that the sanitizer sees where it ends. */
void fuzz_server_receive (FuzzServer *self, const guint8 *data, gsize size);
/* All that is due now is done. */
void fuzz_server_settle (FuzzServer *self);
/* As if nobody had ever been there. */
void fuzz_server_forget (FuzzServer *self);
