/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which code runs on this machine. */

#include <stdatomic.h>

#include "blake3-path.h"
#include "blake3-private.h"

static _Atomic (const Blake3Path *) chosen;

/* The paths that this machine can run, the slowest first; returns how many. */
static size_t
list_paths (const Blake3Path *paths[5])
{
  size_t n = 0;

  paths[n++] = &blake3_path_portable;
#ifdef BLAKE3_HAVE_VECTOR
  paths[n++] = &blake3_path_vector;
#endif
#if defined(BLAKE3_HAVE_SSE41) || defined(BLAKE3_HAVE_AVX2) || defined(BLAKE3_HAVE_AVX512)
  __builtin_cpu_init ();
#endif
#ifdef BLAKE3_HAVE_SSE41
  if (__builtin_cpu_supports ("sse4.1"))
    paths[n++] = &blake3_path_sse41;
#endif
#ifdef BLAKE3_HAVE_AVX2
  if (__builtin_cpu_supports ("avx2"))
    paths[n++] = &blake3_path_avx2;
#endif
#ifdef BLAKE3_HAVE_AVX512
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512vl"))
    paths[n++] = &blake3_path_avx512;
#endif
  return n;
}

/* Threads that race here store the same value. */
const Blake3Path *
blake3_path_get (void)
{
  const Blake3Path *path = atomic_load_explicit (&chosen, memory_order_relaxed);

  if (path == NULL) {
    const Blake3Path *paths[5];
    size_t n = list_paths (paths);

    path = paths[n - 1];
    atomic_store_explicit (&chosen, path, memory_order_relaxed);
  }
  return path;
}

const char *
blake3_path_name (size_t index)
{
  const Blake3Path *paths[5];
  size_t n = list_paths (paths);

  return index < n ? paths[index]->name : NULL;
}

bool
blake3_path_choose (const char *name)
{
  const Blake3Path *paths[5];
  size_t n = list_paths (paths);

  for (size_t i = n; i-- > 0;) {
    if (name == NULL || strcmp (name, paths[i]->name) == 0) {
      atomic_store_explicit (&chosen, paths[i], memory_order_relaxed);
      return true;
    }
  }
  return false;
}
