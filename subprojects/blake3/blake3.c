/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tree over the chunks, and the interface. */

#include "blake3-private.h"

/* Chaining values that a subtree of more chunks is reduced to on its way up: enough to fill
 * the widest vectors with parents. A power of two. */
#define TREE_WIDTH 16

static const uint32_t iv[8] = {
  BLAKE3_IV0, BLAKE3_IV1, BLAKE3_IV2, BLAKE3_IV3, BLAKE3_IV4, BLAKE3_IV5, BLAKE3_IV6, BLAKE3_IV7,
};

/* A node whose compression is put off until it is known whether it is the root. */
typedef struct {
  uint32_t cv[8];
  uint8_t block[BLAKE3_BLOCK_LEN];
  uint64_t counter;
  uint8_t block_len;
  uint8_t flags;
} Node;

const char *
blake3_version (void)
{
  return BLAKE3_VERSION_STRING;
}

/* --- Chunks --- */

static void
chunk_start (blake3_chunk_state *chunk, const uint32_t key[8], uint64_t counter)
{
  memcpy (chunk->cv, key, sizeof chunk->cv);
  memset (chunk->buf, 0, sizeof chunk->buf);
  chunk->chunk_counter = counter;
  chunk->buf_len = 0;
  chunk->blocks_compressed = 0;
}

static size_t
chunk_len (const blake3_chunk_state *chunk)
{
  return (size_t) chunk->blocks_compressed * BLAKE3_BLOCK_LEN + chunk->buf_len;
}

static uint8_t
chunk_start_flag (const blake3_chunk_state *chunk)
{
  return chunk->blocks_compressed == 0 ? BLAKE3_CHUNK_START : 0;
}

static void
chunk_compress (blake3_chunk_state *chunk, const Blake3Path *path, const uint8_t *block)
{
  uint32_t out[16];

  path->compress (chunk->cv, block, BLAKE3_BLOCK_LEN, chunk->chunk_counter,
                  chunk->flags | chunk_start_flag (chunk), out);
  memcpy (chunk->cv, out, sizeof chunk->cv);
  chunk->blocks_compressed++;
}

/* At most the rest of the chunk. The last block stays in the buffer, full or not, since only
 * what follows tells that it is the last. */
static void
chunk_update (blake3_chunk_state *chunk, const Blake3Path *path, const uint8_t *input, size_t len)
{
  while (len > 0) {
    size_t take;

    if (chunk->buf_len == BLAKE3_BLOCK_LEN) {
      chunk_compress (chunk, path, chunk->buf);
      memset (chunk->buf, 0, sizeof chunk->buf);
      chunk->buf_len = 0;
    }
    if (chunk->buf_len == 0) {
      while (len > BLAKE3_BLOCK_LEN) {
        chunk_compress (chunk, path, input);
        input += BLAKE3_BLOCK_LEN;
        len -= BLAKE3_BLOCK_LEN;
      }
    }
    take = BLAKE3_BLOCK_LEN - (size_t) chunk->buf_len;
    if (take > len)
      take = len;
    memcpy (chunk->buf + chunk->buf_len, input, take);
    chunk->buf_len += (uint8_t) take;
    input += take;
    len -= take;
  }
}

/* --- Nodes --- */

static void
node_from_chunk (Node *node, const blake3_chunk_state *chunk)
{
  memcpy (node->cv, chunk->cv, sizeof node->cv);
  memcpy (node->block, chunk->buf, sizeof node->block);
  node->counter = chunk->chunk_counter;
  node->block_len = chunk->buf_len;
  node->flags = chunk->flags | chunk_start_flag (chunk) | BLAKE3_CHUNK_END;
}

/* Its children's chaining values are yet to be put into the block. */
static void
node_start_parent (Node *node, const blake3_hasher *self)
{
  memcpy (node->cv, self->key, sizeof node->cv);
  node->counter = 0;
  node->block_len = BLAKE3_BLOCK_LEN;
  node->flags = self->chunk.flags | BLAKE3_PARENT;
}

static void
node_cv (const Node *node, const Blake3Path *path, uint8_t cv[BLAKE3_OUT_LEN])
{
  uint32_t out[16];

  path->compress (node->cv, node->block, node->block_len, node->counter, node->flags, out);
  for (int i = 0; i < 8; i++)
    blake3_store32 (cv + 4 * i, out[i]);
}

/* Section 2.6 of the paper: the root's counter counts the blocks of output. */
static void
node_root (const Node *node, const Blake3Path *path, uint64_t seek, uint8_t *out, size_t len)
{
  uint64_t counter = seek / BLAKE3_BLOCK_LEN;
  size_t skip = seek % BLAKE3_BLOCK_LEN;

  while (len > 0) {
    uint32_t words[16];
    uint8_t bytes[BLAKE3_BLOCK_LEN];
    size_t take = sizeof bytes - skip;

    path->compress (node->cv, node->block, node->block_len, counter, node->flags | BLAKE3_ROOT,
                    words);
    for (int i = 0; i < 16; i++)
      blake3_store32 (bytes + 4 * i, words[i]);
    if (take > len)
      take = len;
    memcpy (out, bytes + skip, take);
    out += take;
    len -= take;
    skip = 0;
    counter++;
  }
}

