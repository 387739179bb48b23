/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ec-reader.h"

/* Descriptor loops: tag, length, that many bytes, and so on (ISO/IEC 13818-1 §2.6). */

#define EC_TS_DESCRIPTOR_CA 0x09
#define EC_TS_DESCRIPTOR_LANGUAGE 0x0a
#define EC_TS_DESCRIPTOR_NETWORK_NAME 0x40
#define EC_TS_DESCRIPTOR_SERVICE 0x48

/* Puts `*body` over the next descriptor's bytes; FALSE at the end of the loop. */
static inline gboolean
ec_ts_descriptor_next (EcReader *loop, guint8 *tag, EcReader *body)
{
  if (ec_reader_left (loop) < 2)
    return FALSE;
  *tag = ec_reader_u8 (loop);
  *body = ec_reader_sub (loop, ec_reader_u8 (loop));
  return !body->failed;
}

/* The first descriptor with `wanted` in a loop; FALSE when there is none. */
static inline gboolean
ec_ts_descriptor_find (EcReader loop, guint8 wanted, EcReader *body)
{
  guint8 tag;

  while (ec_ts_descriptor_next (&loop, &tag, body)) {
    if (tag == wanted)
      return TRUE;
  }
  return FALSE;
}
