/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(EC_INSIDE) && !defined(EC_COMPILATION)
#error "Only <ec.h> can be included directly."
#endif

#include <glib.h>

#ifdef EC_COMPILATION
#define _EC_EXTERN __attribute__ ((visibility ("default"))) extern
#else
#define _EC_EXTERN extern
#endif

#define EC_AVAILABLE_IN_ALL _EC_EXTERN
#define EC_AVAILABLE_IN_1_0 _EC_EXTERN
