/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ec-init.h"

#include "ec-version.h"
#include "session/ec-moq-core.h"

const char ec_moq_implementation[] = "libec/" EC_VERSION_S;

/**
 * ec_get_version:
 *
 * The version of the library that is running.
 *
 * [const@VERSION_S] is the version that the caller was compiled against.
 *
 * Returns: (transfer none): the version, "MAJOR.MINOR.MICRO"
 */
const char *
ec_get_version (void)
{
  return EC_VERSION_S;
}
