/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-program.h"

/* Packets, sections and programs for tests, written down as hexadecimal digits. */

/* Blanks are passed over. */
GByteArray *from_hex (const char *text);
char *to_hex (const guint8 *data, gsize size);

/* A CRC that shares no code with what is tested (ISO/IEC 13818-1 annex A). */
guint32 plain_crc32 (const guint8 *data, gsize size);
void append_crc (GByteArray *section);
/* A section with the long header: section_length and CRC are filled in; `body` is hexadecimal. */
GByteArray *make_section (guint table_id, guint extension, const char *body);
/* A section as the assembler hands it on. */
EcTsSection read_section (const GByteArray *section);

/*
 * A packet whose last bytes are `payload`; what is left before them is an adaptation field. Without
 * payload it has an adaptation field only.
 */
void make_packet (guint8 *packet,
                  guint pid,
                  gboolean unit_start,
                  guint counter,
                  const guint8 *payload,
                  gsize size);
/* The packets of one section, stuffed with FF; `counter` is that of the first and is advanced. */
void append_section (GByteArray *stream, guint pid, guint *counter, const GByteArray *section);

/* `streams` is what follows program_info_length, and program_info is empty. */
EcTsProgram *make_program (guint pmt_pid, guint pcr_pid, const char *streams);
