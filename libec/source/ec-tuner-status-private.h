/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-hdhr-info.h"
#include "source/ec-tuner-status.h"

/* Empties `info` into it. */
EcTunerStatus *ec_tuner_status_new (EcHdhrTuner *info);
