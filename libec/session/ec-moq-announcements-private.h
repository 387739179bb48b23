/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-announcements.h"
#include "session/ec-moq-core.h"

/* `prefix` NULL: nothing is asked for, what is announced unasked is listed. */
EcMoqAnnouncements *ec_moq_announcements_new (EcMoqCore *core,
                                              EcMoqtName *prefix,
                                              const char *text) G_GNUC_WARN_UNUSED_RESULT;
