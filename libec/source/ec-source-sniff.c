/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source-sniff.h"

#include <string.h>

#include "base/ec-error.h"

#define SYNC 0x47

static gboolean
has_packets (const guint8 *data, gsize size, gsize stride)
{
  for (gsize at = 0; at + 2 * stride < size; at++) {
    if (data[at] == SYNC && data[at + stride] == SYNC && data[at + 2 * stride] == SYNC)
      return TRUE;
  }
  return FALSE;
}

EcSniff
ec_sniff_ts (const guint8 *data, gsize size)
{
  static const gsize strides[] = { 188, 192, 204 };

  for (gsize i = 0; i < G_N_ELEMENTS (strides); i++) {
    if (has_packets (data, MIN (size, EC_SNIFF_LIMIT), strides[i]))
      return EC_SNIFF_TS;
  }
  return size >= EC_SNIFF_LIMIT ? EC_SNIFF_NOT_TS : EC_SNIFF_MORE;
}

static gboolean
starts_with (const guint8 *data, gsize size, gsize at, const char *magic, gsize length)
{
  return size >= at + length && memcmp (data + at, magic, length) == 0;
}

static const char *
guess (const guint8 *data, gsize size)
{
  if (starts_with (data, size, 4, "ftyp", 4))
    return "It looks like an MP4 file.";
  if (starts_with (data, size, 0, "\x1a\x45\xdf\xa3", 4))
    return "It looks like a Matroska or WebM file.";
  if (starts_with (data, size, 0, "#EXTM3U", 7))
    return "It looks like a playlist: give the address of one stream in it.";
  if (starts_with (data, size, 0, "<", 1))
    return "It looks like a web page.";
  if (starts_with (data, size, 0, "\x00\x00\x01\xba", 4))
    return "It looks like an MPEG program stream.";
  return "Only MPEG transport streams (.ts, .mts) can be read.";
}

void
ec_sniff_set_error (const guint8 *data, gsize size, const char *what, GError **error)
{
  g_set_error (error, EC_SOURCE_ERROR, EC_SOURCE_ERROR_NOT_TS,
               "%s is not an MPEG transport stream. %s", what, guess (data, size));
}
