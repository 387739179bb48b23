/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define EC_INSIDE

#include "base/ec-macros.h"
#include "base/ec-error.h"
#include "chunk/ec-chunk.h"
#include "chunk/ec-chunker.h"
#include "chunk/ec-manifest.h"
#include "chunk/ec-stream-id.h"
#include "source/ec-source.h"
#include "ec-init.h"
#include "ec-source-uri.h"
#include "ec-version.h"
#include "seal/ec-identity.h"
#include "ts/ec-inspector.h"

#undef EC_INSIDE
