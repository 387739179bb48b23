/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "ts/ec-inspector.h"
#include "ts/ec-ts-audio.h"
#include "ts/ec-ts-continuity.h"
#include "ts/ec-ts-descriptor.h"
#include "ts/ec-ts-framer.h"
#include "ts/ec-ts-network.h"
#include "ts/ec-ts-pes.h"
#include "ts/ec-ts-rap.h"
#include "ts/ec-ts-spread.h"
#include "ts/ec-ts-video.h"

/*
 * What EcInspector knows of a stream. Every list is capped, so that no input makes it grow beyond
 * some megabytes; what is over a cap is passed over.
 */
#define EC_INSPECTOR_MAX_PROGRAMS 256
#define EC_INSPECTOR_MAX_NAMES 1024
#define EC_INSPECTOR_MAX_ASSEMBLERS 400
#define EC_INSPECTOR_MAX_STREAMS 512
#define EC_INSPECTOR_MAX_TABLES 96
#define EC_INSPECTOR_MAX_SECTIONS 4096
#define EC_INSPECTOR_MAX_CA 16
#define EC_INSPECTOR_MAX_WARNINGS 40

/* 27 MHz */
#define EC_INSPECTOR_PCR_RATE G_GINT64_CONSTANT (27000000)
#define EC_INSPECTOR_PCR_MILLISECOND (EC_INSPECTOR_PCR_RATE / 1000)

typedef enum {
  EC_INSPECTOR_ROLE_NONE, /* nothing in the tables names it */
  EC_INSPECTOR_ROLE_TABLE,
  EC_INSPECTOR_ROLE_PMT,
  EC_INSPECTOR_ROLE_VIDEO,
  EC_INSPECTOR_ROLE_AUDIO,
  EC_INSPECTOR_ROLE_DATA,
  EC_INSPECTOR_ROLE_PCR, /* only that */
  EC_INSPECTOR_ROLE_NULL,
} EcInspectorRole;

/* The PCRs of one PID; times in ticks of 27 MHz. */
typedef struct {
  guint64 n;
  guint64 last;
  guint64 last_pos;
  gint64 elapsed; /* the sum of the intervals that are none of the following */
  gint64 max_interval;
  guint64 n_late;            /* intervals of more than 100 ms */
  guint64 n_flagged;         /* discontinuities that were announced */
  guint64 n_discontinuities; /* and that were not */
  guint64 run;               /* PCRs since the master's PCR number … */
  guint64 run_mark;
} EcInspectorPcr;

/* An elementary stream; times in ticks of 90 kHz. */
typedef struct {
  EcTsLeadKind kind;
  guint8 stream_type;
  guint64 n_pes;
  guint64 n_stamped; /* PES starts with a time stamp */
  guint64 first_pts, last_pts;
  guint64 last_ts;
  gint64 elapsed; /* the sum of the steps of ts that are none of the following */
  guint64 n_steps;
  guint n_wraps;
  guint64 n_jumps; /* backward, or by more than a second */

  gboolean in_window; /* a PES start that may be a RAP */
  gint64 window_elapsed;
  guint64 n_raps;
  gint64 rap_elapsed;
  EcTsSpread rap_interval;
  EcTsRapScanner *scanner; /* video only */

  gboolean has_video, has_audio;
  guint n_formats; /* video formats, one behind the other */
  EcTsVideoFormat video;
  EcTsAudioFormat audio;
} EcInspectorStream;

typedef struct {
  EcInspectorRole role;
  const char *name; /* of the tables or the codec; static, may be NULL */
  guint64 n_packets;
  guint64 n_errors; /* transport_error_indicator; not in n_packets */
  guint64 n_scrambled;
  guint64 n_gaps;
  guint64 n_flagged; /* gaps that discontinuity_indicator announced */
  guint64 n_duplicates;
  guint64 n_crc_errors;
  EcInspectorPcr *pcr;            /* NULL: none seen */
  EcTsSectionAssembler *sections; /* NULL: not looked at */
  EcInspectorStream *stream;      /* NULL: not one */
} EcInspectorPid;

typedef struct {
  guint16 number;
  guint16 pmt_pid;
  guint64 n_changes; /* of the PMT, or of its PID */
  EcTsProgram *map;  /* NULL: no PMT seen */
} EcInspectorProgram;

