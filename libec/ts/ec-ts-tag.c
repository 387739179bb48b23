/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ts/ec-ts-tag.h"

#include <string.h>

#include "base/ec-reader.h"

static const guint8 tag[] = { 0x47, 0x40, 0x00, 0x30, 0x0d, 0x82, 0x0b, 'E', 'C', '1' };

G_STATIC_ASSERT (sizeof tag + sizeof (guint64) == EC_TS_TAG_SIZE);

void
ec_ts_tag_write (guint8 *out, guint64 index)
{
  guint64 index_be = GUINT64_TO_BE (index);

  memcpy (out, tag, sizeof tag);
  memcpy (out + sizeof tag, &index_be, sizeof index_be);
}

gboolean
ec_ts_tag_parse (const guint8 *packet, guint64 *index)
{
  EcReader reader;

  if (memcmp (packet, tag, sizeof tag) != 0)
    return FALSE;
  ec_reader_init (&reader, packet + sizeof tag, sizeof *index);
  *index = ec_reader_u64 (&reader);
  return TRUE;
}
