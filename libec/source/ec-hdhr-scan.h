/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-hdhr-info.h"
#include "source/ec-hdhr-packet.h"

/*
 * EcHdhrScan: one search for devices. Every address that was given, every answer and the broadcast
 * has a thread of its own, so that none waits for another; what they find is queued as sightings.
 * Counted atomically; every function may be called in any thread.
 */
typedef struct _EcHdhrScan EcHdhrScan;

typedef struct {
  const char *const *hosts; /* addresses and names, "host[:port]"; or NULL */
  gboolean broadcast;       /* ask everyone on the local networks too */
  gboolean details;         /* ask each one found for its channels and tuners */
  guint32 id;               /* EC_HDHR_ANY_ID for all */
  guint16 port;             /* of discovery; 0: the usual one */
  guint timeout_ms;         /* for answers to the broadcast, and for each request over HTTP */
} EcHdhrScanOptions;

/* A device, found or known better, or why an address did not lead to one. */
typedef struct {
  char *device_id;        /* or NULL */
  char *base_url;         /* or NULL with an error */
  char *host;             /* the address as it was given, or NULL if found by broadcast */
  guint tuner_count;      /* or 0 */
  EcHdhrDetails *details; /* or NULL */
  GError *error;          /* why there are no details, or no device */
} EcHdhrSighting;

void ec_hdhr_sighting_free (EcHdhrSighting *sighting);

/* wake: called in the scan's threads after each sighting and at the end; `user_data` is kept until
 * all threads have ended. */
EcHdhrScan *ec_hdhr_scan_new (const EcHdhrScanOptions *options,
                              void (*wake) (gpointer user_data),
                              gpointer user_data,
                              GDestroyNotify destroy);
EcHdhrScan *ec_hdhr_scan_ref (EcHdhrScan *scan);
void ec_hdhr_scan_unref (EcHdhrScan *scan);

/* Ends it early. */
void ec_hdhr_scan_cancel (EcHdhrScan *scan);

/* The next sighting, or NULL. */
EcHdhrSighting *ec_hdhr_scan_pop (EcHdhrScan *scan);

/* All threads are through and all sightings taken. */
gboolean ec_hdhr_scan_is_done (EcHdhrScan *scan);

/* Waits for the next sighting; NULL at the end or when cancelled (which cancels the scan too). */
EcHdhrSighting *ec_hdhr_scan_wait (EcHdhrScan *scan, GCancellable *cancellable);

/* The addresses in the environment variable EC_DEVICES, comma separated. */
GStrv ec_hdhr_scan_env_hosts (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcHdhrScan, ec_hdhr_scan_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcHdhrSighting, ec_hdhr_sighting_free)
