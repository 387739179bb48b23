/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-rap.h"

#include <string.h>

/* ISO/IEC 13818-2 §6.2.1 */
#define MPEG2_PICTURE 0x00
#define MPEG2_SLICE_LAST 0xaf
#define MPEG2_SEQUENCE_HEADER 0xb3
#define MPEG2_PICTURE_I 1

/* ITU-T H.264 table 7-1, §D.1.1 */
#define H264_NAL_SLICE 1
#define H264_NAL_PARTITION_A 2
#define H264_NAL_IDR 5
#define H264_NAL_SEI 6
#define H264_NAL_SPS 7
#define H264_SEI_RECOVERY_POINT 6
#define H264_SLICE_I 2
#define H264_SLICE_SI 4

/* ITU-T H.265 table 7-1 */
#define HEVC_NAL_IRAP_FIRST 16
#define HEVC_NAL_IRAP_LAST 21
#define HEVC_NAL_VCL_LAST 31
#define HEVC_NAL_SPS 33

void
ec_ts_rap_scanner_init (EcTsRapScanner *self, EcTsLeadKind kind)
{
  self->kind = kind;
  self->n_packets = 0;
  self->seen_header = FALSE;
  self->size = 0;
  self->pos = 0;
}

/* Where the next 00 00 01 begins at or behind `from`; `size` when there is none. */
static gsize
find_start_code (const guint8 *data, gsize size, gsize from)
{
  while (from + 3 <= size) {
    const guint8 *one = memchr (data + from + 2, 1, size - from - 2);

    if (!one)
      return size;
    if (one[-1] == 0 && one[-2] == 0)
      return (gsize) (one - data) - 2;
    from = (gsize) (one - data) - 1;
  }
  return size;
}

/* Removes emulation prevention bytes (ITU-T H.264 §7.4.1.1). */
static gsize
unescape (guint8 *out, gsize max, const guint8 *data, gsize size)
{
  gsize n = 0;
  guint zeros = 0;

  for (gsize i = 0; i < size && n < max; i++) {
    if (zeros >= 2 && data[i] == 3) {
      zeros = 0;
      continue;
    }
    zeros = data[i] == 0 ? zeros + 1 : 0;
    out[n++] = data[i];
  }
  return n;
}

typedef enum {
  BITS_OK,
  BITS_MORE,
  BITS_BAD,
} BitsResult;

/* ue(v), ITU-T H.264 §9.1 */
static BitsResult
read_ue (const guint8 *data, gsize n_bits, gsize *pos, guint64 *value)
{
  guint zeros = 0;

#define BIT(i) (data[(i) >> 3] >> (7 - ((i) &7)) & 1u)
  while (*pos + zeros < n_bits && !BIT (*pos + zeros)) {
    if (++zeros > 31)
      return BITS_BAD;
  }
  if (*pos + zeros * 2 + 1 > n_bits)
    return BITS_MORE;

  *value = 0;
  for (guint i = 0; i <= zeros; i++)
    *value = *value << 1 | BIT (*pos + zeros + i);
  *value -= 1;
  *pos += zeros * 2 + 1;
  return BITS_OK;
#undef BIT
}

static EcTsRapVerdict
judge_h264_slice (const EcTsRapScanner *self, const guint8 *data, gsize size)
{
  guint8 header[24]; /* two ue(v) of 63 bits at most */
  gsize n_bits = unescape (header, sizeof header, data, size) * 8;
  gsize pos = 0;
  guint64 first_mb, slice_type;
  BitsResult result = read_ue (header, n_bits, &pos, &first_mb);

  if (result == BITS_OK)
    result = read_ue (header, n_bits, &pos, &slice_type);
  if (result == BITS_MORE)
    return EC_TS_RAP_UNDECIDED;
  if (result == BITS_BAD || !self->seen_header)
    return EC_TS_RAP_NO;
  slice_type %= 5;
  return slice_type == H264_SLICE_I || slice_type == H264_SLICE_SI ? EC_TS_RAP_YES : EC_TS_RAP_NO;
}

/* FF bytes and a last one, ITU-T H.264 §7.3.2.3.1; FALSE past the end. */
static gboolean
read_sei_number (EcReader *reader, guint *value)
{
  guint8 byte;

  *value = 0;
  do {
    byte = ec_reader_u8 (reader);
    *value += byte;
  } while (byte == 0xff && !reader->failed);
  return !reader->failed;
}

