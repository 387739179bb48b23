/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The vectors that every machine of the architecture has, such as SSE2 and Neon. */
#define BLAKE3_PATH blake3_path_vector
#define BLAKE3_PATH_NAME "vector"
#define BLAKE3_MAX_LANES 4

#include "blake3-kernel.h"
