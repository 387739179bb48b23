/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A path in vectors of up to BLAKE3_MAX_LANES words. The including file also defines
 * BLAKE3_PATH (the Blake3Path) and BLAKE3_PATH_NAME, and is compiled for its machine. */

#include "blake3-private.h"

#define BLAKE3_PASTE_(a, b) a##b
#define BLAKE3_PASTE(a, b) BLAKE3_PASTE_ (a, b)

#if (defined(__SSSE3__) && !defined(__AVX512VL__)) || defined(__aarch64__)
#define BLAKE3_BYTE_SHUFFLE
#endif

#define LANES 4
#include "blake3-lanes.h"
#if BLAKE3_MAX_LANES >= 8
#define LANES 8
#include "blake3-lanes.h"
#endif
#if BLAKE3_MAX_LANES >= 16
#define LANES 16
#include "blake3-lanes.h"
#endif

/* The message words of one step, picked from the block by constant indices. */
#if BLAKE3_MAX_LANES >= 16
#define MESSAGE(block) const vec_16 message = load_16 (block)
#define PICK(w0, w1, w2, w3) __builtin_shufflevector (message, message, w0, w1, w2, w3)
#elif BLAKE3_MAX_LANES >= 8
#define MESSAGE(block) const vec_8 message0 = load_8 (block), message1 = load_8 (block + 32)
#define PICK(w0, w1, w2, w3) __builtin_shufflevector (message0, message1, w0, w1, w2, w3)
#else
#define MESSAGE(block)                                                                             \
  uint32_t message[16];                                                                            \
  memcpy (message, block, sizeof message)
#define PICK(w0, w1, w2, w3) ((vec_4){ message[w0], message[w1], message[w2], message[w3] })
#endif

/* Lane i takes lane i + n. */
#define TURN1(x) __builtin_shufflevector (x, x, 1, 2, 3, 0)
#define TURN2(x) __builtin_shufflevector (x, x, 2, 3, 0, 1)
#define TURN3(x) __builtin_shufflevector (x, x, 3, 0, 1, 2)

#define HALF(x, y)                                                                                 \
  a = a + (x) + b;                                                                                 \
  d = rotr16_4 (d ^ a);                                                                            \
  c += d;                                                                                          \
  b = rotr12_4 (b ^ c);                                                                            \
  a = a + (y) + b;                                                                                 \
  d = rotr8_4 (d ^ a);                                                                             \
  c += d;                                                                                          \
  b = rotr7_4 (b ^ c);

/* The diagonals are turned under b, which comes last out of a step and so must not wait. */
#define ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15)                \
  HALF (PICK (s0, s2, s4, s6), PICK (s1, s3, s5, s7))                                              \
  a = TURN3 (a);                                                                                   \
  c = TURN1 (c);                                                                                   \
  d = TURN2 (d);                                                                                   \
  HALF (PICK (s14, s8, s10, s12), PICK (s15, s9, s11, s13))                                        \
  a = TURN1 (a);                                                                                   \
  c = TURN3 (c);                                                                                   \
  d = TURN2 (d);

/* One input: the rows of the state's square are the vectors. */
static void
compress (const uint32_t cv[8],
          const uint8_t block[BLAKE3_BLOCK_LEN],
          uint8_t block_len,
          uint64_t counter,
          uint8_t flags,
          uint32_t out[16])
{
  const vec_4 cv0 = load_4 ((const uint8_t *) cv), cv1 = load_4 ((const uint8_t *) (cv + 4));
  vec_4 a = cv0, b = cv1;
  vec_4 c = { BLAKE3_IV0, BLAKE3_IV1, BLAKE3_IV2, BLAKE3_IV3 };
  vec_4 d = { (uint32_t) counter, (uint32_t) (counter >> 32), block_len, flags };
  MESSAGE (block);

  BLAKE3_ROUNDS (ROUND)

  a ^= c;
  b ^= d;
  c ^= cv0;
  d ^= cv1;
  memcpy (out, &a, 16);
  memcpy (out + 4, &b, 16);
  memcpy (out + 8, &c, 16);
  memcpy (out + 12, &d, 16);
}

static void
hash_one (const Blake3Run *run, const uint8_t *input, size_t at, uint8_t *out)
{
  const uint8_t *block = input + at * run->blocks * BLAKE3_BLOCK_LEN;
  uint64_t counter = run->counter + at * run->counter_step;
  uint8_t flags = run->flags | run->flags_start;
  uint32_t cv[16];

  memcpy (cv, run->key, 32);
  for (size_t i = 0; i < run->blocks; i++) {
    if (i + 1 == run->blocks)
      flags |= run->flags_end;
    compress (cv, block, BLAKE3_BLOCK_LEN, counter, flags, cv);
    block += BLAKE3_BLOCK_LEN;
    flags = run->flags;
  }
  memcpy (out + at * BLAKE3_OUT_LEN, cv, BLAKE3_OUT_LEN);
}

/* A rest goes through the narrowest vectors that take it at once: idle lanes cost less than
 * another pass. */
static void
hash_run (const Blake3Run *run, const uint8_t *input, size_t n, uint8_t *out)
{
  size_t at = 0;

  while (at < n) {
    size_t left = n - at;
    size_t step = left;

    if (left == 1) {
      hash_one (run, input, at, out);
#if BLAKE3_MAX_LANES >= 16
    } else if (left > 8) {
      step = left < 16 ? left : 16;
      hash_lanes_16 (run, input, at, step, out);
#endif
#if BLAKE3_MAX_LANES >= 8
    } else if (left > 4) {
      step = left < 8 ? left : 8;
      hash_lanes_8 (run, input, at, step, out);
#endif
    } else {
      step = left < 4 ? left : 4;
      hash_lanes_4 (run, input, at, step, out);
    }
    at += step;
  }
}

const Blake3Path BLAKE3_PATH = { BLAKE3_PATH_NAME, compress, hash_run };
