/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The catalog of a broadcast: draft-ietf-moq-msf (MSF) with the m2ts fields of draft-gregoire-moq-msfts.
 *
 * Written: independent catalogs only, without generatedAt; the text is a function of what is in it alone, so that two
 * publishers of one broadcast write the same bytes. Read: those and delta updates; fields that are not known are ignored.
 */

#define EC_MOQT_CATALOG_VERSION "draft-01" /* what we write */
#define EC_MOQT_CATALOG_MAX_TEXT (1 << 20)
#define EC_MOQT_CATALOG_MAX_TRACKS 512
#define EC_MOQT_CATALOG_MAX_MEMORY (4 << 20) /* of all strings */
#define EC_MOQT_CATALOG_MAX_PIDS 64

/* All strings are owned UTF-8, NULL: not said. Numbers are −1 if not said. */
typedef struct {
  char *space; /* “namespace”; NULL: the catalog's own */
  char *name;
  char *packaging; /* kept as it is, known or not: “m2ts”, “loc” … */
  gboolean is_live;
  gint64 target_latency; /* ms */
  char *role;
  char *label;
  gint64 render_group;
  gint64 alt_group;
  char *codec;
  char *mime_type;
  double framerate; /* a second */
  gint64 bitrate;   /* bits a second, at most */
  gint64 width;
  gint64 height;
  gint64 samplerate;
  char *channel_config;
  char *lang;
  gint64 track_duration; /* ms */
  char *init_data;       /* Base64 */

  /* of packaging m2ts */
  gint64 m2ts_packet_size;
  gint64 m2ts_packets_per_object;
  gint64 m2ts_program_number;
  gint64 m2ts_pmt_pid;
  gint64 m2ts_pcr_pid;
  gint64 m2ts_psi_interval; /* ms */
  gint64 m2ts_mux_rate;     /* bits a second */
  gboolean m2ts_random_access;
  char *m2ts_timestamp_mode;
  gint64 m2ts_scte35_pid;
  gboolean m2ts_mpts;
  guint16 m2ts_si_pids[EC_MOQT_CATALOG_MAX_PIDS];
  guint n_m2ts_si_pids;
} EcMoqtCatalogTrack;

/* Nothing said, but live. */
EcMoqtCatalogTrack *ec_moqt_catalog_track_new (const char *name,
                                               const char *packaging) G_GNUC_WARN_UNUSED_RESULT;
void ec_moqt_catalog_track_free (EcMoqtCatalogTrack *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqtCatalogTrack, ec_moqt_catalog_track_free)

typedef struct {
  char *version;       /* of the one that was read; NULL: ours */
  gint64 generated_at; /* Unix ms; −1: not said. Never written. */
  gboolean is_complete;
  GPtrArray *tracks; /* EcMoqtCatalogTrack, owned */
} EcMoqtCatalog;

EcMoqtCatalog *ec_moqt_catalog_new (void) G_GNUC_WARN_UNUSED_RESULT;
void ec_moqt_catalog_free (EcMoqtCatalog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcMoqtCatalog, ec_moqt_catalog_free)

/* The first object of a group: an independent catalog. EC_MOQ_ERROR_PROTOCOL: it is none, or too large;
 * EC_MOQ_ERROR_NOT_SUPPORTED: of a version that we do not know. */
EcMoqtCatalog *ec_moqt_catalog_new_from_text (const char *text,
                                              gsize size,
                                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A later object of the group: a delta update, or once more an independent catalog. On errors `self` stays as it was. */
gboolean ec_moqt_catalog_update (EcMoqtCatalog *self, const char *text, gsize size, GError **error);
/* The canonical text; its tracks are in order of namespace and name. */
char *ec_moqt_catalog_to_text (const EcMoqtCatalog *self) G_GNUC_WARN_UNUSED_RESULT;
/* NULL: there is none. `space` NULL: the catalog's own. */
const EcMoqtCatalogTrack *
ec_moqt_catalog_find (const EcMoqtCatalog *self, const char *space, const char *name);
