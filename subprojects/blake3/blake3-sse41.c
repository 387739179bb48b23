/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define BLAKE3_PATH blake3_path_sse41
#define BLAKE3_PATH_NAME "sse41"
#define BLAKE3_MAX_LANES 4

#include "blake3-kernel.h"
