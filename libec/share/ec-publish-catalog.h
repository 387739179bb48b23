/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ts/ec-ts-program.h"

/*
 * The catalog of a broadcast of chunks (ECP-0007 §4), byte for byte: a function of the chunk's map alone but for
 * `label` (nullable), which only a source-scoped broadcast may have.
 */
char *ec_publish_catalog_text (const EcTsProgram *program,
                               const char *label) G_GNUC_WARN_UNUSED_RESULT;
