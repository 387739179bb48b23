/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

/*
 * libavcodec, opened when first wanted: it brings some ninety libraries along (22 ms at every
 * start of every program that links it) and only the simulated broadcast needs its encoders.
 * Opened by the soname of the headers we were compiled with, so the layouts agree.
 *
 * Used directly because GStreamer 1.22's avenc_mpeg2video, as packaged, refuses every frame rate
 * ("MPEG-1/2 does not support 1000000000/1 fps"), and mpeg2enc encodes HD at 7 frames a second.
 */
typedef struct {
  unsigned (*version) (void);
  const AVCodec *(*find_encoder_by_name) (const char *name);
  AVCodecContext *(*alloc_context) (const AVCodec *codec);
  void (*free_context) (AVCodecContext **context);
  int (*open) (AVCodecContext *context, const AVCodec *codec, AVDictionary **options);
  int (*send_frame) (AVCodecContext *context, const AVFrame *frame);
  int (*receive_packet) (AVCodecContext *context, AVPacket *packet);
  AVPacket *(*packet_alloc) (void);
  void (*packet_unref) (AVPacket *packet);
  void (*packet_free) (AVPacket **packet);
  AVFrame *(*frame_alloc) (void);
  void (*frame_free) (AVFrame **frame);
  int (*frame_get_buffer) (AVFrame *frame, int align);
  int (*frame_make_writable) (AVFrame *frame);
  int (*opt_set) (void *object, const char *name, const char *value, int flags);
  int (*strerror) (int code, char *text, size_t size);
  void (*log_set_level) (int level);
} EcAvcodec;

/* The loaded library, for the life of the process; NULL with NOT_SUPPORTED where it is missing. */
const EcAvcodec *ec_avcodec_get (GError **error);
