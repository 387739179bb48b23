/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcBitReader: like EcReader, but bit by bit, for the headers of elementary streams.
 *
 * Reading past the end yields zeros and sets `failed`, which sticks.
 */
typedef struct {
  const guint8 *data;
  gsize n_bits;
  gsize pos;
  gboolean failed;
} EcBitReader;

static inline void
ec_bit_reader_init (EcBitReader *reader, const guint8 *data, gsize size)
{
  reader->data = data;
  reader->n_bits = size * 8;
  reader->pos = 0;
  reader->failed = FALSE;
}

/* Up to 32 bits. */
static inline guint32
ec_bit_reader_u (EcBitReader *reader, guint n)
{
  guint32 value = 0;

  if (G_UNLIKELY (reader->failed || n > reader->n_bits - reader->pos)) {
    reader->failed = TRUE;
    return 0;
  }
  for (gsize end = reader->pos + n; reader->pos < end; reader->pos++)
    value = value << 1 | (reader->data[reader->pos >> 3] >> (7 - (reader->pos & 7)) & 1u);
  return value;
}

static inline void
ec_bit_reader_skip (EcBitReader *reader, gsize n)
{
  if (reader->failed || n > reader->n_bits - reader->pos)
    reader->failed = TRUE;
  else
    reader->pos += n;
}

/* ue(v), ITU-T H.264 §9.1; more than 31 leading zeros are a failure. */
static inline guint32
ec_bit_reader_ue (EcBitReader *reader)
{
  guint zeros = 0;

  while (!reader->failed && ec_bit_reader_u (reader, 1) == 0) {
    if (++zeros > 31)
      reader->failed = TRUE;
  }
  if (reader->failed)
    return 0;
  return (guint32) ((G_GUINT64_CONSTANT (1) << zeros) - 1 + ec_bit_reader_u (reader, zeros));
}

/* se(v), ITU-T H.264 §9.1.1 */
static inline gint32
ec_bit_reader_se (EcBitReader *reader)
{
  guint32 value = ec_bit_reader_ue (reader);

  return value & 1 ? (gint32) (value / 2 + 1) : -(gint32) (value / 2);
}