/* --- The stack of finished subtrees --- */

static uint8_t *
stack_at (blake3_hasher *self, size_t i)
{
  return self->cv_stack + i * BLAKE3_OUT_LEN;
}

/* After so many chunks there is one finished subtree for each bit of their number that is set
 * (section 5.1.2 of the paper). The merge is done only when more input is sure to follow, since
 * the topmost parent may be the root. */
static void
stack_merge (blake3_hasher *self, const Blake3Path *path, uint64_t chunks)
{
  size_t keep = 0;

  for (uint64_t bits = chunks; bits != 0; bits &= bits - 1)
    keep++;
  while (self->cv_stack_len > keep) {
    uint8_t *pair = stack_at (self, self->cv_stack_len - (size_t) 2);
    Node parent;

    node_start_parent (&parent, self);
    memcpy (parent.block, pair, BLAKE3_BLOCK_LEN);
    node_cv (&parent, path, pair);
    self->cv_stack_len--;
  }
}

/* The chaining value of a subtree that `chunks` chunks precede. */
static void
stack_push (blake3_hasher *self,
            const Blake3Path *path,
            const uint8_t cv[BLAKE3_OUT_LEN],
            uint64_t chunks)
{
  stack_merge (self, path, chunks);
  memcpy (stack_at (self, self->cv_stack_len), cv, BLAKE3_OUT_LEN);
  self->cv_stack_len++;
}

/* --- Whole subtrees --- */

static void
hash_chunks (const blake3_hasher *self,
             const Blake3Path *path,
             const uint8_t *input,
             size_t chunks,
             uint64_t counter,
             uint8_t *cvs)
{
  Blake3Run run = {
    .blocks = BLAKE3_BLOCKS_PER_CHUNK,
    .key = self->key,
    .counter = counter,
    .counter_step = 1,
    .flags = self->chunk.flags,
    .flags_start = BLAKE3_CHUNK_START,
    .flags_end = BLAKE3_CHUNK_END,
  };

  path->hash_run (&run, input, chunks, cvs);
}

/* In place: 2·n chaining values become n. */
static void
hash_parents (const blake3_hasher *self, const Blake3Path *path, uint8_t *cvs, size_t n)
{
  Blake3Run run = {
    .blocks = 1,
    .key = self->key,
    .flags = self->chunk.flags | BLAKE3_PARENT,
  };

  path->hash_run (&run, cvs, n, cvs);
}

/* A power of two of chunks becomes min (chunks, TREE_WIDTH) chaining values. cvs has room for
 * twice TREE_WIDTH. */
static void
hash_subtree (const blake3_hasher *self,
              const Blake3Path *path,
              const uint8_t *input,
              size_t chunks,
              uint64_t counter,
              uint8_t *cvs)
{
  size_t half = chunks / 2;
  uint8_t right[2 * TREE_WIDTH * BLAKE3_OUT_LEN];

  if (chunks <= 2 * TREE_WIDTH) {
    hash_chunks (self, path, input, chunks, counter, cvs);
    if (chunks > TREE_WIDTH)
      hash_parents (self, path, cvs, TREE_WIDTH);
    return;
  }

  hash_subtree (self, path, input, half, counter, cvs);
  hash_subtree (self, path, input + half * BLAKE3_CHUNK_LEN, half, counter + half, right);
  memcpy (cvs + TREE_WIDTH * BLAKE3_OUT_LEN, right, TREE_WIDTH * BLAKE3_OUT_LEN);
  hash_parents (self, path, cvs, TREE_WIDTH);
}

/* The largest whole subtree that can start at this chunk within len bytes; at least 1 chunk. */
static size_t
subtree_chunks (size_t len, uint64_t counter)
{
  size_t chunks = 1;

  while (chunks <= len / BLAKE3_CHUNK_LEN / 2 && (counter & (2 * (uint64_t) chunks - 1)) == 0)
    chunks *= 2;
  return chunks;
}

/* --- The interface --- */

static void
hasher_start (blake3_hasher *self, const uint32_t key[8], uint8_t flags)
{
  memcpy (self->key, key, sizeof self->key);
  chunk_start (&self->chunk, key, 0);
  self->chunk.flags = flags;
  self->cv_stack_len = 0;
}

static void
hasher_start_bytes (blake3_hasher *self, const uint8_t key[BLAKE3_KEY_LEN], uint8_t flags)
{
  uint32_t words[8];

  for (int i = 0; i < 8; i++)
    words[i] = blake3_load32 (key + 4 * i);
  hasher_start (self, words, flags);
}

