/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-feed.h"
#include "session/ec-moq-track.h"

EcMoqFeed *ec_moq_track_get_feed (EcMoqTrack *self);
