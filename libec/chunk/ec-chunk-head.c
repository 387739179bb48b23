/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chunk/ec-chunk-head.h"

#include <string.h>

#include "ts/ec-ts-tag.h"

#define FIRST_PMT_PAYLOAD 181
#define PMT_PAYLOAD 184

gsize
ec_chunk_head_size (const EcTsProgram *program)
{
  gsize rest =
      program->section_size > FIRST_PMT_PAYLOAD ? program->section_size - FIRST_PMT_PAYLOAD : 0;

  return EC_TS_PACKET_SIZE * (2 + (rest + PMT_PAYLOAD - 1) / PMT_PAYLOAD);
}

static void
write_pat (guint8 *out, const EcTsProgram *program, guint tsid, guint64 index)
{
  guint pmt_pid = program->pmt_pid;
  guint version = (pmt_pid ^ pmt_pid >> 5 ^ pmt_pid >> 10) & 31;
  guint8 section[16] = {
    0x00,
    0xb0,
    0x0d,
    (guint8) (tsid >> 8),
    (guint8) tsid,
    (guint8) (0xc1 | version << 1),
    0x00,
    0x00,
    (guint8) (program->program_number >> 8),
    (guint8) program->program_number,
    (guint8) (0xe0 | pmt_pid >> 8),
    (guint8) pmt_pid,
  };
  guint32 crc_be = GUINT32_TO_BE (ec_ts_crc32 (section, 12));

  memcpy (section + 12, &crc_be, sizeof crc_be);
  memset (out, 0xff, EC_TS_PACKET_SIZE);
  ec_ts_tag_write (out, index);
  out[EC_TS_TAG_SIZE] = 0x00; /* pointer_field */
  memcpy (out + EC_TS_TAG_SIZE + 1, section, sizeof section);
}

static void
write_pmt (guint8 *out, const EcTsProgram *program)
{
  guint pid = program->pmt_pid;
  const guint8 *section = program->section;
  gsize left = program->section_size;
  gsize n = MIN (left, FIRST_PMT_PAYLOAD);
  const guint8 first[] = {
    EC_TS_SYNC_BYTE, (guint8) (0x40 | pid >> 8), (guint8) pid, 0x30, 0x01, 0x80, 0x00
  };

  memset (out, 0xff, EC_TS_PACKET_SIZE);
  memcpy (out, first, sizeof first);
  memcpy (out + sizeof first, section, n);

  for (guint counter = 1; left > n; counter++) {
    const guint8 next[] = { EC_TS_SYNC_BYTE, (guint8) (pid >> 8), (guint8) pid,
                            (guint8) (0x10 | (counter & 15)) };

    section += n;
    left -= n;
    n = MIN (left, PMT_PAYLOAD);
    out += EC_TS_PACKET_SIZE;
    memset (out, 0xff, EC_TS_PACKET_SIZE);
    memcpy (out, next, sizeof next);
    memcpy (out + sizeof next, section, n);
  }
}

void
ec_chunk_head_write (guint8 *out, const EcTsProgram *program, guint tsid, guint64 index)
{
  write_pat (out, program, tsid, index);
  write_pmt (out + EC_TS_PACKET_SIZE, program);
}
