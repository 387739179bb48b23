/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "share/ec-publish-relay.h"
#include "share/ec-publisher-relay.h"

/* Takes `relay`, which was not started yet. */
EcPublisherRelay *ec_publisher_relay_new (EcPublishRelay *relay) G_GNUC_WARN_UNUSED_RESULT;
EcPublishRelay *ec_publisher_relay_get_relay (EcPublisherRelay *self);
