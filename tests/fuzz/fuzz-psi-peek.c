/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The look at a stream's tables: any bytes, in pieces. */
#include "fuzz.h"
#include "source/ec-psi-peek.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (EcPsiPeek) peek = ec_psi_peek_new ("5.1");
  FuzzRandom random;
  int n;

  fuzz_random_init (&random, (guint32) size);
  while (size > 0) {
    gsize piece = fuzz_random_piece (&random, 1000, size);
    g_autofree guint8 *copy = g_memdup2 (data, piece);

    ec_psi_peek_push (peek, copy, piece);
    data += piece;
    size -= piece;
  }
  n = ec_psi_peek_get_n_programs (peek);
  g_assert_cmpint (n, >=, -1);
  if (n == 1 && ec_psi_peek_get_program_number (peek) != 0)
    g_assert_true (ec_psi_peek_has_program (peek, ec_psi_peek_get_program_number (peek)));
  return 0;
}
