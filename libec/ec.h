/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define EC_INSIDE

#include "base/ec-macros.h"
#include "base/ec-error.h"
#include "media/ec-simulated-tuner.h"
#include "ec-init.h"
#include "ec-version.h"

#undef EC_INSIDE
