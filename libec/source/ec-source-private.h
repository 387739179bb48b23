/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "source/ec-source-core.h"

/*
 * For those who make kinds of sources. A kind is a table of functions that run in the source's own
 * worker thread (see EcSourceBackend); it gets its GObject from ec_stream_source_new(), or, where
 * it has properties of its own to show, from a subclass that calls ec_source_set_backend() before
 * anyone can open it.
 */
struct _EcSourceClass {
  GObjectClass parent_class;
};

void ec_source_set_backend (EcSource *self, const EcSourceBackend *backend, gpointer data);
EcSourceCore *ec_source_get_core (EcSource *self);

/* A source without properties of its own; takes `data`. */
EcSource *ec_stream_source_new (const char *uri, const EcSourceBackend *backend, gpointer data);
