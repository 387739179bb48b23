/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-inbox.h"

/* Takes `item`. */
EcMoqObject *ec_moq_object_new (EcMoqInboxItem *item) G_GNUC_WARN_UNUSED_RESULT;