/* What a VCT or an SDT says of a program. */
typedef struct {
  char *name;
  char *provider;
  guint major, minor; /* 0: no channel number; minor 0: a one-part number */
} EcInspectorName;

/* Sections of one kind on one PID. */
typedef struct {
  guint16 pid;
  guint8 table_id;
  guint64 n_sections;
  EcTsSpread *interval; /* from one section to the same again, 27 MHz */
} EcInspectorTable;

/* Where the stream's own time comes from: the PCRs of one PID, the master. */
typedef struct {
  guint pid;       /* EC_TS_N_PIDS: none yet */
  gint64 base;     /* what earlier masters counted, less what this one had by then */
  guint64 n;       /* PCRs of all masters */
  guint epoch;     /* counts what breaks the time: discontinuities, another master */
  gboolean dirty;  /* packets were lost since the master's last PCR */
  double rate;     /* ticks a packet, lately; 0: not known */
  guint64 packets; /* counted over `time` */
  gint64 time;
  guint64 window_packets; /* the window in progress, over which the rate is compared */
  gint64 window_time;
  guint64 n_windows;
  double min_rate, max_rate; /* packets a tick, of windows */
} EcInspectorTime;

/* The broadcast's time against the stream's. */
typedef struct {
  EcTsClock clock;
  guint64 n;
  gint64 first_utc, last_utc; /* Unix seconds */
  gboolean has_reference;
  guint epoch;
  gint64 reference; /* table time less stream time, 27 MHz */
  gint64 last_offset;
  gint64 min_jitter, max_jitter;
  guint64 n_measured;
  guint n_steps;
} EcInspectorClock;

typedef struct {
  guint64 n; /* 0: not canonical */
  guint64 first, last;
  guint64 n_skipped; /* indices between that are not there */
  guint64 first_pos;
} EcInspectorCanonical;

struct _EcInspector {
  GObject parent_instance;

  guint program_number;
  gboolean finished;

  EcTsFramer framer;
  gsize stride; /* the last one that was locked to */
  guint64 n_bytes;
  guint64 pos; /* of the packet in work */
  guint64 n_reported_losses;
  guint64 n_transport_errors;
  EcTsContinuity *continuity;
  EcInspectorPid **pids; /* EC_TS_N_PIDS; made when a packet comes, or a table names it */
  guint n_assemblers;
  guint n_streams;

  EcInspectorTime time;
  EcInspectorClock clock;
  EcInspectorCanonical canonical;

  gboolean has_pat;
  guint16 tsid;
  guint64 n_tsid_changes;
  EcTsNetwork network;
  gboolean has_network;
  guint16 network_id;
  char *network_name;
  guint16 ca_systems[EC_INSPECTOR_MAX_CA];
  guint n_ca_systems;
  GArray *programs;          /* EcInspectorProgram */
  GHashTable *names;         /* program_number -> EcInspectorName */
  GArray *tables;            /* EcInspectorTable */
  GHashTable *section_times; /* what identifies a section -> when it came last, both gint64 */
};

/* ec-inspector.c */
EcInspectorPid *ec_inspector_pid (EcInspector *self, guint pid);
EcInspectorProgram *ec_inspector_find_program (EcInspector *self, guint number);
/* The first elementary stream of a program that chunks are cut by; NULL without one, or no packets of it. */
EcInspectorStream *ec_inspector_lead (EcInspector *self, const EcInspectorProgram *program);
/* Whether the report is about this program. */
gboolean ec_inspector_wants (EcInspector *self, const EcInspectorProgram *program);

/* ec-inspector-time.c */
void ec_inspector_take_pcr (EcInspector *self, guint pid, const guint8 *packet);
/* The bytes behind this are not where their time says. */
void ec_inspector_lose_time (EcInspector *self);
/* The stream's time at the packet in work, 27 MHz; FALSE while it is not known. */
gboolean ec_inspector_now (EcInspector *self, gint64 *now);
/* Length in ticks of 27 MHz, by PCR or else by time stamps; 0: not known. */
gint64 ec_inspector_length (EcInspector *self, gboolean *by_pcr);
/* Bit/s of `packets` of the stream's; 0: not known. */
guint64 ec_inspector_share_rate (EcInspector *self, guint64 packets);
/* Bit/s of the whole stream; 0: not known. */
guint64 ec_inspector_bit_rate (EcInspector *self);
/* 1 constant, 0 variable, -1 not known. */
int ec_inspector_is_constant (EcInspector *self);

