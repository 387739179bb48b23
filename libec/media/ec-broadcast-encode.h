/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#include "media/ec-broadcast-station.h"

/* One access unit, in coding order. */
typedef struct {
  guint32 size;    /* bytes */
  guint32 display; /* its place in display order; the same as its index for sound */
  guint8 key;      /* 1 if decoding can start here */
} EcAccessUnit;

/* One elementary stream of one loop: access units that follow on each other around its end. */
typedef struct {
  GArray *units;    /* EcAccessUnit */
  GByteArray *data; /* their bytes, one after the other */
} EcElementaryStream;

EcElementaryStream *ec_elementary_stream_new (void);
void ec_elementary_stream_free (EcElementaryStream *self);

/*
 * Encodes one stream of `program` with single-threaded encoders: the same build of
 * libavcodec yields the same bytes every time. Not for EC_STATION_NOISE.
 *
 * done: incremented once a frame (of video) while encoding, for progress; may be NULL
 * Errors: G_IO_ERROR_NOT_SUPPORTED where libavcodec or an encoder of it is missing,
 * G_IO_ERROR_CANCELLED, G_IO_ERROR_FAILED.
 */
EcElementaryStream *ec_broadcast_encode (const EcStationProgram *program,
                                         const EcStationStream *stream,
                                         int *done,
                                         GCancellable *cancellable,
                                         GError **error);

/* The version of the encoders that would be used, for a cache key; 0 where there are none. */
guint ec_broadcast_encode_version (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcElementaryStream, ec_elementary_stream_free)
