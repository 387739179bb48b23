/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define EC_INSIDE

#include "base/ec-error.h"
#include "base/ec-macros.h"
#include "chunk/ec-chunk.h"
#include "chunk/ec-chunker.h"
#include "chunk/ec-manifest.h"
#include "chunk/ec-stream-id.h"
#include "media/ec-simulated-tuner.h"
#include "relay/ec-relay.h"
#include "seal/ec-identity.h"
#include "session/ec-moq-announcements.h"
#include "session/ec-moq-connect-options.h"
#include "session/ec-moq-object.h"
#include "session/ec-moq-server.h"
#include "session/ec-moq-session.h"
#include "session/ec-moq-subscription.h"
#include "session/ec-moq-track.h"
#include "share/ec-publisher-relay.h"
#include "share/ec-publisher.h"
#include "share/ec-share-source.h"
#include "source/ec-channel-list.h"
#include "source/ec-channel.h"
#include "source/ec-device-list.h"
#include "source/ec-device.h"
#include "source/ec-source.h"
#include "source/ec-tuner-status.h"
#include "ec-init.h"
#include "ec-source-uri.h"
#include "ec-version.h"
#include "seal/ec-identity.h"
#include "ts/ec-inspector.h"

#undef EC_INSIDE
