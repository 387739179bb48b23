/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The search for random access points. Byte 0 names the codec, byte 1 the lengths of the pieces, then
 * comes the elementary stream.
 */
#include <string.h>

#include "fuzz.h"
#include "ts/ec-ts-rap.h"

#define PIECE_MAX 184

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const EcTsLeadKind kinds[] = { EC_TS_LEAD_MPEG2, EC_TS_LEAD_H264, EC_TS_LEAD_HEVC,
                                        EC_TS_LEAD_AUDIO };
  g_autofree EcTsRapScanner *scanner = g_new0 (EcTsRapScanner, 1);
  EcTsRapVerdict verdict = EC_TS_RAP_UNDECIDED;
  FuzzRandom random;
  guint n = 0;

  if (size < 2)
    return 0;
  ec_ts_rap_scanner_init (scanner, kinds[data[0] % G_N_ELEMENTS (kinds)]);
  fuzz_random_init (&random, data[1]);
  data += 2;
  size -= 2;

  /* The first answer holds, and there is one after as many packets as the window has. */
  while (size > 0 && verdict == EC_TS_RAP_UNDECIDED) {
    gsize piece = fuzz_random_piece (&random, PIECE_MAX, size);
    g_autofree guint8 *copy = g_memdup2 (data, piece);

    verdict = ec_ts_rap_scanner_push (scanner, copy, piece);
    n++;
    g_assert_cmpuint (n, <=, EC_TS_RAP_WINDOW);
    data += piece;
    size -= piece;
  }
  return 0;
}
