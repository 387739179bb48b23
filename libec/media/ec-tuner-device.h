/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "media/ec-broadcast-filter.h"
#include "media/ec-impairment.h"

/*
 * The simulated device behind its servers: channels, tuners, the scan. Everything here, and the
 * servers in ec-tuner-http.c, -stream.c, -control.c and -discovery.c, lives in one thread, the
 * device's, and in its main context.
 */
typedef struct _EcTunerDevice EcTunerDevice;
typedef struct _EcTuner EcTuner;
typedef struct _EcTunerSink EcTunerSink;

#define EC_TUNER_MAX 16
#define EC_TUNER_FREQUENCY 563000000        /* Hz, RF channel 29: the multiplex */
#define EC_TUNER_SILENT_FREQUENCY 605000000 /* Hz, RF channel 36: a station too weak to decode */

/* Codes of X-HDHomeRun-Error; 0 is none. */
typedef enum {
  EC_TUNER_UNKNOWN_CHANNEL = 801,
  EC_TUNER_UNKNOWN_TRANSCODE = 802,
  EC_TUNER_SYSTEM_BUSY = 803,
  EC_TUNER_IN_USE = 804,
  EC_TUNER_ALL_IN_USE = 805,
  EC_TUNER_TUNE_FAILED = 806,
  EC_TUNER_NO_VIDEO = 807,
  EC_TUNER_DVR_FAILURE = 808,
  EC_TUNER_CONNECTION_LIMIT = 809,
  EC_TUNER_PROTECTED = 811,
} EcTunerError;

/* "805 All Tuners In Use", as the header carries it. */
const char *ec_tuner_error_text (EcTunerError code);

typedef struct {
  char *address; /* numeric, to listen on */
  guint32 device_id;
  guint http_port;    /* 0: any */
  guint stream_port;  /* 0: any */
  guint control_port; /* UDP and TCP; 0: any */
  guint tuner_count;
  EcBroadcastProfile profile;
  guint64 seed;
  double speed;
  char *scenario;
  gint64 epoch;     /* Unix time, µs, at which … */
  gint64 epoch_air; /* … the station's clock shows this time, µs */
  EcImpairment impairment;
  guint connection_limit; /* HTTP streams at a time; 0: as many as tuners */
  double scan_seconds;
  gboolean keep_psip;
  char *faults; /* "5.2=806,*=808": channels that fail with a code */
} EcTunerConfig;

void ec_tuner_config_clear (EcTunerConfig *self);
/* What the station's clock shows at a Unix time, both in µs. */
gint64 ec_tuner_config_air_time (const EcTunerConfig *config, gint64 now);

typedef struct {
  char *number; /* "5.1" */
  const char *name;
  guint64 frequency;               /* Hz */
  const EcStationProgram *program; /* NULL where there is no signal */
  gboolean favorite;
  EcTunerError fault; /* injected; 0 for none */
} EcTunerChannel;

/* Where a tuner's packets go; embedded in what implements it. */
struct _EcTunerSink {
  /* Takes all of `data` or drops whole packets of it; never blocks. */
  void (*send) (EcTunerSink *self, const guint8 *data, gsize size);
  /* The tuner let go of the sink: the end of the stream, or of the device. */
  void (*closed) (EcTunerSink *self);
};

struct _EcTuner {
  EcTunerDevice *device;
  guint index;
  gboolean http;                 /* held by an HTTP stream */
  guint64 frequency;             /* Hz; 0: not tuned */
  const EcTunerChannel *channel; /* NULL unless tuned by virtual channel or program */
  char *modulation;              /* "8vsb" or "auto", as asked for */
  guint program;                 /* filtered program_number; 0 for none */
  char *filter_text;             /* PIDs, as asked for by control */
  char *target_text;             /* of control, "none" if empty */
  char *target_ip;               /* where packets go, for status.json */
  guint32 lock_key;              /* 0: not locked */
  char *lock_ip;

  EcTunerSink *sink; /* NULL: nothing streams; not owned */
  EcBroadcastFilter filter;
  guint64 next_slot;
  guint64 end_slot;
  guint64 sent;       /* bytes, since tuned */
  guint64 rate_sent;  /* `sent` at the last measure */
  gint64 rate_time;   /* monotonic µs of it */
  guint network_rate; /* bits a second */
};

EcTunerDevice *ec_tuner_device_new (const EcTunerConfig *config, EcBroadcast *broadcast);
void ec_tuner_device_free (EcTunerDevice *self);

const EcTunerConfig *ec_tuner_device_get_config (EcTunerDevice *self);
const EcBroadcast *ec_tuner_device_get_broadcast (EcTunerDevice *self);
EcTuner *ec_tuner_device_get_tuner (EcTunerDevice *self, guint i); /* NULL past the last */
GPtrArray *ec_tuner_device_get_channels (EcTunerDevice *self);     /* of EcTunerChannel */
EcTunerChannel *ec_tuner_device_find_channel (EcTunerDevice *self, const char *number);

/* Real ports, set by the servers once they listen. */
void ec_tuner_device_set_ports (EcTunerDevice *self, guint http, guint stream, guint control);
/* Whole URLs without a final slash, as seen from a client that reached `local_address`. */
char *ec_tuner_device_dup_base_url (EcTunerDevice *self, const char *local_address);
char *ec_tuner_device_dup_stream_url (EcTunerDevice *self, const char *local_address);

void ec_tuner_device_start_scan (EcTunerDevice *self);
void ec_tuner_device_abort_scan (EcTunerDevice *self);
/* FALSE unless scanning; `progress` in percent; `found` channels so far (all, when not scanning) */
gboolean ec_tuner_device_get_scan (EcTunerDevice *self, guint *progress, guint *found);

/*
 * Finds a tuner for an HTTP stream of `path` ("/auto/v5.1", "/tuner1/ch563000000-3") and tunes it;
 * `*code` says why not.
 */
EcTuner *ec_tuner_device_tune_path (EcTunerDevice *self, const char *path, EcTunerError *code);

/* Whether the tuner's frequency carries the multiplex. */
gboolean ec_tuner_has_lock (const EcTuner *self);
/* 0–100; a slow, seeded wander. */
void
ec_tuner_get_signal (const EcTuner *self, guint *strength, guint *quality, guint *symbol_quality);

/* Starts streaming what the filter lets through; seconds of real time, 0 for no end. */
void ec_tuner_start (EcTuner *self, EcTunerSink *sink, const char *target_ip, double seconds);
void ec_tuner_stop (EcTuner *self);
/* Stops and forgets what it was tuned to. */
void ec_tuner_release (EcTuner *self);
/* Makes the filter anew from program, filter_text and mux. */
void ec_tuner_update_filter (EcTuner *self);

/*
 * Something that outlives its tuner for a moment; `destroy` is called on it when the device ends,
 * unless it was removed before.
 */
void ec_tuner_device_add_guest (EcTunerDevice *self, gpointer guest, GDestroyNotify destroy);
void ec_tuner_device_remove_guest (EcTunerDevice *self, gpointer guest);

/* Sends what is due; called at every tick. */
void ec_tuner_device_tick (EcTunerDevice *self);
