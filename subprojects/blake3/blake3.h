/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* BLAKE3, with the names and the calling manner of the common C library of that name, so that
 * either one serves. Written from the specification, "BLAKE3: one function, fast everywhere"
 * (referred to below as the paper). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the common library whose interface this one has. */
#define BLAKE3_VERSION_STRING "1.5.0"

#define BLAKE3_KEY_LEN 32
#define BLAKE3_OUT_LEN 32
#define BLAKE3_BLOCK_LEN 64
#define BLAKE3_CHUNK_LEN 1024
#define BLAKE3_MAX_DEPTH 54

/* The fields of both structures are private. They hold no pointer: a hasher may be copied. */
typedef struct {
  uint32_t cv[8];
  uint64_t chunk_counter;
  uint8_t buf[BLAKE3_BLOCK_LEN];
  uint8_t buf_len;
  uint8_t blocks_compressed;
  uint8_t flags;
} blake3_chunk_state;

typedef struct {
  uint32_t key[8];
  blake3_chunk_state chunk;
  uint8_t cv_stack_len;
  /* One chaining value a level, and one for the lazy merge of the topmost pair. */
  uint8_t cv_stack[(BLAKE3_MAX_DEPTH + 1) * BLAKE3_OUT_LEN];
} blake3_hasher;

const char *blake3_version (void);

void blake3_hasher_init (blake3_hasher *self);
void blake3_hasher_init_keyed (blake3_hasher *self, const uint8_t key[BLAKE3_KEY_LEN]);
void blake3_hasher_init_derive_key (blake3_hasher *self, const char *context);
void
blake3_hasher_init_derive_key_raw (blake3_hasher *self, const void *context, size_t context_len);

void blake3_hasher_update (blake3_hasher *self, const void *input, size_t input_len);

/* Neither changes the hasher: more input may follow, and so may more output. */
void blake3_hasher_finalize (const blake3_hasher *self, uint8_t *out, size_t out_len);
void blake3_hasher_finalize_seek (const blake3_hasher *self,
                                  uint64_t seek,
                                  uint8_t *out,
                                  size_t out_len);

/* Back to the state after init, with the same key or context. */
void blake3_hasher_reset (blake3_hasher *self);

#ifdef __cplusplus
}
#endif
