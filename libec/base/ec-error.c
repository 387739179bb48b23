/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-error.h"

G_DEFINE_QUARK (ec - source - error - quark, ec_source_error)
G_DEFINE_QUARK (ec - chunk - error - quark, ec_chunk_error)
G_DEFINE_QUARK (ec - identity - error - quark, ec_identity_error)
