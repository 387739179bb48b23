/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A relay in a process of its own, an honest publisher, and viewers who must lose nothing whatever goes on beside. */

#define STAGE_MEMORY_MB 64 /* what the relay is told that it may have */

typedef struct _Stage Stage;

Stage *stage_new (const char *ec);
const char *stage_get_address (Stage *self);
const char *stage_get_certificate_hash (Stage *self);
/* Another viewer, who comes while it goes on. Whether it gets in depends on the attack; once it is in, it must lose nothing. */
void stage_add_viewer (Stage *self, const char *scheme, const char *draft);
/* Everybody has all of it, byte by byte; the relay kept its limits and has come to rest. Stops it: it must end well. */
void stage_finish (Stage *self, const char *what);
