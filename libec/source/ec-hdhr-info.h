/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * What an HDHomeRun says about itself over HTTP, as plain data that may cross threads. Without I/O.
 * The device's DeviceAuth is a secret that nothing here needs: it is never read.
 */

#define EC_HDHR_MAX_REPLY (4 * 1024 * 1024) /* bytes */
#define EC_HDHR_MAX_CHANNELS 5000
#define EC_HDHR_MAX_TUNERS 64

/* Percentages are -1 and texts NULL where the device did not say. */
typedef struct {
  char *number; /* "5.1", never NULL */
  char *name;
  char *url;
  char *video_codec;
  char *audio_codec;
  char *tags; /* "favorite,drm" */
  gboolean hd;
  gboolean drm;
  gboolean favorite;
  int signal_strength;
  int signal_quality;
  guint64 frequency; /* Hz, or 0 */
  guint program_number;
} EcHdhrChannel;

typedef struct {
  char *resource; /* "tuner0" */
  char *channel_number;
  char *channel_name;
  char *target;      /* the address that it sends to */
  guint64 frequency; /* Hz, or 0 */
  int signal_strength;
  int signal_quality;
  int symbol_quality;
  guint64 network_rate; /* bit/s */
} EcHdhrTuner;

typedef struct {
  char *device_id; /* 8 upper-case hexadecimal digits with a valid checksum, or NULL */
  char *friendly_name;
  char *model;
  char *firmware;
  char *base_url; /* without a slash at its end */
  char *lineup_url;
  guint tuner_count;
  GPtrArray *channels; /* of EcHdhrChannel, sorted by number; NULL where not asked for */
  GPtrArray *tuners;   /* of EcHdhrTuner; NULL where not asked for, or it did not say */
  gboolean scanning;   /* a channel scan is under way */
  guint scan_progress; /* percent */
} EcHdhrDetails;

EcHdhrDetails *ec_hdhr_details_new (const char *base_url);
void ec_hdhr_details_free (EcHdhrDetails *details);

/* Each takes one reply and returns FALSE with EC_SOURCE_ERROR_BAD_REPLY when it makes no sense. */
gboolean ec_hdhr_details_parse_discover (EcHdhrDetails *details,
                                         GBytes *reply,
                                         const char *who,
                                         GError **error);
gboolean ec_hdhr_details_parse_lineup (EcHdhrDetails *details,
                                       GBytes *reply,
                                       const char *who,
                                       GError **error);
gboolean ec_hdhr_details_parse_lineup_status (EcHdhrDetails *details,
                                              GBytes *reply,
                                              const char *who,
                                              GError **error);
gboolean ec_hdhr_details_parse_status (EcHdhrDetails *details,
                                       GBytes *reply,
                                       const char *who,
                                       GError **error);

/* By number, or else by name regardless of case; NULL when there is none. */
const EcHdhrChannel *ec_hdhr_details_find_channel (const EcHdhrDetails *details, const char *name);
const EcHdhrTuner *ec_hdhr_details_find_tuner (const EcHdhrDetails *details, const char *resource);

EcHdhrChannel *ec_hdhr_channel_copy (const EcHdhrChannel *channel);
void ec_hdhr_channel_free (EcHdhrChannel *channel);
void ec_hdhr_tuner_free (EcHdhrTuner *tuner);

/* 5.1 < 5.2 < 10.1; what is no number comes last. */
int ec_hdhr_compare_numbers (const char *a, const char *b);

/* "10A12347" or "10a12347": 8 hexadecimal digits; valid: the checksum holds too. */
gboolean ec_hdhr_is_device_id (const char *text, gboolean *valid);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcHdhrDetails, ec_hdhr_details_free)
