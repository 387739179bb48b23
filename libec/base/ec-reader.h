/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * EcReader: the one bounds-checked reader that every parser goes through.
 *
 * Reading past the end yields zeros and NULL and sets `failed`, which sticks: a parser reads a
 * whole structure and asks once, at its end, whether all of it was there.
 */
typedef struct {
  const guint8 *data;
  gsize size;
  gsize pos;
  gboolean failed;
} EcReader;

static inline void
ec_reader_init (EcReader *reader, const guint8 *data, gsize size)
{
  reader->data = data;
  reader->size = size;
  reader->pos = 0;
  reader->failed = FALSE;
}

static inline gsize
ec_reader_left (const EcReader *reader)
{
  return reader->size - reader->pos;
}

/* `n` bytes in place, owned by whoever owns the input; NULL when they are not there. */
static inline const guint8 *
ec_reader_bytes (EcReader *reader, gsize n)
{
  const guint8 *bytes;

  if (G_UNLIKELY (reader->failed || n > ec_reader_left (reader))) {
    reader->failed = TRUE;
    return NULL;
  }

  bytes = reader->data + reader->pos;
  reader->pos += n;
  return bytes;
}

static inline void
ec_reader_skip (EcReader *reader, gsize n)
{
  (void) ec_reader_bytes (reader, n);
}

static inline guint8
ec_reader_u8 (EcReader *reader)
{
  const guint8 *p = ec_reader_bytes (reader, 1);

  return p ? p[0] : 0;
}

static inline guint16
ec_reader_u16 (EcReader *reader)
{
  const guint8 *p = ec_reader_bytes (reader, 2);

  return p ? (guint16) (p[0] << 8 | p[1]) : 0;
}

static inline guint32
ec_reader_u32 (EcReader *reader)
{
  const guint8 *p = ec_reader_bytes (reader, 4);

  return p ? (guint32) p[0] << 24 | (guint32) p[1] << 16 | (guint32) p[2] << 8 | p[3] : 0;
}

static inline guint64
ec_reader_u64 (EcReader *reader)
{
  const guint8 *p = ec_reader_bytes (reader, 8);
  guint64 value = 0;

  for (guint i = 0; p && i < 8; i++)
    value = value << 8 | p[i];
  return value;
}

/* A reader over the next `n` bytes, which this one skips; empty and failed when they are not there. */
static inline EcReader
ec_reader_sub (EcReader *reader, gsize n)
{
  EcReader sub = { 0 };
  const guint8 *bytes = ec_reader_bytes (reader, n);

  if (reader->failed)
    sub.failed = TRUE;
  else
    ec_reader_init (&sub, bytes, n); /* NULL where there is no input at all */
  return sub;
}
