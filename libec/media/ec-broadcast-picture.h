/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * The picture of one simulated channel, as 8-bit 4:2:0. Its number and name, a clock that runs
 * with the loop (seconds of the UTC time modulo the loop, and frames), a ball that bounces; all of
 * it periodic with the loop, so that the last frame leads into the first.
 */
typedef struct _EcBroadcastPicture EcBroadcastPicture;

typedef struct {
  guint8 *planes[3]; /* Y, Cb, Cr; owned by whoever made the frame */
  gsize strides[3];  /* bytes */
} EcPictureFrame;

typedef struct {
  const char *number;  /* "5.1" */
  const char *name;    /* "EC NEWS" */
  const char *format;  /* "1920 X 1080 MPEG-2 AC-3" */
  guint width;         /* pixels, even */
  guint height;        /* lines, a multiple of 4 */
  double pixel_aspect; /* a pixel's width over its height */
  double hue;          /* 0–1, of the background */
  double grain;        /* standard deviation of the film grain, luma steps */
  gboolean interlaced; /* top field first */
  guint loop_seconds;
  guint frames_per_second;
} EcPictureSpec;

EcBroadcastPicture *ec_broadcast_picture_new (const EcPictureSpec *spec);
void ec_broadcast_picture_free (EcBroadcastPicture *self);

/* Paints frame `n` (modulo the loop) over all of `frame`. */
void ec_broadcast_picture_paint (EcBroadcastPicture *self, guint n, EcPictureFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EcBroadcastPicture, ec_broadcast_picture_free)