/* ec-inspector-tables.c */
void ec_inspector_init_tables (EcInspector *self);
void
ec_inspector_watch_sections (EcInspector *self, guint pid, EcInspectorRole role, const char *name);
void ec_inspector_take_section (EcInspector *self, guint pid, const EcTsSection *section);
/* "PAT", "EIT (now and next)", …; NULL for one that is not known. */
const char *ec_inspector_table_name (guint pid, guint table_id);
/* The tables that the report is about, by PID and table_id: EcInspectorTable. */
GPtrArray *ec_inspector_sorted_tables (EcInspector *self);
void ec_inspector_name_free (gpointer name);

/* ec-inspector-names.c: what tables of names say */
void ec_inspector_take_vct (EcInspector *self, const EcTsSection *section);
void ec_inspector_take_sdt (EcInspector *self, const EcTsSection *section);
void ec_inspector_take_nit (EcInspector *self, const EcTsSection *section);
void ec_inspector_take_cat (EcInspector *self, const EcTsSection *section);
void ec_inspector_take_mgt (EcInspector *self, const EcTsSection *section);

/* ec-inspector-streams.c */
void ec_inspector_take_map (EcInspector *self, EcInspectorProgram *program);
void ec_inspector_take_es (EcInspector *self, EcInspectorPid *pid, const guint8 *packet);
/* A gap: what was being looked at is incomplete. */
void ec_inspector_stream_gap (EcInspectorStream *stream);
/* Frames a second, from time stamps; 0: not known. */
double ec_inspector_stream_rate (const EcInspectorStream *stream);
void ec_inspector_stream_free (EcInspectorStream *stream);

/* ec-inspector-clock.c */
void ec_inspector_take_clock (EcInspector *self, guint pid, const EcTsSection *section);

/* ec-inspector-warnings.c: sentences; (transfer full) */
GPtrArray *ec_inspector_warnings (EcInspector *self);
/* Why a program cannot be shared under the broadcast's own name; NULL if it can. */
char *ec_inspector_why_no_stream_id (EcInspector *self, const EcInspectorProgram *program);

/* ec-inspector-describe.c */
const char *ec_inspector_role_name (EcInspectorRole role);
/* The language of a stream by its descriptor, three letters; FALSE without one. */
gboolean ec_inspector_language (const EcTsProgram *map, const EcTsStream *stream, char language[4]);
/* Of which programs a PID is part: their numbers, at most `max`; returns how many. */
guint ec_inspector_programs_of (EcInspector *self, guint pid, guint16 *numbers, guint max);
/* "12.3 Mb/s" */
char *ec_inspector_format_rate (guint64 bits_a_second);
/* "1920×1080i, 29.97 frames/s, 16:9", "5.1, 48 kHz"; NULL if nothing is known */
char *ec_inspector_format_stream (const EcInspectorStream *stream);
/* "once", "3 times" */
char *ec_inspector_format_times (guint64 n);
/* Whether most of its lead is. */
gboolean ec_inspector_is_scrambled (EcInspector *self, const EcInspectorProgram *program);
/* RFC 3339; NULL if there is no such time */
char *ec_inspector_format_utc (gint64 unix_seconds);

/* ec-inspector-lines.c: sections of the text */
void ec_inspector_append_programs (EcInspector *self, GString *out);
void ec_inspector_append_pids (EcInspector *self, GString *out);
void ec_inspector_append_tables (EcInspector *self, GString *out);
/* ec-inspector-text.c */
char *ec_inspector_format_time (gint64 ticks);
/* Filled up with spaces to `width` characters; a negative one puts them in front. */
void ec_inspector_append_cell (GString *out, const char *text, int width);
void ec_inspector_append_label (GString *out, const char *label);
/* ec-inspector-json-parts.c: members of the JSON object */
void ec_inspector_build_programs (EcInspector *self, JsonBuilder *builder);
void ec_inspector_build_pids (EcInspector *self, JsonBuilder *builder);
void ec_inspector_build_tables (EcInspector *self, JsonBuilder *builder);
void ec_inspector_build_int (JsonBuilder *builder, const char *name, guint64 value);
void ec_inspector_build_string (JsonBuilder *builder, const char *name, const char *value);
