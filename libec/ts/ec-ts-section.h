/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-reader.h"
#include "ts/ec-ts-packet.h"

/* ISO/IEC 13818-1 §2.4.4: sections, assembled from the packets of one PID (ECP-0002 §2.1). */

#define EC_TS_SECTION_MAX 4096

/* A complete section, valid during the call; the header's fields are those behind section_length. */
typedef struct {
  const guint8 *data; /* from table_id to the last byte, CRC included */
  gsize size;
  guint8 table_id;
  gboolean has_syntax;     /* section_syntax_indicator: what follows, and a CRC, should be there */
  gboolean crc_ok;         /* over the whole section, whether or not has_syntax is set */
  guint16 table_extension; /* transport_stream_id, program_number, … */
  guint8 version;
  gboolean current;
} EcTsSection;

typedef void (*EcTsSectionFunc) (gpointer user_data, guint pid, const EcTsSection *section);

typedef struct {
  guint size;   /* bytes collected; 0: no section in progress */
  guint wanted; /* the section's whole size; 0: its header is not complete yet */
  guint8 data[EC_TS_SECTION_MAX];
} EcTsSectionAssembler;

void ec_ts_section_assembler_init (EcTsSectionAssembler *self);
/* A gap on the PID: what is in progress is incomplete. */
void ec_ts_section_assembler_gap (EcTsSectionAssembler *self);
void ec_ts_section_assembler_push (EcTsSectionAssembler *self,
                                   const guint8 *packet,
                                   EcTsSectionFunc func,
                                   gpointer user_data);

/* CRC-32 of ISO/IEC 13818-1 annex A; 0 over a section that ends with its own. */
guint32 ec_ts_crc32 (const guint8 *data, gsize size);

/* Valid CRC, current_next_indicator 1, syntax as the tables of ISO/IEC 13818-1 have it. */
static inline gboolean
ec_ts_section_is_current (const EcTsSection *section)
{
  return section->has_syntax && section->crc_ok && section->current;
}

/* What is between the eight header bytes and the CRC; only where has_syntax. */
static inline EcReader
ec_ts_section_body (const EcTsSection *section)
{
  EcReader reader;

  g_assert (section->has_syntax && section->size >= 12);
  ec_reader_init (&reader, section->data + 8, section->size - 12);
  return reader;
}