void
blake3_hasher_init (blake3_hasher *self)
{
  hasher_start (self, iv, 0);
}

void
blake3_hasher_init_keyed (blake3_hasher *self, const uint8_t key[BLAKE3_KEY_LEN])
{
  hasher_start_bytes (self, key, BLAKE3_KEYED_HASH);
}

void
blake3_hasher_init_derive_key_raw (blake3_hasher *self, const void *context, size_t context_len)
{
  blake3_hasher context_hasher;
  uint8_t context_key[BLAKE3_KEY_LEN];

  hasher_start (&context_hasher, iv, BLAKE3_DERIVE_KEY_CONTEXT);
  blake3_hasher_update (&context_hasher, context, context_len);
  blake3_hasher_finalize (&context_hasher, context_key, sizeof context_key);
  hasher_start_bytes (self, context_key, BLAKE3_DERIVE_KEY_MATERIAL);
}

void
blake3_hasher_init_derive_key (blake3_hasher *self, const char *context)
{
  blake3_hasher_init_derive_key_raw (self, context, strlen (context));
}

/* Takes the chunk that has begun to its end and, if input is left, off to the stack. Returns
 * how much it used. */
static size_t
finish_chunk (blake3_hasher *self, const Blake3Path *path, const uint8_t *input, size_t len)
{
  size_t take = BLAKE3_CHUNK_LEN - chunk_len (&self->chunk);

  if (take > len)
    take = len;
  chunk_update (&self->chunk, path, input, take);
  if (take < len) {
    uint64_t counter = self->chunk.chunk_counter;
    uint8_t cv[BLAKE3_OUT_LEN];
    Node node;

    node_from_chunk (&node, &self->chunk);
    node_cv (&node, path, cv);
    stack_push (self, path, cv, counter);
    chunk_start (&self->chunk, self->key, counter + 1);
  }
  return take;
}

void
blake3_hasher_update (blake3_hasher *self, const void *input, size_t input_len)
{
  const Blake3Path *path = blake3_path_get ();
  const uint8_t *in = input;

  if (input_len == 0)
    return;

  if (chunk_len (&self->chunk) > 0) {
    size_t used = finish_chunk (self, path, in, input_len);

    in += used;
    input_len -= used;
  }

  /* A subtree is pushed as two halves: their parent may be the root. One chunk may be the root
   * as well, so a last one stays in the chunk state. */
  while (input_len > BLAKE3_CHUNK_LEN) {
    uint64_t counter = self->chunk.chunk_counter;
    size_t chunks = subtree_chunks (input_len, counter);
    uint8_t cvs[2 * TREE_WIDTH * BLAKE3_OUT_LEN];

    hash_subtree (self, path, in, chunks, counter, cvs);
    for (size_t n = chunks < TREE_WIDTH ? chunks : TREE_WIDTH; n > 2; n /= 2)
      hash_parents (self, path, cvs, n / 2);
    stack_push (self, path, cvs, counter);
    if (chunks > 1)
      stack_push (self, path, cvs + BLAKE3_OUT_LEN, counter + chunks / 2);

    self->chunk.chunk_counter += chunks;
    in += chunks * BLAKE3_CHUNK_LEN;
    input_len -= chunks * BLAKE3_CHUNK_LEN;
  }

  if (input_len > 0) {
    stack_merge (self, path, self->chunk.chunk_counter);
    chunk_update (&self->chunk, path, in, input_len);
  }
}

void
blake3_hasher_finalize_seek (const blake3_hasher *self, uint64_t seek, uint8_t *out, size_t out_len)
{
  const Blake3Path *path = blake3_path_get ();
  size_t left = self->cv_stack_len;
  Node node;

  if (out_len == 0)
    return;

  /* The rightmost node: the chunk that has begun, else the pair on top of the stack. */
  if (left == 0 || chunk_len (&self->chunk) > 0) {
    node_from_chunk (&node, &self->chunk);
  } else {
    left -= 2;
    node_start_parent (&node, self);
    memcpy (node.block, self->cv_stack + left * BLAKE3_OUT_LEN, BLAKE3_BLOCK_LEN);
  }

  while (left > 0) {
    uint8_t cv[BLAKE3_OUT_LEN];

    left--;
    node_cv (&node, path, cv);
    node_start_parent (&node, self);
    memcpy (node.block, self->cv_stack + left * BLAKE3_OUT_LEN, BLAKE3_OUT_LEN);
    memcpy (node.block + BLAKE3_OUT_LEN, cv, BLAKE3_OUT_LEN);
  }
  node_root (&node, path, seek, out, out_len);
}

void
blake3_hasher_finalize (const blake3_hasher *self, uint8_t *out, size_t out_len)
{
  blake3_hasher_finalize_seek (self, 0, out, out_len);
}

void
blake3_hasher_reset (blake3_hasher *self)
{
  chunk_start (&self->chunk, self->key, 0);
  self->cv_stack_len = 0;
}
