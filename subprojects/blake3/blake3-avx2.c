/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define BLAKE3_PATH blake3_path_avx2
#define BLAKE3_PATH_NAME "avx2"
#define BLAKE3_MAX_LANES 8

#include "blake3-kernel.h"
