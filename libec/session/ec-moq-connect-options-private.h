/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ec-moq-connect-options.h"
#include "session/ec-moq-dial.h"

struct _EcMoqConnectOptions {
  GObject parent_instance;
  char *ca_file;
  char **certificate_hashes;
  char **protocols;
  EcIdentity *identity; /* owned, nullable */
  GBytes *token;        /* owned, nullable */
  guint timeout_ms;
  guint idle_timeout_ms;
};

/* `self` nullable. All but certificate_hashes, which is the caller's to free, stays `self`'s. */
gboolean
ec_moq_connect_options_fill (EcMoqConnectOptions *self, EcMoqDialConfig *config, GError **error);
