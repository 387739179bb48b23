/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-core.h"

/* A session of a core that lives already; its news come in the caller's main context. */
EcMoqSession *ec_moq_session_new_for_core (EcMoqCore *core) G_GNUC_WARN_UNUSED_RESULT;
EcMoqCore *ec_moq_session_get_core (EcMoqSession *self);
