/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * What this process has learnt about devices, so that a second tuning need not learn it again: where
 * a device was last, and the frequency and program of its channels. Bounded. Any thread.
 */

typedef struct {
  guint64 frequency;    /* Hz; 0: the whole mux could not be had */
  guint program_number; /* or 0 */
  gint64 until;         /* µs, monotonic: when to try the whole mux again, where frequency is 0 */
} EcHdhrTuning;

/* device: id, or address without a port as the user gave it, in upper case */
char *ec_hdhr_cache_get_base_url (const char *device);
/* NULL forgets it. */
void ec_hdhr_cache_set_base_url (const char *device, const char *base_url);

/* device: id or base URL */
gboolean ec_hdhr_cache_get_tuning (const char *device, const char *channel, EcHdhrTuning *tuning);
/* NULL forgets it. */
void ec_hdhr_cache_set_tuning (const char *device, const char *channel, const EcHdhrTuning *tuning);

/* Entries, for tests. */
guint ec_hdhr_cache_get_size (void);
