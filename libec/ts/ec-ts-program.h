/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-section.h"

/* One program's map: what a PMT section says (ISO/IEC 13818-1 §2.4.4.8, ECP-0002 §2.3–2.5). */

typedef enum {
  EC_TS_LEAD_NONE,
  EC_TS_LEAD_MPEG2, /* stream_type 01, 02 */
  EC_TS_LEAD_H264,  /* 1B */
  EC_TS_LEAD_HEVC,  /* 24 */
  EC_TS_LEAD_AUDIO,
} EcTsLeadKind;

typedef struct {
  guint16 pid;
  guint8 stream_type;
  gboolean is_audio;          /* by stream_type, or by the AC-3 descriptors of type 06 */
  guint16 descriptors_offset; /* in the section */
  guint16 descriptors_size;
} EcTsStream;

/* A PMT section has room for no more than this many streams of five bytes. */
#define EC_TS_MAX_STREAMS 201

typedef struct {
  grefcount ref_count;
  guint16 program_number;
  guint16 pmt_pid;
  guint16 pcr_pid;
  guint8 version;
  guint8 *section; /* as received, CRC included */
  gsize section_size;
  EcTsStream *streams; /* in loop order */
  guint n_streams;
  guint16 *kept; /* PIDs, each once */
  guint n_kept;
  guint lead_pid; /* EC_TS_N_PIDS: none */
  guint8 lead_type;
  EcTsLeadKind lead_kind;
} EcTsProgram;

/* NULL when the section is not a valid, current PMT. */
EcTsProgram *ec_ts_program_new (guint pmt_pid, const EcTsSection *section);
EcTsProgram *ec_ts_program_ref (EcTsProgram *self);
void ec_ts_program_unref (EcTsProgram *self);
gboolean ec_ts_program_keeps (const EcTsProgram *self, guint pid);
/* Same PID and same section, byte for byte. */
gboolean ec_ts_program_equal (const EcTsProgram *a, const EcTsProgram *b);
const char *ec_ts_stream_type_name (const EcTsProgram *self, const EcTsStream *stream);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcTsProgram, ec_ts_program_unref)

/*
 * A PAT section's programs (ISO/IEC 13818-1 §2.4.4.3): calls `func` for each whose number is not 0
 * until it returns FALSE. The section must be current.
 */
typedef gboolean (*EcTsPatFunc) (gpointer user_data, guint program_number, guint pmt_pid);
void ec_ts_pat_foreach (const EcTsSection *section, EcTsPatFunc func, gpointer user_data);
