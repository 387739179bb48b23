/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One input at a time, in plain C. */

#include "blake3-private.h"

static inline uint32_t
rotr (uint32_t x, unsigned n)
{
  return x >> n | x << (32 - n);
}

#define G(a, b, c, d, x, y)                                                                        \
  v[a] += v[b] + m[x];                                                                             \
  v[d] = rotr (v[d] ^ v[a], 16);                                                                   \
  v[c] += v[d];                                                                                    \
  v[b] = rotr (v[b] ^ v[c], 12);                                                                   \
  v[a] += v[b] + m[y];                                                                             \
  v[d] = rotr (v[d] ^ v[a], 8);                                                                    \
  v[c] += v[d];                                                                                    \
  v[b] = rotr (v[b] ^ v[c], 7);

#define ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15)                \
  G (0, 4, 8, 12, s0, s1)                                                                          \
  G (1, 5, 9, 13, s2, s3)                                                                          \
  G (2, 6, 10, 14, s4, s5)                                                                         \
  G (3, 7, 11, 15, s6, s7)                                                                         \
  G (0, 5, 10, 15, s8, s9)                                                                         \
  G (1, 6, 11, 12, s10, s11)                                                                       \
  G (2, 7, 8, 13, s12, s13)                                                                        \
  G (3, 4, 9, 14, s14, s15)

static void
compress (const uint32_t cv[8],
          const uint8_t block[BLAKE3_BLOCK_LEN],
          uint8_t block_len,
          uint64_t counter,
          uint8_t flags,
          uint32_t out[16])
{
  uint32_t m[16];
  uint32_t v[16] = {
    cv[0],      cv[1],      cv[2],      cv[3],      cv[4], cv[5], cv[6],     cv[7],
    BLAKE3_IV0, BLAKE3_IV1, BLAKE3_IV2, BLAKE3_IV3, 0,     0,     block_len, flags,
  };

  v[12] = (uint32_t) counter;
  v[13] = (uint32_t) (counter >> 32);
  for (int i = 0; i < 16; i++)
    m[i] = blake3_load32 (block + 4 * i);

  BLAKE3_ROUNDS (ROUND)

  for (int i = 0; i < 8; i++) {
    uint32_t in = cv[i];

    out[i] = v[i] ^ v[i + 8];
    out[i + 8] = v[i + 8] ^ in;
  }
}

static void
hash_run (const Blake3Run *run, const uint8_t *input, size_t n, uint8_t *out)
{
  uint64_t counter = run->counter;

  for (size_t i = 0; i < n; i++) {
    uint32_t cv[16];
    uint8_t flags = run->flags | run->flags_start;

    memcpy (cv, run->key, 32);
    for (size_t block = 0; block < run->blocks; block++) {
      if (block + 1 == run->blocks)
        flags |= run->flags_end;
      compress (cv, input, BLAKE3_BLOCK_LEN, counter, flags, cv);
      input += BLAKE3_BLOCK_LEN;
      flags = run->flags;
    }
    for (int w = 0; w < 8; w++)
      blake3_store32 (out + 4 * w, cv[w]);
    out += BLAKE3_OUT_LEN;
    counter += run->counter_step;
  }
}

const Blake3Path blake3_path_portable = { "portable", compress, hash_run };
