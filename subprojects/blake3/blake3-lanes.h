/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Hashes up to LANES inputs side by side: word i of the state of all of them is one vector.
 * Included once for each LANES (4, 8, 16) of a path by blake3-kernel.h; little-endian only. */

#define VEC BLAKE3_PASTE (vec_, LANES)
#define FN(name) BLAKE3_PASTE (name##_, LANES)

typedef uint32_t VEC __attribute__ ((vector_size (4 * LANES)));
typedef uint64_t FN (pairs) __attribute__ ((vector_size (4 * LANES)));

#define SHUFFLE(a, b, ...) __builtin_shufflevector (a, b, __VA_ARGS__)

static inline VEC
FN (splat) (uint32_t x)
{
  return (VEC){ 0 } + x;
}

static inline VEC
FN (load) (const uint8_t *p)
{
  VEC x;

  memcpy (&x, p, sizeof x);
  return x;
}

/* A rotation by whole bytes is one shuffle where there is no rotation instruction. */
#if defined(BLAKE3_BYTE_SHUFFLE)
typedef uint8_t FN (bytes) __attribute__ ((vector_size (4 * LANES)));

#define WORD16(i) (i) + 2, (i) + 3, (i), (i) + 1
#define WORD8(i) (i) + 1, (i) + 2, (i) + 3, (i)
#define FOUR(W, i) W (i), W ((i) + 4), W ((i) + 8), W ((i) + 12)
#if LANES == 4
#define ALL(W) FOUR (W, 0)
#else
#define ALL(W) FOUR (W, 0), FOUR (W, 16)
#endif

static inline VEC
FN (rotr16) (VEC x)
{
  return (VEC) SHUFFLE ((FN (bytes)) x, (FN (bytes)) x, ALL (WORD16));
}

static inline VEC
FN (rotr8) (VEC x)
{
  return (VEC) SHUFFLE ((FN (bytes)) x, (FN (bytes)) x, ALL (WORD8));
}

#undef WORD16
#undef WORD8
#undef FOUR
#undef ALL
#else
static inline VEC
FN (rotr16) (VEC x)
{
  return x >> 16 | x << 16;
}

static inline VEC
FN (rotr8) (VEC x)
{
  return x >> 8 | x << 24;
}
#endif

static inline VEC
FN (rotr12) (VEC x)
{
  return x >> 12 | x << 20;
}

static inline VEC
FN (rotr7) (VEC x)
{
  return x >> 7 | x << 25;
}

#define PAIRS(a, b, ...) ((VEC) SHUFFLE ((FN (pairs)) (a), (FN (pairs)) (b), __VA_ARGS__))

/* Interleaves 32 and 64 bit items within each 16 bytes, and, in the larger vectors, 16 byte
 * items: what the machines do in one instruction. */
#if LANES == 4
#define LO32(a, b) SHUFFLE (a, b, 0, 4, 1, 5)
#define HI32(a, b) SHUFFLE (a, b, 2, 6, 3, 7)
#define LO64(a, b) PAIRS (a, b, 0, 2)
#define HI64(a, b) PAIRS (a, b, 1, 3)
#elif LANES == 8
#define LO32(a, b) SHUFFLE (a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HI32(a, b) SHUFFLE (a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LO64(a, b) PAIRS (a, b, 0, 4, 2, 6)
#define HI64(a, b) PAIRS (a, b, 1, 5, 3, 7)
#define LO128(a, b) SHUFFLE (a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HI128(a, b) SHUFFLE (a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#else
#define LO32(a, b) SHUFFLE (a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HI32(a, b) SHUFFLE (a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LO64(a, b) PAIRS (a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define HI64(a, b) PAIRS (a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define EVEN128(a, b) SHUFFLE (a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define ODD128(a, b) SHUFFLE (a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)
#endif

/* Within each 16 bytes: four rows of four words become four columns. */
static inline __attribute__ ((always_inline)) void
FN (transpose4) (VEC *r)
{
  VEC a = LO32 (r[0], r[1]), b = HI32 (r[0], r[1]);
  VEC c = LO32 (r[2], r[3]), d = HI32 (r[2], r[3]);

  r[0] = LO64 (a, c);
  r[1] = HI64 (a, c);
  r[2] = LO64 (b, d);
  r[3] = HI64 (b, d);
}

/* Rows to columns, LANES by LANES words. */
static inline __attribute__ ((always_inline)) void
FN (transpose) (VEC *r)
{
#if LANES == 4
  FN (transpose4) (r);
#elif LANES == 8
  FN (transpose4) (r);
  FN (transpose4) (r + 4);
  for (int i = 0; i < 4; i++) {
    VEC a = r[i], b = r[i + 4];

    r[i] = LO128 (a, b);
    r[i + 4] = HI128 (a, b);
  }
#else
  FN (transpose4) (r);
  FN (transpose4) (r + 4);
  FN (transpose4) (r + 8);
  FN (transpose4) (r + 12);
  for (int i = 0; i < 4; i++) {
    VEC a = EVEN128 (r[i], r[i + 4]), b = ODD128 (r[i], r[i + 4]);
    VEC c = EVEN128 (r[i + 8], r[i + 12]), d = ODD128 (r[i + 8], r[i + 12]);

    r[i] = EVEN128 (a, c);
    r[i + 4] = EVEN128 (b, d);
    r[i + 8] = ODD128 (a, c);
    r[i + 12] = ODD128 (b, d);
  }
#endif
}