static gboolean
sei_has_recovery_point (const guint8 *data, gsize size)
{
  guint8 rbsp[EC_TS_RAP_WINDOW * 184];
  EcReader reader;

  ec_reader_init (&reader, rbsp, unescape (rbsp, sizeof rbsp, data, size));
  while (ec_reader_left (&reader) >= 2) {
    guint type, length;

    if (!read_sei_number (&reader, &type) || !read_sei_number (&reader, &length))
      return FALSE;
    if (length > ec_reader_left (&reader))
      return FALSE;
    if (type == H264_SEI_RECOVERY_POINT)
      return TRUE;
    ec_reader_skip (&reader, length);
  }
  return FALSE;
}

/*
 * One start code; `code` is the index of the byte behind 00 00 01. UNDECIDED with *passed says
 * that it tells nothing, without that more bytes are needed.
 */
static EcTsRapVerdict
judge_mpeg2 (EcTsRapScanner *self, gsize code, gboolean *passed)
{
  guint8 value = self->data[code];

  if (value == MPEG2_PICTURE) {
    if (code + 2 >= self->size)
      return EC_TS_RAP_UNDECIDED;
    return self->seen_header && (self->data[code + 2] >> 3 & 7) == MPEG2_PICTURE_I ? EC_TS_RAP_YES
                                                                                   : EC_TS_RAP_NO;
  }
  if (value <= MPEG2_SLICE_LAST)
    return EC_TS_RAP_NO;
  if (value == MPEG2_SEQUENCE_HEADER)
    self->seen_header = TRUE;
  *passed = TRUE;
  return EC_TS_RAP_UNDECIDED;
}

static EcTsRapVerdict
judge_h264 (EcTsRapScanner *self, gsize code, gboolean *passed)
{
  const guint8 *body = self->data + code + 1;
  gsize size = self->size - code - 1;
  gsize end;

  switch (self->data[code] & 0x1f) {
  case H264_NAL_IDR:
    return self->seen_header ? EC_TS_RAP_YES : EC_TS_RAP_NO;
  case H264_NAL_SLICE:
  case H264_NAL_PARTITION_A:
    return judge_h264_slice (self, body, size);
  case H264_NAL_SEI:
    if (!self->seen_header)
      break;
    end = find_start_code (body, size, 0);
    if (end == size)
      return EC_TS_RAP_UNDECIDED;
    if (sei_has_recovery_point (body, end))
      return EC_TS_RAP_YES;
    break;
  case H264_NAL_SPS:
    self->seen_header = TRUE;
    break;
  default:
    break;
  }
  *passed = TRUE;
  return EC_TS_RAP_UNDECIDED;
}

static EcTsRapVerdict
judge_hevc (EcTsRapScanner *self, gsize code, gboolean *passed)
{
  guint type = self->data[code] >> 1 & 0x3f;

  if (type >= HEVC_NAL_IRAP_FIRST && type <= HEVC_NAL_IRAP_LAST)
    return self->seen_header ? EC_TS_RAP_YES : EC_TS_RAP_NO;
  if (type <= HEVC_NAL_VCL_LAST)
    return EC_TS_RAP_NO;
  if (type == HEVC_NAL_SPS)
    self->seen_header = TRUE;
  *passed = TRUE;
  return EC_TS_RAP_UNDECIDED;
}

static EcTsRapVerdict
judge (EcTsRapScanner *self)
{
  for (;;) {
    gsize code = find_start_code (self->data, self->size, self->pos);
    EcTsRapVerdict verdict;
    gboolean passed = FALSE;

    if (code + 3 >= self->size) {
      self->pos = code == self->size ? MAX (self->pos, self->size - MIN (self->size, 2)) : code;
      return EC_TS_RAP_UNDECIDED;
    }
    self->pos = code;
    code += 3;

    if (self->kind == EC_TS_LEAD_MPEG2)
      verdict = judge_mpeg2 (self, code, &passed);
    else if (self->kind == EC_TS_LEAD_H264)
      verdict = judge_h264 (self, code, &passed);
    else
      verdict = judge_hevc (self, code, &passed);
    if (!passed)
      return verdict;
    self->pos = code;
  }
}

EcTsRapVerdict
ec_ts_rap_scanner_push (EcTsRapScanner *self, const guint8 *data, gsize size)
{
  EcTsRapVerdict verdict;

  if (self->kind == EC_TS_LEAD_AUDIO)
    return EC_TS_RAP_YES;
  if (self->kind == EC_TS_LEAD_NONE || self->n_packets == EC_TS_RAP_WINDOW ||
      size > sizeof self->data - self->size)
    return EC_TS_RAP_NO;

  if (size > 0)
    memcpy (self->data + self->size, data, size);
  self->size += size;
  self->n_packets++;
  verdict = judge (self);
  if (verdict == EC_TS_RAP_UNDECIDED && self->n_packets == EC_TS_RAP_WINDOW)
    return EC_TS_RAP_NO;
  return verdict;
}
