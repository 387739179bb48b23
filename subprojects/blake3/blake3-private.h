/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "blake3.h"

/* Domain separation, table 3 of the paper. */
enum {
  BLAKE3_CHUNK_START = 1 << 0,
  BLAKE3_CHUNK_END = 1 << 1,
  BLAKE3_PARENT = 1 << 2,
  BLAKE3_ROOT = 1 << 3,
  BLAKE3_KEYED_HASH = 1 << 4,
  BLAKE3_DERIVE_KEY_CONTEXT = 1 << 5,
  BLAKE3_DERIVE_KEY_MATERIAL = 1 << 6,
};

#define BLAKE3_BLOCKS_PER_CHUNK (BLAKE3_CHUNK_LEN / BLAKE3_BLOCK_LEN)

/* Initial values, table 1 of the paper. */
#define BLAKE3_IV0 UINT32_C (0x6A09E667)
#define BLAKE3_IV1 UINT32_C (0xBB67AE85)
#define BLAKE3_IV2 UINT32_C (0x3C6EF372)
#define BLAKE3_IV3 UINT32_C (0xA54FF53A)
#define BLAKE3_IV4 UINT32_C (0x510E527F)
#define BLAKE3_IV5 UINT32_C (0x9B05688C)
#define BLAKE3_IV6 UINT32_C (0x1F83D9AB)
#define BLAKE3_IV7 UINT32_C (0x5BE0CD19)

/* Calls ROUND once for each of the seven rounds with the message words in the order in which
 * the round uses them: the permutation of table 2, applied 0 to 6 times. Spelled out so that
 * every index is a constant where it is used. */
#define BLAKE3_ROUNDS(ROUND)                                                                       \
  ROUND (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)                                     \
  ROUND (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)                                     \
  ROUND (3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1)                                     \
  ROUND (10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6)                                     \
  ROUND (12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4)                                     \
  ROUND (9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7)                                     \
  ROUND (11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13)

/* How a run of equally long inputs is hashed: chunks, or parent nodes of one block. */
typedef struct {
  size_t blocks;         /* per input */
  const uint32_t *key;   /* 8 words, the first chaining value of each input */
  uint64_t counter;      /* of the first input */
  uint32_t counter_step; /* 1 for chunks, 0 for parents */
  uint8_t flags;         /* of every block */
  uint8_t flags_start;   /* of the first block too */
  uint8_t flags_end;     /* of the last block too */
} Blake3Run;

typedef struct {
  const char *name;

  /* The compression function; out may be cv, as may its first half. */
  void (*compress) (const uint32_t cv[8],
                    const uint8_t block[BLAKE3_BLOCK_LEN],
                    uint8_t block_len,
                    uint64_t counter,
                    uint8_t flags,
                    uint32_t out[16]);

  /* Hashes n inputs that follow each other in memory into n chaining values of 32 bytes.
   * out may be input if each input is one block. */
  void (*hash_run) (const Blake3Run *run, const uint8_t *input, size_t n, uint8_t *out);
} Blake3Path;

extern const Blake3Path blake3_path_portable;
extern const Blake3Path blake3_path_vector;
extern const Blake3Path blake3_path_sse41;
extern const Blake3Path blake3_path_avx2;
extern const Blake3Path blake3_path_avx512;

const Blake3Path *blake3_path_get (void);

static inline uint32_t
blake3_load32 (const uint8_t *p)
{
  return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static inline void
blake3_store32 (uint8_t *p, uint32_t x)
{
  p[0] = (uint8_t) x;
  p[1] = (uint8_t) (x >> 8);
  p[2] = (uint8_t) (x >> 16);
  p[3] = (uint8_t) (x >> 24);
}
