/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For tests and benchmarks only: the code paths, and choosing one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The name of the index'th path that this machine can run, the slowest ("portable") first;
 * NULL after the last. */
const char *blake3_path_name (size_t index);

/* Lets all hashers of the process use the named path from now on; NULL: the fastest again.
 * False, and no change, if this machine cannot run it. */
bool blake3_path_choose (const char *name);
