/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define BLAKE3_PATH blake3_path_avx512
#define BLAKE3_PATH_NAME "avx512"
#define BLAKE3_MAX_LANES 16

#include "blake3-kernel.h"