#define G(a, b, c, d, x, y)                                                                        \
  v[a] += m[x];                                                                                    \
  v[a] += v[b];                                                                                    \
  v[d] = FN (rotr16) (v[d] ^ v[a]);                                                                \
  v[c] += v[d];                                                                                    \
  v[b] = FN (rotr12) (v[b] ^ v[c]);                                                                \
  v[a] += m[y];                                                                                    \
  v[a] += v[b];                                                                                    \
  v[d] = FN (rotr8) (v[d] ^ v[a]);                                                                 \
  v[c] += v[d];                                                                                    \
  v[b] = FN (rotr7) (v[b] ^ v[c]);

/* In this plain order the machine overlaps the four independent G best. */
#define ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15)                \
  G (0, 4, 8, 12, s0, s1)                                                                          \
  G (1, 5, 9, 13, s2, s3)                                                                          \
  G (2, 6, 10, 14, s4, s5)                                                                         \
  G (3, 7, 11, 15, s6, s7)                                                                         \
  G (0, 5, 10, 15, s8, s9)                                                                         \
  G (1, 6, 11, 12, s10, s11)                                                                       \
  G (2, 7, 8, 13, s12, s13)                                                                        \
  G (3, 4, 9, 14, s14, s15)

/* The first n chaining values, in memory order. */
static inline void
FN (store) (const VEC h[8], size_t n, uint8_t *out)
{
#if LANES == 16
  vec_8 half[16];

  for (int i = 0; i < 8; i++) {
    half[i] = SHUFFLE (h[i], h[i], 0, 1, 2, 3, 4, 5, 6, 7);
    half[i + 8] = SHUFFLE (h[i], h[i], 8, 9, 10, 11, 12, 13, 14, 15);
  }
  transpose_8 (half);
  transpose_8 (half + 8);
  memcpy (out, half, n * BLAKE3_OUT_LEN);
#elif LANES == 8
  VEC row[8];

  memcpy (row, h, sizeof row);
  FN (transpose) (row);
  memcpy (out, row, n * BLAKE3_OUT_LEN);
#else
  VEC row[8];

  memcpy (row, h, sizeof row);
  FN (transpose) (row);
  FN (transpose) (row + 4);
  for (size_t i = 0; i < n; i++) {
    memcpy (out + i * BLAKE3_OUT_LEN, &row[i], 16);
    memcpy (out + i * BLAKE3_OUT_LEN + 16, &row[i + 4], 16);
  }
#endif
}

/* With fewer inputs than lanes, the last one fills the rest. */
static void
FN (hash_lanes) (const Blake3Run *run, const uint8_t *input, size_t first, size_t n, uint8_t *out)
{
  static const uint32_t lane[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
  const size_t size = run->blocks * BLAKE3_BLOCK_LEN;
  const uint64_t counter = run->counter + (run->counter_step != 0 ? first : 0);
  const uint8_t *rows[LANES], *row = input + first * size;
  VEC counter_low, counter_high, h[8];
  uint8_t flags = run->flags | run->flags_start;

  for (size_t i = 0; i < LANES; i++) {
    rows[i] = row;
    if (i + 1 < n)
      row += size;
  }

  /* A lane whose low half wrapped carries: the comparison gives -1. */
  counter_low = FN (load) ((const uint8_t *) lane) & FN (splat) (0 - run->counter_step);
  counter_low += FN (splat) ((uint32_t) counter);
  counter_high = FN (splat) ((uint32_t) (counter >> 32)) -
                 (VEC) (counter_low < FN (splat) ((uint32_t) counter));
  for (int i = 0; i < 8; i++)
    h[i] = FN (splat) (run->key[i]);

  for (size_t block = 0; block < run->blocks; block++) {
    VEC m[16], v[16];

    if (block + 1 == run->blocks)
      flags |= run->flags_end;

    /* Four blocks ahead, past the end of the chunks in those that come next. An address may lie
     * behind the input, which a prefetch does not mind. */
    if (run->blocks > 1) {
      uintptr_t ahead = (block + 4) * BLAKE3_BLOCK_LEN;

      if (block + 4 >= run->blocks)
        ahead += (LANES - 1) * size;
      for (int i = 0; i < LANES; i++)
        __builtin_prefetch ((const void *) ((uintptr_t) rows[i] + ahead));
    }

    for (int q = 0; q < 16 / LANES; q++) {
      for (int i = 0; i < LANES; i++)
        m[q * LANES + i] = FN (load) (rows[i] + block * BLAKE3_BLOCK_LEN + (size_t) q * 4 * LANES);
      FN (transpose) (m + q * LANES);
    }

    for (int i = 0; i < 8; i++)
      v[i] = h[i];
    v[8] = FN (splat) (BLAKE3_IV0);
    v[9] = FN (splat) (BLAKE3_IV1);
    v[10] = FN (splat) (BLAKE3_IV2);
    v[11] = FN (splat) (BLAKE3_IV3);
    v[12] = counter_low;
    v[13] = counter_high;
    v[14] = FN (splat) (BLAKE3_BLOCK_LEN);
    v[15] = FN (splat) (flags);

    BLAKE3_ROUNDS (ROUND)

    for (int i = 0; i < 8; i++)
      h[i] = v[i] ^ v[i + 8];
    flags = run->flags;
  }

  FN (store) (h, n, out + first * BLAKE3_OUT_LEN);
}

#undef VEC
#undef FN
#undef SHUFFLE
#undef PAIRS
#undef LO32
#undef HI32
#undef LO64
#undef HI64
#undef LO128
#undef HI128
#undef EVEN128
#undef ODD128
#undef G
#undef ROUND
#undef LANES
