/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <nghttp3/nghttp3.h>

/*
 * What differs between nghttp3 0.8 (Debian 12) and 1.x (Debian 13). Of the library only QPACK (RFC 9204) is
 * used, and of that what has the same shape in both, but for these.
 */

/* 1.x takes names and values that it will not change; before, it only did not change them. */
#if NGHTTP3_VERSION_NUM >= 0x010000
#define EC_NGHTTP3_BYTES(text) ((const uint8_t *) (text))
#else
#define EC_NGHTTP3_BYTES(text) ((uint8_t *) (text))
#endif
