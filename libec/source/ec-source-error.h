/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/*
 * Sets an EC_SOURCE_ERROR that says in a sentence what `cause`, an error of GIO, libsoup or the
 * resolver, means for `who` ("the HDHomeRun at 10.0.0.5"). G_IO_ERROR_CANCELLED stays as it is.
 */
void ec_source_error_from_io (GError **error, const GError *cause, const char *who);
