/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fake-server.h"

/*
 * A tuner's web server with what it can do wrong as switches. Two programs, 3 (channel 5.1) and 4
 * (5.2), are on one frequency; 10.1 is on another; 7.1 is protected; 9.1 has no signal.
 */
#define FAKE_FREQUENCY G_GUINT64_CONSTANT (473000000)

typedef struct {
  FakeServer *server;
  char *id;

  /* Set before the first request. */
  guint n_tuners;
  gboolean no_mux;         /* asked for a frequency, it says 801 */
  gboolean silent_mux;     /* asked for a frequency, it sends nothing */
  gboolean no_status;      /* no status.json */
  gboolean stall_once;     /* the first stream of the mux stalls after a while */
  gboolean slow;           /* never answers */
  const char *lineup;      /* sent as lineup.json instead */
  const char *discover;    /* sent as discover.json instead */
  gboolean foreign_holder; /* tuner0 is held by 192.0.2.77 */
  guint error_number;      /* X-HDHomeRun-Error of every stream */

  GMutex mutex;
  guint held; /* tuners in use, a bit each; under the mutex */
  guint n_mux_streams;
  char *favorite; /* the last favourite posted */
} FakeDevice;

FakeDevice *fake_device_new (const char *id);
void fake_device_free (FakeDevice *device);

/* "127.0.0.1:PORT" */
char *fake_device_host (FakeDevice *device);
char *fake_device_uri (FakeDevice *device, const char *channel);

guint fake_device_get_held (FakeDevice *device);
