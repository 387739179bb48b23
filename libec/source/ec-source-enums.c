/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "source/ec-source.h"

G_DEFINE_ENUM_TYPE (EcSourceState,
                    ec_source_state,
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_STATE_IDLE, "idle"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_STATE_OPENING, "opening"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_STATE_STREAMING, "streaming"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_STATE_STALLED, "stalled"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_STATE_RECONNECTING, "reconnecting"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_STATE_ENDED, "ended"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_STATE_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_STATE_CLOSED, "closed"))

G_DEFINE_ENUM_TYPE (EcSourceExtent,
                    ec_source_extent,
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_EXTENT_UNKNOWN, "unknown"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_EXTENT_MUX, "mux"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_EXTENT_PROGRAM, "program"))
